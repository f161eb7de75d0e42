"""Files as other tools document and write them."""

# ruff: noqa: E501 - files as the tools write them

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hitl_widgets.errors import InvalidInput
from hitl_widgets.formats import Left, Said, Wanted
from hitl_widgets.formats.brush import encode
from hitl_widgets.questions import rle
from hitl_widgets.transfer.converting import convert, opened


def read(path: Path, kind: str = "", **more: Any) -> tuple[list[Any], list[str]]:
    """The answers in a file, and what is left out."""
    tool, rows, broken = opened(path)
    found = list(tool.read(rows, Wanted(kind=kind, whole=True, **more)))
    said = [one for one in found if isinstance(one, Said)]
    return said, [why for _, why in broken] + [one.why for one in found if isinstance(one, Left)]


def saved(folder: Path, name: str, content: Any) -> Path:
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


# -- Label Studio


def task(*parts: Any, data: Any = None, **more: Any) -> list[Any]:
    """One task with one annotation."""
    made = {"id": 1, "completed_by": {"id": 1, "email": "ann@example.org"}, "result": list(parts), "lead_time": 12.5,
            "created_at": "2024-03-09T21:52:03.1Z", "was_cancelled": False, "ground_truth": False} | more  # fmt: skip
    return [
        {
            "id": 7,
            "data": data or {"image": "/data/upload/1/0a1b2c3d-a.jpg"},
            "annotations": [made],
            "project": 2,
        }
    ]


def region(kind: str, k: int = 0, **value: Any) -> dict[str, Any]:
    return {
        "original_width": 200, "original_height": 100, "image_rotation": 0, "value": value, "id": f"id{k}",
        "from_name": "label", "to_name": "image", "type": kind, "origin": "manual",
    }  # fmt: skip


def test_label_studio_regions(tmp_path: Path) -> None:
    box = region("rectanglelabels", x=10, y=20, width=5.5, height=50, rotation=0, rectanglelabels=["Car"])
    [said], left = read(saved(tmp_path, "a.json", task(box)))
    assert (said.kind, said.label, left) == (
        "boxes",
        [{"x": 20, "y": 20, "width": 11, "height": 50, "label": "Car"}],
        [],
    )
    assert (said.size, said.annotator, said.elapsed_ms) == ((200, 100), "ann@example.org", 12500)
    assert "a.jpg" in said.content

    turned = region("rectanglelabels", x=50, y=20, width=10, height=10, rotation=90, rectanglelabels=["Car"])
    path = saved(tmp_path, "b.json", task(turned))
    assert "A box is rotated" in read(path)[1][0]
    [said], _ = read(path, "polygons")
    assert said.label == [{"points": [[100, 20], [100, 40], [90, 40], [90, 20]], "label": "Car"}]

    # The shape and its label as results of their own.
    parts = [
        region("rectangle", x=10, y=20, width=5, height=50, rotation=0),
        region("labels", x=10, y=20, width=5, height=50, rotation=0, labels=["Car", "Red"]),
    ]
    [said], left = read(saved(tmp_path, "c.json", task(*parts)), "boxes")
    assert [one["label"] for one in said.label] == ["Car", "Red"]
    assert left == []

    mask = np.zeros((100, 200), np.bool_)
    mask[10:20, 30:50] = True
    brush = region("brushlabels", format="rle", rle=encode(mask), brushlabels=["Sky"])
    [said], _ = read(saved(tmp_path, "d.json", task(brush)))
    assert (said.kind, rle.to_mask(said.label[0]["size"], said.label[0]["counts"]).tolist()) == (
        "masks",
        mask.tolist(),
    )

    [said], _ = read(
        saved(
            tmp_path, "e.json", task(region("keypointlabels", x=50, y=50, width=0.5, keypointlabels=["Eye"]))
        )
    )
    assert (said.kind, said.label) == ("points", [{"x": 100, "y": 50, "label": "Eye"}])


