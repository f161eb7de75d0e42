"""Edits: items whose text or cells somebody changed, kept as items of their own with a class."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.background.worker import Worker
from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import HitlError, InvalidInput, a_type, choices, nearest
from hitl_widgets.items.markup import Markup
from hitl_widgets.labels.events import LabelEvent, new_event_id
from hitl_widgets.learn.edited import EditedRows
from hitl_widgets.loop.acts import Acts
from hitl_widgets.loop.asking import Labels
from hitl_widgets.loop.log import Log
from hitl_widgets.loop.teach.cells import Cells, differing, stored
from hitl_widgets.loop.trainer import Trainer
from hitl_widgets.maps.preparation import Preparation
from hitl_widgets.questions.base import kind_of
from hitl_widgets.questions.schema import is_unicode

__all__ = ["LONGEST", "Edit", "Editing"]

# Characters of an edited text, and of one that a message names.
LONGEST, SHORT = 20_000, 60


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
        self._known: tuple[Any, dict[str, npt.NDArray[np.float32]]] = (None, {})
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
        if made == item or (not isinstance(made, str) and not differing(item, made)):  # type: ignore[arg-type]
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
        encoder = self._preparation.reader(() if ground is None else ground.strikes)
        given = [self._preparation.as_read(item) for item in items]
        return np.asarray(encoder.transform(given), np.float32)

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
            As :meth:`edited`.
        """
        with self._log.writing():
            if self._log.knows(event_id):
                return event_id
            if self._code(class_id) is None:
                raise InvalidInput("This class is not offered any more: choose another one.")
            parent, item = self.source(row, bare=bare), self.edited(row, new, bare=bare)
            kept: Any = item
            if not isinstance(item, str):
                kept = {str(name): stored(item[name]) for name in differing(parent, item)}  # type: ignore[arg-type]
            value = {
                "parent": self._log.ledger.naming.written(row),
                "item": kept,
                "class": class_id,
                "digest": self._pool.digest(row) if self._pool.has_content else "",
            }
            same = (one.name for one in self.kept if one.row == row and _are_same(one.item, item))
            name = next(same, name or new_event_id()[:8])
            return self._acts.define("edit", name, value, event_id=event_id)

    def named(self, given: Any) -> Edit:
        """Return the edit of this name, or the only one of the item with this id.

        Raises
        ------
        InvalidInput
            If there is none, or there are several.
        """
        kept = self.kept
        [row] = self._pool.index([given]) if self._pool.find(given) is not None else [None]
        found = [one for one in kept if one.row == row] or [one for one in kept if one.name == given]
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
        with self._log.lock:
            placed = [
                (name, self._log.row_of(value["parent"]), self._code(value["class"]), event)
                for name, event in self._log.definitions("edit").items()
                if _is_edit(value := event.value["is"])
            ]
        return [
            made
            for name, row, code, event in placed
            if row is not None and code is not None and (made := self._edit(name, row, code, event))
        ]

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
        kept = [one for one in kept if one.event.event_id in known]
        key = (X, labels.task, tuple((one.event.event_id, one.row, one.code) for one in kept))
        before, experts = self._taught
        if before[0] is X and before[1:] == key[1:]:
            return experts
        experts = ()
        if kept:
            rows = np.stack([known[one.event.event_id] for one in kept])
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
        rows = self.features([one.item for one in new])
        self._known = ground.X, known | {one.event.event_id: row for one, row in zip(new, rows, strict=True)}
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


def _shown(item: Any) -> str:
    return repr(item if len(text := str(item)) <= SHORT else f"{text[: SHORT - 1]}\u2026")


def _are_same(one: Any, other: Any) -> bool:
    return bool(one == other if isinstance(one, str) else not differing(one, other))


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
