"""Race and Run: what all runs of a simulation share, and one contestant's way through the pool."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
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
    class_shares,
    seeded,
)
from hitl_widgets.learn.strategies import Context, Strategy, as_strategy, choose, kmeans_start

__all__ = ["COLUMNS", "Columns", "Entrant", "Failed", "Race", "Run", "Task", "read_entrants"]

COLUMNS = (
    "n_labels", "n_asked", "n_abstained", "accuracy", "balanced_accuracy", "test_accuracy", "cost", "seconds",
)  # fmt: skip
# What a generator is for, as part of its seed: no two purposes draw the same numbers.
COLD, ORACLE, STRATEGY = 1, 2, 3

Columns = dict[str, list[float]]
Task = tuple[str, int]  # an entrant's name, and the repeat


@dataclass(frozen=True, eq=False)
class Race:
    """What all runs share; arrays over the n items of the pool."""

    X: npt.NDArray[np.float32]
    said: npt.NDArray[np.int16] | None
    truth: npt.NDArray[np.int16] | None
    oracle: Callable[..., Any] | None
    rows: npt.NDArray[np.int64]
    classes: tuple[Any, ...]
    stops: tuple[int, ...]
    records: tuple[int, ...]
    start: int
    own_start: bool
    noise: float
    abstain: float
    confusion: FloatArray | None
    cost: npt.NDArray[np.float64] | None
    test: tuple[npt.NDArray[np.float32], npt.NDArray[np.int16]] | None
    affinity: Affinity | None
    seed: int

    def rng(self, *purpose: int) -> np.random.Generator:
        """Same purpose, same numbers, in every contestant's run."""
        return np.random.default_rng([self.seed, *purpose])

    def answer(self, repeat: int, i: int) -> int:
        """The class code that the oracle gives item ``i`` in this repeat, -1 where it abstains."""
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
            assert self.said is not None  # noqa: S101 - what an oracle would say otherwise
            return int(self.said[i])
        said = self.oracle(int(self.rows[i]), rng)
        if said is None:
            return -1
        if said not in self.classes:
            raise InvalidInput(
                f"it said {said!r}, which is no class: expected {choices(self.classes)} or None"
            )
        return self.classes.index(said)


@dataclass(frozen=True, eq=False)
class Entrant:
    """A learner and a strategy under one name."""

    name: str
    learner_name: str
    strategy_name: str
    learner: Learner
    strategy: Strategy


def read_entrants(learners: Any, strategies: Any, contestants: Any) -> list[Entrant]:
    """Who takes part, under the name to show."""
    if contestants is not None:
        if not isinstance(contestants, Mapping) or not contestants:
            raise InvalidInput("contestants= must be a dict: {name: (learner, strategy)}.")
        for name, given in (("learners", learners), ("strategies", strategies)):
            if not isinstance(given, tuple) or given != ("auto",):
                raise InvalidInput(f"{name}= and contestants= exclude each other: leave {name}= out.")
        pairs = {}
        for name, pair in contestants.items():
            if not isinstance(pair, tuple | list) or len(pair) != 2:
                raise InvalidInput(f"contestants[{name!r}] must be a pair (learner, strategy).")
            pairs[str(name)] = (*_learner(pair[0]), *_strategy(pair[1]))
        return [Entrant(name, ln, sn, lrn, fn) for name, (ln, lrn, sn, fn) in pairs.items()]
    those, ways = _named("learners", learners, _learner), _named("strategies", strategies, _strategy)

    def label(learner: str, strategy: str) -> str:
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
    """What failed (oracle, learner or strategy), and the words for it."""


