"""The channel between a widget and its views: messages are validated and acknowledged, and can be resent."""

from __future__ import annotations

import contextvars
import functools
import threading
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any, ClassVar

import anywidget
import msgspec
import traitlets

from hitl_widgets.background.turns import first
from hitl_widgets.errors import BundleMissing, HitlError, InvalidInput, StoreError, Taken
from hitl_widgets.widgets.output import Locked, LockedLayout, Shown
from hitl_widgets.widgets.wire import (
    LARGEST,
    PROTOCOL,
    Failed,
    FromBrowser,
    Refused,
    ToBrowser,
    parse,
    sendable,
    words,
)

__all__ = ["ChannelWidget", "bundle", "module"]

STATIC = Path(__file__).parent / "static"


@functools.cache
def bundle(name: str) -> str:
    """Return the text of a built file.

    Raises
    ------
    BundleMissing
        If the JavaScript has not been built.
    """
    path = STATIC / name
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BundleMissing(
            f"The JavaScript of the widgets is missing ({path}). In a source checkout, build it with "
            "`make js` (Node does not have to be installed). An installed wheel contains it: reinstall with "
            "pip install --force-reinstall hitl-widgets. Labels and the Python API are not affected."
        ) from None


def module(name: str) -> list[bytes]:
    """Return the code and the style sheet of a module that a page loads when it is first needed.

    Raises
    ------
    BundleMissing
        If the JavaScript has not been built.
    """
    style = STATIC / f"{name}.css"
    return [bundle(f"{name}.js").encode(), bundle(style.name).encode() if style.exists() else b""]


class ChannelWidget(Shown, Locked, anywidget.AnyWidget):
    """A widget that communicates with its views by messages.

    A view gets the state when it sends a hello, and updates as messages afterwards. Traits are not used for
    this: they would be saved with the notebook, and of several writes from the browser only the last one
    arrives. The only traits are opaque names and the protocol version.

    Parameters
    ----------
    key
        Identifies the log that acts are written to; the same when the cell is run again.
    session
        Identifies the displayed object; new each time it is created. Views with the same value are linked
        on the page.
    """

    _bundle: ClassVar[str]
    # Unions of the messages that the browser and the kernel may send.
    _takes: ClassVar[Any]
    _tells: ClassVar[Any]

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)
    _key = traitlets.Unicode().tag(sync=True)
    _session = traitlets.Unicode().tag(sync=True)
    _protocol = traitlets.Int(PROTOCOL).tag(sync=True)

    def __init__(self, key: str, session: str) -> None:
        self._wire = threading.RLock()
        self._page = contextvars.copy_context()
        super().__init__(
            _esm=bundle(f"{self._bundle}.js"),
            _css=bundle(f"{self._bundle}.css"),
            _key=key,
            _session=session,
            layout=LockedLayout(),
        )
        self.on_msg(self._receive)

    def _receive(self, _: Any, content: Any, buffers: Any) -> None:
        self._page = contextvars.copy_context()
        name = content.get("id") if isinstance(content, dict) else None
        name = name if isinstance(name, str) and len(name) <= 64 and name.isascii() else ""
        self._answer(name, lambda: self._handle(parse(self._takes, content, buffers, self._largest())))

    def _largest(self) -> int:
        """Maximum number of characters of a message."""
        return LARGEST

    def _answer(self, name: str, job: Callable[[], None], *, goes_first: bool = True) -> None:
        try:
            with first() if goes_first else nullcontext():
                job()
        except (InvalidInput, msgspec.ValidationError, RecursionError) as error:
            self._post(Refused(id=name, why=words(error), taken=isinstance(error, Taken)))
        except HitlError as error:
            self._post(Failed(id=name, why=words(error), stuck=isinstance(error, StoreError)))
        except Exception as error:  # noqa: BLE001 - on any error the browser keeps the act and shows it
            self._post(Failed(id=name, why=words(f"{type(error).__name__}: {error}")))

    def _handle(self, message: FromBrowser) -> None:
        """Handle a message of ``_takes``."""
        raise NotImplementedError

    def _post(self, message: ToBrowser, buffers: list[Any] | None = None) -> None:
        # ipykernel (7.4) assigns the page's next message to the shell whose message is answered here. Outside
        # of the page's context that may be a cell, and the page would wait until the cell ends.
        page = self._page.copy()
        with self._wire:
            page.run(self.send, sendable(message), buffers or [])
