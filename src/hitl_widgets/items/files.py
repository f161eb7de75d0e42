"""Files that hold items."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any, BinaryIO

__all__ = ["file_name", "open_file"]


def open_file(path: Any) -> BinaryIO:
    """A regular file, opened to be read: a pipe or a device would keep the kernel for ever.

    Raises
    ------
    ValueError
        For what is not a file.
    OSError
        When it cannot be opened.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    found = os.open(path, flags)
    mode = os.fstat(found).st_mode
    if not stat.S_ISREG(mode):
        os.close(found)
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        raise ValueError("The path names no file.")
    return open(found, "rb")  # noqa: PTH123 - a path has no such flags


def file_name(item: Any) -> str:
    """The name of a file; empty for an item that is none."""
    return Path(item).name if isinstance(item, str | os.PathLike) else ""
