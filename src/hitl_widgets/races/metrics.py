"""What a simulation measures: built-in metrics, and functions of the user."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput, choices, nearest
from hitl_widgets.learn.beliefs import medians
from hitl_widgets.learn.problems.base import Problem, Target
from hitl_widgets.learn.problems.multiclass import Multiclass
from hitl_widgets.learn.problems.multilabel import Multilabel, jaccard
from hitl_widgets.learn.problems.ordinal import Ordinal
from hitl_widgets.learn.strategies.base import locked

__all__ = ["BINS", "MEASURES", "Metric", "Sheet", "best_is_low", "bounds", "read_metrics", "words_of"]

Array = npt.NDArray[Any]
Measure = Callable[[Array, Array], float]

# Where a metric is measured, by the beginning of its column; the first that all contestants have is used.
PLACES = {
    "test_": "on the test set",
    "pool_": "on the whole pool",
    "unlabelled_": "on the unlabelled items",
}
# Bins of the calibration error, as in Guo et al. (2017).
BINS = 15


@dataclass(frozen=True, eq=False)
class Sheet:
    """How answers and probabilities are given to metrics.

    Attributes
    ----------
    target
        The learning target.
    answers
        The user's value of each answer code: a class, a tuple of classes, or a number.
    """

    target: Target
    answers: Sequence[Any]

    @property
    def problem(self) -> Problem:
        """The learning problem."""
        return self.target.problem

    def of_codes(self, codes: Array) -> Array:
        """Class codes, (m,); whether each class applies, bool (m, k); or numbers, (m,)."""
        if isinstance(self.problem, Ordinal):
            return np.asarray(self._numbers[codes])
        return codes if isinstance(self.problem, Multiclass) else self.target.values[codes]

    def guessed(self, P: Array) -> Array:
        """The same for the guesses of a model."""
        if isinstance(self.problem, Ordinal):
            return np.asarray(self.problem.values)[medians(self.problem.levels(P))]
        return P.argmax(axis=1) if isinstance(self.problem, Multiclass) else P > 0.5

    def shown(self, told: Array) -> Array:
        """The same for functions of the user: classes instead of codes, and 0 and 1 instead of bool."""
        if isinstance(self.problem, Multiclass):
            kinds = {type(answer) for answer in self.answers}
            return np.array(self.answers, None if len(kinds) == 1 else object)[told]
        return told.astype(np.int64) if told.dtype == np.bool_ else told

    def chances(self, P: Array) -> Array:
        """Probabilities of the classes or levels, (m, k)."""
        if isinstance(self.problem, Ordinal):
            return self.problem.levels(P)
        return normalized(P) if isinstance(self.problem, Multiclass) else P

    @cached_property
    def _numbers(self) -> npt.NDArray[np.float64]:
        values = np.asarray(self.problem.values)  # type: ignore[attr-defined]
        if all(isinstance(a, int | float) and not isinstance(a, bool) for a in self.answers):
            return np.asarray(self.answers, np.float64)
        return np.asarray(values[self.target.values.sum(axis=1)])


@dataclass(frozen=True, eq=False)
class Metric:
    """A metric by name.

    Attributes
    ----------
    function
        ``(truth, guesses or probabilities) -> float``: of arrays of a :class:`Sheet`, or the
        user's, of their values.
    own
        Whether it is the user's.
    reads_proba
        Whether it needs probabilities.
    """

    name: str
    function: Callable[[Array, Array], Any]
    own: bool = False
    reads_proba: bool = False

    def measure(self, sheet: Sheet, truth: Array, guesses: Array, P: Array | None) -> float:
        """Measure; NaN if probabilities are needed and missing."""
        if self.reads_proba and P is None:
            return float("nan")
        told = sheet.chances(P) if self.reads_proba and P is not None else guesses
        if not self.own:
            return float(self.function(truth, told))
        value = self.function(sheet.shown(truth), locked(told if self.reads_proba else sheet.shown(told)))
        if isinstance(value, bool) or np.ndim(value) or not isinstance(value, int | float | np.number):
            raise InvalidInput(f"it returned {value!r}: expected a number")
        return float(value)


def macro_f1(truth: Array, guesses: Array) -> float:
    """The mean F1 score of the classes that occur in the truth."""
    k = int(max(truth.max(), guesses.max())) + 1
    true, found = np.bincount(truth, minlength=k), np.bincount(guesses, minlength=k)
    hits = np.bincount(truth[guesses == truth], minlength=k)
    held = true > 0
    return float(np.mean(2 * hits[held] / (true + found)[held]))


def balanced_accuracy(truth: Array, guesses: Array) -> float:
    """The mean share of correct guesses of the classes that occur in the truth."""
    return float(np.mean([np.mean(guesses[truth == c] == c) for c in np.unique(truth)]))


def log_loss(truth: Array, P: Array) -> float:
    """Minus the mean logarithm of the probability of the true class, in nats."""
    given, least = P[np.arange(len(truth)), truth], np.finfo(np.float64).eps
    return float(-np.mean(np.log(np.clip(given, least, 1 - least))))


def normalized(P: Array) -> npt.NDArray[np.float64]:
    """The probabilities in double precision, so that rows sum to 1 exactly enough for scikit-learn."""
    P = np.asarray(P, np.float64)
    return np.asarray(P / P.sum(axis=1, keepdims=True))


def calibration_error(truth: Array, P: Array) -> float:
    """The expected calibration error of the predicted class (Naeini et al. 2015; Guo et al. 2017).

    The confidence is divided into 15 bins of equal width. In each, it is the distance between the mean
    confidence and the accuracy, weighted by the number of items.
    """
    sure, right = P.max(axis=1), P.argmax(axis=1) == truth
    place = np.searchsorted(np.linspace(0, 1, BINS + 1)[1:-1], sure)
    return float(np.abs(np.bincount(place, right - sure, BINS)).sum() / len(truth))


def f1(truth: Array, guesses: Array, axis: int | None) -> float:
    """The F1 score of yes-no answers, (m, k), by column and averaged, or of all; 0 where there is no yes."""
    both = (truth & guesses).sum(axis=axis)
    yes = truth.sum(axis=axis) + guesses.sum(axis=axis)
    return float(np.mean(2 * both / np.maximum(yes, 1)))


def r2(truth: Array, guesses: Array) -> float:
    """The coefficient of determination."""
    spread = float(((truth - truth.mean()) ** 2).sum())
    return 1 - float(((truth - guesses) ** 2).sum()) / spread if spread else float("nan")


# For each problem: the names, and what they compute from the truth and guesses or probabilities.
MEASURES: dict[type[Any], dict[str, Measure]] = {
    Multiclass: {
        "accuracy": lambda y, told: float(np.mean(told == y)),
        "balanced_accuracy": balanced_accuracy,
        "macro_f1": macro_f1,
        "log_loss": log_loss,
        "calibration_error": calibration_error,
    },
    Multilabel: {
        "jaccard": lambda y, told: float(jaccard(told, y).mean()),
        "macro_f1": lambda y, told: f1(y, told, 0),
        "micro_f1": lambda y, told: f1(y, told, None),
        "exact_match": lambda y, told: float(np.mean((told == y).all(axis=1))),
    },
    Ordinal: {
        "rmse": lambda y, told: float(np.sqrt(np.mean((told - y) ** 2))),
        "mae": lambda y, told: float(np.mean(np.abs(told - y))),
        "r2": r2,
    },
}
READ_PROBA = ("log_loss", "calibration_error")
# Names in titles that are not just spelled with spaces.
WORDS = {
    "log_loss": "log loss",
    "macro_f1": "macro F1",
    "micro_f1": "micro F1",
    "jaccard": "Jaccard index",
    "rmse": "root mean squared error",
    "mae": "mean absolute error",
    "r2": "R2",
}
LOW = ("rmse", "mae")


def parts_of(column: str) -> tuple[str, str]:
    """Where a column is measured, such as ``test_`` or empty if it does not say, and the metric."""
    place = next((p for p in PLACES if column.startswith(p)), "")
    return place, column.removeprefix(place)


def best_is_low(name: str) -> bool:
    """Whether less is better: by scikit-learn's convention, for names that end in ``_loss`` or ``_error``."""
    _, short = parts_of(name)
    return short in LOW or short.endswith(("_loss", "_error"))


