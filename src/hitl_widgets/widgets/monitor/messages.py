"""Messages of the Monitor."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from hitl_widgets.loop.modes import Mode
from hitl_widgets.widgets.shared import messages as shared
from hitl_widgets.widgets.shared.messages import About, ClassesMessage, LabelClass, Lost
from hitl_widgets.widgets.wire import ActId, Request, Selection, ToBrowser

__all__ = ["Takes", "Tells"]

# -- browser -> kernel


class Open(Request, frozen=True, tag="open"):
    """Request the items of one of the annotator's acts."""

    act: ActId


class Span(Request, frozen=True, tag="span"):
    """Request the items labelled from the label with number ``first`` to that with number ``last``."""

    first: Annotated[int, msgspec.Meta(ge=1, lt=2**31)]
    last: Annotated[int, msgspec.Meta(ge=1, lt=2**31)]


Takes = shared.Takes | Open | Span

# -- kernel -> browser


class Measure(msgspec.Struct, frozen=True):
    """The measure of the estimate, with its worst and best values."""

    name: str
    worst: float
    best: float


class Estimate(msgspec.Struct, frozen=True):
    """An estimate from ``n`` audited labels, with its 95 % interval."""

    value: float | None
    low: float | None
    high: float | None
    n: int


class CurvePoint(msgspec.Struct, frozen=True):
    """The estimate after ``n`` labels."""

    n: int
    value: float | None
    low: float | None
    high: float | None


class StoreState(msgspec.Struct, frozen=True):
    """The store, why the last act is not saved, and how many acts were written again to an older copy."""

    name: str
    where: str
    unsaved: str
    restored: int


class Person(msgspec.Struct, frozen=True):
    """An annotator of this task."""

    annotator: str
    labels: int
    here: bool


class Figure(msgspec.Struct, frozen=True):
    """A value from ``n`` observations, its 95 % interval if it is a share, and how it has changed.

    ``lately`` is the value of the last observations, ``before`` that of the earlier ones; null if these are
    few.
    """

    value: float | None
    n: int
    low: float | None
    high: float | None
    lately: float | None
    before: float | None


class Yours(msgspec.Struct, frozen=True):
    """What only this annotator sees: pace, agreement with others, answers to known questions, and undos.

    From their last ``limit`` acts. Reviewers have decided ``reviewed`` of the items that they answered, and
    ``upheld`` of these as they did. ``changed``: a query for the most recent of the others; empty if there
    are none.
    """

    limit: int
    seconds: Figure
    agreement: Figure
    gold: Figure
    undone: Figure
    reviewed: int
    upheld: int
    changed: str


class SliceState(msgspec.Struct, frozen=True):
    """A slice; its numbers are null until they are known.

    The estimate is that of its unlabelled items. ``why``: the reason why its query cannot be run.
    """

    name: str
    query: str
    n_items: int | None
    n_labelled: int | None
    estimate: Estimate
    why: str


class HistoryEntry(msgspec.Struct, frozen=True):
    """An act of the annotator.

    ``codes`` are the classes that a label now stands for, null if one of them no longer exists. Redo restores
    undone acts, except those left behind, which were undone before the annotator did something else: only
    restore reaches them. ``way`` is how many acts and labels a jump to the act undoes or restores. ``apart``:
    the act is older than the last ones, and listed because it is left behind.
    """

    id: str
    kind: Literal["label", "skip", "note", "schema", "slice"]
    n: int
    value: str | None
    codes: tuple[int, ...] | None
    selection: str | None
    time: str
    state: Literal["holds", "undone", "left behind", "brought back"]
    way: tuple[int, int] | None
    apart: bool


class Verified(msgspec.Struct, frozen=True):
    """How many answers were given to suggestions, shown or hidden, and how many are the suggested ones."""

    shown: int
    shown_same: int
    hidden: int
    hidden_same: int


class AnswerRange(msgspec.Struct, frozen=True):
    """A range of answers: its name and color, and the number of labels."""

    name: str
    color: str
    n: int


class MonitorState(ToBrowser, frozen=True, kw_only=True):
    """The state of a session.

    ``provisional`` is the measure on the labels themselves while nothing is audited, and the points of the
    curve are the same, without intervals; it is optimistic. ``rising``: the curve shows that more labels
    help. ``n_none`` is the number of labels without a class; for a question without classes, ``shades``
    counts ranges of answers instead. ``n_hidden`` labels of others are excluded from the balance, because
    their items are also asked of this annotator. ``notices`` describe mismatches of the store and the table;
    ``n_changed`` labelled items have changed since. ``people`` are all annotators, if there is more than one;
    ``yours`` is about this one, null before the first label.
    """

    n_items: int
    n_labels: int
    n_audited: int
    audit_share: float
    balance: list[int]
    n_none: int
    shades: list[AnswerRange]
    verified: Verified | None
    n_hidden: int
    measure: Measure
    estimate: Estimate
    provisional: float | None
    curve: list[CurvePoint]
    rising: bool
    behind: int
    model: str
    explanation: str
    strategy: str
    stage: str
    store: StoreState
    task: str
    annotator: str
    closed: bool
    error: str
    undo: bool
    redo: bool
    notices: list[str]
    n_changed: int
    people: list[Person]
    yours: Yours | None
    slices: list[SliceState]
    history: list[HistoryEntry]


class MonitorWelcome(MonitorState, frozen=True, kw_only=True, tag="welcome"):
    """The whole state for a new Monitor; ``chart`` is the chart of the learning curve."""

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
    chart: dict[str, Any]


class MonitorUpdate(MonitorState, frozen=True, kw_only=True, tag="state"):
    """The state has changed."""


class OpenedMessage(ToBrowser, frozen=True, kw_only=True, tag="opened"):
    """The requested items: see ``ActItems``."""

    to: str
    rows: str
    n: int
    how: Selection
    missing: int


Tells = shared.Tells | ClassesMessage | MonitorWelcome | MonitorUpdate | OpenedMessage
