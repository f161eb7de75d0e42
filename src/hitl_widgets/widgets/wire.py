"""What messages are made of, in both directions: their bases, the types of their fields, and two checks.

Each widget declares its messages in a module of its own, ``messages.py``, as two unions: ``Takes``, what a
browser may send, and ``Tells``, what the kernel sends. js/src/host/protocol.ts is generated from these by
protocol.py; docstrings become its comments.
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
# Characters of a whole message, besides a selection's: a lesson's 2,000 picks are the longest.
LARGEST = 32_000
WHY_CHARACTERS = 2_000

Token = Annotated[str, msgspec.Meta(min_length=8, max_length=64, pattern=r"^[\w.-]+\Z")]
# Of an act in the log, which may have been imported.
ActId = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Key = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Words = Annotated[str, msgspec.Meta(max_length=10_000)]
ClassId = Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
Row = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]
# A selection as one string: see data/rows.py, which also knows the pool.
Rows = Annotated[str, msgspec.Meta(max_length=2**28)]
Milliseconds = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]
Finite = Annotated[float, msgspec.Meta(ge=-(2.0**53), le=2.0**53)]
# In TypeScript a type with a title is one of its own, written as `typescript` says where that is given.
Selection = Annotated[
    Literal["suggested", "audit", "clicked", "lasso", "rectangle", "cluster", "search"],
    msgspec.Meta(title="Selection", description="How items were chosen."),
]
Content = Annotated[
    dict[str, Any],
    msgspec.Meta(
        title="Content",
        description="What an item shows. Each kind of item knows what else it holds: see items/.",
        extra={"typescript": "{ kind: string } & Record<string, unknown>"},
    ),
]


class FromBrowser(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type"):
    """What a browser sends."""

    id: Token


class Request(FromBrowser, frozen=True):
    """What a view asks for. It is not kept: a view that gets no answer may ask again."""

    view: Token


class Action(FromBrowser, frozen=True):
    """What writes to the log. It is kept until the kernel has acknowledged it.

    ``pool`` is the fingerprint of the table that it is about: it is done on no other. ``late_ms`` is how long
    ago it was made, where it is sent again.
    """

    pool: Annotated[str, msgspec.Meta(max_length=64)] = ""
    late_ms: Milliseconds | None = None


class ToBrowser(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """What the kernel sends: to the view ``to``, or to every view where there is none."""


class Reply(ToBrowser, frozen=True, kw_only=True):
    """What became of the message with this id."""

    id: str


class Hello(Request, frozen=True, tag="hello"):
    """A view is here and wants the whole state."""


class Bye(Request, frozen=True, tag="bye"):
    """A view was taken off its page."""


class Refused(Reply, frozen=True, kw_only=True, tag="refused"):
    """The message cannot be used, now or later."""

    why: str


class Failed(Reply, frozen=True, kw_only=True, tag="failed"):
    """It could not be done now. ``stuck``: the store takes nothing, so later acts wait for this one."""

    why: str
    stuck: bool = False


def parse(table: Any, content: Any, buffers: Any = None, largest: int = LARGEST) -> Any:
    """Validate a message.

    Parameters
    ----------
    table
        The union of the messages that are taken.
    content
        What came, as JSON values.
    buffers
        What came beside it: no message brings any.
    largest
        Characters that the whole may have, a number or a bracket counted as ten.

    Returns
    -------
    FromBrowser
        One of the table.

    Raises
    ------
    msgspec.ValidationError
        For anything that is not exactly one of these messages.
    """
    if buffers:
        raise msgspec.ValidationError("The message brings buffers: none does.")
    if _is_larger(content, largest):
        raise msgspec.ValidationError(f"The message has more than {largest:,} characters.")
    try:
        return msgspec.convert(content, type=table)
    except UnicodeEncodeError as error:
        raise msgspec.ValidationError("The message holds lone surrogates, which are no text.") from error


def _is_larger(content: Any, limit: int) -> bool:
    """Whether JSON values have more characters; of any depth, and no longer looked at than needed."""
    size, waiting = 0, [content]
    while waiting and size <= limit:
        value = waiting.pop()
        if isinstance(value, str):
            size += len(value)
            continue
        # A whole number may have any length.
        size += 10 if not isinstance(value, int) else 1 + value.bit_length() // 3
        if isinstance(value, dict):
            waiting += [*value, *value.values()]
        elif isinstance(value, list | tuple):
            waiting += value
    return size > limit


def words(error: object) -> str:
    """What went wrong, no longer than a person reads: it may hold a whole item."""
    text = str(error)
    return text if len(text) <= WHY_CHARACTERS else f"{text[: WHY_CHARACTERS - 1]}…"


def sendable(message: Any) -> Any:
    """A message as JSON values, with lone surrogates, which no message can carry, as question marks."""
    told = msgspec.to_builtins(message)
    try:
        msgspec.json.encode(told)  # faster than to look for them
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
