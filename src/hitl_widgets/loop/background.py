"""Background work of a session: its features, map and model, and their failures."""

from __future__ import annotations

import time
import warnings
import weakref
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.background.children import Cancelled
from hitl_widgets.background.worker import Worker, ending, weakly
from hitl_widgets.data.landmarks import LandmarkGraph
from hitl_widgets.data.neighbors import NeighborGraph
from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import HitlError
from hitl_widgets.items.strikes import Strike
from hitl_widgets.loop.asking import Asker, Ground, Labels, ground_of
from hitl_widgets.loop.blind import Blind
from hitl_widgets.loop.drafting import Drafting
from hitl_widgets.loop.log import Log
from hitl_widgets.loop.round import Round
from hitl_widgets.loop.tagging import Doubts, Tagging
from hitl_widgets.loop.teach.edits import Editing
from hitl_widgets.loop.teach.proposals import Proposing
from hitl_widgets.loop.teach.strikes import Striking, in_effect
from hitl_widgets.loop.teaching import Teaching
from hitl_widgets.loop.trainer import Evaluation, Trainer
from hitl_widgets.loop.troubles import ASKING, MAP, Troubles
from hitl_widgets.maps.preparation import Map, Preparation, Stage
from hitl_widgets.questions.spans import Spans

__all__ = ["Background"]

# Seconds that views wait for a round that includes the new labels.
SOON = 0.1
# Up to this many items a neighbour graph takes seconds: waiting for the model includes waiting for it.
GRAPH_SOON = 20_000
# Number of random questions before there are features; one of them may already be displayed.
FIRST = 3

Tell = Callable[[str], None]
Graph = NeighborGraph | LandmarkGraph


