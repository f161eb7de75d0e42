"""Files of numbers: .npy, mapped, and Parquet, read a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.data._blocks import NUMBERS
from hitl_widgets.data._convert import Source, reason
from hitl_widgets.errors import InvalidInput, choices, missing_extra

__all__ = ["needed", "npy_file", "parquet_file"]


def needed(module: str, name: str) -> Any:
    """An optional package, or a message that says how to get it."""
    try:
        return import_module(module)
    except ImportError:
        raise InvalidInput(missing_extra(name, module.partition(".")[0], "scale")) from None


def npy_file(path: Path, name: str) -> Any:
    """A .npy file as a memory map, whatever numbers it holds.

    Raises
    ------
    InvalidInput
        Where it is not a .npy file, was not written to its end, or holds objects.
    """
    try:
        with path.open("rb") as file:
            version = np.lib.format.read_magic(file)
            read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
            shape, _, dtype = read[version](file)
            start = file.tell()
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise InvalidInput(
            f"{name}={str(path)!r} is not a .npy file that can be read ({reason(error)}). Write it with "
            "numpy.save."
        ) from error
    if dtype.kind not in "biuf":
        raise InvalidInput(f"{name}={str(path)!r} holds {dtype}, expected numbers: save it as float32.")
    expected, found = start + int(np.prod(shape)) * dtype.itemsize, path.stat().st_size
    if found < expected:
        raise InvalidInput(
            f"{name}={str(path)!r} is cut off: expected {expected:,} bytes for {dtype} of shape {shape}, "
            f"found {found:,}. Write or copy it again."
        )
    return np.load(path, mmap_mode="r")


def parquet_file(path: Path, name: str) -> Source:
    """The numbers of a Parquet file, or of a folder of them in the order of their names.

    They are the one column of lists, or all columns where all are numbers.

    Raises
    ------
    InvalidInput
        Where there are no such columns; while reading, for the first row whose length differs.
    """
    what = f"{name}={str(path)!r}"
    parquet = needed("pyarrow.parquet", what)
    files = [path] if path.is_file() else sorted(f for f in path.rglob("*.parquet") if f.name[0] not in "._")
    if not files:
        raise InvalidInput(f"{what} is a folder without .parquet files.")
    try:
        n_rows = sum(parquet.read_metadata(f).num_rows for f in files)
        columns, lists = _columns(parquet.read_schema(files[0]), what)
        width = _first_length(files, columns[0]) if lists else len(columns)
    except (OSError, ValueError) as error:
        if isinstance(error, InvalidInput):
            raise
        raise InvalidInput(f"{what} is not Parquet that can be read ({error}).") from error
    batch = max(1, NUMBERS // max(1, width))

    def blocks() -> Iterator[npt.NDArray[Any]]:
        low = 0
        for table in _batches(files, columns, batch):
            yield _lists(table.column(0), width, low, what) if lists else _numbers(table)
            low += len(table)

    return Source((n_rows, width), np.dtype(np.float32), blocks)


def _batches(files: list[Path], columns: list[str], size: int) -> Iterator[Any]:
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    for path in files:
        try:
            with ParquetFile(path) as file:
                missing = set(columns) - set(file.schema_arrow.names)
                if missing:
                    raise InvalidInput(
                        f"{str(path)!r} has no column {choices(missing)}, the other files have."
                    )
                yield from file.iter_batches(size, columns=columns)
        except (ArrowException, OSError) as error:
            raise InvalidInput(f"{str(path)!r} is damaged ({error}). Write it again.") from error


def _columns(schema: Any, what: str) -> tuple[list[str], bool]:
    """The columns that hold the numbers, and whether they are lists."""
    import pyarrow.types as kind

    def number(type_: Any) -> bool:
        return bool(kind.is_integer(type_) or kind.is_floating(type_) or kind.is_boolean(type_))

    def row(type_: Any) -> bool:
        a_list = kind.is_list(type_) or kind.is_large_list(type_) or kind.is_fixed_size_list(type_)
        return a_list and number(type_.value_type)

    lists = [f.name for f in schema if row(f.type)]
    if len(lists) == 1:
        return lists, True
    if len(lists) > 1:
        raise InvalidInput(f"{what} has {len(lists)} columns of lists ({choices(lists)}): keep one of them.")
    others = [f.name for f in schema if not number(f.type)]
    if others or not len(schema):
        raise InvalidInput(
            f"{what} holds no features: expected one column of lists of numbers, or columns of numbers only, "
            f"found {choices(others)}. Write the features to a file of their own."
        )
    return list(schema.names), False


def _first_length(files: list[Path], column: str) -> int:
    first = next((table.column(0)[0].as_py() for table in _batches(files, [column], 1)), None)
    return len(first or ())


def _lists(column: Any, width: int, low: int, what: str) -> npt.NDArray[np.float32]:
    import pyarrow.compute as pc

    lengths = pc.list_value_length(column).fill_null(0).to_numpy(zero_copy_only=False)
    if len(wrong := np.flatnonzero(lengths != width)):
        row = int(wrong[0])
        raise InvalidInput(
            f"{what}: row {low + row:,} has {int(lengths[row]):,} numbers, the first row has {width:,}. "
            "Every row needs as many."
        )
    return _float(column.flatten()).reshape(len(column), width)


def _numbers(table: Any) -> npt.NDArray[np.float32]:
    return np.column_stack([_float(column) for column in table.columns])


def _float(column: Any) -> npt.NDArray[np.float32]:
    with np.errstate(over="ignore"):  # infinite then, and found as such
        return column.to_numpy(zero_copy_only=False).astype(np.float32)  # type: ignore[no-any-return]
