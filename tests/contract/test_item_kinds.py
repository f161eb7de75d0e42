"""The contract of every kind of item."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from everyitem import ITEMS
from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import HitlError
from hitl_widgets.items.base import Size, content_hash, kind_of, kinds

pytestmark = pytest.mark.parametrize("name", [kind.name for kind in kinds()])


def items(name: str) -> list[Any]:
    return kind_of(name).read(ITEMS[name], "items")


def test_items_are_known_by_what_they_hold(name: str) -> None:
    kind, once, again = kind_of(name), items(name), items(name)
    found = [content_hash(kind, item) for item in once]
    assert len(set(found)) == len(once)
    assert [content_hash(kind, item) for item in again] == found
    assert all(kind.canonical(item) is item for item in once)


@pytest.mark.parametrize("size", [Size(), Size(side=160, glimpse=True), Size(most=2_000)])
def test_a_screen_gets_json_and_media_of_a_named_type(name: str, size: Size) -> None:
    for item in items(name):
        made = kind_of(name).payload(item, size)
        assert json.loads(json.dumps(made.content)) == made.content
        assert made.content["kind"] != "broken"
        for mime, data in made.media:
            assert mime.count("/") == 1
            assert isinstance(data, bytes)
            assert data


def test_items_become_numbers_and_new_ones_the_same(name: str) -> None:
    kind = kind_of(name)
    given_ = list(map(kind.words, items(name))) if kind.reads else items(name)
    X, encoder = kind.features(given_)
    assert X.dtype == np.float32
    assert X.shape[0] == len(given_)
    assert np.isfinite(X).all()
    np.testing.assert_allclose(encoder.transform(given_), X, atol=1e-4)


def test_words_are_text_where_people_read_it(name: str) -> None:
    kind = kind_of(name)
    for i, item in enumerate(items(name)):
        assert isinstance(kind.words(item), str)
        assert not kind.reads or f"a text of {i} words" in kind.words(item)


def test_a_list_of_them_is_recognised_unless_it_must_be_said(name: str) -> None:
    claimed = [kind.name for kind in kinds() if kind.claims(ITEMS[name])]
    if name in {"series", "several"}:  # such lists may be many things
        assert name not in claimed
        return
    assert claimed[:1] == ["text" if isinstance(ITEMS[name][0], str) else name]
    pool = Pool.from_data(ITEMS[name])
    assert len(pool) == len(ITEMS[name])
    assert pool.kind == claimed[0]


CELLS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.binary(max_size=9)


@settings(max_examples=50)
@given(value=CELLS)
def test_whatever_stands_in_a_column_is_shown_or_said(name: str, value: Any) -> None:
    kind = kind_of(name)
    try:
        [item] = kind.read([{"cell": value} if kind.tabular else value], "items")
    except HitlError as error:
        assert "row 0" in str(error)  # noqa: PT017 - some values are not items
        return
    content_hash(kind, item)
    made = kind.payload(item, Size())
    assert made.content["kind"] != "broken" or made.content["why"]
    json.dumps(made.content)
