"""From a strategy to the items that are asked: checked, per unit of cost, and as a batch not all alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput
from hitl_widgets.learn.learner import FloatArray
from hitl_widgets.learn.strategies.base import Context, Strategy, checked, locked, name_of, rank
from hitl_widgets.learn.strategies.batches import weighted_kmeans

__all__ = ["choose", "evaluate", "per_cost", "pick"]

PREFILTER = 10
LARGEST_BATCH = 100


def choose(
    strategy: Strategy, proba: FloatArray, context: Context, margins: FloatArray | None = None
) -> list[int]:
    """The ``context.n`` items to ask, best first.

    Parameters
    ----------
    strategy
        What :func:`~hitl_widgets.learn.strategies.as_strategy` gives.
    proba
        float of shape (n, n_classes).
    context
        With ``n``, ``candidates`` and ``cost``.
    margins
        See :func:`evaluate`.

    Returns
    -------
    list of int
        Distinct candidates without a label; fewer than ``n`` where there are not so many. The first
        is the one of highest utility (per cost).

    Raises
    ------
    InvalidInput
        When the strategy does not give one finite number per item, or a cost is not above zero.
    """
    context = replace(context, candidates=context.candidates & (context.y < 0))
    if context.n < 1 or not context.candidates.any():
        return []
    utilities = evaluate(strategy, proba, context, margins)
    return pick(utilities, context, diverse=not getattr(strategy, "orders_batch", False))


def evaluate(
    strategy: Strategy,
    proba: FloatArray | Callable[[], FloatArray],
    context: Context,
    margins: FloatArray | None = None,
) -> npt.NDArray[np.float64]:
    """The strategy's utilities, checked, and per unit of cost where the context has costs.

    It may read the arrays and not write to them: they are the pool's own. What it raises itself
    passes through, with a note that names the strategy.

    Parameters
    ----------
    proba
        float of shape (n, n_classes), or a function that makes it: asked only where it is needed.
    margins
        One minus the difference of the two likeliest classes, (n,), where it is known already: some
        strategies need no more.
    """
    name = name_of(strategy)
    shown = replace(context, X=locked(context.X), y=locked(context.y), candidates=locked(context.candidates))
    try:
        short = None if margins is None else getattr(strategy, "of_margin", None)
        if short is not None:
            utilities = short(locked(np.asarray(margins)), shown)
        else:
            utilities = strategy(locked(np.asarray(proba() if callable(proba) else proba)), shown)
    except Exception as error:
        error.add_note(f"Raised by the strategy {name!r}.")
        raise
    values = checked(utilities, context.candidates, name)
    return values if context.cost is None else per_cost(values, context.cost, context.candidates)


def per_cost(
    utilities: FloatArray, cost: FloatArray, candidates: npt.NDArray[np.bool_] | None = None
) -> npt.NDArray[np.float64]:
    """Utility per unit of cost (Settles, Craven and Friedland 2008).

    Utilities below zero are all raised first, so that the lowest is zero: a division would turn
    their order around.

    Parameters
    ----------
    utilities, cost
        float of shape (n,); costs above zero.
    candidates
        bool of shape (n,): what counts; None for all.
    """
    cost = np.asarray(cost, dtype=np.float64)
    asked = np.ones(len(utilities), dtype=bool) if candidates is None else candidates
    if cost.shape != asked.shape:
        raise InvalidInput(f"cost has shape {cost.shape}: expected one number per item, {asked.shape}.")
    wrong = asked & ~(np.isfinite(cost) & (cost > 0))
    if wrong.any():
        i = int(wrong.argmax())
        raise InvalidInput(f"cost={cost[i]} at row {i}: expected a finite number above 0 for each item.")
    low = min(0.0, float(utilities[asked].min(initial=0)))
    values = np.zeros(len(utilities))
    values[asked] = (utilities[asked] - low) / cost[asked]
    return values


def pick(utilities: FloatArray, context: Context, diverse: bool = True) -> list[int]:
    """The ``context.n`` candidates of highest utility, best first; where ``diverse``, not all alike.

    Then, of the 10 n best, those nearest to n k-means centres with the utilities as weights (Zhdanov
    2019), by falling utility; in its own cluster the best of all is taken, so it is always first.
    Among batches of 20 from digits that beat both the plain best and a greedy choice. After 100,
    the utility alone counts.
    """
    n = min(context.n, LARGEST_BATCH) if diverse else 0
    rng = context.random_state
    if n < 2 or not context.candidates.any():
        return rank(utilities, context.candidates, context.n, rng)
    top = np.array(rank(utilities, context.candidates, PREFILTER * n, rng))
    weight = utilities[top] - min(0.0, float(utilities[context.candidates].min()))
    places, cluster = weighted_kmeans(weight, context.X[top], n, rng)
    if 0 not in places:
        places.remove(next((i for i in places if cluster[i] == cluster[0]), places[-1]))
        places.insert(0, 0)
    left = context.candidates.copy()
    left[top[places]] = False
    return [*(int(i) for i in top[places]), *rank(utilities, left, context.n - len(places), rng)]
