"""Files of rows: CSV, Excel workbooks, Parquet, JSON and JSON lines."""

from __future__ import annotations

import csv
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from hitl_widgets.errors import HitlError, InvalidInput, a_type, choices, nearest
from hitl_widgets.formats.base import Row
from hitl_widgets.formats.excel import read_excel
from hitl_widgets.formats.history import MAX_BYTES, is_history, json_lines, parsed
from hitl_widgets.formats.tables import armed

__all__ = [
    "ENDINGS",
    "Cells",
    "Json",
    "check_file",
    "dicts",
    "ending_of",
    "open_parquet",
    "read_cells",
    "read_json",
    "read_rows",
    "rows_in",
]

ENDINGS = (".csv", ".parquet", ".json", ".jsonl", ".xlsx")
BOM = b"\xef\xbb\xbf"
STARTS = {b"PAR1": ".parquet", b"PK\3\4": ".xlsx"}
MAX_START = 1_000
MAX_BROKEN = 1_000  # with more broken lines, it is not a CSV file
MAX_ROWS = 20_000_000
_field_limit = threading.Lock()


def ending_of(path: Path) -> str:
    """Return the suffix of a file of rows; if its name has none, the suffix that fits its content."""
    if path.suffix or not path.is_file():
        return path.suffix.lower()
    with path.open("rb") as file:
        start = file.read(MAX_START).removeprefix(BOM).lstrip()
    if start[:1] in {b"[", b"{"}:
        return ".json"
    found = next((ending for first, ending in STARTS.items() if start.startswith(first)), "")
    return found or ("" if b"\0" in start else ".csv")


def check_file(path: Path) -> None:
    """Raise InvalidInput if a file of rows is missing, too large, or of another type."""
    ending = ending_of(path)
    if ending not in ENDINGS and (ending or path.exists()):
        raise InvalidInput(
            f"Cannot read {str(path)!r}: unknown file type.{nearest(ending, ENDINGS)} Expected a path ending "
            f"with {choices(ENDINGS)}, or a file or folder of a format that has its own."
        )
    if not path.is_file():
        raise InvalidInput(
            f"File not found: {path.absolute()}. Is the path relative to the notebook's folder?"
        )
    if path.stat().st_size > MAX_BYTES:
        raise InvalidInput(f"{path} has {path.stat().st_size / 2**30:.1f} GB; the limit is 1 GB. Split it.")


def read_rows(path: Path) -> tuple[list[Row], list[tuple[int, str]]]:
    """Read all columns of a table, or the objects of a file of JSON or JSON lines.

    Returns
    -------
    list of (int, dict)
        The rows, with their numbers from 0.
    list of (int, str)
        Rows that cannot be read, with the reasons.

    Raises
    ------
    InvalidInput
        If the file cannot be read at all.
    """
    check_file(path)
    ending = ending_of(path)
    if ending == ".parquet":
        with open_parquet(path) as file:
            return list(enumerate(file.read().to_pylist())), []
    if ending in {".csv", ".xlsx"}:
        cells = read_cells(path)
        if twice := sorted({name for name in cells.header if cells.header.count(name) > 1}):
            raise InvalidInput(f"{path} has two columns {twice[0]!r}: rename one.")
        return cells.rows(), cells.broken
    found = read_json(path)
    if found.history:
        raise InvalidInput(
            f"{path} is the history of a session. Import it with: hitl-widgets import STORE {path.name}"
        )
    values = list(found.lines)
    if found.is_whole:
        inner = rows_in(found.whole)
        whole = found.whole if isinstance(found.whole, list) else [found.whole]
        values = list(enumerate(whole if inner is None else inner))
    rows, odd = dicts(values)
    return rows, [*found.broken, *odd]


def dicts(values: Sequence[tuple[int, Any]]) -> tuple[list[Row], list[tuple[int, str]]]:
    """Return the rows that are dicts, and a reason for each of the others."""
    odd = [(n, f"The row is {a_type(v)}, not a dict.") for n, v in values if not isinstance(v, Mapping)]
    return [(number, value) for number, value in values if isinstance(value, Mapping)], odd


def rows_in(value: Any) -> list[Any] | None:
    """Return the rows of an object as the viewer of Hugging Face downloads it; None if it is not one."""
    rows = value.get("rows") if isinstance(value, dict) else None
    if not isinstance(rows, list):
        return None
    return [r["row"] if isinstance(r, dict) and isinstance(r.get("row"), dict) else r for r in rows]


# -- JSON


@dataclass(frozen=True)
class Json:
    """A file of JSON.

    Attributes
    ----------
    whole, is_whole
        Its value, if it is a single one.
    lines, broken
        Otherwise the value of each line by its number from 0, and why the others cannot be read.
    history
        Whether it is the history of a session.
    """

    whole: Any = None
    is_whole: bool = False
    lines: Sequence[tuple[int, Any]] = ()
    broken: list[tuple[int, str]] = field(default_factory=list)
    history: bool = False


