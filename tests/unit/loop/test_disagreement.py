"""The strategy that asks where suggested classes are probably wrong."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hitl_widgets as hitl
from helpers import clouds
from hitl_widgets.errors import InvalidInput
from hitl_widgets.learn.learner import FloatArray
from hitl_widgets.learn.strategies import Context, choose, disagreement

X, NAMES = clouds(80)
TRUE = np.where(NAMES == "a", "spam", "ham")
WRONG = [3, 17, 50, 71]


def table(**columns: Any) -> pd.DataFrame:
    llm = np.where(np.isin(np.arange(80), WRONG), np.where(TRUE == "spam", "ham", "spam"), TRUE)
    return pd.DataFrame({"id": range(80), "text": [f"mail {i}" for i in range(80)], "llm": llm} | columns)


def opened(data: pd.DataFrame, **how: Any) -> hitl.Session:
    given: dict[str, Any] = {
        "classes": ["spam", "ham"], "store": ":memory:", "annotator": "ann", "random_state": 0, "audit": 0,
        "suggest": "llm", "strategy": "disagreement", "text": "text", "id": "id", "X": X,
    }  # fmt: skip
    return hitl.Session(data, **given | how)


def context_of(y: Any, suggested: Any = None) -> Context:
    return Context(X, y.astype(np.int16), y < 0, np.random.default_rng(0), 4, suggested=suggested)


def worst(proba: Any, context: Context) -> set[int]:
    """The four items of highest utility."""
    utilities = np.where(context.candidates, disagreement(proba, context), -1)
    return {int(i) for i in np.argsort(-utilities)[:4]}


def test_wrong_suggestions_are_asked_first() -> None:
    with opened(table()) as session:
        while len(session.labels()) < 10:
            (item,) = session.query(1)
            session.label(item, TRUE[item])
            session.wait()
        found = {*WRONG} - {int(item) for item in session.labels()["id"]}
        assert {int(item) for item in session.query(len(found))} == found


def test_suggestions_follow_the_classes() -> None:
    data = table()
    data["llm"] = data["llm"].astype(object)
    data.at[5, "llm"], data.at[6, "llm"], data.at[7, "llm"] = None, "something else", ["spam"]
    seen: list[Any] = []

    def mine(proba: FloatArray, context: Context) -> FloatArray:
        seen.append(context.suggested)
        return disagreement(proba, context)

    with opened(data, strategy=mine) as session:
        for item in (0, 1, 40, 41, *range(10, 20)):
            session.label(item, TRUE[item])
        session.wait()
        expected = np.where(data["llm"] == "spam", 0, 1)
        expected[[5, 6, 7]] = -1
        np.testing.assert_array_equal(seen[-1], expected)
        session.classes.rename("ham", "good")
        session.wait()
        session.label(60, "good")
        session.wait()
        np.testing.assert_array_equal(seen[-1], np.where(expected == 1, -1, expected))


@pytest.mark.parametrize(
    ("suggest", "words"),
    [
        (None, "'disagreement' needs suggest=, the name of a column.*there is none"),
        (lambda items: ["spam"] * len(items), "it is a function, which would be called for all items"),
    ],
)
def test_without_a_column_of_suggestions_it_says_what_is_missing(suggest: Any, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        opened(table(), suggest=suggest)


def test_before_any_label_it_asks_what_is_not_typical_of_its_class() -> None:
    codes = np.where(table()["llm"] == "spam", 0, 1).astype(np.int16)
    nothing = np.full(80, -1)
    assert worst(np.full((80, 2), 0.5), context_of(nothing, codes)) == {*WRONG}


def test_the_model_of_the_labels_finds_what_is_wrong_throughout() -> None:
    # The suggestions call everything spam, so no suggestion is untypical.
    codes, y = np.zeros(80, np.int16), np.full(80, -1)
    P = np.where(TRUE == "spam", 0.8, 0.3)[:, None] * [1, -1] + [0, 1]
    assert (TRUE[choose(disagreement, P, context_of(y, codes))] == "ham").all()


def test_in_a_race_the_codes_are_passed() -> None:
    codes = np.where(table()["llm"] == "spam", 0, 1).astype(np.int16)
    asked: list[int] = []

    def oracle(row: int, _: Any) -> str:
        asked.append(row)
        return str(TRUE[row])

    contestants = {"llm": ("linear", partial(disagreement, suggested=codes))}
    how: dict[str, Any] = {
        "classes": ["spam", "ham"],
        "truth": TRUE,
        "repeats": 1,
        "n_jobs": 1,
        "progress": False,
    }
    hitl.simulate(X, oracle, contestants=contestants, budget=16, graph=False, **how)
    assert {*WRONG} <= set(asked)


@pytest.mark.parametrize(
    ("suggested", "words"),
    [
        (None, "needs suggested classes: pass suggest="),
        (np.zeros(3, int), r"shape \(3,\): expected one class code per item of the pool, \(80,\)"),
        (np.full(80, 2), "class codes, 0 to 1, and -1 .* int64 values from 2 to 2"),
        (np.full(80, 0.5), "got float64 values"),
    ],
)
def test_suggestions_that_are_not_class_codes_are_refused(suggested: Any, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        disagreement(np.full((80, 2), 0.5), context_of(np.full(80, -1)), suggested)


def test_a_large_column_is_learned_from_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hitl_widgets.learn.strategies.suggested.SAMPLE", 30)
    codes = np.where(table()["llm"] == "spam", 0, 1).astype(np.int16)
    y = np.full(80, -1)
    y[[0, 79]] = (TRUE[[0, 79]] == "ham").astype(int)
    assert worst(np.full((80, 2), 0.5), context_of(y, codes)) == {*WRONG}
