"""Write the measurements of label efficiency to docs/label-efficiency.md."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.data import pools
from benchmarks.labels import contestants as who
from benchmarks.labels import stats
from benchmarks.labels.losses import discovery, losses
from benchmarks.labels.runs import UPDATE_SIZES
from benchmarks.labels.sets import CASES, HUNT_CAP, LARGE
from benchmarks.labels.stats import Estimate, Runs
from benchmarks.labels.suite import suite
from benchmarks.labels.words import Bar, cell, counted, prose
from benchmarks.speed.report import _processor
from benchmarks.speed.scale_report import table

PACKAGES = ("hitl-widgets", "numpy", "scipy", "scikit-learn", "scikit-activeml", "numba", "pynndescent")
POSITIVES = 10

Cases = dict[str, Runs]


def write(results: Path, target: Path, command: str) -> None:
    """Write the page from the finished runs, and the chart beside it."""
    cases = stats.load(results)
    parts = {
        part: {name: runs for name, runs in cases.items() if CASES[name].part == part}
        for part in ("suite", "former", "wrong", "drawn", "rare", "large")
    }
    times = {file.stem: json.loads(file.read_text()) for file in sorted(results.glob("update/*.json"))}
    compared = parts["suite"] | parts["wrong"] | parts["drawn"]
    bars: list[Bar] = []
    sections = [
        *suite(parts["suite"], parts["former"], target, bars),
        *losses(compared, bars),
        *discovery(compared),
        *_rare(parts["rare"], bars),
        *_large(parts["large"], bars),
        *_update(times, bars),
    ]
    rows = [[bar.words, bar.need, bar.measured, "" if bar.need == "-" else bar.met] for bar in bars]
    lines = [*_head(command), *table(["measure", "target", "measured", "met"], rows), "", *sections]
    lines += _measured(cases, times)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("\n".join(lines) + "\n")


def _head(command: str) -> list[str]:
    return [
        "# Label efficiency",
        "",
        f"Written by `make bench-labels` (`{command}`); do not edit.",
        "",
        f"Machine: {os.cpu_count()} cores, {_processor()}, {platform.system()} {platform.machine()}.",
        f"Python {platform.python_version()}, {', '.join(f'{p} {version(p)}' for p in PACKAGES)}.",
        "",
        *prose(
            "*ours* is the default learner with the default strategy. *LR* is scikit-learn's",
            "`LogisticRegression(max_iter=2000)`. *RBF SVC* is its `SVC()`, with the margin computed from",
            "the softmax of its decision function. All are refitted after every label. Within a repeat, all",
            "contestants (including random) have the same pool, the same held-out items, the same k-means",
            "medoids as a start, and the same answers. Unless stated otherwise, accuracy is that of the",
            "exported model (`session.model()`) on **held-out items**.",
        ),
        *prose(
            "Every repeat uses a new stratified split of the set, and a new draw of the families. Brackets",
            "contain 95 % intervals: Student's t over the repeats for accuracies and paired differences, a",
            "bootstrap over the repeats for ratios. The repeats of one set share its items, so its intervals",
            "do not generalise to other sets.",
            '"Uncertain" means that the interval includes the target. The worst of many differences is',
            "selected after the fact, so chance alone makes it look worse than it is.",
        ),
        "## Targets",
        "",
    ]


def _rare(cases: Cases, bars: list[Bar]) -> list[str]:
    rows: list[list[str]] = []
    every: dict[str, list[float]] = {}
    for name, runs in cases.items():
        share = runs.files[0]["shares"][1]
        for one in (who.HUNT, who.HUNT_RANDOM):
            found = [
                stats.labels_until(f["asked"], 1, POSITIVES) for f in runs.files if f["contestant"] == one
            ]
            if found:
                every.setdefault(one, []).extend(found)
                rows.append([f"{name} ({share:.2%})", one, stats.quantile(found, 0.5, HUNT_CAP),
                             stats.quantile(found, 0.9, HUNT_CAP), str(len(found))])  # fmt: skip
    if not rows:
        return []
    for one, found in every.items():
        middle, late = (stats.quantile(found, q, HUNT_CAP) for q in (0.5, 0.9))
        rows.append(["all", one, f"**{middle}**", late, str(len(found))])
    if hunted := every.get(who.HUNT):
        value = Estimate(float(np.quantile(hunted, 0.5, method="higher")))
        shown = stats.quantile(hunted, 0.5, HUNT_CAP)
        words = f"rare class: labels from a cold start to {POSITIVES} positives, median"
        bars.append(Bar(words, "≤ 60", shown, value, 60, most=True))
    return [
        "## A rare class",
        "",
        *prose(
            "Whether an image is a given digit, which is subsampled to 1 % of the pool. The number of labels",
            f"from a cold start until {POSITIVES} of it are found, at most {HUNT_CAP}. Nothing is held out.",
        ),
        *table(["pool", "strategy", "median", "90 %", "repeats"], rows),
        "",
    ]


def _large(cases: Cases, bars: list[Bar]) -> list[str]:
    if not cases:
        return []
    [(name, runs)] = cases.items()
    steps = CASES[name].peers_at
    if value := stats.accuracy(runs, who.OURS, 50):
        bars.append(Bar(f"{LARGE:,} items, 50 labels, held out", "≥ 0.95", value.shown(), value, 0.95))
    rows = [[one, *[cell(stats.accuracy(runs, one, n)) for n in steps]] for one in runs.contestants]
    return [
        f"## {LARGE:,} items",
        "",
        *prose(
            f"{pools.MODES} Gaussian modes in {pools.WIDTH} dimensions, each of one of {pools.CLASSES}",
            "classes: a set that favours neighbour graphs.",
            f"{counted(cases, runs.contestants).capitalize()}.",
        ),
        *table(["", *[f"{n} labels" for n in steps]], rows),
        "",
    ]


def _update(times: Mapping[str, Any], bars: list[Bar]) -> list[str]:
    if not times:
        return []
    rows = []
    for size, bound in zip(UPDATE_SIZES, (15, 50), strict=True):
        if (run := times.get(str(size))) is None:
            rows.append([f"{size:,}", "not measured", "", "", ""])
            continue
        middle, late = (1000 * float(np.percentile(run["update"], q)) for q in (50, 95))
        after = f"{1000 * np.median(run['refresh']):,.0f}" if run["refresh"] else "none"
        shown = f"p95 {late:.1f}, median {middle:.1f}"
        bars.append(
            Bar(
                f"time of one label, {size:,} items, ms",
                f"≤ {bound}",
                shown,
                Estimate(late),
                bound,
                most=True,
            )
        )
        rows.append([f"{size:,}", f"{middle:.1f}", f"{late:.1f}", after, f"{run['start']:.1f}"])
    return [
        "## Time of one label",
        "",
        *prose(
            f"The time of `learner.update` after each further random label, with {pools.WIDTH} columns. The",
            "background work that follows (`refresh`) is timed separately, and so is `start` with a finished",
            "graph.",
        ),
        *table(["items", "median, ms", "p95, ms", "refresh, median, ms", "start, s"], rows),
        "",
    ]


def _measured(cases: Cases, times: Mapping[str, Any]) -> list[str]:
    files = [file for runs in cases.values() for file in runs.files]
    rows = []
    for one in who.ALL:
        if found := [file for file in files if file["contestant"] == one]:
            seconds = np.array([file["cpu"] for file in found])
            rows.append(
                [one, str(len(found)), *_when(found), f"{np.median(seconds):.1f}, {seconds.max():.0f}"]
            )
    if times:
        rows.append(["time of one label", str(len(times)), *_when(list(times.values())), ""])
    head = [
        "",
        "runs",
        "first",
        "last",
        "commit (+: uncommitted changes)",
        "highest load",
        "CPU s, median and max",
    ]
    return ["## Dates of the measurements", "", *table(head, rows)]


def _when(files: list[dict[str, Any]]) -> list[str]:
    dates = sorted(file["date"] for file in files)
    commits = ", ".join(dict.fromkeys(file["commit"] for file in sorted(files, key=lambda f: f["date"])))
    return [dates[0], dates[-1], commits, f"{max(file['load'] for file in files):.1f}"]
