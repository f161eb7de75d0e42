"""Intervals, promises and alarms keep what they say, in simulations."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hitl_widgets.learn.evaluate import Estimate
from hitl_widgets.quality.drift import drift
from hitl_widgets.quality.groups import by_group
from hitl_widgets.quality.projection import project
from hitl_widgets.quality.sequential import RiseDetector, anytime_interval, audits_needed
from hitl_widgets.quality.stopping import advise, kappa, settled
from hitl_widgets.quality.triage import certain, on_average


def test_the_anytime_interval_holds_while_looking_after_every_answer() -> None:
    rng = np.random.default_rng(0)
    missed = 0
    for p in (0.6, 0.9):
        # Missing means that some interval, at any time, excludes p: the evidence depends on the counts only.
        known: dict[tuple[int, int], bool] = {}
        for _ in range(150):
            right = np.cumsum(rng.random(200) < p)
            for n in range(1, 201):
                k = int(right[n - 1])
                if (k, n) not in known:
                    low, high = anytime_interval(k, n)
                    known[k, n] = low <= p <= high
                if not known[k, n]:
                    missed += 1
                    break
    assert missed / 300 <= 0.05


@pytest.mark.parametrize(("right", "n"), [(0, 0), (0, 5), (5, 5), (3, 5), (90, 100), (999, 1000)])
def test_the_anytime_interval_contains_the_share(right, n) -> None:
    low, high = anytime_interval(right, n)
    assert 0 <= low <= (right / n if n else 0.5) <= high <= 1
    if n:
        wide = anytime_interval(right, n, level=0.99)
        assert wide[0] <= low
        assert wide[1] >= high


def test_audits_needed_without_an_error() -> None:
    assert audits_needed(0.05, 0.95) == 59
    assert audits_needed(0.02, 0.95) == 149


def test_the_detector_finds_a_rise_and_is_quiet_without_one() -> None:
    rng = np.random.default_rng(1)
    delays, false = [], 0
    for _ in range(200):
        steady = RiseDetector(0.1)
        false += steady.see(rng.random(300) < 0.1)
        risen = RiseDetector(0.1)
        risen.see(rng.random(50) < 0.1)
        found = risen.see(rng.random(400) < 0.3)
        assert found
        delays.append(risen.alarm_at - 50)
    assert false / 200 <= 0.05
    assert np.median(delays) <= 60


def test_promised_shares_of_errors_hold() -> None:
    rng = np.random.default_rng(2)
    error, mean, above, chosen = 0.1, [], 0, []
    for _ in range(300):
        confidence = rng.beta(3, 1, 2000)
        wrong = rng.random(2000) > confidence
        audited = rng.choice(2000, 200, replace=False)
        rest = np.setdiff1d(np.arange(2000), audited)
        some = on_average(confidence[rest], confidence[audited], wrong[audited], error).chosen
        mean.append(wrong[rest][some].mean() if some.any() else 0.0)
        sure = certain(confidence[rest], confidence[audited], wrong[audited], error).chosen
        above += sure.any() and wrong[rest][sure].mean() > error
        chosen.append((some.mean(), sure.mean()))
    assert np.mean(mean) <= error + 2 * np.std(mean) / np.sqrt(300)
    assert above / 300 <= 0.1
    assert np.mean([a for a, _ in chosen]) > np.mean([b for _, b in chosen]) > 0.05


def test_too_few_audits_promise_nothing_and_say_how_many_are_needed() -> None:
    confidence, audited, wrong = np.full(100, 0.99), np.full(10, 0.99), np.zeros(10, bool)
    for made in (
        on_average(confidence, audited, wrong, 0.05),
        certain(confidence, audited, wrong, 0.05, certainty=0.95),
    ):
        assert not made.chosen.any()
        assert np.isnan(made.threshold)
    assert certain(confidence, audited, wrong, 0.05, certainty=0.95).needed == 49
    assert on_average(confidence, audited, wrong, 0.05).needed == 9
    none = on_average(confidence, audited[:0], wrong[:0], 0.05)
    assert none.needed == 19


def test_drift_is_found_and_not_invented() -> None:
    rng = np.random.default_rng(3)
    before = rng.normal(size=(400, 20))
    same = [
        drift(rng.normal(size=(400, 20)), rng.normal(size=(200, 20)), random_state=s).p for s in range(40)
    ]
    assert np.mean(np.array(same) <= 0.05) <= 0.15
    shifted = rng.normal(size=(200, 20))
    shifted[:80, :3] += 2
    found = drift(before, shifted)
    assert found.p <= 0.01
    assert found.newness[:80].mean() > found.newness[80:].mean()


def test_predictions_settle() -> None:
    rng = np.random.default_rng(4)
    last = rng.integers(0, 3, 500)

    def off(share: float):
        return np.where(rng.random(500) < share, rng.integers(0, 3, 500), last)

    models = [off(0.5), off(0.3), off(0.1), *(off(0.002) for _ in range(5))]
    assert settled(models) in {6, 7}
    assert settled(models[:4]) is None
    assert kappa(last, last) == 1
    assert kappa(np.zeros(5, int), np.zeros(5, int)) == 1
    assert kappa(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])) == 0


def test_the_advice_is_to_stop_if_nothing_changes_and_little_can_be_gained() -> None:
    little = project(Estimate(0.985, 0.97, 0.995, 40), 150)
    much = project(Estimate(0.8, 0.7, 0.9, 20), 100)
    assert [advise(still, little) for still in (True, False, None)] == ["stop", "unclear", "unclear"]
    assert [advise(still, much) for still in (True, False, None)] == ["unclear", "go on", "unclear"]
    assert [advise(still, None) for still in (True, False, None)] == ["unclear", "go on", "unclear"]


def test_groups_come_with_intervals_and_small_ones_are_withheld() -> None:
    groups = ["a"] * 40 + ["b"] * 20 + ["c"] * 3 + [None] * 2
    right = np.r_[np.ones(30), np.zeros(10), np.ones(20), np.zeros(3), np.ones(2)].astype(bool)
    found = by_group(groups, right)
    assert found.index.tolist() == ["a", "b", "(small groups)"]
    assert found["n"].tolist() == [40, 20, 3]
    assert found.loc["a", "share"] == 0.75
    assert found.loc["b", "low"] < 1 == found.loc["b", "high"]
    assert np.isnan(found.loc["(small groups)", "share"])
    assert len(by_group(pd.Series([None]), np.array([True]))) == 0
