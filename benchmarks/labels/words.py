"""Parts of the page on label efficiency: targets, table cells, paragraphs."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.labels.stats import Estimate, Gap, Runs


@dataclass(frozen=True)
class Bar:
    """A target and its measured value; with ``most`` the target is an upper bound."""

    words: str
    need: str
    measured: str
    value: Estimate
    bound: float
    most: bool = False

    @property
    def met(self) -> str:
        """Whether the target is met, in words; uncertain if the interval includes it."""
        sign = -1 if self.most else 1
        value, bound = sign * self.value.value, sign * self.bound
        ends = [sign * end for end in (self.value.low, self.value.high)]
        if value >= bound:
            return "yes, uncertain" if min(ends) < bound else "yes"
        return "**no**, uncertain" if max(ends) >= bound else "**no**"


def prose(*words: str) -> list[str]:
    """A wrapped paragraph and an empty line."""
    return [*textwrap.wrap(" ".join(words), 110, break_long_words=False, break_on_hyphens=False), ""]


def cell(found: Estimate | None) -> str:
    if found is None:
        return "-"
    return f"{found.value:.3f}" + ("" if math.isnan(found.low) else f" ({found.low:.3f}-{found.high:.3f})")


def plain(found: Estimate | None) -> str:
    return "-" if found is None else f"{found.value:.3f}"


def difference(gap: Gap | None) -> str:
    """Bold if it is surely too far behind, with a question mark if it is only probably so."""
    if gap is None:
        return "-"
    text = gap.size.shown(3, "+")
    return {"surely": f"**{text}**", "probably": f"{text} ?"}.get(gap.verdict, text)


def counted(cases: Mapping[str, Runs], contestants: Sequence[str]) -> str:
    """The number of repeats behind the figures of a section."""
    counts = sorted({runs.repeats(who) for runs in cases.values() for who in contestants} - {0})
    if not counts:
        return "no repeats"
    words = " to ".join(map(str, dict.fromkeys([counts[0], counts[-1]])))
    few = " (fewer than 20 are not meant for publication)" if counts[0] < 20 else ""
    return f"{words} repeat{'s' * (words != '1')}{few}"
