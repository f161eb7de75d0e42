"""The current answers of all annotators, and the texts that they corrected: all of these teach the reward."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.questions.pair import PLACES

if TYPE_CHECKING:
    from hitl_widgets.loop.log import Log
    from hitl_widgets.questions.base import Answer

__all__ = ["Given", "Revised", "Voices", "given"]


@dataclass(frozen=True)
class Revised:
    """A corrected text.

    Attributes
    ----------
    row
        The pair in which it was corrected.
    place
        That of its draft: 0 the first, 1 the second.
    text
        What the draft became.
    who
        The annotator.
    """

    row: int
    place: int
    text: str
    who: str


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
    revised
        The texts that were corrected in any current answer, also to pairs that a reviewer has decided.
    """

    rows: npt.NDArray[np.int64]
    y: npt.NDArray[Any]
    answers: list[Answer]
    who: list[str]
    revised: list[Revised] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.rows)


def given(log: Log) -> Given:
    """Return everybody's current answers; of an item that a reviewer has decided, the decision."""
    found, revised = [], []
    with log.lock:
        ledger = log.ledger
        fold, schema = ledger.fold, ledger.schema
        for key, row in ledger.naming.placed(fold):
            if row is None:
                continue
            decided, current = fold.verdict(key), [*fold.current(key).values()]
            for event in current if decided is None else [decided]:
                answer = fold.now(event)
                if answer is not None:
                    found.append((fold.order(event), row, answer, event.annotator))
            for event in current if decided is None else [*current, decided]:
                for place, text in getattr(fold.now(event), "revisions", ()):
                    one = Revised(row, PLACES.index(place), text, event.annotator)
                    revised.append((fold.order(event), one))
        kind = fold.kind
    found.sort(key=lambda one: one[:2])
    answers = [answer for _, _, answer, _ in found]
    target = kind.target(answers, schema)
    taught = np.flatnonzero(np.asarray(target.teaches, bool))
    rows, at = np.array([row for _, row, *_ in found], np.int64), taught.tolist()
    who = [found[i][3] for i in at]
    revised.sort(key=lambda one: one[0])
    texts = list(dict.fromkeys(one for _, one in revised))
    return Given(rows[taught], target.values[taught], [answers[i] for i in at], who, texts)


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
        asked = set(rows.tolist())
        revised = [one for one in every.revised if one.row in asked]
        return Given(every.rows[at], every.y[at], answers, who, revised)
