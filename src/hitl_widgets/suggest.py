"""Functions for ``Session(suggest=...)``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hitl_widgets.errors import InvalidInput
from hitl_widgets.questions.schema import Schema
from hitl_widgets.search.places import Terms, longest

__all__ = ["Words", "words"]

Given = str | re.Pattern[str] | Iterable[str | re.Pattern[str]]


def words(classes: Mapping[Any, Given], *, ignore_case: bool = False, whole: bool = True) -> Words:
    r"""Suggest spans from lists of words and from patterns, at every place where they occur.

    Parameters
    ----------
    classes
        For each class, its words and patterns: a text, ``re.compile(...)``, or a list of these. Patterns are
        searched for in time linear in the text, so lookarounds and backreferences are refused.
    ignore_case
        Whether the case of words does not matter. A pattern has its own flags.
    whole
        Whether words are only found as a whole, and not within others. Scripts without spaces, such as
        Chinese and Thai, have no such limits.

    Returns
    -------
    Words
        To be passed as ``suggest=``. It is a function from texts to lists of spans. Of places that overlap,
        the longest is suggested; where the question allows overlaps, the longest of each class.

    Raises
    ------
    InvalidInput
        For blank words, and for patterns that cannot be searched for. The session raises it for unknown
        classes.

    Examples
    --------
    >>> import re
    >>> find = words({"person": ["Ann Lee", "Bob"], "date": re.compile(r"\d{4}-\d\d-\d\d")})
    >>> find(["Bob left on 2024-05-01."])
    [[{'start': 0, 'end': 3, 'label': 'person'}, {'start': 12, 'end': 22, 'label': 'date'}]]
    """
    if not isinstance(classes, Mapping) or not classes:
        raise InvalidInput(
            f"{classes!r}: expected a dict from classes to words and patterns, such as {{'person': ['Bob']}}."
        )
    made = {}
    for label, given in classes.items():
        one = isinstance(given, str | re.Pattern)
        if not one and not isinstance(given, Iterable):
            raise InvalidInput(f"{given!r} for class {label!r}: expected words and patterns.")
        try:
            made[label] = Terms([given] if one else given, ignore_case=ignore_case, whole=whole)  # type: ignore[list-item, arg-type]
        except InvalidInput as error:
            raise InvalidInput(f"For class {label!r}: {error}") from None
    return Words(made)


class Words:
    """Suggests spans from words and patterns: see :func:`words`."""

    def __init__(self, terms: Mapping[Any, Terms], *, overlap: bool = False) -> None:
        self._terms, self._overlap = dict(terms), overlap

    def asked(self, schema: Schema) -> Words:
        """Return this for a question; raise InvalidInput if it has no such classes, or asks for no spans."""
        if schema.kind != "spans":
            raise InvalidInput("suggest.words suggests spans: ask for them with Question.spans.")
        for label in self._terms:
            schema.code(label)
        return Words(self._terms, overlap=bool(schema.settings.get("overlap")))

    def __call__(self, texts: Sequence[str]) -> list[list[dict[str, Any]] | None]:
        """Return the spans of each text; None where nothing is found."""
        return [self._of(text) or None for text in texts]

    def _of(self, text: str) -> list[dict[str, Any]]:
        places = [
            (start, end, label) for label, terms in self._terms.items() for start, end in terms.places(text)
        ]
        return [
            {"start": start, "end": end, "label": label}
            for start, end, label in longest(places, overlap=self._overlap)
        ]