@pytest.mark.parametrize(
    ("part", "why"),
    [
        (
            region("ellipselabels", x=1, y=1, radiusX=2, radiusY=2, ellipselabels=["a"]),
            "contains 'ellipselabels'",
        ),
        (region("rectanglelabels", x=1, y=1, width=2, height=2, rectanglelabels=[]), "A region has no label"),
        (
            {
                **region("rectanglelabels", x=1, y=1, width=2, height=2, rectanglelabels=["a"]),
                "image_rotation": 90,
            },
            "rotated",
        ),
        (
            {
                **region("rectanglelabels", x=1, y=1, width=2, height=2, rectanglelabels=["a"]),
                "original_width": None,
            },
            "size of the image",
        ),
        (region("brushlabels", format="rle", rle=[1, 2, 3], brushlabels=["a"]), "not in the format"),
    ],
)
def test_label_studio_regions_that_cannot_be_read(tmp_path: Path, part: Any, why: str) -> None:
    kind = "masks" if part["type"] == "brushlabels" else "boxes"
    said, left = read(saved(tmp_path, "a.json", task(part)), kind)
    assert not said
    assert why in left[0] or (kind == "masks" and "run lengths" in left[0])


def test_label_studio_texts(tmp_path: Path) -> None:
    text = {"text": "To have faith is to trust yourself to the water"}
    span = {
        "value": {"start": 3, "end": 7, "text": "have", "labels": ["Verb"]},
        "id": "a",
        "from_name": "ner",
        "to_name": "text",
        "type": "labels",
    }
    link = {"from_id": "a", "to_id": "a", "type": "relation", "direction": "right", "labels": ["is"]}
    [said], left = read(saved(tmp_path, "a.json", task(span, link, data=text)))
    relation = {"from": 0, "to": 0, "label": "is"}
    spans = [{"start": 3, "end": 7, "label": "Verb"}]
    assert (said.kind, said.label, left) == ("spans", {"spans": spans, "relations": [relation]}, [])
    link["labels"] = []
    assert read(saved(tmp_path, "a.json", task(span, link, data=text)))[1] == ["A relation has no type."]
    html = {
        "start": "/p[1]/text()[1]",
        "end": "/p[1]/text()[1]",
        "startOffset": 3,
        "endOffset": 7,
        "hypertextlabels": ["Verb"],
    }
    part = {"value": html, "id": "a", "from_name": "ner", "to_name": "text", "type": "hypertextlabels"}
    assert "globalOffsets" in read(saved(tmp_path, "b.json", task(part, data=text)))[1][0]
    html["globalOffsets"] = {"start": 3, "end": 7}
    assert read(saved(tmp_path, "c.json", task(part, data=text)))[0][0].label[0]["end"] == 7


def test_label_studio_other_answers(tmp_path: Path) -> None:
    sound = {
        "original_length": 98.7,
        "value": {"start": 3, "end": 12, "channel": 0, "labels": ["Speech"]},
        "id": "s",
        "from_name": "labels",
        "to_name": "audio",
        "type": "labels",
    }
    [said], _ = read(saved(tmp_path, "a.json", task(sound, data={"audio": "/data/local-files/?d=game.wav"})))
    assert (said.kind, said.label) == ("ranges", [{"start": 3.0, "end": 12.0, "label": "Speech"}])
    assert "game.wav" in said.content
    pair = {"value": {"selected": "right"}, "id": "p", "from_name": "pw", "to_name": "pw", "type": "pairwise"}
    [said], _ = read(saved(tmp_path, "b.json", task(pair, data={"text1": "x", "text2": "y"})))
    assert (said.kind, said.label, said.item["items"]) == ("pair", "second", ["x", "y"])
    items = [{"id": "blog", "title": "A"}, {"id": "mdn", "title": "B"}, {"id": "wiki", "title": "C"}]
    for ranked in ({"rank": ["mdn", "wiki", "blog"]}, ["mdn", "wiki", "blog"]):
        ranker = {
            "value": {"ranker": ranked},
            "id": "r",
            "from_name": "rank",
            "to_name": "results",
            "type": "ranker",
        }
        [said], _ = read(saved(tmp_path, "c.json", task(ranker, data={"items": items})))
        assert (said.kind, said.label) == ("ranking", [2, 3, 1])
    # Nothing chosen is an answer where several can be chosen.
    [said], _ = read(saved(tmp_path, "d.json", task(data={"text": "x"})), "choices")
    assert said.label == []


