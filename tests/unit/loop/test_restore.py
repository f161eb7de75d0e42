"""Acts that were undone and left behind: they are listed and can be restored."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hitl_widgets.errors import InvalidInput, StoreError
from hitl_widgets.labels.events import new_event_id
from hitl_widgets.session import Session

Make = Callable[..., Session]


def left_behind(session: Session) -> list[str]:
    """Five acts, all but the first undone, then a new one; returns the four, oldest first."""
    first = session._loop.acts.label([0], "a")
    acts = [
        session._loop.acts.label([1, 2, 3], "b", selection="lasso"),
        session._loop.acts.skip([4]),
        session.classes.add("c"),
        session._loop.acts.label([5], "c"),
    ]
    session.jump(first)
    session._loop.acts.label([1], "a")
    # Before Python 3.14, warnings caught in the background are suppressed in every thread.
    session.wait()
    while session.stage:
        time.sleep(0.01)
    return acts


def held(session: Session) -> dict[int, str]:
    y, names = session._loop.labels.y, session.schema.all_names
    return {i: names[code] for i, code in enumerate(y) if code >= 0}


def test_the_history_says_what_became_of_every_act(make_session: Make) -> None:
    session = make_session()
    left_behind(session)
    last = session._loop.acts.skip([9])
    session.undo()
    history = session.history().set_index("event_id")
    assert history["state"].tolist() == ["holds"] * 2 + ["left behind"] * 4 + ["holds"] * 2 + [
        "undone",
        "holds",
    ]
    assert history.loc[last, "state"] == "undone"
    assert (history["holds"] == (history["state"] == "holds")).all()


def test_one_act_comes_back_as_a_new_one_that_can_be_undone(make_session: Make) -> None:
    session = make_session()
    lasso, *_ = left_behind(session)
    n = session._loop.log.n_events
    with pytest.warns(RuntimeWarning, match="Your newer answer for 1 item was replaced"):
        again = session.restore(lasso)
    assert session._loop.log.n_events == n + 1
    assert held(session) == {0: "a", 1: "b", 2: "b", 3: "b"}
    history = session.history().set_index("event_id")
    assert (history.loc[lasso, "state"], history.loc[again, "selection"]) == ("brought back", "lasso")
    session.undo()
    assert held(session) == {0: "a", 1: "a"}
    assert session.history().set_index("event_id").loc[lasso, "state"] == "left behind"


def test_a_branch_comes_back_in_order_with_the_class_that_it_made(make_session: Make, tmp_path: Path) -> None:
    session = make_session(store=tmp_path / "labels.sqlite")
    acts = left_behind(session)
    with pytest.raises(InvalidInput, match="The class 'c' no longer exists"):
        session.restore(acts[-1])
    with pytest.warns(RuntimeWarning):
        session.restore(acts)
    assert held(session) == {0: "a", 1: "b", 2: "b", 3: "b", 5: "c"}
    assert session._loop.labels.skipped[4]
    session.close()
    later = make_session(store=tmp_path / "labels.sqlite", classes=None)
    assert held(later) == {0: "a", 1: "b", 2: "b", 3: "b", 5: "c"}
    assert later.history()["state"].tolist().count("brought back") == 4


def test_what_redo_still_reaches_is_brought_back_alone(make_session: Make) -> None:
    session = make_session()
    acts = [session._loop.acts.label([i], "a") for i in range(4)]
    session.jump(acts[0])
    session.restore(acts[2])
    assert held(session) == {0: "a", 2: "a"}
    assert session.history()["kind"].iloc[-1] == "redo"
    session.redo()
    assert held(session) == {0: "a", 1: "a", 2: "a"}


def test_a_label_comes_back_under_the_name_that_its_class_has_now(make_session: Make) -> None:
    session = make_session()
    first = session._loop.acts.label([0], "a")
    lost = session._loop.acts.label([1], "b")
    session.jump(first)
    session.classes.rename("b", "other")
    session.restore(lost)
    assert held(session) == {0: "a", 1: "other"}


def test_an_audited_label_that_comes_back_still_counts_for_the_audit(make_session: Make) -> None:
    session = make_session(audit=1.0)
    [first] = session.query(1)
    lost = session.label(first, "a")
    session.undo()
    session.skip(next(i for i in session.query(2) if i != first))
    session.restore(lost)
    assert session._loop.labels.audited.sum() == 1


@pytest.mark.parametrize("what", ["nothing", "not a valid act", "holds", "back", "others"])
def test_what_cannot_be_brought_back_is_said(make_session: Make, tmp_path: Path, what: str) -> None:
    session = make_session(store=tmp_path / "labels.sqlite", annotator="ann")
    act = session._loop.acts.label([0], "a")
    lost = session._loop.acts.label([1], "a")
    session.undo()
    session._loop.acts.skip([2])
    session.restore(lost)
    asked, words = {
        "nothing": ([], "nothing to restore"),
        "not a valid act": (5, "5 is not one of your acts"),
        "holds": (act, "is in effect already"),
        "back": (lost, "was restored already"),
        "others": (act, "is not one of your acts"),
    }[what]
    if what == "others":
        session = make_session(store=tmp_path / "labels.sqlite", annotator="bob")
    n = session._loop.log.n_events
    with pytest.raises(InvalidInput, match=words):
        session.restore(asked)  # type: ignore[arg-type]
    assert session._loop.log.n_events == n


def test_a_restore_that_is_sent_again_changes_nothing(make_session: Make) -> None:
    session = make_session()
    acts = left_behind(session)[:2]
    name = new_event_id()
    assert session.restore(acts, as_event=name) == session.restore(acts, as_event=name) == name
    assert session.history()["event_id"].tolist().count(name) == 1
    assert session._loop.log.n_events == 1 + 7 + 2


def test_a_restore_that_was_cut_off_is_done_to_its_end_when_sent_again(
    make_session: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = make_session()
    acts, name = left_behind(session)[:2], new_event_id()
    n, record = session._loop.log.n_events, session.store.record

    def full(*args: Any) -> Any:
        if session._loop.log.n_events > n:
            raise StoreError("the disk is full")
        return record(*args)

    monkeypatch.setattr(session.store, "record", full)
    with pytest.raises(StoreError):
        session.restore(acts, as_event=name)
    monkeypatch.undo()
    session.restore(acts, as_event=name)
    assert session._loop.log.n_events == n + 2
    assert held(session)[3] == "b"


def test_a_history_that_was_exported_brings_back_what_was_brought_back(
    make_session: Make, tmp_path: Path
) -> None:
    session = make_session()
    lasso, *_ = left_behind(session)
    with pytest.warns(RuntimeWarning):
        session.restore(lasso)
    path = session.export(tmp_path / "all.jsonl", names=True)
    lines = path.read_text().splitlines()
    assert sum('"restores"' in line for line in lines) == 1, "older versions read the other lines"
    other = make_session()
    other.import_labels(path)
    assert held(other) == held(session)
    assert other.history()["state"].tolist().count("brought back") == 1


def test_a_version_that_does_not_know_the_field_reads_the_act_as_any_other(
    make_session: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    session = make_session(store=tmp_path / "labels.sqlite")
    lasso, *_ = left_behind(session)
    with pytest.warns(RuntimeWarning):
        session.restore(lasso)
    from dataclasses import replace

    from hitl_widgets.labels import store

    to_event = store.to_event
    monkeypatch.setattr(store, "to_event", lambda row: replace(to_event(row), restores=None))
    older = make_session(store=tmp_path / "labels.sqlite")
    assert held(older) == held(session)
