"""Real faults of the store. Tests assert the counts; benchmarks report them."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hitl_widgets.errors import StoreError
from hitl_widgets.labels import _sqlite
from hitl_widgets.labels.events import LabelEvent
from hitl_widgets.labels.store import LabelStore
from postgres import Server

HEAD = """
import json, sys, time
from hitl_widgets.labels import _sqlite
from hitl_widgets.labels.events import LabelEvent
from hitl_widgets.labels.store import LabelStore
location, who, since = sys.argv[1:4]
_sqlite.WAL_SINCE = (int(since),)
store = LabelStore(location)
print("ready", flush=True)
"""
WRITER = (
    HEAD
    + """
i = 0
while True:
    event = LabelEvent("label", "t", who, (f"item {i}",), "a", event_id=f"{who}/{i}")
    store.append(event)
    print(event.event_id, flush=True)
    i += 1
"""
)
ANNOTATOR = (
    HEAD
    + """
took, seen, errors, seq = [], [], [], 0
def look():
    global seq
    for seq, event in store.read("t", seq):
        seen.append(event.event_id)
sys.stdin.readline()
for i in range(int(sys.argv[4])):
    time.sleep(float(sys.argv[5]))
    began = time.perf_counter()
    try:
        store.append(LabelEvent("label", "t", who, (f"item {i}",), "a", event_id=f"{who}/{i}"))
        took.append(time.perf_counter() - began)
        look()
    except Exception as error:
        errors.append(repr(error))
print("done", flush=True)
sys.stdin.readline()
look()
print(json.dumps([took, seen, errors]), flush=True)
"""
)


@dataclass
class Tally:
    """The outcome of the events of one fault."""

    acknowledged: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    rounds: int = 0
    refused: list[str] = field(default_factory=list)

    @property
    def lost(self) -> int:
        return len(set(self.acknowledged) - set(self.kept))

    @property
    def twice(self) -> int:
        return len(self.kept) - len(set(self.kept))


def ids(store: LabelStore, task: str = "t") -> list[str]:
    return [event.event_id for _, event in store.read(task)]


def start(script: str, location: str, who: str, *more: object) -> subprocess.Popen[str]:
    """A process with its own store, in the journal mode of this process."""
    command = [sys.executable, "-c", script, location, who, str(_sqlite.WAL_SINCE[0]), *map(str, more)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def tell(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def kill_writers(location: str, rounds: int, seed: int = 0) -> Tally:
    """Repeatedly send SIGKILL to a process that writes to one store, at random moments."""
    tally, moment = Tally(), random.Random(seed)
    for i in range(rounds):
        process = start(WRITER, location, f"round {i}")
        assert line(process) == "ready"
        tally.acknowledged += [line(process) for _ in range(moment.randrange(2, 12))]
        time.sleep(moment.uniform(0, 0.03))
        process.kill()
        assert process.stdout is not None
        said = process.stdout.read().split("\n")
        assert process.wait() == -signal.SIGKILL
        tally.acknowledged += said[:-1]  # text after the last newline is incomplete
        tally.rounds += 1
    store = LabelStore(location)
    tally.kept = ids(store)
    store.close()
    return tally


def kill_server(server: Server, rounds: int, pause: float = 0.3) -> Tally:
    """Send SIGKILL to a server while a store writes; the store resends what was not acknowledged."""
    store, tally, ended = LabelStore(server.new_database()), Tally(rounds=rounds), threading.Event()

    def write() -> None:
        i = 0
        while not ended.is_set():
            event = LabelEvent("label", "t", "ann", (f"item {i}",), "a", event_id=str(i))
            try:
                store.append(event)
            except StoreError as error:
                tally.refused.append(str(error))
                time.sleep(0.02)
                continue  # resend with the same id, as the browser does
            tally.acknowledged.append(event.event_id)
            i += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(rounds):
            time.sleep(pause)
            server.kill()
            time.sleep(0.1)
            server.start()
        time.sleep(pause)
    finally:
        ended.set()
        writer.join(timeout=60)
    assert not writer.is_alive()
    tally.kept = ids(store)
    store.close()
    return tally


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int = 3) -> Iterator[bool]:
    """Mount a disk of three megabytes at the folder; False if that is impossible."""
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)


def fill_disk(folder: Path) -> Tally:
    """Write until the disk is full, read, free space, and continue to write."""
    ballast = folder / "ballast"
    ballast.write_bytes(bytes(1_000_000))
    store, tally = LabelStore(folder / "labels.sqlite"), Tally(rounds=1)

    def write(i: int) -> None:
        event = LabelEvent("label", "t", "ann", (f"item {i}",), "x" * 2000, event_id=str(i))
        store.append(event)
        tally.acknowledged.append(event.event_id)

    i = 0
    for room in (False, True):
        while len(tally.refused) < 1 + 2 * room and not (room and len(tally.acknowledged) > i + 20):
            try:
                write(len(tally.acknowledged))
            except StoreError as error:
                tally.refused.append(str(error))
        i = len(tally.acknowledged)
        if not room:
            assert ids(store) == tally.acknowledged  # reading still works
            again = LabelStore(folder / "labels.sqlite")
            assert ids(again) == tally.acknowledged
            again.close()
            ballast.unlink()
    tally.kept = ids(store)
    store.close()
    return tally


@contextlib.contextmanager
def as_nobody() -> Iterator[None]:
    """Run as user nobody, because root may write anywhere."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@dataclass
class Meeting:
    """Annotators on one store: seconds per label, what each saw in which order, and what is stored."""

    took: list[float]
    seen: list[list[str]]
    errors: list[str]
    kept: list[str]


def annotators(location: str, n: int = 8, labels: int = 20, think: float = 0.05) -> Meeting:
    """``n`` processes label concurrently and read each other's events."""
    LabelStore(location).close()
    people = [start(ANNOTATOR, location, f"annotator {i}", labels, think) for i in range(n)]
    for word in ("ready", "done"):
        for process in people:
            assert line(process) == word
        for process in people:
            tell(process)
    found = [json.loads(line(process)) for process in people]
    assert [process.wait(timeout=60) for process in people] == [0] * n
    store = LabelStore(location)
    kept = ids(store)
    store.close()
    took = [seconds for each in found for seconds in each[0]]
    return Meeting(took, [each[1] for each in found], [e for each in found for e in each[2]], kept)


def append_times(location: str, n: int, pause: float = 0.0) -> list[float]:
    """Seconds of each of ``n`` labels, from the call until it is saved."""
    store, took = LabelStore(location), []
    for i in range(n):
        event = LabelEvent("label", "t", "ann", (f"item {i}",), "a", "suggested", 1200, 3)
        time.sleep(pause)
        began = time.perf_counter()
        store.append(event)
        took.append(time.perf_counter() - began)
    store.close()
    return took
