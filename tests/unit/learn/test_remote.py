"""Rows stored elsewhere are scored like those in memory. (For clusters see tests/faults/test_dask.py.)"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
import pytest

import hitl_widgets as hitl
from hitl_widgets.data import matrix
from hitl_widgets.data._dask import DaskRows
from hitl_widgets.data.matrix import some_rows
from hitl_widgets.learn.remote import score_remote
from hitl_widgets.learn.scoring import EXACT, ClassBelief, Head, Measure, best, score
from hitl_widgets.loop import partial

RNG = np.random.default_rng(0)
X = RNG.normal(size=(5_000, 8)).astype(np.float32)


def head(n_classes: int = 4, missing: int = 1) -> Head:
    codes = np.delete(np.arange(n_classes), missing).astype(np.int16)
    return Head(RNG.normal(size=(len(codes), 8)), RNG.normal(size=len(codes)), codes, n_classes)


def elsewhere(rows: Any = X, chunk: int = 700) -> Any:
    return DaskRows(da.from_array(rows, chunks=(chunk, 5)))


def assert_same(found: ClassBelief, expected: ClassBelief) -> None:
    np.testing.assert_array_equal(found.predicted, expected.predicted)
    np.testing.assert_array_equal(found.runner_up, expected.runner_up)
    for some, others in zip(found.arrays[2:], expected.arrays[2:], strict=True):
        assert some.dtype == np.float32
        np.testing.assert_allclose(some, others, atol=5e-5)


@pytest.mark.parametrize("measure", ["margin", "least_confident", "entropy"])
@pytest.mark.parametrize("n_classes", [2, 4, 300])
def test_the_scores_are_those_of_one_process(measure: Measure, n_classes: int) -> None:
    model = head(n_classes)
    expected, found = score(X, model, measure), score_remote(elsewhere(), model, measure)
    assert_same(found, expected)
    first = best(expected.utility(measure), EXACT // 2)
    np.testing.assert_array_equal(np.sort(best(found.utility(measure), EXACT // 2)), np.sort(first))
    np.testing.assert_array_equal(found.utility(measure)[first], expected.utility(measure)[first])


def test_half_precision_and_some_rows() -> None:
    model, half = head(), X.astype(np.float16)
    keep = np.flatnonzero(np.arange(len(X)) % 3)
    some = some_rows(elsewhere(half), keep)
    assert_same(score_remote(some, model), score(half[keep], model))


def test_each_block_is_told_when_it_has_come() -> None:
    told: list[slice] = []

    def done(rows: slice, scores: ClassBelief) -> None:
        told.append(rows)
        known = np.zeros(len(X), bool)
        for one in told:
            known[one] = True
        np.testing.assert_array_equal(scores.predicted >= 0, known)

    score_remote(elsewhere(), head(), done=done)
    covered = np.concatenate([np.arange(one.start, one.stop) for one in told])
    assert len(told) == 8
    np.testing.assert_array_equal(np.sort(covered), np.arange(len(X)))


def test_few_bytes_a_row_come_back() -> None:
    from hitl_widgets.learn.remote import _scored

    packed, top, exact = _scored(head(), "margin", X)
    assert sum(a.nbytes for a in packed) == 6 * len(X)
    assert len(top) == EXACT == len(exact[0])


def test_who_wants_no_more_ends_the_pass() -> None:
    told: list[slice] = []

    def done(rows: slice, scores: ClassBelief) -> None:
        told.append(rows)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score_remote(elsewhere(chunk=100), head(), done=done)
    assert len(told) == 1


def test_a_session_shows_what_has_come_while_a_pass_goes_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(matrix, "LARGE", 10)
    monkeypatch.setattr(partial, "EVERY", 0.05)
    slow = threading.Event()

    def block(rows: Any) -> Any:
        time.sleep(0.03 if slow.is_set() else 0)
        return rows

    points = np.where(np.arange(2_000)[:, None] % 2, 3.0, -3.0) + RNG.normal(size=(2_000, 4))
    lazy = da.from_array(points.astype(np.float32), chunks=(50, 4)).map_blocks(block, dtype=np.float32)
    store = tmp_path / "labels.sqlite"
    shown: list[tuple[int, bool, int]] = []
    with hitl.Session(
        [f"item {i}" for i in range(2_000)], X=lazy, classes=["a", "b"], store=store, learner="linear"
    ) as session:
        session.features  # noqa: B018 - waits until there are some
        slow.set()

        def listen(what: str) -> None:
            if what == "round" and (found := session.round) is not None:
                shown.append((found.n_labels, found.settled, int((found.predicted == 1).sum())))

        session._loop.acts.label([1], "a")
        session._loop.subscribe(listen)
        session._loop.acts.label([0], "b")
        last = session.wait(30)
        assert last.n_labels == 2
        assert (last.predicted == 1 - np.arange(2_000) % 2).all()
    parts = [told for n, settled, told in shown if n < 2 and not settled]
    assert parts, "nothing was shown before the end"
    assert parts == sorted(parts)
    assert 0 < parts[0] < 1_000
