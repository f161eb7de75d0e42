"""Counterfactuals and edited items as tables."""

from __future__ import annotations

import pandas as pd

from hitl_widgets.data.pool import Pool
from hitl_widgets.loop.asking import Labels
from hitl_widgets.loop.teach.counterfactuals import Counterfactual, NewCell
from hitl_widgets.loop.teach.edits import Editing
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
    kept = editing.kept
    read = bool(kept) and not editing.unread
    return pd.DataFrame(
        {
            "name": column([one.name for one in kept]),
            "id": column([pool.ids[one.row] for one in kept]),
            "item": column([one.item for one in kept]),
            "label": column([labels.schema.all_values[one.code] for one in kept]),
            "teaches": [read and bool(labels.y[one.row] >= 0) and not one.changed for one in kept],
            "annotator": column([one.event.annotator for one in kept]),
            "time": pd.to_datetime([one.event.time for one in kept], utc=True),
        }
    )
