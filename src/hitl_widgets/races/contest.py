"""Race and Run: the data shared by all runs of a simulation, and a single run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput, choices
from hitl_widgets.learn.evaluate import Given
from hitl_widgets.learn.learner import (
    Affinity,
    FloatArray,
    Learner,
    NotYet,
    Refreshable,
    SklearnLearner,
    seeded,
)
from hitl_widgets.learn.problems.base import Problem, Target
from hitl_widgets.learn.problems.multiclass import Multiclass
from hitl_widgets.learn.strategies import Context, choose, kmeans_start
from hitl_widgets.races.entrants import Entrant
from hitl_widgets.races.metrics import Metric, Sheet
from hitl_widgets.races.people import Annotator, Panel, agreed, chosen, least_price, reads_reliability
from hitl_widgets.races.stopping import Moment, Rule

__all__ = ["ASKED", "COLUMNS", "Columns", "Failed", "Played", "Race", "Run", "Start", "Task"]

COLUMNS = (
    "budget", "n_labels", "n_asked", "n_abstained", "pool_accuracy", "test_accuracy",
    "unlabelled_accuracy", "unlabelled_balanced_accuracy", "cost", "seconds", "elapsed",
)  # fmt: skip
# What is recorded of each answer: the item, its code (-1 if there was none), who was asked (-1 if there is
# one oracle), the number of the batch, whether it was drawn at random for the audit, what it cost, and how
# long learning and choosing took.
ASKED = ("item", "code", "annotator", "batch", "audited", "cost", "seconds")
# Purposes of random generators, as part of their seeds, so that each purpose gets its own numbers.
COLD, ORACLE, STRATEGY, AUDIT, WHOM = 1, 2, 3, 4, 5
# Tolerance for rounding errors in sums of costs.
EXACT = 1 + 1e-9

Columns = dict[str, list[float]]
Task = tuple[str, int]  # an entrant's name, and the repeat


@dataclass(frozen=True)
class Played:
    """What a run has recorded: :attr:`Race.columns` at each record, and ``ASKED`` for each answer."""

    columns: Columns
    asked: dict[str, list[Any]]


@dataclass(frozen=True, eq=False)
class Start:
    """How a run starts.

    Attributes
    ----------
    size
        Number of labels before the strategy chooses.
    rows
        These items, if the user has chosen them; otherwise k-means medoids.
    own
        Whether the strategy ``random`` also draws its first items.
    one_class
        Whether all are drawn from one class.
    enough
        With fewer labels, an estimator may fail because they are too few.
    """

    size: int
    rows: tuple[int, ...] | None
    own: bool
    one_class: bool
    enough: int


@dataclass(frozen=True, eq=False)
class Race:
    """The data shared by all runs; arrays over the n items of the pool.

    ``records`` are the amounts of cost at which a row is recorded, ending with the whole budget. If it is
    empty, the budget is a number of labels, and ``stops`` has for each size of the batches the numbers at
    which the model is updated, and those at which a row is recorded.
    """

    X: npt.NDArray[np.float32]
    said: npt.NDArray[np.int16] | None
    truth: npt.NDArray[np.int16] | None
    oracle: Callable[..., Any] | None
    rows: npt.NDArray[np.int64]
    classes: tuple[Any, ...]
    stops: dict[int, tuple[tuple[int, ...], tuple[int, ...]]]
    records: tuple[float, ...]
    start: Start
    usual: Annotator
    people: tuple[Annotator, ...]
    overlap: float
    audit: float
    cost: npt.NDArray[np.float64] | None
    test: tuple[npt.NDArray[np.float32], npt.NDArray[np.int16]] | None
    affinity: Affinity | None
    seed: int
    target: Target
    metrics: tuple[Metric, ...]
    stopping: dict[str, Rule]

    @property
    def problem(self) -> Problem:
        """The learning problem."""
        return self.target.problem

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are recorded."""
        names = [f"pool_{m.name}" for m in self.metrics]
        names += [f"test_{m.name}" for m in self.metrics if self.test is not None]
        names += [f"stop_{name}" for name in self.stopping]
        return tuple(dict.fromkeys([*COLUMNS, *names]))

    def rng(self, *purpose: int) -> np.random.Generator:
        """A generator that gives the same numbers for the same purpose in every contestant's run."""
        return np.random.default_rng([self.seed, *purpose])

    def answer(self, repeat: int, i: int, who: int = -1) -> int:
        """The class code for item ``i`` in this repeat by an annotator, -1 if there is no answer."""
        by = self.usual if who < 0 else self.people[who]
        rng = self.rng(repeat, ORACLE, i) if who < 0 else self.rng(repeat, ORACLE, i, who + 1)
        silent, wrong = rng.random(2)
        if silent < by.abstain:
            return -1
        code = self._honest(i, rng)
        if code >= 0 and by.confusion is not None:
            code = int(rng.choice(len(self.classes), p=by.confusion[code]))
        if code >= 0 and wrong < by.noise:
            code = (code + 1 + int(rng.integers(len(self.classes) - 1))) % len(self.classes)
        return code

    def _honest(self, i: int, rng: np.random.Generator) -> int:
        if self.oracle is None:
            assert self.said is not None  # noqa: S101 - needed without an oracle
            return int(self.said[i])
        said = self.oracle(int(self.rows[i]), rng)
        if said is None:
            return -1
        if said not in self.classes:
            raise InvalidInput(
                f"it returned the unknown class {said!r}: expected {choices(self.classes)} or None"
            )
        return self.classes.index(said)

    def first(self, repeat: int) -> list[int]:
        """The items of the start, the same for all contestants."""
        start, size = self.start, min(self.start.size, len(self.X))
        if start.rows is not None:
            return list(start.rows)
        if not size:
            return []
        # One number more than for the other purposes, because trailing zeros of a seed are ignored.
        seed = [self.seed, repeat, COLD, 1]
        if not start.one_class:
            return kmeans_start(self.X, size, seed)
        rng, known = np.random.default_rng(seed), self.said if self.said is not None else self.truth
        assert known is not None  # noqa: S101 - checked when the arguments are read
        items = np.flatnonzero(known == rng.choice(known))
        return [int(i) for i in rng.permutation(items)[:size]]


