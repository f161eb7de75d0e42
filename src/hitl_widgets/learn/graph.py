"""GraphLearner: label spreading on the neighbor graph, with a separate column for each label."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array, diags_array

from hitl_widgets.learn.landmarks import OnLandmarks
from hitl_widgets.learn.learner import Affinity, FloatArray, Graph, IntArray, Landmarks
from hitl_widgets.learn.outside import amid, mixed
from hitl_widgets.learn.reasons import Near, Reasons
from hitl_widgets.learn.takeaway import distil

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline

__all__ = ["GraphLearner", "Spread", "normalised"]

# Label spreading sums integers, so that the order of labels does not matter and an undo is exact.
SCALE = 2.0**30
SEEDS = 500
_NEAR = 15
_SAMPLE = 64


def normalised(affinity: Affinity) -> csr_array:
    """Return ``D^-1/2 W D^-1/2``, float64; rows without neighbors are zero."""
    W = csr_array(affinity.astype(np.float64))
    degree = np.asarray(W.sum(axis=1)).ravel()
    root = diags_array(1 / np.sqrt(np.maximum(degree, np.finfo(np.float64).tiny)))
    return csr_array(root @ W @ root)


class Spread:
    """Columns of ``(1 - alpha) (I - alpha S)^-1``: the effect of a label at one row on all others.

    ``S`` is the normalized affinity. Columns are computed by local push (Andersen, Chung and Lang 2006),
    whose cost does not grow with the graph. The remainder is at most ``t = tolerance * sqrt(d / mean d)`` at
    every row with degree ``d``, so each entry is 0 to ``t / (1 - alpha)`` below the exact value.

    Parameters
    ----------
    affinity
        Symmetric weights of the neighbor graph, (n, n).
    alpha
        Share passed on at every step, 0 to 1.
    tolerance
        By default 1e-3, or 1e-4 above 20,000 rows, where a label must reach further. Stopping early is
        faster and, with few labels, also more accurate than the exact column.
    """

    def __init__(self, affinity: Affinity, alpha: float = 0.95, tolerance: float | None = None) -> None:
        n = affinity.shape[0]
        self.alpha = alpha
        self.tolerance = tolerance or (1e-3 if n <= 20_000 else 1e-4)
        self._S = normalised(affinity)
        degree = np.asarray(affinity.sum(axis=1), dtype=np.float64).ravel()
        mean = degree.mean() if n and degree.any() else 1.0
        self._threshold = self.tolerance * np.sqrt(degree / mean)
        self._value, self._left = np.zeros((2, n))
        self._lock = threading.Lock()

    def column(self, source: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return the rows that a label at ``source`` reaches, and the amounts in units of 2^-30.

        Amounts are integers, so that sums do not depend on the order and subtraction is exact.
        """
        from hitl_widgets.learn._push import forward_push

        S = self._S
        with self._lock:
            rows = forward_push(
                S.indptr, S.indices, S.data, self._threshold, source, self.alpha, self._value, self._left
            )
            amount = np.rint(self._value[rows] * SCALE).astype(np.int64)
            self._value[rows] = 0
        return rows, amount

    @cached_property
    def near(self) -> float:
        """The amount of a label that reaches the 15th nearest row: the median over a sample."""
        n = len(self._threshold)
        sources = np.random.default_rng(0).choice(n, min(_SAMPLE, n), replace=False)
        reached = [np.sort(self.column(int(i))[1])[::-1] for i in sources]
        found = [amount[min(_NEAR, len(amount)) - 1] for amount in reached]
        return float(np.median(found)) / SCALE if found else 1.0


