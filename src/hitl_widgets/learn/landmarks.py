"""OnLandmarks: a learner of some rows that answers for all, in pools too large for a graph of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.learn.learner import FloatArray, Graph, IntArray, Landmarks, Learner, Refreshable

__all__ = ["OnLandmarks"]


class OnLandmarks:
    """Any learner, taught on landmarks; a row gets the weighted mean of its nearest landmarks.

    A label of a row that is no landmark counts for the landmark nearest to it, unless that one has a
    label of its own; of several such labels the nearest row's counts, of equally near ones the first.

    Parameters
    ----------
    learner
        A learner of the kind to use.
    X
        float32 of shape (n, d): the whole pool.
    n_classes
        Number of classes.
    landmarks
        The landmarks, their graph, and whose neighbours they are.
    """

    def __init__(
        self,
        learner: Learner,
        X: npt.NDArray[np.float32],
        n_classes: int,
        landmarks: Landmarks,
    ) -> None:
        self._landmarks = landmarks
        self._n_classes = n_classes
        self._inner = learner.start(landmarks.X, n_classes, landmarks.affinity)
        self._P = np.full((len(X), n_classes), 1 / n_classes, dtype=np.float32)

    @property
    def name(self) -> str:
        """The inner learner's name."""
        return self._inner.name

    @property
    def explanation(self) -> str:
        """The inner learner's explanation."""
        return str(getattr(self._inner, "explanation", ""))

    @property
    def stale(self) -> bool:
        """Whether the inner learner's slower parts lag behind."""
        return isinstance(self._inner, Refreshable) and self._inner.stale

    def start(self, X: npt.NDArray[np.float32], n_classes: int, affinity: Graph | None = None) -> Learner:
        """See :class:`~hitl_widgets.learn.learner.Learner`."""
        if isinstance(affinity, Landmarks):
            return OnLandmarks(self._inner, X, n_classes, affinity)
        return self._inner.start(X, n_classes, affinity)

    def update(
        self, index: IntArray, y: IntArray, weight: FloatArray | None = None
    ) -> npt.NDArray[np.int64] | None:
        """See :class:`~hitl_widgets.learn.learner.Learner`."""
        at, kept = self._at_landmarks(index)
        touched = self._inner.update(at, y[kept], None if weight is None else weight[kept])
        if touched is None:
            self._interpolate(None)
            return None
        rows = self._rows_near(touched)
        self._interpolate(rows)
        return rows

    def refresh(self) -> None:
        """See :class:`~hitl_widgets.learn.learner.Refreshable`."""
        if isinstance(self._inner, Refreshable):
            self._inner.refresh()
        self._interpolate(None)

    def proba(self, index: IntArray | None = None) -> FloatArray:
        """See :class:`~hitl_widgets.learn.learner.Learner`."""
        return self._P if index is None else self._P[index]

    def export(
        self,
        index: IntArray,
        y: IntArray,
        weight: FloatArray | None = None,
        names: Sequence[str] | None = None,
    ) -> Any:
        """The inner learner's model of the features."""
        at, kept = self._at_landmarks(index)
        export = getattr(self._inner, "export")  # noqa: B009 - not every learner has one
        return export(at, y[kept], None if weight is None else weight[kept], names)

    def _at_landmarks(self, index: IntArray) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The landmarks that the labels fall on, each once, and which label each takes."""
        at = self._landmarks.nearest[index, 0].astype(np.int64)
        order = np.lexsort((np.arange(len(at)), self._landmarks.distance[index]))
        _, first = np.unique(at[order], return_index=True)
        kept = np.sort(order[first])
        return at[kept], kept

    def _rows_near(self, landmarks: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        found = np.zeros(len(self._P), dtype=bool)
        near = self._landmarks.near
        for i in landmarks:
            found[near.indices[near.indptr[i] : near.indptr[i + 1]]] = True
        return np.flatnonzero(found)

    def _interpolate(self, rows: npt.NDArray[np.int64] | None) -> None:
        from hitl_widgets.learn._push import interpolate

        asked = np.arange(len(self._P)) if rows is None else rows
        of = np.ascontiguousarray(self._inner.proba(), dtype=np.float32)
        interpolate(of, self._landmarks.nearest, self._landmarks.share, asked, self._P)
