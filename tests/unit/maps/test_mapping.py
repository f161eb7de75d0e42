"""Maps in the background: preview, frames and map; caching, growth and regrouping."""

from __future__ import annotations

import subprocess
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import make_blobs

from hitl_widgets.data.landmarks import LandmarkGraph
from hitl_widgets.data.neighbors import NeighborGraph
from hitl_widgets.data.pool import Pool
from hitl_widgets.data.projection import UmapProcess, normalise_map
from hitl_widgets.errors import HitlError, InvalidInput
from hitl_widgets.maps import preparation as mapping
from hitl_widgets.maps.map import draw
from hitl_widgets.maps.preparation import Map, Preparation, Stage, regroup

X, Y = make_blobs(240, 8, centers=4, cluster_std=0.7, random_state=0)
X = X.astype(np.float32)


def pool_of(X: np.ndarray, words: str = "thing") -> Pool:
    return Pool.from_data([f"{words} {i}" for i in range(len(X))], X=X)


class Seen:
    """Runs a preparation to its end and records its messages."""

    def __init__(self, pool: Pool, cache: Path | None = None, embed: Any = None) -> None:
        self.maps: list[Map] = []
        self.stages: list[Stage | None] = []
        self.errors: list[Exception] = []
        self.graphs: list[NeighborGraph | LandmarkGraph] = []
        self.news = threading.Condition()
        self.preparation = Preparation(
            pool,
            embed,
            0,
            on_features=lambda *_, **__: None,
            on_map=self._keep(self.maps),
            on_stage=self._keep(self.stages),
            on_error=self._keep(self.errors),
            on_graph=self._keep(self.graphs),
            cache=cache,
        )
        self.preparation.start()

    def _keep(self, into: list[Any]) -> Any:
        def keep(what: Any) -> None:
            with self.news:
                into.append(what)
                self.news.notify_all()

        return keep

    def until(self, true: Any) -> Seen:
        with self.news:
            assert self.news.wait_for(lambda: true(self), timeout=180)
        return self

    def end(self) -> Seen:
        self.until(lambda seen: None in seen.stages)
        self.preparation.close()
        return self

    @property
    def words(self) -> list[str]:
        return [stage.words for stage in self.stages if stage]


