"""Tables of labels in: from a table at hand, or a file."""

from __future__ import annotations

import csv
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd
from narwhals.exceptions import DuplicateError

from hitl_widgets.errors import HitlError, InvalidInput, choices, nearest
from hitl_widgets.export.excel import read_excel
from hitl_widgets.export.history import MAX_BYTES, History, is_history, json_lines, parsed, read_history
from hitl_widgets.export.tables import armed

__all__ = ["Columns", "read_source"]

ENDINGS = (".csv", ".parquet", ".jsonl", ".xlsx")
MAX_ROWS = 20_000_000
_field_limit = threading.Lock()


@dataclass(frozen=True)
class Columns:
    """The asked columns of a table, by the names that were asked for.

    Attributes
    ----------
    rows
        Number of each row in the source, from 0.
    broken
        Rows that cannot be read, with why.
    n_rows
        How many rows the source has.
    """

    cells: dict[str, list[Any]]
    rows: Sequence[int]
    n_rows: int
    broken: list[tuple[int, str]] = field(default_factory=list)


def read_source(source: Any, names: Sequence[str]) -> Columns | History:
    """What ``source`` says: the columns of a table, or a history that :meth:`Session.export` wrote.

    Parameters
    ----------
    source
        A pandas, polars or Arrow table; a list of dicts; a dict of columns, or one of ids to labels; a
        path to ``.csv``, ``.parquet``, ``.jsonl`` or ``.xlsx``.
    names
        The columns: of the ids, of the labels, and more.

    Raises
    ------
    InvalidInput
        For anything else, and where a column is missing.
    """
    if isinstance(source, str | os.PathLike):
        return _from_file(Path(source).expanduser(), names)
    if isinstance(source, Mapping):
        if not all(isinstance(source.get(name), Sequence) for name in names) or any(
            isinstance(source.get(name), str) for name in names
        ):
            source = {names[0]: list(source.keys()), names[1]: list(source.values())}
        lengths = {len(source[name]) for name in names if name in source}
        if len(lengths) > 1:
            raise InvalidInput("The columns of the dict differ in length: each needs a value for every row.")
        return _picked({str(k): list(v) for k, v in source.items() if k in names}, names, "The dict")
    if isinstance(source, list | tuple):
        return _from_rows(list(enumerate(source)), names, "The list", [])
    return _from_table(source, names, "The table")


def _from_table(source: Any, names: Sequence[str], what: str) -> Columns:
    if isinstance(source, pd.DataFrame) and names[0] in source.index.names:
        source = source.reset_index()
    try:
        table: nw.DataFrame[Any] = nw.from_native(source, eager_only=True)
    except TypeError:
        raise InvalidInput(
            f"A {type(source).__name__} holds no labels to import: expected a pandas, polars or Arrow "
            f"table, a dict, a list of dicts, or a path ending with {choices(ENDINGS)}."
        ) from None
    except DuplicateError as error:
        raise InvalidInput(f"Two columns share a name: rename one. {error}") from None
    found = {c: table.get_column(c).to_list() for c in table.columns if c in names}
    return _picked(found, names, what, table.columns)


def _picked(
    columns: dict[str, list[Any]], names: Sequence[str], what: str, known: Sequence[str] | None = None
) -> Columns:
    known = list(columns) if known is None else known
    for name in names:
        if name not in columns:
            raise InvalidInput(
                f"{what} has no column {name!r}.{nearest(name, known)} Its columns are {choices(known)}. Say "
                "which is which with id=, label= and annotator=."
            )
    n = len(columns[names[0]])
    return Columns({name: columns[name] for name in names}, range(n), n)


def _from_rows(
    rows: list[tuple[int, Any]], names: Sequence[str], what: str, broken: list[tuple[int, str]]
) -> Columns:
    odd = [
        (i, f"The row is a {type(r).__name__}, not a dict.") for i, r in rows if not isinstance(r, Mapping)
    ]
    good = [(i, r) for i, r in rows if isinstance(r, Mapping)]
    n, known = len(rows) + len(broken), list(dict.fromkeys(k for _, r in good for k in r))
    columns = {k: [r.get(k) for _, r in good] for k in known if k in names}
    if not n:
        columns = {name: [] for name in names}
    found = _picked(columns, names, what, known)
    return Columns(found.cells, [i for i, _ in good], n, sorted(broken + odd))


