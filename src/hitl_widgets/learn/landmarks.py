"""OnLandmarks: a learner on some rows that represents all, for pools too large for a full graph."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.learn.learner import FloatArray, Graph, IntArray, Landmarks, Learner, Refreshable, foretold
from hitl_widgets.learn.outside import told_outside

__all__ = ["OnLandmarks"]


class OnLandmarks:
    """Any learner, trained on landmarks; a row gets the weighted mean of its nearest landmarks.

    A label of a row that is not a landmark counts for the nearest landmark, unless that has its own label.
    Among several such labels, the nearest row counts; among equally near ones, the first.

    Parameters
    ----------
    learner
        The learner to use.
    X
        float32 of shape (n, d): the whole pool.
    n_classes
        Number of classes.
    landmarks
        The landmarks, their graph, and the nearest landmarks of all rows.
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
        self._lock = threading.RLock()
        self._owed = self._shown = False
        self._touched: list[npt.NDArray[np.int64]] = []

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
        """Whether the slower parts of the inner learner are out of date."""
        return self._owed or (isinstance(self._inner, Refreshable) and self._inner.stale)

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
        with self._lock:
            if touched is None:
                self._P = self._interpolated(np.empty_like(self._P))
                return None
            rows = self._rows_near(touched)
            self._touched.append(rows)
            if self._shown:  # others may still use it
                self._P, self._shown = self._P.copy(), False
            self._interpolated(self._P, rows)
            return rows

    def refresh(self) -> None:
        """See :class:`~hitl_widgets.learn.learner.Refreshable`."""
        if not isinstance(self._inner, Refreshable):
            return
        self._owed = True
        self._inner.refresh()
        with self._lock:
            self._touched = []
        P = self._interpolated(np.empty_like(self._P))
        with self._lock:
            for rows in self._touched:
                self._interpolated(P, rows)
            self._P, self._owed = P, False

    def told(self, index: IntArray, y: IntArray, rows: IntArray) -> FloatArray:
        """See :class:`~hitl_widgets.learn.learner.Telling`."""
        at, kept = self._at_landmarks(index)
        near, share = self._landmarks.nearest[rows], self._landmarks.share[rows]
        asked, place = np.unique(near, return_inverse=True)
        P = foretold(self._inner, at, y[kept], asked.astype(np.int64))
        return np.asarray((share[:, :, None] * P[place.reshape(near.shape)]).sum(axis=1))

    def proba(self, index: IntArray | None = None) -> FloatArray:
        """See :class:`~hitl_widgets.learn.learner.Learner`."""
        if index is not None:
            return self._P[index]
        with self._lock:
            self._shown = True
            return self._P

    def proba_of(self, X: FloatArray) -> FloatArray:
        """See :class:`~hitl_widgets.learn.outside.Outside`: the inner learner's, without interpolation."""
        return told_outside(self._inner, X)

    def export(
        self,
        index: IntArray,
        y: IntArray,
        weight: FloatArray | None = None,
        names: Sequence[Any] | None = None,
    ) -> Any:
        """Return the inner learner's model of the features."""
        at, kept = self._at_landmarks(index)
        export = getattr(self._inner, "export")  # noqa: B009 - not every learner has one
        return export(at, y[kept], None if weight is None else weight[kept], names)

    def _at_landmarks(self, index: IntArray) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return the distinct landmarks of the labels, and the label that each takes."""
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

    def _interpolated(
        self, P: npt.NDArray[np.float32], rows: npt.NDArray[np.int64] | None = None
    ) -> npt.NDArray[np.float32]:
        """Write the interpolated predictions for rows (default all) into ``P``."""
        from hitl_widgets.learn._push import interpolate

        asked = np.arange(len(P)) if rows is None else rows
        of = np.ascontiguousarray(self._inner.proba(), dtype=np.float32)
        interpolate(of, self._landmarks.nearest, self._landmarks.share, asked, P)
        return P
