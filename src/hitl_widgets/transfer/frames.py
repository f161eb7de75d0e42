"""The data of a session as tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from hitl_widgets.data.apart import Counts
from hitl_widgets.data.pool import Pool
from hitl_widgets.labels.events import LabelEvent, because_of, is_demonstration, is_gold
from hitl_widgets.labels.fold import Fold
from hitl_widgets.loop.asking import Labels
from hitl_widgets.loop.comparing import Comparison
from hitl_widgets.loop.explaining import Explanation, Influence, Telling
from hitl_widgets.loop.naming import Naming
from hitl_widgets.loop.round import Round
from hitl_widgets.quality.hours import worked
from hitl_widgets.quality.pace import usual_seconds
from hitl_widgets.questions.base import Arranged, Standing, kind_of
from hitl_widgets.questions.schema import Schema

if TYPE_CHECKING:
    from hitl_widgets.items.features.telling import Piece

__all__ = [
    "column",
    "comparison_table",
    "decisions_table",
    "explanation_table",
    "folded",
    "history_table",
    "influence_table",
    "items_table",
    "labels_table",
    "missing_table",
    "notes_table",
    "predictions_table",
    "progress_table",
    "refused_table",
    "telling_table",
]

WITH_GAPS: dict[str, Any] = {"integer": "Int64", "boolean": "boolean"}


def column(values: list[Any]) -> pd.Series[Any]:
    """A column of a fitting dtype: integers and booleans keep their type if values are missing."""
    cells = pd.Series(values, dtype=object)
    kind = WITH_GAPS.get(pd.api.types.infer_dtype(cells, skipna=True)) if cells.hasnans else None
    try:
        return cells.astype(kind) if kind else cells.infer_objects()
    except (UnicodeEncodeError, OverflowError):  # pandas' string dtype cannot hold lone surrogates
        return cells


def folded(events: Iterable[LabelEvent]) -> Fold:
    """The state that results from these events."""
    fold = Fold()
    for event in events:
        fold.apply(event)
    return fold


def labels_table(
    fold: Fold, pool: Pool | None, naming: Naming | None = None, *, machine: bool = False
) -> pd.DataFrame:
    """One row per item and annotator with a current label; see :meth:`Session.labels`.

    Items that are not in the pool, or all items without a pool, are identified by the store's own key. With
    ``machine``, also the machine labels, and a column that tells them from those of people.
    """
    table = _labels_table(fold, pool, naming)
    if not machine:
        return table
    table.insert(2, "label_source", "person")
    given = _machine_table(fold, pool, naming)
    return pd.concat([table, given], ignore_index=True) if len(given) else table


def _machine_table(fold: Fold, pool: Pool | None, naming: Naming | None) -> pd.DataFrame:
    """One row for each machine label of an item that no person has labelled."""
    act = fold.machines.act
    if act is None:
        return pd.DataFrame()
    value, rows = _own(fold), []
    for key in fold.machines.given:
        answer = fold.machine(key)
        if answer is None or fold.answer(key) is not None:
            continue
        place = None if naming is None else naming.row(key)
        shown = key if pool is None or place is None else pool.ids[place]
        label = value(fold.kind.said(answer, fold.vocabulary))
        rows.append((shown, label, "machine", label, None, act.time))
    columns = ["id", "label", "label_source", "said", "annotator", "time"]
    table = pd.DataFrame({name: column([row[k] for row in rows]) for k, name in enumerate(columns)})
    table["time"] = pd.to_datetime(table["time"], utc=True)
    return table.assign(selection="machine", elapsed_ms=pd.Series(pd.NA, table.index, dtype="Int64"))


def _labels_table(fold: Fold, pool: Pool | None, naming: Naming | None) -> pd.DataFrame:
    if pool is None or naming is None:
        return _said(fold, ((key, key) for key in fold.touched))
    ids = pool.ids
    return _said(fold, ((key, key if row is None else ids[row]) for key, row in naming.placed(fold)))


def missing_table(fold: Fold, keys: Iterable[str]) -> pd.DataFrame:
    """The same for items that are not in the pool; see :meth:`Session.missing`."""
    return _said(fold, ((key, key) for key in keys))


def notes_table(noted: Iterable[tuple[int, LabelEvent]], pool: Pool) -> pd.DataFrame:
    """One row per note; see :meth:`Session.notes`."""
    rows = [(pool.ids[row], e.value["note"], e.annotator, e.time) for row, e in noted]
    table = pd.DataFrame(rows, columns=["id", "note", "annotator", "time"])
    table["time"] = pd.to_datetime(table["time"], utc=True)
    return table


def refused_table(labels: Labels, pool: Pool) -> pd.DataFrame:
    """One row per item that nobody could answer; see :meth:`Session.refused`."""
    rows = np.flatnonzero(labels.refused)
    why = np.array(["", "unknown", "bad"])[labels.refused[rows]]
    return pd.DataFrame({"id": column([pool.ids[row] for row in rows.tolist()]), "why": why.tolist()})


def _said(fold: Fold, items: Iterable[tuple[str, Any]]) -> pd.DataFrame:
    value = _own(fold)
    rows = [
        (
            shown,
            value(now),
            value(fold.words(e)),
            e.annotator,
            e.time,
            e.selection,
            e.elapsed_ms,
            is_demonstration(e),
            fold.order(e),
        )
        for key, shown in items
        for e in (*fold.current(key).values(), *_decided(fold, key))
        if (now := fold.meaning(e)) is not None
    ]
    columns = ["id", "label", "said", "annotator", "time", "selection", "elapsed_ms", "demonstrated", "order"]
    cells = zip(*rows, strict=True) if rows else ([] for _ in columns)
    table = pd.DataFrame({name: column(list(values)) for name, values in zip(columns, cells, strict=True)})
    table = table.sort_values("order", kind="stable")
    table["time"] = pd.to_datetime(table["time"], utc=True)
    table["elapsed_ms"] = table["elapsed_ms"].astype("Int64")
    return _without_idle(table.drop(columns="order")).reset_index(drop=True)


def _decided(fold: Fold, key: str) -> list[LabelEvent]:
    found = fold.verdict(key)
    return [] if found is None else [found]


def decisions_table(fold: Fold, pool: Pool, naming: Naming) -> pd.DataFrame:
    """One row per decision; see :meth:`Session.decisions`."""
    value = _own(fold)
    found = [
        (fold.order(e), pool.ids[row], value(fold.meaning(e)), because_of(e), e.annotator, e.time, is_gold(e))
        for key in fold.judged
        if (row := naming.row(key)) is not None
        for e in _decided(fold, key)
    ]
    cells = list(zip(*sorted(found, key=lambda one: one[0]), strict=True))[1:]
    names = ["id", "label", "because", "annotator", "time", "gold"]
    table = pd.DataFrame({name: column(list(c)) for name, c in zip(names, cells or [()] * 6, strict=True)})
    table["time"] = pd.to_datetime(table["time"], utc=True)
    return table.astype({"gold": bool})


def _without_idle(table: pd.DataFrame) -> pd.DataFrame:
    """The table without the column of demonstrations if there are none."""
    return table if table["demonstrated"].any() else table.drop(columns="demonstrated")


def _own(fold: Fold) -> Callable[[Any], Any]:
    """A function that converts class names to the user's own values."""
    schema = fold.schema
    return str if schema is None else lambda said: fold.kind.own(said, schema)


