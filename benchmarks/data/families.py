"""Families of synthetic pools: every number gives another pool of the family."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Rows = tuple[Array, Array]  # features, and the true class codes


def draw(name: str, number: int, n: int) -> Rows:
    """``n`` rows of the family: float32 (n, d), and consecutive class codes int64 (n,)."""
    X, y = FAMILIES[name](np.random.default_rng([7, *name.encode(), number]), n)
    return X.astype(np.float32), np.unique(y, return_inverse=True)[1]


def shades(rng: np.random.Generator, n: int) -> Rows:
    k, d = int(rng.integers(10, 21)), 32
    centres = rng.normal(size=(k, d)) * 0.55
    y = rng.integers(0, k, n)
    return centres[y] + rng.normal(size=(n, d)) * rng.uniform(0.6, 1.0), y


def columns(rng: np.random.Generator, n: int) -> Rows:
    X = rng.normal(size=(n, 40))
    i, j = rng.choice(40, 2, replace=False)
    ways = [X[:, i] > 0.3, (X[:, i] > 0) & (X[:, j] > -0.3), np.abs(X[:, i]) > 0.7]
    return X, ways[rng.integers(3)].astype(np.int64)


def imbalance(rng: np.random.Generator, n: int) -> Rows:
    modes = rng.normal(size=(8, 16)) * 1.5
    mode = rng.integers(0, 7, n)
    mode[rng.choice(n, n // 51, replace=False)] = 7
    return modes[mode] + rng.normal(size=(n, 16)), (mode == 7).astype(np.int64)


def curved(rng: np.random.Generator, n: int) -> Rows:
    X = rng.normal(size=(n, 6))
    ways = [np.hypot(X[:, 0], X[:, 1]) > 1.18, X[:, 0] > 0.9 * np.sin(2 * X[:, 1]), X[:, 0] * X[:, 1] > 0]
    y = ways[rng.integers(3)].astype(np.int64)
    X[:, 2:] *= 0.5
    return _turned(rng, X), y


def mixed(rng: np.random.Generator, n: int) -> Rows:
    modes, shares = rng.normal(size=(15, 12)) * 3, rng.dirichlet(np.full(4, 0.35), 15)
    mode = rng.integers(0, 15, n)
    y = (rng.random(n)[:, None] > shares[mode].cumsum(axis=1)[:, :-1]).sum(axis=1)
    return modes[mode] + rng.normal(size=(n, 12)), y


def duplicates(rng: np.random.Generator, n: int) -> Rows:
    centres, base = rng.normal(size=(5, 20)) * 0.8, n // 4
    y = rng.integers(0, 5, base)
    X = centres[y] + rng.normal(size=(base, 20))
    often = rng.pareto(1.2, base) + 0.1
    rows = rng.choice(base, n, p=often / often.sum())
    return X[rows] + 1e-3 * rng.normal(size=(n, 20)), y[rows]


def blobs(rng: np.random.Generator, n: int) -> Rows:
    modes = rng.normal(size=(18, 24)) * 1.1
    mode = rng.integers(0, 18, n)
    return modes[mode] + rng.normal(size=(n, 24)), mode % 6


def line(rng: np.random.Generator, n: int) -> Rows:
    X = rng.normal(size=(n, 10))
    return X, (X @ rng.normal(size=10) > 0).astype(np.int64)


def plane(rng: np.random.Generator, n: int) -> Rows:
    centres = rng.normal(size=(12, 10)) * 5
    centres[:, 0] = 0
    X = centres[rng.integers(0, 12, n)] + rng.normal(size=(n, 10))
    return _turned(rng, X), (X[:, 0] > 0).astype(np.int64)


def _turned(rng: np.random.Generator, X: Array) -> Array:
    """Rotate the rows randomly, so that no single column is informative."""
    return X @ np.linalg.qr(rng.normal(size=(X.shape[1],) * 2))[0]


FAMILIES: dict[str, Callable[[np.random.Generator, int], Rows]] = {
    f.__name__: f for f in (shades, columns, imbalance, curved, mixed, duplicates, blobs, line, plane)
}

WORDS = {
    "shades": "10 to 20 overlapping Gaussian classes in 32 dimensions",
    "columns": "one or two columns of 40 decide, each by a threshold",
    "imbalance": "eight Gaussian modes; one of them, 1 row in 51, is the second class",
    "curved": "a circle, a wave or a two-by-two checkerboard in a plane in 6 dimensions",
    "mixed": "15 distant clusters, each a mixture of four classes: even the best model is often wrong",
    "duplicates": "rows that are repeated a few times or hundreds of times, five overlapping classes",
    "blobs": "18 Gaussian modes of six classes",
    "line": "one Gaussian blob, cut in two by a plane through its centre: neighbourhoods are uninformative",
    "plane": "12 clusters, each cut by the same plane: neighbourhoods are misleading",
}
