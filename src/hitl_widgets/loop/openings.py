"""The open sessions of this process, which are closed when their cell is run again and at exit."""

from __future__ import annotations

import atexit
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any, Protocol

from hitl_widgets.background.forks import on_fork

__all__ = ["NOWHERE", "Run", "abandon", "enter"]

Run = tuple[str, str]
"""Opaque names of the running cell and of this run of it; both are empty outside a notebook."""

NOWHERE: Run = ("", "")
# Seconds that a script waits at most, at exit, for computations of libraries.
LAST = 30.0


class Opened(Protocol):
    """An open session: a :class:`~.loop.Loop`."""

    run: Run

    @property
    def key(self) -> str:
        """The same for the same store, task and annotator."""

    def close(self) -> None:
        """Close the session."""

    def supersede(self) -> None:
        """Close the session once no view shows it."""

    def leave_behind(self) -> None:
        """Mark the session as belonging to the parent process, in a forked child."""

    def is_lost_to(self, other: Any) -> bool:
        """Whether the other session's store has replaced this one's."""

    def find_earlier(self, other: Any) -> None:
        """Warn that the other session knows acts of a store that is gone."""


_open: weakref.WeakSet[Opened] = weakref.WeakSet()


def enter(session: Opened, run: Run) -> None:
    """Register a session, and supersede one that an earlier run of the same cell opened on the same task.

    The earlier session is closed as soon as no view shows it, as a view may be in another cell. If its store
    was deleted or replaced, a warning says so, because only that session still has the acts.
    """
    for other in list(_open):
        (cell, number), lost = other.run, other.is_lost_to(session)
        if lost:
            session.find_earlier(other)
        if cell and cell == run[0] and number != run[1] and (lost or other.key == session.key):
            other.supersede()
    _open.add(session)


def abandon(close: Callable[[], None]) -> None:
    """Close a session that is no longer shown, without waiting for its threads."""
    threading.Thread(target=close, name="hitl-closing", daemon=True).start()


def _in_child() -> None:
    """Forget all sessions in a forked child, which does not have their threads."""
    for session in list(_open):
        session.leave_behind()
    _open.clear()


on_fork(_in_child)


@atexit.register
def _end() -> None:
    """Close all sessions and wait for their threads: exiting while a library computes can crash."""
    for session in list(_open):
        session.close()
    end = time.monotonic() + LAST
    for thread in threading.enumerate():
        if thread.daemon and thread.name.startswith("hitl-"):
            thread.join(max(0.0, end - time.monotonic()))
