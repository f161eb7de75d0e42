"""Races that are interrupted or killed: what is finished is kept, and the same call continues."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd

# A race of two contestants. The strategy writes a line at each question, and waits while there is a gate.
RACE = """
import signal, sys, time, os, warnings
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
from pathlib import Path
import numpy as np
import hitl_widgets as hitl

folder = Path(sys.argv[1])

class Slow:
    def __init__(self, folder):
        self.folder = folder
    def __call__(self, proba, context):
        with (self.folder / "asked").open("a") as file:
            file.write("1\\n")
        while (self.folder / "gate").exists() and len((self.folder / "asked").read_text()) > 60:
            time.sleep(0.01)
        return context.random_state.random(len(proba))

def race(path="runs.jsonl"):
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=80)
    X = (rng.normal(size=(80, 3)) + 2 * y[:, None]).astype("f4")
    return hitl.simulate(X, y, ["linear"], {"slow": Slow(folder), "random": "random"}, 20, 4, n_jobs=N_JOBS,
                         path=None if path is None else folder / path, progress=False, graph=False)
"""


def start(folder: Path, code: str, n_jobs: int) -> subprocess.Popen[str]:
    """Run the race in a process group of its own, as a Jupyter server starts its kernels."""
    text = RACE.replace("N_JOBS", str(n_jobs)) + code
    return subprocess.Popen(
        [sys.executable, "-c", text, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def until_held(folder: Path, process: subprocess.Popen[str]) -> None:
    """Wait until the strategy waits at the gate: in the middle of a run."""
    asked, end = folder / "asked", time.monotonic() + 120
    while not (asked.exists() and len(asked.read_text()) > 60):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.05)


def finished(folder: Path) -> list[tuple[str, int]]:
    lines = (folder / "runs.jsonl").read_text().splitlines()
    return [(run["contestant"], run["repeat"]) for run in map(json.loads, lines)]


WHOLE = 'frame = race().frame; frame.to_json(folder / "frame.json", orient="records")'


def test_a_race_that_is_killed_continues_with_the_same_result(tmp_path: Path) -> None:
    """Kill -9 in the middle of a run: only this run is done again."""
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    killed.mkdir()
    whole.mkdir()
    (killed / "gate").touch()
    process = start(killed, WHOLE, n_jobs=1)
    until_held(killed, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    before = finished(killed)
    # 30 questions are three runs of the strategy; it was killed in the fourth.
    assert before == [("slow", 0), ("random", 0), ("slow", 1), ("random", 1), ("slow", 2), ("random", 2)]
    (killed / "gate").unlink()
    for folder in (killed, whole):
        out, err = start(folder, WHOLE, n_jobs=1).communicate(timeout=300)
        assert (out, err) == ("", "")
    assert finished(killed)[: len(before)] == before
    assert len(finished(killed)) == 8
    drop = ["seconds", "elapsed"]
    frames = [pd.read_json(folder / "frame.json").drop(columns=drop) for folder in (killed, whole)]
    pd.testing.assert_frame_equal(*frames, check_exact=True)


INTERRUPTED = """
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    found = race(PATH)
print([str(one.message) for one in said])
print(found.missing, found.contestants, len(found.repeats))
print(len(repr(found)) > 100)
"""


def test_an_interrupt_gives_the_finished_runs_and_one_sentence(tmp_path: Path) -> None:
    """Whether the runs are computed in this process or in others, which get the signal too."""
    for n_jobs in (1, 2):
        folder = tmp_path / str(n_jobs)
        folder.mkdir()
        (folder / "gate").touch()
        process = start(folder, INTERRUPTED.replace("PATH", '"runs.jsonl"'), n_jobs)
        until_held(folder, process)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=300)
        assert err == ""
        said, missing, shown = out.splitlines()
        n = len(finished(folder))
        assert said.startswith(f"[\"Interrupted: {n} of 8 runs are finished; saved in '")
        assert said.endswith('the same call continues there."]')
        assert "('slow', 'random')" in missing
        assert shown == "True"
