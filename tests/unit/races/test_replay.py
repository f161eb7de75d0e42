"""Replays of runs: the labels of each step, in a session with the contestant's learner and strategy."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

import hitl_widgets as hitl
from hitl_widgets.errors import InvalidInput
from hitl_widgets.races.simulation import Simulation


def raced(y: Any = None, items: Any = None, **options: Any) -> Simulation:
    codes = np.arange(90) % 3
    X = np.random.default_rng(0).normal(size=(90, 3)) + 3 * np.eye(3)[codes]
    settings: dict[str, Any] = {"learners": ["linear"], "strategies": ["margin", "random"], "budget": 20}
    settings |= {"repeats": 2, "n_jobs": 1, "progress": False, "graph": False} | options
    given = np.array(["a", "b", "c"])[codes] if y is None else y
    if items is None:
        return hitl.simulate(X, given, **settings)
    return hitl.simulate(items, given, X=X, **settings)


def labels_of(replay: Any) -> dict[int, Any]:
    """The labels in the session, by row of the pool."""
    table = replay.session.labels()
    rows = replay.session.pool.index(table["id"].tolist())
    return dict(zip((int(row) for row in rows), table["label"], strict=True))


@pytest.mark.usefixtures("bundles")
def test_a_step_has_the_labels_of_the_run_so_far() -> None:
    race = raced()
    replay = race.replay("margin", repeat=1, step=5)
    assert repr(replay) == "<Replay of 'margin', repeat 1, step 5 of 20>"
    for step, contestant, repeat in [(5, "margin", 1), (20, "margin", 1), (2, "margin", 1), (7, "random", 0)]:
        replay.go(step, contestant, repeat)
        asked = race.asked(contestant, repeat).head(step)
        assert labels_of(replay) == dict(zip(asked["row"], asked["label"], strict=True))
    replay.go(0)
    assert labels_of(replay) == {}
    assert len(replay) == 20
    for step, words in [(21, "step=21: expected 0 to 20"), (-1, "step=-1"), (True, "step=True")]:
        with pytest.raises(InvalidInput, match=words):
            replay.go(step)
    with pytest.raises(InvalidInput, match="repeat=2 was not run"):
        replay.go(1, repeat=2)
    with pytest.raises(InvalidInput, match="'margn' is not a contestant"):
        replay.go(1, "margn")
    assert replay.step == 0
    replay.close()


@pytest.mark.usefixtures("bundles")
def test_the_session_has_the_learner_and_strategy_of_the_contestant() -> None:
    from sklearn.tree import DecisionTreeClassifier

    seen: list[str] = []
    called = threading.Event()

    def mine(proba: Any, context: Any) -> Any:
        seen.append(threading.current_thread().name)
        called.set()
        return proba[:, 0]

    contestants: dict[str, Any] = {"one": ("linear", "margin"), "tree": (DecisionTreeClassifier(), mine)}
    options: dict[str, Any] = {"learners": ("auto",), "strategies": ("auto",), "contestants": contestants}
    replay = raced(**options).replay("one", step=15)
    replay.session.wait()
    P = replay.session.round.belief
    assert 0 < np.max([P.shares(row)[0][1] for row in range(90)]) < 1
    called.clear()
    replay.go(15, "tree")
    assert called.wait(60)
    replay.session.wait()
    tree = [max(share for _, share in replay.session.round.belief.shares(row)) for row in range(90)]
    assert np.isclose(tree, 1).mean() > 0.9  # a tree is sure
    replay.close()


@pytest.mark.usefixtures("bundles")
@pytest.mark.parametrize(
    ("question", "y"),
    [
        (hitl.Question.choices(["a", "b"]), [[["a"], ["a", "b"], []][i % 3] for i in range(90)]),
        (hitl.Question.rating(3), [i % 3 + 1 for i in range(90)]),
        (hitl.Question.number(step=0), [i % 3 + i / 100 for i in range(90)]),
    ],
)
def test_answers_of_every_kind_are_replayed(question: Any, y: Any) -> None:
    race = raced(y, question=question)
    replay = race.replay(step=12)
    asked = race.asked("margin", 0).head(12)
    assert labels_of(replay) == dict(zip(asked["row"], asked["label"], strict=True))
    replay.go(3)
    assert len(labels_of(replay)) == 3
    replay.close()


@pytest.mark.usefixtures("bundles")
def test_questions_without_an_answer_and_answers_of_several_are_steps() -> None:
    people: dict[str, Any] = {"one": {"abstain": 0.3}, "two": {"noise": 0.5}}
    texts = [f"message {i}" for i in range(90)]
    race = raced(items=texts, annotators=people, whom="reliable", overlap=0.5, budget=30)
    replay = race.replay("margin")
    asked = race.asked("margin", 0)
    assert len(replay) == len(asked) == 30
    replay.go(30)
    given = asked.dropna(subset="label").drop_duplicates("row", keep="last")
    assert labels_of(replay) == dict(zip(given["row"], given["label"], strict=True))
    assert {one.annotator for one in replay.played.asked} == {"one", "two"}
    replay.close()


def test_a_table_cannot_be_replayed() -> None:
    with pytest.raises(InvalidInput, match=r"made from a table.*run simulate\(\) again"):
        Simulation(raced(repeats=1).frame).replay()
