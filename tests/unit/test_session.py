"""A session in a script, without widgets or a notebook."""

from __future__ import annotations

import csv
import getpass
import json
import pickle
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from helpers import Told, clouds, until
from hitl_widgets.background.worker import Worker
from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import HitlError, InvalidInput, StoreError
from hitl_widgets.labels.store import LabelStore
from hitl_widgets.learn.linear import LinearLearner
from hitl_widgets.loop import asking
from hitl_widgets.questions.schema import Schema
from hitl_widgets.session import Session

Make = Callable[..., Session]
X, NAMES = clouds()
TABLE = {"message": [f"message {i}" for i in range(6)], "k": [f"u{i}" for i in range(6)]}


def label_by_hand(session: Session, n: int, names: Any = NAMES) -> None:
    """Ask one item at a time and answer with the truth."""
    truth = dict(zip(session.pool.ids, names, strict=True))
    for _ in range(n):
        [asked] = session.query()
        session.label(asked, truth[asked])


# -- the loop


def test_the_loop_learns(make_session: Make) -> None:
    session = make_session()
    label_by_hand(session, 12)
    found = session.wait()
    assert found.n_labels == session.n_labels == 12
    assert session._loop.background.behind == 0
    predicted = session.predictions()
    assert list(predicted.index) == list(session.pool.ids)
    assert (predicted["label"].to_numpy() == NAMES).mean() > 0.95
    assert predicted["confidence"].between(0.5, 1).all()
    assert predicted["uncertainty"].between(0, 1).all()
    assert "12 of 60 table items labelled, 2 classes" in repr(session)


def test_before_any_label_there_is_nothing_to_predict_but_something_to_ask(make_session: Make) -> None:
    session = make_session()
    assert len(set(session.query(5))) == 5
    assert session.predictions()["label"].isna().all()
    assert session.labels().empty
    assert session.accuracy().n == 0
    assert "nothing audited" in str(session.accuracy())


def test_a_provisional_measure_comes_from_the_labels_until_something_is_audited(make_session: Make) -> None:
    session = make_session(audit=0)
    _, y = clouds()

    def answer(one: Any) -> None:
        session.label(one, y[session.pool.index([one])[0]])

    for one in session.query(12):
        answer(one)
    until(lambda: session.evaluation.provisional is not None)
    assert 0.8 < (session.evaluation.provisional or 0) <= 1
    assert session.evaluation.estimate.value is None
    assert [point.n_labels for point in session.evaluation.curve] == [10, 12]
    assert session.evaluation.curve[-1].estimate.value == session.evaluation.provisional
    for _ in range(4):
        session.undo()
    until(lambda: session.evaluation.provisional is None)  # too few labels again
    assert session.evaluation.curve == ()


def test_nothing_is_asked_twice(make_session: Make) -> None:
    session = make_session()
    ids = session.query(10)
    session.label(ids[:4], "a")
    session.skip(ids[4:6])
    assert not set(session.query(60)) & set(ids[:6])
    assert len(session.query(1000)) == 54
    session.label(session.pool.ids, "a")
    assert session.query(3) == []


@pytest.mark.parametrize("n", [0, -1, 1.5, "3"])
def test_a_number_of_questions_that_makes_no_sense_is_refused(make_session: Make, n: Any) -> None:
    with pytest.raises(InvalidInput, match=r"n=.*expected a whole number of at least 1"):
        make_session().query(n)


def test_a_label_may_be_given_anew_taken_away_and_turned_back(make_session: Make) -> None:
    session = make_session()
    i = session.pool.ids[0]
    session.label(i, "a")
    session.label(i, "b")
    assert session.labels()["label"].tolist() == ["b"]
    session.label(i, None)
    assert session.n_labels == 0
    assert session.undo() is not None
    assert session.labels()["label"].tolist() == ["b"]
    assert session.undo() is not None
    assert session.labels()["label"].tolist() == ["a"]
    assert session.redo() is not None
    assert session.labels()["label"].tolist() == ["b"]
    assert session._loop.log.can_turn() == (True, True)


def test_a_bulk_label_is_one_act(make_session: Make) -> None:
    session = make_session()
    session.label(session.pool.ids[:40], "a")
    assert session.n_labels == 40
    session.undo()
    assert session.n_labels == 0
    assert session.undo() is None
    session.redo()
    assert session.n_labels == 40
    assert session.redo() is None


def test_a_skipped_item_is_not_asked_until_it_is_taken_back(make_session: Make) -> None:
    session = make_session()
    i = session.pool.ids[3]
    session.skip(i)
    assert i not in session.query(60)
    assert session.labels().empty
    session.undo()
    assert i in session.query(60)


def test_skipped_items_are_listed_until_they_are_labelled(make_session: Make) -> None:
    session = make_session()
    ids = session.pool.ids
    assert session.skipped() == []
    session.skip([ids[5], ids[3]])
    assert session.skipped() == [ids[3], ids[5]]
    session.label(ids[3], "a")
    assert session.skipped() == [ids[5]]
    session.undo()
    session.undo()
    assert session.skipped() == []


@pytest.mark.parametrize(
    "ids",
    [["1", "2"], ("1", "2"), np.array(["1", "2"]), pd.Series(["1", "2"]), iter(["1", "2"]), {"1": 0, "2": 0}],
)
def test_many_ids_come_in_any_container(make_session: Make, ids: Any) -> None:
    session = make_session(pd.DataFrame({"k": ["1", "2", "3"], "t": list("xyz")}), id="k")
    session.label(ids, "a")
    assert session.labels()["id"].tolist() == ["1", "2"]


def test_an_item_named_twice_in_one_act_is_labelled_once(make_session: Make) -> None:
    session = make_session()
    i = session.pool.ids[0]
    session.label([i, i], "a")
    assert session.history().iloc[-1]["n_items"] == 1
    session._loop.acts.label(np.array([5, 3, 5], np.uint32), "b")
    assert session.history().iloc[-1]["n_items"] == 2
    assert session.labels()["label"].tolist() == ["a", "b", "b"]


