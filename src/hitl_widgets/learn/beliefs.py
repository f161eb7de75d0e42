"""Beliefs: a model's predictions for every item of a pool, for each kind of problem."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from hitl_widgets.learn.learner import FloatArray, IntArray

__all__ = ["Belief", "MultiBelief", "OrderBelief", "RealBelief"]

SHARES = 3


class Belief(Protocol):
    """A model's predictions for every item; immutable."""

    @property
    def uncertainty(self) -> npt.NDArray[np.float32]:
        """float32 of shape (n,), 0 to 1: how unsure the model is."""

    @property
    def confidence(self) -> npt.NDArray[np.float32]:
        """float32 of shape (n,): the probability that the guess is correct."""

    @property
    def predicted(self) -> npt.NDArray[Any]:
        """The guesses: class codes (n,), -1 if there is none; for several classes, bool (n, n_classes)."""

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Whether there is a guess for each item, bool of shape (n,)."""

    def guess(self, i: int) -> tuple[int, ...] | None:
        """Return the guessed class codes of item ``i``; None if there is no guess."""

    def shares(self, i: int) -> list[tuple[int, float]]:
        """Return the most likely classes of item ``i``, at most three, with their probabilities.

        They are parts of a whole; empty if several classes may apply at once, or there is no guess.
        """

    def counts(self, n_classes: int) -> IntArray:
        """Return the number of guesses of each class, int64 (n_classes,)."""

    def some(self, rows: IntArray) -> Belief:
        """Return the belief for some items."""

    def under(self, codes: IntArray, n_classes: int) -> Belief:
        """Return the belief in new class codes: ``codes[old]`` is the new code, -1 if the class is gone."""

    def __len__(self) -> int: ...


@dataclass(frozen=True, eq=False)
class MultiBelief:
    """Independent probabilities of each class, for items with several classes.

    Attributes
    ----------
    P
        float32 of shape (n, n_classes).
    known
        bool of shape (n,): whether there is a guess for the item.
    """

    P: npt.NDArray[np.float32]
    known: npt.NDArray[np.bool_]

    @classmethod
    def empty(cls, n: int, n_classes: int) -> MultiBelief:
        """Return a belief without guesses."""
        return cls(np.zeros((n, n_classes), np.float32), np.zeros(n, np.bool_))

    def __len__(self) -> int:
        return len(self.P)

    @cached_property
    def predicted(self) -> npt.NDArray[np.bool_]:
        """Whether the probability of each class exceeds 0.5, bool of shape (n, n_classes)."""
        return np.asarray(self.P > 0.5)

    @cached_property
    def confidence(self) -> npt.NDArray[np.float32]:
        """float32 of shape (n,): the probability that all classes are correct, assuming independence."""
        sure = np.maximum(self.P, 1 - self.P)
        return np.where(self.known, sure.prod(axis=1), 0).astype(np.float32)

    @cached_property
    def uncertainty(self) -> npt.NDArray[np.float32]:
        """float32 of shape (n,): one minus the confidence."""
        return np.where(self.known, 1 - self.confidence, 0).astype(np.float32)

    def guess(self, i: int) -> tuple[int, ...] | None:
        """See :class:`Belief`."""
        return tuple(np.flatnonzero(self.predicted[i]).tolist()) if self.known[i] else None

    def shares(self, i: int) -> list[tuple[int, float]]:
        """See :class:`Belief`."""
        return []

    def counts(self, n_classes: int) -> IntArray:
        """See :class:`Belief`."""
        found = np.zeros(n_classes, np.int64)
        found[: self.P.shape[1]] = self.predicted[self.known].sum(axis=0)
        return found

    def some(self, rows: IntArray) -> MultiBelief:
        """See :class:`Belief`."""
        return MultiBelief(self.P[rows], self.known[rows])

    def under(self, codes: IntArray, n_classes: int) -> MultiBelief:
        """See :class:`Belief`."""
        P = np.zeros((len(self.P), n_classes), np.float32)
        stays = codes[: self.P.shape[1]] >= 0
        P[:, codes[: self.P.shape[1]][stays]] = self.P[:, stays]
        return replace(self, P=P)


@dataclass(frozen=True, eq=False)
class RealBelief:
    """A number for each item on a scale of levels, with its uncertainty.

    Attributes
    ----------
    P
        float32 of shape (n, n_levels): the probability of each level.
    values
        float64 of shape (n_levels,): the number of each level, ascending.
    known
        bool of shape (n,): whether there is a guess for the item.
    """

    P: npt.NDArray[np.float32]
    values: npt.NDArray[np.float64]
    known: npt.NDArray[np.bool_]

    @classmethod
    def empty(cls, n: int, values: npt.NDArray[np.float64]) -> RealBelief:
        """Return a belief without guesses."""
        return cls(np.zeros((n, len(values)), np.float32), values, np.zeros(n, np.bool_))

    def __len__(self) -> int:
        return len(self.P)

    @cached_property
    def mean(self) -> npt.NDArray[np.float32]:
        """float32 of shape (n,): the expected number."""
        return np.asarray(self.P @ self.values, np.float32)

    @cached_property
    def sd(self) -> npt.NDArray[np.float32]:
        """float32 of shape (n,): its standard deviation."""
        square = self.P @ self.values**2 - (self.P @ self.values) ** 2
        return np.asarray(np.sqrt(np.maximum(square, 0)), np.float32)

    @cached_property
    def predicted(self) -> npt.NDArray[np.int16]:
        """int16 of shape (n,): the median level, which has the least expected error; -1 without a guess."""
        return np.where(self.known, medians(self.P), -1).astype(np.int16)

    @cached_property
    def confidence(self) -> npt.NDArray[np.float32]:
        """float32 of shape (n,): the probability of the median level."""
        found = self.P[np.arange(len(self.P)), np.maximum(self.predicted, 0)]
        return np.where(self.known, found, 0).astype(np.float32)

    @cached_property
    def uncertainty(self) -> npt.NDArray[np.float32]:
        """float32 of shape (n,): the standard deviation as a share of its maximum."""
        half = (self.values[-1] - self.values[0]) / 2
        return np.where(self.known, np.minimum(self.sd / half, 1), 0).astype(np.float32)

    def guess(self, i: int) -> tuple[int, ...] | None:
        """See :class:`Belief`."""
        return (int(self.predicted[i]),) if self.known[i] else None

    def shares(self, i: int) -> list[tuple[int, float]]:
        """See :class:`Belief`."""
        most = np.argsort(-self.P[i], kind="stable")[:SHARES]
        return [(int(code), float(self.P[i, code])) for code in most] if self.known[i] else []

    def counts(self, n_classes: int) -> IntArray:
        """See :class:`Belief`."""
        return np.bincount(self.predicted[self.known], minlength=n_classes)

    def some(self, rows: IntArray) -> RealBelief:
        """See :class:`Belief`."""
        return RealBelief(self.P[rows], self.values, self.known[rows])

    def under(self, codes: IntArray, n_classes: int) -> RealBelief:
        """See :class:`Belief`. If the levels change, the scale is a different one, without guesses."""
        if n_classes == self.P.shape[1] and np.array_equal(codes[:n_classes], np.arange(n_classes)):
            return self
        return RealBelief.empty(len(self), np.arange(n_classes, dtype=np.float64))


@dataclass(frozen=True, eq=False)
class OrderBelief:
    """An order of the members of each item.

    Attributes
    ----------
    P
        float32 of shape (n, k): the probability that each member is the best, 0 where there is none. Of two
        members, one is better with the probability of its share of the two (Luce 1959).
    known
        bool of shape (n,): whether there is a guess for the item.
    gains
        float64 of shape (n,): how much each answer would teach the model; None if unknown.
    """

    P: npt.NDArray[np.float32]
    known: npt.NDArray[np.bool_]
    gains: npt.NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.P)

    @cached_property
    def _sorted(self) -> npt.NDArray[np.float64]:
        return -np.sort(-self.P.astype(np.float64), axis=1)

    def order(self, i: int) -> list[int]:
        """Return the members of item ``i``, best first."""
        found: list[int] = np.argsort(-self.P[i], kind="stable")[: int((self.P[i] > 0).sum())].tolist()
        return found

    @cached_property
    def predicted(self) -> npt.NDArray[np.int16]:
        """int16 of shape (n,): the best member, -1 without a guess."""
        return np.where(self.known, self.P.argmax(axis=1), -1).astype(np.int16)

    @cached_property
    def confidence(self) -> npt.NDArray[np.float32]:
        """float32 of shape (n,): the probability of the whole order (Plackett 1975)."""
        P = self._sorted
        left = np.cumsum(P[:, ::-1], axis=1)[:, ::-1]
        share = np.where(P > 0, P / np.maximum(left, 1e-12), 1)
        return np.where(self.known, share.prod(axis=1), 0).astype(np.float32)

    @cached_property
    def uncertainty(self) -> npt.NDArray[np.float32]:
        """float32 of shape (n,): that of the least certain neighbours in the order, 1 if they are equal."""
        P = self._sorted
        pairs = np.where(P[:, 1:] > 0, 2 * P[:, 1:] / np.maximum(P[:, 1:] + P[:, :-1], 1e-12), 0)
        return np.where(self.known, pairs.max(axis=1), 0).astype(np.float32)

    def guess(self, i: int) -> tuple[int, ...] | None:
        """See :class:`Belief`: no classes."""
        return () if self.known[i] else None

    def shares(self, i: int) -> list[tuple[int, float]]:
        """See :class:`Belief`."""
        return []

    def counts(self, n_classes: int) -> IntArray:
        """See :class:`Belief`."""
        return np.zeros(n_classes, np.int64)

    def some(self, rows: IntArray) -> OrderBelief:
        """See :class:`Belief`."""
        return OrderBelief(self.P[rows], self.known[rows], None if self.gains is None else self.gains[rows])

    def under(self, codes: IntArray, n_classes: int) -> OrderBelief:
        """Return the same belief."""
        return self


def medians(P: FloatArray) -> IntArray:
    """Return the median level of each row of probabilities, (n,)."""
    return np.asarray((np.cumsum(P, axis=1)[:, :-1] < 0.5).sum(axis=1))
