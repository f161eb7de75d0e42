"""Votes of rules: counted on labels, each left out, and taught to a student."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

from hitl_widgets.data.neighbors import NeighborGraph
from hitl_widgets.learn.auto import AutoLearner
from hitl_widgets.learn.votes import Counted, Student, Voters, Votes, completed

RNG = np.random.default_rng(0)
N, C = 600, 4
Y = RNG.integers(0, C, N)
SOME = np.arange(80)


def rule(code: int, right: float, share: float = 0.3) -> Any:
    """A rule for a class that is right for this share of its items."""
    hit, miss = np.flatnonzero(code == Y), np.flatnonzero(code != Y)
    n = int(share * N * 0.5)
    met = np.concatenate(
        [
            RNG.choice(hit, min(round(n * right), len(hit)), replace=False),
            RNG.choice(miss, round(n * (1 - right)), replace=False),
        ]
    )
    found = np.full(N, -1, np.int16)
    found[met] = code
    return found


GOOD = np.column_stack([rule(c, 0.9) for c in range(C)])
MIXED = np.column_stack([rule(0, 0.9), rule(1, 0.1), rule(2, 0.5), rule(0, 0.8), GOOD[:, 3]])
OTHER = np.column_stack([GOOD, C + (Y % 2).astype(np.int16), np.where(Y == 1, 2, -1).astype(np.int16)])


@pytest.mark.parametrize(
    "votes", [GOOD, MIXED, OTHER, np.repeat(MIXED, 2, axis=1)], ids=["good", "mixed", "other", "twice"]
)
@pytest.mark.parametrize("weighted", [False, True])
def test_what_is_left_out_is_as_if_never_labelled(votes: Any, weighted: bool) -> None:
    of = Votes(votes.astype(np.int16), C)
    weight = RNG.uniform(0.5, 2, len(SOME)) if weighted else None
    counted = Counted(of, SOME, Y[SOME], weight)
    among = np.array([3, 17, 0, 60])
    found = counted.left_out(among)
    for k, i in enumerate(among.tolist()):
        kept = i != SOME
        without = Counted(of, SOME[kept], Y[SOME[kept]], None if weight is None else weight[kept])
        without.shares = counted.shares  # the shares of the classes are those of all labels
        np.testing.assert_allclose(found[k], without.proba(SOME[[i]])[0], atol=1e-9)


def test_good_votes_predict_and_uncovered_rows_are_uniform() -> None:
    counted = Voters(Votes(GOOD, C)).fit(SOME, Y[SOME])
    P = counted.proba()
    covered = (GOOD >= 0).any(axis=1)
    assert (P[covered].argmax(axis=1) == Y[covered]).mean() > 0.8
    np.testing.assert_allclose(P[~covered], 1 / C)
    np.testing.assert_allclose(counted.proba(np.array([5, 2])), P[[5, 2]])


def test_a_rule_that_is_always_wrong_speaks_for_the_other_classes() -> None:
    wrong = np.where(Y == 0, 1, -1).astype(np.int16)[:, None]
    P = Voters(Votes(wrong, C)).fit(SOME, Y[SOME]).proba()
    assert (P[Y == 0].argmax(axis=1) == 0).all()


def test_answers_of_another_task_mean_what_the_labels_say() -> None:
    odd = (C + Y % 2).astype(np.int16)[:, None]
    P = Voters(Votes(odd, C)).fit(SOME, Y[SOME]).proba()
    assert (P.argmax(axis=1) % 2 == Y % 2).all()
    few = Voters(Votes(odd, C)).fit(np.array([0, 1]), Y[:2]).proba()
    assert few.max() < 0.8


@pytest.mark.parametrize("dropped", [0.0, 0.05])
def test_copies_of_a_rule_count_once(dropped: float) -> None:
    bad = rule(1, 0.3, 1.0)
    copies = np.repeat(bad[:, None], 7, axis=1)
    copies[RNG.random(copies.shape) < dropped] = -1
    one, seven = (
        Voters(Votes(np.column_stack([GOOD, extra]), C)).fit(SOME, Y[SOME]).proba() for extra in (bad, copies)
    )
    met = (GOOD >= 0).any(axis=1) & (bad >= 0)
    atol = 0.0 if not dropped else 0.1
    np.testing.assert_allclose(one[met], seven[met], atol=atol + 1e-6)


def test_a_student_says_something_of_all_items_and_leaves_labels_out() -> None:
    digits = load_digits()
    X, y = (digits.data / 16).astype(np.float32)[:600], digits.target[:600]
    votes = np.where(RNG.random(600) < 0.3, y, -1).astype(np.int16)[:, None]
    student = Student(Votes(votes, 10), X)
    fitted = student.fit(SOME, y[SOME])
    P = fitted.proba()
    assert (P[votes[:, 0] < 0].argmax(axis=1) == y[votes[:, 0] < 0]).mean() > 0.8
    np.testing.assert_allclose(P.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(fitted.proba(np.array([7, 3])), P[[7, 3]], atol=1e-6)
    np.testing.assert_allclose(fitted.proba_of(X[[7, 3]]), P[[7, 3]], atol=1e-6)
    left = fitted.left_out(np.arange(80))
    assert (left.argmax(axis=1) == y[SOME]).mean() > 0.7
    # The labels themselves teach nothing to a student of votes about other items.
    noise = np.where(np.isin(np.arange(600), SOME), y, -1).astype(np.int16)[:, None]
    shuffled = RNG.permutation(y[SOME])
    own = Student(Votes(noise, 10), X).fit(SOME, shuffled).left_out(np.arange(80))
    assert (own.argmax(axis=1) == shuffled).mean() < 0.35


def test_labels_of_another_task_reach_the_other_items() -> None:
    digits = load_digits()
    X, y = (digits.data / 16).astype(np.float32)[:600], digits.target[:600]
    known = np.random.default_rng(1).random(600) < 0.6
    codes = np.where(known, 10 + y % 2, -1).astype(np.int16)
    found = completed(codes, X, 10)
    np.testing.assert_array_equal(found[known], codes[known])
    assert (found == 10 + y % 2).mean() > 0.85
    # Odd and even digits are many groups, which the graph knows.
    graph = NeighborGraph.build(X).weights
    spread = completed(codes, X, 10, graph)
    np.testing.assert_array_equal(spread[known], codes[known])
    assert (spread == 10 + y % 2).mean() > (found == 10 + y % 2).mean() + 0.02
    # A line through one group is better told by its features.
    line = RNG.normal(size=(600, 5)).astype(np.float32)
    sides = np.where(known, 10 + (line[:, 0] > 0), -1).astype(np.int16)
    np.testing.assert_array_equal(
        completed(sides, line, 10, NeighborGraph.build(line).weights), completed(sides, line, 10)
    )
    noise = RNG.normal(size=X.shape).astype(np.float32)
    assert completed(codes, noise, 10) is codes, "features that do not tell the answers"
    few = np.where(np.arange(600) < 5, 10, -1).astype(np.int16)
    assert completed(few, X, 10) is few
    classes = np.where(known, y, -1).astype(np.int16)
    assert completed(classes, X, 10) is classes


def test_rules_that_meet_nothing_are_no_harm() -> None:
    votes = Votes(np.full((N, 2), -1, np.int16), C)
    X = RNG.normal(size=(N, 3)).astype(np.float32)
    experts = (Voters(votes), Student(votes, X))
    alone, advised = AutoLearner().start(X, C), AutoLearner().start(X, C)
    advised.advise(experts)  # type: ignore[union-attr]
    for one in (alone, advised):
        one.update(SOME, Y[SOME])
    np.testing.assert_allclose(advised.proba(), alone.proba(), atol=0.02)
