"""Cells of table rows that somebody types anew."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, time, timedelta
from typing import Any

import numpy as np

from hitl_widgets.errors import InvalidInput, a_type, choices, nearest
from hitl_widgets.items.base import is_missing

__all__ = ["Cells", "differing", "stored"]


class Cells:
    """Reads new values of cells as the type that their column has.

    Parameters
    ----------
    items
        The rows of the table.
    """

    def __init__(self, items: Sequence[Mapping[Any, Any]]) -> None:
        self._likes: dict[Any, Any] = {}  # a value of each column, as an example of its type
        for item in items:
            for name, value in item.items():
                if not is_missing(value):
                    self._likes.setdefault(name, value)
            if len(self._likes) == len(item):
                break

    def read(self, item: Mapping[Any, Any], new: Any) -> dict[Any, Any]:
        """Return the new cells of a row by column; ``new`` may have the columns as text.

        Raises
        ------
        InvalidInput
            For an unknown column, or a value that does not fit.
        """
        if not isinstance(new, Mapping):
            raise InvalidInput(
                f"An edited row is a dict of its changed columns, not {a_type(new)}. Pass "
                f"{{{next(iter(item), 'column')!r}: ...}}."
            )
        named = {str(name): name for name in item}
        made = {}
        for name, value in new.items():
            if str(name) not in named:
                raise InvalidInput(
                    f"{name!r} is not a column of the item.{nearest(str(name), named)} The columns are "
                    f"{choices(named)}."
                )
            made[named[str(name)]] = self._value(named[str(name)], value)
        return made

    def _value(self, column: Any, value: Any) -> Any:
        like = self._likes.get(column)
        if is_missing(value) or (value == "" and not isinstance(like, str)):
            return None
        try:
            return _typed(value, like)
        except (KeyError, TypeError, ValueError):
            raise InvalidInput(
                f"Column {str(column)!r} contains {KINDS[_kind_of(like)]}, such as {_shown(like)}: "
                f"{value!r:.80} is not one. Leave it empty if it is unknown."
            ) from None


def differing(one: Mapping[Any, Any], other: Mapping[Any, Any]) -> list[Any]:
    """Return the columns in which two rows differ."""
    return [name for name in one if not _same(one[name], other.get(name))]


def stored(value: Any) -> Any:
    """Return the value of a cell as JSON."""
    if is_missing(value):
        return None
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, str | int | float | bool):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _same(a: Any, b: Any) -> bool:
    return (is_missing(a) and is_missing(b)) or bool(np.all(a == b))


KINDS = {"bool": "True and False", "number": "numbers", "moment": "dates or times", "text": "texts"}
BOOLS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def _kind_of(like: Any) -> str:
    if isinstance(like, bool | np.bool_):
        return "bool"
    if isinstance(like, int | float | np.number):
        return "number"
    return "moment" if isinstance(like, date | time | timedelta | np.datetime64) else "text"


def _shown(like: Any) -> str:
    return str(like)[:40] if not isinstance(like, str) else repr(like[:40])


def _typed(value: Any, like: Any) -> Any:
    """Convert a value, which may have been typed, to the type of another value of the column."""
    kind = _kind_of(like)
    if kind == "bool":
        return BOOLS[str(value).strip().casefold()]
    if kind == "number":
        number = float(str(value).strip().replace("\u2212", "-"))  # a minus sign
        if not math.isfinite(number):
            raise ValueError
        return int(number) if isinstance(like, int | np.integer) and number.is_integer() else number
    if kind == "moment":
        read = getattr(type(like), "fromisoformat", type(like))
        return read(value.strip()) if isinstance(value, str) else value
    return str(value) if like is None or isinstance(like, str) else value
