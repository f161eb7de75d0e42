"""Workbench: Explorer, Labeler and Monitor side by side, as the cell's width allows."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from hitl_widgets.loop.openings import NOWHERE
from hitl_widgets.session import Session
from hitl_widgets.widgets.cells import enter, running
from hitl_widgets.widgets.explorer import Explorer
from hitl_widgets.widgets.labeler import Labeler
from hitl_widgets.widgets.monitor import Monitor
from hitl_widgets.widgets.output import LockedBox, LockedLayout, LockedVBox, Shown
from hitl_widgets.widgets.screens import Screen
from hitl_widgets.widgets.shared.widget import SessionWidget

__all__ = ["Workbench"]


class Workbench(Shown, LockedVBox):
    """The default view of a session: the map next to the item, and the Monitor below.

    Parameters
    ----------
    session
        The :class:`~hitl_widgets.session.Session` to show.
    engine
        What draws the map: see :class:`~hitl_widgets.widgets.explorer.Explorer`.
    """

    _row: LockedBox | None = None

    def __init__(self, session: Session, engine: str = "auto") -> None:
        self.screen = Screen(session)
        self.run = running()
        self.views: tuple[SessionWidget, ...] = ()
        # The Labeler first: views are notified of changes in this order.
        self.labeler, self.explorer = Labeler(session), Explorer(session, engine)
        self.monitor = Monitor(session)
        self.views = (self.explorer, self.labeler, self.monitor)
        # The flex items wrap if the cell is narrower than the sum of their bases.
        self.explorer.layout = LockedLayout(flex="3 1 380px", min_width="0", margin="0")
        self.labeler.layout = LockedLayout(flex="2 1 320px", min_width="0", margin="0")
        self._row = LockedBox(
            [self.explorer, self.labeler],
            layout=LockedLayout(display="flex", flex_flow="row wrap", align_items="stretch", width="100%"),
        )
        self._row.add_class("hitl-row")
        super().__init__([self._row, self.monitor], layout=LockedLayout(width="100%", overflow="visible"))
        self.add_class("hitl-workbench")
        for widget in self.views:
            widget.screen = self.screen
        enter(self)

    @classmethod
    def unheld(cls, session: Session) -> Workbench:
        """Create the Workbench with which a session displays itself, which no variable refers to.

        Running a cell again closes what it displayed. A callback has no such event: see screens.py.
        """
        made = cls(session)
        if made.run == NOWHERE:
            made.screen.pass_away(made)
        return made

    @property
    def session(self) -> Session:
        """The displayed session."""
        return self.screen.session

    def __repr__(self) -> str:
        return f"<Workbench of task {self.session.task!r}>"

    def _picture(self) -> str:
        return self.monitor._picture()  # noqa: SLF001

    def _displayed_as(self, name: str) -> None:
        self.monitor._displayed_as(name)  # noqa: SLF001

    def _display_(self) -> Any:
        """Compose the views for marimo, which cannot show the boxes of ipywidgets."""
        marimo: Any = import_module("marimo")
        explorer, labeler, monitor = (marimo.as_html(view).text for view in self.views)
        return marimo.Html(
            '<div class="hitl-workbench"><div style="display: flex; flex-flow: row wrap; gap: 12px">'
            f'<div style="flex: 3 1 380px; min-width: 0">{explorer}</div>'
            f'<div style="flex: 2 1 320px; min-width: 0">{labeler}</div></div>{monitor}</div>'
        )

    def close(self) -> None:
        """Remove the widgets from the screen; the session stays open."""
        for widget in self.views:
            widget.close()
        if self._row is not None:
            self._row.close()
        super().close()
