"""Maps on disk: the places of the same rows, or of those among them that were mapped before."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.data._cache import Cache, Keys, fingerprint, row_keys

__all__ = ["CachedMap"]

_ENOUGH = 0.5  # of the rows; with fewer known a map is drawn anew
_AGAIN = np.uint64(0x9E3779B97F4A7C15)


class CachedMap:
    """The map of one X; nothing that goes wrong with it is an error.

    Parameters
    ----------
    folder
        Made when needed; it keeps the 8 maps used last.
    X
        float32 (n, d), or what gives such blocks when sliced; read once, and only where there is
        something to compare it with or to keep.
    settings
        How the map is drawn: others do not count as the same.
    contents
        What each row is known by in another X, uint64 (n,), for features that change when the pool
        grows; by default the row's own values.
    """

    def __init__(
        self, folder: Path, X: Any, *settings: object, contents: Callable[[], Keys] | None = None
    ) -> None:
        self._cache = Cache(folder, "map")
        self._X, self._given = X, contents
        self._kind = fingerprint(np.zeros(0, np.uint64), *settings)[:8]

    def read(self) -> npt.NDArray[np.float32] | None:
        """float32 (n, 2), NaN for rows without a place; None where fewer than half have one."""
        names = [name for name in self._cache.names() if name.startswith(self._kind)]
        if not names:
            return None
        found = self._read(self._name) if self._name in names else None
        if found is not None and len(found[1]) == len(self._X):
            return found[1]
        for old in filter(None, map(self._read, names)):
            xy = self._places(*old)
            if np.isfinite(xy[:, 0]).mean() >= _ENOUGH:
                return xy
        return None

    def write(self, xy: npt.NDArray[np.float32]) -> None:
        """Keep the places of all rows; warn once where that fails."""
        self._cache.write(self._name, keys=self._contents, xy=xy)

    def _read(self, name: str) -> tuple[Keys, npt.NDArray[np.float32]] | None:
        found = self._cache.read(name) or {}
        keys, xy = found.get("keys"), found.get("xy")
        if (
            keys is None
            or xy is None
            or (keys.dtype, xy.dtype) != (np.dtype(np.uint64), np.dtype(np.float32))
            or xy.shape != (*keys.shape, 2)
            or not np.abs(xy).max(initial=0) <= 1
        ):
            return None
        return keys, xy

    def _places(self, keys: Keys, xy: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        old, now = _apart(keys), _apart(self._contents)
        order = np.argsort(old)
        at = order[np.minimum(np.searchsorted(old, now, sorter=order), len(old) - 1)]
        return np.where((old[at] == now)[:, None], xy[at], np.float32(np.nan))

    @cached_property
    def _keys(self) -> Keys:
        return row_keys(self._X)

    @cached_property
    def _contents(self) -> Keys:
        return self._keys if self._given is None else self._given()

    @cached_property
    def _name(self) -> str:
        return f"{self._kind}{fingerprint(self._keys, self._X.shape)}"


def _apart(keys: Keys) -> Keys:
    """The keys, where the second, third ... of equal ones are told apart by their number."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    again = np.arange(len(keys)) - np.repeat(starts, np.diff(np.append(starts, len(keys))))
    out = np.empty_like(keys)
    out[order] = ordered + again.astype(np.uint64) * _AGAIN
    return out
