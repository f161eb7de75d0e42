"""Rules that say when to stop labeling, checked along a simulated run."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput, choices, nearest
from hitl_widgets.learn.beliefs import medians
from hitl_widgets.learn.evaluate import Earlier, Given, Rest, accuracy_estimate
from hitl_widgets.learn.learner import FloatArray, Learner, NotYet
from hitl_widgets.learn.problems.base import Problem
from hitl_widgets.learn.problems.ordinal import Ordinal
from hitl_widgets.learn.strategies import Context
from hitl_widgets.learn.strategies.base import locked
from hitl_widgets.loop.trusting import MORE, SHARE, STEP
from hitl_widgets.quality.projection import project
from hitl_widgets.quality.stopping import TIMES, WORTH, settled

__all__ = ["BUDGET", "STOPS", "Moment", "Rule", "read_stopping"]

Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Moment:
    """A run after an update of the model.

    Attributes
    ----------
    P
        What the learner predicts for the pool, as returned by ``proba``.
    context
        As for a strategy.
    given
        The labels in order; ``y`` are the learner's targets.
    problem
        The learning problem.
    learner
        Starts another learner of the same kind, to be fitted to parts of the labels.
    """

    P: FloatArray
    context: Context
    given: Given
    problem: Problem
    learner: Callable[[], Learner]


class Rule:
    """A rule that is checked at each record of a run; each run uses a fresh copy."""

    # Whether it needs labels of items drawn at random (``audit=``).
    audited = False

    def says_stop(self, now: Moment) -> bool:
        """Whether to stop here."""
        raise NotImplementedError

    def fresh(self) -> Rule:
        """A copy without what it remembers of a run."""
        return copy.deepcopy(self)


class Settled(Rule):
    """The predictions no longer change, as in a session: see :func:`~hitl_widgets.quality.stopping.settled`.

    The models compared are those of the records, at least 10 labels, or 5 %, apart.
    """

    def __init__(self) -> None:
        self._past: list[tuple[int, Codes]] = []

    def says_stop(self, now: Moment) -> bool:
        """Whether the last four models agree."""
        n = len(now.given)
        step = max(STEP, round(SHARE * n))
        self._past = [(size, codes) for size, codes in self._past if size < n]
        self._past.append((n, _codes(now.P, now.problem)))
        found: list[tuple[int, Codes]] = []
        for size, codes in reversed(self._past):
            if not found or size <= found[-1][0] - step:
                found.append((size, codes))
            if len(found) > TIMES:
                break
        if len(found) <= TIMES or found[-1][0] < 2 * STEP:
            return False
        rest = np.flatnonzero(now.context.y < 0)
        return settled([codes[rest].ravel() for _, codes in reversed(found)]) is not None


class Flat(Rule):
    """The next 50 labels are worth less than a point of accuracy, as in a session."""

    audited = True

    def __init__(self) -> None:
        self._earlier, self._seen, self._said = Earlier(), 0, False

    def says_stop(self, now: Moment) -> bool:
        """Whether the projected gain is small, as of the last 10 labels, or 5 %."""
        n = len(now.given)
        if self._seen and n < self._seen + max(STEP, round(SHARE * n)):
            return self._said
        self._seen, self._said = n, self._is_flat(now)
        return self._said

    def _is_flat(self, now: Moment) -> bool:
        learner, rest = now.learner(), Rest.of(now.context.y)
        common: dict[str, Any] = {"measure": now.problem.measured, "earlier": self._earlier}
        try:
            estimate = accuracy_estimate(learner, now.given, rest, **common)
        except NotYet:
            return False
        coming = project(estimate, len(now.given), MORE)
        return coming is not None and coming.high < WORTH


class Advice(Rule):
    """What the trust section of a session advises: settled and flat."""

    audited = True

    def __init__(self) -> None:
        self._settled, self._flat = Settled(), Flat()

    def says_stop(self, now: Moment) -> bool:
        """Whether both say so."""
        still = self._settled.says_stop(now)
        return still and self._flat.says_stop(now)


class At(Rule):
    """A fixed number of labels."""

    def __init__(self, n: int) -> None:
        self.n = n

    def says_stop(self, now: Moment) -> bool:
        """Whether there are as many labels."""
        return len(now.given) >= self.n


class Own(Rule):
    """A function of the user, ``(proba, context) -> bool``."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def says_stop(self, now: Moment) -> bool:
        """What the function returns."""
        told, seen = now.problem.read(now.P)[0], now.context
        seen = replace(seen, X=locked(seen.X), y=locked(seen.y), candidates=locked(seen.candidates))
        said = self.function(locked(told), seen)
        if not isinstance(said, bool | np.bool_):
            raise InvalidInput(f"it returned {said!r}: expected True or False")
        return bool(said)


# In the table of the rules, the row of a run that is not stopped.
BUDGET = "budget"
STOPS: dict[str, type[Rule]] = {"settled": Settled, "flat": Flat, "advice": Advice}


def read_stopping(stop: Any, problem: Problem, audit: float) -> dict[str, Rule]:
    """``stop=``: names, numbers of labels and functions, in a list or a dict by name."""
    if isinstance(stop, str | int) or callable(stop):
        stop = [stop]
    if not isinstance(stop, Iterable):
        raise InvalidInput(f"stop={stop!r}: expected a list of rules, such as ['settled', 100].")
    given = stop.items() if isinstance(stop, Mapping) else ((None, one) for one in stop)
    found: dict[str, Rule] = {}
    for name, one in given:
        called, rule = _rule(one)
        called = called if name is None else str(name)
        if called == BUDGET:
            raise InvalidInput(
                f"stop= contains {called!r}, the row of the whole budget in stopping(): use another name."
            )
        if called == "<lambda>":
            raise InvalidInput("A rule in stop= has no name: pass a dict, such as {'enough': lambda ...}.")
        if called in found:
            raise InvalidInput(f"stop= contains {called!r} twice: pass a dict with a name for each.")
        if rule.audited and not audit:
            raise InvalidInput(
                f"stop= contains {one!r}, which estimates the accuracy from items drawn at random: pass "
                "audit=0.1, their share of the questions, as in a session."
            )
        if rule.audited and problem.scale != (0.0, 1.0):
            raise InvalidInput(
                f"stop= contains {one!r}, which is for measures from 0 to 1, not for the {problem.measure}. "
                "Use 'settled', a number of labels or a function."
            )
        found[called] = rule
    return found


def _rule(given: Any) -> tuple[str, Rule]:
    if isinstance(given, str) and given in STOPS:
        return given, STOPS[given]()
    if isinstance(given, int | np.integer) and not isinstance(given, bool) and given > 0:
        return f"{given} labels", At(int(given))
    if callable(given):
        return str(getattr(given, "__name__", type(given).__name__)), Own(given)
    hint = nearest(given, STOPS) if isinstance(given, str) else ""
    raise InvalidInput(
        f"stop= contains {given!r}.{hint} Expected {choices(list(STOPS))}, a number of labels, or a function "
        "(proba, context) -> bool."
    )


def _codes(P: FloatArray, problem: Problem) -> Codes:
    """The predictions as codes: (n,), or (n, k) where several classes may apply."""
    if isinstance(problem, Ordinal):
        return np.asarray(medians(problem.levels(P)), np.int64)
    return np.asarray(P.argmax(axis=1) if problem.exclusive else P > 0.5, np.int64)
