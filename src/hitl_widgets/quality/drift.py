"""Whether new items differ from earlier ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Drift", "drift", "sample"]

PERMUTATIONS = 199
MOST = 2_000  # items of each side
FOLDS = 2
RIDGE = 1.0


@dataclass(frozen=True, eq=False)
class Drift:
    """The result of a two-sample test.

    Attributes
    ----------
    p
        The p-value: small if the new items differ.
    auc
        How well a classifier tells the two apart, .5 (not at all) to 1.
    newness
        float64 of shape (n_new,): for each new item, the classifier's score that it is new, of a classifier
        that did not learn it; the highest are the most different. NaN for items that were not used.
    """

    p: float
    auc: float
    newness: npt.NDArray[np.float64]


def drift(before: npt.NDArray[np.floating], new: npt.NDArray[np.floating], *, random_state: int = 0) -> Drift:
    """Test whether new items come from the distribution of earlier ones.

    A classifier two-sample test (Lopez-Paz and Oquab 2017): a ridge classifier is cross-fitted to tell the
    two sides apart; the p-value is that of its AUC among permutations of the sides. The ridge solution of
    permuted sides needs one factorisation for all, so 199 permutations take a fraction of a second.

    Parameters
    ----------
    before, new
        Features of shape (m, d) and (n, d), by an encoder that is fitted to both or to neither; at most 2,000
        of each side are drawn.
    """
    rng = np.random.default_rng(random_state)
    old = sample(len(before), rng)
    fresh = sample(len(new), rng)
    X = np.concatenate([np.asarray(before)[old], np.asarray(new)[fresh]]).astype(np.float64)
    X = X - X.mean(axis=0)
    X = np.column_stack([X / np.maximum(X.std(), 1e-12), np.ones(len(X))])
    side = np.r_[np.zeros(len(old)), np.ones(len(fresh))]
    fold = np.empty(len(X), np.int64)
    for which in (0, 1):  # both sides have the same share in each fold
        rows = np.flatnonzero(side == which)
        fold[rng.permutation(rows)] = np.arange(len(rows)) % FOLDS
    sides = np.column_stack([side, *(_permuted(side, fold, rng) for _ in range(PERMUTATIONS))])
    scores = np.zeros_like(sides)
    for k in range(FOLDS):
        train, test = fold != k, fold == k
        G = X[train].T @ X[train] + RIDGE * np.eye(X.shape[1])
        scores[test] = X[test] @ np.linalg.solve(G, X[train].T @ (2 * sides[train] - 1))
    found = _auc(scores, sides, fold)
    newness = np.full(len(new), np.nan)
    newness[fresh] = scores[len(old) :, 0]
    p = (1 + np.sum(found[1:] >= found[0])) / (1 + PERMUTATIONS)
    return Drift(float(p), float(found[0]), newness)


def sample(n: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return which of n items of one side are used: at most 2,000."""
    return np.arange(n) if n <= MOST else np.sort(rng.choice(n, MOST, replace=False))


def _permuted(
    side: npt.NDArray[np.float64], fold: npt.NDArray[np.int64], rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """The sides, permuted within each fold."""
    made = side.copy()
    for k in range(FOLDS):
        rows = np.flatnonzero(fold == k)
        made[rows] = side[rng.permutation(rows)]
    return made


def _auc(
    scores: npt.NDArray[np.float64], sides: npt.NDArray[np.float64], fold: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """The mean AUC of the folds, whose scores are not comparable with each other, for each column."""
    from scipy.stats import rankdata

    found = []
    for k in range(FOLDS):
        rows = fold == k
        ranks, is_new = rankdata(scores[rows], axis=0), sides[rows]
        n = is_new.sum(axis=0)
        m = len(is_new) - n
        if n[0] and m[0]:  # permuted within the fold, so the same in all columns
            found.append(((ranks * is_new).sum(axis=0) - n * (n + 1) / 2) / (n * m))
    return np.asarray(np.mean(found, axis=0) if found else np.full(sides.shape[1], 0.5))
