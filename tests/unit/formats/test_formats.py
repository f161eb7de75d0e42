"""Exports of other labeling tools: submitted labels are imported, others refused with a reason."""

# ruff: noqa: E501 - rows as the tools write them

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from hitl_widgets.data.rows import encode
from hitl_widgets.errors import InvalidInput
from hitl_widgets.formats import Left, Said, Wanted, formats, recognised
from hitl_widgets.questions.question import Question
from hitl_widgets.session import Session

Make = Callable[..., Session]

TEXTS = ["The soup was cold.", "What a view!", "It rained all day.", "The bus came on time."]
GOOD, BAD = "good", "bad"


@pytest.fixture
def session(make_session: Make) -> Session:
    """Identified by content: no tool knows these ids."""
    return make_session(pd.DataFrame({"t": TEXTS}), text="t", classes=[GOOD, BAD], annotator="mia")


@pytest.fixture
def with_ids(make_session: Make) -> Session:
    """The ids are in the reverse order of a tool's numbers."""
    table = pd.DataFrame({"k": [4, 3, 2, 1], "t": TEXTS})
    return make_session(table, text="t", id="k", classes=[GOOD, BAD], annotator="mia")


def said(session: Session) -> dict[str, Any]:
    """The labels by text."""
    labels = session.labels()
    texts = [session.item(one) for one in labels["id"]]
    return dict(zip(texts, labels["label"], strict=True))


def why(found: Any) -> dict[int, str]:
    return dict(zip(found.refused["row"].tolist(), found.refused["why"], strict=True))


def written(rows: Any, folder: Path, name: str) -> Path:
    text = "\n".join(map(json.dumps, rows)) if name.endswith("l") else json.dumps(rows, indent=1)
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


# -- Label Studio


def choice(*words: str, name: str = "tone", **more: Any) -> dict[str, Any]:
    part = {
        "from_name": name,
        "to_name": "text",
        "type": "choices",
        "value": {"choices": list(words), **more},
    }
    return {"id": "x1", "origin": "manual", **part}


def task(n: int, *annotations: Any, **more: Any) -> dict[str, Any]:
    """Numbered from 1, as Label Studio does."""
    return {
        "id": n + 1,
        "data": {"text": TEXTS[n], "source": "inn"},
        "annotations": list(annotations),
        "predictions": [],
        "project": 5,
        **more,
    }


def annotation(*parts: Any, **more: Any) -> dict[str, Any]:
    return {
        "id": 9, "completed_by": 1, "result": list(parts), "was_cancelled": False, "ground_truth": False, "lead_time": 4.2,
    } | more  # fmt: skip


@pytest.mark.parametrize("name", ["tasks.json", "tasks.jsonl"])
def test_label_studio_json(with_ids: Session, tmp_path: Path, name: str) -> None:
    rows = [
        task(0, annotation(choice(BAD))),
        task(1, annotation(choice(GOOD), was_cancelled=True)),
        task(2, annotation(choice(GOOD, BAD))),
        task(
            3,
            annotation(
                choice(GOOD), {"type": "textarea", "value": {"text": ["on time"]}, "from_name": "note"}
            ),
        ),
    ]
    found = with_ids.import_labels(written(rows, tmp_path, name))
    assert said(with_ids) == {TEXTS[0]: BAD, TEXTS[3]: GOOD}  # by content: the task numbers are other ids
    assert (found.n, found.n_rows) == (2, 4)
    assert why(found)[1] == "Label Studio: The annotation was cancelled: the annotator skipped the task."
    assert why(found)[2].startswith("Label Studio: 2 answers were given ('good', 'bad')")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (task(0), "no annotation: it is not labeled"),
        (task(0, predictions=[{"result": [choice(BAD)]}]), "a prediction of a model is not a label"),
        (task(0, annotation()), "Nothing was chosen"),
        (task(0, annotation({"type": "rectanglelabels", "value": {}})), "contains 'rectanglelabels'"),
        (
            task(0, annotation({"type": "labels", "value": {"start": 0, "end": 4, "labels": [BAD]}})),
            "contains 'labels'",
        ),
        (task(0, annotation({"type": "rating", "value": {"rating": 4}})), "contains 'rating'"),
        (task(0, annotation(choice(BAD, start=0, end=3))), "for a region"),
        (task(0, annotation(choice(BAD), reviews=[{"accepted": False}])), "rejected in review"),
        (task(0, annotation(choice(BAD), skipped=True)), "cancelled"),
        (task(0, 17), "not in the format of Label Studio"),
        (task(0, annotation({"type": "choices", "value": None})), "not in the format of Label Studio"),
        (task(0, annotation(choice("ugly"))), "'ugly' is not a class"),
        (
            task(0, annotation(choice(BAD)), data={"text": "Nobody said this."}),
            "No item, or more than one, has the text",
        ),
    ],
)
def test_label_studio_annotations_that_are_no_label(session: Session, row: Any, words: str) -> None:
    found = session.import_labels([row, task(1, annotation(choice(GOOD)))])
    assert said(session) == {TEXTS[1]: GOOD}
    assert words in why(found)[0]


