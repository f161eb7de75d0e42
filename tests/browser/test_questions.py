"""Questions of every kind in the browser: keys, undo, a restart, and the map."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import sqlite3
from pathlib import Path

import pytest
from playwright.sync_api import Error, expect

pytestmark = pytest.mark.browser
SHOTS = Path(__file__).parent / "shots"

MAILS = """import hitl_widgets as hitl
parts = {"billing": "The invoice is wrong and I want a refund of the amount that was charged.",
         "delivery": "The parcel came late, and the courier left it in the rain.",
         "praise": "Thank you, your staff was kind and helped me at once."}
names = list(parts)
kinds = [[n for k, n in enumerate(names) if i >> k & 1] for i in range(8)]
texts = [" ".join(parts[n] for n in kinds[i % 8]) + f" Order {1000 + i}." for i in range(120)]
"""
CHOICES = """question = hitl.Question.choices(names, "What is it about?", guidance={"praise": "Any thanks."})
session = hitl.Session(texts, question=question, store="labels.sqlite", random_state=1)
session"""
RATING = """words = ["awful", "poor", "fair", "good", "superb"]
reviews = [f"The stay was {w}, and the food was {w}. Room {100 + i}." for i in range(30) for w in words]
question = hitl.Question.rating(words, "How did they like it?")
session = hitl.Session(reviews, question=question, store="labels.sqlite", random_state=1)
session"""


def answers(folder: Path) -> list[dict[str, object]]:
    with sqlite3.connect(folder / "labels.sqlite") as connection:
        rows = connection.execute("select body from label_event where kind = 'label' order by seq").fetchall()
    return [json.loads(body)["value"] for (body,) in rows]


def answer_by_text(bench) -> None:
    """Choose the classes that the item names, and submit the answer."""
    text = bench.shown()
    for key, word in (("1", "invoice"), ("2", "parcel"), ("3", "Thank you")):
        if word in text:
            bench.press(key)
    if bench.labeler.locator("[data-class][aria-pressed=true]").count() == 0:
        bench.page.wait_for_timeout(600)  # "none of them" is accepted only after a moment
    bench.label("Enter")


def comes(guess) -> bool:
    """Whether the card shows a guess: one item in ten has none."""
    with contextlib.suppress(Error):
        guess.wait_for(timeout=5000)
    return guess.is_visible()


def opened(desk, *cells: str):
    notebook, bench = desk.open(MAILS, *cells)
    notebook.run(0)
    notebook.run(1)
    bench.wait_item()
    bench.wait_map(settled=True)
    bench.focus()
    return notebook, bench


def test_several_classes_are_chosen_by_keys_and_given_with_enter(desk):
    _, bench = opened(desk, CHOICES)
    pressed = bench.labeler.locator("[data-class][aria-pressed=true]")
    give = bench.labeler.get_by_role("button", name=re.compile("none of them"))

    bench.press("1")
    bench.press("3")
    expect(pressed).to_have_count(2)
    bench.press("1")  # pressed again: no longer chosen
    expect(pressed).to_have_count(1)
    expect(bench.labeler.get_by_role("button", name=re.compile("answer with 1 class"))).to_be_visible()
    bench.label("Enter")
    expect(pressed).to_have_count(0)  # the next item starts with no class chosen
    bench.acknowledged()
    assert answers(desk.folder) == [{"classes": ["praise"]}]

    # "None of them" is an answer as well.
    before = bench.card.get_attribute("data-row")
    bench.page.wait_for_timeout(600)
    give.click()
    expect(bench.card).not_to_have_attribute("data-row", before)
    bench.acknowledged()
    assert answers(desk.folder)[-1] == {"classes": []}
    bench.press("z")
    expect(bench.card).to_have_attribute("data-row", before)
    bench.wait_labels(1)


def test_nothing_is_answered_by_a_second_enter_nor_by_what_a_change_of_the_classes_left(desk):
    notebook, bench = opened(desk, CHOICES, "session.classes.retire('delivery')")
    bench.press("1")
    before = bench.card.get_attribute("data-row")
    bench.page.keyboard.press("Enter")
    bench.page.keyboard.press("Enter")
    expect(bench.card).not_to_have_attribute("data-row", before)
    bench.acknowledged()
    assert answers(desk.folder) == [{"classes": ["billing"]}]
    bench.press("2")
    bench.press("3")
    notebook.run(2)
    note = bench.labeler.get_by_text("choose those of this item again")
    note.wait_for()
    bench.focus()
    bench.page.wait_for_timeout(600)
    bench.press("Enter")
    bench.press("3")
    expect(note).to_be_hidden()
    bench.acknowledged()
    assert len(answers(desk.folder)) == 1


def test_the_map_and_the_model_follow_and_a_restart_brings_all_back(desk):
    notebook, bench = opened(desk, CHOICES, "print(session.labels().label.tolist())")
    for _ in range(24):
        answer_by_text(bench)
    bench.acknowledged()
    bench.monitor.get_by_text("model up to date").wait_for()
    bench.monitor.get_by_text("Jaccard index").first.wait_for()
    given = 24
    while not comes(bench.labeler.get_by_text("Model: ")):
        answer_by_text(bench)
        given += 1
    bench.page.screenshot(path=SHOTS / "choices.png")

    # The map shows how many classes apply, or whether one class does.
    ways = bench.explorer.get_by_label("Colour the answers by")
    expect(bench.explorer.locator(".hitl-legend")).to_contain_text("2 classes")
    ways.select_option("delivery")
    expect(bench.explorer.locator(".hitl-legend bdi")).to_have_text(["not delivery", "delivery"])
    bench.page.screenshot(path=SHOTS / "choices-one-class.png")

    # A whole region at once.
    n = len(answers(desk.folder))
    bench.lasso(0.5, 0.5, 0.3)
    bench.card.locator(".hitl-member").first.wait_for()
    bench.press("2")
    bench.press("Enter")
    bench.acknowledged()
    assert answers(desk.folder)[n:] == [{"classes": ["delivery"]}]
    bench.press("z")
    bench.acknowledged()

    os.kill(notebook.kernel_pid(), signal.SIGKILL)
    notebook.wait_restarted()
    notebook.run(0)
    notebook.run(1)
    bench.wait_item()
    bench.wait_labels(given)
    notebook.run(2)
    assert "praise" in notebook.output(2)


def test_a_level_of_a_scale_is_one_key(desk):
    notebook, bench = opened(desk, RATING, "print(session.accuracy(), session.predictions().value.mean())")
    for _ in range(25):
        level = re.search("was (awful|poor|fair|good|superb),", bench.shown())[1]
        bench.label(str(1 + ["awful", "poor", "fair", "good", "superb"].index(level)))
    bench.acknowledged()
    assert {len(answer) for answer in answers(desk.folder)} == {1}
    bench.monitor.get_by_text("model up to date").wait_for()
    bench.monitor.get_by_text("mean absolute error").first.wait_for()
    while not bench.labeler.locator(".hitl-guess", has_text="Model").is_visible():  # drawn for the audit
        bench.label("3")
    expect(bench.labeler.locator(".hitl-guess")).to_contain_text("±")
    bench.page.screenshot(path=SHOTS / "rating.png")
    notebook.run(2)
    assert re.match(r"[\d.]+ \(", notebook.output(2))
