"""What tells a selection from all other items, for the card."""

from __future__ import annotations

from hitl_widgets.data.apart import Mark
from hitl_widgets.data.rows import decode
from hitl_widgets.errors import HitlError
from hitl_widgets.loop.comparing import Comparison
from hitl_widgets.loop.loop import Loop
from hitl_widgets.widgets.labeler import messages as m
from hitl_widgets.widgets.wire import words

__all__ = ["together"]

# Words and columns that are named, and the characters of each.
NAMED, LENGTH = 6, 60


def together(loop: Loop, asked: m.Together) -> m.TogetherMessage:
    """Return what the card shows, or why it shows nothing."""
    n = len(loop.pool)
    rows, found, missing = decode(asked.rows, n), Comparison([]), ""
    try:
        found = loop.comparing.of(rows)
    except HitlError as error:
        missing = words(error)
    near = found.near
    return m.TogetherMessage(
        to=asked.view,
        id=asked.id,
        marks=[_mark(one) for one in found.marks[:NAMED]],
        near=None if near is None or not near.of else round(near.n / near.of, 3),
        chance=round((len(rows) - 1) / max(1, n - 1), 3),
        missing=missing,
    )


def _mark(one: Mark) -> m.Mark:
    c, name = one.counts, one.words if one.column is None else f"{one.column} {one.words}"
    return m.Mark(words(name[:LENGTH]), one.query, c.n, c.of, c.rest, c.of_rest)
