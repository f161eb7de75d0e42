"""Nested groups of the neighbour graph, and those that no class explains."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from hitl_widgets.data.neighbors import NeighborGraph
from hitl_widgets.learn import groups as module
from hitl_widgets.learn.groups import Groups, unexplained
from hitl_widgets.learn.learner import Landmarks

KINDS = np.arange(400) % 4
X = (np.eye(4)[KINDS] * 6 + np.random.default_rng(0).normal(size=(400, 4))).astype(np.float32)
W = NeighborGraph.build(X).weights


def asked(mixed: int | None = 3) -> tuple[np.ndarray, np.ndarray]:
    """Labels and doubts after 60 answers; those of one kind are mixed and in doubt."""
    y = np.where(np.arange(400) < 60, np.minimum(KINDS, 2), -1).astype(np.int16)
    doubt = np.full(400, 0.1)
    if mixed is not None:
        mine = mixed == KINDS
        y[(y >= 0) & mine] = np.arange(15) % 3
        doubt[mine] = 0.8
    return y, doubt


@pytest.mark.parametrize("cells", [3_000, 60])
def test_groups_are_nested_and_their_coherence_is_that_of_the_graph(cells, monkeypatch) -> None:
    monkeypatch.setattr(module, "CELLS", cells)
    groups = Groups.of(X, W)
    assert sorted(groups.order.tolist()) == list(range(400))
    assert len(groups) == 2 * (400 if cells > 400 else len(groups) // 2 + 1) - 1
    sums = groups.sums(np.eye(4)[KINDS])
    best = (2 * sums / (sums.sum(axis=1, keepdims=True) + 100)).max(axis=0)
    assert (best > 0.95).all()
    for group in range(len(groups) - 5, len(groups)):
        rows = groups.rows(group)
        inside = W[rows][:, rows].sum() / W[rows].sum()
        assert groups.coherence[group] == pytest.approx(inside, abs=1e-5)
        assert sums[group].tolist() == np.bincount(KINDS[rows], minlength=4).tolist()


def test_a_group_of_mixed_answers_that_is_in_doubt_is_found_and_no_other() -> None:
    groups, (y, doubt) = Groups.of(X, W), asked()
    (found,) = unexplained(groups, doubt, y, np.zeros(400, bool), 3)
    assert (KINDS[found.rows] == 3).mean() > 0.95
    # Explained by a class, in no more doubt than the rest, or hardly asked: nothing is found.
    y, doubt = asked(None)
    assert not unexplained(groups, doubt, y, np.zeros(400, bool), 3)
    y, _ = asked()
    assert not unexplained(groups, np.full(400, 0.8), y, np.zeros(400, bool), 3)
    y, doubt = asked()
    y[(KINDS == 3) & (np.arange(400) > 8)] = -1
    assert not unexplained(groups, doubt, y, np.zeros(400, bool), 3)


def test_skipped_items_count_as_answers_of_no_class() -> None:
    groups, (y, doubt) = Groups.of(X, W), asked()
    skipped = (y >= 0) & (KINDS == 3)
    y[skipped] = -1
    assert unexplained(groups, doubt, y, skipped, 3)
    assert not unexplained(groups, doubt, y, np.zeros(400, bool), 3)


def test_a_group_that_people_skip_is_found_where_everything_is_in_doubt() -> None:
    groups, (y, _) = Groups.of(X, W), asked(None)
    skipped = (y >= 0) & (KINDS == 3)
    y[skipped] = -1
    doubt = np.full(400, 0.8)
    (found,) = unexplained(groups, doubt, y, skipped, 3)
    assert (KINDS[found.rows] == 3).mean() > 0.95
    # A few skips at random, or a group that is skipped as often as it is answered, are not.
    some = (np.arange(400) < 60) & (np.random.default_rng(0).random(400) < 0.1)
    assert not unexplained(groups, doubt, np.where(some, -1, asked(None)[0]), some, 3)
    half = skipped & (np.arange(400) % 8 == 3)
    y = np.where(half, -1, asked(None)[0])
    assert not unexplained(groups, doubt, y, half, 3)


def test_landmarks_stand_for_the_items_nearest_to_them() -> None:
    rows = np.arange(0, 400, 4) + np.arange(100) % 4
    nearest = np.square(X[:, None] - X[rows][None]).sum(axis=2).argmin(axis=1).astype(np.int32)[:, None]
    inner = csr_array(NeighborGraph.build(X[rows]).weights)
    ones = np.ones((400, 1), np.float32)
    groups = Groups.of(X, Landmarks(inner, rows, X[rows], nearest, ones, ones[:, 0]))
    y, doubt = asked()
    (found,) = unexplained(groups, doubt, y, np.zeros(400, bool), 3)
    assert (KINDS[found.rows] == 3).mean() > 0.9
