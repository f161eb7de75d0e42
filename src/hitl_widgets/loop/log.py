"""Log: the log of one task as a session reads and writes it, from any thread."""

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
from hitl_widgets.labels.events import ActState, LabelEvent, Selection, now
from hitl_widgets.labels.waiting import waiting
from hitl_widgets.loop.asking import Labels
from hitl_widgets.loop.ledger import Ledger
from hitl_widgets.questions.schema import Schema

__all__ = ["Log"]

# So long a view's act waits for a store that is locked: the kernel has others to answer, and the browser
# sends it again. Nor does the next one try before so many seconds have passed.
BRIEF = 1.0

_late: ContextVar[int] = ContextVar("late", default=0)


class Log:
    """Reads and writes the ledger under one lock, and says why it cannot be saved or read.

    Parameters
    ----------
    ledger
        The folded log.
    annotator
        Whose session it is.
    tell
        Told ``store`` when :attr:`unsaved` changes.

    Attributes
    ----------
    lock, changed
        The lock of the session's state, and the condition that is notified when that changes.
    follow
        Called after anything new was folded.
    answered
        Called with the keys of the items that an act was about.
    held
        Keys of items that are in the hands of others.
    closed
        Whether the session was closed: nothing is written any more.
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
        self._tell = tell
        self._not_written = self._not_read = ""
        self._locked_until = 0.0

    # -- writing

    @contextmanager
    def writing(self) -> Iterator[None]:
        """With the lock; an act that cannot be saved, or waits for the store, is told to the views."""
        try:
            with waiting(tell=self._on_wait), self.lock:
                yield
        except StoreError as error:
            self._tell_store(str(error), self._not_read)
            raise

    def write(self, event: LabelEvent, rows: npt.ArrayLike | None = None) -> str:
        """Write an event, and have the model and the views follow; ``rows`` are those of its items."""
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
        """Fold what is new: the last act may be another kernel's. Returns whether the log has this one."""
        self.refuse_closed()
        if self.ledger.sync():
            self.follow()
        return event_id is not None and self.ledger.find(event_id) is not None

    @contextmanager
    def from_page(self, late_ms: int = 0) -> Iterator[None]:
        """Acts in here come from a page, which sends them again: they wait for a locked store for a second.

        Parameters
        ----------
        late_ms
            How long ago they were made: they are dated so, and refused where they were overtaken.

        Raises
        ------
        StoreError
            Where the store was locked a moment ago.
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
        """An act that comes late must not replace what its annotator has said since."""
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
            raise InvalidInput(f"It came late, and you have {what} since.")

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
        """Why the last act is not saved, or the store cannot be read; "" where all is saved."""
        return self._not_written or self._not_read

    # -- what others have added

    def look(self) -> None:
        """Fold what others have added."""
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
        """The same, without a long wait; with the store gone, what is known here still stands."""
        try:
            with waiting(BRIEF, lambda _: None):
                self.look()
        except StoreError as error:
            warnings.warn(f"{error} What this session knows is shown.", RuntimeWarning, stacklevel=4)

    # -- its end

    def refuse_closed(self) -> None:
        """Raise HitlError where the session is closed."""
        with self.lock:
            if self.closed:
                raise HitlError("The session is closed: run the cell that makes it again.")

    def close(self) -> bool:
        """Write nothing any more; returns whether that is new."""
        if isinstance(self.lock, Elsewhere):
            return False
        with self.lock:
            before, self.closed = self.closed, True
            self.changed.notify_all()
        return not before

    def leave_behind(self) -> None:
        """In a forked child: the session is the parent's."""
        self.lock = self.changed = Elsewhere("Session")

    # -- what holds

    @property
    def labels(self) -> Labels:
        """The labels that hold, as arrays over the pool."""
        held = self.held()
        with self.lock:
            return self.ledger.snapshot(held)

    @property
    def schema(self) -> Schema:
        """The question that holds now."""
        return self.ledger.schema

    @property
    def counts(self) -> tuple[int, int]:
        """Items labelled and events folded, at one moment and as far as they were read."""
        with self.lock:
            return len(self.ledger.labels), self.ledger.n_events

    @property
    def n_events(self) -> int:
        """How many events of the log are folded."""
        return self.ledger.n_events

    def skipped_rows(self) -> npt.NDArray[np.int64]:
        """Rows that this annotator skipped and nobody has labelled since."""
        self.catch_up()
        return np.flatnonzero(self.labels.skipped)

    def is_changed(self, row: int) -> bool:
        """Whether the item has a label, and says something else now than when it was labelled."""
        return row in self.ledger.changed

    @property
    def n_changed(self) -> int:
        """How many labelled items say something else now than when they were labelled."""
        return len(self.ledger.changed)

    @property
    def notices(self) -> list[str]:
        """What does not fit between the store and the table, and what rows are one item, in words."""
        with self.lock:
            return self.ledger.notices()

    @property
    def unanswered(self) -> list[tuple[str, str, tuple[str, ...]]]:
        """Classes that ``classes=`` lacks though there are labels of them; they may have been renamed.

        Of each its id, its name, and the new classes that it may be called now, likeliest first. Answered by
        ``session.classes.merge([old], into=new)``, or by ``session.classes.retire(old)``.
        """
        with self.lock:
            return self.ledger.unanswered

    def row_of(self, key: str) -> int | None:
        """The row of an item by the key of an act on it; None where the table has none."""
        return self.ledger.naming.row(key)

    # -- what was done

    def events(self) -> list[LabelEvent]:
        """Every event that was read from the log, in its order."""
        with self.lock:
            return list(self.ledger.events)

    def acts(
        self, limit: int | None = None, *, annotator: str | None = None
    ) -> list[tuple[LabelEvent, bool]]:
        """Labels, skips and changes of the classes in log order, each with whether it holds.

        The last ``limit`` of them, and only an annotator's own where one is named.
        """
        with self.lock:
            return self.ledger.fold.acts(limit, annotator)

    def own_act(self, event_id: Any) -> LabelEvent:
        """The label, skip or change of the classes with this id; raises InvalidInput for another's."""
        found = self.ledger.fold.act(event_id) if isinstance(event_id, str) else None
        if found is None or found.annotator != self.annotator:
            raise InvalidInput(f"{event_id!r} is not an act of yours: see session.history().")
        return found

    def items_of(self, event_id: str) -> tuple[npt.NDArray[np.int64], int, Selection | None]:
        """Of an act of yours the rows, how many items are not in this table, and how they were chosen.

        Raises
        ------
        InvalidInput
            For what is not an act of yours.
        """
        with self.lock:
            act = self.own_act(event_id)
            places = [self.ledger.naming.row(key) for key in act.item_ids]
        rows = np.unique(np.asarray([row for row in places if row is not None], np.int64))
        return rows, places.count(None), act.selection

    def words(self, event: LabelEvent) -> Any:
        """What a label said, as it was called then; None of other acts, and where it was taken away."""
        with self.lock:
            return self.ledger.fold.words(event)

    def text(self, event: LabelEvent) -> str | None:
        """The same in one line."""
        words = self.words(event)
        return None if words is None else self.ledger.fold.kind.text(words)

    def codes(self, event: LabelEvent) -> tuple[int, ...] | None:
        """The codes of the classes that a label names now; None where it means nothing, and of other acts."""
        with self.lock:
            answer, schema = self.ledger.fold.now(event), self.ledger.schema
            if answer is None:
                return None
            return tuple(sorted(map(schema.ids.index, self.ledger.fold.kind.classes(answer))))

    def state(self, event: LabelEvent) -> ActState:
        """What became of an act: ``holds``, ``undone``, ``left behind`` or ``brought back``."""
        with self.lock:
            return self.ledger.fold.state(event)

    def left_behind(self, limit: int) -> list[LabelEvent]:
        """Your last acts that were undone and are out of reach of redo, the newest first."""
        with self.lock:
            return self.ledger.fold.left(self.annotator, limit)

    def ways(self, event_ids: Iterable[str]) -> dict[str, tuple[int, int]]:
        """How many acts and labels a jump to each of these undoes, or brings back, if it can."""
        with self.lock:
            return self.ledger.fold.ways(self.annotator, event_ids)

    def turned(self, event_id: str) -> LabelEvent | None:
        """The act that an undo or redo with this id was about."""
        with self.lock:
            return self.ledger.turned(event_id)

    def can_turn(self) -> tuple[bool, bool]:
        """Whether there is something to undo, and to redo."""
        with self.lock:
            return self.ledger.can_turn(self.annotator)

    def given(self) -> dict[str, int]:
        """Of each annotator how many labels they gave; what was undone does not count."""
        with self.lock:
            return self.ledger.fold.given

    def labelled_by(self, rows: npt.NDArray[np.int64], names: Collection[str]) -> npt.NDArray[np.bool_]:
        """Of each of these items whether a label of one of these annotators holds, bool (n_rows,)."""
        with self.lock:
            return np.array([self.ledger.is_by(int(row), names) for row in rows], np.bool_)
