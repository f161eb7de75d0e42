"""Neighbour graphs on disk: a folder of npz files named by what they were computed from."""

from __future__ import annotations

import os
import tempfile
import warnings
from hashlib import blake2b
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

__all__ = ["CachedGraph"]

Knn = tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]

_FORMAT = 1
_KEEP = 8
_warned: set[Path] = set()


class CachedGraph:
    """The file for the neighbours of one X; nothing that goes wrong with it is an error.

    Parameters
    ----------
    folder
        Made when needed; it keeps the 8 files used last.
    X
        float32 (n, d); the file is named by its content, shape, `k` and `metric`.
    """

    def __init__(self, folder: Path, X: npt.NDArray[np.float32], k: int, metric: str) -> None:
        content = blake2b(f"{_FORMAT} {X.shape} {k} {metric} ".encode(), digest_size=16)
        content.update(np.ascontiguousarray(X).data)
        self.path = Path(folder) / f"graph-{content.hexdigest()}.npz"
        self._n = len(X)

    def read(self) -> Knn | None:
        """Indices and distances; None where there is no file or it is not whole."""
        try:
            with self.path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
                indices, distances = file["indices"], file["distances"]
            whole = (
                (indices.dtype, distances.dtype) == (np.int32, np.float32)
                and indices.ndim == 2
                and indices.shape == distances.shape
                and len(indices) == self._n
                and indices.min() >= 0
                and indices.max() < self._n
                and bool(np.isfinite(distances).all())
            )
            if not whole:
                return None
            os.utime(self.path)
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            return None
        return indices, distances

    def write(self, indices: npt.NDArray[np.int32], distances: npt.NDArray[np.float32]) -> None:
        """Write the file whole or not at all, for the owner's eyes only; warn once where that fails."""
        folder = self.path.parent
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._replace(indices, distances)
            files = sorted(folder.glob("graph-*"), key=lambda path: path.stat().st_mtime)
            for old in files[:-_KEEP]:
                old.unlink(missing_ok=True)
        except OSError as error:
            if folder not in _warned:
                _warned.add(folder)
                warnings.warn(
                    f"The neighbour graph could not be kept in {str(folder)!r} ({error.strerror or error}), "
                    "so it is built again each time. Make the folder writable to keep it.",
                    stacklevel=3,
                )

    def _replace(self, indices: npt.NDArray[np.int32], distances: npt.NDArray[np.float32]) -> None:
        handle, name = tempfile.mkstemp(prefix="graph-", suffix=".tmp", dir=self.path.parent)  # mode 0600
        try:
            with os.fdopen(handle, "wb") as file:
                np.savez(file, indices=indices, distances=distances)
            Path(name).replace(self.path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
