"""Messages of all views of a session."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from hitl_widgets.loop.modes import Mode
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

__all__ = ["Act", "EditedCells", "EditedText", "Takes", "Tells"]

EditedText = Annotated[str, msgspec.Meta(max_length=20_000)]
EditedCells = Annotated[
    dict[Name, Annotated[str, msgspec.Meta(max_length=4000)]], msgspec.Meta(min_length=1, max_length=200)
]

# -- browser -> kernel


class Show(Request, frozen=True, tag="show"):
    """Request the content of items, up to ``most`` bytes; ``small`` for the preview on hover.

    A preview comes with the value of ``column``, if there is such a column.
    """

    rows: Annotated[tuple[Row, ...], msgspec.Meta(min_length=1, max_length=64)]
    small: bool = False
    column: Annotated[str, msgspec.Meta(max_length=300)] = ""
    most: Annotated[int, msgspec.Meta(ge=1, lt=2**31)] | None = None


class More(Request, frozen=True, tag="more"):
    """Request a part of an item, at most ``most`` bytes; ``ask`` depends on the kind of item."""

    row: Row
    ask: Annotated[
        dict[Name, Annotated[str, msgspec.Meta(max_length=200)] | Finite | bool], msgspec.Meta(max_length=8)
    ]
    most: Annotated[int, msgspec.Meta(ge=1, le=2**22)]


class Retry(Request, frozen=True, tag="retry"):
    """Try failed background work again."""


class Module(Request, frozen=True, tag="module"):
    """Request a module that the page does not have yet.

    It is ``vega``, ``teach``, ``compose-`` and a kind of question, or ``view-`` and a kind of item.
    """

    name: Annotated[str, msgspec.Meta(pattern=r"^(?:vega|teach|(?:compose|view)-[a-z]{1,40})\Z")]


class Label(Action, frozen=True, kw_only=True, tag="label"):
    """Label one item by its key, or a selection by rows of the pool with this fingerprint.

    ``answer`` is the answer with class ids, so that it does not depend on the names of the classes when it
    arrives; ``value`` is the same as text. ``of``, the id of a single class, comes only from pages of earlier
    versions.
    """

    value: Words
    selection: Selection
    answer: Annotated[dict[str, Any], msgspec.Meta(max_length=8)] | None = None
    of: ClassId | None = None
    key: Key | None = None
    rows: Rows = ""
    elapsed_ms: Milliseconds | None = None


class Clear(Action, frozen=True, kw_only=True, tag="clear"):
    """Remove the label of one item, or those of a selection; the fields are those of ``Label``."""

    selection: Selection
    key: Key | None = None
    rows: Rows = ""


class Skip(Action, frozen=True, kw_only=True, tag="skip", omit_defaults=True):
    """Leave an item unanswered; ``why``: nobody may know, or the item cannot be answered."""

    key: Key
    why: Literal["unknown", "bad", "rejected"] | None = None


class Note(Action, frozen=True, kw_only=True, tag="note"):
    """Write a note on an item, or remove it."""

    key: Key
    text: Annotated[str, msgspec.Meta(max_length=2000)] | None


class Decide(Action, frozen=True, kw_only=True, tag="decide"):
    """Decide as a reviewer what the answer of an item is, in the form of the log.

    ``gold``: annotators are asked the item unseen.
    """

    key: Key
    answer: Annotated[dict[str, Any], msgspec.Meta(max_length=8)]
    because: Annotated[str, msgspec.Meta(max_length=2000)]
    gold: bool


class Edit(Action, frozen=True, kw_only=True, tag="edit", omit_defaults=True):
    """Keep an edited item with its class ``of``: its text, or the cells of a table row that are changed."""

    key: Key
    of: ClassId
    text: EditedText | None = None
    cells: EditedCells | None = None


class Reveal(Action, frozen=True, kw_only=True, tag="reveal"):
    """Display the hidden personal data of an item, which is logged."""

    key: Key


class Keep(Action, frozen=True, kw_only=True, tag="keep"):
    """Keep the label of an item that was looked at again."""

    key: Key


class Settle(Action, frozen=True, kw_only=True, tag="settle"):
    """Keep or drop the label of a changed item, or of all changed items."""

    keep: bool
    key: Key | None = None


class Undo(Action, frozen=True, kw_only=True, tag="undo"):
    """Undo the annotator's last act."""


class Redo(Action, frozen=True, kw_only=True, tag="redo"):
    """Redo what was last undone."""


