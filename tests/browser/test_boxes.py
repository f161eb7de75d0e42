"""Boxes, polygons, points and masks on images: by keyboard alone, by pointer, and on a large image."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from lab import Bench
from playwright.sync_api import expect

from hitl_widgets.questions import rle

pytestmark = pytest.mark.browser
SHOTS = Path(__file__).parent / "shots"

CELL = """import hitl_widgets as hitl
from sklearn.datasets import load_sample_images
images = [image[:, ::way] for image in load_sample_images().images for way in (1, -1)]
suggested = {suggested}
session = hitl.Session(
    images, kind="image", question=hitl.Question.{kind}(["petal", "leaf"], "Mark all of them."),
    suggest=None if suggested is None else lambda items: [suggested] * len(items),
    store="{kind}.sqlite", random_state=1)
hitl.Labeler(session)"""
IDEA = [{"x": 10, "y": 300, "width": 90, "height": 60, "label": "leaf"}]
# 50 megapixels in stripes of one pixel, which only tiles at full resolution show.
LARGE = """import io
import hitl_widgets as hitl
import numpy as np
from PIL import Image
stripes = np.zeros((5760, 8640), np.uint8)
stripes[:, ::2] = 255
file = io.BytesIO()
Image.fromarray(stripes).save(file, "PNG", compress_level=1)
session = hitl.Session(
    [file.getvalue()], kind="image", question=hitl.Question.boxes(["stripe"]), store=":memory:")
hitl.Labeler(session)"""
# How dark and how light the middle of the picture is.
CONTRAST = """() => {
    const canvas = document.querySelector('.hitl-picture canvas');
    const [x, y] = [canvas.width >> 1, canvas.height >> 1];
    const { data } = canvas.getContext('2d').getImageData(x - 40, y, 80, 1);
    const values = data.filter((_, i) => i % 4 === 0);
    return Math.max(...values) - Math.min(...values);
}"""


class Desktop:
    """A notebook whose cells ask about two photographs and their mirror images."""

    def __init__(self, desk: Any, *cells: str, **look: Any) -> None:
        self.folder = desk.folder
        self.notebook, _ = desk.open(*cells, **look)
        self.page = self.notebook.page

    def ask(self, cell: int = 0) -> None:
        self.notebook.run(cell)
        self.bench = Bench(self.page, self.notebook.cell(cell))
        self.picture = self.bench.card.locator(".hitl-picture")
        self.words = self.bench.card.locator(".hitl-marking-words")
        self.picture.wait_for()
        self.picture.evaluate("e => e.scrollIntoView({ block: 'center' })")
        self.bench.focus()

    def keys(self, *keys: str) -> None:
        for key in keys:
            self.bench.press(key)

    def at(self, x: float, y: float) -> tuple[float, float]:
        box = self.picture.bounding_box()
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    def drag(self, *places: tuple[float, float]) -> None:
        """Drag through places, as shares of the picture's width and height."""
        self.page.mouse.move(*self.at(*places[0]))
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(*self.at(*place), steps=4)
        self.page.mouse.up()

    def marked(self, n: int) -> None:
        expect(self.picture).to_have_attribute("data-marks", str(n))

    def given(self, kind: str) -> list[Any]:
        self.bench.label("Enter")
        self.bench.acknowledged()
        with sqlite3.connect(self.folder / f"{kind}.sqlite") as connection:
            rows = connection.execute("select body from label_event where kind = 'label' order by seq")
            return json.loads(rows.fetchall()[-1][0])["value"][kind]


