"""Problems that consist of several yes-no questions: several classes at once, and levels of a scale."""

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
from hitl_widgets.learn.strategies import STRATEGIES, WITH_SUGGESTIONS, Strategy

__all__ = ["GENERAL", "Relevant", "check_general"]

# Strategies that read the uncertainty or the features, not class probabilities.
GENERAL = ("doubt", "margin", "random", "typicality", "typiclust", "kmeans", "core_set", "discriminative")


def check_general(name: str) -> None:
    """Raise InvalidInput for a built-in strategy that needs class probabilities."""
    if name in {*STRATEGIES, *WITH_SUGGESTIONS} - {*GENERAL}:
        raise InvalidInput(
            f"strategy={name!r} requires probabilities of mutually exclusive classes, which this "
            f"question does not have. Expected one of {choices(GENERAL)}, or a custom function."
        )


class Relevant(ABC):
    """A base class for these problems, which :class:`~hitl_widgets.learn.relevance.BinaryRelevance` learns.

    The measure is the mean score of the guesses.
    """

    exclusive = False

    @property
    @abstractmethod
    def scale(self) -> tuple[float, float]:
        """See :class:`~.base.Problem`."""

    @abstractmethod
    def scores(self, P: FloatArray, y: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """See :class:`~.base.Problem`: ``P`` are probabilities of yes, and ``y`` labels, (m, size) each."""

    @abstractmethod
    def expected(self, P: FloatArray) -> npt.NDArray[np.float64]:
        """Return the expected score of each guess if the probabilities are correct, (m,)."""

    @abstractmethod
    def empty(self, n: int) -> Belief:
        """See :class:`~.base.Problem`."""

    @abstractmethod
    def of(self, P: npt.NDArray[np.float32]) -> Belief:
        """Return the belief with these probabilities of yes, (n, size)."""

    @abstractmethod
    def lacks(self, y: npt.NDArray[Any]) -> str:
        """See :class:`~.base.Problem`."""

    def read(self, P: FloatArray) -> tuple[FloatArray, FloatArray | None]:
        """See :class:`~.base.Problem`: the probabilities of yes."""
        return P, self.of(np.asarray(P, np.float32)).uncertainty

    def is_sound(self, P: FloatArray) -> bool:
        """See :class:`~.base.Problem`."""
        return bool(np.isfinite(P).all() and P.min() >= 0 and P.max() <= 1 + 1e-6)

    def prior(self, y: npt.NDArray[Any]) -> FloatArray:
        """See :class:`~.base.Problem`: Laplace's rule of succession."""
        return np.asarray((y.sum(axis=0) + 1) / (len(y) + 2), np.float32)

    def model(self, exported: Any, names: Sequence[Any]) -> Any:
        """Return the :class:`~hitl_widgets.learn.relevance.RelevanceClassifier` unchanged."""
        return exported

    def learner(self, learner: Any) -> BinaryRelevance:
        """See :class:`~.base.Problem`."""
        return BinaryRelevance(as_learner(learner))

    def check_strategy(self, name: str, strategy: Strategy) -> None:
        """See :class:`~.base.Problem`."""
        check_general(name)

    def belief(
        self, live: Any, before: Belief | None, touched: IntArray | None, shown: Callable[..., None] | None
    ) -> Belief:
        """See :class:`~.base.Problem`."""
        return self.of(live.proba())

    def measured(self, told: Told) -> Estimate:
        """Return the mean score, on the scale of the measure: see :func:`~.calibration.mean_score`."""
        answers = told.answers
        expected, scores = self.expected(answers.P), self.scores(answers.P, answers.y)
        items = self.expected(told.P)
        found = mean_score(expected, scores, answers.kind, answers.weight, items, told.n, told.part)
        worst, best = self.scale
        value, low, high = (worst + share * (best - worst) for share in found)
        return Estimate(value, min(low, high), max(low, high), told.n_audited)
