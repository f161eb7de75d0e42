from __future__ import annotations

import resource
import sys
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zarr

from hitl_widgets.data import _files, matrix
from hitl_widgets.data._blocks import Blocks, SomeRows
from hitl_widgets.data._convert import CACHE
from hitl_widgets.data.matrix import open_matrix, some_rows
from hitl_widgets.errors import InvalidInput

NUMBERS = np.random.default_rng(0).normal(size=(103, 6)).astype(np.float32)


def npy(folder: Path, X: Any = NUMBERS) -> Path:
    np.save(folder / "X.npy", X)
    return folder / "X.npy"


def parquet(folder: Path, X: Any = NUMBERS, **options: Any) -> Path:
    return table(folder, {"v": pa.array(list(X)), "text": ["t"] * len(X)}, **options)


def table(folder: Path, columns: dict[str, Any], name: str = "X.parquet", **options: Any) -> Path:
    pq.write_table(pa.table(columns), folder / name, **options)
    return folder / name


def zarr_folder(folder: Path, X: Any = NUMBERS, **options: Any) -> Path:
    made = zarr.create_array(folder / "X.zarr", data=X, chunks=(10, 4), overwrite=True, **options)
    assert made.chunks == (10, 4)
    return folder / "X.zarr"


def dask_array(_: Path, X: Any = NUMBERS) -> Any:
    return da.from_array(X, chunks=(10, 4))


def of_unknown_length(_: Path, X: Any = NUMBERS) -> Any:
    array = da.from_array(np.repeat(X, 2, axis=0), chunks=(20, 6))
    return array[da.from_array(np.arange(2 * len(X)) % 2 == 0, chunks=20)]


WAYS: dict[str, Callable[..., Any]] = {
    "array": lambda _, X=NUMBERS: X,
    "npy": npy,
    "npy as text": lambda folder, X=NUMBERS: str(npy(folder, X)),
    "parquet": parquet,
    "parquet, small row groups": lambda folder, X=NUMBERS: parquet(folder, X, row_group_size=7),
    "zarr 2": lambda folder, X=NUMBERS: zarr_folder(folder, X, zarr_format=2),
    "zarr 3": lambda folder, X=NUMBERS: zarr_folder(folder, X, zarr_format=3),
    "zarr array": lambda folder, X=NUMBERS: zarr.open(zarr_folder(folder, X)),
    "dask": dask_array,
    "dask, unknown length": of_unknown_length,
}

