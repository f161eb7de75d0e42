"""Strategies of scikit-activeml and modAL behave here as in their own libraries."""

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
from hitl_widgets.learn.strategies import (
    STRATEGIES,
    Context,
    SkactivemlStrategy,
    as_strategy,
    choose,
    core_set,
)

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
    assert (ranking[:40] == expected[:40]).mean() > 0.9  # ours are float32, so adjacent ranks may swap


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
    options = {"metric": "rbf"} if name == "ProbabilisticAL" else {}  # else it needs a special classifier
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
    with pytest.raises(InvalidInput, match=r"GreedySamplingTarget\(\) requires 'reg'.*classification"):
        as_strategy(pool.GreedySamplingTarget())


def test_for_several_annotators_is_refused(pool: Any) -> None:
    several = pytest.importorskip("skactiveml.pool.multiannotator")
    with pytest.raises(InvalidInput, match=r"SingleAnnotatorWrapper\(\) chooses among several annotators"):
        as_strategy(several.SingleAnnotatorWrapper(pool.RandomSampling()))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["FourDs", "ProbabilisticAL", "Quire", "CostEmbeddingAL"])
def test_those_of_special_needs_get_what_they_need(context: Context, pool: Any, name: str) -> None:
    options = {"classes": ["x", "y"]} if name in {"Quire", "CostEmbeddingAL"} else {}
    for strategy in [getattr(pool, name)(**options)] * 2:
        chosen = choose(as_strategy(strategy)[1], proba_of(context), with_(context, n=3))
        assert len(set(chosen)) == 3
        assert context.candidates[chosen].all()
    wrapped = pool.SubSamplingWrapper(getattr(pool, name)(**options), max_candidates=1.0)
    choose(as_strategy(wrapped)[1], proba_of(context), with_(context, n=3))


class Watched(LogisticRegression):  # type: ignore[misc]
    fits = 0

    def fit(self, X: Any, y: Any, **options: Any) -> Any:
        type(self).fits += 1
        return super().fit(X, y, **options)


@pytest.mark.filterwarnings("ignore")
def test_a_classifier_of_ones_own_is_the_one_that_learns(context: Context, pool: Any) -> None:
    from skactiveml.classifier import MixtureModelClassifier, ParzenWindowClassifier

    own = SkactivemlStrategy(pool.UncertaintySampling(), model=Watched())
    name, strategy = as_strategy(own)
    choose(strategy, proba_of(context), with_(context))
    assert (name, Watched.fits) == ("UncertaintySampling", 1)
    choose(SkactivemlStrategy(pool.QueryByCommittee(), model=Watched()), proba_of(context), with_(context))
    assert Watched.fits == 8
    parzen = ParzenWindowClassifier(classes=["x", "y"], missing_label="")  # classes here are codes
    assert choose(SkactivemlStrategy(pool.UncertaintySampling(), parzen), proba_of(context), with_(context))
    assert parzen.missing_label == ""
    mixture = MixtureModelClassifier(random_state=1)
    assert choose(SkactivemlStrategy(pool.FourDs(), mixture), proba_of(context), with_(context))


def test_one_that_cannot_use_its_classifier_says_how_to_pass_another(context: Context, pool: Any) -> None:
    strategy = SkactivemlStrategy(pool.FourDs(), model=LogisticRegression())
    words = r"FourDs\(\) failed \(.*MixtureModel.*SkactivemlStrategy\(FourDs\(\.\.\.\), model="
    with pytest.raises(InvalidInput, match=words):
        strategy(proba_of(context), with_(context))


