"""What every view of a session says, and is told."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from hitl_widgets.widgets.wire import (
    ActId,
    Action,
    Bye,
    ClassId,
    Content,
    Failed,
    Finite,
    Hello,
    Key,
    Milliseconds,
    Name,
    Refused,
    Reply,
    Request,
    Row,
    Rows,
    Selection,
    ToBrowser,
    Words,
)

__all__ = ["Act", "Takes", "Tells"]

# -- browser -> kernel


class Show(Request, frozen=True, tag="show"):
    """A view wants the content of some items, as many as ``most`` bytes hold; small ones for a hover."""

    rows: Annotated[tuple[Row, ...], msgspec.Meta(min_length=1, max_length=64)]
    small: bool = False
    most: Annotated[int, msgspec.Meta(ge=1, lt=2**31)] | None = None


class More(Request, frozen=True, tag="more"):
    """A view wants a part of an item, of at most ``most`` bytes; the kind knows what can be asked."""

    row: Row
    ask: Annotated[
        dict[Name, Annotated[str, msgspec.Meta(max_length=200)] | Finite | bool], msgspec.Meta(max_length=8)
    ]
    most: Annotated[int, msgspec.Meta(ge=1, le=2**22)]


class Retry(Request, frozen=True, tag="retry"):
    """What failed in the background is to be done again."""


class Vega(Request, frozen=True, tag="vega"):
    """The page has no Vega yet."""


class Label(Action, frozen=True, kw_only=True, tag="label"):
    """Label one item by its key, or a selection by rows of the pool with this fingerprint.

    ``answer`` is what the kind of question takes, in ids of classes, so that it does not depend on what
    they are called when this arrives; ``value`` is the same in words. ``of``, the id of the one class, is
    what pages of earlier versions have kept.
    """

    value: Words
    selection: Selection
    answer: Annotated[dict[str, Any], msgspec.Meta(max_length=8)] | None = None
    of: ClassId | None = None
    key: Key | None = None
    rows: Rows = ""
    elapsed_ms: Milliseconds | None = None


class Skip(Action, frozen=True, kw_only=True, tag="skip"):
    """Leave an item unanswered."""

    key: Key


class Settle(Action, frozen=True, kw_only=True, tag="settle"):
    """Keep or drop the label of an item that has changed since, or of all such items."""

    keep: bool
    key: Key | None = None


class Undo(Action, frozen=True, kw_only=True, tag="undo"):
    """Take back the annotator's last act."""


class Redo(Action, frozen=True, kw_only=True, tag="redo"):
    """Bring back what the last undo took."""


class Jump(Action, frozen=True, kw_only=True, tag="jump"):
    """Go to the moment after one of the annotator's acts."""

    act: ActId


class Restore(Action, frozen=True, kw_only=True, tag="restore"):
    """Bring back acts of the annotator that were undone and left behind, in this order."""

    acts: Annotated[tuple[ActId, ...], msgspec.Meta(min_length=1, max_length=100)]


