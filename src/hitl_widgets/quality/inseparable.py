"""Pairs of classes that the model cannot tell apart, although it tells them from all others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hitl_widgets.quality.sequential import wilson

__all__ = ["Inseparable", "inseparable"]

# The least number of labels of each class, and of both.
EACH, BOTH = 8, 24
# With this share right, the model begins to tell the two apart: it must be ruled out, with 95 % confidence.
TOLD_APART = 0.72
# For this share of the labels of the two, the model must prefer them to all other classes.
KNOWN = 0.8
# For so many of the unlabeled items that it takes for one of the two, the other must be the next guess.
BETWEEN = 0.6

Codes = npt.NDArray[np.integer]
Floats = npt.NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Inseparable:
    """Two classes that the model cannot tell apart.

    Attributes
    ----------
    one, other
        Their codes, the lower one first.
    right, n
        How many of the labels of the two were right between the two, each predicted by a model without it.
    wrong
        int64 of shape (k,): the positions in ``y`` of the others.
    """

    one: int
    other: int
    right: int
    n: int
    wrong: npt.NDArray[np.int64]


def inseparable(P: Floats, y: Codes, predicted: Codes, runner_up: Codes) -> list[Inseparable]:
    """Find the pairs of classes that the model cannot tell apart, the worst first.

    Items that were asked because they are hard make every model look bad. So a pair is found only if the
    same model tells the two from all others, and if their unlabeled items are between the two as well.

    Parameters
    ----------
    P
        float of shape (m, n_classes): predictions of labeled items by models without their label.
    y
        int of shape (m,): the labels.
    predicted, runner_up
        (k,) each: the two most likely classes of unlabeled items.
    """
    found: list[Inseparable] = []
    counts = np.bincount(y, minlength=P.shape[1])
    often = np.flatnonzero(counts >= EACH)
    if P.shape[1] < 3:  # merged, no question would be left
        return []
    for one, other in ((a, b) for i, a in enumerate(often.tolist()) for b in often[i + 1 :].tolist()):
        mine = np.flatnonzero((y == one) | (y == other))
        if len(mine) < BOTH:
            continue
        right = (P[mine, one] > P[mine, other]) == (y[mine] == one)
        # A class that prevails is no evidence that the two are told apart.
        share = float(np.mean([right[y[mine] == code].mean() for code in (one, other)]))
        rest = np.delete(P[mine], (one, other), axis=1)
        two = P[mine][:, (one, other)]
        known = ((two.sum(axis=1) > 0.5) & (two.max(axis=1) > rest.max(axis=1))).mean()
        here = np.isin(predicted, (one, other))
        between = here & np.isin(runner_up, (one, other))
        if (
            wilson(round(share * len(mine)), len(mine))[1] < TOLD_APART
            and known >= KNOWN
            and between.sum() >= BETWEEN * here.sum() > 0
        ):
            found.append(Inseparable(one, other, int(right.sum()), len(mine), mine[~right].astype(np.int64)))
    return sorted(found, key=lambda pair: pair.right / pair.n)
