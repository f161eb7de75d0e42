"""Trusting: how good the labels and the model are, computed on request."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from hitl_widgets.learn.calibration import AUDITED
from hitl_widgets.learn.evaluate import Told
from hitl_widgets.learn.learner import NotYet
from hitl_widgets.loop.asking import Labels
from hitl_widgets.loop.blind import Blind
from hitl_widgets.loop.log import Log
from hitl_widgets.loop.trainer import Trainer
from hitl_widgets.quality.pace import answer_seconds, hasty, long_runs, usual_seconds
from hitl_widgets.quality.projection import Projection, project
from hitl_widgets.quality.sequential import anytime_interval, wilson
from hitl_widgets.quality.stopping import KAPPA, TIMES, advise, kappa, settled

__all__ = ["Advice", "Audit", "Band", "Pace", "Pair", "Report", "Trusting"]

# How many more labels the projection is about.
MORE = 50
# Successive models, by number of labels: their distance is at least this number, or this share of all labels.
STEP, SHARE = 10, 0.05
# Edges of the confidence in the diagram of the calibration.
EDGES = np.array([0.0, 0.5, 0.7, 0.8, 0.9, 0.97])
# With fewer audited labels, the calibration is shown for all labels.
FEW = 30

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Audit:
    """How many audited items the model predicted correctly, before it had seen their label.

    ``low`` and ``high`` hold if the number of audited items was fixed beforehand (Wilson 1927); ``any_low``
    and ``any_high`` at all times at once, so also for somebody who stops when they like what they see.
    """

    right: int
    n: int
    low: float
    high: float
    any_low: float
    any_high: float


@dataclass(frozen=True)
class Band:
    """Predictions of similar confidence: their mean confidence, and how many were correct."""

    n: int
    right: int
    confidence: float
    low: float
    high: float


@dataclass(frozen=True)
class Advice:
    """Whether to go on labeling, and why.

    ``say`` is ``stop``, ``go on`` or ``unclear``.
    """

    say: Literal["stop", "go on", "unclear"]
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Pair:
    """How far two annotators agree on the ``n`` items that both labelled."""

    one: int
    two: int
    n: int
    agree: float
    kappa: float | None


@dataclass(frozen=True)
class Pace:
    """How fast one annotator labels, and which labels to look at again.

    ``n`` labels were given one by one, ``seconds`` is the median time of those whose time is known.
    ``again`` items were asked twice, and ``same`` of them were answered as before; ``low`` and ``high`` are
    Wilson's interval of that share.
    """

    annotator: str
    n: int
    n_timed: int
    seconds: float | None
    hasty: Rows
    runs: Rows
    n_runs: int
    again: int = 0
    same: int = 0
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, eq=False)
class Report:
    """What is known at one moment.

    Attributes
    ----------
    labels
        The labels that it is about.
    rows, y, predicted, confidence
        Labelled items, their label, and what a model predicted that had not seen it, (m,) each; m is 0 before
        there is a model.
    audited
        bool of shape (m,): drawn at random.
    audit
        The audited items; None if nothing is audited.
    bands, banded
        The calibration, and whether it is that of audited items only.
    projection, advice
        What the next labels are worth, and whether to go on.
    people, pairs, alpha
        The annotators; each two who labelled the same items; Krippendorff's alpha of all with its interval
        and its number of items, None with fewer than two opinions.
    pace
        That of this session's annotator.
    """

    labels: Labels
    rows: Rows
    y: Rows
    predicted: Rows
    confidence: npt.NDArray[np.float64]
    audited: npt.NDArray[np.bool_]
    audit: Audit | None
    bands: tuple[Band, ...]
    banded: bool
    projection: Projection | None
    advice: Advice
    people: tuple[str, ...]
    pairs: tuple[Pair, ...]
    alpha: tuple[int, float, float, float] | None
    pace: Pace
    said: dict[int, dict[str, Any]] = field(default_factory=dict)

    def confusion(self) -> npt.NDArray[np.int64]:
        """How many items with each label were predicted as each class, (n_classes, n_classes)."""
        k = len(self.labels.schema.classes)
        counts = np.zeros((k, k), np.int64)
        np.add.at(counts, (self.y, self.predicted), 1)
        return counts

    def cell(self, label: int, predicted: int) -> Rows:
        """The rows of a cell of the confusion matrix."""
        return np.sort(self.rows[(self.y == label) & (self.predicted == predicted)])

    def band(self, place: int) -> Rows:
        """The rows of a band of the calibration."""
        mine = _band_of(self.confidence) == place
        return np.sort(self.rows[mine & self.audited if self.banded else mine])

    def pair(self, one: int, two: int) -> Rows:
        """The rows about which two annotators differ, or all that both labelled if they differ about none."""
        a, b = self.people[one], self.people[two]
        both = [(row, given[a], given[b]) for row, given in self.said.items() if a in given and b in given]
        differ = [row for row, x, y in both if x != y]
        return np.sort(np.asarray(differ or [row for row, _, _ in both], np.int64))


class Trusting:
    """Computes the report on request, at most once for each state of the log. Thread-safe.

    Parameters
    ----------
    log, trainer, blind
        Parts of the session.
    """

    def __init__(self, log: Log, trainer: Trainer, blind: Blind) -> None:
        self._log, self._trainer, self._blind = log, trainer, blind
        self._lock = threading.Lock()
        self._made: tuple[object, Report] | None = None

    def report(self) -> Report:
        """Return the report on the current labels."""
        with self._lock:
            key = self._log.n_events, self._trainer.evaluation.n_events, self._log.labels.task
            if self._made is None or self._made[0] != key:
                self._made = key, self._report()
            return self._made[1]

    def pace(self, annotator: str) -> Pace:
        """How fast an annotator labels, and which labels to look at again."""
        fold, naming = self._log.ledger.fold, self._log.ledger.naming
        with self._log.lock:
            acts = list(fold.acts(annotator=annotator))
            single = [
                e
                for e, holds in acts
                if holds and e.kind == "label" and len(e.item_ids) == 1 and fold.now(e) is not None
            ]
            places = [naming.row(e.item_ids[0]) for e in single]
            seconds = np.array([np.nan if e.elapsed_ms is None else e.elapsed_ms / 1000 for e in single])
            answers = [repr(fold.now(e)) for e in single]
            twice = [
                (fold.now(before), fold.now(later))
                for _, before, later in fold.again
                if later.annotator == annotator
            ]
        rows = np.array([-1 if row is None else row for row in places], np.int64)
        fast, runs = hasty(seconds), long_runs(answers)
        in_run = np.zeros(len(single), np.bool_)
        for start, end in runs:
            in_run[start:end] = True
        timed = [event for event, _ in acts]
        same = sum(a == b for a, b in twice)
        low, high = wilson(same, len(twice)) if twice else (None, None)
        return Pace(
            annotator,
            len(single),
            len(answer_seconds(timed)),
            usual_seconds(timed),
            np.unique(rows[fast & (rows >= 0)]),
            np.unique(rows[in_run & (rows >= 0)]),
            len(runs),
            len(twice),
            same,
            low,
            high,
        )

    def _report(self) -> Report:
        labels, told = self._held_out()
        hidden = self._blind.mask(labels)
        rows: Any = np.zeros(0, np.int64)
        y = predicted = rows
        confidence, audited = np.zeros(0), np.zeros(0, np.bool_)
        if told is not None:
            of = told.answers
            shown = ~hidden[told.rows] & (of.y < len(labels.schema.classes))
            rows, y, predicted = told.rows[shown], of.y[shown], of.predicted[shown]
            confidence, audited = of.P.max(axis=1)[shown].astype(float), (of.kind == AUDITED)[shown]
        right = predicted == y
        audit = None
        if n := int(audited.sum()):
            k = int(right[audited].sum())
            audit = Audit(k, n, *wilson(k, n), *anytime_interval(k, n))
        banded = n >= FEW
        mine = audited if banded else np.ones(len(rows), np.bool_)
        people, pairs, alpha, said = self._agreement(hidden)
        pace, projection = self.pace(self._log.annotator), self._projection(labels)
        return Report(
            labels,
            rows,
            y,
            predicted,
            confidence,
            audited,
            audit,
            _bands(confidence[mine], right[mine]),
            banded,
            projection,
            self._advice(labels, told, projection, pace),
            people,
            pairs,
            alpha,
            pace,
            said,
        )

    def _held_out(self) -> tuple[Labels, Told | None]:
        if self._log.labels.kind.name != "choice":
            return self._log.labels, None
        try:
            return self._trainer.held_out()
        except NotYet:
            return self._log.labels, None

    def _projection(self, labels: Labels) -> Projection | None:
        """What the next labels are worth."""
        n, problem = len(labels.given()), labels.target.problem
        if not n or problem.scale != (0.0, 1.0):
            return None
        return project(self._trainer.evaluation.estimate, n, MORE)

    def _advice(self, labels: Labels, told: Told | None, projection: Projection | None, pace: Pace) -> Advice:
        n = len(labels.given())
        step = max(STEP, round(SHARE * n))
        sizes = [n - step * k for k in range(TIMES, -1, -1)]
        if told is None:
            return Advice("unclear", ("There is no model yet.",))
        reasons, still = [], None
        if sizes[0] < 2 * STEP:
            reasons.append(
                "Too few labels to see whether the predictions still change: label "
                f"{2 * STEP + TIMES * STEP - n} more."
            )
        elif (found := self._trainer.successive(sizes)) is None:
            reasons.append("The model cannot learn from a part of the labels yet.")
        else:
            still = settled(found) is not None
            agree = ", ".join(f"{kappa(a, b):.2f}" for a, b in pairwise(found))
            reasons.append(
                f"The predictions for {len(found[0]):,} unlabelled items "
                f"{'no longer change' if still else 'still change'}: each of the last {TIMES + 1} models, "
                f"{step} labels apart, agrees with the one before with a kappa of {agree} "
                f"({KAPPA} or more, {TIMES} times in a row, counts as settled)."
            )
        if projection is not None:
            reasons.append(
                f"The next {projection.more} labels are worth about {_points(projection.gain)} points of "
                f"accuracy ({_points(projection.low)} to {_points(projection.high)}), as after "
                f"{projection.n_labels:,} labels in simulated sessions on other data."
            )
        else:
            reasons.append(
                "What more labels are worth is known from 50 labels on, with some of them audited."
            )
        say = advise(still, projection)
        if self._trainer.evaluation.rising:
            reasons.append(
                "The share of errors still falls, but few are left."
                if say == "stop"
                else "The learning curve still rises beyond doubt."
            )
        if pace.seconds is not None:
            reasons.append(
                f"At your pace, {MORE} labels take about {_time(MORE * pace.seconds)} (median of "
                f"{pace.n_timed:,} labels)."
            )
        return Advice(say, tuple(reasons))

    def _agreement(
        self, hidden: npt.NDArray[np.bool_]
    ) -> tuple[
        tuple[str, ...],
        tuple[Pair, ...],
        tuple[int, float, float, float] | None,
        dict[int, dict[str, Any]],
    ]:
        """The annotators, how far each two agree, alpha of all, and the answers of each item."""
        ledger = self._log.ledger
        said: dict[int, dict[str, Any]] = {}
        with self._log.lock:
            if len(ledger.fold.given) < 2:
                return (), (), None, {}
            kind, schema = ledger.fold.kind, ledger.schema
            for key, row in ledger.naming.placed(ledger.fold):
                if row is None or hidden[row]:
                    continue
                for event in ledger.fold.current(key).values():
                    if (answer := ledger.fold.now(event)) is not None:
                        said.setdefault(row, {})[event.annotator] = answer
        several = {row: given for row, given in said.items() if len(given) > 1}
        people = tuple(sorted({who for given in said.values() for who in given}))
        import pandas as pd

        from hitl_widgets.quality.agreement import agreement, reliability

        table = pd.DataFrame(
            [(row, answer, who) for row, given in several.items() for who, answer in given.items()],
            columns=["id", "label", "annotator"],
        )

        def agree(a: Any, b: Any) -> float:
            return kind.agree(a, b, schema)

        place = {who: k for k, who in enumerate(people)}
        pairs = []
        for one, a in place.items():
            for two, b in place.items():
                if a < b and len(found := agreement(table[table["annotator"].isin([one, two])], agree)):
                    line = found.iloc[0]
                    beyond = None if pd.isna(line["kappa"]) else float(line["kappa"])
                    pairs.append(Pair(a, b, int(line["n"]), float(line["agree"]), beyond))
        alpha = None
        if several:
            with suppress(ValueError):  # too many different answers
                found = reliability(table, agree)
                value, low, high = found[["value", "low", "high"]].to_numpy(np.float64)[1]
                if np.isfinite([value, low, high]).all():
                    alpha = len(several), float(value), float(low), float(high)
        return people, tuple(pairs), alpha, several


def _bands(confidence: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]) -> tuple[Band, ...]:
    """The calibration, with Wilson's interval of each band; empty bands too."""
    of = _band_of(confidence)
    found = []
    for place in range(len(EDGES)):
        mine = of == place
        n, k = int(mine.sum()), int(right[mine].sum())
        low, high = wilson(k, n) if n else (0.0, 1.0)
        found.append(Band(n, k, float(confidence[mine].mean()) if n else 0.0, low, high))
    return tuple(found)


def _band_of(confidence: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    return np.asarray(np.searchsorted(EDGES, confidence, side="right") - 1)


def _points(gain: float) -> str:
    return f"{100 * gain:+.1f}".replace("-", "\u2212")


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} minutes"
