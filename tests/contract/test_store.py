"""What every label store keeps. A kind of store is one more entry in KINDS."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers import ANY_TEXT
from hitl_widgets.errors import StoreError
from hitl_widgets.labels.events import LabelEvent
from hitl_widgets.labels.store import LabelStore

KINDS: dict[str, Callable[[Path], str]] = {
    "file": lambda folder: str(folder / "labels.sqlite"),
    "url": lambda folder: f"sqlite:///{folder / 'labels.sqlite'}",
    "memory": lambda folder: ":memory:",
    "memory url": lambda folder: "sqlite://",
}
DURABLE = ["file", "url"]


def label(i: int = 0, **changes: Any) -> LabelEvent:
    return LabelEvent(
        **{"kind": "label", "task": "t", "annotator": "ann", "item_ids": (f"item {i}",)} | changes
    )


def events(store: LabelStore, task: str = "t", after: int = 0) -> list[LabelEvent]:
    return [event for _, event in store.read(task, after)]


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LabelStore]:
    made = LabelStore(KINDS[request.param](tmp_path))
    yield made
    made.close()


@pytest.fixture(params=DURABLE)
def location(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return KINDS[request.param](tmp_path)


# -- every store


def test_events_come_back_whole_and_in_order(store: LabelStore) -> None:
    written = [
        label(0, value="a", selection="lasso", elapsed_ms=1200, model_version=3),
        label(1, kind="skip"),
        label(2, kind="undo", item_ids=(), value="some id"),
        label(3, kind="schema", item_ids=(), value={"classes": [{"name": "a"}], "question": "?"}),
    ]
    assert [store.append(e) for e in written] == [True] * 4
    assert events(store) == written


def test_the_tail_is_read_from_behind_a_sequence_number(store: LabelStore) -> None:
    written = [label(i) for i in range(5)]
    for event in written:
        store.append(event)
    numbers = [seq for seq, _ in store.read("t")]
    assert numbers == sorted(set(numbers))
    assert events(store, after=numbers[2]) == written[3:]
    assert events(store, after=numbers[-1]) == []


def test_an_event_written_twice_is_there_once(store: LabelStore) -> None:
    event = label(value="a")
    assert store.append(event) is True
    assert store.append(event) is False
    assert store.append(label(1, value="b", event_id=event.event_id)) is False
    assert events(store) == [event]


def test_tasks_do_not_see_each_other(store: LabelStore) -> None:
    assert store.tasks() == []
    mine, other = label(task="mine"), label(task="other")
    store.append(mine)
    store.append(other)
    assert store.tasks() == ["mine", "other"]
    assert events(store, "mine") == [mine]
    assert events(store, "neither") == []


@given(
    st.lists(ANY_TEXT, max_size=5),
    st.none() | ANY_TEXT,
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
def test_every_text_survives(store: LabelStore, item_ids: list[str], value: str | None) -> None:
    event = label(item_ids=tuple(item_ids), value=value)
    store.append(event)
    assert events(store)[-1] == event


@pytest.mark.parametrize(
    "word", ["", "naïve", "日本語", "a\0b", "'; DROP TABLE label_event; --", "👩‍🔬" * 50]
)
def test_names_of_tasks_and_annotators_are_any_text(store: LabelStore, word: str) -> None:
    event = label(task=word, annotator=word)
    store.append(event)
    assert events(store, word) == [event]


def test_an_act_on_812_items_is_one_event(store: LabelStore) -> None:
    event = label(item_ids=tuple(f"item {i}" for i in range(812)), value="a", selection="lasso")
    store.append(event)
    assert events(store) == [event]


def test_threads_that_share_a_store_lose_nothing(store: LabelStore) -> None:
    def write(who: str) -> None:
        for i in range(10):
            store.append(label(i, annotator=who))

    in_threads(lambda: write("ann"), lambda: write("bob"))
    found = events(store)
    for who in ("ann", "bob"):
        assert [e.item_ids[0] for e in found if e.annotator == who] == [f"item {i}" for i in range(10)]


def test_a_store_says_where_it_is_and_has_a_name_of_its_own(store: LabelStore) -> None:
    assert store.name == ("memory" if store.path is None else str(store.path))
    assert store.store_id != LabelStore(":memory:").store_id
    assert store.name in repr(store)


# -- stores that outlive the process


def test_what_was_written_is_there_when_opened_again(location: str) -> None:
    first = LabelStore(location)
    first.append(label(0))
    first.close()
    second = LabelStore(location)
    assert second.store_id == first.store_id
    second.append(label(1))
    assert len(events(second)) == 2
    second.close()


def test_two_stores_of_one_place_see_each_others_events(location: str) -> None:
    first, second = LabelStore(location), LabelStore(location)
    event = label()
    first.append(event)
    assert events(second) == [event]
    assert second.append(event) is False
    first.close()
    second.close()


def test_two_stores_in_two_threads_lose_nothing(location: str) -> None:
    def write(who: str) -> None:
        store = LabelStore(location)
        for i in range(15):
            store.append(label(i, annotator=who))
        store.close()

    in_threads(lambda: write("ann"), lambda: write("bob"))
    store = LabelStore(location)
    assert len(events(store)) == 30
    store.close()


WRITER = """
import sys
from hitl_widgets.labels.events import LabelEvent
from hitl_widgets.labels.store import LabelStore
store = LabelStore(sys.argv[1])
for i in range(15):
    store.append(LabelEvent("label", "t", sys.argv[2], (str(i),), "a"))
