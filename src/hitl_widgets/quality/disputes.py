"""Disputes: items on which annotators differ, and how much."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

__all__ = ["AGREED", "Dispute", "Disputes", "Given", "agreed", "differ"]

# Answers that agree at least so far are no dispute: two people never draw quite the same box.
AGREED = 0.9

Agree = Callable[[Any, Any], float]


def differ(answers: Sequence[Any], agree: Agree) -> bool:
    """Return whether two of these answers agree less than :data:`AGREED`."""
    distinct = list(dict.fromkeys(answers))
    return any(agree(a, b) < AGREED for a, b in combinations(distinct, 2))


def agreed(answers: Sequence[Any], agree: Agree) -> float:
    """Return how far the answers agree on average over pairs of people, 0-1; NaN for fewer than two."""
    pairs = [1.0 if a == b else agree(a, b) for a, b in combinations(answers, 2)]
    return sum(pairs) / len(pairs) if pairs else float("nan")


@dataclass(frozen=True)
class Given:
    """One of the answers to an item: who gave it, the number of experts, and its probability if known."""

    answer: Any
    people: tuple[str, ...]
    experts: int
    share: float | None


@dataclass(frozen=True)
class Dispute:
    """An item on which people differ: its answers, the most probable or frequent first.

    ``agree`` is how far they agree, 0-1. ``mine``: it is about classes that the reviewer knows best.
    """

    row: int
    answers: tuple[Given, ...]
    agree: float
    mine: bool

    @property
    def doubt(self) -> float:
        """How uncertain the answer is, 0-1."""
        best = self.answers[0].share
        return 1 - (self.agree if best is None else best)


@dataclass(frozen=True)
class Disputes:
    """The disputes that nobody has decided, those of the reviewer's classes first, then the most uncertain.

    ``n_shared`` items have answers of several people; ``n_people`` have answered at all.
    """

    open: tuple[Dispute, ...]
    n_shared: int
    n_people: int
