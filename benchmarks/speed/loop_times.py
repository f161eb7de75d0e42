"""The loop without a browser: time until a label is saved, and until it is learned."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

LABELS = 100
PAUSE_S = 0.1


def clouds(n: int, d: int, k: int = 30) -> tuple[np.ndarray[Any, Any], list[str], list[int]]:
    """``n`` points in ``k`` overlapping Gaussian clouds, a text for each, and its cloud."""
    rng = np.random.default_rng(0)
    of = rng.integers(0, k, n)
    centres = rng.normal(size=(k, d))
    X = (centres[of] + 1.5 * rng.normal(size=(n, d))).astype(np.float32)
    return X, [f"Item {i} of cloud {c}" for i, c in enumerate(of)], of.tolist()


def _pools() -> dict[str, tuple[Any, dict[str, Any], list[str]]]:
    from hitl_widgets.data.pool import Pool
    from hitl_widgets.datasets import digits
    from hitl_widgets.maps.preparation import build_features

    table = digits()
    pool = Pool.from_data(table, image="image")
    X = build_features(pool)
    made: dict[str, tuple[Any, dict[str, Any], list[str]]] = {
        f"1,797 x {X.shape[1]} (digits, 10 classes)": (
            list(table["image"]), {"X": X[pool.rows]}, list(table["digit"])
        )
    }  # fmt: skip
    for d in (64, 384):
        X, texts, of = clouds(20_000, d)
        made[f"20,000 x {d} (clouds, 5 classes)"] = (texts, {"X": X}, [str(c % 5) for c in of])
    return made


def _one(data: Any, options: dict[str, Any], truth: list[str], folder: Path) -> dict[str, Any]:
    from hitl_widgets.session import Session

    durable, learned = [], []
    classes = sorted(set(truth))
    store = folder / f"{len(data)}-{options['X'].shape[1]}.sqlite"
    with Session(data, classes=classes, store=store, random_state=0, **options) as session:
        right = {session.pool.ids[i]: truth[row] for row, i in enumerate(session.pool.rows)}
        for _ in range(LABELS):
            [asked] = session.query()
            time.sleep(PAUSE_S)  # the accuracy is estimated meanwhile, as in real use
            began = time.perf_counter()
            session.label(asked, right[asked])
            durable.append(time.perf_counter() - began)
            session.wait()
            learned.append(time.perf_counter() - began)
    return {"durable": [1000 * t for t in durable], "learned": [1000 * t for t in learned]}


def disk_ms(folder: Path, n: int = 100) -> list[float]:
    """Time of one 4 kB write with fsync, for comparison."""
    times = []
    with (folder / "probe").open("wb", buffering=0) as file:
        for _ in range(n):
            began = time.perf_counter()
            file.write(b"x" * 4096)
            os.fsync(file.fileno())
            times.append(1000 * (time.perf_counter() - began))
    return times


def measure() -> dict[str, Any]:
    from hitl_widgets.maps import preparation as mapping

    mapping.umap_available = lambda _: False  # the map is measured separately, and would use one core
    made: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made["disk"] = disk_ms(folder)
        for words, (data, options, truth) in _pools().items():
            made[words] = _one(data, options, truth, folder)
            print(words, {k: round(float(np.median(v)), 2) for k, v in made[words].items()}, flush=True)
    return made
