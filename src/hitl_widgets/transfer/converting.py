"""Conversion of labels from one file format to another, without a session or a store."""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from hitl_widgets.errors import InvalidInput, choices, nearest
from hitl_widgets.formats import (
    SAMPLE,
    Left,
    Said,
    Wanted,
    formats,
    opened_by,
    recognised,
    summary,
    unfolded,
    write,
    writer_of,
    written_of,
)
from hitl_widgets.formats.base import MARKS, Export, InFiles, Row, answered, by_item, marks_of, relations_of
from hitl_widgets.formats.card import kind_on_card, write_kind_card
from hitl_widgets.formats.doccano import is_plain
from hitl_widgets.formats.files import read_rows
from hitl_widgets.formats.images import sizes_in
from hitl_widgets.formats.plain import Plain
from hitl_widgets.paths import full_path
from hitl_widgets.questions.base import kind_of
from hitl_widgets.questions.marks import Marks, lined
from hitl_widgets.questions.values import is_blank
from hitl_widgets.transfer.frames import column

__all__ = ["Converted", "convert", "opened", "sources"]

# What the suffix of a file means here; histories are only written by sessions.
SUFFIXES = {".jsonl": "hf"}
# The columns of tables and rows that are not fields of the item.
OURS = ("id", "label", "annotator", "time", "elapsed_ms")


@dataclass(frozen=True)
class Converted:
    """The result of a conversion.

    Attributes
    ----------
    path
        The file or folder that was written.
    n, n_items
        Number of answers that were written, and of their items.
    kind
        The kind of question, such as ``boxes``.
    source, target
        The formats.
    left
        What was not converted: the row of the source, from 0, and the reason.
    lines
        A line for each of these reasons, with the number of answers and the place of the first one.
    """

    path: Path
    n: int
    n_items: int
    kind: str
    source: str
    target: str
    left: Sequence[Left]
    lines: Sequence[str]

    def __str__(self) -> str:
        answers = f"{self.n:,} answer{'' if self.n == 1 else 's'} of kind {self.kind!r}"
        items = f"{self.n_items:,} item{'' if self.n_items == 1 else 's'}"
        return f"{self.path}: {answers} about {items}, from {self.source} to {self.target}"


def sources() -> list[str]:
    """Return the names of the formats that can be read."""
    return [*dict.fromkeys(map(_slug, (one.name for one in formats()))), _slug(Plain.name)]


def _slug(name: str) -> str:
    return name.lower().removeprefix("pascal ").replace(" ", "-")


def convert(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    read_as: str | None = None,
    write_as: str | None = None,
    question: str = "label",
    kind: str = "",
    id: str = "id",  # noqa: A002 - the field's own word
    images: str | os.PathLike[str] | None = None,
) -> Converted:
    """Read labels in one format and write them in another.

    Parameters
    ----------
    source, target
        Files or folders. By default, the format of the source is recognized by its content, and that of the
        target by its suffix.
    read_as, write_as
        The formats; see :func:`sources` and :func:`hitl_widgets.formats.writer_of`.
    question
        The question to convert, if the source has several; for tables the column of the labels.
    kind
        The kind of question, if the source can be read in several ways. For a table, the default is what the
        data card beside it says, or what its labels leave no doubt about.
    id
        The field with the ids of the items.
    images
        The folder of the images, to read their sizes; by default, the folder of the source is searched.

    Raises
    ------
    InvalidInput
        If the source cannot be read, contains no answers, or the target cannot contain such answers.
    """
    collects = gc.isenabled()
    gc.disable()  # millions of values and no cycles: looking for some takes a fifth of the time
    try:
        return _converted(source, target, read_as, write_as, question, kind, id, images)
    finally:
        if collects:
            gc.enable()


