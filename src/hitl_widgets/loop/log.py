"""Log: thread-safe reading and writing of one task's log by a session."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from typing import Any, TypeGuard

import numpy as np
import numpy.typing as npt

from hitl_widgets.background.forks import Elsewhere
from hitl_widgets.errors import HitlError, InvalidInput, StoreError
from hitl_widgets.labels.events import ActState, LabelEvent, Selection, Why, because_of, now, why_of
from hitl_widgets.labels.waiting import waiting
from hitl_widgets.loop.asking import Labels
from hitl_widgets.loop.ledger import Ledger
from hitl_widgets.loop.words import within
from hitl_widgets.questions.base import Drafted
from hitl_widgets.questions.keys import own_keys
from hitl_widgets.questions.schema import Schema

__all__ = ["Log"]

# Seconds that an act from a view waits for a locked store, and half of the time before the next one tries.
# The kernel has other messages to answer, and the browser sends the act again.
BRIEF = 1.0

_late: ContextVar[int] = ContextVar("late", default=0)


class Log:
    """Reads and writes the ledger under one lock, and reports why it cannot be saved or read.

    Parameters
    ----------
    ledger
        The folded log.
    annotator
        The annotator of this session.
    tell
        Called with ``store`` when :attr:`unsaved` changes.

    Attributes
    ----------
    lock, changed
        The lock of the session's state, and the condition that is notified when the state changes.
    follow
        Called after new events were folded.
    answered
        Called with the keys of the items of an act.
    held
        Returns the keys of items that are being labelled in other sessions.
    closed
        Whether the session was closed; nothing is written then.
    """

    follow: Callable[[], None] = staticmethod(lambda: None)
    answered: Callable[[Sequence[str]], None] = staticmethod(lambda _: None)
    held: Callable[[], Iterable[str]] = staticmethod(tuple)

    def __init__(self, ledger: Ledger, annotator: str, tell: Callable[[str], None]) -> None:
        self.ledger = ledger
        self.annotator = annotator
        self.lock: Any = threading.RLock()
        self.changed: Any = threading.Condition(self.lock)
        self.closed = False
        self.replaced = ""  # what to use instead, if another session has taken its place
        self._tell = tell
        self._not_written = self._not_read = ""
        self._locked_until = 0.0

    # -- writing

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the lock, and tell the views if an act cannot be saved or waits for the store."""
        try:
            with waiting(tell=self._on_wait), self.lock:
                yield
        except StoreError as error:
            self._tell_store(str(error), self._not_read)
            raise

    def write(self, event: LabelEvent, rows: npt.ArrayLike | None = None) -> str:
        """Write an event, then update the model and the views; ``rows`` are those of its items."""
        late_ms = _late.get()
        with self.writing():
            self.refuse_closed()
            if late_ms:
                event = replace(event, time=now(late_ms))
                self._refuse_overtaken(event)
            self.ledger.append(event, rows)
            self.changed.notify_all()
        self._tell_store("", "")
        self.answered(event.item_ids)
        self.follow()
        return event.event_id

    def knows(self, event_id: str | None) -> TypeGuard[str]:
        """Fold new events, which may come from other kernels; returns whether the log has this one."""
        self.refuse_closed()
        if self.ledger.sync():
            self.follow()
        return event_id is not None and self.ledger.find(event_id) is not None

    @contextmanager
    def from_page(self, late_ms: int = 0) -> Iterator[None]:
        """Context for acts from a page: they wait only a second for a locked store, as the page resends them.

        Parameters
        ----------
        late_ms
            How many milliseconds ago the acts were made. They get that time, and are refused if their
            annotator has answered in the meantime.

        Raises
        ------
        StoreError
            If the store was locked a moment ago.
        """
        if time.monotonic() < self._locked_until:
            raise StoreError(self.unsaved)
        token = _late.set(late_ms)
        try:
            with waiting(BRIEF, self._on_brief_wait):
                yield
        finally:
            _late.reset(token)

    def _refuse_overtaken(self, event: LabelEvent) -> None:
        """Refuse a late act that would replace newer answers of its annotator."""
        ledger = self.ledger
        ledger.sync()
        if ledger.find(event.event_id) is not None:
            return
        if event.kind in {"label", "skip"}:
            rows = [row for key in event.item_ids if (row := ledger.naming.row(key)) is not None]
            said = [ledger.fold.current(ledger.pool.keys[row]).get(self.annotator) for row in rows]
            newer = [e for e in said if e is not None and e.time > event.time]
        else:
            newer = [e for e, _ in ledger.fold.acts(1, self.annotator) if e.time > event.time]
        if newer:
            what = {0: "acted", 1: "answered this item"}.get(
                len(event.item_ids), "answered some of these items"
            )
            raise InvalidInput(f"It arrived late, and you have {what} since.")

    def _on_wait(self, words: str) -> None:
        self._tell_store(words, self._not_read)
        warnings.warn(words, RuntimeWarning, stacklevel=2)

    def _on_brief_wait(self, words: str) -> None:
        self._locked_until = time.monotonic() + 2 * BRIEF
        self._tell_store(words, self._not_read)

    def _tell_store(self, not_written: str, not_read: str) -> None:
        before, self._not_written, self._not_read = self.unsaved, not_written, not_read
        if not self.unsaved:
            self._locked_until = 0.0
        if self.unsaved != before:
            self._tell("store")

    @property
    def unsaved(self) -> str:
        """Why the last act is not saved or the store cannot be read; "" if everything is saved."""
        return self._not_written or self._not_read

    # -- reading

    def look(self) -> None:
        """Fold events that others have added."""
        try:
            with self.lock:
                news = not self.closed and self.ledger.sync()
        except StoreError as error:
            self._tell_store(self._not_written, str(error))
            raise
        self._tell_store(self._not_written, "")
        if news:
            self.follow()

    def catch_up(self) -> None:
        """The same, but without a long wait; if the store cannot be read, warn and use what is known."""
        try:
            with waiting(BRIEF, lambda _: None):
                self.look()
        except StoreError as error:
            warnings.warn(f"{error} The session shows what was read before.", RuntimeWarning, stacklevel=4)

    # -- closing

    def refuse_closed(self) -> None:
        """Raise HitlError if the session is closed."""
        with self.lock:
            if self.closed:
                instead = self.replaced or "Run the cell that creates it again."
                raise HitlError(f"The session is closed. {instead}")

    def refuse_unqualified(self) -> None:
        """Raise InvalidInput if this annotator must pass a qualification first."""
        with self.lock:
            crew = self.ledger.fold.crew
            if not crew.may_label(self.annotator):
                by = crew.required.by if crew.required else "A reviewer"
                raise InvalidInput(
                    "You have not passed the qualification of this task yet, so this is not saved. The "
                    f"Labeler asks its questions. {by} can also let you in: "
                    f"session.let_in({self.annotator!r})."
                )

    def close(self) -> bool:
        """Stop writing; returns whether the log was open."""
        if isinstance(self.lock, Elsewhere):
            return False
        with self.lock:
            before, self.closed = self.closed, True
            self.changed.notify_all()
        return not before

    def leave_behind(self) -> None:
        """Mark the session as belonging to the parent process, in a forked child."""
        self.lock = self.changed = Elsewhere("Session")

    # -- current state

    @property
    def labels(self) -> Labels:
        """The current labels, as arrays over the pool."""
        held = self.held()
        with self.lock:
            return self.ledger.snapshot(held)

    @property
    def schema(self) -> Schema:
        """The current question and its classes."""
        return self.ledger.schema

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the current classes for this annotator."""
        with self.lock:
            return own_keys(self.ledger.schema, self.ledger.fold.vocabulary.keys(self.annotator))

    @property
    def counts(self) -> tuple[int, int]:
        """Numbers of labelled items and of folded events, read together."""
        with self.lock:
            return len(self.ledger.labels), self.ledger.n_events

    @property
    def n_events(self) -> int:
        """The number of folded events."""
        return self.ledger.n_events

    def class_called(self, name: str) -> str | None:
        """The id of the class that has or had this name, after renames and merges; None if there is none."""
        with self.lock:
            vocabulary = self.ledger.fold.vocabulary
            return vocabulary.heir(vocabulary.understood(name))

    @property
    def slices(self) -> dict[str, str]:
        """The named queries, by name."""
        with self.lock:
            return self.ledger.fold.slices

    def definitions(self, of: str) -> dict[str, LabelEvent]:
        """Return the definitions in effect, by name: see :meth:`.Fold.definitions`."""
        with self.lock:
            return self.ledger.fold.definitions(of)

    def skipped_rows(self) -> npt.NDArray[np.int64]:
        """Rows that this annotator skipped and nobody has labelled since."""
        self.catch_up()
        return np.flatnonzero(self.labels.skipped)

    def noted(self) -> list[tuple[int, LabelEvent]]:
        """The row and event of each current note of everybody, oldest first."""
        with self.lock:
            fold, naming = self.ledger.fold, self.ledger.naming
            found = [(naming.row(key), e) for key in fold.noted for e in fold.notes(key).values()]
            return sorted(
                ((row, e) for row, e in found if row is not None), key=lambda one: fold.order(one[1])
            )

    def suggested(self) -> list[tuple[bool, bool]]:
        """Whether a suggestion was shown, and was the answer, for each current label of this annotator."""
        with self.lock:
            fold, found = self.ledger.fold, list[tuple[bool, bool]]()
            for event, holds in fold.acts(annotator=self.annotator):
                match event.value:
                    case {"why": "rejected"}:
                        said = True, False
                    case {"suggested": {"shown": bool(shown), "same": bool(same)}}:
                        said = shown, same
                    case _:
                        continue
                # Only acts on single items tell, and only the last one on each counts.
                if holds and fold.current(event.item_ids[0]).get(self.annotator) is event:
                    found.append(said)
            return found

    def left_out(self) -> dict[Why | None, int]:
        """How many items this annotator left unanswered, by reason; None is a plain skip."""
        rows = self.skipped_rows().tolist()
        found: dict[Why | None, int] = {}
        with self.lock:
            for row in rows:
                why = self._why_skipped(row)
                found[why] = found.get(why, 0) + 1
        return found

    def why_skipped(self, row: int) -> Why | None:
        """Why this annotator skipped an item, if they said so."""
        with self.lock:
            return self._why_skipped(row)

    def _why_skipped(self, row: int) -> Why | None:
        event = self.ledger.fold.current(self.ledger.pool.keys[row]).get(self.annotator)
        return None if event is None else why_of(event)

    @staticmethod
    def why(event: LabelEvent) -> str | None:
        """Why an item was skipped, if the annotator said so."""
        return why_of(event)

    def note_on(self, row: int) -> str:
        """The text of this annotator's note on an item; empty if there is none."""
        with self.lock:
            event = self.ledger.fold.notes(self.ledger.pool.keys[row]).get(self.annotator)
            return "" if event is None else str(event.value["note"])

    def decided(self) -> set[int]:
        """The rows whose answer a reviewer has decided."""
        with self.lock:
            ledger = self.ledger
            rows = {row for key in ledger.fold.judged if (row := ledger.naming.row(key)) is not None}
            return {row for row in rows if ledger.verdict(ledger.pool.keys[row]) is not None}

    def notes_on(self, row: int) -> dict[str, str]:
        """Everybody's note on an item, by annotator."""
        with self.lock:
            found = self.ledger.fold.notes(self.ledger.pool.keys[row])
            return {who: str(event.value["note"]) for who, event in found.items()}

    def told(self, answer: Any) -> tuple[dict[str, Any], tuple[int, ...], str]:
        """An answer in the form of the log, the codes of its classes, and as text."""
        with self.lock:
            fold, ids = self.ledger.fold, self.ledger.schema.ids
            codes = tuple(sorted(map(ids.index, fold.kind.classes(answer))))
            return fold.kind.dump(answer), codes, fold.kind.text(fold.kind.said(answer, fold.vocabulary))

    def decided_on(self, row: int) -> str:
        """What a reviewer decided on an item, who, and why; empty if nobody did."""
        with self.lock:
            found = self.ledger.verdict(self.ledger.pool.keys[row])
            return "" if found is None else self._decided(found)

    def _decided(self, event: LabelEvent) -> str:
        fold = self.ledger.fold
        who = "you" if event.annotator == self.annotator else event.annotator
        because = because_of(event)
        return f"Decided by {who}: {within(fold.kind.text(fold.meaning(event)))}." + (
            f" Why: {because}" if because else ""
        )

    def outvoted(self, event_id: str) -> str:
        """What is said of a label that differs from a reviewer's decision, which counts; empty otherwise."""
        with self.lock:
            act = self.ledger.fold.act(event_id)
            if act is None or act.value is None or act.selection == "decision":
                return ""
            mine, ledger = self.ledger.fold.now(act), self.ledger
            keys = [
                ledger.pool.keys[row] for key in act.item_ids if (row := ledger.naming.row(key)) is not None
            ]
            decided = [e for key in keys if (e := ledger.verdict(key)) is not None and not self._unseen(key)]
            other = [e for e in decided if ledger.fold.now(e) != mine]
            if not other:
                return ""
            if len(keys) == 1:
                return f"{self._decided(other[0])} Your label is kept beside it, but the decision counts."
            n = "1 of these items was" if len(other) == 1 else f"{len(other):,} of these items were"
            return f"{n} decided by a reviewer. Your labels are kept beside that, but the decisions count."

    def _unseen(self, key: str) -> bool:
        """Whether this annotator was asked the item without seeing that its answer is known."""
        own = self.ledger.fold.current(key).get(self.annotator)
        return own is not None and own.selection == "gold"

    def is_changed(self, row: int) -> bool:
        """Whether the content of the item has changed since it was labelled."""
        return row in self.ledger.changed

    @property
    def withdrawn(self) -> str:
        """Short message about machine labels that the session withdrew; empty if there are none."""
        with self.lock:
            return self.ledger.withdrawn

    @property
    def n_disputed(self) -> int:
        """The number of items that annotators answer differently."""
        with self.lock:
            return self.ledger.n_disputed

    @property
    def n_changed(self) -> int:
        """The number of items whose content has changed since they were labelled."""
        return len(self.ledger.changed)

    @property
    def notices(self) -> list[str]:
        """Messages about mismatches of the store and the table, and about repeated rows."""
        with self.lock:
            return self.ledger.notices()

    @property
    def unanswered(self) -> list[tuple[str, str, tuple[str, ...]]]:
        """Classes that have labels but are missing from ``classes=``; they may have been renamed.

        For each: its id, its name, and the new classes that may be its new name, most likely first. Resolve
        with ``session.classes.merge([old], into=new)`` or ``session.classes.retire(old)``.
        """
        with self.lock:
            return self.ledger.unanswered

    def row_of(self, key: str) -> int | None:
        """The row of the item with this key of the log; None if it is not in the table."""
        return self.ledger.naming.row(key)

    # -- history

    def events(self) -> list[LabelEvent]:
        """All events read from the log, in log order."""
        with self.lock:
            return list(self.ledger.events)

    def acts(
        self, limit: int | None = None, *, annotator: str | None = None
    ) -> list[tuple[LabelEvent, bool]]:
        """All acts but undo and redo in log order, each with whether it is in effect.

        Only the last ``limit`` of them, and only those of ``annotator`` if given.
        """
        with self.lock:
            return self.ledger.fold.acts(limit, annotator)

    def past(self, n: int) -> LabelEvent | int:
        """Your label or skip ``n`` acts before the last one; if there are fewer in effect, their number."""
        with self.lock:
            return self.ledger.fold.past(self.annotator, n)

    def own_act(self, event_id: Any) -> LabelEvent:
        """Your act with this id; raises InvalidInput if there is none."""
        found = self.ledger.fold.act(event_id) if isinstance(event_id, str) else None
        if found is None or found.annotator != self.annotator:
            raise InvalidInput(f"{event_id!r} is not one of your acts: see session.history().")
        return found

    def items_of(self, event_id: str) -> tuple[npt.NDArray[np.int64], int, Selection | None]:
        """The rows of one of your acts, the number of its items not in this table, and its selection.

        Raises
        ------
        InvalidInput
            If it is not an act of yours.
        """
        with self.lock:
            act = self.own_act(event_id)
            places = [self.ledger.naming.row(key) for key in act.item_ids]
        rows = np.unique(np.asarray([row for row in places if row is not None], np.int64))
        return rows, places.count(None), act.selection

    def words(self, event: LabelEvent) -> Any:
        """The answer of a label with the names of that time; None for removed labels and other acts."""
        with self.lock:
            return self.ledger.fold.words(event)

    def text(self, event: LabelEvent) -> str | None:
        """The same as one line of text."""
        words = self.words(event)
        return None if words is None else self.ledger.fold.kind.text(words)

    def as_answer(self, value: Any, extent: Sequence[float] = ()) -> Any:
        """Return a suggestion as the log stores it; raise InvalidInput if it is no answer about such an item.

        ``extent`` is the size of the item, if its kind has one.
        """
        with self.lock:
            fold = self.ledger.fold
            parse = fold.kind.draft if isinstance(fold.kind, Drafted) else fold.kind.parse
            answer = parse(value, fold.vocabulary)
            if extent and fold.kind.composed:
                fold.kind.check(answer, self.ledger.schema, extent)
            return fold.kind.dump(answer)

    def codes(self, event: LabelEvent) -> tuple[int, ...] | None:
        """The codes of the classes that a label now stands for; None if it has none, and for other acts."""
        with self.lock:
            answer, schema = self.ledger.fold.now(event), self.ledger.schema
            if answer is None:
                return None
            return tuple(sorted(map(schema.ids.index, self.ledger.fold.kind.classes(answer))))

    def state(self, event: LabelEvent) -> ActState:
        """The state of an act: ``holds``, ``undone``, ``left behind`` or ``brought back``."""
        with self.lock:
            return self.ledger.fold.state(event)

    def left_behind(self, limit: int) -> list[LabelEvent]:
        """Your latest acts that were undone and that redo no longer reaches, newest first."""
        with self.lock:
            return self.ledger.fold.left(self.annotator, limit)

    def ways(self, event_ids: Iterable[str]) -> dict[str, tuple[int, int]]:
        """How many acts and labels a jump to each of these acts would undo or restore, if possible."""
        with self.lock:
            return self.ledger.fold.ways(self.annotator, event_ids)

    def turned(self, event_id: str) -> LabelEvent | None:
        """The act that the undo or redo with this id refers to."""
        with self.lock:
            return self.ledger.turned(event_id)

    def can_turn(self) -> tuple[bool, bool]:
        """Whether there is something to undo, and to redo."""
        with self.lock:
            return self.ledger.can_turn(self.annotator)

    def given(self) -> dict[str, int]:
        """The number of labels that each annotator gave, without undone ones."""
        with self.lock:
            return self.ledger.fold.given

    def labelled_by(self, rows: npt.NDArray[np.int64], names: Collection[str]) -> npt.NDArray[np.bool_]:
        """Return whether each item has a current label by one of these annotators, bool (n_rows,)."""
        with self.lock:
            return np.array([self.ledger.is_by(int(row), names) for row in rows], np.bool_)
