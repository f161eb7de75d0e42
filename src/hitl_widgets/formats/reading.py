"""Import of labels from a table in memory or a file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd
from narwhals.exceptions import DuplicateError

from hitl_widgets.data.at_hand import at_hand, hugging_face_classes
from hitl_widgets.errors import InvalidInput, a_type, choices, nearest
from hitl_widgets.formats import SAMPLE, Format, Left, Said, Wanted, opened_by, recognised, unfolded
from hitl_widgets.formats.base import Row, unnamed
from hitl_widgets.formats.files import (
    ENDINGS,
    check_file,
    dicts,
    ending_of,
    open_parquet,
    read_cells,
    read_json,
    rows_in,
)
from hitl_widgets.formats.history import History, read_history
from hitl_widgets.formats.tables import armed
from hitl_widgets.paths import full_path

__all__ = ["Columns", "read_source"]

# A column of our exports that tells labels of people from machine labels.
SOURCE = "label_source"


@dataclass(frozen=True)
class Columns:
    """The requested columns of a table, by the requested names.

    Attributes
    ----------
    rows
        Number of each row in the source, from 0.
    broken
        Rows that cannot be read or are not labels, with the reason.
    n_rows
        Number of rows in the source.
    annotators
        Annotators in a file of another tool; None if unknown.
    content
        Texts and paths of each item, for files without ids.
    sure
        Whether each id is certainly the user's own; if not, the content must match.
    """

    cells: dict[str, list[Any]]
    rows: Sequence[int]
    n_rows: int
    broken: list[tuple[int, str]] = field(default_factory=list)
    annotators: Sequence[str | None] | None = None
    content: Sequence[tuple[str, ...]] | None = None
    sure: Sequence[bool] | None = None


def read_source(source: Any, names: Sequence[str], wanted: Wanted | None = None) -> Columns | History:
    """Read the columns of a table, or a history that :meth:`Session.export` wrote.

    Rows of other labeling tools are converted: see :mod:`~hitl_widgets.formats`.

    Parameters
    ----------
    source
        A pandas, polars or Arrow table or a Hugging Face dataset; a list of dicts; a dict of columns, or
        one of ids to labels; a path to ``.csv``, ``.parquet``, ``.json``, ``.jsonl`` or ``.xlsx``.
    names
        The columns: first the ids, then the labels, then others.
    wanted
        What to import from rows of other tools; by default the first two names.

    Raises
    ------
    InvalidInput
        If the source is anything else, or a column is missing.
    """
    found = _read(source, _Asked(names, wanted or Wanted(names[0], names[1])))
    return found if isinstance(found, History) else _of_people(found, names)


def _of_people(found: Columns, names: Sequence[str]) -> Columns:
    """Leave out machine labels: imported, they would be answers of a person."""
    if SOURCE not in found.cells or SOURCE in names or found.annotators is not None:
        return found
    own = [source != "machine" for source in found.cells[SOURCE]]
    cells = {name: list(compress(cells, own)) for name, cells in found.cells.items() if name != SOURCE}
    why = "A machine label is not an answer of a person. Hand over with session.hand_over()."
    broken = [(row, why) for row, mine in zip(found.rows, own, strict=True) if not mine]
    rows = list(compress(found.rows, own))
    return replace(found, cells=cells, rows=rows, broken=sorted(found.broken + broken))


def _read(source: Any, asked: _Asked) -> Columns | History:
    if isinstance(source, str | os.PathLike):
        path = full_path(source)
        if (tool := opened_by(path)) is not None:
            return _foreign(tool, tool.rows(path), asked, [])
        return _from_file(path, asked)
    source = source if hugging_face_classes(source, asked.wanted.label) else at_hand(source, "source")
    if isinstance(source, Mapping):
        if getattr(recognised([source], asked.wanted), "unfold", None):
            return _from_rows([(0, source)], asked, "The dict", [])
        return _from_mapping(source, asked, "The dict")
    if isinstance(source, list | tuple):
        return _from_rows(list(enumerate(source)), asked, "The list", [])
    return _from_table(source, asked, "The table")


@dataclass(frozen=True)
class _Asked:
    names: Sequence[str]
    wanted: Wanted


def _from_mapping(source: Mapping[Any, Any], asked: _Asked, what: str) -> Columns:
    names = asked.names
    columns = {str(k): list(v) for k, v in source.items() if _is_column(v)}
    if len(columns) == len(source) and (found := _foreign_columns(columns, asked)) is not None:
        return found
    if not all(_is_column(source.get(name)) for name in names):
        columns = {names[0]: list(source.keys()), names[1]: list(source.values())}
    if len({len(columns[name]) for name in names if name in columns}) > 1:
        raise InvalidInput("The columns of the dict differ in length: each needs a value for every row.")
    return _picked(columns, names, what)


def _is_column(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _from_table(source: Any, asked: _Asked, what: str) -> Columns:
    called = hugging_face_classes(source, asked.wanted.label)
    source = at_hand(source, "source")
    if isinstance(source, pd.DataFrame) and asked.names[0] in source.index.names:
        source = source.reset_index()
    try:
        table: nw.DataFrame[Any] = nw.from_native(source, eager_only=True)
    except TypeError:
        raise InvalidInput(
            f"Cannot import labels from {a_type(source)}: expected a pandas, polars or Arrow "
            f"table, a dict, a list of dicts, or a path ending with {choices(ENDINGS)}."
        ) from None
    except DuplicateError as error:
        raise InvalidInput(f"Two columns share a name: rename one. {error}") from None
    if recognised(list(table.head(SAMPLE).iter_rows(named=True)), asked.wanted):
        return _from_rows(list(enumerate(table.iter_rows(named=True))), asked, what, [])
    found = {c: table.get_column(c).to_list() for c in table.columns if c in {*asked.names, SOURCE}}
    return _named(_picked(found, asked.names, what, table.columns), called, asked)


def _named(found: Columns, called: Sequence[str], asked: _Asked) -> Columns:
    """Convert class numbers to names, if these are classes of the task; -1 is not a label."""
    label = asked.wanted.label
    if not called:
        return found

    def name(value: Any) -> Any:
        if not isinstance(value, int) or isinstance(value, bool) or not -1 <= value < len(called):
            return value
        if value == -1:
            return None
        return called[value] if asked.wanted.is_class(called[value]) else value

    return replace(found, cells={**found.cells, label: list(map(name, found.cells[label]))})


def _picked(
    columns: dict[str, list[Any]], names: Sequence[str], what: str, known: Sequence[str] | None = None
) -> Columns:
    known = list(columns) if known is None else known
    for name in names:
        if name not in columns:
            raise InvalidInput(
                f"{what} has no column {name!r}.{nearest(name, known)} Its columns are {choices(known)}. "
                "Choose columns with id=, label= and annotator=."
            )
    n = len(columns[names[0]])
    return Columns({name: columns[name] for name in (*names, SOURCE) if name in columns}, range(n), n)


def _from_rows(
    values: Sequence[tuple[int, Any]], asked: _Asked, what: str, broken: list[tuple[int, str]]
) -> Columns:
    good, odd = dicts(values)
    n, names, broken = len(values) + len(broken), asked.names, sorted(broken + odd)
    if (tool := recognised([r for _, r in good[:SAMPLE]], asked.wanted)) is not None:
        return _foreign(tool, good, asked, broken)
    if odd and not good:
        raise InvalidInput(
            f"{what} contains no rows with names: {odd[0][1]} Expected dicts such as "
            f"{{{names[0]!r}: ..., {names[1]!r}: ...}}."
        )
    known = list(dict.fromkeys(k for _, r in good for k in r))
    columns = {k: [r.get(k) for _, r in good] for k in known if k in {*names, SOURCE}}
    if not n:
        columns = {name: [] for name in names}
    found = _picked(columns, names, what, known)
    return replace(found, rows=[i for i, _ in good], n_rows=n, broken=broken)


def _foreign_columns(columns: dict[str, list[Any]], asked: _Asked) -> Columns | None:
    """Read columns of another tool as rows; return None if they are not from another tool."""
    lists = columns.values()
    if len(set(map(len, lists))) != 1:
        return None
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*lists, strict=True)]
    if recognised(rows, asked.wanted) is None:
        return None
    return _from_rows(list(enumerate(rows)), asked, "The dict", [])


def _foreign(tool: Format, rows: Sequence[Row], asked: _Asked, broken: list[tuple[int, str]]) -> Columns:
    """Read rows of another tool. A requested column of annotators has precedence over the file's."""
    rows = unfolded(tool, rows)
    read = list(tool.read(rows, asked.wanted))
    said = [one for one in read if isinstance(one, Said) and not one.guess]
    left = [(one.number, f"{tool.name}: {one.why}") for one in read if isinstance(one, Left)]
    cells = dict(zip(asked.names, ([s.id for s in said], [s.label for s in said]), strict=False))
    if len(asked.names) > 2:
        by_row = dict(rows)
        cells[asked.names[2]] = [by_row[s.number].get(asked.names[2], s.annotator) for s in said]
    return Columns(
        cells,
        [s.number for s in said],
        len(rows) + len(broken),
        sorted(broken + left),
        [unnamed(s.annotator) for s in said],
        [s.content for s in said],
        [s.sure for s in said],
    )


