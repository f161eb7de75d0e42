"""What a lesson tells its views: steps, games and exercises as messages."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from hitl_widgets.lessons.course import Course, Record
from hitl_widgets.lessons.exercises import Attempt, Report
from hitl_widgets.lessons.inside import SIDE, expectation, members
from hitl_widgets.lessons.lesson import Step
from hitl_widgets.widgets.lesson import messages as m

__all__ = ["attempt_of", "committee", "exercise", "expected", "game", "moment"]


def moment(
    course: Course, view: str, strategy: str, start: str, seed: int, index: int
) -> tuple[m.MomentMessage, list[bytes]]:
    """The state after ``index`` questions of a strategy."""
    run = course.step(strategy, start, seed, index)
    now, buffers = _wire(run.now)
    told = m.MomentMessage(
        to=view,
        strategy=strategy,
        start=start,
        seed=seed,
        index=len(run.steps) - 1,
        last=len(course.trace(strategy, start, seed)) - 1,
        curve=_curve(run),
        **msgspec.structs.asdict(now),
    )
    return told, buffers


def committee(
    course: Course, view: str, strategy: str, start: str, seed: int, index: int
) -> tuple[m.CommitteeMessage, list[bytes]]:
    """The members of the committee at a step."""
    step = course.step(strategy, start, seed, index).now
    found, votes = members(course.ground, seed, step)
    told = m.CommitteeMessage(
        to=view, strategy=strategy, start=start, seed=seed, index=index, side=SIDE, words=votes
    )
    return told, [member.tobytes() for member in found]


def expected(course: Course, asked: m.Expect) -> m.ExpectMessage:
    """What the model expects of a label of a point."""
    step = course.step(asked.strategy, asked.start, asked.seed, asked.index).now
    fields = {name: getattr(asked, name) for name in ("strategy", "start", "seed", "index", "row")}
    said = expectation(course.ground, asked.seed, step, asked.row)
    return m.ExpectMessage(to=asked.view, words=said, **fields)


def game(course: Course, played: m.Play) -> tuple[m.GameMessage, list[bytes]]:
    """How a game against the strategy stands."""
    student = course.play(played.start, played.seed, played.picks)
    rival = course.rival(played.strategy, played.start, played.seed, len(played.picks))
    you, yours = _wire(student.now)
    machine, rest = _wire(rival.now)
    told = m.GameMessage(
        to=played.view,
        strategy=played.strategy,
        start=played.start,
        seed=played.seed,
        picks=list(student.picks),
        you=you,
        machine=machine,
        yours=_curve(Record(student.steps, None)),
        theirs=_curve(rival),
    )
    return told, yours + rest


def attempt_of(message: m.AttemptMessage) -> Attempt:
    """The attempt that a message tells of."""
    return Attempt(**{name: getattr(message, name) for name in Attempt._fields})


def exercise(message: m.AttemptMessage, found: Report) -> tuple[m.ExerciseMessage, list[bytes]]:
    """How an attempt stands."""
    you, buffers = _wire(found.you)
    machine, rest = (None, []) if found.machine is None else _wire(found.machine)
    shared = ("task", "place", "said", "hint", "more_hints", "clickable", "going", "done", "solved")
    attempt = attempt_of(message)._asdict()
    told = m.ExerciseMessage(
        to=message.view,
        **attempt | {"picks": list(message.picks)},
        **{name: getattr(found, name) for name in (*shared, "ring", "pick")},
        lines=[m.ExerciseLine(name=n, values=_rounded(v), at=_rounded(at)) for n, v, at in found.lines],
        you=you,
        machine=machine,
    )
    return told, buffers + rest


def _wire(step: Step) -> tuple[m.Moment, list[bytes]]:
    """Convert a step to a message: text and numbers, with small arrays as bytes."""
    points = np.stack([step.proba.argmax(axis=1), np.rint(255 * step.proba.max(axis=1))])
    buffers = [step.surface.tobytes(), points.astype(np.uint8).tobytes()]
    moment = m.Moment(
        labelled=list(step.labelled),
        said=list(step.said),
        measures=_rounded(step.measures),
        queries=list(step.queries),
        why=step.why,
        heat=step.heat is not None,
    )
    if step.heat is not None and step.utilities is not None:
        buffers += [step.heat.tobytes(), step.utilities.tobytes()]
    return moment, buffers


def _curve(run: Record) -> m.RunCurve:
    return m.RunCurve(
        measures=[_rounded(values) for values in run.curves], spent=_rounded(run.spent), stop=run.stop
    )


def _rounded(values: Sequence[float]) -> list[float]:
    return [round(value, 4) for value in values]
