"""Projection of X to a map: PCA immediately, then UMAP in a child process during labeling."""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.background.children import DRAWING, Cancelled, ChildJob, Progress

__all__ = ["Cancelled", "UmapProcess", "normalise_map", "pca_map", "umap_available"]

Matrix = npt.NDArray[np.float32]

_FIT_ROWS = 8_000
_SPARE = 8
_ROUNDS = 5
_BLOCK = 16_384
_CACHED = 1_024
_MIN_UMAP = 15
_MANY = 100_000
_EPOCHS = ((5_000, 200), (50_000, 100), (100_000, 60))
_FAR = 1.5
_ENOUGH = 100_000


def pca_map(X: Any) -> Matrix:
    """Return the first two principal components, fitted on at most 8,000 rows, within [-1, 1].

    Parameters
    ----------
    X
        float32 (n, d), finite, or an object that returns such rows when sliced or indexed; read once

    Returns
    -------
    float32 (n, 2). If X has fewer than two directions, the others are filled with a small reproducible
    jitter, so that points do not overlap.
    """
    n = len(X)
    xy = np.zeros((n, 2))
    if n < 2:
        return xy.astype(np.float32)
    shift, axes, largest = _axes(X)
    for low in range(0, n, _BLOCK):
        block = np.asarray(X[low : low + _BLOCK], np.float32)
        for at in range(0, len(block), _CACHED):
            part = block[at : at + _CACHED]
            part = part if shift is None else part - shift
            xy[low + at : low + at + len(part), : axes.shape[1]] = part @ axes
    extent = np.ptp(xy, axis=0)
    flat = extent <= 1e-6 * max(float(extent.max()), largest * 1e-3)
    size = 0.05 * float(extent[~flat].max()) if not flat.all() else 1.0
    xy[:, flat] = np.random.default_rng(0).uniform(-size, size, (n, int(flat.sum())))
    return normalise_map(xy)


def _axes(X: Any) -> tuple[Matrix | None, Matrix, float]:
    """Return the mean (None if not needed for precision), the axes and the largest value of some rows.

    At most 8,000 rows are used. The axes are float32 (d, 2), or (d, 1) if d is 1.
    """
    n, d = X.shape
    rng = np.random.default_rng(0)
    some = np.sort(rng.choice(n, min(n, _FIT_ROWS), replace=False))
    rows = np.asarray(X[some], np.float32)
    mean = rows.mean(axis=0, dtype=np.float64).astype(np.float32)
    largest = float(np.abs(rows).max())
    axes, spread = _principal(rows - mean, min(2, d), rng)
    far = float(np.abs(mean).max()) > 100 * spread
    return mean if far else None, axes, largest


def _principal(rows: Matrix, k: int, rng: np.random.Generator) -> tuple[Matrix, float]:
    """Return the first k principal axes of centered rows, float32 (d, k), and the spread along the first.

    Uses subspace iteration (Halko, Martinsson and Tropp 2011). Importing scikit-learn's PCA would delay the
    first map by half a second.
    """
    n, d = rows.shape
    scale = np.float32(np.abs(rows).max() or 1)
    rows /= scale
    basis = rng.normal(size=(d, min(d, k + _SPARE))).astype(np.float32)
    for _ in range(_ROUNDS):
        basis, _ = np.linalg.qr(rows.T @ (rows @ basis))
    _, lengths, turn = np.linalg.svd(rows @ basis, full_matrices=False)
    axes = (basis @ turn.T)[:, :k]
    axes *= np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])  # arbitrary sign
    return np.ascontiguousarray(axes), float(scale * lengths[:1].max(initial=0) / np.sqrt(max(1, n - 1)))


