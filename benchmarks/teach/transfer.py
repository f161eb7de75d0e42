"""What the model or the labels of another task save, related or not, as rules.

``python -m benchmarks.teach.transfer`` prints the table of docs/teach.md; ``--quick`` makes 3 draws. Half of
each set is the pool. Labels are drawn at random, the same for every arm; the accuracy is that of the default
learner on all other items of the pool. Finished draws are kept in benchmarks/results.

Related: ``model`` is a logistic regression of 200 labelled items of the other half, with the same classes.
``labels`` are 300 labels of items of the pool by another task, whose answers are no classes: the fine classes
of TREC, and of digits whether the number is odd and whether it has a closed loop.
Unrelated: ``model`` has learned 200 random labels, and ``labels`` are 300 by the length of the question or by
the mean brightness of the image, in four parts.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from benchmarks import RESULTS
from benchmarks.accuracy.tables import markdown
from benchmarks.data import pools
from benchmarks.teach.rules import DRAWS, QUICK, interval
from hitl_widgets.background.turns import one_blas_thread
from hitl_widgets.data.neighbors import NeighborGraph
from hitl_widgets.learn.auto import AutoLearner
from hitl_widgets.learn.votes import Student, Voters, Votes, completed

Array = np.ndarray[Any, Any]
SETS = ("trec", "digits")
SIZES, WITH = (20, 30, 45, 60, 90, 120, 200, 300), (30, 60, 120)
ALONE = "labels alone"
KEPT = RESULTS / "teach-transfer.json"


def other_tasks(name: str) -> tuple[Array, Array]:
    """The answers of a related and of an unrelated task, as numbers."""
    items, y = pools.items(name)
    if name == "digits":
        loops = np.isin(y, [0, 6, 8, 9])
        mean = np.asarray(items).mean(axis=1)
        return 2 * (y % 2) + loops, np.searchsorted(np.quantile(mean, [0.25, 0.5, 0.75]), mean)
    lines = [line.split(" ", 1) for line in pools.TREC.read_text("utf-8").splitlines()]
    of = {text: kind for kind, text in reversed(lines)}
    fine = np.unique([of[text] for text in items], return_inverse=True)[1]
    length = np.array([len(text) for text in items])
    return fine, np.searchsorted(np.quantile(length, [0.25, 0.5, 0.75]), length)


def draw(name: str, seed: int) -> dict[str, list[float]]:
    """The accuracy of each arm at its numbers of labels."""
    X, y = pools.load(name)
    related, unrelated = other_tasks(name)
    n, rng = int(y.max()) + 1, np.random.default_rng([21, seed])
    half = rng.permutation(len(y))
    pool, others = half[: len(y) // 2], half[len(y) // 2 :][:200]
    X_pool, truth = X[pool], y[pool]
    order = rng.permutation(len(pool))
    rest = order[max(SIZES) :]
    some = rng.permutation(len(pool))[:300]

    def model(codes: Array) -> Array:
        return np.asarray(LogisticRegression(max_iter=2_000).fit(X[others], codes).predict(X_pool))

    def labels(codes: Array) -> Array:
        found = np.full(len(pool), -1)
        found[some] = n + np.unique(codes[pool], return_inverse=True)[1][some]
        return found

    arms = {
        ALONE: None,
        "related model": model(y[others]),
        "related labels": labels(related),
        "unrelated model": model(rng.integers(0, n, len(others))),
        "unrelated labels": labels(unrelated),
    }
    graph: Any = NeighborGraph.build(X_pool).weights
    base: Any = AutoLearner().start(X_pool, n, graph)
    found = {}
    for arm, column in arms.items():
        learner = base.start(X_pool, n, graph)
        if column is not None:
            votes = Votes(completed(column.astype(np.int16), X_pool, n, graph)[:, None], n)
            learner.advise((Voters(votes), Student(votes, X_pool)))
        found[arm] = [
            float((learner.told(order[:m], truth[order[:m]], rest).argmax(axis=1) == truth[rest]).mean())
            for m in (SIZES if column is None else WITH)
        ]
    return found


def saved(alone: Array, value: float, n: int) -> float:
    """The share of labels saved: 1 - n / the number of labels that reach the same value alone."""
    rising = np.maximum.accumulate(alone)
    needed = float(np.interp(value, rising, SIZES)) if value <= rising[-1] else float(SIZES[-1])
    return 1 - n / needed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} draws")
    draws = QUICK if parser.parse_args().quick else DRAWS
    kept: dict[str, Any] = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    rows = []
    for name in SETS:
        for seed in range(draws):
            if (key := f"{name} {seed}") not in kept:
                with one_blas_thread():
                    kept[key] = draw(name, seed)
                KEPT.parent.mkdir(parents=True, exist_ok=True)
                KEPT.write_text(json.dumps(kept))
        made = [kept[f"{name} {seed}"] for seed in range(draws)]
        alone = np.array([one[ALONE] for one in made])
        mean = alone.mean(axis=0)
        for arm in list(made[0])[1:]:
            of = np.array([one[arm] for one in made])
            for k, n in enumerate(WITH):
                gain = of[:, k] - alone[:, SIZES.index(n)]
                share = "" if arm.startswith("un") else f"{saved(mean, of[:, k].mean(), n):.0%}"
                told = [interval(alone[:, SIZES.index(n)]), interval(of[:, k]), interval(gain, "+")]
                rows.append([name, arm, n, *told, share])
    print(markdown(["set", "rule", "labels", "alone", "with it", "difference", "labels saved"], rows))


if __name__ == "__main__":
    main()
