"""What a session knows, as tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from hitl_widgets.data.pool import Pool
from hitl_widgets.labels.events import LabelEvent
from hitl_widgets.labels.fold import Fold
from hitl_widgets.loop.asking import Labels
from hitl_widgets.loop.naming import Naming
from hitl_widgets.loop.round import Round

__all__ = [
    "column",
    "folded",
    "history_table",
    "items_table",
    "labels_table",
    "missing_table",
    "predictions_table",
]


def column(values: list[Any]) -> pd.Series[Any]:
    """A column of the kind that fits: whole numbers stay whole where some are missing."""
    cells = pd.Series(values, dtype=object)
    whole = cells.hasnans and pd.api.types.infer_dtype(cells, skipna=True) == "integer"
    try:
        return cells.astype("Int64") if whole else cells.infer_objects()
    except (UnicodeEncodeError, OverflowError):  # pandas' own kind of text holds no half characters
        return cells


def folded(events: Iterable[LabelEvent]) -> Fold:
    """What holds by these events."""
    fold = Fold()
    for event in events:
        fold.apply(event)
    return fold


def labels_table(fold: Fold, pool: Pool | None, naming: Naming | None = None) -> pd.DataFrame:
    """One row per item and annotator that holds; see :meth:`Session.labels`.

    An item that the pool lacks, or any where there is no pool, goes by the store's own key.
    """
    if pool is None or naming is None:
        return _said(fold, ((key, key) for key in fold.touched))
    ids = pool.ids
    return _said(fold, ((key, key if row is None else ids[row]) for key, row in naming.placed(fold)))


def missing_table(fold: Fold, keys: Iterable[str]) -> pd.DataFrame:
    """The same of the items that a pool lacks; see :meth:`Session.missing`."""
    return _said(fold, ((key, key) for key in keys))


def _said(fold: Fold, items: Iterable[tuple[str, Any]]) -> pd.DataFrame:
    rows = [
        (shown, now, e.value, e.annotator, e.time, e.selection, e.elapsed_ms, fold.order(e))
        for key, shown in items
        for e in fold.current(key).values()
        if (now := fold.meaning(e)) is not None
    ]
    columns = ["id", "label", "said", "annotator", "time", "selection", "elapsed_ms", "order"]
    cells = zip(*rows, strict=True) if rows else ([] for _ in columns)
    table = pd.DataFrame({name: column(list(values)) for name, values in zip(columns, cells, strict=True)})
    table = table.sort_values("order", kind="stable")
    table["time"] = pd.to_datetime(table["time"], utc=True)
    table["elapsed_ms"] = table["elapsed_ms"].astype("Int64")
    return table.drop(columns="order").reset_index(drop=True)


def history_table(events: list[LabelEvent], fold: Fold) -> pd.DataFrame:
    """One row per event; see :meth:`Session.history`."""
    holding = {e.event_id: holds for e, holds in fold.acts()}
    rows = [
        {
            "time": e.time,
            "annotator": e.annotator,
            "kind": e.kind,
            "n_items": len(e.item_ids),
            "value": e.value,
            "selection": e.selection,
            "holds": holding.get(e.event_id, True),
            "elapsed_ms": e.elapsed_ms,
            "event_id": e.event_id,
            "item_ids": list(e.item_ids),
        }
        for e in events
    ]
    columns = [
        "time", "annotator", "kind", "n_items", "value", "selection", "holds", "elapsed_ms",
        "event_id", "item_ids",
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns)
    table["time"] = pd.to_datetime(table["time"], utc=True)
    return table


def _names(codes: Any, classes: tuple[str, ...]) -> list[str | None]:
    return [classes[c] if c >= 0 else None for c in codes]


def predictions_table(round_: Round | None, pool: Pool) -> pd.DataFrame:
    """One row per item; see :meth:`Session.predictions`."""
    index = pd.Index(list(pool.ids), name="id")
    if round_ is None:
        nothing: list[Any] = [None] * len(pool)
        columns = {"label": nothing, "confidence": np.nan, "uncertainty": np.nan}
        return pd.DataFrame(columns, index=index)
    known = round_.predicted >= 0
    return pd.DataFrame(
        {
            "label": _names(round_.predicted, round_.schema.names),
            "confidence": np.where(known, round_.confidence, np.nan),
            "uncertainty": np.where(known, round_.uncertainty, np.nan),
        },
        index=index,
    )


def items_table(pool: Pool, labels: Labels, round_: Round | None) -> Any:
    """The person's own table with three columns more; see :meth:`Session.to_frame`."""
    predicted = predictions_table(round_, pool)
    columns = {
        "label": _names(labels.y[pool.rows], labels.schema.all_names),
        "prediction": predicted["label"].to_numpy()[pool.rows].tolist(),
        "confidence": predicted["confidence"].to_numpy()[pool.rows],
    }
    try:
        table: nw.DataFrame[Any] = nw.from_native(pool.source, eager_only=True)
    except TypeError:
        ids = [pool.ids[i] for i in pool.rows]
        return pd.DataFrame({"id": ids, **columns})
    prefix = "hitl_" if set(columns) & set(table.columns) else ""
    added = [
        nw.new_series(
            prefix + name,
            list(values),
            nw.Float64 if name == "confidence" else nw.String,
            backend=table.implementation,
        )
        for name, values in columns.items()
    ]
    native = table.to_native()
    if isinstance(native, pd.DataFrame):
        return native.assign(**{s.name: s.to_numpy() for s in added})
    return table.with_columns(*added).to_native()
