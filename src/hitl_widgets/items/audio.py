"""Recordings: displayed as peaks, and played by the browser from parts that it requests."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.items.base import Features, Payload, Size, broken, is_missing
from hitl_widgets.items.files import file_name, open_file
from hitl_widgets.items.recordings import as_recording, is_recording, refuse_unreadable
from hitl_widgets.items.waves import Ask, opened

__all__ = ["KINDS", "Audio"]

FEW = 128  # peaks of a thumbnail
GLANCE = 0.1  # seconds spent on peaks before the rest is displayed
COPIED = 40_000_000  # bytes; arrays up to this total size are copied
SLICE = 2**24
LOOKED_AT = 20


class Audio:
    """A recording: a path, the bytes of a file, or (samples, rate)."""

    name = "audio"
    reads, in_files, mutable, tabular = False, True, True, False
    order = -10  # before texts (a path is a text) and images (bytes may be an image)

    def claims(self, values: Sequence[Any]) -> bool:
        """Return whether all are pairs, audio bytes or audio paths; of texts, at least one must be a file."""
        there = [value for value in values if not is_missing(value)]
        texts = [value for value in there[:LOOKED_AT] if isinstance(value, str)]
        found = bool(there) and all(map(is_recording, there))
        return found and (not texts or any(map(os.path.isfile, texts)))

    def read(self, values: Sequence[Any], what: str) -> list[Any]:
        """Return the recordings, with None for missing values; arrays are copied unless they are large."""
        items = [as_recording(value) for value in values]
        refuse_unreadable(items, what)
        pairs = [item for item in items if isinstance(item, tuple)]
        if not pairs or sum(samples.nbytes for samples, _ in pairs) > COPIED:
            return items
        return [_frozen(item) if isinstance(item, tuple) else item for item in items]

    def identity(self, item: Any) -> Iterator[bytes]:
        """Yield the samples and their rate, or a file's content, so that a moved file keeps its label."""
        yield b"audio\0"
        if isinstance(item, tuple):
            samples, rate = item
            yield f"{samples.shape}{samples.dtype.str}{rate}".encode()
            flat = samples.reshape(-1)
            for low in range(0, flat.size, SLICE):
                yield flat[low : low + SLICE].tobytes()
        elif isinstance(item, bytes | bytearray | memoryview):
            yield hashlib.blake2b(item).digest()
        else:
            yield _file_digest(item)

    def canonical(self, item: Any) -> Any:
        """Return the recording unchanged."""
        return item

    def payload(self, item: Any, size: Size) -> Payload:
        """Return the duration and the peaks computed so far; :meth:`more` returns the rest."""
        try:
            found = opened(item)
        except Exception as error:  # noqa: BLE001 - a decoder may raise anything, and the user sees the reason
            return broken(str(error))
        sound, peaks = found.sound, found.peaks
        with found.lock:
            peaks.look(sound, GLANCE)
        values = peaks.few(FEW) if size.glimpse else peaks.values[: peaks.known]
        content: dict[str, Any] = {"kind": "audio"}
        content |= {"seconds": sound.frames / sound.rate, "rate": sound.rate, "channels": sound.channels}
        content |= {"peaks": base64.b64encode(values.astype("<i2").tobytes()).decode()}
        content |= {"bins": FEW if size.glimpse else len(peaks.values)}
        if not size.glimpse:
            content |= {"clip": found.clip / sound.rate, "raw": found.raw, "version": found.version}
            content |= {"bytes": found.bytes}
        return Payload(content)

    def more(self, item: Any, ask: Ask, most: int) -> Payload:
        """Return the requested part: ``peaks`` from a position on, bytes of ``sound``, or ``segments``."""
        found = opened(item)
        if ask.get("version") != found.version:
            raise ValueError("The recording has changed since it was displayed: run the cell again.")
        with found.lock:
            match ask.get("what"):
                case "peaks":
                    return found.peaks.part(found.sound, ask)
                case "sound":
                    return found.part(item, ask, most)
                case "segments":
                    return found.segments(ask)
        raise ValueError(f"A recording has no part {ask.get('what')!r}.")

    def extent(self, item: Any) -> tuple[float, ...]:
        """Return the duration in seconds."""
        sound = opened(item).sound
        return (sound.frames / sound.rate,)

    def words(self, item: Any) -> str:
        """Return the file name, if there is one."""
        return file_name(item)

    def features(self, items: Sequence[Any], **told: Any) -> tuple[Features, Any]:
        """Compute features; see :func:`~hitl_widgets.items.features.recordings.encode`."""
        from hitl_widgets.items.features.recordings import encode

        return encode(items, **told)


def _frozen(pair: tuple[npt.NDArray[Any], Any]) -> tuple[npt.NDArray[Any], Any]:
    own = np.array(pair[0])
    own.flags.writeable = False
    return own, pair[1]


def _file_digest(item: Any) -> bytes:
    """Return a digest of the file's content, or its name if it cannot be read."""
    try:
        if isinstance(item, str | os.PathLike):
            state = os.stat(item)  # noqa: PTH116
            return _digest_of(os.path.abspath(item), state.st_size, state.st_mtime_ns)  # noqa: PTH100
    except (OSError, ValueError):
        pass
    return str(item).encode("utf-8", "surrogatepass")


@lru_cache(10_000)
def _digest_of(path: str, size: int, changed: int) -> bytes:  # noqa: ARG001 - part of the cache key
    found = hashlib.blake2b()
    with open_file(path) as file:
        while part := file.read(SLICE):
            found.update(part)
    return found.digest()


KINDS = (Audio(),)
