"""Teach: what you know besides labels, told to the model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hitl_widgets.errors import InvalidInput, choices, nearest
from hitl_widgets.loop.loop import Loop
from hitl_widgets.loop.teach.guidelines import Guidelines
from hitl_widgets.loop.teach.rulebook import Rules
from hitl_widgets.loop.teach.strikes import MOST_WEIGHT, OF, Effect, Striking, in_effect, keep
from hitl_widgets.loop.words import counted

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Edits", "Teach"]


class Teach:
    """What you know besides labels, told to the model; ``session.teach``."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop

    def __repr__(self) -> str:
        return f"<Teach of task {self._loop.task!r}>"

    # -- words and columns -------------------------------------------------------

    @property
    def _striking(self) -> Striking:
        return self._loop.background.striking

    def strike(
        self, word: str | None = None, *, column: str | None = None, event_id: str | None = None
    ) -> str:
        """Strike out a word or column that misleads the model, for all classes.

        The model reads all items without it, in the background: :meth:`Session.wait` waits for that. Only
        items with the word are read again, by the same encoder; the map stays as it is. What
        :meth:`Session.model` returns leaves it out, too. :meth:`preview` tells beforehand what it costs or
        gains, and :meth:`Session.undo` takes it back.

        Parameters
        ----------
        word
            One or more words in a row, matched as a whole, regardless of case.
        column
            A column of a table. With a word, only that word of that column.
        event_id
            A UUID of your own. If the act may be sent twice, only the first counts.

        Returns
        -------
        The id of the event.

        Raises
        ------
        InvalidInput
            If no item contains it, or the features cannot leave it out, as with ``X=``.
        """
        return self._define(word, column, 0.0, event_id)

    def emphasize(
        self,
        word: str | None = None,
        *,
        column: str | None = None,
        weight: float = 1.0,
        event_id: str | None = None,
    ) -> str:
        """Let a word count more: the model gets a feature of its own for the items that contain it.

        The labels still decide which class it speaks for. It takes the place of an earlier
        :meth:`strike` of the word.

        Parameters
        ----------
        word, column, event_id
            See :meth:`strike`.
        weight
            The value of the feature, above 0 and at most 10; 1 is the length of a typical row of features.

        Raises
        ------
        InvalidInput
            As :meth:`strike`, or if the weight is out of range.
        """
        return self._define(word, column, _checked(weight), event_id)

    def bring_back(
        self, word: str | None = None, *, column: str | None = None, event_id: str | None = None
    ) -> str:
        """Let the model read a struck word or column again, or count an emphasized word as any other.

        Raises
        ------
        InvalidInput
            If it is not among :attr:`strikes`.
        """
        self._loop.log.catch_up()
        strike, known = self._striking.named(word, column), self._loop.log.definitions(OF)
        if strike.name not in known:
            alike = [one for one in in_effect(self._loop.log) if strike.word in (one.word, one.name)]
            if word is None:
                alike = [one for one in in_effect(self._loop.log) if one.column == column]
            back = f" Call session.teach.bring_back({alike[0].arguments})." if alike else ""
            raise InvalidInput(
                f"{strike.name!r} is not struck out.{back or nearest(strike.name, known)} "
                f"Struck out are {choices(known) if known else 'no words and no columns'}."
            )
        return keep(self._loop.acts, strike, on=False, event_id=event_id)

    def preview(self, word: str | None = None, *, column: str | None = None, weight: float = 0.0) -> Effect:
        """Return what :meth:`strike`, or :meth:`emphasize` with a weight, would do; nothing is changed.

        Each label is predicted by a model of all others, with and without the strike. The figures are those
        of your labels; if these were chosen because they are hard, look at those of the audited ones.

        Raises
        ------
        InvalidInput
            As :meth:`strike`.
        """
        strike = self._striking.check(word, column, weight and _checked(weight))
        self._loop.background.settle(None)
        return self._striking.preview(strike)

    @property
    def strikes(self) -> pd.DataFrame:
        """What is struck out or counts more.

        Columns word, column, weight (0 if struck out), items (how many contain it), annotator, time and
        event_id.
        """
        import pandas as pd

        self._loop.log.catch_up()
        found = self._striking.table()
        return pd.DataFrame(
            {
                "word": pd.Series([one.word for one, _, _ in found], dtype=object),
                "column": pd.Series([one.column for one, _, _ in found], dtype=object),
                "weight": [one.weight for one, _, _ in found],
                "items": [n for _, n, _ in found],
                "annotator": [event.annotator for *_, event in found],
                "time": [event.time for *_, event in found],
                "event_id": [event.event_id for *_, event in found],
            }
        )

    def _define(self, word: str | None, column: str | None, weight: float, event_id: str | None) -> str:
        return keep(self._loop.acts, self._striking.check(word, column, weight), event_id=event_id)

    # -- edited items ------------------------------------------------------------

    def counterfactual(self, id: Any, to: Any = None) -> pd.DataFrame:  # noqa: A002 - the field's own word
        """Return the smallest change of an item found after which the model guesses another class.

        Columns of a table row get the values of one of the nearest items with another guess (nearest
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

        The item itself stays as it is. The model learns the edited one once the item is labelled, too: a
        model that has not seen that label knows nothing of the edit, so that the audit stays honest. Edited
        items are not asked, counted, audited, drawn on the map or exported: see :attr:`edits`.
        :meth:`Session.undo` takes it back. The same edit with another class takes the place of the earlier
        one; other edits of the item stay.

        Parameters
        ----------
        id
            The item that is edited; or the name of an edit in :attr:`edits`, which this one replaces.
        new
            The edited text; of a table row, a dict with the cells that are changed.
        label
            The class of the edited item.
        event_id
            Id for an act that may be sent twice.

        Raises
        ------
        InvalidInput
            If nothing is changed that the model reads, a value does not fit, or ``id`` is the name of an edit
            and another edit of the item is like this already.
        HitlError
            If the items are no texts or table rows, the question has no single class, or the model could not
            learn it: ``X=`` was passed, or ``embed=`` does not embed each item by itself.
        """
        loop, name = self._loop, None
        row = loop.pool.find(id)
        if row is None and (named := next((one for one in loop.editing.kept if one.name == id), None)):
            row, name = named.row, named.name
        if row is None:
            [row] = loop.pool.index([id])  # says what the ids look like
        loop.editing.source(row)
        class_id = loop.schema.ids[loop.schema.code(label)]
        return loop.editing.keep(row, new, class_id, name=name, event_id=event_id)

    @property
    def edits(self) -> Edits:
        """The edited items."""
        return Edits(self._loop)

    # -- proposals ---------------------------------------------------------------

    def proposals(self) -> pd.DataFrame:
        """Return what the model proposes, in the order in which the Labeler shows it, one at a time.

        Each ends in an act of yours, which can be undone: ``session.classes.add``, ``session.classes.merge``,
        :meth:`Session.label` or :meth:`Session.hand_over`.

        Returns
        -------
        Columns proposal (what :meth:`dismiss` takes), kind, text, ids (a list) and classes (a list of names).
        The kinds:

        ``class``
            These items look like one thing that no class explains; a class may be missing.
        ``merge``
            The model cannot tell these two classes apart; the items are the labels that it confuses.
        ``rule``
            A rule and these labels differ.
        ``hand_over``
            The model would label these items by itself: see :meth:`.Trust.hand_over`.
        """
        import pandas as pd

        self._loop.log.catch_up()
        self._loop.background.settle(None)
        schema, ids = self._loop.schema, self._loop.pool.ids
        found = self._loop.background.proposing.find()
        names = dict(zip(schema.ids, schema.names, strict=False))
        table = pd.DataFrame(
            [(one.name, one.kind, one.text) for one in found], columns=["proposal", "kind", "text"]
        )
        table["ids"] = [[ids[row] for row in one.rows.tolist()] for one in found]
        table["classes"] = [[names[id_] for id_ in one.classes] for one in found]
        return table

    def dismiss(self, proposal: str, *, event_id: str | None = None) -> str:
        """Never show a proposal again, nor one about nearly the same items; undo takes it back.

        Parameters
        ----------
        proposal
            From :meth:`proposals`.
        event_id
            A UUID of your own. If the act may be sent twice, only the first counts.

        Returns
        -------
        The id of the event.

        Raises
        ------
        InvalidInput
            If it is not proposed now.
        """
        return self._loop.background.proposing.dismiss(self._loop.acts, proposal, event_id)

    # -- rules -------------------------------------------------------------------

    @property
    def guidelines(self) -> Guidelines:
        """What each class means: see :class:`~hitl_widgets.loop.teach.guidelines.Guideline`."""
        self._loop.log.catch_up()
        return Guidelines(self._loop.guiding, self._loop.log, self._loop.acts)

    @property
    def rules(self) -> Rules:
        """Rules that vote for the classes of many items.

        See :class:`~hitl_widgets.loop.teach.rulebook.Rules`.
        """
        return Rules(self._loop.ruling, self._loop.log, self._loop.pool.ids)


