"""LabelEvent: one act of one person. The log of these is the truth; everything else is folded."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

__all__ = ["ActState", "EventKind", "LabelEvent", "Selection", "new_event_id", "now"]

EventKind = Literal["label", "skip", "undo", "redo", "schema"]
Selection = Literal[
    "suggested", "audit", "opinion", "clicked", "lasso", "rectangle", "cluster", "search", "api", "import"
]
# What became of an act: redo brings back what is undone; what was left behind, only a restore.
ActState = Literal["holds", "undone", "left behind", "brought back"]


def new_event_id() -> str:
    """A fresh event id: a random UUID, so that a resent event is recognised."""
    return str(uuid.uuid4())


def now(ago_ms: int = 0) -> str:
    """The time of an event: UTC, ISO 8601, milliseconds; that of one made ``ago_ms`` before now."""
    return (datetime.now(UTC) - timedelta(milliseconds=ago_ms)).isoformat(timespec="milliseconds")


@dataclass(frozen=True, slots=True)
class LabelEvent:
    """One act.

    Attributes
    ----------
    kind
        ``label``, ``skip``, ``undo``, ``redo`` or ``schema``.
    item_ids
        The items that the act is about; an act on 812 items is one event, undone as one.
    value
        The answer of a label as its :class:`~hitl_widgets.questions.base.QuestionKind` writes it (None
        takes the label away; in stores of formats 1 and 2 the class's name), the ``event_id`` that an
        undo or redo is about or a list of them, or the question: whole or a change of it, as
        :class:`~hitl_widgets.questions.vocabulary.Vocabulary` reads it.
    elapsed_ms
        How long the person looked at the item, where known.
    selection
        How the items were chosen, so that evaluation stays honest: only ``audit`` items, drawn at
        random, score the model.
    model_version
        The round on screen when the act was made.
    restores
        The ``event_id`` of an act that was undone and left behind, which this one does again.
    digests
        What the items held when the act was made: a short digest of each, one behind the other, in the
        order of ``item_ids`` (see :meth:`Pool.digests`). Empty where that is not known.
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
