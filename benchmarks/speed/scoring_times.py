"""Scoring the pool, compared with reading the array once and with scikit-learn."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

ROWS, WIDTH, CLASSES, TOP = 1_000_000, 384, 10, 100
ROUNDS = 15


def measure() -> dict[str, Any]:
    """Milliseconds of each method, interleaved so that all run under the same load."""
    with tempfile.TemporaryDirectory(prefix="hitl-bench-") as folder:
        ways = _ways(Path(folder))
        times: dict[str, list[float]] = {name: [] for name in ways}
        for way in ways.values():  # compiles, and fills the page cache
            way()
        for _ in range(ROUNDS):
            for name, way in ways.items():
                began = time.perf_counter()
                way()
                times[name].append(1e3 * (time.perf_counter() - began))
    return {"shape": [ROWS, WIDTH, CLASSES], "times": times}


def _ways(folder: Path) -> dict[str, Callable[[], Any]]:
    from sklearn.linear_model import LogisticRegression

    from hitl_widgets.learn import scoring

    rng = np.random.default_rng(0)
    X = np.empty((ROWS, WIDTH), np.float32)
    for low in range(0, ROWS, 50_000):
        X[low : low + 50_000] = rng.standard_normal((min(50_000, ROWS - low), WIDTH), np.float32)
    few = rng.choice(ROWS, 400, replace=False)
    y = (X[few, :CLASSES] * 3 + rng.normal(size=(400, CLASSES))).argmax(axis=1)
    model = LogisticRegression(max_iter=500).fit(X[few], y)
    head = scoring.Head(model.coef_, model.intercept_, np.arange(CLASSES, dtype=np.int16), CLASSES)
    half = X.astype(np.float16)
    np.save(folder / "pool.npy", X)
    mapped = np.load(folder / "pool.npy", mmap_mode="r")
    threads = ThreadPoolExecutor()

    def read() -> None:
        list(threads.map(lambda rows: X[rows].sum(), scoring.blocks_of(X)))

    def top(pool: Any) -> Any:
        found = scoring.score(pool, head)
        return scoring.best(found.uncertainty, TOP)

    def without_numba() -> Any:
        had, scoring.NUMBA = scoring.NUMBA, False
        try:
            return top(X)
        finally:
            scoring.NUMBA = had

    def scikit_learn() -> Any:
        two = np.partition(model.predict_proba(X), -2, axis=1)[:, -2:]
        return np.argpartition(two[:, 1] - two[:, 0], TOP)[:TOP]

    return {
        "one float32 read of the array (sum, all threads)": read,
        "ours, float32": lambda: top(X),
        "ours, float16": lambda: top(half),
        "ours, memory-mapped, in the page cache": lambda: top(mapped),
        "ours without numba": without_numba,
        "scikit-learn: predict_proba, margin, argpartition": scikit_learn,
    }
