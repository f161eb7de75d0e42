"""Exercises: what students do is checked, scored, and counted for a class."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hitl_widgets as hitl
from hitl_widgets.errors import InvalidInput, StoreError
from hitl_widgets.labels.events import LabelEvent
from hitl_widgets.labels.store import LabelStore
from hitl_widgets.lessons.classroom import TASK, classroom
from hitl_widgets.lessons.course import Course, points_of
from hitl_widgets.lessons.exercises import EXERCISES, Attempt, Report, report
from hitl_widgets.widgets.lesson import Lesson


def course(toy: str = "line", strategy: str = "margin", **options: Any) -> Course:
    X, y, test = points_of(toy, None, None)
    return Course(X, y, "linear", strategy, None, options.pop("budget", 30), 0, test=test, **options)


def attempt(exercise: str, picks: Any = (), **more: Any) -> Attempt:
    settings = {"strategy": "margin", "start": "kmeans", "seed": 0} | more
    return Attempt(exercise, picks=tuple(int(row) for row in picks), **settings)


def predicting(made: Course, place: int, **more: Any) -> tuple[Report, list[int]]:
    """The report on five predictions, each the point at this place of the strategy's order."""
    picks: list[int] = []
    for i in range(5):
        step = made.rival(more.get("strategy", "margin"), "kmeans", 0, i).now
        assert step.ranks is not None
        order = np.argsort(np.where(step.ranks > 0, step.ranks, 999), kind="stable")
        picks.append(int(order[place]))
        last = report(made, attempt("predict", picks, **more))
        assert last.ring == step.query
    return last, picks


# -- predict


def test_a_question_shows_neither_the_answer_nor_the_utilities_until_it_is_answered() -> None:
    made = course()
    asked = report(made, attempt("predict"))
    assert (asked.you.query, asked.you.why, asked.you.utilities, asked.ring) == (None, "", None, None)
    assert asked.clickable
    assert not asked.going
    query = made.rival("margin", "kmeans", 0, 0).now.query
    told = report(made, attempt("predict", [query]))
    assert told.ring == told.pick == query
    assert told.said.startswith("Right: margin asks this point")
    assert told.going
    assert not told.clickable
    second = report(made, attempt("predict", [query], next=True))
    assert second.place.startswith("Question 2 of 5 · 1 right")
    assert query in second.you.labelled
    assert second.you.query is None


def test_predictions_near_the_top_are_right_and_others_are_placed() -> None:
    made = course()
    best, _ = predicting(made, 0)
    assert (best.points, best.solved, best.done) == (5, True, True)
    near, _ = predicting(made, 9)
    assert near.points == 5
    far, _ = predicting(made, 60)
    assert (far.points, far.solved, far.done) == (0, False, True)
    assert "61st of 194" in far.said
    assert "4 are needed" in far.said


def test_hints_tell_what_the_strategy_looks_at_and_then_show_it() -> None:
    made = course()
    none, one, two = (report(made, attempt("predict", hints=n)) for n in range(3))
    assert none.hint == ""
    assert "border" in one.hint
    assert one.you.heat is None
    assert two.you.heat is not None
    assert (none.more_hints, one.more_hints, two.more_hints) == (True, True, False)


def test_what_is_drawn_at_random_is_not_asked() -> None:
    with pytest.raises(InvalidInput, match="questions of random are drawn at random"):
        report(course(), attempt("predict", strategy="random"))
    # Until there are labels of two classes, margin draws.
    made = course(start="worst")
    first = next(i for i, s in enumerate(made.step("margin", "worst", 0, 20).steps) if s.ranks is not None)
    assert first > 0
    assert len(report(made, attempt("predict", start="worst")).you.labelled) == 2 + first


@pytest.mark.parametrize("picks", [[999], [-1], range(6)])
def test_a_prediction_must_be_an_unlabelled_point_of_a_question(picks: Any) -> None:
    with pytest.raises(InvalidInput, match=r"cannot be chosen|5 questions"):
        report(course(), attempt("predict", picks))


# -- beat random


@pytest.mark.parametrize("toy", ["line", "moons", "circles"])
def test_random_can_be_beaten_by_ten_labels_and_is_not_by_bad_labels(toy: str) -> None:
    made = course(toy)
    empty = report(made, attempt("beat-random"))
    assert (empty.done, empty.solved, empty.points) == (False, False, 0)
    rows = [made.rival("margin", "kmeans", 0, i).now.query for i in range(10)]
    good = report(made, attempt("beat-random", rows))
    assert good.solved
    assert good.points >= 10
    start = list(made.play("kmeans", 0, []).start)
    near = np.linalg.norm(made.plane.X - made.plane.X[start[0]], axis=1).argsort()
    bad = report(made, attempt("beat-random", [row for row in near if row not in start][:10]))
    assert bad.done
    assert not bad.solved
    assert bad.points == 0


