"""A store that is replaced, emptied, moved or locked under an open session."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest

from hitl_widgets import Session
from hitl_widgets.errors import StoreError
from hitl_widgets.labels.store import LabelStore
from postgres import Server
from stores import FILES, place

X = np.eye(12, dtype=np.float32)


@pytest.fixture(autouse=True)
def nobody_looks_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """The session checks its store periodically; here it is triggered by the test."""
    monkeypatch.setattr("hitl_widgets.loop.team.BEAT", 3600)


@pytest.fixture(params=FILES)
def path(request: pytest.FixtureRequest) -> Path:
    return Path(place(request.param, request))


@pytest.fixture
def session(path: Path) -> Iterator[Session]:
    with open_session(path) as made:
        yield made


def open_session(path: Any, **settings: Any) -> Session:
    return Session(X, classes=["a", "b"], store=path, annotator="ann", **settings)


def label(session: Session, *rows: int) -> None:
    for row in rows:
        session.label(session.pool.ids[row], "ab"[row % 2])


def labelled(session: Session) -> set[int]:
    return set(np.flatnonzero(session._loop.labels.y >= 0).tolist())


def copy_of(path: Path) -> Path:
    """A copy of the current store, like a user's backup."""
    copy = path.with_name("backup.sqlite")
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    return copy


# -- an older copy

