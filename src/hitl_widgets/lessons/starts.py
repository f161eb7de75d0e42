"""The first labels of a lesson, before any strategy asks."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput, choices, nearest

__all__ = ["STARTS", "read_start", "start_rows"]

STARTS = {
    "kmeans": "The middle of each of the largest groups (k-means).",
    "random": "Drawn at random.",
    "worst": "Points next to each other, all of one class.",
    "none": "No labels at all.",
}
OWN = "chosen"
COLD = 7
TRIES, ROUNDS = 3, 50
SHARE = 0.6

Points = npt.NDArray[np.float32]


def read_start(start: Any, n: int, budget: int) -> tuple[str, tuple[int, ...]]:
    """Return the name of ``start=``, and the rows if it names points."""
    if isinstance(start, str):
        if start not in STARTS:
            raise InvalidInput(
                f"start={start!r} is not known.{nearest(start, STARTS)} Expected one of {choices(STARTS)}, "
                "or the row numbers of the first points."
            )
        return start, ()
    try:
        rows = tuple(int(row) for row in start)
        exact = rows == tuple(start)
    except (TypeError, ValueError):
        rows, exact = (), False
    if not exact or len(set(rows)) != len(rows) or not all(0 <= row < n for row in rows):
        raise InvalidInput(
            f"start={start!r}: expected one of {choices(STARTS)}, or different row numbers from 0 to {n - 1}."
        )
    if not 0 < len(rows) < budget:
        raise InvalidInput(
            f"start= names {len(rows)} points. Expected 1 to {budget - 1}, below budget={budget}."
        )
    return OWN, rows


def start_rows(start: str, X: Points, truth: npt.NDArray[np.int16], k: int, seed: int) -> tuple[int, ...]:
    """Return the rows of a start, ``k`` of them (none for ``"none"``)."""
    if start == "none":
        return ()
    rng = np.random.default_rng([seed, COLD, 1])
    if start == "random":
        return tuple(int(row) for row in rng.choice(len(X), k, replace=False))
    if start == "worst":
        return _close_together(X, truth, k, rng)
    return _middles(X.astype(np.float64), k, rng)


def _close_together(
    X: Points, truth: npt.NDArray[np.int16], k: int, rng: np.random.Generator
) -> tuple[int, ...]:
    counts = np.bincount(truth)
    among = np.flatnonzero(counts[truth] >= min(k, counts.max()))
    first = int(rng.choice(among))
    same = np.flatnonzero(truth == truth[first])
    far = ((X[same] - X[first]) ** 2).sum(axis=1)
    return tuple(int(row) for row in same[np.argsort(far, kind="stable")][:k])


def _middles(X: npt.NDArray[np.float64], k: int, rng: np.random.Generator) -> tuple[int, ...]:
    """The point nearest to each k-means centre of a sample of the points, from the largest group.

    Lloyd's algorithm from k-means++ seeds (Arthur and Vassilvitskii 2007), the best of three runs. The sample
    makes a new start differ from the last. A session uses scikit-learn; importing it takes more memory than
    all the rest of a lesson.
    """
    rows = np.sort(rng.choice(len(X), max(k, round(SHARE * len(X))), replace=False))
    X = X[rows]
    runs = [_lloyd(X, _seeds(X, k, rng)) for _ in range(TRIES)]
    distance = min(runs, key=lambda found: found.min(axis=1).sum())
    sizes = np.bincount(distance.argmin(axis=1), minlength=k)
    chosen: list[int] = []
    for group in np.argsort(-sizes, kind="stable"):
        order = np.argsort(distance[:, group], kind="stable")
        chosen.append(next(int(row) for row in order if int(row) not in chosen))
    return tuple(int(rows[place]) for place in chosen)


def _seeds(X: npt.NDArray[np.float64], k: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    rows = [int(rng.integers(len(X)))]
    near = _squared(X, X[rows]).ravel()
    while len(rows) < k:
        weight = near / near.sum() if near.sum() > 0 else None
        rows.append(int(rng.choice(len(X), p=weight)))
        near = np.minimum(near, _squared(X, X[rows[-1:]]).ravel())
    return X[rows]


def _lloyd(X: npt.NDArray[np.float64], centres: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The squared distance of each point to each centre at the end."""
    group = np.full(len(X), -1)
    for _ in range(ROUNDS):
        distance = _squared(X, centres)
        before, group = group, distance.argmin(axis=1)
        if np.array_equal(before, group):
            break
        centres = np.array(
            [X[group == c].mean(axis=0) if (group == c).any() else centres[c] for c in range(len(centres))]
        )
    return _squared(X, centres)


def _squared(X: npt.NDArray[np.float64], centres: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(((X[:, None] - centres) ** 2).sum(axis=2))
