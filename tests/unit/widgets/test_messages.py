"""Messages from a browser and the kernel's answers. Widgets are made without a browser."""

from __future__ import annotations

import contextvars
import dataclasses
import json
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers import ANY_TEXT, Told, clouds, until
from hitl_widgets.data.pool import Pool
from hitl_widgets.data.rows import decode, encode
from hitl_widgets.errors import BundleMissing, HitlError, InvalidInput, StoreError
from hitl_widgets.items.base import Payload
from hitl_widgets.labels.events import LabelEvent, new_event_id
from hitl_widgets.loop import rules
from hitl_widgets.loop.round import Suggestion
from hitl_widgets.questions.question import Question
from hitl_widgets.session import Session
from hitl_widgets.widgets import channel
from hitl_widgets.widgets.explorer import Explorer
from hitl_widgets.widgets.labeler import Labeler
from hitl_widgets.widgets.monitor import Monitor
from hitl_widgets.widgets.shared import widget as shared
from hitl_widgets.widgets.shared.messages import Guess
from hitl_widgets.widgets.wire import parse
from hitl_widgets.widgets.workbench import Workbench

Make = Callable[..., Session]
WIDGETS = [Labeler, Explorer, Monitor]
FUZZ = settings(max_examples=60, suppress_health_check=list(HealthCheck))


