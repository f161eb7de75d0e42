"""Colours: what colors the map besides the labels: the columns of the table."""

from __future__ import annotations

from typing import Any

from hitl_widgets.data.columns import Columns
from hitl_widgets.data.pool import Pool
from hitl_widgets.data.scales import Scale, scale_of
from hitl_widgets.errors import InvalidInput, choices, nearest

__all__ = ["Colours"]

BUILT_IN = {"label": "label", "prediction": "prediction", "uncertainty": "doubt", "group": "group"}
"""Ways to color the map without a column, and their names in the browser."""
MOST_COLUMNS = 100


class Colours:
    """The ways to color the map.

    Parameters
    ----------
    pool
        The items.
    asked
        A column, ``label``, ``prediction``, ``uncertainty`` or ``group``; a column of that name wins. None
        is the label.

    Attributes
    ----------
    columns
        Columns that may color the map: all but the items and their ids.
    first
        The way in use at first, as the browser calls it.

    Raises
    ------
    InvalidInput
        If there is no such column.
    """

    def __init__(self, pool: Pool, columns: Columns, asked: Any = None) -> None:
        self._columns = columns
        items = {*pool.columns, pool.id_column}
        self.columns = tuple(name for name in columns if name not in items)[:MOST_COLUMNS]
        self.first = "label"
        if asked is None:
            return
        known = [*columns, *BUILT_IN]
        if asked not in known:
            raise InvalidInput(
                f"colour={asked!r}: expected a column of your table, or one of {choices(BUILT_IN)}. "
                + (f"The columns are {choices(columns)}." if columns else "The data have no columns.")
                + nearest(asked, known)
            )
        self.first = f"column:{asked}" if asked in columns else BUILT_IN[asked]
        if asked in columns and asked not in self.columns:
            self.columns = (asked, *self.columns)

    def scale(self, name: str) -> Scale:
        """Return the shades of the items by a column.

        Raises
        ------
        InvalidInput
            If there is no such column.
        """
        if name not in self._columns:
            raise InvalidInput(f"Unknown column {name!r}.{nearest(name, list(self._columns))}")
        return scale_of(self._columns[name])