def test_an_act_sent_twice_changes_nothing(make_session: Make) -> None:
    session = make_session()
    first, second = session.pool.ids[:2]
    for _ in range(2):
        assert session.label(first, "a", event_id="id-of-label") == "id-of-label"
        assert session.skip(second, event_id="id-of-skip") == "id-of-skip"
    for _ in range(2):
        assert session.undo(event_id="id-of-undo") == "id-of-undo"
    assert session._loop.labels.candidates[1]
    for _ in range(2):
        assert session.redo(event_id="id-of-redo") == "id-of-redo"
    assert not session._loop.labels.candidates[1]
    assert session.history()["kind"].tolist() == ["schema", "label", "skip", "undo", "redo"]
    assert session.n_labels == 1


def test_labels_given_before_the_features_are_ready_are_learnt_afterwards(make_session: Make) -> None:
    import threading

    ready = threading.Event()

    def embed(items: list[str]) -> Any:
        assert ready.wait(20)
        return X

    session = make_session([f"item {i}" for i in range(60)], embed=embed)
    session.label(session.pool.ids[:10:2], "a")
    session.label(session.pool.ids[1:10:2], "b")
    with pytest.raises(TimeoutError, match=r"still being prepared after 0\.01 s: reading 60 items"):
        session.wait(0.01)
    assert session.predictions()["label"].isna().all()
    ready.set()
    assert session.wait(20).n_labels == 10
    assert (session.predictions()["label"].to_numpy() == NAMES).mean() > 0.95


# -- after a restart


def test_a_new_session_on_the_same_file_goes_on_where_the_last_one_stopped(
    make_session: Make, tmp_path: Path
) -> None:
    store = tmp_path / "labels.sqlite"
    first = make_session(store=store)
    ids = first.pool.ids
    first.label(ids[0], "a")
    first.label(ids[1], "b")
    first.label(ids[2:9], "a")
    first.skip(ids[20])
    first.undo()
    first.undo()
    first.close()

    second = make_session(store=store, classes=None)
    assert second.schema == first.schema
    assert second._loop.key == first._loop.key
    pd.testing.assert_frame_equal(second.labels(), first.labels())
    pd.testing.assert_frame_equal(second.history(), first.history())
    assert second._loop.log.can_turn() == (True, True)
    second.redo()
    assert second.n_labels == 9
    second.redo()
    assert second._loop.labels.skipped[20]
    for _ in range(4):
        second.undo()
    assert second.n_labels == 0


def test_the_model_of_a_restart_is_the_model_of_before(make_session: Make, tmp_path: Path) -> None:
    store = tmp_path / "labels.sqlite"
    first = make_session(store=store, random_state=None)
    label_by_hand(first, 20)
    first.wait()
    second = make_session(store=store, random_state=None)
    assert second.wait().n_labels == 20
    before, after = first.predictions(), second.predictions()
    assert (before["label"] == after["label"]).all()
    np.testing.assert_allclose(before["confidence"], after["confidence"], atol=0.02)


def test_a_table_that_was_sorted_and_grew_keeps_its_labels(make_session: Make, tmp_path: Path) -> None:
    store = tmp_path / "labels.sqlite"
    table = pd.DataFrame(TABLE)
    first = make_session(table, text="message", store=store)
    first.label(first.pool.ids[0], "a")
    first.close()
    more = pd.concat([pd.DataFrame({"message": ["new"], "k": ["u9"]}), table[::-1]])
    second = make_session(more, text="message", store=store)
    labelled = second.to_frame().dropna(subset="label")
    assert labelled["message"].tolist() == ["message 0"]


def test_labels_of_items_that_are_gone_are_kept_and_exported(make_session: Make, tmp_path: Path) -> None:
    store = tmp_path / "labels.sqlite"
    table = pd.DataFrame({"n": [10, 20, 30], "t": list("xyz")})
    first = make_session(table, id="n", store=store)
    first.label([10, 30], "a")
    first.close()
    second = make_session(table[:2], id="n", store=store)
    assert second.n_labels == 1
    assert second.labels()["id"].tolist() == [10, "30"]
    path = second.export(tmp_path / "labels.parquet")
    assert pd.read_parquet(path)["id"].tolist() == ["10", "30"]


def test_two_sessions_on_one_file_see_each_others_labels_after_their_next_act(
    make_session: Make, tmp_path: Path
) -> None:
    store = tmp_path / "labels.sqlite"
    ann = make_session(store=store, annotator="ann")
    bob = make_session(store=store, annotator="bob")
    ids = ann.pool.ids
    ann.label(ids[0], "a")
    bob.label(ids[1], "b")
    assert bob.n_labels == 2
    ann.label(ids[2], "a")
    assert ann.n_labels == 3
    assert ann.wait().n_labels == 3
    bob.undo()
    assert bob.n_labels == 2
    assert bob.labels()["annotator"].tolist() == ["ann", "ann"]


@pytest.mark.parametrize("act", [Session.undo, Session.labels])
def test_events_on_items_of_another_table_do_not_leave_the_model_behind(
    make_session: Make, act: Callable[[Session], Any]
) -> None:
    store = LabelStore(":memory:")
    ann = make_session(store=store, annotator="ann")
    bob = make_session(clouds(20)[0] + 9, store=store, annotator="bob")
    ann.wait(20)
    bob.label(bob.pool.ids[0], "a")
    act(ann)
    assert ann.wait(20).n_events == ann._loop.log.n_events == 2
    assert ann.n_labels == 0


def test_undo_takes_back_the_annotators_last_act_wherever_it_was_made(
    make_session: Make, tmp_path: Path
) -> None:
    store = tmp_path / "labels.sqlite"
    here, there = (make_session(store=store, annotator="ann") for _ in range(2))
    here.label(here.pool.ids[0], "a")
    there.label(here.pool.ids[1], "b")
    here.undo()
    assert here.labels()["label"].tolist() == ["a"]


