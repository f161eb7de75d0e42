"""Spans are learned in the background: suggested in other texts, and used to choose what to ask."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.background.turns import give_way
from hitl_widgets.background.worker import Worker
from hitl_widgets.data.pool import Pool
from hitl_widgets.learn.tagging import Tagger, tagger
from hitl_widgets.loop.asking import Labels
from hitl_widgets.loop.log import Log
from hitl_widgets.loop.words import within

__all__ = ["START", "Doubts", "Tagging"]

# Number of labelled texts from which a tagger is useful.
START = 30
# Only the first characters of a text are read.
MOST = 100_000
# Seconds without a label, or with labels, before the tagger learns; then it rests this many times as long.
PAUSE, PATIENCE, SHARE = 0.5, 4.0, 2.0
# Texts that are read at once; texts that are asked before the next model, and among how many they are chosen.
BLOCK, QUEUE, TOP = 32, 20, 400
SHOWN = 40


@dataclass(frozen=True, eq=False)
class Doubts:
    """How much there is to learn from each text, and the least certain place in it.

    Attributes
    ----------
    values
        float64 of shape (n,), 0 or more.
    places
        int32 of shape (n, 2): start and end; equal if there is none.
    texts
        The texts.
    """

    values: npt.NDArray[np.float64]
    places: npt.NDArray[np.int32]
    texts: Sequence[str]
    explanation = ""

    def reason(self, row: int) -> str:
        """Return what the tagger is unsure about in a text; empty if there is nothing."""
        start, end = self.places[row].tolist()
        words = " ".join(self.texts[row][start:end].split())
        words = words if len(words) <= SHOWN else f"{words[:SHOWN]}…"
        return f"unsure about “{within(words)}”" if words else ""


class Tagging:
    """Keeps a tagger up to date with the labels, and its view of all other texts.

    Parameters
    ----------
    pool, log
        The texts and their spans.
    changed
        Called in the background thread when there is a new model.
    surveyed
        Called in the background thread when there are new :attr:`doubts`.
    on_turn
        See :class:`~hitl_widgets.background.worker.Worker`.

    Attributes
    ----------
    generation
        The number of models so far. With it, suggestions change.
    doubts
        The view of the newest model that has read all texts; None before the first.
    """

    def __init__(
        self,
        pool: Pool,
        log: Log,
        changed: Callable[[], None],
        surveyed: Callable[[], None],
        on_turn: Callable[[str, Exception | None], None],
    ) -> None:
        self._pool, self._log, self._changed, self._surveyed = pool, log, changed, surveyed
        self._model: Tagger | None = None
        self._learned: Labels | None = None
        self._rested = 0.0
        self._closed = threading.Event()
        self.generation = 0
        self.doubts: Doubts | None = None
        self.worker = Worker(
            self._learn, "tagging", rest=PAUSE, patience=PATIENCE, last=True, on_turn=on_turn
        )

    def close(self) -> None:
        """Stop the thread."""
        self._closed.set()
        self.worker.close()

    def spans(self, rows: Sequence[int]) -> list[Any]:
        """Return the suggested spans of each row in the form of the log; None if there are none."""
        model = self._model
        if model is None:
            return [None] * len(rows)
        known = set(self._log.labels.class_ids)
        found = model.suggest(self._texts(rows))
        marks = [[[s.start, s.end, s.label] for s in one if s.label in known] for one in found]
        return [{"spans": one} if one else None for one in marks]

    def _texts(self, rows: Sequence[int]) -> list[str]:
        return [self._pool.items[row][:MOST] for row in rows]

    def _learn(self, _overtaken: Callable[[], bool]) -> None:
        if self._closed.wait(max(0.0, self._rested - time.monotonic())):
            return
        labels = self._log.labels
        if self._learned is not None and _same(labels, self._learned):
            return
        began = time.monotonic()
        model = self._fitted(labels)
        if model is not None or self._model is not None:
            self._model = model
            self.generation += 1
            self._changed()
        doubts = None if model is None else self._survey(model, labels)
        if self._closed.is_set():
            return
        self.doubts, self._learned = doubts, labels
        self._surveyed()
        self._rested = time.monotonic() + SHARE * (time.monotonic() - began)

    def _fitted(self, labels: Labels) -> Tagger | None:
        """A tagger that has learned these labels; None if they are too few."""
        rows, _, _ = labels.training()
        known = set(labels.class_ids)
        answers: list[Any] = [labels.answers[code] for code in labels.y[rows].tolist()]
        spans = [
            [(*place, id_) for place, id_ in answer if id_ in known and place[0] < MOST] for answer in answers
        ]
        if len(rows) < START or not any(spans):
            return None
        return tagger().fit(self._texts(rows.tolist()), spans)

    def _survey(self, model: Tagger, labels: Labels) -> Doubts:
        """Read all texts without a label. Newer labels wait, since otherwise a large pool is never read."""
        n = len(labels.y)
        values, places = np.zeros(n), np.zeros((n, 2), np.int32)
        rows = np.flatnonzero(labels.y < 0)
        for low in range(0, len(rows), BLOCK):
            if self._closed.is_set():
                break
            give_way()
            part = rows[low : low + BLOCK]
            values[part], places[part] = model.survey(self._texts(part.tolist()))
        top = rows[np.argsort(-values[rows], kind="stable")[:TOP]]
        if batch := model.batch(self._texts(top.tolist()), QUEUE):
            # The first of the queue differ from each other.
            np.minimum(values, batch[-1][1], out=values)
            values[top[[i for i, _ in batch]]] = [value for _, value in batch]
        return Doubts(values, places, self._pool.items)


def _same(a: Labels, b: Labels) -> bool:
    """Whether the same answers were given, in the same classes."""
    return a.class_ids == b.class_ids and a.answers == b.answers and bool((a.y == b.y).all())
