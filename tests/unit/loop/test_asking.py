"""Asker: the first questions while better features arrive."""

from __future__ import annotations

import numpy as np

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
