"""Multiclass: each item has one class."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.learn.evaluate import Estimate, Told
from hitl_widgets.learn.learner import FloatArray, IntArray, Learner, Scored, as_learner, class_shares
from hitl_widgets.learn.scoring import ClassBelief
from hitl_widgets.learn.strategies import Strategy

__all__ = ["Multiclass"]


@dataclass(frozen=True)
class Multiclass:
    """One of ``size`` classes for each item; measured by the accuracy."""

    size: int
    name = "multiclass"
    measure = "accuracy"
    scale = (0.0, 1.0)
    exclusive = True

    def learner(self, learner: Any) -> Learner:
        """See :class:`~.base.Problem`."""
        return as_learner(learner)

    def check_strategy(self, name: str, strategy: Strategy) -> None:
        """Accept every strategy, because all can read class probabilities."""

    def empty(self, n: int) -> ClassBelief:
        """See :class:`~.base.Problem`."""
        return ClassBelief.empty(n)

    def belief(
        self,
        live: Any,
        before: Any,
        touched: IntArray | None,
        shown: Callable[[slice, ClassBelief], None] | None,
    ) -> ClassBelief:
        """See :class:`~.base.Problem`."""
        found = live.scores(shown) if isinstance(live, Scored) else None
        if found is not None:
            return found
        if before is not None and touched is not None:
            return before.changed(touched, self._checked(live.proba(touched), len(touched)))  # type: ignore[no-any-return]
        P = live.proba()
        return ClassBelief.of(self._checked(P, len(P)))

    def _checked(self, proba: FloatArray, rows: int) -> FloatArray:
        if proba.shape != (shape := (rows, self.size)):
            raise ValueError(f"its probabilities have shape {proba.shape}, not {shape}")
        return proba

    def read(self, P: FloatArray) -> tuple[FloatArray, FloatArray | None]:
        """Return class probabilities, (n, n_classes)."""
        return P, None

    def is_sound(self, P: FloatArray) -> bool:
        """See :class:`~.base.Problem`."""
        return bool(np.isfinite(P).all() and P.min() >= 0 and np.abs(P.sum(axis=1) - 1).max() <= 0.01)

    def prior(self, y: npt.NDArray[Any]) -> FloatArray:
        """See :class:`~.base.Problem`."""
        return class_shares(y, self.size)

    def scores(self, P: FloatArray, y: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Return 1 for correct guesses, else 0."""
        return np.asarray(P.argmax(axis=1) == y, np.float64)

    def lacks(self, y: npt.NDArray[Any]) -> str:
        """See :class:`~.base.Problem`."""
        return "" if len(np.unique(y)) > 1 else "label items of at least two classes"

    def model(self, exported: Any, names: Sequence[Any]) -> Any:
        """Return the model unchanged."""
        return exported

    def measured(self, told: Told) -> Estimate:
        """Return the accuracy estimate."""
        return told.estimate()
