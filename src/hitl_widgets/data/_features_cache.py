"""The features of texts on disk, for those that take long."""

from __future__ import annotations

from functools import cached_property
from hashlib import blake2b
from pathlib import Path

import numpy as np

from hitl_widgets.data._cache import Cache
from hitl_widgets.data.matrix import Matrix
from hitl_widgets.data.pool import Pool
from hitl_widgets.items.features.sentences import has_sentences

__all__ = ["CachedFeatures"]

VERSION = 1  # of how texts become numbers
FEW = 300  # texts: they are read as quickly


class CachedFeatures:
    """The features of one pool of texts; nothing that goes wrong with them is an error.

    Parameters
    ----------
    folder
        Made when needed; it keeps the 4 files used last.
    pool
        Texts, in their order: their features depend on each other.
    """

    def __init__(self, folder: Path, pool: Pool) -> None:
        self._cache = Cache(folder, "texts", keep=4)
        self._pool = pool

    def read(self) -> Matrix | None:
        """float32 (n, d), or None."""
        if len(self._pool) <= FEW:
            return None
        X = (self._cache.read(self._name) or {}).get("X")
        if X is None or X.dtype != np.float32 or X.ndim != 2 or len(X) != len(self._pool):
            return None
        return X if np.isfinite(X).all() else None

    def write(self, X: Matrix) -> None:
        """Keep them; warn once where that fails."""
        if len(self._pool) > FEW:
            self._cache.write(self._name, X=X)

    @cached_property
    def _name(self) -> str:
        import sklearn

        settings = (VERSION, has_sentences(), sklearn.__version__, len(self._pool))
        digest = blake2b(repr(settings).encode(), digest_size=16)
        for text in self._pool.texts or ():
            digest.update(str(text).encode("utf-8", "surrogatepass") + b"\0")
        return digest.hexdigest()
