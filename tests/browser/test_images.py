"""Images side by side: zoomed together and brightened; ranges of a series by mouse and in the log."""

from __future__ import annotations

import json
import re
import sqlite3

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

CELL = """import numpy as np, pandas as pd
import hitl_widgets as hitl
yy, xx = np.mgrid[0:900, 0:1400]
photo = lambda i: np.stack([(xx // 7 + i) % 256, yy % 256, (xx + yy + i) % 256], 2).astype(np.uint8)
df = pd.DataFrame({"front": [photo(i) for i in range(3)], "back": [photo(i + 90) for i in range(3)],
                   "wave": [np.cumsum(np.random.default_rng(i).normal(size=(5000, 2)), 0) for i in range(3)]})
how = dict(X=np.eye(3, dtype=np.float32), audit=0, random_state=1)
how_pair = how | {"X": np.repeat(np.eye(3, dtype=np.float32)[:, None], 2, axis=1)}
"""
PAIR = """session = hitl.Session(df, image=["front", "back"], classes=["good", "bad"], store=":memory:",
                       **how_pair)
hitl.Labeler(session)"""
SERIES = """series = hitl.Session(df, item="wave", kind="series:100 Hz", store="labels.sqlite", **how,
                      question=hitl.Question.ranges(["rise", "fall"]))
hitl.Labeler(series)"""


def test_images_side_by_side_are_zoomed_and_brightened_together(desk):
    notebook, bench = desk.open(CELL + PAIR, alone=True)
    notebook.run(0)
    bench.wait_item()
    card = bench.card
    views = card.locator(".hitl-view")
    expect(views).to_have_count(2)
    expect(card.locator(".hitl-listed-head")).to_have_text(["front", "back"])
    bench.focus()
    bench.press("+")
    expect(card.locator(".hitl-view.hitl-zoomed")).to_have_count(2)
    # What is zoomed becomes as sharp as the image itself, which is larger than what the card had.
    expect(card.locator('.hitl-picture[aria-busy="false"]')).to_have_count(2)
    before = card.locator(".hitl-picture canvas").evaluate_all("all => all.map(e => e.toDataURL())")
    bench.press("ArrowRight")
    page = bench.page
    page.wait_for_function(
        """before => [...document.querySelectorAll('.hitl-picture canvas:first-of-type')]
            .every(e => !before.includes(e.toDataURL()))""",
        arg=before,
    )
    # Brightness is that of both, and says its value.
    for key in ("PageUp", "PageUp", "Shift+PageDown"):
        bench.press(key)
    lights = card.locator(".hitl-light > button")
    for nth in range(2):
        expect(lights.nth(nth)).to_have_attribute("aria-label", "Brightness 120 %, contrast 90 %")
    shone = ".hitl-view img, .hitl-picture canvas:first-of-type"
    filters = "all => [...new Set(all.map(e => e.style.filter))]"
    assert card.locator(shone).evaluate_all(filters) == ["brightness(120%) contrast(90%)"]
    bench.press("Home")
    expect(card.locator(".hitl-view.hitl-zoomed")).to_have_count(0)
    # The next item is shown as it is, unless the user keeps the light.
    bench.label("1")
    expect(lights.first).to_have_attribute("aria-label", "Brightness 100 %, contrast 100 %")
    bench.press("PageDown")
    lights.first.click()
    card.get_by_label("Keep for the next items").first.check()
    bench.focus()
    bench.label("2")
    expect(lights.first).to_have_attribute("aria-label", "Brightness 90 %, contrast 100 %")
    bench.press("End")
    expect(lights.first).to_have_attribute("aria-label", "Brightness 100 %, contrast 100 %")


def test_ranges_of_a_series_by_mouse_and_keys(desk):
    notebook, bench = desk.open(CELL + SERIES, alone=True)
    notebook.run(0)
    bench.wait_item()
    card = bench.card
    card.locator(".hitl-waves-layer").wait_for()
    bench.focus()
    bench.press("1")  # the class of the next ranges
    box = card.locator(".hitl-waves-layer").bounding_box()
    mouse, y = bench.page.mouse, box["y"] + box["height"] / 2

    def drag(start, end):
        mouse.move(box["x"] + start / 50 * box["width"], y)
        mouse.down()
        mouse.move(box["x"] + end / 50 * box["width"], y, steps=4)
        mouse.up()

    own = card.locator(".hitl-range-own")
    drag(10, 20)
    expect(own).to_have_count(1)
    drag(20, 25)  # its edge
    expect(own).to_have_attribute("data-end", re.compile(r"^2[45]"))
    bench.press("2")
    expect(own).to_have_attribute("data-label", "fall")
    bench.press("Delete")
    expect(own).to_have_count(0)
    bench.press("z")
    expect(own).to_have_count(1)
    bench.label("Enter")
    bench.acknowledged()
    with sqlite3.connect(desk.folder / "labels.sqlite") as connection:
        [(body,)] = connection.execute("select body from label_event where kind = 'label'").fetchall()
    [[start, end, _]] = json.loads(body)["value"]["ranges"]
    # In seconds, at samples: 100 a second.
    assert 9.5 < start < 10.5
    assert 24 < end < 26
    assert all(abs(100 * at - round(100 * at)) < 1e-6 for at in (start, end))
