"""Rules: written, shown on the map, kept, retired and undone by keyboard, and there after a restart."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
SHOTS = Path(__file__).parent / "shots"

MAIL = """import hitl_widgets as hitl
words = ["free money", "lunch today", "free lunch", "the report"]
mail = [f"{words[i % 4]} and number {i} of them" for i in range(120)]
session = hitl.Session(mail, classes=["spam", "ham"], store="labels.sqlite", audit=0)
session"""
GIVEN = """for i in range(12): session.label(session.pool.ids[i], "spam" if i % 4 == 0 else "ham")
session.wait()"""


def said_in_passing(bench, kept):
    """A search becomes a rule, and so does a lasso, which is undone."""
    # A found set becomes a rule with one key more than a label, and no label.
    bench.press("/")
    bench.page.keyboard.type("lunch")
    bench.page.keyboard.press("Enter")
    expect(bench.card.locator(".hitl-bulk")).to_contain_text("60 items")
    bench.press("Shift+A")
    expect(bench.labeler.locator(".hitl-question")).to_contain_text("a rule for what the search finds")
    bench.page.screenshot(path=SHOTS / "rules-passing.png")
    bench.press("2")
    expect(bench.labeler.locator(".hitl-note")).to_contain_text("A rule: “lunch” → ham")
    assert bench.n_labels == 12
    expect(kept).to_have_count(2)
    bench.press("Escape")

    # The lasso: the items themselves.
    bench.lasso(0.5, 0.5, 0.45)
    bench.card.locator(".hitl-member").first.wait_for()
    n = bench.chosen()
    bench.press("Shift+A")
    bench.press("1")
    expect(kept).to_have_count(3)
    expect(kept.last).to_contain_text(f"{n} items")
    bench.press("z")
    expect(kept).to_have_count(2)
    bench.press("Escape")


def test_rules_are_made_by_keyboard_undone_and_there_after_a_restart(desk):
    notebook, bench = desk.open(MAIL, GIVEN)
    notebook.run(0)
    notebook.run(1)
    bench.wait_item()
    bench.wait_labels(12)
    bench.wait_map(settled=True)
    page, rules = notebook.page, bench.monitor.locator(".hitl-rules")
    kept = rules.locator("li[data-name]")
    field, tried = rules.get_by_label("What the new rule finds"), rules.locator(".hitl-rules-tried")
    SHOTS.mkdir(exist_ok=True)

    # R opens the page; what is typed is counted, and shown on the map, before it is kept.
    bench.focus()
    bench.press("r")
    expect(field).to_be_focused()
    expect(rules).to_contain_text("No rules yet")
    before = bench.pixels()
    page.keyboard.type('"free money"')
    expect(tried).to_have_text(re.compile(r"30 items: 100 % of 3 labels right \(\d+.100 %\)\."))
    page.wait_for_function(
        "before => document.querySelector('.hitl-chart canvas').toDataURL() !== before", arg=before
    )
    page.screenshot(path=SHOTS / "rules-typed.png")
    page.keyboard.press("Enter")
    expect(kept).to_have_count(1)
    expect(kept).to_contain_text("30 items")
    expect(field).to_have_value("")

    # What cannot be a rule is said at the field.
    page.keyboard.type("unlabelled free")
    expect(tried).to_contain_text("depends on labels or predictions")
    page.keyboard.press("Escape")
    expect(bench.labeler).to_be_focused()

    said_in_passing(bench, kept)

    # On the page: retire, and undo.
    bench.press("r")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(kept.last.get_by_role("button", name="lunch", exact=True)).to_be_focused()
    page.screenshot(path=SHOTS / "rules-list.png")
    page.keyboard.press("Delete")
    expect(kept.last).to_contain_text("bring back")
    expect(kept.last.get_by_role("button", name="lunch", exact=True)).to_be_focused()
    page.keyboard.press("z")
    expect(kept.last).not_to_contain_text("bring back")
    bench.acknowledged()

    os.kill(notebook.kernel_pid(), signal.SIGKILL)
    notebook.wait_restarted()
    notebook.run(0)
    bench.wait_item()
    bench.focus()
    bench.press("r")
    expect(kept).to_have_count(2)
    expect(kept.first).to_contain_text("30 items")


def test_a_word_of_the_explanation_becomes_a_rule(desk):
    notebook, bench = desk.open(MAIL, GIVEN)
    notebook.run(0)
    notebook.run(1)
    bench.wait_item()
    bench.wait_map(settled=True)
    word = bench.labeler.locator(".hitl-because .hitl-word").first
    bench.focus()
    bench.press("Shift+W")
    word.wait_for()
    found = word.inner_text()
    word.focus()
    bench.press("Shift+A")
    expect(bench.labeler.locator(".hitl-question")).to_contain_text("a rule for what the search finds")
    bench.press("1")
    bench.acknowledged()
    expect(bench.labeler.locator(".hitl-note")).to_contain_text(f'A rule: “"{found}"” → spam')
