"""Table rows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np

from hitl_widgets.errors import InvalidInput, a_type
from hitl_widgets.items.base import Features, Payload, Size, is_missing, short
from hitl_widgets.items.spelling import canonical_text

__all__ = ["KINDS", "Table", "cell"]

SHOWN_COLUMNS, GLIMPSED_COLUMNS = 2_000, 12
# Characters of a value, at most and in any case, and of all values: a row must not take long to send.
LONGEST, SURE, TOGETHER = 4_000, 80, 200_000
GROUPED, EXACT = 1e6, 1e15  # from here on, floats have their digits in groups of three, and an exponent


class Table:
    """A row of a table: a dict of its columns."""

    name = "table"
    reads, in_files, mutable, tabular = False, False, True, True
    order = 20

    def claims(self, values: Sequence[Any]) -> bool:
        """Return whether all values are dicts."""
        return all(isinstance(v, Mapping) for v in values)

    def read(self, values: Sequence[Any], what: str) -> list[dict[str, Any]]:
        """Return dicts with the columns of all rows; missing values are None."""
        odd = next((row for row, value in enumerate(values) if not isinstance(value, Mapping)), None)
        if odd is not None:
            raise InvalidInput(
                f"{what}: row {odd} is {a_type(values[odd])}, but kind='table' takes dicts. To show "
                "columns of a table, pass columns=[...]."
            )
        names = dict.fromkeys(name for value in values for name in value)
        return [{name: value.get(name) for name in names} for value in values]

    def identity(self, item: Mapping[str, Any]) -> Iterator[bytes]:
        """Yield the cells by name, regardless of the order of the columns."""
        yield b"table\0"
        cells = {str(name): _hashed(value) for name, value in item.items()}
        yield json.dumps(cells, sort_keys=True, default=str).encode("utf-8", "surrogatepass")

    def canonical(self, item: Any) -> Any:
        """Return the row with its texts as :class:`~.text.Text` normalizes them."""
        cells = {name: canonical_text(v) if isinstance(v, str) else v for name, v in item.items()}
        return item if all(cells[name] is v or cells[name] == v for name, v in item.items()) else cells

    def payload(self, item: Mapping[str, Any], size: Size) -> Payload:
        """Return the first 2,000 columns, of a glimpse the first 12, and the number of the others."""
        most = GLIMPSED_COLUMNS if size.glimpse else SHOWN_COLUMNS
        rows = []
        left = TOGETHER
        for name, value in islice(item.items(), most):
            rows.append([short(str(name), 200), _shown(value, max(SURE, min(LONGEST, left)))])
            left -= len(rows[-1][1])
        more = {"more": len(item) - most} if len(item) > most else {}
        return Payload({"kind": "table", "rows": rows} | more)

    def words(self, item: Mapping[str, Any]) -> str:
        """Return the contents of the cells."""
        return " ".join(filter(None, map(cell, item.values())))

    def features(self, items: Sequence[Mapping[str, Any]], **told: Any) -> tuple[Features, Any]:
        """Compute features; see :func:`~hitl_widgets.items.features.tables.encode`."""
        from hitl_widgets.items.features.tables import encode

        return encode({name: [row[name] for row in items] for name in items[0]}, **told)


def cell(value: Any) -> str:
    """Return a table value as a short text, empty if missing."""
    if is_missing(value):
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    return short(str(value))


def _shown(value: Any, most: int) -> str:
    """Return a table value as it is displayed: numbers with few digits, and long texts to a limit."""
    if is_missing(value):
        return ""
    if isinstance(value, float | np.floating):
        number = float(value)
        return f"{number:,.0f}" if GROUPED <= abs(number) < EXACT else f"{number:.6g}"
    return short(str(value), most)


def _hashed(value: Any) -> Any:
    """Return a table value as it is hashed: one missing value turns a column of integers into floats."""
    if is_missing(value):
        return None
    return int(value) if isinstance(value, float) and value.is_integer() else value


KINDS = (Table(),)
