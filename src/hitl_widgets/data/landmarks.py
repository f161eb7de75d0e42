"""LandmarkGraph: a graph of some rows that represents a pool of hundreds of thousands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.background.children import Progress
from hitl_widgets.data._cache import Cache, fingerprint, row_keys
from hitl_widgets.data._cells import Cells
from hitl_widgets.data._graph_cache import are_neighbours
from hitl_widgets.data.neighbors import NeighborGraph
from hitl_widgets.data.placing import shares

__all__ = ["LANDMARKS", "LandmarkGraph"]

Matrix = npt.NDArray[np.float32]

LANDMARKS = 100_000
NEAREST = 10
_WIDTH = 64
_FIT_ROWS = 20_000
_BLOCK = 65_536


@dataclass(frozen=True, eq=False)
class LandmarkGraph:
    """Random landmarks, the neighbor graph among them, and the nearest landmarks of every row.

    Attributes
    ----------
    rows
        int64 (m,): the row of each landmark.
    graph
        The neighbor graph of the landmarks.
    nearest
        int32 (n, k): the indices of each row's nearest landmarks, nearest first; a landmark is its own first.
    distances
        float32 (n, k): the distances to them.
    """

    rows: npt.NDArray[np.int64]
    graph: NeighborGraph
    nearest: npt.NDArray[np.int32]
    distances: Matrix

    def __len__(self) -> int:
        return len(self.nearest)

    @cached_property
    def share(self) -> Matrix:
        """float32 (n, k): the weight of each nearest landmark of a row, see `placing.shares`."""
        return shares(self.distances)

    @classmethod
    def build(
        cls,
        X: Any,
        *,
        landmarks: int = LANDMARKS,
        cache: Path | None = None,
        on_progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> LandmarkGraph:
        """Find landmarks and neighbors; this blocks for minutes, so call it from a background thread.

        If X has more than 64 columns, distances use the first 64 principal components.

        Parameters
        ----------
        X
            float32 (n, d), finite, n > landmarks, or an object that returns such rows when sliced or
            indexed. It is read in blocks, never copied.
        landmarks
            Number of landmarks.
        cache
            A folder that caches the results of the two most recently used pools; it need not exist.
        on_progress, cancelled
            As in :meth:`NeighborGraph.build`.

        Raises
        ------
        Cancelled
            If `cancelled` returns True.
        HitlError
            If the child process fails.
        """
        tell, stop = on_progress or (lambda *_: None), cancelled or (lambda: False)
        tell("finding landmarks", None)
        file = None if cache is None else _CachedLandmarks(cache, X, landmarks)
        if file and (found := file.read()):
            return found
        rows = np.sort(np.random.default_rng(0).choice(len(X), landmarks, replace=False))
        narrow = _Narrow(X)
        parts = np.array_split(rows, -(-landmarks // _FIT_ROWS))  # X[rows] would be a tenth of X
        chosen = np.concatenate([narrow(X[part]) for part in parts])
        graph = NeighborGraph.build(chosen, on_progress=tell, cancelled=stop)
        made = cls(rows, graph, *_nearest(X, narrow, rows, chosen, tell, stop))
        if file:
            file.write(made)
        return made


class _Narrow:
    """Projects wider rows to 64 principal components, fitted on at most 20,000 rows."""

    def __init__(self, X: Any) -> None:
        n, d = X.shape
        self._pca = None
        if d > _WIDTH:
            from sklearn.decomposition import PCA

            sample = np.sort(np.random.default_rng(0).choice(n, min(n, _FIT_ROWS), replace=False))
            self._pca = PCA(_WIDTH, random_state=0).fit(np.asarray(X[sample], np.float32))

    def __call__(self, block: npt.NDArray[Any]) -> Matrix:
        block = np.asarray(block, np.float32)
        return block if self._pca is None else np.asarray(self._pca.transform(block), np.float32)


def _nearest(
    X: Any,
    narrow: _Narrow,
    rows: npt.NDArray[np.int64],
    chosen: Matrix,
    on_progress: Progress,
    cancelled: Callable[[], bool],
) -> tuple[npt.NDArray[np.int32], Matrix]:
    """Return the nearest landmarks and distances of all rows; a landmark is its own first."""
    cells, n = Cells(chosen), len(X)
    nearest, distances = np.empty((n, NEAREST), np.int32), np.empty((n, NEAREST), np.float32)
    for low in range(0, n, _BLOCK):
        on_progress("finding the nearest landmarks", low / n)
        part = slice(low, low + _BLOCK)
        nearest[part], distances[part] = cells.nearest(narrow(X[part]), NEAREST, cancelled)
    numbers = np.arange(len(rows), dtype=np.int32)
    missed = nearest[rows, 0] != numbers  # an equal landmark came first
    at = rows[missed]
    nearest[at, 1:], distances[at, 1:] = nearest[at, :-1], distances[at, :-1]
    nearest[rows, 0], distances[rows, 0] = numbers, 0
    return nearest, distances


class _CachedLandmarks:
    """The cached landmarks of one X; failures never raise errors."""

    def __init__(self, folder: Path, X: Any, landmarks: int) -> None:
        self._cache = Cache(folder, "landmarks", keep=2)
        self._name = fingerprint(row_keys(X), X.shape, landmarks, NEAREST)
        self._n, self._landmarks = len(X), landmarks

    def read(self) -> LandmarkGraph | None:
        found, m = self._cache.read(self._name) or {}, self._landmarks
        rows = found.get("rows")
        if (
            rows is None
            or rows.dtype != np.int64
            or rows.shape != (m,)
            or not 0 <= rows.min() <= rows.max() < self._n
            or not are_neighbours(found.get("indices"), found.get("distances"), m, m)
            or not are_neighbours(found.get("nearest"), found.get("far"), self._n, m)
        ):
            return None
        graph = NeighborGraph(found["indices"], found["distances"], "euclidean")
        return LandmarkGraph(rows, graph, found["nearest"], found["far"])

    def write(self, made: LandmarkGraph) -> None:
        self._cache.write(
            self._name,
            rows=made.rows,
            indices=made.graph.indices,
            distances=made.graph.distances,
            nearest=made.nearest,
            far=made.distances,
        )
