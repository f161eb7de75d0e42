"""Suspecting: which labels are worth a second look, and which of these somebody has kept."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.learn.learner import FloatArray, Landmarks
from hitl_widgets.loop.asking import Ground, Labels
from hitl_widgets.loop.log import Log
from hitl_widgets.loop.trainer import Trainer
from hitl_widgets.loop.words import within
from hitl_widgets.quality.suspects import contradictions, doubtful_again, even

__all__ = ["Suspecting", "Suspects"]

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Suspects:
    """What speaks against the labels, most doubtful first.

    Attributes
    ----------
    labels
        The labels that were judged.
    rows
        int64 of shape (k,): the rows of labelled items; all, or a sample if there are very many.
    confidence
        float64 of shape (k,): the probability of the label, by models of all labels but that one.
    predicted, probability
        The code of the most likely class, and its probability, (k,) each.
    beside
        For rows with a neighbour that is nearly the same but has another label: the row of the neighbour.
    before
        For rows whose annotator answered differently when asked again: the code of the earlier answer.
    kept
        bool of shape (k,): reviewed and kept, with nothing new against the label since.
    """

    labels: Labels
    rows: Rows
    confidence: FloatArray
    predicted: npt.NDArray[np.int64]
    probability: FloatArray
    beside: dict[int, int] = field(default_factory=dict)
    before: dict[int, int] = field(default_factory=dict)
    kept: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))

    @property
    def listed(self) -> npt.NDArray[np.bool_]:
        """Bool of shape (k,): labels against which something speaks, and that nobody has kept."""
        other = self.predicted != self.labels.y[self.rows]
        return np.asarray((other | _against(self.rows, self.beside, self.before)) & ~self.kept, np.bool_)

    @property
    def doubt(self) -> FloatArray:
        """How doubtful each label is, 0 to 1, (k,); 0 if it was kept."""
        against = _against(self.rows, self.beside, self.before)
        return np.asarray(np.where(self.kept, 0.0, 1 - even(self.confidence, against)))

    def at(self, row: int) -> int | None:
        """The position of a row; None if its label was not judged."""
        found = np.flatnonzero(self.rows == row)
        return int(found[0]) if len(found) else None


@dataclass(frozen=True, eq=False)
class _Known:
    """What the model and the graph say of some labels."""

    ground: Ground
    task: object
    given: tuple[npt.NDArray[Any], npt.NDArray[Any]]
    rows: Rows
    P: FloatArray
    pairs: Rows


class Suspecting:
    """Judges labels on request; the model is asked again only after labels have changed. Thread-safe.

    Parameters
    ----------
    log, trainer
        Parts of the session.
    ground
        Returns the features and the graph of the items; None before there are features.
    """

    def __init__(self, log: Log, trainer: Trainer, ground: Callable[[], Ground | None]) -> None:
        self._log, self._trainer, self._ground = log, trainer, ground
        self._lock = threading.Lock()
        self._known: _Known | None = None

    def found(self) -> Suspects | None:
        """Judge the current labels; None if there is no model yet, or the question has no single class."""
        labels, ground = self._log.labels, self._ground()
        if ground is None or labels.kind.name != "choice":
            return None
        with self._lock:
            known = self._judged(labels, ground)
        if known is None:
            return None
        codes = labels.y[known.rows]
        confidence = known.P[np.arange(len(codes)), codes]
        beside = _beside(known.pairs, labels)
        before = self._before(labels)
        order = np.lexsort((confidence, even(confidence, _against(known.rows, beside, before))))
        rows, confidence = known.rows[order], confidence[order]
        return Suspects(
            labels,
            rows,
            confidence,
            known.P.argmax(axis=1)[order],
            known.P.max(axis=1)[order],
            beside,
            before,
            self._kept(labels, rows, confidence, beside),
        )

    def confidence(self, row: int) -> float | None:
        """The probability of the label of a row by the model without it, as it was last computed."""
        with self._lock:
            known = self._known
        if known is None or row not in (rows := known.rows.tolist()):
            return None
        code = int(self._log.labels.y[row])
        place = rows.index(row)
        return round(float(known.P[place, code]), 4) if 0 <= code < known.P.shape[1] else None

    def why(self, found: Suspects, row: int, *, named: bool = True) -> str:
        """Say what speaks against the label of a row; empty if nothing does.

        ``named``: whether to give the id of an item that is nearly the same.
        """
        names, ids, reasons = found.labels.schema.all_names, self._log.ledger.pool.ids, []
        label, place = int(found.labels.y[row]), found.at(row)
        if row in found.before:
            reasons.append(f"before, the answer was {within(names[found.before[row]])}")
        if (near := found.beside.get(row)) is not None:
            other = within(names[int(found.labels.y[near])])
            which = f"nearly the same as item {within(str(ids[near]))}, which"
            reasons.append(f"{which if named else 'an item that is nearly the same'} is labelled {other}")
        if place is not None and (guess := int(found.predicted[place])) != label:
            sure = f"{100 * found.probability[place]:.0f} %"
            reasons.append(f"the model of the other labels says {within(names[guess])} ({sure})")
        return "; ".join(reasons)

    def missing(self, found: Suspects | None) -> str:
        """Say why there is nothing to look at."""
        if self._log.labels.kind.name != "choice":
            return "Doubtful labels are found for questions with one class per item only."
        if found is None:
            return "There is no model yet that could doubt a label: label a few items of two classes first."
        if found.kept.any():
            return "Nothing new speaks against a label: the doubtful ones were looked at and kept."
        return "Nothing speaks against a label so far."

    def giver(self, row: int) -> str:
        """Who gave the label of a row; empty if it was this annotator."""
        with self._log.lock:
            event = self._log.ledger.fold.answer(self._log.ledger.pool.keys[row])
        return "" if event is None or event.annotator == self._log.annotator else event.annotator

    def _judged(self, labels: Labels, ground: Ground) -> _Known | None:
        given = labels.given()
        known = self._known
        if (
            known is not None
            and known.ground is ground
            and known.task == labels.task
            and np.array_equal(known.given[0], given.index)
            and np.array_equal(known.given[1], given.y)
        ):
            return known
        found = self._trainer.doubted(labels, ground)
        if found is None:
            self._known = None
            return None
        pairs = np.zeros((0, 2), np.int64)
        if ground.affinity is not None and not isinstance(ground.affinity, Landmarks):
            pairs = contradictions(ground.X, ground.affinity, labels.taught)
        rows, P = found
        self._known = _Known(ground, labels.task, (given.index, given.y), rows, P, pairs)
        return self._known

    def _before(self, labels: Labels) -> dict[int, int]:
        """The earlier answers of people who answered differently when they were asked again."""
        found: dict[int, int] = {}
        ledger = self._log.ledger
        with self._log.lock:
            for key, earlier, later in ledger.fold.again:
                row = ledger.naming.row(key)
                if row is None or ledger.fold.order(later) != labels.order[row]:
                    continue
                was = ledger.code(earlier)
                if was not in {-1, int(labels.y[row])}:
                    found[row] = was
        return found

    def _kept(
        self, labels: Labels, rows: Rows, confidence: FloatArray, beside: dict[int, int]
    ) -> npt.NDArray[np.bool_]:
        """Whether each label was kept, and nothing new speaks against it."""
        kept = np.zeros(len(rows), np.bool_)
        ledger = self._log.ledger
        with self._log.lock:
            reviewed = {row for key in ledger.fold.reviewed if (row := ledger.naming.row(key)) is not None}
            decided = {ledger.naming.row(key) for key in ledger.fold.judged if ledger.fold.verdict(key)}
            for place, row in enumerate(rows.tolist()):
                if row in decided:  # by a reviewer, with certainty
                    kept[place] = True
                elif row in reviewed:
                    last = self._last_kept(labels, row)
                    if last is None:
                        continue
                    at, sure = last
                    near = beside.get(row)
                    news = near is not None and labels.order[near] > at
                    kept[place] = not news and not doubtful_again(sure, float(confidence[place]))
        return kept

    def _last_kept(self, labels: Labels, row: int) -> tuple[int, float | None] | None:
        """When the current label of a row was last kept, and how likely the model found it then."""
        answer = labels.answers[labels.y[row]]
        for at, said, sure in self._log.ledger.fold.kept(self._log.ledger.pool.keys[row]):
            if said == answer and at > labels.order[row]:
                return at, sure
        return None


def _against(rows: Rows, *evidence: dict[int, int]) -> npt.NDArray[np.bool_]:
    """Whether something other than the model speaks against each label, bool (k,)."""
    return np.array([any(row in found for found in evidence) for row in rows.tolist()], np.bool_)


def _beside(pairs: Rows, labels: Labels) -> dict[int, int]:
    """For each row of these pairs, its counterpart that was labelled last."""
    found: dict[int, int] = {}
    for one, two in [*pairs.tolist(), *pairs[:, ::-1].tolist()]:
        if one not in found or labels.order[two] > labels.order[found[one]]:
            found[one] = two
    return found
