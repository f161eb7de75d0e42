"""Strategies that contrast unlabeled items with labeled ones."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hitl_widgets.learn.learner import FloatArray
from hitl_widgets.learn.linear import LinearLearner
from hitl_widgets.learn.strategies.base import Context, best_first, orders_batch, rank

__all__ = ["contrastive", "discriminative"]

NEIGHBOURS = 10
PARTS = 10
SAMPLE = 5_000
BLOCK = 10_000
TINY = 1e-12


def contrastive(proba: FloatArray, context: Context) -> FloatArray:
    """Return how much an item's probabilities differ from those of its nearest labeled items.

    CAL (Margatina, Vernikos, Barrault and Aletras 2021): the mean KL divergence KL(labeled || item) over the
    ten nearest labeled items. Items that are similar to labeled ones but predicted differently are close to
    the decision boundary. Without labels, the utilities are zero.
    """
    labelled = np.flatnonzero(context.y >= 0)
    candidates = np.flatnonzero(context.candidates)
    found = np.zeros(len(proba))
    if not len(labelled) or not len(candidates):
        return found
    from sklearn.neighbors import NearestNeighbors

    model = NearestNeighbors(n_neighbors=min(NEIGHBOURS, len(labelled))).fit(context.X[labelled])
    P = np.asarray(proba[labelled], dtype=np.float64)
    own = (P * _log(P)).sum(axis=1)
    for low in range(0, len(candidates), BLOCK):
        some = candidates[low : low + BLOCK]
        near = model.kneighbors(context.X[some], return_distance=False)
        # KL(p || q) is the sum of p log p, which belongs to the labeled item, minus that of p log q.
        found[some] = own[near].mean(axis=1) - (P[near].mean(axis=1) * _log(proba[some])).sum(axis=1)
    return found


def _log(P: FloatArray) -> npt.NDArray[np.float64]:
    return np.asarray(np.log(np.maximum(P, TINY, dtype=np.float64)))


@orders_batch
def discriminative(proba: FloatArray, context: Context) -> FloatArray:
    """Prefer items that a classifier can tell from the labeled ones.

    DAL (Gissin and Shalev-Shwartz 2019): a model is trained to predict whether an item is labeled, and the
    items that are most probably unlabeled are asked, so that the labeled ones become like the pool. Here it
    is a logistic regression on the features, of the labeled and up to 5,000 random unlabeled items, with
    equal weight of both. As proposed by the authors, a batch is chosen in parts, of a tenth of the batch
    each, and the chosen items count as labeled in the next part. Probabilities are not used.
    """
    rng, y = context.random_state, context.y >= 0
    utilities = np.zeros(len(proba))
    if not y.any() or not context.candidates.any():
        return utilities
    model = LinearLearner().start(context.X, 2)
    part, free = -(-context.n // PARTS), context.candidates.copy()
    chosen: list[int] = []
    while len(chosen) < context.n and free.any():
        known, rest = np.flatnonzero(y), np.flatnonzero(~y)
        if len(rest) > SAMPLE:
            rest = np.sort(rng.choice(rest, SAMPLE, replace=False))
        rows = np.concatenate([known, rest])
        weight = np.concatenate([np.full(len(known), len(rest) / len(known)), np.ones(len(rest))])
        model.update(rows, np.repeat([1, 0], [len(known), len(rest)]), weight)
        unlike = np.asarray(model.proba()[:, 0], dtype=np.float64)
        utilities = utilities if chosen else unlike
        best = rank(unlike, free, min(part, context.n - len(chosen)), rng)
        chosen += best
        y[best], free[best] = True, False
    return best_first(chosen, utilities)
