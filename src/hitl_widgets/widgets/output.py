"""Cell output: widgets that a browser cannot change, and a text for places where widgets cannot run."""

from __future__ import annotations

import sys
from typing import Any

import ipywidgets
from IPython.display import display

__all__ = [
    "SESSION_WORDS",
    "Locked",
    "LockedBox",
    "LockedLayout",
    "LockedVBox",
    "Shown",
    "plain_fallback",
    "show",
]

SESSION_WORDS = "hitl-widgets: a labeling session. Run this cell in JupyterLab 4 to continue labeling."


class Shown:
    """Displays itself at the end of a cell, preceded by a text for when the notebook is reopened."""

    def _ipython_display_(self, **options: Any) -> None:
        show(self, **options)


class Locked:
    """A widget whose traits a browser can read but not change; it can only send messages."""

    def set_state(self, sync_data: Any) -> None:
        """Ignore the data: a browser must not change traits."""

    def _handle_msg(self, msg: Any) -> None:
        # ipywidgets' own handler raises for messages that do not follow its protocol.
        data = msg["content"].get("data")
        method = data.get("method") if isinstance(data, dict) else None
        if method == "request_state" or (method == "custom" and "content" in data):
            super()._handle_msg(msg)  # type: ignore[misc]


class LockedLayout(Locked, ipywidgets.Layout):  # type: ignore[misc]
    """The layout of a widget as set by Python."""


class LockedBox(Locked, ipywidgets.Box):  # type: ignore[misc]
    """A row of widgets that a browser cannot replace."""


class LockedVBox(Locked, ipywidgets.VBox):  # type: ignore[misc]
    """A column of widgets that a browser cannot replace."""


def plain_fallback(bundle_: Any, words: str = SESSION_WORDS) -> Any:
    """Set the text that is shown where widgets cannot run; it contains no data."""
    data = bundle_[0] if isinstance(bundle_, tuple) else bundle_
    data["text/plain"] = words
    data["text/html"] = f"<p>{words}</p>"
    return bundle_


# JupyterLab writes "model not found" into the output itself; if it has a model, the widget is a child of it.
HIDE_ERROR = (
    "<style>.jp-OutputArea-child:has(.hitl-fallback) + .jp-OutputArea-child > .jp-OutputArea-output"
    ".jupyter-widgets {display: none}</style>"
)


def show(thing: Any, **options: Any) -> None:
    """Display a widget, preceded by a text for when the notebook is reopened without its kernel.

    Of a single output, JupyterLab would show either the widget or the text, and choose the widget even if its
    model is gone. So the text is a separate output, which a live widget hides.
    """
    shown = thing._repr_mimebundle_(**options)
    data, metadata = shown if isinstance(shown, tuple) else (shown, {})
    words = data["text/plain"]
    if "ipykernel" in sys.modules:
        html = f'<div class="hitl-fallback">{words}</div>{HIDE_ERROR}'
        display({"text/plain": words, "text/html": html}, raw=True)  # type: ignore[no-untyped-call]
    display(data, metadata=metadata, raw=True)  # type: ignore[no-untyped-call]
