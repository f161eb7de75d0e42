from __future__ import annotations

from itertools import chain, repeat
from typing import Any

import numpy as np
import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from helpers import clouds
from hitl_widgets.data.neighbors import NeighborGraph
from hitl_widgets.learn.auto import AutoLearner
from hitl_widgets.learn.calibration import AUDITED, CHOSEN, IN_BULK, LATER
from hitl_widgets.learn.evaluate import (
    GRID,
    MOST,
    N_FOLDS,
    POINTS_BY_FOLDS,
    Earlier,
    Estimate,
    Given,
    Rest,
    accuracy_estimate,
    checkpoints,
    learning_curve,
    tell,
)
from hitl_widgets.learn.learner import as_learner
from hitl_widgets.learn.linear import LinearLearner


class Memory:
    """Memorises every label it has seen, predicts the first class elsewhere, and records its calls."""

    name = "memory"

    def __init__(self) -> None:
        self.diary: list[tuple[set[int], set[int]]] = []

    def start(self, X: Any, n_classes: int, affinity: Any = None) -> Memory:
        fresh = Memory()
        fresh.shape = (len(X), n_classes)
        return fresh

    shape: tuple[int, int]

    def update(self, index: Any, y: Any, weight: Any = None) -> None:
        self.known = dict(zip(index.tolist(), y.tolist(), strict=True))

    def proba(self, index: Any = None) -> Any:
        rows = range(self.shape[0]) if index is None else index.tolist()
        self.diary.append((set(self.known), set(rows)))
        return np.eye(self.shape[1])[[self.known.get(i, 0) for i in rows]]


def labelled(n: int, share: float = 0.5, seed: int = 0) -> Given:
    """Rows in random order, random codes 0 and 1, and the audited ones; each is a separate act."""
    rng = np.random.default_rng(seed)
    return Given(rng.permutation(n), rng.integers(0, 2, n), rng.random(n) < share, np.arange(n))


def memory(n: int) -> Memory:
    return Memory().start(np.zeros((n, 1)), 2)


def rest(n: int, of: int) -> Rest:
    """Rows ``n`` to ``of``."""
    return Rest(np.arange(n, of), of - n)


NOTHING = Estimate(None, None, None, 0)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (NOTHING, "not known (nothing audited yet)"),
        (Estimate(None, None, None, 3), "not known yet (3 audited)"),
        (Estimate(0.9, 0.701, 0.97, 20), "0.90 (0.70-0.97, 20 audited)"),
    ],
)
def test_an_estimate_in_words(found: Estimate, words: str) -> None:
    assert str(found) == words


def test_no_fold_is_told_by_a_model_that_has_seen_it() -> None:
    given, learner = labelled(60), memory(80)
    accuracy_estimate(learner, given, rest(60, 80))
    (all_, others), *folds = learner.diary[-1 - N_FOLDS :]
    assert (all_, others) == (set(range(60)), set(range(60, 80)))
    assert len(folds) == N_FOLDS
    told: list[int] = []
    for known, rows in folds:
        assert not known & rows
        assert known | rows == set(range(60))  # all other rows were available for training
        told += rows
    assert sorted(told) == list(range(60))


def test_audited_items_are_told_by_models_of_the_labels_before_them() -> None:
    given, learner, earlier = labelled(60), memory(80), Earlier()
    order, audited = given.index.tolist(), set(given.index[given.audited].tolist())
    accuracy_estimate(learner, given, rest(60, 80), earlier=earlier)
    visits = learner.diary[: -1 - N_FOLDS]
    assert set().union(*(rows for _, rows in visits)) == audited & set(order[5:])
    for known, rows in visits:
        assert len(known) in GRID
        assert known == set(order[: len(known)])
        following = GRID[np.searchsorted(GRID, len(known)) + 1]
        assert rows == audited & set(order[len(known) : following])
    # Results are reused, also with one label less at the end; another first label changes all of them.
    learner.diary.clear()
    one_less = Given(*(a[:-1] for a in (given.index, given.y, given.audited, given.act)))
    accuracy_estimate(learner, one_less, rest(59, 80), earlier=earlier)
    assert len(learner.diary) == 1 + N_FOLDS
    learner.diary.clear()
    turned = Given(given.index, given.y ^ (np.arange(60) == 0), given.audited, given.act)
    accuracy_estimate(learner, turned, rest(60, 80), earlier=earlier)
    assert len(learner.diary) == len(visits) + 1 + N_FOLDS


