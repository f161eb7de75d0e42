"""Comparison: which of two is better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput
from hitl_widgets.learn.learner import FloatArray, Graph, IntArray, Learner, NotYet, as_learner
from hitl_widgets.learn.problems.multiclass import Multiclass

__all__ = ["Comparison", "Mirrored", "mirrored"]


def mirrored(y: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the codes with 0, the first, and 1, the second, swapped; others, such as a tie, stay."""
    return np.where(np.asarray(y) < 2, 1 - np.asarray(y), y)


class Mirrored:
    """A learner of comparisons: every pair also teaches the pair in the other order.

    X holds the differences of the two, so that the other order has the features -X. The probabilities are the
    mean of those of a pair and its mirror, which makes them exactly antisymmetric. With logistic regression
    and without ties, this is the model of Bradley and Terry (1952) with features.

    Parameters
    ----------
    learner
        The learner, which sees twice as many rows.
    """

    def __init__(self, learner: Learner) -> None:
        self.learner = learner

    _n = 0

    @property
    def name(self) -> str:
        """The name of the learner."""
        return f"{self.learner.name} of differences"

    def start(self, X: Any, n_classes: int, affinity: Graph | None = None) -> Mirrored:
        """See :class:`~hitl_widgets.learn.learner.Learner`; the graph is not used."""
        rows = np.asarray(X[:], np.float32)
        fresh = Mirrored(self.learner.start(np.concatenate([rows, -rows]), n_classes, None))
        fresh._n = len(rows)
        return fresh

    def _both(
        self, index: IntArray, y: IntArray, weight: FloatArray | None
    ) -> tuple[IntArray, IntArray, FloatArray | None]:
        twice = None if weight is None else np.concatenate([weight, weight])
        return np.concatenate([index, np.asarray(index) + self._n]), np.concatenate([y, mirrored(y)]), twice

    def update(self, index: IntArray, y: IntArray, weight: FloatArray | None = None) -> None:
        """See :class:`~hitl_widgets.learn.learner.Learner`."""
        self.learner.update(*self._both(index, y, weight))

    def proba(self, index: IntArray | None = None) -> FloatArray:
        """See :class:`~hitl_widgets.learn.learner.Learner`."""
        rows = np.arange(self._n) if index is None else np.asarray(index)
        P, Q = self.learner.proba(rows), self.learner.proba(rows + self._n)
        return (P + Q[:, mirrored(np.arange(P.shape[1]))]) / 2

    def export(
        self,
        index: IntArray,
        y: IntArray,
        weight: FloatArray | None = None,
        names: Sequence[Any] | None = None,
    ) -> Any:
        """Return a fitted classifier of differences."""
        export = getattr(self.learner, "export", None)
        if export is None:
            raise NotYet(f"{self.learner.name} has no method export")
        return export(*self._both(index, y, weight), names=names)


@dataclass(frozen=True)
class Comparison(Multiclass):
    """The first (code 0), the second (code 1) or another class, learned from differences."""

    def learner(self, learner: Any) -> Any:
        """Return a :class:`Mirrored` learner, by default a logistic regression.

        One with the attribute ``compares`` is left as it is: it knows itself what the other order means.
        """
        if learner == "graph":
            raise InvalidInput(
                "learner='graph' cannot compare two items: expected 'auto', 'linear', a scikit-learn "
                "classifier, or an object with start, update and proba."
            )
        found = as_learner("linear" if isinstance(learner, str) and learner == "auto" else learner)
        return found if isinstance(found, Mirrored) or getattr(found, "compares", False) else Mirrored(found)

    def prior(self, y: npt.NDArray[Any]) -> FloatArray:
        """See :class:`~.base.Problem`: the same for the first and the second."""
        return super().prior(np.concatenate([y, mirrored(y)]))

    def lacks(self, y: npt.NDArray[Any]) -> str:
        """See :class:`~.base.Problem`."""
        return "" if (np.asarray(y) < 2).any() else "label items of which one is better"
