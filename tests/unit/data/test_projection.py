from __future__ import annotations

import threading

import numpy as np
import pytest
from scipy.spatial import procrustes
from sklearn.datasets import make_blobs

from hitl_widgets.background import children
from hitl_widgets.data import projection
from hitl_widgets.data.neighbors import NeighborGraph
from hitl_widgets.data.projection import (
    Cancelled,
    UmapProcess,
    epochs_for,
    in_words,
    normalise_map,
    pca_map,
    umap_available,
)
from hitl_widgets.errors import HitlError

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    "X",
    [
        np.zeros((0, 3)),
        np.ones((1, 3)),
        np.array([[0.0, 1], [2, 3]]),
        np.arange(10.0)[:, None],
        np.ones((20, 4)),
        np.full((20, 4), 1e9),
        np.outer(np.arange(10.0), [1, 2, 3]),
        RNG.normal(size=(30, 5)) * 1e12,
        RNG.normal(size=(25_000, 4)),
    ],
)
def test_pca_map_is_finite_and_repeatable(X: np.ndarray) -> None:
    X = X.astype(np.float32)
    xy = pca_map(X)
    assert xy.shape == (len(X), 2)
    assert xy.dtype == np.float32
    assert np.isfinite(xy).all()
    if len(X) > 1:
        assert np.abs(xy).max() == pytest.approx(1)
        assert len(np.unique(xy, axis=0)) == len(X)
    np.testing.assert_array_equal(xy, pca_map(X))


def test_pca_map_keeps_a_plane() -> None:
    plane = RNG.uniform(-1, 1, (200, 2)) * [1, 0.3]
    X = np.hstack([plane, np.zeros((200, 3))]).astype(np.float32)
    assert procrustes(plane, pca_map(X))[2] < 1e-4


def test_normalise_keeps_the_aspect() -> None:
    xy = RNG.uniform(0, 1, (500, 2)) * [10, 2] + 100
    out = normalise_map(xy)
    assert np.abs(out).max() == pytest.approx(1)
    ratio = np.ptp(out, axis=0) / np.ptp(xy, axis=0)
    assert ratio[0] == pytest.approx(ratio[1], rel=1e-5)


def test_a_few_far_points_do_not_squeeze_the_rest() -> None:
    xy = np.vstack([RNG.uniform(-1, 1, (1000, 2)), [[1e6, 0], [2e6, 0]]])
    out = normalise_map(xy)
    assert np.abs(out).max() == pytest.approx(1)
    assert np.ptp(out[:1000], axis=0).min() > 0.9
    assert out[1001, 0] >= out[1000, 0] > out[:1000, 0].max()


class Sliced:
    """Rows that can only be read in parts, and count the reads."""

    def __init__(self, X: np.ndarray) -> None:
        self._X, self.shape, self.dtype, self.most = X, X.shape, X.dtype, 0

    def __len__(self) -> int:
        return len(self._X)

    def __getitem__(self, at: slice | np.ndarray) -> np.ndarray:
        part = self._X[at]
        self.most = max(self.most, len(part))
        return part


def test_pca_map_reads_in_parts() -> None:
    X = RNG.normal(size=(50_000, 5)).astype(np.float32) * [3, 2, 1, 1, 1] + 7
    X = X.astype(np.float32)
    parts = Sliced(X)
    np.testing.assert_array_equal(pca_map(parts), pca_map(X))
    assert parts.most <= 20_000


def test_more_points_get_fewer_rounds() -> None:
    rounds = [epochs_for(n) for n in (100, 10_000, 90_000, 300_000)]
    assert rounds == sorted(rounds, reverse=True)
    assert 1 < rounds[-1] < rounds[0]


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "about 5 s"), (21, "about 20 s"), (88, "about 90 s"), (200, "about 3 min")]
)
def test_the_time_left_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


def test_the_time_left_is_told_once_it_can_be_known(monkeypatch: pytest.MonkeyPatch) -> None:
    now, said = [100.0], []
    monkeypatch.setattr(projection.time, "monotonic", lambda: now[0])
    tell = projection._with_time_left(lambda words, _: said.append(words))
    for passed, fraction in ((0, 0.0), (0.5, 0.1), (1.5, 0.25), (18, 0.75)):
        now[0] += passed
        tell("drawing the map", fraction)
    tell("starting UMAP", None)
    assert said == [
        "drawing the map",
        "drawing the map",
        "drawing the map, about 5 s",
        "drawing the map, about 5 s",
        "starting UMAP",
    ]


def blobs() -> tuple[np.ndarray, np.ndarray]:
    X, y = make_blobs(120, 10, centers=3, random_state=0)
    return X.astype(np.float32), y


def umap_of(X: np.ndarray, **settings: int) -> UmapProcess:
    return UmapProcess(NeighborGraph.build(X).knn(), pca_map(X), **settings)


