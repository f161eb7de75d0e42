"""Write what was measured of label efficiency as docs/label-efficiency.md."""

from __future__ import annotations

import json
import math
import os
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

import label_stats as stats
import pools
from hitl_widgets.loop.simulation import Simulation
from label_parts import HELD_OUT, HUNT_CAP, LARGE, MARGIN, OURS, UPDATE_SIZES
from label_stats import Estimate
from label_suite import suite
from label_words import Bar, cell, differences, prose, repeats_of, table, worst_bar
from report import _processor

PACKAGES = ("hitl-widgets", "numpy", "scipy", "scikit-learn", "numba", "pynndescent")

Parts = dict[str, dict[str, dict[str, Any]]]


def write(results: Path, target: Path, command: str) -> None:
    """Write the page from the newest figures of every part, and the chart beside it."""
    parts: Parts = {
        folder.name: {file.stem: json.loads(file.read_text()) for file in sorted(folder.glob("*.json"))}
        for folder in sorted(results.glob("*/"))
    }
    parts = {name: found for name, found in parts.items() if found}
    races = {
        part: {
            name: stats.race_of(parts[part][name]["found"])
            for name in _ordered(parts[part])
            if _comparable(part, name, parts[part][name]["found"])
        }
        for part in ("suite", "noise", "held_out", "redrawn", "large")
        if part in parts
    }
    bars: list[Bar] = []
    sections = [
        *suite(races.get("suite", {}), target, bars),
        *_redrawn(races.get("redrawn", {})),
        *_noise(races.get("noise", {}), bars),
        *_rare(parts.get("rare", {}), bars),
        *_held_out(races.get("held_out", {}), bars),
        *_large(races.get("large", {}), bars),
        *_update(parts.get("update", {}), bars),
    ]
    rows = [[bar.words, bar.need, bar.measured, bar.met] for bar in bars]
    lines = [*_head(command), *table(["bar", "asked for", "measured", "met"], rows), "", *sections]
    lines += _measured(parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("\n".join(lines) + "\n")


def _comparable(part: str, name: str, found: Mapping[str, Any]) -> bool:
    """Whether it was measured by what the page is about; older figures were not."""
    if stats.METRIC in found:
        return True
    print(f"{part}: {name} is left out, it was measured before there was {stats.METRIC}. Run it again.")
    return False


def _ordered(names: Any) -> list[str]:
    return sorted(names, key=lambda n: (list(pools.SETS).index(n) if n in pools.SETS else 99, n))


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
            "*ours* is the default learner and the default strategy. *LR* is scikit-learn's",
            "`LogisticRegression(max_iter=2000)`, fitted anew after every label; C=10 is the stronger",
            "baseline on text. All start from the same k-means medoids, random too. Accuracy is that of the",
            "whole pool by the true classes, the labels given and what the model says of the rest",
            f"(`{stats.METRIC}`): the same items for every contestant.",
        ),
        *prose(
            "Brackets hold 95 % intervals: of accuracies and paired differences Student's t over the",
            "repeats, of ratios a bootstrap over repeats. A repeat is another cold start on the same",
            'pool, so the intervals say nothing of other pools. "Not surely": the interval reaches across',
            "the bar. The worst of many differences is picked after looking, so chance alone makes it",
            "look worse than it is.",
        ),
        "## The bars",
        "",
    ]


def _redrawn(races: Mapping[str, Simulation]) -> list[str]:
    if not races:
        return []
    return [
        "## Adversarial pools drawn anew",
        "",
        *prose(
            "The suite has one pool of each kind, on which k-means finds much the same cold start again and",
            "again: its repeats are alike, and where one path is unlucky all are. Here every repeat has a",
            f"pool of its own; {repeats_of(races)}.",
        ),
        *differences(races, stats.gaps(races, OURS, MARGIN, (20, 30, 50, 100))),
        "",
    ]


def _noise(races: Mapping[str, Simulation], bars: list[Bar]) -> list[str]:
    if not races:
        return []
    found = stats.gaps(races, OURS, MARGIN, (20, 50, 100))
    which = f"{len(races)} of {len(pools.SETS)} sets"
    bars.append(
        worst_bar("10 % wrong labels: worst difference to LR + margin at 20, 50, 100", found, 0, which)
    )
    return [
        "## Wrong labels",
        "",
        *prose(f"One answer in ten is wrong, any other class as likely; {repeats_of(races)}."),
        *differences(races, found),
        "",
    ]


