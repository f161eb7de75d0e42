"""Sends items to a view, and parts of large items."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import msgspec
import numpy as np

from hitl_widgets.background.turns import give_way
from hitl_widgets.errors import HitlError, InvalidInput
from hitl_widgets.items.base import Payload, Size, broken
from hitl_widgets.loop.loop import Loop
from hitl_widgets.widgets.shared import messages as m
from hitl_widgets.widgets.wire import sendable, words

__all__ = ["part", "part_of", "shown"]

# Bytes of media in one message.
PARCEL = 200_000
# The longer side of a thumbnail, in pixels.
SMALL = 160


def shown(loop: Loop, message: m.Show, since: float) -> Iterator[tuple[m.ItemsMessage, list[bytes]]]:
    """Yield messages with the items that fit, at least one, in order; the last one lists those left.

    ``since`` is when the request arrived, by ``time.monotonic``.
    """
    pool, names = loop.pool, loop.context
    if message.small:
        names = (message.column,) if message.column in loop.colours.columns else ()
    if (largest := max(message.rows)) >= len(pool):
        raise InvalidInput(f"Row {largest} is not in the pool of {len(pool)} items.")
    items: list[m.ShownItem] = []
    media: list[bytes] = []
    sent = 0
    for at, row in enumerate(message.rows, 1):
        give_way()
        payload = _payload(loop, row, message)
        parts = [data for _, data in payload.media]
        bare = not message.small and loop.covering.is_revealed(row)
        cells = loop.listing.cells(np.array([row]), names, bare=bare)[0]
        context = [(name, words(cell)) for name, cell in zip(names, cells, strict=True) if cell]
        items.append(m.ShownItem(row, payload.content, [mime for mime, _ in payload.media], context))
        media += parts
        sent += sum(map(len, parts)) + len(msgspec.json.encode(sendable(payload.content)))
        left = message.rows[at:]
        # Assume that the next item has the average size of those so far.
        last = not left or (message.most is not None and sent + sent / at > message.most)
        # Combine items, because each message costs the server as much as a label does, but do not let the
        # first image wait for all others.
        if last or sum(map(len, media)) > PARCEL:
            # Send the time, so that the browser can tell a slow connection from a slow kernel.
            left = left if last else ()
            to, small, took_ms = message.view, message.small, _took(since)
            yield m.ItemsMessage(to=to, small=small, items=items, left=list(left), took_ms=took_ms), media
            items, media = [], []
        if last:
            return


def part(message: m.More, make: Callable[[], Payload], since: float) -> tuple[m.PartMessage, list[bytes]]:
    """A part of an item; the browser requests the next one when this one has arrived."""
    give_way()
    payload = _made(make)
    told = m.PartMessage(to=message.view, id=message.id, content=payload.content, took_ms=_took(since))
    return told, [data for _, data in payload.media]


def _took(since: float) -> int:
    return round(1000 * (time.monotonic() - since))


def part_of(loop: Loop, message: m.More) -> Payload:
    """The part of the item that is asked for."""
    if message.row >= len(loop.pool):
        raise InvalidInput(f"Row {message.row} is not in the pool of {len(loop.pool)} items.")
    return loop.covering.part(message.row, message.ask, message.most)


def _payload(loop: Loop, row: int, message: m.Show) -> Payload:
    size = Size(side=SMALL, glimpse=True) if message.small else Size()
    return _made(lambda: loop.covering.payload(row, replace(size, most=message.most)))


def _made(make: Callable[[], Payload]) -> Payload:
    """The payload, or an error message in its place, so that the other items are still shown."""
    try:
        return make()
    except (HitlError, ValueError) as error:  # their messages are for users
        return broken(words(error))
    except Exception as error:  # noqa: BLE001
        return broken(words(f"{type(error).__name__}: {error}"))
