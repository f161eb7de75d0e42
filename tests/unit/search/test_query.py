"""What is typed into the find field is read as it is meant, and nothing that is typed breaks it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import ANY_TEXT
from hitl_widgets.errors import InvalidInput
from hitl_widgets.search.query import Term, parse, quoted

PLAIN = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=8).filter(
    lambda word: word.upper() not in {"OR", "AND"}
)


def only(text: str) -> Term:
    [[term]] = parse(text)
    return term


@pytest.mark.parametrize(
    ("typed", "kind", "value"),
    [
        ("refund", "words", "refund"),
        ('"not working"', "words", "not working"),
        ('"still open', "words", "still open"),
        (r"/order \d{6}/", "pattern", r"order \d{6}"),
        ("/a/b/", "pattern", "a/b"),
        (r"/a\/ b/", "pattern", r"a\/ b"),
        ("/usr/bin", "words", "/usr/bin"),
        ("/", "words", "/"),
        ("-", "words", "-"),
        ("x>", "words", "x>"),
        ("re:", "words", "re:"),
        ("\u65e5\u672c\u8a9e", "words", "\u65e5\u672c\u8a9e"),
    ],
)
def test_words_phrases_and_patterns(typed: str, kind: str, value: str) -> None:
    term = only(typed)
    assert (term.kind, term.value, term.negated, term.typed) == (kind, value, False, typed)


@pytest.mark.parametrize("operator", [":", "=", "!=", ">", ">=", "<", "<="])
@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [
        ("price", "10", ("price", "10")),
        ('"unit price"', '"1 0"', ("unit price", "1 0")),
        ("a.b-c", "x:y", ("a.b-c", "x:y")),
    ],
)
@pytest.mark.parametrize("sign", ["", "-"])
def test_a_field_is_compared_with_a_value(
    operator: str, name: str, value: str, meant: tuple[str, str], sign: str
) -> None:
    term = only(f"{sign}{name}{operator}{value}")
    assert (term.kind, term.operator, term.negated) == ("field", operator, bool(sign))
    assert (term.field, term.value) == meant
    assert term.quoted == name.startswith('"')


@pytest.mark.parametrize(
    ("typed", "value", "slashed"),
    [
        (r"subject:/^re: \d/", r"/^re: \d/", True),
        ('"the subject":/a b/', "/a b/", True),
        ("path:/home/ann", "/home/ann", False),
        ('path:"/home/"', "/home/", False),
        ("path=/home/", "/home/", False),
    ],
)
def test_the_value_of_a_field_may_be_a_pattern(typed: str, value: str, slashed: bool) -> None:
    term = only(typed)
    assert (term.kind, term.value, term.slashed, term.typed) == ("field", value, slashed, typed)


def test_conditions_are_joined_and_alternatives_stand_between_or() -> None:
    query = parse('refund -class:spam OR  "a b" ')
    assert [[term.typed for term in terms] for terms in query] == [["refund", "-class:spam"], ['"a b"']]
    assert only('"OR"').value == "OR"
    for half in ("OR", "a OR", "OR a", "a OR OR b", "a AND", "AND a", "a OR and b", '"" OR a', 'a or ""'):
        with pytest.raises(InvalidInput, match="a condition on both sides"):
            parse(half)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("a or b", [["a"], ["b"]]),
        ("a and b", [["a", "b"]]),
        ("a AND b Or c and -d", [["a", "b"], ["c", "-d"]]),
        ("or", [["or"]]),
        ("a or", [["a", "or"]]),  # while it is being typed
        ("and b", [["and", "b"]]),
        ('a "or" b', [["a", '"or"', "b"]]),
    ],
)
def test_and_and_or_join_conditions_also_in_lower_case(typed: str, meant: list[list[str]]) -> None:
    assert [[term.typed for term in terms] for terms in parse(typed)] == meant


@pytest.mark.parametrize("typed", ["(a or b) c", "c (a b)", "-(a b)", "(price>3 or price<1)", "(a"])
def test_parentheses_around_conditions_are_refused(typed: str) -> None:
    with pytest.raises(InvalidInput, match=r"parentheses do not group conditions\. Write every"):
        parse(typed)


@pytest.mark.parametrize("typed", ["f(x)", "(urgent)", ":)", "1)", "f(x", '"(a b)"', "/(a|b) c/"])
def test_parentheses_within_a_word_are_searched_for(typed: str) -> None:
    assert only(typed).value == typed.strip('"/')


def test_a_blank_query_has_no_conditions() -> None:
    assert parse("") == parse("  \n") == parse('""') == ()


def test_a_query_has_an_end() -> None:
    with pytest.raises(InvalidInput, match="2,001 characters: expected at most 2,000"):
        parse("x" * 2001)


@given(ANY_TEXT)
def test_whatever_is_typed_is_read_or_refused_in_words(text: str) -> None:
    try:
        query = parse(text)
    except InvalidInput:
        return
    for terms in query:
        assert terms
        for term in terms:
            assert term.value
            assert term.typed in text


@given(st.lists(PLAIN, min_size=1, max_size=5))
def test_plain_words_are_themselves_in_order(words: list[str]) -> None:
    [terms] = parse("  ".join(words))
    assert [(term.kind, term.value) for term in terms] == [("words", word) for word in words]


@given(ANY_TEXT.filter(lambda text: '"' not in text and text))
def test_a_phrase_is_everything_between_its_quotes(text: str) -> None:
    assert only(f'"{text}"').value == text


@given(ANY_TEXT.filter(lambda text: text.strip()))
def test_a_quoted_value_is_read_as_itself_or_refused(value: str) -> None:
    if '"' in value and not (value[0] != '"' and value.split() == [value]):
        with pytest.raises(InvalidInput, match="double quote"):
            quoted(value)
        return
    term = only(f"like:{quoted(value)}")
    assert (term.field, term.value) == ("like", value)
