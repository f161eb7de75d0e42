"""Pairs of frames of a video, from which it is described."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.items.clips import open_video

__all__ = ["pairs_of"]

LONG, GAP = 60.0, 0.1  # seconds: of videos that are sampled, and between the frames of a pair


def pairs_of(item: Any, n: int, side: int) -> npt.NDArray[np.uint8]:
    """Return pairs of frames about 0.1 s apart, evenly spaced over a video: uint8 (k, 2, side, side, 3).

    Frames are upright and stretched to a square. In videos longer than a minute, pairs begin where a group of
    frames does.

    Raises
    ------
    ValueError
        With a message for the user.
    """
    import av

    container, stream, close = open_video(item)
    try:
        second = 1 / float(stream.time_base)
        length = max(0.0, (container.duration or 0) / av.time_base)
        start = (container.start_time or 0) / av.time_base
        starts = [start + length * (i + 0.5) / n for i in range(n)]
        found: list[list[Any]] = []
        try:
            if length > LONG:
                for at in starts:
                    container.seek(int(at * second), stream=stream)
                    found += _pairs(container.decode(stream), [0.0], second)
            else:
                found = _pairs(container.decode(stream), starts, second)
        except av.FFmpegError:
            pass  # a damaged end; what was read is described
        if not found:
            raise ValueError("No frame of the video can be decoded.")
        return np.stack([[_square(frame, side) for frame in pair] for pair in found])
    finally:
        close()


def _pairs(frames: Iterator[Any], starts: list[float], second: float) -> list[list[Any]]:
    """Return the first frame at or after each of some times, in seconds, and one about 0.1 s later."""
    found: list[list[Any]] = []
    left = list(starts)
    last, until = None, 0.0
    for frame in frames:
        now = (frame.pts if frame.pts is not None else frame.dts or 0) / second
        if found and len(found[-1]) == 1 and now >= until:
            found[-1].append(frame)
        if left and now >= left[0] and (not found or len(found[-1]) == 2):
            while left and now >= left[0]:
                del left[0]
            found.append([frame])
            until = now + GAP
        elif not left and (not found or len(found[-1]) == 2):
            break
        last = frame
    if not found and last is not None:
        found.append([last])
    return [pair if len(pair) == 2 else [pair[0], last] for pair in found]


def _square(frame: Any, side: int) -> npt.NDArray[np.uint8]:
    pixels = frame.reformat(width=side, height=side, format="rgb24").to_ndarray()
    turns = round((getattr(frame, "rotation", 0) or 0) / 90) % 4
    return np.asarray(np.rot90(pixels, turns), np.uint8)
