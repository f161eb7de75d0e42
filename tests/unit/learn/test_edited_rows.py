"""The expert that learns edited items: of an item, it never knows more than the labels it was fitted to."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_wine

from hitl_widgets.data.neighbors import NeighborGraph
from hitl_widgets.learn.auto import AutoLearner
from hitl_widgets.learn.edited import EditedRows
from hitl_widgets.learn.evaluate import Given, Rest, accuracy_estimate
from hitl_widgets.loop.asking import ground_of

WINE = load_wine()
X = np.asarray((WINE.data - WINE.data.mean(0)) / WINE.data.std(0), np.float32)
Y = WINE.target.astype(np.int64)
GRAPH = ground_of(X, NeighborGraph.build(X)).affinity
ORDER = np.random.default_rng(0).permutation(len(X))


def edits(parents: Any, seed: int = 0) -> EditedRows:
    """Edits that move a row far into another class."""
    parents = np.asarray(parents, np.int64)
    codes = (Y[parents] + 1) % 3
    target = np.stack([X[code == Y].mean(axis=0) for code in range(3)])[codes]
    rows = (0.3 * X[parents] + 0.7 * target).astype(np.float32)
    return EditedRows(X, parents, rows, codes, 3)


@given(st.sets(st.integers(0, 39), min_size=1, max_size=12), st.integers(0, 39))
@settings(max_examples=25, deadline=None)
def test_a_model_without_a_label_knows_nothing_of_what_was_edited_from_it(places: set[int], out: int) -> None:
    rows = ORDER[:40]
    kept = np.arange(40) != out
    every = edits(rows[sorted(places)]).fit(rows[kept], Y[rows[kept]])
    others = edits(rows[sorted(places - {out})]).fit(rows[kept], Y[rows[kept]])
    if every is None or others is None:
        assert every is others
        return
    np.testing.assert_allclose(every.proba(rows[[out]]), others.proba(rows[[out]]), atol=1e-6)


def test_labels_are_left_out_with_what_was_edited_from_them() -> None:
    rows = ORDER[:40]
    # Each edit says that its item belongs to another class: who knows it predicts that class.
    parents = rows[:10]
    lying = EditedRows(X, parents, X[parents], (Y[parents] + 1) % 3, 3).fit(rows, Y[rows])
    assert lying is not None
    left = lying.left_out(np.arange(40))
    assert np.mean(left[:10].argmax(axis=1) == Y[parents]) >= 0.8
    assert np.mean(lying.beside.left_out().argmax(axis=1) == Y[parents]) >= 0.8


@given(st.integers(0, 1_000))
@settings(max_examples=5, deadline=None)
def test_edits_of_items_without_a_label_change_no_figure(seed: int) -> None:
    rows = np.random.default_rng(seed).permutation(len(X))
    labelled = rows[:36]
    known = Given(labelled, Y[labelled], np.arange(36) % 3 == 0, np.arange(36))
    rest = Rest.of(np.where(np.isin(np.arange(len(X)), labelled), Y, -1))
    plain, advised = AutoLearner().start(X, 3, GRAPH), AutoLearner().start(X, 3, GRAPH)
    advised.advise([edits(rows[100:110])])
    one, other = (accuracy_estimate(each, known, rest) for each in (plain, advised))
    assert one.value is not None
    assert one == other
    for each in (plain, advised):
        each.update(labelled, Y[labelled])
        each.refresh()
    assert np.array_equal(plain.proba(), advised.proba())


def test_edits_that_show_what_does_not_matter_help() -> None:
    """A column that follows the class in the labels only misleads, until some rows are edited."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 400)
    column = np.where(np.arange(400) < 60, y, rng.integers(0, 2, 400)) * 4.0
    Z = np.column_stack([column, rng.normal(size=(400, 4)) + 1.2 * y[:, None]]).astype(np.float32)
    labelled, parents = np.arange(60), np.arange(30)
    rows = Z[parents].copy()
    rows[:, 0] = 4.0 - rows[:, 0]
    right = []
    for experts in ([], [EditedRows(Z, parents, rows, y[parents], 2)]):
        live = AutoLearner().start(Z, 2)
        live.advise(experts)
        live.update(labelled, y[labelled])
        right.append(float(np.mean(live.proba()[60:].argmax(axis=1) == y[60:])))
    assert right[1] > right[0] + 0.1
