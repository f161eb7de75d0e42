"""One item -> what a screen needs to show it: plain values, bytes, and markup only where it was asked for."""

from __future__ import annotations

import io
import math
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from PIL import Image, UnidentifiedImageError

from hitl_widgets.data.markup import MARKUP, address_host, sanitise, visible_text

__all__ = [
    "ItemKind",
    "Payload",
    "is_address",
    "is_missing",
    "load_image",
    "payload",
    "read_file",
    "table_cell",
]

ItemKind = Literal["text", "html", "markdown", "image", "table"]

# Not TIFF: libtiff reads dozens of encodings from bytes that anybody may have made, and Pillow shows 16-bit
# TIFFs wrong. Who has them passes arrays.
IMAGE_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
MAX_IMAGE_BYTES = 64 * 2**20
MAX_PIXELS = 50_000_000
SHOWN_SIDE = 768
# Of an image that is to take fewer bytes, for a slow line.
SMALLER_SIDES = (768, 512, 384, 256)
QUALITY = 80
PNG = "image/png"
SHOWN_CHARACTERS = 20_000
GLIMPSE_CHARACTERS = 1_000
CELL_CHARACTERS = 400
WHY_CHARACTERS = 500


@dataclass(frozen=True)
class Payload:
    """What the browser gets of one item.

    Attributes
    ----------
    content
        JSON values; ``content["kind"]`` is ``text``, ``markup``, ``image``, ``remote`` (an image that the
        browser loads), ``table`` or ``broken``.
    data
        The encoded image of an image item, else empty: PNG, unless ``content["mime"]`` says otherwise.
    """

    content: dict[str, Any] = field(default_factory=dict)
    data: bytes = b""


def payload(
    kind: ItemKind,
    item: Any,
    *,
    side: int = SHOWN_SIDE,
    most: int | None = None,
    hosts: Sequence[str] = (),
) -> Payload:
    """Show one item; an item that cannot be shown becomes a placeholder that says why.

    Parameters
    ----------
    side
        Images are at most so wide and high; below the default it is a glimpse, and markup is its text.
    most
        Bytes that an image should take: a larger one is compressed, then made smaller, down to 256
        pixels.
    hosts
        Where the browser may load images from.
    """
    if kind == "text":
        return _text(item)
    if kind in MARKUP:
        return _markup(kind, item, hosts, glimpse=side < SHOWN_SIDE)
    if kind == "table":
        rows = [[_short(str(name)), table_cell(value)] for name, value in item.items()]
        return Payload({"kind": "table", "rows": rows})
    if is_address(item):
        return _remote(item, hosts)
    try:
        image = load_image(item)
    except Exception as error:  # noqa: BLE001 - whatever Pillow raises, the person sees the reason
        return _broken(str(error))
    width, height = image.size
    data, mime = _encoded(image, side, most)
    content = {"kind": "image", "width": width, "height": height}
    return Payload(content if mime == PNG else content | {"mime": mime}, data)


def _encoded(image: Image.Image, side: int, most: int | None) -> tuple[bytes, str]:
    """As PNG, to the last bit; where that is too large as JPEG, as large as it may be."""
    image.thumbnail((side, side))
    data = _saved(image, "PNG")
    if most is None or len(data) <= most:
        return data, PNG
    opaque = image
    if image.mode == "RGBA":  # JPEG has no transparency
        opaque = Image.new("RGB", image.size, "white")
        opaque.paste(image, mask=image.getchannel("A"))
    for smaller in SMALLER_SIDES:
        opaque.thumbnail((smaller, smaller))
        data = _saved(opaque, "JPEG", quality=QUALITY)
        if len(data) <= most:
            break
    return data, "image/jpeg"


def _saved(image: Image.Image, format_: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format=format_, **options)
    return stream.getvalue()


def _broken(why: str) -> Payload:
    return Payload({"kind": "broken", "why": _short(why, WHY_CHARACTERS)})


def _markup(kind: str, item: str, hosts: Sequence[str], *, glimpse: bool) -> Payload:
    clean, cut = sanitise(kind, _sendable(item), hosts)
    text = visible_text(clean)
    if not text:
        return _broken("This item has no text.")
    if glimpse:
        return Payload({"kind": "text", "text": text[:GLIMPSE_CHARACTERS]})
    content = {"kind": "markup", "html": clean, "text": text[:GLIMPSE_CHARACTERS], "hosts": list(hosts)}
    return Payload(content | ({"cut": cut} if cut else {}))


def is_address(item: Any) -> bool:
    """Whether an image item lies on the web."""
    return isinstance(item, str) and item.strip().lower().startswith(("http://", "https://"))


def _remote(address: str, hosts: Sequence[str]) -> Payload:
    host = address_host(address)
    if host is None:
        return _broken("The image has an address that is not loaded: https://host/path is, without a port.")
    if host not in hosts:
        return _broken(
            f"The image lies at {host}, and nothing is loaded from there. So that the browser loads it, pass "
            f"remote_images=[{host!r}]."
        )
    return Payload({"kind": "remote", "url": _sendable(address.strip())})


