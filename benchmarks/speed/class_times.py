"""A class of twenty students on one machine, as on a hub: memory, and the time in which clicks are checked.

Each student has a kernel of their own with the lesson and the exercise "predict", and clicks once a second;
all kernels share one store. At the end the teacher's table must know every student.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
from jupyter_client.manager import start_new_kernel

import hitl_widgets as hitl

SETUP = """
import json, time
import hitl_widgets as hitl
from hitl_widgets.widgets.lesson import messages
lesson = hitl.Lesson("line", store={store!r}, student={student!r})
lesson.exercise("predict")
display(lesson)
# What the strategy asks, from a lesson of its own, so that nothing is known in advance in this one.
other = hitl.Lesson("line")._course
asked = [other.rival("margin", "kmeans", 0, i).now.query for i in range(5)]
"""
# The clicks of a student: each is a message of the browser, checked in the kernel.
CLICKS = """
took = []
for i in range(5):
    sent = time.perf_counter()
    lesson._handle(messages.AttemptMessage(
        id=f"{i}", view="v", exercise="predict", strategy="margin", start="kmeans", seed=0,
        picks=tuple(asked[: i + 1]), hints=0, next=False))
    took.append(time.perf_counter() - sent)
    time.sleep(max(0, 1 - took[-1]))
print(json.dumps(took))
"""


def main() -> None:
    """Print the memory, the times of checks, and how many students are in the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=20)
    n = parser.parse_args().students
    with tempfile.TemporaryDirectory() as folder:
        store = str(Path(folder) / "class.sqlite")
        kernels = [start_new_kernel() for _ in range(n)]
        try:
            began = time.perf_counter()
            with ThreadPoolExecutor(n) as pool:
                ready = pool.map(
                    lambda one: run(one[1][1], SETUP.format(store=store, student=f"student {one[0]}")),
                    enumerate(kernels),
                )
                list(ready)
                opened = time.perf_counter() - began
                took = [json.loads(out) for out in pool.map(lambda one: run(one[1], CLICKS), kernels)]
            used = [psutil.Process(manager.provisioner.pid).memory_full_info() for manager, _ in kernels]
        finally:
            for manager, client in kernels:
                client.stop_channels()
                manager.shutdown_kernel(now=True)
        known = hitl.classroom(store)
    checks = 1000 * np.array(took).ravel()
    print(f"{n} lessons open after {opened:.1f} s")
    print(f"memory: {sum(one.pss for one in used) / 2**30:.2f} GB together, "
          f"{sum(one.uss for one in used) / n / 2**20:.0f} MB of its own each")  # fmt: skip
    print(f"checks: median {np.median(checks):.0f} ms, p95 {np.quantile(checks, 0.95):.0f} ms, "
          f"slowest {checks.max():.0f} ms")  # fmt: skip
    print(f"in the table: {known['student'].nunique()} students, {int(known['solved'].sum())} solved")


def run(client: object, code: str) -> str:
    """Run a cell in a kernel; returns what it prints."""
    printed: list[str] = []

    def hook(message: dict) -> None:
        if message["msg_type"] == "stream":
            printed.append(message["content"]["text"])

    reply = client.execute_interactive(code, timeout=300, output_hook=hook)
    if reply["content"]["status"] != "ok":
        raise RuntimeError("\n".join(reply["content"]["traceback"]))
    return "".join(printed)


if __name__ == "__main__":
    main()
