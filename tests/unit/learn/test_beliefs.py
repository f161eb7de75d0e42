from __future__ import annotations

import numpy as np
import pytest

from hitl_widgets.learn.beliefs import MultiBelief, RealBelief, medians

P = np.array([[0.9, 0.2], [0.4, 0.5], [0.6, 0.6]], np.float32)


def test_of_several_classes_what_is_likelier_than_not_is_guessed() -> None:
    belief = MultiBelief(P, np.array([True, True, False]))
    assert [belief.guess(i) for i in range(3)] == [(0,), (), None]
    assert belief.counts(3).tolist() == [1, 0, 0]
    assert belief.confidence == pytest.approx([0.9 * 0.8, 0.6 * 0.5, 0])
    assert belief.uncertainty == pytest.approx([1 - 0.72, 0.7, 0])


def test_classes_may_move_come_and_go() -> None:
    belief = MultiBelief(P, np.ones(3, np.bool_))
    moved = belief.under(np.array([2, -1]), 3)
    assert moved.P[:, 2] == pytest.approx(P[:, 0])
    assert (moved.P[:, :2] == 0).all()
    assert pytest.approx(P) == belief.under(np.array([0, 1]), 2).P


def test_a_number_has_a_mean_a_spread_and_a_median_level() -> None:
    levels = np.array([[0.2, 0.5, 0.3], [0, 0, 1], [0.5, 0, 0.5]], np.float32)
    values = np.array([1.0, 2.0, 4.0])
    belief = RealBelief(levels, values, np.ones(3, np.bool_))
    mean, square = levels @ values, levels @ values**2
    assert belief.mean == pytest.approx(mean)
    assert belief.sd == pytest.approx(np.sqrt(square - mean**2), abs=1e-3)
    assert belief.predicted.tolist() == [1, 2, 0]
    assert belief.uncertainty[2] == pytest.approx(1), "half at either end is as unsure as can be"
    assert belief.uncertainty[1] == 0


def test_a_median_is_off_by_least() -> None:
    rng = np.random.default_rng(0)
    levels = rng.dirichlet(np.ones(5), 200)
    error = np.abs(np.arange(5)[:, None] - np.arange(5)) @ levels.T
    assert error[medians(levels), np.arange(200)] == pytest.approx(error.min(axis=0))


def test_another_scale_is_another_question() -> None:
    belief = RealBelief(np.full((2, 3), 1 / 3, np.float32), np.arange(3.0), np.ones(2, np.bool_))
    assert belief.under(np.array([0, 1, 2]), 3) is belief
    assert not belief.under(np.array([0, 1, 2]), 4).known.any()
