"""Ranks of contestants over several data sets: Demšar (2006), Statistical comparisons of classifiers."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["LEVEL", "Ranking", "holm", "least_p", "nemenyi", "rank", "ties", "wilcoxon"]

Array = npt.NDArray[np.float64]

LEVEL = 0.05
# Scores that differ by less are a tie.
ALMOST = 1e-12


@dataclass(frozen=True, eq=False)
class Ranking:
    """Mean ranks, and whether they differ by more than chance.

    Attributes
    ----------
    ranks
        float64 of shape (k,): the mean rank of each contestant, 1 is the best.
    n
        Number of data sets.
    chi2, p
        Friedman's statistic, corrected for ties, and its p value; NaN for fewer than three contestants or
        two sets.
    difference
        The critical difference of two mean ranks (Nemenyi 1963) at 5 %.
    """

    ranks: Array
    n: int
    chi2: float
    p: float
    difference: float


def rank(scores: Array) -> Ranking:
    """Rank contestants on several data sets.

    Parameters
    ----------
    scores
        float64 of shape (n, k), n data sets and k >= 2 contestants, larger is better.
    """
    from scipy.stats import friedmanchisquare, rankdata, studentized_range

    n, k = scores.shape
    ranks = rankdata(-np.round(scores / ALMOST), axis=1)
    chi2 = p = np.nan
    if k > 2 and n > 1:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # all ranks may be equal: then both are NaN
            found = friedmanchisquare(*(-ranks.T))
        chi2, p = float(found.statistic), float(found.pvalue)
    q = float(studentized_range.ppf(1 - LEVEL, k, np.inf)) / np.sqrt(2)
    return Ranking(ranks.mean(axis=0), n, chi2, p, float(q * np.sqrt(k * (k + 1) / (6 * n))))


def nemenyi(ranking: Ranking) -> Array:
    """Return the p value of each difference of two mean ranks, shape (k, k), corrected for all pairs."""
    from scipy.stats import studentized_range

    k = len(ranking.ranks)
    gaps = np.abs(ranking.ranks[:, None] - ranking.ranks[None]) / np.sqrt(k * (k + 1) / (6 * ranking.n))
    found = np.asarray(studentized_range.sf(gaps * np.sqrt(2), k, np.inf), np.float64)
    np.fill_diagonal(found, 1.0)
    return np.clip(found, 0, 1)


def ties(ranks: Sequence[float], difference: float) -> list[tuple[int, int]]:
    """Return the first and last place of each largest group whose ranks differ by less than ``difference``.

    ``ranks`` are in ascending order. Groups of one contestant and groups within others are left out.
    """
    groups: list[tuple[int, int]] = []
    for first in range(len(ranks)):
        last = max(i for i in range(first, len(ranks)) if ranks[i] - ranks[first] < difference)
        if last > first and (not groups or last > groups[-1][1]):
            groups.append((first, last))
    return groups


def wilcoxon(a: Array, b: Array) -> float:
    """Return the p value of Wilcoxon's signed-rank test of paired scores (1945); 1 if none differ.

    Pairs without a difference are dropped. Exact for up to 50 pairs without ties, as in scipy.
    """
    from scipy import stats

    gaps = np.where(np.abs(a - b) > ALMOST, a - b, 0.0)
    return float(stats.wilcoxon(gaps).pvalue) if gaps.any() else 1.0


def least_p(n: int, pairs: int = 1) -> float:
    """Return the smallest p value that n data sets can give, after Holm's correction for so many pairs."""
    return min(1.0, pairs * 2.0 ** (1 - n))


def holm(p: Sequence[float]) -> list[float]:
    """Return p values corrected for their number by Holm's step-down method (1979)."""
    values = np.asarray(p, np.float64)
    order = np.argsort(values, kind="stable")
    steps = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    found = np.empty(len(values))
    found[order] = np.minimum(steps, 1)
    return [float(value) for value in found]
