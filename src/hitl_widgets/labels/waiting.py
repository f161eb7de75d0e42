"""Waiting for a store that another program has locked."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["PATIENT", "Patience", "patience", "waiting"]

PATIENT = 10.0  # seconds until an act fails
# Seconds that people who label at the same time may wait for each other without a message.
USUAL = 1.0


def _warn(words: str) -> None:
    warnings.warn(words, RuntimeWarning, stacklevel=2)


class Patience:
    """One wait of at most ``seconds`` (default 10); ``tell`` is called once if it takes long."""

    def __init__(self, seconds: float | None = None, tell: Callable[[str], None] = _warn) -> None:
        self._seconds, self._tell = PATIENT if seconds is None else seconds, tell
        began = time.monotonic()
        self._until = began + self._seconds
        self._tell_at = began + min(USUAL, self._seconds / 2)
        self._told = False

    def goes_on(self, name: str) -> bool:
        """Return whether to retry after a failure because the store was busy."""
        now = time.monotonic()
        if not self._told and now >= self._tell_at:
            # Also if the time is over, because one attempt may take longer than that: then one more follows.
            self._told = True
            # The time makes each warning unique, because Python shows the same text only once.
            self._tell(
                f"{name} is locked by another program: waiting since {time.strftime('%H:%M:%S')}, for "
                f"up to {self._seconds:g} s."
            )
            return True
        return now < self._until


_now: ContextVar[Patience | None] = ContextVar("patience", default=None)


def patience() -> Patience | None:
    """Return the current wait of this thread, if any."""
    return _now.get()


@contextmanager
def waiting(seconds: float | None = None, tell: Callable[[str], None] = _warn) -> Iterator[None]:
    """Limit the total waiting time inside the context; an outer context takes precedence."""
    if _now.get() is not None:
        yield
        return
    token = _now.set(Patience(seconds, tell))
    try:
        yield
    finally:
        _now.reset(token)
