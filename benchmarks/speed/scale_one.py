"""One session on a large pool, in its own process: response times and memory.

    python benchmarks/speed/scale_one.py 1000000 --folder DIR --labels 60

Prints JSON. Run twice with the same folder it shows what the caches save.
"""

from __future__ import annotations

import argparse
import json
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

CLASSES = 10
MODES = 30


def modes(n: int, d: int, seed: int = 0) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """``n`` points of 30 modes in 24 of ``d`` dimensions, noise in all; each class has three modes."""
    rng = np.random.default_rng(seed)
    basis = (rng.normal(size=(24, d)) / np.sqrt(24)).astype(np.float32)
    centres = 1.6 * rng.normal(size=(MODES, 24))
    of = rng.integers(0, MODES, n)
    X = np.empty((n, d), np.float32)
    for low in range(0, n, 50_000):
        some = of[low : low + 50_000]
        z = (centres[some] + rng.normal(size=(len(some), 24))).astype(np.float32)
        X[low : low + 50_000] = z @ basis + 0.3 * rng.standard_normal((len(some), d), np.float32)
    return X, of % CLASSES


class Memory(threading.Thread):
    """Monitors the memory of this process and its children; shared pages count once (PSS)."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak = 0.0
        self.by_stage: dict[str, float] = {}
        self.stage = "start"

    def run(self) -> None:
        """Sample twice a second: with a million items a sample takes the kernel about 20 ms."""
        while True:
            held = sum(map(_pss, _family()))
            self.peak = max(self.peak, held)
            self.by_stage[self.stage] = max(self.by_stage.get(self.stage, 0), held)
            time.sleep(0.5)


def _family() -> list[Path]:
    mine = Path("/proc/self")
    found = [mine]
    for task in mine.glob("task/*/children"):
        todo = task.read_text().split()
        while todo:
            pid = Path("/proc") / todo.pop()
            found.append(pid)
            for child in pid.glob("task/*/children"):
                try:
                    todo += child.read_text().split()
                except OSError:
                    continue
    return found


def _pss(pid: Path) -> float:
    try:
        lines = (pid / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1e3


def label(session: Any, truth: np.ndarray[Any, Any], n: int, pause: float) -> dict[str, list[float]]:
    """Label the suggested items; milliseconds until saved, until the round is there, and to make it."""
    times: dict[str, list[float]] = {"durable": [], "learned": [], "made": []}
    for _ in range(n):
        row = next(s.index for s in session.round.suggestions if session._loop.labels.y[s.index] < 0)
        began = time.perf_counter()
        session._loop.acts.label([row], str(truth[row]), selection="suggested")
        times["durable"].append(1e3 * (time.perf_counter() - began))
        while session.round.n_events < session._loop.log.n_events:
            time.sleep(0.0005)
        times["learned"].append(1e3 * (time.perf_counter() - began))
        times["made"].append(1e3 * session.round.seconds)
        time.sleep(pause)
    return times


def bulk(session: Any, truth: np.ndarray[Any, Any], n: int) -> dict[str, float]:
    """Label and undo ``n`` items at once; milliseconds until saved, and until the round is available."""
    rows = np.random.default_rng(1).choice(len(truth), n, replace=False)
    times = {}
    for name, act in (
        ("label", lambda: session._loop.acts.label(rows, "0", selection="lasso")),
        ("undo", session.undo),
    ):
        began = time.perf_counter()
        act()
        times[f"{name} durable"] = 1e3 * (time.perf_counter() - began)
        while session.round.n_events < session._loop.log.n_events:
            time.sleep(0.0005)
        times[f"{name} learned"] = 1e3 * (time.perf_counter() - began)
    return times


def measure(n: int, d: int, labels: int, pause: float, folder: Path, patience: float) -> dict[str, Any]:
    X, truth = modes(n, d)
    texts = [f"item {i}" for i in range(n)]
    memory = Memory()
    memory.start()
    time.sleep(0.3)
    before = memory.peak
    began = time.perf_counter()
    import hitl_widgets as hitl

    reached: dict[str, float] = {}
    stages: list[tuple[float, str]] = []
    store = folder / f"scale-{n}-{time.time_ns()}.sqlite"
    session = hitl.Session(texts, X=X, classes=[str(c) for c in range(CLASSES)], store=store, random_state=0)
    reached["session"] = time.perf_counter() - began

    def watch(what: str) -> None:
        now = time.perf_counter() - began
        if what == "map" and session.map is not None:
            reached.setdefault(f"map {session.map.method}", now)
            if getattr(session.map, "settled", True):
                reached.setdefault(f"map {session.map.method} settled", now)
        elif what == "round":
            reached.setdefault("first suggestion", now)
            if session.round.has_graph:
                reached.setdefault("graph", now)
        elif what == "stage":
            memory.stage = session._loop.background.stage.words if session._loop.background.stage else "ready"
            stages.append((round(now, 2), memory.stage))

    session._loop.subscribe(watch)
    if session.map is not None:
        reached["map pca"] = time.perf_counter() - began
    while session.round is None or not session.round.has_features:
        time.sleep(0.002)
    reached.setdefault("features", time.perf_counter() - began)
    early = label(session, truth, labels, pause)
    has_graph = bool(session.round.has_graph)
    while session._loop.background.stage is not None and time.perf_counter() - began < patience:
        time.sleep(0.1)
    reached["ready"] = time.perf_counter() - began
    while not session.round.has_graph and time.perf_counter() - began < patience + 60:
        time.sleep(0.1)
    label(session, truth, 5, pause)
    late = label(session, truth, labels, pause)
    made = {
        "n": n, "d": d, "array": X.nbytes / 1e6, "before": before, "peak": memory.peak, "early": early,
        "early_with_graph": has_graph, "late": late, "late_with_graph": bool(session.round.has_graph),
        "accuracy": float((session.round.predicted == truth).mean()), "labels": session.n_labels,
        "reached": reached, "stages": stages, "by_stage": memory.by_stage,
    }  # fmt: skip
    if n >= 100_000:
        made["bulk"] = bulk(session, truth, 100_000 if n > 100_000 else n // 10)
    session.close()
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("n", type=int)
    parser.add_argument("--d", type=int, default=384)
    parser.add_argument("--labels", type=int, default=60)
    parser.add_argument("--pause", type=float, default=0.3)
    parser.add_argument("--patience", type=float, default=900)
    parser.add_argument("--folder", type=Path, required=True)
    options = parser.parse_args()
    found = measure(options.n, options.d, options.labels, options.pause, options.folder, options.patience)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
