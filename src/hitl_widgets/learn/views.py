"""Features of the pool derived from its neighbor graph, which reflect its groups."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh
from scipy.sparse import csc_array, csr_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import ArpackError, ArpackNoConvergence, LinearOperator, eigsh

from hitl_widgets.background.children import ChildJob
from hitl_widgets.background.turns import give_way, one_blas_thread
from hitl_widgets.learn.graph import normalised
from hitl_widgets.learn.learner import Affinity, FloatArray
from hitl_widgets.learn.scoring import blocks_of

__all__ = ["modes", "smoothed", "spectral"]

Matrix = npt.NDArray[np.float32]

STEPS = 8
COMPONENTS = 30
DECAY = 0.98
_WIDE = 64
_LARGE = 20_000
_ELSEWHERE = 20_000
_SMALL = 500
_SOME = 4_096


def smoothed(X: Matrix, affinity: Affinity) -> Matrix:
    """Average each row with its neighbors by eight steps of a lazy random walk, with the variance of X.

    These are the features of simple graph convolution (Wu et al. 2019): a linear model on them separates
    groups rather than points. Above 20,000 rows and 64 columns, the first 64 principal components are used.

    Returns
    -------
    float32 of shape (n, d).
    """
    Z = _narrow(X) if len(X) > _LARGE and X.shape[1] > _WIDE else np.asarray(X[:], np.float32)
    W = affinity.astype(np.float32)
    # A few rows at a time, because a sparse product holds the GIL and would delay labeling.
    parts = [(slice(low, low + _SOME), W[low : low + _SOME]) for low in range(0, len(Z), _SOME)]
    degree = np.asarray(W.sum(axis=1)).ravel()
    alone = degree == 0
    share = (0.5 / np.where(alone, 1, degree)).astype(np.float32)[:, None]
    keep = np.where(alone, 1, 0.5).astype(np.float32)[:, None]
    for _ in range(STEPS):
        near = np.empty_like(Z)
        for rows, weights in parts:
            give_way()
            near[rows] = weights @ Z
        Z = keep * Z + share * near
    return _spread_like(X, Z)


def _narrow(X: Matrix) -> Matrix:
    """Return the first 64 principal components, float32 of shape (n, 64), computed in blocks."""
    from sklearn.decomposition import PCA

    rows = np.random.default_rng(0).choice(len(X), _LARGE, replace=False)
    pca = PCA(_WIDE, random_state=0).fit(X[np.sort(rows)])
    Z = np.empty((len(X), _WIDE), np.float32)
    for part in blocks_of(Z):
        give_way()
        Z[part] = pca.transform(X[part])
    return Z


def spectral(affinity: Affinity, X: Matrix) -> Matrix:
    """Return the graph's slowest modes, scaled by how far labels spread along them, with the variance of X.

    The leading eigenvectors u of the normalized affinity are converted to Laplacian eigenmaps ``D^-1/2 u``
    (Belkin and Niyogi 2003) and multiplied by ``(1 - .98 v)^-1/2``, where v is the eigenvalue. This is
    approximately the low-rank kernel of label spreading. Without ``D^-1/2``, rows with few edges, such as
    copies, would all be near 0.

    Returns
    -------
    float32 of shape (n, 30), with fewer columns in pools of fewer than 90 rows.
    """
    n = affinity.shape[0]
    k = min(COMPONENTS, n // 3)
    if k < 1 or not affinity.nnz:
        return np.zeros((n, 1), dtype=np.float32)
    values, vectors = (_modes_elsewhere if n > _ELSEWHERE else modes)(affinity, k)
    degree = np.asarray(affinity.sum(axis=1), dtype=np.float64).ravel()
    walk = vectors / np.sqrt(np.where(degree > 0, degree, 1))[:, None]
    return _spread_like(X, walk / np.sqrt(1 - DECAY * np.minimum(values, 1)))


def _modes_elsewhere(affinity: Affinity, k: int) -> tuple[FloatArray, FloatArray]:
    """Run :func:`modes` in a child process, because ARPACK holds the GIL for 0.1 s at a time."""
    W = csr_array(affinity)
    arrays = {"data": W.data, "indices": W.indices, "indptr": W.indptr}
    job = ChildJob("hitl_widgets.learn._modes_child", arrays, {"k": k}, "Computing graph modes failed.")
    try:
        values, vectors = job.run(lambda *_: None, ["values", "vectors"])
    except OSError:  # no processes (Pyodide), no room for the arrays
        return modes(affinity, k)
    return values, vectors


@one_blas_thread()
def modes(affinity: Affinity, k: int) -> tuple[FloatArray, FloatArray]:
    """Return the leading eigenvalues (k,) of the normalized affinity and eigenvectors (n, k), float64.

    Each connected component has one with eigenvalue 1, but the Lanczos method finds one vector per
    eigenvalue. So these are constructed directly, for the largest components first, and deflated from the
    search.
    """
    S = normalised(affinity)
    if S.shape[0] <= _SMALL:
        return eigh(S.toarray(), subset_by_index=(S.shape[0] - k, S.shape[0] - 1))
    whole = _parts(affinity, k)
    values, vectors = np.ones(whole.shape[1]), whole.toarray()
    if len(values) == k:
        return values, vectors

    def times(x: FloatArray) -> FloatArray:
        give_way()
        return np.asarray(S @ x - 2 * (whole @ (whole.T @ x)))

    beside = LinearOperator(S.shape, matvec=times, dtype=S.dtype)
    start, wanted = np.random.default_rng(0).normal(size=S.shape[0]), k - len(values)
    found: Any
    try:
        found = eigsh(beside, k=wanted, which="LA", v0=start, tol=1e-4, maxiter=3_000)
    except ArpackNoConvergence as partly:
        found = partly.eigenvalues, partly.eigenvectors
    except ArpackError:  # too few edges to search
        return values, vectors
    return np.concatenate([values, found[0]]), np.hstack([vectors, found[1]])


def _parts(affinity: Affinity, most: int) -> csc_array:
    """Return a unit column for each of the largest components: the square roots of its degrees."""
    degree = np.asarray(affinity.sum(axis=1), dtype=np.float64).ravel()
    count, part = connected_components(affinity, directed=False)
    weight = np.bincount(part, degree, count)
    large = np.argsort(-np.bincount(part, degree > 0, count), kind="stable")[:most]
    share = np.sqrt(degree / np.where(weight > 0, weight, 1)[part])
    each = csc_array((share, (np.arange(len(part)), part)), shape=(len(part), count))
    return csc_array(each[:, large[weight[large] > 0]])


def _spread_like(X: Matrix, Z: npt.NDArray[np.floating]) -> Matrix:
    """Scale Z to the total variance of X, so that the same penalty suits both."""
    step = max(1, len(X) // _LARGE)
    some = X[:] if step == 1 else X[np.arange(0, len(X), step)]
    own, asked = float(Z.var(axis=0).sum()), float(some.var(axis=0).sum())
    return np.ascontiguousarray(Z * np.sqrt(asked / own) if own > 0 else Z, dtype=np.float32)
