"""Agreement between annotators."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["agreement", "reliability"]

MOST_VALUES = 300
DRAWS = 1_000


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


def reliability(
    labels: pd.DataFrame,
    agree: Callable[[Any, Any], float] = lambda a, b: float(a == b),
    *,
    random_state: int = 0,
) -> pd.DataFrame:
    """Compute coefficients of agreement over all annotators, each with a bootstrap interval.

    Parameters
    ----------
    labels, agree
        As for :func:`agreement`. A measure of agreement that is 1 minus a squared distance, as on a scale,
        gives the interval form of alpha.

    Returns
    -------
    Rows ``agree``, ``alpha``, ``fleiss`` and ``ac1``; columns n (items with at least two labels), value, low
    and high (95 %: the percentiles of 1,000 samples of items). Alpha is Krippendorff's (2011), with the
    distance 1 - agree; Fleiss' kappa (1971) and Gwet's AC1 (2008) are in the weighted forms of Gwet (2014),
    and count each item once. If one label prevails, alpha and kappa are low although people agree, and AC1
    is not.
    """
    codes, counts = _table(labels)
    if counts.shape[1] > MOST_VALUES:
        raise ValueError(f"{counts.shape[1]} different labels: at most {MOST_VALUES} can be compared.")
    alike = np.array([[agree(a, b) for b in codes] for a in codes]).reshape(len(codes), len(codes))
    n = len(counts)
    names = ["agree", "alpha", "fleiss", "ac1"]
    if n == 0:
        rows = [(0, np.nan, np.nan, np.nan)] * len(names)
        return pd.DataFrame(rows, index=names, columns=["n", "value", "low", "high"])
    rng = np.random.default_rng(random_state)
    weights = np.vstack([np.ones(n), rng.multinomial(n, np.full(n, 1 / n), DRAWS)])
    found = _coefficients(counts, alike, weights)
    with np.errstate(invalid="ignore"):
        bounds = np.nanpercentile(found[:, 1:], [2.5, 97.5], axis=1) if n > 1 else np.full((2, 4), np.nan)
    return pd.DataFrame(
        {"n": n, "value": found[:, 0], "low": bounds[0], "high": bounds[1]}, index=pd.Index(names)
    )


def _table(labels: pd.DataFrame) -> tuple[list[Any], npt.NDArray[np.float64]]:
    """Return the labels, and how often each was given, for each item with at least two, (n, n_labels)."""
    items, _ = pd.factorize(labels["id"])
    codes, values = pd.factorize(labels["label"])
    counts = np.zeros((items.max(initial=-1) + 1, len(values)))
    np.add.at(counts, (items, codes), 1)
    counts = counts[counts.sum(axis=1) > 1]
    used = counts.sum(axis=0) > 0
    return [value for value, is_used in zip(values, used, strict=True) if is_used], counts[:, used]


def _coefficients(
    counts: npt.NDArray[np.float64], alike: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return agreement, alpha, Fleiss' kappa and AC1 for each row of weights of the items, (4, n_weights)."""
    m = counts.sum(axis=1)
    pairs = np.einsum("ij,jk,ik->i", counts, alike, counts) - counts @ np.diag(alike)
    each = pairs / (m * (m - 1))  # the mean agreement of two people about the item
    n = weights.sum(axis=1)
    observed = weights @ each / n
    # Krippendorff counts labels, the others items.
    total = weights @ m
    by_label = weights @ counts
    alpha_observed = weights @ (each * m) / total
    same = np.einsum("wj,jk,wk->w", by_label, alike, by_label) - by_label @ np.diag(alike)
    alpha_expected = same / (total * (total - 1))
    share = weights @ (counts / m[:, None]) / n[:, None]
    fleiss_expected = np.einsum("wj,jk,wk->w", share, alike, share)
    k = counts.shape[1]
    ac1_expected = (
        alike.sum() * (share * (1 - share)).sum(axis=1) / (k * (k - 1)) if k > 1 else np.ones(len(n))
    )

    def beyond(found: Any, expected: Any) -> Any:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(expected > 1 - 1e-12, np.nan, (found - expected) / (1 - expected))

    return np.stack(
        [
            observed,
            beyond(alpha_observed, alpha_expected),
            beyond(observed, fleiss_expected),
            beyond(observed, ac1_expected),
        ]
    )


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
