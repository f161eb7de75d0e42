"""What the model proposes, dismissed for good, undone, and there after a restart."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

import hitl_widgets as hitl

X, Y = load_digits(return_X_y=True)
X = (X / 16).astype(np.float32)


def digits(store: object = "memory", missing: int | None = 5, **more: object) -> hitl.Session:
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
    act = answered.teach.dismiss(one["name"])
    assert one["name"] not in set(answered.teach.proposals()["name"])
    kinds = answered.history().set_index("event_id")["kind"]
    assert kinds[act] == "definition"
    answered.undo()
    assert one["name"] in set(answered.teach.proposals()["name"])
    answered.redo()
    # Another session of the same store; a few more answers change the group, not that it was dismissed.
    again = digits(answered.store.path)
    again.wait()
    answer(again, 3, 5)
    assert "class" not in set(again.teach.proposals()["kind"])
    again.undo(), again.undo(), again.undo(), again.undo()
    assert one["name"] in set(again.teach.proposals()["name"])
    again.close()


def test_a_named_class_that_is_given_ends_the_proposal(answered) -> None:
    found = answered.teach.proposals()
    one = found[found["kind"] == "class"].iloc[0]
    answered.classes.add("five")
    answered.label(one["ids"], "five")
    assert "class" not in set(answered.teach.proposals()["kind"])
    answered.undo()
    answered.undo()
    assert one["name"] in set(answered.teach.proposals()["name"])


def test_what_is_not_proposed_cannot_be_dismissed(answered) -> None:
    with pytest.raises(hitl.errors.InvalidInput, match="'nothing' is not proposed now"):
        answered.teach.dismiss("nothing")
