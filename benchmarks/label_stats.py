"""What the races say: labels needed, geometric means, paired differences, with 95 % intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from hitl_widgets.loop.simulation import (
    Simulation,
    _at,
    _first,
    _percentiles,
    _resampled,
    _t_interval,
    _values,
)

METRIC = "pool_accuracy"
BEYOND = 1.25  # a target that was not reached counts as so many times the budget

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Estimate:
    """A value and its 95 % interval; NaN bounds where there is but one repeat."""

    value: float
    low: float = math.nan
    high: float = math.nan

    def shown(self, digits: int = 3, sign: str = "") -> str:
        """With the interval in brackets."""
        text = f"{self.value:{sign}.{digits}f}"
        known = not math.isnan(self.low)
        return f"{text} ({self.low:{sign}.{digits}f} to {self.high:{sign}.{digits}f})" if known else text


@dataclass(frozen=True)
class Saving:
    """Labels that one contestant needs for what another has with ``at``."""

    at: int
    target: float
    labels: float
    reached: bool
    ratios: Array  # the ratio at / labels, then that of every bootstrap sample

    @property
    def ratio(self) -> Estimate:
        """How many times fewer labels, with its interval."""
        return Estimate(float(self.ratios[0]), *_percentiles(self.ratios[1:]))


@dataclass(frozen=True)
class Gap:
    """A paired difference in accuracy."""

    name: str
    n_labels: int
    baseline: str
    size: Estimate


def saving(race: Simulation, who: str, baseline: str, at: int) -> Saving:
    """From the mean curves, straight between the numbers recorded; whole repeats are drawn again."""
    curves = {
        name: (table.columns.to_numpy(float), _resampled(_values(table), "mean"))
        for name, table in race._curves(METRIC).items()
        if name in {who, baseline}
    }
    target = _at(*curves[baseline], float(at))
    n, values = curves[who]
    labels = _first(n, values, target)
    counted = np.where(np.isfinite(labels), labels, BEYOND * n[-1])
    return Saving(at, float(target[0]), float(counted[0]), bool(np.isfinite(labels[0])), at / counted)


def geometric_mean(savings: Sequence[Saving]) -> Estimate:
    """Over the sets; they are drawn anew together, repeat by repeat."""
    draws = min(len(s.ratios) for s in savings)
    means = np.exp(np.mean([np.log(s.ratios[:draws]) for s in savings], axis=0))
    return Estimate(float(means[0]), *_percentiles(means[1:]))


def gaps(
    races: Mapping[str, Simulation], who: str, baseline: str, at: Sequence[int], metric: str = METRIC
) -> list[Gap]:
    """Differences of ``who`` to the baseline in the same repeats, at those numbers that a race has."""
    found = []
    for name, race in races.items():
        steps = [n for n in at if n <= race.budget]
        table = race.against(baseline, at=steps, metric=metric)
        for row in table[table["contestant"] == who].to_dict("records"):
            size = Estimate(row["difference"], row["low"], row["high"])
            found.append(Gap(name, int(row["n_labels"]), baseline, size))
    return found


def worst(found: Sequence[Gap]) -> Gap:
    return min(found, key=lambda gap: gap.size.value)


def accuracy(race: Simulation, who: str, n_labels: int, metric: str = METRIC) -> Estimate | None:
    """Mean over the repeats; None where that number was not recorded."""
    rows = race.frame[race.frame["contestant"].eq(who) & race.frame["n_labels"].eq(n_labels)]
    return Estimate(*np.clip(_t_interval(_values(rows[metric])), 0, 1)) if len(rows) else None


def median(values: Sequence[float | None], cap: int) -> str:
    """In words; None is beyond the cap."""
    middle = float(np.median([math.inf if v is None else v for v in values]))
    return f"{middle:.0f}" if middle <= cap else f"> {cap}"


def race_of(found: Mapping[str, Any]) -> Simulation:
    return Simulation(pd.DataFrame(found))
