"""How long an act waits for a store that another program holds, and who is told that it waits."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["PATIENT", "Patience", "patience", "waiting"]

PATIENT = 10.0  # seconds, after which an act is given up
# So long several people who label at once may keep each other waiting, and nobody needs to know.
USUAL = 1.0


def _warn(words: str) -> None:
    warnings.warn(words, RuntimeWarning, stacklevel=2)


class Patience:
    """One wait of at most so many seconds (10 where None); ``tell`` hears once of a long one."""

    def __init__(self, seconds: float | None = None, tell: Callable[[str], None] = _warn) -> None:
        self._seconds, self._tell = PATIENT if seconds is None else seconds, tell
        began = time.monotonic()
        self._until = began + self._seconds
        self._tell_at = began + min(USUAL, self._seconds / 2)
        self._told = False

    def goes_on(self, name: str) -> bool:
        """Whether to try again, after a try that failed because the store was busy."""
        if time.monotonic() >= self._until:
            return False
        if not self._told and time.monotonic() >= self._tell_at:
            self._told = True
            # The time makes each warning a new one: Python shows the same words only once.
            self._tell(
                f"{name} is locked by another program: waiting for it since {time.strftime('%H:%M:%S')}, for "
                f"up to {self._seconds:g} s."
            )
        return True


_now: ContextVar[Patience | None] = ContextVar("patience", default=None)


def patience() -> Patience | None:
    """The wait that this thread is in, if somebody has begun one."""
    return _now.get()


@contextmanager
def waiting(seconds: float | None = None, tell: Callable[[str], None] = _warn) -> Iterator[None]:
    """Whatever is done inside waits for so long together; inside another such wait that one counts."""
    if _now.get() is not None:
        yield
        return
    token = _now.set(Patience(seconds, tell))
    try:
        yield
    finally:
        _now.reset(token)
