"""Votes of rules as experts: what the labels say about each vote, and a model taught by the result."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from hitl_widgets.background.turns import give_way, one_blas_thread
from hitl_widgets.learn.arrays import FloatArray, IntArray, softmax
from hitl_widgets.learn.scoring import blocks_of

__all__ = ["Student", "Voters", "Votes"]

# How accurate rules are taken to be before there are labels, and how many items this counts for.
USUAL, USUAL_ITEMS = 0.7, 4.0
# How many items the accuracy of all rules together counts for in the estimate of one of them.
SHARED = 4.0
# Items that a student is taught, and the inverse strength of its penalty.
TAUGHT, STRENGTH = 2_000, 1.0
# Students are taught without each of so many parts of the labels.
PARTS = 5
STEPS, STEPS_AGAIN = 60, 15
# Rows whose probabilities are computed at a time.
SOME = 65_536


@dataclass(frozen=True, eq=False)
class Votes:
    """The votes of rules about the items of a pool.

    Attributes
    ----------
    values
        int16 of shape (n_items, n_rules): class codes, -1 where a rule abstains.
    n_classes
        Number of classes.
    """

    values: npt.NDArray[np.int16]
    n_classes: int

    @cached_property
    def distinct(self) -> npt.NDArray[np.int64]:
        """The rules whose votes differ, ascending: of rules with equal votes, only the first counts."""
        _, first = np.unique(self.values, axis=1, return_index=True)
        return np.sort(first)

    @cached_property
    def covered(self) -> npt.NDArray[np.int64]:
        """The rows with a vote."""
        return np.flatnonzero((self.values >= 0).any(axis=1))

    @cached_property
    def kinds(self) -> tuple[npt.NDArray[np.int64], csr_array]:
        """The classes of the kinds of votes, (q,), and which row has which of them, (n_items, q).

        A kind is one rule voting for one class.
        """
        codes: list[int] = []
        rows: list[npt.NDArray[np.int64]] = []
        for j in self.distinct.tolist():
            column = self.values[:, j]
            for code in np.unique(column[column >= 0]).tolist():
                codes.append(code)
                rows.append(np.flatnonzero(column == code))
        sizes = [len(some) for some in rows]
        at = np.repeat(np.arange(len(codes)), sizes)
        where = np.concatenate(rows) if rows else np.zeros(0, np.int64)
        shape = (len(self.values), len(codes))
        return np.array(codes, np.int64), csr_array((np.ones(len(where), np.float32), (where, at)), shape)


class Counted:
    """How often each kind of vote goes with each class, counted on labels.

    The estimate for one kind of vote is drawn towards the accuracy of all votes together, so that a rule that
    meets few labels is trusted as far as the others. Votes are combined as if they were independent; how far
    the result is trusted is left to the pool of experts.

    Parameters
    ----------
    votes
        The votes.
    index, y, weight
        The labels.
    """

    def __init__(self, votes: Votes, index: IntArray, y: IntArray, weight: FloatArray | None) -> None:
        self._votes, self._index, self._y = votes, np.asarray(index), np.asarray(y)
        self._w = np.ones(len(y)) if weight is None else np.asarray(weight, np.float64)
        self._codes, self._met = votes.kinds
        C = votes.n_classes
        given = np.bincount(self._y, self._w, minlength=C) + 1.0
        self.shares = given / given.sum()
        mine = csr_array(self._met[self._index])
        self._own = mine.tocoo()
        of, kind = self._own.coords
        hit = (self._codes[kind] == self._y[of]) * self._w[of]
        # By labelled row: how many votes there are, and how many of them are right.
        self._n = np.bincount(of, self._w[of], minlength=len(self._y))
        self._right = np.bincount(of, hit, minlength=len(self._y))
        self._counts = np.zeros((len(self._codes), C))
        np.add.at(self._counts, (kind, self._y[of]), self._w[of])

    def _usual(self, without: Any = 0.0, right: Any = 0.0) -> Any:
        """Return the accuracy of all votes, without some."""
        n, hits = self._n.sum() - without, self._right.sum() - right
        return (hits + USUAL * USUAL_ITEMS) / (n + USUAL_ITEMS)

    def _ratios(self, counts: FloatArray, codes: IntArray, usual: Any) -> npt.NDArray[np.float64]:
        """Return log P(class | vote) - log P(class), (m, C)."""
        shares, at = self.shares, np.arange(len(codes))
        prior = np.outer((1 - usual) / (1 - shares[codes]), shares)
        prior[at, codes] = usual
        found = (counts + SHARED * prior) / (counts.sum(axis=1, keepdims=True) + SHARED)
        return np.asarray(np.log(found) - np.log(shares))

    @cached_property
    def ratios(self) -> npt.NDArray[np.float64]:
        """What each kind of vote adds to the logarithm of the odds of each class, (q, C)."""
        return self._ratios(self._counts, self._codes, np.full(len(self._codes), self._usual()))

    def left_out(self, among: IntArray) -> FloatArray:
        """See :class:`~hitl_widgets.learn.experts.Advice`."""
        of, kind = self._own.coords
        wanted = np.isin(of, among)
        of, kind = of[wanted], kind[wanted]
        counts = self._counts[kind].copy()
        counts[np.arange(len(of)), self._y[of]] -= self._w[of]
        usual = self._usual(self._n, self._right)[of]
        scores = np.zeros((len(self._y), self._votes.n_classes))
        np.add.at(scores, of, self._ratios(np.maximum(counts, 0), self._codes[kind], usual))
        return softmax(scores[among])

    def proba(self, rows: IntArray | None = None) -> FloatArray:
        """See :class:`~hitl_widgets.learn.experts.Advice`; uniform where every rule abstains."""
        return softmax(self._scores(rows))

    def _scores(self, rows: IntArray | None) -> npt.NDArray[np.float64]:
        met = self._met if rows is None else csr_array(self._met[rows])
        return np.asarray(met @ self.ratios)

    def taught(self, rows: IntArray) -> FloatArray:
        """Return what a student is taught about rows: with the shares of the classes, (m, C)."""
        return softmax(self._scores(rows) + np.log(self.shares))


@dataclass(frozen=True, eq=False)
class Voters:
    """Rules as an expert: their votes, weighted by what is counted on the labels."""

    votes: Votes
    name: str = "rules"

    def fit(self, index: IntArray, y: IntArray, weight: FloatArray | None = None) -> Counted:
        """See :class:`~hitl_widgets.learn.experts.Expert`."""
        return Counted(self.votes, index, y, weight)


@dataclass(frozen=True, eq=False)
class Student:
    """A logistic regression of the features, taught what :class:`Voters` predict for the items with votes.

    So rules also say something about items that they do not mention.
    """

    votes: Votes
    X: Any
    name: str = "rules"

    @cached_property
    def rows(self) -> npt.NDArray[np.int64]:
        """The rows that students are taught."""
        found = self.votes.covered
        if len(found) <= TAUGHT:
            return found
        return np.sort(np.random.default_rng(0).choice(found, TAUGHT, replace=False))

    @cached_property
    def features(self) -> npt.NDArray[np.float32]:
        """Their features, centred, with a column of ones."""
        X = np.asarray(self.X[self.rows], np.float32)
        return np.column_stack([X - self.centre, np.ones(len(X), np.float32)])

    @cached_property
    def centre(self) -> npt.NDArray[np.float32]:
        """The mean of these features."""
        X = np.asarray(self.X[self.rows], np.float32)
        return np.asarray(X.mean(axis=0) if len(X) else np.zeros(X.shape[1], np.float32))

    def fit(self, index: IntArray, y: IntArray, weight: FloatArray | None = None) -> Taught:
        """See :class:`~hitl_widgets.learn.experts.Expert`."""
        return Taught(self, np.asarray(index), np.asarray(y), weight)


class Taught:
    """A student of all labels, and one without each part of them."""

    def __init__(self, student: Student, index: IntArray, y: IntArray, weight: FloatArray | None) -> None:
        self._of, self._index, self._y, self._weight = student, index, y, weight
        self._W = self._learned(np.ones(len(y), np.bool_))

    @one_blas_thread()
    def _learned(
        self, seen: npt.NDArray[np.bool_], start: npt.NDArray[np.float64] | None = None
    ) -> npt.NDArray[np.float64]:
        """Return the weights of a student of the rules as these labels judge them, (C, d + 1)."""
        from scipy.optimize import minimize

        student, w = self._of, self._weight
        rows, A, C = student.rows, student.features, student.votes.n_classes
        W = np.zeros((C, A.shape[1])) if start is None else start
        if not len(rows):
            return W
        share = None if w is None else np.asarray(w)[seen]
        T = Counted(student.votes, self._index[seen], self._y[seen], share).taught(rows)
        T[np.isin(rows, self._index[~seen])] = 0  # what is left out is not learned in another way
        T, total = T.astype(np.float32), T.sum(axis=1, keepdims=True).astype(np.float32)

        def loss(flat: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
            give_way()
            W = flat.reshape(C, -1)
            scores = A @ W.T.astype(np.float32)
            scores -= scores.max(axis=1, keepdims=True)
            P = np.exp(scores)
            norm = P.sum(axis=1, keepdims=True)
            gradient = ((P / norm * total - T).T @ A).astype(np.float64)
            gradient[:, :-1] += W[:, :-1] / STRENGTH
            penalty = float((W[:, :-1] ** 2).sum()) / (2 * STRENGTH)
            return float((total * np.log(norm)).sum() - (T * scores).sum()) + penalty, gradient.ravel()

        steps = STEPS if start is None else STEPS_AGAIN
        found = minimize(loss, W.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": steps})
        return np.asarray(found.x.reshape(C, -1))

    def _told(self, W: npt.NDArray[np.float64], rows: Any) -> FloatArray:
        return self._of_features(W, self._of.X[rows])

    def _of_features(self, W: npt.NDArray[np.float64], X: FloatArray) -> FloatArray:
        centred = np.asarray(X, np.float32) - self._of.centre
        return softmax(centred @ W[:, :-1].T.astype(np.float32) + W[:, -1].astype(np.float32))

    def left_out(self, among: IntArray) -> FloatArray:
        """See :class:`~hitl_widgets.learn.experts.Advice`; whole parts of the labels are left out."""
        part = np.arange(len(self._y)) % PARTS
        P = np.empty((len(self._y), self._of.votes.n_classes))
        for k in range(PARTS):
            mine = part == k
            if mine.any():
                P[mine] = self._told(self._learned(~mine, self._W), self._index[mine])
        return P[among]

    def proba(self, rows: IntArray | None = None) -> FloatArray:
        """See :class:`~hitl_widgets.learn.experts.Advice`."""
        n = self._of.votes.values.shape[0] if rows is None else len(rows)
        P = np.empty((n, self._of.votes.n_classes), np.float32)
        for part in blocks_of(P, SOME):
            give_way()
            P[part] = self._told(self._W, part if rows is None else rows[part])
        return P

    def proba_of(self, X: FloatArray) -> FloatArray:
        """See :class:`~hitl_widgets.learn.outside.Outside`."""
        return self._of_features(self._W, X)
