"""Tables out: CSV, Parquet, JSON lines."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd

from hitl_widgets.errors import InvalidInput, choices, nearest

__all__ = ["FORMATS", "write_table"]

FORMATS = {".csv": "csv", ".parquet": "parquet", ".jsonl": "jsonl"}
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def write_table(
    table: pd.DataFrame,
    path: str | os.PathLike[str],
    format: str | None = None,  # noqa: A002 - pandas' own word
) -> Path:
    """Write a table; the file replaces an older one only when it is complete.

    Parameters
    ----------
    table
        What to write.
    path
        Where; its ending names the format unless ``format`` does.
    format
        ``csv`` (texts that a spreadsheet would run as a formula get a leading ``'``),
        ``parquet`` or ``jsonl``.

    Raises
    ------
    InvalidInput
        For an unknown format.
    """
    target = Path(path).expanduser().absolute()
    name = format or FORMATS.get(target.suffix.lower())
    if name not in FORMATS.values():
        asked = format or target.suffix or str(path)
        raise InvalidInput(
            f"{asked!r} is no format for export.{nearest(asked, FORMATS.values())} Expected one of "
            f"{choices(FORMATS.values())}, by format= or by the ending of the path."
        )
    if not target.parent.is_dir():
        raise InvalidInput(f"There is no folder {target.parent} to write {target.name} to: make it first.")
    part = target.with_name(f".{target.name}.part")
    os.close(os.open(part, os.O_CREAT | os.O_WRONLY, 0o600))
    try:
        if name == "csv":
            defused(table).to_csv(part, index=False)
        elif name == "parquet":
            # Ids of items that left the table are text, whatever the ids of the others are.
            mixed = [c for c in table if pd.api.types.infer_dtype(table[c]).startswith("mixed")]
            table.astype(dict.fromkeys(mixed, str)).to_parquet(part, index=False)
        else:
            table.to_json(part, orient="records", lines=True, date_format="iso", force_ascii=False)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return target


def defused(table: pd.DataFrame) -> pd.DataFrame:
    """The table with a ``'`` before every text that a spreadsheet would run as a formula."""

    def guard(value: object) -> object:
        if isinstance(value, str) and value.lstrip(" ").startswith(FORMULA):
            return f"'{value}"
        return value

    safe = table.copy()
    for column in safe.columns:
        if not pd.api.types.is_numeric_dtype(safe[column]):
            safe[column] = safe[column].astype(object).map(guard)
    safe.columns = pd.Index([guard(c) for c in safe.columns])
    return safe
