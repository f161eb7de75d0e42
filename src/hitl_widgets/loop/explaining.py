"""Explaining: why the model prefers one class to another for an item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hitl_widgets.background.turns import give_way
from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import HitlError, InvalidInput
from hitl_widgets.items.lists import ListKind
from hitl_widgets.items.strikes import folded
from hitl_widgets.learn.reasons import Near, Reasons
from hitl_widgets.loop.log import Log
from hitl_widgets.loop.trainer import Trainer
from hitl_widgets.maps.preparation import Preparation

if TYPE_CHECKING:
    from hitl_widgets.items.features.telling import Piece

__all__ = ["Explaining", "Explanation", "Influence", "Telling"]

Named = tuple[str, str | None, Any]

# Items of a class that are read for its telling words, and labels that are left out of a model at most.
SAMPLE, LABELS = 100, 20


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

        ``words`` or ``columns`` (``features`` if these cannot be told apart), ``neighbours``, ``trees``, the
        experts by their name, such as ``rules``, and ``rest``.
        """
        own, value = "features", self.rest
        if self.pieces:
            own = "columns" if any(one.start is None for one in self.pieces) else "words"
            value = sum(one.value for one in self.pieces)
        reasons = self.reasons
        told = {own: value, "neighbours": reasons.neighbours, "trees": reasons.trees, **reasons.experts}
        return {name: value for name, value in told.items() if value} | {
            "rest": self.odds - sum(told.values())
        }

    @property
    def near(self) -> list[Near]:
        """The labels that reach the item along the graph, by their share."""
        return self.reasons.near


@dataclass(frozen=True, slots=True)
class Telling:
    """A word or column that speaks for a class.

    Attributes
    ----------
    code, words
        The class, and the word or ``column: value``.
    word, column
        The word; of ``column: value`` the column. What can be struck out.
    value
        What it adds to the odds against the next class, in the mean of the items with it.
    n, of
        How many items of the sample have it, and how many there are.
    """

    code: int
    words: str
    word: str | None
    column: Any
    value: float
    n: int
    of: int


@dataclass(frozen=True, slots=True)
class Influence:
    """What a label does to the guess for another item.

    Attributes
    ----------
    row, code
        The labelled item and its class.
    change
        How the probability of the guess changes without the label.
    guess
        The class that is then predicted.
    """

    row: int
    code: int
    change: float
    guess: int