def bounds(name: str) -> tuple[float, float]:
    """The smallest and largest value of a metric, for intervals; infinite for those of the user."""
    _, short = parts_of(name)
    if short in {*LOW, "log_loss"}:
        return 0.0, np.inf
    known = {name for found in MEASURES.values() for name in found} - {"r2"}
    return (0.0, 1.0) if short in known else (-np.inf, np.inf)


def words_of(name: str) -> str:
    """The metric in words, for titles."""
    return WORDS.get(name, name.replace("_", " "))


def read_metrics(metrics: Any, problem: Problem) -> tuple[Metric, ...]:
    """``metrics=``: names and functions, in a list or a dict by name; None for the usual ones."""
    known = next(found for kind, found in MEASURES.items() if isinstance(problem, kind))
    if metrics is None:
        metrics = ["accuracy", "macro_f1"] if isinstance(problem, Multiclass) else []
    elif isinstance(metrics, str) or callable(metrics):
        metrics = [metrics]
    elif not isinstance(metrics, Iterable) or not metrics:
        raise InvalidInput(
            f"metrics={metrics!r}: expected a list of names and functions, such as ['accuracy', 'log_loss']."
        )
    given = metrics.items() if isinstance(metrics, Mapping) else ((None, one) for one in metrics)
    found: dict[str, Metric] = {}
    for name, one in given:
        made = _metric(name, one, known)
        if made.name in found:
            raise InvalidInput(
                f"metrics= contains {made.name!r} twice: pass a dict with a name for each, such as "
                f"{{'first': ..., 'second': ...}}."
            )
        found[made.name] = made
    return tuple(found.values())


