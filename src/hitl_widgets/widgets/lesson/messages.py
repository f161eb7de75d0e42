"""Messages of the Lesson."""

from __future__ import annotations

from typing import Annotated

import msgspec

from hitl_widgets.widgets.shared.messages import PlainClass
from hitl_widgets.widgets.wire import Bye, Failed, Hello, Name, Refused, Request, Row, ToBrowser

__all__ = ["Takes", "Tells"]

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]

# -- browser -> kernel


class Step(Request, frozen=True, tag="step"):
    """Request the state after ``index`` questions of a strategy, from the cold start of a seed."""

    strategy: Name
    start: Name
    seed: Row
    index: Row


class Committee(Request, frozen=True, tag="committee"):
    """Request the members of the committee at a step."""

    strategy: Name
    start: Name
    seed: Row
    index: Row


class Expect(Request, frozen=True, tag="expect"):
    """Request what the model expects of a label of this point at a step."""

    strategy: Name
    start: Name
    seed: Row
    index: Row
    row: Row


class Draw(Request, frozen=True, tag="draw"):
    """Drawn points for a new lesson: x and y in the unit square from the top left, and the class."""

    points: Annotated[tuple[tuple[Share, Share, Row], ...], msgspec.Meta(max_length=2_000)]


class Play(Request, frozen=True, tag="play"):
    """A student has chosen these points, in this order, in a game against the strategy."""

    strategy: Name
    start: Name
    seed: Row
    picks: Annotated[tuple[Row, ...], msgspec.Meta(max_length=2_000)]


class AttemptMessage(Request, frozen=True, tag="attempt"):
    """A student has chosen these points in an exercise, took some hints, and goes on to the next question."""

    exercise: Name
    strategy: Name
    start: Name
    seed: Row
    picks: Annotated[tuple[Row, ...], msgspec.Meta(max_length=100)]
    hints: Annotated[int, msgspec.Meta(ge=0, le=10)]
    next: bool


Takes = Hello | Bye | Step | Committee | Expect | Draw | Play | AttemptMessage

# -- kernel -> browser


class LessonStart(msgspec.Struct, frozen=True, kw_only=True):
    """A way to choose the first labels, and their number."""

    name: str
    words: str
    n: int


class LessonMeasure(msgspec.Struct, frozen=True, kw_only=True):
    """What is measured after each label."""

    name: str
    words: str


class LessonExercise(msgspec.Struct, frozen=True, kw_only=True):
    """A task for students."""

    name: str
    words: str


class LessonWelcome(ToBrowser, frozen=True, kw_only=True, tag="welcome"):
    """Buffers: points, truth (uint8), cost (float32), and places in 3-D (float32, in the unit ball).

    Points are float32, x and y in the unit square from the top left. The cost is empty if all points cost the
    same, the places if there are none. ``lesson`` is the same for the same points and settings. ``exercise``
    is to be opened; "" for none. ``recorded``: this is a saved lesson, which has no model.
    ``committees``: the strategies at whose steps a committee can be shown. ``compare``: those whose curves
    are shown from the beginning. ``draws``: points can be drawn. Without points there is only that to do.
    """

    to: str
    lesson: str
    classes: list[PlainClass]
    learner: str
    strategies: list[str]
    strategy: str
    starts: list[LessonStart]
    start: str
    measures: list[LessonMeasure]
    exercises: list[LessonExercise]
    exercise: str
    annotators: list[str]
    mistakes: bool
    batch: int
    seed: int
    budget: int
    cells: int
    n: int
    recorded: bool
    committees: list[str]
    compare: list[str]
    draws: bool


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a run.

    Buffers: cells (class, then lead over the second), points (class, then probability), and if ``heat`` is
    true the utilities of cells and of points; all uint8.
    """

    labelled: list[int]
    said: list[int]
    measures: list[float]
    queries: list[int]
    why: str
    heat: bool


class RunCurve(msgspec.Struct, frozen=True, kw_only=True):
    """A run so far: each measure, step by step; what the labels cost; where a rule would have stopped."""

    measures: list[list[float]]
    spent: list[float]
    stop: int | None


class MomentMessage(ToBrowser, frozen=True, kw_only=True, tag="moment"):
    """A state of the strategy's run, and its curve so far: see ``Moment``."""

    to: str
    strategy: str
    start: str
    seed: int
    index: int
    last: int
    curve: RunCurve
    labelled: list[int]
    said: list[int]
    measures: list[float]
    queries: list[int]
    why: str
    heat: bool


class CommitteeMessage(ToBrowser, frozen=True, kw_only=True, tag="members"):
    """The committee at a step. Buffers: each member's class and lead in ``side`` x ``side`` cells."""

    to: str
    strategy: str
    start: str
    seed: int
    index: int
    side: int
    words: str


class ExpectMessage(ToBrowser, frozen=True, kw_only=True, tag="expected"):
    """What the model expects of a label of a point at a step."""

    to: str
    strategy: str
    start: str
    seed: int
    index: int
    row: int
    words: str


class GameMessage(ToBrowser, frozen=True, kw_only=True, tag="game"):
    """A game against the strategy. Buffers: those of the student's state, then the machine's."""

    to: str
    strategy: str
    start: str
    seed: int
    picks: list[int]
    you: Moment
    machine: Moment
    yours: RunCurve
    theirs: RunCurve


class ExerciseLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a chart: values, and the number of labels of each."""

    name: str
    values: list[float]
    at: list[float]


class ExerciseMessage(ToBrowser, frozen=True, kw_only=True, tag="exercise"):
    """How an attempt stands.

    Buffers: those of the student's state, then the machine's if there is one. ``ring`` and ``pick`` are the
    points that the strategy and the student chose.
    """

    to: str
    exercise: str
    strategy: str
    start: str
    seed: int
    picks: list[int]
    hints: int
    next: bool
    task: str
    place: str
    said: str
    hint: str
    more_hints: bool
    clickable: bool
    going: bool
    done: bool
    solved: bool
    ring: int | None
    pick: int | None
    lines: list[ExerciseLine]
    you: Moment
    machine: Moment | None


class TroubleMessage(ToBrowser, frozen=True, kw_only=True, tag="trouble"):
    """A strategy or learner failed."""

    to: str
    words: str


Tells = (
    LessonWelcome
    | MomentMessage
    | CommitteeMessage
    | ExpectMessage
    | GameMessage
    | ExerciseMessage
    | TroubleMessage
    | Refused
    | Failed
)
