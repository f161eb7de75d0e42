"""Consensus of several annotators, their skills, and whose second opinion is worth most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Consensus", "Votes", "consensus", "majority", "worth"]

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

MOST_STEPS = 100
SETTLED = 1e-5
# Pseudo-counts of a person's confusion matrix, distributed as the crowd's, and of the crowd's own matrix.
OWN, CROWD = 4.0, 1.0
# The confusions of an expert's classes in the prior, as a share of the crowd's.
EXPERT = 0.2
# Powers of the model's probabilities, of which the most likely is used: a model can be too sure, or not sure
# enough, and then the skills would be estimated wrongly.
POWERS = (0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0)
LEAST = 1e-6
# A consensus with which fewer of the answers agree is that of the model, not of the people.
MOSTLY = 0.5


@dataclass(frozen=True, eq=False)
class Votes:
    """Answers of several people; a person's last answer to an item counts.

    Attributes
    ----------
    item, person, code
        int64 of shape (n_votes,): the item, who answered, and the class.
    n_items, n_people, n_classes
        Their numbers.
    """

    item: Codes
    person: Codes
    code: Codes
    n_items: int
    n_people: int
    n_classes: int

    @classmethod
    def of(
        cls, item: Sequence[int], person: Sequence[int], code: Sequence[int], shape: tuple[int, int, int]
    ) -> Votes:
        """Votes from three sequences; ``shape`` is (n_items, n_people, n_classes)."""
        places = {(i, w): k for k, (i, w) in enumerate(zip(item, person, strict=True))}
        last = np.array(sorted(places.values()), np.int64)
        items, people, codes = (np.asarray(values, np.int64)[last] for values in (item, person, code))
        return cls(items, people, codes, *shape)

    def counts(self) -> Floats:
        """How often each class was answered, (n_items, n_classes)."""
        found = np.zeros((self.n_items, self.n_classes))
        np.add.at(found, (self.item, self.code), 1)
        return found


@dataclass(frozen=True, eq=False)
class Consensus:
    """What several annotators together say.

    Attributes
    ----------
    probability
        float64 of shape (n_items, n_classes); the prior for items without votes.
    confusion
        float64 of shape (n_people, n_classes, n_classes): the probability that a person answers a class
        (last axis), given the true one.
    skill
        float64 of shape (n_people,): the expected share of right answers to the items that the person
        answered.
    """

    probability: Floats
    confusion: Floats
    skill: Floats

    @property
    def code(self) -> Codes:
        """The most probable class of each item."""
        return np.asarray(self.probability.argmax(axis=1))

    @property
    def confidence(self) -> Floats:
        """The probability of that class."""
        return np.asarray(self.probability.max(axis=1))


def majority(votes: Votes) -> Floats:
    """Return the share of the votes for each class, (n_items, n_classes); uniform without votes."""
    counts = votes.counts()
    n = counts.sum(axis=1, keepdims=True)
    return np.where(n > 0, counts / np.maximum(n, 1), 1 / votes.n_classes)


def consensus(
    votes: Votes,
    model: Floats | None = None,
    *,
    own: float = OWN,
    known: Codes | None = None,
    experts: npt.NDArray[np.bool_] | None = None,
) -> Consensus:
    """Estimate the true class of each item and the confusion matrix of each person, by EM.

    This is Dawid and Skene (1979) with two changes: each person's matrix is shrunk towards that of the
    crowd, since most people answer few items; and the model's probabilities are the prior of an item, as in
    Raykar et al. (2010), if the model has not learned the item's own label. How far the model is trusted, a
    power of its probabilities, is that under which the votes are most likely. It is not used if fewer than
    half of the votes then agree with the consensus. Without items that several people answered, nothing is
    known about skills (NaN), and the consensus is the answers.

    Parameters
    ----------
    votes
        The answers.
    model
        float64 of shape (n_items, n_classes): the probabilities by a model that did not learn from the item,
        as from cross-validation or leave-one-out; rows of NaN where there are none.
    own
        Pseudo-counts of the crowd's matrix in each row of a person's.
    known
        int64 of shape (n_items,): the classes of items that are certain, such as a reviewer's decisions; -1
        elsewhere.
    experts
        bool of shape (n_people, n_classes): which classes each person knows best. In the prior of their
        matrix, confusions of these classes are a fifth of the crowd's; their answers can contradict it.
    """
    sure = np.full(votes.n_items, -1, np.int64) if known is None else known
    given = _Given(votes, own, sure, experts)
    shared = int((votes.counts().sum(axis=1) + (sure >= 0) > 1).sum())
    if not shared:
        # A model that learned the same labels is no second opinion: of labels at random, a model without
        # the item's own label predicts the opposite.
        confusion = np.full((votes.n_people, votes.n_classes, votes.n_classes), np.nan)
        return Consensus(given.clamped(majority(votes)), confusion, np.full(votes.n_people, np.nan))
    alone = _em(given, None)[0]
    if model is None or not np.isfinite(model).all(axis=1).any():
        return alone
    tried = [_em(given, _prior(model, power, votes)) for power in POWERS]
    found = max(tried, key=lambda made: made[1])[0]
    return found if _agrees(found, votes) >= MOSTLY else alone


def _agrees(found: Consensus, votes: Votes) -> float:
    """The share of the answers that are the consensus."""
    return float((found.code[votes.item] == votes.code).mean())


@dataclass(frozen=True, eq=False)
class _Given:
    """What the EM is given: see :func:`consensus`."""

    votes: Votes
    own: float
    known: Codes
    experts: npt.NDArray[np.bool_] | None

    def clamped(self, q: Floats) -> Floats:
        """The probabilities, with certainty where the class is known."""
        rows = np.flatnonzero(self.known >= 0)
        if not len(rows):
            return q
        q = q.copy()
        q[rows] = np.eye(self.votes.n_classes)[self.known[rows]]
        return q


def _em(given: _Given, prior: Floats | None) -> tuple[Consensus, float]:
    """Return the result, and the logarithm of the likelihood of the votes."""
    votes = given.votes
    k = votes.n_classes
    voted = votes.counts().sum(axis=1) > 0
    q = majority(votes)
    if prior is not None:
        q = _normal(np.where(voted[:, None], q + LEAST, 1.0) * prior)
    q = given.clamped(q)
    confusion, likelihood = np.zeros((votes.n_people, k, k)), 0.0
    for _ in range(MOST_STEPS):
        confusion = _confusions(given, q)
        log = np.log(np.tile(_shares(votes, q), (votes.n_items, 1)) if prior is None else prior)
        np.add.at(log, votes.item, np.log(confusion[votes.person, :, votes.code]))
        most = log.max(axis=1, keepdims=True)
        joint = np.exp(log - most)
        before, q = q, given.clamped(_normal(joint))
        likelihood = float((np.log(joint.sum(axis=1)) + most[:, 0])[voted].sum())
        if np.abs(q - before).max() < SETTLED:
            break
    right = q[votes.item, votes.code]
    n = np.bincount(votes.person, minlength=votes.n_people)
    skill = np.bincount(votes.person, right, votes.n_people) / np.maximum(n, 1)
    return Consensus(q, confusion, np.where(n > 0, skill, np.nan)), likelihood


def worth(found: Consensus, items: Codes, person: int | None = None) -> Floats:
    """Return how much another answer is expected to raise the confidence in each item, (len(items),).

    The expected increase of the probability of the most probable class by an answer of this person, or of an
    average one.
    """
    if not len(items) or not len(found.confusion):
        return np.zeros(len(items))
    confusion = found.confusion.mean(axis=0) if person is None else found.confusion[person]
    q = found.probability[items]
    # For each possible answer, the joint probability of it and of each class: (n, k said, k true).
    joint = q[:, None, :] * confusion.T[None]
    return np.asarray(np.maximum(joint.max(axis=2).sum(axis=1) - q.max(axis=1), 0))


def _prior(model: Floats, power: float, votes: Votes) -> Floats:
    """The model's probabilities to a power; for items without them, the shares of the votes."""
    known = np.asarray(np.isfinite(model).all(axis=1))
    share = _shares(votes, majority(votes))
    return _normal(np.where(known[:, None], np.clip(np.nan_to_num(model), LEAST, 1) ** power, share))