class Background:
    """Computes the features, map and model in threads; each part can be used as soon as it is ready.

    Parameters
    ----------
    pool, log
        The items and their labels.
    learner, asker
        The model, and the object that chooses the questions.
    embed, random_state, cache
        See :class:`~hitl_widgets.maps.preparation.Preparation`.
    blind
        Notified of the next questions.
    tell
        Called with ``labels``, ``round``, ``evaluation``, ``map``, ``stage``, ``suggestions``,
        ``proposals`` or ``error``.

    Attributes
    ----------
    trainer
        Makes the rounds.
    tagging, drafting
        Learn spans, and the corrections of suggested texts; None for other questions.
    proposing
        Finds what the model proposes to the annotator.
    ground
        The features and graph that the learner uses; None before there are features.
    map
        The newest map; None before the preview.
    stage
        What is being prepared; None when everything is ready.
    error
        The error that ended the preparation, if any.
    overwritten
        The warning if X was overwritten after the session was created, otherwise "".
    """

    def __init__(
        self,
        pool: Pool,
        log: Log,
        learner: Any,
        asker: Asker,
        *,
        embed: Any,
        random_state: int | None,
        cache: Path | None,
        blind: Blind,
        tell: Tell,
    ) -> None:
        self._pool, self._log, self._blind, self._tell = pool, log, blind, tell
        self._troubles = Troubles()
        self._told_of = -1
        self._graph_due = len(pool) <= GRAPH_SOON
        self.ground: Ground | None = None
        self.map: Map | None = None
        self.stage: Stage | None = Stage("starting")
        self.error: Exception | None = None
        self.overwritten = ""
        self.trainer = Trainer(
            learner,
            asker,
            len(pool),
            _snapshot_of(self),
            weakly(self._on_round),
            weakly(self._on_evaluation),
            self.note,
        )
        self.preparation = Preparation(
            pool,
            embed,
            random_state,
            on_features=weakly(self._on_features),
            on_map=weakly(self._on_map),
            on_graph=weakly(self._on_graph),
            before_graph=self.trainer.wait_ready,
            on_stage=weakly(self.show),
            on_error=weakly(self._on_error),
            on_turn=self.note,
            cache=cache,
            strikes=partial(in_effect, log),
            umap=len(pool) <= getattr(learner, "most_mapped", len(pool)),
        )
        self.striking = Striking(
            log,
            self.preparation,
            self.trainer,
            now=_now_of(self),
            use=weakly(self.use),
            show=weakly(self.show),
            on_turn=self.note,
        )
        self.teaching = Teaching(log, self.trainer, tell, self.note)
        self.proposing = Proposing(log, self.trainer, _snapshot_of(self), tell, self.note)
        self.drafting: Drafting | None = None  # set by the loop, because it reads the suggestions
        self.editing: Editing | None = None  # set by the loop, because it acts
        self.tagging: Tagging | None = None
        if log.labels.kind.name == Spans.name:
            self.tagging = Tagging(pool, log, weakly(self._on_suggestions), self.trainer.request, self.note)
            self.trainer.doubts = partial(_doubts, weakref.ref(self.tagging))
        self.news = Worker(self._tell_labels, "news", rest=SOON, patience=SOON, on_turn=self.note)

    def start(self) -> None:
        """Start; returns at once."""
        self.preparation.start()
        self.trainer.request()
        for one in (self.tagging, self.drafting):
            if one is not None:
                one.worker.request()

    def snapshot(self) -> tuple[Labels, Ground | None]:
        """The current labels, and the features and graph that the learner uses."""
        labels = self._log.labels
        with self._log.lock:
            return labels, self.ground

    # -- state

    @property
    def round(self) -> Round | None:
        """The newest round, in terms of the current classes; None before the first."""
        found = self.trainer.round
        return None if found is None else found.under(self._log.schema)

    @property
    def evaluation(self) -> Evaluation:
        """The latest audit estimate and learning curve."""
        return self.trainer.evaluation

    @property
    def behind(self) -> int:
        """The number of acts that the model has not seen yet."""
        seen = self.trainer.round
        return self._log.n_events - (seen.n_events if seen else 0)

    @property
    def trouble(self) -> str:
        """Failures of background work that persist, and what to do about them; empty if there are none."""
        return self._words_of(None)

    @property
    def trouble_asking(self) -> str:
        """The same, only for failures that affect the current item."""
        return self._words_of(ASKING)

    @property
    def trouble_mapping(self) -> str:
        """The same, only for failures that affect the map."""
        return self._words_of(MAP)

    def _words_of(self, parts: tuple[str, ...] | None) -> str:
        found = self.round
        said = self._troubles.words() if parts is None else self._troubles.words(parts)
        if parts is not MAP and found is not None and found.error:
            said = f"{found.error} {said}".rstrip()
        return said

    def settle(self, timeout: float | None) -> Round:
        """Wait until everything has seen every label: see :meth:`Session.wait`."""
        self.check_features()
        end = None if timeout is None else time.monotonic() + timeout
        with self._log.lock:
            while True:
                if self.trainer.failure is not None:
                    raise HitlError(f"The model's thread failed: {self.trainer.failure}")
                if self.error is not None:
                    raise HitlError(f"The items could not be prepared: {self.error}") from self.error
                found = self.trainer.round
                seen = (0, 0) if found is None else (found.n_events, found.decisions)
                fresh = seen[0] >= self._log.n_events and seen[1] >= self._log.ledger.decisions
                taught = self.teaching.settled
                if found is not None and fresh and found.settled and taught and self._is_ready(found):
                    return found
                self._log.refuse_closed()
                if found is not None and not found.settled:
                    self.trainer.hurry()
                if not taught:
                    self.teaching.worker.hurry()
                left = None if end is None else end - time.monotonic()
                if left is not None and left <= 0:
                    raise TimeoutError(self._late(timeout))
                self._log.changed.wait(1.0 if left is None else min(left, 1.0))

    def _late(self, timeout: float | None) -> str:
        if self.behind and self.ground is not None:
            return f"The model is still {self.behind} acts behind after {timeout} s."
        doing = f": {self.stage.words}" if self.stage is not None else ""
        return f"The items are still being prepared after {timeout} s{doing}."

    @property
    def encoder(self) -> Any:
        """The fitted transformer of the live model's features, for new items, or None."""
        ground = self.trainer.ground or self.ground
        return self.preparation.encoder_with(() if ground is None else ground.strikes)

    def _is_ready(self, found: Round) -> bool:
        ready = self.ground is not None and found.has_features and not (found.passing or self.ground.passing)
        graph = found.has_graph or not self._graph_due
        edits = self.editing is None or self.editing.settled(found.number)
        struck = self.striking.settled(found.strikes) or self.trainer.growth_failed
        return ready and graph and edits and struck

    # -- requests

    def regroup(self, scale: float) -> None:
        """Make the groups on the map finer or coarser: see :meth:`Session.regroup`."""
        self._log.refuse_closed()
        self.preparation.regroup(scale)

    def retry(self) -> None:
        """Try failed work again; returns at once."""
        with self._log.lock:
            self._log.refuse_closed()
            again = bool(self._troubles.words(("items", "map")))
            if again:
                self.error, self.stage = None, Stage("trying again")
                self._graph_due = len(self._pool) <= GRAPH_SOON
        for part in ("items", "map", "start"):
            self._troubles.note(part, None)
        if again:
            self.preparation.start()
        self.trainer.retry()
        for one in (self.tagging, self.drafting, self.teaching, self.striking, self.editing, self.proposing):
            if one is not None and one.worker.failure is not None:
                one.worker.request()
        if self.news.failure is not None:
            self.news.request()
        self._tell("error")

    def forget(self) -> None:
        """Release the features, the map and the model; the labels can still be read."""
        self.ground = self.map = None
        self.trainer.forget()

    def check_features(self) -> None:
        """Warn once if X was overwritten: its rows may no longer belong to the labelled items."""
        if self.overwritten or not self._pool.features_changed:
            return
        self.overwritten = (
            "X was overwritten after the session was created: the model's features no longer match the "
            "items. Run the cell that creates the session again. To change X later, pass a copy: X=X.copy()."
        )
        warnings.warn(self.overwritten, RuntimeWarning, stacklevel=4)
        self._tell("error")

    # -- results from the threads

    def note(self, part: str, error: Exception | None) -> None:
        """Record that a part of the background work failed for good, or works again."""
        if part == "start" and error is None:
            return  # the random start is kept
        news = self._troubles.note(part, error)
        if part == "graph":
            with self._log.lock:
                self._graph_due = self._graph_due and error is None
                self._log.changed.notify_all()
        if part == "start":
            self.trainer.begin_at_random()
        if news:
            self._tell("error")

    def note_view(self, failure: Exception | None) -> None:
        """Record that a view failed to update, or works again."""
        if self._troubles.note("view", failure):
            self._tell("error")

    def _tell_labels(self, _overtaken: Callable[[], bool]) -> None:
        # In a separate thread: the act is acknowledged before the views are notified. A round that includes
        # the labels sends them to the views itself.
        if self._told_of < self._log.n_events:
            self._tell("labels")

    def _on_features(self, X: npt.NDArray[np.float32], *, passing: bool, strikes: tuple[Strike, ...]) -> None:
        with self._log.lock:
            # The same features can arrive twice: see retry. Something may have been struck since.
            if self.ground is None or self.ground.passing:
                self.ground = Ground(X, passing=passing, strikes=strikes)
            self._log.changed.notify_all()
        self.trainer.request()
        self.striking.worker.request()
        if self.drafting is not None:
            self.drafting.worker.request()

    def _on_graph(self, graph: Graph) -> None:
        before = self.ground
        assert before is not None  # noqa: S101 - features come first
        if before.X is not self.preparation.features:  # something was struck since
            return
        self._use(ground_of(before.X, graph, before.strikes))

    def use(self, X: npt.NDArray[np.float32], graph: Graph, strikes: tuple[Strike, ...]) -> None:
        """Let the model learn from other features; the map stays as it is."""
        self._use(ground_of(X, graph, strikes))

    def _use(self, found: Ground) -> None:
        with self._log.lock:
            self.ground = found
            self._log.changed.notify_all()
        self.trainer.grow()
        if self.drafting is not None:
            self.drafting.worker.request()

    def _on_map(self, made: Map) -> None:
        self.map = made
        self._tell("map")

    def show(self, stage: Stage | None) -> None:
        """Show what is being done to the items."""
        self.stage = stage
        self._tell("stage")

    def _on_error(self, error: Exception) -> None:
        if ending():
            return
        with self._log.lock:
            # Without a map the preview remains; without features there is nothing to learn from.
            self.error = error if self.ground is None or self.ground.passing else None
            self.stage = None
            self._graph_due = False
            self._troubles.note("map" if self.error is None else "items", error)
            self._log.changed.notify_all()
        if self.error is None:
            warnings.warn(self.trouble_mapping, RuntimeWarning, stacklevel=2)
        self._tell("error")

    def _on_round(self, made: Round) -> None:
        self._told_of = made.n_events
        # Before there are features, all questions are random, and only the first few can be displayed.
        self._blind.ask(made.suggestions[: None if made.has_features else FIRST])
        with self._log.lock:
            self._log.changed.notify_all()
        self.teaching.worker.request()
        self.proposing.worker.request()
        self._tell("round")

    def _on_suggestions(self) -> None:
        self._tell("suggestions")

    def _on_evaluation(self, _: Evaluation) -> None:
        self.check_features()
        self._tell("evaluation")


def _doubts(tagging: weakref.ref[Tagging]) -> Doubts | None:
    found = tagging()
    return None if found is None else found.doubts


def _now_of(background: Background) -> Callable[[], tuple[Ground | None, Stage | None]]:
    known = weakref.ref(background)

    def now() -> tuple[Ground | None, Stage | None]:
        found = known()
        return (None, None) if found is None else (found.ground, found.stage)

    return now


def _snapshot_of(background: Background) -> Callable[[], tuple[Labels, Ground | None]]:
    known = weakref.ref(background)

    def snapshot() -> tuple[Labels, Ground | None]:
        found = known()
        if found is None:
            raise Cancelled("The session no longer exists.")
        return found.snapshot()

    return snapshot
