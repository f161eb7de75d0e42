"""Decoding of images from bytes, files, arrays and Pillow images."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, UnidentifiedImageError

from hitl_widgets.items.files import open_file

__all__ = ["image_size", "is_address", "load_image", "read_file"]

# TIFF is left out: libtiff supports dozens of encodings, a risk with untrusted bytes, and Pillow displays
# 16-bit TIFFs wrongly. Users can pass arrays instead.
IMAGE_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
MAX_IMAGE_BYTES = 64 * 2**20
MAX_PIXELS = 60_000_000
TOO_MANY = "at most 60 megapixels can be shown. Make it smaller, or cut it into parts."
ORIENTATION = 0x0112
# By the value of the EXIF tag: what turns the stored pixels upright.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SIDEWAYS = {TURNS[value] for value in (5, 6, 7, 8)}


def is_address(item: Any) -> bool:
    """Return whether an image item is a URL."""
    return isinstance(item, str) and item.strip().lower().startswith(("http://", "https://"))


def load_image(item: Any, side: int | None = None) -> Image.Image:
    """Decode an image item to a Pillow image in mode L, RGB or RGBA, upright.

    Parameters
    ----------
    item
        Encoded bytes, a path, a Pillow image, or an array of shape (h, w), (h, w, 1|3|4).
    side
        If given, the image may be decoded to a smaller size, as long as its longer side has this many
        pixels; this is several times as fast for a large JPEG.

    Raises
    ------
    ValueError
        With a message for the user: missing file, unknown format, too large, unexpected shape.

    Notes
    -----
    Only the first frame of an animation is decoded. Metadata is dropped, after the image was turned as its
    EXIF orientation says.
    """
    found = _pixels_or_bytes(item)
    return found if isinstance(found, Image.Image) else _decode(found, side)


def image_size(item: Any) -> tuple[int, int]:
    """Return the width and height that :func:`load_image` gives, without decoding.

    Raises
    ------
    ValueError
        As in :func:`load_image`, except that damage behind the header is not found.
    """
    if isinstance(item, np.ndarray):
        shape = _checked_shape(item)
        return shape[1], shape[0]
    if isinstance(item, Image.Image):
        _check_pixels(item)
        return _upright_size(item)
    if isinstance(item, str | os.PathLike) and not is_address(item):
        with _file(item) as file:  # only its header is read
            return _upright_size(_opened(file))
    return _upright_size(_opened(io.BytesIO(_pixels_or_bytes(item))))


def _upright_size(image: Image.Image) -> tuple[int, int]:
    return (image.height, image.width) if _turn(image) in SIDEWAYS else image.size


def _pixels_or_bytes(item: Any) -> Any:
    """Return an array or Pillow image as a plain Pillow image, anything else as encoded bytes."""
    if item is None:
        raise ValueError("This item has no image.")
    if isinstance(item, Image.Image):
        _check_pixels(item)
        return _upright(_plain(item), _turn(item))
    if isinstance(item, np.ndarray):
        return _from_array(item)
    if is_address(item):
        raise ValueError("The image is on the web, and the kernel does not load images from there.")
    data = bytes(item) if isinstance(item, bytes | bytearray | memoryview) else _read(item)
    if len(data) > MAX_IMAGE_BYTES:
        raise ValueError(f"The image has {len(data) / 2**20:.0f} MB; the limit is 64 MB.")
    return data


def _check_pixels(image: Image.Image) -> None:
    if 0 in image.size:
        raise ValueError("The image has no pixels.")
    if image.width * image.height > MAX_PIXELS:
        raise ValueError(f"The image has {image.width:,} x {image.height:,} pixels: {TOO_MANY}")


def _opened(file: BinaryIO) -> Image.Image:
    head = file.read(4)
    file.seek(0)
    if not head:
        raise ValueError("The image is empty: the file has no bytes.")
    if head.startswith(TIFF):
        raise ValueError("TIFF files are not read: pass arrays, such as numpy.asarray(PIL.Image.open(path)).")
    # Warnings are not turned into errors, because warning filters are shared by all threads.
    try:
        image = Image.open(file, formats=IMAGE_FORMATS)
        _check_pixels(image)
    except UnidentifiedImageError:
        readable = ", ".join(IMAGE_FORMATS)
        raise ValueError(f"The bytes are not an image in a supported format ({readable}).") from None
    except Image.DecompressionBombError:  # raised before the size can be read
        raise ValueError(f"The image has hundreds of megapixels: {TOO_MANY}") from None
    except (OSError, SyntaxError, Warning) as error:
        raise ValueError(f"The image is damaged: {str(error).rstrip('.')}.") from None
    return image


def _decode(data: bytes, side: int | None) -> Image.Image:
    image = _opened(io.BytesIO(data))
    turn = _turn(image)
    try:
        if side is not None and max(image.size) > side:
            scale = side / max(image.size)
            image.draft(None, (math.ceil(image.width * scale), math.ceil(image.height * scale)))
        image.load()
    except (OSError, SyntaxError, Warning) as error:
        raise ValueError(f"The image is damaged: {str(error).rstrip('.')}.") from None
    return _upright(_plain(image), turn)


def _turn(image: Image.Image) -> Image.Transpose | None:
    """Return how the image must be turned to be upright; None if it is."""
    if image.format == "PNG" and "exif" not in image.info:
        return None  # Pillow would decode the image to look for a tag at the end of the file
    try:
        return TURNS.get(image.getexif().get(ORIENTATION, 1))
    except Exception:  # noqa: BLE001 - damaged metadata may raise anything, and the image can still be shown
        return None


def _upright(image: Image.Image, turn: Image.Transpose | None) -> Image.Image:
    return image if turn is None else image.transpose(turn)


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
        _check_bytes(file)
        return file.read(MAX_IMAGE_BYTES + 1)


def _check_bytes(file: BinaryIO) -> None:
    if os.fstat(file.fileno()).st_size > MAX_IMAGE_BYTES:
        raise ValueError(f"The image file is larger than {MAX_IMAGE_BYTES // 2**20} MB.")


@contextmanager
def _file(path: Any) -> Iterator[BinaryIO]:
    """Open a file; what goes wrong is said in words for the user."""
    if not isinstance(path, str | os.PathLike):
        raise ValueError(  # noqa: TRY004 - the caller shows ValueErrors to the user
            f"A {type(path).__name__} is not an image: expected bytes, an array, a Pillow image or a path."
        )
    try:
        with open_file(path) as file:
            _check_bytes(file)
            yield file
    except OSError as error:
        raise ValueError(f"The image file cannot be read: {error.strerror or error}.") from None


def _read(path: Any) -> bytes:
    with _file(path) as file:
        return file.read(MAX_IMAGE_BYTES + 1)


def _plain(image: Image.Image) -> Image.Image:
    """Remove EXIF data and palettes."""
    mode = image.mode if image.mode in {"L", "RGB", "RGBA"} else "RGB"
    if image.mode in {"P", "LA", "PA"}:
        mode = "RGBA"
    copy = image.convert(mode)
    copy.info = {}
    return copy


def _from_array(array: np.ndarray[Any, Any]) -> Image.Image:
    array = array.reshape(_checked_shape(array))
    if array.dtype != np.uint8:
        values = array.astype(np.float64)
        if not np.isfinite(values).all():
            raise ValueError("The image array contains NaN or infinite values.")
        low, high = values.min(), values.max()
        if not (array.dtype.kind == "f" and low >= 0 and high <= 1):
            values = (values - low) / (high - low) if high > low else values * 0
        array = np.round(values * 255).astype(np.uint8)
    return Image.fromarray(np.ascontiguousarray(array))


def _checked_shape(array: np.ndarray[Any, Any]) -> tuple[int, ...]:
    """Return the shape of an image array without a third axis of one channel."""
    shape = array.shape[:2] if array.ndim == 3 and array.shape[2] == 1 else array.shape
    if array.size == 0 or not (len(shape) == 2 or (len(shape) == 3 and shape[2] in {3, 4})):
        raise ValueError(f"An array of shape {shape} is not an image: expected (h, w) or (h, w, 3|4).")
    return tuple(shape)
