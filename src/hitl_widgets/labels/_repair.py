"""Repairs a store's file: makes a backup, then repairs the file in place or writes a new one."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from hitl_widgets.errors import StoreError
from hitl_widgets.labels._files import SIDE_FILES, beside, copy_files, refuse_missing
from hitl_widgets.labels._pages import EventRow, Salvage, read_event, salvage
from hitl_widgets.labels._rows import to_row
from hitl_widgets.labels._schema import append_only, events, meta, prepare, tables
from hitl_widgets.labels._sqlite import SQLite

__all__ = ["repair"]

_IN_USE = "{path} is in use by another program. Close the notebooks that have it open, then repair it again."


def repair(path: Path) -> list[str]:
    """Repair the file of a store.

    Returns
    -------
    list of str
        Descriptions of what was done.

    Raises
    ------
    StoreError
        If the file is in use, is not a label store, or is not readable at all. It is not changed then.
    """
    refuse_missing(path)
    if path.stat().st_size == 0:
        return []
    stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    backup = path.with_name(f"{path.name}.backup-{stamp}")
    if not copy_files(path, backup):
        _forget(backup)
        raise StoreError(_IN_USE.format(path=path))
    done = [f"backup: {backup}"]
    try:
        done += _mend(path, backup)
    except StoreError:
        _forget(backup)
        raise
    if os.name == "posix" and path.stat().st_mode & 0o077:
        path.chmod(0o600)
        done.append("permissions: 0600, for the owner only")
    return done


def _mend(path: Path, backup: Path) -> list[str]:
    with _alone(path):
        pass
    try:
        return _mend_in_place(path)
    except (sqlite3.DatabaseError, sa.exc.DatabaseError, UnicodeDecodeError) as error:
        if "locked" in str(error):
            raise StoreError(_IN_USE.format(path=path)) from error
    with _alone(path):
        return _replace(path, backup)


def _forget(backup: Path) -> None:
    for each in (backup, *(beside(backup, end) for end in SIDE_FILES)):
        each.unlink(missing_ok=True)


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep other writers out, if SQLite can still lock the file."""
    with contextlib.closing(sqlite3.connect(path, timeout=2, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise StoreError(_IN_USE.format(path=path)) from error
        except (sqlite3.DatabaseError, UnicodeDecodeError):
            pass
        yield


def _mend_in_place(path: Path) -> list[str]:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as raw:
        before = {name for (name,) in raw.execute("SELECT name FROM sqlite_master")}
        if not {"hitl_meta", "label_event"} <= before:
            raise sqlite3.DatabaseError("tables are missing")
        mode = raw.execute("PRAGMA journal_mode").fetchone()[0]
        wrong = _check(raw)
        if wrong:
            raw.execute("REINDEX")
            if left := _check(raw):
                raise sqlite3.DatabaseError(left)
        _read_all(raw)
    database = SQLite(path)
    try:
        with database.writer() as connection:
            prepare(connection, str(path))
            tables.create_all(connection)
            append_only(connection)
            for index in events.indexes:
                index.create(connection, checkfirst=True)
            after = set(connection.exec_driver_sql("SELECT name FROM sqlite_master").scalars())
            now = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
    finally:
        database.close()
    done = [f"recreated: {', '.join(sorted(after - before))}"] if after - before else []
    done += ["indexes: rebuilt from the rows"] if wrong else []
    done += [f"journal: changed from {mode} to {now}"] if mode != now else []
    return done


def _check(raw: sqlite3.Connection) -> str:
    wrong = [row[0] for row in raw.execute("PRAGMA integrity_check(20)")]
    return "" if wrong == ["ok"] else "; ".join(wrong)


def _read_all(raw: sqlite3.Connection) -> None:
    for row in raw.execute("SELECT * FROM label_event"):
        try:
            read_event(EventRow(*row))
        except (ValueError, TypeError, KeyError) as error:
            raise sqlite3.DatabaseError(f"row {row[0]} is not an event") from error


def _replace(path: Path, backup: Path) -> list[str]:
    """Write all readable events into a new file, and replace the old one by it."""
    with tempfile.TemporaryDirectory(prefix=".hitl-repair-", dir=path.parent) as folder:
        copy, new = Path(folder) / "copy.sqlite", Path(folder) / "new.sqlite"
        copy_files(path, copy)
        with (
            contextlib.suppress(sqlite3.DatabaseError, UnicodeDecodeError),
            contextlib.closing(sqlite3.connect(copy)) as raw,
        ):
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # rolls back a journal, or merges the log
        found = salvage(copy)
        first = salvage(backup)  # if the log is damaged, SQLite stops too early
        found.meta = first.meta | found.meta
        for number, event in first.events.items():
            found.events.setdefault(number, event)
        if not found.events:
            raise StoreError(
                f"No events in {path} can be read: it is not a label store, or is lost. It was not changed."
            )
        same_id = _write(new, found)
        for end in (*SIDE_FILES, "-shm"):  # SQLite would apply those of the old file to the new one
            beside(path, end).unlink(missing_ok=True)
        new.replace(path)
        _sync(path.parent)
    last = max(found.events)
    lost = f"; {last - len(found.events):,} of {last:,} are lost" if last > len(found.events) else ""
    done = [f"salvaged: {len(found.events):,} events into a new file{lost}"]
    if not same_id:
        done.append(
            "store id: not readable, so a new one was created; labels still waiting in a browser will not "
            "be saved to this store"
        )
    return done


def _write(new: Path, found: Salvage) -> bool:
    """Write a store of these events, with their numbers; return whether it keeps its id."""
    database = SQLite(new)
    try:
        with database.writer() as connection:
            prepare(connection, str(new))
            if "store_id" in found.meta:
                connection.execute(
                    sa.update(meta).where(meta.c.key == "store_id").values(value=found.meta["store_id"])
                )
            rows = [to_row(event) | {"seq": number} for number, event in sorted(found.events.items())]
            connection.execute(sa.insert(events), rows)
    finally:
        database.close()
    return "store_id" in found.meta


def _sync(folder: Path) -> None:
    with contextlib.suppress(OSError):  # not on Windows
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