def normalise_map(xy: npt.ArrayLike) -> Matrix:
    """Center and scale a map so that its largest coordinate is 1, keeping the aspect ratio.

    If some points lie more than 1.5 times as far out as the box of the middle 90 %, points outside this box
    are pulled in: a distance r > 1, in units of the box, becomes 2 - 1/r. They keep their order and
    direction, and the others keep at least half of the map.

    Parameters
    ----------
    xy
        (n, 2), finite.

    Returns
    -------
    float32 (n, 2) in [-1, 1]; zeros if all points are equal.
    """
    out = np.array(xy, dtype=np.float64).reshape(-1, 2)
    if not len(out):
        return out.astype(np.float32)
    low, high = np.percentile(out[:: 1 + len(out) // _ENOUGH], [5, 95], axis=0)
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
    """Rotate and mirror `xy` (n, 2) onto `reference` (n, 2): Procrustes (Schönemann, 1966)."""
    from scipy.linalg import orthogonal_procrustes

    centred = xy - xy.mean(axis=0)
    turn, _ = orthogonal_procrustes(centred, reference - reference.mean(axis=0))
    return normalise_map(centred @ turn)


def umap_installed() -> bool:
    """Return whether umap-learn can be used; never in a browser, which cannot start processes."""
    return sys.platform != "emscripten" and all(map(importlib.util.find_spec, ("umap", "numba")))


def umap_available(n: int) -> bool:
    """Return whether UMAP can map n points: umap-learn is installed and n is at least 15."""
    return n >= _MIN_UMAP and umap_installed()


def epochs_for(n: int) -> int:
    """Return the number of UMAP epochs for n points, as good as its default in our benchmarks."""
    return next((epochs for most, epochs in _EPOCHS if n <= most), _EPOCHS[-1][1])


class UmapProcess:
    """UMAP (McInnes, Healy and Melville, 2018) of a neighbor graph, started from a map, in a child process.

    Parameters
    ----------
    knn
        int32 (n, k) and float32 (n, k), the neighbors of each row and their distances, itself
        first, as returned by `NeighborGraph.knn`; k >= 2.
    init_xy
        float32 (n, 2), the map on screen. The layout starts from it and is aligned with it.
    n_neighbors
        Number of neighbors of a point, including itself; at most k are used.
    n_epochs
        By default the result of `epochs_for`.
    random_state
        None allows a parallel layout from 50,000 points, which is not reproducible.
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
        noise = np.random.default_rng(0).normal(scale=1e-3, size=init_xy.shape)
        start = (5 * normalise_map(init_xy) + noise).astype(np.float32)
        self._seen = init_xy
        self._job = ChildJob(
            "hitl_widgets.data._umap_child",
            {"indices": knn[0], "distances": knn[1], "init": start},
            {
                "n_neighbors": n_neighbors,
                "n_epochs": n_epochs or epochs_for(len(init_xy)),
                "random_state": random_state,
                "frame_seconds": 1 if len(init_xy) < _MANY else 2,
            },
            "UMAP failed, so the map is unchanged.",
        )

    def run(self, on_progress: Progress, on_frame: Callable[[Matrix], None] = lambda _: None) -> Matrix:
        """Compute the layout; this blocks, so call it from a background thread.

        Parameters
        ----------
        on_progress
            Called in this thread with a text for the stage, and the progress (0..1) if known.
        on_frame
            Called in this thread with the current map, every second, or every two seconds from 100,000
            points.

        Returns
        -------
        float32 (n, 2) in [-1, 1].

        Raises
        ------
        Cancelled
            If `cancel` is called.
        HitlError
            If the child fails; includes the end of its output.
        """
        on_progress("starting UMAP", None)
        job = self._job.run(_with_time_left(on_progress), ["xy"], lambda xy: on_frame(self._turned(xy)))
        return self._turned(job[0])

    def _turned(self, xy: Matrix) -> Matrix:
        """Align the map with the last one displayed, so that nothing jumps."""
        lost = ~np.isfinite(xy).all(axis=1)
        xy[lost] = np.median(xy[~lost], axis=0) if not lost.all() else 0
        self._seen = align_map(xy, self._seen)
        return self._seen

    def cancel(self) -> None:
        """Stop the child, even before it starts; can be called repeatedly and from any thread."""
        self._job.cancel()


def _with_time_left(on_progress: Progress) -> Progress:
    """Wrap a callback to add the estimated remaining time to the text."""
    begun: list[tuple[float, float]] = []

    def tell(words: str, fraction: float | None) -> None:
        if words == DRAWING and fraction is not None:
            now = time.monotonic()
            begun[:] = begun or [(now, fraction)]
            spent, done = now - begun[0][0], fraction - begun[0][1]
            if spent >= 1 and done > 0:
                words = f"{words}, {in_words(spent / done * (1 - fraction))}"
        on_progress(words, fraction)

    return tell


def in_words(seconds: float) -> str:
    """Return a rough duration: ``about 20 s``, ``about 3 min``."""
    if seconds < 90:
        return f"about {5 * max(1, round(seconds / 5))} s"
    return f"about {round(seconds / 60)} min"
