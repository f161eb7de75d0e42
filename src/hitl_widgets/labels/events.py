"""LabelEvent: one act of one person. The log of events is authoritative; all other state is derived."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, get_args

__all__ = [
    "ActState",
    "EventKind",
    "LabelEvent",
    "Selection",
    "Why",
    "because_of",
    "definition",
    "is_again",
    "is_demonstration",
    "is_gold",
    "is_kept",
    "new_event_id",
    "now",
    "why_of",
]

EventKind = Literal[
    "label", "skip", "note", "undo", "redo", "schema", "slice", "definition", "machine", "reveal", "team",
    "trial",
]  # fmt: skip
# Why an item was left unanswered, if the annotator says so.
Why = Literal["unknown", "bad", "rejected"]
Selection = Literal[
    "suggested", "audit", "spot", "opinion", "gold", "review", "again", "decision", "clicked", "lasso",
    "rectangle", "cluster", "search", "api", "import",
]  # fmt: skip
# The state of an act: "undone" acts can be redone; "left behind" acts can only be restored.
ActState = Literal["holds", "undone", "left behind", "brought back"]


def new_event_id() -> str:
    """Return a new event id: a random UUID, so that a resent event is recognized."""
    return str(uuid.uuid4())


def now(ago_ms: int = 0) -> str:
    """Return the time of an event made ``ago_ms`` ago: UTC, ISO 8601, milliseconds."""
    return (datetime.now(UTC) - timedelta(milliseconds=ago_ms)).isoformat(timespec="milliseconds")


@dataclass(frozen=True, slots=True)
class LabelEvent:
    """One act.

    Attributes
    ----------
    kind
        ``label``, ``skip``, ``note``, ``undo``, ``redo``, ``schema``, ``slice``, ``definition``,
        ``machine``, or what is no act and cannot be undone: ``reveal`` (hidden personal data was
        displayed), ``team`` or ``trial``.
    item_ids
        The items of the act. An act on 812 items is one event, and is undone as one.
    value
        For a label, the answer as its :class:`~hitl_widgets.questions.base.QuestionKind` writes it (None
        removes the label; in stores of formats 1 and 2, the name of the class). For a skip, None or the
        reason: ``{"why": "unknown"}`` (the annotator does not know), ``"bad"`` (the item cannot be answered)
        or ``"rejected"`` (the suggested answer is wrong). For a note, ``{"note": text}``, None removes it;
        or ``{"kept": answer, "confidence": [...]}`` if labels were reviewed and kept, with the model's
        probability of each: their time and selection stay what they were.
        For an undo or redo, the ``event_id`` of the act or a list of them. For a schema event, the question
        or a change of it, see
        :class:`~hitl_widgets.questions.vocabulary.Vocabulary`. For a slice, its ``name`` and ``query`` (None
        removes it). For a definition, what the annotators teach the model besides labels: ``of`` (what it
        defines, such as ``"rule"``), its ``name`` and ``is`` (a dict; None removes it). The latest of a name
        counts. For machine labels, see :mod:`~hitl_widgets.labels.machine`. For a team event, a setting
        of the task: ``{"experts": ...}``, ``{"gold_share": ...}``, ``{"qualify": ...}``, ``{"let_in": ...}``.
        For a trial, an answer in a practice round or a qualification, which is not a label: see
        :class:`~hitl_widgets.loop.qualifying.Qualifying`.
    elapsed_ms
        How long the person looked at the item, if known.
    selection
        How the items were chosen; ``review``: because their label was doubtful; ``again``: to compare an
        answer with the one before; ``spot``: at random among machine labels; ``gold``: because their answer
        is known. For an unbiased evaluation, only ``audit`` items, which are drawn at random, are used to
        score the model. ``decision``: a reviewer decides; it counts instead of the annotators' labels, which
        stay as they are, and may have ``because``, its reason, and ``gold``: annotators are asked the item
        unseen.
    model_version
        The round that was displayed at the time of the act.
    restores
        The ``event_id`` of an act that was undone and left behind, and that this act repeats.
    digests
        Concatenated short digests of the items' contents at the time of the act, in the order of
        ``item_ids`` (see :meth:`Pool.digests`). Empty if unknown.
    """

    kind: EventKind
    task: str
    annotator: str
    item_ids: tuple[str, ...] = ()
    value: Any = None
    selection: Selection | None = None
    elapsed_ms: int | None = None
    model_version: int | None = None
    restores: str | None = None
    event_id: str = field(default_factory=new_event_id)
    time: str = field(default_factory=now)
    digests: str = ""


def definition(of: str, name: str, value: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the value of a definition event."""
    return {"of": of, "name": name, "is": None if value is None else dict(value)}


def is_demonstration(event: LabelEvent) -> bool:
    """Return whether a label was given without any prediction in sight, to show how it is done."""
    return event.kind == "label" and isinstance(event.value, dict) and event.value.get("demonstrated") is True


def is_gold(event: LabelEvent) -> bool:
    """Return whether a decision is a known answer, of which annotators are asked unseen."""
    return event.selection == "decision" and isinstance(event.value, dict) and event.value.get("gold") is True


def because_of(event: LabelEvent) -> str:
    """Return the reason of a decision; empty if none was given."""
    because = event.value.get("because") if isinstance(event.value, dict) else None
    return because if isinstance(because, str) else ""


def is_again(event: LabelEvent) -> bool:
    """Return whether a label is the answer of somebody who was asked again."""
    return event.kind == "label" and isinstance(event.value, dict) and event.value.get("again") is True


def is_kept(event: LabelEvent) -> bool:
    """Return whether an act says that labels were reviewed and kept."""
    return event.kind == "note" and isinstance(event.value, dict) and "kept" in event.value


def why_of(event: LabelEvent) -> Why | None:
    """Return why an item was skipped, if the annotator said so."""
    if event.kind != "skip" or not isinstance(event.value, dict):
        return None
    why = event.value.get("why")
    return why if why in get_args(Why) else None
