"""Listeners: functions that are notified of changes."""

from __future__ import annotations

import time
import warnings
import weakref
from collections.abc import Callable

__all__ = ["Listener", "Listeners"]

Listener = Callable[[str], None]

PAUSE = 0.1  # seconds before a failed listener is called again


class Listeners:
    """Functions that are notified of changes, from the thread that made the change.

    Parameters
    ----------
    on_failure
        Called with the exception that a listener raised twice, or None if all listeners succeeded.
    on_left
        Called when a listener has unsubscribed.
    """

    def __init__(self, on_failure: Callable[[Exception | None], None], on_left: Callable[[], None]) -> None:
        self._told: list[Listener] = []
        self._on_failure, self._on_left = on_failure, on_left

    def __bool__(self) -> bool:
        return bool(self._told)

    def add(self, listener: Listener) -> Callable[[], None]:
        """Subscribe a function; returns the function that unsubscribes it."""
        self._told.append(listener)
        known = weakref.ref(self)

        def stop() -> None:
            here = known()
            if here is not None:
                here._end(listener)  # noqa: SLF001

        return stop

    def _end(self, listener: Listener) -> None:
        if listener in self._told:
            self._told.remove(listener)
        self._on_left()

    def tell(self, what: str) -> None:
        """Notify all listeners, in the order in which they subscribed."""
        failure: Exception | None = None
        for listener in tuple(self._told):
            failure = _tell(listener, what) or failure
        if what != "error":
            self._on_failure(failure)


def _tell(listener: Listener, what: str) -> Exception | None:
    """Call a listener, and again if it fails: the error may be temporary. Failures must not stop the loop."""
    for last in (False, True):
        try:
            listener(what)
        except Exception as error:  # noqa: BLE001 - the other listeners must still be called
            if not last:
                time.sleep(PAUSE)
                continue
            warnings.warn(f"A view of the session failed: {error!r}", RuntimeWarning, stacklevel=3)
            return error
        return None
    return None
