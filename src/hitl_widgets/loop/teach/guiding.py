"""Guiding: the guidelines in the log, and the labels that a change of one may touch."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput
from hitl_widgets.labels.events import LabelEvent, because_of
from hitl_widgets.labels.fold import Fold
from hitl_widgets.learn.scoring import ClassBelief
from hitl_widgets.loop.acts import Acts, checked_reason
from hitl_widgets.loop.log import Log
from hitl_widgets.loop.seen import Seen
from hitl_widgets.loop.words import counted, within
from hitl_widgets.questions.schema import LabelClass

__all__ = ["Guiding", "Kept", "Told", "Version", "kept_in", "versions_in"]

OF = "guideline"
# From this probability on, the model counts a class among those that a labelled item may be.
LEAST = 0.05

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Kept:
    """An item that is kept as an example of a class, or as a counter-example, as in the log.

    Attributes
    ----------
    class_id, key
        The class, after renames and merges, and the item.
    counter
        Whether the item is not of the class.
    because
        A sentence that says why; may be empty.
    name, event
        The name of the definition, and the act that made it.
    """

    class_id: str
    key: str
    counter: bool
    because: str
    name: str
    event: LabelEvent


@dataclass(frozen=True)
class Told:
    """An item that shows what its classes are, or are not: kept, or decided by a reviewer with a reason.

    Attributes
    ----------
    row, key
        The item; the row is None if it is not in the table.
    class_ids
        The classes.
    because, counter
        As in :class:`Kept`.
    annotator
        Who kept or decided it.
    kept
        Whether it was kept rather than decided.
    """

    row: int | None
    key: str
    class_ids: tuple[str, ...]
    because: str
    annotator: str
    counter: bool = False
    kept: bool = True


@dataclass(frozen=True)
class Version:
    """A guideline after one of its changes.

    Attributes
    ----------
    number
        From 1.
    time, annotator
        When it was changed (UTC), and by whom.
    text, example
        When to choose the class, and an example as text.
    examples, counterexamples
        The keys of the items that were kept.
    """

    number: int
    time: datetime
    annotator: str
    text: str
    example: str = ""
    examples: tuple[str, ...] = ()
    counterexamples: tuple[str, ...] = ()


def kept_in(fold: Fold) -> list[Kept]:
    """Return the examples and counter-examples in effect of the classes that exist, oldest first."""
    found: dict[tuple[str, str], Kept] = {}
    for event in fold.definitions(OF).values():
        if (one := _kept(fold, event)) is not None:
            found[one.class_id, one.key] = one
    return list(found.values())


def versions_in(fold: Fold) -> dict[str, list[Version]]:
    """Return each guideline after each of its changes, oldest first, by class id."""
    changes = [(event, (id_, c)) for event, id_, c in fold.guided()]
    found, texts, kept = dict[str, list[Version]](), dict[str, LabelClass](), dict[str, dict[str, Kept]]()
    for event, text in sorted(
        [*changes, *((e, None) for e in fold.defined(OF))], key=lambda change: fold.order(change[0])
    ):
        touched = set[str]()
        if text is not None:
            texts[text[0]] = text[1]
            touched.add(text[0])
        else:
            one, name = _kept(fold, event), event.value["name"]
            touched |= {id_ for id_, items in kept.items() if items.pop(name, None) is not None}
            if one is not None:
                kept.setdefault(one.class_id, {})[name] = one
                touched.add(one.class_id)
        for id_ in touched:
            versions, items, c = found.setdefault(id_, []), kept.get(id_, {}).values(), texts.get(id_)
            versions.append(
                Version(
                    number=len(versions) + 1,
                    time=datetime.fromisoformat(event.time),
                    annotator=event.annotator,
                    text=c.guidance if c else "",
                    example=c.example if c else "",
                    examples=tuple(one.key for one in items if not one.counter),
                    counterexamples=tuple(one.key for one in items if one.counter),
                )
            )
    return found


def _kept(fold: Fold, event: LabelEvent) -> Kept | None:
    match event.value["is"]:
        case {"class": str(id_), "item": str(key), "counter": bool(counter), "because": str(because)}:
            class_id = fold.vocabulary.heir(id_)
            if class_id is not None:
                return Kept(class_id, key, counter, because, event.value["name"], event)
    return None


class Guiding:
    """Keeps guidelines, and says which labels their changes may touch.

    Parameters
    ----------
    log, acts
        Parts of the session.
    seen
        Returns its labels and predictions.
    """

    def __init__(self, log: Log, acts: Acts, seen: Callable[[], Seen]) -> None:
        self._log, self._acts, self._seen = log, acts, seen

    # -- examples

    def kept(self) -> list[Kept]:
        """Return the examples and counter-examples in effect, oldest first."""
        with self._log.lock:
            return kept_in(self._log.ledger.fold)

    def told(self) -> list[Told]:
        """Return the items that show what the classes are, oldest first.

        Without those of gold questions that this annotator is yet to answer.
        """
        with self._log.lock:
            fold, found = self._log.ledger.fold, list[tuple[int, Told]]()
            for key in fold.judged:
                event = fold.verdict(key)
                if event is not None and (because := because_of(event)) and (answer := fold.now(event)):
                    ids = tuple(fold.kind.classes(answer))
                    one = Told(self._log.row_of(key), key, ids, because, event.annotator, kept=False)
                    found.append((fold.order(event), one))
            for kept in kept_in(fold):
                row, who = self._log.row_of(kept.key), kept.event.annotator
                one = Told(row, kept.key, (kept.class_id,), kept.because, who, kept.counter)
                found.append((fold.order(kept.event), one))
            if not found:  # usually, and views ask after every act
                return []
            unseen = self._log.ledger.labels.gold
            found.sort(key=lambda pair: pair[0])
            return [one for _, one in found if one.row is None or not unseen[one.row]]

    def keep(
        self,
        row: int,
        class_id: str,
        because: str = "",
        *,
        counter: bool = False,
        event_id: str | None = None,
    ) -> str:
        """Keep an item as an example of a class, or as a counter-example; returns the event's id."""
        because = checked_reason(because)
        if self._log.knows(event_id):
            return event_id
        with self._log.lock:
            class_id = self._log.ledger.fold.vocabulary.choosable(class_id)
            key = self._log.ledger.naming.written(row)
            name = next((one.name for one in self._of(row, class_id)), json.dumps([class_id, key]))
        value = {"class": class_id, "item": key, "counter": counter, "because": because}
        return self._acts.define(OF, name, value, event_id=event_id)

    def drop(self, row: int, class_id: str, *, event_id: str | None = None) -> str:
        """Remove an item from the guideline of a class; returns the event's id."""
        if self._log.knows(event_id):
            return event_id
        found = self._of(row, class_id)
        if not found:
            id_, name = self._log.ledger.pool.ids[row], self._name(class_id)
            raise InvalidInput(f"Item {id_!r} is not in the guideline of {name!r}.")
        return self._acts.define(OF, found[0].name, None, event_id=event_id)

    def _of(self, row: int, class_id: str) -> list[Kept]:
        return [one for one in self.kept() if one.class_id == class_id and self._log.row_of(one.key) == row]

    # -- versions, and what they touch

    def versions(self) -> dict[str, list[Version]]:
        """Return the guideline of each class that has one after each of its changes, by class id."""
        with self._log.lock:
            return versions_in(self._log.ledger.fold)

    def touched(self) -> dict[str, Rows]:
        """Return the rows of labels that a changed guideline may touch, by class id.

        They are older than the last change of the class's guideline, and were not queued or kept since. They
        are of that class, or the model has it among its first two.
        """
        if self._log.labels.kind.name != "choice":
            return {}
        with self._log.lock:
            fold = self._log.ledger.fold
            if not (changed := self._changed(fold)):  # usually
                return {}
            labels = self._log.labels
            older = (labels.y >= 0) & (labels.order < max(changed.values()))
            if not older.any():  # the guidance was there before the labels
                return {}
            seen = self._seen()
            labels, belief = seen.labels, seen.belief
            rows = np.flatnonzero(older & seen.shown)
            y, order, found = labels.y[rows], labels.order[rows], dict[str, Rows]()
            since = self._looked_at(fold)
            looked = np.array([since.get(row, 0) for row in rows.tolist()])
            kept = {(one.class_id, self._log.row_of(one.key)) for one in kept_in(fold)}
            for id_, last in changed.items():
                code = labels.schema.ids.index(id_)
                near = y == code
                if isinstance(belief, ClassBelief):
                    among = belief.some(rows)
                    second = among.confidence - (1 - among.uncertainty) >= LEAST
                    near |= (among.predicted == code) | ((among.runner_up == code) & second)
                own = rows[near & (order < last) & (looked < last)].tolist()
                if own := [row for row in own if (id_, row) not in kept]:
                    found[id_] = np.array(own, np.int64)
        return found

    def _changed(self, fold: Fold) -> dict[str, int]:
        """The position in the log of the last change of each guideline, for classes that can be chosen."""
        live = self._log.schema.ids[: len(self._log.schema.classes)]
        found: dict[str, int] = {}
        for event, id_, _ in fold.guided():
            found[id_] = fold.order(event)
        for event in fold.defined(OF):
            if (one := _kept(fold, event)) is not None:
                found[one.class_id] = max(found.get(one.class_id, 0), fold.order(event))
        return {id_: order for id_, order in found.items() if id_ in live}

    def _looked_at(self, fold: Fold) -> dict[int, float]:
        """Since when each label needs no other look: it was queued, kept, or decided by a reviewer."""
        found = dict.fromkeys(self._log.decided(), np.inf)
        for event, keys in self._queued(fold):
            for key in keys:
                if (row := self._log.row_of(key)) is not None:
                    found[row] = max(found.get(row, 0), fold.order(event))
        for key in fold.reviewed:
            if (row := self._log.row_of(key)) is not None:
                last = max((order for order, _, _ in fold.kept(key)), default=0)
                found[row] = max(found.get(row, 0), last)
        return found

    def queue(self, class_id: str, *, event_id: str | None = None) -> str:
        """Queue the labels again that the changed guideline of a class may touch; returns the event's id."""
        if self._log.knows(event_id):
            return event_id
        self.check_question()
        rows = self.touched().get(class_id)
        if rows is None:
            raise InvalidInput(self._untouched(class_id))
        with self._log.lock:
            written = self._log.ledger.naming.written
            value = {"class": class_id, "again": [written(row) for row in rows.tolist()]}
        return self._acts.define(OF, json.dumps([class_id]), value, again=True, event_id=event_id)

    def _untouched(self, class_id: str) -> str:
        name = self._name(class_id)
        return (
            f"There is nothing to queue: no label that the guideline of {name!r} may touch is older than its "
            "last change, or all were queued or looked at since."
        )

    def check_question(self) -> None:
        """Raise InvalidInput if labels cannot be queued again for the question."""
        if self._log.labels.kind.name != "choice":
            raise InvalidInput("Labels are queued again for questions with one class per item only.")

    def _queued(self, fold: Fold) -> Iterator[tuple[LabelEvent, list[str]]]:
        for event in fold.defined(OF):
            match event.value["is"]:
                case {"class": str(), "again": list(keys)}:
                    yield event, keys

    def waiting(self) -> dict[int, str]:
        """Return the rows of labels that were queued again and are yet to be looked at, with the class id."""
        labels, found = self._log.labels, dict[int, str]()
        with self._log.lock:
            fold = self._log.ledger.fold
            for event, keys in self._queued(fold):
                class_id, order = fold.vocabulary.heir(event.value["is"]["class"]), fold.order(event)
                for key in keys if class_id is not None else ():
                    row = self._log.row_of(key)
                    if row is None or labels.y[row] < 0 or labels.order[row] > order:
                        continue
                    if not any(at > order for at, _, _ in fold.kept(self._log.ledger.pool.keys[row])):
                        found[row] = str(class_id)
        return found

    def describe(self, event: LabelEvent) -> str:
        """Describe an act for the history."""
        with self._log.lock:
            fold = self._log.ledger.fold
            one = _kept(fold, event)
        if one is not None:
            what = "counter-example" if one.counter else "example"
            return f"{what} of {within(self._name(one.class_id))} kept"
        match event.value["is"]:
            case {"class": str(id_), "again": list(keys)}:
                n = counted(len(keys), "label")
                return f"guidance of {within(self._name(id_))} changed: {n} queued again"
        return "example removed from the guidance"

    def _name(self, class_id: str) -> str:
        return self._log.ledger.fold.vocabulary.meaning(class_id) or class_id
