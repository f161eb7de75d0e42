"""Comparisons and a ranking of candidates by keyboard, which a restart keeps."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
from pathlib import Path

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
SHOTS = Path(__file__).parent / "shots"
N = 60

DATA = """import numpy as np
import hitl_widgets as hitl
openings = ["Thank you for asking.", "No idea.", "We are sorry for the delay.", "Look it up yourself."]
prompts = [f"Where is parcel {i}?" for i in range(15)]
candidates = [[f"{one} Parcel {i} arrives on day {i + k}." for k, one in enumerate(openings)]
              for i in range(15)]
embed = lambda texts: np.array([[one in text for one in openings] for text in texts], float)
how = {"store": "prefs.sqlite", "embed": embed, "random_state": 1}"""
PAIRS = """prefs = hitl.Preferences(prompts, candidates, text="Which answer is better?", **how)
hitl.Labeler(prefs.session)"""
TABLE = "print(len(prefs.answers()), prefs.rewards()['candidate'][0])"
RANKING = """ranks = hitl.Preferences(prompts, candidates, ask="ranking", task="ranks", **how)
hitl.Labeler(ranks.session)"""

CRITERIA = """beside = hitl.Preferences(prompts, candidates, text="Which answer is better?", task="beside",
                          criteria=["helpful", "honest"], reasons=["too long", "rude", "off topic"], **how)
hitl.Labeler(beside.session)"""
BEST = """best = hitl.Preferences(prompts, candidates, ask="ranking", top=1, task="best", **how)
hitl.Labeler(best.session)"""


REVISIONS = """prefs = hitl.Preferences(prompts, candidates, text="Which answer is better?", task="written",
                          revisions=True, **how)
