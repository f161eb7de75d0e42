"""LabelStore: an append-only log of label events in a database that outlives the kernel."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from hitl_widgets.errors import InvalidInput, StoreError
from hitl_widgets.labels._database import open_database
from hitl_widgets.labels._leases import MAX_SECONDS, Leases
from hitl_widgets.labels._rows import to_event, to_row
from hitl_widgets.labels._schema import FORMAT, events, prepare
from hitl_widgets.labels.events import LabelEvent

__all__ = ["FORMAT", "LabelStore"]

SWEEP_EVERY = 60.0  # seconds

T = TypeVar("T")


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
        When the place cannot be opened or written, is no label store, or was written by a newer
        version.

    Notes
    -----
    :meth:`append` returns after the commit, and writing an event a second time changes nothing, so a
    resend is harmless: after a lost connection an operation is tried once more. A store of an older
    format is brought up to date when it is opened.
    """

    def __init__(self, location: str | os.PathLike[str] = "labels.sqlite") -> None:
        self._lock = threading.RLock()
        self._database = open_database(os.fspath(location))
        self._engine = self._database.engine
        self._leases = Leases(self._database)
        self._swept = time.monotonic()
        try:
            with self._database.writer() as connection:
                self.store_id = prepare(connection, self.name)
        except sa.exc.DBAPIError as error:
            self.close()
            raise StoreError(self._database.open_message(error)) from error
        except StoreError:
            self.close()
            raise

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
                return connection.execute(self._database.append, to_row(event)).rowcount > 0

        return self._try(write, "The label could not be written to {name}: {reason}. {advice}")

    def read(
        self, task: str, after: int = 0, *, known: LabelEvent | None = None
    ) -> Iterator[tuple[int, LabelEvent]]:
        """The events of a task in order, each with its sequence number, from behind ``after``.

        ``known`` is one that was just written, and need not be made from its row again.
        """
        query = sa.select(events).where(events.c.task == task, events.c.seq > after).order_by(events.c.seq)
        rows = self._read(lambda connection: connection.execute(query).all())
        for row in rows:
            yield row.seq, known if known and row.event_id == known.event_id else to_event(row)

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
        _check(seconds)
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
        _check(seconds)
        self._write(lambda connection: self._leases.attend(connection, task, holder, annotator, seconds))

    def present(self, task: str) -> dict[str, str]:
        """Who is there now: holder -> annotator."""
        return self._read(lambda connection: self._leases.present(connection, task))

    def _sweep(self, connection: sa.Connection) -> None:
        if time.monotonic() - self._swept > SWEEP_EVERY:
            self._leases.sweep(connection)
            self._swept = time.monotonic()

    # -- the database

    def close(self) -> None:
        """Release the file or the connections; the next act opens them again."""
        self._database.close()

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
        """Do it; once more where the connection had been lost since the last time."""
        with self._lock:
            for again in (True, False):
                try:
                    return work()
                except sa.exc.DBAPIError as error:
                    if again and error.connection_invalidated:
                        continue
                    reason, advice = self._database.reason(error), self._database.advice(error)
                    raise StoreError(words.format(name=self.name, reason=reason, advice=advice)) from error
        raise AssertionError("unreachable")


def _check(seconds: float) -> None:
    if not 0 < seconds <= MAX_SECONDS:
        raise InvalidInput(f"seconds={seconds!r}: expected more than 0 and at most {MAX_SECONDS}.")