def test_label_studio_keeps_annotators_apart(session: Session) -> None:
    rows = [
        task(
            0,
            annotation(choice(BAD), completed_by={"id": 1, "email": "ann@example.org"}),
            annotation(choice(GOOD), completed_by={"id": 2, "email": "ben@example.org"}),
            annotation(choice(GOOD), completed_by=3),
        )
    ]
    assert session.import_labels(rows).n == 3
    labels = session.labels().set_index("annotator")["label"].to_dict()
    assert labels == {"ann@example.org": BAD, "ben@example.org": GOOD, "Label Studio user 3": GOOD}


def test_label_studio_asks_which_question(session: Session) -> None:
    rows = [task(0, annotation(choice(BAD), choice("short", name="length")))]
    with pytest.raises(InvalidInput, match=r"questions 'length', 'tone': pass one of them as label="):
        session.import_labels(rows)
    with pytest.raises(InvalidInput, match=r"label='mood' is not one of them"):
        session.import_labels(rows, label="mood")
    assert session.import_labels(rows, label="tone").n == 1


def test_label_studio_own_ids_in_the_data(with_ids: Session) -> None:
    rows = [task(0, annotation(choice(BAD)), data={"k": 1, "text": "edited since"})]
    assert with_ids.import_labels(rows, id="k").n == 1
    assert with_ids.labels()["id"].tolist() == [1]


MIN = {
    "annotator": 1,
    "annotation_id": 7,
    "created_at": "2026-01-01",
    "updated_at": "2026-01-01",
    "lead_time": 3.1,
}


@pytest.mark.parametrize("name", ["min.json", "min.csv", "frame"])
def test_label_studio_json_min_and_csv(with_ids: Session, tmp_path: Path, name: str) -> None:
    rows: list[dict[str, Any]] = [
        {"text": TEXTS[0], "id": 1, "tone": BAD, **MIN},
        {"text": TEXTS[1], "id": 2, "tone": {"choices": [GOOD, BAD]}, **MIN},
        {"text": TEXTS[2], "id": 3, "tone": None, **MIN},
        {"text": TEXTS[3], "id": 4, "tone": GOOD, **MIN},
    ]
    if name == "min.csv":
        table = [{k: json.dumps(v) if isinstance(v, dict) else v for k, v in row.items()} for row in rows]
        pd.DataFrame(table).to_csv(tmp_path / name, index=False)
        source: Any = tmp_path / name
    else:
        source = pd.DataFrame(rows) if name == "frame" else written(rows, tmp_path, name)
    found = with_ids.import_labels(source)
    assert said(with_ids) == {TEXTS[0]: BAD, TEXTS[3]: GOOD}
    assert set(with_ids.labels()["annotator"]) == {"Label Studio user 1"}
    assert "2 answers" in why(found)[1]
    assert "Nothing was chosen" in why(found)[2]


def test_label_studio_json_min_with_two_questions(session: Session) -> None:
    rows = [{"text": TEXTS[0], "id": 1, "tone": BAD, "again": GOOD, **MIN}]
    with pytest.raises(InvalidInput, match=r"Pass one of its fields as label=: 'text', 'tone', 'again'"):
        session.import_labels(rows)
    assert session.import_labels(rows, label="again").n == 1


# -- Prodigy


