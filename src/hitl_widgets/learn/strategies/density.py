"""Strategies that use the position of an item in the pool."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from hitl_widgets.learn.learner import FloatArray
from hitl_widgets.learn.strategies.base import Context, in_memory, orders_batch
from hitl_widgets.learn.strategies.batches import first_of_clusters, open_clusters
from hitl_widgets.learn.strategies.uncertainty import class_counts, entropy, least_confident

__all__ = ["information_density", "mean_cosine", "most_likely_positive", "novelty", "typicality"]

NEIGHBOURS = 20
REFERENCE = 5_000


def information_density(proba: FloatArray, context: Context) -> FloatArray:
    """Return the entropy times the mean cosine similarity to unlabeled items (Settles and Craven 2008).

    Their parameter beta is 1. A negative mean counts as zero, because such items are far from all others.
    """
    return entropy(proba, context) * np.maximum(mean_cosine(context), 0)


def mean_cosine(context: Context) -> npt.NDArray[np.float64]:
    """Return the mean cosine similarity to unlabeled items, including itself, (n,), in O(n d)."""
    X = in_memory(context.X)
    length = np.sqrt((X**2).sum(axis=1, keepdims=True))
    unit = X / np.where(length > 0, length, 1)
    free = context.y < 0
    return np.asarray(unit @ unit[free].mean(axis=0)) if free.any() else np.zeros(len(X))


@orders_batch
def typicality(proba: FloatArray, context: Context) -> FloatArray:
    """Prefer the densest item of each large cluster without labels: a cold start.

    TypiClust (Hacohen, Dekel and Weinshall 2022): there are as many clusters as labels and questions. From
    the clusters with the fewest labels, the largest first, it takes the item with the smallest mean distance
    to its 20 nearest neighbors (or to its neighbors in the graph, if there is one). Probabilities are not
    used.
    """
    cluster, _, order = open_clusters(context)
    return first_of_clusters(-_mean_distance(context), cluster, order, context)


def _mean_distance(context: Context) -> npt.NDArray[np.float64]:
    X = in_memory(context.X)
    if context.affinity is not None:
        return _mean_edge(X, csr_array(context.affinity))
    from sklearn.neighbors import NearestNeighbors

    reference = X
    if len(X) > REFERENCE:
        reference = X[context.random_state.choice(len(X), REFERENCE, replace=False)]
    k = min(NEIGHBOURS + 1, len(reference))
    distance, _ = NearestNeighbors(n_neighbors=k).fit(reference).kneighbors(X)
    return np.asarray(distance.mean(axis=1))


def _mean_edge(X: FloatArray, affinity: csr_array) -> npt.NDArray[np.float64]:
    """Return the mean length of each item's edges; without edges, the maximum length."""
    count = np.diff(affinity.indptr)
    source = np.repeat(np.arange(len(X)), count)
    length = np.empty(len(source))
    for low in range(0, len(source), 100_000):
        part = slice(low, low + 100_000)
        length[part] = np.linalg.norm(X[source[part]] - X[affinity.indices[part]], axis=1)
    total = np.bincount(source, weights=length, minlength=len(X))
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), length.max(initial=1.0)))


def most_likely_positive(proba: FloatArray, context: Context, positive: int | None = None) -> FloatArray:
    """Return the probability of the class to search for (active search, Warmuth et al. 2003).

    See Warmuth, Liao, Rätsch, Mathieson, Putta and Lemmen 2003 for finding all positives rather than a
    decision boundary, and Jiang et al. 2017 (Efficient nonmyopic active search) for the name.

    Parameters
    ----------
    proba, context
        As in every strategy.
    positive
        Code of the class; None for the class with the fewest labels. For a strategy for class 3, use
        ``functools.partial(most_likely_positive, positive=3)``.

    Notes
    -----
    While the class has no label, its probability is not reliable. Then items that differ most from the
    labeled ones are asked, by distance (:func:`novelty`) times least confidence. To find ten positives of a
    rare tenth class (1 % of digits, linear model, 10 seeds), this takes a median of 28 labels, compared to
    109 if the first positive is searched at random.
    """
    counts = class_counts(context.y, proba.shape[1])
    wanted = int(counts.argmin()) if positive is None else positive
    if counts[wanted] == 0:
        return novelty(context) * (0.1 + least_confident(proba, context))
    return np.asarray(proba[:, wanted], dtype=np.float64)


def novelty(context: Context) -> npt.NDArray[np.float64]:
    """Return the distance of each item to the nearest labeled one, (n,); zeros without labels."""
    labelled = np.flatnonzero(context.y >= 0)
    if not len(labelled):
        return np.zeros(len(context.X))
    from sklearn.neighbors import NearestNeighbors

    model = NearestNeighbors(n_neighbors=1).fit(context.X[labelled])
    distance, _ = model.kneighbors(in_memory(context.X))
    return np.asarray(distance[:, 0])
