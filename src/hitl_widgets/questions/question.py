"""Question: the public constructors of questions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from hitl_widgets.errors import InvalidInput
from hitl_widgets.questions.schema import LabelClass, Schema, as_numbers, scale
from hitl_widgets.questions.values import listed, plain, spelled

__all__ = ["Question"]

# There is a key for each level.
MOST_LEVELS = 30
# Keeps means and squares of levels numerically accurate.
LARGEST = 1e9


class Question:
    """Creates questions for ``Session(question=...)``.

    Examples
    --------
    >>> Question.choice(["spam", "ham"], "What is this message?")
    >>> Question.choices(["billing", "delivery", "praise"], "What is it about?")
    >>> Question.rating(5, "How friendly is the answer?")
    >>> Question.rating(["bad", "fair", "good"])
    """

    @staticmethod
    def choice(
        classes: Iterable[Any],
        text: str = "",
        *,
        guidance: Mapping[str, str] | None = None,
        examples: Mapping[str, str] | None = None,
    ) -> Schema:
        """Ask for one class for each item.

        Parameters
        ----------
        classes
            At least two names or :class:`~hitl_widgets.questions.schema.LabelClass`.
        text
            The text of the question.
        guidance, examples
            For each class, when to choose it, and an example.
        """
        return Schema(classes, text, guidance=guidance, examples=examples)

    @staticmethod
    def choices(
        classes: Iterable[Any],
        text: str = "",
        *,
        guidance: Mapping[str, str] | None = None,
        examples: Mapping[str, str] | None = None,
    ) -> Schema:
        """Ask for any number of classes for each item. Keys toggle classes, and Enter submits the answer.

        The parameters are those of :meth:`choice`. An answer is a list of classes; ``[]`` means none.
        """
        return Schema(classes, text, guidance=guidance, examples=examples, kind="choices")

    @staticmethod
    def rating(
        levels: int | Iterable[Any] = 5,
        text: str = "",
        *,
        guidance: Mapping[str, str] | None = None,
        examples: Mapping[str, str] | None = None,
    ) -> Schema:
        """Ask for a level on a scale for each item.

        Parameters
        ----------
        levels
            The levels from low to high: ascending numbers, which are learned as they are, or names, which
            stand for 1, 2, 3 and so on. An integer n stands for the levels 1 to n.
        text, guidance, examples
            As in :meth:`choice`.
        """
        given = _levels(levels)
        made = Schema(given, text, guidance=guidance, examples=examples, kind="rating")
        chosen = {spelled(c.name) for c in given if isinstance(c, LabelClass) and c.color}
        colors = scale(len(made.classes))
        classes = tuple(
            c if c.name in chosen else replace(c, color=color)
            for c, color in zip(made.classes, colors, strict=True)
        )
        object.__setattr__(made, "classes", classes)
        return made


def _levels(levels: Any) -> list[Any]:
    """Return the levels from low to high; raise InvalidInput if they are not a scale."""
    expected = (
        f"expected a number of levels from 2 to {MOST_LEVELS}, or a list from low to high, such as "
        "['bad', 'fair', 'good']."
    )
    number = plain(levels)
    if isinstance(number, float) and number.is_integer():
        number = int(number)
    if isinstance(number, int | float):
        if isinstance(number, bool | float) or not 2 <= number <= MOST_LEVELS:
            raise InvalidInput(f"levels={levels!r}: {expected}")
        return list(range(1, number + 1))
    if isinstance(levels, str | bytes) or not isinstance(levels, Iterable):
        raise InvalidInput(f"levels={levels!r}: {expected}")
    given = listed(levels)
    if len(given) < 2:
        raise InvalidInput(f"levels={given!r}: {expected}")
    names = [plain(c.name) if isinstance(c, LabelClass) else plain(c) for c in given]
    try:
        numbers = list(map(float, names))
    except (TypeError, ValueError):
        return given  # names, which stand for 1, 2, 3 and so on
    if as_numbers(names) is None:
        raise InvalidInput(
            f"levels={given!r}: expected finite, distinct numbers from low to high, such as "
            f"{sorted(set(numbers))!r}."
        )
    if max(map(abs, numbers)) > LARGEST or numbers[-1] - numbers[0] < 1 / LARGEST:
        raise InvalidInput(f"levels={given!r}: expected numbers up to {LARGEST:g} that are not almost equal.")
    return given
