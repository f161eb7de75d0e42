"""Reads the rows of a damaged SQLite file from its pages, without SQLite.

Every table leaf is read independently, so neither the schema nor the tree above it needs to be intact. The
format is described at https://www.sqlite.org/fileformat.html (sections 1.6, 2.1 and 4).
"""

from __future__ import annotations

import contextlib
import json
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from hitl_widgets.labels._rows import to_event
from hitl_widgets.labels.events import EventKind, LabelEvent

__all__ = ["EventRow", "Salvage", "read_event", "salvage"]

_LEAF = 0x0D
_SIZES = {1 << power for power in range(9, 17)}
EventRow = namedtuple("EventRow", "seq event_id task annotator kind time body")


class Salvage:
    """The data that could be read.

    Attributes
    ----------
    events
        The events by sequence number, in order.
    meta
        The metadata of the store that could be read.
    """

    def __init__(self) -> None:
        self.events: dict[int, LabelEvent] = {}
        self.meta: dict[str, str] = {}


def salvage(path: Path) -> Salvage:
    """Read every intact event in a file and its write-ahead log."""
    with path.open("rb") as file:
        stored = int.from_bytes(file.read(18)[16:18])
    # If the header is damaged, try the default page size.
    sizes = {4096, 65536 if stored == 1 else stored if stored in _SIZES else 4096}
    return max((_read(_pages(path, size)) for size in sorted(sizes)), key=lambda found: len(found.events))


def _read(pages: dict[int, bytes]) -> Salvage:
    found, ids = Salvage(), set[str]()
    for rowid, values in _rows(pages):
        if len(values) == 2 and values[0] in {"format", "store_id"} and isinstance(values[1], str):
            found.meta[values[0]] = values[1]
        with contextlib.suppress(ValueError, TypeError, KeyError):
            event = read_event(EventRow(rowid, *values[1:]))
            if event.event_id not in ids:  # unused pages may contain copies of a row
                ids.add(event.event_id)
                found.events[rowid] = event
    found.events = dict(sorted(found.events.items()))
    return found


def read_event(row: Any) -> LabelEvent:
    """Convert a row to an event.

    Raises
    ------
    ValueError, TypeError, KeyError
        If the row is not an event.
    """
    texts = (row.event_id, row.task, row.annotator, row.time, row.body)
    if row.kind not in get_args(EventKind) or not all(isinstance(text, str) for text in texts):
        raise ValueError(row.kind)
    event = to_event(row)
    if not all(isinstance(key, str) for key in event.item_ids):
        raise TypeError(event.item_ids)
    json.dumps(event.value)
    return event


def _pages(path: Path, size: int) -> dict[int, bytes]:
    """Return the pages by number; those of committed transactions in the log override the file's."""
    data = path.read_bytes()
    pages = {i // size + 1: data[i : i + size] for i in range(0, len(data), size)}
    log = path.with_name(path.name + "-wal")
    frames = log.read_bytes() if log.exists() else b""
    pending: dict[int, bytes] = {}
    for at in range(32, len(frames) - 24 - size + 1, 24 + size):
        if frames[at + 8 : at + 16] != frames[16:24]:
            break  # left over from before the log was restarted
        pending[int.from_bytes(frames[at : at + 4])] = frames[at + 24 : at + 24 + size]
        if int.from_bytes(frames[at + 4 : at + 8]):
            pages |= pending
            pending = {}
    return pages


def _rows(pages: dict[int, bytes]) -> Iterator[tuple[int, list[Any]]]:
    size = len(pages.get(1, b""))
    for number, page in pages.items():
        start = 100 if number == 1 else 0
        if len(page) < start + 8 or page[start] != _LEAF:
            continue
        for i in range(int.from_bytes(page[start + 3 : start + 5])):
            at = int.from_bytes(page[start + 8 + 2 * i : start + 10 + 2 * i])
            with contextlib.suppress(ValueError, IndexError, KeyError):
                yield _cell(pages, page, at, size)


def _cell(pages: dict[int, bytes], page: bytes, at: int, size: int) -> tuple[int, list[Any]]:
    length, at = _varint(page, at)
    rowid, at = _varint(page, at)
    payload = page[at : at + length]
    if length > size * len(pages):
        raise ValueError(length)
    if length > size - 35:
        least = (size - 12) * 32 // 255 - 23
        local = least + (length - least) % (size - 4)
        local = local if local <= size - 35 else least
        payload = page[at : at + local]
        follows = int.from_bytes(page[at + local : at + local + 4])
        while follows and len(payload) < length:
            further = pages[follows]
            payload += further[4 : 4 + min(size - 4, length - len(payload))]
            follows = int.from_bytes(further[:4])
    if len(payload) != length:
        raise ValueError(length)
    return rowid, _record(payload)


def _record(payload: bytes) -> list[Any]:
    end, at = _varint(payload, 0)
    kinds = []
    while at < end:
        kind, at = _varint(payload, at)
        kinds.append(kind)
    values: list[Any] = []
    at = end
    for kind in kinds:
        if kind >= 12:
            width = (kind - 12) // 2
            raw = payload[at : at + width]
            values.append(raw.decode() if kind % 2 else raw)
        else:
            width = (0, 1, 2, 3, 4, 6, 8, 8, 0, 0)[kind]
            values.append(None if kind == 0 else int.from_bytes(payload[at : at + width], signed=True))
        at += width
    if at != len(payload):
        raise ValueError(kinds)
    return values


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for i in range(9):
        byte = data[at + i]
        if i == 8:
            return value << 8 | byte, at + 9
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + i + 1
    raise AssertionError("unreachable")