def _from_file(path: Path, names: Sequence[str]) -> Columns | History:
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise InvalidInput(
            f"{str(path)!r} is no file that can be imported.{nearest(ending, ENDINGS)} Expected a path "
            f"ending with {choices(ENDINGS)}."
        )
    if not path.is_file():
        raise InvalidInput(
            f"There is no file {path.absolute()}. Is the path relative to the notebook's folder?"
        )
    if path.stat().st_size > MAX_BYTES:
        raise InvalidInput(f"{path} has {path.stat().st_size / 2**30:.1f} GB; the limit is 1 GB. Split it.")
    if ending == ".jsonl":
        return _from_lines(path, names)
    if ending == ".parquet":
        return _from_parquet(path, names)
    rows = read_excel(path) if ending == ".xlsx" else _read_csv(path, names)
    return _from_cells(rows, names, str(path))


def _from_lines(path: Path, names: Sequence[str]) -> Columns | History:
    rows: list[tuple[int, Any]] = []
    broken: list[tuple[int, str]] = []
    for number, line in json_lines(path):
        try:
            value = parsed(line)
        except ValueError as error:
            broken.append((number, f"The line is {error}."))
            continue
        if is_history(value):
            return read_history(path)
        rows.append((number, value))
    if broken and not rows:
        raise InvalidInput(f"{path} holds no line of JSON: {broken[0][1]} Nothing was imported.")
    return _from_rows(rows, names, str(path), broken)


def _from_parquet(path: Path, names: Sequence[str]) -> Columns:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise HitlError(f"{path} cannot be read: pip install pyarrow, or save it as .csv.") from error
    try:
        with parquet.ParquetFile(path) as file:
            known = file.schema_arrow.names
            if file.metadata.num_rows > MAX_ROWS:
                raise InvalidInput(f"{path} has {file.metadata.num_rows:,} rows; the limit is {MAX_ROWS:,}.")
            found = file.read(columns=[name for name in names if name in known])
    except (pa.ArrowException, OSError) as error:
        raise InvalidInput(f"{path} cannot be read as Parquet: {error}") from error
    return _picked({c: found.column(c).to_pylist() for c in found.column_names}, names, str(path), known)


def _read_csv(path: Path, names: Sequence[str]) -> list[list[Any]]:
    """Rows of text, the header first. Not by pandas: its texts end at a NUL."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file, _field_limit:
            header = file.readline()
            # In half of Europe a spreadsheet writes semicolons.
            mark = next(
                (m for m in ",;\t" if set(names) <= set(next(csv.reader([header], delimiter=m), []))), ","
            )
            file.seek(0)
            before = csv.field_size_limit(MAX_BYTES)
            try:
                return list(csv.reader(file, delimiter=mark, strict=True))
            finally:
                csv.field_size_limit(before)
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"{path} is not in UTF-8 ({error.reason}): save it as 'CSV UTF-8', or .xlsx."
        ) from error
    except csv.Error as error:
        raise InvalidInput(f"{path} is broken as a CSV file: {error}. Nothing was imported.") from error


def _from_cells(rows: list[list[Any]], names: Sequence[str], what: str) -> Columns:
    if not rows:
        raise InvalidInput(f"{what} is empty: expected a header with {choices(names)}, and rows below it.")
    header = [str(armed(c)) for c in rows[0]]
    if twice := [name for name in names if header.count(name) > 1]:
        raise InvalidInput(f"{what} has two columns {twice[0]!r}: rename one.")
    body = rows[1:]
    places = {name: header.index(name) for name in names if name in header}
    full = [(i, row) for i, row in enumerate(body) if any(cell not in {None, ""} for cell in row)]
    wrong = [(i, _ragged(row, len(header))) for i, row in full if len(row) != len(header)]
    good = [(i, row) for i, row in full if len(row) == len(header)]
    columns = {name: [armed(row[at]) for _, row in good] for name, at in places.items()}
    found = _picked(columns, names, what, header)
    return Columns(found.cells, [i for i, _ in good], len(full), wrong)


def _ragged(row: list[Any], n: int) -> str:
    return f"The row has {len(row)} cells where the header has {n}: is a comma or quote missing?"
