"""The words of all items in one Arrow array, to be searched by substring and by pattern."""

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
    """The text as it is compared: compatibility forms, and no difference of case."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", text).casefold()


class WordIndex:
    """Finds items by their words. Case makes no difference.

    It is kept in memory alone, and takes as much of it as the texts in UTF-8. Building it for a million short
    texts takes about two seconds.

    Parameters
    ----------
    texts
        The words of each item.
    pause
        Called now and then: background work waits in it for who goes first.
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
        """Which items contain these words, one after the other, also as parts of longer ones.

        Returns
        -------
        ndarray
            bool of shape (n_items,).
        """
        import pyarrow.compute as pc

        # RE2 looks for a literal faster than match_substring does.
        literal = folded(words).encode("utf-8", "replace").decode().replace("\\E", "\\E\\\\E\\Q")
        return self._search(lambda chunk: pc.match_substring_regex(chunk, f"\\Q{literal}\\E"))

    def matching(self, pattern: str) -> Found:
        """Which items match a regular expression anywhere, in RE2's syntax: its time is linear in the text.

        Raises
        ------
        InvalidInput
            For what is not a regular expression, or one that RE2 does not know: lookarounds and
            references to groups.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        try:
            return self._search(lambda chunk: pc.match_substring_regex(chunk, pattern, ignore_case=True))
        except (pa.ArrowInvalid, UnicodeEncodeError) as error:
            why = str(error).partition("expression: ")[2].strip() or "half a character"
            raise InvalidInput(
                f"/{pattern}/ is not a regular expression that can be searched for ({why}). Expected RE2 "
                "syntax: no lookarounds, and no references to groups."
            ) from None

    def _search(self, one: Callable[[Any], Any]) -> Found:
        def run(chunk: Any) -> Found:
            return np.asarray(one(chunk).to_numpy(zero_copy_only=False), np.bool_)

        if len(self._chunks) == 1:
            return run(self._chunks[0])
        with ThreadPoolExecutor(THREADS) as pool:
            parts: Sequence[Found] = list(pool.map(run, self._chunks))
        return np.concatenate(parts)
