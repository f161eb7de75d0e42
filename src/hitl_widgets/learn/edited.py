"""EditedRows: an expert that learns edited items besides the labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.learn.arrays import FloatArray, IntArray
from hitl_widgets.learn.linear import LinearLearner

__all__ = ["EditedRows"]

STRENGTH = 10.0
# Models that predict the labels of edited items without these items and what was edited from them.
FOLDS = 5


@dataclass(frozen=True, eq=False)
class EditedRows:
    """A logistic regression on the labelled rows and the rows that were edited from them.

    Such rows differ from their parent in little, and often in the class: what does not tell the classes apart
    can be seen from them (Kaushik, Hovy and Lipton 2020). A row is learned only beside the label of its
    parent, so that a model which has not seen that label knows nothing of it either.

    Attributes
    ----------
    X
        float32 (n, d): the pool.
    parents
        int64 (e,): the rows of the pool that were edited.
    rows
        float32 (e, d): the features of the edited rows.
    codes
        int64 (e,): their classes.
    n_classes
        Number of classes.
    """

    X: Any
    parents: npt.NDArray[np.int64]
    rows: npt.NDArray[np.float32]
    codes: npt.NDArray[np.int64]
    n_classes: int
    name: str = "edited items"

    def fit(self, index: IntArray, y: IntArray, weight: FloatArray | None = None) -> _Advice:
        """See :class:`~hitl_widgets.learn.experts.Expert`."""
        return _Advice(self, np.asarray(index), np.asarray(y), weight)

    def learned(self, index: IntArray, y: IntArray, weight: FloatArray | None) -> LinearLearner:
        """Return a model of some labels and of what was edited from their rows."""
        beside = np.isin(self.parents, index)
        rows = np.vstack([np.asarray(self.X[index], np.float32), self.rows[beside]])
        codes = np.concatenate([y, self.codes[beside]])
        shares = np.ones(len(y)) if weight is None else np.asarray(weight, np.float64)
        model = LinearLearner(STRENGTH).start(rows, self.n_classes)
        model.update(np.arange(len(codes)), codes, np.append(shares, np.ones(int(beside.sum()))))
        return model


class _Advice:
    """What the model predicts after some labels."""

    def __init__(self, expert: EditedRows, index: IntArray, y: IntArray, weight: FloatArray | None) -> None:
        self._expert, self._labels = expert, (index, y, weight)
        self._model = expert.learned(index, y, weight)

    def left_out(self, among: IntArray) -> FloatArray:
        """See :class:`~hitl_widgets.learn.experts.Advice`: without the label and what was edited from it."""
        index, y, weight = self._labels
        beside = self._expert.codes[np.isin(self._expert.parents, index)]
        codes = np.concatenate([y, beside])
        shares = np.ones(len(y)) if weight is None else np.asarray(weight, np.float64)
        shares = np.append(shares, np.ones(len(beside)))
        P = np.array(self._model.left_out(np.arange(len(codes)), codes, shares, among))
        edited = np.flatnonzero(np.isin(index[among], self._expert.parents))
        for fold in (edited[k::FOLDS] for k in range(FOLDS)):
            kept = ~np.isin(np.arange(len(y)), among[fold])
            if not len(fold) or not kept.any():
                continue
            model = self._expert.learned(index[kept], y[kept], None if weight is None else weight[kept])
            P[fold] = _told(model, self._expert.X[index[among[fold]]])
        return P

    def proba(self, rows: IntArray | None = None) -> FloatArray:
        """See :class:`~hitl_widgets.learn.experts.Advice`."""
        if self._model.constant is not None:
            n = len(self._expert.X) if rows is None else len(rows)
            return np.tile(self._model.constant, (n, 1))
        return self._model.head.over(self._expert.X, rows)

    def proba_of(self, X: FloatArray) -> FloatArray:
        """See :class:`~hitl_widgets.learn.outside.Outside`."""
        return _told(self._model, X)


def _told(model: LinearLearner, X: FloatArray) -> FloatArray:
    return model.proba_of(np.asarray(X, np.float32))
