"""Data sets in your files: tables and folders of images."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hitl_widgets.datasets.sets import DataSet, fingerprint
from hitl_widgets.errors import HitlError, InvalidInput, choices, nearest
from hitl_widgets.paths import full_path

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
        Rows without a class are left out, with a warning.
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
    found = full_path(path)
    if not found.exists():
        raise InvalidInput(f"{str(path)!r} does not exist (looked for {found.resolve()}).")
    called = name or found.resolve().stem
    if found.is_dir():
        files = _images(found)
        if not files:
            raise InvalidInput(
                f"{str(path)!r} has no folders with images: expected a folder for each class, with files "
                f"that end with {choices(sorted(IMAGES))}."
            )
        y = [file.parent.name for file in files]
        raw = fingerprint(*map(_contents, files), y)
        return DataSet(called, _features("image", files, called), np.asarray(y), raw)
    if found.suffix.lower() not in TABLES:
        raise InvalidInput(
            f"{found.name}: expected a file that ends with {choices(sorted(TABLES))}, or a folder of images."
        )
    rows, y, column = _rows(found, target)
    raw = fingerprint(_contents(found), [column])
    return DataSet(called, _features("table", rows, called), np.asarray(y), raw)


def _images(folder: Path) -> list[Path]:
    """Return the images in a folder for each class; hidden ones are those of other programs."""
    found: list[Path] = []
    empty: list[str] = []
    for one in sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith(".")):
        named = [p for p in one.iterdir() if p.suffix.lower() in IMAGES and not p.name.startswith(".")]
        if odd := [p for p in named if not p.is_file()]:
            raise InvalidInput(f"{str(min(odd))!r} is a folder or a broken link: remove or replace it.")
        found += sorted(named)
        empty += [] if named else [one.name]
    if found and empty:
        warnings.warn(
            f"{str(folder)!r}: {choices(empty)} contain{'s' * (len(empty) == 1)} no images, so that "
            f"{'it is not a class' if len(empty) == 1 else 'they are not classes'}. Expected files that "
            f"end with {choices(sorted(IMAGES))}.",
            UserWarning,
            stacklevel=3,
        )
    return found


def _contents(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{str(file)!r} cannot be read: {error.strerror or error}.") from error


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
    if target is None and len(usual) > 1:
        raise InvalidInput(
            f"{path.name} has the columns {choices(usual)}: pass target=, that of the classes."
        )
    column = (usual[0] if usual else names[-1]) if target is None else target
    if column not in names:
        raise InvalidInput(
            f"target={target!r}: {path.name} has no such column.{nearest(str(target), names)} Expected one "
            f"of {choices(names)}."
        )
    table[column] = _classes(path, table[column], names.index(column))
    known = np.array([not is_missing(value) for value in table[column]], np.bool_)
    table = table[known]
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
    if left := len(known) - len(table):
        warnings.warn(
            f"{path.name}: {left:,} row{'s have' if left > 1 else ' has'} no class in the column "
            f"{column!r} and {'are' if left > 1 else 'is'} left out.",
            UserWarning,
            stacklevel=3,
        )
    rows = [{str(k): v for k, v in row.items()} for row in table.drop(columns=column).to_dict("records")]
    return rows, [str(value) for value in table[column]], column


def _classes(path: Path, values: Any, place: int) -> Any:
    """Return the classes of a table; words such as "None", which pandas takes for missing, are classes."""
    import pandas as pd

    given = values.dropna()
    if path.suffix.lower() not in {".csv", ".tsv"} or len(given) == len(values):
        return values
    if not all(isinstance(value, str) for value in given) or given.empty:
        return values  # of numbers, NA is a number that is missing
    options: dict[str, Any] = {"dtype": str, "keep_default_na": False, "na_values": [""]}
    said = pd.read_csv(path, sep=_separator(path), **options).iloc[:, place]
    if words := sorted(set(said.dropna()) - set(given)):
        n = int(said.isin(words).sum())
        warnings.warn(
            f"{path.name}: {choices(words)} in the column {values.name!r} count{'s' * (len(words) == 1)} as "
            f"a class ({n:,} row{'s' * (n != 1)}). Leave the cells empty if they have no class.",
            UserWarning,
            stacklevel=4,
        )
    return said.to_numpy(object)


def _separator(path: Path) -> str:
    return "\t" if path.suffix.lower() == ".tsv" else ","


def _read(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        if path.suffix.lower() == ".parquet":
            return pd.read_parquet(path)
        if path.suffix.lower() == ".arff":
            return _arff(path)
        return pd.read_csv(path, sep=_separator(path))
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