def progress_table(annotators: list[tuple[str, int, bool]], events: list[LabelEvent]) -> pd.DataFrame:
    """One row per annotator; see :meth:`Session.progress`."""
    by: dict[str, list[LabelEvent]] = {name: [] for name, _, _ in annotators}
    for event in events:
        # Imported labels were given elsewhere, and a cell asks the question.
        if event.selection != "import" and event.kind != "schema":
            by.setdefault(event.annotator, []).append(event)
    rows = []
    for name, n_labels, here in annotators:
        acts = sorted(by[name], key=lambda event: event.time)
        times = np.array([datetime.fromisoformat(event.time).timestamp() for event in acts])
        took = np.array([np.nan if event.elapsed_ms is None else event.elapsed_ms / 1000 for event in acts])
        seconds = usual_seconds(acts)
        hours = worked(times, took) / 3600
        rows.append((name, n_labels, here, len(acts), hours, np.nan if seconds is None else seconds))
    return pd.DataFrame(rows, columns=["annotator", "labels", "here", "acts", "hours", "seconds"])


def history_table(events: list[LabelEvent], fold: Fold) -> pd.DataFrame:
    """One row per event; see :meth:`Session.history`."""
    states = {e.event_id: fold.state(e) for e, _ in fold.acts()}
    value = _own(fold)
    rows = [
        {
            "time": e.time,
            "annotator": e.annotator,
            "kind": e.kind,
            "n_items": len(e.item_ids),
            "value": value(fold.words(e)) if e.kind == "label" else e.value,
            "selection": e.selection,
            "holds": states.get(e.event_id, "holds") == "holds",
            "state": states.get(e.event_id, "holds"),
            "elapsed_ms": e.elapsed_ms,
            "event_id": e.event_id,
            "item_ids": list(e.item_ids),
            "demonstrated": is_demonstration(e),
        }
        for e in events
    ]
    arranged = isinstance(fold.kind, Arranged)
    if isinstance(fold.kind, Arranged):
        for row, e in zip(rows, events, strict=True):
            answer = fold.said(e) if e.kind == "label" and e.value is not None else None
            row["shown"] = None if answer is None else fold.kind.shown(answer) or None
    columns = [
        "time", "annotator", "kind", "n_items", "value", "selection", "holds", "state", "elapsed_ms",
        "event_id", "item_ids", *(["shown"] if arranged else []), "demonstrated",
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns)
    table["time"] = pd.to_datetime(table["time"], utc=True)
    return _without_idle(table)


