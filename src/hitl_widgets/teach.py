"""Teach: what you know besides labels, told to the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hitl_widgets.loop.loop import Loop

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Teach"]


class Teach:
    """What you know besides labels, told to the model; ``session.teach``."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop

    def __repr__(self) -> str:
        return f"<Teach of task {self._loop.task!r}>"

    # -- proposals ---------------------------------------------------------------

    def proposals(self) -> pd.DataFrame:
        """Return what the model proposes, in the order in which the Labeler shows it, one at a time.

        Each ends in an act of yours, which can be undone: ``session.classes.add``, ``session.classes.merge``,
        :meth:`Session.label` or :meth:`Session.hand_over`.

        Returns
        -------
        Columns name, kind, text, ids (a list) and classes (a list of names). The kinds:

        ``class``
            These items look like one thing that no class explains; a class may be missing.
        ``merge``
            The model cannot tell these two classes apart; the items are the labels that it confuses.
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
            [(one.name, one.kind, one.text) for one in found], columns=["name", "kind", "text"]
        )
        table["ids"] = [[ids[row] for row in one.rows.tolist()] for one in found]
        table["classes"] = [[names[id_] for id_ in one.classes] for one in found]
        return table

    def dismiss(self, name: str, *, event_id: str | None = None) -> str:
        """Never show a proposal again, nor one about nearly the same items; undo takes it back.

        Parameters
        ----------
        name
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
        return self._loop.background.proposing.dismiss(self._loop.acts, name, event_id)
