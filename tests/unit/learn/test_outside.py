"""Predictions for rows that are not in the pool."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression

from hitl_widgets.data.neighbors import NeighborGraph
from hitl_widgets.errors import HitlError
from hitl_widgets.learn.learner import Landmarks, Refreshable, as_learner
from hitl_widgets.learn.outside import amid, told_outside
from hitl_widgets.loop.asking import ground_of

WINE = load_wine()
X = np.asarray((WINE.data - WINE.data.mean(0)) / WINE.data.std(0), np.float32)
Y = WINE.target.astype(np.int64)
GRAPH = ground_of(X, NeighborGraph.build(X)).affinity
LEARNERS = ["auto", "linear", "graph", LogisticRegression()]


def fitted(learner: Any, graph: Any, X: Any = X, n: int = 40) -> Any:
    live = as_learner(learner).start(X, 3, graph)
    rows = np.random.default_rng(0).permutation(len(X))[:n]
    live.update(rows, Y[rows])
    if isinstance(live, Refreshable) and live.stale:
        live.refresh()
    return live


@pytest.mark.parametrize("graph", [None, GRAPH], ids=["no graph", "graph"])
@pytest.mark.parametrize("learner", LEARNERS, ids=str)
def test_a_row_of_the_pool_is_predicted_as_in_the_pool(learner: Any, graph: Any) -> None:
    live = fitted(learner, graph)
    np.testing.assert_allclose(live.proba_of(X), live.proba(), atol=1e-5)
    if learner != "auto":  # its trees have thresholds at the values of the pool
        # Another machine computes features that differ in the last digits.
        np.testing.assert_allclose(live.proba_of(X * np.float32(1 + 1e-6)), live.proba(), atol=1e-4)


@pytest.mark.parametrize("learner", LEARNERS, ids=str)
def test_new_rows_are_predicted_about_as_well(learner: Any) -> None:
    seen = np.arange(len(X)) % 2 == 0
    graph = ground_of(X[seen], NeighborGraph.build(X[seen])).affinity
    live = as_learner(learner).start(X[seen], 3, graph)
    rows = np.random.default_rng(0).permutation(int(seen.sum()))[:40]
    live.update(rows, Y[seen][rows])
    P = live.proba_of(X[~seen])
    assert P.shape == (int((~seen).sum()), 3)
    assert np.mean(P.argmax(axis=1) == Y[~seen]) > 0.9
    np.testing.assert_allclose(P.sum(axis=1), 1, atol=1e-5)


def test_the_prediction_changes_gradually_with_the_features() -> None:
    live = fitted("auto", GRAPH)
    path = X[0] + np.linspace(0, 1, 200)[:, None].astype(np.float32) * (X[100] - X[0])
    P = live.proba_of(path)
    assert np.abs(np.diff(P, axis=0)).max() < 0.2


@pytest.mark.parametrize("learner", LEARNERS, ids=str)
def test_one_class_is_predicted_too(learner: Any) -> None:
    live = as_learner(learner).start(X, 3, GRAPH)
    live.update(np.array([0, 1]), np.array([0, 0]))
    np.testing.assert_allclose(live.proba_of(X[:3]), live.proba(np.arange(3)), atol=1e-5)


def test_the_weights_of_equal_rows_are_shared() -> None:
    pool = np.vstack([X[:5], X[:1]])
    near, weight = amid(pool, X[:1])
    assert set(near[0][weight[0] > 0].tolist()) == {0, 5}
    assert weight[0].max() == pytest.approx(0.5)


def test_landmarks_predict_by_the_model_on_them() -> None:
    rows = np.arange(0, len(X), 2)
    graph = ground_of(X[rows], NeighborGraph.build(X[rows])).affinity
    nearest = np.zeros((len(X), 1), np.int32)
    nearest[rows, 0] = np.arange(len(rows))
    nearest[1::2, 0] = nearest[0:-1:2, 0]
    share = np.ones((len(X), 1), np.float32)
    made = Landmarks(graph, rows, X[rows], nearest, share, np.zeros(len(X), np.float32))
    live = fitted("auto", made)
    np.testing.assert_allclose(live.proba_of(X[rows]), live.proba(rows), atol=1e-5)


def test_a_learner_without_the_method_is_recognized() -> None:
    class Plain:
        name = "plain"

        def proba(self) -> None: ...

    with pytest.raises(HitlError, match="'plain' predicts only items of the table"):
        told_outside(Plain(), X)
