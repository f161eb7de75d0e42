"""Runs of contestants on the sets, each saved in its own file so that measurements can be continued."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import re
import subprocess
import time
import traceback
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import hitl_widgets as hitl
from benchmarks import ROOT
from benchmarks.data import pools
from benchmarks.labels import sets as label_sets
from benchmarks.labels.contestants import contestant
from benchmarks.labels.sets import CASES, Case, Split
from hitl_widgets.races.finished import _OUR_CODE, _identity

KEEP = ("n_labels", "pool_accuracy", "pool_macro_f1", "test_accuracy", "seconds")
UPDATE_SIZES, WARM_UP, TIMED = (100_000, 1_000_000), 30, 100

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Options:
    """What is measured, and with how many processes; ``results`` is a folder."""

    repeats: int
    peer_repeats: int
    parts: tuple[str, ...]
    sets: tuple[str, ...]
    contestants: tuple[str, ...]
    jobs: int
    results: Path


Task = tuple[str, int, tuple[str, ...]]  # the case, the repeat and the contestants


def tasks(options: Options) -> Iterator[Task]:
    """Tasks ordered by repeat, so that an interrupted measurement is balanced."""
    for repeat in range(max(options.repeats, options.peer_repeats)):
        for name in options.sets:
            case = CASES[name]
            if case.part not in options.parts:
                continue
            takes_part = (case.contestants if repeat < options.repeats else ()) + (
                case.peers if repeat < options.peer_repeats else ()
            )
            if chosen := tuple(w for w in takes_part if w in options.contestants):
                yield name, repeat, chosen


def measure(options: Options) -> list[str]:
    """Run what is missing; returns descriptions of the failures."""
    import joblib

    todo = list(tasks(options))
    total, began, spent, failed = len(todo), time.time(), 0.0, []
    with joblib.parallel_config("loky", inner_max_num_threads=1):
        pool = joblib.Parallel(options.jobs, return_as="generator_unordered", batch_size=1)
        found = pool(joblib.delayed(play)(*task, options.results) for task in todo)
        for done, (words, seconds, errors) in enumerate(found, 1):
            failed += errors
            spent += seconds
            if seconds or errors:
                print(f"{done}/{total} {words}; {(time.time() - began) / 60:.0f} min", *errors, flush=True)
    print(f"{total} tasks, {spent / 3600:.2f} hours of computing, {len(failed)} runs failed", flush=True)
    return failed


def play(name: str, repeat: int, who: Sequence[str], results: Path) -> tuple[str, float, list[str]]:
    """Run what is missing in one repeat of a case; returns a summary, CPU seconds and failures."""
    case, split = CASES[name], label_sets.split(name, repeat, results)
    spent, words, failed = 0.0, [], []
    for one in who:
        file = file_of(results, case, one, repeat)
        key = key_of(case, split, one)
        if finished(file, key):
            continue
        try:
            found = run(case, split, one, repeat)
        except Exception:  # noqa: BLE001 - the other runs continue
            failed.append(f"{name}, {one}, repeat {repeat} failed:\n{traceback.format_exc()}")
            continue
        _write(file, about() | {"case": name, "contestant": one, "repeat": repeat, "key": key} | found)
        spent += found["cpu"]
        words.append(f"{one} {found['cpu']:.1f} s")
    return f"{name}, repeat {repeat}: {', '.join(words)}", spent, failed


def run(case: Case, split: Split, name: str, repeat: int) -> dict[str, Any]:
    """One run of a contestant: its figures, and the true classes of the items it asked, in order."""
    k = int(split.y.max()) + 1
    one = contestant(name, k)
    asked: list[int] = []

    def oracle(row: int, _: Any) -> int:
        asked.append(int(split.y[row]))
        return asked[-1]

    cpu, wall = time.process_time(), time.perf_counter()
    *at, budget = _records(case, split, name)
    with warnings.catch_warnings(action="ignore", category=UserWarning):  # from models that do not converge
        frame = hitl.simulate(
            split.X, oracle, contestants={name: (one.learner, one.strategy)}, classes=list(range(k)),
            truth=split.y, test=split.test, budget=budget, at=[*at, budget], noise=case.noise,
            repeats=1, random_state=repeat, graph=one.ours, n_jobs=1, progress=False,
        ).frame  # fmt: skip
    return {
        "rows": {c.replace("pool_macro", "macro"): frame[c].tolist() for c in KEEP if frame[c].notna().any()},
        "asked": asked,
        "shares": (np.bincount(split.y, minlength=k) / len(split.y)).round(6).tolist(),
        "digest": split.digest,
        "cpu": time.process_time() - cpu,
        "wall": time.perf_counter() - wall,
    }


def file_of(results: Path, case: Case, who: str, repeat: int) -> Path:
    """The file of the run."""
    return results / case.part / _slug(case.name) / _slug(who) / f"{repeat}.json"


def finished(file: Path, key: str) -> bool:
    """Whether the same run has been saved."""
    return file.exists() and json.loads(file.read_text())["key"] == key


def key_of(case: Case, split: Split, name: str) -> str:
    """A hash of what determines a run: data, settings, contestant, and our code for our learner."""
    one = contestant(name, int(split.y.max()) + 1)
    what = [split.digest, _records(case, split, name), case.noise, _identity(one.learner)]
    what += [_identity(one.strategy), _OUR_CODE if one.ours else ""]
    return hashlib.blake2b(repr(what).encode(), digest_size=12).hexdigest()


def _records(case: Case, split: Split, name: str) -> list[int]:
    """Numbers of labels to record; the last is the budget."""
    budget = min(case.budget, len(split.X) - label_sets.UNLABELLED)
    at = case.at if name in case.contestants else case.peers_at
    return [*(n for n in at if n < budget), budget]


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


# -- time of one label --------------------------------------------------------------------------------


def update(options: Options) -> None:
    """Time the learner on its own; a million rows use landmarks."""
    from hitl_widgets.data.landmarks import LandmarkGraph
    from hitl_widgets.data.neighbors import NeighborGraph
    from hitl_widgets.learn.learner import as_learner
    from hitl_widgets.loop.asking import ground_of
    from hitl_widgets.maps.preparation import MOST_IN_GRAPH

    for n in UPDATE_SIZES:
        X, y = pools.large(n)
        kind = LandmarkGraph if n > MOST_IN_GRAPH else NeighborGraph
        graph = ground_of(X, kind.build(X, cache=options.results / "graphs")).affinity
        began = time.perf_counter()
        learner: Any = as_learner("auto").start(X, pools.CLASSES, graph)
        started = time.perf_counter() - began
        rows = np.random.default_rng(0).permutation(n)[: WARM_UP + TIMED]
        times: dict[str, list[float]] = {"update": [], "refresh": []}
        for m in range(WARM_UP, len(rows) + 1):
            began = time.perf_counter()
            learner.update(rows[:m], y[rows[:m]].astype(np.int16))
            times["update"].append(time.perf_counter() - began)
            if learner.stale and m % 10 == 0:
                began = time.perf_counter()
                learner.refresh()
                times["refresh"].append(time.perf_counter() - began)
        # The first update compiles, and learns all earlier labels at once.
        found = {"n": n, "start": started, "update": times["update"][1:], "refresh": times["refresh"][1:]}
        _write(options.results / "update" / f"{n}.json", about() | found)


# -- files ---------------------------------------------------------------------------------------------


def _write(file: Path, found: dict[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(f".{os.getpid()}.new")
    fresh.write_text(json.dumps(found))
    fresh.replace(file)


def about() -> dict[str, Any]:
    """Date, load and version of the code."""
    return {
        "date": dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "load": os.getloadavg()[0],
        "commit": _commit(),
        "code": _OUR_CODE,
    }


@cache
def _commit() -> str:
    """The commit, with a + if there are uncommitted changes."""
    try:
        said = [
            subprocess.run(
                ["git", *words], cwd=ROOT, capture_output=True, text=True, check=True
            ).stdout.strip()
            for words in (["rev-parse", "--short", "HEAD"], ["status", "--porcelain", "src"])
        ]
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return said[0] + "+" * bool(said[1])
