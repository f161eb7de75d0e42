"""ItemKind: what a kind of item must say of its items, and the kinds that there are."""

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
    """What the browser gets of one item.

    Attributes
    ----------
    content
        JSON values. ``content["kind"]`` names the renderer: see js/src/items.
    media
        Bytes beside it, each with its MIME type.
    """

    content: dict[str, Any] = field(default_factory=dict)
    media: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True)
class Size:
    """How an item is to be shown.

    Attributes
    ----------
    side
        Pictures are at most so wide and high.
    glimpse
        Whether it is a thumbnail, or a few lines.
    most
        Bytes that a picture should take: a larger one is compressed, then made smaller.
    hosts
        Where the browser may load images from.
    """

    side: int = 768
    glimpse: bool = False
    most: int | None = None
    hosts: tuple[str, ...] = ()


class ItemKind(Protocol):
    """Everything that only this kind of item knows; the pool, the map and the formats ask it.

    Attributes
    ----------
    name
        How people, the front end and tables call it.
    reads
        Whether people read its items: then :meth:`words` are their text, which the features, the names
        of groups and search go by.
    in_files
        Whether an item may be a file: its content may change, and takes time to read and to show.
    mutable
        Whether an item may be overwritten where it lies, such as an array.
    tabular
        Whether an item is a row: a dict of columns.
    order
        Who is asked first whether values are such items: the smallest.
    """

    name: str
    reads: bool
    in_files: bool
    mutable: bool
    tabular: bool
    order: int

    def claims(self, values: Sequence[Any]) -> bool:
        """Whether values of which nobody said what they are look like this kind."""

    def read(self, values: Sequence[Any], what: str) -> list[Any]:
        """The items of a column or list, kept so that a later change of the person's data moves no label.

        Raises
        ------
        InvalidInput
            For values that are no such items; ``what`` names them.
        """

    def identity(self, item: Any) -> Iterable[bytes]:
        """What an item is known by where it has no id: the same wherever the content is."""

    def canonical(self, item: Any) -> Any:
        """The item without what an editor changes unseen; the very same object where there is nothing."""

    def payload(self, item: Any, size: Size) -> Payload:
        """What a screen shows; an item that cannot be shown becomes a placeholder that says why."""

    def words(self, item: Any) -> str:
        """The item as text, for search and for the names of groups; empty where it has none."""

    def features(self, items: Sequence[Any], **told: Any) -> tuple[Features, Any]:
        """float32 (n, d), and the fitted scikit-learn transformer that made them.

        ``told`` are the callbacks ``on_progress`` and ``cancelled`` of
        :func:`~hitl_widgets.items.features.texts.encode`, where the kind ``reads`` also ``on_words``.
        """


@runtime_checkable
class InParts(Protocol):
    """A kind whose items are too large to send at once, such as a recording: a screen asks for parts."""

    def more(self, item: Any, ask: Mapping[str, str | float | bool], most: int) -> Payload:
        """One part of an item.

        Parameters
        ----------
        item
            The item.
        ask
            What is asked for. It comes from a browser: only its types are checked. Of bytes that are
            gathered, ``at`` is how many are there already.
        most
            The bytes that the part may have.

        Returns
        -------
        Payload
            The part. Of bytes that are gathered, ``content["total"]`` is how many there are in all.
            It should take well below a second: the parts of a session are made one after the other.

        Raises
        ------
        ValueError
            With a reason fit for a person.
        """


@runtime_checkable
class TakesOption(Protocol):
    """A kind that may be told more, behind a colon: ``kind="code:python"``."""

    def with_option(self, option: str) -> ItemKind:
        """The kind of the same name that goes by it.

        Raises
        ------
        InvalidInput
            For what it does not know.
        """


@cache
def _kinds() -> dict[str, ItemKind]:
    found: list[ItemKind] = kinds_in(hitl_widgets.items)
    return {kind.name: kind for kind in sorted(found, key=lambda kind: kind.order)}


def kinds() -> tuple[ItemKind, ...]:
    """Every kind, in the order in which values are offered to them."""
    return tuple(_kinds().values())


def kind_of(name: str) -> ItemKind:
    """The kind of this name, with its option behind a colon if it takes one.

    Raises
    ------
    InvalidInput
        For one that there is not, and for an option that it does not take.
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
    """24 hexadecimal digits, the same wherever the content is."""
    digest = hashlib.blake2b(digest_size=12)
    for part in kind.identity(item):
        digest.update(part)
    return digest.hexdigest()


def is_missing(value: Any) -> bool:
    """Whether a table value is None, NaN, NaT or pandas.NA."""
    if value is None or type(value).__name__ in {"NAType", "NaTType"}:
        return True
    return isinstance(value, float) and math.isnan(value)


def broken(why: str) -> Payload:
    """A placeholder that says why an item cannot be shown."""
    return Payload({"kind": "broken", "why": short(why, WHY_CHARACTERS)})


def sendable(text: str) -> str:
    """The text with lone surrogates, which no message can carry, as question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")


def short(text: str, limit: int = CELL_CHARACTERS) -> str:
    """At most so many characters."""
    return sendable(text if len(text) <= limit else text[: limit - 1] + "…")
