"""Pictures of lessons and charts: PNG, SVG and GIF, in the still pictures of notebooks and in files."""

from __future__ import annotations

import base64
import io
import json
import re
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbclient
import nbconvert
import nbformat
import numpy as np
import pytest
from PIL import Image

from hitl_widgets import datasets
from hitl_widgets.drawing import Drawing, mix, text_width, wrapped
from hitl_widgets.errors import InvalidInput
from hitl_widgets.lessons.pictures import boundary, drawn
from hitl_widgets.lessons.plane import CELLS
from hitl_widgets.widgets.lesson import Lesson
from hitl_widgets.widgets.lesson.picturing import scene

SVG = "{http://www.w3.org/2000/svg}"


def lesson(toy: str = "line", n: int = 60, **options: Any) -> Lesson:
    points = datasets.toy(toy, n=n)
    return Lesson(points[["x1", "x2"]], points["label"], **({"budget": 6} | options))


# -- drawings


def test_names_may_contain_line_breaks_and_control_characters(bundles: None, tmp_path: Path) -> None:
    points = datasets.toy("line", n=60)
    names = ["a\nb", "c\x01d\u2028"]
    labels = [names[label == "square"] for label in points["label"]]
    odd = Lesson(points[["x1", "x2"]], labels, budget=6)
    odd.save(tmp_path / "step.png")
    odd.save(tmp_path / "step.svg")
    root = ET.parse(tmp_path / "step.svg").getroot()
    words = {text.text for text in root.iter(f"{SVG}text")}
    assert {"a b", "c d "} <= words
    assert text_width("a\nb", 10) == text_width("a b", 10)


def test_a_drawing_has_the_same_shapes_as_svg_and_as_pixels() -> None:
    picture = Drawing(100, 60)
    picture.shape([(10, 10), (40, 10), (40, 40), (10, 40)], fill="#ff0000")
    picture.circle(70, 30, 12, fill="#0000ff", stroke="#00ff00", width=4)
    picture.shape([(0, 55), (100, 55)], stroke="#000000", width=4, closed=False, dash=(10, 10))
    picture.picture(45, 0, 10, 10, np.full((2, 2, 4), [0, 255, 255, 255], np.uint8))
    picture.text(70, 30, "7", 10, "#ffffff", "middle")
    pixels = np.asarray(picture.pixels(1))
    assert pixels.shape == (60, 100, 3)
    for (x, y), colour in {
        (25, 25): (255, 0, 0),
        (62, 30): (0, 0, 255),
        (82, 30): (0, 255, 0),
        (5, 55): (0, 0, 0),
        (15, 55): (255, 255, 255),
        (25, 55): (0, 0, 0),
        (50, 5): (0, 255, 255),
        (95, 5): (255, 255, 255),
    }.items():
        assert np.abs(pixels[y, x].astype(int) - colour).max() < 12, (x, y)
    root = ET.fromstring(picture.svg("a < b"))
    assert [e.tag.removeprefix(SVG) for e in root] == [
        "title", "rect", "polygon", "circle", "polyline", "image", "text",
    ]  # fmt: skip
    assert root[0].text == "a < b"


def test_texts_are_broken_at_words_and_fit() -> None:
    lines = wrapped("one two three four five six seven " * 3, 14, 120)
    assert len(lines) > 3
    assert all(text_width(line, 14) <= 120 for line in lines)
    assert " ".join(lines).split() == ("one two three four five six seven " * 3).split()
    assert mix("#000000", "#ffffff", 0.5) == "#808080"


# -- the picture of a step


def test_the_boundary_lies_where_the_lead_is_zero() -> None:
    column = np.tile(np.arange(CELLS), (CELLS, 1))
    surface = np.stack([column >= 30, np.abs(column - 29.25) * 4]).astype(np.uint8).reshape(2, -1)
    lines = boundary(surface)
    assert len(lines) == CELLS - 1
    assert {round(x * CELLS - 0.5, 2) for x0, _, x1, _ in lines for x in (x0, x1)} == {29.25}


def test_a_step_is_drawn_as_the_widget_shows_it(bundles: None) -> None:
    made = lesson()
    run = made._course.step("margin", "kmeans", 0, 2)
    step = run.now
    shown = scene(made._course, ["margin", "random"], 2)
    assert [row for row, _ in shown.labelled] == list(step.labelled)
    assert shown.rings == [(step.query, 5)]
    assert shown.curves["margin"] == ([2, 3, 4], run.curves[0])
    assert len(shown.curves["random"][1]) == 5
    root = ET.fromstring(drawn(shown).svg("x"))
    words = [e.text for e in root.iter(SVG + "text")]
    assert "margin: 4 labels · accuracy" in " ".join(filter(None, words))
    assert {"circle", "square", "margin", "random", "5"} <= set(words)
    # 56 points without a label, the circles among the labelled ones, ring, badge, dot and legend.
    assert len(list(root.iter(SVG + "circle"))) > 56
    behind = {
        b: drawn(scene(made._course, ["margin"], 2, behind=b)).svg("x")
        for b in ("model", "utilities", "nothing")
    }
    assert len(set(behind.values())) == 3
    assert "<image" not in behind["nothing"]
    assert drawn(scene(made._course, ["margin"], 2, truth=True)).svg("x") != behind["model"]