@pytest.mark.parametrize("learner", ["auto", "linear"])
def test_where_features_say_nothing_the_interval_does_not_say_otherwise(learner: str) -> None:
    """Later questions depend on a label, so a model of all other labels is right on it too often."""
    held, bias = [], []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        X, y = rng.normal(size=(300, 20)).astype(np.float32), rng.integers(0, 2, 300)
        live = as_learner(learner).start(X, 2, NeighborGraph.build(X).weights)
        order = rng.permutation(300)[:10].tolist()
        audited = [True] * 5 + [False] * 5
        while len(order) < 60:
            live.update(np.array(order), y[order])
            if isinstance(live, AutoLearner):
                live.refresh()
            free = np.setdiff1d(np.arange(300), order)
            draw = len(order) % 5 == 0
            margin = np.abs(np.diff(live.proba(free), axis=1)).ravel()
            order += [int(rng.choice(free))] if draw else free[np.argsort(margin)[:2]].tolist()
            audited += [draw] * (len(order) - len(audited))
        index, others = np.array(order), np.setdiff1d(np.arange(300), order)
        given = Given(index, y[index], np.array(audited), np.arange(len(index)))
        found = accuracy_estimate(live, given, Rest(others, len(others)))
        live.update(index, y[index])
        if isinstance(live, AutoLearner):
            live.refresh()
        truth = float((live.proba(others).argmax(axis=1) == y[others]).mean())
        assert found.low is not None
        assert found.high is not None
        held.append(found.low <= truth <= found.high)
        bias.append(found.value - truth)
    assert sum(held) >= 4
    assert np.mean(bias) < 0.2


def test_a_learner_that_knows_its_labels_by_heart_scores_no_better_than_its_guess() -> None:
    given = labelled(400)
    found = accuracy_estimate(memory(900), given, rest(400, 900))
    assert found.value == pytest.approx((given.y[given.audited] == 0).mean(), abs=0.05)
    assert found.n == given.audited.sum()


def test_a_learner_that_leaves_out_labels_is_asked_once() -> None:
    X, names = clouds(200)
    truth = (names == "b").astype(int)
    learner = AutoLearner().start(X, 2, NeighborGraph.build(X).weights)
    index = np.random.default_rng(0).permutation(200)[:60]
    dice = np.random.default_rng(1).integers(0, 2, 60)
    audited, act = np.arange(60) % 2 == 0, np.arange(60)
    others = np.setdiff1d(np.arange(200), index)
    good = accuracy_estimate(learner, Given(index, truth[index], audited, act), Rest(others, 140))
    assert good.low is not None
    assert good.low > 0.9
    # Random labels: a model that has not seen them predicts half of them.
    bad = accuracy_estimate(learner, Given(index, dice, audited, act), Rest(others, 140))
    assert bad.value == pytest.approx(0.5, abs=0.15)


def test_labels_that_were_chosen_do_not_set_the_level() -> None:
    X, names = clouds(300)
    truth = (names == "b").astype(int)
    index, audited = np.arange(200), np.arange(200) % 2 == 0
    learner, others = LinearLearner().start(X, 2), rest(200, 300)
    # Only the audited half has informative labels: the chosen half is random.
    coin = np.random.default_rng(0).integers(0, 2, 200)
    mixed = np.where(audited, truth[:200], np.where(coin, truth[:200], 1 - truth[:200]))
    found = accuracy_estimate(learner, Given(index, mixed, audited, index), others)
    learner.update(index, mixed)
    real = (learner.proba(others.index).argmax(axis=1) == truth[200:]).mean()
    assert found.low is not None
    assert found.high is not None
    assert found.low <= real <= found.high


