"""What the model proposes, dismissed for good, undone, and there after a restart."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

import hitl_widgets as hitl

X, Y = load_digits(return_X_y=True)
X = (X / 16).astype(np.float32)


def digits(store: object = ":memory:", missing: int | None = 5, **more: object) -> hitl.Session:
    """All digits, of which one may have no class."""
    classes = [str(k) for k in range(10) if k != missing]
    texts = [f"digit {i}" for i in range(len(X))]
    return hitl.Session(texts, X=X, classes=classes, store=store, random_state=0, **{"audit": 0} | more)


def answer(session: hitl.Session, n: int, missing: int) -> None:
    """Answer n questions; the missing digit is skipped."""
    for _ in range(n):
        (id_,) = session.query()
        row = session.pool.ids.index(id_)
        if Y[row] == missing:
            session.skip([id_])
        else:
            session.label([id_], str(Y[row]))


@pytest.fixture(scope="module")
def answered(tmp_path_factory) -> hitl.Session:
    session = digits(tmp_path_factory.mktemp("teach") / "labels.sqlite")
    session.wait()
    answer(session, 45, 5)
    return session


def test_a_missing_class_is_proposed_dismissed_undone_and_there_after_a_restart(answered) -> None:
    found = answered.teach.proposals()
    one = found[found["kind"] == "class"].iloc[0]
    rows = [answered.pool.ids.index(id_) for id_ in one["ids"]]
    assert np.mean(Y[rows] == 5) > 0.9
    assert f"{len(rows)} items" in one["text"]
    act = answered.teach.dismiss(one["proposal"])
    assert one["proposal"] not in set(answered.teach.proposals()["proposal"])
    kinds = answered.history().set_index("event_id")["kind"]
    assert kinds[act] == "definition"
    answered.undo()
    assert one["proposal"] in set(answered.teach.proposals()["proposal"])
    answered.redo()
    # Another session of the same store; a few more answers change the group, not that it was dismissed.
    again = digits(answered.store.path)
    again.wait()
    answer(again, 3, 5)
    assert "class" not in set(again.teach.proposals()["kind"])
    again.undo(), again.undo(), again.undo(), again.undo()
    assert one["proposal"] in set(again.teach.proposals()["proposal"])
    again.close()


def test_a_named_class_that_is_given_ends_the_proposal(answered) -> None:
    found = answered.teach.proposals()
    one = found[found["kind"] == "class"].iloc[0]
    answered.classes.add("five")
    answered.label(one["ids"], "five")
    assert "class" not in set(answered.teach.proposals()["kind"])
    answered.undo()
    answered.undo()
    assert one["proposal"] in set(answered.teach.proposals()["proposal"])


def test_what_is_not_proposed_cannot_be_dismissed(answered) -> None:
    with pytest.raises(hitl.errors.InvalidInput, match="'nothing' is not proposed now"):
        answered.teach.dismiss("nothing")


def test_classes_that_mean_the_same_are_to_be_merged() -> None:
    rng = np.random.default_rng(0)
    kinds = np.arange(240) % 3
    points = (np.eye(3)[kinds] * 6 + rng.normal(size=(240, 3))).astype(np.float32)
    names = np.where(kinds == 2, "b", np.where((kinds == 1) & (rng.random(240) < 0.5), "a", "c"))
    names[kinds == 0] = "d"
    texts = [f"point {i}" for i in range(240)]
    session = hitl.Session(texts, X=points, classes=["a", "b", "c", "d"], store=":memory:", random_state=0)
    for i in range(150):
        session.label([session.pool.ids[i]], str(names[i]))
    (one,) = session.teach.proposals().query("kind == 'merge'").itertuples()
    assert set(one.classes) == {"a", "c"}
    session.classes.rename("a", to="e")
    session.teach.dismiss(session.teach.proposals().query("kind == 'merge'")["proposal"].iloc[0])
    session.classes.rename("e", to="a")  # dismissed, whatever the names
    assert "merge" not in set(session.teach.proposals()["kind"])
    session.undo(), session.undo()
    assert "merge" in set(session.teach.proposals()["kind"])
    session.classes.merge(["e", "c"], into="c")
    assert "merge" not in set(session.teach.proposals()["kind"])


def test_a_rule_that_differs_from_labels_and_a_hand_over_are_proposed() -> None:
    rng = np.random.default_rng(0)
    kinds = rng.integers(0, 2, 300)
    points = (np.eye(2)[kinds] * 6 + rng.normal(size=(300, 2))).astype(np.float32)
    texts = [f"{'apple' if k else 'river'} {i}" for i, k in enumerate(kinds)]
    session = hitl.Session(texts, X=points, classes=["water", "fruit"], store=":memory:", audit=0.7)
    session.wait()
    for _ in range(60):
        (id_,) = session.query()
        right = int(kinds[session.pool.ids.index(id_)])
        session.label([id_], ["water", "fruit"][right])
    rule = session.pool.ids
    odd = [rule[i] for i in range(300) if kinds[i] == 0][:4]
    session.label(odd, "water")
    fruit = [rule[i] for i in range(300) if kinds[i] == 1]
    session.teach.rules["apples"] = hitl.Rule(items=[*fruit, *odd], label="fruit")
    found = session.teach.proposals().set_index("kind")
    assert found.loc["rule", "proposal"] == "rule apples"
    assert set(odd) <= set(found.loc["rule", "ids"])
    session.teach.dismiss("rule apples")
    assert "rule" not in set(session.teach.proposals()["kind"])
    assert len(found.loc["hand_over", "ids"]) > 100
    session.hand_over(session.trust.hand_over(0.05))
    assert "hand_over" not in set(session.teach.proposals()["kind"])
    session.undo()
    assert "hand_over" in set(session.teach.proposals()["kind"])
