"""The places of words and patterns in a text."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import accumulate, count, islice
from typing import Any

from hitl_widgets.errors import InvalidInput
from hitl_widgets.learn.tagging.tokens import alone

__all__ = ["Terms", "apart", "longest", "typed_terms"]

Place = tuple[int, int]

# Flags that RE2 knows as well.
_FLAGS = {re.IGNORECASE: "i", re.MULTILINE: "m", re.DOTALL: "s"}
# Python's classes of characters are those of Unicode, but RE2's are those of ASCII.
_CLASSES = {"d": r"\p{Nd}", "w": r"\p{L}\p{M}\p{N}_", "s": r"\s\p{Z}"}
_PARTS = re.compile(r"\\.|\[\^?\]?|.", re.DOTALL)
_RUN = re.compile(r"\w+")


class Terms:
    r"""Words and patterns, to be found in texts.

    Parameters
    ----------
    terms
        Words, or compiled patterns. A pattern is searched for with RE2, in time linear in the text:
        lookarounds and backreferences are refused. ``\d``, ``\w`` and ``\s`` know all scripts, as in
        Python, but ``\b`` only ASCII letters.
    ignore_case
        Whether the case of words does not matter. A pattern has its own flags.
    whole
        Whether words are only found as a whole, and not within others. Scripts without spaces, such as
        Chinese and Thai, have no such limits.

    Raises
    ------
    InvalidInput
        If a term is blank, neither a word nor a pattern, or a pattern that RE2 cannot search for.
    """

    def __init__(
        self, terms: Iterable[str | re.Pattern[str]], *, ignore_case: bool = False, whole: bool = True
    ) -> None:
        self._flags, self._whole = re.IGNORECASE if ignore_case else re.NOFLAG, whole
        self._patterns: list[str] = []
        # By the first run of letters, so that a long list costs little in a text that has few of its words.
        self._words: dict[str, list[str]] = {}
        for term in terms:
            if isinstance(term, re.Pattern):
                self._patterns.append(_linear(term))
            elif isinstance(term, str) and term.strip():
                run = _RUN.search(term) if whole else None
                first = run[0] if run and not any(map(alone, run[0])) else ""
                self._words.setdefault(self._folded(first), []).append(term.strip())
            else:
                raise InvalidInput(
                    f"{term!r} is not a word or a pattern: expected a text or re.compile(...)."
                )

    def _folded(self, text: str) -> str:
        return text.casefold() if self._flags else text

    def places(self, text: str) -> list[Place]:
        """Return start and end of each place, without duplicates, in order."""
        text = text.encode("utf-8", "replace").decode()  # half a character is replaced by one
        found = {place for pattern in self._patterns for place in _matches(pattern, text)}
        runs = {self._folded(run) for run in _RUN.findall(text)} | {""}
        for first in self._words.keys() & runs:
            for word in self._words[first]:
                found.update(self._of(word, text))
        return sorted(found)

    def _of(self, word: str, text: str) -> Iterator[Place]:
        for match in _literal(word, self._flags).finditer(text):
            start, end = match.span()
            if not self._whole or (_ends(text, start) and _ends(text, end)):
                yield start, end


def typed_terms(typed: str) -> Terms:
    """Return the terms of what was typed: ``/pattern/``, or words with commas between them.

    Raises
    ------
    InvalidInput
        If there is no word, or the pattern is invalid.
    """
    typed = typed.strip()
    if len(typed) > 2 and typed[0] == typed[-1] == "/":
        try:
            return Terms([re.compile(typed[1:-1])])
        except re.error as error:
            at = "" if error.pos is None else f" at position {error.pos + 1}"
            raise InvalidInput(f"{typed} is not a pattern: {error.msg}{at}.") from None
    words = [word for word in map(str.strip, typed.split(",")) if word]
    if not words:
        raise InvalidInput("Type a word, words with commas between them, or a /pattern/.")
    return Terms(words)


def longest(places: Iterable[tuple[int, int, Any]], *, overlap: bool = False) -> list[tuple[int, int, Any]]:
    """Return the places that stay where some overlap: the longest, then the first.

    Parameters
    ----------
    places
        Start, end and class of each.
    overlap
        Whether places of different classes may overlap.
    """
    kept: dict[Any, _Taken] = {}
    found = []
    for start, end, label in sorted(places, key=lambda place: (place[0] - place[1], place[0])):
        taken = kept.setdefault(label if overlap else None, _Taken())
        if taken.add(start, end):
            found.append((start, end, label))
    return sorted(found, key=_start)


def apart(places: Iterable[tuple[int, int, Any]], others: Iterable[Place]) -> list[tuple[int, int, Any]]:
    """Return the places that overlap none of the others, by start."""
    taken = sorted(others)
    starts = [start for start, _ in taken]
    furthest = [0, *accumulate((end for _, end in taken), max)]
    # Those that begin before a place ends overlap it if one of them ends after it begins.
    return [p for p in sorted(places, key=_start) if furthest[bisect_left(starts, p[1])] <= p[0]]


def _start(place: tuple[int, int, Any]) -> Place:
    return place[:2]


class _Taken:
    """Places that do not overlap."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []

    def add(self, start: int, end: int) -> bool:
        at = bisect_left(self._starts, end)  # the places before it begin before this one ends
        if at and self._ends[at - 1] > start:
            return False
        self._starts.insert(at, start)
        self._ends.insert(at, end)
        return True


