"""Tracks which sessions are displayed: one created in a callback ends when its last view is gone.

A callback has no cell that could be run again, and ipywidgets never releases a widget. So the widgets of a
session that was displayed in a callback release it some seconds after its last view was removed from the
page. If nothing else refers to the session, such as a variable of the user's, it is closed together with its
widgets.
"""

from __future__ import annotations

import threading
import time
import weakref
from typing import Protocol

from hitl_widgets.errors import HitlError
from hitl_widgets.loop.openings import abandon
from hitl_widgets.session import Session

__all__ = ["Screen"]

# Seconds to wait after the last view is gone, and for the first view.
GRACE, FIRST = 5.0, 120.0


class _Widget(Protocol):
    def close(self) -> None: ...


class Screen:
    """The widgets that together show a session, and their views on all pages."""

    def __init__(self, session: Session) -> None:
        self._held: Session | None = session
        self._known = weakref.ref(session)
        self._views: set[str] = set()
        self._widgets: weakref.WeakSet[_Widget] = weakref.WeakSet()
        self._passing = False

    @property
    def session(self) -> Session:
        """The displayed session; raises HitlError if it no longer exists."""
        found = self._known()
        if found is None:
            raise HitlError("The session was closed because nothing displayed or used it. Create it again.")
        return found

    @property
    def gone(self) -> bool:
        """Whether the session no longer exists."""
        return self._known() is None

    def pass_away(self, *widgets: _Widget) -> None:
        """Release the session when no view is left, because only this screen refers to these widgets."""
        self._passing = True
        self._widgets.update(widgets)
        weakref.finalize(self.session, abandon, self._close).atexit = False
        _later(self, FIRST)

    def hello(self, view: str) -> None:
        """Note that a view was created."""
        self._views.add(view)
        self._held = self._known()

    def bye(self, view: str) -> None:
        """Note that a view was removed from its page."""
        self._views.discard(view)
        if self._passing and not self._views:
            _later(self, GRACE)

    def let_go(self) -> None:
        """Release the session, unless there is a view."""
        if not self._views:
            self._held = None

    def _close(self) -> None:
        for widget in list(self._widgets):
            widget.close()


_due: dict[Screen, float] = {}
_wake = threading.Condition()
_sweeper: threading.Thread | None = None


def _later(screen: Screen, seconds: float) -> None:
    global _sweeper  # noqa: PLW0603 - one thread for all screens, only while one is due
    with _wake:
        _due[screen] = time.monotonic() + seconds
        if _sweeper is None:
            _sweeper = threading.Thread(target=_sweep, name="hitl-screens", daemon=True)
            _sweeper.start()
        _wake.notify_all()


def _sweep() -> None:
    global _sweeper  # noqa: PLW0603
    while True:
        with _wake:
            if not _due:
                _sweeper = None
                return
            _wake.wait(max(0.0, min(_due.values()) - time.monotonic()))
            over = [screen for screen, end in _due.items() if end <= time.monotonic()]
            for screen in over:
                del _due[screen]
        while over:
            over.pop().let_go()
