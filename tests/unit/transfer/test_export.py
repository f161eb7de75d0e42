"""Exports: the files, and the data card beside them."""

from __future__ import annotations

import csv
import json
import os
import re
import stat
import zipfile
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers import ANY_TEXT, clouds
from hitl_widgets.errors import HitlError, InvalidInput
from hitl_widgets.formats import Export, excel, write, writer_of
from hitl_widgets.formats.history import FIELDS
from hitl_widgets.formats.reading import Columns, read_source
from hitl_widgets.formats.tables import armed, defused
from hitl_widgets.labels.events import EventKind
from hitl_widgets.labels.store import LabelStore
from hitl_widgets.questions.schema import LabelClass, Schema
from hitl_widgets.session import Session
from hitl_widgets.transfer.converting import convert

Make = Callable[..., Session]

TEXTS = pd.DataFrame({"t": ["one", "two", "one", "three"], "label": list("wxyz")})
FORMULAS = ["'=1", "''=1", "' =1", " =1", "=1+1", "-5", "@x", "'"]
BREAKS = ["\r", "\r\n", "a\nb", "a\tb", '"', 'a"b', ",", ";", " ", "\ufeff", "_x0041_", "_x005F_"]
OTHERS = ["1", "007", "1e5", "NaN", "None", "\ufffe", "\uffff", "\ud800", "\U0001f600"]
TRICKY = ANY_TEXT | st.sampled_from([*FORMULAS, *BREAKS, *OTHERS])
ONCE_FOR_ALL = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def write_table(table: pd.DataFrame, path: Path) -> Path:
    return write(writer_of(path), Export(table), path)[0]


def card_of(path: Path) -> str:
    return path.with_name(f"{path.name}.card.md").read_text(encoding="utf-8")


# -- columns


def test_labels_name_the_row_and_the_text(make_session: Make, tmp_path: Path) -> None:
    session = make_session(TEXTS, text="t")
    session.label(session.pool.ids[2], "a")
    session.label(session.pool.ids[0], "b")
    table = pd.read_csv(session.export(tmp_path / "out.csv"))
    expected = ["id", "row", "label", "said", "annotator", "time", "selection", "elapsed_ms", "text"]
    assert table.columns.tolist() == expected
    assert table["row"].tolist() == [3, 0]
    assert table["text"].tolist() == ["three", "one"]
    assert "text" not in pd.read_csv(session.export(tmp_path / "out.csv", items=False))
    parquet = pd.read_parquet(session.export(tmp_path / "out.parquet"))
    assert parquet["row"].tolist() == [3, 0]
    assert str(parquet["time"].dt.tz) == "UTC"


def test_items_with_ids_of_ones_own_are_written_when_asked(make_session: Make, tmp_path: Path) -> None:
    session = make_session(TEXTS.assign(k=[5, 6, 7, 8]), text="t", id="k")
    session.label(7, "a")
    assert "text" not in pd.read_csv(session.export(tmp_path / "out.csv"))
    table = pd.read_csv(session.export(tmp_path / "out.csv", items=True))
    assert table[["id", "row", "text"]].values.tolist() == [[7, 2, "one"]]


def test_columns_of_a_table_keep_their_names_unless_they_are_ours(make_session: Make, tmp_path: Path) -> None:
    rows = pd.DataFrame(
        {"n": [1, 2], "when": pd.to_datetime(["2020-01-01", "2021-01-01"]), "s": ["=x", None]}
    )
    session = make_session(rows)
    session.label(session.pool.ids, "a")
    table = pd.read_csv(session.export(tmp_path / "out.csv"))
    assert table["n"].tolist() == [1, 2]
    assert table["s"].fillna("").tolist() == ["'=x", ""]
    session = make_session(rows.rename(columns={"s": "label"}))
    session.label(session.pool.ids, "a")
    for name in ("out.csv", "out.parquet", "out.xlsx"):
        session.export(tmp_path / name)
    table = pd.read_parquet(tmp_path / "out.parquet")
    assert table["label"].tolist() == ["a", "a"]
    assert table["item_label"].tolist()[0] == "=x"
    assert table["item_n"].tolist() == [1, 2]


