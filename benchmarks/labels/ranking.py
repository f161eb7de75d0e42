"""How many rankings a model needs, in the order in which a session asks and in random order.

``python -m benchmarks.labels.ranking [REPEATS]`` prints the table of docs/questions.md. Lists of five are
ranked by simulated people: by a number that they see with noise (Gumbel's, so that their rankings follow
Plackett and Luce).
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
from sklearn.datasets import load_diabetes, load_digits

import hitl_widgets as hitl
from benchmarks.speed.scale_report import table
from hitl_widgets.learn.problems.ordering import kendall

AT = (5, 10, 20, 40, 80)
N, MEMBERS = 400, 5
World = Callable[[np.random.Generator], tuple[np.ndarray, np.ndarray]]


def made_up(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Twenty features, of which five matter."""
    X = rng.normal(size=(2_000, 20))
    return X, X[:, :5] @ rng.normal(size=5)


def digits(_: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Images of digits, ranked by the digit: a linear score can only approximate it."""
    data = load_digits()
    return data.data, data.target.astype(float)


def diabetes(_: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Patients, ranked by the progression of the disease, of which the features explain half."""
    data = load_diabetes()
    return data.data, data.target


POOLS: dict[str, World] = {"made up": made_up, "digits": digits, "diabetes": diabetes}


def lists(make: World, seed: int, noise: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features (N, MEMBERS, d), the ranks that people give, and the true ones, (N, MEMBERS)."""
    rng = np.random.default_rng(seed)
    X, worth = make(rng)
    X = (X - X.mean(axis=0)) / (X.std(axis=0) + 1e-9)
    which = np.array([rng.choice(len(X), MEMBERS, replace=False) for _ in range(N)])
    worth = ((worth - worth.mean()) / worth.std())[which] + 1e-9 * rng.normal(size=which.shape)
    seen = worth + noise * rng.gumbel(size=which.shape)
    ranks = [np.argsort(np.argsort(-values, axis=1), axis=1) for values in (seen, worth)]
    return X[which].astype(np.float32), *ranks


def curve(X: np.ndarray, said: np.ndarray, true: np.ndarray, seed: int, strategy: str) -> list[float]:
    """The mean agreement of predictions with the true order of all lists, after each number of rankings."""
    names = [[f"{i} {j}" for j in range(MEMBERS)] for i in range(N)]
    found = []
    with hitl.Session(
        names, kind="list:text", X=X, question=hitl.Question.ranking("Order?"), store=":memory:",
        strategy=strategy, audit=0, random_state=seed,
    ) as session:  # fmt: skip
        for n in range(1, AT[-1] + 1):
            [one] = session.query(1)
            row = session.pool.index([one])[0]
            session.label(one, (np.argsort(said[row]) + 1).tolist())
            if n in AT:
                session.wait()
                found.append(float(kendall(session.round.belief.P, true).mean()))
    return found


def main() -> None:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    rows = []
    for name, make in POOLS.items():
        for words, strategy in (("ours", "auto"), ("random order", "random")):
            found = []
            for seed in range(repeats):
                found.append(curve(*lists(make, seed, 0.3), seed, strategy))
                print(name, words, seed, found[-1], file=sys.stderr, flush=True)
            rows.append([name, words, *(f"{value:.2f}" for value in np.mean(found, axis=0))])
    print("\n".join(table(["pool", "", *map(str, AT)], rows)))


if __name__ == "__main__":
    main()
