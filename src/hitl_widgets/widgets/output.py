"""Cell output: widgets that a browser cannot change, and a text for places where widgets cannot run."""

from __future__ import annotations

import sys
import uuid
from typing import Any, ClassVar

import ipywidgets
from IPython.display import display

__all__ = [
    "Locked",
    "LockedBox",
    "LockedLayout",
    "LockedVBox",
    "Shown",
]

WORDS = "hitl-widgets: a labeling session. Run this cell to continue labeling."

# The picture appears after a second, so that it does not flash before a widget. JupyterLab writes "model not
# found" into the output itself; if it has a model, the widget is a child of it.
STYLE = (
    "<style>@keyframes hitl-late {from {max-height: 0; overflow: hidden; visibility: hidden}}"
    " @media screen {.hitl-fallback {animation: hitl-late 0s 1s backwards}}"
    " .jp-OutputArea-child:has(.hitl-fallback) + .jp-OutputArea-child > .jp-OutputArea-output"
    ".jupyter-widgets {display: none}</style>"
)


class Shown:
    """Displays itself at the end of a cell, preceded by a still picture for pages without a kernel."""

    _words: ClassVar[str] = WORDS

    def _repr_mimebundle_(self, **options: Any) -> Any:
        made = super()._repr_mimebundle_(**options)  # type: ignore[misc]
        (made[0] if isinstance(made, tuple) else made).update(self._fallback())
        return made

    def _ipython_display_(self, **options: Any) -> None:
        """Display the picture and the widget as two outputs.

        Of a single output, JupyterLab would show either the widget or the picture, and choose the widget even
        if its model is gone. A live widget hides the output before it.
        """
        made = self._repr_mimebundle_(**options)
        data, metadata = made if isinstance(made, tuple) else (made, {})
        if "ipykernel" in sys.modules:
            name = uuid.uuid4().hex
            still = {kind: data.pop(kind) for kind in ("text/plain", "text/html")}
            display(still, raw=True, display_id=name)  # type: ignore[no-untyped-call]
            self._displayed_as(name)
            data["text/plain"] = ""  # some programs warn if they can show no part of an output
        display(data, metadata=metadata, raw=True)  # type: ignore[no-untyped-call]

    def _fallback(self) -> dict[str, str]:
        """What is shown where widgets cannot run, by MIME type; it contains no items, ids, names or paths."""
        html = f'<div class="hitl-fallback">{self._picture()}<p>{self._words}</p></div>{STYLE}'
        return {"text/plain": self._words, "text/html": html}

    def _picture(self) -> str:
        """A still picture as HTML, or nothing."""
        return ""

    def _displayed_as(self, name: str) -> None:
        """Note the display id of the still picture, to replace it later."""


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
