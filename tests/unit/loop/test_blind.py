"""While an item is asked blind, no message reveals a prediction or an answer for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers import clouds
from hitl_widgets.data.rows import encode
from hitl_widgets.labels.events import new_event_id
from hitl_widgets.session import Session
from hitl_widgets.widgets.shared.marks import BLIND
from hitl_widgets.widgets.workbench import Workbench

Make = Callable[..., Session]
NONE = 255


class Page:
    """A Workbench with recorded messages, and what a browser would know from them."""

    def __init__(self, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
        self.session = session
        self.sent: list[tuple[dict[str, Any], list[bytes]]] = []
        self.bench = Workbench(session)
        for widget in self.bench.views:
            monkeypatch.setattr(widget, "send", lambda m, b=None: self.sent.append((m, list(b or []))))
        for widget in self.bench.views:
            self.say(widget, "hello")

    def say(self, widget: Any, type_: str, **more: Any) -> None:
        view = {"view": "the-one-view"} if type_ in {"hello", "sample", "members", "open"} else {}
        widget._receive(widget, {"type": type_, "id": new_event_id(), **view, **more}, [])

    @property
    def asks(self) -> list[dict[str, Any]]:
        """The last queue."""
        return next(m["queue"] for m, _ in reversed(self.sent) if "queue" in m)

    def ask(self, row: int) -> dict[str, Any]:
        return next(a for a in self.asks if a["row"] == row)

    def settle(self) -> None:
        """Wait until the views have received everything."""
        self.session.wait()
        explorer = self.bench.explorer
        for _ in range(1000):
            with explorer._wire:
                if all(map(np.array_equal, explorer._sent, explorer._marks())):
                    return
            time.sleep(0.02)
        raise AssertionError("the map is never told of what is new")

    def look(self, row: int) -> None:
        """Everything a user can do to learn more about an item: hover, click, circle it, reload."""
        for rows in ([row], sorted({row, 0, 1}), list(range(len(self.session.pool)))):
            self.say(self.bench.labeler, "sample", rows=encode(rows))
            self.say(self.bench.labeler, "members", rows=rows)
        for widget in self.bench.views:
            self.say(widget, "hello")

    def told(self, row: int, since: int = 0) -> list[Any]:
        """Everything revealed about a row, from message ``since`` on."""
        return [what for m, buffers in self.sent[since:] for what in _of(m, buffers, row)]


def _of(m: dict[str, Any], buffers: list[bytes], row: int) -> Iterator[Any]:
    """What one message reveals about a row, besides its content."""
    if m["type"] == "marks":
        rows, *marks = buffers
        at = np.frombuffer(rows, "<u4").tolist() if not m["full"] else None
        if at is None or row in at:
            told = [part[row if at is None else at.index(row)] for part in marks]
            if told != [NONE, NONE, BLIND]:
                yield "marks", told
        if row in m["rings"]:
            yield ("ring",)
    for ask in [*m.get("queue", ()), *filter(None, [m.get("back")])]:
        if ask["row"] == row and ask["guess"] is not None:
            yield "guess", ask
    for member in [*m.get("members", ()), *filter(None, [m.get("only")])]:
        if member["row"] == row and (member["guess"] is not None or member["codes"] is not None):
            yield "member", member
    if m["type"] == "sample" and m["n"] == 1 and (m["mix"] or m["had"]):
        yield "mix", m["mix"], m["had"]


@pytest.fixture
def people(make_session: Make, tmp_path: Path) -> Callable[..., Session]:
    def make(name: str, **options: Any) -> Session:
        options = {"store": tmp_path / "labels.sqlite", "annotator": name, "audit": 0.0} | options
        return make_session(clouds(60)[0], **options)

    return make


def train(session: Session, n: int = 16) -> None:
    truth = clouds(60)[1]
    for i in range(0, n, 2):
        for row in (i, i + 1):
            session._loop.acts.label([row], truth[row])
    session.wait()


def test_a_draw_for_the_audit_is_told_to_no_view_until_it_is_answered(
    people: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = people("ann", audit=0.5)
    train(session)
    page = Page(session, monkeypatch)
    row = next(a["row"] for a in page.asks if a["selection"] == "audit")
    assert page.ask(row)["blind"]
    page.look(row)
    session._loop.acts.label([50], "a", selection="clicked")
    page.settle()
    page.look(row)
    assert page.told(row) == []
    hinted = next(a["row"] for a in page.asks if a["selection"] != "audit")
    page.look(hinted)
    assert {what[0] for what in page.told(hinted)} >= {"marks", "guess", "member"}, "others are told as ever"

    n = len(page.sent)
    page.say(page.bench.labeler, "label", key=session.pool.keys[row], value="a", selection="audit")
    page.settle()
    page.look(row)
    assert {what[0] for what in page.told(row, n)} >= {"marks", "member"}, "and this one once it is answered"

    page.say(page.bench.labeler, "undo")
    n = len(page.sent)
    page.settle()
    page.look(row)
    assert page.told(row, n) == [], "and no more when that is undone: it is asked again"


def test_a_draw_that_was_skipped_stays_blind_for_when_it_is_asked_again(
    people: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = people("ann", audit=1.0)
    train(session)
    page = Page(session, monkeypatch)
    row = page.asks[0]["row"]
    page.say(page.bench.labeler, "skip", key=session.pool.keys[row])
    page.settle()
    page.look(row)
    assert page.told(row) == []


def test_a_second_opinion_is_asked_without_the_first(people: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    bob = people("bob")
    train(bob)
    ann = people("ann", overlap=1.0)
    ann.wait()
    page = Page(ann, monkeypatch)
    asked = [a["row"] for a in page.asks if "second opinion" in a["reason"]]
    waiting = range(16)  # also items that are not in the queue yet
    assert asked
    for row in waiting:
        page.look(row)
        assert page.told(row) == []
    state = page.bench.monitor._state()
    assert (state["balance"], state["n_hidden"], state["n_labels"]) == ([0, 0], 16, 16)

    row, n = asked[0], len(page.sent)
    page.say(page.bench.labeler, "label", key=ann.pool.keys[row], value="b", selection="suggested")
    page.settle()
    page.look(row)
    assert {what[0] for what in page.told(row, n)} >= {"marks", "member"}
    assert page.bench.monitor._state()["n_hidden"] == 15
    n = len(page.sent)
    page.say(page.bench.labeler, "undo")
    page.settle()
    page.look(row)
    assert page.told(row, n + 1) == []


def test_what_somebody_else_says_of_the_item_on_the_card_is_not_told(
    people: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob = people("ann"), people("bob")
    train(ann)
    page = Page(ann, monkeypatch)
    row = page.asks[0]["row"]
    bob._loop.acts.label([row, 40, 41], "b", selection="lasso")
    n = len(page.sent)
    assert ann.n_labels > 16  # ann has received it
    page.settle()
    page.look(row)
    assert page.told(row, n) == []
    known = [k for m, _ in page.sent[n:] for k in m.get("known", ()) if k["key"] == ann.pool.keys[row]]
    assert known
    assert all((k["codes"], k["mine"]) == (None, False) for k in known), "only that somebody did"
    assert 40 not in ann._loop.blind.rows(ann._loop.labels), "what is on no card is told as ever"


def test_what_python_was_given_for_the_audit_is_not_told_either(
    people: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = people("ann", audit=1.0)
    train(session)
    rows = session.pool.index(session.query(3))
    page = Page(session, monkeypatch)
    for row in map(int, rows):
        page.look(row)
        assert page.told(row) == []


def test_a_selection_tells_the_same_with_an_item_that_is_asked_blind_as_without(
    people: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = people("ann", audit=0.5)
    train(session)
    page = Page(session, monkeypatch)
    row = next(a["row"] for a in page.asks if a["selection"] == "audit")
    others = [i for i in range(60) if i not in set(session._loop.blind.rows(session._loop.labels).tolist())]
    for rows in (others, sorted([*others, row])):
        page.say(page.bench.labeler, "sample", rows=encode(rows))
    without, with_ = [m for m, _ in page.sent if m["type"] == "sample"][-2:]
    for part in ("mix", "n_labelled", "n_others", "had"):
        assert without[part] == with_[part]


def test_with_nothing_asked_blind_everything_is_told(people: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    session = people("ann")
    train(session)
    page = Page(session, monkeypatch)
    assert not len(session._loop.blind.rows(session._loop.labels))
    for row in range(60):
        assert any(what[0] == "marks" for what in page.told(row))
