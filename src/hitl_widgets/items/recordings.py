"""Recordings that are read in parts: arrays, WAV files (NumPy only), and other files (libsndfile)."""

from __future__ import annotations

import io
import os
import weakref
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput, missing_extra
from hitl_widgets.items.base import is_missing
from hitl_widgets.items.files import open_file
from hitl_widgets.items.wav import MOST_CHANNELS, Samples, Wav, layout_of

__all__ = ["Recording", "Samples", "as_recording", "is_recording", "open_recording", "refuse_unreadable"]

SUFFIXES = {".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc", ".au", ".caf", ".w64"}
# Suffixes of recordings that libsndfile does not read.
UNREAD = {".m4a", ".aac", ".wma", ".amr"}
EXTRA = missing_extra("A recording in another format than WAV", "soundfile", "audio")
FASTEST = 1_000_000  # samples per second; recordings of bats use up to half of this
RUN_UP = 8_192  # samples decoded before the requested position
LOUDEST = {np.dtype(np.uint8): 128.0, np.dtype(np.uint16): 32_768.0}


class Recording(Protocol):
    """An open recording.

    Attributes
    ----------
    rate
        Samples per second.
    channels
        Number of channels.
    frames
        Number of samples in each channel.
    """

    rate: int
    channels: int
    frames: int

    def read(self, start: int, n: int) -> Samples:
        """Read from ``start``: float32 (n, channels) in [-1, 1]; fewer at the end or in a damaged file."""


def _is_pair(value: Any) -> bool:
    """Return whether a value is (samples, rate), or (rate, samples) as in SciPy."""
    if not isinstance(value, tuple | list) or len(value) != 2:
        return False
    arrays = [isinstance(part, np.ndarray) for part in value]
    rate = value[arrays.index(False)] if sum(arrays) == 1 else None
    return isinstance(rate, int | float | np.integer | np.floating) and not isinstance(rate, bool)


def as_recording(value: Any) -> Any:
    """Convert a value to an item: (samples, rate), None if missing, else the value itself."""
    if isinstance(value, Mapping):  # the format of Hugging Face datasets
        if "sampling_rate" in value:
            value = (np.asarray(value.get("array")), value["sampling_rate"])
        elif value.keys() <= {"bytes", "path"}:
            value = value.get("bytes") or value.get("path")
    if _is_pair(value):
        samples, rate = value if isinstance(value[0], np.ndarray) else value[::-1]
        return samples, rate
    return None if is_missing(value) else value


def is_recording(value: Any) -> bool:
    """Return whether a value is clearly a recording."""
    if isinstance(value, Mapping):  # the format of Hugging Face datasets
        return "sampling_rate" in value or is_recording(value.get("path")) or is_recording(value.get("bytes"))
    if isinstance(value, bytes | bytearray | memoryview):
        return _is_encoded(bytes(value[:12]))
    if isinstance(value, Path):
        return value.suffix.lower() in SUFFIXES | UNREAD
    if isinstance(value, str):
        named = len(value) < 1_000 and "\n" not in value
        return named and os.path.splitext(value)[1].lower() in SUFFIXES | UNREAD  # noqa: PTH122 - any text
    return _is_pair(value)


def _is_encoded(head: bytes) -> bool:
    riff = head[:4] in {b"RIFF", b"RF64"} and head[8:12] == b"WAVE"
    return riff or head[:4] in {b"fLaC", b"OggS"} or head[:3] == b"ID3"


def _needs_extra(value: Any) -> bool:
    """Return whether a recording needs soundfile, which is not installed."""
    if isinstance(value, bytes | bytearray | memoryview):
        other = bytes(value[:4]) != b"RIFF"
    else:
        other = isinstance(value, str | os.PathLike) and Path(value).suffix.lower() in SUFFIXES - {".wav"}
    return other and find_spec("soundfile") is None


def open_recording(item: Any) -> Recording:
    """Open a recording.

    Parameters
    ----------
    item
        A path, the bytes of a file, or (samples, rate). Samples have shape (n,) or (n, channels), and are
        integers of any width or floats. If floats exceed 1, all are scaled down.

    Raises
    ------
    ValueError
        With a message for the user.
    """
    if item is None:
        raise ValueError("This item has no recording.")
    found: Recording
    if _is_pair(item):
        found = _InMemory(*item)
    elif isinstance(item, bytes | bytearray | memoryview):
        found = _opened(io.BytesIO(item), "")
    elif isinstance(item, str | os.PathLike):
        try:
            found = _opened(open_file(item), Path(item).suffix.lower())
        except OSError as error:
            raise ValueError(f"The recording cannot be read: {error.strerror or error}.") from None
    else:
        raise ValueError(  # the caller shows ValueErrors to the user
            f"A {type(item).__name__} is not a recording: expected a path, bytes or (samples, rate)."
        )
    if not 1 <= found.rate <= FASTEST:
        raise ValueError(f"The rate {found.rate} is not valid: expected 1 to {FASTEST:,} samples per second.")
    if not found.frames:
        raise ValueError("The recording is empty: it has no samples.")
    return found


