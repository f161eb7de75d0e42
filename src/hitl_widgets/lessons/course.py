"""Course: computes the traces and students of a lesson on request, and caches them."""

from __future__ import annotations

import hashlib
import json
import threading
import warnings
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from hitl_widgets.datasets.builtin import toy_points
from hitl_widgets.errors import InvalidInput
from hitl_widgets.learn.learner import as_learner
from hitl_widgets.learn.strategies import STRATEGIES, Strategy, as_strategy
from hitl_widgets.lessons.answers import Answers
from hitl_widgets.lessons.lesson import Ground, Start, Step, Student, Trace, after, failed
from hitl_widgets.lessons.plane import Plane
from hitl_widgets.lessons.starts import STARTS, read_start

__all__ = ["Course", "Record", "points_of"]

KEPT = 24
USUAL_BUDGET = 30
N_HELD = 400
N_DIGITS = 600
CHANCE, DRAWS = 7, 20


def digits() -> tuple[Any, Any, Any, Any]:
    """600 handwritten digits: their pixels, shape (600, 64), the digits, and their UMAP in 2-D and 3-D."""
    from sklearn.datasets import load_digits
    from umap import UMAP

    data = load_digits()
    rows = np.random.default_rng(0).permutation(len(data.data))[:N_DIGITS]
    X = (data.data[rows] / 16).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a seed allows one thread only
        flat = UMAP(random_state=0).fit_transform(X)
        space = UMAP(n_components=3, min_dist=0.8, random_state=0).fit_transform(X)  # looser, to see inside
    return X, [str(digit) for digit in data.target[rows]], flat, space


def points_of(X: Any, y: Any, test: Any) -> tuple[Any, Any, Any]:
    """``X``, ``y`` and ``test`` of a lesson, drawn if ``X`` is the name of a toy data set."""
    if not isinstance(X, str):
        if y is None:
            raise InvalidInput(
                "y= is missing: pass the true class of each point, which answers the questions."
            )
        return X, y, test
    if y is not None:
        raise InvalidInput(f"X={X!r} names a toy data set, which has its own classes: omit y=.")
    # Without a table: importing pandas takes more memory than all the rest of a lesson.
    points, labels = toy_points(X)
    return points, labels, toy_points(X, n=N_HELD, random_state=1) if test is None else test


class Record(NamedTuple):
    """A run up to a step.

    Attributes
    ----------
    steps
        The steps so far.
    stop
        The step at which a rule would have stopped, or None.
    """

    steps: list[Step]
    stop: int | None

    @property
    def now(self) -> Step:
        """The last step."""
        return self.steps[-1]

    @property
    def curves(self) -> list[list[float]]:
        """Each measure, step by step."""
        return [list(values) for values in zip(*(step.measures for step in self.steps), strict=True)]

    @property
    def spent(self) -> list[float]:
        """The cost of the labels, step by step."""
        return [step.spent for step in self.steps]


