"""Learners of a session: the reward, from comparisons or rankings."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import softmax

from hitl_widgets.background.turns import one_blas_thread
from hitl_widgets.learn.learner import FloatArray, IntArray, NotYet
from hitl_widgets.learn.ranker import worths
from hitl_widgets.learn.strategies.base import Context, margins
from hitl_widgets.preferences.candidates import Candidates
from hitl_widgets.preferences.reward import Comparisons, Posterior, Scales, fit, tuned, tuning_size
from hitl_widgets.preferences.voices import Given, Voices

__all__ = ["PairLearner", "RankLearner", "undecided"]

# The weight of a tie beside that of either candidate, before anybody has answered.
USUAL_TIES = 0.3


class _RewardLearner:
    """What both learners do.

    Parameters
    ----------
    candidates
        The candidates.
    members
        int64 of shape (n, k): the candidates of each row of the pool; -1 where a list is shorter.
    scales
        Fixed scales; None to choose them by their evidence.
    """

    name = "Bradley-Terry Gaussian process"
    instead = (
        "In Preferences, reward(candidates) says how good any candidate is, rewards() how good the given "
        "ones are, and effects() what the side and the length add."
    )
    compares = True  # so that Comparison does not mirror the pairs: the side matters
    # UMAP of more pairs than these takes minutes of the processor, and few look at it: candidates have a map.
    most_mapped = 5_000

    def __init__(
        self, candidates: Candidates, members: npt.NDArray[np.int64], scales: Scales | None = None
    ) -> None:
        self.candidates, self.members, self.scales = candidates, members, scales
        self._tuned = (0, scales or Scales())
        self.n_classes = 2
        self.voices: Voices | None = Voices()  # shared by all copies
        self.given: Comparisons | None = None
        self.posterior: Posterior | None = None

    def start(self, X: Any, n_classes: int, affinity: Any = None) -> Any:  # noqa: ARG002
        """See :class:`~hitl_widgets.learn.learner.Learner`; the features are those of the candidates."""
        fresh = copy.copy(self)  # with the scales
        fresh.n_classes, fresh.given, fresh.posterior = n_classes, None, None
        return fresh

    @property
    def stale(self) -> bool:
        """Whether the scales can be chosen from more comparisons."""
        n = 0 if self.given is None else len(self.given)
        return self.scales is None and tuning_size(n) > self._tuned[0]

    @one_blas_thread()
    def refresh(self) -> None:
        """Choose the scales by their evidence."""
        given = self.given
        if given is not None and self.stale:
            size = tuning_size(len(given))
            few = given.head(size)
            self._tuned = size, tuned(self.candidates.basis, self.candidates.layout, few)

    def _fit(self, given: Comparisons) -> Posterior:
        if not len(given):
            raise NotYet("compare at least two candidates")
        self.given = given
        scales = self._tuned[1]
        found = fit(self.candidates.basis, self.candidates.layout, given, scales, self.posterior)
        self.posterior = found
        return found

    @property
    def fitted(self) -> Posterior:
        """What is known after the last update."""
        if self.posterior is None:
            raise NotYet("compare at least two candidates")
        return self.posterior


class PairLearner(_RewardLearner):
    """Learns from which of two is better, or neither.

    The probability of each answer follows Davidson (1970): that of a tie is highest between equals.
    """

    _known: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]] | None = None

    @property
    def explanation(self) -> str:
        """Text for the Monitor."""
        return "the reward of each candidate is learned; next are the pairs whose order is least certain"

    @one_blas_thread()
    def update(self, index: IntArray, y: IntArray, weight: FloatArray | None = None) -> None:
        """See :class:`~hitl_widgets.learn.learner.Learner`: 0 the first, 1 the second, more for neither."""
        rows, codes = np.asarray(index, np.int64), np.asarray(y)
        every = None if self.voices is None else self.voices.of(rows)
        counts = self._counted(rows, codes, every)
        self._fit(self._compared(rows, counts, weight).beside(self.revised(every)))
        self._known = None
        self._ties = self._tie_shares(counts)

    def comparisons(self, index: IntArray, y: IntArray, weight: FloatArray | None = None) -> Comparisons:
        """Return answers as comparisons, one for each row."""
        return self._compared(np.asarray(index), self._counted(np.asarray(index), np.asarray(y)), weight)

    def revised(self, every: Given | None) -> Comparisons:
        """Return the corrected texts that are candidates as comparisons: each is preferred to its draft."""
        found, pairs = self.candidates, []
        for one in [] if every is None else every.revised:
            draft = int(self.members[one.row, one.place])
            new = found.places.get(found.key(found.words[found.prompt[draft]], one.text), draft)
            pairs += [(new, draft)] if new != draft else []
        first, second = np.array(pairs, np.int64).reshape(-1, 2).T
        return Comparisons(first, second, np.ones(len(pairs)), np.ones(len(pairs)), sided=False)

    def _counted(
        self, index: IntArray, codes: npt.NDArray[Any], every: Given | None = None
    ) -> npt.NDArray[np.float64]:
        """Return how often each answer was given to each row, (n, n_classes); by ``every``, if there are."""
        counts = np.zeros((len(codes), max(self.n_classes, int(codes.max(initial=1)) + 1)))
        counts[np.arange(len(codes)), codes] = 1
        if every is None or not len(every):
            return counts
        place = np.full(len(self.members), -1, np.int64)
        place[index] = np.arange(len(index))
        at, told = place[every.rows], every.y < counts.shape[1]
        counts[at[told]] = 0
        np.add.at(counts, (at[told], every.y[told]), 1)
        return counts

    def _compared(
        self, index: IntArray, counts: npt.NDArray[np.float64], weight: FloatArray | None
    ) -> Comparisons:
        rows, n = self.members[index], counts.sum(axis=1)
        won = (counts[:, 0] + counts[:, 2:].sum(axis=1) / 2) / n
        w = n if weight is None else n * np.asarray(weight, np.float64)
        return Comparisons(rows[:, 0], rows[:, 1], won, w)

    def _tie_shares(self, given: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the weight of each answer that is neither, which maximizes the likelihood."""
        n = self.n_classes - 2
        if n < 1:
            return np.zeros(0)
        counts = given.sum(axis=0)[2 : self.n_classes]
        odds = _softened(*(one[: len(given)] for one in self.fitted.left_out()))
        neither, n = given[:, 2:].sum(axis=1), given.sum(axis=1)
        won = (given[:, 0] - given[:, 1]) * odds / 2

        def loss(log_tie: float) -> float:
            total = np.logaddexp(np.logaddexp(odds / 2, -odds / 2), log_tie)
            said = neither * log_tie + won
            return float((n * total - said).sum() + (log_tie - np.log(USUAL_TIES)) ** 2 / 2)

        best = minimize_scalar(loss, bounds=(-8.0, 4.0), method="bounded").x
        share = (counts + 0.5) / (counts + 0.5).sum()
        return np.asarray(np.exp(best) * share, np.float64)

    def _shares(self, mean: FloatArray, variance: FloatArray) -> npt.NDArray[np.float32]:
        half = _softened(mean, variance) / 2
        ties = np.broadcast_to(np.log(np.maximum(self._ties, 1e-9)), (len(half), len(self._ties)))
        return np.asarray(softmax(np.column_stack([half, -half, ties]), axis=1), np.float32)

    def differences(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return mean and variance of the reward of the first minus that of the second, (n,) each."""
        if self._known is None:
            self._known = self.fitted.differences(self.members[:, 0], self.members[:, 1])
        return self._known

    @one_blas_thread()
    def proba(self, index: IntArray | None = None) -> npt.NDArray[np.float32]:
        """See :class:`~hitl_widgets.learn.learner.Learner`."""
        if index is None:
            mean, variance = self.differences()
        else:
            rows = self.members[np.asarray(index)]
            mean, variance = self.fitted.differences(rows[:, 0], rows[:, 1])
        return self._shares(mean + self.fitted.side[0], variance)

    @one_blas_thread()
    def told_left_out(
        self, index: IntArray, y: IntArray, rows: IntArray
    ) -> tuple[FloatArray, npt.NDArray[np.int64], FloatArray]:
        """See :class:`~hitl_widgets.learn.learner.LeavingOut`."""
        self.update(index, y)
        mean, variance = (one[: len(index)] for one in self.fitted.left_out())
        return self.proba(rows), np.arange(len(index)), self._shares(mean, variance)


class RankLearner(_RewardLearner):
    """Learns from rankings: each teaches its pairs (Azari Soufiani, Chen, Parkes and Xia 2013)."""

    def revised(self, every: Given | None) -> Comparisons:  # noqa: ARG002
        """Return no comparisons: nothing is corrected in rankings."""
        return Comparisons(*np.zeros((2, 0), np.int64), *np.zeros((2, 0)))

    @one_blas_thread()
    def update(self, index: IntArray, y: IntArray, weight: FloatArray | None = None) -> None:
        """See :class:`~hitl_widgets.learn.ranker.Ranker`: the rank of each member, and -1 if absent."""
        self._fit(self.comparisons(index, y, weight))

    def comparisons(self, index: IntArray, y: IntArray, weight: FloatArray | None = None) -> Comparisons:
        """Return the pairs of rankings; of members that are only below the others, none."""
        index, y = np.asarray(index, np.int64), np.asarray(y)
        every = None if self.voices is None else self.voices.of(index)
        if every is not None and len(every):
            alone = ~np.isin(index, every.rows)
            if weight is not None:
                each = np.ones(len(self.members))
                each[index] = weight
                weight = np.concatenate([each[index[alone]], each[every.rows]])
            index = np.concatenate([index[alone], every.rows])
            width = max(y.shape[1], every.y.shape[1])
            y = np.concatenate([_widened(y[alone], width), _widened(every.y, width)])
        ranks = y[:, : self.members.shape[1]]
        rows = self.members[index][:, : ranks.shape[1]]
        ranks = np.where(rows >= 0, ranks, -1)
        w = np.ones(len(ranks)) if weight is None else np.asarray(weight, np.float64)
        a, b = np.triu_indices(rows.shape[1], 1)
        i, pair = np.nonzero((ranks[:, a] >= 0) & (ranks[:, b] >= 0) & (ranks[:, a] != ranks[:, b]))
        won = (ranks[:, a] < ranks[:, b])[i, pair].astype(np.float64)
        return Comparisons(rows[i, a[pair]], rows[i, b[pair]], won, w[i], sided=False)

    @property
    def _counts(self) -> npt.NDArray[np.int64]:
        return np.asarray((self.members >= 0).sum(axis=1), np.int64)

    @one_blas_thread()
    def proba(self, index: IntArray | None = None) -> npt.NDArray[np.float32]:
        """Return the probability that each member is the best of its list, float32 (m, k); 0 if absent."""
        rows = slice(None) if index is None else np.asarray(index)
        members = self.members[rows]
        scores = np.where(members >= 0, self.fitted.mean[members], -np.inf)
        return worths(scores, self._counts[rows])

    @one_blas_thread()
    def gains(self) -> npt.NDArray[np.float64]:
        """Return how uncertain the order of each list is, float64 (n,): the mean over its pairs."""
        found, pairs = np.zeros(len(self.members)), np.zeros(len(self.members))
        for i, j in zip(*np.triu_indices(self.members.shape[1], 1), strict=True):
            there = self.members[:, j] >= 0
            mean, variance = self.fitted.differences(self.members[there, i], self.members[there, j])
            found[there] += 1 / (1 + np.abs(mean) / np.sqrt(variance))
            pairs[there] += 1
        return found / np.maximum(pairs, 1)


def _widened(ranks: npt.NDArray[Any], width: int) -> npt.NDArray[Any]:
    """Return ranks of lists of up to ``width`` members, -1 where there is none."""
    return np.pad(ranks, ((0, 0), (0, width - ranks.shape[1])), constant_values=-1)


def _softened(mean: FloatArray, variance: FloatArray) -> npt.NDArray[np.float64]:
    """Return log odds that are closer to 0 the less certain they are (MacKay 1992)."""
    return np.asarray(mean / np.sqrt(1 + np.pi * np.asarray(variance) / 8), np.float64)


def undecided(proba: FloatArray, context: Context) -> FloatArray:
    """Return the utility of comparing each pair: highest where the sign of the difference is least certain.

    This is minus the absolute mean of the difference of the rewards, divided by its standard deviation. What
    the model knows of a pair with a large variance, or a probability near one half, says less: such pairs can
    be far from anything that matters, or between equals.
    """
    differences = getattr(context.learner, "differences", None)
    if differences is None:
        return margins(proba)
    mean, variance = differences()
    return np.asarray(-np.abs(mean) / np.sqrt(variance), np.float64)
