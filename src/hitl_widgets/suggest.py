"""Functions for ``Session(suggest=...)``."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hitl_widgets.errors import InvalidInput
from hitl_widgets.items.spelling import canonical_text
from hitl_widgets.paths import full_path
from hitl_widgets.questions.schema import Schema
from hitl_widgets.search.places import Terms, longest

__all__ = ["File", "Words", "file", "words"]

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


def file(path: str | os.PathLike[str], *, question: str = "label") -> File:
    """Suggest answers from a file of another tool, such as the predictions of a detector in COCO's format.

    Items are found by their texts, or by the paths or names of their files. Of a project of Label Studio,
    predictions are suggested, or if it has none, its annotations.

    Parameters
    ----------
    path
        A file or folder in a format that :meth:`Session.import_labels` recognizes.
    question
        The question, if the file has several; for tables, the column.

    Returns
    -------
    File
        To be passed as ``suggest=``. The session raises InvalidInput if the file has no answers.

    Raises
    ------
    InvalidInput
        If there is no such file.
    """
    if not (found := full_path(path)).exists():
        raise InvalidInput(f"File not found: {found}.")
    return File(path, question)


class File:
    """Suggests the answers in a file: see :func:`file`."""

    def __init__(self, path: str | os.PathLike[str], question: str) -> None:
        self._path, self._question = path, question
        self._known: dict[str, Any] = {}

    def asked(self, schema: Schema) -> File:
        """Return this for a question; raise InvalidInput if the file has no answers to it."""
        from hitl_widgets.formats import Left, Said, Wanted, summary
        from hitl_widgets.formats.base import marks_of
        from hitl_widgets.formats.images import names_of
        from hitl_widgets.transfer.converting import opened

        tool, rows, broken = opened(full_path(self._path))
        relations = bool(schema.settings.get("relations"))
        wanted = Wanted(
            label=self._question,
            is_class=lambda name: schema.find(name) is not None,
            kind=schema.kind,
            whole=True,
            relations=relations,
        )
        read = list(tool.read(rows, wanted))
        said = [one for one in read if isinstance(one, Said)]
        guesses = [one for one in said if one.guess] or said
        if not guesses:
            left = [Left(number, why) for number, why in broken]
            left += [one for one in read if isinstance(one, Left)]
            why = " ".join(summary(left)[:2])
            raise InvalidInput(f"{self._path} has no answers to suggest. {why}")
        found = File(self._path, self._question)
        keeps = relations or schema.kind != "spans"
        for one in guesses:
            for name in (name for text in one.content for name in names_of(text)):
                found._known.setdefault(canonical_text(name), one.label if keeps else marks_of(one.label))
        return found

    def __call__(self, items: Sequence[Any]) -> list[Any]:
        """Return the answer for each item; None where the file has none."""
        return [self._of(item) for item in items]

    def _of(self, item: Any) -> Any:
        if not isinstance(item, str | Path):
            return None
        names = [str(item)] if isinstance(item, str) else []
        if isinstance(item, Path) or "\n" not in item:
            names += [str(item), Path(item).name, Path(item).stem]
        return next((self._known[n] for n in map(canonical_text, names) if n in self._known), None)


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
