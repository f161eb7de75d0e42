"""Whether a learning curve still rises."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hitl_widgets.learn.evaluate import CurvePoint

__all__ = ["rises"]

# Earlier points say little about what comes next: at least so many labels, and this share of all.
FEWEST, RECENT = 20, 1 / 8
POINTS = 4
# The share of errors falls at least by this power of the number of labels.
FLAT = 0.1
# Standard errors of the slope.
SURE = 2.0


def rises(curve: Sequence[CurvePoint]) -> bool:
    """Return whether more labels still improved a measure between 0 and 1, beyond doubt.

    The share of errors is fitted as a power of the number of labels (Cortes et al., "Learning curves:
    asymptotic values and rate of convergence", NIPS 1993) over the recent points. This says nothing about
    how many labels a certain value needs: the level of the curve is known from few audited labels only.
    """
    n = curve[-1].n_labels if curve else 0
    recent = [
        (p.n_labels, p.estimate.value)
        for p in curve
        if p.n_labels >= max(FEWEST, n * RECENT) and p.estimate.value is not None and p.estimate.value < 1
    ]
    if len(recent) < POINTS:
        return False
    sizes, values = np.array(recent, float).T
    x, y = np.log(sizes), np.log(1 - values)
    x -= x.mean()
    spread = float(x @ x)
    slope = float(x @ y) / spread
    rest = y - y.mean() - slope * x
    error = float(np.sqrt(rest @ rest / (len(x) - 2) / spread))
    return -slope - SURE * error > FLAT
