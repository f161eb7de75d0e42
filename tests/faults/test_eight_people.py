"""Eight concurrent sessions with live models: no errors, nothing lost, no item asked twice."""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from hitl_widgets.labels.store import LabelStore
from postgres import Server

PEOPLE, EACH, THOUGHT, N = 8, 25, 0.05, 3_000


def annotate(store: str, who: str, said: Connection) -> None:
    import numpy as np

    from hitl_widgets.session import Session

    X = np.random.default_rng(0).normal(size=(N, 8)).astype("float32")
    items = [f"item {i}" for i in range(N)]
    session = Session(items, X=X, classes=["a", "b"], store=store, annotator=who, learner="linear", audit=0.1)
    asked, seconds = [], []
    said.send("here")
    said.poll(60)
    for _ in range(EACH):
        [item] = session.query()
        asked.append(item)
        time.sleep(THOUGHT)
        began = time.perf_counter()
        session.label(item, "ab"[len(item) % 2])
        seconds.append(time.perf_counter() - began)
    end = time.monotonic() + 60
    while len(session._loop.labels) < PEOPLE * EACH and time.monotonic() < end:
        time.sleep(0.05)  # labels of others arrive by themselves
    said.send((asked, seconds, len(session._loop.labels)))
    session.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_eight_people_label_at_once(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, figure: Callable[..., None]
) -> None:
    if kind == "postgres":
        server: Server = request.getfixturevalue("postgres")
        store = server.new_database()
    else:
        store = str(tmp_path / "labels.sqlite")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["hitl_widgets.session", "hitl_widgets.learn.linear"])
    ends: list[Connection] = []
    people = []
    for i in range(PEOPLE):
        ours, theirs = context.Pipe()
        people.append(context.Process(target=annotate, args=(store, f"person {i}", theirs)))
        people[-1].start()
        theirs.close()
        ends.append(ours)
    for end in ends:
        assert end.recv() == "here"
    for end in ends:
        end.send("go")
    found = [end.recv() for end in ends]
    for process in people:
        process.join(30)
        assert process.exitcode == 0
    asked = Counter(item for items, _, _ in found for item in items)
    seconds = sorted(s for _, times, _ in found for s in times)
    opened = LabelStore(store)
    kept = Counter(key for _, event in opened.read("labels") for key in event.item_ids)
    assert not opened.leases("labels")  # all leases are released
    opened.close()
    figure(
        f"eight annotators with live models, {'SQLite' if kind == 'sqlite' else 'PostgreSQL'}",
        acknowledged=len(seconds),
        lost=PEOPLE * EACH - sum(kept.values()),
        twice=sum(n - 1 for n in kept.values()),
        words=f"{sum(n - 1 for n in asked.values())} items asked twice; time until a label is saved: median "
        f"{1e3 * seconds[len(seconds) // 2]:.0f} ms, p95 {1e3 * seconds[int(0.95 * len(seconds))]:.0f} ms, "
        "with eight models on two cores",
    )
    assert kept == asked
    assert max(asked.values()) == 1
    assert [n for _, _, n in found] == [PEOPLE * EACH] * PEOPLE
