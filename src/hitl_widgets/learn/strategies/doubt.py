"""The default strategy: uncertainty weighted by the neighborhood."""

from __future__ import annotations

from typing import Any

import numpy as np

from hitl_widgets.learn.learner import FloatArray
from hitl_widgets.learn.strategies.base import Context, of_margin

__all__ = ["doubt", "doubtful", "known_near", "within_reach"]

EARLY = 30
# The weight of items whose neighbors are labeled is 1 / (1 + KNOWN * share).
KNOWN = 10.0


@of_margin
def doubt(u: FloatArray, context: Context) -> FloatArray:
    """Return an item's uncertainty, weighted by its neighborhood.

    The utility is ``u / (1 + 10 k)``, where u is 1 minus the margin between the two most likely classes, and
    k is the labeled share of its neighbors plus that of their neighbors. If an item is uncertain although its
    neighbors are labeled, the classes overlap there or labels are wrong, and another label helps little.

    For the first 30 labels, this is multiplied by ``D^(-3/4) W D^(-1) W D^(-1/4) u``, where W is the affinity
    and D its row sums. The uncertainty within two steps of an item is roughly what its label can resolve, so
    the strategy asks in the middle of unknown regions. This is a form of density weighting (Settles and
    Craven 2008). The powers are halfway between a random walk (1 and 0), which ignores the density, and the
    symmetric normalization (1/2 and 1/2), which asks too often about hubs: items near to many others.

    Without a graph, the utility is u.
    """
    return doubtful(u, context)


def doubtful(u: FloatArray, context: Context) -> FloatArray:
    """Return the utilities of :func:`doubt` from 1 minus the margins, (n,)."""
    if context.affinity is None:
        return u
    utility = np.asarray(u / (1 + KNOWN * known_near(context)))
    if int((context.y >= 0).sum()) >= EARLY:
        return utility
    return np.asarray(utility * within_reach(u, context))


def known_near(context: Context) -> FloatArray:
    """Return the labeled share of each item's neighbors plus that of their neighbors, (n,)."""
    W, degree = _graph(context)
    once = (W @ (context.y >= 0).astype(W.dtype)) / degree
    return np.asarray(once + (W @ once) / degree)


def within_reach(u: FloatArray, context: Context) -> FloatArray:
    """Return how much of ``u``, (n,), is within two steps of each item: see :func:`doubt`."""
    W, degree = _graph(context)
    once = (W @ (np.asarray(u, W.dtype) / degree**0.25)) / degree
    return np.asarray((W @ once) / degree**0.75)


def _graph(context: Context) -> tuple[Any, Any]:
    """Return the weights, and their row sums in the same dtype: SciPy would copy them for another one."""
    W: Any = context.affinity
    degree = W.sum(axis=1) if context.degree is None else context.degree
    return W, np.where(degree > 0, degree, 1).astype(W.dtype)
