"""Strategies of scikit-activeml and in the manner of modAL do here what they do at home."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression

from helpers import clouds
from hitl_widgets.errors import InvalidInput
from hitl_widgets.learn.learner import SklearnLearner
from hitl_widgets.learn.linear import LinearLearner
from hitl_widgets.learn.strategies import STRATEGIES, Context, as_strategy, choose, core_set

N, CLASSES = 80, 2


@pytest.fixture
def context() -> Context:
    X, names = clouds(N, seed=3)
    X = X / 3  # so that the classes overlap and no two items tie
    y = np.full(N, -1, dtype=np.int16)
    y[:10] = names[:10] == "b"
    return Context(X, y, y < 0, np.random.default_rng(0), 1, None, SklearnLearner(LogisticRegression()))


def proba_of(context: Context) -> Any:
    assert context.learner is not None
    learner = context.learner.start(context.X, CLASSES)
    rows = np.flatnonzero(context.y >= 0)
    learner.update(rows, context.y[rows])
    return learner.proba()


def with_(context: Context, **changes: Any) -> Context:
    return Context(**{**vars(context), "random_state": np.random.default_rng(0), **changes})


# -- scikit-activeml


@pytest.fixture
def pool() -> Any:
    return pytest.importorskip("skactiveml.pool")


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("margin", "margin_sampling"), ("entropy", "entropy"), ("least_confident", "least_confident")],
)
def test_its_uncertainty_picks_are_ours(context: Context, pool: Any, ours: str, theirs: str) -> None:
    P = proba_of(context)
    _, adapted = as_strategy(pool.UncertaintySampling(method=theirs))
    assert choose(adapted, P, context) == choose(STRATEGIES[ours], P, context)
    ranking = np.argsort(-adapted(P, with_(context))[10:], kind="stable")
    expected = np.argsort(-STRATEGIES[ours](P, context)[10:].astype(float), kind="stable")
    assert (ranking[:40] == expected[:40]).mean() > 0.9  # ours are float32: neighbours may swap


def test_its_core_set_is_ours(context: Context, pool: Any) -> None:
    context = with_(context, n=8)
    assert choose(as_strategy(pool.CoreSet())[1], proba_of(context), context) == choose(
        core_set, proba_of(context), with_(context)
    )


def test_its_batch_keeps_its_order(context: Context, pool: Any) -> None:
    _, adapted = as_strategy(pool.Badge())
    utilities = adapted(proba_of(context), with_(context, n=5))
    assert np.sort(utilities)[-5:].tolist() == [2, 3, 4, 5, 6]
    assert choose(adapted, proba_of(context), with_(context, n=5)) == np.argsort(-utilities)[:5].tolist()


MODELLED = ["Falcun", "Clue", "QueryByCommittee", "GreedyBALD", "ContrastiveAL", "Badge"]
MODELLED += ["DiscriminativeAL", "ProbabilisticAL"]
BARE = ["TypiClust", "ProbCover", "MaxHerding", "CoreSet", "GreedySamplingX", "RandomSampling"]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", MODELLED + BARE)
@pytest.mark.parametrize("labels", [0, 10])
def test_its_strategies_run(context: Context, pool: Any, name: str, labels: int) -> None:
    options = {"metric": "rbf"} if name == "ProbabilisticAL" else {}  # else it wants a special classifier
    named, adapted = as_strategy(getattr(pool, name)(**options))
    y = context.y.copy()
    y[labels:] = -1
    context = with_(context, y=y, candidates=(y < 0) & (np.arange(N) % 3 > 0), n=3)
    chosen = choose(adapted, proba_of(context) if labels else np.full((N, CLASSES), 0.5), context)
    assert named == name
    assert len(set(chosen)) == 3
    assert context.candidates[chosen].all()


def test_a_wrapper_gets_what_its_inner_strategy_wants(context: Context, pool: Any) -> None:
    inner = pool.UncertaintySampling(method="margin_sampling")
    _, wrapped = as_strategy(pool.SubSamplingWrapper(inner, max_candidates=1.0))
    _, plain = as_strategy(inner)
    assert choose(wrapped, proba_of(context), context) == choose(plain, proba_of(context), with_(context))


def test_the_object_itself_is_left_as_it_was(context: Context, pool: Any) -> None:
    strategy = pool.RandomSampling(random_state=7, missing_label=-1)
    choose(as_strategy(strategy)[1], proba_of(context), context)
    assert strategy.get_params() == {"random_state": 7, "missing_label": -1}
    assert not hasattr(strategy, "random_state_")


def test_a_strategy_for_regression_is_refused(pool: Any) -> None:
    with pytest.raises(InvalidInput, match=r"GreedySamplingTarget\(\) asks for 'reg'.*classification"):
        as_strategy(pool.GreedySamplingTarget())


def test_of_a_large_pool_a_random_part_is_passed(
    context: Context, pool: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hitl_widgets.learn.strategies.adapters.SAMPLE", 20)
    _, adapted = as_strategy(pool.UncertaintySampling())
    chosen = choose(adapted, proba_of(context), with_(context, n=30))
    assert len(set(chosen)) == 30  # the 20 that it ranked, and chance for the rest
    assert min(chosen) >= 10


def test_nothing_imports_it() -> None:
    code = """
