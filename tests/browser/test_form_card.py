"""Forms on the card: by keyboard alone, with conditions, undone, begun before a reload, and saved."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
SHOTS = Path(__file__).parent / "shots"

DATA = """import hitl_widgets as hitl
Q = hitl.Question
texts = [f"{['Thank you, the parcel came', 'You have won 1,000 pounds'][i % 2]}, dear customer number {i}."
         for i in range(40)]"""
FORM = """form = Q.form(
    {"topic": Q.choice(["praise", "spam", "scam"], "What is it about?"),
     "tags": Q.choices(["urgent", "polite", "automatic"], "What else applies?"),
     "tone": Q.rating(5, "How friendly is it?"),
     "age": Q.number(0, 120, "How old is the sender?", unit="years"),
     "why": Q.text("Why do you think so?")},
    "Read the message.", optional=["age", "tags"], defaults={"tone": 3},
    when={"why": {"topic": ["spam", "scam"]}})
# The cell that is run again asks other items first.
seed = 1 + ("session" in globals())
session = hitl.Session(texts, question=form, store="labels.sqlite", random_state=seed, audit=0)
session"""


def answers(folder: Path) -> list[Any]:
    with sqlite3.connect(folder / "labels.sqlite") as connection:
        rows = connection.execute("select body from label_event where kind = 'label' order by seq").fetchall()
    return [json.loads(body)["value"]["form"] for (body,) in rows]


def shoot(bench, name: str) -> None:
    SHOTS.mkdir(exist_ok=True)
    bench.labeler.screenshot(path=SHOTS / f"form-{name}.png")


def asked(bench) -> Any:
    return bench.labeler.locator(".hitl-ask:visible")


def now(bench, name: str) -> None:
    """Wait until a question is the current one."""
    expect(bench.labeler.locator(".hitl-ask-now")).to_have_attribute("data-question", name)


def chosen(bench, name: str) -> Any:
    return bench.labeler.locator(f"[data-question={name}] [aria-pressed=true]")


def test_a_form_is_answered_by_keyboard_alone_undone_and_begun_answers_survive(desk) -> None:
    notebook, bench = desk.open(DATA, FORM, width=1280)
    notebook.run(0)
    notebook.run(1)
    bench.wait_item()
    expect(asked(bench)).to_have_count(4)
    bench.focus()
    now(bench, "topic")
    shoot(bench, "start")

    # A question appears with its condition, and Enter leads to what is missing.
    bench.press("2")
    now(bench, "tags")
    expect(asked(bench)).to_have_count(5)
    row = bench.card.get_attribute("data-row")
    bench.press("Enter")
    now(bench, "why")
    expect(bench.labeler.locator(".hitl-note")).to_contain_text("Write an answer.")
    assert bench.card.get_attribute("data-row") == row, "nothing was given"
    bench.page.keyboard.type("wants money")
    for key, question in (("Shift+Tab", "age"), ("4", "age"), ("2", "age"), ("Shift+Tab", "tone")):
        bench.press(key)
        now(bench, question)
    expect(bench.labeler.locator("[data-question=tone] .hitl-ask-hint")).to_have_text("default")
    shoot(bench, "filled")

    # Undo goes back within the form: first over the number, then the text.
    bench.press("z")
    now(bench, "age")
    expect(bench.labeler.locator(".hitl-number-field")).to_have_value("")
    bench.press("z")
    expect(bench.labeler.locator("textarea:visible")).to_have_value("")
    bench.press("Shift+Z")
    expect(bench.labeler.locator("textarea:visible")).to_have_value("wants money")

    expect(bench.labeler.locator(".hitl-note")).to_be_hidden()
    given(desk, notebook, bench)


def given(desk, notebook, bench) -> None:
    """Finish what was begun, and give another answer."""
    # It is there again after a reload and a restart of the cell, before all other items.
    notebook.save()
    bench.page.reload()
    bench.page.locator(".jp-NotebookPanel .jp-Cell").first.wait_for()
    notebook._idle()
    bench.wait_item()  # the widget of before is restored, and not closed while it starts
    notebook.run_all()
    bench.wait_item()
    expect(bench.labeler.locator("textarea:visible")).to_have_value("wants money")
    expect(chosen(bench, "topic")).to_have_attribute("data-class", "spam")
    expect(bench.labeler.locator("[data-question=tone] .hitl-ask-hint")).to_have_text("default")
    bench.focus()
    bench.press("Tab")
    bench.press("1")
    bench.label("Enter")
    bench.acknowledged()
    assert answers(desk.folder) == [
        {
            "topic": {"class": "spam"},
            "tags": {"classes": ["urgent"]},
            "tone": {"class": "3"},
            "why": {"text": "wants money"},
        }
    ]

    # Without the condition it is not asked; the last answer comes back with an undo.
    bench.press("1")
    expect(asked(bench)).to_have_count(4)
    bench.press("Tab")
    bench.press("5")
    bench.label("Enter")
    bench.acknowledged()
    assert answers(desk.folder)[1] == {"topic": {"class": "praise"}, "tone": {"class": "5"}}
    bench.press("z")
    bench.wait_labels(1)
    expect(chosen(bench, "tone")).to_have_attribute("data-class", "5")
