"""Simulated people who compare, and worlds of candidates with a true worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hitl_widgets.preferences.candidates import Candidates
from hitl_widgets.preferences.reward import Basis, Layout


@dataclass(frozen=True)
class Person:
    """Prefers by the worths, whose standard deviation is 1, with noise, ties and a preferred side."""

    sharpness: float = 3.0
    ties: float = 0.15
    side: float = 0.0

    def answer(self, first: float, second: float, rng: np.random.Generator) -> int:
        """Return 0 for the first, 1 for the second, 2 for a tie."""
        if abs(first - second) < self.ties:
            return 2
        odds = self.sharpness * (first - second) + self.side
        return int(rng.random() > 1 / (1 + np.exp(-odds)))


def items(n: int, seed: int, d: int = 6, own: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    """Features (n, d), and worths with mean 0 and standard deviation 1 that are curved in them."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d))
    worth = X @ rng.normal(size=d) / np.sqrt(d) + np.sin(2 * X[:, 0]) * 0.7 + own * rng.normal(size=n)
    return X, (worth - worth.mean()) / worth.std()


class Made(Candidates):
    """Candidates that are only features."""

    def __init__(self, X: np.ndarray, prompt: np.ndarray) -> None:
        prompt = np.asarray(prompt, np.int64)
        words = [f"prompt {p}" for p in range(prompt.max() + 1)]
        super().__init__(words, [f"{i}" for i in range(len(X))], prompt, None, None)  # type: ignore[arg-type]
        self.__dict__["basis"] = Basis(X, Layout.of(prompt))
        self.__dict__["keys"] = [f"{i:06d}" for i in range(len(X))]


def interval(values: np.ndarray) -> tuple[float, float, float]:
    """Return the mean and its 95 % bootstrap interval."""
    values = np.asarray(values, float)
    rng = np.random.default_rng(0)
    means = rng.choice(values, (10_000, len(values))).mean(axis=1)
    return float(values.mean()), *map(float, np.quantile(means, [0.025, 0.975]))
