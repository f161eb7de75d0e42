"""Nested groups of items that hang together on the neighbor graph, and those that no class explains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import linkage
from scipy.sparse import csr_array
from scipy.stats import beta

from hitl_widgets.background.turns import give_way
from hitl_widgets.learn.learner import FloatArray, Graph, IntArray, Landmarks
from hitl_widgets.learn.scoring import blocks_of
from hitl_widgets.learn.views import smoothed

__all__ = ["Groups", "Unexplained", "unexplained"]

# Up to so many items are joined one by one; of larger pools, the cells around so many of their items.
CELLS = 3_000
# Rows that are compared with the centers at a time.
SOME = 2_048
# Answers, skipped items included, before any group is proposed.
EARLY = 20
# A group has at least so many items, of which so many were asked and so many are unlabeled.
LEAST, ASKED, LEFT = 8, 4, 5
# A group has at most this share of the items.
LARGEST = 1 / 3
# A class explains a group if it has at least this share of its answers.
EXPLAINS = 0.7
# The least score of a group that is proposed (benchmarks/teach/proposals.py).
ENOUGH = 0.17
# A group of which more than this share of the answers are skips is proposed, too, with this probability.
REFUSES, SURE = 0.6, 0.9
# Groups that share this part of the smaller one are the same.
SAME = 0.3


@dataclass(frozen=True, eq=False)
class Groups:
    """A tree of groups: each is joined of two smaller ones.

    Attributes
    ----------
    order
        int64 of shape (n,): the rows of the pool, so that each group is a range of them.
    start, end
        int64 of shape (g,): the range of each group.
    coherence
        float64 of shape (g,): the share of the weight of its edges that stays within the group, which is 1
        minus its conductance if it is not larger than the rest.
    """

    order: npt.NDArray[np.int64]
    start: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]
    coherence: npt.NDArray[np.float64]

    @classmethod
    def of(cls, X: Any, graph: Graph) -> Groups:
        """Join the items by Ward's method (1963), on features averaged over the graph."""
        home = None
        if isinstance(graph, Landmarks):
            X, W, home = graph.X, graph.affinity, graph.nearest[:, 0]
        else:
            W = graph
        Z = smoothed(X, W)
        cell = _cells(Z)
        if cell is not None:
            m = int(cell.max()) + 1
            member = csr_array((np.ones(len(cell)), (cell, np.arange(len(cell)))), shape=(m, len(cell)))
            W = csr_array(member @ W @ member.T)
            Z = np.asarray(member @ Z / np.bincount(cell)[:, None])
        of = np.arange(len(Z)) if cell is None else cell
        return _tree(linkage(Z, "ward"), W, of if home is None else of[home])

    def __len__(self) -> int:
        return len(self.start)

    def sums(self, values: FloatArray) -> npt.NDArray[np.float64]:
        """Return the sums of values of items, (n, k), over each group, (g, k)."""
        total = np.zeros((len(values) + 1, values.shape[1]))
        np.cumsum(values[self.order], axis=0, out=total[1:])
        return np.asarray(total[self.end] - total[self.start])

    def rows(self, group: int) -> npt.NDArray[np.int64]:
        """Return the rows of a group, ascending."""
        return np.sort(self.order[self.start[group] : self.end[group]])


def _cells(Z: npt.NDArray[np.float32]) -> npt.NDArray[np.int64] | None:
    """Return the nearest of 3,000 random rows for each row; None if there are no more rows than these."""
    if len(Z) <= CELLS:
        return None
    centres = Z[np.sort(np.random.default_rng(0).permutation(len(Z))[:CELLS])]
    half = (centres**2).sum(axis=1) / 2
    cell = np.empty(len(Z), np.int64)
    for part in blocks_of(Z, SOME):
        give_way()
        cell[part] = (Z[part] @ centres.T - half).argmax(axis=1)
    return np.unique(cell, return_inverse=True)[1].astype(np.int64)


