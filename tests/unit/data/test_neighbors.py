from __future__ import annotations

import os
import stat
import warnings
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import make_blobs
from sklearn.neighbors import NearestNeighbors

from hitl_widgets.background.children import Cancelled
from hitl_widgets.data import _graph_cache, neighbors
from hitl_widgets.data.neighbors import NeighborGraph
from hitl_widgets.errors import InvalidInput


def gauss(n: int, d: int = 8, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


def oracle(X: np.ndarray, k: int, metric: str) -> np.ndarray:
    search = NearestNeighbors(n_neighbors=k, metric=metric, algorithm="brute").fit(X.astype(np.float64))
    return search.kneighbors()[0]


def check_sound(graph: NeighborGraph, n: int) -> None:
    """Properties of every graph."""
    own = np.arange(n)[:, None]
    assert (graph.indices.dtype, graph.distances.dtype) == (np.int32, np.float32)
    assert graph.indices.shape == graph.distances.shape
    assert len(graph.indices) == n
    assert (graph.indices != own).all()
    assert ((graph.indices >= 0) & (graph.indices < n)).all()
    assert np.isfinite(graph.distances).all()
    assert (np.diff(graph.distances, axis=1) >= 0).all()
    assert (np.diff(np.sort(graph.indices, axis=1), axis=1) > 0).all()
    W = graph.weights
    assert (W.shape, W.dtype) == ((n, n), np.float32)
    assert (W.data > 0).all()
    assert (W.data <= 1).all()
    assert abs(W - W.T).max() == 0 if W.nnz else True
    assert not W.diagonal().any()
    assert graph.degree.shape == (n,)
    assert n < 2 or (graph.degree > 0).all()
    np.testing.assert_allclose(graph.degree, W.toarray().sum(axis=1), rtol=1e-5)
    assert graph.n_components == len(set(graph.components.tolist()))
    i, j = W.nonzero()
    assert (graph.components[i] == graph.components[j]).all()


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize("offset", [0, 1000])
def test_neighbours_are_those_of_scikit_learn(metric: str, offset: float) -> None:
    X = gauss(600, 20) + np.float32(offset)
    graph = NeighborGraph.build(X, metric=metric)
    check_sound(graph, 600)
    assert graph.k == 15
    # Unit rows have seven digits; around 1000, 1 - cos loses most of them.
    loss = 2e-6 if metric == "cosine" and offset else 0
    np.testing.assert_allclose(graph.distances, oracle(X, 15, metric), rtol=1e-4, atol=loss)
    # The indices match the distances.
    rows = X.astype(np.float64)
    if metric == "euclidean":
        true = np.linalg.norm(rows[:, None] - rows[graph.indices], axis=2)
    else:
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        true = 1 - (rows[:, None] * rows[graph.indices]).sum(axis=2)
    np.testing.assert_allclose(graph.distances, true, rtol=1e-4, atol=loss)


def test_blocks_are_put_together_in_order() -> None:
    X = gauss(9_000, 3)
    said: list[tuple[str, float | None]] = []
    graph = NeighborGraph.build(X, k=4, on_progress=lambda *stage: said.append(stage))
    np.testing.assert_allclose(graph.distances, oracle(X, 4, "euclidean"), rtol=1e-4)
    shares = [share for _, share in said]
    assert {words for words, _ in said} == {"finding neighbours"}
    assert shares[0] == 0
    assert len(shares) > 2
    assert shares == sorted(shares)


def test_near_rows_far_from_the_centre_are_told_apart() -> None:
    tight = gauss(60, 5) * np.float32(1e-2) + np.float32(1e4)
    X = np.vstack([gauss(200, 5), tight]).astype(np.float32)
    graph = NeighborGraph.build(X, k=5)
    np.testing.assert_allclose(graph.distances, oracle(X, 5, "euclidean"), rtol=1e-3)


def test_weights_follow_their_formula() -> None:
    X = gauss(80)
    graph = NeighborGraph.build(X, k=6)
    expected = np.zeros((80, 80))
    for i in range(80):
        for j, d in zip(graph.indices[i], graph.distances[i], strict=True):
            expected[i, j] = np.exp(-((d / graph.distances[i, -1]) ** 2))
    np.testing.assert_allclose(graph.weights.toarray(), np.maximum(expected, expected.T), rtol=1e-5)
    assert graph.weights is graph.weights


def test_separate_clusters_are_components() -> None:
    X, y = make_blobs(90, 4, centers=[[0] * 4, [100] * 4, [-100] * 4], random_state=0)
    graph = NeighborGraph.build(X, k=8)
    assert graph.n_components == 3
    assert len({*zip(graph.components.tolist(), y.tolist(), strict=True)}) == 3


def test_an_isolated_point_hangs_on_its_nearest() -> None:
    X = np.vstack([gauss(50), np.full((1, 8), 1e6)])
    graph = NeighborGraph.build(X, k=5)
    check_sound(graph, 51)
    assert graph.n_components == 1
    assert 50 not in graph.indices[:50]


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_copies_are_one_item_to_the_rest(metric: str) -> None:
    X = gauss(120)
    copies = np.arange(120, 160)
    many = NeighborGraph.build(np.vstack([X, np.tile(X[7], (40, 1))]), metric=metric)
    few = NeighborGraph.build(X, metric=metric)
    check_sound(many, 160)
    np.testing.assert_array_equal(many.indices[:120], few.indices)
    np.testing.assert_array_equal(many.indices[copies, 0], 7)
    np.testing.assert_array_equal(many.indices[copies, 1:], np.tile(few.indices[7, :-1], (40, 1)))
    assert (many.distances[copies, 0] == 0).all()
    assert (many.distances[copies, 1:] > 0).all()
    np.testing.assert_allclose(many.weights[:120, :120].toarray(), few.weights.toarray(), rtol=1e-4)
    for copy in copies:
        assert many.weights[[copy], :].indices.tolist() == [7]
        assert many.weights[copy, 7] == 1
    assert many.n_components == few.n_components == 1


def test_minus_zero_is_zero() -> None:
    X = gauss(30)
    X[3], X[20] = 0.0, -0.0
    for metric in ("euclidean", "cosine"):
        graph = NeighborGraph.build(X, metric=metric)
        assert graph.indices[20, 0] == 3
        assert graph.distances[20, 0] == 0


def test_zero_rows_are_at_cosine_one_from_all_others() -> None:
    X = np.array([[0, 0], [1, 0], [2, 1], [0, 3]], np.float32)
    graph = NeighborGraph.build(X, k=3, metric="cosine")
    check_sound(graph, 4)
    np.testing.assert_allclose(graph.distances[0], 1, rtol=1e-6)
    np.testing.assert_allclose(graph.distances, oracle(X, 3, "cosine"), atol=1e-6)


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize(
    ("X", "k"),
    [
        (np.zeros((0, 3)), 0),
        (np.ones((1, 3)), 0),
        (np.array([[0.0, 1], [2, 3]]), 1),
        (np.ones((2, 3)), 1),
        (np.ones((40, 4)), 1),
        (np.zeros((40, 4)), 1),
        (np.zeros((5, 0)), 1),
        (gauss(9), 8),
        (np.repeat(np.eye(3), 20, axis=0), 2),
    ],
)
def test_tiny_and_constant_pools(X: np.ndarray, k: int, metric: str) -> None:
    graph = NeighborGraph.build(X, metric=metric)
    check_sound(graph, len(X))
    assert graph.k == k
    assert graph.n_components == min(1, len(X))


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize("size", [3e38, 1e25, 1e-30, 1e-42])
def test_huge_and_minute_values(size: float, metric: str) -> None:
    X = (np.random.default_rng(0).integers(-900, 900, (40, 3)) / 900 * size).astype(np.float32)
    graph = NeighborGraph.build(X, k=5, metric=metric)
    check_sound(graph, 40)
    expected = NeighborGraph.build(X.astype(np.float64) / size, k=5, metric=metric)
    assert (graph.indices == expected.indices).mean() > (0.9 if size > 1e-40 else 0.6)


def test_a_constant_feature_changes_nothing() -> None:
    X = gauss(100)
    wider = np.hstack([X, np.full((100, 1), 7.0)])
    np.testing.assert_array_equal(NeighborGraph.build(wider).indices, NeighborGraph.build(X).indices)


def test_knn_has_each_row_first() -> None:
    indices, distances = NeighborGraph.build(gauss(40), k=5).knn()
    assert indices.shape == distances.shape == (40, 6)
    np.testing.assert_array_equal(indices[:, 0], np.arange(40))
    assert not distances[:, 0].any()
    assert (indices.dtype, distances.dtype) == (np.int32, np.float32)


def test_a_graph_cannot_be_changed() -> None:
    graph = NeighborGraph.build(gauss(40))
    with pytest.raises(ValueError, match="read-only"):
        graph.indices[0, 0] = 3
    with pytest.raises(AttributeError):
        graph.metric = "cosine"  # type: ignore[misc]


def test_bad_arguments_are_named() -> None:
    with pytest.raises(InvalidInput, match=r"'cosin'.*Did you mean 'cosine'"):
        NeighborGraph.build(gauss(10), metric="cosin")  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="k=0"):
        NeighborGraph.build(gauss(10), k=0)
    with pytest.raises(InvalidInput, match=r"\(10,\)"):
        NeighborGraph.build(np.ones(10))