def test_steps_and_runs_are_saved_as_pictures(bundles: None, tmp_path: Path) -> None:
    made = lesson()
    made.save(tmp_path / "step.png", step=1)
    made.save(tmp_path / "step.svg", ["margin", "random"], step=1)
    made.save(tmp_path / "curves.svg", ["margin", "random"], part="curves")
    made.save(tmp_path / "run.gif", part="points")
    with Image.open(tmp_path / "step.png") as picture:
        assert picture.size == (1868, 944)
    root = ET.parse(tmp_path / "step.svg").getroot()
    assert root.find(SVG + "title").text.startswith("margin: 3 labels")  # type: ignore[union-attr]
    assert not list(ET.parse(tmp_path / "curves.svg").getroot().iter(SVG + "image"))
    with Image.open(tmp_path / "run.gif") as run:
        assert run.n_frames == 5
        frames = []
        for i in range(5):
            run.seek(i)
            frames.append(np.asarray(run.convert("RGB")))
    assert all((a != b).any() for a, b in pairwise(frames))


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("step.png", {"step": 9}, "whole number from 0 to 4"),
        ("step.png", {"step": "3"}, "whole number from 0 to 4"),
        ("step.png", {"part": "curve"}, "Did you mean 'curves'"),
        ("step.svg", {"behind": "heat"}, "expected one of"),
        ("run.gif", {"step": 1}, "shows the whole run"),
        ("lesson.html", {"step": 1}, "are for pictures"),
    ],
)
def test_what_is_no_picture_is_told(
    name: str, options: dict[str, Any], words: str, bundles: None, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput, match=words):
        lesson().save(tmp_path / name, **options)


def test_curves_are_a_table(bundles: None) -> None:
    made = lesson()
    table = made.curves(["random", "margin"])
    measures = [name for name, _ in made._course.plane.measures.words]
    assert list(table.columns) == ["strategy", "labels", "cost", *measures]
    assert table["labels"].tolist() == [2, 3, 4, 5, 6] * 2
    runs = [made._course.step(name, "kmeans", 0, 4) for name in ("random", "margin")]
    for i, measure in enumerate(measures):
        assert table[measure].tolist() == [value for run in runs for value in run.curves[i]]
    assert set(made.curves()["strategy"]) == set(made._course.strategies)


# -- pages without a kernel


def test_the_still_picture_is_the_last_step_seen_and_small(
    bundles: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in (200, 2_000):
        made = lesson(n=n)
        assert len(made._picture()) < 150_000
        assert "2 labels" in made._picture()
        monkeypatch.setattr(made, "send", lambda *_: None)
        step = {
            "id": "message-1",
            "type": "step",
            "view": "view-1234",
            "strategy": "random",
            "start": "kmeans",
            "seed": 0,
            "index": 3,
        }
        made._receive(made, step, [])
        assert "random: 5 labels" in made._picture()


CELLS_SHOWN = [
    """import hitl_widgets as hitl
points = hitl.datasets.toy('line', n=60)
X, y = points[['x1', 'x2']], points['label']""",
    "hitl.Lesson(X, y.replace({'circle': 'secretclass'}), budget=4)",
    "hitl.Session([f'secretitem {i}' for i in range(30)], classes=['one', 'two'], store='labels.sqlite')",
    """race = hitl.simulate(X.to_numpy(), y, learners=['linear'], strategies=['random', 'margin'], budget=6,
    repeats=3, start=2, n_jobs=1, progress=False)
race""",
    "race.chart()",
]


def test_a_page_made_by_nbconvert_shows_lessons_sessions_races_and_charts(
    bundles: None, tmp_path: Path
) -> None:
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS_SHOWN]
    document = nbclient.NotebookClient(
        nbformat.v4.new_notebook(cells=cells),
        timeout=240,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
    ).execute()
    page, _ = nbconvert.HTMLExporter(exclude_input=True).from_notebook_node(document)
    assert "secret" not in page
    assert "secret" not in str(re.findall(rb"secret", b"".join(_decoded(page))))
    assert page.count('class="hitl-fallback"') == 2
    assert 'alt="A lesson on 60 points. margin: 2 labels' in page
    assert "0 of 30 items labelled" in page
    charts = [d for d in _decoded(page) if re.search(rb"<title>.* by labels: random, margin</title>", d)]
    assert len(charts) == 1
    assert "2 contestants" in page
    outputs = [o for cell in document.cells[1:] for o in cell.outputs]
    assert json.dumps(outputs[-1].data["application/vnd.vegalite.v5+json"]), "JupyterLab draws it itself"
    blank = [
        o for o in outputs if o.get("data", {}).get("text/plain") == "learning curves" and len(o.data) == 1
    ]
    assert not blank


def _decoded(page: str) -> list[bytes]:
    return [base64.b64decode(data) for data in re.findall(r"base64,([A-Za-z0-9+/=]+)", page)]


def test_charts_of_races_have_a_still_and_others_none() -> None:
    from hitl_widgets.widgets.charts import race_chart, rank_chart
    from hitl_widgets.widgets.stillchart import still_chart

    rows = [
        {"contestant": name, "n_labels": n, "mean": 0.5 + n / 50, "low": low, "high": low, "repeats": 2}
        for name in ("<one>", "two")
        for n, low in ((2, 0.4), (4, None), (8, float("nan")))
    ]
    curves = race_chart(rows, {"<one>": "#0072B2", "two": "#E69F00"})
    ranks = rank_chart({"<one>": 1.2, "two": 1.8, "three": 3.0}, [(0, 1)], 0.9)
    for chart, n_lines in ((curves, 2), (ranks, 4)):
        root = ET.fromstring(chart._repr_mimebundle_()["image/svg+xml"])
        words = " ".join(e.text or "" for e in root.iter(SVG + "text"))
        assert {"<one>", "two"} <= set(words.split())
        assert len(list(root.iter(SVG + "polyline"))) >= n_lines
    assert still_chart({"layer": []}) is None
    assert still_chart({"mark": "bar"}) is None


def test_bytes_of_a_png_are_a_png() -> None:
    with Image.open(io.BytesIO(Drawing(10, 10).png(2, small=True))) as picture:
        assert picture.size == (20, 20)
