"""Uncompressed WAV files, read with NumPy only."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

__all__ = ["MOST_CHANNELS", "Layout", "Samples", "Wav", "layout_of"]

Samples = npt.NDArray[np.float32]

MOST_CHANNELS = 64
PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
STREAMED = 0xFFFFFFFF  # the size in streamed files, which was never filled in


@dataclass(frozen=True)
class Layout:
    """The position and format of the samples in a WAV file."""

    code: int
    channels: int
    rate: int
    width: int
    begin: int
    frames: int


def layout_of(file: BinaryIO) -> Layout | None:
    """Read the layout of a WAV file; None if its samples are compressed.

    Raises
    ------
    ValueError
        If the file contains no samples.
    """
    end = file.seek(0, io.SEEK_END)
    at, form = 12, b""
    while at + 8 <= end:
        file.seek(at)
        name, size = struct.unpack("<4sI", file.read(8))
        if name == b"fmt ":
            form = file.read(min(size, 40))
        if name == b"data" and len(form) >= 16:
            code, channels, rate, _, block, _ = struct.unpack("<HHIIHH", form[:16])
            code = struct.unpack("<H", form[24:26])[0] if code == EXTENSIBLE and len(form) >= 26 else code
            width = block // channels if channels and block % channels == 0 else 0
            if not rate or width not in {PCM: {1, 2, 3, 4}, FLOAT: {4, 8}}.get(code, ()):
                return None
            left = end - at - 8
            frames = (left if size in {0, STREAMED} else min(size, left)) // block
            return Layout(code, channels, rate, width, at + 8, frames)
        at += 8 + size + size % 2
    raise ValueError("The WAV file is damaged: it contains no samples.")


class Wav:
    """An uncompressed WAV file with random access."""

    def __init__(self, file: BinaryIO, layout: Layout) -> None:
        if layout.channels > MOST_CHANNELS:
            raise ValueError(
                f"The recording has {layout.channels} channels; at most {MOST_CHANNELS} are supported."
            )
        self._file, self._layout = file, layout
        self.rate, self.channels, self.frames = layout.rate, layout.channels, layout.frames

    def read(self, start: int, n: int) -> Samples:
        """Read from ``start``: float32 (n, channels) in [-1, 1]; fewer at the end."""
        width, channels = self._layout.width, self.channels
        n = min(n, self.frames - start)
        self._file.seek(self._layout.begin + start * width * channels)
        data = self._file.read(max(0, n) * width * channels)
        data = data[: len(data) - len(data) % (width * channels)]
        return self._numbers(data).reshape(-1, channels)

    def _numbers(self, data: bytes) -> Samples:
        width = self._layout.width
        if self._layout.code == FLOAT:
            found = np.frombuffer(data, f"<f{width}").astype(np.float32)
            return np.nan_to_num(found, copy=False, posinf=1, neginf=-1)
        if width == 1:
            return (np.frombuffer(data, np.uint8).astype(np.float32) - 128) / np.float32(128)
        if width == 3:  # the upper three bytes of four
            wide = np.zeros((len(data) // 3, 4), np.uint8)
            wide[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
            return wide.view("<i4")[:, 0].astype(np.float32) / np.float32(2**31)
        return np.frombuffer(data, f"<i{width}").astype(np.float32) / np.float32(2 ** (8 * width - 1))
