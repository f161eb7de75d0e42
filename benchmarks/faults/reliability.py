"""Measure what is lost in which fault, and write docs/reliability.md.

    python -m benchmarks.faults.reliability                    everything
    python -m benchmarks.faults.reliability --only kill        one part; the others keep their last results

A part has a function that causes the fault and returns figures, and a function that writes them as Markdown.
PARTS lists the parts in the order of the page. Figures are stored in benchmarks/results/reliability/*.json.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import json
import os
import platform
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import DOCS, RESULTS, ROOT

sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "browser")]

import hitl_widgets as hitl  # noqa: E402
from benchmarks.speed import report  # noqa: E402
from benchmarks.speed.scale_report import against, table  # noqa: E402
from hitl_widgets.labels import _sqlite  # noqa: E402
from hitl_widgets.labels.events import new_event_id  # noqa: E402
from postgres import Server, binaries  # noqa: E402
from storefaults import (  # noqa: E402
    Tally,
    annotators,
    append_times,
    fill_disk,
    kill_server,
    kill_writers,
    small_disk,
)

FIGURES = RESULTS / "reliability"
FAMILIES = Path(__file__).with_name("families.md")
PAGE = DOCS / "reliability.md"
WAL_SINCE = {"SQLite, DELETE": (99,), "SQLite, WAL": (3,)}
BARS = {"SQLite, DELETE": 20, "SQLite, WAL": 20, "PostgreSQL, loopback": 30}
LABELS, ROUNDS, SERVER_KILLS, PEOPLE, EACH = 400, 20, 5, 8, 40
ITEMS, ANSWERS, ARRIVALS = 20_000, 200, 40

Found = dict[str, Any]


@contextlib.contextmanager
def stores() -> Iterator[Iterator[tuple[str, str]]]:
    """Each kind of store with a new location, in its journal mode."""
    server = Server() if binaries() else None
    before = _sqlite.WAL_SINCE

    def each() -> Iterator[tuple[str, str]]:
        for kind, since in WAL_SINCE.items():
            _sqlite.WAL_SINCE = since
            yield kind, str(Path(tempfile.mkdtemp(prefix="hitl-reliability-", dir=ROOT)) / "labels.sqlite")
        if server:
            yield "PostgreSQL, loopback", server.new_database()

    try:
        yield each()
    finally:
        _sqlite.WAL_SINCE = before
        for folder in ROOT.glob("hitl-reliability-*"):
            shutil.rmtree(folder)
        if server:
            server.remove()


def stats(seconds: list[float]) -> Found:
    ms = np.array(seconds) * 1000
    at = dict(
        zip(("median", "p95", "p99", "max"), np.percentile(ms, (50, 95, 99, 100)).tolist(), strict=True)
    )
    return {"n": len(ms)} | at


def counts(tally: Tally) -> Found:
    return {
        "rounds": tally.rounds, "acknowledged": len(tally.acknowledged), "refused": len(tally.refused),
        "lost": tally.lost, "twice": tally.twice, "words": tally.refused[:1],
    }  # fmt: skip


# -- label -> saved


def measure_durable() -> Found:
    with stores() as each:
        found = {kind: stats(append_times(place, LABELS, pause=0.01)) for kind, place in each}
    with tempfile.NamedTemporaryFile(dir=ROOT) as file:
        disk = []
        for _ in range(200):
            began = time.perf_counter()
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
            disk.append(time.perf_counter() - began)
    return {"stores": found, "disk": stats(disk)}


def durable(found: Found) -> list[str]:
    rows = [_times(kind, made, BARS[kind]) for kind, made in found["stores"].items()]
    rows.append(_times("for comparison: 4 kB write with fsync", found["disk"], None))
    return [
        "## Time until a label is saved",
        "",
        f"Duration of `LabelStore.append`, {LABELS} labels, 10 ms apart. Milliseconds.",
        "",
        *table(["store", "n", "median", "p95", "p99", "longest", "limit (p95)"], rows),
    ]


def _times(name: str, made: Found, bar: float | None) -> list[str]:
    shown = [
        f"{made['median']:.1f}",
        against(made["p95"], bar, 1),
        f"{made['p99']:.1f}",
        f"{made['max']:.1f}",
    ]
    return [name, str(made["n"]), *shown, str(bar or "")]


# -- label -> acknowledged


def measure_acknowledged() -> Found:
    X = np.random.default_rng(0).normal(size=(ITEMS, 64)).astype(np.float32)
    X[: ITEMS // 2] += 3
    with stores() as each:
        return {kind: stats(_answers(place, X)) for kind, place in each}


def _answers(place: str, X: np.ndarray[Any, Any]) -> list[float]:
    """Seconds from a label's message to its acknowledgement, with a live model and three views."""
    items = [f"item {i}" for i in range(len(X))]
    seconds: list[float] = []
    with hitl.Session(items, X=X, classes=["a", "b"], store=place) as session:
        bench = hitl.Workbench(session, engine="canvas")
        told: list[str] = []
        for view in bench.views:
            view.send = lambda content, _: told.append(content["type"])
            view._receive(view, {"type": "hello", "id": new_event_id(), "view": new_event_id()}, [])
        session.wait()
        for i in range(ANSWERS + 10):
            time.sleep(0.06)
            message = {"type": "label", "id": new_event_id(), "key": session.pool.keys[37 * i]}
            told.clear()
            began = time.perf_counter()
            bench.labeler._receive(
                bench.labeler, message | {"value": "ab"[i % 2], "selection": "clicked"}, []
            )
            while "ack" not in told:
                time.sleep(0.0002)
            seconds.append(time.perf_counter() - began)
    return seconds[10:]


