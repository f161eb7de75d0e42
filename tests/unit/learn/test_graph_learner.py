"""Label spreading compared with its closed form, networkx and its own history; views of the graph."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import block_diag, csr_array

from hitl_widgets.background import children
from hitl_widgets.background.turns import one_blas_thread
from hitl_widgets.data.neighbors import NeighborGraph
from hitl_widgets.learn import graph, views
from hitl_widgets.learn.graph import SCALE, GraphLearner, Spread, normalised
from hitl_widgets.learn.views import smoothed, spectral

ROUNDING = 1 / SCALE


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """The small dense matrices of the oracles are slow with two BLAS threads."""
    with one_blas_thread():
        yield


def points(n: int, d: int = 3, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


def apart(parts: int, each: int) -> Any:
    """Clouds so far apart that no neighbour graph connects them."""
    return np.vstack([points(each, seed=i) + 100 * i for i in range(parts)]).astype(np.float32)


def lattice(n: int, reach: int = 5) -> csr_array:
    """Points on a circle connected to their nearest: a graph of any size, built quickly."""
    i = np.arange(n)
    step = np.r_[-reach:0, 1 : reach + 1]
    cols = (i[:, None] + step) % n
    w = np.broadcast_to(np.exp(-np.abs(step) / reach), cols.shape).astype(np.float32)
    return csr_array((w.ravel(), (np.repeat(i, len(step)), cols.ravel())), shape=(n, n))


def with_isolated(affinity: csr_array, more: int = 3) -> csr_array:
    return csr_array(block_diag([affinity, csr_array((more, more))]), dtype=np.float32)


GRAPHS = {
    "one part": NeighborGraph.build(points(150)).weights,
    "hubs": NeighborGraph.build(points(150, 20)).weights,
    "three parts": NeighborGraph.build(apart(3, 40)).weights,
    "isolated": with_isolated(NeighborGraph.build(points(60)).weights),
    "copies": NeighborGraph.build(np.repeat(points(30), 4, axis=0)).weights,
    "tiny weights": csr_array(NeighborGraph.build(points(60)).weights * np.float32(1e-30)),
}


def degrees(affinity: csr_array) -> Any:
    return np.asarray(affinity.astype(np.float64).sum(axis=1)).ravel()


def dense(spread: Spread, source: int, n: int) -> Any:
    column = np.zeros(n)
    rows, amount = spread.column(source)
    assert len(set(rows)) == len(rows)
    column[rows] = amount / SCALE
    return column


# -- Spread compared with oracles


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("tolerance", [1e-2, 1e-3, 1e-5])
@pytest.mark.parametrize("alpha", [0.5, 0.95])
def test_a_column_lies_below_the_closed_form_by_no_more_than_it_says(
    name: str, tolerance: float, alpha: float
) -> None:
    W = GRAPHS[name]
    n, d = W.shape[0], degrees(W)
    system = np.eye(n) - alpha * normalised(W).toarray()
    exact = (1 - alpha) * np.linalg.inv(system)
    allowed = tolerance * np.sqrt(d / d.mean())
    spread = Spread(W, alpha, tolerance)
    for source in range(0, n, 7):
        column = dense(spread, source, n)
        unpushed = (1 - alpha) * np.eye(n)[source] - system @ column
        assert (np.abs(unpushed - allowed / 2) <= allowed / 2 + 2 * ROUNDING * np.sqrt(n)).all()
        error = exact[:, source] - column
        assert error.min() >= -2 * ROUNDING
        assert (error <= allowed / (1 - alpha) + 2 * ROUNDING).all()


@pytest.mark.parametrize("name", ["one part", "hubs", "three parts", "copies"])
def test_a_column_is_the_personalised_pagerank_of_networkx(name: str) -> None:
    W = GRAPHS[name]
    n, d = W.shape[0], degrees(W)
    network = nx.from_scipy_sparse_array(W.astype(np.float64))
    spread = Spread(W, 0.9, 1e-10)
    for source in (0, n // 2, n - 1):
        rank = nx.pagerank(network, alpha=0.9, personalization={source: 1}, tol=1e-13, max_iter=2000)
        walk = np.array([rank[i] for i in range(n)])
        np.testing.assert_allclose(dense(spread, source, n), walk * np.sqrt(d[source] / d), atol=1e-7)


def test_normalised_is_symmetric_with_no_eigenvalue_above_one() -> None:
    for W in GRAPHS.values():
        S = normalised(W).toarray()
        np.testing.assert_allclose(S, S.T, atol=1e-12)
        assert np.linalg.eigvalsh(S)[-1] <= 1 + 1e-9
        assert (S[degrees(W) == 0] == 0).all()


def test_an_isolated_row_reaches_itself_alone() -> None:
    spread = Spread(GRAPHS["isolated"])
    rows, amount = spread.column(62)
    assert rows.tolist() == [62]
    np.testing.assert_allclose(amount / SCALE, 0.05, atol=ROUNDING)


def test_the_tolerance_follows_the_size_of_the_pool() -> None:
    assert Spread(lattice(100)).tolerance == 1e-3
    assert Spread(lattice(20_001)).tolerance == 1e-4
    assert Spread(lattice(100), tolerance=0.01).tolerance == 0.01


def test_near_is_the_median_of_the_fifteenth_largest_entries() -> None:
    W = GRAPHS["one part"]
    spread, small = Spread(W), Spread(lattice(40))
    every = [np.sort(small.column(i)[1])[-15] for i in range(40)]
    assert small.near == pytest.approx(np.median(every) / SCALE)
    columns = np.array([dense(spread, i, 150) for i in range(150)])
    fifteenth = np.sort(columns, axis=1)[:, -15]
    assert np.quantile(fifteenth, 0.25) < spread.near < np.quantile(fifteenth, 0.75)


# -- GraphLearner: a function of the current labels, not of their history

POOL = points(40)
AFFINITY = NeighborGraph.build(POOL, k=5).weights
TEMPLATE = GraphLearner().start(POOL, 3, AFFINITY)

Labels = dict[int, tuple[int, float]]


def begin(affinity: csr_array | None = AFFINITY, n_classes: int = 3) -> GraphLearner:
    n = 40 if affinity is None else affinity.shape[0]
    return TEMPLATE.start(np.zeros((n, 1), np.float32), n_classes, affinity)


def tell(learner: GraphLearner, labels: Labels, order: list[int] | None = None) -> Any:
    rows = np.array(order if order is not None else list(labels), dtype=np.int64)
    y = np.array([labels[i][0] for i in rows.tolist()], dtype=np.int16)
    weight = np.array([labels[i][1] for i in rows.tolist()])
    return learner.update(rows, y, weight)


def assert_same(one: GraphLearner, other: GraphLearner, labels: Labels) -> None:
    rows = np.array(list(labels), dtype=np.int64)
    y = np.array([labels[i][0] for i in labels], dtype=np.int16)
    np.testing.assert_array_equal(one.reached(), other.reached())
    np.testing.assert_array_equal(one.proba(), other.proba())
    np.testing.assert_array_equal(one.left_out(rows, y), other.left_out(rows, y))


acts = st.lists(
    st.tuples(st.integers(0, 39), st.sampled_from([None, 0, 1, 2]), st.sampled_from([1.0, 1.0, 0.3, 2.5, 0])),
    min_size=1,
    max_size=25,
)


@pytest.mark.parametrize("seeds", [500, 3])
@given(acts=acts, data=st.data())
@settings(max_examples=60)
def test_any_history_ends_bit_for_bit_where_a_fresh_learner_begins(
    seeds: int, acts: list[tuple[int, int | None, float]], data: st.DataObject
) -> None:
    with patch.object(graph, "SEEDS", seeds):
        learner, labels = begin(), Labels()
        history = [dict(labels)]
        for row, code, weight in acts:
            labels.pop(row, None)
            if code is not None:
                labels[row] = (code, weight)
            history.append(dict(labels))
        undone = [*history, *history[-2::-1], *history]
        for state in undone:
            before, sure = learner.reached(), learner.proba()
            touched = tell(learner, state, data.draw(st.permutations(list(state))))
            others = np.setdiff1d(np.arange(40), touched)
            np.testing.assert_array_equal(learner.reached()[others], before[others])
            np.testing.assert_array_equal(learner.proba()[others], sure[others])
        fresh = begin()
        tell(fresh, labels)
        assert_same(learner, fresh, labels)
        tell(learner, {})
        assert not learner.reached().any()


def test_the_rows_returned_are_those_that_the_changed_labels_reach() -> None:
    learner = begin(GRAPHS["three parts"])
    labels: Labels = {0: (0, 1), 50: (1, 1)}
    assert set(tell(learner, labels)) == set(learner._spread.column(0)[0]) | set(
        learner._spread.column(50)[0]
    )
    labels[100] = (2, 1)
    touched = tell(learner, labels)
    assert set(touched) == set(learner._spread.column(100)[0])
    assert touched.min() >= 80
    assert len(tell(learner, labels)) == 0


def test_what_is_left_out_is_what_a_learner_without_that_label_gets() -> None:
    rng = np.random.default_rng(0)
    labels: Labels = {
        int(i): (int(i) % 3, w) for i, w in zip(rng.permutation(40)[:12], [1, 0.4, 3] * 4, strict=True)
    }
    learner = begin()
    tell(learner, labels)
    rows, y = np.array(list(labels)), np.array([code for code, _ in labels.values()])
    told = learner.left_out(rows, y)
    for i, row in enumerate(labels):
        without = begin()
        tell(without, {r: label for r, label in labels.items() if r != row})
        np.testing.assert_array_equal(told[i], without.reached(np.array([row]))[0])


def test_a_weight_scales_what_a_label_gives_and_zero_gives_nothing() -> None:
    once, thrice, none = begin(), begin(), begin()
    tell(once, {3: (1, 1.0)})
    tell(thrice, {3: (1, 3.0)})
    tell(none, {3: (1, 0.0)})
    np.testing.assert_allclose(thrice.reached(), 3 * once.reached(), atol=ROUNDING)
    np.testing.assert_allclose(none.proba(), 1 / 3)
    assert once.reached()[:, 1].sum() > 0


def test_without_weights_every_label_counts_one() -> None:
    plain, weighted = begin(), begin()
    plain.update(np.array([3, 8]), np.array([1, 2]))
    tell(weighted, {3: (1, 1.0), 8: (2, 1.0)})
    np.testing.assert_array_equal(plain.reached(), weighted.reached())


def test_the_probabilities_are_the_shares_with_a_prior() -> None:
    learner = GraphLearner(lam=2).start(POOL, 3, AFFINITY)
    learner.update(np.array([3, 8]), np.array([1, 2]))
    F, prior = learner.reached(), 2 * learner.prior_weight
    expected = (F + prior / 3) / (F.sum(axis=1, keepdims=True) + prior)
    np.testing.assert_allclose(learner.proba(), expected, atol=1e-6)
    np.testing.assert_allclose(learner.proba().sum(axis=1), 1, atol=1e-6)


def test_labels_stay_in_their_part_of_the_graph() -> None:
    learner = begin(GRAPHS["three parts"])
    tell(learner, {0: (1, 1.0)})
    P = learner.proba()
    assert (P[40:] == np.float32(1 / 3)).all()
    assert (P[:40].argmax(axis=1) == 1)[learner.reached()[:40, 1] > 0].all()


def test_an_isolated_row_keeps_its_label_to_itself() -> None:
    learner = begin(GRAPHS["isolated"])
    assert tell(learner, {61: (2, 1.0)}).tolist() == [61]
    assert learner.proba()[61].argmax() == 2
    np.testing.assert_allclose(np.delete(learner.proba(), 61, axis=0), 1 / 3)


def test_without_a_graph_no_label_reaches_another() -> None:
    learner = begin(None)
    assert sorted(tell(learner, {4: (0, 1.0), 5: (1, 1.0)})) == [4, 5]
    P = learner.proba()
    assert P[4].argmax() == 0
    assert P[5].argmax() == 1
    np.testing.assert_allclose(np.delete(P, [4, 5], axis=0), 1 / 3)


def test_a_new_class_in_the_middle_is_learnt_and_unlearnt() -> None:
    learner, plain = begin(), begin()
    first: Labels = {i: (i % 2, 1.0) for i in range(6)}
    tell(learner, first)
    assert learner.proba()[:, 2].max() < 1 / 3 + 1e-6
    tell(learner, first | {20: (2, 1.0)})
    assert learner.proba()[20].argmax() == 2
    tell(learner, first)
    tell(plain, first)
    assert_same(learner, plain, first)


def test_contradicting_labels_on_copies_are_learnt_as_doubt() -> None:
    X = np.repeat(points(20, 2), 2, axis=0)
    affinity = NeighborGraph.build(X, k=5).weights
    learner = GraphLearner().start(X, 2, affinity)
    learner.update(np.array([6, 7]), np.array([0, 1]))
    P = learner.proba()
    np.testing.assert_allclose(P[6, 0] + P[7, 0], 1, atol=0.1)
    assert np.abs(P - 0.5).max() < 0.4
    learner.update(np.array([6, 7]), np.array([0, 0]))
    assert learner.proba()[7, 0] > P[7, 0]


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("graphed", [True, False])
def test_tiny_pools(n: int, graphed: bool) -> None:
    X = points(n)
    affinity = NeighborGraph.build(X).weights if graphed else None
    learner = GraphLearner().start(X, 2, affinity)
    learner.update(np.arange(n), np.arange(n) % 2)
    P = learner.proba()
    assert P.shape == (n, 2)
    np.testing.assert_allclose(P.sum(axis=1), 1, atol=1e-6)
    assert (learner.left_out(np.arange(n), np.arange(n) % 2) >= 0).all()
    learner.update(np.array([0]), np.array([1]))
    assert learner.proba()[0].argmax() == 1


# -- many labels at once


def test_of_a_lasso_of_thousands_a_few_hundred_spread() -> None:
    affinity = lattice(20_000)
    labelled = np.random.default_rng(0).permutation(20_000)[:10_000]
    codes = (labelled // 4_000).astype(np.int16)  # five classes, in arcs
    learner = GraphLearner().start(np.zeros((20_000, 1), np.float32), 5, affinity)
    with patch.object(Spread, "column", autospec=True, side_effect=Spread.column) as column:
        learner.update(labelled, codes)
        assert column.call_count == 5 * graph.SEEDS
    F = learner.reached()
    assert (F[labelled, codes] >= 0.05 - ROUNDING).all()
    told = F.sum(axis=1) > 0
    assert (F.argmax(axis=1) == np.arange(20_000) // 4_000)[told].mean() > 0.99

    stepwise = learner.start(np.zeros((20_000, 1), np.float32), 5, affinity)
    for part in (labelled[:300], labelled[5_000:], labelled[::-1]):
        stepwise.update(part, (part // 4_000).astype(np.int16))
    np.testing.assert_array_equal(stepwise._F, learner._F)
    y = (labelled // 4_000).astype(np.int16)
    np.testing.assert_array_equal(stepwise.left_out(labelled, y), learner.left_out(labelled, y))
    assert (learner.left_out(labelled, y) >= 0).all()


def test_a_label_that_does_not_spread_stands_for_itself_by_its_weight() -> None:
    with patch.object(graph, "SEEDS", 1):
        learner = begin()
        labels: Labels = {3: (1, 0.3), 17: (1, 0.3)}
        touched = [set(learner._spread.column(row)[0]) for row in labels]
        tell(learner, labels)
        F = learner.reached()
        assert F.min() >= 0
        assert {frozenset(np.flatnonzero(F.any(axis=1)))} <= {
            frozenset(touched[0] | {17}),
            frozenset(touched[1] | {3}),
        }
        assert min(F[3, 1], F[17, 1]) >= 0.3 * 0.05 - ROUNDING


# -- two threads


def test_two_learners_of_one_spread_in_two_threads() -> None:
    n = 3_000
    affinity = lattice(n, 8)
    first = GraphLearner().start(np.zeros((n, 1), np.float32), 2, affinity)
    learners = [first, first.start(np.zeros((n, 1), np.float32), 2, affinity)]
    assert learners[0]._spread is learners[1]._spread
    rows = [np.random.default_rng(seed).permutation(n)[:400] for seed in (1, 2)]
    errors: list[BaseException] = []

    def work(learner: GraphLearner, order: Any) -> None:
        try:
            for m in range(20, 401, 20):
                learner.update(order[:m], order[:m] % 2)
        except BaseException as error:  # noqa: BLE001 - reported in the main thread
            errors.append(error)

    threads = [threading.Thread(target=work, args=pair) for pair in zip(learners, rows, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    for learner, order in zip(learners, rows, strict=True):
        alone = GraphLearner().start(np.zeros((n, 1), np.float32), 2, affinity)
        alone.update(order, order % 2)
        np.testing.assert_array_equal(learner._F, alone._F)


def test_a_spread_is_shared_on_the_same_graph_alone() -> None:
    first = begin()
    assert begin()._spread is first._spread
    assert begin(csr_array(AFFINITY.copy()))._spread is not first._spread
    other = GraphLearner(alpha=0.5).start(POOL, 3, AFFINITY)
    assert other._spread.alpha == 0.5


# -- views of the graph


def kernel(view: Any) -> Any:
    """The kernel matrix of a view, which does not depend on signs or rotations."""
    return view.astype(np.float64) @ view.T


@pytest.mark.parametrize(
    "X",
    [points(100), points(700, 5), apart(4, 50), apart(7, 120)],
    ids=["small", "large", "small, four parts", "large, seven parts"],
)
def test_the_spectral_view_is_that_of_a_dense_solver(X: Any) -> None:
    affinity = NeighborGraph.build(X).weights
    values, vectors = np.linalg.eigh(normalised(affinity).toarray())
    expected = vectors[:, -30:] / np.sqrt(1 - 0.98 * np.minimum(values[-30:], 1))
    expected /= np.sqrt(affinity.sum(axis=1))[:, None]
    view = spectral(affinity, X)
    assert view.shape == (len(X), 30)
    assert view.dtype == np.float32
    expected *= np.sqrt(X.var(axis=0).sum() / expected.var(axis=0).sum())
    np.testing.assert_allclose(kernel(view), kernel(expected), atol=1e-3 * kernel(expected).max())
    assert view.var(axis=0).sum() == pytest.approx(X.var(axis=0).sum(), rel=1e-3)


def test_where_there_are_more_parts_than_columns_the_largest_have_one_each() -> None:
    sizes = [30] * 35 + [40] * 30
    X = np.vstack([points(m, seed=i) + 100 * i for i, m in enumerate(sizes)]).astype(np.float32)
    part = np.repeat(np.arange(65), sizes)
    view = spectral(NeighborGraph.build(X).weights, X)
    assert view.shape == (len(X), 30)
    assert (view[part < 35] == 0).all()
    assert all(np.count_nonzero(view[part == p].any(axis=0)) == 1 for p in range(35, 65))


def test_the_spectral_view_of_a_large_graph_is_found_in_a_process_of_its_own(monkeypatch: Any) -> None:
    X = points(900)
    affinity = NeighborGraph.build(X).weights
    here = spectral(affinity, X)
    monkeypatch.setattr(views, "_ELSEWHERE", 800)
    np.testing.assert_allclose(np.abs(spectral(affinity, X)), np.abs(here), atol=1e-5)

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError("no processes here")

    monkeypatch.setattr(children.subprocess, "Popen", refuse)
    np.testing.assert_array_equal(spectral(affinity, X), here)


@pytest.mark.parametrize(
    "affinity",
    [
        lattice(120),
        lattice(900),
        NeighborGraph.build(points(800)).weights,
        NeighborGraph.build(apart(40, 20)).weights,
    ],
    ids=["circle", "large circle", "one part", "forty parts"],
)
def test_the_spectral_view_is_the_same_every_time(affinity: csr_array) -> None:
    X = points(affinity.shape[0])
    first = spectral(affinity, X)
    for _ in range(2):
        np.testing.assert_array_equal(spectral(affinity, X), first)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 10, 89, 600])
def test_views_of_small_pools_and_of_graphs_without_edges(n: int) -> None:
    X = points(n)
    for affinity in (NeighborGraph.build(X).weights, csr_array((n, n), dtype=np.float32)):
        slow, soft = spectral(affinity, X), smoothed(X, affinity)
        assert slow.shape[0] == n
        assert slow.shape[1] <= max(1, min(30, n // 3))
        assert soft.shape == X.shape
        assert np.isfinite(slow).all()
        assert np.isfinite(soft).all()
    np.testing.assert_array_equal(soft, X)  # the last graph has no edges


def test_one_edge_in_a_large_pool_is_enough() -> None:
    affinity = csr_array(([1.0, 1.0], ([0, 1], [1, 0])), shape=(600, 600), dtype=np.float32)
    view = spectral(affinity, points(600))
    assert np.isfinite(view).all()
    assert view[:2].any()


def test_smoothing_keeps_constants_isolated_rows_and_the_mean() -> None:
    X = points(63) + 5
    X[:, 1] = 7
    affinity = GRAPHS["isolated"]
    d = degrees(affinity)
    soft = smoothed(X, affinity).astype(np.float64)
    scale = soft[0, 1] / 7
    np.testing.assert_allclose(soft[:, 1], 7 * scale, rtol=1e-5)
    np.testing.assert_allclose(soft[60:], scale * X[60:], rtol=1e-5)
    np.testing.assert_allclose(d @ soft, scale * (d @ X), rtol=1e-4)
    assert soft.var(axis=0).sum() == pytest.approx(X.var(axis=0).sum(), rel=1e-4)
    assert scale > 1


def test_smoothing_is_eight_lazy_steps_of_a_walk() -> None:
    X, affinity = points(150), GRAPHS["one part"]
    walk = affinity.toarray() / degrees(affinity)[:, None]
    expected = np.linalg.matrix_power((np.eye(150) + walk) / 2, 8) @ X
    expected *= np.sqrt(X.var(axis=0).sum() / expected.var(axis=0).sum())
    np.testing.assert_allclose(smoothed(X, affinity), expected, atol=1e-4)


def test_smoothing_stays_within_the_parts() -> None:
    X = apart(3, 40)
    moved = X.copy()
    moved[:40] += points(40, seed=9)
    affinity = GRAPHS["three parts"]
    before, after = smoothed(X, affinity), smoothed(moved, affinity)
    scale = before[40:].std(axis=0) / after[40:].std(axis=0)
    np.testing.assert_allclose(before[40:], after[40:] * scale, rtol=1e-3)


def test_a_large_pool_of_many_columns_is_smoothed_in_fewer() -> None:
    affinity = lattice(20_001)
    X = points(20_001, 70)
    soft = smoothed(X, affinity)
    assert soft.shape == (20_001, 64)
    assert soft.var(axis=0).sum() == pytest.approx(X.var(axis=0).sum(), rel=1e-3)
    np.testing.assert_array_equal(soft, smoothed(X, affinity))
