"""Questions that ask for ranges of a recording."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import isfinite
from typing import Any

from hitl_widgets.errors import InvalidInput
from hitl_widgets.questions.marks import Marks
from hitl_widgets.questions.schema import Schema

__all__ = ["KINDS", "Ranges"]

DIGITS = 3  # places are rounded to milliseconds
LONGEST = 1e7  # seconds, to keep milliseconds exact


class Ranges(Marks):
    """Ranges of a recording, each with a class. A place is (start, end) in seconds."""

    name = "ranges"
    asks = "ranges of a recording"
    items = ("audio",)
    card = "A label is a list of ranges, each with start and end in seconds and a class, as JSON in files."
    agreement = (
        " Two answers agree by the F1 score of their ranges; two ranges of one class are the same if they "
        "share at least half of the time that they cover together."
    )
    one, many, fields = "range", "ranges", ("start", "end")

    def place(self, given: Sequence[Any]) -> tuple[float, float]:
        """Return (start, end), rounded to milliseconds."""
        if len(given) != 2 or not all(isinstance(x, int | float) and not isinstance(x, bool) for x in given):
            raise InvalidInput(f"{list(given)!r} is not a range: expected start and end in seconds.")
        if not all(isfinite(x) and abs(x) <= LONGEST for x in given):
            raise InvalidInput(f"{list(given)!r} is not a range: expected numbers up to {LONGEST:g}.")
        start, end = (round(float(x), DIGITS) + 0.0 for x in given)  # no -0.0
        if not 0 <= start < end:
            raise InvalidInput(f"The range from {start:g} to {end:g} is empty: expected 0 <= start < end.")
        return start, end

    def same(self, a: Any, b: Any) -> bool:
        """Return whether intersection over union is at least 0.5."""
        both = min(a[1], b[1]) - max(a[0], b[0])
        return bool(both > 0 and 2 * both >= max(a[1], b[1]) - min(a[0], b[0]))

    def check(self, answer: Any, schema: Schema, extent: Sequence[float]) -> None:
        """Raise InvalidInput for ranges beyond the recording, and for overlaps if they are not allowed."""
        for (start, end, *_), _id in answer:
            if end > round(extent[0], DIGITS):
                raise InvalidInput(
                    f"The range from {start:g} to {end:g} is beyond the recording, which has "
                    f"{extent[0]:.{DIGITS}f} seconds."
                )
        if not schema.settings.get("overlap"):
            for ((a, b, *_), _), ((c, d, *_), _) in pairwise(answer):
                if c < b:
                    raise InvalidInput(
                        f"The ranges {a:g}-{b:g} and {c:g}-{d:g} overlap, which the question does not allow: "
                        "pass overlap=True to Question.ranges."
                    )


KINDS = (Ranges(),)
