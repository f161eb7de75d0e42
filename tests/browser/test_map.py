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


STACKED = """import hitl_widgets as hitl, numpy as np
rng = np.random.default_rng(0)
X = np.vstack([np.zeros((5, 4)), rng.normal(size=(40, 4)) + 4]).astype("float32")
X[-1] = 400
session = hitl.Session([f"item {i}" for i in range(len(X))], X=X, classes=["yes", "no"], random_state=0)
session"""

# Where the count beside the pointer says that points are at the same place.
FIND_STACK = """e => {
    const box = e.getBoundingClientRect();
    const count = document.querySelector('.hitl-hover-count');
    for (let y = 10; y < box.height; y += 8)
        for (let x = 10; x < box.width; x += 8) {
            const init = { clientX: box.x + x, clientY: box.y + y, bubbles: true, pointerId: 1 };
            e.dispatchEvent(new PointerEvent('pointermove', init));
            if (count.getAttribute('visibility') === 'visible' && count.textContent.endsWith('5'))
                return [init.clientX, init.clientY];
        }
    return null;
}"""


def test_points_at_the_same_place_fan_out_and_the_tip_goes_away_when_it_should(desk):
    notebook, bench = desk.open(STACKED)
    notebook.run(0)
    bench.wait_map(settled=True)
    bench.wait_item()
    page, tip = bench.page, bench.explorer.locator(".hitl-tip")
    bench.explorer.evaluate("e => e.scrollIntoView({ block: 'nearest' })")
    assert bench.explorer.locator(".hitl-outliers").get_attribute("d").count("M") == 1
    at = bench.overlay.evaluate(FIND_STACK)
    page.mouse.move(*at)
    expect(tip).to_contain_text("4 others at the same place: click to fan out")
    expect(tip).to_contain_text("item ")
    point = bench.explorer.locator(".hitl-hover").bounding_box()
    box = tip.bounding_box()
    inside = box["x"] < point["x"] + point["width"] / 2 < box["x"] + box["width"]
    assert not (inside and box["y"] < point["y"] + point["height"] / 2 < box["y"] + box["height"])

    page.mouse.down()
    page.mouse.up()
    dots = bench.explorer.locator(".hitl-fan circle:not(.hitl-fan-ground)")
    expect(dots).to_have_count(5)
    seen = []
    for k in range(5):
        dots.nth(k).hover(force=True)
        expect(tip).to_contain_text("item ")
        seen.append(tip.locator(".hitl-glimpse").inner_text())
    assert sorted(seen) == [f"item {i}" for i in range(5)]
    page.mouse.down()
    page.mouse.up()
    expect(bench.card).to_contain_text(seen[-1])
    bench.press("Enter")
    expect(bench.card).to_contain_text(seen[0])

    dots.nth(1).hover(force=True)
    expect(tip).to_be_visible()
    bench.explorer.get_by_role("button", name="Zoom in").dispatch_event("click")
    expect(tip).to_be_hidden()
    expect(dots).to_have_count(0)


IMAGES = """import hitl_widgets as hitl
table = hitl.datasets.digits()[:300]
session = hitl.Session(table, image="image", classes=list("0123456789"), random_state=0)
session"""


def test_groups_of_images_are_named_by_their_most_central_members(desk):
    notebook, bench = desk.open(IMAGES)
    notebook.run(0)
    bench.wait_map(settled=True)
    names = bench.explorer.locator(".hitl-group")
    expect(names.filter(has=bench.page.locator("image")).first).to_be_attached()
    sources = names.first.locator("image").evaluate_all("all => all.map(e => e.getAttribute('href'))")
    assert 1 <= len(sources) <= 3
    assert all(source.startswith("blob:") for source in sources)