def _converted(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    read_as: str | None,
    write_as: str | None,
    question: str,
    kind: str,
    id: str,  # noqa: A002 - the field's own word
    images: str | os.PathLike[str] | None,
) -> Converted:
    path = full_path(source)
    if kind:
        kind_of(kind)
    named = write_as or SUFFIXES.get(Path(target).suffix.lower())
    writer = writer_of(target, {"jsonl": "hf"}.get(named or "", named))
    if full_path(target) == path:
        raise InvalidInput(f"{path} is both the source and the target: pass another file to write to.")
    folder = full_path(images) if images is not None else path if path.is_dir() else path.parent
    wanted = Wanted(id, question, kind=kind, whole=True, size_of=_lazily(folder))
    try:
        tool, rows, broken = opened(path, read_as)
        if not kind and isinstance(tool, Plain) and not wanted.named:  # the card is about the labels
            wanted = replace(wanted, kind=kind_on_card(path))
        if isinstance(tool, Plain) and id != "id":
            _refuse_unknown_id(id, rows)
        read = list(tool.read(rows, wanted))
    except InvalidInput as error:
        if str(error).startswith(str(path)):
            raise
        raise InvalidInput(f"{path}: {error}") from error
    left = [*(Left(number, why) for number, why in broken), *(one for one in read if isinstance(one, Left))]
    where = _where(tool, rows)
    if id != "id" and not any(isinstance(one, Said) and one.sure and one.id is not None for one in read):
        raise InvalidInput(
            f"{path}: no item has the field {id!r}: say with --id (id=) which has the ids, or omit it."
        )
    said = _valid([_apart(one) for one in read if isinstance(one, Said)], left)
    if not getattr(writer, "suggestions", False):
        said = answered(said, left)
    if not said:
        told = " ".join(summary(left, where)[:3]) or "It has no rows."
        raise InvalidInput(f"{path} contains no answers that can be converted. {told}")
    found = said[0].kind
    listed = getattr(tool, "classes", None)
    classes = _classes(said, [] if listed is None else listed(rows))
    table = pd.DataFrame() if writer.items else _table(said)
    export = Export(table, kind=found, classes=classes, said=said)
    written, unsaid = write(writer, export, target, some=True)
    kept = written_of(said, unsaid)
    every = sorted([*left, *unsaid], key=lambda one: one.number)
    lines = summary(every, where)
    made = Converted(written, len(kept), len(by_item(kept)), found, tool.name, writer.name, every, lines)
    if writer.tabular:  # its labels may not tell their kind
        write_kind_card(written, found, str(made), lines)
    return made


def _where(tool: Any, rows: Sequence[Row]) -> Callable[[int], str]:
    """Return a function from the numbers of rows to their places in the file."""
    by_number = dict(rows)

    def place(number: int) -> str:
        row = by_number.get(number)
        named = getattr(tool, "where", None)
        return (named(row) if named and row is not None else "") or f"row {number}"

    return place


def _refuse_unknown_id(id: str, rows: Sequence[Row]) -> None:  # noqa: A002 - the field's own word
    known = list(dict.fromkeys(str(name) for _, row in rows for name in row))
    if rows and id not in known:
        raise InvalidInput(
            f"There is no column {id!r}.{nearest(id, known)} The columns are {choices(known)}."
        )


def _apart(one: Said) -> Said:
    """Return an answer whose item has no fields with the names of ours: they are renamed."""

    def apart(name: str) -> str:
        ours = name in OURS and not (name == "id" and str(one.item[name]) == str(one.id))
        while ours and name in one.item:
            name = f"item_{name}"
        return name

    if one.item.keys().isdisjoint(OURS):
        return one
    return replace(one, item={apart(name): value for name, value in one.item.items()})


def _lazily(folder: Path) -> Any:
    """Return a function that finds sizes of images, and looks into the folder when first called."""
    find: list[Any] = []

    def size_of(names: Sequence[str]) -> Any:
        if not find:
            find.append(sizes_in(folder))
        return find[0](names)

    return size_of


