"""Tokens of texts in any script, their features, and spans as BIO tags. Positions are code points."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from itertools import pairwise

__all__ = [
    "OUTSIDE",
    "Place",
    "Span",
    "alone",
    "features",
    "follows",
    "marks",
    "spans_of",
    "tags_of",
    "tokens",
]

Place = tuple[int, int]
Span = tuple[int, int, str]
"""Start, end and class."""

OUTSIDE = "O"

# Scripts that put no spaces between words, and Hangul, where endings are attached to words: a letter is a
# token.
_ALONE = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3040-\u30ff\u3130-\u318f\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uff9f\U0001b000-\U0001b16f"
    "\U00020000-\U000323af"
)
_JOINERS = "\u200c\u200d"
# Vowels and final consonants of Hangul written in parts.
_PARTS = "\u1160-\u11ff"
_SKINS, _TAGS, _FLAGS = "\U0001f3fb-\U0001f3ff", "\U000e0020-\U000e007f", "\U0001f1e6-\U0001f1ff"


@cache
def _pattern() -> re.Pattern[str]:
    more = f"[{marks()}{_PARTS}{_SKINS}{_TAGS}]*"
    return re.compile(
        rf"(?:(?![{_ALONE}])[\w{marks()}][{_JOINERS}]*)+"
        rf"|[{_FLAGS}]{{2}}"
        rf"|\S{more}(?:\u200d[^\s\w]{more})*"
    )


@cache
def marks() -> str:
    r"""Return the marks that combine with letters, such as the vowels of Hindi, as part of a character class.

    Python's ``\w`` lacks them.
    """
    return _ranges(c for c in range(sys.maxunicode + 1) if unicodedata.category(chr(c))[0] == "M")


def _ranges(codes: Iterable[int]) -> str:
    """Consecutive code points as the inside of a character class."""
    known = list(codes)
    starts = [known[0], *(b for a, b in pairwise(known) if b > a + 1)]
    ends = [*(a for a, b in pairwise(known) if b > a + 1), known[-1]]
    return "".join(f"\\U{a:08x}-\\U{b:08x}" for a, b in zip(starts, ends, strict=True))


def tokens(text: str) -> list[Place]:
    """Return start and end of each token: a word, or another character with what combines with it.

    Letters of scripts without spaces, such as Chinese and Thai, are tokens of their own.
    """
    return [found.span() for found in _pattern().finditer(text)]


def alone(character: str) -> bool:
    """Return whether a character is a token by itself, because its script puts no spaces between words."""
    return _alone().match(character) is not None


@cache
def _alone() -> re.Pattern[str]:
    return re.compile(f"[{_ALONE}]")


# -- features


@lru_cache(maxsize=100_000)
def _word(word: str) -> tuple[str, str, tuple[str, ...]]:
    """The lower-case form, the shape, and the other features of a word by itself."""
    word = word[:40].encode("utf-8", "replace").decode()  # half a character cannot be hashed
    lower = word.lower()
    shape = "".join(map(_shape, word))
    short = re.sub(r"(.)\1+", r"\1+", shape)
    edges = [f"p{n}={lower[:n]}" for n in (1, 2, 3) if len(lower) > n]
    edges += [f"s{n}={lower[-n:]}" for n in (1, 2, 3) if len(lower) > n]
    return lower, short, (f"w={lower}", f"x={shape}", f"y={short}", *edges)


def _shape(character: str) -> str:
    if character.isdigit():
        return "0"
    if character.isalpha():
        return "A" if character.isupper() else "a"
    return "m" if unicodedata.category(character)[0] == "M" else character


def features(text: str, places: Sequence[Place]) -> list[list[str]]:
    """Return the features of each token: the token, its shape and its edges, and its neighbors within two."""
    words = [_word(text[start:end]) for start, end in places]
    lower = ["<<", "<", *(word[0] for word in words), ">", ">>"]
    shape = ["<<", "<", *(word[1] for word in words), ">", ">>"]
    # Whether there is space before each token and the next one.
    ends = [0, *(end for _, end in places)]
    starts = [*(start for start, _ in places), len(text) + 1]
    space = [a < b for a, b in zip(ends, starts, strict=True)]
    return [
        [
            "b",
            *word[2],
            f"-2={lower[i]}",
            f"-1={lower[i + 1]}",
            f"+1={lower[i + 3]}",
            f"+2={lower[i + 4]}",
            f"-2y={shape[i]}",
            f"-1y={shape[i + 1]}",
            f"+1y={shape[i + 3]}",
            f"+2y={shape[i + 4]}",
            f"-1w={lower[i + 1]} {word[0]}",
            f"w+1={word[0]} {lower[i + 3]}",
            f"_={space[i]:d}{space[i + 1]:d}",
        ]
        for i, word in enumerate(words)
    ]


# -- tags


def tags_of(places: Sequence[Place], spans: Iterable[Span]) -> list[str]:
    """Return ``B-class``, ``I-class`` or ``O`` for each token.

    A token that a span cuts belongs to it. Of spans that overlap, the longest counts.
    """
    tags = [OUTSIDE] * len(places)
    for start, end, label in sorted(spans, key=lambda s: (s[0] - s[1], s)):
        inside = [i for i, (a, b) in enumerate(places) if a < end and b > start]
        if inside and all(tags[i] == OUTSIDE for i in inside):
            for i in inside:
                tags[i] = f"I-{label}"
            tags[inside[0]] = f"B-{label}"
    return tags


def spans_of(tags: Sequence[str]) -> list[tuple[int, int, str]]:
    """Return first and last token, and class, of each span in order; ``I`` after another class begins one."""
    found: list[tuple[int, int, str]] = []
    before = OUTSIDE
    for i, tag in enumerate(tags):
        if tag != OUTSIDE:
            if follows(before, tag) and tag[0] == "I":
                first, _, label = found[-1]
                found[-1] = first, i, label
            else:
                found.append((i, i, tag[2:]))
        before = tag
    return found


def follows(before: str, tag: str) -> bool:
    """Return whether a tag may come after another (at the start, ``O``): I only after B or I of its class."""
    return tag[0] != "I" or (before != OUTSIDE and before[2:] == tag[2:])
