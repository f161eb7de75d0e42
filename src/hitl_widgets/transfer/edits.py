"""Counterfactuals and edited items as tables."""

from __future__ import annotations

from typing import Any

import pandas as pd

from hitl_widgets.data.pool import Pool
from hitl_widgets.loop.asking import Labels
from hitl_widgets.loop.teach.counterfactuals import Counterfactual, NewCell
from hitl_widgets.loop.teach.edits import Edit, Editing, Lost
from hitl_widgets.questions.schema import Schema
from hitl_widgets.transfer.frames import column

__all__ = ["counterfactual_table", "edits_table"]


def counterfactual_table(found: Counterfactual, schema: Schema) -> pd.DataFrame:
    """The changes of an item that flip its guess; see :meth:`.Teach.counterfactual`."""
    rows = [
        (one.column, one.before, one.after, None, None)
        if isinstance(one, NewCell)
        else (None, one.before, one.after, one.start, one.end)
        for one in found.changes
    ]
    names = ["column", "before", "after", "start", "end"]
    table = pd.DataFrame({name: column([row[k] for row in rows]) for k, name in enumerate(names)})
    values, both = schema.all_values, (found.code, found.to)
    table.attrs |= {
        "item": found.item,
        "guess": values[found.code],
        "to": values[found.to],
        "before": {values[code]: float(found.before[code]) for code in both},
        "after": {values[code]: float(found.after[code]) for code in both},
    }
    return table


def edits_table(editing: Editing, pool: Pool, labels: Labels) -> pd.DataFrame:
    """The edited items; see :meth:`.Edits.to_frame`."""
    every = editing.every
    why = [editing.untaught(one, labels) for one in every]
    values = labels.schema.all_values
    return pd.DataFrame(
        {
            "name": column([one.name for one in every]),
            "id": column([_id_of(one, pool) for one in every]),
            "item": column([one.item for one in every]),
            "label": column([None if one.code is None else values[one.code] for one in every]),
            "teaches": [not reason for reason in why],
            "why": column(why),
            "annotator": column([one.event.annotator for one in every]),
            "time": pd.to_datetime([one.event.time for one in every], utc=True),
        }
    )


def _id_of(one: Edit | Lost, pool: Pool) -> Any:
    """The id of the item that was edited; its key in the log if it is not in the table."""
    if one.row is None:
        return one.key
    return pool.ids[one.row]
