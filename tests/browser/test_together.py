"""Why a selection hangs together: by key, with counts, and a click that keeps only some of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
SHOTS = Path(__file__).parent / "shots"

MAIL = """import hitl_widgets as hitl, pandas as pd
words = ["free money", "lunch today", "free lunch", "the report"]
table = pd.DataFrame({
    "message": [f"{words[i % 4]} and number {i} of them" for i in range(120)],
    "price": [200 + i if i % 2 == 0 else i for i in range(120)],
})
session = hitl.Session(table, text="message", classes=["spam", "ham"], store="labels.sqlite", audit=0)
session"""


def test_a_found_set_is_told_from_the_rest_by_key(desk):
    notebook, bench = desk.open(MAIL)
    notebook.run(0)
    bench.wait_item()
    bench.wait_map(settled=True)
    told = bench.card.locator(".hitl-together")
    bench.focus()
    bench.press("/")
    bench.page.keyboard.type("free")
    bench.page.keyboard.press("Enter")
    expect(bench.card.locator(".hitl-bulk-all")).to_contain_text("60 items")
    expect(told).to_be_hidden()
    bench.press("Shift+W")
    expect(told).to_contain_text("free 60 of 60, only here")
    expect(told).to_contain_text("price ≥ 200 60 of 60, only here")
    expect(told).to_contain_text("of their neighbours are selected, too")
    SHOTS.mkdir(exist_ok=True)
    bench.page.screenshot(path=SHOTS / "together.png")
    bench.card.get_by_role("button", name="why together").click()
    expect(told).to_be_hidden()
    # A word keeps only the items with it.
    bench.press("Escape")
    bench.press("/")
    bench.page.keyboard.type("lunch")
    bench.page.keyboard.press("Enter")
    expect(bench.card.locator(".hitl-bulk")).to_contain_text("60 items")
    bench.press("Shift+W")
    told.get_by_role("button", name="today 30 of 60, only here").click()
    expect(bench.card.locator(".hitl-bulk-all")).to_contain_text("30 items")
