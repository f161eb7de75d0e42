"""Data and features in the formats of other libraries."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dask.array
import dask.dataframe
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset
import pytest
from scipy import sparse

from hitl_widgets.data.matrix import open_matrix
from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import InvalidInput
from hitl_widgets.paths import full_path
from hitl_widgets.session import Session
from hitl_widgets.transfer.stored import stored_labels

Make = Callable[..., Session]
ROWS = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)
CELLS = ROWS.tolist()
FORMATS = [
    getattr(sparse, f"{name}_{kind}")
    for name in ("csr", "csc", "coo", "lil", "dok", "dia", "bsr")
    for kind in ("matrix", "array")
]


@pytest.mark.parametrize("make", FORMATS)
@pytest.mark.parametrize("width", [5, 200])
def test_every_sparse_format(make: Any, width: int) -> None:
    dense = np.random.default_rng(0).integers(0, 5, (20, width)) * 1.0
    assert open_matrix(make(dense), 20).shape == (20, min(width, 20 if width > 128 else width))
    if width == 5:
        assert (open_matrix(make(dense), 20) == dense).all()


@pytest.mark.parametrize("make", FORMATS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300])
def test_nan_in_a_sparse_matrix_is_found_without_making_it_dense(
    make: Any, value: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    dense = np.zeros((20, 200))
    dense[3, 7] = dense[5, 0] = value
    X = make(dense)
    for one in (sparse.csr_matrix, sparse.csr_array, type(X)):
        monkeypatch.setattr(one, "toarray", lambda *_, **__: pytest.fail("made dense"))
    with pytest.raises(InvalidInput, match=r"NaN or infinite values in 2 of 20 rows \(row 3, 5\)"):
        open_matrix(X, 20)


def test_sparse_numbers_that_are_too_wide_are_named() -> None:
    X = sparse.coo_array(([1.0, -1e13], ([2, 4], [1, 150])), shape=(6, 300))
    with pytest.raises(InvalidInput, match=r"ranges from -1e\+13 to 1, .* in column 150 of row 4"):
        open_matrix(X, 6)


def test_sparse_columns_of_pandas() -> None:
    assert (open_matrix(pd.DataFrame.sparse.from_spmatrix(sparse.csr_matrix(ROWS)), 6) == ROWS).all()


def test_an_empty_sparse_matrix() -> None:
    assert (open_matrix(sparse.csr_array((6, 3)), 6) == 0).all()


NESTED: dict[str, Callable[[], Any]] = {
    "object array of arrays": lambda: np.array([*ROWS, None], dtype=object)[:-1],
    "object array of lists": lambda: np.array([*CELLS, None], dtype=object)[:-1],
    "list of arrays": lambda: list(ROWS),
    "list of tuples": lambda: list(map(tuple, CELLS)),
    "pandas, arrays": lambda: pd.Series(list(ROWS), index=range(6, 0, -1)),
    "pandas, lists": lambda: pd.Series(CELLS),
    "pandas, Arrow": lambda: pd.Series(CELLS, dtype=pd.ArrowDtype(pa.list_(pa.float32()))),
    "polars List": lambda: pl.Series(CELLS),
    "polars Array": lambda: pl.Series(CELLS, dtype=pl.Array(pl.Float32, 3)),
    "Arrow list": lambda: pa.array(CELLS),
    "Arrow fixed size": lambda: pa.array(CELLS, pa.list_(pa.float32(), 3)),
    "Arrow chunks": lambda: pa.chunked_array([CELLS[:2], CELLS[2:]]),
    "a table of one column": lambda: pd.DataFrame({"e": CELLS}),
    "a polars table of one column": lambda: pl.DataFrame({"e": CELLS}),
    "an Arrow table of one column": lambda: pa.table({"e": CELLS}),
}


@pytest.mark.parametrize("name", NESTED)
def test_a_column_of_lists_is_a_table_of_numbers(name: str) -> None:
    assert np.allclose(open_matrix(NESTED[name](), 6), ROWS)


@pytest.mark.parametrize("make", [pd.Series, pl.Series, list, pa.array])
def test_lists_that_are_missing_or_differ_in_length_are_named(make: Any) -> None:
    with pytest.raises(InvalidInput, match=r"no numbers for 2 of 4 rows \(row 1\)"):
        open_matrix(make([[1.0], None, [2.0], None]), 4)
    with pytest.raises(InvalidInput, match=r"row 0 has 2 numbers, row 2 has 1"):
        open_matrix(make([[1.0, 2.0], [1.0, 2.0], [3.0]]), 3)
    with pytest.raises(InvalidInput, match=r"NaN or infinite values in 1 of 2 rows \(row 1\)"):
        open_matrix(make([[1.0, 2.0], [None, 2.0]]), 2)


LAZY: list[tuple[Callable[[], Any], str]] = [
    (lambda: pl.DataFrame({"t": ["x", "y"]}).lazy(), "collect()"),
    (lambda: dask.dataframe.from_pandas(pd.DataFrame({"t": ["x", "y"]}), npartitions=1), "compute()"),
    (lambda: pyarrow.dataset.dataset(pa.table({"t": ["x", "y"]})), "to_table()"),
]


@pytest.mark.parametrize(("make", "call"), LAZY)
def test_what_is_not_computed_yet_is_refused_with_the_call_that_does(
    make_session: Make, make: Any, call: str
) -> None:
    with pytest.raises(InvalidInput, match=r"compute it and pass data\.") as error:
        Pool.from_data(make(), text="t")
    assert f"data.{call}" in str(error.value)
    with pytest.raises(InvalidInput, match=r"compute it and pass source\."):
        make_session().import_labels(make())


def test_a_dask_array_is_features_as_it_was() -> None:
    assert len(Pool.from_data(dask.array.from_array(ROWS))) == 6


class Dataset:
    """A stand-in for a Hugging Face dataset, which is not even a dependency of the tests."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table
        self.features = {name: object() for name in table.column_names}

    def with_format(self, kind: str) -> Dataset:
        assert kind == "arrow"
        return self

    def __len__(self) -> int:
        return len(self._table)

    def __getitem__(self, part: Any) -> pa.Table:
        return self._table


