"""Files of numbers: memory-mapped .npy files, and Parquet files read in batches."""

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
    """Import an optional package, or raise an error that says how to install it."""
    try:
        return import_module(module)
    except ImportError:
        raise InvalidInput(missing_extra(name, module.partition(".")[0], "scale")) from None


def npy_file(path: Path, name: str) -> Any:
    """Open a .npy file of numbers as a memory map.

    Raises
    ------
    InvalidInput
        If it is not a .npy file, is incomplete, or contains objects.
    """
    try:
        with path.open("rb") as file:
            version = np.lib.format.read_magic(file)
            read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
            shape, _, dtype = read[version](file)
            start = file.tell()
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise InvalidInput(
            f"{name}={str(path)!r} is not a readable .npy file ({reason(error)}). Write it with numpy.save."
        ) from error
    if dtype.kind not in "biuf":
        raise InvalidInput(f"{name}={str(path)!r} has dtype {dtype}, expected numbers: save it as float32.")
    expected, found = start + int(np.prod(shape)) * dtype.itemsize, path.stat().st_size
    if found < expected:
        raise InvalidInput(
            f"{name}={str(path)!r} is incomplete: expected {expected:,} bytes for {dtype} of shape {shape}, "
            f"found {found:,}. Write or copy it again."
        )
    return np.load(path, mmap_mode="r")


def parquet_file(path: Path, name: str) -> Source:
    """Return the numbers in a Parquet file, or in a folder of files in the order of their names.

    The numbers are in a single column of lists, or in all columns if these are numeric.

    Raises
    ------
    InvalidInput
        If there are no such columns; while reading, if a row has a different length.
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
        raise InvalidInput(f"{what} is not a readable Parquet file ({error}).") from error
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
                    raise InvalidInput(f"{str(path)!r} lacks columns of the other files: {choices(missing)}.")
                yield from file.iter_batches(size, columns=columns)
        except (ArrowException, OSError) as error:
            raise InvalidInput(f"{str(path)!r} is damaged ({error}). Write it again.") from error


def _columns(schema: Any, what: str) -> tuple[list[str], bool]:
    """Return the columns with the numbers, and whether they contain lists."""
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
            f"{what} has no features: expected one column of lists of numbers, or only numeric columns, "
            f"found {choices(others)}. Write the features to a separate file."
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
            f"{what}: row {low + row:,} has {int(lengths[row]):,} numbers, but the first row has {width:,}. "
            "All rows must have the same length."
        )
    return _float(column.flatten()).reshape(len(column), width)


def _numbers(table: Any) -> npt.NDArray[np.float32]:
    return np.column_stack([_float(column) for column in table.columns])


def _float(column: Any) -> npt.NDArray[np.float32]:
    with np.errstate(over="ignore"):  # overflow becomes infinite, which later checks detect
        return column.to_numpy(zero_copy_only=False).astype(np.float32)  # type: ignore[no-any-return]
