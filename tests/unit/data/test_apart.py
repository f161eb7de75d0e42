"""What tells a group from all other items."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import fisher_exact

from hitl_widgets.data.apart import Counts, apart
from hitl_widgets.data.columns import Column
from hitl_widgets.search.index import WordIndex

N = 600
RNG = np.random.default_rng(0)
INSIDE = np.arange(N) < 60
COMMON = np.array(["red", "green", "blue", "old", "new"])


def texts(extra: str = "") -> list[str]:
    return [f"{' '.join(RNG.choice(COMMON, 3))} {extra if inside else ''}" for inside in INSIDE]


def test_a_word_of_the_group_is_told_with_its_counts_and_its_query() -> None:
    [mark] = apart([*texts("Refund!")[:599], "a refund"], {}, INSIDE)
    assert (mark.column, mark.words, mark.query) == (None, "refund", r"/\brefund\b/")
    assert mark.counts == Counts(60, 60, 1, 540)
    assert mark.counts.ratio == pytest.approx(540)


def test_the_kinds_of_columns_are_told() -> None:
    amount = RNG.normal(100, 10, N) + np.where(INSIDE, 60, 0)
    day = np.datetime64("2026-01-01", "us") + np.where(INSIDE, 200, RNG.integers(0, 150, N)) * np.timedelta64(
        1, "D"
    )
    city = np.where(INSIDE & (RNG.random(N) < 0.8), "Paris", RNG.choice(["Rome", "Oslo"], N)).astype(object)
    subject = np.array([f"{one} {i}" for i, one in enumerate(texts("late"))], object)
    columns = {
        "amount": Column("number", amount),
        "typed": Column("text", np.array([f"{one:.3f}" for one in amount], object)),
        "day": Column("time", day),
        "city": Column("text", city),
        "subject": Column("text", subject),
        "paid": Column(
            "truth", np.where(INSIDE, 1.0, RNG.integers(0, 2, N) * np.where(RNG.random(N) < 0.3, np.nan, 1))
        ),
        "noise": Column("number", RNG.normal(size=N)),
        "empty": Column("number", np.full(N, np.nan)),
    }
    found = {mark.column: mark for mark in apart(None, columns, INSIDE)}
    assert found.keys() == {"amount", "typed", "day", "city", "subject", "paid"}
    assert found["amount"].query.startswith('"amount">="1')
    assert found["day"].words == "≥ 2026-07-20"
    assert (found["city"].words, found["city"].query, found["city"].counts.rest) == (
        "Paris",
        '"city"="Paris"',
        0,
    )
    assert (found["subject"].words, found["subject"].query) == ("late", '"subject":"late"')
    assert found["paid"].words == "true"


def test_a_range_between_two_values_is_told_as_shortly_as_keeps_the_same_items() -> None:
    year = np.where(INSIDE, RNG.integers(2004, 2007, N), RNG.integers(1950, 2026, N)).astype(float)
    [mark] = apart(None, {"year": Column("number", year)}, INSIDE)
    assert (mark.words, mark.query) == ("2004 to 2006", '"year">="2004" "year"<="2006"')
    assert mark.counts.n == 60
    assert mark.counts.rest == ((year >= 2004) & (year <= 2006) & ~INSIDE).sum()


def test_a_random_group_has_nothing() -> None:
    told = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        inside = rng.permutation(N) < rng.integers(2, 200)
        columns = {
            "a": Column("number", rng.normal(size=N)),
            "b": Column("number", rng.integers(0, 4, N).astype(float)),
            "c": Column("text", rng.choice(list("abcdef"), N).astype(object)),
        }
        told += bool(apart(None, columns, inside))
    assert told <= 10  # 5 are allowed on average


def test_the_gain_is_that_of_the_table() -> None:
    counts = Counts(30, 60, 20, 540)
    table = np.array([[30, 30], [20, 520]])
    expected = table.sum(1, keepdims=True) * table.sum(0) / table.sum()
    assert counts.gain == pytest.approx(2 * (table * np.log(table / expected)).sum())
    assert counts.gain > Counts(8, 60, 60, 540).gain
    assert fisher_exact(table, "greater")[1] < 1e-10
    assert Counts(0, 60, 3, 540).ratio == 0
    assert Counts(3, 60, 0, 540).ratio == float("inf")


def test_what_no_query_can_say_has_none() -> None:
    value = np.where(INSIDE, "pizza", "soup").astype(object)
    [mark] = apart(None, {'dish 12"': Column("text", value)}, INSIDE)
    assert (mark.words, mark.query) == ("pizza", "")


@pytest.mark.parametrize(
    ("word", "other"),
    [
        ("\u00fcber", "\u00fcberall gr\u00fcber"),
        ("refund", "refundable prerefund refund's"),
        ("refund", "caf\u00e9refund"),
        ("refund's", "refund refunds"),
        ("\u043a\u043e\u0442", "\u043a\u043e\u0442\u043b\u0435\u0442\u0430"),  # Cyrillic
        ("\u03ba\u03b1\u03b9", "\u03ba\u03b1\u03b9\u03c1\u03cc\u03c2"),  # Greek
        ("\u0915\u0930", "\u0915\u0930\u094b \u0915\u0930\u0928\u093e"),  # Hindi, where a mark follows
        ("\u0643\u062a\u0628", "\u0643\u062a\u0628\u0647"),  # Arabic
        ("\ud55c\uad6d", "\ud55c\uad6d\uc5b4"),  # Korean
        ("\u732b", "\u72ac"),  # Chinese
        ("\u0e01", "\u0e01\u0e34"),  # Thai, where a mark follows
    ],
)
@pytest.mark.parametrize("around", ["{}", "('{}')", "\u2019{}\u2019, {}", "my_{}", "\u732b{}\u732b"])
def test_the_query_of_a_word_finds_whole_words_only(word: str, other: str, around: str) -> None:
    if around[0] == "\u732b" == word:
        return
    some = [f"old {around.replace('{}', word) if i % 2 else word}" for i in range(60)]
    texts = [*some, *(f"old {other} {i}" for i in range(300)), *["new"] * 240]
    index = WordIndex(texts)
    found = {mark.words: mark for mark in apart(texts, {}, INSIDE)}
    mark = found[word]
    assert (mark.counts.n, mark.counts.rest) == (60, 0)
    assert index.matching(mark.query.strip("/")).nonzero()[0].tolist() == list(range(60))


def test_a_word_of_a_column_that_is_a_part_of_others_is_found_by_a_pattern() -> None:
    column = np.array(
        [f"late {i}" if inside else f"chocolate {i}" for i, inside in enumerate(INSIDE)], object
    )
    found = {mark.words: mark for mark in apart(None, {"subject": Column("text", column)}, INSIDE)}
    assert (found["late"].counts.n, found["late"].query) == (60, r'"subject":/\blate\b/')


@pytest.mark.parametrize("column", [True, False])
def test_the_query_of_a_word_finds_the_same_items_and_not_as_many_others(column: bool) -> None:
    some = [
        "\u00fcber uns",
        "\u00fcber mich",
        "\u00fcber dich",
        "hin\u00fcber",
        "gegen\u00fcber",
        "dr\u00fcber",
    ]
    texts = np.array([*some, *(f"text {i}" for i in range(54))], object)
    inside = np.arange(60) < 3
    given: tuple[Any, Any] = (None, {"v": Column("text", texts)}) if column else (texts.tolist(), {})
    [mark] = apart(*given, inside, of_words=["v"] if column else [])
    pattern = mark.query.removeprefix('"v":').strip("/")
    assert WordIndex(texts).matching(pattern).nonzero()[0].tolist() == [0, 1, 2]


def test_a_value_with_a_quote_is_found_by_a_pattern() -> None:
    values = np.array(['say "hi"' if inside else "no" for inside in INSIDE], object)
    [mark] = apart(None, {"v": Column("text", values)}, INSIDE)
    assert mark.query == r'"v":/^say \"hi\"$/'
