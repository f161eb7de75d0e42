"""What to ask next: the strategy's choice, with a share drawn at random for the audit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.data.landmarks import LandmarkGraph
from hitl_widgets.data.neighbors import NeighborGraph
from hitl_widgets.data.placing import Rows
from hitl_widgets.learn.evaluate import Given
from hitl_widgets.learn.learner import FloatArray, Graph, Landmarks, Learner
from hitl_widgets.learn.strategies import (
    STRATEGIES,
    Context,
    Strategy,
    cold_start_size,
    evaluate,
    kmeans_start,
    pick,
)
from hitl_widgets.learn.strategies.doubt import EARLY
from hitl_widgets.loop.round import Round, Suggestion
from hitl_widgets.loop.words import within
from hitl_widgets.questions.base import Answer, QuestionKind, kind_of
from hitl_widgets.questions.schema import Schema

if TYPE_CHECKING:
    from hitl_widgets.learn.problems.base import Target

__all__ = ["Asked", "Asker", "Ground", "Labels", "ground_of"]

COLD = "nothing like it is labelled yet"
AUDIT = "drawn at random, to check the model"
SECOND = "a second opinion: somebody has labelled it"
# While somebody's labels wait for a second opinion: so large a share of the questions.
OPINIONS = 1 / 3
UNCERTAIN = {
    "doubt",
    "margin",
    "least_confident",
    "entropy",
    "power_margin",
    "margin_kmeans",
    "class_balanced",
}


@dataclass(frozen=True, eq=False)
class Ground:
    """What a learner stands on.

    Attributes
    ----------
    X
        float32 of shape (n, d): an array, or what indexes like one.
    affinity
        Weights of the neighbour graph, landmarks in the largest pools, None before it is found.
    passing
        Whether better features of the same items are on their way.
    """

    X: Any
    affinity: Graph | None = None
    passing: bool = False

    @cached_property
    def degree(self) -> FloatArray | None:
        """Row sums of a graph of all rows."""
        of = self.affinity
        if of is None or isinstance(of, Landmarks):
            return None
        return np.asarray(of.sum(axis=1), np.float64).ravel()


def ground_of(X: npt.NDArray[np.float32], found: NeighborGraph | LandmarkGraph) -> Ground:
    """The features with the graph found of them, as learners take it."""
    if isinstance(found, NeighborGraph):
        return Ground(X, found.weights)
    at, distance = Rows(X, found.rows), found.distances[:, 0].copy()
    return Ground(X, Landmarks(found.graph.weights, found.rows, at, found.nearest, found.share, distance))


@dataclass(frozen=True, eq=False)
class Labels:
    """The labels that hold, as arrays over the pool.

    Attributes
    ----------
    schema
        The question, and its classes.
    answers
        What was said, by code: of a choice the ids of the classes, the retired ones behind the others.
    y
        int16 of shape (n,), int32 where answers are counted as they come: their codes, -1 where not labelled.
    order
        int64 of shape (n,): place of the act in the log, for labelled items.
    audited
        bool of shape (n,): drawn at random for the audit.
    asked
        bool of shape (n,): labelled one by one as suggested or audited, not the person's own choice
        on the map.
    skipped
        bool of shape (n,): left unanswered by the annotator of this session.
    mine
        int8 of shape (n,): labelled by the annotator of this session, 2 where as a second opinion.
    second
        bool of shape (n,): labelled by others, and to be asked of this annotator too.
    n_events
        Log events folded so far.
    held
        Rows that are in the hands of somebody else just now.
    """

    schema: Schema = field(repr=False)
    answers: Sequence[Answer] = field(repr=False)
    y: npt.NDArray[Any]
    order: npt.NDArray[np.int64]
    audited: npt.NDArray[np.bool_]
    asked: npt.NDArray[np.bool_]
    skipped: npt.NDArray[np.bool_]
    mine: npt.NDArray[np.int8]
    second: npt.NDArray[np.bool_]
    n_events: int
    held: tuple[int, ...] = ()

    @classmethod
    def blank(cls, n: int, schema: Schema, answers: Sequence[Answer] | None = None) -> Labels:
        """No labels on ``n`` items; more answers may come to be among ``answers``."""
        kind = kind_of(schema.kind)
        known = kind.answers(schema) if answers is None else answers
        audited, asked, skipped, second = np.zeros((4, n), dtype=np.bool_)
        y, order = np.full(n, -1, np.int16 if kind.closed else np.int32), np.zeros(n, dtype=np.int64)
        mine = np.zeros(n, dtype=np.int8)
        return cls(schema, known, y, order, audited, asked, skipped, mine, second, n_events=0)

    def copy(self, n_events: int, held: tuple[int, ...] = ()) -> Labels:
        """What holds after ``n_events``, safe from later changes: its arrays cannot be written."""
        names = ("y", "order", "audited", "asked", "skipped", "mine", "second")
        arrays = {name: getattr(self, name).copy() for name in names}
        for array in arrays.values():
            array.flags.writeable = False
        return Labels(self.schema, tuple(self.answers), **arrays, n_events=n_events, held=held)

    @cached_property
    def _n(self) -> int:
        return int((self.y >= 0).sum())

    def __len__(self) -> int:
        # Arrays that may still be written are counted anew.
        return int((self.y >= 0).sum()) if self.y.flags.writeable else self._n

    @property
    def left(self) -> npt.NDArray[np.bool_]:
        """Bool of shape (n,): what nobody has labelled, and this annotator has not skipped."""
        return (self.y < 0) & ~self.skipped

    @property
    def candidates(self) -> npt.NDArray[np.bool_]:
        """Bool of shape (n,): what the strategy may ask; what others hold only where nothing else is left."""
        return self._free(self.left)

    @property
    def opinions(self) -> npt.NDArray[np.int64]:
        """Rows of which a second opinion is asked, those labelled first in front."""
        rows = np.flatnonzero(self._free(self.second))
        return rows[np.argsort(self.order[rows], kind="stable")]

    def _free(self, rows: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        if not self.held:
            return rows
        free = rows.copy()
        free[list(self.held)] = False
        return free if free.any() else rows

    @cached_property
    def kind(self) -> QuestionKind:
        """What kind of question it is."""
        return kind_of(self.schema.kind)

    @cached_property
    def target(self) -> Target:
        """What the answers teach."""
        return self.kind.target(self.answers, self.schema)

    @property
    def taught(self) -> npt.NDArray[Any]:
        """``y`` as a model sees it: labels of retired classes teach nothing."""
        teaches = self.target.teaches
        return self.y if teaches.all() else np.where((self.y >= 0) & teaches[self.y], self.y, -1)

    def codes(self, code: int) -> tuple[int, ...] | None:
        """The places of the classes that an answer names, by its code, in ``schema.ids``; None of -1."""
        if code < 0:
            return None
        return tuple(sorted(map(self.schema.ids.index, self.kind.classes(self.answers[code]))))

    @property
    def class_ids(self) -> tuple[str, ...]:
        """The ids of the classes that can be chosen: of others a model knows nothing."""
        return self.schema.ids[: len(self.schema.classes)]

    def training(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[Any], npt.NDArray[np.bool_]]:
        """Rows, what they teach, and audit marks, in the order they were labelled."""
        rows = np.flatnonzero(self.taught >= 0)
        rows = rows[np.argsort(self.order[rows], kind="stable")]
        return rows, self.target.values[self.y[rows]], self.audited[rows]

    def given(self) -> Given:
        """The same, and which of them one act labelled together."""
        rows, taught, audited = self.training()
        return Given(rows, taught, audited, self.order[rows])


class Asked:
    """Rows that threads of this process asked for a while ago, so that each is asked something else."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._by: dict[int, tuple[object, float]] = {}
        self._here = threading.local()  # unlike get_ident(), never that of a thread that ended

    def note(self, rows: Iterable[int]) -> None:
        """Note what this thread is asked."""
        who = self._me(), time.monotonic() + self._seconds
        self._by.update(dict.fromkeys(rows, who))

    def elsewhere(self) -> tuple[int, ...]:
        """What other threads are asked."""
        now, me = time.monotonic(), self._me()
        self._by = {row: who for row, who in self._by.items() if who[1] > now}
        return tuple(row for row, (thread, _) in self._by.items() if thread is not me)

    def _me(self) -> object:
        if not hasattr(self._here, "name"):
            self._here.name = object()
        return self._here.name


