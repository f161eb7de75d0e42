"""Deferral: the machine labels most digits, and a share is asked of people who know some classes well.

``python -m benchmarks.accuracy.teams [DRAWS]`` prints the table of docs/trust.md; ``--quick`` makes 10 draws.
"""

from __future__ import annotations

import argparse

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from benchmarks.accuracy.tables import markdown, mean
from hitl_widgets.background.turns import one_blas_thread
from hitl_widgets.quality.consensus import Votes, consensus
from hitl_widgets.quality.deferral import route

PEOPLE, CLASSES, TRAINED, NEW = 4, 10, 100, 600
DOUBLE, DRAWS, QUICK = 300, 300, 10
SHARES = (0.1, 0.3, 0.5)


def one(seed: int) -> dict[float, list[float]]:
    """The share of right labels for each share asked: the machine, and four ways to ask."""
    rng = np.random.default_rng([9, seed])
    X, y = load_digits(return_X_y=True)
    rows = rng.permutation(len(X))
    X, y = X[rows] / 16, y[rows]
    # Everybody knows a random half of the classes well.
    skill = np.where(rng.random((PEOPLE, CLASSES)).argsort(axis=1) < CLASSES / 2, 0.97, 0.6)

    def answer(person: np.ndarray, truth: np.ndarray) -> np.ndarray:
        right = rng.random(len(truth)) < skill[person, truth]
        return np.where(right, truth, (truth + rng.integers(1, CLASSES, len(truth))) % CLASSES)

    # Labels by two people each, from which the skills are estimated.
    item = np.repeat(np.arange(DOUBLE), 2)
    person = np.concatenate([rng.permutation(PEOPLE)[:2] for _ in range(DOUBLE)])
    said = answer(person, y[item])
    model = LogisticRegression(max_iter=300)
    P = cross_val_predict(model, X[:DOUBLE], said[::2], cv=3, method="predict_proba")
    full = np.full((DOUBLE, CLASSES), np.nan)
    full[:, np.unique(said[::2])] = P
    known = consensus(Votes.of(item, person, said, (DOUBLE, PEOPLE, CLASSES)), full)
    model.fit(X[:TRAINED], known.code[:TRAINED])
    new = slice(DOUBLE, DOUBLE + NEW)
    told = np.zeros((NEW, CLASSES))
    told[:, model.classes_] = model.predict_proba(X[new])
    truth, machine = y[new], told.argmax(axis=1)
    answers = np.stack([answer(np.full(NEW, p), truth) for p in range(PEOPLE)], axis=1)
    best = int(known.skill.argmax())
    found = {}
    for share in SHARES:
        who = route(told, known.confusion, share)
        unsure = np.argsort(told.max(axis=1), kind="stable")[: round(share * NEW)]
        ways = [who, np.full(NEW, -1), np.full(NEW, -1)]
        ways[1][unsure] = best
        ways[2][unsure] = rng.integers(0, PEOPLE, len(unsure))
        labels = [np.where(way < 0, machine, answers[np.arange(NEW), np.maximum(way, 0)]) for way in ways]
        right = [float((one == truth).mean()) for one in labels]
        alone = [float((machine == truth).mean()), float((answers[:, best] == truth).mean())]
        found[share] = [*alone, right[2], right[1], right[0]]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} draws")
    parser.add_argument("draws", nargs="?", type=int, default=DRAWS, help=f"default: {DRAWS}")
    options = parser.parse_args()
    with one_blas_thread():
        draws = [one(seed) for seed in range(QUICK if options.quick else options.draws)]
    rows = []
    for share in SHARES:
        a = np.array([draw[share] for draw in draws])
        rows.append([
            share, len(a), *(f"{value:.3f}" for value in a.mean(axis=0)),
            mean(a[:, 4] - a[:, 2]), mean(a[:, 4] - np.maximum(a[:, 0], a[:, 1])),
        ])  # fmt: skip
    head = ["asked", "draws", "machine", "best person, all items", "a random person", "the best person"]
    print(markdown([*head, "whom route() says", "gain over random", "over the best alone"], rows))


if __name__ == "__main__":
    main()
