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
from hitl_widgets.loop.blind import Blind
from hitl_widgets.loop.log import Log
from hitl_widgets.loop.round import Round

__all__ = ["ORDERS", "Listing"]

ORDERS = ("row", "doubt", "confidence", "time", "label", "prediction")
"""Orders of the list besides the columns of the table."""

Rows = npt.NDArray[np.int64]


class Listing:
    """Sort the items, and return the cells next to them.

    Parameters
    ----------
    pool, columns, log, blind
        Parts of the session.
    newest
        Returns its latest round, or None.
    """

    def __init__(
        self, pool: Pool, columns: Columns, log: Log, blind: Blind, newest: Callable[[], Round | None]
    ) -> None:
        self._pool, self._columns = pool, columns
        self._log, self._blind, self._newest = log, blind, newest

    @property
    def beside(self) -> tuple[str, ...]:
        """Columns of the table that are not part of the items."""
        shown = {self._pool.column, self._pool.id_column}
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

    def cells(self, rows: Rows, names: tuple[str, ...]) -> list[list[str]]:
        """Return the cells of these columns as text."""
        columns = [self._columns[name] for name in names]
        return [[_cell(column, int(row)) for column in columns] for row in rows]

    def _values(self, by: str) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
        labels, found = self._log.labels, self._newest()
        blind = np.zeros(len(labels.y), np.bool_)
        blind[self._blind.rows(labels)] = True
        if by == "time":
            return labels.order, (labels.y < 0) | blind
        if by == "label":
            return labels.y, (labels.y < 0) | blind
        if by in ORDERS:
            if found is None:
                return np.zeros(len(labels.y)), np.ones(len(labels.y), np.bool_)
            belief = found.under(labels.schema).belief
            if by == "prediction":
                said = belief.predicted
                return (said if said.ndim == 1 else said.sum(axis=1)), ~belief.known | blind
            values = belief.uncertainty if by == "doubt" else belief.confidence
            return values, ~belief.known | blind
        if by not in self._columns:
            known = [*ORDERS, *self._columns]
            raise InvalidInput(f"Unknown order {by!r}.{nearest(by, known)} Expected one of {choices(known)}.")
        return _sortable(self._columns[by])


def _sortable(column: Column) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
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
