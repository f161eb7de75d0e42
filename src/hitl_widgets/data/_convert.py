"""Rows converted once to a .npy file that can be memory-mapped."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput

__all__ = ["CACHE", "Source", "converted", "memory_left", "reason", "state"]

CACHE = ".hitl-widgets"


@dataclass(frozen=True)
class Source:
    """Rows read one block at a time for conversion; ``note`` is the warning issued then."""

    shape: tuple[int, int]
    dtype: np.dtype[Any]
    blocks: Callable[[], Iterator[npt.NDArray[Any]]]
    note: str = ""

    @property
    def nbytes(self) -> int:
        """Their size as an array, in bytes."""
        return self.shape[0] * self.shape[1] * self.dtype.itemsize

    def gather(self) -> npt.NDArray[Any]:
        """Read all rows into memory."""
        out = np.empty(self.shape, self.dtype)
        low = 0
        for block in self.blocks():
            out[low : low + len(block)] = block
            low += len(block)
        return out

    def write(self, path: Path) -> None:
        """Write the rows atomically to a .npy file."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if shutil.disk_usage(path.parent).free < self.nbytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        handle, name = tempfile.mkstemp(prefix=path.stem, suffix=".tmp", dir=path.parent)
        header = {"descr": self.dtype.str, "fortran_order": False, "shape": self.shape}
        try:
            # Not a memory map: if the disk is full, a map kills the process, while a write raises an error.
            with os.fdopen(handle, "wb") as file:
                np.lib.format.write_array_header_1_0(file, header)
                for block in self.blocks():
                    file.write(np.ascontiguousarray(block, self.dtype).data)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def state(path: Path) -> tuple[str, str]:
    """Return a hash of the path of a file or folder, and one of its sizes and modification times."""
    path = path.resolve()
    files = (
        [path]
        if path.is_file()
        else sorted(f for f in path.rglob("*") if f.is_file() and CACHE not in f.parts)
    )
    digest = blake2b(digest_size=8)
    for file in files:
        found = file.stat()
        digest.update(f"{file} {found.st_size} {found.st_mtime_ns}\0".encode("utf-8", "surrogatepass"))
    place = blake2b(str(path).encode("utf-8", "surrogatepass"), digest_size=8)
    return place.hexdigest(), digest.hexdigest()


def converted(source: Source, path: Path, folder: Path, name: str) -> Any:
    """Return the rows of a file as a memory-mapped .npy file, which is written the first time.

    Raises
    ------
    InvalidInput
        If the rows fit neither on disk nor in memory.
    """
    place, now = state(path)
    file = folder / f"rows-{place}-{now}.npy"
    try:
        if not file.exists():
            if source.note:
                warnings.warn(source.note, RuntimeWarning, stacklevel=2)
            source.write(file)
            for old in folder.glob(f"rows-{place}-*.npy"):
                if old != file:
                    old.unlink(missing_ok=True)
        return np.load(file, mmap_mode="r")
    except OSError as error:
        why = f"{name}={str(path)!r} could not be converted to {str(file)!r} ({reason(error)})"
    needs = f"{source.nbytes / 1e9:,.2g} GB"
    if source.nbytes > memory_left():
        raise InvalidInput(
            f"{why}, and its {needs} do not fit into memory. Free disk space, or convert it to .npy "
            "elsewhere and pass that file."
        )
    warnings.warn(
        f"{why}: its {needs} are kept in memory, and read again next time. Free disk space, or make the "
        "folder writable.",
        RuntimeWarning,
        stacklevel=2,
    )
    return source.gather()


def reason(error: BaseException) -> str:
    """Return the system's error message."""
    return getattr(error, "strerror", None) or str(error)


def memory_left() -> int:
    """Return the available memory in bytes, or a default if the system does not tell."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return 4 * 2**30
