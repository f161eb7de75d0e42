"""Background: the features, the map and the model of a session, and what failed of them."""

from __future__ import annotations

import time
import warnings
import weakref
from collections.abc import Callable
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
from hitl_widgets.loop.asking import Asker, Ground, Labels, ground_of
from hitl_widgets.loop.blind import Blind
from hitl_widgets.loop.log import Log
from hitl_widgets.loop.round import Round
from hitl_widgets.loop.trainer import Evaluation, Trainer
from hitl_widgets.loop.troubles import ASKING, MAP, Troubles
from hitl_widgets.maps.preparation import Map, Preparation, Stage

__all__ = ["Background"]

# So long views wait for a round that brings the labels along.
SOON = 0.1
# Up to so many items a neighbour graph takes seconds: who waits for the model waits for it too.
GRAPH_SOON = 20_000
# Questions drawn at random before there are features, of which one may be on a card already.
FIRST = 3

Tell = Callable[[str], None]


class Background:
    """What is found in threads of its own, each part of use as soon as it is there.

    Parameters
    ----------
    pool, log
        The items, and what was said of them.
    learner, asker
        The model, and what chooses the questions.
    embed, random_state, cache
        See :class:`~hitl_widgets.maps.preparation.Preparation`.
    blind
        Told what is asked.
    tell
        Told ``labels``, ``round``, ``evaluation``, ``map``, ``stage`` or ``error``.

    Attributes
    ----------
    trainer
        Makes the rounds.
    ground
        What the learner stands on; None before there are features.
    map
        The newest map; None before the preview.
    stage
        What is being prepared; None when everything is ready.
    error
        What ended the preparation, if anything did.
    overwritten
        What to say where X was overwritten after the session was made; "" where it was not.
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
            on_stage=weakly(self._on_stage),
            on_error=weakly(self._on_error),
            on_turn=self.note,
            cache=cache,
        )
        self.news = Worker(self._tell_labels, "news", rest=SOON, patience=SOON, on_turn=self.note)

    def start(self) -> None:
        """Begin; returns at once."""
        self.preparation.start()
        self.trainer.request()

    def snapshot(self) -> tuple[Labels, Ground | None]:
        """The labels that hold, and what the learner stands on."""
        labels = self._log.labels
        with self._log.lock:
            return labels, self.ground

    # -- what is known

    @property
    def round(self) -> Round | None:
        """The newest round, or None before the first; in classes of now."""
        found = self.trainer.round
        return None if found is None else found.under(self._log.schema)

    @property
    def evaluation(self) -> Evaluation:
        """The newest audit estimate and learning curve."""
        return self.trainer.evaluation

    @property
    def behind(self) -> int:
        """How many acts the model has not seen yet."""
        seen = self.trainer.round
        return self._log.n_events - (seen.n_events if seen else 0)

    @property
    def trouble(self) -> str:
        """What failed in the background and has not worked since, and what to do; empty if nothing did."""
        return self._words_of(None)

    @property
    def trouble_asking(self) -> str:
        """The same, of what concerns the item on the card."""
        return self._words_of(ASKING)

    @property
    def trouble_mapping(self) -> str:
        """The same, of what concerns the map."""
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
                fresh = found is not None and found.n_events >= self._log.n_events
                if found is not None and fresh and found.settled and self._is_ready(found):
                    return found
                self._log.refuse_closed()
                if found is not None and not found.settled:
                    self.trainer.hurry()
                left = None if end is None else end - time.monotonic()
                if left is not None and left <= 0:
                    raise TimeoutError(self._late(timeout))
                self._log.changed.wait(1.0 if left is None else min(left, 1.0))

    def _late(self, timeout: float | None) -> str:
        if self.behind:
            return f"The model is still {self.behind} acts behind after {timeout} s."
        doing = f": {self.stage.words}" if self.stage is not None else ""
        return f"The items are still being prepared after {timeout} s{doing}."

    def _is_ready(self, found: Round) -> bool:
        ready = self.ground is not None and found.has_features and not (found.passing or self.ground.passing)
        return ready and (found.has_graph or not self._graph_due)

    # -- what people ask of it

    def regroup(self, scale: float) -> None:
        """Make the groups on the map finer or coarser: see :meth:`Session.regroup`."""
        self._log.refuse_closed()
        self.preparation.regroup(scale)

    def retry(self) -> None:
        """Do again what failed; returns at once."""
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
        if self.news.failure is not None:
            self.news.request()
        self._tell("error")

    def forget(self) -> None:
        """Let go of the features, the map and the model; what was labelled can still be read."""
        self.ground = self.map = None
        self.trainer.forget()

    def check_features(self) -> None:
        """Say once where X was overwritten: the model then learns of other items than those labelled."""
        if self.overwritten or not self._pool.features_changed:
            return
        self.overwritten = (
            "X was overwritten after the session was made: the model's features are no longer those of the "
            "items. Run the cell that makes the session again; to change X later, pass a copy: X=X.copy()."
        )
        warnings.warn(self.overwritten, RuntimeWarning, stacklevel=4)
        self._tell("error")

    # -- what comes of the threads

    def note(self, part: str, error: Exception | None) -> None:
        """A part of the background work failed for good, or works again."""
        if part == "start" and error is None:
            return  # what was drawn at random stays so
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
        """A view failed to follow, or follows again."""
        if self._troubles.note("view", failure):
            self._tell("error")

    def _tell_labels(self, _overtaken: Callable[[], bool]) -> None:
        # In a thread of its own: the act is acknowledged before the views hear of it. A round that
        # has seen the labels brings them to the views itself.
        if self._told_of < self._log.n_events:
            self._tell("labels")

    def _on_features(self, X: npt.NDArray[np.float32], *, passing: bool) -> None:
        with self._log.lock:
            if self.ground is None or self.ground.X is not X:  # else they come once more: see retry
                self.ground = Ground(X, passing=passing)
            self._log.changed.notify_all()
        self.trainer.request()

    def _on_graph(self, graph: NeighborGraph | LandmarkGraph) -> None:
        assert self.ground is not None  # noqa: S101 - features come first
        found = ground_of(self.ground.X, graph)
        with self._log.lock:
            self.ground = found
        self.trainer.grow()

    def _on_map(self, made: Map) -> None:
        self.map = made
        self._tell("map")

    def _on_stage(self, stage: Stage | None) -> None:
        self.stage = stage
        self._tell("stage")

    def _on_error(self, error: Exception) -> None:
        if ending():
            return
        with self._log.lock:
            # A map that fails leaves the preview; features that fail leave nothing to learn from.
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
        # Before there are features all are drawn at random, and no more than these reach a card.
        self._blind.ask(made.suggestions[: None if made.has_features else FIRST])
        with self._log.lock:
            self._log.changed.notify_all()
        self._tell("round")

    def _on_evaluation(self, _: Evaluation) -> None:
        self.check_features()
        self._tell("evaluation")


def _snapshot_of(background: Background) -> Callable[[], tuple[Labels, Ground | None]]:
    known = weakref.ref(background)

    def snapshot() -> tuple[Labels, Ground | None]:
        found = known()
        if found is None:
            raise Cancelled("The session is gone.")
        return found.snapshot()

    return snapshot