def answer(n: int, said: str = "accept", **more: Any) -> dict[str, Any]:
    return {
        "text": TEXTS[n],
        "_input_hash": 17 + n,
        "_task_hash": -n,
        "_view_id": "choice",
        "answer": said,
    } | more


@pytest.mark.parametrize("kind", ["jsonl", "json", "frame", "polars", "arrow", "dicts", "csv"])
def test_prodigy_takes_only_what_was_accepted(session: Session, tmp_path: Path, kind: str) -> None:
    rows = [
        answer(0, label=BAD),
        answer(1, "reject", label=BAD),
        answer(2, "ignore", label=GOOD),
        answer(3, label=GOOD),
    ]
    make: dict[str, Callable[[], Any]] = {
        "jsonl": lambda: written(rows, tmp_path, "p.jsonl"),
        "json": lambda: written(rows, tmp_path, "p.json"),
        "frame": lambda: pd.DataFrame(rows),
        "polars": lambda: pl.DataFrame(rows),
        "arrow": lambda: pa.Table.from_pylist(rows),
        "dicts": lambda: rows,
        "csv": lambda: pd.DataFrame(rows).to_csv(tmp_path / "p.csv", index=False) or tmp_path / "p.csv",
    }
    found = session.import_labels(make[kind]())
    assert said(session) == {TEXTS[0]: BAD, TEXTS[3]: GOOD}
    assert why(found) == {
        1: "Prodigy: The answer is 'reject': only accepted answers are labels.",
        2: "Prodigy: The answer is 'ignore': only accepted answers are labels.",
    }


def test_prodigy_choices(session: Session) -> None:
    options = [{"id": GOOD, "text": "Good"}, {"id": BAD, "text": "Bad"}]
    rows = [
        answer(0, options=options, accept=[BAD]),
        answer(1, options=options, accept=[]),
        answer(2, options=options, accept=[GOOD, BAD]),
        answer(3, options=options, accept=[GOOD], label="tone"),
    ]
    found = session.import_labels(rows)
    assert said(session) == {TEXTS[0]: BAD, TEXTS[3]: GOOD}
    assert "Nothing was chosen" in why(found)[1]
    assert "2 answers were given" in why(found)[2]


def test_prodigy_spans_are_no_choice(session: Session) -> None:
    found = session.import_labels([answer(0, spans=[{"start": 0, "end": 3, "label": BAD}])])
    assert "contains spans" in why(found)[0]


def test_prodigy_ids_and_annotators(with_ids: Session) -> None:
    rows = [
        answer(0, label=BAD, meta={"id": 2}, _session_id="tones-ann", _annotator_id="tones-ann"),
        answer(1, label=GOOD, _session_id="tones-2026-01-02_03-04-05"),
        answer(1, label=BAD, _session_id="tones-ben"),
    ]
    assert with_ids.import_labels(rows).n == 3
    labels = with_ids.labels()
    assert labels.set_index("annotator")["id"].to_dict() == {"tones-ann": 2, "mia": 3, "tones-ben": 3}


def test_a_column_of_ones_own_called_answer(with_ids: Session) -> None:
    session = with_ids
    session.classes.add("accept")
    assert session.import_labels([{"id": 1, "answer": "accept"}], label="answer").n == 1


# -- doccano


@pytest.mark.parametrize(
    "more", [{"Comments": []}, {"Comments": ["sure?"]}, {"meta": {}, "annotation_approver": None}, {}]
)
@pytest.mark.parametrize("field", ["label", "labels"])
def test_doccano_of_now(with_ids: Session, tmp_path: Path, more: Any, field: str) -> None:
    rows = [
        {"id": 1, "text": TEXTS[0], field: [BAD], **more},
        {"id": 2, "text": TEXTS[1], field: [], **more},
        {"id": 3, "text": TEXTS[2], field: [GOOD, BAD], **more},
        {"id": 4, "text": TEXTS[3], field: [GOOD], **more},
    ]
    found = with_ids.import_labels(written(rows, tmp_path, "all.jsonl"))
    assert said(with_ids) == {TEXTS[0]: BAD, TEXTS[3]: GOOD}  # the numbers are doccano's
    assert "Nothing was chosen" in why(found)[1]
    assert "2 answers were given" in why(found)[2]


