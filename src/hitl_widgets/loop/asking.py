"""What to ask next: the strategy's choices, mixed with random draws for the audit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.data.landmarks import LandmarkGraph
from hitl_widgets.data.neighbors import NeighborGraph
from hitl_widgets.data.placing import Rows
from hitl_widgets.items.strikes import Strike
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
from hitl_widgets.learn.strategies.curriculum import EASY
from hitl_widgets.learn.strategies.doubt import EARLY
from hitl_widgets.loop.round import Round, Suggestion
from hitl_widgets.loop.words import within
from hitl_widgets.questions.base import Answer, QuestionKind, kind_of
from hitl_widgets.questions.schema import Schema

if TYPE_CHECKING:
    from hitl_widgets.learn.problems.base import Target

__all__ = ["Asked", "Asker", "Ground", "Labels", "ground_of"]

COLD = "nothing similar is labelled yet"
AUDIT = "drawn at random, to check the model"
SPOT = "drawn at random, to check the machine labels"
SECOND = "second opinion: somebody else has labelled it"
DISPUTED = "others disagree, and you are an expert of these classes"
AGAIN = "asked again, to see how often you answer the same"
# How many acts ago an item was answered, at least, that is asked again.
AGO = 30
# The values of ``Labels.mine`` for items that this annotator has labelled.
LABELLED, OPINION, REPEATED, GOLD = 1, 2, 3, 4
# The value of ``Labels.refused`` for items that cannot be answered.
BAD = 2
# Share of the questions that are second opinions, while any are needed.
OPINIONS = 1 / 3
# Share of the questions that check machine labels, as long as these are used; audited ones count.
SPOTS = 0.05
UNCERTAIN = {
    "doubt",
    "curriculum",
    "margin",
    "least_confident",
    "entropy",
    "power_margin",
    "margin_kmeans",
    "class_balanced",
    "undecided",
}


@dataclass(frozen=True, eq=False)
class Ground:
    """The features and graph that a learner works with.

    Attributes
    ----------
    X
        float32 of shape (n, d): an array or an array-like object.
    affinity
        Weights of the neighbour graph; landmarks in the largest pools; None before it is computed.
    passing
        Whether better features of the same items are being computed.
    strikes
        What the features leave out or count more.
    """

    X: Any
    affinity: Graph | None = None
    passing: bool = False
    strikes: tuple[Strike, ...] = ()

    @cached_property
    def degree(self) -> FloatArray | None:
        """Row sums, if the graph contains all rows."""
        of = self.affinity
        if of is None or isinstance(of, Landmarks):
            return None
        return np.asarray(of.sum(axis=1), np.float64).ravel()


def ground_of(
    X: npt.NDArray[np.float32],
    found: NeighborGraph | LandmarkGraph,
    strikes: tuple[Strike, ...] = (),
) -> Ground:
    """Combine the features with their graph, in the form that learners take."""
    if isinstance(found, NeighborGraph):
        return Ground(X, found.weights, strikes=strikes)
    at, distance = Rows(X, found.rows), found.distances[:, 0].copy()
    near = Landmarks(found.graph.weights, found.rows, at, found.nearest, found.share, distance)
    return Ground(X, near, strikes=strikes)


@dataclass(frozen=True, eq=False)
class Labels:
    """The current labels, as arrays over the pool.

    Attributes
    ----------
    schema
        The question, and its classes.
    answers
        The answers by code: for a single choice the class ids, with retired classes last.
    y
        int16 of shape (n,), or int32 if answers get codes as they occur: the codes, -1 if not labelled.
    order
        int64 of shape (n,): position of the act in the log, for labelled items.
    audited
        bool of shape (n,): drawn at random for the audit.
    asked
        bool of shape (n,): labelled one by one as suggested or audited, not chosen by the person on the map.
    skipped
        bool of shape (n,): left unanswered by this session's annotator.
    refused
        int8 of shape (n,): 1 if somebody said that they do not know, 2 if that the item cannot be answered,
        and nobody has labelled it.
    mine
        int8 of shape (n,): 0, or how this session's annotator came to label the item: ``LABELLED``, as a
        second opinion (``OPINION``), when asked again (``REPEATED``) or as gold (``GOLD``).
    second
        bool of shape (n,): labelled by others, and also to be asked of this annotator.
    several, differ
        bool of shape (n,): labelled by more than one annotator; with answers that differ, and no reviewer has
        decided.
    machine
        Like ``y``: the codes of the machine labels in use, -1 for items that a person has labelled.
    gold
        bool of shape (n,): its answer is known, and this annotator has not given one.
    disputed
        bool of shape (n,): like ``second``, because others disagree about classes of which this annotator is
        an expert.
    gold_share
        Share of the questions that are gold.
    n_events
        Number of log events folded so far.
    handed, checked, enough
        The position of the hand-over in the log, 0 if there are no machine labels; the number of spot checks
        since; and how many there should be at the least.
    decisions
        How often decisions about disputed items have changed.
    gains
        float64 of shape (n,): how much a second opinion of this annotator is expected to settle each item;
        None if it is not known.
    held
        Rows that are currently being labelled in other sessions.
    """

    schema: Schema = field(repr=False)
    answers: Sequence[Answer] = field(repr=False)
    y: npt.NDArray[Any]
    order: npt.NDArray[np.int64]
    audited: npt.NDArray[np.bool_]
    asked: npt.NDArray[np.bool_]
    skipped: npt.NDArray[np.bool_]
    refused: npt.NDArray[np.int8]
    mine: npt.NDArray[np.int8]
    second: npt.NDArray[np.bool_]
    several: npt.NDArray[np.bool_]
    differ: npt.NDArray[np.bool_]
    machine: npt.NDArray[Any]
    gold: npt.NDArray[np.bool_]
    disputed: npt.NDArray[np.bool_]
    n_events: int
    handed: int = 0
    checked: int = 0
    enough: int = 0
    decisions: int = 0
    gains: npt.NDArray[np.float64] | None = None
    gold_share: float = 0.0
    held: tuple[int, ...] = ()

    @classmethod
    def blank(cls, n: int, schema: Schema, answers: Sequence[Answer] | None = None) -> Labels:
        """No labels for ``n`` items. ``answers`` may grow later."""
        kind = kind_of(schema.kind)
        known = kind.answers(schema) if answers is None else answers
        names = ("audited", "asked", "skipped", "second", "several", "differ", "gold", "disputed")
        flags: dict[str, Any] = {name: np.zeros(n, dtype=np.bool_) for name in names}
        y, machine = np.full((2, n), -1, np.int16 if kind.closed else np.int32)
        order = np.zeros(n, dtype=np.int64)
        refused, mine = np.zeros((2, n), dtype=np.int8)
        numbers: dict[str, Any] = {
            "y": y,
            "order": order,
            "refused": refused,
            "mine": mine,
            "machine": machine,
        }
        return cls(schema, known, **numbers, **flags, n_events=0)

    def copy(self, n_events: int, **more: Any) -> Labels:
        """A snapshot after ``n_events``, with read-only arrays."""
        arrays = {
            f.name: x.copy() for f in fields(self) if isinstance(x := getattr(self, f.name), np.ndarray)
        }
        for array in arrays.values():
            array.flags.writeable = False
        changes: dict[str, Any] = {**arrays, "answers": tuple(self.answers), "n_events": n_events, **more}
        return replace(self, **changes)

    @cached_property
    def _n(self) -> int:
        return int((self.y >= 0).sum())

    def __len__(self) -> int:
        # The count can be cached only for read-only arrays.
        return int((self.y >= 0).sum()) if self.y.flags.writeable else self._n

    @property
    def left(self) -> npt.NDArray[np.bool_]:
        """Bool of shape (n,): items that nobody has labelled, and that are to be asked of this annotator.

        Those that the annotator skipped, that cannot be answered, or that are labelled by machine are not.
        """
        return np.asarray((self.y < 0) & ~self.skipped & (self.refused != BAD) & (self.machine < 0))

    @property
    def checkable(self) -> npt.NDArray[np.bool_]:
        """Bool of shape (n,): items labelled by machine that this annotator may be asked to check."""
        return self._free(np.asarray((self.machine >= 0) & ~self.skipped))

    @property
    def due(self) -> int:
        """How many machine labels are to be checked even if nothing else is left to ask."""
        missing = self.enough - self.checked
        return min(missing, int(self.checkable.sum())) if missing > 0 else 0

    @property
    def candidates(self) -> npt.NDArray[np.bool_]:
        """Bool of shape (n,): items that the strategy may ask; held ones only if nothing else is left."""
        return self._free(self.left)

    @property
    def opinions(self) -> npt.NDArray[np.int64]:
        """Rows that need a second opinion: disputes, then where it is worth most, then the oldest label."""
        rows = np.flatnonzero(self._free(self.second))
        gains = np.zeros(len(rows)) if self.gains is None else self.gains[rows]
        return rows[np.lexsort((self.order[rows], -gains, ~self.disputed[rows]))]

    @property
    def waits(self) -> npt.NDArray[np.bool_]:
        """Bool of shape (n,): labelled by others, and this annotator may be asked without seeing that."""
        return np.asarray(self.second | self.gold)

    def _free(self, rows: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        if not self.held:
            return rows
        free = rows.copy()
        free[list(self.held)] = False
        return free if free.any() else rows

    @cached_property
    def kind(self) -> QuestionKind:
        """The kind of the question."""
        return kind_of(self.schema.kind)

    @cached_property
    def target(self) -> Target:
        """The training targets that the answers stand for."""
        return self.kind.target(self.answers, self.schema)

    @property
    def taught(self) -> npt.NDArray[Any]:
        """``y`` for training: labels of retired classes are ignored."""
        teaches = self.target.teaches
        return self.y if teaches.all() else np.where((self.y >= 0) & teaches[self.y], self.y, -1)

    def codes(self, code: int) -> tuple[int, ...] | None:
        """The positions in ``schema.ids`` of the classes in the answer with this code; None for -1."""
        if code < 0:
            return None
        return tuple(sorted(map(self.schema.ids.index, self.kind.classes(self.answers[code]))))

    @property
    def class_ids(self) -> tuple[str, ...]:
        """The ids of the classes that can be chosen. A model knows only these."""
        return self.schema.ids[: len(self.schema.classes)]

    @property
    def task(self) -> tuple[Any, ...]:
        """What a model learns: the classes and the learning problem."""
        return self.class_ids, self.target.problem

    def training(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[Any], npt.NDArray[np.bool_]]:
        """Rows, their training targets, and whether they were audited, in the order they were labelled."""
        rows = np.flatnonzero(self.taught >= 0)
        rows = rows[np.argsort(self.order[rows], kind="stable")]
        return rows, self.target.values[self.y[rows]], self.audited[rows]

    def given(self) -> Given:
        """The same, with the act that labelled each row."""
        rows, taught, audited = self.training()
        return Given(rows, taught, audited, self.order[rows])


def _away_from_refused(
    utilities: npt.NDArray[np.float64], ground: Ground, labels: Labels
) -> npt.NDArray[np.float64]:
    """Lower the utility of items whose neighbours nobody could answer, by the share of these."""
    refused, W = labels.refused > 0, ground.affinity
    if not refused.any() or W is None or isinstance(W, Landmarks):
        return utilities
    no, yes = (W @ which.astype(W.dtype) for which in (refused, labels.y >= 0))
    # A quarter of the usual weight of all neighbours counts as an answer: a single refusal says little.
    usual = float(W.sum()) / W.shape[0] / 4
    low = utilities.min()
    return np.asarray(low + (utilities - low) * (1 - no / (no + yes + usual)), np.float64)


class Asked:
    """Rows that threads of this process were given recently, so that each thread gets other items."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._by: dict[int, tuple[object, float]] = {}
        self._here = threading.local()  # unlike get_ident(), an object is not reused after a thread has ended

    def note(self, rows: Iterable[int]) -> None:
        """Note the rows that this thread is asked."""
        who = self._me(), time.monotonic() + self._seconds
        self._by.update(dict.fromkeys(rows, who))

    def elsewhere(self) -> tuple[int, ...]:
        """The rows that other threads are asked."""
        now, me = time.monotonic(), self._me()
        self._by = {row: who for row, who in self._by.items() if who[1] > now}
        return tuple(row for row, (thread, _) in self._by.items() if thread is not me)

    def _me(self) -> object:
        if not hasattr(self._here, "name"):
            self._here.name = object()
        return self._here.name


