"""Tracks which notebook cell created a widget, to close the widgets of its earlier runs."""

from __future__ import annotations

import sys
from typing import Any, Protocol
from weakref import WeakSet

__all__ = ["enter", "running"]


class _Shown(Protocol):
    run: tuple[str, str]

    def close(self) -> None: ...


_shown: WeakSet[_Shown] = WeakSet()


def enter(widget: _Shown) -> None:
    """Register a widget, and close those that an earlier run of its cell displayed."""
    for other in list(_shown):
        if widget.run[0] == other.run[0] != "" and widget.run[1] != other.run[1]:
            other.close()
            _shown.discard(other)
    _shown.add(widget)


def running() -> tuple[str, str]:
    """Ids of the running cell and of this run; both are empty if the frontend does not provide them."""
    shell: Any = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    kernel = getattr(shell, "kernel", None)
    request: Any = {} if kernel is None or not hasattr(kernel, "get_parent") else kernel.get_parent()
    cell, run = request.get("metadata", {}).get("cellId"), request.get("header", {}).get("msg_id")
    return (cell, run) if isinstance(cell, str) and isinstance(run, str) else ("", "")
