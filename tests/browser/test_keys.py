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