def test_the_goal_is_the_mean_accuracy_of_random_labels() -> None:
    made = course()
    begin = made.begin("kmeans", 0)
    goal = made.chance(begin, 20)
    drawn = [made.rival("random", "kmeans", seed, 20).now.accuracy for seed in range(12)]
    assert goal == pytest.approx(np.mean(drawn), abs=0.03)
    [you, line] = report(made, attempt("beat-random")).lines
    assert line.values == [goal, goal]
    assert line.at == [2, 12]
    assert you.values == [made.play("kmeans", 0, []).now.accuracy]


def test_where_there_is_nothing_to_beat_it_says_so() -> None:
    with pytest.raises(InvalidInput, match="nothing to beat"):
        report(course("outliers"), attempt("beat-random"))
    X, y, _ = points_of("line", None, None)
    few = Course(X[:20], y[:20], "linear", "margin", None, 10, 0)
    with pytest.raises(InvalidInput, match="too many for 20 points"):
        report(few, attempt("beat-random"))


# -- break margin


def test_margin_breaks_where_a_group_has_no_label_and_not_where_all_have() -> None:
    made = course("trap")
    truth, X = made.plane.truth, made.plane.X
    circles = np.flatnonzero(truth == 0)
    hidden = np.flatnonzero((truth == 1) & (X[:, 0] > 2))
    near = np.flatnonzero((truth == 1) & (X[:, 0] < 2))
    broken = report(made, attempt("break-margin", [circles[0], circles[1], hidden[0]]))
    assert broken.solved
    assert broken.points >= 5
    assert broken.machine is not None
    assert len(broken.machine.labelled) == 23
    whole = report(made, attempt("break-margin", [circles[0], hidden[0], near[0]]))
    assert whole.done
    assert not whole.solved
    part = report(made, attempt("break-margin", [circles[0]]))
    assert (part.place, part.done, part.machine) == ("1 of 3 labels chosen", False, None)


def test_an_unknown_exercise_is_told() -> None:
    with pytest.raises(InvalidInput, match="Did you mean 'predict'"):
        report(course(), attempt("predit"))


# -- the widget and the class


