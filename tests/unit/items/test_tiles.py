"""Large images in parts: the whole at a reduced size, and tiles; and images that are stored turned."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from hitl_widgets.items import tiles
from hitl_widgets.items.base import InParts, Measured, Size, kind_of
from hitl_widgets.items.pictures import image_size, load_image

KIND: Any = kind_of("image")
RNG = np.random.default_rng(0)
SMALL = Image.fromarray(RNG.integers(0, 255, (9, 12, 3), np.uint8))
ROWS = np.asarray(SMALL.resize((3050, 2250), Image.Resampling.BICUBIC))


def encoded(image: Image.Image, form: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def turned(value: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = value
    return exif


def part(item: Any, most: int = 1_000_000, **ask: Any) -> Any:
    width, height = image_size(item)
    return KIND.more(item, {"width": width, "height": height, **ask}, most)


def pixels(payload: Any) -> Any:
    [(mime, data)] = payload.media
    assert mime in {"image/jpeg", "image/webp"}
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


FORMS: dict[str, Any] = {
    "array": ROWS,
    "grey array": ROWS[..., 0],
    "Pillow image": Image.fromarray(ROWS),
    "PNG": encoded(Image.fromarray(ROWS), "PNG"),
    "JPEG": encoded(Image.fromarray(ROWS), "JPEG", quality=95),
    "turned JPEG": encoded(Image.fromarray(ROWS), "JPEG", quality=95, exif=turned(6)),
    "with transparency": np.dstack([ROWS, np.full(ROWS.shape[:2], 200, np.uint8)]),
}


@pytest.mark.parametrize("form", FORMS)
def test_tiles_together_are_the_image(form: str) -> None:
    item = FORMS[form]
    assert isinstance(KIND, InParts)
    assert isinstance(KIND, Measured)
    whole = np.asarray(load_image(item).convert("RGB")).astype(int)
    height, width = whole.shape[:2]
    assert KIND.extent(item) == (width, height)
    assert KIND.payload(item, Size()).content == {"kind": "image", "width": width, "height": height}
    for level in range(tiles.LEVELS):
        step = tiles.TILE << level
        small = np.asarray(Image.fromarray(whole.astype(np.uint8)).reduce(1 << level)).astype(int)
        for x in range(0, width, step):
            for y in range(0, height, step):
                found = pixels(part(item, what="tile", x=x // step, y=y // step, level=level))
                there = small[y >> level : (y + step) >> level, x >> level : (x + step) >> level]
                assert abs(found.shape[0] - there.shape[0]) <= 1 >= abs(found.shape[1] - there.shape[1])
                h, w = min(found.shape[0], there.shape[0]), min(found.shape[1], there.shape[1])
                assert np.abs(found[:h, :w] - there[:h, :w]).mean() < 4


@pytest.mark.parametrize("form", FORMS)
def test_the_whole_image_comes_in_parts(form: str) -> None:
    item, data, total = FORMS[form], b"", 1
    while len(data) < total:
        one = part(item, 20_000, what="base", at=len(data))
        assert 0 < len(one.media[0][1]) <= 20_000
        data, total = data + one.media[0][1], one.content["total"]
    width, height = image_size(item)
    base = Image.open(io.BytesIO(data))
    assert max(base.size) == 2048
    assert base.width / base.height == pytest.approx(width / height, rel=0.01)


@pytest.mark.parametrize(
    "ask",
    [
        {"what": "tile", "x": 6},
        {"what": "tile", "x": -1},
        {"what": "tile", "x": 0.5},
        {"what": "tile", "x": "1"},
        {"what": "tile", "y": True},
        {"what": "tile", "y": 1e300},
        {"what": "tile", "x": float("nan")},
        {"what": "tile", "x": float("inf")},
        {"what": "tile", "level": 4},
        {"what": "tile", "x": 5, "level": 3},
        {"what": "base", "at": -1},
        {"what": "base", "at": 10**12},
        {"what": "anything"},
        {},
    ],
)
def test_what_is_not_in_the_image_is_refused(ask: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"not in the image|no part"):
        part(FORMS["array"], **ask)


@pytest.mark.parametrize("item", [None, b"no image", Path("nowhere.png"), "https://example.org/a.png"])
def test_what_is_no_image_has_no_parts(item: Any) -> None:
    with pytest.raises(ValueError, match=r"\w{3}"):
        KIND.more(item, {"what": "base", "width": 1, "height": 1}, 10_000)


def test_a_tile_is_no_larger_than_the_line_takes() -> None:
    noise = RNG.integers(0, 255, (600, 600, 3), np.uint8)
    sizes = [len(part(noise, most, what="tile").media[0][1]) for most in (1_000_000, 200_000, 48_000)]
    assert sizes[0] > 200_000 >= sizes[1] > 48_000 >= sizes[2]


def test_a_file_that_changes_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "image.png"
    Image.new("RGB", (600, 700), "red").save(path)
    assert pixels(part(path, what="tile"))[0, 0].tolist() == [254, 0, 0]
    Image.new("RGB", (600, 700), "blue").save(path)
    os.utime(path, ns=(1, 1))
    assert pixels(part(path, what="tile"))[0, 0, 2] > 200
    ask = {"what": "tile", "width": 600, "height": 700}
    Image.new("RGB", (601, 700), "blue").save(path)
    with pytest.raises(ValueError, match="has changed"):
        KIND.more(path, ask, 10_000)


def test_few_decoded_images_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded = []
    monkeypatch.setattr(tiles, "load_image", lambda item: decoded.append(1) or load_image(item))
    tiles._kept.clear()
    items = [encoded(Image.fromarray(ROWS[: 600 + i, :600]), "PNG") for i in range(4)]
    for item in items:
        part(item, what="tile")
        part(item, what="tile", x=1)
    assert len(decoded) == 4
    assert len(tiles._kept) == tiles.KEPT
    monkeypatch.setattr(tiles, "KEPT_PIXELS", 700_000)
    part(items[0], what="tile")
    assert len(tiles._kept) == 1


@pytest.mark.parametrize("value", range(9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_images_are_shown_upright(form: str, value: int) -> None:
    corners = np.zeros((40, 60, 3), np.uint8)
    corners[:20, :30] = 255
    data = encoded(Image.fromarray(corners), form, exif=turned(value))
    found, opened = np.asarray(load_image(data)), Image.open(io.BytesIO(data))
    expected = np.asarray(ImageOps.exif_transpose(opened).convert("RGB"))
    assert (found == expected).all()
    assert image_size(data) == found.shape[1::-1] == image_size(opened)
    assert (np.asarray(load_image(opened)) == expected).all()


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_damaged_metadata_does_not_hide_an_image() -> None:
    data = encoded(Image.new("RGB", (60, 40)), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff broken")
    assert load_image(data).size == image_size(data) == (60, 40)