def test_a_list_of_labels_under_ones_own_ids(with_ids: Session) -> None:
    rows = [{"id": 4, "text": TEXTS[0], "label": [BAD]}, {"id": 1, "text": "edited", "label": [GOOD]}]
    found = with_ids.import_labels(rows)
    assert said(with_ids) == {TEXTS[0]: BAD}
    assert "The item 1 differs" in why(found)[1]


def test_doccano_before_it_named_the_classes(session: Session) -> None:
    old = {"meta": {}, "annotation_approver": "admin"}
    rows = [
        {"id": 1, "text": TEXTS[0], "annotations": [{"label": 2, "user": 1}], **old},
        {
            "id": 2,
            "text": TEXTS[1],
            "annotations": [{"label": GOOD, "user": 1}, {"label": BAD, "user": 2}],
            **old,
        },
        {"id": 3, "text": TEXTS[2], "annotations": [], **old},
        {
            "id": 4,
            "text": TEXTS[3],
            "annotations": [{"label": 2, "start_offset": 0, "end_offset": 3, "user": 1}],
            **old,
        },
    ]
    found = session.import_labels(rows)
    labels = session.labels().set_index("annotator")["label"].to_dict()
    assert labels == {"doccano user 1": GOOD, "doccano user 2": BAD}
    assert "an internal number of doccano (2)" in why(found)[0]
    assert "not labeled" in why(found)[2]
    assert "spans" in why(found)[3]


@pytest.mark.parametrize("mark", [",", "\t", ";"])
def test_doccano_csv(with_ids: Session, tmp_path: Path, mark: str) -> None:
    rows = [
        [1, TEXTS[0], BAD, ""],
        [2, TEXTS[1], f"{GOOD}#{BAD}", ""],
        [3, TEXTS[2], "", ""],
        [4, TEXTS[3], GOOD, ""],
    ]
    table = pd.DataFrame(rows, columns=["id", "text", "label", "Comments"])
    table.to_csv(tmp_path / "all.csv", index=False, sep=mark)
    found = with_ids.import_labels(tmp_path / "all.csv")
    assert said(with_ids) == {TEXTS[0]: BAD, TEXTS[3]: GOOD}
    assert "2 answers were given" in why(found)[1]
    assert "not labeled" in why(found)[2]


def test_doccano_ids_in_the_metadata(with_ids: Session) -> None:
    rows = [
        {"id": 1, "text": "edited", "label": [BAD], "k": 4},
        {"id": 2, "text": "x", "label": [BAD], "meta": {"k": 3}},
    ]
    assert with_ids.import_labels(rows, id="k").n == 2
    assert sorted(with_ids.labels()["id"]) == [3, 4]


def test_doccano_sequence_labels_are_no_choice(session: Session) -> None:
    found = session.import_labels([{"id": 1, "text": TEXTS[0], "label": [[0, 3, BAD]], "Comments": []}])
    assert "spans" in why(found)[0]


# -- Argilla


def record(n: int, responses: Any, status: str = "completed", **more: Any) -> dict[str, Any]:
    return {
        "id": f"r{n}", "fields": {"text": TEXTS[n]}, "metadata": {}, "suggestions": {}, "responses": responses,
        "vectors": {}, "status": status, "_server_id": f"s{n}",
    } | more  # fmt: skip


def by(value: Any, user: str = "u1", **more: Any) -> dict[str, Any]:
    return {"value": value, "user_id": user, **more}


def test_argilla_records(session: Session, tmp_path: Path) -> None:
    suggested = {"tone": {"value": BAD, "agent": "model", "score": 0.9}}
    rows = [
        record(0, {"tone": [by(BAD, "u1", status="submitted"), by(GOOD, "u2", status="discarded")]}),
        record(1, {"tone": [by(GOOD, status="draft")]}),
        record(2, {}, "pending", suggestions=suggested),
        record(3, {"tone": [by(GOOD)]}),
    ]
    found = session.import_labels(written([{**row, "id": None} for row in rows], tmp_path, "argilla.json"))
    assert said(session) == {TEXTS[0]: BAD, TEXTS[3]: GOOD}
    told = found.refused.groupby("row")["why"].first()
    assert "The response is discarded" in told[0]
    assert "The response is draft" in told[1]
    assert "a suggestion is not a label" in told[2]
    assert set(session.labels()["annotator"]) == {"u1"}


