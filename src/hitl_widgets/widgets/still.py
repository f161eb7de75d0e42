"""Replaces the still picture in a notebook when labeling pauses, so that the saved one is up to date."""

from __future__ import annotations

import threading
from collections.abc import Callable

from IPython.display import update_display

from hitl_widgets.errors import HitlError

__all__ = ["Still"]

# Seconds without a change after which the picture is replaced.
QUIET = 20.0


class Still:
    """An output with a still picture.

    Parameters
    ----------
    name
        The display id of the output.
    make
        Returns what to display: data by MIME type, or None if nothing should be displayed any more.
    """

    def __init__(self, name: str, make: Callable[[], dict[str, str] | None]) -> None:
        self._name, self._make = name, make
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def note(self, *, at_once: bool) -> None:
        """Note a change of what the picture shows."""
        with self._lock:
            self._cancel()
            self._timer = threading.Timer(0.0 if at_once else QUIET, self._show)
            self._timer.name, self._timer.daemon = "hitl-still", True
            self._timer.start()

    def stop(self) -> None:
        """Keep the picture as it is."""
        with self._lock:
            self._cancel()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _show(self) -> None:
        try:
            made = self._make()
        except HitlError:  # the session was closed meanwhile
            return
        if made is not None:
            update_display(made, raw=True, display_id=self._name)  # type: ignore[no-untyped-call]