def test_umap_runs_in_a_child_and_lies_on_the_first_map() -> None:
    X, y = blobs()
    first = pca_map(X)
    stages: list[tuple[str, float | None]] = []
    xy = umap_of(X, n_epochs=30).run(lambda *stage: stages.append(stage))
    assert xy.shape == (120, 2)
    assert xy.dtype == np.float32
    assert np.abs(xy).max() == pytest.approx(1)
    assert stages[0] == ("starting UMAP", None)
    fractions = [f for words, f in stages if words.startswith("drawing the map") and f is not None]
    assert fractions
    assert fractions == sorted(fractions)
    centres = np.array([xy[y == c].mean(axis=0) for c in range(3)])
    nearest = np.linalg.norm(xy[:, None] - centres, axis=2).argmin(axis=1)
    assert (nearest == y).mean() > 0.95
    mirrored = [np.sum(first * (xy * signs)) for signs in ([1, 1], [-1, 1], [1, -1], [-1, -1])]
    assert int(np.argmax(mirrored)) == 0


def test_frames_come_while_the_map_settles_and_end_in_it() -> None:
    """Consecutive frames are aligned: a point moves little from one frame to the next."""
    frames: list[np.ndarray] = []
    process = umap_of(blobs()[0], n_epochs=2_000)
    process._job._settings = {**process._job._settings, "frame_seconds": 0}
    last = process.run(lambda *_: None, frames.append)
    assert len(frames) >= 2
    for frame in frames:
        assert frame.shape == (120, 2)
        assert frame.dtype == np.float32
        assert np.abs(frame).max() == pytest.approx(1)
    assert np.linalg.norm(frames[-1] - last, axis=1).mean() < 0.2
    assert not np.array_equal(frames[0], last)


def test_the_map_is_drawn_from_the_graph_alone() -> None:
    """With shuffled neighbours, a UMAP that searched its own neighbours would give another map."""
    X, y = blobs()
    indices, distances = NeighborGraph.build(X).knn()
    turn = np.random.default_rng(1).permutation(120)  # row i takes the place of row turn[i]
    back = np.argsort(turn).astype(np.int32)
    first = pca_map(X)
    straight = UmapProcess((indices, distances), first, n_epochs=30).run(lambda *_: None)
    moved = UmapProcess((back[indices[turn]], distances[turn]), first, n_epochs=200).run(lambda *_: None)
    spread = [
        np.mean([xy[labels == c].std(axis=0) for c in range(3)])
        for xy, labels in (
            (straight, y),
            (moved, y[turn]),
            (moved, y),
        )
    ]
    assert spread[0] < 0.2
    assert spread[1] < 0.2
    assert spread[2] > 0.3


@pytest.mark.parametrize(
    "X",
    [
        np.ones((40, 3)),
        np.repeat(np.eye(3), 20, axis=0),
        np.vstack([RNG.normal(size=(30, 3)), np.zeros((60, 3))]),
        RNG.normal(size=(15, 3)),
    ],
    ids=["constant", "three contents", "many copies", "fewest"],
)
def test_umap_of_odd_graphs_is_finite(X: np.ndarray) -> None:
    xy = umap_of(X.astype(np.float32), n_epochs=20).run(lambda *_: None)
    assert xy.shape == (len(X), 2)
    assert np.isfinite(xy).all()
    assert np.abs(xy).max() == pytest.approx(1)


def test_cancel_stops_the_child_and_removes_its_files(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children.tempfile, "tempdir", str(tmp_path))
    process = umap_of(blobs()[0], n_epochs=1_000_000)

    def cancel_soon(stage: str, _: float | None) -> None:
        if stage.startswith("preparing"):
            threading.Thread(target=process.cancel).start()

    with pytest.raises(Cancelled):
        process.run(cancel_soon)
    process.cancel()
    assert not list(tmp_path.iterdir())


def test_cancel_before_the_start() -> None:
    process = umap_of(blobs()[0])
    process.cancel()
    with pytest.raises(Cancelled):
        process.run(lambda *_: None)


def test_a_failing_child_says_why() -> None:
    with pytest.raises(HitlError, match="n_neighbors"):
        umap_of(blobs()[0], n_neighbors=-5).run(lambda *_: None)


def test_an_error_in_the_listener_stops_the_child() -> None:
    process = umap_of(blobs()[0])

    def listen(stage: str, _: float | None) -> None:
        if stage != "starting UMAP":
            raise RuntimeError("view is gone")

    with pytest.raises(RuntimeError, match="view is gone"):
        process.run(listen)
    assert process._job._child is not None
    assert process._job._child.poll() is not None


def test_umap_needs_points() -> None:
    assert umap_available(15)
    assert not umap_available(14)
