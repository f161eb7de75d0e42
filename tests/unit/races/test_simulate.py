"""Simulations of learners and strategies: paired, deterministic, resumable."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import f1_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

import hitl_widgets as hitl
from helpers import clouds
from hitl_widgets.errors import HitlError, InvalidInput
from hitl_widgets.races.simulate import simulate
from hitl_widgets.races.simulation import Simulation


def race(pool: Any = None, y: Any = None, learners: Any = "linear", **options: Any) -> Simulation:
    """A small simulation in this process, without a graph."""
    X, truth = blobs()
    settings: dict[str, Any] = {"strategies": ["random", "margin"], "budget": 15, "repeats": 2}
    settings |= {"learners": learners, "n_jobs": 1, "progress": False, "graph": False} | options
    if "contestants" in options:
        settings = {k: v for k, v in settings.items() if k not in {"learners", "strategies"}}
    return simulate(X if pool is None else pool, truth if y is None else y, **settings)


def blobs(n: int = 90, seed: int = 0) -> tuple[Any, Any]:
    """Three touching clouds: float32 (n, 3), and classes 'a', 'b' or 'c'."""
    rng = np.random.default_rng(seed)
    codes = np.arange(n) % 3
    X = rng.normal(size=(n, 3)) + 2 * np.eye(3)[codes]
    return X.astype(np.float32), np.array(["a", "b", "c"])[codes]


def measured(simulation: Simulation) -> pd.DataFrame:
    """The results that must not depend on the machine."""
    return simulation.frame.drop(columns=["seconds", "elapsed"])


class Recorder:
    """An oracle that returns the truth and records its questions; it may fail at a given call."""

    def __init__(self, y: Any, fails_at: int = -1) -> None:
        self.y = y
        self.fails_at = fails_at
        self.asked: list[int] = []

    def __call__(self, i: int, rng: Any) -> Any:
        self.asked.append(i)
        if len(self.asked) == self.fails_at:
            raise ConnectionError("the line is dead")
        return self.y[i]


def watched(**options: Any) -> tuple[list[int], Simulation]:
    """The questions of one contestant, in order."""
    _, y = blobs()
    oracle = Recorder(y)
    found = race(y=oracle, truth=y, **({"repeats": 1} | options))
    return oracle.asked, found


# -- pairing -----------------------------------------------------------------


@pytest.mark.parametrize(("start", "size"), [(None, 10), (7, 7)])
def test_all_contestants_get_the_same_cold_start(start: Any, size: int) -> None:
    by_margin, _ = watched(strategies=["margin"], start=start)
    by_chance, _ = watched(strategies=["random"], start=start)
    by_tree, _ = watched(strategies=["margin"], learners=DecisionTreeClassifier(), start=start)
    assert by_margin[:size] == by_chance[:size] == by_tree[:size]
    assert by_margin != by_chance


def test_repeats_and_seeds_start_differently() -> None:
    asked, _ = watched(strategies=["random"], repeats=2)
    other, _ = watched(strategies=["random"], random_state=1)
    colds = asked[:10], asked[15:25], other[:10]
    assert len({tuple(cold) for cold in colds}) == 3


def test_random_may_have_its_own_start() -> None:
    own, _ = watched(strategies=["random"], start="own")
    common, _ = watched(strategies=["random"])
    assert own[:10] != common[:10]
    assert watched(strategies=["margin"], start="own")[0] == watched(strategies=["margin"])[0]


def test_all_contestants_hear_the_same_answers() -> None:
    """The oracle gives all contestants the same answer for an item, whenever they ask."""
    _, y = blobs()
    heard: dict[tuple[str, int], dict[int, Any]] = {}

    class Listener:
        name = "listener"

        def __init__(self, who: str) -> None:
            self.who = who

        def start(self, X: Any, n_classes: int, affinity: Any = None) -> Listener:
            fresh = Listener(self.who)
            fresh.n, fresh.codes = len(X), heard.setdefault((self.who, len(heard)), {})  # type: ignore[attr-defined]
            return fresh

        def update(self, index: Any, y: Any, weight: Any = None) -> None:
            self.codes.update(zip(index.tolist(), y.tolist(), strict=True))  # type: ignore[attr-defined]

        def proba(self, index: Any = None) -> Any:
            return np.full((self.n, 3), 1 / 3)  # type: ignore[attr-defined]

    def backwards(proba: Any, context: Any) -> Any:
        return -np.arange(len(proba))

    race(
        contestants={
            "one": (Listener("one"), "random"),
            "two": (Listener("two"), backwards),
        },
        noise=0.3,
        confusion=[[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0, 0, 1]],
        abstain=0.1,
        budget=40,
        repeats=1,
    )
    one, two = heard.values()
    both = set(one) & set(two)
    assert len(both) > 10
    assert set(one) != set(two)
    assert [one[i] for i in both] == [two[i] for i in both]
    assert len({*one.values()}) == 3
    assert any("abc"[one[i]] != y[i] for i in one)


# -- the oracle --------------------------------------------------------------


def answers(n: int = 3000, **options: Any) -> tuple[Any, Any]:
    """True and answered codes of all questions, -1 without an answer."""
    truth = np.arange(n) % 3
    said = np.full(n, -1)

    class Listener:
        name = "listener"

        def start(self, X: Any, n_classes: int, affinity: Any = None) -> Listener:
            return self

        def update(self, index: Any, y: Any, weight: Any = None) -> None:
            said[index] = y

        def proba(self, index: Any = None) -> Any:
            return np.full((n, 3), 1 / 3)

    X = np.arange(n, dtype=np.float32)[:, None]
    race(X, truth, Listener(), strategies="random", budget=n - 1, repeats=1, batch=n, **options)
    return truth, said


def test_the_noise_rate_holds_and_falls_on_all_other_classes_alike() -> None:
    truth, said = answers(noise=0.2)
    heard = said >= 0
    wrong = said[heard] != truth[heard]
    assert wrong.mean() == pytest.approx(0.2, abs=0.03)
    shift = (said - truth)[heard][wrong] % 3
    assert np.mean(shift == 1) == pytest.approx(0.5, abs=0.08)


def test_the_confusion_matrix_holds() -> None:
    matrix = np.array([[0.5, 0.3, 0.2], [0, 1, 0], [0.1, 0, 0.9]])
    truth, said = answers(confusion=matrix)
    found = np.array([[np.mean(said[(truth == t) & (said >= 0)] == s) for s in range(3)] for t in range(3)])
    np.testing.assert_allclose(found, matrix, atol=0.06)
    assert (found[matrix == 0] == 0).all()


def test_without_noise_the_oracle_says_the_truth() -> None:
    truth, said = answers(n=60)
    assert (said[said >= 0] == truth[said >= 0]).all()


def test_the_abstention_rate_holds_and_abstentions_are_no_labels() -> None:
    X, y = blobs(600)
    found = race(X, y, abstain=0.3, budget=300, strategies="random", at=[100, 300]).frame
    assert found["n_labels"].tolist() == [100, 300] * 2
    assert (found["n_asked"] == found["n_labels"] + found["n_abstained"]).all()
    last = found[found["n_labels"] == 300]
    assert (last["n_abstained"] / last["n_asked"]).mean() == pytest.approx(0.3, abs=0.06)
    assert (found["cost"] == found["n_asked"]).all()  # a question costs time even without an answer


def test_what_the_oracle_would_not_answer_is_not_asked_again() -> None:
    _, y = blobs()
    asked = []

    def shy(i: int, rng: Any) -> Any:
        asked.append(i)
        return None if i % 2 else y[i]

    found = race(y=shy, truth=y, strategies="margin", repeats=1).frame
    assert len(asked) == len(set(asked)) == found["n_asked"].iloc[-1]
    assert found["n_labels"].iloc[-1] == 15
    assert found["n_abstained"].iloc[-1] == sum(i % 2 for i in asked) > 0


def test_a_pool_where_nobody_answers_any_more_ends_the_run() -> None:
    _, y = blobs()
    found = race(y=lambda i, rng: y[i] if i < 12 else None, truth=y, repeats=1).frame
    assert found["n_labels"].max() == 12


def test_an_oracle_of_another_opinion_is_measured_by_the_truth() -> None:
    X, y = clouds(80)
    other = np.where(y == "a", "b", "a")
    assert race(X, other, truth=y, strategies="random").frame["unlabelled_accuracy"].iloc[-1] == 0
    assert race(X, y, strategies="random").frame["unlabelled_accuracy"].iloc[-1] == 1


# -- metrics -----------------------------------------------------------------


class Memory:
    """Memorises its labels, and predicts the first class for everything else."""

    name = "memory"

    def start(self, X: Any, n_classes: int, affinity: Any = None) -> Memory:
        fresh = Memory()
        fresh.P = np.eye(n_classes)[np.zeros(len(X), int)]  # type: ignore[attr-defined]
        return fresh

    def update(self, index: Any, y: Any, weight: Any = None) -> None:
        self.P[index] = np.eye(self.P.shape[1])[y]  # type: ignore[attr-defined]

    def proba(self, index: Any = None) -> Any:
        return self.P  # type: ignore[attr-defined]


def test_accuracy_is_on_what_is_not_labelled() -> None:
    """A model that only memorises is right on unlabelled items only if they have the first class."""
    _, y = blobs()
    asked, found = watched(learners=Memory(), strategies=["random"], budget=60)
    for _, row in found.frame.iterrows():
        rest = np.setdiff1d(np.arange(len(y)), asked[: row["n_labels"]])
        assert row["unlabelled_accuracy"] == pytest.approx(np.mean(y[rest] == "a"))
        assert row["unlabelled_balanced_accuracy"] == pytest.approx(1 / 3)


def test_pool_accuracy_counts_a_label_as_right_where_it_is_the_true_class() -> None:
    """On the whole pool: the given answers, and the model's predictions for the rest."""
    _, y = blobs()
    said: dict[int, str] = {}

    def oracle(i: int, rng: Any) -> Any:
        said[i] = "b" if i % 4 == 0 else y[i]
        return said[i]

    y = np.where(np.arange(90) < 60, y, "a")  # so that classes are unequal
    found = race(y=oracle, truth=y, learners=Memory(), strategies=["random"], budget=60, repeats=1, at=[60])
    final = [said.get(i, "a") for i in range(90)]
    row = found.frame.iloc[0]
    assert row["pool_accuracy"] == pytest.approx(np.mean(final == y))
    assert row["pool_macro_f1"] == pytest.approx(f1_score(y, final, average="macro"))
    assert row["pool_accuracy"] != row["unlabelled_accuracy"]
    assert found.summary()["mean"].tolist() == pytest.approx([row["pool_accuracy"]])


