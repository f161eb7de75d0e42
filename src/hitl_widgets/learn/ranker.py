"""Ranker: scores the members of lists, from lists that were ranked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy.special import expit
from sklearn.base import BaseEstimator

from hitl_widgets.background.turns import give_way, one_blas_thread
from hitl_widgets.learn.learner import FloatArray, Graph, IntArray, NotYet

__all__ = ["OrderModel", "Ranker", "blocks"]

# Pairs that are learned from; more are thinned out evenly.
FIT_PAIRS = 20_000
# The least worth of a member; absent members have none.
LEAST = 1e-6
# Of how many lists the gain is computed; a random part of larger pools.
GAINS = 2_000


def blocks(X: Any, counts: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Return the features of each member of lists, centered within each list.

    Parameters
    ----------
    X
        Features of lists, (n, d): see :func:`~hitl_widgets.items.features.lists.join`.
    counts
        The number of members of each of these lists.

    Returns
    -------
    float32 (n, k, d), with zeros for members that a list does not have.
    """
    rows, k = np.asarray(X[:], np.float32), int(counts.max())
    if k == 2:  # the difference of the two
        return np.asarray(np.stack([rows, -rows], axis=1) / 2, np.float32)
    Z = rows.reshape(len(rows), k, -1)
    present = (np.arange(k) < counts[:, None])[:, :, None]
    centered = Z - (Z * present).sum(axis=1, keepdims=True) / counts[:, None, None]
    return np.asarray(np.where(present, centered, 0), np.float32)


class Ranker:
    """A linear score of the members of lists, learned from all pairs within each ranking.

    This is the model of Plackett (1975) and Luce (1959) with features: the probability that a member comes
    first is its worth, ``exp(score)``, relative to the others. It is fitted by logistic regression of which
    of two is ranked higher on the difference of their features, without an intercept, over all pairs of each
    ranking; such a full breaking is consistent for this model (Azari Soufiani, Chen, Parkes and Xia 2013).
    For lists of two, it is the model that comparisons use, without ties.

    Parameters
    ----------
    C
        Inverse strength of the penalty, for features with a mean squared norm of 1 within lists.
    counts
        The number of members of each list of the pool; None if all are as long as the longest ranking.
    """

    name = "logistic regression of pairs"

    def __init__(self, C: float = 1.0, counts: Sequence[int] | None = None) -> None:
        self.C = C
        self.counts = counts

    _Z: npt.NDArray[np.float32]
    _rows: Any = None
    _w: npt.NDArray[np.float64] | None = None
    _norm: float
    _n: npt.NDArray[np.int64] | None = None
    _covariance: npt.NDArray[np.float64]

    def start(self, X: Any, n_classes: int, affinity: Graph | None = None) -> Ranker:
        """See :class:`~hitl_widgets.learn.learner.Learner`; the graph is not used."""
        fresh = Ranker(self.C, self.counts)
        fresh._rows = X
        if self.counts is not None:
            fresh._prepare(np.asarray(self.counts, np.int64))
        return fresh

    def of_lists(self, counts: Sequence[int]) -> Ranker:
        """Return a learner for a pool of lists with these numbers of members."""
        return Ranker(self.C, counts)

    def _prepare(self, counts: npt.NDArray[np.int64]) -> None:
        self._n, self._Z = counts, blocks(self._rows, counts)
        self._norm = float(np.sqrt((self._Z.astype(np.float64) ** 2).sum() / counts.sum())) or 1.0
        self._w = None

    @one_blas_thread()
    def update(self, index: IntArray, y: IntArray, weight: FloatArray | None = None) -> None:
        """See :class:`~hitl_widgets.learn.learner.Learner`.

        ``y`` is int of shape (m, k): the rank of each member, from 0 on, and -1 where there is none. Members
        of the same rank are not compared.
        """
        ranks = np.asarray(y)
        if self._n is None:
            self._prepare(np.full(len(self._rows), ranks.max() + 1, np.int64))
        assert self._n is not None  # noqa: S101 - just prepared
        counts = self._n[np.asarray(index)]
        ranks = np.where(np.arange(ranks.shape[1]) < counts[:, None], ranks, -1)
        pairs, w = _pairs(self._Z, np.asarray(index), ranks, weight)
        if not len(pairs):
            raise NotYet("rank an item of at least two members")
        D = pairs / self._norm
        self._w = _fitted(D, w, self.C, self._w)
        margin = D @ self._w
        curve = (w * expit(margin) * expit(-margin))[:, None]
        precision = (D * curve).T @ D + np.eye(D.shape[1]) / self.C
        self._covariance = np.asarray(np.linalg.inv(precision), np.float64)

    @one_blas_thread()
    def gains(self) -> npt.NDArray[np.float64]:
        """Return how much each ranking would teach, float64 (n,); 0 for most lists of a large pool.

        This is the gain of information about the weights, summed over all pairs of a list: ``log(1 + p q v)``
        for a pair in either order with the probabilities p and q, whose margin has the variance v by the
        Laplace approximation (MacKay 1992). The least certain pairs alone are often those that nobody could
        order; they are no better than a random choice.
        """
        if self._w is None or self._n is None:
            raise NotYet("rank at least one item")
        n = len(self._Z)
        rows = np.arange(n) if n <= GAINS else np.sort(np.random.default_rng(0).permutation(n)[:GAINS])
        found, counts = np.zeros(n), self._n[rows]
        U = self._Z[rows] @ (np.linalg.cholesky(self._covariance) / self._norm)
        scores = self._Z[rows] @ (self._w / self._norm)
        for i in range(U.shape[1]):
            give_way()
            for j in range(i):
                margin = scores[:, i] - scores[:, j]
                variance = ((U[:, i] - U[:, j]) ** 2).sum(axis=1)
                found[rows] += np.log1p(expit(margin) * expit(-margin) * variance) * (counts > i)
        return found

    @one_blas_thread()
    def proba(self, index: IntArray | None = None) -> npt.NDArray[np.float32]:
        """Return the probability that each member is the best of its list, float32 (m, k); 0 if absent."""
        if self._w is None or self._n is None:
            raise NotYet("rank at least one item")
        rows = slice(None) if index is None else np.asarray(index)
        scores = self._Z[rows] @ (self._w / self._norm)
        return worths(scores, self._n[rows])

    def export(
        self,
        index: IntArray,
        y: IntArray,
        weight: FloatArray | None = None,
        names: Sequence[Any] | None = None,
    ) -> OrderModel:
        """Return a fitted model that ranks the members of new lists."""
        self.update(index, y, weight)
        assert self._w is not None  # noqa: S101 - update() has set it
        return OrderModel(self._w / self._norm)


