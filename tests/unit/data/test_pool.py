from __future__ import annotations

import io
import tracemalloc
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zarr
from PIL import Image

from hitl_widgets.data import matrix
from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import InvalidInput
from hitl_widgets.items.base import Size

MAKERS: list[Callable[[dict[str, list[Any]]], Any]] = [pd.DataFrame, pl.DataFrame, pa.table]
MESSAGES = {"message": ["hello", "win money", "see you"], "n": [1, 2, 3], "name": ["u1", "u2", "u3"]}


def png(colour: int = 0) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (3, 2), (colour, 0, 0)).save(stream, format="PNG")
    return stream.getvalue()


# -- kinds of items


@pytest.mark.parametrize("make", MAKERS)
def test_a_column_of_texts_is_read_from_any_table(make: Callable[..., Any]) -> None:
    source = make(MESSAGES)
    pool = Pool.from_data(source, text="message")
    assert pool.kind == "text"
    assert list(pool.items) == MESSAGES["message"]
    assert pool.rows.tolist() == [0, 1, 2]
    assert type(pool.source) is type(source)
    assert pool.source_changed == ""
    assert len(set(pool.ids)) == len(pool) == 3


@pytest.mark.parametrize("make", MAKERS)
def test_the_columns_of_any_table_make_table_rows(make: Callable[..., Any]) -> None:
    assert Pool.from_data(make(MESSAGES)).items[0] == {"message": "hello", "n": 1, "name": "u1"}
    assert Pool.from_data(make(MESSAGES), columns=["n", "message"]).items[1] == {
        "n": 2,
        "message": "win money",
    }
    assert Pool.from_data(make(MESSAGES), columns="n").items[0] == {"n": 1}  # type: ignore[arg-type]
    assert Pool.from_data(make(MESSAGES), id="name").items[0] == {"message": "hello", "n": 1}


def test_the_same_content_has_the_same_id_in_every_kind_of_table() -> None:
    ids = [Pool.from_data(make(MESSAGES), text="message").ids for make in MAKERS]
    assert ids[0] == ids[1] == ids[2]
    rows = [Pool.from_data(make(MESSAGES)).ids for make in MAKERS]
    assert rows[0] == rows[1] == rows[2]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (["one", "two"], "text"),
        (("one", "two"), "text"),
        (pd.Series(["one", "two"]), "text"),
        (["one", None], "text"),
        (np.array(["one", "two"]), "text"),
        ([{"a": 1}, {"a": 2}], "table"),
        (np.eye(2), "table"),
        (np.zeros((2, 5, 5)) + np.arange(2)[:, None, None], "image"),
        (np.zeros((2, 5, 5, 3)) + np.arange(2)[:, None, None, None], "image"),
        ([np.zeros((2, 2)), np.ones((3, 3))], "image"),
        ([png(1), png(2)], "image"),
        ([Path("a.png"), Path("b.png")], "image"),
        ([Image.new("L", (2, 2), 1), Image.new("L", (2, 2), 2)], "image"),
        ([png(1), None], "image"),
    ],
)
def test_lists_and_arrays_are_read_by_what_they_hold(data: Any, kind: str) -> None:
    pool = Pool.from_data(data)
    assert pool.kind == kind
    assert len(pool) == 2


def test_an_array_of_features_serves_as_features_unless_others_are_passed() -> None:
    X = np.arange(6.0).reshape(3, 2)
    pool = Pool.from_data(X)
    assert pool.items[0] == {"x0": 0.0, "x1": 1.0}
    assert pool.X is not None
    np.testing.assert_array_equal(pool.X, X)
    other = Pool.from_data(X, X=-X)
    np.testing.assert_array_equal(other.X, -X)  # type: ignore[arg-type]


def test_a_missing_text_is_an_empty_text() -> None:
    table = pd.DataFrame({"t": ["a", None, np.nan, pd.NA, pd.NaT]}, dtype=object)
    pool = Pool.from_data(table, text="t")
    assert list(pool.items) == ["a", ""]
    assert pool.rows.tolist() == [0, 1, 1, 1, 1]


