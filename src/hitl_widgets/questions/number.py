"""Questions that ask for a number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput
from hitl_widgets.questions.base import Names, Shading
from hitl_widgets.questions.classless import Classless
from hitl_widgets.questions.schema import Schema, scale
from hitl_widgets.questions.values import plain, refuse_strange
from hitl_widgets.questions.vocabulary import Vocabulary

if TYPE_CHECKING:
    from hitl_widgets.learn.problems.base import Target

__all__ = ["KINDS", "LARGEST", "Number"]

# Keeps means and squares numerically accurate.
LARGEST = 1e12
# A model learns at most this many levels.
MOST_LEVELS = 12
# Whole numbers within a range of at most this size are levels themselves.
FEW = 20
SHADES = 6
# How far from a step a number may be, as a share of the step.
NEAR = 1e-6


class Number(Classless):
    """A number for each item. An answer is a float.

    The log stores ``{"number": x}``. The settings are ``low``, ``high`` (None if open), ``step`` (0 for any
    number) and ``unit``.
    """

    name = "number"
    asks = "a number"
    bulk = True
    predicts = True
    items: tuple[str, ...] = ()
    card = "A label is a number."
    agreement = " Two answers agree as far as they are close, relative to the range."

    def parse(self, value: Any, vocabulary: Vocabulary) -> float:
        """Parse a number, also as text, or ``{"number": x}``."""
        if isinstance(value, Mapping):
            refuse_strange(value, ("number",))
        given = plain(value.get("number") if isinstance(value, Mapping) else value)
        if isinstance(given, str):
            try:
                given = float(given)
            except ValueError:
                given = None
        if isinstance(given, bool) or not isinstance(given, int | float):
            raise InvalidInput(f"{value!r} is not a number.")
        if not abs(given) <= LARGEST:  # also NaN, and integers that are too large for a float
            shown = repr(given) if isinstance(given, float) else f"{str(given)[:20]}..."
            raise InvalidInput(f"{shown} is not a valid answer: expected a number up to {LARGEST:g}.")
        assert vocabulary.schema is not None  # noqa: S101 - there are no answers without a schema
        settings = vocabulary.schema.settings
        number = _snapped(float(given), settings) + 0.0  # no -0.0
        if why := self._why_not(number, settings):
            raise InvalidInput(f"{given!r} is not a valid answer: expected {why}.")
        return number

    def _why_not(self, number: float, settings: Mapping[str, Any]) -> str:
        low, high, step = settings.get("low"), settings.get("high"), settings.get("step")
        if low is not None and number < low:
            return f"at least {low:g}"
        if high is not None and number > high:
            return f"at most {high:g}"
        if step:
            steps = (number - (low or 0)) / step
            if abs(steps - round(steps)) > NEAR:
                return "a whole number" if step == 1 else f"steps of {step:g}"
        return ""

    def load(self, value: Any, vocabulary: Vocabulary) -> float | None:  # noqa: ARG002
        """Return the number."""
        found = value.get("number") if isinstance(value, Mapping) else None
        if isinstance(found, bool) or not isinstance(found, int | float) or abs(found) > LARGEST:
            return None
        return float(found) + 0.0 if isfinite(found) else None

    def dump(self, answer: Any) -> dict[str, float]:
        """Return ``{"number": x}``."""
        return {"number": answer}

    def said(self, answer: Any, vocabulary: Names) -> Any:  # noqa: ARG002
        """Return the number, as an integer if it is whole."""
        return _whole(answer)

    def text(self, said: Any) -> str:
        """Return the number as text."""
        return f"{said:.10g}"

    def named(self, label: Any) -> Sequence[Any]:
        """Return the number in a tuple."""
        return (label,)

    def target(self, answers: Sequence[Any], schema: Schema) -> Target:
        """Return, for each level but the last, whether the number is above it: see :meth:`levels`."""
        from hitl_widgets.learn.problems.base import Target
        from hitl_widgets.learn.problems.ordinal import Ordinal

        numbers, levels = np.array(answers, np.float64), self.levels(answers, schema)
        codes = np.abs(numbers[:, None] - levels).argmin(axis=1) if len(numbers) else numbers.astype(np.intp)
        n = np.maximum(np.bincount(codes, minlength=len(levels)), 1)
        within = np.bincount(codes, np.abs(numbers - levels[codes]), len(levels)) / n
        problem = Ordinal(
            tuple(levels.tolist()), tuple(np.round(within, 12).tolist()) if within.any() else ()
        )
        return Target(problem, codes[:, None] > np.arange(len(levels) - 1), np.ones(len(codes), np.bool_))

    def levels(self, answers: Sequence[Any], schema: Schema) -> npt.NDArray[np.float64]:
        """Return the levels that stand for the numbers when they are learned, ascending, at least two.

        In a small range of whole steps, each is a level. Otherwise, the levels are quantiles of the first
        answers, and change only when their number has doubled.
        """
        low, high, step = (schema.settings.get(name) for name in ("low", "high", "step"))
        if step and low is not None and high is not None and (high - low) / step < FEW:
            return np.arange(low, high + step / 2, step, dtype=np.float64)
        first = np.array(answers[: 1 << max(len(answers).bit_length() - 1, 0)], np.float64)
        if len(np.unique(first)) < 2:
            start = float(low if low is not None else first[0] if len(first) else 0)
            end = float(high if high is not None else max(start, first[0] if len(first) else start) + 1)
            return np.array([start, end])
        shares = (np.arange(MOST_LEVELS) + 0.5) / MOST_LEVELS
        found = np.unique(np.quantile(first, shares, method="inverted_cdf"))  # numbers that were given
        return found if len(found) > 1 else np.unique(first)[[0, -1]]

    def agree(self, a: Any, b: Any, schema: Schema) -> float:
        """Return 1 minus the distance as a share of the range, or of the larger number if it is open."""
        low, high = schema.settings.get("low"), schema.settings.get("high")
        whole = high - low if low is not None and high is not None else max(abs(a), abs(b))
        return float(a == b) if not whole else max(0.0, 1 - abs(a - b) / whole)

    def doubt(self, belief: Any, i: int, names: Sequence[str]) -> str:  # noqa: ARG002
        """Name the levels that contain the middle 80 % of the probability."""
        if not belief.known[i]:
            return ""
        least, _, most = _likely(belief, i)
        return f"between {least} and {most}" if least != most else f"likely {least}"

    def guesses(self, belief: Any, schema: Schema) -> list[Any]:
        """Return the expected number, in the steps of the question."""
        low, high, step = (schema.settings.get(name) for name in ("low", "high", "step"))
        mean = belief.mean.astype(np.float64)
        if step:
            steps = np.round((mean - (low or 0)) / step)
            if high is not None:  # which need not be a step
                steps = np.minimum(steps, np.floor((high - (low or 0)) / step + 1e-6))
            mean = steps * step + (low or 0)
        found = zip(mean.tolist(), belief.known.tolist(), strict=True)
        return [_whole(float(f"{x:.6g}")) if known else None for x, known in found]

    def guess_words(self, belief: Any, i: int) -> str:
        """Return the median level, and the range that contains the middle 80 % of the probability."""
        least, middle, most = _likely(belief, i)
        return f"{middle}, likely {least} to {most}" if least != most else middle

    def columns(self, belief: Any, schema: Schema) -> dict[str, npt.NDArray[Any]]:  # noqa: ARG002
        """Return the standard deviation."""
        return {"sd": np.where(belief.known, belief.sd, np.nan)}

    def ways_to_colour(self, schema: Schema) -> Sequence[tuple[str, str]]:  # noqa: ARG002
        """Return one way: by number."""
        return [("", "number")]

    def shading(self, answers: Sequence[Any], schema: Schema, by: str) -> Shading:  # noqa: ARG002
        """Shade by number, in ranges between the levels."""
        levels = self.levels(answers, schema)
        if len(levels) <= SHADES:
            words, inner = [f"{x:.4g}" for x in levels], (levels[1:] + levels[:-1]) / 2
        else:
            edges = levels[np.linspace(0, len(levels) - 1, SHADES + 1).round().astype(int)]
            words, inner = [f"{a:.4g} to {b:.4g}" for a, b in pairwise(edges)], edges[1:-1]

        def shade(numbers: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
            return np.searchsorted(inner, numbers).astype(np.uint8)

        def guesses(belief: Any) -> npt.NDArray[np.uint8]:
            return np.where(belief.known, shade(belief.mean), 255).astype(np.uint8)

        legend = tuple(zip(words, scale(len(words)), strict=True))
        return Shading(legend, shade(np.array(answers, np.float64)), guesses)


def _snapped(number: float, settings: Mapping[str, Any]) -> float:
    """Return the step that rounding errors of floats moved a number away from, else the number."""
    step, low = settings.get("step"), settings.get("low") or 0
    steps = (number - low) / step if step else 0.0
    if not step or abs(steps - round(steps)) > NEAR:
        return number
    return float(Decimal(repr(low)) + round(steps) * Decimal(repr(step)))


def _likely(belief: Any, i: int) -> list[str]:
    """Return the levels at 10, 50 and 90 % of the probability: all of them within the question's range."""
    total = np.cumsum(belief.P[i])
    places = [min(int((total < share).sum()), len(total) - 1) for share in (0.1, 0.5, 0.9)]
    return [f"{belief.values[k]:.6g}" for k in places]


def _whole(number: float) -> int | float:
    return int(number) if number == int(number) else number


KINDS = (Number(),)
"""The kinds of questions, and the vocabulary of classes with its history of changes."""
