"""Validation of the arguments of :func:`hitl_widgets.simulate`."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

import joblib
import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array, issparse

from hitl_widgets.data.matrix import matrix_like, reduce_matrix
from hitl_widgets.data.pool import Pool
from hitl_widgets.datasets.sets import check_distinct
from hitl_widgets.errors import InvalidInput, a_type, choices, nearest
from hitl_widgets.items.base import is_missing
from hitl_widgets.learn.learner import Affinity, FloatArray
from hitl_widgets.learn.problems.base import Target
from hitl_widgets.learn.strategies import cold_start_size
from hitl_widgets.maps.preparation import build_features
from hitl_widgets.questions.base import kind_of
from hitl_widgets.questions.schema import Schema
from hitl_widgets.questions.vocabulary import Vocabulary

__all__ = [
    "Items",
    "positive",
    "read_affinity",
    "read_amounts",
    "read_budget",
    "read_confusion",
    "read_cost",
    "read_jobs",
    "read_pool",
    "read_question",
    "read_start",
    "read_stops",
    "read_test",
    "read_truth",
    "share",
    "whole",
]

# Answers are coded as int16.
MOST_ANSWERS = 32_767
DENSE = 50  # every number of labels is recorded up to here, then every fifth


@dataclass(frozen=True, eq=False)
class Items:
    """The pool's distinct items: their features, and the row of each in the user's data.

    ``reduction`` is the transformer that reduced a wide sparse matrix, if any. ``pool`` has the items
    themselves, if they were given.
    """

    X: npt.NDArray[np.float32]
    rows: npt.NDArray[np.int64]
    n_rows: int
    reduction: Any = None
    pool: Pool | None = None

    def pick(self, values: Any, name: str) -> npt.NDArray[Any]:
        """Select one value for each item from one for each row."""
        array = np.asarray(values)
        if array.dtype.kind in "OU":  # NumPy makes text of both 1 and "1" in a list
            check_distinct(name, values if isinstance(values, list | tuple) else array.ravel())
        if array.ndim != 1 or len(array) not in {self.n_rows, len(self.X)}:
            raise InvalidInput(
                f"{name} has shape {array.shape}, but the pool has {self.n_rows:,} rows. Pass one value for "
                "each row, in the same order."
            )
        return array[self.rows] if len(array) == self.n_rows else array


def read_pool(pool: Any, X: Any) -> Items:
    """The pool's items and their features."""
    if getattr(pool, "shape", None) and not pool.shape[0]:
        raise InvalidInput("The pool is empty: pass at least one row of each class.")
    if isinstance(pool, Pool):
        features, reduction = (pool.X, pool.reduction) if X is None else reduce_matrix(X, len(pool))
        features = build_features(pool) if features is None else features
        return Items(features, pool.first_rows, len(pool.rows), reduction, pool)
    if X is None and getattr(pool, "ndim", 0) == 2 and not hasattr(pool, "columns"):
        features, reduction = reduce_matrix(pool, pool.shape[0])
        return Items(features, np.arange(len(features)), len(features), reduction)
    if X is None:
        raise InvalidInput(
            f"The pool is {a_type(pool)} without features: pass X=, an array of features (for a "
            "table df with only numeric columns, X=df.to_numpy()), or pass hitl.Pool.from_data(...) as the "
            "pool."
        )
    return read_pool(Pool.from_data(pool, X=X), None)


def read_truth(
    data: Items, y: Any, classes: Any, truth: Any, test: Any
) -> tuple[list[Any], npt.NDArray[np.int16] | None, npt.NDArray[np.int16] | None]:
    """Class names; codes of the answers, None if a function gives them; true codes."""
    if not callable(y) and any(isinstance(one, list | tuple | set) for one in _first(y)):
        raise InvalidInput(
            "y contains lists. If several classes may apply, pass question=hitl.Question.choices([...])."
        )
    said = None if callable(y) else data.pick(y, "y")
    true = said if truth is None else data.pick(truth, "truth")
    if true is None and test is None:
        raise InvalidInput(
            "y is a function, so the true classes are unknown: pass truth=, the true classes, or test=."
        )
    if true is None and classes is None:
        raise InvalidInput("y is a function, so the classes are unknown: pass classes=[...].")
    parts = [said] if said is true else [said, true]
    found = [v for part in parts if part is not None for v in part.tolist()]
    names = _names(classes, found, len(data.X))
    return (
        names,
        None if said is None else _codes(said, names, "y"),
        None if true is None else _codes(true, names, "truth"),
    )


