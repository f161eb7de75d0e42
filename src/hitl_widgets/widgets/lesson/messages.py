"""Messages of the Lesson."""

from __future__ import annotations

from typing import Annotated

import msgspec

from hitl_widgets.widgets.shared.messages import PlainClass
from hitl_widgets.widgets.wire import Bye, Failed, Hello, Name, Refused, Request, Row, ToBrowser

__all__ = ["Takes", "Tells"]

# -- browser -> kernel


class Step(Request, frozen=True, tag="step"):
    """Request the state after ``index`` questions of a strategy, from the cold start of a seed."""

    strategy: Name
    seed: Row
    index: Row


class Play(Request, frozen=True, tag="play"):
    """A student has chosen these points, in this order, in a game against the strategy."""

    strategy: Name
    seed: Row
    picks: Annotated[tuple[Row, ...], msgspec.Meta(max_length=2_000)]


Takes = Hello | Bye | Step | Play

# -- kernel -> browser


class LessonWelcome(ToBrowser, frozen=True, kw_only=True, tag="welcome"):
    """Buffers: points (float32, x and y in the unit square from the top left), truth (uint8).

    ``recorded``: this is a saved lesson, which has no model and so no game.
    """

    to: str
    classes: list[PlainClass]
    learner: str
    strategies: list[str]
    strategy: str
    seed: int
    budget: int
    n_start: int
    cells: int
    n: int
    recorded: bool


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a run.

    Buffers: cells (class, then lead over the second), points (class, then probability), and if ``heat`` is
    true the utilities of cells and of points; all uint8.
    """

    labelled: list[int]
    accuracy: float
    query: int | None
    why: str
    heat: bool


class MomentMessage(ToBrowser, frozen=True, kw_only=True, tag="moment"):
    """A state of the strategy's run, and its accuracies so far: see ``Moment``."""

    to: str
    strategy: str
    seed: int
    index: int
    last: int
    curve: list[float]
    labelled: list[int]
    accuracy: float
    query: int | None
    why: str
    heat: bool


class GameMessage(ToBrowser, frozen=True, kw_only=True, tag="game"):
    """A game against the strategy. Buffers: those of the student's state, then the machine's."""

    to: str
    strategy: str
    seed: int
    picks: list[int]
    you: Moment
    machine: Moment
    yours: list[float]
    theirs: list[float]


class TroubleMessage(ToBrowser, frozen=True, kw_only=True, tag="trouble"):
    """A strategy or learner failed."""

    to: str
    words: str


Tells = LessonWelcome | MomentMessage | GameMessage | TroubleMessage | Refused | Failed
