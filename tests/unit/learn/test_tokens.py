"""Tokens of any script, and spans as BIO tags and back."""
# ruff: noqa: RUF001 - letters of other scripts are meant

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitl_widgets.learn.tagging.tokens import OUTSIDE, Span, features, follows, spans_of, tags_of, tokens


def words(text: str) -> list[str]:
    return [text[a:b] for a, b in tokens(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ada_1 met  Bo-2, twice.", ["Ada_1", "met", "Bo", "-", "2", ",", "twice", "."]),
        ("cafe\u0301 Ж", ["cafe\u0301", "Ж"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("ภาษาไทยที่นี่", ["ภ", "า", "ษ", "า", "ไ", "ท", "ย", "ที่", "นี่"]),
        ("العَرَبِيَّة لغة", ["العَرَبِيَّة", "لغة"]),
        ("می\u200cخواهم", ["می\u200cخواهم"]),
        ("北京大学 2026年", ["北", "京", "大", "学", "2026", "年"]),
        ("東京タワー", ["東", "京", "タ", "ワ", "ー"]),
        ("서울에서", ["서", "울", "에", "서"]),
        ("\u1112\u1161\u11ab\u1100\u116e\u11a8", ["\u1112\u1161\u11ab", "\u1100\u116e\u11a8"]),
        ("hi👋🏽👩\u200d👩\u200d👧!", ["hi", "👋🏽", "👩\u200d👩\u200d👧", "!"]),
        ("🇩🇪🇫🇷 ❤️", ["🇩🇪", "🇫🇷", "❤️"]),
        ("", []),
        (" \n\t", []),
    ],
)
def test_tokens(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@given(st.text(max_size=60))
def test_every_character_but_space_is_in_one_token(text: str) -> None:
    found = tokens(text)
    assert "".join(text[a:b] for a, b in found) == "".join(c for c in text if not c.isspace())
    assert all(a < b for a, b in found)
    assert [p for pair in found for p in pair] == sorted(p for pair in found for p in pair)
    assert len(features(text, found)) == len(found)


WORDS = st.lists(st.sampled_from(["Ada", "北", "नी", "👩\u200d👧", ",", "x1"]), min_size=1, max_size=12)


@given(WORDS, st.lists(st.tuples(st.integers(0, 11), st.integers(0, 3), st.sampled_from("ab")), max_size=6))
def test_spans_of_whole_tokens_come_back(words: list[str], drawn: list[tuple[int, int, str]]) -> None:
    text = " ".join(words)
    places = tokens(text)
    spans, free = [], 0
    for first, more, label in sorted(drawn):
        if first >= free and first + more < len(places):
            spans.append((first, first + more, label))
            free = first + more + 1
    tags = tags_of(places, [(places[a][0], places[b][1], label) for a, b, label in spans])
    assert spans_of(tags) == spans


@given(
    st.text(alphabet="ab ,é北\u0301", max_size=40),
    st.lists(st.tuples(st.integers(0, 39), st.integers(1, 9), st.sampled_from("xy")), max_size=6),
)
def test_any_spans_become_consistent_tags(text: str, drawn: list[tuple[int, int, str]]) -> None:
    places = tokens(text)
    spans: list[Span] = [(start, start + n, label) for start, n, label in drawn]
    tags = tags_of(places, spans)
    assert all(follows(a, b) for a, b in zip([OUTSIDE, *tags], tags, strict=False))
    if spans and places:
        longest = max(b - a for a, b, _ in spans)
        for first, last, label in spans_of(tags):
            a, b = places[first][0], places[last][1]
            # It is one of the given spans, except that it does not cut tokens.
            assert any(
                a <= max(s, a) < min(e, b) <= b and m == label and e - s <= longest for s, e, m in spans
            )


def test_of_spans_that_overlap_the_longest_counts_and_cut_tokens_belong() -> None:
    places = tokens("New York City")
    assert tags_of(places, [(4, 8, "x"), (0, 13, "y")]) == ["B-y", "I-y", "I-y"]
    assert tags_of(places, [(5, 10, "x")]) == ["O", "B-x", "I-x"]
    assert tags_of(places, [(0, 3, "x"), (4, 8, "x")]) == ["B-x", "B-x", "O"]
    assert tags_of(places, [(3, 4, "x"), (20, 30, "x")]) == ["O", "O", "O"]


def test_an_inside_without_a_beginning_begins_a_span() -> None:
    assert spans_of(["I-x", "I-x", "I-y", "O", "I-y", "B-y"]) == [
        (0, 1, "x"),
        (2, 2, "y"),
        (4, 4, "y"),
        (5, 5, "y"),
    ]