def test_two_annotators_of_one_item_are_both_kept(make_session: Make, tmp_path: Path) -> None:
    store = tmp_path / "labels.sqlite"
    ann = make_session(store=store, annotator="ann")
    bob = make_session(store=store, annotator="bob")
    i = ann.pool.ids[0]
    ann.label(i, "a")
    bob.label(i, "b")
    assert bob.labels()[["label", "annotator"]].to_numpy().tolist() == [["a", "ann"], ["b", "bob"]]
    assert bob.n_labels == 1


def test_a_store_that_was_passed_in_stays_open(make_session: Make) -> None:
    store = LabelStore(":memory:")
    session = make_session(store=store)
    session.label(session.pool.ids[0], "a")
    session.close()
    again = make_session(store=store)
    assert again.n_labels == 1


def test_one_store_holds_many_tasks(make_session: Make) -> None:
    store = LabelStore(":memory:")
    first = make_session(store=store, task="topic")
    second = make_session(store=store, task="tone", classes=["kind", "rude"])
    first.label(first.pool.ids[0], "a")
    second.label(second.pool.ids[0], "rude")
    assert store.tasks() == ["tone", "topic"]
    assert (first.n_labels, second.n_labels) == (1, 1)
    assert first._loop.key != second._loop.key


# -- the audit


def test_about_a_tenth_of_the_questions_is_drawn_for_the_audit(make_session: Make) -> None:
    many, names = clouds(400)
    session = make_session(many)
    label_by_hand(session, 150, names)
    audited = int(session._loop.labels.audited.sum())
    assert 14 <= audited <= 16
    assert session.labels()["selection"].value_counts()["audit"] == audited
    assert session.accuracy().n == audited


def test_a_bulk_label_does_not_call_for_audits(make_session: Make) -> None:
    session = make_session()
    session.label(session.pool.ids[:40:2], "a")
    session.label(session.pool.ids[1:40:2], "b")
    session.query(9)
    assert session._loop.blind._issued == {}


@pytest.mark.parametrize(("share", "expected"), [(0, 0), (1, 20), (0.5, 10)])
def test_the_share_of_the_audit_is_as_asked(make_session: Make, share: float, expected: int) -> None:
    session = make_session(audit=share)
    label_by_hand(session, 20)
    assert session._loop.labels.audited.sum() == expected


def test_accuracy_is_known_once_something_was_audited(make_session: Make) -> None:
    session = make_session(audit=0.5)
    label_by_hand(session, 40)
    found = session.accuracy()
    assert found.n == 20
    assert found.value is not None
    assert found.value > 0.9
    told = Told(session)
    session.undo()
    session.redo()
    session.wait()
    told.wait_until(lambda: len(session.evaluation.curve) > 2)
    assert session.evaluation.curve[-1].n_labels == 40


# -- failures in user code


class Failing(LinearLearner):
    broken = True

    def start(self, X: Any, n_classes: int, affinity: Any = None) -> Failing:
        return self

    def update(self, index: Any, y: Any, weight: Any = None) -> None:
        if self.broken:
            raise RuntimeError("out of ideas")
        self.classes = y

    def proba(self, index: Any = None) -> Any:
        return np.full((60 if index is None else len(index), 2), 0.5)


class Slow(LinearLearner):
    """Its slower part is refitted in the background; it records how many labels that part has seen."""

    n_seen = n_told = 0
    failing = False
    gate: threading.Event

    def start(self, X: Any, n_classes: int, affinity: Any = None) -> Slow:
        self.n_items = len(X)
        return self

    @property
    def stale(self) -> bool:
        return self.n_seen != self.n_told

    def update(self, index: Any, y: Any, weight: Any = None) -> Any:
        self.n_seen = len(y)
        return np.zeros(0, dtype=np.int64)

    def refresh(self) -> None:
        assert self.gate.wait(10)
        if self.failing:
            raise RuntimeError("out of ideas")
        self.n_told = self.n_seen

    def proba(self, index: Any = None) -> Any:
        P = np.full((self.n_items, 2), [0.9, 0.1], dtype=np.float32)
        P[:, 0] -= 0.01 * self.n_told
        P[:, 1] += 0.01 * self.n_told
        return P if index is None else P[index]


def test_a_closed_session_asks_nothing(make_session: Make) -> None:
    session = make_session()
    session.query()
    session.close()
    with pytest.raises(HitlError, match="closed"):
        session.query()


