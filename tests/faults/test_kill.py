"""kill -9 of a kernel at any moment of labeling: acknowledged acts are stored exactly once."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path

from hitl_widgets.labels.fold import Fold
from hitl_widgets.labels.store import LabelStore

ROUNDS = 52
N = 2_000


def label(store: str, seed: int, said: Connection) -> None:
    """Random acts of a user; prints the id of every act once it is acknowledged."""
    import numpy as np

    from hitl_widgets.session import Session

    rng = random.Random(seed)
    X = np.random.default_rng(0).normal(size=(N, 8)).astype("float32")
    session = Session([f"item {i}" for i in range(N)], X=X, classes=["a", "b"], store=store, learner="linear")
    said.send_bytes(session.classes.add(f"class {seed}").encode())
    for step in range(100_000):
        act = rng.choice(["label"] * 6 + ["lasso", "skip", "undo", "redo", "rename"])
        found: str | None = None
        if act == "label":
            found = session._loop.acts.label([rng.randrange(N)], rng.choice(session.classes.names))
        elif act == "lasso":
            found = session._loop.acts.label(
                sorted(rng.sample(range(N), 300)), session.classes[0].name, selection="lasso"
            )
        elif act == "skip":
            found = session._loop.acts.skip([rng.randrange(N)])
        elif act == "rename":
            found = session.classes.rename(session.classes.names[-1], f"class {seed} {step}")
        else:
            found = session.undo() if act == "undo" else session.redo()
        if found:
            said.send_bytes(found.encode())


def told(pipe: Connection) -> list[str]:
    found = []
    while True:
        try:
            found.append(pipe.recv_bytes().decode())
        except (EOFError, OSError):
            return found


def test_no_acknowledged_act_is_lost_under_kill_9(tmp_path: Path, figure: Callable[..., None]) -> None:
    path = tmp_path / "labels.sqlite"
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["hitl_widgets.session", "hitl_widgets.learn.linear"])
    acknowledged: list[str] = []
    for seed in range(ROUNDS):
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=label, args=(str(path), seed, theirs))
        process.start()
        theirs.close()
        assert ours.poll(60)
        time.sleep(random.Random(seed).uniform(0, 0.3))
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        acknowledged += told(ours)
        process.join()
        with closing(sqlite3.connect(path)) as raw:
            assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    store, fold = LabelStore(path), Fold()
    events = [event for _, event in store.read("labels")]
    store.close()
    for event in events:
        fold.apply(event)
    times = Counter(event.event_id for event in events)
    figure(
        f"kill -9 of the kernel, {ROUNDS} times at any moment",
        acknowledged=len(acknowledged),
        lost=sum(times[name] == 0 for name in acknowledged),
        twice=sum(n > 1 for n in times.values()),
        words="labels, lassos, skips, undo, redo, changes of the classes; the file intact after every kill",
    )
    assert len(acknowledged) >= ROUNDS
    assert [name for name in acknowledged if times[name] != 1] == []
    # Per round, at most the current act and the question itself are stored without acknowledgement.
    assert len(events) - len(acknowledged) <= 1 + ROUNDS
    assert fold.schema is not None
