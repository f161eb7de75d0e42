"""Statistics of the runs, with 95 % intervals: labels needed, paired differences, classes found."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.labels.sets import CASES
from hitl_widgets.races.curves import first_at, percentiles, resampled, t_interval, value_at

METRIC, POOL, MACRO = "test_accuracy", "pool_accuracy", "macro_f1"
BEYOND = 1.25  # a target that is not reached counts as this many times the budget
BEHIND = 0.01  # tolerated difference to the best rival
FOUND = 0.03  # classes of at least this share of the pool must be found

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Estimate:
    """A value and its 95 % interval; NaN bounds if there is only one repeat."""

    value: float
    low: float = math.nan
    high: float = math.nan

    def shown(self, digits: int = 3, sign: str = "") -> str:
        """With the interval in brackets."""
        text = f"{self.value:{sign}.{digits}f}"
        known = not math.isnan(self.low)
        return f"{text} ({self.low:{sign}.{digits}f} to {self.high:{sign}.{digits}f})" if known else text


@dataclass(frozen=True)
class Runs:
    """The finished runs of one case.

    Attributes
    ----------
    frame
        One row per contestant, repeat and number of labels.
    files
        The rest of each run: contestant, repeat, date, code and duration; the true classes of the items
        that were asked, and the shares of the classes in the pool.
    """

    frame: pd.DataFrame
    files: list[dict[str, Any]]

    @property
    def budget(self) -> int:
        """The largest number of labels."""
        return int(self.frame["n_labels"].max())

    @property
    def contestants(self) -> list[str]:
        """The contestants with finished runs."""
        return self.frame["contestant"].unique().tolist()

    def curves(self, who: str, metric: str = METRIC) -> pd.DataFrame:
        """One row per repeat, one column per number of labels that all its repeats have."""
        rows = self.frame[self.frame["contestant"] == who]
        if rows.empty or metric not in rows:
            return pd.DataFrame()
        return rows.pivot_table(index="repeat", columns="n_labels", values=metric).dropna(axis=1)

    def repeats(self, who: str) -> int:
        """The number of finished runs of a contestant."""
        return int(self.frame.loc[self.frame["contestant"] == who, "repeat"].nunique())


def load(results: Path) -> dict[str, Runs]:
    """The runs by case, in the order of the cases.

    Within a repeat, all contestants must have seen the same data to be paired: runs on other data than
    that of the latest run are left out.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for file in sorted(results.glob("*/*/*/*.json")):
        run = json.loads(file.read_text())
        found.setdefault(run["case"], []).append(run)
    return {name: runs_of(name, found[name]) for name in CASES if name in found}


def runs_of(name: str, files: Sequence[dict[str, Any]]) -> Runs:
    """See :func:`load`."""
    newest = {f["repeat"]: f["digest"] for f in sorted(files, key=lambda f: f["date"])}
    same = [f for f in files if f["digest"] == newest[f["repeat"]]]
    if len(same) < len(files):
        print(f"{name}: {len(files) - len(same)} runs on outdated data are left out. Run them again.")
    frames = [pd.DataFrame(f["rows"]).assign(contestant=f["contestant"], repeat=f["repeat"]) for f in same]
    return Runs(pd.concat(frames, ignore_index=True), [{**f, "rows": None} for f in same])


def accuracy(runs: Runs, who: str, n_labels: int, metric: str = METRIC) -> Estimate | None:
    """Mean over the repeats; None if that number of labels was not recorded."""
    curves = runs.curves(who, metric)
    if n_labels not in curves:
        return None
    return Estimate(*np.clip(t_interval(curves[n_labels].to_numpy(float)), 0, 1))


# -- labels saved -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Saving:
    """Labels that one contestant needs for the accuracy of another with ``at`` labels."""

    at: int
    target: float
    labels: float
    reached: bool
    ratios: Array  # the ratio at / labels, followed by that of every bootstrap sample

    @property
    def ratio(self) -> Estimate:
        """How many times fewer labels, with its interval."""
        return Estimate(float(self.ratios[0]), *percentiles(self.ratios[1:]))


