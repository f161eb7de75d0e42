"""Strategies that choose a batch as a whole; chosen items have the highest utilities, best first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.background.turns import one_thread
from hitl_widgets.learn.learner import FloatArray, IntArray
from hitl_widgets.learn.strategies.base import Context, best_first, in_memory, orders_batch, rank
from hitl_widgets.learn.strategies.uncertainty import margin

__all__ = [
    "badge",
    "cold_start_size",
    "core_set",
    "kmeans",
    "kmeans_start",
    "margin_kmeans",
    "open_clusters",
    "weighted_kmeans",
]

SAMPLE = 20_000
CLUSTERS = 500
PREFILTER = 10

Distances = Callable[[int], npt.NDArray[np.float64]]


def cold_start_size(n_classes: int) -> int:
    """Return the number of items to ask before there is a model: one per class, at least 10.

    After that, the model with the graph chooses better: on digits and docstrings, 20 labels including 10
    medoids gave 3 and 5 points more accuracy than 20 medoids.
    """
    return max(n_classes, 10)


def kmeans_start(X: npt.NDArray[np.float32], n: int, random_state: Any = 0) -> list[int]:
    """Return rows to ask before there is a model: the item nearest to each k-means center.

    On digits with 20 labels, cluster medoids give 18 points more accuracy than random items, while k-center
    greedy is harmful (see Yuan, Lin and Boyd-Graber 2020 for clustering as a cold start).

    Returns
    -------
    list of int
        At most ``n`` distinct rows, from larger clusters first.
    """
    rng = np.random.default_rng(random_state)
    rows = np.arange(len(X))
    if len(X) > SAMPLE:
        rows = np.sort(rng.choice(len(X), SAMPLE, replace=False))
    sample = X[rows].astype(np.float64)
    if len(rows) <= n:
        return [int(i) for i in rng.permutation(rows)]
    from sklearn.cluster import MiniBatchKMeans

    model = MiniBatchKMeans(n, n_init=3, random_state=int(rng.integers(2**31)), batch_size=2048)
    with one_thread():
        distance = model.fit_transform(sample)
    sizes = np.bincount(model.labels_, minlength=n)
    chosen: list[int] = []
    for cluster in np.argsort(-sizes, kind="stable"):
        for row in np.argsort(distance[:, cluster], kind="stable")[:2]:
            if (found := int(rows[row])) not in chosen:
                chosen.append(found)
                break
    return chosen


def open_clusters(context: Context) -> tuple[IntArray, npt.NDArray[np.float64], list[int]]:
    """Run k-means with as many clusters as there are labels and questions, at most 500.

    Returns
    -------
    ndarray, ndarray, list of int
        The cluster of each item, int of shape (n,); its distance to the center, (n,); and the clusters to
        ask from: those with the fewest labels first, then the largest.
    """
    rng, X = context.random_state, in_memory(context.X)
    labelled = context.y >= 0
    k = max(1, min(int(labelled.sum()) + context.n, CLUSTERS, len(X)))
    sample = X if len(X) <= SAMPLE else X[rng.choice(len(X), SAMPLE, replace=False)]
    from sklearn.cluster import MiniBatchKMeans

    model = MiniBatchKMeans(k, n_init=1, random_state=int(rng.integers(2**31)), batch_size=2048)
    with one_thread():
        cluster = model.fit(sample).predict(X)
    centres = model.cluster_centers_
    distance = np.sqrt(((X - centres[cluster]) ** 2).sum(axis=1))
    labels = np.bincount(cluster[labelled], minlength=k)
    sizes = np.bincount(cluster, minlength=k)
    askable = np.bincount(cluster[context.candidates], minlength=k) > 0
    order = np.lexsort((-sizes, labels))
    return cluster, distance, [int(c) for c in order if askable[c]]


@orders_batch
def kmeans(proba: FloatArray, context: Context) -> FloatArray:
    """Prefer the items nearest to the k-means centers of clusters without labels: a cold start.

    There are as many clusters as labels and questions. Clusters without labels come first, in the order of
    their size (Yuan, Lin and Boyd-Graber 2020). Probabilities are not used.
    """
    cluster, distance, order = open_clusters(context)
    return first_of_clusters(-distance, cluster, order, context)


def first_of_clusters(
    values: FloatArray, cluster: IntArray, order: list[int], context: Context
) -> FloatArray:
    """Return utilities that put the best candidate of each cluster first, in the given order."""
    chosen = []
    for c in order[: context.n]:
        members = np.flatnonzero((cluster == c) & context.candidates)
        members = context.random_state.permutation(members)
        chosen.append(int(members[values[members].argmax()]))
    return best_first(chosen, values)


@orders_batch
def core_set(proba: FloatArray, context: Context) -> FloatArray:
    """K-center greedy: choose the item farthest from all labeled and chosen items.

    Sener and Savarese 2018. It covers the pool once there are labels. As a cold start, it is harmful, because
    it begins with outliers (accuracy 0.33 at 20 labels on digits, compared to 0.61 for random items and 0.79
    for k-means): use ``kmeans`` or ``typicality`` instead.
    """
    X = in_memory(context.X)
    norm = (X**2).sum(axis=1)

    def squared_distance(rows: IntArray) -> npt.NDArray[np.float64]:
        squared = np.maximum(norm[:, None] - 2 * X @ X[rows].T + norm[rows], 0)
        return np.asarray(squared.min(axis=1))

    far = np.full(len(X), np.inf)
    labelled = np.flatnonzero(context.y >= 0)
    for low in range(0, len(labelled), 64):
        far = np.minimum(far, squared_distance(labelled[low : low + 64]))
    order = context.random_state.permutation(np.flatnonzero(context.candidates))
    free = np.ones(len(order), dtype=bool)
    chosen: list[int] = []
    while len(chosen) < min(context.n, len(order)):
        place = int(np.where(free, far[order], -1).argmax())
        free[place] = False
        chosen.append(int(order[place]))
        far = np.minimum(far, squared_distance(np.array(chosen[-1:])))
    return best_first(chosen, np.where(np.isfinite(far), far, 0))


@orders_batch
def badge(proba: FloatArray, context: Context) -> FloatArray:
    """K-means++ on the gradients that a linear head would have if its guess were correct.

    BADGE (Ash, Zhang, Krishnamurthy, Langford and Agarwal 2020). The gradient of an item is the outer product
    of its error, the probabilities minus the one-hot predicted class, and its features (with 1 for the
    intercept). The inner product of two gradients is a product of two small inner products, so the
    n x (classes x features) gradients are never computed.
    """
    rows = np.flatnonzero(context.candidates)
    X = context.X[rows].astype(np.float64)
    error = proba[rows].astype(np.float64)
    error[np.arange(len(rows)), error.argmax(axis=1)] -= 1
    norm = (error**2).sum(axis=1) * ((X**2).sum(axis=1) + 1)

    def squared_distance(i: int) -> npt.NDArray[np.float64]:
        inner = (error @ error[i]) * (X @ X[i] + 1)
        return np.asarray(np.maximum(norm + norm[i] - 2 * inner, 0))

    others = np.zeros(len(proba))
    others[rows] = norm
    chosen = _plus_plus(norm, squared_distance, context)
    return best_first([int(rows[i]) for i in chosen], others)


def _plus_plus(norm: npt.NDArray[np.float64], squared_distance: Distances, context: Context) -> list[int]:
    """Choose by k-means++ seeding (Arthur and Vassilvitskii 2007), from the largest norm as in BADGE."""
    rng = context.random_state
    near = np.full(len(norm), np.inf)
    chosen: list[int] = []
    while len(chosen) < min(context.n, len(norm)):
        weight = norm.copy() if not chosen else near.copy()
        weight[chosen] = 0
        if not chosen:
            pick = int(rng.choice(np.flatnonzero(weight == weight.max())))
        elif weight.sum() > 0:
            pick = int(rng.choice(len(norm), p=weight / weight.sum()))
        else:
            pick = int(rng.choice(np.setdiff1d(np.arange(len(norm)), chosen)))
        chosen.append(pick)
        near = np.minimum(near, squared_distance(pick))
    return chosen


@orders_batch
def margin_kmeans(proba: FloatArray, context: Context) -> FloatArray:
    """Choose, from the 10 n items with the smallest margin, those nearest to n weighted k-means centers.

    Zhdanov 2019 (Diverse mini-batch active learning), with the margin utility as weight. Within the batch,
    the smallest margin comes first. A batch of one is plain margin.
    """
    utilities = np.asarray(margin(proba, context), dtype=np.float64)
    top = np.array(rank(utilities, context.candidates, PREFILTER * context.n, context.random_state))
    if context.n > 1 and len(top):
        places, _ = weighted_kmeans(utilities[top], context.X[top], context.n, context.random_state)
        top = top[places]
    return best_first(top[: context.n].tolist(), utilities)


def weighted_kmeans(
    weight: npt.NDArray[np.float64], X: npt.NDArray[np.float32], n: int, rng: np.random.Generator
) -> tuple[list[int], IntArray]:
    """Return the rows nearest to the centers of weighted k-means.

    Parameters
    ----------
    weight, X
        float of shape (m,), non-negative; float32 of shape (m, d).
    n
        Number of rows.
    rng
        Generator for the centers.

    Returns
    -------
    list of int, ndarray
        min(n, m) distinct rows in ascending order, and the cluster of each row, int of shape (m,).
        If centers share their nearest row, the first other rows are added.
    """
    if len(X) <= n:
        return list(range(len(X))), np.arange(len(X))
    distinct = len(np.unique(X, axis=0))
    from sklearn.cluster import KMeans

    model = KMeans(min(n, distinct), n_init=1, random_state=int(rng.integers(2**31)))
    weight = np.maximum(weight, 1e-9)
    with one_thread():
        distance = model.fit(X.astype(np.float64), sample_weight=weight / weight.max()).transform(X)
    chosen = {int(i) for i in distance.argmin(axis=0)}
    others = [i for i in range(len(X)) if i not in chosen]
    return sorted([*chosen, *others[: n - len(chosen)]]), np.asarray(distance.argmin(axis=1))
