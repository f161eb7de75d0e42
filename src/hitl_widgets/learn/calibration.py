"""Estimation of a model's accuracy on some items, from its confidence and labels it has not seen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.learn.learner import FloatArray, IntArray, softmax

__all__ = ["AUDITED", "CHOSEN", "IN_BULK", "LATER", "Answers", "chances_right", "mean_score", "share_right"]

# How an item was selected for labeling. Only audited items are assumed to be like unlabeled ones.
AUDITED, CHOSEN, IN_BULK, LATER = range(4)
# Priors (mean, standard deviation) for P(right) = sigma(level + slope * logit(confidence)), for the offsets
# of level and slope of each kind, and for the logarithm of the sharpness.
LEVEL, SLOPE, OFFSET, TILT, SHARPNESS = (0.0, 1.25), (1.0, 0.5), (0.0, 1.25), (0.0, 0.25), (0.0, 0.5)
# Prior of the difference of a part of the items from others with the same confidence.
PART = (0.0, 1.5)
# Higher confidence is clipped, because estimators that return 0 or 1 are not that certain.
SUREST, LEAST = 0.995, 1e-6
DRAWS = 2_000
# The proposals are a little wider than the normal approximation of the posterior.
WIDER = 1.2

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Answers:
    """Predictions of models for labeled items whose labels they have not seen.

    Attributes
    ----------
    P
        float of shape (m, n_classes): the predicted probabilities.
    y
        int of shape (m,): the codes of the labels.
    kind
        int of shape (m,): ``AUDITED``, ``CHOSEN``, ``IN_BULK`` or ``LATER``.
    weight
        float64 of shape (m,): the weight of each item, above 0 and at most 1.
    """

    P: FloatArray
    y: IntArray
    kind: IntArray
    weight: Floats

    @cached_property
    def predicted(self) -> IntArray:
        """The predicted classes, (m,)."""
        return np.asarray(self.P.argmax(axis=1))

    @cached_property
    def right(self) -> npt.NDArray[np.bool_]:
        """Whether the predictions are correct, bool (m,)."""
        return np.asarray(self.predicted == self.y)

    @cached_property
    def sharpness(self) -> float:
        """The power of the probabilities for which the confidence best matches the accuracy."""

        def loss(log: float) -> float:
            sure = _confidence(self.P, float(np.exp(log)))
            told = np.where(self.right, sure, 1 - sure)
            return float(((log - SHARPNESS[0]) / SHARPNESS[1]) ** 2 / 2 - self.weight @ np.log(told))

        return float(np.exp(min(np.linspace(-3, 3, 49), key=loss)))


def share_right(
    answers: Answers, P: FloatArray, n: int, part: npt.NDArray[np.bool_] | None = None
) -> tuple[float, float, float]:
    """Estimate the share of some items that a model predicts correctly, with a 95 % interval.

    First, all probabilities are raised to the power for which the confidence, the probability of the
    predicted class, best matches the accuracy (temperature scaling: Guo et al. 2017). Then P(right) =
    sigma(a + c + (b + d) logit(confidence)) is fitted to the answers as a Bayesian logistic regression
    (without priors: Platt 1999), with a ~ N(0, 1.25) and b ~ N(1, 0.5) (mean and standard deviation). For
    labels that were not drawn at random, each kind of choice has c ~ N(0, 1.25) and d ~ N(0, 0.25): chosen
    items may be harder or easier than others with the same confidence, and the effect of the confidence may
    differ. The share is the mean of P(right) over the items, without c and d. The interval is the middle
    95 % of the predictive distribution, computed by importance sampling. It includes the uncertainty of a and
    b, the random variation of ``n`` answers, and the sampling error if only some of the items are given.

    Parameters
    ----------
    answers
        The answers to fit, m >= 1.
    P
        float of shape (k, n_classes), k >= 1: the model's probabilities for the items, or for a random
        sample of them.
    n
        Number of items, k or more.
    part
        bool of shape (m,): which answers are about the same part of the pool as the items, such as a
        predicted class. They then share an offset N(0, 1.5). None for items of the whole pool.

    Returns
    -------
    The mean, and the ends of the interval. The result is deterministic.
    """
    sure = _logit(_confidence(answers.P, answers.sharpness))
    posterior = _posterior(sure, answers.right, answers.kind, answers.weight, part)
    return _mean(posterior, _logit(_confidence(P, answers.sharpness)), n, of_part=part is not None)


def mean_score(
    expected: Floats,
    scores: Floats,
    kind: IntArray,
    weight: Floats,
    items: Floats,
    n: int,
    part: npt.NDArray[np.bool_] | None = None,
) -> tuple[float, float, float]:
    """Estimate the mean score of some items, from 0 to 1, with a 95 % interval.

    This is :func:`share_right` for guesses with scores: the expected score replaces the confidence, and the
    score replaces whether the guess is correct, with the same likelihood (fractional regression: Papke and
    Wooldridge 1996). It assumes the maximum variance of the scores, so the interval is conservative.

    Parameters
    ----------
    expected, scores
        Expected and actual scores of labeled items that the models had not seen, (m,) each.
    kind, weight
        As in :class:`Answers`.
    items
        Expected scores of the items, or of a random sample of them, (k,).
    n
        Number of items.
    part
        As in :func:`share_right`.
    """
    posterior = _posterior(_logit(_within(expected)), np.round(scores, 3), kind, weight, part)
    return _mean(posterior, _logit(_within(items)), n, of_part=part is not None)


def chances_right(
    confidence: Floats, right: npt.NDArray[np.bool_], kind: IntArray, weight: Floats, items: Floats
) -> Floats:
    """Return the probability that the prediction of each item is correct, (k,).

    The calibration of :func:`share_right`, for each item and from the confidence alone.

    Parameters
    ----------
    confidence, right
        Of labeled items, by models that had not seen their label, (m,) each.
    kind, weight
        As in :class:`Answers`.
    items
        The confidence in the items, (k,).
    """
    theta, share, _ = _posterior(_logit(_within(confidence)), right, kind, weight, None)
    levels, place = np.unique(_logit(_within(items)), return_inverse=True)
    return np.asarray((share @ _sigma(theta[:, :1] + theta[:, 1:2] * levels))[place.ravel()])


def _within(share: Floats) -> Floats:
    return np.asarray(np.clip(share, 1 - SUREST, SUREST))


def _mean(
    posterior: tuple[Floats, Floats, Floats], sure: Floats, n: int, *, of_part: bool = False
) -> tuple[float, float, float]:
    theta, weight, chance = posterior
    k = len(sure)
    levels, count = np.unique(sure, return_counts=True)
    own = theta[:, 2:3] if of_part else 0.0
    right = _sigma(theta[:, :1] + theta[:, 1:2] * levels + own)
    share = count / count.sum()
    mean = right @ share
    by_chance = (right * (1 - right)) @ share / n
    by_draw = np.maximum(right**2 @ share - mean**2, 0) / k * (1 - k / n)
    drawn = np.clip(mean + np.sqrt(by_chance + by_draw) * chance, 0, 1)
    order = np.argsort(drawn, kind="stable")
    below = np.cumsum(weight[order]) - weight[order] / 2
    low, high = np.interp([0.025, 0.975], below, drawn[order])
    return float(weight @ mean), float(low), float(high)


def _posterior(
    sure: Floats,
    right: npt.NDArray[Any],
    how: IntArray,
    counts: Floats,
    part: npt.NDArray[np.bool_] | None,
) -> tuple[Floats, Floats, Floats]:
    """Return draws of (a, b, part offset, kind offsets), (DRAWS, d), their weights, and normal draws."""
    columns: list[npt.NDArray[Any]] = [np.ones(len(sure)), sure]
    priors = [LEVEL, SLOPE]
    if part is not None:
        columns, priors = [*columns, part], [*priors, PART]
    kinds = [kind for kind in (CHOSEN, IN_BULK, LATER) if (how == kind).any()]
    of_kind = [how == kind for kind in kinds]
    columns = [*columns, *of_kind, *(sure * mine for mine in of_kind), right]
    mean, sd = np.array([*priors, *[OFFSET] * len(kinds), *[TILT] * len(kinds)]).T
    # Equal rows are merged, so that thousands of labels take as long as a few hundred.
    rows, place = np.unique(np.column_stack(columns), axis=0, return_inverse=True)
    Z, right, n = rows[:, :-1], rows[:, -1], np.bincount(place.ravel(), counts)
    mode, precision = mean.copy(), sd**-2
    for _ in range(100):
        p = _sigma(Z @ mode)
        curve = (Z * (n * p * (1 - p))[:, None]).T @ Z + np.diag(precision)
        step = np.linalg.solve(curve, Z.T @ (n * (right - p)) - precision * (mode - mean))
        mode += step / max(1.0, np.abs(step).max())  # limited, because Newton's steps may overshoot
        if np.abs(step).max() < 1e-9:
            break
    z = _normals(len(mode) + 1)
    z, chance = z[:, :-1], z[:, -1]
    theta = mode + WIDER * z @ np.linalg.cholesky(np.linalg.inv(curve)).T
    score = theta @ Z.T
    likelihood = (right * score - np.logaddexp(0.0, score)) @ n
    log = likelihood - ((theta - mean) ** 2 @ precision - (z**2).sum(axis=1)) / 2
    weight = np.exp(log - log.max())
    return theta, weight / weight.sum(), chance


@lru_cache(maxsize=8)
def _normals(d: int) -> Floats:
    """Return quasi-random draws of d standard normals, (DRAWS, d): Roberts' Kronecker sequence (2018)."""
    from scipy.special import ndtri

    root = 2.0
    for _ in range(60):
        root = (1 + root) ** (1 / (d + 1))
    steps = root ** -np.arange(1.0, d + 1)
    return np.asarray(ndtri((0.5 + np.arange(1, DRAWS + 1)[:, None] * steps) % 1))


def _confidence(P: FloatArray, power: float) -> Floats:
    """Return the largest probability of each row, after raising them to the power."""
    known = np.nan_to_num(np.asarray(P, np.float64), nan=0.0)
    sharp = softmax(power * np.log(np.maximum(known, LEAST)))
    return np.asarray(np.clip(sharp.max(axis=1), 1 - SUREST, SUREST))


def _logit(sure: Floats) -> Floats:
    """Return the logit, rounded to one decimal; finer differences do not matter."""
    return np.asarray(np.round(np.log(sure / (1 - sure)), 1))


def _sigma(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-x)))
