"""What an item is known by where it has no id: a hash of its content."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from unicodedata import normalize

import numpy as np
import numpy.typing as npt
from PIL import Image

from hitl_widgets.data._blocks import IntArray, each_block
from hitl_widgets.data._cache import row_keys
from hitl_widgets.data.items import ItemKind, is_address, is_missing, read_file
from hitl_widgets.data.markup import MARKUP
from hitl_widgets.data.spelling import canonical_text

__all__ = ["canonical_item", "content_hash", "row_ids", "text_variants"]


def row_ids(X: Any) -> tuple[tuple[str, ...], IntArray, IntArray]:
    """Ids of rows of numbers, of whatever type: 64 bits of their values as float32.

    Returns
    -------
    The id of each distinct row; the item of each row, int64 (n_rows,); the first row of each item,
    int64 (n_items,), ascending.
    """
    keys = np.empty(len(X), np.uint64)
    for rows, found in each_block(X, row_keys):
        keys[rows] = found
    item, keep = _distinct(keys)
    digits = keys[keep].astype(">u8").tobytes().hex()
    return tuple(digits[i : i + 16] for i in range(0, len(digits), 16)), item, keep


def _distinct(keys: npt.NDArray[np.uint64]) -> tuple[IntArray, IntArray]:
    sorted_ = np.sort(keys)
    if (sorted_[1:] != sorted_[:-1]).all():
        every = np.arange(len(keys))
        return every, every
    _, first, group = np.unique(keys, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return place[group], first[order]


def _cell(value: Any) -> Any:
    """A table value as it is hashed: a column of whole numbers turns to floats by one missing value."""
    if is_missing(value):
        return None
    return int(value) if isinstance(value, float) and value.is_integer() else value


def content_hash(kind: ItemKind, item: Any) -> str:
    """24 hexadecimal digits, the same wherever the content is."""
    # The same text shown in another way keeps its label.
    kind = "text" if kind in MARKUP else kind
    digest = hashlib.blake2b(kind.encode() + b"\0", digest_size=12)
    if kind == "text":
        digest.update(item.encode("utf-8", "surrogatepass"))
    elif kind == "table":
        cells = {str(name): _cell(value) for name, value in item.items()}
        digest.update(json.dumps(cells, sort_keys=True, default=str).encode("utf-8", "surrogatepass"))
    elif isinstance(item, np.ndarray):
        digest.update(f"{item.shape}{item.dtype.str}".encode())
        digest.update(np.ascontiguousarray(item).tobytes())
    elif isinstance(item, Image.Image):
        digest.update(f"{item.size}{item.mode}".encode())
        digest.update(item.tobytes())
    elif isinstance(item, bytes | bytearray | memoryview):
        digest.update(item)
    else:
        digest.update(_file_bytes(item))
    return digest.hexdigest()


def canonical_item(kind: ItemKind, item: Any) -> Any:
    """The item without what an editor changes unseen; the very same object where there is nothing of it."""
    if isinstance(item, str) and kind != "image":
        text = canonical_text(item)
        return item if text == item else text
    if kind != "table":
        return item
    cells = {name: canonical_text(v) if isinstance(v, str) else v for name, v in item.items()}
    return item if all(cells[name] is v or cells[name] == v for name, v in item.items()) else cells


def text_variants(text: str) -> set[str]:
    """How a text may have been before an editor changed it."""
    forms = {canonical_text(text)} | {normalize(name, text) for name in ("NFC", "NFD")}
    ends = {form + end for form in forms for end in ("", "\n", " ")}
    return ends | {form.replace("\n", "\r\n") for form in ends}


def _file_bytes(item: Any) -> bytes:
    """The content of a file, so that a moved file keeps its label; its name where unreadable."""
    try:
        if not is_address(item):
            return read_file(item)
    except (OSError, TypeError, ValueError):
        pass
    return str(item).encode("utf-8", "surrogatepass")
