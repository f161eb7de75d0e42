"""Spans in JupyterLab: opening a text of 2 MB, and adding spans when it has 5,000."""

from __future__ import annotations

import json
import time
from typing import Any

import numpy as np
from lab import Bench, Notebook, write_notebook

from benchmarks.speed.map_times import lab_page

REPEATS = 40
SHAPES = ("lines", "one line")

CELL = """import hitl_widgets as hitl
import numpy as np
rng = np.random.default_rng(0)
words = np.array([f"w{{i:x}}" for i in range(20_000)])
drawn = rng.choice(words, 400_000)
between = "\\n" if {lines} else " "
text = between.join(" ".join(drawn[i : i + 16]) for i in range(0, len(drawn), 16))[:2_000_000]
starts = [i + 1 for i, c in enumerate(text) if c == " "][::60][:5000]
spans = [{{"start": s, "end": s + 3, "label": "ab"[k % 2]}} for k, s in enumerate(starts)]"""
SESSION = """session = hitl.Session([text], question=hitl.Question.spans(["a", "b"], overlap=True),
    suggest=lambda items: [spans] * len(items), store=":memory:", audit=0)
hitl.Labeler(session)"""
WATCH = """() => {
    window.hitlHeld = [];
    new PerformanceObserver(list => list.getEntries().forEach(e => window.hitlHeld.push(e.duration)))
        .observe({ type: 'longtask' });
}"""
# Milliseconds from a key to the frame that shows its effect.
PRESS = """([key, shift]) => new Promise((done) => {
    const root = document.querySelector('.hitl-labeler'), began = performance.now();
    const how = { key, shiftKey: shift, bubbles: true, cancelable: true };
    root.dispatchEvent(new KeyboardEvent('keydown', how));
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - began)));
})"""
LOADED = "() => !/Loading/.test(document.querySelector('.hitl-marking-words').textContent)"
ACCEPTED = "() => /5,000 spans/.test(document.querySelector('.hitl-labeler').textContent)"
SCROLL = """n => new Promise((done) => {
    const pages = document.querySelector('.hitl-pages'), times = [];
    let last = performance.now();
    const step = (now) => {
        times.push(now - last);
        last = now;
        if (times.length > n) return done(times.slice(1));
        if (times.length < n / 2) pages.scrollTop += 120;
        else pages.scrollTop = pages.scrollHeight * ((times.length * 0.37) % 1);
        requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
})"""


def measure() -> dict[str, Any]:
    """Milliseconds by the shape of the text."""
    found: dict[str, Any] = {}
    for shape in SHAPES:
        found[shape] = _one(shape == "lines")
        print(shape, json.dumps(found[shape]), flush=True)
    return found


def _one(lines: bool) -> dict[str, Any]:
    with lab_page() as (lab, page):
        write_notebook(lab.folder / "spans.ipynb", CELL.format(lines=lines), SESSION)
        notebook, bench = Notebook(page, lab, "spans.ipynb"), Bench(page)
        notebook.run(0)
        page.evaluate(WATCH)
        began = time.monotonic()
        notebook.run(1, wait=False)
        bench.card.locator(".hitl-page").first.wait_for()
        seen = time.monotonic() - began
        status = bench.card.locator(".hitl-marking-words")
        page.wait_for_function(LOADED)
        whole = time.monotonic() - began
        page.wait_for_timeout(2000)
        opening = float(max(page.evaluate("() => window.hitlHeld"), default=0))
        bench.focus()
        bench.press("=")
        page.wait_for_function(ACCEPTED)
        assert status.count() == 1
        adding = []
        for _ in range(REPEATS):
            page.evaluate(PRESS, ["ArrowRight", False])
            adding.append(page.evaluate(PRESS, ["1", False]))
        scroll = page.evaluate(SCROLL, 120)
        return {
            "text after s": seen,
            "whole text after s": whole,
            "page held while it opens": opening,
            "a span is added": _summary(adding),
            "frame of scrolling": _summary(scroll),
        }


def _summary(times: list[float]) -> dict[str, float]:
    return {"median": float(np.median(times)), "p95": float(np.percentile(times, 95)), "max": max(times)}
