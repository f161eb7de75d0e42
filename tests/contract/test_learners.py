"""The contract of every learner. To test another learner, add it to LEARNERS."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits, make_circles
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.semi_supervised import LabelSpreading, SelfTrainingClassifier
from sklearn.svm import LinearSVC

from helpers import clouds
from hitl_widgets.data.neighbors import NeighborGraph
from hitl_widgets.errors import InvalidInput
from hitl_widgets.learn.auto import AutoLearner
from hitl_widgets.learn.graph import GraphLearner
from hitl_widgets.learn.learner import Learner, SklearnLearner, as_learner
from hitl_widgets.learn.linear import LinearLearner


class Plain(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier with only predict."""

    def fit(self, X: Any, y: Any) -> Plain:
        self.classes_ = np.unique(y)
        self.means_ = np.array([X[y == c].mean(axis=0) for c in self.classes_])
        return self

    def predict(self, X: Any) -> Any:
        return self.classes_[((X[:, None] - self.means_) ** 2).sum(axis=2).argmin(axis=1)]


class Old(LinearLearner):
    """A user-defined learner from before graphs were passed."""

    def start(self, X: Any, n_classes: int) -> Any:  # type: ignore[override]
        return super().start(X, n_classes)


X, NAMES = clouds(60)
Y = (NAMES == "b").astype(np.int16)
AFFINITY = NeighborGraph.build(X).weights


class On:
    """A learner that is always started on the neighbour graph of X."""

    def __init__(self, learner: Any) -> None:
        self.learner = learner
        self.name = learner.name

    def start(self, X: Any, n_classes: int, affinity: Any = None) -> On:
        return On(self.learner.start(X, n_classes, AFFINITY))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.learner, name)

    def update(self, *labels: Any) -> Any:
        return self.learner.update(*labels)

    def proba(self, index: Any = None) -> Any:
        return self.learner.proba(index)


LEARNERS: dict[str, Learner] = {
    "linear": LinearLearner(),
    "auto": AutoLearner(),
    "auto on a graph": On(AutoLearner()),
    "graph": GraphLearner(),
    "graph on a graph": On(GraphLearner()),
    "LogisticRegression": SklearnLearner(LogisticRegression()),
    "LabelSpreading": SklearnLearner(LabelSpreading(kernel="knn", n_neighbors=5)),
    "SelfTraining": SklearnLearner(SelfTrainingClassifier(LogisticRegression())),
    "RandomForest": SklearnLearner(RandomForestClassifier(10, random_state=0)),
    "LinearSVC": SklearnLearner(LinearSVC(random_state=0)),
    "Ridge": SklearnLearner(RidgeClassifier()),
    "KNeighbors": SklearnLearner(KNeighborsClassifier(1)),
    "predict alone": SklearnLearner(Plain()),
}

# Without a graph no label reaches another row. Label spreading is uncertain where no label reaches, and
# the pool of experts is never certain: a class without labels keeps some probability.
ALONE = ["graph"]
OPEN = ["auto", "auto on a graph", "graph", "graph on a graph"]


@pytest.fixture(params=LEARNERS)
def template(request: pytest.FixtureRequest) -> Learner:
    return LEARNERS[request.param]


@pytest.fixture(params=[name for name in LEARNERS if name not in ALONE])
def reaching(request: pytest.FixtureRequest) -> Learner:
    """A classifier that also learns from unlabelled rows."""
    return LEARNERS[request.param]


@pytest.fixture(params=[name for name in LEARNERS if name not in OPEN])
def closed(request: pytest.FixtureRequest) -> Learner:
    """A classifier that predicts only classes that it has seen."""
    return LEARNERS[request.param]


def check(P: np.ndarray[Any, Any], rows: int, n_classes: int) -> None:
    assert P.shape == (rows, n_classes)
    assert np.isfinite(P).all()
    assert (P >= 0).all()
    np.testing.assert_allclose(P.sum(axis=1), 1, atol=1e-5)


def test_a_learner_satisfies_the_protocol(template: Learner) -> None:
    assert isinstance(template, Learner)
    assert isinstance(template.name, str)
    assert as_learner(template) is template


@pytest.mark.parametrize("n", [2, 7, 60])
def test_rows_of_probabilities_sum_to_one(template: Learner, n: int) -> None:
    learner = template.start(X, 2)
    learner.update(np.arange(n), Y[:n])
    check(learner.proba(), len(X), 2)


def test_easy_classes_are_learnt_from_four_labels(reaching: Learner) -> None:
    learner = reaching.start(X, 2)
    learner.update(np.arange(4), Y[:4])
    assert (learner.proba().argmax(axis=1) == Y).mean() > 0.95


