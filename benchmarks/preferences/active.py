"""How many answers the order of 30 and 60 candidates needs, asked actively and at random.

``python -m benchmarks.preferences.active [SEEDS]`` prints the table of docs/preferences.md. Simulated people
compare with noise and ties, and prefer the left by 0.3 in the log odds.
"""

from __future__ import annotations

import sys

import numpy as np
from scipy.stats import kendalltau

from benchmarks.preferences.people import Made, Person, interval, items
from hitl_widgets.learn.strategies import Context
from hitl_widgets.preferences.learners import PairLearner, undecided

REACHED = 0.85
PERSON = Person(side=0.3)


def needed(n: int, seed: int, *, active: bool, most: int, person: Person = PERSON) -> float:
    """Answers until Kendall's tau of the rewards is .85, as a session asks but without an audit.

    Tau is measured every five answers, and must be .85 in the mean of three such values. Infinite if never.
    """
    X, worth = items(n, seed)
    rng = np.random.default_rng([seed, 1])
    candidates = Made(X, np.zeros(n))
    pairs = candidates.pairs
    learner = PairLearner(candidates, pairs).start(X, 4)
    left, rows, y, found = np.ones(len(pairs), bool), [], [], []
    for m in range(min(most, len(pairs))):
        if active and m >= 10:
            context = Context(X, np.zeros(0), left, rng, learner=learner)
            utility = undecided(np.zeros((0, 2)), context)
            row = int(np.flatnonzero(left)[utility[left].argmax()])
        else:
            row = int(rng.choice(np.flatnonzero(left)))
        left[row] = False
        rows.append(row)
        y.append(person.answer(*worth[pairs[row]], rng))
        if not active and len(rows) % 5:
            continue
        learner.update(np.array(rows), np.array(y))
        if learner.stale:
            learner.refresh()
            learner.update(np.array(rows), np.array(y))
        if len(rows) % 5 == 0:
            found.append(kendalltau(learner.fitted.mean, worth).statistic)
            if len(found) > 2 and np.mean(found[-3:]) >= REACHED:
                return len(rows)
    return np.inf


def main() -> None:
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    print("| candidates | active | random | active / random | never, active | never, random |")
    print("|---|---|---|---|---|---|")
    for n, most in ((30, 435), (60, 700)):
        got = np.array([[needed(n, s, active=a, most=most) for a in (True, False)] for s in range(seeds)])
        never = np.isinf(got).sum(axis=0)
        got[np.isinf(got)] = most
        active, random = interval(got[:, 0]), interval(got[:, 1])
        ratio = interval(got[:, 0] / got[:, 1])
        print(
            f"| {n} | {active[0]:.0f} ({active[1]:.0f}-{active[2]:.0f}) | {random[0]:.0f} "
            f"({random[1]:.0f}-{random[2]:.0f}) | {ratio[0]:.2f} ({ratio[1]:.2f}-{ratio[2]:.2f}) "
            f"| {never[0]} of {seeds} | {never[1]} of {seeds} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