class Asker:
    """Chooses the next questions.

    Parameters
    ----------
    name, strategy
        The query strategy.
    n_classes
        Initial number of classes.
    share
        Share of the questions that are drawn at random for the audit, 0 to 1.
    seed
        Seeds the audit's order, the cold start and ties.
    cost
        float64 of shape (n,): the cost of labeling each item; None if all cost the same.

    Attributes
    ----------
    hides
        Whether there are suggested answers, which are hidden from the items drawn at random.
    again
        Share of the questions that this annotator has answered before.
    suggested
        Returns the suggested classes as codes, for strategies that read them; None if there are none.
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
        self.hides, self.again = False, 0.0
        self.suggested: Callable[[Schema], npt.NDArray[np.int16]] | None = None
        self.seed = seed
        self.cost = cost
        self._start: list[int] | None = None
        self._begun: int | None = None  # id() of the features the start was chosen from; None if random
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
        instead: str = "",
    ) -> npt.NDArray[np.float64]:
        """The utilities of all items per unit of cost, by the strategy, or the one that is named instead."""
        strategy = STRATEGIES[instead] if instead else self.strategy
        found = evaluate(strategy, proba, self._context(ground, labels, n, learner), margins)
        return _away_from_refused(found, ground, labels)

    def _context(self, ground: Ground, labels: Labels, n: int, learner: Learner | None = None) -> Context:
        rng = np.random.default_rng([self.seed, labels.n_events])
        affinity = None if isinstance(ground.affinity, Landmarks) else ground.affinity
        suggested = self.suggested(labels.schema) if self.suggested else None
        known = (ground.X, labels.taught, labels.candidates, rng, n, affinity, learner, self.cost)
        return Context(*known, ground.degree, suggested)

    def queue(
        self,
        labels: Labels,
        n: int,
        ground: Ground | None,
        utilities: FloatArray | None,
        reason: Callable[[int], str],
        *,
        diverse: bool = False,
        again: bool = True,
    ) -> tuple[Suggestion, ...]:
        """The next ``n`` questions, in order; without those asked again if not ``again``.

        Until there are features and :meth:`begin` is done, all questions are drawn at random, and so count
        for the audit. Then come k-means medoids, until there are as many labels as medoids and two classes
        are known. After that the strategy chooses; with ``diverse``, its picks are spread out.
        """
        chosen: list[Suggestion] = []
        if ground is not None:
            cold = self._cold(labels)
            chosen = [Suggestion(i, COLD) for i in cold[:n]]
            if len(chosen) < n and utilities is not None:
                context = self._context(ground, labels, n - len(chosen))
                context.candidates[cold] = False
                diverse = diverse and not getattr(self.strategy, "orders_batch", False)
                doubt = self.name in UNCERTAIN
                picked = pick(utilities, context, diverse=diverse)
                chosen += [Suggestion(i, reason(i), doubt=doubt) for i in picked]
        return tuple(self._mixed(labels, chosen, n, again=again))

    def affordable(self, labels: Labels, budget: float) -> int:
        """The largest number of questions that the budget can cover."""
        rows = np.flatnonzero(labels.candidates)
        costs = np.ones(len(rows)) if self.cost is None else self.cost[rows]
        return int((np.cumsum(np.sort(costs)) <= budget).sum())

    def within(self, budget: float, n: int, queue: Iterable[Suggestion]) -> tuple[Suggestion, ...]:
        """The first ``n`` distinct items of the queue that fit into the remaining budget."""
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
        """Whether :meth:`begin` still has to choose the first questions with these features."""
        return self._is_start(labels) and (self._start is None or self._begun not in {id(X), None})

    def begin(self, X: npt.NDArray[np.float32]) -> None:
        """Find the medoids. This takes seconds in a large pool."""
        self._start, self._begun = kmeans_start(X, self._start_size(len(X)), self.seed), id(X)

    def begin_at_random(self) -> None:
        """Continue without medoids."""
        self._start, self._begun = self._start or [], None

    def _start_size(self, n: int) -> int:
        return min(n, cold_start_size(self._n_classes))

    def _is_start(self, labels: Labels) -> bool:
        size = self._start_size(len(labels.y)) if self._start is None else len(self._start)
        return len(labels) < size or len(np.unique(labels.taught[labels.taught >= 0])) < 2

    def _cold(self, labels: Labels) -> list[int]:
        candidates = labels.candidates
        return [i for i in self._start or () if candidates[i]] if self._is_start(labels) else []

    def _mixed(
        self, labels: Labels, chosen: list[Suggestion], n: int, *, again: bool
    ) -> Iterator[Suggestion]:
        """The strategy's choices, mixed with the audit's share, second opinions and repeated questions."""
        # Bulk labels do not answer single questions, so only single questions count as asked.
        asked, audited = int(labels.asked.sum()), int(labels.audited.sum())
        mine, second = int((labels.mine > 0).sum()), int((labels.mine == OPINION).sum())
        twice, repeats = int((labels.mine == REPEATED).sum()), self._repeats(labels) if again else iter(())
        draw, rest, gold = self._audit_draw(labels), iter(chosen), self._gold_draw(labels)
        others = (
            Suggestion(int(i), DISPUTED if labels.disputed[i] else SECOND, opinion=True)
            for i in labels.opinions
        )
        since = int((labels.asked & (labels.order > labels.handed)).sum()) if labels.handed else 0
        checked, every, checks = labels.checked, self._audit_draw(labels, checking=True), self._checks(labels)
        used: set[int] = set()
        share = self.share if self._draws(labels) else 0.0
        for position in range(n):
            sources: list[Iterable[Suggestion]] = [rest, draw, others]
            if (audited + 1) <= share * (asked + position + 1):
                sources = [every, rest, others]
            elif labels.handed and (checked + 1) <= SPOTS * (since + position + 1):
                sources = [checks, rest, draw, others]
            elif (second + 1) <= OPINIONS * (mine + position + 1):
                sources = [others, rest, draw]
            if (twice + 1) <= self.again * (mine + position + 1):
                sources = [repeats, *sources]
            if checked < labels.enough:  # also if nothing else is left to ask
                sources.append(checks)
            if self._is_gold_turn(mine + position, labels.gold_share):
                sources = [gold, *sources]
            found = next((s for source in sources for s in source if s.index not in used), None)
            if found is None:
                return
            audited += found.audit
            checked += bool(found.spot or (found.audit and labels.machine[found.index] >= 0))
            second += found.opinion and not labels.gold[found.index]
            twice += found.again
            used.add(found.index)
            yield found

    def _is_gold_turn(self, turn: int, share: float) -> bool:
        """Whether this question is a gold one. At random, since people would notice every tenth."""
        return share > 0 and np.random.default_rng([self.seed, 3, turn]).random() < share

    def _gold_draw(self, labels: Labels) -> Iterator[Suggestion]:
        """The gold questions, in an order that says nothing."""
        free = labels.gold.copy()
        free[list(labels.held)] = False
        return (Suggestion(int(i), SECOND, opinion=True) for i in self._order(labels)[::-1] if free[i])

    def _repeats(self, labels: Labels) -> Iterator[Suggestion]:
        """Items that this annotator answered one by one a while ago, at random."""
        if not self.again:
            return
        long_ago = (labels.mine == LABELLED) & labels.asked & (labels.order <= labels.n_events - AGO)
        rows = np.flatnonzero(long_ago)
        draw = np.random.default_rng([self.seed, 3]).permutation(len(labels.y))
        for row in rows[np.argsort(draw[rows])].tolist():
            yield Suggestion(row, AGAIN, again=True)

    def _draws(self, labels: Labels) -> bool:
        """Whether there is a model to audit, or a suggestion to hide from some items."""
        return self.hides or labels.target.problem.size > 0

    def _order(self, labels: Labels) -> npt.NDArray[np.int64]:
        """The random order in which items are drawn."""
        if self._draw is None:
            self._draw = np.random.default_rng([self.seed, 2]).permutation(len(labels.y))
        return self._draw

    def _checks(self, labels: Labels) -> Iterator[Suggestion]:
        """Draws from the machine labels."""
        may = labels.checkable
        return (Suggestion(int(i), SPOT, spot=True) for i in self._order(labels) if may[i])

    def _audit_draw(self, labels: Labels, *, checking: bool = False) -> Iterator[Suggestion]:
        """Draws from the items that no person has labelled; with ``checking`` also from the machine labels.

        Only with these do they count for the audit, because otherwise easy items would be missing in it.
        """
        candidates = labels.candidates | labels.checkable if checking else labels.candidates
        audit = self.share > 0 and self._draws(labels) and (checking or not labels.handed)
        reason = "drawn at random"
        if audit:
            reason = AUDIT if labels.target.problem.size else "drawn at random, without the suggestion"
        return (Suggestion(int(i), reason, audit=audit) for i in self._order(labels) if candidates[i])

    def reason(self, round_: Round, i: int) -> str:
        """Say in one short phrase why the strategy chose this item."""
        # If a custom strategy failed, the default chose the item.
        name = "doubt" if round_.error else self.name
        if name == "random":
            return "drawn at random"
        if name == "sweep":
            return "the most likely first"
        if round_.doubts is not None and (words := round_.doubts.reason(i)):
            return words
        names = [within(name) for name in round_.schema.names]
        words = kind_of(round_.schema.kind).doubt(round_.belief, i, names)
        if name not in UNCERTAIN or not words:
            return f"chosen by {name}"
        if name == "curriculum" and round_.has_graph and round_.n_labels < EASY:
            return "typical of its surroundings: clear cases come first"
        around = name in {"doubt", "curriculum"} and round_.has_graph and round_.n_labels < EARLY
        return f"{words}, in an uncertain region" if around else words
