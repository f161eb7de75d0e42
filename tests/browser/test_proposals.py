"""A proposal: taken up by key, undone, dismissed, undone, and dismissed or waiting after a kernel restart."""

from __future__ import annotations

import os
import re
import signal

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

# The gray stones have no class, and those that were asked were skipped.
STONES = """import numpy as np, hitl_widgets as hitl
rng, kinds = np.random.default_rng(0), np.arange(160) % 4
X = (np.eye(4)[kinds] * 4 + rng.normal(size=(160, 4))).astype("float32")
stones = [f"{'red green blue gray'.split()[k]} stone {i}" for i, k in enumerate(kinds)]
session = hitl.Session(stones, X=X, classes=["red", "green", "blue"], store="labels.sqlite", random_state=0)
for i, k in enumerate(kinds[:28] if not session.n_labels else ()):
    if k == 3: session.skip([session.pool.ids[i]])
    else: session.label([session.pool.ids[i]], ["red", "green", "blue"][k])
session"""


def test_a_missing_class_is_proposed_named_undone_and_dismissed_by_key(desk) -> None:
    notebook, bench = desk.open(STONES)
    notebook.run(0)
    bench.wait_item()
    bench.wait_map(settled=True)
    line = bench.labeler.locator(".hitl-proposal")
    expect(line).to_contain_text("look like one thing that no class explains")
    bench.focus()
    bench.press("Shift+P")
    expect(bench.card).to_contain_text("gray stone")
    assert bench.chosen() > 30
    expect(line.get_by_role("textbox")).to_be_focused()
    notebook.page.keyboard.type("gray")
    notebook.page.keyboard.press("Enter")
    gray = bench.labeler.locator(".hitl-class", has_text="gray")
    gray.wait_for()
    bench.press(gray.locator("kbd").text_content())
    expect(bench.labeler).to_contain_text(re.compile(r"6\d of 160 items"))
    expect(line).to_be_hidden()
    bench.press("z")
    bench.press("z")
    expect(gray).to_have_count(0)
    expect(line).to_contain_text("no class explains")
    bench.wait_item()
    bench.focus()
    place = bench.labeler.locator(".hitl-class").first.bounding_box()
    bench.press("Shift+Q")
    expect(line).to_be_hidden()
    # The buttons stay where they are.
    assert bench.labeler.locator(".hitl-class").first.bounding_box()["y"] == pytest.approx(place["y"], abs=1)
    bench.press("z")
    expect(line).to_be_visible()
    bench.press("Shift+Z")
    expect(line).to_be_hidden()
    bench.acknowledged()
    os.kill(notebook.kernel_pid(), signal.SIGKILL)
    notebook.wait_restarted()
    notebook.run(0)
    bench.wait_item()
    bench.wait_map(settled=True)
    bench.monitor.get_by_text("model up to date").wait_for()
    expect(line).to_be_hidden()
    bench.focus()
    bench.press("z")
    expect(line).to_contain_text("no class explains")