def test_while_one_class_alone_is_known_everything_is_of_that_class(closed: Learner) -> None:
    learner = closed.start(X, 3)
    for n in (1, 9):  # rule of succession: confidence grows with the number of labels
        learner.update(np.arange(n), np.ones(n, dtype=np.int16))
        sure = np.array([1, n + 1, 1]) / (n + 3)
        np.testing.assert_allclose(learner.proba(), np.tile(sure, (len(X), 1)), rtol=1e-6)
    assert learner.proba(np.array([3, 4])).shape == (2, 3)


def test_a_class_without_labels_gets_no_probability(closed: Learner) -> None:
    learner = closed.start(X, 4)
    codes = np.where(Y == 0, 1, 3).astype(np.int16)
    learner.update(np.arange(20), codes[:20])
    P = learner.proba()
    check(P, len(X), 4)
    assert (P[:, [0, 2]] == 0).all()
    assert (P.argmax(axis=1) == codes).mean() > 0.95


@pytest.mark.parametrize("name", OPEN)
def test_a_class_without_labels_is_never_the_likeliest(name: str) -> None:
    learner = LEARNERS[name].start(X, 4)
    codes = np.where(Y == 0, 1, 3).astype(np.int16)
    for n in (1, 20):
        learner.update(np.arange(n), codes[:n])
        P = learner.proba()
        check(P, len(X), 4)
        assert (P[:, [0, 2]].max(axis=1) <= P[:, [1, 3]].max(axis=1)).all()
        assert (P[:n].argmax(axis=1) == codes[:n]).all()
        assert (P[:n, [0, 2]] < 0.25).all()


def test_a_label_that_is_taken_back_leaves_no_trace(template: Learner) -> None:
    learner, fresh = template.start(X, 3), template.start(X, 3)
    learner.update(np.arange(10), Y[:10])
    wrong = Y[:20].copy()
    wrong[10:] = 2
    learner.update(np.arange(20), wrong)
    for _ in range(5):  # a warm start converges with every update
        learner.update(np.arange(10), Y[:10])
        fresh.update(np.arange(10), Y[:10])
    np.testing.assert_allclose(learner.proba(), fresh.proba(), atol=0.01)


def test_fewer_classes_after_an_undo_are_fewer_classes(reaching: Learner) -> None:
    learner = reaching.start(X, 2)
    learner.update(np.arange(10), Y[:10])
    learner.update(np.array([0]), Y[:1])
    assert (learner.proba().argmax(axis=1) == 0).all()
    learner.update(np.arange(10), Y[:10])
    assert (learner.proba().argmax(axis=1) == Y).mean() > 0.95


def test_the_order_of_the_labels_does_not_matter(template: Learner) -> None:
    order = np.random.default_rng(0).permutation(30)
    forest = getattr(template, "estimator", None).__class__ is RandomForestClassifier
    first, second = template.start(X, 2), template.start(X, 2)
    first.update(np.arange(30), Y[:30])
    second.update(order, Y[order])
    np.testing.assert_allclose(first.proba(), second.proba(), atol=0.5 if forest else 0.01)


def test_a_start_is_a_fresh_one_of_the_same_settings(reaching: Learner) -> None:
    first = reaching.start(X, 2)
    first.update(np.arange(20), Y[:20])
    before = first.proba().copy()
    second = first.start(X, 2)
    second.update(np.arange(20), 1 - Y[:20])
    np.testing.assert_array_equal(first.proba(), before)
    assert second.name == reaching.name
    assert (second.proba().argmax(axis=1) == Y).mean() < 0.05


def test_some_rows_are_the_same_rows_of_all(template: Learner) -> None:
    learner = template.start(X, 2)
    learner.update(np.arange(20), Y[:20])
    index = np.array([50, 3, 3, 0])
    np.testing.assert_allclose(learner.proba(index), learner.proba()[index], atol=1e-6)


def test_the_pool_and_the_labels_stay_as_they_were(template: Learner) -> None:
    pool, index, codes = X.copy(), np.arange(20), Y[:20].copy()
    learner = template.start(pool, 2)
    learner.update(index, codes)
    learner.proba()
    np.testing.assert_array_equal(pool, X)
    np.testing.assert_array_equal(index, np.arange(20))
    np.testing.assert_array_equal(codes, Y[:20])


def test_contradicting_labels_on_equal_rows_are_learnt_as_doubt() -> None:
    pool = np.ones((10, 2), dtype=np.float32)
    learner = LinearLearner().start(pool, 2)
    learner.update(np.arange(10), np.arange(10) % 2)
    np.testing.assert_allclose(learner.proba(), 0.5, atol=0.01)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6, 1e18])
def test_features_of_any_size_give_finite_probabilities(scale: float) -> None:
    learner = LinearLearner().start((X * scale).astype(np.float32), 2)
    learner.update(np.arange(30), Y[:30])
    check(learner.proba(), len(X), 2)


# -- LinearLearner compared with scikit-learn


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    found = load_digits()
    return (found.data / 16).astype(np.float32), found.target


