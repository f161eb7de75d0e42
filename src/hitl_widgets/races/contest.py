"""Race and Run: the data shared by all runs of a simulation, and a single run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput, choices
from hitl_widgets.learn.learner import (
    Affinity,
    FloatArray,
    Learner,
    NotYet,
    Refreshable,
    SklearnLearner,
    as_learner,
    seeded,
)
from hitl_widgets.learn.problems.base import Problem, Target
from hitl_widgets.learn.problems.multiclass import Multiclass
from hitl_widgets.learn.strategies import Context, Strategy, as_strategy, choose, kmeans_start

__all__ = ["COLUMNS", "Columns", "Entrant", "Failed", "Race", "Run", "Task", "read_entrants"]

COLUMNS = (
    "budget", "n_labels", "n_asked", "n_abstained", "pool_accuracy", "macro_f1", "test_accuracy",
    "unlabelled_accuracy", "unlabelled_balanced_accuracy", "cost", "seconds", "elapsed",
)  # fmt: skip
# Purposes of random generators, as part of their seeds, so that each purpose gets its own numbers.
COLD, ORACLE, STRATEGY = 1, 2, 3
# Tolerance for rounding errors in sums of costs.
EXACT = 1 + 1e-9

Columns = dict[str, list[float]]
Task = tuple[str, int]  # an entrant's name, and the repeat


@dataclass(frozen=True, eq=False)
class Race:
    """The data shared by all runs; arrays over the n items of the pool.

    ``records`` are the budgets at which a row is recorded, ending with the whole budget. They are numbers of
    labels, and ``stops`` are the numbers at which the model is updated; or, if ``stops`` is empty, amounts
    of cost.
    """

    X: npt.NDArray[np.float32]
    said: npt.NDArray[np.int16] | None
    truth: npt.NDArray[np.int16] | None
    oracle: Callable[..., Any] | None
    rows: npt.NDArray[np.int64]
    classes: tuple[Any, ...]
    stops: tuple[int, ...]
    records: tuple[float, ...]
    batch: int
    start: int
    own_start: bool
    noise: float
    abstain: float
    confusion: FloatArray | None
    cost: npt.NDArray[np.float64] | None
    test: tuple[npt.NDArray[np.float32], npt.NDArray[np.int16]] | None
    affinity: Affinity | None
    seed: int
    target: Target

    @property
    def problem(self) -> Problem:
        """The learning problem."""
        return self.target.problem

    def rng(self, *purpose: int) -> np.random.Generator:
        """A generator that gives the same numbers for the same purpose in every contestant's run."""
        return np.random.default_rng([self.seed, *purpose])

    def answer(self, repeat: int, i: int) -> int:
        """The oracle's class code for item ``i`` in this repeat, -1 if it abstains."""
        rng = self.rng(repeat, ORACLE, i)
        silent, wrong = rng.random(2)
        if silent < self.abstain:
            return -1
        code = self._honest(i, rng)
        if code >= 0 and self.confusion is not None:
            code = int(rng.choice(len(self.classes), p=self.confusion[code]))
        if code >= 0 and wrong < self.noise:
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


@dataclass(frozen=True, eq=False)
class Entrant:
    """A named pair of a learner and a strategy."""

    name: str
    learner_name: str
    strategy_name: str
    learner: Learner
    strategy: Strategy


