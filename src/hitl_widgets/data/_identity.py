"""Ids of numeric rows: a hash of their values."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.data._blocks import IntArray, each_block
from hitl_widgets.data._cache import row_keys

__all__ = ["row_ids"]


def row_ids(X: Any) -> tuple[tuple[str, ...], IntArray, IntArray]:
    """Return ids of numeric rows: 64-bit hashes of their values as float32.

    Returns
    -------
    The id of each distinct row; the item of each row, int64 (n_rows,); the first row of each item,
    int64 (n_items,), ascending.
    """
    keys = np.empty(len(X), np.uint64)
    for rows, found in each_block(X, row_keys):
        keys[rows] = found
    item, keep = _distinct(keys)
    digits = keys[keep].astype(">u8").tobytes().hex()
    return tuple(digits[i : i + 16] for i in range(0, len(digits), 16)), item, keep


def _distinct(keys: npt.NDArray[np.uint64]) -> tuple[IntArray, IntArray]:
    sorted_ = np.sort(keys)
    if (sorted_[1:] != sorted_[:-1]).all():
        every = np.arange(len(keys))
        return every, every
    _, first, group = np.unique(keys, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return place[group], first[order]
