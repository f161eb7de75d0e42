"""File formats for import and export, one module for each.

Each :class:`~.base.Writer` writes a format. Each :class:`~.base.Format` of another labeling tool recognizes
and reads its rows, and gives reasons for rows that it does not read.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from hitl_widgets.discovery import kinds_in
from hitl_widgets.errors import InvalidInput, choices, nearest
from hitl_widgets.formats.base import (
    KIND,
    Export,
    Format,
    InFiles,
    Left,
    Row,
    Said,
    Wanted,
    Writer,
    marks_of,
    relations_of,
)
from hitl_widgets.formats.doccano import Doccano, Examples, is_plain
from hitl_widgets.formats.tables import SURROGATE
from hitl_widgets.paths import full_path, new_folder, replacing

__all__ = [
    "SAMPLE",
    "Export",
    "Format",
    "Left",
    "Said",
    "Wanted",
    "Writer",
    "formats",
    "opened_by",
    "recognised",
    "summary",
    "unfolded",
    "write",
    "writer_of",
    "written_of",
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
    if sample and all(KIND in row for row in sample):  # our own rows, which are a plain table
        return None
    found = next((one for one in formats() if sample and one.claims(sample)), None)
    if isinstance(found, Examples) and wanted.kind not in {"", *Doccano.kinds} and is_plain(sample):
        return None  # doccano has no such answers, so it is somebody's own table
    return found


def opened_by(path: Path) -> Any:
    """Return the format whose files are neither tables nor JSON, if this is one of them; else None."""
    if not path.exists():
        return None
    return next((one for one in formats() if isinstance(one, InFiles) and one.opens(path)), None)


def unfolded(tool: Format, rows: Sequence[Row]) -> Sequence[Row]:
    """Return a row for each item, if the format holds all items in one object.

    Raises
    ------
    InvalidInput
        If such an object is not what it seems.
    """
    unfold = getattr(tool, "unfold", None)
    if unfold is None:
        return rows
    try:
        made = [one for _, value in rows for _, one in unfold(value)]
    except (AttributeError, KeyError, TypeError, ValueError):
        raise InvalidInput(f"The file looks like one of {tool.name}, but its parts are not lists.") from None
    return list(enumerate(made))


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


def written_of(said: Sequence[Said], left: Iterable[Left]) -> list[Said]:
    """Return the answers that are written, if a writer leaves out these; of one row, the last ones."""
    lost = Counter(one.number for one in left if not one.part)
    found = []
    for one in said:
        if lost[one.number]:
            lost[one.number] -= 1
        else:
            found.append(one)
    return found


def write(
    writer: Writer, export: Export, path: str | os.PathLike[str], *, some: bool = False
) -> tuple[Path, Sequence[Left]]:
    """Write a file or folder, which appears only when it is complete.

    Parameters
    ----------
    some
        Whether nothing is written if the format can contain none of the answers.

    Returns
    -------
    Path
        Where it is.
    list of Left
        What the format cannot contain.

    Raises
    ------
    InvalidInput
        If the format has no answers of this kind, or none of these.
    """
    if writer.kinds and (kind := export.kind) not in writer.kinds:
        able = [one.name for one in _writers().values() if not one.kinds or kind in one.kinds]
        raise InvalidInput(
            f"The format {writer.name!r} has no answers of kind {kind!r}, only {choices(writer.kinds)}. "
            f"Formats for them: {choices(able)}."
        )
    dropped: list[Left] = []
    # Tables contain the answers whole, as JSON.
    if writer.items and not getattr(writer, "relations", False):
        dropped = [
            Left(one.number, "Relations between spans.", part=True)
            for one in export.said
            if relations_of(one.label)
        ]
        export = replace(export, said=[replace(one, label=marks_of(one.label)) for one in export.said])
    if export.kind == "boxes" and writer.items and not getattr(writer, "texts", False):
        dropped += [
            Left(one.number, "The texts of boxes.", part=True) for one in export.said if _has_texts(one)
        ]
    try:
        left = _written(writer, export, path, some=some)
    except UnicodeEncodeError:
        named = ("label", "item", "id", "annotator", "time")
        whole = [replace(one, **{name: _whole(getattr(one, name)) for name in named}) for one in export.said]
        halves = [one.number for one, now in zip(export.said, whole, strict=True) if one != now]
        dropped += [
            Left(number, "Half a character (a lone surrogate), replaced by \ufffd.", part=True)
            for number in halves
        ]
        classes = list(map(_whole, export.classes))
        left = _written(writer, replace(export, said=whole, classes=classes), path, some=some)
    return full_path(path), [*left, *dropped]


def _written(writer: Writer, export: Export, path: str | os.PathLike[str], *, some: bool) -> Sequence[Left]:
    with (new_folder if _is_folder(writer, path) else replacing)(path) as part:
        left = writer.write(export, part)
        if some and not written_of(export.said, left):
            why = " ".join(summary(left)[:3])
            raise InvalidInput(f"None of the answers can be written as {writer.name!r}. {why}")
        return left


def _whole(value: Any) -> Any:
    """Return a value without lone surrogates, which text files cannot contain."""
    if isinstance(value, str):
        return SURROGATE.sub("\ufffd", value)
    if isinstance(value, Mapping):
        return {_whole(name): _whole(one) for name, one in value.items()}
    return list(map(_whole, value)) if isinstance(value, list | tuple) else value


def _has_texts(one: Said) -> bool:
    return any(mark.get("text") for mark in one.label)


def _is_folder(writer: Writer, path: str | os.PathLike[str]) -> bool:
    """Return whether a folder is written; a file for each item may also be a file, or in a zip file."""
    one = getattr(writer, "each", False) and Path(path).suffix.lower() in {writer.ending, ".zip"}
    return writer.folder and not one


def summary(left: Sequence[Left], where: Callable[[int], str] = lambda _: "") -> list[str]:
    """Return a line for each reason, the most frequent first, with the number of labels.

    Parameters
    ----------
    where
        Returns the place of a row in its file; the first one with the reason is named.
    """
    lines = []
    first = {one.why: one.number for one in reversed(left)}
    for why, n in Counter(one.why for one in left).most_common():
        place = where(first[why])
        more = f"{n:,}x, first: {place}" if n > 1 and place else place or f"{n:,}x"
        lines.append(f"{why} ({more})" if n > 1 or place else why)
    return lines