def test_numbers_in_a_text_column_are_read_as_text() -> None:
    assert list(Pool.from_data(pd.DataFrame({"t": [1, 2]}), text="t").items) == ["1", "2"]


def test_columns_may_be_named_by_numbers() -> None:
    pool = Pool.from_data(pd.DataFrame(np.eye(2)).assign(word=["x", "y"]))
    assert pool.items[0] == {0: 1.0, 1: 0.0, "word": "x"}
    assert pool.payload(0).content["rows"] == [["0", "1"], ["1", "0"], ["word", "x"]]


# -- ids


def test_ids_come_from_the_named_column() -> None:
    pool = Pool.from_data(pd.DataFrame(MESSAGES), text="message", id="n")
    assert pool.ids == (1, 2, 3)
    assert pool.keys == ("1", "2", "3")
    assert pool.index([3, "1"]) == [2, 0]
    assert pool.find(4) is None


def test_rows_of_equal_content_are_one_item() -> None:
    pool = Pool.from_data(["a", "b", "a", "a"], X=np.arange(8).reshape(4, 2))
    assert list(pool.items) == ["a", "b"]
    assert pool.rows.tolist() == [0, 1, 0, 0]
    np.testing.assert_array_equal(pool.X, [[0, 1], [2, 3]])  # type: ignore[arg-type]


def test_rows_of_equal_content_stay_apart_where_they_have_ids() -> None:
    pool = Pool.from_data(pd.DataFrame({"t": ["a", "a"], "k": [1, 2]}), text="t", id="k")
    assert len(pool) == 2
    assert pool.rows.tolist() == [0, 1]


def test_reordering_and_growing_keep_the_ids() -> None:
    small = Pool.from_data(["b", "a"])
    large = Pool.from_data(["a", "c", "b"])
    assert large.index(small.ids) == [2, 0]
    assert small.fingerprint != large.fingerprint
    assert small.fingerprint == Pool.from_data(["b", "a"]).fingerprint


def test_a_table_keeps_its_ids_when_a_missing_value_turns_whole_numbers_to_floats() -> None:
    before = Pool.from_data(pd.DataFrame({"n": [1, 2]}))
    after = Pool.from_data(pd.DataFrame({"n": [1, 2, None]}))
    assert after.ids[:2] == before.ids


def test_the_order_of_columns_does_not_matter_for_the_ids() -> None:
    table = pd.DataFrame(MESSAGES)
    assert Pool.from_data(table[["n", "message"]]).ids == Pool.from_data(table[["message", "n"]]).ids


def test_a_file_keeps_its_id_when_it_moves(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(7))
    (tmp_path / "b.png").write_bytes(png(7))
    pool = Pool.from_data([tmp_path / "a.png", tmp_path / "b.png"])
    assert len(pool) == 1
    assert pool.ids == Pool.from_data([png(7)]).ids


def test_images_that_cannot_be_read_are_items_too(tmp_path: Path) -> None:
    pool = Pool.from_data([tmp_path / "none.png", b"no image", None, png()])
    assert [pool.payload(i).content["kind"] for i in range(4)] == ["broken", "broken", "broken", "image"]


@pytest.mark.parametrize("item", ["", "\ud800", "a\0b", "ä" * 100_000])
def test_odd_texts_have_ids(item: str) -> None:
    pool = Pool.from_data([item, "b"])
    assert pool.find(pool.ids[0]) == 0


# -- rows of numbers, in memory or not

FEATURES = np.random.default_rng(3).normal(size=(50, 4)).astype(np.float16)


def files_of(X: Any, folder: Path) -> list[Any]:
    np.save(folder / "X.npy", X)
    pq.write_table(pa.table({"v": pa.array(list(X))}), folder / "X.parquet")
    zarr.save_array(folder / "X.zarr", X)
    return [folder / "X.npy", str(folder / "X.npy"), folder / "X.parquet", folder / "X.zarr"]


