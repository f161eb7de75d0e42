"""Decoding of images from bytes, files, arrays and Pillow images."""

from __future__ import annotations

import io
import os
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from hitl_widgets.items.files import open_file

__all__ = ["is_address", "load_image", "read_file"]

# TIFF is left out: libtiff supports dozens of encodings, a risk with untrusted bytes, and Pillow displays
# 16-bit TIFFs wrongly. Users can pass arrays instead.
IMAGE_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
MAX_IMAGE_BYTES = 64 * 2**20
MAX_PIXELS = 50_000_000


def is_address(item: Any) -> bool:
    """Return whether an image item is a URL."""
    return isinstance(item, str) and item.strip().lower().startswith(("http://", "https://"))


def load_image(item: Any) -> Image.Image:
    """Decode an image item to a Pillow image in mode L, RGB or RGBA.

    Parameters
    ----------
    item
        Encoded bytes, a path, a Pillow image, or an array of shape (h, w), (h, w, 1|3|4).

    Raises
    ------
    ValueError
        With a message for the user: missing file, unknown format, too large, unexpected shape.

    Notes
    -----
    Only the first frame of an animation is decoded. Metadata is dropped.
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
        raise ValueError("The image is on the web, and the kernel does not load images from there.")
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
    # Warnings are not turned into errors, because warning filters are shared by all threads.
    try:
        image = Image.open(io.BytesIO(data), formats=IMAGE_FORMATS)
        _check_pixels(image)
        image.load()
    except UnidentifiedImageError:
        readable = ", ".join(IMAGE_FORMATS)
        raise ValueError(f"The bytes are not an image in a supported format ({readable}).") from None
    except (OSError, SyntaxError, Image.DecompressionBombError, Warning) as error:
        raise ValueError(f"The image is damaged or too large: {error}.") from None
    return _plain(image)


def read_file(path: Any) -> bytes:
    """Read a regular file of at most 64 MB.

    Raises
    ------
    ValueError
        If the file is larger, or not a file.
    OSError
        If it cannot be read.
    """
    with open_file(path) as file:
        if os.fstat(file.fileno()).st_size > MAX_IMAGE_BYTES:
            raise ValueError(f"The image file is larger than {MAX_IMAGE_BYTES // 2**20} MB.")
        return file.read(MAX_IMAGE_BYTES + 1)


def _read(item: Any) -> bytes:
    if not isinstance(item, str | os.PathLike):
        raise ValueError(  # noqa: TRY004 - the caller shows ValueErrors to the user
            f"A {type(item).__name__} is not an image: expected bytes, an array, a Pillow image or a path."
        )
    try:
        return read_file(item)
    except OSError as error:
        raise ValueError(f"The image file cannot be read: {error.strerror or error}.") from None


def _plain(image: Image.Image) -> Image.Image:
    """Remove EXIF data and palettes."""
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
        raise ValueError(f"An array of shape {array.shape} is not an image: expected (h, w) or (h, w, 3|4).")
    if array.dtype != np.uint8:
        values = array.astype(np.float64)
        if not np.isfinite(values).all():
            raise ValueError("The image array contains NaN or infinite values.")
        low, high = values.min(), values.max()
        if not (array.dtype.kind == "f" and low >= 0 and high <= 1):
            values = (values - low) / (high - low) if high > low else values * 0
        array = np.round(values * 255).astype(np.uint8)
    return Image.fromarray(np.ascontiguousarray(array))
