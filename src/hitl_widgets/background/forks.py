"""Handling of forks: objects with locks, connections or threads cannot be used in a forked child."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, NoReturn

from hitl_widgets.errors import HitlError

__all__ = ["Elsewhere", "on_fork"]


class Elsewhere:
    """Replaces a lock in a forked child; acquiring it raises an error instead of waiting forever."""

    def __init__(self, what: str) -> None:
        self._what, self._home = what, os.getppid()

    def acquire(self, *_: Any, **__: Any) -> NoReturn:
        """Raise HitlError."""
        raise HitlError(
            f"This {self._what} was opened in process {self._home}, but this is process {os.getpid()}, "
            f"forked from it, which cannot use its connections and threads. Open a new {self._what} in this "
            "process, which should be started with multiprocessing.get_context('spawn')."
        )

    __enter__ = acquire

    def __exit__(self, *_: object) -> None:
        """Do nothing; never reached."""


def on_fork(
    child: Callable[[], None],
    before: Callable[[], None] = lambda: None,
    parent: Callable[[], None] = lambda: None,
) -> None:
    """Register functions to call when the process forks, but not when it starts another program."""
    if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
        os.register_at_fork(before=before, after_in_parent=parent, after_in_child=child)