def test_a_row_of_numbers_has_one_id_wherever_it_lies(tmp_path: Path) -> None:
    ids = Pool.from_data(FEATURES).ids
    single, double = FEATURES.astype(np.float32), FEATURES.astype(np.float64)
    others = [single, double, np.asfortranarray(single), da.from_array(single, chunks=(7, 2))]
    for data in [*others, *files_of(single, tmp_path)]:
        pool = Pool.from_data(data)
        assert pool.ids == ids
        assert (pool.kind, pool.source is data, pool.X.shape) == ("table", True, (50, 4))
        assert pool.items[7] == pytest.approx(
            {"x0": single[7, 0], "x1": single[7, 1], "x2": single[7, 2], "x3": single[7, 3]}
        )


def test_the_ids_of_rows_of_numbers_stay_what_they_are_between_versions() -> None:
    assert Pool.from_data(np.array([[0.0, 1.5], [-2.0, 3e7]])).ids == ("72c839ca80f644c4", "36b49dadc4d75b76")


@pytest.mark.parametrize("large", [True, False])
def test_equal_rows_of_numbers_are_one_item(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, large: bool
) -> None:
    if large:
        monkeypatch.setattr(matrix, "LARGE", 10)
    X = FEATURES.astype(np.float32)[[4, 0, 4, 1, 0, 2, 4]]
    for data in [X, da.from_array(X, chunks=(3, 2)), *files_of(X, tmp_path)]:
        pool = Pool.from_data(data)
        assert pool.rows.tolist() == [0, 1, 0, 2, 1, 3, 0]
        assert pool.first_rows.tolist() == [0, 1, 3, 5]
        np.testing.assert_array_equal(pool.X[:], X[[0, 1, 3, 5]])
        assert [item["x0"] for item in pool.items] == X[[0, 1, 3, 5], 0].tolist()
        assert pool.ids == Pool.from_data(X[[0, 1, 3, 5]]).ids


def test_features_of_texts_may_be_a_file(tmp_path: Path) -> None:
    texts = [f"text {i % 40}" for i in range(50)]
    for X in [*files_of(FEATURES.astype(np.float32), tmp_path), da.from_array(FEATURES, chunks=9)]:
        pool = Pool.from_data(texts, X=X, cache=tmp_path / "cache")
        np.testing.assert_array_equal(pool.X[:], FEATURES[:40])
    assert list((tmp_path / "cache").glob("rows-*.npy"))
    with pytest.raises(InvalidInput, match="X has 50 rows, but data has 3"):
        Pool.from_data(["a", "b", "c"], X=tmp_path / "X.npy")
    other = Pool.from_data(tmp_path / "X.npy", X=-FEATURES)
    np.testing.assert_array_equal(other.X, -FEATURES)


