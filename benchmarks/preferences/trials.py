"""How often the 95 % interval of a trial contains the truth, where several people answer each prompt.

``python -m benchmarks.preferences.trials [REPEATS]`` prints the table of docs/preferences.md.
"""

from __future__ import annotations

import sys

import numpy as np

from hitl_widgets.preferences.trials import Outcome
from hitl_widgets.quality.sequential import wilson

WIN, TIES, SAME = 0.7, 0.1, 0.2
CASES = [
    (20, 1, 0.3),
    (50, 1, 0.3),
    (20, 3, 0.3),
    (50, 3, 0.3),
    (20, 10, 0.3),
    (50, 10, 0.3),
    (20, 10, 0.0),
    (50, 3, 0.8),
]


def covered(prompts: int, people: int, alike: float, repeats: int, seed: int = 0) -> tuple[float, float]:
    """Return how often the interval of a trial and that of independent answers contain the truth.

    Prompts differ in how often the policy is preferred: a beta distribution, where two answers to a prompt
    have the correlation ``alike``. A share of the prompts have the same sample from both policies.
    """
    rng = np.random.default_rng([seed, prompts, people])
    truth = (1 - SAME) * ((1 - TIES) * WIN + TIES / 2) + SAME / 2
    found = []
    for _ in range(repeats):
        same = rng.random(prompts) < SAME
        n = int((~same).sum())
        odds = (1 - alike) / alike if alike else np.inf
        of_prompt = rng.beta(WIN * odds, (1 - WIN) * odds, n) if alike else np.full(n, WIN)
        tie = rng.random((n, people)) < TIES
        score = np.where(tie, 0.5, rng.random((n, people)) < of_prompt[:, None])
        wins, losses = int((score == 1).sum()), int((score == 0).sum())
        means = tuple(score.mean(axis=1).tolist())
        told = Outcome(wins, losses, score.size - wins - losses, same.mean(), means, prompts)
        alone = wilson(score.sum(), score.size)
        s = same.mean()
        low, high = ((1 - s) * end + s / 2 for end in alone)
        found.append((told.low <= truth <= told.high, low <= truth <= high))
    mine, other = np.mean(found, axis=0)
    return float(mine), float(other)


def main() -> None:
    """Print the table."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 4000
    print("| prompts | answers to each | correlation | by prompt | as if independent |")
    print("|---|---|---|---|---|")
    for prompts, people, alike in CASES:
        mine, other = covered(prompts, people, alike, repeats)
        print(f"| {prompts} | {people} | {alike:.1f} | {mine:.1%} | {other:.1%} |")


if __name__ == "__main__":
    main()
