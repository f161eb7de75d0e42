"""Words and columns that the model is told to leave out, or to count more."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from hitl_widgets.learn.tagging.tokens import marks

__all__ = ["UNSPACED", "Place", "Places", "Strike", "folded", "places_in", "spelled"]

# Scripts that put no spaces between words: Thai, Lao, Myanmar, Khmer, Chinese and Japanese.
_BLOCKS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\ua9e0-\ua9ff\uaa60-\uaa7f"
    "\uf900-\ufaff\uff66-\uff9f\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
UNSPACED = re.compile(f"[{_BLOCKS}]")

Words = tuple[str, ...]
Place = tuple[int, int]


def places_in(text: str) -> list[Place]:
    """Return start and end of each word of a text, in characters.

    A word is a run of letters and digits with the marks that combine with them, such as the vowels of Hindi;
    in scripts without spaces, it is one character. The same as in js/src/ui/words.ts.
    """
    return [match.span() for match in _pattern(plain=text.isascii()).finditer(text)]


@cache
def _pattern(*, plain: bool) -> re.Pattern[str]:
    # Joiners are written within words of Persian and of Indian languages.
    more = "" if plain else f"[{marks()}\u200c\u200d]*"
    run = rf"(?:[^\W_{_BLOCKS}]{more})+"
    return re.compile(rf"[{_BLOCKS}]{more}|{run}(?:['\u2019]{run})*")


def spelled(text: str) -> Words:
    """Return the words of a text, regardless of case, and of whether accents are characters of their own."""
    return tuple(folded(text[start:end]) for start, end in places_in(text))


def folded(text: str) -> str:
    """Return a text such that equal words are equal, regardless of case and of how accents are encoded."""
    if text.isascii():
        return text.lower()
    # Canonical caseless matching (The Unicode Standard, 3.13, D145), but composed.
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())


@dataclass(frozen=True, slots=True)
class Strike:
    """A word or column that the model leaves out, or a word that it counts more.

    Attributes
    ----------
    word
        One or more words in a row, in lower case; None for a whole column.
    column
        The column of a table; for a word, None means all columns that are read as text.
    weight
        How much more a word counts; 0 if it is left out.
    """

    word: str | None = None
    column: str | None = None
    weight: float = 0.0

    @property
    def name(self) -> str:
        """The name under which the log has it."""
        if self.word is None:
            return f"{self.column} (column)"
        return self.word if self.column is None else f"{self.word} ({self.column})"

    @property
    def arguments(self) -> str:
        """The arguments that name it, as in ``session.teach.strike(...)``."""
        word = [] if self.word is None else [repr(self.word)]
        return ", ".join([*word, *([] if self.column is None else [f"column={self.column!r}"])])


class Places:
    """Finds words in texts, whole and regardless of case.

    Parameters
    ----------
    words
        Each is one or more words in a row.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._after: dict[str, list[Words]] = {}
        for found in map(spelled, words):
            if found:
                self._after.setdefault(found[0], []).append(found)

    def __bool__(self) -> bool:
        return bool(self._after)

    def of(self, text: str) -> list[Place]:
        """Return where they are in a text, in characters."""
        low = folded(text)
        if not any(word in low for word in self._after):  # nearly all texts
            return []
        at = places_in(text)
        said = [folded(text[start:end]) for start, end in at]
        return [
            (at[i][0], at[i + len(words) - 1][1])
            for i, word in enumerate(said)
            for words in self._after.get(word, ())
            if tuple(said[i : i + len(words)]) == words
        ]

    def blanked(self, text: str) -> str:
        """Return the text with spaces in their place, so that all other words stay where they are."""
        for start, end in self.of(text):
            text = text[:start] + " " * (end - start) + text[end:]
        return text
