"""Sessions made by a button and shown in an output that is cleared: only the visible one stays open."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser

BUTTON = """import threading, weakref, ipywidgets as w, hitl_widgets as hitl
from hitl_widgets.session import Session
made = []
button, out = w.Button(description="label"), w.Output()
def click(_):
    with out:
        out.clear_output(wait=True)
        texts = [f"{word} number {i} of run {len(made)}" for i in range(60) for word in ("apple", "river")]
        session = hitl.Session(texts, classes=["fruit", "water"], audit=0, task=f"task {len(made)}")
        made.append(weakref.ref(session))
        display(session)
button.on_click(click)
display(button, out)"""
ALIVE = """import time
def left():
    teams = sum(t.name == "hitl-team" for t in threading.enumerate())
    return [ref() is not None for ref in made], teams
for _ in range(300):
    alive, teams = left()
    if sum(alive) <= 1 and teams <= 1:
        break
    time.sleep(.1)
print(*left())"""


def test_five_sessions_of_a_button_leave_one(desk):
    notebook, bench = desk.open(BUTTON, ALIVE)
    notebook.run(0)
    page = notebook.page
    button = page.get_by_role("button", name="label", exact=True)
    for n in range(5):
        button.click()
        page.locator(f".hitl-labeler .hitl-card:has-text('of run {n}')").wait_for()
    notebook.run(1)
    assert notebook.output(1).strip() == "[False, False, False, False, True] 1"
    bench.focus()
    bench.label("1")
    bench.acknowledged()
    bench.wait_labels(1)
