"""Edits: items whose text or cells somebody changed, kept as items of their own with a class."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.background.worker import Worker
from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import HitlError, InvalidInput, a_type, choices, nearest
from hitl_widgets.items.markup import Markup
from hitl_widgets.items.strikes import Strike
from hitl_widgets.labels.events import LabelEvent, new_event_id
from hitl_widgets.learn.edited import EditedRows
from hitl_widgets.loop.acts import Acts
from hitl_widgets.loop.asking import Labels
from hitl_widgets.loop.log import Log
from hitl_widgets.loop.teach.cells import Cells, differing, stored
from hitl_widgets.loop.teach.strikes import in_effect
from hitl_widgets.loop.trainer import Trainer
from hitl_widgets.maps.preparation import Preparation
from hitl_widgets.questions.base import kind_of
from hitl_widgets.questions.schema import is_unicode

if TYPE_CHECKING:
    from hitl_widgets.items.features.strikes import Without

__all__ = ["LONGEST", "Edit", "Editing", "Lost"]

# Characters of an edited text, and of one that a message names.
LONGEST, SHORT = 20_000, 60
# Characters that nobody sees.
CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f]")
# Features of two items that are read alike; rounding errors are about 1e-7.
ALIKE = 1e-6


@dataclass(frozen=True, eq=False)
class Edit:
    """An edited item.

    Attributes
    ----------
    name
        Its name in the log.
    row
        Its parent: the item that was edited.
    item
        The edited item.
    code
        Its class.
    event
        The act that kept it.
    changed
        Whether the parent has changed since.
    """

    name: str
    row: int
    item: Any
    code: int
    event: LabelEvent
    changed: bool


@dataclass(frozen=True, eq=False)
class Lost:
    """An edit that cannot teach, because what it is about is gone.

    Attributes
    ----------
    name, event
        As of an :class:`Edit`.
    key, row
        Its parent; the row is None if it is not in the table.
    item
        The edited text, or the changed cells.
    code
        Its class, which may be retired; None if it was removed.
    why
        What is gone, and the next step.
    """

    name: str
    key: str
    row: int | None
    item: Any
    code: int | None
    event: LabelEvent
    why: str


class Editing:
    """Guesses the class of edited items, and keeps them. Thread-safe.

    Parameters
    ----------
    pool, trainer, log, acts, preparation
        Parts of the session.
    on_turn
        See :class:`~hitl_widgets.background.worker.Worker`.
    """

    def __init__(
        self,
        pool: Pool,
        trainer: Trainer,
        log: Log,
        acts: Acts,
        preparation: Preparation,
        on_turn: Callable[[str, Exception | None], None],
    ) -> None:
        self._pool, self._trainer, self._log, self._acts = pool, trainer, log, acts
        self._preparation = preparation
        # By the id of the act; None if the model reads the edited item as it reads the item.
        self._known: tuple[Any, dict[str, npt.NDArray[np.float32] | None]] = (None, {})
        self._taught: tuple[tuple[Any, ...], tuple[EditedRows, ...]] = ((None,), ())
        self._since = -1  # the round before the newest edits were learned
        self.worker = Worker(self._read, "edits", last=True, on_turn=on_turn)

    def close(self) -> None:
        """Stop the thread."""
        self.worker.close()

    def source(self, row: int, *, bare: bool = True) -> str | Mapping[Any, Any]:
        """Return the item to edit; unless ``bare``, with personal data hidden.

        Raises
        ------
        HitlError
            If such items, or those of such questions, cannot be edited.
        """
        question, kind = self._log.labels.kind, self._pool.item_kind
        if question.name != "choice":
            raise HitlError(
                "Items can be edited if the question asks for one class; this one asks for "
                f"{kind_of(question.name).asks}."
            )
        item = self._pool.items[row] if bare else self._pool.displayed(row)
        # A conversation is text, too, but not one that anybody would type.
        plain = kind.reads and not kind.in_files and isinstance(item, str)
        plain = plain and (isinstance(kind, Markup) or kind.words(item) == item)
        if not (kind.tabular or plain):
            raise HitlError(
                f"Texts and table rows can be edited, and this item is of kind {self._pool.kind!r}. Add a "
                "changed item to your table instead."
            )
        if self.unread:
            raise HitlError(self.unread)
        return item  # type: ignore[no-any-return]

    @property
    def unread(self) -> str:
        """Why the model cannot read edited items, and so cannot learn them; empty if it can."""
        return self._preparation.unread

    def edited(self, row: int, new: Any, *, bare: bool = True) -> str | dict[Any, Any]:
        """Return the edited item: of a text, ``new``; of a table row, with the cells of ``new``.

        Raises
        ------
        InvalidInput
            If it is not such an item, or nothing is changed.
        """
        item = self.source(row, bare=bare)
        made = _as_text(new) if isinstance(item, str) else {**item, **self._cells.read(item, new)}
        if not bare and self._pool.mask is not None:
            made = self._pool.mask.item(made)
        if _are_same(made, item):
            raise InvalidInput("Nothing is changed yet: edit the item first.")
        return made

    @cached_property
    def _cells(self) -> Cells:
        return Cells(self._pool.items)

    def told(self, items: Sequence[Any]) -> npt.NDArray[np.float64]:
        """Return the probabilities of the classes for items that need not be in the table, (m, n_classes).

        Raises
        ------
        HitlError
            If there is no model, or it cannot predict such items.
        """
        return np.asarray(self._trainer.proba_of(self.features(items)), np.float64)

    def features(self, items: Sequence[Any]) -> npt.NDArray[np.float32]:
        """Return the features of items that need not be in the table, (m, d).

        Raises
        ------
        HitlError
            If the session cannot compute them.
        """
        ground = self._trainer.ground
        return self._features(items, () if ground is None else ground.strikes)

    def _features(self, items: Sequence[Any], strikes: Sequence[Strike]) -> npt.NDArray[np.float32]:
        encoder = self._preparation.reader(strikes)
        given = [self._preparation.as_read(item) for item in items]
        return np.asarray(encoder.transform(given), np.float32)

    def _overlooked(self, parent: Any, item: Any, *, by_features: bool = False) -> str:
        """Return why the model reads an edited item as it reads the item; empty if it does not.

        Without ``by_features``, only what the encoder is given is compared.
        """
        strikes, both = in_effect(self._log), (parent, item)
        if by_features:
            one, other = self._features(both, strikes)
            same = bool(np.abs(one - other).max(initial=0) <= ALIKE)
        else:
            out = self.struck
            one, other = (out.item(self._preparation.as_read(each)) for each in both)
            if isinstance(one, str):  # spaces are in the place of what was struck
                same = one.split() == other.split() if out.words else one == other
            else:
                same = not differing(one, other)
        return self._unread_change(parent, item, strikes) if same else ""

    def _unread_change(self, parent: Any, item: Any, strikes: Sequence[Strike]) -> str:
        """Say what was changed that the model does not read."""
        struck = [one for one in strikes if not one.weight and _changes(one, parent, item)]
        what = "spaces, punctuation and the like"
        if isinstance(self._pool.item_kind, Markup):
            what = "tags, addresses, spaces and the like"
        if not isinstance(parent, str):
            what = f"column {choices(list(map(str, differing(parent, item))))}"
        if struck:
            what = f"{choices([one.word or one.column for one in struck])} {_is(struck)} struck out"
            back = f"bring it back first: session.teach.bring_back({struck[0].arguments})"
        return (
            f"The model does not read what you changed: {what}. Change something that it reads"
            f"{', or ' + back if struck else ''}."
        )

    @property
    def struck(self) -> Without:
        """Leaves out of items what the model does not read."""
        from hitl_widgets.items.features.strikes import without

        return without(in_effect(self._log))

    def keep(
        self,
        row: int,
        new: Any,
        class_id: str,
        *,
        name: str | None = None,
        bare: bool = True,
        event_id: str | None = None,
    ) -> str:
        """Keep an edited item with a class; returns the event's id.

        If the same edit of the item is kept already, it gets this class.

        Raises
        ------
        InvalidInput
            As :meth:`edited`, if the model does not read what is changed, or if ``name`` is another edit than
            that which is the same already.
        """
        if self._log.knows(event_id):
            return event_id
        parent, item = self.source(row, bare=bare), self.edited(row, new, bare=bare)
        ground = self._trainer.ground
        # Features take time, so they are compared before the log is held.
        ready = ground is not None and not ground.passing and not self._preparation.unread
        if why := self._overlooked(parent, item, by_features=ready):
            raise InvalidInput(why)
        with self._log.writing():
            if self._log.knows(event_id):
                return event_id
            if self._code(class_id) is None:
                raise InvalidInput("This class is not offered any more: choose another one.")
            kept: Any = item
            if not isinstance(item, str):
                kept = {str(name): stored(item[name]) for name in differing(parent, item)}  # type: ignore[arg-type]
            value = {
                "parent": self._log.ledger.naming.written(row),
                "item": kept,
                "class": class_id,
                "digest": self._pool.digest(row) if self._pool.has_content else "",
            }
            alike = (one.name for one in self.kept if one.row == row and _are_same(one.item, item))
            same = next(alike, None)
            if name is not None and same not in (None, name):
                raise InvalidInput(
                    f"The edit {same!r} of the same item is like this already. Drop one of them first: "
                    f"session.teach.edits.drop({name!r})."
                )
            name = same or name or new_event_id()[:8]
            return self._acts.define("edit", name, value, event_id=event_id)

    def named(self, given: Any) -> Edit | Lost:
        """Return the edit of this name, or the only one of the item with this id.

        Raises
        ------
        InvalidInput
            If there is none, or there are several.
        """
        kept = self.every
        [row] = self._pool.index([given]) if self._pool.find(given) is not None else [None]
        found = [one for one in kept if row is not None and one.row == row]
        found = found or [one for one in kept if one.name == given]
        if len(found) == 1:
            return found[0]
        if found:
            listed = ", ".join(f"{one.name!r} ({_shown(one.item)})" for one in found)
            raise InvalidInput(f"Item {given!r} has {len(found)} edits: pass the name of one: {listed}.")
        names = [one.name for one in kept]
        raise InvalidInput(
            f"There is no edit {given!r}, and no edit of an item with this id.{nearest(given, names)} "
            + (f"The names are {choices(names)}." if names else "Nothing is edited.")
        )

    def drop(self, name: str) -> str:
        """Remove an edit; returns the event's id."""
        return self._acts.define("edit", name, None)

    def _code(self, class_id: str) -> int | None:
        """Return the code of a class, or of the one that its labels count as; None if it is not offered."""
        heir = self._log.ledger.fold.vocabulary.heir(class_id)
        schema = self._log.schema
        offered = schema.ids[: len(schema.classes)]
        return offered.index(heir) if heir in offered else None

    @property
    def kept(self) -> list[Edit]:
        """The edits in effect of items in the table, with classes that are offered; oldest first."""
        return [one for one in self.every if isinstance(one, Edit)]

    @property
    def every(self) -> list[Edit | Lost]:
        """The same, and the edits that cannot teach because their item, class or columns are gone."""
        return list(self._every())

    def _every(self) -> Iterator[Edit | Lost]:
        with self._log.lock:
            placed = [
                (name, self._log.row_of(value["parent"]), self._code(value["class"]), event)
                for name, event in self._log.definitions("edit").items()
                if _is_edit(value := event.value["is"])
            ]
        for name, row, code, event in placed:
            made = None if row is None or code is None else self._edit(name, row, code, event)
            yield made or self._lost(name, row, code, event)

    def _lost(self, name: str, row: int | None, code: int | None, event: LabelEvent) -> Lost:
        value, schema = event.value["is"], self._log.schema
        why = "The item that was edited is not in the table."
        if row is not None:
            why = "The item has other columns now: edit it again."
        if code is None:
            with self._log.lock:
                heir = self._log.ledger.fold.vocabulary.heir(value["class"])
            why = "Its class was removed: edit the item again with another class."
            if heir in schema.ids:
                code = schema.ids.index(heir)
                called = schema.all_names[code]
                back = f"session.classes.restore({called!r})"
                why = f"Its class {called!r} is retired: bring it back with {back}."
        return Lost(name, value["parent"], row, value["item"], code, event, why)

    def untaught(self, one: Edit | Lost, labels: Labels) -> str:
        """Return why an edit teaches nothing now, and the next step; empty if it teaches."""
        if isinstance(one, Lost):
            return one.why
        if self.unread:
            return self.unread
        if one.changed:
            return "The item has changed since: edit it again."
        parent = self._pool.items[one.row]
        (of, known), ground = self._known, self._trainer.ground
        if ground is not None and of is ground.X and known.get(one.event.event_id, one) is None:
            return self._unread_change(parent, one.item, in_effect(self._log))
        if why := self._overlooked(parent, one.item):
            return why
        return "" if labels.y[one.row] >= 0 else "The item is not labelled yet: label it."

    # -- learning

    @property
    def learned(self) -> list[Edit]:
        """The edits that teach the model once their item is labelled: those whose item has not changed."""
        return [one for one in self.kept if not one.changed]

    def experts(self, labels: Labels, X: Any) -> tuple[EditedRows, ...]:
        """Return the expert that learns the edits, if there are any; see :attr:`.Trainer.experts`.

        The features of new edits are computed in the background, and another round follows.
        """
        if not (kept := self.learned):
            return ()
        of, known = self._known
        known = known if of is X else {}
        if any(one.event.event_id not in known for one in kept):
            self.worker.request()
        kept = [one for one in kept if known.get(one.event.event_id) is not None]
        key = (X, labels.task, tuple((one.event.event_id, one.row, one.code) for one in kept))
        before, experts = self._taught
        if before[0] is X and before[1:] == key[1:]:
            return experts
        experts = ()
        if kept:
            rows = np.array([known[one.event.event_id] for one in kept], np.float32)
            parents = np.array([one.row for one in kept], np.int64)
            codes = np.array([one.code for one in kept], np.int64)
            experts = (EditedRows(X, parents, rows, codes, labels.target.problem.size),)
        self._taught, self._since = (key, experts), self._trainer.number
        return experts

    def settled(self, number: int) -> bool:
        """Return whether the round with this number knows all edits, or they cannot be learned."""
        if not (kept := self.learned) or self.worker.failure is not None:
            return True
        known = self._known[1]
        return number > self._since and all(one.event.event_id in known for one in kept)

    def _read(self, _overtaken: Callable[[], bool]) -> None:
        """Compute the features of new edits, and of all if the features are new."""
        ground = self._trainer.ground
        if ground is None or ground.passing or self._log.closed:
            return
        of, known = self._known
        known = known if of is ground.X else {}
        new = [one for one in self.learned if one.event.event_id not in known]
        if not new:  # another request follows once the model uses these features
            return
        # Both at a time: what is read alike then has equal features.
        items = [item for one in new for item in (self._pool.items[one.row], one.item)]
        rows = self._features(items, ground.strikes)
        found = {
            one.event.event_id: None if np.abs(rows[k + 1] - rows[k]).max(initial=0) <= ALIKE else rows[k + 1]
            for one, k in zip(new, range(0, len(rows), 2), strict=True)
        }
        self._known = ground.X, known | found
        self._trainer.request()

    def _edit(self, name: str, row: int, code: int, event: LabelEvent) -> Edit | None:
        """Return an edit; None if the columns of the items are other ones now."""
        value, parent = event.value["is"], self._pool.items[row]
        item, digest = value["item"], value.get("digest")
        if isinstance(parent, str) != isinstance(item, str):
            return None
        if not isinstance(item, str):
            try:
                item = {**parent, **self._cells.read(parent, item)}
            except InvalidInput:
                return None
        return Edit(name, row, item, code, event, bool(digest) and self._pool.same(row, digest) is False)


