"""Problem: what the answers to a question teach, how it is learned, and how it is measured."""

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
    """One kind of target, as scikit-learn sorts them, and everything that only it knows."""

    @property
    def name(self) -> str:
        """How scikit-learn calls it: ``multiclass``, ``multilabel-indicator``; ``ordinal``."""

    @property
    def size(self) -> int:
        """What a learner is started with: the number of classes, or of yes-or-no questions."""

    @property
    def measure(self) -> str:
        """What the audit reports, such as ``accuracy``."""

    @property
    def scale(self) -> tuple[float, float]:
        """The worst and the best value of the measure."""

    @property
    def exclusive(self) -> bool:
        """Whether an item is of one class alone, so that there is a figure for each class that is guessed."""

    def learner(self, learner: Any) -> Any:
        """The learner that ``learner=`` means here; raises InvalidInput for one that cannot."""

    def check_strategy(self, name: str, strategy: Strategy) -> None:
        """Raise InvalidInput for a query strategy that reads something else than this problem has."""

    def empty(self, n: int) -> Belief:
        """Of ``n`` items nothing is known."""

    def belief(
        self, live: Any, before: Belief | None, touched: IntArray | None, shown: Shown | None
    ) -> Belief:
        """What the learner thinks of the pool after an update.

        Parameters
        ----------
        before
            What it thought before, where only the rows ``touched`` (all where None) may be otherwise.
        shown
            Told of each block of a long pass.
        """

    def read(self, P: FloatArray) -> tuple[FloatArray, FloatArray | None]:
        """What query strategies read of what a learner's ``proba`` says: a row for each item.

        Returns
        -------
        The probabilities, and the uncertainties where these are not those of classes, (n,).
        """

    def is_sound(self, P: FloatArray) -> bool:
        """Whether a learner may say this: finite, from 0 to 1, and of classes summing to 1 in each row."""

    def prior(self, y: npt.NDArray[Any]) -> FloatArray:
        """What the labels alone say of any item, a row of what ``proba`` says."""

    def scores(self, P: FloatArray, y: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """How good each guess is, 0 to 1, (m,), by what ``proba`` says and what the labels teach."""

    def lacks(self, y: npt.NDArray[Any]) -> str:
        """What there must be before a model can be taken away; empty where these labels suffice."""

    def model(self, exported: Any, names: Sequence[Any]) -> Any:
        """The classifier to take away, of what a learner's ``export`` gave; ``names`` are the classes."""

    def measured(self, told: Told) -> Estimate:
        """How good the model is on items without a label by the :attr:`measure`, of what models say."""


@dataclass(frozen=True, eq=False)
class Target:
    """What answers teach, by their code.

    Attributes
    ----------
    problem
        What is learned.
    values
        Of each answer's code what a learner is given: a class code, or a row of bool.
    teaches
        bool of shape (n_codes,): whether an answer teaches anything; those of retired classes do not.
    """

    problem: Problem
    values: npt.NDArray[Any]
    teaches: npt.NDArray[np.bool_]
