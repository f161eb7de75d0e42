"""Transcripts and texts of boxes on the card: typed, accepted, split and given by keyboard, and kept."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
SHOTS = Path(__file__).parent / "shots"

CELL = """import numpy as np
import pandas as pd
import hitl_widgets as hitl
rate, t = 8_000, np.arange(64_000) / 8_000
beep = lambda at: 0.5 * np.sin(2 * np.pi * 440 * t) * ((t > at) & (t < at + 2))
sounds = [((beep(1) + beep(5)) * (1 - i / 100)).astype(np.float32) for i in range(4)]
drafts = ["Good day. My parcel is lost."] * 4
df = pd.DataFrame({"sound": [(sound, rate) for sound in sounds], "draft": drafts})
question = hitl.Question.transcript(["Ann", "Bob"], "What is said?")
session = hitl.Session(df, item="sound", kind="audio", question=question, suggest="draft", audit=0,
                       store="labels.sqlite", random_state=1)
hitl.Labeler(session)"""
BOXES = """import numpy as np
import pandas as pd
import hitl_widgets as hitl
images = [np.full((80, 120, 3), 250 - i, np.uint8) for i in range(4)]
box = {"x": 10, "width": 60, "height": 16}
drafts = [[{**box, "y": 8, "text": "Tota1", "label": "word"},
           {**box, "y": 40, "text": "5.10", "label": "sum"}]] * 4
df = pd.DataFrame({"image": images, "ocr": drafts})
question = hitl.Question.boxes(["word", "sum"], "What is printed?", transcribe=True)
reading = hitl.Session(df, image="image", question=question, suggest="ocr", audit=0, store="labels.sqlite",
                       task="boxes", random_state=1)
hitl.Labeler(reading)"""


def answers(folder: Path) -> list[Any]:
    with sqlite3.connect(folder / "labels.sqlite") as connection:
        rows = connection.execute("select body from label_event where kind = 'label' order by seq").fetchall()
    return [json.loads(body)["value"] for (body,) in rows]


@pytest.mark.parametrize(("dark", "width"), [(False, 1280), (True, 620)])
def test_a_transcript_is_typed_without_leaving_the_keyboard_and_kept(desk, dark, width):
    notebook, bench = desk.open(CELL, dark=dark, width=width)
    notebook.run(0)
    keys, card = bench.page.keyboard, bench.card
    lines, field = card.locator(".hitl-script-line"), card.locator(".hitl-script-field")
    texts = card.locator(".hitl-script-text")
    expect(texts).to_have_text(["Good day.", "My parcel is lost."])
    expect(card.locator(".hitl-script-line.hitl-idea")).to_have_count(2)
    bench.focus()

    bench.press("Enter")
    expect(field).to_be_focused()
    keys.press("Alt+p")
    keys.press("Enter")  # accepts it, and plays the next one
    expect(card.locator(".hitl-play")).to_have_attribute("aria-label", "Pause")
    keys.press("Alt+Space")
    expect(card.locator(".hitl-play")).to_have_attribute("aria-label", "Play")
    expect(lines.nth(1)).to_have_attribute("aria-current", "true")
    keys.press("End")
    keys.press("Backspace")
    keys.type("!")
    expect(card.locator(".hitl-diff ins")).to_have_text("!")
    SHOTS.mkdir(exist_ok=True)
    bench.labeler.screenshot(path=SHOTS / f"transcript-{'dark' if dark else 'light'}.png")

    # What was begun is there again after the cell was run again, with its suggestions.
    keys.press("Escape")
    notebook.run(0)
    bench.wait_item()
    expect(texts).to_have_text(["Good day.", "My parcel is lost!"])
    bench.focus()
    bench.press(".")
    bench.press("Enter")
    expect(field).to_be_focused()
    keys.press("Alt+ArrowDown")
    expect(field).to_have_value("My parcel is lost!")
    keys.press("Alt+p")
    keys.press("Alt+p")
    row = card.get_attribute("data-row")
    keys.press("Control+Enter")
    expect(card).not_to_have_attribute("data-row", row)
    bench.acknowledged()
    bench.wait_labels(1)
    [first, second] = answers(desk.folder)[0]["transcript"]
    assert (first[2:], second[2:]) == (["Good day.", "Ann"], ["My parcel is lost!", "Bob"])
    assert [round(time) for time in (*first[:2], *second[:2])] == [1, 3, 5, 7]


def test_boxes_with_texts_are_typed_one_after_the_other(desk):
    notebook, bench = desk.open(BOXES)
    notebook.run(0)
    keys, card = bench.page.keyboard, bench.card
    field = card.locator(".hitl-script-field")
    expect(card.locator(".hitl-script-text")).to_have_text(["Tota1", "5.10"])
    bench.focus()
    bench.press(".")
    bench.press("Enter")
    expect(field).to_be_focused()
    keys.press("End")
    keys.press("Backspace")
    keys.type("l")
    bench.labeler.screenshot(path=SHOTS / "boxes-with-texts.png")
    keys.press("Enter")
    expect(field).to_have_value("5.10")
    keys.press("Enter")  # the last one
    expect(bench.labeler).to_be_focused()
    bench.press("Escape")
    bench.label("Enter")
    bench.acknowledged()
    [answer] = answers(desk.folder)
    assert answer["boxes"] == [[10, 8, 60, 16, "Total", "word"], [10, 40, 60, 16, "5.10", "sum"]]
    assert answer["suggested"] == {"shown": True, "same": False}
