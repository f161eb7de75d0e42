"""Struck words and columns: what the features leave out, or count more, because annotators said so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hitl_widgets.background.worker import Worker
from hitl_widgets.data.landmarks import LandmarkGraph
from hitl_widgets.data.neighbors import NeighborGraph
from hitl_widgets.errors import InvalidInput, choices, nearest
from hitl_widgets.items.strikes import Strike, spelled
from hitl_widgets.learn.learner import NotYet
from hitl_widgets.loop.acts import Acts
from hitl_widgets.loop.asking import Ground, ground_of
from hitl_widgets.loop.log import Log
from hitl_widgets.loop.trainer import Trainer
from hitl_widgets.loop.words import counted
from hitl_widgets.maps.preparation import Preparation, Stage
from hitl_widgets.quality.paired import gain
from hitl_widgets.questions.spans import Spans
from hitl_widgets.questions.untaught import Untaught

if TYPE_CHECKING:
    from hitl_widgets.labels.events import LabelEvent

__all__ = ["MOST_WEIGHT", "OF", "Effect", "Striking", "in_effect", "keep"]

OF = "strike"
MOST_WEIGHT = 10.0
# Items whose neighbours are found anew to preview a strike; in larger pools they are left out of it.
MOST_IN_PREVIEW = 20_000


def in_effect(log: Log) -> tuple[Strike, ...]:
    """Return what is struck out or counts more, in the order in which it was first said."""
    found = (_read(event.value["is"]) for event in log.definitions(OF).values())
    return tuple(one for one in found if one is not None)


def _read(said: dict[str, Any]) -> Strike | None:
    """Return a strike from the log; None for what only later versions understand."""
    match said:
        case {"word": str() | None as word, "column": str() | None as column, "weight": int() | float() as n}:
            weight = float(n)
            known = word is not None or column is not None
            return Strike(word, column, weight) if known and 0 <= weight <= MOST_WEIGHT else None
    return None


def keep(acts: Acts, strike: Strike, *, on: bool = True, event_id: str | None = None) -> str:
    """Strike something out, let it count more, or bring it back; it is saved when this returns."""
    return acts.define(OF, strike.name, asdict(strike) if on else None, event_id=event_id)


@dataclass(frozen=True, slots=True)
class Effect:
    """What striking something out, or letting it count more, does to the model, judged by your labels.

    Attributes
    ----------
    strike
        What is struck out or counts more.
    items, of
        How many items contain it, of how many.
    n
        How many labels were left out, one by one; labels that were given in bulk count as one.
    before, after
        The ``measure`` of a model of all other labels on these, without and with the strike; None if no model
        can learn from the labels yet.
    low, high
        The 95 % interval of ``after - before``.
    audited, audited_before, audited_after
        The same only for items that were drawn at random, which stand for all items; None if there are none.
    missing
        Why there are no figures.
    measure
        What the figures are: ``accuracy``, or that of the question, such as ``mean absolute error`` of a
        rating, of which less is better.
    shares
        Whether they are shares, 0 to 1.
    """

    strike: Strike
    items: int
    of: int
    n: int = 0
    before: float | None = None
    after: float | None = None
    low: float | None = None
    high: float | None = None
    audited: int = 0
    audited_before: float | None = None
    audited_after: float | None = None
    missing: str = ""
    measure: str = "accuracy"
    shares: bool = True

    def __str__(self) -> str:
        found = f"{self.strike.name}: in {self.items:,} of {self.of:,} items"
        if self.before is None or self.after is None:
            return f"{found}. {self.missing}"
        gained = f"{self.after - self.before:+.2f}, {self.low:+.2f} to {self.high:+.2f}"
        changed = f"{self.before:.2f} -> {self.after:.2f} ({gained})"
        measure = f"{self.measure[:1].upper()}{self.measure[1:]}"
        found = f"{found}. {measure} {changed} on {counted(self.n, 'label')}"
        if self.audited_before is None:
            return f"{found}."
        among = f"{self.audited:,} audited {'one' if self.audited == 1 else 'ones'}"
        return f"{found}, {self.audited_before:.2f} -> {self.audited_after:.2f} on {among}."


class Striking:
    """Keeps the features in line with what is struck out, in the background. Thread-safe.

    Parameters
    ----------
    log, preparation, trainer
        Parts of the session.
    now
        Returns the features that the model learns from, and what is being prepared.
    use
        Called with other features, their graph, and what they leave out.
    show
        Called with what is being done, and with None at the end.
    on_turn
        See :class:`~hitl_widgets.background.worker.Worker`.
    """

    def __init__(
        self,
        log: Log,
        preparation: Preparation,
        trainer: Trainer,
        *,
        now: Callable[[], tuple[Ground | None, Stage | None]],
        use: Callable[[Any, NeighborGraph | LandmarkGraph, tuple[Strike, ...]], None],
        show: Callable[[Stage | None], None],
        on_turn: Callable[[str, Exception | None], None],
    ) -> None:
        self._log, self._preparation, self._trainer = log, preparation, trainer
        self._now, self._use, self._show = now, use, show
        self.worker = Worker(self._apply, "strikes", last=True, on_turn=on_turn)

    def close(self) -> None:
        """Stop the thread."""
        self.worker.close()

    def settled(self, strikes: tuple[Strike, ...]) -> bool:
        """Whether these, which a model knows, are all that is in effect, or cannot be followed."""
        return strikes == in_effect(self._log) or self.worker.failure is not None

    def _apply(self, _overtaken: Callable[[], bool]) -> None:
        (ground, stage), wanted = self._now(), in_effect(self._log)
        if ground is None or ground.passing or ground.strikes == wanted or self._log.closed:
            return
        try:
            self._show(Stage(_doing(ground.strikes, wanted)))
            X = self._preparation.taught(wanted)
            if wanted == in_effect(self._log):  # otherwise another request follows
                self._use(X, self._preparation.graph_of(X), wanted)
        finally:
            if stage is None:
                self._show(None)

    # -- what may be struck

    def check(self, word: str | None, column: str | None, weight: float = 0.0) -> Strike:
        """Return the strike of a word or column.

        Raises
        ------
        InvalidInput
            If there is no such word or column, or nothing can be struck.
        """
        kind = self._log.labels.kind
        if isinstance(kind, Spans | Untaught):
            raise InvalidInput(
                f"No model reads features of whole items for this question, {kind.name!r}, so nothing can be "
                "struck out of them."
            )
        if self._preparation.refusal:
            raise InvalidInput(self._preparation.refusal)
        strike = self.named(word, column, weight)
        if word is not None and not self.count(strike):
            raise InvalidInput(f"No item contains the word {word!r}. {self._instead(word)}")
        return strike

    def _instead(self, word: str) -> str:
        """Return what to do where no item contains a word, such as a name for it in a table of reasons."""
        pool = self._preparation.pool
        head, _, rest = word.partition(": ")
        if head in pool.columns and spelled(rest):
            return f"To strike out what you named: session.teach.strike({rest!r})."
        if pool.item_kind.tabular and head in pool.items[0]:
            of_cells = spelled(rest) and self.count(self.named(rest, head))
            how = f"{rest!r}, column={head!r}" if of_cells else f"column={head!r}"
            return f"To strike out what you named: session.teach.strike({how})."
        return (
            f"Words are matched as a whole, regardless of case: session.find({word!r}) lists the items that "
            "contain it as part of a word."
        )

    def named(self, word: str | None, column: str | None, weight: float = 0.0) -> Strike:
        """Return the strike of a word or column, which need not occur in the items.

        Raises
        ------
        InvalidInput
            If it is not a word, or there is no such column.
        """
        if word is None and column is None:
            raise InvalidInput("Nothing was named: pass a word, or column= for a column of the table.")
        pool = self._preparation.pool
        columns = list(pool.items[0]) if pool.item_kind.tabular else []
        if column is not None and column not in columns:
            if not columns:
                raise InvalidInput(f"column={column!r}: the items are {pool.kind!r}, which have no columns.")
            raise InvalidInput(
                f"column={column!r}: the items have no such column.{nearest(str(column), columns)} "
                f"Their columns are {choices(columns)}."
            )
        if word is None and weight:
            raise InvalidInput(
                f"column={column!r}: a whole column cannot count more, because its values decide what it "
                "teaches. Pass a word, and column= for the column that contains it."
            )
        if isinstance(word, str) and not (words := " ".join(spelled(word))):
            raise InvalidInput(f"{word!r} has no letters or digits. Pass a word, or several words in a row.")
        if word is not None and not isinstance(word, str):
            raise InvalidInput(f"{word!r} is not a word. Pass a text.")
        return Strike(None if word is None else words, column, weight)

    def table(self) -> list[tuple[Strike, int, LabelEvent]]:
        """Return what is in effect, how many items contain it, and the act."""
        found = [(_read(event.value["is"]), event) for event in self._log.definitions(OF).values()]
        return [(one, self.count(one), event) for one, event in found if one is not None]

    def count(self, strike: Strike) -> int:
        """Return how many items contain what is struck, by their whole content."""
        pool = self._preparation.pool
        if strike.word is None:
            return len(pool)
        from hitl_widgets.items.features.strikes import Without

        found = Without([[strike.word, strike.column]])
        return sum(map(found.touches, self._preparation.given))

    def preview(self, strike: Strike) -> Effect:
        """Return what a strike would do; the session stays as it is.

        Models are fitted to the labels with and without it. In pools of more than 20,000 items both work
        without the neighbours of the items, whose search takes long.
        """
        (ground, _), labels, n = self._now(), self._log.labels, self.count(strike)
        known = [one for one in in_effect(self._log) if one.name != strike.name]
        effect = Effect(strike, n, len(self._preparation.pool))
        if ground is None or ground.passing:
            return replace(effect, missing="The items are still being read.")
        given = labels.given()
        if len(np.unique(given.y)) < 2:
            missing = "There are no labels of two classes yet that could tell what it costs."
            return replace(effect, missing=missing)
        whole = len(labels.y) <= MOST_IN_PREVIEW
        X = self._preparation.taught((*known, strike))
        then = ground_of(X, self._preparation.neighbours_of(X)) if whole else Ground(X)
        now = ground if whole else Ground(ground.X)
        try:
            (among, before), (_, after) = (self._trainer.scores_without(labels, one) for one in (now, then))
        except NotYet as reason:
            return replace(effect, missing=f"There is no model yet: {reason}.")
        act, drawn = given.act[among], given.audited[among]
        problem = labels.target.problem
        worst, best = problem.scale
        size = best - worst  # below 0 for an error

        def measured(some: Any) -> tuple[float, float, float, float]:
            first, second, *ends = gain(before[some], after[some], act[some])
            low, high = sorted(size * one for one in ends)
            return worst + size * first, worst + size * second, low, high

        first, second, low, high = measured(slice(None))
        effect = replace(effect, n=len(set(act.tolist())), before=first, after=second, low=low, high=high)
        effect = replace(effect, measure=problem.measure, shares=problem.scale == (0, 1))
        if not drawn.any():
            return effect
        first, second, _, _ = measured(drawn)
        return replace(effect, audited=int(drawn.sum()), audited_before=first, audited_after=second)


def _doing(before: tuple[Strike, ...], after: tuple[Strike, ...]) -> str:
    """Say which change of the features is being made."""
    changed = [one for one in after if one not in before] or [one for one in before if one not in after]
    name, out = changed[-1].name, changed[-1] in after and not changed[-1].weight
    return f"reading the items {'without' if out else 'again, with'} \u201c{name}\u201d"