def _metric(name: Any, given: Any, known: Mapping[str, Measure]) -> Metric:
    if isinstance(given, str):
        if given not in known:
            raise InvalidInput(
                f"metrics= contains the unknown metric {given!r}.{nearest(given, known)} Expected "
                f"{choices(list(known))}, or a function (y_true, y_pred) -> number."
            )
        if name not in {None, given}:
            raise InvalidInput(f"metrics={{{name!r}: {given!r}}}: a built-in metric keeps its name.")
        return Metric(given, known[given], reads_proba=given in READ_PROBA)
    if not callable(given):
        raise InvalidInput(f"metrics= contains {given!r}: expected a name or a function.")
    called = str(name or getattr(given, "__name__", type(given).__name__))
    if not called.isidentifier():
        raise InvalidInput(
            f"A metric has no name ({called}): pass a dict, such as metrics={{'my_score': lambda y_true, "
            "y_pred: ...}."
            if called == "<lambda>"
            else f"metrics= contains the name {called!r}: expected letters, digits and underscores, such as "
            "'my_score'."
        )
    if called in known:
        raise InvalidInput(
            f"{called!r} is the name of a built-in metric: pass your function as another name."
        )
    return Metric(called, given, own=True, reads_proba=_reads_proba(called, given))


def _reads_proba(name: str, function: Callable[..., Any]) -> bool:
    """Whether the second argument is for probabilities, by its name in scikit-learn."""
    try:
        names = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        names = []
    if len(names) < 2:
        raise InvalidInput(
            f"The metric {name!r} must be a function of two arguments: (y_true, y_pred) gets classes, and "
            "(y_true, proba) gets probabilities."
        )
    return names[1] in {"proba", "y_proba", "y_prob", "y_score", "probabilities"}
