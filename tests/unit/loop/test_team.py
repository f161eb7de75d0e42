"""Several sessions on one store: shared labels, no item asked twice, second opinions on request."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers import Told, until
from hitl_widgets.errors import InvalidInput
from hitl_widgets.loop import team
from hitl_widgets.session import Session
from hitl_widgets.widgets.monitor import Monitor

Make = Callable[..., Session]


@pytest.fixture
def pair(make_session: Make, tmp_path: Path) -> Callable[..., tuple[Session, Session]]:
    """Ann and Bob, which look like two kernels to the store."""

    def make(**options: Any) -> tuple[Session, Session]:
        where = {"store": tmp_path / "labels.sqlite", "audit": 0} | options
        ann, bob = (make_session(annotator=who, **where) for who in ("ann", "bob"))
        return ann, bob

    return make


def test_what_one_says_the_other_sees_without_doing_anything(pair: Any) -> None:
    ann, bob = pair()
    told = Told(bob)
    ann._loop.acts.label([3], "a")
    told.wait_until(lambda: "labels" in told.words or "round" in told.words)
    until(lambda: bob._loop.labels.y[3] == 0)
    ann.classes.rename("a", "first")
    told.wait_until(lambda: "schema" in told.words)
    assert bob.schema.names == ("first", "b")
    ann.undo()
    ann.undo()
    until(lambda: bob._loop.labels.y[3] == -1)


def test_two_people_are_not_asked_the_same(pair: Any) -> None:
    ann, bob = pair()
    hers, his = ann.query(12), bob.query(12)
    assert len(hers) == len(his) == 12
    assert not set(hers) & set(his)
    assert ann.query(12) == hers
    bob.close()
    ann.label(hers[0], "a")
    until(lambda: not ann._loop._team.theirs)
    assert set(ann.query(60)) >= set(his)


def test_where_others_hold_everything_that_is_left_it_is_asked_all_the_same(
    make_session: Make, tmp_path: Path
) -> None:
    where = {"store": tmp_path / "labels.sqlite", "audit": 0}
    texts = [f"text {i}" for i in range(4)]
    ann, bob = (make_session(texts, annotator=who, **where) for who in ("ann", "bob"))
    assert len(ann.query(4)) == 4
    assert len(bob.query(2)) == 2


def test_what_a_killed_kernel_held_is_free_when_its_lease_is_over(
    pair: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(team, "LEASE", 1.0)
    ann, bob = pair()
    ann._loop._team._end.set()  # as if her kernel had died: leases are neither renewed nor released
    ann._loop._team._thread.join()
    hers = set(ann.query(60))
    bob.query(1)
    until(lambda: not bob._loop.people)
    until(lambda: set(bob.query(60)) == hers)


def test_a_label_waits_for_nobody_who_looks_at_the_store(pair: Any) -> None:
    ann, _ = pair()
    ann.query(3)
    with ann._loop._team._lock:  # held during a poll of the store
        ann._loop.acts.label([0], "a")
    assert ann._loop.log.counts == (1, 2)


def test_people_are_here_while_they_label_and_their_labels_are_counted(pair: Any) -> None:
    ann, bob = pair()
    for session in (ann, bob):
        session._loop.reserve([0])
    until(lambda: ann._loop.people == {"bob"})
    ann._loop.acts.label([1, 2], "a")
    bob._loop.acts.label([3], "a")
    bob.undo()
    bob._loop.acts.label([4], "b")
    table = ann.progress()
    told = table[["annotator", "labels", "here"]].to_dict("list")
    assert told == {"annotator": ["ann", "bob"], "labels": [2, 1], "here": [True, True]}
    bob.close()
    until(lambda: not ann._loop.people)


def test_both_answers_to_one_item_are_kept_and_each_undoes_their_own(pair: Any) -> None:
    ann, bob = pair()
    ann._loop.acts.label([0], "a")
    bob._loop.acts.label([0], "b")
    assert ann.labels()[["label", "annotator"]].to_numpy().tolist() == [["a", "ann"], ["b", "bob"]]
    ann.undo()
    assert ann.labels()[["label", "annotator"]].to_numpy().tolist() == [["b", "bob"]]
    assert ann.undo() is None


def test_what_one_skips_the_other_is_asked(pair: Any) -> None:
    ann, bob = pair()
    ann._loop.acts.skip([0])
    assert ann._loop.labels.skipped[0]
    until(lambda: bob._loop.log.n_events == ann._loop.log.n_events)
    assert not bob._loop.labels.skipped[0]
    assert bob._loop.labels.left[0]


def test_a_share_of_the_items_is_asked_of_two_people_and_no_third(make_session: Make, tmp_path: Path) -> None:
    where = {"store": tmp_path / "labels.sqlite", "audit": 0, "overlap": 0.4}
    ann, bob, eve = (make_session(annotator=who, **where) for who in ("ann", "bob", "eve"))
    for i in range(20):
        ann._loop.acts.label([i], "ab"[i % 2], selection="suggested")
    ann._loop.acts.label(list(range(20, 40)), "a")  # as one act
    until(lambda: bob._loop.log.n_events == eve._loop.log.n_events == ann._loop.log.n_events)
    again = set(bob._loop.labels.opinions.tolist())
    assert again == set(eve._loop.labels.opinions.tolist())
    assert again < set(range(20))
    assert 2 <= len(again) <= 16
    assert not ann._loop.labels.second.any()
    asked = bob.pool.index(bob.query(12))
    assert 3 <= len(again & set(asked)) <= 5  # a third of the questions, oldest first
    first = min(again)
    assert first in asked
    bob._loop.acts.label([first], "b")
    assert bob.labels().iloc[-1]["selection"] == "opinion"
    until(lambda: eve._loop.log.n_events == bob._loop.log.n_events)
    assert first not in eve._loop.labels.opinions
    assert len(eve.labels().query(f"id == '{ann.pool.ids[first]}'")) == 2


def test_the_same_items_overlap_in_every_kernel_and_after_a_restart(
    make_session: Make, tmp_path: Path
) -> None:
    seen = []
    for name in ("one", "two"):
        where = {"store": tmp_path / f"{name}.sqlite", "audit": 0, "overlap": 0.3, "opinions": 3}
        ann, bob = (make_session(annotator=who, **where) for who in ("ann", "bob"))
        for i in range(30):
            ann._loop.acts.label([i], "a")
        until(lambda bob=bob, ann=ann: bob._loop.log.n_events == ann._loop.log.n_events)
        seen.append(bob._loop.labels.opinions.tolist())
        assert make_session(annotator="eve", **where)._loop.labels.opinions.tolist() == seen[-1]
    assert seen[0] == seen[1] != []


def test_what_was_labelled_meanwhile_is_no_draw_for_the_audit(pair: Any) -> None:
    ann, bob = pair(audit=1)
    item = ann.pool.index(ann.query())[0]
    bob._loop.acts.label([item], "b")
    until(lambda: ann._loop.log.n_events == bob._loop.log.n_events)
    ann._loop.acts.label([item], "a")
    ann._loop.acts.label([item], "b", selection="audit")
    assert ann.history()["selection"].dropna().tolist() == ["api", "opinion", "clicked"]
    assert not ann._loop.labels.audited.any()


def test_a_store_that_is_gone_is_said_once_and_labeling_goes_on_when_it_is_back(
    pair: Any, tmp_path: Path
) -> None:
    ann, bob = pair()
    ann._loop.reserve([0])
    path, aside = tmp_path / "labels.sqlite", tmp_path / "aside"
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        path.rename(aside)
        until(lambda: said)
        time.sleep(2.5 * team.BEAT)
        aside.rename(path)
    mine = [w for w in said if "moved or deleted" in str(w.message)]
    assert 1 <= len(mine) <= 2  # once per session
    bob._loop.acts.label([5], "a")
    until(lambda: ann._loop.labels.y[5] == 0)


def test_an_abandoned_session_is_not_kept_by_its_look_at_the_store(tmp_path: Path, no_umap: None) -> None:
    import gc
    import threading
    import weakref

    session = Session([f"item {i}" for i in range(9)], classes=["a", "b"], store=tmp_path / "l.sqlite")
    session.wait()
    gone, thread = weakref.ref(session), session._loop._team._thread  # type: ignore[union-attr]
    del session

    def is_gone() -> bool:
        gc.collect()
        return gone() is None

    until(is_gone)
    until(lambda: not thread.is_alive())
    assert thread not in threading.enumerate()


def test_the_monitor_shows_nobody_the_acts_of_another(pair: Any, bundles: None) -> None:
    ann, bob = pair()
    bob._loop.acts.label([0], "a")
    ann._loop.acts.label([1], "b")
    ann.classes.add("c")
    until(lambda: ann._loop.log.n_events == bob._loop.log.n_events)
    state = Monitor(ann)._state()
    assert [(e.kind, e.value, e.codes) for e in state["history"]] == [
        ("schema", "class c added", None),
        ("label", "b", (1,)),
    ]
    assert {p.annotator: p.labels for p in state["people"]} == {"ann": 1, "bob": 1}


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"overlap": 2}, "share from 0 to 1"),
        ({"opinions": 1}, "at least 2"),
        ({"annotator": " "}, "annotator="),
        ({"annotator": "x" * 201}, "1 to 200 characters"),
        ({"annotator": "\ud800"}, "annotator="),
    ],
)
def test_what_cannot_be_meant_is_refused(make_session: Make, setting: Any, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        make_session(**setting)
