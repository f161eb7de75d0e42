"""How long a benchmark takes: 8 strategies on 6 sets, with 10 repeats (bar: 30 minutes on 2 cores).

``--repeats 1`` measures a tenth. Runs are saved in benchmarks/results, so that the same command continues
there. Besides the time by the clock, which depends on what else the machine does, it prints the time of the
processors.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import psutil

import hitl_widgets as hitl

SETS = ["digits", "breast cancer", "wine", "docstrings", "blobs", "rings"]
STRATEGIES = ["auto", "margin", "entropy", "badge", "margin_kmeans", "power_margin", "typicality", "random"]
BAR = 30  # minutes


def main() -> None:
    """Print the time of each set and strategy, and of all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--budget", type=int, default=100)
    parser.add_argument("--learner", default="auto")
    told = parser.parse_args()
    folder = Path("benchmarks/results") / f"race-times-{told.learner}-{told.budget}"
    began = time.perf_counter()
    bench = hitl.benchmark(SETS, [told.learner], STRATEGIES, told.budget, told.repeats, path=folder)
    minutes = (time.perf_counter() - began) / 60
    me = psutil.Process()  # the workers of joblib wait for the next race
    used = sum(sum(one.cpu_times()[:2]) for one in (me, *me.children(recursive=True)))
    print(bench)
    for name, race in bench.races.items():
        runs = race.frame.groupby(["contestant", "repeat"])["elapsed"].max().groupby("contestant").mean()
        print(f"{name}: {', '.join(f'{who} {seconds:.1f} s' for who, seconds in runs.items())}")
    print(f"{minutes:.1f} min by the clock, {used / 60:.1f} min of processors; bar: {BAR} min for 10 repeats")


if __name__ == "__main__":
    main()
