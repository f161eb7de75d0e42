"""The page of the rules over the wire: what is typed, kept, said in passing, retired and removed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hitl_widgets as hitl
from helpers import until
from hitl_widgets.data.rows import encode
from hitl_widgets.labels.events import new_event_id
from hitl_widgets.widgets.monitor import Monitor

Make = Callable[..., hitl.Session]
N = 60
ADS = np.arange(N) % 3 == 0
TABLE = pd.DataFrame(
    {
        "key": [f"k{i}" for i in range(N)],
        "text": [f"mail {i} {'unsubscribe' if ad else 'minutes'}" for i, ad in enumerate(ADS)],
    }
)
VIEW = "the-one-view"


class Page:
    """A Monitor with recorded messages and buffers."""

    def __init__(self, session: hitl.Session) -> None:
        self.widget, self.sent = Monitor(session), list[tuple[dict[str, Any], list[bytes]]]()
        self.widget.send = lambda told, buffers=None: self.sent.append(  # type: ignore[method-assign]
            (json.loads(json.dumps(told)), list(buffers or []))
        )
        self.say("hello", view=VIEW)

    def say(self, type_: str, **more: Any) -> str:
        id_ = new_event_id()
        self.widget._receive(self.widget, {"type": type_, "id": id_, **more}, [])
        return id_

    def ask(self, type_: str, answer: str, **more: Any) -> tuple[dict[str, Any], list[bytes]]:
        self.sent.clear()
        self.say(type_, view=VIEW, **more)
        until(lambda: any(told["type"] == answer for told, _ in self.sent))
        return next(pair for pair in self.sent if pair[0]["type"] == answer)

    def rules(self) -> dict[str, Any]:
        return self.ask("rules", "rules")[0]

    def refused(self) -> str:
        return next(told["why"] for told, _ in reversed(self.sent) if told["type"] == "refused")


@pytest.fixture
def session(make_session: Make, bundles: None) -> hitl.Session:
    X = np.random.default_rng(0).normal(size=(N, 4)).astype(np.float32)
    made = make_session(TABLE, text="text", id="key", X=X, classes=["ad", "mail"], audit=0)
    for i in range(12):
        made.label(f"k{i}", "ad" if ADS[i] else "mail")
    made.wait()
    return made


def test_what_is_typed_is_counted_and_shown_before_it_is_kept(session: hitl.Session) -> None:
    page = Page(session)
    assert page.rules()["rules"] == []
    told, (rows, codes) = page.ask("try_rule", "votes", name="", query="unsubscribe", of="ad")
    assert np.frombuffer(rows, "<u4").tolist() == np.flatnonzero(ADS).tolist()
    assert set(codes) == {0}
    assert told["figures"]["n_items"] == 20
    assert (told["figures"]["n_labelled"], told["figures"]["accuracy"]) == (4, 1.0)
    assert len(session.teach.rules) == 0
    told, buffers = page.ask("try_rule", "votes", name="", query="labelled", of="ad")
    assert "depends on labels" in told["why"]
    assert buffers == [b"", b""]
    told, _ = page.ask("try_rule", "votes", name="nobody", query="", of="")
    assert "There is no rule 'nobody'" in told["why"]


def test_rules_are_said_in_passing_and_get_names_of_their_own(session: hitl.Session) -> None:
    page = Page(session)
    act = page.say("rule", of="ad", query="unsubscribe", rows="")
    assert list(session.teach.rules) == ["unsubscribe"]
    # Sent again, it changes nothing.
    again = {"type": "rule", "id": act, "of": "ad", "query": "unsubscribe", "rows": ""}
    page.widget._receive(page.widget, again, [])
    assert list(session.teach.rules) == ["unsubscribe"]
    page.say("rule", of="ad", query="unsubscribe", rows="")
    assert page.refused() == "This rule is there already: 'unsubscribe'."
    page.say("rule", of="mail", query="unsubscribe", rows="")
    rows = encode(np.array([1, 2, 4]))
    page.say("rule", of="mail", query="", rows=rows, pool=session.pool.fingerprint)
    page.say("rule", of="mail", query="", rows=encode(np.array([1, 2, 5])), pool=session.pool.fingerprint)
    assert list(session.teach.rules) == ["unsubscribe", "unsubscribe 2", "3 items", "3 items 2"]
    told = {one["name"]: one for one in page.rules()["rules"]}
    assert told["3 items"]["figures"]["n_items"] == 3
    assert told["unsubscribe"]["figures"]["n_conflicts"] == 20
    page.say("undo")
    assert list(session.teach.rules) == ["unsubscribe", "unsubscribe 2", "3 items"]
    assert len(session.labels()) == 12


def test_rules_are_retired_brought_back_and_removed(session: hitl.Session) -> None:
    page = Page(session)
    session.teach.rules["ads"] = hitl.Rule("unsubscribe", label="ad")
    session.wait()
    assert "of the weight in the model" in page.rules()["trust"]
    page.say("retire_rule", name="ads", back=False)
    told = page.rules()
    assert told["rules"][0]["retired"]
    assert told["trust"] == ""
    # To say it again brings it back, under its name.
    page.say("rule", of="ad", query="unsubscribe", rows="")
    assert not page.rules()["rules"][0]["retired"]
    history = page.ask("hello", "welcome")[0]["history"]
    assert [one["value"] for one in history[:3]] == ["rule ads kept", "rule ads retired", "rule ads kept"]
    page.say("remove_rule", name="ads")
    assert page.rules()["rules"] == []
    page.say("retire_rule", name="ads", back=False)
    assert "There is no rule 'ads'" in page.refused()


def test_other_questions_have_no_rules_and_it_says_why(make_session: Make, bundles: None) -> None:
    page = Page(make_session(classes=None, question=hitl.Question.choices(["a", "b"])))
    assert "Rules are for questions with one class" in page.rules()["why"]


def test_the_history_says_what_was_struck_out_and_brought_back(make_session: Make) -> None:
    session = make_session(TABLE, text="text", id="key", classes=["ad", "mail"])
    page = Page(session)
    session.teach.strike("minutes")
    session.teach.bring_back("minutes")
    session.teach.emphasize("mail")
    history = page.ask("hello", "welcome")[0]["history"]
    assert [one["value"] for one in history[:3]] == [
        "counts more: mail", "brought back: minutes", "struck out: minutes",
    ]  # fmt: skip