def is_missing(value: Any) -> bool:
    """Whether a table value is None, NaN, NaT or pandas.NA."""
    if value is None or type(value).__name__ in {"NAType", "NaTType"}:
        return True
    return isinstance(value, float) and math.isnan(value)


def _sendable(text: str) -> str:
    """The text with lone surrogates, which no message can carry, as question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _short(text: str, limit: int = CELL_CHARACTERS) -> str:
    return _sendable(text if len(text) <= limit else text[: limit - 1] + "…")


def _text(item: str) -> Payload:
    if not item.strip():
        return _broken("This item has no text.")
    content: dict[str, Any] = {"kind": "text", "text": _sendable(item[:SHOWN_CHARACTERS])}
    if len(item) > SHOWN_CHARACTERS:
        content["cut"] = len(item) - SHOWN_CHARACTERS
    return Payload(content)


def table_cell(value: Any) -> str:
    """A table value as short text; a missing one is empty."""
    if is_missing(value):
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    return _short(str(value))


def load_image(item: Any) -> Image.Image:
    """Decode an image item to a Pillow image in mode L, RGB or RGBA.

    Parameters
    ----------
    item
        Encoded bytes, a path, a Pillow image, or an array of shape (h, w), (h, w, 1|3|4).

    Raises
    ------
    ValueError
        With a reason fit for a person: missing file, unknown format, too large, odd shape.

    Notes
    -----
    Of an animation only the first frame is decoded. Nothing of a file but its pixels is kept.
    """
    if item is None:
        raise ValueError("This item has no image.")
    if isinstance(item, Image.Image):
        if 0 in item.size:
            raise ValueError("The image has no pixels.")
        _check_pixels(item)
        return _plain(item)
    if isinstance(item, np.ndarray):
        return _from_array(item)
    if is_address(item):
        raise ValueError("The image lies on the web, from where the kernel loads nothing.")
    data = bytes(item) if isinstance(item, bytes | bytearray | memoryview) else _read(item)
    if len(data) > MAX_IMAGE_BYTES:
        raise ValueError(f"The image has {len(data) / 2**20:.0f} MB; the limit is 64 MB.")
    return _decode(data)


def _check_pixels(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise ValueError(f"The image has {image.width} x {image.height} pixels: too many.")


def _decode(data: bytes) -> Image.Image:
    if data.startswith(TIFF):
        raise ValueError("TIFF files are not read: pass arrays, such as numpy.asarray(PIL.Image.open(path)).")
    # Not with warnings as errors: what warnings do is the process's, and another thread's would be lost.
    try:
        image = Image.open(io.BytesIO(data), formats=IMAGE_FORMATS)
        _check_pixels(image)
        image.load()
    except UnidentifiedImageError:
        readable = ", ".join(IMAGE_FORMATS)
        raise ValueError(f"The bytes are no image that can be read ({readable}).") from None
    except (OSError, SyntaxError, Image.DecompressionBombError, Warning) as error:
        raise ValueError(f"The image is damaged or too large: {error}.") from None
    return _plain(image)


def read_file(path: Any) -> bytes:
    """The bytes of a regular file of at most 64 MB: a pipe or a device would keep the kernel for ever.

    Raises
    ------
    ValueError
        For a larger file, and for what is no file.
    OSError
        When it cannot be read.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with open(os.open(path, flags), "rb") as file:  # noqa: PTH123 - a path has no such flags
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise ValueError("The path names no file.")
        if found.st_size > MAX_IMAGE_BYTES:
            raise ValueError(f"The image file is larger than {MAX_IMAGE_BYTES // 2**20} MB.")
        return file.read(MAX_IMAGE_BYTES + 1)


def _read(item: Any) -> bytes:
    if not isinstance(item, str | os.PathLike):
        raise ValueError(  # noqa: TRY004 - the caller tells people what is wrong with an item
            f"A {type(item).__name__} is no image: expected bytes, an array, a Pillow image or a path."
        )
    try:
        return read_file(item)
    except OSError as error:
        raise ValueError(f"The image file cannot be read: {error.strerror or error}.") from None


def _plain(image: Image.Image) -> Image.Image:
    """Without EXIF and palettes."""
    mode = image.mode if image.mode in {"L", "RGB", "RGBA"} else "RGB"
    if image.mode in {"P", "LA", "PA"}:
        mode = "RGBA"
    copy = image.convert(mode)
    copy.info = {}
    return copy


def _from_array(array: np.ndarray[Any, Any]) -> Image.Image:
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.size == 0 or not (array.ndim == 2 or (array.ndim == 3 and array.shape[2] in {3, 4})):
        raise ValueError(f"An array of shape {array.shape} is no image: expected (h, w) or (h, w, 3|4).")
    if array.dtype != np.uint8:
        values = array.astype(np.float64)
        if not np.isfinite(values).all():
            raise ValueError("The image array holds NaN or infinite values.")
        low, high = values.min(), values.max()
        if not (array.dtype.kind == "f" and low >= 0 and high <= 1):
            values = (values - low) / (high - low) if high > low else values * 0
        array = np.round(values * 255).astype(np.uint8)
    return Image.fromarray(np.ascontiguousarray(array))
