"""hitl-widgets doctor on really damaged files: no readable event is lost."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from hitl_widgets import cli
from hitl_widgets.errors import StoreError
from hitl_widgets.labels import _sqlite
from hitl_widgets.labels._pages import salvage
from hitl_widgets.labels.doctor import examine, mend
from hitl_widgets.labels.events import LabelEvent
from hitl_widgets.labels.store import FORMAT, LabelStore
from stores import ALWAYS, NEVER, label

Capture = pytest.CaptureFixture[str]
N = 400
PAGE = 4096


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of 400 events, two of them much longer than a page."""
    path = tmp_path_factory.mktemp("whole") / "labels.sqlite"
    before, _sqlite.WAL_SINCE = _sqlite.WAL_SINCE, NEVER
    store = LabelStore(path)
    for i in range(N):
        keys = tuple(f"item {i}/{k}" for k in range(2000 if i in {100, 300} else 1))
        task, who = ("mood", "labels")[i % 4 > 0], ("ann", "bob")[i % 2]
        store.append(label(i, item_ids=keys, task=task, annotator=who, value="naïve"))
    store.close()
    _sqlite.WAL_SINCE = before
    return path


@pytest.fixture
def path(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(_sqlite, "WAL_SINCE", NEVER)
    path = tmp_path / "labels.sqlite"
    shutil.copyfile(whole, path)
    path.chmod(0o600)
    return path


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        p.name: (p.read_bytes(), p.stat().st_mode) for p in folder.iterdir() if not p.name.endswith("-shm")
    }


def everything(path: Path) -> dict[int, LabelEvent]:
    store = LabelStore(path)
    found = dict(pair for task in store.tasks() for pair in store.read(task))
    store.close()
    return found


def spoil(path: Path, at: int, length: int, seed: int = 0) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(random.Random(seed).randbytes(length))


