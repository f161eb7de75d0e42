"""Compare features of recordings at few labels, on sounds made by code: docs/media-features.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy.signal import butter, lfilter, sosfilt

from benchmarks.features.common import compare
from hitl_widgets.items.features import recordings

RATE, SECONDS, EACH = 16_000, 1.0, 25
T = np.arange(int(RATE * SECONDS)) / RATE
Sound = tuple[np.ndarray[Any, Any], int]


def tone(shape: str, pitch: Any) -> Any:
    """A tone of a pitch in Hz, which may change, with a timbre."""
    phase = 2 * np.pi * np.cumsum(np.broadcast_to(pitch, T.shape)) / RATE
    waves: dict[str, Callable[[], Any]] = {
        "sine": lambda: np.sin(phase),
        "square": lambda: np.sign(np.sin(phase)),
        "saw": lambda: (phase / np.pi) % 2 - 1,
        "triangle": lambda: 2 / np.pi * np.arcsin(np.sin(phase)),
        "organ": lambda: sum(np.sin(k * phase) / k for k in (1, 2, 3, 4, 6, 8)),
        "bell": lambda: np.exp(-4 * T) * sum(np.sin(k * phase) for k in (1, 2.76, 5.4)),
        "fm": lambda: np.sin(phase + 3 * np.sin(1.4 * phase)),
        "pluck": lambda: np.exp(-6 * T) * ((phase / np.pi) % 2 - 1),
    }
    return waves[shape]()


def finished(rng: np.random.Generator, samples: Any) -> Sound:
    """With a random volume, and some noise."""
    samples = samples / (np.abs(samples).max() + 1e-9)
    noise = rng.normal(size=T.size) * 10 ** rng.uniform(-3, -1.3)
    return ((samples + noise) * rng.uniform(0.05, 0.9)).astype(np.float32), RATE


def timbres(rng: np.random.Generator) -> Iterator[tuple[Sound, str]]:
    """Eight timbres at any pitch."""
    for name in ("sine", "square", "saw", "triangle", "organ", "bell", "fm", "pluck"):
        for _ in range(EACH):
            yield finished(rng, tone(name, rng.uniform(110, 880))), name


def movements(rng: np.random.Generator) -> Iterator[tuple[Sound, str]]:
    """Eight ways in which pitch and loudness change, in any timbre."""
    for name in ("steady", "rising", "falling", "vibrato", "tremolo", "slow beats", "fast beats", "fading"):
        for _ in range(EACH):
            base = rng.uniform(150, 600)
            slide = T / SECONDS * rng.uniform(0.5, 1)
            pitch = base * {
                "rising": 2**slide, "falling": 2.0**-slide, "vibrato": 1 + 0.05 * np.sin(2 * np.pi * 6 * T)
            }.get(name, np.ones_like(T))  # fmt: skip
            beat = {"slow beats": rng.uniform(2, 4), "fast beats": rng.uniform(8, 14)}.get(name, 1.0)
            loud = {
                "tremolo": 0.6 + 0.4 * np.sin(2 * np.pi * 5 * T), "fading": 1 - T / SECONDS,
                "slow beats": (T * beat) % 1 < 0.3, "fast beats": (T * beat) % 1 < 0.3,
            }.get(name, np.ones_like(T))  # fmt: skip
            shape = rng.choice(["sine", "saw", "organ", "triangle"])
            yield finished(rng, tone(shape, pitch) * loud), name


FORMANTS = {
    "a": (800, 1_200, 2_500), "e": (450, 2_000, 2_600), "i": (300, 2_300, 3_000), "o": (450, 850, 2_500),
    "u": (320, 750, 2_300), "y": (300, 1_900, 2_200),
}  # fmt: skip


def vowels(rng: np.random.Generator) -> Iterator[tuple[Sound, str]]:
    """Six vowels of voices of any pitch, by filters at their formants."""
    for name, formants in FORMANTS.items():
        for _ in range(EACH):
            samples = np.maximum(tone("saw", rng.uniform(90, 260)) - 0.8, 0)
            for hertz in formants:
                radius, angle = 0.97, 2 * np.pi * hertz * rng.uniform(0.93, 1.07) / RATE
                samples = lfilter([1], [1, -2 * radius * np.cos(angle), radius**2], samples)
            yield finished(rng, samples), name


def noises(rng: np.random.Generator) -> Iterator[tuple[Sound, str]]:
    """Noises in six colours."""
    bands = {"low": (100, 400), "middle": (600, 1_500), "high": (2_500, 6_000)}
    for name in ("white", "pink", "brown", *bands):
        for _ in range(EACH):
            white = rng.normal(size=T.size)
            power = {"pink": 0.5, "brown": 1.0}.get(name, 0.0)
            spectrum = np.fft.rfft(white)
            samples = np.fft.irfft(spectrum / np.maximum(np.arange(spectrum.size), 1) ** power, T.size)
            if name in bands:
                edges = np.array(bands[name]) * rng.uniform(0.8, 1.25)
                samples = sosfilt(butter(2, edges, "band", fs=RATE, output="sos"), white)
            yield finished(rng, samples), name


SETS = {"timbres": timbres, "movements": movements, "vowels": vowels, "noises": noises}


def log_mel(item: Sound, *, changes: bool) -> Any:
    """Mean and standard deviation of each mel band in dB, and of its changes."""
    bands, _ = recordings._frames(item[0], RATE)
    loud = np.log(bands + max(recordings.FLOOR * float(bands.max()), 1e-12))
    parts = [loud.mean(axis=0), loud.std(axis=0)]
    return np.concatenate([*parts, np.diff(loud, axis=0).std(axis=0)] if changes else parts)


def built_in(item: Sound) -> Any:
    """The descriptors of the package."""
    return recordings.describe([item])[0][0]


if __name__ == "__main__":
    made = {name: list(make(np.random.default_rng(0))) for name, make in SETS.items()}
    compare(made, {
        "log-mel, mean and deviation (80)": lambda item: log_mel(item, changes=False),
        "the same and changes (120)": lambda item: log_mel(item, changes=True),
        "built in: cepstra and spectrum (74)": built_in,
        "built in and log-mel (194)":
            lambda item: np.concatenate([built_in(item), log_mel(item, changes=True)]),
    })  # fmt: skip
