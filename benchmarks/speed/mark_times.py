"""Marks on images in JupyterLab: opening 50 megapixels, and frames while one of 1,000 boxes is dragged."""

from __future__ import annotations

import json
import time
from typing import Any

import numpy as np
from lab import Bench, Notebook, write_notebook

from benchmarks.speed.map_times import lab_page

FRAMES = 150
KINDS = ("JPEG", "PNG")

# A photograph that scikit-learn ships, enlarged to 50 megapixels.
CELL = """import io
import hitl_widgets as hitl
import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_image
photo = Image.fromarray(load_sample_image("china.jpg")).resize((8688, 5792))
file = io.BytesIO()
photo.save(file, "{kind}", **({{"quality": 90}} if "{kind}" == "JPEG" else {{"compress_level": 1}}))
rng = np.random.default_rng(0)
boxes = [{{"x": float(x), "y": float(y), "width": 180.0, "height": 120.0, "label": "ab"[k % 2]}}
         for k, (x, y) in enumerate(rng.uniform(0, 1, (1000, 2)) * [8400, 5600])]"""
SESSION = """session = hitl.Session([file.getvalue()], kind="image", question=hitl.Question.boxes(["a", "b"]),
    suggest=lambda items: [boxes] * len(items), store=":memory:")
hitl.Labeler(session)"""
WATCH = """() => {
    window.hitlHeld = [];
    new PerformanceObserver(list => list.getEntries().forEach(e => window.hitlHeld.push(e.duration)))
        .observe({ type: 'longtask' });
}"""
# Durations of frames while the mouse moves a little in each; it is pressed before.
DRAG = """([x, y, n]) => new Promise((done) => {
    const picture = document.querySelector('.hitl-picture'), times = [];
    let last = performance.now();
    const step = (now) => {
        times.push(now - last);
        last = now;
        if (times.length > n) return done(times.slice(1));
        const angle = times.length / 12;
        picture.dispatchEvent(new PointerEvent('pointermove', {
            pointerId: 1, pointerType: 'mouse', buttons: 1, bubbles: true,
            clientX: x + 60 * Math.sin(angle), clientY: y + 60 * Math.cos(angle) }));
        requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
})"""
SHARP = "() => document.querySelector('.hitl-picture')?.getAttribute('aria-busy') === 'false'"


def measure() -> dict[str, Any]:
    """Milliseconds by kind of file."""
    found: dict[str, Any] = {}
    for kind in KINDS:
        found[kind] = _one(kind)
        print(kind, json.dumps(found[kind]), flush=True)
    return found


def _one(kind: str) -> dict[str, Any]:
    with lab_page() as (lab, page):
        write_notebook(lab.folder / "marks.ipynb", CELL.format(kind=kind), SESSION)
        notebook, bench = Notebook(page, lab, "marks.ipynb"), Bench(page)
        notebook.run(0)
        page.evaluate(WATCH)
        began = time.monotonic()
        notebook.run(1, wait=False)
        picture = bench.card.locator(".hitl-picture")
        picture.wait_for()
        seen = time.monotonic() - began
        page.wait_for_function(SHARP)
        base = time.monotonic() - began
        page.wait_for_timeout(2000)
        opening = _held(page)
        bench.focus()
        bench.press("=")
        page.wait_for_function("() => document.querySelector('.hitl-picture').dataset.marks === '1000'")
        bench.press("n")
        bench.press("1")
        box = picture.bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        drag = _drag(page, x, y)
        bench.press("Escape")
        for _ in range(5):
            bench.press("+")
        page.wait_for_function(SHARP)
        page.keyboard.down(" ")
        pan = _drag(page, x, y)
        page.keyboard.up(" ")
        return {
            "picture after s": seen,
            "base after s": base,
            "page held while it opens": opening,
            "frame of a drag": drag,
            "frame of panning": pan,
        }


def _held(page: Any) -> float:
    return float(max(page.evaluate("() => window.hitlHeld"), default=0))


def _drag(page: Any, x: float, y: float) -> dict[str, float]:
    page.mouse.move(x, y)
    page.mouse.down()
    times = page.evaluate(DRAG, [x, y, FRAMES])
    page.mouse.up()
    return {"median": float(np.median(times)), "p95": float(np.percentile(times, 95)), "max": max(times)}
