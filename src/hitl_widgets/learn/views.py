"""Views of the pool through its neighbour graph: features that know where the groups are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse.linalg import ArpackNoConvergence, eigsh

from hitl_widgets.learn.graph import normalised
from hitl_widgets.learn.learner import Affinity

__all__ = ["smoothed", "spectral"]

Matrix = npt.NDArray[np.float32]

STEPS = 8
COMPONENTS = 30
DECAY = 0.98
_WIDE = 64
_LARGE = 20_000


def smoothed(X: Matrix, affinity: Affinity) -> Matrix:
    """Each row averaged with its neighbours, eight lazy steps of a random walk, at the spread of X.

    The features of simple graph convolution (Wu et al. 2019): a linear model of them draws its line
    between groups rather than points. Beyond 20,000 rows of more than 64 columns, of the first 64
    principal components.

    Returns
    -------
    float32 of shape (n, d).
    """
    Z = X.astype(np.float32, copy=False)
    if len(X) > _LARGE and X.shape[1] > _WIDE:
        from sklearn.decomposition import PCA

        rows = np.random.default_rng(0).choice(len(X), _LARGE, replace=False)
        Z = PCA(_WIDE, random_state=0).fit(X[np.sort(rows)]).transform(X).astype(np.float32)
    W = affinity.astype(np.float32)
    degree = np.asarray(W.sum(axis=1)).ravel()
    alone = degree == 0
    share = (0.5 / np.where(alone, 1, degree)).astype(np.float32)[:, None]
    keep = np.where(alone, 1, 0.5).astype(np.float32)[:, None]
    for _ in range(STEPS):
        Z = keep * Z + share * (W @ Z)
    return _spread_like(X, Z)


def spectral(affinity: Affinity, X: Matrix) -> Matrix:
    """The graph's slowest modes, scaled by how far a label spreads along them, at the spread of X.

    Leading eigenvectors u of the normalised affinity (Belkin and Niyogi 2003), each times
    ``(1 - .98 v)^-1/2`` of its eigenvalue v: a linear model of them is one of the low-rank kernel of
    label spreading.

    Returns
    -------
    float32 of shape (n, 30), fewer columns in pools of fewer than 90 rows.
    """
    n = affinity.shape[0]
    k = min(COMPONENTS, n // 3)
    if k < 1:
        return np.zeros((n, 1), dtype=np.float32)
    try:
        values, vectors = eigsh(normalised(affinity), k=k, which="LA", v0=np.ones(n), tol=1e-4, maxiter=3_000)
    except ArpackNoConvergence as partly:
        values, vectors = partly.eigenvalues, partly.eigenvectors
        if not len(values):
            return np.zeros((n, 1), dtype=np.float32)
    return _spread_like(X, vectors / np.sqrt(1 - DECAY * np.minimum(values, 1)))


def _spread_like(X: Matrix, Z: npt.NDArray[np.floating]) -> Matrix:
    """Z scaled to the total variance of X, so that one penalty suits both."""
    own, asked = float(Z.var(axis=0).sum()), float(X.var(axis=0).sum())
    return np.ascontiguousarray(Z * np.sqrt(asked / own) if own > 0 else Z, dtype=np.float32)
