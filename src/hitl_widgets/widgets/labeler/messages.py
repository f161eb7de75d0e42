"""Messages of the Labeler."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from hitl_widgets.loop.modes import Mode
from hitl_widgets.widgets.shared import messages as shared
from hitl_widgets.widgets.shared.messages import (
    About,
    ActItems,
    Ask,
    ClassesMessage,
    Guess,
    LabelClass,
    Lost,
    Stage,
)
from hitl_widgets.widgets.wire import Request, Row, Rows, ToBrowser

__all__ = ["Takes", "Tells"]

# -- browser -> kernel


class Sample(Request, frozen=True, tag="sample"):
    """Request a summary of a selection before it is labelled."""

    rows: Rows


class Members(Request, frozen=True, tag="members"):
    """Request what is known of some items of a selection."""

    rows: Annotated[tuple[Row, ...], msgspec.Meta(min_length=1, max_length=256)]


class Skipped(Request, frozen=True, tag="skipped"):
    """Request the items that this annotator skipped."""


class Suspected(Request, frozen=True, tag="suspected"):
    """Request the items whose label is doubtful."""


class Past(Request, frozen=True, tag="past"):
    """Request the items of one of the annotator's acts in effect; 0 is the last one."""

    n: Annotated[int, msgspec.Meta(ge=0, lt=2**31)]


class Answers(Request, frozen=True, tag="answers"):
    """Request the labels of items, to change them, and the suggested answers.

    Only if an answer is more than its classes.
    """

    rows: Annotated[tuple[Row, ...], msgspec.Meta(min_length=1, max_length=32)]


class Why(Request, frozen=True, tag="why"):
    """Request why the model prefers a class to another for an item; by default its guess to the next."""

    row: Row
    codes: Annotated[tuple[Annotated[int, msgspec.Meta(ge=0, lt=2**15)], ...], msgspec.Meta(max_length=2)]


Takes = shared.Takes | Why | Sample | Members | Skipped | Suspected | Past | Answers

# -- kernel -> browser


class Known(msgspec.Struct, frozen=True):
    """An item that was asked recently and has been labelled since.

    Either by this annotator (``mine``), here or elsewhere, or by another one, whose answer is not sent.
    ``said`` is the answer as text, if it is more than its classes.
    """

    key: str
    codes: tuple[int, ...] | None
    said: str
    mine: bool


class Progress(ToBrowser, frozen=True, kw_only=True):
    """The progress of the labeling. One of ``known`` may be displayed.

    ``left_out`` says how many items this annotator left unanswered, by reason. ``suggestions`` is a number
    that changes when the suggested answers do. ``withdrawn`` says why machine labels were withdrawn;
    ``n_machine`` is the number of those in use.
    """

    n_items: int
    n_labels: int
    n_events: int
    n_left: int
    n_skipped: int
    left_out: str
    undo: bool
    redo: bool
    behind: int
    stage: Stage | None
    known: list[Known]
    suggestions: int
    error: str
    withdrawn: str
    n_machine: int


class LabelerWelcome(Progress, frozen=True, kw_only=True, tag="welcome"):
    """The whole state for a new Labeler."""

    to: str
    about: About
    classes: list[LabelClass]
    question: str
    asks: str
    settings: dict[str, Any]
    composed: bool
    bulk: bool
    suggests: bool
    mode: Mode
    lost: list[Lost]
    kind: str
    queue: list[Ask]


class QueueMessage(Progress, frozen=True, kw_only=True, tag="queue"):
    """What to ask next, in order."""

    queue: list[Ask]


class StateMessage(Progress, frozen=True, kw_only=True, tag="state"):
    """The state has changed, but not what to ask."""


class SkippedItems(ToBrowser, frozen=True, kw_only=True, tag="skipped"):
    """The items that this annotator skipped."""

    to: str
    queue: list[Ask]


class SuspectItems(ToBrowser, frozen=True, kw_only=True, tag="suspects"):
    """The items whose label is doubtful, most doubtful first; ``why`` there are none."""

    to: str
    queue: list[Ask]
    why: str


