"""Votes of rules as experts: what the labels say about each vote, and a model taught by the result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from hitl_widgets.background.turns import give_way, one_blas_thread
from hitl_widgets.learn.arrays import FloatArray, IntArray, softmax
from hitl_widgets.learn.graph import GraphLearner
from hitl_widgets.learn.learner import Graph
from hitl_widgets.learn.scoring import blocks_of

__all__ = ["Student", "Voters", "Votes", "completed"]

# How accurate rules are taken to be before there are labels, and how many items this counts for.
USUAL, USUAL_ITEMS = 0.7, 4.0
# How many items the accuracy of all rules together counts for in the estimate of one of them; and how many
# the shares of the classes count for where an answer is no class.
SHARED, OTHER = 4.0, 2.0
# How many items one kind of vote counts for in the accuracy of all, so that one broad rule is not all of it.
MOST = 3.0
# The share of common items from which two kinds of votes for the same class count as one.
SAME = 0.8
# Labels of another task from which the answers for the other items are predicted.
FEW = 10
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
        int16 of shape (n_items, n_rules): class codes, -1 where a rule abstains. Codes from ``n_classes`` on
        are answers that are no class, as of a related task: what they mean is learned from labels.
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

    @cached_property
    def groups(self) -> npt.NDArray[np.int64]:
        """The group of each kind of vote, (q,): those for the same class on nearly the same rows."""
        codes, met = self.kinds
        if not len(codes):
            return codes
        both = np.asarray((met.T @ met).todense(), np.float64)
        sizes = both.diagonal()
        share = both / np.maximum(sizes[:, None] + sizes - both, 1)
        alike = (share >= SAME) & (codes[:, None] == codes)
        return np.asarray(connected_components(csr_array(alike), directed=False)[1], np.int64)

    @cached_property
    def weights(self) -> csr_array:
        """What each vote counts, (n_items, q): the votes of a group for one row count as one together."""
        _, met = self.kinds
        if not len(self.groups):
            return met
        n_groups = int(self.groups.max()) + 1
        places = np.arange(len(self.groups))
        of = csr_array((np.ones(len(places), np.float32), (places, self.groups)), (len(places), n_groups))
        counts, entries = csr_array(met @ of), met.tocoo()
        rows, kinds = entries.coords
        share = 1 / np.asarray(counts[rows, self.groups[kinds]], np.float32)
        return csr_array((share, (rows, kinds)), met.shape)


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
        self._codes, self._met = votes.kinds[0], votes.weights
        C = votes.n_classes
        given = np.bincount(self._y, self._w, minlength=C) + 1.0
        self.shares = given / given.sum()
        mine = csr_array(self._met[self._index]).tocoo()
        self._own, self._share = mine.coords, mine.data
        of, kind = self._own
        self._counts = np.zeros((len(self._codes), C))
        np.add.at(self._counts, (kind, self._y[of]), self._w[of])
        self._claims = self._codes < C
        n = self._counts.sum(axis=1)
        right = np.zeros(len(n))
        right[self._claims] = self._counts[self._claims, self._codes[self._claims]]
        self._n, self._right = n, right
        # Kinds of a group share what one kind counts for.
        self._scale = self._claims / np.bincount(votes.groups)[votes.groups]

    def _evidence(
        self, n: npt.NDArray[np.float64], right: npt.NDArray[np.float64], kind: Any = slice(None)
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return how many votes, and how many right ones, kinds add to the accuracy of all."""
        part = self._scale[kind] * np.minimum(n, MOST)
        return part, part * right / np.maximum(n, 1e-9)

    def _usual(self, fewer: Any = 0.0, fewer_right: Any = 0.0) -> Any:
        """Return the accuracy of all votes, without some of the evidence."""
        n, right = (part.sum() for part in self._evidence(self._n, self._right))
        return (right - fewer_right + USUAL * USUAL_ITEMS) / (n - fewer + USUAL_ITEMS)

    def _ratios(self, counts: FloatArray, codes: IntArray, usual: Any) -> npt.NDArray[np.float64]:
        """Return log P(class | vote) - log P(class), (m, C)."""
        shares, claims = self.shares, np.flatnonzero(codes < len(self.shares))
        prior, strength = np.tile(shares, (len(codes), 1)), np.full((len(codes), 1), OTHER)
        of = codes[claims]
        prior[claims] = np.outer((1 - usual[claims]) / (1 - shares[of]), shares)
        prior[claims, of] = usual[claims]
        strength[claims] = SHARED
        found = (counts + strength * prior) / (counts.sum(axis=1, keepdims=True) + strength)
        return np.asarray(np.log(found) - np.log(shares))

    @cached_property
    def ratios(self) -> npt.NDArray[np.float64]:
        """What each kind of vote adds to the logarithm of the odds of each class, (q, C)."""
        return self._ratios(self._counts, self._codes, np.full(len(self._codes), self._usual()))

    def left_out(self, among: IntArray) -> FloatArray:
        """See :class:`~hitl_widgets.learn.experts.Advice`."""
        of, kind = self._own
        w, hit = self._w[of], (self._codes[kind] == self._y[of]) * self._w[of]
        before = self._evidence(self._n[kind], self._right[kind], kind)
        left = np.maximum(self._n[kind] - w, 0), np.maximum(self._right[kind] - hit, 0)
        after = self._evidence(*left, kind)
        fewer, fewer_right = (
            np.bincount(of, b - a, minlength=len(self._y)) for b, a in zip(before, after, strict=True)
        )
        usual = self._usual(fewer, fewer_right)[of]
        counts = self._counts[kind].copy()
        counts[np.arange(len(of)), self._y[of]] -= w
        ratios = self._ratios(np.maximum(counts, 0), self._codes[kind], usual)
        scores = np.zeros((len(self._y), self._votes.n_classes))
        np.add.at(scores, of, self._share[:, None] * ratios)
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
        counted = Counted(student.votes, self._index[seen], self._y[seen], share)
        T = counted.taught(rows)
        # Items whose votes say little, as those of a broad rule, would teach doubt.
        told = (T * np.log(np.maximum(T, 1e-12) / counted.shares)).sum(axis=1, keepdims=True)
        T = T * np.minimum(told, 1)
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


