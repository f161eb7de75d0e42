"""Write the measurements to docs/benchmarks.md."""

from __future__ import annotations

import gzip
import json
import os
import platform
import re
import subprocess
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import ROOT
from benchmarks.speed.scale_report import against, live, peers, scale, scoring, table

PACKAGES = ("jupyterlab", "ipykernel", "anywidget", "numpy", "scikit-learn", "umap-learn", "playwright")
LAST = "Accuracy by number of labels: [label-efficiency.md](label-efficiency.md)."
STATIC = ROOT / "src" / "hitl_widgets" / "widgets" / "static"


def write(results: Path, target: Path) -> None:
    """Write the page from the latest results of every part."""
    parts = {path.stem: json.loads(path.read_text()) for path in sorted(results.glob("*.json"))}
    old = target.read_text() if target.exists() else ""
    rows = _rows(old) | {
        name: f"| {name} | {part['date']} | {part['load']:.1f} |" for name, part in parts.items()
    }
    sections = _sections(old)
    for title, (first, section) in SECTIONS.items():
        names = [name for name in rows if name == first or name.startswith(f"{first}-")]
        # Results are not committed: what was measured elsewhere stays as it is.
        if names and all(name in parts for name in names):
            sections[title] = section(_found(parts, names))
    sections["Sizes"] = _sizes(parts)
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench` (`python -m benchmarks.speed.latency`); do not edit. Times are in ms unless",
        "stated otherwise. Budgets are the design targets for p95 on 2 cores without a GPU. Values over",
        "budget are **bold**.",
        "",
        f"Machine: {os.cpu_count()} cores, {_processor()}, no GPU, {platform.system()} {platform.machine()}.",
        f"Python {platform.python_version()}, {_chromium()},",
        f"{', '.join(f'{p} {version(p)}' for p in PACKAGES)}.",
        "",
        "Load is the 1-minute load average when a part started. Above about 1.5, other processes used",
        "part of the 2 cores: the times are then upper bounds and cannot show that a budget is missed.",
        "",
        *table(["part", "measured", "load"], []),
        *(rows[name] for name in sorted(rows)),
    ]
    for title in (*SECTIONS, "Sizes"):
        if title in sections:
            lines += ["", f"## {title}", "", *sections[title]]
    lines += ["", LAST]
    target.parent.mkdir(exist_ok=True)
    target.write_text("\n".join(lines) + "\n")


def _rows(page: str) -> dict[str, str]:
    """The rows of the table of parts."""
    found = re.findall(r"^(\| ([\w-]+) \| \d{4}-.*)$", page, re.MULTILINE)
    return {name: row for row, name in found}


def _sections(page: str) -> dict[str, list[str]]:
    body = page.partition(f"\n{LAST}")[0]
    return {
        title: text.strip().splitlines()
        for title, text in re.findall(r"^## ([^\n]*)\n(.*?)(?=^## |\Z)", body, re.MULTILINE | re.DOTALL)
    }


def _found(parts: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """What was measured in these parts: the sizes of a pool are parts of one section."""
    names = sorted(names, key=lambda name: int(name.rpartition("-")[2]) if "-" in name else 0)
    return {key: made for name in names for key, made in parts[name]["found"].items()}


def _browser(found: dict[str, Any]) -> list[str]:
    asked = (
        ("next", "key press -> next item painted", 50),
        ("ack", "label -> saved -> acknowledged", 20),
        ("map", "label -> map shows the new model", 60),
        ("queue", "label -> suggestions updated", 60),
    )
    rows = [
        [words, pool, state, str(made["n"]), against(made["median"], None), against(made["p95"], budget),
         against(made["max"], None), str(budget)]
        for name, words, budget in asked
        for pool, states in found.items()
        for state, all_ in states.items()
        if (made := all_.get(name))
    ]  # fmt: skip
    return [
        "Key presses in Chromium, 400 ms apart, with the true class. Times run from the moment when the",
        "browser receives the key to the frame that shows its effect; for the map and the suggestions, the",
        "effect of the model trained with the label. In the busy state another cell, started right after a",
        "label, sleeps for 20 s. The texts have 64 features.",
        "",
        *table(["", "pool", "kernel", "n", "median", "p95", "max", "budget"], rows),
    ]


def _quickstart(found: dict[str, Any]) -> list[str]:
    words = {
        "data": "data cell run: import, read 3,772 docstrings",
        "item": "session cell run -> first item visible",
        "map": "session cell run -> preview map drawn",
        "umap": "session cell run -> UMAP map drawn",
    }
    budgets = {"map": 2.0}
    rows = []
    for name, text in words.items():
        values = [run[name] for run in found["runs"]]
        budget = budgets.get(name)
        rows.append(
            [text, against(float(np.median(values)), budget, 1), against(max(values), budget, 1),
             f"{budget:.0f} at 100,000" if budget else ""]
        )  # fmt: skip
    return [
        f"The quickstart notebook, {len(found['runs'])} runs, each with a new kernel and store. In seconds.",
        "",
        *table(["", "median", "longest", "budget"], rows),
    ]


def _hover(found: dict[str, Any]) -> list[str]:
    rows = [
        [pool, state, str(made["n"]), against(made["median"], None), against(made["p95"], 50),
         against(made["max"], None), "50"]
        for pool, states in found.items()
        for state, made in states.items()
        if made["n"]
    ]  # fmt: skip
    return [
        "The pointer jumps to random points of the map, 120 ms apart. Times run from the move to the frame",
        "that shows the item of the nearest point, which is at hand or has to be asked of the idle kernel;",
        "moving slowly (4 pixels in 16 ms) passes both kinds.",
        "",
        *table(["pool", "item", "n", "median", "p95", "max", "budget"], rows),
    ]


def _spans(found: dict[str, Any]) -> list[str]:
    rows = [
        [shape, f"{made['text after s']:.1f}", f"{made['whole text after s']:.1f}",
         against(made["page held while it opens"], 200),
         against(made["a span is added"]["median"], None), against(made["a span is added"]["p95"], 50),
         *(against(made["frame of scrolling"][name], None) for name in ("median", "p95"))]
        for shape, made in found.items()
    ]  # fmt: skip
    return [
        "One text of 2 million characters with 5,000 spans, in lines or as one line. Seconds from running",
        "the cell; the longest time for which the page was held while it opened (budget 200 ms); from a",
        "class key to the frame with the new span (budget 50 ms); frames of scrolling.",
        "",
        *table(
            ["text", "first lines, s", "whole text, s", "page held", "a span is added", "p95",
             "frame of scrolling", "p95"],
            rows,
        ),
    ]  # fmt: skip


def _marks(found: dict[str, Any]) -> list[str]:
    rows = [
        [kind, f"{made['picture after s']:.1f}", f"{made['base after s']:.1f}",
         against(made["page held while it opens"], 200),
         against(made["frame of a drag"]["median"], None, 1),
         against(made["frame of a drag"]["p95"], 33.4, 1),
         *(against(made["frame of panning"][name], None, 1) for name in ("median", "p95"))]
        for kind, made in found.items()
    ]  # fmt: skip
    return [
        "A photograph enlarged to 8,688 x 5,792 pixels, with 1,000 boxes. Seconds from running the cell to",
        "the first picture, and to the sharp one; the longest time for which the page was held (budget",
        "200 ms); frames while a box is dragged (budget 33 ms, two frames of 60 Hz) and while the",
        "image is panned.",
        "",
        *table(
            ["file", "first picture, s", "sharp, s", "page held", "frame of a drag", "p95",
             "frame of panning", "p95"],
            rows,
        ),
    ]  # fmt: skip


def _items(found: dict[str, Any]) -> list[str]:
    rows = [
        [name, f"{made['after s']:.1f}", against(made["held"], 200)]
        for name, made in found.items()
        if name not in {"rows", "script"}
    ]
    painted = found["rows"]
    held = ", ".join(f"{name} {against(ms, 200)}" for name, ms in found.get("script", {}).items())
    least, most = np.median(painted), np.percentile(painted, 95)
    return [
        "Seconds from running the cell until the item is on the card, and the longest time for which the",
        "page was held until 4 s later (budget 200 ms; 0 if no task took 50 ms).",
        "",
        *table(["item", "on the card, s", "page held"], rows),
        "",
        f"From a key until the next row of 500 columns is painted: median {against(float(least), 100)} ms,",
        f"p95 {against(float(most), 100)} ms of {len(painted)} (budget 100 ms).",
        *(
            ["", f"A transcript of 720 segments holds the page for at most, in ms: {held} (budget 200 ms)."]
            * bool(held)
        ),
    ]


def _hand(found: dict[str, Any]) -> list[str]:
    minute, burst = found["minute"], found["burst"]
    return [
        "A table of 2,000 texts, keys in Chromium.",
        "",
        *table(
            ["", "measured", "budget"],
            [
                ["session cell run -> first label saved, s", against(found["first label"], 5, 1), "5"],
                ["60 keys, one a second: labels", str(minute["labels"]), "60"],
                ["of these, items labelled twice", str(minute["twice"]), "0"],
                [f"{burst['keys']} keys, 10 a second: labels", str(burst["labels"]), ""],
                ["of these, items labelled twice", str(burst["twice"]), "0"],
            ],
        ),
    ]


def _find(found: dict[str, Any]) -> list[str]:
    kernel, page, scroll = found["in the kernel"], found["in the browser"], found["scroll"]
    rows = [
        [name, f"{np.median(kernel[name]):,.0f}", f"{np.percentile(kernel[name], 95):,.0f}",
         f"{np.median(times):,.0f}", against(float(np.percentile(times, 95)), 300), "300"]
        for name, times in page.items()
    ]  # fmt: skip
    half = len(scroll) // 2
    p95 = [against(float(np.percentile(part, 95)), 33) for part in (scroll[:half], scroll[half:])]
    return [
        "Texts of 13 words. Times in ms: in the kernel, and in the browser from Enter to the frame that",
        f"shows the number of items. Each query is new. The index was built in {kernel['index, s']:.1f} s.",
        "",
        *table(
            ["query", "kernel, median", "p95", "browser, median", "p95", "budget"],
            rows,
        ),
        "",
        f"Scrolling the list of a million items: p95 of a frame {p95[0]} ms by steps, {p95[1]} ms by jumps",
        "(budget 33 ms).",
    ]


def _loop(found: dict[str, Any]) -> list[str]:
    disk = float(np.median(found["disk"]))
    rows = []
    for name, made in found.items():
        if name == "disk":
            continue
        durable, learned = np.array(made["durable"]), np.array(made["learned"])
        rows.append(
            [name, f"{np.median(durable):.1f}", against(np.percentile(durable, 95), 20, 1),
             f"{np.median(durable) / disk:.1f} x", f"{np.median(learned):.1f}",
             against(np.percentile(learned, 95), 60, 1)]
        )  # fmt: skip
    return [
        f"100 labels each, 100 ms apart, SQLite on disk, no map. A 4 kB write with fsync takes {disk:.1f} ms",
        "here (median); the ratio is relative to it. Budgets: 20 ms until saved, 60 ms until learned.",
        "",
        *table(
            ["pool", "`label()` median", "p95", "ratio to a disk write", "label -> round median", "p95"], rows
        ),
    ]


def _sizes(parts: dict[str, Any]) -> list[str]:
    rows = []
    if "browser" in parts:
        found = parts["browser"]["found"].values()
        largest = max(state["entry_bytes"] for pool in found for state in pool.values())
        rows.append(["one label message sent by the browser, bytes", f"{largest:,}", "1,000"])
    for name, budget in (("labeler.js", 100), ("explorer.js", None), ("monitor.js", None), ("vega.js", None)):
        path = STATIC / name
        if path.exists():
            data = path.read_bytes()
            size = len(data) / 1000
            zipped = f" ({len(gzip.compress(data)) / 1000:.0f} gzipped)"
            rows.append([f"{name}, kB", against(size, budget) + zipped, str(budget or "")])
    return table(["", "size", "budget"], rows)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or "an unnamed processor"


def _chromium() -> str:
    from lab import chromium_path

    path = chromium_path()
    if path is None:
        return "no Chromium"
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout.split()
    return " ".join(said[:2])


SECTIONS: dict[str, tuple[str, Callable[[dict[str, Any]], list[str]]]] = {
    "Labeling in JupyterLab": ("browser", _browser),
    "Opening the quickstart": ("quickstart", _quickstart),
    "The hand": ("hand", _hand),
    "Finding in a million texts, and scrolling them": ("find", _find),
    "Pointing at the map": ("hover", _hover),
    "Spans in a text of 2 MB": ("spans", _spans),
    "Boxes on an image of 50 megapixels": ("marks", _marks),
    "Large items": ("items", _items),
    "The loop without a browser": ("loop", _loop),
    "Scoring": ("scoring", scoring),
    "Large pools": ("scale", scale),
    "The map in a browser": ("map", live),
    "Comparison with jupyter-scatter": ("peer", peers),
}
"""The sections in order: the name of their parts, and what writes them."""
