"""Viewers that are loaded when they are needed, in a notebook: shown, moved by keys, and labelled."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from pdfs import pdf

pytestmark = pytest.mark.browser

CELL = """import hitl_widgets as hitl, numpy as np
from pathlib import Path
answer = {"role": "assistant", "content": "hi"}
chats = [[{"role": "user", "content": f"hello {i}"}, answer] for i in range(4)]
waves = [np.sin(np.arange(100_000) / (50 + i)) for i in range(4)]
pdfs = sorted(Path(".").glob("*.pdf"))
def show(items, kind):
    return hitl.Labeler(hitl.Session(items, kind=kind, classes=["good", "bad"], store=":memory:"))
"""


def test_conversations_series_and_pages_are_shown_and_labelled(desk):
    for i in range(4):
        (desk.folder / f"{i}.pdf").write_bytes(pdf(f"first of {i}", "second", "third"))
    cells = ('show(chats, "conversation")', 'show(waves, "series:100 Hz")', 'show(pdfs, "pdf")')
    notebook, bench = desk.open(*(CELL + cell for cell in cells), alone=True)
    page = notebook.page

    notebook.run(0)
    bench.wait_item()
    expect(bench.card.locator(".hitl-turn-own")).to_contain_text("hello")
    expect(bench.card.locator(".hitl-turn-other")).to_have_css("align-self", "flex-start")
    bench.focus()
    bench.press("1")
    bench.wait_labels(1)

    notebook.run(1)
    second = page.locator(".hitl-labeler").nth(1)
    where = second.locator(".hitl-series-where")
    expect(where).to_have_text("0 s \u2013 1,000 s", timeout=15_000)
    second.focus()
    page.keyboard.press("+")
    expect(where).to_contain_text("250 s \u2013 750 s · 50,000 samples of 100,000")
    page.keyboard.press("ArrowRight")
    expect(where).to_contain_text("350 s \u2013 850 s")
    expect(second.locator("canvas")).to_be_visible()

    notebook.run(2)
    third = page.locator(".hitl-labeler").nth(2)
    expect(third.locator(".hitl-pdf-where")).to_have_text("Page 1 of 3", timeout=15_000)
    third.focus()
    page.keyboard.press("End")
    expect(third.locator(".hitl-pdf-where")).to_have_text("Page 3 of 3")
    # It was drawn by the kernel and decoded by the browser.
    expect(third.locator("img.hitl-pdf-page")).to_have_attribute("alt", "Page 3 of 3")
    page.wait_for_function("() => document.querySelector('img.hitl-pdf-page').naturalHeight === 1000")
