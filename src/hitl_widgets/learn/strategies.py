"""Query strategies, by their names in the literature: ``(probabilities, context) -> utilities``."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.cluster import MiniBatchKMeans

from hitl_widgets.errors import InvalidInput, choices, nearest
from hitl_widgets.learn.learner import Affinity, FloatArray, Learner

__all__ = ["STRATEGIES", "Context", "Strategy", "as_strategy", "kmeans_start", "rank"]


@dataclass(frozen=True)
class Context:
    """What a strategy may look at besides the probabilities.

    Attributes
    ----------
    X
        float32 of shape (n, d): the pool.
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
    learner
        An unfitted learner like the one that made the probabilities, to ``start``; None where
        there is none.
    cost
        float64 of shape (n,): what a label of each item costs, or None where all cost the same.
    """

    X: npt.NDArray[np.float32]
    y: npt.NDArray[np.int16]
    candidates: npt.NDArray[np.bool_]
    random_state: np.random.Generator
    n: int = 1
    affinity: Affinity | None = None
    learner: Learner | None = None
    cost: npt.NDArray[np.float64] | None = None


Strategy = Callable[[FloatArray, Context], FloatArray]


def random(proba: FloatArray, context: Context) -> FloatArray:
    """Every item is worth the same: the baseline."""
    return np.zeros(len(proba))


def least_confident(proba: FloatArray, context: Context) -> FloatArray:
    """One minus the probability of the likeliest class (Lewis and Gale 1994)."""
    return np.asarray(1 - proba.max(axis=1))


def margin(proba: FloatArray, context: Context) -> FloatArray:
    """How close the two likeliest classes are (Scheffer, Decomain and Wrobel 2001)."""
    top = np.partition(proba, -2, axis=1)[:, -2:]
    return np.asarray(1 - (top[:, 1] - top[:, 0]))


def entropy(proba: FloatArray, context: Context) -> FloatArray:
    """Shannon entropy of the class probabilities (Settles 2009, section 3.1)."""
    safe = np.maximum(proba, 1e-12)
    return np.asarray(-(safe * np.log(safe)).sum(axis=1))


STRATEGIES: dict[str, Strategy] = {
    "random": random,
    "least_confident": least_confident,
    "margin": margin,
    "entropy": entropy,
}


def as_strategy(strategy: Any) -> tuple[str, Strategy]:
    """The strategy that ``strategy=`` names, with its name: a known one, or a person's function."""
    if isinstance(strategy, str):
        name = "margin" if strategy == "auto" else strategy
        if name not in STRATEGIES:
            names = ["auto", *STRATEGIES]
            raise InvalidInput(
                f"strategy={strategy!r} is not known.{nearest(strategy, names)} Expected one of "
                f"{choices(names)}, or a function (probabilities, context) -> utilities."
            )
        return name, STRATEGIES[name]
    if not callable(strategy) or isinstance(strategy, type):
        raise InvalidInput(
            f"strategy={strategy!r}: expected a name ({choices(STRATEGIES)}) or a function "
            "(probabilities, context) -> utilities."
        )
    try:
        inspect.signature(strategy).bind(None, None)
    except TypeError:
        raise InvalidInput(
            f"strategy={getattr(strategy, '__name__', strategy)!r} must take two arguments: "
            "(probabilities, context)."
        ) from None
    return getattr(strategy, "__name__", "your strategy"), strategy


def rank(utilities: FloatArray, candidates: npt.NDArray[np.bool_], n: int, random_state: Any) -> list[int]:
    """The ``n`` candidates of highest utility, best first, ties at random.

    Raises
    ------
    InvalidInput
        When the utilities are not one finite number per item.
    """
    values = np.asarray(utilities, dtype=np.float64)
    if values.shape != candidates.shape:
        raise InvalidInput(
            f"The strategy returned shape {values.shape}: expected one utility per item, {candidates.shape}."
        )
    pool = np.flatnonzero(candidates)
    if np.isnan(values[pool]).any():
        raise InvalidInput("The strategy returned NaN for items that may be asked.")
    order = random_state.permutation(len(pool))
    if n < len(pool):
        # Everything that ties with the n-th stays in, so that chance decides among equals.
        bar = np.partition(values[pool], -n)[-n]
        order = order[values[pool][order] >= bar]
    best = order[np.argsort(-values[pool][order], kind="stable")][:n]
    return [int(i) for i in pool[best]]


def kmeans_start(X: npt.NDArray[np.float32], n: int, random_state: Any = 0) -> list[int]:
    """Rows to ask before there is a model: the item nearest to each k-means centre.

    Cluster medoids give 18 points more accuracy at 20 labels than random items on digits, while
    k-center greedy is harmful (Yuan, Lin and Boyd-Graber 2020 for clustering as a cold start).

    Returns
    -------
    list of int
        At most ``n`` distinct rows, those of larger clusters first.
    """
    rng = np.random.default_rng(random_state)
    rows = np.arange(len(X))
    if len(X) > 20_000:
        rows = np.sort(rng.choice(len(X), 20_000, replace=False))
    sample = X[rows].astype(np.float64)
    if len(rows) <= n:
        return [int(i) for i in rng.permutation(rows)]
    model = MiniBatchKMeans(n, n_init=3, random_state=int(rng.integers(2**31)), batch_size=2048)
    distance = model.fit_transform(sample)
    sizes = np.bincount(model.labels_, minlength=n)
    chosen: list[int] = []
    for cluster in np.argsort(-sizes, kind="stable"):
        for row in np.argsort(distance[:, cluster], kind="stable")[:2]:
            if (found := int(rows[row])) not in chosen:
                chosen.append(found)
                break
    return chosen
