"""Paths as people write them, and files that take the place of others."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from hitl_widgets.errors import InvalidInput

__all__ = ["full_path", "replacing"]

SQLITE = b"SQLite format 3\0"
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


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A file to write, mode 0600, that takes the place of ``path`` when all of it is there.

    Raises
    ------
    InvalidInput
        Where there is no such folder, or ``path`` is one.
    """
    target = full_path(path)
    if not target.parent.is_dir():
        raise InvalidInput(f"There is no folder {target.parent} to write {target.name} to: make it first.")
    if target.is_dir():
        raise InvalidInput(f"{target} is a folder: name a file in it, such as {target / 'labels.csv'}.")
    if target.is_file() and _is_database(target):
        raise InvalidInput(f"{target} is a database, such as a label store. Name another file to write to.")
    part = target.with_name(f".{target.name}.part")
    part.unlink(missing_ok=True)
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        yield part
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _is_database(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(SQLITE)) == SQLITE
