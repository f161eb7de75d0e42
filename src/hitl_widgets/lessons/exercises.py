"""Exercises: tasks for students that are checked from what they clicked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

from hitl_widgets.errors import InvalidInput, choices, nearest
from hitl_widgets.lessons.course import Course
from hitl_widgets.lessons.lesson import Start, Step
from hitl_widgets.lessons.words import looks_at

__all__ = ["EXERCISES", "Attempt", "Line", "Report", "check_exercise", "report"]

EXERCISES = {
    "predict": "Predict the next question",
    "beat-random": "Beat random by ten labels",
    "break-margin": "Find a start that breaks margin",
}
QUESTIONS = 5
NEAR, NEAR_SHARE = 5, 0.05  # a prediction is right among the five best points, or the best 5 %
SAVED, AHEAD = 10, 20
WORSE = 0.05
BY_CHANCE = {"random", "power_margin"}


class Attempt(NamedTuple):
    """What a student did: the points that were clicked, the hints that were taken, and whether to go on."""

    exercise: str
    strategy: str
    start: str
    seed: int
    picks: tuple[int, ...]
    hints: int = 0
    next: bool = False


class Line(NamedTuple):
    """A line in the chart of an exercise: values, and the number of labels of each."""

    name: str
    values: list[float]
    at: list[float]


@dataclass(frozen=True, eq=False)
class Report:
    """How an attempt stands.

    Attributes
    ----------
    task, said, hint, place
        What to do, what is to be said about the last click, the hints that were taken, and how far it is.
    more_hints, clickable, going
        Whether there are more hints, a click counts, and there is a next question.
    done, solved, points, of
        Whether it has ended, whether it is solved, and the points, of how many it takes to solve it.
    you, machine
        The student's plane, and that of the strategy, if it is shown.
    ring, pick
        The point that the strategy chose and the one that the student chose, if they are to be shown.
    lines
        The chart; none if there is nothing to compare.
    """

    task: str
    place: str
    you: Step
    said: str = ""
    hint: str = ""
    more_hints: bool = False
    clickable: bool = True
    going: bool = False
    done: bool = False
    solved: bool = False
    points: int = 0
    of: int = 0
    machine: Step | None = None
    ring: int | None = None
    pick: int | None = None
    lines: tuple[Line, ...] = ()


def check_exercise(name: object) -> str:
    """Return the name of an exercise.

    Raises
    ------
    InvalidInput
        If there is no such exercise.
    """
    if name not in EXERCISES:
        raise InvalidInput(
            f"exercise({name!r}) is not known.{nearest(name, EXERCISES)} Expected one of "
            f"{choices(EXERCISES)}."
        )
    return str(name)


def report(course: Course, attempt: Attempt) -> Report:
    """Check an attempt.

    Raises
    ------
    InvalidInput
        If the exercise makes no sense in this lesson, or a point cannot be chosen.
    """
    found, hints = _TASKS[check_exercise(attempt.exercise)](course, attempt)
    taken = hints[: attempt.hints]
    return replace(
        found, hint=" ".join(taken), more_hints=len(taken) < len(hints) and not found.done and not found.going
    )


# -- predict


def _predict(course: Course, a: Attempt) -> tuple[Report, list[str]]:
    trace = course.trace(a.strategy, a.start, a.seed, batch=1)
    steps = _predictable(course, a)
    if len(a.picks) > len(steps) or (a.next and len(a.picks) >= len(steps)):
        raise InvalidInput(f"There are {len(steps)} questions.")
    places = [_place(trace[i], row) for i, row in zip(steps, a.picks, strict=False)]
    right = [place <= near for place, near, _ in places]
    of = max(1, len(steps) - 1)
    score = f"{sum(right)} right" if a.picks else f"solved with {of} right"
    shows = bool(a.picks) and not a.next
    now = len(a.picks) - 1 if shows else len(a.picks)
    step = trace[steps[now]]
    hints = [f"{a.strategy}: {looks_at(a.strategy)}", "The darker the colour, the more useful the point."]
    task = (
        f"Which point does {a.strategy} ask next? Click it. Your answer is right if it is among the best "
        f"{100 * NEAR_SHARE:.0f} % of the points for {a.strategy}."
    )
    place = f"Question {now + 1} of {len(steps)} · {score}"
    if not shows:
        blind = replace(step, queries=(), why="", ranks=None)
        if a.hints < len(hints):
            blind = replace(blind, utilities=None, heat=None)
        return Report(task, place, blind, of=of), hints
    rank, _, among = places[-1]
    said = _said(a.strategy, rank, among, right[-1], step)
    done = len(a.picks) == len(steps)
    if done:
        solved = sum(right) >= of
        end = "solved" if solved else f"{of} are needed to solve it"
        said += f" {sum(right)} of {len(steps)} right: {end}."
    return (
        Report(
            task,
            place,
            step,
            said=said,
            clickable=False,
            going=not done,
            done=done,
            solved=done and sum(right) >= of,
            points=sum(right),
            of=of,
            ring=step.query,
            pick=a.picks[-1],
        ),
        hints,
    )


def _predictable(course: Course, a: Attempt) -> list[int]:
    """The first steps whose query does not depend on chance alone."""
    trace = course.trace(a.strategy, a.start, a.seed, batch=1)
    found: list[int] = []
    if a.strategy not in BY_CHANCE:
        for i in range(len(trace) - 1):
            if trace[i].ranks is not None:
                found.append(i)
            if len(found) == QUESTIONS:
                break
    if not found:
        raise InvalidInput(
            f"The questions of {a.strategy} are drawn at random here, so they cannot be predicted. Choose "
            "another strategy, such as margin."
        )
    return found


def _place(step: Step, row: int) -> tuple[int, int, int]:
    """The point's place in the strategy's order, the last place that is right, and the number of points."""
    ranks = step.ranks
    assert ranks is not None  # noqa: S101 - only such steps are asked
    if not 0 <= row < len(ranks) or ranks[row] == 0:
        raise InvalidInput(f"Point {row} cannot be chosen: expected an unlabelled point.")
    among = int((ranks > 0).sum())
    return int(ranks[row]), max(NEAR, round(NEAR_SHARE * among)), among


def _said(strategy: str, rank: int, among: int, right: bool, step: Step) -> str:
    if rank == 1:
        return f"Right: {strategy} asks this point, or one that is as good. {step.why}"
    place = f"your point is {_ordinal(rank)} of {among} for {strategy}"
    return f"{'Right' if right else 'Not quite'}: {place}, which asks the one with the ring. {step.why}"


def _ordinal(n: int) -> str:
    ending = "th" if n % 100 in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{ending}"


# -- beat random


def _beat_random(course: Course, a: Attempt) -> tuple[Report, list[str]]:
    start = course.begin(a.start, a.seed)
    student = course.student(start, a.picks[:SAVED])
    first = len(student.start)
    theirs = first + AHEAD
    goal = course.chance(start, AHEAD)
    if student.steps[0].accuracy >= goal:
        raise InvalidInput(
            f"The first {first} labels alone are as good as {theirs} random ones here ({goal:.2f}), so there "
            "is nothing to beat. Choose another start."
        )
    reached = next((i for i, step in enumerate(student.steps) if step.accuracy >= goal), None)
    n, best = len(student.picks), student.now.accuracy
    saved = 0 if reached is None else AHEAD - reached
    done = reached is not None or n == SAVED
    task = (
        f"With {theirs} labels, random reaches an accuracy of {goal:.2f} (the mean of 20 runs). Reach it "
        f"with {first + SAVED} or fewer. Click the point that you would label next."
    )
    now = f"accuracy {best:.2f} with {first + n} labels; the goal is {goal:.2f}."
    if reached is not None:
        said = f"Solved: {now} You need {saved} labels fewer than random."
    elif done:
        said = f"Not reached: {now} Look where the model is still wrong, and try again."
    else:
        said = now.capitalize() if n else ""
    said = f"{student.now.why} {said}".strip()
    hints = [
        "Random spends many labels where the model is right already. Where can a label move the border?",
        (
            "First make sure that no group of points is without a label. Then label points near the border, "
            "along its whole length."
        ),
    ]
    ends = [float(first), float(first + SAVED)]
    lines = (
        Line("you", student.curve, [float(first + i) for i in range(n + 1)]),
        Line(f"random, {theirs} labels", [goal, goal], ends),
    )
    found = Report(
        task,
        f"{n} of {SAVED} questions · the goal is {goal:.2f}",
        replace(student.now, why=""),
        said=said,
        clickable=not done,
        done=done,
        solved=reached is not None,
        points=saved,
        of=SAVED,
        pick=student.picks[-1] if n else None,
        lines=lines,
    )
    return found, hints


# -- break margin


def _break_margin(course: Course, a: Attempt) -> tuple[Report, list[str]]:
    k, of = course.plane.n_classes + 1, round(100 * WORSE)
    picks = a.picks[:k]
    student = course.student(Start("none", a.seed), picks)
    task = (
        f"Choose the first {k} labels such that margin, with {AHEAD} more, ends at least {WORSE:.2f} below "
        "the accuracy of random from the same labels (the mean of 20 runs)."
    )
    hints = [
        (
            "margin asks only near the border that the model knows. Which points can the model be wrong "
            "about without ever asking?"
        ),
        (
            "Show the truth. Is there a class with two groups? Label only one of them, so that the other "
            "lies far on the wrong side of the border."
        ),
    ]
    if len(picks) < k:
        place = f"{len(picks)} of {k} labels chosen"
        last = picks[-1] if picks else None
        return Report(task, place, student.now, of=of, pick=last), hints
    start = Start("own", a.seed, tuple(picks))
    steps = course.run("margin", start, k + AHEAD)
    margin, random = steps[-1].accuracy, course.chance(start, AHEAD)
    below = round(100 * (random - margin))
    solved = below >= of
    said = f"margin ends at {margin:.2f}, random at {random:.2f}"
    said += (
        ": solved. Look on the right at what margin never asked."
        if solved
        else f". To break it, margin must end {WORSE:.2f} below random. Try other labels."
    )
    ends = [float(k), float(k + AHEAD)]
    lines = (
        Line("margin", [step.accuracy for step in steps], [float(k + i) for i in range(AHEAD + 1)]),
        Line("random at the end", [random, random], ends),
    )
    found = Report(
        task,
        f"margin {margin:.2f} · random {random:.2f}",
        replace(student.now, why=""),
        said=said,
        clickable=False,
        done=True,
        solved=solved,
        points=max(0, below),
        of=of,
        machine=steps[-1],
        lines=lines,
    )
    return found, hints


_TASKS: dict[str, Callable[[Course, Attempt], tuple[Report, list[str]]]] = {
    "predict": _predict,
    "beat-random": _beat_random,
    "break-margin": _break_margin,
}
