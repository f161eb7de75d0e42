"""Experts: what else predicts the classes, such as rules, and must prove itself on the labels."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from hitl_widgets.background.turns import give_way, held, one_blas_thread
from hitl_widgets.errors import HitlError
from hitl_widgets.learn.arrays import FloatArray, IntArray, softmax
from hitl_widgets.learn.learner import Graph, Learner, NotYet, Refreshable, foretold, leaves_out
from hitl_widgets.learn.outside import amid, mixed, told_outside
from hitl_widgets.learn.pooling import LITTLE, Labels, Logs, limited_logs, same_labels, stacked, witnesses
from hitl_widgets.learn.reasons import Explaining, Reasons

__all__ = [
    "Advice",
    "Advised",
    "Expert",
    "Heard",
    "added",
    "added_outside",
    "advised",
    "between",
    "told_of",
    "weighed",
]

FOLDS = 10
# The greatest weight of a learner: few labels make many of them less certain than they should be.
SHARPEST = 2.0


class Expert(Protocol):
    """Something besides the learner that predicts the classes of a pool. It knows the pool.

    Fitting returns a new object and changes nothing, because several threads fit to different labels.
    """

    @property
    def name(self) -> str:
        """What people call it, such as ``rules``; several experts may share a name."""

    def fit(self, index: IntArray, y: IntArray, weight: FloatArray | None = None) -> Advice | None:
        """Fit to all labels: row numbers and class codes of at least two classes, both of shape (m,).

        Returns None if there is nothing to say with these labels.
        """


class Advice(Protocol):
    """What an expert predicts after some labels."""

    def left_out(self, among: IntArray) -> FloatArray:
        """Return class probabilities of labelled rows, each without its own label, (k, n_classes).

        ``among`` are positions in the labels that it was fitted to. An expert that uses a label to predict
        its row would be trusted too much.
        """

    def proba(self, rows: IntArray | None = None) -> FloatArray:
        """Return class probabilities of rows (default all), (m, n_classes)."""


@dataclass(frozen=True, eq=False)
class Beside:
    """Rows that an expert has learned besides the labels; the optional attribute ``beside`` of its advice.

    They are evidence of how far each expert is right.

    Attributes
    ----------
    X
        float32 (e, d): their features.
    y
        int64 (e,): their classes.
    left_out
        Returns what the expert predicts for them without each, (e, n_classes).
    """

    X: npt.NDArray[np.float32]
    y: npt.NDArray[np.int64]
    left_out: Callable[[], FloatArray]


@dataclass(frozen=True, eq=False)
class Heard:
    """An expert's advice and the weight that the labels give it."""

    name: str
    weight: float
    advice: Advice

    def logs(self, rows: IntArray | None) -> Logs:
        """Return what it adds to the logarithms of the pool at rows (default all), (m, n_classes)."""
        return self._weighted(self.advice.proba(rows))

    def logs_outside(self, new: FloatArray, near: IntArray, share: FloatArray) -> Logs:
        """Return the same at rows that are not in the pool: see :func:`added_outside`."""
        of = getattr(self.advice, "proba_of", None)
        return self._weighted(self.nearby(near, share) if of is None else of(new))

    def nearby(self, near: IntArray, share: FloatArray) -> FloatArray:
        """Return what it says of the rows ``near``, (m, k), in their mean weighted by ``share``."""
        return mixed(self.advice.proba(near.ravel()).reshape(*near.shape, -1), share)

    def _weighted(self, P: FloatArray) -> Logs:
        return np.float32(self.weight) * limited_logs(np.asarray(P, np.float32))


def told_of(
    experts: Sequence[Expert], labels: Labels, among: IntArray
) -> tuple[list[Heard], list[FloatArray]]:
    """Fit experts; return their advice, without weights yet, and the logarithms without each label."""
    heard, told = [], []
    for expert in experts:
        give_way()
        if (advice := expert.fit(*labels)) is None:
            continue
        heard.append(Heard(expert.name, 0.0, advice))
        told.append(limited_logs(np.asarray(advice.left_out(among), np.float64)))
    return heard, told


def weighed(heard: Sequence[Heard], weights: npt.NDArray[np.float64]) -> tuple[Heard, ...]:
    """Return those whose weight is not negligible."""
    pairs = zip(heard, weights.tolist(), strict=True)
    return tuple(replace(one, weight=weight) for one, weight in pairs if weight > LITTLE)


def added(heard: Sequence[Heard], rows: IntArray | None) -> Logs | None:
    """Return what they add together at rows (default all); None if nothing."""
    return _sum(one.logs(rows) for one in heard)


