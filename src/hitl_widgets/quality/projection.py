"""What the next labels are worth: how much the accuracy will change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hitl_widgets.learn.evaluate import Estimate

__all__ = ["Projection", "project"]

# The share of errors after n labels is about proportional to exp(LABELS / n), and the logarithm of its change
# has a standard deviation of SPREAD for each factor of e in the number of labels. Fitted to simulated
# sessions of 50 to 250 labels of six pools; docs/trust.md has the coverage in others.
LABELS, SPREAD = 26.0, 0.27
FEWEST = 50
LEAST = 1e-3
GRID = 400


@dataclass(frozen=True)
class Projection:
    """How much the accuracy is expected to change.

    Attributes
    ----------
    more
        The number of further labels.
    gain, low, high
        The expected change, as a share of the items, and its 95 % interval. ``low`` is negative if the
        accuracy may also fall.
    n_labels
        The number of labels so far.
    """

    more: int
    gain: float
    low: float
    high: float
    n_labels: int


def project(now: Estimate, n_labels: int, more: int = 50) -> Projection | None:
    """Project the accuracy to ``more`` labels.

    The share of errors is assumed to fall as exp(a / n), a learning curve that levels off, with the same
    ``a`` for all pools; the interval includes that they differ, and that the current accuracy is itself an
    estimate. The slope of the measured learning curve is not used: in simulated sessions it said nothing
    about the next 50 labels, since the points of a curve share the same few audited items.

    Parameters
    ----------
    now
        The estimate of the accuracy, or of another measure from 0 to 1 whose best value is 1.
    n_labels
        The number of labels so far, at least 1.
    more
        The number of further labels, at least 1.

    Returns
    -------
    None if the accuracy is not known, or if there are fewer than 50 labels: what the next ones are worth then
    differs too much between pools.
    """
    if n_labels < 1 or more < 1:
        raise ValueError(f"n_labels={n_labels!r}, more={more!r}: expected numbers of labels, at least 1.")
    if now.value is None or now.low is None or now.high is None or n_labels < FEWEST:
        return None
    z = _normals()
    error = _errors(now.value, now.low, now.high, z)
    fall = LABELS * (1 / n_labels - 1 / (n_labels + more))
    left = np.exp(SPREAD * np.log1p(more / n_labels) * z - fall)
    # At most all items are wrong then.
    gains = np.maximum(error[:, None] * (1 - left), error[:, None] - 1)
    low, high = np.quantile(gains, [0.025, 0.975])
    return Projection(more, (1 - now.value) * -float(np.expm1(-fall)), float(low), float(high), n_labels)


def _normals() -> npt.NDArray[np.float64]:
    """Equally likely values of a standard normal."""
    from scipy.special import ndtri

    return np.asarray(ndtri((np.arange(GRID) + 0.5) / GRID))


def _errors(value: float, low: float, high: float, z: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Equally likely shares of errors: normal on both sides of the estimate on the scale of the logit."""
    middle, best, worst = (_logit(1 - share) for share in (value, high, low))
    spread = np.where(z < 0, middle - best, worst - middle) / 1.96
    return np.asarray(1 / (1 + np.exp(-(middle + np.maximum(spread, 0) * z))))


def _logit(share: float) -> float:
    within = min(max(share, LEAST), 1 - LEAST)
    return float(np.log(within / (1 - within)))
