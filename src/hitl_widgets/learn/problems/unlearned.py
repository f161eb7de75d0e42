"""Unlearned: answers from which nothing is learned, such as free text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import HitlError, InvalidInput, choices
from hitl_widgets.learn.beliefs import Belief
from hitl_widgets.learn.evaluate import Estimate, Told
from hitl_widgets.learn.learner import FloatArray, IntArray
from hitl_widgets.learn.problems.relevant import GENERAL
from hitl_widgets.learn.strategies import STRATEGIES, WITH_SUGGESTIONS, Strategy

__all__ = ["Nothing", "Unlearned"]


@dataclass(frozen=True, eq=False)
class Nothing:
    """The belief about ``n`` items of which nothing is known: every item is equally uncertain.

    With it, the default strategy asks in the middle of unlabelled regions of the map.
    """

    n: int

    def __len__(self) -> int:
        return self.n

    @cached_property
    def uncertainty(self) -> npt.NDArray[np.float32]:
        """float32 of shape (n,): 1."""
        return np.ones(self.n, np.float32)

    @cached_property
    def confidence(self) -> npt.NDArray[np.float32]:
        """float32 of shape (n,): 0."""
        return np.zeros(self.n, np.float32)

    @cached_property
    def predicted(self) -> npt.NDArray[np.int16]:
        """int16 of shape (n,): -1."""
        return np.full(self.n, -1, np.int16)

    @cached_property
    def known(self) -> npt.NDArray[np.bool_]:
        """Bool of shape (n,): False."""
        return np.zeros(self.n, np.bool_)

    def guess(self, i: int) -> None:
        """Return None."""

    def shares(self, i: int) -> list[tuple[int, float]]:
        """Return an empty list."""
        return []

    def counts(self, n_classes: int) -> IntArray:
        """Return zeros."""
        return np.zeros(n_classes, np.int64)

    def some(self, rows: IntArray) -> Nothing:
        """See :class:`~hitl_widgets.learn.beliefs.Belief`."""
        return Nothing(len(rows))

    def under(self, codes: IntArray, n_classes: int) -> Nothing:
        """Return the same belief."""
        return self


class _Idle:
    """A learner that learns nothing."""

    name = "no model"
    explanation = "nothing is learned from these answers; items are asked so that they cover the map"

    def __init__(self, n: int = 0) -> None:
        self.n = n

    def start(self, X: Any, n_classes: int, affinity: Any = None) -> _Idle:
        return _Idle(len(X))

    def update(self, index: Any, y: Any, weight: Any = None) -> None:
        """Ignore the labels."""

    def proba(self, index: Any = None) -> npt.NDArray[np.float32]:
        return np.zeros((self.n if index is None else len(index), 0), np.float32)


@dataclass(frozen=True)
class Unlearned:
    """Nothing is learned, predicted or measured."""

    size: int = 0
    name = "none"
    measure = ""
    scale = (0.0, 1.0)
    exclusive = False

    def learner(self, learner: Any) -> Any:
        """Return a learner that learns nothing."""
        return _Idle()

    def check_strategy(self, name: str, strategy: Strategy) -> None:
        """See :class:`~.base.Problem`."""
        if name in {*STRATEGIES, *WITH_SUGGESTIONS} - {*GENERAL}:
            raise InvalidInput(
                f"strategy={name!r} requires a model, but nothing is learned from answers to this question. "
                f"Expected one of {choices(GENERAL)}, or a custom function."
            )

    def empty(self, n: int) -> Nothing:
        """See :class:`~.base.Problem`."""
        return Nothing(n)

    def belief(
        self,
        live: Any,
        before: Belief | None,
        touched: IntArray | None,
        shown: Callable[..., None] | None,
    ) -> Nothing:
        """See :class:`~.base.Problem`."""
        return Nothing(len(live.proba()))

    def read(self, P: FloatArray) -> tuple[FloatArray, FloatArray | None]:
        """Return full uncertainty."""
        return P, np.ones(len(P), np.float32)

    def is_sound(self, P: FloatArray) -> bool:
        """Accept everything."""
        return len(P) >= 0

    def prior(self, y: npt.NDArray[Any]) -> FloatArray:
        """Return an empty row."""
        return np.zeros(0, np.float32)

    def scores(self, P: FloatArray, y: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Return zeros."""
        return np.zeros(len(y))

    def lacks(self, y: npt.NDArray[Any]) -> str:
        """Say that there is no model."""
        return "nothing is learned from answers to this question"

    def model(self, exported: Any, names: Sequence[Any]) -> Any:
        """Never called, as :meth:`lacks` is never empty."""
        raise HitlError(self.lacks(np.zeros(0)))

    def measured(self, told: Told) -> Estimate:
        """Return no estimate."""
        return Estimate(None, None, None, told.n_audited)
