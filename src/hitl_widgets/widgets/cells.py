"""Tracks which notebook cell created a widget, to close the widgets of its earlier runs."""

from __future__ import annotations

import sys
import uuid
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
    """Ids of the running cell and of this run of it; both are empty if the frontend does not provide them."""
    return _in_marimo() or _in_ipython() or ("", "")


def _in_ipython() -> tuple[str, str] | None:
    shell: Any = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    kernel = getattr(shell, "kernel", None)
    request: Any = {} if kernel is None or not hasattr(kernel, "get_parent") else kernel.get_parent()
    cell, run = request.get("metadata", {}).get("cellId"), request.get("header", {}).get("msg_id")
    return (cell, run) if isinstance(cell, str) and isinstance(run, str) else None


def _in_marimo() -> tuple[str, str] | None:
    # marimo has no public name for this. One process can have several notebooks, with the same ids of cells.
    find = getattr(sys.modules.get("marimo._runtime.context"), "safe_get_context", lambda: None)
    notebook: Any = find()
    run: Any = getattr(notebook, "execution_context", None)
    if run is None or not hasattr(run, "cell_id"):
        return None
    of_notebook, of_run = (vars(each).setdefault("_hitl", uuid.uuid4().hex) for each in (notebook, run))
    return f"{of_notebook}:{run.cell_id}", of_run
