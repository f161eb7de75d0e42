"""Clusters on the map, their outlines and their medoids."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["find_clusters", "medoids", "outlines"]

Points = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int16]

_GRID = 256
_MARGIN = 8
_NARROWEST = 0.036
_SCOTT = 0.5  # factor of Scott's bandwidth, which assumes a single peak
_FAINTEST = 0.1
_KEPT = 0.9
_ENOUGH = 20_000


def find_clusters(xy: Points, *, scale: float = 1.0) -> Labels:
    """Find clusters of points as peaks of the map's density.

    Each cell of a kernel density estimate on a grid is assigned to the peak that it climbs to (Koontz,
    Narendra and Fukunaga, 1976). The bandwidth shrinks with n as in Scott's rule (1992). The run time
    hardly grows with n.

    Parameters
    ----------
    xy
        (n, 2), in [-1, 1], as returned by `normalise_map`.
    scale
        Less than 1 for more and smaller clusters, more than 1 for fewer.

    Returns
    -------
    int16 (n,): each point's cluster, where 0 is the largest.
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
    # A peak that is too low or too close to a higher one is merged into the nearest valid peak.
    nearest = ndimage.distance_transform_edt(~peaks, return_distances=False, return_indices=True)
    markers, _ = ndimage.label(peaks, structure=np.ones((3, 3), int))
    hills = markers[tuple(nearest)].ravel()[_climb(density)]
    return _by_size(hills[flat])


def _climb(density: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    """Return, for each cell (flat), the peak reached by always moving to the highest neighbor."""
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
    sizes = np.bincount(groups)
    rank = np.empty(len(sizes), np.int16)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes), dtype=np.int16)
    return rank[groups]


def outlines(xy: Points, labels: Labels) -> list[Points]:
    """Return the convex hull of each cluster's inner 90 % (by distance to its median).

    Parameters
    ----------
    xy
        (n, 2).
    labels
        (n,) cluster ids.

    Returns
    -------
    One float32 (m, 2) polygon, counterclockwise, for each id from 0 to the largest; (0, 2) for an
    id without points.
    """
    return [_outline(np.asarray(xy[rows], np.float32)) for rows in _members(labels)]


def medoids(xy: Points, labels: Labels) -> npt.NDArray[np.int64]:
    """Return the point nearest to each cluster's median, int64; -1 for a cluster without points."""
    found = np.full(_n_groups(labels), -1, np.int64)
    for group, rows in enumerate(_members(labels)):
        if len(rows):
            middle = np.median(xy[rows], axis=0)
            found[group] = rows[np.square(xy[rows] - middle).sum(axis=1).argmin()]
    return found


def _members(labels: Labels) -> list[npt.NDArray[np.int64]]:
    """Return at most 20,000 points of each cluster."""
    order = np.argsort(labels, kind="stable")
    ends = np.cumsum(np.bincount(labels, minlength=_n_groups(labels)))
    groups = np.split(order, ends[:-1]) if len(ends) else []
    return [rows[:: max(1, -(-len(rows) // _ENOUGH))] for rows in groups]


def _outline(points: Points) -> Points:
    from scipy.spatial import ConvexHull, QhullError

    if not len(points):
        return np.empty((0, 2), np.float32)
    distance = np.linalg.norm(points - np.median(points, axis=0), axis=1)
    inner = points[distance <= np.quantile(distance, _KEPT)] if len(points) > 3 else points
    try:
        hull = ConvexHull(inner)
    except (QhullError, ValueError):  # one point, two, or all on a line: widen each first
        triangle = 0.01 * np.array([[0, 1], [-0.87, -0.5], [0.87, -0.5]], np.float32)
        inner = (inner[:, None] + triangle).reshape(-1, 2)
        hull = ConvexHull(inner)
    return np.asarray(inner[hull.vertices], np.float32)


def _n_groups(labels: Labels) -> int:
    return int(labels.max()) + 1 if len(labels) else 0
