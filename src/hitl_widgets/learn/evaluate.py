"""Estimates of the model's accuracy on unlabeled items."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.learn.calibration import AUDITED, CHOSEN, IN_BULK, LATER, Answers, share_right
from hitl_widgets.learn.learner import FloatArray, IntArray, Learner, NotYet, foretold, leaves_out

__all__ = [
    "CurvePoint",
    "Earlier",
    "Estimate",
    "Given",
    "Overtaken",
    "Rest",
    "Told",
    "accuracy_estimate",
    "checkpoints",
    "learning_curve",
    "part_estimates",
    "tell",
    "without_own",
]

N_FOLDS = 10
# How often samples of the labels are left out, to judge all of them.
PASSES = 8
# The maximum sample size of unlabeled items; predicting all of them would take too long.
MOST = 2_000
# The minimum number of labels of items predicted as a class, for an estimate of this class.
MIN_CLASS = 10
# Points of the learning curve; fewer if every point requires a fit for each fold.
POINTS, POINTS_BY_FOLDS = 11, 6

# Numbers of labels for points of the learning curve, and for models that predict audited items.
KEPT = 200
GRID = np.array([5, 10, 15, 20, 30, 40, 50, 75, 100, 150, 200, 300, 500, 750, 1000, 2000, 5000, 10_000])

Overtaken = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Estimate:
    """An accuracy with its 95 % interval.

    Attributes
    ----------
    value, low, high
        The share of unlabeled items that the model predicts correctly, and its interval; None if nothing is
        audited or the model cannot be evaluated yet. "Correct" means what the annotators would say, including
        their errors.
    n
        Number of audited items.
    per_class
        For each class, the share of correct predictions among items predicted as this class. Only classes
        predicted for at least ten labeled items are included; ``n`` is the number of audited ones among
        these.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    per_class: Mapping[Any, Estimate] = field(default_factory=dict)

    def __str__(self) -> str:
        if self.value is None:
            return f"not known yet ({self.n} audited)" if self.n else "not known (nothing audited yet)"
        return f"{self.value:.2f} ({self.low:.2f}-{self.high:.2f}, {self.n} audited)"


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """The estimate for a model trained on the first ``n_labels`` labels."""

    n_labels: int
    estimate: Estimate


@dataclass(frozen=True, eq=False)
class Given:
    """The current labels, in the order in which they were given.

    Attributes
    ----------
    index, y
        Rows and class codes, (m,).
    audited
        bool of shape (m,): whether the item was drawn at random for the audit.
    act
        int64 of shape (m,): the act that gave the label; labels given in bulk share one act.
    """

    index: IntArray
    y: IntArray
    audited: npt.NDArray[np.bool_]
    act: IntArray

    def __len__(self) -> int:
        return len(self.y)

    def first(self, n: int) -> Given:
        """Return the first ``n`` labels."""
        return Given(self.index[:n], self.y[:n], self.audited[:n], self.act[:n])

    def kinds(self, n: int) -> tuple[IntArray, npt.NDArray[np.float64]]:
        """Return how items were selected, for a model of the first ``n`` labels, and their weights, (m,)."""
        _, place, size = np.unique(self.act, return_inverse=True, return_counts=True)
        size = size[place]
        kind = np.where(size > 1, IN_BULK, CHOSEN)
        kind[n:] = LATER  # chosen by later models
        kind[self.audited] = AUDITED
        # All items of one act together count as much as one label.
        return kind, np.where(self.audited, 1.0, 1 / size)