def test_predictions_are_suggestions(tmp_path: Path) -> None:
    part = {"value": {"choices": ["good"]}, "from_name": "tone", "to_name": "text", "type": "choices"}
    rows = [
        {"data": {"text": "x"}, "predictions": [{"model_version": "one", "score": 0.9, "result": [part]}]},
        {"data": {"text": "y"}, "annotations": [{"result": [part]}], "predictions": []},
    ]
    path = saved(tmp_path, "a.json", rows)
    assert [(one.guess, one.label) for one in read(path)[0]] == [(True, "good"), (False, "good")]
    found = convert(path, tmp_path / "b.json", write_as="label-studio")
    assert found.left == []
    back = json.loads((tmp_path / "b.json").read_text())
    assert [len(one["annotations"]) for one in back] == [0, 1]
    assert back[0]["predictions"][0]["result"][0]["value"] == {"choices": ["good"]}
    found = convert(path, tmp_path / "c.csv")
    assert (found.n, found.lines) == (1, ["A suggestion is not an answer. (row 0)"])


def test_the_kind_of_predictions_is_that_of_all_of_them(tmp_path: Path) -> None:
    def guessed(**made: list[Any]) -> list[Any]:
        named = {"id": "r", "from_name": "q", "to_name": "text"}
        return [
            {"data": {"text": f"{k}"}, "predictions": [{"result": [{**named, **part} for part in parts]}]}
            for k, parts in enumerate(made.values())
        ]

    one, two = ({"type": "choices", "value": {"choices": names}} for names in (["good"], ["good", "odd"]))
    found, _ = read(saved(tmp_path, "a.json", guessed(a=[one], b=[two])))
    assert [(said.kind, said.label) for said in found] == [
        ("choices", ["good"]),
        ("choices", ["good", "odd"]),
    ]
    heard = {"start": 0.5, "end": 1.5, "channel": 0}
    region = {"type": "labels", "value": {**heard, "labels": ["Ann"]}}
    text = {"type": "textarea", "value": {**heard, "text": ["Hi"]}}
    [said], _ = read(saved(tmp_path, "b.json", guessed(a=[region, text])))
    assert said.kind == "transcript"
    assert said.label == [{"start": 0.5, "end": 1.5, "text": "Hi", "speaker": "Ann"}]


def test_a_project_with_several_questions(tmp_path: Path) -> None:
    tone = {"value": {"choices": ["good"]}, "from_name": "tone", "to_name": "text", "type": "choices"}
    stars = {"value": {"rating": 4}, "from_name": "stars", "to_name": "text", "type": "rating"}
    path = saved(tmp_path, "a.json", task(tone, stars, data={"text": "x"}))
    with pytest.raises(InvalidInput, match=r"questions 'stars', 'tone': pass one of them"):
        convert(path, tmp_path / "b.csv")
    found = convert(path, tmp_path / "b.csv", question="stars")
    assert (found.kind, found.lines) == ("rating", ["Other parts of the annotation: 'choices'. (task 7)"])


# -- COCO

COCO: dict[str, Any] = {
    "info": {"year": 2017},
    "licenses": [{"id": 1, "name": "x", "url": "y"}],
    "images": [
        {"id": 397133, "width": 640, "height": 427, "file_name": "000000397133.jpg", "license": 1, "coco_url": "u"},
        {"id": 37777, "width": 352, "height": 230, "file_name": "000000037777.jpg"},
    ],
    "annotations": [
        {"id": 1, "image_id": 397133, "category_id": 44, "bbox": [217.62, 240.54, 38.99, 57.75], "area": 1481.4, "iscrowd": 0, "segmentation": [[224.24, 297.18, 228.29, 297.18, 234.91, 298.29]]},
        {"id": 2, "image_id": 397133, "category_id": 1, "bbox": [1, 2, 3, 4], "iscrowd": 1, "area": 3, "segmentation": {"size": [427, 640], "counts": [0, 3, 273277]}},
        {"id": 3, "image_id": 999, "category_id": 1, "bbox": [1, 2, 3, 4], "iscrowd": 0, "area": 3, "segmentation": []},
    ],
    "categories": [{"id": 1, "name": "person", "supercategory": "person"}, {"id": 44, "name": "bottle", "supercategory": "kitchen"}],
}  # fmt: skip


