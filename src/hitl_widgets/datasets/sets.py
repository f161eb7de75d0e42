"""DataSet: features and true classes, with a fingerprint."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput

__all__ = ["DataSet", "fingerprint"]


@dataclass(frozen=True, eq=False)
class DataSet:
    """Items with true classes, for :func:`hitl_widgets.benchmark`.

    Attributes
    ----------
    name
        Its name.
    X
        Features, float32 of shape (n, d).
    y
        The true classes, shape (n,), as text.
    fingerprint
        A hash of the items and their classes: two people with the same one have the same data. Of files it
        is a hash of their contents, of your own arrays one of X and y. The built-in features of the items
        depend on the version of this package.

    Raises
    ------
    InvalidInput
        If X is not a matrix of finite numbers with one row for each class in y, or there are fewer than two
        classes.
    """

    name: str
    X: npt.NDArray[np.float32]
    y: npt.NDArray[np.str_]
    fingerprint: str = ""

    def __post_init__(self) -> None:
        X, y = np.asarray(self.X, np.float32), np.asarray([str(label) for label in self.y])
        if X.ndim != 2 or len(X) != len(y):
            raise InvalidInput(
                f"{self.name}: X has shape {X.shape} and y {len(y)} classes: expected a row for each."
            )
        if not np.isfinite(X).all():
            raise InvalidInput(f"{self.name}: X contains NaN or infinite values: fill them in first.")
        if (k := len(np.unique(y))) < 2:
            raise InvalidInput(f"{self.name} has {k} class{'es' * (k != 1)}: expected at least two.")
        object.__setattr__(self, "X", X)
        object.__setattr__(self, "y", y)
        if not self.fingerprint:
            object.__setattr__(self, "fingerprint", fingerprint(X, y))

    def __repr__(self) -> str:
        (n, d), k = self.X.shape, len(np.unique(self.y))
        return f"<DataSet {self.name}: {n:,} items, {d} features, {k} classes, {self.fingerprint}>"


def fingerprint(*parts: Any) -> str:
    """Return a hash of arrays of numbers, of bytes and of lists of text."""
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        for piece in _pieces(part):
            digest.update(len(piece).to_bytes(8, "little") + piece)
    return digest.hexdigest()


def _pieces(part: Any) -> Iterable[bytes]:
    if isinstance(part, bytes):
        return [part]
    if isinstance(part, np.ndarray) and part.dtype.kind in "biuf":
        return [str(part.shape).encode(), np.ascontiguousarray(part, "<f4").tobytes()]
    return [str(text).encode("utf-8", "surrogatepass") for text in part]
