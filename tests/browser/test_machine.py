"""Handing over to the model in the Monitor."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

SETUP = """import numpy as np, hitl_widgets as hitl
rng = np.random.default_rng(0)
truth = rng.integers(0, 2, 200)
X = np.eye(2)[truth] * 3 + rng.normal(scale=.5, size=(200, 2))
texts = [f"{'apple' if t == 0 else 'river'} number {i}" for i, t in enumerate(truth)]
session = hitl.Session(texts, X=X, classes=["fruit", "water"], learner="linear", audit=.5, random_state=1)
for _ in range(6):
    for one in session.query(10):
        session.label(one, ["fruit", "water"][truth[session.pool.index([one])[0]]])
session.wait()
session"""


def test_how_many_a_look_one_button_and_one_to_take_it_back(desk):
    notebook, bench = desk.open(SETUP, "print(session.n_labels, len(session.labels(machine=True)))")
    notebook.run(0)
    bench.wait_item()
    panel = bench.monitor.locator(".hitl-machine")
    panel.get_by_label("Accepted share of wrong labels").select_option("0.1")
    panel.get_by_role("button", name="See how many").click()
    give = panel.get_by_role("button", name=re.compile(r"^Hand over \d+ items$"))
    give.wait_for()
    expect(panel).to_contain_text(re.compile(r"\d+ of 140 unlabelled items, judged by \d+ audited items\."))
    panel.get_by_role("button", name="look at 20 items").click()
    bench.card.locator(".hitl-member").first.wait_for()
    assert bench.chosen() == 20
    give.click()
    expect(panel).to_contain_text(re.compile(r"\d+ machine labels in use: at most 10 % wrong on average\."))
    expect(panel).to_contain_text("Some of the questions check them at random: none yet.")
    expect(bench.monitor.locator(".hitl-status")).to_contain_text(re.compile(r"of 200 items, \d+ by machine"))
    notebook.run(1)
    people, every = map(int, notebook.output(1).split())
    assert people == 60
    assert every > 100
    panel.get_by_role("button", name="take back").click()
    expect(panel.get_by_text("in use")).to_be_hidden()
    expect(bench.monitor.get_by_text("machine labels taken back")).to_be_visible()
