"""Examines and repairs label stores."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import tempfile
from pathlib import Path

from hitl_widgets.errors import StoreError
from hitl_widgets.labels import _sqlite
from hitl_widgets.labels._database import sqlite_path
from hitl_widgets.labels._files import SIDE_FILES, beside, copy_files, refuse_missing
from hitl_widgets.labels._pages import EventRow, read_event, salvage
from hitl_widgets.labels._places import file_system, is_network
from hitl_widgets.labels._repair import repair
from hitl_widgets.labels._report import Report
from hitl_widgets.labels._schema import FORMAT, TRIGGERS
from hitl_widgets.labels._server import examine_server

__all__ = ["Report", "examine", "mend"]

INDEX = "label_event_task_seq"


def examine(location: str) -> Report:
    """Examine a store without changing it.

    Parameters
    ----------
    location
        A path, or a database URL.

    Raises
    ------
    StoreError
        If there is no store, or it cannot be read.
    """
    path = sqlite_path(location)
    if path is None:
        return examine_server(location)
    refuse_missing(path)
    report = Report(str(path))
    _look_at_file(report, path)
    if path.stat().st_size == 0:
        report.problems.append(
            "The file is empty: it never had labels, or they are lost. There is nothing to repair."
        )
        return report
    with tempfile.TemporaryDirectory(prefix="hitl-doctor-") as folder:
        copy = Path(folder) / "copy.sqlite"
        if not copy_files(path, copy):
            report.notes.append("Another program is writing, so these figures may be slightly out of date.")
        _look_inside(report, copy)
    return report


def mend(location: str) -> Report:
    """Back up and repair the file of a store, then examine it.

    Raises
    ------
    StoreError
        If it is not a file, is in use, or is not readable at all. Nothing is changed then.
    """
    path = sqlite_path(location)
    if path is None:
        raise StoreError(
            "--repair is for SQLite files. Repair a server with its own tools; to examine it, leave out "
            "--repair."
        )
    examine(location)  # raises an error if it is not a store or of a newer version
    done = repair(path)
    report = examine(location)
    report.done = done
    return report


# -- examining a file


def _look_at_file(report: Report, path: Path) -> None:
    kind = file_system(path)
    status = path.stat()
    side = [beside(path, end) for end in SIDE_FILES]
    report.facts["size"] = " and ".join(
        f"{p.stat().st_size / 1000:,.0f} kB{f' ({p.name})' * (p != path)}"
        for p in (path, *side)
        if p.exists()
    )
    report.facts["SQLite"] = sqlite3.sqlite_version
    report.facts["file system"] = kind or "unknown"
    report.facts["permissions"] = f"{stat.filemode(status.st_mode)[1:]} ({stat.S_IMODE(status.st_mode):04o})"
    if is_network(kind):
        report.notes.append(
            f"It is in a network folder ({kind}), where SQLite's locks are not reliable. For several people "
            "or kernels, use a local disk or postgresql://."
        )
    if os.name == "posix" and stat.S_IMODE(status.st_mode) & 0o077:
        report.problems.append(
            f"Other users of this machine can open it ({stat.S_IMODE(status.st_mode):04o}). --repair changes "
            "it to 0600, for the owner only."
        )


def _look_inside(report: Report, copy: Path) -> None:
    journal, log = (beside(copy, end) for end in SIDE_FILES)
    if journal.exists() and any(journal.read_bytes()[:8]):
        report.notes.append(
            "There is a rollback journal: another program is writing, or was killed while writing. Opening "
            "the store rolls it back. It contains no saved labels."
        )
    elif log.exists() and log.stat().st_size:
        report.notes.append("There is a write-ahead log, which belongs to the file: always copy both.")
    _look_at_journal(report, copy)
    try:
        with contextlib.closing(sqlite3.connect(copy)) as connection:
            _look_at_tables(report, copy, connection)
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # table names may be damaged too
        _tell_damage(report, copy, str(error))


def _look_at_journal(report: Report, copy: Path) -> None:
    with copy.open("rb") as file:
        wal = file.read(20)[18:20] == b"\2\2"
    report.facts["journal"] = "write-ahead log (WAL)" if wal else "rollback journal (DELETE)"
    where = Path(report.place)
    if wal and (sqlite3.sqlite_version_info < _sqlite.WAL_SINCE or is_network(file_system(where))):
        report.problems.append(
            f"It is in WAL mode, which is not safe with SQLite {sqlite3.sqlite_version} here. --repair "
            "changes the mode, and so does opening it when no other program has it open."
        )


def _look_at_tables(report: Report, copy: Path, connection: sqlite3.Connection) -> None:
    there = dict(connection.execute("SELECT name, type FROM sqlite_master"))
    ours = {"hitl_meta", "label_event"} & set(there)
    if there and not ours and not salvage(copy).events:
        raise StoreError(f"{report.place} is not a label store (tables: {', '.join(sorted(there)[:5])}).")
    wrong = [row[0] for row in connection.execute("PRAGMA integrity_check(20)")]
    meta = dict(connection.execute("SELECT key, value FROM hitl_meta")) if "hitl_meta" in there else {}
    _look_at_meta(report, meta)
    unreadable = 0
    numbers: list[int] = []
    if wrong == ["ok"] and "label_event" in there:
        for row in connection.execute("SELECT * FROM label_event ORDER BY seq"):
            try:
                report.events.append(read_event(EventRow(*row)))
                numbers.append(row[0])
            except (ValueError, TypeError, KeyError):
                unreadable += 1
    if wrong != ["ok"] or "label_event" not in there or not meta:
        missing = [f"table {name} is missing" for name in ("hitl_meta", "label_event") if name not in there]
        raise sqlite3.DatabaseError(
            "; ".join(missing + [w for w in wrong if w != "ok"]) or "hitl_meta is empty"
        )
    report.facts["integrity"] = "damaged" if unreadable else "ok"
    if unreadable:
        report.problems.append(
            f"{unreadable:,} rows cannot be read. --repair makes a backup, and writes the others to a new "
            "file."
        )
    if numbers and numbers[-1] - len(numbers) - unreadable > 0:
        report.notes.append(
            f"{numbers[-1] - len(numbers) - unreadable:,} sequence numbers are missing in the log: their "
            "events are lost."
        )
    _look_at_guards(report, set(there))
    if "lease" in there:
        _look_at_leases(report, connection)


def _look_at_meta(report: Report, meta: dict[str, str]) -> None:
    version = meta.get("format", "unknown")
    older = version.isdigit() and int(version) < FORMAT
    report.facts["format"] = f"{version}{f' (opening upgrades it to {FORMAT})' * older}"
    report.facts["store id"] = meta.get("store_id", "unknown")
    if version.isdigit() and int(version) > FORMAT:
        raise StoreError(
            f"{report.place} was written by a newer hitl-widgets (store format {version}; this version reads "
            f"up to {FORMAT}). Upgrade with: pip install -U hitl-widgets"
        )


def _look_at_guards(report: Report, there: set[str]) -> None:
    if gone := [name for name in TRIGGERS if name not in there]:
        report.problems.append(
            f"The log is not protected from changes: {' and '.join(gone)} {'are' if len(gone) > 1 else 'is'} "
            "missing. --repair recreates the triggers, and so does opening the store."
        )
    if INDEX not in there:
        report.problems.append(f"The index {INDEX} is missing, so reading is slow. --repair recreates it.")
    if report.facts["format"] == str(FORMAT) and not {"lease", "presence"} <= there:
        report.problems.append("The lease tables are missing. --repair recreates them.")


def _look_at_leases(report: Report, connection: sqlite3.Connection) -> None:
    query = f"SELECT count(*), count(DISTINCT holder) FROM lease WHERE expires > {_sqlite.SQLite.clock}"
    n, holders = connection.execute(query).fetchone()
    report.facts["leases"] = f"{n:,}, held by {holders} sessions" if n else "none"


def _tell_damage(report: Report, copy: Path, wrong: str) -> None:
    found = salvage(copy)
    report.events = list(found.events.values())
    report.facts.setdefault("format", found.meta.get("format", "unknown"))
    report.facts.setdefault("store id", found.meta.get("store_id", "unknown"))
    said = " ".join(wrong.split())
    report.facts["integrity"] = "damaged"
    last = max(found.events, default=0)
    lost = f", of {last:,} or more" if last > len(found.events) else ""
    report.problems.append(
        f"The file is damaged ({said[:300]}). {len(found.events):,} events can be read{lost}. --repair makes "
        "a backup, and writes them to a new file."
        if found.events
        else f"This is not a label store, or it is not readable at all ({said[:300]}). Pass another file."
    )