def added_outside(heard: Sequence[Heard], new: FloatArray, near: Any, share: Any) -> Logs | None:
    """Return what they add at rows that are not in the pool; None if nothing.

    ``new`` are their features. An expert without a method ``proba_of(new)`` says what it says of the nearest
    rows ``near``, weighted by ``share``: see :func:`~hitl_widgets.learn.outside.amid`.
    """
    return _sum(one.logs_outside(new, near, share) for one in heard)


def _sum(logs: Iterable[Logs]) -> Logs | None:
    total: Logs | None = None
    for one in logs:
        total = one if total is None else total + one
    return total


def evidence_of(heard: Sequence[Heard]) -> Beside | None:
    """Return what an expert has learned besides the labels, if one has."""
    found = (getattr(one.advice, "beside", None) for one in heard)
    return next((beside for beside in found if beside is not None and len(beside.y)), None)


def told_beside(
    heard: Sequence[Heard], beside: Beside, near: IntArray, share: FloatArray
) -> list[FloatArray]:
    """Return what each expert says of these rows; the one that has learned them, without each."""
    return [
        beside.left_out() if getattr(one.advice, "beside", None) is beside else one.nearby(near, share)
        for one in heard
    ]


def between(heard: Sequence[Heard], row: int, one: int, other: int) -> dict[str, float]:
    """Return what each name adds to the logarithm of the odds of two classes at a row."""
    found: dict[str, float] = {}
    for expert in heard:
        logs = expert.logs(np.array([row]))[0]
        found[expert.name] = found.get(expert.name, 0.0) + float(logs[one]) - float(logs[other])
    return found


def advised(learner: Any, experts: Sequence[Expert], X: Any, n_classes: int, affinity: Graph | None) -> Any:
    """Return a started learner that uses the experts: itself if it can, else in a wrapper.

    The wrapper starts a second learner, which predicts labels that it has not learned.
    """
    if hasattr(learner, "advise"):
        learner.advise(experts)
        return learner
    if not experts:
        return learner
    return Advised(learner, experts, X, lambda: learner.start(X, n_classes, affinity))


@dataclass(frozen=True, eq=False)
class _Found:
    """The weight of the learner and the experts, and the labels that gave them."""

    labels: Labels
    weight: float
    heard: tuple[Heard, ...]
    experts: tuple[Expert, ...]
    left_out: FloatArray


