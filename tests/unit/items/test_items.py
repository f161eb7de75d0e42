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
from hitl_widgets.data.pool import Pool
from hitl_widgets.items import pictures
from hitl_widgets.items.base import Payload, Size, kind_of
from hitl_widgets.items.pictures import load_image
from hitl_widgets.items.table import cell as table_cell


def payload(kind: str, item: Any, **how: Any) -> Payload:
    return kind_of(kind).payload(item, Size(**how))


def bytes_of(made: Payload) -> bytes:
    return made.media[0][1] if made.media else b""


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
    assert Image.open(io.BytesIO(bytes_of(made))).format == "PNG"


def test_an_image_is_read_from_its_path(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encoded(Image.new("RGB", (6, 4))))
    assert payload("image", path).content["width"] == 6
    assert payload("image", str(path)).content["width"] == 6


def test_a_large_image_is_made_smaller_and_keeps_its_true_size_in_words() -> None:
    made = payload("image", Image.new("RGB", (2000, 1000)), side=160)
    assert made.content == {"kind": "image", "width": 2000, "height": 1000}
    assert Image.open(io.BytesIO(bytes_of(made))).size == (160, 80)


def test_what_a_camera_wrote_into_a_file_stays_there() -> None:
    stream = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "home address"
    Image.new("RGB", (6, 4)).save(stream, format="JPEG", exif=exif)
    assert b"home address" in stream.getvalue()
    assert b"home address" not in bytes_of(payload("image", stream.getvalue()))


def test_grey_values_are_stretched_to_what_can_be_seen() -> None:
    pixels = np.asarray(load_image(np.array([[100.0, 200.0]])))
    assert pixels.tolist() == [[0, 255]]
    assert np.asarray(load_image(np.array([[0.0, 0.5]]))).tolist() == [[0, 128]]


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (b"this is not an image", "not an image in a supported format"),
        (b"", "the file has no bytes"),
        (encoded(Image.new("RGB", (60, 40)))[:60], "damaged"),
        (Path("/no/such/file.png"), "cannot be read: No such file"),
        (Path("/"), "cannot be read"),
        (np.array([[np.nan, 1.0]]), "NaN"),
        (np.zeros((0, 4)), r"shape \(0, 4\)"),
        (np.zeros((4, 4, 7)), r"shape \(4, 4, 7\)"),
        (np.zeros(4), r"shape \(4,\)"),
        (np.array([["a"]]), "convert"),
        (Image.new("RGB", (0, 0)), "no pixels"),
        (png_that_claims(9_000, 9_000), "9,000 x 9,000 pixels: at most 60 megapixels"),
        (png_that_claims(60_000, 60_000), "hundreds of megapixels"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not an image in a supported format"),
        (None, "no image"),
        (17, "."),
    ],
)
def test_an_image_that_cannot_be_shown_says_why_and_the_others_go_on(item: Any, words: str) -> None:
    pool = Pool("image", [item, np.zeros((2, 2))], ("bad", "good"), np.arange(2))
    broken = pool.payload(0)
    assert broken.content["kind"] == "broken"
    assert broken.media == ()
    with pytest.raises(Exception, match=words):
        load_image(item)
    assert pool.payload(1).content["kind"] == "image"


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MAX_IMAGE_BYTES", 10)
    path = tmp_path / "large.png"
    path.write_bytes(b"x" * 11)
    assert "larger than" in payload("image", path).content["why"]
    assert "the limit is" in payload("image", b"x" * 11).content["why"]


@given(st.binary(max_size=200))
def test_no_bytes_make_the_payload_raise(data: bytes) -> None:
    assert payload("image", data).content["kind"] in {"broken", "image"}


# -- hostile files


def gif_of(n: int) -> bytes:
    frames = [Image.new("P", (4, 4), i % 7) for i in range(n)]
    stream = io.BytesIO()
    frames[0].save(stream, format="GIF", save_all=True, append_images=frames[1:], duration=10)
    return stream.getvalue()


def png_with_a_past() -> bytes:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("Comment", "home address")
    info.add_itxt("Author", "home address", zip=True)
    exif = Image.Exif()
    exif.get_ifd(0x8825)[1] = "home address"
    exif[0x010E] = "home address"
    stream = io.BytesIO()
    picture = Image.new("RGB", (6, 4))
    picture.save(stream, format="PNG", pnginfo=info, exif=exif, icc_profile=b"home address", dpi=(7, 7))
    return stream.getvalue()


def chunks(png: bytes) -> list[bytes]:
    found, at = [], 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        found.append(png[at + 4 : at + 8])
        at += 12 + length
    return found


