"""Problems that are several yes-or-no questions: several classes at once, and levels of a scale."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput, choices
from hitl_widgets.learn.beliefs import Belief
from hitl_widgets.learn.calibration import mean_score
from hitl_widgets.learn.evaluate import Estimate, Told
from hitl_widgets.learn.learner import FloatArray, IntArray, as_learner
from hitl_widgets.learn.relevance import BinaryRelevance
from hitl_widgets.learn.strategies import STRATEGIES, Strategy

__all__ = ["Relevant"]

# Strategies that read the uncertainty or the features, and no probabilities of classes.
GENERAL = ("doubt", "margin", "random", "typicality", "kmeans", "core_set")


class Relevant(ABC):
    """What is common to them: a :class:`~hitl_widgets.learn.relevance.BinaryRelevance` learns them.

    The measure is the mean of what each guess scores.
    """

    exclusive = False

    @property
    @abstractmethod
    def scale(self) -> tuple[float, float]:
        """See :class:`~.base.Problem`."""

    @abstractmethod
    def scores(self, P: FloatArray, y: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """See :class:`~.base.Problem`: by the probability of each yes, and the labels, (m, size) each."""

    @abstractmethod
    def expected(self, P: FloatArray) -> npt.NDArray[np.float64]:
        """How good each guess would be on average, were the probabilities right, (m,)."""

    @abstractmethod
    def empty(self, n: int) -> Belief:
        """See :class:`~.base.Problem`."""

    @abstractmethod
    def of(self, P: npt.NDArray[np.float32]) -> Belief:
        """The belief with these probabilities of each yes, (n, size)."""

    @abstractmethod
    def lacks(self, y: npt.NDArray[Any]) -> str:
        """See :class:`~.base.Problem`."""

    def read(self, P: FloatArray) -> tuple[FloatArray, FloatArray | None]:
        """See :class:`~.base.Problem`: the probability of each yes."""
        return P, self.of(np.asarray(P, np.float32)).uncertainty

    def is_sound(self, P: FloatArray) -> bool:
        """See :class:`~.base.Problem`."""
        return bool(np.isfinite(P).all() and P.min() >= 0 and P.max() <= 1 + 1e-6)

    def prior(self, y: npt.NDArray[Any]) -> FloatArray:
        """See :class:`~.base.Problem`: Laplace's rule of succession."""
        return np.asarray((y.sum(axis=0) + 1) / (len(y) + 2), np.float32)

    def model(self, exported: Any, names: Sequence[Any]) -> Any:
        """As it is: a :class:`~hitl_widgets.learn.relevance.RelevanceClassifier`."""
        return exported

    def learner(self, learner: Any) -> BinaryRelevance:
        """See :class:`~.base.Problem`."""
        return BinaryRelevance(as_learner(learner))

    def check_strategy(self, name: str, strategy: Strategy) -> None:
        """See :class:`~.base.Problem`."""
        if name in STRATEGIES and name not in GENERAL:
            raise InvalidInput(
                f"strategy={name!r} reads the probabilities of classes that exclude each other, which this "
                f"question does not have. Expected one of {choices(GENERAL)}, or a function of your own."
            )

    def belief(
        self, live: Any, before: Belief | None, touched: IntArray | None, shown: Callable[..., None] | None
    ) -> Belief:
        """See :class:`~.base.Problem`."""
        return self.of(live.proba())

    def measured(self, told: Told) -> Estimate:
        """The mean of the scores, on the scale of the measure: see :func:`~.calibration.mean_score`."""
        answers = told.answers
        expected, scores = self.expected(answers.P), self.scores(answers.P, answers.y)
        found = mean_score(expected, scores, answers.kind, answers.weight, self.expected(told.P), told.n)
        worst, best = self.scale
        value, low, high = (worst + share * (best - worst) for share in found)
        return Estimate(value, min(low, high), max(low, high), told.n_audited)