def test_wide_rows_and_images_are_not_written(make_session: Make, tmp_path: Path) -> None:
    session = make_session(np.arange(124.0).reshape(4, 31))
    session.label(session.pool.ids[1], "a")
    table = pd.read_csv(session.export(tmp_path / "out.csv"))
    assert "x0" not in table
    assert table["row"].tolist() == [1]
    assert pd.read_csv(session.export(tmp_path / "out.csv", items=True))["x30"].tolist() == [61.0]
    images = make_session([np.full((4, 4), i, np.uint8) for i in range(4)])
    images.label(images.pool.ids[1], "a")
    assert pd.read_csv(images.export(tmp_path / "out.csv"))["row"].tolist() == [1]
    with pytest.raises(InvalidInput, match=r"cannot contain image items. Omit items="):
        images.export(tmp_path / "out.csv", items=True)


def test_of_items_that_are_gone_row_and_text_are_empty(make_session: Make, tmp_path: Path) -> None:
    store = tmp_path / "labels.sqlite"
    first = make_session(TEXTS, text="t", store=store)
    first.label(first.pool.ids, "a")
    first.close()
    second = make_session(TEXTS[:2], text="t", store=store)
    for name in ("out.csv", "out.parquet", "out.xlsx"):
        path = second.export(tmp_path / name)
    table = pd.read_csv(tmp_path / "out.csv")
    assert table["row"].isna().tolist() == [False, False, True]
    assert table["text"].isna().tolist() == [False, False, True]
    rows = pd.DataFrame({"n": [1, 2, 3], "s": list("xyz")})
    third = make_session(rows, store=store, task="rows")
    third.label(third.pool.ids, "a")
    third.close()
    fourth = make_session(rows[:2], store=store, task="rows")
    assert b",1,x\r\n" in fourth.export(tmp_path / "rows.csv").read_bytes()
    assert "1 labels are for items that are no longer in the data" in card_of(path)


def test_annotators_are_pseudonyms_unless_asked(make_session: Make, tmp_path: Path) -> None:
    store = tmp_path / "labels.sqlite"
    for who in ("zoe", "<mia>"):
        session = make_session(store=store, annotator=who)
        session.label(session.pool.ids[0], "a")
    for name in ("out.csv", "out.parquet", "out.jsonl", "out.xlsx"):
        path = session.export(tmp_path / name)
        for file in (path, path.with_name(f"{name}.card.md")):
            assert b"zoe" not in file.read_bytes()
            assert b"mia" not in file.read_bytes()
    assert pd.read_csv(tmp_path / "out.csv")["annotator"].tolist() == ["annotator 1", "annotator 2"]
    path = session.export(tmp_path / "out.csv", names=True)
    assert pd.read_csv(path)["annotator"].tolist() == ["zoe", "<mia>"]
    assert "| zoe | 1 |" in card_of(path)
    assert "&lt;mia&gt;" in card_of(path)


def test_the_card_of_a_history_tells_every_kind_of_act() -> None:
    assert [kind for kind in get_args(EventKind) if not re.search(rf"\b{kind}\b", FIELDS["kind"])] == []


def test_the_history_says_everything(make_session: Make, tmp_path: Path) -> None:
    session = make_session(annotator="mia")
    session.label(session.pool.ids[:2], "a", elapsed_ms=5)
    session.undo()
    path = session.export(tmp_path / "out.jsonl", names=True)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines[0]["value"]["classes"][0]["name"] == "a"
    assert lines[1]["item_ids"] == list(session.pool.keys[:2])
    assert lines[1]["elapsed_ms"] == 5
    assert [line["holds"] for line in lines] == [True, False, True]
    assert {line["task"] for line in lines} == {"labels"}
    with pytest.raises(InvalidInput, match="the history cannot contain"):
        session.export(path, items=True)


