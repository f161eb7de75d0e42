"""When more labels no longer change the predictions."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

__all__ = ["kappa", "settled"]

KAPPA, TIMES = 0.99, 3


def kappa(a: npt.NDArray[np.integer], b: npt.NDArray[np.integer]) -> float:
    """Return Cohen's kappa (1960) of two sequences of codes; 1 if both are one and the same code."""
    from sklearn.metrics import cohen_kappa_score

    return 1.0 if np.array_equal(a, b) else float(cohen_kappa_score(a, b))


def settled(
    predictions: Sequence[npt.NDArray[np.integer]], *, at_least: float = KAPPA, times: int = TIMES
) -> int | None:
    """Return after which of successive models the predictions had settled, or None.

    Stabilizing predictions (Bloodgood and Vijay-Shanker 2009): Cohen's kappa between the predictions of each
    model and the one before, for items that are never labelled for it, was high a number of times in a row.

    Parameters
    ----------
    predictions
        The predicted classes of the same items, int (n_items,), by each model.
    """
    row = 0
    for k, (before, now) in enumerate(pairwise(predictions), 1):
        row = row + 1 if kappa(before, now) >= at_least else 0
        if row == times:
            return k
    return None