@pytest.fixture
def layouts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A fake UMAP without a child process: two frames and an end; records the number of rows."""
    asked: list[int] = []

    class Layout:
        def __init__(self, knn: Any, init: np.ndarray, **_: Any) -> None:
            self._init = init
            asked.append(len(init))
            assert len(knn[0]) == len(init)

        def run(self, on_progress: Any, on_frame: Any) -> np.ndarray:
            on_progress("drawing the map", 0.5)
            for turn in (1.0, 2.0):
                on_frame(normalise_map(self._init + 0.01 * turn))
            return normalise_map(np.tanh(self._init))

        def cancel(self) -> None:
            pass

    monkeypatch.setattr(mapping, "UmapProcess", Layout)
    return asked


def test_a_preview_then_frames_then_the_map_with_names(layouts: list[int]) -> None:
    seen = Seen(pool_of(X)).end()
    assert [(m.method, m.settled) for m in seen.maps] == [
        ("pca", False),
        ("umap", False),
        ("umap", False),
        ("umap", True),
    ]
    for made in seen.maps:
        assert made.xy.shape == (240, 2)
        assert made.xy.dtype == np.float32
        assert len(made.names) == len(made.outlines) == len(made.medoids) == made.clusters.max() + 1
        assert any(made.names) == made.settled
        assert (made.clusters[made.medoids] == np.arange(len(made.medoids))).all()
    assert not seen.errors
    assert layouts == [240]


def test_the_real_umap_groups_what_belongs_together(tmp_path: Path) -> None:
    seen = Seen(pool_of(X), tmp_path).end()
    assert not seen.errors
    last = seen.maps[-1]
    assert (last.method, last.settled) == ("umap", True)
    centres = np.array([last.xy[c == Y].mean(axis=0) for c in range(4)])
    assert (np.linalg.norm(last.xy[:, None] - centres, axis=2).argmin(axis=1) == Y).mean() > 0.95


def test_the_second_run_shows_the_map_at_once(layouts: list[int], tmp_path: Path) -> None:
    first = Seen(pool_of(X), tmp_path).end().maps[-1]
    (again,) = Seen(pool_of(X), tmp_path).end().maps
    assert (again.method, again.settled) == ("umap", True)
    np.testing.assert_array_equal(again.xy, first.xy)
    assert again.names == first.names
    assert len(layouts) == 1


def test_a_grown_pool_keeps_old_places_exactly(layouts: list[int], tmp_path: Path) -> None:
    first = Seen(pool_of(X[:200]), tmp_path).end().maps[-1]
    turn = np.random.default_rng(0).permutation(240)
    grown = Seen(pool_of(X[turn]), tmp_path).end()
    last, old = grown.maps[-1], turn < 200
    np.testing.assert_array_equal(last.xy[old], first.xy[turn[old]])
    assert np.isfinite(last.xy).all()
    assert len(layouts) == 1
    assert "placing 40 new items" in grown.words
    centres = np.array([first.xy[Y[:200] == c].mean(axis=0) for c in range(4)])
    placed = np.linalg.norm(last.xy[~old][:, None] - centres, axis=2).argmin(axis=1)
    assert (placed == Y[turn[~old]]).mean() > 0.9
    (third,) = Seen(pool_of(X[turn]), tmp_path).end().maps
    np.testing.assert_array_equal(third.xy, last.xy)


def test_texts_are_known_again_though_their_features_change(layouts: list[int], tmp_path: Path) -> None:
    words = ["cat purr milk", "bank loan money", "rain cloud storm"]
    texts = [f"{words[i % 3]} {chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(120)]
    first = Seen(Pool.from_data(texts[:90]), tmp_path).end().maps[-1]
    last = Seen(Pool.from_data(texts), tmp_path).end().maps[-1]
    np.testing.assert_array_equal(last.xy[:90], first.xy)
    assert len(layouts) == 1


def test_another_pool_gets_a_map_of_its_own(layouts: list[int], tmp_path: Path) -> None:
    Seen(pool_of(X), tmp_path).end()
    Seen(pool_of(X + np.float32(1)), tmp_path).end()
    assert len(layouts) == 2


def test_a_cache_that_cannot_be_written_is_said_once(layouts: list[int], tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for _ in range(2):
            seen = Seen(pool_of(X), blocked).end()
            assert seen.maps[-1].settled
            assert not seen.errors
    assert ["could not be cached" in str(one.message) for one in said] == [True]


def test_large_pools_are_mapped_by_their_landmarks(
    layouts: list[int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(mapping, "MOST_IN_GRAPH", 200)
    build = LandmarkGraph.build
    monkeypatch.setattr(LandmarkGraph, "build", lambda *a, **k: build(*a, landmarks=120, **k))
    seen = Seen(pool_of(X), tmp_path).end()
    assert not seen.errors
    assert layouts == [120]
    (graph,) = seen.graphs
    assert isinstance(graph, LandmarkGraph)
    last = seen.maps[-1]
    assert (last.method, last.settled, last.xy.shape) == ("umap", True, (240, 2))
    centres = np.array([last.xy[graph.rows][Y[graph.rows] == c].mean(axis=0) for c in range(4)])
    assert (np.linalg.norm(last.xy[:, None] - centres, axis=2).argmin(axis=1) == Y).mean() > 0.95


def test_close_ends_a_running_umap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapping, "UmapProcess", lambda *a, **k: UmapProcess(*a, **k, n_epochs=10**6))
    seen = Seen(pool_of(X)).until(lambda seen: any(w.startswith("drawing the map") for w in seen.words))
    seen.preparation.close()
    seen.until(lambda seen: None in seen.stages)
    assert not seen.errors
    assert seen.preparation._umap is not None
    assert seen.preparation._umap._job._child.poll() is not None


def test_a_umap_that_fails_leaves_a_preview_with_names(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise HitlError("UMAP failed")

    monkeypatch.setattr(mapping.UmapProcess, "run", fail)
    seen = Seen(pool_of(X)).end()
    assert [str(e) for e in seen.errors] == ["UMAP failed"]
    assert (seen.maps[-1].method, seen.maps[-1].settled) == ("pca", True)
    assert any(seen.maps[-1].names)


WITHOUT = """
import importlib.util, sys
missing, find = ("umap", "numba", "pynndescent"), importlib.util.find_spec
sys.modules.update(dict.fromkeys(missing))
importlib.util.find_spec = lambda name, *a: None if name in missing else find(name, *a)
import numpy as np, threading
from hitl_widgets.data import landmarks, placing
from hitl_widgets.data.pool import Pool
from hitl_widgets.maps import preparation as mapping
X = np.random.default_rng(0).normal(size=(300, 6)).astype("float32")
for most in (200_000, 200):
    mapping.MOST_IN_GRAPH = most
    build = landmarks.LandmarkGraph.build
    mapping.LandmarkGraph.build = lambda *a, **k: build(*a, landmarks=150, **k)
    maps, graphs, stages, errors, done = [], [], [], [], threading.Event()
    tell = lambda stage: stages.append(stage) if stage else done.set()
    made = mapping.Preparation(
        Pool.from_data([f"text {i}" for i in range(300)], X=X), None, 0, on_features=lambda *_, **__: None,
        on_map=maps.append, on_stage=tell, on_error=errors.append, on_graph=graphs.append)
    made.start()
    assert done.wait(60)
    made.close()
    landmarks.LandmarkGraph.build = build
    print(maps[-1].method, maps[-1].settled, len(maps), len(graphs), len(errors), bool(maps[-1].names[0]),
          sum("pip install umap-learn" in s.words for s in stages) > 0)
    place = placing.place(X[:5], X, maps[-1].xy)
    assert (place == maps[-1].xy[:5]).all()
