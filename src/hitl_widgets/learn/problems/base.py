"""The Problem protocol: how answers are learned, and how the model is evaluated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from hitl_widgets.learn.beliefs import Belief
from hitl_widgets.learn.evaluate import Estimate, Told
from hitl_widgets.learn.learner import FloatArray, IntArray
from hitl_widgets.learn.strategies import Strategy

__all__ = ["Problem", "Target"]

Shown = Callable[[slice, Any], None]


class Problem(Protocol):
    """One kind of target, in scikit-learn's terms, and everything specific to it."""

    @property
    def name(self) -> str:
        """scikit-learn's name: ``multiclass`` or ``multilabel-indicator``; or ``ordinal``."""

    @property
    def size(self) -> int:
        """The size that learners are started with: the number of classes, or of yes-no questions."""

    @property
    def measure(self) -> str:
        """The measure that the audit reports, such as ``accuracy``."""

    @property
    def scale(self) -> tuple[float, float]:
        """The worst and the best value of the measure."""

    @property
    def exclusive(self) -> bool:
        """Whether an item has exactly one class, so that there are estimates for each predicted class."""

    def learner(self, learner: Any) -> Any:
        """Return the learner for ``learner=``; raise InvalidInput if it is not suitable."""

    def check_strategy(self, name: str, strategy: Strategy) -> None:
        """Raise InvalidInput for a query strategy that does not suit this problem."""

    def empty(self, n: int) -> Belief:
        """Return an empty belief for ``n`` items."""

    def belief(
        self, live: Any, before: Belief | None, touched: IntArray | None, shown: Shown | None
    ) -> Belief:
        """Return the learner's belief about the pool after an update.

        Parameters
        ----------
        before
            The previous belief, of which only the rows ``touched`` (default all) may have changed.
        shown
            Called for each block of a long pass.
        """

    def read(self, P: FloatArray) -> tuple[FloatArray, FloatArray | None]:
        """Convert a learner's ``proba`` to the input of query strategies, with a row for each item.

        Returns
        -------
        The probabilities, and the uncertainties if these are not class probabilities, (n,).
        """

    def is_sound(self, P: FloatArray) -> bool:
        """Return whether probabilities are valid: finite, in [0, 1], and for classes with row sums of 1."""

    def prior(self, y: npt.NDArray[Any]) -> FloatArray:
        """Return the prediction for any item from the labels alone, like a row of ``proba``."""

    def scores(self, P: FloatArray, y: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Return scores of guesses, 0 to 1, (m,), given the output of ``proba`` and the targets."""

    def lacks(self, y: npt.NDArray[Any]) -> str:
        """Return what is missing before a model can be exported; empty if the labels suffice."""

    def model(self, exported: Any, names: Sequence[Any]) -> Any:
        """Return the classifier for the user from a learner's ``export``; ``names`` are the classes."""

    def measured(self, told: Told) -> Estimate:
        """Estimate the :attr:`measure` of the model on unlabeled items from predictions."""


@dataclass(frozen=True, eq=False)
class Target:
    """The learning target of answers, by code.

    Attributes
    ----------
    problem
        The learning problem.
    values
        The learner's target for each answer code: a class code, or a row of bool.
    teaches
        bool of shape (n_codes,): whether the answer is used for learning; retired classes are not.
    """

    problem: Problem
    values: npt.NDArray[Any]
    teaches: npt.NDArray[np.bool_]
