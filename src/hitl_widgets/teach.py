"""Teach: what you know besides labels, told to the model."""

from __future__ import annotations

from hitl_widgets.loop.loop import Loop
from hitl_widgets.loop.teach.rulebook import Rules

__all__ = ["Teach"]


class Teach:
    """What you know besides labels, told to the model; ``session.teach``."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop

    def __repr__(self) -> str:
        return f"<Teach of task {self._loop.task!r}>"

    @property
    def rules(self) -> Rules:
        """Rules that vote for the classes of many items.

        See :class:`~hitl_widgets.loop.teach.rulebook.Rules`.
        """
        return Rules(self._loop.ruling, self._loop.log, self._loop.pool.ids)
