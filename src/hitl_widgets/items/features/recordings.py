"""Audio features: timbre, pitch range, loudness and rhythm.

Imported only when needed, because importing scikit-learn is slow.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.fft import dct, rfft

from hitl_widgets.background.turns import give_way
from hitl_widgets.items.base import Features
from hitl_widgets.items.features._descriptors import Descriptors, Failures, Floats, reduced
from hitl_widgets.items.recordings import Recording, as_recording, open_recording

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

__all__ = ["RecordingDescriptors", "encode"]

# The attributes saved in a model file: see models/estimators.py.
ESTIMATORS: dict[str, dict[str, str]] = {"RecordingDescriptors": {"mean_": "d"}}

WHOLE = 60  # seconds; longer recordings are sampled by WINDOWS windows of PART seconds, evenly spaced
WINDOWS, PART = 12, 5
SPAN, STEP = 0.025, 0.015  # frame length and hop, in seconds
BANDS, LOWEST, HIGHEST = 40, 50.0, 8_000.0  # mel bands, in Hz
CEPSTRA = 20
FLOOR = 1e-8  # relative to the loudest band, -80 dB; anything below is silence
WIDTH = 3 * CEPSTRA + 14
DIM = 32


def encode(
    items: Sequence[Any],
    *,
    random_state: int = 0,
    on_progress: Callable[[float], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> tuple[Features, Pipeline]:
    """Compute features of recordings, and return them with the fitted scikit-learn transformer.

    The descriptors of each recording, see :func:`describe`, are standardized, reduced by PCA and scaled to
    length 1.

    Parameters
    ----------
    items
        n recordings accepted by :func:`~hitl_widgets.items.recordings.open_recording`. An unreadable
        recording is described by the mean of the others, with a warning.
    on_progress
        Called with the share that is done.
    cancelled
        Called regularly; returns whether to stop.

    Returns
    -------
    X
        float32 (n, d) with d <= 32, rows of length 1.
    encoder
        A ``Pipeline`` that transforms new recordings.

    Raises
    ------
    InvalidInput
        If no recording can be read.
    Cancelled
        If ``cancelled`` returns True.
    """
    return reduced(
        RecordingDescriptors(),
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
    """Compute the descriptors of each recording, and return which recordings cannot be read.

    From frames of 25 ms: 20 mel-frequency cepstral coefficients (Davis and Mermelstein 1980), for each the
    mean, the standard deviation, and the standard deviation of its change; loudness, zero crossings, and
    the centroid, bandwidth, rolloff, flatness and flux of the spectrum (Tzanetakis and Cook 2002).
    Recordings longer than a minute are sampled by 12 windows of 5 s.

    Parameters
    ----------
    items
        n recordings.
    heard
        Called with the share that is done, after each recording.

    Returns
    -------
    rows
        float32 (n, 74); zeros for a recording that cannot be read.
    failures
        Position and reason for each unreadable recording.
    """
    failures: Failures = []
    rows = np.zeros((len(items), WIDTH), np.float32)
    for i, item in enumerate(items):
        give_way()
        try:
            rows[i] = _described(open_recording(as_recording(item)))
        except Exception as error:  # noqa: BLE001 - a decoder may raise anything
            failures.append((i, str(error).rstrip(".")))
        heard((i + 1) / len(items))
    return rows, failures


def _described(sound: Recording) -> Floats:
    parts = [_frames(samples, sound.rate) for samples in _windows(sound) if len(samples)]
    if not parts:
        raise ValueError("The recording is damaged: it contains no samples.")
    bands, others = (np.concatenate(list(columns)) for columns in zip(*parts, strict=True))
    loud = np.log(bands + max(FLOOR * float(bands.max()), 1e-12))
    cepstra = dct(loud, norm="ortho", axis=1)[:, :CEPSTRA]
    change = np.diff(cepstra, axis=0) if len(cepstra) > 1 else np.zeros_like(cepstra)
    flux = np.maximum(np.diff(loud, axis=0), 0).mean(axis=1) if len(loud) > 1 else np.zeros(1)
    peak = flux.max() / (flux.mean() + 1e-3)
    own = [np.log(sound.frames / sound.rate), flux.mean(), flux.std(), np.log1p(peak)]
    means, spread = others.mean(axis=0), others[:, :4].std(axis=0)
    return np.concatenate([cepstra.mean(axis=0), cepstra.std(axis=0), change.std(axis=0), means, spread, own])


def _windows(sound: Recording) -> Iterator[Floats]:
    """Yield windows of the recording, mixed down to one channel."""
    n, step = sound.frames, PART * sound.rate
    starts = list(range(0, n, step))
    if n > WHOLE * sound.rate:
        starts = np.linspace(0, n - step, WINDOWS).astype(int).tolist()
    for start in starts:
        give_way()
        yield sound.read(start, min(step, n - start)).mean(axis=1)


def _frames(samples: Floats, rate: int) -> tuple[Floats, Floats]:
    """Return power in mel bands (m, 40) and other features (m, 6), loudness first, of m frames."""
    size, step = max(16, round(SPAN * rate)), max(1, round(STEP * rate))
    if len(samples) < size:
        samples = np.pad(samples, (0, size - len(samples)))
    frames = np.lib.stride_tricks.sliding_window_view(samples, size)[::step]
    n = 1 << (size - 1).bit_length()
    spectrum = rfft(frames * np.hanning(size).astype(np.float32), n)
    power = (spectrum.real**2 + spectrum.imag**2) / np.float32(size)
    hertz = np.fft.rfftfreq(n, 1 / rate).astype(np.float32)
    total = power.sum(axis=1) + 1e-12
    centroid = power @ hertz / total
    width = np.sqrt(np.maximum(power @ hertz**2 / total - centroid**2, 0))
    rolloff = hertz[(np.cumsum(power, axis=1) >= 0.85 * total[:, None]).argmax(axis=1)]
    flatness = np.log(power + 1e-12).mean(axis=1) - np.log(power.mean(axis=1) + 1e-12)
    crossings = (np.diff(np.signbit(frames), axis=1)).mean(axis=1)
    loudness = np.log(np.sqrt((frames**2).mean(axis=1)) + 1e-5)
    middle, wide, upper = (np.log(values + 20) for values in (centroid, width, rolloff))
    others = np.stack([loudness, middle, crossings, flatness, wide, upper], axis=1)
    return np.asarray(power @ _bands(n, rate), np.float32), np.asarray(others, np.float32)


@lru_cache(8)
def _bands(n: int, rate: int) -> Floats:
    """Return triangular filters of equal width in mel up to half the rate, (n // 2 + 1, 40)."""
    low, high = (2595 * math.log10(1 + end / 700) for end in (LOWEST, HIGHEST))
    edges = 700 * (10 ** (np.linspace(low, high, BANDS + 2) / 2595) - 1)
    hertz = np.fft.rfftfreq(n, 1 / rate)[:, None]
    # Each band covers at least one bin, even if the spectrum is coarse.
    middle = edges[1:-1]
    rising = (hertz - middle) / np.maximum(middle - edges[:-2], rate / n) + 1
    falling = (middle - hertz) / np.maximum(edges[2:] - middle, rate / n) + 1
    return np.asarray(np.clip(np.minimum(rising, falling), 0, None), np.float32)


class RecordingDescriptors(Descriptors):
    """Transform recordings into descriptors, float32 (n, 74); see :func:`describe`.

    Attributes
    ----------
    mean_
        float32 (74,): the row of a recording that cannot be read.
    """

    _items = "recordings"
    _otherwise = "You can also pass X= or embed=."

    @staticmethod
    def describe(items: Sequence[Any]) -> tuple[Floats, Failures]:
        """Compute the descriptors; see :func:`describe`."""
        return describe(items)