class Failed(Exception):
    """What failed (oracle, learner, strategy ...), and the error message."""


class Run:
    """One run of one contestant."""

    def __init__(self, race: Race, entrant: Entrant, repeat: int) -> None:
        self.race, self.entrant, self.repeat = race, entrant, repeat
        self.n = len(race.X)
        number = int(np.random.SeedSequence([race.seed, repeat]).generate_state(1)[0] >> 1)
        self.template = race.problem.learner(seeded(entrant.learner, number))
        self.sheet = Sheet(race.target, race.classes)
        self.y = np.full(self.n, -1, dtype=np.int16)
        self.open = np.ones(self.n, dtype=np.bool_)
        self.audited = np.zeros(self.n, dtype=np.bool_)
        self.order: list[int] = []
        self.abstained = 0
        self.spent = 0.0
        self.asked: dict[str, list[Any]] = {name: [] for name in ASKED}
        self.batches, self.thinking = 0, 0.0
        self.steps: list[float] = []
        self._began = self._started = time.perf_counter()
        self.proba: FloatArray | None = None
        own = race.start.own and entrant.strategy_name == "random"
        self.cold = [] if own else race.first(repeat)
        self._queue: Iterator[int] | None = None
        k = len(race.classes)
        self._votes: list[tuple[int, int, int]] = []
        self._shared = 0  # votes on items that several have answered, when the consensus was computed
        self._confusion = np.full((len(race.people), k, k), np.nan)
        self._rules = {name: rule.fresh() for name, rule in race.stopping.items()}
        self._stopped = dict.fromkeys(self._rules, False)

    def play(self) -> Played:
        """Ask and learn until the budget is spent or no question is left."""
        race = self.race
        learner = self._guard(
            "learner", lambda: self.template.start(race.X, race.problem.size, race.affinity)
        )
        found: Columns = {name: [] for name in race.columns}
        for budget in self._by_cost(learner) if race.records else self._by_labels(learner):
            for name, value in {"budget": budget, **self._record(learner)}.items():
                found[name].append(value)
        return Played(found, self.asked)

    def _by_labels(self, learner: Learner) -> Iterator[float]:
        """Yield each number of labels to record, after the model has learned them."""
        stops, records = self.race.stops[self.entrant.batch]
        for stop in stops:
            self._began = time.perf_counter()
            while len(self.order) < stop and self.open.any():
                for i in self._next(stop - len(self.order)):
                    self._ask(i)
            if len(self.order) < stop:
                break
            self._learn(learner, last=stop == stops[-1])
            if stop in records:
                yield stop

    def _by_cost(self, learner: Learner) -> Iterator[float]:
        """Yield each amount of cost to record, after the model has learned the labels that it covers.

        These are known once the next question would exceed the amount. Questions that exceed the remaining
        budget are skipped, as in ``Session.query(budget=)``.
        """
        whole = self.race.records[-1]
        items = np.ones(self.n) if self.race.cost is None else self.race.cost
        least = items * least_price(self.entrant.whom, self.race.people)
        batch, learned, due = self.cold, 0, list(self.race.records)
        self._began = time.perf_counter()
        while due:
            within = self.spent + least <= whole * EXACT
            batch = [i for i in batch if within[i]]
            if not batch and (self.open & within).any():
                if len(self.order) > learned:
                    self._learn(learner)
                    learned = len(self.order)
                batch = self._next(self.entrant.batch, within)
            # If nothing is left to ask, the remaining records get the results of the labels so far.
            by = self._whom(batch[0]) if batch else ()
            then = self.spent + sum(self._price(batch[0], who) for who in by) if batch else np.inf
            while due and then > due[0] * EXACT:
                if len(self.order) > learned or (self.order and not batch and self.proba is None):
                    self._learn(learner, last=not batch)
                    learned = len(self.order)
                if self.order:
                    yield due[0]
                    self._began = time.perf_counter()
                del due[0]
            if batch:
                self._ask(batch.pop(0), by)

    @property
    def _k(self) -> int:
        return len(self.race.classes)

    def _price(self, i: int, who: int) -> float:
        item = 1.0 if self.race.cost is None else float(self.race.cost[i])
        return item if who < 0 else item * self.race.people[who].cost

    def _guard(self, what: str, act: Callable[[], Any], name: str = "") -> Any:
        try:
            return act()
        except Exception as error:
            names = {"learner": self.entrant.learner_name, "strategy": self.entrant.strategy_name}
            name = name or names.get(what, "")
            who = f"The {what} {name!r}" if name else f"The {what}"
            words = str(error) if isinstance(error, InvalidInput) else f"{type(error).__name__}: {error}"
            where = f"after {len(self.order)} label{'s' * (len(self.order) != 1)} in repeat {self.repeat}"
            raise Failed(what, f"{who} failed {where}: {words.rstrip('.')}.") from error

    # -- asking --------------------------------------------------------------

    def _next(self, n: int, within: npt.NDArray[np.bool_] | None = None) -> list[int]:
        """The next ``n`` questions among those ``within`` the budget."""
        may = self.open if within is None else self.open & within
        self.batches += 1
        if waiting := [i for i in self.cold if may[i]]:
            return waiting[:n]
        rng = self.race.rng(self.repeat, STRATEGY, len(self.order) + self.abstained)
        proba = self.proba
        if proba is None and self.race.start.size:
            return [int(i) for i in rng.permutation(np.flatnonzero(may))[:n]]
        began = time.perf_counter()
        context = self._context(may, rng, n)
        told, unsure = self.race.problem.read(self._prior() if proba is None else proba)
        picked: list[int] = self._guard(
            "strategy", lambda: choose(self.entrant.strategy, told, context, unsure)
        )
        picked = self._with_audit(picked, may) if self.race.audit and proba is not None else picked
        self.thinking = (self.thinking + time.perf_counter() - began) / max(len(picked), 1)
        return picked

    def _context(self, may: npt.NDArray[np.bool_], rng: np.random.Generator, n: int) -> Context:
        race = self.race
        return Context(race.X, self.y, may, rng, n, race.affinity, self.template, race.cost)

    def _with_audit(self, picked: list[int], may: npt.NDArray[np.bool_]) -> list[int]:
        """The strategy's choices, with the audit's share of random items, as in a session."""
        if self._queue is None:
            self._queue = iter(self.race.rng(self.repeat, AUDIT, 1).permutation(self.n).tolist())
        rest, found = iter(picked), list[int]()
        asked = len(self.order) + self.abstained - len(self.cold)
        audited = int((self.audited & ~self.open).sum())
        for position in range(1, len(picked) + 1):
            due = audited + 1 <= self.race.audit * (asked + position)
            item = next((i for i in self._queue if may[i] and i not in found), None) if due else None
            if item is None:
                item = next(i for i in rest if i not in found)
            else:
                self.audited[item] = True
                audited += 1
            found.append(item)
        return found

    def _whom(self, i: int) -> tuple[int, ...]:
        """Who is asked about the item: the oracle (-1), one annotator, or all of them."""
        race, rule = self.race, self.entrant.whom
        if rule is None:
            return (-1,)
        prices = np.array([self._price(i, who) for who in range(len(race.people))])
        rng, left = race.rng(self.repeat, WHOM, i), race.records[-1] * EXACT - self.spent
        if rng.random() < race.overlap and prices.sum() <= left and reads_reliability(rule):
            return tuple(range(len(race.people)))
        proba = (self._prior() if self.proba is None else self.proba)[i]
        names = tuple(one.name for one in race.people)
        panel = Panel(names, prices, prices <= left, self._confusion, rng)
        name = self.entrant.whom_name
        return (self._guard("rule for whom to ask", lambda: chosen(rule, proba, panel), name),)

    def _ask(self, i: int, by: Sequence[int] = (-1,)) -> None:
        self.open[i] = False
        said = -1
        for who in by:
            code = self._guard("oracle", partial(self.race.answer, self.repeat, i, who))
            cost = self._price(i, who)
            self.spent += cost
            row = (i, code, who, self.batches, bool(self.audited[i]), cost, round(self.thinking, 6))
            for name, value in zip(ASKED, row, strict=True):
                self.asked[name].append(value)
            if code >= 0:
                self._votes.append((i, who, code))
                said = code if said < 0 else said
        if said < 0:
            self.abstained += 1
            return
        self.y[i] = said
        self.order.append(i)

    def _agree(self) -> None:
        """Estimate how reliable the annotators are, and replace labels of several by their consensus."""
        times = np.bincount([i for i, _, _ in self._votes], minlength=self.n)
        if (shared := int(times[times > 1].sum())) == self._shared:
            return
        self._shared = shared
        found, items = agreed(self._votes, len(self.race.people), self._k)
        self._confusion = found.confusion
        several = times[items] > 1
        self.y[items[several]] = found.code[several]

    # -- learning ------------------------------------------------------------

    def _learn(self, learner: Learner, *, last: bool = False) -> None:
        """Learn all labels so far; ``last`` if no more will follow."""
        began = time.perf_counter()
        if self.race.people:
            self._agree()
        self._guard("learner", lambda: self._update(learner, last=last))
        now = time.perf_counter()
        self.thinking = now - began
        self.steps.append(now - self._began)
        self._began = now

    def _taught(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
        return self.race.target.values[self.y[rows]]

    def _prior(self) -> FloatArray:
        """What is predicted without a model: the shares of the labels so far, for every item."""
        rows = np.array(self.order, np.int64)
        return np.tile(self.race.problem.prior(self._taught(rows)), (self.n, 1))

    def _update(self, learner: Learner, *, last: bool) -> None:
        rows, start = np.array(self.order), self.race.start
        try:
            learner.update(rows, self._taught(rows))
            if isinstance(learner, Refreshable) and learner.stale:
                learner.refresh()  # the part that a session learns in the background
            proba = np.asarray(learner.proba())
        except Exception as error:
            if not isinstance(getattr(learner, "learner", learner), SklearnLearner):
                raise
            # It may be unable to learn before the cold start is complete, or before every class has a label.
            lacks = isinstance(error, NotYet) and len(np.unique(self.y[rows])) < self._k
            if not last and (lacks or len(rows) < start.enough):
                self.proba = None  # no model yet
                return
            if len(rows) > start.enough and not lacks:
                raise
            failure = error.__cause__ or error
            wider = "start" if len(rows) == start.enough else "budget"
            raise InvalidInput(
                f"{type(failure).__name__}: {str(failure).rstrip('.')}. If {len(rows)} labels are too few "
                f"for it, pass a larger {wider}="
            ) from error
        if proba.shape != (shape := (self.n, self.race.problem.size)):
            raise InvalidInput(f"its probabilities have shape {proba.shape}, not {shape}")
        if not self.race.problem.is_sound(proba):
            raise InvalidInput("its probabilities are not finite, from 0 to 1, summing to 1 in each row")
        self.proba = proba

    # -- recording -----------------------------------------------------------

    def _record(self, learner: Learner) -> dict[str, float]:
        """The values of :attr:`Race.columns`, except for the budget."""
        P = self._prior() if self.proba is None else self.proba
        n, silent = len(self.order), sum(code < 0 for code in self.asked["code"])
        row = dict.fromkeys(self.race.columns[1:], float("nan"))
        row |= {"n_labels": n, "n_asked": len(self.asked["code"]), "n_abstained": silent, "cost": self.spent}
        row |= {"seconds": float(np.mean(self.steps))} if self.steps else {}
        self.steps = []
        row["elapsed"] = time.perf_counter() - self._started
        if self.race.truth is not None:
            row |= self._on_pool(self.race.truth, P)
        if self.race.test is not None:
            row |= self._on_test(learner)
        return row | self._stops(P, learner)

    def _on_pool(self, truth: npt.NDArray[np.int16], P: FloatArray) -> dict[str, float]:
        """The metrics on all items, with the labels given, and accuracies on the rest."""
        values, rest = self.race.target.values, self.y < 0
        right = self.race.problem.scores(P, values[truth])
        row = {"pool_accuracy": float(np.where(rest, right, self._as_said(truth)).mean())}
        if rest.any():
            row["unlabelled_accuracy"] = float(right[rest].mean())
        if rest.any() and isinstance(self.race.problem, Multiclass):
            held = truth[rest]
            each = [right[rest][held == c].mean() for c in np.unique(held)]
            row["unlabelled_balanced_accuracy"] = float(np.mean(each))
        told = self.sheet.guessed(P)
        told = np.where(rest if told.ndim == 1 else rest[:, None], told, self.sheet.of_codes(self.y))
        return row | self._metrics("pool", self.sheet.of_codes(truth), told, P)

    def _metrics(
        self, where: str, truth: npt.NDArray[Any], told: npt.NDArray[Any], P: FloatArray | None
    ) -> dict[str, float]:
        def measured(metric: Metric) -> float:
            value: float = self._guard(
                "metric", lambda: metric.measure(self.sheet, truth, told, P), metric.name
            )
            return value

        return {f"{where}_{metric.name}": measured(metric) for metric in self.race.metrics}

    def _as_said(self, truth: npt.NDArray[np.int16]) -> npt.NDArray[np.float64]:
        """Scores of the labels that were given, of shape (n,)."""
        problem, values = self.race.problem, self.race.target.values
        if isinstance(problem, Multiclass):
            return np.asarray(self.y == truth, np.float64)
        return problem.scores(np.asarray(values[self.y], np.float32), values[truth])

    def _on_test(self, learner: Any) -> dict[str, float]:
        """The metrics on the test set; none if the learner cannot predict new rows."""
        assert self.race.test is not None  # noqa: S101
        (X, codes), problem = self.race.test, self.race.problem
        told, P = self._guard("learner", lambda: self._foretold(learner, X))
        if told is None:
            return {}
        truth = self.sheet.of_codes(codes)
        if isinstance(problem, Multiclass):
            row = {"test_accuracy": float((told == codes).mean())}
        else:
            row = {"test_accuracy": float(problem.scores(P, self.race.target.values[codes]).mean())}
        return row | self._metrics("test", truth, told, P)

    def _foretold(self, learner: Any, X: npt.NDArray[np.float32]) -> tuple[Any, Any]:
        """Guesses for new rows, and probabilities if a metric needs them; None if there are none."""
        rows, problem = np.array(self.order), self.race.problem
        taught = self._taught(rows)
        if not isinstance(problem, Multiclass):
            lacks = self.proba is None or problem.lacks(taught)
            P = self._tiled(taught, X) if lacks else learner.export(rows, taught).predict_proba(X)
            return self.sheet.guessed(P), P
        wanted = any(metric.reads_proba for metric in self.race.metrics)
        if callable(getattr(learner, "export", None)):
            if self.proba is None or len(np.unique(taught)) < 2:
                return np.full(len(X), np.bincount(taught).argmax()), self._tiled(taught, X)
            model = learner.export(rows, taught)
            P = None
            if wanted and hasattr(model, "predict_proba"):
                P = np.zeros((len(X), self._k))
                P[:, np.asarray(model.classes_, np.int64)] = model.predict_proba(X)
            return self._checked(model.predict(X), X), P
        P = None
        reads = callable(getattr(learner, "predict", None))
        if callable(getattr(learner, "predict_proba", None)) and (wanted or not reads):
            P = np.asarray(learner.predict_proba(X))
            if P.shape != (len(X), self._k):
                raise InvalidInput(f"predict_proba(X_test) has shape {P.shape}, not {(len(X), self._k)}")
        if reads:
            return self._checked(learner.predict(X), X), P
        return (None, None) if P is None else (P.argmax(axis=1), P)

    def _tiled(self, taught: npt.NDArray[Any], X: npt.NDArray[np.float32]) -> FloatArray:
        return np.tile(self.race.problem.prior(taught), (len(X), 1))

    def _checked(self, told: Any, X: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
        told = np.asarray(told)
        if told.shape != (len(X),) or told.dtype.kind not in "biuf":
            raise InvalidInput(
                f"it predicted {told.dtype} of shape {told.shape} for X_test: expected {len(X)} class codes"
            )
        return np.asarray(told, np.int64)

    def _stops(self, P: FloatArray, learner: Learner) -> dict[str, float]:
        """Whether each rule has said to stop, here or before; there is nothing to stop before a model."""
        race, rows = self.race, np.array(self.order)
        context = self._context(self.open, race.rng(self.repeat, STRATEGY, len(rows), 1), 1)
        # Each label is an act of its own.
        given = Given(rows, self._taught(rows), self.audited[rows], np.arange(len(rows)))
        fresh = partial(learner.start, race.X, race.problem.size, race.affinity)
        now = Moment(P, context, given, race.problem, fresh)
        for name, rule in self._rules.items():
            if not self._stopped[name] and self.proba is not None:
                self._stopped[name] = self._guard("stopping rule", partial(rule.says_stop, now), name)
        return {f"stop_{name}": float(said) for name, said in self._stopped.items()}