def test_argilla_before_version_2(session: Session) -> None:
    rows = [
        record(
            n, [{"user_id": "u1", "status": status, "values": {"tone": {"value": value}}}], external_id=None
        )
        for n, status, value in ((0, "submitted", BAD), (1, "discarded", GOOD), (2, "submitted", [GOOD, BAD]))
    ]
    found = session.import_labels(rows)
    assert said(session) == {TEXTS[0]: BAD}
    assert set(why(found)) == {1, 2}


@pytest.mark.parametrize("kind", ["dicts", "columns", "frame", "parquet", "jsonl"])
def test_argilla_flat_and_as_a_hugging_face_dataset(session: Session, tmp_path: Path, kind: str) -> None:
    def row(n: int, values: Any, statuses: Any, status: str = "completed") -> dict[str, Any]:
        users = None if values is None else [f"u{i}" for i in range(len(values))]
        return {
            "id": None, "status": status, "_server_id": "s", "text": TEXTS[n], "tone.responses": values,
            "tone.responses.users": users, "tone.responses.status": statuses, "tone.suggestion": GOOD,
            "tone.suggestion.score": 0.5, "tone.suggestion.agent": "model",
        }  # fmt: skip

    rows = [
        row(0, [BAD, GOOD], ["submitted", "discarded"]),
        row(1, None, None, "pending"),
        row(2, [GOOD], ["draft"], "pending"),
        row(3, [GOOD], ["submitted"]),
    ]
    frame = pd.DataFrame(rows)
    if kind == "parquet":
        frame.to_parquet(tmp_path / "a.parquet")
    sources = {
        "dicts": rows,
        "columns": {name: [r[name] for r in rows] for name in rows[0]},
        "frame": frame,
        "parquet": tmp_path / "a.parquet",
        "jsonl": written(rows, tmp_path, "a.jsonl"),
    }
    found = session.import_labels(sources[kind])
    assert said(session) == {TEXTS[0]: BAD, TEXTS[3]: GOOD}
    assert sorted(why(found)) == [0, 1, 2]


def test_argilla_feedback_datasets_of_version_1(session: Session) -> None:
    rows = [
        {
            "text": TEXTS[0],
            "tone": [by(BAD, status="submitted")],
            "tone-suggestion": GOOD,
            "external_id": None,
        },
        {
            "text": TEXTS[1],
            "tone": [by(GOOD, status="discarded")],
            "tone-suggestion": None,
            "external_id": None,
        },
        {"text": TEXTS[2], "tone": [], "tone-suggestion": GOOD, "external_id": None},
    ]
    found = session.import_labels(rows)
    assert said(session) == {TEXTS[0]: BAD}
    assert "suggestion is not a label" in why(found)[2]


def test_argilla_of_version_0(session: Session) -> None:
    def row(n: int, status: str, label: Any = GOOD) -> dict[str, Any]:
        return {
            "text": None, "inputs": {"text": TEXTS[n]}, "prediction": [{"label": BAD, "score": 0.8}],
            "annotation": label, "annotation_agent": "ann", "id": None, "status": status, "multi_label": False,
        }  # fmt: skip

    found = session.import_labels(
        [row(0, "Validated"), row(1, "Default"), row(2, "Discarded"), row(3, "Validated", None)]
    )
    assert said(session) == {TEXTS[0]: GOOD}
    assert session.labels()["annotator"].tolist() == ["ann"]
    assert sorted(why(found)) == [1, 2, 3]


def test_an_id_that_argilla_gave_is_found_by_the_text(with_ids: Session) -> None:
    given = "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d"
    rows = [record(0, {"tone": [by(BAD, status="submitted"), by(GOOD, status="draft")]}, id=given)]
    found = with_ids.import_labels(rows)
    assert found.n == 1
    assert with_ids.item(with_ids.labels()["id"][0]) == TEXTS[0]
    assert "1 of 1 rows refused" in repr(found)


def test_argilla_ids_that_are_the_persons_own(with_ids: Session) -> None:
    rows = [record(0, {"tone": [by(BAD, status="submitted")]}, id="2")]
    assert with_ids.import_labels(rows).n == 1
    assert with_ids.labels()["id"].tolist() == [2]


