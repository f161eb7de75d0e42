"""LabelEvent <-> row of the log."""

from __future__ import annotations

import json
from typing import Any

from hitl_widgets.labels.events import LabelEvent

__all__ = ["to_event", "to_row"]


def to_row(event: LabelEvent) -> dict[str, Any]:
    """The columns of an event; what is not a column of its own is JSON, in ASCII."""
    body: dict[str, Any] = {
        "item_ids": event.item_ids,
        "value": event.value,
        "selection": event.selection,
        "elapsed_ms": event.elapsed_ms,
        "model_version": event.model_version,
    }
    if event.restores is not None:  # versions that do not know it pass it over: the act is one like others
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
    """The opposite of :func:`to_row`, of a row with these columns as attributes."""
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
