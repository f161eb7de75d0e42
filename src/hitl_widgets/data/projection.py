"""X to a map: PCA at once, UMAP in a child process while the person already works."""

from __future__ import annotations

import importlib.util

import numpy as np
import numpy.typing as npt

from hitl_widgets.data._child import Cancelled, ChildJob, Progress

__all__ = ["Cancelled", "UmapProcess", "normalise_map", "pca_map", "umap_available"]

Matrix = npt.NDArray[np.float32]

_FIT_ROWS = 20_000
_MIN_UMAP = 15
_FAR = 1.5


def pca_map(X: Matrix) -> Matrix:
    """The first two principal components, fitted on at most 20,000 rows, within [-1, 1].

    Parameters
    ----------
    X
        float32 (n, d), finite.

    Returns
    -------
    float32 (n, 2). Where X has fewer than two directions, the others hold a small repeatable
    jitter so that points do not lie on one another.
    """
    from sklearn.decomposition import PCA

    n, d = X.shape
    rng = np.random.default_rng(0)
    if n < 2:
        return np.zeros((n, 2), np.float32)
    largest = max(abs(float(X.max())), abs(float(X.min())))
    if largest > 1e15:  # squares would leave float32
        X = X / np.float32(largest)
    rows = X if n <= _FIT_ROWS else X[np.sort(rng.choice(n, _FIT_ROWS, replace=False))]
    pca = PCA(min(2, d), random_state=0)
    with np.errstate(invalid="ignore", divide="ignore"):  # a constant X has no variance to share out
        pca.fit(rows)
    xy = np.zeros((n, 2))
    xy[:, : pca.n_components_] = pca.transform(X)
    extent = np.ptp(xy, axis=0)
    flat = extent <= 1e-6 * max(float(extent.max()), largest * 1e-3)
    size = 0.05 * float(extent[~flat].max()) if not flat.all() else 1.0
    xy[:, flat] = rng.uniform(-size, size, (n, int(flat.sum())))
    return normalise_map(xy)


def normalise_map(xy: npt.ArrayLike) -> Matrix:
    """Centre and scale a map so that its largest coordinate is 1, with its aspect kept.

    Only where some points lie more than half as far out again as the middle 90 % do are those
    pulled in: a distance r > 1, in units of that middle box, becomes 2 - 1/r. They stay outermost,
    in order and in their direction, and the others keep at least half of the picture.

    Parameters
    ----------
    xy
        (n, 2), finite.

    Returns
    -------
    float32 (n, 2) in [-1, 1]; zeros where all points are one.
    """
    out = np.array(xy, dtype=np.float64).reshape(-1, 2)
    if not len(out):
        return out.astype(np.float32)
    low, high = np.percentile(out, [5, 95], axis=0)
    middle = float((high - low).max()) / 2
    far = np.abs(out - (low + high) / 2).max(axis=1)
    if middle > 0 and far.max() > _FAR * middle:
        out = (out - (low + high) / 2) / middle
        r = np.maximum(far / middle, 1.0)
        out *= ((2 - 1 / r) / r)[:, None]
    else:
        out -= (out.min(axis=0) + out.max(axis=0)) / 2
    return (out / (np.abs(out).max() or 1.0)).astype(np.float32)


def align_map(xy: Matrix, reference: Matrix) -> Matrix:
    """Turn and mirror `xy` (n, 2) onto `reference` (n, 2): Procrustes (Schönemann, 1966)."""
    from scipy.linalg import orthogonal_procrustes

    centred = xy - xy.mean(axis=0)
    turn, _ = orthogonal_procrustes(centred, reference - reference.mean(axis=0))
    return normalise_map(centred @ turn)


def umap_available(n: int) -> bool:
    """Whether UMAP can map n points: umap-learn is installed and there are at least 15."""
    return n >= _MIN_UMAP and importlib.util.find_spec("umap") is not None


class UmapProcess:
    """UMAP (McInnes, Healy and Melville, 2018) of a neighbour graph from a given map, in a child process.

    Parameters
    ----------
    knn
        int32 (n, k) and float32 (n, k), the neighbours of each row and their distances, itself
        first, as `NeighborGraph.knn` gives them; k >= 2.
    init_xy
        float32 (n, 2), the map on screen; the layout starts from it and is turned to lie
        on it.
    n_neighbors
        neighbours of a point on the map, itself among them; at most k are used.
    n_epochs
        default 200 up to 5,000 points, else 100 (as good as UMAP's default on our
        measures, 4x faster).
    random_state
        repeatable by default; None allows a parallel layout from 50,000 points.
    """

    def __init__(
        self,
        knn: tuple[npt.NDArray[np.int32], Matrix],
        init_xy: Matrix,
        *,
        n_neighbors: int = 15,
        n_epochs: int | None = None,
        random_state: int | None = None,
    ) -> None:
        epochs = n_epochs or (200 if len(init_xy) <= 5_000 else 100)
        noise = np.random.default_rng(0).normal(scale=1e-3, size=init_xy.shape)
        start = (5 * normalise_map(init_xy) + noise).astype(np.float32)
        self._init = init_xy
        self._job = ChildJob(
            "hitl_widgets.data._umap_child",
            {"indices": knn[0], "distances": knn[1], "init": start},
            {"n_neighbors": n_neighbors, "n_epochs": epochs, "random_state": random_state},
            "UMAP failed, the map stays as it was.",
        )

    def run(self, on_progress: Progress) -> Matrix:
        """Lay out the map; blocks, so call it from a background thread.

        Parameters
        ----------
        on_progress
            called in this thread with words for the stage, and how far it is (0..1)
            where that is known.

        Returns
        -------
        float32 (n, 2) in [-1, 1].

        Raises
        ------
        Cancelled
            `cancel` was called.
        HitlError
            the child failed; says its last words.
        """
        on_progress("starting UMAP", None)
        (xy,) = self._job.run(on_progress, ["xy"])
        lost = ~np.isfinite(xy).all(axis=1)
        xy[lost] = np.median(xy[~lost], axis=0) if not lost.all() else 0
        return align_map(xy, self._init)

    def cancel(self) -> None:
        """Stop the child now, or before it starts; from any thread, any number of times."""
        self._job.cancel()
