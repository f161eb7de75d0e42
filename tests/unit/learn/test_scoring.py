"""The fused pass gives the same results as numpy for all kinds of pools."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from hitl_widgets.learn import scoring
from hitl_widgets.learn.auto import AutoLearner
from hitl_widgets.learn.learner import softmax
from hitl_widgets.learn.linear import LinearLearner
from hitl_widgets.learn.scoring import ClassBelief, Head, best, score


def problem(n: int = 3000, d: int = 37, c: int = 7, seed: int = 0) -> tuple[np.ndarray, Head]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)).astype(np.float32)
    codes = np.sort(rng.choice(c + 2, c, replace=False)).astype(np.int16)
    return X, Head(rng.normal(size=(c, d)), rng.normal(size=c), codes, c + 2)


def expected(X: np.ndarray, head: Head) -> dict[str, np.ndarray]:
    P = np.zeros((len(X), head.n_classes))
    P[:, head.codes] = softmax(X.astype(np.float64) @ head.coef.T + head.intercept)
    order = np.sort(P, axis=1)
    return {
        "predicted": P.argmax(axis=1),
        "confidence": order[:, -1],
        "uncertainty": 1 - order[:, -1] + order[:, -2],
        "entropy": -(P * np.log(np.maximum(P, 1e-300))).sum(axis=1),
    }


@pytest.fixture(params=["compiled", "numpy"])
def way(request, monkeypatch):
    if request.param == "compiled":
        pytest.importorskip("numba")
        monkeypatch.setattr(scoring, "SMALL", 0)
    else:
        monkeypatch.setattr(scoring, "NUMBA", False)
    return request.param


@pytest.mark.parametrize("shape", [(3000, 37, 7), (1, 3, 2), (65, 384, 10), (130, 1, 3), (2, 5, 1)])
def test_the_pass_agrees_with_double_precision(way, shape):
    X, head = problem(*shape)
    found, right = score(X, head, "entropy"), expected(X, head)
    close = {"atol": 2e-6, "rtol": 2e-5}
    sure = np.sort(softmax(X @ head.coef.T + head.intercept), axis=1)
    clear = sure[:, -1] - (sure[:, -2] if shape[2] > 1 else 0) > 1e-5
    np.testing.assert_array_equal(found.predicted[clear], right["predicted"][clear])
    np.testing.assert_allclose(found.confidence, right["confidence"], **close)
    np.testing.assert_allclose(found.uncertainty, right["uncertainty"], **close)
    np.testing.assert_allclose(found.entropy, right["entropy"], atol=2e-5)
    assert (found.runner_up >= 0).all() == (shape[2] > 1)


def test_the_two_likeliest_classes_are_told_by_their_codes(way):
    X, head = problem()
    found = score(X, head)
    order = np.argsort(-(X.astype(np.float64) @ head.coef.T + head.intercept), axis=1)
    assert (found.predicted == head.codes[order[:, 0]]).mean() > 0.999
    assert (found.runner_up == head.codes[order[:, 1]]).mean() > 0.999
    assert len(found.entropy) == 0, "nobody asked for it"


def test_extreme_scores_neither_overflow_nor_turn_into_nan(way):
    X = np.array([[1e6], [-1e6], [0]], np.float32)
    found = score(X, Head(np.array([[1.0], [-1.0], [0.5]]), np.zeros(3), np.arange(3, dtype=np.int16), 3))
    assert found.predicted[:2].tolist() == [0, 1]
    np.testing.assert_allclose(found.confidence, [1, 1, 1 / 3], atol=1e-6)
    np.testing.assert_allclose(found.uncertainty, [0, 0, 1], atol=1e-6)


def test_half_precision_pools_are_scored_as_they_are(way):
    X, head = problem(1500, 20)
    half = X.astype(np.float16)
    np.testing.assert_allclose(
        score(half, head).uncertainty, expected(half, head)["uncertainty"], atol=5e-6, rtol=2e-5
    )


class Blocks:
    """Indexes like an array without being one, like zarr and Dask arrays."""

    def __init__(self, X: np.ndarray, rows: int) -> None:
        self._X, self.block_rows, self.shape, self.dtype = X, rows, X.shape, X.dtype
        self.read: list[int] = []

    def __len__(self) -> int:
        return len(self._X)

    def __getitem__(self, which):
        found = self._X[which]
        self.read.append(len(found))
        return found


def test_what_indexes_like_an_array_is_read_once_a_block_at_a_time(way):
    X, head = problem(1000)
    blocks = Blocks(X, 300)
    found = score(blocks, head)
    np.testing.assert_array_equal(found.predicted, score(X, head).predicted)
    assert sorted(blocks.read)[:4] == [100, 300, 300, 300]
    assert max(blocks.read[:4]) == 300


def test_a_memory_map_gives_what_the_array_gives(way, tmp_path):
    X, head = problem(500)
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    for mine, theirs in zip(score(mapped, head).arrays, score(X, head).arrays, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_each_block_is_told_when_it_is_done():
    X, head = problem(1000)
    told: list[slice] = []
    score(Blocks(X, 300), head, done=lambda rows, found: told.append((rows, found.predicted[rows].min())))
    assert sorted(rows.start for rows, _ in told) == [0, 300, 600, 900]
    assert all(least >= 0 for _, least in told)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=200), st.integers(1, 70), st.randoms())
def test_best_gives_the_highest_and_all_that_tie(values, k, chance):
    utility = np.array(values, float)
    candidates = np.array([chance.random() < 0.7 for _ in values])
    rows = best(utility, k, candidates)
    asked = np.flatnonzero(candidates)
    bar = np.sort(utility[asked])[::-1][min(k, len(asked)) - 1] if len(asked) else 0
    assert sorted(rows) == [i for i in asked if utility[i] >= bar]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_reading_what_changed_is_reading_everything(seed, compiled):
    rng = np.random.default_rng(seed)
    P = rng.dirichlet(np.ones(4), size=50).astype(np.float32)
    before = ClassBelief.of(P)
    rows = np.flatnonzero(rng.random(50) < 0.3)
    later = P.copy()
    later[rows] = rng.dirichlet(np.ones(4), size=len(rows))
    kept = [a.copy() for a in before.arrays]
    least, scoring.SMALL = scoring.SMALL, 0 if compiled else 10**9
    try:
        found = before.changed(rows, later[rows])
    finally:
        scoring.SMALL = least
    for mine, theirs in zip(found.arrays, ClassBelief.of(later).arrays, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-6)
    for mine, theirs in zip(before.arrays, kept, strict=True):
        np.testing.assert_array_equal(mine, theirs, err_msg="others hold the old ones")


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -0.1, 0.9])
def test_probabilities_that_are_none_are_refused(way, wrong):
    P = np.full((5, 3), 1 / 3, np.float32)
    P[2, 1] = wrong
    with pytest.raises(ValueError, match="sum to 1"):
        ClassBelief.of(P)


def test_of_one_class_there_is_no_runner_up(way):
    found = ClassBelief.of(np.ones((4, 1), np.float32))
    assert found.runner_up.tolist() == [-1] * 4
    assert found.uncertainty.tolist() == [0] * 4


def test_the_linear_learner_scores_as_scikit_learn_does():
    X, y = load_digits(return_X_y=True)
    X = (X / 16).astype(np.float32)
    rows = np.random.default_rng(0).choice(len(X), 80, replace=False)
    learner = LinearLearner(max_iter=500).start(X, 10)
    learner.update(rows, y[rows])
    found = learner.scores()
    right = LogisticRegression(max_iter=5000).fit(X[rows], y[rows])
    P = right.predict_proba(X)
    assert (found.predicted == right.classes_[P.argmax(axis=1)]).mean() > 0.995
    np.testing.assert_allclose(found.confidence, P.max(axis=1), atol=0.02)


def test_without_a_graph_the_pool_of_linear_experts_is_one_head():
    X, y = load_digits(return_X_y=True)
    X = (X / 16).astype(np.float32)
    rows = np.random.default_rng(1).choice(len(X), 60, replace=False)
    learner = AutoLearner().start(X, 10)
    learner.update(rows, y[rows])
    found, P = learner.scores(), learner.proba()
    np.testing.assert_allclose(P.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(found.confidence, P.max(axis=1), atol=1e-5)
    np.testing.assert_allclose(learner.proba(np.array([3, 1, 3])), P[[3, 1, 3]], atol=1e-6)
    assert (found.predicted == y).mean() > 0.8
