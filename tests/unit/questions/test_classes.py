"""The question changes while a model is learning: labels, predictions and tables follow."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers import clouds
from hitl_widgets.errors import InvalidInput
from hitl_widgets.learn.scoring import ClassBelief
from hitl_widgets.loop.round import Round
from hitl_widgets.session import Session

Make = Callable[..., Session]


@pytest.fixture
def taught(make_session: Make) -> Session:
    """Two clouds, four labels on each, and no audit."""
    session = make_session(audit=0)
    _, truth = clouds()
    for name in "ab":
        for i in np.flatnonzero(truth == name)[:4]:
            session._loop.acts.label([int(i)], name)
    session.wait()
    return session


def shares(session: Session) -> dict[str, float]:
    session.wait()
    return session.predictions()["label"].value_counts(normalize=True).round(1).to_dict()


def test_the_model_follows_every_change_and_its_undo(taught: Session) -> None:
    assert shares(taught) == {"a": 0.5, "b": 0.5}
    taught.classes.rename("a", "first")
    assert shares(taught) == {"first": 0.5, "b": 0.5}
    taught.classes.reorder(["b", "first"])
    assert shares(taught) == {"first": 0.5, "b": 0.5}
    taught.classes.add("c")
    assert shares(taught) == {"first": 0.5, "b": 0.5}
    rows = [int(i) for i in np.flatnonzero(taught._loop.labels.y == 1)]
    taught._loop.acts.label(rows, "c")
    assert shares(taught) == {"c": 0.5, "b": 0.5}
    taught.undo()
    taught.classes.retire("c")
    taught.classes.restore("c")
    for _ in range(5):
        taught.undo()
    assert taught.classes.names == ("a", "b")
    assert shares(taught) == {"a": 0.5, "b": 0.5}
    for _ in range(6):
        taught.redo()
    assert taught.classes.names == ("b", "first", "c")


def test_nothing_of_a_retired_class_is_predicted_and_its_labels_stand(taught: Session) -> None:
    taught.classes.add("c")
    taught._loop.acts.label([int(np.flatnonzero(taught._loop.labels.y < 0)[0])], "c")
    taught.classes.retire("a")
    assert set(shares(taught)) == {"b", "c"}
    frame = taught.to_frame()
    assert (frame["label"] == "a").sum() == 4
    assert taught.n_labels == 9
    assert taught.labels()["label"].value_counts().to_dict() == {"a": 4, "b": 4, "c": 1}
    with pytest.raises(InvalidInput, match="'a' is retired"):
        taught._loop.acts.label([0], "a")


def test_items_of_a_split_class_are_asked_again(taught: Session) -> None:
    again = set(taught.labels().query("label == 'a'")["id"])
    taught.classes.split("a", ["a1", "a2"])
    assert taught.n_labels == 4
    assert again <= set(taught.query(len(taught.pool)))
    assert taught.labels()["said"].unique().tolist() == ["b"]
    assert taught.history().query("kind == 'label'")["value"].value_counts().to_dict() == {"a": 4, "b": 4}


def test_a_label_in_the_words_of_before_is_a_label_in_those_of_now(taught: Session) -> None:
    taught.classes.rename("a", "first")
    free = np.flatnonzero(taught._loop.labels.y < 0)
    taught._loop.acts.label([int(free[0])], "a")
    assert taught.labels().iloc[-1][["label", "said"]].tolist() == ["first", "first"]
    assert taught.labels().iloc[0][["label", "said"]].tolist() == ["first", "a"]


def test_changes_are_back_after_a_restart_and_can_be_undone_then(make_session: Make, tmp_path: Path) -> None:
    where = {"store": tmp_path / "labels.sqlite"}
    with make_session(**where) as session:
        session._loop.acts.label([0], "a")
        session.classes.rename("a", "first")
        session.classes.add("empty", guidance="nothing yet")
    again = make_session(**where)
    assert again.classes.names == ("first", "b", "empty")
    assert again.classes[2].guidance == "nothing yet"
    again.undo()
    again.undo()
    assert again.classes.names == ("a", "b")
    assert again.labels()["label"].tolist() == ["a"]


def test_a_jump_goes_back_and_forth_as_one_act(make_session: Make) -> None:
    session = make_session()
    acts = [session._loop.acts.label([i], "ab"[i % 2]) for i in range(4)]
    rename = session.classes.rename("a", "first")
    assert session.jump(acts[1]) is not None
    assert (session.n_labels, session.classes.names) == (2, ("a", "b"))
    assert session.jump(acts[1]) is None
    session.jump(rename)
    assert (session.n_labels, session.classes.names) == (4, ("first", "b"))
    n = session._loop.log.n_events
    session.jump(None)
    assert (session.n_labels, session._loop.log.n_events) == (0, n + 1)
    session.redo()
    assert session.n_labels == 1
    session._loop.acts.label([7], "b")
    with pytest.raises(InvalidInput, match=r"To repeat the act: session.restore\('[-0-9a-f]+'\)"):
        session.jump(acts[3])


def test_a_change_or_jump_that_is_sent_again_changes_nothing(make_session: Make) -> None:
    session = make_session()
    act = session._loop.acts.label([0], "a")
    change = {"change": "add", "classes": [{"name": "c"}]}
    for _ in range(2):
        assert session._loop.acts.change_classes(change, event_id="change-one") == "change-one"
        assert session.jump(act, as_event="jump-one") == "jump-one"
    assert session._loop.log.n_events == 4
    assert session.classes.names == ("a", "b")


def test_views_hear_of_other_classes_before_labels_and_rounds_in_them(taught: Session) -> None:
    heard: list[str] = []
    taught._loop.subscribe(heard.append)
    taught.classes.add("c")
    taught.wait()
    assert "schema" in heard
    assert heard.index("schema") < heard.index("round")


def test_a_round_in_other_classes_unsays_what_is_no_more(make_session: Make) -> None:
    session = make_session(classes=["a", "b", "c"])
    before = session.schema
    session.classes.merge(["a"], "b")
    codes = np.array([0, 1, 2, -1], dtype=np.int16)
    share = np.full(4, 0.5, dtype=np.float32)
    found = Round(1, before, 3, 3, ClassBelief(codes, codes[[1, 0, 1, 3]], share, share, share[:0]))
    seen = found.under(session.schema)
    assert seen.predicted.tolist() == [-1, 0, 1, -1]
    assert seen.runner_up.tolist() == [0, -1, 0, -1]
    assert seen.confidence.tolist() == [0, 0.5, 0.5, 0]
    assert found.predicted.tolist() == [0, 1, 2, -1]


def test_what_undoing_a_class_takes_from_others_is_said(make_session: Make, tmp_path: Path) -> None:
    where = {"store": tmp_path / "labels.sqlite"}
    ann, bob = make_session(annotator="ann", **where), make_session(annotator="bob", **where)
    ann.classes.add("c")
    assert bob.n_labels == 0  # bob has received it
    bob._loop.acts.label([0], "c")
    with pytest.warns(RuntimeWarning, match="1 item is asked again.*add the class again"):
        ann.undo()
    assert bob.n_labels == 0
    bob.classes.add("c")
    assert bob.labels()["label"].tolist() == ["c"]


def test_a_retired_class_says_how_to_offer_it_again(make_session: Make) -> None:
    session = make_session(classes=["a", "b", "c"])
    session.classes.retire("c")
    with pytest.raises(InvalidInput, match=r"retired. To offer it again: session\.classes\.restore\('c'\)"):
        session._loop.acts.label([0], "c")
    with pytest.raises(InvalidInput, match="which is retired"):
        session.classes.add("c")


def test_a_label_keeps_its_class_though_another_kernel_swaps_the_names_at_that_moment(
    make_session: Make, tmp_path: Path
) -> None:
    where = {"store": tmp_path / "labels.sqlite"}
    ann, bob = make_session(annotator="ann", **where), make_session(annotator="bob", **where)
    append = ann._loop.log.ledger.append

    def meanwhile(*given: Any) -> None:  # after ann has read the classes and before her event is written
        for name, to in (("a", "x"), ("b", "a"), ("x", "b")):
            bob.classes.rename(name, to)
        append(*given)

    ann._loop.log.ledger.append = meanwhile  # type: ignore[method-assign]
    ann.label(ann.pool.ids[0], "a")
    assert ann.labels()["label"].tolist() == ["b"]
    assert bob.labels()["label"].tolist() == ["b"]
    assert ann.labels()["said"].tolist() == ["b"]  # its name when it was written


def test_the_log_has_ids_and_a_history_has_the_words_as_well(make_session: Make, tmp_path: Path) -> None:
    session = make_session(store=tmp_path / "labels.sqlite")
    session.classes.rename("a", "first")
    session.label(session.pool.ids[0], "first")
    event = session._loop.log.events()[-1]
    assert event.value == {"class": "a"}
    last = session.export(tmp_path / "all.jsonl").read_text().splitlines()[-1]
    assert json.loads(last)["said"] == "first"
    assert session.history()["value"].tolist()[-1] == "first"
