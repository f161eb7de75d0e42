from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from helpers import clouds
from hitl_widgets.learn.evaluate import (
    MIN_AUDITED,
    N_FOLDS,
    Estimate,
    audit_estimate,
    checkpoints,
    learning_curve,
    wilson,
)
from hitl_widgets.learn.linear import LinearLearner


class Memory:
    """Knows every label it has seen by heart, guesses the first class elsewhere; and keeps a diary."""

    name = "memory"

    def __init__(self) -> None:
        self.diary: list[tuple[set[int], set[int]]] = []

    def start(self, X: Any, n_classes: int, affinity: Any = None) -> Memory:
        fresh = Memory()
        fresh.shape = (len(X), n_classes)
        return fresh

    shape: tuple[int, int]

    def update(self, index: Any, y: Any, weight: Any = None) -> None:
        self.known = dict(zip(index.tolist(), y.tolist(), strict=True))

    def proba(self, index: Any = None) -> Any:
        rows = range(self.shape[0]) if index is None else index.tolist()
        self.diary.append((set(self.known), set(rows)))
        return np.eye(self.shape[1])[[self.known.get(i, 0) for i in rows]]


def labelled(n: int, share: float = 0.5, seed: int = 0) -> tuple[Any, Any, Any]:
    """Rows in a random order, random codes of 0 and 1, and which are audited."""
    rng = np.random.default_rng(seed)
    return rng.permutation(n), rng.integers(0, 2, n), rng.random(n) < share


@given(st.integers(MIN_AUDITED, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_is_wilsons(pair: tuple[int, int]) -> None:
    right, n = pair
    z, share = 1.959963984540054, right / n
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    found, oracle = wilson(right, n), binomtest(right, n).proportion_ci(method="wilson")
    assert (found.value, found.n) == (share, n)
    assert found.low == pytest.approx(max(centre - half, 0), abs=1e-9) == pytest.approx(oracle.low)
    assert found.high == pytest.approx(min(centre + half, 1), abs=1e-9) == pytest.approx(oracle.high)


@pytest.mark.parametrize("n", [0, 1, MIN_AUDITED - 1])
def test_an_estimate_of_few_says_that_it_cannot_say(n: int) -> None:
    found = wilson(n, n)
    assert found == Estimate(None, None, None, n)
    assert str(found) == f"too few to say ({n} audited, 15 needed)"


def test_an_estimate_says_its_value_interval_and_number() -> None:
    assert str(wilson(18, 20)) == "0.90 (0.70-0.97, 20 audited)"


def test_no_fold_is_scored_by_a_model_that_has_seen_it() -> None:
    index, y, audited = labelled(60)
    learner = Memory().start(np.zeros((60, 1)), 2)
    audit_estimate(learner, index, y, audited)
    assert len(learner.diary) == N_FOLDS
    scored: list[int] = []
    for known, rows in learner.diary:
        assert not known & rows
        assert known | rows == set(range(60))  # everything else was there to learn from
        scored += rows
    assert sorted(scored) == sorted(index[audited])  # each audited item once


def test_a_learner_that_knows_its_labels_by_heart_scores_no_better_than_its_guess() -> None:
    index, y, audited = labelled(400)
    learner = Memory().start(np.zeros((400, 1)), 2)
    found = audit_estimate(learner, index, y, audited)
    assert found.value == pytest.approx((y[audited] == 0).mean())
    assert found.n == audited.sum()


def test_labels_that_were_not_drawn_at_random_never_score() -> None:
    X, names = clouds(100)
    truth = (names == "b").astype(int)
    index, audited = np.arange(100), np.arange(100) % 3 == 0
    wrong = np.where(audited, truth, 1 - truth)
    learner = LinearLearner().start(X, 2)
    assert audit_estimate(learner, index, truth, audited).value == 1.0
    low = audit_estimate(learner, index, wrong, audited).value
    assert low is not None
    assert low < 0.1


def test_the_estimate_is_near_the_accuracy_on_everything_else() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(4000, 5)).astype(np.float32)
    truth = (X[:, 0] + rng.normal(size=4000) > 0).astype(int)
    index, audited = np.arange(600), np.arange(600) % 2 == 0
    learner = LinearLearner().start(X, 2)
    found = audit_estimate(learner, index, truth[:600], audited)
    learner.update(index, truth[:600])
    real = (learner.proba(np.arange(600, 4000)).argmax(axis=1) == truth[600:]).mean()
    assert found.low is not None
    assert found.high is not None
    assert found.low < real < found.high


def test_without_audited_items_there_is_no_estimate() -> None:
    index, y, _ = labelled(30)
    learner = Memory().start(np.zeros((30, 1)), 2)
    assert audit_estimate(learner, index, y, np.zeros(30, bool)) == Estimate(None, None, None, 0)
    assert learning_curve(learner, index, y, np.zeros(30, bool), [10, 30]) == []


def test_an_estimate_that_is_overtaken_stops() -> None:
    index, y, audited = labelled(60)
    learner = Memory().start(np.zeros((60, 1)), 2)
    assert audit_estimate(learner, index, y, audited, overtaken=lambda: True).n == 0
    assert learning_curve(learner, index, y, audited, [60], overtaken=lambda: True) == []
    assert learner.diary == []


@given(st.integers(1, 30_000))
def test_checkpoints_rise_and_end_with_the_labels_of_now(n: int) -> None:
    found = checkpoints(n)
    assert found[-1] == n
    assert found == sorted(set(found))
    assert len(found) <= 12


def test_every_point_of_the_curve_is_scored_on_the_same_items_and_learns_from_the_first_labels() -> None:
    index, y, audited = labelled(80)
    learner = Memory().start(np.zeros((80, 1)), 2)
    curve = learning_curve(learner, index, y, audited, [5, 20, 80])
    assert [p.n_labels for p in curve] == [5, 20, 80]
    assert {p.estimate.n for p in curve} == {int(audited.sum())}
    for step, visits in zip([5, 20, 80], np.array_split(np.arange(15), 3), strict=True):
        for known, rows in (learner.diary[i] for i in visits):
            assert known <= set(index[:step].tolist())
            assert not known & rows


def test_the_curve_ends_where_the_estimate_is_and_rises_where_there_is_something_to_learn() -> None:
    X, names = clouds(200)
    truth = (names == "b").astype(int)
    index, _, audited = labelled(200)
    learner = LinearLearner().start(X, 2)
    curve = learning_curve(learner, index, truth[index], audited, [1, 50, 200])
    assert curve[-1].estimate.value == audit_estimate(learner, index, truth[index], audited).value == 1.0
    assert curve[0].estimate.value is not None
    assert curve[0].estimate.value < 0.8
