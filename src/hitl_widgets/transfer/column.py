"""Import of the labels that a column of the user's table already has."""

from __future__ import annotations

import warnings
from collections import Counter, defaultdict
from typing import Any

from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import InvalidInput, a_type, choices, nearest
from hitl_widgets.formats.reading import Columns
from hitl_widgets.loop.loop import Loop
from hitl_widgets.questions.values import is_blank
from hitl_widgets.transfer.importing import Answers, Journal, import_table, refused_labels
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
        shown = repr(name) if isinstance(name, str | int) else a_type(name)
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
        old = [(values[i], key) for i, key, acts in zip(given, keys, histories, strict=True) if acts]
        if n := _n_changed(old, journal, loop):
            _warn(
                f"labels={name!r}: {n:,} item{'s have' if n > 1 else ' has'} another label here than in the "
                "column now. A column is imported once, so the labels stay as they are. To replace them with "
                f"the column: session.import_labels(data, label={name!r}, replace=True)."
            )
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
        _warn(
            f"labels={name!r}: {n:,} item{'s' if n > 1 else ''} with several rows and different labels in "
            "them stay unlabelled. To label every row separately, pass id=."
        )


def _warn(words: str) -> None:
    warnings.warn(words, RuntimeWarning, stacklevel=5)


def _n_changed(cells: list[tuple[Any, str]], journal: Journal, loop: Loop) -> int:
    """The number of items whose cells are neither their label nor what was imported before."""
    fold, answers = journal.fold, Answers(loop.schema, journal.fold)
    imported: dict[str, set[Any]] = defaultdict(set)
    for event in map(journal.meant, journal.events):
        if event.kind == "label" and event.selection == "import":
            for key in event.item_ids:
                imported[key].add(fold.now(event))
    changed: dict[str, bool] = {}
    for value, key in cells:
        try:
            said = answers.find(value)
        except InvalidInput:
            # An earlier name of a class is what it was.
            is_new = loop.log.class_called(str(value)) is None
        else:
            is_new = said not in imported[key] | {fold.now(event) for event in fold.current(key).values()}
        changed[key] = changed.get(key, True) and is_new
    return sum(changed.values())


def _refuse(name: str, wrong: Counter[str]) -> None:
    shown = " ".join(f"{why} ({n:,} row{'s' if n > 1 else ''})" for why, n in wrong.most_common(3))
    more = f" {len(wrong) - 3} more values." if len(wrong) > 3 else ""
    raise InvalidInput(
        f"labels={name!r}: {shown}{more} Correct these values, leave them empty, or add them to classes=. "
        "No label was imported."
    )
