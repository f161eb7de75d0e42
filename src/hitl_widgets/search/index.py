"""Search of the words of all items, by substring and by regular expression."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput

__all__ = ["WordIndex", "folded"]

CHUNK = 20_000  # items; a chunk is searched in one thread
THREADS = 4

Found = npt.NDArray[np.bool_]


def folded(text: str) -> str:
    """Normalise a text for comparison: compatibility forms (NFKC), case-folded."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", text).casefold()


def folded_pattern(pattern: str) -> str:
    r"""Return an RE2 expression in which characters other than ASCII are folded like the texts.

    In a class such as ``[ß-ü]`` they are left as they are.
    """
    if pattern.isascii():
        return pattern
    found, in_class, at = [], False, 0
    pattern = unicodedata.normalize("NFC", pattern)
    while at < len(pattern):
        one = pattern[at]
        if one == "\\":
            found.append(pattern[at : at + 2])
            at += 2
            continue
        in_class = one == "[" or (in_class and one != "]")
        new = one if one.isascii() or in_class else folded(one)
        # What looks like ASCII may become an operator, as a fullwidth parenthesis.
        plain = "".join(f"\\{c}" if c.isascii() and not c.isalnum() else c for c in new)
        found.append(one if new == one else f"(?:{plain})")
        at += 1
    return "".join(found)


class WordIndex:
    """Find items by their words, ignoring case.

    The index is kept in memory and is as large as the texts in UTF-8. Building it for a million short texts
    takes about two seconds.

    Parameters
    ----------
    texts
        The words of each item.
    pause
        Called regularly, so that background work can yield to other threads.
    """

    def __init__(self, texts: Iterable[str], pause: Callable[[], None] = lambda: None) -> None:
        import pyarrow as pa

        self._chunks: list[Any] = []
        chunk: list[bytes] = []
        for text in texts:
            # A lone surrogate cannot be encoded.
            chunk.append(folded(text).encode("utf-8", "replace"))
            if len(chunk) == CHUNK:
                self._chunks.append(pa.array(chunk, pa.large_binary()).cast(pa.large_string()))
                chunk = []
                pause()
        self._chunks.append(pa.array(chunk, pa.large_binary()).cast(pa.large_string()))

    def __len__(self) -> int:
        return sum(map(len, self._chunks))

    def containing(self, words: str) -> Found:
        """Return which items contain this text, also within longer words.

        Returns
        -------
        ndarray
            bool of shape (n_items,).
        """
        import pyarrow.compute as pc

        # RE2 finds a literal faster than match_substring.
        literal = folded(words).encode("utf-8", "replace").decode().replace("\\E", "\\E\\\\E\\Q")
        return self._search(lambda chunk: pc.match_substring_regex(chunk, f"\\Q{literal}\\E"))

    def matching(self, pattern: str) -> Found:
        """Return which items match a regular expression in RE2 syntax. The time is linear in the text.

        Raises
        ------
        InvalidInput
            If the expression is invalid, or uses lookarounds or backreferences, which RE2 does not support.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        try:
            found = folded_pattern(pattern)
            return self._search(lambda chunk: pc.match_substring_regex(chunk, found, ignore_case=True))
        except (pa.ArrowInvalid, UnicodeEncodeError) as error:
            why = str(error).partition("expression: ")[2].strip() or "half a character"
            raise InvalidInput(
                f"/{pattern}/ is not a regular expression that can be searched for ({why}). Expected RE2 "
                "syntax, without lookarounds and backreferences."
            ) from None

    def _search(self, one: Callable[[Any], Any]) -> Found:
        def run(chunk: Any) -> Found:
            return np.asarray(one(chunk).to_numpy(zero_copy_only=False), np.bool_)

        if len(self._chunks) == 1:
            return run(self._chunks[0])
        with ThreadPoolExecutor(THREADS) as pool:
            parts: Sequence[Found] = list(pool.map(run, self._chunks))
        return np.concatenate(parts)
