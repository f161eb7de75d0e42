"""The trainer: makes rounds, then measures them, each in its own background thread."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from hitl_widgets.labels.schema import Schema
from hitl_widgets.learn.evaluate import (
    CurvePoint,
    Estimate,
    audit_estimate,
    checkpoints,
    learning_curve,
)
from hitl_widgets.learn.learner import FloatArray, Learner
from hitl_widgets.loop.asking import Asker, Labels
from hitl_widgets.loop.round import Round, Suggestion, read_proba
from hitl_widgets.loop.worker import Worker

__all__ = ["Evaluation", "Trainer"]

QUEUE = 20
# Measuring takes some sixty fits: it waits for a pause in the labeling.
REST = 0.5

Snapshot = Callable[[], tuple[Labels, npt.NDArray[np.float32] | None]]


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
        Returns the labels that hold and the features, or None while these are being built.
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
        self._asker = asker
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

    @property
    def failure(self) -> Exception | None:
        """What kept the newest round from being made, if anything did."""
        return self._rounds.failure

    def request(self) -> None:
        """Ask for a round that has seen every label; returns at once."""
        self._rounds.request()

    def close(self) -> None:
        """Stop both threads."""
        self._rounds.close()
        self._evaluations.close()

    def _make_round(self, _overtaken: Callable[[], bool]) -> None:
        began = time.perf_counter()
        labels, X = self._snapshot()
        last, error = self.round, ""
        codes = (self._blank, self._blank, self._zero, self._zero)
        utilities: npt.NDArray[np.float64] | None = None
        if last is not None:  # kept where the learner fails
            codes = (last.predicted, last.runner_up, last.confidence, last.uncertainty)
        if len(labels) == 0:
            codes = (self._blank, self._blank, self._zero, self._zero)
        elif X is not None:
            try:
                proba = self._learn(labels, X)
                codes = read_proba(proba)
            except Exception as failure:  # noqa: BLE001 - a person's estimator may raise anything
                error = f"The model {self._template.name!r} failed: {_words(failure)}"
            else:
                if len(np.unique(labels.y[labels.y >= 0])) >= 2:
                    utilities, error = self._rank(proba, X, labels)
        self.number += 1
        made = Round(
            self.number,
            len(labels),
            labels.n_events,
            *codes,
            utilities=utilities,
            model=self._template.name if X is not None and len(labels) else "",
            error=error,
            has_features=X is not None,
        )
        try:
            queue = self._queue(made, labels, X, QUEUE)
        except Exception as failure:  # noqa: BLE001 - a person's strategy may return anything
            made = replace(made, utilities=None, error=self._strategy_failed(failure))
            queue = self._queue(made, labels, None, QUEUE)
        made = replace(made, suggestions=queue, seconds=time.perf_counter() - began)
        self.round = made
        self._on_round(made)
        if X is not None:
            self._evaluations.request()

    def _learn(self, labels: Labels, X: npt.NDArray[np.float32]) -> FloatArray:
        if self._live is None:
            self._live = self._template.start(X, self._n_classes)
        rows, codes, _ = labels.training()
        self._live.update(rows, codes)
        proba = self._live.proba()
        if proba.shape != (len(X), self._n_classes):
            raise ValueError(f"its probabilities have shape {proba.shape}, not {(len(X), self._n_classes)}")
        if not np.isfinite(proba).all() or proba.min() < 0 or np.abs(proba.sum(axis=1) - 1).max() > 0.01:
            raise ValueError("its probabilities are not finite, from 0 to 1, summing to 1 in each row")
        return proba

    def _rank(
        self, proba: FloatArray, X: npt.NDArray[np.float32], labels: Labels
    ) -> tuple[npt.NDArray[np.float64] | None, str]:
        try:
            return np.asarray(self._asker.utilities(proba, X, labels), dtype=np.float64), ""
        except Exception as failure:  # noqa: BLE001 - a person's strategy may raise anything
            return None, self._strategy_failed(failure)

    def _strategy_failed(self, failure: Exception) -> str:
        return (
            f"The strategy {self._asker.name!r} failed: {_words(failure)}. Items are drawn at random "
            "meanwhile."
        )

    def _queue(
        self, made: Round, labels: Labels, X: npt.NDArray[np.float32] | None, n: int
    ) -> tuple[Suggestion, ...]:
        return self._asker.queue(labels, n, X, made.utilities, lambda i: self._asker.reason(made, i))

    def suggest(self, labels: Labels, X: npt.NDArray[np.float32] | None, n: int) -> tuple[Suggestion, ...]:
        """The ``n`` items to ask next, by the newest round."""
        assert self.round is not None  # noqa: S101 - Session.wait came first
        return self._queue(self.round, labels, X, n)

    # -- evaluation -----------------------------------------------------------

    def _estimate(
        self, overtaken: Callable[[], bool]
    ) -> tuple[Estimate, Labels, npt.NDArray[np.float32] | None]:
        labels, X = self._snapshot()
        rows, codes, audited = labels.training()
        if X is None or not audited.any():
            return Estimate(None, None, None, 0), labels, X
        learner = self._template.start(X, self._n_classes)
        found = audit_estimate(learner, rows, codes, audited, overtaken=overtaken)
        return found, labels, X

    def estimate(self) -> Estimate:
        """The audit estimate of the labels of now; from memory where it is known."""
        newest = self.round.n_events if self.round else 0
        known = self.evaluation
        if known.n_events == newest:
            return known.estimate
        return self._estimate(lambda: False)[0]

    def _evaluate(self, overtaken: Callable[[], bool]) -> None:
        try:
            estimate, labels, X = self._estimate(overtaken)
            if overtaken():
                return
            curve = self.evaluation.curve if estimate.value is not None else ()
            self._publish(Evaluation(estimate, curve, labels.n_events))
            if estimate.value is None or X is None:
                return
            rows, codes, audited = labels.training()
            learner = self._template.start(X, self._n_classes)
            steps = checkpoints(len(rows))
            points = learning_curve(learner, rows, codes, audited, steps, overtaken=overtaken)
            if points and not overtaken():
                self._publish(Evaluation(estimate, tuple(points), labels.n_events))
        except Exception:  # noqa: BLE001 - the same failure stands in the round's error
            return

    def _publish(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        self._on_evaluation(evaluation)


def _words(failure: Exception) -> str:
    return f"{type(failure).__name__}: {failure}".rstrip(".")
