"""Positions on a map for new rows; existing rows do not move."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput

__all__ = ["Rows", "amid", "place", "shares"]

Matrix = npt.NDArray[np.float32]

_BLOCK = 65_536
_GATHERED = 4_096
_PAIRS = 1_000_000_000  # about 20 s for 384 columns on two cores


def place(X_new: Any, X_old: Any, xy_old: Matrix, k: int = 15) -> Matrix:
    """Place new rows among their k nearest old rows, which do not move.

    Neighbors are exact up to 10^9 pairs of rows. Above, they are searched in a random sample of old rows.

    Parameters
    ----------
    X_new, X_old
        float32 (m, d) and (n, d), or objects whose slices are such blocks; finite.
    xy_old
        float32 (n, 2): the positions of the old rows.
    k
        Number of neighbors of a new row; all old rows if there are fewer.

    Returns
    -------
    float32 (m, 2): see `amid`. A row that equals an old one gets the same position.

    Raises
    ------
    InvalidInput
        If there is no old row, the widths differ, or `xy_old` does not match the old rows.
    """
    m, n = len(X_new), len(X_old)
    if not n or X_new.shape[1] != X_old.shape[1] or xy_old.shape != (n, 2):
        raise InvalidInput(
            f"X_new {X_new.shape}, X_old {X_old.shape} and xy_old {xy_old.shape} do not match: expected "
            "(m, d), (n, d) and (n, 2) with n >= 1. Pass one position for each old row."
        )
    most = max(k, _PAIRS // max(m, 1))
    among = np.arange(n) if n <= most else np.sort(np.random.default_rng(0).choice(n, most, replace=False))
    xy = np.empty((m, 2), np.float32)
    for low in range(0, m, _BLOCK):
        near, far = _nearest(np.asarray(X_new[low : low + _BLOCK], np.float32), Rows(X_old, among), min(k, n))
        xy[low : low + _BLOCK] = amid(near, shares(far), xy_old[among])
    return xy


class Rows:
    """Some rows of a matrix, in a given order, read on demand."""

    def __init__(self, X: Any, rows: npt.NDArray[np.int64]) -> None:
        self._X, self._rows = X, rows
        self.shape = (len(rows), X.shape[1])

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, at: slice | npt.NDArray[np.int64]) -> Matrix:
        return np.asarray(self._X[self._rows[at]], np.float32)


def shares(distances: Matrix) -> Matrix:
    """Return the weight of each neighbor: ``exp(-(d / d_k)^2)``, scaled to a sum of 1.

    Parameters
    ----------
    distances
        float32 (n, k), nearest first. If the first distance is 0, that neighbor gets all the weight.

    Returns
    -------
    float32 (n, k).
    """
    w = distances / np.maximum(distances[:, -1:], np.finfo(np.float32).tiny)
    np.square(w, out=w)
    np.exp(np.negative(w, out=w), out=w)
    w[distances[:, 0] == 0, 1:] = 0
    w /= w.sum(axis=1, keepdims=True)
    return np.asarray(w, np.float32)


def amid(nearest: npt.NDArray[Any], share: Matrix, xy: Matrix, *, steps: int = 5) -> Matrix:
    """Return the weighted geometric median of each row's neighbors on the map.

    A mean would lie between two groups; the median lies in the group with the larger weight (Weiszfeld's
    algorithm, 1937, started at the mean).

    Parameters
    ----------
    nearest
        int (n, k): rows of `xy`.
    share
        float32 (n, k).
    xy
        float32 (m, 2).
    steps
        Number of iterations; 0 for the mean.

    Returns
    -------
    float32 (n, 2), within the extent of `xy`.
    """
    out = np.empty((len(nearest), 2), np.float32)
    for low in range(0, len(nearest), _BLOCK):  # in parts: indexing holds the GIL
        part = slice(low, low + _BLOCK)
        at, weight = xy[nearest[part]], share[part]
        middle = np.einsum("ij,ijc->ic", weight, at)
        for _ in range(steps):
            away = np.maximum(np.linalg.norm(at - middle[:, None], axis=2), 1e-4)
            pull = weight / away
            middle = np.einsum("ij,ijc->ic", pull, at) / pull.sum(axis=1, keepdims=True)
        out[part] = np.where(weight[:, :1] == 1, at[:, 0], middle)
    return out


def _nearest(asked: Matrix, old: Rows, k: int) -> tuple[npt.NDArray[np.int64], Matrix]:
    """Return the k nearest old rows of each new one, nearest first; old rows are read in blocks."""
    from sklearn.neighbors import NearestNeighbors

    near, far = np.empty((len(asked), 0), np.int64), np.empty((len(asked), 0), np.float32)
    for low in range(0, len(old), _BLOCK):
        block = old[low : low + _BLOCK]
        found = NearestNeighbors(n_neighbors=min(k, len(block)), algorithm="brute").fit(block)
        distances, at = found.kneighbors(asked)
        far, near = np.hstack([far, distances.astype(np.float32)]), np.hstack([near, at + low])
        best = np.argsort(far, axis=1, kind="stable")[:, :k]
        far, near = np.take_along_axis(far, best, 1), np.take_along_axis(near, best, 1)
    for low in range(0, len(asked), _GATHERED):  # rounding errors give equal rows a small distance
        part = slice(low, low + _GATHERED)
        far[part, 0][(asked[part] == old[near[part, 0]]).all(axis=1)] = 0
    return near, far
