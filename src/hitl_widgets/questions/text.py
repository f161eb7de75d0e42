"""Questions that ask for a text: an answer in one's own words, a translation, a transcription."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hitl_widgets.errors import InvalidInput
from hitl_widgets.questions.base import Names
from hitl_widgets.questions.classless import Classless
from hitl_widgets.questions.schema import Schema, is_unicode
from hitl_widgets.questions.untaught import Untaught
from hitl_widgets.questions.values import is_blank, refuse_strange
from hitl_widgets.questions.vocabulary import Vocabulary

__all__ = ["KINDS", "FreeText", "changed_share", "distance", "tidied"]

LONGEST = 1_000_000
SHOWN = 200
COMPARED = 2_000  # words


class FreeText(Untaught, Classless):
    """A text for each item. An answer is a string without surrounding white space.

    The log stores ``{"text": answer}``. The settings are ``lines``, whether it may have several lines, and
    ``blank``, whether it may be empty.
    """

    name = "text"
    asks = "a text"
    bulk = True
    items: tuple[str, ...] = ()
    card = "A label is a text, as the annotator wrote it. It may contain personal data."
    agreement = " Two answers agree as far as their words are the same (1 minus the word error rate)."

    def parse(self, value: Any, vocabulary: Vocabulary) -> str:
        """Parse a text, or ``{"text": ...}``."""
        if isinstance(value, Mapping):
            refuse_strange(value, ("text",))
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
        if is_blank(text) and not settings.get("blank"):
            raise InvalidInput("The text is blank: write an answer, or skip the item.")
        if "\n" in text and not settings.get("lines"):
            raise InvalidInput("The text has several lines: expected one. Pass lines=True to Question.text.")
        return text

    def load(self, value: Any, vocabulary: Vocabulary) -> str | None:  # noqa: ARG002
        """Return the text."""
        found = value.get("text") if isinstance(value, Mapping) else None
        return found if isinstance(found, str) else None

    def dump(self, answer: Any) -> dict[str, str]:
        """Return ``{"text": answer}``."""
        return {"text": answer}

    def said(self, answer: Any, vocabulary: Names) -> Any:  # noqa: ARG002
        """Return the text."""
        return answer

    def text(self, said: Any) -> str:
        """Return the text on one line, shortened."""
        line = " ".join(str(said).split())
        return f"“{line if len(line) <= SHOWN else line[: SHOWN - 1] + '…'}”" if line else "blank"

    def agree(self, a: Any, b: Any, schema: Schema) -> float:  # noqa: ARG002
        """Return 1 minus the word error rate, relative to the longer text; at least 0."""
        left, right = str(a).split(), str(b).split()
        return 1 - distance(left, right) / longest if (longest := max(len(left), len(right))) else 1.0

    def words(self, answer: Any) -> str:
        """Return the text."""
        return str(answer)

    def changed(self, draft: Any, answer: Any) -> float:
        """Return :func:`changed_share`."""
        return changed_share(draft["text"], answer["text"])


def changed_share(draft: str, answer: str) -> float:
    """Return how much of a draft was changed, 0 to 1: the word error rate, relative to the longer text.

    Of long texts, only the first words are compared.
    """
    a, b = draft.split()[:COMPARED], answer.split()[:COMPARED]
    return round(distance(a, b) / longest, 4) if (longest := max(len(a), len(b))) else 0.0


def tidied(text: str) -> str:
    """Return a text in Unicode form C, with line feeds only, and without white space at its ends."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def distance(a: Sequence[str], b: Sequence[str]) -> int:
    """Return the edit distance of two sequences (Levenshtein 1966)."""
    number = {word: k for k, word in enumerate(dict.fromkeys([*a, *b]))}
    across = np.array([number[word] for word in b], np.int64)
    steps = np.arange(len(b) + 1)
    row = steps
    for i, word in enumerate(a, 1):
        found = np.minimum(row[1:] + 1, row[:-1] + (across != number[word]))
        # From the left, each step costs 1: a running minimum of what is above the number of steps.
        row = np.minimum.accumulate(np.append(i, found) - steps) + steps
    return int(row[-1])


KINDS = (FreeText(),)
"""The kinds of questions, and the vocabulary of classes with its history of changes."""
