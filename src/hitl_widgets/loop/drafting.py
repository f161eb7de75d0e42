"""Drafts: how much of a suggested text people change is learned, and used to choose what to ask."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hitl_widgets.background.worker import Worker
from hitl_widgets.labels.events import LabelEvent, is_demonstration
from hitl_widgets.loop.asking import Ground, Labels
from hitl_widgets.loop.log import Log
from hitl_widgets.loop.suggesting import Suggesting
from hitl_widgets.questions.base import Corrected

__all__ = ["START", "Changes", "Drafting", "expected_changes"]

# Number of corrected drafts from which they are learned from.
START = 10
# The share of changed words is learned as one of this many levels.
LEVELS = 5
# Seconds without a label, or with labels, before it learns; then it rests this many times as long.
PAUSE, PATIENCE, SHARE = 0.5, 4.0, 2.0


@dataclass(frozen=True, eq=False)
class Changes:
    """How much of each draft is expected to change.

    Attributes
    ----------
    values
        float64 of shape (n_items,): the expected share of changed words.
    n
        Number of drafts that this was learned from.
    """

    values: npt.NDArray[np.float64]
    n: int

    def reason(self, row: int) -> str:
        """Return how much is expected to change."""
        return f"about {100 * self.values[row]:.0f} % of the draft is likely to change"

    @property
    def explanation(self) -> str:
        """What the Monitor says."""
        return f"asks where drafts need the most changes, as learned from {self.n:,} of them"


def expected_changes(
    ground: Ground, rows: npt.NDArray[np.int64], shares: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64] | None:
    """Return the expected share of changed words of all items, (n,); None if all were changed alike.

    The shares, 0 to 1, are learned as levels of a scale, like numbers: see
    :class:`~hitl_widgets.learn.problems.ordinal.Ordinal`.
    """
    from hitl_widgets.learn.problems.ordinal import Ordinal

    levels = np.unique(np.quantile(shares, (np.arange(LEVELS) + 0.5) / LEVELS))
    if len(levels) < 2:
        levels = np.unique(shares)[[0, -1]]
    if levels[0] == levels[-1]:
        return None
    problem = Ordinal(tuple(levels.tolist()))
    codes = np.abs(shares[:, None] - levels).argmin(axis=1)
    learner = problem.learner("auto").start(ground.X, problem.size, ground.affinity)
    learner.update(rows, codes[:, None] > np.arange(problem.size))
    if learner.stale:
        learner.refresh()
    return np.asarray(problem.of(learner.proba()).mean, np.float64)


class Drafting:
    """Learns from the corrections of drafts which other drafts need the most changes.

    Parameters
    ----------
    log, suggesting
        The corrected texts and the drafts.
    snapshot
        Returns the labels, and the features with their graph.
    surveyed
        Called in the background thread when there are new :attr:`doubts`.
    on_turn
        See :class:`~hitl_widgets.background.worker.Worker`.

    Attributes
    ----------
    doubts
        The expected changes; None before the first.
    """

    def __init__(
        self,
        log: Log,
        suggesting: Suggesting,
        snapshot: Callable[[], tuple[Labels, Ground | None]],
        surveyed: Callable[[], None],
        on_turn: Callable[[str, Exception | None], None],
    ) -> None:
        self._log, self._suggesting, self._snapshot = log, suggesting, snapshot
        self._surveyed = surveyed
        self._rested = 0.0
        self._closed = threading.Event()
        self._learned: tuple[object, dict[int, float]] = None, {}
        self.doubts: Changes | None = None
        self.worker = Worker(self._learn, "drafts", rest=PAUSE, patience=PATIENCE, last=True, on_turn=on_turn)

    def close(self) -> None:
        """Stop the thread."""
        self._closed.set()
        self.worker.close()

    def _learn(self, _overtaken: Callable[[], bool]) -> None:
        if self._closed.wait(max(0.0, self._rested - time.monotonic())):
            return
        began = time.monotonic()
        _, ground = self._snapshot()
        shares = self.shares()
        if ground is None or (ground, shares) == self._learned:
            return
        self._learned = ground, shares
        found = None
        if len(shares) >= START:
            rows, values = np.array([*shares], np.int64), np.array([*shares.values()])
            values_of_all = expected_changes(ground, rows, values)
            found = None if values_of_all is None else Changes(values_of_all, len(shares))
        if found is None and self.doubts is None:
            return
        self.doubts = found
        self._surveyed()
        self._rested = time.monotonic() + SHARE * (time.monotonic() - began)

    def shares(self) -> dict[int, float]:
        """The share of changed words of each draft that was corrected, by row; hidden drafts do not count."""
        events: dict[int, LabelEvent] = {}
        with self._log.lock:
            fold, naming = self._log.ledger.fold, self._log.ledger.naming
            kind = fold.kind
            for event, holds in fold.acts():
                if holds and event.kind == "label" and len(event.item_ids) == 1:
                    row = naming.row(event.item_ids[0])
                    if row is not None:
                        events[row] = event
            answers = {row: fold.now(event) for row, event in events.items()}
        found: dict[int, float] = {}
        unknown: list[int] = []
        for row, event in events.items():
            match event.value:
                case {"suggested": {"shown": True, "changed": float() | int() as share}}:
                    found[row] = float(share)
                case {"suggested": _}:
                    continue
                case _ if answers[row] is not None and not is_demonstration(event):
                    unknown.append(row)  # labelled in Python, or by an earlier version
        for row, (draft, _) in self._suggesting.at_hand(unknown).items():
            if draft is not None and isinstance(kind, Corrected):
                found[row] = kind.changed(draft, kind.dump(answers[row]))
        return found