"""


def test_without_umap_or_numba_the_map_is_pca_and_the_rest_works() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.stdout.split("\n")[:2] == ["pca True 1 1 0 True True"] * 2, done.stderr[-2_000:]


# -- groups, finer and coarser -------------------------------------------------------------


def many_groups() -> tuple[Map, Pool]:
    points = make_blobs(2_000, centers=14, cluster_std=0.6, random_state=1)[0]
    pool = pool_of(np.zeros((2_000, 2), np.float32))
    return draw(normalise_map(points), pool, "umap"), pool


def test_regrouping_changes_the_groups_and_nothing_else() -> None:
    made, pool = many_groups()
    counts = []
    for scale in (0.25, 0.5, 1, 2, 4):
        again = regroup(made, pool, scale)
        assert again.scale == scale
        assert again.xy is made.xy
        assert (again.method, again.settled) == (made.method, made.settled)
        assert len(again.names) == len(set(again.names)) == len(again.outlines)
        counts.append(len(again.names))
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[2] > counts[4]


@pytest.mark.parametrize("scale", [0, 0.2, 4.1, float("nan"), "fine", None, True])
def test_other_scales_are_refused(scale: Any) -> None:
    made, pool = many_groups()
    with pytest.raises(InvalidInput, match=r"scale=.*0\.25"):
        regroup(made, pool, scale)


def test_a_preparation_regroups_now_and_later(layouts: list[int]) -> None:
    seen = Seen(pool_of(X)).until(lambda seen: None in seen.stages)
    drawn = len(seen.maps)
    seen.preparation.regroup(0.25)
    seen.until(lambda seen: len(seen.maps) > drawn)
    assert seen.maps[-1].scale == 0.25
    assert seen.maps[-1].xy is seen.maps[drawn - 1].xy
    seen.preparation._show(X[:, :2] / 100, "pca")
    assert seen.maps[-1].scale == 0.25
    seen.preparation.close()


@pytest.mark.parametrize(
    ("columns", "kind", "compares", "named"),
    [
        (("subject", "body"), "list:text", False, True),
        (("subject", "picture"), "several:text,image", False, True),
        (("subject", "body"), "list:text", True, False),  # a pair is where its members differ
        (("picture", "other"), "list:image", False, False),
    ],
)
def test_groups_of_items_with_texts_among_others_are_named_by_words(
    columns: tuple[str, ...], kind: str, compares: bool, named: bool
) -> None:
    rng = np.random.default_rng(0)
    side = np.arange(80) % 2
    texts = [f"{('parcel late', 'password login')[k]} {i}" for i, k in enumerate(side)]
    pictures = [rng.integers(0, 255, (4, 4, 3), np.uint8) for _ in side]
    of = {"subject": texts, "body": texts, "picture": pictures, "other": pictures}
    items = list(zip(*(of[name] for name in columns), strict=True))
    pool = Pool.from_data(items, kind=kind, compares=compares)
    xy = (rng.normal(0, 0.02, (80, 2)) + np.where(side, 0.8, -0.8)[:, None]).astype(np.float32)
    names = set(draw(xy, pool, "pca").names)
    assert names == ({"late, parcel", "login, password"} if named else {"group 1", "group 2"})
