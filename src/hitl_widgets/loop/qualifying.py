"""Qualifying: a practice round, and questions with known answers that people must pass before they label."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hitl_widgets.errors import InvalidInput
from hitl_widgets.labels.crew import Required, Trial
from hitl_widgets.labels.events import LabelEvent, because_of, is_gold, new_event_id
from hitl_widgets.loop.log import Log
from hitl_widgets.loop.words import within

__all__ = ["Qualifying", "Question", "gold_rows"]

# From this agreement with the known answer on, an answer counts as right when it is explained.
RIGHT = 0.9


@dataclass(frozen=True)
class Question:
    """A question of a practice round or a qualification: the row of its item, and where it stands."""

    row: int
    practice: bool
    number: int
    of: int

    @property
    def words(self) -> str:
        """What the card says of it."""
        what = "practice" if self.practice else "qualification"
        after = ", explained after your answer" if self.practice else ""
        return f"{what}: question {self.number} of {self.of}{after}"


class Qualifying:
    """What this annotator is asked before they may label.

    The questions are gold: items with known answers (:meth:`Session.gold`). The answers are trials in the
    log, never labels, and cannot be undone. A failed attempt is followed by another one with other questions,
    as far as there are any, until ``tries`` are used up.

    Parameters
    ----------
    log
        The log.
    """

    def __init__(self, log: Log) -> None:
        self._log = log

    @property
    def waits(self) -> bool:
        """Whether this annotator may not label yet."""
        with self._log.lock:
            return not self._crew.may_label(self._log.annotator)

    @property
    def _crew(self) -> Any:
        return self._log.ledger.fold.crew

    def questions(self) -> list[Question]:
        """What is asked next, in order; nothing if this annotator may label, or may not try again."""
        with self._log.lock:
            required = self._crew.required
            if required is None or not self.waits or self._failed() >= required.tries:
                return []
            attempt, trials = self._failed(), self._trials()
            here = [trial for trial in trials if trial.attempt == attempt]
            done = {trial.key for trial in here}
            rows = [row for row in self._order(attempt, trials) if self._key(row) not in done]
            places = [(True, k + 1, required.practice) for k in range(required.practice)]
            places += [(False, k + 1, required.n) for k in range(required.n)]
            left = places[len(here) :]
            return [Question(row, *place) for row, place in zip(rows, left, strict=False)]

    def closed(self) -> str:
        """Why this annotator is asked nothing although they may not label; empty if there are questions."""
        if not self.waits or self.questions():
            return ""
        with self._log.lock:
            required = self._crew.required
            name = repr(self._log.annotator)
            if self._failed() >= required.tries:
                why = (
                    f"Thank you for trying. {_share(required)} right answers are needed, and "
                    f"{_tries(required.tries)} had fewer, so this task is closed for you for now."
                )
            else:
                why = "The qualification of this task has too few questions with known answers."
            return f"{why} {required.by} can let you in: session.let_in({name})."

    def answer(self, row: int, value: Any, *, event_id: str | None = None) -> str:
        """Record an answer, None if the question was skipped; returns what is said of it.

        Raises
        ------
        InvalidInput
            If this item is not asked now.
        """
        log = self._log
        with log.writing():
            if log.knows(event_id):
                return ""
            asked = next((one for one in self.questions() if one.row == row), None)
            known = log.ledger.verdict(self._key(row))
            if asked is None or known is None:
                raise InvalidInput(self.closed() or "This question has been answered: look at the next one.")
            required, ledger = self._crew.required, log.ledger
            fold = ledger.fold
            truth = fold.now(known)
            given = None if value is None else fold.kind.parse(value, fold.vocabulary)
            right = 0.0 if given is None else float(fold.kind.agree(given, truth, ledger.schema))
            attempt = self._failed()
            told: dict[str, Any] = {"attempt": attempt, "practice": asked.practice, "right": right}
            told["answer"] = None if given is None else fold.kind.dump(given)
            if not asked.practice and asked.number == asked.of:
                before = [t.right for t in self._trials() if t.attempt == attempt and not t.practice]
                told["passed"] = sum(before) + right >= required.share * required.n - 1e-9
            keys, digests = ledger.named([row])
            event = LabelEvent("trial", ledger.task, log.annotator, keys, told, digests=digests)
            log.write(replace(event, event_id=event_id or new_event_id()), [row])
            if "passed" in told:
                return self._result(required, sum(before) + right, told["passed"])
            return self._explained(known, given, right) if asked.practice else ""

    def _explained(self, known: LabelEvent, given: Any, right: float) -> str:
        fold = self._log.ledger.fold
        answer = within(fold.kind.text(fold.meaning(known)))
        because = f" Why: {because_of(known)}" if because_of(known) else ""
        if right >= RIGHT:
            return f"Right: {answer}.{because}"
        said = "You skipped it." if given is None else "Not quite."
        if given is not None and right > 0:
            said = f"Not quite: your answer agrees to {right:.0%}."
        return f"{said} The answer is {answer}.{because}"

    def _result(self, required: Required, right: float, passed: bool) -> str:
        n = (
            f"{right:g} of {required.n} right"
            if right == int(right)
            else f"{right:.1f} of {required.n} right"
        )
        if passed:
            return f"{n}: you have passed. Thank you! From now on your answers are labels."
        left = required.tries - self._failed()
        if left <= 0:
            return f"{n}; {_share(required)} is needed."
        return (
            f"{n}; {_share(required)} is needed. This is hard at first. In a new practice round every answer "
            f"is explained, and then you can try again ({'once more' if left == 1 else f'{left} times'})."
        )

    def _trials(self) -> Sequence[Trial]:
        found: Sequence[Trial] = self._crew.trials.get(self._log.annotator, ())
        return found

    def _failed(self) -> int:
        return sum(trial.passed is False for trial in self._trials())

    def _key(self, row: int) -> str:
        return self._log.ledger.pool.keys[row]

    def _order(self, attempt: int, trials: Sequence[Trial]) -> list[int]:
        """The gold items in the order of this attempt: at random, those asked in earlier ones last."""
        seen = Counter(trial.key for trial in trials if trial.attempt < attempt)
        seed = hashlib.blake2b(f"{self._log.annotator}\0{attempt}".encode("utf-8", "replace"), digest_size=4)
        rows = np.random.default_rng(int.from_bytes(seed.digest(), "big")).permutation(gold_rows(self._log))
        return sorted(rows.tolist(), key=lambda row: seen[self._key(row)])


def gold_rows(log: Log) -> list[int]:
    """The rows of the items with known answers, ascending."""
    with log.lock:
        ledger = log.ledger
        found = ((ledger.naming.row(key), ledger.fold.verdict(key)) for key in ledger.fold.judged)
        return sorted(
            {row for row, known in found if row is not None and known is not None and is_gold(known)}
        )


def _share(required: Required) -> str:
    return f"{np.ceil(required.share * required.n - 1e-9):g} of {required.n}"


def _tries(n: int) -> str:
    return "your attempt" if n == 1 else f"your {n} attempts"
