"""Rows that index like an array but are not one in memory: a subset of other rows, or zarr."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput

__all__ = ["Blocks", "IntArray", "SomeRows", "ZarrRows", "as_kept", "each_block", "kept_type"]

T = TypeVar("T")
IntArray = npt.NDArray[np.int64]

NUMBERS = 2**22  # default size of a block: 16 MB of float32


def kept_type(dtype: Any) -> np.dtype[Any]:
    """Return float16 for float16, and float32 for all other types."""
    return np.dtype(np.float16 if np.dtype(dtype).newbyteorder("=") == np.float16 else np.float32)


def as_kept(block: Any, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Convert a block to float32 or float16; overflow becomes infinite, which later checks detect."""
    with np.errstate(over="ignore"):
        return np.asarray(block, dtype)


def each_block(X: Any, function: Callable[[npt.NDArray[Any]], T]) -> Iterator[tuple[slice, T]]:
    """Apply a function to each block of rows; blocks of a Dask array come as they finish, in any order."""
    if hasattr(X, "each_block"):
        yield from X.each_block(function)
        return
    size = getattr(X, "block_rows", max(1, NUMBERS // X.shape[1]))
    for low in range(0, len(X), size):
        rows = slice(low, min(low + size, len(X)))
        yield rows, function(X[rows])


class Blocks(ABC):
    """float32 or float16 of shape (n, d); indexing with a slice or an array of rows returns an array.

    Attributes
    ----------
    shape, dtype
        As for an array.
    block_rows
        The preferred number of rows to read at a time.
    """

    ndim = 2

    def __init__(self, shape: tuple[int, int], dtype: Any, block_rows: int) -> None:
        self.shape, self.dtype = shape, kept_type(dtype)
        self.block_rows = max(1, min(block_rows, shape[0]))

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def size(self) -> int:
        """The number of values."""
        return self.shape[0] * self.shape[1]

    def __getitem__(self, key: Any) -> npt.NDArray[Any]:
        if isinstance(key, slice):
            low, high, step = key.indices(len(self))
            found = self._slice(low, max(low, high)) if step == 1 else self[np.arange(low, high, step)]
        elif np.ndim(key) == 0:
            found = self[np.array([key])][0]
        else:
            rows = np.asarray(key)
            rows = np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.int64)
            found = self._take(np.where(rows < 0, rows + len(self), rows))
        return as_kept(found, self.dtype)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return np.asarray(self[:], dtype)

    @abstractmethod
    def _slice(self, low: int, high: int) -> npt.NDArray[Any]: ...

    @abstractmethod
    def _take(self, rows: IntArray) -> npt.NDArray[Any]: ...


class SomeRows(Blocks):
    """A subset of other rows, not copied; ``rows`` is int64, ascending."""

    def __init__(self, X: Any, rows: IntArray) -> None:
        size = getattr(X, "block_rows", max(1, NUMBERS // X.shape[1]))
        super().__init__((len(rows), X.shape[1]), X.dtype, size)
        self._X, self._rows = X, rows

    def _slice(self, low: int, high: int) -> npt.NDArray[Any]:
        rows = self._rows[low:high]
        whole = len(rows) and rows[-1] - rows[0] == len(rows) - 1
        return np.asarray(self._X[int(rows[0]) : int(rows[-1]) + 1] if whole else self._X[rows])

    def _take(self, rows: IntArray) -> npt.NDArray[Any]:
        return np.asarray(self._X[self._rows[rows]])


class ZarrRows(Blocks):
    """A zarr array, read along its chunks."""

    def __init__(self, array: Any) -> None:
        chunk = (array.shards or array.chunks)[0]
        fitting = max(1, NUMBERS // array.shape[1] // chunk)
        super().__init__(array.shape, array.dtype, chunk * fitting)
        self.array = array

    def _slice(self, low: int, high: int) -> npt.NDArray[Any]:
        with _readable(self.array, f"rows {low:,} to {high - 1:,}"):
            return np.asarray(self.array[low:high])

    def _take(self, rows: IntArray) -> npt.NDArray[Any]:
        with _readable(self.array, f"some of {len(rows):,} rows"):
            return np.asarray(self.array.oindex[rows])


@contextmanager
def _readable(array: Any, which: str) -> Iterator[None]:
    try:
        yield
    except (IndexError, MemoryError):
        raise
    except Exception as error:  # a codec may raise anything
        where = getattr(array, "store_path", "in memory")
        raise InvalidInput(
            f"The zarr array {where}: {which} cannot be read ({error}). If it is damaged, copy it again."
        ) from error
