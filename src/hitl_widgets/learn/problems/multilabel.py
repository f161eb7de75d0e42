"""Multilabel: an item may have several classes, or none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.learn.beliefs import MultiBelief
from hitl_widgets.learn.learner import FloatArray
from hitl_widgets.learn.problems.relevant import Relevant

__all__ = ["Multilabel", "jaccard"]


@dataclass(frozen=True)
class Multilabel(Relevant):
    """Any of ``size`` classes; measured by the mean Jaccard index of labels and guesses."""

    size: int
    name = "multilabel-indicator"
    measure = "Jaccard index"

    @property
    def scale(self) -> tuple[float, float]:
        """See :class:`~.base.Problem`."""
        return (0.0, 1.0)

    def scores(self, P: FloatArray, y: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """See :class:`.Relevant`."""
        return jaccard(P > 0.5, y)

    def expected(self, P: FloatArray) -> npt.NDArray[np.float64]:
        """See :class:`.Relevant`: the ratio of the expected intersection and the expected union."""
        P, guess = np.asarray(P, np.float64), P > 0.5
        both, either = (P * guess).sum(axis=1), guess.sum(axis=1) + (P * ~guess).sum(axis=1)
        found = np.where(guess.any(axis=1), both / np.maximum(either, 1e-9), (1 - P).prod(axis=1))
        return np.asarray(found, np.float64)

    def empty(self, n: int) -> MultiBelief:
        """See :class:`~.base.Problem`."""
        return MultiBelief.empty(n, self.size)

    def of(self, P: npt.NDArray[np.float32]) -> MultiBelief:
        """See :class:`.Relevant`."""
        return MultiBelief(P, np.ones(len(P), np.bool_))

    def lacks(self, y: npt.NDArray[Any]) -> str:
        """See :class:`~.base.Problem`."""
        some = bool((y.any(axis=0) & ~y.all(axis=0)).any())
        return "" if some else "label items to which some class applies, and items to which it does not"


def jaccard(a: npt.NDArray[np.bool_], b: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Return the Jaccard index of each pair of rows; 1 if both are empty."""
    both, either = (a & b).sum(axis=1), (a | b).sum(axis=1)
    return np.where(either > 0, both / np.maximum(either, 1), 1.0)
