"""What a query strategy is, what it may look at, and how its utilities become a ranking."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput
from hitl_widgets.learn.learner import Affinity, FloatArray, Learner
from hitl_widgets.learn.linear import LinearLearner
from hitl_widgets.learn.scoring import best

__all__ = [
    "Context",
    "Strategy",
    "best_first",
    "checked",
    "in_memory",
    "margins",
    "name_of",
    "of_margin",
    "orders_batch",
    "rank",
    "start_learner",
]


@dataclass(frozen=True)
class Context:
    """What a strategy may look at besides the probabilities.

    Attributes
    ----------
    X
        float32 of shape (n, d): the pool; in the largest ones not an array but what indexes like one.
    y
        int16 of shape (n,): class codes, -1 where not labelled.
    candidates
        bool of shape (n,): what may be asked.
    random_state
        A generator, seeded anew for every round.
    n
        How many items will be asked: a strategy for batches gives those that it chose the highest
        utilities, best first.
    affinity
        Symmetric weights of the neighbour graph, sparse float32 of shape (n, n), or None.
    degree
        Sums of its rows, (n,), where they are known already.
    learner
        An unfitted learner like the one that made the probabilities, to ``start``; None where
        there is none.
    cost
        float64 of shape (n,): what a label of each item costs, or None where all cost the same.
        Strategies need not look at it: :func:`~.choosing.evaluate` divides by it.
    """

    X: npt.NDArray[np.float32]
    y: npt.NDArray[np.int16]
    candidates: npt.NDArray[np.bool_]
    random_state: np.random.Generator
    n: int = 1
    affinity: Affinity | None = None
    learner: Learner | None = None
    cost: npt.NDArray[np.float64] | None = None
    degree: FloatArray | None = None


Strategy = Callable[[FloatArray, Context], FloatArray]


def orders_batch(strategy: Strategy) -> Strategy:
    """Mark a strategy whose order already is its batch: nothing is made more diverse after it."""
    strategy.orders_batch = True  # type: ignore[attr-defined]
    return strategy


def of_margin(utility: Callable[[FloatArray, Context], FloatArray]) -> Strategy:
    """Make a strategy of a function of the margins alone, float (n,), and the context.

    Where only the margins are known (in large pools the table of probabilities is never made) the
    function stands behind the strategy as ``of_margin``.
    """

    def strategy(proba: FloatArray, context: Context) -> FloatArray:
        return utility(margins(proba), context)

    functools.update_wrapper(strategy, utility)
    del strategy.__wrapped__  # type: ignore[attr-defined]
    strategy.of_margin = utility  # type: ignore[attr-defined]
    return strategy


def margins(proba: FloatArray) -> FloatArray:
    """One minus the difference of the two likeliest classes, (n,)."""
    top = np.partition(proba, -2, axis=1)[:, -2:]
    return np.asarray(1 - (top[:, 1] - top[:, 0]))


def name_of(strategy: Any) -> str:
    """What to call a strategy before people."""
    while hasattr(strategy, "func"):  # functools.partial
        strategy = strategy.func
    return str(getattr(strategy, "__name__", "your strategy"))


def start_learner(context: Context, n_classes: int) -> Learner:
    """A fresh learner of the context's kind, a ``LinearLearner`` where it names none."""
    return (context.learner or LinearLearner()).start(context.X, n_classes, context.affinity)


def best_first(chosen: Sequence[int], others: FloatArray) -> FloatArray:
    """Utilities that put ``chosen`` first, in that order, then everything else by ``others``.

    Returns
    -------
    ndarray
        float64 of shape (n,): 0 to 1 for what is not chosen, 2 and more for what is.
    """
    low, spread = (others.min(), np.ptp(others)) if len(others) else (0.0, 0.0)
    utilities = np.asarray((others - low) / spread if spread > 0 else np.zeros(len(others)), dtype=np.float64)
    utilities[list(chosen)] = 2 + np.arange(len(chosen))[::-1]
    return utilities


def in_memory(X: Any) -> npt.NDArray[np.float64]:
    """The features of all items, float64 of shape (n, d), for strategies that compare items with items.

    Raises
    ------
    InvalidInput
        Where the pool is read block by block.
    """
    if not isinstance(X, np.ndarray):
        raise InvalidInput(
            f"This strategy compares all items with each other and needs their features in memory; this pool "
            f"is read block by block ({type(X).__name__}, {len(X):,} x {X.shape[1]}). Choose 'doubt' or "
            "'margin', or pass X as an array."
        )
    return X.astype(np.float64)


def locked(array: Any) -> Any:
    """A view that nobody can write to; what is not an array as it is."""
    if not isinstance(array, np.ndarray):
        return array
    view = array.view()
    view.flags.writeable = False
    return view


def checked(
    utilities: Any, candidates: npt.NDArray[np.bool_], name: str | None = None
) -> npt.NDArray[np.float64]:
    """The utilities as float64 of shape (n,).

    Raises
    ------
    InvalidInput
        When they are not one finite number for each item that may be asked.
    """
    who = f"The strategy {name!r}" if name else "The strategy"
    try:
        # Complex numbers are objects to a cast: else numpy would drop a half.
        values = np.asarray(utilities, dtype=object if np.iscomplexobj(utilities) else None)
        values = values.astype(np.float64)
    except (TypeError, ValueError):
        raise InvalidInput(
            f"{who} returned {type(utilities).__name__}: expected one utility, a number, per item."
        ) from None
    if values.shape != candidates.shape:
        raise InvalidInput(
            f"{who} returned shape {values.shape}: expected one utility per item, {candidates.shape}."
        )
    if not np.isfinite(values).all() and not np.isfinite(asked := values[candidates]).all():
        wrong = "NaN" if np.isnan(asked).any() else "infinity"
        raise InvalidInput(
            f"{who} returned {wrong} for items that may be asked: expected a finite number for each."
        )
    return values


def rank(utilities: FloatArray, candidates: npt.NDArray[np.bool_], n: int, random_state: Any) -> list[int]:
    """The ``n`` candidates of highest utility, best first, ties at random.

    Raises
    ------
    InvalidInput
        When the utilities are not one finite number per item that may be asked.
    """
    values = checked(utilities, candidates)
    # Everything that ties with the n-th stays in, so that chance decides among equals.
    pool = random_state.permutation(best(values, n, candidates))
    return [int(i) for i in pool[np.argsort(-values[pool], kind="stable")][:n]]
