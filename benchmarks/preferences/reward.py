"""What the side as a coefficient is worth, and the reward beside a linear model of Bradley and Terry.

``python -m benchmarks.preferences.reward [SEEDS]`` prints the tables of docs/preferences.md.
"""

from __future__ import annotations

import sys

import numpy as np
from scipy.stats import kendalltau
from sklearn.linear_model import LogisticRegression

from benchmarks.preferences.people import Made, Person, interval, items
from hitl_widgets.preferences.learners import PairLearner, RankLearner
from hitl_widgets.preferences.reward import Comparisons, fit, tuned

N, ANSWERS = 40, 200
PROMPTS, EACH = 200, 4


def taus(seed: int, side: float) -> tuple[float, float]:
    """Kendall's tau of 40 candidates after 200 random comparisons: the side as a coefficient, and without.

    A pair may be asked again, on the same side as before.
    """
    X, worth = items(N, seed)
    rng = np.random.default_rng([seed, 2])
    candidates, person = Made(X, np.zeros(N)), Person(side=side, ties=0)
    pairs = candidates.pairs
    rows = rng.choice(len(pairs), ANSWERS)
    y = np.array([person.answer(*worth[pairs[row]], rng) for row in rows])
    won = (y == 0).astype(float)
    found = []
    for sided in (True, False):
        given = Comparisons(pairs[rows, 0], pairs[rows, 1], won, np.ones(ANSWERS), sided)
        scales = tuned(candidates.basis, candidates.layout, given)
        post = fit(candidates.basis, candidates.layout, given, scales)
        found.append(kendalltau(post.mean, worth).statistic)
    return found[0], found[1]


def sides(seeds: int) -> None:
    """Print tau with and without the coefficient."""
    print("| preference for the left (log odds) | tau with the coefficient | without | gain |")
    print("|---|---|---|---|")
    for side in (0.0, 0.5, 1.0, 2.0):
        got = np.array([taus(seed, side) for seed in range(seeds)])
        gain = interval(got[:, 0] - got[:, 1])
        print(
            f"| {side:.1f} | {got[:, 0].mean():.3f} | {got[:, 1].mean():.3f} "
            f"| {gain[0]:+.3f} ({gain[1]:+.3f} to {gain[2]:+.3f}) |",
            flush=True,
        )


def world(seed: int, curved: bool) -> tuple[np.ndarray, np.ndarray]:
    """Features of the candidates of all prompts, and their worths."""
    rng = np.random.default_rng([seed, 3])
    X = rng.normal(size=(PROMPTS * EACH, 10)) + np.repeat(rng.normal(size=(PROMPTS, 10)), EACH, axis=0)
    worth = X @ rng.normal(size=10) / np.sqrt(10)
    if curved:
        worth = worth + 1.5 * np.sin(1.5 * X[:, 0]) + np.abs(X[:, 1])
    worth = worth + 0.2 * rng.normal(size=len(X))
    return X, (worth - worth.mean()) / worth.std()


def accuracies(seed: int, curved: bool, m: int) -> tuple[float, float]:
    """Accuracy on pairs of prompts that nobody was asked about: ours, and logistic regression."""
    X, worth = world(seed, curved)
    rng = np.random.default_rng([seed, 4])
    candidates, person = Made(X, np.repeat(np.arange(PROMPTS), EACH)), Person()
    pairs = candidates.pairs
    asked = candidates.prompt[pairs[:, 0]] < PROMPTS // 2
    rows, held = rng.choice(np.flatnonzero(asked), m, replace=False), pairs[~asked]
    y = np.array([person.answer(*worth[pairs[row]], rng) for row in rows])
    learner = PairLearner(candidates, pairs).start(X, 4)
    learner.update(rows, y)
    learner.refresh()
    learner.update(rows, y)
    right = worth[held[:, 0]] > worth[held[:, 1]]
    ours = learner.fitted.differences(held[:, 0], held[:, 1])[0] > 0
    decided, D = y < 2, X[pairs[:, 0]] - X[pairs[:, 1]]
    both = np.concatenate([D[rows[decided]], -D[rows[decided]]])
    won = np.concatenate([y[decided] == 0, y[decided] != 0])
    linear = LogisticRegression(fit_intercept=False, max_iter=1000).fit(both, won)
    theirs = linear.decision_function(X[held[:, 0]] - X[held[:, 1]]) > 0
    return float((ours == right).mean()), float((theirs == right).mean())


def beside_linear(seeds: int) -> None:
    """Print the accuracy on held-out prompts."""
    print("| worth | answers | ours | linear | difference |")
    print("|---|---|---|---|---|")
    for curved in (False, True):
        for m in (50, 150, 300):
            got = np.array([accuracies(seed, curved, m) for seed in range(seeds)])
            gap = interval(got[:, 0] - got[:, 1])
            print(
                f"| {('linear', 'curved')[curved]} | {m} | {got[:, 0].mean():.3f} | {got[:, 1].mean():.3f} "
                f"| {gap[0]:+.3f} ({gap[1]:+.3f} to {gap[2]:+.3f}) |",
                flush=True,
            )


def rankings(seeds: int) -> None:
    """Print tau after 60 rankings of 4, beside 180 and 360 random pairs, of 60 candidates."""
    found: dict[str, list[float]] = {}
    for seed in range(seeds):
        X, worth = items(60, seed)
        rng = np.random.default_rng([seed, 5])
        candidates, person = Made(X, np.zeros(60)), Person(ties=0)
        pairs = candidates.pairs
        members = np.array([rng.choice(60, 4, replace=False) for _ in range(60)])
        seen = person.sharpness * worth[members] + rng.gumbel(size=members.shape)
        ranks = np.argsort(np.argsort(-seen, axis=1), axis=1)
        learners = {"60 rankings of 4": (RankLearner(candidates, members), np.arange(60), ranks)}
        for m in (180, 360):
            rows = rng.choice(len(pairs), m, replace=False)
            y = np.array([person.answer(*worth[pairs[row]], rng) for row in rows])
            learners[f"{m} pairs"] = PairLearner(candidates, pairs), rows, y
        for name, (learner, rows, y) in learners.items():
            live = learner.start(X, 2)
            live.update(rows, y)
            live.refresh()
            live.update(rows, y)
            found.setdefault(name, []).append(kendalltau(live.fitted.mean, worth).statistic)
    print("| answers | tau |")
    print("|---|---|")
    for name, values in found.items():
        mean, low, high = interval(np.array(values))
        print(f"| {name} | {mean:.3f} ({low:.3f}-{high:.3f}) |")


def main() -> None:
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    for part in (sides, beside_linear, rankings):
        part(seeds)
        print()


if __name__ == "__main__":
    main()
