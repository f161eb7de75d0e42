"""How far annotators agree."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["agreement"]


def agreement(
    labels: pd.DataFrame, agree: Callable[[Any, Any], float] = lambda a, b: float(a == b)
) -> pd.DataFrame:
    """How far annotators agree where they labelled the same items.

    Parameters
    ----------
    labels
        Columns id, label (hashable), annotator; a row for each item and annotator.
    agree
        How far two labels agree, 0 to 1: whether they are the same where nobody says.

    Returns
    -------
    A row for each pair that shares items: annotators, n, agree (the mean), kappa (weighted: Cohen 1968; of
    labels that are the same or not that of Cohen 1960; NaN where both used one label alone).
    """
    rows = []
    people = labels["annotator"].unique()
    said = {str(who): labels[labels["annotator"] == who].set_index("id")["label"] for who in people}
    for (who, one), (other, two) in combinations(said.items(), 2):
        both = pd.concat([one, two], axis=1, join="inner", keys=["one", "two"])
        if len(both):
            rows.append((f"{who}, {other}", len(both), *_kappa(list(both["one"]), list(both["two"]), agree)))
    return pd.DataFrame(rows, columns=["annotators", "n", "agree", "kappa"])


def _kappa(
    one: list[Hashable], two: list[Hashable], agree: Callable[[Any, Any], float]
) -> tuple[float, float]:
    """The mean agreement, and how much of what chance leaves of it is there."""
    values = list(dict.fromkeys([*one, *two]))
    place = {value: k for k, value in enumerate(values)}
    counts = np.zeros((len(values), len(values)))
    np.add.at(counts, ([place[v] for v in one], [place[v] for v in two]), 1 / len(one))
    alike = np.array([[agree(a, b) for b in values] for a in values])
    observed = float((counts * alike).sum())
    expected = float(counts.sum(axis=1) @ alike @ counts.sum(axis=0))
    return observed, float("nan") if expected > 1 - 1e-9 else (observed - expected) / (1 - expected)