class NewClass(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A class to be made."""

    name: Name
    guidance: Words = ""
    key: Annotated[str, msgspec.Meta(max_length=1)] = ""
    color: Annotated[str, msgspec.Meta(max_length=7)] = ""


class ClassEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is to change about a class."""

    guidance: Words | None = None
    example: Words | None = None
    key: Annotated[str, msgspec.Meta(max_length=1)] | None = None
    color: Annotated[str, msgspec.Meta(max_length=7)] | None = None


class Change(Action, frozen=True, kw_only=True, tag="change", omit_defaults=True):
    """Change the classes: see questions/vocabulary.py."""

    change: Literal["add", "rename", "merge", "split", "retire", "restore", "reorder", "edit", "ask"]
    of: Annotated[tuple[Name, ...], msgspec.Meta(max_length=250)] = ()
    classes: Annotated[tuple[NewClass, ...], msgspec.Meta(max_length=50)] = ()
    name: Annotated[str, msgspec.Meta(max_length=200)] = ""
    question: Words = ""
    set: ClassEdit | None = None


Act = Label | Skip | Settle | Undo | Redo | Jump | Restore | Change
Takes = Hello | Bye | Show | More | Retry | Vega | Act

# -- kernel -> browser


class About(msgspec.Struct, frozen=True):
    """What the acts of a session are meant for.

    ``session``, ``pool`` (its table), ``place`` (of its store) and ``who`` (acts) are opaque; ``store`` and
    ``task`` are names for people.
    """

    session: str
    pool: str
    place: str
    who: str
    store: str
    task: str


class PlainClass(msgspec.Struct, frozen=True):
    """A class as people know it."""

    name: str
    guidance: str
    example: str
    key: str
    color: str


class LabelClass(PlainClass, frozen=True):
    """A class of the question.

    Its place in the list is its code; the id outlives a rename; retired ones come last and cannot be chosen.
    """

    id: str
    retired: bool


class Lost(msgspec.Struct, frozen=True):
    """A class with labels that the cell no longer names, and the new ones that it may be called now."""

    name: str
    to: list[str]


class Guess(msgspec.Struct, frozen=True):
    """What the model thinks: the classes by code, and what else is to be said of it in words."""

    codes: tuple[int, ...]
    confidence: float
    words: str


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """An item to label, and why.

    ``blind``: neither the model's guess nor anybody's label is told before it is answered. ``changed``: the
    item says something else now than when it was labelled.
    """

    row: int
    key: str
    reason: str
    audit: bool
    blind: bool
    guess: Guess | None
    changed: bool | msgspec.UnsetType = msgspec.UNSET


class Stage(msgspec.Struct, frozen=True):
    """What is done in the background, and how far it is where that is known."""

    words: str
    fraction: float | None


class Asked(ToBrowser, frozen=True, kw_only=True):
    """The question, its kind (``asks``), and its classes by code."""

    classes: list[LabelClass]
    question: str
    asks: str
    lost: list[Lost]


class ClassesMessage(Asked, frozen=True, kw_only=True, tag="classes"):
    """The question or its classes changed."""


class ShownItem(msgspec.Struct, frozen=True):
    """What an item shows, and the types of its media."""

    row: int
    content: Content
    media: list[str]


class ItemsMessage(ToBrowser, frozen=True, kw_only=True, tag="items"):
    """Items that were asked for. Buffers: the media of all of them, in order.

    ``left`` are rows that did not fit; ``took_ms`` is how long the kernel has worked on the answer so far.
    """

    to: str
    items: list[ShownItem]
    left: list[int]
    took_ms: int


class PartMessage(ToBrowser, frozen=True, kw_only=True, tag="part"):
    """A part of an item. Buffers: its bytes. ``took_ms`` is how long the kernel needed."""

    to: str
    id: str
    content: Content
    took_ms: int


class VegaMessage(ToBrowser, frozen=True, kw_only=True, tag="vega"):
    """Buffers: the code of Vega."""

    to: str


class ActItems(msgspec.Struct, frozen=True, kw_only=True):
    """The ``n`` rows that an act was about, as one string (see codecs.ts).

    ``missing`` of its items are not in this table.
    """

    rows: str
    n: int
    how: Selection
    missing: int


class Ack(Reply, frozen=True, kw_only=True, tag="ack"):
    """The act is saved, and what holds now.

    ``back`` is the item that an undo gives back to the card, ``chosen`` the selection that it gives back to
    the map; ``gone`` is the key of the item that a redo takes.
    """

    back: Ask | None
    chosen: ActItems | None
    gone: str | None
    note: str | None
    undo: bool
    redo: bool
    n_labels: int
    n_events: int


# With `ClassesMessage` or a widget's own in its place.
Tells = ItemsMessage | PartMessage | VegaMessage | Ack | Refused | Failed
