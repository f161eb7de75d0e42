"""Whom to ask: the machine, or the person who is most likely right about an item."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["Route", "expected_accuracy", "route"]

Floats = npt.NDArray[np.float64]
Route = npt.NDArray[np.int64]


def expected_accuracy(probability: Floats, confusion: Floats) -> Floats:
    """Return the probability that each person's answer is right, (n_items, n_people).

    Parameters
    ----------
    probability
        (n_items, n_classes): the model's.
    confusion
        (n_people, n_classes, n_classes): of each person, given the true class, as in a ``Consensus``.
    """
    right = np.diagonal(confusion, axis1=1, axis2=2)
    return np.asarray(probability @ right.T)


def route(probability: Floats, confusion: Floats, share: float) -> Route:
    """Return who answers each item: a person's number, or -1 for the machine.

    The share of the items that goes to people are those where the best person is expected to gain most over
    the machine; none goes to a person who is expected to be worse.
    """
    people = expected_accuracy(probability, confusion)
    best = people.argmax(axis=1)
    gain = people.max(axis=1) - probability.max(axis=1)
    most = int(np.floor(share * len(probability)))
    asked = np.argsort(-gain, kind="stable")[:most]
    found = np.full(len(probability), -1)
    asked = asked[gain[asked] > 0]
    found[asked] = best[asked]
    return found