def test_of_a_large_pool_a_random_part_is_passed(
    context: Context, pool: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hitl_widgets.learn.strategies.adapters.SAMPLE", 20)
    _, adapted = as_strategy(pool.UncertaintySampling())
    chosen = choose(adapted, proba_of(context), with_(context, n=30))
    assert len(set(chosen)) == 30  # the 20 that it ranked, and the rest at random
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


# -- modAL-style callables


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
        (
            [0, 70],
            r"'wrong' returned row 70: expected rows of X_pool, 0 to 69, .*labeled items",
        ),
        ([-1], "'wrong' returned row -1"),
        ([3, 3], "'wrong' returned a row more than once"),
        ([], r"'wrong' returned float64 of shape \(0,\)"),
        ([0.5], "'wrong' returned float64"),
        (np.zeros((2, 2), int), r"'wrong' returned int64 of shape \(2, 2\): expected row numbers"),
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
        assert classifier.predict_proba(X_pool[:5] + 1).shape == (5, 2)  # other rows use its estimator
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


def ranked(classifier: Any, X: Any, n_instances: int = 20, metric: str = "euclidean") -> Any:
    """modAL.batch.uncertainty_batch_sampling, as far as it uses the learner."""
    from sklearn.metrics import pairwise_distances

    unsure = 1 - classifier.predict_proba(X).max(axis=1)
    if classifier.on_transformed:
        X = classifier.transform_without_estimating(X)
    seen = X[:0] if classifier.X_training is None else classifier.X_training[:]
    chosen: list[int] = []
    for _ in range(n_instances):
        far = pairwise_distances(X, seen).min(axis=1) if len(seen) else np.ones(len(X))
        score = np.where(np.isin(np.arange(len(X)), chosen), -1, unsure + far)
        chosen.append(int(score.argmax()))
        seen = np.vstack([seen, X[[chosen[-1]]]])
    return np.array(chosen), unsure[chosen]


@pytest.mark.parametrize("labels", [0, 1, 10])
def test_its_batch_functions_work(context: Context, labels: int) -> None:
    y = np.where(np.arange(N) < labels, context.y, -1).astype(np.int16)
    P = proba_of(context)
    chosen = choose(as_strategy(ranked)[1], P, with_(context, y=y, candidates=y < 0, n=5))
    assert len(set(chosen)) == 5
    assert min(chosen) >= labels


def by_votes(committee: Any, X: Any, n_instances: int = 1, random_tie_break: bool = False) -> Any:
    """modAL.disagreement.vote_entropy_sampling, and what other functions of its module use."""
    votes, each = committee.vote(X), committee.vote_proba(X)
    assert votes.shape == (len(X), len(committee)) == (len(X), len(committee.learner_list))
    assert each.shape == (len(X), len(committee), len(committee.classes_))
    np.testing.assert_allclose(committee.predict_proba(X), each.mean(axis=1))
    np.testing.assert_array_equal(committee.classes_[each.argmax(axis=2)], votes)
    assert each.std(axis=1).max() > 0.01  # trained on resampled labels, so they differ
    return np.argsort(-each.std(axis=1).max(axis=1), kind="stable")[:n_instances]


def test_its_committee_functions_see_a_committee_that_disagrees(context: Context) -> None:
    P = proba_of(context)
    chosen = choose(as_strategy(by_votes)[1], P, with_(context, n=3))
    assert len(set(chosen)) == 3
    assert chosen == choose(as_strategy(by_votes)[1], P, with_(context, n=3))


@pytest.mark.parametrize("labels", [0, 1])
def test_a_committee_waits_for_a_second_class(context: Context, labels: int) -> None:
    y = np.where(np.arange(N) < labels, context.y, -1).astype(np.int16)
    alone = with_(context, y=y, candidates=y < 0, n=3)
    assert len(set(choose(as_strategy(by_votes)[1], proba_of(context), alone))) == 3


def of_module(module: str, function: Any) -> Any:
    function.__module__, function.__qualname__ = module, function.__name__
    return function


def max_std_sampling(regressor: Any, X: Any, n_instances: int = 1, random_tie_break: bool = False) -> Any:
    raise AssertionError


def max_EI(optimizer: Any, X: Any, tradeoff: float = 0, n_instances: int = 1) -> Any:  # noqa: N802 - its name
    raise AssertionError


def avg_score(classifier: Any, X_pool: Any, n_instances: int = 1, random_tie_break: bool = False) -> Any:
    raise AssertionError


def mc_dropout_bald(classifier: Any, X: Any, n_instances: int = 1, **options: Any) -> Any:
    raise AssertionError


def classifier_margin(classifier: Any, X: Any) -> Any:
    raise AssertionError


def information_density(X: Any, metric: str = "euclidean") -> Any:
    raise AssertionError


@pytest.mark.parametrize(
    ("strategy", "words"),
    [
        (
            max_std_sampling,
            "'max_std_sampling' requires a regressor, .* Pass a strategy of modAL",
        ),
        (max_EI, "'max_EI' requires a regressor"),
        (partial(max_EI, tradeoff=0.1), "'max_EI' requires a regressor"),
        (of_module("modAL.multilabel", avg_score), "'avg_score' requires several labels of each item"),
        (of_module("modAL.dropout", mc_dropout_bald), "'mc_dropout_bald' requires a network with dropout"),
        (of_module("modAL.uncertainty", classifier_margin), "'classifier_margin' .* is not a query strategy"),
        (of_module("modAL.density", information_density), "'information_density' .* is not a query strategy"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_for_one_class_of_each_item_is_refused_by_name(strategy: Any, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        as_strategy(strategy)


@pytest.mark.filterwarnings("ignore")
def test_its_own_functions_work(context: Context) -> None:
    """With modAL-python 0.4.2 installed, which is not a dependency."""
    batch = pytest.importorskip("modAL.batch")
    disagreement = pytest.importorskip("modAL.disagreement")
    uncertainty = pytest.importorskip("modAL.uncertainty")
    names = ("vote_entropy_sampling", "consensus_entropy_sampling", "max_disagreement_sampling")
    strategies = [getattr(disagreement, name) for name in names]
    for strategy in [*strategies, batch.uncertainty_batch_sampling, uncertainty.entropy_sampling]:
        for labels in (0, 1, 10):
            y = np.where(np.arange(N) < labels, context.y, -1).astype(np.int16)
            now = with_(context, y=y, candidates=y < 0, n=4)
            assert len(set(choose(as_strategy(strategy)[1], proba_of(context), now))) == 4
    for measure in (disagreement.vote_entropy, disagreement.max_std_sampling, uncertainty.classifier_margin):
        with pytest.raises(InvalidInput, match=measure.__name__):
            as_strategy(measure)
