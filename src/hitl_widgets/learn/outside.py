"""Predictions for rows that are not in the pool, such as an edited item."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from hitl_widgets.background.turns import give_way
from hitl_widgets.errors import HitlError
from hitl_widgets.learn.arrays import FloatArray
from hitl_widgets.learn.scoring import blocks_of

__all__ = ["Outside", "amid", "mixed", "told_outside"]

NEAREST = 15
# The smallest squared distance, relative to the squared length of a row: below, two rows are the same.
SAME = 1e-9

Matrix = npt.NDArray[np.float32]


@runtime_checkable
class Outside(Protocol):
    """A learner that predicts rows that are not in the pool."""

    def proba_of(self, X: FloatArray) -> FloatArray:
        """Return class probabilities of rows by their features, (m, d); shape (m, n_classes).

        For the features of a row of the pool, they are those of :meth:`.Learner.proba`.
        """


def told_outside(learner: Any, X: FloatArray) -> FloatArray:
    """Return :meth:`Outside.proba_of`; raise HitlError if the learner has no such method."""
    if not isinstance(learner, Outside):
        raise HitlError(
            f"The learner {learner.name!r} predicts only items of the table. For edited ones it needs a "
            "method proba_of(X), see hitl_widgets.learn.outside."
        )
    return learner.proba_of(X)


def amid(X: Any, new: FloatArray) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return the nearest rows of a pool, and their weights: the inverse squared distances (Shepard 1968).

    A row that equals one of the pool gets all its weight from there, and a row that moves away from it loses
    that weight gradually.

    Parameters
    ----------
    X
        float32 of shape (n, d): the pool.
    new
        float of shape (m, d).

    Returns
    -------
    int64 and float64 of shape (m, k), nearest first; the weights of a row sum to 1.
    """
    asked = np.asarray(new, np.float32)
    m, k = len(asked), min(NEAREST, len(X))
    own = np.einsum("ij,ij->i", asked, asked)
    near, far = np.empty((m, 0), np.int64), np.empty((m, 0))
    for part in blocks_of(X):
        give_way()
        block = np.asarray(X[part], np.float32)
        squares = own[:, None] - 2 * (asked @ block.T) + np.einsum("ij,ij->i", block, block)
        few = min(k, len(block))
        at = np.argpartition(squares, few - 1, axis=1)[:, :few]
        near = np.hstack([near, at + part.start])
        far = np.hstack([far, np.take_along_axis(squares, at, 1)])
        best = np.argsort(far, axis=1, kind="stable")[:, :k]
        near, far = np.take_along_axis(near, best, 1), np.take_along_axis(far, best, 1)
    # The differences themselves: those of squares are inexact where rows are close.
    for i in range(m):
        apart = np.asarray(X[near[i]], np.float64) - asked[i]
        far[i] = np.einsum("ij,ij->i", apart, apart)
    least = SAME * np.maximum(own, SAME)[:, None]
    same = far <= least
    weight = np.where(same.any(axis=1, keepdims=True), same, 1 / np.maximum(far, least))
    return near, weight / weight.sum(axis=1, keepdims=True)


def mixed(values: npt.NDArray[Any], weight: FloatArray) -> npt.NDArray[np.float64]:
    """Return the weighted mean of the neighbours of each row; values of shape (m, k, d)."""
    return np.asarray(np.einsum("mk,mkd->md", weight, np.asarray(values, np.float64)))
