"""What the map says about its points: colours, legend, names, tips."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

SESSION = """import hitl_widgets as hitl, pandas as pd
n = 60
table = pd.DataFrame({
    "message": [f"message {i} about {'parcels' if i % 2 else 'refunds'}" for i in range(n)],
    "price": [float(i) if i % 6 else None for i in range(n)],
    "country": ["DE" if i % 3 else "FR" for i in range(n)],
})
session = hitl.Session(table, text="message", classes=["yes", "no"], random_state=0, colour="price")
session"""


def test_a_column_colours_the_map_with_its_legend_and_its_categories_filter(desk):
    notebook, bench = desk.open(SESSION, SESSION.replace('"price")', '"pirce")'))
    notebook.run(0)
    bench.wait_map(settled=True)
    legend = bench.explorer.locator(".hitl-legend")
    scale = legend.get_by_role("img")
    expect(scale).to_have_attribute("aria-label", "Scale: 10, 20, 30, 40, 50")
    expect(legend.get_by_role("button", name="no value")).to_contain_text("10")
    menu = bench.explorer.get_by_role("combobox", name="Colour by")
    assert menu.evaluate("e => e.value") == "column:price"
    before = bench.pixels()
    menu.select_option("column:country")
    german = legend.get_by_role("button", name="DE")
    expect(german).to_contain_text("40")
    expect(scale).to_be_hidden()
    assert bench.pixels() != before
    german.click()
    bench.box(0.01, 0.01, 0.99, 0.99)
    expect(bench.explorer.locator(".hitl-chip")).to_contain_text("20 items selected")
    menu.select_option("doubt")
    expect(scale).to_have_attribute("aria-label", "Scale: certain, uncertain")
    notebook.run(1)
    assert "Did you mean 'price'?" in notebook.output(1)
