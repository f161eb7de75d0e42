"""Large images in parts: the whole at a reduced size, and tiles of it."""

from __future__ import annotations

import io
import os
import threading
from collections import OrderedDict
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image

from hitl_widgets.items.base import Payload
from hitl_widgets.items.pictures import image_size, load_image

__all__ = ["BASE", "TILE", "ItemKey", "compressed", "part"]

BASE, TILE = 2_048, 512
LEVELS = 4  # of tiles: 1, 2, 4 or 8 pixels of the image for one of the tile
KEPT, KEPT_PIXELS = 2, 80_000_000  # decoded images that are kept; of large ones only the last
BASES = 8  # encoded images that are kept, while their bytes are fetched
QUALITIES = (90, 75, 50, 25)
SMALLEST = 32

Ask = Mapping[str, str | float | bool]


def part(item: Any, ask: Ask, most: int) -> Payload:
    """Return a part of an image, which has the ``width`` and ``height`` that the browser says.

    ``{"what": "base", "at": n}`` gives the bytes of the whole image in at most 2,048 pixels, from ``n`` on.
    ``{"what": "tile", "x": i, "y": j, "level": k}`` gives the tile in column i and row j, in at most 512
    pixels, of which each stands for ``2**k`` pixels of the image.

    Raises
    ------
    ValueError
        With a message for the user.
    """
    width, height = image_size(item)
    if (ask.get("width"), ask.get("height")) != (width, height):
        raise ValueError("The image has changed since it was displayed: run the cell again.")
    match ask.get("what"):
        case "base":
            mime, data = _base(ItemKey(item))
            at = _whole(ask, "at", len(data))
            return Payload({"kind": "image", "total": len(data)}, ((mime, data[at : at + most]),))
        case "tile":
            level = _whole(ask, "level", LEVELS - 1)
            step = TILE << level
            x = _whole(ask, "x", (width - 1) // step) * step
            y = _whole(ask, "y", (height - 1) // step) * step
            right, bottom = min(x + step, width), min(y + step, height)
            cut = _decoded(ItemKey(item)).crop((x, y, right, bottom))
            if level:
                cut = cut.resize((-(-cut.width >> level), -(-cut.height >> level)), Image.Resampling.BOX)
            return Payload({"kind": "image"}, (compressed(cut, most),))
    raise ValueError(f"An image has no part {ask.get('what')!r}.")


def _whole(ask: Ask, name: str, top: int) -> int:
    number = ask.get(name, 0)
    if isinstance(number, str | bool) or not 0 <= number <= top or number != int(number):
        raise ValueError(f"{name}={number!r} is not in the image.")
    return int(number)


class ItemKey:
    """An item as the key of a cache: a file until it changes, else the object, which it keeps alive.

    Attributes
    ----------
    version
        Differs between the versions of a file; empty for an object.
    """

    def __init__(self, item: Any) -> None:
        self.item = item
        self._is: tuple[Any, ...] = (id(item),)
        self.version = ""
        if isinstance(item, str | os.PathLike):
            state = os.stat(item)  # noqa: PTH116 - the item may be a text
            self._is = (os.fspath(item), state.st_mtime_ns, state.st_size)
            self.version = f"{state.st_mtime_ns:x}-{state.st_size:x}"

    def __hash__(self) -> int:
        return hash(self._is)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ItemKey) and self._is == other._is


_lock = threading.Lock()
_kept: OrderedDict[ItemKey, Image.Image] = OrderedDict()


def _decoded(key: ItemKey) -> Image.Image:
    """Return the whole image; the last ones are kept, because decoding takes seconds."""
    with _lock:  # so that no image is decoded twice at a time
        found = _kept.pop(key, None)
        if found is None:
            found = load_image(key.item)
        _kept[key] = found
        while len(_kept) > 1 and (len(_kept) > KEPT or sum(map(_pixels, _kept.values())) > KEPT_PIXELS):
            _kept.popitem(last=False)
        return found


def _pixels(image: Image.Image) -> int:
    return image.width * image.height


@lru_cache(BASES)
def _base(key: ItemKey) -> tuple[str, bytes]:
    with _lock:
        found = _kept.get(key)
    image = load_image(key.item, BASE) if found is None else found.copy()
    image.thumbnail((BASE, BASE), reducing_gap=3)
    return compressed(image, None)


def compressed(image: Image.Image, most: int | None) -> tuple[str, bytes]:
    """Return JPEG, or WebP for an image with transparency: in the best quality that fits, else smaller."""
    form, more = "JPEG", {"subsampling": 0}
    if image.mode == "RGBA" and np.asarray(image.getchannel("A")).min() < 255:
        form, more = "WEBP", {"method": 2}
    elif image.mode == "RGBA":
        image = image.convert("RGB")
    for quality in QUALITIES:
        stream = io.BytesIO()
        image.save(stream, form, quality=quality, **more)
        if most is None or stream.tell() <= most or max(image.size) <= SMALLEST:
            return f"image/{form.lower()}", stream.getvalue()
    return compressed(image.reduce(2), most)
