"""ForestClassifier: a random forest that is fast enough to be refitted after every label."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from hitl_widgets.background.turns import give_way
from hitl_widgets.errors import InvalidInput
from hitl_widgets.learn._compile import NUMBA
from hitl_widgets.learn._forest import BINS, grow, read, read_left_out
from hitl_widgets.learn.learner import FloatArray
from hitl_widgets.learn.scoring import blocks_of

__all__ = ["ForestClassifier", "edges_of"]

Matrix = npt.NDArray[np.float32]

# Rows used to compute the columns' quantiles.
SAMPLE = 5_000
# Rows predicted between two calls of give_way.
SOME = 4_096


class ForestClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A random forest (Breiman 2001) on columns binned at 31 quantiles.

    Each tree is grown on a bootstrap sample until its leaves are pure. Each split is the best, by Gini
    impurity, among a third of the columns, which are drawn anew for every node. scikit-learn's
    ``RandomForestClassifier`` is as accurate, but too slow on few rows to be refitted after every label.

    Parameters
    ----------
    n_trees
        Number of trees.
    max_samples
        Maximum number of rows drawn for each tree.
    random_state
        Seeds the samples and the columns tried.

    Attributes
    ----------
    classes_
        The classes, (k,).
    column_, left_
        int32 (n_trees, m): the column that a node splits on, -1 for a leaf, and its left child; the right
        child is the next node. Node 0 is the root.
    threshold_
        float32 (n_trees, m): values up to this go left.
    share_
        float32 (n_trees, m, k): the class shares of a node.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_trees": [int],
        "max_samples": [int],
        "random_state": [int],
    }

    def __init__(self, n_trees: int = 50, max_samples: int = 512, random_state: int = 0) -> None:
        self.n_trees = n_trees
        self.max_samples = max_samples
        self.random_state = random_state

    classes_: npt.NDArray[Any]
    n_features_in_: int
    column_: npt.NDArray[np.int32]
    left_: npt.NDArray[np.int32]
    threshold_: Matrix
    share_: Matrix
    _bag: npt.NDArray[np.int32]

    def fit(
        self,
        X: FloatArray,
        y: npt.ArrayLike,
        sample_weight: FloatArray | None = None,
        edges: Matrix | None = None,
    ) -> ForestClassifier:
        """Grow the trees.

        Parameters
        ----------
        X, y, sample_weight
            Features (n, d), finite; classes (n,), at least two; weights (n,), > 0.
        edges
            Bin edges of the columns, float32 (d, 31), ascending; by default :func:`edges_of` X.
        """
        X = np.asarray(X, np.float32)
        self.classes_, codes = np.unique(np.asarray(y), return_inverse=True)
        if len(self.classes_) < 2:
            raise InvalidInput("A forest needs rows of at least two classes.")
        self.n_features_in_ = X.shape[1]
        weight = np.ones(len(X)) if sample_weight is None else np.asarray(sample_weight, np.float64)
        edges = edges_of(X) if edges is None else edges
        B = np.empty(X.shape, np.uint8)
        for k, cuts in enumerate(edges):
            B[:, k] = np.searchsorted(cuts, X[:, k])
        column, cut, left, share, self._bag = grow(
            B,
            codes.astype(np.int64),
            weight,
            len(self.classes_),
            self.n_trees,
            max(1, X.shape[1] // 3),
            min(len(X), self.max_samples),
            np.random.default_rng(self.random_state),
        )
        self.column_, self.left_, self.share_ = map(np.ascontiguousarray, (column, left, share))
        self.threshold_ = np.where(column >= 0, edges[column, cut], 0).astype(np.float32)
        return self

    def left_out(self, X: FloatArray, among: npt.NDArray[np.int64]) -> Matrix:
        """Predict fitted rows with the trees whose sample does not contain them (out of bag).

        Parameters
        ----------
        X, among
            The rows, (m, d), and their positions in :meth:`fit`, (m,).

        Returns
        -------
        float32 of shape (m, k); 0 if the row is in the samples of all trees.
        """
        P = np.empty((len(X), len(self.classes_)), np.float32)
        trees = self.column_, self.threshold_, self.left_, self.share_
        read_left_out(np.asarray(X, np.float32), *trees, np.ascontiguousarray(self._bag[:, among]), P)
        return P

    def predict_proba(self, X: FloatArray) -> Matrix:
        """Return the mean of the trees' class shares, float32 (n, k)."""
        check_is_fitted(self, "column_")
        X = np.asarray(X, np.float32)
        if X.ndim != 2 or X.shape[1] != self.n_features_in_:
            raise InvalidInput(f"X has shape {X.shape}: expected (n, {self.n_features_in_}).")
        self._check()
        P = np.empty((len(X), len(self.classes_)), np.float32)
        for part in blocks_of(P, SOME):
            give_way()
            if NUMBA:
                read(X[part], self.column_, self.threshold_, self.left_, self.share_, P[part])
            else:
                P[part] = self._read_plain(X[part])
        return P

    def predict(self, X: FloatArray) -> npt.NDArray[Any]:
        """Return the most likely class of each row, (n,)."""
        likeliest = self.predict_proba(X).argmax(axis=1)
        return np.asarray(self.classes_[likeliest])

    def _read_plain(self, X: Matrix) -> Matrix:
        trees, rows = np.arange(len(self.column_)), np.arange(len(X))[:, None]
        node = np.zeros((len(X), len(trees)), np.int64)
        while ((column := self.column_[trees, node]) >= 0).any():
            inner = column >= 0
            goes_right = X[rows, np.maximum(column, 0)] > self.threshold_[trees, node]
            node = np.where(inner, self.left_[trees, node] + goes_right, node)
        return np.asarray(self.share_[trees, node].mean(axis=1), np.float32)

    def _check(self) -> None:
        """Check the trees, because compiled code would read out of bounds or loop forever on damaged ones."""
        m = self.column_.shape[1]
        within = (self.left_ > np.arange(m)) & (self.left_ < m - 1) & (self.column_ < self.n_features_in_)
        whole = self.column_.dtype.kind == self.left_.dtype.kind == "i"
        if not whole or not within[self.column_ >= 0].all():
            raise InvalidInput("The trees of the forest are damaged: load or train the model again.")


def edges_of(X: Any) -> Matrix:
    """Return 31 quantiles of each column, float32 (d, 31), from evenly spaced rows, as bin edges."""
    some = np.asarray(X[np.linspace(0, len(X) - 1, min(len(X), SAMPLE)).astype(np.int64)], np.float32)
    edges = np.quantile(some, np.arange(1, BINS) / BINS, axis=0, method="lower")
    return np.ascontiguousarray(edges.T, np.float32)