def test_a_label_does_not_wait_for_the_first_questions_to_be_chosen(
    make_session: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()

    def slow(X: Any, n: int, seed: Any) -> list[int]:
        assert go_on.wait(20)
        return [5, 50]

    monkeypatch.setattr(asking, "kmeans_start", slow)
    session = make_session(audit=0)
    told = Told(session)
    session.label(session.pool.ids[7], "a")
    session.label(session.pool.ids[40], "b")
    rounds = session._loop.background.trainer
    told.wait_until(
        lambda: rounds.round is not None and rounds.round.n_labels == 2 and rounds.round.model != ""
    )
    with pytest.raises(TimeoutError):
        session.wait(timeout=0.2)
    go_on.set()
    session.undo()
    assert session.query(2) == [session.pool.ids[5], session.pool.ids[50]]


def test_where_the_first_questions_cannot_be_chosen_they_are_drawn_at_random(
    make_session: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> list[int]:
        raise MemoryError("no room")

    monkeypatch.setattr(asking, "kmeans_start", fails)

    def begin() -> tuple[Session, list[Any]]:
        session = make_session()
        return session, session.query(3)

    with pytest.warns(RuntimeWarning, match="no room"):
        session, asked = begin()
    assert len(asked) == 3
    label_by_hand(session, 6)
    assert session.wait().n_labels == 6


def test_the_next_label_does_not_wait_for_the_slower_parts_of_the_model(make_session: Make) -> None:
    learner = Slow()
    learner.gate = threading.Event()
    session = make_session(learner=learner)
    told = Told(session)
    told.wait_until(lambda: session.round is not None and session.round.has_features)
    for n, key in enumerate(session.pool.ids[:3]):
        session.label(key, "a")
        told.wait_until(lambda n=n: session.round is not None and session.round.n_labels == n + 1)
        assert not session.round.settled
    learner.gate.set()
    found = session.wait(10)
    assert found.settled
    assert found.confidence[0] == pytest.approx(0.87), "everything is read anew after a refresh"


def test_a_refresh_that_fails_is_told_and_not_tried_for_ever(make_session: Make) -> None:
    learner = Slow()
    learner.gate, learner.failing = threading.Event(), True
    learner.gate.set()
    session = make_session(learner=learner)
    session.label(session.pool.ids[0], "a")
    with pytest.raises(HitlError, match="out of ideas"):
        session.wait(10)
    number = session.round.number
    time.sleep(0.3)
    assert session.round.number == number
    learner.failing = False
    session.label(session.pool.ids[1], "b")
    assert session.wait(10).settled


def test_a_learner_that_fails_is_named_and_no_label_is_lost(make_session: Make) -> None:
    learner = Failing()
    session = make_session(learner=learner)
    session.label(session.pool.ids[0], "a")
    with pytest.raises(HitlError, match=r"logistic regression.*RuntimeError: out of ideas"):
        session.wait()
    assert session.round is not None
    assert "out of ideas" in session.round.error
    assert len(session.round.suggestions) > 0
    assert session.n_labels == 1
    learner.broken = False
    session.label(session.pool.ids[1], "b")
    assert session.wait().error == ""


@pytest.mark.parametrize(
    "proba", [np.zeros((60, 3)), np.full((60, 2), np.nan), np.zeros(60), [[0.5, 0.5]] * 60, None]
)
def test_a_learner_that_returns_nonsense_is_named(make_session: Make, proba: Any) -> None:
    class Odd(Failing):
        broken = False

        def proba(self, index: Any = None) -> Any:
            return proba

    session = make_session(learner=Odd())
    session.label(session.pool.ids[0], "a")
    with pytest.raises(HitlError, match="failed"):
        session.wait()
    assert session.n_labels == 1


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (ZeroDivisionError("by zero"), "ZeroDivisionError: by zero"),
        (np.zeros(3), r"shape \(3,\)"),
        (np.full(60, np.nan), "NaN"),
        ("nonsense", "returned str"),
        (None, r"shape \(\)"),
    ],
)
def test_a_strategy_that_fails_is_named_and_the_default_goes_on(
    make_session: Make, result: Any, words: str
) -> None:
    def mine(proba: Any, context: Any) -> Any:
        if isinstance(result, Exception):
            raise result
        return result

    session = make_session(strategy=mine)
    session.label(session.pool.ids[:30:2], "a")
    session.label(session.pool.ids[1:30:2], "b")
    with pytest.warns(RuntimeWarning, match=rf"The strategy 'mine'.*{words}.*strategy, doubt, is used"):
        session.wait()
    assert session.n_labels == 30
    assert session.round is not None
    made = session.round
    chosen = [s.index for s in made.suggestions if not s.audit]
    assert made.uncertainty[chosen[0]] == made.uncertainty[session._loop.labels.y < 0].max()


def test_a_persons_own_strategy_chooses(make_session: Make) -> None:
    session = make_session(strategy=lambda proba, context: np.arange(60.0), audit=0)
    session.label(session.pool.ids[:30:2], "a")
    session.label(session.pool.ids[1:30:2], "b")
    assert session.query() == [session.pool.ids[-1]]
    batch = session.query(3)  # the best, and two of the best that are not similar
    assert batch[0] == session.pool.ids[-1]
    assert set(batch) < set(session.pool.ids[30:])


def test_a_scikit_learn_classifier_learns(make_session: Make) -> None:
    session = make_session(learner=LogisticRegression())
    label_by_hand(session, 12)
    assert session.wait().model == "LogisticRegression"


def test_an_embedding_that_fails_is_named_and_labels_are_kept(make_session: Make) -> None:
    def embed(items: list[str]) -> Any:
        raise OSError("no network")

    session = make_session(["x", "y", "z"], embed=embed)
    with pytest.raises(HitlError, match=r"could not be prepared: .*no network"):
        session.wait()
    assert session.stage is None
    session.label(session.pool.ids[0], "a")
    assert session.n_labels == 1
    assert session.labels()["label"].tolist() == ["a"]


def test_a_listener_that_fails_stops_nothing(make_session: Make) -> None:
    def broken(what: str) -> None:
        raise RuntimeError("a broken screen")

    session = make_session()
    session.wait()
    told = Told(session)
    stop = session._loop.subscribe(broken)
    with pytest.warns(RuntimeWarning, match="a broken screen"):  # noqa: PT031 - until all have warned
        session.label(session.pool.ids[0], "a")
        told.wait_until(lambda: "evaluation" in told.words)
        stop()
    assert session.n_labels == 1
    stop()


