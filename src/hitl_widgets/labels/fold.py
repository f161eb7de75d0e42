"""Events -> what holds now. A deterministic fold: the same log gives the same labels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat

from hitl_widgets.labels.events import LabelEvent
from hitl_widgets.labels.schema import Schema

__all__ = ["Fold"]


class Fold:
    """Current labels, skips and undo stacks of one task.

    The last act of an annotator on an item counts; acts of different annotators never overwrite
    each other. Undo takes back an annotator's own last act, redo brings it back until they act
    anew. The fold is fed one event at a time, in log order.
    """

    def __init__(self) -> None:
        self.n_events = 0
        self.schema: Schema | None = None
        self._order: dict[str, int] = {}
        self._events: dict[str, LabelEvent] = {}
        # Items of one act share one tuple: a hundred thousand lists would wake the garbage collector.
        self._on_item: dict[str, tuple[str, ...]] = {}
        self._undone: set[str] = set()
        self._done: dict[str, list[str]] = defaultdict(list)
        self._redoable: dict[str, list[str]] = defaultdict(list)

    def apply(self, event: LabelEvent) -> tuple[str, ...]:
        """Add one event; returns the keys of the items whose state it may have changed."""
        self.n_events += 1
        if event.kind == "schema":
            self.schema = Schema.from_dict(event.value)
            return ()
        if event.kind in {"undo", "redo"}:
            return self._turn(event)
        self._order[event.event_id] = self.n_events
        self._events[event.event_id] = event
        keys, before = event.item_ids, self.histories(event.item_ids)
        longer = {acts: (*acts, event.event_id) for acts in set(before)}
        for part in _parts(len(keys)):
            self._on_item.update(zip(keys[part], map(longer.__getitem__, before[part]), strict=True))
        self._done[event.annotator].append(event.event_id)
        self._redoable[event.annotator].clear()
        return event.item_ids

    def _turn(self, event: LabelEvent) -> tuple[str, ...]:
        target = self._events.get(str(event.value))
        if target is None or target.annotator != event.annotator:
            return ()
        who, act = event.annotator, target.event_id
        back = event.kind == "undo"
        here, there = (self._done, self._redoable) if back else (self._redoable, self._done)
        if act not in here[who]:
            return ()
        here[who].remove(act)
        there[who].append(act)
        (self._undone.add if back else self._undone.discard)(act)
        return target.item_ids

    def act(self, event_id: str) -> LabelEvent | None:
        """The label or skip with this id."""
        return self._events.get(event_id)

    def to_undo(self, annotator: str) -> LabelEvent | None:
        """The act that the annotator's next undo takes back."""
        done = self._done.get(annotator)
        return self._events[done[-1]] if done else None

    def to_redo(self, annotator: str) -> LabelEvent | None:
        """The act that the annotator's next redo brings back."""
        acts = self._redoable.get(annotator)
        return self._events[acts[-1]] if acts else None

    def histories(self, keys: Sequence[str]) -> list[tuple[str, ...]]:
        """Of each item the ids of its labels and skips, those taken back included, oldest first.

        Items that were always acted on together share one tuple.
        """
        found: list[tuple[str, ...]] = []
        for part in _parts(len(keys)):
            found += map(self._on_item.get, keys[part], repeat(()))
        return found

    def current(self, key: str) -> dict[str, LabelEvent]:
        """Each annotator's act that holds on this item, by annotator, oldest first."""
        held: dict[str, LabelEvent] = {}
        for event_id in self._on_item.get(key, ()):
            if event_id not in self._undone:
                event = self._events[event_id]
                held.pop(event.annotator, None)
                held[event.annotator] = event
        return held

    def answer(self, key: str) -> LabelEvent | None:
        """The label that holds on this item: of several annotators', the latest; else None."""
        labels = [e for e in self.current(key).values() if e.kind == "label" and e.value is not None]
        return labels[-1] if labels else None

    def skipped(self, key: str) -> bool:
        """Whether the item was skipped, and not labelled since."""
        held = self.current(key)
        return self.answer(key) is None and any(e.kind == "skip" for e in held.values())

    def order(self, event: LabelEvent) -> int:
        """The place of an act in the log, from 1."""
        return self._order[event.event_id]

    @property
    def touched(self) -> Iterable[str]:
        """Keys of every item that anybody has acted on, in order of the first act."""
        return self._on_item.keys()

    def acts(self) -> list[tuple[LabelEvent, bool]]:
        """Labels and skips in log order, each with whether it holds (was not undone)."""
        return [(e, i not in self._undone) for i, e in self._events.items()]


def _parts(n: int) -> Iterator[slice]:
    # Between two of them another thread gets its turn: a lasso is one call into C otherwise.
    return (slice(low, low + 10_000) for low in range(0, n, 10_000))
