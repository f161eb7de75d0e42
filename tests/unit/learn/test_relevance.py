from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from hitl_widgets.data.neighbors import NeighborGraph
from hitl_widgets.learn.auto import AutoLearner
from hitl_widgets.learn.evaluate import Given, Rest, accuracy_estimate
from hitl_widgets.learn.learner import as_learner, leaves_out
from hitl_widgets.learn.problems.multilabel import Multilabel
from hitl_widgets.learn.problems.ordinal import Ordinal
from hitl_widgets.learn.relevance import BinaryRelevance

rng = np.random.default_rng(0)
X = rng.normal(size=(300, 6)).astype(np.float32)
Y = X[:, :3] > 0.2
SOME = np.arange(80)
GRAPH = NeighborGraph.build(X).weights


def started(learner: Any = "auto", k: int = 3) -> BinaryRelevance:
    return BinaryRelevance(as_learner(learner)).start(X, k, GRAPH)


def test_each_class_is_learned_as_if_it_were_alone() -> None:
    learner = started()
    learner.update(SOME, Y[SOME])
    for k in range(3):
        alone = AutoLearner().start(X, 2, GRAPH)
        alone.update(SOME, Y[SOME, k].astype(np.int16))
        assert learner.proba()[:, k] == pytest.approx(alone.proba()[:, 1], abs=1e-5)


def test_learners_share_what_they_find_in_the_rows() -> None:
    first, *others = started().parts
    assert isinstance(first, AutoLearner)
    for other in others:
        assert isinstance(other, AutoLearner)
        assert all(a is b for a, b in zip(first._views, other._views, strict=True))


def test_left_out_labels_are_told_as_by_each_learner() -> None:
    learner = started()
    told, among, own = learner.told_left_out(SOME, Y[SOME], np.array([200, 201]))
    assert among.tolist() == SOME.tolist()
    part = AutoLearner().start(X, 2, GRAPH)
    P, _, left = part.told_left_out(SOME, Y[SOME, 1].astype(np.int16), np.array([200, 201]))
    assert told[:, 1] == pytest.approx(P[:, 1], abs=1e-5)
    assert own[:, 1] == pytest.approx(left[:, 1], abs=1e-5)


def test_what_nobody_has_said_yes_to_is_unlikely_but_possible() -> None:
    y = Y[SOME].copy()
    y[:, 2] = False
    learner = started()
    told, _, own = learner.told_left_out(SOME, y, np.array([200]))
    assert told[0, 2] == pytest.approx(1 / 82)
    assert own[:, 2] == pytest.approx(np.full(80, 1 / 82))
    learner.update(SOME, y)
    assert (learner.proba()[:, 2] < 0.1).all()


def test_a_learner_that_cannot_leave_out_is_measured_in_folds() -> None:
    assert leaves_out(started())
    learner = started(LogisticRegression())
    assert not leaves_out(learner)
    given = Given(SOME, Y[SOME], SOME % 4 == 0, SOME)
    said = np.full(300, -1)
    said[SOME] = 0
    found = accuracy_estimate(learner, given, Rest.of(said), measure=Multilabel(3).measured)
    assert found.value is not None
    assert found.value > 0.8


def test_the_model_that_is_taken_away_says_yes_or_no_to_each_class() -> None:
    learner = started()
    y = np.column_stack([Y[SOME, :2], np.zeros(80, np.bool_)])
    learner.update(SOME, y)
    model = learner.export(SOME, y, names=["a", "b", "never"])
    assert model.classes_.tolist() == ["a", "b", "never"]
    assert (model.predict(X)[:, :2] == Y[:, :2]).mean() > 0.85
    assert not model.predict(X)[:, 2].any()
    assert model.predict_proba(X).shape == (300, 3)


@pytest.mark.parametrize("seed", range(3))
def test_the_jaccard_index_is_what_the_estimate_covers(seed: int) -> None:
    """A rough check only: coverage is measured in the benchmarks."""
    rows = np.random.default_rng(seed).permutation(300)[:60]
    given = Given(rows, Y[rows], np.arange(60) % 3 == 0, np.arange(60))
    said = np.full(300, -1)
    said[rows] = 0
    problem, learner = Multilabel(3), started()
    found = accuracy_estimate(learner, given, Rest.of(said), measure=problem.measured)
    learner.update(rows, Y[rows])
    true = float(problem.scores(learner.proba(), Y)[said < 0].mean())
    assert found.low is not None
    assert found.high is not None
    assert found.low - 0.05 <= true <= found.high + 0.05


def test_levels_are_in_order_and_errors_are_in_their_own_units() -> None:
    problem = Ordinal((0.0, 10.0, 40.0))
    assert (problem.size, problem.scale) == (2, (40.0, 0.0))
    above = np.array([[0.9, 0.2], [0.3, 0.6], [1.0, 1.0]], np.float32)  # the second one is inconsistent
    levels = problem.levels(above)
    assert levels == pytest.approx(np.array([[0.1, 0.7, 0.2], [0.7, 0, 0.3], [0, 0, 1]]), abs=1e-6)
    y = np.array([[True, False], [True, True], [True, True]])  # 10, 40, 40; the medians are 10, 0, 40
    assert problem.scores(above, y) == pytest.approx([1, 0, 1])
    assert problem.expected(above)[2] == pytest.approx(1)
    assert problem.expected(above)[0] == pytest.approx(1 - (0.1 * 10 + 0.2 * 30) / 40)