def read_entrants(learners: Any, strategies: Any, contestants: Any) -> list[Entrant]:
    """The contestants, with their display names."""
    if contestants is not None:
        if not isinstance(contestants, Mapping) or not contestants:
            raise InvalidInput("contestants= must be a dict: {name: (learner, strategy)}.")
        for name, given in (("learners", learners), ("strategies", strategies)):
            if not isinstance(given, tuple) or given != ("auto",):
                raise InvalidInput(f"{name}= and contestants= are mutually exclusive: omit {name}=.")
        pairs = {}
        for name, pair in contestants.items():
            if not isinstance(pair, tuple | list) or len(pair) != 2:
                raise InvalidInput(f"contestants[{name!r}] must be a pair (learner, strategy).")
            pairs[str(name)] = (*_learner(pair[0]), *_strategy(pair[1]))
        return [Entrant(name, ln, sn, lrn, fn) for name, (ln, lrn, sn, fn) in pairs.items()]
    those, ways = _named("learners", learners, _learner), _named("strategies", strategies, _strategy)

    def label(learner: str, strategy: str) -> str:
        if len(those) == len(ways) == 1 and strategy == "auto":
            return learner
        if len(those) == 1:
            return strategy
        return learner if len(ways) == 1 else f"{learner} + {strategy}"

    return [Entrant(label(a, b), a, b, those[a], ways[b]) for a in those for b in ways]


def _named(argument: str, given: Any, read: Callable[[Any], tuple[str, Any]]) -> dict[str, Any]:
    if isinstance(given, Mapping):
        found = {str(name): read(one)[1] for name, one in given.items()}
    else:
        found = {}
        for one in given if isinstance(given, list | tuple) else [given]:
            name, made = read(one)
            same = sum(n == name or n.rpartition(" ")[0] == name for n in found)
            found[f"{name} {same + 1}" if same else name] = made
    if not found:
        raise InvalidInput(f"{argument}= is empty: pass at least one, such as ['auto'].")
    return found


def _learner(given: Any) -> tuple[str, Learner]:
    made = as_learner(given)
    return (given if isinstance(given, str) else made.name), made


def _strategy(given: Any) -> tuple[str, Strategy]:
    name, made = as_strategy(given)
    return (given if isinstance(given, str) else name), made


class Failed(Exception):
    """What failed (oracle, learner or strategy), and the error message."""


