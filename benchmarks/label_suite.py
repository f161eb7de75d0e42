"""The page's part on the suite: accuracy, labels needed, and where we do not win."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import label_stats as stats
import pools
from hitl_widgets.loop.simulation import Simulation
from label_chart import draw
from label_parts import MARGIN, OURS, RANDOM, STRONG
from label_stats import Estimate, Gap
from label_words import Bar, cell, prose, repeats_of, signed, table, worst_bar

STEPS = (20, 50, 100, 200)
AT_MARGIN = {"wine": 30}  # elsewhere 100
DIGITS_BARS = ((20, 0.92), (50, 0.96), (150, 0.985))


def suite(races: Mapping[str, Simulation], target: Path, bars: list[Bar]) -> list[str]:
    if not races:
        return []
    which = f"{len(races)} of {len(pools.SETS)} sets"
    if "digits" in races:
        for n, bound in DIGITS_BARS:
            if found := stats.accuracy(races["digits"], OURS, n):
                bars.append(Bar(f"digits, {n} labels", f"≥ {bound}", found.shown(), found, bound))
    lines = ["## The suite", "", *[f"- **{name}**: {pools.WORDS[name]}" for name in races], ""]
    if draw(races, target.with_suffix(".svg")):
        lines += [f"![Learning curves with 95 % bands, one panel per set]({target.stem}.svg)", ""]
    lines += [f"Accuracy with so many labels; {repeats_of(races)}.", "", *_accuracies(races), ""]
    targets = (
        (RANDOM, {n: r.budget for n, r in races.items()}, 5.0, "with its whole budget (200, wine 158)"),
        (MARGIN, {n: AT_MARGIN.get(n, 100) for n in races}, 1.8, "at 100 labels (wine 30)"),
    )
    for baseline, at, bound, words in targets:
        savings = {
            n: stats.saving(race, OURS, baseline, at[n]) for n, race in races.items() if at[n] <= race.budget
        }
        mean = stats.geometric_mean(list(savings.values()))
        bars.append(
            Bar(f"times fewer labels than {baseline}, for its accuracy {words}: geometric mean ({which})",
                f"≥ {bound}", mean.shown(2), mean, bound)
        )  # fmt: skip
        lines += [
            f"Labels that ours needs for the accuracy of {baseline} {words}.",
            "",
            *_savings(savings, mean),
            "",
        ]
    found = stats.gaps(races, OURS, MARGIN, STEPS)
    bars.append(worst_bar("worst difference to LR + margin at 20, 50, 100, 200", found, -0.02, which))
    return lines + _losses([*found, *stats.gaps(races, OURS, STRONG, STEPS)])


def _accuracies(races: Mapping[str, Simulation]) -> list[str]:
    rows = []
    for name, race in races.items():
        steps = [min(n, race.budget) for n in STEPS]
        for who in race.contestants:
            cells = [cell(stats.accuracy(race, who, n)) for n in steps]
            if steps[-1] < STEPS[-1]:
                cells[-1] += f" at {steps[-1]}"
            rows.append([name, who, *cells])
    return table(["set", "", *map(str, STEPS)], rows)


def _savings(savings: Mapping[str, stats.Saving], mean: Estimate) -> list[str]:
    rows = [
        [
            name,
            f"{s.target:.3f} at {s.at}",
            f"{s.labels:.0f}" if s.reached else "not reached",
            s.ratio.shown(2),
        ]
        for name, s in savings.items()
    ]
    rows.append(["geometric mean", "", "", f"**{mean.shown(2)}**"])
    note = f"Where it was not reached, {stats.BEYOND} times the budget is counted."
    missed = not all(s.reached for s in savings.values())
    return [*table(["set", "target", "labels", "ratio"], rows), *(["", note] if missed else [])]


def _losses(found: Sequence[Gap]) -> list[str]:
    behind = sorted((g for g in found if g.size.value < 0), key=lambda g: g.size.value)
    lines = ["### Where we do not win", ""]
    if not behind:
        return [
            *lines,
            "Nowhere: at 20, 50, 100 and 200 labels ours is level with both or ahead, on every set.",
            "",
        ]
    surely = sum(g.size.high < 0 for g in behind)
    rows = [[g.name, str(g.n_labels), g.baseline, signed(g.size)] for g in behind]
    return [
        *lines,
        *prose(
            f"In {len(behind)} of {len(found)} comparisons ours is behind, in {surely} of them with an",
            "interval all below zero (bold).",
        ),
        *table(["set", "labels", "against", "ours minus it"], rows),
        "",
    ]
