"""Listing: the items of a session in an order, for the list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.data.columns import Column, Columns
from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import InvalidInput, choices, nearest
from hitl_widgets.items.table import cell
from hitl_widgets.loop.seen import Seen

__all__ = ["ORDERS", "Listing"]

ORDERS = ("row", "doubt", "confidence", "time", "label", "prediction")
"""Orders of the list besides the columns of the table."""

Rows = npt.NDArray[np.int64]


class Listing:
    """Sort the items, and return the cells next to them.

    Parameters
    ----------
    pool, columns
        Parts of the session.
    seen
        Returns its labels and predictions.
    shown
        Returns a cell as it is displayed, without personal data.
    """

    def __init__(
        self, pool: Pool, columns: Columns, seen: Callable[[], Seen], shown: Callable[[str], str] = str
    ) -> None:
        self._pool, self._columns, self._seen, self._shown = pool, columns, seen, shown

    @property
    def beside(self) -> tuple[str, ...]:
        """Columns of the table that are not part of the items."""
        shown = {*self._pool.columns, self._pool.id_column}
        return () if self._pool.item_kind.tabular else tuple(c for c in self._columns if c not in shown)

    def order(self, rows: Rows | None = None, by: str = "row", *, down: bool = False) -> Rows:
        """Sort rows of the pool. Rows without a value come last.

        Parameters
        ----------
        rows
            The rows to sort, ascending; None means all.
        by
            One of :data:`ORDERS`, or a column.
        down
            Whether the largest comes first.

        Returns
        -------
        ndarray
            int64 of shape (n_rows,).

        Raises
        ------
        InvalidInput
            If the order is unknown.
        """
        some: Rows = np.arange(len(self._pool), dtype=np.int64) if rows is None else rows
        if by == "row":
            return some[::-1] if down else some
        values, missing = self._values(by)
        values, missing = values[some], missing[some]
        there = np.flatnonzero(~missing)
        order = np.argsort(values[there], kind="stable")
        if down:  # stable: ties keep the order of the table
            order = len(there) - 1 - np.argsort(values[there][::-1], kind="stable")[::-1]
        return np.concatenate([some[there[order]], some[missing]])

    def cells(self, rows: Rows, names: tuple[str, ...], *, bare: bool = False) -> list[list[str]]:
        """Return the cells of these columns as text; ``bare``: with personal data."""
        columns = [self._columns[name] for name in names]
        if bare:
            return [[_cell(column, int(row)) for column in columns] for row in rows]
        return [[self._shown(_cell(column, int(row))) for column in columns] for row in rows]

    def _values(self, by: str) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
        if by not in ORDERS:
            if by not in self._columns:
                known = [*ORDERS, *self._columns]
                raise InvalidInput(
                    f"Unknown order {by!r}.{nearest(by, known)} Expected one of {choices(known)}."
                )
            return _sortable(self._columns[by])
        seen = self._seen()
        labels, belief = seen.labels, seen.belief
        if by in {"time", "label"}:
            return labels.order if by == "time" else labels.y, (labels.y < 0) | ~seen.shown
        if belief is None:
            return np.zeros(len(labels.y)), np.ones(len(labels.y), np.bool_)
        missing = ~(belief.known & seen.shown)
        if by == "prediction":
            said = belief.predicted
            return (said if said.ndim == 1 else said.sum(axis=1)), missing
        return belief.uncertainty if by == "doubt" else belief.confidence, missing


def _sortable(column: Column) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
    if column.kind == "text" and (numbers := column.numbers) is not None:
        return numbers, np.isnan(numbers)
    if column.kind == "text":
        missing = np.array([value is None for value in column.values], np.bool_)
        return np.where(missing, "", column.values), missing
    return column.values, np.isnan(column.values)


def _cell(column: Column, row: int) -> str:
    value = column.values[row]
    if column.kind == "text":
        return cell(value)
    if np.isnat(value) if column.kind == "time" else np.isnan(value):
        return ""
    if column.kind == "time":
        return str(value).replace("T", " ").removesuffix(".000000").removesuffix(" 00:00:00")
    if column.kind == "truth":
        return "yes" if value else "no"
    return cell(int(value) if float(value).is_integer() and abs(value) < 1e15 else float(value))
