"""Verification of suggested answers, and how much they sway annotators."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import hitl_widgets as hitl
from hitl_widgets.errors import InvalidInput
from hitl_widgets.loop.round import Suggestion
from hitl_widgets.quality.verification import verification
from hitl_widgets.session import Session
from hitl_widgets.widgets.labeler.widget import Labeler
from hitl_widgets.widgets.shared.acts import act
from hitl_widgets.widgets.shared.messages import Label

ITEMS = pd.DataFrame({"id": range(40), "text": [f"item {i}" for i in range(40)], "old": ["a", "b"] * 20})
X = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)


def opened(**how: Any) -> Session:
    given = {"classes": ["a", "b"], "store": ":memory:", "annotator": "ann", "random_state": 0} | how
    return hitl.Session(ITEMS, text="text", id="id", X=X, **given)


def label(session: Session, row: int, value: str, n: int) -> None:
    """Label an item as a page does."""
    answer = {"class": value}
    key = session.pool.keys[row]
    act(session._loop, Label(id=f"act-{n:05d}", value=value, answer=answer, selection="suggested", key=key))


def test_answers_are_compared_with_the_suggestion_when_it_is_shown_and_when_it_is_not() -> None:
    with opened(suggest="old", mode="verify", audit=0) as made:
        made.wait()
        made._loop.blind.issue([Suggestion(row, "", audit=True) for row in (0, 1)])
        assert set(made._loop.blind.rows(made._loop.labels)) >= {0, 1}
        label(made, 0, "a", 0)  # hidden, and the same
        label(made, 1, "a", 1)  # hidden, and another
        for row in range(2, 12):
            label(made, row, "ab"[row % 2], row)
        label(made, 12, "b", 12)
        found = made.verification()
        assert found.loc["shown", "n"] == 11
        assert found.loc["shown", "same"] == pytest.approx(10 / 11)
        assert found.loc["hidden", ["n", "same"]].tolist() == [2, 0.5]
        made.undo()
        assert made.verification().loc["shown", "same"] == 1
        made.label(2, "b")  # by Python: nothing was shown
        assert made.verification().loc["shown", "n"] == 9
        assert made.labels()["label"].tolist().count("a") == 6


def test_without_a_column_the_models_guesses_are_verified() -> None:
    with opened(mode="verify") as made:
        assert made._loop.suggesting is not None
        assert made._loop.suggesting.of([30]) == {30: (None, "")}, "there is no model yet"
        before = made._loop.suggesting.generation
        for row in range(20):
            made.label(row, "a" if X[row, 0] > 0 else "b")
        made.wait()
        guess = made.predictions()["label"].iloc[30]
        assert made._loop.suggesting.generation > before, "the page asks for them again"
        assert made._loop.suggesting.of([30]) == {30: ({"class": guess}, "")}


def test_a_suggestion_that_is_rejected_is_left_for_others() -> None:
    with opened(suggest="old", mode="verify") as made:
        made.skip(0, "rejected")
        assert not len(made.refused())
        assert made.verification().loc["shown", ["n", "same"]].tolist() == [1, 0]
        assert made.history()["value"].iloc[-1] == {"why": "rejected"}
    with pytest.raises(InvalidInput, match=r"mode='check'.*'verify'"):
        opened(mode="check")


def test_the_interval_is_wilsons() -> None:
    found = verification([(True, True)] * 8 + [(True, False)] * 2)
    assert found.loc["shown"].round(3).tolist() == [10, 2, 0.8, 0.49, 0.943]
    assert np.isnan(found.loc["hidden", "same"])


@pytest.mark.parametrize("kind", ["choice", "choices"])
def test_a_sweep_asks_the_most_likely_items_first(kind: str) -> None:
    make = hitl.Question.choice if kind == "choice" else hitl.Question.choices
    with opened(classes=None, question=make(["a", "b", "c"]), sweep="b", audit=0) as made:
        for row in range(24):
            value = "b" if X[row, 0] > 0 else "a"
            made.label(row, value if kind == "choice" else [value])
        made.wait()
        asked = made.query(5)
        likely = made._loop.round.belief.P[:, 1] if kind == "choices" else None
        if likely is not None:
            assert set(asked) == set(sorted(range(24, 40), key=lambda i: -likely[i])[:5])
        assert np.mean([X[i, 0] for i in asked]) > np.mean(X[24:, 0])
        suggested = {"class": "b"} if kind == "choice" else {"classes": ["b"]}
        assert made._loop.suggesting.of([30]) == {30: (suggested, "")}
        asks = "Is it “b”?" if kind == "choice" else "Does “b” apply?"
        assert Labeler(made)._question()["question"] == asks
        assert made.round.suggestions[0].reason == "the most likely first"
        made.classes.reorder(["c", "b", "a"])
        made.wait()
        assert made.query(5) == asked
    with pytest.raises(InvalidInput, match="omit strategy="):
        opened(sweep="a", strategy="margin")
    with pytest.raises(InvalidInput, match="'z' is not a class"):
        opened(sweep="z")
    with pytest.raises(InvalidInput, match="needs a question about classes"):
        opened(classes=None, question=hitl.Question.number(), sweep=3)


def test_items_that_were_left_out_are_counted_by_reason() -> None:
    with opened(suggest="old", mode="verify") as made:
        for row, why in enumerate([None, None, "unknown", "bad", "rejected"]):
            made.skip(row, why)
        told = Labeler(made)._state(made._loop.labels)
        assert (told["n_skipped"], told["left_out"]) == (5, "2 skipped, 1 not known, 1 bad, 1 for later")
        made.label(0, "a")
        made.undo()
        made.undo()
        assert Labeler(made)._state(made._loop.labels)["left_out"] == "2 skipped, 1 not known, 1 bad"