def _guesses(round_: Round) -> list[Any]:
    return kind_of(round_.schema.kind).guesses(round_.belief, round_.schema)


def explanation_table(found: Explanation, pool: Pool, schema: Schema, missing: str = "") -> pd.DataFrame:
    """What speaks for a guess, in the order of the item; see :meth:`Session.explain`.

    ``missing`` is why it names no words or columns.
    """
    rows: list[dict[str, Any]] = [
        {
            "part": "column" if one.start is None else "word",
            "words": f"{name}: {one.words}" if (name := _place(one, pool)) is not None else one.words,
            "start": one.start,
            "end": one.end,
            "value": one.value,
        }
        for one in found.pieces
    ]
    rows += [
        {"part": name, "value": value}
        for name, value in found.parts.items()
        if name not in {"words", "columns"}
    ]
    values = schema.all_values
    rows += [
        {"part": "label", "id": pool.ids[one.row], "label": values[one.code], "share": one.share}
        for one in found.near
    ]
    names = ["part", "words", "start", "end", "value", "id", "label", "share"]
    table = pd.DataFrame({name: column([row.get(name) for row in rows]) for name in names})
    table.attrs |= {
        "guess": values[found.code],
        "against": values[found.other],
        "odds": found.odds,
        "exact": not found.measured,
        "missing": missing,
    }
    return table


# What is said of a group that no word or column tells from the others.
NOTHING = (
    "No word, value or range is so much commoner in the group than elsewhere that it could not be chance. "
    "Select more items, or fewer that look alike."
)


def comparison_table(found: Comparison, schema: Schema) -> pd.DataFrame:
    """What tells a group from all other items; see :meth:`Session.explain`."""
    rows: list[tuple[str, Any, Counts, str]] = [
        ("word", one.words, one.counts, one.query)
        if one.column is None
        else ("column", f"{one.column}: {one.words}", one.counts, one.query)
        for one in found.marks
    ]
    rows += [("label", schema.all_values[code], counts, "") for code, counts in found.labels.items()]
    rows += [("neighbours", "", found.near, "")] if found.near is not None else []
    table = pd.DataFrame(
        [(part, words, c.n, c.of, c.rest, c.of_rest, c.ratio, query) for part, words, c, query in rows],
        columns=["part", "words", "n", "of", "rest", "of_rest", "ratio", "query"],
    )
    table.attrs["missing"] = "" if found.marks else NOTHING
    return table


def _place(one: Piece, pool: Pool) -> Any:
    """The column of a piece, or the text of a list that it belongs to; None for a single text."""
    if one.member is None:
        return one.column
    return pool.columns[one.member] if one.member < len(pool.columns) > 1 else one.member + 1


def telling_table(found: Iterable[Telling], schema: Schema, n: int) -> pd.DataFrame:
    """The words that speak most for each class; see :meth:`Session.telling_words`."""
    names, told = ["label", "words", "value", "items", "of"], [one for one in found if one.value > 0]
    rows = [(schema.all_values[one.code], one.words, one.value, one.n, one.of) for one in told]
    table = pd.DataFrame(rows, columns=names)
    table["word"] = pd.Series([one.word for one in told], dtype=object)
    table["column"] = pd.Series([one.column for one in told], dtype=object)
    return table.groupby("label", sort=False).head(n).reset_index(drop=True)


def influence_table(found: Iterable[Influence], pool: Pool, schema: Schema) -> pd.DataFrame:
    """What labels do to a guess; see :meth:`Session.influence`."""
    values = schema.all_values
    rows = [(pool.ids[one.row], values[one.code], one.change, values[one.guess]) for one in found]
    return pd.DataFrame(rows, columns=["id", "label", "change", "guess"])


