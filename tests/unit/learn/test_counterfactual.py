"""The fewest changes that flip a prediction."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hitl_widgets.learn.counterfactual import fewest, margins

WEIGHTS = st.lists(st.floats(-2, 2), min_size=1, max_size=8)


def model(weights: Sequence[float], start: float = -2.0):
    """Two classes; each change adds its weight to the odds of the second."""

    def told(sets: Sequence[frozenset[int]]) -> np.ndarray:
        odds = np.array([start + sum(weights[k] for k in one) for one in sets])
        p = 1 / (1 + np.exp(-odds))
        return np.column_stack([1 - p, p])

    return told


@given(WEIGHTS, st.sampled_from([0, 20, 1_000]), st.integers(1, 8))
@settings(max_examples=200, deadline=None)
def test_the_prediction_flips_and_nothing_can_be_left_out(
    weights: list[float], at_once: int, most: int
) -> None:
    told, n = model(weights), len(weights)
    found = fewest(n, told, 0, most=most, at_once=at_once)
    possible = [
        set(some)
        for size in range(1, min(n, most) + 1)
        for some in combinations(range(n), size)
        if margins(told([frozenset(some)]), 0, None)[0] > 1e-3
    ]
    if found is None:
        assert not possible or at_once == 0
        return
    assert len(found.changes) <= most
    assert margins(told([found.changes]), 0, None)[0] > 0
    for one in found.changes if len(found.changes) > 1 else ():
        assert margins(told([found.changes - {one}]), 0, None)[0] <= 1e-3
    if at_once == 1_000 and possible:
        assert len(found.changes) <= min(map(len, possible))


def test_a_certain_class_is_reached() -> None:
    def told(sets: Sequence[frozenset[int]]) -> np.ndarray:
        made = {frozenset([0]): [0.2, 0.7, 0.1], frozenset([0, 1]): [0.1, 0.2, 0.7]}
        return np.array([made.get(one, [0.8, 0.1, 0.1]) for one in sets])

    assert fewest(2, told, 0).changes == {0}  # type: ignore[union-attr]
    assert fewest(2, told, 0, 2).changes == {0, 1}  # type: ignore[union-attr]
    assert fewest(2, told, 0, 2, most=1) is None
    assert fewest(0, told, 0) is None