def _first(y: Any) -> list[Any]:
    return list(islice(y, 5)) if isinstance(y, Iterable) else []


def read_question(
    data: Items, question: Schema, y: Any, truth: Any, test: Any
) -> tuple[list[Any], npt.NDArray[np.int16], npt.NDArray[np.int16], Any, Target]:
    """The answers; codes of the answers given and of the true ones; the test set; the learning target."""
    if callable(y):
        raise InvalidInput("With question=, y must be the true answers, one for each row, not a function.")
    kind, vocabulary = kind_of(question.kind), Vocabulary()
    vocabulary.apply(question.to_dict(), "")
    vocabulary.spell(dict(zip(question.names, question.values, strict=True)))
    known: dict[Any, int] = {answer: code for code, answer in enumerate(kind.answers(question))}

    def codes(values: Any, what: str) -> npt.NDArray[np.int16]:
        found: list[int] = []
        for row, value in enumerate(values.tolist() if hasattr(values, "tolist") else list(values)):
            try:
                found.append(known.setdefault(kind.parse(value, vocabulary), len(known)))
            except InvalidInput as error:
                raise InvalidInput(f"{what} at row {row}: {error}") from None
        if len(known) > MOST_ANSWERS:
            raise InvalidInput(
                f"{what} has more than {MOST_ANSWERS:,} different answers: round the numbers, or pass a "
                "sample of the rows."
            )
        return np.array(found, np.int16)

    said = data.pick(codes(y, "y"), "y")
    true = said if truth is None else data.pick(codes(truth, "truth"), "truth")
    told = None
    if test is not None:
        if not isinstance(test, tuple | list) or len(test) != 2:
            raise InvalidInput("test= must be a pair (X_test, y_test).")
        _check_lengths(test)
        y_test = codes(test[1], "y_test")
        told = matrix_like(test[0], len(y_test), "X_test", data.X.shape[1], data.reduction), y_test
    target = kind.target(list(known), question)
    if lacks := target.problem.lacks(target.values[true]):
        raise InvalidInput(f"Nothing can be learned from the answers in y: {lacks}.")
    # Answers as the user gives them; the codes stay the same.
    own = [kind.own(kind.said(answer, vocabulary), question) for answer in known]
    return own, said, true, told, target


def _names(classes: Any, found: list[Any], n: int) -> list[Any]:
    if missing := sum(map(is_missing, found)):
        raise InvalidInput(f"{missing} true classes are missing: remove those rows from the pool.")
    if isinstance(classes, str) or not (classes is None or isinstance(classes, Iterable)):
        raise InvalidInput(f"classes={classes!r}: expected a list of names, such as ['spam', 'ham'].")
    try:
        names = sorted(set(found), key=lambda c: (str(type(c)), c)) if classes is None else list(classes)
        twice = len(set(names)) < len(names)
    except TypeError as error:
        raise InvalidInput(f"Classes must be text or whole numbers: {error}.") from error
    if classes is None and (odd := _no_classes(names, n)):
        raise InvalidInput(
            f"y contains {odd}: these look like numeric targets or ids, not classes. Pass one class for each "
            "row, such as y > 0.5, or list the classes in classes=[...]."
        )
    if len(names) < 2:
        held = f"1 class ({choices(names)})" if names else "no class"
        raise InvalidInput(
            f"{'y' if classes is None else 'classes='} has {held}, but at least two are needed. Pass "
            "rows of more classes, or classes=[...] to list all possible classes."
        )
    if twice:
        raise InvalidInput(f"classes={names!r} contains a class twice. Classes must be distinct.")
    return names


def _no_classes(values: list[Any], n: int) -> str:
    """Why these values of n items are probably not classes; empty if they can be."""
    if broken := [v for v in values if isinstance(v, float) and not v.is_integer()]:
        return f"{broken[0]!r}, which is not a whole number"
    return f"{len(values)} different values for {n} items" if len(values) > max(2, n / 2) else ""


def _codes(values: npt.NDArray[Any], names: list[Any], what: str) -> npt.NDArray[np.int16]:
    code = {name: i for i, name in enumerate(names)}
    if values.ndim != 1:
        raise InvalidInput(f"{what} has shape {values.shape}: expected one class for each row.")
    if unknown := [v for v in dict.fromkeys(values.tolist()) if v not in code]:
        hint = nearest(unknown[0], [n for n in names if isinstance(n, str)])
        raise InvalidInput(
            f"{what} contains the unknown class {unknown[0]!r}.{hint if isinstance(unknown[0], str) else ''} "
            f"The classes are {choices(names)}."
        )
    return np.array([code[v] for v in values.tolist()], dtype=np.int16)


