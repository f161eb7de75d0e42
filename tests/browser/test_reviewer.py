"""The Reviewer in the browser: a dispute is settled with one key, and the annotator learns why."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from helpers import until

pytestmark = pytest.mark.browser

SETUP = """import hitl_widgets as hitl, pandas as pd
table = pd.DataFrame({"id": [f"r{i}" for i in range(12)],
                      "text": [f"Ada Lovelace lived in London, message {i}" for i in range(12)]})
def opened(who, task, question):
    return hitl.Session(table, text="text", id="id", question=question, task=task, store="labels.sqlite",
                        annotator=who, random_state=1, audit=0)
def team(task, question, **people):
    for who, given in people.items():
        with opened(who, task, question) as one:
            for id_, answer in given.items():
                one.label(id_, answer)
    return opened("rev", task, question)
topic = hitl.Question.choice(["people", "places", "other"], "What is it about?")
names = hitl.Question.spans(["person", "place"])"""
CHOICE = """told = {"ann": {"r0": "people", "r1": "places"}, "bob": {"r0": "places", "r1": "other"}}
rev = team("topic", topic, **told)
hitl.Reviewer(rev)"""
SPANS = """ada = {"start": 0, "end": 12, "label": "person"}
london = {"start": 22, "end": 28, "label": "place"}
spans = team("names", names, ann={"r0": [ada]}, bob={"r0": [ada, london]})
hitl.Reviewer(spans)"""
ANNOTATOR = """bob = opened("bob", "topic", topic)
bob"""


def decisions(folder: Path, task: str) -> list[dict[str, Any]]:
    with sqlite3.connect(folder / "labels.sqlite") as connection:
        rows = connection.execute(
            "select body from label_event where kind = 'label' and annotator = 'rev' and task = ?",
            (task,),
        ).fetchall()
    return [json.loads(body)["value"] for (body,) in rows]


def test_disputes_are_settled_with_one_key_each_and_explained(desk) -> None:
    notebook, bench = desk.open(SETUP, CHOICE, SPANS, ANNOTATOR)
    notebook.run(0)
    notebook.run(1)
    root = notebook.cell(1).locator(".hitl-reviewer")
    answers = root.locator(".hitl-accept")
    expect(answers).to_have_count(2)
    progress = root.locator(".hitl-head > .hitl-number")
    expect(progress).to_have_text("2 disputes left")
    first = root.locator(".hitl-review-item").inner_text()
    root.press("Shift+n")
    expect(root.locator(".hitl-answer-who").filter(has_text="ann")).to_have_count(1)
    root.press("Shift+w")
    notebook.page.keyboard.type("Ada is a person.")
    notebook.page.keyboard.press("Enter")
    root.press("1")  # the key of the first class
    expect(progress).to_have_text("1 dispute left, 1 decided")
    expect(root.locator(".hitl-review-item")).not_to_have_text(first)
    root.press("z")
    expect(progress).to_have_text("2 disputes left")
    expect(root.locator(".hitl-review-item")).to_have_text(first)
    expect(root.locator(".hitl-because")).to_have_value("Ada is a person.")
    root.press("1")
    expect(progress).to_have_text("1 dispute left, 1 decided")
    root.press("3")
    expect(root.locator(".hitl-empty")).to_contain_text("All disputes are decided: 2 decisions")
    until(lambda: len(decisions(desk.folder, "topic")) == 3)
    made = decisions(desk.folder, "topic")
    assert [one.get("because") for one in made] == ["Ada is a person.", "Ada is a person.", None]
    assert made[0] == made[1] != made[2]

    # Marks are shown on their texts, and accepted by number.
    notebook.run(2)
    root = notebook.cell(2).locator(".hitl-reviewer")
    expect(root.locator(".hitl-answer-view .hitl-span[data-id]")).to_have_count(3)
    longer = root.locator(".hitl-answer").filter(has_text="2 spans")
    nr = longer.locator(".hitl-accept").get_attribute("data-nr")
    root.press(str(nr))
    expect(root.locator(".hitl-empty")).to_contain_text("All disputes are decided: 1 decision")
    until(lambda: decisions(desk.folder, "names"))
    [spans] = decisions(desk.folder, "names")
    assert len(spans["spans"]) == 2

    # The annotator finds the reason on the item and in the guidance.
    notebook.run(3)
    bench.wait_item()
    guide = bench.labeler.locator(".hitl-guide")
    guide.locator("summary").click()
    expect(guide).to_contain_text("Ada is a person. (rev)")
    bench.press("ArrowUp")
    expect(bench.labeler.locator(".hitl-decided")).to_contain_text("Decided by rev:")