def _is_edit(value: Any) -> bool:
    match value:
        case {"parent": str(), "item": str() | dict(), "class": str()}:
            return True
    return False


def _changes(strike: Strike, parent: Any, item: Any) -> bool:
    """Return whether what is struck is among what differs between two items."""
    if strike.word is None:
        return not isinstance(parent, str) and strike.column in differing(parent, item)
    from hitl_widgets.items.features.strikes import Without

    out = Without([[strike.word, strike.column]])
    found = [[out.places(name).of(text) for name, text in out.cells(one)] for one in (parent, item)]
    n, m = (sum(map(len, places)) for places in found)
    return n != m or (n > 0 and isinstance(parent, str) and out.item(parent) == out.item(item))


def _is(some: Sequence[Any]) -> str:
    return "is" if len(some) == 1 else "are"


def _shown(item: Any) -> str:
    return repr(item if len(text := str(item)) <= SHORT else f"{text[: SHORT - 1]}\u2026")


def _are_same(one: Any, other: Any) -> bool:
    if isinstance(one, str):
        return CONTROL.sub("", one) == CONTROL.sub("", other)
    return not differing(one, other)


def _as_text(new: Any) -> str:
    if not isinstance(new, str):
        raise InvalidInput(f"An edited text is a string, not {a_type(new)}.")
    if not new.strip():
        raise InvalidInput("The edited text is empty: leave at least one word.")
    if not is_unicode(new):
        raise InvalidInput("The edited text contains a lone surrogate (half a character): remove it.")
    if len(new) > LONGEST:
        raise InvalidInput(
            f"The edited text has {len(new):,} characters, and the limit is {LONGEST:,}: shorten it, or add "
            "it to your table."
        )
    return new