def read_confusion(confusion: Any, k: int) -> FloatArray | None:
    """``confusion=``: shares of shape (k, k), rows summing to 1, or None."""
    if confusion is None:
        return None
    matrix = _numbers("confusion", confusion)
    if matrix.shape != (k, k):
        raise InvalidInput(f"confusion has shape {matrix.shape}, expected {(k, k)}: confusion[true, said].")
    sums = matrix.sum(axis=1)
    if not (np.isfinite(matrix).all() and matrix.min() >= 0 and np.abs(sums - 1).max() < 1e-6):
        raise InvalidInput(
            f"The rows of confusion sum to {choices(np.round(sums, 3).tolist(), 5)}: each must contain "
            "shares from 0 to 1 that sum to 1. Divide it by matrix.sum(axis=1, keepdims=True)."
        )
    return np.asarray(matrix / sums[:, None])


def read_cost(data: Items, cost: Any) -> npt.NDArray[np.float64]:
    """``cost=``: above 0 and finite, one for each item; from one number, or a function of the row."""
    if callable(cost):
        cost = [_cost_of(cost, int(row)) for row in data.rows]
    elif np.ndim(cost) == 0:
        cost = np.full(len(data.X), positive("cost", cost))
    values = data.pick(_numbers("cost", cost), "cost")
    if not (np.isfinite(values).all() and values.min() > 0):
        raise InvalidInput(
            f"cost has a minimum of {values.min()}: expected a finite number above 0 for each row."
        )
    return values


def _cost_of(cost: Any, row: int) -> Any:
    try:
        return cost(row)
    except Exception as error:
        raise InvalidInput(
            f"cost= failed at row {row}: {type(error).__name__}: {error}. Expected a function of the row "
            "number that returns a number."
        ) from error


def positive(name: str, value: Any, what: str = "a number above 0") -> float:
    """A finite number above 0."""
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not (number and 0 < value < np.inf):
        raise InvalidInput(f"{name}={value!r}: expected {what}.")
    return float(value)


def _numbers(name: str, values: Any) -> npt.NDArray[np.float64]:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"{name} must contain only numbers: {str(error).rstrip('.')}.") from error


def read_test(
    test: Any, data: Items, names: list[Any]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int16]] | None:
    """``test=``: features of shape (m, d), built like those of the pool, and class codes (m,), or None."""
    if test is None:
        return None
    if not isinstance(test, tuple | list) or len(test) != 2:
        raise InvalidInput("test= must be a pair (X_test, y_test).")
    _check_lengths(test)
    y = _codes(np.asarray(test[1]), names, "y_test")
    return matrix_like(test[0], len(y), "X_test", data.X.shape[1], data.reduction), y


def _check_lengths(test: Any) -> None:
    """Refuse a test set that is empty, or whose parts differ in length."""
    try:
        n, m = (int(part.shape[0]) if hasattr(part, "shape") else len(part) for part in test)
    except (TypeError, IndexError):
        raise InvalidInput("test= must be a pair (X_test, y_test) with an answer for each row.") from None
    if n != m:
        raise InvalidInput(
            f"test= has {n} rows in X_test, but {m} answers in y_test: expected one for each row."
        )
    if not n:
        raise InvalidInput("test= is empty: pass at least one row, or omit it.")


def whole(name: str, value: Any, least: int = 1) -> int:
    """A whole number of at least ``least``."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise InvalidInput(f"{name}={value!r}: expected a whole number of at least {least}.")
    return int(value)


def read_start(start: Any, n_classes: int, data: Items, known: npt.NDArray[Any] | None) -> dict[str, Any]:
    """``start=``: the fields of a :class:`~.contest.Start`."""
    usual = cold_start_size(n_classes)
    if start is None or (isinstance(start, str) and start in {"own", "one_class"}):
        if start == "one_class" and known is None:
            raise InvalidInput("start='one_class' requires the classes of the items: pass truth=.")
        how = {"own": start == "own", "one_class": start == "one_class"}
        return {"size": usual, "rows": None, "enough": usual, **how}
    if isinstance(start, str):
        raise InvalidInput(
            f"start={start!r}: expected the size of the cold start, a list of row numbers, 'own', "
            "'one_class' or None."
        )
    if not isinstance(start, Iterable):
        size = whole("start", start, least=0)
        return {"size": size, "rows": None, "enough": max(size, usual), "own": False, "one_class": False}
    rows = [whole("start", row, least=0) for row in start]
    if not rows or len(set(rows)) < len(rows):
        why = "is empty" if not rows else f"contains row {max(rows, key=rows.count)} twice"
        raise InvalidInput(f"start= {why}: expected different row numbers, or 0 for a start without labels.")
    place = {int(row): i for i, row in enumerate(data.rows.tolist())}
    if odd := [row for row in rows if row not in place]:
        raise InvalidInput(
            f"start= contains row {odd[0]}, but the pool has {data.n_rows:,} rows, counted from 0"
            f"{', and equal rows count as the first of them' if odd[0] < data.n_rows else ''}."
        )
    items = tuple(place[row] for row in rows)
    enough = max(len(items), usual)
    return {"size": len(items), "rows": items, "enough": enough, "own": False, "one_class": False}


def read_jobs(n: Any) -> int:
    """``n_jobs=``: the number of processes."""
    if n is not None and (isinstance(n, bool) or not isinstance(n, int | np.integer) or n == 0):
        raise InvalidInput(f"n_jobs={n!r}: expected a number of processes, such as 2, or -1 for every core.")
    return int(joblib.effective_n_jobs(n))


def share(name: str, value: Any) -> float:
    """A share from 0 to 1."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 <= value <= 1:
        raise InvalidInput(f"{name}={value!r}: expected a share from 0 to 1, such as 0.1.")
    return float(value)


