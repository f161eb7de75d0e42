"""Questions that ask for a text: an answer in one's own words, a translation, a transcription."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput
from hitl_widgets.questions.base import Answer, Names, Shading
from hitl_widgets.questions.schema import Schema, is_unicode
from hitl_widgets.questions.values import is_blank
from hitl_widgets.questions.vocabulary import Vocabulary

if TYPE_CHECKING:
    from hitl_widgets.learn.problems.base import Target

__all__ = ["KINDS", "FreeText"]

LONGEST = 1_000_000
SHOWN = 200
BLUE = "#0072B2"


class FreeText:
    """A text for each item. An answer is a string without surrounding white space.

    The log stores ``{"text": answer}``. The settings are ``lines``, whether it may have several lines, and
    ``blank``, whether it may be empty.
    """

    name = "text"
    asks = "a text"
    arity = 1
    closed = False
    ordered = False
    composed = True
    bulk = True
    items: tuple[str, ...] = ()
    card = "A label is a text, as the annotator wrote it. It may contain personal data."
    agreement = " Two answers agree as far as their words are the same (1 minus the word error rate)."

    def parse(self, value: Any, vocabulary: Vocabulary) -> str:
        """Parse a text, or ``{"text": ...}``."""
        given = value.get("text") if isinstance(value, Mapping) else value
        assert vocabulary.schema is not None  # noqa: S101 - there are no answers without a schema
        settings = vocabulary.schema.settings
        if not isinstance(given, str):
            shown = "A missing value" if is_blank(given) else repr(given)
            raise InvalidInput(f"{shown} is not an answer: expected a text.")
        text = tidied(given)
        if not is_unicode(text):
            raise InvalidInput("The text contains a lone surrogate (half a character): remove it.")
        if len(text) > LONGEST:
            raise InvalidInput(f"The text has {len(text):,} characters; the limit is {LONGEST:,}.")
        if not text and not settings.get("blank"):
            raise InvalidInput("The text is blank: write an answer, or skip the item.")
        if "\n" in text and not settings.get("lines"):
            raise InvalidInput("The text has several lines: expected one. Pass lines=True to Question.text.")
        return text

    def check(self, answer: Answer, schema: Schema, extent: Sequence[float]) -> None:
        """Accept every answer."""

    def load(self, value: Any, vocabulary: Vocabulary) -> str | None:  # noqa: ARG002
        """Return the text."""
        found = value.get("text") if isinstance(value, Mapping) else None
        return found if isinstance(found, str) else None

    def dump(self, answer: Any) -> dict[str, str]:
        """Return ``{"text": answer}``."""
        return {"text": answer}

    def now(self, answer: Any, vocabulary: Vocabulary) -> str:  # noqa: ARG002
        """Return the text."""
        return str(answer)

    def said(self, answer: Any, vocabulary: Names) -> Any:  # noqa: ARG002
        """Return the text."""
        return answer

    def classes(self, answer: Answer) -> tuple[str, ...]:  # noqa: ARG002
        """Return no classes."""
        return ()

    def answers(self, schema: Schema) -> Sequence[str]:  # noqa: ARG002
        """Return no answers; they get codes as they occur."""
        return ()

    def own(self, said: Any, schema: Schema) -> Any:  # noqa: ARG002
        """Return the text."""
        return said

    def text(self, said: Any) -> str:
        """Return the text on one line, shortened."""
        line = " ".join(str(said).split())
        return f"“{line if len(line) <= SHOWN else line[: SHOWN - 1] + '…'}”" if line else "blank"

    def listed(self, value: Any) -> Sequence[Any]:
        """Return the value in a list."""
        return [value]

    def named(self, label: Any) -> Sequence[Any]:  # noqa: ARG002
        """Return no classes, so that a data card does not count each text."""
        return ()

    def cell(self, label: Any) -> Any:
        """Return the text."""
        return label

    def target(self, answers: Sequence[Answer], schema: Schema) -> Target:  # noqa: ARG002
        """Return a target from which nothing is learned."""
        from hitl_widgets.learn.problems.base import Target
        from hitl_widgets.learn.problems.unlearned import Unlearned

        n = len(answers)
        return Target(Unlearned(), np.zeros((n, 0), np.bool_), np.ones(n, np.bool_))

    def agree(self, a: Any, b: Any, schema: Schema) -> float:  # noqa: ARG002
        """Return 1 minus the word error rate, relative to the longer text; at least 0."""
        left, right = str(a).split(), str(b).split()
        return 1 - distance(left, right) / longest if (longest := max(len(left), len(right))) else 1.0

    def doubt(self, belief: Any, i: int, names: Sequence[str]) -> str:  # noqa: ARG002
        """Return the reason why such items are asked."""
        return "to cover the map"

    def guesses(self, belief: Any, schema: Schema) -> list[Any]:  # noqa: ARG002
        """Return no predictions."""
        return [None] * len(belief)

    def guess_words(self, belief: Any, i: int) -> str:  # noqa: ARG002
        """Return an empty text."""
        return ""

    def columns(self, belief: Any, schema: Schema) -> dict[str, npt.NDArray[Any]]:  # noqa: ARG002
        """Return no extra columns."""
        return {}

    def ways_to_colour(self, schema: Schema) -> Sequence[tuple[str, str]]:  # noqa: ARG002
        """Return one way: whether there is an answer."""
        return [("", "answer")]

    def shading(self, answers: Sequence[Answer], schema: Schema, by: str) -> Shading:  # noqa: ARG002
        """Give all answers one color."""

        def none(belief: Any) -> npt.NDArray[np.uint8]:
            return np.full(len(belief), 255, np.uint8)

        return Shading((("answered", BLUE),), np.zeros(len(answers), np.uint8), none)


def tidied(text: str) -> str:
    """Return a text in Unicode form C, with line feeds only, and without white space at its ends."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def distance(a: Sequence[str], b: Sequence[str]) -> int:
    """Return the edit distance of two sequences (Levenshtein 1966)."""
    before = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        row = [i]
        for j, right in enumerate(b, 1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (left != right)))
        before = row
    return before[-1]


KINDS = (FreeText(),)
"""The kinds of questions, and the vocabulary of classes with its history of changes."""