OLDER = "replaced by an older copy.*2 acts that this session knows"
WAYS: dict[str, Callable[[Path, Path], object]] = {
    "copied over": shutil.copyfile,
    "moved over": lambda copy, path: copy.replace(path),
    "removed, then copied": lambda copy, path: (path.unlink(), shutil.copyfile(copy, path)),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("act", ["label", "undo", "look"])
def test_what_an_older_copy_lacks_is_written_to_it_again(
    session: Session, path: Path, way: str, act: str
) -> None:
    label(session, 0, 1)
    copy = copy_of(path)
    label(session, 2, 3)
    known = [event.event_id for event, _ in session._loop.log.acts()]
    WAYS[way](copy, path)
    # A write-ahead log left beside the copy contains what the copy lacks.
    healed = way == "copied over" and path.with_name("labels.sqlite-wal").exists()
    with nullcontext() if healed else pytest.warns(RuntimeWarning, match=OLDER):
        if act == "label":
            label(session, 4)
        elif act == "undo":
            session.undo()
        else:
            session.labels()
            label(session, 4)
    expected = {0, 1, 2} if act == "undo" else {0, 1, 2, 3, 4}
    assert labelled(session) == expected
    assert [event.event_id for event, _ in session._loop.log.acts()][:4] == known
    assert session._loop.log.ledger.restored == (0 if healed else 2)
    assert session.unsaved == ""
    session.close()
    with open_session(path) as again:
        assert labelled(again) == expected
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_an_older_copy_in_which_another_went_on_keeps_what_both_said(session: Session, path: Path) -> None:
    label(session, 0)
    copy = copy_of(path)
    label(session, 1, 2)
    with Session(X, classes=["a", "b"], store=copy, annotator="bob") as other:
        label(other, 5, 6, 7)
    copy.replace(path)
    with pytest.warns(RuntimeWarning, match=OLDER):
        label(session, 3)
    assert labelled(session) == {0, 1, 2, 3, 5, 6, 7}
    assert session.history()["event_id"].is_unique


def test_a_copy_that_lacks_nothing_is_nobodys_concern(session: Session, path: Path) -> None:
    label(session, 0, 1)
    copy_of(path).replace(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        label(session, 2)
    assert labelled(session) == {0, 1, 2}


# -- another store, or a missing one


def another_store(path: Path) -> None:
    path.unlink()
    with open_session(path) as other:
        label(other, 7, 8)


def other_database(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("CREATE TABLE customers (name TEXT)")
        raw.commit()


def cut_off(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 4096)


GONE: dict[str, Callable[[Path], object]] = {
    "another store": another_store,
    "another database": other_database,
    "emptied": lambda path: os.truncate(path, 0),
    "cut off": cut_off,
    "a new empty file": lambda path: (path.unlink(), path.touch()),
    "words": lambda path: (path.unlink(), path.write_text("name,label\n" * 999)),
    "deleted": Path.unlink,
    "renamed": lambda path: path.rename(path.with_name("mine.sqlite")),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "its folder renamed": lambda path: path.parent.rename(path.parent.with_name(f"{path.parent.name}-old")),
}


def rescue(session: Session, refused: Exception) -> None:
    """Run the call named in the message."""
    call = re.search(r"session\.export\(.*?\)", str(refused))
    assert call is not None
    with pytest.warns(RuntimeWarning, match="The session shows what was read before"):
        eval(call[0], {"session": session})


@pytest.mark.parametrize("way", GONE)
def test_a_store_that_is_gone_refuses_the_label_and_names_the_call_that_rescues(
    session: Session,
    path: Path,
    way: str,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    label(session, 0, 1, 2)
    session.undo()
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # otherwise the log beside the file has everything
    session.labels()
    told: list[str] = []
    session._loop.subscribe(lambda what: told.append(session.unsaved) if what == "store" else None)
    GONE[way](path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(StoreError) as refused:
        label(session, 3)
    assert str(path) in str(refused.value)
    assert str(refused.value) in told
    assert session.unsaved == str(refused.value)
    assert (path.read_bytes() if path.is_file() else None) == before

    monkeypatch.chdir(tmp_path_factory.mktemp("rescue"))
    rescue(session, refused.value)
    assert labelled(session) == {0, 1}
    session.close()
    with open_session("new.sqlite") as again:
        found = again.import_labels("rescued.jsonl")
        assert len(found.refused) == 0
        assert labelled(again) == {0, 1}
        again.redo()
        assert labelled(again) == {0, 1, 2}


def test_a_store_that_is_put_back_goes_on(session: Session, path: Path) -> None:
    label(session, 0)
    away = path.rename(path.with_name("away.sqlite"))
    with pytest.raises(StoreError, match="moved or deleted"):
        label(session, 1)
    another_store_at = path
    with open_session(another_store_at) as other:
        label(other, 9)
    with pytest.raises(StoreError, match="replaced by another store"):
        label(session, 1)
    away.replace(path)
    label(session, 1)
    assert labelled(session) == {0, 1}
    assert session.unsaved == ""
    with open_session(path) as again:
        assert labelled(again) == {0, 1}


@pytest.mark.parametrize("way", ["deleted", "another store"])
@pytest.mark.parametrize("closed", [False, True])
def test_a_cell_that_is_run_again_on_a_lost_store_offers_what_the_kernel_knows(
    session: Session, path: Path, way: str, closed: bool
) -> None:
    label(session, 0, 1, 2)
    session.undo()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        GONE[way](path)
    if closed:
        session.close()
    with pytest.warns(RuntimeWarning, match=r"deleted or replaced.* knows \d of its acts.*session\.earlier"):
        again = open_session(path)
    before = labelled(again)
    assert len(again.import_labels(again.earlier).refused) == 0
    assert labelled(again) == before | {0, 1}
    again.close()
    with warnings.catch_warnings(), open_session(path):
        warnings.simplefilter("error")  # nothing is left to be recovered


# -- a store locked by another program


class Holder:
    """Another program with an open transaction."""

    def __init__(self, path: Path, how: str) -> None:
        self.raw = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.raw.execute(f"BEGIN {how}")

    def let_go(self) -> None:
        self.raw.rollback()
        self.raw.close()


@pytest.mark.parametrize("how", ["IMMEDIATE", "EXCLUSIVE"])
def test_a_label_says_that_it_waits_and_is_saved_once_it_can_be(
    session: Session, path: Path, how: str
) -> None:
    label(session, 0)
    holder = Holder(path, how)
    told: list[str] = []

    def hear(what: str) -> None:
        if what == "store" and session.unsaved and not told:
            told.append(session.unsaved)
            holder.let_go()

    session._loop.subscribe(hear)
    with pytest.warns(RuntimeWarning, match=r"locked by another program: waiting .* for up to 10 s"):
        label(session, 1)
    assert "locked by another program" in told[0]
    assert session.unsaved == ""
    assert labelled(session) == {0, 1}


@pytest.mark.parametrize("how", ["IMMEDIATE", "EXCLUSIVE"])
def test_a_label_gives_up_after_the_stated_time(
    session: Session, path: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    label(session, 0)
    monkeypatch.setattr("hitl_widgets.labels.waiting.PATIENT", 1.0)
    holder = Holder(path, how)
    with (
        pytest.warns(RuntimeWarning, match="for up to 1 s"),
        pytest.raises(StoreError, match=r"could not be written.*locked\. Close.*then label again"),
    ):
        label(session, 1)
    assert "locked" in session.unsaved
    holder.let_go()
    label(session, 1)
    assert session.unsaved == ""
    assert labelled(session) == {0, 1}


@pytest.mark.parametrize("how", ["IMMEDIATE", "EXCLUSIVE"])
def test_a_store_that_is_locked_when_it_is_opened_says_so(
    path: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    LabelStore(path).close()
    monkeypatch.setattr("hitl_widgets.labels.waiting.PATIENT", 1.0)
    holder = Holder(path, how)
    with (
        pytest.warns(RuntimeWarning, match="locked by another program: waiting"),
        pytest.raises(StoreError, match="cannot be opened: another program has locked it"),
    ):
        open_session(path)
    holder.let_go()
    open_session(path).close()


def test_what_the_session_sees_by_itself_is_told_to_its_views(session: Session, path: Path) -> None:
    label(session, 0, 1)
    assert session._loop._team is not None
    away = path.rename(path.with_name("away.sqlite"))
    with pytest.warns(RuntimeWarning, match="moved or deleted"):
        session._loop._team.beat()
    session._loop._team.beat()  # said once
    assert "moved or deleted" in session.unsaved
    away.rename(path)
    session._loop._team.beat()
    assert session.unsaved == ""
    copy = copy_of(path)
    label(session, 2, 3)
    copy.replace(path)
    with pytest.warns(RuntimeWarning, match=OLDER):
        session._loop._team.beat()
    assert labelled(session) == {0, 1, 2, 3}


def test_an_act_of_a_view_does_not_hold_the_kernel(session: Session, path: Path) -> None:
    label(session, 0)
    holder = Holder(path, "EXCLUSIVE")
    with session._loop.log.from_page(), pytest.raises(StoreError, match="locked"):
        session._loop.acts.label([1], "a")
    with (
        pytest.raises(StoreError, match="locked"),
        session._loop.log.from_page(),
    ):  # the next call does not even try
        raise AssertionError("unreachable")
    assert "locked" in session.unsaved
    holder.let_go()
    session._loop.log._locked_until = 0.0
    with session._loop.log.from_page():
        session._loop.acts.label([1], "a")
    assert labelled(session) == {0, 1}


# -- PostgreSQL


@pytest.fixture
def url(postgres: Server) -> str:
    return postgres.new_database()


@pytest.fixture
def remote(url: str) -> Iterator[Session]:
    with open_session(url) as made:
        yield made


def on_server(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def restore_older(url: str, n: int) -> None:
    """As if a dump with this many events had been restored."""
    on_server(
        url,
        "ALTER TABLE label_event DISABLE TRIGGER ALL",
        f"DELETE FROM label_event WHERE seq > {n}",
        f"SELECT setval(pg_get_serial_sequence('label_event', 'seq'), {n})",
        "ALTER TABLE label_event ENABLE TRIGGER ALL",
    )


@pytest.mark.parametrize("act", ["label", "undo", "look"])
def test_what_a_restored_dump_lacks_is_written_to_it_again(remote: Session, url: str, act: str) -> None:
    label(remote, 0, 1, 2, 3)
    restore_older(url, 3)  # the question and two labels
    do = {"undo": remote.undo, "label": lambda: label(remote, 4), "look": remote.labels}
    with pytest.warns(RuntimeWarning, match=OLDER):
        do[act]()
    expected = {"undo": {0, 1, 2}, "label": {0, 1, 2, 3, 4}, "look": {0, 1, 2, 3}}[act]
    assert labelled(remote) == expected
    with open_session(url) as again:
        assert labelled(again) == expected


REMOTE: dict[str, tuple[Callable[[Server, str], None], str]] = {
    "dropped": (
        lambda server, url: on_server(server.url(), f"DROP DATABASE {url.rsplit('/', 1)[1]} WITH (FORCE)"),
        "does not exist.*dropped or restored",
    ),
    "emptied": (
        lambda _, url: on_server(url, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public"),
        "does not exist.*dropped or restored",
    ),
    "another store": (
        lambda _, url: (
            restore_older(url, 1),
            on_server(url, "UPDATE hitl_meta SET value = 'other' WHERE key = 'store_id'"),
        ),
        "replaced by another store",
    ),
}


@pytest.mark.parametrize("way", REMOTE)
def test_a_database_that_is_gone_names_the_call_that_rescues(
    remote: Session, url: str, way: str, postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    label(remote, 0, 1)
    REMOTE[way][0](postgres, url)
    with pytest.raises(StoreError, match=REMOTE[way][1]) as refused:
        label(remote, 2)
    monkeypatch.chdir(tmp_path)
    rescue(remote, refused.value)
    with open_session("new.sqlite") as again:
        assert len(again.import_labels("rescued.jsonl").refused) == 0
        assert labelled(again) == {0, 1}


def test_a_label_says_that_it_waits_for_a_table_that_is_locked(
    remote: Session, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    label(remote, 0)
    with psycopg.connect(url) as other:
        other.execute("LOCK TABLE label_event IN ACCESS EXCLUSIVE MODE")
        with monkeypatch.context() as patch:
            patch.setattr("hitl_widgets.labels.waiting.PATIENT", 1.0)
            with (
                pytest.warns(RuntimeWarning, match="locked by another program: waiting .* for up to 1 s"),
                pytest.raises(StoreError, match=r"could not be written.*End the transaction"),
            ):
                label(remote, 1)
        assert "s3cret" not in remote.unsaved
    label(remote, 1)
    assert labelled(remote) == {0, 1}
