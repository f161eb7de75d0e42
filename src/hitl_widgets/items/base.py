"""The ItemKind protocol and the registry of kinds."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

import hitl_widgets.items
from hitl_widgets.discovery import kinds_in
from hitl_widgets.errors import InvalidInput, choices, nearest

__all__ = [
    "Features",
    "InParts",
    "ItemKind",
    "Measured",
    "Payload",
    "Size",
    "TakesOption",
    "broken",
    "content_hash",
    "is_missing",
    "kind_of",
    "kinds",
    "sendable",
    "short",
]

CELL_CHARACTERS = 400
WHY_CHARACTERS = 500

Features = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Payload:
    """The data that the browser receives for one item.

    Attributes
    ----------
    content
        JSON values. ``content["kind"]`` names the renderer: see js/src/items.
    media
        Binary data with its MIME type.
    """

    content: dict[str, Any] = field(default_factory=dict)
    media: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True)
class Size:
    """How an item is displayed.

    Attributes
    ----------
    side
        Maximum width and height of images, in pixels.
    glimpse
        Whether it is displayed as a thumbnail or a few lines.
    most
        Maximum size of an image in bytes. A larger image is compressed, then scaled down.
    hosts
        Hosts that the browser may load images from.
    """

    side: int = 768
    glimpse: bool = False
    most: int | None = None
    hosts: tuple[str, ...] = ()


class ItemKind(Protocol):
    """Everything specific to one kind of item; used by the pool, the map and the formats.

    Attributes
    ----------
    name
        Name used by users, the front end and tables.
    reads
        Whether items are read as text. If so, :meth:`words` returns the text that features, cluster names
        and search use.
    in_files
        Whether an item may be a file, whose content may change and takes time to read and display.
    mutable
        Whether an item may be modified in place, such as an array.
    tabular
        Whether an item is a table row: a dict of columns.
    order
        Kinds with a smaller value are tried first when the kind of a value is detected.
    """

    name: str
    reads: bool
    in_files: bool
    mutable: bool
    tabular: bool
    order: int

    def claims(self, values: Sequence[Any]) -> bool:
        """Return whether values of unspecified kind look like this kind."""

    def read(self, values: Sequence[Any], what: str) -> list[Any]:
        """Return the items of a column or list, unaffected by later changes to the user's data.

        Raises
        ------
        InvalidInput
            If values are not items of this kind; ``what`` names them in the message.
        """

    def identity(self, item: Any) -> Iterable[bytes]:
        """Return bytes that identify an item without an id; they depend only on its content."""

    def canonical(self, item: Any) -> Any:
        """Return the item without invisible changes that editors make; the same object if there are none."""

    def payload(self, item: Any, size: Size) -> Payload:
        """Return what to display; for an item that cannot be displayed, a placeholder with the reason."""

    def words(self, item: Any) -> str:
        """Return the item as text, for search and cluster names; empty if it has none."""

    def features(self, items: Sequence[Any], **told: Any) -> tuple[Features, Any]:
        """Return features, float32 (n, d), and the fitted scikit-learn transformer.

        ``told`` are the callbacks ``on_progress`` and ``cancelled`` of
        :func:`~hitl_widgets.items.features.texts.encode`; if the kind ``reads``, also ``on_words`` and
        ``meaning``; if it is ``tabular``, also ``meaning``.
        """


@runtime_checkable
class InParts(Protocol):
    """A kind whose items are too large to send at once, such as recordings; the browser requests parts."""

    def more(self, item: Any, ask: Mapping[str, str | float | bool], most: int) -> Payload:
        """Return one part of an item.

        Parameters
        ----------
        item
            The item.
        ask
            The request. It comes from a browser, and only its types are checked. When bytes are fetched
            in several parts, ``at`` is the number already received.
        most
            Maximum size of the part in bytes.

        Returns
        -------
        Payload
            The part. When bytes are fetched in several parts, ``content["total"]`` is their total number.
            This should take well below a second, because a session makes its parts one after the other.

        Raises
        ------
        ValueError
            With a message that can be shown to the user.
        """


@runtime_checkable
class Measured(Protocol):
    """A kind whose items have a size, within which parts of them can be marked."""

    def extent(self, item: Any) -> tuple[float, ...]:
        """Return the number of characters, width and height in pixels, or seconds; nothing if unknown.

        A video has all of width, height, number of frames and seconds.

        Raises
        ------
        ValueError
            With a message that can be shown to the user, if the item cannot be read.
        """


@runtime_checkable
class TakesOption(Protocol):
    """A kind that takes an option after a colon, as in ``kind="code:python"``."""

    def with_option(self, option: str) -> ItemKind:
        """Return this kind, configured with the option.

        Raises
        ------
        InvalidInput
            If the option is unknown.
        """


@cache
def _kinds() -> dict[str, ItemKind]:
    found: list[ItemKind] = kinds_in(hitl_widgets.items)
    return {kind.name: kind for kind in sorted(found, key=lambda kind: kind.order)}


def kinds() -> tuple[ItemKind, ...]:
    """Return all kinds, in the order in which they are tried."""
    return tuple(_kinds().values())


def kind_of(name: str) -> ItemKind:
    """Return the kind with this name, which may include an option after a colon.

    Raises
    ------
    InvalidInput
        If the kind is unknown or does not take the option.
    """
    plain, colon, option = str(name).partition(":")
    if plain not in _kinds():
        raise InvalidInput(
            f"kind={name!r} is not a kind of item.{nearest(plain, _kinds())} Expected one of "
            f"{choices(_kinds())}."
        )
    kind = _kinds()[plain]
    if not colon:
        return kind
    if not isinstance(kind, TakesOption):
        raise InvalidInput(f"kind={name!r}: {plain} takes no option. Pass kind={plain!r}.")
    return kind.with_option(option)


def content_hash(kind: ItemKind, item: Any) -> str:
    """Return a hash of an item's content: 24 hexadecimal digits."""
    digest = hashlib.blake2b(digest_size=12)
    for part in kind.identity(item):
        digest.update(part)
    return digest.hexdigest()


def is_missing(value: Any) -> bool:
    """Return whether a table value is None, NaN, NaT or pandas.NA."""
    if value is None or type(value).__name__ in {"NAType", "NaTType"}:
        return True
    return isinstance(value, float) and math.isnan(value)


def broken(why: str) -> Payload:
    """Return a placeholder that says why an item cannot be displayed."""
    return Payload({"kind": "broken", "why": short(why, WHY_CHARACTERS)})


def sendable(text: str) -> str:
    """Replace lone surrogates, which cannot be encoded in a message, with question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")


def short(text: str, limit: int = CELL_CHARACTERS) -> str:
    """Shorten a text to at most ``limit`` characters."""
    return sendable(text if len(text) <= limit else text[: limit - 1] + "…")
