"""Looking inside: the committee at a step, and what the model expects of a label."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from hitl_widgets import datasets
from hitl_widgets.errors import InvalidInput
from hitl_widgets.learn.strategies.committee import vote_entropy
from hitl_widgets.lessons.course import Course
from hitl_widgets.lessons.inside import SIDE, expectation, members
from hitl_widgets.lessons.lesson import Step
from hitl_widgets.lessons.plane import CELLS
from hitl_widgets.widgets.lesson import Lesson


def course(learner: Any = "linear", strategy: str = "query_by_committee", **options: Any) -> Course:
    points = datasets.toy("blobs", n=80)
    return Course(points[["x1", "x2"]], points["label"], learner, strategy, None, 12, 0, **options)


def step_of(made: Course, i: int) -> Step:
    return made.step(made.strategy, made.start, 0, i).now


def test_the_committee_is_the_one_that_voted() -> None:
    made = course()
    for i in range(1, 6):
        step = step_of(made, i)
        found, words = members(made.ground, 0, step)
        assert [one.shape for one in found] == [(2, SIDE**2)] * 7
        votes = {name: int(n) for n, name in re.findall(r"(\d) (\w+)", words.partition("here: ")[2])}
        assert sum(votes.values()) == 7
        shares = np.array(list(votes.values())) / 7
        trace = made.trace(made.strategy, made.start, 0)
        context = trace._context(made.plane.X, trace.y, n=1, affinity=False)
        highest = vote_entropy(step.proba, context)[context.candidates].max()
        assert -(shares * np.log(shares)).sum() == pytest.approx(highest)


def test_a_member_is_drawn_where_its_cells_are() -> None:
    made = course(learner=LogisticRegression())
    step = step_of(made, 8)
    found, _ = members(made.ground, 0, step)
    mean = np.mean([one[0].reshape(SIDE, SIDE) for one in found], axis=0)
    whole = step.surface[0].reshape(CELLS, CELLS)[::2, ::2]
    assert (np.rint(mean) == whole).mean() > 0.7, "the members agree with the model almost everywhere"


def test_expected_errors_are_those_of_models_with_each_label() -> None:
    made = course(learner=LogisticRegression())
    step = step_of(made, 6)
    row = step.query
    assert row is not None
    words = expectation(made.ground, 0, step, row)
    rows = list(step.labelled)
    rest = np.setdiff1d(np.arange(80), [*rows, row])
    X, names = made.plane.X, made.plane.schema.names
    now = (1 - step.proba[np.setdiff1d(np.arange(80), rows)].max(axis=1)).sum()
    assert f"Expected errors now {now:.1f};" in words
    mean = 0.0
    for code, name in enumerate(names):
        p = step.proba[row, code]
        if p < 0.01:
            continue
        model = LogisticRegression().fit(X[[*rows, row]], [*step.said, code])
        left = (1 - model.predict_proba(X[rest]).max(axis=1)).sum()
        mean += p * left
        assert f"{left:.1f} if {name} ({100 * p:.0f} %)" in words
    assert words.endswith(f"{mean:.1f} on average")


def test_what_cannot_be_looked_at_is_told() -> None:
    made = course(learner=KNeighborsClassifier(5), strategy="margin")
    with pytest.raises(InvalidInput, match="committee cannot be trained on 3 labels"):
        members(made.ground, 0, step_of(made, 0))
    step = step_of(made, 4)
    with pytest.raises(InvalidInput, match="has a label already"):
        expectation(made.ground, 0, step, step.labelled[0])
    none = course(start="none")
    assert members(none.ground, 0, none.step("query_by_committee", "none", 0, 0).now) == (
        [],
        "There are no labels yet, so there is no committee.",
    )


@pytest.mark.parametrize("learner", ["linear", "graph"])
def test_any_learner_can_be_looked_into(learner: str) -> None:
    made = course(learner=learner, strategy="margin")
    step = step_of(made, 5)
    found, words = members(made.ground, 0, step)
    assert len(found) == 7
    assert "vote here" in words
    assert "on average" in expectation(made.ground, 0, step, int(step.query or 0))


@pytest.mark.parametrize(
    ("compare", "words"),
    [
        ("margin", "expected a list of names"),
        (["margn"], "Did you mean 'margin'"),
        (["margin", "random", "entropy", "kmeans", "badge", "doubt"], "at most 5"),
    ],
)
def test_compare_takes_up_to_five_names(compare: Any, words: str, bundles: None) -> None:
    points = datasets.toy("blobs", n=40)
    with pytest.raises(InvalidInput, match=words):
        Lesson(points[["x1", "x2"]], points["label"], budget=6, compare=compare)


def test_a_lesson_answers_what_is_looked_at(bundles: None, monkeypatch: pytest.MonkeyPatch) -> None:
    points = datasets.toy("blobs", n=40)
    made = Lesson(points[["x1", "x2"]], points["label"], budget=8, compare=["random"])
    sent: list[tuple[Any, Any]] = []
    monkeypatch.setattr(made, "send", lambda content, buffers=None: sent.append((content, buffers)))
    here = {
        "id": "message-1",
        "view": "view-1234",
        "strategy": "margin",
        "start": "kmeans",
        "seed": 0,
        "index": 2,
    }
    free = next(r for r in range(40) if r not in made._course.step("margin", "kmeans", 0, 2).now.labelled)
    made._receive(made, {"type": "hello", "id": "message-0", "view": "view-1234"}, [])
    made._receive(made, here | {"type": "committee"}, [])
    made._receive(made, here | {"type": "expect", "row": free}, [])
    made._receive(made, here | {"type": "expect", "row": 999}, [])
    welcome, committee, expected, trouble = (content for content, _ in sent)
    assert (welcome["compare"], welcome["committees"]) == (["random"], list(made._course.strategies))
    assert (committee["type"], len(sent[1][1]), committee["index"]) == ("members", 7, 2)
    assert "on average" in expected["words"]
    assert trouble["type"] == "trouble"
