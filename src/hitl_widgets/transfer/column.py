"""Import of the labels that a column of the user's table already has."""

from __future__ import annotations

import warnings
from collections import Counter
from typing import Any

from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import InvalidInput, choices, nearest
from hitl_widgets.formats.reading import Columns
from hitl_widgets.items.base import is_missing
from hitl_widgets.loop.loop import Loop
from hitl_widgets.transfer.importing import Journal, import_table, refused_labels

__all__ = ["import_column", "labels_of"]


def labels_of(pool: Pool, name: Any) -> list[Any]:
    """Return the values of the column ``name``, one per row of the user's table.

    Raises
    ------
    InvalidInput
        If the data have no such column.
    """
    table = pool.table
    columns = [] if table is None else list(table.columns)
    if table is None or not isinstance(name, str) or name not in columns:
        where = f"the columns are {choices(columns)}" if columns else "your data are not a table"
        hint = " Labels from elsewhere: session.import_labels()." if isinstance(name, str) else ""
        shown = repr(name) if isinstance(name, str | int) else f"a {type(name).__name__}"
        close = nearest(name, columns) if isinstance(name, str) else ""
        raise InvalidInput(f"labels={shown}: not a column; {where}.{close}{hint}")
    values: list[Any] = table.get_column(name).to_list()
    return values


def import_column(loop: Loop, name: str, values: list[Any]) -> None:
    """Write labels that the user's table already has, once: see ``labels`` of :class:`Session`.

    Parameters
    ----------
    name, values
        The column.

    Raises
    ------
    InvalidInput
        If some values are not answers to the question. Nothing is written.
    """
    log, ledger, pool = loop.log, loop.log.ledger, loop.pool
    given = [i for i, value in enumerate(values) if not _is_blank(value)]
    with log.lock:
        fold = ledger.fold
        keys = [pool.keys[place] for place in pool.rows[given].tolist()]
        # Items that anybody has answered, or whose imported label was undone, stay as they are.
        fresh = [bool(not acts) for acts in fold.histories(keys)]
        rows = [i for i, new in zip(given, fresh, strict=True) if new]
        ids = [key for key, new in zip(keys, fresh, strict=True) if new]
        if not rows:
            return
        told = [values[i] for i in rows]
        if wrong := refused_labels(told, loop.schema, fold):
            _refuse(name, wrong)
        found = Columns({"id": ids, "label": told}, rows, len(values))
        journal = Journal(loop.task, ledger.events, fold, _adder(loop), ledger.named, ledger.naming.meant)
        done = import_table(found, ["id", "label"], journal, pool, loop.schema, loop.annotator, replace=False)
    if len(done.refused):
        n = done.refused.id.nunique()
        warnings.warn(
            f"labels={name!r}: {n:,} item{'s' if n > 1 else ''} with several rows and different labels in "
            "them stay unlabelled. To label every row separately, pass id=.",
            RuntimeWarning,
            stacklevel=3,
        )


def _adder(loop: Loop) -> Any:
    def add(event: Any) -> bool:
        loop.log.write(event)
        return True

    return add


def _refuse(name: str, wrong: Counter[str]) -> None:
    shown = " ".join(f"{why} ({n:,} row{'s' if n > 1 else ''})" for why, n in wrong.most_common(3))
    more = f" {len(wrong) - 3} more values." if len(wrong) > 3 else ""
    raise InvalidInput(
        f"labels={name!r}: {shown}{more} Correct these values, leave them empty, or add them to classes=. "
        "No label was imported."
    )


def _is_blank(value: Any) -> bool:
    return is_missing(value) or (isinstance(value, str) and not value.strip())
