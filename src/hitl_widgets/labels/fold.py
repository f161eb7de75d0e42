"""Events -> what holds now. A deterministic fold: the same log gives the same labels."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, repeat
from typing import Any

from hitl_widgets.errors import InvalidInput
from hitl_widgets.labels.events import ActState, LabelEvent
from hitl_widgets.questions.base import Answer, QuestionKind, kind_of
from hitl_widgets.questions.schema import Schema
from hitl_widgets.questions.vocabulary import Vocabulary

__all__ = ["Fold"]


class Fold:
    """Current labels, skips and undo stacks of one task.

    The last act of an annotator on an item counts; acts of different annotators never overwrite
    each other. Undo takes back an annotator's own last acts, redo brings them back until they act
    anew. What is undone then is left behind: an act that ``restores`` it does it again. The fold is fed
    one event at a time, in log order.
    """

    def __init__(self) -> None:
        self.n_events = 0
        self.vocabulary = Vocabulary()
        self._order: dict[str, int] = {}
        self._events: dict[str, LabelEvent] = {}
        # Items of one act share one tuple: a hundred thousand lists would wake the garbage collector.
        self._on_item: dict[str, tuple[str, ...]] = {}
        self._answers: dict[str, Answer | None] = {}  # what a label said
        self._words: dict[str, Any] = {}  # and what that was called then
        self._undone: set[str] = set()
        self._given: Counter[str] = Counter()
        self._done: dict[str, list[str]] = defaultdict(list)
        self._redoable: dict[str, list[str]] = defaultdict(list)
        self._left: dict[str, LabelEvent] = {}  # undone, and out of reach of redo
        self._restored: dict[str, str] = {}  # by which act, the last one

    @property
    def schema(self) -> Schema | None:
        """The question that holds."""
        return self.vocabulary.schema

    def apply(self, event: LabelEvent) -> tuple[str, ...]:
        """Add one event; returns the keys of the items whose state it may have changed."""
        self.n_events += 1
        if event.kind in {"undo", "redo"}:
            return self._turn(event)
        if event.kind == "schema":
            changed = self.vocabulary.apply(event.value, event.event_id)
            if changed is None or "change" not in event.value:
                return tuple(self._on_item) if changed else ()
            self._push(event)
            return tuple(self._on_item) if changed else ()
        self._push(event)
        if event.kind == "label" and event.value is not None:
            answer = self._answers[event.event_id] = self.kind.load(event.value, self.vocabulary)
            words = None if answer is None else self.kind.said(answer, self.vocabulary)
            self._words[event.event_id] = event.value if isinstance(event.value, str) else words
            self._given[event.annotator] += len(event.item_ids)
        keys, before = event.item_ids, self.histories(event.item_ids)
        longer = {acts: (*acts, event.event_id) for acts in set(before)}
        for part in _parts(len(keys)):
            self._on_item.update(zip(keys[part], map(longer.__getitem__, before[part]), strict=True))
        return event.item_ids

    def _push(self, event: LabelEvent) -> None:
        lost = self._redoable[event.annotator]
        # The last to be undone was the first to be done.
        self._left.update((event_id, self._events[event_id]) for event_id in reversed(lost))
        lost.clear()
        before = self._events.get(event.restores or "")
        if before is not None and before.annotator == event.annotator:
            self._restored[before.event_id] = event.event_id
        self._order[event.event_id] = self.n_events
        self._events[event.event_id] = event
        self._done[event.annotator].append(event.event_id)

    def _turn(self, event: LabelEvent) -> tuple[str, ...]:
        who, back = event.annotator, event.kind == "undo"
        here, there = (self._done, self._redoable) if back else (self._redoable, self._done)
        touched: dict[str, None] = {}
        for act in event.value if isinstance(event.value, list | tuple) else (event.value,):
            target = self._events.get(str(act))
            if target is None or target.annotator != who or not _take(here[who], target.event_id):
                continue
            there[who].append(target.event_id)
            (self._undone.add if back else self._undone.discard)(target.event_id)
            if target.event_id in self._answers:
                self._given[who] += len(target.item_ids) * (-1 if back else 1)
            changed = target.kind == "schema" and self.vocabulary.turn(target.event_id, back=back)
            touched.update(dict.fromkeys(self._on_item if changed else target.item_ids))
        return tuple(touched)

    def act(self, event_id: str) -> LabelEvent | None:
        """The label, skip or change of the classes with this id."""
        return self._events.get(event_id)

    def to_undo(self, annotator: str) -> LabelEvent | None:
        """The act that the annotator's next undo takes back."""
        done = self._done.get(annotator)
        return self._events[done[-1]] if done else None

    def to_redo(self, annotator: str) -> LabelEvent | None:
        """The act that the annotator's next redo brings back."""
        acts = self._redoable.get(annotator)
        return self._events[acts[-1]] if acts else None

    def to_jump(self, annotator: str, event_id: str | None) -> tuple[bool, list[str]]:
        """The way to the moment right after one of the annotator's acts; None: before the first.

        Returns
        -------
        tuple
            Whether it goes back (undo) or forward (redo), and the acts on it, in order.

        Raises
        ------
        InvalidInput
            For an act that is not theirs, or was undone before they acted anew.
        """
        done, ahead = self._done.get(annotator, []), self._redoable.get(annotator, [])
        if event_id is None:
            return True, done[::-1]
        if event_id in done:
            return True, done[: done.index(event_id) : -1]
        if event_id in ahead:
            return False, ahead[: ahead.index(event_id) - len(ahead) - 1 : -1]
        found = self._events.get(event_id)
        if found is None or found.annotator != annotator:
            raise InvalidInput(f"{event_id!r} is not an act of yours: see session.history().")
        raise InvalidInput(
            "This act was undone, and you have acted since, so there is no way back to that moment. "
            f"session.restore({event_id!r}) does the act again."
        )

    def ways(self, annotator: str, event_ids: Iterable[str]) -> dict[str, tuple[int, int]]:
        """Of these acts, as far as :meth:`to_jump` leads there, how many acts and labels are on the way."""
        wanted, found = set(event_ids), dict[str, tuple[int, int]]()
        done, ahead = self._done.get(annotator, []), self._redoable.get(annotator, [])
        for stack, forward in ((done, False), (ahead, True)):
            acts = labels = 0
            for event_id in reversed(stack):
                if not wanted:
                    break
                event = self._events[event_id]
                step = (1, len(event.item_ids) if event.kind == "label" else 0)
                after = acts + step[0], labels + step[1]
                if event_id in wanted:
                    wanted.remove(event_id)
                    found[event_id] = after if forward else (acts, labels)
                acts, labels = after
        return found

    def state(self, event: LabelEvent) -> ActState:
        """What became of a label, skip or change of the classes."""
        if event.event_id not in self._undone:
            return "holds"
        if event.event_id not in self._left:
            return "undone"
        again = self._restored.get(event.event_id)
        while again is not None and again in self._undone:
            again = self._restored.get(again)
        return "left behind" if again is None else "brought back"

    def left(self, annotator: str, limit: int) -> list[LabelEvent]:
        """The annotator's last acts that are left behind, the newest first."""
        mine = (e for e in reversed(self._left.values()) if e.annotator == annotator)
        return list(islice((e for e in mine if self.state(e) == "left behind"), limit))

    def replaces(self, event: LabelEvent) -> int:
        """Of a label or skip: on how many of its items its annotator's act of now says otherwise."""
        keys, said = event.item_ids, (event.kind, self.now(event))
        if said[1] is None and event.value is not None:  # not in the log yet
            answer = self.kind.load(event.value, self.vocabulary)
            said = (event.kind, None if answer is None else self.kind.now(answer, self.vocabulary))
        n = 0
        for acts, (key, size) in _alike(self.histories(keys), keys).items():
            held = self.current(key).get(event.annotator) if acts else None
            n += size * (held is not None and (held.kind, self.now(held)) != said)
        return n

    @property
    def kind(self) -> QuestionKind:
        """What kind of question it is."""
        return kind_of(self.vocabulary.kind)

    def said(self, event: LabelEvent) -> Answer | None:
        """What a label said, in the classes of that moment."""
        return self._answers.get(event.event_id)

    def words(self, event: LabelEvent) -> Any:
        """The same as it was called then; None where the label was taken away."""
        return self._words.get(event.event_id)

    def now(self, event: LabelEvent) -> Answer | None:
        """What a label says in classes of now; None where its class is no more, or it took a label away."""
        answer = self._answers.get(event.event_id)
        return None if answer is None else self.kind.now(answer, self.vocabulary)

    def meaning(self, event: LabelEvent) -> Any:
        """The same as it is called now."""
        answer = self.now(event)
        return None if answer is None else self.kind.said(answer, self.vocabulary)

    @property
    def given(self) -> dict[str, int]:
        """Of each annotator how many labels they gave; what they undid does not count, a correction does."""
        return dict(self._given)

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
        """The label that holds on this item: of several annotators', the latest; else None.

        A label whose class is no more does not count.
        """
        held = reversed(self.current(key).values())
        return next((e for e in held if self.now(e) is not None), None)

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

    def acts(self, limit: int | None = None, annotator: str | None = None) -> list[tuple[LabelEvent, bool]]:
        """Labels, skips and changes of the classes in log order, each with whether it was not undone.

        The last ``limit`` of them, and only an annotator's own where one is named.
        """
        mine = (e for e in reversed(self._events.values()) if annotator in {None, e.annotator})
        return [(e, e.event_id not in self._undone) for e in islice(mine, limit)][::-1]


def _take(stack: list[str], act: str) -> bool:
    """Take an act out of a stack, where it is nearly always on top; returns whether it was there."""
    if not stack or (stack[-1] != act and act not in stack):
        return False
    del stack[-1 if stack[-1] == act else stack.index(act)]
    return True


def _alike(
    histories: Sequence[tuple[str, ...]], keys: Sequence[str]
) -> dict[tuple[str, ...], tuple[str, int]]:
    """Of each history one of the keys that have it, and how many do."""
    n = Counter(histories)
    return {acts: (key, n[acts]) for acts, key in zip(histories, keys, strict=True)}


def _parts(n: int) -> Iterator[slice]:
    # Between two of them another thread gets its turn: a lasso is one call into C otherwise.
    return (slice(low, low + 10_000) for low in range(0, n, 10_000))
