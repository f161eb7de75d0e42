"""What :func:`hitl_widgets.simulate` is called with, read and checked."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from hitl_widgets.data.features import check_matrix
from hitl_widgets.data.items import is_missing
from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import InvalidInput, choices, nearest
from hitl_widgets.learn.learner import Affinity, FloatArray, Learner, as_learner
from hitl_widgets.learn.strategies import Strategy, as_strategy, cold_start_size
from hitl_widgets.loop.contest import Entrant
from hitl_widgets.loop.mapping import build_features

__all__ = [
    "Items",
    "read_affinity",
    "read_budget",
    "read_confusion",
    "read_cost",
    "read_entrants",
    "read_pool",
    "read_stops",
    "read_test",
    "read_truth",
    "share",
    "start_size",
    "whole",
]

DENSE = 50  # up to here every number of labels is recorded, then every fifth


@dataclass(frozen=True, eq=False)
class Items:
    """The pool's distinct items: features, and the row of the person's data that holds each."""

    X: npt.NDArray[np.float32]
    rows: npt.NDArray[np.int64]
    n_rows: int

    def pick(self, values: Any, name: str) -> npt.NDArray[Any]:
        """One value for each item from one for each row."""
        array = np.asarray(values)
        if array.ndim != 1 or len(array) not in {self.n_rows, len(self.X)}:
            raise InvalidInput(
                f"{name} has shape {array.shape}, the pool has {self.n_rows:,} rows. Give one value for each "
                "row, in the same order."
            )
        return array[self.rows] if len(array) == self.n_rows else array


def read_pool(pool: Any, X: Any) -> Items:
    """The pool's items and their features."""
    if isinstance(pool, Pool):
        features = pool.X if X is None else check_matrix(X, len(pool))
        return Items(build_features(pool) if features is None else features, pool.first_rows, len(pool.rows))
    if X is None and getattr(pool, "ndim", 0) == 2 and not hasattr(pool, "columns"):
        features = check_matrix(pool, pool.shape[0])
        return Items(features, np.arange(len(features)), len(features))
    if X is None:
        raise InvalidInput(
            f"The pool is a {type(pool).__name__}, of which the features are not known: pass X=, an array of "
            "features, or a hitl.Pool.from_data(...)."
        )
    return read_pool(Pool.from_data(pool, X=X), None)


def read_truth(
    data: Items, y: Any, classes: Any, truth: Any, test: Any
) -> tuple[list[Any], npt.NDArray[np.int16] | None, npt.NDArray[np.int16] | None]:
    """Class names; the codes that are said, None where a function says them; the true codes."""
    said = None if callable(y) else data.pick(y, "y")
    true = said if truth is None else data.pick(truth, "truth")
    if true is None and test is None:
        raise InvalidInput(
            "y is a function, so nothing says what is true: pass truth=, the true classes, or test=."
        )
    if true is None and classes is None:
        raise InvalidInput("y is a function, so the classes are not known: pass classes=[...].")
    parts = [said] if said is true else [said, true]
    found = [v for part in parts if part is not None for v in part.tolist()]
    names = _names(classes, found)
    return (
        names,
        None if said is None else _codes(said, names, "y"),
        None if true is None else _codes(true, names, "truth"),
    )


def _names(classes: Any, found: list[Any]) -> list[Any]:
    if missing := sum(map(is_missing, found)):
        raise InvalidInput(f"{missing} true classes are missing: leave those rows out of the pool.")
    names = sorted(set(found), key=lambda c: (str(type(c)), c)) if classes is None else list(classes)
    if len(names) < 2:
        raise InvalidInput(
            f"y holds {len(names)} class ({choices(names)}): two are needed to learn anything. Pass rows of "
            "more classes, or classes=[...] to name those that may come."
        )
    if len(set(names)) < len(names):
        raise InvalidInput(f"classes={names!r} names a class twice. Classes must be distinct.")
    return names


def _codes(values: npt.NDArray[Any], names: list[Any], what: str) -> npt.NDArray[np.int16]:
    code = {name: i for i, name in enumerate(names)}
    if unknown := [v for v in dict.fromkeys(values.tolist()) if v not in code]:
        raise InvalidInput(
            f"{what} holds {unknown[0]!r}, which is no class.{nearest(unknown[0], names)} The classes are "
            f"{choices(names)}."
        )
    return np.array([code[v] for v in values.tolist()], dtype=np.int16)