class Earlier:
    """Predictions for audited items by models trained only on earlier labels, with a cache.

    Later questions depend on every earlier label. So a model of all labels but one is still influenced by
    that label, and is correct on it more often than on a new item: with uninformative features, in two of
    three cases instead of one of two. A model of the labels before it is not influenced (prequential: Dawid
    1984; progressive validation: Blum, Kalai and Langford 1999). So each audited item is predicted from the
    labels before it, reduced to the next lower number in ``GRID``.
    """

    def __init__(self) -> None:
        self._kept: dict[bytes, dict[int, FloatArray]] = {}

    def tell(
        self, learner: Learner, given: Given, n: int, overtaken: Overtaken = lambda: False
    ) -> dict[int, FloatArray]:
        """Return probabilities for audited items among the first ``n`` labels, by position.

        Items with too few labels before them are missing, and so are the rest once ``overtaken`` is True.
        """
        places = np.flatnonzero(given.audited[:n])
        before = np.searchsorted(GRID, places, side="right")
        found: dict[int, FloatArray] = {}
        for step in np.unique(before[before > 0]).tolist():
            size, mine = int(GRID[step - 1]), places[before == step]
            index, y = given.index[:size], given.y[:size]
            if len(self._kept) > KEPT:  # mostly for labels that were undone
                self._kept.clear()
            known = self._kept.setdefault(index.astype(np.int64).tobytes() + y.astype(np.int16).tobytes(), {})
            asked = np.array([i for i in given.index[mine].tolist() if i not in known], np.int64)
            if len(asked) and len(np.unique(y)) > 1 and not overtaken():
                try:
                    told = foretold(learner, index, y, asked)
                except NotYet:
                    continue
                known.update(zip(asked.tolist(), told, strict=True))
            found |= {int(i): known[row] for i in mine if (row := int(given.index[i])) in known}
        return found


@dataclass(frozen=True, eq=False)
class Rest:
    """The unlabeled items: ``index`` are their rows or a random sample, and ``n`` is their number."""

    index: npt.NDArray[np.int64]
    n: int

    @classmethod
    def of(cls, y: IntArray, most: int = MOST) -> Rest:
        """Return the rest for codes ``y``, -1 if unlabeled; all items if every item has a label."""
        among = np.flatnonzero(y < 0) if (y < 0).any() else np.arange(len(y))
        n = len(among)
        if n > most:
            # A fixed random order keeps the sample as stable as possible when items are labeled.
            draw = np.random.default_rng(0).permutation(len(y))
            among = np.sort(draw[np.isin(draw, among, assume_unique=True)][:most])
        return cls(among, n)


@dataclass(frozen=True, eq=False)
class Told:
    """A model's predictions, from which an estimate is computed.

    Attributes
    ----------
    answers
        Predictions for labeled items, by models without their label.
    P
        float of shape (k, n_classes): predictions for the items that the estimate is about, or for some of
        them.
    n
        Number of these items.
    n_audited
        Number of audited labels.
    rows
        int of shape (m,): the rows of the labeled items.
    part
        bool of shape (m,): which labeled items are in the same part of the pool as the items that the
        estimate is about; None for the whole pool.
    """

    answers: Answers
    P: FloatArray
    n: int
    n_audited: int
    rows: IntArray
    part: npt.NDArray[np.bool_] | None = None

    def estimate(self) -> Estimate:
        """Return the estimate for all items."""
        return Estimate(*share_right(self.answers, self.P, self.n, self.part), self.n_audited)

    def per_class(self) -> dict[int, Estimate]:
        """Return the estimates for the items predicted as each class, by class code."""
        found, predicted = {}, self.P.argmax(axis=1)
        for code in np.unique(predicted).tolist():
            mine, there = self.answers.predicted == code, predicted == code
            if mine.sum() < MIN_CLASS:
                continue
            n = max(int(there.sum()), round(self.n * float(there.mean())))
            share = share_right(self.answers, self.P[there], n, mine)
            found[code] = Estimate(*share, int((self.answers.kind[mine] == AUDITED).sum()))
        return found


