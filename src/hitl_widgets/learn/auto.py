"""AutoLearner: experts on the features and on the neighbour graph, trusted as far as they can prove it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from hitl_widgets.learn.graph import GraphLearner
from hitl_widgets.learn.landmarks import OnLandmarks
from hitl_widgets.learn.learner import Affinity, FloatArray, Graph, IntArray, Landmarks, softmax
from hitl_widgets.learn.linear import LinearLearner
from hitl_widgets.learn.takeaway import distil
from hitl_widgets.learn.views import smoothed, spectral

__all__ = ["AutoLearner", "Trust"]

STRENGTHS = (1.0, 10.0)
VIEW_STRENGTH = 10.0
PRIORS = (0.1, 1.0, 10.0)
SURE = 0.99
PULL = 1.0
WITNESSES = 1_000
# Beyond so many numbers a refit of the linear experts takes longer than a person should wait.
AT_ONCE = 500_000

Logs = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Trust:
    """What the labels so far can prove about the experts.

    Attributes
    ----------
    neighbours
        Share of the weight, 0 to 1, that lies with the neighbour graph; the rest lies with a linear
        model of the features.
    n_labels
        How many labels were left out, one by one, to find it.
    right_graph, right_linear
        How many of them were then told right by either side.
    """

    neighbours: float
    n_labels: int
    right_graph: int
    right_linear: int

    @property
    def short(self) -> str:
        """Who is trusted how far, such as "neighbours 78 %, linear 22 %"."""
        linear = round(100 * (1 - self.neighbours))
        return f"neighbours {100 - linear} %, linear {linear} %"

    @property
    def evidence(self) -> str:
        """Why, in words."""
        if not (self.right_graph or self.right_linear):
            return "the labels cannot tell yet which of the two is better"
        return (
            f"with each of {self.n_labels:,} labels left out in turn, neighbours got "
            f"{self.right_graph:,} right, a linear model {self.right_linear:,}"
        )

    def __str__(self) -> str:
        return f"{self.short}: {self.evidence}"


class AutoLearner:
    """Logistic regressions of the features and of views through the graph, and label spreading.

    The experts are logistic regressions of the features (two penalties), of the features
    :func:`~.views.smoothed` over the graph and of the graph's :func:`~.views.spectral` modes, and
    label spreading with those as its prior (three weights). Their probabilities are pooled by their
    logarithms (Genest and Zidek 1986) with weights >= 0 that tell the labels best, each left out in
    turn (stacking: Wolpert 1992; Yao et al. 2018), pulled towards equal weights while labels are few.
    So the graph leads where classes follow neighbourhoods and the linear model where they cut
    through them, by evidence. Until there is a graph the linear models stand alone.

    Notes
    -----
    In large pools :meth:`update` moves only what label spreading touches, and :meth:`refresh` brings
    the rest after it. The model is that of the labels, not of the way to them, but for what the
    warm-started L-BFGS steps of the linear experts have left to go.
    """

    name = "auto"

    def __init__(self) -> None:
        self._views: list[npt.NDArray[np.float32]] = []
        self._affinity: Affinity | None = None
        self._graph = GraphLearner()
        self._linear: list[LinearLearner] = []
        self._weights: npt.NDArray[np.float64] | None = None
        self.trust: Trust | None = None
        self.stale = False

    _X: npt.NDArray[np.float32]
    _n_classes: int
    _labels: tuple[IntArray, IntArray, FloatArray | None]
    _base: Logs
    _prior: npt.NDArray[np.float32]
    _P: npt.NDArray[np.float32]

    def start(
        self, X: npt.NDArray[np.float32], n_classes: int, affinity: Graph | None = None
    ) -> AutoLearner | OnLandmarks:
        """See :class:`~hitl_widgets.learn.learner.Learner`. Slow with a new graph, quick with the same."""
        if isinstance(affinity, Landmarks):
            return OnLandmarks(self, X, n_classes, affinity)
        fresh = AutoLearner()
        fresh._X, fresh._n_classes, fresh._affinity = X, n_classes, affinity
        known = bool(self._views) and self._X is X and self._affinity is affinity
        fresh._views = self._views if known else _views_of(X, affinity)
        fresh._graph = self._graph.start_here(X, n_classes, affinity)
        penalties = [(X, C) for C in STRENGTHS] + [(view, VIEW_STRENGTH) for view in fresh._views[1:]]
        fresh._linear = [LinearLearner(C).start(view, n_classes) for view, C in penalties]
        return fresh

    @property
    def explanation(self) -> str:
        """Which side is trusted, and why, in words; empty before there is evidence."""
        return str(self.trust) if self.trust is not None and self._affinity is not None else ""

    def update(
        self, index: IntArray, y: IntArray, weight: FloatArray | None = None
    ) -> npt.NDArray[np.int64] | None:
        """See :class:`~hitl_widgets.learn.learner.Learner`."""
        touched = self._graph.update(index, y, weight)
        self._labels = (np.asarray(index), np.asarray(y), weight)
        size = len(self._X) * sum(view.shape[1] for view in self._views)
        if self._weights is None or self._affinity is None or size <= AT_ONCE:
            self.refresh()
            return None
        self.stale = True
        self._P = self._P.copy()  # others may hold the old one
        self._P[touched] = self._pooled(touched)
        return touched

    def refresh(self) -> None:
        """Refit what :meth:`update` left as it was: the linear experts, and the trust in each expert."""
        index, y, weight = self._labels
        for expert in self._linear:
            expert.update(index, y, weight)
        among = _witnesses(len(y))
        told = [_log(expert.left_out(index, y, weight, among)) for expert in self._linear]
        said = (y[among], None if weight is None else np.asarray(weight)[among])
        first = _stack(told, *said)
        logs = [_log(expert.proba()) for expert in self._linear]
        experts, blended = told, softmax(_sum(first, told))
        self._prior = _unsure(softmax(_sum(first, logs)))
        if self._affinity is not None:
            F = self._graph.left_out(index[among], y[among])
            experts = [*told, *self._spread_logs(F, _unsure(blended))]
            self._weights = _stack(experts, *said)
        else:
            self._weights = first
        self._base = _sum(self._weights[: len(logs)], logs).astype(np.float32)
        self._judge(experts, y[among])
        self.stale = False
        self._P = self._pooled(None)

    def _spread_logs(self, F: FloatArray, prior: FloatArray) -> list[FloatArray]:
        unit = self._graph.prior_weight
        total = F.sum(axis=1, keepdims=True)
        return [np.log((F + lam * unit * prior) / (total + lam * unit)) for lam in PRIORS]

    def _pooled(self, rows: npt.NDArray[np.int64] | None) -> npt.NDArray[np.float32]:
        assert self._weights is not None  # noqa: S101 - refresh came first
        which: Any = slice(None) if rows is None else rows
        scores = self._base[which]
        if self._affinity is not None:
            F = self._graph.reached(rows).astype(np.float32)
            logs = self._spread_logs(F, self._prior[which])
            scores = scores + _sum(self._weights[-len(PRIORS) :], logs)
        return softmax(scores).astype(np.float32)

    def _judge(self, told: list[FloatArray], y: IntArray) -> None:
        assert self._weights is not None  # noqa: S101 - set just before
        sides = np.arange(len(told)) < len(STRENGTHS)
        total = self._weights.sum()
        share = float(self._weights[~sides].sum() / total) if total > 0 else 0.0

        def right(side: npt.NDArray[np.bool_]) -> int:
            logs = [log for log, mine in zip(told, side, strict=True) if mine]
            if not logs:
                return 0
            weights = np.maximum(self._weights[side], 1e-9)  # type: ignore[index]
            return int((_sum(weights, logs).argmax(axis=1) == y).sum())

        told_apart = len(np.unique(y)) > 1
        self.trust = Trust(share, len(y), *((right(~sides), right(sides)) if told_apart else (0, 0)))

    def export(
        self,
        index: IntArray,
        y: IntArray,
        weight: FloatArray | None = None,
        names: Sequence[str] | None = None,
    ) -> LogisticRegression:
        """A plain logistic regression of the features, taught by this one: :func:`~.takeaway.distil`."""
        assert self._weights is not None  # noqa: S101 - there are labels
        share = self.trust.neighbours if self.trust else 0.0
        C = STRENGTHS[int(np.argmax(self._weights[: len(STRENGTHS)]))]
        return distil(self._X, self._P, index, y, weight, share=share, C=C, names=names)

    def proba(self, index: IntArray | None = None) -> FloatArray:
        """See :class:`~hitl_widgets.learn.learner.Learner`."""
        return self._P if index is None else self._P[index]


def _views_of(X: npt.NDArray[np.float32], affinity: Affinity | None) -> list[npt.NDArray[np.float32]]:
    if affinity is None:
        return [X]
    return [X, smoothed(X, affinity), spectral(affinity, X)]


def _witnesses(n: int) -> npt.NDArray[np.int64]:
    """Which labels give evidence: all, or as many as suffice, spread over the time they were given."""
    return np.arange(n) if n <= WITNESSES else np.linspace(0, n - 1, WITNESSES).astype(np.int64)


def _unsure(P: FloatArray) -> FloatArray:
    """Nobody is quite sure: an expert that is wrong once must not veto the others for ever."""
    return np.asarray(SURE * P + (1 - SURE) / P.shape[1], dtype=P.dtype)


def _log(P: FloatArray) -> FloatArray:
    return np.asarray(np.log(_unsure(P)))


def _sum(weights: npt.NDArray[np.float64], logs: list[FloatArray]) -> FloatArray:
    total = np.zeros_like(logs[0])
    for weight, log in zip(weights, logs, strict=True):
        total += log.dtype.type(weight) * log
    return total


def _stack(told: list[FloatArray], y: IntArray, weight: FloatArray | None) -> npt.NDArray[np.float64]:
    """Weights of the experts, float64 (E,), >= 0: least log-loss, pulled towards 1 / E."""
    logs = np.stack(told).astype(np.float64)
    E, n, _ = logs.shape
    w = np.ones(n) if weight is None else np.asarray(weight, dtype=np.float64)
    # Without its only label nobody can tell a class: that proves nothing about anyone.
    w = w * (np.bincount(y)[y] > 1)
    hit = logs[:, np.arange(n), y] @ w

    def loss(a: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        scores = np.tensordot(a, logs, 1)
        high = scores.max(axis=1, keepdims=True)
        exp = np.exp(scores - high)
        total = exp.sum(axis=1, keepdims=True)
        norm = float(w @ (np.log(total) + high).ravel())
        gradient = np.einsum("enc,nc->e", logs, exp / total * w[:, None]) - hit
        pull = a - 1 / E
        return norm - float(a @ hit) + PULL * E * float(pull @ pull), gradient + 2 * PULL * E * pull

    start = np.full(E, 1 / E)
    found = minimize(
        loss, start, jac=True, method="L-BFGS-B", bounds=[(0, None)] * E, options={"maxiter": 50}
    )
    return np.asarray(found.x)
