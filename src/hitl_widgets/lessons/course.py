"""Course: computes the traces and students of a lesson on request, and caches them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from hitl_widgets.errors import InvalidInput
from hitl_widgets.learn.learner import as_learner
from hitl_widgets.learn.strategies import STRATEGIES, Strategy, as_strategy
from hitl_widgets.lessons.lesson import Step, Student, Trace, failed
from hitl_widgets.lessons.plane import Plane

__all__ = ["Course"]

KEPT = 24


class Course:
    """The points, learner and strategies of a lesson; makes traces and students and caches the last ones.

    Parameters
    ----------
    X, y, classes
        As for :class:`~hitl_widgets.lessons.plane.Plane`.
    learner, strategy
        As for :class:`~hitl_widgets.session.Session`.
    budget
        Number of labels at the end, including the cold start. At least one point stays unlabelled.
    random_state
        The first seed.

    Raises
    ------
    InvalidInput
        For invalid arguments, or a learner or strategy that fails on the first labels.
    """

    def __init__(
        self, X: Any, y: Any, learner: Any, strategy: Any, classes: Any, budget: int, random_state: int
    ) -> None:
        self.plane = Plane(X, y, classes)
        self.learner = as_learner(learner)
        self.seed = _whole("random_state", random_state, 0)
        least, most = self.plane.n_classes + 1, len(self.plane) - 1
        self.budget = _whole("budget", budget, least)
        if self.budget > most:
            raise InvalidInput(
                f"budget={budget!r}: there are {most + 1} points, and at least one stays unlabelled. "
                f"Expected {least} to {most}."
            )
        self.strategy, function = as_strategy(strategy)
        self.strategies = _without_aliases(self.strategy, function)
        self._kept: OrderedDict[tuple[Any, ...], Any] = OrderedDict()
        self._lock = threading.RLock()
        self._try()

    def _try(self) -> None:
        """Run up to the strategy's first choice, so that errors are raised in the user's cell."""
        trace = self.trace(self.strategy, self.seed)
        for i in range(len(trace)):
            labelled = list(trace[i].labelled)
            if not trace.failure and len(np.unique(self.plane.truth[labelled])) > 1:
                return
        if trace.failure:
            raise failed(self.learner, self.budget, trace.failure) from trace.failure

    def step(self, strategy: str, seed: int, i: int) -> tuple[Step, list[float]]:
        """The step after ``i`` questions (the last one if there are fewer), and the accuracies so far."""
        with self._lock:
            trace = self.trace(strategy, seed)
            i = min(i, len(trace) - 1)
            return trace[i], trace.curve(i)

    def trace(self, strategy: str, seed: int) -> Trace:
        """The strategy's trace from the cold start of this seed."""
        if strategy not in self.strategies:
            raise InvalidInput(f"strategy={strategy!r} is not part of this lesson.")
        parts = (strategy, self.strategies[strategy], self.budget, seed)
        found: Trace = self._keep((strategy, seed), lambda: Trace(self.plane, self.learner, *parts))
        return found

    def play(self, seed: int, picks: Sequence[int]) -> Student:
        """A student who chose these points; fast if only one point was added."""
        with self._lock:
            student: Student = self._keep((seed,), lambda: Student(self.plane, self.learner, seed))
            if student.picks != list(picks[: len(student.picks)]):
                student = Student(self.plane, self.learner, seed)
            if len(student.start) + len(picks) > self.budget:
                raise InvalidInput(f"The budget of {self.budget} labels is spent.")
            for row in picks[len(student.picks) :]:
                student.pick(row)
            self._kept[(seed,)] = student
            return student

    def _keep(self, key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
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
