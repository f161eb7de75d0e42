"""Conversion between events and rows of the log."""

from __future__ import annotations

import json
from typing import Any

from hitl_widgets.labels.events import LabelEvent

__all__ = ["to_event", "to_row"]


def to_row(event: LabelEvent) -> dict[str, Any]:
    """Return the columns of an event; attributes without a column go into JSON, in ASCII."""
    body: dict[str, Any] = {
        "item_ids": event.item_ids,
        "value": event.value,
        "selection": event.selection,
        "elapsed_ms": event.elapsed_ms,
        "model_version": event.model_version,
    }
    if event.restores is not None:  # earlier versions ignore it and treat the act like any other
        body["restores"] = event.restores
    if event.digests:
        body["digests"] = event.digests
    return {
        "event_id": event.event_id,
        "task": event.task,
        "annotator": event.annotator,
        "kind": event.kind,
        "time": event.time,
        "body": json.dumps(body, separators=(",", ":")),
    }


def to_event(row: Any) -> LabelEvent:
    """Convert a row, with its columns as attributes, to an event: the inverse of :func:`to_row`."""
    body = json.loads(row.body)
    return LabelEvent(
        kind=row.kind,
        task=row.task,
        annotator=row.annotator,
        item_ids=tuple(body["item_ids"]),
        value=body["value"],
        selection=body["selection"],
        elapsed_ms=body["elapsed_ms"],
        model_version=body["model_version"],
        restores=body.get("restores"),
        event_id=row.event_id,
        time=row.time,
        digests=body.get("digests", ""),
    )
