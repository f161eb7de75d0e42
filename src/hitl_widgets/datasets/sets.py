"""DataSet: features and true classes, with a fingerprint."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput

__all__ = ["DataSet", "check_distinct", "check_seed", "fingerprint"]


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
        If X is not a matrix of finite numbers with one row for each class in y, a class is missing, or
        there are fewer than two classes.
    """

    name: str
    X: npt.NDArray[np.float32]
    y: npt.NDArray[np.str_]
    fingerprint: str = ""

    def __post_init__(self) -> None:
        X, y = _matrix(self.name, self.X), _classes(self.name, self.y)
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


def _matrix(name: str, X: Any) -> npt.NDArray[np.float32]:
    try:
        return np.asarray(X, np.float32)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"{name}: X must be a matrix of numbers: {str(error).rstrip('.')}.") from error


def _classes(name: str, y: Any) -> npt.NDArray[np.str_]:
    """Return the classes as text."""
    from hitl_widgets.items.base import is_missing

    if isinstance(y, str | bytes) or not isinstance(y, Iterable):
        raise InvalidInput(f"{name}: y={y!r}: expected a list with a class for each row.")
    given = list(y)
    if missing := sum(map(is_missing, y.tolist() if isinstance(y, np.ndarray) else given)):
        raise InvalidInput(f"{name}: {missing} true classes are missing: remove those rows.")
    check_distinct(f"{name}: y", given)
    return np.asarray([str(label) for label in given])


def check_distinct(what: str, given: Iterable[Any]) -> None:
    """Refuse text and other classes that read the same, such as 1 and "1"."""
    words = {one for one in given if isinstance(one, str)}
    for one in given:
        if not isinstance(one, str) and str(one) in words:
            raise InvalidInput(
                f"{what} contains {one!r} and {str(one)!r}, which look the same: use only numbers, or only "
                "text."
            )


def check_seed(random_state: Any) -> None:
    """Refuse what NumPy does not take for the seed of a generator."""
    if isinstance(random_state, bool) or not isinstance(random_state, int | np.integer) or random_state < 0:
        raise InvalidInput(f"random_state={random_state!r}: expected a whole number of at least 0.")


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
