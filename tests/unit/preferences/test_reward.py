"""The reward beside the same posterior computed densely, and beside choix."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.special import expit

from hitl_widgets.preferences.reward import Basis, Comparisons, Layout, Scales, fit, tuned, tuning_size

SIZES = [3, 5, 2, 4, 6, 2]


def world(seed: int = 0, m: int = 50, sizes: list[int] = SIZES) -> tuple[Basis, Layout, Comparisons, Any]:
    """Candidates of prompts of different sizes, and comparisons in all but the last prompt."""
    rng = np.random.default_rng(seed)
    layout = Layout.of(np.repeat(np.arange(len(sizes)), sizes))
    Z = rng.normal(size=(len(layout), 4))
    worth = Z @ rng.normal(size=4) * 2
    basis = Basis(Z, layout, rng.integers(5, 80, len(layout)))
    starts = np.cumsum([0, *sizes[:-1]])
    first, second = [], []
    for p in rng.integers(0, max(1, len(sizes) - 1), m):
        a, b = rng.choice(sizes[p], 2, replace=False)
        first.append(starts[p] + a)
        second.append(starts[p] + b)
    a, b = np.array(first), np.array(second)
    y = (rng.random(m) < expit(worth[a] - worth[b])).astype(float)
    y[::7] = 0.5
    return basis, layout, Comparisons(a, b, y, rng.choice([0.5, 1.0, 2.0], m)), worth


def dense(basis: Basis, given: Comparisons, scales: Scales) -> tuple[Any, Any, float]:
    """Mean and covariance of all rewards and of the side by Laplace's method, and the evidence."""
    F = basis.rows * scales.columns(basis.sizes)
    n, m = len(F), len(given)
    K = np.zeros((n + 1, n + 1))
    K[:n, :n] = F @ F.T + scales.own**2 * np.eye(n)
    K[n, n] = 0.25
    A = np.zeros((m, n + 1))
    A[np.arange(m), given.first], A[np.arange(m), given.second], A[:, n] = 1, -1, float(given.sided)
    inverse, f = np.linalg.inv(K), np.zeros(n + 1)
    for _ in range(50):
        p = expit(A @ f)
        W = given.weight * p * (1 - p)
        H = inverse + A.T @ (W[:, None] * A)
        f += np.linalg.solve(H, A.T @ (given.weight * (given.y - p)) - inverse @ f)
    p = expit(A @ f)
    fits = given.weight @ (given.y * np.log(p) + (1 - given.y) * np.log(1 - p))
    volume = np.linalg.slogdet(np.eye(n + 1) + K @ (A.T @ (W[:, None] * A)))[1]
    return f, np.linalg.inv(H), float(fits - f @ inverse @ f / 2 - volume / 2)


@pytest.mark.parametrize("sided", [True, False])
def test_elimination_by_prompt_gives_the_exact_posterior(sided: bool) -> None:
    basis, layout, given, _ = world()
    given = Comparisons(given.first, given.second, given.y, given.weight, sided)
    scales = Scales(1.2, 0.8, 0.6)
    post = fit(basis, layout, given, scales)
    mean, S, evidence = dense(basis, given, scales)
    n = len(layout)
    np.testing.assert_allclose(post.mean, mean[:n], atol=1e-4)
    np.testing.assert_allclose(post.sd, np.sqrt(np.diag(S)[:n]), atol=1e-4)
    assert post.side == pytest.approx((mean[n], np.sqrt(S[n, n])), abs=1e-4)
    assert post.evidence == pytest.approx(evidence, abs=1e-3)
    # All pairs within prompts, also those of the prompt that nobody was asked about.
    a, b = np.nonzero(np.triu(layout.prompt[:, None] == layout.prompt, 1))
    difference, variance = post.differences(a, b)
    np.testing.assert_allclose(difference, mean[a] - mean[b], atol=1e-4)
    np.testing.assert_allclose(variance, S[a, a] + S[b, b] - 2 * S[a, b], atol=1e-4)


