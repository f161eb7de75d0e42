"""What a Labeler says, and is told."""

from __future__ import annotations

import msgspec

from hitl_widgets.widgets.shared import messages as shared
from hitl_widgets.widgets.shared.messages import About, Ask, ClassesMessage, Guess, LabelClass, Lost, Stage
from hitl_widgets.widgets.wire import Request, Rows, ToBrowser

__all__ = ["Takes", "Tells"]

# -- browser -> kernel


class Sample(Request, frozen=True, tag="sample"):
    """A view wants to look into a selection before it is labelled."""

    rows: Rows


class Skipped(Request, frozen=True, tag="skipped"):
    """A view wants the items that this annotator skipped again."""


Takes = shared.Takes | Sample | Skipped

# -- kernel -> browser


class Known(msgspec.Struct, frozen=True):
    """An item that was asked lately and is labelled by now.

    By this annotator (``mine``), here or elsewhere, or by another, whose answer is not told.
    """

    key: str
    codes: tuple[int, ...] | None
    mine: bool


class Progress(ToBrowser, frozen=True, kw_only=True):
    """How far the labeling is. One of ``known`` may be on a card."""

    n_items: int
    n_labels: int
    n_events: int
    n_left: int
    n_skipped: int
    undo: bool
    redo: bool
    behind: int
    stage: Stage | None
    known: list[Known]
    error: str


class LabelerWelcome(Progress, frozen=True, kw_only=True, tag="welcome"):
    """Everything that a new Labeler needs."""

    to: str
    about: About
    classes: list[LabelClass]
    question: str
    asks: str
    lost: list[Lost]
    kind: str
    queue: list[Ask]


class QueueMessage(Progress, frozen=True, kw_only=True, tag="queue"):
    """What to ask next, the first first."""

    queue: list[Ask]


class StateMessage(Progress, frozen=True, kw_only=True, tag="state"):
    """The state changed, and what to ask did not."""


class SkippedItems(ToBrowser, frozen=True, kw_only=True, tag="skipped"):
    """The items that this annotator skipped."""

    to: str
    queue: list[Ask]


class Member(msgspec.Struct, frozen=True):
    """An item of a selection, the classes of its label and what the model thinks.

    Of one that is asked blind, label and guess are left out.
    """

    row: int
    key: str
    codes: tuple[int, ...] | None
    guess: Guess | None
    blind: bool
    changed: bool


class ClassCount(msgspec.Struct, frozen=True):
    """How many items the model thinks are of a class."""

    code: int
    n: int


class SampleMessage(ToBrowser, frozen=True, kw_only=True, tag="sample"):
    """What is in a selection: some items at random, the odd ones, and the mix of classes."""

    to: str
    id: str
    n: int
    n_labelled: int
    random: list[Member]
    odd: list[Member]
    mix: list[ClassCount]


Tells = (
    shared.Tells
    | ClassesMessage
    | LabelerWelcome
    | QueueMessage
    | StateMessage
    | SkippedItems
    | SampleMessage
)