def sql(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as raw:
        for statement in statements:
            raw.execute(statement)
        raw.commit()


# -- healthy


def test_a_healthy_store(path: Path, capsys: Capture) -> None:
    before = contents(path.parent)
    assert cli.main(["doctor", str(path)]) == 0
    said = capsys.readouterr().out
    for words in (
        f"{path}\n", f"format        {FORMAT}\n", f"SQLite        {sqlite3.sqlite_version}\n",
        "journal (DELETE)",
        "rw------- (0600)", "integrity     ok", "leases        none", "task 'labels': 300 events, 300 labels",
        "  bob                      200 events", "\nhealthy\n",
    ):  # fmt: skip
        assert words in said
    assert contents(path.parent) == before


def test_repairing_a_healthy_store_leaves_it_and_a_backup(path: Path, capsys: Capture) -> None:
    before = path.read_bytes()
    assert cli.main(["doctor", str(path), "--repair"]) == 0
    assert "repaired:\n  + backup: " in capsys.readouterr().out
    [backup] = [p for p in path.parent.iterdir() if p != path]
    assert backup.name.startswith("labels.sqlite.backup-20")
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert backup.read_bytes() == before == path.read_bytes()


def test_older_stores_and_leases_are_told(tmp_path: Path) -> None:
    old = tmp_path / "old.sqlite"
    with closing(sqlite3.connect(old)) as raw:
        raw.executescript((Path(__file__).parents[2] / "files" / "store-1.sql").read_text())
    old.chmod(0o600)
    before = old.read_bytes()
    assert examine(str(old)).facts["format"] == f"1 (opening upgrades it to {FORMAT})"
    assert examine(str(old)).problems == []
    assert old.read_bytes() == before
    store = LabelStore(old)
    store.lease("labels", ["a", "b"], "h", "ann", 60)
    store.close()
    assert examine(f"sqlite:///{old}").facts["leases"] == "2, held by 1 sessions"


# -- damage, report, and remaining events


def drop_triggers(path: Path) -> None:
    sql(path, "DROP TRIGGER label_event_no_update", "DROP TRIGGER label_event_no_delete")


def stale_index(path: Path) -> None:
    sql(path, "PRAGMA writable_schema = ON", "DELETE FROM sqlite_master WHERE name = 'label_event_task_seq'")
    with closing(sqlite3.connect(path)) as raw:  # its pages still exist, but nothing uses them
        assert raw.execute("PRAGMA integrity_check").fetchone()[0] != "ok"


def wrong_index(path: Path) -> None:
    with closing(sqlite3.connect(path)) as raw:
        root = raw.execute(
            "SELECT rootpage FROM sqlite_master WHERE name LIKE 'sqlite_autoindex_label%'"
        ).fetchone()[0]
    spoil(path, (root - 1) * PAGE, PAGE)


def in_wal_mode(path: Path) -> None:
    sql(path, "PRAGMA journal_mode = WAL")


def names_of_tables(path: Path) -> None:
    data = path.read_bytes()
    for name in (b"label_event_no_update", b"hitl_meta", b"tablelabel_event"):
        data = data.replace(name, b"\xc8" * len(name))
    path.write_bytes(data)


def size_of_pages(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(16)
        file.write((8192).to_bytes(2))


def no_event_in_a_row(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data.replace(b'{"item_ids":["item 7/0"]', b'["item_ids":["item 7/0"]'))


HARMLESS = [
    (drop_triggers, "no_update and label_event_no_delete are missing", "recreated: label_event_no_"),
    (lambda p: sql(p, "DROP INDEX label_event_task_seq"), "index .*_seq is missing", "recreated: label"),
    (lambda p: sql(p, "DROP TABLE lease"), "lease tables are missing", "recreated: .*lease"),
    (in_wal_mode, "WAL mode, which is not safe", "journal: changed from wal to delete"),
    (lambda p: p.chmod(0o644), r"Other users of this machine can open it \(0644\)", "permissions: 0600"),
    (stale_index, "damaged", "salvaged: 400 events"),
    (wrong_index, r"damaged .*400 events can be read\.", "(salvaged: 400 events|indexes: rebuilt)"),
    (lambda p: spoil(p, 0, 16), r"not a database.*400 events can be read\.", "salvaged: 400 events"),
    (names_of_tables, r"damaged .*400 events can be read\.", "salvaged: 400 events"),
    (size_of_pages, r"damaged .*400 events can be read\.", "salvaged: 400 events"),
    (lambda p: spoil(p, 0, 100), r"not a database.*400 events can be read\.", "salvaged: 400 events"),
]  # fmt: skip


@pytest.mark.parametrize(("damage", "said", "done"), HARMLESS)
def test_damage_that_costs_no_event(
    path: Path, damage: Callable[[Path], object], said: str, done: str
) -> None:
    events, store_id = everything(path), examine(str(path)).facts["store id"]
    damage(path)
    before = contents(path.parent)
    problems = " ".join(examine(str(path)).problems)
    assert re_search(said, problems)
    assert contents(path.parent) == before
    report = mend(str(path))
    assert report.problems == []
    assert re_search(done, " ".join(report.done))
    assert everything(path) == events
    assert LabelStore(path).store_id == store_id
    backup = Path(report.done[0].removeprefix("backup: "))
    assert backup.read_bytes() == before["labels.sqlite"][0]
    assert stat.S_IMODE(backup.stat().st_mode) == stat.S_IMODE(path.stat().st_mode) == 0o600
    check_guards(path)


def spoil_anywhere(path: Path, seed: int) -> None:
    where = random.Random(seed)
    for i in range(5):
        spoil(path, where.randrange(path.stat().st_size), 50, i)


LOSSY = [
    (lambda p: os.truncate(p, p.stat().st_size // 2), 100),
    (lambda p: os.truncate(p, 20 * PAGE + 1000), 50),
    (lambda p: spoil(p, 10 * PAGE, PAGE), 350),
    (lambda p: spoil(p, 30 * PAGE, 5 * PAGE), 300),
    (lambda p: spoil(p, 0, PAGE), 350),
    (no_event_in_a_row, 399),
    *((lambda p, seed=seed: spoil_anywhere(p, seed), 300) for seed in range(8)),
]  # fmt: skip


@pytest.mark.parametrize(("damage", "least"), LOSSY)
def test_nothing_readable_is_lost(path: Path, damage: Callable[[Path], object], least: int) -> None:
    events = everything(path)
    damage(path)
    readable, before = by_sqlite(path), contents(path.parent)
    report = examine(str(path))
    assert report.problems
    assert contents(path.parent) == before
    known = {e.event_id for e in report.events}
    assert len(known) >= least
    assert readable <= known | {""}
    mended = mend(str(path))
    assert mended.problems == []
    kept = everything(path)
    assert {e.event_id for e in kept.values()} >= known
    assert all(events[n].event_id == e.event_id for n, e in kept.items())
    check_guards(path)
    number, event = max(everything(path)) + 1, label(0, task="labels")
    store = LabelStore(path)
    store.append(event)
    assert list(store.read("labels"))[-1] == (number, event)
    store.close()


def by_sqlite(path: Path) -> set[str]:
    """The events that SQLite can still read, one rowid at a time."""
    found = set()
    copy = path.with_name("by-sqlite")
    shutil.copyfile(path, copy)
    with closing(sqlite3.connect(copy)) as raw:
        for i in range(1, N + 1):
            try:
                for row in raw.execute("SELECT event_id, body FROM label_event WHERE seq = ?", [i]):
                    if row[1].startswith('{"item_ids"') and row[1].endswith("}"):
                        found.add(row[0])
            except sqlite3.Error:
                continue
    copy.unlink()
    return found


def check_guards(path: Path) -> None:
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert raw.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            raw.execute("DELETE FROM label_event")


def re_search(pattern: str, text: str) -> bool:
    import re

    assert re.search(pattern, text), text
    return True


# -- killed while writing


KILLED = """
import os, signal, sys
from hitl_widgets.labels import _sqlite
from hitl_widgets.labels.events import LabelEvent
from hitl_widgets.labels.store import LabelStore
_sqlite.WAL_SINCE = (int(sys.argv[2]),)
store = LabelStore(sys.argv[1])
store.append(LabelEvent("label", "t", "ann", ("x",), "a", event_id="first"))
with store._database.writer() as connection:
    connection.exec_driver_sql("PRAGMA cache_size = 1")  # so that pages are written before the commit
    for i in range(200):
        connection.exec_driver_sql("INSERT INTO label_event (event_id, task, annotator, kind, time, body)"
                                   " VALUES (?, 't', 'a', 'label', '', ?)", (str(i), "x" * 3000))
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("since", [NEVER, ALWAYS])
def test_a_hot_journal_is_left_alone_and_then_recovered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, since: tuple[int, ...]
) -> None:
    monkeypatch.setattr(_sqlite, "WAL_SINCE", since)
    path = tmp_path / "labels.sqlite"
    killed = subprocess.run([sys.executable, "-c", KILLED, path, str(since[0])], check=False)
    assert killed.returncode == -signal.SIGKILL
    before = contents(tmp_path)
    assert len(before) == 2
    report = examine(str(path))
    assert [e.event_id for e in report.events] == ["first"]
    assert report.problems == []
    assert "is a rollback journal" in report.notes[0] or "is a write-ahead log" in report.notes[0]
    assert contents(tmp_path) == before
    report = mend(str(path))
    assert report.problems == []
    backups = {name: data for name, data in contents(tmp_path).items() if "backup" in name}
    assert sorted(data[0] for data in backups.values()) == sorted(data[0] for data in before.values())
    assert [e.event_id for e in everything(path).values()] == ["first"]


def test_what_is_only_in_the_log_is_salvaged_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_sqlite, "WAL_SINCE", ALWAYS)
    store = LabelStore(tmp_path / "live.sqlite")
    written = [label(i) for i in range(50)]
    for event in written:
        store.append(event)
    for end in ("", "-wal"):
        shutil.copyfile(tmp_path / f"live.sqlite{end}", tmp_path / f"labels.sqlite{end}")
    store.close()
    path = tmp_path / "labels.sqlite"
    spoil(path, 0, min(PAGE, path.stat().st_size))
    assert list(salvage(path).events.values()) == written
    assert examine(str(path)).events == written
    mend(str(path))
    assert list(everything(path).values()) == written


# -- files that are not stores


def test_an_empty_file_is_a_problem_and_stays(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "labels.sqlite"
    path.touch(0o600)
    for arguments in ([], ["--repair"]):
        assert cli.main(["doctor", str(path), *arguments]) == 1
        assert "The file is empty" in capsys.readouterr().out
    assert [p.name for p in tmp_path.iterdir()] == ["labels.sqlite"]
    assert path.stat().st_size == 0


def test_a_text_is_a_problem_and_stays(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "labels.sqlite"
    path.write_text("no database, but long enough to look at\n" * 200)
    before = contents(tmp_path)
    assert cli.main(["doctor", str(path)]) == 1
    assert "This is not a label store" in capsys.readouterr().out
    assert cli.main(["doctor", str(path), "--repair"]) == 2
    assert "It was not changed." in capsys.readouterr().err
    assert contents(tmp_path) == before


@pytest.mark.parametrize("arguments", [[], ["--repair"]])
def test_what_cannot_be_looked_at(tmp_path: Path, capsys: Capture, arguments: list[str]) -> None:
    other, newer = tmp_path / "other.sqlite", tmp_path / "newer.sqlite"
    sql(other, "CREATE TABLE customers (name TEXT)")
    LabelStore(newer).close()
    sql(newer, f"UPDATE hitl_meta SET value = '{FORMAT + 1}' WHERE key = 'format'")
    before = contents(tmp_path)
    for place, words in (
        (tmp_path / "nothing.sqlite", "There is no label store"),
        (tmp_path, "is not a file"),
        (other, "not a label store (tables: customers)"),
        (newer, f"newer hitl-widgets (store format {FORMAT + 1}"),
        (":memory:", ""),
    ):
        assert cli.main(["doctor", str(place), *arguments]) == 2
        said = capsys.readouterr()
        assert words in said.err
        assert said.out == ""
    assert contents(tmp_path) == before


def test_a_file_in_use_is_not_repaired(path: Path) -> None:
    before = contents(path.parent)
    store = LabelStore(path)
    with (
        store._engine.begin(),
        pytest.raises(StoreError, match=r"in use by another program\. Close the notebooks"),
    ):
        mend(str(path))
    store.close()
    assert contents(path.parent) == before


# -- servers


def test_a_server_is_looked_at_and_not_changed(request: pytest.FixtureRequest, capsys: Capture) -> None:
    import psycopg

    url = request.getfixturevalue("postgres").new_database()
    assert cli.main(["doctor", url]) == 1
    assert "The database is empty" in capsys.readouterr().out
    store = LabelStore(url)
    for i in range(3):
        store.append(label(i))
    store.lease("t", ["a", "b"], "h", "ann", 60)
    store.close()
    assert cli.main(["doctor", url]) == 0
    said = capsys.readouterr().out
    for words in (
        "postgresql://hitl:***@",
        "PostgreSQL",
        "task 't': 3 events",
        "fsync on",
        "2, held by 1 sessions",
        "healthy",
    ):
        assert words in said
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP TRIGGER label_event_append_only ON label_event")
        connection.execute("INSERT INTO label_event VALUES (99, 'e', 't', 'ann', 'label', '', 'no JSON')")
    assert cli.main(["doctor", url]) == 1
    said = capsys.readouterr().out
    assert "The log is not protected" in said
    assert "1 rows are not events" in said
    assert cli.main(["doctor", url, "--repair"]) == 2
    assert "is for SQLite files" in capsys.readouterr().err