def _held_out(races: Mapping[str, Simulation], bars: list[Bar]) -> list[str]:
    if not races:
        return []
    found = stats.gaps(races, OURS, MARGIN, (50, 200), "test_accuracy")
    which = f"{len(races)} of {len(HELD_OUT)} sets"
    bars.append(
        worst_bar("exported model on held-out data: worst difference to LR at 50, 200", found, 0, which)
    )
    return [
        "## The exported model",
        "",
        *prose(
            "A plain scikit-learn model of ours against LR on as many labels chosen by its own margin, on",
            "a fifth of the data that neither has seen (its features were made together with the others);",
            f"{repeats_of(races)}, shared among up to five splits.",
        ),
        *differences(races, found, "test_accuracy"),
        "",
    ]


def _large(races: Mapping[str, Simulation], bars: list[Bar]) -> list[str]:
    if (race := races.get(str(LARGE))) is None:
        return []
    steps = (20, 30, 50)
    if value := stats.accuracy(race, OURS, 50):
        bars.append(Bar(f"{LARGE:,} items, 50 labels", "≥ 0.95", value.shown(), value, 0.95))
    rows = [[who, *[cell(stats.accuracy(race, who, n)) for n in steps]] for who in race.contestants]
    return [
        f"## {LARGE:,} items",
        "",
        *prose(
            f"{pools.MODES} Gaussian modes of {pools.CLASSES} classes in {pools.WIDTH} dimensions, each of",
            f"one class: a set that flatters neighbour graphs. {repeats_of(races).capitalize()}.",
        ),
        *table(["", *[f"{n} labels" for n in steps]], rows),
        "",
    ]


def _rare(found: Mapping[str, Any], bars: list[Bar]) -> list[str]:
    if not found:
        return []
    runs = [one["found"] for one in found.values()]
    ways = list(dict.fromkeys(run["strategy"] for run in runs))
    every = {way: [n for run in runs if run["strategy"] == way for n in run["labels"]] for way in ways}
    rows = [
        [f"digit {run['digit']}: {run['positives']} of {run['pool']:,}", run["strategy"],
         stats.median(run["labels"], HUNT_CAP), str(len(run["labels"]))]
        for run in runs
    ]  # fmt: skip
    rows += [["all", way, f"**{stats.median(n, HUNT_CAP)}**", str(len(n))] for way, n in every.items()]
    if hunted := every.get("most_likely_positive"):
        middle = float(np.median([math.inf if n is None else n for n in hunted]))
        words = "rare class: labels from cold to ten positives, median"
        bars.append(Bar(words, "≤ 60", stats.median(hunted, HUNT_CAP), Estimate(middle), 60, most=True))
    return [
        "## A rare class",
        "",
        *prose(
            "Is it that digit, of which so many were kept that they make 1 % of the pool? Labels from",
            f"cold until ten of it are found, median; {HUNT_CAP} at most. The default learner.",
        ),
        *table(["pool", "strategy", "labels", "repeats"], rows),
        "",
    ]


def _update(found: Mapping[str, Any], bars: list[Bar]) -> list[str]:
    if not found:
        return []
    rows = []
    for size, bound in zip(UPDATE_SIZES, (15, 50), strict=True):
        if (one := found.get(str(size))) is None:
            rows.append([f"{size:,}", "not measured", "", "", ""])
            continue
        run = one["found"]
        middle, late = (1000 * float(np.percentile(run["update"], q)) for q in (50, 95))
        after = f"{1000 * np.median(run['refresh']):,.0f}" if run["refresh"] else "none"
        shown = f"p95 {late:.1f}, median {middle:.1f}"
        bars.append(
            Bar(f"one label, {size:,} items, ms", f"≤ {bound}", shown, Estimate(late), bound, most=True)
        )
        rows.append([f"{size:,}", f"{middle:.1f}", f"{late:.1f}", after, f"{run['start']:.1f}"])
    n = len(next(iter(found.values()))["found"]["update"])
    return [
        "## One label's time",
        "",
        *prose(
            f"`learner.update` with one label more, {n} labels at random, {pools.WIDTH} columns, one after",
            "the other. What follows in the background (`refresh`) is timed apart, and so is `start`,",
            "with the graph at hand.",
        ),
        *table(["items", "median, ms", "p95, ms", "refresh, median, ms", "start, s"], rows),
        "",
    ]


def _measured(parts: Parts) -> list[str]:
    rows = []
    for part, found in parts.items():
        dates = sorted(one["date"] for one in found.values())
        commits = ", ".join(dict.fromkeys(one["commit"] for one in found.values()))
        kept = sorted(filter(None, (one["kept"] for one in found.values())))
        load = max(one["load"] for one in found.values())
        old = f"runs of {kept[0]}" if kept else "measured with ours"
        rows.append([part, dates[0], dates[-1], commits, f"{load:.1f}", old])
    head = ["part", "first", "last", "commit (+: with changes)", "highest load", "baselines"]
    return ["## When it was measured", "", *table(head, rows)]
