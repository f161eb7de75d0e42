"""Which items are asked blind: nothing that is shown of them may give an answer away."""

from __future__ import annotations

from collections.abc import Iterable, Set
from itertools import islice

import numpy as np
import numpy.typing as npt

from hitl_widgets.loop.asking import Labels
from hitl_widgets.loop.round import Suggestion

__all__ = ["Blind"]

# Draws for the audit, and items handed to a screen, that are remembered: more than a screen holds at once.
KEPT = 64


class Blind:
    """Remembers what was drawn for the audit and what was handed to a screen.

    An item is asked blind while it waits for this annotator's answer and was drawn for the audit, is to
    get a second opinion, or was labelled by somebody else while it was on the card.
    """

    def __init__(self) -> None:
        self._drawn: dict[int, None] = {}
        self._handed: dict[int, None] = {}

    def asked(self, suggestions: Iterable[Suggestion]) -> None:
        """These are asked next: what the strategy chose is asked with a hint."""
        for s in suggestions:
            self._drawn.pop(s.index, None)
            if s.audit:
                self._drawn[s.index] = None
        _forget(self._drawn)

    def drawn(self, row: int) -> None:
        """Row ``row`` is asked again, as a draw for the audit."""
        self._drawn[row] = None

    def handed(self, rows: Iterable[int]) -> None:
        """These may be on a card soon."""
        for row in rows:
            self._handed.pop(row, None)
            self._handed[row] = None
        _forget(self._handed)

    def rows(self, labels: Labels, issued: Set[int] = frozenset()) -> npt.NDArray[np.int64]:
        """The rows that are asked blind, ascending; ``issued`` are draws that Python was given."""
        drawn = np.asarray([*self._drawn, *issued], np.int64)
        handed = np.asarray([*self._handed], np.int64)
        others = handed[(labels.y[handed] >= 0) & (labels.mine[handed] == 0)]
        return np.unique(np.concatenate([drawn[labels.y[drawn] < 0], others, np.flatnonzero(labels.second)]))


def _forget(kept: dict[int, None]) -> None:
    for row in list(islice(kept, max(0, len(kept) - KEPT))):
        del kept[row]
