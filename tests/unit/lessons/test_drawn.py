"""Lessons on points that were drawn, and lessons that are read again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import hitl_widgets as hitl
from hitl_widgets import datasets
from hitl_widgets.errors import InvalidInput
from hitl_widgets.widgets.lesson import Lesson

# Circles at the left, squares at the right; the first is at the top left.
POINTS = [
    [0.1, 0.0, 0],
    [0.3, 0.2, 0],
    *([0.2, 0.1 * i, 0] for i in range(1, 7)),
    *([0.8, 0.1 * i, 1] for i in range(6)),
]


class Wire:
    """A lesson, and what it sends."""

    def __init__(self, lesson: Lesson, monkeypatch: pytest.MonkeyPatch) -> None:
        self.lesson, self.sent = lesson, []
        monkeypatch.setattr(
            lesson, "send", lambda content, buffers=None: self.sent.append((content, buffers))
        )

    def say(self, kind: str, **fields: Any) -> tuple[dict[str, Any], list[bytes]]:
        self.sent.clear()
        message = {"id": "message-1", "type": kind, "view": "view-1234", **fields}
        self.lesson._receive(self.lesson, message, [])
        [told] = self.sent
        return told


def test_an_empty_lesson_invites_to_draw_and_says_what_is_missing(
    bundles: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lesson = hitl.Lesson()
    welcome, buffers = Wire(lesson, monkeypatch).say("hello")
    assert (welcome["n"], welcome["draws"], welcome["strategies"]) == (0, True, [])
    assert [c["name"] for c in welcome["classes"]] == ["circle", "square", "triangle"]
    assert buffers == [b"", b"", b"", b""]
    assert repr(lesson) == "<Lesson without points>"
    assert "lesson on active learning" in lesson._repr_mimebundle_()[0]["text/plain"]
    for act in (lambda: lesson.save(tmp_path / "lesson.html"), lesson.curves, lambda: lesson.points):
        with pytest.raises(InvalidInput, match="has no points yet"):
            act()


def test_drawn_points_are_a_lesson(bundles: None, monkeypatch: pytest.MonkeyPatch) -> None:
    lesson = hitl.Lesson(budget=30, compare=["random"])
    wire = Wire(lesson, monkeypatch)
    welcome, [points, truth, *_] = wire.say("draw", points=POINTS)
    assert (welcome["type"], welcome["to"], welcome["n"], welcome["budget"]) == ("welcome", "", 14, 13)
    assert [c["name"] for c in welcome["classes"]] == ["circle", "square"], "only those that were drawn"
    assert welcome["compare"] == ["random"]
    xy = np.frombuffer(points, "<f4").reshape(-1, 2)
    drawn = np.array(POINTS)
    for axis in (0, 1):
        assert np.corrcoef(xy[:, axis], drawn[:, axis])[0, 1] > 0.9999
    assert list(truth) == [code for *_, code in POINTS]
    table = lesson.points
    assert list(table.columns) == ["x1", "x2", "label"]
    assert table["x1"].to_numpy() == pytest.approx(drawn[:, 0])
    assert table["x2"].to_numpy() == pytest.approx(1 - drawn[:, 1])
    assert wire.say("step", strategy="margin", start="kmeans", seed=0, index=2)[0]["type"] == "moment"


def test_points_are_added_to_those_of_a_lesson(bundles: None, monkeypatch: pytest.MonkeyPatch) -> None:
    before = datasets.toy("line", n=40)
    lesson = Lesson(before[["x1", "x2"]], before["label"], budget=8)
    wire = Wire(lesson, monkeypatch)
    welcome, [points, truth, *_] = wire.say("hello")
    assert welcome["draws"]
    unit = np.frombuffer(points, "<f4").reshape(-1, 2).tolist()
    same = [[*place, int(code)] for place, code in zip(unit, truth, strict=True)]
    wire.say("draw", points=[*same, [0.5, 0.5, 1]])
    after = lesson.points
    assert len(after) == 41
    assert after[["x1", "x2"]].to_numpy()[:40] == pytest.approx(before[["x1", "x2"]].to_numpy(), abs=1e-5)
    assert after["label"][:40].tolist() == before["label"].tolist()


def test_the_largest_drawing_is_taken(bundles: None, monkeypatch: pytest.MonkeyPatch) -> None:
    points = np.random.default_rng(0).random((2_000, 2))
    wire = Wire(hitl.Lesson(), monkeypatch)
    told, _ = wire.say("draw", points=[[float(x), float(y), int(x > y)] for x, y in points])
    assert told["n"] == 2_000


@pytest.mark.parametrize(
    ("points", "words"),
    [
        (POINTS[:3] + POINTS[-2:], "5 points. Expected 10"),
        ([[x, y, 0] for x, y, _ in POINTS], "only one class"),
        ([*POINTS, [0.5, 0.5, 3]], "beyond the 3"),
    ],
)
def test_a_drawing_that_is_no_lesson_is_refused_and_the_old_one_stays(
    points: Any, words: str, bundles: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    lesson = hitl.Lesson()
    wire = Wire(lesson, monkeypatch)
    told, _ = wire.say("draw", points=points)
    assert told["type"] == "trouble"
    assert words in told["words"]
    assert wire.say("hello")[0]["n"] == 0


def test_points_with_more_than_a_place_cannot_be_drawn(
    bundles: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = datasets.toy("line", n=40)
    X, y = points[["x1", "x2"]], points["label"]
    for options in ({"cost": np.ones(40)}, {"start": [0, 1, 2]}, {"at": X}):
        wire = Wire(Lesson(X, y, budget=8, **options), monkeypatch)
        assert not wire.say("hello")[0]["draws"]
        assert "cannot be added" in wire.say("draw", points=POINTS)[0]["words"]
    with pytest.raises(InvalidInput, match="X= is missing"):
        Lesson(cost=np.ones(40))


@pytest.mark.parametrize("many", [False, True])
def test_a_saved_lesson_is_read_again(many: bool, bundles: None, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 4 if many else 2))
    y = ["</script>" if row[0] > 0 else "no" for row in X]
    made = Lesson(X, y, budget=6, random_state=3, strategy="entropy", noise=0.1, batch=2)
    made.save(tmp_path / "lesson.html", ["entropy"])
    again = Lesson.load(tmp_path / "lesson.html")
    assert again.points.equals(made.points)
    old, new = made._course, again._course
    assert (new.budget, new.seed, new.strategy, new.batch) == (6, 3, "entropy", 2)
    assert np.array_equal(new.answers.drawn(3), old.answers.drawn(3))
    assert new.digest == old.digest
    assert Lesson.load(tmp_path / "lesson.html", budget=9)._course.budget == 9


def test_what_a_file_cannot_hold_must_be_passed_again(bundles: None, tmp_path: Path) -> None:
    points = datasets.toy("line", n=40)
    made = Lesson(points[["x1", "x2"]], points["label"], budget=6, learner=LogisticRegression())
    made.save(tmp_path / "lesson.html", ["random"])
    with pytest.raises(InvalidInput, match="pass learner= again"):
        Lesson.load(tmp_path / "lesson.html")
    assert Lesson.load(tmp_path / "lesson.html", learner="linear").points.equals(made.points)
    (tmp_path / "page.html").write_text("<html></html>")
    with pytest.raises(InvalidInput, match="not a saved lesson"):
        Lesson.load(tmp_path / "page.html")
    with pytest.raises(InvalidInput, match="cannot be read"):
        Lesson.load(tmp_path / "nothing.html")
