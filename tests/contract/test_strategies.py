"""What every query strategy keeps. A strategy is one more entry in STRATEGIES, or a function."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import entropy as scipy_entropy
from sklearn.datasets import load_digits

from helpers import clouds
from hitl_widgets.errors import InvalidInput
from hitl_widgets.learn.strategies import (
    STRATEGIES,
    Context,
    Strategy,
    as_strategy,
    entropy,
    kmeans_start,
    least_confident,
    margin,
    rank,
)


def second_class_first(proba: Any, context: Context) -> Any:
    """A person's own strategy."""
    return proba[:, 1]


ALL: dict[str, Strategy] = {**STRATEGIES, "a person's own": second_class_first}


@pytest.fixture(params=ALL)
def strategy(request: pytest.FixtureRequest) -> Strategy:
    return ALL[request.param]


def context_of(n: int, candidates: Any = None, seed: int = 0) -> Context:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3)).astype(np.float32)
    y = np.full(n, -1, dtype=np.int16)
    return Context(X, y, np.ones(n, bool) if candidates is None else candidates, rng)


def probabilities(n: int, k: int = 3, seed: int = 0) -> Any:
    return np.random.default_rng(seed).dirichlet(np.ones(k), n).astype(np.float32)


@pytest.mark.parametrize("k", [2, 3, 10])
def test_a_strategy_gives_one_finite_utility_per_item(strategy: Strategy, k: int) -> None:
    P = probabilities(50, k)
    before = P.copy()
    utilities = strategy(P, context_of(50))
    assert utilities.shape == (50,)
    assert np.isfinite(utilities).all()
    np.testing.assert_array_equal(P, before)


@given(st.data(), st.sampled_from(list(ALL)), st.integers(1, 30), st.integers(0, 40))
def test_only_candidates_are_chosen_each_once_and_as_many_as_asked(
    data: st.DataObject, name: str, size: int, n: int
) -> None:
    candidates = np.array(data.draw(st.lists(st.booleans(), min_size=size, max_size=size)))
    utilities = ALL[name](probabilities(size), context_of(size, candidates))
    chosen = rank(utilities, candidates, n, np.random.default_rng(0))
    assert len(chosen) == len(set(chosen)) == min(n, int(candidates.sum()))
    assert all(candidates[i] for i in chosen)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=30), st.integers(1, 30))
def test_the_best_come_first(values: list[int], n: int) -> None:
    utilities = np.array(values, dtype=float)
    chosen = rank(utilities, np.ones(len(values), bool), n, np.random.default_rng(0))
    assert [values[i] for i in chosen] == sorted(values, reverse=True)[:n]


def test_the_same_seed_gives_the_same_choice(strategy: Strategy) -> None:
    def choice(seed: int) -> list[int]:
        context = context_of(40)
        utilities = strategy(np.full((40, 2), 0.5), context)
        return rank(utilities, context.candidates, 5, np.random.default_rng(seed))

    assert choice(1) == choice(1)
    assert choice(1) != choice(2)  # everything ties


def test_chance_decides_fairly_among_equals() -> None:
    counts = np.zeros(10)
    for seed in range(500):
        counts[rank(np.zeros(10), np.ones(10, bool), 2, np.random.default_rng(seed))] += 1
    assert counts.min() > 60  # 100 are expected; below 60 has a chance of 1e-5
    assert counts.max() < 145


def test_a_certain_item_is_worth_least_and_a_torn_one_most() -> None:
    P = np.array([[1.0, 0, 0], [0.6, 0.3, 0.1], [1 / 3, 1 / 3, 1 / 3]])
    for measure in (least_confident, margin, entropy):
        assert np.argsort(measure(P, context_of(3))).tolist() == [0, 1, 2]


def test_the_measures_are_those_of_the_literature() -> None:
    P, context = probabilities(30, 4), context_of(30)
    top = np.sort(P, axis=1)
    np.testing.assert_allclose(least_confident(P, context), 1 - P.max(axis=1))
    np.testing.assert_allclose(margin(P, context), 1 - (top[:, -1] - top[:, -2]), atol=1e-6)
    np.testing.assert_allclose(entropy(P, context), scipy_entropy(P, axis=1), atol=1e-5)


@pytest.mark.parametrize(
    ("utilities", "words"),
    [
        (np.zeros(4), r"shape \(4,\): expected one utility per item, \(3,\)"),
        (np.zeros((3, 2)), r"shape \(3, 2\)"),
        (0.5, r"shape \(\)"),
        (np.array([0, np.nan, 1]), "NaN for items that may be asked"),
    ],
)
def test_utilities_that_cannot_be_ranked_are_refused(utilities: Any, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        rank(utilities, np.array([True, True, False]), 1, np.random.default_rng(0))


def test_what_a_strategy_says_of_items_that_cannot_be_asked_does_not_matter() -> None:
    utilities = np.array([np.nan, 1.0, np.inf, 2.0])
    assert rank(utilities, np.array([False, True, False, True]), 2, np.random.default_rng(0)) == [3, 1]


# -- what strategy= may be


def test_names_and_functions_are_strategies() -> None:
    assert as_strategy("auto") == ("margin", margin)
    assert as_strategy("entropy") == ("entropy", entropy)
    assert as_strategy(second_class_first) == ("second_class_first", second_class_first)
    assert as_strategy(lambda proba, context, power=2: proba[:, 0])[0] == "<lambda>"


@pytest.mark.parametrize(
    ("strategy", "words"),
    [
        ("margn", "strategy='margn' is not known. Did you mean 'margin'.*'auto', 'random'"),
        (None, r"strategy=None: expected a name \('random'"),
        (dict, r"strategy=<class 'dict'>: expected"),
        (lambda proba: proba, "must take two arguments"),
        (lambda proba, context, more: proba, "must take two arguments"),
    ],
)
def test_what_is_no_strategy_is_refused(strategy: Any, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        as_strategy(strategy)


# -- where to begin


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
