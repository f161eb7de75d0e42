"""Validation of X: an array, a file, zarr or Dask."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.data._blocks import Blocks, IntArray, SomeRows, ZarrRows, as_kept, each_block, kept_type
from hitl_widgets.data._cache import Cache
from hitl_widgets.data._convert import CACHE, Source, converted, state
from hitl_widgets.data._dask import DaskRows, open_client, shared
from hitl_widgets.data._files import needed, npy_file, parquet_file
from hitl_widgets.data._kept import Sample
from hitl_widgets.data._nested import unnested
from hitl_widgets.data.at_hand import at_hand
from hitl_widgets.errors import InvalidInput
from hitl_widgets.paths import full_path

if TYPE_CHECKING:
    from sklearn.decomposition import TruncatedSVD

__all__ = [
    "Matrix",
    "check_matrix",
    "is_matrix",
    "kept_matrix",
    "matrix_like",
    "open_matrix",
    "open_reduced",
    "reduce_matrix",
    "sample_of",
    "some_rows",
]

Matrix = npt.NDArray[np.float32]

LARGE = 10**7  # numbers; up to this size, arrays are copied
_MAX_DIM = 128
_LARGEST = 1e12
_CHECKS_KEPT = 64


def is_matrix(data: Any) -> bool:
    """Return whether data is clearly numeric rows: a 2-D array, Dask, zarr, or a file of numbers."""
    if isinstance(data, str | Path):
        return _kind(full_path(data)) is not None
    return (
        _is(data, "dask")
        or _is(data, "zarr")
        or (isinstance(data, np.ndarray) and data.ndim == 2 and data.dtype.kind in "biuf")
    )


def open_matrix(X: Any, n_rows: int | None = None, name: str = "X", cache: Path | None = None) -> Any:
    """Open X as one finite row of numbers for each item.

    Large arrays are not copied, and large files are not read into memory: ``.npy`` is memory-mapped, Parquet
    is converted to ``.npy`` once, zarr and Dask are read block by block. Up to 10 million numbers are copied
    into memory. All numbers are checked at the start, because finding a NaN after labeling has begun is too
    late. Unchanged files that were checked before are not checked again.

    Parameters
    ----------
    X
        Array-like; a path to a ``.npy``, ``.parquet`` or ``.zarr`` file or folder; a zarr array; or a Dask
        array. With a ``dask.distributed`` client, the workers read large files themselves.
    n_rows
        Number of items; None to take it from X.
    name
        The name of X in messages.
    cache
        A folder for converted files and for the results of checks; by default ``.hitl-widgets`` beside
        the file.

    Returns
    -------
    float32 or float16 (n_rows, d): a NumPy array, or an object that returns one for a slice or an array of
    rows.

    Raises
    ------
    InvalidInput
        If X is not 2-D, has another length, no columns, or values that are not numeric, NaN, infinite or
        beyond 1e12; or if a file is missing, incomplete or damaged, or its rows differ in length.
    """
    return open_reduced(X, n_rows, name, cache)[0]


def open_reduced(
    X: Any, n_rows: int | None = None, name: str = "X", cache: Path | None = None
) -> tuple[Any, TruncatedSVD | None]:
    """Return the result of :func:`open_matrix`, and the SVD of :func:`reduce_matrix`."""
    if isinstance(X, str | Path):
        return _open_path(full_path(X), n_rows, name, cache), None
    if not (_is(X, "dask") or _is(X, "zarr")):
        matrix, reduction = reduce_matrix(at_hand(X, name), n_rows, name)
        return kept_matrix(matrix), reduction
    rows = _rows(X, n_rows, name)
    _check_values(rows, name)
    return (rows if rows.size > LARGE else rows[:]), None


def check_matrix(X: Any, n_rows: int | None, name: str = "X") -> Matrix:
    """Return one finite row of numbers for each item, in memory.

    Parameters
    ----------
    X
        Array-like of shape (n_rows, d); a column of lists or arrays of equal length; or a SciPy sparse matrix
        or array of any format, which is reduced by truncated SVD if it has more than 128 columns.
    n_rows
        Number of items.
    name
        The name of the array in messages.

    Returns
    -------
    float32 or float16 (n_rows, d), C-contiguous; `X` itself, not copied, if it already is.

    Raises
    ------
    InvalidInput
        If X is not 2-D, has another length, no columns, or values that are not numeric, NaN, infinite or
        beyond 1e12.
    """
    return reduce_matrix(X, n_rows, name)[0]


def reduce_matrix(X: Any, n_rows: int | None, name: str = "X") -> tuple[Matrix, TruncatedSVD | None]:
    """Return the result of :func:`check_matrix`, and the SVD fitted to a wide sparse matrix, else None."""
    from scipy import sparse

    X, reduction = _of_sparse_columns(X), None
    array: Any = X if sparse.issparse(X) else _as_array(X, name)
    _described(array, n_rows, name)
    with np.errstate(over="ignore"):  # overflow becomes infinite, and is reported below
        if sparse.issparse(X):
            rows = array.tocsr()  # not all sparse formats store their values in one array
            _check_sparse(rows, name)
            out, reduction = _densify(rows)
        else:
            _say(_conversion(array, name))
            out = np.ascontiguousarray(array, kept_type(array.dtype))
    _check_values(out, name)
    return out, reduction


def matrix_like(X: Any, n_rows: int, name: str, width: int, reduction: TruncatedSVD | None) -> Matrix:
    """Prepare rows in the same way as another matrix: the same width and the same reduction.

    Raises
    ------
    InvalidInput
        As in :func:`check_matrix`, or if the number of columns differs.
    """
    from scipy import sparse

    X = _of_sparse_columns(X)
    array: Any = _described(X, n_rows, name).tocsr() if sparse.issparse(X) else check_matrix(X, n_rows, name)
    wanted = width if reduction is None else reduction.n_features_in_
    if array.shape[1] != wanted:
        raise InvalidInput(
            f"{name} has {array.shape[1]} columns, but the pool has {wanted}. Use the same features for both."
        )
    if sparse.issparse(X):
        _check_sparse(array, name)
    if reduction is not None:
        array = reduction.transform(array)
    elif sparse.issparse(X):
        array = array.toarray()
    return check_matrix(array, n_rows, name)


def kept_matrix(X: Any) -> Any:
    """Return the rows; small arrays are copied, so that the user cannot overwrite them."""
    return np.array(X) if X.size <= LARGE else X


def sample_of(X: Any) -> Sample | None:
    """Return a sample of a large array that is not copied, to detect whether it is overwritten."""
    lies = getattr(X, "_X", X)
    return Sample(X) if isinstance(lies, np.ndarray) and lies.size > LARGE else None


def some_rows(X: Any, rows: IntArray) -> Any:
    """Return some rows, ascending; small arrays are copied, others are not."""
    if isinstance(X, DaskRows):
        return X.some(rows)
    return np.asarray(X[rows]) if isinstance(X, np.ndarray) and X.size <= LARGE else SomeRows(X, rows)


def _is(X: Any, package: str) -> bool:
    return type(X).__module__.split(".")[0] == package and hasattr(X, "shape")


def _kind(path: Path) -> str | None:
    """Return ``npy``, ``parquet`` or ``zarr``, by the name or the contents of a folder."""
    kinds = {".npy": "npy", ".parquet": "parquet", ".pq": "parquet", ".zarr": "zarr"}
    if (found := kinds.get(path.suffix.lower())) is not None:
        return found
    if any((path / mark).exists() for mark in ("zarr.json", ".zarray")):
        return "zarr"
    return "parquet" if path.is_dir() and any(path.rglob("*.parquet")) else None


def _rows(X: Any, n_rows: int | None, name: str) -> Blocks:
    """The rows of a zarr or Dask array."""
    if _is(X, "dask"):
        array = X.to_dask_array() if hasattr(X, "to_dask_array") else X
        found: Blocks = DaskRows(_described(array, None, name))
    else:
        found = ZarrRows(_described(X, None, name))
        _say(_gaps(X, name))
    _described(found, n_rows, name)
    _say(_conversion(X, name))
    return found


def _open_path(path: Path, n_rows: int | None, name: str, cache: Path | None) -> Any:
    what, kind = f"{name}={str(path)!r}", _kind(path)
    if kind is None:
        raise InvalidInput(f"{what}: expected a .npy, .parquet or .zarr path. Write it with numpy.save.")
    if not path.exists():
        raise InvalidInput(f"{what}: file not found. The notebook's folder is {str(Path.cwd())!r}.")
    folder = path.parent / CACHE if cache is None else cache
    if kind == "zarr":
        found: Any = _rows(_zarr_array(path, what), n_rows, name)
    else:
        found = _mapped(path, kind, n_rows, name, folder)
    if found.size <= LARGE:
        _check_values(found, name)
        # If the user rewrites a memory-mapped file, the process may crash.
        return np.array(found) if kind == "npy" else found[:]
    found = found if open_client() is None else shared(found)
    checks, known = Cache(folder, "checked", keep=_CHECKS_KEPT), "-".join(state(path))
    if checks.read(known) is None:
        _check_values(found, name)
        if isinstance(found, np.memmap | Blocks):
            checks.write(known)
    return found


def _mapped(path: Path, kind: str, n_rows: int | None, name: str, folder: Path) -> Any:
    if kind == "parquet":
        source = parquet_file(path, name)
        _described(np.broadcast_to(np.float32(0), source.shape), n_rows, name)
        return converted(source, path, folder, name)
    array = _described(npy_file(path, name), n_rows, name)
    dtype = kept_type(array.dtype)
    if array.dtype == dtype and array.flags.c_contiguous:
        return array

    def blocks() -> Iterator[npt.NDArray[Any]]:
        return (block for _, block in each_block(array, partial(as_kept, dtype=dtype)))

    source = Source(array.shape, dtype, blocks, _conversion(array, name))
    return source.gather() if array.size <= LARGE else converted(source, path, folder, name)


def _zarr_array(path: Path, what: str) -> Any:
    try:
        found = needed("zarr", what).open(str(path), mode="r")
    except (OSError, ValueError, KeyError) as error:
        if isinstance(error, InvalidInput):
            raise
        raise InvalidInput(f"{what} is not a readable zarr array ({error}).") from error
    if hasattr(found, "shape"):
        return found
    names = sorted(found.array_keys())
    raise InvalidInput(
        f"{what} is a zarr group: pass one of its arrays, such as {str(path / (names or ['X'])[0])!r}."
    )


def _as_array(X: Any, name: str) -> npt.NDArray[Any]:
    if isinstance(X, np.ma.MaskedArray) and np.ma.is_masked(X):
        raise InvalidInput(
            f"{name} has {int(np.ma.getmaskarray(X).sum()):,} masked values: fill them "
            "(sklearn.impute.SimpleImputer) or remove those items."
        )
    try:
        array = unnested(X, name)
        return array.astype(np.float32) if array.dtype.kind == "O" else array
    except InvalidInput:
        raise
    except (TypeError, ValueError) as error:
        raise InvalidInput(
            f"{name} cannot be read as a table of numbers ({error}). Pass one row of equal length per item."
        ) from error


def _described(X: Any, n_rows: int | None, name: str) -> Any:
    """Check the dtype and shape of X, and return it."""
    if X.dtype.kind not in "biuf":
        raise InvalidInput(f"{name} has dtype {X.dtype}, not numbers. Convert it with .astype('float32').")
    if X.ndim != 2:
        raise InvalidInput(
            f"{name} has shape {X.shape}, expected 2-D: (items, features). "
            f"For one number per item use {name}.reshape(-1, 1)."
        )
    if n_rows not in (None, X.shape[0]):
        raise InvalidInput(
            f"{name} has {X.shape[0]:,} rows, but data has {n_rows:,}. Pass one row per item, in order."
        )
    if X.shape[1] == 0:
        raise InvalidInput(f"{name} has no columns. Pass at least one number per item.")
    return X


def _conversion(X: Any, name: str) -> str:
    """Return a warning about a slow type conversion; empty if there is none."""
    dtype = kept_type(X.dtype)
    if X.size <= LARGE or X.dtype.newbyteorder("=") == dtype:
        return ""
    return (
        f"{name} has dtype {X.dtype}: its {X.size:,} numbers are converted to {dtype}. Pass that dtype to "
        "save time."
    )


def _gaps(X: Any, name: str) -> str:
    """Return a warning about missing chunks, which zarr fills silently; empty if there are none."""
    lacks = int(X.nchunks) - int(X.nchunks_initialized)
    if not lacks:
        return ""
    return (
        f"{name}: {lacks:,} of {int(X.nchunks):,} chunks of the zarr array are missing, so their rows are "
        f"all {X.fill_value}. Is the copy complete?"
    )


def _say(words: str) -> None:
    if words:
        warnings.warn(words, RuntimeWarning, stacklevel=3)


def _densify(X: Any) -> tuple[Matrix, TruncatedSVD | None]:
    from sklearn.decomposition import TruncatedSVD

    if X.shape[1] <= _MAX_DIM:
        return np.ascontiguousarray(X.toarray(), np.float32), None
    reduction = TruncatedSVD(min(_MAX_DIM, *X.shape), random_state=0)
    return np.ascontiguousarray(reduction.fit_transform(X), np.float32), reduction


def _check_sparse(X: Any, name: str) -> None:
    """Check the stored values only, because the dense matrix may not fit into memory."""
    size = np.abs(X.data.astype(np.float64)) if X.nnz else np.zeros(1)
    if (bad := ~(size <= np.finfo(np.float32).max)).any():
        rows = np.unique(np.searchsorted(X.indptr, np.flatnonzero(bad), side="right") - 1)
        raise _not_finite(rows, X.shape[0], name)
    if size.max() > _LARGEST:
        at = int(size.argmax())
        row = int(np.searchsorted(X.indptr, at, side="right")) - 1
        raise _too_wide(float(X.data.min()), float(X.data.max()), row, int(X.indices[at]), name)


def _of_sparse_columns(X: Any) -> Any:
    """Convert a pandas table of sparse columns to a sparse matrix; return anything else unchanged."""
    columns = getattr(X, "sparse", None) if type(X).__module__.startswith("pandas") else None
    try:
        return X if columns is None else columns.to_coo()
    except (AttributeError, TypeError, ValueError):  # dense columns, or another fill value than 0
        return X


def _check_values(X: Any, name: str) -> None:
    wrong: list[npt.NDArray[np.intp]] = []
    low = high = 0.0
    for rows, (bad, least, most) in each_block(X, _extent):
        wrong.append(bad + rows.start)
        low, high = min(low, least), max(high, most)
    if len(bad := np.sort(np.concatenate(wrong or [np.empty(0, np.intp)]))):
        raise _not_finite(bad, len(X), name)
    if max(-low, high) > _LARGEST:  # squares of larger numbers overflow float32
        _, row, column = max((size, rows.start + at, c) for rows, (size, at, c) in each_block(X, _widest))
        raise _too_wide(low, high, row, column, name)


def _not_finite(rows: npt.NDArray[np.intp], n: int, name: str) -> InvalidInput:
    shown = ", ".join(map(str, rows[:5])) + (", ..." if len(rows) > 5 else "")
    return InvalidInput(
        f"{name} has NaN or infinite values in {len(rows):,} of {n:,} rows (row {shown}). "
        "Values beyond the range of float32, 3e38, count as infinite. Fill them "
        "(sklearn.impute.SimpleImputer) or remove those items."
    )


def _too_wide(low: float, high: float, row: int, column: int, name: str) -> InvalidInput:
    return InvalidInput(
        f"{name} ranges from {low:.3g} to {high:.3g}, with the largest value in column {column} of row "
        f"{row:,}: this range is too wide for meaningful distances. Scale it, for example with "
        "sklearn.preprocessing.StandardScaler, and do not encode missing values as numbers."
    )


def _extent(block: npt.NDArray[Any]) -> tuple[npt.NDArray[np.intp], float, float]:
    """Return the rows that are not finite, and the smallest and the largest number."""
    low, high = float(block.min(initial=0)), float(block.max(initial=0))
    if np.isfinite([low, high]).all():
        return np.empty(0, np.intp), low, high
    return np.flatnonzero(~np.isfinite(block).all(axis=1)), 0.0, 0.0


def _widest(block: npt.NDArray[Any]) -> tuple[float, int, int]:
    """Return the largest absolute value, and its row and column."""
    size = np.abs(block)
    row, column = np.unravel_index(int(size.argmax()), size.shape)
    return float(size[row, column]), int(row), int(column)
