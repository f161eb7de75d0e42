"""Active testing covers the true accuracy with fewer audits."""

from __future__ import annotations

import numpy as np
import pytest

from hitl_widgets.learn.calibration import AUDITED, chances_right
from hitl_widgets.quality.sequential import wilson
from hitl_widgets.quality.testing import active_estimate, audit_chances


@pytest.mark.parametrize(("right", "n"), [(20, 30), (48, 50), (50, 50), (3, 60)])
def test_it_is_wilsons_interval_if_nothing_is_known(right, n) -> None:
    expected = np.full(1000, 0.5)
    value, low, high = active_estimate(expected, audit_chances(expected), np.arange(n), np.arange(n) < right)
    assert value == pytest.approx(right / n)
    np.testing.assert_allclose([low, high], wilson(right, n), atol=0.015)


@pytest.mark.parametrize("shift", [0.0, -0.7, 0.7])
def test_it_covers_and_is_narrower_also_if_the_model_is_too_sure(shift) -> None:
    rng = np.random.default_rng(0)
    held, width, plain, off = 0, [], [], []
    for _ in range(200):
        logit = rng.choice([-0.3, 1.0, 5.0], 2000, p=[0.1, 0.1, 0.8])
        right = rng.random(2000) < 1 / (1 + np.exp(-logit))
        expected = 1 / (1 + np.exp(-logit - shift))
        chances = audit_chances(expected)
        drawn = rng.choice(2000, 60, p=chances)
        value, low, high = active_estimate(expected, chances, drawn, right[drawn])
        held += low <= right.mean() <= high
        width.append(high - low)
        off.append(value - right.mean())
        plain.append(np.subtract(*wilson(int(right[rng.choice(2000, 60)].sum()), 60)[::-1]))
    assert 0.92 <= held / 200 <= 0.99
    assert abs(np.mean(off)) < 0.01
    assert np.mean(width) < 0.85 * np.mean(plain)


def test_no_item_is_left_out_of_the_draw() -> None:
    chances = audit_chances(np.r_[np.ones(500), np.zeros(500), np.full(10, 0.5)])
    assert chances.sum() == pytest.approx(1)
    assert chances.min() > 0.25 / 1010
    assert chances[-1] == chances.max()


def test_the_expected_accuracy_follows_the_labels() -> None:
    rng = np.random.default_rng(1)
    sure = rng.uniform(0.5, 0.99, 400)
    right = rng.random(400) < 0.5 + (sure - 0.5) / 2  # half as sure as it should be
    kind, weight = np.full(400, AUDITED), np.ones(400)
    found = chances_right(sure, right, kind, weight, np.array([0.5, 0.9, 0.99]))
    assert (np.diff(found) > 0).all()
    assert 0.6 < found[1] < 0.8
