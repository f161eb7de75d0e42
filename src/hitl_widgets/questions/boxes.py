"""Questions that ask for boxes on an image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hitl_widgets.errors import InvalidInput
from hitl_widgets.questions.places import ALIKE, ImageMarks, pixels

__all__ = ["KINDS", "Boxes"]


class Boxes(ImageMarks):
    """Boxes, each with a class, and with a text if ``transcribe`` is set.

    A place is (x, y, width, height); x and y are of the upper left corner.
    """

    name = "boxes"
    asks = "boxes on an image"
    card = "A label is a list of boxes, each with x, y, width and height in pixels and a class, as JSON."
    agreement = (
        " Two answers agree by the F1 score of their boxes; two boxes are the same if they have the same "
        "class and an intersection over union of at least 0.5. Boxes with texts count as far as the "
        "characters of the texts are the same."
    )
    one, many, fields = "box", "boxes", ("x", "y", "width", "height")
    writes = True

    def place(self, given: Sequence[Any]) -> tuple[float, ...]:
        """Return (x, y, width, height)."""
        x, y, width, height = pixels(given, self.fields, "box")
        if width <= 0 or height <= 0:
            raise InvalidInput(f"The box {list(given)!r} is empty: expected a width and a height above 0.")
        return x, y, width, height

    def corners(self, place: Any) -> list[tuple[float, float]]:
        """Return the upper left and the lower right corner."""
        x, y, width, height = place[:4]
        return [(x, y), (x + width, y + height)]

    def words(self, answer: Any) -> str:
        """Return the texts of the boxes, each on a line."""
        return "\n".join(place[4] for place, _ in answer if len(place) > 4)

    def same(self, a: Any, b: Any) -> bool:
        """Return whether the intersection over union is at least 0.5."""
        return bool(self.near(a, [b]))

    def near(self, place: Any, others: Sequence[Any]) -> Sequence[int]:
        """Return the positions of the boxes that are the same."""
        x, y, width, height = place[:4]
        X, Y, W, H = np.array([other[:4] for other in others], np.float64).reshape(-1, 4).T
        across = np.minimum(x + width, X + W) - np.maximum(x, X)
        down = np.minimum(y + height, Y + H) - np.maximum(y, Y)
        both = np.maximum(across, 0) * np.maximum(down, 0)
        found = np.flatnonzero(both >= ALIKE * (width * height + W * H - both))
        return [int(k) for k in found]


KINDS = (Boxes(),)
