"""How good the model is on what is not labelled yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
    "tell",
]

N_FOLDS = 10
# Of more items that are not labelled so many are drawn: a pass over all of them would take too long.
MOST = 2_000
# Labels of items that the model calls one class, before that class has a figure of its own.
MIN_CLASS = 10
# Points of the learning curve. Where every point takes a fit for each fold there are fewer.
POINTS, POINTS_BY_FOLDS = 11, 6

# Numbers of labels at which the learning curve has a point, and of which models tell audited items.
KEPT = 200
GRID = np.array([5, 10, 15, 20, 30, 40, 50, 75, 100, 150, 200, 300, 500, 750, 1000, 2000, 5000, 10_000])

Overtaken = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Estimate:
    """An accuracy with its 95 % interval.

    Attributes
    ----------
    value, low, high
        The share of the items without a label that the model gets right, and its interval; None before
        anything was audited, or while the model cannot be measured yet. "Right" is what the annotators would
        say: where they err, so does the measure.
    n
        How many items were audited.
    per_class
        By class: the share right among the items that the model calls so, for classes of which it has called
        ten labelled items so; their ``n`` is the number of audited ones among these.
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
    """The estimate for a model that knew the first ``n_labels`` labels."""

    n_labels: int
    estimate: Estimate


@dataclass(frozen=True, eq=False)
class Given:
    """The labels that hold, in the order in which they were given.

    Attributes
    ----------
    index, y
        Rows and class codes, (m,).
    audited
        bool of shape (m,): drawn at random for the audit.
    act
        int64 of shape (m,): the act that gave the label; what was labelled in bulk shares one.
    """

    index: IntArray
    y: IntArray
    audited: npt.NDArray[np.bool_]
    act: IntArray

    def __len__(self) -> int:
        return len(self.y)

    def kinds(self, n: int) -> tuple[IntArray, npt.NDArray[np.float64]]:
        """How each came about where a model knows the first ``n``, and how much it counts, (m,) each."""
        _, place, size = np.unique(self.act, return_inverse=True, return_counts=True)
        size = size[place]
        kind = np.where(size > 1, IN_BULK, CHOSEN)
        kind[n:] = LATER  # chosen by later models: another choice
        kind[self.audited] = AUDITED
        # One act is one look, on however many items: together they count as much as one.
        return kind, np.where(self.audited, 1.0, 1 / size)


class Earlier:
    """What models of earlier labels alone say of audited items; what was found is kept.

    What is asked depends on every label so far: a model of all labels but one is not without that one's
    trace in what was asked after it, and is right on it more often than on a new item; of features that say
    nothing, in two of three cases instead of one of two. A model of the labels before it knows
    nothing of it (prequential: Dawid 1984; progressive validation: Blum, Kalai and Langford 1999). So
    it tells each audited item, with as many of the labels before it as there is a number for in ``GRID``.
    """

    def __init__(self) -> None:
        self._kept: dict[bytes, dict[int, FloatArray]] = {}

    def tell(
        self, learner: Learner, given: Given, n: int, overtaken: Overtaken = lambda: False
    ) -> dict[int, FloatArray]:
        """The probabilities by the place of the label, of audited ones among the first ``n``.

        Those are missing before which there were too few labels, and after the work was overtaken.
        """
        places = np.flatnonzero(given.audited[:n])
        before = np.searchsorted(GRID, places, side="right")
        found: dict[int, FloatArray] = {}
        for step in np.unique(before[before > 0]).tolist():
            size, mine = int(GRID[step - 1]), places[before == step]
            index, y = given.index[:size], given.y[:size]
            if len(self._kept) > KEPT:  # of labels that were taken back, mostly
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
    """The items without a label: ``index`` are their rows, or some drawn at random, and ``n`` counts all."""

    index: npt.NDArray[np.int64]
    n: int

    @classmethod
    def of(cls, y: IntArray, most: int = MOST) -> Rest:
        """Of a pool with codes ``y``, -1 where not labelled; of all its items where every one has a label."""
        among = np.flatnonzero(y < 0) if (y < 0).any() else np.arange(len(y))
        n = len(among)
        if n > most:
            # The same rows as before, as far as they are not labelled meanwhile: nothing jumps by the draw.
            draw = np.random.default_rng(0).permutation(len(y))
            among = np.sort(draw[np.isin(draw, among, assume_unique=True)][:most])
        return cls(among, n)


