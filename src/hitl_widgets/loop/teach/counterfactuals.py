"""Counterfactuals: the smallest change of an item after which the model guesses another class."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import HitlError, InvalidInput
from hitl_widgets.items.base import ItemKind
from hitl_widgets.items.markup import Markup
from hitl_widgets.learn.counterfactual import FLIPPED, fewest, margins
from hitl_widgets.loop.teach.cells import differing
from hitl_widgets.loop.teach.edits import Editing
from hitl_widgets.loop.teach.wording import Change, Words, left_out, toward
from hitl_widgets.loop.trainer import Trainer

__all__ = ["Counterfactual", "Counterfactuals", "NewCell"]

# Items with another guess that a row and a text are changed toward, and how many are searched for them.
ROWS, TEXTS, SEARCHED = 3, 2, 20_000
# As many again among the surest of them, from this share on.
SURE = 0.75
# Words of a text that are left out at most, and words that are tried at all.
LEFT_OUT, TRIED = 6, 100
# Rows that are read at a time; for ten columns, those are all sets of the same size.
AT_ONCE = 300


@dataclass(frozen=True, slots=True)
class NewCell:
    """A new value of a column of a table row."""

    column: Any
    before: Any
    after: Any


@dataclass(frozen=True, eq=False)
class Counterfactual:
    """The smallest change found after which the model guesses another class.

    Attributes
    ----------
    row
        The item.
    item
        The changed item.
    changes
        The words of a text that are replaced, left out or added; the new cells of a table row.
    before, after
        float64 (n_classes,): the probabilities of the item and of the changed item.
    """

    row: int
    item: Any
    changes: list[Change] | list[NewCell]
    before: npt.NDArray[np.float64]
    after: npt.NDArray[np.float64]

    @property
    def code(self) -> int:
        """The class that is guessed for the item."""
        return int(self.before.argmax())

    @property
    def to(self) -> int:
        """The class that is guessed for the changed item."""
        return int(self.after.argmax())


class Counterfactuals:
    """Finds small changes that flip the model's guess. Thread-safe.

    Parameters
    ----------
    editing, pool, trainer
        Parts of the session.
    hidden
        Returns whether an item must not be displayed.
    """

    def __init__(self, editing: Editing, pool: Pool, trainer: Trainer, hidden: Callable[[int], bool]) -> None:
        self._editing, self._pool, self._trainer, self._hidden = editing, pool, trainer, hidden

    def of(self, row: int, to: int | None = None, *, bare: bool = True) -> Counterfactual:
        """Return a smallest change of an item after which the model guesses class ``to``, or any other one.

        Columns of a table row get the values of one of the nearest items with that guess (its nearest unlike
        neighbours); words of a text are left out, or it gets words of such an item. How:
        :func:`~hitl_widgets.learn.counterfactual.fewest`.

        Parameters
        ----------
        row, to
            The item, and the code of the class.
        bare
            Whether with the personal data, and with items that must not be displayed.

        Raises
        ------
        HitlError
            If there is no model, or no such change is found.
        """
        item = self._editing.source(row, bare=bare)
        [before] = self._editing.told([item])
        start = int(before.argmax())
        if to == start:
            raise InvalidInput("The model guesses this class already: choose another one.")
        others = self._unlike(row, start, to, bare=bare)
        search: Any = self._words if isinstance(item, str) else self._columns
        if (found := search(item, others, start, to)) is None:
            raise HitlError(
                "No change flips the guess for this item. Label more items, or edit it yourself."
                if others
                else "The model guesses the same class for all other items: label some of another class."
                if to is None
                else "The model guesses this class for no item: label some items with it."
            )
        changes, made = found
        return Counterfactual(row, made, changes, before, self._editing.told([made])[0])

    def _unlike(self, row: int, start: int, to: int | None, *, bare: bool) -> list[Any]:
        """Return the nearest items with another guess, nearest first."""
        made = self._trainer.round
        assert made is not None  # noqa: S101 - there is a model
        guessed = made.predicted
        rows = np.flatnonzero((guessed >= 0) & (guessed != start) if to is None else guessed == to)
        if len(rows) > SEARCHED:
            rows = np.sort(np.random.default_rng(0).choice(rows, SEARCHED, replace=False))
        if not len(rows):
            return []
        X = np.asarray(self._trainer.features(np.append(rows, row)), np.float64)
        order = rows[np.argsort(((X[:-1] - X[-1]) ** 2).sum(axis=1), kind="stable")].tolist()
        most = TEXTS if self._pool.item_kind.reads else ROWS
        order = [one for one in order if bare or not self._hidden(one)]
        # The nearest ones are near the border, too: of a surer one, fewer values are enough.
        sure = np.quantile(made.confidence[rows], SURE)
        surest = [one for one in order if made.confidence[one] >= sure]
        near = list(dict.fromkeys([*order[:most], *surest[:most]]))
        items = [self._pool.items[one] if bare else self._pool.displayed(one) for one in near]
        # As they are displayed, or by a newer model, the guess may be another one.
        return [item for item in items if margins(self._editing.told([item]), start, to)[0] > FLIPPED]

    def _columns(
        self, item: Mapping[Any, Any], others: Sequence[Mapping[Any, Any]], start: int, to: int | None
    ) -> tuple[list[NewCell], dict[Any, Any]] | None:
        best: dict[Any, Any] | None = None
        out = self._editing.struck
        for other in others:
            read = set(differing(out.item(item), out.item(other)))  # what is struck flips nothing
            new = {name: other[name] for name in differing(item, other) if name in read}
            flip = self._fewest(list(new.items()), lambda some: {**item, **dict(some)}, start, to, best)
            best = best if flip is None else dict(flip)
        if best is None:
            return None
        return [NewCell(name, item[name], value) for name, value in best.items()], {**item, **best}

    def _words(
        self, item: str, others: Sequence[str], start: int, to: int | None
    ) -> tuple[list[Change], str] | None:
        kind = self._pool.item_kind
        struck = self._editing.struck.places(None)  # flips nothing, so it stays as it is
        marked = kind.marked(item) if isinstance(kind, Markup) else ()
        text = Words(item, [*marked, *struck.of(item)])
        best = self._fewest(left_out(text)[:TRIED], text.changed, start, to, None, LEFT_OUT)
        for other in others:
            flip = self._fewest(
                toward(text, Words(struck.blanked(kind.words(other))))[:TRIED], text.changed, start, to, best
            )
            best = best if flip is None else flip
        return None if best is None else (best, text.changed(best))

    def _fewest(
        self,
        changes: Sequence[Any],
        changed: Callable[[Sequence[Any]], Any],
        start: int,
        to: int | None,
        best: Sequence[Any] | Mapping[Any, Any] | None,
        most: int = TRIED,
    ) -> list[Any] | None:
        """Return fewer changes than the best ones so far, None if there are none."""
        kind = self._pool.item_kind
        tags = kind.tags(changed([])) if isinstance(kind, Markup) else None

        def told(sets: Sequence[frozenset[int]]) -> npt.NDArray[np.float64]:
            made = [changed([changes[k] for k in sorted(one)]) for one in sets]
            P = self._editing.told(made)
            # A text without words is no item, and markup stays as it is.
            bad = [isinstance(one, str) and not (one and _has(kind, one, tags)) for one in made]
            P[bad] = np.eye(P.shape[1])[start]
            return P

        most = most if best is None else len(best) - 1
        at_once = 0 if self._pool.item_kind.reads else AT_ONCE
        flip = fewest(len(changes), told, start, to, most=most, at_once=at_once)
        return None if flip is None else [changes[k] for k in sorted(flip.changes)]


def _has(kind: ItemKind, item: str, tags: list[str] | None) -> bool:
    """Return whether markup has these tags; any text has None."""
    return tags is None or (isinstance(kind, Markup) and kind.tags(item) == tags)
