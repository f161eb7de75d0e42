"""The contract of every query strategy. A new one is tested as an entry in STRATEGIES."""

from __future__ import annotations

import importlib.util
import warnings
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.stats import entropy as scipy_entropy
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.neighbors import kneighbors_graph

from helpers import clouds
from hitl_widgets.errors import InvalidInput
from hitl_widgets.learn.learner import SklearnLearner
from hitl_widgets.learn.linear import LinearLearner
from hitl_widgets.learn.strategies import (
    STRATEGIES,
    WITH_SUGGESTIONS,
    Context,
    Strategy,
    as_strategy,
    badge,
    choose,
    class_balanced,
    core_set,
    curriculum,
    doubt,
    entropy,
    expected_error_reduction,
    graph_error_reduction,
    information_density,
    kl_divergence,
    kmeans,
    kmeans_start,
    least_confident,
    margin,
    margin_kmeans,
    most_likely_positive,
    per_cost,
    power_margin,
    rank,
    typicality,
    vote_entropy,
)
from hitl_widgets.learn.strategies.committee import committee


def second_class_first(proba: Any, context: Context) -> Any:
    """A user-defined strategy."""
    return proba[:, 1]


def least_sure(classifier: Any, X_pool: Any, n_instances: int = 1) -> Any:
    """A user-defined strategy for modAL."""
    return np.argsort(classifier.predict_proba(X_pool).max(axis=1), kind="stable")[:n_instances]


BUILT_IN = STRATEGIES | WITH_SUGGESTIONS
ALL: dict[str, Strategy] = {
    **BUILT_IN,
    "positive is 1": partial(most_likely_positive, positive=1),
    "a person's own": second_class_first,
    "modAL-style": as_strategy(least_sure)[1],
}
SKACTIVEML = importlib.util.find_spec("skactiveml") is not None
if SKACTIVEML:
    import skactiveml.pool as sk

    foreign = {
        "margin": sk.UncertaintySampling(method="margin_sampling"),
        "committee": sk.QueryByCommittee(method="vote_entropy"),
        "badge": sk.Badge(),
        "core-set": sk.CoreSet(),
        "random": sk.RandomSampling(),
        "wrapped": sk.SubSamplingWrapper(sk.UncertaintySampling(method="entropy"), max_candidates=20),
    }
    ALL |= {f"scikit-activeml {name}": as_strategy(strategy)[1] for name, strategy in foreign.items()}

# Other classifiers warn if they have too few labels to be fitted.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:skactiveml")


@pytest.fixture(params=ALL)
def strategy(request: pytest.FixtureRequest) -> Strategy:
    return ALL[request.param]


def graph(X: Any, k: int = 5) -> csr_array:
    """A symmetric neighbour graph as passed to learners; None for a single item."""
    n = len(X)
    if n < 2:
        return csr_array((n, n), dtype=np.float32)
    near = kneighbors_graph(X, min(k, n - 1), mode="connectivity")
    return csr_array(near.maximum(near.T), dtype=np.float32)