def test_the_exact_search_can_be_cancelled() -> None:
    asked: list[float | None] = []
    with pytest.raises(Cancelled):
        NeighborGraph.build(
            gauss(9_000, 2),
            on_progress=lambda _, share: asked.append(share),
            cancelled=lambda: len(asked) > 1,
        )
    assert len(asked) == 2


def test_the_approximate_search_can_be_cancelled() -> None:
    """Also while the child compiles without sending messages: the flag is set after its last message."""
    said: list[str] = []
    with pytest.raises(Cancelled):
        NeighborGraph.build(
            gauss(300),
            exact_rows=100,
            on_progress=lambda words, _: said.append(words),
            cancelled=lambda: "finding neighbours (compiling the search)" in said,
        )


def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: int) -> None:
    """A fake pynndescent for the child, without compiling: exact, but its last rows have too few."""
    (tmp_path / "pynndescent.py").write_text(
        "from sklearn.neighbors import NearestNeighbors\n"
        "class NNDescent:\n"
        "    def __init__(self, rows, n_neighbors, **rest):\n"
        "        assert rest['random_state'] == 0\n"
        "        search = NearestNeighbors(n_neighbors=n_neighbors).fit(rows)\n"
        "        distances, indices = search.kneighbors(rows)\n"
        f"        indices[len(rows) - {lost}:, 2:] = -1\n"
        "        self.neighbor_graph = indices, distances\n"
    )
    monkeypatch.syspath_prepend(tmp_path)


