"""Which items a machine may label at a chosen share of errors, judged by audited items alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hitl_widgets.quality.sequential import audits_needed

__all__ = ["Triage", "certain", "on_average"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Triage:
    """The items that a machine may label.

    Attributes
    ----------
    chosen
        bool of shape (n,): these items.
    threshold
        The least confidence among them; NaN without any.
    needed
        How many more audited items the promise needs at the least; 0 if there are enough.
    """

    chosen: Bools
    threshold: float
    needed: int


def on_average(confidence: Floats, audited: Floats, wrong: Bools, error: float) -> Triage:
    """Choose items so that, on average over audits, at most a share of ``error`` of them is labelled wrongly.

    Conformal selection (Jin and Candes 2023): the p-value of an item is how often an audited item that the
    model got wrong was as confident, and Benjamini and Hochberg's procedure chooses among them. In a single
    case the share may be larger: see :func:`certain`.

    Parameters
    ----------
    confidence
        (n,): the model's confidence in the items that nobody labelled.
    audited, wrong
        (m,): its confidence in audited items, drawn at random, before it learned them; whether it was wrong.
    error
        The share of wrong labels, 0 < error < 1.
    """
    m, n = len(audited), len(confidence)
    if m == 0 or n == 0:
        return Triage(np.zeros(n, np.bool_), float("nan"), max(0, _least(error) - m))
    sorted_wrong = np.sort(audited[wrong])
    above = len(sorted_wrong) - np.searchsorted(sorted_wrong, confidence, side="left")
    p = (1 + above) / (m + 1)
    order = np.argsort(p, kind="stable")
    passed = np.flatnonzero(p[order] <= error * np.arange(1, n + 1) / n)
    chosen = np.zeros(n, np.bool_)
    if len(passed):
        chosen[p <= p[order[passed[-1]]]] = True
    return _made(chosen, confidence, max(0, _least(error) - m))


def certain(
    confidence: Floats, audited: Floats, wrong: Bools, error: float, *, certainty: float = 0.9
) -> Triage:
    """Choose items of which, with this certainty, at most a share of ``error`` is labelled wrongly.

    Learn then Test (Angelopoulos et al. 2025) with fixed-sequence testing: thresholds are tested from the
    highest confidence down, each by an exact binomial test of the audited items above it, until one fails.

    Parameters
    ----------
    confidence, audited, wrong, error
        As for :func:`on_average`.
    certainty
        The probability that the promise holds, over draws of the audit.
    """
    from scipy.stats import binom

    needed = max(0, audits_needed(error, certainty) - len(audited))
    order = np.argsort(-audited, kind="stable")
    values, errors = audited[order], np.cumsum(wrong[order])
    last = np.append(values[1:] != values[:-1], True) if len(values) else np.zeros(0, np.bool_)
    # The tests begin where a result without errors would be enough: no earlier test could succeed.
    first = audits_needed(error, certainty)
    threshold = float("nan")
    for k in np.flatnonzero(last):
        if k + 1 < first:
            continue
        if binom.cdf(errors[k], k + 1, error) > 1 - certainty:
            break
        threshold = float(values[k])
    chosen = confidence >= threshold if np.isfinite(threshold) else np.zeros(len(confidence), np.bool_)
    return _made(chosen, confidence, needed)


def _least(error: float) -> int:
    """With fewer audited items, no p-value is as small as the share."""
    return int(np.ceil(1 / error)) - 1


def _made(chosen: Bools, confidence: Floats, needed: int) -> Triage:
    least = float(confidence[chosen].min()) if chosen.any() else float("nan")
    return Triage(np.asarray(chosen), least, needed)
