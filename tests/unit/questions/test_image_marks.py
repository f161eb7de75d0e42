"""Boxes, polygons, points and masks on images: the log, files, agreement, bad input, and run lengths."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

import hitl_widgets as hitl
from hitl_widgets.errors import InvalidInput
from hitl_widgets.questions import rle
from hitl_widgets.questions.base import kind_of
from hitl_widgets.questions.marks import f1
from hitl_widgets.questions.masks import Masks
from hitl_widgets.questions.points import Points
from hitl_widgets.questions.polygons import Polygons

WIDTH, HEIGHT, N = 60, 40, 12
RNG = np.random.default_rng(0)
IMAGES = list(RNG.integers(0, 255, (N, HEIGHT, WIDTH, 3), np.uint8))
ITEMS = pd.DataFrame({"id": [f"r{i}" for i in range(N)], "image": IMAGES})
DISC = np.hypot(*np.mgrid[-20:20, -30:30]) < 9


def session(question: Any, store: Any = ":memory:", **options: Any) -> hitl.Session:
    told = {"image": "image", "id": "id", "random_state": 0, "annotator": "ann"} | options
    return hitl.Session(ITEMS, question=question, store=store, **told)


TEXTS = ["ab", "abc", "xy", ""]
written = st.lists(st.tuples(st.integers(0, 6), st.sampled_from(TEXTS)), min_size=0, max_size=5).map(
    lambda some: [((10 + x, 5, 20, 10, text) if text else (10 + x, 5, 20, 10), "w") for x, text in some]
)


@given(written, written)
def test_overlapping_boxes_are_matched_by_their_texts(a: list[Any], b: list[Any]) -> None:
    """The best of all ways to match them, found by trying all."""
    kind: Any = kind_of("boxes")
    short, long = sorted((a, b), key=len)
    best = 0.0
    for chosen in itertools.permutations(range(len(long)), len(short)):
        pairs = [(short[i][0], long[k][0]) for i, k in enumerate(chosen)]
        best = max(best, sum(kind.alike(p, q) for p, q in pairs if kind.same(p, q)))
    n = len(a) + len(b)
    assert f1(a, b, kind) == pytest.approx(2 * best / n if n else 1.0)
    assert f1(a, b, kind) == f1(b, a, kind)


def box(x: float, y: float, width: float, height: float, label: str) -> dict[str, Any]:
    return {"x": x, "y": y, "width": width, "height": height, "label": label}


def point(x: float, y: float, label: str) -> dict[str, Any]:
    return {"x": x, "y": y, "label": label}


def polygon(label: str, *corners: Sequence[float]) -> dict[str, Any]:
    return {"points": [list(corner) for corner in corners], "label": label}


def mask(pixels: Any, label: str) -> dict[str, Any]:
    size, counts = rle.from_mask(pixels)
    return {"size": list(size), "counts": counts, "label": label}


QUESTIONS: dict[str, tuple[Any, list[Any]]] = {
    "boxes": (
        hitl.Question.boxes(["cat", "dog"], "Where?"),
        [[], [box(0, 0, 60, 40, "cat")], [box(1.25, 2, 3.5, 4, "dog"), box(30, 2, 3, 4, "cat")]],
    ),
    "polygons": (
        hitl.Question.polygons(["cat", "dog"]),
        [
            [],
            [polygon("cat", (0, 0), (60, 0), (60, 40))],
            [polygon("dog", (1.5, 2), (3, 4), (9, 4), (2, 30))],
        ],
    ),
    "points": (
        hitl.Question.points(["cat", "dog"]),
        [[], [point(60, 40, "dog")], [point(3.25, 2, "cat"), point(40, 2, "dog")]],
    ),
    "masks": (
        hitl.Question.masks(["cat", "dog"]),
        [[], [mask(DISC, "cat")], [mask(np.roll(DISC, 8), "dog"), mask(~DISC, "cat")]],
    ),
}
every = pytest.mark.parametrize("name", QUESTIONS)


def sorted_marks(label: Any) -> list[str]:
    return sorted(json.dumps(mark, sort_keys=True) for mark in label)


@every
def test_answers_survive_a_restart_and_undo(name: str, tmp_path: Path) -> None:
    question, values = QUESTIONS[name]
    with session(question, tmp_path / "labels.sqlite") as made:
        for i, value in enumerate(values):
            made.label(f"r{i}", value)
        made.label("r0", values[-1])
        made.undo()
        before = made.labels()["label"].tolist()
        assert list(map(sorted_marks, before)) == list(map(sorted_marks, values))
    with session(None, tmp_path / "labels.sqlite") as again:
        assert again.schema == question
        assert again.labels()["label"].tolist() == before


WRONG: dict[str, list[tuple[Any, str]]] = {
    "boxes": [
        ("cat", "expected JSON"),
        ([box(0, 0, 61, 4, "cat")], r"beyond the image, which has 60 x 40 pixels"),
        ([box(-1, 0, 6, 4, "cat")], "beyond the image"),
        ([box(0, 0, 0, 4, "cat")], "empty"),
        ([box(0, 0, -3, 4, "cat")], "empty"),
        ([box(0, 0, float("nan"), 4, "cat")], "number of pixels"),
        ([box(0, 0, 1e300, 4, "cat")], "number of pixels"),
        ([box(0, 0, "wide", 4, "cat")], "not a number"),  # type: ignore[arg-type]
        ([box(0, 0, 5, 4, "cat") | {"width": True}], "not a number"),
        ([box(0, 0, 3, 4, "bird")], "not a class"),
        ([{"x": 3, "label": "cat"}], "has no 'y'"),
        ({"boxes": [[0, 0, 3, "cat"]]}, "expected x, y, width, height"),
        ([None], "not a mark"),
        (5, "not an answer"),
    ],
    "polygons": [
        ([polygon("cat", (0, 0), (1, 1))], "three different corners"),
        ([polygon("cat", (0, 0), (1, 1), (0, 0), (1, 1))], "three different corners"),
        ([polygon("cat", (0, 0), (70, 0), (0, 9))], "beyond the image"),
        ([polygon("cat", (0, 0, 0), (70, 0), (0, 9))], "list of corners"),
        ([{"points": [0, 0, 9, 0, 9], "label": "cat"}], "list of corners"),
        ([{"points": "abc", "label": "cat"}], "list of corners"),
        ([{"points": [[0, 0], [9, "x"], [9, 9]], "label": "cat"}], "not a number"),
        ([{"points": [[0, 0]] * 10_001, "label": "cat"}], "10,001 corners"),
    ],
    "points": [
        ([point(61, 2, "cat")], "beyond the image"),
        ([point(1, -2, "cat")], "beyond the image"),
        ([{"x": 1, "label": "cat"}], "has no 'y'"),
        ([(1, "cat")], "expected x, y"),
    ],
    "masks": [
        ([mask(np.ones((4, 5), bool), "cat")], r"image of 5 x 4 pixels, and this image has 60 x 40"),
        ([mask(np.zeros((40, 60), bool), "cat")], "empty"),
        ([{"size": [40, 60], "counts": "0d0", "label": "cat"}], "cover 20 pixels"),
        ([{"size": [40, 60], "counts": "Ж", "label": "cat"}], "run lengths"),
        ([{"size": [40, 60], "counts": "ooooooooooo0", "label": "cat"}], "run lengths"),
        ([{"size": [40, 60], "counts": "0O", "label": "cat"}], "run lengths"),
        ([{"size": [40, 60], "counts": [-1, 2401], "label": "cat"}], "whole numbers"),
        ([{"size": [40, 60.5], "counts": "0", "label": "cat"}], "expected its size"),
        ([{"size": [10**9, 10**9], "counts": "0", "label": "cat"}], "expected its size"),
        ([{"mask": np.zeros((4, 5, 3)), "label": "cat"}], "expected booleans"),
        ([{"mask": np.full((40, 60), 0.5), "label": "cat"}], "expected booleans"),
        ([{"counts": "0d0", "label": "cat"}], "has no 'size'"),
    ],
}


@every
def test_what_is_no_answer_is_refused_in_words_and_nothing_is_written(name: str) -> None:
    with session(QUESTIONS[name][0]) as made:
        for wrong, words in WRONG[name]:
            with pytest.raises(InvalidInput, match=words):
                made.label("r0", wrong)
        assert made.history()["kind"].tolist() == ["schema"]


@every
def test_people_agree_as_far_as_their_marks_overlap(name: str) -> None:
    kind, schema = kind_of(name), QUESTIONS[name][0]
    with session(schema) as made:
        parsed = [made._loop.log.ledger.fold.kind.parse(v, made._loop.log.ledger.fold.vocabulary)
                  for v in QUESTIONS[name][1]]  # fmt: skip
    for a in parsed:
        for b in parsed:
            assert kind.agree(a, b, schema) == kind.agree(b, a, schema)
            assert (kind.agree(a, b, schema) == 1) == (a == b)


def test_what_is_the_same() -> None:
    boxes = kind_of("boxes")
    assert boxes.same((0, 0, 10, 10), (0, 0, 10, 6))
    assert not boxes.same((0, 0, 10, 10), (0, 0, 10, 4))
    assert not boxes.same((0, 0, 10, 10), (20, 0, 10, 10))
    assert Points(5).same((0, 0), (3, 4))
    assert not Points(4.9).same((0, 0), (3, 4))
    square = ((0, 0), (10, 0), (10, 10), (0, 10))
    polygons = Polygons()
    assert polygons.same(square, tuple(reversed(square)))
    assert polygons.same(square, ((0, 0), (10, 0), (10, 6), (0, 6)))
    assert not polygons.same(square, ((0, 0), (10, 0), (10, 4), (0, 4)))
    assert not polygons.same(square, ((0, 0), (10, 0), (0, 9)))
    line = ((0, 0), (5, 5), (10, 10))
    assert polygons.same(line, line)
    assert not polygons.same(line, ((0, 0), (5, 5), (10, 11)))
    masks = Masks()
    half = DISC & (np.arange(WIDTH) < WIDTH // 2 + 3)
    places = [masks.place(rle.from_mask(pixels)) for pixels in (DISC, half, ~DISC)]
    assert masks.same(places[0], places[1])
    assert not masks.same(places[0], places[2])


def test_as_many_marks_as_possible_are_matched_in_either_order() -> None:
    """One box is near to two others, of which one is near to nothing else."""
    a = [((0.0, 0.0), "x"), ((6.0, 0.0), "x")]
    b = [((3.0, 0.0), "x"), ((-6.0, 0.0), "x")]
    near = Points(7)
    assert f1(a, b, near) == f1(b, a, near) == f1(a[::-1], b, near) == 1
    assert f1(a, b, Points(3.5)) == f1(b, a, Points(3.5)) == 0.5


def test_the_distance_of_points_is_that_of_the_question() -> None:
    kind = kind_of("points")
    a, b = (((0, 0), "cat"),), (((12, 0), "cat"),)
    assert kind.agree(a, b, hitl.Question.points(["cat"])) == 0
    assert kind.agree(a, b, hitl.Question.points(["cat"], within=12)) == 1
    with pytest.raises(InvalidInput, match="within="):
        hitl.Question.points(["cat"], within=-1)


def test_masks_are_given_as_arrays_and_uncompressed_counts_too() -> None:
    with session(hitl.Question.masks(["cat"])) as made:
        made.label("r0", [{"mask": DISC, "label": "cat"}])
        made.label("r1", [{"mask": DISC.astype(np.uint8), "label": "cat"}])
        counts = rle.to_counts(rle.from_mask(DISC)[1]).tolist()
        made.label(
            "r2", [{"size": [HEIGHT, WIDTH], "counts": [counts[0], 0, 0, *counts[1:]], "label": "cat"}]
        )
        found = made.labels()["label"].tolist()
    assert found == [[mask(DISC, "cat")]] * 3
    assert (rle.to_mask(found[0][0]["size"], found[0][0]["counts"]) == DISC).all()


def test_coordinates_are_of_the_upright_image() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    stream = io.BytesIO()
    Image.new("RGB", (60, 40)).save(stream, "JPEG", exif=exif)
    with hitl.Session(
        [stream.getvalue()], kind="image", question=hitl.Question.points(["a"]), store=":memory:"
    ) as made:
        [id_] = made.pool.ids
        made.label(id_, [point(40, 60, "a")])
        with pytest.raises(InvalidInput, match=r"has 40 x 60 pixels"):
            made.label(id_, [point(60, 40, "a")])


def test_an_image_on_the_web_has_no_known_size() -> None:
    with hitl.Session(
        ["https://example.org/a.png", "https://example.org/b.png"],
        kind="image",
        X=np.eye(2),
        question=hitl.Question.points(["a"]),
        store=":memory:",
    ) as made:
        made.label(made.pool.ids[0], [point(9999, 1, "a")])
        assert made.n_labels == 1


def test_an_image_that_cannot_be_read_gets_no_marks() -> None:
    items = [b"not an image", IMAGES[0]]
    with hitl.Session(
        items, kind="image", X=np.eye(2), question=hitl.Question.points(["a"]), store=":memory:"
    ) as made:
        with pytest.raises(InvalidInput, match="not an image"):
            made.label(made.pool.ids[0], [point(1, 1, "a")])
        made.label(made.pool.ids[1], [point(1, 1, "a")])


def test_a_question_about_texts_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"boxes on an image.*kind 'text'"):
        hitl.Session(["a", "b"], question=hitl.Question.boxes(["a"]), store=":memory:")
    with pytest.raises(TypeError, match="unexpected keyword argument 'clases'"):
        hitl.Question.boxes(["a"], clases=["b"])


# -- run lengths, as in COCO's files


def slow_text(counts: Sequence[int]) -> str:
    """As in rleToString of the COCO API, one bit at a time."""
    found = []
    for i, count in enumerate(counts):
        left = int(count) - (int(counts[i - 2]) if i > 2 else 0)
        more = True
        while more:
            bits, left = left & 31, left >> 5
            more = left != -1 if bits & 16 else left != 0
            found.append(chr(bits + (32 if more else 0) + 48))
    return "".join(found)


def slow_counts(mask: Any) -> list[int]:
    counts, inside = [0], False
    for pixel in mask.T.ravel().tolist():
        if pixel != inside:
            counts.append(0)
            inside = pixel
        counts[-1] += 1
    return counts


SIZES = st.tuples(st.integers(1, 9), st.integers(1, 9))
PIXELS = SIZES.flatmap(lambda size: arrays(np.bool_, size))


@given(pixels=PIXELS)
def test_a_mask_comes_back_and_is_written_as_by_the_coco_api(pixels: Any) -> None:
    size, text = rle.from_mask(pixels)
    assert text == slow_text(slow_counts(pixels))
    assert (rle.to_mask(size, text) == pixels).all()
    assert rle.to_counts(text).tolist() == slow_counts(pixels)
    assert rle.area(rle.to_counts(text)) == pixels.sum()


@given(counts=st.lists(st.integers(0, 2**33), min_size=1, max_size=20))
def test_any_counts_come_back(counts: list[int]) -> None:
    text = rle.to_text(np.array(counts))
    assert text == slow_text(counts)
    assert rle.to_counts(text).tolist() == counts


@given(data=st.data(), size=SIZES)
def test_overlap_is_that_of_the_pixels(data: Any, size: tuple[int, int]) -> None:
    a, b = (data.draw(arrays(np.bool_, size)) for _ in range(2))
    one, other = (rle.to_counts(rle.from_mask(pixels)[1]) for pixels in (a, b))
    either = (a | b).sum()
    assert rle.iou(one, other) == pytest.approx((a & b).sum() / either if either else 1)


@given(pixels=PIXELS, data=st.data())
def test_empty_runs_make_no_difference(pixels: Any, data: Any) -> None:
    counts = slow_counts(pixels)
    at = data.draw(st.integers(0, len(counts) - 1))
    split = data.draw(st.integers(0, counts[at]))
    longer = [*counts[:at], split, 0, counts[at] - split, *counts[at + 1 :]]
    assert rle.normal(np.array(longer)).tolist() == counts


@given(text=st.text(max_size=12) | st.text("0123456789:;<=>?@ABO`o", max_size=12))
def test_what_is_no_text_of_counts_is_refused(text: str) -> None:
    try:
        counts = rle.to_counts(text)
    except InvalidInput:
        return
    assert rle.to_counts(rle.to_text(counts)).tolist() == counts.tolist()


@every
def test_what_a_mark_cannot_have_is_refused_in_words(name: str) -> None:
    question, values = QUESTIONS[name]
    mark = values[-1][0]
    with session(question) as made:
        for extra in ({"foo": 1}, {"Label": "cat"}, {"speaker": "Ann"}):
            with pytest.raises(InvalidInput, match=f"unknown '{next(iter(extra))}': expected"):
                made.label("r0", [{**mark, **extra}])
        made.label("r0", [{**mark, "foo": None, "note": float("nan")}])  # as tables fill what others have
        assert made.labels()["label"].tolist() == [[mark]]
        if name == "boxes":
            with pytest.raises(InvalidInput, match="asks for none: pass transcribe=True"):
                made.label("r0", [{**mark, "text": "STOP"}])
