"""Questions that ask for polygons on an image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput
from hitl_widgets.questions.places import ALIKE, ImageMarks, number

__all__ = ["KINDS", "Polygons"]

MOST_CORNERS = 10_000
# Two polygons are compared at this many places along each axis.
GRID = 128
# Crossings of edges that are computed at a time.
AT_ONCE = 4_000_000


class Polygons(ImageMarks):
    """Polygons, each with a class. A place is a tuple of corners (x, y)."""

    name = "polygons"
    asks = "polygons on an image"
    card = (
        "A label is a list of polygons, each with its corners (x, y) in pixels and a class, as JSON in files."
    )
    agreement = (
        " Two answers agree by the F1 score of their polygons; two polygons are the same if they have the "
        "same class and an intersection over union of at least 0.5."
    )
    one, many, fields = "polygon", "polygons", ("points",)

    def place(self, given: Sequence[Any]) -> tuple[tuple[float, float], ...]:
        """Return the corners, from pairs or, as in COCO's files, from a flat list."""
        points: Any = given[0] if len(given) == 1 else None
        if hasattr(points, "tolist"):
            points = points.tolist()
        flat = isinstance(points, list | tuple) and not any(isinstance(p, list | tuple) for p in points)
        if flat and len(points) % 2 == 0:
            points = list(zip(points[::2], points[1::2], strict=True))
        if not isinstance(points, list | tuple) or not all(
            isinstance(p, list | tuple) and len(p) == 2 for p in points
        ):
            raise InvalidInput(f"{given!r} is not a polygon: expected a list of corners [x, y] in pixels.")
        if len(points) > MOST_CORNERS:
            raise InvalidInput(f"The polygon has {len(points):,} corners; the limit is {MOST_CORNERS:,}.")
        corners = tuple((number(x), number(y)) for x, y in points)
        if len(set(corners)) < 3:
            raise InvalidInput(f"The polygon {points!r} has fewer than three different corners.")
        return corners

    def told(self, place: Any) -> list[Any]:
        """Return the corners as lists, in a list."""
        return [[list(corner) for corner in place]]

    def corners(self, place: Any) -> Any:
        """Return the corners."""
        return place

    def spelled(self, place: Any) -> str:
        """Return the first corner in words."""
        return f"The polygon from {list(place[0])}"

    def same(self, a: Any, b: Any) -> bool:
        """Return whether the intersection over union is at least 0.5, to about 1 %."""
        if a == b:
            return True
        one, other = np.array(a, np.float64), np.array(b, np.float64)
        lows = np.stack([one.min(axis=0), other.min(axis=0)])
        highs = np.stack([one.max(axis=0), other.max(axis=0)])
        if (lows.max(axis=0) >= highs.min(axis=0)).any():
            return False  # they lie beside each other
        low, high = lows.min(axis=0), highs.max(axis=0)
        steps = (np.arange(GRID) + 0.5) / GRID
        x, y = low[:, None] + (high - low)[:, None] * steps
        left, right = _inside(one, x, y), _inside(other, x, y)
        either = int((left | right).sum())
        return either > 0 and int((left & right).sum()) >= ALIKE * either


def _inside(
    corners: npt.NDArray[np.float64], x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]
) -> npt.NDArray[np.bool_]:
    """Return whether each place of a grid is inside, (len(x), len(y)): an odd number of edges is above it."""
    inside = np.zeros((len(x), len(y)), np.bool_)
    ends = np.roll(corners, -1, axis=0)
    many = max(1, AT_ONCE // inside.size)
    for k in range(0, len(corners), many):
        (x0, y0), (x1, y1) = corners[k : k + many].T, ends[k : k + many].T
        crossed = (x[:, None] < x0) != (x[:, None] < x1)
        slope = np.divide(y1 - y0, x1 - x0, out=np.zeros(len(x0)), where=x0 != x1)
        at = np.where(crossed, y0 + (x[:, None] - x0) * slope, np.inf)
        above = (at[:, None, :] <= y[None, :, None]).sum(axis=2)
        inside ^= above % 2 == 1
    return inside


KINDS = (Polygons(),)