def acknowledged(found: Found) -> list[str]:
    return [
        "## Time until a label is acknowledged",
        "",
        f"In the kernel, from receiving a label's message until its answer is sent; {ITEMS:,} items, the",
        f"default learner, a Workbench, {ANSWERS} labels 60 ms apart. Milliseconds. For times in a browser",
        "see [benchmarks.md](benchmarks.md).",
        "",
        *table(
            ["store", "n", "median", "p95", "p99", "longest", "limit (p95)"],
            [_times(kind, made, BARS[kind]) for kind, made in found.items()],
        ),
    ]


# -- label -> seen by others


def measure_seen() -> Found:
    X = np.random.default_rng(0).normal(size=(2_000, 16)).astype(np.float32)
    with stores() as each:
        return {kind: stats(_arrivals(place, X)) for kind, place in each}


def _arrivals(place: str, X: np.ndarray[Any, Any]) -> list[float]:
    """Seconds from the return of one session's label until another session has it."""
    items, seconds = [f"item {i}" for i in range(len(X))], []
    rng = np.random.default_rng(1)
    with (
        hitl.Session(items, X=X, classes=["a", "b"], store=place, annotator="ann") as ann,
        hitl.Session(items, X=X, classes=["a", "b"], store=place, annotator="bob") as bob,
    ):
        for session in (ann, bob):
            session._loop.reserve([0])
            session.wait()
        for i in range(ARRIVALS):
            time.sleep(rng.uniform(0, 1))
            ann._loop.acts.label([i], "ab"[i % 2])
            began = time.perf_counter()
            while bob._loop.labels.y[i] < 0:
                time.sleep(0.002)
            seconds.append(time.perf_counter() - began)
    return seconds


def seen(found: Found) -> list[str]:
    return [
        "## Time until other annotators receive a label",
        "",
        f"Two sessions, which look like two kernels to the store; {ARRIVALS} labels. From the return of a",
        "label call in one session until the other session has the label, without any action. Milliseconds.",
        "",
        *table(
            ["store", "n", "median", "p95", "p99", "longest", "limit (longest)"],
            [[*_times(kind, made, None)[:-1], "2000"] for kind, made in found.items()],
        ),
    ]


# -- eight annotators


def measure_annotators() -> Found:
    found = {}
    with stores() as each:
        for kind, place in each:
            meeting = annotators(place, n=PEOPLE, labels=EACH, think=0.05)
            found[kind] = stats(meeting.took) | {
                "errors": len(meeting.errors),
                "lost": PEOPLE * EACH - len(set(meeting.kept)),
                "same": all(seen == meeting.kept for seen in meeting.seen),
            }
    return found


def together(found: Found) -> list[str]:
    rows = [
        [
            kind,
            *_times(kind, made, None)[1:-1],
            str(made["errors"]),
            str(made["lost"]),
            ("no", "yes")[made["same"]],
        ]
        for kind, made in found.items()
    ]
    head = ["store", "n", "median", "p95", "p99", "longest", "errors", "lost", "same order for all"]
    return [
        f"## {PEOPLE} concurrent annotators",
        "",
        f"{PEOPLE} processes with {EACH} labels each, and a pause of 50 ms before every label. After each of",
        "its labels a process reads what the others wrote. Milliseconds until saved; all share the cores.",
        "",
        *table(head, rows),
    ]


# -- faults


def measure_kill() -> Found:
    with stores() as each:
        return {kind: counts(kill_writers(place, ROUNDS)) for kind, place in each}


def measure_server() -> Found:
    if not binaries():
        return {}
    server = Server()
    try:
        return {"PostgreSQL, loopback": counts(kill_server(server, SERVER_KILLS))}
    finally:
        server.remove()


def measure_disk() -> Found:
    found, before = {}, _sqlite.WAL_SINCE
    for kind, since in WAL_SINCE.items():
        _sqlite.WAL_SINCE = since
        with tempfile.TemporaryDirectory() as folder, small_disk(Path(folder) / "disk") as mounted:
            if mounted:
                found[kind] = counts(fill_disk(Path(folder) / "disk"))
    _sqlite.WAL_SINCE = before
    return found


