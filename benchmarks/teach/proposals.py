"""How often a class that nobody named is proposed, and how often something is proposed for nothing.

    python -m benchmarks.teach.proposals                 everything: an hour on 2 cores
    python -m benchmarks.teach.proposals --sets digits --ways skipped named --runs 20

One class of the set has no name. A simulated person either skips its items (``skipped``), or labels each as
the named class that a logistic regression of all named items finds nearest (``nearest``). In ``named`` all
classes have names, and everything that is proposed is wrong. In ``split``, the items of one class have two
names at random, which should be merged. The person skips 3 % of all items for no reason, and 10 % of the
questions are drawn at random. What is proposed wrongly is dismissed. Finished runs are kept in
benchmarks/results/proposals.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import joblib
import numpy as np

from benchmarks import RESULTS
from benchmarks.accuracy.tables import markdown
from benchmarks.data import families, pools
from hitl_widgets.background.turns import one_blas_thread
from hitl_widgets.data.neighbors import NeighborGraph
from hitl_widgets.learn.auto import AutoLearner
from hitl_widgets.learn.groups import Groups, unexplained
from hitl_widgets.learn.strategies import Context, choose, cold_start_size, doubt, kmeans_start
from hitl_widgets.loop.teach.proposals import is_same_group, some_of
from hitl_widgets.quality.inseparable import inseparable
from hitl_widgets.quality.sequential import wilson

Array = np.ndarray[Any, Any]

SETS, WAYS = ("digits", "blobs", "trec"), ("skipped", "nearest", "named", "split")
# Items of a set at most; questions while a class is missing, and otherwise; when proposals are looked for.
SIZE, MISSING, NAMED, EVERY = 2_000, 60, 200, 5
# After so many answers, several are given before the model learns them.
SLOW, BATCH = 60, 5
AUDIT, SKIPS = 10, 0.03
# The first seeds were used to choose the thresholds.
FIRST = 200
# A missing class has at least this share of the items; a proposal is right with this share of such items.
SHARE, PURE = 0.05, 2 / 3


def draw(name: str, seed: int) -> tuple[Array, Array]:
    """Features and true classes."""
    if name in families.FAMILIES:
        X, y = families.draw(name, seed, SIZE)
        X = ((X - X.mean(axis=0)) / X.std(axis=0).mean()).astype(np.float32)
    else:
        X, y = pools.load(name)
        rows = np.sort(np.random.default_rng(seed).permutation(len(X))[:SIZE])
        X, y = X[rows], np.unique(y[rows], return_inverse=True)[1]
    return X, y


def answers(X: Array, y: Array, way: str, rng: np.random.Generator, seed: int) -> tuple[Array, int, Array]:
    """What the person says of each item (-1: skips it), the number of names, and the items in question."""
    often = np.flatnonzero(np.bincount(y) >= SHARE * len(y))
    hidden, k = int(often[seed % len(often)]), int(y.max()) + 1
    about = y == hidden
    if way == "named":
        return y.copy(), k, np.zeros(len(y), np.bool_)
    if way == "split":
        return np.where(about & (rng.random(len(y)) < 0.5), k, y), k + 1, about
    said = np.where(about, -1, y - (y > hidden))
    if way == "nearest":
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression(max_iter=200).fit(X[~about], said[~about])
        said[about] = model.predict(X[about])
    return said, k - 1, about


class Person:
    """Answers the questions of the default strategy."""

    def __init__(self, X: Array, said: Array, k: int, seed: int) -> None:
        self.X, self.said, self.k, self.seed = X, said, k, seed
        self.graph = NeighborGraph.build(X).weights
        self.learner: Any = AutoLearner().start(X, k, self.graph)
        self.y, self.skipped = np.full(len(X), -1, np.int16), np.zeros(len(X), np.bool_)
        self.P: Array | None = None
        self._start, self._order = kmeans_start(X, cold_start_size(k), seed), list[int]()
        self._rng = np.random.default_rng([seed, 1])
        self._draw, self._n = iter(self._rng.permutation(len(X)).tolist()), 0

    def answer(self, n: int) -> None:
        """Answer some questions, then learn the answers."""
        for row in self._ask(n):
            self._n += 1
            if self.said[row] < 0 or self._rng.random() < SKIPS:
                self.skipped[row] = True
            else:
                self.y[row] = self.said[row]
                self._order.append(row)
        rows = self.rows
        if len(np.unique(self.y[rows])) > 1:
            self.learner.update(rows, self.y[rows])
            self.P = self.learner.proba()

    @property
    def rows(self) -> Array:
        """The labelled items, in order."""
        return np.array(self._order, np.int64)

    def _ask(self, n: int) -> list[int]:
        free = (self.y < 0) & ~self.skipped
        if self._n % AUDIT >= AUDIT - n:
            first = next(row for row in self._draw if free[row])
            free[first] = False
            return [first, *(self._ask_more(n - 1, free) if n > 1 else [])]
        return self._ask_more(n, free)

    def _ask_more(self, n: int, free: Array) -> list[int]:
        cold = [row for row in self._start if free[row]]
        if self.P is None or (cold and len(self._order) < len(self._start)):
            return cold[:n] or [int(self._rng.choice(np.flatnonzero(free)))]
        rng = np.random.default_rng([self.seed, self._n])
        return choose(doubt, self.P, Context(self.X, self.y, free, rng, n, self.graph))


def run(name: str, way: str, seed: int) -> dict[str, Any]:
    """When the right thing was proposed, if ever, and what was proposed wrongly, and when."""
    began, rng = time.process_time(), np.random.default_rng([seed, 2])
    X, y = draw(name, seed)
    said, k, about = answers(X, y, way, rng, seed)
    person, groups = Person(X, said, k, seed), None
    hit, wrong, dismissed, refused = None, [], list[tuple[Array, int]](), set[tuple[int, int]]()
    n = 0
    while n < (MISSING if way in {"skipped", "nearest"} else NAMED) and hit is None:
        step = 1 if n < SLOW else BATCH
        person.answer(step)
        n += step
        if n % EVERY or person.P is None:
            continue
        groups = groups or Groups.of(X, person.graph)
        top = np.sort(person.P, axis=1)
        for one in unexplained(groups, 1 - top[:, -1] + top[:, -2], person.y, person.skipped, k):
            rows = one.rows[person.y[one.rows] < 0]
            if any(is_same_group(rows, *was) for was in dismissed):
                continue
            if way in {"skipped", "nearest"} and about[rows].mean() >= PURE:
                hit = n
            else:
                wrong.append(["class", n, len(rows), round(one.score, 3)])
                dismissed.append((some_of(rows), len(rows)))
            break
        left, codes = person.y < 0, person.y[person.rows].astype(np.int64)
        _, among, own = person.learner.told_left_out(person.rows, codes, person.rows[:1])
        order = np.argsort(person.P[left], axis=1)
        for pair in inseparable(own, codes[among], order[:, -1], order[:, -2]):
            two = pair.one, pair.other
            if way == "split" and two == (int(y[about][0]), k - 1):
                hit = hit or n
            elif two not in refused:
                refused.add(two)
                wrong.append(["merge", n, pair.n, round(pair.right / pair.n, 3)])
    return {"hit": hit, "wrong": wrong, "n": n, "seconds": round(time.process_time() - began, 1)}


def kept(name: str, way: str, seed: int, folder: Path) -> dict[str, Any]:
    """The run, from its file if it is finished."""
    file = folder / f"{name}-{way}-{seed}.json"
    if not file.exists():
        with one_blas_thread():
            found = run(name, way, seed)
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(found))
    return json.loads(file.read_text()) | {"set": name, "way": way}


def row(name: str, way: str, runs: list[dict[str, Any]]) -> list[str]:
    """A row of the table."""
    wrong = [len(one["wrong"]) for one in runs]
    each = 1.96 * np.std(wrong, ddof=1) / np.sqrt(len(wrong)) if len(wrong) > 1 else 0.0
    false = f"{np.mean(wrong):.2f} ({max(0, np.mean(wrong) - each):.2f}\u2013{np.mean(wrong) + each:.2f})"
    hits = [one["hit"] for one in runs if one["hit"] is not None]
    if way == "named":
        return [name, way, "-", "-", false, str(len(runs))]
    low, high = wilson(len(hits), len(runs))
    share = f"{len(hits) / len(runs):.2f} ({low:.2f}\u2013{high:.2f})"
    return [name, way, share, f"{np.median(hits):.0f}" if hits else "-", false, str(len(runs))]


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    here = [name for name in given.sets if name != "trec" or pools.TREC.exists()]
    tasks = [(name, way, FIRST + i) for way in given.ways for name in here for i in range(given.runs)]
    parallel = joblib.Parallel(given.jobs, batch_size=1, verbose=5)
    found = parallel(joblib.delayed(kept)(*task, RESULTS / "proposals") for task in tasks)
    head = [
        "set",
        "the missing class is",
        "proposed within 60 labels",
        "median",
        "wrong proposals",
        "runs",
    ]
    pairs = [(name, way) for way in given.ways for name in here]
    table = [row(*pair, [one for one in found if (one["set"], one["way"]) == pair]) for pair in pairs]
    print(markdown(head, table))


if __name__ == "__main__":
    main()
