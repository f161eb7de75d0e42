"""Whether a change makes a model better, judged by the same items before and after."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["gain"]

Z = 1.959963984540054


def gain(
    before: npt.NDArray[np.float64], after: npt.NDArray[np.float64], group: npt.NDArray[np.integer]
) -> tuple[float, float, float, float]:
    """Return the mean score before and after a change, and the 95 % interval of the difference.

    The interval is that of Agresti and Min (2005) for matched pairs, which holds also where few scores
    change. Scores of one group, such as labels that were given in bulk, count as one.

    Parameters
    ----------
    before, after
        The scores of the same n >= 1 items, 0 to 1.
    group
        The group of each item.
    """
    _, place, size = np.unique(group, return_inverse=True, return_counts=True)
    first, then = (np.bincount(place, scores) / size for scores in (before, after))
    n, change = len(size), then - first
    up, down = (float(np.maximum(part, 0).sum()) + 0.5 for part in (change, -change))
    middle = (up - down) / (n + 2)
    width = Z * float(np.sqrt(max(up + down - (up - down) ** 2 / (n + 2), 0.0))) / (n + 2)
    return float(first.mean()), float(then.mean()), middle - width, middle + width
