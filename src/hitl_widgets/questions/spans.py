"""Questions that ask for spans of a text."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from hitl_widgets.errors import InvalidInput
from hitl_widgets.questions.marks import Marks
from hitl_widgets.questions.schema import Schema

__all__ = ["KINDS", "Spans"]


class Spans(Marks):
    """Pieces of a text, each with a class. A place is (start, end) in code points, as in Python's slices."""

    name = "spans"
    asks = "spans of a text"
    items = ("text",)
    card = "A label is a list of spans, each with start and end in characters and a class, as JSON in files."
    agreement = " Two answers agree by the F1 score of their spans; start, end and class must be equal."
    one, many, fields = "span", "spans", ("start", "end")

    def place(self, given: Sequence[Any]) -> tuple[int, int]:
        """Return (start, end)."""
        if len(given) != 2 or not all(isinstance(x, int) and not isinstance(x, bool) for x in given):
            raise InvalidInput(f"{list(given)!r} is not a span: expected start and end, whole numbers.")
        start, end = given
        if not 0 <= start < end:
            raise InvalidInput(f"The span from {start} to {end} is empty: expected 0 <= start < end.")
        return start, end

    def same(self, a: Any, b: Any) -> bool:
        """Return whether both are equal."""
        return bool(a == b)

    def check(self, answer: Any, schema: Schema, extent: Sequence[float]) -> None:
        """Raise InvalidInput for spans beyond the text, and for overlaps if they are not allowed."""
        for (start, end), _ in answer:
            if end > extent[0]:
                raise InvalidInput(
                    f"The span from {start} to {end} is beyond the text, which has {extent[0]:,} characters."
                )
        if not schema.settings.get("overlap"):
            for ((a, b), _), ((c, d), _) in pairwise(answer):
                if c < b:
                    raise InvalidInput(
                        f"The spans {a}-{b} and {c}-{d} overlap, which this question does not allow: pass "
                        "overlap=True to Question.spans."
                    )


KINDS = (Spans(),)
"""The kinds of questions, and the vocabulary of classes with its history of changes."""
