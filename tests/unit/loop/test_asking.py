"""Asker: the first questions while better features arrive."""

from __future__ import annotations

import numpy as np

import hitl_widgets as hitl
from helpers import clouds
from hitl_widgets.learn.strategies import as_strategy
from hitl_widgets.loop.asking import Asker, Labels
from hitl_widgets.questions.schema import Schema


def asker() -> Asker:
    name, strategy = as_strategy("auto")
    return Asker(name, strategy, 2, 0.1, 0)


def test_the_start_is_found_anew_for_better_features_and_not_again_for_the_same() -> None:
    X, _ = clouds(60)
    labels, better = Labels.blank(60, Schema(["a", "b"])), X[::-1].copy()
    found = asker()
    assert found.lacks_start(labels, X)
    found.begin(X)
    assert not found.lacks_start(labels, X)
    assert found.lacks_start(labels, better)
    found.begin(better)
    assert not found.lacks_start(labels, better)


def test_a_start_at_random_is_not_sought_again_whatever_features_come() -> None:
    X, _ = clouds(60)
    labels = Labels.blank(60, Schema(["a", "b"]))
    for before in ([], [X]):
        found = asker()
        for features in before:
            found.begin(features)
        found.begin_at_random()
        assert not found.lacks_start(labels, X)
        assert not found.lacks_start(labels, np.zeros_like(X))


def test_the_curriculum_says_that_clear_cases_come_first() -> None:
    X = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    texts = [f"item {i}" for i in range(60)]
    with hitl.Session(
        texts, X=X, classes=["a", "b"], store=":memory:", audit=0, strategy="curriculum", random_state=0
    ) as session:
        session.label(session.pool.ids[:12], "a")
        session.label(session.pool.ids[12:15], "b")
        assert session.wait().suggestions[0].reason == "typical of its surroundings: clear cases come first"
        session.label(session.pool.ids[15:30], "b")
        assert "between" in session.wait().suggestions[0].reason
