"""What a Monitor says, and is told."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from hitl_widgets.widgets.shared import messages as shared
from hitl_widgets.widgets.shared.messages import About, ClassesMessage, LabelClass, Lost
from hitl_widgets.widgets.wire import ActId, Request, Selection, ToBrowser

__all__ = ["Takes", "Tells"]

# -- browser -> kernel


class Open(Request, frozen=True, tag="open"):
    """A view wants the items of one of the annotator's acts."""

    act: ActId


Takes = shared.Takes | Open

# -- kernel -> browser


class Measure(msgspec.Struct, frozen=True):
    """What the estimate is, and its ends."""

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
    """The store, why the last act is not saved, and how many acts were written to an older copy again."""

    name: str
    where: str
    unsaved: str
    restored: int


class Person(msgspec.Struct, frozen=True):
    """Somebody who labelled this task."""

    annotator: str
    labels: int
    here: bool


class HistoryEntry(msgspec.Struct, frozen=True):
    """An act of the annotator.

    ``codes`` are the classes that a label means now, none where one of them is no more. Undone acts come
    back by a redo; those left behind, undone before the annotator acted anew, by a restore. ``way`` is how
    many acts and labels a jump there undoes or brings back. ``apart``: it is older than the last acts, and
    listed because it is left behind.
    """

    id: str
    kind: Literal["label", "skip", "schema"]
    n: int
    value: str | None
    codes: tuple[int, ...] | None
    selection: str | None
    time: str
    state: Literal["holds", "undone", "left behind", "brought back"]
    way: tuple[int, int] | None
    apart: bool


class MonitorState(ToBrowser, frozen=True, kw_only=True):
    """The state of a session.

    ``n_none`` labels name no class. ``n_hidden`` labels of others are left out of the balance, for their
    items are asked of this person too. ``notices`` say what does not fit between the store and the table;
    ``n_changed`` labelled items say something else now. ``people`` is everybody who labelled, where that is
    more than one.
    """

    n_items: int
    n_labels: int
    n_audited: int
    audit_share: float
    balance: list[int]
    n_none: int
    n_hidden: int
    measure: Measure
    estimate: Estimate
    curve: list[CurvePoint]
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
    history: list[HistoryEntry]


class MonitorWelcome(MonitorState, frozen=True, kw_only=True, tag="welcome"):
    """Everything that a new Monitor needs; ``chart`` is that of the learning curve."""

    to: str
    about: About
    classes: list[LabelClass]
    question: str
    asks: str
    lost: list[Lost]
    chart: dict[str, Any]


class MonitorUpdate(MonitorState, frozen=True, kw_only=True, tag="state"):
    """The state changed."""


class OpenedMessage(ToBrowser, frozen=True, kw_only=True, tag="opened"):
    """The items of an act: see ``ActItems``."""

    to: str
    act: str
    rows: str
    n: int
    how: Selection
    missing: int


Tells = shared.Tells | ClassesMessage | MonitorWelcome | MonitorUpdate | OpenedMessage