@dataclass(frozen=True, eq=False)
class Told:
    """What a model says: all that an estimate is made of.

    Attributes
    ----------
    answers
        Of labelled items, by models without their label.
    P
        float of shape (k, n_classes): what the model says of the items that the estimate is about, or of
        some of them.
    n
        How many they are.
    n_audited
        How many labels were drawn at random.
    """

    answers: Answers
    P: FloatArray
    n: int
    n_audited: int

    def estimate(self) -> Estimate:
        """The share right of all items."""
        return Estimate(*share_right(self.answers, self.P, self.n), self.n_audited)

    def per_class(self) -> dict[int, Estimate]:
        """The share right of the items that the model calls so, by class code."""
        found, predicted = {}, self.P.argmax(axis=1)
        for code in np.unique(predicted).tolist():
            mine, there = self.answers.predicted == code, predicted == code
            if mine.sum() < MIN_CLASS:
                continue
            n = max(int(there.sum()), round(self.n * float(there.mean())))
            share = share_right(self.answers, self.P[there], n, code)
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
    """How often the model is right on items without a label.

    Counting right answers on the audited items alone gives a wide interval, and a biased one: they were
    drawn from all items that had no label then, and the strategy has taken the hard ones out of what is
    left. So the model's confidence is calibrated on all labels (:func:`~.calibration.share_right` says how)
    and averaged over the items without a label. An audited item is told by a model of the labels before it
    (:class:`Earlier`), any other by a model of all labels but its own: by leave-one-out where the learner
    offers it (:class:`~.learner.LeavingOut`), else in ten folds (cross-fitting), by models of nine tenths of
    the labels, which are a little worse. Labels that were chosen and not drawn tell how sure answers fare
    against unsure ones; their level may differ, and is learned from the audited items. What was labelled in
    bulk, as one act, counts as one label.

    Parameters
    ----------
    learner
        Started on the pool, and free to be fitted anew.
    given, rest
        The labels, and the items that the estimate is about.
    n
        Measure the model of the first ``n`` labels; of all where None. Later labels score it as well.
    per_class
        Whether to give the share right for each class that the model says, too.
    measure
        What to make of what the models say; the share right unless told otherwise.
    earlier
        What was found for the same learner on the same pool before, so that it is not found again.
    overtaken
        Asked between fits; True abandons the estimate and returns one of n = 0.

    Raises
    ------
    NotYet
        Where the learner cannot learn from a part of the labels yet.
    """
    audited, n = int(given.audited.sum()), len(given) if n is None else n
    if not audited or n < 2:
        return Estimate(None, None, None, audited)
    told = tell(learner, given, rest, n, overtaken, earlier)
    if told is None:
        return Estimate(None, None, None, 0)
    found = measure(told)
    return replace(found, per_class=told.per_class()) if per_class else found


def tell(
    learner: Learner,
    given: Given,
    rest: Rest,
    n: int,
    overtaken: Overtaken = lambda: False,
    earlier: Earlier | None = None,
) -> Told | None:
    """What the model of the first ``n`` labels says, n >= 2; None where it is overtaken."""
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
        own = np.empty((n, P.shape[1]))
        fold = _folds(given.audited[:n])
        for k in range(min(n, N_FOLDS)):
            if overtaken():
                return None
            held = fold == k
            own[held] = foretold(learner, index[~held], y[~held], index[held])
    kind, weight = given.kinds(n)
    for j, place in enumerate(among.tolist()):
        if place in before:
            own[j] = before[place]
        elif given.audited[place]:  # told by a model that bears its trace, as what was chosen is
            kind[place] = CHOSEN
    among = np.concatenate([among, later])
    answers = Answers(np.concatenate([own, P[: len(later)]]), given.y[among], kind[among], weight[among])
    return Told(answers, P[len(later) :], rest.n, int(given.audited.sum()))


def _folds(audited: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """The fold of every label: audited and other ones are each dealt out evenly, and the two in turn."""
    fold = np.empty(len(audited), np.int64)
    order = np.concatenate([np.flatnonzero(audited), np.flatnonzero(~audited)])
    fold[order] = np.arange(len(audited)) % N_FOLDS
    return fold


def checkpoints(n: int, most: int = POINTS) -> list[int]:
    """Numbers of labels at which the learning curve is drawn: at most so many, ending with ``n``."""
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
    """The estimate after the first labels, for every checkpoint; ``last`` is that of all of them.

    All points speak of the same items, so they can be compared, and the curve is the same after a restart or
    an undo as if it had been drawn without.
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
