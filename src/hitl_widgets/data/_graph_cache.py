"""Nearest neighbors cached on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.data._cache import Cache, fingerprint, row_keys

__all__ = ["CachedGraph", "are_neighbours"]

Knn = tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]


class CachedGraph:
    """The cached neighbors of one X; failures never raise errors.

    Parameters
    ----------
    folder
        The cache folder, created when needed; it keeps the 8 most recently used files.
    X
        float32 (n, d). The file is named after its content, shape, `k` and `metric`.
    """

    def __init__(self, folder: Path, X: Any, k: int, metric: str) -> None:
        self._cache = Cache(folder, "graph")
        self._name = fingerprint(row_keys(X), X.shape, k, metric)
        self._n = len(X)

    def read(self) -> Knn | None:
        """Return indices and distances; None if there is no file or it is invalid."""
        found = self._cache.read(self._name) or {}
        if not are_neighbours(found.get("indices"), found.get("distances"), self._n, self._n):
            return None
        return found["indices"], found["distances"]

    def write(self, indices: npt.NDArray[np.int32], distances: npt.NDArray[np.float32]) -> None:
        """Write the neighbors; warn once on failure."""
        self._cache.write(self._name, indices=indices, distances=distances)


def are_neighbours(indices: Any, distances: Any, n: int, among: int) -> bool:
    """Return whether these are valid neighbors of n rows, with indices below `among`, and distances."""
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