class Asker:
    """Chooses what to ask.

    Parameters
    ----------
    name, strategy
        The query strategy.
    n_classes
        How many classes there are to begin with.
    share
        Share of the questions that the audit draws at random, 0 to 1.
    seed
        Seeds the audit's order, the cold start and ties.
    cost
        float64 of shape (n,): what a label of each item costs; None where all cost the same.
    """

    def __init__(
        self,
        name: str,
        strategy: Strategy,
        n_classes: int,
        share: float,
        seed: int,
        cost: npt.NDArray[np.float64] | None = None,
    ) -> None:
        self.name = name
        self.strategy = strategy
        self._n_classes = n_classes
        self.share = share
        self.seed = seed
        self.cost = cost
        self._start: list[int] | None = None
        self._begun: int | None = None  # by which features; by none if at random
        self._draw: npt.NDArray[np.int64] | None = None

    def utilities(
        self,
        proba: Callable[[], FloatArray],
        margins: FloatArray,
        ground: Ground,
        labels: Labels,
        learner: Learner | None,
        n: int,
        *,
        default: bool = False,
    ) -> npt.NDArray[np.float64]:
        """The strategy's utilities of all items, or the default's, per unit of cost."""
        strategy = STRATEGIES["doubt"] if default else self.strategy
        return evaluate(strategy, proba, self._context(ground, labels, n, learner), margins)

    def _context(self, ground: Ground, labels: Labels, n: int, learner: Learner | None = None) -> Context:
        rng = np.random.default_rng([self.seed, labels.n_events])
        affinity = None if isinstance(ground.affinity, Landmarks) else ground.affinity
        return Context(
            ground.X, labels.taught, labels.candidates, rng, n, affinity, learner, self.cost, ground.degree
        )

    def queue(
        self,
        labels: Labels,
        n: int,
        ground: Ground | None,
        utilities: FloatArray | None,
        reason: Callable[[int], str],
        *,
        diverse: bool = False,
    ) -> tuple[Suggestion, ...]:
        """The next ``n`` questions, in order.

        Until features are built and :meth:`begin` has ended, everything is drawn at random, and so
        counts for the audit. Then k-means medoids, until there are as many labels and two classes are
        known; then the strategy, whose picks are not all alike where ``diverse``.
        """
        chosen: list[Suggestion] = []
        if ground is not None:
            cold = self._cold(labels)
            chosen = [Suggestion(i, COLD) for i in cold[:n]]
            if len(chosen) < n and utilities is not None:
                context = self._context(ground, labels, n - len(chosen))
                context.candidates[cold] = False
                diverse = diverse and not getattr(self.strategy, "orders_batch", False)
                chosen += [Suggestion(i, reason(i)) for i in pick(utilities, context, diverse=diverse)]
        return tuple(self._mixed(labels, chosen, n))

    def affordable(self, labels: Labels, budget: float) -> int:
        """How many of the cheapest questions the budget pays for."""
        rows = np.flatnonzero(labels.candidates)
        costs = np.ones(len(rows)) if self.cost is None else self.cost[rows]
        return int((np.cumsum(np.sort(costs)) <= budget).sum())

    def within(self, budget: float, n: int, queue: Iterable[Suggestion]) -> tuple[Suggestion, ...]:
        """The first ``n`` items of the queue, each once, that what is left of the budget pays for."""
        chosen: dict[int, Suggestion] = {}
        for suggestion in queue:
            if len(chosen) == n:
                break
            cost = 1.0 if self.cost is None else self.cost[suggestion.index]
            if suggestion.index not in chosen and cost <= budget:
                chosen[suggestion.index] = suggestion
                budget -= cost
        return tuple(chosen.values())

    def lacks_start(self, labels: Labels, X: Any) -> bool:
        """Whether :meth:`begin` has yet to say what is asked first, by these features."""
        return self._is_start(labels) and (self._start is None or self._begun not in {id(X), None})

    def begin(self, X: npt.NDArray[np.float32]) -> None:
        """Find the medoids, which takes seconds in a large pool."""
        self._start, self._begun = kmeans_start(X, self._start_size(len(X)), self.seed), id(X)

    def begin_at_random(self) -> None:
        """Do without them."""
        self._start, self._begun = self._start or [], None

    def _start_size(self, n: int) -> int:
        return min(n, cold_start_size(self._n_classes))

    def _is_start(self, labels: Labels) -> bool:
        size = self._start_size(len(labels.y)) if self._start is None else len(self._start)
        return len(labels) < size or len(np.unique(labels.taught[labels.taught >= 0])) < 2

    def _cold(self, labels: Labels) -> list[int]:
        candidates = labels.candidates
        return [i for i in self._start or () if candidates[i]] if self._is_start(labels) else []

    def _mixed(self, labels: Labels, chosen: list[Suggestion], n: int) -> Iterator[Suggestion]:
        """What the strategy chose, with the audit's share and the second opinions between."""
        # A bulk label says nothing of single items, so only single questions count as asked.
        asked, audited = int(labels.asked.sum()), int(labels.audited.sum())
        mine, second = int((labels.mine > 0).sum()), int((labels.mine == 2).sum())
        draw, rest = self._audit_draw(labels), iter(chosen)
        others = (Suggestion(int(i), SECOND, opinion=True) for i in labels.opinions)
        used: set[int] = set()
        for position in range(n):
            sources: list[Iterable[Suggestion]] = [rest, draw, others]
            if (audited + 1) <= self.share * (asked + position + 1):
                sources = [draw, rest, others]
            elif (second + 1) <= OPINIONS * (mine + position + 1):
                sources = [others, rest, draw]
            found = next((s for source in sources for s in source if s.index not in used), None)
            if found is None:
                return
            audited += found.audit
            second += found.opinion
            used.add(found.index)
            yield found

    def _audit_draw(self, labels: Labels) -> Iterator[Suggestion]:
        if self._draw is None:
            self._draw = np.random.default_rng([self.seed, 2]).permutation(len(labels.y))
        candidates = labels.candidates
        audit = self.share > 0
        reason = AUDIT if audit else "drawn at random"
        return (Suggestion(int(i), reason, audit=audit) for i in self._draw if candidates[i])

    def reason(self, round_: Round, i: int) -> str:
        """Why the strategy chose this item, in one short sentence."""
        # Where a person's strategy failed, the default has chosen.
        name = "doubt" if round_.error else self.name
        if name == "random":
            return "drawn at random"
        names = [within(name) for name in round_.schema.names]
        words = kind_of(round_.schema.kind).doubt(round_.belief, i, names)
        if name not in UNCERTAIN or not words:
            return f"chosen by {name}"
        around = name == "doubt" and round_.has_graph and round_.n_labels < EARLY
        return f"{words}, with much doubt around it" if around else words
