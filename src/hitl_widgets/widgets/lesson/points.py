"""Points of lessons from elsewhere: a drawing, a saved lesson, and the labelled items of a session."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput, a_type
from hitl_widgets.lessons.course import Course
from hitl_widgets.lessons.plane import FEWEST_POINTS, MOST_POINTS, Plane
from hitl_widgets.paths import full_path
from hitl_widgets.questions.schema import Schema

if TYPE_CHECKING:
    import pandas as pd

    from hitl_widgets.session import Session

__all__ = ["DRAWN", "course_of_drawing", "load", "packed", "points_of_session", "table_of_points"]

DRAWN = ("circle", "square", "triangle")
# The settings that a page cannot hold, such as functions and estimators.
ONLY_PYTHON = "only_python"
POINTS = re.compile(r'<script type="application/json" id="points">(.*?)</script>', re.DOTALL)


def course_of_drawing(
    points: Sequence[tuple[float, float, int]], plane: Plane | None, schema: Schema, settings: dict[str, Any]
) -> Course:
    """A course on points that were drawn on a plane, or on an empty one, with at most ``budget`` labels."""
    schema = plane.schema if plane else schema
    low, high = (plane.low, plane.high) if plane else (np.zeros(2), np.ones(2))
    drawn = np.array([point[:2] for point in points]).reshape(-1, 2)
    X = low + np.column_stack([drawn[:, 0], 1 - drawn[:, 1]]) * (high - low)
    names = schema.names
    if any(code >= len(names) for *_, code in points):
        raise InvalidInput(f"The drawing has a class beyond the {len(names)} of this lesson.")
    y = [names[code] for *_, code in points]
    used = [name for name in names if name in y]
    if len(points) >= FEWEST_POINTS and len(used) < 2:
        raise InvalidInput("The drawing has only one class: draw points of a second one.")
    budget = settings["budget"]
    if budget is not None:
        budget = min(budget, max(len(used) + 1, len(points) - 1))
    return Course(X, y, **settings | {"classes": used, "budget": budget})


def table_of_points(plane: Plane) -> pd.DataFrame:
    """The points and their classes."""
    import pandas as pd

    table = pd.DataFrame(plane.X, columns=[f"x{i + 1}" for i in range(plane.X.shape[1])])
    return table.assign(label=[plane.schema.names[code] for code in plane.truth])


def packed(course: Course, settings: dict[str, Any]) -> str:
    """The points and settings of a lesson as JSON for a page."""
    plane = course.plane
    told: dict[str, Any] = {
        "X": _rounded(plane.X),
        "y": plane.truth.tolist(),
        "at": None if plane.flat else _rounded(plane.xy),
        "space": None if plane.ball is None else _rounded(plane.ball),
        "classes": list(plane.schema.names),
        "cost": None if plane.cost is None else plane.cost.tolist(),
    }
    only_python = []
    for name, value in (settings | {"budget": course.budget}).items():
        try:
            json.dumps(value)
            told[name] = value
        except TypeError:
            only_python.append(name)
    told[ONLY_PYTHON] = only_python
    return json.dumps(told, separators=(",", ":")).replace("<", "\\u003c")


def _rounded(points: npt.NDArray[np.float32]) -> list[list[float]]:
    """As many digits as a float32 needs to be read as the same number."""
    return [[float(f"{value:.9g}") for value in row] for row in points]


def load(path: str | os.PathLike[str], options: dict[str, Any]) -> dict[str, Any]:
    """The arguments of the lesson that was saved in a file, with these instead of the saved ones."""
    try:
        page = full_path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{os.fspath(path)!r} cannot be read: {error}.") from None
    found = POINTS.search(page)
    if not found:
        raise InvalidInput(
            f'{os.fspath(path)!r} is not a saved lesson. Expected a file of lesson.save("lesson.html").'
        )
    told: dict[str, Any] = json.loads(found[1])
    told["y"] = [told["classes"][code] for code in told["y"]]
    lost = [name for name in told.pop(ONLY_PYTHON) if name not in options]
    if lost:
        raise InvalidInput(
            f"The lesson had its own {', '.join(lost)}, which a file cannot hold: pass {lost[0]}= again, as "
            f"in hitl.Lesson.load({os.fspath(path)!r}, {lost[0]}=...)."
        )
    return told | options


def points_of_session(session: Session) -> dict[str, Any]:
    """The features, classes and places on the map of a session's labelled items."""
    if not hasattr(session, "_loop"):
        raise InvalidInput(
            f"Lesson.of() got {a_type(session)}: expected a session. For other points: hitl.Lesson(X, y)."
        )
    session.wait()
    loop = session._loop  # noqa: SLF001
    labels, ground, drawn = loop.labels, loop.background.ground, loop.background.map
    if labels.kind.name != "choice":
        raise InvalidInput(
            f"The session asks a question of kind {labels.kind.name!r}. Expected one class per item."
        )
    names = labels.schema.names
    rows = np.flatnonzero((labels.y >= 0) & (labels.y < len(names)))
    if len(rows) < FEWEST_POINTS:
        raise InvalidInput(
            f"The session has {len(rows)} labels. A lesson needs at least ten, because their classes answer "
            "its questions: label more items first."
        )
    if ground is None or drawn is None:
        raise InvalidInput("The features and the map of the session are not ready: try again soon.")
    if len(rows) > MOST_POINTS:
        rows = np.sort(np.random.default_rng(0).choice(rows, MOST_POINTS, replace=False))
    y = [names[code] for code in labels.y[rows]]
    X = np.asarray(ground.X[rows], dtype=np.float32)
    return {"X": X, "y": y, "classes": [name for name in names if name in y], "at": drawn.xy[rows]}
