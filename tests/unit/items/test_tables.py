"""Table features: identical for the pool and for new rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from hitl_widgets.background.children import Cancelled
from hitl_widgets.errors import InvalidInput
from hitl_widgets.items.features.tables import Categories, Cell, Gaps, Numbers, TableRows, as_numbers
from hitl_widgets.items.features.tables import encode as encode_tables
from hitl_widgets.models.files import load_model, save_model
from hitl_widgets.session import Session

N = 80
RNG = np.random.default_rng(0)
WORDS = ["river", "lake", "apple", "pear", "tax", "loan", "sea", "plum"]


def holed(values: list[Any], every: int = 7) -> list[Any]:
    return [None if i % every == 0 else value for i, value in enumerate(values)]


COLUMNS: dict[str, list[Any]] = {
    "numbers": RNG.normal(size=N).tolist(),
    "skewed": np.exp(3 * RNG.normal(size=N)).tolist(),
    "with an outlier": [1e12, *range(N - 1)],
    "huge": [1e308, float("inf"), *range(N - 2)],
    "with gaps": holed(list(range(N))),
    "with NaN": [float("nan"), *map(float, range(N - 1))],
    "flags": [i % 3 == 0 for i in range(N)],
    "flags with gaps": holed([i % 3 == 0 for i in range(N)]),
    "constant": [3] * N,
    "constant with gaps": holed([3] * N),
    "missing": [None] * N,
    "one value": [None] * (N - 1) + [5],
    "numpy numbers": list(RNG.integers(0, 9, N)),
    "days": [date(2024, 1 + i % 12, 1 + i % 28) for i in range(N)],
    "times": [datetime(2024, 1, 1 + i % 28, i % 24, tzinfo=UTC) for i in range(N)],
    "times with gaps": [pd.NaT if i % 7 == 0 else pd.Timestamp(2024, 1, 1 + i % 28) for i in range(N)],
    "datetime64": list(np.arange("2024-01-01", "2024-03-21", dtype="datetime64[D]")),
    "categories": [WORDS[i % 3] for i in range(N)],
    "categories with gaps": holed([WORDS[i % 3] for i in range(N)]),
    "one category": ["a"] * N,
    "empty texts": [""] * N,
    "blank": [" " * i for i in range(N)],
    "many categories": [f"city {i % 30}" for i in range(N)],
    "distinct": [f"code {i}" for i in range(N)],
    "texts": [f"the {WORDS[i % 8]} number {i} of {WORDS[i % 5]}" for i in range(N)],
    "texts with gaps": holed([f"the {WORDS[i % 8]} number {i}" for i in range(N)]),
    "mixed": [i if i % 2 else str(i) for i in range(N)],
    "lists": [[i, i + 1] for i in range(N)],
    "half a character": [f"\ud800 {i % 4}" for i in range(N)],
}
TABLES: dict[str, dict[Any, list[Any]]] = {
    **{name: {name: values} for name, values in COLUMNS.items()},
    "all": dict(COLUMNS),
    "one row": {name: values[:1] for name, values in COLUMNS.items()},
    "two rows": {name: values[:2] for name, values in COLUMNS.items()},
    "names that are numbers": {0: COLUMNS["numbers"], 1: COLUMNS["categories"], 2: COLUMNS["texts"]},
    "names with signs": {"a=b": COLUMNS["categories"], "0=": COLUMNS["categories"], "a__b": COLUMNS["texts"]},
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_of_every_kind(name: str, tmp_path: Path) -> None:
    columns = TABLES[name]
    n = len(next(iter(columns.values())))
    X, encoder = encode_tables(columns)
    assert X.dtype == np.float32
    assert X.flags.c_contiguous
    assert X.shape[0] == n
    assert X.shape[1] > 0
    assert np.isfinite(X).all()
    np.testing.assert_array_equal(encode_tables(columns)[0], X)
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    texts = any(part.startswith("text") for part, _ in encoder[1].transformer_list)
    for table in (columns, rows):
        np.testing.assert_allclose(encoder.transform(table), X, atol=2e-4 if texts else 1e-6)
    alone = encoder.transform(rows[:1])
    assert alone.dtype == np.float32
    np.testing.assert_allclose(alone, X[:1], atol=2e-4)
    loaded = load_model(save_model(encoder, tmp_path / "m.npz"))
    np.testing.assert_array_equal(loaded.transform(rows), encoder.transform(rows))


@pytest.mark.parametrize("kind", ["numbers", "skewed", "with an outlier", "with gaps", "flags", "days"])
def test_numbers_have_mean_0_and_variance_1(kind: str) -> None:
    X = encode_tables({kind: COLUMNS[kind]})[0]
    np.testing.assert_allclose(X.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(X.std(axis=0), 1, atol=1e-5)


def test_an_outlier_leaves_the_others_apart() -> None:
    X = encode_tables({"n": COLUMNS["with an outlier"]})[0][:, 0]
    assert np.all(np.diff(X[1:]) > 0)
    assert X[1:].std() > 0.7
    assert X[0] == X.max()


@pytest.mark.parametrize("kind", ["constant", "missing", "one category", "empty texts"])
def test_what_does_not_differ_says_nothing(kind: str) -> None:
    X = encode_tables({kind: COLUMNS[kind]})[0]
    assert np.all(X[0] == X)


def test_a_gap_has_a_column_of_its_own() -> None:
    X = encode_tables({"n": COLUMNS["with gaps"]})[0]
    assert X.shape == (N, 2)
    gone = np.arange(N) % 7 == 0
    assert len(set(X[gone, 1])) == 1
    assert X[gone, 1].min() > X[~gone, 1].max()


@pytest.mark.parametrize(("n", "distinct", "kind"), [
    (80, 20, "categories"), (80, 21, "text 0"), (3_000, 60, "categories"), (3_000, 61, "text 0"),
    (9_000, 100, "categories"), (9_000, 101, "text 0"),
])  # fmt: skip
def test_few_distinct_strings_are_categories(n: int, distinct: int, kind: str) -> None:
    _, encoder = encode_tables({"c": [f"value {i % distinct}" for i in range(n)]})
    assert [name for name, _ in encoder[1].transformer_list] == [kind]


def test_texts_weigh_more_beside_many_numbers() -> None:
    for n, weight in ((0, 1), (2, 1), (8, 2), (18, 3), (50, 3)):
        columns = {"t": COLUMNS["texts"]} | {f"n{i}": COLUMNS["numbers"] for i in range(n)}
        assert encode_tables(columns)[1][1].transformer_weights["text 0"] == weight


def test_new_rows_may_hold_what_no_row_of_the_pool_did() -> None:
    columns = {name: COLUMNS[name] for name in ("with gaps", "numbers", "categories", "texts", "days")}
    X, encoder = encode_tables(columns)
    new = [
        {"with gaps": None, "numbers": None, "categories": None, "texts": None, "days": None},
        {"with gaps": 1e300, "numbers": -1e300, "categories": "new", "texts": "", "days": date(2099, 1, 1)},
        {"with gaps": float("inf"), "numbers": True, "categories": 7, "texts": 8, "days": pd.NaT},
    ]
    found = encoder.transform(new)
    assert found.shape == (3, X.shape[1])
    assert np.isfinite(found).all()
    assert np.abs(found).max() < 20


def test_new_rows_come_in_any_table() -> None:
    names = ["numbers", "with gaps", "categories", "texts"]
    columns = {name: COLUMNS[name] for name in names}
    X, encoder = encode_tables(columns)
    more = {"more": list(range(N)), **columns}
    for table in (pd.DataFrame(more), pl.DataFrame(more), pa.table(more), more):
        np.testing.assert_allclose(encoder.transform(table), X, atol=2e-4)
    shuffled = pd.DataFrame(columns)[names[::-1]].iloc[::-1]
    np.testing.assert_allclose(encoder.transform(shuffled), X[::-1], atol=2e-4)
    sparse = [
        {k: v for k, v in row.items() if v is not None} for row in pd.DataFrame(columns).to_dict("records")
    ]
    assert encoder.transform(sparse).shape == X.shape


def test_a_column_that_is_missing_is_named() -> None:
    _, encoder = encode_tables({"size": [1, 2, 3], "colour": ["a", "b", "a"]})
    with pytest.raises(InvalidInput, match=r"lack 'colour'. Did you mean 'color'\? Add them, with None"):
        encoder.transform(pd.DataFrame({"size": [1], "color": ["a"]}))
    with pytest.raises(InvalidInput, match="these rows lack 'size', 'colour'"):
        encoder.transform([{"a": 1}])


@pytest.mark.parametrize("rows", [["a", "b"], "text", [], 7, None, np.ones((3, 2)), {"size": 1}])
def test_what_is_no_table_is_refused(rows: Any) -> None:
    with pytest.raises(InvalidInput, match="is not a table: expected a pandas, polars or Arrow table"):
        TableRows(["size"]).transform(rows)


def test_a_text_among_numbers_is_named() -> None:
    _, encoder = encode_tables({"size": [1, 2, 3]})
    with pytest.raises(InvalidInput, match=r"Column 'size': .* row 1 has 'large'. .*pandas.to_numeric"):
        encoder.transform([{"size": 1}, {"size": "large"}])


@pytest.mark.parametrize("columns", [{}, {"a": [1, 2], "b": [1]}])
def test_columns_have_one_length(columns: Any) -> None:
    with pytest.raises(InvalidInput, match="the same length"):
        encode_tables(columns)


def test_reading_ends_when_it_is_not_wanted() -> None:
    with pytest.raises(Cancelled):
        encode_tables({"a": [1, 2]}, cancelled=lambda: True)


def test_the_share_that_is_done_grows() -> None:
    shares: list[float] = []
    encode_tables({"a": COLUMNS["texts"], "b": COLUMNS["distinct"]}, on_progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_the_parts_alone() -> None:
    table = {"a": [1, None, 3], "b": ["x", "y", "x"]}
    assert Numbers(["a"]).fit(table).transform(table).shape == (3, 1)
    assert Gaps(["a", "b"]).fit(table).transform(table).tolist() == [[0, 0], [1, 0], [0, 0]]
    assert Categories(["b"]).fit(table).transform(table).tolist() == [[1, 0], [0, 1], [1, 0]]
    assert Cell("b").fit(table).transform(table) == ["x", "y", "x"]
    np.testing.assert_array_equal(as_numbers([1, None, True]), [1, np.nan, 1])


def test_a_model_of_tables_takes_new_rows(make_session: Callable[..., Session], tmp_path: Path) -> None:
    table = pd.DataFrame(
        {name: COLUMNS[name] for name in ("with gaps", "times with gaps", "texts", "categories")}
    )
    table["size"] = [i % 2 + i / N for i in range(N)]
    session = make_session(table)
    for i in range(0, N, 2):
        session.label(session.pool.ids[i], "a")
        session.label(session.pool.ids[i + 1], "b")
    model = session.model()
    for rows in (table, session.pool.items):
        np.testing.assert_allclose(model[:-1].transform(rows), session.features, atol=2e-4)
    for made in (model, load_model(session.save_model(tmp_path / "m.npz"))):
        expected = ["a", "b"] * (N // 2)
        assert np.mean(made.predict(table) == expected) > 0.95
        new = pd.DataFrame({"size": [0.2, 1.9], "with gaps": [None, 5], "times with gaps": [pd.NaT] * 2,
                            "texts": ["", None], "categories": ["new", None]})  # fmt: skip
        assert made.predict(new).tolist() == ["a", "b"]
        with pytest.raises(InvalidInput, match="these rows lack 'size'"):
            made.predict(new.drop(columns="size"))


@pytest.mark.parametrize("far", [float("inf"), 10**400, np.inf])
def test_what_is_infinite_is_the_farthest_and_moves_nothing_else(far: Any) -> None:
    values = [float(v) for v in range(50)]
    X, encoder = encode_tables({"a": [*values, far, -far]})
    assert np.isfinite(X).all()
    assert X[50, 0] == X[:, 0].max()
    assert X[51, 0] == X[:, 0].min()
    assert np.ptp(X[:50, 0]) > 2
    assert encoder.transform([{"a": far}])[0, 0] == pytest.approx(X[50, 0], abs=1e-5)


def test_durations_and_times_of_day_are_numbers_however_they_are_spelled() -> None:
    minutes = list(range(30))
    ways = [
        [timedelta(minutes=m) for m in minutes],
        list(pd.Series(pd.to_timedelta(minutes, "min"))),
        list(np.array(minutes, "timedelta64[m]")),
        [time(0, m) for m in minutes],
        [60.0 * m for m in minutes],
    ]
    found = [encode_tables({"a": values})[0] for values in ways]
    for X in found:
        np.testing.assert_allclose(X, found[-1], atol=1e-5)
    gaps, _ = encode_tables({"a": [*ways[0][:-1], None]})
    assert gaps.shape == (30, 2)
    assert (encode_tables({"a": [*ways[1][:-1], pd.NaT]})[0] == gaps).all()
