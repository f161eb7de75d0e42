"""How fast people answer, labels given too fast, and runs of one class."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.labels.events import LabelEvent

__all__ = ["answer_seconds", "hasty", "long_runs", "usual_seconds"]

# A person's usual pace is known from so many labels on.
FEWEST = 20
# Too fast: at most this share of the usual time, and so many deviations below it, on a logarithmic scale.
SHARE, DEVIATIONS = 1 / 3, 4.0
# A run is long if so many runs of its length, or fewer, are expected by chance in all of the labels.
EXPECTED = 0.01


def answer_seconds(acts: Iterable[LabelEvent]) -> list[float]:
    """Return how long each answer to a single item took, of those whose time is known.

    Also of answers that were undone later, which took their time. Imported answers were given elsewhere, and
    a decision is about what others have answered.
    """
    return [
        act.elapsed_ms / 1000
        for act in acts
        if act.kind == "label"
        and act.value is not None
        and act.elapsed_ms is not None
        and len(act.item_ids) == 1
        and act.selection not in {"decision", "import"}
    ]


def usual_seconds(acts: Iterable[LabelEvent]) -> float | None:
    """Return the median of :func:`answer_seconds`; None if there are none."""
    seconds = answer_seconds(acts)
    return median(seconds) if seconds else None


def hasty(seconds: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Return which labels were given far faster than is usual for the same person.

    Parameters
    ----------
    seconds
        float of shape (n,): how long the person looked at each item; NaN if unknown.

    Returns
    -------
    ndarray
        bool of shape (n,). All False below 20 known times. The usual time is the median, and the deviation
        the median one, of the logarithms.
    """
    time = np.asarray(seconds, np.float64)
    known = np.isfinite(time)
    if known.sum() < FEWEST:
        return np.zeros(len(time), np.bool_)
    log = np.log(np.maximum(np.where(known, time, 1.0), 1e-3))
    usual = float(np.median(log[known]))
    deviation = 1.4826 * float(np.median(np.abs(log[known] - usual)))
    return np.asarray(known & (log <= usual + np.log(SHARE)) & (log < usual - DEVIATIONS * deviation))


def long_runs(codes: Sequence[Any] | npt.NDArray[Any]) -> list[tuple[int, int]]:
    """Find runs of one class that are longer than the shares of the classes would give.

    Parameters
    ----------
    codes
        The classes of single labels of one person, in the order in which they were given, (n,).

    Returns
    -------
    list of tuple
        Start and end of each run (the end is excluded). If labels were independent, with the same shares of
        the classes, fewer than 0.01 runs of this length would be expected among all labels.
        Labels chosen by uncertainty alternate more than independent ones, so fewer runs arise by chance.
    """
    values = np.asarray(codes)
    n = len(values)
    if not n:
        return []
    ends = np.append(np.flatnonzero(values[1:] != values[:-1]) + 1, n)
    starts = np.concatenate([[0], ends[:-1]])
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    found = []
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        length = end - start
        share = count[place[start]] / n
        if n * (1 - share) * share**length < EXPECTED:
            found.append((start, end))
    return found
