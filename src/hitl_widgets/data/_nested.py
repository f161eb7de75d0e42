"""Conversion of columns of lists or arrays into one array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput
from hitl_widgets.items.base import is_missing

__all__ = ["unnested"]


def unnested(X: Any, name: str) -> npt.NDArray[Any]:
    """Convert rows of numbers, or a column with a list of numbers in each cell, to an array.

    Raises
    ------
    InvalidInput
        If a row is missing, or the rows differ in length.
    """
    cells = _cells(X)
    return np.asarray(X) if cells is None else _stacked(cells, name)


def _cells(X: Any) -> Sequence[Any] | None:
    """Return the cells of a column of lists; None if X is not one."""
    names = list(getattr(X, "column_names", getattr(X, "columns", ())))
    if len(names) == 1:  # a table of one column
        X = X[names[0]]
    if isinstance(X, np.ndarray) and not (X.dtype == object and X.ndim == 1):
        return None
    convert = next((m for m in ("to_pylist", "to_list", "tolist") if hasattr(X, m)), None)
    if isinstance(X, list | tuple):
        cells: Sequence[Any] = X
    elif convert is None or getattr(X, "ndim", 1) != 1:
        return None
    else:
        cells = getattr(X, convert)()
    first = next((c for c in cells if not is_missing(c)), None)
    return cells if _is_row(first) else None


def _is_row(cell: Any) -> bool:
    return isinstance(cell, list | tuple) or getattr(cell, "ndim", 0) == 1


def _stacked(cells: Sequence[Any], name: str) -> npt.NDArray[Any]:
    if missing := [i for i, cell in enumerate(cells) if is_missing(cell)]:
        raise InvalidInput(
            f"{name} has no numbers for {len(missing):,} of {len(cells):,} rows (row {missing[0]}). Remove "
            "those items, or embed them too."
        )
    lengths = [len(cell) if _is_row(cell) else 0 for cell in cells]
    if odd := next((i for i, n in enumerate(lengths) if n != lengths[0]), None):
        raise InvalidInput(
            f"The rows of {name} differ in length: row 0 has {lengths[0]} numbers, row {odd} has "
            f"{lengths[odd]}. Pass one row of equal length per item."
        )
    rows = [np.asarray(cell) for cell in cells]
    if any(row.dtype == object for row in rows):  # None among numbers
        rows = [row.astype(np.float64) for row in rows]
    return np.stack(rows)
