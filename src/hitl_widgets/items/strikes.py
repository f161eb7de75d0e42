"""Words and columns that the model is told to leave out, or to count more."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["UNSPACED", "WORD", "Places", "Strike", "spelled"]

# Runs of letters and digits, except in scripts that put no spaces between words, where each character counts.
_BLOCKS = "\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
WORD = re.compile(rf"[{_BLOCKS}]|[^\W_{_BLOCKS}]+(?:['\u2019][^\W_{_BLOCKS}]+)*")

UNSPACED = re.compile(f"[{_BLOCKS}]")

Words = tuple[str, ...]


def spelled(text: str) -> Words:
    """Return the words of a text, regardless of case."""
    return tuple(word.casefold() for word in WORD.findall(text))


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

    def of(self, text: str) -> list[tuple[int, int]]:
        """Return where they are in a text, in characters."""
        low = text.casefold()
        if not any(word in low for word in self._after):  # nearly all texts
            return []
        at = [(match.group().casefold(), match.span()) for match in WORD.finditer(text)]
        said = [word for word, _ in at]
        return [
            (span[0], at[i + len(words) - 1][1][1])
            for i, (word, span) in enumerate(at)
            for words in self._after.get(word, ())
            if tuple(said[i : i + len(words)]) == words
        ]

    def blanked(self, text: str) -> str:
        """Return the text with spaces in their place, so that all other words stay where they are."""
        for start, end in self.of(text):
            text = text[:start] + " " * (end - start) + text[end:]
        return text