@pytest.mark.parametrize("n", [40, 1000])
def test_the_linear_learner_converges_to_logistic_regression(digits: Any, n: int) -> None:
    pool, truth = digits
    learner = LinearLearner(max_iter=2000).start(pool, 10)
    learner.update(np.arange(n), truth[:n])
    oracle = LogisticRegression(C=1, max_iter=5000, tol=1e-8).fit(pool[:n].astype(np.float64), truth[:n])
    expected = oracle.predict_proba(pool.astype(np.float64))
    np.testing.assert_allclose(learner.proba(), expected, atol=1e-2)
    assert (learner.proba().argmax(axis=1) == expected.argmax(axis=1)).mean() >= 0.99


@pytest.mark.parametrize("classes", [[3, 8], [3, 5, 8]])
def test_the_exported_model_is_the_linear_learner(digits: Any, classes: list[int]) -> None:
    pool, truth = digits
    rows = np.flatnonzero(np.isin(truth, classes))[:60]
    learner = LinearLearner(max_iter=2000).start(pool, 10)
    learner.update(rows, truth[rows])
    found = learner.export(rows, truth[rows]).predict_proba(pool)
    np.testing.assert_allclose(found, learner.proba()[:, classes], atol=0.01)


def test_the_linear_learner_keeps_up_with_one_label_after_another(digits: Any) -> None:
    pool, truth = digits
    learner = LinearLearner().start(pool, 10)
    for n in range(20, 201, 5):
        learner.update(np.arange(n), truth[:n])
    oracle = LogisticRegression(C=1, max_iter=5000).fit(pool[:200], truth[:200])
    assert (learner.proba().argmax(axis=1) == oracle.predict(pool)).mean() >= 0.98


def test_weights_count_like_repeated_labels() -> None:
    weighted, repeated = LinearLearner(max_iter=500).start(X, 2), LinearLearner(max_iter=500).start(X, 2)
    codes = np.array([0, 1, 1, 0])
    weighted.update(np.array([0, 1, 2, 3]), codes, np.array([1.0, 3.0, 1.0, 1.0]))
    repeated.update(np.array([0, 1, 1, 1, 2, 3]), np.array([0, 1, 1, 1, 1, 0]))
    np.testing.assert_allclose(weighted.proba(), repeated.proba(), atol=1e-3)


# -- values of learner=


@pytest.mark.parametrize(
    ("name", "kind"), [("auto", AutoLearner), ("linear", LinearLearner), ("graph", GraphLearner)]
)
def test_known_names_give_the_learners_of_the_house(name: str, kind: type) -> None:
    assert type(as_learner(name)) is kind


def test_a_classifier_is_taken_as_it_is_and_never_changed() -> None:
    estimator = LogisticRegression(C=3)
    learner = as_learner(estimator).start(X, 2)
    learner.update(np.arange(10), Y[:10])
    assert learner.name == "LogisticRegression"
    assert not hasattr(estimator, "coef_")


@pytest.mark.parametrize(
    ("learner", "words"),
    [
        ("svm", "Unknown learner='svm'. Expected one of 'auto', 'linear', 'graph', a scikit-learn"),
        ("grpah", "Unknown learner='grpah'. Did you mean 'graph'"),
        (None, "learner=None: expected"),
        (3, "learner=3: expected"),
        (LogisticRegression, r"is a class: pass an instance, LogisticRegression\(\)"),
        (LinearLearner, r"is a class: pass an instance, LinearLearner\(\)"),
        (LinearRegression(), r"LinearRegression\(\) is not a classifier: pass one"),
        (Old(), "learner=Old: start must take"),
        (KMeans(), r"KMeans\(\) is not a classifier"),
    ],
)
def test_what_cannot_learn_is_refused(learner: Any, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        as_learner(learner)


@pytest.mark.parametrize("name", ["auto", "graph", "linear"])
def test_a_learner_travels_to_other_processes_and_starts_there(name: str) -> None:
    learner = pickle.loads(pickle.dumps(as_learner(name))).start(X, 2)
    learner.update(np.arange(40), Y[:40])
    assert learner.proba().shape == (len(X), 2)


@pytest.mark.parametrize("piped", [False, True])
def test_semi_supervised_classifiers_see_the_whole_pool(piped: bool) -> None:
    # Two rings: four labels suffice only for learners that use the connectedness of the rest.
    X, y = make_circles(300, factor=0.4, noise=0.03, random_state=0)
    estimator: Any = LabelSpreading(gamma=60, alpha=0.9, max_iter=2_000)
    learner = SklearnLearner(make_pipeline(StandardScaler(), estimator) if piped else estimator)
    started = learner.start(X.astype(np.float32), 2)
    index = np.concatenate([np.flatnonzero(y == c)[:2] for c in (0, 1)])
    started.update(index, y[index])
    assert (started.proba().argmax(axis=1) == y).mean() > 0.98
    model = started.export(index, y[index], names=["outer", "inner"])
    assert (model.predict(X) == np.array(["outer", "inner"])[y]).mean() > 0.98
