"""Results of every control in the documentation of Label Studio, and forms, both ways."""

# ruff: noqa: E501 - files as the tool writes them

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest

import hitl_widgets as hitl
from hitl_widgets.errors import InvalidInput
from hitl_widgets.formats.base import NotTaken
from hitl_widgets.formats.brush import encode
from hitl_widgets.formats.label_studio_tasks import configuration
from hitl_widgets.formats.label_studio_videos import boxes_of
from hitl_widgets.questions.question import Question
from hitl_widgets.session import Session
from hitl_widgets.transfer.converting import convert
from videos import video

Make = Callable[..., Session]
MASK = np.zeros((50, 100), np.bool_)
MASK[10:20, 30:60] = True


def result(
    name: str, type_: str, value: dict[str, Any], k: str = "", to: str = "image", **more: Any
) -> dict[str, Any]:
    whole = {"original_width": 100, "original_height": 50, "image_rotation": 0} if to == "image" else {}
    return {
        **whole,
        "value": value,
        "id": k or f"{name}-1",
        "from_name": name,
        "to_name": to,
        "type": type_,
        "origin": "manual",
        **more,
    }


BOX = {"x": 10, "y": 20, "width": 30, "height": 40, "rotation": 0}
SPAN = {"start": 3, "end": 7, "text": "have"}
# One annotation with a result of every control. The comments are their tags.
RESULTS = [
    result("box", "rectanglelabels", {**BOX, "rectanglelabels": ["Car"]}),
    result("turned", "rectanglelabels", {**BOX, "rotation": 30, "rectanglelabels": ["Car"]}),
    result("ellipse", "ellipselabels", {"x": 50, "y": 50, "radiusX": 5, "radiusY": 10, "rotation": 0, "ellipselabels": ["Eye"]}),
    result("polygon", "polygonlabels", {"points": [[1, 1], [9, 1], [9, 9]], "closed": True, "polygonlabels": ["Roof"]}),
    result("point", "keypointlabels", {"x": 50, "y": 50, "width": 0.5, "keypointlabels": ["Nose"]}),
    result("brush", "brushlabels", {"format": "rle", "rle": encode(MASK), "brushlabels": ["Sky"]}),
    result("bitmask", "bitmasklabels", {"imageDataURL": "data:image/png;base64,AA==", "bitmasklabels": ["Sky"]}),
    result("vector", "vectorlabels", {"vertices": [{"id": "v", "x": 1, "y": 2}], "closed": False, "vectorlabels": ["Road"]}),
    result("cube", "cuboidlabels", {"cuboid": [], "cuboidlabels": ["Car"]}),
    # Two spans with a relation, and what people said of one of the regions.
    result("ner", "labels", {**SPAN, "labels": ["Verb"]}, "a", "text"),
    result("ner", "labels", {"start": 8, "end": 13, "text": "faith", "labels": ["Noun"]}, "b", "text"),
    {"type": "relation", "from_id": "a", "to_id": "b", "direction": "right", "labels": ["takes"]},
    {"type": "relation", "from_id": "a", "to_id": "gone", "direction": "right", "labels": ["takes"]},
    result("html", "hypertextlabels", {"start": "/p[1]/text()[1]", "end": "/p[1]/text()[1]", "startOffset": 3, "endOffset": 7, "globalOffsets": {"start": 3, "end": 7}, "hypertextlabels": ["Verb"]}, to="html"),
    result("dialogue", "paragraphlabels", {"start": "0", "end": "0", "startOffset": 1, "endOffset": 4, "text": "abc", "paragraphlabels": ["Important"]}, to="dialogue"),
    result("transcript", "textarea", {**BOX, "text": ["STOP"]}, "box-1"),
    result("color", "choices", {**BOX, "choices": ["red"]}, "box-1"),
    result("sound", "labels", {"start": 0.5, "end": 2, "channel": 0, "labels": ["Speech"]}, to="audio", original_length=9.5),
    result("series", "timeserieslabels", {"start": 1, "end": 5, "instant": False, "timeserieslabels": ["Run"]}, to="ts"),
    result("film", "videorectangle", {"framesCount": 9, "duration": 1, "sequence": [{"frame": 1, "enabled": True, "time": 0.1, **BOX}], "labels": ["Ball"]}, to="video"),
    result("line", "timelinelabels", {"ranges": [{"start": 1, "end": 4}], "timelinelabels": ["Goal"]}, to="video"),
    # About the item as a whole.
    result("topic", "choices", {"choices": ["Sports", "News"]}, to="text"),
    result("tone", "choices", {"choices": ["Calm"]}, to="text"),
    result("stars", "rating", {"rating": 4}, to="text"),
    result("age", "number", {"number": 12.5}, to="text"),
    result("summary", "textarea", {"text": ["It is about faith."]}, to="text"),
    result("tree", "taxonomy", {"taxonomy": [["Eukarya", "Human"]]}, to="text"),
    result("when", "datetime", {"datetime": "2024-03-09T21:52"}, to="text"),
    result("better", "pairwise", {"selected": "left"}, to="text1,text2"),
    result("order", "ranker", {"ranker": {"rank": ["q", "p"]}}, to="items"),
]  # fmt: skip
DATA = {
    "image": "/data/upload/1/0a1b2c3d-a.jpg", "text": "To have faith is to trust yourself to the water", "html": "<p>To have</p>",
    "audio": "https://example.org/a.wav", "video": "https://example.org/a.mp4", "ts": "https://example.org/a.csv",
    "dialogue": [{"author": "A", "text": "x"}], "text1": "one", "text2": "two", "items": [{"id": "p", "title": "P"}, {"id": "q", "title": "Q"}],
}  # fmt: skip
ANNOTATION = {"id": 8, "completed_by": {"id": 1, "email": "ann@example.org"}, "result": RESULTS, "was_cancelled": False, "ground_truth": False, "created_at": "2024-03-09T21:52:03.1Z", "updated_at": "2024-03-09T21:53:03.1Z", "lead_time": 12.5, "prediction": {}, "result_count": 3}  # fmt: skip
TASK = {
    "id": 7, "data": DATA, "meta": {}, "annotations": [ANNOTATION], "predictions": [], "project": 2, "inner_id": 1,
    "created_at": "2024-03-09T21:52:03.1Z", "updated_at": "2024-03-09T21:52:03.1Z", "total_annotations": 1,
    "cancelled_annotations": 0, "total_predictions": 0, "comment_count": 0, "updated_by": 1, "comment_authors": [],
}  # fmt: skip

