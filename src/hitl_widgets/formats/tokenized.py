"""Spans as ranges of tokens, for formats that cannot mark parts of tokens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from hitl_widgets.learn.tagging.tokens import tokens

__all__ = ["OVERLAP", "aligned", "pieces", "placed", "without_overlaps"]

OVERLAP = "A span overlaps with another one."
Piece = tuple[int, int, str]
"""First token, the one after the last, and class."""


def pieces(text: str) -> list[tuple[int, int]]:
    """Return start and end of each token of a text."""
    return tokens(text)


def aligned(
    marks: Sequence[Mapping[str, Any]], places: Sequence[tuple[int, int]], text: str
) -> Iterator[Piece | str]:
    """Yield each span as tokens, or the reason why it is not.

    White space at the ends of a span is no part of it.
    """
    first = {start: k for k, (start, _) in enumerate(places)}
    last = {end: k + 1 for k, (_, end) in enumerate(places)}
    for mark in marks:
        start, end = mark["start"], mark["end"]
        quoted = text[start:end]
        start, end = start + len(quoted) - len(quoted.lstrip()), end - len(quoted) + len(quoted.rstrip())
        if start >= end:
            yield "A span contains only white space."
        elif start not in first or end not in last:
            yield "A span begins or ends within a token."
        else:
            yield first[start], last[end], str(mark["label"])


def without_overlaps(found: Sequence[Piece]) -> tuple[list[Piece], int]:
    """Return spans that do not overlap, the first and longest ones, and the number of the others."""
    kept: list[Piece] = []
    for one in sorted(found, key=lambda one: (one[0], -one[1])):
        if not kept or one[0] >= kept[-1][1]:
            kept.append(one)
    return kept, len(found) - len(kept)


def placed(words: Sequence[str], text: str) -> list[tuple[int, int]] | None:
    """Return start and end of the words that, with white space, make up a text; None if they do not."""
    found, at = [], 0
    for word in words:
        while at < len(text) and text[at].isspace() and not text.startswith(word, at):
            at += 1
        if not text.startswith(word, at):
            return None
        found.append((at, at + len(word)))
        at += len(word)
    gaps = [text[a[1] : b[0]] for a, b in pairwise(found)]
    rest = "".join(gaps) + text[: found[0][0]] + text[at:] if found else text
    return None if rest.strip() else found
