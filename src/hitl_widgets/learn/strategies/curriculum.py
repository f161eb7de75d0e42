"""Typical items first, while people learn what the classes mean; then the default strategy."""

from __future__ import annotations

import numpy as np

from hitl_widgets.learn.learner import FloatArray
from hitl_widgets.learn.strategies.base import Context, of_margin
from hitl_widgets.learn.strategies.doubt import KNOWN, doubtful, known_near, within_reach

__all__ = ["EASY", "curriculum"]

# Labels for which typical items come first.
EASY = 20


@of_margin
def curriculum(u: FloatArray, context: Context) -> FloatArray:
    """Return how typical an item is of a region without labels, for the first 20 labels; then the doubt.

    Typical items are easy, so people see clear cases of each class before the cases between them, as in
    curriculum learning (Bengio, Louradour, Collobert and Weston 2009). The utility is ``t / (1 + 10 k)^2``,
    where t is how many items are within two steps and k is the labeled share of its neighbors plus that of
    their neighbors, both as in :func:`~.doubt.doubt`. Without a graph, the utility is
    the uncertainty from the start.
    """
    if context.affinity is None or int((context.y >= 0).sum()) >= EASY:
        return doubtful(u, context)
    typical = within_reach(np.ones(len(u)), context)
    return np.asarray(typical / (1 + KNOWN * known_near(context)) ** 2)