"""


def test_two_processes_lose_nothing(location: str) -> None:
    children = [subprocess.Popen([sys.executable, "-c", WRITER, location, who]) for who in ("ann", "bob")]
    assert [child.wait(timeout=60) for child in children] == [0, 0]
    store = LabelStore(location)
    found = events(store)
    store.close()
    for who in ("ann", "bob"):
        assert [e.item_ids for e in found if e.annotator == who] == [(str(i),) for i in range(15)]


# -- SQLite files


def test_a_new_file_is_for_its_owner_only(tmp_path: Path) -> None:
    store = LabelStore(tmp_path / "labels.sqlite")
    store.append(label())
    store.close()
    assert stat.S_IMODE((tmp_path / "labels.sqlite").stat().st_mode) == 0o600


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
def test_the_log_refuses_every_change_of_the_past(tmp_path: Path, statement: str) -> None:
    store = LabelStore(tmp_path / "labels.sqlite")
    event = label(value="a")
    store.append(event)
    raw = sqlite3.connect(tmp_path / "labels.sqlite")
    raw.execute("PRAGMA recursive_triggers = ON")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        raw.execute(statement)
    raw.close()
    assert events(store) == [event]
    store.close()


def test_every_connection_keeps_the_triggers_and_full_durability(store: LabelStore) -> None:
    with store._engine.connect() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("recursive_triggers", "synchronous", "journal_mode", "busy_timeout")
        }
    mode = "delete" if store.path else "memory"
    assert settings == {
        "recursive_triggers": 1, "synchronous": 2, "journal_mode": mode, "busy_timeout": 10000,
    }  # fmt: skip


# -- what goes wrong


def other_database(path: Path) -> None:
    raw = sqlite3.connect(path)
    raw.execute("CREATE TABLE customers (name TEXT)")
    raw.commit()
    raw.close()


def newer_store(path: Path) -> None:
    raw = sqlite3.connect(path)
    raw.execute("CREATE TABLE hitl_meta (key TEXT PRIMARY KEY, value TEXT)")
    raw.executemany("INSERT INTO hitl_meta VALUES (?, ?)", [("format", "2"), ("store_id", "x")])
    raw.commit()
    raw.close()


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (lambda path: path.mkdir(), "cannot be opened for writing: it is a folder"),
        (lambda path: path.write_text("name,label\nx,spam\n" * 99), "no.* label store .*not a database"),
        (other_database, r"a database of something else \(tables: customers\)"),
        (newer_store, r"newer hitl-widgets \(store format 2.*pip install -U hitl-widgets"),
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
        ("://", "store= is no database URL.*postgresql://"),
    ],
)
def test_a_place_that_cannot_be_written_is_refused(location: str, words: str) -> None:
    with pytest.raises(StoreError, match=words):
        LabelStore(location)


def test_a_file_that_lets_nobody_write_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "labels.sqlite"
    LabelStore(path).close()
    real = os.open

    def denied(name: Any, flags: int, *rest: Any) -> int:
        if flags & os.O_RDWR:
            raise PermissionError(13, "Permission denied")
        return real(name, flags, *rest)

    monkeypatch.setattr(os, "open", denied)
    with pytest.raises(StoreError, match="Permission denied"):
        LabelStore(path)


def test_a_full_disk_refuses_the_label_and_keeps_what_was_saved(store: LabelStore) -> None:
    saved = label(0)
    store.append(saved)
    large = label(1, value="x" * 200_000)
    with limited(store, "PRAGMA max_page_count = 10"):
        with pytest.raises(StoreError, match=r"full.*What was saved before is safe"):
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


def test_a_store_that_vanished_says_so(tmp_path: Path) -> None:
    store = LabelStore(tmp_path / "labels.sqlite")
    saved = label()
    store.append(saved)
    (tmp_path / "labels.sqlite").rename(tmp_path / "moved.sqlite")
    for use in (lambda: events(store), lambda: store.append(label(1)), store.tasks):
        with pytest.raises(StoreError, match=r"labels\.sqlite was moved or deleted.*Put the file back"):
            use()
    (tmp_path / "moved.sqlite").rename(tmp_path / "labels.sqlite")
    assert events(store) == [saved]
    store.close()


def test_a_password_is_never_shown() -> None:
    store = LabelStore.__new__(LabelStore)
    store.path, store._url = None, sa.make_url("postgresql://ann:secret@host/labels")
    assert "secret" not in store.name
    assert "host" in store.name


# -- helpers


def in_threads(*jobs: Callable[[], None]) -> None:
    errors: list[BaseException] = []

    def run(job: Callable[[], None]) -> None:
        try:
            job()
        except BaseException as error:  # noqa: BLE001 - shown below
            errors.append(error)

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert errors == []


class limited:  # noqa: N801 - reads as a word
    """Every connection of the store gets this pragma, until the block ends."""

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