def worths(scores: FloatArray, counts: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Return the share of each member in the worth of its list, (m, k), at least ``LEAST`` if present."""
    present = np.arange(scores.shape[1]) < counts[:, None]
    raised = np.where(present, scores, -np.inf)
    P = np.exp(raised - raised.max(axis=1, keepdims=True))
    P = np.where(present, np.maximum(P / P.sum(axis=1, keepdims=True), LEAST), 0)
    return np.asarray(P / P.sum(axis=1, keepdims=True), np.float32)


def _pairs(
    Z: npt.NDArray[np.float32], index: IntArray, ranks: IntArray, weight: FloatArray | None
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the differences, better minus worse, of all pairs within each ranking, and their weights."""
    k = min(ranks.shape[1], Z.shape[1])
    a, b = np.triu_indices(k, 1)
    first, second = ranks[:, a], ranks[:, b]
    row, pair = np.nonzero((first >= 0) & (second >= 0) & (first != second))
    times = 1.0
    if len(row) > FIT_PAIRS:
        kept = np.linspace(0, len(row) - 1, FIT_PAIRS).astype(np.int64)
        times = len(row) / FIT_PAIRS
        row, pair = row[kept], pair[kept]
    above = (first < second)[row, pair]
    better, worse = np.where(above, a[pair], b[pair]), np.where(above, b[pair], a[pair])
    item = index[row]
    w = np.full(len(row), times) if weight is None else np.asarray(weight, np.float64)[row] * times
    return (Z[item, better] - Z[item, worse]).astype(np.float64), w


def _fitted(
    D: npt.NDArray[np.float64], w: npt.NDArray[np.float64], C: float, start: npt.NDArray[np.float64] | None
) -> npt.NDArray[np.float64]:
    """Return the weights that minimize the log loss of ``D @ weights > 0`` with a penalty."""
    from scipy.optimize import minimize

    def loss(v: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        give_way()
        margin = D @ v
        value = float(w @ np.logaddexp(0, -margin)) + float(v @ v) / (2 * C)
        return value / len(w), (v / C - D.T @ (w * expit(-margin))) / len(w)

    begin = np.zeros(D.shape[1]) if start is None else start
    found = minimize(
        loss,
        begin,
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 200, "gtol": 1e-3 / len(w), "ftol": 1e-12},
    )
    return np.asarray(found.x, np.float64)


class OrderModel(BaseEstimator):  # type: ignore[misc]
    """A fitted model of rankings.

    Parameters
    ----------
    coef
        float (d,): the weights of the features of a member.
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {}

    def __init__(self, coef: npt.NDArray[np.float64]) -> None:
        self.coef = coef

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def fit(self, X: Any, y: Any = None) -> OrderModel:
        """Do nothing, because the model is already fitted."""
        return self

    def predict(self, X: Any) -> list[list[int]]:
        """Return the places of the members of each list, from 1 on, best first.

        Parameters
        ----------
        X
            Features of lists, (n, d): see :func:`~hitl_widgets.items.features.lists.join`. Members at the end
            without any feature are absent.
        """
        rows, d = np.asarray(X, np.float64), len(self.coef)
        if rows.shape[1] == d:
            return [[1, 2] if score >= 0 else [2, 1] for score in rows @ self.coef]
        Z = rows.reshape(len(rows), -1, d)
        found = []
        for list_, scores in zip(Z, Z @ self.coef, strict=True):
            n = int(np.flatnonzero(list_.any(axis=1)).max(initial=1)) + 1
            found.append((np.argsort(-scores[:n], kind="stable") + 1).tolist())
        return found
