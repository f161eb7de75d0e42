"""LinearLearner: multinomial logistic regression that is updated after every label."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.background.turns import give_way, one_blas_thread
from hitl_widgets.learn.learner import (
    FloatArray,
    Graph,
    IntArray,
    class_shares,
    named,
    softmax,
)
from hitl_widgets.learn.reasons import Reasons
from hitl_widgets.learn.remote import score_pool
from hitl_widgets.learn.scoring import ClassBelief, Head, told_by

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

__all__ = ["LinearLearner", "told_together"]

CENTRE_ROWS = 20_000
FIT_ROWS = 5_000
# Removed rows that a basis may still span, and the relative norm below which a row is in the span.
_SPARE = 16
_SAME = 1e-7
FREE_INTERCEPT = 10.0  # the intercept's prior standard deviation for leave-one-out, practically unconstrained


class LinearLearner:
    """Multinomial logistic regression, warm-started from the last fit.

    Minimizes ``sum log-loss + ||W||^2 / (2 C)`` by L-BFGS (Liu and Nocedal 1989), the objective of
    scikit-learn's ``LogisticRegression`` (for two classes, with ``2 C``), on centered features. Only classes
    with labels are included.

    Parameters
    ----------
    C
        Inverse strength of the penalty.
    max_iter
        L-BFGS steps per update, starting from the last weights; five times as many from scratch and for a
        new class.

    Notes
    -----
    If there are more than 5,000 labels, an equal number of each class, evenly spaced in the order given, is
    used and weighted accordingly, so that labeling a hundred thousand points at once is fast.

    The tolerance on the mean gradient is scaled by 1/n. With a fixed tolerance, the n-th of many labels
    changes the mean loss so little that the optimizer stops immediately.
    """

    name = "logistic regression"

    def __init__(self, C: float = 1.0, max_iter: int = 50) -> None:
        self.C = C
        self.max_iter = max_iter

    _X: npt.NDArray[np.float32]
    _mean: npt.NDArray[np.float64]
    _n_classes: int
    _W: npt.NDArray[np.float64]
    _seen: npt.NDArray[np.int64]
    _shares: npt.NDArray[np.float32]
    _span: Span

    def start(
        self, X: npt.NDArray[np.float32], n_classes: int, affinity: Graph | None = None
    ) -> LinearLearner:
        """See :class:`~hitl_widgets.learn.learner.Learner`."""
        fresh = LinearLearner(self.C, self.max_iter)
        fresh._X = X
        fresh._mean = _centre(X)
        fresh._n_classes = n_classes
        fresh._W = np.zeros((n_classes, X.shape[1] + 1))
        fresh._seen = np.zeros(0, dtype=np.int64)
        fresh._span = Span(X.shape[1])
        return fresh

    def with_penalties(self, strengths: Sequence[float]) -> list[LinearLearner]:
        """Return learners for each C, which share work: update them with the same labels, in one thread."""
        span, made = Span(self._X.shape[1]), []
        for C in strengths:
            fresh = copy.copy(self)
            fresh.C, fresh._W, fresh._span = C, self._W.copy(), span  # noqa: SLF001 - of the same kind
            made.append(fresh)
        return made

    @one_blas_thread()
    def update(self, index: IntArray, y: IntArray, weight: FloatArray | None = None) -> None:
        """See :class:`~hitl_widgets.learn.learner.Learner`."""
        from scipy.optimize import minimize

        known, self._seen = self._seen, np.unique(y).astype(np.int64)
        self._shares = class_shares(y, self._n_classes)
        if len(self._seen) < 2:
            return
        index, y, weight = _spread_out(index, y, weight)
        steps = self.max_iter if np.array_equal(known, self._seen) else 5 * self.max_iter
        n = len(y)
        rows, start = self._X[index] - self._mean, self._W[self._seen]
        # The solution is in the span of the labeled rows, so with few labels, it is searched there.
        span = None
        if n < rows.shape[1]:
            span = self._span.of(index, rows).T
            rows, start = rows @ span, np.column_stack([start[:, :-1] @ span, start[:, -1]])
        A = np.column_stack([rows, np.ones(n)])
        w = np.ones(n) if weight is None else np.asarray(weight, dtype=np.float64)
        Y = (np.asarray(y)[:, None] == self._seen).astype(np.float64)
        shape = (len(self._seen), A.shape[1])

        def loss(flat: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
            give_way()
            W = flat.reshape(shape)
            P = softmax(A @ W.T)
            error = (P - Y) * w[:, None]
            gradient = error.T @ A
            gradient[:, :-1] += W[:, :-1] / self.C
            penalty = float((W[:, :-1] ** 2).sum()) / (2 * self.C)
            fit = -float(w @ np.log(np.maximum((P * Y).sum(axis=1), 1e-300)))
            return (fit + penalty) / n, gradient.ravel() / n

        found = minimize(
            loss,
            start.ravel(),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": steps, "gtol": 1e-3 / n, "ftol": 1e-12},
        )
        W = found.x.reshape(shape)
        self._W[self._seen] = W if span is None else np.column_stack([W[:, :-1] @ span.T, W[:, -1]])

    @one_blas_thread()
    def export(
        self,
        index: IntArray,
        y: IntArray,
        weight: FloatArray | None = None,
        names: Sequence[Any] | None = None,
    ) -> LogisticRegression:
        """Return the equivalent scikit-learn model, fitted on the labels; it predicts names, or codes."""
        from sklearn.linear_model import LogisticRegression

        # For two classes, scikit-learn has one row of weights, which ours splits into two halves.
        C = 2 * self.C if len(np.unique(y)) == 2 else self.C
        model = LogisticRegression(C=C, max_iter=2_000)
        return model.fit(self._X[index], named(y, names), sample_weight=weight)

    @one_blas_thread()
    def left_out(
        self,
        index: IntArray,
        y: IntArray,
        weight: FloatArray | None = None,
        among: IntArray | None = None,
    ) -> FloatArray:
        """Return class probabilities of labeled rows by a model that has not seen their label.

        Approximates leave-one-out by one Newton step from the fitted weights (Beirami et al. 2017), without
        the blocks of the Hessian between classes. For two classes, the step is scaled to compensate for
        this exactly.

        Parameters
        ----------
        index, y, weight
            The arguments of the last :meth:`update`, shape (m,).
        among
            Which labels to leave out, shape (k,); default all. They represent the others in the Hessian.

        Returns
        -------
        float64 of shape (k, n_classes); the only label of a class gets probability 0 for it.
        """
        some = np.arange(len(y)) if among is None else among
        code, n, seen = np.asarray(y)[some], len(some), self._seen
        Q = np.zeros((n, self._n_classes))
        if len(seen) < 2:
            Q[:] = 1 / self._n_classes
            return Q
        A = self._X[np.asarray(index)[some]] - self._mean
        W = self._W[seen]
        score = A @ W[:, :-1].T + W[:, -1]
        P = softmax(score)
        w = np.ones(n) if weight is None else np.asarray(weight, dtype=np.float64)[some]
        curve = np.maximum(P * (1 - P), 1e-5) * np.maximum(w, 1e-6)[:, None] * len(seen) / (len(seen) - 1)
        B = np.sqrt(self.C) * np.hstack([A, np.full((n, 1), FREE_INTERCEPT)])
        error = w[:, None] * ((code[:, None] == seen) - P)
        variance = _posterior_variance(B, curve * (len(y) / n))
        leverage = np.minimum(curve * variance, 0.9999)
        score -= variance / (1 - leverage) * error
        Q[:, seen] = softmax(np.maximum(score - score.max(axis=1, keepdims=True), -60))
        lone = np.bincount(y, minlength=self._n_classes)[code] == 1
        Q[lone, code[lone]] = 0
        Q[lone] /= np.maximum(Q[lone].sum(axis=1, keepdims=True), 1e-12)
        return Q

    @property
    def constant(self) -> npt.NDArray[np.float32] | None:
        """The probabilities for every row, (n_classes,), while only one class has labels; else None."""
        return self._shares if len(self._seen) == 1 else None

    @property
    def head(self) -> Head:
        """The fitted weights for uncentered features; requires labels of at least two classes."""
        W = self._W[self._seen]
        slopes, intercept = W[:, :-1], W[:, -1] - W[:, :-1] @ self._mean
        return Head(slopes, intercept, self._seen.astype(np.int16), self._n_classes)

    def scores(self, done: Callable[[slice, ClassBelief], None] | None = None) -> ClassBelief | None:
        """See :class:`~hitl_widgets.learn.learner.Scored`."""
        if type(self).proba is not LinearLearner.proba:  # a subclass with different predictions
            return None
        if self.constant is not None:
            return ClassBelief.of(np.broadcast_to(self.constant, (len(self._X), self._n_classes)))
        return score_pool(self._X, self.head, done=done)

    def reasons(self, row: int, one: int, other: int) -> Reasons:
        """See :class:`~hitl_widgets.learn.reasons.Explaining`."""
        if self.constant is not None:
            start = float(np.log(self._shares[one]) - np.log(self._shares[other]))
            return Reasons(np.zeros(self._X.shape[1]), start)
        return Reasons(*self.head.between(one, other))

    def proba(self, index: IntArray | None = None) -> FloatArray:
        """See :class:`~hitl_widgets.learn.learner.Learner`."""
        if self.constant is not None:
            return np.tile(self.constant, (len(self._X) if index is None else len(index), 1))
        return self.head.over(self._X, index)

    def proba_of(self, X: FloatArray) -> FloatArray:
        """See :class:`~hitl_widgets.learn.outside.Outside`."""
        return np.asarray(told_together([self], X)[0])


class Span:
    """An orthonormal basis of the span of some rows, extended incrementally by Gram-Schmidt.

    NumPy's QR factorization would hold the GIL, and would start over for every label.
    """

    def __init__(self, d: int) -> None:
        self._basis = np.empty((8, d))
        self._n = 0
        self._known = np.zeros(0, np.int64)

    def of(self, index: IntArray, rows: FloatArray) -> npt.NDArray[np.float64]:
        """Return a basis, float64 (r, d), that spans the rows (n, d), and maybe a few removed ones."""
        fresh = ~np.isin(index, self._known)
        if len(self._known) + fresh.sum() > len(index) + _SPARE:
            self._n, self._known, fresh = 0, self._known[:0], np.ones(len(index), np.bool_)
        for row in rows[fresh]:
            give_way()
            self._take(row)
        self._known = np.concatenate([self._known, np.asarray(index)[fresh]])
        return self._basis[: self._n]

    def _take(self, row: FloatArray) -> None:
        left, size = row, float(np.linalg.norm(row))
        basis = self._basis[: self._n]
        for _ in range(2):  # twice, to remove rounding errors
            left = left - (basis @ left) @ basis
            length = float(np.linalg.norm(left))
            if length <= _SAME * size:
                return
            left, size = left / length, 1.0
        if self._n == len(self._basis):
            self._basis = np.concatenate([self._basis, np.empty_like(self._basis)])
        self._basis[self._n] = left
        self._n += 1


def told_together(experts: Sequence[LinearLearner], X: FloatArray) -> list[FloatArray]:
    """Return predictions for rows by learners fitted on the same features and labels."""
    if (shares := experts[0].constant) is not None:
        return [np.tile(shares, (len(X), 1))] * len(experts)
    return list(told_by([expert.head for expert in experts], X))


def _centre(X: Any) -> npt.NDArray[np.float64]:
    """Return the mean row, float64 (d,), of evenly spaced rows in large pools; it need not be exact."""
    step = max(1, len(X) // CENTRE_ROWS)
    some = X[:] if step == 1 else X[np.arange(0, len(X), step)]
    return np.asarray(some.mean(axis=0, dtype=np.float64))


def _spread_out(
    index: IntArray, y: IntArray, weight: FloatArray | None
) -> tuple[IntArray, IntArray, FloatArray | None]:
    """Return at most about 5,000 labels, with weights that compensate for the others."""
    if len(y) <= FIT_ROWS:
        return index, y, weight
    codes, counts = np.unique(y, return_counts=True)
    most = FIT_ROWS // len(codes)
    kept, share = [], []
    for code, count in zip(codes, counts, strict=True):
        places = np.flatnonzero(y == code)
        some = places if count <= most else places[np.linspace(0, count - 1, most).astype(np.int64)]
        kept.append(some)
        share.append(np.full(len(some), count / len(some)))
    which, times = np.concatenate(kept), np.concatenate(share)
    return index[which], y[which], times if weight is None else times * np.asarray(weight)[which]


def _posterior_variance(B: FloatArray, curve: FloatArray) -> npt.NDArray[np.float64]:
    """Return the diagonals of ``B (I + B' diag(v) B)^-1 B'`` for each column v of ``curve``, (n, C)."""
    n, d = B.shape
    found = np.empty(curve.shape)
    gram = B @ B.T if n <= d else None
    for c, v in enumerate(curve.T):
        give_way()
        if gram is not None:
            # NumPy's inverse releases the GIL, unlike the faster factorizations of SciPy.
            found[:, c] = 1 / v - np.diag(np.linalg.inv(gram + np.diag(1 / v))) / v**2
        else:
            inverse = np.linalg.inv((B * v[:, None]).T @ B + np.eye(d))
            found[:, c] = np.einsum("ij,ij->i", B @ inverse, B)
    return found