def _tree(joined: FloatArray, W: csr_array, cell: npt.NDArray[np.int64]) -> Groups:
    """Lay out the tree of the cells so that each group is a range of items."""
    pairs = joined[:, :2].astype(np.int64)
    m = len(pairs) + 1
    size = np.concatenate([np.bincount(cell, minlength=m), np.zeros(m - 1, np.int64)])
    leaves = np.concatenate([np.ones(m, np.int64), np.zeros(m - 1, np.int64)])
    for j, (a, b) in enumerate(pairs.tolist(), m):
        size[j], leaves[j] = size[a] + size[b], leaves[a] + leaves[b]
    start, first = np.zeros(2 * m - 1, np.int64), np.zeros(2 * m - 1, np.int64)
    # The groups that join each two neighboring cells of the layout.
    joint = np.zeros(m, np.int64)
    for j in range(2 * m - 2, m - 1, -1):
        a, b = pairs[j - m]
        start[a], first[a] = start[j], first[j]
        start[b], first[b] = start[j] + size[a], first[j] + leaves[a]
        joint[first[b] - 1] = j
    volume = np.concatenate([np.asarray(W.sum(axis=1), np.float64).ravel(), np.zeros(m - 1)])
    inner = np.zeros(2 * m - 1)
    edges = W.tocoo()
    loops = edges.row == edges.col
    np.add.at(inner, edges.row[loops], edges.data[loops])
    one, two = np.sort([first[edges.row[~loops]], first[edges.col[~loops]]], axis=0)
    np.add.at(inner, _most(joint, one, two), edges.data[~loops])
    for j, (a, b) in enumerate(pairs.tolist(), m):
        volume[j] = volume[a] + volume[b]
        inner[j] += inner[a] + inner[b]
    order = np.argsort(first[cell], kind="stable").astype(np.int64)
    return Groups(order, start, start + size, inner / np.where(volume > 0, volume, 1))


def _most(values: IntArray, low: IntArray, high: IntArray) -> IntArray:
    """Return the maxima of ``values[low:high]``, low < high, by a table of those over powers of two."""
    table = [np.asarray(values)]
    while 2 ** len(table) <= len(values):
        last, step = table[-1], 2 ** (len(table) - 1)
        table.append(np.maximum(last, np.concatenate([last[step:], np.zeros(step, last.dtype)])))
    level = np.log2(high - low).astype(np.int64)
    every = np.array(table)
    return np.asarray(np.maximum(every[level, low], every[level, high - 2**level]))


@dataclass(frozen=True, eq=False)
class Unexplained:
    """A group that no class explains.

    Attributes
    ----------
    rows
        int64 of shape (m,): its rows, ascending.
    score
        How clear this is, 0 to 1.
    """

    rows: npt.NDArray[np.int64]
    score: float


def unexplained(
    groups: Groups,
    doubt: FloatArray,
    y: IntArray,
    skipped: npt.NDArray[np.bool_],
    n_classes: int,
    *,
    enough: float = ENOUGH,
) -> list[Unexplained]:
    """Find groups whose items are in doubt although several were asked, and whose answers no class explains.

    The score is ``c^2 p (u - v)``: c is the coherence of the group, u the mean uncertainty of its unlabeled
    items and v that of all others, and p the probability that the most frequent class has less than 70 % of
    its answers, by a Beta distribution with a uniform prior; skipped items count as answers of no class. So
    a group is not proposed where everything is in doubt, nor where several classes overlap but the model
    tells them apart.

    If people skip most of a group, they say so themselves, also where everything is in doubt: the score is
    then at least the probability that more than 60 % of its answers are skips, if that is 90 % or more. Of
    groups with the same answers, the smallest counts.

    Parameters
    ----------
    groups
        The groups of the pool.
    doubt
        float of shape (n,): 1 minus the margin between the two most likely classes.
    y
        int of shape (n,): class codes, -1 if unlabeled.
    skipped
        bool of shape (n,): items that people were asked and left unanswered.
    n_classes
        Number of classes.
    enough
        The least score.

    Returns
    -------
    list of Unexplained
        The clearest first. None shares more than 30 % of the smaller group with an earlier one.
    """
    left = y < 0
    labels = np.zeros((len(y), n_classes))
    labels[np.flatnonzero(~left), y[~left]] = 1
    values = np.column_stack([np.ones(len(y)), left, doubt * left, skipped & left, labels])
    size, n_left, doubts, n_skipped, *_ = (sums := groups.sums(values)).T
    per_class = sums[:, 4:]
    asked, most = per_class.sum(axis=1) + n_skipped, per_class.max(axis=1)
    if asked[-1] < EARLY:
        return []
    mixed = beta.cdf(EXPLAINS, most + 1, asked - most + 1)
    inside = doubts / np.maximum(n_left, 1)
    outside = (doubts[-1] - doubts) / np.maximum(n_left[-1] - n_left, 1)
    score = groups.coherence**2 * mixed * (inside - outside)
    skips = beta.sf(REFUSES, n_skipped + 1, asked - n_skipped + 1)
    score = np.where(skips >= SURE, np.maximum(score, skips), score)
    score[(size < LEAST) | (size > LARGEST * len(y)) | (asked < ASKED) | (n_left < LEFT)] = 0
    found: list[Unexplained] = []
    for group in np.lexsort((size, -score)):
        if score[group] < enough:
            break
        rows = groups.rows(int(group))
        if all(len(np.intersect1d(rows, one.rows)) <= SAME * min(len(rows), len(one.rows)) for one in found):
            found.append(Unexplained(rows, float(score[group])))
    return found
