"""Scores of the members of lists, learned from rankings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from hitl_widgets.items.features.lists import join
from hitl_widgets.learn.beliefs import OrderBelief
from hitl_widgets.learn.learner import NotYet
from hitl_widgets.learn.problems.ordering import Ordering, expected_agreement, kendall
from hitl_widgets.learn.ranker import Ranker

RNG = np.random.default_rng(0)
WEIGHTS = np.array([3.0, -2.0, 0.5, 0.0])


def world(counts: list[int]) -> tuple[Any, Any, Any]:
    """Features of lists, those of their members, and the true ranks, -1 where there is no member."""
    members = [RNG.normal(size=(n, 4)).astype(np.float32) for n in counts]
    ranks = np.full((len(counts), max(counts)), -1, np.int8)
    for row, Z in zip(ranks, members, strict=True):
        row[: len(Z)] = np.argsort(np.argsort(-(Z @ WEIGHTS)))
    return join(np.concatenate(members), counts), members, ranks


@pytest.mark.parametrize(
    "counts", [[2] * 120, [5] * 60, [2, 3, 7, 4] * 20], ids=["pairs", "equal", "unequal"]
)
def test_a_score_is_learned_from_lists_of_any_length(counts: list[int]) -> None:
    X, _, ranks = world(counts)
    n = len(counts) // 2
    learner = Ranker(counts=counts).start(X, 1)
    with pytest.raises(NotYet):
        learner.proba()
    learner.update(np.arange(n), ranks[:n])
    P = learner.proba()
    np.testing.assert_allclose(P.sum(axis=1), 1, atol=1e-5)
    assert ((P > 0) == (ranks >= 0)).all()
    assert kendall(P[n:], ranks[n:]).mean() > 0.9
    np.testing.assert_array_equal(learner.proba(np.array([7, 3])), P[[7, 3]])
    orders = [[place + 1 for place in OrderBelief(P, np.ones(len(P), bool)).order(i)] for i in range(len(P))]
    assert learner.export(np.arange(n), ranks[:n]).predict(X) == orders
    gains = learner.gains()
    assert gains.shape == (len(counts),)
    assert (gains > 0).all()
    learner.update(np.arange(3), ranks[:3])
    assert learner.gains().mean() > 1.5 * gains.mean(), "there was more to learn before"


def test_it_is_the_logistic_regression_of_all_pairs() -> None:
    counts = [4] * 30
    X, members, ranks = world(counts)
    learner = Ranker(C=2.0, counts=counts).start(X, 1)
    learner.update(np.arange(30), ranks)
    pairs = [
        Z[i] - Z[j]
        for Z, row in zip(members, ranks, strict=True)
        for i in range(4)
        for j in range(4)
        if row[i] < row[j]
    ]
    D = np.array(pairs, np.float64) / learner._norm
    oracle = LogisticRegression(C=2.0, fit_intercept=False, tol=1e-8, max_iter=1000)
    # Each pair once in either order, with half the weight.
    oracle.fit(np.vstack([D, -D]), np.repeat([1, 0], len(D)), sample_weight=np.full(2 * len(D), 0.5))
    assert learner._w is not None
    np.testing.assert_allclose(learner._w, oracle.coef_[0], rtol=1e-2)


def test_the_agreement_is_kendalls_and_the_doubt_that_of_neighbours() -> None:
    from scipy.stats import kendalltau

    P = RNG.dirichlet(np.ones(6), 20)
    ranks = np.argsort(RNG.normal(size=(20, 6)), axis=1)
    taus = [kendalltau(-p, r).statistic for p, r in zip(P, ranks, strict=True)]
    np.testing.assert_allclose(kendall(P, ranks), (np.array(taus) + 1) / 2)
    belief = OrderBelief(
        np.array([[0.5, 0.5, 0], [0.6, 0.3, 0.1], [0.98, 0.01, 0.01]], np.float32), np.ones(3, bool)
    )
    np.testing.assert_allclose(belief.uncertainty, [1, 2 / 3, 1], atol=1e-6)
    np.testing.assert_allclose(belief.confidence, [0.5, 0.6 * 0.75, 0.98 / 2], atol=1e-6)
    assert [belief.order(i) for i in range(3)] == [[0, 1], [0, 1, 2], [0, 1, 2]]
    np.testing.assert_allclose(expected_agreement(np.array([[0.5, 0.5, 0]])), [0.5])
    assert Ordering().prior(ranks).tolist() == pytest.approx([1 / 6] * 6)
