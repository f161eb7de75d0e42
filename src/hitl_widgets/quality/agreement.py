"""Agreement between annotators."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["agreement"]

MOST_VALUES = 300


def agreement(
    labels: pd.DataFrame, agree: Callable[[Any, Any], float] = lambda a, b: float(a == b)
) -> pd.DataFrame:
    """Compute the agreement of annotators on items that they both labeled.

    Parameters
    ----------
    labels
        A table with columns id, label (hashable) and annotator, with a row for each item and annotator.
    agree
        Returns how far two labels agree, 0 to 1; by default whether they are equal.

    Returns
    -------
    A row for each pair with shared items: annotators, n, agree (the mean), kappa (weighted: Cohen 1968; for
    equal or different labels, this is Cohen 1960; NaN if both used only a single label, or more than 300).
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
    """Return the mean agreement and kappa."""
    values = list(dict.fromkeys([*one, *two]))
    if len(values) > MOST_VALUES:  # each value would be compared with each other
        return float(np.mean([agree(a, b) for a, b in zip(one, two, strict=True)])), float("nan")
    place = {value: k for k, value in enumerate(values)}
    counts = np.zeros((len(values), len(values)))
    np.add.at(counts, ([place[v] for v in one], [place[v] for v in two]), 1 / len(one))
    alike = np.array([[agree(a, b) for b in values] for a in values])
    observed = float((counts * alike).sum())
    expected = float(counts.sum(axis=1) @ alike @ counts.sum(axis=0))
    return observed, float("nan") if expected > 1 - 1e-9 else (observed - expected) / (1 - expected)
