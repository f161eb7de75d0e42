"""Resting: whether the annotator should take a break."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime

import numpy as np

from hitl_widgets.errors import InvalidInput
from hitl_widgets.labels.events import LabelEvent
from hitl_widgets.quality.hours import Break, break_due

__all__ = ["KEPT", "Resting", "check_break"]

Codes = tuple[int, ...]

# Answers that are remembered: several hours of work.
KEPT = 5_000


class Resting:
    """Remembers when the annotator answered, how long it took, and whether the model agreed.

    Parameters
    ----------
    after
        Minutes without a pause after which a break is due; None for never.
    before
        The annotator's own events so far, so that a restart of the kernel is no break.
    guess
        Returns the classes that the model predicts for a row; None if it does not predict.
    """

    def __init__(
        self,
        after: float | None,
        before: Iterable[LabelEvent],
        guess: Callable[[int], Codes | None],
    ) -> None:
        self._after, self.guess = after, guess
        self._answers: deque[tuple[float, float, float]] = deque(maxlen=KEPT)
        for event in before:
            self._note(event, math.nan)

    def note(self, event: LabelEvent, codes: Codes | None, guess: Codes | None) -> None:
        """Note an answer, and what the model predicted before it."""
        self._note(event, math.nan if codes is None or guess is None else float(set(codes) == set(guess)))

    def _note(self, event: LabelEvent, agreed: float) -> None:
        at = datetime.fromisoformat(event.time).timestamp()
        took = math.nan if event.elapsed_ms is None else event.elapsed_ms / 1000
        self._answers.append((at, took, agreed))

    def due(self, now: float | None = None) -> Break | None:
        """Return whether a break is due; ``now`` as by ``time.time``."""
        if self._after is None or not self._answers:
            return None
        times, took, agreed = np.array(self._answers).T
        return break_due(times, took, agreed, time.time() if now is None else now, self._after)


def check_break(after: object) -> float | None:
    """Return ``break_after=`` as minutes, None for never; raise InvalidInput for anything else."""
    if after is None:
        return None
    number = isinstance(after, int | float | np.number) and not isinstance(after, bool)
    if not number or not 0 < after < math.inf:  # type: ignore[operator]
        raise InvalidInput(f"break_after={after!r}: expected minutes, such as 50, or None for no hint.")
    return float(after)  # type: ignore[arg-type]
