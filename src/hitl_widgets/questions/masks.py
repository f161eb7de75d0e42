"""Questions that ask for masks on an image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hitl_widgets.errors import InvalidInput
from hitl_widgets.questions import rle
from hitl_widgets.questions.places import ALIKE, ImageMarks
from hitl_widgets.questions.schema import Schema

__all__ = ["KINDS", "Masks"]

LARGEST_SIDE = 100_000


class Masks(ImageMarks):
    """Masks, each with a class. A place is ((height, width), counts): the run lengths of COCO's files."""

    name = "masks"
    asks = "masks on an image"
    card = (
        "A label is a list of masks, each with size [height, width], the compressed run lengths of COCO's "
        "files, and a class, as JSON in files."
    )
    agreement = (
        " Two answers agree by the F1 score of their masks; two masks are the same if they have the same "
        "class and an intersection over union of at least 0.5."
    )
    one, many, fields = "mask", "masks", ("size", "counts")

    def place(self, given: Sequence[Any]) -> tuple[tuple[int, int], str]:
        """Return ((height, width), counts) with no empty runs, from counts as text or as numbers."""
        size: Any
        counts: Any
        size, counts = given if len(given) == 2 else (None, None)
        if isinstance(counts, bytes):
            counts = counts.decode("ascii", "replace")
        if hasattr(counts, "tolist"):
            counts = counts.tolist()
        if not _is_size(size) or not isinstance(counts, str | list | tuple):
            raise InvalidInput(
                f"{list(given)!r} is not a mask: expected its size [height, width], and its run lengths "
                "(counts), as text or as numbers."
            )
        height, width = map(int, size)
        found = rle.to_counts(counts) if isinstance(counts, str) else _counts(counts)
        if (n := int(found.sum())) != height * width:
            raise InvalidInput(
                f"The mask's run lengths cover {n:,} pixels, and its size is {width:,} x {height:,}, "
                f"which is {height * width:,} pixels."
            )
        if not rle.area(found):
            raise InvalidInput("The mask is empty: leave it out.")
        return (height, width), rle.to_text(rle.normal(found))

    def _flat(self, mark: Any) -> Any:
        """Accept an array with the pixels, too, as in ``{"mask": array, "label": name}``."""
        if isinstance(mark, Mapping) and "mask" in mark:
            pixels = np.asarray(mark["mask"])
            if pixels.ndim != 2 or pixels.dtype.kind not in "bui":
                raise InvalidInput(
                    f"An array of shape {pixels.shape} and type {pixels.dtype} is not a mask: expected "
                    "booleans of shape (height, width)."
                )
            size, counts = rle.from_mask(pixels)
            rest = {name: given for name, given in mark.items() if name != "mask"}
            mark = {**rest, "size": size, "counts": counts}
        return super()._flat(mark)

    def told(self, place: Any) -> list[Any]:
        """Return [[height, width], counts]."""
        size, counts = place
        return [list(size), counts]

    def check(self, answer: Any, schema: Schema, extent: Sequence[float]) -> None:  # noqa: ARG002
        """Raise InvalidInput for masks of another size than the image, if that is known."""
        for ((height, width), _), _ in answer:
            if extent and (width, height) != tuple(extent):
                raise InvalidInput(
                    f"The mask is for an image of {width:,} x {height:,} pixels, and this image has "
                    f"{extent[0]:,} x {extent[1]:,}."
                )

    def same(self, a: Any, b: Any) -> bool:
        """Return whether the intersection over union is at least 0.5."""
        return a[0] == b[0] and rle.iou(rle.to_counts(a[1]), rle.to_counts(b[1])) >= ALIKE


def _is_size(size: Any) -> bool:
    if hasattr(size, "tolist"):
        size = size.tolist()
    return (
        isinstance(size, list | tuple)
        and len(size) == 2
        and all(isinstance(n, int) and not isinstance(n, bool) and 0 < n <= LARGEST_SIDE for n in size)
    )


def _counts(counts: Sequence[Any]) -> Any:
    if not all(isinstance(n, int) and not isinstance(n, bool) and 0 <= n <= LARGEST_SIDE**2 for n in counts):
        raise InvalidInput("The mask's run lengths contain other values than whole numbers from 0 on.")
    return np.array(counts, np.int64)


KINDS = (Masks(),)
