"""Items that are displayed by the user's own function, and possibly by their own JavaScript."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hitl_widgets.errors import InvalidInput
from hitl_widgets.items.base import Payload, Size, broken, kind_of

__all__ = ["Renderer", "as_renderer"]

LARGEST = 1_000_000  # characters of a dict as JSON
LARGEST_MODULE = 4_000_000  # bytes
RETURNS = "a text, an image (bytes of a file, an array or a Pillow image) or a dict"


class Renderer:
    """How items are displayed, passed to a Session as ``render=``.

    Parameters
    ----------
    function
        Called with an item, such as a text or a dict of columns. It returns a text,
        an image (bytes of a file, an array or a Pillow image), or a dict that ``module`` displays. Without
        it, ``module`` gets the item itself, which must be a dict.
    module
        An ES module, as a path or as its source, that exports ``render({data, el})``. It adds elements to
        ``el``. ``data`` is the dict; ``model.get(name)`` returns one value of it, as in anywidget.
    trusted
        Whether the module runs in the page itself. By default it runs in a frame from which it reaches
        neither the notebook nor the network: see SECURITY.md. Pass True only for a module of your own.

    Examples
    --------
    >>> import hitl_widgets as hitl
    >>> module = "export const render = ({ data, el }) => { el.textContent = data.name; }"
    >>> render = hitl.Renderer(lambda row: {"name": row["name"].title()}, module=module)
    """

    def __init__(
        self,
        function: Callable[[Any], Any] | None = None,
        *,
        module: str | Path | None = None,
        trusted: bool = False,
    ) -> None:
        if function is None and module is None:
            raise InvalidInput("Renderer() needs a function or a module.")
        if function is not None and not callable(function):
            raise InvalidInput(
                f"render= is of type {type(function).__name__}: expected a function of an item."
            )
        self.function = function or (lambda item: item)
        self.source = b"" if module is None else _source(module)
        self.trusted = bool(trusted)
        self.version = hashlib.blake2b(self.source, digest_size=8).hexdigest()

    def payload(self, item: Any, size: Size) -> Payload:
        """Return what to display; what the function raises is displayed in place of the item."""
        try:
            return self._payload(self.function(item), size)
        except Exception as error:  # noqa: BLE001 - the user's function may raise anything
            return broken(f"render= raised {type(error).__name__}: {error}")

    def _payload(self, shown: Any, size: Size) -> Payload:
        if isinstance(shown, str):
            return kind_of("text").payload(shown, size)
        if isinstance(shown, Mapping):
            return self._custom(shown)
        if isinstance(shown, bytes | bytearray | memoryview | np.ndarray) or hasattr(shown, "getbands"):
            image = kind_of("image")
            [one] = image.read([shown], "render=")
            return image.payload(one, size)
        return broken(f"render= returned a value of type {type(shown).__name__}: expected {RETURNS}.")

    def _custom(self, shown: Mapping[str, Any]) -> Payload:
        if not self.source:
            return broken("render= returned a dict: pass hitl.Renderer(function, module=...) to display it.")
        told = json.dumps({str(name): value for name, value in shown.items()}, default=_plain)
        if len(told) > LARGEST:
            return broken(
                f"render= returned a dict of {len(told):,} characters as JSON; expected at most {LARGEST:,}."
            )
        return Payload(
            {"kind": "custom", "data": _with_gaps(told), "version": self.version, "trusted": self.trusted}
        )

    def more(self, ask: Mapping[str, str | float | bool], most: int) -> Payload:
        """Return the module, in parts.

        Raises
        ------
        ValueError
            With a message for the user.
        """
        at = ask.get("at", 0)
        if ask.get("what") != "module" or ask.get("version") != self.version:
            raise ValueError("The module of render= has changed: run the cell again.")
        if isinstance(at, str | bool) or not 0 <= at <= len(self.source):
            raise ValueError("There is no such part of the module.")
        file = io.BytesIO(self.source)
        file.seek(int(at))
        content = {"kind": "custom", "total": len(self.source)}
        return Payload(content, (("text/javascript", file.read(most)),))


def as_renderer(render: Any) -> Renderer | None:
    """Return what is passed as ``render=`` as a Renderer."""
    return render if render is None or isinstance(render, Renderer) else Renderer(render)


def _source(module: str | Path) -> bytes:
    if isinstance(module, Path) or ("\n" not in module and module.endswith((".js", ".mjs"))):
        try:
            source = Path(module).read_bytes()
        except OSError as error:
            raise InvalidInput(f"module={str(module)!r} cannot be read: {error.strerror}.") from None
    else:
        source = module.encode()
    if not source.strip() or len(source) > LARGEST_MODULE:
        raise InvalidInput(
            f"module= has {len(source):,} bytes: expected an ES module of at most {LARGEST_MODULE:,}."
        )
    return source


def _with_gaps(told: str) -> Any:
    """Return parsed JSON with None in place of NaN and infinities, which browsers do not read."""
    return json.loads(told, parse_constant=lambda _: None)


def _plain(value: Any) -> Any:
    """Return a value that JSON does not know as one that it does."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(f"a value of type {type(value).__name__} is not JSON")
