"""Accuracy at few labels of features that a function computes for each item."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import Normalizer, StandardScaler

__all__ = ["accuracy", "compare"]

LABELS, SEEDS, DIM = (20, 50, 100), 10, 32


def accuracy(X: Any, y: Any) -> list[float]:
    """Mean accuracy on the rest after some labels drawn at random, at least one of each class."""
    found = np.zeros((SEEDS, len(LABELS)))
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        order = rng.permutation(len(y))
        _, first = np.unique(y[order], return_index=True)
        order = np.concatenate([order[np.sort(first)], np.delete(order, first)])
        for k, n in enumerate(LABELS):
            model = LogisticRegression(C=10, max_iter=2_000).fit(X[order[:n]], y[order[:n]])
            found[seed, k] = model.score(X[order[n:]], y[order[n:]])
    return found.mean(axis=0).tolist()


def plain(rows: Any) -> Any:
    """Standardize, reduce to 32 dimensions, and scale to length 1."""
    scaled = StandardScaler().fit_transform(rows)
    return Normalizer().fit_transform(PCA(min(DIM, *rows.shape), random_state=0).fit_transform(scaled))


def compare(
    sets: Mapping[str, Sequence[tuple[Any, str]]],
    features: Mapping[str, Callable[[Any], Any]],
    reduced: Callable[[Any], Any] = plain,
) -> None:
    """Print a table with the accuracy of each kind of features on each set, and the mean."""
    print(f"| features | {' | '.join(sets)} | mean |")
    print(f"| --- |{' --- |' * (len(sets) + 1)}")
    for name, describe in features.items():
        scores = []
        for pairs in sets.values():
            rows = np.stack([describe(item) for item, _ in pairs])
            scores.append(accuracy(reduced(rows), np.array([label for _, label in pairs])))
        cells = [
            " / ".join(f"{score:.2f}".lstrip("0") for score in row)
            for row in [*scores, np.mean(scores, axis=0)]
        ]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