class Edits:
    """The edited items; ``session.teach.edits``."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop

    def __len__(self) -> int:
        self._loop.log.catch_up()
        return len(self._loop.editing.every)

    def __repr__(self) -> str:
        return f"<{counted(len(self), 'edited item')} of task {self._loop.task!r}>"

    def drop(self, name: Any) -> str:
        """Remove an edited item; returns the event's id.

        Parameters
        ----------
        name
            Its name in :meth:`to_frame`, or the id of the item that was edited, if this has one edit.

        Raises
        ------
        InvalidInput
            If there is no such edit, or the item has several.
        """
        self._loop.log.catch_up()
        return self._loop.editing.drop(self._loop.editing.named(name).name)

    def to_frame(self) -> pd.DataFrame:
        """Return the edited items, oldest first.

        Columns name, id (of the item that was edited), item (the edited text; a dict of a table row), label,
        teaches (whether the model learns it), why (if not: the item is not labelled yet, has changed or is
        gone, its class is retired, or the model does not read what was changed), annotator and time.
        """
        self._loop.log.catch_up()
        from hitl_widgets.transfer.edits import edits_table

        return edits_table(self._loop.editing, self._loop.pool, self._loop.labels)


def _checked(weight: float) -> float:
    """Return a weight above 0."""
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight <= MOST_WEIGHT:
        raise InvalidInput(f"weight={weight!r}: expected a number above 0 and at most {MOST_WEIGHT:g}.")
    return float(weight)