def accuracy_estimate(
    learner: Learner,
    given: Given,
    rest: Rest,
    n: int | None = None,
    *,
    per_class: bool = False,
    measure: Callable[[Told], Estimate] = Told.estimate,
    earlier: Earlier | None = None,
    overtaken: Overtaken = lambda: False,
) -> Estimate:
    """Estimate the accuracy of the model on unlabeled items.

    The accuracy on audited items alone has a wide interval. It is also biased: these items were drawn from
    all items without a label at the time, but since then the strategy has removed hard ones. So the model's
    confidence is calibrated on all labels (see :func:`~.calibration.share_right`) and averaged over the
    unlabeled items. An audited item is predicted by a model of the labels before it (:class:`Earlier`), other
    items by a model of all labels but their own: by leave-one-out if the learner supports it
    (:class:`~.learner.LeavingOut`), else in ten folds (cross-fitting), by slightly worse models of nine
    tenths of the labels. Labels that were chosen, not drawn, show the effect of the confidence; the level may
    differ, and is estimated from the audited items. Labels given in bulk, as one act, count as one label.

    Parameters
    ----------
    learner
        A learner started on the pool, which may be refitted.
    given, rest
        The labels, and the items that the estimate is about.
    n
        Evaluate the model of the first ``n`` labels, by default all. Later labels are used for scoring too.
    per_class
        Whether to include estimates for each predicted class.
    measure
        Computes the estimate from the predictions; by default the accuracy.
    earlier
        A cache of results for the same learner on the same pool.
    overtaken
        Called between fits; if it returns True, the result is an empty estimate with n = 0.

    Raises
    ------
    NotYet
        If the learner cannot learn from a part of the labels yet.
    """
    audited, n = int(given.audited.sum()), len(given) if n is None else n
    if not audited or n < 2:
        return Estimate(None, None, None, audited)
    told = tell(learner, given, rest, n, overtaken, earlier)
    if told is None:
        return Estimate(None, None, None, 0)
    found = measure(told)
    return replace(found, per_class=told.per_class()) if per_class else found


def part_estimates(
    learner: Learner,
    given: Given,
    y: IntArray,
    parts: Sequence[npt.NDArray[np.bool_]],
    *,
    measure: Callable[[Told], Estimate] = Told.estimate,
    earlier: Earlier | None = None,
    overtaken: Overtaken = lambda: False,
) -> list[Estimate]:
    """Estimate the accuracy on the unlabeled items of parts of the pool, as in :func:`accuracy_estimate`.

    Each part has an offset of its own, see :func:`~.calibration.share_right`, so the interval of a part with
    few labels is wide.

    Parameters
    ----------
    y
        The class codes of all items, -1 if unlabeled.
    parts
        bool of shape (n_items,) each. The estimate is unknown for a part without unlabeled items.
    measure, earlier, overtaken
        As in :func:`accuracy_estimate`.
    """
    audited = [int((given.audited & part[given.index]).sum()) for part in parts]
    unknown = [Estimate(None, None, None, n) for n in audited]
    rests = [Rest.of(np.where(part, y, 0)) if (part & (y < 0)).any() else None for part in parts]
    sampled = [rest.index for rest in rests if rest is not None]
    if not sampled or len(given) < 2 or not given.audited.any():
        return unknown
    index = np.unique(np.concatenate(sampled))
    told = tell(learner, given, Rest(index, len(index)), len(given), overtaken, earlier)
    if told is None:
        return unknown
    found = []
    for part, rest, nothing in zip(parts, rests, unknown, strict=True):
        if rest is None:
            found.append(nothing)
            continue
        P = told.P[np.searchsorted(index, rest.index)]
        estimate = measure(replace(told, P=P, n=rest.n, part=part[told.rows]))
        found.append(replace(estimate, n=nothing.n))
    return found


def tell(
    learner: Learner,
    given: Given,
    rest: Rest,
    n: int,
    overtaken: Overtaken = lambda: False,
    earlier: Earlier | None = None,
) -> Told | None:
    """Return the predictions of the model of the first ``n`` labels, n >= 2; None if overtaken."""
    index, y, later = given.index[:n], given.y[:n], np.arange(n, len(given))
    before = (earlier or Earlier()).tell(learner, given, n, overtaken)
    if overtaken():
        return None
    asked = np.concatenate([given.index[later], rest.index])
    if leaves_out(learner) and len(np.unique(y)) > 1:
        P, among, own = learner.told_left_out(index, y, asked)
        own = np.array(own)
    else:
        P, among = foretold(learner, index, y, asked), np.arange(n)
        fitted = _cross_fitted(learner, index, y, given.audited[:n], overtaken)
        if fitted is None:
            return None
        own = fitted
    kind, weight = given.kinds(n)
    for j, place in enumerate(among.tolist()):
        if place in before:
            own[j] = before[place]
        elif given.audited[place]:  # its model was influenced by it, as for chosen items
            kind[place] = CHOSEN
    among = np.concatenate([among, later])
    answers = Answers(np.concatenate([own, P[: len(later)]]), given.y[among], kind[among], weight[among])
    return Told(answers, P[len(later) :], rest.n, int(given.audited.sum()), given.index[among])


