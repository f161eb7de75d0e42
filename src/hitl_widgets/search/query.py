r"""Parsing of queries.

A query consists of words and conditions that must all hold; ``OR`` starts an alternative, and ``AND`` may
stand between two conditions, both also in lower case::

    refund "not working" -class:spam
    /order \d{6}/ unlabelled doubt>0.6
    price>=100 OR sender:"ann@example.org"
    subject:/^re: \d/ sent<2026-02

Parsing does not need the items: the finder decides whether a name is a column or a class.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, cast

from hitl_widgets.errors import InvalidInput

__all__ = ["Operator", "Query", "Term", "parse", "quoted"]

Operator = Literal[":", "=", "!=", ">", ">=", "<", "<="]
MOST = 2_000  # characters of a query


@dataclass(frozen=True, slots=True)
class Term:
    """One condition.

    Attributes
    ----------
    kind
        ``words`` (a text to search for), ``pattern`` (a regular expression), or ``field`` (a name, an
        operator and a value).
    value
        The text, the pattern, or the value of the field.
    field, operator
        Only for a ``field``.
    negated
        Whether the condition must not hold.
    quoted
        Whether the text, or the name of the field, was in quotes and has no special meaning.
    typed
        The source of the term.
    slashed
        Whether the value of a field is between slashes, and not in quotes: in a text column, a pattern.
    """

    kind: Literal["words", "pattern", "field"]
    value: str
    field: str = ""
    operator: Operator | None = None
    negated: bool = False
    quoted: bool = False
    typed: str = ""
    slashed: bool = False


Query = tuple[tuple[Term, ...], ...]
"""Alternatives; all terms of an alternative must hold."""

_QUOTED = r'"(?P<{0}>[^"]*)(?:"|$)'
_SLASHED = r"/(?P<{0}>(?:\\.|[^/\\]|/(?!\s|$))+)/(?=\s|$)"
_PATTERN = re.compile(_SLASHED.format("pattern"))
_NAMED = re.compile(
    rf"(?:{_QUOTED.format('column')}|(?P<name>[^\s\"<>=!:]+))"
    rf"(?P<operator>>=|<=|!=|:|=|>|<)"
    rf"(?:{_QUOTED.format('phrase')}|(?<=:){_SLASHED.format('slashed')}|(?P<value>\S+))"
)
_PHRASE = re.compile(_QUOTED.format("phrase"))
_WORD = re.compile(r"\S+")
_JOINS = {"OR", "AND"}
# An opening parenthesis that is not closed within the word.
_GROUP = re.compile(r"-?\([^)]*$")


def parse(text: str) -> Query:
    """Parse a query; a blank one has no terms.

    Parameters
    ----------
    text
        The query. An unclosed quote extends to the end.

    Raises
    ------
    InvalidInput
        If the query is too long, has parentheses around several conditions, or ``OR`` or ``AND`` has no
        condition on one side. Lower-case ``or`` and ``and`` are words there.
    """
    if len(text) > MOST:
        raise InvalidInput(f"The query has {len(text):,} characters: expected at most {MOST:,}.")
    alternatives: list[list[Term]] = [[]]
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        found = _WORD.match(text, at)
        if found is not None and (word := found[0]).upper() in _JOINS:
            between = bool(alternatives[-1]) and _goes_on(text, found.end())
            if not between and word.isupper():
                raise InvalidInput(
                    f"{word} needs a condition on both sides. To search for the word, write "
                    f'"{word}" in quotes.'
                )
            if between:
                if word.upper() == "OR":
                    alternatives.append([])
                at = found.end()
                continue
        if found is not None and _GROUP.match(found[0]):
            raise InvalidInput(
                f"{found[0]!r}: parentheses do not group conditions. Write every alternative in full, as in "
                "refund n>3 OR late n>3. To search for a parenthesis, put the text in quotes."
            )
        term, at = _term(text, at)
        if term.value or term.kind == "field":
            alternatives[-1].append(term)
    if len(alternatives) > 1 and not all(alternatives):
        raise InvalidInput("OR needs a condition on both sides.")
    return tuple(map(tuple, alternatives)) if alternatives[0] else ()


def _goes_on(text: str, at: int) -> bool:
    """Whether a condition follows."""
    found = _WORD.search(text, at)
    return found is not None and found[0].upper() not in _JOINS


def quoted(value: str) -> str:
    """Return a value as it is written in a query.

    Raises
    ------
    InvalidInput
        If no query can express it: it starts with a double quote, or contains one and a space.
    """
    if re.fullmatch(r'[^\s"]\S*', value):
        return value
    if '"' in value:
        raise InvalidInput(f"{value!r} cannot be written in a query, because it contains a double quote.")
    return f'"{value}"'


def _term(text: str, at: int) -> tuple[Term, int]:
    start = at
    negated = text[at] == "-" and at + 1 < len(text) and not text[at + 1].isspace()
    at += negated
    if found := _PATTERN.match(text, at):
        return Term(
            "pattern", found["pattern"], negated=negated, typed=text[start : found.end()]
        ), found.end()
    if found := _NAMED.match(text, at):
        column, phrase, slashed = found["column"], found["phrase"], found["slashed"]
        unquoted = found["value"] if slashed is None else f"/{slashed}/"
        return Term(
            "field",
            unquoted if phrase is None else phrase,
            found["name"] if column is None else column,
            cast(Operator, found["operator"]),
            negated,
            column is not None,
            text[start : found.end()],
            slashed is not None,
        ), found.end()
    if found := _PHRASE.match(text, at):
        return Term(
            "words", found["phrase"], negated=negated, quoted=True, typed=text[start : found.end()]
        ), (found.end())
    word = _WORD.match(text, at)
    assert word is not None  # noqa: S101 - whitespace was skipped
    return Term("words", word[0], negated=negated, typed=text[start : word.end()]), word.end()
