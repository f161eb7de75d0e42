"""Policies: what makes better candidates with a reward, and how far that is from what made them before."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput
from hitl_widgets.preferences.candidates import prompt_words
from hitl_widgets.preferences.checks import check_function, whole
from hitl_widgets.preferences.samples import SIGNATURE, generated

if TYPE_CHECKING:
    import pandas as pd

    from hitl_widgets.preferences.candidates import Candidates

__all__ = [
    "BestOf",
    "Policy",
    "Rejection",
    "Tilted",
    "best_of_kl",
    "called",
    "given_base",
    "of_function",
    "tilt",
]

Floats = npt.NDArray[np.float64]
Rewards = Callable[[Sequence[Any]], Floats]
Base = Callable[[Any, int], Sequence[Any]]

# From how many samples of how many prompts rejection sampling is set, and how many samples it tries.
PILOT, PROMPTS, TRIES = 32, 16, 200
MOST = 100_000  # candidates of one call


class Policy(ABC):
    """Makes candidates: ``policy(prompt, n)`` returns n of them, as a function for ``generate=`` does.

    Attributes
    ----------
    name
        What it does, in words.
    kl
        The Kullback-Leibler divergence from the base, in nats.
    base
        What it improves: a function as for ``generate=``.
    """

    name: str
    kl: float
    base: Base

    def __call__(self, prompt: Any = "", n: int = 1) -> list[Any]:
        """Return ``n`` candidates of a prompt."""
        return self._made(prompt, whole("n", n, 1, MOST, "a number of candidates"))

    @abstractmethod
    def _made(self, prompt: Any, n: int) -> list[Any]:
        """Return ``n`` candidates of a prompt."""

    def chart(self) -> Any:
        """Draw what happened while it was taught; only for how="trigram"."""
        raise InvalidInput(
            f"There is no chart of {self.name!r}: only a policy of improve(how='trigram') is taught step by "
            "step. Only prefs.trial() tells whether people prefer it."
        )

    def __repr__(self) -> str:
        return f"<Policy: {self.name}, {self.kl:.2f} nats from its base>"


def given_base(candidates: Candidates, rng: np.random.Generator, way: str = "generate=") -> Base:
    """Return a base that draws the given candidates of a prompt, with repetitions.

    ``way`` is what to pass for other prompts.
    """

    def draw(prompt: Any, n: int) -> list[Any]:
        rows = candidates.rows_of(prompt)
        if not len(rows):
            raise InvalidInput(
                f"The prompt {prompt_words(prompt)[:80]!r} has no candidates: pass {way}, or one of the "
                f"{len(candidates.prompts):,} prompts that have."
            )
        return [candidates.own(candidates.items[i]) for i in rng.choice(rows, n)]

    draw.__name__ = "the given candidates"
    return draw


def of_function(generate: Any, name: str = "generate=") -> Base:
    """Return a base that asks a user's function: see :func:`~.samples.generated`."""
    check_function(name.rstrip("="), generate, SIGNATURE)

    def draw(prompt: Any, n: int) -> Sequence[Any]:
        return next(iter(generated(generate, [prompt], n, name)))

    draw.__name__ = called(generate)
    return draw


def called(policy: Any) -> str:
    """Return what a policy is called in messages."""
    name = getattr(policy, "name", None) or getattr(policy, "__name__", None)
    return name if isinstance(name, str) else type(policy).__name__


def best_of_kl(n: int) -> float:
    """Return the divergence of the best of ``n`` from one sample, at most: log n - (n - 1) / n.

    It is exact where no two samples are equal (Beirami et al. 2024, who show that it is an upper bound).
    """
    return float(np.log(n) - (n - 1) / n)


class BestOf(Policy):
    """The candidate with the highest reward of ``n`` samples of the base."""

    def __init__(self, base: Base, rewards: Rewards, n: int) -> None:
        self.n, self.name, self.kl = n, f"best of {n}", best_of_kl(n)
        self.base, self._rewards = base, rewards

    def _made(self, prompt: Any, n: int) -> list[Any]:
        found = []
        for _ in range(n):
            items = list(self.base(prompt, self.n))
            found.append(items[int(self._rewards(items).argmax())])
        return found


