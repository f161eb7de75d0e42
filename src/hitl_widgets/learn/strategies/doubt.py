"""The default strategy: the doubt that a neighbourhood holds."""

from __future__ import annotations

import numpy as np

from hitl_widgets.learn.learner import FloatArray
from hitl_widgets.learn.strategies.base import Context, of_margin

__all__ = ["doubt"]

EARLY = 30
# How much less an item counts when all around it is labelled: 1 / (1 + KNOWN).
KNOWN = 10.0


@of_margin
def doubt(u: FloatArray, context: Context) -> FloatArray:
    """How uncertain an item is, times how uncertain its neighbourhood is while labels are few.

    For the first 30 labels ``u * (S S u)``, with u one minus the margin between the two likeliest
    classes and S the normalised affinity: the uncertainty within two steps of a label is about what
    the label can take away, so it asks in the middle of what is unknown and never an outlier. A form
    of density weighting (Settles and Craven 2008) that fades where neighbours are known.

    Then ``u / (1 + 10 k)``, the margin, with k the labelled share of its neighbours plus that of
    theirs: where an item is in doubt with labels all around it, the classes are mixed there or the
    labels wrong, and one more takes little doubt away. Without a graph, u alone.
    """
    if context.affinity is None:
        return u
    W = context.affinity
    degree = W.sum(axis=1) if context.degree is None else context.degree
    # In the type of W: scipy copies all of it to multiply it with another.
    degree = np.where(degree > 0, degree, 1).astype(W.dtype)
    known = context.y >= 0
    if int(known.sum()) >= EARLY:
        once = (W @ known.astype(W.dtype)) / degree
        return np.asarray(u / (1 + KNOWN * (once + (W @ once) / degree)))
    u = np.asarray(u, W.dtype)
    root = 1 / np.sqrt(degree)
    once = root * (W @ (root * u))
    return np.asarray(u * (root * (W @ (root * once))))
