"""Blurred items and hidden personal data on the card."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

CELL = """import hitl_widgets as hitl, pandas as pd
words = ["apple", "river"] * 20
table = pd.DataFrame({"text": [f"{word} number {i} by a{i}@example.org" for i, word in enumerate(words)]})
table["warning"] = "gore"
session = hitl.Session(
    table, text="text", classes=["fruit", "water"], mask=True, blur="warning", audit=0, random_state=1)
session"""


def test_what_is_blurred_and_then_what_is_hidden_is_shown_by_key(desk):
    notebook, bench = desk.open(CELL, "print(session.history()['kind'].tolist())")
    notebook.run(0)
    warning = bench.labeler.locator(".hitl-warning")
    expect(warning).to_contain_text("Content warning: gore")
    assert bench.card.evaluate("e => [...e.children].every((child) => child.inert)")
    bench.focus()
    bench.press("Shift+V")
    expect(warning).to_be_hidden()
    expect(bench.card).to_contain_text("[email]•")
    bench.press("Shift+V")
    expect(bench.card).to_contain_text("@example.org")
    bench.acknowledged()
    bench.label("1")
    bench.wait_labels(1)
    expect(warning).to_be_visible()  # the next one
    bench.press("Escape")
    notebook.run(1)
    assert "['schema', 'reveal', 'label']" in notebook.output(1)