def test_to_label_the_hard_items_away_earns_no_more_than_the_labels() -> None:
    """With models that learn nothing, asking for their errors looks better on the unlabelled items."""
    _, y = blobs()

    def hard(proba: Any, context: Any) -> Any:
        return (y != "a").astype(float)

    options: dict[str, Any] = {"learners": Memory(), "start": 1, "budget": 60, "repeats": 1, "at": [60]}
    found = race(strategies=[hard, "random"], **options).frame.set_index("strategy")
    assert found.loc["hard", "unlabelled_accuracy"] > 0.9
    assert found.loc["random", "unlabelled_accuracy"] < 0.5
    right = {who: found.loc[who, "pool_accuracy"] * 90 for who in ("hard", "random")}
    assert right["hard"] == pytest.approx(90, abs=2)  # of 90, all b's and c's were labelled
    asked_a = 90 * found.loc["random", "pool_accuracy"] - 30  # right apart from the a's: labelled b's and c's
    assert 25 < asked_a < 60


def test_every_label_is_recorded_up_to_50_then_every_fifth() -> None:
    found = race(budget=63, strategies="random", repeats=1).frame["n_labels"].tolist()
    assert found == [*range(1, 51), 55, 60, 63]
    assert race(at=[3, 15, 99], repeats=1, strategies="random").frame["n_labels"].tolist() == [3, 15]