KEYS = [
    slice(None),
    slice(5, 31),
    slice(95, 500),
    slice(-7, None),
    slice(40, 4),
    slice(2, 60, 9),
    slice(None, None, -1),
    7,
    -1,
    np.int64(102),
    np.array([90, 3, 3, 41, -2]),
    [5, 1],
    np.arange(103) % 5 == 0,
    np.empty(0, np.int64),
]


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Callable[..., Any]:
    return WAYS[request.param]


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Treat every pool as large."""
    monkeypatch.setattr(matrix, "LARGE", 10)


# -- the same rows in any format


def test_what_is_small_is_read_into_memory_and_what_is_large_stays_where_it_is(
    tmp_path: Path, way: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(open_matrix(way(tmp_path)), np.ndarray)
    monkeypatch.setattr(matrix, "LARGE", 10)
    assert open_matrix(way(tmp_path)) is NUMBERS or isinstance(open_matrix(way(tmp_path)), np.memmap | Blocks)


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("all_rows", [True, False])
def test_rows_are_indexed_as_those_of_an_array(tmp_path: Path, way: Any, all_rows: bool) -> None:
    X, expected = open_matrix(way(tmp_path), len(NUMBERS)), NUMBERS
    if not all_rows:
        even = np.arange(0, 2 * len(NUMBERS), 2)
        X = some_rows(open_matrix(way(tmp_path, np.repeat(NUMBERS, 2, axis=0))), even)
    assert (X.shape, X.dtype, len(X), X.ndim) == (expected.shape, np.float32, 103, 2)
    for key in KEYS:
        found = X[key]
        assert isinstance(found, np.ndarray)
        np.testing.assert_array_equal(found, expected[key], err_msg=repr(key))
    np.testing.assert_array_equal(np.asarray(X), expected)
    with pytest.raises(IndexError):
        X[np.array([103])]


@pytest.mark.usefixtures("large")
def test_some_rows_of_a_large_array_are_no_copy() -> None:
    few = some_rows(NUMBERS, np.delete(np.arange(103), 50))
    assert isinstance(few, SomeRows)
    assert np.shares_memory(few[10:40], NUMBERS)
    np.testing.assert_array_equal(few[45:55], np.delete(NUMBERS, 50, axis=0)[45:55])


@pytest.mark.usefixtures("large")
def test_half_precision_stays_what_it_is(tmp_path: Path) -> None:
    half = NUMBERS.astype(np.float16)
    for way in ("array", "npy", "zarr 3", "dask"):
        X = open_matrix(WAYS[way](tmp_path, half))
        assert X.dtype == np.float16
        np.testing.assert_array_equal(X[:], half)
    assert open_matrix(half) is half


@pytest.mark.parametrize("type_", ["f8", "i4", "u1", "?", ">f4"])
def test_other_numbers_are_read_as_float32(tmp_path: Path, way: Any, type_: str) -> None:
    numbers = (NUMBERS * 10).astype(type_)
    if way is WAYS["zarr 3"] or way is WAYS["zarr array"]:
        numbers = numbers.astype(numbers.dtype.newbyteorder("="))
    if type_ == ">f4" and "parquet" in way(tmp_path).__str__():
        pytest.skip("Arrow has no such type")
    X = open_matrix(way(tmp_path, numbers))
    assert X.dtype == np.float32
    np.testing.assert_array_equal(X[:], numbers.astype(np.float32))


def test_it_is_said_once_that_many_numbers_are_converted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, doubles = npy(tmp_path, NUMBERS.astype(np.float64)), NUMBERS.astype(np.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        open_matrix(doubles)
        open_matrix(path)
    assert not (tmp_path / CACHE).exists() or not list((tmp_path / CACHE).glob("rows-*"))
    monkeypatch.setattr(matrix, "LARGE", 10)
    with pytest.warns(RuntimeWarning, match="X has dtype float64: its 618 numbers are converted to float32"):
        open_matrix(doubles)
    with pytest.warns(RuntimeWarning, match="float64"):
        found = open_matrix(path)
    assert isinstance(found, np.memmap)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = open_matrix(path)
    np.testing.assert_array_equal(again, NUMBERS)
    assert again.filename == found.filename


@pytest.mark.usefixtures("large")
def test_columns_one_behind_the_other_are_turned_to_rows(tmp_path: Path) -> None:
    X = open_matrix(npy(tmp_path, np.asfortranarray(NUMBERS)))
    assert X.flags.c_contiguous
    np.testing.assert_array_equal(X, NUMBERS)


# -- files: mapped, converted once, checked once


def test_a_small_file_may_be_written_again_while_it_is_open(tmp_path: Path) -> None:
    X = open_matrix(npy(tmp_path))
    npy(tmp_path, NUMBERS[:1])
    np.testing.assert_array_equal(X, NUMBERS)


@pytest.mark.usefixtures("large")
def test_a_file_is_mapped_and_cannot_be_written(tmp_path: Path) -> None:
    X = open_matrix(npy(tmp_path))
    assert isinstance(X, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        X[0, 0] = 1


def test_parquet_is_converted_once_and_again_when_it_changed(tmp_path: Path) -> None:
    first = open_matrix(parquet(tmp_path))
    kept = list((tmp_path / CACHE).glob("rows-*"))
    assert [str(k) for k in kept] == [str(first.filename)]
    written = kept[0].stat().st_mtime_ns
    open_matrix(tmp_path / "X.parquet")
    assert kept[0].stat().st_mtime_ns == written
    parquet(tmp_path, NUMBERS[:50])
    np.testing.assert_array_equal(open_matrix(tmp_path / "X.parquet"), NUMBERS[:50])
    assert len(list((tmp_path / CACHE).glob("rows-*"))) == 1  # the old file is removed


def test_what_is_kept_of_files_may_lie_elsewhere(tmp_path: Path) -> None:
    open_matrix(parquet(tmp_path), cache=tmp_path / "there")
    assert not (tmp_path / CACHE).exists()
    assert list((tmp_path / "there").glob("rows-*.npy"))


@pytest.mark.parametrize(
    "columns",
    [
        {"v": pa.FixedSizeListArray.from_arrays(pa.array(NUMBERS.ravel()), 6)},
        {"v": pa.array(list(NUMBERS), pa.large_list(pa.float64())), "id": np.arange(103)},
        {f"c{j}": NUMBERS[:, j] for j in range(6)},
    ],
    ids=["lists of one size", "large lists", "columns"],
)
def test_parquet_of_lists_or_of_columns(tmp_path: Path, columns: dict[str, Any]) -> None:
    np.testing.assert_array_equal(open_matrix(table(tmp_path, columns)), NUMBERS)


def test_a_folder_of_parquet_is_read_in_the_order_of_names(tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    folder.mkdir()
    for i, part in enumerate(np.array_split(NUMBERS, 4)):
        table(folder, {"v": pa.array(list(part))}, f"part-{i}.parquet")
    np.testing.assert_array_equal(open_matrix(folder), NUMBERS)


def test_parquet_is_converted_without_holding_all_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_files, "NUMBERS", 50_000)
    X = np.random.default_rng(0).random((50_000, 40), np.float32)
    path = table(
        tmp_path, {"v": pa.FixedSizeListArray.from_arrays(pa.array(X.ravel()), 40)}, row_group_size=2000
    )
    tracemalloc.start()
    pa_before, peak = pa.total_allocated_bytes(), 0
    found = open_matrix(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_array_equal(found, X)
    assert peak < X.nbytes / 4
    assert pa.total_allocated_bytes() - pa_before < X.nbytes / 4


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("kind", ["npy", "parquet", "zarr 3"])
def test_a_file_is_checked_once_and_again_when_it_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    checked: list[Any] = []
    check = matrix._check_values
    monkeypatch.setattr(matrix, "_check_values", lambda X, name: (checked.append(X), check(X, name)))
    path = WAYS[kind](tmp_path)
    open_matrix(path)
    open_matrix(path)
    assert len(checked) == 1
    if kind == "zarr 3":
        zarr.open(path)[5, 2] = np.nan
    else:
        WAYS[kind](tmp_path, np.where(np.arange(103)[:, None] == 5, np.nan, NUMBERS).astype(np.float32))
    with pytest.raises(InvalidInput, match=r"1 of 103 rows \(row 5\)"):
        open_matrix(path)
    with pytest.raises(InvalidInput):  # a failed check is not cached
        open_matrix(path)


# -- no space for the conversion


@pytest.fixture
def full_disk() -> Iterator[None]:
    """Limit the size of files to 1,000 bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.skipif(sys.platform == "win32", reason="needs setrlimit")
