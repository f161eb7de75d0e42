"""Query strategies: their type, the context they can use, and the ranking of utilities."""

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
    """The information available to a strategy besides the probabilities.

    Attributes
    ----------
    X
        float32 of shape (n, d): the pool. In large pools, this is an object that indexes like an array.
    y
        int16 of shape (n,): class codes, -1 if unlabeled.
    candidates
        bool of shape (n,): which items may be asked.
    random_state
        A generator with a new seed for every round.
    n
        Number of items to ask. A batch strategy gives the highest utilities to its choice, best first.
    affinity
        Symmetric weights of the neighbor graph, sparse float32 of shape (n, n), or None.
    degree
        Row sums of the affinity, (n,), if already known.
    learner
        An unfitted learner like the one that computed the probabilities, to ``start``; or None.
    cost
        float64 of shape (n,): the cost of a label of each item, or None if all costs are equal.
        Strategies can ignore it, because :func:`~.choosing.evaluate` divides by it.
    suggested
        int16 of shape (n,): the code of the suggested class of each item, -1 if there is none; or None.
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
    suggested: npt.NDArray[np.int16] | None = None


Strategy = Callable[[FloatArray, Context], FloatArray]


def orders_batch(strategy: Strategy) -> Strategy:
    """Mark a strategy that orders whole batches, so that diversification is skipped."""
    strategy.orders_batch = True  # type: ignore[attr-defined]
    return strategy


def of_margin(utility: Callable[[FloatArray, Context], FloatArray]) -> Strategy:
    """Create a strategy from a function of only the margins, float (n,), and the context.

    The function is available as the attribute ``of_margin``, for large pools in which only the margins are
    computed, not the table of probabilities.
    """

    def strategy(proba: FloatArray, context: Context) -> FloatArray:
        return utility(margins(proba), context)

    functools.update_wrapper(strategy, utility)
    del strategy.__wrapped__  # type: ignore[attr-defined]
    strategy.of_margin = utility  # type: ignore[attr-defined]
    return strategy


def margins(proba: FloatArray) -> FloatArray:
    """Return 1 minus the difference between the two highest probabilities, (n,)."""
    top = np.partition(proba, -2, axis=1)[:, -2:]
    return np.asarray(1 - (top[:, 1] - top[:, 0]))


def name_of(strategy: Any) -> str:
    """Return the display name of a strategy."""
    while hasattr(strategy, "func"):  # functools.partial
        strategy = strategy.func
    return str(getattr(strategy, "__name__", "your strategy"))


def start_learner(context: Context, n_classes: int) -> Learner:
    """Return a new learner like the context's, by default a ``LinearLearner``."""
    return (context.learner or LinearLearner()).start(context.X, n_classes, context.affinity)


def best_first(chosen: Sequence[int], others: FloatArray) -> FloatArray:
    """Return utilities that put ``chosen`` first, in this order, then all other items by ``others``.

    Returns
    -------
    ndarray
        float64 of shape (n,): 0 to 1 for other items, 2 and more for chosen ones.
    """
    low, spread = (others.min(), np.ptp(others)) if len(others) else (0.0, 0.0)
    utilities = np.asarray((others - low) / spread if spread > 0 else np.zeros(len(others)), dtype=np.float64)
    utilities[list(chosen)] = 2 + np.arange(len(chosen))[::-1]
    return utilities


def in_memory(X: Any) -> npt.NDArray[np.float64]:
    """Return the features of all items, float64 (n, d), for strategies that compare items.

    Raises
    ------
    InvalidInput
        If the pool is read block by block.
    """
    if not isinstance(X, np.ndarray):
        raise InvalidInput(
            f"This strategy compares all items with each other and needs their features in memory, but this "
            f"pool is read block by block ({type(X).__name__}, {len(X):,} x {X.shape[1]}). Use 'doubt' or "
            "'margin', or pass X as an array."
        )
    return X.astype(np.float64)


def locked(array: Any) -> Any:
    """Return a read-only view of an array; return anything else unchanged."""
    if not isinstance(array, np.ndarray):
        return array
    view = array.view()
    view.flags.writeable = False
    return view


def checked(
    utilities: Any, candidates: npt.NDArray[np.bool_], name: str | None = None
) -> npt.NDArray[np.float64]:
    """Return the utilities as float64 of shape (n,).

    Raises
    ------
    InvalidInput
        If they are not one finite number for each candidate.
    """
    who = f"The strategy {name!r}" if name else "The strategy"
    try:
        # Convert complex numbers via objects, because NumPy would discard the imaginary part.
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
    """Return the ``n`` candidates of highest utility, best first, with random ties.

    Raises
    ------
    InvalidInput
        If the utilities are not one finite number for each candidate.
    """
    values = checked(utilities, candidates)
    # Include all ties with the n-th, and choose among them at random.
    pool = random_state.permutation(best(values, n, candidates))
    return [int(i) for i in pool[np.argsort(-values[pool], kind="stable")][:n]]
