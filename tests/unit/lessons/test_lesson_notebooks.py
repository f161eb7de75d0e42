"""The notebooks of lessons run, hold no output, and what their answers say is true."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hitl_widgets.lessons.course import Course, points_of
from hitl_widgets.widgets.lesson import Lesson

ROOT = Path(__file__).parents[3]
NOTEBOOKS = sorted((ROOT / "notebooks" / "lessons").glob("*.ipynb"))


def cells(path: Path, kind: str) -> list[dict[str, Any]]:
    document = json.loads(path.read_text(encoding="utf-8"))
    return [cell for cell in document["cells"] if cell["cell_type"] == kind]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_of_a_lesson_runs_and_asks_before_it_answers(path: Path, bundles: None) -> None:
    names: dict[str, Any] = {}
    shown = []
    for cell in cells(path, "code"):
        assert cell["outputs"] == []
        source = "".join(cell["source"])
        if source.startswith("hitl."):
            shown.append(eval(source, names))
        else:
            exec(source, names)
    assert len(shown) >= 2
    assert all(isinstance(lesson, Lesson) for lesson in shown)
    answers = [
        cell
        for cell in cells(path, "markdown")
        if "".join(cell["source"]).startswith("<details><summary>Answer")
    ]
    assert answers, "an answer is folded until it is asked for"
    assert all("".join(cell["source"]).endswith("</details>") for cell in answers)


def test_the_notebooks_are_in_the_wheel_and_on_the_page_for_teachers() -> None:
    assert len(NOTEBOOKS) == 8
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    page = (ROOT / "docs" / "teaching.md").read_text(encoding="utf-8")
    for path in NOTEBOOKS:
        assert f'"notebooks/lessons/{path.name}"' in project
        assert f"lessons/{path.name}" in page


# What the answers say: points, strategy, settings, labels and the accuracy as it is shown.
SAID = [
    ("trap", "margin", {}, 30, "0.70"),
    ("trap", "random", {}, 30, "0.95"),
    ("trap", "query_by_committee", {}, 10, "0.70"),
    ("trap", "query_by_committee", {}, 20, "0.94"),
    ("trap", "query_by_committee", {}, 30, "0.97"),
    ("trap", "expected_error_reduction", {}, 20, "0.84"),
    ("moons", "expected_error_reduction", {}, 30, "0.84"),
    ("moons", "margin", {}, 30, "0.92"),
    ("line", "margin", {}, 12, "0.98"),
    ("line", "margin", {"batch": 10}, 12, "0.92"),
    ("line", "margin_kmeans", {"batch": 10}, 12, "0.96"),
    ("blobs", "margin", {"batch": 10}, 13, "0.85"),
    ("blobs", "margin_kmeans", {"batch": 10}, 13, "0.91"),
    ("outliers", "core_set", {}, 2, "0.91"),
    ("outliers", "core_set", {}, 7, "0.17"),
    ("outliers", "core_set", {}, 10, "0.54"),
    ("outliers", "core_set", {}, 30, "0.57"),
    ("outliers", "margin", {}, 10, "0.94"),
    ("outliers", "typicality", {}, 10, "0.90"),
    ("blobs", "margin", {"start": "none"}, 6, "0.84"),
    ("blobs", "typicality", {"start": "none"}, 6, "0.90"),
    ("blobs", "margin", {"start": "worst"}, 3, "0.34"),
    ("blobs", "margin", {}, 3, "0.90"),
    ("rare", "random", {}, 2, "0.95"),
    ("line", "margin", {"noise": 0.2}, 40, "0.97"),
    ("line", "random", {"noise": 0.2}, 40, "0.87"),
    ("line", "random", {}, 40, "0.99"),
    ("blobs", "margin", {"noise": 0.2}, 10, "0.58"),
    ("line", "random", {"noise": {"square": 0.5}}, 10, "0.92"),
    ("line", "random", {"noise": {"square": 0.5}}, 40, "0.77"),
    ("line", "margin", {"noise": {"square": 0.5}}, 10, "0.94"),
    ("line", "margin", {"noise": {"square": 0.5}}, 40, "0.87"),
    ("line", "random", {"noise": 0.25}, 10, "0.66"),
    ("line", "random", {"noise": 0.25}, 40, "0.88"),
    ("line", "margin", {"noise": 0.25}, 10, "0.94"),
    ("line", "margin", {"noise": 0.25}, 40, "0.97"),
]


@pytest.mark.parametrize(("toy", "strategy", "options", "labels", "shown"), SAID)
def test_what_the_answers_say_is_what_the_lesson_shows(
    toy: str, strategy: str, options: dict[str, Any], labels: int, shown: str
) -> None:
    X, y, test = points_of(toy, None, None)
    course = Course(X, y, "linear", strategy, None, max(labels, 4), 0, test=test, **options)
    steps = course.step(strategy, course.start, 0, 99).steps
    accuracy = next(step.accuracy for step in steps if len(step.labelled) == labels)
    # As JavaScript does it, which rounds a tie up.
    assert f"{accuracy + 1e-12:.2f}" == shown or f"{accuracy:.2f}" == shown


@pytest.mark.parametrize(("noise", "ten", "forty"), [({"square": 0.5}, 0.76, 0.81), (0.25, 0.71, 0.82)])
def test_what_the_answers_say_of_other_starts(noise: Any, ten: float, forty: float) -> None:
    X, y, test = points_of("line", None, None)
    course = Course(X, y, "linear", "random", None, 40, 0, test=test, noise=noise)
    runs = [course.step("random", "kmeans", seed, 99).steps for seed in range(12)]
    means = [np.mean([run[labels - 2].accuracy for run in runs]) for labels in (10, 40)]
    assert means == pytest.approx([ten, forty], abs=0.005)


def test_what_the_answers_say_of_stopping_and_of_a_rare_class() -> None:
    def run(toy: str, budget: int) -> tuple[list[Any], int | None]:
        X, y, test = points_of(toy, None, None)
        course = Course(X, y, "linear", "margin", None, budget, 0, test=test)
        return course.step("margin", "kmeans", 0, 99)  # type: ignore[return-value]

    steps, stop = run("line", 50)
    assert stop is not None
    assert len(steps[stop].labelled) == 22
    assert len(next(step for step in steps if step.accuracy >= 0.995).labelled) == 16
    steps, stop = run("trap", 50)
    assert stop is not None
    assert (len(steps[stop].labelled), steps[stop].accuracy) == (5, 0.7)
    steps, _ = run("rare", 30)
    assert (steps[0].measures[-2], steps[-1].measures[-2]) == (0, 1)
