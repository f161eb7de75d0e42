"""LinearLearner: multinomial logistic regression that keeps up with every label."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from hitl_widgets.learn.learner import Affinity, FloatArray, IntArray, one_blas_thread, softmax

__all__ = ["LinearLearner"]

CHUNK = 65_536


class LinearLearner:
    """Multinomial logistic regression, warm-started from the last labels.

    Minimises ``sum log-loss + ||W||^2 / (2 C)`` by L-BFGS (Liu and Nocedal 1989), the objective of
    scikit-learn's ``LogisticRegression``; only classes that have a label take part.

    Parameters
    ----------
    C
        Inverse strength of the penalty.
    max_iter
        L-BFGS steps per update; the next update goes on from there.

    Notes
    -----
    The tolerance on the mean gradient is scaled by 1/n: with a fixed one, the n-th label of many
    changes the mean loss by so little that the optimiser stops before it starts.
    """

    name = "logistic regression"

    def __init__(self, C: float = 1.0, max_iter: int = 30) -> None:
        self.C = C
        self.max_iter = max_iter

    _X: npt.NDArray[np.float32]
    _n_classes: int
    _W: npt.NDArray[np.float64]
    _seen: npt.NDArray[np.int64]

    def start(
        self, X: npt.NDArray[np.float32], n_classes: int, affinity: Affinity | None = None
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
        self._seen = np.unique(y).astype(np.int64)
        if len(self._seen) < 2:
            return
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
                options={"maxiter": self.max_iter, "gtol": 1e-3 / n, "ftol": 1e-12},
            )
        self._W[self._seen] = found.x.reshape(shape)

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
