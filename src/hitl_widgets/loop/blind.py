"""Which items are asked blind: nothing that is shown of them may give an answer away."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from itertools import islice

import numpy as np
import numpy.typing as npt

from hitl_widgets.loop.asking import Labels
from hitl_widgets.loop.round import Suggestion

__all__ = ["Blind"]

# Draws for the audit, and items handed to a screen, that are remembered: more than a screen holds at once.
KEPT = 64


class Blind:
    """Remembers what was drawn for the audit and what was handed to a screen; for any thread.

    An item is asked blind while it waits for this annotator's answer and was drawn for the audit, is to
    get a second opinion, or was labelled by somebody else while it was on the card.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._drawn: dict[int, None] = {}
        self._handed: dict[int, None] = {}
        self._issued: set[int] = set()

    def ask(self, suggestions: Iterable[Suggestion]) -> None:
        """These are asked next: what the strategy chose is asked with a hint."""
        with self._lock:
            for s in suggestions:
                self._drawn.pop(s.index, None)
                if s.audit:
                    self._drawn[s.index] = None
            _forget(self._drawn)

    def draw(self, row: int) -> None:
        """Row ``row`` is asked again, as a draw for the audit."""
        with self._lock:
            self._drawn[row] = None

    def hand(self, rows: Iterable[int]) -> None:
        """These may be on a card soon: what others say of them meanwhile is not shown."""
        with self._lock:
            for row in rows:
                self._handed.pop(row, None)
                self._handed[row] = None
            _forget(self._handed)

    def issue(self, rows: Iterable[int]) -> None:
        """Python was given these draws for the audit; they stay so until they are answered."""
        with self._lock:
            self._issued.update(rows)

    def issued(self, rows: Iterable[int]) -> bool:
        """Whether Python was given all of these as draws for the audit."""
        with self._lock:
            return self._issued.issuperset(rows)

    def rows(self, labels: Labels) -> npt.NDArray[np.int64]:
        """The rows of which no guess and nobody's label may be shown, ascending."""
        with self._lock:
            drawn = np.asarray([*self._drawn, *self._issued], np.int64)
            handed = np.asarray([*self._handed], np.int64)
        # Hidden as soon as they are among the next questions: a point that turns grey later would tell.
        blind = labels.second.copy()
        blind[drawn[labels.y[drawn] < 0]] = True
        blind[handed[(labels.y[handed] >= 0) & (labels.mine[handed] == 0)]] = True
        return np.flatnonzero(blind)


def _forget(kept: dict[int, None]) -> None:
    for row in list(islice(kept, max(0, len(kept) - KEPT))):
        del kept[row]