class Jump(Action, frozen=True, kw_only=True, tag="jump"):
    """Go to the state after one of the annotator's acts."""

    act: ActId


class Restore(Action, frozen=True, kw_only=True, tag="restore"):
    """Restore acts of the annotator that were undone and left behind, in this order."""

    acts: Annotated[tuple[ActId, ...], msgspec.Meta(min_length=1, max_length=100)]


class NewClass(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A class to be created."""

    name: Name
    guidance: Words = ""
    key: Annotated[str, msgspec.Meta(max_length=1)] = ""
    color: Annotated[str, msgspec.Meta(max_length=7)] = ""


class ClassEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Changes to a class."""

    guidance: Words | None = None
    example: Words | None = None
    key: Annotated[str, msgspec.Meta(max_length=1)] | None = None
    color: Annotated[str, msgspec.Meta(max_length=7)] | None = None


class Change(Action, frozen=True, kw_only=True, tag="change", omit_defaults=True):
    """Change the classes: see questions/vocabulary.py."""

    change: Literal["add", "rename", "merge", "split", "retire", "restore", "reorder", "edit", "ask", "keys"]
    of: Annotated[tuple[Name, ...], msgspec.Meta(max_length=250)] = ()
    classes: Annotated[tuple[NewClass, ...], msgspec.Meta(max_length=50)] = ()
    name: Annotated[str, msgspec.Meta(max_length=200)] = ""
    question: Words = ""
    set: ClassEdit | None = None


class Slice(Action, frozen=True, kw_only=True, tag="slice"):
    """Keep a query under a name, or remove the name if the query is null.

    A name that keeps another query is refused without ``replace``.
    """

    name: Name
    query: Annotated[str, msgspec.Meta(max_length=2000)] | None
    replace: bool = False


class Guide(Action, frozen=True, kw_only=True, tag="guide"):
    """Keep an item as an example of a class, or as a counter-example; ``counter`` null removes it."""

    key: Key
    of: ClassId
    counter: bool | None
    because: Annotated[str, msgspec.Meta(max_length=2000)]


class Requeue(Action, frozen=True, kw_only=True, tag="requeue"):
    """Queue the labels again that the changed guidance of a class may touch."""

    of: ClassId


class KeepRule(Action, frozen=True, kw_only=True, tag="rule"):
    """Keep a rule: what a query finds is of a class, or else these rows of the pool with this fingerprint."""

    of: ClassId
    query: Annotated[str, msgspec.Meta(max_length=2000)]
    rows: Rows


class RetireRule(Action, frozen=True, kw_only=True, tag="retire_rule"):
    """Stop using a rule, or use it again (``back``)."""

    name: Name
    back: bool


class RemoveRule(Action, frozen=True, kw_only=True, tag="remove_rule"):
    """Remove a rule."""

    name: Name


class HandOver(Action, frozen=True, kw_only=True, tag="hand_over"):
    """Hand over to the model what was proposed."""

    proposal: ActId


class Dismiss(Action, frozen=True, kw_only=True, tag="dismiss"):
    """Never propose something again."""

    name: Name


class TakeBack(Action, frozen=True, kw_only=True, tag="take_back"):
    """End the use of machine labels."""

    act: ActId


class Strike(Action, frozen=True, kw_only=True, tag="strike"):
    """Strike a word or column out of what the model reads, or bring it back.

    With a word, the column is the one that contains it, if there are several.
    """

    word: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)] | None
    column: Annotated[str, msgspec.Meta(max_length=1000)] | None
    on: bool


Act = (
    Label
    | Clear
    | Skip
    | Note
    | Edit
    | Reveal
    | Keep
    | Decide
    | Settle
    | Undo
    | Redo
    | Jump
    | Restore
    | Change
    | Slice
    | Guide
    | Requeue
    | Strike
    | KeepRule
    | RetireRule
    | RemoveRule
    | HandOver
    | TakeBack
    | Dismiss
)
Takes = Hello | Bye | Show | More | Retry | Module | Act

# -- kernel -> browser


class About(msgspec.Struct, frozen=True):
    """What the acts of a session refer to.

    ``session``, ``pool`` (its table), ``place`` (of its store) and ``who`` (its annotator) are opaque;
    ``store`` and ``task`` are names to display.
    """

    session: str
    pool: str
    place: str
    who: str
    store: str
    task: str


class PlainClass(msgspec.Struct, frozen=True):
    """The visible properties of a class."""

    name: str
    guidance: str
    example: str
    key: str
    color: str