def opened(path: Path, read_as: str | None = None) -> tuple[Any, Sequence[Row], Sequence[tuple[int, str]]]:
    """Return the format of a file, its rows, and what cannot be read."""
    if read_as is not None and read_as not in sources():
        raise InvalidInput(
            f"{read_as!r} is not a format that can be read.{nearest(read_as, sources())} Expected one of "
            f"{choices(sources(), 20)}."
        )
    if not path.exists():
        raise InvalidInput(f"File not found: {path}.")
    asked = [one for one in formats() if _slug(one.name) == read_as]
    own = next((one for one in asked if isinstance(one, InFiles)), None)
    tool = own if read_as is not None else opened_by(path)
    if tool is not None:
        if path.is_dir() and not tool.opens(path):
            raise InvalidInput(f"{path} is a folder, but not one of {tool.name}.")
        return tool, tool.rows(path), []
    if path.is_dir():
        raise InvalidInput(
            f"{path} is a folder, but not one of YOLO (with data.yaml) or of Pascal VOC (with XML files)."
        )
    rows, broken = read_rows(path)
    values = [row for _, row in rows]
    tool = recognised(values, Wanted())
    if asked:
        found = next((one for one in asked if one.claims(values[:SAMPLE])), None)
        if found is None and values:
            seems = "" if tool is None else f" It seems to be one of {tool.name}."
            raise InvalidInput(
                f"{path} is not a file of {asked[0].name}.{seems} Omit --from (read_as=): the format is then "
                "recognized."
            )
        return found or asked[0], unfolded(found or asked[0], rows), broken
    anybodys = tool is not None and tool.name == "doccano" and is_plain(values)
    if tool is None or anybodys or read_as is not None:
        return Plain(), rows, broken
    return tool, unfolded(tool, rows), broken


def _valid(said: Sequence[Said], left: list[Left]) -> list[Said]:
    """Return the answers in their usual form; for the others, the reasons are added to ``left``."""
    found = []
    for one in said:
        try:
            usual = _usual(one)
            found.append(one if usual is one.label else replace(one, label=usual))
        except (InvalidInput, KeyError, TypeError, ValueError) as error:
            left.append(Left(one.number, str(error) if isinstance(error, InvalidInput) else "Not an answer."))
    if any(one.kind == "spans" and isinstance(one.label, Mapping) for one in found):
        # If some answers have relations, the others have none.
        found = [
            replace(one, label={"spans": marks_of(one.label), "relations": list(relations_of(one.label))})
            for one in found
        ]
    return found


def _usual(one: Said) -> Any:
    kind = kind_of(one.kind)
    if not isinstance(kind, Marks):
        return one.label
    marks = []
    for mark in marks_of(one.label):
        extras = (name for name in kind.extras if name in mark and not is_blank(mark[name]))
        fields = (*kind.fields, *extras)
        place = kind.place([mark[name] for name in fields])
        name = kind.name_in(mark)
        if name is None and not kind.optional:
            raise KeyError(kind.called)
        told = {} if name is None else {kind.called: name}
        if any(not str(name).strip() for name in told.values()):
            raise InvalidInput("A mark has no class.")
        text = {"text": lined(mark["text"])} if kind.writes and mark.get("text") else {}
        marks.append({**dict(zip(fields, kind.told(place), strict=True)), **text, **told})
    return {"spans": marks, "relations": relations_of(one.label)} if isinstance(one.label, Mapping) else marks


def _classes(said: Sequence[Said], listed: Sequence[str]) -> list[str]:
    """Return the names of the classes: those that the file lists, and others in order of appearance."""
    kind = kind_of(said[0].kind)
    if said[0].kind in {"text", "number", "ranking"}:
        return []
    names = dict.fromkeys(listed)
    names |= dict.fromkeys(str(name) for one in said for name in kind.named(one.label))
    levels = list(names)
    if said[0].kind == "rating" and all(name.isdecimal() for name in levels):
        return [str(k) for k in range(min(1, *map(int, levels), 1), max(map(int, levels)) + 1)]
    return levels


def _table(said: Sequence[Said]) -> pd.DataFrame:
    """Return a row for each answer; lists and dicts are JSON."""
    rows = [{**one.item, **{name: getattr(one, name) for name in OURS}, **_sized(one)} for one in said]
    names = list(dict.fromkeys([*OURS, *(name for row in rows for name in row)]))
    cells = {name: [_cell(row.get(name)) for row in rows] for name in names}
    full = {
        name: values
        for name, values in cells.items()
        if name == "label" or any(v is not None for v in values)
    }
    return pd.DataFrame({str(name): column(values) for name, values in full.items()})


def _sized(one: Said) -> dict[str, Any]:
    if one.size is None or one.kind not in MARKS or "width" in one.item:
        return {}
    return {"width": one.size[0], "height": one.size[1]}


def _cell(value: Any) -> Any:
    if isinstance(value, list | tuple | Mapping):
        return json.dumps(value, ensure_ascii=False, default=str)
    return value
