"""Child processes: interrupts do not reach them, and one that ends early is restarted."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from hitl_widgets.background import children
from hitl_widgets.background.children import Cancelled, ChildJob
from hitl_widgets.errors import HitlError

# Records each start; exits in the given way for the first starts.
CHILD = """
import os, sys, time, json
from pathlib import Path
folder = Path(sys.argv[1])
settings = json.loads((folder / "job.json").read_text())
with open(settings["starts"], "a") as starts:
    starts.write(f"{os.getpid()}\\n")
time.sleep(settings["importing"])
import numpy as np
from hitl_widgets.background.children import serve

def work(folder, settings, reporter):
    reporter.stage("working")
    if len(Path(settings["starts"]).read_text().split()) <= settings["bad"]:
        exec(settings["end"])
    np.save(folder / "out.npy", np.load(folder / "x.npy") + 1)

serve(work)
"""
KILLED = "import signal; os.kill(os.getpid(), signal.SIGKILL)"
CRASHED = "import signal; os.kill(os.getpid(), signal.SIGSEGV)"
HALF_IMPORTED = "raise ImportError(\"cannot import name 'x' from partially initialized module 'y'\")"
SILENT = "os._exit(0)"
HALF_SAID = "os.write(4, b'{\"sta'); " + KILLED


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "a_child.py").write_text(CHILD)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(children, "_PAUSE", 0.05)
    starts = tmp_path / "starts.txt"
    starts.touch()

    def make(end: str = "", bad: int = 0, importing: float = 0.0) -> ChildJob:
        settings = {"starts": str(starts), "end": end, "bad": bad, "importing": importing}
        return ChildJob("a_child", {"x": np.arange(3)}, settings, "It failed.")

    make.starts = lambda: [int(pid) for pid in starts.read_text().split()]  # type: ignore[attr-defined]
    return make


@pytest.mark.parametrize(
    ("end", "bad"),
    [(KILLED, 1), (KILLED, 2), (CRASHED, 1), (HALF_IMPORTED, 1), (SILENT, 1), (HALF_SAID, 1)],
)
def test_a_child_that_ends_early_is_started_again(job, end: str, bad: int) -> None:
    words: list[str] = []
    [out] = job(end, bad).run(lambda stage, _: words.append(stage), ["out"])
    assert out.tolist() == [1, 2, 3]
    assert len(job.starts()) == bad + 1
    assert sum(w.startswith("restarting") for w in words) == bad


@pytest.mark.parametrize(
    ("end", "starts", "said"),
    [
        (KILLED, 3, "SIGKILL, maybe because memory ran out"),
        (CRASHED, 3, "SIGSEGV"),
        (HALF_IMPORTED, 2, "cannot import"),
    ],
)
def test_but_not_for_ever_and_then_it_says_how_it_ended(job, end: str, starts: int, said: str) -> None:
    with pytest.raises(HitlError, match=f"(?s)^It failed.*{said}"):
        job(end, 99).run(lambda *_: None, ["out"])
    assert len(job.starts()) == starts


def test_an_interrupt_leaves_a_child_alone_from_its_first_moment_on(job) -> None:
    """Also while the interpreter starts and imports modules, before any of our code runs."""
    run, done = job(importing=0.7), threading.Event()

    def interrupt() -> None:
        while not done.wait(0.002):
            if run._child is not None and run._child.returncode is None:
                os.kill(run._child.pid, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        [out] = run.run(lambda *_: None, ["out"])
    finally:
        done.set()
        thread.join()
    assert out.tolist() == [1, 2, 3]
    assert len(job.starts()) == 1


def test_the_thread_that_starts_a_child_can_still_be_interrupted(job) -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    job().run(lambda *_: None, ["out"])
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before


def test_cancelling_between_two_starts_ends_it(job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "_PAUSE", 60)
    run = job(KILLED, 99)

    def cancel_later(stage: str, _: float | None) -> None:
        if stage == "working":
            threading.Timer(0.5, run.cancel).start()

    began = time.monotonic()
    with pytest.raises(Cancelled):
        run.run(cancel_later, ["out"])
    assert time.monotonic() - began < 30
    assert len(job.starts()) == 1
