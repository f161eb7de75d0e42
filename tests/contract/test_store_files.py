"""Label stores in SQLite files: the format of the file, and its faults."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa

from hitl_widgets.errors import StoreError
from hitl_widgets.labels import _places, _sqlite
from hitl_widgets.labels.store import FORMAT, LabelStore
from stores import ALWAYS, FILES, NEVER, events, label, place


@pytest.fixture(params=[*FILES, "memory"])
def store(request: pytest.FixtureRequest) -> Iterator[LabelStore]:
    made = LabelStore(place(request.param, request))
    yield made
    made.close()


@pytest.fixture(params=FILES)
def path(request: pytest.FixtureRequest) -> Path:
    return Path(place(request.param, request))


def files(folder: Path) -> dict[str, int]:
    return {p.name: stat.S_IMODE(p.stat().st_mode) for p in sorted(folder.iterdir())}


# -- the file


def test_files_are_for_their_owner_only_and_one_is_left(path: Path) -> None:
    first, second = LabelStore(path), LabelStore(path)
    first.append(label())
    second.append(label())
    assert set(files(path.parent).values()) == {0o600}
    first.close()
    assert len(events(second)) == 2
    second.close()
    assert files(path.parent) == {"labels.sqlite": 0o600}


def test_a_write_ahead_log_is_folded_in_by_whoever_closes(path: Path) -> None:
    first, second = LabelStore(path), LabelStore(path)
    first.append(label())
    first.close()
    log = path.with_name("labels.sqlite-wal")
    assert not log.exists() or log.stat().st_size == 0
    second.close()


def test_a_store_stays_where_it_was_when_the_folder_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    for location in ("labels.sqlite", "sqlite:///url.sqlite"):
        monkeypatch.chdir(tmp_path)
        store = LabelStore(location)
        monkeypatch.chdir(tmp_path / "elsewhere")
        store.close()  # the next act needs a new connection
        store.append(label())
        assert store.path is not None
        assert store.path.parent == tmp_path
        store.close()
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE label_event SET body = '{}'",
        "DELETE FROM label_event",
        "INSERT OR REPLACE INTO label_event SELECT * FROM label_event",
        "INSERT OR REPLACE INTO label_event (event_id, task, annotator, kind, time, body)"  # noqa: ISC004
        " SELECT event_id, 'x', 'x', 'label', 'x', '{}' FROM label_event",
    ],
)
def test_the_log_refuses_every_change_of_the_past(path: Path, statement: str) -> None:
    store = LabelStore(path)
    event = label(value="a")
    store.append(event)
    raw = sqlite3.connect(path)
    raw.execute("PRAGMA recursive_triggers = ON")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        raw.execute(statement)
    raw.close()
    assert events(store) == [event]
    store.close()


def test_every_connection_is_durable_patient_and_keeps_the_triggers(store: LabelStore) -> None:
    names = ("recursive_triggers", "synchronous", "busy_timeout", "foreign_keys")
    with store._engine.connect() as connection:
        found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names}
    assert found == {"recursive_triggers": 1, "synchronous": 2, "busy_timeout": 500, "foreign_keys": 1}


# -- the journal


def mode(path: Path) -> str:
    with closing(sqlite3.connect(path)) as raw:
        return str(raw.execute("PRAGMA journal_mode").fetchone()[0])


def made(path: Path, since: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> LabelStore:
    monkeypatch.setattr(_sqlite, "WAL_SINCE", since)
    store = LabelStore(path)
    store.append(label())
    return store


@pytest.mark.parametrize(
    ("first", "second", "modes"),
    [
        (ALWAYS, ALWAYS, ("wal", "wal")),
        (NEVER, ALWAYS, ("delete", "delete")),
        (ALWAYS, NEVER, ("wal", "delete")),
        (NEVER, NEVER, ("delete", "delete")),
    ],
)
def test_versions_that_share_a_file_meet_at_the_rollback_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: Any, second: Any, modes: tuple[str, str]
) -> None:
    path = tmp_path / "labels.sqlite"
    for i, since in enumerate((first, second)):
        store = made(path, since, monkeypatch)
        assert len(events(store)) == i + 1
        assert store.note == ""
        store.close()
        assert mode(path) == modes[i]


def test_this_sqlite_gets_a_write_ahead_log_only_where_it_is_safe(tmp_path: Path) -> None:
    store = LabelStore(tmp_path / "labels.sqlite")
    store.close()
    assert mode(tmp_path / "labels.sqlite") == (
        "wal" if sqlite3.sqlite_version_info >= (3, 51, 3) else "delete"
    )


def test_a_mode_that_another_program_holds_stays_and_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "labels.sqlite"
    holder = made(path, ALWAYS, monkeypatch)
    store = made(path, NEVER, monkeypatch)
    assert store.note == "another program has the file open in WAL mode: safer once it is closed"
    assert len(events(store)) == len(events(holder)) == 2
    holder.close()
    store.close()
    store.append(label())
    assert store.note == ""
    store.close()
    assert mode(path) == "delete"


class Mount(NamedTuple):
    mountpoint: str
    fstype: str
    opts: str = "rw"


@pytest.mark.parametrize(
    ("kind", "network"),
    [
        ("nfs", True), ("nfs4", True), ("cifs", True), ("smb3", True), ("smbfs", True), ("9p", True),
        ("fuse.sshfs", True), ("fuse", True), ("lustre", True), ("beegfs", True), ("ceph", True),
        ("gpfs", True), ("afs", True), ("fuse.glusterfs", True), ("glusterfs", True), ("virtiofs", True),
        ("vboxsf", True), ("ext4", False), ("xfs", False), ("btrfs", False), ("zfs", False),
        ("overlay", False), ("tmpfs", False), ("fuseblk", False), ("apfs", False), ("NTFS", False),
        ("fuse.mergerfs", False),
    ],
)  # fmt: skip
def test_a_network_folder_gets_no_write_ahead_log_and_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, network: bool
) -> None:
    mounts = [Mount("/", "overlay"), Mount(str(tmp_path), "autofs"), Mount(str(tmp_path), kind)]
    mounts.append(Mount(str(tmp_path / "lab"), "ext4"))  # a longer name, no parent of labels.sqlite
    monkeypatch.setattr("psutil.disk_partitions", lambda **_: mounts)
    monkeypatch.setattr(_sqlite, "WAL_SINCE", ALWAYS)
    link = tmp_path.parent / f"{tmp_path.name}-link"
    link.symlink_to(tmp_path)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for _ in range(2):
            store = LabelStore(link / "labels.sqlite")
            store.append(label())
            assert store.note == (f"in a network folder ({kind})" if network else "")
            store.close()
    assert mode(tmp_path / "labels.sqlite") == ("delete" if network else "wal")
    assert len(said) == network
    for warning in said:
        assert warning.filename == __file__
        assert "a local disk as store=, or a server: postgresql://" in str(warning.message)


def test_a_file_moved_into_a_network_folder_gives_up_its_write_ahead_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "labels.sqlite"
    made(path, ALWAYS, monkeypatch).close()
    monkeypatch.setattr("psutil.disk_partitions", lambda **_: [Mount("/", "nfs4")])
    with pytest.warns(RuntimeWarning, match="network folder"):
        store = LabelStore(path)
    assert len(events(store)) == 1
    store.close()
    assert mode(path) == "delete"


def test_windows_drives_and_unknown_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remote = [Mount(str(tmp_path), "NTFS", "rw,remote")]
    monkeypatch.setattr("psutil.disk_partitions", lambda **_: remote)
    assert _places.is_network(_places.file_system(tmp_path / "labels.sqlite"))
    assert _places.file_system(Path("/elsewhere")) == ""
    assert not _places.is_network("")


# -- faults


def other_database(path: Path) -> None:
    raw = sqlite3.connect(path)
    raw.execute("CREATE TABLE customers (name TEXT)")
    raw.commit()
    raw.close()


def newer_store(path: Path) -> None:
    raw = sqlite3.connect(path)
    raw.execute("CREATE TABLE hitl_meta (key TEXT PRIMARY KEY, value TEXT)")
    raw.executemany("INSERT INTO hitl_meta VALUES (?, ?)", [("format", str(FORMAT + 1)), ("store_id", "x")])
    raw.commit()
    raw.close()


def newer_store_in_wal(path: Path) -> None:
    newer_store(path)
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA journal_mode=WAL")


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (newer_store_in_wal, "newer hitl-widgets"),
        (lambda path: path.mkdir(), "cannot be opened for writing: it is a folder"),
        (lambda path: path.write_text("name,label\nx,spam\n" * 99), "no.* label store .*not a database"),
        (other_database, r"not a label store \(tables: customers\)"),
        (newer_store, rf"newer hitl-widgets \(store format {FORMAT + 1}.*pip install -U hitl-widgets"),
    ],
)
def test_a_place_that_is_no_store_is_refused_and_left_as_it_was(
    tmp_path: Path, prepare: Callable[[Path], Any], words: str
) -> None:
    path = tmp_path / "labels.sqlite"
    prepare(path)
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(StoreError, match=words) as raised:
        LabelStore(path)
    assert str(path) in str(raised.value)
    assert (path.read_bytes() if path.is_file() else b"") == before


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("/no/such/folder/labels.sqlite", "No such file or directory.*a folder that you can write to"),
        ("/proc/labels.sqlite", "cannot be opened"),
        ("/dev/null/labels.sqlite", "Not a directory"),
        ("nosuchdatabase://host/labels", "nosuchdatabase"),
        ("://", "store= is not a database URL.*postgresql://"),
    ],
)
def test_a_place_that_cannot_be_written_is_refused(location: str, words: str) -> None:
    with pytest.raises(StoreError, match=words):
        LabelStore(location)


def test_a_file_that_lets_nobody_write_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "labels.sqlite"
    LabelStore(path).close()
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(StoreError, match=r"Permission denied\. To share it.*chmod 666.*PostgreSQL"):
        LabelStore(path)


def test_opening_a_file_again_drops_no_lock_of_the_first(path: Path) -> None:
    """POSIX drops all locks that a process holds on a file when it closes any descriptor of it."""
    store = LabelStore(path)
    with store._engine.begin():
        _sqlite.make_file(path)
        code = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute('BEGIN IMMEDIATE')"
        other = subprocess.run(
            [sys.executable, "-c", code, path], capture_output=True, text=True, check=False
        )
    assert "database is locked" in other.stderr
    store.close()


def test_a_full_disk_refuses_the_label_and_keeps_what_was_saved(store: LabelStore) -> None:
    saved = label(0)
    store.append(saved)
    large = label(1, value="x" * 200_000)
    with limited(store, "PRAGMA max_page_count = 10"):
        with pytest.raises(StoreError, match=r"full.*Earlier labels are saved"):
            store.append(large)
        assert events(store) == [saved]
    assert store.append(large) is True
    assert events(store) == [saved, large]


def test_a_database_that_became_read_only_refuses_the_label_and_can_be_read(store: LabelStore) -> None:
    saved = label(0)
    store.append(saved)
    with limited(store, "PRAGMA query_only = ON"):
        with pytest.raises(StoreError, match="readonly"):
            store.append(label(1))
        assert events(store) == [saved]
        assert store.tasks() == ["t"]
    assert store.append(label(1)) is True


def test_a_store_that_vanished_says_so(path: Path) -> None:
    tmp_path, store = path.parent, LabelStore(path)
    saved = label()
    store.append(saved)
    (tmp_path / "labels.sqlite").rename(tmp_path / "moved.sqlite")
    for use in (lambda: events(store), lambda: store.append(label(1)), store.tasks):
        with pytest.raises(StoreError, match=r"labels\.sqlite was moved or deleted.*Put the file back"):
            use()
    (tmp_path / "moved.sqlite").rename(tmp_path / "labels.sqlite")
    assert events(store) == [saved]
    store.close()


# -- helpers


class limited:  # noqa: N801 - used like a function
    """Apply this pragma to every connection of the store until the block ends."""

    def __init__(self, store: LabelStore, pragma: str) -> None:
        self.store, self.pragma = store, pragma

    def _limit(self, connection: sa.Connection) -> None:
        connection.exec_driver_sql(self.pragma)

    def __enter__(self) -> None:
        sa.event.listen(self.store._engine, "begin", self._limit)

    def __exit__(self, *_: object) -> None:
        sa.event.remove(self.store._engine, "begin", self._limit)
        with closing(self.store._engine.raw_connection()) as raw:
            for pragma in ("query_only = OFF", "max_page_count = 1000000"):
                raw.cursor().execute(f"PRAGMA {pragma}")