def test_batches_are_learned_at_once_and_cut_where_a_record_is_due() -> None:
    class Counting(Memory):
        updates: list[int] = []  # noqa: RUF012

        def start(self, X: Any, n_classes: int, affinity: Any = None) -> Memory:
            self.P = np.eye(n_classes)[np.zeros(len(X), int)]  # type: ignore[attr-defined]
            return self

        def update(self, index: Any, y: Any, weight: Any = None) -> None:
            super().update(index, y)
            self.updates.append(len(index))

    found = race(learners=Counting(), strategies="margin", budget=33, batch=10, repeats=1)
    assert Counting.updates == found.frame["n_labels"].tolist() == [10, 20, 30, 33]
    Counting.updates.clear()
    race(learners=Counting(), strategies="margin", budget=30, batch=10, repeats=1, at=[25])
    assert Counting.updates == [10, 20, 25, 30]


def test_the_exported_model_is_measured_on_the_test_set() -> None:
    X, y = blobs(150)
    asked: list[int] = []

    def oracle(i: int, rng: Any) -> Any:
        asked.append(i)
        return y[i]

    options: dict[str, Any] = {"test": (X[90:], y[90:]), "repeats": 1, "strategies": "margin", "at": [15]}
    tree = DecisionTreeClassifier(max_depth=1, random_state=0)
    found = race(X[:90], oracle, tree, classes=list("abc"), **options).frame.iloc[0]
    assert np.isnan(found["unlabelled_accuracy"])  # the true classes of the pool are unknown
    assert found["test_accuracy"] == tree.fit(X[asked], y[asked]).score(X[90:], y[90:])


class Telling(Memory):
    """Predicts the second class for any new row."""

    def start(self, X: Any, n_classes: int, affinity: Any = None) -> Telling:
        self.P = np.eye(n_classes)[np.zeros(len(X), int)]  # type: ignore[attr-defined]
        return self

    def predict(self, X: Any) -> Any:
        return np.ones(len(X), int)


class Likely(Memory):
    start = Telling.start  # type: ignore[assignment]

    def predict_proba(self, X: Any) -> Any:
        return np.tile([0.1, 0.2, 0.7], (len(X), 1))


class Wrong(Telling):
    def predict(self, X: Any) -> Any:
        return np.array(["b"] * len(X))


def test_a_learner_without_export_tells_the_test_set_itself() -> None:
    X, _ = blobs()
    test = (X[:10], ["b"] * 6 + ["c"] * 3 + ["a"])
    found = race(learners=[Telling(), Likely()], strategies="random", test=test, repeats=1)
    assert set(found.frame.groupby("contestant")["test_accuracy"].min()) == {0.6, 0.3}
    assert set(found.frame.groupby("contestant")["test_accuracy"].max()) == {0.6, 0.3}
    with pytest.raises(
        InvalidInput, match=r"it predicted <U1 of shape \(10,\) for X_test: expected 10 class codes"
    ):
        race(learners=Wrong(), test=test)


def test_a_learner_that_cannot_tell_new_rows_has_no_held_out_accuracy_and_that_is_said() -> None:
    X, y = blobs()
    contestants = {"mute": (Memory(), "random"), "linear": ("linear", "random")}
    with pytest.warns(UserWarning, match=r"test_accuracy of 'mute' is NaN: .*no export, predict") as said:
        found = race(contestants=contestants, test=(X, y))
    assert len(said) == 1
    by_name = found.frame.groupby("contestant")["test_accuracy"]
    assert by_name.count().to_dict() == {"mute": 0, "linear": 30}
    assert "whole pool" in repr(found)


def test_a_learners_own_export_is_preferred() -> None:
    """It is computed from the labels so far, even if the learner holds a fitted estimator."""
    X, y = blobs()
    asked: list[int] = []
    given: list[tuple[Any, Any]] = []

    def oracle(i: int, rng: Any) -> Any:
        asked.append(i)
        return y[i]

    class Always:
        def __init__(self, code: int) -> None:
            self.code = code

        def predict(self, X: Any) -> Any:
            return np.full(len(X), self.code)

    class Exporting(Memory):
        def start(self, X: Any, n_classes: int, affinity: Any = None) -> Exporting:
            self.P = np.eye(n_classes)[np.zeros(len(X), int)]  # type: ignore[attr-defined]
            self._fitted = Always(0)
            return self

        def export(self, index: Any, y: Any, weight: Any = None) -> Any:
            given.append((index, y))
            return Always(1)

    test = (X[:10], ["b"] * 9 + ["a"])
    options: dict[str, Any] = {"classes": list("abc"), "truth": y, "repeats": 1, "strategies": "random"}
    found = race(X, oracle, Exporting(), test=test, at=[15], **options).frame
    assert found["test_accuracy"].tolist() == [0.9]
    [(index, codes)] = given
    assert index.tolist() == asked
    assert np.array(list("abc"))[codes].tolist() == y[asked].tolist()


def test_a_learner_that_leaves_work_for_later_is_measured_when_it_is_done() -> None:
    class Later(Memory):
        stale = False

        def start(self, X: Any, n_classes: int, affinity: Any = None) -> Later:
            fresh = Later()
            fresh.P = np.eye(n_classes)[np.zeros(len(X), int)]  # type: ignore[attr-defined]
            return fresh

        def update(self, index: Any, y: Any, weight: Any = None) -> None:
            self.P[:] = np.eye(3)[0]  # type: ignore[attr-defined]
            self.stale = True

        def refresh(self) -> None:
            self.P[:] = np.eye(3)[1]  # type: ignore[attr-defined]
            self.stale = False

    X, y = blobs()
    found = race(X, np.where(y == "c", "a", "b"), Later(), classes=list("abc"), strategies="random").frame
    assert (found["unlabelled_accuracy"] > 0.5).all()  # two thirds are b; update() alone gets a third


