"""Active testing: an accuracy from fewer audits, drawn where the model may be wrong."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["active_estimate", "audit_chances"]

Floats = npt.NDArray[np.float64]

# The share of the draws that ignores the model, so that no item has a weight above 1 / EVEN.
EVEN = 0.3
Z = 1.959964
# Shifts of the logit of the expected accuracy that the interval is searched in.
SHIFTS = np.linspace(-7, 7, 561)
SUREST = 0.999


def audit_chances(expected: Floats) -> Floats:
    """Return the probability with which each item is to be drawn for the audit, (n,), sum 1.

    Proportional to the standard deviation of whether the model is right (Neyman 1934; Sawade et al., "Active
    risk estimation", 2010), mixed with equal probabilities.

    Parameters
    ----------
    expected
        (n,): the probability that the model is right about each item, such as its calibrated confidence.
    """
    chance = np.clip(expected, 1 - SUREST, SUREST)
    spread = np.sqrt(chance * (1 - chance))
    return np.asarray((1 - EVEN) * spread / spread.sum() + EVEN / len(expected))


def active_estimate(
    expected: Floats, chances: Floats, drawn: npt.NDArray[np.integer], right: npt.NDArray[np.bool_]
) -> tuple[float, float, float]:
    """Estimate the share of items that the model gets right, with a 95 % interval.

    The estimate is the mean of the expected accuracy, corrected by the audited items, each weighted by one
    divided by its probability (the difference estimator: Särndal et al. 1992; Kossen et al., "Active
    testing", 2021). It is unbiased whatever ``expected`` is, as long as it does not depend on the audited
    answers. The interval consists of the accuracies that a score test does not reject. With equal
    probabilities and equal expected accuracies, this is Wilson's interval.

    Parameters
    ----------
    expected
        (n,): as for :func:`audit_chances`, known before the audit.
    chances
        (n,): the probabilities with which the items were drawn, with replacement; sum 1.
    drawn
        int of shape (m,), m >= 1: the items that were drawn. One that was drawn twice is listed twice.
    right
        bool of shape (m,): whether the model is right about them.
    """
    n, m = len(expected), len(drawn)
    f = np.clip(expected, 1 - SUREST, SUREST)
    value = float(f.mean() + np.mean((right - f[drawn]) / (n * chances[drawn])))
    # Items with about the same expected accuracy and weight are merged.
    rows, place = np.unique(
        np.round(np.column_stack([np.log(f / (1 - f)), np.log(n * chances)]), 1), axis=0, return_inverse=True
    )
    share = np.bincount(place.ravel()) / n
    logit, weight = rows[:, 0], np.exp(-rows[:, 1])
    guess = _sigma(logit)
    p = _sigma(logit + SHIFTS[:, None])
    mean = p @ share
    squares = (p * (1 - p) + (p - guess) ** 2) @ (share * weight)
    variance = np.maximum(squares - (mean - guess @ share) ** 2, 1e-12) / m
    score = (value - mean) / np.sqrt(variance)
    # From the likeliest shift outwards to where the test rejects.
    inside = np.flatnonzero(np.abs(score) <= Z)
    if not len(inside):
        inside = np.array([np.abs(score).argmin()])
    low, high = mean[max(inside[0] - 1, 0)], mean[min(inside[-1] + 1, len(mean) - 1)]
    value = min(max(value, 0.0), 1.0)
    return value, float(min(low, value)), float(max(high, value))


def _sigma(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-x)))
