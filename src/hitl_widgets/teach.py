"""Teach: what you know besides labels, told to the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hitl_widgets.errors import InvalidInput, choices, nearest
from hitl_widgets.loop.loop import Loop
from hitl_widgets.loop.teach.strikes import MOST_WEIGHT, OF, Effect, Striking, keep

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Teach"]


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
        self, word: str, *, column: str | None = None, weight: float = 1.0, event_id: str | None = None
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
            raise InvalidInput(
                f"{strike.name!r} is not struck out.{nearest(strike.name, known)} "
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


def _checked(weight: float) -> float:
    """Return a weight above 0."""
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight <= MOST_WEIGHT:
        raise InvalidInput(f"weight={weight!r}: expected a number above 0 and at most {MOST_WEIGHT:g}.")
    return float(weight)
