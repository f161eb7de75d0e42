"""The guidance of a class, with examples that are kept by key, and the labels that a change queues again."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
SHOTS = Path(__file__).parent / "shots"

MAIL = """import hitl_widgets as hitl
mail = [f"{'free money' if i % 2 else 'lunch today'} and number {i} of them" for i in range(60)]
session = hitl.Session(mail, question=hitl.Question.choice(
    ["spam", "ham"], "What is it?", guidance={"spam": "wants money"}), store="labels.sqlite", audit=0)
session"""
GIVEN = """for i in range(12): session.label(session.pool.ids[i], "spam" if i % 2 else "ham")
session.wait()"""


def test_an_example_is_kept_by_key_undone_and_there_after_a_restart(desk):
    notebook, bench = desk.open(MAIL, GIVEN)
    notebook.run(0)
    notebook.run(1)
    bench.wait_item()
    bench.wait_labels(12)
    labeler, page = bench.labeler, notebook.page
    guide, keeping = labeler.locator(".hitl-guide"), labeler.locator(".hitl-keeping")
    guide.locator("summary").click()
    expect(guide).to_contain_text("wants money")
    SHOTS.mkdir(exist_ok=True)

    # The item on the card is no spam: the arrow keys choose what it shows.
    row = bench.card.get_attribute("data-row")
    bench.focus()
    bench.press("Shift+G")
    expect(keeping.locator("input")).to_be_focused()
    keeping.locator("select").select_option("Not spam")
    keeping.locator("input").focus()
    page.keyboard.press("ArrowUp")
    expect(keeping.locator("option:checked")).to_have_text("Example of ham")
    page.keyboard.press("ArrowDown")
    page.keyboard.type("asks for nothing")
    page.screenshot(path=SHOTS / "guideline-keeping.png")
    page.keyboard.press("Enter")
    expect(keeping).to_be_hidden()
    kept = guide.locator(".hitl-guide-item")
    expect(kept).to_contain_text("asks for nothing")
    expect(kept).to_contain_text("Not:")
    assert bench.n_labels == 12
    assert bench.card.get_attribute("data-row") == row

    # Undone by key, and kept again.
    bench.press("z")
    expect(kept).to_have_count(0)
    bench.press("Shift+Z")
    expect(kept).to_have_count(1)

    # The labels that this may touch are queued again in one click, to keep or to correct.
    guide.get_by_role("button", name="older labels again").first.click()
    expect(labeler.locator(".hitl-why")).to_contain_text("The guidance of spam has changed since this label")
    expect(guide.get_by_role("button", name="to look at again")).to_be_visible()
    page.screenshot(path=SHOTS / "guideline-again.png")
    bench.acknowledged()

    os.kill(notebook.kernel_pid(), signal.SIGKILL)
    notebook.wait_restarted()
    notebook.run(0)
    bench.wait_item()
    guide.locator("summary").click()
    expect(kept).to_contain_text("asks for nothing")
    due = guide.get_by_role("button", name="to look at again")
    expect(due).to_be_visible()
    # Undoing takes them off the list.
    bench.focus()
    bench.press("z")
    expect(due).to_be_hidden()
