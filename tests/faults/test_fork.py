"""Forking with an open session: the child gets an error and never hangs on inherited state."""

from __future__ import annotations

import copy
import multiprocessing
import os
import pickle
import signal
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hitl_widgets import Session
from hitl_widgets.errors import HitlError
from hitl_widgets.labels.store import LabelStore
from stores import label

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here"),
    pytest.mark.usefixtures("no_umap"),
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
]
X = np.eye(12, dtype=np.float32)


@pytest.fixture
def session(tmp_path: Path) -> Any:
    with Session(X, classes=["a", "b"], store=tmp_path / "labels.sqlite", annotator="ann") as made:
        made.label(made.pool.ids[0], "a")
        yield made


def in_child(work: Callable[[], object]) -> str:
    """The result of a call in a forked child that exits like a script, within 60 s."""
    ours, theirs = os.pipe()
    if (child := os.fork()) == 0:
        signal.alarm(60)
        said = "nothing"
        try:
            said = f"returned {work()!r}"
        except BaseException as error:  # noqa: BLE001 - reported to the parent
            said = f"{type(error).__name__}: {error}"
        finally:
            os.write(theirs, said.encode())
            os._exit(0)
    os.close(theirs)
    with os.fdopen(ours) as pipe:
        said = pipe.read()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, "the child hung"
    return said


USES: dict[str, Callable[[Session], object]] = {
    "label": lambda s: s.label(s.pool.ids[1], "a"),
    "skip": lambda s: s.skip(s.pool.ids[1]),
    "undo": lambda s: s.undo(),
    "redo": lambda s: s.redo(),
    "query": lambda s: s.query(),
    "wait": lambda s: s.wait(),
    "labels": lambda s: s.labels(),
    "history": lambda s: s.history(),
    "to_frame": lambda s: s.to_frame(),
    "accuracy": lambda s: s.accuracy(),
    "model": lambda s: s.model(),
    "features": lambda s: s.features,
    "classes": lambda s: s.classes.add("c"),
    "progress": lambda s: s.progress(),
    "regroup": lambda s: s.regroup(2.0),
    "export": lambda s: s.export("labels.csv"),
    "store": lambda s: s.store.append(label(3)),
}


@pytest.mark.parametrize("use", USES)
def test_a_session_that_is_used_in_a_forked_child_says_what_to_do(session: Session, use: str) -> None:
    said = in_child(lambda: USES[use](session))
    assert said.startswith("HitlError: This ")
    assert f"opened in process {os.getpid()}" in said
    assert "Open a new" in said
    session.label(session.pool.ids[2], "b")
    assert session.n_labels == 2


@pytest.mark.parametrize("send", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_session_cannot_be_copied_or_sent(session: Session, send: Callable[[Session], object]) -> None:
    with pytest.raises(HitlError, match="cannot be copied or sent to another process"):
        send(session)


def test_a_child_forked_while_others_hold_the_locks_does_not_hang(session: Session) -> None:
    holds, end = threading.Event(), threading.Event()

    def hold() -> None:
        with session._loop.log.lock:
            holds.set()
            end.wait(20)

    thread = threading.Thread(target=hold)
    thread.start()
    holds.wait()
    try:
        assert in_child(lambda: session.label(session.pool.ids[1], "a")).startswith("HitlError")
        assert in_child(session.close) == "returned None"
    finally:
        end.set()
        thread.join()


def test_a_child_may_have_a_session_of_its_own_in_the_same_store(session: Session) -> None:
    path = session.store.path

    def work() -> int:
        own = Session(X, classes=["a", "b"], store=path, annotator="bob")
        own.label(own.pool.ids[5], "b")
        own.close()
        return own.n_labels

    assert in_child(work) == "returned 2"
    assert session.labels()["annotator"].tolist() == ["ann", "bob"]


def test_a_pool_of_forked_workers_raises_instead_of_hanging(session: Session) -> None:
    global shared  # noqa: PLW0603 - read by a forked worker
    shared = session
    with (
        multiprocessing.get_context("fork").Pool(2) as pool,
        pytest.raises(HitlError, match="forked from it"),
    ):
        pool.map_async(label_shared, range(4)).get(20)
    assert session.n_labels == 1


shared: Any = None


def label_shared(row: int) -> None:
    shared.label(shared.pool.ids[row], "a")


def test_a_child_that_ends_as_a_script_does_changes_nothing(session: Session) -> None:
    """Its copies of the connections are closed, and must not roll back or commit anything of the parent."""
    end = threading.Event()

    def write() -> None:
        row = 0
        while not end.is_set():
            session.label(session.pool.ids[row % 12], "ab"[row % 2])
            row += 1

    thread = threading.Thread(target=write)
    thread.start()
    children = []
    for _ in range(5):
        time.sleep(0.05)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            child = os.fork()
        if child == 0:
            signal.alarm(20)
            session.store._database.engine.raw_connection().driver_connection.close()
            os._exit(0)
        children.append(child)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * 5
    end.set()
    thread.join()
    with LabelStore(session.store.path)._engine.connect() as connection:  # type: ignore[arg-type]
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    assert len(session.history()) == session._loop.log.n_events