def _from_file(path: Path, asked: _Asked) -> Columns | History:
    check_file(path)
    ending = ending_of(path)
    if ending in {".json", ".jsonl"}:
        found = read_json(path)
        if found.history:
            return read_history(path)
        if found.is_whole:
            return _from_value(found.whole, asked, str(path))
        return _from_rows(found.lines, asked, str(path), found.broken)
    return _from_parquet(path, asked) if ending == ".parquet" else _from_cells(path, asked)


def _from_value(value: Any, asked: _Asked, what: str) -> Columns:
    """Read a list of rows, rows with the features of a Hugging Face dataset, one row, or columns."""
    if isinstance(value, list):
        return _from_rows(list(enumerate(value)), asked, what, [])
    if not isinstance(value, dict):
        raise InvalidInput(f"{what} contains {a_type(value)}: expected a list of rows.")
    if (inner := rows_in(value)) is not None:
        features = value.get("features")
        features = features if isinstance(features, list) else []
        types = {f.get("name"): f.get("type") for f in features if isinstance(f, dict)}
        found = _from_rows(list(enumerate(inner)), asked, what, [])
        of = types.get(asked.wanted.label)
        return _named(found, of.get("names") or () if isinstance(of, dict) else (), asked)
    tool = recognised([value], asked.wanted)
    if tool is not None and (hasattr(tool, "unfold") or not all(map(_is_column, value.values()))):
        return _from_rows([(0, value)], asked, what, [])
    return _from_mapping(value, asked, what)