def test_costs_are_summed_and_the_strategies_see_them() -> None:
    cost = np.where(np.arange(90) < 45, 1.0, 100.0)
    seen = []

    def equal(proba: Any, context: Any) -> Any:
        seen.append(context.cost)
        return np.ones(len(proba))

    asked, found = watched(strategies=[equal], cost=cost)
    assert (seen[0] == cost).all()
    assert found.frame["cost"].iloc[-1] == cost[asked].sum()
    assert (cost[asked[10:]] == 1).all()  # the cheapest of equal items


def spending(cost: Any, budget: float, **options: Any) -> tuple[list[int], pd.DataFrame]:
    asked, found = watched(**{"strategies": ["random"], "cost": cost, "budget": budget} | options)
    return asked, found.frame


def test_with_costs_the_budget_is_spent_and_not_exceeded() -> None:
    cost = np.random.default_rng(0).lognormal(size=90)
    asked, found = spending(cost, 40.0)
    assert found["budget"].tolist() == pytest.approx([*(40 * np.arange(1, 51) / 50)][-len(found) :])
    assert (found["cost"] <= found["budget"]).all()
    left = np.setdiff1d(np.arange(90), asked)
    assert 40 - cost[asked].sum() < cost[left].min()  # the remaining budget pays for no item
    total = np.cumsum(cost[asked])
    for row in found.itertuples():  # each row is the model of all labels that its budget pays for
        assert row.n_labels == np.searchsorted(total, row.budget, side="right") or row.budget > 36
        assert row.cost == pytest.approx(total[row.n_labels - 1])


def test_a_smaller_budget_is_the_beginning_of_a_larger_one() -> None:
    cost = np.where(np.arange(90) % 2, 1.0, 2.0)
    _, small = spending(cost, 20, at=[5, 10, 15], strategies=["margin"])
    _, large = spending(cost, 60, at=[5, 10, 15], strategies=["margin"])
    assert small["budget"].tolist() == [5, 10, 15, 20]
    assert large["budget"].tolist() == [5, 10, 15, 60]
    drop = ["seconds", "elapsed"]
    pd.testing.assert_frame_equal(
        small.drop(columns=drop)[:3], large.drop(columns=drop)[:3], check_exact=True
    )


def test_equal_costs_give_what_numbers_of_labels_give() -> None:
    at = [5, 12, 20]
    by_labels = measured(race(budget=20, at=at, batch=1))
    by_cost = measured(race(budget=40, at=[2 * n for n in at], cost=np.full(90, 2.0)))
    assert (by_cost["budget"] == by_cost["cost"]).all()
    same = [c for c in by_labels if c != "cost"]
    pd.testing.assert_frame_equal(by_labels[same], by_cost[same], check_exact=True)


def test_contestants_of_other_prices_are_compared_at_equal_cost() -> None:
    """A strategy that asks for cheap items gets more labels for the same cost."""
    cost = np.where(np.arange(90) < 45, 1.0, 3.0)

    def dear(proba: Any, context: Any) -> Any:
        return context.cost**2

    found = race(strategies=["margin", dear], cost=cost, budget=45, at=[15, 30, 45], batch=4)
    last = found.frame[found.frame["budget"] == 45].groupby("contestant")["n_labels"].mean()
    assert last["margin"] > last["dear"] + 5
    assert found.against("margin", at=[30, 45])["budget"].tolist() == [30, 45]
    assert {"cost", "ratio"} <= set(found.saving("margin", at=30))


def test_batches_go_on_after_a_record_where_questions_have_a_cost() -> None:
    options: dict[str, Any] = {"batch": 10, "strategies": ["margin"], "learners": LogisticRegression()}
    asked, _ = spending(np.ones(90), 30, at=[30], **options)
    again, found = spending(np.ones(90), 30, at=[13, 17, 30], **options)
    assert asked == again
    assert found["n_labels"].tolist() == [13, 17, 30]


def test_an_answer_that_never_came_is_paid_for() -> None:
    _, y = blobs()
    oracle = lambda i, rng: None if i % 2 else y[i]  # noqa: E731
    found = race(y=oracle, truth=y, cost=np.full(90, 2.0), budget=60, repeats=1, at=[60]).frame
    assert (found["n_asked"] == 30).all()
    assert (found["cost"] == 60).all()
    assert (found["n_labels"] < 30).all()


def test_a_budget_that_pays_for_all_ends_with_the_pool() -> None:
    with pytest.warns(UserWarning, match="budget=500, but all 90 items together cost 180"):
        found = race(cost=np.full(90, 2.0), budget=500, repeats=1).frame
    last = found[found["budget"] == 180]
    assert (last["n_labels"] == 90).all()
    assert (last["pool_accuracy"] == 1).all()
    assert last["unlabelled_accuracy"].isna().all()


def test_an_estimator_that_never_learns_within_the_cost_is_named() -> None:
    with pytest.raises(InvalidInput, match=r"after 4 labels .*pass a larger budget="):
        race(learners=KNeighborsClassifier(11), cost=np.full(90, 2.0), budget=9)


def test_rows_of_equal_content_are_one_item() -> None:
    texts = ["good", "bad", "good", "fine", "awful", "well", "poor", "bad", "nice", "ill", "glad", "sad"]
    y = ["+" if t in {"good", "fine", "well", "nice", "glad"} else "-" for t in texts]
    pool = hitl.Pool.from_data(texts, X=np.array([[c == "+", len(t)] for c, t in zip(y, texts, strict=True)]))
    asked = []

    def oracle(row: int, rng: Any) -> str:
        asked.append(row)
        return y[row]

    race(pool, oracle, truth=y, budget=9, repeats=1, strategies="random")
    assert len(asked) == len({texts[row] for row in asked}) == 9
    assert race(texts, y, X=pool.X[pool.rows], budget=9, repeats=1).frame["unlabelled_accuracy"].iloc[-1] == 1  # type: ignore[index]


# -- reproducibility ---------------------------------------------------------