def test_rows_the_approximate_search_left_short_are_searched_exactly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, monkeypatch, lost=20)
    X = np.vstack([gauss(300), gauss(5)])
    said: list[str] = []
    graph = NeighborGraph.build(X, exact_rows=100, on_progress=lambda words, _: said.append(words))
    check_sound(graph, 305)
    np.testing.assert_allclose(graph.distances, NeighborGraph.build(X).distances, rtol=1e-5)
    assert "finding neighbours (compiling the search)" in said  # the child was used


@pytest.mark.skipif(
    os.environ.get("HITL_SLOW") != "1", reason="pynndescent compiles for a minute; HITL_SLOW=1"
)
def test_the_approximate_search_finds_nearly_all() -> None:
    X = make_blobs(25_000, 32, centers=30, cluster_std=3.0, random_state=0)[0]
    near = NeighborGraph.build(X, exact_rows=20_000)
    true = NeighborGraph.build(X, exact_rows=30_000)
    found = [len(np.intersect1d(a, b)) for a, b in zip(near.indices, true.indices, strict=True)]
    assert np.mean(found) / 15 >= 0.95
    check = near.indices[:50]
    lengths = np.linalg.norm(X[:50, None] - X[check], axis=2)
    np.testing.assert_allclose(near.distances[:50], lengths, rtol=1e-3)


# -- the cache --------------------------------------------------------------------


@pytest.fixture
def small_cached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbors, "CACHE_ROWS", 50)


def no_search(*_: object) -> None:
    raise AssertionError("searched again")


