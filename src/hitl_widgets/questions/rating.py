"""Questions that ask for a level on a scale, such as 1 to 5."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput
from hitl_widgets.questions.base import Answer
from hitl_widgets.questions.choice import Choice
from hitl_widgets.questions.schema import Schema
from hitl_widgets.questions.values import plain
from hitl_widgets.questions.vocabulary import Vocabulary

if TYPE_CHECKING:
    from hitl_widgets.learn.problems.base import Target

__all__ = ["KINDS", "Rating"]


class Rating(Choice):
    """One level for each item. An answer is the id of a class; the classes are the levels, from low to high.

    Levels that are ascending numbers stand for themselves, others for 1, 2, 3 and so on.
    """

    name = "rating"
    asks = "a rating"
    ordered = True
    card = "The classes are levels of a scale, from low to high."
    agreement = " Two answers agree as far as they are close on the scale; kappa is weighted by that."

    def parse(self, value: Any, vocabulary: Vocabulary) -> str:
        """Parse a level as a class; True does not count as level 1."""
        self.listed(value)
        return super().parse(value, vocabulary)

    def listed(self, value: Any) -> Sequence[Any]:
        """Return the value in a list; raise InvalidInput for a boolean."""
        if isinstance(plain(value), bool):
            raise InvalidInput(f"{value!r} is not a level: expected a number or a name.")
        return [value]

    def target(self, answers: Sequence[Answer], schema: Schema) -> Target:
        """Return, for each level but the last, whether the item is above it."""
        from hitl_widgets.learn.problems.base import Target
        from hitl_widgets.learn.problems.ordinal import Ordinal

        codes, n = self.places(answers, schema), len(schema.classes)
        return Target(Ordinal(schema.numbers), codes[:, None] > np.arange(n - 1), codes < n)

    def agree(self, a: Answer, b: Answer, schema: Schema) -> float:
        """Return 1 minus the distance between the levels as a share of the whole scale."""
        numbers = dict(zip(schema.ids, schema.numbers, strict=False))
        if a not in numbers or b not in numbers:
            return float(a == b)
        return 1 - abs(numbers[str(a)] - numbers[str(b)]) / (schema.numbers[-1] - schema.numbers[0])

    def doubt(self, belief: Any, i: int, names: Sequence[str]) -> str:
        """Name the levels that contain the middle 80 % of the probability."""
        if not belief.known[i]:
            return ""
        total = np.cumsum(belief.P[i])
        low, high = (min(int((total < share).sum()), len(names) - 1) for share in (0.1, 0.9))
        return f"between {names[low]} and {names[high]}" if low < high else f"likely {names[low]}"

    def guess_words(self, belief: Any, i: int) -> str:
        """Return the expected number and its standard deviation as text."""
        return f"{belief.mean[i]:.1f} ± {belief.sd[i]:.1f}"

    def columns(self, belief: Any, schema: Schema) -> dict[str, npt.NDArray[Any]]:  # noqa: ARG002
        """Return the expected number and its standard deviation."""
        known = belief.known
        return {"value": np.where(known, belief.mean, np.nan), "sd": np.where(known, belief.sd, np.nan)}

    def ways_to_colour(self, schema: Schema) -> Sequence[tuple[str, str]]:  # noqa: ARG002
        """Return one way: by level."""
        return [("", "level")]


KINDS = (Rating(),)