def test_a_disk_that_is_full_refuses_the_label_and_the_session_goes_on(
    make_session: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = make_session()

    def full(*_: Any) -> bool:
        raise StoreError("disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(session.store, "record", full)
        with pytest.raises(StoreError, match="full"):
            session.label(session.pool.ids[0], "a")
        assert session.n_labels == 0
    session.label(session.pool.ids[0], "a")
    assert session.n_labels == 1


# -- invalid arguments


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"learnr": "linear"}, r"no argument learnr=\. Did you mean 'learner'\?.*classes, question, schema"),
        ({"audit": 10}, r"audit=10: expected a share from 0 to 1"),
        ({"audit": "all"}, r"audit='all': expected a share"),
        ({"audit": float("nan")}, r"audit=nan"),
        ({"X": X, "embed": len}, r"X= or embed=, not both"),
        ({"schema": Schema(["a", "b"])}, r"classes= or schema=, not both"),
        ({"classes": None, "schema": ["a", "b"]}, r"schema= is a list: expected a hitl_widgets.Question"),
        ({"classes": None}, r"classes= is missing, and memory has no task 'labels' yet.*at least two"),
        ({"classes": ["a"]}, r"one class is too few"),
        ({"learner": "deep"}, r"learner='deep'"),
        ({"strategy": "entropi"}, r"Did you mean 'entropy'"),
        ({"text": "message"}, r"text= names a column, but data is an ndarray"),
        ({"X": np.zeros((3, 2))}, r"3 rows"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(make_session: Make, options: Any, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        make_session(**options)


def test_a_pool_says_itself_what_its_items_are(make_session: Make) -> None:
    pool = Pool.from_data(pd.DataFrame(TABLE), text="message", id="k")
    assert make_session(pool).pool is pool
    with pytest.raises(InvalidInput, match=r"Pool\.from_data"):
        make_session(pool, text="message")


def test_a_class_that_the_task_lacks_is_refused_and_nothing_is_written(make_session: Make) -> None:
    session = make_session(classes=["spam", "ham"])
    with pytest.raises(InvalidInput, match=r"'spm' is not a class of this task. Did you mean 'spam'"):
        session.label(session.pool.ids[0], "spm")
    assert session.history()["kind"].tolist() == ["schema"]


def test_an_unknown_id_is_refused_and_nothing_is_written(make_session: Make) -> None:
    session = make_session(pd.DataFrame(TABLE), text="message", id="k")
    for act in (lambda: session.label(["u1", "u77"], "a"), lambda: session.skip("u77")):
        with pytest.raises(InvalidInput, match="No item has the id 'u77'"):
            act()
    for nothing in (lambda: session.label([], "a"), lambda: session.skip([])):
        with pytest.raises(InvalidInput, match="pass at least one id"):
            nothing()
    assert session.history()["kind"].tolist() == ["schema"]


def test_a_file_with_labels_of_other_classes_is_refused_and_left_alone(
    make_session: Make, tmp_path: Path
) -> None:
    store = tmp_path / "labels.sqlite"
    first = make_session(store=store, classes=["spam", "ham"])
    first.label(first.pool.ids[0], "spam")
    first.close()
    before = store.read_bytes()
    with pytest.raises(InvalidInput, match=r"has labels of 'spam' under task 'labels'.*task='another name'"):
        make_session(store=store, classes=["cat", "dog"])
    assert store.read_bytes() == before
    with pytest.raises(InvalidInput, match=r"has no task 'other' yet \(it has 'labels'\)"):
        make_session(store=store, task="other", classes=None)


def test_a_class_that_the_cell_renames_is_asked_about_and_loses_no_label(
    make_session: Make, tmp_path: Path
) -> None:
    store = tmp_path / "labels.sqlite"
    with make_session(store=store, classes=["spam", "ham"]) as session:
        session.label(session.pool.ids[:3], "spam")
    words = r"labels of 'spam' under task 'labels', which is missing from classes=.*\['spam'\], into='junk'"
    for _ in range(2):  # also where the cell is run again before anybody has answered
        with pytest.warns(RuntimeWarning, match=words):
            session = make_session(store=store, classes=["ham", "junk"])
        assert session.classes.names == ("ham", "junk", "spam")
        assert [(name, to) for _, name, to in session._loop.log.unanswered] == [("spam", ("junk",))]
        assert len({c.color for c in session.classes}) == len(session.classes)
        assert session.labels()["label"].tolist() == ["spam"] * 3
        session.close()
    assert session.history()["kind"].tolist() == ["schema", "label", "schema"]


@pytest.mark.parametrize("answer", ["renamed", "retired"])
def test_the_answer_stands_when_the_cell_is_run_again(
    make_session: Make, tmp_path: Path, answer: str, recwarn: pytest.WarningsRecorder
) -> None:
    store = tmp_path / "labels.sqlite"
    with make_session(store=store, classes=["spam", "ham"]) as session:
        session.label(session.pool.ids[:3], "spam")
    with make_session(store=store, classes=["junk", "ham"]) as session:
        if answer == "renamed":
            session.classes.merge(["spam"], into="junk")
        else:
            session.classes.retire("spam")
        assert session._loop.log.unanswered == []
        session.undo()
        assert len(session._loop.log.unanswered) == 1
        session.redo()
    recwarn.clear()
    session = make_session(store=store, classes=["junk", "ham"])
    assert session.classes.names == ("junk", "ham")
    assert session.labels()["label"].tolist() == ["junk" if answer == "renamed" else "spam"] * 3
    assert session._loop.log.unanswered == []
    assert not [w for w in recwarn if "missing from classes=" in str(w.message)]


def test_of_several_new_classes_the_likeliest_comes_first(make_session: Make, tmp_path: Path) -> None:
    store = tmp_path / "labels.sqlite"
    with make_session(store=store, classes=["positive", "negative"]) as session:
        session.label(session.pool.ids[0], "positive")
        session.label(session.pool.ids[1], "negative")
    with pytest.warns(RuntimeWarning, match="If it was renamed"):
        session = make_session(store=store, classes=["neg", "pos", "neutral"])
    asked = {name: to[0] for _, name, to in session._loop.log.unanswered}
    assert asked == {"positive": "pos", "negative": "neg"}


def test_classes_may_be_added_and_unused_ones_dropped(make_session: Make) -> None:
    store = LabelStore(":memory:")
    first = make_session(store=store, classes=["spam", "ham", "odd"])
    first.label(first.pool.ids[0], "spam")
    second = make_session(store=store, classes=["news", "spam", "ham"])
    assert second.labels()["label"].tolist() == ["spam"]
    assert second._loop.labels.y[0] == 1
    assert make_session(store=store, classes=None).schema.names == ("news", "spam", "ham")


def test_a_closed_session_takes_no_labels_and_may_be_closed_again(make_session: Make) -> None:
    session = make_session()
    session.wait()
    session.close()
    session.close()
    assert session.closed
    for act in (lambda: session.label(session.pool.ids[0], "a"), session.undo):
        with pytest.raises(HitlError, match=r"closed\. Run the cell"):
            act()


def test_a_with_block_closes_the_session(no_umap: None) -> None:
    with Session(X, classes=["a", "b"], store=":memory:") as session:
        session.label(session.pool.ids[0], "a")
    assert session.closed


def test_the_annotator_is_the_login_name_or_who_is_named(
    make_session: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JUPYTERHUB_USER", raising=False)
    assert make_session().annotator == getpass.getuser()
    monkeypatch.setenv("JUPYTERHUB_USER", "hub")
    assert make_session().annotator == "hub"
    assert make_session(annotator="ann").annotator == "ann"


def test_a_container_whose_user_has_no_name_can_label(
    make_session: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nameless() -> str:
        raise OSError("No username set in the environment")

    monkeypatch.delenv("JUPYTERHUB_USER", raising=False)
    monkeypatch.setattr(getpass, "getuser", nameless)
    assert make_session().annotator == "annotator"


# -- tables


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
def test_to_frame_is_the_persons_own_table_with_three_columns_more(make_session: Make, make: Any) -> None:
    table = make({"message": ["x", "y", "x", "z"], "n": [3, 1, 2, 0]})
    session = make_session(table, text="message")
    session.label(session.pool.ids[0], "a")
    session.wait()
    found = session.to_frame()
    assert type(found) is type(table)
    found = found if isinstance(found, pd.DataFrame) else found.to_pandas()
    assert list(found.columns) == ["message", "n", "label", "prediction", "confidence"]
    assert found["n"].tolist() == [3, 1, 2, 0]
    assert [v if isinstance(v, str) else None for v in found["label"]] == ["a", None, "a", None]
    assert found["prediction"].tolist() == ["a"] * 4
    assert all(0.5 < c < 1 for c in found["confidence"])  # one label of one class


def test_to_frame_keeps_the_index_and_leaves_the_table_alone(make_session: Make) -> None:
    table = pd.DataFrame({"t": list("xyz")}, index=[7, 3, 7])
    session = make_session(table, text="t")
    session.label(session.pool.ids[2], "b")
    assert session.to_frame().index.tolist() == [7, 3, 7]
    assert session.to_frame()["label"].tolist()[2] == "b"
    assert list(table.columns) == ["t"]


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame])
def test_to_frame_never_overwrites_a_column(make_session: Make, make: Any) -> None:
    session = make_session(make({"t": ["x", "y"], "label": ["old", "older"]}), text="t")
    session.label(session.pool.ids[0], "a")
    found = session.to_frame()
    assert list(found.columns) == ["t", "label", "hitl_label", "hitl_prediction", "hitl_confidence"]
    assert list(found["label"]) == ["old", "older"]


@pytest.mark.parametrize("data", [["x", "y", "x"], [{"t": "x"}, {"t": "y"}, {"t": "x"}]])
def test_a_list_comes_back_as_a_table_with_its_ids(make_session: Make, data: Any) -> None:
    session = make_session(data)
    session.label(session.pool.ids[0], "a")
    found = session.to_frame()
    assert found["id"].tolist() == [session.pool.ids[i] for i in (0, 1, 0)]
    assert found["label"].fillna("").tolist() == ["a", "", "a"]


def test_history_tells_everything_and_labels_what_holds(make_session: Make) -> None:
    session = make_session(annotator="ann")
    ids = session.pool.ids
    session.label(ids[1], "b", selection="clicked", elapsed_ms=900)
    session.label(ids[0], "a")
    session.skip(ids[2])
    session.undo()
    labels = session.labels()
    assert labels["id"].tolist() == [ids[1], ids[0]]
    assert labels.iloc[0][["label", "annotator", "selection", "elapsed_ms"]].tolist() == [
        "b",
        "ann",
        "clicked",
        900,
    ]
    assert str(labels["time"].dt.tz) == "UTC"
    history = session.history()
    assert history["kind"].tolist() == ["schema", "label", "label", "skip", "undo"]
    assert history["holds"].tolist() == [True, True, True, False, True]
    assert [e.kind for e, _ in session._loop.log.acts(2)] == ["label", "skip"]


def test_labels_are_exported_as_csv_parquet_and_json_lines(make_session: Make, tmp_path: Path) -> None:
    session = make_session(classes=["ä", "日本"])
    session.label(session.pool.ids[0], "ä")
    session.label(session.pool.ids[1], "日本")
    session.undo()
    assert pd.read_csv(session.export(tmp_path / "out.csv"))["label"].tolist() == ["ä"]
    assert pd.read_parquet(session.export(tmp_path / "out.PARQUET"))["label"].tolist() == ["ä"]
    assert (
        session.export(tmp_path / "out.txt", format="csv")
        .read_text()
        .startswith("id,row,label,said,annotator,")
    )
    assert session.export(tmp_path / "out.xlsx").exists()
    lines = [json.loads(line) for line in session.export(tmp_path / "out.jsonl").read_text().splitlines()]
    assert [line["kind"] for line in lines] == ["schema", "label", "label", "undo"]
    assert [line["holds"] for line in lines] == [True, True, False, True]
    assert not list(tmp_path.glob(".*.part"))


def test_no_labels_can_be_exported_too(make_session: Make, tmp_path: Path) -> None:
    session = make_session()
    assert pd.read_csv(session.export(tmp_path / "out.csv")).empty
    assert pd.read_parquet(session.export(tmp_path / "out.parquet")).empty
    assert len(session.export(tmp_path / "out.jsonl").read_text().splitlines()) == 1


def test_an_export_of_an_unknown_format_is_refused(make_session: Make, tmp_path: Path) -> None:
    session = make_session()
    with pytest.raises(InvalidInput, match=r"'.doc' is not an export format.*'csv', .*'parquet', .* more"):
        session.export(tmp_path / "out.doc")
    with pytest.raises(InvalidInput, match=r"'parket' is not an export format.*Did you mean 'parquet'"):
        session.export(tmp_path / "out.csv", format="parket")
    assert list(tmp_path.iterdir()) == []


def test_an_export_that_fails_leaves_the_old_file_as_it_was(
    make_session: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = make_session()
    target = session.export(tmp_path / "out.csv")
    before = target.read_text()
    session.label(session.pool.ids[0], "a")

    def full(self: Any, path: Path, **options: Any) -> None:
        path.write_text("half")
        raise OSError("disk full")

    monkeypatch.setattr(pd.DataFrame, "to_csv", full)
    with pytest.raises(OSError, match="disk full"):
        session.export(target)
    assert target.read_text() == before
    assert sorted(tmp_path.iterdir()) == [target, tmp_path / "out.csv.card.md"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", " =", "\uff1d"])
def test_a_csv_runs_no_formula_in_a_spreadsheet(make_session: Make, tmp_path: Path, start: str) -> None:
    formula = f'{start}HYPERLINK("http://evil","x")'
    table = pd.DataFrame({"k": [formula, "plain"], "t": ["x", "y"]})
    session = make_session(table, id="k", classes=[formula, "plain"], annotator=formula)
    session.label([formula, "plain"], formula)
    with session.export(tmp_path / "out.csv", names=True).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [rows[0][c] for c in ("id", "label", "annotator")] == [f"'{formula}"] * 3
    assert rows[1]["id"] == "plain"


# -- background work


def test_of_many_requests_made_during_one_job_a_single_job_follows() -> None:
    import threading

    class Owner:
        def __init__(self) -> None:
            self.runs = 0
            self.overtaken: list[bool] = []
            self.go, self.began, self.done = threading.Event(), threading.Event(), threading.Event()

        def job(self, overtaken: Callable[[], bool]) -> None:
            self.runs += 1
            self.began.set()
            assert self.go.wait(20)
            self.overtaken.append(overtaken())
            if self.runs == 2:
                self.done.set()

    owner = Owner()
    worker = Worker(owner.job, "test")
    worker.request()
    assert owner.began.wait(20)
    for _ in range(10):
        worker.request()
    owner.go.set()
    assert owner.done.wait(20)
    worker.close()
    assert owner.runs == 2
    assert owner.overtaken == [True, False]
    worker.request()
    assert worker._thread is None


def test_work_that_can_wait_starts_once_the_requests_have_ended() -> None:
    import threading

    class Owner:
        def __init__(self) -> None:
            self.runs = 0
            self.done = threading.Event()

        def job(self, _: Callable[[], bool]) -> None:
            self.runs += 1
            self.done.set()

    owner = Owner()
    worker = Worker(owner.job, "test", rest=0.2)
    for _ in range(20):
        worker.request()
    assert owner.runs == 0
    assert owner.done.wait(20)
    worker.close()
    assert owner.runs == 1


@pytest.mark.parametrize("seed", ["x", -1, 1.5, True])
def test_a_seed_that_is_no_whole_number_is_refused(seed: Any) -> None:
    with pytest.raises(InvalidInput, match="random_state="):
        Session(["a b", "c d"], classes=["x", "y"], store=":memory:", random_state=seed)


def test_an_item_is_found_by_its_id() -> None:
    with Session(["a b", "c d"], classes=["x", "y"], store=":memory:") as session:
        assert [session.item(i) for i in session.pool.ids] == ["a b", "c d"]


@pytest.mark.parametrize("bad", ["one column", "negative"])
def test_probabilities_that_are_none_are_told_and_not_shown(bad: str) -> None:
    class Odd(LogisticRegression):
        def predict_proba(self, X: Any) -> Any:
            P = super().predict_proba(X)
            return P[:, :1] if bad == "one column" else P * 0 + np.array([1.5, -0.5])

    X = np.random.default_rng(0).normal(size=(40, 3))
    with Session(X, classes=["x", "y"], store=":memory:", learner=Odd()) as session:
        session.label(session.pool.ids[0], "x")
        session.label(session.pool.ids[1], "y")
        with pytest.raises(HitlError, match="Odd"):
            session.wait(20)
        # A round of the first label may remain from before, but nothing odd.
        assert session.predictions()["confidence"].dropna().between(0.5, 1).all()


def test_labels_of_another_session_on_the_store_are_shown_at_once(tmp_path: Path) -> None:
    texts = ["a b", "c d", "e f"]
    with (
        Session(texts, classes=["x", "y"], store=tmp_path / "l.sqlite") as one,
        Session(texts, classes=["x", "y"], store=tmp_path / "l.sqlite") as two,
    ):
        one.label(one.pool.ids[0], "x")
        assert len(two.labels()) == 1
        assert two.to_frame()["label"].notna().sum() == 1


def test_whole_floats_name_whole_ids() -> None:
    table = pd.DataFrame({"id": [1, 2, 3], "text": ["a", "b", "c"]})
    with Session(table, text="text", id="id", classes=["x", "y"], store=":memory:") as session:
        session.label(2.0, "x")
        assert session.labels()["id"].tolist() == [2]


# -- values that the log could store but not read


@pytest.mark.parametrize(("given", "kept"), [(1.6, 2), (np.int64(3), 3), (0, 0), (None, None)])
def test_how_long_a_person_looked_is_kept_in_whole_milliseconds(
    make_session: Make, given: Any, kept: int | None
) -> None:
    session = make_session(["x", "y"])
    session.label(session.pool.ids[0], "a", elapsed_ms=given)
    [found] = session.labels()["elapsed_ms"].astype(object)
    assert (None if pd.isna(found) else found) == kept


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"elapsed_ms": "x"}, "elapsed_ms='x'"),
        ({"elapsed_ms": -5}, "elapsed_ms=-5"),
        ({"elapsed_ms": float("nan")}, "elapsed_ms=nan"),
        ({"selection": "nope"}, "selection='nope' is not known.*suggested"),
        ({"selection": "audit"}, "for items that query"),
    ],
)
def test_details_that_cannot_be_are_refused(make_session: Make, how: Any, words: str) -> None:
    session = make_session(["x", "y"])
    with pytest.raises(InvalidInput, match=words):
        session.label(session.pool.ids[0], "a", **how)
    assert session.labels().empty


