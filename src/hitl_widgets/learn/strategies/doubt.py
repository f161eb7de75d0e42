"""The default strategy: the doubt that a neighbourhood holds."""

from __future__ import annotations

import numpy as np

from hitl_widgets.learn.learner import FloatArray
from hitl_widgets.learn.strategies.base import Context
from hitl_widgets.learn.strategies.uncertainty import margin

__all__ = ["doubt"]

EARLY = 30


def doubt(proba: FloatArray, context: Context) -> FloatArray:
    """How uncertain an item is, times how uncertain its neighbourhood is while labels are few.

    For the first 30 labels ``u * (S S u)``, with u one minus the margin between the two likeliest
    classes and S the normalised affinity: the uncertainty within two steps of a label is about what
    the label can take away, so it asks in the middle of what is unknown and never an outlier. A form
    of density weighting (Settles and Craven 2008) that fades where neighbours are known. Then, or
    without a graph, u alone: the margin, which finds the borders.
    """
    u = margin(proba, context)
    if context.affinity is None or int((context.y >= 0).sum()) >= EARLY:
        return u
    W = context.affinity
    degree = np.asarray(W.sum(axis=1), dtype=np.float64).ravel()
    root = 1 / np.sqrt(np.where(degree > 0, degree, 1))
    once = root * (W @ (root * u))
    return np.asarray(u * (root * (W @ (root * once))))