def test_left_out_odds_are_those_of_a_fit_without_the_comparison() -> None:
    basis, layout, given, _ = world(m=80)
    odds, variance = fit(basis, layout, given).left_out()
    for j in range(0, 80, 9):
        kept = np.arange(80) != j
        rest = Comparisons(given.first[kept], given.second[kept], given.y[kept], given.weight[kept])
        other = fit(basis, layout, rest)
        a, b = given.first[[j]], given.second[[j]]
        mean, _ = other.differences(a, b)
        assert odds[j] == pytest.approx(mean[0] + other.side[0], abs=0.1)
        assert variance[j] > 0


def test_without_features_it_is_the_penalized_likelihood_of_choix() -> None:
    choix = pytest.importorskip("choix")
    _, layout, given, _ = world(m=60, sizes=[12])
    decided = given.y != 0.5
    won = np.where(given.y == 1, given.first, given.second)[decided].tolist()
    lost = np.where(given.y == 1, given.second, given.first)[decided].tolist()
    plain = Comparisons(
        given.first[decided], given.second[decided], given.y[decided], np.ones(decided.sum()), sided=False
    )
    post = fit(Basis(np.zeros((12, 1)), layout), layout, plain, Scales(1e-6, 1e-6, 1.5))
    expected = choix.opt_pairwise(12, list(zip(won, lost, strict=True)), alpha=1 / (2 * 1.5**2), tol=1e-8)
    np.testing.assert_allclose(post.mean, expected, atol=1e-3)


def test_a_start_changes_nothing_but_the_time() -> None:
    basis, layout, given, _ = world(m=60)
    before = fit(basis, layout, given.head(40))
    np.testing.assert_allclose(
        fit(basis, layout, given, start=before).mean, fit(basis, layout, given).mean, atol=2e-3
    )


def test_the_order_is_learned_with_ties_and_a_side() -> None:
    rng = np.random.default_rng(1)
    layout = Layout.of(np.zeros(25, int))
    Z = rng.normal(size=(25, 3))
    worth = 3 * np.sin(Z[:, 0]) + Z[:, 1]
    a, b = rng.integers(0, 25, (2, 600))
    a, b = a[a != b], b[a != b]
    gap = worth[a] - worth[b]
    y = np.where(np.abs(gap) < 0.2, 0.5, rng.random(len(a)) < expit(2 * gap + 1.0))
    basis, given = Basis(Z, layout), Comparisons(a, b, y, np.ones(len(a)))
    post = fit(basis, layout, given, tuned(basis, layout, given))
    assert np.corrcoef(post.mean, worth)[0, 1] > 0.95
    low, high = post.side[0] - 2 * post.side[1], post.side[0] + 2 * post.side[1]
    assert 0 < low < 1.1 < high + 0.4
    new = rng.normal(size=(40, 3))
    mean, sd = post.of(basis.transform(new))
    assert np.corrcoef(mean, 3 * np.sin(new[:, 0]) + new[:, 1])[0, 1] > 0.8
    assert (sd > 0).all()


def test_longer_candidates_are_preferred_if_people_do() -> None:
    rng = np.random.default_rng(2)
    layout = Layout.of(np.repeat(np.arange(50), 2))
    length = rng.integers(10, 1000, 100)
    pairs = np.arange(100).reshape(-1, 2)
    y = (length[pairs[:, 0]] > length[pairs[:, 1]]).astype(float)
    basis = Basis(rng.normal(size=(100, 3)), layout, length)
    effect, sd = fit(basis, layout, Comparisons(pairs[:, 0], pairs[:, 1], y, np.ones(50))).length
    assert effect - 2 * sd > 0


def test_the_scales_are_chosen_at_fixed_numbers_of_comparisons() -> None:
    assert [tuning_size(n) for n in (0, 19, 20, 39, 40, 100, 10_000)] == [0, 0, 20, 20, 40, 80, 2560]


def test_candidates_without_any_difference_are_no_trouble() -> None:
    layout = Layout.of(np.zeros(4, int))
    basis = Basis(np.ones((4, 3)), layout, np.zeros(4))
    given = Comparisons(np.array([0, 1]), np.array([1, 2]), np.array([1.0, 1.0]), np.ones(2))
    post = fit(basis, layout, given, tuned(basis, layout, given))
    assert post.mean[0] > post.mean[1] > post.mean[2]
