"""Lessons on points of many features, drawn in two dimensions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

import hitl_widgets as hitl
from hitl_widgets.errors import InvalidInput
from hitl_widgets.lessons.course import Course
from hitl_widgets.lessons.inside import expectation, members
from hitl_widgets.lessons.plane import CELLS, Plane
from hitl_widgets.widgets.lesson import Lesson


def iris() -> tuple[Any, Any]:
    data = load_iris()
    return data.data.astype(np.float32), [str(data.target_names[code]) for code in data.target]


def test_the_model_learns_from_all_features_and_is_drawn_at_its_places() -> None:
    X, y = iris()
    at = X[:, [3, 0]]
    made = Course(X, y, LogisticRegression(), "margin", None, 20, 0, at=at)
    step = made.step("margin", "kmeans", 0, 10).now
    rows = list(step.labelled)
    model = LogisticRegression().fit(X[rows], made.plane.truth[rows])
    assert step.proba == pytest.approx(model.predict_proba(X), abs=1e-5)
    assert step.surface.shape == (2, CELLS**2)
    unit = made.plane.unit
    assert np.corrcoef(unit[:, 0], at[:, 0])[0, 1] > 0.999
    assert np.corrcoef(unit[:, 1], at[:, 1])[0, 1] < -0.999
    assert step.heat is not None
    assert len(members(made.ground, 0, step)[0]) == 7
    assert "on average" in expectation(made.ground, 0, step, step.query or 0)


def test_without_places_points_lie_at_their_principal_components() -> None:
    X, y = iris()
    plane = Plane(X, y)
    assert not plane.flat
    centred = X - X.mean(axis=0)
    first = centred @ np.linalg.svd(centred, full_matrices=False)[2][0]
    assert abs(np.corrcoef(plane.xy[:, 0], first)[0, 1]) > 0.999


def test_a_lesson_of_many_features_is_shown_and_saved(bundles: None, tmp_path: Path) -> None:
    X, y = iris()
    made = Lesson(X, y, budget=8)
    welcome, [points, *_] = made._welcome("view")
    assert welcome.learner.endswith("of 4 features")
    assert len(np.frombuffer(points, "<f4")) == 300
    made.save(tmp_path / "lesson.html", ["random"])
    made.save(tmp_path / "step.svg")


def test_a_lesson_of_a_session_has_its_labelled_items_at_their_places(bundles: None, tmp_path: Path) -> None:
    X, y = iris()
    names = [f"flower {i}" for i in range(150)]
    with hitl.Session(
        names, X=X, classes=["virginica", "versicolor", "setosa", "other"], store=tmp_path / "labels.sqlite"
    ) as session:
        with pytest.raises(InvalidInput, match="has 0 labels"):
            Lesson.of(session)
        ids = session.pool.ids
        for name in set(y):
            session.label([ids[i] for i in range(0, 150, 3) if y[i] == name], name)
        made = Lesson.of(session, budget=10)
        plane = made._course.plane
        rows = list(range(0, 150, 3))
        assert plane.schema.names == ("virginica", "versicolor", "setosa")
        assert [plane.schema.names[code] for code in plane.truth] == [y[i] for i in rows]
        assert session.map is not None
        assert plane.xy == pytest.approx(session.map.xy[rows])


def test_ten_classes_have_ten_shapes() -> None:
    from hitl_widgets.lessons.pictures import SHAPES

    assert len({shape[:2] + shape[3:] for shape in SHAPES}) == 10


def test_places_in_3d_fill_the_unit_ball_and_are_read_again_from_a_saved_page(
    bundles: None, tmp_path: Path
) -> None:
    X, y = iris()
    space = X[:, :3] * 100 + 7
    made = Lesson(X, y, budget=8, space=space)
    sent = np.frombuffer(made._welcome("view")[1][3], "<f4").reshape(-1, 3)
    far = np.linalg.norm(sent, axis=1)
    assert far.max() == pytest.approx(1, abs=1e-6)
    assert np.corrcoef(sent[:, 2], space[:, 2])[0, 1] > 0.999
    span = np.ptp(sent, axis=0) / np.ptp(space, axis=0)
    assert span == pytest.approx(np.full(3, span[0]), rel=1e-4)  # no axis is stretched
    made.save(tmp_path / "lesson.html", ["random"])
    again = Lesson.load(tmp_path / "lesson.html")._course.plane.ball
    assert again == pytest.approx(sent, abs=1e-6)
    assert Lesson(X, y, budget=8)._welcome("view")[1][3] == b""


@pytest.mark.parametrize(
    ("space", "words"),
    [
        (np.zeros((150, 2)), r"space= has shape \(150, 2\). Expected \(150, 3\)"),
        (np.zeros((149, 3)), r"space= has shape \(149, 3\). Expected \(150, 3\)"),
        (np.full((150, 3), np.nan), "space contains NaN"),
    ],
)
def test_other_places_in_3d_are_refused(space: Any, words: str) -> None:
    X, y = iris()
    with pytest.raises(InvalidInput, match=words):
        Lesson(X, y, space=space)
