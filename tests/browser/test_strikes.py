"""A word that misleads is struck out by key, undone, and still out after a restart of the kernel."""

from __future__ import annotations

import os
import re
import signal

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

# Spam has "free money" and "hurry", which is also in the ham that is not labelled.
MAIL = """import hitl_widgets as hitl
mail = [f"{'free money' if i % 2 else 'lunch today'} and number {i} {'hurry' if i % 2 or i > 20 else 'soon'}"
        for i in range(120)]
session = hitl.Session(mail, classes=["spam", "ham"], store="labels.sqlite", audit=0, learner="linear")
for i in range(20): session.label([session.pool.ids[i]], "spam" if i % 2 else "ham")
session.wait(); session"""


def test_a_word_is_struck_out_by_key_undone_and_out_after_a_restart(desk) -> None:
    notebook, bench = desk.open(MAIL)
    notebook.run(0)
    bench.wait_item()
    labeler, page = bench.labeler, notebook.page
    item, reasons = labeler.locator(".hitl-card"), labeler.locator(".hitl-because")
    words, out = reasons.locator(".hitl-word"), reasons.locator(".hitl-strikes-list")
    said = reasons.locator(".hitl-because-head, .hitl-because-body > span:not(.hitl-faint)").first
    bench.focus()
    page.keyboard.press("x")
    said.wait_for()
    while not words.count():  # an item that is asked without a hint
        before = item.text_content()
        page.keyboard.press("s")
        expect(item).not_to_have_text(before)
        page.keyboard.press("x")
        said.wait_for()
    # The first word has the focus; the arrows go on to the one that misleads.
    hurry = words.filter(has_text="hurry")
    while not hurry.evaluate("e => e === document.activeElement"):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Delete")
    ask = reasons.locator(".hitl-strikes-ask")
    expect(ask).to_contain_text("Strike out hurry?")
    expect(ask).to_contain_text(re.compile(r"In \d+ of 120 items. Accuracy on 20 labels: \d+ % → \d+ %"))
    page.keyboard.press("Escape")
    expect(ask).to_be_hidden()
    expect(hurry).to_be_focused()
    page.keyboard.press("x")
    expect(ask).to_contain_text("→")
    page.keyboard.press("Enter")
    expect(out).to_contain_text("hurry")
    expect(hurry).to_have_count(0)
    struck = "[...(CSS.highlights.get('hitl-struck') ?? [])].map(String)"
    assert page.evaluate(struck) == ["hurry"]
    # The keys are the card's again: Z undoes it, and the model reads it again.
    page.keyboard.press("z")
    expect(out).to_be_hidden()
    expect(hurry).to_have_count(1)
    page.keyboard.press("Shift+Z")
    expect(out).to_contain_text("hurry")
    bench.acknowledged()
    os.kill(notebook.kernel_pid(), signal.SIGKILL)
    notebook.wait_restarted()
    notebook.run_all()
    bench.wait_item()
    bench.focus()
    page.keyboard.press("Shift+W")
    expect(out).to_contain_text("hurry")
    out.get_by_role("button").click()
    expect(out).to_be_hidden()
