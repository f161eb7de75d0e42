"""File formats for import and export, one module for each.

Each :class:`~.base.Writer` writes a format. Each :class:`~.base.Format` of another labeling tool recognizes
and reads its rows, and gives reasons for rows that it does not read.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from hitl_widgets.discovery import kinds_in
from hitl_widgets.errors import InvalidInput, choices, nearest
from hitl_widgets.formats.base import Export, Format, Left, Said, Wanted, Writer
from hitl_widgets.paths import full_path, replacing

__all__ = [
    "SAMPLE",
    "Export",
    "Format",
    "Left",
    "Said",
    "Wanted",
    "Writer",
    "formats",
    "recognised",
    "write",
    "writer_of",
]

SAMPLE = 100


@cache
def formats() -> tuple[Format, ...]:
    """Return the formats of other tools, in the order in which they are tried."""
    found: list[Format] = kinds_in(sys.modules[__name__], "FORMATS")
    return tuple(sorted(found, key=lambda one: one.order))


@cache
def _writers() -> dict[str, Writer]:
    found: list[Writer] = kinds_in(sys.modules[__name__], "WRITERS")
    return {one.name: one for one in sorted(found, key=lambda one: one.name)}


def recognised(rows: Sequence[Mapping[str, Any]], wanted: Wanted) -> Format | None:
    """Return the format of these rows, judging by the first ones; None if it is unknown."""
    if wanted.label == "answer":  # the user's own column, although Prodigy uses the same name
        return None
    sample = [row for row in rows[:SAMPLE] if all(isinstance(name, str) for name in row)]
    return next((one for one in formats() if sample and one.claims(sample)), None)


def writer_of(path: str | os.PathLike[str], format: str | None = None) -> Writer:  # noqa: A002 - the name in pandas
    """Return the writer with this name, or for the suffix of the path.

    Raises
    ------
    InvalidInput
        If the format is not supported.
    """
    writers, ending = _writers(), Path(path).suffix.lower()
    name = format or next((one.name for one in writers.values() if one.ending == ending), None)
    if name is None or name not in writers:
        asked = format or Path(path).suffix or str(path)
        raise InvalidInput(
            f"{asked!r} is not an export format.{nearest(asked, writers)} Expected one of "
            f"{choices(writers)}, as format= or as the suffix of the path."
        )
    return writers[name]


def write(writer: Writer, export: Export, path: str | os.PathLike[str]) -> Path:
    """Write a file, which replaces an older one only when complete; return its path."""
    with replacing(path) as part:
        writer.write(export, part)
    return full_path(path)