def test_the_result_does_not_depend_on_the_number_of_processes() -> None:
    options: dict[str, Any] = {
        "learners": ["linear", DecisionTreeClassifier(max_features=1)],
        "noise": 0.1,
        "graph": True,
    }
    alone = race(**options)
    pd.testing.assert_frame_equal(measured(alone), measured(race(**options, n_jobs=2)), check_exact=True)
    pd.testing.assert_frame_equal(measured(alone), measured(race(**options)), check_exact=True)
    assert not measured(alone).equals(measured(race(**options, random_state=1)))


def test_a_contestant_fares_the_same_whoever_else_takes_part() -> None:
    alone = measured(race(strategies=["margin"])).reset_index(drop=True)
    among = measured(race(strategies=["entropy", "random", "margin"]))
    among = among[among["strategy"] == "margin"].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, among, check_exact=True)


def test_margin_beats_random_on_digits() -> None:
    X, y = load_digits(return_X_y=True)
    found = simulate(
        X[:900] / 16, y[:900], ["linear"], ["random", "margin"], budget=80, repeats=2, at=[80], graph=False,
        n_jobs=1, progress=False,
    )  # fmt: skip
    gap = found.against(at=[80]).iloc[0]
    assert gap["difference"] > 0.02
    assert gap["ahead"] == 1


def test_learners_get_the_graph() -> None:
    X, _ = blobs()
    seen = []

    class Looking(Memory):
        def start(self, X: Any, n_classes: int, affinity: Any = None) -> Memory:
            seen.append(affinity)
            return super().start(X, n_classes)

    race(learners=Looking(), graph=True, strategies="random", repeats=1)
    race(learners=Looking(), graph=False, strategies="random", repeats=1)
    given, none = seen
    assert none is None
    assert given.shape == (90, 90)
    assert abs(given - given.T).max() == 0
    near = given[[0]].nonzero()[1]
    assert 5 <= len(near) < 60
    gaps = np.linalg.norm(X - X[0], axis=1)
    assert gaps[near].mean() < gaps.mean()


# -- resuming ----------------------------------------------------------------


def test_a_race_goes_on_after_the_oracle_failed(tmp_path: Path) -> None:
    _, y = blobs()
    whole = race(y=Recorder(y), truth=y, repeats=3)
    broken = Recorder(y, fails_at=15 * 2 + 5)  # in the third of six runs
    with pytest.raises(HitlError, match=r"The oracle failed after 4 labels in repeat 1: ConnectionError: .*"
                       r"2 of 6 runs are finished, and saved in .*runs\.jsonl") as caught:  # fmt: skip
        race(y=broken, truth=y, repeats=3, path=tmp_path)
    assert "in __call__" in caught.value.__notes__[0]  # the user's traceback
    assert len(broken.asked) == 35  # no question after that
    healed = Recorder(y)
    found = race(y=healed, truth=y, repeats=3, path=tmp_path)
    assert len(healed.asked) == 15 * 4
    pd.testing.assert_frame_equal(measured(found), measured(whole), check_exact=True)
    again = Recorder(y)
    pd.testing.assert_frame_equal(race(y=again, truth=y, repeats=3, path=tmp_path).frame, found.frame)
    assert again.asked == []


def count_of(path: Path, **options: Any) -> int:
    """The number of runs that a simulation adds to the file."""
    before = len(path.read_text().splitlines()) if path.exists() else 0
    race(path=path, **({"strategies": ["random"], "repeats": 1} | options))
    return len(path.read_text().splitlines()) - before


def first_class(proba: Any, context: Any) -> Any:
    return proba[:, 0]


def scaled_by(factor: float) -> Callable[..., Any]:
    def scaled(proba: Any, context: Any) -> Any:
        return factor * proba[:, 0]

    return scaled


