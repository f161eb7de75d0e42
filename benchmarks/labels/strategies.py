"""A small race of all built-in strategies for docs/strategies.md: python -m benchmarks.labels.strategies."""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

import hitl_widgets as hitl
from benchmarks import RESULTS
from benchmarks.data import families, pools
from benchmarks.speed.scale_report import table
from hitl_widgets.learn.strategies import STRATEGIES, disagreement

Array = np.ndarray[Any, Any]

SIZE, REPEATS, BATCH = 1_000, 3, 10
AT = (20, 40, 60)
WRONG = 0.2
# Other names of strategies that take part.
ALIASES = {"vote_entropy", "typiclust"}
SAVED = RESULTS / "strategies"


def pool(name: str) -> tuple[Array, Array]:
    """Features and class codes of up to 1,000 random items, or a drawn family."""
    if name in families.FAMILIES and name not in pools.SETS:
        return families.draw(name, 0, SIZE)
    X, y = pools.load(name)
    rows = np.sort(np.random.default_rng(0).permutation(len(X))[:SIZE])
    return X[rows], np.unique(y[rows], return_inverse=True)[1]


def suggestions(y: Array) -> Array:
    """Suggested classes, one in five of which is another class at random."""
    rng, k = np.random.default_rng(1), int(y.max()) + 1
    wrong = rng.random(len(y)) < WRONG
    return np.where(wrong, (y + rng.integers(1, k, len(y))) % k, y).astype(np.int16)


def race(name: str) -> pd.Series[float]:
    """Mean pool accuracy at 20, 40 and 60 labels, by strategy."""
    X, y = pool(name)
    contestants: dict[str, Any] = {s: ("auto", s) for s in STRATEGIES if s not in ALIASES}
    contestants["disagreement"] = ("auto", partial(disagreement, suggested=suggestions(y)))
    SAVED.mkdir(parents=True, exist_ok=True)
    frame = hitl.simulate(
        X, y, contestants=contestants, budget=AT[-1], batch=BATCH, at=AT, repeats=REPEATS, n_jobs=1,
        progress=False, path=SAVED / f"{name}.jsonl",
    ).frame  # fmt: skip
    return frame.groupby("contestant")["pool_accuracy"].mean()


def found(name: str, strategy: str) -> float:
    """How many of the suggestions that it asks about, after the cold start, are wrong: a share, 0 to 1."""
    X, y = pool(name)
    said = suggestions(y)
    asked: list[int] = []

    def oracle(row: int, _: Any) -> int:
        asked.append(row)
        return int(y[row])

    way = partial(disagreement, suggested=said) if strategy == "disagreement" else strategy
    hitl.simulate(
        X, oracle, contestants={strategy: ("auto", way)}, classes=list(range(int(y.max()) + 1)), truth=y,
        budget=AT[-1], batch=BATCH, at=AT[-1:], repeats=REPEATS, n_jobs=1, progress=False,
    )  # fmt: skip
    later = np.array(asked).reshape(REPEATS, AT[-1])[:, BATCH:]
    return float((said != y)[later].mean())


def main(names: list[str]) -> None:
    """Print the accuracies with the mean rank, best first, and the shares of wrong suggestions."""
    means = pd.DataFrame({name: race(name) for name in names})
    rank = means.rank(ascending=False).mean(axis=1).sort_values()
    rows = [[s, f"{rank[s]:.1f}", *(f"{mean:.3f}" for mean in means.loc[s])] for s in rank.index]
    print(*table(["", "mean rank", *names], rows), sep="\n")
    for name in names:
        print(name, {s: round(found(name, s), 2) for s in ("disagreement", "doubt", "random")})


if __name__ == "__main__":
    main(sys.argv[1:] or ["digits", "breast_cancer", "docstrings", "shades"])
