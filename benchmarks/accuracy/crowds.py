"""Consensus of simulated annotators of digits: majority, CROWDLAB (if cleanlab is installed) and ours.

``python -m benchmarks.accuracy.crowds`` prints the table of docs/trust.md. Finished draws are kept in
benchmarks/results/crowds.jsonl, so that an interrupted run can be continued; ``--quick`` makes three of each
cell and keeps nothing.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from benchmarks import RESULTS
from benchmarks.accuracy.tables import markdown, mean
from hitl_widgets.quality.consensus import Votes, consensus, majority

FILE = RESULTS / "crowds.jsonl"
N, CLASSES = 600, 10
REPEATS, QUICK = 20, 3
# Name: share of the items with a second opinion, and the number of opinions of these.
OVERLAPS = {"10 %": (0.1, 2), "30 %": (0.3, 2), "all": (1.0, 2), "three each": (1.0, 3)}


@dataclass(frozen=True)
class Crowd:
    """Five people: their skills, how the first opinions are spread, and how they are wrong.

    Wrong answers are any other class (``any``), the next digit (``next``), always the same class (``one``),
    or those that another person with the same habit gives (``shared``).
    """

    skills: tuple[float, ...]
    spread: tuple[float, ...] = field(default=(0.2,) * 5)
    wrong: str = "any"


CROWDS = {
    "mixed": Crowd((0.95, 0.9, 0.8, 0.6, 0.45)),
    "good": Crowd((0.95,) * 5),
    "poor": Crowd((0.55,) * 5),
    "one bad with 70 %": Crowd((0.6, 0.9, 0.9, 0.9, 0.9), (0.7, 0.075, 0.075, 0.075, 0.075)),
    "mixed, confuse neighbors": Crowd((0.95, 0.9, 0.8, 0.6, 0.45), wrong="next"),
    "mixed, one favorite class": Crowd((0.95, 0.9, 0.8, 0.6, 0.45), wrong="one"),
    "mixed, the same errors": Crowd((0.95, 0.9, 0.8, 0.6, 0.45), wrong="shared"),
}


@cache
def _digits() -> tuple[Any, Any]:
    X, y = load_digits(return_X_y=True)
    return X / 16, y


def draw(crowd: str, overlap: str, seed: int) -> tuple[Votes, Any, Any, Any]:
    """The votes, whether each is right, the model's probabilities out of fold, and the truth."""
    people, (share, opinions) = CROWDS[crowd], OVERLAPS[overlap]
    rng = np.random.default_rng([seed, list(CROWDS).index(crowd), list(OVERLAPS).index(overlap)])
    X, y = _digits()
    rows = rng.choice(len(X), N, replace=False)
    X, truth = X[rows], y[rows]
    n_people = len(people.skills)
    asked = [
        rng.choice(n_people, opinions if rng.random() < share else 1, replace=False, p=people.spread)
        for _ in range(N)
    ]
    item, person = np.repeat(np.arange(N), [len(p) for p in asked]), np.concatenate(asked)
    right = rng.random(len(item)) < np.array(people.skills)[person]
    other = {
        "any": (truth[item] + rng.integers(1, CLASSES, len(item))) % CLASSES,
        "next": (truth[item] + 1) % CLASSES,
        "one": np.where(truth[item] == person, (person + 1) % CLASSES, person),
        "shared": (truth + rng.integers(1, CLASSES, N))[item] % CLASSES,
    }[people.wrong]
    code = np.where(right, truth[item], other)
    votes = Votes.of(item, person, code, (N, n_people, CLASSES))
    first = code[np.unique(item, return_index=True)[1]]
    P = cross_val_predict(LogisticRegression(max_iter=300), X, first, cv=5, method="predict_proba")
    return votes, votes.code == truth[votes.item], P, truth


def one(crowd: str, overlap: str, seed: int) -> dict[str, float]:
    votes, right, P, truth = draw(crowd, overlap, seed)
    found = consensus(votes, P)
    true = np.bincount(votes.person, right, votes.n_people) / np.bincount(
        votes.person, minlength=votes.n_people
    )
    return {
        "model": float((P.argmax(axis=1) == truth).mean()),
        "majority": float((majority(votes).argmax(axis=1) == truth).mean()),
        "CROWDLAB": _crowdlab(votes, P, truth),
        "ours": float((found.code == truth).mean()),
        "skills off by": float(np.abs(found.skill - true).mean()),
    }


def _crowdlab(votes: Votes, P: Any, truth: Any) -> float:
    try:
        from cleanlab.multiannotator import get_label_quality_multiannotator
    except ImportError:
        return float("nan")
    table = np.full((votes.n_items, votes.n_people), np.nan)
    table[votes.item, votes.person] = votes.code
    found = get_label_quality_multiannotator(pd.DataFrame(table), P, verbose=False)
    return float((found["label_quality"]["consensus_label"].to_numpy() == truth).mean())


def measured(repeats: int, *, keep: bool) -> pd.DataFrame:
    """Run what is missing; one row for each draw."""
    rows = []
    if keep and FILE.exists():
        rows = [json.loads(line) for line in FILE.read_text().splitlines()]
    done = {(row["crowd"], row["overlap"], row["seed"]) for row in rows}
    for seed in range(repeats):
        for crowd in CROWDS:
            for overlap in OVERLAPS:
                if (crowd, overlap, seed) in done:
                    continue
                row = {"crowd": crowd, "overlap": overlap, "seed": seed, **one(crowd, overlap, seed)}
                rows.append(row)
                if keep:
                    FILE.parent.mkdir(parents=True, exist_ok=True)
                    with FILE.open("a") as file:
                        file.write(json.dumps(row) + "\n")
    return pd.DataFrame(rows)


def report(found: pd.DataFrame) -> str:
    names = ["model", "majority", "CROWDLAB", "ours"]
    rows = []
    for (crowd, overlap), part in found.groupby(["crowd", "overlap"], sort=False):
        gains = [mean(part["ours"] - part[other]) for other in ("majority", "CROWDLAB")]
        off = f"{part['skills off by'].mean():.3f}"
        rows.append([crowd, overlap, *(f"{part[name].mean():.3f}" for name in names), *gains, off])
    head = ["annotators", "opinions", *names, "ours - majority", "ours - CROWDLAB", "skills off by"]
    return markdown(head, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} draws of each cell, not kept")
    options = parser.parse_args()
    print(report(measured(QUICK if options.quick else REPEATS, keep=not options.quick)))


if __name__ == "__main__":
    main()