@pytest.mark.parametrize("rows", [[-1], [2], [0.5], ["x"]])
def test_rows_that_the_pool_lacks_are_refused(make_session: Make, rows: Any) -> None:
    with pytest.raises(InvalidInput, match="not a row of the pool"):
        make_session(["x", "y"])._loop.acts.label(rows, "a")


@pytest.mark.parametrize("task", [None, "", " ", 5])
def test_a_task_has_a_name(task: Any) -> None:
    with pytest.raises(InvalidInput, match="task="):
        Session(["x", "y"], classes=["a", "b"], store=":memory:", task=task)


def test_a_strategy_cannot_change_the_pool() -> None:
    X = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    before = X.copy()

    def careless(proba: Any, context: Any) -> Any:
        context.X[:] = 0
        return np.ones(len(proba))

    with Session(X, classes=["a", "b"], store=":memory:", strategy=careless) as session:
        label_each(session, ["a", "b"] * 6)
        with pytest.warns(RuntimeWarning, match=r"'careless' failed.*read-only"):
            session.wait(20)
        np.testing.assert_array_equal(X, before)


@pytest.mark.filterwarnings("ignore:Background work failed")
def test_a_strategy_that_exits_does_not_hang_the_session() -> None:
    def leaving(proba: Any, context: Any) -> Any:
        raise SystemExit(3)

    with Session(np.eye(30), classes=["a", "b"], store=":memory:", strategy=leaving) as session:
        label_each(session, ["a", "b"] * 6)
        with pytest.raises(HitlError):
            session.query()


