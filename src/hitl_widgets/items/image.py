"""Images: read and shown by the kernel, from bytes, files, arrays and Pillow images."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from hitl_widgets.items.base import Features, Payload, Size, broken, is_missing, sendable
from hitl_widgets.items.files import file_name, open_file
from hitl_widgets.items.markup import address_host

__all__ = ["KINDS", "ImageKind", "is_address", "load_image", "read_file"]

# Not TIFF: libtiff reads dozens of encodings from bytes that anybody may have made, and Pillow shows 16-bit
# TIFFs wrong. Who has them passes arrays.
IMAGE_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
MAX_IMAGE_BYTES = 64 * 2**20
MAX_PIXELS = 50_000_000
# Of an image that is to take fewer bytes, for a slow line.
SMALLER_SIDES = (768, 512, 384, 256)
QUALITY = 80
PNG = "image/png"

COPIED = 40_000_000  # bytes: of less, a copy is nobody's concern


class ImageKind:
    """A picture: encoded bytes, a path, an array of shape (h, w[, 1|3|4]), a Pillow image, or an address."""

    name = "image"
    reads, in_files, mutable, tabular = False, True, True, False
    order = 10

    def claims(self, values: Sequence[Any]) -> bool:
        """Arrays, bytes, paths and Pillow images, and None among them."""
        return all(isinstance(v, np.ndarray | bytes | Path | Image.Image) or v is None for v in values)

    def read(self, values: Sequence[Any], what: str) -> list[Any]:  # noqa: ARG002 - each is said on its card
        """Arrays are copied, as long as they are not many bytes; what is missing is None."""
        return _kept([_as_image(v) for v in values])

    def identity(self, item: Any) -> Iterator[bytes]:
        """The pixels of an array or Pillow image; else the bytes, so that a moved file keeps its label."""
        yield b"image\0"
        if isinstance(item, np.ndarray):
            yield f"{item.shape}{item.dtype.str}".encode()
            yield np.ascontiguousarray(item).tobytes()
        elif isinstance(item, Image.Image):
            yield f"{item.size}{item.mode}".encode()
            yield item.tobytes()
        elif isinstance(item, bytes | bytearray | memoryview):
            yield bytes(item)
        else:
            yield _file_bytes(item)

    def canonical(self, item: Any) -> Any:
        """The image."""
        return item

    def payload(self, item: Any, size: Size) -> Payload:
        """A PNG, or a JPEG where that would take too many bytes; of an address, what the browser loads."""
        if is_address(item):
            return _remote(item, size.hosts)
        try:
            image = load_image(item)
        except Exception as error:  # noqa: BLE001 - whatever Pillow raises, the person sees the reason
            return broken(str(error))
        width, height = image.size
        data, mime = _encoded(image, size.side, size.most)
        return Payload({"kind": "image", "width": width, "height": height}, ((mime, data),))

    def words(self, item: Any) -> str:
        """The name of a file."""
        return file_name(item)

    def features(self, items: Sequence[Any], **told: Any) -> tuple[Features, Any]:
        """See :func:`~hitl_widgets.items.features.images.encode`."""
        from hitl_widgets.items.features.images import encode

        return encode(items, **told)


def _kept(items: list[Any]) -> list[Any]:
    """Arrays are copied where they are small; others are looked at again when they are shown."""
    arrays = [item for item in items if isinstance(item, np.ndarray)]
    if not arrays or sum(array.nbytes for array in arrays) > COPIED:
        return items
    return [_frozen(item) if isinstance(item, np.ndarray) else item for item in items]


def _frozen(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    own = np.array(array)
    own.flags.writeable = False
    return own


def _as_image(value: Any) -> Any:
    if isinstance(value, Mapping) and value.keys() <= {"bytes", "path"}:  # as Hugging Face keeps images
        path = value.get("path")
        return value.get("bytes") or (None if path is None else Path(path))
    return None if is_missing(value) else value


def _file_bytes(item: Any) -> bytes:
    """The content of a file; its name where unreadable."""
    try:
        if not is_address(item):
            return read_file(item)
    except (OSError, TypeError, ValueError):
        pass
    return str(item).encode("utf-8", "surrogatepass")


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


def is_address(item: Any) -> bool:
    """Whether an image item lies on the web."""
    return isinstance(item, str) and item.strip().lower().startswith(("http://", "https://"))


def _remote(address: str, hosts: Sequence[str]) -> Payload:
    host = address_host(address)
    if host is None:
        return broken("The image has an address that is not loaded: https://host/path is, without a port.")
    if host not in hosts:
        return broken(
            f"The image lies at {host}, and nothing is loaded from there. So that the browser loads it, pass "
            f"remote_images=[{host!r}]."
        )
    return Payload({"kind": "remote", "url": sendable(address.strip())})


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
        raise ValueError(f"The bytes are not an image that can be read ({readable}).") from None
    except (OSError, SyntaxError, Image.DecompressionBombError, Warning) as error:
        raise ValueError(f"The image is damaged or too large: {error}.") from None
    return _plain(image)


def read_file(path: Any) -> bytes:
    """The bytes of a regular file of at most 64 MB.

    Raises
    ------
    ValueError
        For a larger file, and for what is not a file.
    OSError
        When it cannot be read.
    """
    with open_file(path) as file:
        if os.fstat(file.fileno()).st_size > MAX_IMAGE_BYTES:
            raise ValueError(f"The image file is larger than {MAX_IMAGE_BYTES // 2**20} MB.")
        return file.read(MAX_IMAGE_BYTES + 1)


def _read(item: Any) -> bytes:
    if not isinstance(item, str | os.PathLike):
        raise ValueError(  # noqa: TRY004 - the caller tells people what is wrong with an item
            f"A {type(item).__name__} is not an image: expected bytes, an array, a Pillow image or a path."
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
        raise ValueError(f"An array of shape {array.shape} is not an image: expected (h, w) or (h, w, 3|4).")
    if array.dtype != np.uint8:
        values = array.astype(np.float64)
        if not np.isfinite(values).all():
            raise ValueError("The image array holds NaN or infinite values.")
        low, high = values.min(), values.max()
        if not (array.dtype.kind == "f" and low >= 0 and high <= 1):
            values = (values - low) / (high - low) if high > low else values * 0
        array = np.round(values * 255).astype(np.uint8)
    return Image.fromarray(np.ascontiguousarray(array))


KINDS = (ImageKind(),)
