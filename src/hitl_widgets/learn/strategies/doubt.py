"""The default strategy: uncertainty weighted by the neighborhood."""

from __future__ import annotations

import numpy as np

from hitl_widgets.learn.learner import FloatArray
from hitl_widgets.learn.strategies.base import Context, of_margin

__all__ = ["doubt"]

EARLY = 30
# The weight of items whose neighbors are labeled is 1 / (1 + KNOWN * share).
KNOWN = 10.0


@of_margin
def doubt(u: FloatArray, context: Context) -> FloatArray:
    """Return an item's uncertainty, weighted by its neighborhood.

    The utility is ``u / (1 + 10 k)``, where u is 1 minus the margin between the two most likely classes, and
    k is the labeled share of its neighbors plus that of their neighbors. If an item is uncertain although its
    neighbors are labeled, the classes overlap there or labels are wrong, and another label helps little.

    For the first 30 labels, this is multiplied by ``S S u``, where S is the normalized affinity. The
    uncertainty within two steps of an item is roughly what its label can resolve, so the strategy asks in the
    middle of unknown regions and never about outliers. This is a form of density weighting (Settles and
    Craven 2008) that decreases near labeled items. Without a graph, the utility is u.
    """
    if context.affinity is None:
        return u
    W = context.affinity
    degree = W.sum(axis=1) if context.degree is None else context.degree
    # Use the dtype of W, because SciPy would otherwise copy W for the product.
    degree = np.where(degree > 0, degree, 1).astype(W.dtype)
    known = context.y >= 0
    once = (W @ known.astype(W.dtype)) / degree
    utility = np.asarray(u / (1 + KNOWN * (once + (W @ once) / degree)))
    if int(known.sum()) >= EARLY:
        return utility
    root = 1 / np.sqrt(degree)
    near = root * (W @ (root * np.asarray(u, W.dtype)))
    return np.asarray(utility * (root * (W @ (root * near))))
