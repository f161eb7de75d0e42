"""Data sets in your files: tables and folders of images."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hitl_widgets.datasets.sets import DataSet, fingerprint
from hitl_widgets.errors import HitlError, InvalidInput, choices, nearest

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["load"]

IMAGES = {".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff"}
TABLES = {".csv", ".tsv", ".parquet", ".arff"}


def load(path: str | os.PathLike[str], target: str | None = None, name: str | None = None) -> DataSet:
    """Read a data set from a file or folder.

    Parameters
    ----------
    path
        A table (``.csv``, ``.tsv``, ``.parquet`` or ``.arff``), or a folder with a folder of images for each
        class.
    target
        The column with the true classes; by default ``class``, ``target`` or ``label``, else the last one.
        Rows without a class are left out.
    name
        A name; by default that of the file.

    Returns
    -------
    DataSet
        With the built-in features of tables or images.

    Raises
    ------
    InvalidInput
        If the file cannot be read, or the column does not contain classes.
    """
    found = Path(path).expanduser()
    if not found.exists():
        raise InvalidInput(f"{str(path)!r} does not exist (looked for {found.resolve()}).")
    called = name or found.resolve().stem
    if found.is_dir():
        files = sorted(p for p in found.glob("*/*") if p.suffix.lower() in IMAGES)
        if not files:
            raise InvalidInput(
                f"{str(path)!r} has no folders with images: expected a folder for each class, with files "
                f"that end with {choices(sorted(IMAGES))}."
            )
        y = [file.parent.name for file in files]
        raw = fingerprint(*(file.read_bytes() for file in files), y)
        return DataSet(called, _features("image", files, called), np.asarray(y), raw)
    if found.suffix.lower() not in TABLES:
        raise InvalidInput(
            f"{found.name}: expected a file that ends with {choices(sorted(TABLES))}, or a folder of images."
        )
    rows, y, column = _rows(found, target)
    raw = fingerprint(found.read_bytes(), [column])
    return DataSet(called, _features("table", rows, called), np.asarray(y), raw)


def _features(kind: str, items: list[Any], called: str) -> Any:
    from hitl_widgets.items.base import kind_of

    try:
        with warnings.catch_warnings():
            if kind == "image":  # a session goes on without those that cannot be read
                warnings.simplefilter("error", RuntimeWarning)
            return kind_of(kind).features(kind_of(kind).read(items, called))[0]
    except RuntimeWarning as error:
        broken = next((str(file) for file in items if not _is_image(file)), "")
        raise InvalidInput(f"{called}: {error} Remove or replace it: {broken}") from error
    except HitlError as error:
        raise InvalidInput(f"{called}: {error}") from error


def _is_image(file: Path) -> bool:
    from PIL import Image

    try:
        with Image.open(file) as picture:
            picture.load()
    except (OSError, ValueError, SyntaxError):
        return False
    return True


def _rows(path: Path, target: str | None) -> tuple[list[dict[str, Any]], list[str], str]:
    """Return the rows that have a class, their classes, and the name of that column."""
    from hitl_widgets.items.base import is_missing

    table = _read(path)
    names = [str(column) for column in table.columns]
    table.columns = names
    if len(names) < 2:
        raise InvalidInput(
            f"{path.name} has {len(names)} column{'s' * (len(names) != 1)}: expected the features and the "
            "class. Is the separator a comma?"
        )
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidInput(f"{path.name} has two columns {twice!r}: rename one.")
    usual = [name for name in names if name.lower() in {"class", "target", "label"}]
    column = (usual[0] if len(usual) == 1 else names[-1]) if target is None else target
    if column not in names:
        raise InvalidInput(
            f"target={target!r}: {path.name} has no such column.{nearest(str(target), names)} Expected one "
            f"of {choices(names)}."
        )
    table = table[[not is_missing(value) for value in table[column]]]
    if table.empty:
        raise InvalidInput(f"{path.name} has 0 rows with a class in the column {column!r}.")
    counts = table[column].astype(str).value_counts()
    if len(counts) > max(2, len(table) / 2):
        few = [n for n in names if n != column and 2 <= table[n].nunique() <= min(50, len(table) / 2)]
        hint = f" Pass target=, such as {few[-1]!r}." if few else ""
        raise InvalidInput(
            f"The column {column!r} of {path.name} has {len(counts):,} different values in {len(table):,} "
            f"rows: expected classes.{hint}"
        )
    if len(counts) < 2:
        raise InvalidInput(f"The column {column!r} of {path.name} has {len(counts)} classes: expected two.")
    rows = [{str(k): v for k, v in row.items()} for row in table.drop(columns=column).to_dict("records")]
    return rows, [str(value) for value in table[column]], column


def _read(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        if path.suffix.lower() == ".parquet":
            return pd.read_parquet(path)
        if path.suffix.lower() == ".arff":
            return _arff(path)
        return pd.read_csv(path, sep="\t" if path.suffix.lower() == ".tsv" else ",")
    except (ValueError, OSError, NotImplementedError, StopIteration, IndexError) as error:
        advice = " Save it as CSV or Parquet." if path.suffix.lower() == ".arff" else ""
        reason = str(error).strip().rstrip(".") or "it has no header"
        if isinstance(error, IndexError):
            reason = "a row has fewer values than there are attributes"
        raise InvalidInput(f"{path.name} cannot be read: {reason}.{advice}") from error


def _arff(path: Path) -> pd.DataFrame:
    import pandas as pd
    from scipy.io import arff

    with path.open(encoding="utf-8") as file:
        data, _ = arff.loadarff(file)
    table = pd.DataFrame(data)
    for column in table.columns:
        if table[column].dtype == object:
            table[column] = [None if value == b"?" else value.decode() for value in table[column]]
    return table
