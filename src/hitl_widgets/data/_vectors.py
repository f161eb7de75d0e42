"""Vectors of an embedding, cached on disk by the content of each item."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

import numpy as np

from hitl_widgets.data._cache import Cache
from hitl_widgets.data.matrix import Matrix

__all__ = ["CachedVectors"]

KEPT = 8  # embeddings


class CachedVectors:
    """The cached vectors of one embedding, in parts, so that an interrupted computation goes on.

    Parameters
    ----------
    folder
        The cache folder, created when needed; it keeps the 8 most recently used embeddings.
    name
        The name of the embedding. Another embedding may have the same name: check some of the vectors.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._all = folder / "vectors"
        self._folder = self._all / blake2b(name.encode("utf-8", "replace"), digest_size=16).hexdigest()
        self._cache = Cache(self._folder, "part", keep=100_000)

    def __bool__(self) -> bool:
        return bool(self._cache.names())

    def read(self) -> tuple[dict[bytes, int], Matrix | None]:
        """Return the row of each key, and the vectors, float32 (n, d); None if there are none."""
        keys: list[bytes] = []
        parts: list[Matrix] = []
        for name in self._cache.names():
            part = self._cache.read(name) or {}
            X, names = part.get("X"), part.get("keys")
            if X is None or names is None or X.ndim != 2 or X.dtype != np.float32 or len(X) != len(names):
                continue
            if parts and parts[0].shape[1] != X.shape[1]:
                continue
            keys += names.tolist()
            parts.append(X)
        rows = {key: row for row, key in enumerate(keys)}
        return rows, np.concatenate(parts) if parts else None

    def write(self, keys: Sequence[bytes], X: Matrix) -> None:
        """Add vectors; warn once on failure."""
        self._cache.write(f"{len(self._cache.names()):06}-{keys[0].decode()}", keys=np.array(keys), X=X)
        for old in sorted(self._all.glob("*"), key=lambda path: path.stat().st_mtime)[:-KEPT]:
            shutil.rmtree(old, ignore_errors=True)

    def clear(self) -> None:
        """Remove all of them."""
        shutil.rmtree(self._folder, ignore_errors=True)
