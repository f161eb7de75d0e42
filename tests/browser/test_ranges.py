"""Ranges of recordings on the card: made, corrected, relabelled and undone by keyboard, and by mouse."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
SHOTS = Path(__file__).parent / "shots"

CELL = """import numpy as np
import pandas as pd
import hitl_widgets as hitl
rate, t = 8_000, np.arange(80_000) / 8_000
beep = lambda at: np.sin(2 * np.pi * 440 * t) * ((t > at) & (t < at + 2))
sounds = [((0.3 * beep(1 + i / 10) + 0.8 * beep(6)).astype(np.float32), rate) for i in range(6)]
drafts = [[(1.0, 3.0, "low"), (6.0, 8.5, "high")]] * 6
df = pd.DataFrame({"sound": sounds, "draft": drafts})
question = hitl.Question.ranges(["low", "high"], "When does it beep?")
session = hitl.Session(df, item="sound", kind="audio", question=question, suggest="draft", audit=0,
                       store="labels.sqlite", random_state=1)
hitl.Labeler(session)"""


def answers(folder: Path) -> list[list[object]]:
    with sqlite3.connect(folder / "labels.sqlite") as connection:
        rows = connection.execute("select body from label_event where kind = 'label' order by seq").fetchall()
    return [json.loads(body)["value"]["ranges"] for (body,) in rows]


@pytest.mark.parametrize(("dark", "width"), [(False, 1000), (True, 620)])
def test_ranges_by_keyboard_alone_and_by_mouse(desk, dark, width):
    notebook, bench = desk.open(CELL, dark=dark, width=width)
    notebook.run(0)
    card = bench.card
    card.locator(".hitl-ranges").wait_for()
    bench.focus()
    own, ideas = card.locator(".hitl-range-own"), card.locator(".hitl-range-idea")
    expect(ideas).to_have_count(2)  # shown, but not answered
    expect(own).to_have_count(0)

    # By keyboard: the first suggestion is rejected, the other accepted, and a range is made, corrected and
    # relabelled.
    for key in (".", "Delete", "="):
        bench.press(key)
    expect(own).to_have_count(1)
    for key in ("Home", "ArrowRight", "-", "ArrowRight", "ArrowRight"):
        bench.press(key)
    expect(card.locator(".hitl-range-draft")).to_have_attribute("data-end", "3")
    for key in ("-", "2", "Shift+ArrowRight", "Home", "ArrowLeft", "1"):
        bench.press(key)
    expect(own).to_have_count(2)
    expect(own.first).to_have_attribute("data-label", "low")
    SHOTS.mkdir(exist_ok=True)
    bench.labeler.screenshot(path=SHOTS / f"ranges-{'dark' if dark else 'light'}.png")
    bench.press("z")
    expect(own.first).to_have_attribute("data-label", "high")
    bench.press("Shift+Z")
    expect(own.first).to_have_attribute("data-label", "low")
    bench.label("Enter")
    bench.acknowledged()
    first = [[0.98, 3.2, "low"], [6, 8.5, "high"]]
    assert answers(desk.folder) == [first]

    # By mouse: dragged, its edge dragged, clicked and removed.
    expect(ideas).to_have_count(2)
    bench.press("2")  # the class of the next ranges
    box = card.locator(".hitl-waves-layer").bounding_box()
    mouse, y = bench.page.mouse, box["y"] + box["height"] / 2

    def drag(start, end):
        mouse.move(box["x"] + start / 10 * box["width"], y)
        mouse.down()
        mouse.move(box["x"] + end / 10 * box["width"], y, steps=4)
        mouse.up()

    drag(4, 5)
    expect(own).to_have_count(1)
    drag(5, 5.5)
    assert 5.4 < float(own.get_attribute("data-end")) < 5.6
    assert 3.9 < float(own.get_attribute("data-start")) < 4.1
    mouse.click(box["x"] + 0.7 * box["width"], y)
    expect(card.locator(".hitl-range-current")).to_have_attribute("data-start", "6")
    # The kernel's undo is for the last item, once nothing is left to undo in this one.
    for _ in range(2):
        bench.press("z")
    expect(own).to_have_count(0)
    bench.press("z")
    expect(own).to_have_count(2)  # the item before is back, with its answer
    bench.label("Enter")
    bench.acknowledged()
    assert answers(desk.folder)[-1] == first
