"""Reasons: what a learner's preference for one class over another is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

__all__ = ["SMALLEST", "Explaining", "Near", "Reasons"]

# Odds whose logarithm is nearer to 0 are not scaled.
SMALLEST = 1e-9


@dataclass(frozen=True, slots=True)
class Near:
    """A label that reaches a row along the neighbor graph.

    Attributes
    ----------
    row, code
        The labelled row and its class.
    share
        Its share of all that reaches the row, 0 to 1.
    """

    row: int
    code: int
    share: float


@dataclass(frozen=True, eq=False)
class Reasons:
    """What the logarithm of the odds of two classes at a row is the sum of.

    Attributes
    ----------
    slope
        float64 of shape (d,): what one unit of each feature of the row adds.
    start
        What is added for every row.
    neighbours
        What labels and features of neighbouring rows add.
    trees
        What trees on single columns add.
    experts
        What experts besides the learner add, by their name, such as ``rules``.
    near
        The labels that reach the row, by their share.
    odds
        For learners that are not linear in the features: returns the logarithm of the odds of rows by their
        features, (m, d); all of it is in ``start``.
    """

    slope: npt.NDArray[np.float64]
    start: float = 0.0
    neighbours: float = 0.0
    trees: float = 0.0
    experts: Mapping[str, float] = field(default_factory=dict)
    near: list[Near] = field(default_factory=list)
    odds: Callable[[npt.NDArray[Any]], npt.NDArray[np.float64]] | None = None

    def total(self, x: npt.NDArray[np.floating]) -> float:
        """Return the logarithm of the odds, where ``x`` are the features of the row, shape (d,)."""
        own = float(self.slope @ x.astype(np.float64)) + self.start + self.neighbours + self.trees
        return own + sum(self.experts.values())

    def limited(self, x: npt.NDArray[np.floating], total: float, experts: Mapping[str, float]) -> Reasons:
        """Return the parts scaled to a total for the row with features ``x``, and experts beside them."""
        whole, odds = self.total(x), self.odds
        scale = total / whole if abs(whole) > SMALLEST else 1.0
        more = total - scale * whole
        return replace(
            self,
            slope=scale * self.slope,
            start=scale * self.start + more,
            neighbours=scale * self.neighbours,
            trees=scale * self.trees,
            experts=experts,
            odds=None if odds is None else lambda X: scale * odds(X) + more,
        )


@runtime_checkable
class Explaining(Protocol):
    """A learner that can say what its predictions are made of."""

    def reasons(self, row: int, one: int, other: int) -> Reasons:
        """Return why the odds of class ``one`` against class ``other`` at a row are what they are."""
