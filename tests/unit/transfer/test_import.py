"""Imports: from tables and files, and histories act by act."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers import ANY_TEXT, clouds
from hitl_widgets import cli
from hitl_widgets.errors import HitlError, InvalidInput
from hitl_widgets.formats import history
from hitl_widgets.session import Session
from hitl_widgets.transfer.stored import stored_history, stored_labels

Make = Callable[..., Session]

TABLE = pd.DataFrame({"k": [1, 2, 3, 40], "t": list("wxyz")})


@pytest.fixture
def session(make_session: Make) -> Session:
    return make_session(TABLE, text="t", id="k", annotator="mia")


def whys(found: Any) -> list[str]:
    return [str(why) for why in found.refused["why"]]


# -- tables


@pytest.mark.parametrize(
    "source",
    [
        pd.DataFrame({"id": [1, 2, 3], "label": list("aab")}),
        pl.DataFrame({"id": ["1", "2", "3"], "label": list("aab")}),
        pa.table({"id": [1.0, 2.0, 3.0], "label": list("aab")}),
        [{"id": 1, "label": "a"}, {"id": "2", "label": " a "}, {"id": 3.0, "label": "b"}],
        {"id": [1, 2, 3], "label": ["a", "a", "b"]},
        {1: "a", "2": "a", "3.0": "b"},
        pd.DataFrame({"label": list("aab")}, index=pd.Index([1, 2, 3], name="id")),
    ],
    ids=["pandas", "polars", "arrow", "dicts", "columns", "mapping", "index"],
)
def test_every_kind_of_source(session: Session, source: Any) -> None:
    found = session.import_labels(source)
    assert repr(found) == "3 labels imported"
    labels = session.labels()
    assert dict(zip(labels["id"], labels["label"], strict=True)) == {1: "a", 2: "a", 3: "b"}
    assert set(labels["selection"]) == {"import"}
    assert set(labels["annotator"]) == {"mia"}
    assert [e.item_ids for e, _ in session._loop.log.acts()] == [("1", "2"), ("3",)]
    before = session._loop.log.n_events
    again = session.import_labels(source)
    assert (again.n, again.n_same, session._loop.log.n_events) == (0, 3, before)
    session.undo()
    assert len(session.labels()) == 2


@pytest.mark.parametrize("name", ["l.csv", "l.parquet", "l.xlsx"])
def test_what_was_exported_comes_back(make_session: Make, tmp_path: Path, name: str) -> None:
    texts = pd.DataFrame({"t": ["=1", "'=1", "a\nb", '"', "x,y", "007", "1", " 1", "-2", "\r"]})
    classes = ["=a", "'=a", "1", "01"]
    one = make_session(texts, text="t", id="t", classes=classes, annotator="mia")
    for i, key in enumerate(one.pool.ids):
        one.label(key, classes[i % 4])
    two = make_session(texts, text="t", id="t", classes=classes)
    found = two.import_labels(one.export(tmp_path / name, names=True), annotator="annotator")
    assert repr(found) == "10 labels imported"
    columns = ["id", "label", "annotator"]
    expected = one.labels()[columns].sort_values("id", ignore_index=True)
    pd.testing.assert_frame_equal(two.labels()[columns].sort_values("id", ignore_index=True), expected)


def test_every_row_refused_says_why_and_the_others_are_written(session: Session) -> None:
    session.label(40, "b")
    rows = [
        (1, "a"), (7, "a"), (2, "aa"), (3, None), (3, " "), (None, "a"), (2, ["a", "b"]), (40, "a"),
        ({}, "a"), (4.5, "b"),
    ]  # fmt: skip
    found = session.import_labels([{"id": i, "label": v} for i, v in rows])
    assert (found.n, found.n_same) == (1, 0)
    assert repr(found) == "1 label imported, 9 of 10 rows refused: see .refused"
    assert found.refused["row"].tolist() == list(range(1, 10))
    told = whys(found)
    assert told[0].startswith("No item has the id 7.")
    assert told[1] == "'aa' is not a class of this task. Did you mean 'a'? The classes are 'a', 'b'."
    assert told[2:4] == ["The label is blank."] * 2
    assert told[4] == "The id is blank."
    assert told[5] == "2 answers were given ('a', 'b'); this task takes one for each item."
    assert told[6].startswith("mia has already labelled it 'b'.")
    assert told[7] == "The id {} is not text."
    assert session.labels().query("id == 40")["label"].tolist() == ["b"]


def test_nearest_id(make_session: Make) -> None:
    session = make_session(pd.DataFrame({"k": ["item-a17", "other"], "t": ["x", "y"]}), text="t", id="k")
    assert "Did you mean 'item-a17'?" in whys(session.import_labels({"item-a71": "a"}))[0]


def test_replace(session: Session) -> None:
    session.label([1, 2], "b")
    found = session.import_labels({1: "a", 2: "b", 3: "a"}, replace=True)
    assert (found.n, found.n_same) == (2, 1)
    assert session.labels().sort_values("id")["label"].tolist() == ["a", "b", "a"]


def test_the_same_id_twice(session: Session) -> None:
    rows = [(1, "a"), ("1", "a"), (2, "a"), (2.0, "b"), (3, "b")]
    found = session.import_labels([{"id": i, "label": v} for i, v in rows])
    assert (found.n, found.n_same) == (2, 1)
    assert found.refused["row"].tolist() == [2, 3]
    assert whys(found)[0] == "The item occurs 2 times, as 'a', 'b'. For several annotators, pass annotator=."


def test_ids_that_look_like_numbers_are_not_confused(make_session: Make) -> None:
    session = make_session(pd.DataFrame({"k": ["007", "1.0", "1"], "t": list("xyz")}), text="t", id="k")
    found = session.import_labels({"007": "a", "7": "a", "1.0": "a", "1": "b"})
    assert found.n == 3
    assert found.refused["id"].tolist() == ["7"]
    labels = session.labels().set_index("id")["label"]
    assert labels.to_dict() == {"007": "a", "1.0": "a", "1": "b"}


def test_classes_that_are_numbers(make_session: Make) -> None:
    session = make_session(TABLE, text="t", id="k", classes=["0", "1"])
    assert session.import_labels({1: 0, 2: 1.0, 3: "1"}).n == 3


def test_annotators_from_a_column(session: Session) -> None:
    table = pd.DataFrame(
        {"id": [1, 1, 2, 3, 3], "label": list("abaab"), "who": ["x", "y", "x", None, "z" * 201]}
    )
    found = session.import_labels(table, annotator="who")
    assert found.n == 3
    assert whys(found)[0] == "The annotator is blank."
    assert whys(found)[1].endswith("expected a text of 1 to 200 characters.")
    labels = session.labels()
    assert sorted(zip(labels["annotator"], labels["id"], labels["label"], strict=True)) == [
        ("x", 1, "a"), ("x", 2, "a"), ("y", 1, "b"),
    ]  # fmt: skip
    with pytest.raises(InvalidInput, match=r"no column 'whom'. Did you mean 'who'\?"):
        session.import_labels(table, annotator="whom")


def test_a_column_label_source_that_is_asked_for_is_read(session: Session) -> None:
    table = pd.DataFrame({"id": [1, 2], "label": ["a", "b"], "label_source": ["person", "machine"]})
    assert whys(session.import_labels(table))[0].startswith("A machine label is not an answer of a person.")
    session.undo()
    assert session.import_labels(table, annotator="label_source").n == 2
    assert session.labels().set_index("id")["annotator"].to_dict() == {1: "person", 2: "machine"}


def test_skipped_items_and_those_taken_back_can_be_imported(session: Session) -> None:
    session.skip(1)
    session.label(2, "b")
    session.label(2, None)
    session.label(3, "b")
    session.undo()
    assert session.import_labels({1: "a", 2: "a", 3: "a"}).n == 3


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (pd.DataFrame({"ids": [1], "label": ["a"]}), "The table has no column 'id'. Did you mean 'ids'?"),
        ([{"id": 1, "labels": "a"}], "The list has no column 'label'. Did you mean 'labels'?"),
        ({"id": [1, 2], "label": ["a"]}, "differ in length"),
        (42, "Cannot import labels from an int"),
        ("nothing.csv", "File not found"),
        ("labels.doc", "unknown file type"),
    ],
)
def test_sources_that_cannot_be_read(session: Session, source: Any, words: str) -> None:
    before = session._loop.log.n_events
    with pytest.raises(InvalidInput) as error:
        session.import_labels(source)
    assert words in str(error.value)
    assert session._loop.log.n_events == before


def test_a_closed_session_takes_nothing(session: Session) -> None:
    session.close()
    with pytest.raises(HitlError, match="closed"):
        session.import_labels({1: "a"})


def test_an_empty_table_is_no_error(session: Session) -> None:
    assert repr(session.import_labels([])) == "0 labels imported"
    assert session.import_labels(pd.DataFrame({"id": [], "label": []})).refused.empty


# -- files


def test_csv_with_semicolons_a_mark_and_ragged_rows(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "l.csv"
    path.write_text("\ufeffid;label;note\r\n1;a;x\r\n2;a\r\n;;\r\n3;b;y;z\r\n40;b;\r\n", encoding="utf-8")
    found = session.import_labels(path)
    assert found.n == 2
    assert found.refused["row"].tolist() == [1, 3]
    assert whys(found)[0] == "The row has 2 cells, but the header has 3: is a comma or quote missing?"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"id,label\r\n1,\xff\r\n", "not UTF-8"),
        (b'id,"label\r\n1,a\r\n', "not a valid CSV file; line 1"),
        (b"", "is empty"),
        (b"id,label,id\r\n1,a,2\r\n", "two columns 'id'"),
    ],
)
def test_broken_csv_files_write_nothing(session: Session, tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "l.csv").write_bytes(content)
    with pytest.raises(InvalidInput, match=words):
        session.import_labels(tmp_path / "l.csv")
    assert session.labels().empty


def test_broken_parquet(session: Session, tmp_path: Path) -> None:
    (tmp_path / "l.parquet").write_bytes(b"PAR1 no PAR1")
    with pytest.raises(InvalidInput, match="cannot be read as Parquet"):
        session.import_labels(tmp_path / "l.parquet")


def test_large_cells_and_the_limit_of_others(session: Session, tmp_path: Path) -> None:
    import csv

    before = csv.field_size_limit()
    (tmp_path / "l.csv").write_text(f"id,label,text\r\n1,a,{'x' * 300_000}\r\n")
    assert session.import_labels(tmp_path / "l.csv").n == 1
    assert csv.field_size_limit() == before


def test_json_lines_of_rows(session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MAX_LINE", 200)
    deep = "[" * 100_000
    lines = [
        '{"id": 1, "label": "a"}', "", '{"id": 2, "label": NaN}', '{"id": 2, "label": Infinity}', "{",
        deep[:150], '{"id": 1e999, "label": "a"}', '"text"', '{"id": 3, "label": "b"}', deep,
        '{"label": "a"}', "\x00",
    ]  # fmt: skip
    (tmp_path / "l.jsonl").write_text("\n".join(lines))
    found = session.import_labels(tmp_path / "l.jsonl")
    assert found.n == 2
    assert found.refused["row"].tolist() == [2, 3, 4, 5, 6, 7, 9, 10, 11]
    told = dict(zip(found.refused["row"], whys(found), strict=True))
    assert told[2] == "The label is blank."
    assert told[3].startswith("inf is not a class")
    assert "not JSON" in told[4]
    assert told[6].startswith("No item has the id inf.")
    assert told[7] == "The row is a str, not a dict."
    assert "longer than" in told[9]
    assert told[10] == "The id is blank."


def test_deep_json_is_refused(session: Session, tmp_path: Path) -> None:
    deep = "[" * 100_000 + "]" * 100_000
    some = '{"id": 1, "x": ' + "[" * 30 + "]" * 30 + ', "label": "a"}'
    (tmp_path / "l.jsonl").write_text(f'{deep}\n{some}\n{{"id": 2, "label": "a"}}\n')
    found = session.import_labels(tmp_path / "l.jsonl")
    assert whys(found) == ["Line 1 is nested too deeply.", "Line 2 is nested too deeply."]
    assert found.n == 1


def test_files_of_something_else(session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "l.jsonl").write_bytes(bytes(range(256)))
    with pytest.raises(InvalidInput, match="contains no line of JSON"):
        session.import_labels(tmp_path / "l.jsonl")
    monkeypatch.setattr(history, "MAX_BYTES", 5)
    with pytest.raises(InvalidInput, match="the limit is 1 GB"):
        session.import_labels(tmp_path / "l.jsonl")


# -- histories


def some_history(make_session: Make, **options: Any) -> Session:
    session = make_session(**{"annotator": "mia"} | options)
    ids = session.pool.ids
    session.label(ids[0], "a")
    session.label(ids[1:4], "b", selection="lasso", elapsed_ms=70)
    session.undo()
    session.redo()
    session.skip(ids[5])
    session.label(ids[0], "b")
    session.undo()
    return session


def test_a_history_restores_an_empty_store(make_session: Make, tmp_path: Path) -> None:
    one = some_history(make_session)
    path = one.export(tmp_path / "rescue.jsonl", names=True)
    two = make_session(annotator="ben")
    found = two.import_labels(path)
    assert repr(found) == "7 acts imported"
    pd.testing.assert_frame_equal(two.labels(), one.labels())
    assert [(e, h) for e, h in two._loop.log.acts()] == [(e, h) for e, h in one._loop.log.acts()]
    before = two._loop.log.n_events
    again = two.import_labels(path)
    assert (again.n, again.n_same, two._loop.log.n_events) == (0, 7, before)
    assert repr(one.import_labels(path)) == "0 acts imported, 8 already there"


def test_a_history_in_which_the_classes_changed_is_restored(make_session: Make, tmp_path: Path) -> None:
    one = make_session(annotator="mia")
    acts = [one._loop.acts.label([i], "ab"[i % 2]) for i in range(6)]
    one.classes.rename("a", "first")
    one.classes.split("b", ["b1", "b2"])
    one._loop.acts.label([1], "b2")
    one.classes.add("empty")
    one.classes.retire("empty")
    one.jump(acts[4])
    one.redo()
    one.redo()
    path = one.export(tmp_path / "rescue.jsonl", names=True)
    two = make_session(annotator="ben")
    two.import_labels(path)
    pd.testing.assert_frame_equal(two.labels(), one.labels())
    assert two.classes.names == one.classes.names == ("first", "b")
    store = tmp_path / "empty.sqlite"
    assert cli.main(["import", str(store), str(path)]) == 0
    three = make_session(store=store, classes=None, annotator="mia")
    pd.testing.assert_frame_equal(three.labels(), one.labels())
    three.redo()
    assert three.classes.names == ("first", "b1", "b2")


@pytest.mark.parametrize("way", ["rename", "merge"])
def test_a_class_that_was_given_a_name_which_is_taken_here_joins_it(
    make_session: Make, tmp_path: Path, way: str
) -> None:
    one = make_session(annotator="mia")
    one.label(one.pool.ids[0], "a")
    one.classes.rename("a", "A") if way == "rename" else one.classes.merge(["a"], into="A")
    one.label(one.pool.ids[1], "A")
    path = one.export(tmp_path / "one.jsonl", names=True)
    two = make_session(annotator="ben", classes=["A", "b"])
    assert not len(two.import_labels(path).refused)
    assert two.classes.names == ("A", "b")
    assert list(two.labels()["label"]) == ["A", "A"]
    assert two.import_labels(path).n == 0
    assert two.classes.names == ("A", "b")


def test_a_rename_that_was_undone_merges_nothing(make_session: Make, tmp_path: Path) -> None:
    one = make_session(annotator="mia")
    one.label(one.pool.ids[0], "a")
    one.classes.rename("a", "A")
    one.undo()
    two = make_session(annotator="ben", classes=["A", "b"])
    two.import_labels(one.export(tmp_path / "one.jsonl", names=True))
    assert list(two.labels()["label"]) == ["a"]


def test_a_change_of_the_classes_that_has_no_effect_here_is_said(make_session: Make, tmp_path: Path) -> None:
    one = make_session(annotator="mia")
    one.label(one.pool.ids[0], "a")
    one.classes.split("a", ["a1", "a2"])
    two = make_session(annotator="ben", classes=["a1", "b"])
    found = two.import_labels(one.export(tmp_path / "one.jsonl", names=True))
    [why] = found.refused["why"]
    assert "has no effect here. There is already a class 'a1'" in why
    assert two.classes.names == ("a1", "b", "a")


def test_a_history_of_two_people_is_merged(make_session: Make, tmp_path: Path) -> None:
    one, two = some_history(make_session), make_session(annotator="ben")
    two.label(two.pool.ids[0], "b")
    two.import_labels(one.export(tmp_path / "one.jsonl", names=True))
    labels = two.labels()
    assert sorted(labels[labels["id"] == two.pool.ids[0]]["annotator"]) == ["ben", "mia"]


def test_a_later_act_of_the_same_person_stands(make_session: Make, tmp_path: Path) -> None:
    one = make_session(annotator="mia")
    one.label(one.pool.ids[0], "a")
    path = one.export(tmp_path / "one.jsonl", names=True)
    two = make_session(annotator="mia")
    two.label(two.pool.ids[0], "b")
    found = two.import_labels(path)
    assert "mia has a later answer" in whys(found)[0]
    assert two.labels()["label"].tolist() == ["b"]
    assert two.import_labels(path, replace=True).n == 1
    assert two.labels()["label"].tolist() == ["a"]


def test_pseudonyms_count_as_nobody_else(make_session: Make, tmp_path: Path) -> None:
    one = some_history(make_session)
    path = one.export(tmp_path / "one.jsonl")
    with pytest.raises(InvalidInput, match="annotators of this history are pseudonyms"):
        one.import_labels(path)
    two = make_session()
    assert two.import_labels(path).n == 7
    assert set(two.labels()["annotator"]) == {"annotator 1"}
    assert two.import_labels(path).n == 0


def test_broken_lines_are_told_and_an_undo_of_what_is_not_here(make_session: Make, tmp_path: Path) -> None:
    one = some_history(make_session)
    path = one.export(tmp_path / "one.jsonl", names=True)
    lines = path.read_text().splitlines()
    lines[2] = lines[2][:40]
    for change in (
        {"kind": "boom"}, {"time": "yesterday"}, {"item_ids": []}, {"value": 7}, {"format": 9},
        {"elapsed_ms": -1}, {"annotator": " "}, {"event_id": "x" * 65}, {"evil": 1}, {"value": "c"},
        {"task": "other"}, {"item_ids": ["1", "1"]}, {"selection": "magic"},
        {"value": {"classes": [{"name": "a", "x": 1}]}, "kind": "schema"},
    ):  # fmt: skip
        lines.append(json.dumps(json.loads(lines[1]) | {"event_id": str(len(lines))} | change))
    lines.append(lines[1].replace('{"class": "a"}', '{"class": "b"}'))
    path.write_text("\n".join(lines))
    two = make_session()
    found = two.import_labels(path)
    told = whys(found)
    assert told[0].startswith("The line is not JSON")
    assert (
        told[1:3]
        == [f"It refers to the act {one._loop.log.acts()[1][0].event_id!r}, which does not exist here."] * 2
    )
    assert found.refused["row"].tolist() == [2, 3, 4, *range(8, 23)]
    assert told[-1] == "Another act has this id."
    assert any("'c' is not a class" in why for why in told)
    assert any("to task 'other'" in why for why in told)
    assert two.labels()["label"].tolist() == ["a"]


def test_classes_that_the_log_never_knew_are_added_and_its_own_stay(
    make_session: Make, tmp_path: Path
) -> None:
    one = make_session(classes=["a", "c"], annotator="mia")
    one.label(one.pool.ids[0], "c")
    path = one.export(tmp_path / "one.jsonl", names=True)
    for labelled in (False, True):
        two = make_session(classes=["a", "b"], store=tmp_path / f"{labelled}.sqlite", annotator="ben")
        if labelled:
            two.label(two.pool.ids[1], "b")
        two.import_labels(path)
        assert set(two.classes.names) == {"a", "b", "c"}
        assert two.labels()["label"].tolist() == ["b", "c"] if labelled else ["c"]
        n = two._loop.log.n_events
        two.import_labels(path)
        assert two._loop.log.n_events == n
        two.close()
        again = make_session(classes=["a", "b"], store=tmp_path / f"{labelled}.sqlite", annotator="ben")
        assert set(again.classes.names) == {"a", "b", "c"}


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ANY_TEXT.filter(bool), min_size=3, max_size=3, unique=True))
def test_every_id_comes_back(make_session: Make, tmp_path: Path, keys: list[str]) -> None:
    table = pd.DataFrame({"k": keys, "t": list("xyz")}, dtype=object)
    one = make_session(table, text="t", id="k")
    one.label(keys, "a")
    two = make_session(table, text="t", id="k")
    assert two.import_labels(one.export(tmp_path / "h.jsonl", names=True)).refused.empty
    assert [e.item_ids for e, _ in two._loop.log.acts()] == [tuple(keys)]


# -- the command line


def test_import_by_the_command_line(
    make_session: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, other = tmp_path / "one.sqlite", tmp_path / "two.sqlite"
    some_history(make_session, store=store).close()
    assert cli.main(["export", str(store), str(tmp_path / "h.jsonl"), "--names"]) == 0
    capsys.readouterr()
    assert cli.main(["import", str(other), str(tmp_path / "h.jsonl")]) == 0
    assert capsys.readouterr().out == "8 acts imported\n"
    pd.testing.assert_frame_equal(stored_history(other), stored_history(store))
    pd.testing.assert_frame_equal(stored_labels(other), stored_labels(store))
    assert cli.main(["import", str(other), str(tmp_path / "h.jsonl"), "--task", "labels"]) == 0
    assert capsys.readouterr().out == "0 acts imported, 8 already there\n"
    with (tmp_path / "h.jsonl").open("a") as file:
        file.write("{\n")
    assert cli.main(["import", str(other), str(tmp_path / "h.jsonl")]) == 1
    assert "row 8: The line is not JSON" in capsys.readouterr().err


def test_nothing_else_is_imported_by_the_command_line(
    session: Session, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    session.label(1, "a")
    session.export(tmp_path / "l.csv")
    for name in ("l.csv", "no.jsonl"):
        assert cli.main(["import", str(tmp_path / "new.sqlite"), str(tmp_path / name)]) == 2
    assert "use session.import_labels" in capsys.readouterr().err
    session.export(tmp_path / "h.jsonl", names=True)
    assert (
        cli.main(["import", str(tmp_path / "new.sqlite"), str(tmp_path / "h.jsonl"), "--task", "label"]) == 2
    )
    assert "Did you mean 'labels'?" in capsys.readouterr().err
    assert not (tmp_path / "new.sqlite").exists()


def test_an_act_is_in_a_store_once(make_session: Make, tmp_path: Path) -> None:
    X, _ = clouds()
    store = tmp_path / "labels.sqlite"
    one = make_session(X, store=store, annotator="mia")
    one.label(one.pool.ids[0], "a")
    path = one.export(tmp_path / "h.jsonl", names=True)
    path.write_text(path.read_text().replace('"task": "labels"', '"task": "other"'))
    other = make_session(np.asarray(X), store=store, task="other")
    found = other.import_labels(path)
    assert (found.n, other.n_labels) == (0, 0)
    assert whys(found) == ["The store already has this act under another task."]


def test_a_history_that_an_earlier_version_wrote_is_taken_up(make_session: Make, tmp_path: Path) -> None:
    one = some_history(make_session)
    path = one.export(tmp_path / "one.jsonl", names=True)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:  # format 1 identified classes by name only
        line["format"], word = 1, line.pop("said", None)
        line["value"] = line["value"] if word is None else word
    path.write_text("\n".join(map(json.dumps, lines)))
    two = make_session()
    found = two.import_labels(path)
    assert found.refused.empty
    assert two.import_labels(path).n == 0
    assert two.labels()["label"].tolist() == one.labels()["label"].tolist()


def test_answers_of_people_who_differ_do_not_become_those_of_one(make_session: Make, tmp_path: Path) -> None:
    store = tmp_path / "team.sqlite"
    for who, labels in (("ann", ["spam", "ham"]), ("bob", ["ham", "ham"])):
        one = make_session(["first text", "second text"], classes=["spam", "ham"], annotator=who, store=store)
        for key, label in zip(one.pool.ids, labels, strict=True):
            one.label(key, label)
    for path in (
        one.export(tmp_path / "team.csv", names=True),
        one.export(tmp_path / "t.jsonl", "hf", names=True),
    ):
        new = make_session(
            ["first text", "second text"],
            classes=["spam", "ham"],
            annotator="eve",
            store=tmp_path / f"{path.name}.sqlite",
        )
        with pytest.raises(InvalidInput, match=r'different answers to 1 item\. .*annotator="annotator"'):
            new.import_labels(path)
        assert not len(new.labels())
        assert new.import_labels(path, annotator="annotator").n == 4
        assert sorted(set(new.labels()["annotator"])) == ["ann", "bob"]