def _shares(votes: Votes, q: Floats) -> Floats:
    """The shares of the classes among the items with votes, (k,)."""
    voted = votes.counts().sum(axis=1) > 0
    totals = q[voted].sum(axis=0) + 1
    return np.asarray(totals / totals.sum())


def _confusions(given: _Given, q: Floats) -> Floats:
    """Each person's matrix, with the crowd's as the prior of its rows."""
    votes, own = given.votes, given.own
    k = votes.n_classes
    counts = np.zeros((votes.n_people, k, k))
    # (person, said) gets the probabilities of the true classes.
    np.add.at(counts.transpose(0, 2, 1), (votes.person, votes.code), q[votes.item])
    crowd = counts.sum(axis=0)
    right = (np.trace(crowd) + 1) / (crowd.sum() + 2)
    usual = np.full((k, k), (1 - right) / max(k - 1, 1))
    np.fill_diagonal(usual, right)
    crowd = (crowd + CROWD * k * usual) / (crowd.sum(axis=1, keepdims=True) + CROWD * k)
    prior = np.tile(crowd, (votes.n_people, 1, 1))
    if given.experts is not None and given.experts.any():
        # Of an expert's classes, both missing one and answering one wrongly are rare.
        apart = ~np.eye(k, dtype=np.bool_)
        rare = (given.experts[:, :, None] | given.experts[:, None, :]) & apart
        prior = np.where(rare, prior * EXPERT, prior)
        prior[:, np.arange(k), np.arange(k)] += 1 - prior.sum(axis=2)
    return np.asarray((counts + own * prior) / (counts.sum(axis=2, keepdims=True) + own))


def _normal(q: Floats) -> Floats:
    return np.asarray(q / q.sum(axis=1, keepdims=True))