class PastMessage(ToBrowser, frozen=True, kw_only=True, tag="past"):
    """The items of an act: see ``ActItems``; null if there are only ``n`` acts."""

    to: str
    n: int
    items: ActItems | None


class Member(msgspec.Struct, frozen=True):
    """An item of a selection, the classes of its label, and the model's guess.

    ``decided`` is what a reviewer decided, and why. ``said`` is the label as text, if it is more than its
    classes. For an item that is asked blind, these and the guess are omitted.
    """

    row: int
    key: str
    codes: tuple[int, ...] | None
    said: str
    guess: Guess | None
    blind: bool
    changed: bool
    note: str
    decided: str


class ClassCount(msgspec.Struct, frozen=True):
    """A number of items of a class."""

    code: int
    n: int


class SampleMessage(ToBrowser, frozen=True, kw_only=True, tag="sample"):
    """A summary of a selection.

    ``n_labelled`` of its items are labelled, ``n_others`` of these only by others; ``had`` counts their
    classes, and ``mix`` those that the model predicts for all items, most frequent first. ``odd`` are the
    rows of unusual items, the most unusual first. ``only`` is the item of a selection of one.
    """

    to: str
    id: str
    n: int
    n_labelled: int
    n_others: int
    had: list[ClassCount]
    mix: list[ClassCount]
    odd: list[int]
    only: Member | None


class MembersMessage(ToBrowser, frozen=True, kw_only=True, tag="members"):
    """What is known of some items of a selection."""

    to: str
    id: str
    members: list[Member]


class Precedent(msgspec.Struct, frozen=True):
    """A decision that explains its classes: their codes, the item and the reason as text, and who decided."""

    codes: tuple[int, ...]
    item: str
    because: str
    by: str


class GuidanceMessage(ToBrowser, frozen=True, kw_only=True, tag="guidance"):
    """The latest decisions with a reason, newest first. To all views, or to a new one."""

    to: str | None
    precedents: list[Precedent]


class Answer(msgspec.Struct, frozen=True):
    """The label of an item and the suggested answer, in the form of the log, with class ids.

    Each is null if there is none or it is not shown. ``why`` says why the suggestion is not an answer.
    """

    row: int
    answer: dict[str, Any] | None
    suggested: dict[str, Any] | None
    why: str


class AnswersMessage(ToBrowser, frozen=True, kw_only=True, tag="answers"):
    """The labels of items."""

    to: str
    id: str
    answers: list[Answer]


class Place(msgspec.Struct, frozen=True):
    """A part of the text of an item, in characters, and how much it speaks for the guess, -1 to 1."""

    start: int
    end: int
    strength: float


class Share(msgspec.Struct, frozen=True):
    """A part of the reasons, and its share of all, negative if it speaks against the guess."""

    name: str
    share: float


class Beside(msgspec.Struct, frozen=True):
    """A labelled item nearby: its words, its class, and its share of all labels nearby."""

    row: int
    words: str
    code: int
    share: float


class WhyMessage(ToBrowser, frozen=True, kw_only=True, tag="why"):
    """Why the model prefers its guess to the next class; ``missing`` says why there are no reasons.

    ``words`` speak most for the guess, ``against`` most against it.
    """

    to: str
    row: int
    code: int
    other: int
    parts: list[Share]
    places: list[Place]
    words: list[str]
    against: list[str]
    beside: list[Beside]
    missing: str


class ProposedMessage(ToBrowser, frozen=True, kw_only=True, tag="proposed"):
    """What the model proposes; the name is empty if that is nothing. To all views, or to a new one.

    ``rows`` are the items to look at. ``classes`` are the codes of the two classes to merge.
    """

    to: str | None
    name: str
    kind: Literal["", "class", "merge", "rule", "hand_over"]
    text: str
    rows: str
    n: int
    classes: list[int]


Tells = (
    shared.Tells
    | ClassesMessage
    | LabelerWelcome
    | QueueMessage
    | StateMessage
    | SkippedItems
    | SuspectItems
    | PastMessage
    | SampleMessage
    | MembersMessage
    | AnswersMessage
    | GuidanceMessage
    | WhyMessage
    | ProposedMessage
)
