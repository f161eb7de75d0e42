"""Questions that ask for boxes on an image, or on frames of a video."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hitl_widgets.errors import InvalidInput
from hitl_widgets.questions.marks import Mark
from hitl_widgets.questions.places import ALIKE, ImageMarks, pixels
from hitl_widgets.questions.schema import Schema
from hitl_widgets.questions.values import is_blank, plain
from hitl_widgets.questions.vocabulary import Vocabulary

__all__ = ["KINDS", "Boxes"]


SIDES = ("x", "y", "width", "height")
MOST_FRAMES = 2**31


class Boxes(ImageMarks):
    """Boxes, each with a class, and with a text if ``transcribe`` is set.

    A place is (x, y, width, height); x and y are of the upper left corner. On a video it is
    (x, y, width, height, frame), where frames are counted from 0.
    """

    name = "boxes"
    asks = "boxes on an image or a video"
    items = ("image", "video")
    card = (
        "A label is a list of boxes, each with x, y, width and height in pixels and a class, as JSON; on "
        "videos also with the number of the frame, from 0."
    )
    agreement = (
        " Two answers agree by the F1 score of their boxes; two boxes are the same if they have the same "
        "class, an intersection over union of at least 0.5, and in videos the same frame. Boxes with texts "
        "count as far as the characters of the texts are the same."
    )
    one, many, fields = "box", "boxes", SIDES
    extras = ("frame",)
    writes = True

    def place(self, given: Sequence[Any]) -> tuple[float, ...]:
        """Return (x, y, width, height), and the frame if there is one."""
        sides, frame = given[: len(SIDES)], given[len(SIDES) :]
        x, y, width, height = pixels(sides if len(frame) < 2 else given, SIDES, "box")
        if width <= 0 or height <= 0:
            raise InvalidInput(f"The box {list(given)!r} is empty: expected a width and a height above 0.")
        return x, y, width, height, *map(_frame, frame)

    def _flat(self, mark: Any) -> Any:
        flat = super()._flat(mark)
        frame = plain(mark.get("frame")) if isinstance(mark, Mapping) else None
        return flat if is_blank(frame) else [*flat[: len(SIDES)], frame, *flat[len(SIDES) :]]

    def _parsed(self, value: Any, vocabulary: Vocabulary) -> list[Mark]:
        found = super()._parsed(value, vocabulary)
        if len({_frame_of(place) is None for place, _ in found}) > 1:
            raise InvalidInput("Some boxes have a frame, and others have none.")
        return found

    def _expected(self) -> str:
        return f"{super()._expected()}, and 'frame': ... on a video"

    def parts(self, place: Any) -> dict[str, Any]:
        """Return the sides, the frame and the text, as far as there are any."""
        frame = _frame_of(place)
        more = {} if frame is None else {"frame": frame}
        return {**dict(zip(SIDES, place, strict=False)), **more, **_text_of(place)}

    def check(self, answer: Any, schema: Schema, extent: Sequence[float]) -> None:
        """Raise InvalidInput for boxes beyond the image or the video, and for frames that do not fit it."""
        super().check(answer, schema, extent[:2])
        frames = int(extent[2]) if len(extent) > 2 else 0
        for place, _ in answer if extent else ():
            box, frame = list(place[: len(SIDES)]), _frame_of(place)
            if frame is None:
                if frames:
                    raise InvalidInput(
                        f"The box {box} has no frame: expected 'frame', from 0 to {frames - 1:,}."
                    )
            elif not frames:
                raise InvalidInput(f"The box {box} is on frame {frame:,}, but the item is an image.")
            elif frame >= frames:
                raise InvalidInput(
                    f"The box {box} is on frame {frame:,}, but the video has {frames:,}, from 0 to "
                    f"{frames - 1:,}."
                )

    def corners(self, place: Any) -> list[tuple[float, float]]:
        """Return the upper left and the lower right corner."""
        x, y, width, height = place[: len(SIDES)]
        return [(x, y), (x + width, y + height)]

    def words(self, answer: Any) -> str:
        """Return the texts of the boxes, each on a line."""
        return "\n".join(text for place, _ in answer for text in _text_of(place).values())

    def same(self, a: Any, b: Any) -> bool:
        """Return whether the intersection over union is at least 0.5, on the same frame."""
        return self.group(a) == self.group(b) and bool(self.near(a, [b]))

    def group(self, place: Any) -> int | None:
        """Return the frame."""
        return _frame_of(place)

    def near(self, place: Any, others: Sequence[Any]) -> Sequence[int]:
        """Return the positions of the boxes that are the same, all of them on one frame."""
        x, y, width, height = place[: len(SIDES)]
        X, Y, W, H = np.array([other[: len(SIDES)] for other in others], np.float64).reshape(-1, 4).T
        across = np.minimum(x + width, X + W) - np.maximum(x, X)
        down = np.minimum(y + height, Y + H) - np.maximum(y, Y)
        both = np.maximum(across, 0) * np.maximum(down, 0)
        return np.flatnonzero(both >= ALIKE * (width * height + W * H - both)).tolist()


def _frame_of(place: Any) -> int | None:
    return next((part for part in place[len(SIDES) :] if not isinstance(part, str)), None)


def _text_of(place: Any) -> dict[str, str]:
    return {"text": place[-1]} if isinstance(place[-1], str) else {}


def _frame(value: Any) -> int:
    """Return the number of a frame.

    Raises
    ------
    InvalidInput
        If it is not one.
    """
    whole = isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1
    if not whole or not 0 <= value < MOST_FRAMES:
        raise InvalidInput(f"{value!r} is not the number of a frame: expected an integer from 0.")
    return int(value)


KINDS = (Boxes(),)