def test_on_a_full_disk_parquet_is_read_into_memory_and_it_is_said(tmp_path: Path, request: Any) -> None:
    path = parquet(tmp_path)
    request.getfixturevalue("full_disk")
    with pytest.warns(RuntimeWarning, match=r"could not be converted.*(?i:too large).*kept in memory"):
        X = open_matrix(path)
    np.testing.assert_array_equal(X, NUMBERS)
    assert not list((tmp_path / CACHE).glob("rows-*"))  # and no partial file


def test_a_folder_that_cannot_be_written_is_no_obstacle(tmp_path: Path) -> None:
    path = parquet(tmp_path)
    (tmp_path / CACHE).write_text("in the way")
    with pytest.warns(RuntimeWarning, match="kept in memory"):
        X = open_matrix(path)
    np.testing.assert_array_equal(X, NUMBERS)


def test_without_room_on_disk_and_in_memory_the_message_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 100}))
    monkeypatch.setattr("hitl_widgets.data._convert.memory_left", lambda: 100)
    with pytest.raises(
        InvalidInput, match=r"X\.parquet.*No space left.*GB do not fit into memory.*Free disk space"
    ):
        open_matrix(parquet(tmp_path))


# -- invalid input: the message names the value and the next step


def cut(path: Path, n: int) -> Path:
    path.write_bytes(path.read_bytes()[:n])
    return path


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def group(folder: Path) -> Path:
    zarr.open_group(folder / "g.zarr", mode="w").create_array("emb", data=NUMBERS)
    return folder / "g.zarr"


def other_columns(folder: Path) -> Path:
    (folder / "d").mkdir()
    table(folder / "d", {"v": pa.array(list(NUMBERS[:3]))}, "a.parquet")
    table(folder / "d", {"w": pa.array(list(NUMBERS[3:]))}, "b.parquet")
    return folder / "d"


