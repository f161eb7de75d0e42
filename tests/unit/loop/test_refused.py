"""What annotators say besides answers: that they do not know, that an item is bad, and notes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hitl_widgets as hitl
from helpers import clouds
from hitl_widgets.errors import InvalidInput
from hitl_widgets.session import Session


def opened(X: np.ndarray, **how: Any) -> Session:
    """A session over items with the ids 0, 1 and so on."""
    items = pd.DataFrame({"id": range(len(X)), "text": [f"item {i}" for i in range(len(X))]})
    given = {"classes": ["a", "b"], "annotator": "ann", "random_state": 0} | how
    return hitl.Session(items, text="text", id="id", X=X, **given)


def test_who_does_not_know_is_not_asked_again_and_others_are(tmp_path: Path) -> None:
    X, _ = clouds(20)
    store = tmp_path / "labels.sqlite"
    with opened(X, store=store) as ann, opened(X, store=store, annotator="bob") as bob:
        ann.skip([0, 1], "unknown")
        ann.skip(2, "bad")
        ann.skip(3)
        assert ann.refused().to_numpy().tolist() == [[0, "unknown"], [1, "unknown"], [2, "bad"]]
        assert len(bob.refused()) == 3  # bob's session has read the log
        bob.wait()
        left = bob.query(20)
        assert {0, 1, 3} <= set(left)
        assert 2 not in left, "nobody is asked an item that cannot be answered"
        assert not {0, 1, 2, 3} & set(ann.query(20))
        bob.label(0, "a")
        ann.undo()
        ann.undo()  # of the bad item
        assert ann.refused().to_numpy().tolist() == [[1, "unknown"]]
        bob.label(1, "b")  # a label says more than a refusal
        assert not len(ann.refused())


def test_reasons_survive_a_restart_an_export_and_an_import(tmp_path: Path) -> None:
    X, _ = clouds(20)
    with opened(X, store=tmp_path / "labels.sqlite") as made:
        made.skip(0, "bad")
        made.note([1, 2], "  looks odd ")
        made.label(1, "a")
        path = made.export(tmp_path / "log.jsonl", names=True)
    with opened(X, store=tmp_path / "labels.sqlite") as again:
        assert again.refused().to_numpy().tolist() == [[0, "bad"]]
        assert again.notes()["note"].tolist() == ["looks odd", "looks odd"]
    with opened(X, store=tmp_path / "other.sqlite") as other:
        found = other.import_labels(path)
        assert not len(found.refused)
        assert other.refused().to_numpy().tolist() == [[0, "bad"]]
        assert other.notes()[["id", "note"]].to_numpy().tolist() == [[1, "looks odd"], [2, "looks odd"]]


def test_notes_are_replaced_removed_and_undone() -> None:
    made = opened(clouds(20)[0], store=":memory:")
    made.note(0, "first")
    made.note(0, "second")
    assert made.notes()["note"].tolist() == ["second"]
    made.undo()
    assert made.notes()["note"].tolist() == ["first"]
    made.note(0, None)
    assert not len(made.notes())
    assert made.n_labels == 0
    for wrong in (5, "x" * 3000, "half \ud83d"):
        with pytest.raises(InvalidInput, match="note is a text"):
            made.note(0, wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match=r"why='lazy'.*'unknown'"):
        made.skip(0, "lazy")


def test_items_like_those_that_nobody_could_answer_are_asked_later() -> None:
    rng = np.random.default_rng(0)
    places = ((0, 0), (6, 0), (3, 6), (3, -6))  # two are labelled, two are equally unknown
    X = np.concatenate([rng.normal(c, 0.3, (50, 2)) for c in places]).astype(np.float32)
    with opened(X, store=":memory:", audit=0) as made:
        for i in range(0, 100, 6):
            made.label(i, "a" if i < 50 else "b")
        made.skip(list(range(100, 130)), "bad")
        made.wait()
        asked = made.query(10)
    assert sum(i >= 150 for i in asked) > 2 * sum(100 <= i < 150 for i in asked)
