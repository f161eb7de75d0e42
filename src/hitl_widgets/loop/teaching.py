"""Teaching: which answer teaches the model where several annotators differ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.background.worker import Worker
from hitl_widgets.learn.evaluate import Earlier
from hitl_widgets.learn.learner import NotYet
from hitl_widgets.loop.asking import Labels
from hitl_widgets.loop.log import Log
from hitl_widgets.loop.opinions import Opinions
from hitl_widgets.loop.trainer import Trainer
from hitl_widgets.quality.consensus import Consensus, Votes, consensus, worth

__all__ = ["Teaching"]

# Seconds without, or with, labels before the answers are combined.
PAUSE, PATIENCE = 0.2, 2.0


class Teaching:
    """Combines the answers of several annotators in the background.

    An item that all answer alike teaches that answer. Where they differ, the consensus decides among the
    given answers: see :func:`~hitl_widgets.quality.consensus.consensus`. The model in it is taught by the
    consensus without a model, never by its own result, so that the decisions are a function of the log.

    Parameters
    ----------
    log, trainer
        Parts of the session.
    tell
        Called with ``labels`` when decisions have changed.
    on_turn
        See :class:`~hitl_widgets.background.worker.Worker`.
    """

    def __init__(
        self,
        log: Log,
        trainer: Trainer,
        tell: Callable[[str], None],
        on_turn: Callable[[str, Exception | None], None],
    ) -> None:
        self._log, self._trainer, self._tell = log, trainer, tell
        self._seen: tuple[int, int] | None = None
        self._earlier: tuple[Any, Earlier] = None, Earlier()
        self.worker = Worker(
            self._decide, "teaching", rest=PAUSE, patience=PATIENCE, last=True, on_turn=on_turn
        )

    def close(self) -> None:
        """Stop the thread."""
        self.worker.close()

    @property
    def settled(self) -> bool:
        """Whether every answer has been taken into account."""
        return not self._due or self._seen == self._now or self.worker.failure is not None

    @property
    def _due(self) -> bool:
        return self._log.ledger.rule == "em" and self._log.schema.kind == "choice"

    @property
    def _now(self) -> tuple[int, int]:
        return self._log.n_events, id(self._trainer.ground)

    def _decide(self, _overtaken: Callable[[], bool]) -> None:
        if not self._due or self._log.closed:
            return
        labels = self._log.labels
        with self._log.lock:
            now, told = self._now, self._log.ledger.opinions()
        if now == self._seen or labels.n_events != now[0]:
            return  # another request follows
        made: dict[int, tuple[tuple[str, ...], int]] = {}
        gains: npt.NDArray[np.float64] | None = None
        if told.signed or labels.second.any():
            rows, found, counts = self._consensus(told, labels)
            place = {int(row): k for k, row in enumerate(rows)}
            best = np.where(counts > 0, found.probability, -1).argmax(axis=1)
            made = {row: (signed, int(best[place[row]])) for row, signed in told.signed.items()}
            gains = self._gains(labels, rows, found, told.me)
        with self._log.lock:
            if self._now != now:
                return
            changed = self._log.ledger.decide(made, gains)
            self._seen = now
            self._log.changed.notify_all()
        if changed:
            self._trainer.request()
            self._tell("labels")

    def _consensus(
        self, told: Opinions, labels: Labels
    ) -> tuple[npt.NDArray[np.int64], Consensus, npt.NDArray[np.float64]]:
        """Return the labelled rows, the consensus on them, and how often each class was answered."""
        rows, item = np.unique(told.row, return_inverse=True)
        shape = (len(rows), *told.experts.shape)
        known = np.array([told.known.get(row, -1) for row in rows.tolist()], np.int64)
        votes = Votes(item, told.person, told.code, *shape)
        counts = votes.counts()
        more: dict[str, Any] = {"known": known, "experts": told.experts}
        alone = consensus(votes, **more)
        best = np.where(counts > 0, alone.probability, -1).argmax(axis=1)
        best = np.where(known >= 0, known, best)
        model = self._held_out(labels, rows, best, told)
        return rows, alone if model is None else consensus(votes, model, **more), counts

    def _held_out(
        self, labels: Labels, rows: npt.NDArray[np.int64], best: npt.NDArray[np.int64], told: Opinions
    ) -> npt.NDArray[np.float64] | None:
        """Predictions of the rows by models that have not seen their label; None without a model."""
        y, order = labels.y.copy(), labels.order.copy()
        y[rows] = best
        last = np.zeros(len(y), np.int64)
        np.maximum.at(last, told.row, told.order)
        order[rows] = last[rows]
        ground, k = self._trainer.ground, len(labels.class_ids)
        if self._earlier[0] is not ground:
            self._earlier = ground, Earlier()
        try:
            found = self._trainer.told_of(replace(labels, y=y, order=order), self._earlier[1])
        except NotYet:
            return None
        if found is None:
            return None
        every = np.full((len(y), k), np.nan)
        every[found.rows] = found.answers.P[:, :k]
        return every[rows]

    @staticmethod
    def _gains(
        labels: Labels, rows: npt.NDArray[np.int64], found: Consensus, me: int | None
    ) -> npt.NDArray[np.float64]:
        """How much this annotator's answer is expected to settle each item, float64 (n_items,)."""
        gains = np.zeros(len(labels.y))
        waiting = np.flatnonzero(labels.second[rows])
        if len(waiting) and np.isfinite(found.confusion).all():
            gains[rows[waiting]] = worth(found, waiting, me)
        return gains
