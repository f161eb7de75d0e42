"""Sessions and files of other tools: exported and imported again, and the command line."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import hitl_widgets as hitl
from hitl_widgets import cli
from hitl_widgets.errors import InvalidInput
from hitl_widgets.questions.question import Question
from hitl_widgets.session import Session

Make = Callable[..., Session]
TEXTS = ["Ann  met Bob.", "In\nNew York", "Nobody came."]
SPANS = [
    [{"start": 0, "end": 3, "label": "person"}, {"start": 9, "end": 12, "label": "person"}],
    [{"start": 3, "end": 11, "label": "place"}],
    [],
]
BOXES = [[{"x": 1.5, "y": 2, "width": 10, "height": 4.25, "label": "car"}], []]


@pytest.fixture
def images(tmp_path: Path) -> pd.DataFrame:
    (tmp_path / "images").mkdir()
    paths = [tmp_path / "images" / f"{name}.png" for name in ("one", "two")]
    for k, path in enumerate(paths):
        Image.fromarray(np.full((30, 40 + k), 40 * k, np.uint8)).save(path)
    return pd.DataFrame({"image": paths})


def labelled(session: Session, answers: list[Any]) -> Session:
    for key, answer in zip(session.pool.ids, answers, strict=True):
        session.label(key, answer)
    return session


def said(session: Session) -> list[Any]:
    """The labels in the order of the items."""
    found = session.labels().set_index("id")["label"]
    return [found[key] for key in session.pool.ids]


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("label-studio", "a.json"),
        ("prodigy", "a.jsonl"),
        ("doccano", "a.jsonl"),
        ("hf", "a.jsonl"),
        ("conll", "a.conll"),
    ],
)
def test_spans_come_back(make_session: Make, tmp_path: Path, name: str, file: str) -> None:
    table, question = pd.DataFrame({"t": TEXTS}), Question.spans(["person", "place"])
    one = labelled(make_session(table, text="t", classes=None, question=question), SPANS)
    path = one.export(tmp_path / file, name)
    two = make_session(table, text="t", classes=None, question=question)
    found = two.import_labels(path)
    assert (found.n, len(found.refused)) == (3, 0), found.refused.to_dict("records")
    assert said(two) == SPANS
    assert two.import_labels(path).n == 0
    card = path.with_name(f"{path.name}.card.md").read_text()
    assert "person" in card


@pytest.mark.parametrize("name", ["label-studio", "prodigy", "doccano"])
def test_relations_come_back(make_session: Make, tmp_path: Path, name: str) -> None:
    table = pd.DataFrame({"t": TEXTS})
    question = Question.spans(["person", "place"], relations=["met", "likes"])
    links = [{"from": 0, "to": 1, "label": "met"}, {"from": 1, "to": 0, "label": "likes"}]
    answers = [{"spans": SPANS[0], "relations": links}, *({"spans": s, "relations": []} for s in SPANS[1:])]
    one = labelled(make_session(table, text="t", classes=None, question=question), answers)
    path = one.export(tmp_path / "a.jsonl", name)
    two = make_session(table, text="t", classes=None, question=question)
    found = two.import_labels(path)
    assert (found.n, len(found.refused)) == (3, 0), found.refused.to_dict("records")
    assert said(two) == answers


@pytest.mark.parametrize("name", ["label-studio", "coco", "yolo", "voc", "prodigy", "hf"])
def test_boxes_come_back(make_session: Make, images: pd.DataFrame, tmp_path: Path, name: str) -> None:
    question = Question.boxes(["car", "person"])
    one = labelled(make_session(images, image="image", classes=None, question=question), BOXES)
    ending = {"label-studio": ".json", "coco": ".json", "yolo": "", "voc": ""}.get(name, ".jsonl")
    path = one.export(tmp_path / f"out{ending}", name)
    two = make_session(images, image="image", classes=None, question=question)
    found = two.import_labels(path)
    assert (found.n, len(found.refused)) == (2, 0), found.refused.to_dict("records")
    assert said(two) == BOXES


def test_a_file_of_predictions_is_suggested(make_session: Make, images: pd.DataFrame, tmp_path: Path) -> None:
    marks = [{"id": 1, "image_id": 2, "category_id": 1, "bbox": [1, 2, 3, 4]}]
    coco = {
        "images": [{"id": k, "file_name": f"elsewhere/{name}.png"} for k, name in ((1, "one"), (2, "two"))],
        "annotations": marks,
        "categories": [{"id": 1, "name": "car"}],
    }
    (tmp_path / "d.json").write_text(json.dumps(coco))
    file = hitl.suggest.file(tmp_path / "d.json")
    question = Question.boxes(["car"])
    session = make_session(images, image="image", classes=None, question=question, suggest=file)
    made = session._loop.suggesting._source(range(2))
    assert made == [[], [{"x": 1, "y": 2, "width": 3, "height": 4, "label": "car"}]]
    assert len(session.labels()) == 0
    with pytest.raises(InvalidInput, match=r"d.json has no answers to suggest. The annotations are marks"):
        make_session(pd.DataFrame({"t": TEXTS}), text="t", suggest=file)


def test_images_in_memory_need_names(make_session: Make, tmp_path: Path) -> None:
    arrays = [np.zeros((30, 40), np.uint8), np.ones((30, 40), np.uint8)]
    question = Question.boxes(["car"])
    one = labelled(make_session(arrays, classes=None, question=question), BOXES)
    one.export(tmp_path / "a.json", "coco")
    card = (tmp_path / "a.json.card.md").read_text()
    assert "Not in the file: The image has no file name. Pass paths as images, or id= with" in card
    assert "(2x)" in card
    table = pd.DataFrame({"image": arrays, "name": ["one.png", "two.png"]})
    two = labelled(make_session(table, image="image", id="name", classes=None, question=question), BOXES)
    path = two.export(tmp_path / "b.json", "coco")
    assert [one["file_name"] for one in json.loads(path.read_text())["images"]] == ["one.png", "two.png"]
    three = make_session(table, image="image", id="name", classes=None, question=question)
    assert three.import_labels(path).n == 2
    assert said(three) == BOXES


def test_preferences_know_their_item(make_session: Make, tmp_path: Path) -> None:
    table = pd.DataFrame({"a": ["x1", "x2", "x3"], "b": ["y1", "y2", "y3"], "q": ["?", "??", "???"]})
    how: dict[str, Any] = {"text": ["a", "b"], "context": ["q"], "classes": None, "question": Question.pair()}
    one = labelled(make_session(table, **how), ["second", "first", "tie"])
    path = one.export(tmp_path / "p.jsonl", "trl")
    card = (tmp_path / "p.jsonl.card.md").read_text()
    assert "Not in the file: The answer is 'tie', which is not a preference." in card
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert rows[0] == {"prompt": "?", "chosen": "y1", "rejected": "x1"}
    two = make_session(table, **how)
    assert two.import_labels(path).n == 2
    found = two.labels().set_index("id")["label"]
    assert [found.get(key) for key in two.pool.ids] == ["second", "first", None]


def test_answers_of_several_kinds_in_one_project(make_session: Make) -> None:
    def part(name: str, kind: str, **value: Any) -> dict[str, Any]:
        return {"from_name": name, "to_name": "t", "type": kind, "value": value}

    rows = [
        {
            "data": {"text": text},
            "annotations": [
                {
                    "result": [
                        part("tone", "choices", choices=["good", "bad"]),
                        part("stars", "rating", rating=3),
                        part("count", "number", number=7),
                        part("note", "textarea", text=["fine"]),
                        part("names", "labels", start=0, end=3, labels=["person"], text=text[:3]),
                    ],
                    "lead_time": 2.5,
                }
            ],
        }
        for text in TEXTS
    ]
    asked: list[tuple[Any, Any]] = [
        (Question.choices(["good", "bad"]), ["good", "bad"]),
        (Question.rating(5), 3),
        (Question.text(), "fine"),
        (Question.spans(["person"]), [{"start": 0, "end": 3, "label": "person"}]),
    ]
    for question, answer in asked:
        session = make_session(pd.DataFrame({"t": TEXTS}), text="t", classes=None, question=question)
        label = {"rating": "stars"}.get(question.kind, "label")
        found = session.import_labels(rows, label=label)
        assert (found.n, said(session)) == (3, [answer] * 3), question.kind


def test_a_format_that_has_no_such_answers(make_session: Make, tmp_path: Path) -> None:
    session = labelled(make_session(pd.DataFrame({"t": TEXTS}), text="t"), ["a", "b", "a"])
    with pytest.raises(
        InvalidInput, match=r"'coco' has no answers of kind 'choice', only 'boxes'.*'label-studio'"
    ):
        session.export(tmp_path / "a.json", "coco")
    with pytest.raises(InvalidInput, match=r"'.json' is not an export format"):
        session.export(tmp_path / "a.json")
    assert not list(tmp_path.iterdir())


# -- hitl-widgets convert


def run(*told: Any) -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return cli.main(["convert", *map(str, told)])


def test_convert(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {"text": "Ann met Bob.", "spans": [{"start": 0, "end": 3, "label": "person"}], "answer": "accept"},
        {"text": "Nobody came.", "spans": [], "answer": "accept"},
        {"text": "Rejected.", "spans": [], "answer": "reject"},
    ]
    source = tmp_path / "p.jsonl"
    source.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert run(source, tmp_path / "out.conll") == 1
    out, err = capsys.readouterr()
    assert out.strip().endswith("2 answers of kind 'spans' about 2 items, from Prodigy to conll")
    assert "not converted: The answer is 'reject': only accepted answers are labels." in err
    assert (tmp_path / "out.conll").read_text() == (
        "-DOCSTART- O\n\nAnn B-person\nmet O\nBob O\n. O\n\nNobody O\ncame O\n. O\n\n"
    )
    assert run(tmp_path / "out.conll", tmp_path / "back.json", "--to", "label-studio") == 0
    assert "from CoNLL to label-studio" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (["nowhere.json", "a.csv"], "File not found"),
        (["p.jsonl", "p.jsonl"], "is both the source and the target"),
        (["p.jsonl", "a.json"], "'.json' is not an export format"),
        (["p.jsonl", "a.json", "--to", "coko"], "Did you mean 'coco'?"),
        (["p.jsonl", "a.json", "--to", "coco"], "'coco' has no answers of kind 'choice'"),
        (["p.jsonl", "a.csv", "--from", "yaml"], "'yaml' is not a format that can be read"),
        (["p.jsonl", "a.csv", "--kind", "boxez"], "Did you mean 'boxes'?"),
        (["p.jsonl", "a.csv", "--question", "tone"], "The row has no field 'tone'"),
        (["p.txt", "a.csv"], "unknown file type"),
        (["empty", "a.csv"], "is a folder, but not one of YOLO"),
        (["broken.json", "a.csv"], "is not JSON"),
        (["history.jsonl", "a.csv"], "is the history of a session"),
        (["bomb.xml", "a.csv"], "declares a document type"),
    ],
)
def test_convert_says_what_is_wrong(
    told: list[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("p.jsonl").write_text('{"text": "x", "label": "a"}\n', encoding="utf-8")
    Path("p.txt").write_text("x", encoding="utf-8")
    Path("empty").mkdir()
    Path("broken.json").write_text("[1, ", encoding="utf-8")
    Path("history.jsonl").write_text(
        '{"format": 2, "event_id": "1", "kind": "label", "item_ids": []}', "utf-8"
    )
    Path("bomb.xml").write_text('<!DOCTYPE x [<!ENTITY a "b">]><annotation/>', encoding="utf-8")
    assert run(*told) == 2
    assert words in capsys.readouterr().err
    assert not Path("a.csv").exists()


NUMBERED = [f"item number {k}" for k in range(6)]
LISTS = [[f"a{k}", f"b{k}", f"c{k}"] for k in range(6)]
FORM = Question.form({"tone": Question.choice(["good", "bad"]), "n": Question.number(low=0, high=9)})
ANSWERED: list[tuple[Any, Any, list[Any], int]] = [
    (FORM, NUMBERED, [{"tone": "good", "n": k} for k in range(6)], 2),
    (Question.number(low=0, high=99, step=0.5), NUMBERED, [3, 4.5, 3, 3, 7, 1], 0),
    (Question.text(), NUMBERED, [f"answer {k}" for k in range(6)], 0),
    (Question.rating([1, 2, 3]), NUMBERED, [1, 2, 3, 3, 3, 1], 0),
    (Question.ranking(), LISTS, [[3, 1, 2]] * 6, 0),
    (Question.choice(["a", "b"]), NUMBERED, ["a", "b"] * 3, 0),
]


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
@pytest.mark.parametrize("case", ANSWERED, ids=lambda case: case[0].kind)
def test_answers_keep_their_kind(
    case: Any, name: str, make_session: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    question, items, labels, code = case
    one = make_session(items, classes=None, question=question, store=tmp_path / "1.sqlite")
    for key, label in zip(one.pool.ids, labels, strict=True):
        one.label(key, label)
    path = one.export(tmp_path / name, None if name == "a.csv" else "hf")
    two = make_session(items, classes=None, question=question, store=tmp_path / "2.sqlite")
    found = two.import_labels(path)
    assert (found.n, len(found.refused)) == (6, 0)
    given = [s.labels().set_index("id")["label"].map(str).sort_index().to_dict() for s in (one, two)]
    assert given[0] == given[1]
    # The card, or the rows, say the kind; Label Studio has no forms.
    out = tmp_path / "out.json"
    assert run(path, out, "--to", "label-studio") == code
    told = capsys.readouterr()
    assert f"kind {question.kind!r}" in told.out + told.err
    Path(f"{path}.card.md").unlink()
    if name == "a.csv" and question.kind != "choice":
        out.unlink(missing_ok=True)
        assert run(path, out, "--to", "label-studio") == 2
        err = capsys.readouterr().err
        assert "--kind" in err
        assert repr(question.kind) in err
        assert not out.exists()
        assert run(path, out, "--to", "label-studio", "--kind", question.kind) == code
    else:
        assert run(path, out, "--to", "label-studio") == code
    if question.kind == "ranking":
        [task, *_] = json.loads(out.read_text())
        assert [one["body"] for one in task["data"]["items"]] == LISTS[0]


def test_a_card_of_a_file_that_was_replaced_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,label\n1,3\n2,4\n", "utf-8")
    card = tmp_path / "a.csv.card.md"
    card.write_text("# Labels\n\nKind of answers: number.\n", "utf-8")
    assert run(tmp_path / "a.csv", tmp_path / "b.parquet") == 0
    os.utime(card, (1e9, 1e9))
    assert run(tmp_path / "a.csv", tmp_path / "b.parquet") == 2


@pytest.mark.parametrize("name", ["label-studio", "prodigy", "doccano", "hf", "csv", "parquet", "xlsx"])
def test_own_labels_come_back_as_ones_own(make_session: Make, tmp_path: Path, name: str) -> None:
    """Also from a file without a suffix, and without names: nobody is called 'annotator 1'."""
    one = labelled(make_session(pd.DataFrame({"t": TEXTS}), text="t", annotator="mia"), ["a", "b", "a"])
    path = one.export(tmp_path / "own", name)
    found = one.import_labels(path)
    assert (found.n, found.n_same, len(found.refused)) == (0, 3, 0), found.refused.to_dict("records")
    assert set(one.labels()["annotator"]) == {"mia"}
    two = make_session(pd.DataFrame({"t": TEXTS}), text="t", annotator="ben")
    assert two.import_labels(path).n == 3
    assert set(two.labels()["annotator"]) == {"ben"}


@pytest.mark.parametrize("name", ["label-studio", "prodigy"])
def test_named_annotators_keep_their_names(make_session: Make, tmp_path: Path, name: str) -> None:
    table = pd.DataFrame({"t": TEXTS, "k": ["x", "y", "z"]})
    one = labelled(make_session(table, text="t", id="k", annotator="mia"), ["a", "b", "a"])
    two = make_session(table, text="t", id="k", annotator="ben")
    two.import_labels(one.export(tmp_path / "named", name, names=True))
    assert set(two.labels()["annotator"]) == {"mia"}
    labelled(two, ["b", "b", "b"])
    path = two.export(tmp_path / "two", name)
    three = make_session(table, text="t", id="k", annotator="cy")
    with pytest.raises(InvalidInput, match="gave different answers to 2 items"):
        three.import_labels(path)
    three.import_labels(path, annotator="annotator")
    assert len(set(three.labels()["annotator"])) == 2


@pytest.mark.parametrize("indent", [None, 1])
def test_a_file_without_a_suffix_is_recognised(
    make_session: Make, images: pd.DataFrame, tmp_path: Path, indent: int | None
) -> None:
    question = Question.boxes(["car", "person"])
    one = labelled(make_session(images, image="image", classes=None, question=question), BOXES)
    path = one.export(tmp_path / "coco", "coco")
    path.write_text(json.dumps(json.loads(path.read_text()), indent=indent))
    two = make_session(images, image="image", classes=None, question=question)
    assert two.import_labels(path).n == 2
    table, question = pd.DataFrame({"t": TEXTS}), Question.spans(["person", "place"])
    one = labelled(make_session(table, text="t", classes=None, question=question), SPANS)
    two = make_session(table, text="t", classes=None, question=question)
    assert two.import_labels(one.export(tmp_path / "spans", "conll")).n == 3
    (tmp_path / "odd").write_bytes(b"\0\1")
    with pytest.raises(InvalidInput, match="unknown file type"):
        two.import_labels(tmp_path / "odd")
    with pytest.raises(InvalidInput, match="File not found"):
        two.import_labels(tmp_path / "none")


@pytest.mark.parametrize("name", ["coco", "yolo", "voc", "label-studio"])
@pytest.mark.parametrize("ids", [["k0.png", "k1.png"], ["photo.1", "photo.2"]])
def test_boxes_on_arrays_with_names_as_ids_come_back(
    make_session: Make, tmp_path: Path, name: str, ids: list[str]
) -> None:
    arrays = [np.full((30, 40), k, np.uint8) for k in range(2)]
    table, question = pd.DataFrame({"id": ids, "i": arrays}), Question.boxes(["car", "person"])
    told = {"item": "i", "kind": "image", "id": "id", "classes": None, "question": question}
    one = labelled(make_session(table, **told), BOXES)
    path = one.export(tmp_path / "out", name)
    two = make_session(table, **told)
    found = two.import_labels(path)
    assert (found.n, len(found.refused)) == (2, 0), found.refused.to_dict("records")
    assert said(two) == BOXES


@pytest.mark.parametrize("name", ["coco", "yolo", "voc", "label-studio"])
def test_images_of_one_name_are_told_apart_by_their_ids(
    make_session: Make, tmp_path: Path, name: str
) -> None:
    paths = [tmp_path / folder / "c.png" for folder in "ab"]
    for k, path in enumerate(paths):
        path.parent.mkdir()
        Image.fromarray(np.full((30, 40 + k), 40 * k, np.uint8)).save(path)
    table, question = pd.DataFrame({"id": ["x", "y"], "i": paths}), Question.boxes(["car", "person"])
    told = {"image": "i", "id": "id", "classes": None, "question": question}
    one = labelled(make_session(table, **told), BOXES)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        path = one.export(tmp_path / "out", name)
    two = make_session(table, **told)
    found = two.import_labels(path)
    assert (found.n, len(found.refused)) == (2, 0), found.refused.to_dict("records")
    assert said(two) == BOXES
