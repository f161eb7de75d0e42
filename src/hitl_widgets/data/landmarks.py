"""LandmarkGraph: in pools of hundreds of thousands, a graph of some rows that stands for all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hitl_widgets.data._child import Cancelled, ChildJob, Progress
from hitl_widgets.data._graph_cache import CachedGraph
from hitl_widgets.data._neighbor_search import stopping
from hitl_widgets.data.neighbors import NeighborGraph

__all__ = ["LANDMARKS", "LandmarkGraph"]

LANDMARKS = 100_000
NEAREST = 10
_WIDTH = 64
_FIT_ROWS = 20_000
_BLOCK = 100_000


@dataclass(frozen=True, eq=False)
class LandmarkGraph:
    """Landmarks drawn at random, the neighbour graph among them, and every row's nearest landmarks.

    Attributes
    ----------
    rows
        int64 (m,): the landmarks' rows.
    graph
        Their neighbour graph.
    nearest
        int32 (n, k): each row's nearest landmarks by number, nearest first; a landmark's first is itself.
    distances
        float32 (n, k): how far they are.
    """

    rows: npt.NDArray[np.int64]
    graph: NeighborGraph
    nearest: npt.NDArray[np.int32]
    distances: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.nearest)

    @property
    def share(self) -> npt.NDArray[np.float32]:
        """float32 (n, k): how much each nearest landmark says of a row, ``exp(-(d / d_k)^2)``, sum 1."""
        scale = np.maximum(self.distances[:, -1:], np.finfo(np.float32).tiny)
        w = np.exp(-np.square(self.distances / scale))
        own = self.distances[:, 0] == 0
        w[own, 1:] = 0
        return np.asarray(w / w.sum(axis=1, keepdims=True), np.float32)

    @classmethod
    def build(
        cls,
        X: npt.NDArray[np.float32],
        *,
        landmarks: int = LANDMARKS,
        cache: Path | None = None,
        on_progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> LandmarkGraph:
        """Find landmarks and neighbours; blocks for minutes, so call it from a background thread.

        Distances are those of the first 64 principal components, where X is wider.

        Parameters
        ----------
        X
            float32 (n, d), finite, n > landmarks.
        landmarks
            How many.
        cache, on_progress, cancelled
            As in :meth:`NeighborGraph.build`.

        Raises
        ------
        Cancelled
            `cancelled` said so.
        HitlError
            The child process failed.
        """
        tell, stop = on_progress or (lambda *_: None), cancelled or (lambda: False)
        tell("finding landmarks", None)
        Z = _narrow(X, stop)
        rows = np.sort(np.random.default_rng(0).choice(len(Z), landmarks, replace=False))
        graph = NeighborGraph.build(Z[rows], cache=cache, on_progress=tell, cancelled=stop)
        file = CachedGraph(cache, Z, NEAREST, f"{landmarks} landmarks") if cache is not None else None
        found = file.read() if file else None
        if found is None:
            found = _nearest(Z, rows, tell, stop)
            if file:
                file.write(*found)
        return cls(rows, graph, *found)


def _narrow(X: npt.NDArray[np.float32], cancelled: Callable[[], bool]) -> npt.NDArray[np.float32]:
    n, d = X.shape
    if d <= _WIDTH:
        return X
    from sklearn.decomposition import PCA

    sample = np.sort(np.random.default_rng(0).choice(n, min(n, _FIT_ROWS), replace=False))
    pca = PCA(_WIDTH, random_state=0).fit(X[sample])
    Z = np.empty((n, _WIDTH), np.float32)
    for low in range(0, n, _BLOCK):
        if cancelled():
            raise Cancelled("The search for neighbours was cancelled.")
        Z[low : low + _BLOCK] = pca.transform(X[low : low + _BLOCK])
    return Z


def _nearest(
    Z: npt.NDArray[np.float32],
    rows: npt.NDArray[np.int64],
    on_progress: Progress,
    cancelled: Callable[[], bool],
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    """Nearest landmarks and distances of all rows, a landmark itself first."""
    job = ChildJob(
        "hitl_widgets.data._neighbors_child",
        {"rows": Z[rows], "queries": Z},
        {"n_neighbors": NEAREST + 5, "nearest": NEAREST},
        "The nearest landmarks could not be found, so the model does without neighbours.",
    )
    with stopping(job, cancelled):
        nearest, distances = job.run(on_progress, ["nearest", "far"])
    numbers = np.arange(len(rows), dtype=np.int32)
    missed = nearest[rows, 0] != numbers  # the search is approximate, or another equals it
    at = rows[missed]
    nearest[at, 1:], distances[at, 1:] = nearest[at, :-1], distances[at, :-1]
    nearest[rows, 0], distances[rows, 0] = numbers, 0
    return nearest, distances