# -- files


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
@pytest.mark.parametrize("name", ["out.csv", "out.parquet", "out.jsonl", "out.xlsx"])
def test_nobody_else_can_read_an_export(make_session: Make, tmp_path: Path, name: str) -> None:
    session = make_session()
    (tmp_path / name).write_text("old")
    (tmp_path / name).chmod(0o644)
    path = session.export(tmp_path / name)
    for file in (path, path.with_name(f"{name}.card.md")):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(f.name for f in tmp_path.iterdir()) == [name, f"{name}.card.md"]


def test_an_export_never_replaces_the_store_nor_a_folder(make_session: Make, tmp_path: Path) -> None:
    session = make_session(store=tmp_path / "labels.csv")
    before = (tmp_path / "labels.csv").read_bytes()
    with pytest.raises(InvalidInput, match="is the label store itself"):
        session.export(tmp_path / "labels.csv")
    assert (tmp_path / "labels.csv").read_bytes() == before
    (tmp_path / "out.csv.card.md").write_bytes(before)  # a store of another session
    with pytest.raises(InvalidInput, match="is a database, such as a label store"):
        session.export(tmp_path / "out.csv")
    assert (tmp_path / "out.csv.card.md").read_bytes() == before
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InvalidInput, match="is a folder"):
        session.export(tmp_path / "folder.csv")
    with pytest.raises(InvalidInput, match="does not exist: create it"):
        session.export(tmp_path / "no" / "out.jsonl")


def test_a_closed_session_can_be_exported(make_session: Make, tmp_path: Path) -> None:
    session = make_session()
    session.label(session.pool.ids[0], "a")
    session.close()
    assert len(pd.read_csv(session.export(tmp_path / "out.csv"))) == 1


# -- texts


def roundtrip(text: str, path: Path) -> Any:
    write_table(pd.DataFrame({"id": [text, "x"], "label": ["a", text]}, dtype=object), path)
    found = read_source(path, ["id", "label"])
    assert isinstance(found, Columns)
    assert found.cells["id"][1] == "x"
    assert found.cells["id"][0] == found.cells["label"][1]
    return found.cells["id"][0]


@ONCE_FOR_ALL
@given(TRICKY)
@pytest.mark.filterwarnings("ignore:.*lone surrogates:RuntimeWarning")
@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_every_text_comes_back(tmp_path: Path, name: str, text: str) -> None:
    whole = "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text)
    assert roundtrip(text, tmp_path / name) == whole


@ONCE_FOR_ALL
@given(TRICKY)
@pytest.mark.filterwarnings("ignore:.*(lone surrogates|are cut):RuntimeWarning")
def test_every_text_comes_back_from_excel(tmp_path: Path, text: str) -> None:
    whole = "".join("\ufffd" if "\ud800" <= c <= "\udfff" or c in "\ufffe\uffff" else c for c in text)
    assert roundtrip(text, tmp_path / "out.xlsx") == (whole or None)


@given(TRICKY)
def test_what_is_defused_is_armed_again(text: str) -> None:
    safe = defused(pd.DataFrame({"x": [text]}, dtype=object))["x"][0]
    assert armed(safe) == text
    assert not safe.lstrip(" ").startswith(tuple("=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20"))


def test_numbers_stay_numbers(tmp_path: Path) -> None:
    table = pd.DataFrame({"id": [-1, 2], "x": [-0.5, np.nan], "label": ["a", "b"]})
    assert write_table(table, tmp_path / "out.csv").read_bytes() == b"id,x,label\r\n-1,-0.5,a\r\n2,,b\r\n"
    rows = excel.read_excel(write_table(table, tmp_path / "out.xlsx"))
    assert rows == [["id", "x", "label"], [-1.0, -0.5, "a"], [2.0, None, "b"]]


