"""Points of lessons from elsewhere: the labelled items of a session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hitl_widgets.errors import InvalidInput
from hitl_widgets.lessons.plane import MOST_POINTS

if TYPE_CHECKING:
    from hitl_widgets.session import Session

__all__ = ["points_of_session"]


def points_of_session(session: Session) -> dict[str, Any]:
    """The features, classes and places on the map of a session's labelled items."""
    session.wait()
    loop = session._loop  # noqa: SLF001
    labels, ground, drawn = loop.labels, loop.background.ground, loop.background.map
    if labels.kind.name != "choice":
        raise InvalidInput(
            f"The session asks a question of kind {labels.kind.name!r}. Expected one class per item."
        )
    names = labels.schema.names
    rows = np.flatnonzero((labels.y >= 0) & (labels.y < len(names)))
    if len(rows) < 10:
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
