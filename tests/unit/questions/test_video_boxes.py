"""Boxes on frames of videos: read, checked, compared, learned and exported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hitl_widgets as hitl
from hitl_widgets.errors import InvalidInput
from hitl_widgets.questions.base import kind_of
from hitl_widgets.questions.marks import f1
from videos import video

VIDEOS = pd.DataFrame(
    {"id": ["a", "b", "c"], "clip": [video(6, rate=5 + i, size=(64, 48)) for i in range(3)]}
)


def box(frame: Any = 2, x: float = 5, **more: Any) -> dict[str, Any]:
    return {"x": x, "y": 6, "width": 20, "height": 10, "frame": frame, "label": "car"} | more


def session(**given: Any) -> Any:
    question = hitl.Question.boxes(["car", "person"], transcribe=given.pop("transcribe", False))
    X = np.eye(3, dtype=np.float32)
    how = {"item": "clip", "kind": "video", "id": "id", "X": X, "store": ":memory:", "audit": 0}
    return hitl.Session(VIDEOS, question=question, **how | given)


@pytest.mark.parametrize("transcribe", [False, True])
def test_boxes_keep_their_frames_and_texts(transcribe: bool) -> None:
    given = [box(1), box(4, label="person")]
    if transcribe:
        given = [one | {"text": f"plate {i}"} for i, one in enumerate(given)]
    with session(transcribe=transcribe) as made:
        made.label("a", given)
        assert made.labels()["label"].tolist() == [given]


@pytest.mark.parametrize(
    ("marks", "why"),
    [
        ([box(6)], "on frame 6, but the video has 6, from 0 to 5"),
        ([box(None)], "has no frame: expected 'frame', from 0 to 5"),
        ([box(1.5)], r"1\.5 is not the number of a frame"),
        ([box(-1)], "-1 is not the number of a frame"),
        ([box("two")], "is not the number of a frame|expected x, y, width, height"),
        ([box(frame=True)], "True is not the number of a frame"),
        ([box(1), box(None)], "Some boxes have a frame, and others have none"),
        ([box(1, x=60)], "is beyond the image, which has 64 x 48 pixels"),
    ],
)
def test_frames_that_do_not_fit_are_refused(marks: list[Any], why: str) -> None:
    with session() as made, pytest.raises(InvalidInput, match=why):
        made.label("a", marks)


def test_a_frame_on_an_image_is_refused() -> None:
    images = list(np.zeros((2, 48, 64, 3), np.uint8) + np.arange(2, dtype=np.uint8)[:, None, None, None])
    question = hitl.Question.boxes(["car"])
    with (
        hitl.Session(images, kind="image", question=question, X=np.eye(2), store=":memory:") as made,
        pytest.raises(InvalidInput, match="on frame 2, but the item is an image"),
    ):
        made.label(made.query()[0], [box()])


def test_boxes_are_the_same_only_on_the_same_frame() -> None:
    kind: Any = kind_of("boxes")
    a, same, other = (5, 6, 20, 10, 2), (6, 6, 20, 10, 2), (5, 6, 20, 10, 3)
    assert [kind.same(a, one) for one in (same, other, (5, 6, 20, 10))] == [True, False, False]


def test_formats_of_images_say_that_they_have_no_frames(tmp_path: Path) -> None:
    with session() as made:
        made.label("a", [box()])
        for name in ("coco", "voc", "yolo", "prodigy"):
            with pytest.warns(RuntimeWarning, match="The boxes are on frames of a video"):
                made.export(tmp_path / name, name)


def test_a_segmenter_is_refused() -> None:
    with pytest.raises(InvalidInput, match="these items are videos"):
        session(segment=lambda image, place: None)


def test_only_boxes_on_one_frame_are_compared_and_texts_may_be_missing() -> None:
    kind: Any = kind_of("boxes")
    box = (1.0, 2.0, 3.0, 4.0)
    many = [((*box, frame), "c1") for frame in range(3_000)]
    assert f1(many, many, kind) == 1.0
    assert f1([((*box, 1), "c1")], [((*box, 2), "c1")], kind) == 0.0
    assert not kind.same((*box, 1), (*box, 2))
    assert kind.alike((*box, ""), box) == 1.0
