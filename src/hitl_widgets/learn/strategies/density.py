"""Strategies that look at where an item lies in the pool."""

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
    """Entropy times the mean cosine similarity to all that has no label (Settles and Craven 2008).

    Their beta is 1. A mean below zero counts as zero: such items lie apart from all others.
    """
    return entropy(proba, context) * np.maximum(mean_cosine(context), 0)


def mean_cosine(context: Context) -> npt.NDArray[np.float64]:
    """Mean cosine similarity of each item to the unlabelled ones, itself among them: (n,), in O(n d)."""
    X = in_memory(context.X)
    length = np.sqrt((X**2).sum(axis=1, keepdims=True))
    unit = X / np.where(length > 0, length, 1)
    free = context.y < 0
    return np.asarray(unit @ unit[free].mean(axis=0)) if free.any() else np.zeros(len(X))


@orders_batch
def typicality(proba: FloatArray, context: Context) -> FloatArray:
    """The densest item of each large cluster that has no label yet: a cold start.

    TypiClust (Hacohen, Dekel and Weinshall 2022): as many clusters as there are labels and
    questions; from those with the fewest labels, the largest first, the item with the smallest mean
    distance to its 20 nearest neighbours (to its neighbours in the graph, where there is one).
    Looks at no probabilities.
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
    """Mean length of each item's edges; what has none is as far as the longest."""
    count = np.diff(affinity.indptr)
    source = np.repeat(np.arange(len(X)), count)
    length = np.empty(len(source))
    for low in range(0, len(source), 100_000):
        part = slice(low, low + 100_000)
        length[part] = np.linalg.norm(X[source[part]] - X[affinity.indices[part]], axis=1)
    total = np.bincount(source, weights=length, minlength=len(X))
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), length.max(initial=1.0)))


def most_likely_positive(proba: FloatArray, context: Context, positive: int | None = None) -> FloatArray:
    """The probability of the class that is hunted for (Warmuth et al. 2003, active search).

    Warmuth, Liao, Rätsch, Mathieson, Putta and Lemmen 2003 for finding all positives rather than a
    boundary; Jiang et al. 2017 (Efficient nonmyopic active search) for the name.

    Parameters
    ----------
    proba, context
        As for every strategy.
    positive
        Code of the class; None for the class of fewest labels. With
        ``functools.partial(most_likely_positive, positive=3)`` it is a strategy for class 3.

    Notes
    -----
    While that class has no label no probability of it can be trusted: what is asked then is what
    is least like the labelled items, by distance (:func:`novelty`) times least confidence. From
    cold to ten positives of a rare tenth class (1 % of digits, linear model, 10 seeds) that takes
    28 labels in the median, 109 where the first positive is sought at random.
    """
    counts = class_counts(context.y, proba.shape[1])
    wanted = int(counts.argmin()) if positive is None else positive
    if counts[wanted] == 0:
        return novelty(context) * (0.1 + least_confident(proba, context))
    return np.asarray(proba[:, wanted], dtype=np.float64)


def novelty(context: Context) -> npt.NDArray[np.float64]:
    """Distance of each item to the nearest labelled one, of shape (n,); zeros where none is."""
    labelled = np.flatnonzero(context.y >= 0)
    if not len(labelled):
        return np.zeros(len(context.X))
    from sklearn.neighbors import NearestNeighbors

    model = NearestNeighbors(n_neighbors=1).fit(context.X[labelled])
    distance, _ = model.kneighbors(in_memory(context.X))
    return np.asarray(distance[:, 0])
