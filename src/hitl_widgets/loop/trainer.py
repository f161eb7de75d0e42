"""The trainer: makes rounds, then measures them, each in its own background thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import HitlError, InvalidInput
from hitl_widgets.labels.schema import Schema
from hitl_widgets.learn.evaluate import (
    CurvePoint,
    Estimate,
    audit_estimate,
    checkpoints,
    learning_curve,
)
from hitl_widgets.learn.learner import FloatArray, Learner, Refreshable
from hitl_widgets.loop.asking import Asker, Ground, Labels
from hitl_widgets.loop.round import Round, Suggestion, read_proba
from hitl_widgets.loop.worker import Worker

__all__ = ["Evaluation", "Trainer"]

QUEUE = 20
# Measuring takes some sixty fits: it waits for a pause in the labeling.
REST = 0.5
# Labels that may come before the slower parts of a model get their turn in between.
PATIENCE = 8

Snapshot = Callable[[], tuple[Labels, Ground | None]]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The audit estimate after ``n_events`` log events, and the curve that led there."""

    estimate: Estimate
    curve: tuple[CurvePoint, ...] = ()
    n_events: int = 0


class Trainer:
    """Keeps the round and its evaluation up with the labels.

    Parameters
    ----------
    snapshot
        Returns the labels that hold and what the learner stands on, None before there are features.
    on_round, on_evaluation
        Called from the background threads.
    """

    def __init__(
        self,
        learner: Learner,
        asker: Asker,
        n_items: int,
        schema: Schema,
        snapshot: Snapshot,
        on_round: Callable[[Round], None],
        on_evaluation: Callable[[Evaluation], None],
    ) -> None:
        self._template = learner
        self._live: Learner | None = None
        self._ground: Ground | None = None
        self._change = threading.Lock()
        self._hurried = 0
        self._asker = asker
        self._classes = schema.names
        self._n_classes = len(schema.classes)
        self._snapshot = snapshot
        self._on_round = on_round
        self._on_evaluation = on_evaluation
        self._blank = np.full(n_items, -1, dtype=np.int16)
        self._zero = np.zeros(n_items, dtype=np.float32)
        self.number = 0
        self.round: Round | None = None
        self.evaluation = Evaluation(Estimate(None, None, None, 0))
        self._rounds = Worker(self._make_round, "model")
        self._evaluations = Worker(self._evaluate, "audit", rest=REST)
        self._growth = Worker(self._grow, "graph")

    @property
    def failure(self) -> Exception | None:
        """What kept the newest round from being made, if anything did."""
        return self._rounds.failure

    def request(self) -> None:
        """Ask for a round that has seen every label; returns at once."""
        self._rounds.request()

    def grow(self) -> None:
        """There is a graph now: start the learner on it; returns at once."""
        self._growth.request()

    def close(self) -> None:
        """Stop the threads."""
        self._rounds.close()
        self._evaluations.close()
        self._growth.close()

    def _grow(self, _overtaken: Callable[[], bool]) -> None:
        # In a thread of its own: starting on a graph may compile and take its time, while rounds go on.
        labels, ground = self._snapshot()
        if ground is None:
            return
        live: Learner | None = None
        try:
            live = self._template.start(ground.X, self._n_classes, ground.affinity)
            if len(labels):
                rows, codes, _ = labels.training()
                live.update(rows, codes)
        except Exception:  # noqa: BLE001 - the next round meets the same failure, and says it
            live = None
        with self._change:
            self._live, self._ground = live, ground
        self._rounds.request()

    def _make_round(self, overtaken: Callable[[], bool]) -> None:
        made, ground = self._round()
        self._publish_round(made)
        self._hurried = 0 if made.settled else self._hurried + 1
        if not made.settled and (not overtaken() or self._hurried >= PATIENCE):
            self._hurried = 0
            made, ground = self._round(settle=True)
            self._publish_round(made)
        if ground is not None:
            self._evaluations.request()

    def _publish_round(self, made: Round) -> None:
        self.round = made
        self._on_round(made)

    def _round(self, *, settle: bool = False) -> tuple[Round, Ground | None]:
        began = time.perf_counter()
        labels, ground = self._snapshot()
        last, error = self.round, ""
        codes = (self._blank, self._blank, self._zero, self._zero)
        utilities: npt.NDArray[np.float64] | None = None
        if last is not None and len(labels):  # kept where the learner fails
            codes = (last.predicted, last.runner_up, last.confidence, last.uncertainty)
        live: Learner | None = None
        learned = True
        if len(labels) and ground is not None:
            try:
                live = self._learner(ground)
                proba = self._learn(live, labels, settle=settle)
                codes = read_proba(proba)
            except Exception as failure:  # noqa: BLE001 - a person's estimator may raise anything
                learned, error = False, f"The model {self._template.name!r} failed: {_words(failure)}"
            else:
                utilities, error = self._rank(proba, self._ground or ground, labels)
        self.number += 1
        made = Round(
            self.number,
            len(labels),
            labels.n_events,
            *codes,
            utilities=utilities,
            model=self._template.name if live is not None else "",
            explanation=getattr(live, "explanation", ""),
            settled=not _lags(live),
            learned=learned,
            error=error,
            has_features=ground is not None,
            has_graph=self._ground is not None and self._ground.affinity is not None,
        )
        try:
            queue = self._queue(made, labels, ground, QUEUE)
        except Exception as failure:  # noqa: BLE001 - a person's strategy may return anything
            made = replace(made, utilities=None, error=self._strategy_failed(failure))
            queue = self._queue(made, labels, None, QUEUE)
        return replace(made, suggestions=queue, seconds=time.perf_counter() - began), ground

    def _learner(self, ground: Ground) -> Learner:
        with self._change:
            if self._live is None:
                # At first without the graph, which takes its time: see _grow.
                at = self._ground = self._ground or Ground(ground.X)
                self._live = self._template.start(at.X, self._n_classes, at.affinity)
            return self._live

    def _fresh(self, ground: Ground) -> Learner:
        """A learner to measure with; one that stands on the same graph shares what it found there."""
        at = self._ground or Ground(ground.X)
        return (self._live or self._template).start(at.X, self._n_classes, at.affinity)

    def _learn(self, live: Learner, labels: Labels, *, settle: bool) -> FloatArray:
        rows, codes, _ = labels.training()
        live.update(rows, codes)
        if settle and isinstance(live, Refreshable):
            live.refresh()
        proba = live.proba()
        shape = (len(self._blank), self._n_classes)
        if proba.shape != shape:
            raise ValueError(f"its probabilities have shape {proba.shape}, not {shape}")
        if not np.isfinite(proba).all() or proba.min() < 0 or np.abs(proba.sum(axis=1) - 1).max() > 0.01:
            raise ValueError("its probabilities are not finite, from 0 to 1, summing to 1 in each row")
        return proba

    def _rank(
        self, proba: FloatArray, ground: Ground, labels: Labels
    ) -> tuple[npt.NDArray[np.float64] | None, str]:
        args = (proba, ground, labels, self._live, QUEUE)
        try:
            return self._asker.utilities(*args), ""
        except Exception as failure:  # noqa: BLE001 - a person's strategy may raise anything
            return self._asker.utilities(*args, default=True), self._strategy_failed(failure)

    def _strategy_failed(self, failure: Exception) -> str:
        said = (
            str(failure)
            if isinstance(failure, InvalidInput)
            else f"The strategy {self._asker.name!r} failed: {_words(failure)}."
        )
        return f"{said} Until it works, the default, doubt, chooses."

    def _queue(
        self, made: Round, labels: Labels, ground: Ground | None, n: int, *, diverse: bool = False
    ) -> tuple[Suggestion, ...]:
        reason = partial(self._asker.reason, made)
        return self._asker.queue(labels, n, ground, made.utilities, reason, diverse=diverse)

    def suggest(self, labels: Labels, ground: Ground | None, n: int) -> tuple[Suggestion, ...]:
        """The ``n`` items to ask next, by the newest round, not all alike."""
        assert self.round is not None  # noqa: S101 - Session.wait came first
        return self._queue(self.round, labels, ground, n, diverse=True)

    def export(self, rows: npt.NDArray[np.int64], codes: npt.NDArray[np.int16]) -> Any:
        """A fitted scikit-learn classifier of the labels, by class name."""
        export = getattr(self._live, "export", None)
        if export is None:
            raise HitlError(
                f"The learner {self._template.name!r} cannot be taken away: give it a method "
                "export(index, y, weight=None, names=None) that returns a fitted scikit-learn classifier."
            )
        return export(rows, codes, names=self._classes)

    # -- evaluation -----------------------------------------------------------

    def _estimate(self, overtaken: Callable[[], bool]) -> tuple[Estimate, Labels, Ground | None]:
        labels, ground = self._snapshot()
        rows, codes, audited = labels.training()
        if ground is None or not audited.any():
            return Estimate(None, None, None, 0), labels, ground
        found = audit_estimate(self._fresh(ground), rows, codes, audited, overtaken=overtaken)
        return found, labels, ground

    def estimate(self) -> Estimate:
        """The audit estimate of the labels of now; from memory where it is known."""
        newest = self.round.n_events if self.round else 0
        known = self.evaluation
        if known.n_events == newest:
            return known.estimate
        return self._estimate(lambda: False)[0]

    def _evaluate(self, overtaken: Callable[[], bool]) -> None:
        try:
            estimate, labels, ground = self._estimate(overtaken)
            if overtaken():
                return
            curve = self.evaluation.curve if estimate.value is not None else ()
            self._publish(Evaluation(estimate, curve, labels.n_events))
            if estimate.value is None or ground is None:
                return
            rows, codes, audited = labels.training()
            learner = self._fresh(ground)
            steps = checkpoints(len(rows))
            points = learning_curve(learner, rows, codes, audited, steps, overtaken=overtaken)
            if points and not overtaken():
                self._publish(Evaluation(estimate, tuple(points), labels.n_events))
        except Exception:  # noqa: BLE001 - the same failure stands in the round's error
            return

    def _publish(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        self._on_evaluation(evaluation)


def _lags(learner: object) -> bool:
    return isinstance(learner, Refreshable) and learner.stale


def _words(failure: Exception) -> str:
    return f"{type(failure).__name__}: {failure}".rstrip(".")
