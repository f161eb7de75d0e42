"""Experts besides the learner: they join its pool with weights that the labels prove."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from hitl_widgets.data.neighbors import NeighborGraph
from hitl_widgets.learn.evaluate import Given, Rest, tell
from hitl_widgets.learn.experts import advised
from hitl_widgets.learn.learner import Refreshable, as_learner, leaves_out
from hitl_widgets.learn.reasons import Explaining

DIGITS = load_digits()
ROWS = np.random.default_rng(0).permutation(len(DIGITS.target))[:400]
X, Y = (DIGITS.data[ROWS] / 16).astype(np.float32), DIGITS.target[ROWS].astype(np.int64)
GRAPH = NeighborGraph.build(X).weights
ORDER = np.random.default_rng(1).permutation(len(X))
RNG = np.random.default_rng(2)
# A column that is right for four of five items, and one that says nothing.
GOOD = np.where(RNG.random(len(Y)) < 0.8, Y, RNG.integers(0, 10, len(Y)))
NOISE = RNG.integers(0, 10, len(Y))


@dataclass
class Column:
    """A column of codes; how often it is right is counted on the labels."""

    values: Any
    name: str = "column"

    def fit(self, index: Any, y: Any, weight: Any = None) -> Counted:
        return Counted(self.values, index, self.values[index] == y)


@dataclass
class Counted:
    values: Any
    index: Any
    right: Any

    def of(self, rows: Any, right: Any) -> Any:
        P = np.repeat(((1 - right) / 9)[:, None], 10, axis=1)
        P[np.arange(len(rows)), self.values[rows]] = right
        return P

    def left_out(self, among: Any) -> Any:
        n, hits = len(self.right), self.right.sum()
        return self.of(self.index[among], (hits - self.right[among] + 0.5) / n)

    def proba(self, rows: Any = None) -> Any:
        rows = np.arange(len(self.values)) if rows is None else rows
        return self.of(rows, np.full(len(rows), (self.right.sum() + 0.5) / (len(self.right) + 1)))


LEARNERS = ["auto", "linear", "graph", LogisticRegression(), RandomForestClassifier(10, random_state=0)]
on = pytest.mark.parametrize("learner", LEARNERS, ids=str)
graphs = pytest.mark.parametrize("graph", [None, GRAPH], ids=["no graph", "graph"])


def taught(learner: Any, n: int, experts: Any, graph: Any = None) -> Any:
    live = as_learner(learner).start(X, 10, graph)
    if experts is not None:
        live = advised(live, experts, X, 10, graph)
    live.update(ORDER[:n], Y[ORDER[:n]])
    if isinstance(live, Refreshable) and live.stale:
        live.refresh()
    return live


def right(live: Any, n: int) -> float:
    rest = ORDER[n:]
    return float((live.proba(rest).argmax(axis=1) == Y[rest]).mean())


@on
@graphs
def test_a_good_expert_helps_and_a_useless_one_costs_nothing(learner: Any, graph: Any) -> None:
    alone = right(taught(learner, 60, (), graph), 60)
    assert right(taught(learner, 60, (Column(GOOD),), graph), 60) > alone
    assert right(taught(learner, 60, (Column(NOISE),), graph), 60) > alone - 0.01
    assert right(taught(learner, 60, (Column(NOISE), Column(GOOD)), graph), 60) > alone


@on
@graphs
def test_without_experts_nothing_changes(learner: Any, graph: Any) -> None:
    plain = taught(learner, 60, None, graph)
    np.testing.assert_array_equal(taught(learner, 60, (), graph).proba(), plain.proba())
    # Experts can be withdrawn.
    live = taught(learner, 60, (Column(GOOD),), graph)
    live.advise(())
    live.update(ORDER[:60], Y[ORDER[:60]])
    if live.stale:
        live.refresh()
    assert not live.stale
    np.testing.assert_allclose(live.proba(), plain.proba(), atol=0.01)


@on
@graphs
def test_some_rows_are_the_same_rows_of_all(learner: Any, graph: Any) -> None:
    live = taught(learner, 40, (Column(GOOD),), graph)
    some = ORDER[[3, 200, 7]]
    np.testing.assert_allclose(live.proba(some), live.proba()[some], atol=1e-6)
    np.testing.assert_allclose(live.proba().sum(axis=1), 1, atol=1e-5)


@on
@graphs
def test_the_parts_add_up_beside_experts(learner: Any, graph: Any) -> None:
    live = taught(learner, 40, (Column(GOOD, "rules"), Column(NOISE), Column(GOOD[::-1], "rules")), graph)
    assert isinstance(live, Explaining)
    seen = set()
    for row in ORDER[-20:].tolist():
        P = live.proba(np.array([row]))[0].astype(np.float64)
        first, second = np.argsort(-P)[:2].tolist()
        told = live.reasons(row, first, second)
        seen |= told.experts.keys()
        assert told.total(X[row]) == pytest.approx(np.log(P[first] / P[second]), abs=1e-4)
        if told.odds is not None:
            whole = told.odds(X[[row]])[0] + sum(told.experts.values())
            assert whole == pytest.approx(told.total(X[row]), abs=1e-4)
    assert "rules" in seen


class Parrot(Column):
    """Repeats the labels that it has seen, and says so only of rows that are left out."""

    def fit(self, index: Any, y: Any, weight: Any = None) -> Any:
        values = self.values.copy()
        values[index] = y
        honest, proud = super().fit(index, y), Counted(values, index, np.ones(len(y), np.bool_))
        return Told(honest.left_out, proud.proba)


@dataclass
class Told:
    left_out: Any
    proba: Any


@pytest.mark.parametrize("learner", ["auto", "graph", LogisticRegression()], ids=str)
def test_evaluation_leaves_each_label_out(learner: Any) -> None:
    given = Given(ORDER[:60], Y[ORDER[:60]], np.zeros(60, np.bool_), np.arange(60))
    rest, found = Rest.of(np.where(np.isin(np.arange(len(X)), given.index), 0, -1)), {}
    for name, experts in {"none": (), "good": (Column(GOOD),), "parrot": (Parrot(NOISE),)}.items():
        live = advised(as_learner(learner).start(X, 10, GRAPH), experts, X, 10, GRAPH)
        assert leaves_out(live) or not experts
        told = tell(live, given, rest, 60)
        assert told is not None
        found[name] = float((told.answers.P.argmax(axis=1) == told.answers.y).mean())
    assert found["good"] > found["none"] - 0.02
    assert found["parrot"] < found["none"] + 0.04


@pytest.mark.parametrize("graph", [None, GRAPH], ids=["no graph", "graph"])
def test_the_weight_of_experts_is_said(graph: Any) -> None:
    live = taught("auto", 40, (Column(GOOD, "rules"),), graph)
    assert live.trust.experts > 0.1
    assert "rules" in live.trust.short
    assert "rules" in live.trust.evidence
    assert taught("auto", 40, (), graph).trust.experts == 0


@graphs
def test_one_class_alone_hears_no_experts(graph: Any) -> None:
    live = as_learner("auto").start(X, 10, graph)
    live.advise((Column(GOOD),))
    live.update(np.array([0, 1]), np.array([3, 3]))
    assert (live.proba().argmax(axis=1) == 3).all()