class Run:
    """One entrant's way through the pool."""

    def __init__(self, race: Race, entrant: Entrant, repeat: int) -> None:
        self.race, self.entrant, self.repeat = race, entrant, repeat
        self.n = len(race.X)
        number = int(np.random.SeedSequence([race.seed, repeat]).generate_state(1)[0] >> 1)
        self.template = seeded(entrant.learner, number)
        self.y = np.full(self.n, -1, dtype=np.int16)
        self.open = np.ones(self.n, dtype=np.bool_)
        self.order: list[int] = []
        self.abstained = 0
        self.spent = 0.0
        self.steps: list[float] = []
        self.proba: FloatArray | None = None
        own = race.own_start and entrant.strategy_name == "random"
        size = 0 if own else min(race.start, self.n)
        # One number more than the other purposes have: zeros at the end of a seed count for nothing.
        self.cold = kmeans_start(race.X, size, [race.seed, repeat, COLD, 1]) if size else []

    def play(self) -> Columns:
        """Ask and learn until the budget is spent or nobody answers any more."""
        learner = self._guard(
            "learner", lambda: self.template.start(self.race.X, self._k, self.race.affinity)
        )
        found: Columns = {name: [] for name in COLUMNS}
        for stop in self.race.stops:
            began = time.perf_counter()
            while len(self.order) < stop and self.open.any():
                for i in self._next(stop - len(self.order)):
                    self._ask(i)
            if len(self.order) < stop:
                break
            self._guard("learner", lambda: self._learn(learner))
            self.steps.append(time.perf_counter() - began)
            if stop in self.race.records:
                for name, value in zip(COLUMNS, self._record(learner), strict=True):
                    found[name].append(value)
        return found

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

    def _next(self, n: int) -> list[int]:
        if waiting := [i for i in self.cold if self.open[i]]:
            return waiting[:n]
        rng = self.race.rng(self.repeat, STRATEGY, len(self.order) + self.abstained)
        proba = self.proba
        if proba is None:
            return [int(i) for i in rng.permutation(np.flatnonzero(self.open))[:n]]
        seen = (self.race.X, self.y, self.open, rng, n)
        context = Context(*seen, self.race.affinity, self.template, self.race.cost)
        chosen: list[int] = self._guard("strategy", lambda: choose(self.entrant.strategy, proba, context))
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

    def _learn(self, learner: Learner) -> None:
        rows = np.array(self.order)
        try:
            learner.update(rows, self.y[rows])
            if isinstance(learner, Refreshable) and learner.stale:
                learner.refresh()  # the rest, which a session learns in the background
            proba = np.asarray(learner.proba())
        except Exception as error:
            if not isinstance(learner, SklearnLearner):
                raise
            # It cannot learn before the cold start, or before every class has a label.
            lacks = isinstance(error, NotYet) and len(np.unique(self.y[rows])) < self._k
            if len(rows) < (self.race.stops[-1] if lacks else min(self.race.start, self.race.stops[-1])):
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
        if proba.shape != (self.n, self._k):
            raise InvalidInput(f"its probabilities have shape {proba.shape}, not {(self.n, self._k)}")
        if not np.isfinite(proba).all() or proba.min() < 0 or np.abs(proba.sum(axis=1) - 1).max() > 0.01:
            raise InvalidInput("its probabilities are not finite, from 0 to 1, summing to 1 in each row")
        self.proba = proba

    def _record(self, learner: Learner) -> tuple[float, ...]:
        """The values of COLUMNS; accuracy is on the items without a label alone."""
        proba = self.proba
        if proba is None:
            proba = np.tile(class_shares(self.y[self.order], self._k), (self.n, 1))
        plain = balanced = tested = float("nan")
        if self.race.truth is not None:
            rest = self.y < 0
            truth = self.race.truth[rest]
            right = proba[rest].argmax(axis=1) == truth
            plain = float(right.mean())
            balanced = float(np.mean([right[truth == c].mean() for c in np.unique(truth)]))
        if self.race.test is not None:
            tested = self._guard("learner", lambda: self._tested(learner))
        seconds, self.steps = float(np.mean(self.steps)), []
        n = len(self.order)
        return n, n + self.abstained, self.abstained, plain, balanced, tested, self.spent, seconds

    def _tested(self, learner: Any) -> float:
        """Accuracy of the model that people take away, on the test set."""
        assert self.race.test is not None  # noqa: S101
        X, y = self.race.test
        rows = np.array(self.order)
        codes = self.y[rows]
        if self.proba is None or len(np.unique(codes)) < 2:
            return float((y == np.bincount(codes).argmax()).mean())
        if callable(getattr(learner, "export", None)):
            model = learner.export(rows, codes)
        else:
            from sklearn.linear_model import LogisticRegression

            model = LogisticRegression(max_iter=1000).fit(self.race.X[rows], codes)
        return float((np.asarray(model.predict(X)) == y).mean())
