"""Places of words and patterns in texts, and the suggestions made of them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import hitl_widgets as hitl
from hitl_widgets.errors import InvalidInput
from hitl_widgets.questions import marks
from hitl_widgets.search.places import Terms, apart, longest, typed_terms


def found(terms: Any, text: str, **how: Any) -> list[str]:
    given = [terms] if isinstance(terms, str | re.Pattern) else terms
    return [text[start:end] for start, end in Terms(given, **how).places(text)]


@pytest.mark.parametrize(
    ("terms", "text", "places"),
    [
        ("Ann", "Ann met Anna, and Ann.", ["Ann", "Ann"]),
        ("Ann", "ann ANN", []),
        ("Ann Lee", "Ann Lee; AnnLee; Ann  Lee", ["Ann Lee"]),
        ("C++", "C++ and C+++, xC++", ["C++", "C++"]),
        ("Müller", "Müller, Müllerin, Schmidt-Müller", ["Müller", "Müller"]),
        ("東京", "私は東京に住む。", ["東京"]),
        ("กรุงเทพ", "ฉันอยู่กรุงเทพครับ", ["กรุงเทพ"]),
        ("مرحبا", "قال مرحبا بالعالم", ["مرحبا"]),
        ("😀", "a😀b 😀", ["😀", "😀"]),
        (["Ann", "Ann Lee"], "Ann Lee", ["Ann", "Ann Lee"]),
        (re.compile(r"\d{4}-\d\d"), "😀 2024-05, २०२४-०५", ["2024-05", "२०२४-०५"]),
        (re.compile(r"[\w-]+ß"), "groß Müller-Spaß", ["groß", "Müller-Spaß"]),
        (re.compile(r"\w+"), "Müller ging 東京", ["Müller", "ging", "東京"]),
        (re.compile(r"\W+", re.ASCII), "é a", ["é "]),
        (re.compile(r"[^\s,]+"), "a b,\u00a0c", ["a", "b", "c"]),
        (re.compile("ann", re.IGNORECASE), "Ann ANN", ["Ann", "ANN"]),
        (re.compile("^b$", re.MULTILINE), "a\nb\nb c", ["b"]),
        (re.compile("x*"), "axxb", ["xx"]),
        (re.compile(r"[a[]+]|[]x]"), "a[] x", ["a[]", "x"]),
    ],
)
def test_places_are_found(terms: Any, text: str, places: list[str]) -> None:
    assert found(terms, text) == places


def test_case_and_parts_of_words_only_where_asked() -> None:
    assert found("ann", "Ann ANNA", ignore_case=True) == ["Ann"]
    assert found("ann", "Ann ANNA", ignore_case=True, whole=False) == ["Ann", "ANN"]
    assert found("ss", "Ann grass", whole=False) == ["ss"]


@given(
    text=st.text(alphabet="aé😀\ud800 b1,\n"), pattern=st.sampled_from([r"\w+", r"[a1]+", r"\s", "é|b", ".b"])
)
def test_patterns_are_found_where_python_finds_them(text: str, pattern: str) -> None:
    compiled = re.compile(pattern)
    expected = [m.span() for m in compiled.finditer(text.replace("\ud800", "?")) if m[0]]
    assert Terms([compiled]).places(text) == expected


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("a(?=b)", r"\(\?= at position 2.*Lookarounds"),
        (r"(a)\1", r"invalid escape.*at position 4"),
        ("(?<!a)b", "linear time"),
        ("a{2000}", "repetition size"),
    ],
)
def test_what_is_not_linear_is_refused_at_once(pattern: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        hitl.suggest.words({"a": re.compile(pattern)})


@pytest.mark.parametrize("given", ["", " ", [3], 5, re.compile(b"a"), re.compile("a b", re.VERBOSE)])
def test_what_is_no_word_is_refused_with_its_class(given: Any) -> None:
    with pytest.raises(InvalidInput, match=r"class 'a'|for class"):
        hitl.suggest.words({"a": given})


@pytest.mark.parametrize("given", [{}, ["Ann"], None])
def test_words_need_classes(given: Any) -> None:
    with pytest.raises(InvalidInput, match="expected a dict"):
        hitl.suggest.words(given)


def test_a_pattern_that_would_take_forever_ends() -> None:
    assert found(re.compile(r"(a+)+$"), "a" * 5000 + "b") == []
    assert found(re.compile(r"(\w+\s?)*!"), "word " * 2000) == []


PLACES = st.lists(st.tuples(st.integers(0, 20), st.integers(1, 6), st.sampled_from("ab")), max_size=12)


@given(given=PLACES, overlap=st.booleans())
def test_the_longest_of_those_that_overlap_stay(given: list[Any], overlap: bool) -> None:
    places = [(start, start + n, label) for start, n, label in given]
    kept = longest(places, overlap=overlap)

    def against(a: Any, b: Any) -> bool:
        return a[0] < b[1] and b[0] < a[1] and (not overlap or a[2] == b[2])

    assert not any(against(a, b) for i, a in enumerate(kept) for b in kept[:i])
    for place in set(places) - set(kept):  # something at least as long is in its way
        assert any(against(place, one) and one[1] - one[0] >= place[1] - place[0] for one in kept)


@given(given=PLACES, others=PLACES)
def test_what_is_apart_overlaps_nothing_else(given: list[Any], others: list[Any]) -> None:
    places = [(start, start + n, label) for start, n, label in given]
    taken = [(start, start + n) for start, n, _ in others]
    free = [p for p in places if not any(p[0] < end and start < p[1] for start, end in taken)]
    assert sorted(apart(places, taken)) == sorted(free)


def test_what_is_typed_is_words_or_a_pattern() -> None:
    assert typed_terms(" Ann Lee, Bob ,").places("Bob saw Ann Lee") == [(0, 3), (8, 15)]
    assert typed_terms(r"/\d+/").places("a 12") == [(2, 4)]
    assert typed_terms("/").places("a / b") == [(2, 3)]
    for wrong, words in [
        ("", "Type a word"),
        (" , ", "Type a word"),
        ("/a(/", "at position 2"),
        ("/(?=a)/", "linear"),
    ]:
        with pytest.raises(InvalidInput, match=words):
            typed_terms(wrong)


def session(suggest: Any, **how: Any) -> hitl.Session:
    question = hitl.Question.spans(["person", "place"], **how)
    texts = ["Ann Lee left Lee.", "Nobody."]
    return hitl.Session(texts, question=question, suggest=suggest, store=":memory:", audit=0)


def test_a_session_suggests_them_as_its_question_allows() -> None:
    words = hitl.suggest.words({"person": ["Ann Lee"], "place": "Lee"})
    for overlap, places in [(False, [(0, 7), (13, 16)]), (True, [(0, 7), (4, 7), (13, 16)])]:
        with session(words, overlap=overlap) as made:
            told, why = made._loop.suggesting.of([0, 1])[0]
            assert [(start, end) for start, end, _ in told["spans"]] == places
            assert why == ""
            assert made._loop.suggesting.of([1])[1] == (None, "")


def test_unknown_classes_and_other_questions_are_said_before_anything_is_written() -> None:
    with pytest.raises(InvalidInput, match=r"'persons' is not a class.*Did you mean 'person'"):
        session(hitl.suggest.words({"persons": "Ann"}))
    with pytest.raises(InvalidInput, match=r"Question\.spans"):
        hitl.Session(["a"], classes=["x", "y"], suggest=hitl.suggest.words({"x": "a"}), store=":memory:")


def test_rules_suggest_in_all_texts_beside_other_suggestions_until_they_are_removed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with session(hitl.suggest.words({"person": "Ann Lee"})) as made:
        loop = made._loop
        before = loop.suggesting.generation
        loop.suggest_words("Lee, Nobody", "place")
        assert loop.suggesting.generation > before
        found = loop.suggesting.of([0, 1])
        assert found[0][0] == {"spans": [[0, 7, "person"], [13, 16, "place"]]}
        assert found[1][0] == {"spans": [[0, 6, "place"]]}
        assert loop.suggesting.rules.told(1) == [("Lee, Nobody", "place", 1)]
        with pytest.raises(InvalidInput, match="linear"):
            loop.suggest_words("/(?=a)/", "place")
        with monkeypatch.context() as patched:
            patched.setattr(marks, "MOST_MARKS", 1)
            told, why = loop.suggesting.of([0])[0]
        assert told == {"spans": [[0, 7, "person"]]}
        assert "not suggested here: The answer has 2 spans" in why
        made.classes.retire("place")
        assert loop.suggesting.of([1])[1] == (None, "")
        made.classes.restore("place")
        loop.suggest_words("Lee, Nobody", "place", on=False)
        assert loop.suggesting.of([1])[1] == (None, "")