def test_images_of_which_none_can_be_read_are_no_pool() -> None:
    table = pd.DataFrame({"i": ["/no/x.png", "/no/y.png"]})
    with (
        Session(table, image="i", classes=["a", "b"], store=":memory:") as session,
        pytest.raises(HitlError, match=r"None of the 2 images can be read. The first is '/no/x.png'"),
    ):
        session.wait(20)


def test_threads_that_ask_at_once_get_different_items(make_session: Make) -> None:
    from concurrent.futures import ThreadPoolExecutor
    from threading import Barrier

    session, together = make_session(), Barrier(6)
    session.wait(20)

    def ask(_: int) -> list[Any]:
        together.wait(20)
        return session.query(4)

    with ThreadPoolExecutor(6) as threads:
        asked = [id_ for ids in threads.map(ask, range(6)) for id_ in ids]
    assert len(asked) == len(set(asked)) == 24
    mine = session.query(4)
    assert not set(mine) & set(asked)
    assert session.query(4) == mine  # one thread gets the same items until it answers
    with ThreadPoolExecutor(1) as threads:
        left = threads.submit(session.query, 60).result()
        assert not set(left) & {*asked, *mine}
    session.label(left, "a")
    with ThreadPoolExecutor(1) as threads:  # if nothing else is left, items of another thread
        assert set(threads.submit(session.query, 1).result()) <= {*asked, *mine}


