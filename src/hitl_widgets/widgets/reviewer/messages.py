"""Messages of the Reviewer."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from hitl_widgets.loop.modes import Mode
from hitl_widgets.widgets.shared import messages as shared
from hitl_widgets.widgets.shared.messages import About, ClassesMessage, LabelClass, Lost
from hitl_widgets.widgets.wire import Request, Row, ToBrowser

__all__ = ["Takes", "Tells"]

# -- browser -> kernel


class Cases(Request, frozen=True, tag="cases"):
    """Request the disputes again, those that the reviewer put off last."""

    later: Annotated[tuple[Row, ...], msgspec.Meta(max_length=10_000)]


Takes = shared.Takes | Cases

# -- kernel -> browser


class Said(msgspec.Struct, frozen=True):
    """An answer in the form of the log, its classes by code, as text, and who gave it.

    ``n`` people gave it, ``experts`` of them are experts of one of its classes. ``people`` are their names,
    and ``notes`` what they wrote on the item; empty if names are not shown at all. ``share`` is its
    probability by the consensus, if that is known.
    """

    answer: dict[str, Any]
    codes: tuple[int, ...]
    words: str
    n: int
    experts: int
    people: list[str]
    notes: list[str]
    share: float | None


class Case(msgspec.Struct, frozen=True):
    """A dispute: the different answers to an item, the most probable first, and how far they agree, 0-1.

    ``mine``: it is about classes that the reviewer knows best.
    """

    row: int
    key: str
    agree: float
    mine: bool
    answers: list[Said]


class ReviewState(ToBrowser, frozen=True, kw_only=True):
    """The next disputes, the least certain first; ``n_left`` in all. ``n_decided`` items are decided.

    ``n_shared`` items have answers of several of the ``n_people``. ``ready``: the disputes are known. ``why``
    tells why the last search for them failed; empty if it did not.
    """

    queue: list[Case]
    n_left: int
    n_decided: int
    n_shared: int
    n_people: int
    n_events: int
    ready: bool
    why: str
    undo: bool
    redo: bool
    closed: bool


class ReviewerWelcome(ReviewState, frozen=True, kw_only=True, tag="welcome"):
    """The whole state for a new Reviewer; ``names``: whether people's names may be shown."""

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
    names: bool


class ReviewUpdate(ReviewState, frozen=True, kw_only=True, tag="state"):
    """The disputes have changed."""


Tells = shared.Tells | ClassesMessage | ReviewerWelcome | ReviewUpdate