class Course:
    """The points, learner and strategies of a lesson; makes traces and students and caches the last ones.

    Parameters
    ----------
    X, y, classes
        As for :class:`~hitl_widgets.lessons.plane.Plane`.
    learner, strategy
        As for :class:`~hitl_widgets.session.Session`.
    budget
        Number of labels at the end, including the cold start; None means 30, or fewer on few points. At least
        one point stays unlabelled.
    random_state
        The first seed.
    start
        The first labels: a name of :data:`~hitl_widgets.lessons.starts.STARTS`, or row numbers.
    noise, annotators
        As for :class:`~hitl_widgets.lessons.answers.Answers`.
    batch
        Labels between two updates of the model, in runs of a strategy. A game is played label by label.
    cost, test, at, space
        As for :class:`~hitl_widgets.lessons.plane.Plane`.

    Raises
    ------
    InvalidInput
        For invalid arguments, or a learner or strategy that fails on the first labels.
    """

    def __init__(
        self,
        X: Any,
        y: Any,
        learner: Any,
        strategy: Any,
        classes: Any,
        budget: int | None,
        random_state: int,
        *,
        start: Any = "kmeans",
        noise: Any = 0,
        annotators: Any = None,
        batch: int = 1,
        cost: Any = None,
        test: Any = None,
        at: Any = None,
        space: Any = None,
    ) -> None:
        self.plane = Plane(X, y, classes, test, cost, at, space)
        self.learner = as_learner(learner)
        self.answers = Answers(self.plane.truth, self.plane.schema.names, noise, annotators)
        self.seed = _whole("random_state", random_state, 0)
        least, most = self.plane.n_classes + 1, len(self.plane) - 1
        if least > most:
            raise InvalidInput(
                f"X has {most + 1} points of {least - 1} classes. Expected at least {least + 1} points: one "
                "label more than there are classes, and a point without one."
            )
        usual = min(max(USUAL_BUDGET, least), most)
        self.budget = usual if budget is None else _whole("budget", budget, least)
        if self.budget > most:
            raise InvalidInput(
                f"budget={budget!r}: there are {most + 1} points, and at least one stays unlabelled. "
                f"Expected {least} to {most}."
            )
        self.batch = _whole("batch", batch, 1)
        self.start, self._rows = read_start(start, len(self.plane), self.budget)
        self.starts = list(STARTS) if self.start in STARTS else [self.start, *STARTS]
        self.strategy, function = as_strategy(strategy)
        self.strategies = _without_aliases(self.strategy, function)
        self.ground = Ground(self.plane, self.learner, self.answers)
        self._kept: OrderedDict[tuple[Any, ...], Any] = OrderedDict()
        self._lock = threading.RLock()
        self._try()

    def _try(self) -> None:
        """Run up to the strategy's first choice, so that errors are raised in the user's cell."""
        trace = self.trace(self.strategy, self.start, self.seed)
        for i in range(len(trace)):
            labelled = list(trace[i].labelled)
            if not trace.failure and len(np.unique(self.plane.truth[labelled])) > 1:
                return
        if trace.failure:
            raise failed(self.learner, self.budget, trace.failure) from trace.failure

    def step(self, strategy: str, start: str, seed: int, i: int) -> Record:
        """The run up to ``i`` questions (to its end if there are fewer)."""
        return self._record(self.trace(strategy, start, seed), i)

    def rival(self, strategy: str, start: str, seed: int, i: int) -> Record:
        """The run of the strategy in a game, label by label, up to ``i`` labels after the start."""
        return self._record(self.trace(strategy, start, seed, batch=1), i)

    def _record(self, trace: Trace, i: int) -> Record:
        with self._lock:
            steps = [trace[j] for j in range(min(i, len(trace) - 1) + 1)]
            return Record(steps, trace.stop(len(steps) - 1))

    def trace(self, strategy: str, start: str, seed: int, batch: int | None = None) -> Trace:
        """The strategy's trace from the start of this name and seed."""
        if strategy not in self.strategies:
            raise InvalidInput(f"strategy={strategy!r} is not part of this lesson.")
        size = self.batch if batch is None else batch
        key = (strategy, start, seed, size)
        parts = (strategy, self.strategies[strategy], self.budget, self.begin(start, seed), size)
        found: Trace = self._keep(key, lambda: Trace(self.ground, *parts))
        return found

    def begin(self, start: str, seed: int) -> Start:
        """The start of this name and seed."""
        if start not in self.starts:
            raise InvalidInput(f"start={start!r} is not part of this lesson.")
        return Start(start, seed, () if start in STARTS else self._rows)

    def n_start(self, start: str) -> int:
        """The number of first labels of a start."""
        return {"none": 0}.get(start, self.plane.n_classes if start in STARTS else len(self._rows))

    @cached_property
    def digest(self) -> str:
        """The same for the same points, classes and settings."""
        plane, names = self.plane, self.plane.schema.names
        settings = [self.learner.name, self.budget, self.seed, self._rows, self.batch, names]
        digest = hashlib.blake2b(json.dumps(settings).encode(), digest_size=12)
        cost = np.zeros(0) if plane.cost is None else plane.cost
        for array in (plane.X, plane.everything, plane.truth, self.answers.drawn(self.seed), cost):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def play(self, start: str, seed: int, picks: Sequence[int]) -> Student:
        """A student who chose these points in a game."""
        if self.n_start(start) + len(picks) > self.budget:
            raise InvalidInput(f"The budget of {self.budget} labels is spent.")
        return self.student(self.begin(start, seed), picks)

    def student(self, start: Start, picks: Sequence[int]) -> Student:
        """A student who chose these points; fast if only one point was added."""
        with self._lock:
            key = ("student", start)
            student: Student = self._keep(key, lambda: Student(self.ground, start))
            if student.picks != list(picks[: len(student.picks)]):
                student = Student(self.ground, start)
            for row in picks[len(student.picks) :]:
                student.pick(row)
            self._kept[key] = student
            return student

    def run(self, strategy: str, start: Start, budget: int) -> list[Step]:
        """All steps of a run of its own budget."""
        self._enough(budget)
        parts = (self.ground, strategy, STRATEGIES[strategy], budget, start)
        trace: Trace = self._keep(("run", strategy, start, budget), lambda: Trace(*parts))
        with self._lock:
            return [trace[i] for i in range(len(trace))]

    def chance(self, start: Start, n: int) -> float:
        """The accuracy with ``n`` random labels after the start: the mean of 20 draws."""
        found: float = self._keep(("chance", start, n), lambda: self._chance(start, n))
        return found

    def _chance(self, start: Start, n: int) -> float:
        first = Student(self.ground, start).start
        self._enough(len(first) + n)
        others = np.setdiff1d(np.arange(len(self.plane)), first)
        draws = [np.random.default_rng([start.seed, CHANCE, i]).permutation(others)[:n] for i in range(DRAWS)]
        return float(np.mean([after(self.ground, start, [*first, *map(int, rows)]) for rows in draws]))

    def _enough(self, budget: int) -> None:
        if budget >= len(self.plane):
            raise InvalidInput(
                f"This exercise takes {budget} labels, which is too many for {len(self.plane)} points."
            )

    def _keep(self, key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
        with self._lock:
            if key not in self._kept:
                self._kept[key] = make()
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            return self._kept[key]


def _without_aliases(name: str, function: Strategy) -> dict[str, Strategy]:
    found = {name: function}
    for other, known in STRATEGIES.items():
        if known not in found.values():
            found[other] = known
    return found


def _whole(name: str, value: Any, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise InvalidInput(f"{name}={value!r}: expected a whole number of at least {least}.")
    if value >= 2**31:
        raise InvalidInput(f"{name}={value!r}: expected a number below {2**31}.")
    return int(value)
