"""The win rate of the best of eight, and the weights of principles, against the truth.

``python -m benchmarks.preferences.improve [SEEDS]`` prints the tables of docs/preferences.md.
"""

from __future__ import annotations

import sys

import numpy as np
from scipy.stats import spearmanr

from benchmarks.preferences.people import Made, Person, interval
from benchmarks.preferences.reward import EACH, PROMPTS, world
from hitl_widgets.learn.strategies import Context
from hitl_widgets.preferences.learners import PairLearner, undecided
from hitl_widgets.preferences.policies import best_of_kl
from hitl_widgets.preferences.principles import weigh

NEW, N = 400, 8
PRINCIPLES, ANSWERS = 6, 100


def won(seed: int, curved: bool, m: int, *, side: float = 0.3) -> float:
    """How often the best of eight new candidates is better than another new one, after m active answers."""
    X, worth = world(seed, curved)
    rng = np.random.default_rng([seed, 6])
    old = np.arange(len(X) // 2)  # the other prompts are new to the reward
    candidates, person = Made(X[old], np.repeat(np.arange(PROMPTS // 2), EACH)), Person(side=side)
    pairs = candidates.pairs
    learner = PairLearner(candidates, pairs).start(X, 4)
    left, rows, y = np.ones(len(pairs), bool), [], []
    for k in range(m):
        if k < 10:
            row = int(rng.choice(np.flatnonzero(left)))
        else:
            context = Context(X, np.zeros(0), left, rng, learner=learner)
            utility = undecided(np.zeros((0, 2)), context)
            row = int(np.flatnonzero(left)[utility[left].argmax()])
        left[row] = False
        rows.append(row)
        y.append(person.answer(*worth[pairs[row]], rng))
        learner.update(np.array(rows), np.array(y))
        if learner.stale:
            learner.refresh()
    new = np.setdiff1d(np.arange(len(X)), old)
    reward = learner.fitted.of(candidates.basis.transform(X[new]))[0]
    wins = []
    for _ in range(NEW):
        drawn = rng.choice(len(new), N + 1, replace=False)
        best = drawn[:N][reward[drawn[:N]].argmax()]
        wins.append(worth[new[best]] > worth[new[drawn[N]]])
    return float(np.mean(wins))


def correlation(seed: int) -> float:
    """Spearman's correlation of the weights of six principles with the true ones after 100 answers."""
    rng = np.random.default_rng([seed, 7])
    true = rng.permutation(np.linspace(-1, 2, PRINCIPLES))
    follows = rng.random((2 * ANSWERS, PRINCIPLES)) < 0.5
    x = follows[::2].astype(float) - follows[1::2]
    gap = x @ true
    y = np.where(
        np.abs(gap) < 0.15, 0.5, (rng.random(ANSWERS) < 1 / (1 + np.exp(-1.5 * gap - 0.3))).astype(float)
    )
    w, _ = weigh(np.column_stack([x, np.ones(ANSWERS)]), y)
    return float(spearmanr(w[:-1], true).statistic)


def main() -> None:
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    found = interval(np.array([correlation(seed) for seed in range(seeds)]))
    print(f"Principles: rank correlation {found[0]:.3f} ({found[1]:.3f}-{found[2]:.3f})\n", flush=True)
    print(f"| worth | answers | win rate of the best of {N} ({best_of_kl(N):.2f} nats) |")
    print("|---|---|---|")
    for curved in (False, True):
        for m in (50, 250):
            found = interval(np.array([won(seed, curved, m) for seed in range(seeds)]))
            name = ("linear", "curved")[curved]
            print(f"| {name} | {m} | {found[0]:.3f} ({found[1]:.3f}-{found[2]:.3f}) |", flush=True)


if __name__ == "__main__":
    main()
