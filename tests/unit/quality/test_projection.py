"""What the next labels are worth."""

from __future__ import annotations

import numpy as np
import pytest

from hitl_widgets.learn.evaluate import Estimate
from hitl_widgets.quality.projection import LABELS, SPREAD, project


def test_the_interval_covers_a_curve_that_levels_off() -> None:
    rng = np.random.default_rng(0)
    for n in (50, 200):
        held = 0
        for _ in range(300):
            # The true logit is off by as much as the interval says, and the gain by its spread.
            logit = rng.normal()
            said = logit + rng.normal() * 0.3
            value, low, high = (1 / (1 + np.exp(-(said + shift))) for shift in (0, -0.588, 0.588))
            error = 1 / (1 + np.exp(logit))
            left = np.exp(-LABELS * 50 / (n * (n + 50)) + SPREAD * np.log1p(50 / n) * rng.normal())
            made = project(Estimate(value, low, high, 20), n)
            held += made.low <= error * (1 - left) <= made.high
        assert 0.91 <= held / 300 <= 0.99


def test_more_labels_are_worth_more_and_later_ones_less() -> None:
    now = Estimate(0.8, 0.7, 0.88, 30)
    gains = [project(now, n).gain for n in (50, 100, 400)]
    assert gains == sorted(gains, reverse=True)
    assert project(now, 100, 100).gain > project(now, 100, 10).gain > 0
    for n in (50, 100, 400):
        made = project(now, n)
        assert made.low < made.gain < made.high
        assert made.high <= 0.3
    assert project(now, 100, 7).more == 7


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_the_ends_of_the_scale(value) -> None:
    made = project(Estimate(value, max(value - 0.1, 0), min(value + 0.1, 1), 9), 60)
    assert -1 <= made.low <= made.gain <= made.high <= 1
    assert np.isfinite([made.low, made.gain, made.high]).all()


def test_what_is_not_known_is_not_projected() -> None:
    assert project(Estimate(None, None, None, 0), 100) is None
    assert project(Estimate(0.8, 0.7, 0.9, 4), 20) is None
    with pytest.raises(ValueError, match="more=0"):
        project(Estimate(0.8, 0.7, 0.9, 4), 100, 0)