def saving(ours: pd.DataFrame, theirs: pd.DataFrame, at: int) -> Saving:
    """From the mean curves with linear interpolation; the bootstrap resamples whole repeats.

    The two tables are those of :meth:`Runs.curves`; only repeats in both are used.
    """
    shared = ours.index.intersection(theirs.index)
    n, values = ours.columns.to_numpy(float), resampled(ours.loc[shared].to_numpy(float), "mean")
    base = theirs.loc[shared]
    target = value_at(base.columns.to_numpy(float), resampled(base.to_numpy(float), "mean"), float(at))
    labels = first_at(n, values, target)
    counted = np.where(np.isfinite(labels), labels, BEYOND * n[-1])
    return Saving(at, float(target[0]), float(counted[0]), bool(np.isfinite(labels[0])), at / counted)


def geometric_mean(savings: Sequence[Saving]) -> Estimate:
    """Geometric mean over the sets; their bootstrap samples are combined in order."""
    draws = min(len(s.ratios) for s in savings)
    means = np.exp(np.mean([np.log(s.ratios[:draws]) for s in savings], axis=0))
    return Estimate(float(means[0]), *percentiles(means[1:]))


# -- differences in the same repeats -------------------------------------------------------------------


@dataclass(frozen=True)
class Gap:
    """A paired difference to the best of some rivals."""

    name: str
    n_labels: int
    rival: str
    size: Estimate
    ours: float
    theirs: float
    repeats: int

    @property
    def verdict(self) -> str:
        """Whether ours is worse by more than is tolerated: surely, probably, or not."""
        if self.size.value >= -BEHIND:
            return ""
        return "surely" if self.size.high < -BEHIND else "probably"


def to_best(
    name: str, runs: Runs, who: str, rivals: Iterable[str], n_labels: int, metric: str = METRIC
) -> Gap | None:
    """Ours minus the rival that is best by its mean, over the repeats that all of them have.

    None where somebody has no run of that many labels. The best is chosen on the same runs, so chance alone
    makes it look a little better than it is.
    """
    curves = {one: runs.curves(one, metric) for one in (who, *rivals)}
    if any(n_labels not in table for table in curves.values()):
        return None
    table = pd.DataFrame({one: curve[n_labels] for one, curve in curves.items()}).dropna()
    if table.empty:
        return None
    best = str(table.drop(columns=who).mean().idxmax())
    size = Estimate(*t_interval((table[who] - table[best]).to_numpy(float)))
    means = table.mean()
    return Gap(name, n_labels, best, size, float(means[who]), float(means[best]), len(table))


def over_sets(cases: Mapping[str, Runs], who: str, rival: str, n_labels: int) -> Estimate | None:
    """Ours minus the rival, averaged over the sets in each repeat that all of these have."""
    tables = []
    for runs in cases.values():
        ours, theirs = runs.curves(who), runs.curves(rival)
        if n_labels in ours and n_labels in theirs:
            tables.append((ours[n_labels] - theirs[n_labels]).dropna())
    if not tables:
        return None
    whole = pd.concat(tables, axis=1).dropna().mean(axis=1)
    return Estimate(*t_interval(whole.to_numpy(float))) if len(whole) else None


# -- classes that are found ----------------------------------------------------------------------------


def discovered(asked: Sequence[int], shares: Sequence[float], least: float = FOUND) -> float:
    """Labels until every class of at least that share of the pool was asked once; inf where it was not."""
    missing = {code for code, share in enumerate(shares) if share >= least}
    for n, code in enumerate(asked, 1):
        missing.discard(code)
        if not missing:
            return n
    return math.inf


def labels_until(asked: Sequence[int], code: int, times: int) -> float:
    """Labels until so many of the class were asked; inf where they were not."""
    where = np.flatnonzero(np.array(asked) == code)
    return float(where[times - 1] + 1) if len(where) >= times else math.inf


def quantile(values: Sequence[float], q: float, most: int) -> str:
    """A value that was measured, in words where it is beyond ``most``."""
    found = float(np.quantile(np.array(values), q, method="higher"))
    return f"{found:.0f}" if found <= most else f"> {most}"
