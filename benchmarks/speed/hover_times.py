"""The tip of the map in JupyterLab: from the pointer's move to the frame that shows the item."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from lab import Bench, Lab, Notebook, chromium, write_notebook

from benchmarks import ROOT

MOVES = 120
PAUSE_MS = 120
WALKS = 12
STEP_PX = 4
STEP_MS = 16

DIGITS = """
import hitl_widgets as hitl
session = hitl.Session(
    hitl.datasets.digits(), image="image", classes=list("0123456789"), store="digits.sqlite", random_state=0
)
session
"""
CLOUDS = """
import sys
sys.path.insert(0, {here!r})
import hitl_widgets as hitl
from benchmarks.speed.loop_times import clouds
X, texts, of = clouds({n}, 64)
session = hitl.Session(
    texts, X=X, classes=["red", "green", "blue", "grey", "white"], store="clouds.sqlite", random_state=0
)
session
"""
# The pixels with points, in the middle of the map.
INK = """() => {
    const canvas = document.querySelector('.hitl-explorer .hitl-chart canvas');
    const { data, width, height } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const [scale, found] = [canvas.clientWidth / width, []];
    for (let y = Math.round(height / 10); y < 0.9 * height; y++)
        for (let x = Math.round(width / 10); x < 0.9 * width; x++)
            if (data[4 * (y * width + x) + 3] > 100) found.push([x * scale, y * scale]);
    return found;
}"""
# A move counts once: when the tip has the item of the point that the pointer has reached.
WATCH = """() => {
    const times = (window.hitlHover = { atHand: [], asked: [], moved: 0, waited: false, open: false });
    window.addEventListener("pointermove", (event) => {
        Object.assign(times, { moved: event.timeStamp, waited: false, open: true });
    }, { capture: true });
    const tip = document.querySelector(".hitl-explorer .hitl-tip");
    new MutationObserver(() => {
        if (!times.open || tip.hidden) return;
        if (!tip.dataset.row) { times.waited = true; return; }
        times.open = false;
        const { moved, waited } = times;
        requestAnimationFrame(() => {
            const { port1, port2 } = new MessageChannel();
            port1.onmessage = () => times[waited ? "asked" : "atHand"].push(performance.now() - moved);
            port2.postMessage(null);
        });
    }).observe(tip, { attributes: true, childList: true });
}"""


def measure() -> dict[str, Any]:
    """Milliseconds until the tip shows the item, at hand or asked for, by pool."""
    pools = {
        "1,797 images": DIGITS,
        "20,000 texts": CLOUDS.format(here=str(ROOT), n=20_000),
        "1,000,000 texts": CLOUDS.format(here=str(ROOT), n=1_000_000),
    }
    made: dict[str, Any] = {}
    for name, code in pools.items():
        made[name] = _one(code)
        print(name, json.dumps(made[name]), flush=True)
    return made


def _one(code: str) -> dict[str, Any]:
    folder = Path(tempfile.mkdtemp(prefix="hitl-bench-"))
    lab = Lab(folder)
    try:
        with chromium() as browser:
            page = browser.new_page(viewport={"width": 1280, "height": 1000})
            write_notebook(folder / "hover.ipynb", code)
            notebook = Notebook(page, lab, "hover.ipynb")
            notebook.run(0)
            bench = Bench(page)
            page.set_default_timeout(600_000)
            bench.wait_item()
            bench.wait_map(settled=True)
            page.wait_for_function("() => !document.querySelector('.hitl-stage:not([hidden])')")
            page.evaluate(WATCH)
            walk = _walk(page, bench)
            first = _moves(page, bench)
            again = _moves(page, bench)
            return {"moving slowly": walk, "asked": first["asked"], "at hand": again["at hand"]}
    finally:
        lab.close()
        shutil.rmtree(folder, ignore_errors=True)


def _walk(page: Any, bench: Bench) -> dict[str, float]:
    """Move slowly between random points; every point on the way counts, at hand or not."""
    page.evaluate("() => Object.assign(hitlHover, { atHand: [], asked: [] })")
    box = bench.overlay.bounding_box()
    assert box is not None
    places = np.random.default_rng(1).choice(np.array(page.evaluate(INK)), WALKS + 1)
    for (x0, y0), (x1, y1) in pairwise(places):
        steps = max(1, round(float(np.hypot(x1 - x0, y1 - y0)) / STEP_PX))
        for along in np.linspace(0, 1, steps):
            x, y = x0 + along * (x1 - x0), y0 + along * (y1 - y0)
            page.mouse.move(box["x"] + float(x), box["y"] + float(y))
            page.wait_for_timeout(STEP_MS)
    found = page.evaluate("() => hitlHover")
    return _stats(found["atHand"] + found["asked"])


def _moves(page: Any, bench: Bench) -> dict[str, Any]:
    """Jump to random points of the map; the second time to the same ones, whose items are at hand."""
    page.evaluate("() => Object.assign(hitlHover, { atHand: [], asked: [] })")
    box = bench.overlay.bounding_box()
    assert box is not None
    places = np.array(page.evaluate(INK))
    for x, y in np.random.default_rng(0).choice(places, MOVES):
        page.mouse.move(box["x"] + float(x), box["y"] + float(y))
        page.wait_for_timeout(PAUSE_MS)
    with contextlib.suppress(Exception):
        page.wait_for_function("() => !hitlHover.open", timeout=2000)
    found = page.evaluate("() => hitlHover")
    return {"at hand": _stats(found["atHand"]), "asked": _stats(found["asked"])}


def _stats(values: list[float]) -> dict[str, float]:
    if not values:
        return {"n": 0}
    return {
        "n": len(values),
        "median": float(np.median(values)),
        "p95": float(np.percentile(values, 95)),
        "max": float(np.max(values)),
    }
