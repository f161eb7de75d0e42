"""Preparation of tables for all file formats."""

from __future__ import annotations

import inspect
import re
import warnings
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from hitl_widgets.errors import choices
from hitl_widgets.items.base import is_missing

__all__ = ["DEFUSED", "SURROGATE", "armed", "defused", "say_no_values", "warn", "writable"]

DEFUSED = "Texts that begin like a formula are prefixed with ', which import_labels removes again."
# Spreadsheets evaluate texts with these beginnings. An existing ' is included, so that removing ours restores
# the original text.
FORMULA = re.compile("'* *[=+\\-@\t\r\n\0\uff1d\uff0b\uff0d\uff20]")
# Texts that pandas.read_csv and read_excel treat as missing values by default.
NO_VALUE = frozenset({
    "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A",
    "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
})  # fmt: skip
PLAIN = (str, bool, float, bytes, date, np.bool_, np.integer, np.floating, np.datetime64)
SURROGATE = re.compile("[\ud800-\udfff]")
PACKAGE = __name__.split(".", maxsplit=1)[0]


def writable(table: pd.DataFrame, *, say: bool = True) -> pd.DataFrame:
    """Return the table in a form that files can store: uniform columns without lone surrogates.

    Warns
    -----
    RuntimeWarning
        If a text contains a lone surrogate, which text files cannot store; it is replaced. Also, unless
        ``say`` is false, if a column contains values without a file type, such as complex or very large
        numbers; it is converted to text.
    """
    return _of_one_kind(_whole_characters(table), say=say)


def defused(table: pd.DataFrame) -> pd.DataFrame:
    """Prefix every text that a spreadsheet would evaluate as a formula with ``'``."""

    def guard(value: object) -> object:
        return f"'{value}" if isinstance(value, str) and FORMULA.match(value) else value

    safe = _mapped(table, guard)
    safe.columns = pd.Index([guard(c) for c in safe.columns])
    return safe


def armed(value: Any) -> Any:
    """Invert :func:`defused` for a cell."""
    if isinstance(value, str) and value.startswith("'") and FORMULA.match(value, 1):
        return value[1:]
    return value


def _whole_characters(table: pd.DataFrame) -> pd.DataFrame:
    """Replace lone surrogates in all texts of the table."""
    halves = 0

    def whole(value: object) -> object:
        nonlocal halves
        if not isinstance(value, str) or not SURROGATE.search(value):
            return value
        halves += 1
        return SURROGATE.sub("\ufffd", value)

    safe = _mapped(table, whole)
    safe.columns = pd.Index([whole(str(c)) for c in safe.columns])
    if halves:
        warn(
            f"{halves:,} texts contain lone surrogates, which text files cannot store: each is replaced by "
            "\ufffd. The .jsonl history keeps the ids unchanged.",
        )
    return safe


def _of_one_kind(table: pd.DataFrame, *, say: bool) -> pd.DataFrame:
    """Convert columns that files cannot store to text."""
    odd: dict[str, str] = {}
    for column in table.columns:
        cells = table[column]
        # Ids of items that are no longer in the table are always text.
        mixed = pd.api.types.infer_dtype(cells, skipna=True).startswith("mixed")
        values = list(cells.astype(object)) if mixed or _may_be_odd(cells) else []
        kinds = sorted({type(v).__name__ for v in values if not _is_plain(v)}) if _may_be_odd(cells) else []
        if kinds:
            odd[str(column)] = kinds[0]
        if mixed or kinds:
            texts = [None if is_missing(v) else str(v) for v in values]
            table[column] = pd.Series(texts, table.index, dtype=object)
    if odd and say:
        shown = ", ".join(f"{name!r} ({kind})" for name, kind in list(odd.items())[:5])
        warn(
            f"These columns contain values that the file cannot store, and are written as text: {shown}.",
        )
    return table


def say_no_values(table: pd.DataFrame, reader: str) -> None:
    """Warn about ids and labels that pandas would read as missing values."""
    found = {str(v) for c in ("id", "label") if c in table for v in table[c].unique() if isinstance(v, str)}
    if words := sorted(found & NO_VALUE):
        warn(
            f"{choices(words)} among the ids or labels would be read as missing by pandas. Read the file "
            f"with pandas.{reader}(path, keep_default_na=False). import_labels reads them correctly.",
        )


def warn(words: str) -> None:
    """Warn at the line that called the package, which is not equally deep for all that write files."""
    frame, level = inspect.currentframe(), 1
    while frame is not None and frame.f_globals.get("__name__", "").split(".")[0] == PACKAGE:
        frame, level = frame.f_back, level + 1
    warnings.warn(words, RuntimeWarning, stacklevel=level)


def _may_be_odd(cells: pd.Series[Any]) -> bool:
    """Return whether a column may contain values that files cannot store, judging by its dtype."""
    kind = getattr(cells.dtype, "kind", "O")
    return kind in "Oc" and not isinstance(cells.dtype, pd.StringDtype)


def _is_plain(value: Any) -> bool:
    if isinstance(value, int) and not isinstance(value, bool):
        return -(2**63) <= value < 2**63
    return is_missing(value) or isinstance(value, PLAIN)


def _mapped(table: pd.DataFrame, change: Any) -> pd.DataFrame:
    """Apply a function to every cell that may be a text."""
    safe = table.copy()
    for column in safe.columns:
        if pd.api.types.is_object_dtype(safe[column]) or pd.api.types.is_string_dtype(safe[column]):
            safe[column] = pd.Series([change(v) for v in safe[column]], safe.index, dtype=object)
    return safe
