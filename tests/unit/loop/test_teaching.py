"""Which answer counts where annotators differ: the consensus, the majority or the latest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hitl_widgets as hitl
from hitl_widgets.errors import InvalidInput
from hitl_widgets.session import loop_of

RNG = np.random.default_rng(0)
N = 120
TRUTH = RNG.integers(0, 2, N)
X = (np.eye(2)[TRUTH] * 2 + RNG.normal(scale=0.5, size=(N, 2))).astype(np.float32)
TABLE = pd.DataFrame({"text": [f"item {i}" for i in range(N)]})
NAMES = ("a", "b")


def opened(where: Path, who: str, **settings: Any) -> hitl.Session:
    given = {"text": "text", "X": X, "classes": NAMES, "learner": "linear", "random_state": 0} | settings
    return hitl.Session(TABLE, store=where / "labels.sqlite", annotator=who, **given)


def crowd(where: Path, rows: range, people: dict[str, float]) -> None:
    """Everybody answers these rows one by one, with this share of right answers; the worst last."""
    rng = np.random.default_rng(1)
    for who, skill in people.items():
        with opened(where, who) as session:
            for row in rows:
                code = TRUTH[row] if rng.random() < skill else 1 - TRUTH[row]
                session.label(session.pool.ids[row], NAMES[code])


def counted(session: hitl.Session, n: int) -> np.ndarray:
    session.wait()
    return loop_of(session).labels.y[:n]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("crowd")
    crowd(where, range(50), {"ann": 0.96, "bob": 0.9, "eve": 0.35})
    return where


def test_the_consensus_is_better_than_the_majority_and_that_than_the_latest(told: Path) -> None:
    right = {}
    for rule in ("em", "majority", "latest"):
        with opened(told, "ann", consensus=rule) as session:
            assert session.consensus == rule
            right[rule] = float((counted(session, 50) == TRUTH[:50]).mean())
    assert right["em"] >= 0.94
    assert right["em"] > right["majority"] > right["latest"]


def test_the_decisions_are_a_function_of_the_log(told: Path) -> None:
    found = []
    for _ in range(2):
        with opened(told, "bob") as session:
            found.append(counted(session, 50).tolist())
            assert len(session.labels()) == 150, "every answer is kept"
    assert found[0] == found[1]


def test_only_given_answers_are_decided_for_and_a_single_one_counts_as_given(tmp_path: Path) -> None:
    with opened(tmp_path, "ann") as ann:
        for row in range(30):
            ann.label(ann.pool.ids[row], NAMES[TRUTH[row]])
        ann.label(ann.pool.ids[40], NAMES[1 - TRUTH[40]])
    with opened(tmp_path, "bob") as bob:
        for row in range(10):
            bob.label(bob.pool.ids[row], NAMES[TRUTH[row]])
        bob.label(bob.pool.ids[11], NAMES[1 - TRUTH[11]])
        y = counted(bob, 41)
        assert (y[:30] == TRUTH[:30]).all()
        assert y[40] == 1 - TRUTH[40], "nobody else has answered it"
        assert loop_of(bob).log.n_disputed == 1
        bob.undo()
        assert loop_of(bob).log.n_disputed == 0


def test_until_it_is_decided_the_majority_counts_and_of_two_the_latest(tmp_path: Path) -> None:
    with opened(tmp_path, "ann", consensus="majority") as ann:
        one = ann.pool.ids[0]
        ann.label(one, "a")
        with opened(tmp_path, "bob", consensus="majority") as bob:
            bob.label(one, "b")
            assert bob.to_frame()["label"][0] == "b"
            with opened(tmp_path, "cy", consensus="majority") as cy:
                cy.label(one, "a")
                assert cy.to_frame()["label"][0] == "a"
                bob.label(one, "b")
                assert bob.to_frame()["label"][0] == "a"


def test_a_second_opinion_is_asked_where_it_is_worth_most(tmp_path: Path) -> None:
    crowd(tmp_path, range(30), {"ann": 0.95, "bob": 0.9})
    with opened(tmp_path, "ann", audit=0) as ann:
        for row in range(30, 60):
            ann.label(ann.pool.ids[row], NAMES[TRUTH[row] if row != 45 else 1 - TRUTH[row]])
    with opened(tmp_path, "bob", overlap=1.0, audit=0) as bob:
        bob.wait()
        labels = loop_of(bob).labels
        assert labels.gains is not None
        gains = labels.gains[labels.opinions]
        assert gains[0] > 0
        assert (np.diff(gains) <= 0).all()


def test_an_unknown_rule_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"consensus='median': expected one of 'em', 'majority'"):
        opened(tmp_path, "ann", consensus="median")
