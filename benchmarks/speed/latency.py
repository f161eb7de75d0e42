"""Measure latencies in JupyterLab and write docs/benchmarks.md.

    python -m benchmarks.speed.latency                  everything
    python -m benchmarks.speed.latency --only loop      one part; the others keep their last results
    python -m benchmarks.speed.latency --wait 10        first wait up to 10 minutes until the machine is idle

Parts: browser, quickstart, hand, find, hover, spans, marks, items, loop, scoring, scale-N, map-N and peer-N
(N: 20000, 100000, 1000000), report.
Results are stored in benchmarks/results/*.json.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from lab import Bench, Lab, Notebook, chromium, write_notebook

from benchmarks import DOCS, RESULTS, ROOT
from benchmarks.speed import (
    hand_times,
    hover_times,
    item_times,
    loop_times,
    map_times,
    mark_times,
    peer_times,
    report,
    scale_times,
    scoring_times,
    span_times,
)

HERE = Path(__file__).resolve().parent

PRESSES = 40
PAUSE_MS = 400
WARM_UP = 12
SETTLED_MS = 3500

DIGITS = """
import hitl_widgets as hitl
session = hitl.Session(
    hitl.datasets.digits(), image="image", classes=list("0123456789"), store="digits.sqlite", random_state=0
)
"""
CLOUDS = """
import sys
sys.path.insert(0, {here!r})
import hitl_widgets as hitl
from benchmarks.speed.loop_times import clouds
X, texts, of = clouds(20_000, 64)
session = hitl.Session(
    texts, X=X, classes=["red", "green", "blue", "grey", "white"], store="clouds.sqlite", random_state=0
)
"""


def stats(values: list[float]) -> dict[str, float]:
    return {
        "n": len(values),
        "median": float(np.median(values)),
        "p95": float(np.percentile(values, 95)),
        "max": float(np.max(values)),
    }


@contextlib.contextmanager
def lab_and_page() -> Iterator[tuple[Lab, Any]]:
    folder = Path(tempfile.mkdtemp(prefix="hitl-bench-"))
    lab = Lab(folder)
    try:
        with chromium() as browser:
            page = browser.new_page(viewport={"width": 1280, "height": 1000})
            page.add_init_script(path=HERE / "probe.js")
            yield lab, page
    finally:
        lab.close()
        shutil.rmtree(folder, ignore_errors=True)


# -- labeling ------------------------------------------------------------------------------------------


def digits_keys() -> list[str]:
    from hitl_widgets.data.pool import Pool
    from hitl_widgets.datasets import digits
    from hitl_widgets.questions.schema import Schema

    table = digits()
    keys = {c.name: c.key for c in Schema(list("0123456789")).classes}
    truth = dict(zip(Pool.from_data(table, image="image").rows.tolist(), table["digit"], strict=True))
    return [keys[truth[row]] for row in range(len(truth))]


def clouds_keys() -> list[str]:
    return [str(c % 5 + 1) for c in loop_times.clouds(20_000, 64)[2]]


def press_keys(page: Any, keys: list[str], n: int) -> None:
    for _ in range(n):
        row = page.evaluate("() => hitlTimes.row")
        page.keyboard.press("1" if row is None else keys[row])
        page.wait_for_timeout(PAUSE_MS)


def pressed(page: Any, keys: list[str]) -> dict[str, Any]:
    page.evaluate("() => hitlReset()")
    press_keys(page, keys, PRESSES)
    # Late answers count too: this waits longer than a busy cell runs.
    with contextlib.suppress(Exception):
        page.wait_for_function(
            "n => hitlTimes.ack.length >= n && hitlTimes.map.length >= n", arg=PRESSES, timeout=30_000
        )
    found = page.evaluate("() => hitlTimes")
    made = {name: stats(found[name]) for name in ("next", "ack", "map", "queue") if found[name]}
    return made | {"presses": PRESSES, "entry_bytes": found["entry"]}


def browser() -> dict[str, Any]:
    pools = {"1,797 images": (DIGITS, digits_keys()), "20,000 texts": (CLOUDS, clouds_keys())}
    made: dict[str, Any] = {}
    for number, (name, (code, keys)) in enumerate(pools.items()):
        with lab_and_page() as (lab, page):
            notebook = f"bench-{number}.ipynb"
            cells = (code.format(here=str(ROOT)), "session", "import time\ntime.sleep(20)")
            write_notebook(lab.folder / notebook, *cells)
            opened = Notebook(page, lab, notebook)
            opened.run(0)
            opened.run(1)
            bench = Bench(page)
            bench.wait_item()
            page.set_default_timeout(240_000)
            bench.wait_map("umap")
            page.evaluate("() => document.querySelector('.hitl-workbench').scrollIntoView({block: 'end'})")
            page.evaluate("() => hitlWatch()")
            bench.focus()
            press_keys(page, keys, WARM_UP)
            page.wait_for_timeout(SETTLED_MS)
            idle = pressed(page, keys)
            opened.run(2, wait=False)
            page.wait_for_timeout(500)
            bench.focus()
            busy = pressed(page, keys)
            made[name] = {"idle": idle, "busy": busy}
            print(name, json.dumps(made[name]), flush=True)
    return made


# -- opening the quickstart -----------------------------------------------------------------------------


def quickstart(repeats: int = 3) -> dict[str, Any]:
    """Times from running the session cell of the quickstart, each with a new kernel and store."""
    runs: list[dict[str, float]] = []
    source = ROOT / "notebooks" / "01-quickstart.ipynb"
    for _ in range(repeats):
        with lab_and_page() as (lab, page):
            shutil.copyfile(source, lab.folder / source.name)
            opened = Notebook(page, lab, source.name)
            began = time.monotonic()
            opened.run(1)
            data = time.monotonic() - began
            began = time.monotonic()
            opened.run(3, wait=False)
            bench = Bench(page)
            bench.wait_item()
            item = time.monotonic() - began
            bench.wait_map()
            drawn = time.monotonic() - began
            page.set_default_timeout(120_000)
            bench.wait_map("umap")
            umap = time.monotonic() - began
            runs.append({"data": data, "item": item, "map": drawn, "umap": umap})
            print("quickstart", runs[-1], flush=True)
    return {"runs": runs}


# -- parts -------------------------------------------------------------------------------------------

PARTS: dict[str, Callable[[], dict[str, Any]]] = {
    "browser": browser,
    "quickstart": quickstart,
    "hand": hand_times.hand,
    "find": hand_times.find,
    "hover": hover_times.measure,
    "spans": span_times.measure,
    "marks": mark_times.measure,
    "items": item_times.measure,
    "loop": loop_times.measure,
    "scoring": scoring_times.measure,
    **{f"scale-{n}": partial(scale_times.measure, n) for n in scale_times.SIZES},
    **{f"map-{n}": partial(map_times.measure, n) for n in scale_times.SIZES},
    **{f"peer-{n}": partial(peer_times.measure, n) for n in scale_times.SIZES[1:]},
}


def quiet(minutes: float) -> None:
    end = time.monotonic() + 60 * minutes
    while os.getloadavg()[0] > 1.5 and time.monotonic() < end:
        time.sleep(5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--only", choices=[*PARTS, "report"], action="append")
    parser.add_argument("--wait", type=float, default=0, metavar="MINUTES")
    options = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    for name in options.only or PARTS:
        if name not in PARTS:
            continue
        quiet(options.wait)
        load = os.getloadavg()[0]
        found = PARTS[name]()
        about = {"load": load, "date": dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC")}
        (RESULTS / f"{name}.json").write_text(json.dumps(about | {"found": found}, indent=1))
    report.write(RESULTS, DOCS / "benchmarks.md")


if __name__ == "__main__":
    main()
