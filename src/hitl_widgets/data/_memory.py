"""Memory that is free goes back to the machine."""

from __future__ import annotations

import ctypes
import sys

__all__ = ["give_back"]


def give_back() -> None:
    """Return what the C library keeps of freed memory: a tenth of a pool of a million rows (measured).

    Some 12 ms; nothing where the library is not glibc.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, AttributeError):  # musl
        return
