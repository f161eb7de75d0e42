"""Questions whose answers are composed on the card, in the browser: by keyboard, by mouse, and undone."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

TEXTS = """import hitl_widgets as hitl, pandas as pd
people, places = ["Ada Lovelace", "Karl Gauß", "Emmy Noether"], ["London", "Göttingen"]
texts = [f"{people[i % 3]} 😀 lived in {places[i % 2]}, near {people[(i + 1) % 3]}, for {i} years."
         for i in range(60)]
table = pd.DataFrame({"text": texts, "draft": [f"Draft nr {i}" for i in range(60)]})
def opened(question, task, **more):
    return hitl.Session(table, text="text", question=question, task=task, store="labels.sqlite",
                        random_state=1, audit=0, **more)"""
SPANS = """session = opened(hitl.Question.spans(["person", "place"], "Mark all names."), "spans")
session"""
RELATIONS = """question = hitl.Question.spans(["person", "place"], relations=["lived in", "knew"])
related = opened(question, "related")
related"""
NUMBER = """numbers = opened(hitl.Question.number(0, 99, "How many years?", unit="years"), "number")
numbers"""
WORDS = """words = opened(hitl.Question.text("What is said?"), "words", suggest="draft")
words"""
SWEEP = """sweep = opened(hitl.Question.choice(["person", "place"]), "sweep", sweep="place")
sweep"""


def answers(folder: Path, task: str) -> list[Any]:
    with sqlite3.connect(folder / "labels.sqlite") as connection:
        rows = connection.execute(
            "select body from label_event where kind = 'label' and task = ? order by seq", (task,)
        ).fetchall()
    return [json.loads(body)["value"] for (body,) in rows]


def spans(bench) -> list[tuple[str, str]]:
    """The text and class of every span on the card."""
    found = bench.card.locator(".hitl-span[data-id]:not(.hitl-span-idea)")
    return [tuple(one) for one in found.evaluate_all("e => e.map(m => [m.textContent, m.dataset.id])")]


def by_keyboard(bench, name: str) -> None:
    """Make a span, correct, relabel, remove and undo."""
    first = name.split(maxsplit=1)[0]
    bench.press("ArrowRight")  # the first word
    expect(bench.card.locator(".hitl-span-selection")).to_have_text(first)
    bench.press("Shift+ArrowRight")
    expect(bench.card.locator(".hitl-span-selection")).to_have_text(name)
    bench.press("2")
    assert spans(bench) == [(name, "place")]
    bench.press("1")  # relabelled
    assert spans(bench) == [(name, "person")]
    bench.press("Shift+ArrowLeft")  # shorter by a word
    assert spans(bench) == [(first, "person")]
    bench.press("z")
    assert spans(bench) == [(name, "person")]
    for _ in range(4):
        bench.press("ArrowRight")
    bench.press("2")
    assert [id_ for _, id_ in spans(bench)] == ["person", "place"]
    bench.press("Delete")
    assert spans(bench) == [(name, "person")]
    bench.press("z")
    assert len(spans(bench)) == 2
    bench.press(".")
    bench.press(".")
    bench.press("Delete")
    assert spans(bench) == [(name, "person")]


def test_spans_are_made_by_keyboard_alone_and_by_mouse(desk) -> None:
    notebook, bench = desk.open(TEXTS, SPANS)
    notebook.run(0)
    notebook.run(1)
    bench.wait_item()
    bench.card.locator(".hitl-page").wait_for()
    bench.focus()
    text = bench.card.locator(".hitl-page").inner_text()
    name = text.split(" 😀")[0]

    by_keyboard(bench, name)
    bench.label("Enter")
    bench.wait_labels(1)
    bench.acknowledged()
    [answer] = answers(desk.folder, "spans")
    assert answer == {"spans": [[0, len(name), "person"]]}

    # The answer comes back with an undo, and is corrected.
    bench.press("z")
    bench.wait_labels(0)
    expect(bench.card.locator(".hitl-span[data-id]")).to_have_count(1)
    assert spans(bench) == [(name, "person")]

    # With the mouse: a drag over a part of a word takes the word; beyond emoji the offsets are code points.
    bench.labeler.locator("[data-class=place]").click()
    box = bench.card.evaluate(
        """(card, word) => {
          const walker = document.createTreeWalker(card.querySelector(".hitl-page"), NodeFilter.SHOW_TEXT);
          for (let node = walker.nextNode(); node; node = walker.nextNode()) {
            const at = node.data.indexOf(word);
            if (at < 0) continue;
            const range = document.createRange();
            range.setStart(node, at + 1);
            range.setEnd(node, at + word.length - 1);
            const { left, right, top, height } = range.getBoundingClientRect();
            return [left, right, top + height / 2];
          }
        }""",
        place := text.split("lived in ")[1].split(",")[0],
    )
    bench.page.mouse.move(box[0], box[2])
    bench.page.mouse.down()
    bench.page.mouse.move(box[1], box[2], steps=4)
    bench.page.mouse.up()
    expect(bench.card.locator(".hitl-span[data-id]")).to_have_count(2)
    assert spans(bench) == [(name, "person"), (place, "place")]
    bench.focus()
    bench.press("Escape")
    bench.press("Escape")
    bench.label("Enter")
    bench.wait_labels(1)
    bench.acknowledged()
    start = text.index(place)
    expected = [[0, len(name), "person"], [start, start + len(place), "place"]]
    assert answers(desk.folder, "spans")[-1] == {"spans": expected}

    # Opened again from the history, it is as it was.
    bench.press("ArrowUp")
    expect(bench.card.locator(".hitl-span[data-id]")).to_have_count(2)
    assert spans(bench) == [(name, "person"), (place, "place")]


def test_a_relation_is_made_by_keyboard_undone_and_found_again(desk) -> None:
    notebook, bench = desk.open(TEXTS, RELATIONS)
    notebook.run_all()
    bench.wait_item()
    bench.card.locator(".hitl-page").wait_for()
    text = bench.card.locator(".hitl-page").text_content()
    name, place = text.split(" 😀")[0], text.split("lived in ")[1].split(",")[0]
    arrows, listed = bench.card.locator(".hitl-arrow-head"), bench.card.locator("li.hitl-relation")
    bench.focus()
    bench.press("ArrowRight")
    bench.press("Shift+ArrowRight")
    bench.press("1")
    for _ in range(3):
        bench.press("ArrowRight")
    bench.press("2")
    assert spans(bench) == [(name, "person"), (place, "place")]

    bench.press(",")  # back to the person
    bench.press(">")
    expect(bench.card.locator(".hitl-marking-words")).to_contain_text("select the other span")
    bench.press(".")
    bench.press("1")
    expect(listed).to_have_text(re.compile(f"{name} lived in → {place}"))
    expect(arrows).to_have_count(1)
    bench.press("z")
    expect(arrows).to_have_count(0)
    expect(listed).to_have_count(0)
    bench.press("Shift+Z")
    expect(arrows).to_have_count(1)

    # With the mouse: a click on each of the spans, and on the type.
    bench.card.locator(".hitl-span[data-id=place]").click()
    bench.card.get_by_role("button", name="relate").click()
    bench.card.locator(".hitl-span[data-id=person]").click()
    bench.card.get_by_role("button", name="knew").click()
    expect(listed).to_have_count(2)
    bench.focus()
    bench.press("Escape")
    bench.label("Enter")
    bench.wait_labels(1)
    bench.acknowledged()
    start = text.index(place)
    told = {
        "spans": [[0, len(name), "person"], [start, start + len(place), "place"]],
        "relations": [[0, 1, "lived in"], [1, 0, "knew"]],
    }
    assert answers(desk.folder, "related") == [told]

    os.kill(notebook.kernel_pid(), signal.SIGKILL)
    notebook.wait_restarted()
    notebook.run_all()
    bench.wait_labels(1)
    bench.focus()
    bench.press("ArrowUp")
    expect(bench.card.locator(".hitl-arrow-head")).to_have_count(2)
    assert spans(bench) == [(name, "person"), (place, "place")]


def _offers_no_beside_yes(desk, notebook, bench) -> None:
    """What Y and N do in a sweep is offered to the mouse, too."""
    notebook.run(3)
    third = type(bench)(notebook.page, notebook.page.locator(".jp-Cell").nth(3))
    third.wait_item()
    third.labeler.get_by_role("button", name="accept place").wait_for()
    notebook.page.wait_for_timeout(300)
    third.labeler.get_by_role("button", name="N no", exact=True).click()
    third.wait_labels(1)
    third.acknowledged()
    assert len(answers(desk.folder, "sweep")) == 1


def test_numbers_and_texts_are_typed_and_refused_in_words(desk) -> None:
    notebook, bench = desk.open(TEXTS, NUMBER, WORDS, SWEEP)
    notebook.run(0)
    notebook.run(1)
    bench.wait_item()
    field = bench.labeler.locator(".hitl-number-field")
    field.wait_for()
    bench.focus()
    for key in "123":
        bench.press(key)
    expect(field).to_have_value("123")
    bench.press("Enter")
    expect(bench.labeler.locator(".hitl-note")).to_contain_text("123 is above 99, the largest number.")
    bench.press("Backspace")
    bench.label("Enter")
    bench.wait_labels(1)
    bench.press("z")
    bench.wait_labels(0)
    expect(field).to_have_value("12")  # what was undone is not typed again
    bench.press("Escape")

    notebook.run(2)
    output = notebook.page.locator(".jp-Cell").nth(2)
    second = type(bench)(notebook.page, output)
    second.wait_item()
    written = second.labeler.locator(".hitl-text-field")
    written.wait_for()
    expect(written).to_have_value(re.compile(r"^Draft nr \d+$"))
    written.click()
    written.fill("Draft number one")
    expect(second.labeler.locator(".hitl-diff ins").first).to_be_visible()
    second.label("Enter")
    second.wait_labels(1)
    expect(written).to_be_focused()  # the next one is typed at once
    # Keys that would be typed are not offered.
    keys = second.labeler.locator(".hitl-acts kbd")
    offered = (
        "all => all.filter(k => k.checkVisibility({ visibilityProperty: true })).map(k => k.textContent)"
    )
    assert keys.evaluate_all(offered) == ["⏎"]
    expect(second.labeler.get_by_text("Esc for shortcuts")).to_be_visible()
    notebook.page.keyboard.press("Escape")
    assert {"⏎", "S", "Z"} <= set(keys.evaluate_all(offered))
    notebook.page.wait_for_timeout(300)  # it counts only for an item that could be read
    second.press("Shift+D")
    expect(second.monitor).to_contain_text("don't know")
    second.acknowledged()
    suggested = {"shown": True, "same": False, "changed": 0.6667}  # two of three words
    answer = {"text": "Draft number one", "suggested": suggested}
    assert answers(desk.folder, "words") == [answer]

    _offers_no_beside_yes(desk, notebook, bench)