def test_a_bomb_of_a_few_kilobytes_is_not_opened() -> None:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    side = 20_000
    squeezed = zlib.compressobj(9)
    rows = b"".join(squeezed.compress(b"\0" * (1 + side // 8)) for _ in range(side)) + squeezed.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    assert len(bomb) < 100_000
    made = payload("image", bomb)
    assert (made.content["kind"], bytes_of(made)) == ("broken", b"")
    assert "hundreds of megapixels" in made.content["why"]


def test_of_an_animation_one_frame_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    from PIL.GifImagePlugin import GifImageFile

    gif = gif_of(3000)
    sought: list[int] = []
    seek = GifImageFile.seek
    monkeypatch.setattr(GifImageFile, "seek", lambda self, n: (sought.append(n), seek(self, n))[1])
    made = payload("image", gif)
    assert made.content == {"kind": "image", "width": 4, "height": 4}
    assert max(sought, default=0) == 0


def test_what_is_sent_holds_pixels_and_nothing_else() -> None:
    source = png_with_a_past()
    assert {b"tEXt", b"iTXt", b"eXIf", b"iCCP", b"pHYs"} <= set(chunks(source))
    for item in (source, Image.open(io.BytesIO(source))):
        assert set(chunks(bytes_of(payload("image", item)))) == {b"IHDR", b"IDAT", b"IEND"}


@pytest.mark.parametrize(
    "made",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<?xml version='1.0'?><!DOCTYPE svg [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><svg>&x;</svg>",
        b"GIF89a/*<script>alert(1)</script>*/=1;",
        b"%PDF-1.7\n\x89PNG\r\n\x1a\n",
        b"MZ" + encoded(Image.new("RGB", (6, 4))),
        encoded(Image.new("RGB", (6, 4)), "TIFF"),
        encoded(Image.new("RGB", (6, 4)), "ICO"),
        encoded(Image.new("RGB", (6, 4)), "PPM"),
        encoded(Image.new("RGB", (60, 40)))[:60],
        encoded(Image.new("RGB", (6, 4)), "BMP")[:14]
        + struct.pack("<IiiHHI", 40, 2**31 - 1, 2**30, 1, 24, 0),
        b"RIFF\xff\xff\xff\xffWEBPVP8 " + b"\xff" * 100,
        b"\xff\xd8\xff\xe0" + b"\xff" * 500,
    ],
)
def test_what_is_no_image_of_a_known_form_is_not_shown(made: bytes) -> None:
    shown = payload("image", made)
    assert (shown.content["kind"], bytes_of(shown)) == ("broken", b"")
    assert "/" not in shown.content["why"].replace("image file", "")


def test_an_image_that_is_also_a_page_is_sent_as_new_pixels() -> None:
    both = encoded(Image.new("RGB", (6, 4)), "GIF") + b"<script>alert(1)</script>"
    made = payload("image", both)
    assert made.content["kind"] == "image"
    assert b"script" not in bytes_of(made)


def test_an_image_that_was_opened_elsewhere_has_the_same_limits() -> None:
    opened = Image.open(io.BytesIO(png_that_claims(9_000, 9_000)))
    assert "9,000 x 9,000 pixels" in payload("image", opened).content["why"]


def test_tiff_says_what_to_pass_instead() -> None:
    why = payload("image", encoded(Image.new("RGB", (6, 4)), "TIFF")).content["why"]
    assert "numpy.asarray(PIL.Image.open(path))" in why


# -- paths


def test_a_path_names_a_regular_file_or_nothing(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "secret.txt").write_text("home address")
    real = tmp_path / "real.png"
    real.write_bytes(encoded(Image.new("RGB", (6, 4))))
    (tmp_path / "link.png").symlink_to(real)
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    odd = [tmp_path / "pipe.png", tmp_path, "/dev/zero", "/dev/stdin", tmp_path / "loop.png", "a\0b", ""]
    pool = Pool.from_data(pd.DataFrame({"i": [str(p) for p in odd]}), image="i")
    for i in range(len(pool)):
        assert pool.payload(i).content["kind"] == "broken"
    for path in (tmp_path / "link.png", tmp_path / "x" / ".." / "real.png"):
        (tmp_path / "x").mkdir(exist_ok=True)
        assert payload("image", path).content["kind"] == "image"
    for path in ("/etc/passwd", tmp_path / "secret.txt"):
        shown = payload("image", path)
        assert shown.content == {
            "kind": "broken",
            "why": "The bytes are not an image in a supported format (PNG, JPEG, WEBP, GIF, BMP).",
        }
        assert bytes_of(shown) == b""


def test_a_reason_is_short_and_can_be_sent() -> None:
    why = payload("image", "\udcff" + "x" * 100_000).content["why"]
    assert len(why) <= 500
    json.dumps(why, ensure_ascii=False).encode()


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_an_image_takes_no_more_bytes_than_it_should(mode: str) -> None:
    channels = {"L": (), "RGB": (3,), "RGBA": (4,)}[mode]
    noise = np.random.default_rng(0).integers(0, 255, (900, 700, *channels), np.uint8)
    whole = payload("image", noise)
    assert whole.media[0][0] == "image/png"
    assert payload("image", noise, most=len(bytes_of(whole))) == whole
    before = len(bytes_of(whole))
    for most in (200_000, 100_000, 40_000):
        found = payload("image", noise, most=most)
        assert found.content == whole.content
        assert found.media[0][0] == "image/jpeg"
        assert len(bytes_of(found)) <= min(most, before)
        with Image.open(io.BytesIO(bytes_of(found))) as image:
            assert 256 <= max(image.size) <= 768
    assert max(Image.open(io.BytesIO(bytes_of(payload("image", noise, most=1)))).size) == 256
    small = payload("image", noise, side=160, most=10**6)
    assert max(Image.open(io.BytesIO(bytes_of(small))).size) == 160
