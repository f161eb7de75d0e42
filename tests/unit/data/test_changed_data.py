"""The user's data change after the session was made: labels stay, and the change is reported."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from PIL import Image

from hitl_widgets import Session
from hitl_widgets.data import _kept, matrix
from hitl_widgets.data.pool import Pool
from hitl_widgets.items import image

N = 12


def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "text": [f"text {i:02}" for i in range(N)],
            "n": rng.permutation(N),
            "name": [f"u{i}" for i in range(N)],
            "tags": [[i] for i in range(N)],
        }
    )


def add_row(df: pd.DataFrame) -> None:
    df.loc[len(df)] = ["new", 99, "u99", []]


def set_column(df: pd.DataFrame) -> None:
    df["text"] = "other"


IN_PLACE: dict[str, tuple[Callable[[pd.DataFrame], Any], str]] = {
    "sorted": (lambda df: df.sort_values("n", inplace=True), "the order of its rows"),
    "sorted anew": (lambda df: df.sort_values("n", inplace=True, ignore_index=True), "column 'text' changed"),
    "reindexed": (lambda df: df.set_index("n", inplace=True), "the order of its rows"),
    "dropped": (lambda df: df.drop(index=[0, 5], inplace=True), "had 12 rows and now has 10"),
    "deduplicated": (lambda df: df.query("n > 3", inplace=True), "had 12 rows and now has 8"),
    "added": (add_row, "had 12 rows and now has 13"),
    "a cell": (lambda df: df.__setitem__("n", df["n"].where(df["n"] > 0, -1)), "column 'n' changed"),
    "by loc": (lambda df: df.loc.__setitem__((3, "text"), "other"), "column 'text' changed"),
    "by iloc": (lambda df: df.iloc.__setitem__((slice(0, 4), 1), 7), "column 'n' changed"),
    "a column": (set_column, "column 'text' changed"),
    "a column dropped": (lambda df: df.drop(columns="text", inplace=True), "column 'text' changed"),
    "renamed": (lambda df: df.rename(columns={"text": "message"}, inplace=True), "column 'text' changed"),
}


@pytest.fixture(params=[{}, {"id": "name"}], ids=["by content", "by id"])
def how(request: pytest.FixtureRequest) -> dict[str, Any]:
    return dict(request.param)


pytestmark = [
    pytest.mark.usefixtures("no_umap"),
    pytest.mark.filterwarnings("ignore:The inplace keyword"),  # people use it
]


def session_of(data: Any, **how: Any) -> Session:
    return Session(data, classes=["a", "b"], store=":memory:", **how)


@pytest.mark.parametrize("way", IN_PLACE)
def test_labels_stay_on_their_rows_and_a_changed_table_is_said(way: str, how: dict[str, Any]) -> None:
    df, change = table(), IN_PLACE[way]
    before = df.copy()
    with session_of(df, text="text", **how) as session:
        session.label(session.pool.ids[3], "a")
        change[0](df)
        session.label(session.pool.ids[5], "b")
        with pytest.warns(
            RuntimeWarning, match=f"Your table changed after the session was created: .*{change[1]}"
        ):
            found = session.to_frame()
        with pytest.warns(RuntimeWarning, match="Your table changed"):
            assert session.predictions().index.tolist() == list(session.pool.ids)
    pd.testing.assert_frame_equal(found[before.columns.tolist()], before)
    assert found["label"].dropna().to_dict() == {3: "a", 5: "b"}


@pytest.mark.parametrize(
    "change",
    [
        lambda _: None,
        lambda df: df.sort_values("n"),
        lambda df: df.__setitem__("mine", 1),
        lambda df: df.loc.__setitem__((0, "n"), df.loc[0, "n"]),
        lambda df: df.insert(0, "first", 1),
    ],
)
def test_what_changes_nothing_of_the_table_is_nobodys_concern(change: Callable[[pd.DataFrame], Any]) -> None:
    df = table()
    with session_of(df, text="text") as session, warnings.catch_warnings():
        change(df)
        warnings.simplefilter("error")
        session.to_frame()


def test_a_table_that_is_no_longer_held_is_nobodys_concern(how: dict[str, Any]) -> None:
    df = table()
    with session_of(df, text="text", **how) as session, warnings.catch_warnings():
        df = df.sort_values("n")
        warnings.simplefilter("error")
        assert session.to_frame()["text"].tolist() == table()["text"].tolist()


def test_a_polars_table_that_is_changed_in_place(how: dict[str, Any]) -> None:
    df = pl.DataFrame(table()[["text", "n", "name"]])
    before = df.clone()
    with session_of(df, text="text", **how) as session:
        session.label(session.pool.ids[3], "a")
        df[0, "text"] = "other"
        with pytest.warns(RuntimeWarning, match="rows or values changed"):
            found = session.to_frame()
    assert found.select(before.columns).equals(before)
    assert found["label"].drop_nulls().to_list() == ["a"]


CHANGES: dict[str, Callable[[list[Any]], Any]] = {
    "sorted": lambda items: items.sort(reverse=True),
    "longer": lambda items: items.append("new"),
    "shorter": lambda items: items.pop(0),
    "other": lambda items: items.__setitem__(2, "other"),
}


@pytest.mark.parametrize("way", CHANGES)
def test_a_list_that_is_changed_in_place(way: str) -> None:
    texts = [f"text {i:02}" for i in range(N)]
    with session_of(texts) as session:
        ids = session.pool.ids
        CHANGES[way](texts)
        session.label(ids[2], "a")
        assert [session.item(id_) for id_ in ids] == [f"text {i:02}" for i in range(N)]
        assert session.pool.payload(2).content["text"] == "text 02"
        with pytest.warns(RuntimeWarning, match="Your table changed"):
            assert session.to_frame()["label"].dropna().to_dict() == {2: "a"}


def test_dicts_and_cells_that_are_changed_in_place(how: dict[str, Any]) -> None:
    rows = [{"text": f"text {i:02}", "name": f"u{i}", "tags": [i], "more": {"k": i}} for i in range(N)]
    with session_of(rows, **how) as session:
        before = [session.pool.payload(i).content for i in range(N)]
        rows[3]["text"] = "other"
        rows[4]["tags"].append(99)
        rows[5]["more"]["k"] = 99
        rows.reverse()
        session.item(session.pool.ids[6])["text"] = "other"
        assert [session.pool.payload(i).content for i in range(N)] == before


def test_a_pandas_that_another_thread_is_still_importing_is_not_looked_into(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    half = ModuleType("pandas")
    half.__spec__ = SimpleNamespace(_initializing=True)  # type: ignore[assignment]
    half.DataFrame = half.Series = type("Half", (), {})  # type: ignore[attr-defined]  # narwhals asks for them
    monkeypatch.setitem(sys.modules, "pandas", half)
    assert Pool.from_data(np.eye(3)).source_changed == ""
    assert Pool.from_data(["a", "b"]).source_changed == ""


# -- arrays


def test_features_that_are_overwritten_change_no_model(how: dict[str, Any]) -> None:
    X = np.random.default_rng(0).normal(size=(N, 3)).astype(np.float32)
    before = X.copy()
    with session_of(table(), text="text", X=X, **how) as session:
        X[:] = 0
        np.testing.assert_array_equal(session.features, before)
        with pytest.raises(ValueError, match="read-only"):
            session.features[0] = 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_rows_of_numbers_that_are_overwritten(dtype: Any) -> None:
    X = np.arange(4 * N).reshape(N, 4).astype(dtype)
    with session_of(X) as session:
        before = [session.pool.payload(i).content for i in range(N)]
        X[:] = X[::-1].copy()
        assert [session.pool.payload(i).content for i in range(N)] == before
        assert session.item(session.pool.ids[0]) == {"x0": 0, "x1": 1, "x2": 2, "x3": 3}
        np.testing.assert_array_equal(session.features, np.arange(4 * N).reshape(N, 4))


def images() -> np.ndarray[Any, Any]:
    return np.random.default_rng(0).integers(0, 255, (N, 8, 8, 3), dtype=np.uint8)


@pytest.mark.parametrize("make", [lambda a: a, list, lambda a: pd.DataFrame({"image": list(a)})])
def test_images_that_are_overwritten(make: Callable[[Any], Any]) -> None:
    pixels = images()
    with session_of(
        make(pixels), **({"image": "image"} if isinstance(make(pixels), pd.DataFrame) else {})
    ) as session:
        before = [session.pool.payload(i).media for i in range(N)]
        pixels[:] = 0
        assert [session.pool.payload(i).media for i in range(N)] == before
        np.testing.assert_array_equal(session.item(session.pool.ids[3]), images()[3])


# -- data too large to copy, or not in our memory


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrix, "LARGE", 10)
    monkeypatch.setattr(_kept, "COPIED", 10)
    monkeypatch.setattr(image, "COPIED", 10)


def test_a_large_image_that_is_overwritten_is_not_shown_as_if_it_were_the_one(large: None) -> None:
    pixels = images()
    with session_of(pixels) as session:
        assert np.shares_memory(session.item(session.pool.ids[3]), pixels)
        pixels[3] = 0
        assert session.pool.payload(2).content["kind"] == "image"
        assert (
            "changed after the session was created. Run the cell again"
            in session.pool.payload(3).content["why"]
        )
        with pytest.warns(RuntimeWarning, match="changed after the session was created"):
            session.item(session.pool.ids[3])


def files(folder: Path) -> list[Path]:
    paths = [folder / f"{i}.png" for i in range(3)]
    for i, path in enumerate(paths):
        Image.new("RGB", (4, 4), (i, 0, 0)).save(path)
    return paths


def test_an_image_file_that_changes_is_said(tmp_path: Path) -> None:
    paths = files(tmp_path)
    with session_of(paths) as session:
        Image.new("RGB", (4, 4), (0, 99, 0)).save(paths[1])
        paths[2].unlink()
        assert session.pool.payload(0).content["kind"] == "image"
        assert "changed after the session was created" in session.pool.payload(1).content["why"]
        assert "No such file" in session.pool.payload(2).content["why"]


@pytest.mark.parametrize("data", ["X", "data"])
def test_a_large_array_that_is_overwritten_is_noticed(large: None, data: str) -> None:
    X = np.random.default_rng(0).normal(size=(N, 3)).astype(np.float32)
    with session_of(table(), text="text", X=X) if data == "X" else session_of(X) as session:
        session.wait()
        assert session.pool.X is X
        told: list[str] = []
        session._loop.subscribe(told.append)
        X *= 2
        with pytest.warns(RuntimeWarning, match="X was overwritten after the session was created"):
            session.wait()
        assert session._loop.background.overwritten
        assert "error" in told
        if data == "data":
            assert "changed after" in session.pool.payload(3).content["why"]


def test_a_large_file_that_is_overwritten_is_noticed(large: None, tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(N, 3)).astype(np.float32)
    np.save(tmp_path / "X.npy", X)
    pool = Pool.from_data(table(), text="text", X=tmp_path / "X.npy")
    assert not pool.features_changed
    np.lib.format.open_memmap(tmp_path / "X.npy", "r+")[:] = 0
    assert pool.features_changed
