"""Landmarks: a subset of the rows that represents all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from hitl_widgets.background.children import Cancelled
from hitl_widgets.data import landmarks as module
from hitl_widgets.data.landmarks import NEAREST, LandmarkGraph
from hitl_widgets.learn.auto import AutoLearner
from hitl_widgets.learn.graph import GraphLearner
from hitl_widgets.learn.landmarks import OnLandmarks
from hitl_widgets.learn.learner import Landmarks
from hitl_widgets.loop.asking import ground_of


@pytest.fixture
def pool() -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 1_500)
    centres = rng.normal(size=(3, 100)) * 2
    return (centres[y] + rng.normal(size=(1_500, 100))).astype(np.float32), y.astype(np.int16)


@pytest.fixture
def found(pool: tuple[Any, Any], tmp_path: Path) -> LandmarkGraph:
    return LandmarkGraph.build(pool[0], landmarks=300, cache=tmp_path)


def test_a_landmark_is_nearest_to_itself_and_shares_sum_to_one(found: LandmarkGraph) -> None:
    assert found.nearest.shape == (1_500, NEAREST)
    np.testing.assert_array_equal(found.nearest[found.rows, 0], np.arange(300))
    assert (found.distances[found.rows, 0] == 0).all()
    np.testing.assert_allclose(found.share.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(found.share[found.rows, 0], 1)
    assert all(len(set(row)) == NEAREST for row in found.nearest.tolist())
    assert (np.diff(found.distances, axis=1) >= 0).all()


def test_what_was_found_is_kept_on_disk(
    found: LandmarkGraph, pool: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("searched again")

    monkeypatch.setattr(module, "_nearest", refuse)
    again = LandmarkGraph.build(pool[0], landmarks=300, cache=tmp_path)
    np.testing.assert_array_equal(again.nearest, found.nearest)
    np.testing.assert_array_equal(again.rows, found.rows)
    np.testing.assert_array_equal(again.graph.indices, found.graph.indices)
    np.testing.assert_array_equal(again.distances, found.distances)


@pytest.mark.parametrize("damage", ["cut", "rows", "nearest"])
def test_damaged_landmarks_are_sought_again(
    found: LandmarkGraph, pool: tuple[Any, Any], tmp_path: Path, damage: str
) -> None:
    (file,) = tmp_path.glob("landmarks-*")
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:5_000])
    else:
        arrays = dict(np.load(file))
        arrays[damage] = arrays[damage] + 1_400
        np.savez(file, **arrays)
    again = LandmarkGraph.build(pool[0], landmarks=300, cache=tmp_path)
    np.testing.assert_array_equal(again.rows, found.rows)
    np.testing.assert_array_equal(again.nearest, found.nearest)


def test_rows_are_read_in_parts_and_the_search_is_near_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    class Parts:
        def __init__(self, X: Any) -> None:
            self._X, self.shape = X, X.shape

        def __len__(self) -> int:
            return len(self._X)

        def __getitem__(self, at: Any) -> Any:
            assert len(self._X[at]) <= 1_000
            return self._X[at]

    monkeypatch.setattr(module, "_BLOCK", 700)
    X = np.random.default_rng(0).normal(size=(6_000, 8)).astype(np.float32)
    made = LandmarkGraph.build(Parts(X), landmarks=1_000)
    true = NearestNeighbors(n_neighbors=NEAREST).fit(X[made.rows]).kneighbors(X, return_distance=False)
    recall = np.mean([len(set(a) & set(b)) for a, b in zip(true, made.nearest, strict=True)]) / NEAREST
    assert recall > 0.95


def test_cancelled_while_it_looks(pool: tuple[Any, Any]) -> None:
    said: list[str] = []
    with pytest.raises(Cancelled):
        LandmarkGraph.build(
            pool[0],
            landmarks=300,
            on_progress=lambda words, _: said.append(words),
            cancelled=lambda: "finding the nearest landmarks" in said,
        )


@pytest.mark.parametrize("learner", [AutoLearner(), GraphLearner()])
def test_few_labels_tell_rows_that_are_no_landmarks(
    learner: Any, found: LandmarkGraph, pool: tuple[Any, Any]
) -> None:
    X, y = pool
    started = learner.start(X, 3, ground_of(pool[0], found).affinity)
    assert isinstance(started, OnLandmarks)
    rows = np.concatenate([np.flatnonzero(y == c)[:8] for c in range(3)])
    started.update(rows, y[rows])
    P = started.proba()
    others = np.setdiff1d(np.arange(len(X)), np.concatenate([rows, found.rows]))
    np.testing.assert_allclose(P.sum(axis=1), 1, atol=1e-5)
    assert (P[others].argmax(axis=1) == y[others]).mean() > 0.95
    told = learner.start(X, 3, ground_of(X, found).affinity).told
    if isinstance(learner, AutoLearner):
        np.testing.assert_allclose(told(rows, y[rows], others[:50]), P[others[:50]], atol=1e-3)


def test_only_the_rows_returned_change_and_undo_brings_all_back(
    found: LandmarkGraph, pool: tuple[Any, Any]
) -> None:
    X, y = pool
    learner = GraphLearner(tolerance=3e-2).start(X, 3, ground_of(pool[0], found).affinity)
    first, more = found.rows[:30], found.rows[:31]
    learner.update(first, y[first])
    before = learner.proba().copy()
    touched = learner.update(more, y[more])
    changed = np.flatnonzero((learner.proba() != before).any(axis=1))
    assert touched is not None
    assert 0 < len(touched) < len(X)
    assert set(changed) <= set(touched)
    learner.update(first, y[first])
    np.testing.assert_allclose(learner.proba(), before, atol=1e-6)


def test_of_two_labels_at_one_landmark_the_nearer_rows_counts() -> None:
    weights = graph_weights(2)
    shared = Landmarks(
        weights,
        rows=np.array([0, 1]),
        X=np.zeros((2, 1), np.float32),
        nearest=np.array([[0, 1], [1, 0], [0, 1], [0, 1]], np.int32),
        share=np.full((4, 2), 0.5, np.float32),
        distance=np.array([0, 0, 0.2, 0.1], np.float32),
    )
    learner = OnLandmarks(GraphLearner(), np.zeros((4, 1), np.float32), 2, shared)
    far_and_near = learner._at_landmarks(np.array([2, 3]))
    own = learner._at_landmarks(np.array([2, 3, 0]))
    assert [a.tolist() for a in far_and_near] == [[0], [1]]
    assert [a.tolist() for a in own] == [[0], [2]]


def graph_weights(n: int) -> Any:
    from scipy.sparse import csr_array

    return csr_array(np.ones((n, n), np.float32) - np.eye(n, dtype=np.float32))
