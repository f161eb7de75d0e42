"""Copies of the user's data, so that later changes to it do not affect the labels."""

from __future__ import annotations

import operator
import weakref
from collections.abc import Callable
from copy import copy
from typing import Any

import numpy as np

from hitl_widgets.data._cache import Keys, row_keys

__all__ = ["Sample", "kept", "kept_cells", "watched", "what_changed"]

COPIED = 40_000_000  # bytes; up to this total size, data is copied
ROWS = 100
_PANDAS = {("pandas", "DataFrame"), ("pandas", "Series")}
_MUTABLE = (list, dict, set, bytearray)


def kept(data: Any) -> Any:
    """Return a copy of a table or list, which shares its data until one of them changes."""
    if _is_pandas(data):
        return data.copy(deep=not _copies_on_write())
    if type(data).__module__.startswith("polars") and hasattr(data, "clone"):
        return data.clone()
    return list(data) if isinstance(data, list) else data


def watched(data: Any) -> Callable[[], Any]:
    """Return a function that returns the user's table or list while it exists, then None."""
    if isinstance(data, list):
        return lambda: data  # lists do not support weak references, and their items are kept anyway
    try:
        return weakref.ref(data)
    except TypeError:
        return lambda: None


def what_changed(then: Any, now: Any) -> str:
    """Describe how a table or list differs from the copy made by :func:`kept`; "" if it does not."""
    if now is None or now is then:
        return ""
    if len(now) != len(then):
        return f"it had {len(then):,} rows and now has {len(now):,}"
    if isinstance(then, list):
        return "" if all(map(_same, then, now)) else "its items changed"
    if _is_pandas(then):
        if not now.index.equals(then.index):
            return "its index or the order of its rows changed"
        if getattr(then, "ndim", 1) == 1:
            return "" if _same_column(then, now) else "its values changed"
        gone = [name for name in then.columns if name not in now.columns]
        changed = [
            name for name in then.columns if name not in gone and not _same_column(then[name], now[name])
        ]
        return f"column {(gone + changed)[0]!r} changed" if gone or changed else ""
    try:
        same = bool(now.select(then.columns).equals(then))
    except Exception:  # noqa: BLE001 - a column is gone or cannot be compared
        same = list(now.columns) == list(then.columns)
    return "" if same else "its rows or values changed"


def kept_cells(values: list[Any]) -> list[Any]:
    """Copy cells that can be modified in place, unless they are large."""
    size = sum(len(v) for v in values if isinstance(v, _MUTABLE))
    if not size or 8 * size > COPIED:
        return values
    return [copy(v) if isinstance(v, _MUTABLE) else v for v in values]


class Sample:
    """Hashes of some rows of a matrix that is too large to copy, to detect changes."""

    def __init__(self, X: Any) -> None:
        self._rows = np.unique(np.linspace(0, len(X) - 1, ROWS).astype(np.int64))
        self._keys = self._read(X)

    def _read(self, X: Any) -> Keys:
        return row_keys(np.asarray(X[self._rows]))

    def changed(self, X: Any) -> bool:
        """Return whether one of these rows has changed."""
        return bool((self._read(X) != self._keys).any())


def _same(a: Any, b: Any) -> bool:
    return a is b or (type(a) is type(b) and isinstance(a, str | bytes | int | float) and a == b)


def _same_column(then: Any, now: Any) -> bool:
    if then.dtype == object and now.dtype == object and all(map(operator.is_, then.array, now.array)):
        return True  # identical objects; comparing values could be slow, for example for images
    try:
        return bool(now.equals(then))
    except Exception:  # noqa: BLE001 - comparing arbitrary cells may raise anything
        return False


def _is_pandas(data: Any) -> bool:
    """Check by name, so that pandas, which another thread may be importing, is not imported."""
    return any((c.__module__.split(".")[0], c.__name__) in _PANDAS for c in type(data).__mro__)


def _copies_on_write() -> bool:
    """Return whether pandas uses copy-on-write, which is always the case since 3.0."""
    import pandas as pd

    if int(pd.__version__.split(".")[0]) >= 3:
        return True
    return pd.get_option("mode.copy_on_write") is True