def context_of(
    n: int,
    candidates: Any = None,
    seed: int = 0,
    classes: int = 3,
    labels: int = 0,
    ask: int = 1,
    X: Any = None,
    cost: Any = None,
) -> Context:
    """A pool with the first ``labels`` items labelled."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3)).astype(np.float32) if X is None else X.astype(np.float32)
    y = np.full(n, -1, dtype=np.int16)
    y[:labels] = np.arange(labels) % classes
    may = (np.ones(n, bool) if candidates is None else np.asarray(candidates)) & (y < 0)
    suggested = np.random.default_rng(seed + 1).integers(-1, classes, n).astype(np.int16)
    return Context(X, y, may, rng, ask, graph(X), LinearLearner(), cost, suggested=suggested)


def probabilities(n: int, k: int = 3, seed: int = 0) -> Any:
    return np.random.default_rng(seed).dirichlet(np.ones(k), n).astype(np.float32)


def again(context: Context, seed: int, **changes: Any) -> Context:
    return replace(context, random_state=np.random.default_rng(seed), **changes)


# -- all strategies


@pytest.mark.parametrize("k", [2, 3, 10])
@pytest.mark.parametrize("labels", [0, 1, 12])
def test_a_strategy_gives_one_finite_utility_per_item(strategy: Strategy, k: int, labels: int) -> None:
    P, context = probabilities(50, k), context_of(50, labels=labels, classes=k, ask=4)
    before = P.copy(), context.X.copy(), context.y.copy(), context.candidates.copy()
    utilities = strategy(P, context)
    assert utilities.shape == (50,)
    assert np.isfinite(utilities).all()
    for was, now in zip(before, (P, context.X, context.y, context.candidates), strict=True):
        np.testing.assert_array_equal(was, now)


@given(data=st.data())
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_only_candidates_are_chosen_each_once_and_as_many_as_asked(
    strategy: Strategy, data: st.DataObject
) -> None:
    size, k = data.draw(st.integers(1, 30)), data.draw(st.sampled_from([2, 10]))
    candidates = np.array(data.draw(st.lists(st.booleans(), min_size=size, max_size=size)))
    ask, labels = data.draw(st.integers(0, 40)), data.draw(st.integers(0, size))
    context = context_of(size, candidates, labels=labels, classes=k, ask=ask)
    chosen = choose(strategy, probabilities(size, k), context)
    assert len(chosen) == len(set(chosen)) == min(ask, int(context.candidates.sum()))
    assert all(context.candidates[i] and context.y[i] < 0 for i in chosen)


def test_a_labelled_item_is_never_chosen_though_the_candidates_name_it(strategy: Strategy) -> None:
    context = replace(context_of(20, labels=12, ask=20), candidates=np.ones(20, bool))
    assert sorted(choose(strategy, probabilities(20), context)) == list(range(12, 20))


@pytest.mark.parametrize("ask", [1, 5])
@pytest.mark.parametrize("labels", [0, 8])
def test_the_same_seed_gives_the_same_choice(strategy: Strategy, ask: int, labels: int) -> None:
    P, context = probabilities(60), context_of(60, labels=labels, ask=ask)
    assert choose(strategy, P, again(context, 3)) == choose(strategy, P, again(context, 3))


def test_ties_fall_at_random(strategy: Strategy) -> None:
    P = np.full((40, 3), 1 / 3)
    context = context_of(40, labels=6, X=np.ones((40, 3)))
    chosen = {choose(strategy, P, again(context, seed))[0] for seed in range(5)}
    assert len(chosen) > 1  # probability that all are equal: 34 ** -4


@pytest.mark.parametrize(
    "X",
    [np.zeros((25, 3)), np.ones((25, 3)), np.repeat(np.eye(3), [12, 12, 1], axis=0)],
    ids=["zeros", "constant", "three distinct"],
)
@pytest.mark.parametrize("labels", [0, 1, 6])
def test_copies_in_the_pool_do_no_harm(strategy: Strategy, X: Any, labels: int) -> None:
    chosen = choose(strategy, probabilities(25), context_of(25, labels=labels, ask=5, X=X))
    assert len(set(chosen)) == 5


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("labels", [0, 1])
def test_tiny_pools(strategy: Strategy, size: int, labels: int) -> None:
    for ask in (1, 5):
        context = context_of(size, labels=labels, ask=ask)
        chosen = choose(strategy, probabilities(size), context)
        assert sorted(chosen) == sorted(set(chosen))
        assert len(chosen) == min(ask, size - labels)
        assert set(chosen) <= set(range(labels, size))


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_class_that_is_alone_so_far(name: str) -> None:
    context = context_of(30, labels=5, classes=1, ask=3)
    P = np.zeros((30, 4), dtype=np.float32)
    P[:, 0] = 1
    assert len(choose(BUILT_IN[name], P, context)) == 3


def test_a_learner_of_scikit_learn_serves_those_that_fit_models() -> None:
    learner = SklearnLearner(LogisticRegression())
    for measure in (vote_entropy, kl_divergence, expected_error_reduction):
        context = replace(context_of(40, labels=9), learner=learner)
        assert np.ptp(measure(probabilities(40), context)) > 0


def test_without_a_learner_a_committee_of_linear_models_votes() -> None:
    context = context_of(40, labels=9)
    P = probabilities(40)
    np.testing.assert_array_equal(
        vote_entropy(P, again(context, 0)), vote_entropy(P, again(context, 0, learner=None))
    )


# -- ranking, batches, cost


@given(st.lists(st.integers(0, 3), min_size=1, max_size=30), st.integers(1, 30))
def test_the_best_come_first(values: list[int], n: int) -> None:
    utilities = np.array(values, dtype=float)
    chosen = rank(utilities, np.ones(len(values), bool), n, np.random.default_rng(0))
    assert [values[i] for i in chosen] == sorted(values, reverse=True)[:n]


def test_chance_decides_fairly_among_equals() -> None:
    counts = np.zeros(10)
    for seed in range(500):
        counts[rank(np.zeros(10), np.ones(10, bool), 2, np.random.default_rng(seed))] += 1
    assert counts.min() > 60  # expected 100; the probability of fewer than 60 is 1e-5
    assert counts.max() < 145


@given(st.integers(0, 5), st.integers(1, 12))
def test_the_first_of_a_batch_is_the_single_best(seed: int, ask: int) -> None:
    P, context = probabilities(30, seed=seed), context_of(30, labels=4, ask=ask)
    best = int(np.where(context.candidates, margin(P, context), -1).argmax())
    assert choose(margin, P, context)[0] == best


def test_a_batch_is_not_many_times_the_same() -> None:
    # Ten copies of the most uncertain item, and ten other uncertain items elsewhere.
    X = np.vstack([np.zeros((10, 2)), 5 * np.random.default_rng(0).normal(size=(10, 2))])
    P = np.column_stack(
        [np.r_[np.full(10, 0.5), np.full(10, 0.45)], np.r_[np.full(10, 0.5), np.full(10, 0.55)]]
    )
    chosen = choose(margin, P, context_of(20, X=X, ask=6))
    assert sum(i < 10 for i in chosen) == 1
    assert chosen[0] < 10


def test_a_random_batch_stays_random() -> None:
    context = context_of(40, ask=8)
    drawn = rank(np.zeros(40), context.candidates, 8, np.random.default_rng(5))
    assert choose(STRATEGIES["random"], probabilities(40), again(context, 5)) == drawn


@given(
    st.lists(st.floats(-5, 5), min_size=2, max_size=20),
    st.lists(st.floats(0.1, 10), min_size=20, max_size=20),
)
def test_cost_never_puts_the_dearer_and_worse_before_the_cheaper_and_better(
    utilities: list[float], cost: list[float]
) -> None:
    u, c = np.array(utilities), np.array(cost[: len(utilities)])
    per = per_cost(u, c)
    assert (per >= 0).all()
    for i in range(len(u)):
        better = (u >= u[i]) & (c <= c[i])
        assert (per[better] >= per[i] - 1e-12).all()


def test_an_item_of_half_the_utility_and_a_quarter_of_the_cost_comes_first() -> None:
    np.testing.assert_allclose(per_cost(np.array([0.8, 0.4]), np.array([4.0, 1.0])), [0.2, 0.4])
    np.testing.assert_allclose(per_cost(np.array([-1.0, -3.0]), np.array([2.0, 1.0])), [1, 0])


def test_what_cannot_be_asked_does_not_move_the_rest() -> None:
    may = np.array([True, True, False])
    per = per_cost(np.array([1.0, 2.0, -100]), np.array([1.0, 1.0, np.nan]), may)
    np.testing.assert_allclose(per[:2], [1, 2])


def test_of_items_alike_the_cheapest_are_asked_and_a_dear_one_only_for_its_worth() -> None:
    P = np.array([[0.5, 0.5]] * 6 + [[0.9, 0.1]] * 2)  # utilities 1 and .2
    cost = np.array([3.0, 5, 1, 4, 2, 6, 0.1, 1])
    context = context_of(8, ask=3, cost=cost, X=np.ones((8, 3)))
    assert choose(margin, P, context) == [6, 2, 4]
    assert choose(margin, P, replace(context, cost=None))[0] < 6


def test_the_only_candidate_is_asked_whatever_it_costs(strategy: Strategy) -> None:
    context = context_of(12, labels=11, cost=np.full(12, 1000.0))
    assert choose(strategy, probabilities(12), context) == [11]


def test_cost_leaves_a_random_choice_random() -> None:
    context = context_of(10, cost=np.arange(1.0, 11))
    first = {choose(STRATEGIES["random"], probabilities(10), again(context, s))[0] for s in range(60)}
    assert len(first) > 6  # of 10; the probability of fewer is below 1e-7


@pytest.mark.parametrize("name", BUILT_IN)
def test_two_thousand_items(name: str) -> None:
    P, context = probabilities(2000, 10), context_of(2000, labels=40, classes=10, ask=10)
    chosen = choose(BUILT_IN[name], P, context)
    assert len(set(chosen)) == 10
    assert min(chosen) >= 40


@pytest.mark.parametrize(
    ("cost", "words"),
    [
        (np.ones(3), r"shape \(3,\): expected one number per item, \(4,\)"),
        (np.array([1.0, 0, 1, 1]), r"cost=0.0 at row 1: expected a finite number above 0"),
        (np.array([1.0, 1, np.nan, 1]), "cost=nan at row 2"),
        (np.array([1.0, 1, 1, -2]), "cost=-2.0 at row 3"),
    ],
)
def test_costs_that_make_no_sense_are_refused(cost: Any, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        choose(margin, probabilities(4), context_of(4, cost=cost))


@pytest.mark.parametrize(
    ("utilities", "words"),
    [
        (np.zeros(4), r"'nonsense' returned shape \(4,\): expected one utility per item, \(3,\)"),
        (np.zeros((3, 2)), r"'nonsense' returned shape \(3, 2\)"),
        (0.5, r"'nonsense' returned shape \(\)"),
        (None, r"'nonsense' returned (NaN|shape)"),
        (["a", "b", "c"], "'nonsense' returned list: expected one utility, a number"),
        (np.array([0, 1j, 1]), "'nonsense' returned ndarray: expected one utility, a number"),
        (np.array([0, np.nan, 1]), "'nonsense' returned NaN for items that may be asked"),
        (np.array([0, np.inf, 1]), "'nonsense' returned infinity for items that may be asked"),
    ],
)
def test_utilities_that_cannot_be_ranked_are_refused_by_name(utilities: Any, words: str) -> None:
    def nonsense(proba: Any, context: Context) -> Any:
        return utilities

    with pytest.raises(InvalidInput, match=words):
        choose(nonsense, probabilities(3), context_of(3))


def test_an_error_of_the_strategy_itself_says_whose_it_is() -> None:
    def broken(proba: Any, context: Context) -> Any:
        raise KeyError("lost")

    with pytest.raises(KeyError) as caught:
        choose(broken, probabilities(3), context_of(3))
    assert caught.value.__notes__ == ["Raised by the strategy 'broken'."]


def test_what_a_strategy_says_of_items_that_cannot_be_asked_does_not_matter() -> None:
    utilities = np.array([np.nan, 1.0, np.inf, 2.0])
    assert rank(utilities, np.array([False, True, False, True]), 2, np.random.default_rng(0)) == [3, 1]


# -- each compared with its source


def test_a_certain_item_is_worth_least_and_a_torn_one_most() -> None:
    P = np.array([[1.0, 0, 0], [0.6, 0.3, 0.1], [1 / 3, 1 / 3, 1 / 3]])
    for measure in (least_confident, margin, entropy, class_balanced):
        assert np.argsort(measure(P, context_of(3))).tolist() == [0, 1, 2]


def test_the_measures_are_those_of_the_literature() -> None:
    P, context = probabilities(30, 4), context_of(30)
    top = np.sort(P, axis=1)
    np.testing.assert_allclose(least_confident(P, context), 1 - P.max(axis=1))
    np.testing.assert_allclose(margin(P, context), 1 - (top[:, -1] - top[:, -2]), atol=1e-6)
    np.testing.assert_allclose(entropy(P, context), scipy_entropy(P, axis=1), atol=1e-5)


def test_the_committee_disagrees_as_its_formulae_say() -> None:
    P, context = probabilities(25, 4), context_of(25, labels=10, classes=4)
    members = committee(again(context, 1), 4)
    votes, divergences = np.empty(25), np.empty(25)
    for i in range(25):
        counts = np.bincount(members[:, i].argmax(axis=1), minlength=4)
        votes[i] = scipy_entropy(counts)
        divergences[i] = np.mean([scipy_entropy(m, members[:, i].mean(axis=0)) for m in members[:, i]])
    np.testing.assert_allclose(vote_entropy(P, again(context, 1)), votes, atol=1e-12)
    np.testing.assert_allclose(kl_divergence(P, again(context, 1)), divergences, atol=1e-9)
    assert votes.max() > 0
    assert len(members) == 7


def test_density_is_the_mean_cosine_to_the_unlabelled() -> None:
    P, context = probabilities(40), context_of(40, labels=7, X=np.random.default_rng(1).random((40, 5)))
    similarity = cosine_similarity(context.X)[:, 7:].mean(axis=1)
    assert (similarity > 0).all()
    np.testing.assert_allclose(information_density(P, context), entropy(P, context) * similarity, rtol=1e-5)


def harmonic(W: Any, y: Any, P: Any, prior: float) -> Any:
    """The Gaussian field by definition: fixed labels, and every other item the mean of its neighbours."""
    n, k = P.shape
    F = np.zeros((n, k))
    free, known = np.flatnonzero(y < 0), np.flatnonzero(y >= 0)
    F[known, y[known]] = 1
    L = np.diag(W.sum(axis=1) + prior) - W
    b = W[np.ix_(free, known)] @ F[known] + prior * P[free]
    F[free] = np.linalg.solve(L[np.ix_(free, free)], b)
    return F


@pytest.mark.parametrize("labels", [0, 1, 4])
def test_graph_error_reduction_is_what_relabelling_by_hand_gives(labels: int) -> None:
    P = probabilities(12).astype(np.float64)
    P /= P.sum(axis=1, keepdims=True)
    context = context_of(12, labels=labels)
    W = context.affinity.toarray().astype(float)
    prior = 1e-3 * W.sum(axis=1).mean()
    F = harmonic(W, context.y, P, prior)
    expected = np.zeros(12)
    for item in range(labels, 12):
        for code in range(3):
            y = context.y.copy()
            y[item] = code
            expected[item] -= F[item, code] * (1 - harmonic(W, y, P, prior).max(axis=1)).sum()
    np.testing.assert_allclose(graph_error_reduction(P, context)[labels:], expected[labels:], atol=1e-9)


def test_a_large_graph_is_solved_step_by_step_to_the_same_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    X = clouds(200)[0]
    P, context = probabilities(200), context_of(200, labels=6, X=X)
    exact = graph_error_reduction(P, again(context, 0))
    monkeypatch.setattr("hitl_widgets.learn.strategies.reduction.DENSE", 10)
    monkeypatch.setattr("hitl_widgets.learn.strategies.reduction.CANDIDATES_SPARSE", 300)
    steps = graph_error_reduction(P, again(context, 0))
    assert np.corrcoef(exact[6:], steps[6:])[0, 1] > 0.99
    assert exact[steps.argmax()] >= np.sort(exact)[-3]


def test_without_a_graph_its_strategy_says_what_to_do() -> None:
    with pytest.raises(InvalidInput, match=r"needs the neighbor graph.*use 'margin'"):
        graph_error_reduction(probabilities(5), replace(context_of(5), affinity=None))


def test_expected_error_reduction_is_what_refitting_by_hand_gives() -> None:
    X = clouds(40)[0]
    context = context_of(40, labels=6, classes=2, X=X)
    learner = LinearLearner().start(context.X, 2)
    rows = np.arange(6)
    learner.update(rows, context.y[rows])
    P = learner.proba()
    utilities = expected_error_reduction(P, again(context, 0))
    for item in (7, 20, 33):
        left = 0.0
        for code in (0, 1):
            fresh = LinearLearner().start(context.X, 2)
            fresh.update(np.append(rows, item), np.append(context.y[rows], code))
            left += P[item, code] * float((1 - fresh.proba(np.arange(6, 40)).max(axis=1)).mean())
        assert utilities[item] == pytest.approx(-left, abs=0.01)  # cold and warm fits differ slightly


def test_k_center_greedy_takes_the_farthest_each_time() -> None:
    context = context_of(30, labels=3, ask=6)
    chosen = choose(core_set, probabilities(30), context)
    known = [0, 1, 2]
    for item in chosen:
        distance = np.linalg.norm(context.X[:, None] - context.X[known], axis=2).min(axis=1)
        assert distance[item] == pytest.approx(distance.max())
        known.append(item)


def test_badge_draws_as_kmeans_plus_plus_on_the_gradients_themselves() -> None:
    P, context = probabilities(40, 4), context_of(40, labels=3, classes=4, ask=6)
    rows = np.flatnonzero(context.candidates)
    error = P[rows].astype(float)
    error[np.arange(len(rows)), error.argmax(axis=1)] -= 1
    X = np.column_stack([context.X[rows], np.ones(len(rows))]).astype(float)
    G = (error[:, :, None] * X[:, None, :]).reshape(len(rows), -1)
    rng = np.random.default_rng(8)
    places = [int(rng.choice([(G**2).sum(axis=1).argmax()]))]
    while len(places) < 6:
        near = ((G[:, None] - G[places]) ** 2).sum(axis=2).min(axis=1)
        places.append(int(rng.choice(len(G), p=near / near.sum())))
    assert choose(badge, P, again(context, 8)) == rows[places].tolist()


def test_a_batch_by_margin_and_kmeans_is_doubtful_and_spread() -> None:
    X, names = clouds(60)
    P = np.full((60, 2), 0.5)
    P[30:] = [0.9, 0.1]
    chosen = choose(margin_kmeans, P, context_of(60, X=X, ask=4, classes=2))
    assert set(names[chosen]) == {"a", "b"}
    single = probabilities(60)
    context = context_of(60, X=X)
    assert choose(margin_kmeans, single, context) == [int(margin(single, context).argmax())]


@pytest.mark.parametrize("cold", [kmeans, typicality])
def test_a_cold_start_goes_where_nothing_is_labelled(cold: Strategy) -> None:
    X, names = clouds(60)
    P = probabilities(60)
    assert set(names[choose(cold, P, context_of(60, X=X, ask=2))]) == {"a", "b"}
    labelled = again(context_of(60, X=X), 0)
    labelled.y[0] = 0  # of cloud a
    assert names[choose(cold, P, labelled)[0]] == "b"


def test_typicality_prefers_the_dense() -> None:
    rng = np.random.default_rng(0)
    X = np.vstack([rng.normal(size=(40, 2)) * 3, rng.normal(size=(20, 2)) * 0.05])
    assert choose(typicality, probabilities(60), context_of(60, X=X))[0] >= 40
    assert choose(typicality, probabilities(60), replace(context_of(60, X=X), affinity=None))[0] >= 40


def test_doubt_without_a_graph_is_the_margin() -> None:
    P, context = probabilities(40), replace(context_of(40, labels=5), affinity=None)
    np.testing.assert_array_equal(doubt(P, context), margin(P, context))


def surrounded(context: Context) -> Any:
    """By how much labels within two steps reduce the doubt of each item."""
    assert context.affinity is not None
    W = context.affinity.toarray().astype(float)
    walk = W / W.sum(axis=1, keepdims=True)
    once = walk @ (context.y >= 0)
    return 1 + 10 * (once + walk @ once)


@pytest.mark.parametrize("labels", [30, 39])
def test_doubt_is_the_margin_of_what_labels_do_not_surround(labels: int) -> None:
    P, context = probabilities(40), context_of(40, labels=labels)
    np.testing.assert_allclose(doubt(P, context), margin(P, context) / surrounded(context), rtol=1e-4)


@pytest.mark.parametrize("labels", [0, 5, 29])
def test_early_doubt_is_also_what_two_steps_around_are_uncertain_of(labels: int) -> None:
    P, context = probabilities(40), context_of(40, labels=labels)
    W = context.affinity.toarray().astype(float)
    degree = W.sum(axis=1)
    steps = np.diag(degree**-0.75) @ W @ np.diag(1 / degree) @ W @ np.diag(degree**-0.25)
    u = margin(P, context)
    np.testing.assert_allclose(doubt(P, context), u * (steps @ u) / surrounded(context), rtol=1e-4)


def test_early_doubt_leaves_a_dense_region_that_labels_do_not_resolve() -> None:
    # All items are equally uncertain. The larger cloud is denser, and has labels.
    X = np.vstack(
        [np.random.default_rng(0).normal(size=(60, 2)), 20 + np.random.default_rng(1).normal(size=(20, 2))]
    )
    P, context = np.full((80, 2), 0.5), context_of(80, X=X, labels=12, classes=2)
    near = kneighbors_graph(X, 10, mode="distance")
    near.data = np.exp(-np.square(near.data))
    context = replace(context, affinity=csr_array(near.maximum(near.T), dtype=np.float32))
    assert choose(doubt, P, context)[0] >= 60


def test_early_doubt_asks_in_a_dense_region_and_never_an_outlier() -> None:
    rng = np.random.default_rng(0)
    X = np.vstack([rng.normal(size=(30, 2)), 20 + rng.normal(size=(30, 2)), [[500, 500]]])
    P = np.full((61, 2), 0.5)
    P[:30] = [0.95, 0.05]  # the first cloud is known
    P[30:60, 0] = 0.6 + 0.01 * rng.random(30)
    P[30:60, 1] = 1 - P[30:60, 0]
    context = context_of(61, X=X, labels=5, classes=2)
    near = kneighbors_graph(X, 5, mode="distance")
    near.data = np.exp(-np.square(near.data / 5))
    context = replace(context, affinity=csr_array(near.maximum(near.T), dtype=np.float32))
    assert margin(P, context).argmax() == 60
    assert 30 <= choose(doubt, P, context)[0] < 60
    assert doubt(P, context)[60] < 0.01 * doubt(P, context).max()


def test_doubt_on_isolated_rows_is_finite() -> None:
    context = replace(context_of(20, labels=3), affinity=csr_array((20, 20), dtype=np.float32))
    assert np.isfinite(doubt(probabilities(20), context)).all()


def test_power_draws_in_proportion_to_the_margin() -> None:
    P = np.array([[0.5, 0.5], [0.75, 0.25], [0.75, 0.25], [1.0, 0.0]])  # utilities 1, .5, .5, 0
    context = context_of(4)
    first = [choose(power_margin, P, again(context, seed))[0] for seed in range(400)]
    share = np.bincount(first, minlength=4) / 400
    np.testing.assert_allclose(share, [0.5, 0.25, 0.25, 0], atol=0.1)  # 4 standard deviations


def test_the_class_with_few_labels_is_preferred() -> None:
    context = context_of(10)
    context.y[:5] = [0, 0, 0, 0, 1]
    P = np.array([[0.6, 0.4], [0.4, 0.6]] * 5)
    utilities = class_balanced(P, context)
    assert utilities[1] > utilities[0]
    assert margin(P, context)[1] == margin(P, context)[0]


def test_the_rarest_class_is_hunted_or_the_one_that_was_named() -> None:
    P, context = probabilities(10), context_of(10)
    context.y[:6] = [0, 0, 0, 1, 2, 2]
    np.testing.assert_allclose(most_likely_positive(P, context), P[:, 1])
    np.testing.assert_allclose(most_likely_positive(P, context, positive=2), P[:, 2])


def test_before_there_is_a_positive_the_hunt_goes_where_nothing_is_known() -> None:
    X = np.array([[0.0, 0], [1, 0], [9, 9], [0, 1]])
    context = context_of(4, X=X)
    context.y[0] = 0
    P = np.array([[1.0, 0]] * 4)
    assert most_likely_positive(P, context).argmax() == 2
    assert choose(most_likely_positive, P, again(context, 0)) == [2]


# -- values of strategy=


def test_names_and_functions_are_strategies() -> None:
    assert as_strategy("auto") == ("doubt", doubt)
    assert as_strategy("entropy") == ("entropy", entropy)
    assert as_strategy("query_by_committee") == ("query_by_committee", vote_entropy)
    assert as_strategy(second_class_first) == ("second_class_first", second_class_first)
    assert as_strategy(lambda proba, context, power=2: proba[:, 0])[0] == "<lambda>"
    hunt = partial(most_likely_positive, positive=1)
    assert as_strategy(hunt) == ("most_likely_positive", hunt)


@pytest.mark.parametrize(
    ("strategy", "words"),
    [
        ("margn", "Unknown strategy='margn'. Did you mean 'margin'.*'auto', 'doubt', 'random'"),
        (None, r"strategy=None: expected a name \('doubt', 'random'"),
        (dict, r"strategy=<class 'dict'>: expected"),
        (lambda proba: proba, "must take two arguments"),
        (lambda proba, context, more: proba, "must take two arguments"),
    ],
)
def test_what_is_no_strategy_is_refused(strategy: Any, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        as_strategy(strategy)


# -- cold start


@given(st.integers(1, 40), st.integers(1, 50), st.integers(1, 40), st.integers(0, 3))
@settings(max_examples=25)
def test_the_start_is_distinct_rows_at_most_as_many_as_asked(
    size: int, n: int, distinct: int, seed: int
) -> None:
    X = np.random.default_rng(seed).normal(size=(size, 2)).astype(np.float32)
    X = X[np.arange(size) % min(distinct, size)]
    chosen = kmeans_start(X, n, seed)
    assert 1 <= len(chosen) <= min(n, size)
    assert len(set(chosen)) == len(chosen)
    assert all(0 <= i < size for i in chosen)
    assert chosen == kmeans_start(X, n, seed)


@pytest.mark.parametrize("n", [1, 5, 10])
def test_items_that_are_all_alike_still_give_a_start_and_no_warning(n: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert kmeans_start(np.zeros((30, 2), dtype=np.float32), n, 0)


def test_the_start_covers_both_of_two_clouds() -> None:
    X, names = clouds(60)
    assert set(names[kmeans_start(X, 4, 0)]) == {"a", "b"}


def test_the_start_on_digits_finds_more_classes_than_chance() -> None:
    digits = load_digits()
    X = (digits.data / 16).astype(np.float32)
    found = [len(set(digits.target[kmeans_start(X, 20, seed)])) for seed in range(3)]
    rng = np.random.default_rng(0)
    chance = [len(set(digits.target[rng.choice(len(X), 20, replace=False)])) for _ in range(200)]
    assert np.mean(found) > np.mean(chance)


def test_the_curriculum_starts_with_typical_items_of_new_regions_and_goes_on_as_the_default() -> None:
    X = np.concatenate([np.random.default_rng(0).normal(size=(60, 2)), [[8.0, 8.0]] * 3]).astype(np.float32)
    centre = int(np.square(X).sum(axis=1).argmin())
    W, P = graph(X, 8), probabilities(63)
    context = replace(context_of(63, X=X), affinity=W)
    first = curriculum(P, context)
    # Whatever the model says, items that are far from most others come late.
    assert (first[60:] < np.median(first)).all()
    assert np.array_equal(first, curriculum(probabilities(63, seed=5), context))
    y = context.y.copy()
    y[centre] = 0
    assert curriculum(P, replace(context, y=y))[centre] < first[centre]
    y[:20] = 0
    assert np.array_equal(curriculum(P, replace(context, y=y)), doubt(P, replace(context, y=y)))
    assert np.array_equal(curriculum(P, replace(context, affinity=None)), margin(P, context))
