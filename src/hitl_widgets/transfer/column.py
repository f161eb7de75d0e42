"""Import of the labels that a column of the user's table already has."""

from __future__ import annotations

import warnings
from collections import Counter
from typing import Any

from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import InvalidInput, choices, nearest
from hitl_widgets.formats.reading import Columns
from hitl_widgets.loop.loop import Loop
from hitl_widgets.questions.values import is_blank
from hitl_widgets.transfer.importing import import_table, refused_labels
from hitl_widgets.transfer.into import journal_of

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
    pool, schema = loop.pool, loop.schema
    given = [i for i, value in enumerate(values) if not is_blank(value)]
    keys = [pool.keys[place] for place in pool.rows[given].tolist()]
    with loop.log.lock:
        journal = journal_of(loop)
        # Items that anybody has answered, or whose imported label was undone, stay as they are.
        histories = journal.fold.histories(keys)
        new = [(i, key) for i, key, acts in zip(given, keys, histories, strict=True) if not acts]
        if not new:
            return
        rows, ids = zip(*new, strict=True)
        told = [values[i] for i in rows]
        if wrong := refused_labels(told, schema, journal.fold):
            _refuse(name, wrong)
        found = Columns({"id": list(ids), "label": told}, rows, len(values))
        done = import_table(found, ["id", "label"], journal, pool, schema, loop.annotator, replace=False)
    if len(done.refused):
        n = done.refused.id.nunique()
        warnings.warn(
            f"labels={name!r}: {n:,} item{'s' if n > 1 else ''} with several rows and different labels in "
            "them stay unlabelled. To label every row separately, pass id=.",
            RuntimeWarning,
            stacklevel=3,
        )


def _refuse(name: str, wrong: Counter[str]) -> None:
    shown = " ".join(f"{why} ({n:,} row{'s' if n > 1 else ''})" for why, n in wrong.most_common(3))
    more = f" {len(wrong) - 3} more values." if len(wrong) > 3 else ""
    raise InvalidInput(
        f"labels={name!r}: {shown}{more} Correct these values, leave them empty, or add them to classes=. "
        "No label was imported."
    )
