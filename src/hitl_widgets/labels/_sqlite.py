"""A label store in an SQLite file or in memory."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import warnings
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from hitl_widgets.errors import RESCUE, StoreError
from hitl_widgets.labels._places import file_system, is_network
from hitl_widgets.labels._schema import FORMAT

__all__ = ["SQLite"]

# In earlier versions, two connections could reset the write-ahead log at the same time and damage the file.
WAL_SINCE = (3, 51, 3)
# Timeout of one attempt to lock; the store retries, and reports that it is waiting.
BUSY_MS = 500
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}

_warned: set[Path] = set()


class SQLite:
    """The database of one store.

    Parameters
    ----------
    path
        The absolute path of the file, created with mode 0600 if missing; None for memory.

    Attributes
    ----------
    engine
        Its transactions begin with BEGIN IMMEDIATE, so that two writers wait for each other, or with
        BEGIN if the execution option ``reading`` is set.
    note
        Information for the user about the location, or "".

    Notes
    -----
    A new file on a local disk uses a write-ahead log if this version of SQLite is safe with it, otherwise a
    rollback journal. An existing file keeps its mode, except that a write-ahead log that is not safe here is
    merged and replaced by a rollback journal, which all versions can share.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.name = "memory" if path is None else str(path)
        self.note = ""
        self._network = ""
        self._wal_is_safe = False
        self._size = 0  # of the file at its last use
        options: dict[str, Any] = {"hide_parameters": True}
        if path is None:
            options |= {"poolclass": StaticPool, "connect_args": {"check_same_thread": False}}
        else:
            make_file(path)
            self._look_at_place(path)
        self.engine = sa.create_engine(
            sa.URL.create("sqlite", database=None if path is None else str(path)), **options
        )
        if path is not None:
            sa.event.listen(self.engine, "checkout", self._check_same_file)
            sa.event.listen(self.engine, "close", _fold_in)
        sa.event.listen(self.engine, "do_connect", self._before_connect)
        sa.event.listen(self.engine, "connect", self._configure)
        sa.event.listen(self.engine, "begin", _begin)
        self._reader = self.engine.execution_options(reading=True)

    def _look_at_place(self, path: Path) -> None:
        kind = file_system(path)
        self._network = kind if is_network(kind) else ""
        self._wal_is_safe = not self._network and sqlite3.sqlite_version_info >= WAL_SINCE
        if self._network:
            self.note = f"in a network folder ({kind})"
            if path not in _warned:
                _warned.add(path)
                warnings.warn(
                    f"The label store {path} is in a network folder ({kind}), where SQLite's locks are not "
                    "reliable. This is fine for one person. For several people or kernels, pass a path on a "
                    "local disk as store=, or a server: postgresql://name@host/database.",
                    RuntimeWarning,
                    stacklevel=5,  # the code that creates the LabelStore
                )

    def _configure(self, connection: sqlite3.Connection, _record: Any) -> None:
        # pysqlite begins transactions too late to wait for a lock, so _begin does it.
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        self._settle_journal(connection)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        # Otherwise INSERT OR REPLACE bypasses the append-only triggers.
        connection.execute("PRAGMA recursive_triggers=ON")

    def _settle_journal(self, connection: sqlite3.Connection) -> None:
        """Switch the file to the journal mode that is safe here, unless another program has it open."""
        mode = _ask(connection, "journal_mode")
        wanted = mode
        if self.path is None:
            return
        if _ask(connection, "page_count") == 0:
            wanted = "wal" if self._wal_is_safe else "delete"
        elif mode == "wal" and not self._wal_is_safe and is_ours(connection):
            wanted = "delete"
        if wanted != mode:
            with contextlib.suppress(sqlite3.OperationalError):  # locked by another program
                _ask(connection, f"journal_mode={wanted}")
            mode = _ask(connection, "journal_mode")
        held = mode == "wal" and not self._wal_is_safe
        network = f"in a network folder ({self._network})" if self._network else ""
        journal = "another program has the file open in WAL mode: safer once it is closed" if held else ""
        self.note = "; ".join(filter(None, (network, journal)))

    def _before_connect(self, *_: Any) -> None:
        self._check_there()

    def _check_there(self) -> os.stat_result | None:
        """Check the file; raise an error if it is missing or was replaced by an empty one."""
        if self.path is None:
            return None
        found = self.path.stat() if self.path.is_file() else None
        if found is None or (self._size and not found.st_size):
            raise StoreError(
                f"The label store {self.path} was {'emptied' if found else 'moved or deleted'}. Put the file "
                f"back, then label again. If it is lost, save the labels of this session with {RESCUE}, "
                "rerun the cell that creates the session, and call session.import_labels('rescued.jsonl')."
            )
        return found

    def _check_same_file(self, connection: sqlite3.Connection, record: Any, _proxy: Any) -> None:
        """Check that the open file was not moved, deleted or replaced."""
        found = self._check_there()
        assert found is not None  # noqa: S101 - only files have this listener
        if record.info.setdefault("file", (found.st_dev, found.st_ino)) != (found.st_dev, found.st_ino):
            raise sa.exc.DisconnectionError  # the pool opens the current file
        if found.st_size < self._size and not _is_whole(connection):  # a log never gets shorter
            raise StoreError(
                f"The label store {self.path} was truncated or overwritten. Restore an intact copy, then "
                f"label again; or save the labels of this session with {RESCUE}, then run: hitl-widgets "
                f"doctor {self.path}"
            )
        self._size = found.st_size

    # -- engine-specific parts

    append = sa.text(
        "INSERT INTO label_event (event_id, task, annotator, kind, time, body) "
        "SELECT :event_id, :task, :annotator, :kind, :time, :body WHERE :seq = 0 OR EXISTS "
        "(SELECT 1 FROM label_event WHERE seq = :seq AND event_id = :since) "
        "ON CONFLICT (event_id) DO NOTHING"
    )
    clock = "((julianday('now') - 2440587.5) * 86400.0)"
    each_key = "SELECT value AS key FROM json_each(:keys)"

    def writer(self) -> contextlib.AbstractContextManager[sa.Connection]:
        """Begin a transaction that excludes other writers."""
        return self.engine.begin()

    appender = writer

    def reader(self) -> contextlib.AbstractContextManager[sa.Connection]:
        """Begin a transaction that reads a snapshot of the file."""
        return self._reader.connect()

    def close(self) -> None:
        """Close the file."""
        self.engine.dispose()

    @staticmethod
    def is_busy(error: Exception) -> bool:
        """Return whether another program has locked the file."""
        code = getattr(getattr(error, "orig", None), "sqlite_errorcode", 0)
        return code & 0xFF in _BUSY  # the other bits give details

    @staticmethod
    def is_whole(connection: sa.Connection) -> bool:
        """Check the integrity: a file replaced under its write-ahead log may be damaged."""
        return _is_whole(connection.connection.driver_connection)

    @staticmethod
    def reason(error: Exception) -> str:
        """Return SQLite's error message."""
        said = str(getattr(error, "orig", None) or error).strip().rstrip(".")
        return f"it was emptied or replaced ({said})" if "no such table" in said else said

    def advice(self, error: Exception) -> str:
        """Return what the user can do about it."""
        reason = self.reason(error)
        if "full" in reason:
            return "Earlier labels are saved. Free disk space, then label again."
        if "readonly" in reason or "read-only" in reason or "unable to open" in reason:
            return "Earlier labels are saved. Make the file and its folder writable, then label again."
        if "locked" in reason:
            return (
                "Close the program that locks the file, such as a database viewer with an open transaction, "
                "then label again."
            )
        look = f"hitl-widgets doctor {self.path}" if self.path else "session.history()"
        return f"Save the labels of this session with {RESCUE}, then run: {look}"

    def open_message(self, error: Exception) -> str:
        """Return why the store cannot be opened, and what to do."""
        reason = self.reason(error)
        if self.is_busy(error):
            return (
                f"The label store {self.name} cannot be opened: another program has locked it. Close that "
                "program, such as a database viewer with an open transaction, then run this again."
            )
        if "not a database" in reason:
            return (
                f"{self.name} is not a label store ({reason}). Pass another file as store=. If it was one, "
                f"see what is left with: hitl-widgets doctor {self.name}"
            )
        look = f" To see the damage, run: hitl-widgets doctor {self.name}" if "malformed" in reason else ""
        return f"The label store {self.name} cannot be opened: {reason}.{look}"