def tilt(rewards: Sequence[Floats], kl: float) -> tuple[list[Floats], float, float]:
    """Return probabilities proportional to ``exp(reward / beta)``, with a mean divergence from equal ones.

    Parameters
    ----------
    rewards
        Those of the candidates of each prompt.
    kl
        The mean divergence in nats; more than can be reached gives the best of each.

    Returns
    -------
    The probabilities of each prompt, 1 / beta, and the divergence.
    """

    def at(strength: float) -> tuple[list[Floats], float]:
        shares, total = [], 0.0
        for r in rewards:
            p = np.exp((r - r.max()) * strength)
            p /= p.sum()
            shares.append(p)
            total += float((p * np.log(np.maximum(p, 1e-300) * len(r))).sum())
        return shares, total / len(rewards)

    low, high = 0.0, 1.0
    while at(high)[1] < kl and high < 1e6:
        low, high = high, 2 * high
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if at(middle)[1] < kl else (low, middle)
    shares, found = at(high)
    return shares, high, found


class Tilted(Policy):
    """Draws the given candidates of a prompt with probabilities that rise with the reward.

    No other distribution over them has a higher mean reward at this divergence.
    """

    def __init__(self, candidates: Candidates, rewards: Floats, kl: float, rng: np.random.Generator) -> None:
        self._candidates, self._rng, self.base = candidates, rng, given_base(candidates, rng)
        starts = np.flatnonzero(candidates.layout.place == 0)[1:]
        shares, self.strength, self.kl = tilt(np.split(rewards, starts), kl)
        self._p = np.concatenate(shares)
        self.name = f"exponential tilting, reward x {self.strength:.2g}"

    def _made(self, prompt: Any, n: int) -> list[Any]:
        rows = self._candidates.rows_of(prompt)
        if not len(rows):
            raise InvalidInput(
                f"The prompt {prompt_words(prompt)[:80]!r} has no candidates: tilting draws from the given "
                "ones. Use how='best' or 'reject' with generate=."
            )
        found = self._candidates
        return [found.own(found.items[i]) for i in self._rng.choice(rows, n, p=self._p[rows])]

    def table(self) -> pd.DataFrame:
        """Return the probability of each candidate: columns prompt, candidate and p."""
        import pandas as pd

        found = self._candidates
        return pd.DataFrame(
            {
                "prompt": [found.words[p] for p in found.prompt],
                "candidate": list(map(found.own, found.items)),
                "p": self._p,
            }
        )


class Rejection(Policy):
    """Samples of the base, accepted with a probability that rises with the reward.

    This draws from the base times ``exp(reward / beta)``, for rewards up to the highest of a pilot sample;
    higher ones count as that. The divergence is estimated from the pilot sample.
    """

    def __init__(
        self, base: Base, rewards: Rewards, kl: float, prompts: Sequence[Any], rng: np.random.Generator
    ) -> None:
        found = [rewards(list(base(prompt, PILOT))) for prompt in prompts[:PROMPTS]]
        self.kl: float
        _, self.strength, self.kl = tilt(found, kl)
        self._top = float(np.concatenate(found).max())
        self.base, self._rewards, self._rng = base, rewards, rng
        self.name = f"rejection sampling, reward x {self.strength:.2g}"

    def _made(self, prompt: Any, n: int) -> list[Any]:
        return [self._accepted(prompt) for _ in range(n)]

    def _accepted(self, prompt: Any) -> Any:
        """Return a sample that was accepted; of 200 that were not, the best."""
        best, highest = None, -np.inf
        for _ in range(TRIES // 8):
            items = list(self.base(prompt, 8))
            rewards = self._rewards(items)
            accept = np.exp(np.minimum(rewards - self._top, 0) * self.strength)
            yes = np.flatnonzero(self._rng.random(len(items)) < accept)
            if len(yes):
                return items[yes[0]]
            if rewards.max() > highest:
                best, highest = items[int(rewards.argmax())], float(rewards.max())
        return best
