"""The reward: how good a candidate is, learned from comparisons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve, solve_triangular
from scipy.sparse import csr_array
from scipy.special import expit, log_expit

from hitl_widgets.background.turns import give_way

__all__ = ["Basis", "Comparisons", "Layout", "Posterior", "Scales", "fit", "tuned", "tuning_size"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Columns for a linear and for a curved reward. The time of a fit grows with the square of their number, so
# there are fewer for many candidates.
COLUMNS, FEWER, MANY = (96, 64), (64, 32), 2_000
# The standard deviations, before anybody has answered, of what the side and a doubling of the length add.
SIDE, LENGTH = 0.5, 0.5
STEPS, CLOSE = 30, 1e-3
# At each of these numbers of comparisons the scales are chosen anew, by the first of them.
TUNED_AT = tuple(20 * 2**k for k in range(8))
JITTER = 1e-6
# Points at which a gradient is integrated: exact to rounding for features of length 1.
GAUSS = 16


@dataclass(frozen=True, eq=False)
class Layout:
    """Which candidate belongs to which prompt.

    Attributes
    ----------
    prompt, place
        int64 of shape (n,): the prompt of each candidate, and its place among the candidates of this prompt.
    """

    prompt: Ints
    place: Ints

    def __len__(self) -> int:
        return len(self.prompt)

    @classmethod
    def of(cls, prompt: Sequence[int] | Ints) -> Layout:
        """Return the layout of candidates that are sorted by prompt."""
        at = np.asarray(prompt, np.int64)
        starts = np.searchsorted(at, at)
        return cls(at, np.arange(len(at)) - starts)

    @cached_property
    def n_prompts(self) -> int:
        """The number of prompts."""
        return int(self.prompt.max(initial=-1)) + 1

    @cached_property
    def most(self) -> int:
        """The number of candidates of the prompt that has most."""
        return int(self.place.max(initial=0)) + 1

    @cached_property
    def cell(self) -> Ints:
        """int64 of shape (n,): where each candidate lies in a table of prompts by places."""
        return self.prompt * self.most + self.place


@dataclass(frozen=True, eq=False)
class Comparisons:
    """Answers to comparisons.

    Attributes
    ----------
    first, second
        int64 of shape (m,): the candidates; the first was shown on the left.
    y
        float64 of shape (m,): 1 if the first won, 0 if the second did, 0.5 for a tie.
    weight
        float64 of shape (m,): how much each counts.
    sided
        Whether the side may have mattered; not in rankings. For each one, bool of shape (m,), or for all.
    """

    first: Ints
    second: Ints
    y: Floats
    weight: Floats
    sided: bool | npt.NDArray[np.bool_] = True

    def __len__(self) -> int:
        return len(self.y)

    def head(self, n: int) -> Comparisons:
        """Return the first ``n``."""
        sided = self.sided if isinstance(self.sided, bool) else self.sided[:n]
        return Comparisons(self.first[:n], self.second[:n], self.y[:n], self.weight[:n], sided)

    def beside(self, others: Comparisons) -> Comparisons:
        """Return these and others, in this order."""
        if not len(others):
            return self
        first, second, y, weight = (
            np.concatenate([getattr(one, name) for one in (self, others)])
            for name in ("first", "second", "y", "weight")
        )
        sided = [np.broadcast_to(one.sided, len(one)) for one in (self, others)]
        return Comparisons(first, second, y, weight, np.concatenate(sided))


class Basis:
    """Columns of which the reward is a weighted sum: linear and curved in the features, and the length.

    Linear ones are principal components of the differences within prompts, because what the candidates of a
    prompt have in common decides nothing. Curved ones are a Nystroem approximation (Williams and Seeger 2001)
    of a Gaussian kernel, which is exact for up to 64 candidates.

    Parameters
    ----------
    Z
        Features of the candidates, (n, d).
    layout
        Their prompts.
    length
        The length of each, in characters; None if they are no texts.
    """

    def __init__(self, Z: npt.NDArray[Any], layout: Layout, length: npt.NDArray[Any] | None = None) -> None:
        rows = np.asarray(Z, np.float64)
        n = len(rows)
        linear, curved = COLUMNS if n <= MANY else FEWER
        sums = np.zeros((layout.n_prompts, rows.shape[1]))
        np.add.at(sums, layout.prompt, rows)
        counts = np.bincount(layout.prompt, minlength=layout.n_prompts)
        self.middle = rows.mean(axis=0)
        within = rows - (sums / counts[:, None])[layout.prompt]
        _, values, V = np.linalg.svd(within.T @ within)
        kept = int((values > values[0] * 1e-10).sum()) if values.size and values[0] > 0 else 0
        self.axes = V[: min(kept, linear)].T
        spread = float(np.sqrt((within**2).sum() / max(n - layout.n_prompts, 1))) or 1.0
        self.spread = spread
        chosen = np.random.default_rng(0).permutation(n)[:curved]
        self.marks = np.unique((rows - self.middle)[chosen] / spread, axis=0)
        K = _gaussian(self.marks, self.marks)
        self.root = np.linalg.inv(np.linalg.cholesky(K + JITTER * np.eye(len(K)))).T
        self.has_length = length is not None
        self.usual = 0.0 if length is None else float(_log2(length).mean())
        self.sizes = (self.axes.shape[1], len(self.marks), int(self.has_length))
        self.rows = self.transform(rows, length)

    def transform(self, Z: npt.NDArray[Any], length: npt.NDArray[Any] | None = None) -> Floats:
        """Return the columns of candidates, (n, q)."""
        rows = (np.asarray(Z, np.float64) - self.middle) / self.spread
        parts = [rows @ self.axes, _gaussian(rows, self.marks) @ self.root]
        if self.has_length:
            assert length is not None  # noqa: S101 - texts have one
            parts.append((_log2(length) - self.usual)[:, None])
        return np.concatenate(parts, axis=1)

    def slope(self, weights: Floats, z: Floats) -> Floats:
        """Return how a weighted sum of the columns, except the length, rises along the way from 0 to ``z``.

        Its product with ``z`` is the difference of the sums at ``z`` and at 0: integrated gradients
        (Sundararajan, Taly and Yan 2017).

        Parameters
        ----------
        weights
            The weights of the columns, (q,).
        z
            The features of a candidate, (d,).
        """
        n_linear, n_curved, _ = self.sizes
        linear = self.axes @ weights[:n_linear]
        heights = self.root @ weights[n_linear : n_linear + n_curved]
        steps, shares = np.polynomial.legendre.leggauss(GAUSS)
        way = (np.outer((steps + 1) / 2, z) - self.middle) / self.spread
        bumps = _gaussian(way, self.marks) * heights
        curved = bumps @ self.marks - bumps.sum(axis=1)[:, None] * way
        return np.asarray((linear + shares / 2 @ curved) / self.spread, np.float64)


def _log2(length: npt.NDArray[Any]) -> Floats:
    return np.log2(np.maximum(np.asarray(length, np.float64), 1))


def _gaussian(A: Floats, B: Floats) -> Floats:
    square = (A**2).sum(axis=1)[:, None] + (B**2).sum(axis=1) - 2 * A @ B.T
    return np.asarray(np.exp(-np.maximum(square, 0) / 2))


@dataclass(frozen=True)
class Scales:
    """Standard deviations of the reward before anybody has answered.

    Attributes
    ----------
    linear, curved
        Of its linear and its curved part.
    own
        Of what each candidate has of its own, which its features do not say.
    """

    linear: float = 1.5
    curved: float = 1.0
    own: float = 0.5

    def columns(self, sizes: tuple[int, int, int]) -> Floats:
        """Return the factor of each column of a basis, (q,)."""
        return np.repeat([self.linear, self.curved, LENGTH], sizes)


@dataclass(frozen=True, eq=False)
class Posterior:
    """What is known about the rewards after some comparisons; made by :func:`fit`.

    Attributes
    ----------
    mean
        float64 of shape (n,): the reward of each candidate.
    side
        What being on the left adds to the log odds, and its standard deviation.
    given
        The comparisons.
    length
        What a doubling of the length adds, and its standard deviation; 0 without a length.
    evidence
        The logarithm of the marginal likelihood.
    weights, root
        The weights of the columns, (q,), and a root of their covariance, (q, r).
    own
        What each candidate has of its own, in a table of prompts by places, (n_prompts, k).
    """

    layout: Layout
    scales: Scales
    factor: Floats
    mean: Floats
    side: tuple[float, float]
    evidence: float
    weights: Floats
    root: Floats
    own: Floats = field(repr=False)
    _rows: Floats = field(repr=False)
    _cov: Floats = field(repr=False)  # of what candidates have of their own, by touched prompt
    _shift: Floats = field(repr=False)
    _touched: Ints = field(repr=False)
    given: Comparisons = field(repr=False)
    length: tuple[float, float] = (0.0, 0.0)

    @cached_property
    def _loadings(self) -> npt.NDArray[np.float32]:
        """(n_cells, r): how the reward of each candidate depends on independent unknowns."""
        lay, k = self.layout, self.layout.most
        found = np.zeros((lay.n_prompts * k, self.root.shape[1]), np.float32)
        found[lay.cell] = self._rows.astype(np.float32) @ self.root[: self._rows.shape[1]].astype(np.float32)
        cells = (self._touched[:, None] * k + np.arange(k)).ravel()
        found[cells] -= (self._shift @ self.root).astype(np.float32)
        return found

    @cached_property
    def covariance(self) -> npt.NDArray[np.float32]:
        """float32 of shape (n_prompts, k, k): of the rewards of the candidates of each prompt."""
        k, V = self.layout.most, self._loadings
        V = V.reshape(-1, k, V.shape[1])
        found = np.asarray(V @ V.transpose(0, 2, 1), np.float32)
        own = np.broadcast_to(np.eye(k, dtype=np.float32) * self.scales.own**2, found.shape).copy()
        own[self._touched] = self._cov
        return found + own

    @cached_property
    def sd(self) -> Floats:
        """float64 of shape (n,): the standard deviation of the reward of each candidate."""
        at = self.layout
        return np.sqrt(self.covariance[at.prompt, at.place, at.place].astype(np.float64))

    def differences(self, first: Ints, second: Ints) -> tuple[Floats, Floats]:
        """Return the means and variances of the differences of two candidates of one prompt, (m,) each."""
        lay, S = self.layout, self.covariance
        p, i, j = lay.prompt[first], lay.place[first], lay.place[second]
        variance = S[p, i, i] + S[p, j, j] - 2 * S[p, i, j]
        return self.mean[first] - self.mean[second], np.maximum(variance.astype(np.float64), 1e-9)

    def left_out(self) -> tuple[Floats, Floats]:
        """Return the log odds of each comparison from all others, and their variances, (m,) each.

        Without another fit, by one step of Newton's method (Rad and Maleki 2020).
        """
        given, lay = self.given, self.layout
        V = self._loadings
        side = self.root[-1].astype(np.float32) * np.float32(SIDE)
        side = np.broadcast_to(given.sided, len(given)).astype(np.float32)[:, None] * side
        a, b = lay.cell[given.first], lay.cell[given.second]
        block = np.searchsorted(self._touched, lay.prompt[given.first])
        i, j, C = lay.place[given.first], lay.place[given.second], self._cov
        variance = ((V[a] - V[b] + side) ** 2).sum(axis=1) + C[block, i, i] + C[block, j, j]
        variance = variance.astype(np.float64) - 2 * C[block, i, j]
        odds = self.mean[given.first] - self.mean[given.second] + self.side[0] * given.sided
        p = expit(odds)
        curve = 1 - np.minimum(variance * given.weight * p * (1 - p), 0.99)
        return odds - variance * given.weight * (given.y - p) / curve, variance / curve

    def of(self, rows: Floats) -> tuple[Floats, Floats]:
        """Return the rewards of new candidates by their columns, and their standard deviations, (m,) each."""
        q = rows.shape[1]
        scaled = rows * self.factor
        loads = scaled @ self.root[:q]
        return scaled @ self.weights[:q], np.sqrt((loads**2).sum(axis=1) + self.scales.own**2)


def fit(
    basis: Basis,
    layout: Layout,
    given: Comparisons,
    scales: Scales | None = None,
    start: Posterior | None = None,
) -> Posterior:
    """Fit the reward to comparisons: the model of Bradley and Terry (1952) with a Gaussian process.

    The reward of a candidate is a weighted sum of the columns of its basis plus something of its own. All
    have normal priors, and the posterior is approximated by Laplace's method (Chu and Ghahramani 2005). What
    candidates have of their own is eliminated prompt by prompt, so that the time grows linearly with the
    number of candidates. A tie is half a win of each.

    Parameters
    ----------
    start
        An earlier posterior with the same scales, from which the search starts.
    """
    scales = scales or Scales()
    factor = scales.columns(basis.sizes)
    rows = basis.rows * factor
    q, k = rows.shape[1] + 1, layout.most
    touched, X, D, flat = _design(rows, layout, given)
    prior = np.eye(k) / scales.own**2
    w, u = np.zeros(q), np.zeros(len(touched) * k)
    if start is not None and start.scales == scales:
        w, u = start.weights, start.own[touched].ravel()

    def value(odds: Floats, w: Floats, u: Floats) -> float:
        fits = given.y * log_expit(odds) + (1 - given.y) * log_expit(-odds)
        return float(given.weight @ fits - w @ w / 2 - u @ u / (2 * scales.own**2))

    odds = X @ w + D @ u
    now = value(odds, w, u)
    for _ in range(STEPS):
        give_way()
        p = expit(odds)
        curve, slope = given.weight * p * (1 - p), given.weight * (given.y - p)
        L = np.bincount(flat, np.concatenate([curve, curve, -curve, -curve]), len(touched) * k * k)
        C = np.linalg.inv(prior + L.reshape(-1, k, k))
        B = np.asarray(D.T @ (curve[:, None] * X))
        CB = (C @ B.reshape(-1, k, q)).reshape(-1, q)
        S = np.eye(q) + X.T @ (curve[:, None] * X) - B.T @ CB
        factored = cho_factor(S, lower=True)
        gu = D.T @ slope - u / scales.own**2
        dw = cho_solve(factored, X.T @ slope - w - CB.T @ gu)
        du = (C @ (gu - B @ dw).reshape(-1, k, 1)).ravel()
        step, moved = 1.0, X @ dw + D @ du
        while step > 1e-3 and value(odds + step * moved, w + step * dw, u + step * du) < now:
            step /= 2
        if np.abs(step * moved).max(initial=0) < CLOSE:
            break
        w, u, odds = w + step * dw, u + step * du, odds + step * moved
        now = value(odds, w, u)
    root = solve_triangular(factored[0], np.eye(q), lower=True).T
    evidence = now - float(np.log(np.diag(factored[0])).sum())
    evidence += float(np.linalg.slogdet(C)[1].sum()) / 2 - len(touched) * k * np.log(scales.own)
    own = np.zeros((layout.n_prompts, k))
    own[touched] = u.reshape(-1, k)
    mean = rows @ w[:-1] + own[layout.prompt, layout.place]
    side = (SIDE * float(w[-1]), SIDE * float(np.linalg.norm(root[-1])))
    length = (
        (LENGTH * float(w[-2]), LENGTH * float(np.linalg.norm(root[-2]))) if basis.has_length else (0.0, 0.0)
    )
    return Posterior(
        layout, scales, factor, mean, side, evidence, w, root, own,
        rows, C.astype(np.float32), CB, touched, given, length,
    )  # fmt: skip


def _design(rows: Floats, layout: Layout, given: Comparisons) -> tuple[Ints, Floats, csr_array, Ints]:
    """Return the prompts that were asked about, and what the log odds of the comparisons consist of.

    These are the columns, with the side as the last, (m, q); the candidates in a table of these prompts by
    places, sparse (m, n_touched * k); and where each comparison enters into k by k tables of the prompts.
    """
    m, k = len(given), layout.most
    touched, block = np.unique(layout.prompt[given.first], return_inverse=True)
    i, j = layout.place[given.first], layout.place[given.second]
    X = np.empty((m, rows.shape[1] + 1))
    X[:, :-1] = rows[given.first] - rows[given.second]
    X[:, -1] = SIDE * np.asarray(given.sided, np.float64)
    left, right = block * k + i, block * k + j
    signs = np.concatenate([np.ones(m), -np.ones(m)])
    ends = np.tile(np.arange(m), 2), np.concatenate([left, right])
    D = csr_array((signs, ends), (m, len(touched) * k))
    return touched, X, D, np.concatenate([left * k + i, right * k + j, left * k + j, right * k + i])


def tuned(basis: Basis, layout: Layout, given: Comparisons, sweeps: int = 3) -> Scales:
    """Return the scales with the highest evidence, by coordinate search in factors of 2."""
    best = Scales()
    known = {best: fit(basis, layout, given, best).evidence}
    for _ in range(sweeps):
        before = best
        for name in ("linear", "curved", "own"):
            for factor in (2.0, 0.5):
                one = replace(best, **{name: float(np.clip(getattr(best, name) * factor, 0.05, 8))})
                if one not in known:
                    give_way()
                    known[one] = fit(basis, layout, given, one).evidence
                if known[one] > known[best]:
                    best = one
                    break
        if best == before:
            break
    return best


def tuning_size(n: int) -> int:
    """Return how many of ``n`` comparisons choose the scales: none, 20, 40, 80, ..."""
    return max((size for size in TUNED_AT if size <= n), default=0)
