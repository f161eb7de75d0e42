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
    EditedCells,
    EditedText,
    Guess,
    LabelClass,
    Lost,
    Stage,
)
from hitl_widgets.widgets.wire import Key, Request, Row, Rows, ToBrowser

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


class Begun(Request, frozen=True, tag="begun"):
    """Request the questions of items whose answers were begun before the page was loaded, newest first."""

    keys: Annotated[tuple[Key, ...], msgspec.Meta(max_length=200)]


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


class Together(Request, frozen=True, tag="together"):
    """Request what tells the items of a selection from all others."""

    rows: Rows


class Source(Request, frozen=True, tag="source"):
    """Request an item in the form in which it is edited."""

    row: Row


class Try(Request, frozen=True, tag="try"):
    """Request the guess for an edited item: its text, or the cells of a table row that are changed."""

    row: Row
    text: EditedText | None = None
    cells: EditedCells | None = None


class Flip(Request, frozen=True, tag="flip"):
    """Request the smallest change of an item after which another class is guessed."""

    row: Row


class Preview(Request, frozen=True, tag="preview"):
    """Request what striking out a word or column would do to the model."""

    word: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)] | None
    column: Annotated[str, msgspec.Meta(max_length=1000)] | None


Takes = (
    shared.Takes
    | Why
    | Preview
    | Together
    | Source
    | Try
    | Flip
    | Sample
    | Members
    | Skipped
    | Begun
    | Suspected
    | Past
    | Answers
)

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


class BegunItems(ToBrowser, frozen=True, kw_only=True, tag="begun"):
    """The items whose answers were begun, as far as they are still asked."""

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
    """An item that shows what its classes are, or are not (``counter``).

    It was ``kept``, or decided by a reviewer. The item and the reason are text; the reason may be empty.
    """

    row: int
    codes: tuple[int, ...]
    counter: bool
    kept: bool
    item: str
    because: str
    by: str


class Guideline(msgspec.Struct, frozen=True):
    """The last version of the guideline of a class: its number, who made it and when.

    ``n_touched`` older labels may have to be looked at again.
    """

    code: int
    version: int
    by: str
    time: str
    n_touched: int


class GuidanceMessage(ToBrowser, frozen=True, kw_only=True, tag="guidance"):
    """The latest examples and counter-examples, newest first, and the versions of the guidelines.

    ``waiting`` are the rows of labels that were queued again. To all views, or to a new one.
    """

    to: str | None
    precedents: list[Precedent]
    guidelines: list[Guideline]
    waiting: list[int]


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


class Spoken(msgspec.Struct, frozen=True):
    """A word or column as it is shown, and what to strike out; neither if personal data is hidden in it."""

    shown: str
    word: str | None
    column: str | None


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
    words: list[Spoken]
    against: list[Spoken]
    beside: list[Beside]
    missing: str


class Mark(msgspec.Struct, frozen=True):
    """A word or column that is commoner in a selection: in ``n`` of ``of`` items, and ``rest`` of all others.

    ``query`` finds the items with it; empty if none can.
    """

    words: str
    query: str
    n: int
    of: int
    rest: int
    of_rest: int


class TogetherMessage(ToBrowser, frozen=True, kw_only=True, tag="together"):
    """What tells a selection from all other items, what tells most first.

    ``near`` is the share of its edges of the neighbour graph that stay within it, None without a graph, and
    ``chance`` that of a random selection. ``missing`` says why nothing can be told.
    """

    to: str
    id: str
    marks: list[Mark]
    near: float | None
    chance: float
    missing: str


class SourceMessage(ToBrowser, frozen=True, kw_only=True, tag="source"):
    """An item to edit: its text, or the columns of a table row with their values.

    ``more`` columns are not sent, ``labelled`` is whether the item has a label, without which the edited one
    teaches nothing yet, and ``missing`` says why the item cannot be edited.
    """

    to: str
    row: int
    text: str | None
    cells: list[tuple[str, str]]
    more: int
    labelled: bool
    missing: str


class TriedMessage(ToBrowser, frozen=True, kw_only=True, tag="tried"):
    """The most likely classes of an edited item, and of the item itself; ``missing`` says why not."""

    to: str
    id: str
    row: int
    shares: list[tuple[int, float]]
    was: list[tuple[int, float]]
    missing: str


class Swap(msgspec.Struct, frozen=True):
    """A word or a value, and what replaces it; empty for nothing. ``column`` is that of a table row."""

    column: str
    before: str
    after: str


class FlipMessage(ToBrowser, frozen=True, kw_only=True, tag="flip"):
    """The smallest change found: the text, or the changed cells; ``missing`` says why there is none."""

    to: str
    row: int
    text: str | None
    cells: dict[str, str]
    swaps: list[Swap]
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


class Struck(msgspec.Struct, frozen=True):
    """What is struck out, or counts more: its name, and the word or column."""

    name: str
    word: str | None
    column: str | None
    more: bool


class StruckMessage(ToBrowser, frozen=True, kw_only=True, tag="struck"):
    """All that is struck out or counts more. To all views, or to a new one."""

    to: str | None
    struck: list[Struck]


class EffectMessage(ToBrowser, frozen=True, kw_only=True, tag="effect"):
    """What striking out a word or column would do.

    It is in ``items`` of ``of`` items. ``before`` and ``after`` are the ``measure`` on ``n`` labels, such as
    the accuracy, and ``low`` and ``high`` the interval of the difference; ``audited`` is their number among
    these that were drawn at random, and the measure before and after. ``shares``: whether these are shares.
    ``missing`` says why there are no figures.
    """

    to: str
    word: str | None
    column: str | None
    items: int
    of: int
    n: int
    measure: str
    shares: bool
    before: float | None
    after: float | None
    low: float | None
    high: float | None
    audited: tuple[int, float, float] | None
    missing: str


Tells = (
    shared.Tells
    | ClassesMessage
    | LabelerWelcome
    | QueueMessage
    | StateMessage
    | SkippedItems
    | BegunItems
    | SuspectItems
    | PastMessage
    | SampleMessage
    | MembersMessage
    | AnswersMessage
    | GuidanceMessage
    | WhyMessage
    | TogetherMessage
    | SourceMessage
    | TriedMessage
    | FlipMessage
    | ProposedMessage
    | StruckMessage
    | EffectMessage
)
