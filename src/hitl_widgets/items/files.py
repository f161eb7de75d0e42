"""Files that hold items."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any, BinaryIO

__all__ = ["file_name", "open_file"]


def open_file(path: Any) -> BinaryIO:
    """Open a regular file for reading; reading a pipe or a device could block forever.

    Raises
    ------
    ValueError
        If it is not a file.
    OSError
        If it cannot be opened.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    found = os.open(path, flags)
    mode = os.fstat(found).st_mode
    if not stat.S_ISREG(mode):
        os.close(found)
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        raise ValueError("The path is not a file.")
    return open(found, "rb")  # noqa: PTH123 - Path.open takes no flags


def file_name(item: Any) -> str:
    """Return the name of a file; empty if the item is not a path."""
    return Path(item).name if isinstance(item, str | os.PathLike) else ""
