"""Messages of the controls of a Replay."""

from __future__ import annotations

import msgspec

from hitl_widgets.widgets.wire import Bye, Failed, Hello, Name, Refused, Request, Row, ToBrowser

__all__ = ["Takes", "Tells"]

# -- browser -> kernel


class Go(Request, frozen=True, tag="go"):
    """Show a run after ``step`` answers."""

    contestant: Name
    repeat: Row
    step: Row


Takes = Hello | Bye | Go

# -- kernel -> browser


class Question(msgspec.Struct, frozen=True):
    """The last question: its row on the map, its text, and the answer; ``label`` None if there was none."""

    item: int
    row: int
    words: str
    label: str | None
    annotator: str
    audited: bool


class ReplayMoment(ToBrowser, frozen=True, kw_only=True, tag="moment"):
    """A run after ``step`` of ``last`` answers, and the metric at its last record, None before the first.

    ``curve`` are numbers of labels and values at each record of the run.
    """

    contestant: str
    repeat: int
    step: int
    last: int
    n_labels: int
    batch: int
    value: float | None
    question: Question | None
    curve: list[tuple[int, float]]


class ReplayWelcome(ToBrowser, frozen=True, kw_only=True, tag="welcome"):
    """What can be chosen, and the metric as text. A :class:`ReplayMoment` follows."""

    to: str
    contestants: list[str]
    repeats: list[int]
    metric: str


Tells = ReplayWelcome | ReplayMoment | Refused | Failed
