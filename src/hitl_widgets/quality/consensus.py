"""Consensus of several annotators, their skills, and whose second opinion is worth most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

__all__ = ["Consensus", "Votes", "consensus", "dawid_skene", "majority", "worth"]

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

MOST_STEPS = 100
SETTLED = 1e-5
# Pseudo-answers: in each row of a person's confusion matrix, with the person's share of right answers and the
# crowd's errors; in that share, right as often as the crowd's; and in each cell of the crowd's matrix.
OWN, SKILL, CROWD = 40.0, 10.0, 5.0
# The confusions of an expert's classes in it, as a share of the usual ones.
EXPERT = 0.2
# Powers of the model's probabilities, of which the most likely is used: a model can be too sure, or not sure
# enough, and then the skills would be estimated wrongly.
POWERS = (0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0)
LEAST, TINY = 1e-6, 1e-12


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

    @cached_property
    def voted(self) -> npt.NDArray[np.bool_]:
        """Whether somebody answered the item, (n_items,)."""
        return np.bincount(self.item, minlength=self.n_items) > 0

    @cached_property
    def of_item(self) -> csr_array:
        """Sums values of answers by item: (n_items, n_votes)."""
        return _sums(self.item, self.n_items)

    @cached_property
    def of_answer(self) -> csr_array:
        """Sums values of answers by person and class: (n_people * n_classes, n_votes)."""
        return _sums(self.person * self.n_classes + self.code, self.n_people * self.n_classes)


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
    known: Codes | None = None,
    experts: npt.NDArray[np.bool_] | None = None,
) -> Consensus:
    """Estimate the true class of each item and the confusion matrix of each person, by EM.

    This is Dawid and Skene (1979) with two changes. Most people answer few items, so each person's matrix is
    shrunk towards one with the person's own share of right answers and the crowd's usual errors. And the
    model's probabilities are the prior of an item, as in Raykar et al. (2010), if the model has not learned
    the item's own label. How far the model is trusted, a power of its probabilities, is that under which the
    votes are most likely. It is not used if the people would then usually give one and the same wrong answer.
    Without items that several people answered, nothing is known about skills (NaN), and the consensus is the
    answers.

    Parameters
    ----------
    votes
        The answers.
    model
        float64 of shape (n_items, n_classes): the probabilities by a model that did not learn from the item,
        as from cross-validation or leave-one-out; rows of NaN where there are none.
    known
        int64 of shape (n_items,): the classes of items that are certain, such as a reviewer's decisions; -1
        elsewhere.
    experts
        bool of shape (n_people, n_classes): which classes each person knows best. In what their matrix is
        shrunk towards, confusions of these classes are a fifth of the usual ones.
    """
    given = _Given(votes, known, experts)
    n = np.bincount(votes.item, minlength=votes.n_items) + (0 if known is None else known >= 0)
    if not (n > 1).any():
        # A model that learned the same labels is no second opinion: of labels at random, a model without
        # the item's own label predicts the opposite.
        confusion = np.full((votes.n_people, votes.n_classes, votes.n_classes), np.nan)
        return Consensus(given.clamped(majority(votes)), confusion, np.full(votes.n_people, np.nan))
    if model is not None and np.isfinite(model).all(axis=1).any():
        tried = [_em(given, _prior(model, power, votes)) for power in POWERS]
        found = max(tried, key=lambda made: made[1])[0]
        if _is_of_people(found, votes):
            return found
    return _em(given, None)[0]


def dawid_skene(votes: Votes) -> Consensus:
    """The estimate by Dawid and Skene (1979), without any shrinkage and without a model.

    It needs many answers of each person to each class; :func:`consensus` does not.
    """
    return _em(_Given(votes), None, shrunk=False)[0]


@dataclass(frozen=True, eq=False)
class _Given:
    """What the EM is given: see :func:`consensus`."""

    votes: Votes
    known: Codes | None = None
    experts: npt.NDArray[np.bool_] | None = None

    def clamped(self, q: Floats) -> Floats:
        """The probabilities, with certainty where the class is known."""
        if self.known is None:
            return q
        sure = np.eye(self.votes.n_classes)[np.maximum(self.known, 0)]
        return np.where((self.known >= 0)[:, None], sure, q)


def _is_of_people(found: Consensus, votes: Votes) -> bool:
    """Whether people usually give the consensus more often than any one other answer."""
    table = np.zeros((votes.n_classes, votes.n_classes))
    np.add.at(table, (found.code[votes.item], votes.code), 1)
    usual = np.diagonal(table) >= table.max(axis=1)
    return bool(table[usual].sum() >= table.sum() / 2)


def _em(given: _Given, prior: Floats | None, *, shrunk: bool = True) -> tuple[Consensus, float]:
    """Return the result, and the logarithm of the likelihood of the votes."""
    votes = given.votes
    k, voted = votes.n_classes, votes.voted
    q = majority(votes)
    if prior is not None:
        q = _normal(np.where(voted[:, None], q + LEAST, 1.0) * prior)
    q = given.clamped(q)
    confusion, likelihood = np.zeros((votes.n_people, k, k)), 0.0
    for _ in range(MOST_STEPS):
        confusion = _confusions(given, q, shrunk=shrunk)
        log = np.log(_shares(votes, q, float(shrunk))[None] if prior is None else prior)
        log = log + votes.of_item @ np.log(confusion[votes.person, :, votes.code])
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
    """Return how much another answer is worth for each item, (len(items),).

    The expected increase of the probability of the true class by an answer of this person, or of an average
    one. It is positive wherever an answer tells anything, also if a single one cannot change the consensus.
    """
    if not len(items) or not len(found.confusion):
        return np.zeros(len(items))
    confusion = found.confusion.mean(axis=0) if person is None else found.confusion[person]
    q = found.probability[items]
    # For each possible answer, the joint probability of it and of each class: (n, k said, k true).
    joint = q[:, None, :] * confusion.T[None]
    then = ((joint**2).sum(axis=2) / np.maximum(joint.sum(axis=2), LEAST)).sum(axis=1)
    return np.asarray(np.maximum(then - (q**2).sum(axis=1), 0))


def _prior(model: Floats, power: float, votes: Votes) -> Floats:
    """The model's probabilities to a power; for items without them, the shares of the votes."""
    known = np.asarray(np.isfinite(model).all(axis=1))
    share = _shares(votes, majority(votes))
    return _normal(np.where(known[:, None], np.clip(np.nan_to_num(model), LEAST, 1) ** power, share))