def test_coco(tmp_path: Path) -> None:
    path = saved(tmp_path, "a.json", COCO)
    said, left = read(path, "boxes")
    assert [one.label for one in said] == [
        [{"x": 217.62, "y": 240.54, "width": 38.99, "height": 57.75, "label": "bottle"}],
        [],
    ]
    assert left == [
        "A region with a crowd (iscrowd) is not one object.",
        "1 annotations are of an image that the file lacks.",
    ]
    [first, _], _ = read(path, "polygons")
    assert first.label[0]["points"] == [[224.24, 297.18], [228.29, 297.18], [234.91, 298.29]]
    crowd = {**COCO, "annotations": COCO["annotations"][1:2]}
    [first, _], _ = read(saved(tmp_path, "b.json", crowd), "masks")
    assert first.label == [{"size": [427, 640], "counts": [0, 3, 273277], "label": "person"}]
    assert convert(tmp_path / "b.json", tmp_path / "c.jsonl", kind="masks").n == 2


def test_coco_keypoints(tmp_path: Path) -> None:
    person = {"id": 1, "name": "person", "keypoints": ["nose", "left_eye", "right_eye"], "skeleton": [[1, 2]]}
    one = {
        "id": 1,
        "image_id": 1,
        "category_id": 1,
        "num_keypoints": 2,
        "keypoints": [5, 6, 2, 0, 0, 0, 7, 8, 1],
        "bbox": [1, 1, 9, 9],
    }
    image = {"id": 1, "width": 10, "height": 10, "file_name": "a.jpg"}
    path = saved(tmp_path, "a.json", {"images": [image], "annotations": [one], "categories": [person]})
    [said], _ = read(path)
    assert said.kind == "points"
    assert said.label == [{"x": 5, "y": 6, "label": "nose"}, {"x": 7, "y": 8, "label": "right_eye"}]


def test_coco_that_cannot_be_read(tmp_path: Path) -> None:
    image = {"id": 1, "width": 10, "height": 10, "file_name": "a.jpg"}
    parts = {"images": [image, 3], "categories": [{"id": 1, "name": "a"}]}
    two = {"id": 1, "image_id": 1, "category_id": 1, "segmentation": [[1, 1, 2, 2, 3, 1], [5, 5, 6, 6, 7, 5]]}
    path = saved(tmp_path, "a.json", {**parts, "annotations": [two]})
    assert read(path, "polygons")[1] == [
        "An annotation consists of 2 polygons, and a mark is one of them.",
        "The image has no file_name.",
    ]
    path = saved(
        tmp_path,
        "b.json",
        {**parts, "annotations": [{"image_id": 1, "category_id": 9, "bbox": [1, 1, 1, 1]}]},
    )
    assert read(path, "boxes")[1][0] == "The category 9 is not in the file."


# -- YOLO and Pascal VOC


def test_yolo(tmp_path: Path) -> None:
    for part in ("train", "val"):
        (tmp_path / "labels" / part).mkdir(parents=True)
    saved(
        tmp_path,
        "data.yaml",
        "path: ../datasets/coco8\ntrain: images/train # 4 images\nval: images/val\n\n# Classes\nnames:\n  0: person\n  1: 'traffic light' \n  2: \"stop: sign\"\n\ndownload: x\n",
    )
    saved(tmp_path / "labels" / "train", "a.txt", "2 0.5 0.5 0.25 0.5\n\n0 0.1 0.1 0.2 0.2\n")
    saved(tmp_path / "labels" / "train", "b.txt", "0 0.5 0.5 0.25 0.5 0.93\n")
    saved(tmp_path / "labels" / "val", "c.txt", "7 0.5 0.5 0.25 0.5\n")
    saved(tmp_path / "labels" / "val", "d.txt", "")
    said, left = read(tmp_path, size_of=lambda names: (100, 50))
    assert [one.label for one in said] == [
        [
            {"x": 37.5, "y": 12.5, "width": 25, "height": 25, "label": "stop: sign"},
            {"x": 0, "y": 0, "width": 20, "height": 10, "label": "person"},
        ],
        [],
    ]
    assert "a prediction with its confidence" in left[0]
    assert left[1] == "The class '7' is not in data.yaml, which has 3."
    saved(tmp_path / "labels" / "val", "d.txt", "1 0.1 0.1 0.5 0.1 0.5 0.5\n")
    said, _ = read(tmp_path, "polygons", size_of=lambda names: (100, 50))
    assert said[0].label == [{"points": [[10, 5], [50, 5], [50, 25]], "label": "traffic light"}]
    saved(tmp_path, "data.yaml", "nc: 3\n")
    with pytest.raises(InvalidInput, match="does not list the classes"):
        read(tmp_path)