class _InMemory:
    """An array and its rate."""

    def __init__(self, samples: npt.NDArray[Any], rate: Any) -> None:
        if samples.ndim not in {1, 2} or samples.dtype.kind not in "iuf":
            raise ValueError(
                f"An array of shape {samples.shape} and type {samples.dtype} is not a recording: expected "
                "numbers of shape (samples,) or (samples, channels)."
            )
        if samples.ndim == 2 and samples.shape[1] > MOST_CHANNELS:
            raise ValueError(
                f"An array of shape {samples.shape} has {samples.shape[1]:,} channels: expected (samples, "
                "channels). Pass samples.T."
            )
        if not np.isfinite(rate) or rate != int(rate):
            raise ValueError(
                f"The rate {rate} is not valid: expected an integer, in samples per second, such as 16000."
            )
        self._samples = samples if samples.ndim == 2 else samples[:, None]
        self.rate = int(rate)
        self.frames, self.channels = self._samples.shape
        self._loudest = _loudest(self._samples)

    def read(self, start: int, n: int) -> Samples:
        part = self._samples[start : start + n].astype(np.float32)
        if self._samples.dtype.kind == "u":
            part -= np.float32(LOUDEST[self._samples.dtype])
        if self._samples.dtype.kind == "f":
            np.nan_to_num(part, copy=False, posinf=self._loudest, neginf=-self._loudest)
        part /= np.float32(self._loudest)
        return part


def _loudest(samples: npt.NDArray[Any]) -> float:
    """Return the value that maps to 1: for integers the end of their type, or of int16 if all fit."""
    if samples.dtype in LOUDEST:
        return LOUDEST[samples.dtype]
    if samples.dtype.kind == "u":
        raise ValueError(f"An array of type {samples.dtype} is not a recording: expected int16 or float32.")
    if not samples.size:
        return 1.0
    if samples.dtype.kind == "f":
        finite = np.abs(samples, where=np.isfinite(samples), out=np.zeros_like(samples))
        return max(1.0, float(finite.max()))
    if samples.dtype.itemsize <= 2:
        return float(2 ** (8 * samples.dtype.itemsize - 1))
    most = max(-int(samples.min()), int(samples.max()))
    return 2.0**15 if most <= 2**15 else 2.0**31 if most <= 2**31 else float(most)


def _opened(file: BinaryIO, suffix: str) -> Recording:
    """Open the recording in a file, which is closed when the recording is garbage-collected."""
    if not file.read(1):
        raise ValueError("The recording is empty: the file has no bytes.")
    file.seek(0)
    try:
        found = _decoded(file, suffix)
    except BaseException:
        file.close()
        raise
    weakref.finalize(found, file.close)
    return found


def _decoded(file: BinaryIO, suffix: str) -> Recording:
    head = file.read(12)
    file.seek(0)
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE" and (layout := layout_of(file)) is not None:
        return Wav(file, layout)
    if suffix in UNREAD:
        raise ValueError(
            f"Recordings in {suffix} are not supported: convert them first, as in ffmpeg -i a{suffix} a.flac."
        )
    try:
        import soundfile
    except ImportError:
        raise ValueError(f"{EXTRA}.") from None
    try:
        file.seek(0)
        return _Encoded(soundfile.SoundFile(file))
    except (soundfile.SoundFileError, RuntimeError, TypeError) as error:
        reason = getattr(error, "error_string", "") or str(error)
        raise ValueError(f"The recording cannot be read: {reason.strip().rstrip('.')}.") from None


class _Encoded:
    """A recording that libsndfile decodes: FLAC, OGG, MP3, AIFF and so on."""

    def __init__(self, sound: Any) -> None:
        self._sound = sound
        self.rate, self.channels, self.frames = int(sound.samplerate), int(sound.channels), int(sound.frames)
        if self.channels > MOST_CHANNELS or not 0 <= self.frames < 2**48:
            raise ValueError("The recording is damaged: its length is unknown.")

    def read(self, start: int, n: int) -> Samples:
        try:
            if self._sound.tell() != start:
                # A decoder needs a run-up before its output is exact.
                before = min(start, RUN_UP)
                self._sound.seek(start - before)
                self._sound.read(before, dtype="float32")
            found: Samples = self._sound.read(n, dtype="float32", always_2d=True)
        except RuntimeError:  # raised by libsndfile where the file is damaged
            return np.zeros((0, self.channels), np.float32)
        return np.nan_to_num(found, copy=False, posinf=1, neginf=-1)


def refuse_unreadable(values: list[Any], what: str) -> None:
    """Raise an error that would otherwise appear on every card.

    Raises
    ------
    InvalidInput
        If the package that reads some of them is not installed.
    """
    row = next((row for row, value in enumerate(values) if _needs_extra(value)), None)
    if row is not None:
        raise InvalidInput(f"{what}: row {row} is not a WAV file. {EXTRA}")
