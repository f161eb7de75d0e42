"""Maps cached on disk: the positions of rows that were mapped before."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.data._cache import Cache, Keys, fingerprint, row_keys

__all__ = ["CachedMap"]

_ENOUGH = 0.5  # share of rows; if fewer are known, the map is computed again
_AGAIN = np.uint64(0x9E3779B97F4A7C15)


class CachedMap:
    """The cached map of one X; failures never raise errors.

    Parameters
    ----------
    folder
        The cache folder, created when needed; it keeps the 8 most recently used maps.
    X
        float32 (n, d), or an object whose slices are such blocks. It is read once, and only if there is
        a cached map to compare with or a map to write.
    settings
        The settings of the map; maps with other settings are ignored.
    contents
        Returns keys that identify each row in another X, uint64 (n,), for features that change when the
        pool grows; by default hashes of the row's values.
    """

    def __init__(
        self, folder: Path, X: Any, *settings: object, contents: Callable[[], Keys] | None = None
    ) -> None:
        self._cache = Cache(folder, "map")
        self._X, self._given = X, contents
        self._kind = fingerprint(np.zeros(0, np.uint64), *settings)[:8]

    def read(self) -> npt.NDArray[np.float32] | None:
        """Return positions, float32 (n, 2), NaN if unknown; None if fewer than half are known."""
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
        """Write the positions of all rows; warn once on failure."""
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
    """Make keys unique: the second, third ... of equal keys get different values."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    again = np.arange(len(keys)) - np.repeat(starts, np.diff(np.append(starts, len(keys))))
    out = np.empty_like(keys)
    out[order] = ordered + again.astype(np.uint64) * _AGAIN
    return out