@pytest.mark.usefixtures("small_cached")
def test_a_graph_is_read_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    X, folder = gauss(60), tmp_path / "new" / "cache"
    built = NeighborGraph.build(X, cache=folder, metric="cosine")
    (file,) = folder.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    monkeypatch.setattr(neighbors, "Search", no_search)
    again = NeighborGraph.build(X.copy(order="F"), cache=folder, metric="cosine")
    np.testing.assert_array_equal(again.indices, built.indices)
    np.testing.assert_array_equal(again.distances, built.distances)
    assert again.metric == "cosine"
    for other in (
        {"X": X, "metric": "euclidean"},
        {"X": X, "metric": "cosine", "k": 14},
        {"X": X + np.float32(1e-6), "metric": "cosine"},
        {"X": X.reshape(120, 4), "metric": "cosine"},
    ):
        with pytest.raises(AssertionError, match="searched again"):
            NeighborGraph.build(other.pop("X"), cache=folder, **other)


@pytest.mark.usefixtures("small_cached")
@pytest.mark.parametrize("damage", ["empty", "cut", "bit", "text", "pickle", "shape", "range", "nan"])
def test_a_damaged_file_is_built_again(tmp_path: Path, damage: str) -> None:
    X = gauss(60)
    built = NeighborGraph.build(X, cache=tmp_path)
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    middle = len(whole) // 2
    arrays = {"indices": built.indices.copy(), "distances": built.distances.copy()}
    if damage == "shape":
        arrays["indices"] = arrays["indices"][:-1]
    elif damage == "range":
        arrays["indices"][3, 3] = 60
    elif damage == "nan":
        arrays["distances"][3, 3] = np.nan
    elif damage == "pickle":
        arrays["indices"] = arrays["indices"].astype(object)
    texts = {
        "empty": b"",
        "cut": whole[:middle],
        "bit": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
        "text": b"graph",
    }
    if damage in texts:
        file.write_bytes(texts[damage])
    else:
        np.savez(file, **arrays)
    again = NeighborGraph.build(X, cache=tmp_path)
    np.testing.assert_array_equal(again.indices, built.indices)
    np.testing.assert_array_equal(again.distances, built.distances)
    with np.load(file, allow_pickle=False) as mended:
        np.testing.assert_array_equal(mended["indices"], built.indices)


@pytest.mark.usefixtures("small_cached")
def test_a_folder_that_cannot_be_written_is_said_once(tmp_path: Path) -> None:
    X, blocked = gauss(60), tmp_path / "file"
    blocked.write_text("in the way")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for _ in range(2):
            check_sound(NeighborGraph.build(X, cache=blocked), 60)
    assert len(said) == 1
    assert "computed again each time" in str(said[0].message)


@pytest.mark.usefixtures("small_cached")
def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(file: object, **_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_graph_cache.np, "savez", full)
    with pytest.warns(UserWarning, match="No space left"):
        check_sound(NeighborGraph.build(gauss(60), cache=tmp_path), 60)
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("small_cached")
def test_the_files_used_last_are_kept(tmp_path: Path) -> None:
    (tmp_path / "mine.npz").write_text("not a graph")
    for seed in range(10):
        NeighborGraph.build(gauss(60, seed=seed), cache=tmp_path)
        for age, file in enumerate(sorted(tmp_path.glob("graph-*"), key=os.path.getmtime, reverse=True)):
            os.utime(file, (1e9 + seed * 100 - age,) * 2)
        NeighborGraph.build(gauss(60, seed=0), cache=tmp_path)  # used each time, so it is kept
        if seed == 0:
            (first,) = tmp_path.glob("graph-*")
    assert len(list(tmp_path.glob("graph-*"))) == 8
    assert first.exists()
    assert (tmp_path / "mine.npz").exists()


def test_small_pools_leave_the_disk_alone(tmp_path: Path) -> None:
    NeighborGraph.build(gauss(neighbors.CACHE_ROWS - 1, 2), cache=tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("collide", [False, True])
def test_equal_rows_are_found_whatever_their_hashes(monkeypatch: pytest.MonkeyPatch, collide: bool) -> None:
    rows = np.random.default_rng(0).integers(0, 2, (300, 7)).astype(np.float32)
    if collide:
        monkeypatch.setattr(neighbors, "_multipliers", lambda d: np.zeros(d, np.uint64))
    first = [next(j for j in range(len(rows)) if (rows[j] == row).all()) for row in rows]
    np.testing.assert_array_equal(neighbors._first_equal(rows), first)
