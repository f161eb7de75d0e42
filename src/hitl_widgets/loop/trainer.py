"""Trainer: makes rounds and evaluates them, each in its own background thread."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.background.turns import first
from hitl_widgets.background.worker import Worker, half_imported
from hitl_widgets.data._memory import give_back
from hitl_widgets.errors import HitlError, InvalidInput
from hitl_widgets.learn.beliefs import Belief
from hitl_widgets.learn.evaluate import (
    CurvePoint,
    Earlier,
    Estimate,
    Given,
    Rest,
    Told,
    accuracy_estimate,
    checkpoints,
    learning_curve,
    part_estimates,
    tell,
    without_own,
)
from hitl_widgets.learn.experts import Expert, advised
from hitl_widgets.learn.landmarks import OnLandmarks
from hitl_widgets.learn.learner import FloatArray, IntArray, NotYet, Refreshable, foretold
from hitl_widgets.learn.outside import told_outside
from hitl_widgets.learn.problems.base import Problem
from hitl_widgets.learn.reasons import Explaining, Reasons
from hitl_widgets.learn.scoring import SMALL, warm_up
from hitl_widgets.learn.slope import rises
from hitl_widgets.loop.asking import Asker, Ground, Labels
from hitl_widgets.loop.partial import Partial
from hitl_widgets.loop.round import ItemDoubts, Round, Suggestion, gains_of
from hitl_widgets.loop.slices import Slice
from hitl_widgets.loop.troubles import in_words

__all__ = ["Evaluation", "Snapshot", "Trainer"]

QUEUE = 20
# Evaluation takes a dozen fits, or about sixty if the learner cannot leave out labels: it waits for a pause.
REST = 0.5
# The slower parts of a model also wait for a pause, but no longer than a few labels take.
PAUSE = 0.4
PATIENCE = 3.0
# The minimum number of labels for a provisional measure.
PROVISIONAL = 10
# Seconds that the neighbour search waits at most for what the first label needs.
READY = 10.0

Snapshot = Callable[[], tuple[Labels, Ground | None]]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The estimate after ``n_events`` log events, the learning curve up to it, and the slices.

    ``provisional`` is the measure on the labels themselves, each predicted by a model without it, while
    nothing is audited; the curve then consists of the same measure on the first labels. It is optimistic:
    later questions depend on every label, and these items were not drawn at random.
    """

    estimate: Estimate
    provisional: float | None = None
    curve: tuple[CurvePoint, ...] = ()
    n_events: int = 0
    slices: tuple[Slice, ...] = ()

    @property
    def rising(self) -> bool:
        """Whether more labels still help, as far as the curve of a measure between 0 and 1 tells."""
        return rises(self.curve)


