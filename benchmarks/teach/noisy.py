"""Whether it helps to ask first what people are surest of, where labels are noisy.

    python -m benchmarks.teach.noisy                     2 hours on 2 cores
    python -m benchmarks.teach.noisy --sets breast_cancer noisy

A fifth of the answers is wrong. ``uniform``: any class, for any item. ``doubtful``: the items that a logistic
regression of all true classes (cross-validated) finds hard, and the class that it takes them for. The
accuracy is that of the model on 300 items that are not in the pool, minus that of the default strategy with
the same answers.

``curriculum`` asks about typical items for 20 labels, ``typical`` for 50. ``agreeing`` multiplies the utility
of the default by the squared share of labels nearby that the model agrees with. ``sure`` knows how likely
each answer is to be wrong, w, which no session does, and multiplies by (1 - w)^4. Finished runs are kept in
benchmarks/results/noisy.
"""

from __future__ import annotations

import argparse
from functools import cache
from typing import Any

import numpy as np

import hitl_widgets as hitl
from benchmarks import RESULTS
from benchmarks.accuracy.tables import markdown, mean
from benchmarks.data import pools
from benchmarks.labels.strategies import pool
from hitl_widgets.learn.strategies import Context, doubt
from hitl_widgets.learn.strategies.doubt import known_near, within_reach

Array = np.ndarray[Any, Any]

SETS, WAYS, AT = ("digits", "breast_cancer", "noisy", "trec"), ("uniform", "doubtful"), (20, 50, 100)
WRONG, MOST, TEST, TYPICAL = 0.2, 0.45, 300, 50


def typical(P: Array, context: Context) -> Array:
    """Typical items for 50 labels, then the default."""
    if int((context.y >= 0).sum()) >= TYPICAL:
        return doubt(P, context)
    return np.asarray(within_reach(np.ones(len(P)), context) / (1 + 10 * known_near(context)) ** 2)


def agreeing(P: Array, context: Context) -> Array:
    """The default where the model agrees with the labels nearby."""
    W: Any = context.affinity
    known = context.y >= 0
    agrees = np.where(known, P[np.arange(len(P)), np.maximum(context.y, 0)], 0).astype(W.dtype)
    some = W @ (W @ known.astype(W.dtype))
    share = (W @ (W @ agrees) + some.mean()) / (some + some.mean() + 1e-9)
    return doubt(P, context) * np.asarray(share) ** 2


@cache
def hard(name: str) -> tuple[Array, Array]:
    """How likely each answer is to be wrong, and the wrong answer."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict

    X, y = pool(name)
    P = cross_val_predict(LogisticRegression(max_iter=1_000), X, y, method="predict_proba", cv=5)
    right = P[np.arange(len(y)), y].copy()
    P[np.arange(len(y)), y] = -1
    low, high = 0.0, 1e6
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if np.minimum(middle * (1 - right), MOST).mean() < WRONG else (low, middle)
    return np.minimum(low * (1 - right), MOST), P.argmax(axis=1)


def race(name: str, way: str, repeats: int) -> dict[str, Array]:
    """Accuracies on new items by strategy, (repeats, 3)."""
    X, y = pool(name)
    wrong, instead = hard(name)
    order = np.random.default_rng(1).permutation(len(X))
    inside, outside = np.sort(order[TEST:]), order[:TEST]
    w, other, truth = wrong[inside], instead[inside], y[inside]

    def oracle(row: int, rng: np.random.Generator) -> int:
        return int(other[row] if rng.random() < w[row] else truth[row])

    def sure(P: Array, context: Context) -> Array:
        return doubt(P, context) * (1 - w) ** 4

    ways: dict[str, Any] = {
        "default": "auto", "curriculum": "curriculum", "typical": typical, "agreeing": agreeing,
    }  # fmt: skip
    if way == "doubtful":
        ways["sure"] = sure
    said = oracle if way == "doubtful" else truth
    folder = RESULTS / "noisy"
    folder.mkdir(parents=True, exist_ok=True)
    frame = hitl.simulate(
        X[inside], said, contestants={one: ("auto", how) for one, how in ways.items()}, truth=truth,
        classes=list(range(int(y.max()) + 1)), noise=WRONG if way == "uniform" else 0.0,
        test=(X[outside], y[outside]), budget=AT[-1], at=AT, repeats=repeats, n_jobs=1, progress=False,
        path=folder / f"{name}-{way}.jsonl",
    ).frame  # fmt: skip
    table = frame.pivot_table(index=["contestant", "repeat"], columns="n_labels", values="test_accuracy")
    return {one: table.loc[one].reindex(columns=AT).to_numpy() for one in ways}


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sets", nargs="+", choices=pools.SETS, default=SETS)
    parser.add_argument("--repeats", type=int, default=10)
    given = parser.parse_args()
    rows = []
    for way in WAYS:
        for name in given.sets:
            found = race(name, way, given.repeats)
            plain = found.pop("default")
            for one, of in found.items():
                gaps = (mean(gap) for gap in (of - plain).T)
                rows.append([way, name, one, f"{plain[:, -1].mean():.3f}", *gaps])
                print(rows[-1], flush=True)
    print(markdown(["wrong", "set", "strategy", "default at 100", *(f"at {n}" for n in AT)], rows))


if __name__ == "__main__":
    main()