import sys
sys.modules["skactiveml"] = sys.modules["modAL"] = None  # as if they were not installed
from hitl_widgets.learn.strategies import STRATEGIES, as_strategy
for name in STRATEGIES:
    as_strategy(name)
as_strategy(lambda classifier, X_pool, n_instances=1: [0])
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# -- in the manner of modAL


def test_a_callable_of_row_numbers_chooses_those_rows(context: Context) -> None:
    seen: list[Any] = []

    def farthest(classifier: Any, X_pool: Any, n_instances: int = 1) -> Any:
        seen.append(X_pool)
        return np.argsort(-np.linalg.norm(X_pool, axis=1))[:n_instances]

    name, adapted = as_strategy(farthest)
    chosen = choose(adapted, proba_of(context), with_(context, n=4))
    length = np.where(context.candidates, np.linalg.norm(context.X, axis=1), -1)
    assert name == "farthest"
    assert chosen == np.argsort(-length)[:4].tolist()
    assert len(seen[0]) == 70  # no labelled item is shown


@pytest.mark.parametrize(
    "answer",
    [
        lambda X: np.array([2]),
        lambda X: 2,
        lambda X: [2],
        lambda X: (np.array([2]), X[[2]]),
        lambda X: (2, X[2]),
        lambda X: (np.int64(2), X[2].reshape(1, -1)),
    ],
)
def test_it_may_answer_in_all_the_ways_that_modal_takes(context: Context, answer: Any) -> None:
    shown: list[Any] = []

    def strategy(learner: Any, X: Any) -> Any:
        shown.append(X)
        return answer(X)

    (chosen,) = choose(as_strategy(strategy)[1], proba_of(context), context)
    np.testing.assert_array_equal(context.X[chosen], shown[0][2])


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ([0, 70], r"'wrong' returned row 70: expected rows of X_pool, 0 to 69; labelled items are not"),
        ([-1], "'wrong' returned row -1"),
        ([3, 3], "'wrong' returned a row more than once"),
        ([], r"'wrong' returned float64 of shape \(0,\)"),
        ([0.5], "'wrong' returned float64"),
        (np.zeros((2, 2), int), r"'wrong' returned int64 of shape \(2, 2\): expected the row numbers"),
        (None, "'wrong' returned object"),
    ],
)
def test_rows_that_cannot_be_are_refused(context: Context, answer: Any, words: str) -> None:
    def wrong(classifier: Any, X_pool: Any) -> Any:
        return answer

    with pytest.raises(InvalidInput, match=words):
        choose(as_strategy(wrong)[1], proba_of(context), context)


def test_what_it_does_not_name_comes_behind_at_random(context: Context) -> None:
    def one(classifier: Any, X_pool: Any) -> Any:
        return int(np.linalg.norm(X_pool, axis=1).argmax())

    chosen = choose(as_strategy(one)[1], proba_of(context), with_(context, n=3))
    best = int(np.where(context.candidates, np.linalg.norm(context.X, axis=1), -1).argmax())
    assert chosen[0] == best
    assert len(set(chosen)) == 3


@pytest.mark.parametrize("learner", [SklearnLearner(LogisticRegression(C=3)), LinearLearner(C=3.0), None])
def test_it_sees_the_live_model_and_the_labels(context: Context, learner: Any) -> None:
    P = proba_of(context)

    def look(classifier: Any, X_pool: Any, n_instances: int = 1) -> Any:
        rows = [int(np.flatnonzero((x == context.X).all(axis=1))[0]) for x in X_pool]
        np.testing.assert_allclose(classifier.predict_proba(X_pool), P[rows], atol=1e-6)
        np.testing.assert_array_equal(classifier.predict(X_pool), P[rows].argmax(axis=1))
        np.testing.assert_array_equal(classifier.X_training, context.X[:10])
        np.testing.assert_array_equal(classifier.y_training, context.y[:10])
        assert isinstance(classifier.estimator, BaseEstimator)
        assert (3 if learner else 1) == classifier.estimator.C
        assert classifier.predict_proba(X_pool[:5] + 1).shape == (5, 2)  # other rows: its estimator
        return [0]

    choose(as_strategy(look)[1], P, with_(context, learner=learner))


def test_with_the_keywords_that_its_own_functions_have(context: Context) -> None:
    def margin_sampling(
        classifier: Any, X: Any, n_instances: int = 1, random_tie_break: bool = False, **kwargs: Any
    ) -> Any:
        assert not kwargs
        P = np.sort(classifier.predict_proba(X), axis=1)
        return np.argsort(P[:, -1] - P[:, -2])[:n_instances]

    P = proba_of(context)
    name, adapted = as_strategy(partial(margin_sampling, random_tie_break=True))
    assert name == "margin_sampling"
    assert choose(adapted, P, context) == choose(STRATEGIES["margin"], P, with_(context))
    assert len(set(choose(adapted, P, with_(context, n=7)))) == 7