class Trainer:
    """Keeps the round and its evaluation up to date with the labels.

    Parameters
    ----------
    snapshot
        Returns the current labels and the features with their graph, None before there are features.
    on_round, on_evaluation
        Called from the background threads.
    on_turn
        Called when a part of the work fails for good, and when it works again: see ``Worker``.

    Attributes
    ----------
    slices
        Returns the slices with their items.
    doubts
        Returns the doubts that the default strategy uses in place of the model's uncertainty, if any.
    experts
        Each returns what else predicts the classes, for labels and the features of all items: the same
        objects until something changes. Every model uses them, also those that evaluate.
    """

    slices: Callable[[], tuple[Slice, ...]] = staticmethod(tuple)
    doubts: Callable[[], ItemDoubts | None] = staticmethod(lambda: None)

    def __init__(
        self,
        learner: Any,
        asker: Asker,
        n_items: int,
        snapshot: Snapshot,
        on_round: Callable[[Round], None],
        on_evaluation: Callable[[Evaluation], None],
        on_turn: Callable[[str, Exception | None], None],
    ) -> None:
        self._template = learner
        self._live: Any = None
        self._ground: Ground | None = None
        # The classes and the problem that the live model knows: others need a new model.
        self._task: tuple[Any, ...] = ()
        self._change = threading.Lock()
        self._asker = asker
        self._snapshot = snapshot
        self._on_round = on_round
        self._on_evaluation = on_evaluation
        self._n_items = n_items
        self._known: tuple[Any, Belief] | None = None
        self.experts: list[Callable[[Labels, Any], tuple[Expert, ...]]] = []
        self._advisers: tuple[Expert, ...] = ()
        self._earlier: tuple[tuple[Any, ...], tuple[Any, ...], Earlier] | None = None
        self.number = 0
        self.round: Round | None = None
        self.evaluation = Evaluation(Estimate(None, None, None, 0))
        self._rounds = Worker(self._make_round, "model", on_turn=on_turn)
        self._evaluations = Worker(self._evaluate, "audit", rest=REST, last=True, on_turn=on_turn)
        self._growth = Worker(self._grow, "graph", last=True, on_turn=on_turn)
        self._settling = Worker(
            self._settle, "settling", rest=PAUSE, patience=PATIENCE, last=True, on_turn=on_turn
        )
        self._beginning = Worker(self._begin, "start", on_turn=on_turn)
        self._ready = threading.Event()
        self._unread = self._refreshed = False
        self._trouble: Exception | None = None
        self._waits = ""  # why there is no model yet

    @property
    def ground(self) -> Ground | None:
        """The features and graph that the model uses."""
        return self._ground

    @property
    def failure(self) -> Exception | None:
        """The error that prevented the newest round, if any."""
        return self._rounds.failure

    @property
    def growth_failed(self) -> bool:
        """Whether the model could not be started with the newest features and graph."""
        return self._growth.failure is not None

    def request(self) -> None:
        """Request a round that includes every label; returns at once."""
        self._rounds.request()

    def hurry(self) -> None:
        """Update the slower parts of the model now, because a caller is waiting."""
        self._settling.hurry()

    def wait_ready(self) -> None:
        """Wait briefly until the first questions are chosen and what the first label needs is loaded."""
        self._ready.wait(READY)

    def retry(self) -> None:
        """Try failed work again; returns at once."""
        for worker in (self._rounds, self._evaluations, self._growth, self._settling):
            if worker.failure is not None:
                worker.request()

    def grow(self) -> None:
        """Restart the learner with the graph that is now available; returns at once."""
        self._growth.request()

    def close(self) -> None:
        """Stop the threads."""
        self._ready.set()
        self._rounds.close()
        self._evaluations.close()
        self._growth.close()
        self._settling.close()
        self._beginning.close()

    def forget(self) -> None:
        """Release the model and its data; the last round is kept."""
        with self._change:
            self._live = self._ground = self._known = None

    def _grow(self, _overtaken: Callable[[], bool]) -> None:
        # In a separate thread: starting with a graph may compile code and be slow, while rounds continue.
        labels, ground = self._snapshot()
        if ground is None:
            return
        task = labels.task
        # If this fails, rounds continue without the graph, and the worker reports why.
        live = self._template.start(ground.X, labels.target.problem.size, ground.affinity)
        live = self._advised(live, ground, labels)
        if len(labels):
            rows, taught, _ = labels.training()
            with contextlib.suppress(NotYet):
                live.update(rows, taught)
        with self._change:
            self._live, self._ground, self._task = live, ground, task
        give_back()
        self._rounds.request()

    def _make_round(self, _overtaken: Callable[[], bool]) -> None:
        with first():
            made, ground = self._round()
            self._publish_round(made)
        if made.learned and self._lags(self._live):
            (self._rounds if _unfinished(self._live) else self._settling).request()
        if ground is not None:
            self._evaluations.request()
            if not (made.settled and self._ready.is_set()):
                self._beginning.request()

    def _begin(self, _overtaken: Callable[[], bool]) -> None:
        # In a separate thread, so that labels given in the meantime are learned.
        labels, ground = self._snapshot()
        try:
            if ground is not None and self._asker.lacks_start(labels, ground.X):
                self._asker.begin(ground.X)
                self._rounds.request()
            if not self._ready.is_set() and self._n_items * len(labels.schema.classes) > SMALL:
                warm_up()
        finally:
            self._ready.set()

    def begin_at_random(self) -> None:
        """Continue with random questions, because the first ones could not be chosen."""
        self._asker.begin_at_random()
        self._rounds.request()

    def _settle(self, _overtaken: Callable[[], bool]) -> None:
        # In a separate thread, so that the next label does not wait for it.
        live: object = self._live
        if not isinstance(live, Refreshable):
            return
        self._unread = True
        try:
            live.refresh()
        except Exception as failure:  # noqa: BLE001 - the next round reports it
            self._trouble = failure
        finally:
            self._refreshed = True
            self._rounds.request()

    def _publish_round(self, made: Round) -> None:
        self.round = made
        self._on_round(made)

    def _round(self) -> tuple[Round, Ground | None]:
        began = time.perf_counter()
        labels, ground = self._snapshot()
        last, error = self.round.under(labels.schema) if self.round else None, ""
        none = labels.target.problem.empty(self._n_items)
        belief = none
        utilities: npt.NDArray[np.float64] | None = None
        if last is not None and len(labels):  # kept if the learner fails
            belief = last.belief
        live: Any = None
        learned, waits = True, ""
        doubts = self.doubts() if self._asker.name == "doubt" else None
        if len(labels) and ground is not None:
            try:
                live = self._learner(ground, labels)
                belief = self._learn(live, labels, last)
            except NotYet as reason:
                _raise_if_passing(reason)
                live, belief, waits = None, none, f"No model yet: {reason}."
            except Exception as failure:  # noqa: BLE001 - a custom estimator may raise anything
                _raise_if_passing(failure)
                learned, error = False, f"The model {self._template.name!r} failed: {in_words(failure)}"
            else:
                if doubts is None and self._asker.name == "doubt":
                    doubts = gains_of(belief)
                utilities, error = self._rank(live, belief, self._ground or ground, labels, doubts)
        self._waits = waits
        self.number += 1
        begun = ground is None or not self._asker.lacks_start(labels, ground.X)
        made = Round(
            self.number,
            labels.schema,
            len(labels),
            labels.n_events,
            belief,
            utilities=utilities,
            doubts=None if utilities is None else doubts,
            model=self._template.name if live is not None or waits else "",
            explanation=waits or _explained(doubts) or getattr(live, "explanation", ""),
            settled=begun and not (learned and self._lags(live)),
            learned=learned,
            error=error,
            has_features=ground is not None,
            passing=ground is not None and ground.passing,
            strikes=() if (used := self._ground or ground) is None else used.strikes,
            decisions=labels.decisions,
            has_graph=self._ground is not None and self._ground.affinity is not None,
        )
        try:
            queue = self._queue(made, labels, ground, QUEUE)
        except Exception as failure:  # noqa: BLE001 - a custom strategy may return anything
            _raise_if_passing(failure)
            made = replace(made, utilities=None, error=self._strategy_failed(failure))
            queue = self._queue(made, labels, None, QUEUE)
        return replace(made, suggestions=queue, seconds=time.perf_counter() - began), ground

    def _lags(self, live: object) -> bool:
        stale = isinstance(live, Refreshable) and live.stale
        return self._unread or stale or _unfinished(live)

    def _learner(self, ground: Ground, labels: Labels) -> Any:
        with self._change:
            before = self._ground
            if before is not None and before.passing and before.X is not ground.X:  # better ones are ready
                self._live = self._ground = None
            if self._live is None or self._task != labels.task:
                # At first without the graph, which takes longer: see _grow.
                at = self._ground = self._ground or replace(ground, affinity=None)
                self._task, size = labels.task, labels.target.problem.size
                self._live = (self._live or self._template).start(at.X, size, at.affinity)
            self._live = self._advised(self._live, self._ground or Ground(ground.X), labels)
            return self._live

    def _experts(self, labels: Labels, X: Any) -> tuple[Expert, ...]:
        """The experts, the same tuple until they change.

        There are none where items have several classes, or rows are on other machines.
        """
        if labels.target.problem.name != "multiclass" or hasattr(X, "each_block"):
            return ()
        known, found = self._advisers, tuple(one for source in self.experts for one in source(labels, X))
        if known != found:  # experts are compared by identity
            self._advisers = known = found
        return known

    def _advised(self, learner: Any, at: Ground, labels: Labels) -> Any:
        experts = self._experts(labels, at.X)
        return advised(learner, experts, at.X, labels.target.problem.size, at.affinity)

    def _fresh(self, ground: Ground, labels: Labels) -> Any:
        """A learner for evaluation. If it uses the same graph, it shares what was computed from it."""
        at = self._ground or Ground(ground.X)
        fresh = (self._live or self._template).start(at.X, labels.target.problem.size, at.affinity)
        return self._advised(fresh, at, labels)

    def _learn(self, live: Any, labels: Labels, last: Round | None) -> Belief:
        (before, known), self._known = self._known or (None, None), None
        trouble, self._trouble = self._trouble, None
        if trouble is not None:
            raise trouble
        if self._refreshed:
            self._unread = self._refreshed = False
            known = None
        if before is not live:
            known = None
        rows, taught, _ = labels.training()
        touched = live.update(rows, taught)
        shown = None if last is None else Partial(last, self._publish_round)
        belief = labels.target.problem.belief(live, known, touched, shown)
        self._known = live, belief
        return belief

    def _rank(
        self, live: Any, belief: Belief, ground: Ground, labels: Labels, doubts: ItemDoubts | None
    ) -> tuple[npt.NDArray[np.float64] | None, str]:
        args = (
            lambda: labels.target.problem.read(live.proba())[0],
            belief.uncertainty if doubts is None else doubts.values,
            ground,
            labels,
            live,
            QUEUE,
        )
        try:
            # The doubts know what is new in an item: weighting by its neighbors makes them worse.
            return self._asker.utilities(*args, instead="" if doubts is None else "margin"), ""
        except Exception as failure:  # noqa: BLE001 - a custom strategy may raise anything
            _raise_if_passing(failure)
            return self._asker.utilities(*args, instead="doubt"), self._strategy_failed(failure)

    def _strategy_failed(self, failure: Exception) -> str:
        said = (
            str(failure)
            if isinstance(failure, InvalidInput)
            else f"The strategy {self._asker.name!r} failed: {in_words(failure)}."
        )
        return f"{said} The default strategy, doubt, is used until it works."

    def _queue(
        self, made: Round, labels: Labels, ground: Ground | None, n: int, **how: bool
    ) -> tuple[Suggestion, ...]:
        reason = partial(self._asker.reason, made)
        return self._asker.queue(labels, n, ground, made.utilities, reason, **how)

    def suggest(
        self, labels: Labels, ground: Ground | None, n: int, budget: float | None = None
    ) -> tuple[Suggestion, ...]:
        """The ``n`` items to ask next within the budget, by the newest round and spread out."""
        assert self.round is not None  # noqa: S101 - Session.wait came first
        if budget is None:
            return self._queue(self.round, labels, ground, n, diverse=True, again=False)
        most = min(n, self._asker.affordable(labels, budget))
        first = self._queue(self.round, labels, ground, most, diverse=True, again=False)
        # What the expensive items leave of the budget goes to the next items that still fit.
        rest = self._queue(self.round, labels, ground, self._n_items, again=False) if most else ()
        return self._asker.within(budget, most, (*first, *rest))

    @property
    def instead(self) -> str:
        """What a learner that is no classifier of single items offers instead of one and its reasons."""
        return str(getattr(self._template, "instead", ""))

    def export(self, labels: Labels) -> Any:
        """A scikit-learn classifier fitted to the labels, with class names as targets."""
        rows, taught, _ = labels.training()
        if lacks := labels.target.problem.lacks(taught):
            raise HitlError(f"There is no model to export yet: {lacks}.")
        if self._waits:
            raise HitlError(self._waits)
        export = getattr(self._live, "export", None)
        if export is None:
            way = self.instead or (
                "It needs a method export(index, y, weight=None, names=None) that returns a fitted "
                "scikit-learn classifier."
            )
            raise HitlError(f"The learner {self._template.name!r} cannot be exported. {way}")
        names = labels.schema.targets
        try:
            return labels.target.problem.model(export(rows, taught, names=names), names)
        except Exception as failure:
            raise HitlError(
                f"The model {self._template.name!r} could not be fitted to {len(rows)} labels: "
                f"{in_words(failure)}."
            ) from failure

    def proba(self, row: int) -> FloatArray:
        """Return the probability of each class for an item by the live model, (n_classes,).

        Raises
        ------
        HitlError
            If there is no model yet.
        """
        return np.asarray(self._begun().proba(np.array([row]))[0], np.float64)

    def reasons(self, row: int, one: int, other: int) -> tuple[FloatArray, Reasons]:
        """Return the features of an item, and why the odds of two classes are what they are.

        Raises
        ------
        HitlError
            If there is no model yet, or it gives no reasons.
        """
        live = self._begun()
        if isinstance(getattr(live, "learner", live), OnLandmarks):
            raise HitlError(
                f"In a pool of {self._n_items:,} items, guesses are interpolated between landmarks, and no "
                "reasons are given."
            )
        if not isinstance(live, Explaining):
            raise HitlError(
                f"The learner {self._template.name!r} gives no reasons: it needs a method "
                "reasons(row, one, other), see hitl_widgets.learn.reasons."
            )
        ground = self._ground
        assert ground is not None  # noqa: S101 - the model has begun
        return np.asarray(ground.X[np.array([row])][0]), live.reasons(row, one, other)

    def proba_of(self, X: FloatArray) -> FloatArray:
        """Return the probability of each class for rows that are not in the pool, (m, n_classes).

        Raises
        ------
        HitlError
            If there is no model yet, or it predicts only rows of the pool.
        """
        return told_outside(self._begun(), X)

    def features(self, rows: npt.NDArray[np.int64]) -> FloatArray:
        """Return the features of some items, by the live model's encoder, (m, d)."""
        ground = self._ground
        assert ground is not None  # noqa: S101 - the model has begun
        return np.asarray(ground.X[rows])

    def refit(self, labels: Labels) -> Callable[[IntArray, IntArray, int], FloatArray]:
        """Return a function that fits a model to some labels, and returns its prediction for one row."""
        ground = self._ground
        assert ground is not None  # noqa: S101 - the model has begun
        learner = self._fresh(ground, labels)

        def fit(index: IntArray, y: IntArray, row: int) -> FloatArray:
            return np.asarray(foretold(learner, index, y, np.array([row]))[0], np.float64)

        return fit

    def _begun(self) -> Any:
        live, made = self._live, self.round
        if live is None or self._waits or made is None or not made.n_labels:
            raise HitlError(self._waits or "There is no model yet: label some items first.")
        return live

    def split_model(self, labels: Labels) -> tuple[Any, npt.NDArray[np.int64]]:
        """Return a classifier that has not learned the audited labels, and the audited rows.

        Its predictions of these rows judge it: see :meth:`Session.route`.
        """
        ground = self._snapshot()[1]
        taught = replace(labels, y=np.where(labels.audited, -1, labels.y))
        rows, values, _ = taught.training()
        if lacks := labels.target.problem.lacks(values):
            raise HitlError(f"There is no model yet: without the audited labels, {lacks}.")
        learner = self._fresh(ground or Ground(None), labels)
        if not hasattr(learner, "export"):
            raise HitlError(f"The learner {self._template.name!r} cannot be exported, so it cannot route.")
        learner.update(rows, values)
        model = learner.export(rows, values, names=labels.schema.targets)
        return model, np.flatnonzero(labels.audited & (labels.taught >= 0))

    # -- evaluation -----------------------------------------------------------

    def _measure(self, overtaken: Callable[[], bool], *, curve: bool) -> Evaluation:
        labels, ground = self._snapshot()
        given = labels.given()
        n = int(given.audited.sum())
        made = replace(
            self.evaluation,
            estimate=Estimate(None, None, None, n),
            provisional=None,
            curve=(),
            n_events=labels.n_events,
        )
        if (
            ground is None
            or not labels.target.problem.size
            or (not n and (len(given) < PROVISIONAL or not curve))
        ):
            return made
        problem, learner, rest = labels.target.problem, self._fresh(ground, labels), Rest.of(labels.y)
        if not n:
            points = _provisional(problem, learner, given, rest, overtaken)
            return replace(
                made, provisional=points[-1].estimate.value if points else None, curve=tuple(points)
            )
        common: dict[str, Any] = {
            "measure": problem.measured,
            "earlier": self._earlier_of(self._ground or ground, labels),
            "overtaken": overtaken,
        }
        try:
            found = accuracy_estimate(learner, given, rest, per_class=problem.exclusive, **common)
        except NotYet:  # with some labels left out it cannot learn
            found = Estimate(None, None, None, n)
        values = labels.schema.values
        found = replace(found, per_class={values[code]: one for code, one in found.per_class.items()})
        made = replace(made, estimate=found)
        if not curve or found.value is None or overtaken():
            return made
        self._publish(replace(made, curve=self.evaluation.curve))
        points = learning_curve(learner, given, rest, found, **common)
        return replace(made, curve=tuple(points))

    def _earlier_of(self, ground: Ground, labels: Labels) -> Earlier:
        """Predictions of earlier models, as long as features, graph, experts and classes are the same."""
        known, task, of = self._earlier, labels.task, (ground, self._experts(labels, ground.X))
        if known is None or known[:2] != (of, task):
            known = self._earlier = of, task, Earlier()
        return known[2]

    def estimate(self) -> Estimate:
        """The estimate for the current labels, cached if it is known."""
        newest = self.round.n_events if self.round else 0
        known = self.evaluation
        if known.n_events == newest:
            return known.estimate
        return self._measure(lambda: False, curve=False).estimate

    def held_out(self) -> tuple[Labels, Told | None]:
        """Return the labels, and predictions of their items by models that have not seen their label.

        Raises
        ------
        NotYet
            If the learner cannot learn from a part of the labels yet.
        """
        labels, ground = self._snapshot()
        if ground is None:
            return labels, None
        return labels, self.told_of(labels, self._earlier_of(self._ground or ground, labels))

    def told_of(self, labels: Labels, earlier: Earlier) -> Told | None:
        """The same predictions for other labels; ``earlier`` is a cache for the current :attr:`ground`."""
        ground, given = self._snapshot()[1], labels.given()
        if ground is None or not labels.target.problem.size or len(given) < 2:
            return None
        return tell(self._fresh(ground, labels), given, Rest.of(labels.y), len(given), earlier=earlier)

    def successive(self, sizes: Sequence[int]) -> list[npt.NDArray[np.int64]] | None:
        """Return the classes that models of the first labels predict for the same unlabelled items.

        ``sizes`` are their numbers of labels, in order. None if one of them cannot learn yet.
        """
        labels, ground = self._snapshot()
        given, rest = labels.given(), Rest.of(labels.y)
        if ground is None:
            return None
        found = []
        try:
            for part in (given.first(n) for n in sizes):
                if len(np.unique(part.y)) < 2:
                    return None
                told = foretold(self._fresh(ground, labels), part.index, part.y, rest.index)
                found.append(told.argmax(axis=1).astype(np.int64))
        except NotYet:
            return None
        return found

    def scores_without(
        self, labels: Labels, ground: Ground
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """Return how well each label is predicted by a model of all others, and which labels were left out.

        The model works with other features than the live one.

        Returns
        -------
        The positions of the labels in the order in which they were given, and their scores, 0 to 1.

        Raises
        ------
        NotYet
            If the learner cannot learn from a part of the labels yet.
        """
        given, problem = labels.given(), labels.target.problem
        learner = self._template.start(ground.X, problem.size, ground.affinity)
        P, among = without_own(learner, given)
        return among, np.asarray(problem.scores(P, given.y[among]), np.float64)

    def doubted(self, labels: Labels, ground: Ground) -> tuple[npt.NDArray[np.int64], FloatArray] | None:
        """Return rows of labelled items, and predictions for them by models of all labels but their own.

        None if no model can learn from the labels yet.
        """
        given = labels.given()
        if not labels.target.problem.size or len(np.unique(given.y)) < 2:
            return None
        try:
            found, among = without_own(self._fresh(ground, labels), given)
        except NotYet:
            return None
        return given.index[among].astype(np.int64), found

    def _evaluate(self, overtaken: Callable[[], bool]) -> None:
        if self.round is not None and not self.round.learned:
            return  # the round already reports the same failure
        before = {(one.name, one.query): one.estimate for one in self.evaluation.slices}
        slices = self.slices()
        if slices or before:  # the counts come first, with the last estimates
            shown = tuple(
                replace(one, estimate=before.get((one.name, one.query), one.estimate)) for one in slices
            )
            self._publish(replace(self.evaluation, slices=shown))
        found = self._measure(overtaken, curve=True)
        if overtaken():
            return
        self._publish(found)
        measured = self.measured(slices, overtaken)
        if slices and not overtaken():
            self._publish(replace(found, slices=measured))

    def measured(
        self, slices: tuple[Slice, ...], overtaken: Callable[[], bool] = lambda: False
    ) -> tuple[Slice, ...]:
        """The slices with their estimates."""
        masks = {one.name: one.mask for one in slices if one.mask is not None}
        labels, ground = self._snapshot()
        if ground is None or not masks or not labels.audited.any():
            return slices
        try:
            found = part_estimates(
                self._fresh(ground, labels),
                labels.given(),
                labels.y,
                list(masks.values()),
                measure=labels.target.problem.measured,
                earlier=self._earlier_of(self._ground or ground, labels),
                overtaken=overtaken,
            )
        except NotYet:
            return slices
        known = dict(zip(masks, found, strict=True))
        return tuple(replace(one, estimate=known.get(one.name, one.estimate)) for one in slices)

    def _publish(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        self._on_evaluation(evaluation)


def _provisional(
    problem: Problem, learner: Any, given: Given, rest: Rest, overtaken: Callable[[], bool]
) -> list[CurvePoint]:
    """The measure on the first labels, each predicted by a model of the others; bulk acts count as one label.

    Empty if overtaken, or if no model can learn from all of them but one.
    """
    worst, best = problem.scale
    points: list[CurvePoint] = []
    for n in checkpoints(len(given)):
        if n < PROVISIONAL:
            continue
        try:
            told = tell(learner, given.first(n), rest, n, overtaken)
        except NotYet:
            points = []  # the first classes only
            continue
        if told is None:
            return []
        scores = problem.scores(told.answers.P, told.answers.y)
        value = worst + float(np.average(scores, weights=told.answers.weight)) * (best - worst)
        points.append(CurvePoint(n, Estimate(value, None, None, 0)))
    return points


def _explained(doubts: ItemDoubts | None) -> str:
    return "" if doubts is None else doubts.explanation


def _unfinished(learner: object) -> bool:
    return bool(getattr(learner, "unfinished", False))


def _raise_if_passing(failure: Exception) -> None:
    """Re-raise errors of half-finished imports in another thread: the worker then retries the round."""
    if half_imported(failure):
        raise failure
