"""PDF files: pages are drawn one at a time, their text is read, and what is wrong is said."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from hitl_widgets.data.pool import Pool
from hitl_widgets.items.base import Size, content_hash, kind_of
from pdfs import pdf

KIND: Any = kind_of("pdf")


def test_pages_are_drawn_on_request_at_the_size_that_is_needed() -> None:
    data = pdf(*(f"page {i}" for i in range(500)))
    first = KIND.payload(data, Size(side=300))
    assert (first.content["pages"], first.content["page"]) == (500, 0)
    assert Image.open(io.BytesIO(first.media[0][1])).size == (212, 300)
    last = KIND.more(data, {"page": 499, "side": 1_200}, 2**20)
    image = Image.open(io.BytesIO(last.media[0][1]))
    assert image.size == (848, 1_200)
    assert image.convert("L").getextrema() == (0, 255)
    assert len(KIND.more(data, {"page": 3, "side": 4_000}, 60_000).media[0][1]) <= 60_000
    for ask in ({"page": 500, "side": 300}, {"page": 0, "side": 9_000}, {"page": "0", "side": 300}, {}):
        with pytest.raises(ValueError, match=r"no such page|no page 501"):
            KIND.more(data, ask, 2**20)


def test_the_text_of_the_pages_is_their_words(tmp_path: Path) -> None:
    data = pdf("refund please", "second page")
    path = tmp_path / "a.pdf"
    path.write_bytes(data)
    assert KIND.words(data) == KIND.words(path) == "refund please\nsecond page"
    assert content_hash(KIND, data) == content_hash(KIND, data)
    moved = path.rename(tmp_path / "b.pdf")
    assert content_hash(KIND, moved) == content_hash(KIND, str(moved))
    assert KIND.words(tmp_path / "none.pdf") == "none.pdf"
    pool = Pool.from_data([moved, pdf("other")])
    assert (pool.kind, pool.texts) == ("pdf", ["refund please\nsecond page", "other"])
    assert pool.edited == {}


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (b"", "The PDF file is empty"),
        (b"hello", "not a PDF file"),
        (pdf("a")[:60], "not a PDF file"),
        (pdf("secret", encrypted=True), "has a password"),
        (Path("none.pdf"), "No such file"),
        (Path(), "Is a directory"),
        (None, "missing"),
    ],
)
def test_what_cannot_be_drawn_is_said_on_the_item(wrong: Any, why: str) -> None:
    content = KIND.payload(wrong, Size()).content
    assert content["kind"] == "broken"
    assert why in content["why"]
