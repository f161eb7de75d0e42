"""The map in JupyterLab: first paint, recolour, lasso, and how long the kernel was blocked."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from lab import Bench, Lab, Notebook, chromium, write_notebook

from benchmarks import ROOT

HERE = Path(__file__).resolve().parent
RECOLOURS = 12
LABELS = 25
PAUSE_MS = 700

# The kernel's event loop records its delay a hundred times a second.
CELL = """
import asyncio, sys, time
sys.path.insert(0, {here!r})
from benchmarks.speed.scale_one import modes
X, truth = modes({n}, {d})
texts = [f"item {{i}}" for i in range({n})]
late = []
async def heart():
    while True:
        began = time.perf_counter()
        await asyncio.sleep(0.01)
        late.append(1e3 * (time.perf_counter() - began) - 10)
beating = asyncio.get_event_loop().create_task(heart())
"""
SESSION = """
import hitl_widgets as hitl
session = hitl.Session(texts, X=X, classes=[str(c) for c in range(10)], store="map.sqlite", random_state=0)
session
"""
LATE = (
    "import json; print('LATE', json.dumps([max(late), sorted(late)[int(.999 * len(late))]])); late.clear()"
)


def measure(n: int) -> dict[str, Any]:
    """Milliseconds of each step."""
    made = _one(n, 384)
    print(n, json.dumps(made), flush=True)
    return {str(n): made}


@contextlib.contextmanager
def lab_page(*flags: str) -> Iterator[tuple[Lab, Any]]:
    """JupyterLab, and a page of a browser started with these flags."""
    folder = Path(tempfile.mkdtemp(prefix="hitl-bench-"))
    lab = Lab(folder)
    try:
        with chromium(*flags) as browser:
            page = browser.new_page(viewport={"width": 1280, "height": 1000})
            page.set_default_timeout(900_000)
            page.add_init_script(path=HERE / "probe.js")
            yield lab, page
    finally:
        lab.close()
        shutil.rmtree(folder, ignore_errors=True)


def _one(n: int, d: int) -> dict[str, Any]:
    with lab_page() as (lab, page):
        first = CELL.format(here=str(ROOT), n=n, d=d)
        write_notebook(
            lab.folder / "map.ipynb", first, SESSION, LATE, "from benchmarks.speed.echo import Echo\nEcho()"
        )
        notebook = Notebook(page, lab, "map.ipynb")
        notebook.run(0)
        page.evaluate("() => { window.hitlBegan = performance.now(); }")
        notebook.run(1, wait=False)
        drawn = (
            "() => document.querySelector('.hitl-explorer')?.dataset.drawn && performance.now() - hitlBegan"
        )
        found: dict[str, Any] = {"first paint": page.wait_for_function(drawn).json_value()}
        bench = Bench(page)
        bench.wait_item()
        page.set_default_timeout(900_000)
        found["first item"] = page.evaluate("() => performance.now() - hitlBegan")
        found["engine"] = page.evaluate("() => document.querySelector('.hitl-explorer').dataset.engine")
        page.evaluate("() => document.querySelector('.hitl-workbench').scrollIntoView({block: 'end'})")
        page.evaluate("() => hitlWatch()")
        page.wait_for_function("() => document.querySelector('.hitl-explorer').dataset.round")
        notebook.run(2)  # creating the session is not counted
        page.wait_for_timeout(1500)
        found["label, before the graph"] = _labels(page, bench)
        page.wait_for_function("() => document.querySelector('.hitl-explorer .hitl-stage').hidden")
        page.wait_for_timeout(3000)
        found["label"] = _labels(page, bench)
        found["echo"] = _echo(notebook, page)
        found["recolour"] = _recolour(page)
        found["lasso"] = _lasso(page, bench)
        notebook.run(2)
        found["loop late"] = _late(page)
    return found


def _labels(page: Any, bench: Bench) -> dict[str, list[float]]:
    page.evaluate("() => hitlReset()")
    bench.focus()
    for i in range(LABELS):
        page.keyboard.press(str(i % 9 + 1))
        page.wait_for_timeout(PAUSE_MS)
    with contextlib.suppress(Exception):
        page.wait_for_function("n => hitlTimes.map.length >= n", arg=LABELS, timeout=20_000)
    times = page.evaluate("() => hitlTimes")
    return {name: times[name] for name in ("next", "ack", "map", "queue")}


def _echo(notebook: Notebook, page: Any) -> list[float]:
    notebook.run(3)
    page.wait_for_function("() => window.hitlEcho")
    times = []
    for _ in range(LABELS):
        page.wait_for_timeout(PAUSE_MS)
        times.append(float(page.evaluate("() => hitlEcho()")))
    return times


def _recolour(page: Any) -> list[float]:
    """Milliseconds from the click that recolours all points to the frame after they are painted."""
    return [
        float(page.evaluate("name => hitlRecolour(name)", ["doubt", "label"][i % 2]))
        for i in range(RECOLOURS)
    ]


def _lasso(page: Any, bench: Bench) -> dict[str, Any]:
    """Circle some points in the middle, then label them: times from the release, and from the key."""
    found: dict[str, Any] = page.evaluate("() => hitlLasso(0.077)")
    if not found["rows"]:
        raise RuntimeError("the lasso selected nothing")
    bench.focus()
    found["labelled"] = page.evaluate("() => hitlBulk('1')")
    return found


def _late(page: Any) -> list[float]:
    text = page.locator(".jp-OutputArea-output", has_text="LATE").last.inner_text()
    longest, usual = json.loads(text.split("LATE", 1)[1])
    return [float(np.round(longest, 1)), float(np.round(usual, 1))]
