"""The Reviewer and the Labeler over the wire: decisions, gold questions, and qualifications."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hitl_widgets as hitl
from helpers import until
from hitl_widgets.evidence import Evidence
from hitl_widgets.labels.events import new_event_id
from hitl_widgets.widgets.labeler import Labeler
from hitl_widgets.widgets.monitor import Monitor
from hitl_widgets.widgets.reviewer import Reviewer

pytestmark = pytest.mark.usefixtures("bundles", "no_umap")

N = 30
TABLE = pd.DataFrame({"id": [f"r{i}" for i in range(N)], "text": [f"message {i}" for i in range(N)]})
X = np.random.default_rng(0).normal(size=(N, 4)).astype(np.float32)
VIEW = "the-one-view"


def opened(folder: Path, who: str, **more: Any) -> hitl.Session:
    told = {"classes": ["spam", "ham"], "learner": "linear", "X": X, "random_state": 0, "audit": 0} | more
    return hitl.Session(TABLE, text="text", id="id", store=folder / "l.sqlite", annotator=who, **told)


class Page:
    """A widget with recorded messages."""

    def __init__(self, widget: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.widget, self.sent = widget, list[dict[str, Any]]()
        monkeypatch.setattr(
            widget, "send", lambda told, _=None: self.sent.append(json.loads(json.dumps(told)))
        )
        self.say("hello", view=VIEW)

    def say(self, type_: str, **more: Any) -> str:
        id_ = new_event_id()
        self.widget._receive(self.widget, {"type": type_, "id": id_, **more}, [])
        return id_

    def last(self, field: str) -> Any:
        return next(m[field] for m in reversed(self.sent) if field in m)


@pytest.fixture
def disputed(tmp_path: Path) -> Path:
    with opened(tmp_path, "ann") as ann, opened(tmp_path, "bob") as bob:
        ann.label(["r0", "r1", "r2"], "spam")
        bob.label(["r0", "r1"], "ham")
        bob.label("r2", "spam")
        ann.note("r0", "sells pills")
    return tmp_path


def test_a_dispute_is_sent_decided_and_undone(disputed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(disputed, "rev") as rev:
        page = Page(Reviewer(rev), monkeypatch)
        until(lambda: page.last("ready") and len(page.last("queue")) == 2)
        case = next(one for one in page.last("queue") if one["key"] == "r0")
        said = {one["words"]: one for one in case["answers"]}
        assert said["spam"]["people"] == ["ann"]
        assert said["spam"]["notes"] == ["ann: sells pills"]
        assert said["ham"]["n"] == 1
        assert (page.last("n_shared"), page.last("n_people")) == (3, 2)
        told = {"key": "r0", "answer": said["spam"]["answer"], "because": "It sells.", "gold": True}
        id_ = page.say("decide", **told)
        assert [m["id"] for m in page.sent if m["type"] == "ack"] == [id_]
        assert rev.decisions()[["label", "because", "gold"]].to_numpy().tolist() == [
            ["spam", "It sells.", True]
        ]
        until(lambda: [one["key"] for one in page.last("queue")] == ["r1"])
        assert page.last("n_decided") == 1
        page.say("decide", **told | {"because": "x"})  # again, under another id: it replaces the first
        assert rev.decisions()["because"].tolist() == ["x"]
        page.say("undo")
        page.say("undo")
        assert page.last("back")["key"] == "r0"
        until(lambda: {one["key"] for one in page.last("queue")} == {"r0", "r1"})
        later = next(one["row"] for one in page.last("queue"))
        page.say("cases", view=VIEW, later=[later])
        assert page.last("queue")[-1]["row"] == later


def test_a_failed_search_is_told_and_a_search_that_finds_the_same_is_not(
    disputed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(disputed, "rev") as rev:
        rev.wait()

        def broken(self: Evidence, *, model: bool = True) -> Any:
            raise MemoryError("too many answers")

        with monkeypatch.context() as broke:
            broke.setattr(Evidence, "cases", broken)
            page = Page(Reviewer(rev), monkeypatch)
            until(lambda: page.last("why") == "MemoryError: too many answers")
            assert page.last("ready") is False
        page.say("hello", view=VIEW)
        over = threading.Event()
        page.widget._later("disputes", over.set)
        assert over.wait(20)
        assert page.last("ready")
        assert page.last("why") == ""
        n = len(page.sent)
        page.widget._find()
        assert len(page.sent) == n


def test_names_can_stay_in_the_kernel(disputed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(disputed, "rev") as rev:
        page = Page(Reviewer(rev, names=False), monkeypatch)
        until(lambda: page.last("ready") and page.last("queue"))
        told = json.dumps(page.sent)
        assert "bob" not in told
        assert "sells pills" not in told
        assert page.last("queue")[0]["answers"][0]["n"] == 1


def test_a_decision_reaches_the_annotators(disputed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(disputed, "rev") as rev, opened(disputed, "bob") as bob:
        page = Page(Labeler(bob), monkeypatch)
        monitor = Page(Monitor(bob), monkeypatch)
        rev.decide("r0", "spam", "It sells pills.")
        bob.progress()
        until(lambda: any(m["type"] == "guidance" for m in page.sent))
        [precedent] = page.last("precedents")
        assert precedent == {
            "row": 0, "codes": [0], "counter": False, "kept": False, "item": "message 0",
            "because": "It sells pills.", "by": "rev",
        }  # fmt: skip
        page.say("members", view=VIEW, rows=[0])
        [member] = page.last("members")
        assert member["decided"] == "Decided by rev: spam. Why: It sells pills."
        assert member["codes"] == [0]
        monitor.say("hello", view=VIEW)
        # Bob labelled r0 in bulk, so it says nothing about his answers to single items; r2 does.
        assert monitor.last("yours")["reviewed"] == 0
        rev.decide("r2", "ham")
        bob.progress()
        monitor.say("hello", view=VIEW)
        yours = monitor.last("yours")
        assert (yours["reviewed"], yours["upheld"], yours["changed"]) == (1, 0, 'id:"r2"')
        assert yours["agreement"]["n"] == 1
        id_ = page.say("label", key="r0", value="ham", selection="clicked")
        ack = next(m for m in page.sent if m["type"] == "ack" and m["id"] == id_)
        assert "the decision counts" in ack["beside"]


def test_a_gold_question_looks_like_any_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(tmp_path, "rev") as rev:
        rev.gold([f"r{i}" for i in range(15)], "spam", "It sells pills.", share=0.5)
    with opened(tmp_path, "ann", audit=0.5) as ann:
        ann.wait()
        page = Page(Labeler(ann), monkeypatch)
        until(lambda: len(page.last("queue")) > 5)
        asks = page.last("queue")
        golden = [ask for ask in asks if ask["row"] < 15]
        assert golden
        assert len(golden) < len(asks)
        told = {json.dumps({k: v for k, v in ask.items() if k not in {"row", "key"}}) for ask in golden}
        rest = {
            json.dumps({k: v for k, v in ask.items() if k not in {"row", "key"}} | {"selection": "suggested"})
            for ask in asks
            if ask["row"] >= 15 and ask["blind"]
        }
        assert rest
        assert told == rest
        assert "pills" not in json.dumps(page.sent), "neither its reason nor who decided it"
        assert page.last("known") == []
        page.say("members", view=VIEW, rows=[golden[0]["row"]])
        [member] = page.last("members")
        assert (member["codes"], member["decided"], member["blind"]) == (None, "", True)
        id_ = page.say("label", key=golden[0]["key"], value="ham", selection="suggested")
        assert next(m for m in page.sent if m["type"] == "ack" and m["id"] == id_)["beside"] is None
        assert ann.labels().query("annotator == 'ann'")["selection"].tolist() == ["gold"]


def test_a_qualification_is_taken_in_the_labeler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(tmp_path, "rev") as rev:
        rev.gold([f"r{i}" for i in range(6)], "spam", "It sells pills.")
        rev.qualify(2, 1.0, practice=1, tries=1)
    with opened(tmp_path, "ann") as ann, opened(tmp_path, "bob") as bob:
        page, other = Page(Labeler(ann), monkeypatch), Page(Labeler(bob), monkeypatch)
        asks = page.last("queue")
        assert [ask["reason"].split(":")[0] for ask in asks] == ["practice", "qualification", "qualification"]
        assert all(ask["blind"] and ask["guess"] is None for ask in asks)
        page.say("label", key=asks[0]["key"], value="ham", selection="suggested")
        assert page.last("beside") == "Not quite. The answer is spam. Why: It sells pills."
        page.say("skip", key="r20")
        assert page.sent[-1]["type"] == "refused"
        for ask in asks[1:]:
            page.say("label", key=ask["key"], value="spam", selection="suggested")
        assert "2 of 2 right: you have passed" in page.last("beside")
        until(lambda: page.last("queue") and "qualification" not in page.last("queue")[0]["reason"])
        page.say("label", key="r20", value="ham", selection="clicked")
        assert ann.labels().query("annotator == 'ann'")["id"].tolist() == ["r20"]
        for ask in other.last("queue"):
            other.say("skip", key=ask["key"])
        until(lambda: "Thank you for trying" in other.last("error"))
        until(lambda: other.last("queue") == [])
        assert bob.labels().query("annotator == 'bob'").empty
