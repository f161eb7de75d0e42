"""Comparisons and rankings on the card, by keyboard and by mouse."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
SHOTS = Path(__file__).parent / "shots"

DATA = """import numpy as np
import pandas as pd
import hitl_widgets as hitl
good = "Thank you for asking. The parcel leaves today, and you can follow it on our page."
bad = "No idea. Ask somebody else about it."
df = pd.DataFrame({"prompt": [f"Where is parcel {i}?" for i in range(12)],
                   "a": [f"{good} Number {i}." for i in range(12)],
                   "b": [f"{bad} Number {i}." for i in range(12)],
                   "c": [f"It left {i} days ago." for i in range(12)]})"""
PAIR = """session = hitl.Session(df, text=["a", "b"], context="prompt", store="labels.sqlite", random_state=1,
                       audit=0, question=hitl.Question.pair("Which answer is better?", both_bad=True))
hitl.Labeler(session)"""
RANKING = """question = hitl.Question.ranking("Rank the answers, best first.")
session = hitl.Session(df, text=["a", "b", "c"], context="prompt", store="ranks.sqlite", random_state=1,
                       audit=0, question=question)
hitl.Labeler(session)"""


def answers(path: Path) -> list[dict[str, object]]:
    with sqlite3.connect(path) as connection:
        rows = connection.execute("select body from label_event where kind = 'label' order by seq").fetchall()
    return [json.loads(body)["value"] for (body,) in rows]


def shoot(bench, name: str) -> None:
    SHOTS.mkdir(exist_ok=True)
    bench.labeler.screenshot(path=SHOTS / f"{name}.png")


@pytest.mark.parametrize(("dark", "width"), [(False, 1000), (True, 620)])
def test_two_are_compared_and_several_ranked(desk, dark, width):
    notebook, bench = desk.open(DATA, PAIR, RANKING, dark=dark, width=width)
    notebook.run(0)
    notebook.run(1)
    look = "dark" if dark else "light"
    card = bench.card
    sides = card.locator(".hitl-pair > section")
    expect(sides).to_have_count(2)
    bench.focus()
    shoot(bench, f"pair-{look}")

    # The better one is chosen by side; the log says which it was, and where it was shown.
    expected = []
    for k in range(3):
        left = sides.first.get_attribute("data-place")
        better = "1" if left == "first" else "2"
        expected.append({"pair": "first", "left": left})
        if k < 2:
            bench.label({"1": "ArrowLeft", "2": "ArrowRight"}[better] if k else better)
        else:
            before = card.get_attribute("data-row")
            bench.page.wait_for_timeout(200)  # earlier clicks do not count
            bench.labeler.get_by_role("button", name=f"{better} is better").click()
            expect(card).not_to_have_attribute("data-row", before)
    bench.acknowledged()
    assert answers(desk.folder / "labels.sqlite") == expected
    bench.label("0")
    bench.label("9")
    bench.wait_labels(5)
    bench.press("z")
    expect(bench.labeler.locator("[data-pick='both bad']")).to_have_attribute("aria-pressed", "true")
    bench.label("=")
    bench.acknowledged()
    given = [answer["pair"] for answer in answers(desk.folder / "labels.sqlite")]
    assert given == ["first", "first", "first", "tie", "both bad", "tie"]
    notebook.run(2)
    rank(desk, bench, look)


def rank(desk, bench, look):
    """With the keys, the mouse and a button."""
    part = bench.page.locator(".hitl-labeler").nth(1)
    ranks = part.locator(".hitl-rank")
    expect(ranks).to_have_count(3)
    part.evaluate("e => e.focus({ preventScroll: false })")
    second = ranks.nth(1).get_attribute("data-member")
    for key in ("ArrowDown", "Shift+ArrowUp"):
        bench.press(key)
    expect(ranks.first).to_have_attribute("data-member", second)
    part.screenshot(path=SHOTS / f"ranking-{look}.png")
    last = ranks.nth(2).get_attribute("data-member")
    grip, top = ranks.nth(2).locator(".hitl-rank-grip").bounding_box(), ranks.first.bounding_box()
    bench.page.mouse.move(grip["x"] + 8, grip["y"] + 8)
    bench.page.mouse.down()
    bench.page.mouse.move(grip["x"] + 8, top["y"] + 2, steps=5)
    bench.page.mouse.up()
    expect(ranks.first).to_have_attribute("data-member", last)
    ranks.first.get_by_role("button", name="Down").click()
    expect(ranks.first).to_have_attribute("data-member", second)
    order = [int(ranks.nth(k).get_attribute("data-member")) for k in range(3)]
    row = part.locator(".hitl-card").get_attribute("data-row")
    bench.press("Enter")
    expect(part.locator(".hitl-card")).not_to_have_attribute("data-row", row)
    bench.acknowledged()
    [found] = answers(desk.folder / "ranks.sqlite")
    assert found["ranking"] == order
    assert sorted(found["shown"]) == [1, 2, 3]