def read_budget(budget: Any, n: int) -> int:
    """``budget=``, reduced if the pool is too small: at least one item must remain unlabelled."""
    if (wanted := whole("budget", budget)) < n:
        return wanted
    warnings.warn(
        f"budget={budget}, but the pool has {n} items: {n - 1} are labelled, so that one is left to measure.",
        UserWarning,
        stacklevel=4,
    )
    return whole("The pool size minus one", n - 1)


def read_stops(budget: int, start: int, batch: int, at: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The numbers of labels at which the model is updated, and those at which results are recorded."""
    bounds = {*range(min(start, budget), budget, batch), budget} - {0}
    if at is not None:
        if isinstance(at, str) or not isinstance(at, Iterable):
            raise InvalidInput(f"at={at!r}: expected a list of numbers of labels, such as [1, {budget}].")
        wanted = {whole("at", n) for n in at} & set(range(1, budget + 1))
        if not wanted:
            raise InvalidInput(f"at= contains no number of labels from 1 to {budget}, the budget.")
    elif batch > 1:
        wanted = bounds
    else:
        wanted = {*range(1, min(DENSE, budget) + 1), *range(DENSE, budget, 5), budget}
    return tuple(sorted(bounds | wanted)), tuple(sorted(wanted))


def read_amounts(budget: Any, cost: npt.NDArray[np.float64], at: Any) -> tuple[float, ...]:
    """``budget=`` and ``at=`` with ``cost=``: the amounts to record, ending with the whole budget."""
    whole, dearest = _amount("budget", budget), float(cost.sum())
    if whole > dearest:
        warnings.warn(
            f"budget={budget}, but all {len(cost)} items together cost {dearest:g}: the curves end there.",
            UserWarning,
            stacklevel=4,
        )
        whole = dearest
    if at is None:
        return tuple(whole * (i + 1) / DENSE for i in range(DENSE))
    if isinstance(at, str) or not isinstance(at, Iterable):
        raise InvalidInput(f"at={at!r}: expected a list of amounts of cost, such as [{whole / 2:g}].")
    wanted = {_amount("at", amount) for amount in at}
    if not any(amount <= whole for amount in wanted):
        raise InvalidInput(f"at= contains no amount of cost up to {whole:g}, the budget.")
    return tuple(sorted({amount for amount in wanted if amount < whole} | {whole}))


def _amount(name: str, value: Any) -> float:
    return positive(name, value, "an amount of cost, a number above 0")


def read_affinity(X: npt.NDArray[np.float32], graph: Any) -> Affinity | None:
    """``graph=``: weights of shape (n, n), or None; True builds the neighbour graph."""
    if graph is None or graph is False:
        return None
    if graph is True:
        from hitl_widgets.data.neighbors import NeighborGraph

        graph = NeighborGraph.build(X, k=15)
    given: Any = getattr(graph, "weights", graph)
    if not issparse(given):
        _numbers("graph", given)
    if getattr(given, "ndim", np.ndim(given)) != 2:
        raise InvalidInput(
            f"graph={graph!r}: expected True, False, or weights of shape ({len(X)}, {len(X)})."
        )
    weights = csr_array(given)
    if weights.shape != (len(X), len(X)):
        raise InvalidInput(f"graph has shape {weights.shape}, but the pool has {len(X):,} items.")
    return weights
