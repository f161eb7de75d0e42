"""A forked child has copies of locks, connections and no threads: what it may not use, and says so."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, NoReturn

from hitl_widgets.errors import HitlError

__all__ = ["Elsewhere", "on_fork"]


class Elsewhere:
    """Stands for a lock in a forked child: whoever would take it is told, instead of waiting for ever."""

    def __init__(self, what: str) -> None:
        self._what, self._home = what, os.getppid()

    def acquire(self, *_: Any, **__: Any) -> NoReturn:
        """Raise HitlError."""
        raise HitlError(
            f"This {self._what} was opened in process {self._home}, and this is process {os.getpid()}, "
            f"forked from it. Its connections and threads stayed behind. Open a {self._what} of its own in "
            "this process, which is best started by multiprocessing.get_context('spawn')."
        )

    __enter__ = acquire

    def __exit__(self, *_: object) -> None:
        """Never reached."""


def on_fork(
    child: Callable[[], None],
    before: Callable[[], None] = lambda: None,
    parent: Callable[[], None] = lambda: None,
) -> None:
    """Have these called when the process forks, where it can; not when it starts another program."""
    if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
        os.register_at_fork(before=before, after_in_parent=parent, after_in_child=child)
