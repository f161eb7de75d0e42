"""Items that are asked blind: nothing shown for them may reveal an answer."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.labels.events import Selection
from hitl_widgets.loop.asking import Labels
from hitl_widgets.loop.round import Suggestion

__all__ = ["Blind"]

# How many audit draws, and how many items sent to a view, are remembered: more than a view holds at once.
KEPT = 64


class Blind:
    """Remembers which items were drawn for the audit and which were sent to a view. Thread-safe.

    An item is asked blind while it waits for this annotator's answer, if it was drawn at random, needs a
    second opinion, is gold, is asked again, or was labelled by somebody else while it was displayed.

    Parameters
    ----------
    everything
        Whether all items are asked blind, because the annotator demonstrates the task.
    """

    def __init__(self, *, everything: bool = False) -> None:
        self.everything = everything
        self._lock = threading.Lock()
        self._drawn: dict[int, None] = {}
        self._handed: dict[int, None] = {}
        self._issued: dict[int, Selection] = {}
        # Items that are asked again, and the position of the label that they had then.
        self._again: dict[int, int | None] = {}

    def ask(self, suggestions: Iterable[Suggestion]) -> None:
        """Note the next questions. Those that the strategy chose are not blind."""
        with self._lock:
            for s in suggestions:
                self._drawn.pop(s.index, None)
                if s.audit or s.spot:
                    self._drawn[s.index] = None
                if s.again:
                    self._again.setdefault(s.index, None)
            _forget(self._drawn)
            _forget(self._again)

    def draw(self, row: int) -> None:
        """Note that row ``row`` is asked again, as a draw for the audit."""
        with self._lock:
            self._drawn[row] = None

    def hand(self, rows: Iterable[int]) -> None:
        """Note rows that may be displayed soon: others' labels of them are hidden from now on."""
        with self._lock:
            for row in rows:
                self._handed.pop(row, None)
                self._handed[row] = None
            _forget(self._handed)

    def again(self, labels: Labels) -> list[int]:
        """The rows that are asked again and have not been answered since."""
        with self._lock:
            for row, at in self._again.items():
                if at is None:
                    self._again[row] = int(labels.order[row])
            return [row for row, at in self._again.items() if at == labels.order[row] and labels.mine[row]]

    def issue(self, suggestions: Iterable[Suggestion]) -> None:
        """Note random draws that were returned to Python; they remain draws until they are answered."""
        with self._lock:
            self._issued.update((s.index, s.selection) for s in suggestions if s.audit or s.spot)

    def issued(self, row: int) -> Selection | None:
        """How a row was drawn that was returned to Python; None if it was not drawn at random."""
        with self._lock:
            return self._issued.get(row)

    def rows(self, labels: Labels) -> npt.NDArray[np.int64]:
        """The rows for which no prediction and no label may be shown, ascending."""
        return np.flatnonzero(self.mask(labels))

    def mask(self, labels: Labels) -> npt.NDArray[np.bool_]:
        """The same as bool of shape (n,)."""
        again = self.again(labels)
        if self.everything:
            blind = np.asarray(labels.mine == 0)
            blind[again] = True
            return blind
        with self._lock:
            drawn = np.asarray([*self._drawn, *self._issued], np.int64)
            handed = np.asarray([*self._handed], np.int64)
        # Hide them as soon as they are among the next questions: a point that turned grey later would give
        # away that it is about to be asked.
        blind = labels.waits
        blind[again] = True
        blind[drawn[labels.y[drawn] < 0]] = True
        blind[handed[(labels.y[handed] >= 0) & (labels.mine[handed] == 0)]] = True
        return np.asarray(blind)


def _forget(kept: dict[int, Any]) -> None:
    for row in list(islice(kept, max(0, len(kept) - KEPT))):
        del kept[row]
