"""The segments of a recording between pauses, found by how loud it is."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.items.recordings import Recording

__all__ = ["Loudness", "segments"]

STEP = 0.01  # seconds of one value
AT_ONCE = 2**20  # samples read at a time
QUIETEST = -90.0  # decibels; digital silence
# Percentiles of the loudness that are background and sound.
BACKGROUND, SOUND = 5, 95
# Decibels by which a sound is at least louder than the background, and at most quieter than loud sounds.
ABOVE, BELOW = 6.0, 30.0
PAD = 0.08  # seconds before and after a sound that belong to its segment


class Loudness:
    """How loud a recording is, in steps of 10 ms.

    Attributes
    ----------
    values
        float32 of shape (n,): decibels, 0 for full scale; the mean power of all channels.
    known
        Number of values computed so far, from the first on.
    """

    def __init__(self, sound: Recording) -> None:
        self._width = max(1, round(STEP * sound.rate))
        self.step = self._width / sound.rate
        self.values = np.full(-(-sound.frames // self._width), QUIETEST, np.float32)
        self.known = 0

    def look(self, sound: Recording, seconds: float) -> None:
        """Continue to listen for this long, and for at least one part."""
        end, n = time.monotonic() + seconds, len(self.values)
        steps = max(1, AT_ONCE // sound.channels // self._width)
        while self.known < n:
            samples = sound.read(self.known * self._width, steps * self._width)
            if not len(samples):  # a damaged file stops here
                self.known = n
                return
            found = _decibels(samples, self._width)
            self.values[self.known : self.known + len(found)] = found
            self.known = n if len(found) < steps else self.known + steps
            if time.monotonic() >= end:
                return


def _decibels(samples: npt.NDArray[np.float32], width: int) -> npt.NDArray[np.float32]:
    # One channel after the other, without a copy of the squares.
    power = np.zeros(-(-len(samples) // width), np.float64)
    whole = len(samples) // width
    for channel in samples.T:
        parts = channel[: whole * width].reshape(whole, width)
        power[:whole] += np.einsum("ij,ij->i", parts, parts) / width
        if len(power) > whole:
            rest = channel[whole * width :]
            power[-1] += rest @ rest / len(rest)
    floor = 10 ** (QUIETEST / 10)
    return np.asarray(10 * np.log10(np.maximum(power / samples.shape[1], floor)), np.float32)


def segments(loudness: Loudness, settings: Mapping[str, Any]) -> list[tuple[float, float]]:
    """Return start and end in seconds of what is heard between pauses.

    Parameters
    ----------
    settings
        In seconds: ``pause``, the shortest pause between two segments; ``shortest``, the shortest sound that
        is a segment; ``longest``, from which a segment is cut where it is most quiet.
    """
    values, step = loudness.values, loudness.step
    background, sound = np.percentile(values, [BACKGROUND, SOUND])
    if sound <= QUIETEST:
        return []
    # What is never quieter has no pauses.
    level = min(max(background + ABOVE, sound - BELOW), sound - ABOVE / 2)
    heard = values >= level if sound - background >= ABOVE else np.ones(len(values), np.bool_)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], heard, [False]]).astype(np.int8)))
    runs = edges.reshape(-1, 2)
    joined = _joined(runs, settings["pause"] / step)
    long = joined[joined[:, 1] - joined[:, 0] >= settings["shortest"] / step - 1e-6]
    cut = [part for a, b in long.tolist() for part in _cut(values, a, b, settings["longest"] / step)]
    return _padded(cut, step, len(values) * step)


def _joined(runs: npt.NDArray[np.int64], pause: float) -> npt.NDArray[np.int64]:
    """Join runs with shorter pauses between them."""
    if not len(runs):
        return runs
    apart = runs[1:, 0] - runs[:-1, 1] >= pause - 1e-6
    return np.stack([runs[np.append(True, apart), 0], runs[np.append(apart, True), 1]], axis=1)


def _cut(values: npt.NDArray[np.float32], a: int, b: int, longest: float) -> list[tuple[int, int]]:
    """Cut a segment in the middle half, at the quietest of 100 ms, until no part is too long."""
    parts, todo = [], [(a, b)]
    while todo:
        a, b = todo.pop()
        if b - a <= max(longest, 1):
            parts.append((a, b))
            continue
        low, high = a + (b - a) // 4, b - (b - a) // 4
        part = values[low:high]
        smooth = np.convolve(part, np.ones(min(10, len(part))), "same")
        at = low + int(smooth.argmin())
        todo += [(at, b), (a, at)]
    return parts


def _padded(cut: list[tuple[int, int]], step: float, end: float) -> list[tuple[float, float]]:
    """Return seconds; each segment is longer at its ends, but at most to the middle of a pause."""
    found = []
    for k, (a, b) in enumerate(cut):
        before = cut[k - 1][1] * step if k else -PAD
        after = cut[k + 1][0] * step if k + 1 < len(cut) else end + PAD
        start, stop = a * step, b * step
        start = max(start - PAD, (start + before) / 2, 0.0)
        stop = min(stop + PAD, (stop + after) / 2, end)
        found.append((round(start, 3), round(stop, 3)))
    return found