@pytest.fixture
def lesson(bundles: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes lessons that keep what they send."""

    def make(toy: str = "line", **options: Any) -> Any:
        widget: Any = Lesson(toy, **({"budget": 12} | options))
        widget.sent = []
        monkeypatch.setattr(
            widget, "send", lambda content, buffers=None: widget.sent.append((content, buffers))
        )
        return widget

    return make


def say(widget: Any, given: Attempt) -> list[dict[str, Any]]:
    widget.sent.clear()
    fields = given._asdict() | {"picks": list(given.picks)}
    widget._receive(widget, {"id": "message-1", "type": "attempt", "view": "view-1234", **fields}, [])
    return [content for content, _ in widget.sent]


def test_an_exercise_is_opened_answered_and_scored(lesson: Any) -> None:
    widget = lesson()
    assert widget.exercise("predict") is widget
    [(welcome, _)] = widget.sent
    assert (welcome["type"], welcome["exercise"], welcome["to"]) == ("welcome", "predict", "")
    assert [e["name"] for e in welcome["exercises"]] == list(EXERCISES)
    [asked] = say(widget, attempt("predict"))
    assert asked["type"] == "exercise"
    assert asked["you"]["queries"] == []
    assert widget.score == {}
    _, picks = predicting(widget._course, 0)
    [done] = say(widget, attempt("predict", picks))
    assert done["solved"]
    assert done["ring"] == picks[-1]
    result = widget.score["predict"]
    assert (result.points, result.of, result.solved, result.attempts) == (5, 4, True, 1)
    say(widget, attempt("predict", picks))
    assert widget.score["predict"].attempts == 1, "shown again is no second attempt"
    _, worse = predicting(widget._course, 60)
    say(widget, attempt("predict", worse))
    assert (widget.score["predict"].points, widget.score["predict"].attempts) == (5, 2)


def test_an_exercise_that_makes_no_sense_raises_in_the_cell(lesson: Any) -> None:
    with pytest.raises(InvalidInput, match="drawn at random"):
        lesson(strategy="random").exercise("predict")
    with pytest.raises(InvalidInput, match="Expected one of 'predict'"):
        lesson().exercise("win")


def test_a_class_shares_a_table_with_names_or_without(lesson: Any, tmp_path: Path) -> None:
    store = tmp_path / "class.sqlite"
    ada, ben, cleo = (
        lesson(store=store, student="Ada"),
        lesson(store=store, student="Ben"),
        lesson(store=store, student="Cleo", hide_name=True),
    )
    _, good = predicting(ada._course, 0)
    _, bad = predicting(ada._course, 60)
    say(ben, attempt("predict", bad))
    say(ben, attempt("predict", [*bad[:4], good[4]]))
    say(ada, attempt("predict", good, hints=1))
    say(cleo, attempt("predict", good))
    table = classroom(store)
    assert list(table["lesson"].unique()) == ["line, 200 points"]
    hidden = table["student"].iloc[0]
    assert hidden.startswith("student ")
    assert list(table["student"]) == [hidden, "Ada", "Ben"]
    assert list(table["points"]) == [5, 5, 1]
    assert list(table["hints"]) == [0, 1, 0]
    assert list(table["attempts"]) == [1, 1, 2]
    assert "Cleo" not in store.read_bytes().decode("latin-1")
    assert list(classroom(store, names=False)["student"]) == ["student 3", "student 2", "student 1"]
    assert hitl.classroom is classroom


def test_a_name_is_the_same_student_in_any_spelling(lesson: Any, tmp_path: Path) -> None:
    for hidden in (False, True):
        store = tmp_path / f"{hidden}.sqlite"
        for i, name in enumerate(["Ada", "Ada ", " ada"]):
            widget = lesson(store=store, student=name, hide_name=hidden)
            say(widget, attempt("predict", predicting(widget._course, 0)[1], hints=i))
        table = classroom(store)
        assert list(table["attempts"]) == [3]
        assert hidden or list(table["student"]) == ["Ada"]


def test_a_table_without_results_says_why(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"clas\.sqlite.*there is no such file"):
        classroom(tmp_path / "clas.sqlite")
    assert list(tmp_path.iterdir()) == []
    store = LabelStore(tmp_path / "class.sqlite")
    store.append(LabelEvent("label", "spam", "Ada", ("1",), value="ham"))
    with pytest.warns(UserWarning, match=r"no results of lessons yet.*It has labels of 'spam'"):
        assert len(classroom(store)) == 0


def test_results_are_there_again_after_a_restart_of_the_kernel(lesson: Any, tmp_path: Path) -> None:
    store = tmp_path / "class.sqlite"
    _, picks = predicting(course(budget=12), 0)
    say(lesson(store=store, student="Ada"), attempt("predict", picks))
    again = lesson(store=store, student="Ada")
    assert again.score["predict"].points == 5
    say(again, attempt("predict", picks))
    assert len(list(LabelStore(store).read(TASK))) == 1
    assert lesson(store=store, student="Ben").score == {}
    assert lesson("blobs", store=store, student="Ada").score == {}, "another lesson"


def test_a_result_that_cannot_be_saved_counts_here_and_says_so(lesson: Any, tmp_path: Path) -> None:
    class Full(LabelStore):
        def append(self, event: Any) -> bool:
            raise StoreError("The disk is full.")

    widget = lesson(store=Full(tmp_path / "class.sqlite"), student="Ada")
    _, picks = predicting(widget._course, 0)
    answer, trouble = say(widget, attempt("predict", picks))
    assert answer["solved"]
    assert "was not saved for the class. The disk is full." in trouble["words"]
    assert widget.score["predict"].solved


@pytest.mark.filterwarnings("ignore:.*is locked by another program")
def test_twenty_students_at_once_are_all_in_the_table(lesson: Any, tmp_path: Path) -> None:
    store = tmp_path / "class.sqlite"
    made = course(budget=12)
    _, picks = predicting(made, 0)
    widgets = [lesson(store=store, student=f"s{i}") for i in range(20)]
    told: list[Any] = []
    threads = [
        threading.Thread(target=lambda w=w: told.extend(say(w, attempt("predict", picks)))) for w in widgets
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [m for m in told if m["type"] != "exercise"] == []
    assert len(classroom(store)) == 20


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"store": 3}, "store= is an int"),
        ({"store": "x.sqlite", "student": ""}, "a name of 1 to 100"),
        ({"student": 7}, "student=7"),
        ({"student": "Ada"}, "student='Ada' is about results that are saved: pass store="),
        ({"hide_name": True}, "hide_name=True is about results that are saved: pass store="),
    ],
)
def test_what_a_class_cannot_be_is_told(
    lesson: Any, options: dict[str, Any], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInput, match=words):
        lesson(**options)


def test_a_lesson_by_name_needs_none_of_the_large_libraries(bundles: None) -> None:
    """Twenty students on one machine: each of these takes 25 to 90 MB in each kernel."""
    code = """
        import sys
        import hitl_widgets as hitl
        from hitl_widgets.lessons.exercises import Attempt, report
        lesson = hitl.Lesson("line", start="kmeans")
        lesson._course.step("margin", "kmeans", 0, 5)
        lesson._course.step("query_by_committee", "kmeans", 0, 2)
        for name in ("predict", "beat-random"):
            report(lesson._course, Attempt(name, "margin", "kmeans", 0, ()))
        print([m for m in ("pandas", "sklearn", "sqlalchemy", "numba", "scipy.stats") if m in sys.modules])
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