@pytest.mark.parametrize("audits", [1, 5, 30])
def test_the_interval_holds_the_accuracy_on_everything_else(audits: int) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(4000, 5)).astype(np.float32)
    truth = (X[:, 0] + rng.normal(size=4000) > 0).astype(int)
    index, audited = np.arange(100), np.zeros(100, bool)
    audited[((np.arange(audits) + 0.5) * 100 / audits).astype(int)] = True
    learner = LinearLearner().start(X, 2)
    found = accuracy_estimate(learner, Given(index, truth[:100], audited, index), rest(100, 4000))
    learner.update(index, truth[:100])
    real = (learner.proba(np.arange(100, 4000)).argmax(axis=1) == truth[100:]).mean()
    assert found.low is not None
    assert found.high is not None
    assert found.low < real < found.high
    assert found.n == audits


def test_without_audited_items_there_is_no_estimate() -> None:
    given = labelled(30, share=0)
    assert accuracy_estimate(memory(40), given, rest(30, 40)) == NOTHING


def test_of_one_label_nothing_can_be_said() -> None:
    assert accuracy_estimate(memory(40), labelled(1, share=1), rest(1, 40)) == Estimate(None, None, None, 1)
    assert accuracy_estimate(memory(40), labelled(2, share=1), rest(2, 40)).value is not None


def test_an_estimate_that_is_overtaken_stops() -> None:
    given, learner = labelled(60), memory(80)
    assert accuracy_estimate(learner, given, rest(60, 80), overtaken=lambda: True) == NOTHING
    assert learning_curve(learner, given, rest(60, 80), NOTHING, overtaken=lambda: True) == []
    assert learner.diary == []
    for n in range(1, 16):
        learner.diary.clear()
        turns = chain([False] * n, repeat(True))  # noqa: FBT003
        assert accuracy_estimate(learner, given, rest(60, 80), overtaken=lambda: next(turns)) == NOTHING  # noqa: B023
        assert len(learner.diary) <= n


def test_how_a_label_came_about_says_how_much_it_counts() -> None:
    act = np.array([0, 1, 2, 2, 2, 3])
    # The first label has none before it, so the model that predicts it depends on it.
    audited = np.array([1, 0, 0, 0, 0, 1], bool)
    given = Given(np.arange(6), np.array([0, 1, 0, 0, 0, 0]), audited, act)
    told = tell(memory(9), given, rest(6, 9), 6)
    assert told is not None
    assert told.answers.kind.tolist() == [CHOSEN, CHOSEN, IN_BULK, IN_BULK, IN_BULK, AUDITED]
    assert told.answers.weight == pytest.approx([1, 1, 1 / 3, 1 / 3, 1 / 3, 1])
    early = tell(memory(9), given, rest(6, 9), 2)
    assert early is not None
    assert early.answers.kind.tolist() == [CHOSEN, CHOSEN, LATER, LATER, LATER, AUDITED]


def test_a_class_has_a_figure_of_its_own_where_it_was_said_often_enough() -> None:
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(size=(500, 2)), rng.normal(size=(500, 2)) + 6]).astype(np.float32)
    # A third of the second cloud has the first class, so "second" is right less often than "first".
    truth = np.r_[np.zeros(500, int), (rng.random(500) > 1 / 3).astype(int)]
    index = rng.permutation(1000)[:200]
    others = np.setdiff1d(np.arange(1000), index)
    learner = LinearLearner().start(X, 3)
    given = Given(index, truth[index], np.ones(200, bool), np.arange(200))
    found = accuracy_estimate(learner, given, Rest(others, 800), per_class=True).per_class
    learner.update(index, truth[index])
    said = learner.proba(others).argmax(axis=1)
    real = [float((truth[others][said == code] == code).mean()) for code in (0, 1)]
    assert set(found) == {0, 1}
    assert real[0] - real[1] > 0.2
    for code, share in enumerate(real):
        low, high = found[code].low, found[code].high
        assert low is not None
        assert high is not None
        assert low < share < high
        assert high - low < 0.25
    assert 190 <= found[0].n + found[1].n <= 195  # the first five have too few labels before them
    few = Given(index[:12], truth[index[:12]], np.ones(12, bool), np.arange(12))
    assert len(accuracy_estimate(learner, few, Rest(others, 800), per_class=True).per_class) < 2


