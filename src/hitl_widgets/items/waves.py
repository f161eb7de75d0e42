"""The peaks of a recording, and its sound in parts that a browser plays."""

from __future__ import annotations

import io
import math
import struct
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from hitl_widgets.items.base import Payload
from hitl_widgets.items.files import open_file
from hitl_widgets.items.pauses import Loudness, segments
from hitl_widgets.items.recordings import Recording, Samples, open_recording

__all__ = ["Ask", "Opened", "Peaks", "opened"]

BINS = 2_048  # twice the width of a card
AT_ONCE = 2**20  # samples read at a time
MOMENT = 0.25  # seconds spent on peaks per request
WHOLE, CLIP = 8 * 2**20, 4 * 2**20  # bytes; larger recordings are played in clips, which start at once
FILES, OPEN = 1_000, 8  # files whose peaks are kept, and recordings that stay open
SLOWEST = 8_000  # samples per second; browsers play nothing below
HEADER = 44  # bytes of the header of a WAV file
# Compressed formats that browsers play directly.
PLAYED = {b"fLaC": "audio/flac", b"OggS": "audio/ogg"}

Ask = Mapping[str, str | float | bool]


def _whole(ask: Ask, name: str, top: int) -> int:
    number = ask.get(name, 0)
    if isinstance(number, str | bool) or not 0 <= number <= top or number != int(number):
        raise ValueError(f"{name}={number!r} is not in the recording.")
    return int(number)


def _seconds(ask: Ask, name: str) -> float:
    number = ask.get(name)
    if isinstance(number, str | bool) or number is None or not number > 0:
        raise ValueError(f"{name}={number!r}: expected seconds.")
    return float(number)


