"""Paths as users write them, and files that are replaced atomically."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from hitl_widgets.errors import InvalidInput

__all__ = ["full_path", "new_folder", "replacing"]

SQLITE = b"SQLite format 3\0"
# Only at the start of a path component: elsewhere a $ may be part of a file name.
UNSET = re.compile(r"(?:^|[\\/])(\$\w+|\$\{[^}]*\}|%\w+%)")


def full_path(path: str | os.PathLike[str]) -> Path:
    """Return the absolute path, with ``~`` and environment variables expanded.

    Raises
    ------
    InvalidInput
        If it is no path or empty, a component of it starts with an unset variable, or ``~user`` does not
        exist.
    """
    if not isinstance(path, str | os.PathLike) or not os.fspath(path):
        raise InvalidInput(f"path={path!r}: expected the name of a file or a folder.")
    if os.path.exists(path):  # noqa: PTH110 - also False for invalid names
        return Path(path).absolute()
    text = os.path.expandvars(os.fspath(path))
    if unset := UNSET.search(text):
        raise InvalidInput(f"{str(path)!r} names the environment variable {unset[1]}, which is not set.")
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError:
        raise InvalidInput(f"{str(path)!r}: there is no such user on this machine.") from None


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str], mode: int = 0o600) -> Iterator[Path]:
    """Yield a temporary file to write, that replaces ``path`` when the block succeeds.

    The file has this mode, less the umask: labels are for their owner only, unless a caller says otherwise.

    Raises
    ------
    InvalidInput
        If the folder does not exist, ``path`` is a folder or a database, or the file cannot be written.
    """
    target = full_path(path)
    try:
        part = _part(target, mode)
    except OSError as error:
        raise InvalidInput(f"{str(path)!r} cannot be written: {error.strerror or error}.") from error
    try:
        yield part
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _part(target: Path, mode: int) -> Path:
    """An empty file beside ``target``, which may be replaced by it."""
    if not target.parent.is_dir():
        raise InvalidInput(f"The folder {target.parent} does not exist: create it to write {target.name}.")
    if target.is_dir():
        raise InvalidInput(f"{target} is a folder. Pass a file in it, such as {target / 'labels.csv'}.")
    if target.is_file() and _is_database(target):
        raise InvalidInput(f"{target} is a database, such as a label store. Pass another file to write to.")
    part = target.with_name(f".{target.name}.part")
    part.unlink(missing_ok=True)
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
    return part


@contextlib.contextmanager
def new_folder(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary folder to write into, mode 0700, that becomes ``path`` when the block succeeds.

    Raises
    ------
    InvalidInput
        If ``path`` exists and is not an empty folder, or cannot be written.
    """
    target = full_path(path)
    if not target.parent.is_dir():
        raise InvalidInput(f"The folder {target.parent} does not exist: create it to write {target.name}.")
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise InvalidInput(f"{target} already exists. This format is a folder of files: pass a new folder.")
    part = target.with_name(f".{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir(0o700)
    except OSError as error:
        raise InvalidInput(f"{str(path)!r} cannot be written: {error.strerror or error}.") from error
    try:
        yield part
        if target.is_dir():
            target.rmdir()
        part.rename(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _is_database(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(SQLITE)) == SQLITE
