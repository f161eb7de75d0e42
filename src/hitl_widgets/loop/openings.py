"""The sessions that are open in this process: closed when their cell was run again, and at its end."""

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
"""The cell that runs now and this run of it, by opaque names; both empty where there is no notebook."""

NOWHERE: Run = ("", "")
# Longest that the end of a script waits for what a library still computes.
LAST = 30.0


class Opened(Protocol):
    """What is counted in: a :class:`~.loop.Loop`."""

    run: Run

    @property
    def key(self) -> str:
        """The same for one task, store and annotator."""

    def close(self) -> None:
        """End it."""

    def supersede(self) -> None:
        """End it once no view shows it."""

    def leave_behind(self) -> None:
        """In a forked child it is the parent's."""

    def is_lost_to(self, other: Any) -> bool:
        """Whether the other's store took the place of this one's."""

    def find_earlier(self, other: Any) -> None:
        """Say that the other knows acts of a store that is gone."""


_open: weakref.WeakSet[Opened] = weakref.WeakSet()


def enter(session: Opened, run: Run) -> None:
    """Count a session in; one that an earlier run of the same cell opened on the same task is over.

    It is closed as soon as no view shows it: the view may stand in another cell. One whose store was
    deleted or replaced since is said: what it knows is nowhere else.
    """
    for other in list(_open):
        (cell, number), lost = other.run, other.is_lost_to(session)
        if lost:
            session.find_earlier(other)
        if cell and cell == run[0] and number != run[1] and (lost or other.key == session.key):
            other.supersede()
    _open.add(session)


def abandon(close: Callable[[], None]) -> None:
    """Close a session that nobody shows any more, without waiting for its threads."""
    threading.Thread(target=close, name="hitl-closing", daemon=True).start()


def _in_child() -> None:
    """In a forked child no session is open: none of them has its threads."""
    for session in list(_open):
        session.leave_behind()
    _open.clear()


on_fork(_in_child)


@atexit.register
def _end() -> None:
    """Close what is open, and wait: memory taken from under a library that computes is a crash at exit."""
    for session in list(_open):
        session.close()
    end = time.monotonic() + LAST
    for thread in threading.enumerate():
        if thread.daemon and thread.name.startswith("hitl-"):
            thread.join(max(0.0, end - time.monotonic()))