def test_rows_of_numbers_are_not_copied_and_not_held_as_dicts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrix, "LARGE", 10**6)
    X = np.random.default_rng(0).normal(size=(20_000, 400)).astype(np.float32)
    tracemalloc.start()
    pool = Pool.from_data(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert pool.X is X
    assert peak < X.nbytes / 2
    assert len(pool.items) == 20_000
    assert pool.items[-1] == pool.items[19_999:][0] == {f"x{j}": v for j, v in enumerate(X[-1].tolist())}
    with pytest.raises(IndexError):
        pool.items[20_000]


def test_a_wide_row_is_shown_whole_up_to_2000_columns_and_bounded() -> None:
    pool = Pool.from_data(np.arange(4_002.0).reshape(2, 2_001))
    shown = pool.payload(1).content
    assert shown["rows"][:2] == [["x0", "2001"], ["x1", "2002"]]
    assert (len(shown["rows"]), shown["more"]) == (2_000, 1)
    assert len(pool.payload(1, Size(glimpse=True)).content["rows"]) == 12
    long = Pool.from_data([{f"c{j}": "x" * 10_000 for j in range(500)}]).payload(0).content
    assert len(long["rows"][0][1]) == 4_000
    assert len(str(long)) < 300_000


def test_numbers_of_a_row_have_few_digits_and_their_size_is_seen() -> None:
    values = {"a": 1 / 3, "b": 1_234_567.89, "c": 1e22, "d": 20_240_101, "e": np.float32(0.1), "f": None}
    shown = dict(Pool.from_data([values]).payload(0).content["rows"])
    assert shown == {"a": "0.333333", "b": "1,234,568", "c": "1e+22", "d": "20240101", "e": "0.1", "f": ""}


def test_an_unknown_id_is_named_with_the_nearest() -> None:
    pool = Pool.from_data(
        pd.DataFrame({"text": ["x", "y", "z"], "id": ["mail-1", "mail-2", "note-3"]}), id="id"
    )
    with pytest.raises(InvalidInput, match=r"'mial-2'.*Did you mean 'mail-2'.*3 items.*'mail-1', 'mail-2'"):
        pool.index(["mial-2"])
    with pytest.raises(InvalidInput, match=r"'spam'\. The pool"):  # no similar id, so no suggestion
        pool.index(["spam"])


# -- invalid input: the message names the value and the next step

TABLE = pd.DataFrame(MESSAGES)


@pytest.mark.parametrize(
    ("data", "options", "words"),
    [
        (TABLE, {"text": "mesage"}, r"text='mesage'.*Did you mean 'message'.*'message', 'n', 'name'"),
        (TABLE, {"image": "picture"}, r"image='picture'.*Its columns are 'message'"),
        (TABLE, {"columns": ["n", "nam"]}, r"columns='nam'.*Did you mean 'name'"),
        (TABLE, {"columns": []}, r"columns=\[\].*at least one"),
        (TABLE, {"text": "message", "id": "nome"}, r"id='nome'.*Did you mean 'name'"),
        (TABLE, {"text": "message", "columns": ["n"]}, r"columns=.* cannot be passed with text="),
        (TABLE.iloc[:0], {"text": "message"}, r"empty.*at least one row"),
        (pl.DataFrame({"t": []}), {"text": "t"}, r"empty"),
        ([], {}, r"empty"),
        (pd.DataFrame({"k": [1, 2, 1], "t": list("abc")}), {"id": "k"}, r"id='k'.*1 ids.*\(1\).*distinct"),
        (pd.DataFrame({"k": [1, "1"], "t": list("ab")}), {"id": "k"}, r"more than once \('1'\)"),
        (
            pd.DataFrame({"k": ["x", None], "t": list("ab")}),
            {"id": "k"},
            r"1 of 2 ids are missing \(rows 1\)",
        ),
        (pd.DataFrame({"k": [1.5, np.nan], "t": list("ab")}), {"id": "k"}, r"1 of 2 ids are missing"),
        (pl.DataFrame({"k": ["x", ""], "t": list("ab")}), {"id": "k"}, r"missing.*Without id="),
        (["a", "b"], {"text": "t"}, r"text= names a column, but data is a list"),
        (["a", "b"], {"id": "k"}, r"id= names a column, but data is a list"),
        (["a", "b"], {"columns": []}, r"columns= names a column, but data is a list"),
        (np.eye(3), {"image": "k"}, r"image= names a column, but data is an ndarray"),
        (["a", 1], {}, r"data contains 'int', 'str' values.*all of one kind"),
        (["a", b"\xff"], {}, r"data contains 'bytes', 'str'"),
        ([1.5, 2.5], {}, r"data contains 'float'"),
        ("one text", {}, r"data is of type str: expected a pandas, polars or Arrow table"),
        ({"a": ["x", "y"]}, {}, r"data is of type dict"),
        (Path("table.csv"), {}, r"data is of type \w*Path"),
        (Image.new("L", (2, 2)), {}, r"data is of type Image"),
        (np.array(1.0), {}, r"data is of type ndarray"),
        (Path("none.npy"), {}, r"X='.*none\.npy': file not found"),
        ("pool.parquet", {"text": "t"}, r"text= names a column, but data is a str"),
        (np.zeros((0, 3)), {}, r"empty.*at least one row"),
        (np.array([[1.0, np.nan]]), {}, r"X has NaN"),
        (None, {}, r"data is of type NoneType"),
        (5, {}, r"data is of type int"),
        (pl.DataFrame(MESSAGES).lazy(), {"text": "message"}, r"LazyFrame"),
    ],
)
def test_data_that_cannot_be_used_is_refused_with_the_next_step(
    data: Any, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidInput, match=words):
        Pool.from_data(data, **options)


@pytest.mark.parametrize(
    ("X", "words"),
    [
        (np.zeros((2, 4)), r"2 rows.*3"),
        (np.zeros(3), r"\(3,\).*reshape"),
        (np.zeros((3, 0)), r"no columns"),
        (np.array([[1.0], [np.nan], [2.0]]), r"(?i)nan"),
        (np.array([[1.0], [np.inf], [2.0]]), r"(?i)inf"),
        (np.array([["a"], ["b"], ["c"]]), r"numbers"),
        ([[1, 2], [3], [4]], r"numbers"),
        (np.array([[1e300], [0], [0]]), r"(?i)inf"),
    ],
)
def test_features_that_cannot_be_used_are_refused(X: Any, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        Pool.from_data(["a", "b", "c"], X=X)


def test_a_column_name_that_occurs_twice_is_refused() -> None:
    table = pd.DataFrame([["a", "b"], ["c", "d"]], columns=["t", "t"])
    with pytest.raises(InvalidInput, match="'t'"):
        Pool.from_data(table, text="t")


def test_equal_items_that_features_tell_apart_are_said_once() -> None:
    texts, X = ["a", "b", "a", "b"], np.arange(8.0).reshape(4, 2)
    with pytest.warns(RuntimeWarning, match=r"Of 4 rows, 2 have different content .*pass id="):
        assert len(Pool.from_data(texts, X=X)) == 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Pool.from_data(texts, X=X[[0, 1, 0, 1]])
        Pool.from_data(pd.DataFrame({"n": range(4), "text": texts}), text="text", id="n", X=X)


@pytest.mark.parametrize("kind", ["text", "markdown", None])
def test_a_column_of_any_kind_is_named_by_item(kind: str | None) -> None:
    table = pd.DataFrame({"said": ["one", "two"], "n": [1, 2]})
    pool = Pool.from_data(table, item="said", kind=kind)
    assert (pool.kind, pool.column, list(pool.items)) == (kind or "text", "said", ["one", "two"])
    assert pool.ids == Pool.from_data(table, text="said").ids


def test_dicts_in_a_column_are_rows_with_the_columns_of_all() -> None:
    pool = Pool.from_data(pd.DataFrame({"cell": [{"a": 1}, {"b": "x"}]}), item="cell")
    assert (pool.kind, list(pool.items)) == ("table", [{"a": 1, "b": None}, {"a": None, "b": "x"}])


@pytest.mark.parametrize(
    ("data", "how", "words"),
    [
        (pd.DataFrame({"said": ["one"]}), {"item": "said", "kind": "table"}, "row 0 is a str.*columns="),
        ([{"a": 1}, "b"], {"kind": "table"}, "row 1 is a str"),
        (np.eye(3), {"kind": "image"}, "kind='image': data is an array of features"),
    ],
)
def test_a_kind_that_the_data_is_not_is_refused(data: Any, how: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        Pool.from_data(data, **how)


def test_the_kind_of_a_list_may_be_said() -> None:
    assert Pool.from_data(["**a**", "b"], kind="markdown").kind == "markdown"
    assert Pool.from_data(pd.DataFrame({"a": [1, 2]}), kind="table").kind == "table"


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"item": "said", "kind": "txt"}, "kind='txt' is not a kind of item.*'text'"),
        ({"item": "said", "kind": "text:en"}, "kind='text:en': text takes no option"),
        ({"kind": "text"}, "kind='text': pass item="),
        ({"item": "said", "text": "said"}, "item='said' beside another column needs its kind"),
        ({"text": "said", "kind": "text"}, "kind='text': pass item= with it, not text="),
        ({"text": "said", "image": "n", "kind": "text"}, "kind='text': pass item=, the column"),
        ({"text": "said", "columns": ["n"]}, r"columns=\['n'\] cannot be passed with text="),
        ({"text": ["said", "n"], "image": "n"}, r"text=\['said', 'n'\] cannot be passed with image="),
        ({"item": "sad"}, "item='sad': the table has no such column"),
        ({"item": "n"}, "item='n' contains 'int' values.*kind=, one of"),
    ],
)
def test_kinds_that_cannot_be_meant_are_refused(how: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        Pool.from_data(pd.DataFrame({"said": ["one", "two"], "n": [1, 2]}), **how)
