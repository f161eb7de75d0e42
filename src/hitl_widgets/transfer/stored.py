"""Reads the labels of a store without the data that were labelled."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd

from hitl_widgets.errors import InvalidInput, StoreError, choices, nearest
from hitl_widgets.formats import writer_of
from hitl_widgets.formats.card import Facts
from hitl_widgets.labels.events import LabelEvent
from hitl_widgets.labels.fold import Fold
from hitl_widgets.labels.store import LabelStore
from hitl_widgets.paths import full_path
from hitl_widgets.transfer.exporting import export_log, guides_of, skipped
from hitl_widgets.transfer.frames import folded, history_table, labels_table

__all__ = ["export_stored", "stored_history", "stored_labels"]


def stored_labels(store: str | os.PathLike[str], task: str | None = None) -> pd.DataFrame:
    """The current labels; see :meth:`Session.labels`. Ids are the store's own keys.

    Parameters
    ----------
    store
        Path of an existing label store, or a database URL.
    task
        Name of the task; may be omitted if the store has only one.

    Raises
    ------
    StoreError
        If the store does not exist or cannot be read.
    InvalidInput
        If it does not have this task.
    """
    return labels_table(_read(store, task)[2], None)


def stored_history(store: str | os.PathLike[str], task: str | None = None) -> pd.DataFrame:
    """Every event of a task; see :meth:`Session.history` and :func:`stored_labels`."""
    _, events, fold = _read(store, task)
    return history_table(events, fold)


def export_stored(
    store: str | os.PathLike[str],
    path: str | os.PathLike[str],
    task: str | None = None,
    format: str | None = None,  # noqa: A002 - the word of Session.export
    *,
    names: bool = False,
) -> Path:
    """Write a store's labels, or its history to .jsonl, and a card; see :meth:`Session.export`."""
    writer = writer_of(path, format)
    if writer.items:
        raise InvalidInput(
            f"The format {writer.name!r} contains the items, which a store does not have: use session.export."
        )
    name, events, fold = _read(store, task)
    labels = labels_table(fold, None)
    facts = Facts(
        file="",
        columns=(),
        task=name,
        schema=fold.schema,
        labels=labels,
        names=names,
        n_events=len(events),
        n_skipped=skipped(fold),
        guides=guides_of(fold, events, str, names=names),
    )
    return export_log(events, fold, labels, facts, path, writer, store=_file(store))


def _read(store: str | os.PathLike[str], task: str | None) -> tuple[str, list[LabelEvent], Fold]:
    _refuse_missing(store)
    opened = LabelStore(store)
    try:
        name = _task(opened, task)
        events = [event for _, event in opened.read(name)]
    finally:
        opened.close()
    return name, events, folded(events)


def _file(store: str | os.PathLike[str]) -> Path | None:
    """The path of the store; None if it is not a file."""
    text = os.fspath(store)
    if "://" in text and not text.startswith("sqlite"):
        return None
    return full_path(text.split(":///", 1)[-1])


def _refuse_missing(store: str | os.PathLike[str]) -> None:
    """Raise if the store does not exist: opening it would create it and so hide a mistyped name."""
    path = _file(store)
    if path is None:
        return
    if not path.exists():
        raise StoreError(f"There is no label store {path}. Pass the file shown in the widget or in store=.")
    if path.is_file() and path.stat().st_size == 0:
        raise StoreError(f"{path} is an empty file, not a label store.")


def _task(store: LabelStore, task: str | None) -> str:
    tasks = store.tasks()
    if not tasks:
        raise InvalidInput(f"{store.name} has no labels yet.")
    if task is None:
        if len(tasks) > 1:
            raise InvalidInput(f"{store.name} has the tasks {choices(tasks)}: choose one.")
        return tasks[0]
    if task not in tasks:
        raise InvalidInput(
            f"{store.name} has no task {task!r}.{nearest(task, tasks)} Its tasks are {choices(tasks)}."
        )
    return task