class GraphLearner:
    """Label spreading (Zhou et al. 2004) that adds and subtracts single labels.

    ``F = (1 - alpha) (I - alpha S)^-1 Y`` is linear in the labels, so a label adds a column and undo
    subtracts exactly the same one: the model depends on the current labels, not on their order or history.
    The probabilities are ``(F + lam m / C) / (sum F + lam m)``, with m from :attr:`Spread.near`.

    Parameters
    ----------
    alpha, tolerance
        See :class:`Spread`.
    lam
        Weight of the prior, in units of the amount that a label adds to its 15th neighbor.

    Notes
    -----
    If a class has more than 500 labels, only 500 spread (those with the lowest row hashes). The others affect
    only their own row, so that labeling a hundred thousand points at once is fast.
    """

    name = "label spreading"

    def __init__(self, alpha: float = 0.95, lam: float = 1.0, tolerance: float | None = None) -> None:
        self.alpha = alpha
        self.lam = lam
        self.tolerance = tolerance

    _X: npt.NDArray[np.float32]
    _affinity: Affinity | None = None
    _spread: Spread
    _F: npt.NDArray[np.int64]
    _own: npt.NDArray[np.int64]
    _label: npt.NDArray[np.int16]
    _weight: npt.NDArray[np.float64]

    def start(
        self, X: npt.NDArray[np.float32], n_classes: int, affinity: Graph | None = None
    ) -> GraphLearner | OnLandmarks:
        """See :class:`~hitl_widgets.learn.learner.Learner`. Without a graph, labels do not spread."""
        if isinstance(affinity, Landmarks):
            return OnLandmarks(self, X, n_classes, affinity)
        return self.start_here(X, n_classes, affinity)

    def start_here(
        self, X: npt.NDArray[np.float32], n_classes: int, affinity: Affinity | None
    ) -> GraphLearner:
        """:meth:`start` on a graph of all rows."""
        n = len(X)
        fresh = GraphLearner(self.alpha, self.lam, self.tolerance)
        fresh._X = X
        fresh._affinity = affinity
        same = affinity is not None and affinity is self._affinity
        edges = csr_array((n, n)) if affinity is None else affinity
        fresh._spread = self._spread if same else Spread(edges, self.alpha, self.tolerance)
        fresh._F = np.zeros((n, n_classes), dtype=np.int64)
        fresh._own = np.zeros(n, dtype=np.int64)
        fresh._label = np.full(n, -1, dtype=np.int16)
        fresh._weight = np.zeros(n)
        return fresh

    @property
    def prior_weight(self) -> float:
        """The weight of the prior, in units of F, for ``lam`` = 1."""
        return self._spread.near

    def reached(self, rows: IntArray | None = None) -> npt.NDArray[np.float64]:
        """Return the amount of each class at rows (default all), float64 of shape (m, n_classes)."""
        return (self._F if rows is None else self._F[rows]) / SCALE

    def update(self, index: IntArray, y: IntArray, weight: FloatArray | None = None) -> npt.NDArray[np.int64]:
        """See :class:`~hitl_widgets.learn.learner.Learner`; returns only the rows that changed."""
        label = np.full_like(self._label, -1)
        share = np.zeros_like(self._weight)
        label[index] = y
        share[index] = 1.0 if weight is None else weight
        self._quieten(label, share)
        changed = np.flatnonzero((label != self._label) | (share != self._weight))
        touched = self._add(changed, -1)
        self._label[changed], self._weight[changed] = label[changed], share[changed]
        touched += self._add(changed, 1)
        return np.unique(np.concatenate(touched)) if touched else np.zeros(0, dtype=np.int64)

    def _quieten(self, label: npt.NDArray[np.int16], share: npt.NDArray[np.float64]) -> None:
        """Mark labels that affect only their own row by a negative weight."""
        for code in np.flatnonzero(np.bincount(label[label >= 0]) > SEEDS):
            rows = np.flatnonzero(label == code)
            order = np.argsort((rows * 2_654_435_761) % 2**32, kind="stable")
            share[rows[order[SEEDS:]]] *= -1

    def _add(self, changed: npt.NDArray[np.int64], sign: int) -> list[npt.NDArray[np.int64]]:
        """Add or subtract the labels of these rows; return the rows reached."""
        held = changed[self._label[changed] >= 0]
        quiet = held[self._weight[held] < 0]
        alone = np.rint(round((1 - self.alpha) * SCALE) * -self._weight[quiet]).astype(np.int64)
        self._F[quiet, self._label[quiet]] += sign * alone
        self._own[quiet] = alone if sign > 0 else 0
        touched = [quiet] if len(quiet) else []
        for i in held[self._weight[held] >= 0].tolist():
            rows, amount = self._spread.column(i)
            if self._weight[i] != 1:
                amount = np.rint(amount * self._weight[i]).astype(np.int64)
            self._F[rows, self._label[i]] += sign * amount
            self._own[i] = amount[rows == i][0] if sign > 0 else 0
            touched.append(rows)
        return touched

    def left_out(self, index: IntArray, y: IntArray) -> npt.NDArray[np.float64]:
        """Return the amounts at labeled rows without their own label, float64 (m, n_classes)."""
        F = self._F[index]
        F[np.arange(len(index)), y] -= self._own[index]
        return F / SCALE

    def near(self, row: int) -> list[Near]:
        """Return the labels that reach a row, by their share: the amounts of all labels are added up."""
        # The effect of one row on another is the same in both directions.
        rows, amount = self._spread.column(row)
        weight = self._weight[rows]
        amount = np.where((self._label[rows] >= 0) & (weight > 0), amount * weight, 0)
        rows, amount = rows[amount > 0], amount[amount > 0]
        order, total = np.argsort(-amount, kind="stable"), max(float(amount.sum()), 1.0)
        return [Near(int(rows[k]), int(self._label[rows[k]]), float(amount[k] / total)) for k in order]

    def reasons(self, row: int, one: int, other: int) -> Reasons:
        """See :class:`~hitl_widgets.learn.reasons.Explaining`."""
        P = self.proba(np.array([row]))[0].astype(np.float64)
        return Reasons(
            np.zeros(self._X.shape[1]),
            neighbours=float(np.log(P[one]) - np.log(P[other])),
            near=self.near(row),
        )

    def proba(self, index: IntArray | None = None) -> FloatArray:
        """See :class:`~hitl_widgets.learn.learner.Learner`."""
        return self._read(self.reached(index))

    def proba_of(self, X: FloatArray) -> FloatArray:
        """See :class:`~hitl_widgets.learn.outside.Outside`: what reaches the nearest rows."""
        return self._read(self.reached_at(*amid(self._X, X)))

    def reached_at(self, near: IntArray, weight: FloatArray) -> npt.NDArray[np.float64]:
        """Return the amount of each class among neighbours, (m, k), in their weighted mean."""
        return mixed(self.reached(near), weight)

    def _read(self, F: FloatArray) -> FloatArray:
        prior = self.lam * self.prior_weight
        P = (F + prior / F.shape[1]) / (F.sum(axis=1, keepdims=True) + prior)
        return np.asarray(P, dtype=np.float32)

    def export(
        self,
        index: IntArray,
        y: IntArray,
        weight: FloatArray | None = None,
        names: Sequence[Any] | None = None,
    ) -> LogisticRegression | Pipeline:
        """Return a plain classifier of the features, distilled from this model: :func:`~.takeaway.distil`."""
        return distil(self._X, self.proba(), index, y, weight, names=names)
