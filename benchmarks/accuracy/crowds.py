"""Consensus of simulated annotators of digits: majority, CROWDLAB (if cleanlab is installed) and ours.

Run it as ``python -m benchmarks.accuracy.crowds [REPEATS]``; docs/trust.md has the table.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from hitl_widgets.quality.consensus import Votes, consensus, majority

N, PEOPLE, CLASSES = 600, 5, 10
# Name: skills, share of items with a second opinion, and how the first opinions are spread.
CROWDS = {
    "mixed, 10 %": ([0.95, 0.9, 0.8, 0.6, 0.45], 0.1, [0.2] * 5),
    "mixed, all": ([0.95, 0.9, 0.8, 0.6, 0.45], 1.0, [0.2] * 5),
    "good, 10 %": ([0.95] * 5, 0.1, [0.2] * 5),
    "poor, 30 %": ([0.55] * 5, 0.3, [0.2] * 5),
    "one bad with 70 %, 10 %": ([0.6, 0.9, 0.9, 0.9, 0.9], 0.1, [0.7, 0.075, 0.075, 0.075, 0.075]),
}


def one(name: str, seed: int) -> dict[str, float]:
    skills, overlap, spread = CROWDS[name]
    rng = np.random.default_rng(seed)
    X, y = load_digits(return_X_y=True)
    rows = rng.choice(len(X), N, replace=False)
    X, truth = X[rows] / 16, y[rows]
    people = [rng.choice(PEOPLE, 1 + (rng.random() < overlap), replace=False, p=spread) for _ in range(N)]
    item, person = np.repeat(np.arange(N), [len(p) for p in people]), np.concatenate(people)
    right = rng.random(len(item)) < np.array(skills)[person]
    code = np.where(right, truth[item], (truth[item] + rng.integers(1, CLASSES, len(item))) % CLASSES)
    votes = Votes.of(item, person, code, (N, PEOPLE, CLASSES))
    first = code[np.unique(item, return_index=True)[1]]
    P = cross_val_predict(LogisticRegression(max_iter=300), X, first, cv=5, method="predict_proba")
    found = consensus(votes, P)
    true = np.bincount(person, right, PEOPLE) / np.bincount(person, minlength=PEOPLE)
    return {
        "majority": float((majority(votes).argmax(axis=1) == truth).mean()),
        "crowdlab": _crowdlab(votes, P, truth),
        "ours": float((found.code == truth).mean()),
        "skill error": float(np.abs(found.skill - true).mean()),
    }


def _crowdlab(votes: Votes, P: np.ndarray, truth: np.ndarray) -> float:
    try:
        from cleanlab.multiannotator import get_label_quality_multiannotator
    except ImportError:
        return float("nan")
    table = np.full((N, PEOPLE), np.nan)
    table[votes.item, votes.person] = votes.code
    found = get_label_quality_multiannotator(pd.DataFrame(table), P, verbose=False)
    return float((found["label_quality"]["consensus_label"].to_numpy() == truth).mean())


def main() -> None:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    rows = {name: pd.DataFrame([one(name, seed) for seed in range(repeats)]).mean() for name in CROWDS}
    print(pd.DataFrame(rows).T.round(3).to_string())


if __name__ == "__main__":
    main()
