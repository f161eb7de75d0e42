"""Questions that ask for points on an image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hitl_widgets.questions.marks import f1
from hitl_widgets.questions.places import ImageMarks, pixels
from hitl_widgets.questions.schema import Schema

__all__ = ["KINDS", "WITHIN", "Points"]

WITHIN = 10.0


class Points(ImageMarks):
    """Points, each with a class. A place is (x, y).

    Parameters
    ----------
    within
        Distance in pixels up to which two annotators mean the same point.
    """

    name = "points"
    asks = "points on an image"
    card = "A label is a list of points, each with x and y in pixels and a class, as JSON in files."
    agreement = (
        " Two answers agree by the F1 score of their points; two points are the same if they have the same "
        "class and are close enough, by default 10 pixels."
    )
    one, many, fields = "point", "points", ("x", "y")

    def __init__(self, within: float = WITHIN) -> None:
        self.within = within

    def place(self, given: Sequence[Any]) -> tuple[float, ...]:
        """Return (x, y)."""
        return pixels(given, self.fields, "point")

    def corners(self, place: Any) -> list[tuple[float, float]]:
        """Return the point."""
        return [place]

    def same(self, a: Any, b: Any) -> bool:
        """Return whether the distance is at most ``within``."""
        return bool(self.near(a, [b]))

    def near(self, place: Any, others: Sequence[Any]) -> Sequence[int]:
        """Return the positions of the points that are the same."""
        apart = np.hypot(*(np.array(others, np.float64).reshape(-1, 2) - place).T)
        return [int(k) for k in np.flatnonzero(apart <= self.within)]

    def agree(self, a: Any, b: Any, schema: Schema) -> float:
        """Return the F1 score of the points, with the distance of the question."""
        return f1(a, b, Points(schema.settings.get("within", WITHIN)))


KINDS = (Points(),)
