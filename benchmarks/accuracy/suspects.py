"""How many wrong labels are found by reviewing the labels that the model doubts most.

``python -m benchmarks.accuracy.suspects`` prints the table of docs/trust.md; ``--quick`` makes 3 draws.
``[POOL ...]`` names pools.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from benchmarks.accuracy.tables import markdown, mean
from benchmarks.data import pools
from hitl_widgets.background.turns import one_blas_thread
from hitl_widgets.data.neighbors import NeighborGraph
from hitl_widgets.learn.evaluate import Given, without_own
from hitl_widgets.learn.learner import Learner, as_learner
from hitl_widgets.loop.asking import ground_of

WRONG, REVIEWED = 0.1, 0.2
# Labels of each pool, and draws.
POOLS = {
    "digits": ((300, 20), (1000, 20)),
    "docstrings": ((300, 20), (1000, 20)),
    "trec": ((300, 20), (1500, 10)),
}
QUICK = 3


def found(learner: Learner, y: Any, n: int, rng: np.random.Generator) -> tuple[float, float]:
    """The share of the wrong labels among those reviewed, and the precision among as many as are wrong."""
    rows = rng.permutation(len(y))[:n]
    k = int(y.max()) + 1
    wrong = np.zeros(n, bool)
    wrong[rng.permutation(n)[: round(WRONG * n)]] = True
    said = np.where(wrong, (y[rows] + rng.integers(1, k, n)) % k, y[rows])
    P, among = without_own(learner, Given(rows, said, np.zeros(n, bool), np.arange(n)))
    sure = np.full(n, 1.0)
    sure[among] = P[np.arange(len(among)), said[among]]
    order = np.argsort(sure, kind="stable")
    return float(wrong[order[: round(REVIEWED * n)]].sum() / wrong.sum()), float(
        wrong[order[: wrong.sum()]].mean()
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} draws of each")
    parser.add_argument("pools", nargs="*", help="default: all")
    options = parser.parse_args()
    rows = []
    for name, sizes in POOLS.items():
        if name not in (options.pools or POOLS) or name not in pools.available():
            continue
        X, y = pools.load(name)
        with one_blas_thread():
            ground = ground_of(X, NeighborGraph.build(X))
            learner = as_learner("auto").start(X, int(y.max()) + 1, ground.affinity)
            for n, draws in sizes:
                rng = np.random.default_rng([8, n])
                made = np.array([found(learner, y, n, rng) for _ in range(QUICK if options.quick else draws)])
                rows.append([name, n, len(made), mean(made[:, 0]), mean(made[:, 1])])
                print(rows[-1], flush=True)
    print(markdown(["pool", "labels", "draws", "found in 20 %", "precision among the first 10 %"], rows))


if __name__ == "__main__":
    main()