def without_own(learner: Learner, given: Given) -> tuple[FloatArray, npt.NDArray[np.int64]]:
    """Return predictions of the labeled items by models of all labels but theirs.

    This judges the labels. To judge the model, use :func:`tell`: later questions depend on each label.

    Returns
    -------
    Probabilities, (k, n_classes), and the positions of their labels, ascending: all, or at most those of
    ``PASSES`` samples if a learner leaves out a sample at a time.

    Raises
    ------
    NotYet
        If the learner cannot learn from a part of the labels yet.
    """
    if leaves_out(learner) and len(np.unique(given.y)) > 1:
        _, places, own = learner.told_left_out(given.index, given.y, given.index[:1])
        found = {int(k): row for k, row in zip(places, own, strict=True)}
        for _ in range(PASSES - 1):
            left = np.setdiff1d(np.arange(len(given)), list(found))
            if not len(left):
                break
            # The same places are left out again, now with other labels in them.
            chosen = np.concatenate([left, np.setdiff1d(np.arange(len(given)), left)])[: len(places)]
            order = np.empty(len(given), np.int64)
            order[places] = chosen
            order[np.setdiff1d(np.arange(len(given)), places)] = np.setdiff1d(np.arange(len(given)), chosen)
            _, _, own = learner.told_left_out(given.index[order], given.y[order], given.index[:1])
            found |= {int(k): row for k, row in zip(chosen, own, strict=True)}
        among = np.array(sorted(found), np.int64)
        return np.array([found[k] for k in among.tolist()]), among
    fitted = _cross_fitted(learner, given.index, given.y, given.audited)
    assert fitted is not None  # noqa: S101 - nothing overtakes it
    return fitted, np.arange(len(given))


def _cross_fitted(
    learner: Learner,
    index: IntArray,
    y: IntArray,
    audited: npt.NDArray[np.bool_],
    overtaken: Overtaken = lambda: False,
) -> FloatArray | None:
    """Return predictions of each label by a model of the other folds; None if overtaken."""
    fold = _folds(audited)
    own: FloatArray | None = None
    for k in range(min(len(y), N_FOLDS)):
        if overtaken():
            return None
        held = fold == k
        told = foretold(learner, index[~held], y[~held], index[held])
        own = np.empty((len(y), told.shape[1])) if own is None else own
        own[held] = told
    return own


def _folds(audited: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Return the fold of every label, with audited and other labels evenly distributed."""
    fold = np.empty(len(audited), np.int64)
    order = np.concatenate([np.flatnonzero(audited), np.flatnonzero(~audited)])
    fold[order] = np.arange(len(audited)) % N_FOLDS
    return fold


def checkpoints(n: int, most: int = POINTS) -> list[int]:
    """Return at most ``most`` numbers of labels for points of the learning curve, ending with ``n``."""
    before = [g for g in GRID.tolist() if g < n][1 - POINTS :]
    some = np.linspace(0, len(before) - 1, min(len(before), most - 1)).astype(int)
    return [*(before[i] for i in some), n]


def learning_curve(
    learner: Learner,
    given: Given,
    rest: Rest,
    last: Estimate,
    *,
    measure: Callable[[Told], Estimate] = Told.estimate,
    earlier: Earlier | None = None,
    overtaken: Overtaken = lambda: False,
) -> list[CurvePoint]:
    """Return the estimates at every checkpoint; ``last`` is the estimate for all labels.

    All points refer to the same items, so they can be compared, and the curve does not depend on restarts or
    undone labels.
    """
    points = []
    earlier = earlier or Earlier()
    most = POINTS if leaves_out(learner) else POINTS_BY_FOLDS
    for n in checkpoints(len(given), most)[:-1]:
        try:
            estimate = accuracy_estimate(
                learner, given, rest, n, measure=measure, earlier=earlier, overtaken=overtaken
            )
        except NotYet:
            continue
        if overtaken():
            return []
        points.append(CurvePoint(n, estimate))
    return [*points, CurvePoint(len(given), last)]