@pytest.mark.parametrize(("name", "reader"), [("t.csv", pd.read_csv), ("t.xlsx", pd.read_excel)])
def test_words_that_pandas_reads_as_missing_are_told(tmp_path: Path, name: str, reader: Any) -> None:
    table = pd.DataFrame({"id": ["1", "null"], "label": ["NA", "b"]})
    with pytest.warns(RuntimeWarning, match=rf"'NA', 'null' .*{reader.__name__}.*keep_default_na=False"):
        path = write_table(table, tmp_path / name)
    engine = {"engine": "calamine"} if name == "t.xlsx" else {}
    whole, usual = reader(path, keep_default_na=False, dtype=str, **engine), reader(path, **engine)
    assert whole.to_dict("list") == table.to_dict("list")
    assert list(usual.isna().sum()) == [1, 1]


@pytest.mark.parametrize("ending", ["csv", "parquet", "xlsx"])
def test_warnings_of_files_name_the_line_that_asked_for_them(
    make_session: Make, tmp_path: Path, ending: str
) -> None:
    texts = pd.DataFrame({"t": ["\ud800", "y" * 40_000], "id": ["a", "b"]}, dtype=object)
    session = make_session(texts, text="t", id="id", classes=["None", "x"])
    session.label("a", "None")
    session.label("b", "x")
    rows = [{"id": "k", "label": "x", "t": "\ud800", "hitl_kind": "choice"}]
    (tmp_path / "a.json").write_text(json.dumps(rows))
    for act in (
        lambda: session.export(tmp_path / f"a.{ending}", items=True),
        lambda: convert(tmp_path / "a.json", tmp_path / f"b.{ending}"),
    ):
        with pytest.warns(RuntimeWarning, match="lone surrogates|read as missing|are cut") as told:
            act()
        assert {Path(one.filename).name for one in told} == {"test_export.py"}