def make_file(path: Path) -> None:
    """Create the file with access for its owner only, or check that it is writable.

    Raises
    ------
    StoreError
        If it cannot be created or written.
    """
    try:
        if path.is_dir():
            raise IsADirectoryError(21, "it is a folder")
        # An existing file is not opened here, because closing it would release all locks that SQLite holds
        # on it in this process.
        if not path.exists():
            with contextlib.suppress(FileExistsError):
                os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        elif not os.access(path, os.W_OK):
            raise PermissionError(13, "Permission denied")
    except OSError as error:
        if isinstance(error, PermissionError) and path.exists():
            raise StoreError(
                f"The label store {path} cannot be opened for writing: {error.strerror}. To share it, its "
                "owner can run chmod 666 on the file and chmod 777 on a folder made for it, or all use "
                "PostgreSQL: store='postgresql://name@host/database'. Else pass a file of your own."
            ) from error
        raise StoreError(
            f"The label store {path} cannot be opened for writing: {error.strerror or error}. Pass a "
            "file in a folder that you can write to, such as store='labels.sqlite'."
        ) from error


def is_ours(connection: sqlite3.Connection) -> bool:
    """Return whether the file is a label store of this or an older version."""
    try:
        [(found,)] = connection.execute("SELECT value FROM hitl_meta WHERE key = 'format'")
        return int(found) <= FORMAT
    except (sqlite3.OperationalError, ValueError):
        return False


def _ask(connection: sqlite3.Connection, pragma: str) -> Any:
    return connection.execute(f"PRAGMA {pragma}").fetchone()[0]


def _is_whole(connection: Any) -> bool:
    try:
        return bool(_ask(connection, "integrity_check(1)") == "ok")
    except sqlite3.DatabaseError:
        return False


def _fold_in(connection: sqlite3.Connection, _record: Any) -> None:
    """Merge the write-ahead log into the file, so that the file alone is complete."""
    with contextlib.suppress(sqlite3.Error):
        connection.execute("PRAGMA busy_timeout=100")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _begin(connection: sa.Connection) -> None:
    reading = connection.get_execution_options().get("reading")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
