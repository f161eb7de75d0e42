"""The contract of every kind of item."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import HitlError
from hitl_widgets.items.base import Size, content_hash, kind_of, kinds
from pdfs import pdf
from videos import video


def tinted(i: int, n: int, width: int, height: int) -> Any:
    """A frame of a video: what lies at a place depends on the video."""
    return np.roll(np.full((height, width, 3), (10 * i, 255 - 10 * i, 90), np.uint8), n, axis=0)


PIXELS = np.random.default_rng(0).integers(0, 255, (24, 9, 12, 3), np.uint8)

# Different items of each kind, as users pass them. Readable items contain "a text of 7 words".
ITEMS: dict[str, list[Any]] = {
    "text": [f"a text of {i} words" for i in range(24)],
    "html": [f"<p>a <b>text</b> of {i} words" for i in range(24)],
    "markdown": [f"a **text** of {i} words" for i in range(24)],
    "conversation": [
        [{"role": "user", "content": f"a text of {i} words"}, {"role": "assistant", "content": "Yes."}]
        for i in range(24)
    ],
    "code": [f"# a text of {i} words\nx = {i}" for i in range(24)],
    "image": list(PIXELS),
    "audio": [(np.sin(np.arange(2_000) * (i + 1) / 20).astype(np.float32), 8_000) for i in range(24)],
    "video": [video(10, size=(48, 32), picture=lambda n, w, h, i=i: tinted(i, n, w, h)) for i in range(24)],
    "pdf": [pdf(f"a text of {i} words") for i in range(24)],
    "series": [{"volts": np.sin(np.arange(300) * (i + 1) / 9), "time": np.arange(300)} for i in range(24)],
    "list": [[f"a text of {i} words", f"another text {i}"] for i in range(24)],
    "table": [{"size": i, "colour": "red" if i % 3 else "blue"} for i in range(24)],
}

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
    if name == "series":  # lists of numbers may be many things
        assert "series" not in claimed
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