# -- Hugging Face


def test_numbers_of_classes_are_their_names_where_the_file_says_them(
    with_ids: Session, tmp_path: Path
) -> None:
    features = {
        "label": {"names": [BAD, GOOD], "_type": "ClassLabel"},
        "id": {"dtype": "int64", "_type": "Value"},
    }
    table = pa.table({"id": [1, 2, 3], "label": [0, 1, -1]})
    table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    parquet.write_table(table, tmp_path / "hf.parquet")
    found = with_ids.import_labels(tmp_path / "hf.parquet")
    assert with_ids.labels().set_index("id")["label"].to_dict() == {1: BAD, 2: GOOD}
    assert why(found) == {2: "The label is blank."}


def test_rows_of_the_hugging_face_viewer(with_ids: Session, tmp_path: Path) -> None:
    features = [{"feature_idx": 0, "name": "label", "type": {"names": [BAD, GOOD], "_type": "ClassLabel"}}]
    rows = [{"row_idx": i, "row": {"id": i + 1, "label": i}, "truncated_cells": []} for i in range(2)]
    found = with_ids.import_labels(written({"features": features, "rows": rows}, tmp_path, "rows.json"))
    assert found.n == 2
    assert with_ids.labels().set_index("id")["label"].to_dict() == {1: BAD, 2: GOOD}


class _ClassLabel:
    names = (BAD, GOOD)


class _Dataset:
    """A stand-in for a Hugging Face dataset, which is not even a dependency of the tests."""

    def __init__(self) -> None:
        self.features = {"id": object(), "label": _ClassLabel()}

    def __len__(self) -> int:
        return 3

    def with_format(self, kind: str) -> _Dataset:
        assert kind == "arrow"
        return self

    def __getitem__(self, _: slice) -> pa.Table:
        return pa.table({"id": [1, 2, 3], "label": [1, 0, -1]})


_Dataset.__module__ = "datasets.arrow_dataset"


def test_a_hugging_face_dataset(with_ids: Session) -> None:
    found = with_ids.import_labels(_Dataset())
    assert with_ids.labels().set_index("id")["label"].to_dict() == {1: GOOD, 2: BAD}
    assert sorted(why(found)) == [2]


# -- partly malformed files


def test_a_broken_line_of_csv_is_named_and_the_others_are_read(with_ids: Session, tmp_path: Path) -> None:
    lines = [
        "id,label,note",
        f'1,{BAD},"said ""so"""',
        f'2,{BAD},"never closed',
        f"3,{GOOD},fine",
        f'4,"{GOOD}"x,',
    ]
    (tmp_path / "l.csv").write_text("\n".join(lines) + "\n")
    found = with_ids.import_labels(tmp_path / "l.csv")
    assert with_ids.labels().set_index("id")["label"].to_dict() == {1: BAD, 3: GOOD}
    assert sorted(why(found)) == [1, 3]
    assert why(found)[1].startswith("Line 3 of the file is broken:")
    assert why(found)[3].startswith("Line 5 of the file is broken:")


def test_a_quote_that_swallows_rows_gives_them_back(with_ids: Session, tmp_path: Path) -> None:
    lines = ["id,label,note", f'1,{BAD},"open', f'2,{GOOD},"x"', f'3,{GOOD},"two\nlines"', f"4,{BAD},"]
    (tmp_path / "l.csv").write_text("\n".join(lines) + "\n")
    found = with_ids.import_labels(tmp_path / "l.csv")
    assert sorted(with_ids.labels()["id"]) == [2, 3, 4]
    assert why(found)[0].startswith("Line 2 of the file is broken:")