class Run:
    """One run of one contestant."""

    def __init__(self, race: Race, entrant: Entrant, repeat: int) -> None:
        self.race, self.entrant, self.repeat = race, entrant, repeat
        self.n = len(race.X)
        number = int(np.random.SeedSequence([race.seed, repeat]).generate_state(1)[0] >> 1)
        self.template = race.problem.learner(seeded(entrant.learner, number))
        self.y = np.full(self.n, -1, dtype=np.int16)
        self.open = np.ones(self.n, dtype=np.bool_)
        self.order: list[int] = []
        self.abstained = 0
        self.spent = 0.0
        self.steps: list[float] = []
        self._began = self._started = time.perf_counter()
        self.proba: FloatArray | None = None
        own = race.own_start and entrant.strategy_name == "random"
        size = 0 if own else min(race.start, self.n)
        # One number more than for the other purposes, because trailing zeros of a seed are ignored.
        self.cold = kmeans_start(race.X, size, [race.seed, repeat, COLD, 1]) if size else []

    def play(self) -> Columns:
        """Ask and learn until the budget is spent or no question is left."""
        race = self.race
        learner = self._guard(
            "learner", lambda: self.template.start(race.X, race.problem.size, race.affinity)
        )
        found: Columns = {name: [] for name in COLUMNS}
        for budget in self._by_labels(learner) if race.stops else self._by_cost(learner):
            for name, value in zip(COLUMNS, (budget, *self._record(learner)), strict=True):
                found[name].append(value)
        return found

    def _by_labels(self, learner: Learner) -> Iterator[float]:
        """Yield each number of labels to record, after the model has learned them."""
        for stop in self.race.stops:
            self._began = time.perf_counter()
            while len(self.order) < stop and self.open.any():
                for i in self._next(stop - len(self.order)):
                    self._ask(i)
            if len(self.order) < stop:
                break
            self._learn(learner, last=stop == self.race.stops[-1])
            if stop in self.race.records:
                yield stop

    def _by_cost(self, learner: Learner) -> Iterator[float]:
        """Yield each amount of cost to record, after the model has learned the labels that it covers.

        These are known once the next question would exceed the amount. Questions that exceed the remaining
        budget are skipped, as in ``Session.query(budget=)``.
        """
        assert self.race.cost is not None  # noqa: S101
        cost, whole = self.race.cost, self.race.records[-1]
        batch, learned, due = self.cold, 0, list(self.race.records)
        self._began = time.perf_counter()
        while due:
            within = self.spent + cost <= whole * EXACT
            batch = [i for i in batch if within[i]]
            if not batch and (self.open & within).any():
                if len(self.order) > learned:
                    self._learn(learner)
                    learned = len(self.order)
                batch = self._next(self.race.batch, within)
            # If nothing is left to ask, the remaining records get the results of the labels so far.
            then = self.spent + cost[batch[0]] if batch else np.inf
            while due and then > due[0] * EXACT:
                if len(self.order) > learned or (self.order and not batch and self.proba is None):
                    self._learn(learner, last=not batch)
                    learned = len(self.order)
                if self.order:
                    yield due[0]
                    self._began = time.perf_counter()
                del due[0]
            if batch:
                self._ask(batch.pop(0))

    @property
    def _k(self) -> int:
        return len(self.race.classes)

    def _guard(self, what: str, act: Callable[[], Any]) -> Any:
        try:
            return act()
        except Exception as error:
            names = {"learner": self.entrant.learner_name, "strategy": self.entrant.strategy_name}
            who = f"The {what} {names[what]!r}" if what in names else f"The {what}"
            words = str(error) if isinstance(error, InvalidInput) else f"{type(error).__name__}: {error}"
            where = f"after {len(self.order)} label{'s' * (len(self.order) != 1)} in repeat {self.repeat}"
            raise Failed(what, f"{who} failed {where}: {words.rstrip('.')}.") from error

    def _next(self, n: int, within: npt.NDArray[np.bool_] | None = None) -> list[int]:
        """The next ``n`` questions among those ``within`` the budget."""
        may = self.open if within is None else self.open & within
        if waiting := [i for i in self.cold if may[i]]:
            return waiting[:n]
        rng = self.race.rng(self.repeat, STRATEGY, len(self.order) + self.abstained)
        proba = self.proba
        if proba is None:
            return [int(i) for i in rng.permutation(np.flatnonzero(may))[:n]]
        seen = (self.race.X, self.y, may, rng, n)
        context = Context(*seen, self.race.affinity, self.template, self.race.cost)
        told, unsure = self.race.problem.read(proba)
        chosen: list[int] = self._guard(
            "strategy", lambda: choose(self.entrant.strategy, told, context, unsure)
        )
        return chosen

    def _ask(self, i: int) -> None:
        code = self._guard("oracle", lambda: self.race.answer(self.repeat, i))
        self.open[i] = False
        self.spent += 1.0 if self.race.cost is None else float(self.race.cost[i])
        if code < 0:
            self.abstained += 1
            return
        self.y[i] = code
        self.order.append(i)

    def _learn(self, learner: Learner, *, last: bool = False) -> None:
        """Learn all labels so far; ``last`` if no more will follow."""
        self._guard("learner", lambda: self._update(learner, last=last))
        now = time.perf_counter()
        self.steps.append(now - self._began)
        self._began = now

    def _taught(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
        return self.race.target.values[self.y[rows]]

    def _update(self, learner: Learner, *, last: bool) -> None:
        rows = np.array(self.order)
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
            if not last and (lacks or len(rows) < self.race.start):
                self.proba = None  # no model yet
                return
            if len(rows) > self.race.start and not lacks:
                raise
            failure = error.__cause__ or error
            wider = "start" if len(rows) == self.race.start else "budget"
            raise InvalidInput(
                f"{type(failure).__name__}: {str(failure).rstrip('.')}. If {len(rows)} labels are too few "
                f"for it, pass a larger {wider}="
            ) from error
        if proba.shape != (shape := (self.n, self.race.problem.size)):
            raise InvalidInput(f"its probabilities have shape {proba.shape}, not {shape}")
        if not self.race.problem.is_sound(proba):
            raise InvalidInput("its probabilities are not finite, from 0 to 1, summing to 1 in each row")
        self.proba = proba

    def _record(self, learner: Learner) -> tuple[float, ...]:
        """The values of ``COLUMNS`` after the first, the budget."""
        problem, values = self.race.problem, self.race.target.values
        proba = self.proba
        if proba is None:
            proba = np.tile(problem.prior(self._taught(np.array(self.order))), (self.n, 1))
        pool = macro = plain = balanced = tested = float("nan")
        if self.race.truth is not None:
            truth, rest = self.race.truth, self.y < 0
            right = problem.scores(proba, values[truth])
            final = np.where(rest, right, self._as_said(truth))
            pool = float(final.mean())
            if isinstance(problem, Multiclass):
                macro = macro_f1(truth, np.where(rest, proba.argmax(axis=1), self.y), self._k)
            if rest.any():
                plain = float(right[rest].mean())
            if rest.any() and isinstance(problem, Multiclass):
                held = truth[rest]
                balanced = float(np.mean([right[rest][held == c].mean() for c in np.unique(held)]))
        if self.race.test is not None:
            tested = self._guard("learner", lambda: self._tested(learner))
        seconds = float(np.mean(self.steps)) if self.steps else float("nan")
        self.steps = []
        n = len(self.order)
        counts = (n, n + self.abstained, self.abstained)
        elapsed = time.perf_counter() - self._started
        return *counts, pool, macro, tested, plain, balanced, self.spent, seconds, elapsed

    def _as_said(self, truth: npt.NDArray[np.int16]) -> npt.NDArray[np.float64]:
        """Scores of the labels that were given, of shape (n,)."""
        problem, values = self.race.problem, self.race.target.values
        if isinstance(problem, Multiclass):
            return np.asarray(self.y == truth, np.float64)
        return problem.scores(np.asarray(values[self.y], np.float32), values[truth])

    def _tested(self, learner: Any) -> float:
        """Accuracy on the test set; NaN if the learner cannot predict new rows."""
        assert self.race.test is not None  # noqa: S101
        X, y = self.race.test
        rows = np.array(self.order)
        codes = self.y[rows]
        if not isinstance(self.race.problem, Multiclass):
            return self._tested_apart(learner, rows)
        if callable(getattr(learner, "export", None)):
            if self.proba is None or len(np.unique(codes)) < 2:
                return float((y == np.bincount(codes).argmax()).mean())
            told = learner.export(rows, codes).predict(X)
        elif callable(getattr(learner, "predict", None)):
            told = learner.predict(X)
        elif callable(getattr(learner, "predict_proba", None)):
            P = np.asarray(learner.predict_proba(X))
            if P.shape != (len(X), self._k):
                raise InvalidInput(f"predict_proba(X_test) has shape {P.shape}, not {(len(X), self._k)}")
            told = P.argmax(axis=1)
        else:
            return float("nan")
        told = np.asarray(told)
        if told.shape != y.shape or told.dtype.kind not in "biuf":
            raise InvalidInput(
                f"it predicted {told.dtype} of shape {told.shape} for X_test: expected {len(y)} class codes"
            )
        return float((told == y).mean())

    def _tested_apart(self, learner: Any, rows: npt.NDArray[np.int64]) -> float:
        """Mean score on the test set, for problems that are not multiclass."""
        assert self.race.test is not None  # noqa: S101
        (X, y), taught = self.race.test, self._taught(rows)
        if self.proba is None or self.race.problem.lacks(taught):
            P = np.tile(self.race.problem.prior(taught), (len(X), 1))
        else:
            P = learner.export(rows, taught).predict_proba(X)
        return float(self.race.problem.scores(P, self.race.target.values[y]).mean())


def macro_f1(truth: npt.NDArray[np.integer[Any]], said: npt.NDArray[np.integer[Any]], k: int) -> float:
    """The mean F1 score of the classes that occur in the truth."""
    true, found = np.bincount(truth, minlength=k), np.bincount(said, minlength=k)
    hits = np.bincount(truth[said == truth], minlength=k)
    held = true > 0
    return float(np.mean(2 * hits[held] / (true + found)[held]))