hitl.Labeler(prefs.session)"""
RENAMED = """import threading
threading.Timer(3, lambda: prefs.session.classes.rename("tie", "equal")).start()"""
ADDED = "print(prefs.add_revisions(), sorted(prefs.rewards()['candidate'])[0])"


def answers(path: Path, task: str) -> list[dict[str, object]]:
    with sqlite3.connect(path) as connection:
        rows = connection.execute(
            "select body from label_event where kind = 'label' and task = ? order by seq", [task]
        ).fetchall()
    return [json.loads(body)["value"] for (body,) in rows]


def test_sixty_comparisons_and_a_ranking_of_four_by_keyboard(desk) -> None:
    notebook, bench = desk.open(DATA, PAIRS, TABLE, RANKING)
    notebook.run(0)
    notebook.run(1)
    expect(bench.card.locator(".hitl-pair > section")).to_have_count(2)
    bench.focus()
    given = []
    for k in range(N):
        # The first is on the left. What is kinder is better, so that the model has something to learn.
        left = bench.card.locator("[data-place=first]")
        expect(left).to_contain_text("Parcel")
        kind = "Thank you" in left.inner_text() or "sorry" in left.inner_text()
        given.append({"pair": "first" if kind else "second", "left": "first"})
        bench.label(("ArrowLeft" if k % 2 else "1") if kind else ("ArrowRight" if k % 2 else "2"))
        if k == 20:
            SHOTS.mkdir(exist_ok=True)
            bench.labeler.screenshot(path=SHOTS / "preferences.png")
    bench.wait_labels(N)
    bench.acknowledged()
    assert answers(desk.folder / "prefs.sqlite", "preferences") == given
    os.kill(notebook.kernel_pid(), signal.SIGKILL)
    notebook.wait_restarted()
    for cell in (0, 1, 2):
        notebook.run(cell)
    assert notebook.output(2).startswith(f"{N} Thank you")
    bench.wait_labels(N)
    notebook.run(3)
    part = bench.page.locator(".hitl-labeler").nth(1)
    ranks = part.locator(".hitl-rank")
    expect(ranks).to_have_count(4)
    part.evaluate("e => e.focus({ preventScroll: false })")
    last = ranks.nth(3).get_attribute("data-member")
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "1"):
        bench.press(key)
    expect(ranks.first).to_have_attribute("data-member", last)
    order = [int(ranks.nth(k).get_attribute("data-member")) for k in range(4)]
    row = part.locator(".hitl-card").get_attribute("data-row")
    bench.press("Enter")
    expect(part.locator(".hitl-card")).not_to_have_attribute("data-row", row)
    bench.acknowledged()
    [found] = answers(desk.folder / "prefs.sqlite", "ranks")
    assert found["ranking"] == order


def test_criteria_reasons_and_the_best_by_keyboard(desk) -> None:
    notebook, bench = desk.open(DATA, CRITERIA, BEST)
    notebook.run(0)
    notebook.run(1)
    part = bench.page.locator(".hitl-labeler").first
    expect(part.locator(".hitl-pair > section")).to_have_count(2)
    bench.focus()
    card = part.locator(".hitl-card")
    for keys in (["b", "1", "2", "0"], ["2", "ArrowUp", "1", "Enter"], ["ArrowLeft", "ArrowRight", "="]):
        expect(part.locator("[data-place=first]")).to_contain_text("Parcel")
        row = card.get_attribute("data-row")
        for key in keys:
            bench.press(key)
        expect(card).not_to_have_attribute("data-row", row)
    bench.acknowledged()
    told = [{name: one[name] for name in one if name != "left"} for one in answers(
        desk.folder / "prefs.sqlite", "beside"
    )]  # fmt: skip
    assert told == [
        {"pair": "first", "reasons": ["rude"], "criteria": {"helpful": "second", "honest": "tie"}},
        {"pair": "first"},
        {"pair": "first", "criteria": {"helpful": "second", "honest": "tie"}},
    ]
    bench.press("1")
    expect(part.locator(".hitl-pair-line.hitl-pair-now")).to_contain_text("helpful")
    SHOTS.mkdir(exist_ok=True)
    part.screenshot(path=SHOTS / "criteria.png")
    notebook.run(2)
    lists = bench.page.locator(".hitl-labeler").nth(1)
    ranks = lists.locator(".hitl-rank")
    expect(ranks).to_have_count(4)
    lists.evaluate("e => e.focus({ preventScroll: false })")
    best = ranks.nth(1).get_attribute("data-member")
    bench.press("ArrowDown")
    bench.press("1")
    expect(ranks.first).to_have_attribute("data-member", best)
    expect(lists.locator(".hitl-rank-below")).to_have_count(3)
    lists.screenshot(path=SHOTS / "best.png")
    row = lists.locator(".hitl-card").get_attribute("data-row")
    bench.press("Enter")
    expect(lists.locator(".hitl-card")).not_to_have_attribute("data-row", row)
    bench.acknowledged()
    [found] = answers(desk.folder / "prefs.sqlite", "best")
    assert found["ranking"] == [int(best)]
    assert found["top"] is True


def test_a_text_is_corrected_on_the_card_and_becomes_a_candidate(desk) -> None:
    notebook, bench = desk.open(DATA, REVISIONS, ADDED)
    notebook.run(0)
    notebook.run(1)
    part = bench.page.locator(".hitl-labeler").first
    card, field = part.locator(".hitl-card"), part.locator(".hitl-correction")
    expect(part.locator("[data-place=first]")).to_contain_text("Parcel")
    bench.focus()
    row = card.get_attribute("data-row")
    bench.press("Shift+E")
    bench.press("2")
    expect(field).to_be_focused()
    expect(field).to_have_value(re.compile("Parcel"))
    draft = field.input_value()
    field.fill("A better text 12?")
    SHOTS.mkdir(exist_ok=True)
    part.screenshot(path=SHOTS / "correcting.png")
    # What was begun is there again after a restart, before anything was preferred.
    bench.acknowledged()
    os.kill(notebook.kernel_pid(), signal.SIGKILL)
    notebook.wait_restarted()
    notebook.run(0)
    notebook.run(1)
    expect(card).to_have_attribute("data-row", row)
    expect(field).to_have_value("A better text 12?")
    bench.focus()
    bench.press("2")
    expect(card).not_to_have_attribute("data-row", row)
    expect(field).to_have_count(0)
    bench.acknowledged()
    given = {"pair": "second", "left": "first", "revisions": {"second": "A better text 12?"}}
    assert answers(desk.folder / "prefs.sqlite", "written") == [given]
    # By mouse: opened, left, and back to the draft.
    part.get_by_role("button", name="Correct 1").click()
    expect(field).to_be_focused()
    bench.page.keyboard.type("x")
    bench.page.keyboard.press("Escape")
    expect(part).to_be_focused()
    part.get_by_role("button", name="Back to the draft of 1").click()
    expect(field).to_have_count(0)
    notebook.run(2)
    assert notebook.output(2).startswith("1 A better text 12?")
    assert draft != "A better text 12?"


def test_what_is_typed_into_a_correction_is_no_key_though_the_question_changes(desk) -> None:
    notebook, bench = desk.open(DATA, REVISIONS, RENAMED)
    notebook.run(0)
    notebook.run(1)
    part = bench.page.locator(".hitl-labeler").first
    field = part.locator(".hitl-correction")
    expect(part.locator("[data-place=first]")).to_contain_text("Parcel")
    notebook.run(2)
    bench.focus()
    row = part.locator(".hitl-card").get_attribute("data-row")
    bench.press("Shift+E")
    expect(part.locator(".hitl-correct-which")).to_have_count(2)
    bench.press("1")
    expect(field).to_be_focused()
    draft = field.input_value()
    bench.page.keyboard.press("End")
    typed = " the quick brown fox sees 12 lazy dogs, skips, and jumps over 90 zebras"
    bench.page.keyboard.type(typed, delay=80)
    expect(field).to_have_value(draft + typed)
    bench.page.keyboard.press("Escape")
    # The question changes once nobody types; what was written stays.
    expect(part.get_by_role("button", name="Tie")).to_have_count(1)
    expect(field).to_have_value(draft + typed)
    assert part.locator(".hitl-card").get_attribute("data-row") == row
    assert answers(desk.folder / "prefs.sqlite", "written") == []