ROWS = [*NUMBERS[:40], NUMBERS[40, :5], *NUMBERS[41:]]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda f: cut(npy(f), 2000),
            r"X\.npy' is incomplete.* 2,600 bytes.*\(103, 6\).*found 2,000\.",
        ),
        (lambda f: cut(npy(f), 20), r"is not a readable \.npy file"),
        (lambda f: written(f / "X.npy", b""), r"is not a readable \.npy file"),
        (lambda f: written(f / "X.npy", b"a,b\n1,2\n"), r"is not a readable \.npy file.*numpy\.save"),
        (lambda f: npy(f, np.array([{}, None])), r"has dtype object, expected numbers"),
        (lambda f: npy(f, NUMBERS.astype(complex)), r"has dtype complex128, expected numbers"),
        (lambda f: npy(f, NUMBERS[0]), r"X has shape \(6,\).*reshape"),
        (lambda f: npy(f, NUMBERS[:50]), r"X has 50 rows, but data has 103"),
        (lambda f: npy(f, NUMBERS[:0]), r"X has 0 rows"),
        (lambda f: npy(f, NUMBERS[:, :0]), r"no columns"),
        (lambda f: f / "none.npy", r"none\.npy'.*file not found.*folder is"),
        (lambda f: written(f / "X.csv", b"1,2"), r"X\.csv'.*expected a \.npy, \.parquet or \.zarr"),
        (lambda f: table(f, {"v": pa.array(ROWS)}), r"row 40 has 5 numbers, but the first row has 6"),
        (lambda f: table(f, {"v": pa.array(ROWS)}, row_group_size=9), r"row 40 has 5 numbers"),
        (lambda f: table(f, {"v": pa.array([*NUMBERS[:102], None])}), r"row 102 has 0 numbers"),
        (lambda f: table(f, {"v": pa.array([[1.0, None]] * 103)}), r"NaN or infinite values in 103"),
        (lambda f: table(f, {"a": [[1.0]], "b": [[2.0]]}), r"2 columns of lists \('a', 'b'\)"),
        (lambda f: table(f, {"a": [1.0], "t": ["x"]}), r"has no features.*'t'"),
        (lambda f: table(f, {"a": [1.0]}), r"X has 1 rows, but data has 103"),
        (lambda f: cut(parquet(f), 900), r"is not a readable Parquet file"),
        (other_columns, r"b\.parquet' lacks columns of the other files: 'v'"),
        (group, r"is a zarr group.*emb"),
        (lambda f: written(f / "X.zarr", b"?"), r"is not a readable zarr array"),
        (lambda f: zarr_folder(f, NUMBERS[:50]), r"X has 50 rows"),
        (lambda f: zarr.create_array(f / "1.zarr", data=NUMBERS[0]), r"shape \(6,\)"),
        (lambda f: da.ones(103), r"shape \(103,\)"),
        (lambda f: da.ones((50, 6), chunks=20), r"X has 50 rows"),
        (lambda f: of_unknown_length(f, NUMBERS[:50]), r"X has 50 rows"),
        (lambda f: da.from_array(np.full((103, 2), "x"), chunks=20), r"has dtype <U1, not numbers"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_next_step(
    tmp_path: Path, make: Callable[[Path], Any], words: str
) -> None:
    with pytest.raises(InvalidInput, match=words):
        open_matrix(make(tmp_path), 103)
    assert not list(tmp_path.rglob("*.tmp"))


def test_damaged_pages_of_parquet_are_told(tmp_path: Path) -> None:
    path = parquet(tmp_path, compression="zstd")
    content = bytearray(path.read_bytes())
    content[60:900] = bytes(840)
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match=r"X\.parquet' is damaged.*Write it again"):
        open_matrix(path)


def test_rows_that_are_not_finite_are_named_wherever_they_lie(tmp_path: Path, way: Any) -> None:
    X = NUMBERS.copy()
    X[[17, 90], 3] = np.nan, np.inf
    with pytest.raises(InvalidInput, match=r"2 of 103 rows \(row 17, 90\)"):
        open_matrix(way(tmp_path, X))


def test_what_is_beyond_float32_is_named_wherever_it_lies(tmp_path: Path, way: Any) -> None:
    X = NUMBERS.astype(np.float64)
    X[17, 3] = 1e300
    made = way(tmp_path, X)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(InvalidInput, match=r"1 of 103 rows \(row 17\)"):
            open_matrix(made)


def test_numbers_too_large_for_distances_are_refused_wherever_they_lie(tmp_path: Path, way: Any) -> None:
    X = NUMBERS.copy()
    X[50, 4] = -3e13
    with pytest.raises(InvalidInput, match=r"from -3e\+13 to .*in column 4"):
        open_matrix(way(tmp_path, X))


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(InvalidInput, match=r"needs pyarrow.*pip install 'hitl-widgets\[scale\]'"):
        open_matrix(parquet(tmp_path))


def test_a_damaged_zarr_chunk_is_told_with_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "X.zarr"
    zarr.create_array(path, data=np.ones((300, 4), np.float32), chunks=(100, 4))
    (path / "c" / "1" / "0").write_bytes(b"junk")
    with pytest.raises(InvalidInput, match=r"X.zarr: rows .* cannot be read .*damaged, copy it again"):
        open_matrix(path)


def test_zarr_chunks_that_are_not_there_are_said(tmp_path: Path) -> None:
    path = tmp_path / "X.zarr"
    zarr.create_array(path, data=np.ones((300, 4), np.float32), chunks=(100, 4))
    (path / "c" / "2" / "0").unlink()
    with pytest.warns(RuntimeWarning, match=r"1 of 3 chunks .* are missing, so their rows are all 0"):
        assert open_matrix(path).shape == (300, 4)


def test_masked_values_are_refused() -> None:
    X = np.ma.masked_equal(np.arange(12.0).reshape(4, 3), 5)
    with pytest.raises(InvalidInput, match=r"X has 1 masked values: fill them"):
        open_matrix(X)
    assert open_matrix(np.ma.masked_array(np.ones((4, 3)))).shape == (4, 3)
