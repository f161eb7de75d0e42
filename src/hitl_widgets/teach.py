"""Teach: what you know besides labels, told to the model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hitl_widgets.errors import InvalidInput, choices, nearest
from hitl_widgets.loop.loop import Loop

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Edits", "Teach"]


class Teach:
    """What you know besides labels, told to the model; ``session.teach``."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop

    def __repr__(self) -> str:
        return f"<Teach of task {self._loop.task!r}>"

    # -- edited items ------------------------------------------------------------

    def counterfactual(self, id: Any, to: Any = None) -> pd.DataFrame:  # noqa: A002 - the field's own word
        """Return the smallest change of an item found after which the model guesses another class.

        Columns of a table row get the values of one of the three nearest items with another guess (nearest
        unlike neighbours); words of a text are left out, or replaced by those of such an item. The change
        that helps most is added until the guess flips, and those that are not needed are taken back: none can
        be left out, but there may be a smaller set.

        Parameters
        ----------
        id
            The item.
        to
            The class to be guessed; None for any other than now.

        Returns
        -------
        One row for each change: columns column (None for a text), before, after (empty for a word that is
        left out), start and end (the characters of a word). ``attrs`` has item (the changed item, for
        :meth:`edit`), guess and to (the class that is guessed before and after), and before and after (their
        probabilities, by class).

        Raises
        ------
        InvalidInput
            If ``to`` is guessed already.
        HitlError
            If there is no model yet, no such change is found, the items are no texts or table rows, or the
            question has no single class.
        """
        from hitl_widgets.transfer.edits import counterfactual_table

        loop = self._loop
        [row] = loop.pool.index([id])
        code = None if to is None else loop.schema.code(to)
        loop.editing.source(row)
        loop.background.settle(None)
        return counterfactual_table(loop.counterfactuals.of(row, code), loop.schema)

    def edit(self, id: Any, new: Any, label: Any, *, event_id: str | None = None) -> str:  # noqa: A002
        """Keep an edited item with its class, as an item of its own. Returns the event's id.

        The model learns it; the item itself stays as it is. Edited items are not asked, counted, audited,
        drawn on the map or exported: see :attr:`edits`. :meth:`Session.undo` takes it back.

        Parameters
        ----------
        id
            The item that is edited.
        new
            The edited text; of a table row, a dict with the cells that are changed.
        label
            The class of the edited item.
        event_id
            Id for an act that may be sent twice.

        Raises
        ------
        InvalidInput
            If nothing is changed, or a value does not fit.
        HitlError
            If the items are no texts or table rows, or the question has no single class.
        """
        [row] = self._loop.pool.index([id])
        self._loop.editing.source(row)
        class_id = self._loop.schema.ids[self._loop.schema.code(label)]
        return self._loop.editing.keep(row, new, class_id, event_id=event_id)

    @property
    def edits(self) -> Edits:
        """The edited items."""
        return Edits(self._loop)


class Edits:
    """The edited items in effect; ``session.teach.edits``."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop

    def __len__(self) -> int:
        self._loop.log.catch_up()
        return len(self._loop.editing.kept)

    def __repr__(self) -> str:
        return f"<{len(self)} edited items of task {self._loop.task!r}>"

    def drop(self, name: str) -> str:
        """Remove an edited item, by its name in :meth:`to_frame`. Returns the event's id."""
        self._loop.log.catch_up()
        known = self._loop.log.definitions("edit")
        if name not in known:
            raise InvalidInput(
                f"There is no edited item {name!r}.{nearest(name, known)} There are {choices(known)}."
            )
        return self._loop.editing.drop(name)

    def to_frame(self) -> pd.DataFrame:
        """Return the edited items, oldest first.

        Columns name, id (of the item that was edited), item (the edited text; a dict of a table row), label,
        annotator and time.
        """
        self._loop.log.catch_up()
        from hitl_widgets.transfer.edits import edits_table

        return edits_table(self._loop.editing.kept, self._loop.pool, self._loop.schema)
