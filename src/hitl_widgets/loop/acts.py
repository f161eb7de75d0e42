"""Acts: what the annotator does, written as events to the log. Items are given as rows of the pool."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, get_args
from uuid import NAMESPACE_OID, uuid5

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput, choices
from hitl_widgets.items.base import Measured
from hitl_widgets.labels.events import (
    EventKind,
    LabelEvent,
    Selection,
    Why,
    definition,
    is_gold,
    new_event_id,
    now,
)
from hitl_widgets.labels.machine import HandOver, Withdrawal
from hitl_widgets.loop.blind import Blind
from hitl_widgets.loop.log import Log
from hitl_widgets.loop.resting import Resting
from hitl_widgets.loop.settings import check_act
from hitl_widgets.loop.suggesting import Suggesting
from hitl_widgets.questions.base import Corrected
from hitl_widgets.questions.schema import is_unicode

__all__ = ["Acts", "checked_reason", "relabelled", "unsaid"]

# Characters of a note.
LONGEST = 2_000
# What the log records with an answer, besides the answer.
BESIDE = ("demonstrated", "suggested", "again", "because", "gold")

Rows = Sequence[int] | npt.NDArray[np.int64]


class Acts:
    """Labels, skips, slices and changes of the classes, and undoing and redoing them.

    A method called with the ``event_id`` of an act that the store already has changes nothing, so messages
    can safely be sent twice.

    Parameters
    ----------
    log
        The log that the events are written to.
    blind
        Knows which items were drawn for the audit.
    version
        Returns the number of the current round.

    Attributes
    ----------
    suggesting
        The suggested answers; None if there are none.
    resting
        Notes when the annotator answers.
    """

    def __init__(self, log: Log, blind: Blind, version: Callable[[], int]) -> None:
        self._log, self._ledger, self._blind, self._version = log, log.ledger, blind, version
        self.suggesting: Suggesting | None = None
        self.resting: Resting | None = None

    def label(
        self,
        index: Rows,
        value: Any,
        *,
        selection: Selection = "api",
        elapsed_ms: int | None = None,
        event_id: str | None = None,
        shown: bool | None = None,
    ) -> str:
        """Label rows of the pool with one class, as a single act: see :meth:`Session.label`.

        ``shown`` tells whether a suggestion or prediction could be seen; None if this is unknown.
        """
        if not len(index):
            raise InvalidInput("There is nothing to label: pass at least one id.")
        elapsed_ms = check_act(selection, elapsed_ms)
        if value is not None:
            value = self._said(value)
        rows = self._rows(index)
        if value is not None:
            self._check(value, rows)
            value |= self._beside(value, rows, shown)
            if selection in {"suggested", "audit"} and rows[0] in self._blind.again(self._ledger.labels):
                value |= {"again": True}
        if len(index) == 1 and selection in {"api", "suggested", "audit", "review"}:
            selection = self._selection(int(index[0]), selection)
        beside: dict[str, Any] = {}
        if len(index) == 1 and (mine := self._own_decision(rows[0])) is not None:
            # Who decided has changed their mind: their label alone would change nothing.
            selection, beside = "decision", {"gold": True} if is_gold(mine) else {}
        act = replace(
            self._event("label", rows, event_id),
            value=value if value is None else value | beside,
            selection=selection,
            elapsed_ms=elapsed_ms,
            model_version=self._version(),
        )
        resting = self.resting if len(rows) == 1 and elapsed_ms is not None else None
        guess = None if resting is None else resting.guess(rows[0])
        written = self._log.write(act, rows)
        if resting is not None:
            resting.note(act, self._log.codes(act), guess)
        return written

    def decide(
        self,
        index: Rows,
        value: Any,
        because: str | None = None,
        *,
        gold: bool = False,
        event_id: str | None = None,
    ) -> str:
        """Decide what the answer of rows of the pool is: see :meth:`Session.decide`."""
        if not len(index):
            raise InvalidInput("There is nothing to decide: pass at least one id.")
        because, rows = checked_reason(because), self._rows(index)
        if value is not None:
            value = self._said(value)
            self._check(value, rows)
            value |= ({"because": because} if because else {}) | ({"gold": True} if gold else {})
        elif not self._log.knows(event_id) and (
            undecided := [row for row in rows if not self._log.decided_on(row)]
        ):
            id_ = self._log.ledger.pool.ids[undecided[0]]
            raise InvalidInput(f"Item {id_!r} has no decision to withdraw.")
        act = replace(self._event("label", rows, event_id), value=value, selection="decision")
        return self._log.write(act, rows)

    def set_team(self, value: Mapping[str, Any], *, event_id: str | None = None) -> str:
        """Record a setting of the team: see :class:`~hitl_widgets.labels.crew.Crew`."""
        with self._log.writing():
            if self._log.knows(event_id):
                return event_id
            return self._log.write(replace(self._event("team", (), event_id), value=dict(value)))

    def skip(self, index: Rows, why: str | None = None, *, event_id: str | None = None) -> str:
        """Leave rows of the pool unanswered: see :meth:`Session.skip`."""
        if not len(index):
            raise InvalidInput("There is nothing to skip: pass at least one id.")
        if why not in (None, *get_args(Why)):
            raise InvalidInput(f"why={why!r}: expected one of {choices(get_args(Why))}, or None.")
        rows = self._rows(index)
        act = replace(self._event("skip", rows, event_id), value=None if why is None else {"why": why})
        return self._log.write(act, rows)

    def note(self, index: Rows, text: str | None, *, event_id: str | None = None) -> str:
        """Write a note on rows of the pool: see :meth:`Session.note`."""
        if not len(index):
            raise InvalidInput("There is nothing to write a note on: pass at least one id.")
        if text is not None and (not isinstance(text, str) or not is_unicode(text) or len(text) > LONGEST):
            raise InvalidInput(
                f"A note is a text of at most {LONGEST:,} characters without lone surrogates (half "
                "characters), or None to remove it."
            )
        text = (text or "").strip() or None
        rows = self._rows(index)
        return self._log.write(replace(self._event("note", rows, event_id), value={"note": text}), rows)

    def reveal(self, index: Rows, *, event_id: str | None = None) -> str:
        """Log that hidden personal data of these rows was displayed."""
        rows = self._rows(index)
        return self._log.write(self._event("reveal", rows, event_id), rows)

    def keep(
        self, index: Rows, confidence: Callable[[int], float | None], *, event_id: str | None = None
    ) -> str:
        """Keep the labels of these rows after a review, one act per class: see :meth:`Session.confirm`.

        ``confidence`` returns the model's probability of a row's label, None if it is unknown. It is
        recorded, because the label is suspected again only if the model doubts it much more.
        """
        if not len(index):
            raise InvalidInput("There is nothing to keep: pass at least one id.")
        with self._log.writing():
            if self._log.knows(event_id):
                return event_id
            rows, labels = self._rows(index), self._ledger.labels
            for row in rows:
                if labels.y[row] < 0:
                    raise InvalidInput(f"{self._ledger.pool.ids[row]!r} has no label to keep.")
            groups: dict[int, list[int]] = {}
            for row in rows:
                groups.setdefault(int(labels.y[row]), []).append(row)
            # The last act gets the given id, so that a resent message completes an interrupted one.
            names = [*[new_event_id() for _ in groups][1:], event_id or new_event_id()]
            for (code, part), name in zip(groups.items(), names, strict=True):
                answer = self._ledger.fold.kind.dump(self._ledger.answer(code))
                value = {"kept": answer, "confidence": [confidence(row) for row in part]}
                self._log.write(replace(self._event("note", part, name), value=value), part)
        return names[-1]

    def settle(self, rows: Sequence[int] | None, *, keep: bool, event_id: str | None = None) -> int:
        """Keep or remove the labels of changed items; of all changed items if ``rows`` is None.

        Kept labels are recorded again by this annotator for the current content, with one act per class.

        Returns
        -------
        int
            The number of ``rows`` that have changed.
        """
        with self._log.lock:
            if self._log.knows(event_id):
                return 0
            changed, labels = self._ledger.changed, self._ledger.labels
            found = sorted(changed if rows is None else changed.intersection(rows))
            groups: dict[tuple[int, Selection], list[int]] = {}
            for row in found:
                code = int(labels.y[row]) if keep else -1
                groups.setdefault((code, "audit" if keep and labels.audited[row] else "api"), []).append(row)
            names = [*[new_event_id() for _ in groups][1:], event_id or new_event_id()]
            # The last act gets the given id, so that a resent message completes an interrupted one.
            for ((code, how), part), act in zip(groups.items(), names, strict=False):
                value = self._ledger.fold.kind.dump(self._ledger.answer(code)) if keep else None
                self._log.write(replace(self._event("label", part, act), value=value, selection=how), part)
            return len(found)

    def change_classes(self, change: Mapping[str, Any], *, event_id: str | None = None) -> str:
        """Change the classes; ``change`` has the same form as in the log and in messages."""
        with self._log.writing():
            if self._log.knows(event_id):
                return event_id
            value = self._ledger.completed(change)
            return self._log.write(replace(self._event("schema", (), event_id), value=value))

    def keep_slice(self, name: str, query: str | None, *, event_id: str | None = None) -> str:
        """Keep a query under a name; None removes it. Unchecked: see :class:`~.slices.Slicing`."""
        with self._log.writing():
            if self._log.knows(event_id):
                return event_id
            value = {"name": name, "query": query}
            return self._log.write(replace(self._event("slice", (), event_id), value=value))

    def define(
        self,
        of: str,
        name: str,
        value: Mapping[str, Any] | None,
        *,
        again: bool = False,
        event_id: str | None = None,
    ) -> str:
        """Define something under a name; None removes it. Unchecked.

        What is in effect already is not said twice, unless ``again``, since its time may matter.
        """
        with self._log.writing():
            if self._log.knows(event_id):
                return event_id
            known = None if again else self._log.definitions(of).get(name)
            if known is not None and value is not None and known.value["is"] == dict(value):
                return known.event_id
            made = definition(of, name, value)
            return self._log.write(replace(self._event("definition", (), event_id), value=made))

    def hand_over(self, rows: Sequence[int], made: HandOver, *, event_id: str | None = None) -> str:
        """Label rows of the pool by machine: see :class:`~.handing.Handing`."""
        event = self._event("machine", rows, event_id)
        return self._log.write(replace(event, value=made.dump(), model_version=self._version()), rows)

    def withdraw(self, ended: Withdrawal, *, event_id: str | None = None) -> str:
        """End the use of machine labels: see :class:`~.handing.Handing`."""
        return self._log.write(replace(self._event("machine", (), event_id), value=ended.dump()))

    def turn(self, kind: Literal["undo", "redo"], *, event_id: str | None = None) -> str | None:
        """Undo or redo the last act; returns the event's id, or None if there is nothing to do."""
        with self._log.writing():
            if self._log.knows(event_id):
                return event_id
            target = self._ledger.to_turn(kind, self._log.annotator)
            if target is None:
                return None
            before = len(self._ledger.labels) if target.kind == "schema" else 0
            done = self._log.write(replace(self._event(kind, (), event_id), value=target.event_id))
            if (gone := before - len(self._ledger.labels)) > 0 and event_id is None:
                warnings.warn(unsaid(gone), RuntimeWarning, stacklevel=3)
            return done

    def jump(self, act: str | None, *, event_id: str | None = None) -> str | None:
        """Go to the state right after an act, as a single act: see :meth:`Session.jump`."""
        with self._log.writing():
            if self._log.knows(event_id):
                return event_id
            if act is not None and not isinstance(act, str):
                raise InvalidInput(f"{act!r} is not an act: expected an event_id of session.history().")
            back, way = self._ledger.fold.to_jump(self._log.annotator, act)
            if not way:
                return None
            return self._log.write(replace(self._event("undo" if back else "redo", (), event_id), value=way))

    def restore(self, acts: Iterable[str], *, event_id: str | None = None) -> tuple[str, int]:
        """Restore acts that were undone: see :meth:`Session.restore`.

        Returns
        -------
        tuple of str and int
            The last event's id, and the number of later answers that were replaced.
        """
        acts = list(acts)
        with self._log.writing():
            if self._log.knows(event_id):
                return event_id, 0
            if not acts:
                raise InvalidInput("There is nothing to restore: pass an event_id of session.history().")
            name = event_id or new_event_id()
            # The last act gets the given id, so that an interrupted restore is completed when resent.
            names = [*(str(uuid5(NAMESPACE_OID, f"{name} {act}")) for act in acts[:-1]), name]
            replaced = 0
            for act, own in zip(acts, names, strict=True):
                if self._ledger.find(own) is None:
                    again = self._again(act, own)
                    replaced += self._ledger.fold.replaces(self._ledger.naming.meant(again))
                    self._log.write(again)
        return name, replaced

    # -- building events

    def _event(self, kind: EventKind, rows: Sequence[int], name: str | None) -> LabelEvent:
        keys, digests = self._ledger.named(rows) if len(rows) else ((), "")
        task, annotator = self._ledger.task, self._log.annotator
        if kind in {"label", "skip", "team"}:
            self._log.refuse_unqualified()
        return LabelEvent(kind, task, annotator, keys, event_id=name or new_event_id(), digests=digests)

    def _again(self, act: str, name: str) -> LabelEvent:
        """The event that restores an act."""
        fold = self._ledger.fold
        found = self._log.own_act(act)
        state = fold.state(found)
        if state == "undone":
            return replace(self._event("redo", (), name), value=[act])
        if state != "left behind":
            how = "is in effect" if state == "holds" else "was restored"
            raise InvalidInput(f"The act {act!r} {how} already.")
        value = found.value
        if found.kind == "schema":
            value = self._ledger.completed(value)
        elif found.kind == "label" and value is not None:
            beside = {name: value[name] for name in BESIDE if isinstance(value, Mapping) and name in value}
            value = fold.kind.dump(fold.said(found))
            value = self._said(value | {"word": fold.words(found)}) | beside
        written = self._ledger.find(act) or found  # with the keys as written in the log
        return replace(written, value=value, event_id=name, time=now(), restores=act)

    def _rows(self, index: Rows) -> list[int]:
        """The rows without duplicates."""
        rows, n = np.asarray(index), len(self._ledger.pool)
        if rows.dtype.kind not in "iu" or rows.min() < 0 or rows.max() >= n:
            odd = next((i for i in index if not isinstance(i, int) or not 0 <= i < n), index)
            raise InvalidInput(f"{odd!r} is not a row of the pool: expected whole numbers from 0 to {n - 1}.")
        found: list[int] = rows.tolist()
        return list(dict.fromkeys(found)) if (rows[1:] <= rows[:-1]).any() else found

    def _selection(self, row: int, said: Selection) -> Selection:
        """How an item was chosen: one labelled in the meantime does not count for the audit."""
        with self._log.lock:
            labels = self._ledger.labels
            if said != "api" and row in self._blind.again(labels):
                said = "again"
            mine, known, audited = labels.mine[row], labels.y[row] >= 0, labels.audited[row]
            if labels.gold[row]:
                return "gold"
        if said in {"review", "again"}:  # it still counts for the audit: its item was drawn at random
            return "audit" if audited else said
        if mine:
            return said if said == "api" else "clicked"
        if known:
            return "opinion"
        return self._blind.issued(row) or said

    def _own_decision(self, row: int) -> LabelEvent | None:
        """The decision of this annotator on an item, if it is the one that counts."""
        with self._log.lock:
            found = self._ledger.verdict(self._ledger.pool.keys[row])
        return found if found is not None and found.annotator == self._log.annotator else None

    def _beside(self, value: Any, rows: Sequence[int], shown: bool | None) -> dict[str, Any]:
        """How the answer was made, for the log: the pull of suggestions is measured with it."""
        if shown is None or len(rows) != 1:
            return {}
        found: dict[str, Any] = {"demonstrated": True} if self._blind.everything and not shown else {}
        suggested = None if self.suggesting is None else self.suggesting.of(rows)[rows[0]][0]
        if self.suggesting is not None and suggested is not None:
            same = self.suggesting.is_same(suggested, value)
            found["suggested"] = {"shown": shown, "same": same}
            if isinstance(kind := self._ledger.fold.kind, Corrected):
                found["suggested"]["changed"] = kind.changed(suggested, value)
        return found

    def _check(self, value: Any, rows: Sequence[int]) -> None:
        """Raise InvalidInput for an answer that does not fit the items."""
        fold, pool, schema = self._ledger.fold, self._ledger.pool, self._ledger.schema
        kind, of = fold.kind, pool.item_kind
        if not kind.composed or not isinstance(of, Measured):
            return
        answer = kind.load(value, fold.vocabulary)
        for row in rows:
            try:
                kind.check(answer, schema, of.extent(pool.items[row]))
            except ValueError as error:
                raise InvalidInput(f"{error}") from error

    def _said(self, value: Any) -> Any:
        """The value as it is stored in the log; raises InvalidInput for invalid answers."""
        fold = self._ledger.fold
        return fold.kind.dump(fold.kind.parse(value, fold.vocabulary))


def checked_reason(text: Any) -> str:
    """Return the reason of a decision, stripped; raise InvalidInput if it is not a short text."""
    if text is not None and (not isinstance(text, str) or not is_unicode(text) or len(text) > LONGEST):
        raise InvalidInput(
            f"because={text!r:.80}: expected a text of at most {LONGEST:,} characters without lone "
            "surrogates (half characters), or None."
        )
    return (text or "").strip()


def unsaid(n: int) -> str:
    """Message about items whose class no longer exists."""
    those = "1 item is" if n == 1 else f"{n:,} items are"
    return (
        f"{those} asked again: the class of the label no longer exists. Revert this, or add the class again, "
        "to get the labels back."
    )


def relabelled(n: int) -> str:
    """Message about later answers that were replaced by restoring an act."""
    those = "1 item" if n == 1 else f"{n:,} items"
    return f"Your newer answer for {those} was replaced. Undo brings it back."
