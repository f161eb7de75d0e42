"""The strategies of 2019 to 2023, each compared with the definition in its paper."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import entropy
from sklearn.linear_model import LogisticRegression

from hitl_widgets.learn.linear import LinearLearner
from hitl_widgets.learn.strategies import (
    Context,
    alfa_mix,
    batch_bald,
    choose,
    contrastive,
    discriminative,
    prob_cover,
    typicality,
)
from hitl_widgets.learn.strategies.committee import committee
from hitl_widgets.learn.strategies.coverage import _radius
from hitl_widgets.learn.strategies.mixing import mix_to_change


def pool(*sizes: int, apart: float = 8.0, d: int = 3, seed: int = 0) -> tuple[Any, Any]:
    """Gaussian clouds of these sizes, and the cloud of each item."""
    rng = np.random.default_rng(seed)
    cloud = np.repeat(np.arange(len(sizes)), sizes)
    centres = apart * np.eye(max(len(sizes), d))[: len(sizes), :d]
    return (centres[cloud] + rng.normal(size=(len(cloud), d))).astype(np.float32), cloud


def context_of(X: Any, labels: dict[int, int], ask: int = 1, seed: int = 0) -> Context:
    """A pool with these labels, by row."""
    y = np.full(len(X), -1, np.int16)
    for row, code in labels.items():
        y[row] = code
    return Context(X, y, y < 0, np.random.default_rng(seed), ask)


def again(context: Context, seed: int = 3) -> Context:
    return replace(context, random_state=np.random.default_rng(seed))


def flat(n: int, k: int = 3) -> Any:
    return np.full((n, k), 1 / k)


# -- TypiClust (Hacohen et al. 2022, section 3)


def test_typiclust_takes_the_densest_item_of_the_largest_cluster_without_a_label() -> None:
    X, cloud = pool(60, 40, 20, apart=40)
    chosen = choose(typicality, flat(120), context_of(X, {0: 0, 1: 0}))[0]  # three clusters, one labelled
    members = np.flatnonzero(cloud == 1)
    near = np.sort(cdist(X[members], X[members]), axis=1)[:, 1:21]
    assert chosen == members[near.mean(axis=1).argmin()]


# -- ProbCover (Yehuda et al. 2022, algorithm 1 and section 3.2)


def test_the_radius_is_the_largest_at_which_the_balls_are_pure() -> None:
    X, cloud = pool(70, 50, 30, apart=5)
    X = X.astype(float)
    radius = np.sqrt(_radius(X, 3, np.random.default_rng(0)))
    distance = cdist(X, X)

    def purity(ball: float) -> float:
        # k-means finds the clouds, which are far enough apart.
        return float(np.mean([len(set(cloud[row < ball])) == 1 for row in distance]))

    assert purity(radius * 0.9999) >= 0.95
    assert purity(radius * 1.05) < 0.95


def test_prob_cover_is_greedy_coverage() -> None:
    X, _ = pool(70, 50, 30)
    context = context_of(X, {0: 0}, ask=6)
    chosen = choose(prob_cover, flat(150), again(context))
    distance = cdist(X, X)
    centred = X.astype(float) - X.mean(axis=0)
    inside = distance < np.sqrt(_radius(centred, 3, np.random.default_rng(1)))
    covered = inside[0].copy()
    for item in chosen:
        gains = (inside & ~covered)[context.candidates].sum(axis=1)
        assert (inside[item] & ~covered).sum() == gains.max()
        covered |= inside[item]


def test_in_a_large_pool_prob_cover_goes_by_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hitl_widgets.learn.strategies.coverage.SAMPLE", 100)
    X, cloud = pool(300, 200, 100, apart=40)
    chosen = choose(prob_cover, flat(600), context_of(X, {0: 0}, ask=2))
    assert 1 in cloud[chosen]  # the largest cloud without a label
    assert len(choose(prob_cover, flat(600), context_of(X, {0: 0}, ask=150))) == 150


# -- BatchBALD (Kirsch et al. 2019, equations 4 to 9)


def information(P: Any) -> float:
    """The mutual information between the labels of some items and the member, by definition."""
    m, b, k = P.shape
    joint = np.array([np.prod([P[:, i, c] for i, c in enumerate(labels)], axis=0)
                      for labels in product(range(k), repeat=b)])  # fmt: skip
    given = np.mean([sum(entropy(P[i, j]) for j in range(b)) for i in range(m)])
    return float(entropy(joint.mean(axis=1)) - given)


def test_batch_bald_is_greedy_in_the_joint_information() -> None:
    X, cloud = pool(15, 15, apart=2)
    context = context_of(X, {i: int(cloud[i]) for i in (0, 3, 6, 16, 20, 25)}, ask=3)
    chosen = choose(batch_bald, flat(30, 2), again(context))
    rng = np.random.default_rng(3)
    rows = rng.permutation(np.flatnonzero(context.candidates))
    P = committee(replace(context, learner=LinearLearner(), random_state=rng), 2, 20, rows)
    places = [int(np.flatnonzero(rows == item)[0]) for item in chosen]
    for b, place in enumerate(places):
        tells = [information(P[:, [*places[:b], i]]) for i in range(len(rows)) if i not in places[:b]]
        assert information(P[:, [*places[:b], place]]) == pytest.approx(max(tells), abs=1e-9)


def test_a_sample_of_the_answers_estimates_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    from hitl_widgets.learn.strategies import committee as module

    P = np.random.default_rng(0).dirichlet(np.ones(3), (20, 4))
    belief, share = module._answers(P, np.random.default_rng(0))
    assert len(share) == 81
    monkeypatch.setattr(module, "ANSWERS", 80)
    some, equal = module._answers(P, np.random.default_rng(0))
    assert len(equal) == 80
    spread = [float(s @ entropy(b, axis=1)) for b, s in ((belief, share), (some, equal))]
    assert spread[1] == pytest.approx(spread[0], abs=0.1)
    np.testing.assert_allclose(share @ belief, 1 / 20, atol=1e-12)


def test_a_batch_is_not_the_same_item_again_and_again() -> None:
    X, cloud = pool(15, 15, apart=2)
    labels = {i: int(cloud[i]) for i in (0, 3, 6, 16, 20, 25)}
    best = choose(batch_bald, flat(30, 2), context_of(X, labels))[0]
    copies = np.vstack([X, np.repeat(X[[best]], 10, axis=0)])
    chosen = choose(batch_bald, flat(40, 2), context_of(copies, labels, ask=3))
    assert chosen[0] == best or chosen[0] >= 30
    assert sum(i == best or i >= 30 for i in chosen) < 3  # each alone, the copies would be the best three


# -- ALFA-Mix (Parvaneh et al. 2022, section 3.3)


def test_the_prediction_changes_just_when_that_much_is_mixed_in() -> None:
    X, cloud = pool(20, 20, 20, apart=3, d=4)
    labels = {i: int(cloud[i]) for i in (0, 1, 2, 20, 21, 40)}
    context, labelled = context_of(X, labels), np.array(sorted(labels))
    rows = np.flatnonzero(context.candidates)
    needed = mix_to_change(context, labelled, rows)
    # scikit-learn's model is the same, and its gradient is computed numerically here.
    model = LogisticRegression(C=1, max_iter=10_000, tol=1e-10).fit(X[labelled], cloud[labelled])
    assert (needed < 1).any()
    for row, most in zip(rows, needed, strict=True):
        x = X[row].astype(float)
        now = int(model.predict_proba([x]).argmax())
        step = 1e-5 * np.eye(4)
        gradient = -(model.predict_log_proba(x + step) - model.predict_log_proba(x - step))[:, now]

        def changes(share: float, x: Any = x, now: int = now, g: Any = gradient) -> bool:
            e = share / np.sqrt(4)
            for c in range(3):
                anchor = X[labelled[cloud[labelled] == c]].mean(axis=0)
                z = anchor - x
                alpha = e * np.linalg.norm(z) * g / np.linalg.norm(g) / z
                if model.predict_proba([(1 - alpha) * x + alpha * anchor]).argmax() != now:
                    return True
            return False

        if most < 1:
            assert changes(most * 1.02)
        assert not changes(most * 0.98)


def test_alfa_mix_chooses_from_several_places_among_those_that_change_first() -> None:
    X, cloud = pool(40, 40, 40, apart=4)
    labels = {i: int(cloud[i]) for i in (0, 1, 40, 41, 80, 81)}
    context = context_of(X, labels, ask=4)
    needed = np.full(120, np.inf)
    rows = np.flatnonzero(context.candidates)
    needed[rows] = mix_to_change(context, np.array(sorted(labels)), rows)
    limit = np.ceil(np.sort(needed)[3] * 32) / 32
    chosen = choose(alfa_mix, flat(120), context)
    assert needed[chosen].max() <= limit
    assert needed[chosen].tolist() == sorted(needed[chosen])
    assert len(choose(alfa_mix, flat(120), again(replace(context, n=100)))) == 100


# -- CAL (Margatina et al. 2021, algorithm 1)


@pytest.mark.parametrize("labels", [1, 4, 15])
def test_contrastive_is_the_mean_divergence_from_the_nearest_labelled_items(labels: int) -> None:
    X, _ = pool(30, 30, apart=1)
    P = np.random.default_rng(0).dirichlet(np.ones(3), 60)
    context = context_of(X, dict.fromkeys(range(labels), 0))
    found = contrastive(P, context)
    for item in range(labels, 60):
        near = np.argsort(cdist(X[[item]], X[:labels])[0])[:10]
        assert found[item] == pytest.approx(np.mean([entropy(P[i], P[item]) for i in near]))


# -- DAL (Gissin and Shalev-Shwartz 2019, algorithm 1)


def test_discriminative_asks_what_is_unlike_the_labelled_items() -> None:
    X, cloud = pool(50, 50)
    context = context_of(X, dict.fromkeys(range(0, 50, 5), 0), ask=10)
    first = choose(discriminative, flat(100), context)[0]
    assert cloud[first] == 1
    known = context.y >= 0
    model = LogisticRegression(C=2, class_weight={0: 1, 1: 90 / 10}, max_iter=10_000, tol=1e-10)
    unlike = model.fit(X, known).predict_proba(X)[:, 0]
    assert first == np.where(known, -1, unlike).argmax()


def test_a_batch_by_discriminative_counts_what_it_has_chosen() -> None:
    # One side is labelled. Once a tenth of the batch is chosen on the other, both are.
    X, cloud = pool(50, 50, d=2)
    context = context_of(X, dict.fromkeys(range(0, 50, 5), 0), ask=40)
    shares = np.bincount(cloud[choose(discriminative, flat(100), context)], minlength=2)
    assert shares.min() >= 10


def test_without_labels_there_is_nothing_to_compare_with() -> None:
    X, _ = pool(20, 20)
    context = context_of(X, {})
    for strategy in (contrastive, discriminative, alfa_mix, batch_bald):
        np.testing.assert_array_equal(strategy(flat(40), context), 0)