def read_confusion(confusion: Any, k: int) -> FloatArray | None:
    """``confusion=``: shares of shape (k, k), rows summing to 1, or None."""
    if confusion is None:
        return None
    matrix = np.asarray(confusion, dtype=np.float64)
    if matrix.shape != (k, k):
        raise InvalidInput(f"confusion has shape {matrix.shape}, expected {(k, k)}: confusion[true, said].")
    sums = matrix.sum(axis=1)
    if not (np.isfinite(matrix).all() and matrix.min() >= 0 and np.abs(sums - 1).max() < 1e-6):
        raise InvalidInput(
            f"The rows of confusion sum to {choices(np.round(sums, 3).tolist(), 5)}: each must hold shares "
            "from 0 to 1 that sum to 1. Divide it by matrix.sum(axis=1, keepdims=True)."
        )
    return np.asarray(matrix / sums[:, None])


def read_cost(data: Items, cost: Any) -> npt.NDArray[np.float64]:
    """``cost=``: above 0 and finite, one for each item."""
    values = data.pick(cost, "cost").astype(np.float64)
    if not (np.isfinite(values).all() and values.min() > 0):
        raise InvalidInput(
            f"cost goes down to {values.min()}: expected a finite number above 0 for each row."
        )
    return values


def read_test(
    test: Any, d: int, names: list[Any]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int16]] | None:
    """``test=``: features of shape (m, d) and class codes of shape (m,), or None."""
    if test is None:
        return None
    if not isinstance(test, tuple | list) or len(test) != 2:
        raise InvalidInput("test= must be a pair (X_test, y_test).")
    y = _codes(np.asarray(test[1]), names, "y_test")
    X = check_matrix(test[0], len(y), "X_test")
    if X.shape[1] != d:
        raise InvalidInput(
            f"X_test has {X.shape[1]} columns, the pool {d}. Build both with the same features."
        )
    return X, y


def whole(name: str, value: Any, least: int = 1) -> int:
    """A whole number of at least ``least``."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise InvalidInput(f"{name}={value!r}: expected a whole number of at least {least}.")
    return int(value)


def start_size(start: Any, n_classes: int) -> int:
    """``start=``: the size of the cold start."""
    if start is None or start == "own":
        return cold_start_size(n_classes)
    if isinstance(start, str):
        raise InvalidInput(f"start={start!r}: expected the size of the cold start, 'own' or None.")
    return whole("start", start)


def share(name: str, value: Any) -> float:
    """A share from 0 to 1."""
    if not isinstance(value, int | float | np.number) or not 0 <= value <= 1:
        raise InvalidInput(f"{name}={value!r}: expected a share from 0 to 1, such as 0.1.")
    return float(value)


def read_budget(budget: Any, n: int) -> int:
    """``budget=``, less where the pool is smaller: one item stays unlabelled."""
    if (wanted := whole("budget", budget)) < n:
        return wanted
    warnings.warn(
        f"budget={budget}, and the pool has {n} items: {n - 1} are labelled, so that one is left to measure.",
        UserWarning,
        stacklevel=3,
    )
    return whole("The pool less one item", n - 1)


def read_stops(budget: int, start: int, batch: int, at: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Numbers of labels where the model is updated, and those of them that are recorded."""
    bounds = {*range(min(start, budget), budget, batch), budget}
    if at is not None:
        wanted = {whole("at", n) for n in at} & set(range(1, budget + 1))
        if not wanted:
            raise InvalidInput(f"at= names no number of labels from 1 to {budget}, the budget.")
    elif batch > 1:
        wanted = bounds
    else:
        wanted = {*range(1, min(DENSE, budget) + 1), *range(DENSE, budget, 5), budget}
    return tuple(sorted(bounds | wanted)), tuple(sorted(wanted))


def read_affinity(X: npt.NDArray[np.float32], graph: Any) -> Affinity | None:
    """``graph=``: weights of shape (n, n), or None; True builds the neighbour graph."""
    if graph is None or graph is False:
        return None
    if graph is True:
        from hitl_widgets.data.neighbors import NeighborGraph

        graph = NeighborGraph.build(X, k=15)
    weights = csr_array(getattr(graph, "weights", graph))
    if weights.shape != (len(X), len(X)):
        raise InvalidInput(f"graph has shape {weights.shape}, the pool has {len(X):,} items.")
    return weights


def read_entrants(learners: Any, strategies: Any, contestants: Any) -> list[Entrant]:
    """Who takes part, under the name to show."""
    if contestants is not None:
        if not isinstance(contestants, Mapping) or not contestants:
            raise InvalidInput("contestants= must be a dict: {name: (learner, strategy)}.")
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