VOC = """<annotation verified="yes">
  <folder>VOC2012</folder><filename>2007_000027.jpg</filename>
  <source><database>The VOC2007 Database</database></source>
  <size><width>486</width><height>500</height><depth>3</depth></size>
  <segmented>0</segmented>
  <object><name>person</name><pose>Unspecified</pose><truncated>0</truncated><difficult>1</difficult>
    <bndbox><xmin>174</xmin><ymin>101</ymin><xmax>349</xmax><ymax>351</ymax></bndbox>
    <part><name>head</name><bndbox><xmin>169</xmin><ymin>104</ymin><xmax>209</xmax><ymax>146</ymax></bndbox></part>
  </object>
</annotation>
"""


def test_pascal_voc(tmp_path: Path) -> None:
    saved(tmp_path, "a.xml", VOC)
    saved(tmp_path, "b.xml", "<annotation><object><name>x</name></object></annotation>")
    saved(tmp_path, "c.xml", "<annotation>")
    [said], left = read(tmp_path)
    assert said.label == [{"x": 174, "y": 101, "width": 175, "height": 250, "label": "person"}]
    assert (said.size, said.item) == ((486, 500), {"image": "2007_000027.jpg"})
    assert left[0] == "Objects marked as difficult: the mark is not kept."
    assert "an object has no bndbox" in left[1]
    assert "no element found" in left[2]


# -- CoNLL


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("conll2003", ["-DOCSTART- -X- -X- O", "", "EU NNP B-NP B-ORG", "rejects VBZ B-VP O", "New NNP B-NP B-LOC", "York NNP I-NP I-LOC", "Paris NNP I-NP B-LOC", ". . O O"]),
        ("iob1", ["EU I-ORG", "rejects O", "New I-LOC", "York I-LOC", "Paris B-LOC", ". O"]),
        ("iobes", ["EU S-ORG", "rejects O", "New B-LOC", "York E-LOC", "Paris S-LOC", ". O"]),
        ("bilou", ["EU\tU-ORG", "rejects\tO", "New\tB-LOC", "York\tL-LOC", "Paris\tU-LOC", ".\tO"]),
    ],
)  # fmt: skip
def test_conll(tmp_path: Path, name: str, lines: list[str]) -> None:
    path = saved(tmp_path, "a.conll", "\n".join([*lines, "", "Peter B-PER", "", ""]))
    [said, more], left = read(path)
    assert said.item == {"text": "EU rejects New York Paris ."}
    assert [(said.item["text"][one["start"] : one["end"]], one["label"]) for one in said.label] == [
        ("EU", "ORG"), ("New York", "LOC"), ("Paris", "LOC"),
    ]  # fmt: skip
    assert (more.label, left) == ([{"start": 0, "end": 5, "label": "PER"}], [])


def test_conll_with_texts_and_mistakes(tmp_path: Path) -> None:
    lines = ["# sent_id = 1", "# text = Don't go.", "Do B-x", "n't I-x", "go O", ". O", "", "a NOUN", "", "b"]
    [said], left = read(saved(tmp_path, "a.iob", "\n".join(lines)))
    assert (said.item["text"], said.label) == ("Don't go.", [{"start": 0, "end": 5, "label": "x"}])
    assert left == ["The tag 'NOUN' is not one of the schemes IOB, IOBES and BILOU.", "A token has no tag."]


# -- Prodigy, doccano, TRL


