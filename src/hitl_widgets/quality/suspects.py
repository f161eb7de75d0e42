"""Labels that are worth a second look."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["contradictions", "doubtful_again", "even"]

# Two items are nearly the same if they are at most this far apart, as a share of the usual distance between
# neighbours.
NEAR = 0.3
# Edges of the graph from which the usual distance is estimated.
SOME = 2_000
# A label that was kept is doubtful again once the odds against it are so many times what they were.
RISEN = 4.0
LEAST = 1e-6

Rows = npt.NDArray[np.int64]


def contradictions(X: Any, weights: Any, y: npt.NDArray[Any]) -> Rows:
    """Find pairs of items that are nearly the same but have different labels.

    Parameters
    ----------
    X
        Features, (n, d): an array or an array-like object.
    weights
        The neighbour graph, sparse (n, n), symmetric.
    y
        int of shape (n,): the codes of the labels, -1 if not labelled.

    Returns
    -------
    ndarray
        int64 of shape (k, 2), k >= 0: the rows of each pair, the lower one first. Neighbours count as nearly
        the same if their distance is at most .3 of the usual one between neighbours (the median).
    """
    rows = np.flatnonzero(y >= 0)
    among = weights[rows][:, rows].tocoo()
    one, two = rows[among.row], rows[among.col]
    differ = (one < two) & (y[one] != y[two])
    one, two = one[differ], two[differ]
    if not len(one):
        return np.zeros((0, 2), np.int64)
    draw = np.sort(np.random.default_rng(0).permutation(weights.nnz)[:SOME])
    start = np.searchsorted(weights.indptr, draw, side="right") - 1
    usual = float(np.median(_distances(X, start, weights.indices[draw])))
    near = _distances(X, one, two) <= NEAR * usual
    return np.stack([one[near], two[near]], axis=1).astype(np.int64)


def even(confidence: npt.NDArray[np.floating[Any]], contradicted: npt.NDArray[np.bool_]) -> Any:
    """Return the confidence in labels, at most one half where a label of nearly the same item contradicts.

    Of two such labels at most one is right, as far as the items really are the same.
    """
    return np.where(contradicted, np.minimum(confidence, 0.5), confidence)


def doubtful_again(before: float | None, now: float) -> bool:
    """Return whether the model doubts a label much more than when somebody kept it."""
    if before is None:
        return False

    def against(confidence: float) -> float:
        kept = min(max(confidence, LEAST), 1 - LEAST)
        return (1 - kept) / kept

    return now < 0.5 and against(now) >= RISEN * against(before)


def _distances(X: Any, one: npt.NDArray[Any], two: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return the Euclidean distance of each pair of rows."""
    rows, place = np.unique(np.concatenate([one, two]), return_inverse=True)
    found = np.asarray(X[rows], np.float64)
    a, b = found[place[: len(one)]], found[place[len(one) :]]
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", a - b, a - b)))