def _shares(votes: Votes, q: Floats, more: float = 1.0) -> Floats:
    """The shares of the classes among the items with votes, with ``more`` items of each class, (k,)."""
    totals = np.maximum(q[votes.voted].sum(axis=0) + more, TINY)
    return np.asarray(totals / totals.sum())


def _confusions(given: _Given, q: Floats, *, shrunk: bool = True) -> Floats:
    """Each person's matrix, shrunk towards the person's share of right answers and the crowd's errors."""
    votes = given.votes
    k, diagonal = votes.n_classes, np.arange(votes.n_classes)
    # (person, said) gets the probabilities of the true classes.
    counts = (votes.of_answer @ q[votes.item]).reshape(votes.n_people, k, k).transpose(0, 2, 1)
    if not shrunk:
        return np.asarray(np.maximum(counts / np.maximum(counts.sum(axis=2, keepdims=True), TINY), TINY))
    crowd = counts.sum(axis=0)
    right = (np.trace(crowd) + 1) / (crowd.sum() + 2)
    errors = crowd + CROWD * (1 - right) * k / max(k - 1, 1)
    errors[diagonal, diagonal] = 0
    errors /= np.maximum(errors.sum(axis=1, keepdims=True), LEAST)
    own = (np.trace(counts, axis1=1, axis2=2) + SKILL * right) / (counts.sum(axis=(1, 2)) + SKILL)
    usual = (1 - own)[:, None, None] * errors
    if given.experts is not None:
        # Of an expert's classes, both missing one and answering one wrongly are rare.
        usual[given.experts[:, :, None] | given.experts[:, None, :]] *= EXPERT
    usual[:, diagonal, diagonal] = 1 - usual.sum(axis=2)
    return np.asarray((counts + OWN * usual) / (counts.sum(axis=2, keepdims=True) + OWN))


def _sums(place: Codes, n: int) -> csr_array:
    return csr_array((np.ones(len(place)), (place, np.arange(len(place)))), shape=(n, len(place)))


def _normal(q: Floats) -> Floats:
    return np.asarray(q / q.sum(axis=1, keepdims=True))
