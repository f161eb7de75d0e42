"""New items are placed; old items keep their positions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hitl_widgets.data import _map_cache, placing
from hitl_widgets.data._cache import Cache, fingerprint, row_keys
from hitl_widgets.data._map_cache import CachedMap
from hitl_widgets.data.placing import Rows, amid, place, shares
from hitl_widgets.errors import InvalidInput

RNG = np.random.default_rng(0)


def two_groups(n: int) -> tuple[np.ndarray, np.ndarray]:
    side = np.arange(n) % 2
    X = RNG.normal(size=(n, 6)) + 8 * side[:, None]
    xy = RNG.normal(scale=0.05, size=(n, 2)) + np.where(side[:, None], 0.8, -0.8)
    return X.astype(np.float32), xy.clip(-1, 1).astype(np.float32)


def test_a_new_row_lies_among_its_neighbours() -> None:
    X, xy = two_groups(400)
    found = place(X[300:], X[:300], xy[:300])
    assert found.dtype == np.float32
    assert np.linalg.norm(found - np.where(np.arange(100)[:, None] % 2, 0.8, -0.8), axis=1).max() < 0.2


def test_a_row_that_is_there_gets_its_place() -> None:
    X, xy = two_groups(300)
    np.testing.assert_array_equal(place(X[::3].copy(), X, xy), xy[::3])


def test_blocks_and_order_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    X, xy = two_groups(500)
    whole = place(X[400:], X[:400], xy[:400])
    monkeypatch.setattr(placing, "_BLOCK", 37)
    turn = RNG.permutation(400)
    parts = place(Rows(X, np.arange(400, 500)), Rows(X, turn), xy[turn])
    np.testing.assert_allclose(parts, whole, atol=1e-5)


def test_many_new_rows_are_placed_among_some_old_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placing, "_PAIRS", 5_000)
    X, xy = two_groups(600)
    found = place(X[500:], X[:500], xy[:500])
    assert np.linalg.norm(found - np.where(np.arange(100)[:, None] % 2, 0.8, -0.8), axis=1).max() < 0.2


def test_a_row_between_two_groups_joins_the_one_that_most_say() -> None:
    xy = np.array([[0, 0], [0.02, 0], [0, 0.02], [1, 1], [1, 0.98]], np.float32)
    nearest, share = np.arange(5)[None], np.full((1, 5), 0.2, np.float32)
    assert np.linalg.norm(amid(nearest, share, xy)) < 0.15
    assert np.linalg.norm(amid(nearest, share, xy, steps=0)) > 0.5


def test_shares_sum_to_one_and_fall_with_the_distance() -> None:
    far = np.array([[1, 2, 4], [0, 1, 2], [0, 0, 0], [3, 3, 3]], np.float32)
    share = shares(far)
    np.testing.assert_allclose(share.sum(axis=1), 1, rtol=1e-6)
    assert share[0, 0] > share[0, 1] > share[0, 2] > 0
    np.testing.assert_array_equal(share[1:3], [[1, 0, 0], [1, 0, 0]])


def test_what_does_not_fit_is_said() -> None:
    X, xy = two_groups(20)
    for arguments in ((X[:, :3], X, xy), (X, X[:0], xy[:0]), (X, X, xy[:5])):
        with pytest.raises(InvalidInput, match="do not match"):
            place(*arguments)


# -- the cache on disk ------------------------------------------------------------------


def test_row_keys_tell_rows_apart_and_nothing_else_matters() -> None:
    X = RNG.normal(size=(3_000, 7)).astype(np.float32)
    signs = (2 * RNG.integers(0, 2, (3_000, 40)) - 1).astype(np.float32)
    keys = row_keys(X)
    assert keys.dtype == np.uint64
    assert len(np.unique(keys)) == 3_000
    assert len(np.unique(row_keys(signs))) == len(np.unique(signs, axis=0))
    np.testing.assert_array_equal(row_keys(np.asfortranarray(X)[::-1]), keys[::-1])
    bumped = X.copy()
    bumped[17, 3] = np.nextafter(bumped[17, 3], np.float32(9))
    assert np.flatnonzero(row_keys(bumped) != keys).tolist() == [17]
    assert fingerprint(keys, "a") != fingerprint(keys, "b") != fingerprint(keys[::-1], "b")


def test_a_map_is_read_back_for_the_same_rows_and_settings(tmp_path: Path) -> None:
    X, xy = two_groups(60)
    assert CachedMap(tmp_path, X, "umap", 0).read() is None
    CachedMap(tmp_path, X, "umap", 0).write(xy)
    np.testing.assert_array_equal(CachedMap(tmp_path, X.copy(), "umap", 0).read(), xy)
    assert CachedMap(tmp_path, X, "umap", 1).read() is None
    assert CachedMap(tmp_path, X + np.float32(1), "umap", 0).read() is None


def test_rows_known_from_before_keep_their_places_in_any_order(tmp_path: Path) -> None:
    X, xy = two_groups(100)
    X[7] = X[5]  # equal rows, each with its own position
    CachedMap(tmp_path, X[:80], "umap").write(xy[:80])
    turn = RNG.permutation(100)
    found = CachedMap(tmp_path, X[turn], "umap").read()
    assert found is not None
    known = turn < 80
    assert np.isnan(found[~known]).all()
    equal = np.isin(turn, [5, 7])
    np.testing.assert_array_equal(found[known & ~equal], xy[turn][known & ~equal])
    assert {tuple(p) for p in found[equal].tolist()} == {tuple(p) for p in xy[[5, 7]].tolist()}


def test_a_map_of_few_of_the_rows_is_no_use(tmp_path: Path) -> None:
    X, xy = two_groups(100)
    CachedMap(tmp_path, X[:40], "umap").write(xy[:40])
    assert CachedMap(tmp_path, X, "umap").read() is None


def test_items_are_known_by_their_contents_where_features_change(tmp_path: Path) -> None:
    X, xy = two_groups(50)
    items = np.arange(50, dtype=np.uint64)
    CachedMap(tmp_path, X[:40], "umap", contents=lambda: items[:40]).write(xy[:40])
    found = CachedMap(tmp_path, X + np.float32(1), "umap", contents=lambda: items).read()
    assert found is not None
    np.testing.assert_array_equal(found[:40], xy[:40])


@pytest.mark.parametrize("damage", ["cut", "nan", "shape", "dtype", "missing"])
def test_a_damaged_map_is_drawn_again(tmp_path: Path, damage: str) -> None:
    X, xy = two_groups(60)
    CachedMap(tmp_path, X, "umap").write(xy)
    (file,) = tmp_path.glob("map-*")
    arrays = dict(np.load(file))
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:100])
    else:
        broken = xy.copy()
        broken[3] = np.nan
        arrays["xy"] = {"nan": broken, "shape": xy[:9], "dtype": xy.astype(float), "missing": xy}[damage]
        if damage == "missing":
            del arrays["keys"]
        np.savez(file, **arrays)
    assert CachedMap(tmp_path, X, "umap").read() is None


def test_a_known_map_costs_no_reading_where_nothing_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise AssertionError("read")

    monkeypatch.setattr(_map_cache, "row_keys", refuse)
    Cache(tmp_path, "graph").write("other", a=np.zeros(3))
    assert CachedMap(tmp_path, np.zeros((5, 2), np.float32), "umap").read() is None