def _from_parquet(path: Path, asked: _Asked) -> Columns:
    with open_parquet(path) as file:
        known = file.schema_arrow.names
        first = next(iter(file.iter_batches(SAMPLE)), None)
        foreign = first is not None and recognised(first.to_pylist(), asked.wanted)
        wanted = [name for name in (*asked.names, SOURCE) if name in known]
        found = file.read(columns=None if foreign else wanted)
        called = _class_names(file.schema_arrow.metadata or {}, asked.wanted.label)
    if foreign:
        return _from_rows(list(enumerate(found.to_pylist())), asked, str(path), [])
    cells = {c: found.column(c).to_pylist() for c in found.column_names}
    return _named(_picked(cells, asked.names, str(path), known), called, asked)


def _class_names(metadata: Mapping[bytes, bytes], label: str) -> Sequence[str]:
    """Return the class names of a numeric column from the metadata of a Hugging Face dataset."""
    try:
        names = json.loads(metadata[b"huggingface"])["info"]["features"][label]["names"]
    except (KeyError, TypeError, ValueError):
        return ()
    return names if isinstance(names, list) else ()


def _from_cells(path: Path, asked: _Asked) -> Columns:
    names, cells = asked.names, read_cells(path, asked.names)
    header = cells.header
    if twice := [name for name in names if header.count(name) > 1]:
        raise InvalidInput(f"{path} has two columns {twice[0]!r}: rename one.")
    if len(set(header)) == len(header):
        sample = replace(cells, full=cells.full[:SAMPLE]).rows()
        if recognised([row for _, row in sample], asked.wanted):
            return _from_rows(cells.rows(), asked, str(path), cells.broken)
    places = {name: header.index(name) for name in (*names, SOURCE) if name in header}
    columns = {name: [armed(row[at]) for _, row in cells.full] for name, at in places.items()}
    found = _picked(columns, names, str(path), header)
    return Columns(found.cells, [i for i, _ in cells.full], cells.n, cells.broken)
