"""Groups on the map, names for them, and their outlines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["find_clusters", "name_text_clusters", "outlines", "plain_names"]

Points = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int16]

_GRID = 256
_MARGIN = 8
_NARROWEST = 0.036
_SCOTT = 0.5  # of Scott's bandwidth, which is meant for a single hill
_FAINTEST = 0.1
_KEPT = 0.9
_HULL_POINTS = 20_000
_WORD = r"(?u)\b[^\W\d_]{3,}\b"


def find_clusters(xy: Points, *, scale: float = 1.0) -> Labels:
    """Groups of points, as the hills of the map's density.

    A kernel density estimate on a grid, whose cells each climb to their peak (Koontz, Narendra and
    Fukunaga, 1976); the bandwidth shrinks with n as Scott's rule (1992) does. The work hardly grows
    with n.

    Parameters
    ----------
    xy
        (n, 2), in [-1, 1] as `normalise_map` gives.
    scale
        less than 1 for more and finer groups, more than 1 for fewer.

    Returns
    -------
    int16 (n,): each point's group, 0 the largest.
    """
    from scipy import ndimage

    n = len(xy)
    if n == 0:
        return np.zeros(0, np.int16)
    inner = _GRID - 2 * _MARGIN
    cells = ((np.clip(xy, -1, 1) + 1) * ((inner - 1) / 2) + 0.5).astype(np.int32) + _MARGIN
    flat = cells[:, 0] * _GRID + cells[:, 1]
    counts = np.bincount(flat, minlength=_GRID * _GRID).reshape(_GRID, _GRID)
    spread = float(np.sqrt(np.var(xy, axis=0, dtype=np.float64).mean()))
    bandwidth = scale * max(_NARROWEST, _SCOTT * spread * n ** (-1 / 6)) * inner / 2
    density = ndimage.gaussian_filter(counts.astype(np.float64), bandwidth, mode="constant")
    peaks = density == ndimage.maximum_filter(density, size=2 * int(1.5 * bandwidth) + 1)
    peaks &= density > _FAINTEST * density.max()
    # A top that is too low or too near a higher one counts with the nearest real peak.
    nearest = ndimage.distance_transform_edt(~peaks, return_distances=False, return_indices=True)
    markers, _ = ndimage.label(peaks, structure=np.ones((3, 3), int))
    hills = markers[tuple(nearest)].ravel()[_climb(density)]
    return _by_size(hills[flat])


def _climb(density: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    """For each cell, flat, the top that it reaches by always stepping to its highest neighbour."""
    cell = np.arange(density.size).reshape(density.shape)
    highest, up = density, cell
    for step in ((i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)):
        there = np.roll(density, step, axis=(0, 1))
        up = np.where(there > highest, np.roll(cell, step, axis=(0, 1)), up)
        highest = np.maximum(there, highest)
    top: npt.NDArray[np.intp] = up.ravel()
    while not np.array_equal(top, further := top[top]):
        top = further
    return top


def _by_size(groups: npt.NDArray[np.int32]) -> Labels:
    _, codes, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    rank = np.empty(len(sizes), np.int16)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes), dtype=np.int16)
    return rank[codes]


def plain_names(labels: Labels) -> list[str]:
    """``["group 1", "group 2", ...]``, one for each cluster id from 0 to the largest."""
    return [f"group {i + 1}" for i in range(_n_groups(labels))]


def name_text_clusters(texts: Sequence[str], labels: Labels, n_words: int = 2) -> list[str]:
    """Name each cluster by the words that set it apart: c-TF-IDF (Grootendorst, 2022, BERTopic).

    Counts the texts that hold a word, not the word, so that one long text cannot name a cluster.

    Parameters
    ----------
    texts
        n texts; English stop words, numbers and words of one or two letters are passed over.
    labels
        (n,) cluster ids.
    n_words
        words in a name.

    Returns
    -------
    One name for each id from 0 to the largest, distinct; ``"group 3"`` where no word is left.
    """
    from scipy import sparse
    from sklearn.feature_extraction.text import CountVectorizer

    names = plain_names(labels)
    vectorizer = CountVectorizer(
        stop_words="english",
        token_pattern=_WORD,
        min_df=2 if len(texts) >= 50 else 1,
        max_features=20_000,
        binary=True,
    )
    try:
        counts = vectorizer.fit_transform(texts)
    except ValueError:  # no words at all
        return names
    n = len(texts)
    members = sparse.csr_matrix((np.ones(n), (labels, np.arange(n))), shape=(len(names), n))
    per_class = (members @ counts).toarray()
    total = per_class.sum(axis=0)
    frequency = per_class / np.maximum(per_class.sum(axis=1, keepdims=True), 1)
    score = frequency * np.log1p(per_class.sum() / len(names) / total)
    words = vectorizer.get_feature_names_out()
    taken: set[str] = set()
    for i, row in enumerate(score):
        best = [str(words[j]) for j in np.argsort(-row, kind="stable")[: n_words + 6] if row[j] > 0]
        names[i] = _distinct(best, n_words, taken, names[i])
        taken.add(names[i])
    return names


def _distinct(best: list[str], n_words: int, taken: set[str], fallback: str) -> str:
    """The first words, or with a later last word where another cluster has that name."""
    head = best[: n_words - 1]
    for last in best[n_words - 1 :] or [""]:
        name = ", ".join(word for word in (*head, last) if word)
        if name and name not in taken:
            return name
    return fallback


def outlines(xy: Points, labels: Labels) -> list[Points]:
    """The convex hull of each cluster's inner 90 % (by distance to its median).

    Parameters
    ----------
    xy
        (n, 2).
    labels
        (n,) cluster ids.

    Returns
    -------
    One float32 (m, 2) polygon, anticlockwise, for each id from 0 to the largest; (0, 2) for an
    id without points.
    """
    order = np.argsort(labels, kind="stable")
    ends = np.cumsum(np.bincount(labels, minlength=_n_groups(labels)))
    groups = np.split(np.asarray(xy, np.float32)[order], ends[:-1]) if len(ends) else []
    return [_outline(points) for points in groups]


def _outline(points: Points) -> Points:
    from scipy.spatial import ConvexHull, QhullError

    if not len(points):
        return np.empty((0, 2), np.float32)
    points = points[:: -(-len(points) // _HULL_POINTS)]
    distance = np.linalg.norm(points - np.median(points, axis=0), axis=1)
    inner = points[distance <= np.quantile(distance, _KEPT)] if len(points) > 3 else points
    try:
        hull = ConvexHull(inner)
    except (QhullError, ValueError):  # one point, two, or all on a line: first widen each
        triangle = 0.01 * np.array([[0, 1], [-0.87, -0.5], [0.87, -0.5]], np.float32)
        inner = (inner[:, None] + triangle).reshape(-1, 2)
        hull = ConvexHull(inner)
    return np.asarray(inner[hull.vertices], np.float32)


def _n_groups(labels: Labels) -> int:
    return int(labels.max()) + 1 if len(labels) else 0
