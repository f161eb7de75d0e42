"""The Workbench takes the keys after its cell was run, but never from somebody who types."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

WORDS = """import hitl_widgets as hitl
texts = [f"{thing} number {i}" for i in range(20) for thing in ("apple", "carrot")]
session = hitl.Session(texts, classes=["fruit", "root"], store="labels.sqlite", random_state=0)
session"""


def test_after_the_cell_was_run_the_first_key_labels(desk):
    notebook, bench = desk.open(WORDS, "1 + 1")
    notebook.cell(0).locator(".cm-content").click()
    notebook.page.keyboard.press("Shift+Enter")
    bench.wait_item()
    expect(bench.labeler).to_be_focused()
    bench.label("1")
    bench.acknowledged()
    assert bench.n_labels == 1


def test_keys_are_not_taken_from_a_person_who_types(desk):
    notebook, bench = desk.open(WORDS, "x = ")
    notebook.run(0, wait=False)
    editor = notebook.cell(1).locator(".cm-content")
    editor.click()
    notebook.page.keyboard.press("End")
    for _ in range(10):
        notebook.page.keyboard.type("1")
        notebook.page.wait_for_timeout(100)
    bench.wait_item()
    notebook.page.keyboard.type("2")
    expect(editor).to_have_text("x = 11111111112")
    expect(editor).to_be_focused()
    assert bench.n_labels == 0


MANY = """import hitl_widgets as hitl
texts = [f"{thing} number {i}" for i in range(20) for thing in ("apple", "carrot")]
classes = [f"kind {i}" for i in range(44)] + ["Größe"]
session = hitl.Session(texts, classes=classes, store="labels.sqlite", random_state=0)
session"""


def test_one_of_many_classes_is_in_sight_and_found_by_its_name(desk):
    notebook, bench = desk.open(MANY, "print(session.labels().label.tolist())")
    notebook.run(0)
    bench.wait_item()
    buttons = bench.labeler.locator(".hitl-class")
    expect(buttons).to_have_count(45)
    box, last = bench.labeler.bounding_box(), buttons.last.bounding_box()
    assert last["y"] + last["height"] <= box["y"] + box["height"], "no class is out of sight"
    bench.focus()
    bench.press("Enter")
    field = bench.labeler.get_by_role("textbox", name="Find a class")
    expect(field).to_be_focused()
    bench.page.keyboard.type("grö")
    expect(buttons.filter(visible=True)).to_have_text(["Größe"])
    bench.label("Enter")
    bench.acknowledged()
    expect(bench.labeler).to_be_focused()
    notebook.run(1)
    assert "['Größe']" in notebook.output(1)


def test_a_question_mark_shows_the_keys_and_escape_hides_them(desk):
    notebook, bench = desk.open(WORDS)
    notebook.run(0)
    bench.wait_item()
    bench.focus()
    keys = bench.labeler.get_by_role("dialog", name="Keys")
    bench.press("?")
    expect(keys).to_be_visible()
    expect(keys).to_contain_text("more items like this one")
    bench.press("Escape")
    expect(keys).to_be_hidden()
    expect(bench.labeler).to_be_focused()
    bench.labeler.get_by_title("Show the keys").click()
    expect(keys).to_be_visible()
    keys.get_by_role("button", name="close").click()
    expect(keys).to_be_hidden()
