"""Recordings, read in parts: arrays, WAV files by numpy alone, and what else libsndfile reads."""

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
# Named as recordings, and read by no package that is asked for.
UNREAD = {".m4a", ".aac", ".wma", ".amr"}
EXTRA = missing_extra("A recording in another format than WAV", "soundfile", "audio")
FASTEST = 1_000_000  # samples a second: bats are heard with half of it
RUN_UP = 8_192  # samples
LOUDEST = {np.dtype(np.uint8): 128.0, np.dtype(np.uint16): 32_768.0}


class Recording(Protocol):
    """A recording that is open.

    Attributes
    ----------
    rate
        Samples a second.
    channels
        How many.
    frames
        Samples of each channel.
    """

    rate: int
    channels: int
    frames: int

    def read(self, start: int, n: int) -> Samples:
        """float32 (n, channels) from -1 to 1, from ``start``; fewer at the end, or where it is damaged."""


def _is_pair(value: Any) -> bool:
    """Whether a value is (samples, rate), or (rate, samples) as SciPy has it."""
    if not isinstance(value, tuple | list) or len(value) != 2:
        return False
    arrays = [isinstance(part, np.ndarray) for part in value]
    rate = value[arrays.index(False)] if sum(arrays) == 1 else None
    return isinstance(rate, int | float | np.integer | np.floating) and not isinstance(rate, bool)


def as_recording(value: Any) -> Any:
    """A value as an item: (samples, rate), None where it is missing, else as it is."""
    if isinstance(value, Mapping):  # as Hugging Face keeps recordings
        if "sampling_rate" in value:
            value = (np.asarray(value.get("array")), value["sampling_rate"])
        elif value.keys() <= {"bytes", "path"}:
            value = value.get("bytes") or value.get("path")
    if _is_pair(value):
        samples, rate = value if isinstance(value[0], np.ndarray) else value[::-1]
        return samples, rate
    return None if is_missing(value) else value


def is_recording(value: Any) -> bool:
    """Whether a value can be meant for nothing but a recording."""
    if isinstance(value, Mapping):  # as Hugging Face keeps them
        return "sampling_rate" in value or is_recording(value.get("path")) or is_recording(value.get("bytes"))
    if isinstance(value, bytes | bytearray | memoryview):
        return _is_encoded(bytes(value[:12]))
    if isinstance(value, Path):
        return value.suffix.lower() in SUFFIXES | UNREAD
    if isinstance(value, str):
        named = len(value) < 1_000 and "\n" not in value
        return named and os.path.splitext(value)[1].lower() in SUFFIXES | UNREAD  # noqa: PTH122 - of a text
    return _is_pair(value)


def _is_encoded(head: bytes) -> bool:
    riff = head[:4] in {b"RIFF", b"RF64"} and head[8:12] == b"WAVE"
    return riff or head[:4] in {b"fLaC", b"OggS"} or head[:3] == b"ID3"


def _needs_extra(value: Any) -> bool:
    """Whether a recording is not a WAV file, and soundfile is not installed."""
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
        A path, the bytes of a file, or (samples, rate): samples of shape (n,) or (n, channels), whole
        numbers of any width, or floats. Floats beyond 1 are scaled down together.

    Raises
    ------
    ValueError
        With a reason fit for a person.
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
        raise ValueError(  # the caller tells people what is wrong with an item
            f"A {type(item).__name__} is not a recording: expected a path, bytes or (samples, rate)."
        )
    if not 1 <= found.rate <= FASTEST:
        raise ValueError(f"The rate {found.rate} is none: expected 1 to {FASTEST:,} samples a second.")
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
            raise ValueError(f"The rate {rate} is none: expected whole samples a second, such as 16000.")
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
    """What 1 stands for: of whole numbers their type's end, unless all are 16 bits wide."""
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
    """The recording in a file, which is closed when nobody holds it any more."""
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
            f"Recordings in {suffix} are not read: convert them first, such as by ffmpeg -i a{suffix} a.flac."
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
        raise ValueError(f"It is not a recording that can be read: {reason.strip().rstrip('.')}.") from None


class _Encoded:
    """What libsndfile decodes: FLAC, OGG, MP3, AIFF and so on."""

    def __init__(self, sound: Any) -> None:
        self._sound = sound
        self.rate, self.channels, self.frames = int(sound.samplerate), int(sound.channels), int(sound.frames)
        if self.channels > MOST_CHANNELS or not 0 <= self.frames < 2**48:
            raise ValueError("The recording is damaged: it does not say how long it is.")

    def read(self, start: int, n: int) -> Samples:
        try:
            if self._sound.tell() != start:
                # A decoder hears well only what is some way behind where it begins.
                before = min(start, RUN_UP)
                self._sound.seek(start - before)
                self._sound.read(before, dtype="float32")
            found: Samples = self._sound.read(n, dtype="float32", always_2d=True)
        except RuntimeError:  # libsndfile's own: the file is damaged here
            return np.zeros((0, self.channels), np.float32)
        return np.nan_to_num(found, copy=False, posinf=1, neginf=-1)


def refuse_unreadable(values: list[Any], what: str) -> None:
    """Say at once what would be said on every card.

    Raises
    ------
    InvalidInput
        Where the package is missing that reads some of them.
    """
    row = next((row for row, value in enumerate(values) if _needs_extra(value)), None)
    if row is not None:
        raise InvalidInput(f"{what}: row {row} holds no WAV file. {EXTRA}")