def test_half_characters_are_told(tmp_path: Path) -> None:
    with pytest.warns(RuntimeWarning, match="1 texts contain lone surrogates"):
        write_table(pd.DataFrame({"id": ["a\ud800"]}, dtype=object), tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [["id"], ["a\ufffd"]]


def test_items_and_ids_with_half_characters_are_exported(make_session: Make, tmp_path: Path) -> None:
    rows = pd.DataFrame({"k": ["a\udcff", "b"], "t": ["x\udcff", "y"]}, dtype=object)
    for options in ({"id": "k"}, {}):
        session = make_session(rows, text="t", **options)
        session.label(session.pool.ids, "a")
        for name in ("out.csv", "out.parquet", "out.xlsx"):
            with pytest.warns(RuntimeWarning, match="lone surrogates"):
                session.export(tmp_path / name, items=True)
        session.export(tmp_path / "out.jsonl")
    assert pd.read_parquet(tmp_path / "out.parquet")["text"].tolist() == ["x\ufffd", "y"]


# -- Excel


def test_excel_holds_texts_as_texts_and_times_in_utc(tmp_path: Path) -> None:
    moment = pd.to_datetime(["2024-05-01T12:00:00+02:00"], utc=True)
    table = pd.DataFrame({"id": ["007"], "link": ["https://example.org"], "time": moment, "n": [10**16]})
    path = write_table(table, tmp_path / "out.xlsx")
    rows = excel.read_excel(path)
    assert rows[0] == ["id", "link", "time (UTC)", "n"]
    assert rows[1][:2] == ["007", "https://example.org"]
    assert str(rows[1][2]) == "2024-05-01 10:00:00"
    assert rows[1][3] == str(10**16)
    with zipfile.ZipFile(path) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in sheet
    assert b"hyperlink" not in sheet


def test_excel_says_what_it_cannot_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.warns(RuntimeWarning, match="2 texts are cut to the 32,767 characters"):
        write_table(pd.DataFrame({"t": ["x" * 40_000, "\U0001f600" * 20_000]}), tmp_path / "out.xlsx")
    cells = [row[0] for row in excel.read_excel(tmp_path / "out.xlsx")]
    assert [len(c) for c in cells[1:]] == [32_767, 16_383]
    monkeypatch.setattr(excel, "ROWS", 3)
    with pytest.raises(InvalidInput, match=r"3 rows and 1 columns do not fit .* Use .parquet or .csv"):
        write_table(pd.DataFrame({"t": list("abc")}), tmp_path / "out.xlsx")
    assert len(excel.read_excel(tmp_path / "out.xlsx")) == 3


def test_without_its_packages_excel_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_session: Make
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(HitlError, match=r"pip install 'hitl-widgets\[excel\]'"):
        make_session().export(tmp_path / "out.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_a_workbook_that_would_end_the_process_is_refused(tmp_path: Path) -> None:
    import xlsxwriter

    path = tmp_path / "far.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.write_string(0, 0, "id")
        sheet.write_string(1_048_575, 16_383, "far")
    with pytest.raises(InvalidInput, match="spans 17,179,869,184 cells"):
        excel.read_excel(path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet_xml = parts["xl/worksheets/sheet1.xml"]
    cells = b'<row r="1048576">' + b"<c><v>1</v></c>" * 2000 + b"</row></sheetData>"
    parts["xl/worksheets/sheet1.xml"] = sheet_xml.replace(b"</sheetData>", cells).replace(
        b'r="XFD1048576"', b""
    )
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    with pytest.raises(InvalidInput, match="cells, most of them empty"):
        excel.read_excel(path)


def test_a_workbook_that_unpacks_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(excel, "MAX_UNPACKED", 2**22)
    with zipfile.ZipFile(tmp_path / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 2**23)
    with pytest.raises(InvalidInput, match="unpacks to more than 4 MB"):
        excel.read_excel(tmp_path / "bomb.xlsx")
    for content in (b"no zip", b"PK\3\4 cut short"):
        (tmp_path / "bad.xlsx").write_bytes(content)
        with pytest.raises(InvalidInput, match="cannot be read as an Excel workbook"):
            excel.read_excel(tmp_path / "bad.xlsx")


# -- the data card


def test_the_card_tells_what_the_labels_are(make_session: Make, tmp_path: Path) -> None:
    schema = Schema(
        [LabelClass("a", guidance="where it is an a"), LabelClass("b")], question="Which letter is it?"
    )
    X, names = clouds()
    session = make_session(X, schema=schema, classes=None, audit=1.0, annotator="mia")
    for _ in range(20):
        [one] = session.query()
        session.label(one, names[session.pool.index([one])[0]])
    session.label(session.pool.ids[0], "a", selection="lasso")
    session.skip(next(i for i in session.pool.ids if i not in set(session.labels()["id"])))
    told = card_of(session.export(tmp_path / "out.csv"))
    assert "Which letter is it?" in told
    assert "| a | where it is an a |" in told
    assert "of 60 in the data, by 1 annotator." in told
    assert "1 items were skipped" in told
    assert "| annotator 1 |" in told
    assert "| lasso | selected with a lasso on the map | 1 |" in told
    assert "the strategy is doubt, and 100%" in told
    assert "predicts correctly, estimated (95 % interval): " in told
    assert "20 audited)" in told
    assert "| items that the model predicts as | are correct |" in told
    assert "| row |" in told
    assert "not a random sample" in told
    assert "store format" in told
    assert not any(str(k) in told for k in session.pool.keys)


def test_a_card_of_few_labels_says_so(make_session: Make, tmp_path: Path) -> None:
    told = card_of(make_session().export(tmp_path / "out.parquet"))
    assert "0 labels on 0 items" in told
    assert "not known (nothing audited yet)" in told


def test_the_card_shows_names_and_obeys_none(make_session: Make, tmp_path: Path) -> None:
    evil = [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1)) ![i](http://e/x.png) | `c` $x$\n# big www.e.org",
    ]
    session = make_session(classes=evil, task="*t* \u202egnp", annotator="<b>")
    session.label(session.pool.ids[0], evil[0])
    session.label(session.pool.ids[1], evil[1])
    told = card_of(session.export(tmp_path / "<i>.csv", names=True))
    for payload in (
        "<script",
        "<b>",
        "<i>",
        "[x](",
        "[i](",
        "\n# big",
        " `c`",
        " | \\`",
        "http:",
        " www.",
        "*t*",
        "\u202e",
    ):
        assert payload not in told, payload
    rows = [line for line in told.splitlines() if line.startswith("| ") and "script" in line]
    assert all(line.replace("\\|", "").count("|") == 4 for line in rows)


def test_the_card_tells_how_far_annotators_agree(make_session: Make, tmp_path: Path) -> None:
    store = LabelStore(tmp_path / "labels.sqlite")
    for who, said in (("mia", "aabb"), ("ben", "abbb")):
        session = make_session(store=store, annotator=who)
        for i, value in enumerate(said):
            session.label(session.pool.ids[i], value)
    told = card_of(session.export(tmp_path / "out.csv"))
    assert "| annotator 1, annotator 2 | 4 | 75% | 0.50 |" in told
    store.close()


@pytest.mark.parametrize("kind", ["html", "markdown"])
def test_a_page_is_written_as_it_was_given(make_session: Make, tmp_path: Path, kind: str) -> None:
    pytest.importorskip("nh3")
    pages = pd.DataFrame({"page": ["<b>one</b>", "<i>two</i>"]})
    session = make_session(pages, **{kind: "page"})
    session._loop.acts.label([1], "a")
    table = pd.read_csv(session.export(tmp_path / "out.csv"))
    assert table[kind].tolist() == ["<i>two</i>"]


ODD = {
    "large": [2**70, 1],
    "complex": [1 + 2j, 3],
    "decimal": [Decimal("1.50"), None],
    "period": pd.period_range("2026-01", periods=2, freq="M"),
    "interval": pd.interval_range(0, 2),
    "nested": [{"a": 1}, [1, 2]],
    "array": [np.zeros(2), None],
    "class": [Enum("Mood", "GOOD").GOOD, None],
}


@pytest.mark.parametrize("format", ["csv", "parquet", "xlsx"])
@pytest.mark.parametrize("name", ODD)
def test_values_that_a_file_has_no_type_for_are_written_as_text_and_it_is_said_once(
    tmp_path: Path,
    name: str,
    format: str,  # noqa: A002
    recwarn: pytest.WarningsRecorder,
) -> None:
    table = pd.DataFrame({"id": [1, 2], name: ODD[name], "more": ODD[name]})
    file = write_table(table, tmp_path / f"t.{format}")
    told = [str(w.message) for w in recwarn if "written as text" in str(w.message)]
    assert len(told) == (format != "csv")
    assert all(repr(name) in words and "'more'" in words for words in told)
    if format == "parquet":
        found = pd.read_parquet(file)
        assert found[name].dropna().tolist() == [str(v) for v in table[name] if v is not None]
        assert found["id"].tolist() == [1, 2]


def test_plain_columns_keep_their_type_and_nothing_is_said(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    table = pd.DataFrame(
        {"i": [1, 2], "f": [0.5, None], "b": [True, None], "s": ["x", None], "d": [date(2026, 1, 1), None]}
    )
    found = pd.read_parquet(write_table(table, tmp_path / "t.parquet"))
    assert found["i"].dtype == "int64"
    assert found["b"].tolist() == [True, None]
    assert found["d"].tolist() == [date(2026, 1, 1), None]
    assert not [w for w in recwarn if "written as text" in str(w.message)]
