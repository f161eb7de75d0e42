"""Every message that a browser may send, in one table. js/src/host/protocol.ts is its twin."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

__all__ = [
    "PROTOCOL",
    "Act",
    "Bye",
    "Change",
    "Groups",
    "Hello",
    "Jump",
    "Label",
    "Message",
    "More",
    "Open",
    "Play",
    "Redo",
    "Restore",
    "Retry",
    "Sample",
    "Settle",
    "Shade",
    "Show",
    "Skip",
    "Skipped",
    "Step",
    "Undo",
    "Vega",
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
Few = msgspec.Meta(max_length=8)
Selection = Literal["suggested", "audit", "clicked", "lasso", "rectangle", "cluster"]


class _Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type"):
    id: Token


class _Act(_Message, frozen=True):
    """What writes to the log. Where it names a table, by the pool's fingerprint, it is for no other.

    ``late_ms``: how long ago it was made, where it is sent again.
    """

    pool: Annotated[str, msgspec.Meta(max_length=64)] = ""
    late_ms: Milliseconds | None = None


class Hello(_Message, frozen=True, tag="hello"):
    """A view is here and wants the whole state."""

    view: Token


class Bye(_Message, frozen=True, tag="bye"):
    """A view was taken off its page."""

    view: Token


class Show(_Message, frozen=True, tag="show"):
    """A view wants the content of some items, as many as ``most`` bytes hold; small ones for a hover."""

    view: Token
    rows: Annotated[tuple[Row, ...], msgspec.Meta(min_length=1, max_length=64)]
    small: bool = False
    most: Annotated[int, msgspec.Meta(ge=1, lt=2**31)] | None = None


class More(_Message, frozen=True, tag="more"):
    """A view wants a part of an item, of at most so many bytes; the kind knows what can be asked."""

    view: Token
    row: Row
    ask: Annotated[dict[Name, Annotated[str, msgspec.Meta(max_length=200)] | Finite | bool], Few]
    most: Annotated[int, msgspec.Meta(ge=1, le=2**22)]


class Sample(_Message, frozen=True, tag="sample"):
    """A view wants to look into a selection before it is labelled."""

    view: Token
    rows: Rows


class Skipped(_Message, frozen=True, tag="skipped"):
    """A view wants the items that this annotator skipped again."""

    view: Token


class Open(_Message, frozen=True, tag="open"):
    """A view wants the items of one of the annotator's acts."""

    view: Token
    act: ActId


class Groups(_Message, frozen=True, tag="groups"):
    """The map is to show finer (below 1) or coarser groups."""

    view: Token
    scale: Annotated[float, msgspec.Meta(ge=0.25, le=4)]


class Shade(_Message, frozen=True, tag="shade"):
    """The map is to be coloured in one of the ways that the question knows."""

    view: Token
    by: Annotated[str, msgspec.Meta(max_length=300)]


class Retry(_Message, frozen=True, tag="retry"):
    """What failed in the background is to be done again."""

    view: Token


class Vega(_Message, frozen=True, tag="vega"):
    """The page has no Vega yet."""

    view: Token


class Label(_Act, frozen=True, kw_only=True, tag="label"):
    """Label one item by its key, or a selection by rows of the pool with this fingerprint.

    ``answer`` is what the kind of question takes, in ids of classes, whatever they are called when this
    arrives; ``value`` is the same in words.
    """

    value: Annotated[str, msgspec.Meta(max_length=10_000)]
    selection: Selection
    answer: Annotated[dict[str, Any], msgspec.Meta(max_length=8)] | None = None
    # What pages of earlier versions, which asked for one class, have kept.
    of: ClassId | None = None
    key: Key | None = None
    rows: Rows = ""
    elapsed_ms: Milliseconds | None = None


class Skip(_Act, frozen=True, kw_only=True, tag="skip"):
    """Leave an item unanswered."""

    key: Key


class Settle(_Act, frozen=True, kw_only=True, tag="settle"):
    """Keep or drop the labels of items that have changed since: of one item, or of all."""

    keep: bool
    key: Key | None = None


class Undo(_Act, frozen=True, kw_only=True, tag="undo"):
    """Take back the annotator's last act."""


class Redo(_Act, frozen=True, kw_only=True, tag="redo"):
    """Bring back what the last undo took."""


class Jump(_Act, frozen=True, kw_only=True, tag="jump"):
    """Go to the moment after one of the annotator's acts."""

    act: ActId


class Restore(_Act, frozen=True, kw_only=True, tag="restore"):
    """Bring back acts of the annotator that were undone and left behind, in this order."""

    acts: Annotated[tuple[ActId, ...], msgspec.Meta(min_length=1, max_length=100)]


class _Class(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A class to be made."""

    name: Name
    guidance: Words = ""
    key: Annotated[str, msgspec.Meta(max_length=1)] = ""
    color: Annotated[str, msgspec.Meta(max_length=7)] = ""


class _Edit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is to be other about a class."""

    guidance: Words | None = None
    example: Words | None = None
    key: Annotated[str, msgspec.Meta(max_length=1)] | None = None
    color: Annotated[str, msgspec.Meta(max_length=7)] | None = None


class Change(_Act, frozen=True, kw_only=True, tag="change", omit_defaults=True):
    """Change the classes: see questions/vocabulary.py."""

    change: Literal["add", "rename", "merge", "split", "retire", "restore", "reorder", "edit", "ask"]
    of: Annotated[tuple[Name, ...], msgspec.Meta(max_length=250)] = ()
    classes: Annotated[tuple[_Class, ...], msgspec.Meta(max_length=50)] = ()
    name: Annotated[str, msgspec.Meta(max_length=200)] = ""
    question: Words = ""
    set: _Edit | None = None


class Step(_Message, frozen=True, tag="step"):
    """A lesson wants the moment after ``index`` questions of a strategy, from the cold start of a seed."""

    view: Token
    strategy: Name
    seed: Row
    index: Row


class Play(_Message, frozen=True, tag="play"):
    """A student chose these points, in this order; the strategy plays against them."""

    view: Token
    strategy: Name
    seed: Row
    picks: Annotated[tuple[Row, ...], msgspec.Meta(max_length=2_000)]


Act = Label | Skip | Settle | Undo | Redo | Jump | Restore | Change
Message = (
    Hello | Bye | Show | More | Sample | Skipped | Open | Groups | Shade | Retry | Vega | Act | Step | Play
)


def parse(content: Any, buffers: Any = None, largest: int = LARGEST) -> Message:
    """Validate a message.

    Parameters
    ----------
    content
        What came, as JSON values.
    buffers
        What came beside it: no message brings any.
    largest
        Characters that the whole may have, a number or a bracket counted as ten.

    Raises
    ------
    msgspec.ValidationError
        For anything that is not exactly one of the messages above.
    """
    if buffers:
        raise msgspec.ValidationError("The message brings buffers: none does.")
    if _is_larger(content, largest):
        raise msgspec.ValidationError(f"The message has more than {largest:,} characters.")
    try:
        message: Message = msgspec.convert(content, type=Message)
    except UnicodeEncodeError as error:
        raise msgspec.ValidationError("The message holds lone surrogates, which are no text.") from error
    return message


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


def sendable(value: Any) -> Any:
    """The same JSON values, with lone surrogates, which no message can carry, as question marks."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {name: sendable(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [sendable(inner) for inner in value]
    return value