# -- a budget


def test_a_budget_is_spent_and_never_exceeded() -> None:
    cost = np.tile([1.0, 5.0, 20.0], 20)
    X = np.random.default_rng(0).normal(size=(60, 3))
    with Session(X, classes=["a", "b"], store=":memory:", cost=cost) as session:
        label_each(session, ["a", "b"] * 6)
        found = session.query(budget=30)
        spent = cost[session.pool.index(found)].sum()
        assert 25 < spent <= 30
        assert len(set(found)) == len(found)
        assert len(session.query(2, budget=1_000)) == 2
        assert session.query(budget=0.5) == []
        assert len(session.query(budget=10_000)) == 48


def test_where_all_cost_the_same_the_budget_is_a_number() -> None:
    with Session(np.eye(20), classes=["a", "b"], store=":memory:") as session:
        assert len(session.query()) == 1
        assert len(session.query(budget=7.5)) == 7


@pytest.mark.parametrize("budget", [0, -1, "much", float("nan")])
def test_a_budget_that_buys_nothing_is_refused(make_session: Make, budget: Any) -> None:
    with pytest.raises(InvalidInput, match="budget="):
        make_session(["x", "y"]).query(budget=budget)


# -- the exported model


def label_each(session: Session, values: list[str]) -> None:
    for i, value in enumerate(values):
        session.label(session.pool.ids[i], value)


def test_the_model_of_texts_takes_new_texts() -> None:
    texts = [f"{'cheap pills offer' if i % 2 else 'minutes of the meeting'} number {i}" for i in range(60)]
    with Session(texts, classes=["ham", "spam"], store=":memory:") as session:
        label_each(session, ["ham", "spam"] * 4)
        model = session.model()
        assert model.predict(["a new offer of cheap pills", "the meeting is on Monday"]).tolist() == [
            "spam",
            "ham",
        ]
        told = model.predict_proba(texts)
        np.testing.assert_allclose(model[-1].predict_proba(session.features), told, atol=1e-5)
    np.testing.assert_allclose(pickle.loads(pickle.dumps(model)).predict_proba(texts), told, atol=1e-5)


def test_the_model_goes_through_the_persons_own_transformer() -> None:
    texts = [f"{'aaa' if i % 2 else 'bbb'} {i}" for i in range(40)]
    embed = TfidfVectorizer(analyzer="char")
    with Session(texts, classes=["a", "b"], store=":memory:", embed=embed) as session:
        label_each(session, ["b", "a"] * 3)
        assert session.model().predict(["aaa", "bbb"]).tolist() == ["a", "b"]


def test_the_model_of_given_features_takes_features() -> None:
    X = np.random.default_rng(0).normal(size=(60, 3)) + 4 * (np.arange(60) % 2)[:, None]
    with Session(X, classes=["low", "high"], store=":memory:") as session:
        label_each(session, ["low", "high"] * 3)
        assert session.model().predict([[0, 0, 0], [4, 4, 4]]).tolist() == ["low", "high"]


def test_without_two_classes_there_is_no_model_to_take_away() -> None:
    with Session(np.eye(5), classes=["a", "b"], store=":memory:") as session:
        session.label(session.pool.ids[0], "a")
        with pytest.raises(HitlError, match="two classes"):
            session.model()