@lru_cache(maxsize=10_000)
def _literal(word: str, flags: re.RegexFlag) -> re.Pattern[str]:
    return re.compile(re.escape(word), flags)


def _ends(text: str, at: int) -> bool:
    """Whether a word may end or begin at a place."""
    before, after = text[at - 1 : at], text[at : at + 1]
    return not (_joins(before) and _joins(after))


def _joins(character: str) -> bool:
    is_letter = bool(_RUN.match(character) or (character and unicodedata.category(character)[0] == "M"))
    return is_letter and not alone(character)


def _matches(pattern: str, text: str) -> list[Place]:
    """Return where RE2 finds a pattern: Arrow only replaces, so the matches are put in brackets."""
    import pyarrow as pa
    import pyarrow.compute as pc

    opening, closing = islice((chr(c) for c in count(0xF0000) if chr(c) not in text), 2)
    marked = pc.replace_substring_regex(
        pa.array([text]), pattern=pattern, replacement=f"{opening}\\0{closing}"
    )[0].as_py()
    outside, *rest = marked.split(opening)
    found, at = [], len(outside)
    for part in rest:
        match, _, after = part.partition(closing)
        if match:
            found.append((at, at + len(match)))
        at += len(match) + len(after)
    return found


def _linear(pattern: re.Pattern[str]) -> str:
    """Return a pattern in RE2 syntax; raise InvalidInput if it has none."""
    import pyarrow as pa

    told = f"re.compile({pattern.pattern!r})"
    if not isinstance(pattern.pattern, str):
        raise InvalidInput(f"{told} is a pattern of bytes: expected one of text.")
    if pattern.flags & re.VERBOSE:
        raise InvalidInput(f"{told} is verbose, which is not supported: write it without re.VERBOSE.")
    flags = "".join(letter for flag, letter in _FLAGS.items() if pattern.flags & flag)
    linear = pattern.pattern if pattern.flags & re.ASCII else _of_all_scripts(pattern.pattern)
    linear = f"(?{flags}){linear}" if flags else linear
    try:
        _matches(linear, "")
    except (pa.ArrowInvalid, UnicodeEncodeError) as error:
        why = str(error).partition("expression: ")[2].strip() or "half a character"
        part = why.rpartition(": ")[2]
        at = pattern.pattern.find(part)
        where = f" at position {at + 1}" if at >= 0 else ""
        raise InvalidInput(
            f"{told} cannot be searched for in linear time: {why}{where}. Lookarounds and backreferences are "
            "not supported."
        ) from None
    return linear


def _of_all_scripts(pattern: str) -> str:
    r"""Write ``\d``, ``\w`` and ``\s`` as RE2 understands them for all scripts."""
    made, inside = [], False
    for part in _PARTS.findall(pattern):
        kind = part[1:].lower() if part[0] == "\\" else ""
        if kind in _CLASSES and part[1:].islower():
            made.append(_CLASSES[kind] if inside else f"[{_CLASSES[kind]}]")
        elif kind in _CLASSES and not inside:
            made.append(f"[^{_CLASSES[kind]}]")
        elif part == r"\Z":
            made.append(r"\z")
        else:
            made.append(part)
            if part[0] != "\\":  # a bracket that opens a class, or within it one that closes it
                inside = not part.endswith("]") if inside else part[0] == "["
    return "".join(made)
