"""One item -> what a screen needs to show it: plain values and bytes, never markup."""

from __future__ import annotations

import io
import math
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image, UnidentifiedImageError

__all__ = ["ItemKind", "Payload", "is_missing", "load_image", "payload", "table_cell"]

ItemKind = Literal["text", "image", "table"]

IMAGE_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
MAX_IMAGE_BYTES = 64 * 2**20
MAX_PIXELS = 50_000_000
SHOWN_SIDE = 768
SHOWN_CHARACTERS = 20_000
CELL_CHARACTERS = 400


@dataclass(frozen=True)
class Payload:
    """What the browser gets of one item.

    Attributes
    ----------
    content
        JSON values; ``content["kind"]`` is ``text``, ``image``, ``table`` or ``broken``.
    data
        The encoded image (PNG) of an image item, else empty.
    """

    content: dict[str, Any] = field(default_factory=dict)
    data: bytes = b""


def payload(kind: ItemKind, item: Any, *, side: int = SHOWN_SIDE) -> Payload:
    """Show one item; an item that cannot be shown becomes a placeholder that says why."""
    if kind == "text":
        return _text(item)
    if kind == "table":
        return Payload(
            {"kind": "table", "rows": [[_sendable(str(k)), table_cell(v)] for k, v in item.items()]}
        )
    try:
        image = load_image(item)
    except Exception as error:  # noqa: BLE001 - whatever Pillow raises, the person sees the reason
        return Payload({"kind": "broken", "why": _sendable(str(error))})
    width, height = image.size
    image.thumbnail((side, side))
    stream = io.BytesIO()
    image.save(stream, format="PNG")
    return Payload({"kind": "image", "width": width, "height": height}, stream.getvalue())


def is_missing(value: Any) -> bool:
    """Whether a table value is None, NaN, NaT or pandas.NA."""
    if value is None or type(value).__name__ in {"NAType", "NaTType"}:
        return True
    return isinstance(value, float) and math.isnan(value)


def _sendable(text: str) -> str:
    """The text with lone surrogates, which no message can carry, as question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _text(item: str) -> Payload:
    if not item.strip():
        return Payload({"kind": "broken", "why": "This item has no text."})
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
    text = _sendable(str(value))
    return text if len(text) <= CELL_CHARACTERS else text[: CELL_CHARACTERS - 1] + "…"


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
    """
    if item is None:
        raise ValueError("This item has no image.")
    if isinstance(item, Image.Image):
        if 0 in item.size:
            raise ValueError("The image has no pixels.")
        return _plain(item)
    if isinstance(item, np.ndarray):
        return _from_array(item)
    data = bytes(item) if isinstance(item, bytes | bytearray | memoryview) else _read(item)
    if len(data) > MAX_IMAGE_BYTES:
        raise ValueError(f"The image has {len(data) / 2**20:.0f} MB; the limit is 64 MB.")
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            image = Image.open(io.BytesIO(data), formats=IMAGE_FORMATS)
            if image.width * image.height > MAX_PIXELS:
                raise ValueError(f"The image has {image.width} x {image.height} pixels: too many.")
            image.load()
        except UnidentifiedImageError:
            readable = ", ".join(IMAGE_FORMATS)
            raise ValueError(f"The bytes are no image that can be read ({readable}).") from None
        except (OSError, SyntaxError, Image.DecompressionBombError, Warning) as error:
            raise ValueError(f"The image is damaged or too large: {error}.") from None
    return _plain(image)


def _read(item: Any) -> bytes:
    path = Path(item)
    try:
        if path.stat().st_size > MAX_IMAGE_BYTES:
            raise ValueError(f"The image file is larger than {MAX_IMAGE_BYTES // 2**20} MB.")
        return path.read_bytes()
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