def test_a_box_is_made_corrected_relabelled_and_undone_by_keyboard_alone(desk):
    at = Desktop(desk, CELL.format(kind="boxes", suggested=IDEA))
    at.ask()
    pressed = at.bench.labeler.locator("[data-class][aria-pressed=true]")
    spoken = at.bench.labeler.locator("[aria-live]").first
    accept = at.bench.labeler.get_by_text("accept 1 suggestion")
    accept.wait_for()
    at.keys("Enter")
    at.bench.labeler.get_by_text("1 suggestion left").first.wait_for()
    at.keys("Delete")
    expect(accept).to_be_hidden()

    # Made in the middle, corrected, and named; without a class it is no answer.
    at.keys("n")
    expect(at.words).to_contain_text("Press a class")
    at.keys("Enter")
    at.bench.labeler.get_by_text("1 box without a class").first.wait_for()
    at.keys("1", "ArrowRight", "ArrowRight", "ArrowUp", "Shift+ArrowRight", "Shift+ArrowDown", "Space")
    at.keys("Shift+ArrowLeft")
    expect(pressed).to_have_text([r"1petal"])
    expect(spoken).to_contain_text("wide")
    at.keys("2")
    expect(pressed).to_have_text([r"2leaf"])
    at.keys("z")
    expect(pressed).to_have_text([r"1petal"])
    at.keys("Escape", ".")
    expect(pressed).to_have_text([r"1petal"])
    at.page.screenshot(path=SHOTS / "boxes.png")

    # A second one, removed and brought back.
    at.keys("Escape", "n", "Delete")
    at.marked(1)
    at.keys("z")
    at.marked(2)
    at.keys("z", "Shift+Z", "z")
    at.marked(1)
    [[x, y, width, height, name]] = at.given("boxes")
    assert name == "petal"
    # Three presses to the right and two corners pulled apart: wider than high, right of the middle.
    assert width - height > 0
    assert x + width / 2 > 320
    assert y + height / 2 < 427 / 2 + 1

    # By mouse on the next item: drawn, snapped, moved, and the suggestion accepted.
    expect(at.picture).to_have_attribute("data-marks", "0")
    at.keys("2")
    at.drag((0.42, 0.3), (0.58, 0.8))
    at.marked(1)
    at.drag((0.5, 0.5), (0.52, 0.5))
    at.keys("Escape", "=")
    at.marked(2)
    drawn, accepted = sorted(at.given("boxes"), reverse=True)
    assert accepted == [10, 300, 90, 60, "leaf"]
    assert drawn[4] == "leaf"
    assert drawn[2] > 100 < drawn[3]


def test_polygons_points_and_masks(desk):
    kinds = ("polygons", "points", "masks")
    at = Desktop(desk, *(CELL.format(kind=kind, suggested=None) for kind in kinds), dark=True, width=700)
    at.ask()
    for place in ((0.4, 0.3), (0.6, 0.3), (0.6, 0.7)):
        at.page.mouse.click(*at.at(*place))
    at.keys("Enter")
    at.marked(1)
    at.keys(
        "1", "Escape", "n", *["ArrowDown"] * 3, "n", *["ArrowUp"] * 3, "n", "Backspace", "n", "Enter", "2"
    )
    at.marked(2)
    at.page.screenshot(path=SHOTS / "polygons.png")
    found = at.given("polygons")
    assert sorted((len(corners), name) for corners, name in found) == [(3, "leaf"), (3, "petal")]

    at.ask(1)
    at.keys("2")
    at.page.mouse.click(*at.at(0.45, 0.5))
    at.page.mouse.click(*at.at(0.55, 0.6))
    at.drag((0.45, 0.5), (0.45, 0.55))
    at.keys("Escape", "n", "ArrowLeft")
    at.marked(3)
    found = at.given("points")
    assert [name for _, _, name in found] == ["leaf"] * 3
    assert found[0][1] < found[-1][1]

    at.ask(2)
    at.keys("1")
    at.drag((0.45, 0.4), (0.55, 0.4), (0.55, 0.6))
    at.marked(1)
    at.keys("]", ";")
    at.drag((0.5, 0.3), (0.5, 0.5))
    at.keys(";", "Escape", "Escape", "2", "n", "Space", *["ArrowLeft"] * 4, "Space", "Escape")
    at.marked(2)
    at.page.screenshot(path=SHOTS / "masks.png")
    (size, counts, name), (_, other, second) = at.given("masks")
    assert size == [427, 640]
    assert [name, second] == ["petal", "leaf"] or [name, second] == ["leaf", "petal"]
    for text in (counts, other):
        assert 50 < rle.to_mask(size, text).sum() < 20_000


def test_a_large_image_becomes_sharp_where_it_is_looked_at(desk):
    at = Desktop(desk, LARGE)
    at.ask()
    at.page.wait_for_function(f"() => ({CONTRAST})() < 100")
    at.keys("n", *["+"] * 14)
    at.page.wait_for_function(f"() => ({CONTRAST})() > 200")
    at.keys("Home", "-")
    at.page.wait_for_function(f"() => ({CONTRAST})() < 100")
    at.marked(1)
