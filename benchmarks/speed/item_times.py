"""Large items in JupyterLab: an hour of sound and its transcript, 500 pages, and rows of 500 columns."""

from __future__ import annotations

import json
import time
from typing import Any

import numpy as np
from lab import Bench, Notebook, write_notebook

from benchmarks import ROOT
from benchmarks.speed.map_times import lab_page
from benchmarks.speed.mark_times import WATCH

N_ROWS = 12
REST_MS = 4000
HEAD = """import sys, wave
sys.path.insert(0, {tests!r})
import hitl_widgets as hitl
import numpy as np
import pandas as pd
from pdfs import pdf
X = np.random.default_rng(0).normal(size=({n}, 4)).astype("float32")
how = dict(classes=["good", "bad"], store=":memory:", audit=0, random_state=0)
"""
# What is shown, the cell that makes it, and what stands on the card.
OPENED = {
    "an hour of sound, WAV, 318 MB": (
        """rate, t = 44_100, np.arange(44_100) / 44_100
second = (9_000 * np.sin(2 * np.pi * 440 * t) * np.linspace(0, 1, rate)).astype("<i2").tobytes()
with wave.open("hour.wav", "wb") as file:
    file.setparams((1, 2, rate, 0, "NONE", ""))
    for _ in range(3600):
        file.writeframes(second)
items, kind = ["hour.wav"], "audio" """,
        ".hitl-wave svg",
    ),
    "a PDF file of 500 pages": (
        'items, kind = [pdf(*(f"page {i} of five hundred" for i in range(500)))], "pdf"',
        "img.hitl-pdf-page",
    ),
}
ROWS = """table = pd.DataFrame(np.random.default_rng(1).normal(size=({n}, 500)).round(3))
table.columns = [f"column {{i}}" for i in range(500)]"""
SEGMENTS = 720
SCRIPT = f"""t = np.arange(8_000 * 3600, dtype="f4") / 8_000
sound = np.where(t % 5 < 4, np.sin(2 * np.pi * 440 * t), 0).astype("f4")
draft = [{{"start": 5.0 * k, "end": 5.0 * k + 4, "text": f"This is said in segment {{k}} of the recording."}}
         for k in range({SEGMENTS})]
table = pd.DataFrame({{"sound": [(sound, 8_000)], "draft": [draft]}})
question = hitl.Question.transcript(["Ann", "Bob"])
session = hitl.Session(table, item="sound", kind="audio", question=question, suggest="draft", X=X,
                       store=":memory:", audit=0, random_state=0)"""
# From a key until what it shows is painted, in ms; the item is changed in the same task as the key.
PAINTED = """() => new Promise((done) => {
    const root = document.querySelector('.hitl-labeler'), card = root.querySelector('.hitl-card');
    const [row, began] = [card.dataset.row, performance.now()];
    root.dispatchEvent(new KeyboardEvent('keydown', { key: 's', code: 'KeyS', bubbles: true }));
    const look = () => {
        if (card.dataset.row === row) return requestAnimationFrame(look);
        requestAnimationFrame(() => {
            const { port1, port2 } = new MessageChannel();
            port1.onmessage = () => done(performance.now() - began);
            port2.postMessage(0);
        });
    };
    look();
})"""


def measure() -> dict[str, Any]:
    """Seconds until an item is on the card, and milliseconds for which the page is held."""
    found: dict[str, Any] = {name: _opened(*case) for name, case in OPENED.items()}
    found["rows"] = _rows()
    found["script"] = _transcript()
    print(json.dumps(found), flush=True)
    return found


def _opened(make: str, shown: str) -> dict[str, float]:
    head = HEAD.format(tests=str(ROOT / "tests"), n=1)
    session = "hitl.Labeler(hitl.Session(items, kind=kind, X=X, **how))"
    with lab_page() as (lab, page):
        write_notebook(lab.folder / "items.ipynb", head + make, session)
        notebook, bench = Notebook(page, lab, "items.ipynb"), Bench(page)
        notebook.run(0)
        page.evaluate(WATCH)
        began = time.monotonic()
        notebook.run(1, wait=False)
        bench.card.locator(shown).first.wait_for()
        seen = time.monotonic() - began
        page.wait_for_timeout(REST_MS)
        return {"after s": seen, "held": max(page.evaluate("() => window.hitlHeld"), default=0)}


def _transcript() -> dict[str, float]:
    """An hour of sound with 720 suggested segments: opened, accepted and typed."""
    head = HEAD.format(tests=str(ROOT / "tests"), n=1)
    with lab_page() as (lab, page):
        write_notebook(lab.folder / "script.ipynb", head + SCRIPT, "hitl.Labeler(session)")
        notebook, bench = Notebook(page, lab, "script.ipynb"), Bench(page)
        notebook.run(0)
        page.evaluate(WATCH)
        notebook.run(1, wait=False)
        lines = bench.card.locator(".hitl-script-line")
        lines.first.wait_for()
        page.wait_for_function(f"document.querySelectorAll('.hitl-script-line').length === {SEGMENTS}")
        page.wait_for_timeout(REST_MS)
        opened = page.evaluate("() => window.hitlHeld.splice(0)")
        bench.focus()
        for key in ("Enter", *["Enter", "Alt+Space", "End", "!"] * 5, "Alt+s", "Alt+m", "Alt+z"):
            page.keyboard.press(key)
            page.wait_for_timeout(200)
        typed = page.evaluate("() => window.hitlHeld.splice(0)")
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
        page.keyboard.press("=")
        page.wait_for_function("() => !document.querySelector('.hitl-script-line.hitl-idea')")
        page.wait_for_timeout(1000)
        accepted = page.evaluate("() => window.hitlHeld.splice(0)")
        told = {"opened": opened, "typed": typed, "all accepted": accepted}
        return {name: max(held, default=0) for name, held in told.items()}


def _rows() -> list[float]:
    head = HEAD.format(tests=str(ROOT / "tests"), n=N_ROWS) + ROWS.format(n=N_ROWS)
    with lab_page() as (lab, page):
        write_notebook(lab.folder / "rows.ipynb", head, "hitl.Labeler(hitl.Session(table, X=X, **how))")
        notebook, bench = Notebook(page, lab, "rows.ipynb"), Bench(page)
        notebook.run(0)
        notebook.run(1)
        bench.wait_item()
        bench.focus()
        times = []
        for _ in range(N_ROWS - 1):
            page.wait_for_timeout(500)  # the next items come
            times.append(page.evaluate(PAINTED))
        return [float(np.round(ms, 1)) for ms in times]