def completed(
    values: npt.NDArray[np.int16], X: Any, n_classes: int, graph: Graph | None = None
) -> npt.NDArray[np.int16]:
    """Return the votes of one rule, and where they are labels of another task, its predictions elsewhere.

    Only answers that are no class are predicted: what they mean is counted on labels, and few items have
    both. A logistic regression of the features predicts them; or label spreading on the neighbour ``graph``,
    if that is right more often, by more than a standard error, on a fifth that neither has seen. If this is
    no better than the commonest answer, nothing is predicted.
    """
    known = np.flatnonzero(values >= 0)
    if len(known) == len(values) or len(known) < FEW or (values[known] < n_classes).any():
        return values
    known = np.random.default_rng(0).permutation(known)[:TAUGHT]
    seen, unseen = known[len(known) // 5 :], known[: len(known) // 5]
    if len(np.unique(values[seen])) < 2:
        return values
    way = partial(_by_features, values, X)
    with one_blas_thread():
        right = way(seen)(unseen) == values[unseen]
        if graph is not None:
            other = partial(_by_graph, values, X, graph)
            also = other(seen)(unseen) == values[unseen]
            if (also > right).sum() - (right > also).sum() > np.sqrt((also != right).sum()):
                way, right = other, also
        share, commonest = right.mean(), np.bincount(values[known]).max() / len(known)
        if share - 2 * np.sqrt(share * (1 - share) / len(unseen)) <= commonest:
            return values
        answers, found = way(known), values.copy()
        for part in blocks_of(found, SOME):
            give_way()
            left = part.start + np.flatnonzero(found[part] < 0)
            if len(left):
                found[left] = answers(left)
    return found


Answers = Callable[[IntArray], npt.NDArray[Any]]


def _by_features(values: npt.NDArray[np.int16], X: Any, rows: IntArray) -> Answers:
    """Return what a logistic regression of the answers for some rows predicts for others."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=10 * STRENGTH, max_iter=1_000).fit(np.asarray(X[rows]), values[rows])
    return lambda others: np.asarray(model.predict(np.asarray(X[others])))


def _by_graph(values: npt.NDArray[np.int16], X: Any, graph: Graph, rows: IntArray) -> Answers:
    """Return what spreading the answers for some rows predicts for others."""
    codes, y = np.unique(values[rows], return_inverse=True)
    learner = GraphLearner().start(X, len(codes), graph)
    learner.update(rows, y)
    return lambda others: codes[learner.proba(others).argmax(axis=1)]
