"""Labels given too fast, and runs of one class."""

from __future__ import annotations

import numpy as np

from hitl_widgets.quality.pace import hasty, long_runs


def test_labels_given_far_faster_than_usual_are_found() -> None:
    rng = np.random.default_rng(0)
    usual = rng.lognormal(np.log(4), 0.3, 200)
    usual[[20, 90]] = 0.3
    usual[[5, 6]] = np.nan
    assert np.flatnonzero(hasty(usual)).tolist() == [20, 90]


def test_a_fast_person_is_compared_with_themselves() -> None:
    rng = np.random.default_rng(0)
    assert not hasty(rng.lognormal(np.log(0.4), 0.3, 200)).any()
    assert not hasty([0.1, 5.0, 6.0]).any(), "too few to know what is usual"
    # Somebody whose times vary by a factor of ten is not hasty at the lower end.
    assert sum(hasty(rng.lognormal(np.log(4), 1.2, 300)).sum() for _ in range(20)) <= 3


def test_a_run_that_the_shares_do_not_explain_is_found() -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, 200)
    codes[60:75] = 2
    [(start, end)] = long_runs(codes)
    assert start <= 60
    assert end >= 75
    assert long_runs([]) == []


def test_runs_of_the_frequent_class_are_expected() -> None:
    rng = np.random.default_rng(0)
    found = sum(len(long_runs((rng.random(300) < 0.03).astype(int))) for _ in range(100))
    assert found <= 3  # of 100 people, each with about 10 rare labels among 300


def test_independent_labels_rarely_have_a_long_run() -> None:
    rng = np.random.default_rng(0)
    found = sum(len(long_runs(rng.integers(0, 3, 300))) > 0 for _ in range(300))
    assert found <= 9