class DatasetDict(dict[str, Any]):
    pass


class IterableDataset:
    features = None


for one in (Dataset, DatasetDict, IterableDataset):
    one.__module__ = "datasets.arrow_dataset"


def test_a_hugging_face_dataset_is_a_table(make_session: Make) -> None:
    session = make_session(Dataset(pa.table({"t": ["x", "y"], "n": [1, 2]})), text="t")
    session.label(session.pool.ids[0], "a")
    found = session.to_frame()
    assert found.column_names[:2] == ["t", "n"]
    assert found["label"].to_pylist() == ["a", None]


def test_images_of_a_hugging_face_dataset() -> None:
    cells = [{"bytes": b"\x89PNG", "path": None}, {"bytes": None, "path": "a.png"}, None]
    assert list(Pool.from_data(Dataset(pa.table({"i": cells})), image="i").items) == [
        b"\x89PNG",
        Path("a.png"),
        None,
    ]


def test_several_datasets_and_streams_are_refused_with_what_to_pass() -> None:
    with pytest.raises(
        InvalidInput, match=r"several datasets \('train', 'test'\): pass one, such as data\['train'\]"
    ):
        Pool.from_data(DatasetDict(train=1, test=2), text="t")
    with pytest.raises(InvalidInput, match=r"list\(data.take\(10_000\)\)"):
        Pool.from_data(IterableDataset(), text="t")


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
def test_bytes_are_decoded(make: Any) -> None:
    pool = Pool.from_data(make({"t": ["naïve".encode(), b"\xef\xbb\xbfmark", None]}), text="t")
    assert list(pool.items) == ["naïve", "mark", ""]
    assert list(Pool.from_data(["naïve".encode(), b"x\ny", "text"]).items) == ["naïve", "x\ny", "text"]
    assert list(Pool.from_data(np.array([b"x", b"yz"])).items) == ["x", "yz"]


def test_bytes_that_are_no_utf8_are_refused_with_their_row() -> None:
    with pytest.raises(
        InvalidInput, match=r"text='t': row 1 contains bytes that are not UTF-8 \(unexpected end"
    ):
        Pool.from_data(pd.DataFrame({"t": [b"x", "é".encode("latin-1")]}), text="t")


def test_bytes_of_images_stay_images() -> None:
    assert Pool.from_data([b"\x89PNG\r\n\x1a\n\0", b"\xff\xd8\xff\xe0"]).kind == "image"


# -- paths


def test_paths_with_a_home_and_variables(
    make_session: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HITL_TEST", str(tmp_path / "deep"))
    (tmp_path / "deep").mkdir()
    np.save(tmp_path / "deep" / "X.npy", ROWS)
    session = make_session(
        pd.DataFrame({"t": list("uvwxyz")}), text="t", X="$HITL_TEST/X.npy", store="~/l.sqlite"
    )
    session.label(session.pool.ids[:3], "a")
    session.label(session.pool.ids[3:], "b")
    assert session.export("${HITL_TEST}/l.csv") == tmp_path / "deep" / "l.csv"
    assert session.save_model("~/deep/m.npz") == tmp_path / "deep" / "m.npz"
    session.export("~/h.jsonl", names=True)
    assert len(stored_labels("$HOME/l.sqlite")) == 6
    with make_session(pd.DataFrame({"t": list("uvwxyz")}), text="t", store="$HITL_TEST/new.sqlite") as other:
        assert other.import_labels("~/h.jsonl").n == 2
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "deep",
        "h.jsonl",
        "h.jsonl.card.md",
        "l.sqlite",
    ] or any(p.name == ".hitl-widgets" for p in tmp_path.iterdir())
    assert (tmp_path / "deep" / "new.sqlite").exists()


def test_a_variable_that_is_not_set_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HITL_NOTHING", raising=False)
    for path in ("$HITL_NOTHING/l.csv", "${HITL_NOTHING}", "x/$HITL_NOTHING/y"):
        with pytest.raises(
            InvalidInput, match=r"environment variable \$\{?HITL_NOTHING\}?, which is not set"
        ):
            full_path(path)
    (tmp_path / "$HITL_NOTHING").touch()
    assert full_path(tmp_path / "$HITL_NOTHING").exists()
    assert full_path("price in US$.csv").name == "price in US$.csv"
    if os.name == "posix":
        with pytest.raises(InvalidInput, match="no such user"):
            full_path("~nobody-of-this-name/l.csv")
