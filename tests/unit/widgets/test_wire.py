"""Arbitrary comm messages from a client of the kernel: nothing breaks, and no act can be forged."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import ipywidgets
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers import clouds
from hitl_widgets.session import Session
from hitl_widgets.widgets.channel import ChannelWidget
from hitl_widgets.widgets.explorer import Explorer
from hitl_widgets.widgets.labeler import Labeler
from hitl_widgets.widgets.lesson import Lesson
from hitl_widgets.widgets.monitor import Monitor
from hitl_widgets.widgets.wire import parse
from hitl_widgets.widgets.workbench import Workbench

Make = Callable[..., Session]
KINDS = ["Labeler", "Explorer", "Monitor", "Lesson", "Workbench", "row", "layout"]
TYPES = [
    "hello",
    "show",
    "more",
    "sample",
    "groups",
    "find",
    "alike",
    "list",
    "window",
    "vega",
    "label",
    "clear",
    "past",
    "skip",
    "skipped",
    "begun",
    "undo",
    "redo",
    "step",
    "play",
]
ANSWERS = {"refused", "failed", "ack"}


class Ended:
    """A session that counts its acts, and the messages of its widget."""

    def __init__(self, kind: str, session: Session) -> None:
        self.session = session
        self.sent: list[dict[str, Any]] = []
        self.widget = self._make(kind)
        if isinstance(self.widget, ChannelWidget):
            self.widget.send = self._send

    def _make(self, kind: str) -> Any:
        X, y = clouds(20)
        made: dict[str, Callable[[], Any]] = {
            "Labeler": lambda: Labeler(self.session),
            "Explorer": lambda: Explorer(self.session),
            "Monitor": lambda: Monitor(self.session),
            "Lesson": lambda: Lesson(X[:, :2], y, budget=4),
            "Workbench": lambda: Workbench(self.session),
            "row": lambda: Workbench(self.session).children[0],
            "layout": lambda: Explorer(self.session).layout,
        }
        return made[kind]()

    def _send(self, content: Any, buffers: Any = None) -> None:
        json.dumps(content, allow_nan=False, ensure_ascii=False).encode("utf-8")
        self.sent.append(content)

    def say(self, data: Any, buffers: Any = (), **header: Any) -> list[dict[str, Any]]:
        self.sent.clear()
        self.widget._handle_msg({"header": header, "content": {"data": data}, "buffers": list(buffers)})
        return [m for m in self.sent if m["type"] in ANSWERS]

    def tell(self, content: Any, buffers: Any = (), **header: Any) -> list[dict[str, Any]]:
        return self.say({"method": "custom", "content": content}, buffers, **header)

    @property
    def n(self) -> int:
        return len(self.session.history())


@pytest.fixture(params=KINDS)
def end(request: pytest.FixtureRequest, make_session: Make, bundles: None) -> Ended:
    session = make_session(clouds(20)[0], annotator="ada")
    session.wait()
    return Ended(request.param, session)


@pytest.fixture
def labeler(make_session: Make, bundles: None) -> Ended:
    session = make_session(clouds(20)[0], annotator="ada")
    session.wait()
    return Ended("Labeler", session)


def label(session: Session, **changes: Any) -> dict[str, Any]:
    key = session.pool.keys[0]
    return {"id": "a" * 32, "type": "label", "key": key, "value": "a", "selection": "clicked"} | changes


json_ = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -(2**64), 2**53])
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["\udcff", "\0", "x" * 40_000, *TYPES]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)
nearly = st.fixed_dictionaries(
    {"id": st.sampled_from(["12345678", "b" * 32]) | json_, "type": st.sampled_from(TYPES) | json_},
    optional={
        "view": st.just("view-1234") | json_,
        "key": st.just("0") | json_,
        "value": st.sampled_from(["a", "c"]) | json_,
        "selection": st.sampled_from(["lasso", "api"]) | json_,
        "rows": st.lists(st.integers(0, 30), max_size=5) | json_,
        "picks": st.lists(st.integers(0, 30), max_size=5) | json_,
        "strategy": st.just("margin") | json_,
        "seed": st.integers(0, 3) | json_,
        "index": st.integers(0, 3) | json_,
        "scale": st.floats(0.2, 5) | json_,
        "annotator": json_,
    },
)
envelope = st.fixed_dictionaries(
    {},
    optional={
        "method": st.sampled_from(["custom", "update", "request_state", "echo_update"]) | json_,
        "content": nearly | json_,
        "state": st.dictionaries(
            st.sampled_from(["_esm", "_key", "children", "layout", "width", "_view_module", "x"]), json_
        )
        | json_,
        "buffer_paths": st.lists(json_, max_size=2) | json_,
    },
)


def test_whatever_comes_nothing_is_raised_changed_or_written_and_answers_carry_its_id(end: Ended) -> None:
    state = repr(end.widget.get_state())

    @given(data=envelope | json_, buffers=st.lists(st.binary(max_size=20), max_size=2))
    @settings(max_examples=50, suppress_health_check=list(HealthCheck))
    def fuzz(data: Any, buffers: list[bytes]) -> None:
        before = end.n
        answers = end.say(data, buffers)
        assert repr(end.widget.get_state()) == state
        content = data.get("content") if isinstance(data, dict) else None
        for answer in answers:
            asked = content.get("id") if isinstance(content, dict) else None
            assert answer["id"] in {asked if isinstance(asked, str) else "", ""}
        assert set(end.session.labels()["annotator"]) <= {"ada"}
        if end.n > before:
            assert not buffers
            assert parse(end.widget._takes, content).id == end.session.history()["event_id"].iloc[-1]

    fuzz()


def deep(n: int) -> Any:
    made: Any = "end"
    for _ in range(n):
        made = [made]
    return made


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"value": "x" * 33_000}, "more than 32,005 characters"),
        ({"rows": "x" * 40_000}, "more than 32,005 characters"),
        ({"more": ["x"] * 40_000}, "more than 32,005 characters"),
        ({"more": deep(100_000)}, "more than 32,005 characters"),
        ({"elapsed_ms": 10**100_000}, "more than 32,005 characters"),
        ({"more": deep(900)}, "unknown field `more`"),
        ({"elapsed_ms": float("nan")}, "Expected `int | null`"),
        ({"elapsed_ms": 1e300}, "Expected `int | null`"),
    ],
)
def test_a_message_that_is_too_large_too_deep_or_no_number_is_refused(
    labeler: Ended, changes: dict[str, Any], why: str
) -> None:
    [answer] = labeler.tell(label(labeler.session, **changes))
    assert (answer["type"], answer["id"]) == ("refused", "a" * 32)
    assert why in answer["why"]
    assert labeler.n == 1


def test_a_message_with_buffers_is_refused(labeler: Ended) -> None:
    [answer] = labeler.tell(label(labeler.session), [b"x"])
    assert (answer["type"], "buffers" in answer["why"]) == ("refused", True)
    assert labeler.n == 1


def test_the_largest_selection_of_a_large_pool_and_the_longest_game_are_taken(
    make_session: Make, bundles: None
) -> None:
    from hitl_widgets.data.rows import encode

    session = make_session(np.arange(600_000, dtype=np.float32).reshape(-1, 2))
    rows = encode(np.arange(0, 300_000, 2))
    end = Ended("Labeler", session)
    parse(Labeler._takes, label(session, key=None, rows=rows), largest=end.widget._largest())
    play = {
        "id": "a" * 32,
        "type": "play",
        "view": "b" * 8,
        "strategy": "margin",
        "start": "kmeans",
        "seed": 1,
    }
    parse(Lesson._takes, play | {"picks": list(range(2_000))})


def test_a_client_cannot_say_who_it_is(labeler: Ended) -> None:
    told = labeler.tell(label(labeler.session, annotator="eve"), username="eve")
    assert [answer["type"] for answer in told] == ["refused"]
    told = labeler.tell(label(labeler.session), username="eve")
    assert [answer["type"] for answer in told] == ["ack"]
    assert labeler.session.labels()["annotator"].tolist() == ["ada"]


def test_no_widget_of_the_workbench_can_be_changed_by_a_browser(make_session: Make, bundles: None) -> None:
    found: list[Any] = []
    waiting: list[Any] = [Workbench(make_session())]
    while waiting:
        widget = waiting.pop()
        found.append(widget)
        waiting += [value for value in widget.trait_values().values() if isinstance(value, ipywidgets.Widget)]
        waiting += getattr(widget, "children", ())
    assert len(found) >= 10
    for widget in found:
        before = repr(widget.get_state())
        widget.set_state(dict.fromkeys(widget.keys, "changed"))
        update = {"method": "update", "state": dict.fromkeys(widget.keys, "changed"), "buffer_paths": []}
        widget._handle_msg({"content": {"data": update}, "buffers": []})
        assert repr(widget.get_state()) == before


def test_what_went_wrong_is_told_shortly_and_can_be_sent(make_session: Make, bundles: None) -> None:
    def fail(probabilities: Any, context: Any) -> Any:
        raise ValueError("\udcff" + "x" * 100_000)

    session = make_session(strategy=fail)
    session.label(session.pool.ids[0], "a")
    session.label(session.pool.ids[1], "b")
    with pytest.warns(RuntimeWarning):
        session.wait()
    for kind in ("Labeler", "Monitor"):
        end = Ended(kind, session)
        end.tell({"id": "a" * 8, "type": "hello", "view": "b" * 8})
        assert 1000 < len(end.sent[0]["error"]) <= 2000
