"""Export of labels, from a session or from a store alone, with a data card for each file."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hitl_widgets.data.columns import Columns
from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import HitlError, InvalidInput
from hitl_widgets.formats import Export, Said, Writer, summary, write, writer_of
from hitl_widgets.formats.base import IMAGES, Size, pseudonym, texts_of
from hitl_widgets.formats.card import Facts, Guide, write_card
from hitl_widgets.formats.label_studio_tasks import form_controls
from hitl_widgets.items.base import Measured
from hitl_widgets.items.lists import ListKind
from hitl_widgets.items.several import Several
from hitl_widgets.labels.events import LabelEvent
from hitl_widgets.labels.fold import Fold
from hitl_widgets.learn.evaluate import Estimate
from hitl_widgets.loop import notices
from hitl_widgets.loop.loop import Loop
from hitl_widgets.loop.teach.guiding import kept_in, versions_in
from hitl_widgets.paths import full_path
from hitl_widgets.questions.schema import Schema
from hitl_widgets.questions.values import plain
from hitl_widgets.transfer.frames import column, folded, labels_table

__all__ = ["Fields", "export_log", "export_loop", "guides_of", "pseudonyms", "said_of", "skipped"]

WIDE = 30
SOON = 10.0  # seconds that an export waits for the model, to report its accuracy


def export_loop(
    loop: Loop,
    path: str | os.PathLike[str],
    format: str | None = None,  # noqa: A002 - the word of Session.export
    *,
    names: bool = False,
    items: bool | None = None,
    machine: bool = False,
) -> Path:
    """Write a session's labels, or its history, and the card; see :meth:`Session.export`."""
    writer, pool = writer_of(path, format), loop.pool
    if items and (not writer.tabular or pool.item_kind.in_files):
        what = "a table" if writer.tabular else "the history"
        raise InvalidInput(f"items=True: {what} cannot contain {pool.kind} items. Omit items=.")
    if machine and not writer.tabular:
        how = (
            "the history has them as acts" if writer.name == "jsonl" else "this format has no place for them"
        )
        raise InvalidInput(f"machine=True is for tables (.csv, .parquet, .xlsx): {how}. Omit machine=.")
    events, naming = loop.log.events(), loop.log.ledger.naming
    fold = folded(map(naming.meant, events))
    there = None if writer.name == "jsonl" else machine
    facts = facts_of(loop, fold, events, names=names, machine=there)
    n_machine = int((loop.labels.machine >= 0).sum())
    if n_machine and there is False:
        warnings.warn(notices.machine(n_machine, "", there=False), RuntimeWarning, stacklevel=3)
    labels = facts.labels.drop(columns="gone")
    said = said_of(loop, labels) if writer.items else []
    if machine:
        labels = _placed(labels_table(fold, pool, naming, machine=True), pool)
    if _wants_items(pool, items):
        labels = _with_items(labels, pool)
    return export_log(events, fold, labels, facts, path, writer, store=loop.store.path, said=said)


def facts_of(
    loop: Loop, fold: Fold, events: Sequence[LabelEvent], *, names: bool, machine: bool | None = False
) -> Facts:
    """Return the facts of a session for a card.

    ``machine``: its file has the machine labels; None: as acts of the history.
    """
    pool = loop.pool
    labels = _placed(labels_table(fold, pool, loop.log.ledger.naming), pool)
    n_changed, n_machine = loop.log.n_changed, int((loop.labels.machine >= 0).sum())
    notes = [notices.changed(n_changed, len(loop.labels))] if n_changed else []
    if n_machine and machine is not None:
        notes.append(notices.machine(n_machine, str(loop.handing.state()), there=machine))
    accuracy, estimate = _accuracy(loop)

    def shown(key: str) -> Any:
        row = loop.log.row_of(key)
        return key if row is None else pool.ids[row]

    return Facts(
        file="",
        columns=(),
        task=loop.task,
        schema=loop.schema,
        labels=labels.assign(gone=labels["row"].isna()),
        names=names,
        n_events=len(events),
        n_skipped=skipped(fold),
        n_items=len(pool),
        chosen=_chosen(loop),
        accuracy=accuracy,
        per_class=[(name, str(one)) for name, one in estimate.per_class.items()],
        guides=guides_of(fold, events, shown, names=names),
        notes=notes,
    )


