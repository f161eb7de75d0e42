"""What a store holds, read without the data it was given for."""

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
from hitl_widgets.transfer.exporting import export_log, skipped
from hitl_widgets.transfer.frames import folded, history_table, labels_table

__all__ = ["export_stored", "stored_history", "stored_labels"]


def stored_labels(store: str | os.PathLike[str], task: str | None = None) -> pd.DataFrame:
    """The labels that hold; see :meth:`Session.labels`. Ids are the store's own keys.

    Parameters
    ----------
    store
        Path of a label store, or a database URL. It must be there already.
    task
        Which question; may be left out where the store knows only one.

    Raises
    ------
    StoreError
        When there is no such store, or it cannot be read.
    InvalidInput
        When it knows no such task.
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
    """Where the store lies, None where it is not a file."""
    text = os.fspath(store)
    if "://" in text and not text.startswith("sqlite"):
        return None
    return full_path(text.split(":///", 1)[-1])


def _refuse_missing(store: str | os.PathLike[str]) -> None:
    """Opening a store makes it where it is missing: here that would hide a mistyped name."""
    path = _file(store)
    if path is None:
        return
    if not path.exists():
        raise StoreError(f"There is no label store {path}. It is the file named in the widget, or by store=.")
    if path.is_file() and path.stat().st_size == 0:
        raise StoreError(f"{path} is empty: it is not a label store, and nothing was labelled in it.")


def _task(store: LabelStore, task: str | None) -> str:
    tasks = store.tasks()
    if not tasks:
        raise InvalidInput(f"{store.name} holds no labels yet.")
    if task is None:
        if len(tasks) > 1:
            raise InvalidInput(f"{store.name} holds the tasks {choices(tasks)}: say which one.")
        return tasks[0]
    if task not in tasks:
        raise InvalidInput(
            f"{store.name} holds no task {task!r}.{nearest(task, tasks)} Its tasks are {choices(tasks)}."
        )
    return task
