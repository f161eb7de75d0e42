"""axe-core finds nothing serious or critical in any widget, in either theme."""

from __future__ import annotations

from pathlib import Path

import pytest
from lab import PATIENCE_MS
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[2] / "js" / "node_modules" / "axe-core" / "axe.min.js"
CELL = """import hitl_widgets as hitl, pandas as pd
from IPython.display import display
words = ["refund the invoice", "parcel came late", "thank you so much"]
texts = [f"{words[i % 3]}, number {i}" for i in range(60)]
mails = pd.DataFrame({"text": texts, "sender": "ann", "n": range(60)})
session = hitl.Session(mails, text="text", context="sender", classes=["billing", "delivery", "praise"],
                       store=":memory:", random_state=1)
for i in range(9):
    session.label(session.pool.ids[i], ["billing", "delivery", "praise"][i % 3])
session.wait()
points = hitl.datasets.toy("line")
for who, told in (("ann", "billing"), ("bob", "praise")):
    with hitl.Session(mails, text="text", classes=["billing", "delivery", "praise"], store="review.sqlite",
                      annotator=who) as one:
        one.label(one.pool.ids[0], told)
review = hitl.Session(mails, text="text", store="review.sqlite", annotator="rev")
lesson = hitl.Lesson(points[["x1", "x2"]], points["label"], budget=8)
display(session, lesson, hitl.Reviewer(review))"""
RUN = """part => axe.run(part).then(({ passes, violations }) => [passes.length, violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) =>
        `${id}: ${html.slice(0, 160)} ${failureSummary.slice(0, 200)}`))])"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_no_serious_fault_in_any_widget(desk, dark):
    notebook, bench = desk.open(CELL, dark=dark, height=1800, alone=True)
    notebook.run(0)
    bench.wait_item()
    bench.wait_map(settled=True)
    page = notebook.page
    page.locator('.hitl-lesson[data-step="0"]').wait_for()
    page.add_script_tag(path=AXE)

    def faults(part: str) -> list[str]:
        n_rules, found = page.evaluate(RUN, part)
        assert n_rules > 15, "the rules were checked"
        return found

    assert faults(".hitl-workbench") == []
    assert faults(".hitl-lesson") == []
    page.locator(".hitl-accept").first.wait_for()
    assert faults(".hitl-reviewer") == []
    bench.box(0.01, 0.01, 0.99, 0.99)
    bench.card.locator(".hitl-member .hitl-glimpse").first.wait_for()
    bench.explorer.get_by_role("button", name="List", exact=True).click()
    bench.explorer.locator(".hitl-line .hitl-glimpse").first.wait_for()
    for details in page.locator(".hitl details").all():
        details.evaluate("e => { e.open = true }")
    bench.labeler.get_by_title("Show the keys").click()
    assert faults(".hitl-workbench") == []


COMPOSED = """import numpy as np, pandas as pd
import hitl_widgets as hitl
from IPython.display import display
from hitl_widgets import Question as Q
def ask(data, question, **more):
    session = hitl.Session(data, question=question, store=":memory:", audit=0, random_state=1, **more)
    display(hitl.Labeler(session))
texts = [f"Ada Lovelace lived in London for {i} years" for i in range(9)]
image = np.full((60, 80, 3), 120, np.uint8)
image[20:40, 20:60] = 250
sounds = [(np.sin(np.arange(8000, dtype=np.float32) * (i + 1) / 30), 8000) for i in range(4)]
pairs = pd.DataFrame({"a": texts, "b": texts[::-1], "c": ["-"] * 9})
named = [[(0, 12, "person")]] * 9
ask(texts, Q.number(0, 99, "How many years?", unit="years"))
ask(texts, Q.text("What is said?"), suggest=lambda items: ["A draft"] * len(items))
ask(texts, Q.spans(["person", "place"], "Mark all names."), suggest=lambda items: named[:len(items)])
box = [{"x": 20, "y": 20, "width": 40, "height": 20, "label": "bar"}]
ask([image], Q.boxes(["bar", "dot"]), kind="image", suggest=lambda items: [box] * len(items))
for question in (Q.polygons(["bar"]), Q.points(["bar"]), Q.masks(["bar"])):
    ask([image], question, kind="image")
ask(sounds, Q.ranges(["low", "high"]), kind="audio", suggest=lambda items: [[(0.1, 0.5, "low")]] * len(items))
ask(pairs, Q.pair("Which is better?", both_bad=True, reason=True), text=["a", "b"])
ask(pairs, Q.ranking("Rank them."), text=["a", "b", "c"])
ask(texts, Q.form({"who": Q.choice(["person", "place"]), "tone": Q.rating(5)}, defaults={"tone": 3}))"""
# How each is answered, so that marks, chosen sides and the button that gives the answer are checked, too.
ANSWERED = {
    ".hitl-number-field": "4",
    ".hitl-text-field": "",
    ".hitl-spans": "=",
    ".hitl-marking": "=",
    ".hitl-ranges": "=",
    ".hitl-pair": "1",
    ".hitl-ranks": "",
    ".hitl-form": "1",
}


def test_no_serious_fault_in_what_composes_answers(desk):
    notebook, _ = desk.open(COMPOSED, height=1800, alone=True)
    notebook.run(0)
    page = notebook.page
    labelers = page.locator(".hitl-labeler")
    expect(page.locator(", ".join(ANSWERED))).to_have_count(11, timeout=PATIENCE_MS)
    for part, key in ANSWERED.items():
        for found in labelers.filter(has=page.locator(part)).all():
            found.evaluate("e => { e.scrollIntoView({ block: 'center' }); e.focus({ preventScroll: true }) }")
            if key:
                page.keyboard.press(key)
    page.add_script_tag(path=AXE)
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        notebook.theme(theme)
        expect(page.locator(f".hitl-labeler[data-theme={theme.split()[1].lower()}]")).to_have_count(11)
        n_rules, found = page.evaluate(RUN, ".hitl-labeler")
        assert n_rules > 15, "the rules were checked"
        assert found == []
