"""Labels that several classes need, against one-vs-rest logistic regression in random order.

``python -m benchmarks.labels.multilabel [REPEATS]`` prints the table of docs/questions.md.
"""

from __future__ import annotations

import sys
import warnings

import numpy as np
from sklearn.linear_model import LogisticRegression

import hitl_widgets as hitl
from benchmarks.accuracy.questions import digits, wine
from benchmarks.speed.scale_report import table

OURS, BASE = "ours", "LR + random"
POOLS = {"digits, facts": (digits, 200), "wine, noisy facts": (wine, 100)}
AT = (25, 50, 100, 200)


def curves(name: str, repeats: int) -> dict[str, np.ndarray]:
    """The mean Jaccard index on the pool after each label, (repeats, labels), by contestant."""
    make, budget = POOLS[name]
    found: dict[str, list[list[float]]] = {OURS: [], BASE: []}
    at = list(range(5, budget + 1, 5))
    for seed in range(repeats):
        X, said, question = make(np.random.default_rng(seed))
        X = np.asarray(X, np.float32)
        contestants = {OURS: ("auto", "auto"), BASE: (LogisticRegression(max_iter=2000), "random")}
        frame = hitl.simulate(
            X, said, contestants=contestants, question=question, budget=budget, at=at, repeats=1,
            random_state=seed, n_jobs=1, progress=False,
        ).frame  # fmt: skip
        for who, part in frame.groupby("contestant"):
            found[str(who)].append(part.sort_values("n_labels")["pool_accuracy"].tolist())
        print(name, seed, file=sys.stderr, flush=True)
    return {who: np.array(rows) for who, rows in found.items()}


def needed(curve: np.ndarray, goal: float) -> float:
    """Labels at which a curve reaches the goal."""
    at = np.flatnonzero(curve >= goal)
    return float(5 * (at[0] + 1)) if len(at) else float("nan")


def main() -> None:
    warnings.simplefilter("ignore")
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    rows = []
    for name, (_, budget) in POOLS.items():
        found = {who: curve.mean(axis=0) for who, curve in curves(name, repeats).items()}
        labels = needed(found[OURS], found[BASE][-1])
        for who, curve in found.items():
            values = [f"{curve[n // 5 - 1]:.2f}" if n <= budget else "-" for n in AT]
            saved = f"{labels:.0f}, instead of {budget}" if who == OURS else ""
            rows.append([name, who, *values, saved])
    print("\n".join(table(["pool", "", *map(str, AT), "labels for the last value of LR + random"], rows)))


if __name__ == "__main__":
    main()