def test_what_is_left_is_everything_without_a_label_or_some_of_it() -> None:
    y = np.full(10, -1)
    y[:4] = 1
    assert (Rest.of(y).index.tolist(), Rest.of(y).n) == ([4, 5, 6, 7, 8, 9], 6)
    assert Rest.of(np.zeros(5, int)).n == 5  # no unlabelled items are left, so all items are used
    many = np.full(3 * MOST, -1)
    some = Rest.of(many)
    assert (len(some.index), some.n) == (MOST, 3 * MOST)
    many[some.index[:5]] = 0
    again = Rest.of(many)
    assert len(np.setdiff1d(again.index, some.index)) == 5  # the others stay
    assert again.n == 3 * MOST - 5


@drawn(st.integers(1, 30_000))
def test_checkpoints_rise_and_end_with_the_labels_of_now(n: int) -> None:
    found = checkpoints(n)
    assert found[-1] == n
    assert found == sorted(set(found))
    assert len(found) <= 11
    few = checkpoints(n, 6)
    assert len(few) <= 6
    assert set(few) <= set(found)
    assert few[-1] == n


def test_every_point_of_the_curve_speaks_of_the_same_items_and_learns_from_the_first_labels() -> None:
    given, learner, last = labelled(80), memory(100), Estimate(0.5, 0.4, 0.6, 40)
    curve = learning_curve(learner, given, rest(80, 100), last)
    assert [p.n_labels for p in curve] == checkpoints(80, POINTS_BY_FOLDS)
    assert curve[-1].estimate is last
    assert {p.estimate.n for p in curve[:-1]} == {int(given.audited.sum())}
    order, new = given.index.tolist(), set(range(80, 100))
    # Apart from the models of the labels before each audited item, one each.
    audited = set(given.index[given.audited].tolist())

    def is_earlier(known: set[int], rows: set[int]) -> bool:
        return known == set(order[: len(known)]) and not rows & new and rows <= audited

    earlier = [visit for visit in learner.diary if is_earlier(*visit)]
    assert len(earlier) == len({(len(known), *sorted(rows)) for known, rows in earlier})
    visits = iter([visit for visit in learner.diary if visit not in earlier])
    for n in checkpoints(80, POINTS_BY_FOLDS)[:-1]:
        known, rows = next(visits)
        assert known == set(order[:n])
        assert rows == set(order[n:]) | set(range(80, 100))
        for _ in range(min(n, N_FOLDS)):
            known, rows = next(visits)
            assert not known & rows
            assert known | rows == set(order[:n])
    assert next(visits, None) is None  # the last point is already known


def test_the_curve_rises_where_there_is_something_to_learn() -> None:
    X = np.random.default_rng(0).normal(size=(300, 6)).astype(np.float32)
    truth = (X @ [3, 2, 2, 1, 1, 1] > 0).astype(int)
    given = labelled(200)
    given = Given(given.index, truth[given.index], given.audited, given.act)
    learner, others = LinearLearner().start(X, 2), rest(200, 300)
    last = accuracy_estimate(learner, given, others)
    curve = learning_curve(learner, given, others, last)
    values = [p.estimate.value for p in curve]
    assert values[-1] is not None
    assert values[0] is not None
    assert values[-1] > 0.95
    assert values[0] < values[-1]


def test_the_same_labels_give_the_same_estimate() -> None:
    X, _ = clouds(300)
    given = labelled(200)
    one, other = (accuracy_estimate(LinearLearner().start(X, 2), given, rest(200, 300)) for _ in range(2))
    assert one == other
