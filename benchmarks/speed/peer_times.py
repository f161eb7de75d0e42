"""Comparison with jupyter-scatter: drawing a large map in JupyterLab, and recolouring its points.

Needs ``pip install jupyter-scatter``. Both are observed from outside, by screenshots of the page
about 30 ms apart.
"""

from __future__ import annotations

import importlib.util
import io
import time
from typing import Any

from lab import Notebook, write_notebook
from PIL import Image

from benchmarks import ROOT
from benchmarks.speed.map_times import lab_page

COLOURS = 5
CLIP = 220

POINTS = """
import sys
sys.path.insert(0, {here!r})
import numpy as np, pandas as pd
from benchmarks.speed.scale_one import modes
X, truth = modes({n}, 32)
basis = np.linalg.svd(X[:20_000] - X[:20_000].mean(axis=0), full_matrices=False)[2][:2]
xy = (X @ basis.T).astype(np.float32)
rng = np.random.default_rng(0)
"""
THEIRS = (
    """
import jscatter
table = pd.DataFrame({{"x": xy[:, 0], "y": xy[:, 1]}})
table["a"] = pd.Categorical(truth.astype(str))
scatter = jscatter.Scatter(data=table, x="x", y="y", color_by="a", height=420)
scatter.show()
""",
    """
table["a"] = pd.Categorical(rng.integers(0, 10, {n}).astype(str))
scatter.data(table); scatter.color(by="a")
""",
)
OURS = (
    """
import hitl_widgets as hitl
session = hitl.Session(
    [f"item {{i}}" for i in range({n})], X=xy, classes=[str(c) for c in range(10)], store="peer.sqlite"
)
explorer = hitl.Explorer(session)
explorer
""",
    """
rows = rng.choice({n}, {n} // 10, replace=False)
session._loop.acts.label(rows, str(rng.integers(10)), selection="lasso");
""",
)


def measure(n: int) -> dict[str, Any]:
    """Seconds to the first picture, milliseconds to the changed one; empty if the peer is not installed."""
    if importlib.util.find_spec("jscatter") is None:
        print("jupyter-scatter is not installed, so it is not compared: pip install jupyter-scatter")
        return {}
    ways = {
        "jupyter-scatter": (THEIRS, ".jp-OutputArea canvas", ""),
        "ours": (OURS, ".hitl-explorer .hitl-overlay", ".hitl-explorer[data-settled=true]"),
    }
    made = {name: _one(n, *way) for name, way in ways.items()}
    print(n, made, flush=True)
    return {str(n): made}


def _one(n: int, cells: tuple[str, str], canvas: str, ready: str) -> dict[str, Any]:
    with lab_page("--use-angle=swiftshader", "--enable-unsafe-swiftshader") as (lab, page):
        filled = [cell.format(n=n, here=str(ROOT)) for cell in (POINTS, *cells)]
        write_notebook(lab.folder / "peer.ipynb", *filled)
        notebook = Notebook(page, lab, "peer.ipynb")
        notebook.run(0)
        began = time.monotonic()
        notebook.run(1, wait=False)
        page.locator(canvas).first.wait_for()
        while not _drawn(_picture(page, canvas)):
            pass
        first = time.monotonic() - began
        if ready:
            page.locator(ready).wait_for()
        page.wait_for_timeout(5_000)
        times = []
        for _ in range(COLOURS):
            before = _picture(page, canvas)
            began = time.monotonic()
            notebook.run(2, wait=False)
            while _picture(page, canvas) == before:
                pass
            times.append(1e3 * (time.monotonic() - began))
            page.wait_for_timeout(4_000)
    return {"first": first, "colours": times}


def _picture(page: Any, canvas: str) -> bytes:
    """A PNG screenshot of the middle of the canvas."""
    box = page.locator(canvas).first.bounding_box()
    x, y = box["x"] + box["width"] / 2 - CLIP / 2, box["y"] + box["height"] / 2 - CLIP / 2
    return page.screenshot(clip={"x": x, "y": y, "width": CLIP, "height": CLIP})  # type: ignore[no-any-return]


def _drawn(picture: bytes) -> bool:
    """Whether points are drawn: more colours than in an empty frame."""
    colours = Image.open(io.BytesIO(picture)).convert("RGB").getcolors(maxcolors=CLIP * CLIP)
    return colours is not None and len(colours) > 30
