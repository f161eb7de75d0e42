"""Building blocks of messages: base classes, field types, and validation.

Each widget declares its messages in its own module ``messages.py``, as two unions: ``Takes``, which the
browser may send, and ``Tells``, which the kernel sends. protocol.py generates js/src/host/protocol.ts from
these, with docstrings as comments.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

__all__ = [
    "PROTOCOL",
    "Action",
    "Bye",
    "FromBrowser",
    "Hello",
    "Refused",
    "Reply",
    "Request",
    "ToBrowser",
    "parse",
    "sendable",
    "words",
]

PROTOCOL = 1
# Maximum characters of a message without a selection: a lesson's 2,000 picks are the longest.
LARGEST = 32_000
WHY_CHARACTERS = 2_000

Token = Annotated[str, msgspec.Meta(min_length=8, max_length=64, pattern=r"^[\w.-]+\Z")]
# Id of an act in the log, which may have been imported.
ActId = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Key = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Words = Annotated[str, msgspec.Meta(max_length=10_000)]
ClassId = Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
Row = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]
# A selection encoded as a string: see data/rows.py, which also checks it against the pool.
Rows = Annotated[str, msgspec.Meta(max_length=2**28)]
Milliseconds = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]
Finite = Annotated[float, msgspec.Meta(ge=-(2.0**53), le=2.0**53)]
# A type with a title becomes a separate type in TypeScript, with the definition in `typescript` if given.
Selection = Annotated[
    Literal["suggested", "audit", "spot", "review", "clicked", "lasso", "rectangle", "cluster", "search"],
    msgspec.Meta(title="Selection", description="How items were chosen."),
]
Content = Annotated[
    dict[str, Any],
    msgspec.Meta(
        title="Content",
        description="The content of an item. Its other fields depend on the kind of item: see items/.",
        extra={"typescript": "{ kind: string } & Record<string, unknown>"},
    ),
]


class FromBrowser(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type"):
    """A message from the browser."""

    id: Token


class Request(FromBrowser, frozen=True):
    """A request of a view. It is not saved: a view that gets no answer may ask again."""

    view: Token


class Action(FromBrowser, frozen=True):
    """A message that writes to the log. The browser keeps it until the kernel has acknowledged it.

    ``pool`` is the fingerprint of the table that it refers to; it is refused for any other. ``late_ms`` is
    how long ago it was made, if it is sent again.
    """

    pool: Annotated[str, msgspec.Meta(max_length=64)] = ""
    late_ms: Milliseconds | None = None


class ToBrowser(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """A message from the kernel, to the view ``to`` or, without it, to every view."""


class Reply(ToBrowser, frozen=True, kw_only=True):
    """The reply to the message with this id."""

    id: str


class Hello(Request, frozen=True, tag="hello"):
    """A new view requests the whole state."""


class Bye(Request, frozen=True, tag="bye"):
    """A view was removed from its page."""


class Refused(Reply, frozen=True, kw_only=True, tag="refused"):
    """The message is invalid, and sending it again will not help. ``taken``: unless with ``replace``."""

    why: str
    taken: bool


class Failed(Reply, frozen=True, kw_only=True, tag="failed"):
    """The message could not be handled now. ``stuck``: the store is not writable, so later acts must wait."""

    why: str
    stuck: bool = False


def parse(table: Any, content: Any, buffers: Any = None, largest: int = LARGEST) -> Any:
    """Validate a message.

    Parameters
    ----------
    table
        The union of the accepted messages.
    content
        The message as JSON values.
    buffers
        Its binary buffers; no message may have any.
    largest
        Maximum number of characters, where each number or bracket counts as ten.

    Returns
    -------
    FromBrowser
        A message of the union.

    Raises
    ------
    msgspec.ValidationError
        If it is not exactly one of these messages.
    """
    if buffers:
        raise msgspec.ValidationError("The message has buffers, which are not allowed.")
    if _is_larger(content, largest):
        raise msgspec.ValidationError(f"The message has more than {largest:,} characters.")
    try:
        return msgspec.convert(content, type=table)
    except UnicodeEncodeError as error:
        raise msgspec.ValidationError("The message contains lone surrogates, which are invalid.") from error


def _is_larger(content: Any, limit: int) -> bool:
    """Whether JSON values of any depth have more than ``limit`` characters; stops as soon as they do."""
    size, waiting = 0, [content]
    while waiting and size <= limit:
        value = waiting.pop()
        if isinstance(value, str):
            size += len(value)
            continue
        # Integers may have any length.
        size += 10 if not isinstance(value, int) else 1 + value.bit_length() // 3
        if isinstance(value, dict):
            waiting += [*value, *value.values()]
        elif isinstance(value, list | tuple):
            waiting += value
    return size > limit


def words(error: object) -> str:
    """The message of an error, shortened because it may contain a whole item."""
    text = str(error)
    return text if len(text) <= WHY_CHARACTERS else f"{text[: WHY_CHARACTERS - 1]}…"


def sendable(message: Any) -> Any:
    """Convert a message to JSON values, with lone surrogates, which cannot be sent, as question marks."""
    told = msgspec.to_builtins(message)
    try:
        msgspec.json.encode(told)  # faster than searching for them
    except UnicodeEncodeError:
        return _encodable(told)
    return told


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {_encodable(name): _encodable(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_encodable(inner) for inner in value]
    return value