def measure_tests() -> Found:
    """The counts of the fault tests; see ``figure`` in tests/conftest.py."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "figures.jsonl"
        command = [sys.executable, "-m", "pytest", "-q", *TESTS]
        subprocess.run(command, cwd=ROOT, env=os.environ | {"HITL_FIGURES": str(file)}, check=True)
        return {"faults": [json.loads(line) for line in file.read_text().splitlines()]}


def whole(found: Found) -> list[str]:
    rows = [
        [f["fault"], f"{f['acknowledged']:,}", f"{f['lost']:,}", f"{f['twice']:,}", f.get("words", "")]
        for f in found["faults"]
    ]
    head = ["fault", "acknowledged", "acknowledged and lost", "duplicated", "remarks"]
    return [
        "## Kernels, browsers and annotators",
        "",
        "Counted by the tests in tests/faults and tests/browser/test_faults.py, with complete sessions, and",
        "with JupyterLab in Chromium for faults that involve a page.",
        "",
        *table(head, rows),
    ]


def fault(title: str, words: str) -> Callable[[Found], list[str]]:
    """A function that writes the section of a fault with counts only."""

    def section(found: Found) -> list[str]:
        if not found:
            return [f"## {title}", "", "Could not be tested on this machine."]
        names = ("rounds", "acknowledged", "refused", "lost", "twice")
        rows = [[kind, *(f"{made[name]:,}" for name in names)] for kind, made in found.items()]
        head = ["store", "rounds", "acknowledged", "refused", "acknowledged and lost", "duplicated"]
        return [f"## {title}", "", words, "", *table(head, rows)]

    return section


TESTS = [
    "tests/faults/test_kill.py",
    "tests/faults/test_eight_people.py",
    "tests/faults/test_many_labels.py",
    "tests/faults/test_store_faults.py::test_a_file_that_becomes_read_only_refuses_in_words_and_can_be_read",
    "tests/faults/test_store_faults.py::test_a_clock_that_goes_back_between_events_changes_no_order",
    "tests/browser/test_faults.py",
    "tests/browser/test_rerun.py",
]
PARTS: dict[str, tuple[Callable[[], Found], Callable[[Found], list[str]]]] = {
    "durable": (measure_durable, durable),
    "acknowledged": (measure_acknowledged, acknowledged),
    "seen": (measure_seen, seen),
    "annotators": (measure_annotators, together),
    "kill": (
        measure_kill,
        fault(
            "kill -9 of the writing process",
            "A process writes as fast as it can and reports each label once `append` has returned. It is\n"
            "killed at a random moment, and the next process continues in the same store.",
        ),
    ),
    "server": (
        measure_server,
        fault(
            "kill -9 of the database server",
            "SIGKILL to the server and its children while a store writes. The server restarts, and the same\n"
            "store continues and resends what was refused, with the same ids.",
        ),
    ),
    "disk": (
        measure_disk,
        fault(
            "A full disk",
            "A disk of 3 MB; labels of 2 kB until one is refused. Reading still works, in another store\n"
            "too. Once there is space, the same store continues to write.",
        ),
    ),
    "tests": (measure_tests, whole),
}


# -- the page


def write(results: Path, target: Path) -> None:
    """Write the page from the latest results of every part."""
    parts = {
        name: json.loads(file.read_text()) for name in PARTS if (file := results / f"{name}.json").exists()
    }
    server = next((p["postgres"] for p in parts.values() if p["postgres"]), "none")
    lines = [
        "# Reliability",
        "",
        "How many labels are lost when something fails. Every fault is real, not simulated. Written by",
        "`make bench-reliability` (`python -m benchmarks.faults.reliability`); do not edit. Times over their",
        "limit are **bold**.",
        "",
        f"Machine: {os.cpu_count()} cores, {report._processor()}, {platform.system()} {platform.machine()}.",
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, psycopg {version('psycopg')},",
        f"PostgreSQL {server} (fsync on). SQLite before 3.51.3 gets no write-ahead log (WAL) from",
        "hitl-widgets; it was forced here to test that mode too.",
        "",
        "Load is the 1-minute load average when a part started. Above about 1.5, other processes used some",
        "of the cores: the times are then upper bounds and cannot show that a limit is exceeded. Counts do",
        "not depend on it.",
        "",
        *table(["part", "measured", "load"], [[n, p["date"], f"{p['load']:.1f}"] for n, p in parts.items()]),
    ]
    for name, part in parts.items():
        lines += ["", *PARTS[name][1](part["found"])]
    lines += ["", FAMILIES.read_text().rstrip()]
    target.write_text("\n".join(lines) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", choices=PARTS, action="append")
    only = parser.parse_args().only or list(PARTS)
    FIGURES.mkdir(parents=True, exist_ok=True)
    for name in only:
        print(name, flush=True)
        part = {
            "date": f"{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M} UTC",
            "load": os.getloadavg()[0],
            "postgres": (folder.parent.name if (folder := binaries()) else None),
        }
        part["found"] = PARTS[name][0]()
        (FIGURES / f"{name}.json").write_text(json.dumps(part, indent=1))
    write(FIGURES, PAGE)
    print(PAGE.read_text())


if __name__ == "__main__":
    main()
