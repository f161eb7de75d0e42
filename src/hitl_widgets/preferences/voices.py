"""The current answers of all annotators, each of which teaches the reward."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from hitl_widgets.loop.log import Log
    from hitl_widgets.questions.base import Answer

__all__ = ["Given", "Voices", "given"]


@dataclass(frozen=True, eq=False)
class Given:
    """Answers to pairs or lists, oldest first.

    Attributes
    ----------
    rows
        int64 of shape (m,): the row of the pool that each is about.
    y
        The training target of each: the code of a class, or the ranks of a list.
    answers
        The answers.
    who
        Who gave each.
    """

    rows: npt.NDArray[np.int64]
    y: npt.NDArray[Any]
    answers: list[Answer]
    who: list[str]

    def __len__(self) -> int:
        return len(self.rows)


def given(log: Log) -> Given:
    """Return everybody's current answers; of an item that a reviewer has decided, the decision."""
    found = []
    with log.lock:
        ledger = log.ledger
        fold, schema = ledger.fold, ledger.schema
        for key, row in ledger.naming.placed(fold):
            if row is None:
                continue
            decided = fold.verdict(key)
            for event in fold.current(key).values() if decided is None else [decided]:
                answer = fold.now(event)
                if answer is not None:
                    found.append((fold.order(event), row, answer, event.annotator))
        kind = fold.kind
    found.sort(key=lambda one: one[:2])
    answers = [answer for _, _, answer, _ in found]
    target = kind.target(answers, schema)
    taught = np.flatnonzero(np.asarray(target.teaches, bool))
    rows, at = np.array([row for _, row, *_ in found], np.int64), taught.tolist()
    who = [found[i][3] for i in at]
    return Given(rows[taught], target.values[taught], [answers[i] for i in at], who)


class Voices:
    """What everybody says of the rows that a learner is taught.

    A session teaches one answer for each item. A learner that has this also learns those of the others.
    """

    def __init__(self) -> None:
        self._log: Log | None = None
        self._known: tuple[int, Given] | None = None

    def listen(self, log: Log) -> None:
        """Read the answers from this log, and teach again what was taught without them."""
        self._log = log
        log.follow()

    def of(self, rows: npt.NDArray[np.integer[Any]]) -> Given | None:
        """Return the answers about these rows; None if there is no log."""
        if self._log is None:
            return None
        with self._log.lock:
            known = self._known
            if known is None or known[0] != self._log.n_events:
                self._known = known = self._log.n_events, given(self._log)
        every = known[1]
        at = np.flatnonzero(np.isin(every.rows, rows))
        answers, who = [every.answers[i] for i in at], [every.who[i] for i in at]
        return Given(every.rows[at], every.y[at], answers, who)
