"""Access to a store's file and journals that does not disturb programs that have them open."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path

from hitl_widgets.errors import StoreError

__all__ = ["SIDE_FILES", "beside", "copy_files", "refuse_missing"]

SIDE_FILES = ("-journal", "-wal")

# Run in a separate process: closing any descriptor of a file releases all POSIX locks of this process on it,
# including SQLite's.
_COPY = """
import os, shutil, sys
os.umask(0o077)
for source, target in zip(sys.argv[1::2], sys.argv[2::2]):
    if os.path.exists(target):
        os.remove(target)
    if os.path.exists(source):
        shutil.copyfile(source, target)
"""


def beside(path: Path, end: str) -> Path:
    """Return the path with a suffix appended to its name."""
    return path.with_name(path.name + end)


def refuse_missing(path: Path) -> None:
    """Raise a StoreError if there is no file."""
    if not path.exists():
        raise StoreError(f"There is no label store {path}. Pass the path shown in the widget.")
    if not path.is_file():
        raise StoreError(f"{path} is not a file. Pass the label store, such as labels.sqlite.")


def copy_files(path: Path, target: Path) -> bool:
    """Copy a file with its journals; return whether they were unchanged meanwhile.

    A child process makes the copy, because closing the file here would release the locks that SQLite holds
    in this process.
    """
    names = [path, *(beside(path, end) for end in SIDE_FILES)]
    targets = [target, *(beside(target, end) for end in SIDE_FILES)]
    pairs = [str(p) for pair in zip(names, targets, strict=True) for p in pair]
    for _ in range(5):
        before = [_state(name) for name in names]
        done = subprocess.run(
            [sys.executable, "-c", _COPY, *pairs], capture_output=True, text=True, check=False
        )
        if done.returncode:
            reason = done.stderr.strip().splitlines()[-1]
            raise StoreError(
                f"{path} cannot be copied to {target.parent}: {reason}. Free disk space, or ask the owner."
            )
        if [_state(name) for name in names] == before:
            return True
    return False


def _state(path: Path) -> tuple[int, int] | None:
    with contextlib.suppress(FileNotFoundError):
        found = path.stat()
        return found.st_size, found.st_mtime_ns
    return None
