"""Partial results of a long pass over the pool."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hitl_widgets.learn.scoring import ClassBelief
from hitl_widgets.loop.round import Round

__all__ = ["Partial"]

# Seconds between partial results; shorter passes are shown only at the end.
EVERY = 0.5


class Partial:
    """Collects the blocks of a pass, and from time to time publishes the last round with the results so far.

    Parameters
    ----------
    last
        The round before the pass. Its number of labels and its suggestions are kept.
    publish
        Called with the new round, from the thread that reported the block.
    """

    def __init__(self, last: Round, publish: Callable[[Round], None]) -> None:
        self._last, self._publish = last, publish
        self._shown: ClassBelief | None = None
        self._news: list[slice] = []
        self._due = time.monotonic() + EVERY
        self._lock = threading.Lock()

    def __call__(self, rows: slice, scores: ClassBelief) -> None:
        """See ``done`` of :func:`~hitl_widgets.learn.scoring.score`."""
        with self._lock:
            self._news.append(rows)
            if time.monotonic() < self._due:
                return
            before: Any = self._shown or self._last.belief
            shown = before.copy()  # views may still be reading the previous one
            for mine, theirs in zip(shown.arrays, scores.arrays, strict=True):
                for some in self._news if len(mine) else ():
                    mine[some] = theirs[some]
            self._shown, self._news = shown, []
            self._publish(replace(self._last, belief=shown, settled=False))
            self._due = time.monotonic() + EVERY
