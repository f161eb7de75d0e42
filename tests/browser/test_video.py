"""Videos in a notebook: exact frames, played, from the kernel where the browser cannot play, and marked."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from lab import Bench
from playwright.sync_api import expect

from videos import video

pytestmark = pytest.mark.browser
SHOTS = Path(__file__).parent / "shots"

CELL = """import hitl_widgets as hitl
from pathlib import Path
hitl.Labeler(hitl.Session([Path("{file}")], kind="video", classes=["good", "bad"], store=":memory:"))"""
# The number of the frame that is drawn: its bars are bits.
DRAWN = """(canvas) => {
    const { width, height } = canvas;
    const { data } = canvas.getContext("2d").getImageData(0, height >> 1, width, 1);
    const bits = [...Array(8).keys()].map((bit) => data[4 * Math.floor((bit + 0.5) * width / 8)] > 127);
    return bits.reduce((n, bit, i) => n | (bit << i), 0);
}"""


def shows(film, frame):
    """Wait until the frame is chosen and drawn."""
    expect(film).to_have_attribute("data-shown", str(frame))
    assert film.locator("canvas").first.evaluate(DRAWN) == frame


@pytest.mark.parametrize("name", ["h264", "vp9", "variable", "kernel"])
def test_twenty_jumps_show_exact_frames(desk, name):
    rng = np.random.default_rng(0)
    given = {
        "h264": {},
        "vp9": {"codec": "libvpx-vp9", "form": "webm"},
        "variable": {"times": np.cumsum(rng.choice([0.02, 0.033, 0.05, 0.21], 100)).tolist()},
        "kernel": {"codec": "mpeg4", "form": "avi"},
    }[name]
    (desk.folder / "a.video").write_bytes(video(100, **given))
    notebook, bench = desk.open(CELL.format(file="a.video"))
    notebook.run(0)
    bench.wait_item()
    film = bench.card.locator(".hitl-film")
    expect(film).to_contain_text("of 100")
    bench.focus()
    shows(film, 0)
    if name == "kernel":
        expect(film.locator("[role=status]")).to_contain_text("The browser cannot play this video (mpeg4)")
    else:
        expect(film).to_have_attribute("data-source", "browser")
    for frame in rng.permutation(100)[:20].tolist():
        bench.press("#")
        bench.page.keyboard.type(str(frame))
        bench.press("Enter")
        shows(film, frame)
    SHOTS.mkdir(exist_ok=True)
    bench.labeler.screenshot(path=SHOTS / f"video-{name}.png")


MARKED = """import hitl_widgets as hitl
from pathlib import Path
question = hitl.Question.{kind}(["car", "person"], "Mark all of them.")
clips = sorted(Path(".").glob("*.mp4"))
session = hitl.Session(clips, kind="video", question=question, store="{kind}.sqlite", audit=0)
hitl.Labeler(session)"""


def street(i, width, height):
    """A lighter square moves over a picture from scikit-learn."""
    from sklearn.datasets import load_sample_image

    picture = load_sample_image("china.jpg")[60 : 60 + height, 40 + i : 40 + i + width].copy()
    picture[100:160, 60 + 4 * i : 120 + 4 * i] = (250, 240, 120)
    return picture


def given(folder, kind):
    with sqlite3.connect(folder / f"{kind}.sqlite") as connection:
        rows = connection.execute("select body from label_event where kind = 'label' order by seq")
        return json.loads(rows.fetchall()[-1][0])["value"][kind]


def marked(desk, dark, width):
    for i in range(2):
        clip = video(40, size=(480, 320), picture=lambda n, w, h, i=i: street(n + i, w, h))
        (desk.folder / f"{i}.mp4").write_bytes(clip)
    cells = (MARKED.format(kind=kind) for kind in ("boxes", "ranges"))
    return desk.open(*cells, dark=dark, width=width, alone=True)


@pytest.mark.parametrize(("dark", "width"), [(False, 1280), (True, 620)])
def test_a_box_is_carried_filled_corrected_and_undone_by_keyboard(desk, dark, width):
    notebook, bench = marked(desk, dark, width)
    notebook.run(0)
    picture = bench.card.locator(".hitl-picture")
    film = bench.card.locator(".hitl-film")
    expect(film).to_contain_text("of 40")
    words = bench.card.locator(".hitl-marking-words")
    bench.focus()
    for key in ("1", "n"):
        bench.press(key)
    expect(picture).to_have_attribute("data-marks", "1")
    for key in (";", ";"):  # onto the next two frames
        bench.press(key)
    expect(picture).to_have_attribute("data-marks", "3")
    expect(film).to_have_attribute("data-shown", "2")
    for _ in range(4):
        bench.press("PageDown")
    expect(film).to_have_attribute("data-shown", "6")
    bench.press(";")  # what was selected before, onto this frame
    for _ in range(3):
        bench.press("ArrowRight")
    fill = bench.card.locator(".hitl-button", has_text="fill 3 frames")
    expect(fill).to_be_visible()
    SHOTS.mkdir(exist_ok=True)
    bench.labeler.screenshot(path=SHOTS / f"video-boxes-{width}.png")
    bench.press(":")
    expect(picture).to_have_attribute("data-marks", "7")
    bench.press("z")
    expect(picture).to_have_attribute("data-marks", "4")
    bench.press("Shift+Z")
    expect(picture).to_have_attribute("data-marks", "7")
    bench.press(",")
    expect(words).to_contain_text("car")
    bench.label("Enter")
    bench.acknowledged()
    boxes = given(desk.folder, "boxes")
    assert sorted(box[4] for box in boxes) == list(range(7))
    at = {box[4]: box for box in boxes}
    assert at[0][:4] == at[2][:4]
    assert at[2][0] < at[3][0] < at[4][0] < at[6][0]
    np.testing.assert_allclose(at[4][0], (at[2][0] + at[6][0]) / 2, atol=0.02)

    notebook.run(1)
    ranges_are_marked(desk, Bench(bench.page, notebook.cell(1)), width)


def ranges_are_marked(desk, bench, width):
    film = bench.card.locator(".hitl-film")
    expect(film).to_contain_text("of 40")
    bench.focus()
    own = bench.card.locator(".hitl-range-own")
    for key in ("PageDown", "PageDown", "-", "PageDown", "PageDown", "2"):
        bench.press(key)
    bench.labeler.screenshot(path=SHOTS / f"video-ranges-{width}.png")
    expect(own).to_have_count(1)
    bench.press("ArrowRight")
    bench.label("Enter")
    bench.acknowledged()
    assert given(desk.folder, "ranges") == [[0.08, 0.2, "person"]]
