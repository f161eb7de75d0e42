"""Editing an item on the card: its text or cells, the guess for what is typed, and the smallest change."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import HitlError
from hitl_widgets.items.base import is_missing
from hitl_widgets.loop.loop import Loop
from hitl_widgets.loop.teach.counterfactuals import NewCell
from hitl_widgets.loop.teach.edits import LONGEST
from hitl_widgets.widgets.labeler import messages as m
from hitl_widgets.widgets.labeler.why import BLIND, GONE
from hitl_widgets.widgets.wire import words

__all__ = ["answer", "source"]

# Columns that are sent, and characters of a value.
COLUMNS, CELL = 200, 4_000
# Classes of a guess.
CLASSES = 4
READING = "The items are still being read. The guess comes with the next model."
LONG = (
    f"This text has more than {LONGEST:,} characters. Edit it in Python: session.teach.edit(id, text, label)."
)


def source(loop: Loop, asked: m.Source) -> m.SourceMessage:
    """Return the item to edit, with personal data hidden."""
    row, text, cells, more, missing = asked.row, None, [], 0, _hinders(loop, asked.row)
    if not missing:
        try:
            item = loop.editing.source(row, bare=False)
        except HitlError as error:
            missing = words(error)
        else:
            if isinstance(item, str):
                text = None if len(item) > LONGEST else item
                missing = LONG if text is None else ""
            else:
                every = [(str(name), _typed(value)) for name, value in item.items()]
                cells = [(name, value) for name, value in every if len(value) <= CELL][:COLUMNS]
                more = len(every) - len(cells)
    labelled = not missing and bool(loop.labels.y[row] >= 0)
    return m.SourceMessage(
        to=asked.view, row=row, text=text, cells=cells, more=more, labelled=labelled, missing=missing
    )


def answer(loop: Loop, asked: m.Try | m.Flip) -> m.TriedMessage | m.FlipMessage:
    """Return the guess for what is typed, or the smallest change."""
    missing = _hinders(loop, asked.row) or _unready(loop)
    if not missing:
        try:
            return _tried(loop, asked) if isinstance(asked, m.Try) else _flipped(loop, asked)
        except HitlError as error:
            missing = words(error)
    if isinstance(asked, m.Try):
        return m.TriedMessage(to=asked.view, id=asked.id, row=asked.row, shares=[], was=[], missing=missing)
    return m.FlipMessage(to=asked.view, row=asked.row, text=None, cells={}, swaps=[], missing=missing)


def _tried(loop: Loop, asked: m.Try) -> m.TriedMessage:
    new = asked.cells if asked.text is None else asked.text
    item = loop.editing.source(asked.row, bare=False)
    was, now = loop.editing.told([item, loop.editing.edited(asked.row, new, bare=False)])
    return m.TriedMessage(
        to=asked.view, id=asked.id, row=asked.row, shares=_shares(now), was=_shares(was), missing=""
    )


def _flipped(loop: Loop, asked: m.Flip) -> m.FlipMessage:
    found = loop.counterfactuals.of(asked.row, bare=False)
    swaps = [
        m.Swap(str(one.column), _typed(one.before), _typed(one.after))
        if isinstance(one, NewCell)
        else m.Swap("", one.before, one.after)
        for one in found.changes
    ]
    is_text = isinstance(found.item, str)
    return m.FlipMessage(
        to=asked.view,
        row=asked.row,
        text=found.item if is_text else None,
        cells={} if is_text else {one.column: one.after for one in swaps},
        swaps=swaps,
        missing="",
    )


def _hinders(loop: Loop, row: int) -> str:
    """Say why an item must not be edited, because its guess is a hint; empty if it may be."""
    if row >= len(loop.pool):
        return GONE
    labels = loop.labels
    hidden = loop.qualifying.waits or (loop.blind.mask(labels)[row] and labels.y[row] < 0)
    return BLIND if hidden else ""


def _unready(loop: Loop) -> str:
    ground = loop.background.ground
    return READING if ground is None or ground.passing else ""


def _shares(P: npt.NDArray[np.float64]) -> list[tuple[int, float]]:
    order = np.argsort(-P, kind="stable")[:CLASSES]
    return [(int(code), round(float(P[code]), 3)) for code in order]


def _typed(value: Any) -> str:
    """A value of a cell as it is typed."""
    if is_missing(value):
        return ""
    return str(value.item() if isinstance(value, np.generic) else value)
