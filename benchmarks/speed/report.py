"""Write the measurements to docs/benchmarks.md."""

from __future__ import annotations

import gzip
import json
import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import ROOT
from benchmarks.speed.scale_report import against, live, peers, scale, scoring, table

PACKAGES = ("jupyterlab", "ipykernel", "anywidget", "numpy", "scikit-learn", "umap-learn", "playwright")
STATIC = ROOT / "src" / "hitl_widgets" / "widgets" / "static"


def write(results: Path, target: Path) -> None:
    """Write the page from the latest results of every part."""
    parts = {path.stem: json.loads(path.read_text()) for path in sorted(results.glob("*.json"))}
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
        *table(
            ["part", "measured", "load"],
            [[name, part["date"], f"{part['load']:.1f}"] for name, part in parts.items()],
        ),
    ]
    sections = {
        "browser": _browser,
        "quickstart": _quickstart,
        "hand": _hand,
        "find": _find,
        "loop": _loop,
        "scoring": scoring,
    }
    for name, section in sections.items():
        if name in parts:
            lines += ["", *section(parts[name]["found"])]
    for prefix, section in (("scale-", scale), ("map-", live), ("peer-", peers)):
        sizes = sorted(
            (name for name in parts if name.startswith(prefix)), key=lambda name: int(name[len(prefix) :])
        )
        found = {n: made for name in sizes for n, made in parts[name]["found"].items()}
        lines += ["", *section(found)] if found else []
    lines += ["", *_sizes(parts)]
    lines += ["", "Accuracy by number of labels: [label-efficiency.md](label-efficiency.md)."]
    target.parent.mkdir(exist_ok=True)
    target.write_text("\n".join(lines) + "\n")


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
        "## Labeling in JupyterLab",
        "",
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
        "## Opening the quickstart",
        "",
        f"The quickstart notebook, {len(found['runs'])} runs, each with a new kernel and store. In seconds.",
        "",
        *table(["", "median", "longest", "budget"], rows),
    ]


def _hand(found: dict[str, Any]) -> list[str]:
    minute, burst = found["minute"], found["burst"]
    return [
        "## The hand",
        "",
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
        "## Finding in a million texts, and scrolling them",
        "",
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
        "## The loop without a browser",
        "",
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
    return ["## Sizes", "", *table(["", "size", "budget"], rows)]


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
