"""What stopping rules lose and waste."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from hitl_widgets.races.curves import t_interval
from hitl_widgets.races.stopping import BUDGET

__all__ = ["regret"]


def regret(
    runs: pd.DataFrame,
    rules: Sequence[str],
    metric: str,
    axis: str,
    unit: str,
    sign: int,
    within: float,
    overlap: float,
) -> pd.DataFrame:
    """The table of :meth:`~.simulation.Simulation.stopping`.

    Parameters
    ----------
    rules
        Columns ``stop_...`` of bool.
    sign
        1 if more of the metric is better, -1 if less.
    overlap
        See :class:`~.simulation.Simulation`.
    """
    rows = []
    for contestant, table in runs.groupby("contestant", sort=False):
        for rule in [f"stop_{BUDGET}", *rules]:
            # Runs in which the metric was never a number have no best stop.
            measured = [run for _, run in table.groupby("repeat") if run[metric].notna().any()]
            found = np.array([_run(run, rule, metric, axis, sign, within) for run in measured])
            found = found if len(found) else np.full((1, 5), np.nan)
            stopped, labels, value, lost, wasted = found.T
            name = rule.removeprefix("stop_")
            means = (float(part.mean()) for part in (stopped, labels, value))
            # Neither can be negative, and no more can be wasted than there is.
            losses = np.clip(t_interval(lost, overlap), 0, None)
            waste = np.clip(t_interval(wasted, overlap), 0, runs[axis].max())
            rows.append((contestant, name, *means, *losses, *waste))
    columns = ["contestant", "rule", "stopped", unit, "value", "lost", "lost_low", "lost_high"]
    return pd.DataFrame(rows, columns=[*columns, "wasted", "wasted_low", "wasted_high"])


def _run(
    run: pd.DataFrame, rule: str, metric: str, axis: str, sign: int, within: float
) -> tuple[float, float, float, float, float]:
    """Whether it stopped, where, the metric there, and what was lost and wasted."""
    run = run.dropna(subset=[metric]).sort_values(axis)
    place, value = run[axis].to_numpy(float), run[metric].to_numpy(float)
    said = run[rule].to_numpy(bool) if rule in run else np.zeros(len(run), np.bool_)
    at = int(said.argmax()) if said.any() else len(run) - 1
    good = sign * value >= (sign * value).max() - within
    best = int(good.argmax())
    lost, wasted = max(sign * (value[best] - value[at]), 0.0), max(place[at] - place[best], 0.0)
    return float(said.any()), place[at], value[at], lost, wasted
