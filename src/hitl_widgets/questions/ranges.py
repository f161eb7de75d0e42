"""Questions that ask for ranges of a recording, a video or a time series."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from hitl_widgets.errors import InvalidInput
from hitl_widgets.questions.marks import Marks
from hitl_widgets.questions.schema import Schema
from hitl_widgets.questions.values import is_blank

__all__ = ["KINDS", "Ranges"]

LARGEST = 1e12  # in the units of the axis; dates are seconds since 1970


class Ranges(Marks):
    """Ranges of a recording, a video or a time series, each with a class.

    A place is (start, end): in seconds of a recording or video, and in the units of the axis of a series.
    """

    name = "ranges"
    asks = "ranges of a recording, a video or a series"
    items: tuple[str, ...] = ("audio", "video", "series")
    card = (
        "A label is a list of ranges, each with start and end (in seconds, or in the units of the axis of a "
        "series) and a class, as JSON in files."
    )
    agreement = (
        " Two answers agree by the F1 score of their ranges; two ranges of one class are the same if they "
        "share at least half of the time that they cover together."
    )
    one, many, fields = "range", "ranges", ("start", "end")
    digits = 6  # of places; the page rounds those of recordings to milliseconds

    def place(self, given: Sequence[Any]) -> tuple[float, float]:
        """Return (start, end), rounded; dates become seconds since 1970."""
        given = list(map(_seconds, given))
        if len(given) != 2 or not all(isinstance(x, int | float) and not isinstance(x, bool) for x in given):
            raise InvalidInput(f"{list(given)!r} is not a range: expected start and end as numbers or dates.")
        if not all(abs(x) <= LARGEST for x in given):  # also NaN
            raise InvalidInput(f"{list(given)!r} is not a range: expected numbers up to {LARGEST:g}.")
        start, end = (round(float(x), self.digits) + 0.0 for x in given)  # no -0.0
        if not start < end:
            raise InvalidInput(f"The range from {start:g} to {end:g} is empty: expected start < end.")
        return start, end

    def same(self, a: Any, b: Any) -> bool:
        """Return whether intersection over union is at least 0.5."""
        both = min(a[1], b[1]) - max(a[0], b[0])
        return bool(both > 0 and 2 * both >= max(a[1], b[1]) - min(a[0], b[0]))

    def check(self, answer: Any, schema: Schema, extent: Sequence[float]) -> None:
        """Raise InvalidInput for ranges beyond the item, and for overlaps if they are not allowed.

        ``extent`` is the length of a recording in seconds, the first and the last time of a series, or what
        a video has, which ends with its length.
        """
        for (start, end, *_), _id in answer if extent else ():
            first, last = extent if len(extent) == 2 else (0, extent[-1])
            if start < round(first, self.digits) or end > round(last, self.digits):
                whole = (
                    f"series, which is from {first:.10g} to {last:.10g}"
                    if len(extent) == 2
                    else f"{'recording' if len(extent) == 1 else 'video'}, which has {last:.3f} seconds"
                )
                raise InvalidInput(f"The range from {start:.10g} to {end:.10g} is beyond the {whole}.")
        if not schema.settings.get("overlap"):
            for ((a, b, *_), _), ((c, d, *_), _) in pairwise(answer):
                if c < b:
                    raise InvalidInput(
                        f"The ranges {a:g}-{b:g} and {c:g}-{d:g} overlap, which the question does not allow: "
                        "pass overlap=True to Question.ranges."
                    )


def _seconds(value: Any) -> Any:
    """Return a date as seconds since 1970, in UTC if it has no zone; other values unchanged."""
    if not isinstance(value, datetime) or is_blank(value):
        return value
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()


KINDS = (Ranges(),)