def test_prodigy_images_and_sounds(tmp_path: Path) -> None:
    image = {
        "image": "data:image/png;base64,xx",
        "path": "/a/b.png",
        "width": 800,
        "height": 600,
        "answer": "accept",
    }
    rect = {
        "label": "CAR",
        "type": "rect",
        "points": [[10, 20], [10, 50], [40, 50], [40, 20]],
        "color": "c",
        "id": "1",
    }
    [said], _ = read(saved(tmp_path, "a.jsonl", {**image, "spans": [rect]}))
    assert (said.kind, said.label) == (
        "boxes",
        [{"x": 10, "y": 20, "width": 30, "height": 30, "label": "CAR"}],
    )
    assert (said.item["image"], said.size) == ("/a/b.png", (800, 600))
    shape = {"label": "CAR", "type": "polygon", "points": [[10, 20], [10, 50], [40, 50]]}
    path = saved(tmp_path, "b.jsonl", {**image, "spans": [rect, shape]})
    assert read(path)[0][0].kind == "polygons"
    assert "is a polygon, not a box" in read(path, "boxes")[1][0]
    sound = {
        "audio": "x.wav",
        "answer": "accept",
        "audio_spans": [{"start": 0.5, "end": 1, "label": "A", "type": "audio"}],
    }
    [said], _ = read(saved(tmp_path, "c.jsonl", sound))
    assert (said.kind, said.label) == ("ranges", [{"start": 0.5, "end": 1.0, "label": "A"}])
    text = {
        "text": "Hi",
        "answer": "accept",
        "user_input": "Hallo",
        "relations": [{"head": 0, "child": 1, "label": "x"}],
    }
    [said], left = read(saved(tmp_path, "d.jsonl", text))
    assert (said.kind, said.label, left) == ("text", "Hallo", ["The relations."])


def test_doccano(tmp_path: Path) -> None:
    rows = [
        {
            "id": 1,
            "text": "Google was founded.",
            "entities": [{"id": 0, "start_offset": 0, "end_offset": 6, "label": "ORG"}],
            "relations": [{"id": 0, "from_id": 0, "to_id": 0, "type": "x"}],
        },
        {"id": 2, "text": "Nothing.", "entities": [], "relations": []},
    ]
    said, left = read(saved(tmp_path, "a.jsonl", "\n".join(map(json.dumps, rows))))
    spans = [{"start": 0, "end": 6, "label": "ORG"}]
    assert [one.label for one in said] == [
        {"spans": spans, "relations": [{"from": 0, "to": 0, "label": "x"}]},
        [],
    ]
    assert left == []
    [said], _ = read(saved(tmp_path, "b.jsonl", {"id": 1, "text": "Hello", "label": ["Bonjour"]}), "text")
    assert said.label == "Bonjour"


def test_argilla_and_flat_label_studio_keep_their_items(tmp_path: Path) -> None:
    def record(value: Any) -> dict[str, Any]:
        answer = {"value": value, "status": "submitted", "user_id": "ann"}
        return {
            "id": "1",
            "fields": {"text": "Ann met Bob."},
            "responses": {"q": [answer]},
            "suggestions": {},
        }

    spans = [{"label": "person", "start": 0, "end": 3}]
    for value, kind in ((["a", "b"], "choices"), ("a", "choice"), (spans, "spans")):
        [said], left = read(saved(tmp_path, "a.json", [record(value)]))
        assert (said.kind, said.label, said.item, left) == (kind, value, {"text": "Ann met Bob."}, [])
    rows = [{"text": "x", "id": 1, "tone": "good", "annotator": 2, "annotation_id": 3, "lead_time": 1.5}]
    [said], _ = read(saved(tmp_path, "b.json", rows), label="tone")
    assert (said.label, said.item) == ("good", {"text": "x"})


def test_trl(tmp_path: Path) -> None:
    messages = {
        "prompt": [{"role": "user", "content": "What color is the sky?"}],
        "chosen": [{"role": "assistant", "content": "It is blue."}],
        "rejected": [{"role": "assistant", "content": "It is green."}],
    }
    [said], _ = read(saved(tmp_path, "a.jsonl", messages))
    assert (said.kind, said.label) == ("pair", "first")
    assert said.item == {"items": ["It is blue.", "It is green."], "prompt": "What color is the sky?"}
    unpaired = {"prompt": "The sky is", "completion": " blue.", "label": True}
    assert "whether the completion is desired" in read(saved(tmp_path, "b.jsonl", unpaired))[1][0]
