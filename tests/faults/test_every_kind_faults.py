"""The faults of a store, with one answer or more of every kind of question in one file."""

from __future__ import annotations

import multiprocessing
import os
import random
import re
import shutil
import signal
import sqlite3
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from everykind import ITEMS, KINDS, answers, asking, same, told
from helpers import missing
from hitl_widgets import Session
from hitl_widgets.errors import StoreError
from hitl_widgets.labels import _sqlite
from storefaults import small_disk
from stores import FILES, place

ROUNDS = 4
Sessions = dict[str, Session]


@pytest.fixture(autouse=True)
def nobody_looks_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hitl_widgets.loop.team.BEAT", 3600)


@pytest.fixture(params=FILES)
def path(request: pytest.FixtureRequest) -> Path:
    return Path(place(request.param, request))


@pytest.fixture
def opened() -> Iterator[Any]:
    """Opens a session of every kind on one store, each under its own task."""
    with ExitStack() as stack:
        yield lambda path: {name: stack.enter_context(asking(name, path)) for name in KINDS}


def label(sessions: Sessions, row: int) -> None:
    for name, session in sessions.items():
        session.label(f"r{row}", answers(name)[row])


def hold(sessions: Sessions, rows: set[int]) -> None:
    """Assert that exactly these rows are labelled, with what was said."""
    for name, session in sessions.items():
        found = told(session)
        assert set(found) == {f"r{row}" for row in rows}, name
        assert all(same(found[f"r{row}"], answers(name)[row]) for row in rows), name


def whole(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as raw:
        return bool(raw.execute("PRAGMA integrity_check").fetchone() == ("ok",))


def work(path: str, since: tuple[int, ...], pipe: Connection) -> None:
    """Label with every kind in turn, and say which label is acknowledged."""
    _sqlite.WAL_SINCE = since
    sessions = {name: asking(name, path) for name in KINDS}
    for row in range(len(ITEMS["id"])):
        for name, session in sessions.items():
            session.label(f"r{row}", answers(name)[row])
            pipe.send((name, row))


def test_no_acknowledged_answer_of_any_kind_is_lost_under_kill_9(path: Path, opened: Any) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["everykind"])
    said: set[tuple[str, int]] = set()
    for seed in range(ROUNDS):
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=work, args=(str(path), _sqlite.WAL_SINCE, theirs))
        process.start()
        theirs.close()
        moment = random.Random(seed)
        said.update(ours.recv() for _ in range(moment.randrange(1, 40)))
        time.sleep(moment.uniform(0, 0.03))
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        while True:
            try:
                said.add(ours.recv())
            except (EOFError, OSError):
                break
        process.join()
        assert whole(path)
    sessions = opened(path)
    found = {
        (name, int(id_[1:])): value for name, one in sessions.items() for id_, value in told(one).items()
    }
    assert len(said) > ROUNDS
    assert said <= set(found)
    assert all(same(value, answers(name)[row]) for (name, row), value in found.items())
    for session in sessions.values():
        while session.undo():  # of this annotator, in any process
            pass
        assert session.n_labels == 0


def fill(ballast: Path) -> None:
    """Write until the disk is full."""
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


def label_until_refused(session: Session, value: Any) -> None:
    """Free pages of the file take some labels first."""
    for _ in range(200):
        session.label("r1", value)


def test_a_full_disk_refuses_answers_of_every_kind_and_goes_on_once_there_is_room(
    opened: Any, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk", megabytes=4) as mounted:
        if not mounted:
            missing("tmpfs", "a disk of 4 MB, which only root can mount")
        path, ballast = tmp_path / "disk" / "labels.sqlite", tmp_path / "disk" / "ballast"
        sessions = opened(path)
        label(sessions, 0)
        fill(ballast)
        for name, session in sessions.items():
            with pytest.raises(StoreError, match=r"disk is full\. Earlier labels are saved"):
                label_until_refused(session, answers(name)[1])
        ballast.unlink()
        label(sessions, 1)
        label(sessions, 2)
        hold(sessions, {0, 1, 2})
        again = opened(path)
        hold(again, {0, 1, 2})
        assert whole(path)
        for session in (*sessions.values(), *again.values()):
            session.close()


def test_a_locked_store_refuses_answers_of_every_kind_and_takes_them_later(
    path: Path, opened: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_sqlite, "BUSY_MS", 10)
    monkeypatch.setattr("hitl_widgets.labels.waiting.PATIENT", 0.02)
    sessions = opened(path)
    label(sessions, 0)
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        for name, session in sessions.items():
            with (
                pytest.warns(RuntimeWarning, match="locked by another program: waiting"),
                pytest.raises(StoreError, match=r"could not be written.*locked"),
            ):
                session.label("r1", answers(name)[1])
        holder.execute("ROLLBACK")
    hold(sessions, {0})
    label(sessions, 1)
    hold(sessions, {0, 1})
    hold(opened(path), {0, 1})


def test_what_an_older_copy_lacks_is_written_to_it_again_for_every_kind(path: Path, opened: Any) -> None:
    sessions = opened(path)
    label(sessions, 0)
    copy = path.with_name("backup.sqlite")
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    label(sessions, 1)
    copy.replace(path)
    for name, session in sessions.items():
        with pytest.warns(RuntimeWarning, match="replaced by an older copy"):
            session.label("r2", answers(name)[2])
    with warnings.catch_warnings():
        # SQLite removes the write-ahead log of the new file with the last connection to the old one, so a
        # session may have to write its acts once more.
        warnings.simplefilter("ignore")
        hold(sessions, {0, 1, 2})
        hold(opened(path), {0, 1, 2})


@pytest.mark.parametrize("way", ["cut off", "deleted", "overwritten"])
def test_answers_of_every_kind_are_rescued_from_a_store_that_is_gone(
    path: Path, way: str, opened: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    sessions = opened(path)
    for row in range(3):
        label(sessions, row)
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for session in sessions.values():
        session.labels()
    if way == "cut off":
        os.truncate(path, path.stat().st_size - 4096)
    elif way == "deleted":
        path.unlink()
    else:
        path.write_bytes(b"name,label\n" * 9_999)
    folder = tmp_path_factory.mktemp("rescue")
    for name, session in sessions.items():
        with pytest.raises(StoreError, match=r"session\.export\(") as refused:
            session.label("r3", answers(name)[3])
        assert re.search(re.escape(str(path)), str(refused.value))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the session shows what was read before
            rescued = session.export(folder / f"{name}.jsonl", names=True)
        with asking(name, folder / "new.sqlite") as again:
            assert not len(again.import_labels(rescued).refused)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        hold(sessions, {0, 1, 2})
    hold(opened(folder / "new.sqlite"), {0, 1, 2})


def test_a_store_moved_while_it_is_closed_keeps_answers_of_every_kind(path: Path, opened: Any) -> None:
    sessions = opened(path)
    label(sessions, 0)
    for session in sessions.values():
        session.close()
    elsewhere = Path(shutil.copy(path, path.with_name("elsewhere.sqlite")))
    path.unlink()
    hold(opened(elsewhere), {0})
