"""What a cell shows: widgets that a browser cannot change, and words for where widgets cannot run."""

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

SESSION_WORDS = "hitl-widgets: a labeling session. Run this cell in JupyterLab 4 to go on labeling."


class Shown:
    """What shows itself at the end of a cell, and words before it for a notebook that is opened again."""

    def _ipython_display_(self, **options: Any) -> None:
        show(self, **options)


class Locked:
    """What a browser may look at and not change: messages are the one way in."""

    def set_state(self, sync_data: Any) -> None:
        """Refuse: a browser may change no trait."""

    def _handle_msg(self, msg: Any) -> None:
        # ipywidgets' own handler raises for what is no message of its protocol.
        data = msg["content"].get("data")
        method = data.get("method") if isinstance(data, dict) else None
        if method == "request_state" or (method == "custom" and "content" in data):
            super()._handle_msg(msg)  # type: ignore[misc]


class LockedLayout(Locked, ipywidgets.Layout):  # type: ignore[misc]
    """Width, height and place of a widget, as Python set them."""


class LockedBox(Locked, ipywidgets.Box):  # type: ignore[misc]
    """Widgets beside each other, which stay the same ones."""


class LockedVBox(Locked, ipywidgets.VBox):  # type: ignore[misc]
    """Widgets below each other, which stay the same ones."""


def plain_fallback(bundle_: Any, words: str = SESSION_WORDS) -> Any:
    """Where widgets cannot run, words that help and hold no data."""
    data = bundle_[0] if isinstance(bundle_, tuple) else bundle_
    data["text/plain"] = words
    data["text/html"] = f"<p>{words}</p>"
    return bundle_


# JupyterLab says "model not found" in the output itself; where it found one, the widget is a child of it.
HIDE_ERROR = (
    "<style>.jp-OutputArea-child:has(.hitl-fallback) + .jp-OutputArea-child > .jp-OutputArea-output"
    ".jupyter-widgets {display: none}</style>"
)


def show(thing: Any, **options: Any) -> None:
    """Publish a widget, and before it what to do where the notebook is opened again without its kernel.

    Of one output JupyterLab shows the widget or the words, and chooses the widget also where its model
    is gone. So the words are an output of their own, which a widget that lives hides.
    """
    shown = thing._repr_mimebundle_(**options)
    data, metadata = shown if isinstance(shown, tuple) else (shown, {})
    words = data["text/plain"]
    if "ipykernel" in sys.modules:
        html = f'<div class="hitl-fallback">{words}</div>{HIDE_ERROR}'
        display({"text/plain": words, "text/html": html}, raw=True)  # type: ignore[no-untyped-call]
    display(data, metadata=metadata, raw=True)  # type: ignore[no-untyped-call]
