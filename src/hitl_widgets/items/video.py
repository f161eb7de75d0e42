"""Videos: played by the browser where it can, else frame by frame as images from the kernel."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np

from hitl_widgets.errors import InvalidInput
from hitl_widgets.items.audio import Audio
from hitl_widgets.items.base import Features, Payload, Size, broken, is_missing
from hitl_widgets.items.clips import EXTRA, Clip, as_video, clip_of, is_video, played
from hitl_widgets.items.files import file_name, open_file
from hitl_widgets.items.tiles import compressed

__all__ = ["KINDS", "Video"]

WHOLE = 64 * 2**20  # bytes; the browser gets no larger files, and their frames come from the kernel
MOMENT = 0.2  # seconds spent on the times of frames per request
GLIMPSE = 0.4  # where in the video the frame of a thumbnail is
TICK = 10_000  # times are sent in units of 0.1 ms
SMALLEST, LARGEST = 16, 4_096  # pixels
LOOKED_AT = 20
# Codecs that browsers may play, as they call them: the browser is asked before it gets the file.
CODECS = {
    "h264": "avc1.42E01E", "hevc": "hvc1.1.6.L93.B0", "vp8": "vp8", "vp9": "vp09.00.10.08",
    "av1": "av01.0.04M.08", "libdav1d": "av01.0.04M.08",
}  # fmt: skip


class Video:
    """A video: a path, or the bytes of a file."""

    name = "video"
    reads, in_files, mutable, tabular = False, True, False, False
    order = -9  # before texts (a path is a text) and images (bytes may be an image)

    def claims(self, values: Sequence[Any]) -> bool:
        """Return whether all are bytes or paths of videos; of texts, at least one must be a file."""
        there = [value for value in values if not is_missing(value)]
        texts = [value for value in there[:LOOKED_AT] if isinstance(value, str)]
        found = bool(there) and all(map(is_video, there))
        return found and (not texts or any(map(os.path.isfile, texts)))

    def read(self, values: Sequence[Any], what: str) -> list[Any]:
        """Return the paths and bytes; missing values are None."""
        if find_spec("av") is None:
            raise InvalidInput(f"{what}: {EXTRA}.")
        items = [as_video(value) for value in values]
        for row, item in enumerate(items):
            if not (item is None or isinstance(item, str | os.PathLike | bytes)):
                raise InvalidInput(
                    f"{what}: row {row} is of type {type(item).__name__}: expected the path or the bytes of "
                    "a video."
                )
        return items

    def identity(self, item: Any) -> Iterator[bytes]:
        """Yield the file's content, so that a moved file keeps its label."""
        yield b"video\0"
        yield from Audio().identity(item)

    def canonical(self, item: Any) -> Any:
        """Return the video unchanged."""
        return item

    def payload(self, item: Any, size: Size) -> Payload:
        """Return the first frame, or for a thumbnail a later one; :meth:`more` returns the rest."""
        try:
            clip = clip_of(item)
            picture = clip.sample(GLIMPSE) if size.glimpse else clip.first
            content = self._content(item, clip)
        except Exception as error:  # noqa: BLE001 - FFmpeg may raise anything, and the user sees the reason
            return broken(str(error))
        small = picture.copy()
        small.thumbnail((size.side, size.side))
        return Payload(content, (compressed(small, size.most),))

    def _content(self, item: Any, clip: Clip) -> dict[str, Any]:
        total = _bytes(item)
        mime, codec = played(clip.container), CODECS.get(clip.codec, "")
        content: dict[str, Any] = {"kind": "video", "width": clip.width, "height": clip.height}
        content |= {"seconds": clip.seconds, "rate": clip.rate, "codec": clip.codec, "bytes": total}
        content |= {"large": total > WHOLE, "version": clip.key.version}
        content["type"] = f'{mime}; codecs="{codec}"' if mime and codec else ""
        return content

    def more(self, item: Any, ask: Mapping[str, str | float | bool], most: int) -> Payload:
        """Return a part of the video.

        ``{"what": "scan"}`` reads on for a moment, and says the ``share`` of the file that was read. Then
        ``times`` are the times of the frames and of the end, uint32 in units of 0.1 ms; ``frame`` is the one
        with the number ``index`` as an image of at most ``side`` pixels; and ``file`` are bytes of the file.
        """
        clip = clip_of(item)
        if ask.get("version", "") != clip.key.version:
            raise ValueError("The video has changed since it was displayed: run the cell again.")
        match ask.get("what"):
            case "scan":
                clip.scan.look(MOMENT)
                return Payload({"kind": "video", "share": clip.scan.share, "frames": len(clip.scan.ticks)})
            case "times":
                return _bytes_part(_times(clip), ask, most)
            case "file" if _bytes(item) <= WHOLE:
                return _file_part(item, ask, most)
            case "frame":
                clip.scan.look(MOMENT)
                picture = clip.frame(_whole(ask, "index", len(clip.scan.ticks) - 1))
                side = max(SMALLEST, _whole(ask, "side", LARGEST))
                picture.thumbnail((side, side))
                return Payload({"kind": "video"}, (compressed(picture, most),))
        raise ValueError(f"A video has no part {ask.get('what')!r}.")

    def extent(self, item: Any) -> tuple[float, ...]:
        """Return width and height in pixels, the number of frames, and the duration in seconds."""
        clip = clip_of(item)
        clip.scan.look(float("inf"))
        return clip.width, clip.height, len(clip.scan.ticks), clip.scan.end

    def words(self, item: Any) -> str:
        """Return the file name, if there is one."""
        return file_name(item)

    def features(self, items: Sequence[Any], **told: Any) -> tuple[Features, Any]:
        """Compute features; see :func:`~hitl_widgets.items.features.videos.encode`."""
        from hitl_widgets.items.features.videos import encode

        return encode(items, **told)


def _whole(ask: Mapping[str, Any], name: str, top: int) -> int:
    number = ask.get(name, 0)
    if isinstance(number, str | bool) or not 0 <= number <= top or number != int(number):
        raise ValueError(f"{name}={number!r} is not in the video.")
    return int(number)


def _bytes(item: Any) -> int:
    return len(item) if isinstance(item, bytes) else os.stat(item).st_size  # noqa: PTH116


def _times(clip: Clip) -> bytes:
    """Return the times of the frames and of the end; nothing until all are known."""
    if not clip.scan.done:
        return b""
    times = np.append(clip.scan.times, clip.scan.end)
    return bytes(np.rint(np.clip(times * TICK, 0, 2**32 - 1)).astype("<u4").tobytes())


def _bytes_part(data: bytes, ask: Mapping[str, Any], most: int) -> Payload:
    at = _whole(ask, "at", len(data))
    part = data[at : at + most]
    return Payload({"kind": "video", "total": len(data)}, (("application/octet-stream", part),))


def _file_part(item: Any, ask: Mapping[str, Any], most: int) -> Payload:
    if isinstance(item, bytes):
        return _bytes_part(item, ask, most)
    at, total = _whole(ask, "at", WHOLE), _bytes(item)
    with open_file(item) as file:
        file.seek(at)
        content = {"kind": "video", "total": total}
        return Payload(content, (("application/octet-stream", file.read(most)),))


KINDS = (Video(),)
