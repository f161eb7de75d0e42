"""What the libraries of other tools read and write; skipped where they are not installed.

``pip install pycocotools spacy datasets label-studio-sdk`` runs them all.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hitl_widgets.formats import Said, write, writer_of
from hitl_widgets.formats.base import Export
from hitl_widgets.formats.brush import decode, encode
from hitl_widgets.formats.label_studio_tasks import configuration
from hitl_widgets.questions import rle
from hitl_widgets.questions.question import Question
from hitl_widgets.transfer.converting import convert

CLASSES = ["car", "ein Mensch"]
SIZE = (40.0, 25.0)


def blob() -> Any:
    mask = np.zeros((25, 40), np.bool_)
    mask[3:9, 5:30] = True
    mask[5, 7] = False
    return mask


def image(k: int, label: Any, kind: str) -> Said:
    return Said(k, label, kind=kind, item={"image": f"{k}.jpg"}, content=(f"{k}.jpg",), size=SIZE)


def written(name: str, path: Path, said: list[Said], classes: list[str]) -> Path:
    found, left = write(
        writer_of(path, name), Export(pd.DataFrame(), kind=said[0].kind, classes=classes, said=said), path
    )
    assert not left
    return found


def test_pycocotools_reads_masks_boxes_and_polygons(tmp_path: Path) -> None:
    coco = pytest.importorskip("pycocotools.coco")
    (h, w), counts = rle.from_mask(blob())
    masks = [
        image(0, [{"size": [h, w], "counts": counts, "label": "ein Mensch"}], "masks"),
        image(1, [], "masks"),
    ]
    read = coco.COCO(str(written("coco", tmp_path / "m.json", masks, CLASSES)))
    [found] = read.loadAnns(read.getAnnIds(imgIds=1))
    assert (read.annToMask(found) == blob()).all()
    assert (found["area"], found["bbox"]) == (int(blob().sum()), [5, 3, 25, 6])
    assert read.loadCats(found["category_id"])[0]["name"] == "ein Mensch"
    assert read.getAnnIds(imgIds=2) == []

    box = {"x": 1.5, "y": 2, "width": 10, "height": 4, "label": "car"}
    read = coco.COCO(str(written("coco", tmp_path / "b.json", [image(0, [box], "boxes")], CLASSES)))
    assert read.loadAnns(1)[0]["bbox"] == [1.5, 2, 10, 4]

    corners = [[2, 2], [12, 2], [12, 8], [2, 8]]
    polygon = [image(0, [{"points": corners, "label": "car"}], "polygons")]
    read = coco.COCO(str(written("coco", tmp_path / "p.json", polygon, CLASSES)))
    assert read.annToMask(read.loadAnns(1)[0]).sum() == 60 == read.loadAnns(1)[0]["area"]


def test_spacy_reads_spans_and_categories(tmp_path: Path) -> None:
    spacy = pytest.importorskip("spacy")
    from spacy.tokens import DocBin

    words = "Ann  met\nBob in New York. "
    spans = [{"start": 0, "end": 3, "label": "car"}, {"start": 16, "end": 24, "label": "ein Mensch"}]
    one = Said(0, spans, kind="spans", item={"text": words}, content=(words,))
    path = written("spacy", tmp_path / "a.spacy", [one], CLASSES)
    [doc] = DocBin().from_disk(path).get_docs(spacy.blank("en").vocab)
    assert doc.text == words
    assert [(s.text, s.label_) for s in doc.ents] == [("Ann", "car"), ("New York", "ein Mensch")]

    two = Said(0, [*spans, {"start": 20, "end": 24, "label": "car"}], kind="spans", item={"text": words})
    path = written("spacy", tmp_path / "b.spacy", [two], CLASSES)
    [doc] = DocBin().from_disk(path).get_docs(spacy.blank("en").vocab)
    assert [s.text for s in doc.spans["sc"]] == ["Ann", "New York", "York"]
    assert not doc.ents

    three = [
        Said(0, "car", kind="choice", item={"text": words}),
        Said(1, "ein Mensch", kind="choice", item={"text": "b"}),
    ]
    path = written("spacy", tmp_path / "c.spacy", three, CLASSES)
    docs = list(DocBin().from_disk(path).get_docs(spacy.blank("en").vocab))
    assert [doc.cats for doc in docs] == [{"car": 1, "ein Mensch": 0}, {"car": 0, "ein Mensch": 1}]


def test_spacy_writes_what_is_read(tmp_path: Path) -> None:
    spacy = pytest.importorskip("spacy")
    from spacy.tokens import DocBin, Span

    doc = spacy.blank("en")("Ann met Bob.")
    doc.ents = [Span(doc, 0, 1, "person"), Span(doc, 2, 3, "person")]
    DocBin(docs=[doc]).to_disk(tmp_path / "a.spacy")
    found = convert(tmp_path / "a.spacy", tmp_path / "a.jsonl")
    row = json.loads(found.path.read_text())
    assert row["text"] == "Ann met Bob."
    assert row["label"] == [
        {"start": 0, "end": 3, "label": "person"},
        {"start": 8, "end": 11, "label": "person"},
    ]


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_datasets_loads_rows_and_preferences(tmp_path: Path, ending: str) -> None:
    datasets = pytest.importorskip("datasets")
    kind = "json" if ending == "jsonl" else "parquet"
    spans = [{"start": 0, "end": 1, "label": "car"}]
    rows = [
        Said(0, spans, "a", kind="spans", item={"text": "xy"}),
        Said(1, [], "b", kind="spans", item={"text": "z"}),
    ]
    path = written("hf", tmp_path / f"a.{ending}", rows, CLASSES)
    found = datasets.load_dataset(kind, data_files=str(path), cache_dir=str(tmp_path / "c"))["train"]
    assert [list(one) for one in found["label"]] == [spans, []]
    item = {"items": ["good", "bad"], "prompt": "?"}
    pairs = [Said(0, "second", "a", kind="pair", item=item), Said(1, "first", "b", kind="pair", item=item)]
    path = written("trl", tmp_path / f"b.{ending}", pairs, ["first", "second"])
    found = datasets.load_dataset(kind, data_files=str(path), cache_dir=str(tmp_path / "c"))["train"]
    assert found.column_names == ["prompt", "chosen", "rejected"]
    assert found[0] == {"prompt": "?", "chosen": "bad", "rejected": "good"}


def test_label_studio_sdk_reads_our_brush_and_we_read_theirs() -> None:
    brush = pytest.importorskip("label_studio_sdk.converter.brush")
    assert (brush.decode_rle(encode(blob())).reshape(25, 40, 4)[:, :, 3] == blob() * 255).all()
    theirs = brush.mask2rle(blob().astype(np.uint8) * 255)
    assert (decode(theirs, 40, 25) == blob()).all()


@pytest.mark.parametrize(
    ("question", "item"),
    [
        (Question.choice(["a", '"b"'], "Which & why?"), {"text": "x"}),
        (Question.choices(["a", "b"]), {"text": "x"}),
        (Question.rating(5), {"text": "x"}),
        (Question.number(0, 10), {"text": "x"}),
        (Question.text(), {"image": "a.jpg"}),
        (Question.spans(["a"]), {"text": "x"}),
        (Question.ranges(["a"]), {"audio": "a.wav"}),
        (Question.boxes(["a"]), {"image": "a.jpg"}),
        (Question.polygons(["a"]), {"image": "a.jpg"}),
        (Question.points(["a"]), {"image": "a.jpg"}),
        (Question.masks(["a"]), {"image": "a.jpg"}),
        (Question.pair(tie=False), {"items": ["x", "y"]}),
        (Question.ranking(), {"items": ["x", "y", "z"]}),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_label_studio_sdk_accepts_our_configurations(question: Any, item: Any) -> None:
    interface = pytest.importorskip("label_studio_sdk.label_interface").LabelInterface
    made = interface(configuration(question, item))
    assert [control.name for control in made.controls] == ["answer"]
    made.validate()


JUDGED = Question.pair(
    both_bad=True, reason=True, revisions=True, criteria=["helpful"], reasons=["too long", '"rude"']
)


def test_label_studio_sdk_accepts_what_is_asked_beside_a_comparison() -> None:
    interface = pytest.importorskip("label_studio_sdk.label_interface").LabelInterface
    made = interface(configuration(JUDGED, {"items": ["x", "y"]}))
    names = ["answer", "by helpful", "neither", "reason", "reasons"]
    assert sorted(control.name for control in made.controls) == names
    made.validate()


def test_label_studio_sdk_accepts_our_tasks(tmp_path: Path) -> None:
    interface = pytest.importorskip("label_studio_sdk.label_interface").LabelInterface
    (h, w), counts = rle.from_mask(blob())
    box = {"x": 1.5, "y": 2, "width": 10, "height": 4, "label": "car"}
    pair = {"items": ["x", "y"]}
    cases: list[tuple[Any, Said]] = [
        (Question.choices(CLASSES), Said(0, CLASSES, kind="choices", item={"text": "x"})),
        (
            Question.spans(CLASSES),
            Said(0, [{"start": 0, "end": 2, "label": "car"}], kind="spans", item={"text": "xyz"}),
        ),
        (Question.boxes(CLASSES), image(0, [box], "boxes")),
        (
            Question.polygons(CLASSES),
            image(0, [{"points": [[1, 2], [3, 4], [9, 1]], "label": "car"}], "polygons"),
        ),
        (Question.points(CLASSES), image(0, [{"x": 1, "y": 2, "label": "car"}], "points")),
        (Question.masks(CLASSES), image(0, [{"size": [h, w], "counts": counts, "label": "car"}], "masks")),
        (Question.rating(5), Said(0, 4, kind="rating", item={"text": "x"})),
        (Question.number(), Said(0, 4, kind="number", item={"text": "x"})),
        (Question.text(), Said(0, "four", kind="text", item={"text": "x"})),
        (Question.pair(), Said(0, "second", kind="pair", item=pair)),
        (JUDGED, Said(0, "both bad", kind="pair", item=pair)),
        (
            JUDGED,
            Said(
                0,
                {
                    "label": "first",
                    "reason": "So.",
                    "reasons": ['"rude"'],
                    "criteria": {"helpful": "tie"},
                    "revisions": {"first": "Better.", "second": "a\nb"},
                },
                kind="pair",
                item=pair,
            ),
        ),
        (Question.ranking(), Said(0, [2, 1], kind="ranking", item=pair)),
    ]
    for k, (question, one) in enumerate(cases):
        path = written("label-studio", tmp_path / f"{k}.json", [one], list(question.names))
        [task] = json.loads(path.read_text())
        made = interface(configuration(question, one.item))
        assert made.validate_task({"data": task["data"]}), question.kind
        assert made.validate_annotation(task["annotations"][0]), question.kind
