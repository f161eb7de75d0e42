"""Ordering: the members of each item in an order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput
from hitl_widgets.learn.beliefs import Belief, OrderBelief
from hitl_widgets.learn.calibration import mean_score
from hitl_widgets.learn.evaluate import Estimate, Told
from hitl_widgets.learn.learner import FloatArray, IntArray
from hitl_widgets.learn.problems.relevant import check_general
from hitl_widgets.learn.ranker import Ranker
from hitl_widgets.learn.strategies import Strategy

__all__ = ["Ordering", "kendall"]


@dataclass(frozen=True)
class Ordering:
    """An order of the members of each item; measured by the mean agreement in pairs.

    Targets are ranks, int8 (m, k): that of each member, from 0 on, and -1 where there is none. Members of
    which nothing else is said than that they are below the others have the same rank. Predictions are
    worths, (m, k): the probability that a member is the best, and 0 where there is none.
    """

    name = "ordering"
    size = 1
    measure = "Kendall agreement"
    scale = (0.0, 1.0)
    exclusive = False

    def learner(self, learner: Any) -> Any:
        """See :class:`~.base.Problem`: a :class:`Ranker`, or a learner with its methods."""
        if callable(getattr(learner, "gains", None)):
            return learner
        if not isinstance(learner, str) or learner not in {"auto", "linear"}:
            raise InvalidInput(
                f"learner={learner!r} cannot learn rankings: expected 'auto', a logistic regression of all "
                "pairs within each ranking."
            )
        return Ranker()

    def check_strategy(self, name: str, strategy: Strategy) -> None:
        """See :class:`~.base.Problem`."""
        check_general(name)

    def empty(self, n: int) -> OrderBelief:
        """See :class:`~.base.Problem`."""
        return OrderBelief(np.zeros((n, 2), np.float32), np.zeros(n, np.bool_))

    def belief(
        self,
        live: Any,
        before: Belief | None,
        touched: IntArray | None,
        shown: Callable[..., None] | None,
    ) -> OrderBelief:
        """See :class:`~.base.Problem`."""
        P = live.proba()
        return OrderBelief(P, np.ones(len(P), np.bool_), live.gains())

    def read(self, P: FloatArray) -> tuple[FloatArray, FloatArray | None]:
        """Return the worths, and the uncertainties."""
        P = np.asarray(P, np.float32)
        return P, OrderBelief(P, np.ones(len(P), np.bool_)).uncertainty

    def is_sound(self, P: FloatArray) -> bool:
        """See :class:`~.base.Problem`."""
        return bool(np.isfinite(P).all() and P.min() >= 0 and np.abs(P.sum(axis=1) - 1).max() <= 0.01)

    def prior(self, y: npt.NDArray[Any]) -> FloatArray:
        """Return equal worths."""
        k = y.shape[1]
        return np.full(k, 1 / k, np.float32)

    def scores(self, P: FloatArray, y: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Return the share of pairs that are in the same order, (m,)."""
        return kendall(P, y)

    def lacks(self, y: npt.NDArray[Any]) -> str:
        """See :class:`~.base.Problem`."""
        return "" if len(y) else "rank at least one item"

    def model(self, exported: Any, names: Sequence[Any]) -> Any:
        """Return the :class:`~hitl_widgets.learn.ranker.OrderModel` unchanged."""
        return exported

    def measured(self, told: Told) -> Estimate:
        """Return the mean agreement: see :func:`~.calibration.mean_score`."""
        answers = told.answers
        expected, items = expected_agreement(answers.P), expected_agreement(told.P)
        scores = self.scores(answers.P, answers.y)
        found = mean_score(expected, scores, answers.kind, answers.weight, items, told.n, told.part)
        return Estimate(*found, told.n_audited)


def kendall(P: FloatArray, ranks: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return the share of pairs in the same order as the ranks, (m,): tau (Kendall 1938), scaled to 0-1.

    Pairs of the same rank do not count.
    """
    k = min(P.shape[1], ranks.shape[1])
    a, b = np.triu_indices(k, 1)
    there = (ranks[:, a] >= 0) & (ranks[:, b] >= 0) & (ranks[:, a] != ranks[:, b])
    there &= (P[:, a] > 0) & (P[:, b] > 0)
    same = (P[:, a] > P[:, b]) == (ranks[:, a] < ranks[:, b])
    return np.asarray((same & there).sum(axis=1) / np.maximum(there.sum(axis=1), 1), np.float64)


def expected_agreement(P: FloatArray) -> npt.NDArray[np.float64]:
    """Return the expected share of pairs that are right, (m,), if the worths are."""
    P = np.asarray(P, np.float64)
    a, b = np.triu_indices(P.shape[1], 1)
    there = (P[:, a] > 0) & (P[:, b] > 0)
    sure = np.maximum(P[:, a], P[:, b]) / np.maximum(P[:, a] + P[:, b], 1e-12)
    return np.asarray((sure * there).sum(axis=1) / np.maximum(there.sum(axis=1), 1), np.float64)