class Explaining:
    """Explains guesses on request. Thread-safe.

    Parameters
    ----------
    pool, trainer, log, preparation
        Parts of the session.
    """

    def __init__(self, pool: Pool, trainer: Trainer, log: Log, preparation: Preparation) -> None:
        self._pool, self._trainer, self._log, self._preparation = pool, trainer, log, preparation

    @property
    def wordless(self) -> str:
        """Why the reasons name no words or columns of an item; empty if they do."""
        kind = self._pool.item_kind
        if not (kind.reads or kind.tabular or (isinstance(kind, ListKind) and kind.of.reads)):
            return f"Items of the kind {self._pool.kind!r} have no words or columns that could be told apart."
        if self._preparation.unread:
            return self._preparation.unread
        given = self._preparation.as_read(self._pool.items[0])
        texts = isinstance(given, tuple) and all(isinstance(one, str) for one in given)
        if not (texts or isinstance(given, str | Mapping)) or (kind.reads and not isinstance(given, str)):
            return f"embed= reads items of the kind {self._pool.kind!r} as a whole, without words."
        return ""

    def is_on_card(self, row: int) -> bool:
        """Return whether the places of the words of an item are those of the text that is displayed."""
        kind, item = self._pool.item_kind, self._pool.items[row]
        return kind.reads and self._preparation.as_read(item) == kind.words(item)

    def of(self, row: int, code: int | None = None, other: int | None = None) -> Explanation:
        """Explain why class ``code`` is preferred to class ``other`` (default: the two most likely ones).

        Raises
        ------
        InvalidInput
            If the two are the same class.
        HitlError
            If there is no model yet, or it gives no reasons.
        """
        labels = self._log.labels
        if labels.kind.name != "choice":
            way = self._trainer.instead or "session.predictions() has what the model guesses."
            raise HitlError(
                f"Reasons are given for questions with one class, not for {labels.kind.name!r}. {way}"
            )
        P = self._trainer.proba(row)
        if len(P) < 2 or max(code or 0, other or 0) >= len(P):
            raise HitlError("The model knows fewer classes. The reasons come with the next model.")
        order = [int(c) for c in np.argsort(-P, kind="stable")]
        code = order[0] if code is None else code
        other = next(c for c in order if c != code) if other is None else other
        if code == other:
            raise InvalidInput(
                f"The model guesses {labels.schema.all_values[code]!r} for this item: compare that with "
                "another class, or with None for the next one."
            )
        x, reasons = self._trainer.reasons(row, code, other)
        pieces, rest, measured = self._pieces(row, reasons, x)
        return Explanation(row, code, other, reasons.total(x), pieces, rest, reasons, measured)

    def telling(self) -> list[Telling]:
        """Return the words or columns that speak for each class, strongest first.

        For a sample of items of each predicted class, what each word adds to the odds against the next class.

        Raises
        ------
        HitlError
            As :meth:`of`.
        """
        self._trainer.proba(0)  # raises if there is no model yet
        if self.wordless:
            raise HitlError(self.wordless)
        made = self._trainer.round
        assert made is not None  # noqa: S101 - there is a model
        predicted = made.predicted
        rng = np.random.default_rng(0)
        found: list[Telling] = []
        for code in np.unique(predicted[predicted >= 0]).tolist():
            rows = np.flatnonzero(predicted == code)
            rows = rows if len(rows) <= SAMPLE else np.sort(rng.choice(rows, SAMPLE, replace=False))
            sums: dict[Named, list[float]] = {}
            for row in rows.tolist():
                give_way()
                seen: dict[Named, float] = {}
                for one in self.of(row, code).pieces:
                    seen[_named(one)] = seen.get(_named(one), 0.0) + one.value
                for name, value in seen.items():
                    sums.setdefault(name, []).append(value)
            told = [
                Telling(code, *name, sum(each) / len(each), len(each), len(rows))
                for name, each in sums.items()
            ]
            # A word of a single item says little about the class.
            told = [one for one in told if one.n >= min(2, len(rows))]
            found += sorted(told, key=lambda one: -one.value * one.n)
        return found

    def influence(self, row: int, most: int = LABELS) -> list[Influence]:
        """Return how the guess for an item changes without each of the labels that matter most for it.

        The candidates are the labels that reach it along the graph, and those nearest to it by features. A
        model is fitted without each of them.

        Raises
        ------
        HitlError
            As :meth:`of`.
        """
        now = self.of(row)
        labels = self._log.labels
        given, fit = labels.given(), self._trainer.refit(labels)
        code_of = dict(zip(given.index.tolist(), given.y.tolist(), strict=True))
        near = [one.row for one in now.near]
        x = np.asarray(self._trainer.features(np.append(given.index, row)), np.float64)
        by_distance = given.index[np.argsort(((x[:-1] - x[-1]) ** 2).sum(axis=1), kind="stable")].tolist()
        chosen = [one for one in dict.fromkeys([*near, *by_distance]) if one != row][:most]
        whole = fit(given.index, given.y, row)
        found = []
        for one in chosen:
            give_way()
            kept = given.index != one
            if len(np.unique(given.y[kept])) < 2:
                continue
            P = fit(given.index[kept], given.y[kept], row)
            change = float(P[now.code] - whole[now.code])
            found.append(Influence(one, code_of[one], change, int(P.argmax())))
        return sorted(found, key=lambda one: -abs(one.change))

    def _pieces(self, row: int, reasons: Reasons, x: Any) -> tuple[list[Piece], float, bool]:
        told = float(reasons.slope @ x.astype(np.float64)) if reasons.odds is None else reasons.start
        if self.wordless:
            return [], told, False
        from hitl_widgets.items.features.strikes import texts_of, without
        from hitl_widgets.items.features.telling import pieces_of

        out = self._trainer.ground
        strikes = out.strikes if out else ()
        encoder = self._preparation.reader(strikes)
        texts = texts_of(self._preparation.encoder)
        given = without(strikes, texts).item(self._preparation.as_read(self._pool.items[row]))
        found, exact = pieces_of(encoder, given, reasons.slope, reasons.odds)
        struck = {one.column for one in strikes if one.word is None}
        # A column that is left out has the same value for all items, which belongs to the rest.
        found = [one for one in found if one.start is not None or one.column not in struck]
        return found, told - sum(one.value for one in found), not exact


def _named(one: Piece) -> Named:
    """Return what is said of a piece, and its word, or its column if it is a whole one."""
    if one.start is None:
        return f"{one.column}: {one.words}", None, one.column
    return folded(one.words), folded(one.words), None
