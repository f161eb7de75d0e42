"""Consensus: better than the majority, and it finds who is careless."""

from __future__ import annotations

import numpy as np
import pytest

from hitl_widgets.quality.consensus import Votes, consensus, majority, worth
from hitl_widgets.quality.deferral import expected_accuracy, route

SKILLS = np.array([0.95, 0.9, 0.8, 0.6, 0.45])


def crowd(n: int = 600, k: int = 4, opinions: int = 3, seed: int = 0):
    """The truth, votes of five people of known skill, and a model of the same sharpness for all items."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, k, n)
    item = np.repeat(np.arange(n), opinions)
    person = np.concatenate([rng.permutation(len(SKILLS))[:opinions] for _ in range(n)])
    right = rng.random(len(item)) < SKILLS[person]
    code = np.where(right, truth[item], (truth[item] + rng.integers(1, k, len(item))) % k)
    votes = Votes.of(item, person, code, (n, len(SKILLS), k))
    logits = rng.normal(size=(n, k)) + 2 * np.eye(k)[truth]
    model = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return truth, votes, model


def accuracy(q, truth) -> float:
    return float((q.argmax(axis=1) == truth).mean())


@pytest.mark.parametrize("opinions", [2, 3, 5])
def test_it_is_at_least_as_good_as_the_majority(opinions) -> None:
    gains, with_model = [], []
    for seed in range(6):
        truth, votes, model = crowd(opinions=opinions, seed=seed)
        most = accuracy(majority(votes), truth)
        gains.append(accuracy(consensus(votes).probability, truth) - most)
        with_model.append(accuracy(consensus(votes, model).probability, truth) - most)
    assert np.mean(gains) > -0.005
    assert np.mean(with_model) > 0.02


def test_a_model_is_used_although_people_are_mostly_wrong() -> None:
    rng = np.random.default_rng(3)
    truth, _, model = crowd(n=600, k=8, seed=1)
    item = np.r_[np.arange(600), np.arange(60)]
    person = rng.integers(0, 5, len(item))
    person[600:] = (person[:60] + 1) % 5
    wrong = (truth[item] + rng.integers(1, 8, len(item))) % 8
    votes = Votes.of(item, person, np.where(rng.random(len(item)) < 0.45, truth[item], wrong), (600, 5, 8))
    best = max(accuracy(majority(votes), truth), accuracy(model, truth))
    assert accuracy(consensus(votes, model).probability, truth) > best


def test_a_model_of_random_labels_does_not_overrule_people() -> None:
    # Without an item's own label, it predicts the other one.
    rng = np.random.default_rng(4)
    code = rng.integers(0, 2, 400)
    votes = Votes.of(np.arange(400) % 300, np.arange(400) // 300, code, (300, 2, 2))
    other = 1 - code[:300]
    model = np.full((300, 2), 0.35)
    model[np.arange(300), other] = 0.65
    found = consensus(votes, model)
    assert (found.code[100:300] == code[100:300]).mean() > 0.9


def test_skills_are_found_from_few_second_opinions() -> None:
    errors = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        truth, votes, model = crowd(n=1000, opinions=2, seed=seed)
        # A tenth of the items has two opinions.
        first = np.unique(votes.item, return_index=True)[1]
        kept = np.sort(np.concatenate([first, np.flatnonzero(rng.random(len(votes.item)) < 0.1)]))
        kept = np.unique(kept)
        few = Votes.of(votes.item[kept], votes.person[kept], votes.code[kept], (1000, 5, 4))
        right = few.code == truth[few.item]
        true = np.bincount(few.person, right) / np.bincount(few.person)
        errors.append(np.abs(consensus(few, model).skill - true).mean())
    assert np.mean(errors) <= 0.06


def test_the_last_answer_of_a_person_counts() -> None:
    votes = Votes.of([0, 0, 1], [0, 0, 0], [1, 2, 1], (2, 1, 3))
    assert votes.counts().tolist() == [[0, 0, 1], [0, 1, 0]]


def test_items_without_votes_have_the_model_or_the_shares_of_the_classes() -> None:
    votes = Votes.of([0, 1, 2, 0], [0, 0, 1, 1], [0, 0, 1, 0], (5, 2, 2))
    model = np.array([[0.5, 0.5], [0.5, 0.5], [0.5, 0.5], [0.1, 0.9], [np.nan, np.nan]])
    found = consensus(votes, model)
    assert found.code[3] == 1
    assert found.code[4] == 0
    np.testing.assert_allclose(found.probability.sum(axis=1), 1)
    plain = consensus(votes)
    np.testing.assert_allclose(plain.probability[3], plain.probability[4])
    assert np.isfinite(plain.skill).all()


def test_a_second_opinion_is_worth_most_where_people_differ() -> None:
    votes = Votes.of([0, 0, 1, 1, 2], [0, 1, 0, 1, 0], [0, 0, 0, 1, 0], (4, 2, 2))
    value = worth(consensus(votes), np.arange(4))
    assert value.argmax() in {1, 3}
    assert value[0] < value[1]
    assert (value > 0).all()


def test_items_go_to_the_person_who_is_most_likely_right() -> None:
    confusion = np.array([[[0.9, 0.1], [0.5, 0.5]], [[0.6, 0.4], [0.1, 0.9]]])
    probability = np.array([[0.55, 0.45], [0.3, 0.7], [0.99, 0.01], [0.5, 0.5]])
    np.testing.assert_allclose(expected_accuracy(probability, confusion)[0], [0.72, 0.735])
    found = route(probability, confusion, 1.0)
    assert found.tolist() == [1, 1, -1, 1]
    assert (route(probability, confusion, 0.25) >= 0).sum() == 1
    assert (route(probability, confusion, 0.0) == -1).all()