class LabelClass(PlainClass, frozen=True):
    """A class of the question.

    Its position in the list is its code. The id does not change when the class is renamed. Retired classes
    come last and cannot be chosen.
    """

    id: str
    retired: bool


class Lost(msgspec.Struct, frozen=True):
    """A class with labels that is missing from the cell, and the new classes that may be its new name."""

    name: str
    to: list[str]


class Guess(msgspec.Struct, frozen=True):
    """The model's prediction: the classes by code, and additional text.

    ``shares`` are the most likely classes with their probabilities, if only one can apply.
    """

    codes: tuple[int, ...]
    confidence: float
    words: str
    shares: list[tuple[int, float]]


class Doubtful(msgspec.Struct, frozen=True):
    """A label to look at again: its classes, and who gave it, empty if it was this annotator."""

    codes: tuple[int, ...]
    by: str


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """An item to label, and the reason.

    ``selection``: how it was chosen, which its answer is recorded with.
    ``blind``: the model's guess and others' labels are hidden until it is answered. ``changed``: the content
    of the item has changed since it was labelled. ``note`` is the annotator's own. ``doubtful``: it has a
    label, to keep or to correct. ``decided`` is what a reviewer decided, and why. ``again``: the annotator
    has labelled it before.
    """

    row: int
    key: str
    reason: str
    selection: Selection
    blind: bool
    guess: Guess | None
    note: str
    changed: bool | msgspec.UnsetType = msgspec.UNSET
    decided: str | msgspec.UnsetType = msgspec.UNSET
    doubtful: Doubtful | msgspec.UnsetType = msgspec.UNSET
    again: bool | msgspec.UnsetType = msgspec.UNSET


class Stage(msgspec.Struct, frozen=True):
    """The current background work, and its progress if known."""

    words: str
    fraction: float | None


class Asked(ToBrowser, frozen=True, kw_only=True):
    """The question, its kind (``asks``) with its settings, and its classes by code.

    ``composed``: an answer is more than its classes. ``bulk``: several items can get the same answer.
    ``suggests``: there are suggested answers, or there will be once the model has learned enough.
    ``mode``: what annotators do with them.
    """

    classes: list[LabelClass]
    question: str
    asks: str
    settings: dict[str, Any]
    composed: bool
    bulk: bool
    suggests: bool
    mode: Mode
    lost: list[Lost]


class ClassesMessage(Asked, frozen=True, kw_only=True, tag="classes"):
    """The question or its classes have changed."""


class ShownItem(msgspec.Struct, frozen=True):
    """The content of an item, the types of its media, and names and values of its context."""

    row: int
    content: Content
    media: list[str]
    context: list[tuple[str, str]]


class ItemsMessage(ToBrowser, frozen=True, kw_only=True, tag="items"):
    """Requested items. Buffers: the media of all of them, in order.

    ``small`` is that of the request. ``left`` are the rows that did not fit; ``took_ms`` is the kernel's time
    for the answer so far.
    """

    to: str
    small: bool
    items: list[ShownItem]
    left: list[int]
    took_ms: int


class PartMessage(ToBrowser, frozen=True, kw_only=True, tag="part"):
    """A part of an item. Buffers: its bytes. ``took_ms`` is the time that the kernel needed."""

    to: str
    id: str
    content: Content
    took_ms: int


class ModuleMessage(ToBrowser, frozen=True, kw_only=True, tag="module"):
    """A module. Buffers: its code and its style sheet, which may be empty."""

    to: str
    name: str


class ActItems(msgspec.Struct, frozen=True, kw_only=True):
    """The ``n`` rows of an act, encoded as a string (see codecs.ts).

    ``missing`` is the number of its items that are not in this table.
    """

    rows: str
    n: int
    how: Selection
    missing: int


class Ack(Reply, frozen=True, kw_only=True, tag="ack"):
    """The act is saved. Contains the new state.

    ``back`` is the item that an undo shows again, ``chosen`` the selection that it restores on the map;
    ``gone`` is the key of the item that a redo removes from view. After a demonstration, ``beside`` says what
    would have been suggested.
    """

    back: Ask | None
    chosen: ActItems | None
    gone: str | None
    note: str | None
    beside: str | None
    undo: bool
    redo: bool
    n_labels: int
    n_events: int


# In addition to `ClassesMessage` or the widget's own version of it.
Tells = ItemsMessage | PartMessage | ModuleMessage | Ack | Refused | Failed
