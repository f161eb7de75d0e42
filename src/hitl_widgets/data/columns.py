"""Columns of the user's table, one value per item, for searching and for display next to the items."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

import narwhals.stable.v2 as nw
import numpy as np
import numpy.typing as npt

from hitl_widgets.data.pool import Pool
from hitl_widgets.items.base import is_missing

__all__ = ["Column", "Columns"]


_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")


@dataclass(frozen=True, eq=False)
class Column:
    """The values of a column.

    Attributes
    ----------
    kind
        ``number``, ``time``, ``truth`` (booleans) or ``text``: how the values are compared.
    values
        float64, datetime64[us], or str objects, of shape (n_items,). Missing values are NaN, NaT or None;
        booleans are 1.0 and 0.0.
    zone
        The time zone of times, whose ``values`` are the local times there; None if they have none.
    """

    kind: Literal["number", "time", "truth", "text"]
    values: npt.NDArray[Any]
    zone: dt.tzinfo | None = None

    @cached_property
    def numbers(self) -> npt.NDArray[np.float64] | None:
        """The values of a text column as float64, NaN if blank; None unless all others are numbers."""
        found = np.full(len(self.values), np.nan)
        if self.kind != "text":
            return None
        for i, value in enumerate(self.values):
            if value is None or not value.strip():
                continue
            if not _NUMBER.fullmatch(value.strip()):
                return None
            found[i] = float(value)
        return None if np.isnan(found).all() else found


class Columns(Mapping[str, Column]):
    """The columns of the user's table by name; empty if the user passed a list of items.

    A column is read on first access.

    Parameters
    ----------
    pool
        The items. If several rows are one item, the first row counts.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._read: dict[str, Column] = {}

    def __iter__(self) -> Any:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names  # without reading the column

    def __getitem__(self, name: str) -> Column:
        if name not in self._names:
            raise KeyError(name)
        if name not in self._read:
            self._read[name] = self._column(name)
        return self._read[name]

    def raw(self, name: str) -> list[Any]:
        """Return the values of a column as they are, one for each item."""
        table = self._pool.table
        if table is None:
            return [item.get(name) for item in self._pool.items]
        values = table.get_column(table.columns[self._names.index(name)]).to_list()
        return [values[row] for row in self._pool.first_rows.tolist()]

    @cached_property
    def _names(self) -> tuple[str, ...]:
        if (table := self._pool.table) is not None:
            return tuple(map(str, table.columns))
        first = self._pool.items[0]
        return tuple(map(str, first)) if self._pool.item_kind.tabular and isinstance(first, Mapping) else ()

    def _column(self, name: str) -> Column:
        table = self._pool.table
        if table is None:
            return _of_values([item.get(name) for item in self._pool.items])
        series = table.get_column(table.columns[self._names.index(name)])
        rows = self._pool.first_rows
        if series.dtype == nw.Boolean or not (series.dtype.is_numeric() or series.dtype.is_temporal()):
            values = series.to_list()
            return _of_values([values[row] for row in rows.tolist()])
        if series.dtype.is_numeric():
            return Column("number", np.asarray(series.cast(nw.Float64).to_numpy(), np.float64)[rows])
        if isinstance(series.dtype, nw.Date | nw.Datetime):
            zone = getattr(series.dtype, "time_zone", None)
            series = series if zone is None else series.dt.replace_time_zone(None)
            local = np.asarray(series.to_numpy()).astype("datetime64[us]")[rows]
            return Column("time", local, None if zone is None else _zone(zone))
        values = series.to_list()
        return Column("text", _texts([values[row] for row in rows.tolist()]))


def _of_values(values: list[Any]) -> Column:
    """A column of Python values: numbers or booleans if all present values are."""
    present = [value for value in values if not is_missing(value)]
    if present and all(isinstance(value, bool | np.bool_) for value in present):
        return Column("truth", np.array([np.nan if is_missing(v) else float(v) for v in values]))
    if present and all(isinstance(value, dt.date) for value in present):
        return _times(values)
    numbers = (int, float, np.integer, np.floating, Decimal)
    if present and all(isinstance(v, numbers) and not isinstance(v, bool) for v in present):
        return Column("number", np.array([np.nan if is_missing(v) else float(v) for v in values]))
    return Column("text", _texts(values))


def _times(values: list[Any]) -> Column:
    """Dates and datetimes: in their time zone, or in UTC if they have several."""
    zones = {str(zone): zone for v in values if (zone := getattr(v, "tzinfo", None)) is not None}
    zone = next(iter(zones.values())) if len(zones) == 1 else dt.UTC
    local = [
        v if is_missing(v) or getattr(v, "tzinfo", None) is None else v.astimezone(zone).replace(tzinfo=None)
        for v in values
    ]
    times = np.array(["NaT" if is_missing(v) else v for v in local], "datetime64[us]")
    return Column("time", times, zone if zones else None)


def _zone(name: str) -> dt.tzinfo:
    """Return the time zone of this name, or of this offset, such as ``+05:30``."""
    import pandas as pd

    zone = pd.Timestamp(0, tz=name).tzinfo
    assert zone is not None  # noqa: S101
    return zone


def _texts(values: list[Any]) -> npt.NDArray[Any]:
    found = np.empty(len(values), object)
    found[:] = [None if is_missing(value) else str(value) for value in values]
    return found
