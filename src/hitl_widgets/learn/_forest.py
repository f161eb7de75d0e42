"""Training and prediction of decision trees, compiled on first use and cached on disk."""

from __future__ import annotations

from typing import Any

import numpy as np

from hitl_widgets.learn._compile import compiled

__all__ = ["BINS", "grow", "read", "read_left_out"]

BINS = 32


@compiled()
def grow(
    B: Any, y: Any, weight: Any, n_classes: int, n_trees: int, n_tried: int, n_drawn: int, rng: Any
) -> Any:
    """Grow trees on bootstrap samples, choosing each split from ``n_tried`` columns by Gini impurity.

    Parameters
    ----------
    B, y, weight
        uint8 (n, d), bins of the rows, 0 to 31; int64 (n,), class codes; float64 (n,), > 0.
    n_drawn
        Number of rows drawn for each tree.
    rng
        A ``numpy.random.Generator``.

    Returns
    -------
    column
        int32 (n_trees, m): the column that each node splits on, -1 for a leaf. Node 0 is the root.
    cut
        int32 (n_trees, m): the last bin that goes left.
    left
        int32 (n_trees, m): the left child; the right one follows it.
    share
        float32 (n_trees, m, n_classes): the share of each class.
    bag
        int32 (n_trees, n): how often each row is in the tree's sample.
    """
    n, d = B.shape
    most = 2 * min(n, n_drawn)
    column = np.full((n_trees, most), -1, np.int32)
    cut = np.zeros((n_trees, most), np.int32)
    left = np.zeros((n_trees, most), np.int32)
    share = np.zeros((n_trees, most, n_classes), np.float32)
    bag = np.zeros((n_trees, n), np.int32)
    rows = np.empty(n, np.int64)
    columns = np.arange(d)
    low, high = np.zeros(most, np.int64), np.zeros(most, np.int64)
    by_bin = np.zeros((BINS, n_classes))
    total, below = np.zeros(n_classes), np.zeros(n_classes)
    widest = 1
    for t in range(n_trees):
        for _ in range(n_drawn):
            bag[t, rng.integers(0, n)] += 1
        counts = weight * bag[t]
        shown = np.flatnonzero(bag[t])
        rows[: len(shown)] = shown
        low[0], high[0] = 0, len(shown)
        size, node = 1, 0
        while node < size:
            here = rows[low[node] : high[node]]
            total[:] = 0.0
            for i in here:
                total[y[i]] += counts[i]
            share[t, node] = total / total.sum()
            best = -1
            if total.max() < total.sum() * (1 - 1e-9):
                best, cut[t, node] = _best_cut(
                    B, y, counts, here, total, columns, n_tried, by_bin, below, rng
                )
            if best >= 0:
                after = _part(B[:, best], cut[t, node], here)
                column[t, node], left[t, node] = best, size
                low[size], high[size] = low[node], low[node] + after
                low[size + 1], high[size + 1] = low[node] + after, high[node]
                size += 2
            node += 1
        widest = max(widest, size)
    return column[:, :widest], cut[:, :widest], left[:, :widest], share[:, :widest], bag


@compiled()
def _best_cut(
    B: Any,
    y: Any,
    counts: Any,
    here: Any,
    total: Any,
    columns: Any,
    n_tried: int,
    by_bin: Any,
    below: Any,
    rng: Any,
) -> tuple[int, int]:
    """Return the best split: its column, -1 if all rows are alike, and the last bin that goes left."""
    d, n_classes = len(columns), len(total)
    whole = total.sum()
    best, best_column, best_bin = -1.0, -1, 0
    tried = at = 0
    # A column with a single value does not count as tried.
    while at < d and tried < n_tried:
        other = rng.integers(at, d)
        columns[at], columns[other] = columns[other], columns[at]
        k = columns[at]
        at += 1
        first, last = _ends(B, here, k)
        if first == last:
            continue
        tried += 1
        by_bin[first : last + 1] = 0.0
        for i in here:
            by_bin[B[i, k], y[i]] += counts[i]
        below[:] = 0.0
        previous = -1  # the last non-empty bin
        gain = 0.0
        for q in range(first, last + 1):
            if by_bin[q].sum() == 0.0:
                continue
            # Split halfway to the next non-empty bin.
            if previous >= 0 and gain > best:
                best, best_column, best_bin = gain, k, (previous + q - 1) // 2
            lower = upper = n_below = 0.0
            for c in range(n_classes):
                below[c] += by_bin[q, c]
                n_below += below[c]
                lower += below[c] ** 2
                upper += (total[c] - below[c]) ** 2
            gain = lower / n_below + upper / max(whole - n_below, 1e-300)
            previous = q
    return best_column, best_bin


@compiled()
def _ends(B: Any, here: Any, k: int) -> tuple[int, int]:
    first = last = int(B[here[0], k])
    for i in here:
        first, last = min(first, int(B[i, k])), max(last, int(B[i, k]))
    return first, last


@compiled()
def _part(bins: Any, cut: int, here: Any) -> int:
    """Move the rows whose bin is at most ``cut`` to the front, in order; return their number."""
    right = np.empty(len(here), np.int64)
    n_left = n_right = 0
    for j in range(len(here)):
        if bins[here[j]] <= cut:
            here[n_left] = here[j]
            n_left += 1
        else:
            right[n_right] = here[j]
            n_right += 1
    here[n_left:] = right[:n_right]
    return n_left


@compiled()
def _leaf(X: Any, i: int, column: Any, threshold: Any, left: Any, t: int) -> int:
    """Return the leaf of a tree that a row falls into."""
    node = 0
    while column[t, node] >= 0:
        node = left[t, node] + (X[i, column[t, node]] > threshold[t, node])
    return node


@compiled()
def read(X: Any, column: Any, threshold: Any, left: Any, share: Any, into: Any) -> None:
    """Write the mean class shares of the leaves of each row of X, (n, d), to ``into``, (n, n_classes)."""
    n_trees, n_classes = len(column), share.shape[2]
    for i in range(len(X)):
        into[i] = 0.0
        for t in range(n_trees):
            node = _leaf(X, i, column, threshold, left, t)
            for c in range(n_classes):
                into[i, c] += share[t, node, c]
        into[i] /= n_trees


@compiled()
def read_left_out(X: Any, column: Any, threshold: Any, left: Any, share: Any, bag: Any, into: Any) -> None:
    """Like :func:`read`, but only with trees not trained on a row, by ``bag``; 0 if there are none."""
    n_trees, n_classes = len(column), share.shape[2]
    for i in range(len(X)):
        into[i] = 0.0
        count = 0
        for t in range(n_trees):
            if bag[t, i] > 0:
                continue
            node = _leaf(X, i, column, threshold, left, t)
            for c in range(n_classes):
                into[i, c] += share[t, node, c]
            count += 1
        if count > 0:
            into[i] /= count
