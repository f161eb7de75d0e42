"""ForestClassifier: accuracy compared with scikit-learn, out-of-bag, loading, and its role in auto."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression

from hitl_widgets.data.neighbors import NeighborGraph
from hitl_widgets.errors import InvalidInput
from hitl_widgets.learn.auto import COLUMNS, AutoLearner
from hitl_widgets.learn.forest import ForestClassifier, edges_of
from hitl_widgets.models.files import load_model, save_model


def deciding(n: int = 1_500, d: int = 30, seed: int = 0) -> tuple[Any, Any]:
    """Two of many columns decide: the class is whether both are above a threshold."""
    X = np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)
    return X, ((X[:, 3] > 0.3) & (X[:, 7] > -0.3)).astype(np.int16)


@pytest.mark.parametrize("n", [60, 300])
def test_it_is_as_accurate_as_scikit_learns(n: int) -> None:
    found = []
    for seed in range(3):
        X, y = deciding(seed=seed)
        models = ForestClassifier(100), RandomForestClassifier(100, max_features=1 / 3, random_state=0)
        found.append([np.mean(m.fit(X[:n], y[:n]).predict(X[n:]) == y[n:]) for m in models])
    ours, theirs = np.mean(found, axis=0)
    assert ours > theirs - 0.02
    assert ours > 0.8


@given(st.integers(0, 50), st.integers(2, 40), st.integers(1, 5), st.integers(2, 4))
def test_both_ways_to_read_agree_and_each_row_adds_up(seed: int, n: int, d: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 4, (n, d)).astype(np.float32)  # many equal rows, also of different classes
    y = np.concatenate([np.arange(2), rng.integers(0, k, n - 2)])
    forest = ForestClassifier(7).fit(X, y)
    P = forest.predict_proba(X)
    np.testing.assert_allclose(P.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(P, forest._read_plain(X))
    np.testing.assert_array_equal(P, ForestClassifier(7).fit(X, y).predict_proba(X))


def test_what_is_left_out_is_told_by_trees_that_have_not_seen_it() -> None:
    X, y = deciding(200)
    forest = ForestClassifier(20).fit(X, y)
    among = np.array([5, 0, 150])
    told = forest.left_out(X[among], among)
    for P, i in zip(told, among, strict=True):
        others = ForestClassifier(20).fit(X, y)
        unseen = np.flatnonzero(forest._bag[:, i] == 0)
        for name in ("column_", "threshold_", "left_", "share_"):
            setattr(others, name, np.ascontiguousarray(getattr(forest, name)[unseen]))
        np.testing.assert_allclose(P, others.predict_proba(X[i : i + 1])[0], atol=1e-6)
    # Random labels cannot be predicted, however well the trees fit them.
    y = np.random.default_rng(0).permutation(y)
    forest = ForestClassifier().fit(X, y)
    assert (forest.predict(X) == y).mean() > 0.95
    assert (forest.left_out(X, np.arange(200)).argmax(axis=1) == y).mean() < 0.85


def test_columns_of_one_value_and_rows_that_are_all_alike() -> None:
    X, y = np.zeros((20, 3), np.float32), np.arange(20) % 2
    P = ForestClassifier(200).fit(X, y).predict_proba(X)
    np.testing.assert_allclose(P, 0.5, atol=0.05)
    X[:, 1] = y
    assert (ForestClassifier(5).fit(X, y).predict(X) == y).all()


def test_weights_are_heard_and_names_are_said() -> None:
    X, y = np.zeros((20, 1), np.float32), np.array(["no", "yes"])[np.arange(20) % 2]
    forest = ForestClassifier().fit(X, y, np.where(y == "yes", 9.0, 1.0))
    assert forest.predict_proba(X)[0, 1] == pytest.approx(0.9, abs=0.05)
    assert set(forest.predict(X)) == {"yes"}


def test_what_it_cannot_do_it_says() -> None:
    X, y = deciding(50)
    with pytest.raises(InvalidInput, match="two classes"):
        ForestClassifier().fit(X, np.zeros(50))
    with pytest.raises(NotFittedError):
        ForestClassifier().predict(X)
    with pytest.raises(InvalidInput, match=r"\(50, 2\): expected \(n, 30\)"):
        ForestClassifier().fit(X, y).predict(X[:, :2])


def test_edges_lie_where_the_rows_do() -> None:
    X = np.column_stack([np.arange(64), np.zeros(64)]).astype(np.float32)
    edges = edges_of(X)
    assert edges.shape == (2, 31)
    assert (np.diff(edges[0]) == 2).sum() > 25
    assert (edges[1] == 0).all()


def test_it_is_saved_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    X, y = deciding(300)
    forest = ForestClassifier(10).fit(X, y)
    found = load_model(save_model(forest, tmp_path / "m.npz"))
    np.testing.assert_array_equal(found.predict_proba(X), forest.predict_proba(X))
    last = forest.column_.shape[1]
    for name, value in [("left_", 0), ("left_", last - 1), ("left_", 2**30), ("column_", 30)]:
        damaged = ForestClassifier(10).fit(X, y)
        getattr(damaged, name)[0, 0] = value
        with pytest.raises(InvalidInput, match="damaged"):
            load_model(save_model(damaged, tmp_path / "bad.npz")).predict(X)
    damaged.column_ = forest.column_.astype(np.float64)
    with pytest.raises(InvalidInput, match="damaged"):
        load_model(save_model(damaged, tmp_path / "bad.npz")).predict(X)


# -- its role in AutoLearner


def taught(X: Any, y: Any, n: int) -> AutoLearner:
    learner = AutoLearner().start(X, int(y.max()) + 1, NeighborGraph.build(X).weights)
    assert isinstance(learner, AutoLearner)
    learner.update(np.arange(n), y[:n])
    return learner


def test_where_columns_decide_the_trees_are_trusted_and_said() -> None:
    X, y = deciding()
    learner = taught(X, y, 150)
    right = (learner.proba()[150:].argmax(axis=1) == y[150:]).mean()
    alone = LogisticRegression().fit(X[:150], y[:150]).score(X[150:], y[150:])
    assert right > alone + 0.08
    trust = learner.trust
    assert trust is not None
    assert trust.trees > 0.3
    assert f"trees {round(100 * trust.trees)} %" in learner.explanation
    assert f"trees on single columns {trust.right_trees}" in learner.explanation
    # The exported model uses the trees, too.
    new, truth = deciding(seed=1)
    model = learner.export(np.arange(150), y[:150])
    assert isinstance(model, ForestClassifier)
    assert model.score(new, truth) > alone + 0.08


def test_where_a_line_decides_nothing_is_heard_of_trees() -> None:
    X = np.random.default_rng(0).normal(size=(1_000, 10)).astype(np.float32)
    learner = taught(X, (X.sum(axis=1) > 0).astype(np.int16), 80)
    assert learner.trust is not None
    assert learner.trust.trees < 0.05
    assert isinstance(learner.export(np.arange(80), (X[:80].sum(axis=1) > 0).astype(int)), LogisticRegression)


def test_the_columns_of_an_embedding_grow_no_trees() -> None:
    X, y = deciding(d=COLUMNS + 1)
    learner = taught(X, y, 60)
    assert learner.trust is not None
    assert learner.trust.trees == 0
    assert "trees" not in learner.explanation


def test_the_trees_are_those_of_the_labels_whatever_their_order() -> None:
    X, y = deciding()
    one, other = taught(X, y, 100), taught(X, y, 60)
    back = np.arange(100)[::-1]
    other.update(back, y[back])
    other.refresh()
    np.testing.assert_allclose(one.proba(), other.proba(), atol=5e-3)
