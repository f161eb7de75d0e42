"""AutoLearner: its weights, independence of history, and leave-one-out of linear models."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.datasets import load_breast_cancer, load_digits, load_wine, make_circles, make_moons
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from hitl_widgets.background.turns import one_blas_thread
from hitl_widgets.data.neighbors import NeighborGraph
from hitl_widgets.learn import auto, scoring
from hitl_widgets.learn.auto import AutoLearner, Trust
from hitl_widgets.learn.evaluate import Given, Rest, accuracy_estimate
from hitl_widgets.learn.graph import GraphLearner
from hitl_widgets.learn.linear import LinearLearner, Span, _posterior_variance
from hitl_widgets.learn.views import spectral


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """The small dense matrices of the oracles are slow with two BLAS threads."""
    with one_blas_thread():
        yield


def problem(name: str) -> tuple[Any, Any]:
    data = {"cancer": load_breast_cancer, "wine": load_wine, "digits": load_digits}[name]()
    order = np.random.default_rng(1).permutation(len(data.target))
    X = data.data / 16 if name == "digits" else StandardScaler().fit_transform(data.data)
    return X[order].astype(np.float32), data.target[order].astype(np.int16)


def fitted(X: Any, y: Any, C: float = 1.0, weight: Any = None, index: Any = None) -> LinearLearner:
    learner = LinearLearner(C, max_iter=2000).start(X, int(y.max()) + 1)
    learner.update(np.arange(len(y)) if index is None else index, y, weight)
    return learner


def refitted(X: Any, y: Any, C: float, weight: Any = None) -> Any:
    """Leave-one-out by fitting one model per label."""
    rows = np.arange(len(y))
    told = []
    for i in rows:
        keep = rows != i
        model = LinearLearner(C, max_iter=2000).start(X, int(y.max()) + 1)
        model.update(rows[keep], y[keep], None if weight is None else weight[keep])
        told.append(model.proba(rows[i : i + 1])[0])
    return np.array(told)


def log_loss(P: Any, y: Any) -> float:
    return float(-np.log(np.maximum(P[np.arange(len(y)), y], 1e-3)).mean())


# -- LinearLearner.left_out


@pytest.mark.parametrize(("name", "m"), [("cancer", 40), ("wine", 40), ("digits", 60)])
@pytest.mark.parametrize("C", [1.0, 10.0])
def test_what_is_left_out_is_close_to_refitting_without_it(name: str, m: int, C: float) -> None:
    X, y = problem(name)
    y = y[:m]
    learner = fitted(X, y, C)
    told, exact = learner.left_out(np.arange(m), y), refitted(X, y, C)
    np.testing.assert_allclose(told.sum(axis=1), 1, atol=1e-9)
    common = np.bincount(y)[y] > 1
    told, exact, y, seen = told[common], exact[common], y[common], learner.proba(np.arange(m)[common])
    gap = abs(log_loss(told, y) - log_loss(exact, y))
    assert gap < 0.3 * (log_loss(exact, y) - log_loss(seen, y))
    assert np.abs(told - exact).mean() < 0.02


def test_left_out_with_weights_is_close_to_refitting_with_them() -> None:
    X, y = problem("cancer")
    y, weight = y[:40], np.tile([0.5, 1, 3, 1], 10)
    told = fitted(X, y, weight=weight).left_out(np.arange(40), y, weight)
    assert np.abs(told - refitted(X, y, 1.0, weight)).mean() < 0.01
    assert np.abs(fitted(X, y).left_out(np.arange(40), y) - told).mean() > 0.01


@pytest.mark.parametrize(
    "columns",
    [0, 100],
)
def test_a_label_of_no_weight_is_told_as_if_it_were_none(columns: int) -> None:
    X, y = problem("cancer")
    X = np.hstack([X, np.zeros((len(X), columns), np.float32)])
    y, weight = y[:40], np.ones(40)
    weight[7] = 0
    learner = fitted(X, y, weight=weight)
    told = learner.left_out(np.arange(40), y, weight)
    np.testing.assert_allclose(told[7], learner.proba(np.array([7]))[0], atol=1e-5)


@pytest.mark.parametrize("name", ["cancer", "wine"])
def test_wide_and_narrow_tables_give_the_same(name: str) -> None:
    X, y = problem(name)
    y, rows = y[:40], np.arange(40)
    wide = np.hstack([X, np.zeros((len(X), 60), np.float32)])
    # The wide one is fitted in the span of its rows; both stop within the same tolerance of the optimum.
    np.testing.assert_allclose(fitted(X, y).left_out(rows, y), fitted(wide, y).left_out(rows, y), atol=1e-3)


@pytest.mark.parametrize(("n", "d"), [(30, 5), (30, 30), (5, 30), (1, 3)])
def test_the_variances_are_those_of_the_dense_inverse(n: int, d: int) -> None:
    rng = np.random.default_rng(0)
    B, curve = rng.normal(size=(n, d)), rng.uniform(0.01, 0.5, size=(n, 3))
    expected = [np.diag(B @ np.linalg.inv(np.eye(d) + (B.T * v) @ B) @ B.T) for v in curve.T]
    np.testing.assert_allclose(_posterior_variance(B, curve), np.transpose(expected), atol=1e-8)


def test_the_only_label_of_a_class_is_told_wrong() -> None:
    X, y = problem("wine")
    y = np.array([0, 0, 0, 1, 1, 2], dtype=np.int16)
    Q = fitted(X, y).left_out(np.arange(6), y)
    assert Q[5, 2] == 0
    assert (Q[:5, 2] > 0).all()
    np.testing.assert_allclose(Q.sum(axis=1), 1)


def test_one_class_alone_leaves_nothing_to_tell() -> None:
    X, _ = problem("wine")
    learner = LinearLearner().start(X, 3)
    learner.update(np.arange(4), np.full(4, 2))
    np.testing.assert_allclose(learner.left_out(np.arange(4), np.full(4, 2)), 1 / 3)


# -- AutoLearner

# Tolerances for warm starts: on digits at most .12 right after 5 of 150 labels changed, .006 at rest.
AT_LABEL, AT_REST = 0.15, 0.01

AutoPool = tuple[Any, Any, AutoLearner]


@pytest.fixture(scope="module")
def groups() -> AutoPool:
    """Three touching clouds."""
    rng = np.random.default_rng(0)
    truth = np.arange(240) % 3
    X = (rng.normal(size=(240, 6)) + 2.2 * np.eye(6)[truth]).astype(np.float32)
    return X, truth, AutoLearner().start(X, 3, NeighborGraph.build(X).weights)


def fresh(pool: AutoPool) -> AutoLearner:
    X, _, template = pool
    return template.start(X, 3, template._affinity)


def test_the_order_of_the_labels_does_not_matter(groups: AutoPool) -> None:
    _, truth, _ = groups
    rows = np.random.default_rng(1).permutation(240)[:30]
    one, other = fresh(groups), fresh(groups)
    one.update(rows, truth[rows])
    other.update(rows[::-1], truth[rows[::-1]])
    np.testing.assert_allclose(one.proba(), other.proba(), atol=1e-5)
    assert str(one.trust) == str(other.trust)


@pytest.mark.parametrize("history", ["one by one", "undo", "relabel", "more and back"])
def test_after_a_rest_the_history_does_not_matter(groups: AutoPool, history: str) -> None:
    _, truth, _ = groups
    rows = np.random.default_rng(1).permutation(240)
    end = rows[:30]
    one, other = fresh(groups), fresh(groups)
    wrong = truth.copy()
    wrong[end[:4]] = (truth[end[:4]] + 1) % 3
    states = {
        "one by one": [(rows[:m], truth) for m in range(2, 30, 3)],
        "undo": [(end, truth), (rows[:31], truth)],
        "relabel": [(end, wrong)],
        "more and back": [(rows[:90], truth)],
    }[history]
    for known, says in states:
        one.update(known, says[known])
    one.update(end, truth[end])
    other.update(end, truth[end])
    assert np.abs(one.proba() - other.proba()).max() < AT_LABEL
    for _ in range(5):
        one.refresh()
        other.refresh()
    assert np.abs(one.proba() - other.proba()).max() < AT_REST
    assert (one.proba().argmax(axis=1) == other.proba().argmax(axis=1)).mean() >= 0.99
    assert one.trust is not None
    assert other.trust is not None
    assert one.trust.neighbours == pytest.approx(other.trust.neighbours, abs=0.01)


@pytest.mark.parametrize("make", [make_moons, make_circles])
def test_where_classes_follow_the_neighbours_the_neighbours_are_trusted(make: Any) -> None:
    trust, right, linear = [], [], []
    for seed in range(3):
        more = {"factor": 0.4} if make is make_circles else {}
        X, truth = make(300, noise=0.05, random_state=seed, **more)
        X, rows = X.astype(np.float32), np.random.default_rng(seed).permutation(300)[:40]
        learner = AutoLearner().start(X, 2, NeighborGraph.build(X).weights)
        learner.update(rows, truth[rows])
        assert learner.trust is not None
        trust.append(learner.trust.neighbours)
        right.append((learner.proba().argmax(axis=1) == truth).mean())
        linear.append((fitted(X, truth[rows], index=rows).proba().argmax(axis=1) == truth).mean())
    assert np.mean(trust) > 0.7
    assert np.mean(right) > 0.97
    assert np.mean(right) > np.mean(linear) + 0.05


def test_where_a_line_cuts_a_blob_it_is_no_worse_than_the_line() -> None:
    gain = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(300, 8)).astype(np.float32)
        truth = (X @ rng.normal(size=8) > 0).astype(int)
        base = AutoLearner().start(X, 2, NeighborGraph.build(X).weights)
        for m in (20, 50, 100):
            rows = rng.permutation(300)[:m]
            learner = base.start(X, 2, base._affinity)
            learner.update(rows, truth[rows])
            plain = fitted(X, truth[rows], index=rows).proba()
            gain.append(
                float((learner.proba().argmax(1) == truth).mean() - (plain.argmax(1) == truth).mean())
            )
    assert np.mean(gain) > -0.02


def test_the_trust_is_in_words_and_in_shares(groups: AutoPool) -> None:
    _, truth, _ = groups
    learner = fresh(groups)
    assert learner.explanation == ""
    learner.update(np.arange(30), truth[:30])
    trust = learner.trust
    assert trust is not None
    assert 0 <= trust.neighbours <= 1
    assert trust.n_labels == 30
    assert 0 < trust.right_graph <= 30
    assert 0 < trust.right_linear <= 30
    assert learner.explanation == str(trust)


def test_trust_says_how_much_and_why() -> None:
    words = str(Trust(0.784, 1200, 1100, 900))
    assert "neighbours 78 %" in words
    assert "linear 22 %" in words
    assert all(number in words for number in ("1,200", "1,100", "900"))


@pytest.mark.parametrize("code", [0, 2])
def test_labels_of_one_class_are_no_evidence(groups: AutoPool, code: int) -> None:
    learner = fresh(groups)
    learner.update(np.arange(4), np.full(4, code))
    assert "leave-one-out" not in learner.explanation


def test_a_single_class_is_predicted_everywhere_and_a_new_one_joins(groups: AutoPool) -> None:
    _, truth, _ = groups
    learner = fresh(groups)
    rows = np.flatnonzero(truth == 1)[:5]
    learner.update(rows, truth[rows])
    P = learner.proba()
    assert (P.argmax(axis=1) == 1).all()
    others = np.setdiff1d(np.flatnonzero(truth != 1), rows)
    assert np.median(P[others, 1]) < 0.9  # five labels of one class do not prove that there are no others
    assert P[rows, 1].min() > np.median(P[others, 1])
    learner.update(np.arange(20), np.minimum(truth[:20], 1))
    assert (learner.proba()[:, 2] < 0.01).all()
    learner.update(np.arange(40), truth[:40])
    assert (learner.proba().argmax(axis=1) == truth).mean() > 0.8


def test_without_a_graph_the_linear_models_stand_alone(groups: AutoPool) -> None:
    X, truth, _ = groups
    learner = AutoLearner().start(X, 3)
    learner.update(np.arange(40), truth[:40])
    plain = fitted(X, truth[:40]).proba()
    assert (learner.proba().argmax(axis=1) == plain.argmax(axis=1)).mean() > 0.95
    assert learner.trust is not None
    assert learner.trust.neighbours == 0
    assert learner.explanation == ""
    assert not learner.stale


@pytest.mark.parametrize(
    "weight",
    [0.0, 1.0, 5.0],
)
def test_weights_are_heard(groups: AutoPool, weight: float) -> None:
    _, truth, _ = groups
    y = truth[:24].copy()
    y[:6] = (y[:6] + 1) % 3
    weights = np.ones(24)
    weights[:6] = weight
    learner, without = fresh(groups), fresh(groups)
    learner.update(np.arange(24), y, weights)
    without.update(np.arange(6, 24), y[6:])
    right = (learner.proba().argmax(axis=1) == truth).mean()
    best = (without.proba().argmax(axis=1) == truth).mean()
    assert right >= best - 0.02 if weight == 0 else right < best


@pytest.mark.parametrize("n", [1, 2, 3, 4])
@pytest.mark.parametrize("edges", ["none", "no edges", "neighbours"])
def test_tiny_pools(n: int, edges: str) -> None:
    X = np.random.default_rng(0).normal(size=(n, 3)).astype(np.float32)
    affinity = {"none": None, "no edges": csr_array((n, n), dtype=np.float32)}.get(
        edges, NeighborGraph.build(X).weights
    )
    learner = AutoLearner().start(X, 2, affinity)
    for m in (1, n, 1):
        learner.update(np.arange(m), np.arange(m) % 2)
        P = learner.proba()
        assert np.isfinite(P).all()
        np.testing.assert_allclose(P.sum(axis=1), 1, atol=1e-5)
    assert (P[:, 0] > 0.6).all()


@pytest.fixture(scope="module")
def copies() -> tuple[Any, Any, AutoLearner, Any, Any]:
    """Two clouds, with every row three times; one of 21 labels contradicts that of its copy."""
    truth = np.arange(60) % 2
    X = np.random.default_rng(0).normal(size=(60, 3)) + 3 * np.eye(3)[truth]
    X, truth = np.repeat(X, 3, axis=0).astype(np.float32), np.repeat(truth, 3)
    rows = np.r_[0, 1, 3 * np.arange(1, 20)]
    y = truth[rows].copy()
    y[1] = 1 - y[0]
    learner = AutoLearner().start(X, 2, NeighborGraph.build(X).weights)
    learner.update(rows, y)
    return X, truth, learner, rows, y


def test_contradicting_labels_on_copies_leave_a_third_copy_in_doubt(copies: Any) -> None:
    P = copies[2].proba()
    assert 0.25 < P[2, 0] < 0.75
    assert P[1, 0] < P[2, 0] < P[0, 0]


def test_one_contradiction_does_not_spoil_the_copies_of_all_others(copies: Any) -> None:
    X, truth, learner, rows, y = copies
    view = spectral(learner._affinity, X)
    expert = fitted(view, y, 10.0, index=rows)
    right = expert.proba().argmax(axis=1) == truth
    assert right[::3].mean() > 0.9
    assert right[1::3].mean() > 0.9
    assert (learner.proba().argmax(axis=1) == truth).mean() > 0.9


def test_a_start_on_the_same_graph_shares_the_views(
    groups: AutoPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    X, truth, template = groups
    made: list[Any] = []
    monkeypatch.setattr(
        auto, "spectral", lambda *args: made.append(args) or np.zeros((len(X), 1), np.float32)
    )
    again = fresh(groups)
    assert not made
    assert again._graph._spread is template._graph._spread
    again.update(np.arange(20), truth[:20])
    fresh((X, truth, again))
    assert not made
    again.start(X, 3, csr_array(template._affinity.copy()))
    again.start(X.copy(), 3, template._affinity)
    assert len(made) == 2


# -- large pools: fast parts first


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auto, "AT_ONCE", 0)


@pytest.fixture(scope="module")
def strips() -> AutoPool:
    """Disconnected parts, so that a label does not affect most rows."""
    rng = np.random.default_rng(0)
    truth = np.repeat(np.arange(6), 40) % 3
    X = (rng.normal(size=(240, 3)) + 30 * np.repeat(np.arange(6), 40)[:, None]).astype(np.float32)
    return X, truth, AutoLearner().start(X, 3, NeighborGraph.build(X, k=8).weights)


@pytest.mark.usefixtures("large")
def test_in_a_large_pool_an_update_moves_what_the_label_touches(strips: AutoPool) -> None:
    X, truth, template = strips
    learner, spreading = fresh(strips), GraphLearner().start(X, 3, template._affinity)
    rows = np.arange(0, 240, 10)
    assert learner.update(rows, truth[rows]) is None  # the first time everything is computed
    assert not learner.stale
    spreading.update(rows, truth[rows])
    before = learner.proba().copy()
    more = np.append(rows, 5)
    touched = learner.update(more, truth[more])
    assert learner.stale
    np.testing.assert_array_equal(touched, spreading.update(more, truth[more]))
    assert 0 < len(touched) <= 40
    others = np.setdiff1d(np.arange(240), touched)
    np.testing.assert_array_equal(learner.proba()[others], before[others])
    assert (learner.proba()[touched] != before[touched]).any()
    np.testing.assert_allclose(learner.proba().sum(axis=1), 1, atol=1e-5)


@pytest.mark.usefixtures("large")
def test_a_label_that_comes_during_a_refresh_is_kept(strips: AutoPool, monkeypatch: Any) -> None:
    _, truth, _ = strips
    learner = fresh(strips)
    rows = np.arange(0, 240, 10)
    learner.update(rows, truth[rows])
    learner.update(rows[:-1], truth[rows[:-1]])
    begun, go_on = threading.Event(), threading.Event()
    fit = LinearLearner.update

    def slow(self: LinearLearner, *labels: Any) -> None:
        begun.set()
        assert go_on.wait(10)
        fit(self, *labels)

    monkeypatch.setattr(LinearLearner, "update", slow)
    refreshing = threading.Thread(target=learner.refresh)
    refreshing.start()
    assert begun.wait(10)
    more = np.append(rows[:-1], 5)
    touched = learner.update(more, truth[more])
    quick = learner.proba()[touched].argmax(axis=1)
    go_on.set()
    refreshing.join()
    assert touched is not None
    assert (quick == truth[touched]).all()
    assert learner.stale, "the refresh has not seen the label"
    assert (learner.proba()[touched].argmax(axis=1) == truth[touched]).all(), "and has not taken it back"
    learner.refresh()
    assert not learner.stale
    other = fresh(strips)
    other.update(more, truth[more])
    assert np.abs(learner.proba() - other.proba()).max() < AT_LABEL


def test_of_very_many_labels_some_stand_for_all() -> None:
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], [9_000, 2_000, 40]).astype(np.int16)
    X = (rng.normal(size=(len(y), 6)) + 1.5 * np.eye(6)[y]).astype(np.float32)
    learner = fitted(X, y)
    right = LogisticRegression(max_iter=2000).fit(X, y)
    told, expected = learner.proba(), right.predict_proba(X)
    assert (told.argmax(axis=1) == expected.argmax(axis=1)).mean() > 0.98
    assert np.abs(told.mean(axis=0) - expected.mean(axis=0)).max() < 0.01, "no class counts for less"


@pytest.mark.usefixtures("large")
def test_a_refresh_brings_the_rest_to_where_a_fresh_learner_is(groups: AutoPool) -> None:
    _, truth, _ = groups
    learner, other = fresh(groups), fresh(groups)
    for m in (10, 20, 30):
        learner.update(np.arange(m), truth[:m])
    assert learner.stale
    learner.refresh()
    assert not learner.stale
    other.update(np.arange(30), truth[:30])
    assert np.abs(learner.proba() - other.proba()).max() < AT_LABEL


@pytest.mark.usefixtures("large")
def test_the_audit_of_a_learner_that_lags_is_honest(groups: AutoPool) -> None:
    # Random labels: a model that has not seen them predicts a third of them.
    dice = np.random.default_rng(0).integers(0, 3, 150)
    given = Given(np.arange(150), dice, np.ones(150, bool), np.arange(150))
    left = np.arange(150, len(groups[0]))
    found = accuracy_estimate(fresh(groups), given, Rest(left, len(left)))
    assert found.value is not None
    assert found.value < 0.45


@pytest.mark.usefixtures("large")
def test_probabilities_that_were_handed_out_stay_as_they_were(groups: AutoPool) -> None:
    _, truth, _ = groups
    learner = fresh(groups)
    learner.update(np.arange(20), truth[:20])
    given = learner.proba()
    kept = given.copy()
    learner.update(np.arange(30), truth[:30])
    np.testing.assert_array_equal(given, kept)


def test_some_labels_can_stand_for_the_others() -> None:
    X, y = problem("digits")
    index = np.arange(400)
    learner = fitted(X[:400], y[:400], 1.0)
    everyone = learner.left_out(index, y[:400])
    np.testing.assert_array_equal(learner.left_out(index, y[:400], among=index), everyone)
    some = np.arange(0, 400, 2)
    told = learner.left_out(index, y[:400], among=some)
    assert np.abs(told - everyone[some]).mean() < 0.01


@pytest.mark.parametrize("shift", [0.0, 1e6, 1e10])
def test_features_far_from_zero_are_learned(shift: float) -> None:
    X, y = make_moons(300, noise=0.05, random_state=0)
    X = (X * max(1.0, shift / 100) + shift).astype(np.float32)
    learner = AutoLearner().start(X, 2, NeighborGraph.build(X).weights)
    learner.update(np.arange(40), y[:40].astype(np.int16))
    assert (learner.proba().argmax(axis=1) == y).mean() > 0.8


# -- the exported model


def taught(X: Any, y: Any, n: int) -> tuple[AutoLearner, Any]:
    rows = np.random.default_rng(0).permutation(len(y))[:n]
    learner = AutoLearner().start(X, int(y.max()) + 1, NeighborGraph.build(X).weights)
    learner.update(rows, y[rows])
    return learner, learner.export(rows, y[rows])


def test_where_no_line_divides_the_classes_the_model_to_take_away_is_curved() -> None:
    X, y = make_circles(1_000, noise=0.05, factor=0.5, random_state=0)
    learner, model = taught(X[:500].astype(np.float32), y[:500].astype(np.int16), 30)
    assert isinstance(model, Pipeline)
    assert (model.predict(X[500:].astype(np.float32)) == y[500:]).mean() > 0.97
    assert (learner.proba().argmax(axis=1) == y[:500]).mean() > 0.97


def test_where_a_line_divides_them_it_is_a_logistic_regression() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1_000, 8)).astype(np.float32)
    y = (X[:, 0] + X[:, 1] > 0).astype(np.int16)
    _, model = taught(X[:600], y[:600], 80)
    assert isinstance(model, LogisticRegression)
    assert (model.predict(X[600:]) == y[600:]).mean() > 0.9


@pytest.mark.parametrize("n", [2, 3, 5])
def test_a_handful_of_labels_gives_a_model_too(n: int) -> None:
    X = np.arange(10, dtype=np.float32)[:, None]
    y = np.array([0, 1] * 5, dtype=np.int16)
    learner = AutoLearner().start(X, 2)
    learner.update(np.arange(n), y[:n])
    model = learner.export(np.arange(n), y[:n], names=["no", "yes"])
    assert set(model.predict(X)) <= {"no", "yes"}
    assert model.predict_proba(X).shape == (10, 2)


@pytest.mark.parametrize("name", ["groups", "strips"])
def test_measuring_tells_some_rows_as_a_fresh_learner_tells_them(name: str, request: Any) -> None:
    pool = request.getfixturevalue(name)
    _, truth, _ = pool
    index, rows = np.arange(0, 40, 2), np.array([3, 41, 7])
    learner, other = fresh(pool), fresh(pool)
    learner.told(index[:12], truth[index[:12]], rows)
    other.update(index, truth[index])
    told = learner.told(index, truth[index], rows)
    assert told.shape == (3, other.proba().shape[1])
    assert np.abs(told - other.proba(rows)).max() < AT_LABEL


@pytest.mark.usefixtures("large")
def test_before_the_graph_a_label_moves_a_part_of_the_pool_and_a_refresh_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    part = scoring.BLOCK
    n = 3 * part
    monkeypatch.setattr(scoring, "EXACT", 500)
    monkeypatch.setattr(auto, "PASS", 4 * part)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 4)).astype(np.float32)
    y = (X[:, 0] + 0.5 * rng.normal(size=n) > 0).astype(np.int16)
    learner = AutoLearner().start(X, 2)

    def right() -> Any:
        scores = learner.scores()
        assert scores is not None
        return scores, np.abs(scores.confidence - learner.proba().max(axis=1)) < 1e-5

    rows = rng.permutation(n)[:40]
    learner.update(rows[:30], y[rows[:30]])
    assert right()[1].all()
    for low in (part, 2 * part):
        learner.update(rows[: 31 + low], y[rows[: 31 + low]])
        assert learner.stale
        scores, same = right()
        first = np.argsort(-scores.uncertainty)[:20]
        mine = np.arange(n) // part == low // part
        assert same[mine].all(), "this part is of the newest model"
        assert same[first].all(), "and what is asked first"
        if low == part:
            assert same[~mine].mean() < 0.5, "the other parts wait"
    learner.refresh()
    learner.update(rows, y[rows])  # like the next round
    assert not learner.stale
    pieces = 0
    while learner.unfinished or not pieces:
        learner.update(rows, y[rows])
        learner.scores()
        pieces += 1
    assert pieces == 3
    assert right()[1].all()
    fresh = AutoLearner().start(X, 2)
    fresh.update(rows, y[rows])
    np.testing.assert_allclose(learner.proba(), fresh.proba(), atol=0.02)  # all three penalties are used


def test_a_span_holds_its_rows_whatever_came_and_went() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(60, 40))
    rows[7], rows[8] = rows[3], 0  # a copy, and a row of zeros
    rows[9] = 2 * rows[3] - rows[4]
    span = Span(40)
    for index in (
        np.arange(4),
        np.arange(12),
        np.arange(4, 12),
        np.arange(39),
        np.array([50, 3]),
        np.arange(25),
    ):
        basis = span.of(index, rows[index])
        np.testing.assert_allclose(basis @ basis.T, np.eye(len(basis)), atol=1e-12)
        np.testing.assert_allclose(rows[index] @ basis.T @ basis, rows[index], atol=1e-12)
        assert len(basis) <= min(40, len(index) + 16)
    assert len(Span(40).of(np.arange(12), rows[:12])) == 9
