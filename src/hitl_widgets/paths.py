"""Paths as people write them."""

from __future__ import annotations

import os
import re
from pathlib import Path

from hitl_widgets.errors import InvalidInput

__all__ = ["full_path"]

# At the start of a part of the path: elsewhere a $ may well belong to a name.
UNSET = re.compile(r"(?:^|[\\/])(\$\w+|\$\{[^}]*\}|%\w+%)")


def full_path(path: str | os.PathLike[str]) -> Path:
    """The absolute path, ``~`` and environment variables filled in.

    Raises
    ------
    InvalidInput
        Where a variable that begins a part of the path is not set, or nobody is called so.
    """
    if os.path.exists(path):  # noqa: PTH110 - false also for names that no system takes
        return Path(path).absolute()
    text = os.path.expandvars(os.fspath(path))
    if unset := UNSET.search(text):
        raise InvalidInput(f"{str(path)!r} names the environment variable {unset[1]}, which is not set.")
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError:
        raise InvalidInput(f"{str(path)!r}: there is no such user on this machine.") from None
