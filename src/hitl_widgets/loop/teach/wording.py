"""Texts as words, so that some of them can be left out, replaced or added."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from hitl_widgets.items.strikes import UNSPACED, folded, places_in

__all__ = ["Change", "Words", "left_out", "toward"]


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a word of a text.

    Attributes
    ----------
    start, end
        The word's place in the text, in characters; empty where a word is added.
    before, after
        The word and what replaces it; one of them may be empty.
    """

    start: int
    end: int
    before: str
    after: str


class Words:
    """A text and its words.

    Parameters
    ----------
    text
        The text.
    marked
        The parts of it, in order, whose words stay as they are, such as tags.
    """

    def __init__(self, text: str, marked: Iterable[tuple[int, int]] = ()) -> None:
        self.text = text
        plain = text
        for start, end in marked:
            plain = plain[:start] + " " * (end - start) + plain[end:]
        self.places = places_in(plain)
        self.words = [text[start:end] for start, end in self.places]

    def changed(self, changes: Iterable[Change]) -> str:
        """Return the text after some changes of it."""
        made, at = "", 0
        for one in sorted(changes, key=lambda one: (one.start, one.end)):
            made += self.text[at : one.start]
            at = one.end
            if not one.before:  # an added word
                space = "" if UNSPACED.match(one.after) else " "
                before = space if _ends_in_word(made[-50:]) else ""
                made += before + one.after + (space if places_in(self.text[at : at + 1]) else "")
            elif one.after:
                made += one.after
            elif not made or made[-1].isspace():  # not two spaces where a word was
                at += len(self.text[at:]) - len(self.text[at:].lstrip(" "))
        return (made + self.text[at:]).strip()


def _ends_in_word(text: str) -> bool:
    return any(end == len(text) for _, end in places_in(text))


def left_out(text: Words) -> list[Change]:
    """Return a change for each word: it is left out."""
    return [Change(start, end, text.text[start:end], "") for start, end in text.places]


def toward(text: Words, other: Words) -> list[Change]:
    """Return changes that give one text the words of another one: words replaced, left out and added."""
    low, new = ([folded(word) for word in one.words] for one in (text, other))
    found: list[Change] = []
    for kind, a, b, c, d in SequenceMatcher(None, low, new, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        mine, theirs = text.places[a:b], other.words[c:d]
        for k in range(max(len(mine), len(theirs))):
            start, end = mine[k] if k < len(mine) else _after(text, mine, a)
            found.append(Change(start, end, text.text[start:end], theirs[k] if k < len(theirs) else ""))
    return found


def _after(text: Words, mine: Sequence[tuple[int, int]], a: int) -> tuple[int, int]:
    """Return where words are added: behind those that were replaced, or in front of the next word."""
    if mine:
        return (mine[-1][1],) * 2
    at = text.places[a - 1][1] if a else (text.places[0][0] if text.places else 0)
    return at, at
