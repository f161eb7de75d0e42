"""Features of time series: level, shape, trend, memory and spectrum.

Imported only when needed, because importing scikit-learn is slow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.fft import rfft

from hitl_widgets.background.turns import give_way
from hitl_widgets.items.base import Features
from hitl_widgets.items.features._descriptors import Descriptors, Failures, Floats, reduced

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

__all__ = ["SeriesDescriptors", "encode"]

# The attributes saved in a model file: see models/estimators.py.
ESTIMATORS: dict[str, dict[str, str]] = {"SeriesDescriptors": {"mean_": "d"}}

LINES = 4  # the first lines, which are described one by one
MOST = 65_536  # samples; a longer line is thinned out for its level and shape
WINDOW, WINDOWS = 4_096, 8  # samples of a spectrum, and their number
LAGS = (1, 2, 4, 8, 16, 32)
BANDS = 8
WIDTH = 10 + len(LAGS) + BANDS + 2
DIM = 32


def encode(
    items: Sequence[Any],
    *,
    random_state: int = 0,
    on_progress: Callable[[float], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> tuple[Features, Pipeline]:
    """Compute features of series, and return them with the fitted scikit-learn transformer.

    The descriptors of each series, see :func:`describe`, are standardized, reduced by PCA and scaled to
    length 1.

    Returns
    -------
    X
        float32 (n, d) with d <= 32, rows of length 1.
    encoder
        A ``Pipeline`` that transforms new series.
    """
    return reduced(
        SeriesDescriptors(),
        describe,
        items,
        DIM,
        random_state=random_state,
        on_progress=on_progress,
        cancelled=cancelled,
    )


def describe(
    items: Sequence[Any], heard: Callable[[float], None] = lambda _: None
) -> tuple[Floats, Failures]:
    """Describe each series by its first four lines and by the mean of all.

    Returns
    -------
    rows
        float32 (n, 5 * WIDTH). For each line the mean, standard deviation, extremes, median, skewness,
        kurtosis, trend, mean step and crossings of the mean; autocorrelations; the shares of eight bands of
        the spectrum, each twice as high as the one before, its entropy and flatness.
    failures
        The position and reason of each series that cannot be read; its row is zero.
    """
    rows = np.zeros((len(items), (LINES + 1) * WIDTH), np.float32)
    failures: Failures = []
    for i, item in enumerate(items):
        if item.why:
            failures.append((i, item.why))
            continue
        lines = np.stack([_described(line) for line in item.values.T])
        first = lines[:LINES]
        rows[i, : first.size] = first.ravel()
        rows[i, LINES * WIDTH :] = lines.mean(axis=0)
        if i % 20 == 0:
            heard(i / len(items))
            give_way()
    return rows, failures


def _described(line: Any) -> Any:
    known = np.isfinite(line)
    if not known.all():
        at = np.arange(len(line))
        line = np.interp(at, at[known], line[known])
    few = line[:: -(-len(line) // MOST)]
    # Infinite precision is not needed, and huge numbers must not overflow.
    few = np.clip(few, -1e30, 1e30)
    mean, spread = few.mean(), few.std()
    unit = (few - mean) / (spread or 1)
    time = np.linspace(-1, 1, len(few))
    trend = float((unit * time).mean() / (time.std() or 1))
    steps = np.abs(np.diff(unit)).mean() if len(unit) > 1 else 0.0
    crossings = np.diff(np.signbit(unit)).mean() if len(unit) > 1 else 0.0
    level = np.arcsinh([mean, spread, few.min(), few.max(), np.median(few)])
    shape = np.arcsinh([(unit**3).mean(), (unit**4).mean()])
    return np.concatenate([level, shape, [trend, steps, crossings], *_memory(np.clip(line, -1e30, 1e30))])


def _memory(line: Any) -> tuple[Any, Any]:
    """Return the autocorrelations, and the shares of the bands of the spectrum with entropy and flatness."""
    length = min(WINDOW, len(line))
    starts = np.linspace(0, len(line) - length, min(WINDOWS, max(1, len(line) // length))).astype(int)
    windows = np.stack([line[at : at + length] for at in starts])
    windows = windows - windows.mean(axis=1, keepdims=True)
    power = (windows**2).mean() or 1.0
    kept = [(windows[:, :-lag] * windows[:, lag:]).mean() / power if lag < length else 0.0 for lag in LAGS]
    spectrum = (np.abs(rfft(windows * np.hanning(length), axis=1)) ** 2).mean(axis=0)[1:]
    if not spectrum.sum():
        return np.array(kept), np.zeros(BANDS + 2)
    share = spectrum / spectrum.sum()
    hertz = np.arange(1, len(share) + 1) / len(share)
    band = np.clip(np.floor(np.log2(hertz)) + BANDS, 0, BANDS - 1).astype(int)
    shares = np.bincount(band, share, BANDS)
    entropy = -(share * np.log(share + 1e-12)).sum() / np.log(len(share) + 1)
    flatness = np.log(share + 1e-12).mean() - np.log(share.mean() + 1e-12)
    return np.array(kept), np.concatenate([np.sqrt(shares), [entropy, flatness / 10]])


class SeriesDescriptors(Descriptors):
    """Transform series into descriptors, float32; see :func:`describe`.

    Attributes
    ----------
    mean_
        float32: the row of a series that cannot be read.
    """

    _items = "series"
    _otherwise = "You can also pass X= or embed=."

    @staticmethod
    def describe(items: Sequence[Any]) -> tuple[Floats, Failures]:
        """Compute the descriptors; see :func:`describe`."""
        return describe(items)
