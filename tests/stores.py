"""The kinds of label store in the contract tests, and their helpers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from hitl_widgets.labels import _sqlite
from hitl_widgets.labels.events import LabelEvent
from hitl_widgets.labels.store import LabelStore

NEVER, ALWAYS = (99,), (3,)  # the version of SQLite from which the write-ahead log is used


@dataclass
class Kind:
    """Where a store of this kind is created."""

    where: str  # {folder}, or "postgresql"
    wal_since: tuple[int, ...] = NEVER


KINDS = {
    "file": Kind("{folder}/labels.sqlite"),
    "url": Kind("sqlite:///{folder}/labels.sqlite"),
    "wal": Kind("{folder}/labels.sqlite", ALWAYS),
    "memory": Kind(":memory:"),
    "memory url": Kind("sqlite://"),
    "postgresql": Kind("postgresql"),
}
DURABLE = ["file", "url", "wal", "postgresql"]
FILES = ["file", "wal"]


def place(kind: str, request: pytest.FixtureRequest) -> str:
    """A new location for a store of this kind, with its journal mode for the duration of the test."""
    request.getfixturevalue("monkeypatch").setattr(_sqlite, "WAL_SINCE", KINDS[kind].wal_since)
    if kind == "postgresql":
        return str(request.getfixturevalue("postgres").new_database())
    return KINDS[kind].where.format(folder=request.getfixturevalue("tmp_path"))


def label(i: int = 0, **changes: Any) -> LabelEvent:
    return LabelEvent(
        **{"kind": "label", "task": "t", "annotator": "ann", "item_ids": (f"item {i}",)} | changes
    )


def events(store: LabelStore, task: str = "t", after: int = 0) -> list[LabelEvent]:
    return [event for _, event in store.read(task, after)]


def raw(store: LabelStore, statement: str) -> Any:
    """Run a statement like another program; returns the first value, if there is one."""
    with store._database.writer() as connection:
        found = connection.exec_driver_sql(statement)
        return found.scalar() if found.returns_rows else None


def in_threads(*jobs: Callable[[], None]) -> None:
    errors: list[BaseException] = []

    def run(job: Callable[[], None]) -> None:
        try:
            job()
        except BaseException as error:  # noqa: BLE001 - shown below
            errors.append(error)

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert errors == []
