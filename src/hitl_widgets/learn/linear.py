"""LinearLearner: multinomial logistic regression that keeps up with every label."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.linalg import cholesky, solve_triangular
from scipy.linalg.lapack import dpotri
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from hitl_widgets.learn.learner import FloatArray, Graph, IntArray, named, one_blas_thread, softmax

__all__ = ["LinearLearner"]

CHUNK = 65_536
FREE_INTERCEPT = 10.0  # the intercept's prior standard deviation, for leave-one-out: as good as free


class LinearLearner:
    """Multinomial logistic regression, warm-started from the last labels.

    Minimises ``sum log-loss + ||W||^2 / (2 C)`` by L-BFGS (Liu and Nocedal 1989), the objective of
    scikit-learn's ``LogisticRegression``; only classes that have a label take part.

    Parameters
    ----------
    C
        Inverse strength of the penalty.
    max_iter
        L-BFGS steps per update, from the weights of the last one; five times as many from scratch and
        after a new class.

    Notes
    -----
    The tolerance on the mean gradient is scaled by 1/n: with a fixed one, the n-th label of many
    changes the mean loss by so little that the optimiser stops before it starts.
    """

    name = "logistic regression"

    def __init__(self, C: float = 1.0, max_iter: int = 20) -> None:
        self.C = C
        self.max_iter = max_iter

    _X: npt.NDArray[np.float32]
    _n_classes: int
    _W: npt.NDArray[np.float64]
    _seen: npt.NDArray[np.int64]

    def start(
        self, X: npt.NDArray[np.float32], n_classes: int, affinity: Graph | None = None
    ) -> LinearLearner:
        """See :class:`~hitl_widgets.learn.learner.Learner`."""
        fresh = LinearLearner(self.C, self.max_iter)
        fresh._X = X
        fresh._n_classes = n_classes
        fresh._W = np.zeros((n_classes, X.shape[1] + 1))
        fresh._seen = np.zeros(0, dtype=np.int64)
        return fresh

    def update(self, index: IntArray, y: IntArray, weight: FloatArray | None = None) -> None:
        """See :class:`~hitl_widgets.learn.learner.Learner`."""
        known, self._seen = self._seen, np.unique(y).astype(np.int64)
        if len(self._seen) < 2:
            return
        steps = self.max_iter if np.array_equal(known, self._seen) else 5 * self.max_iter
        n = len(y)
        A = np.empty((n, self._X.shape[1] + 1))
        A[:, :-1] = self._X[index]
        A[:, -1] = 1
        w = np.ones(n) if weight is None else np.asarray(weight, dtype=np.float64)
        Y = (np.asarray(y)[:, None] == self._seen).astype(np.float64)
        shape = (len(self._seen), A.shape[1])

        def loss(flat: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
            W = flat.reshape(shape)
            P = softmax(A @ W.T)
            error = (P - Y) * w[:, None]
            gradient = error.T @ A
            gradient[:, :-1] += W[:, :-1] / self.C
            penalty = float((W[:, :-1] ** 2).sum()) / (2 * self.C)
            fit = -float(w @ np.log(np.maximum((P * Y).sum(axis=1), 1e-300)))
            return (fit + penalty) / n, gradient.ravel() / n

        with one_blas_thread():
            found = minimize(
                loss,
                self._W[self._seen].ravel(),
                jac=True,
                method="L-BFGS-B",
                options={"maxiter": steps, "gtol": 1e-3 / n, "ftol": 1e-12},
            )
        self._W[self._seen] = found.x.reshape(shape)

    def export(
        self,
        index: IntArray,
        y: IntArray,
        weight: FloatArray | None = None,
        names: Sequence[str] | None = None,
    ) -> LogisticRegression:
        """The same model as scikit-learn's own, fitted on the labels; it predicts names, or codes."""
        with one_blas_thread():
            model = LogisticRegression(C=self.C, max_iter=2_000)
            return model.fit(self._X[index], named(y, names), sample_weight=weight)

    def left_out(
        self,
        index: IntArray,
        y: IntArray,
        weight: FloatArray | None = None,
        among: IntArray | None = None,
    ) -> FloatArray:
        """Class probabilities of labelled rows by a model that has not seen their label.

        Approximate leave-one-out: one Newton step away from the fitted weights (Beirami et al. 2017),
        with the Hessian's blocks between classes left out. For two classes the step is scaled so
        that nothing is lost by that.

        Parameters
        ----------
        index, y, weight
            What :meth:`update` saw last, shape (m,).
        among
            Which of them to tell, shape (k,); all where None. They stand for the others in the Hessian.

        Returns
        -------
        float64 of shape (k, n_classes); the only label of a class gets 0 for it.
        """
        some = np.arange(len(y)) if among is None else among
        code, n, seen = np.asarray(y)[some], len(some), self._seen
        Q = np.zeros((n, self._n_classes))
        if len(seen) < 2:
            Q[:] = 1 / self._n_classes
            return Q
        A = self._X[np.asarray(index)[some]].astype(np.float64)
        W = self._W[seen]
        score = A @ W[:, :-1].T + W[:, -1]
        P = softmax(score)
        w = np.ones(n) if weight is None else np.asarray(weight, dtype=np.float64)[some]
        curve = np.maximum(P * (1 - P), 1e-5) * np.maximum(w, 1e-6)[:, None] * len(seen) / (len(seen) - 1)
        B = np.sqrt(self.C) * np.hstack([A, np.full((n, 1), FREE_INTERCEPT)])
        error = w[:, None] * ((code[:, None] == seen) - P)
        with one_blas_thread():
            variance = _posterior_variance(B, curve * (len(y) / n))
        leverage = np.minimum(curve * variance, 0.9999)
        score -= variance / (1 - leverage) * error
        Q[:, seen] = softmax(np.maximum(score - score.max(axis=1, keepdims=True), -60))
        lone = np.bincount(y, minlength=self._n_classes)[code] == 1
        Q[lone, code[lone]] = 0
        Q[lone] /= np.maximum(Q[lone].sum(axis=1, keepdims=True), 1e-12)
        return Q

    def proba(self, index: IntArray | None = None) -> FloatArray:
        """See :class:`~hitl_widgets.learn.learner.Learner`."""
        rows = len(self._X) if index is None else len(index)
        P = np.zeros((rows, self._n_classes), dtype=np.float32)
        if len(self._seen) == 1:
            P[:, self._seen[0]] = 1
            return P
        W = self._W[self._seen].astype(np.float32)
        for low in range(0, rows, CHUNK):
            part = slice(low, low + CHUNK)
            X = self._X[part] if index is None else self._X[index[part]]
            P[part, self._seen] = softmax(X @ W[:, :-1].T + W[:, -1])
        return P


def _posterior_variance(B: FloatArray, curve: FloatArray) -> npt.NDArray[np.float64]:
    """Diagonals of ``B (I + B' diag(v) B)^-1 B'`` for every column v of ``curve``, shape (n, C)."""
    n, d = B.shape
    found = np.empty(curve.shape)
    gram = B @ B.T if n <= d else None
    for c, v in enumerate(curve.T):
        if gram is not None:
            inverse, _ = dpotri(cholesky(gram + np.diag(1 / v), lower=True), lower=1)
            found[:, c] = 1 / v - np.diag(inverse) / v**2
        else:
            root = cholesky((B * v[:, None]).T @ B + np.eye(d), lower=True)
            found[:, c] = np.square(solve_triangular(root, B.T, lower=True)).sum(axis=0)
    return found