def read_json(path: Path) -> Json:
    """Read JSON or JSON lines, regardless of the suffix.

    Raises
    ------
    InvalidInput
        If it is neither.
    """
    with path.open("rb") as file:
        start = file.read(MAX_START).removeprefix(BOM).lstrip()[:1]
    named = ending_of(path) == ".json"
    failed = ""
    if start == b"[" or named:
        try:
            value = parsed(path.read_bytes().removeprefix(BOM), most=MAX_BYTES, strict=False)
            return Json(value, is_whole=True, history=is_history(value))
        except ValueError as error:
            failed = str(error) if start else "empty"
            if named and start == b"[":
                raise InvalidInput(f"{path} is {failed}. Nothing was read.") from error
    lines: list[tuple[int, Any]] = []
    broken: list[tuple[int, str]] = []
    for number, line in json_lines(path):
        try:
            value = parsed(line, strict=False)
        except ValueError as error:
            broken.append((number, f"Line {number + 1} is {error}."))
            continue
        if is_history(value):
            return Json(history=True)
        lines.append((number, value))
    if not lines and named:
        raise InvalidInput(f"{path} is {failed}. Nothing was read.")
    if broken and not lines:
        raise InvalidInput(f"{path} contains no line of JSON: {broken[0][1]} Nothing was read.")
    return Json(lines=lines, broken=broken)


# -- Parquet


@contextmanager
def open_parquet(path: Path) -> Iterator[Any]:
    """Open a Parquet file; raise InvalidInput if it cannot be read or has too many rows."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise HitlError(f"{path} cannot be read: pip install pyarrow, or save it as .csv.") from error
    try:
        with parquet.ParquetFile(path) as file:
            if file.metadata.num_rows > MAX_ROWS:
                raise InvalidInput(f"{path} has {file.metadata.num_rows:,} rows; the limit is {MAX_ROWS:,}.")
            yield file
    except (pa.ArrowException, OSError) as error:
        raise InvalidInput(f"{path} cannot be read as Parquet: {error}") from error


# -- CSV and workbooks


@dataclass(frozen=True)
class Cells:
    """A table of cells.

    Attributes
    ----------
    header
        Names of the columns.
    full
        The cells of each row that is not empty, by its number from 0.
    broken
        Rows that cannot be read, with the reason.
    n
        Number of rows that are not empty.
    """

    header: list[str]
    full: list[tuple[int, list[Any]]]
    broken: list[tuple[int, str]]
    n: int

    def rows(self) -> list[Row]:
        """Return the rows as dicts."""
        return [(i, dict(zip(self.header, map(armed, row), strict=True))) for i, row in self.full]


@dataclass(frozen=True)
class _Broken:
    """A row of a CSV file that cannot be read, and why."""

    why: str


def read_cells(path: Path, names: Sequence[str] = ()) -> Cells:
    """Read a CSV file or a workbook, which should have columns with these names.

    Raises
    ------
    InvalidInput
        If it cannot be read, or has no header.
    """
    is_workbook = ending_of(path) == ".xlsx"
    rows: Sequence[list[Any] | _Broken] = read_excel(path) if is_workbook else _read_csv(path, names)
    if not rows:
        headed = f"a header with {choices(names)}" if names else "a header"
        raise InvalidInput(f"{path} is empty: expected {headed}, followed by rows.")
    header = [] if isinstance(rows[0], _Broken) else [str(armed(c)) for c in rows[0]]
    full: list[tuple[int, list[Any]]] = []
    broken: list[tuple[int, str]] = []
    for i, row in enumerate(rows[1:]):
        if isinstance(row, _Broken):
            broken.append((i, row.why))
        elif all(cell in {None, ""} for cell in row):
            continue
        elif len(row) != len(header):
            told = f"The row has {len(row)} cells, but the header has {len(header)}"
            broken.append((i, f"{told}: is a comma or quote missing?"))
        else:
            full.append((i, row))
    return Cells(header, full, broken, len(full) + len(broken))


def _read_csv(path: Path, names: Sequence[str]) -> list[list[Any] | _Broken]:
    """Read rows of text, with the header first. pandas is not used because it cuts texts at a NUL."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = file.readlines()
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"{path} is not UTF-8 ({error.reason}): save it as 'CSV UTF-8' or .xlsx."
        ) from error
    # In many European locales, spreadsheets use semicolons.
    headers = {mark: next(csv.reader(lines[:1], delimiter=mark), []) for mark in ",;\t"}
    fitting = [mark for mark, header in headers.items() if set(names) <= set(header)]
    mark = max(fitting or ",", key=lambda one: len(headers[one]))
    rows: list[list[Any] | _Broken] = []
    at = n_broken = 0
    with _field_limit:
        before = csv.field_size_limit(MAX_BYTES)
        try:
            while at < len(lines):
                at, why = _read_on(lines, at, mark, rows)
                if why:  # after an unclosed quote, continue with the next line
                    rows.append(_Broken(f"Line {at} of the file is broken: {why}."))
                    n_broken += 1
                if n_broken > MAX_BROKEN or (why and len(rows) == 1):
                    raise InvalidInput(
                        f"{path} is not a valid CSV file; line {at}: {why}. Nothing was imported."
                    )
        finally:
            csv.field_size_limit(before)
    return rows


def _read_on(lines: list[str], at: int, mark: str, rows: list[list[Any] | _Broken]) -> tuple[int, str]:
    """Read rows from this line on; return the line to continue at, and the error if one occurred."""
    reader, start = csv.reader(islice(lines, at, None), delimiter=mark, strict=True), at
    try:
        for row in reader:
            rows.append(row)
            start = at + reader.line_num
    except csv.Error as error:
        return start + 1, str(error)
    return len(lines), ""
