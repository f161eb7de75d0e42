"""Videos for tests: each frame carries its number as a pattern of black and white bars."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["number_of", "video"]

BITS = 8
Pixels = npt.NDArray[np.uint8]


def bars(number: int, width: int, height: int) -> Pixels:
    """A picture of a number in binary: the first bar is its lowest bit."""
    columns = np.arange(width) * BITS // width
    row = 255 * ((number >> columns) & 1)
    return np.broadcast_to(row[None, :, None], (height, width, 3)).astype(np.uint8)


def number_of(image: Any) -> int:
    """The number that a picture shows."""
    grey = np.asarray(image.convert("L"))
    middles = (np.arange(BITS) + 0.5) * grey.shape[1] / BITS
    return int(sum((int(grey[grey.shape[0] // 2, int(x)]) > 127) << bit for bit, x in enumerate(middles)))


def video(
    n: int = 20,
    *,
    codec: str = "libx264",
    form: str = "mp4",
    rate: float = 25,
    times: Sequence[float] | None = None,
    size: tuple[int, int] = (160, 120),
    picture: Callable[[int, int, int], Pixels] = bars,
    group: int = 12,
    **options: str,
) -> bytes:
    """The bytes of a video of n frames, at these times in seconds if the rate is not constant."""
    import av

    width, height = size
    file, unit = io.BytesIO(), Fraction(1, 1000)
    with av.open(file, "w", format=form) as container:
        stream: Any = container.add_stream(codec, rate=round(rate), options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.gop_size = group
        stream.codec_context.time_base = stream.time_base = unit
        for i in range(n):
            frame = av.VideoFrame.from_ndarray(picture(i, width, height), "rgb24").reformat(format="yuv420p")
            frame.pts = round(1000 * (i / rate if times is None else times[i]))
            frame.time_base = unit
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file.getvalue()
