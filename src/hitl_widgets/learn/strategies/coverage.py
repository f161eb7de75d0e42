"""Probability coverage: ask about items that have many others near them, until all are near a label."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hitl_widgets.background.turns import one_blas_thread, one_thread
from hitl_widgets.learn.learner import FloatArray, IntArray
from hitl_widgets.learn.strategies.base import Context, best_first, orders_batch

__all__ = ["prob_cover"]

# Coverage is a share of the pool, so a sample of this size estimates it to a percent or two.
SAMPLE = 4_000
PURITY = 0.95


@orders_batch
@one_blas_thread()
def prob_cover(proba: FloatArray, context: Context) -> FloatArray:
    """Prefer the item with the most uncovered items within a radius of it: a cold start.

    ProbCover (Yehuda, Dekel, Hacohen and Weinshall 2022). Items within the radius of a labeled or chosen item
    are covered. The radius is the largest at which at least 95 % of all items have no item of another cluster
    within it; clusters are those of k-means with one cluster for each class. Probabilities are not used.

    The authors' graph takes memory of order n^2. So in pools of more than 4,000 items, the coverage is
    estimated on 4,000 random ones, and 4,000 random candidates are compared.
    """
    rng, n = context.random_state, len(context.y)
    points = np.asarray(context.X[_some(np.arange(n), rng)], np.float64)
    # In random order, so that ties are random.
    centres = rng.permutation(_some(np.flatnonzero(context.candidates), rng))
    radius = _radius(points, proba.shape[1], rng)
    covers = _within(context.X[centres], points, radius)
    bare = ~_within(context.X[context.y >= 0], points, radius).any(axis=0)
    gain = covers[:, bare].sum(axis=1)
    others = np.zeros(n)
    others[centres] = gain
    chosen: list[int] = []
    for _ in range(min(context.n, len(centres))):
        best = int(gain.argmax())
        chosen.append(best)
        fresh = covers[best] & bare
        bare &= ~fresh
        gain -= covers[:, fresh].sum(axis=1)
        gain[best] = -1 - len(points)  # below every item that is not chosen
    return best_first(centres[chosen].tolist(), others)


def _some(rows: IntArray, rng: np.random.Generator) -> IntArray:
    return rows if len(rows) <= SAMPLE else rng.choice(rows, SAMPLE, replace=False)


def _squared(A: FloatArray, B: FloatArray) -> npt.NDArray[np.float32]:
    """Return the squared distances of rows of A and B, float32 (a, b)."""
    found = np.empty((len(A), len(B)), np.float32)
    middle = B.mean(axis=0)  # distances from far away would be imprecise
    B = B - middle
    norm = (B**2).sum(axis=1)
    for low in range(0, len(A), 500):
        part = A[low : low + 500] - middle
        found[low : low + 500] = np.maximum((part**2).sum(axis=1)[:, None] + norm - 2 * part @ B.T, 0)
    return found


def _within(A: FloatArray, B: FloatArray, radius: float) -> npt.NDArray[np.bool_]:
    """Return which rows of B are closer than the radius (squared) to rows of A, (a, b); equal rows are."""
    squared = _squared(A, B)
    return np.asarray((squared < radius) | (squared == 0))


def _radius(points: FloatArray, n_classes: int, rng: np.random.Generator) -> float:
    """Return the square of the largest radius at which enough balls contain one cluster only."""
    from sklearn.cluster import KMeans

    k = min(n_classes, len(np.unique(points, axis=0)))
    with one_thread():
        cluster = KMeans(k, n_init=1, random_state=int(rng.integers(2**31))).fit_predict(points)
    squared = _squared(points, points)
    for c in range(k):
        squared[np.ix_(cluster == c, cluster == c)] = np.inf
    # A ball without its border is pure up to the distance of the nearest item of another cluster.
    nearest = np.sort(squared.min(axis=1))
    return float(nearest[int((1 - PURITY) * len(nearest))])
