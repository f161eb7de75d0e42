"""Excel workbooks, written by XlsxWriter and read by calamine. Neither runs a formula."""

from __future__ import annotations

import importlib
import re
import warnings
import zipfile
import zlib
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hitl_widgets.errors import HitlError, InvalidInput
from hitl_widgets.formats.base import Export
from hitl_widgets.formats.tables import DEFUSED, defused, say_no_values, writable

__all__ = ["WRITERS", "Excel", "read_excel", "write_excel"]

ROWS, COLUMNS, CHARACTERS = 1_048_576, 16_384, 32_767
EXACT = 10**15  # Excel keeps 15 digits of a number
SHEET = "labels"
# What may be read: calamine lays out every cell of the rectangle that the farthest ones span, and ends the
# process where there is no memory for it. A workbook of 5 kB can ask for half a terabyte.
MAX_CELLS, MAX_UNPACKED = 20_000_000, 2**30
PLACE = re.compile(rb"""\br\s*=\s*["']([A-Z]{0,4})(\d{1,9})["']""")
CELL = re.compile(rb"<(?:\w+:)?c[\s/>]")
CHUNK = 2**20
NO_CHARACTER = re.compile("[\ufffe\uffff]")


class Excel:
    """A workbook of one sheet."""

    name = "xlsx"
    ending = ".xlsx"
    tabular = True

    def notes(self, export: Export) -> Sequence[str]:  # noqa: ARG002
        """What Excel cannot hold as it is."""
        more = "Times are UTC, since Excel knows no zones; whole numbers of more than 15 digits are texts."
        return [f"{DEFUSED} {more}"]

    def columns(self, export: Export) -> Sequence[str]:
        """Those of the table; times say that they are UTC."""
        return [_header(export.table, c) for c in export.table]

    def write(self, export: Export, path: Path) -> None:
        """See :func:`write_excel`."""
        table = writable(export.table)
        say_no_values(table, "read_excel")
        write_excel(defused(table), path)


WRITERS = (Excel(),)


def _header(table: pd.DataFrame, column: Any) -> str:
    return f"{column} (UTC)" if isinstance(table[column].dtype, pd.DatetimeTZDtype) else str(column)


def write_excel(table: pd.DataFrame, path: Path) -> None:
    """Write a table as the one sheet of a workbook; every text is a text, and times are UTC.

    Raises
    ------
    InvalidInput
        For more rows or columns than a sheet holds. Nothing is written.

    Warns
    -----
    RuntimeWarning
        Where texts are cut to the 32,767 characters of a cell, or hold what XML cannot (U+FFFE, U+FFFF).
    """
    workbook = _library("xlsxwriter").Workbook
    if len(table) + 1 > ROWS or len(table.columns) > COLUMNS:
        raise InvalidInput(
            f"{len(table):,} rows and {len(table.columns):,} columns do not fit into a sheet of Excel, which "
            f"holds {ROWS - 1:,} rows below the header and {COLUMNS:,} columns. Write .parquet or .csv."
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
        warnings.warn(
            f"{changed:,} texts are cut to the {CHARACTERS:,} characters that a cell of Excel holds, or lose "
            "U+FFFE and U+FFFF, which it cannot hold. .parquet and .csv hold them whole.",
            RuntimeWarning,
            stacklevel=5,
        )


def _fitting(text: str) -> str:
    text = NO_CHARACTER.sub("\ufffd", text)
    if 2 * len(text) <= CHARACTERS:
        return text
    return text.encode("utf-16-le")[: 2 * CHARACTERS].decode("utf-16-le", "ignore")  # as Excel counts


def _cell(value: Any) -> Any:
    """A cell as Excel has them: a text, a number, a truth, a time without a zone, or None."""
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
    """The cells of the sheet ``labels``, or of the first, by row; formulas as Excel last worked them out.

    Raises
    ------
    InvalidInput
        For what is not a workbook, or spans more cells than can be meant.
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
    """Unpack it once: what a zip says of its sizes, and a sheet of its dimensions, may be untrue."""
    unpacked, cells = 0, 0
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            rows, columns, unplaced, last = 1, 1, 0, b""
            with archive.open(member) as file:
                while chunk := file.read(CHUNK):
                    unpacked += len(chunk)
                    if unpacked > MAX_UNPACKED:
                        raise InvalidInput(
                            f"{path} unpacks to more than {MAX_UNPACKED >> 20:,} MB: no table."
                        )
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
            f"{path} spans {cells:,} cells, most of them empty; the limit is {MAX_CELLS:,}. Delete what lies "
            "far out, or save the sheet as .csv."
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
            "Excel workbooks need two packages more: pip install 'hitl-widgets[excel]'. Or use .csv."
        ) from error
