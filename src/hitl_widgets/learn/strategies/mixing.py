"""ALFA-Mix: ask about items whose predicted class a small change of their features would change."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hitl_widgets.background.turns import one_blas_thread
from hitl_widgets.learn.learner import FloatArray, IntArray, softmax
from hitl_widgets.learn.linear import LinearLearner
from hitl_widgets.learn.scoring import Head
from hitl_widgets.learn.strategies.base import Context, best_first, orders_batch, rank
from hitl_widgets.learn.strategies.batches import weighted_kmeans

__all__ = ["alfa_mix", "mix_to_change"]

STEPS = 32
SAMPLE = 5_000
BLOCK = 10_000
TINY = 1e-300


@orders_batch
@one_blas_thread()
def alfa_mix(proba: FloatArray, context: Context) -> FloatArray:
    """Choose a diverse batch from the items whose prediction changes if labeled items are mixed in.

    ALFA-Mix (Parvaneh, Abbasnejad, Teney, Haffari, van den Hengel and Shi 2022), for a linear model: a
    logistic regression of the labels. The features of an item are mixed with the mean of the labeled items of
    each class, in the proportions that increase the loss of the predicted class most (their closed form). The
    limit of the mixture rises in 32 steps until the prediction of at least n candidates changes; k-means with
    n clusters then chooses among these. Without labels of two classes, the utilities are zero.
    """
    labelled = np.flatnonzero(context.y >= 0)
    y = context.y[labelled]
    candidates = np.flatnonzero(context.candidates)
    if len(np.unique(y)) < 2 or not len(candidates):
        return np.zeros(len(proba))
    needed = mix_to_change(context, labelled, candidates)
    n = min(context.n, len(candidates))
    limit = np.ceil(np.partition(needed, n - 1)[n - 1] * STEPS) / STEPS
    changed = candidates[needed <= limit]
    utilities = np.full(len(proba), -needed.max())
    utilities[candidates] = -needed
    if len(changed) > SAMPLE:
        changed = np.sort(context.random_state.choice(changed, SAMPLE, replace=False))
    # In random order, so that ties are random.
    changed = context.random_state.permutation(changed)
    places, _ = weighted_kmeans(np.ones(len(changed)), context.X[changed], n, context.random_state)
    chosen = np.zeros(len(proba), np.bool_)
    chosen[changed[places]] = True
    return best_first(rank(utilities, chosen, n, context.random_state), utilities)


def mix_to_change(context: Context, labelled: IntArray, rows: IntArray) -> npt.NDArray[np.float64]:
    """Return how much must be mixed into each row until its predicted class changes, (m,), 1 at most.

    With the proportions ``e * |a - x| * g / |g| / (a - x)`` of the authors, for the class mean a and the
    gradient g of the loss, the mixture is ``x + e * |a - x| * g / |g|``: a step along the gradient. The
    result is the smallest e over all classes, times the square root of the number of features.
    """
    y = context.y[labelled]
    model = LinearLearner().start(context.X, int(y.max()) + 1)
    model.update(labelled, y)
    head = model.head
    means = np.array([np.asarray(context.X[labelled[y == c]], np.float64).mean(axis=0) for c in head.codes])
    parts = [rows[low : low + BLOCK] for low in range(0, len(rows), BLOCK)]
    steps = [_shares(np.asarray(context.X[part], dtype=np.float64), head, means) for part in parts]
    return np.concatenate(steps)


def _shares(X: FloatArray, head: Head, means: FloatArray) -> npt.NDArray[np.float64]:
    scores = X @ head.coef.T + head.intercept
    every, now = np.arange(len(X)), scores.argmax(axis=1)
    error = softmax(scores)
    error[every, now] -= 1
    # Along the gradient ``g = coef.T @ error``, the scores change by ``coef @ g``.
    slope = error @ (head.coef @ head.coef.T)
    length = np.sqrt(np.maximum((error * slope).sum(axis=1), TINY))
    gap = scores[every, now][:, None] - scores
    rate = (slope - slope[every, now][:, None]) / length[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        step = np.where(rate > 0, gap / rate, np.inf)
    # The farthest class mean allows the longest step.
    squared = (means**2).sum(axis=1) - 2 * (X @ means.T) + (X**2).sum(axis=1)[:, None]
    reach = np.sqrt(np.maximum(squared.max(axis=1), TINY))
    return np.asarray(np.minimum(step.min(axis=1) * np.sqrt(X.shape[1]) / reach, 1.0))
