"""Which cell of the notebook runs: what an earlier run of it made is gone from the page."""

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
    """Count a widget in, and close what an earlier run of its cell showed."""
    for other in list(_shown):
        if widget.run[0] == other.run[0] != "" and widget.run[1] != other.run[1]:
            other.close()
            _shown.discard(other)
    _shown.add(widget)


def running() -> tuple[str, str]:
    """The cell that runs now and this run of it; both empty outside a notebook that says so."""
    shell: Any = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    kernel = getattr(shell, "kernel", None)
    request: Any = {} if kernel is None or not hasattr(kernel, "get_parent") else kernel.get_parent()
    cell, run = request.get("metadata", {}).get("cellId"), request.get("header", {}).get("msg_id")
    return (cell, run) if isinstance(cell, str) and isinstance(run, str) else ("", "")
