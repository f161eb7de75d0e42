"""From items to features to a map, in the background, each stage usable at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from hitl_widgets.data.clusters import find_clusters, name_text_clusters, outlines, plain_names
from hitl_widgets.data.features import embed_items, image_features, table_features, text_features
from hitl_widgets.data.items import load_image
from hitl_widgets.data.landmarks import LandmarkGraph
from hitl_widgets.data.neighbors import NeighborGraph
from hitl_widgets.data.pool import Pool
from hitl_widgets.data.projection import Cancelled, UmapProcess, pca_map, umap_available

__all__ = ["Map", "Preparation", "Stage", "build_features"]


MOST_IN_GRAPH = 200_000


@dataclass(frozen=True, slots=True)
class Stage:
    """What is being prepared: words for the person, and the share done where it is known."""

    words: str
    fraction: float | None = None


@dataclass(frozen=True, eq=False)
class Map:
    """Where the items lie.

    Attributes
    ----------
    xy
        float32 of shape (n_items, 2), within [-1, 1].
    clusters
        int16 of shape (n_items,): the group of each item, 0 the largest.
    names
        A name for each group; empty on the preview.
    outlines
        float32 of shape (m, 2) for each group.
    method
        ``pca`` (the preview) or ``umap``.
    """

    xy: npt.NDArray[np.float32]
    clusters: npt.NDArray[np.int16]
    names: tuple[str, ...]
    outlines: tuple[npt.NDArray[np.float32], ...]
    method: Literal["pca", "umap"]


def build_features(pool: Pool, embed: Any = None) -> npt.NDArray[np.float32]:
    """Features of the items by their kind, or by the person's own ``embed``."""
    if embed is not None:
        return embed_items(pool.items, embed)
    if pool.kind == "text":
        return text_features(pool.items)
    if pool.kind == "table":
        return table_features({c: [row[c] for row in pool.items] for c in pool.items[0]})
    return image_features([_readable(item) for item in pool.items])


def _readable(item: Any) -> Any:
    try:
        return load_image(item)
    except Exception:  # noqa: BLE001 - shown as a placeholder; the others go on
        return None


class Preparation:
    """Builds features, a PCA preview of the map, the neighbour graph, and the UMAP of that graph.

    Parameters
    ----------
    on_features, on_map, on_graph, on_stage, on_error
        Called from the background thread; ``on_stage(None)`` when all is done.
    cache
        A folder that keeps neighbour graphs; None for none.
    """

    def __init__(
        self,
        pool: Pool,
        embed: Any,
        random_state: int | None,
        *,
        on_features: Callable[[npt.NDArray[np.float32]], None],
        on_map: Callable[[Map], None],
        on_stage: Callable[[Stage | None], None],
        on_error: Callable[[Exception], None],
        on_graph: Callable[[NeighborGraph | LandmarkGraph], None] = lambda _: None,
        cache: Path | None = None,
    ) -> None:
        self._pool = pool
        self._embed = embed
        self._random_state = random_state
        self._on_features = on_features
        self._on_map = on_map
        self._on_stage = on_stage
        self._on_error = on_error
        self._on_graph = on_graph
        self._cache = cache
        self._umap: UmapProcess | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="hitl-map", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def close(self) -> None:
        """Stop, the child process included."""
        self._closing.set()
        if self._umap is not None:
            self._umap.cancel()

    def _run(self) -> None:
        try:
            X = self._pool.X
            if X is None:
                self._on_stage(Stage(f"reading {len(self._pool):,} items"))
                X = build_features(self._pool, self._embed)
            if self._closing.is_set():
                return
            self._on_features(X)
            self._draw(X)
        except Cancelled:
            pass
        except Exception as error:  # noqa: BLE001 - handed to the session, which shows and raises it
            self._on_error(error)
        finally:
            self._on_stage(None)

    def _draw(self, X: npt.NDArray[np.float32]) -> None:
        self._on_stage(Stage("drawing a first map"))
        preview = pca_map(X)
        self._on_map(self._map(preview, "pca"))
        find = LandmarkGraph if len(X) > MOST_IN_GRAPH else NeighborGraph
        graph = find.build(X, cache=self._cache, on_progress=self._progress, cancelled=self._closing.is_set)
        if self._closing.is_set():
            return
        self._on_graph(graph)
        if isinstance(graph, LandmarkGraph) or not umap_available(len(X)):
            return
        self._umap = UmapProcess(graph.knn(), preview, random_state=self._random_state)
        if self._closing.is_set():  # asked after _umap is set: from here on close() cancels it
            return
        self._on_map(self._map(self._umap.run(self._progress), "umap"))

    def _progress(self, words: str, fraction: float | None) -> None:
        self._on_stage(Stage(words, fraction))

    def _map(self, xy: npt.NDArray[np.float32], method: Literal["pca", "umap"]) -> Map:
        clusters = find_clusters(xy)
        if method == "pca":  # soon replaced: naming takes longer than drawing
            names = [""] * (int(clusters.max()) + 1)
        elif self._pool.kind == "text":
            names = name_text_clusters(self._pool.items, clusters)
        else:
            names = plain_names(clusters)
        return Map(xy, clusters, tuple(names), tuple(outlines(xy, clusters)), method)
