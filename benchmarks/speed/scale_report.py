"""Sections of docs/benchmarks.md on large pools."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

# Budgets for the p95 of label -> suggestions and map, in milliseconds, by size of the pool.
ROUND_BUDGETS = {20_000: 60, 100_000: 100, 1_000_000: 250}
READ_BUDGET = 2.2
PREPARED = (
    "items", "run", "session", "first suggestion", "preview", "model on the graph", "UMAP settled",
    "of which graph", "UMAP",
)  # fmt: skip
MEMORY_BUDGET = 1.6


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A Markdown table."""
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]


def against(value: float, budget: float | None, digits: int = 0) -> str:
    """A formatted value, bold if it is over budget."""
    shown = f"{value:,.{digits}f}"
    return f"**{shown}**" if budget is not None and value > budget else shown


def scoring(found: dict[str, Any]) -> list[str]:
    """Section on scoring the pool."""
    n, d, c = found["shape"]
    times = {name: np.array(values) for name, values in found["times"].items()}
    read = next(iter(times.values()))
    rows = []
    for name, values in times.items():
        ratio = float(np.median(values / read))
        ours = READ_BUDGET if name == "ours, float32" else None
        rows.append(
            [name, f"{np.median(values):,.0f}", against(ratio, ours, 2), f"{READ_BUDGET}" if ours else ""]
        )
    return [
        f"{n:,} x {d}, {c} classes: product, softmax, prediction, margin and the 100 least certain rows.",
        f"Medians of {len(read)} rounds, with all methods interleaved; ratios are relative to the first row.",
        "",
        *table(["", "ms", "ratio", "budget"], rows),
    ]


def scale(found: dict[str, Any]) -> list[str]:
    """Section on sessions without a browser."""
    answers, prepared, memory = [], [], []
    for size, runs in found.items():
        n = int(size)
        for name, run in runs.items():
            for when, words in (("early", "before the graph"), ("late", "with the graph")):
                if name == "second" and when == "early":
                    continue
                learned = np.array(run[when]["learned"])
                durable = np.array(run[when]["durable"])
                if name == "first":
                    answers.append(
                        [f"{n:,}", words, f"{np.median(learned):.0f}",
                         against(np.percentile(learned, 95), ROUND_BUDGETS[n]), str(ROUND_BUDGETS[n]),
                         f"{np.percentile(durable, 95):.0f}"]
                    )  # fmt: skip
            reached = run["reached"]
            cells = [f"{reached[k]:.1f}" if k in reached else "" for k in
                     ("session", "first suggestion", "map pca", "graph", "map umap settled")]  # fmt: skip
            prepared.append([f"{n:,}", name, *cells, *_stages(run["stages"])])
            ratio = run["peak"] / run["array"]
            budget = MEMORY_BUDGET if n == 1_000_000 else None
            memory.append(
                [f"{n:,}", name, f"{run['array']:,.0f}", f"{run['peak']:,.0f}", against(ratio, budget, 2)]
            )
    steps = ("label durable", "label learned", "undo durable", "undo learned")
    bulk = [
        [f"{int(size):,}", *[f"{runs['first']['bulk'][step]:,.0f}" for step in steps]]
        for size, runs in found.items()
        if "bulk" in runs["first"]
    ]
    return [
        "Sessions with 384 features, 30 modes and 10 classes, without a browser, each in its own process;",
        "60 labels, 300 ms apart. Times run from `label()` until the round trained with the label is",
        "available, with its suggestions.",
        "",
        *table(["items", "", "label -> round, median ms", "p95", "budget", "saved, p95"], answers),
        "",
        "Seconds since importing hitl_widgets. The second run uses the caches of the first.",
        "",
        *table(PREPARED, prepared),
        "",
        "Peak memory of the process and its children, including the array (PSS, MB).",
        "",
        *table(["items", "run", "array", "peak", "ratio (budget at a million: 1.6)"], memory),
        "",
        "A tenth of the pool is labelled at once, then undone; milliseconds until saved and until learned.",
        "",
        *table(["items", "label saved", "learned", "undo saved", "learned"], bulk),
    ]


def peers(found: dict[str, Any]) -> list[str]:
    """Section on other packages."""
    rows = []
    for size, ways in found.items():
        for name, made in ways.items():
            times = f"{np.median(made['colours']):,.0f}", f"{max(made['colours']):,.0f}"
            rows.append([f"{int(size):,}", name, f"{made['first']:.1f}", *times])
    return [
        "Points of two columns, in JupyterLab in Chromium, WebGL by SwiftShader. Seconds from running the",
        "cell to the first picture; milliseconds from running a cell that changes the colours to the changed",
        "picture. Ours is a complete session: a tenth of the points is labelled, logged, learned and shown.",
        "",
        *table(["items", "", "first picture, s", "new colours, median ms", "longest"], rows),
    ]


def _stages(stages: Sequence[tuple[float, str]]) -> list[str]:
    """Seconds for building the graph and for its layout; empty if they were cached."""
    finding = [at for at, words in stages if words.startswith("finding")]
    after = [at for at, words in stages if finding and at > finding[-1]]
    if not after or len(finding) < 2:
        return ["", ""]
    return [f"{after[0] - finding[0]:.1f}", f"{after[-1] - after[0]:.1f}" if len(after) > 1 else ""]


def live(found: dict[str, Any]) -> list[str]:
    """Section on the map and the labels in a browser."""
    rows, answers = [], []
    for size, made in found.items():
        n = int(size)
        recolour, lasso = np.array(made["recolour"]), made["lasso"]
        rows.append(
            [f"{n:,}", made["engine"], f"{made['first paint'] / 1e3:.1f}", f"{made['first item'] / 1e3:.1f}",
             f"{np.median(recolour):.0f}", against(np.percentile(recolour, 95), 100),
             f"{lasso['rows']:,}", f"{lasso['shown']:.0f}", against(lasso["labelled"]["acked"], 300),
             against(made["loop late"][0], 50, 1), f"{made['loop late'][1]:.1f}"]
        )  # fmt: skip
        for words in ("label, before the graph", "label"):
            times = made[words]
            answers += [
                [f"{n:,}", words, name, f"{np.median(times[key]):.0f}",
                 against(np.percentile(times[key], 95), ROUND_BUDGETS[n])]
                for key, name in (("map", "map"), ("queue", "suggestions")) if times[key]
            ]  # fmt: skip
        if echo := made.get("echo"):
            cells = f"{np.median(echo):.0f}", f"{np.percentile(echo, 95):.0f}"
            answers.append([f"{n:,}", "a plain echo widget beside it", "answer", *cells])
    return [
        "JupyterLab in Chromium, no GPU. Seconds since running the cell; milliseconds from a click or the",
        "release of the pointer to the painted frame; for a lasso around a tenth of the points also from the",
        "class key to the acknowledgement. The last columns show how long the kernel's event loop was",
        "blocked: the delay of a 10 ms sleep.",
        "",
        *table(
            ["items", "engine", "first paint, s", "first item, s", "recolour", "p95", "lasso points",
             "lasso -> shown", "-> labelled", "loop blocked, max", "99.9 %"], rows
        ),
        "",
        *table(["items", "", "key -> changed", "median ms", "p95"], answers),
    ]  # fmt: skip
