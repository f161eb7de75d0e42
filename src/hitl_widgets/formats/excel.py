"""Excel workbooks, written with XlsxWriter and read with calamine. Neither evaluates formulas."""

from __future__ import annotations

import importlib
import re
import zipfile
import zlib
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hitl_widgets.errors import HitlError, InvalidInput
from hitl_widgets.formats.base import Export, Left
from hitl_widgets.formats.tables import DEFUSED, defused, say_no_values, warn, writable

__all__ = ["WRITERS", "Excel", "read_excel", "write_excel"]

ROWS, COLUMNS, CHARACTERS = 1_048_576, 16_384, 32_767
EXACT = 10**15  # Excel stores 15 digits of a number
SHEET = "labels"
# Limits for reading: calamine allocates the full rectangle spanned by all cells, and aborts the process if
# memory runs out. A workbook of 5 kB can require half a terabyte.
MAX_CELLS, MAX_UNPACKED = 20_000_000, 2**30
PLACE = re.compile(rb"""\br\s*=\s*["']([A-Z]{0,4})(\d{1,9})["']""")
CELL = re.compile(rb"<(?:\w+:)?c[\s/>]")
CHUNK = 2**20
NO_CHARACTER = re.compile("[\ufffe\uffff]")


class Excel:
    """A workbook with one sheet."""

    name = "xlsx"
    ending = ".xlsx"
    tabular = True
    folder, items = False, False
    kinds: tuple[str, ...] = ()

    def notes(self, export: Export) -> Sequence[str]:  # noqa: ARG002
        """Return notes about values that Excel cannot represent."""
        more = "Times are UTC, because Excel has no time zones; integers of more than 15 digits become text."
        return [f"{DEFUSED} {more}"]

    def columns(self, export: Export) -> Sequence[str]:
        """Return the columns of the table, with times marked as UTC."""
        return [_header(export.table, c) for c in export.table]

    def write(self, export: Export, path: Path) -> Sequence[Left]:
        """Write the file: see :func:`write_excel`."""
        table = writable(export.table)
        _refuse_cut_answers(table)
        say_no_values(table, "read_excel")
        write_excel(defused(table), path)
        return []


WRITERS = (Excel(),)


def _refuse_cut_answers(table: pd.DataFrame) -> None:
    """Refuse answers that do not fit into a cell, because the beginning of one is another or none."""
    texts = [str(label) for label in table["label"]] if "label" in table else []
    if cut := [i for i, text in enumerate(texts) if len(_fitting(text)) < len(text)]:
        shown = f", such as that of {table['id'].iloc[cut[0]]!r}" if "id" in table else ""
        raise InvalidInput(
            f"{len(cut):,} of {len(table):,} labels do not fit into an Excel cell, which can have "
            f"{CHARACTERS:,} characters{shown}. Use .csv, .parquet or .jsonl. Nothing was written."
        )


def _header(table: pd.DataFrame, column: Any) -> str:
    return f"{column} (UTC)" if isinstance(table[column].dtype, pd.DatetimeTZDtype) else str(column)


def write_excel(table: pd.DataFrame, path: Path) -> None:
    """Write a table as a workbook with one sheet; texts are never formulas, and times are UTC.

    Raises
    ------
    InvalidInput
        If there are more rows or columns than fit into a sheet. Nothing is written.

    Warns
    -----
    RuntimeWarning
        If texts are cut to the 32,767 characters of a cell, or contain U+FFFE or U+FFFF, which XML excludes.
    """
    workbook = _library("xlsxwriter").Workbook
    if len(table) + 1 > ROWS or len(table.columns) > COLUMNS:
        raise InvalidInput(
            f"{len(table):,} rows and {len(table.columns):,} columns do not fit into an Excel sheet, which "
            f"can have {ROWS - 1:,} rows below the header and {COLUMNS:,} columns. Use .parquet or .csv."
        )
    changed = 0
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with workbook(str(path), options) as book:
        sheet, times = book.add_worksheet(SHEET), book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss.000"})
        cells = [list(table[c].astype(object)) for c in table]
        for row, values in enumerate([[_header(table, c) for c in table], *zip(*cells, strict=True)]):
            for column, value in enumerate(values):
                cell = _cell(value)
                if isinstance(cell, str):
                    fitting = _fitting(cell)
                    changed += fitting != cell
                    sheet.write_string(row, column, fitting)
                elif isinstance(cell, datetime):
                    sheet.write_datetime(row, column, cell, times)
                elif isinstance(cell, bool):
                    sheet.write_boolean(row, column, cell)
                elif cell is not None:
                    sheet.write_number(row, column, cell)
    if changed:
        warn(
            f"{changed:,} texts are cut to the {CHARACTERS:,} characters of an Excel cell, or lose U+FFFE "
            "and U+FFFF, which it cannot contain. .parquet and .csv keep them complete.",
        )


