"""The item on the card is edited by keyboard: the guess flips, a class keeps it, also after a restart."""

from __future__ import annotations

import ast
import os
import signal

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

MAIL = """import hitl_widgets as hitl
mail = [f"{'free money' if i % 2 else 'lunch today'} and number {i} of them" for i in range(60)]
session = hitl.Session(mail, classes=["spam", "ham"], store="labels.sqlite", audit=0, embed=__import__(
    "sklearn.feature_extraction.text", fromlist=["x"]).TfidfVectorizer())
for i in range(20): session.label([session.pool.ids[i]], "spam" if i % 2 else "ham")
session.wait(); session"""
KEPT = "print('kept', session.teach.edits.to_frame()[['item', 'label']].values.tolist())"


def test_an_edited_item_is_kept_by_key_undone_and_there_after_a_restart(desk) -> None:
    notebook, bench = desk.open(MAIL, KEPT)
    notebook.run(0)
    bench.wait_item()
    labeler, page = bench.labeler, notebook.page
    card, editor = labeler.locator(".hitl-card"), labeler.locator(".hitl-rewrite")
    guess, text = editor.locator(".hitl-rewrite-guess"), editor.get_by_label("Text")
    labeler.evaluate("e => e.focus({ preventScroll: true })")
    expect(labeler.locator(".hitl-guess")).to_contain_text("Model:")
    before = card.text_content() or ""
    page.keyboard.press("Shift+E")
    expect(text).to_be_focused()
    expect(text).to_have_value(before)
    expect(guess).to_have_text("Nothing is changed yet.")
    # Typed: the other kind of mail.
    words = ("free money", "lunch today") if "free" in before else ("lunch today", "free money")
    name = "ham" if words[1] == "lunch today" else "spam"
    text.fill(before.replace(*words))
    expect(guess).to_contain_text(f"The guess is now {name}")
    # Escape leaves the item as it is.
    page.keyboard.press("Escape")
    expect(card).to_have_text(before)
    # The smallest change does it, too; Enter ends typing, and a class keeps it.
    page.keyboard.press("Shift+E")
    expect(text).to_be_focused()
    page.keyboard.press("Enter")
    expect(labeler).to_be_focused()
    page.keyboard.press("Shift+E")
    expect(guess).to_contain_text(f"The guess is now {name}")
    changed = text.input_value()
    assert changed != before
    key = labeler.locator(f".hitl-class[data-class={name}] kbd").first.text_content() or ""
    page.keyboard.press(key.lower())
    expect(labeler.locator(".hitl-note")).to_contain_text(f"kept as {name}")
    expect(card).to_have_text(before)
    bench.acknowledged()
    assert _kept(notebook) == [[changed, name]]
    labeler.evaluate("e => e.focus({ preventScroll: true })")
    page.keyboard.press("z")
    bench.acknowledged()
    assert _kept(notebook) == []
    labeler.evaluate("e => e.focus({ preventScroll: true })")
    page.keyboard.press("Shift+Z")
    bench.acknowledged()
    assert _kept(notebook) == [[changed, name]]
    os.kill(notebook.kernel_pid(), signal.SIGKILL)
    notebook.wait_restarted()
    notebook.run(0)
    bench.wait_item()
    assert _kept(notebook) == [[changed, name]]


def _kept(notebook) -> list[list[str]]:
    notebook.run(1)
    return ast.literal_eval(notebook.output(1).split("kept ")[1])
