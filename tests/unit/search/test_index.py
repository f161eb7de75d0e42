"""The index against a plain search of every text."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import ANY_TEXT
from hitl_widgets.errors import InvalidInput
from hitl_widgets.search import index as index_module
from hitl_widgets.search.index import WordIndex, folded

TEXTS = [
    "Refund me NOW",
    "stra\u00dfe caf\u00e9",
    "a\0b",
    "",
    "\u65e5\u672c\u8a9e \U0001f469",
    r"1\E2 \Q.*",
    "half \ud800",
    "\uff32\uff25",
]


@given(st.lists(ANY_TEXT, min_size=1, max_size=8), ANY_TEXT)
def test_words_are_found_wherever_they_stand(texts: list[str], words: str) -> None:
    def seen(text: str) -> str:
        return folded(text).encode("utf-8", "replace").decode()

    found = WordIndex(texts).containing(words)
    assert found.dtype == np.bool_
    assert found.tolist() == [seen(words) in seen(text) for text in texts]


@given(st.integers(0, 7), st.integers(0, 5), st.integers(0, 6))
def test_a_part_of_a_text_finds_it(which: int, start: int, length: int) -> None:
    part = TEXTS[which][start : start + length]
    assert WordIndex(TEXTS).containing(part.swapcase())[which]


@pytest.mark.parametrize("pattern", [r"\brefund\b", "^$", "caf.", r"[0-9]\\", "(re|\u65e5)", "REFUND.*now$"])
def test_patterns_match_as_in_python(pattern: str) -> None:
    texts = [text for text in TEXTS if "\ud800" not in text]
    found = WordIndex(texts).matching(pattern)
    assert found.tolist() == [bool(re.search(pattern, folded(text), re.IGNORECASE)) for text in texts]


@pytest.mark.parametrize("pattern", ["(", "(?=x)", r"(a)\1", "a{2000}", "[z-a]", "\ud800"])
def test_what_is_not_a_pattern_is_refused_in_words(pattern: str) -> None:
    with pytest.raises(InvalidInput, match="is not a regular expression that can be searched for") as refused:
        WordIndex(TEXTS).matching(pattern)
    assert "RE2" in str(refused.value)


def test_many_chunks_are_searched_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "CHUNK", 7)
    texts = [f"item {i}" for i in range(100)]
    pauses: list[None] = []
    index = WordIndex(texts, lambda: pauses.append(None))
    assert len(index) == 100
    assert len(pauses) == 14
    assert np.flatnonzero(index.containing("ITEM 9")).tolist() == [9, *range(90, 100)]
    assert index.matching(r"^item \d$").sum() == 10