class Peaks:
    """The lowest and the highest sample in each of at most 2,048 bins of a recording.

    All channels are combined. The lowest is at most 0 and the highest at least 0, so that each bar crosses
    the center line.

    Attributes
    ----------
    values
        int16 (n, 2), where 32,767 stands for 1.
    known
        Number of bins computed so far, from the first on.
    """

    def __init__(self, frames: int) -> None:
        n = min(BINS, frames)
        self._edges = np.arange(n + 1, dtype=np.int64) * frames // n
        self.values = np.zeros((n, 2), np.int16)
        self.known = 0
        self.lock = threading.Lock()
        self._at = 0  # samples read so far

    def look(self, sound: Recording, seconds: float) -> None:
        """Continue to compute peaks for this long."""
        end, n, many = time.monotonic() + seconds, len(self.values), max(1, AT_ONCE // sound.channels)
        while self.known < n and time.monotonic() < end:
            samples = sound.read(self._at, many)
            if len(samples):
                self._take(samples)
            ended = len(samples) < many  # at the end, or where a damaged file stops
            self.known = n if ended else int(np.searchsorted(self._edges, self._at, "right")) - 1

    def _take(self, samples: Samples) -> None:
        """Add the next samples, which may begin and end within a bin."""
        low, high = samples[:, 0], samples[:, 0]
        for channel in samples.T[1:]:
            low, high = np.minimum(low, channel), np.maximum(high, channel)
        stop = self._at + len(samples)
        first = int(np.searchsorted(self._edges, self._at, "right")) - 1
        ends = self.values[first : int(np.searchsorted(self._edges, stop))]
        inside = np.maximum(self._edges[first : first + len(ends)] - self._at, 0)
        lowest = np.rint(np.clip(np.minimum.reduceat(low, inside), -1, 0) * 32_767)
        highest = np.rint(np.clip(np.maximum.reduceat(high, inside), 0, 1) * 32_767)
        ends[:, 0], ends[:, 1] = np.minimum(ends[:, 0], lowest), np.maximum(ends[:, 1], highest)
        self._at = stop

    def few(self, n: int) -> npt.NDArray[np.int16]:
        """Return the peaks known so far, merged into ``n`` bins."""
        at = np.arange(n) * len(self.values) // n
        low = np.minimum.reduceat(self.values[:, 0], at)
        return np.stack([low, np.maximum.reduceat(self.values[:, 1], at)], axis=1)

    def part(self, sound: Recording, ask: Ask) -> Payload:
        """Return the known peaks from position ``from`` on, after computing for a moment if needed."""
        start = _whole(ask, "from", len(self.values))
        if start >= self.known:
            self.look(sound, MOMENT)
        data = self.values[start : self.known].astype("<i2").tobytes()
        content = {"kind": "audio", "from": start, "known": self.known}
        return Payload(content, (("application/octet-stream", data),))


class Opened:
    """An open recording that is displayed or played, with its peaks."""

    def __init__(self, item: Any, sound: Recording, peaks: Peaks, version: str) -> None:
        self.item = item  # keeps the item alive, so that its id is not reused
        self.sound, self.peaks, self.version = sound, peaks, version
        self.lock = peaks.lock  # shared by everything that reads the same file
        self._loudness: Loudness | None = None
        # All browsers play one or two channels.
        self.channels = sound.channels if sound.channels <= 2 else 1
        self.times = max(1, math.ceil(SLOWEST / sound.rate))
        frame = 2 * self.channels * self.times
        self.clip = sound.frames if sound.frames * frame <= WHOLE else CLIP // frame
        self.raw, size = _played(item)
        # What a browser fetches before it plays.
        self.bytes = size if self.raw else self.clip * frame

    def part(self, item: Any, ask: Ask, most: int) -> Payload:
        """Return bytes from ``at`` on: of the file itself if ``raw`` is set, else of a ``clip``."""
        at = _whole(ask, "at", 2**53)
        return self._file_part(item, at, most) if ask.get("raw") else self._clip_part(ask, at, most)

    def segments(self, ask: Ask) -> Payload:
        """Listen for a moment, and return the segments between pauses once all of it is known."""
        if self._loudness is None:
            self._loudness = Loudness(self.sound)
        heard = self._loudness
        heard.look(self.sound, MOMENT)
        content: dict[str, Any] = {"kind": "audio", "known": heard.known, "of": len(heard.values)}
        if heard.known == len(heard.values):
            wanted = {name: _seconds(ask, name) for name in ("pause", "shortest", "longest")}
            content["segments"] = segments(heard, wanted)
        return Payload(content)

    def _file_part(self, item: Any, at: int, most: int) -> Payload:
        if not self.raw:
            raise ValueError("This recording cannot be played without conversion.")
        with _file(item) as file:
            total = file.seek(0, io.SEEK_END)
            file.seek(at)
            content = {"kind": "audio", "total": total}
            return Payload(content, ((self.raw, file.read(most)),))

    def _clip_part(self, ask: Ask, at: int, most: int) -> Payload:
        """Return part of a 16-bit WAV file, which is made on request."""
        first = _whole(ask, "clip", (self.sound.frames - 1) // self.clip) * self.clip
        frame = 2 * self.channels
        n = min(self.clip, self.sound.frames - first)
        size = n * self.times * frame
        done, rest = divmod(max(0, at - HEADER), frame * self.times)
        if rest or 0 < at < HEADER:
            raise ValueError(f"at={at!r} is not the end of a part.")
        many = min(n - done, max(1, (most - HEADER) // (frame * self.times)))
        samples = self.sound.read(first + done, many)
        # A damaged file may end early; the rest is silence.
        data = np.zeros((many, self.channels), np.int16)
        data[: len(samples)] = np.rint(np.clip(self._mixed(samples), -1, 1) * 32_767)
        head = b"" if at else _header(self.channels, self.sound.rate * self.times, size)
        part = head + np.repeat(data, self.times, axis=0).astype("<i2").tobytes()
        return Payload({"kind": "audio", "total": HEADER + size}, (("audio/wav", part),))

    def _mixed(self, samples: Samples) -> Samples:
        return samples if self.channels == samples.shape[1] else samples.mean(axis=1, keepdims=True)


def _header(channels: int, rate: int, size: int) -> bytes:
    head = struct.pack("<4sI4s4sI", b"RIFF", 36 + size, b"WAVE", b"fmt ", 16)
    form = struct.pack("<HHIIHH", 1, channels, rate, 2 * channels * rate, 2 * channels, 16)
    return head + form + struct.pack("<4sI", b"data", size)


def _file(item: Any) -> BinaryIO:
    return io.BytesIO(item) if isinstance(item, bytes | bytearray | memoryview) else open_file(item)


def _played(item: Any) -> tuple[str, int]:
    """Return the MIME type of a compressed file that is small enough to play directly, and its size."""
    if isinstance(item, tuple):
        return "", 0
    with _file(item) as file:
        head = file.read(4)
        size = file.seek(0, io.SEEK_END)
    is_mp3 = head[:3] == b"ID3" or (head[:1] == b"\xff" and head[1:2] >= b"\xe0")
    mime = "audio/mpeg" if is_mp3 else PLAYED.get(head, "")
    return (mime, size) if size <= WHOLE else ("", size)


_lock = threading.Lock()
_open: OrderedDict[Any, Opened] = OrderedDict()
_peaks: OrderedDict[Any, Peaks] = OrderedDict()


def opened(item: Any) -> Opened:
    """Open a recording; the peaks of a file are kept until it changes.

    Raises
    ------
    ValueError
        With a message for the user.
    """
    version, key = "", id(item)
    if isinstance(item, str | Path) and (path := Path(item)).is_file():
        state = path.stat()
        version = f"{state.st_mtime_ns:x}-{state.st_size:x}"
    file = (str(item), version)
    with _lock:
        found = _open.get(file if version else key)
        if found is not None:
            return found
    sound = open_recording(item)
    with _lock:
        peaks = _peaks.get(file) if version else None
        made = Opened(item, sound, peaks or Peaks(sound.frames), version)
        _keep(_open, file if version else key, made, OPEN)
        if version:
            _keep(_peaks, file, made.peaks, FILES)
    return made


def _keep(kept: OrderedDict[Any, Any], key: Any, value: Any, most: int) -> None:
    """Add a value and drop the oldest ones; recordings are closed when they are no longer used."""
    kept[key] = value
    while len(kept) > most:
        kept.popitem(last=False)
