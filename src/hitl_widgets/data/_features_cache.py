"""Text features cached on disk, if they take long to compute."""

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

VERSION = 1  # version of the text features
FEW = 300  # texts; computing these is as fast as reading the cache


class CachedFeatures:
    """The cached features of one pool of texts; failures never raise errors.

    Parameters
    ----------
    folder
        The cache folder, created when needed; it keeps the 4 most recently used files.
    pool
        The texts. Features depend on all texts and on their order.
    """

    def __init__(self, folder: Path, pool: Pool) -> None:
        self._cache = Cache(folder, "texts", keep=4)
        self._pool = pool

    def read(self) -> Matrix | None:
        """Return cached features, float32 (n, d), or None."""
        if len(self._pool) <= FEW:
            return None
        X = (self._cache.read(self._name) or {}).get("X")
        if X is None or X.dtype != np.float32 or X.ndim != 2 or len(X) != len(self._pool):
            return None
        return X if np.isfinite(X).all() else None

    def write(self, X: Matrix) -> None:
        """Write the features; warn once on failure."""
        if len(self._pool) > FEW:
            self._cache.write(self._name, X=X)

    @cached_property
    def _name(self) -> str:
        import scipy
        import sklearn

        versions = np.__version__, scipy.__version__, sklearn.__version__
        settings = (VERSION, has_sentences(), versions, len(self._pool))
        digest = blake2b(repr(settings).encode(), digest_size=16)
        for text in self._pool.texts or ():
            digest.update(str(text).encode("utf-8", "surrogatepass") + b"\0")
        return digest.hexdigest()
