"""Strategies that minimize the expected remaining error."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import csr_array, diags_array

from hitl_widgets.background.turns import one_blas_thread
from hitl_widgets.errors import InvalidInput
from hitl_widgets.learn.learner import Affinity, FloatArray, IntArray, Refreshable
from hitl_widgets.learn.strategies.base import Context, best_first, rank, start_learner
from hitl_widgets.learn.strategies.uncertainty import least_confident, margin

__all__ = ["expected_error_reduction", "graph_error_reduction"]

FITS = 100
EVALUATED = 200
LIKELY = 0.01
PRIOR = 1e-3
DENSE = 3_000
CANDIDATES = 300
CANDIDATES_SPARSE = 50

Solve = Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]


def expected_error_reduction(proba: FloatArray, context: Context) -> FloatArray:
    """Return minus the expected error after the item is labeled (Roy and McCallum 2001).

    For each item and each class with a probability of at least 1 %, the learner is refitted with this label.
    The 0/1 error is estimated as 1 minus the largest probabilities, weighted by the probability of the class.
    This takes items times classes fits, so, like the authors, we try only the items with the smallest margin,
    up to about 100 fits, and evaluate on 200 random unlabeled items. All others follow, ordered by their
    margin. Without labels, this is the margin. For ``auto``, which would be too slow, a logistic regression
    is used.
    """
    behind = margin(proba, context)
    labelled = np.flatnonzero(context.y >= 0)
    unlabelled = np.flatnonzero(context.y < 0)
    if not len(labelled) or not context.candidates.any():
        return behind
    rng, k = context.random_state, proba.shape[1]
    tried = rank(behind, context.candidates, max(5, FITS // k), rng)
    judged = rng.choice(unlabelled, min(EVALUATED, len(unlabelled)), replace=False)
    return _first(tried, -_expected_errors(proba[tried], tried, labelled, judged, context), behind)


def _first(tried: Sequence[int], utilities: FloatArray, behind: FloatArray) -> FloatArray:
    """Return the utilities of tried items, with all others slightly lower, in the order of ``behind``."""
    step = float(np.ptp(utilities) or 1) / 100
    values = utilities.min() + step * (best_first([], behind) - 2)
    values[list(tried)] = utilities
    return np.asarray(values)


def _expected_errors(
    proba: FloatArray, tried: Sequence[int], labelled: IntArray, judged: IntArray, context: Context
) -> npt.NDArray[np.float64]:
    slow = isinstance(context.learner, Refreshable)
    learner = start_learner(replace(context, learner=None) if slow else context, proba.shape[1])
    remaining = np.zeros(len(tried))
    for place, item in enumerate(tried):
        rows = np.append(labelled, item)
        for code in np.flatnonzero(proba[place] >= LIKELY):
            # Reusing one learner is several times faster, because of warm starts.
            learner.update(rows, np.append(context.y[labelled], code).astype(np.int64))
            left = float((1 - learner.proba(judged).max(axis=1)).mean())
            remaining[place] += proba[place, code] * left
    return remaining


def graph_error_reduction(proba: FloatArray, context: Context) -> FloatArray:
    """Return minus the expected risk of the harmonic function on the graph after the item is labeled.

    Zhu, Lafferty and Ghahramani 2003 (Combining active learning and semi-supervised learning using Gaussian
    fields): a label changes the field by one column of the inverse Laplacian, so retraining is exact and
    takes one pass. Every item is connected with a small weight (1e-3 of the mean degree) to the model's
    probabilities, the authors' "external classifier", so that the field is defined in unlabeled parts of the
    graph.

    Up to 3,000 unlabeled items, it is computed exactly for the 300 least certain ones; above, for the 50
    least certain ones, with columns by conjugate gradients to 1e-2. All others follow.

    Raises
    ------
    InvalidInput
        If the context has no affinity.
    """
    if context.affinity is None:
        raise InvalidInput(
            "strategy='graph_error_reduction' needs the neighbor graph, which is not available (yet): "
            "wait until it is built, or use 'margin' or 'expected_error_reduction'."
        )
    free = np.flatnonzero(context.y < 0)
    if not context.candidates.any():
        return np.zeros(len(proba))
    solve, pull = _field(proba, context, free, context.affinity)
    F = solve(pull)
    doubt = np.zeros(len(proba))
    doubt[free] = least_confident(F, context)
    limit = CANDIDATES if len(free) <= DENSE else CANDIDATES_SPARSE
    tried = rank(doubt, context.candidates, limit, context.random_state)
    risks = _risks(F, np.searchsorted(free, tried), solve)
    return _first(tried, -risks, doubt)


def _field(
    proba: FloatArray, context: Context, free: IntArray, affinity: Affinity
) -> tuple[Solve, npt.NDArray[np.float64]]:
    """Return a solver for the Laplacian of unlabeled items, and the effect of labels and prior on them."""
    W: Any = csr_array(affinity).astype(np.float64)
    degree = np.asarray(W.sum(axis=1)).ravel()
    prior = PRIOR * (float(degree.mean()) or 1.0)
    labelled = np.flatnonzero(context.y >= 0)
    Y = (context.y[labelled][:, None] == np.arange(proba.shape[1])).astype(np.float64)
    rows = W[free]
    total = proba[free].sum(axis=1, keepdims=True, dtype=np.float64)
    pull = rows[:, labelled] @ Y + prior * proba[free] / np.maximum(total, 1e-12)
    A: Any = csr_array(diags_array(degree[free] + prior) - rows[:, free])
    if len(free) <= DENSE:
        with one_blas_thread():
            factor = cho_factor(A.toarray(), overwrite_a=True, check_finite=False)
        return (lambda b: np.asarray(cho_solve(factor, b, check_finite=False))), np.asarray(pull)
    return (lambda b: _conjugate_gradients(A, b)), np.asarray(pull)


def _risks(F: npt.NDArray[np.float64], places: IntArray, solve: Solve) -> npt.NDArray[np.float64]:
    """Return the expected risk after labeling each position: the sum of 1 minus the largest field."""
    risks = np.empty(len(places))
    for low in range(0, len(places), 256):
        part = places[low : low + 256]
        unit = np.zeros((len(F), len(part)))
        unit[part, np.arange(len(part))] = 1
        columns = solve(unit)
        for j, place in enumerate(part):
            g = columns[:, j] / columns[place, j]
            # With class c, the field is F + g (e_c - F[place]); only column c has the + g.
            moved = F.T - F[place][:, None] * g
            largest = np.maximum(moved.max(axis=0), moved + g).sum(axis=1)
            risks[low + j] = len(F) - float(F[place] @ largest)
    return risks


def _conjugate_gradients(
    A: Any, b: npt.NDArray[np.float64], tolerance: float = 1e-2, steps: int = 200
) -> npt.NDArray[np.float64]:
    """Solve A x = b for all columns at once (Hestenes and Stiefel 1952), scaled by the diagonal."""
    inverse = 1 / A.diagonal()[:, None]
    x = np.zeros_like(b)
    r = b.copy()
    z = inverse * r
    p = z.copy()
    rz = (r * z).sum(axis=0)
    goal = tolerance**2 * rz
    for _ in range(steps):
        if (rz <= goal).all():
            break
        q = A @ p
        step = rz / np.maximum((p * q).sum(axis=0), 1e-300)
        x += step * p
        r -= step * q
        z = inverse * r
        before, rz = rz, (r * z).sum(axis=0)
        p = z + (rz / np.maximum(before, 1e-300)) * p
    return x
