"""Learning curves of several repeats: means with intervals, areas, and where they reach a target."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput

__all__ = ["Array", "area", "first_at", "percentiles", "resampled", "t_interval", "value_at"]

RESAMPLES = 2000
ALMOST = 1e-9

Array = npt.NDArray[np.float64]


def t_interval(values: Array, overlap: float = 0.0) -> tuple[float, float, float]:
    """Mean and bounds, NaN for a single value. ``overlap``: see :class:`~.simulation.Simulation`."""
    from scipy.stats import t

    mean, n = float(values.mean()), len(values)
    if n < 2:
        return mean, np.nan, np.nan
    half = float(t.ppf(0.975, n - 1) * values.std(ddof=1) * np.sqrt(1 / n + overlap))
    return mean, mean - half, mean + half


def area(n: Array, curves: Array) -> Array:
    """The areas under the curves by the trapezoidal rule, divided by their range."""
    if len(n) == 1:
        return curves[:, 0]
    return np.asarray(np.trapezoid(curves, n, axis=1) / (n[-1] - n[0]))


def resampled(curves: Array, statistic: str) -> Array:
    """The curve of the statistic, then those of the bootstrap samples, the same for all contestants."""
    n = len(curves)
    draws = np.random.default_rng(0).integers(n, size=(RESAMPLES if n > 1 else 0, n))
    if statistic == "median":
        return np.stack([np.median(curves[rows], axis=0) for rows in [np.arange(n), *draws]])
    weights = np.stack([np.bincount(rows, minlength=n) for rows in [np.arange(n), *draws]])
    return np.asarray(weights @ curves / n)


def value_at(n: Array, curves: Array, at: float) -> Array:
    """The curves' values at a number of labels, linearly interpolated between records."""
    if not n[0] <= at <= n[-1]:
        raise InvalidInput(f"at={at:g}: the baseline was recorded from {n[0]:g} to {n[-1]:g} labels.")
    right = int(np.searchsorted(n, at))
    if n[right] == at:
        return curves[:, right]
    share = (at - n[right - 1]) / (n[right] - n[right - 1])
    return np.asarray((1 - share) * curves[:, right - 1] + share * curves[:, right])


def first_at(n: Array, curves: Array, target: Array, *, whole: bool = True) -> Array:
    """Number of labels (or cost) at which each curve first reaches its target; inf if it does not."""
    above = curves >= target[:, None] - ALMOST
    right = above.argmax(axis=1)
    left, row = np.maximum(right - 1, 0), np.arange(len(curves))
    rise = curves[row, right] - curves[row, left]
    share = np.where(rise > 0, (target - curves[row, left]) / np.where(rise > 0, rise, 1), 1)
    amount = n[left] + np.clip(share, 0, 1) * (n[right] - n[left])
    return np.where(above.any(axis=1), np.ceil(amount - 1e-6) if whole else amount, np.inf)


def percentiles(values: Array) -> tuple[float, float]:
    """The 2.5 % and 97.5 % quantiles without interpolation, because of inf; NaN if there are no values."""
    if not len(values):
        return np.nan, np.nan
    low = np.quantile(values, 0.025, method="lower")
    return float(low), float(np.quantile(values, 0.975, method="higher"))
