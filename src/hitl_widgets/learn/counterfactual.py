"""Counterfactuals: the fewest changes after which a model predicts another class."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
import numpy.typing as npt

from hitl_widgets.background.turns import give_way
from hitl_widgets.learn.arrays import FloatArray

__all__ = ["FLIPPED", "Flip", "fewest", "margins"]

# So many changes, those that alone help most, are tried together with the ones found so far.
TRIED = 20
# Up to so many changes are also searched from the other end.
BOTH_WAYS = 12
# The least margin: a model may round differently for another number of rows.
FLIPPED = 1e-4

# Returns the class probabilities after each set of changes, (m, n_classes).
Told = Callable[[Sequence[frozenset[int]]], FloatArray]
Judged = Callable[[Sequence[frozenset[int]]], npt.NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Flip:
    """Changes after which the model predicts another class, and by how much it prefers that class."""

    changes: frozenset[int]
    margin: float


def margins(P: FloatArray, start: int, to: int | None) -> npt.NDArray[np.float64]:
    """Return by how much each prediction prefers class ``to`` to all others, or any other to ``start``."""
    P = np.asarray(P, np.float64)
    rest = np.delete(P, start if to is None else to, axis=1).max(axis=1)
    return np.asarray(rest - P[:, start] if to is None else P[:, to] - rest)


def fewest(
    n: int, told: Told, start: int, to: int | None = None, *, most: int | None = None, at_once: int = 0
) -> Flip | None:
    """Return a few of ``n`` changes after which class ``to`` is predicted, or any other than ``start``.

    While there are up to ``at_once`` sets of a size, all of them are tried, so the result is a smallest set.
    Then the change that helps most is added until the prediction flips; if there are up to 12 changes, all
    are also made and then taken back one by one, as long as it stays flipped. Of both results, changes that
    are not needed are taken back, and the smaller one counts.

    Parameters
    ----------
    n
        The number of changes.
    told
        The model.
    start, to
        The class predicted without changes, and the wanted one.
    most
        A result with more changes is of no use.
    at_once
        How many sets are tried at a time.

    Returns
    -------
    Flip or None
        None if the prediction does not flip.
    """

    def judged(sets: Sequence[frozenset[int]]) -> npt.NDArray[np.float64]:
        give_way()
        return margins(told(sets), start, to)

    most = n if most is None else min(n, most)
    for size in range(1, most + 1):
        if comb(n, size) > at_once:
            break
        sets = [frozenset(some) for some in combinations(range(n), size)]
        margin = judged(sets)
        if margin.max() > FLIPPED:
            return Flip(sets[int(margin.argmax())], float(margin.max()))
    else:
        return None
    return _greedy(n, judged, most)


def _greedy(n: int, judged: Judged, most: int) -> Flip | None:
    added = _added(n, judged, most)
    found = [] if added is None else [_pruned(added, judged)]
    if n <= BOTH_WAYS and not (found and len(found[0].changes) == 1):
        whole = frozenset(range(n))
        if (margin := float(judged([whole])[0])) > FLIPPED:
            found.append(_pruned(Flip(whole, margin), judged))
    fit = [one for one in found if len(one.changes) <= most]
    return min(fit, key=lambda one: (len(one.changes), -one.margin), default=None)


def _added(n: int, judged: Judged, most: int) -> Flip | None:
    alone = judged([frozenset([k]) for k in range(n)])
    tried = np.argsort(-alone, kind="stable")[:TRIED].tolist()
    now, margin = frozenset(tried[:1]), float(alone[tried[0]])
    while margin <= FLIPPED:
        left = [now | {k} for k in tried if k not in now]
        if not left or len(now) >= most:
            return None
        found = judged(left)
        best = int(found.argmax())
        now, margin = left[best], float(found[best])
    return Flip(now, margin)


def _pruned(found: Flip, judged: Judged) -> Flip:
    """Take back single changes, each time the one that is needed least."""
    while len(found.changes) > 1:
        left = [found.changes - {k} for k in sorted(found.changes)]
        margin = judged(left)
        best = int(margin.argmax())
        if margin[best] <= FLIPPED:
            break
        found = Flip(left[best], float(margin[best]))
    return found
