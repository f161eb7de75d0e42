"""Pieces of the page on label efficiency: bars, cells, tables of differences."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import label_stats as stats
from hitl_widgets.loop.simulation import Simulation
from label_parts import MARGIN, OURS
from label_stats import Estimate, Gap
from scale_report import table


@dataclass(frozen=True)
class Bar:
    """What was asked for, and what was measured; ``most``: at most so much."""

    words: str
    need: str
    measured: str
    value: Estimate
    bound: float
    most: bool = False

    @property
    def met(self) -> str:
        """In words; what reaches across the bar is not sure."""
        sign = -1 if self.most else 1
        value, bound = sign * self.value.value, sign * self.bound
        ends = [sign * end for end in (self.value.low, self.value.high)]
        if value >= bound:
            return "yes, but not surely" if min(ends) < bound else "yes"
        return "**no**, but not surely" if max(ends) >= bound else "**no**"


def prose(*words: str) -> list[str]:
    """A paragraph and an empty line."""
    return [*textwrap.wrap(" ".join(words), 110, break_long_words=False, break_on_hyphens=False), ""]


def worst_bar(words: str, found: Sequence[Gap], bound: float, which: str) -> Bar:
    gap = stats.worst(found)
    place = f"{gap.name} at {gap.n_labels}"
    need = f"≥ {bound:+}" if bound else "≥ 0"
    return Bar(f"{words} ({which})", need, f"{gap.size.shown(3, '+')}, {place}", gap.size, bound)


def differences(
    races: Mapping[str, Simulation], found: Sequence[Gap], metric: str = stats.METRIC
) -> list[str]:
    rows = []
    for gap in found:
        two = [cell(stats.accuracy(races[gap.name], who, gap.n_labels, metric)) for who in (OURS, MARGIN)]
        rows.append([gap.name, str(gap.n_labels), *two, signed(gap.size)])
    return table(["set", "labels", OURS, MARGIN, "difference, paired"], rows)


def cell(found: Estimate | None) -> str:
    if found is None:
        return "-"
    return f"{found.value:.3f}" + ("" if math.isnan(found.low) else f" ({found.low:.3f}-{found.high:.3f})")


def signed(size: Estimate) -> str:
    """Bold where it is a loss beyond chance."""
    text = size.shown(3, "+")
    return f"**{text}**" if size.high < 0 else text


def repeats_of(races: Mapping[str, Simulation]) -> str:
    counts = sorted({len(race.repeats) for race in races.values()})
    words = " to ".join(map(str, dict.fromkeys([counts[0], counts[-1]])))
    return f"{words} repeat{'s' * (words != '1')}" + (
        " (publish nothing of fewer than 20)" if counts[0] < 20 else ""
    )
