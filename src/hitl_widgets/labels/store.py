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
"""The sequence number and the id of the last event that was read."""

START: Mark = (0, "")

T = TypeVar("T")

_opened: weakref.WeakSet[LabelStore] = weakref.WeakSet()
_forking = threading.local()


class LogChanged(StoreError):
    """The store lacks an event that was read from it: an older copy or another store is in its place.

    Attributes
    ----------
    same
        Whether it is still the same store, so that events which it lacks may be written again.
    """

    def __init__(self, words: str, *, same: bool) -> None:
        super().__init__(words)
        self.same = same


class LabelStore:
    """The log of one file or database; it holds many tasks.

    Parameters
    ----------
    location
        Path of an SQLite file (created where missing, mode 0600), ``postgresql://name@host/database``
        (extra ``postgres``), or ``":memory:"`` for a log that ends with the process.

    Attributes
    ----------
    store_id
        The store's own name, which a copy of it shares.
    path
        The file; None where there is none.
    note
        What a person should know about the place, such as "in a network folder (nfs4)", or "".

    Raises
    ------
    StoreError
        When the place cannot be opened or written, is not a label store, or was written by a newer
        version.

    Notes
    -----
    :meth:`append` returns after the commit, and writing an event a second time changes nothing, so a
    resend is harmless: after a lost connection an operation is tried once more. While another program
    holds the store it waits for up to 10 s, and says so with a RuntimeWarning. A store of an older
    format is brought up to date when it is opened.
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
        """The file; None where there is none."""
        return self._database.path

    @property
    def name(self) -> str:
        """Where the labels are, in a form fit for a screen: never a password."""
        return self._database.name

    @property
    def note(self) -> str:
        """What a person should know about the place, such as "in a network folder (nfs4)", or ""."""
        return self._database.note

    # -- the log

    def append(self, event: LabelEvent) -> bool:
        """Write an event and wait until it is on disk.

        Returns
        -------
        bool
            False if an event with this id was there already (or got through just before its
            connection was lost).

        Raises
        ------
        StoreError
            When the event could not be written; then nothing of it was.
        """

        def write() -> bool:
            with self._database.appender() as connection:
                return self._append(connection, event, START)

        return self._try(write, NOT_WRITTEN)

    def record(self, event: LabelEvent, mark: Mark) -> list[tuple[int, LabelEvent]]:
        """Write an event, and read its task from behind ``mark``, the event among what is read.

        Raises
        ------
        LogChanged
            When the store lacks the event of ``mark``. Nothing is written then.
        StoreError
            When the event could not be written.
        """

        def write() -> Sequence[Any]:
            with self._database.appender() as connection:
                self._append(connection, event, mark)
                return _tail(connection, event.task, mark[0])

        rows = self._try(write, NOT_WRITTEN)
        return [(row.seq, event if row.event_id == event.event_id else to_event(row)) for row in rows]

    def restore(self, known: Iterable[LabelEvent]) -> int:
        """Write those of these events that the store lacks, in their order; returns how many."""

        def work(connection: sa.Connection) -> int:
            prepare(connection, self.name)  # the copy may be of an older format
            return sum(self._append(connection, event, START) for event in known)

        return self._write(work)

    def read(self, task: str, after: int | Mark = 0) -> Iterator[tuple[int, LabelEvent]]:
        """The events of a task in order, each with its sequence number, from behind ``after``.

        Raises
        ------
        LogChanged
            When ``after`` is a mark, and the store lacks its event.
        """
        mark = (after, "") if isinstance(after, int) else after

        def tail(connection: sa.Connection) -> Sequence[Any]:
            if mark[1]:
                self._check(connection, mark)
            return _tail(connection, task, mark[0])

        for row in self._read(tail):
            yield row.seq, to_event(row)

    def tasks(self) -> list[str]:
        """The tasks that have events, in alphabetical order."""
        query = sa.select(events.c.task).distinct()
        return sorted(self._read(lambda connection: connection.execute(query).scalars().all()))

    # -- who works on what

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
            Who holds them: one id per session, not per person.
        annotator
            The person's name.
        seconds
            How long from now, by the database's clock; at most 600. Lease again to renew.

        Returns
        -------
        frozenset of str
            The keys that are the holder's now: those that were free, over, or its own. What somebody
            else holds is left out.

        Raises
        ------
        InvalidInput
            When ``seconds`` is not within (0, 600].
        StoreError
            When the store cannot be written.
        """
        _check_seconds(seconds)
        asked = list(keys)

        def work(connection: sa.Connection) -> frozenset[str]:
            self._sweep(connection)
            return self._leases.take(connection, task, asked, (holder, annotator), seconds)

        return self._write(work)

    def release(self, task: str, holder: str, keys: Iterable[str] | None = None) -> None:
        """Give back leases before they end; with ``keys`` None all of the holder's, and its presence."""
        asked = None if keys is None else list(keys)
        self._write(lambda connection: self._leases.give_back(connection, task, holder, asked))

    def leases(self, task: str) -> dict[str, str]:
        """The leases that hold now: key -> holder."""
        return self._read(lambda connection: self._leases.live(connection, task))

    def attend(self, task: str, holder: str, annotator: str, seconds: float) -> None:
        """Say that somebody is there, for so many seconds from now (at most 600)."""
        _check_seconds(seconds)
        self._write(lambda connection: self._leases.attend(connection, task, holder, annotator, seconds))

    def present(self, task: str) -> dict[str, str]:
        """Who is there now: holder -> annotator."""
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
        """Raise where the event of the mark is not there."""
        query = sa.select(events.c.event_id).where(events.c.seq == mark[0])
        if connection.execute(query).scalar() == mark[1]:
            return
        there = read_meta(connection, self.name)
        same = there is not None and there["store_id"] == self.store_id
        whole = not same or self._database.is_whole(connection)
        copy = "an older copy of it" if whole else "a damaged copy of it"
        other = copy if same else "another one"
        raise LogChanged(
            f"The label store {self.name} was replaced by {other}. Put the right one back, then label again; "
            f"or save what this session knows with {RESCUE}, and read it in a new session with "
            "session.import_labels('rescued.jsonl').",
            same=same and whole,
        )

    def _sweep(self, connection: sa.Connection) -> None:
        if time.monotonic() - self._swept > SWEEP_EVERY:
            self._leases.sweep(connection)
            self._swept = time.monotonic()

    # -- the database

    def close(self) -> None:
        """Release the file or the connections; the next act opens them again."""
        if not isinstance(self._lock, Elsewhere):
            self._database.close()

    def pause(self) -> bool:
        """Let nobody use the store until :meth:`go_on`; False where it is in use for more than a second."""
        return bool(self._lock.acquire(timeout=1.0))

    def go_on(self) -> None:
        """The end of a pause."""
        self._lock.release()

    def leave_behind(self) -> None:
        """In a forked child: the connections are the parent's."""
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
        """Do it; again where the connection had been lost, and while another program holds the store."""
        wait, reconnected = patience() or Patience(), False
        with self._lock:
            while True:
                try:
                    # Cut off by Ctrl-C, a connection would hold its lock until it is collected.
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
    """Let transactions end: in a child that ends, one of another thread would be rolled back, in the file."""
    _forking.held = [store for store in list(_opened) if store.pause()]


def _after_fork() -> None:
    for store in _forking.held:
        store.go_on()


def _in_child() -> None:
    for store in list(_opened):
        store.leave_behind()
    _opened.clear()


on_fork(_in_child, _before_fork, _after_fork)
