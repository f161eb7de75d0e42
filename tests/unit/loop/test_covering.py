"""Blurred items and hidden personal data, as the views get them."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from hitl_widgets.errors import InvalidInput
from hitl_widgets.items.base import Size
from hitl_widgets.labels.events import new_event_id
from hitl_widgets.session import Session, loop_of
from hitl_widgets.widgets.workbench import Workbench

TEXTS = [f"{word} {i} by a{i}@example.org" for i in range(30) for word in ("apple", "river")]


@pytest.fixture
def make(tmp_path):
    opened = []

    def one(**settings: Any) -> Session:
        table = pd.DataFrame({"text": TEXTS, "warn": ["gore", ""] * 30, "from": ["b@example.org"] * 60})
        settings = {"classes": ["fruit", "water"], "store": tmp_path / "l.sqlite", **settings}
        opened.append(Session(table, text="text", annotator="ann", random_state=0, **settings))
        return opened[-1]

    yield one
    for session in opened:
        session.close()


def messages(session, monkeypatch, *asked):
    """What a Labeler answers to messages."""
    sent: list[dict[str, Any]] = []
    labeler = Workbench(session).labeler
    monkeypatch.setattr(labeler, "send", lambda m, b=None: sent.append(m))
    for type_, more in asked:
        view = {} if type_ == "reveal" else {"view": "the-one-view"}
        labeler._receive(labeler, {"type": type_, "id": new_event_id(), **view, **more}, [])
    return sent


def shown(sent, small=False):
    return [item for m in sent if m["type"] == "items" and m["small"] == small for item in m["items"]]


def test_personal_data_reaches_the_browser_only_once_it_is_logged(make, monkeypatch):
    session = make(mask=True, context=["from"])
    key = session.pool.keys[4]
    asked = [("show", {"rows": [4, 5]}), ("show", {"rows": [4], "small": True})]
    before = messages(session, monkeypatch, *asked)
    assert len(shown(before)) == 2
    assert len(shown(before, small=True)) == 1
    assert "example.org" not in str(before)
    after = messages(session, monkeypatch, ("reveal", {"key": key}), *asked)
    first, other = shown(after)
    assert "a2@example.org" in str(first["content"])
    assert "b@example.org" in str(first["context"])
    assert "example.org" not in str(other)
    assert "example.org" not in str(shown(after, small=True))
    [event] = [e for e in session.history().to_dict("records") if e["kind"] == "reveal"]
    assert (event["annotator"], event["item_ids"]) == ("ann", [key])
    assert session.undo() is None  # it is no act
    assert session.labels().empty


def test_what_was_shown_is_hidden_again_after_a_restart_and_stays_in_the_history(make, monkeypatch):
    session = make(mask=True)
    messages(session, monkeypatch, ("reveal", {"key": session.pool.keys[0]}))
    session.close()
    again = make(mask=True)
    [item] = shown(messages(again, monkeypatch, ("show", {"rows": [0]})))
    assert "example.org" not in str(item)
    assert (again.history()["kind"] == "reveal").sum() == 1
    again.export(again.store.path.parent / "all.jsonl")
    again.close()
    other = make(store=again.store.path.parent / "other.sqlite")
    other.import_labels(again.store.path.parent / "all.jsonl")


def test_a_session_without_a_mask_refuses_to_show_what_is_not_hidden(make, monkeypatch):
    session = make()
    [refusal] = messages(session, monkeypatch, ("reveal", {"key": session.pool.keys[0]}))
    assert refusal["type"] == "refused"
    assert "mask=" in refusal["why"]


def test_names_of_groups_and_tasks_sent_out_are_masked_too(make, tmp_path):
    session = make(mask=True)
    session.wait()
    drawn = session.map
    assert not any("example" in name for name in (drawn.names if drawn else ()))
    assert not any("email" in name for name in (drawn.names if drawn else ()))


@pytest.mark.parametrize("to", ["page", "label-studio", "mturk"])
def test_tasks_that_are_sent_out_are_masked_with_their_context(make, tmp_path, to):
    session = make(mask=True, context=["from"])
    session.export_tasks(tmp_path / "out", to, n=3)
    pages = [p.read_text() for p in (tmp_path / "out").rglob("*") if p.is_file()]
    assert any("apple" in page or "river" in page for page in pages)
    assert not any("example.org" in page for page in pages)


def test_the_legend_is_masked(make, monkeypatch):
    session = make(mask=True)
    explorer = Workbench(session).explorer
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(explorer, "send", lambda m, b=None: sent.append(m))
    asked = {"type": "colour", "id": new_event_id(), "view": "the-one-view", "column": "from"}
    explorer._receive(explorer, asked, [])
    [entry] = sent[-1]["legend"]
    assert entry["name"].startswith("[email]")


def test_a_column_blurs_with_its_words(make):
    covering = loop_of(make(blur="warn")).covering
    assert covering.payload(0, Size()).content["warning"] == "gore"
    assert "warning" not in covering.payload(1, Size()).content
    glimpse = covering.payload(0, Size(glimpse=True))
    assert glimpse.content == {"kind": "covered", "warning": "gore"}


@pytest.mark.parametrize(
    ("value", "warning"), [(True, "n"), (1, "n"), (0, ""), (None, ""), (float("nan"), ""), ("  ", "")]
)
def test_any_true_value_blurs(value, warning):
    with Session(
        pd.DataFrame({"t": ["a", "b"], "n": pd.Series([value, None], dtype=object)}),
        text="t",
        classes=["x", "y"],
        store=":memory:",
        blur="n",
    ) as session:
        assert loop_of(session).covering.payload(0, Size()).content.get("warning", "") == warning


def test_a_class_blurs_its_labels_and_predictions_and_tells_nothing_of_blind_items(make):
    session = make(blur=["water"])
    covering = loop_of(session).covering
    for i in range(12):
        session.label(session.pool.ids[i], "water" if "river" in TEXTS[i] else "fruit")
    session.wait()
    assert covering.payload(1, Size()).content["warning"] == "water"
    assert "warning" not in covering.payload(0, Size()).content
    assert covering.payload(51, Size()).content["warning"] == "water"  # predicted
    loop_of(session).blind.draw(50)
    loop_of(session).blind.draw(51)
    both = [covering.payload(row, Size()).content.get("warning") for row in (50, 51)]
    assert both == ["may be hard to look at"] * 2


@pytest.mark.parametrize("blur", ["warm", ["watr"], 5, [1], []])
def test_an_unknown_blur_is_refused(make, blur):
    if blur == []:
        make(blur=blur)
        return
    with pytest.raises(InvalidInput, match="blur="):
        make(blur=blur)
