"""What labelling functions add to labels, and what bad ones cost, on the TREC questions.

``python -m benchmarks.teach.rules`` prints the tables of docs/teach.md; ``--quick`` makes 3 draws. Labels are
drawn at random, the same for every arm; the accuracy is that of the default learner on all other items.
Finished draws are kept in benchmarks/results.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import numpy as np

from benchmarks import RESULTS
from benchmarks.accuracy.tables import markdown
from benchmarks.data import pools
from benchmarks.teach.functions import CLASSES, FUNCTIONS, votes_of
from hitl_widgets.background.turns import one_blas_thread
from hitl_widgets.data.neighbors import NeighborGraph
from hitl_widgets.learn.auto import AutoLearner
from hitl_widgets.learn.votes import Student, Voters, Votes

Array = np.ndarray[Any, Any]
SIZES, DRAWS, QUICK = (30, 60, 120, 200), 20, 3
ALONE = "labels alone"
KEPT = RESULTS / "teach-rules.json"


def arms(texts: list[str], y: Array, seed: int) -> dict[str, Array | None]:
    """The votes of each arm, (n, r)."""
    rng = np.random.default_rng([20, seed])
    good = votes_of(texts)
    wrong = {
        name: str(rng.choice([one for one in CLASSES if one != kind]))
        for name, (_, kind) in FUNCTIONS.items()
    }
    what = [text.lower().startswith("what") for text in texts]
    bad = np.where(what, CLASSES.index("ENTY"), -1)[:, None].astype(np.int16)
    near = np.repeat(bad, 7, axis=1)
    near[rng.random(near.shape) < 0.05] = -1
    column = np.where(rng.random(len(y)) < 0.7, y, rng.integers(0, len(CLASSES), len(y)))
    return {
        ALONE: None,
        "+ 24 functions": good,
        "+ the column": np.column_stack([good, column.astype(np.int16)]),
        "all functions wrong": votes_of(texts, wrong),
        "+ a bad function": np.column_stack([good, bad]),
        "+ seven copies of it": np.column_stack([good, np.repeat(bad, 7, axis=1)]),
        "+ seven near copies": np.column_stack([good, near]),
    }


def draw(base: AutoLearner, X: Array, graph: Any, texts: list[str], y: Array, seed: int) -> dict[str, Any]:
    """The accuracy of each arm at each number of labels."""
    order = np.random.default_rng(seed).permutation(len(y))
    rest, found = order[max(SIZES) :], {}
    for name, votes in arms(texts, y, seed).items():
        learner: Any = base.start(X, len(CLASSES), graph)
        if votes is not None:
            together = Votes(votes, len(CLASSES))
            learner.advise((Voters(together), Student(together, X)))
        found[name] = [
            float((learner.told(order[:n], y[order[:n]], rest).argmax(axis=1) == y[rest]).mean())
            for n in SIZES
        ]
    return found


def interval(values: Array, sign: str = "") -> str:
    """A mean with its 95 % interval."""
    half = 1.96 * values.std(ddof=1) / np.sqrt(len(values))
    return f"{values.mean():{sign}.3f} ± {half:.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} draws")
    draws = QUICK if parser.parse_args().quick else DRAWS
    kept: dict[str, Any] = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    texts, y = pools.items("trec")
    X, _ = pools.load("trec")
    graph: Any = NeighborGraph.build(X).weights
    with one_blas_thread():
        base: Any = AutoLearner().start(X, len(CLASSES), graph)
        for seed in range(draws):
            if str(seed) not in kept:
                kept[str(seed)] = draw(base, X, graph, texts, y, seed)
                KEPT.parent.mkdir(parents=True, exist_ok=True)
                KEPT.write_text(json.dumps(kept))
    of = {name: np.array([kept[str(seed)][name] for seed in range(draws)]) for name in kept["0"]}
    print(
        markdown(
            ["", *(f"{n} labels" for n in SIZES)], [[name, *map(interval, a.T)] for name, a in of.items()]
        )
    )
    compared = {
        "24 functions and 30 labels, minus 120 labels alone": of["+ 24 functions"][:, 0] - of[ALONE][:, 2],
        **{
            f"all functions wrong, minus labels alone, at {n}": (of["all functions wrong"] - of[ALONE])[:, k]
            for k, n in enumerate(SIZES)
        },
        **{
            f"seven {what} of a bad function, minus one, at {n}": (
                of[f"+ seven {what}{it}"] - of["+ a bad function"]
            )[:, k]
            for what, it in (("copies", " of it"), ("near copies", ""))
            for k, n in enumerate(SIZES)
        },
    }
    print(
        markdown(
            ["difference", "", "least", "greatest"],
            [[name, interval(a, "+"), f"{a.min():+.3f}", f"{a.max():+.3f}"] for name, a in compared.items()],
        )
    )


if __name__ == "__main__":
    main()