class Wire:
    """A widget whose messages are recorded instead of sent."""

    def __init__(self, widget: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.widget = widget
        self.sent: list[dict[str, Any]] = []
        self._all: list[tuple[int, dict[str, Any], list[bytes]]] = []
        monkeypatch.setattr(widget, "send", self._send)

    def _send(self, content: dict[str, Any], buffers: Any = None) -> None:
        json.dumps(content, allow_nan=False, ensure_ascii=False).encode("utf-8")
        msgspec.convert(content, self.widget._tells)  # as in protocol.ts
        self.sent.append(content)
        self._all.append((threading.get_ident(), content, list(buffers or [])))

    def say(self, content: Any) -> list[dict[str, Any]]:
        """The answers, without messages from background threads."""
        return [message for message, _ in self.say_with_buffers(content)]

    def say_with_buffers(self, content: Any) -> list[tuple[dict[str, Any], list[bytes]]]:
        before = len(self._all)
        self.widget._receive(self.widget, content, [])
        here = threading.get_ident()
        return [(message, parts) for thread, message, parts in self._all[before:] if thread == here]

    def shown(self, rows: list[int], **options: Any) -> list[tuple[dict[str, Any], list[bytes]]]:
        """The answers to a request for images, which come from a separate thread."""
        before = len(self._all)
        ask = {"id": new_event_id(), "type": "show", "view": "view-1234", "rows": rows} | options
        assert self.say_with_buffers(ask) == []
        for _ in range(2_000):
            found = [(m, parts) for _, m, parts in self._all[before:] if m["type"] == "items"]
            if sum(len(m["items"]) + len(m["left"]) for m, _ in found) >= len(rows):
                return found
            time.sleep(0.01)
        raise AssertionError("the pictures have not come")

    def answer(self, content: dict[str, Any]) -> dict[str, Any]:
        """The one reply to an act."""
        types = {"ack", "refused", "failed"}
        [reply] = [m for m in self.say(content) if m["type"] in types and m["id"] == content["id"]]
        return reply


@pytest.fixture
def session(make_session: Make, bundles: None) -> Session:
    made = make_session()
    made.wait()
    return made


@pytest.fixture(params=WIDGETS, ids=lambda kind: kind.__name__)
def wire(request: pytest.FixtureRequest, session: Session, monkeypatch: pytest.MonkeyPatch) -> Wire:
    return Wire(request.param(session), monkeypatch)


@pytest.fixture
def labeler(session: Session, monkeypatch: pytest.MonkeyPatch) -> Wire:
    return Wire(Labeler(session), monkeypatch)


def label(session: Session, **changes: Any) -> dict[str, Any]:
    key = session.pool.keys[0]
    message = {"id": new_event_id(), "type": "label", "key": key, "value": "a", "selection": "suggested"}
    return message | changes


# -- acts


def test_a_label_is_saved_and_acknowledged_once(session: Session, wire: Wire) -> None:
    message = label(session, elapsed_ms=1200)
    assert wire.answer(message)["type"] == "ack"
    assert session.labels()[["label", "selection", "elapsed_ms"]].to_numpy().tolist() == [
        ["a", "suggested", 1200]
    ]
    assert session.history().iloc[-1]["event_id"] == message["id"]


def test_what_is_told_from_elsewhere_belongs_to_the_page_that_spoke_last(
    session: Session, labeler: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = contextvars.ContextVar("shell", default="cell")
    told: list[str] = []
    monkeypatch.setattr(labeler.widget, "send", lambda *_: told.append(shell.get()))
    after = Told(session)  # notified after the widget
    session.label(session.pool.ids[:1], "a")
    after.wait_until(lambda: "round" in after.words)
    assert set(told) == {"cell"}

    page = contextvars.copy_context()
    page.run(shell.set, "page")
    page.run(labeler.widget._receive, labeler.widget, label(session), [])
    session.wait()
    told.clear()
    after.words.clear()
    session.label(session.pool.ids[1:2], "a")
    after.wait_until(lambda: "round" in after.words)
    assert set(told) == {"page"}


def test_the_label_is_in_the_store_before_the_acknowledgement_is_sent(
    session: Session, labeler: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved_at_ack: list[int] = []

    def send(content: dict[str, Any], buffers: Any = None) -> None:
        if content["type"] == "ack":
            saved_at_ack.append(len(list(session.store.read(session.task))))

    monkeypatch.setattr(labeler.widget, "send", send)
    labeler.say(label(session))
    assert saved_at_ack == [2]  # the schema, and the label


def test_a_label_sent_again_is_acknowledged_again_and_saved_once(session: Session, labeler: Wire) -> None:
    message = label(session)
    assert [labeler.answer(message)["type"] for _ in range(3)] == ["ack"] * 3
    assert session.history()["kind"].tolist() == ["schema", "label"]


def test_skipped_items_are_shown_again_without_a_hint_and_labelled_as_they_were_asked(
    session: Session, labeler: Wire
) -> None:
    ids, pool = session.pool.ids, session.pool
    session.label(ids[:2], "a")
    session.label(ids[2:4], "b")
    session.wait()
    [drawn] = [i for i in session.query(20) if int(pool.index([i])[0]) in session._loop.blind._issued][:1]
    session.skip([ids[7], drawn])
    [told] = labeler.say({"id": new_event_id(), "type": "skipped", "view": "view-1234"})
    assert (told["type"], told["to"]) == ("skipped", "view-1234")
    assert {ask["row"] for ask in told["queue"]} == set(pool.index([ids[7], drawn]))
    assert {ask["guess"] for ask in told["queue"]} == {None}
    for ask in told["queue"]:
        assert labeler.answer(label(session, key=ask["key"]))["type"] == "ack"
    found = session.labels().set_index("id")["selection"]
    assert found[drawn] == "audit", "it was drawn at random, whenever it is answered"
    assert session.skipped() == []
    [told] = labeler.say({"id": new_event_id(), "type": "skipped", "view": "view-1234"})
    assert told["queue"] == []


def test_items_whose_answers_were_begun_are_asked_while_they_are_open(
    session: Session, labeler: Wire
) -> None:
    ids, keys = session.pool.ids, session.pool.keys
    session.label(ids[0], "a")
    session.skip(ids[1])
    begun = [keys[5], "gone", keys[0], keys[1], keys[4]]
    [told] = labeler.say({"id": new_event_id(), "type": "begun", "view": "view-1234", "keys": begun})
    assert (told["type"], told["to"]) == ("begun", "view-1234")
    assert [(ask["row"], ask["reason"], ask["guess"]) for ask in told["queue"]] == [
        (5, "begun before", None),
        (4, "begun before", None),
    ]


def test_doubtful_labels_are_asked_again_with_reasons_and_kept(session: Session, labeler: Wire) -> None:
    ids = session.pool.ids
    truth, wrong = clouds(len(ids))[1].tolist(), 5
    for name in ("a", "b"):
        session.label([ids[i] for i in range(len(ids)) if (truth[i] == name) != (i == wrong)], name)
    session.wait()

    def asked() -> dict[str, Any]:
        n = len(labeler.sent)
        labeler.say({"id": new_event_id(), "type": "suspected", "view": "view-1234"})
        until(lambda: any(one["type"] == "suspects" for one in labeler.sent[n:]))
        return next(one for one in labeler.sent[n:] if one["type"] == "suspects")

    told = asked()
    assert [ask["row"] for ask in told["queue"]] == [wrong]
    [ask] = told["queue"]
    assert ask["reason"].startswith("the model of the other labels says")
    assert ask["doubtful"] == {"codes": (["b", "a"].index(truth[wrong]),), "by": ""}
    keep = {"id": new_event_id(), "type": "keep", "key": ask["key"]}
    assert [labeler.answer(keep)["type"] for _ in range(2)] == ["ack"] * 2
    assert (session.history()["kind"] == "note").sum() == 1
    assert asked()["why"].startswith("Nothing new speaks against a label")
    back = labeler.answer({"id": new_event_id(), "type": "undo"})["back"]
    assert (back["row"], back["doubtful"]) == (wrong, ask["doubtful"])
    assert [one["row"] for one in asked()["queue"]] == [wrong]
    refused = labeler.answer({**keep, "id": new_event_id(), "key": "nowhere"})
    assert refused["type"] == "refused"


def test_skip_undo_and_redo_are_acknowledged_and_harmless_when_sent_again(
    session: Session, labeler: Wire
) -> None:
    acts = [
        label(session),
        {"id": new_event_id(), "type": "skip", "key": session.pool.keys[1]},
        {"id": new_event_id(), "type": "undo"},
        {"id": new_event_id(), "type": "redo"},
        {"id": new_event_id(), "type": "undo"},
    ]
    for act in acts:
        assert [labeler.answer(act)["type"] for _ in range(2)] == ["ack"] * 2
    assert session.history()["kind"].tolist() == ["schema", "label", "skip", "undo", "redo", "undo"]
    assert session.n_labels == 1


def test_an_acknowledgement_says_what_can_be_undone_and_redone(session: Session, labeler: Wire) -> None:
    acts = [label(session), {"type": "undo"}, {"type": "redo"}, {"type": "undo"}]
    answers = [labeler.answer({**act, "id": new_event_id()}) for act in acts]
    assert [(a["undo"], a["redo"]) for a in answers] == [
        (True, False),
        (False, True),
        (True, False),
        (False, True),
    ]
    key = answers[1]["back"]["key"]
    assert [a["gone"] for a in answers] == [None, None, key, None]


def test_an_undo_with_nothing_to_undo_is_acknowledged(session: Session, labeler: Wire) -> None:
    assert labeler.answer({"id": new_event_id(), "type": "undo"})["type"] == "ack"
    assert session.history()["kind"].tolist() == ["schema"]


def test_a_key_means_the_class_that_was_on_it_whatever_it_is_called_when_it_arrives(
    session: Session, labeler: Wire
) -> None:
    pressed = label(session, of="a")
    session.classes.rename("a", "first")
    session.classes.add("a")
    assert labeler.answer(pressed)["type"] == "ack"
    assert session.labels()["label"].tolist() == ["first"]
    late = label(session, of="first", key=session.pool.keys[1])
    late["of"] = "a"
    session.classes.split("first", ["one", "two"])
    reply = labeler.answer(late)
    assert (reply["type"], reply["why"]) == (
        "refused",
        "The class 'a' no longer exists: choose a current class.",
    )


@pytest.mark.filterwarnings("ignore:.*classes= lacks:RuntimeWarning")
def test_a_class_that_the_cell_renamed_is_asked_about_and_answered_on_the_screen(
    make_session: Make, bundles: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "labels.sqlite"
    with make_session(classes=["spam", "ham"], store=store) as before:
        before.label(before.pool.ids[0], "spam")
    session = make_session(classes=["junk", "ham"], store=store)
    wire = Wire(Labeler(session), monkeypatch)
    assert wire.say(HELLO)[0]["lost"] == [{"name": "spam", "to": ["junk"]}]
    change = {"change": "merge", "of": ["spam", "junk"], "name": "junk"}
    assert wire.answer({"id": new_event_id(), "type": "change"} | change)["type"] == "ack"
    assert wire.say(HELLO)[0]["lost"] == []
    assert session.labels()["label"].tolist() == ["junk"]


def test_a_change_that_has_items_asked_again_says_so(session: Session, labeler: Wire) -> None:
    session._loop.acts.label([0, 1], "a")
    split = {"change": "split", "of": ["a"], "classes": [{"name": "one"}, {"name": "two"}]}
    reply = labeler.answer({"type": "change", "id": new_event_id(), **split})
    assert reply["note"].startswith("2 items are asked again")
    assert labeler.answer({"type": "undo", "id": new_event_id()})["note"] is None
    jump = {"type": "jump", "id": new_event_id(), "act": session._loop.log.acts()[0][0].event_id}
    assert labeler.answer(jump)["note"] is None


def test_a_selection_is_labelled_as_one_act(session: Session, labeler: Wire) -> None:
    message = label(session, rows=encode([0, 2, 4]), pool=session.pool.fingerprint, selection="lasso")
    del message["key"]
    assert labeler.answer(message)["type"] == "ack"
    assert session.n_labels == 3
    assert session.history().iloc[-1][["n_items", "selection"]].tolist() == [3, "lasso"]


def test_every_name_of_a_class_that_a_schema_takes_can_be_sent(
    make_session: Make, bundles: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["x" * 200, "日本", '"', "\\", "<b>", " a "]
    session = make_session(classes=names)
    wire = Wire(Labeler(session), monkeypatch)
    for name in names:
        assert wire.answer(label(session, value=name))["type"] == "ack"
        assert session.labels()["label"].tolist() == [name]


# -- the history


def test_an_act_is_opened_as_the_rows_of_its_items(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    wire = Wire(Monitor(session), monkeypatch)
    keys = [session.pool.keys[i] for i in (7, 3, 5)]
    one = session._loop.acts.label([4], "a")
    session.store.append(
        gone := LabelEvent("label", session.task, session.annotator, (*keys, "not here"), "b")
    )
    assert session.n_labels == 4
    skipped = session._loop.acts.skip([9])
    lasso = session._loop.acts.label([0, 1], "b", selection="lasso")
    ask = {"type": "open", "id": "a" * 8, "view": "b" * 8}
    expected = {
        one: ([4], "clicked", 0),
        gone.event_id: ([3, 5, 7], "clicked", 1),
        skipped: ([9], "clicked", 0),
        lasso: ([0, 1], "lasso", 0),
    }
    for act, (rows, how, missing) in expected.items():
        [told] = wire.say(ask | {"act": act})
        assert told["rows"] == encode(rows)
        assert (told["n"], told["how"], told["missing"], told["to"]) == (len(rows), how, missing, "b" * 8)
    before = session._loop.log.n_events
    theirs = LabelEvent("label", session.task, "bob", (keys[0],), "a")
    session.store.append(theirs)
    assert len(session.history()) == before + 1  # bob has received it
    for act in (theirs.event_id, "no such act"):
        [reply] = wire.say(ask | {"act": act})
        assert (reply["type"], "is not one of your acts" in reply["why"]) == ("refused", True)
    assert len(session.history()) == before + 1


def test_a_span_of_labels_is_opened_in_the_order_in_which_they_were_given(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire = Wire(Monitor(session), monkeypatch)
    for row in (7, 3, 5, 1):
        session._loop.acts.label([row], "a")
    session._loop.acts.label([7], "b")  # given anew, so now the last one
    ask = {"type": "span", "id": "a" * 8, "view": "b" * 8}
    for (first, last), rows in {(1, 2): [3, 5], (3, 4): [1, 7], (4, 9): [7], (5, 9): []}.items():
        [told] = wire.say(ask | {"first": first, "last": last})
        assert (told["rows"], told["n"], told["how"]) == (encode(rows), len(rows), "clicked")


def test_an_undo_of_a_bulk_act_gives_its_selection_back_and_of_a_single_one_its_item(
    session: Session, labeler: Wire
) -> None:
    rows = encode([0, 2, 4])
    for message in (label(session, rows=rows, pool=session.pool.fingerprint, selection="lasso", key=None),):
        labeler.say({k: v for k, v in message.items() if v is not None})
    labeler.say(label(session, key=session.pool.keys[9]))
    single, bulk = (labeler.answer({"type": "undo", "id": new_event_id()}) for _ in range(2))
    assert (single["back"]["row"], single["chosen"]) == (9, None)
    assert (bulk["back"], bulk["chosen"]) == (None, {"rows": rows, "n": 3, "how": "lasso", "missing": 0})
    assert labeler.answer({"type": "redo", "id": new_event_id()})["chosen"] is None


def test_the_history_names_ways_and_branches_also_behind_many_later_acts(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire = Wire(Monitor(session), monkeypatch)
    first = session._loop.acts.label([0], "a")
    lost = [session._loop.acts.label([1, 2, 3], "a", selection="lasso"), session._loop.acts.label([4], "b")]
    assert wire.widget._history()[2].way == (2, 4)
    assert wire.answer({"type": "jump", "id": new_event_id(), "act": first})["type"] == "ack"
    assert [(e.state, e.way) for e in wire.widget._history()] == [
        ("undone", (2, 4)),
        ("undone", (1, 3)),
        ("holds", (0, 0)),
    ]
    for i in range(5, 45):
        session._loop.acts.label([i], "b")
    told = wire.widget._history()
    assert [(e.id, e.state, e.apart) for e in told[-2:]] == [
        (act, "left behind", True) for act in reversed(lost)
    ]
    assert not any(e.apart for e in told[:-2])
    reply = wire.answer({"type": "restore", "id": new_event_id(), "acts": lost})
    assert (reply["type"], reply["note"]) == ("ack", None)
    assert [e.state for e in wire.widget._history()] == ["holds"] * 30
    assert session._loop.labels.y[1:5].tolist() == [0, 0, 0, 1]


def test_a_restore_says_what_it_replaced(session: Session, labeler: Wire) -> None:
    lost = session._loop.acts.label([1, 2, 3], "a")
    session.undo()
    session._loop.acts.label([2], "b")
    reply = labeler.answer({"type": "restore", "id": new_event_id(), "acts": [lost]})
    assert reply["note"] == "Your newer answer for 1 item was replaced. Undo brings it back."
    assert session._loop.labels.y[1:4].tolist() == [0, 0, 0]


# -- refusals


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"value": "c"}, "'c' is not a class of this task"),
        ({"value": ""}, "'' is not a class"),
        ({"value": None}, "Expected `str`"),
        ({"value": "x" * 10_001}, "length <= 10000"),
        ({"key": "no such item"}, "No item has the id 'no such item'"),
        ({"key": "\ud800"}, "No item has the id"),
        ({"key": ""}, "length >= 1"),
        ({"key": 5}, "Expected `str"),
        ({"key": None}, "The table has changed"),
        ({"key": None, "pool": "PRINT"}, "cannot be read"),
        ({"key": None, "pool": "PRINT", "rows": encode([])}, "nothing to label"),
        ({"key": None, "pool": "PRINT", "rows": encode([60])}, "Row 60 is not in the pool of 60 items"),
        ({"key": None, "pool": "PRINT", "rows": "rows"}, "cannot be read"),
        ({"key": None, "pool": "PRINT", "rows": [1]}, "Expected `str`"),
        ({"key": None, "pool": "other", "rows": encode([1])}, "Select them again"),
        ({"selection": "api"}, "Invalid enum value 'api'"),
        ({"selection": "guess"}, "Invalid enum value"),
        ({"elapsed_ms": -1}, ">= 0"),
        ({"elapsed_ms": 2**40}, "<= 2147483647"),
        ({"annotator": "somebody else"}, "unknown field `annotator`"),
        ({"time": "1970-01-01"}, "unknown field `time`"),
        ({"type": "drop"}, "Invalid value 'drop'"),
        ({"type": None}, "Expected `str`"),
    ],
)
def test_a_message_that_cannot_be_used_is_refused_with_the_reason_and_nothing_is_saved(
    session: Session, labeler: Wire, changes: dict[str, Any], why: str
) -> None:
    changes = {k: session.pool.fingerprint if v == "PRINT" else v for k, v in changes.items()}
    reply = labeler.answer(label(session, **changes))
    assert reply["type"] == "refused"
    assert why in reply["why"]
    assert session.history()["kind"].tolist() == ["schema"]


@pytest.mark.parametrize(
    "name", ["short", "x" * 65, "with space", "a/b/c/d/e/f", "12345678\n", 12345678, None]
)
def test_an_id_of_the_wrong_form_is_refused(session: Session, labeler: Wire, name: Any) -> None:
    [reply] = labeler.say(label(session, id=name))
    assert reply["type"] == "refused"
    assert session.history()["kind"].tolist() == ["schema"]


@pytest.mark.parametrize("content", [None, [], "label", 5, {}, {"type": "label"}, {"id": "12345678"}])
def test_what_is_no_message_is_refused(session: Session, wire: Wire, content: Any) -> None:
    assert [m["type"] for m in wire.say(content)] == ["refused"]
    assert session.history()["kind"].tolist() == ["schema"]


def test_a_disk_that_is_full_fails_the_label_so_that_the_browser_keeps_it(
    session: Session, labeler: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(event: Any) -> bool:
        raise StoreError("disk is full")

    message = label(session)
    with monkeypatch.context() as patch:
        patch.setattr(session.store, "record", full)
        reply = labeler.answer(message)
    assert (reply["type"], "full" in reply["why"]) == ("failed", True)
    assert labeler.answer(message)["type"] == "ack"
    assert session.n_labels == 1


def test_an_act_that_finds_the_store_locked_stays_in_the_browser_and_arrives_afterwards(
    make_session: Make, bundles: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("hitl_widgets.loop.team.BEAT", 3600)
    session = make_session(store=tmp_path / "labels.sqlite")
    labeler, monitor = Wire(Labeler(session), monkeypatch), Wire(Monitor(session), monkeypatch)
    holder = sqlite3.connect(tmp_path / "labels.sqlite", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    acts = [label(session, id=f"{i:08}", key=session.pool.keys[i]) for i in range(3)]
    replies = [labeler.answer(act) for act in acts]
    assert {reply["type"] for reply in replies} == {"failed"}
    assert all("locked" in reply["why"] for reply in replies)
    assert any("locked" in m["store"]["unsaved"] for m in monitor.sent if "store" in m)
    holder.rollback()
    holder.close()
    monkeypatch.setattr(session._loop.log, "_locked_until", 0.0)
    assert [labeler.answer(act)["type"] for act in acts] == ["ack"] * 3  # resent, as the browser does
    assert session.n_labels == 3
    assert session.unsaved == ""


def test_the_monitor_says_that_an_act_was_not_saved_until_one_is(
    session: Session, labeler: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> Any:
        raise StoreError("disk is full")

    monitor = Wire(Monitor(session), monkeypatch)

    def unsaved() -> list[str]:
        return [m["store"]["unsaved"] for m in monitor.sent if "store" in m]

    monitor.say({"id": "12345678", "type": "hello", "view": "v" * 8})
    with monkeypatch.context() as patch:
        patch.setattr(session.store, "record", full)
        labeler.answer(label(session))
    session.labels()  # a store that can be read need not be writable
    assert unsaved()[0] == ""
    assert unsaved()[-1] == session.unsaved == "disk is full"
    labeler.answer(label(session))
    assert unsaved()[-1] == session.unsaved == ""


def test_a_closed_session_fails_the_label_so_that_the_browser_keeps_it(
    session: Session, labeler: Wire
) -> None:
    session.close()
    reply = labeler.answer(label(session))
    assert (reply["type"], "closed" in reply["why"]) == ("failed", True)


# -- arbitrary messages

TYPES = sorted({get.__struct_config__.tag for kind in WIDGETS for get in get_args(kind._takes)})


def contents(text: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    """Any JSON, and almost valid messages."""
    json_ = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | text,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
        max_leaves=10,
    )
    nearly: dict[str, st.SearchStrategy[Any]] = {
        "id": st.sampled_from(["12345678", new_event_id(), "bad"]) | json_,
        "type": st.sampled_from(TYPES) | json_,
        "view": st.just("view-1234") | json_,
        "key": st.just("0") | json_,
        "value": st.sampled_from(["a", "c"]) | json_,
        "selection": st.sampled_from(["lasso", "api"]) | json_,
        "rows": st.sets(st.integers(0, 70), max_size=5).map(sorted).map(encode) | json_,
        "scale": st.floats(0.2, 5) | json_,
        "pool": json_,
        "small": json_,
        "elapsed_ms": json_,
        "more": json_,
    }
    return json_ | st.fixed_dictionaries({}, optional=nearly)


@pytest.mark.parametrize("kind", WIDGETS)
@given(content=contents(ANY_TEXT))
@settings(max_examples=100)
def test_parse_returns_a_message_or_says_what_is_wrong(kind: Any, content: Any) -> None:
    try:
        found = parse(kind._takes, content)
    except msgspec.ValidationError:
        return
    assert type(found) in get_args(kind._takes)
    assert content["type"] == found.__struct_config__.tag


@pytest.mark.parametrize("kind", WIDGETS)
def test_nothing_that_a_browser_sends_raises_or_writes_unless_it_is_a_valid_act(
    kind: Any, make_session: Make, bundles: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = make_session(clouds(20)[0])
    session.wait()
    wire = Wire(kind(session), monkeypatch)

    @given(contents(st.text(max_size=20)))
    @FUZZ
    def fuzz(content: Any) -> None:
        before = len(session.history())
        wire.say(content)
        new = session.history().iloc[before:]
        if len(new):
            act = parse(kind._takes, content)
            assert new["event_id"].tolist() == [act.id]
            assert new["kind"].tolist() == [act.__struct_config__.tag]

    fuzz()


@pytest.mark.parametrize(
    "changes",
    [{"id": "12345678\udcff"}, {"selection": "\udcff"}, {"type": "\udcff"}],
)
def test_what_no_message_can_carry_is_refused_and_not_sent_back(
    session: Session, labeler: Wire, changes: dict[str, Any]
) -> None:
    assert [m["type"] for m in labeler.say(label(session, **changes))] == ["refused"]


@given(data=st.data())
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
def test_each_act_is_saved_once_however_often_and_in_whatever_order_it_is_resent(
    data: st.DataObject, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire = Wire(Labeler(session), monkeypatch)
    n = data.draw(st.integers(1, 4))
    acts = [
        label(session, key=session.pool.keys[i], value=data.draw(st.sampled_from("ab"))) for i in range(n)
    ]
    again = data.draw(st.lists(st.sampled_from(acts), max_size=8))
    before = len(session.history())
    for act in acts + again:
        assert wire.answer(act)["type"] == "ack"
    assert session.history()["event_id"].tolist()[before:] == [act["id"] for act in acts]


# -- messages to views


def test_a_view_that_says_hello_is_welcomed_with_the_whole_state(session: Session, wire: Wire) -> None:
    found = wire.say({"id": new_event_id(), "type": "hello", "view": "view-1234"})
    assert found[0]["type"] == "welcome"
    assert found[0]["to"] == "view-1234"
    assert [c["name"] for c in found[0]["classes"]] == ["a", "b"]


def test_items_are_shown_to_the_view_that_asks(session: Session, wire: Wire) -> None:
    [found] = wire.say({"id": new_event_id(), "type": "show", "view": "view-1234", "rows": [3, 5]})
    assert (found["type"], found["to"]) == ("items", "view-1234")
    shown = {row: session.pool.payload(row).content for row in (3, 5)}
    assert found["items"] == [
        {"row": row, "content": shown[row], "media": [], "context": []} for row in (3, 5)
    ]


def test_an_image_travels_as_bytes(
    make_session: Make, bundles: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = make_session(np.random.default_rng(0).random((6, 8, 8)))
    wire = Wire(Labeler(session), monkeypatch)
    [(found, buffers)] = wire.shown([0], small=True)
    assert [item["content"]["kind"] for item in found["items"]] == ["image"]
    assert buffers[0].startswith(b"\x89PNG")


def test_the_first_of_many_pictures_does_not_wait_for_all(
    make_session: Make, bundles: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = make_session(np.random.default_rng(0).integers(0, 255, (6, 300, 300, 3), np.uint8))
    wire = Wire(Labeler(session), monkeypatch)
    found = wire.shown([4, 0, 2, 1])
    assert [item["row"] for message, _ in found for item in message["items"]] == [4, 0, 2, 1]
    assert all(len(message["items"]) == len(pictures) == 1 for message, pictures in found)


@pytest.mark.parametrize("most", [3_000, 50_000, 140_000, 10**7])
def test_of_pictures_comes_what_fits_and_the_others_are_left(
    make_session: Make, bundles: None, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """An image larger than the limit is scaled down; at least one is sent."""
    session = make_session(np.random.default_rng(0).integers(0, 255, (6, 300, 300, 3), np.uint8))
    found = Wire(Labeler(session), monkeypatch).shown([4, 0, 2, 1], most=most)
    rows = [item["row"] for message, _ in found for item in message["items"]]
    assert rows + found[-1][0]["left"] == [4, 0, 2, 1]
    assert all(message["left"] == [] for message, _ in found[:-1])
    sizes = [len(picture) for _, pictures in found for picture in pictures]
    assert len(rows) == {3_000: 1, 50_000: 1, 140_000: 2, 10**7: 4}[most]
    mimes = {mime for message, _ in found for item in message["items"] for mime in item["media"]}
    assert mimes == {"image/png" if most == 10**7 else "image/jpeg"}
    if most > 3_000:
        assert sum(sizes) <= most


def test_an_act_goes_before_pictures_that_are_still_being_made(
    make_session: Make, bundles: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = make_session(np.random.default_rng(0).random((6, 8, 8)))
    labeler, go = Wire(Labeler(session), monkeypatch), threading.Event()
    show = session.pool.payload
    monkeypatch.setattr(Pool, "payload", lambda _, *a, **o: go.wait(20) and show(*a, **o))
    asked: list[Any] = []
    thread = threading.Thread(target=lambda: asked.extend(labeler.shown([0, 1, 2])))
    thread.start()
    act = {"id": new_event_id(), "type": "label", "value": "a", "selection": "suggested"}
    assert labeler.answer(act | {"key": session.pool.keys[3]})["type"] == "ack"
    assert asked == []
    go.set()
    thread.join()
    assert [item["row"] for message, _ in asked for item in message["items"]] == [0, 1, 2]


@pytest.mark.parametrize("text", ["\ud800", "a\0b", ""])
def test_an_item_of_odd_text_can_be_sent(
    make_session: Make, bundles: None, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    session = make_session([text, "plain"])
    wire = Wire(Labeler(session), monkeypatch)
    [found] = wire.say({"id": new_event_id(), "type": "show", "view": "view-1234", "rows": [0]})
    assert found["type"] == "items"


def test_a_selection_is_described_before_it_is_labelled(session: Session, labeler: Wire) -> None:
    asked = list(range(0, 60, 2))
    ask = {"id": new_event_id(), "type": "sample", "view": "view-1234", "rows": encode(asked)}
    [found] = labeler.say(ask)
    assert (found["type"], found["to"], found["n"], found["n_labelled"]) == ("sample", "view-1234", 30, 0)
    assert len(set(found["odd"])) == len(found["odd"]) > 0
    assert set(found["odd"]) <= set(asked)
    assert (found["had"], found["n_others"], found["only"]) == ([], 0, None)

    ids = session.pool.ids
    session.label([ids[0], ids[2], ids[4]], "a")
    session.label([ids[6], ids[7]], "b")
    [found] = labeler.say(ask)
    assert (found["n_labelled"], found["n_others"]) == (4, 0)
    assert found["had"] == [{"code": 0, "n": 3}, {"code": 1, "n": 1}]

    members = {"id": new_event_id(), "type": "members", "view": "view-1234", "rows": [4, 8, 10**6]}
    [told] = labeler.say(members)
    assert [(one["row"], one["codes"]) for one in told["members"]] == [(4, (0,)), (8, None)]


def test_every_view_of_a_session_hears_of_a_label(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    wires = [Wire(kind(session), monkeypatch) for kind in WIDGETS]
    for wire in wires:
        wire.say({"id": new_event_id(), "type": "hello", "view": "view-1234"})
    counts = [len(wire.sent) for wire in wires]
    told = Told(session)
    session.label(session.pool.ids[0], "a")
    told.wait_until(lambda: all(len(wire.sent) > n for wire, n in zip(wires, counts, strict=True)))


def test_a_label_stays_below_a_kilobyte_on_the_wire(session: Session, wire: Wire) -> None:
    wire.say({"id": new_event_id(), "type": "hello", "view": "view-1234"})
    message = label(session)
    replies = wire.say(message)
    assert len(json.dumps(message)) < 1000
    assert len(json.dumps([m for m in replies if m["type"] == "ack"])) < 1000


# -- the map

HELLO = {"id": "12345678", "type": "hello", "view": "view-1234"}


@pytest.mark.parametrize(
    ("engine", "n", "drawn_by"),
    [
        ("auto", 60, "altair"),
        ("auto", 20_001, "canvas"),
        ("canvas", 60, "canvas"),
        ("webgl", 60, "webgl"),
        ("raster", 60, "raster"),
        ("altair", 20_001, "altair"),
    ],
)
def test_the_engine_is_chosen_by_the_pool_or_the_person_and_only_altair_gets_a_chart(
    make_session: Make, bundles: None, monkeypatch: pytest.MonkeyPatch, engine: str, n: int, drawn_by: str
) -> None:
    session = make_session()
    monkeypatch.setattr(type(session.pool), "__len__", lambda _: n)
    explorer = Explorer(session, engine=engine)
    assert explorer.engine == drawn_by
    monkeypatch.undo()
    welcome = Wire(explorer, monkeypatch).say(HELLO)[0]
    assert (welcome["chart"] is not None) == (welcome["engine"] == "altair")


@pytest.mark.parametrize("kind", [Explorer, Workbench])
def test_an_unknown_engine_is_refused(session: Session, kind: Any) -> None:
    with pytest.raises(InvalidInput, match=r"engine='rasta'.*Did you mean 'raster'\?"):
        kind(session, engine="rasta")


def test_a_browser_that_applies_what_it_is_told_has_the_marks(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    explorer = Explorer(session)
    wire, n = Wire(explorer, monkeypatch), len(session.pool)
    wire.say(HELLO)
    for value, index in [("a", range(1)), ("b", range(30, 31)), ("a", range(1, 50)), ("b", range(9))]:
        session._loop.acts.label(list(index), value)
        session.wait()
    explorer._send_change()
    have = [np.zeros(n, dtype=np.uint8) for _ in range(3)]
    kinds = set()
    for _, message, buffers in wire._all:
        if message["type"] != "marks":
            continue
        rows, *parts = [
            np.frombuffer(b, dtype) for b, dtype in zip(buffers, ["<u4", "u1", "u1", "u1"], strict=True)
        ]
        kinds.add(message["full"])
        assert sum(map(len, buffers)) <= 3 * n
        for mine, part in zip(have, parts, strict=True):
            mine[slice(None) if message["full"] else rows] = part
    assert kinds == {True, False}
    assert all(np.array_equal(mine, now) for mine, now in zip(have, explorer._marks(), strict=True))


def test_a_map_that_still_moves_has_no_outlines(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    wire = Wire(Explorer(session), monkeypatch)
    found = session.map
    assert found is not None
    session._loop.background.map = dataclasses.replace(found, settled=False)
    [(message, buffers)] = [m for m in wire.say_with_buffers(HELLO) if m[0]["type"] == "map"]
    assert (message["settled"], message["names"], message["corners"]) == (False, [], [])
    assert [len(b) for b in buffers] == [8 * len(session.pool), 2 * len(session.pool), 0]


@pytest.mark.parametrize(("scale", "taken"), [(0.5, True), (4, True), (0.2, False), (5, False), ("1", False)])
def test_finer_or_coarser_groups_are_asked_of_the_session(
    session: Session, monkeypatch: pytest.MonkeyPatch, scale: Any, taken: bool
) -> None:
    asked: list[float] = []
    monkeypatch.setattr(session._loop.background, "regroup", asked.append)
    wire = Wire(Explorer(session), monkeypatch)
    refused = wire.say({"id": new_event_id(), "type": "groups", "view": "view-1234", "scale": scale})
    assert (asked, len(refused)) == (([scale], 0) if taken else ([], 1))


# -- saved notebooks


def test_no_trait_holds_an_item_a_label_or_a_name(make_session: Make, bundles: None) -> None:
    words = ["secret text", "secret class", "secret person", "secret task"]
    session = make_session([words[0], "other"], classes=[words[1], "no"], annotator=words[2], task=words[3])
    session.label(session.pool.ids[0], words[1])
    session.wait()
    for kind in WIDGETS:
        widget = kind(session)
        saved = repr({k: v for k, v in widget.get_state().items() if k not in {"_esm", "_css"}})
        shown = repr(widget._repr_mimebundle_())
        assert not [w for w in [*words, *session.pool.keys] if w in saved or w in shown]
        assert session._loop.key in saved


def test_a_browser_can_change_no_trait(session: Session, wire: Wire) -> None:
    before = wire.widget.get_state()
    wire.widget.set_state(dict.fromkeys(before, "changed") | {"unknown": 1})
    assert wire.widget.get_state() == before


def test_a_widget_that_is_closed_is_told_nothing_more(session: Session, wire: Wire) -> None:
    wire.widget.close()
    before = len(wire.sent)
    session.label(session.pool.ids[0], "a")
    assert len(wire.sent) == before
    assert not session.closed


def test_the_workbench_shows_all_three_and_closes_them(session: Session) -> None:
    workbench = Workbench(session)
    assert isinstance(workbench.explorer, Explorer)
    assert isinstance(workbench.labeler, Labeler)
    assert isinstance(workbench.monitor, Monitor)
    assert "Run this cell" in repr(workbench._repr_mimebundle_())
    workbench.close()
    assert not session.closed


@pytest.mark.parametrize("kind", WIDGETS)
def test_a_widget_shows_a_session_and_nothing_else(kind: Any) -> None:
    with pytest.raises(TypeError, match=f"{kind.__name__} shows a Session; got a DataFrame|list"):
        kind([1, 2])


@pytest.mark.parametrize("kind", WIDGETS)
def test_without_the_built_javascript_the_message_says_how_to_build_it_and_labels_go_on(
    make_session: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Any
) -> None:
    monkeypatch.setattr(channel, "STATIC", tmp_path)
    channel.bundle.cache_clear()
    session = make_session()
    with pytest.raises(BundleMissing, match="`make js`") as raised:
        kind(session)
    channel.bundle.cache_clear()
    assert isinstance(raised.value, HitlError)
    session.label(session.pool.ids[0], "a")
    assert session.n_labels == 1


# -- parts of items


def parts(wire: Wire, **changes: Any) -> dict[str, Any]:
    """The answer to a request for a part, which is computed in a separate thread."""
    ask = {"id": new_event_id(), "type": "more", "view": "view-1234", "row": 3, "ask": {}, "most": 1_000}
    assert wire.say(ask | changes) == []
    until(lambda: [m for m in wire.sent if m["type"] == "part"])
    return next(m for m in wire.sent if m["type"] == "part")


def test_a_view_is_told_that_items_have_no_parts(labeler: Wire) -> None:
    told = parts(labeler)
    assert (told["to"], told["content"]["kind"]) == ("view-1234", "broken")
    assert "'table' are not sent in parts" in told["content"]["why"]


def test_parts_are_made_by_the_kind_and_never_hold_the_loop(
    session: Session, labeler: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()

    def more(item: Any, ask: Any, most: int) -> Payload:
        assert go_on.wait(10)
        if ask["at"] == 1:
            raise ValueError("The file is gone.")
        return Payload({"kind": "table", "row": item["x0"], **ask}, (("audio/wav", b"x" * most),))

    monkeypatch.setattr(session.pool.item_kind, "more", more, raising=False)
    threading.Timer(0.2, go_on.set).start()
    told = parts(labeler, ask={"at": 0, "what": "sound"})
    assert told["content"] == {"kind": "table", "row": session.pool.items[3]["x0"], "at": 0, "what": "sound"}
    [buffers] = [buffers for _, m, buffers in labeler._all if m["type"] == "part"]
    assert buffers == [b"x" * 1_000]
    labeler.sent.clear()
    assert parts(labeler, ask={"at": 1})["content"] == {"kind": "broken", "why": "The file is gone."}
    labeler.sent.clear()
    assert "not in the pool of 60 items" in parts(labeler, row=60)["content"]["why"]


def test_words_are_found_in_a_text_and_suggested_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"😀 Ann met Anna {i}" for i in range(8)]
    question = Question.spans(["person", "place"])
    with Session(texts, question=question, store=":memory:", audit=0) as session:
        wire = Wire(Labeler(session), monkeypatch)

        def words(**ask: Any) -> dict[str, Any]:
            wire.sent.clear()
            return json.loads(json.dumps(parts(wire, ask=ask)["content"]))

        assert words(words="Ann, met") == {"kind": "words", "spans": [[2, 5], [6, 9]], "rules": []}
        assert "not supported" in words(words="/(?=A)/")["why"]
        monkeypatch.setattr(rules, "MOST_PLACES", 3)
        assert "at 16 places in this text; the limit is 3" in words(words="/./", all=True)["why"]
        assert "not a class" in words(words="Ann", all=True, **{"class": "animal"})["why"]
        before = session._loop.suggesting.generation
        told = words(words=r"/\d/", all=True, **{"class": "place"})
        assert told == {"kind": "words", "spans": [[15, 16]], "rules": [[r"/\d/", "place", 1]]}
        assert session._loop.suggesting.generation > before
        ask = {"id": new_event_id(), "type": "answers", "view": "view-1234", "rows": [5]}
        wire.sent.clear()
        wire.say(ask)
        until(lambda: [m for m in wire.sent if m["type"] == "answers"])
        [answer] = next(m for m in wire.sent if m["type"] == "answers")["answers"]
        assert answer["suggested"] == {"spans": [[15, 16, "place"]], "rules": [(r"/\d/", "place", 1)]}
        assert words(words=r"/\d/", drop=True, **{"class": "place"})["rules"] == []
        assert session._loop.suggesting.of([5])[5] == (None, "")


def test_acts_on_a_large_pool_do_not_hold_the_loop_and_keep_their_order(
    session: Session, labeler: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "AT_ONCE", 10)
    explorer = Wire(Explorer(session), monkeypatch)
    go_on, label = threading.Event(), session._loop.acts.label

    def slow(*args: Any, **kwargs: Any) -> str:
        assert go_on.wait(10)
        return label(*args, **kwargs)

    monkeypatch.setattr(session._loop.acts, "label", slow)
    rows = encode(np.arange(20))
    bulk = {"type": "label", "id": "a" * 8, "value": "a", "selection": "lasso", "rows": rows}
    explorer.say(bulk | {"pool": session.pool.fingerprint})
    labeler.say({"type": "undo", "id": "b" * 8})
    explorer.say({"type": "label", "id": "c" * 8, "value": "none", "selection": "lasso", "key": "no such"})
    assert not [m for m in (*explorer.sent, *labeler.sent) if m["type"] == "ack"]
    go_on.set()
    last = shared._queue_of(session._loop).submit(lambda: None)
    last.result(10)
    assert [m["id"] for m in explorer.sent if m["type"] == "ack"] == ["a" * 8]
    assert [m["type"] for m in explorer.sent if m.get("id") == "c" * 8] == ["refused"]
    assert [m["id"] for m in labeler.sent if m["type"] == "ack"] == ["b" * 8]
    assert session.n_labels == 0
    assert session.history()["kind"].tolist()[-2:] == ["label", "undo"]


def test_an_act_that_comes_late_is_dated_by_when_it_was_made_and_replaces_nothing_newer(
    session: Session, labeler: Wire
) -> None:
    key, other = session.pool.keys[:2]
    newer = label(session, key=key, value="b")
    assert labeler.answer(newer)["type"] == "ack"
    reply = labeler.answer(label(session, key=key, value="a", id="c" * 32, late_ms=60_000))
    assert reply["type"] == "refused"
    assert "answered this item since" in reply["why"]
    assert labeler.answer({"type": "undo", "id": "d" * 32, "late_ms": 60_000})["type"] == "refused"
    rows = encode([0, 1])
    bulk = label(session, key=None, rows=rows, pool=session.pool.fingerprint, id="e" * 32, late_ms=60_000)
    assert "some of these items" in labeler.answer(bulk | {"selection": "lasso"})["why"]
    # For an item without a newer answer, late acts are accepted with their undo, in the order they were made.
    for i, act in enumerate([label(session, key=other, value="a"), label(session, key=other, value="b")]):
        assert labeler.answer(act | {"id": f"{i}" * 32, "late_ms": 100_000 - i})["type"] == "ack"
    assert labeler.answer({"type": "undo", "id": "f" * 32, "late_ms": 0})["type"] == "ack"
    found = session.labels().set_index("id")
    assert found.label.to_dict() == {session.pool.ids[0]: "b", session.pool.ids[1]: "a"}
    assert found.time[session.pool.ids[1]] < found.time[session.pool.ids[0]]
    # An act that is already in the log is acknowledged when it is resent.
    assert labeler.answer(newer | {"late_ms": 60_000})["type"] == "ack"


# -- looking back


def past(wire: Wire, n: int) -> tuple[int, list[int] | None]:
    """What the kernel answers: the number of the act and its rows, or how many acts there are."""
    ask = {"id": new_event_id(), "type": "past", "view": "view-1234", "n": n}
    [answer] = [m for m in wire.say(ask) if m["type"] == "past"]
    items = answer["items"]
    return answer["n"], items and decode(items["rows"], len(wire.widget.session.pool)).tolist()


def test_the_acts_in_effect_are_walked_through_newest_first(
    make_session: Make, bundles: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = make_session()
    wire = Wire(Labeler(session), monkeypatch)
    assert past(wire, 0) == (0, None)
    ids = session.pool.ids
    session.label(ids[3], "a")
    session.label(list(ids[5:8]), "b")
    session.classes.add("c")
    session.skip(ids[9])
    session.label(ids[1], "a")
    session.undo()
    assert [past(wire, n) for n in range(4)] == [(0, [9]), (1, [5, 6, 7]), (2, [3]), (3, None)]
    assert past(wire, 1_000_000) == (3, None)


def test_labels_are_removed_one_by_one_or_as_a_selection(
    make_session: Make, bundles: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = make_session()
    wire = Wire(Labeler(session), monkeypatch)
    keys, fingerprint = session.pool.keys, session.pool.fingerprint
    session.label(list(session.pool.ids[:4]), "a")
    one = {"type": "clear", "id": new_event_id(), "key": keys[2], "selection": "clicked"}
    [ack] = [m for m in wire.say(one) if m["type"] == "ack"]
    assert ack["n_labels"] == 3
    wire.say(one)  # sent twice, done once
    assert len(session.history()) == 3
    many = one | {"id": new_event_id(), "key": None, "rows": encode([0, 1]), "selection": "lasso"}
    [refused] = [m for m in wire.say(many | {"pool": "another"}) if m["type"] == "refused"]
    assert "The table has changed since these points were selected" in refused["why"]
    wire.say(many | {"pool": fingerprint})
    assert session.labels()["id"].tolist() == [session.pool.ids[3]]
    session.undo()
    assert len(session.labels()) == 3


# -- finding


@pytest.fixture
def texts(make_session: Make, bundles: None, monkeypatch: pytest.MonkeyPatch) -> Wire:
    words = [f"{'refund' if i % 3 else 'parcel'} {i}" for i in range(30)]
    return Wire(Explorer(make_session(words)), monkeypatch)


def found_by(wire: Wire, query: str) -> dict[str, Any]:
    ask = {"id": new_event_id(), "type": "find", "view": "view-1234", "query": query}
    [answer] = [m for m in wire.say(ask) if m["type"] == "found"]
    assert (answer["to"], answer["query"]) == ("view-1234", query)
    return answer


def test_what_is_typed_finds_rows_and_what_is_wrong_is_said(texts: Wire) -> None:
    found = found_by(texts, "refund -/1/")
    assert decode(found["rows"], 30).tolist() == [i for i in range(30) if i % 3 and "1" not in str(i)]
    assert found["parts"] == [{"typed": "refund", "n": 20}, {"typed": "-/1/", "n": 18}]
    assert found["why"] == ""
    refused = found_by(texts, "class:c")
    assert "Unknown class 'c'" in refused["why"]
    assert (refused["rows"], refused["parts"]) == ("", [])
    assert len(decode(found_by(texts, "nowhere")["rows"], 30)) == 0


@FUZZ
@given(query=ANY_TEXT)
def test_whatever_is_typed_is_answered(texts: Wire, query: str) -> None:
    said = query.encode("utf-8", "replace").decode()  # a message carries no lone surrogate
    found = found_by(texts, said)
    if not found["why"]:
        decode(found["rows"], 30)


def list_of(wire: Wire, **asked: Any) -> dict[str, Any]:
    ask = {"id": new_event_id(), "type": "list", "view": "view-1234"} | asked
    [answer] = [m for m in wire.say(ask) if m["type"] == "list"]
    return answer


def lines_of(wire: Wire, number: int, start: int, n: int) -> list[tuple[dict[str, Any], list[int]]]:
    ask = {
        "type": "window",
        "id": new_event_id(),
        "view": "view-1234",
        "number": number,
        "start": start,
        "n": n,
    }
    told = wire.say_with_buffers(ask)
    return [(m, np.frombuffer(parts[0], "<u4").tolist()) for m, parts in told if m["type"] == "window"]


def test_a_list_is_sent_window_by_window_and_an_older_one_no_more(texts: Wire) -> None:
    first = list_of(texts, by="row", down=True)
    assert (first["n"], first["by"], first["down"], first["columns"], first["why"]) == (
        30,
        "row",
        True,
        [],
        "",
    )
    [(message, rows)] = lines_of(texts, first["number"], 10, 5)
    assert (message["start"], rows, message["cells"]) == (10, [19, 18, 17, 16, 15], [[]] * 5)
    assert [rows for _, rows in lines_of(texts, first["number"], 28, 100)] == [[1, 0]]
    assert [rows for _, rows in lines_of(texts, first["number"], 500, 10)] == [[]]
    some = list_of(texts, rows=encode([3, 4, 20]))
    assert some["n"] == 3
    assert lines_of(texts, first["number"], 0, 10) == []
    assert [rows for _, rows in lines_of(texts, some["number"], 0, 10)] == [[3, 4, 20]]
    texts.say({"id": new_event_id(), "type": "bye", "view": "view-1234"})
    assert lines_of(texts, some["number"], 0, 10) == []


def test_more_like_this_is_a_search_with_the_most_similar_first(texts: Wire) -> None:
    session = texts.widget.session
    session.wait()
    ask = {"id": new_event_id(), "type": "alike", "view": "view-1234", "row": 4}
    [found] = [m for m in texts.say(ask) if m["type"] == "found"]
    assert found["query"] == f"like:{session.pool.ids[4]} unlabelled"
    assert found["ranked"]
    listed = list_of(texts, rows=found["rows"], by="found")
    [(_, rows)] = lines_of(texts, listed["number"], 0, 100)
    assert [session.pool.ids[row] for row in rows] == session.find(found["query"])
    assert rows[0] == 4
    assert listed["orders"][0] == "found"
    other = list_of(texts, rows=encode([3, 8]), by="found")
    assert [rows for _, rows in lines_of(texts, other["number"], 0, 9)] == [[3, 8]]


def test_more_like_an_item_whose_id_no_query_can_express_says_so(
    make_session: Make, bundles: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = pd.DataFrame({"text": ["one", "two"], "id": ['a "b" c', "d"]})
    wire = Wire(Explorer(make_session(table, text="text", id="id")), monkeypatch)
    ask = {"id": new_event_id(), "type": "alike", "view": "view-1234", "row": 0}
    [found] = [m for m in wire.say(ask) if m["type"] == "found"]
    assert "contains a double quote" in found["why"]
    assert found["rows"] == ""


def test_an_order_that_is_not_there_is_said_and_the_list_is_shown_all_the_same(texts: Wire) -> None:
    answer = list_of(texts, by="sender", down=True)
    assert "Unknown order 'sender'" in answer["why"]
    assert (answer["n"], answer["by"], answer["down"]) == (30, "row", False)


def test_what_was_found_is_labelled_as_found(texts: Wire) -> None:
    rows = found_by(texts, "parcel")["rows"]
    pool = texts.widget.session.pool.fingerprint
    act = {
        "type": "label",
        "id": new_event_id(),
        "value": "a",
        "selection": "search",
        "rows": rows,
        "pool": pool,
    }
    answer = texts.answer(act)
    assert answer["type"] == "ack", answer
    assert set(texts.widget.session.labels()["selection"]) == {"search"}


# -- the context of an item


def test_columns_of_context_come_with_an_item_but_not_with_a_preview(
    make_session: Make, bundles: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = pd.DataFrame({"text": ["one", "two"], "sender": ["Ann", None], "n": [3, 4], "other": [0, 0]})
    wire = Wire(Labeler(make_session(table, text="text", context=["sender", "n"])), monkeypatch)
    ask = {"type": "show", "id": new_event_id(), "view": "view-1234", "rows": [0, 1]}
    [told] = [m for m in wire.say(ask) if m["type"] == "items"]
    assert [item["context"] for item in told["items"]] == [[("sender", "Ann"), ("n", "3")], [("n", "4")]]
    [small] = [m for m in wire.say(ask | {"small": True}) if m["type"] == "items"]
    assert [item["context"] for item in small["items"]] == [[], []]
    for column, context in (("sender", [[("sender", "Ann")], []]), ("nothing", [[], []])):
        [small] = [m for m in wire.say(ask | {"small": True, "column": column}) if m["type"] == "items"]
        assert [item["context"] for item in small["items"]] == context


@pytest.mark.parametrize(
    ("suggestion", "confidence", "words"),
    [
        (Suggestion(3, "between spam and ham", doubt=True), 0.55, "between spam and ham"),
        (Suggestion(3, "between spam and ham", doubt=True), 0.98, "chosen as one of the least certain items"),
        (Suggestion(3, "nothing similar is labelled yet"), 0.98, "nothing similar is labelled yet"),
        (Suggestion(3, "second opinion", opinion=True), None, "second opinion"),
    ],
)
def test_the_reason_does_not_contradict_the_guess(
    make_session: Make,
    bundles: None,
    monkeypatch: pytest.MonkeyPatch,
    suggestion: Suggestion,
    confidence: float | None,
    words: str,
) -> None:
    labeler = Labeler(make_session())
    guess = None if confidence is None else Guess((0,), confidence, "", [(0, confidence)])
    monkeypatch.setattr(labeler, "_guess", lambda _: guess)
    told = labeler._ask(suggestion, confidence is None)
    assert (told.reason, told.guess) == (words, guess)


def test_what_a_strategy_is_uncertain_about_is_marked_as_a_reason_that_may_change(make_session: Make) -> None:
    session = make_session()
    session.wait()
    for i, one in enumerate(session.query(20)):
        session.label(one, "ab"[i % 2])
    asked = session.wait().suggestions
    assert {s.doubt for s in asked if s.reason.startswith("between")} == {True}
    assert not any(s.doubt for s in asked if s.audit)


# -- colours by a column


def test_the_shades_of_a_column_travel_when_they_are_asked_for(
    make_session: Make, bundles: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = pd.DataFrame({"text": ["one", "two", "six"], "from": ["Ann", None, "Bob"], "n": [3, 5, 4]})
    wire = Wire(Explorer(make_session(table, text="text", colour="n")), monkeypatch)
    hello = {"type": "hello", "id": new_event_id(), "view": "view-1234"}
    [welcome] = [m for m in wire.say(hello) if m["type"] == "welcome"]
    assert (welcome["columns"], welcome["colour"]) == (["from", "n"], "column:n")
    ask = {"type": "colour", "id": new_event_id(), "view": "view-1234"}
    [(told, buffers)] = wire.say_with_buffers(ask | {"column": "n"})
    assert (bytes(buffers[0]), told["legend"]) == (bytes([0, 254, 127]), [])
    assert [tick["text"] for tick in told["scale"]] == ["3", "4", "5"]
    [(told, buffers)] = wire.say_with_buffers(ask | {"column": "from"})
    assert (bytes(buffers[0]), told["scale"]) == (bytes([0, 255, 1]), None)
    assert [entry["name"] for entry in told["legend"]] == ["Ann", "Bob"]
    [(told, buffers)] = wire.say_with_buffers(ask | {"column": "form"})
    assert (told["why"], bytes(buffers[0])) == ("Unknown column 'form'. Did you mean 'from'?", b"")


def test_values_that_are_classes_have_the_colours_of_the_classes_and_no_other_value_has(
    make_session: Make, bundles: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = ["ham", "other", "spam", None, "ham", "odd"]
    table = pd.DataFrame({"text": list("abcdef"), "label": values})
    session = make_session(table, text="text", classes=["spam", "ham"])
    wire = Wire(Explorer(session), monkeypatch)
    ask = {"type": "colour", "id": new_event_id(), "view": "view-1234", "column": "label"}
    [(told, _)] = wire.say_with_buffers(ask)
    colors = {entry["name"]: entry["color"] for entry in told["legend"]}
    own = {c.name: c.color for c in session.classes}
    assert {name: colors[name] for name in own} == own
    assert len(set(colors.values())) == 4


@pytest.mark.parametrize(
    ("context", "words"),
    [
        ("sendr", "context='sendr': not a column; the columns are .*Did you mean 'sender'"),
        (["sender", 3], "context=3: not a column"),
        (5, "context=5: not a column"),
    ],
)
def test_a_context_that_is_not_there_is_refused_before_anything_is_written(
    make_session: Make, tmp_path: Path, context: Any, words: str
) -> None:
    table = pd.DataFrame({"text": ["one", "two"], "sender": ["Ann", "Bob"]})
    with pytest.raises(InvalidInput, match=words):
        make_session(table, text="text", context=context, store=tmp_path / "new.sqlite")
    assert not (tmp_path / "new.sqlite").exists()
    with pytest.raises(InvalidInput, match="the data have no columns"):
        make_session(["one", "two"], context="sender")
