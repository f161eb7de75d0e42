"""How good the model is: measured only on items that were drawn at random."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hitl_widgets.learn.learner import IntArray, Learner, NotYet, foretold

__all__ = ["CurvePoint", "Estimate", "audit_estimate", "checkpoints", "learning_curve"]

MIN_AUDITED = 15
N_FOLDS = 5


@dataclass(frozen=True, slots=True)
class Estimate:
    """An accuracy with its 95 % interval.

    Attributes
    ----------
    value, low, high
        Share of the audited items that the model gets right, and the Wilson (1927) interval;
        None while fewer than 15 items were audited, or the model cannot be measured yet.
    n
        How many items were audited.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int

    def __str__(self) -> str:
        if self.value is None and self.n >= MIN_AUDITED:
            return f"not known yet ({self.n} audited)"
        if self.value is None:
            return f"too few to say ({self.n} audited, {MIN_AUDITED} needed)"
        return f"{self.value:.2f} ({self.low:.2f}-{self.high:.2f}, {self.n} audited)"


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """The audit estimate of a model that knew the first ``n_labels`` labels."""

    n_labels: int
    estimate: Estimate


def wilson(right: int, n: int) -> Estimate:
    """The share ``right / n`` with its interval."""
    if n < MIN_AUDITED:
        return Estimate(None, None, None, n)
    from scipy.stats import binomtest  # its import takes longer than the first round

    interval = binomtest(right, n).proportion_ci(method="wilson")
    return Estimate(right / n, float(interval.low), float(interval.high), n)


def audit_estimate(
    learner: Learner,
    index: IntArray,
    y: IntArray,
    audited: npt.NDArray[np.bool_],
    test: tuple[IntArray, IntArray] | None = None,
    *,
    overtaken: Callable[[], bool] = lambda: False,
) -> Estimate:
    """Accuracy on the audit items, each predicted by a model that has not seen it.

    The audit items are split into five folds; a fold is predicted by a model fitted on every label
    but its own (cross-fitting). So audit labels teach the model and still score it honestly, and
    the figure speaks of the model of now, not of the models of the past.

    Parameters
    ----------
    learner
        Started on the pool, and free to be fitted anew.
    index, y
        All current labels, shape (m,).
    audited
        bool of shape (m,): which of them were drawn at random.
    test
        Rows and codes of the audit items to score on; those of ``audited`` where None.
    overtaken
        Asked between fits; True abandons the estimate and returns one of n = 0.
    """
    rows, truth = test if test is not None else (index[audited], y[audited])
    right = 0
    fold = np.arange(len(rows)) % N_FOLDS
    for k in range(N_FOLDS):
        if overtaken():
            return Estimate(None, None, None, 0)
        held = fold == k
        if not held.any():
            continue
        known = ~np.isin(index, rows[held])
        if not known.any():
            continue
        P = foretold(learner, index[known], y[known], rows[held])
        right += int((P.argmax(axis=1) == truth[held]).sum())
    return wilson(right, len(rows))


def checkpoints(n: int) -> list[int]:
    """Numbers of labels at which the learning curve is drawn: about twelve, ending with ``n``."""
    grid = [5, 10, 15, 20, 30, 40, 50, 75, 100, 150, 200, 300, 500, 750, 1000, 2000, 5000, 10_000]
    return [*[g for g in grid if g < n][-11:], n]


def learning_curve(
    learner: Learner,
    index: IntArray,
    y: IntArray,
    audited: npt.NDArray[np.bool_],
    steps: Sequence[int],
    *,
    overtaken: Callable[[], bool] = lambda: False,
) -> list[CurvePoint]:
    """The audit estimate after the first labels, for every step; labels are in the order given.

    All points are scored on the same audit items, so they can be compared, and the curve is the
    same after a restart or an undo as if it had been drawn without.
    """
    rows, truth = index[audited], y[audited]
    if len(rows) < MIN_AUDITED:
        return []
    points = []
    for n in steps:
        try:
            seen = index[:n], y[:n], audited[:n]
            estimate = audit_estimate(learner, *seen, (rows, truth), overtaken=overtaken)
        except NotYet:
            continue
        if overtaken():
            return []
        points.append(CurvePoint(n, estimate))
    return points
