"""When more labels no longer change the predictions."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt

from hitl_widgets.quality.projection import Projection

__all__ = ["KAPPA", "TIMES", "WORTH", "advise", "kappa", "settled"]

KAPPA, TIMES = 0.99, 3
# A gain below this is not worth more labels.
WORTH = 0.01


def advise(still: bool | None, projection: Projection | None) -> Literal["stop", "go on", "unclear"]:
    """Say whether to go on labeling.

    Whether the learning curve still rises is not asked: of a share of errors, that is said of a model with
    98 % right, too, and in simulated sessions it kept nearly every advice to stop from being given.

    Parameters
    ----------
    still
        Whether the predictions have settled; None if that is not known yet.
    projection
        What the next labels are worth, if that is known.
    """
    if still is None or projection is None:
        return "unclear" if still is not False else "go on"
    flat = projection.high < WORTH
    return "stop" if still and flat else "unclear" if still or flat else "go on"


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