def export_log(
    events: Sequence[LabelEvent],
    fold: Fold,
    table: pd.DataFrame,
    facts: Facts,
    path: str | os.PathLike[str],
    writer: Writer,
    *,
    store: Path | None,
    said: Sequence[Said] = (),
) -> Path:
    """Write ``table``, or every event, and the card. ``facts.names`` decides whether annotators are named.

    Warns
    -----
    RuntimeWarning
        If the format cannot contain something.
    """
    target = full_path(path)
    if store is not None and target.exists() and store.exists() and target.samefile(store):
        raise InvalidInput(f"{path} is the label store itself. Pass another file to write to.")
    called = {} if facts.names else pseudonyms(events)
    labels = facts.labels.assign(annotator=facts.labels["annotator"].map(lambda who: called.get(who, who)))
    cells = table.assign(annotator=labels["annotator"])
    for name in ("label", "said"):
        cells[name] = column(list(map(fold.kind.cell, table[name])))
    named = [replace(one, annotator=called.get(one.annotator or "", one.annotator)) for one in said]
    schema = facts.schema
    kind, classes = ("", ()) if schema is None else (schema.kind, schema.all_names)
    export = Export(cells, events, fold, called, kind, classes, schema, named)
    written, left = write(writer, export, path)
    lines = [f"Not in the file: {line}" for line in summary(left)]
    notes, columns = [*facts.notes, *writer.notes(export), *lines], writer.columns(export)
    if left:
        warnings.warn(
            f"{written.name} does not contain everything: {' '.join(summary(left)[:5])}",
            RuntimeWarning,
            stacklevel=4,
        )
    told = replace(facts, file=written.name, columns=columns, labels=labels, notes=notes)
    write_card(told, written)
    return written


def pseudonyms(events: Iterable[LabelEvent]) -> dict[str, str]:
    """Map annotators to ``annotator 1`` and so on, in the order of their first act."""
    return {who: pseudonym(n) for n, who in enumerate(dict.fromkeys(e.annotator for e in events), 1)}


def skipped(fold: Fold) -> int:
    """The number of items that were skipped and have not been labelled since."""
    return sum(map(fold.skipped, fold.touched))


def guides_of(
    fold: Fold, events: Iterable[LabelEvent], shown: Callable[[str], Any], *, names: bool
) -> list[Guide]:
    """Return the guidelines of the classes that have one; ``shown`` is the id of an item, given its key."""
    schema, called = fold.schema, {} if names else pseudonyms(events)
    versioned, found = versions_in(fold), []
    for id_, c in zip(schema.ids, (*schema.classes, *schema.retired), strict=True) if schema else ():
        versions = [
            (v.time, called.get(v.annotator, v.annotator), v.text, len(v.examples), len(v.counterexamples))
            for v in versioned.get(id_, ())
        ]
        examples = [(shown(k.key), k.counter, k.because) for k in kept_in(fold) if k.class_id == id_]
        if versions:
            found.append(Guide(c.name, versions, examples))
    return found


def said_of(loop: Loop, labels: pd.DataFrame) -> list[Said]:
    """Return the current labels with their items, as the formats of other tools need them."""
    pool, kind = loop.pool, loop.schema.kind
    fields, parts = Fields(loop), form_controls(loop.schema)
    rows = zip(*(labels[name] for name in ("id", "label", "annotator", "time", "elapsed_ms")), strict=True)
    found = []
    for number, (key, label, who, time, elapsed) in enumerate(rows):
        place = pool.find(key)
        if place is None or label is None:
            continue
        item = fields.of(place)
        found.append(
            Said(
                number,
                _fixed(label, loop.schema),
                key,
                texts_of(item),
                who,
                not pool.by_content,
                kind,
                item,
                fields.size(place, kind),
                None if pd.isna(elapsed) else int(elapsed),
                time.isoformat(),
                parts=parts,
            )
        )
    return found


def _fixed(label: Any, schema: Schema) -> Any:
    """Return an answer to a comparison by its fixed name, which other tools and import know."""
    if schema.kind != "pair":
        return label
    names = dict(zip(schema.values, schema.ids, strict=False))
    if isinstance(label, Mapping):
        return {**label, "label": names.get(label["label"], label["label"])}
    return names.get(label, label)


