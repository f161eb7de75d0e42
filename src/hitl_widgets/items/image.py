"""Images, decoded by the kernel from bytes, files, arrays and Pillow images."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from hitl_widgets.items.base import Features, Payload, Size, broken, is_missing, sendable
from hitl_widgets.items.files import file_name
from hitl_widgets.items.markup import address_host
from hitl_widgets.items.pictures import image_size, is_address, load_image, read_file
from hitl_widgets.items.tiles import part

__all__ = ["KINDS", "ImageKind"]

# Sizes to try when an image must take fewer bytes, for a slow connection.
SMALLER_SIDES = (768, 512, 384, 256)
QUALITY = 80
PNG = "image/png"

COPIED = 40_000_000  # bytes; arrays up to this total size are copied


class ImageKind:
    """An image: encoded bytes, a path, an array of shape (h, w[, 1|3|4]), a Pillow image, or a URL."""

    name = "image"
    reads, in_files, mutable, tabular = False, True, True, False
    order = 10

    def claims(self, values: Sequence[Any]) -> bool:
        """Return whether all values are arrays, bytes, paths, Pillow images or None."""
        return all(isinstance(v, np.ndarray | bytes | Path | Image.Image) or v is None for v in values)

    def read(self, values: Sequence[Any], what: str) -> list[Any]:  # noqa: ARG002 - errors are shown on each item's card
        """Return the images, with None for missing values; arrays are copied unless they are large."""
        return _kept([_as_image(v) for v in values])

    def identity(self, item: Any) -> Iterator[bytes]:
        """Yield the pixels of an array or Pillow image, or a file's content, so that moved files match."""
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
        """Return the image unchanged."""
        return item

    def payload(self, item: Any, size: Size) -> Payload:
        """Return a PNG, or a JPEG if the PNG is too large; for a URL, what the browser loads."""
        if is_address(item):
            return _remote(item, size.hosts)
        try:
            width, height = image_size(item)
            image = load_image(item, size.side)
        except Exception as error:  # noqa: BLE001 - Pillow may raise anything, and the user sees the reason
            return broken(str(error))
        data, mime = encoded(image, size.side, size.most)
        return Payload({"kind": "image", "width": width, "height": height}, ((mime, data),))

    def extent(self, item: Any) -> tuple[float, ...]:
        """Return width and height in pixels, upright; nothing for a URL, which the kernel does not load."""
        return () if is_address(item) else image_size(item)

    def more(self, item: Any, ask: Mapping[str, str | float | bool], most: int) -> Payload:
        """Return the whole image in at most 2,048 pixels, or a tile: see :func:`~.tiles.part`."""
        return part(item, ask, most)

    def words(self, item: Any) -> str:
        """Return the file name, if there is one."""
        return file_name(item)

    def features(self, items: Sequence[Any], **told: Any) -> tuple[Features, Any]:
        """Compute features; see :func:`~hitl_widgets.items.features.images.encode`."""
        from hitl_widgets.items.features.images import encode

        return encode(items, **told)


def _kept(items: list[Any]) -> list[Any]:
    """Copy arrays if they are small; other images are read again when displayed."""
    arrays = [item for item in items if isinstance(item, np.ndarray)]
    if not arrays or sum(array.nbytes for array in arrays) > COPIED:
        return items
    return [_frozen(item) if isinstance(item, np.ndarray) else item for item in items]


def _frozen(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    own = np.array(array)
    own.flags.writeable = False
    return own


def _as_image(value: Any) -> Any:
    if isinstance(value, Mapping) and value.keys() <= {
        "bytes",
        "path",
    }:  # the format of Hugging Face datasets
        path = value.get("path")
        return value.get("bytes") or (None if path is None else Path(path))
    return None if is_missing(value) else value


def _file_bytes(item: Any) -> bytes:
    """Return the content of a file, or its name if it cannot be read."""
    try:
        if not is_address(item):
            return read_file(item)
    except (OSError, TypeError, ValueError):
        pass
    return str(item).encode("utf-8", "surrogatepass")


def encoded(image: Image.Image, side: int, most: int | None) -> tuple[bytes, str]:
    """Encode as lossless PNG or, if that is too large, as the largest JPEG that fits."""
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


def _remote(address: str, hosts: Sequence[str]) -> Payload:
    host = address_host(address)
    if host is None:
        return broken("The image's address is not allowed: expected https://host/path, without a port.")
    if host not in hosts:
        return broken(
            f"The image is on {host}, and images from there are not loaded. To let the browser load it, pass "
            f"remote_images=[{host!r}]."
        )
    return Payload({"kind": "remote", "url": sendable(address.strip())})


KINDS = (ImageKind(),)
