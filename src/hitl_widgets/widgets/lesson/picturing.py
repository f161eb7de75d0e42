"""Pictures and tables of a lesson: a step, a run, and the curves."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from hitl_widgets.lessons.pictures import Part, Scene, drawn

if TYPE_CHECKING:
    from hitl_widgets.lessons.course import Course

__all__ = ["Seen", "animation", "scene", "still"]

# As SVG up to this number of points, else as PNG, which is smaller then.
MOST_SHAPES = 500
# As long as a step when the widget plays.
STEP_MS, END_MS = 900, 3000


class Seen(NamedTuple):
    """A step of a strategy from a start."""

    strategy: str
    start: str
    seed: int
    step: int


def scene(
    course: Course,
    strategies: Sequence[str],
    step: int,
    *,
    start: str | None = None,
    seed: int | None = None,
    behind: str = "model",
    truth: bool = False,
    whole: bool = True,
) -> Scene:
    """What is seen after ``step`` questions of the first strategy, with the curves of all of them.

    Parameters
    ----------
    start, seed
        None means those of the lesson.
    whole
        Whether the curves of the other strategies are shown to their end, or to the same step.
    """
    plane, name = course.plane, strategies[0]
    begin = course.start if start is None else start, course.seed if seed is None else seed
    run = course.step(name, *begin, step)
    now = run.now
    classes = plane.schema.classes
    number = len(now.labelled) + 1
    last = len(course.trace(name, *begin)) - 1
    others = {other: course.step(other, *begin, last if whole else step) for other in strategies[1:]}
    reason = now.why if now.queries else "The budget is spent."
    return Scene(
        points=plane.unit,
        colors=[c.color for c in classes],
        names=[c.name for c in classes],
        labelled=list(zip(now.labelled, now.said, strict=True)),
        rings=[(row, number + i) for i, row in enumerate(now.queries)],
        surface=None if behind == "nothing" else now.surface,
        heat=now.heat if behind == "utilities" else None,
        truth=[int(code) for code in plane.truth] if truth else None,
        headline=f"{name}: {number - 1} label{'s' * (number != 2)} · accuracy {now.accuracy:.2f}",
        reason=reason,
        curves={which: (one.spent, one.curves[0]) for which, one in ({name: run} | others).items()},
        last=course.budget if plane.cost is None else None,
        at=step,
        measure=plane.measures.words[0][1],
        unit="labels" if plane.cost is None else "cost",
    )


def still(course: Course, seen: Seen) -> str:
    """A step as HTML for pages without a kernel, without names of classes and what is said of them."""
    strategy, start, seed, step = seen
    shown = replace(scene(course, [strategy], step, start=start, seed=seed), names=(), reason="")
    picture = drawn(shown)
    small = len(course.plane) <= MOST_SHAPES
    kind, made = (
        ("svg+xml", picture.svg(shown.headline).encode()) if small else ("png", picture.png(1.5, small=True))
    )
    data = base64.b64encode(made).decode()
    look = "max-width: 100%; border-radius: 6px"
    return (
        f'<img alt="A lesson on {len(course.plane)} points. {escape(shown.headline)}" '
        f'width="{picture.width:g}" style="{look}" src="data:image/{kind};base64,{data}">'
    )


def animation(
    course: Course, strategies: Sequence[str], part: Part, *, behind: str = "model", truth: bool = False
) -> bytes:
    """All steps of the first strategy as a GIF file."""
    from PIL.Image import Quantize

    last = len(course.trace(strategies[0], course.start, course.seed)) - 1
    frames = [
        drawn(scene(course, strategies, i, behind=behind, truth=truth, whole=False), part)
        .pixels(1)
        .quantize(method=Quantize.MAXCOVERAGE)  # keeps the colours of the few labelled points
        for i in range(last + 1)
    ]
    file = io.BytesIO()
    times = [STEP_MS] * last + [END_MS]
    frames[0].save(
        file, "GIF", save_all=True, append_images=frames[1:], duration=times, loop=0, optimize=True
    )
    return file.getvalue()
