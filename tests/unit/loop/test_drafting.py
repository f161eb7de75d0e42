"""What is learned from the corrections of drafts: which other drafts need the most changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

import hitl_widgets as hitl
from helpers import clouds, until
from hitl_widgets.loop.asking import Ground
from hitl_widgets.loop.drafting import Changes, expected_changes
from hitl_widgets.loop.round import Suggestion
from hitl_widgets.questions.text import changed_share
from hitl_widgets.session import Session
from hitl_widgets.widgets.monitor.widget import model_words
from hitl_widgets.widgets.shared.acts import act
from hitl_widgets.widgets.shared.messages import Label

X, SIDES = clouds(60)
TEXTS = [f"one two three four five {i}" for i in range(60)]
# Drafts on side b have half of the words wrong.
DRAFTS = [
    text if side == "a" else f"one x y z five {i}"
    for i, (text, side) in enumerate(zip(TEXTS, SIDES, strict=True))
]


def opened(**how: Any) -> Session:
    table = pd.DataFrame({"text": TEXTS, "draft": DRAFTS})
    given: dict[str, Any] = {"suggest": "draft", "store": ":memory:", "random_state": 0, "audit": 0} | how
    return hitl.Session(table, text="text", X=X, question=hitl.Question.text("What?"), **given)


def correct(session: Session, row: int, n: int) -> None:
    """Give the right text as a page does."""
    key, answer = session.pool.keys[row], {"text": TEXTS[row]}
    act(session._loop, Label(id=f"act-{n:05d}", value="x", answer=answer, selection="suggested", key=key))


def test_the_share_of_changed_words_is_the_word_error_rate() -> None:
    assert changed_share("a b c d", "a b c d") == 0
    assert changed_share("a b c d", "a x c") == 0.5
    assert changed_share("", "a b") == changed_share("a b", "c d") == 1
    assert changed_share("", "") == 0
    assert changed_share("a " * 100_000, "a " * 100_000 + "b") == 0, "only the first words are compared"


def test_expected_changes_follow_the_features_and_nothing_is_expected_where_all_are_alike() -> None:
    rows, ground = np.arange(20), Ground(X)
    shares = np.where(np.array(SIDES) == "b", 0.5, 0.0)
    found = expected_changes(ground, rows, shares[:20])
    assert found is not None
    assert found[20:][shares[20:] > 0].min() > found[20:][shares[20:] == 0].max()
    assert expected_changes(ground, rows, np.zeros(20)) is None


def test_drafts_that_need_many_changes_are_asked_next_and_that_is_said() -> None:
    with opened() as made:
        rows = [i for i in range(60) if i % 3 == 0]
        for n, row in enumerate(rows):
            correct(made, row, n)
        [event] = [e for e in made._loop.log.events() if e.event_id == "act-00000"]
        assert event.value["suggested"]["changed"] == (0.5 if SIDES[0] == "b" else 0)
        drafting = made._loop.background.drafting
        assert drafting is not None
        assert drafting.shares() == {row: 0.5 if SIDES[row] == "b" else 0 for row in rows}
        until(
            lambda: made.round and isinstance(made.round.doubts, Changes) and made.round.doubts.n == len(rows)
        )
        asked = made.round.suggestions[:8]
        assert {SIDES[one.index] for one in asked} == {"b"}
        assert asked[0].reason.endswith("% of the draft is likely to change")
        assert (
            model_words(made._loop)[1]
            == f"asks where drafts need the most changes, as learned from {len(rows)} of them"
        )


def test_only_corrections_of_drafts_that_were_seen_count() -> None:
    def slow(items: list[str]) -> list[str]:
        raise AssertionError("never called for labels from Python")

    with opened(mode="verify") as made:
        made._loop.blind.issue([Suggestion(0, "", audit=True)])
        correct(made, 0, 0)
        correct(made, 1, 1)
        made.label(made.pool.ids[2], TEXTS[2])
        assert set(made._loop.background.drafting.shares()) == {1, 2}
        made.undo()
        assert set(made._loop.background.drafting.shares()) == {1}
    with opened(mode="demonstrate") as made:
        correct(made, 3, 0)
        assert made._loop.background.drafting.shares() == {}
    with opened(suggest=slow) as made:
        made.label(made.pool.ids[2], TEXTS[2])
        assert made._loop.background.drafting.shares() == {}
    with opened(suggest=None) as made:
        assert made._loop.background.drafting is None


def test_corrections_of_transcripts_count_whatever_their_times_and_speakers() -> None:
    sounds = [(np.full(2_000, i, np.int16), 1_000) for i in range(60)]
    table = pd.DataFrame({"sound": sounds, "draft": DRAFTS})
    question = hitl.Question.transcript(["Ann"])
    how: dict[str, Any] = {"suggest": "draft", "store": ":memory:", "random_state": 0, "audit": 0}
    with hitl.Session(table, item="sound", kind="audio", X=X, question=question, **how) as made:
        rows = [i for i in range(60) if i % 3 == 0]
        for n, row in enumerate(rows):
            words = TEXTS[row].split()
            parts = [[0, 1, " ".join(words[:2]), "Ann"], [1, 2, " ".join(words[2:]), ""]]
            answer, key = {"transcript": parts}, made.pool.keys[row]
            act(
                made._loop, Label(id=f"act-{n:05d}", value="x", answer=answer, selection="suggested", key=key)
            )
        drafting = made._loop.background.drafting
        assert drafting is not None
        assert drafting.shares() == {row: 0.5 if SIDES[row] == "b" else 0 for row in rows}
        until(lambda: made.round and isinstance(made.round.doubts, Changes))
        assert {SIDES[one.index] for one in made.round.suggestions[:8]} == {"b"}
