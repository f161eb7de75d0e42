"""Coverage of the interval of ``session.accuracy()`` for several classes and for ratings.

``python -m benchmarks.accuracy.questions [SESSIONS]`` prints the table of docs/questions.md: sessions on data
of scikit-learn, labelled in the order in which they ask, with 15 % of the questions drawn at random.
"""

from __future__ import annotations

import sys
import warnings
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from sklearn.datasets import load_diabetes, load_digits, load_wine
from sklearn.preprocessing import StandardScaler

import hitl_widgets as hitl

AT = (40, 80)


def digits(rng: np.random.Generator) -> tuple[Any, Any, Any]:
    """Facts about handwritten digits, any number of which may hold."""
    X, y = load_digits(return_X_y=True)
    rows = rng.permutation(len(X))[:600]
    facts = {
        "even": y % 2 == 0,
        "prime": np.isin(y, [2, 3, 5, 7]),
        "above 4": y > 4,
        "a loop": np.isin(y, [0, 6, 8, 9]),
    }
    said = [[name for name, holds in facts.items() if holds[row]] for row in rows]
    return X[rows], said, hitl.Question.choices(list(facts))


def wine(rng: np.random.Generator) -> tuple[Any, Any, Any]:
    """Noisy facts about wines: whether a column is above its mean."""
    X = StandardScaler().fit_transform(load_wine().data)
    rows = rng.permutation(len(X))
    facts = X[rows][:, :4] + rng.normal(size=(len(X), 4)) * 0.7 > 0
    return (
        X[rows],
        [[f"f{k}" for k in np.flatnonzero(row)] for row in facts],
        hitl.Question.choices([f"f{k}" for k in range(4)]),
    )


def diabetes(rng: np.random.Generator) -> tuple[Any, Any, Any]:
    """Progression of diabetes in five levels of equal size, which is hard to predict."""
    data = load_diabetes()
    rows = rng.permutation(len(data.target))
    levels = np.digitize(data.target, np.quantile(data.target, [0.2, 0.4, 0.6, 0.8])) + 1
    X = StandardScaler().fit_transform(data.data)
    return X[rows], levels[rows].tolist(), hitl.Question.rating(5)


def numbers(rng: np.random.Generator) -> tuple[Any, Any, Any]:
    """The digit itself, as a number."""
    X, y = load_digits(return_X_y=True)
    rows = rng.permutation(len(X))[:600]
    return X[rows], y[rows].tolist(), hitl.Question.rating(list(range(10)))


POOLS = {
    "digits, facts": digits,
    "wine, noisy facts": wine,
    "diabetes, five levels": diabetes,
    "digits, as numbers": numbers,
}


def run(name: str, seed: int) -> list[tuple[str, int, float, float, float, float]]:
    warnings.simplefilter("ignore")
    X, said, question = POOLS[name](np.random.default_rng(seed))
    X = np.asarray(X, np.float32)
    X += (
        np.random.default_rng(seed).normal(size=X.shape).astype(np.float32) * 1e-4
    )  # makes all rows distinct items
    found = []
    with hitl.Session(X, X=X, question=question, store=":memory:", audit=0.15, random_state=seed) as session:
        pool, target = session.pool, None
        for n in range(max(AT)):
            [item] = session.query()
            session.label(item, said[int(pool.first_rows[pool.index([item])[0]])])
            if n + 1 not in AT:
                continue
            estimate, labels = session.accuracy(), session._loop.labels
            kind, vocabulary = labels.kind, session._loop.log.ledger.fold.vocabulary
            answers = [kind.parse(said[int(row)], vocabulary) for row in pool.first_rows]
            target = kind.target(answers, labels.schema)
            live = session._loop.background.trainer._live
            rest = labels.y < 0
            score = float(target.problem.scores(live.proba(), target.values)[rest].mean())
            worst, best = target.problem.scale
            truth = worst + score * (best - worst)
            if estimate.value is not None:
                found.append((name, n + 1, truth, estimate.value, estimate.low, estimate.high))
    return found


def main() -> None:
    sessions = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    tasks = [(name, seed) for seed in range(sessions) for name in POOLS]
    rows = []
    for n, part in enumerate(Parallel(2, return_as="generator")(delayed(run)(*task) for task in tasks), 1):
        rows += part
        print(f"{n}/{len(tasks)}", file=sys.stderr, flush=True)
    print(
        "| pool | labels | sessions | true | estimated | covered | width |\n"
        "| --- | --- | --- | --- | --- | --- | --- |"
    )
    for name in POOLS:
        for n in AT:
            mine = np.array([row[2:] for row in rows if row[:2] == (name, n)])
            if len(mine):
                truth, value, low, high = mine.T
                covered = ((low <= truth) & (truth <= high)).mean()
                told = f"{truth.mean():.2f} | {value.mean():.2f} | {covered:.0%} | {(high - low).mean():.2f}"
                print(f"| {name} | {n} | {len(mine)} | {told} |")


if __name__ == "__main__":
    main()
