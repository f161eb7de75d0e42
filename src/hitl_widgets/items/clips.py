"""Videos that PyAV reads: the times of all frames, and any frame as an image."""

from __future__ import annotations

import io
import os
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable, Generator, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image

from hitl_widgets.errors import missing_extra
from hitl_widgets.items.base import is_missing
from hitl_widgets.items.files import open_file
from hitl_widgets.items.pictures import MAX_PIXELS
from hitl_widgets.items.tiles import ItemKey

__all__ = [
    "EXTRA",
    "Clip",
    "Scan",
    "as_video",
    "clip_of",
    "frame_times",
    "is_video",
    "open_video",
    "played",
    "scan_of",
]

SUFFIXES = {
    ".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".mpg", ".mpeg", ".ogv", ".flv", ".wmv", ".3gp", ".mts",
    ".m2ts",
}  # fmt: skip
EXTRA = missing_extra("A video", "av", "video")
# A playlist could make FFmpeg open other files and addresses, so only these containers are read.
CONTAINERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,ogg,flv,asf"
OPEN, SCANS = 4, 1_000  # videos that stay open, of each sort, and videos whose times are kept
RECENT, RECENT_PIXELS = 24, 24_000_000  # decoded frames that are kept, for steps back
MOST_FRAMES = 5_000_000
PATIENCE = 20.0  # seconds spent on decoding one frame
STEP = 64  # packets between two looks at the clock
# ISO files that are sound or images.
OTHER_BRANDS = (b"M4A ", b"M4B ", b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1")


def as_video(value: Any) -> Any:
    """Convert a value to an item: bytes or a path, None if missing."""
    if isinstance(value, Mapping) and value.keys() <= {
        "bytes",
        "path",
    }:  # the format of Hugging Face datasets
        value = value.get("bytes") or value.get("path")
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    return None if is_missing(value) else value


def is_video(value: Any) -> bool:
    """Return whether a value is clearly a video."""
    if isinstance(value, Mapping) and value.keys() <= {"bytes", "path"}:
        return is_video(value.get("bytes") or value.get("path"))
    if isinstance(value, bytes | bytearray | memoryview):
        head = bytes(value[:12])
        iso = head[4:8] == b"ftyp" and head[8:12] not in OTHER_BRANDS
        riff = head[:4] == b"RIFF" and head[8:12] == b"AVI "
        return iso or riff or head[:4] in {b"\x1a\x45\xdf\xa3", b"FLV\x01", b"\x00\x00\x01\xba"}
    if isinstance(value, Path):
        return value.suffix.lower() in SUFFIXES
    if isinstance(value, str):
        named = len(value) < 1_000 and "\n" not in value
        return named and os.path.splitext(value)[1].lower() in SUFFIXES  # noqa: PTH122 - any text
    return False


def frame_times(video: Any) -> npt.NDArray[np.float64]:
    """Return the time of each frame of a video in seconds, by which boxes on frames can be placed in time.

    Parameters
    ----------
    video
        The path or the bytes of a video.

    Returns
    -------
    times
        float64 (n_frames,), increasing. The first one is usually 0.

    Raises
    ------
    ValueError
        If it cannot be read.
    """
    scan = Scan(as_video(video))
    scan.look(float("inf"))
    return scan.times


def played(container: str) -> str:
    """Return the MIME type by which browsers play files of a container; empty if they do not."""
    return "video/webm" if "webm" in container else "video/mp4" if "mp4" in container else ""


def open_video(item: Any) -> tuple[Any, Any, Callable[[], None]]:
    """Return the open container of a video, its video stream, and what closes it.

    Raises
    ------
    ValueError
        With a message for the user.
    """
    if item is None:
        raise ValueError("This item has no video.")
    try:
        import av
    except ImportError:
        raise ValueError(f"{EXTRA}.") from None
    opened: list[Any] = []

    def close() -> None:
        for one in reversed(opened):
            one.close()

    try:
        opened.append(_file(item))
        limits = {"format_whitelist": CONTAINERS, "protocol_whitelist": "none"}
        opened.append(av.open(opened[0], options=limits))
        stream = _pictures(opened[1])
    except av.FFmpegError as error:
        close()
        reason = (error.strerror or str(error)).lower()
        raise ValueError(f"The file is not a video, or it is damaged ({reason}).") from None
    except OSError as error:
        close()
        raise ValueError(f"The video cannot be read: {error.strerror or error}.") from None
    except BaseException:
        close()
        raise
    return opened[1], stream, close


def _pictures(container: Any) -> Any:
    """Return the video stream, other than the cover of a song."""
    streams = [one for one in container.streams.video if not one.disposition & one.disposition.attached_pic]
    if not streams:
        raise ValueError("The file has no pictures: it is sound only.")
    stream = streams[0]
    if stream.width * stream.height > MAX_PIXELS:
        raise ValueError(f"The video has {stream.width:,} x {stream.height:,} pixels: too many.")
    if stream.codec_context is None:
        raise ValueError(
            "The video is in a codec that cannot be read: convert it, as in ffmpeg -i in out.mp4."
        )
    return stream


def _file(item: Any) -> BinaryIO:
    if isinstance(item, bytes):
        if not item:
            raise ValueError("The video is empty: it has 0 bytes.")
        return io.BytesIO(item)
    if not isinstance(item, str | os.PathLike):
        raise ValueError(  # noqa: TRY004 - the caller shows ValueErrors to the user
            f"A {type(item).__name__} is not a video: expected a path or the bytes of a file."
        )
    file = open_file(item)
    if not os.fstat(file.fileno()).st_size:
        file.close()
        raise ValueError("The video is empty: it has 0 bytes.")
    return file


class Scan:
    """The times of all frames, found without decoding; slow for long videos, so it is done in pieces.

    Attributes
    ----------
    done
        Whether all times are known.
    share
        The share of the file that was read.
    ticks, keys
        int64 (n,): the times of the frames in units of the file, in order; and which start a group, ``bool``.
    times
        float64 (n,): seconds on the clock of a player.
    end
        Seconds at which the last frame ends.
    """

    def __init__(self, item: Any) -> None:
        self.lock = threading.Lock()
        self.done, self.share, self.end = False, 0.0, 0.0
        self.ticks, self.keys, self.times = np.zeros(0, np.int64), np.zeros(0, bool), np.zeros(0)
        self._item = item
        self._found: list[tuple[int, bool, int]] = []
        self._packets: Generator[bool] | None = None

    def look(self, seconds: float) -> None:
        """Continue for this long.

        Raises
        ------
        ValueError
            With a message for the user.
        """
        end = time.monotonic() + seconds
        try:
            self._look(end)
        finally:
            _bound(self)

    def _look(self, end: float) -> None:
        with self.lock:
            if self._packets is None and not self.done:
                self._packets = self._read()
            try:
                while not self.done and time.monotonic() < end:
                    if next(self._packets or iter(()), None) is None:
                        self._finish()
            except BaseException:  # the next call must not take what was read so far for everything
                self._found, self._packets = [], None
                raise

    def pause(self) -> bool:
        """Close the file, unless it is being read now; the next look starts from its beginning."""
        if not self.lock.acquire(blocking=False):
            return False
        try:
            if self._packets is not None:
                self._packets.close()
            self._found, self._packets = [], None
        finally:
            self.lock.release()
        return True

    @property
    def open(self) -> bool:
        """Whether the file is open."""
        return self._packets is not None

    def _read(self) -> Generator[bool]:
        """Read all packets; yield now and then."""
        import av

        container, stream, close = open_video(self._item)
        try:
            self._base, self._start = stream.time_base, _start(container)
            size = container.size
            vp8 = stream.codec_context.name == "vp8"
            for n, packet in enumerate(container.demux(stream)):
                tick = packet.pts if packet.pts is not None else packet.dts
                # VP8 has packets that are decoded but never shown; bit 4 of the first byte says so.
                shown = not packet.is_discard and not (vp8 and packet.size and not bytes(packet)[0] & 0x10)
                if tick is not None and packet.size and shown:
                    self._found.append((tick, packet.is_keyframe, packet.duration or 0))
                if len(self._found) > MOST_FRAMES:
                    raise ValueError(f"The video has more than {MOST_FRAMES:,} frames: cut it into parts.")
                if n % STEP == STEP - 1:
                    self.share = min(0.99, packet.pos / size) if packet.pos and size > 0 else self.share
                    yield True
        except av.FFmpegError:
            pass  # a truncated file: what was read so far can be shown
        finally:
            close()

    def _finish(self) -> None:
        found = sorted({tick: (tick, key, length) for tick, key, length in self._found}.values())
        self._found, self._packets = [], None
        if not found:
            raise ValueError("The video has no frames.")
        columns = [np.array(column) for column in zip(*found, strict=True)]
        ticks, keys, lengths = columns
        second = float(self._base)
        times = ticks * second - self._start
        self.ticks, self.keys, self.times = ticks.astype(np.int64), keys.astype(bool), times
        usual = float(np.median(np.diff(times))) if len(times) > 1 else 0.04
        last = lengths[-1] * second
        self.end = float(times[-1]) + (last if 0 < last < 10 * usual else usual)
        self.done, self.share = True, 1.0


_reading: OrderedDict[Scan, None] = OrderedDict()
_bounding = threading.Lock()


def _bound(scan: Scan) -> None:
    """Close the file that was read least recently if too many are open after a look at this one."""
    with _bounding:
        _reading.pop(scan, None)
        if scan.open:
            _reading[scan] = None
        for one in list(_reading)[: max(0, len(_reading) - OPEN)]:
            if one.pause():
                del _reading[one]


def _start(container: Any) -> float:
    """Return what is subtracted from all times: the start of the file; for browsers only one before 0."""
    import av

    start = float(container.start_time or 0) / av.time_base
    return min(0.0, start) if played(container.format.name) else start


class Clip:
    """An open video, of which frames are decoded one at a time.

    Attributes
    ----------
    width, height
        Pixels of a frame as it is displayed: upright, and with square pixels.
    seconds, rate
        The duration and the frames per second as the file says; 0 if it does not.
    codec, container
        Their names in FFmpeg.
    first
        The first frame.
    """

    def __init__(self, key: ItemKey) -> None:
        self.lock = threading.Lock()
        self.key, self.scan = key, scan_of(key)
        self._container, stream, close = open_video(key.item)
        weakref.finalize(self, close)
        self._stream = stream
        self._frames: Iterator[Any] = iter(())
        self._recent: OrderedDict[int, Any] = OrderedDict()
        self._last: int | None = None  # the time of the last decoded frame, in units of the file
        self.codec = stream.codec_context.name
        self.container = self._container.format.name
        length = self._container.duration
        self.seconds = max(0.0, length / 1_000_000 if length else 0.0)
        self.rate = float(stream.average_rate or 0)
        self.first = self._first()
        self.width, self.height = self.first.size

    def _first(self) -> Image.Image:
        import av

        try:
            for frame in self._container.decode(self._stream):
                return self._picture(frame)
        except av.FFmpegError as error:
            raise ValueError(
                f"The video ({self.codec}) cannot be decoded: {(error.strerror or str(error)).lower()}."
            ) from None
        raise ValueError("The video has no frames.")

    def _picture(self, frame: Any) -> Image.Image:
        picture: Image.Image = frame.to_image()
        ratio = self._stream.sample_aspect_ratio
        if ratio and ratio > 0 and ratio != 1:
            picture = picture.resize((max(1, round(picture.width * ratio)), picture.height))
        turn = round(getattr(frame, "rotation", 0) or 0) % 360
        return picture.rotate(turn, expand=True) if turn else picture

    def frame(self, index: int) -> Image.Image:
        """Return a frame by its number, from 0. The times must be known.

        Raises
        ------
        ValueError
            With a message for the user.
        """
        ticks = self.scan.ticks
        if not 0 <= index < len(ticks):
            raise ValueError(f"The video has no frame {index:,}: it has {len(ticks):,}, from 0.")
        wanted = int(ticks[index])
        with self.lock:
            found = self._recent.get(wanted)
            if found is None:
                # Decoding continues where it is, unless a group of frames starts in between.
                keys = ticks[: index + 1][self.scan.keys[: index + 1]]
                ahead = self._last is not None and self._last < wanted and not (keys[-1:] > self._last).any()
                # Some containers can only be searched roughly: then start earlier, and at last at the start.
                starts = [int(keys[-back]) for back in (1, 2, 4, 8, 16) if back <= len(keys)]
                for start in [None, *starts, 0] if ahead else [*starts, 0]:
                    found = self._decoded(wanted, start)
                    if found is not None:
                        break
            if found is None:
                raise ValueError(f"Frame {index:,} is damaged and cannot be shown.")
            return self._picture(found)

    def _decoded(self, wanted: int, start: int | None) -> Any:
        """Decode on to a frame, from where the decoder is or from a time; keep the frames on the way."""
        import av

        until = time.monotonic() + PATIENCE
        near: list[tuple[int, Any]] = []
        try:
            if start is not None:
                self._last = None
                self._container.seek(start, stream=self._stream)
                self._frames = self._container.decode(self._stream)
            for frame in self._frames:
                tick = frame.pts if frame.pts is not None else frame.dts
                if tick is None:
                    continue
                self._last = tick
                near.append((tick, frame))
                del near[: -self._kept]
                if tick >= wanted:
                    break
                if time.monotonic() > until:
                    raise ValueError("Decoding this frame takes too long.")
        except av.FFmpegError:
            self._last = None
        for tick, frame in near if near and near[-1][0] == wanted else ():
            self._recent[tick] = frame
        while len(self._recent) > self._kept:
            self._recent.popitem(last=False)
        return self._recent.get(wanted)

    @property
    def _kept(self) -> int:
        return max(2, min(RECENT, RECENT_PIXELS // (self.width * self.height)))

    def sample(self, at: float) -> Image.Image:
        """Return the frame that starts the group of frames at a share of the video; the first one if none."""
        import av

        with self.lock:
            try:
                start = float(self._container.start_time or 0) / av.time_base
                # Matroska says when the video ends, others how long it is.
                length = self.seconds - (start if "matroska" in self.container else 0)
                tick = int((start + at * length) / float(self._stream.time_base))
                self._container.seek(tick, stream=self._stream)
                self._last = None
                frame = next(self._container.decode(self._stream), None)
                if frame is not None:
                    return self._picture(frame)
            except av.FFmpegError:
                pass
            return self.first


@lru_cache(OPEN)
def _clip(key: ItemKey) -> Clip:
    return Clip(key)


@lru_cache(SCANS)
def scan_of(key: ItemKey) -> Scan:
    """Return the times of a video, which are kept until its file changes."""
    return Scan(key.item)


def clip_of(item: Any) -> Clip:
    """Open a video.

    Raises
    ------
    ValueError
        With a message for the user.
    """
    try:
        return _clip(ItemKey(item))
    except OSError as error:
        raise ValueError(f"The video cannot be read: {error.strerror or error}.") from None
