"""Texts as words that are left out, replaced and added."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitl_widgets.loop.teach.wording import Change, Words, left_out, toward

WORD = st.sampled_from(["free", "money", "at", "lunch", "today", "don't", "Ärger", "x"])
TEXT = st.lists(WORD, min_size=1, max_size=8).map(" ".join)


@pytest.mark.parametrize(
    ("text", "gone", "left"),
    [
        ("free money today", "free", "money today"),
        ("free money today", "money", "free today"),
        ("free money today", "today", "free money"),
        ("free, money\n\ntoday", "money", "free, \n\ntoday"),
        ("今日は", "日", "今は"),
    ],
)
def test_a_word_is_left_out(text: str, gone: str, left: str) -> None:
    words = Words(text)
    [change] = [one for one in left_out(words) if one.before == gone]
    assert words.changed([change]) == left
    assert text[change.start : change.end] == gone


@given(TEXT, TEXT)
def test_all_changes_give_the_words_of_the_other_text(one: str, other: str) -> None:
    words = Words(one)
    made = Words(words.changed(toward(words, Words(other))))
    assert [w.casefold() for w in made.words] == [w.casefold() for w in other.split()]


@given(TEXT, TEXT, st.randoms(use_true_random=False))
def test_some_changes_give_a_text_of_words_of_both(one: str, other: str, rng: object) -> None:
    words = Words(one)
    changes = toward(words, Words(other))
    some = [change for change in changes if rng.random() < 0.5]  # type: ignore[attr-defined]
    made = words.changed(some)
    assert set(Words(made).words) <= {*one.split(), *other.split()}
    assert "  " not in made
    assert made == made.strip()
    # The order in which they are listed does not matter.
    assert made == words.changed(list(reversed(some))) or len({c.start for c in some}) < len(some)


def test_added_words_are_set_apart() -> None:
    words = Words("money, today")
    assert words.changed([Change(5, 5, "", "now")]) == "money now, today"
    assert words.changed([Change(0, 0, "", "free")]) == "free money, today"
