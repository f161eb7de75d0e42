"""Interrupting a running cell: the signal reaches the kernel's whole process group."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from jupyter_client.manager import KernelManager

MAKE = """
import numpy as np, time, os, signal, psutil
import hitl_widgets as hitl
from hitl_widgets.data import neighbors
rng = np.random.default_rng(0)
X = (rng.normal(size=(3_000, 8)) + 5 * rng.integers(0, 4, size=(3_000, 1))).astype("f4")
session = hitl.Session([f"item {i}" for i in range(len(X))], X=X, classes=["a", "b"], store="labels.sqlite")
def children():
    return [p for p in psutil.Process().children(recursive=True) if "_child" in " ".join(p.cmdline())]
"""
WAIT_FOR_CHILD = "while not children() and session.stage is not None: time.sleep(.005)"
WAIT_FOR_MAP = "while session.stage is not None: time.sleep(.05)"
SAY = "print(session.map.method, session.map.settled, repr(session.trouble), len(children()))"


class Kernel:
    """A kernel, started in its own process group as Jupyter servers do."""

    def __init__(self, folder: Path) -> None:
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(cwd=str(folder))
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def begin(self, code: str) -> str:
        return self.client.execute(code)

    def end(self, name: str, timeout: float = 120) -> str:
        """The output of the cell; raises on errors other than the interrupt."""
        text, end = "", time.monotonic() + timeout
        while time.monotonic() < end:
            try:
                message: Any = self.client.get_iopub_msg(timeout=1)
            except Empty:
                continue
            if message["parent_header"].get("msg_id") != name:
                continue
            content = message["content"]
            if message["msg_type"] == "stream" and content["name"] == "stdout":
                text += content["text"]
            elif message["msg_type"] == "error":
                text += content["ename"]
            elif message["msg_type"] == "status" and content["execution_state"] == "idle":
                return text
        raise AssertionError(f"the cell has not ended; it printed {text!r}")

    def run(self, code: str) -> str:
        return self.end(self.begin(code))


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[Kernel]:
    made = Kernel(tmp_path)
    yield made
    made.client.stop_channels()
    made.manager.shutdown_kernel(now=True)


def test_an_interrupted_cell_does_not_stop_the_map(kernel: Kernel) -> None:
    assert kernel.run(MAKE) == ""
    assert kernel.run(WAIT_FOR_CHILD) == ""
    for _ in range(4):
        cell = kernel.begin("print('on', flush=True); time.sleep(60)")
        while kernel.client.get_iopub_msg(timeout=20)["msg_type"] != "stream":
            pass
        kernel.manager.interrupt_kernel()
        assert "KeyboardInterrupt" in kernel.end(cell)
        time.sleep(0.2)
    assert kernel.run(WAIT_FOR_MAP) == ""
    assert kernel.run(SAY) == "umap True '' 0\n"


def test_a_child_that_is_killed_is_made_again_and_the_map_comes(kernel: Kernel) -> None:
    assert kernel.run(MAKE) == ""
    assert kernel.run(WAIT_FOR_CHILD) == ""
    assert kernel.run("print(len([os.kill(p.pid, signal.SIGKILL) for p in children()]))") == "1\n"
    assert kernel.run(WAIT_FOR_MAP) == ""
    assert kernel.run(SAY) == "umap True '' 0\n"


def test_one_that_is_killed_each_time_is_told_and_retry_makes_the_map(kernel: Kernel) -> None:
    kill = """
import threading
ended = threading.Event()
def kill():
    while not ended.wait(.01):
        for p in children():
            try:
                p.kill()
            except psutil.Error:
                pass
threading.Thread(target=kill, daemon=True).start()
"""
    assert kernel.run(MAKE + kill + WAIT_FOR_MAP) == ""
    said = kernel.run("ended.set(); " + SAY)
    assert said.startswith("pca True 'The map remains a preview: UMAP failed")
    assert "SIGKILL" in said
    assert "session.retry()" in said
    assert kernel.run("session.retry()\n" + WAIT_FOR_MAP) == ""
    assert kernel.run(SAY) == "umap True '' 0\n"


STORM = """
import os, random, signal, sys, threading, time
import numpy as np
from hitl_widgets.session import Session
X = np.random.default_rng(0).normal(size=(400, 4)).astype("f4")
make = lambda: Session([f"item {i}" for i in range(400)], X=X, classes=["a", "b"], store=sys.argv[1],
                       learner="linear", random_state=0)
with make() as warm:  # what is imported late is here: Python's own imports do not survive an interrupt
    warm.label(warm.query(2), "a")
    warm.label(warm.query(2), "b")
    warm.wait()
    warm.history()
    while warm._loop.background.stage is not None:
        time.sleep(.05)
interrupts, over, armed = 0, threading.Event(), threading.Event()
def storm():
    rng = random.Random(0)
    while not over.wait(rng.uniform(0, .012)):
        if armed.wait(.01):
            os.kill(os.getpid(), signal.SIGINT)
def interrupt(*_):  # once for each act, and never between two
    if armed.is_set():
        armed.clear()
        raise KeyboardInterrupt
signal.signal(signal.SIGINT, interrupt)
thread = threading.Thread(target=storm)
session, rng = make(), random.Random(1)
thread.start()
done = 0
end = time.monotonic() + 12
while time.monotonic() < end:
    try:
        armed.set()
        act = rng.choice(["label"] * 4 + ["lasso", "undo", "redo", "query", "wait", "open"])
        if act == "label":
            session._loop.acts.label([rng.randrange(400)], rng.choice("ab"))
        elif act == "lasso":
            session._loop.acts.label(sorted(rng.sample(range(400), 150)), rng.choice("ab"))
        elif act == "query":
            session.query(3)
        elif act == "wait":
            session.wait(5)
        elif act == "open":
            make().close()
        else:
            getattr(session, act)()
        armed.clear()
        done += 1
    except KeyboardInterrupt:
        interrupts += 1
over.set()
thread.join()
row = (session.query() or session.pool.ids)[0]  # the lassos may have left none
session.label(row, "b")
assert session.wait(30).n_events == session._loop.log.n_events
fresh = make()
for name in ("y", "order", "skipped", "mine", "asked"):
    assert (getattr(session._loop.labels, name) == getattr(fresh._loop.labels, name)).all(), name
assert session._loop.labels.y[session.pool.index([row])[0]] == 1
assert list(session.history().event_id) == list(fresh.history().event_id)
fresh.close(); session.close()
print("whole", done > 20, interrupts > 20)
"""


def test_interrupts_at_any_moment_leave_a_session_whole(tmp_path: Path) -> None:
    """After Ctrl-C during Session(), label(), undo(), query() or wait(), the next call works."""
    done = subprocess.run(
        [sys.executable, "-c", STORM, str(tmp_path / "labels.sqlite")],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.stdout == "whole True True\n", done.stderr[-3_000:]
