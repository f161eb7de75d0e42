"""NeighborGraph: built once, and used by the map, the learner and the strategies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, cast, get_args

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from hitl_widgets.background.children import Progress
from hitl_widgets.background.turns import give_way
from hitl_widgets.data._graph_cache import CachedGraph
from hitl_widgets.data._neighbor_search import Search
from hitl_widgets.errors import InvalidInput, choices, nearest

__all__ = ["Metric", "NeighborGraph"]

Metric = Literal["euclidean", "cosine"]
Matrix = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int32]

EXACT_ROWS = 50_000  # 27 s for 64 columns on two busy cores; compiling the approximate search takes 60 s
_SOME = 4_096
CACHE_ROWS = 2_000  # a smaller search is faster than the cache


@dataclass(frozen=True, eq=False)
class NeighborGraph:
    """The k nearest neighbors of every row.

    Attributes
    ----------
    indices
        int32 (n, k), read-only: the neighbors of each row, nearest first, excluding itself.
    distances
        float32 (n, k), read-only, >= 0, finite: their distances in the metric.
    metric
        ``euclidean``, or ``cosine``: 1 - cos, 1 between a zero row and any other.

    Notes
    -----
    Among equal rows, only the first takes part in the search. Its k neighbors are different rows, so many
    copies do not form an isolated group. Each further copy lists that first row, at distance 0, and then
    the first row's k - 1 nearest neighbors. Hence ``distances[i, 0] == 0`` means that row i equals the
    earlier row ``indices[i, 0]``, and no other distance is 0.

    k is smaller than requested if there are too few different rows: n - 1 in a small pool of distinct rows,
    1 if all rows are equal, 0 if n < 2.
    """

    indices: Indices
    distances: Matrix
    metric: Metric

    def __post_init__(self) -> None:
        self.indices.setflags(write=False)
        self.distances.setflags(write=False)

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def k(self) -> int:
        """The number of neighbors of each row."""
        return int(self.indices.shape[1])

    @cached_property
    def weights(self) -> csr_array:
        """Symmetric closeness in (0, 1], float32 (n, n), zero diagonal.

        ``exp(-(d_ij / d_ik)^2)``, where d_ik is the distance to the k-th neighbor of i, and the maximum of
        both directions: the self-tuning kernel of Zelnik-Manor and Perona (2004), scaled by one side. A
        further copy of a row is connected only to the first one, with weight 1, so that to the rest of the
        graph a thousand copies are one item.
        """
        n, k = self.indices.shape
        used = np.ones((n, k), bool)
        used[self._copies, 1:] = False
        with np.errstate(invalid="ignore"):  # 0 / 0 where all rows are equal
            w = np.exp(-np.square(self.distances / self.distances[:, -1:]))
        w[self._copies, :1] = 1
        ends = np.concatenate([[0], np.cumsum(used.sum(axis=1))]).astype(np.int32)
        one_way = csr_array((w[used], self.indices[used], ends), shape=(n, n))
        both: csr_array = one_way.maximum(one_way.T.tocsr())
        both.sort_indices()
        return both

    @cached_property
    def degree(self) -> Matrix:
        """float32 (n,): the sum of each row's weights; positive unless n = 1."""
        return np.asarray(self.weights.sum(axis=1), np.float32)

    @cached_property
    def components(self) -> Indices:
        """int32 (n,): the connected component of each row."""
        return cast("Indices", connected_components(self.weights, directed=False)[1].astype(np.int32))

    @property
    def n_components(self) -> int:
        """The number of connected components."""
        return int(self.components.max(initial=-1)) + 1

    def knn(self) -> tuple[Indices, Matrix]:
        """Return indices and distances, (n, k + 1), each row itself first: UMAP's ``precomputed_knn``."""
        own = np.arange(len(self), dtype=np.int32)[:, None]
        zero = np.zeros((len(self), 1), np.float32)
        return np.hstack([own, self.indices]), np.hstack([zero, self.distances])

    @property
    def _copies(self) -> npt.NDArray[np.bool_]:
        return np.asarray((self.distances[:, :1] == 0).any(axis=1), np.bool_)

    @classmethod
    def build(
        cls,
        X: npt.ArrayLike,
        *,
        k: int = 15,
        metric: Metric = "euclidean",
        cache: Path | None = None,
        on_progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
        exact_rows: int = EXACT_ROWS,
    ) -> NeighborGraph:
        """Find the neighbors of all rows; this blocks, so call it from a background thread.

        Parameters
        ----------
        X
            Finite, (n, d); converted to float32.
        k
            Number of neighbors of each row.
        metric
            ``euclidean`` or ``cosine``.
        cache
            A folder that caches graphs of 2,000 rows or more; it need not exist.
        on_progress
            Called in this thread with a text, and the share done if known.
        cancelled
            Called often, from any thread; True stops the search.
        exact_rows
            Up to this number of distinct rows, neighbors are exact. Above, they are found by nearest-neighbor
            descent (Dong, Charikar and Li 2011) in a child process.

        Raises
        ------
        Cancelled
            If `cancelled` returns True.
        InvalidInput
            If `X` is not 2-D, or `k` or `metric` is not valid.
        HitlError
            If the child process fails.
        """
        X = np.asarray(X, np.float32)
        _check(X, k, metric)
        file = CachedGraph(cache, X, k, metric) if cache is not None and len(X) >= CACHE_ROWS else None
        if file and (found := file.read()):
            return cls(*found, metric)
        search = Search(k, exact_rows, on_progress or (lambda *_: None), cancelled or (lambda: False))
        indices, distances = _of_contents(X, metric, search)
        if file:
            file.write(indices, distances)
        return cls(indices, distances, metric)


