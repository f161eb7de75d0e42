from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import hitl_widgets as hitl
from hitl_widgets.errors import InvalidInput

rng = np.random.default_rng(0)
X = rng.normal(size=(120, 5)).astype(np.float32)
SETS = [[c for k, c in enumerate("abc") if x[k] > 0.3] for x in X]
LEVELS = (np.digitize(X[:, 0], [-0.8, 0, 0.8]) + 1).tolist()
FAST: dict[str, Any] = {"repeats": 2, "n_jobs": 1, "progress": False, "at": [15, 40]}


@pytest.mark.parametrize(
    ("question", "y", "words"),
    [
        (hitl.Question.choices(list("abc")), SETS, "Jaccard index on the whole pool"),
        (hitl.Question.rating(4), LEVELS, "1 - relative error on the whole pool"),
    ],
)
def test_questions_of_every_kind_are_raced(question: Any, y: Any, words: str) -> None:
    found = hitl.simulate(X, y, question=question, strategies=["auto", "random"], budget=40, **FAST)
    table = found.summary()
    assert table.attrs["metric"] == words
    assert table["mean"].between(0, 1).all()
    first, last = table[table["contestant"] == "auto"]["mean"]
    assert last > max(first, 0.75)


def test_a_choice_races_as_its_classes_do() -> None:
    y = np.where(X[:, 0] > 0, "a", "b")
    one = hitl.simulate(X, y, classes=["a", "b"], budget=40, **FAST)
    other = hitl.simulate(X, y, question=hitl.Question.choice(["a", "b"]), budget=40, **FAST)
    assert one.summary()["mean"].tolist() == other.summary()["mean"].tolist()


def test_new_items_are_told_by_the_model_that_is_taken_away() -> None:
    given: dict[str, Any] = FAST | {"test": (X[80:], SETS[80:])}
    found = hitl.simulate(X[:80], SETS[:80], question=hitl.Question.choices(list("abc")), budget=40, **given)
    assert found.summary("test_accuracy")["mean"].iloc[-1] > 0.6


@pytest.mark.parametrize(
    ("y", "words"),
    [([*SETS[:-1], ["z"]], "y at row 119: 'z' is not a class"), (lambda row, rng: "a", "not a function")],
)
def test_answers_that_are_none_are_refused(y: Any, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        hitl.simulate(X, y, question=hitl.Question.choices(list("abc")), budget=40, **FAST)


def test_lists_without_a_question_are_refused_with_what_to_pass() -> None:
    with pytest.raises(InvalidInput, match=r"question=hitl\.Question\.choices"):
        hitl.simulate(X, SETS, budget=40, **FAST)
