"""The neighbours of one X on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.data._cache import Cache, fingerprint, row_keys

__all__ = ["CachedGraph", "are_neighbours"]

Knn = tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]


class CachedGraph:
    """The file for the neighbours of one X; nothing that goes wrong with it is an error.

    Parameters
    ----------
    folder
        Made when needed; it keeps the 8 files used last.
    X
        float32 (n, d); the file is named by its content, shape, `k` and `metric`.
    """

    def __init__(self, folder: Path, X: Any, k: int, metric: str) -> None:
        self._cache = Cache(folder, "graph")
        self._name = fingerprint(row_keys(X), X.shape, k, metric)
        self._n = len(X)

    def read(self) -> Knn | None:
        """Indices and distances; None where there is no file or it is not whole."""
        found = self._cache.read(self._name) or {}
        if not are_neighbours(found.get("indices"), found.get("distances"), self._n, self._n):
            return None
        return found["indices"], found["distances"]

    def write(self, indices: npt.NDArray[np.int32], distances: npt.NDArray[np.float32]) -> None:
        """Keep them; warn once where that fails."""
        self._cache.write(self._name, indices=indices, distances=distances)


def are_neighbours(indices: Any, distances: Any, n: int, among: int) -> bool:
    """Whether these are neighbours of n rows, each a number below `among`, and their distances."""
    return (
        indices is not None
        and distances is not None
        and (indices.dtype, distances.dtype) == (np.int32, np.float32)
        and indices.ndim == 2
        and indices.shape == distances.shape
        and len(indices) == n
        and indices.min() >= 0
        and indices.max() < among
        and bool(np.isfinite(distances).all())
    )
