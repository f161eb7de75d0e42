"""Ordinal: each item has a level on a scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.learn.beliefs import RealBelief, medians
from hitl_widgets.learn.learner import FloatArray
from hitl_widgets.learn.problems.relevant import Relevant
from hitl_widgets.learn.relevance import OrdinalClassifier, level_shares

__all__ = ["Ordinal"]


@dataclass(frozen=True)
class Ordinal(Relevant):
    """A level with a number; measured by the mean absolute error.

    For each level but the last, a yes-no question asks whether the item is above it (Frank and Hall 2001).
    The answers give the probability of each level, the expected number and its uncertainty.

    Parameters
    ----------
    values
        The number of each level, ascending.
    within
        For numbers that levels stand for, their mean distance from each level. It is added to the errors,
        which are therefore estimated too high rather than too low. Empty if the numbers are the levels.
    """

    values: tuple[float, ...]
    within: tuple[float, ...] = field(default=(), compare=False)
    name = "ordinal"
    measure = "mean absolute error"

    @property
    def size(self) -> int:
        """The number of yes-no questions."""
        return len(self.values) - 1

    @property
    def scale(self) -> tuple[float, float]:
        """The largest error, and zero."""
        return (self.values[-1] - self.values[0], 0.0)

    def levels(self, P: FloatArray) -> npt.NDArray[np.float32]:
        """Return the probability of each level, (n, n_levels), from that of being above each but the last."""
        return level_shares(P).astype(np.float32)

    def model(self, exported: Any, names: Sequence[Any]) -> OrdinalClassifier:
        """Return a classifier that predicts levels."""
        return OrdinalClassifier(exported.estimators, names)

    def scores(self, P: FloatArray, y: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """See :class:`.Relevant`."""
        values, level = np.asarray(self.values), np.asarray(y).sum(axis=1)
        error = np.abs(values[medians(self.levels(P))] - values[level]) + self._within[level]
        return np.asarray(np.maximum(1 - error / self.scale[0], 0))

    def expected(self, P: FloatArray) -> npt.NDArray[np.float64]:
        """See :class:`.Relevant`."""
        values, levels = np.asarray(self.values), self.levels(P)
        error = np.abs(values - values[medians(levels)][:, None]) + self._within
        return np.asarray(np.maximum(1 - (levels * error).sum(axis=1) / self.scale[0], 0))

    @property
    def _within(self) -> npt.NDArray[np.float64]:
        return np.asarray(self.within or np.zeros(len(self.values)))

    def empty(self, n: int) -> RealBelief:
        """See :class:`~.base.Problem`."""
        return RealBelief.empty(n, np.asarray(self.values))

    def of(self, P: npt.NDArray[np.float32]) -> RealBelief:
        """See :class:`.Relevant`."""
        return RealBelief(self.levels(P), np.asarray(self.values), np.ones(len(P), np.bool_))

    def read(self, P: FloatArray) -> tuple[FloatArray, FloatArray | None]:
        """See :class:`~.base.Problem`: the probability of each level, (n, n_levels)."""
        return self.levels(P), self.of(np.asarray(P, np.float32)).uncertainty

    def lacks(self, y: npt.NDArray[Any]) -> str:
        """See :class:`~.base.Problem`."""
        return "" if len(np.unique(y, axis=0)) > 1 else "label items of at least two levels"
