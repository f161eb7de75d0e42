from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import hitl_widgets as hitl
from hitl_widgets.errors import InvalidInput
from hitl_widgets.learn.shortlist import RANDOM, Shortlist

RNG = np.random.default_rng(0)
CENTRES = RNG.normal(size=(40, 16))
X = (CENTRES[RNG.integers(40, size=8_000)] + 0.4 * RNG.normal(size=(8_000, 16))).astype(np.float32)
LABELLED = np.arange(0, 8_000, 800)


@pytest.fixture(scope="module")
def index() -> Shortlist:
    return Shortlist(X)


def test_most_of_the_nearest_rows_are_found(index: Shortlist) -> None:
    found = index.rows(LABELLED, 1_600, RNG)
    distance = ((X[LABELLED][:, None] - X) ** 2).sum(axis=2)
    nearest = np.argsort(distance, axis=1)[:, 1:51]
    assert np.isin(nearest, found).mean() > 0.95


def test_the_rest_is_drawn_from_all_rows(index: Shortlist) -> None:
    times = np.zeros(len(X))
    for seed in range(60):
        times[index.rows(LABELLED, 1_600, np.random.default_rng(seed))] += 1
    drawn = np.delete(times, np.concatenate([LABELLED, np.flatnonzero(times == 60)]))
    assert len(drawn) >= len(X) - 1_600 * (1 - RANDOM) - len(LABELLED)
    assert (drawn > 0).mean() > 0.9


@pytest.mark.parametrize(("m", "size"), [(0, 100), (1, 100), (500, 100), (10, 7_990), (10, 50_000), (10, 0)])
def test_rows_are_distinct_without_a_label_and_no_more_than_asked(
    index: Shortlist, m: int, size: int
) -> None:
    labelled = RNG.permutation(len(X))[:m]
    found = index.rows(labelled, size, RNG)
    assert found.dtype == np.int64
    assert len(found) == min(size, len(X) - m)
    assert (np.diff(found) > 0).all()
    assert not np.isin(found, labelled).any()


def test_the_same_chance_gives_the_same_rows(index: Shortlist) -> None:
    first, second = (index.rows(LABELLED, 500, np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_a_pool_of_few_rows_is_searched_too() -> None:
    few = Shortlist(X[:5].astype(np.float16))
    assert len(few) == 5
    assert few.rows(np.array([2]), 10, RNG).tolist() == [0, 1, 3, 4]


def test_without_faiss_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(InvalidInput, match=r"pip install 'hitl-widgets\[faiss\]'"):
        Shortlist(X)


def test_sessions_on_one_shortlist_after_another_keep_the_labels(index: Shortlist, tmp_path: Path) -> None:
    table = pd.DataFrame({"id": np.arange(len(X)), "text": [f"item {i}" for i in range(len(X))]})
    labelled = np.empty(0, np.int64)
    for turn in range(3):
        rows = np.union1d(index.rows(labelled, 400, RNG), labelled)
        with hitl.Session(
            table.iloc[rows],
            X=X[rows],
            text="text",
            id="id",
            classes=["a", "b"],
            store=tmp_path / "labels.sqlite",
        ) as session:
            assert session.n_labels == 2 * turn
            for one, value in zip(session.query(2), "ab", strict=True):
                session.label(one, value)
            labelled = np.sort(session.labels()["id"].to_numpy().astype(np.int64))
            assert len(labelled) == session.wait(60).n_labels == 2 * (turn + 1)