READ: dict[str, tuple[str, Any]] = {
    "box": ("boxes", [{"x": 10, "y": 10, "width": 30, "height": 20, "text": "STOP", "label": "Car"}]),
    "polygon": ("polygons", [{"points": [[1, 0.5], [9, 0.5], [9, 4.5]], "label": "Roof"}]),
    "point": ("points", [{"x": 50, "y": 25, "label": "Nose"}]),
    "brush": ("masks", None),
    "ner": ("spans", {"spans": [{"start": 3, "end": 7, "label": "Verb"}, {"start": 8, "end": 13, "label": "Noun"}], "relations": [{"from": 0, "to": 1, "label": "takes"}]}),
    "html": ("spans", [{"start": 3, "end": 7, "label": "Verb"}]),
    "sound": ("ranges", [{"start": 0.5, "end": 2.0, "label": "Speech"}]),
    "series": ("ranges", [{"start": 1.0, "end": 5.0, "label": "Run"}]),
    "topic": ("choices", ["Sports", "News"]),
    "tone": ("choice", "Calm"),
    "stars": ("rating", 4),
    "age": ("number", 12.5),
    "summary": ("text", "It is about faith."),
    "better": ("pair", "first"),
    "order": ("ranking", [2, 1]),
}  # fmt: skip
# With the reason why they are not, which may be that no question asks for them.
UNREAD = {
    "turned": "A box is rotated", "transcript": "not one of them", "color": "for a region", "ellipse": "not one of them", "bitmask": "not one of them",
    "vector": "not one of them", "cube": "not one of them", "dialogue": "not one of them", "film": "size of the image is not known", "line": "not one of them",
    "tree": "not one of them", "when": "not one of them",
}  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Path:
    path = tmp_path / "project-2-at-2024.json"
    path.write_text(json.dumps([TASK]), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", READ)
def test_a_project_with_every_control_is_read(name: str, project: Path, tmp_path: Path) -> None:
    kind, label = READ[name]
    found = convert(project, tmp_path / "out.jsonl", question=name)
    row = json.loads((tmp_path / "out.jsonl").read_text())
    assert (found.kind, row["annotator"], row["elapsed_ms"]) == (kind, "ann@example.org", 12500)
    assert label in (None, row["label"])
    others = {
        one["type"]
        for one in RESULTS
        if one.get("from_name") != name and (one["type"] != "relation" or kind != "spans")
    }
    assert found.lines[-1].startswith("Other parts of the annotation: ")
    missing = {type_ for type_ in others if repr(type_) not in found.lines[-1]}
    assert len(others) - len(missing) >= 12, "the first dozen of them are named"
    told = (
        ["A relation is not between spans of the question. (task 7)"]
        if kind == "spans" and name == "ner"
        else []
    )
    assert all(one in found.lines for one in told)


def test_every_control_is_read_or_told(project: Path, tmp_path: Path) -> None:
    assert {one["from_name"] for one in RESULTS if "from_name" in one} == {*READ, *UNREAD}
    for name, why in UNREAD.items():
        with pytest.raises(InvalidInput, match=why):
            convert(project, tmp_path / "out.jsonl", question=name)


# -- videos


def key(frame: int, x: float, *, enabled: bool = True) -> dict[str, Any]:
    return {"frame": frame, "enabled": enabled, "rotation": 0, "x": x, "y": 10, "width": 20, "height": 30}


def test_objects_of_a_video_become_boxes_on_the_frames_on_which_they_are_seen() -> None:
    region = {"framesCount": 8, "sequence": [key(7, 50), key(1, 0), key(3, 20, enabled=False)]}
    found = [(box["frame"], box["x"]) for box in boxes_of(region, (200, 100))]
    assert found == [(0, 0), (1, 20), (2, 40), (6, 100), (7, 100)]
    [box] = boxes_of({"sequence": [key(5, 25)]}, (200, 100))
    assert box == {"x": 50, "y": 10, "width": 40, "height": 30, "frame": 4}
    with pytest.raises(NotTaken, match="is rotated"):
        list(boxes_of({"sequence": [key(1, 0) | {"rotation": 5}]}, (200, 100)))
    with pytest.raises(NotTaken, match="more than 20,000 frames"):
        list(boxes_of({"sequence": [key(1, 0)], "framesCount": 10**9}, (200, 100)))
    with pytest.raises(NotTaken, match="no keyframes"):
        list(boxes_of({}, (200, 100)))


def test_boxes_on_frames_come_back(tmp_path: Path) -> None:
    pytest.importorskip("av")
    path = tmp_path / "a.mp4"
    path.write_bytes(video(10, size=(64, 32)))
    moving = [
        {"x": 2.0 * frame, "y": 4, "width": 20.5, "height": 8, "frame": frame, "label": "ball"}
        for frame in range(2, 7)
    ]
    still = [
        {"x": 40, "y": 20, "width": 5, "height": 6, "frame": frame, "label": "ball"} for frame in (2, 3, 9)
    ]
    given = [*moving, *still, {**moving[0], "label": "player"}]

    def opened(name: str) -> hitl.Session:
        question = Question.boxes(["ball", "player"])
        table = pd.DataFrame({"film": [path]})
        return hitl.Session(
            table, item="film", kind="video", question=question, store=tmp_path / name, X=np.ones((1, 2))
        )

    with opened("a.sqlite") as session:
        session.label(session.pool.ids[0], given)
        session.export(tmp_path / "tasks.json", "label-studio")
        said = session.labels()["label"][0]
    [task] = json.loads((tmp_path / "tasks.json").read_text())
    results = task["annotations"][0]["result"]
    assert {one["type"] for one in results} == {"videorectangle"}
    assert sorted(len(one["value"]["sequence"]) for one in results) == [1, 1, 2, 5]
    with opened("b.sqlite") as session:
        session.import_labels(tmp_path / "tasks.json")
        assert session.labels()["label"][0] == said
        assert len(said) == len(given)


# -- forms

FORM = Question.form(
    {
        "topic": Question.choice(["praise", "complaint"], "What is it?"),
        "tags": Question.choices(["late", "rude"]),
        "stars": Question.rating(5),
        "n": Question.number(0, 9),
        "why": Question.text(),
    },
    optional=["n"],
    when={"why": {"topic": "complaint"}},
)
ANSWERS = [
    {"topic": "praise", "tags": [], "stars": 5, "n": 3},
    {"topic": "complaint", "tags": ["late", "rude"], "stars": 1, "why": "Slow, and rude."},
]


def test_a_form_comes_back(make_session: Make, tmp_path: Path) -> None:
    table = pd.DataFrame({"k": ["a", "b"], "t": ["good", "bad"]})
    session = make_session(table, text="t", id="k", classes=None, question=FORM)
    for key, answer in zip("ab", ANSWERS, strict=True):
        session.label(key, answer)
    path = session.export(tmp_path / "tasks.json", "label-studio")
    told = json.loads(path.read_text())
    assert [one["from_name"] for one in told[1]["annotations"][0]["result"]] == [
        "topic",
        "tags",
        "stars",
        "why",
    ]
    other = make_session(
        table, text="t", id="k", classes=None, question=FORM, store=tmp_path / "other.sqlite"
    )
    found = other.import_labels(path)
    assert (found.n, found.refused["why"].tolist()) == (2, [])
    assert other.labels()["label"].tolist() == session.labels()["label"].tolist()
    # Without a session, and back.
    made = convert(path, tmp_path / "rows.jsonl", kind="form")
    assert (made.n, made.kind, made.left) == (2, "form", [])
    back = convert(path, tmp_path / "again.json", kind="form", write_as="label-studio")
    assert (back.n, back.left) == (2, [])
    again = json.loads((tmp_path / "again.json").read_text())
    assert [one["annotations"][0]["result"] for one in again] == [
        one["annotations"][0]["result"] for one in told
    ]
    with pytest.raises(InvalidInput, match="does not say what kinds of questions it asks"):
        convert(tmp_path / "rows.jsonl", tmp_path / "c.json", write_as="label-studio")
    with pytest.raises(InvalidInput, match=r"or kind=\"form\" \(--kind form\)"):
        convert(path, tmp_path / "d.jsonl")


def test_the_configuration_of_a_form() -> None:
    root = ET.fromstring(configuration(FORM, {"text": "x"}))
    controls = {one.get("name"): one for one in root.iter() if one.get("toName")}
    assert {name: one.tag for name, one in controls.items()} == {
        "topic": "Choices",
        "tags": "Choices",
        "stars": "Rating",
        "n": "Number",
        "why": "TextArea",
    }
    assert [name for name, one in controls.items() if one.get("required") is None] == ["n"]
    [shown] = [one for one in root.iter("View") if one.get("visibleWhen")]
    assert (shown.get("whenTagName"), shown.get("whenChoiceValue")) == ("topic", "complaint")
    assert shown.find("TextArea") is not None
