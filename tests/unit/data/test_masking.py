"""Personal data is hidden in what is displayed, and positions stay what they are."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitl_widgets.data.masking import FINDERS, Mask, as_mask
from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import InvalidInput
from hitl_widgets.items.base import Size, kind_of

ALL = Mask(list(FINDERS.values()))

PERSONAL = [
    ("Write to anna.b+x@mail.example.org!", "anna.b+x@mail.example.org"),
    ("von jürgen@müller.de, heute", "jürgen@müller.de"),
    ("Call +49 30 1234567 today", "+49 30 1234567"),
    ("Tel. 030/123 45 67", "030/123 45 67"),
    ("(555) 123-4567.", "(555) 123-4567"),
    ("555-123-4567", "555-123-4567"),
    ("0049-171-1234567;", "0049-171-1234567"),
    ("card 4111 1111 1111 1111 ok", "4111 1111 1111 1111"),
    ("card 5500-0000-0000-0004", "5500-0000-0000-0004"),
    ("amex 378282246310005", "378282246310005"),
    ("DE89 3704 0044 0532 0130 00 at the bank", "DE89 3704 0044 0532 0130 00"),
    ("GB82WEST12345698765432", "GB82WEST12345698765432"),
    ("from 192.168.0.17, port 80", "192.168.0.17"),
    ("at 2001:db8::8a2e:370:7334 again", "2001:db8::8a2e:370:7334"),
]

HARMLESS = [
    "on 2026-11-30 at 12:30:45",
    "ISBN 978-3-16-148410-0",
    "version 1.2.3 of 3.14159",
    "price 1,234,567.89",
    "order 1234567890123",
    "std::vector and a::b",
    "an@ and @home",
    "999.999.999.999",
    "DE89 3704 0044 0532 0130 02",
    "in 1999, 2,000 people",
    "",
]


@pytest.mark.parametrize(("text", "part"), PERSONAL)
def test_personal_data_is_hidden_and_nothing_else(text, part):
    start = text.index(part)
    shown = ALL.text(text)
    assert len(shown) == len(text)
    assert (shown[:start], shown[start + len(part) :]) == (text[:start], text[start + len(part) :])
    assert not any(c.isdigit() or c == "@" for c in shown[start : start + len(part)])


@pytest.mark.parametrize("text", HARMLESS)
def test_numbers_dates_and_code_stay(text):
    assert ALL.text(text) == text


@given(
    st.lists(
        st.sampled_from([p for _, p in PERSONAL] + [" ", "\n", "x ", "é", "\N{GRINNING FACE}", ", "])
    ).map(" ".join)
)
def test_positions_and_lines_stay_and_masking_twice_changes_nothing(text):
    shown = ALL.text(text)
    assert len(shown) == len(text)
    assert [i for i, c in enumerate(shown) if c == "\n"] == [i for i, c in enumerate(text) if c == "\n"]
    assert ALL.text(shown) == shown


def test_numbers_with_a_gap_in_their_column_are_hidden_too() -> None:
    table = pd.DataFrame({"card": [378282246310005, None], "share": [0.5, 1e300]})
    pool = Pool.from_data(table)
    from dataclasses import replace

    shown = str(replace(pool, mask=ALL).payload(0).content)
    assert "378" not in shown
    assert "0.5" in shown
    replace(pool, mask=ALL).payload(1)


def test_a_function_that_finds_its_own_dots_ends() -> None:
    seen: list[str] = []

    def odd(text: str) -> list[tuple[int, int, str]]:
        seen.append(text)
        return [(0, len(text), "ab"[len(seen) % 2])]

    assert len(Mask([odd]).text("some text")) == len("some text")


def test_a_function_finds_what_patterns_do_not():
    mask = as_mask(
        [lambda text: [(0, 3, "name")] if text.startswith("Ann") else [], "email"], TEXT, rendered=False
    )
    assert mask.text("Ann of a@example.org") == "••• of [email]••••••"


def test_parts_that_overlap_are_hidden_together():
    mask = Mask([lambda _: [(0, 6, "a"), (4, 8, "b")]])
    assert mask.text("0123456789") == "[a]•••••89"


@pytest.mark.parametrize(
    "found", [[(0, 99, "x")], [(3, 1, "x")], [(-1, 2, "x")], [("a", "b", "c")], [5], [(1, 2)]]
)
def test_what_a_function_returns_wrongly_is_said(found):
    with pytest.raises(InvalidInput, match=r"returned .* expected"):
        Mask([lambda _: found]).text("some text")


TEXT = kind_of("text")


@pytest.mark.parametrize("mask", ["emails", ["email", "x"], 5, [3]])
def test_an_unknown_mask_is_refused(mask):
    with pytest.raises(InvalidInput, match="mask="):
        as_mask(mask, TEXT, rendered=False)


@pytest.mark.parametrize("kind", ["image", "audio", "pdf", "series"])
def test_what_is_not_text_cannot_be_masked(kind):
    with pytest.raises(InvalidInput, match="not displayed as text alone"):
        as_mask(mask=True, kind=kind_of(kind), rendered=False)


CONTACT = "anna@example.org"


@pytest.mark.parametrize(
    "pool",
    [
        Pool.from_data([f"by {CONTACT}"]),
        Pool.from_data([{"who": CONTACT, "phone": 4917112345678, "n": 3}]),
        Pool.from_data([f"def f(): '{CONTACT}'"], kind="code:python"),
        Pool.from_data([[{"role": "user", "content": CONTACT}]], kind="conversation"),
        Pool.from_data([[CONTACT, "b"]], kind="list:text"),
        Pool.from_data(pd.DataFrame({"a": [CONTACT], "b": [f"# by {CONTACT}"]}), text="a", markdown="b"),
        Pool.from_data(["x"], render=lambda _: f"made {CONTACT}"),
        Pool.from_data(["<b>anna&#64;example.org</b>"], kind="html"),
    ],
    ids=["text", "table", "code", "conversation", "list", "several", "render", "html"],
)
def test_no_kind_displays_it_until_it_is_asked_for(pool):
    from dataclasses import replace

    masked = replace(pool, mask=as_mask(mask=True, kind=pool.item_kind, rendered=pool.renderer is not None))
    for size in (Size(), Size(glimpse=True)):
        shown = masked.payload(0, size)
        assert "example.org" not in str(shown)
        assert "@" not in str(shown).replace("@media", "")
        assert shown.content["masked"] is True
        bare = masked.payload(0, size, bare=True)
        assert "masked" not in bare.content
    assert bare.content == pool.payload(0, Size(glimpse=True)).content


def test_a_long_text_is_searched_once_for_all_its_parts() -> None:
    searched = []

    def find(text: str) -> list[tuple[int, int, str]]:
        searched.append(len(text))
        return [(0, 4, "name")]

    text = "Mary had a lamb. " * 1000
    mask = as_mask(find, kind_of("text"), rendered=False)
    pool = replace(Pool.from_data([text]), mask=mask)
    assert {pool.displayed(0)[:4] for _ in range(9)} == {"••••"}
    n = len(searched)
    assert pool.displayed(0) is pool.displayed(0)
    assert len(searched) == n <= 2


def test_parts_of_long_texts_are_masked_as_a_whole():
    from dataclasses import replace

    pool = Pool.from_data(["x" * 19_990 + f" {CONTACT} and so on"])
    masked = replace(pool, mask=ALL)
    ask = {"from": 20_000}
    assert "example" not in str(masked.payload(0)) + str(masked.part(0, ask, 10_000))
    assert "ple.org" in str(masked.part(0, ask, 10_000, bare=True))
