"""LabelStore: an append-only log of label events in a database that outlives the kernel."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa

from hitl_widgets.background.forks import Elsewhere, on_fork
from hitl_widgets.background.turns import uninterrupted
from hitl_widgets.errors import RESCUE, InvalidInput, StoreError
from hitl_widgets.labels._database import open_database
from hitl_widgets.labels._leases import MAX_SECONDS, Leases
from hitl_widgets.labels._rows import to_event, to_row
from hitl_widgets.labels._schema import FORMAT, events, prepare, read_meta
from hitl_widgets.labels.events import LabelEvent
from hitl_widgets.labels.waiting import Patience, patience

__all__ = ["FORMAT", "START", "LabelStore", "LogChanged", "Mark"]

SWEEP_EVERY = 60.0  # seconds
NOT_WRITTEN = "The label could not be written to {name}: {reason}. {advice}"

Mark = tuple[int, str]
"""The sequence number and id of the last event that was read."""

START: Mark = (0, "")

T = TypeVar("T")

_opened: weakref.WeakSet[LabelStore] = weakref.WeakSet()
_forking = threading.local()


class LogChanged(StoreError):
    """The store lacks an event that was read from it: it was replaced by an older copy or another store.

    Attributes
    ----------
    same
        Whether it is the same store, so that missing events may be written again.
    """

    def __init__(self, words: str, *, same: bool) -> None:
        super().__init__(words)
        self.same = same


class LabelStore:
    """The log of one file or database, which can contain many tasks.

    Parameters
    ----------
    location
        Path of an SQLite file (created with mode 0600 if missing), ``postgresql://name@host/database``
        (requires the extra ``postgres``), or ``":memory:"`` for a log that ends with the process.

    Attributes
    ----------
    store_id
        A unique id of the store, shared by its copies.
    path
        The file, or None.
    note
        Information for the user about the location, such as "in a network folder (nfs4)", or "".

    Raises
    ------
    StoreError
        If the location cannot be opened or written, is not a label store, or was written by a newer
        version.

    Notes
    -----
    :meth:`append` returns after the commit. Writing an event again changes nothing, so after a lost
    connection an operation is retried once. While another program locks the store, operations wait for up to
    10 s and issue a RuntimeWarning. A store of an older format is upgraded when it is opened.
    """

    def __init__(self, location: str | os.PathLike[str] = "labels.sqlite") -> None:
        self._lock: Any = threading.RLock()
        self._database = open_database(os.fspath(location))
        self._engine = self._database.engine
        self._leases = Leases(self._database)
        self._swept = time.monotonic()
        try:
            self.store_id = self._try(self._prepare, "")
        except BaseException:
            self.close()
            raise
        _opened.add(self)

    def _prepare(self) -> str:
        with self._database.writer() as connection:
            return prepare(connection, self.name)

    def __repr__(self) -> str:
        return f"<LabelStore {self.name}>"

    @property
    def path(self) -> Path | None:
        """The file, or None."""
        return self._database.path

    @property
    def name(self) -> str:
        """The location of the labels for display, without a password."""
        return self._database.name

    @property
    def note(self) -> str:
        """Information for the user about the location, such as "in a network folder (nfs4)", or ""."""
        return self._database.note

    # -- the log

    def append(self, event: LabelEvent) -> bool:
        """Write an event and wait until it is saved.

        Returns
        -------
        bool
            False if there was already an event with this id (or it was saved just before the connection
            was lost).

        Raises
        ------
        StoreError
            If the event could not be written; nothing is written then.
        """

        def write() -> bool:
            with self._database.appender() as connection:
                return self._append(connection, event, START)

        return self._try(write, NOT_WRITTEN)

    def record(self, event: LabelEvent, mark: Mark) -> list[tuple[int, LabelEvent]]:
        """Write an event, and return the events of its task after ``mark``, including this one.

        Raises
        ------
        LogChanged
            If the store lacks the event of ``mark``. Nothing is written then.
        StoreError
            If the event could not be written.
        """

        def write() -> Sequence[Any]:
            with self._database.appender() as connection:
                self._append(connection, event, mark)
                return _tail(connection, event.task, mark[0])

        rows = self._try(write, NOT_WRITTEN)
        return [(row.seq, event if row.event_id == event.event_id else to_event(row)) for row in rows]

    def restore(self, known: Iterable[LabelEvent]) -> int:
        """Write those events that the store lacks, in order; return their number."""

        def work(connection: sa.Connection) -> int:
            prepare(connection, self.name)  # the copy may be of an older format
            return sum(self._append(connection, event, START) for event in known)

        return self._write(work)

    def read(self, task: str, after: int | Mark = 0) -> Iterator[tuple[int, LabelEvent]]:
        """Yield the events of a task after ``after``, in order, each with its sequence number.

        Raises
        ------
        LogChanged
            If ``after`` is a mark, and the store lacks its event.
        """
        mark = (after, "") if isinstance(after, int) else after

        def tail(connection: sa.Connection) -> Sequence[Any]:
            if mark[1]:
                self._check(connection, mark)
            return _tail(connection, task, mark[0])

        for row in self._read(tail):
            yield row.seq, to_event(row)

    def tasks(self) -> list[str]:
        """Return the tasks that have events, in alphabetical order."""
        query = sa.select(events.c.task).distinct()
        return sorted(self._read(lambda connection: connection.execute(query).scalars().all()))

    # -- leases and presence

    def lease(
        self, task: str, keys: Iterable[str], holder: str, annotator: str, seconds: float
    ) -> frozenset[str]:
        """Reserve items for a while, so that two people are not asked the same.

        Parameters
        ----------
        task
            Name of the question.
        keys
            Keys of items, any number.
        holder
            The id of the session that holds the leases.
        annotator
            The person's name.
        seconds
            Duration from now, by the database's clock; at most 600. Lease again to renew.

        Returns
        -------
        frozenset of str
            The keys that the holder now has: those that were free, expired, or its own, but not those of
            other holders.

        Raises
        ------
        InvalidInput
            If ``seconds`` is not in (0, 600].
        StoreError
            If the store cannot be written.
        """
        _check_seconds(seconds)
        asked = list(keys)

        def work(connection: sa.Connection) -> frozenset[str]:
            self._sweep(connection)
            return self._leases.take(connection, task, asked, (holder, annotator), seconds)

        return self._write(work)

    def release(self, task: str, holder: str, keys: Iterable[str] | None = None) -> None:
        """End leases early; if ``keys`` is None, all leases of the holder and its presence."""
        asked = None if keys is None else list(keys)
        self._write(lambda connection: self._leases.give_back(connection, task, holder, asked))

    def leases(self, task: str) -> dict[str, str]:
        """Return the current leases: key -> holder."""
        return self._read(lambda connection: self._leases.live(connection, task))

    def attend(self, task: str, holder: str, annotator: str, seconds: float) -> None:
        """Register an annotator as present for this many seconds (at most 600)."""
        _check_seconds(seconds)
        self._write(lambda connection: self._leases.attend(connection, task, holder, annotator, seconds))

    def present(self, task: str) -> dict[str, str]:
        """Return who is present: holder -> annotator."""
        return self._read(lambda connection: self._leases.present(connection, task))

    # -- the log, within a transaction

    def _append(self, connection: sa.Connection, event: LabelEvent, mark: Mark) -> bool:
        values = to_row(event) | {"seq": mark[0], "since": mark[1]}
        if connection.execute(self._database.append, values).rowcount > 0:
            return True
        if mark != START:
            self._check(connection, mark)
        return False

    def _check(self, connection: sa.Connection, mark: Mark) -> None:
        """Raise LogChanged if the store lacks the event of the mark."""
        query = sa.select(events.c.event_id).where(events.c.seq == mark[0])
        if connection.execute(query).scalar() == mark[1]:
            return
        there = read_meta(connection, self.name)
        same = there is not None and there["store_id"] == self.store_id
        whole = not same or self._database.is_whole(connection)
        copy = "an older copy of it" if whole else "a damaged copy of it"
        other = copy if same else "another store"
        raise LogChanged(
            f"The label store {self.name} was replaced by {other}. Restore the right one, then label again; "
            f"or save the labels of this session with {RESCUE}, and load them in a new session with "
            "session.import_labels('rescued.jsonl').",
            same=same and whole,
        )

    def _sweep(self, connection: sa.Connection) -> None:
        if time.monotonic() - self._swept > SWEEP_EVERY:
            self._leases.sweep(connection)
            self._swept = time.monotonic()

    # -- the database

    def close(self) -> None:
        """Close the file or the connections; the next operation opens them again."""
        if not isinstance(self._lock, Elsewhere):
            self._database.close()

    def pause(self) -> bool:
        """Block the store until :meth:`go_on`; return False if it is in use for more than a second."""
        return bool(self._lock.acquire(timeout=1.0))

    def go_on(self) -> None:
        """End a pause."""
        self._lock.release()

    def leave_behind(self) -> None:
        """Disable the store in a forked child, because its connections belong to the parent."""
        self._lock = Elsewhere("LabelStore")

    def _read(self, work: Callable[[sa.Connection], T]) -> T:
        def reading() -> T:
            with self._database.reader() as connection:
                return work(connection)

        return self._try(reading, "{name} cannot be read: {reason}. {advice}")

    def _write(self, work: Callable[[sa.Connection], T]) -> T:
        def writing() -> T:
            with self._database.writer() as connection:
                return work(connection)

        return self._try(writing, "{name} cannot be written: {reason}. {advice}")

    def _try(self, work: Callable[[], T], words: str) -> T:
        """Run an operation; retry after a lost connection and while another program locks the store."""
        wait, reconnected = patience() or Patience(), False
        with self._lock:
            while True:
                try:
                    # After Ctrl-C, a connection would keep its lock until it is garbage-collected.
                    with uninterrupted():
                        return work()
                except sa.exc.DBAPIError as error:
                    if error.connection_invalidated and not reconnected:
                        reconnected = True
                    elif not (self._database.is_busy(error) and wait.goes_on(self.name)):
                        raise StoreError(self._why(error, words)) from error

    def _why(self, error: Exception, words: str) -> str:
        database = self._database
        if not words:
            return database.open_message(error)
        return words.format(name=self.name, reason=database.reason(error), advice=database.advice(error))


def _tail(connection: sa.Connection, task: str, after: int) -> Sequence[Any]:
    query = sa.select(events).where(events.c.task == task, events.c.seq > after).order_by(events.c.seq)
    return connection.execute(query).all()


def _check_seconds(seconds: float) -> None:
    if not 0 < seconds <= MAX_SECONDS:
        raise InvalidInput(f"seconds={seconds!r}: expected more than 0 and at most {MAX_SECONDS}.")


def _before_fork() -> None:
    """Wait for transactions to end, because a child that exits would roll back those of other threads."""
    _forking.held = [store for store in list(_opened) if store.pause()]


def _after_fork() -> None:
    for store in _forking.held:
        store.go_on()


def _in_child() -> None:
    for store in list(_opened):
        store.leave_behind()
    _opened.clear()


on_fork(_in_child, _before_fork, _after_fork)
