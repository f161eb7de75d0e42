"""Explaining: why the model prefers one class to another for an item."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import HitlError
from hitl_widgets.learn.reasons import Near, Reasons
from hitl_widgets.loop.log import Log
from hitl_widgets.loop.trainer import Trainer
from hitl_widgets.maps.preparation import Preparation

if TYPE_CHECKING:
    from hitl_widgets.items.features.telling import Piece

__all__ = ["Explaining", "Explanation"]


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why the model prefers one class to another for an item.

    Attributes
    ----------
    row
        The item.
    code, other
        The preferred class and the other one.
    odds
        The logarithm of the odds of the two: the sum of the pieces, the rest, the neighbours, the trees and
        the start.
    pieces
        The words or columns of the item, in its order.
    rest
        What its features add that belongs to no word or column.
    reasons
        What the model is made of.
    measured
        Whether the pieces were measured by leaving each out, since the features cannot be taken apart; they
        then need not add up.
    """

    row: int
    code: int
    other: int
    odds: float
    pieces: list[Piece]
    rest: float
    reasons: Reasons
    measured: bool = False

    @property
    def parts(self) -> dict[str, float]:
        """What each part adds to the odds.

        ``words`` or ``columns`` (``features`` if these cannot be told apart), ``neighbours``, ``trees`` and
        ``rest``.
        """
        own, value = "features", self.rest
        if self.pieces:
            own = "columns" if any(one.start is None for one in self.pieces) else "words"
            value = sum(one.value for one in self.pieces)
        told = {own: value, "neighbours": self.reasons.neighbours, "trees": self.reasons.trees}
        return {name: value for name, value in told.items() if value} | {
            "rest": self.odds - sum(told.values())
        }

    @property
    def near(self) -> list[Near]:
        """The labels that reach the item along the graph, by their share."""
        return self.reasons.near


class Explaining:
    """Explains guesses on request. Thread-safe.

    Parameters
    ----------
    pool, trainer, log, preparation
        Parts of the session.
    """

    def __init__(self, pool: Pool, trainer: Trainer, log: Log, preparation: Preparation) -> None:
        self._pool, self._trainer, self._log, self._preparation = pool, trainer, log, preparation

    def of(self, row: int, code: int | None = None, other: int | None = None) -> Explanation:
        """Explain why class ``code`` is preferred to class ``other`` (default: the two most likely ones).

        Raises
        ------
        HitlError
            If there is no model yet, or it gives no reasons.
        """
        labels = self._log.labels
        if labels.kind.name != "choice":
            raise HitlError(f"Reasons are given for questions with one class, not for {labels.kind.name!r}.")
        P = self._trainer.proba(row)
        order = [int(c) for c in np.argsort(-P, kind="stable")]
        code = order[0] if code is None else code
        other = next(c for c in order if c != code) if other is None else other
        x, reasons = self._trainer.reasons(row, code, other)
        pieces, rest, measured = self._pieces(row, reasons, x)
        return Explanation(row, code, other, reasons.total(x), pieces, rest, reasons, measured)

    def _pieces(self, row: int, reasons: Reasons, x: Any) -> tuple[list[Piece], float, bool]:
        told, encoder = float(reasons.slope @ x.astype(np.float64)), self._preparation.encoder
        told = reasons.start if reasons.odds is not None else told
        kind = self._pool.item_kind
        if encoder is None or not (kind.reads or kind.tabular):
            return [], told, False
        from hitl_widgets.items.features.telling import pieces_of

        item = self._pool.items[row]
        given = kind.words(item) if kind.reads else item
        found, exact = pieces_of(encoder, given, reasons.slope, reasons.odds)
        return found, told - sum(one.value for one in found), not exact