def test_nan_in_a_field_that_nobody_needs(with_ids: Session, tmp_path: Path) -> None:
    lines = [
        '{"id": 1, "label": "bad", "score": NaN}',
        '{"id": 2, "label": "good", "score": -Infinity}',
        '{"id": ',
    ]
    (tmp_path / "l.jsonl").write_text("\n".join(lines))
    found = with_ids.import_labels(tmp_path / "l.jsonl")
    assert found.n == 2
    assert why(found)[2].startswith("Line 3 is not JSON")
    (tmp_path / "l.json").write_text(f"[{','.join(lines[:2])}]")
    assert with_ids.import_labels(tmp_path / "l.json").n_same == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[1, 2", "is not JSON"),
        ("3", "contains an int"),
        ("[" * 100_000, "nested too deep"),
    ],
)
def test_json_files_of_something_else(session: Session, tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "l.json").write_text(text)
    with pytest.raises(InvalidInput, match=words):
        session.import_labels(tmp_path / "l.json")
    assert session.labels().empty


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from([BAD, "accept", "submitted", "choices"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["value", "choices", "result", "type", "label", "status"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)
FIELDS = [
    "data", "annotations", "predictions", "annotation_id", "lead_time", "text", "answer", "accept", "label", "id",
    "fields", "responses", "status", "tone.responses", "tone.responses.users", "annotation", "annotation_agent", "meta",
    "spans", "audio_spans", "relations", "entities", "chosen", "rejected", "prompt", "completion",
]  # fmt: skip
# What makes rows those of a tool.
TOLD: list[dict[str, Any]] = [
    {}, {"data": {}, "annotations": []}, {"answer": "accept"}, {"id": 1, "text": "x", "label": ["a"]},
    {"fields": {}, "responses": {}}, {"coco": {"file_name": "a"}, "annotations": [], "categories": {}},
    {"hitl_answers": 1, "person": "x"}, {"WorkerId": 1, "AssignmentId": 2, "Input.item": 3},
    {"chosen": "a", "rejected": "b"}, {"annotation_id": 1, "lead_time": 2},
]  # fmt: skip
ASKED = [
    "choice",
    "",
    "choices",
    "rating",
    "number",
    "text",
    "spans",
    "ranges",
    "boxes",
    "masks",
    "pair",
    "ranking",
]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.dictionaries(st.sampled_from(FIELDS), JSON, min_size=3), min_size=1, max_size=3),
    st.sampled_from(TOLD),
    st.sampled_from(ASKED),
)
def test_whatever_the_rows_hold_each_is_a_label_or_said_why_not(
    rows: list[dict[str, Any]], more: dict[str, Any], kind: str
) -> None:
    wanted = Wanted(kind=kind, whole=not kind)
    rows = [{**row, **more} for row in rows]
    tool = recognised(rows, wanted)
    for one in formats() if tool is None else [tool]:
        try:
            read = list(one.read(list(enumerate(rows)), wanted)) if one is tool else []
        except InvalidInput:  # several questions
            continue
        assert {r.number for r in read} == (set(range(len(rows))) if one is tool else set())
        assert all(isinstance(r, Said) or (isinstance(r, Left) and r.why) for r in read)


def test_answers_of_several_classes_that_waited_in_a_browser_are_read(make_session: Make) -> None:
    session = make_session(["one", "two"], classes=None, question=Question.choices(["a, b", "c"]))
    answer = {"classes": ["a, b", "c"], "words": ["a, b", "c"]}
    row = {"hitl_act": "label", "value": "a, b, c", "answer": answer, "pool": session.pool.fingerprint}
    none = row | {"value": "none of them", "answer": {"classes": [], "words": []}}
    found = session.import_labels([row | {"key": session.pool.keys[0]}, none | {"key": session.pool.keys[1]}])
    assert (found.n, len(found.refused)) == (2, 0)
    assert session.labels()["label"].tolist() == [["a, b", "c"], []]


def test_answers_that_waited_in_a_browser_are_read(make_session: Make) -> None:
    session = make_session(["one", "two", "three", "four"], classes=["a", "b"])
    keys, print_ = session.pool.keys, session.pool.fingerprint
    act = {"hitl_act": "label", "value": "a", "pool": print_, "store": "labels.sqlite"}
    rows = [
        act | {"key": keys[0]},
        act | {"rows": encode([1, 2]), "value": "b"},
        act | {"rows": encode([3]), "pool": "another"},
        {"hitl_act": "skip", "key": keys[3]},
    ]
    found = session.import_labels(rows)
    assert found.n == 3
    assert session.labels().set_index("id").label.to_dict() == dict(zip(keys[:3], "abb", strict=True))
    assert found.refused.row.tolist() == [2, 3]
    assert "another table" in found.refused.why[0]
    assert "not a label" in found.refused.why[1]