@pytest.mark.parametrize(
    "change",
    [
        {"budget": 14},
        {"noise": 0.1},
        {"abstain": 0.1},
        {"confusion": np.eye(3)[[1, 0, 2]]},
        {"random_state": 1},
        {"batch": 5},
        {"start": 7},
        {"start": "own"},
        {"at": [5]},
        {"cost": (np.arange(90) + 1) / 9},
        {"classes": list("cba")},
        {"y": np.roll(blobs()[1], 1)},
        {"pool": blobs()[0] + 1},
        {"test": blobs()},
        {"learners": LogisticRegression()},
        {"strategies": ["entropy"]},
        {"graph": True},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_changed_setting_does_not_use_old_runs(change: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "runs.jsonl"
    assert count_of(file) == 1
    assert count_of(file) == 0
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert count_of(file, **change) == 1
    # A strategy of another name takes nobody's place.
    words = ["has 1 run of 'random' with other data, settings or code"] * ("strategies" not in change)
    assert len(said) == len(words)
    assert all(word in str(w.message) for word, w in zip(words, said, strict=True))
    assert count_of(file) == 0


@pytest.mark.parametrize(
    ("learners", "strategies"),
    [
        ([LogisticRegression(C=1), LogisticRegression(C=2)], ["random"]),
        (["linear"], [scaled_by(1), scaled_by(-1)]),
        (["linear"], [lambda p, c: p[:, 0], lambda p, c: p[:, 1]]),
    ],
)
def test_a_changed_learner_or_strategy_does_not_use_old_runs(
    learners: Any, strategies: Any, tmp_path: Path
) -> None:
    pairs = [(a, b) for a in learners for b in strategies]
    assert count_of(tmp_path / "runs.jsonl", learners=pairs[0][0], strategies=pairs[0][1]) == 1
    with pytest.warns(UserWarning, match="The simulation starts again for it"):
        assert count_of(tmp_path / "runs.jsonl", learners=pairs[1][0], strategies=pairs[1][1]) == 1
    for learner, strategy in pairs:
        assert count_of(tmp_path / "runs.jsonl", learners=learner, strategies=strategy) == 0


RULE = {"column": 0}


def by_rule(proba: Any, context: Any) -> Any:
    return proba[:, RULE["column"]]


@functools.cache
def column_of(n: int) -> int:
    return 0


def by_memory(proba: Any, context: Any) -> Any:
    return proba[:, column_of(len(proba))]


def test_a_changed_table_of_the_module_does_not_use_old_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "runs.jsonl"
    assert count_of(file, strategies=[by_rule]) == 1
    monkeypatch.setitem(RULE, "column", 1)
    with pytest.warns(UserWarning, match="has 1 run of 'by_rule' .*starts again for it"):
        assert count_of(file, strategies=[by_rule]) == 1


def test_what_functools_remembers_starts_nothing_anew(tmp_path: Path) -> None:
    column_of.cache_clear()
    counts = [count_of(tmp_path / "runs.jsonl", strategies=[by_memory]) for _ in range(2)]
    assert column_of.cache_info().currsize == 1
    assert counts == [1, 0]


def test_more_repeats_and_contestants_use_old_runs(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "runs.jsonl"
    assert count_of(file, strategies=["random", first_class]) == 2
    assert count_of(file, strategies=["random", first_class, "margin"], repeats=2) == 4


def test_a_line_cut_short_costs_that_run_alone(tmp_path: Path) -> None:
    file = tmp_path / "runs.jsonl"
    whole = race(path=file)
    text = file.read_text()
    assert [json.loads(line)["repeat"] for line in text.splitlines()] == [0, 0, 1, 1]
    file.write_text(text[:-30])
    pd.testing.assert_frame_equal(measured(race(path=file)), measured(whole), check_exact=True)
    assert count_of(file, strategies=["random", "margin"], repeats=2) == 0


def test_a_killed_race_loses_the_run_in_hand_alone(tmp_path: Path) -> None:
    code = f"""
import os, sys
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
sys.path.insert(0, {str(Path(__file__).parent)!r})
import test_simulate as here
calls = []
class Recorder(here.Recorder):
    def __call__(self, i, rng):
        calls.append(i)
        if len(calls) == 40:
            os.kill(os.getpid(), 9)
        return self.y[i]
_, y = here.blobs()
here.race(y=Recorder(y), truth=y, path={str(tmp_path)!r})
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=120, check=False)
    assert done.returncode == -9, done.stderr.decode()
    _, y = blobs()
    oracle = Recorder(y)
    race(y=oracle, truth=y, path=tmp_path)
    assert len(oracle.asked) == 2 * 15


def test_runs_that_hold_other_figures_are_played_anew(tmp_path: Path) -> None:
    """Files of an older version: nothing is filled with NaN, and nothing is mixed."""
    file = tmp_path / "runs.jsonl"
    whole = race(path=file, strategies=["random"])
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    for line in lines:
        line["columns"] = {"accuracy": line["columns"].pop("pool_accuracy"), **line["columns"]}
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.warns(UserWarning, match="has 2 runs of 'random' .*which cannot be used"):
        found = race(path=file, strategies=["random"])
    pd.testing.assert_frame_equal(measured(found), measured(whole), check_exact=True)


def test_a_file_of_something_else_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    file.write_text("id,label\n1,spam\n")
    with pytest.raises(InvalidInput, match="is not a file of runs"):
        race(path=file)
    assert file.read_text() == "id,label\n1,spam\n"


# -- failures ----------------------------------------------------------------


@pytest.mark.parametrize("path", ["file/deep/runs.jsonl", "file/runs.jsonl", "n" * 300, "\0"])
def test_a_path_that_cannot_be_written_is_refused_before_anything_is_run(path: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("something")
    oracle = Recorder(blobs()[1])
    with pytest.raises(InvalidInput, match=r"path=.* cannot be used: .*you may write to"):
        race(y=oracle, truth=oracle.y, path=tmp_path / path)
    assert oracle.asked == []


class Holding:
    """A strategy or an oracle that cannot be pickled."""

    def __init__(self, answers: Any = None) -> None:
        self.answers, self.generator = answers, (i for i in range(3))

    def __call__(self, first: Any, second: Any) -> Any:
        return first[:, 0] if self.answers is None else self.answers[first]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"strategies": {"mine": Holding()}}, "The contestant 'mine'"),
        ({"y": Holding(blobs()[1]), "truth": blobs()[1]}, "The oracle y"),
    ],
    ids=["strategy", "oracle"],
)
def test_what_cannot_be_sent_to_other_processes_is_named(options: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=f"{words} cannot be sent .*generator.* Pass n_jobs=1"):
        race(n_jobs=2, **options)
    assert race(n_jobs=1, **options).frame["n_labels"].max() == 15


def too_short(proba: Any, context: Any) -> Any:
    return proba[:-1, 0]


def not_a_number(proba: Any, context: Any) -> Any:
    return proba[:, 0] * np.nan


def raising(proba: Any, context: Any) -> Any:
    raise KeyError("utility")


@pytest.mark.parametrize(
    ("strategy", "words"),
    [
        (too_short, r"'too_short' failed after 10 labels in repeat 0: .*\(90,\)"),
        (not_a_number, r"'not_a_number' failed after 10 labels in repeat 0: .*(NaN|finite)"),
        (raising, r"'raising' failed after 10 labels in repeat 0: KeyError: 'utility'"),
    ],
)
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_strategy_that_fails_is_named_when_the_others_are_done(
    strategy: Any, words: str, n_jobs: int, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput, match=f"The strategy {words}.* 4 of 6 runs are finished"):
        race(strategies=["random", strategy, "margin"], path=tmp_path, n_jobs=n_jobs)
    assert count_of(tmp_path / "runs.jsonl", strategies=["random", "margin"], repeats=2) == 0


def test_a_learner_that_fails_is_named() -> None:
    class Half(Memory):
        name = "half"

        def start(self, X: Any, n_classes: int, affinity: Any = None) -> Half:
            return self

        def update(self, index: Any, y: Any, weight: Any = None) -> None:
            pass

        def proba(self, index: Any = None) -> Any:
            return np.full((90, 3), 0.5)

    with pytest.raises(
        InvalidInput, match=r"The learner 'half' failed .*to 1 in each row.*not saved: pass path="
    ):
        race(learners=["linear", Half()], strategies=["random"])


def test_an_oracle_that_says_something_else_is_named() -> None:
    _, y = blobs()
    with pytest.raises(
        HitlError, match=r"The oracle failed after 0 labels .*returned the unknown class 'spam'"
    ):
        race(y=lambda i, rng: "spam", truth=y)


def test_an_estimator_that_needs_more_labels_says_class_shares_until_it_has_them() -> None:
    X, y = blobs()
    model = KNeighborsClassifier(5)
    asked, found = watched(learners=model, strategies=["margin"], test=(X, y))
    for i, row in enumerate(found.frame.itertuples(), start=1):
        known, rest = asked[:i], np.setdiff1d(np.arange(90), asked[:i])
        if i >= 5 and len(set(y[known])) > 1:
            expected = model.fit(X[known], y[known]).score(X[rest], y[rest])
        else:
            names, counts = np.unique(y[known], return_counts=True)
            expected = np.mean(y[rest] == names[counts.argmax()])
            assert row.test_accuracy == pytest.approx(1 / 3)
        assert row.unlabelled_accuracy == pytest.approx(expected)
    assert asked[:10] == watched(strategies=["margin"])[0][:10]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "after 10 labels .*If 10 labels are too few for it, pass a larger start="),
        ({"budget": 4}, "after 4 labels .*If 4 labels are too few for it, pass a larger budget="),
    ],
)
def test_an_estimator_that_cannot_be_fitted_to_the_cold_start_is_named(
    options: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidInput, match=f"{words}.* No run is finished"):
        race(learners=KNeighborsClassifier(11), **options)
    assert race(learners=KNeighborsClassifier(11), start=11).budget == 15


def test_a_learner_of_ones_own_that_fails_early_is_not_passed_over() -> None:
    class Failing(Memory):
        def start(self, X: Any, n_classes: int, affinity: Any = None) -> Failing:
            return self

        def update(self, index: Any, y: Any, weight: Any = None) -> None:
            raise ValueError("too few")

    with pytest.raises(InvalidInput, match="after 1 label in repeat 0: ValueError: too few"):
        race(learners=Failing())


@pytest.mark.parametrize("learner", [RidgeClassifier(), KNeighborsClassifier(n_neighbors=1)])
def test_estimators_without_probabilities_work(learner: Any) -> None:
    assert race(learners=learner, budget=30).frame["unlabelled_accuracy"].iloc[-1] > 0.6


def test_a_budget_beyond_the_pool_is_cut_with_words() -> None:
    X, y = blobs(12)
    with pytest.warns(UserWarning, match="budget=200, but the pool has 12 items: 11 are labelled"):
        found = race(X, y, budget=200, strategies="random", repeats=1)
    assert found.budget == 11


def test_a_first_class_only_goes_on_at_random_until_there_is_another() -> None:
    X = np.zeros((40, 2), np.float32)
    X[:4] = 9
    y = np.array([1] * 4 + [0] * 36)
    found = race(X, y, start=2, budget=39, strategies=["margin"], repeats=1).frame
    assert found["n_labels"].tolist() == list(range(1, 40))
    assert found["unlabelled_accuracy"].notna().all()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"y": ["a", "b"]}, r"y has shape \(2,\), but the pool has 90 rows"),
        ({"y": np.arange(90) / 7}, r"y contains .*, which is not a whole number: .*numeric targets"),
        ({"y": np.arange(90) // 1.9}, r"y contains 47 different values for 90 items: these look like"),
        ({"y": [{}] * 90}, "Classes must be text or whole numbers"),
        ({"classes": []}, "classes= has no class, but at least two are needed"),
        ({"classes": "abc"}, "classes='abc': expected a list"),
        ({"y": ["a"] * 90}, r"y has 1 class \('a'\), but at least two are needed"),
        ({"y": [*["a", "b"] * 44, "a", None]}, "1 true classes are missing"),
        ({"classes": ["a", "b"]}, r"y contains the unknown class 'c'"),
        ({"classes": ["a", "b", "c", "a"]}, "contains a class twice"),
        ({"y": lambda i, rng: "a"}, "the true classes are unknown: pass truth=, .* or test="),
        ({"y": lambda i, rng: "a", "test": (np.ones((1, 3)), ["a"])}, r"pass classes=\[\.\.\.\]"),
        ({"learners": "linaer"}, "linaer"),
        ({"learners": []}, "learners= is empty"),
        ({"strategies": ["margn"]}, "Did you mean 'margin'"),
        ({"contestants": {"a": "margin"}}, r"contestants\['a'\] must be a pair"),
        ({"contestants": {}}, "must be a dict"),
        ({"noise": float("nan")}, "noise=nan: expected a share from 0 to 1"),
        ({"noise": True}, "noise=True: expected a share"),
        ({"abstain": True}, "abstain=True: expected a share"),
        ({"n_jobs": 0}, "n_jobs=0: expected a number of processes"),
        ({"n_jobs": "a"}, "n_jobs='a': expected a number of processes"),
        ({"path": 3}, "path=3: expected the name of a file"),
        ({"at": 10}, r"at=10: expected a list of numbers of labels, such as \[1, 15\]"),
        ({"at": "10"}, "at='10': expected a list"),
        ({"noise": 1.5}, "noise=1.5: expected a share"),
        ({"abstain": "often"}, "abstain='often': expected a share"),
        ({"confusion": np.ones((3, 3))}, r"rows of confusion sum to 3\.0"),
        ({"confusion": [[2, -1, 0], [0, 1, 0], [0, 0, 1]]}, "from 0 to 1 that sum to 1"),
        ({"confusion": np.eye(2)}, r"confusion has shape \(2, 2\), expected \(3, 3\)"),
        ({"cost": np.zeros(90)}, "cost has a minimum of 0.0"),
        ({"cost": np.ones(90), "budget": 0}, "budget=0: expected an amount of cost"),
        ({"cost": np.ones(90), "budget": float("inf")}, "budget=inf: expected an amount of cost"),
        ({"cost": np.ones(90), "at": 5}, r"at=5: expected a list of amounts of cost, such as \[7.5\]"),
        ({"cost": np.ones(90), "at": [-1]}, "at=-1: expected an amount of cost"),
        ({"cost": np.ones(90), "at": [16]}, "at= contains no amount of cost up to 15, the budget"),
        (
            {"cost": np.full(90, 20.0)},
            "budget=15 pays for no question: the cheapest costs 20",
        ),
        ({"cost": ["dear"] * 90}, "cost must contain only numbers: .*'dear'"),
        ({"confusion": [[1], [2, 3]]}, "confusion must contain only numbers"),
        ({"graph": "knn"}, "graph must contain only numbers"),
        ({"cost": [1, 2]}, r"cost has shape \(2,\)"),
        ({"test": blobs()[0]}, r"must be a pair \(X_test, y_test\)"),
        ({"test": (np.ones((2, 5)), ["a", "b"])}, "X_test has 5 columns, but the pool has 3"),
        ({"test": (np.ones((1, 3)), ["z"])}, "y_test contains the unknown class 'z'"),
        ({"test": (np.ones((1, 3)), [["a"]])}, r"y_test has shape \(1, 1\)"),
        (
            {"test": (np.ones((1, 3)), ["0"]), "y": np.arange(90) % 3},
            "the unknown class '0'. The classes",
        ),
        ({"budget": 0}, "budget=0: expected a whole number"),
        ({"repeats": 2.5}, "repeats=2.5: expected a whole number"),
        ({"start": "warm"}, "start='warm': expected .*'own'"),
        ({"at": [99]}, "at= contains no number of labels from 1 to 15"),
        ({"at": [1.5]}, "at=1.5: expected a whole number"),
        ({"random_state": -1}, "random_state=-1"),
        ({"graph": np.eye(3)}, r"graph has shape \(3, 3\), but the pool has 90 items"),
        ({"pool": pd.DataFrame({"label": list("ab") * 45})}, "The pool is a DataFrame.*pass X=.*df.to_numpy"),
        ({"pool": np.ones((0, 2)), "y": []}, "The pool is empty"),
        ({"pool": np.full((90, 2), np.nan)}, "NaN"),
    ],
)
def test_bad_input_is_refused_in_words(options: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        race(**options)


@pytest.mark.parametrize("also", [{"learners": "linear"}, {"strategies": ["margin"]}])
def test_contestants_with_learners_or_strategies_are_refused(also: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match=f"{next(iter(also))}= and contestants= are mutually exclusive"):
        simulate(*blobs(), contestants={"a": ("linear", "random")}, **also)


def test_of_rows_of_equal_content_the_first_ones_cost_counts() -> None:
    cost = [*range(1, 31), *[1000] * 30]
    options: dict[str, Any] = {"X": np.arange(60.0)[:, None] % 30, "budget": 29, "repeats": 1, "at": [29]}
    found = race([f"text {i % 30}" for i in range(60)], np.arange(60) % 2, cost=cost, **options)
    assert (found.frame["cost"] <= sum(range(1, 31))).all()


# -- names and display -------------------------------------------------------


def test_contestants_are_named_by_what_tells_them_apart() -> None:
    options: dict[str, Any] = {"budget": 11, "repeats": 1, "at": [11]}
    assert race(**options).contestants == ("random", "margin")
    assert race(learners=["linear", DecisionTreeClassifier()], **options).contestants == (
        "linear + random",
        "linear + margin",
        "DecisionTreeClassifier + random",
        "DecisionTreeClassifier + margin",
    )
    trees = [DecisionTreeClassifier(max_depth=d) for d in (1, 2, 3)]
    assert race(learners=trees, strategies="margin", **options).contestants == (
        "DecisionTreeClassifier",
        "DecisionTreeClassifier 2",
        "DecisionTreeClassifier 3",
    )
    named = race(learners={"mine": trees[0]}, strategies={"first": first_class, "fair": "random"}, **options)
    assert named.contestants == ("first", "fair")
    assert set(named.frame["learner"]) == {"mine"}
    pairs = race(contestants={"x": ("linear", "margin"), "y": (trees[0], "random")}, **options)
    assert pairs.frame[["contestant", "learner", "strategy"]].to_numpy().tolist() == [
        ["x", "linear", "margin"],
        ["y", "DecisionTreeClassifier", "random"],
    ]


def test_the_bar_can_be_switched_off(capfd: pytest.CaptureFixture[str]) -> None:
    race(progress=True, budget=11, at=[11])
    assert "4/4" in capfd.readouterr().err
    race(progress=False, budget=11, at=[11])
    assert capfd.readouterr().err == ""


def test_an_oracle_that_never_answers_is_named() -> None:
    X, y = clouds(40)
    with pytest.raises(InvalidInput, match="The oracle abstained from every question"):
        simulate(X, y, learners=["linear"], abstain=1.0, budget=10, repeats=2, n_jobs=1, progress=False)


def test_a_strategy_cannot_ask_again_what_has_a_label() -> None:
    def greedy(proba: Any, context: Any) -> Any:
        context.candidates[:] = True
        return np.where(context.y >= 0, 9.0, 0.0)

    X, y = np.random.default_rng(0).normal(size=(60, 2)), np.arange(60) % 2
    with pytest.raises(InvalidInput, match=r"'greedy' failed.*read-only"):
        hitl.simulate(X, y, strategies=[greedy], budget=20, repeats=1, n_jobs=1, progress=False)


def test_a_lone_contestant_is_called_by_what_was_chosen() -> None:
    def names(learners: Any = "auto", strategies: Any = "auto") -> tuple[str, ...]:
        return race(learners=learners, strategies=strategies, repeats=1, budget=12).contestants

    assert names(learners=["linear"]) == ("linear",)
    assert names(learners={"mine": "linear"}) == ("mine",)
    assert names(learners=["linear"], strategies=["margin"]) == ("margin",)
    assert names() == ("auto",)