def _check(X: Matrix, k: int, metric: str) -> None:
    if X.ndim != 2:
        raise InvalidInput(f"X has shape {X.shape}. Expected (n, d): one row per item.")
    if k < 1:
        raise InvalidInput(f"k={k!r} is not a number of neighbors. Expected at least 1; the default is 15.")
    if metric not in get_args(Metric):
        known = get_args(Metric)
        raise InvalidInput(f"Unknown metric={metric!r}. Expected {choices(known)}.{nearest(metric, known)}")


def _of_contents(X: Matrix, metric: Metric, search: Search) -> tuple[Indices, Matrix]:
    n = len(X)
    if n == 0:
        return np.zeros((0, 0), np.int32), np.zeros((0, 0), np.float32)
    rows, unit = _unit_rows(X) if metric == "cosine" else _centred(X)
    first = _first_equal(rows)
    contents = np.flatnonzero(first == np.arange(n))
    copies = np.flatnonzero(first != np.arange(n))
    if len(contents) == 1:
        k = min(n - 1, 1)
        indices = np.zeros((n, k), np.int32)
        indices[:1] = 1
        return indices, np.zeros((n, k), np.float32)
    found, length = search(rows if not len(copies) else rows[contents])
    length = length**2 / 2 if metric == "cosine" else length * unit
    real = np.finfo(np.float32)
    among = np.searchsorted(contents, first)
    indices = contents[found][among].astype(np.int32)
    distances = np.clip(length, real.tiny, real.max).astype(np.float32)[among]
    indices[copies] = np.hstack([first[copies, None], indices[copies, :-1]])
    distances[copies] = np.hstack([np.zeros((len(copies), 1), np.float32), distances[copies, :-1]])
    return indices, distances


def _centred(X: Matrix) -> tuple[Matrix, float]:
    """Center the rows, and scale them by a power of two that keeps squares within float32."""
    exponent = _exponent(X)
    rows = np.ldexp(X, -exponent)
    rows -= rows.mean(axis=0, dtype=np.float64).astype(np.float32)
    return rows + np.float32(0), 2.0**exponent  # + 0 turns -0 into 0, so that equal rows have equal bytes


def _unit_rows(X: Matrix) -> tuple[Matrix, float]:
    """Scale rows to length 1; zero rows get a direction of their own, orthogonal to all others."""
    rows = np.ldexp(X, -_exponent(X))
    length = np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64))[:, None]
    np.divide(rows, length, out=rows, where=length > 0)
    zero = length == 0
    return np.hstack([rows, zero], dtype=np.float32) + np.float32(0) if zero.any() else rows + np.float32(
        0
    ), 1.0


def _exponent(X: Matrix) -> int:
    return int(np.frexp(max(X.max(initial=0), -X.min(initial=0)))[1])


def _first_equal(rows: Matrix) -> npt.NDArray[np.int64]:
    """Return the first equal row for each row; hashes are compared first, then the values."""
    n, d = rows.shape
    odd = _multipliers(d)
    bits, key = np.ascontiguousarray(rows).view(np.uint32), np.empty(n, np.uint64)
    for part in (slice(low, low + _SOME) for low in range(0, n, _SOME)):
        give_way()
        key[part] = (bits[part] * odd).sum(axis=1, dtype=np.uint64)
    _, first, group = np.unique(key, return_index=True, return_inverse=True)
    found = first[group]
    later = np.flatnonzero(found != np.arange(n))
    other = later[(rows[later] != rows[found[later]]).any(axis=1)]
    seen: dict[bytes, int] = {}  # rows whose hashes collide
    found[other] = [seen.setdefault(rows[i].tobytes(), i) for i in other]
    return found


def _multipliers(d: int) -> npt.NDArray[np.uint64]:
    return np.random.default_rng(0).integers(2**63, size=d, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