class Advised:
    """Any learner, in a logarithmic pool with experts.

    The weights are those that predict each label best when it is left out; those of the experts are
    regularized towards 0, and that of the learner towards 1. The learner leaves labels out by itself, or else
    is fitted for ten folds. That takes time, so the weights are updated by :meth:`refresh`.

    Parameters
    ----------
    learner
        A started learner.
    experts
        The experts.
    X
        The pool, of shape (n, d).
    start
        Returns another learner of the same kind, started on the same pool.
    """

    def __init__(
        self, learner: Learner, experts: Sequence[Expert], X: Any, start: Callable[[], Learner]
    ) -> None:
        self.learner = learner
        self._X = X
        self._experts = tuple(experts)
        self._start = start
        self._judge: Learner | None = None
        self._found: _Found | None = None
        self._refreshing = threading.Lock()

    _labels: Labels

    @property
    def name(self) -> str:
        """The name of the learner."""
        return self.learner.name

    @property
    def explanation(self) -> str:
        """The learner's explanation."""
        return str(getattr(self.learner, "explanation", ""))

    @property
    def unfinished(self) -> bool:
        """See :meth:`.Scored.scores`."""
        return bool(getattr(self.learner, "unfinished", False))

    def start(self, X: npt.NDArray[np.float32], n_classes: int, affinity: Graph | None = None) -> Learner:
        """See :class:`~hitl_widgets.learn.learner.Learner`; the new learner has no experts."""
        return self.learner.start(X, n_classes, affinity)

    def advise(self, experts: Sequence[Expert]) -> None:
        """Use other experts from the next update on."""
        self._experts = tuple(experts)

    def update(
        self, index: IntArray, y: IntArray, weight: FloatArray | None = None
    ) -> npt.NDArray[np.int64] | None:
        """See :class:`~hitl_widgets.learn.learner.Learner`."""
        self._labels = (np.asarray(index), np.asarray(y), weight)
        touched = self.learner.update(index, y, weight)
        if self._found is None:
            self.refresh()
            return None
        return touched

    @property
    def stale(self) -> bool:
        """See :class:`~hitl_widgets.learn.learner.Refreshable`."""
        found = self._found
        if found is not None and (
            found.experts is not self._experts or not same_labels(found.labels, self._labels)
        ):
            return True
        return isinstance(self.learner, Refreshable) and self.learner.stale

    def refresh(self) -> None:
        """Refit the slower parts of the learner, the experts and the weights."""
        with held(self._refreshing):
            labels, experts = self._labels, self._experts
            if isinstance(self.learner, Refreshable) and self.learner.stale:
                self.learner.refresh()
            self._found = self._weigh(labels, experts, np.zeros(0, np.int64))[1]

    @one_blas_thread()
    def _weigh(
        self, labels: Labels, experts: tuple[Expert, ...], rows: IntArray
    ) -> tuple[FloatArray, _Found]:
        """Return the learner's predictions for rows, and the weights."""
        index, y, weight = labels
        self._judge = judge = self._judge or self._start()
        if leaves_out(judge) and len(np.unique(y)) > 1:
            P, among, own = judge.told_left_out(index, y, rows if len(rows) else index[:1])
        else:
            among = witnesses(len(y))
            P = foretold(judge, index, y, rows) if len(rows) else np.zeros((0, 0))
            own = _out_of_fold(judge, index, y, among) if len(np.unique(y)) > 1 and experts else P
        if len(own) != len(among) or not experts:  # too few labels to weigh them
            return P, _Found(labels, 1.0, (), experts, own)
        heard, told = told_of(experts, labels, among)
        told = [limited_logs(np.asarray(own, np.float64)), *told]
        share = None if weight is None else np.asarray(weight)[among]
        weights = stacked(told, y[among], share, advised=range(1, len(told)), most={0: SHARPEST})
        kept = weighed(heard, weights[1:])
        if not kept:
            return P, _Found(labels, 1.0, (), experts, own)
        left_out = softmax(np.tensordot(weights, np.stack(told), 1))
        return P, _Found(labels, float(weights[0]), kept, experts, left_out)

    def told_left_out(
        self, index: IntArray, y: IntArray, rows: IntArray
    ) -> tuple[FloatArray, npt.NDArray[np.int64], FloatArray]:
        """See :class:`~hitl_widgets.learn.learner.LeavingOut`."""
        P, found = self._weigh((np.asarray(index), np.asarray(y), None), self._experts, rows)
        if len(found.left_out) == 0:
            raise NotYet(f"{self.name} cannot learn from a part of the labels yet")
        return self._pooled(P, found, rows), witnesses(len(y)), found.left_out

    def proba(self, index: IntArray | None = None) -> FloatArray:
        """See :class:`~hitl_widgets.learn.learner.Learner`."""
        P, found = self.learner.proba(index), self._found
        return P if found is None else self._pooled(P, found, index)

    def proba_of(self, X: FloatArray) -> FloatArray:
        """See :class:`~hitl_widgets.learn.outside.Outside`."""
        P, found = told_outside(self.learner, X), self._found
        if found is None or not found.heard:
            return P
        return self._beside(P, found, added_outside(found.heard, X, *amid(self._X, X)))

    def _pooled(self, P: FloatArray, found: _Found, rows: IntArray | None) -> FloatArray:
        return self._beside(P, found, added(found.heard, rows))

    def _beside(self, P: FloatArray, found: _Found, told: Logs | None) -> FloatArray:
        if told is None:
            return P
        return softmax(np.float32(found.weight) * limited_logs(np.asarray(P, np.float32)) + told)

    def reasons(self, row: int, one: int, other: int) -> Reasons:
        """See :class:`~hitl_widgets.learn.reasons.Explaining`; parts of the learner are scaled."""
        if not isinstance(self.learner, Explaining):
            raise HitlError(f"The learner {self.name!r} gives no reasons.")
        told, found = self.learner.reasons(row, one, other), self._found
        if found is None or not found.heard:
            return told
        (logs,) = limited_logs(np.asarray(self.learner.proba(np.array([row])), np.float32))
        limited = found.weight * (float(logs[one]) - float(logs[other]))
        return told.limited(self._X[np.array([row])][0], limited, between(found.heard, row, one, other))

    def export(
        self,
        index: IntArray,
        y: IntArray,
        weight: FloatArray | None = None,
        names: Sequence[Any] | None = None,
    ) -> Any:
        """Return the learner's model of the features; it does not contain the experts."""
        export = getattr(self.learner, "export", None)
        if export is None:
            raise HitlError(f"The learner {self.name!r} cannot be exported.")
        return export(index, y, weight, names=names)


def _out_of_fold(learner: Learner, index: IntArray, y: IntArray, among: IntArray) -> FloatArray:
    """Return predictions for some labels by models of the other folds; of length 0 if one cannot learn."""
    fold = np.arange(len(y)) % FOLDS
    own: FloatArray | None = None
    for k in range(min(len(y), FOLDS)):
        give_way()
        seen = fold != k
        try:
            told = foretold(learner, index[seen], y[seen], index[~seen])
        except NotYet:
            return np.zeros((0, 0))
        own = np.empty((len(y), told.shape[1])) if own is None else own
        own[~seen] = told
    assert own is not None  # noqa: S101 - there are labels
    return own[among]