def _fitting(text: str) -> str:
    text = NO_CHARACTER.sub("\ufffd", text)
    if 2 * len(text) <= CHARACTERS:
        return text
    return text.encode("utf-16-le")[: 2 * CHARACTERS].decode("utf-16-le", "ignore")  # as Excel counts


def _cell(value: Any) -> Any:
    """Convert a value for Excel: a text, a number, a boolean, a time without a zone, or None."""
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, datetime):
        moment = pd.Timestamp(value)
        utc = moment if moment.tzinfo is None else moment.tz_convert("UTC").tz_localize(None)
        return utc.to_pydatetime(warn=False) if utc.year >= 1900 else str(value)
    if isinstance(value, bool | str):
        return value
    if isinstance(value, float) and not np.isfinite(value):
        return None if np.isnan(value) else str(value)
    if isinstance(value, int) and abs(value) >= EXACT:
        return str(value)
    return value if isinstance(value, int | float) else str(value)


def read_excel(path: Path) -> list[list[Any]]:
    """Read the rows of the sheet ``labels``, or of the first one, with cached values of formulas.

    Raises
    ------
    InvalidInput
        If the file is not a workbook, or spans too many cells.
    """
    calamine = _library("python_calamine")
    try:
        _refuse_bombs(path)
        book = calamine.CalamineWorkbook.from_path(str(path))
        sheet = book.get_sheet_by_name(SHEET if SHEET in book.sheet_names else book.sheet_names[0])
        rows: list[list[Any]] = sheet.to_python(skip_empty_area=False)
    except InvalidInput:
        raise
    except (
        calamine.CalamineError, zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, IndexError, KeyError,
        NotImplementedError, RuntimeError, ValueError, EOFError, OSError,
    ) as error:  # fmt: skip
        raise InvalidInput(
            f"{path} cannot be read as an Excel workbook: {error}. Save it as .csv."
        ) from error
    return [[_told(value) for value in row] for row in rows]


def _told(value: Any) -> Any:
    if value == "":
        return None
    if isinstance(value, date) and not isinstance(value, datetime):
        return str(value)
    return value


def _refuse_bombs(path: Path) -> None:
    """Check the real sizes by unpacking; the sizes declared in the zip file and sheets may be wrong."""
    unpacked, cells = 0, 0
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            rows, columns, unplaced, last = 1, 1, 0, b""
            with archive.open(member) as file:
                while chunk := file.read(CHUNK):
                    unpacked += len(chunk)
                    if unpacked > MAX_UNPACKED:
                        raise InvalidInput(f"{path} unpacks to more than {MAX_UNPACKED >> 20:,} MB.")
                    if not member.filename.startswith("xl/worksheets/"):
                        continue
                    places = PLACE.findall(last + chunk)
                    rows = max(rows, *(int(number) for _, number in places), 1)
                    columns = max(columns, *(_column(letters) for letters, _ in places), 1)
                    unplaced += len(CELL.findall(chunk)) - sum(bool(letters) for letters, _ in places)
                    last = chunk[-40:]
            cells = max(cells, rows * max(columns, min(unplaced, COLUMNS)))
    if cells > MAX_CELLS:
        raise InvalidInput(
            f"{path} spans {cells:,} cells, most of them empty; the limit is {MAX_CELLS:,}. Delete cells "
            "that are far away, or save the sheet as .csv."
        )


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + letter - 64
    return number


def _library(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise HitlError(
            "Excel workbooks require additional packages: pip install 'hitl-widgets[excel]'. Or use .csv."
        ) from error
