"""The reasons of a learner add up to the logarithm of its odds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from hitl_widgets.data.neighbors import NeighborGraph
from hitl_widgets.learn.learner import Refreshable, as_learner
from hitl_widgets.learn.reasons import Explaining
from hitl_widgets.loop.asking import ground_of

WINE = load_wine()
X = np.asarray((WINE.data - WINE.data.mean(0)) / WINE.data.std(0), np.float32)
Y = WINE.target.astype(np.int64)
GRAPH = ground_of(X, NeighborGraph.build(X)).affinity
LEARNERS = [
    "auto",
    "linear",
    "graph",
    LogisticRegression(),
    RandomForestClassifier(20, random_state=0),
    SVC(),
]


@pytest.mark.parametrize("graph", [None, GRAPH], ids=["no graph", "graph"])
@pytest.mark.parametrize("learner", LEARNERS, ids=str)
def test_the_parts_add_up(learner: Any, graph: Any) -> None:
    live = as_learner(learner).start(X, 3, graph)
    rows = np.random.default_rng(0).permutation(len(X))
    for n in (30, 31, 60):  # one label more without a refresh, as in a session
        live.update(rows[:n], Y[rows[:n]])
        if n != 31 and isinstance(live, Refreshable) and live.stale:
            live.refresh()
        assert isinstance(live, Explaining)
        for row in rows[-12:].tolist():
            P = live.proba(np.array([row]))[0].astype(np.float64)
            first, second = np.argsort(-P)[:2].tolist()
            if P[second] <= 0:
                continue
            told = live.reasons(row, first, second)
            assert told.total(X[row]) == pytest.approx(np.log(P[first] / P[second]), abs=1e-5)


@pytest.mark.parametrize("learner", ["auto", "linear", "graph", LogisticRegression()], ids=str)
def test_one_class_has_reasons_too(learner: Any) -> None:
    live = as_learner(learner).start(X, 3, GRAPH)
    live.update(np.array([0, 1]), np.array([0, 0]))
    P = live.proba(np.array([5]))[0].astype(np.float64)
    told = live.reasons(5, 0, 1)
    assert told.total(X[5]) == pytest.approx(np.log(P[0] / P[1]), abs=1e-5)


def test_labels_nearby_are_named_by_their_share() -> None:
    live = as_learner("graph").start(X, 3, GRAPH)
    rows = np.random.default_rng(0).permutation(len(X))[:40]
    live.update(rows, Y[rows])
    reached = live.reached(np.arange(len(X)))
    for row in range(0, len(X), 25):
        near = live.reasons(row, 0, 1).near
        if not near:
            continue
        assert sum(one.share for one in near) == pytest.approx(1)
        assert [one.share for one in near] == sorted((one.share for one in near), reverse=True)
        assert all(one.row in rows and Y[one.row] == one.code for one in near)
        # The labels nearby are what has spread there, up to where spreading stops.
        F = np.zeros(3)
        np.add.at(F, [one.code for one in near], [one.share for one in near])
        assert np.abs(F - reached[row] / reached[row].sum()).max() < 0.25