def predictions_table(round_: Round | None, pool: Pool) -> pd.DataFrame:
    """One row per item; see :meth:`Session.predictions`."""
    index = pd.Index(list(pool.ids), name="id")
    if round_ is None:
        nothing: list[Any] = [None] * len(pool)
        columns = {"label": nothing, "confidence": np.nan, "uncertainty": np.nan}
        return pd.DataFrame(columns, index=index)
    known, kind = round_.belief.known, kind_of(round_.schema.kind)
    return pd.DataFrame(
        {
            "label": column(_guesses(round_)).array,
            "confidence": np.where(known, round_.confidence, np.nan),
            "uncertainty": np.where(known, round_.uncertainty, np.nan),
            **kind.columns(round_.belief, round_.schema),
        },
        index=index,
    )


def answers_of(labels: Labels, *, machine: bool = False) -> list[Any]:
    """The label of each item in the user's own values; None if it has none, of a person or of the machine."""
    codes = np.where(labels.y < 0, labels.machine, labels.y) if machine else labels.y
    schema, kind = labels.schema, labels.kind
    names = Standing(schema)
    own = [kind.own(kind.said(answer, names), schema) for answer in labels.answers]
    return [own[code] if code >= 0 else None for code in codes.tolist()]


def items_table(pool: Pool, labels: Labels, round_: Round | None, *, machine: bool = False) -> Any:
    """The user's own table with additional columns; see :meth:`Session.to_frame`."""
    predicted = [None] * len(pool) if round_ is None else _guesses(round_)
    sure = np.full(len(pool), np.nan) if round_ is None else round_.confidence
    given = answers_of(labels, machine=machine)
    columns: dict[str, Any] = {
        "label": [given[i] for i in pool.rows],
        **({"label_source": [_source(labels, i) for i in pool.rows]} if machine else {}),
        "prediction": [predicted[i] for i in pool.rows],
        "confidence": np.where([v is None for v in predicted], np.nan, sure)[pool.rows],
    }
    table, is_list = _own_table(pool)
    if is_list:
        columns = {"id": [pool.ids[i] for i in pool.rows], **columns}
    prefix = "hitl_" if set(columns) & set(table.columns) else ""
    native = table.to_native()
    if isinstance(native, pd.DataFrame):
        return native.assign(**{prefix + name: _cells(values) for name, values in columns.items()})
    added = [
        nw.new_series(prefix + name, cells, _dtype(cells), backend=table.implementation)
        for name, values in columns.items()
        for cells in [_of_one_type(values)]
    ]
    return table.with_columns(*added).to_native()


def _source(labels: Labels, row: int) -> str | None:
    """Who gave an item its label: a person or the machine; None if it has none."""
    return "person" if labels.y[row] >= 0 else "machine" if labels.machine[row] >= 0 else None


def _own_table(pool: Pool) -> tuple[nw.DataFrame[Any], bool]:
    """The user's table, and whether it was created from a list or a column."""
    source = pool.source
    if isinstance(source, list | tuple):
        items = [pool.items[i] for i in pool.rows]
        if pool.item_kind.tabular:
            return nw.from_native(pd.DataFrame(items), eager_only=True), True
        source = None if pool.item_kind.in_files else pd.Series(items, name=pool.kind, dtype=object)
    try:
        found: Any = nw.from_native(source, eager_only=True, allow_series=True)
    except TypeError:  # an array, or images
        return nw.from_native(pd.DataFrame(index=range(len(pool.rows))), eager_only=True), True
    if not isinstance(found, nw.Series):
        return found, False
    return (found if found.name not in {None, ""} else found.alias(pool.kind)).to_frame(), True


def _cells(values: Any) -> Any:
    """A column for a pandas table with any index; numeric and boolean classes keep their type."""
    typed = column(list(values))
    return typed.array if typed.dtype.kind in "iufb" else pd.Series(values, dtype=object).array


def _of_one_type(values: Any) -> Any:
    """Values converted to one type: mixed numbers to float, other mixtures to text."""
    if isinstance(values, np.ndarray):
        return values
    inner = [v for value in values for v in (value if isinstance(value, list) else [value]) if v is not None]
    kinds = set(map(type, inner))
    if len(kinds) < 2:
        return list(values)
    one: Any = float if kinds == {int, float} else str
    return [[one(v) for v in c] if isinstance(c, list) else None if c is None else one(c) for c in values]


def _dtype(values: Any) -> Any:
    """The dtype of a column for other table types; None lets the library infer it."""
    if isinstance(values, np.ndarray):
        return nw.Float64
    return nw.String if all(v is None or isinstance(v, str) for v in values) else None
