"""compare_embeddings: paired learning curves on the labels so far."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import hitl_widgets as hitl
from hitl_widgets.errors import InvalidInput

RNG = np.random.default_rng(0)
N = 120
TRUTH = RNG.integers(0, 3, N)
GOOD = (np.eye(3)[TRUTH] + RNG.normal(scale=0.3, size=(N, 3))).astype(np.float32)
POOR = (np.eye(3)[TRUTH] + RNG.normal(scale=1.2, size=(N, 3))).astype(np.float32)
TEXTS = [f"item {i}" for i in range(N)]


def numbers(items: list[str]) -> Any:
    return GOOD[[int(item.split()[1]) for item in items]]


def labelled(n: int = 90, **settings: Any) -> hitl.Session:
    settings = {"classes": ["a", "b", "c"]} | settings
    session = hitl.Session(TEXTS, X=POOR, store=":memory:", random_state=0, **settings)
    for k in range(3):
        answer = {"choices": ["abc"[k]], "rating": k + 1}.get(session.schema.kind, "abc"[k])
        rows = np.flatnonzero(TRUTH[:n] == k)
        session.label([session.pool.ids[i] for i in rows], answer)
    return session


@pytest.mark.parametrize(
    "question",
    [None, hitl.Question.choices(["a", "b", "c"]), hitl.Question.rating(3)],
    ids=["choice", "choices", "rating"],
)
def test_the_better_embedding_learns_faster(question: Any) -> None:
    with labelled(**({} if question is None else {"classes": None, "question": question})) as session:
        poor = None if question is None else POOR
        found = hitl.compare_embeddings(session, {"poor": poor, "good": GOOD, "called": numbers}, repeats=5)
    assert found.contestants == ("poor", "good", "called")
    assert found.repeats == (0, 1, 2, 3, 4)
    assert found.overlap == 27 / 63
    gap = found.against("poor")
    assert set(gap["n_labels"]) == {10, 20, 50, 62}
    last = gap[gap["n_labels"] == 62].set_index("contestant")
    assert last.loc["good", "low"] > 0
    assert last.loc["good", "difference"] == last.loc["called", "difference"]


def test_intervals_allow_for_repeats_that_share_the_labels() -> None:
    with labelled() as session:
        found = hitl.compare_embeddings(session, {"poor": POOR, "good": GOOD}, repeats=5)
    plain = hitl.Simulation(found.frame).against("poor")
    wide = found.against("poor")
    assert (wide["difference"] == plain["difference"]).all()
    widened = (wide["high"] - wide["low"]) / (plain["high"] - plain["low"])
    np.testing.assert_allclose(widened, np.sqrt((1 / 5 + 27 / 63) * 5))


def test_what_cannot_be_compared_is_said() -> None:
    with labelled(20) as session, pytest.raises(InvalidInput, match="20 items are labelled: at least 30"):
        hitl.compare_embeddings(session, {"a": POOR, "b": GOOD})
    with labelled() as session:
        with pytest.raises(InvalidInput, match="a dict of at least two"):
            hitl.compare_embeddings(session, {"a": POOR})
        with pytest.raises(InvalidInput, match=r"embeddings\['b'\].*90 rows, but data has 120"):
            hitl.compare_embeddings(session, {"a": POOR, "b": GOOD[:90]})
        with pytest.raises(InvalidInput, match="cannot be called"):
            hitl.compare_embeddings(session, {"a": POOR, "b": 3})
        with pytest.raises(InvalidInput, match=r"held=0\.99"):
            hitl.compare_embeddings(session, {"a": POOR, "b": GOOD}, held=0.99)
    question = hitl.Question.number(0, 10)
    with (
        hitl.Session(TEXTS, X=POOR, store=":memory:", question=question) as session,
        pytest.raises(InvalidInput, match="this is number"),
    ):
        hitl.compare_embeddings(session, {"a": POOR, "b": GOOD})
