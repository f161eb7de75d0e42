"""The messages of every widget, and their agreement with protocol.ts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import msgspec
import pandas as pd
import pytest

from helpers import clouds, until
from hitl_widgets.loop.teach.rules import Rule
from hitl_widgets.races.simulate import simulate
from hitl_widgets.session import Session
from hitl_widgets.widgets import protocol
from hitl_widgets.widgets.explorer import Explorer
from hitl_widgets.widgets.labeler import Labeler
from hitl_widgets.widgets.lesson import Lesson
from hitl_widgets.widgets.monitor import Monitor
from hitl_widgets.widgets.replay.widget import Controls, Replay
from hitl_widgets.widgets.reviewer import Reviewer
from hitl_widgets.widgets.wire import Action, FromBrowser, Request, ToBrowser, parse

Make = Callable[..., Session]
WIDGETS = [Labeler, Explorer, Monitor, Reviewer, Lesson, Controls]
PAIRS = [(kind, struct) for kind in WIDGETS for struct in get_args(kind._takes)]
TAKEN = {struct.__struct_config__.tag: struct for _, struct in PAIRS}
FOREIGN = [
    (kind, struct) for kind in WIDGETS for struct in TAKEN.values() if struct not in get_args(kind._takes)
]


def name(value: Any) -> str:
    return value.__name__


def message(struct: Any, key: str = "0", act: str = "some act") -> dict[str, Any]:
    """A valid message of this type, with the key of an item or the id of an act."""
    tag = struct.__struct_config__.tag
    fields: dict[str, dict[str, Any]] = {
        "show": {"rows": [0, 3]},
        "more": {"row": 0, "ask": {"at": 0}, "most": 1_000},
        "label": {"key": key, "value": "a", "selection": "clicked"},
        "clear": {"key": key, "selection": "clicked"},
        "past": {"n": 0},
        "decide": {"key": key, "answer": {"class": "a", "word": "a"}, "because": "", "gold": False},
        "cases": {"later": [1]},
        "skip": {"key": key},
        "begun": {"keys": [key]},
        "note": {"key": key, "text": "odd"},
        "reveal": {"key": key},
        "module": {"name": "compose-spans"},
        "answers": {"rows": [0, 3]},
        "settle": {"keep": True},
        "keep": {"key": key},
        "behind": {"what": "hasty"},
        "jump": {"act": act},
        "restore": {"acts": [act]},
        "change": {"change": "add", "classes": [{"name": "c"}]},
        "sample": {"rows": "AQEA"},
        "together": {"rows": "AQEA"},
        "members": {"rows": [0, 3]},
        "source": {"row": 3},
        "try": {"row": 3, "text": "refund"},
        "flip": {"row": 3},
        "edit": {"key": key, "of": "a", "cells": {"x0": "7"}},
        "why": {"row": 3, "codes": [1, 0]},
        "groups": {"scale": 2},
        "colour": {"column": "price"},
        "find": {"query": "refund"},
        "slice": {"name": "late", "query": "labelled"},
        "guide": {"key": key, "of": "a", "counter": True, "because": ""},
        "requeue": {"of": "a"},
        "rule": {"of": "a", "query": "", "rows": "AQEA"},
        "retire_rule": {"name": "ones", "back": False},
        "remove_rule": {"name": "ones"},
        "try_rule": {"name": "ones", "query": "", "of": ""},
        "dismiss": {"name": "class 3"},
        "strike": {"word": None, "column": "x0", "on": True},
        "preview": {"word": None, "column": "x0"},
        "alike": {"row": 3},
        "window": {"number": 1, "start": 0, "n": 10},
        "shade": {"by": ""},
        "committee": {"strategy": "margin", "start": "kmeans", "seed": 0, "index": 1},
        "expect": {"strategy": "margin", "start": "kmeans", "seed": 0, "index": 0, "row": 3},
        "draw": {"points": [[i / 12, 0.5, i % 2] for i in range(12)]},
        "open": {"act": act},
        "propose": {"error": 0.1, "certainty": None},
        "hand_over": {"proposal": act},
        "take_back": {"act": act},
        "span": {"first": 1, "last": 1},
        "step": {"strategy": "margin", "start": "kmeans", "seed": 0, "index": 1},
        "play": {"strategy": "margin", "start": "kmeans", "seed": 0, "picks": []},
        "attempt": {
            "exercise": "break-margin",
            "strategy": "margin",
            "start": "kmeans",
            "seed": 0,
            "picks": [],
            "hints": 0,
            "next": False,
        },
        "go": {"contestant": "random", "repeat": 0, "step": 3},
    }
    view = {"view": "view-1234"} if issubclass(struct, Request) else {}
    return {"type": tag, "id": "message-1"} | view | fields.get(tag, {})


class Told:
    """A widget and the messages that it sends."""

    def __init__(self, kind: Any, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
        X, y = clouds(20)
        self.replay = None  # kept, because its session would be closed
        if kind is Controls:
            race = simulate(X, y, "linear", "random", 10, 1, at=[5], n_jobs=1, progress=False)
            self.replay = Replay(race)
            self.widget: Any = self.replay.controls
        else:
            self.widget = Lesson(X[:, :2], y, budget=4) if kind is Lesson else kind(session)
        self.sent: list[dict[str, Any]] = []
        monkeypatch.setattr(self.widget, "send", lambda content, _=None: self.sent.append(content))

    def say(self, content: Any) -> list[dict[str, Any]]:
        self.sent.clear()
        self.widget._receive(self.widget, content, [])
        return self.sent


@pytest.fixture
def session(make_session: Make, bundles: None) -> Session:
    made = make_session(clouds(20)[0], mask=["email"])
    made.wait()
    return made


# Messages that are understood, but do not fit this session, which got X= and proposes nothing.
UNFIT = {"dismiss": "is not proposed now", "strike": "passed as X=", "edit": "passed as X="}


@pytest.mark.parametrize(("kind", "struct"), PAIRS, ids=name)
def test_every_message_that_a_widget_takes_is_handled(
    kind: Any, struct: Any, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hitl_widgets.widgets.shared.widget.module", lambda _: [b"code", b""])
    for module in ("explorer", "monitor"):
        monkeypatch.setattr(f"hitl_widgets.widgets.{module}.widget.bundle", lambda _: "{}")
    act = session._loop.acts.label([0 if struct.__struct_config__.tag == "keep" else 2], "a")
    if struct.__struct_config__.tag == "restore":
        session.undo()
        session._loop.acts.label([3], "b")
    if struct.__struct_config__.tag in {"retire_rule", "remove_rule", "try_rule"}:
        session.teach.rules["ones"] = Rule(items=session.pool.ids[1:3], label="a")
    if struct.__struct_config__.tag == "requeue":
        session.teach.guidelines["a"].text = "the first letter"
    if struct.__struct_config__.tag in {"hand_over", "take_back"}:
        proposal = pd.DataFrame({"id": session.pool.ids[4:6], "label": ["a", "b"]})
        proposal.attrs = {"error": 0.1, "certainty": None, "audits": 20}
        act, _ = session._loop.handing.propose(proposal)
        if struct.__struct_config__.tag == "take_back":
            act = session.hand_over(proposal)
    told = Told(kind, session, monkeypatch)
    sent = told.say(message(struct, session.pool.keys[0], act))
    refused = [m["why"] for m in sent if m["type"] in {"refused", "failed", "trouble"}]
    if (expected := UNFIT.get(struct.__struct_config__.tag)) is not None:
        assert len(refused) == 1
        assert expected in refused[0]
        return
    assert not refused
    if issubclass(struct, Action):
        assert [m["id"] for m in sent if m["type"] == "ack"] == ["message-1"]
    if struct.__struct_config__.tag == "more":
        until(lambda: [m for m in sent if m["type"] == "part"])
    for each in sent:
        msgspec.convert(each, kind._tells)


@pytest.mark.parametrize(("kind", "struct"), FOREIGN, ids=name)
def test_a_message_of_another_widget_is_refused_with_the_reason(
    kind: Any, struct: Any, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = len(session.history())
    [reply] = Told(kind, session, monkeypatch).say(message(struct))
    assert (reply["type"], reply["id"]) == ("refused", "message-1")
    assert f"Invalid value '{struct.__struct_config__.tag}'" in reply["why"]
    assert len(session.history()) == before


@pytest.mark.parametrize("struct", TAKEN.values(), ids=name)
def test_every_message_of_a_browser_is_read_as_it_was_written(struct: Any) -> None:
    found = parse(struct, message(struct))
    assert parse(struct, msgspec.to_builtins(found)) == found
    assert issubclass(struct, FromBrowser)


TOLD = dict.fromkeys(struct for kind in WIDGETS for struct in get_args(kind._tells))


def example(info: Any) -> Any:
    """A value of a type."""
    match info:
        case msgspec.inspect.StructType():
            made = {f.encode_name: example(f.type) for f in info.fields if f.required}
            return made | ({info.tag_field: info.tag} if info.tag_field else {})
        case msgspec.inspect.Metadata() | msgspec.inspect.CustomType():
            return example(info.type)
        case msgspec.inspect.UnionType():
            return example(info.types[0])
        case msgspec.inspect.LiteralType():
            return info.values[0]
        case msgspec.inspect.ListType() | msgspec.inspect.VarTupleType():
            return [example(info.item_type)]
        case msgspec.inspect.TupleType():
            return [example(item) for item in info.item_types]
        case msgspec.inspect.DictType():
            return {"kind": "text"}
    simple = {"IntType": 3, "FloatType": 0.5, "BoolType": True, "NoneType": None}
    return simple.get(type(info).__name__, "words")


@pytest.mark.parametrize("struct", TOLD, ids=name)
def test_every_message_of_the_kernel_is_read_as_it_was_written(struct: Any) -> None:
    content = example(msgspec.inspect.type_info(struct))
    found = msgspec.convert(content, struct)
    written = msgspec.json.decode(msgspec.json.encode(found))
    assert issubclass(struct, ToBrowser)
    assert content.items() <= written.items()
    assert msgspec.convert(written, struct) == found


def test_protocol_ts_is_up_to_date() -> None:
    assert protocol.TARGET.read_text(encoding="utf-8") == protocol.protocol(), "run `make protocol`"


def test_protocol_ts_has_every_message() -> None:
    text = protocol.protocol()
    for struct in [*TAKEN.values(), *TOLD]:
        [line] = [part for part in text.split("\n\n") if f"export type {struct.__name__} =" in part]
        assert f'type: "{struct.__struct_config__.tag}"' in line
