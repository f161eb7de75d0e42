"""What ``strategy="curriculum"`` costs: its accuracy minus that of the default strategy, on the same splits.

    python -m benchmarks.teach.curriculum                an hour on 2 cores
    python -m benchmarks.teach.curriculum --sets digits wine --repeats 5

Up to 1,000 items of each set of the suite, the default learner, 20 repeats; accuracy on the pool, where
labelled items count as right. Finished runs are kept in benchmarks/results/curriculum.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

import hitl_widgets as hitl
from benchmarks import RESULTS
from benchmarks.accuracy.tables import markdown, mean
from benchmarks.data import pools
from benchmarks.labels.strategies import pool

AT = (20, 50, 100)
NAMES = ("curriculum", "default")


def race(name: str, repeats: int, jobs: int) -> dict[str, Any]:
    """The accuracies on the pool by strategy, (repeats, 3); NaN where the pool is too small."""
    X, y = pool(name)
    at = [n for n in AT if n < len(X)]
    folder = RESULTS / "curriculum"
    folder.mkdir(parents=True, exist_ok=True)
    frame = hitl.simulate(
        X, y, contestants={"curriculum": ("auto", "curriculum"), "default": ("auto", "auto")},
        budget=at[-1], at=at, repeats=repeats, n_jobs=jobs, progress=False, path=folder / f"{name}.jsonl",
    ).frame  # fmt: skip
    table = frame.pivot_table(index=["contestant", "repeat"], columns="n_labels", values="pool_accuracy")
    return {one: table.loc[one].reindex(columns=AT).to_numpy() for one in NAMES}


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sets", nargs="+", choices=pools.SETS, default=pools.available())
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    rows = []
    for name in given.sets:
        found = race(name, given.repeats, given.jobs)
        apart = found["curriculum"] - found["default"]
        rows.append([name, f"{np.nanmean(found['default'][:, -1]):.3f}", *(mean(gap) for gap in apart.T)])
        print(name, rows[-1], flush=True)
    print(markdown(["set", "default at 100", *(f"difference at {n}" for n in AT)], rows))


if __name__ == "__main__":
    main()
