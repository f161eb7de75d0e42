"""The user's own segmenter: what it is given, what becomes of what it returns, and how it fails."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hitl_widgets as hitl
from helpers import until
from hitl_widgets.errors import InvalidInput
from hitl_widgets.loop.segmenting import outline
from hitl_widgets.questions import rle
from hitl_widgets.session import Session
from hitl_widgets.widgets.labeler.widget import Labeler
from hitl_widgets.widgets.shared.messages import Label, More

WIDTH, HEIGHT = 60, 40
PIXELS = np.random.default_rng(0).integers(0, 255, (6, HEIGHT, WIDTH), np.uint8)
IMAGES = pd.DataFrame({"image": list(PIXELS)})
DISC = np.hypot(*np.mgrid[-20:20, -30:30]) < 9
BOX, POINT = {"x": 1, "y": 2, "width": 30, "height": 20}, {"x": 5, "y": 6}
MAKE = {"boxes": hitl.Question.boxes, "polygons": hitl.Question.polygons, "masks": hitl.Question.masks}


def opened(kind: str, segment: Any) -> Session:
    return hitl.Session(
        IMAGES, image="image", question=MAKE[kind](["cat"]), segment=segment, store=":memory:", random_state=0
    )


def marked(kind: str, found: Any, place: Any = BOX) -> Any:
    """What becomes of what the segmenter returns."""
    with opened(kind, lambda image, place: found) as made:
        assert made._loop.segmenting is not None
        return made._loop.segmenting.mark(made.schema, 0, {"what": "segment", **place})


def test_it_gets_the_image_and_the_place() -> None:
    heard: list[Any] = []

    def segment(image: Any, place: Any) -> Any:
        heard.append((image.shape, image.dtype, place))
        return DISC

    with opened("boxes", segment) as made:
        for place in (BOX, POINT):
            made._loop.segmenting.mark(made.schema, 0, {"what": "segment", **place})
    assert heard == [((HEIGHT, WIDTH, 3), np.uint8, BOX), ((HEIGHT, WIDTH, 3), np.uint8, POINT)]


def test_masks_boxes_and_polygons_become_marks_of_the_kind_that_is_asked_for() -> None:
    assert marked("boxes", DISC) == [22, 12, 17, 17]
    assert marked("boxes", BOX) == [1, 2, 30, 20]
    assert marked("boxes", [[1, 1], [9, 1], [5, 8.5]]) == [1, 1, 8, 7.5]
    assert marked("polygons", BOX) == [[[1, 2], [31, 2], [31, 22], [1, 22]]]
    assert marked("polygons", {"points": [[1, 1], [9, 1], [5, 8]]}) == [[[1, 1], [9, 1], [5, 8]]]
    assert marked("masks", DISC.astype(np.uint8)) == [[HEIGHT, WIDTH], rle.from_mask(DISC)[1]]
    filled = np.zeros_like(DISC)
    filled[2:22, 1:31] = True
    for found in (BOX, np.array([[1, 2], [31, 2], [31, 22], [1, 22]])):
        size, counts = marked("masks", found)
        drawn = rle.to_mask(size, counts)
        assert (drawn == filled).mean() > 0.97


def test_the_outline_of_a_mask_is_close_to_it() -> None:
    mask = DISC.copy()
    mask[18:22, 28:32] = False  # a hole
    mask[0, 0] = True  # a smaller region
    [corners] = marked("polygons", mask)
    x, y = np.array(corners).T
    area = abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2
    assert area == pytest.approx(DISC.sum(), rel=0.05)
    assert len(corners) < 24
    square = np.zeros((5, 6), np.bool_)
    square[1:4, 2:5] = True
    assert sorted(outline(square)) == [[2, 1], [2, 4], [5, 1], [5, 4]]
    one = np.zeros((3, 3), np.bool_)
    one[1, 1] = True
    assert sorted(outline(one)) == [[1, 1], [1, 2], [2, 1], [2, 2]]


@pytest.mark.parametrize("kind", MAKE)
@pytest.mark.parametrize(
    ("found", "why"),
    [
        (None, "found nothing here"),
        (np.zeros((HEIGHT, WIDTH), bool), "found nothing here"),
        (DISC.T, r"returned an array of shape \(60, 40\): expected a mask of shape \(40, 60\), a box"),
        ("cat", "returned 'cat': expected a mask"),
        ({"x": 1}, "expected a mask"),
        (7, "returned 7"),
        ([[1, 2]], "expected a mask"),
        ([[1, 2], [3], [4, 5]], "expected a mask"),
    ],
)
def test_nonsense_is_said(kind: str, found: Any, why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        marked(kind, found)


def test_marks_beyond_the_image_and_errors_are_said() -> None:
    with pytest.raises(InvalidInput, match=r"does not fit: .*beyond"):
        marked("boxes", BOX | {"width": 100})

    def broken(image: Any, place: Any) -> Any:
        raise MemoryError("too large")

    with opened("masks", broken) as made, pytest.raises(InvalidInput, match="failed: MemoryError: too large"):
        made._loop.segmenting.mark(made.schema, 0, POINT)


def test_a_slow_one_holds_up_nothing() -> None:
    go = threading.Event()

    def slow(image: Any, place: Any) -> Any:
        assert go.wait(20)
        return DISC

    with opened("boxes", slow) as made:
        view, told = Labeler(made), []
        view._post = lambda message, *_: told.append(message)  # type: ignore[method-assign]
        assert view._question()["settings"]["segment"] is True
        view._handle(More(id="m", view="v", row=0, ask={"what": "segment", **BOX}, most=1000))
        answer = {"boxes": [[1, 2, 3, 4, made.schema.ids[0]]]}
        label = Label(id="a", value="x", answer=answer, selection="suggested", key=made.pool.keys[1])
        view._handle(label)
        until(lambda: any(getattr(one, "id", "") == "a" for one in told))
        assert not any(getattr(one, "id", "") == "m" for one in told)
        go.set()
        until(lambda: any(getattr(one, "id", "") == "m" for one in told))
        [part] = [one for one in told if getattr(one, "id", "") == "m"]
        assert part.content == {"kind": "segment", "at": [22, 12, 17, 17]}


def test_it_is_refused_where_it_makes_no_sense() -> None:
    with pytest.raises(InvalidInput, match=r"segment='sam': expected a function"):
        opened("boxes", "sam")
    with pytest.raises(InvalidInput, match="segment= makes boxes, polygons or masks, but this question asks"):
        hitl.Session(["a", "b"], classes=["x", "y"], segment=print, store=":memory:")
    with opened("boxes", None) as made:
        assert "segment" not in Labeler(made)._question()["settings"]
