from __future__ import annotations

import io
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from helpers import ANY_TEXT
from hitl_widgets.data import items
from hitl_widgets.data.items import load_image, payload, table_cell
from hitl_widgets.data.pool import Pool


def encoded(image: Image.Image, kind: str = "PNG") -> bytes:
    stream = io.BytesIO()
    image.save(stream, format=kind)
    return stream.getvalue()


def png_that_claims(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header claims a huge size."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(b"\0" * 100)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


# -- text


@pytest.mark.parametrize("text", ["hello", "<script>alert(1)</script>", "a\0b", "زبان", "a\nb\t"])
def test_a_text_is_shown_as_it_is(text: str) -> None:
    assert payload("text", text).content == {"kind": "text", "text": text}


@pytest.mark.parametrize("text", ["", "  \n\t"])
def test_a_text_without_content_says_so(text: str) -> None:
    assert payload("text", text).content == {"kind": "broken", "why": "This item has no text."}


def test_a_long_text_is_cut_and_says_by_how_much() -> None:
    content = payload("text", "x" * 20_005).content
    assert len(content["text"]) == 20_000
    assert content["cut"] == 5


@given(ANY_TEXT, ANY_TEXT)
def test_every_text_and_cell_can_be_sent_as_json(text: str, name: str) -> None:
    for made in (payload("text", text), payload("table", {name: text})):
        sent = json.dumps(made.content, ensure_ascii=False, allow_nan=False).encode("utf-8")
        assert json.loads(sent) == made.content


# -- tables


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (float("nan"), ""),
        (pd.NA, ""),
        (pd.NaT, ""),
        (1.5, "1.5"),
        (1 / 3, "0.333333"),
        (3, "3"),
        (True, "True"),
        ("text", "text"),
        ("\ud800", "?"),
        (["a", 1], "['a', 1]"),
    ],
)
def test_a_table_value_is_short_text(value: Any, shown: str) -> None:
    assert table_cell(value) == shown


def test_a_long_cell_is_cut() -> None:
    assert len(table_cell("x" * 1000)) == 400
    assert table_cell("x" * 1000).endswith("…")


def test_a_table_row_is_shown_in_the_order_of_its_columns() -> None:
    assert payload("table", {"b": 1, "a": None}).content == {
        "kind": "table",
        "rows": [["b", "1"], ["a", ""]],
    }


# -- images


@pytest.mark.parametrize(
    ("item", "mode"),
    [
        (np.zeros((4, 6), np.uint8), "L"),
        (np.zeros((4, 6)), "L"),
        (np.zeros((4, 6), bool), "L"),
        (np.arange(24).reshape(4, 6) * 1000, "L"),
        (np.zeros((4, 6, 1)), "L"),
        (np.zeros((4, 6, 3)), "RGB"),
        (np.zeros((4, 6, 4), np.uint8), "RGBA"),
        (Image.new("RGB", (6, 4)), "RGB"),
        (Image.new("P", (6, 4)), "RGBA"),
        (Image.new("CMYK", (6, 4)), "RGB"),
        (Image.new("I;16", (6, 4)), "RGB"),
        (encoded(Image.new("RGB", (6, 4))), "RGB"),
        (bytearray(encoded(Image.new("L", (6, 4)), "JPEG")), "L"),
        (encoded(Image.new("RGB", (6, 4)), "WEBP"), "RGB"),
    ],
)
def test_images_of_every_form_are_shown_as_png(item: Any, mode: str) -> None:
    assert load_image(item).mode == mode
    made = payload("image", item)
    assert made.content == {"kind": "image", "width": 6, "height": 4}
    assert Image.open(io.BytesIO(made.data)).format == "PNG"


def test_an_image_is_read_from_its_path(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encoded(Image.new("RGB", (6, 4))))
    assert payload("image", path).content["width"] == 6
    assert payload("image", str(path)).content["width"] == 6


def test_a_large_image_is_made_smaller_and_keeps_its_true_size_in_words() -> None:
    made = payload("image", Image.new("RGB", (2000, 1000)), side=160)
    assert made.content == {"kind": "image", "width": 2000, "height": 1000}
    assert Image.open(io.BytesIO(made.data)).size == (160, 80)


def test_what_a_camera_wrote_into_a_file_stays_there() -> None:
    stream = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "home address"
    Image.new("RGB", (6, 4)).save(stream, format="JPEG", exif=exif)
    assert b"home address" in stream.getvalue()
    assert b"home address" not in payload("image", stream.getvalue()).data


def test_grey_values_are_stretched_to_what_can_be_seen() -> None:
    pixels = np.asarray(load_image(np.array([[100.0, 200.0]])))
    assert pixels.tolist() == [[0, 255]]
    assert np.asarray(load_image(np.array([[0.0, 0.5]]))).tolist() == [[0, 128]]


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (b"this is no image", "no image that can be read"),
        (b"", "no image that can be read"),
        (encoded(Image.new("RGB", (60, 40)))[:60], "damaged"),
        (Path("/no/such/file.png"), "cannot be read: No such file"),
        (Path("/"), "cannot be read"),
        (np.array([[np.nan, 1.0]]), "NaN"),
        (np.zeros((0, 4)), r"shape \(0, 4\)"),
        (np.zeros((4, 4, 7)), r"shape \(4, 4, 7\)"),
        (np.zeros(4), r"shape \(4,\)"),
        (np.array([["a"]]), "convert"),
        (Image.new("RGB", (0, 0)), "no pixels"),
        (png_that_claims(9_000, 9_000), "9000 x 9000 pixels"),
        (png_that_claims(60_000, 60_000), "too large"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "no image that can be read"),
        (None, "no image"),
        (17, "."),
    ],
)
def test_an_image_that_cannot_be_shown_says_why_and_the_others_go_on(item: Any, words: str) -> None:
    pool = Pool("image", [item, np.zeros((2, 2))], ("bad", "good"), np.arange(2))
    broken = pool.payload(0)
    assert broken.content["kind"] == "broken"
    assert broken.data == b""
    with pytest.raises(Exception, match=words):
        load_image(item)
    assert pool.payload(1).content["kind"] == "image"


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(items, "MAX_IMAGE_BYTES", 10)
    path = tmp_path / "large.png"
    path.write_bytes(b"x" * 11)
    assert "larger than" in payload("image", path).content["why"]
    assert "the limit is" in payload("image", b"x" * 11).content["why"]


@given(st.binary(max_size=200))
def test_no_bytes_make_the_payload_raise(data: bytes) -> None:
    assert payload("image", data).content["kind"] in {"broken", "image"}