class Fields:
    """The fields of items, and their context, in files of other tools.

    Parameters
    ----------
    loop
        The session.
    masked
        Whether personal data is hidden, because the file is for other people; exports have what you have.
    """

    def __init__(self, loop: Loop, *, masked: bool = False) -> None:
        columns = Columns(loop.pool)
        self._pool, self._columns = loop.pool, {name: columns.raw(name) for name in loop.context}
        self._mask = loop.pool.mask if masked else None

    def of(self, place: int) -> dict[str, Any]:
        """Return the fields of an item: see :class:`~hitl_widgets.formats.base.Said`."""
        pool, item = self._pool, self._pool.items[place]
        item = item if self._mask is None else self._mask.item(item)
        beside = self.beside(place)
        if pool.item_kind.tabular:
            return {**beside, **{str(name): plain(value) for name, value in item.items()}}
        if isinstance(pool.item_kind, ListKind | Several):
            members = [str(m) if isinstance(m, str | Path) else None for m in item]
            return {"items": members, **beside}
        if isinstance(item, str | Path):
            return {pool.kind if pool.item_kind.in_files else "text": str(item), **beside}
        return beside

    def beside(self, place: int) -> dict[str, Any]:
        """Return the values of the columns that are shown above an item."""
        found = {name: values[place] for name, values in self._columns.items()}
        return found if self._mask is None else self._mask.item(found)

    def size(self, place: int, kind: str) -> Size | None:
        """Return the size of an image for marks on it; None if it cannot be read."""
        pool = self._pool
        if kind not in IMAGES or not isinstance(pool.item_kind, Measured):
            return None
        try:
            extent = pool.item_kind.extent(pool.items[place])
        except ValueError:
            return None
        return (extent[0], extent[1]) if len(extent) > 1 else None


def _placed(labels: pd.DataFrame, pool: Pool) -> pd.DataFrame:
    """Insert a column with the row of each item in the user's table after the id."""
    found = [pool.find(one) for one in labels["id"]]
    rows = [None if i is None else int(pool.first_rows[i]) for i in found]
    labels.insert(1, "row", pd.Series(rows, labels.index, dtype="Int64"))
    return labels


def _wants_items(pool: Pool, items: bool | None) -> bool:
    if items is not None:
        return items
    kind = pool.item_kind
    return pool.by_content and not kind.in_files and (not kind.tabular or len(pool.items[0]) <= WIDE)


def _with_items(labels: pd.DataFrame, pool: Pool) -> pd.DataFrame:
    """Append the items to the labels; their columns get a prefix if a name is already used."""
    found = [pool.find(one) for one in labels["id"]]
    kind = pool.item_kind
    if kind.tabular:
        rows = [{} if i is None else pool.items[i] for i in found]
        columns = {str(c): [row.get(c) for row in rows] for c in pool.items[0]}
    elif isinstance(kind, ListKind | Several):
        most = max(map(len, pool.items))
        names = pool.columns if len(pool.columns) == most else [f"member_{k + 1}" for k in range(most)]
        rows = [() if i is None else pool.items[i] for i in found]
        columns = {name: [row[k] if k < len(row) else None for row in rows] for k, name in enumerate(names)}
    else:
        columns = {pool.kind: [None if i is None else pool.items[i] for i in found]}
    prefix = "item_" if columns.keys() & set(labels.columns) else ""
    added = pd.DataFrame({prefix + name: column(values) for name, values in columns.items()})
    return pd.concat([labels, added], axis=1)


def _chosen(loop: Loop) -> str:
    share = f"{loop.audit:.0%} of the questions were drawn at random for the audit."
    return f"In this session the strategy is {loop.strategy}, and {share} Earlier sessions may have differed."


def _accuracy(loop: Loop) -> tuple[str, Estimate]:
    """The estimate as text and as an object; does not wait for the model if nothing was audited."""
    labels, background = loop.labels, loop.background
    measure = labels.target.problem.measure
    if not measure:
        nothing = Estimate(None, None, None, 0)
        return "Nothing is learned from these answers, so no model is measured.", nothing
    what = "Share of the unlabelled items that the model predicts correctly"
    if measure != "accuracy":
        what = f"{measure[0].upper()}{measure[1:]} of the model's predictions for the unlabelled items"
    words = f"{what}, estimated (95 % interval): "
    n = int(np.count_nonzero(labels.audited & (labels.y >= 0)))
    found = Estimate(None, None, None, n)
    try:
        if n and not loop.log.closed and background.settle(SOON).learned:
            found = background.trainer.estimate()
        if not n or found.value is not None:
            return f"{words}{found}.", found
    except (HitlError, TimeoutError):
        pass
    known = background.evaluation.estimate
    if known.value is None:
        return f"{words}not known yet, as the model is still learning ({n} audited).", known
    behind = loop.log.n_events - background.evaluation.n_events
    return f"{words}{known}{f', as of {behind} acts ago' if behind else ''}.", known
