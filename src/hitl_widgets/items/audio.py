"""Recordings: shown by their peaks, and played by the browser in parts that it asks for."""

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
GLANCE = 0.1  # seconds that peaks may take before the rest is shown
COPIED = 40_000_000  # bytes: of less, a copy is nobody's concern
SLICE = 2**24
LOOKED_AT = 20


class Audio:
    """A recording: a path, the bytes of a file, or (samples, rate)."""

    name = "audio"
    reads, in_files, mutable, tabular = False, True, True, False
    order = -10  # before texts, which paths are as well, and images, which bytes may be

    def claims(self, values: Sequence[Any]) -> bool:
        """Pairs, bytes of audio files and paths that end like them; of texts that do, one must be a file."""
        there = [value for value in values if not is_missing(value)]
        texts = [value for value in there[:LOOKED_AT] if isinstance(value, str)]
        found = bool(there) and all(map(is_recording, there))
        return found and (not texts or any(map(os.path.isfile, texts)))

    def read(self, values: Sequence[Any], what: str) -> list[Any]:
        """Arrays are copied, as long as they are not many bytes; what is missing is None."""
        items = [as_recording(value) for value in values]
        refuse_unreadable(items, what)
        pairs = [item for item in items if isinstance(item, tuple)]
        if not pairs or sum(samples.nbytes for samples, _ in pairs) > COPIED:
            return items
        return [_frozen(item) if isinstance(item, tuple) else item for item in items]

    def identity(self, item: Any) -> Iterator[bytes]:
        """The samples and their rate; of a file its bytes, so that a moved file keeps its label."""
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
        """The recording."""
        return item

    def payload(self, item: Any, size: Size) -> Payload:
        """How long it is and its peaks, as far as they are known in a moment: :meth:`more` tells the rest."""
        try:
            found = opened(item)
        except Exception as error:  # noqa: BLE001 - whatever a decoder raises, the person sees the reason
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
        """What of it is asked for: the ``peaks`` from one on, or bytes of the ``sound``."""
        found = opened(item)
        if ask.get("version") != found.version:
            raise ValueError("The recording has changed since it was shown: run the cell again.")
        with found.lock:
            match ask.get("what"):
                case "peaks":
                    return found.peaks.part(found.sound, ask)
                case "sound":
                    return found.part(item, ask, most)
        raise ValueError(f"There is no part {ask.get('what')!r} of a recording.")

    def words(self, item: Any) -> str:
        """The name of a file."""
        return file_name(item)

    def features(self, items: Sequence[Any], **told: Any) -> tuple[Features, Any]:
        """See :func:`~hitl_widgets.items.features.recordings.encode`."""
        from hitl_widgets.items.features.recordings import encode

        return encode(items, **told)


def _frozen(pair: tuple[npt.NDArray[Any], Any]) -> tuple[npt.NDArray[Any], Any]:
    own = np.array(pair[0])
    own.flags.writeable = False
    return own, pair[1]


def _file_digest(item: Any) -> bytes:
    """Of the content of a file; its name where unreadable."""
    try:
        if isinstance(item, str | os.PathLike):
            state = os.stat(item)  # noqa: PTH116
            return _digest_of(os.path.abspath(item), state.st_size, state.st_mtime_ns)  # noqa: PTH100
    except (OSError, ValueError):
        pass
    return str(item).encode("utf-8", "surrogatepass")


@lru_cache(10_000)
def _digest_of(path: str, size: int, changed: int) -> bytes:  # noqa: ARG001 - another size is another file
    found = hashlib.blake2b()
    with open_file(path) as file:
        while part := file.read(SLICE):
            found.update(part)
    return found.digest()


KINDS = (Audio(),)
