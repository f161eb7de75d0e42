"""Contradicting near-duplicates, and when a kept label is doubtful again."""

from __future__ import annotations

import numpy as np

from hitl_widgets.data.neighbors import NeighborGraph
from hitl_widgets.learn.auto import AutoLearner
from hitl_widgets.learn.evaluate import Given, without_own
from hitl_widgets.quality.suspects import contradictions, doubtful_again, even

RNG = np.random.default_rng(0)


def test_nearly_equal_items_with_different_labels_are_pairs() -> None:
    X = RNG.normal(size=(200, 8)).astype(np.float32)
    X[[50, 60, 70]] = X[[10, 20, 30]] + RNG.normal(scale=0.01, size=(3, 8)).astype(np.float32)
    y = np.full(200, -1)
    y[:80] = 0
    y[[50, 70, 79]] = 1  # 60 has the label of 20; 79 is near nothing
    found = contradictions(X, NeighborGraph.build(X, k=10).weights, y)
    assert found.tolist() == [[10, 50], [30, 70]]


def test_exact_copies_that_differ_are_pairs_too() -> None:
    X = np.repeat(RNG.normal(size=(40, 4)), 2, axis=0).astype(np.float32)
    y = np.zeros(80, int)
    y[7] = 1
    assert contradictions(X, NeighborGraph.build(X, k=5).weights, y).tolist() == [[6, 7]]


def test_without_different_labels_there_is_nothing() -> None:
    X = RNG.normal(size=(30, 3)).astype(np.float32)
    graph = NeighborGraph.build(X, k=5).weights
    assert contradictions(X, graph, np.full(30, -1)).shape == (0, 2)
    assert contradictions(X, graph, np.zeros(30, int)).shape == (0, 2)


def test_a_contradicted_label_is_at_most_an_even_bet() -> None:
    found = even(np.array([0.9, 0.9, 0.2]), np.array([True, False, True]))
    assert found.tolist() == [0.5, 0.9, 0.2]


def test_a_kept_label_is_doubtful_again_only_if_the_doubt_rises_much() -> None:
    assert not doubtful_again(0.2, 0.2)
    assert not doubtful_again(0.2, 0.1)
    assert doubtful_again(0.2, 0.04)
    assert not doubtful_again(0.99, 0.9)  # the odds rose, but the model still agrees
    assert not doubtful_again(None, 0.01)


def test_every_label_is_judged_where_a_learner_leaves_out_a_sample(monkeypatch) -> None:
    X = np.vstack([RNG.normal(size=(60, 3)), RNG.normal(size=(60, 3)) + 4]).astype(np.float32)
    y = np.repeat([0, 1], 60)
    given = Given(np.arange(120), y, np.zeros(120, bool), np.arange(120))
    learner = AutoLearner().start(X, 2)
    whole, every = without_own(learner, given)
    assert every.tolist() == list(range(120))
    monkeypatch.setattr("hitl_widgets.learn.pooling.WITNESSES", 25)
    found, among = without_own(learner, given)
    assert among.tolist() == list(range(120))
    assert np.abs(found - whole).max() < 0.1, "the weights of the experts come from fewer labels"
    assert (found.argmax(axis=1) == y).mean() > 0.97
