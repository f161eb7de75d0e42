"""A run of a simulation, replayed on the map."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser

SHOTS = Path(__file__).parent / "shots"
CELL = """import hitl_widgets as hitl, numpy as np
codes = np.arange(90) % 3
X = (np.random.default_rng(0).normal(size=(90, 3)) + 3 * np.eye(3)[codes]).astype("float32")
texts = [f"message {i} about {'abc'[i % 3] * 3}" for i in range(90)]
race = hitl.simulate(texts, np.array(["a", "b", "c"])[codes], ["linear"], ["margin", "random"], 20, 2, X=X,
                     n_jobs=1, progress=False)
race.replay("margin", step=3)"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_run_is_stepped_through_on_the_map(desk, dark):
    notebook, bench = desk.open(CELL, dark=dark)
    page = notebook.page
    notebook.run(0)
    controls = page.locator(".hitl-replay")

    def wait(step, run="margin/0"):
        page.locator(f'.hitl-replay[data-step="{step}"][data-run="{run}"]').wait_for()

    wait(3)
    bench.wait_map()
    asked = controls.locator(".hitl-replay-asked")
    third = asked.inner_text()
    assert re.search(r"Question 3, batch \d+: row \d+\s*message \d+ about (\w)\1\1\s*→ \1$", third)
    assert "3 labels · accuracy on the whole pool 0." in controls.inner_text()
    controls.evaluate("e => e.focus({ preventScroll: true })")
    page.keyboard.press("ArrowRight")
    wait(4)
    assert asked.inner_text() != third
    page.keyboard.press("ArrowLeft")
    wait(3)
    assert asked.inner_text() == third
    controls.get_by_role("slider", name="Step").fill("20")
    wait(20)
    page.keyboard.press("Escape")
    # The map has the labels of the step, and rings the item.
    page.locator(".hitl-explorer .hitl-here").wait_for()
    bench.explorer.get_by_text(re.compile(r"^Labelled\s*20$")).first.wait_for()
    page.screenshot(path=SHOTS / f"replay-{'dark' if dark else 'light'}.png")
    if dark:
        return
    controls.get_by_role("combobox", name="Contestant").select_option("random")
    wait(0, "random/0")
    assert "the map shows the pool without labels" in asked.inner_text()
    controls.get_by_role("combobox", name="Repeat").select_option("1")
    wait(0, "random/1")
    controls.get_by_role("button", name="Play").click()
    wait(1, "random/1")
    controls.get_by_role("button", name="Pause").click()
    page.set_viewport_size({"width": 620, "height": 900})
    page.screenshot(path=SHOTS / "replay-620.png")
