"""EditedRows: an expert that learns edited items besides the labels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.background.turns import give_way
from hitl_widgets.learn.arrays import FloatArray, IntArray
from hitl_widgets.learn.experts import Beside
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

    def fit(self, index: IntArray, y: IntArray, weight: FloatArray | None = None) -> _Advice | None:
        """See :class:`~hitl_widgets.learn.experts.Expert`; None if nothing was edited from these rows."""
        if not np.isin(self.parents, index).any():
            return None
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
        known = np.isin(expert.parents, index)
        self._parents = expert.parents[known]
        self.beside = Beside(expert.rows[known], expert.codes[known], self._left_out_beside)

    @cached_property
    def _folds(self) -> list[tuple[npt.NDArray[np.int64], LinearLearner]]:
        """Some parents, and a model of the labels without theirs and without what was edited from them."""
        (index, y, weight), parents = self._labels, np.unique(self._parents)
        found = []
        for k in range(FOLDS):
            give_way()
            some = parents[k::FOLDS]
            kept = ~np.isin(index, some)
            if len(some) and kept.any():
                shares = None if weight is None else np.asarray(weight)[kept]
                found.append((some, self._expert.learned(index[kept], y[kept], shares)))
        return found

    def left_out(self, among: IntArray) -> FloatArray:
        """See :class:`~hitl_widgets.learn.experts.Advice`: without the label and what was edited from it."""
        index, y, weight = self._labels
        codes = np.concatenate([y, self.beside.y])
        shares = np.append(np.ones(len(y)) if weight is None else weight, np.ones(len(self.beside.y)))
        P = np.array(self._model.left_out(np.arange(len(codes)), codes, shares, among))
        rows = index[among]
        for some, model in self._folds:
            mine = np.isin(rows, some)
            P[mine] = model.proba_of(np.asarray(self._expert.X[rows[mine]], np.float32))
        return P

    def _left_out_beside(self) -> FloatArray:
        P = np.full((len(self.beside.y), self._expert.n_classes), 1 / self._expert.n_classes)
        for some, model in self._folds:
            mine = np.isin(self._parents, some)
            P[mine] = model.proba_of(self.beside.X[mine])
        return P

    def proba(self, rows: IntArray | None = None) -> FloatArray:
        """See :class:`~hitl_widgets.learn.experts.Advice`."""
        if self._model.constant is not None:
            n = len(self._expert.X) if rows is None else len(rows)
            return np.tile(self._model.constant, (n, 1))
        return self._model.head.over(self._expert.X, rows)

    def proba_of(self, X: FloatArray) -> FloatArray:
        """See :class:`~hitl_widgets.learn.outside.Outside`."""
        return self._model.proba_of(np.asarray(X, np.float32))
