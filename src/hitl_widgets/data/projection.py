"""X to a map: PCA at once, UMAP in a child process while the person already works."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import HitlError

__all__ = ["Cancelled", "UmapProcess", "normalise_map", "pca_map", "umap_available"]

Matrix = npt.NDArray[np.float32]
Progress = Callable[[str, float | None], None]

_FIT_ROWS = 20_000
_MIN_UMAP = 15
_FAR = 1.5


class Cancelled(HitlError):
    """The map was no longer wanted."""


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
    """UMAP (McInnes, Healy and Melville, 2018) of X from a given map, in a child process.

    A process, not a thread: while numba compiles and lays out it would hold the kernel's GIL, and
    a process can be stopped at once. The child runs at a lower priority and leaves a core free.

    Parameters
    ----------
    X
        float32 (n, d), finite; distances are Euclidean.
    init_xy
        float32 (n, 2), the map on screen; the layout starts from it and is turned to lie
        on it.
    knn
        (indices (n, k), distances (n, k)) of each row's neighbours, itself first, if they are
        known.
    n_neighbors
        neighbours of a point on the map.
    n_epochs
        default 200 up to 5,000 points, else 100 (as good as UMAP's default on our
        measures, 4x faster).
    random_state
        repeatable by default; None allows a parallel layout from 50,000 points.
    """

    def __init__(
        self,
        X: Matrix,
        init_xy: Matrix,
        *,
        knn: tuple[npt.NDArray[np.integer], npt.NDArray[np.floating]] | None = None,
        n_neighbors: int = 15,
        n_epochs: int | None = None,
        random_state: int | None = None,
    ) -> None:
        self._X, self._init, self._knn = X, init_xy, knn
        epochs = n_epochs or (200 if len(X) <= 5_000 else 100)
        self._job = {"n_neighbors": n_neighbors, "n_epochs": epochs, "random_state": random_state}
        self._lock = threading.Lock()
        self._cancelled = False
        self._child: subprocess.Popen[str] | None = None

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
        with tempfile.TemporaryDirectory(prefix="hitl-umap-", ignore_cleanup_errors=True) as name:
            folder = Path(name)
            self._write_job(folder)
            with (folder / "errors.txt").open("w+", encoding="utf-8", errors="replace") as errors:
                child = self._start(folder, errors.fileno())
                try:
                    _follow(child, on_progress)
                finally:
                    child.kill()
                    child.wait()
                    _close_pipes(child)
                errors.seek(0)
                return self._result(folder, errors.read())

    def cancel(self) -> None:
        """Stop the child now, or before it starts; from any thread, any number of times."""
        with self._lock:
            self._cancelled = True
            if self._child is not None:
                self._child.kill()

    def _write_job(self, folder: Path) -> None:
        np.save(folder / "X.npy", self._X)
        noise = np.random.default_rng(0).normal(scale=1e-3, size=self._init.shape)
        np.save(folder / "init.npy", (5 * normalise_map(self._init) + noise).astype(np.float32))
        if self._knn is not None:
            np.save(folder / "knn_indices.npy", np.asarray(self._knn[0], np.int32))
            np.save(folder / "knn_distances.npy", np.asarray(self._knn[1], np.float32))
        (folder / "job.json").write_text(json.dumps(self._job))

    def _start(self, folder: Path, errors: int) -> subprocess.Popen[str]:
        with self._lock:
            if self._cancelled:
                raise Cancelled("The map was cancelled before it started.")
            self._child = subprocess.Popen(
                [sys.executable, "-m", "hitl_widgets.data._umap_child", str(folder)],
                stdin=subprocess.PIPE,  # held open: its end tells the child that we are gone
                stdout=subprocess.PIPE,
                stderr=errors,
                env=_child_environment(),
                encoding="utf-8",
            )
            return self._child

    def _result(self, folder: Path, errors: str) -> Matrix:
        if self._cancelled:
            raise Cancelled("The map was cancelled.")
        try:
            xy = np.load(folder / "out.npy")
        except (OSError, ValueError) as error:
            tail = errors.strip()[-800:] or "it said nothing, so it may have been killed for memory"
            raise HitlError(
                f"UMAP failed, the map stays as it was. The end of its output:\n{tail}"
            ) from error
        lost = ~np.isfinite(xy).all(axis=1)
        xy[lost] = np.median(xy[~lost], axis=0) if not lost.all() else 0
        return align_map(xy, self._init)


def _follow(child: subprocess.Popen[str], on_progress: Progress) -> None:
    for line in child.stdout or ():
        message = json.loads(line)
        on_progress(message["stage"], message["fraction"])
    child.wait()


def _close_pipes(child: subprocess.Popen[str]) -> None:
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            pipe.close()


def _child_environment() -> dict[str, str]:
    """Our own import path, and one core left for the person."""
    threads = str(max(1, (os.cpu_count() or 2) - 1))
    limits = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    path = os.pathsep.join(p for p in sys.path if p)
    return {**os.environ, **dict.fromkeys(limits, threads), "PYTHONPATH": path}
