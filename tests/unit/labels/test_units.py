"""Units of several items under one key, which the log treats like any other key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import ANY_TEXT
from hitl_widgets.errors import InvalidInput
from hitl_widgets.labels.events import LabelEvent
from hitl_widgets.labels.fold import Fold
from hitl_widgets.labels.units import items_of, unit_key
from hitl_widgets.questions.schema import Schema

HOSTILE = st.sampled_from(
    ["\x1e", '\x1e["a"]', '\x1e["a","b"]', "\x1e[]", "\x1e[1]", "\x1e{}", "\x1enull", ""]
)
UNITS = st.lists(ANY_TEXT | HOSTILE, min_size=1, max_size=4, unique=True)


@given(UNITS)
def test_a_key_says_its_items_in_order(items: list[str]) -> None:
    assert items_of(unit_key(items)) == tuple(items)


@given(UNITS, UNITS)
def test_other_units_have_other_keys(one: list[str], other: list[str]) -> None:
    assert (unit_key(one) == unit_key(other)) == (one == other)


@given(ANY_TEXT | HOSTILE)
def test_any_key_of_a_log_is_a_unit_of_something(key: str) -> None:
    items = items_of(key)
    assert items == (key,) or unit_key(items) == key


@pytest.mark.parametrize("items", [[], ["a", "a"]])
def test_what_is_not_a_unit_is_refused(items: list[str]) -> None:
    with pytest.raises(InvalidInput, match="one item or several different ones"):
        unit_key(items)


def test_an_act_on_pairs_is_undone_as_one_and_says_nothing_of_their_items() -> None:
    pairs = tuple(map(unit_key, (["a", "b"], ["b", "a"], ["c", "a"])))
    schema = Schema(["left", "right"])
    fold = Fold()
    fold.apply(LabelEvent("schema", "t", "ann", value=schema.to_dict()))
    both = LabelEvent("label", "t", "ann", item_ids=pairs[:2], value="left")
    for event in (both, LabelEvent("label", "t", "bob", item_ids=pairs[1:], value="right")):
        fold.apply(event)
    assert [fold.meaning(found) if (found := fold.answer(key)) else None for key in pairs] == [
        "left",
        "right",
        "right",
    ]
    assert fold.answer("a") is None
    assert not fold.skipped("a")
    assert set(fold.apply(LabelEvent("undo", "t", "ann", value=both.event_id))) == set(pairs[:2])
    assert [fold.answer(key) is not None for key in pairs] == [False, True, True]
