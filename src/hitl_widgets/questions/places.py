"""Marks on images: what boxes, polygons, points and masks have in common."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from hitl_widgets.errors import InvalidInput
from hitl_widgets.questions.marks import Marks
from hitl_widgets.questions.schema import Schema

__all__ = ["ALIKE", "ImageMarks", "number", "pixels"]

DIGITS = 2
# What rounding may add to a place at the edge of an image.
EDGE = 0.02
LARGEST = 1e7
# Intersection over union from which two annotators mean the same object.
ALIKE = 0.5


class ImageMarks(Marks):
    """Marks on an image, each with a class. Places are in pixels from the upper left corner."""

    items: tuple[str, ...] = ("image",)

    def corners(self, place: Any) -> Iterable[tuple[float, float]]:
        """Return points within which a place lies."""
        raise NotImplementedError

    def spelled(self, place: Any) -> str:
        """Return a place in words."""
        return f"The {self.one} {list(self.told(place))}"

    def check(self, answer: Any, schema: Schema, extent: Sequence[float]) -> None:  # noqa: ARG002
        """Raise InvalidInput for marks beyond the image, if its size is known."""
        if not extent:
            return
        width, height = extent
        for place, _ in answer:
            for x, y in self.corners(place):
                if not (-EDGE <= x <= width + EDGE and -EDGE <= y <= height + EDGE):
                    raise InvalidInput(
                        f"{self.spelled(place)} is beyond the image, which has {width:,} x {height:,} pixels."
                    )


def number(value: Any) -> float:
    """Return a number of pixels, rounded to 0.01.

    Raises
    ------
    InvalidInput
        If it is not a number, or too large.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidInput(f"{value!r} is not a number of pixels.")
    if not abs(value) <= LARGEST:  # also if it is not a number, or an integer that no float can hold
        raise InvalidInput(f"{value!r} is not a number of pixels up to {LARGEST:g}.")
    found = round(float(value), DIGITS)
    return int(found) if found.is_integer() else found


def pixels(given: Sequence[Any], names: Sequence[str], what: str) -> tuple[float, ...]:
    """Return the numbers of a place.

    Raises
    ------
    InvalidInput
        If there are more or fewer than ``names``, or other values.
    """
    if len(given) != len(names):
        raise InvalidInput(f"{list(given)!r} is not a {what}: expected {', '.join(names)} in pixels.")
    try:
        return tuple(map(number, given))
    except InvalidInput as error:
        raise InvalidInput(f"{list(given)!r} is not a {what}: {error}") from None
