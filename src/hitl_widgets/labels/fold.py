"""Fold: computes the current state from the log. The same log always gives the same labels."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, repeat, takewhile
from typing import Any

from hitl_widgets.errors import InvalidInput
from hitl_widgets.labels.crew import Crew
from hitl_widgets.labels.events import ActState, LabelEvent, is_again, is_kept
from hitl_widgets.labels.machine import Machines, Withdrawal
from hitl_widgets.questions.base import Answer, Drafted, QuestionKind, kind_of
from hitl_widgets.questions.schema import LabelClass, Schema
from hitl_widgets.questions.vocabulary import Vocabulary

__all__ = ["Fold"]


class Fold:
    """Current labels, skips and undo stacks of one task.

    An annotator's last act on an item counts; acts of different annotators never overwrite each other. Undo
    reverts an annotator's own last acts. Redo repeats them until the annotator acts again. Acts that are
    undone at that time are left behind; a new act with ``restores`` can repeat them. Events are added one at
    a time, in log order.

    Attributes
    ----------
    machines
        The machine labels. They are not answers: all other state is that of people.
    judged
        The keys of all items that a reviewer ever decided, in the order of the first decision.
    crew
        What is set for the team, and its answers in qualifications.
    """

    def __init__(self) -> None:
        self.n_events = 0
        self.first = ""  # the id of the first event, which no other task has
        self.vocabulary = Vocabulary()
        self.machines = Machines()
        self._drawn: list[LabelEvent] = []  # labels of single items that were drawn at random
        self._order: dict[str, int] = {}
        self._events: dict[str, LabelEvent] = {}
        # Items of one act share one tuple: 100,000 lists would trigger the garbage collector.
        self._on_item: dict[str, tuple[str, ...]] = {}
        self._answers: dict[str, Answer | None] = {}  # the answer of each label
        self._words: dict[str, Any] = {}  # and its class names at the time
        self._unread: list[LabelEvent] = []  # labels that this version does not understand
        self._undone: set[str] = set()
        self._given: Counter[str] = Counter()
        self._done: dict[str, list[str]] = defaultdict(list)
        self._redoable: dict[str, list[str]] = defaultdict(list)
        self._left: dict[str, LabelEvent] = {}  # undone, and no longer redoable
        self._schemas: dict[str, LabelEvent] = {}  # also those that are no acts
        self._slices: list[LabelEvent] = []
        self._definitions: dict[str, list[LabelEvent]] = {}  # by what they define
        self._noted: dict[str, list[str]] = {}  # the notes on each item
        self.judged: dict[str, None] = {}
        self._kept: dict[str, list[str]] = {}  # the acts that kept the label of each item
        self._again: list[str] = []  # the answers of people who were asked again
        self._restored: dict[str, str] = {}  # the last act that restored each act
        self.crew = Crew()

    @property
    def schema(self) -> Schema | None:
        """The current question."""
        return self.vocabulary.schema

    def apply(self, event: LabelEvent) -> tuple[str, ...]:
        """Apply one event; return the keys of the items whose state may have changed."""
        self.n_events += 1
        self.first = self.first or event.event_id
        if event.kind in {"undo", "redo"}:
            return self._turn(event)
        if event.kind == "schema":
            self._schemas[event.event_id], self._order[event.event_id] = event, self.n_events
            changed = self.vocabulary.apply(event.value, event.event_id, event.annotator)
            # What a cell asks for is not an act that an undo reverts.
            if changed is None or "change" not in event.value or event.value.get("whole"):
                return self._all if changed else ()
            self._push(event)
            return self._all if changed else ()
        if event.kind in {"team", "trial"}:
            self.crew.apply(event)
            return self._all if event.kind == "team" else event.item_ids
        if event.kind == "reveal":
            return ()
        if event.kind == "machine":
            return self._hand_over(event)
        self._push(event)
        if event.kind in {"slice", "definition"}:
            self._define(event)
            return ()
        if event.kind == "note":
            of = self._kept if is_kept(event) else self._noted
            for key in event.item_ids:
                of.setdefault(key, []).append(event.event_id)
            return ()
        if event.kind == "label" and event.value is not None:
            self._read(event)
        if event.selection == "decision":
            self.judged.update(dict.fromkeys(event.item_ids))
        keys, before = event.item_ids, self.histories(event.item_ids)
        longer = {acts: (*acts, event.event_id) for acts in set(before)}
        for part in _parts(len(keys)):
            self._on_item.update(zip(keys[part], map(longer.__getitem__, before[part]), strict=True))
        return event.item_ids

    def _define(self, event: LabelEvent) -> None:
        match event.kind, event.value:
            case "slice", _:
                self._slices.append(event)
            case _, {"of": str(of), "name": str(), "is": dict() | None}:
                self._definitions.setdefault(of, []).append(event)

    def _read(self, event: LabelEvent) -> None:
        """Read the answer of a label."""
        answer = self._answers[event.event_id] = self.kind.load(event.value, self.vocabulary)
        words = None if answer is None else self.kind.said(answer, self.vocabulary)
        if answer is None:
            self._unread.append(event)
        self._words[event.event_id] = event.value if isinstance(event.value, str) else words
        self._given[event.annotator] += len(event.item_ids)
        if event.selection in {"audit", "spot"} and len(event.item_ids) == 1:
            self._drawn.append(event)
        if is_again(event):
            self._again.append(event.event_id)

    @property
    def _all(self) -> tuple[str, ...]:
        """The keys of all items with labels."""
        return tuple({**self._on_item, **self.machines.given})

    def _hand_over(self, event: LabelEvent) -> tuple[str, ...]:
        """Apply a machine event. No undo of an annotator reverts what the session withdrew by itself."""
        ended = Withdrawal.of(event.value)
        if ended is not None and ended.risen:
            self._order[event.event_id], self._events[event.event_id] = self.n_events, event
        else:
            self._push(event)
        self.machines.note(event)
        return self.machines.settle(self._undone)

    def _push(self, event: LabelEvent) -> None:
        lost = self._redoable[event.annotator]
        # Acts were undone in reverse order.
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
            of_machine = self.machines.settle(self._undone) if target.kind == "machine" else ()
            touched.update(dict.fromkeys(self._all if changed else (*target.item_ids, *of_machine)))
        return tuple(touched)

    def act(self, event_id: str) -> LabelEvent | None:
        """Return the act with this id: any event but undo and redo."""
        return self._events.get(event_id)

    def to_undo(self, annotator: str) -> LabelEvent | None:
        """Return the act that the annotator's next undo reverts."""
        done = self._done.get(annotator)
        return self._events[done[-1]] if done else None

    def to_redo(self, annotator: str) -> LabelEvent | None:
        """Return the act that the annotator's next redo repeats."""
        acts = self._redoable.get(annotator)
        return self._events[acts[-1]] if acts else None

    def to_jump(self, annotator: str, event_id: str | None) -> tuple[bool, list[str]]:
        """Return the acts to undo or redo to get to the state after an act; None: before the first.

        Returns
        -------
        tuple
            Whether to undo (True) or redo (False), and the acts in order.

        Raises
        ------
        InvalidInput
            If the act is not the annotator's, or is left behind.
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
            "This act was undone, and you have labeled since, so you cannot return to that state. To repeat "
            f"the act: session.restore({event_id!r})."
        )

    def ways(self, annotator: str, event_ids: Iterable[str]) -> dict[str, tuple[int, int]]:
        """Return, for acts that :meth:`to_jump` can reach, how many acts and labels are in between."""
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
        """Return the state of an act."""
        if event.event_id not in self._undone:
            return "holds"
        if event.event_id not in self._left:
            return "undone"
        again = self._restored.get(event.event_id)
        while again is not None and again in self._undone:
            again = self._restored.get(again)
        return "left behind" if again is None else "brought back"

    def left(self, annotator: str, limit: int) -> list[LabelEvent]:
        """Return the annotator's last acts that are left behind, newest first."""
        mine = (e for e in reversed(self._left.values()) if e.annotator == annotator)
        return list(islice((e for e in mine if self.state(e) == "left behind"), limit))

    def replaces(self, event: LabelEvent) -> int:
        """Return on how many items the annotator's current act differs from this label or skip."""
        keys, said = event.item_ids, (event.kind, self.now(event))
        if said[1] is None and event.value is not None:  # not in the log yet
            answer = self.kind.load(event.value, self.vocabulary)
            said = (event.kind, None if answer is None else self.kind.now(answer, self.vocabulary))
        n = 0
        for acts, (key, size) in _alike(self.histories(keys), keys).items():
            held = self._beside(key, event) if acts else None
            n += size * (held is not None and (held.kind, self.now(held)) != said)
        return n

    @property
    def kind(self) -> QuestionKind:
        """The kind of the question."""
        return kind_of(self.vocabulary.kind)

    def said(self, event: LabelEvent) -> Answer | None:
        """Return the answer of a label, in the classes at the time."""
        return self._answers.get(event.event_id)

    @property
    def unread(self) -> list[str]:
        """The keys of the items whose latest answer of an annotator this version does not understand."""
        found = ((key, event) for event in self._unread for key in event.item_ids)
        return [key for key, event in found if self._beside(key, event) is event]

    @property
    def incomplete(self) -> list[str]:
        """The keys of the items whose latest answer lacks a part that the question asks for now.

        Empty unless a question has parts, as a form has.
        """
        if not isinstance(self.kind, Drafted):
            return []
        return [key for key in self._on_item if self._lacks(key)]

    def _lacks(self, key: str) -> bool:
        answers = [self._answers.get(event.event_id) for event in self.current(key).values()]
        held = [answer for answer in answers if answer is not None]
        return bool(held) and all(map(self._lacks_part, held))

    def _lacks_part(self, answer: Answer) -> bool:
        """Whether an answer does not count although all of its classes are there."""
        gone = None in map(self.vocabulary.heir, self.kind.classes(answer))
        return not gone and self.kind.now(answer, self.vocabulary) is None

    def words(self, event: LabelEvent) -> Any:
        """Return the answer of a label in the class names at the time; None if the label was removed."""
        return self._words.get(event.event_id)

    def now(self, event: LabelEvent) -> Answer | None:
        """Return the answer in the current classes; None if its class is gone or the label was removed."""
        answer = self._answers.get(event.event_id)
        return None if answer is None else self.kind.now(answer, self.vocabulary)

    def meaning(self, event: LabelEvent) -> Any:
        """Return the answer of a label in the current class names."""
        answer = self.now(event)
        return None if answer is None else self.kind.said(answer, self.vocabulary)

    def machine(self, key: str) -> Answer | None:
        """Return the machine label of this item in the current classes; None if it has none."""
        id_ = self.machines.given.get(key)
        return None if id_ is None else self.kind.now(id_, self.vocabulary)

    def checks(self) -> list[tuple[str, bool]]:
        """Return the spot checks of the last hand-over: keys, in order, and whether the machine was wrong.

        These are items that were drawn at random, and labelled by a person after the hand-over.
        """
        last, handed = self.machines.last, self.machines.handed
        if last is None:
            return []
        since = self._order[last.event_id]
        found: dict[str, bool] = {}
        late = takewhile(lambda event: self._order[event.event_id] > since, reversed(self._drawn))
        for event in reversed(list(late)):
            [key], answer = event.item_ids, self.now(event)
            holds = self.current(key).get(event.annotator) is event
            if key in handed and key not in found and holds and answer is not None:
                found[key] = answer != self.kind.now(handed[key], self.vocabulary)
        return list(found.items())

    @property
    def given(self) -> dict[str, int]:
        """The number of labels of each annotator; corrections count, undone labels do not."""
        return dict(self._given)

    def histories(self, keys: Sequence[str]) -> list[tuple[str, ...]]:
        """Return the ids of each item's labels and skips, including undone ones, oldest first.

        Items whose acts were all shared share one tuple.
        """
        found: list[tuple[str, ...]] = []
        for part in _parts(len(keys)):
            found += map(self._on_item.get, keys[part], repeat(()))
        return found

    def current(self, key: str) -> dict[str, LabelEvent]:
        """Return each annotator's current act on this item, oldest first, without decisions of reviewers."""
        held: dict[str, LabelEvent] = {}
        for event_id in self._on_item.get(key, ()):
            if event_id not in self._undone:
                event = self._events[event_id]
                if event.selection == "decision":
                    continue
                held.pop(event.annotator, None)
                held[event.annotator] = event
        return held

    def verdict(self, key: str) -> LabelEvent | None:
        """Return the last decision of a reviewer on this item, or None.

        It counts instead of all labels, also of later ones. Those whose class is gone do not count.
        """
        for event_id in reversed(self._on_item.get(key, ())):
            event = self._events[event_id]
            if event.selection != "decision" or event_id in self._undone:
                continue
            if event.value is None:  # withdrawn
                return None
            if self.now(event) is not None:
                return event
        return None

    def _beside(self, key: str, event: LabelEvent) -> LabelEvent | None:
        """The act in effect that this act on the item replaces, or is."""
        if event.selection == "decision":
            return self.verdict(key)
        return self.current(key).get(event.annotator)

    def answer(self, key: str) -> LabelEvent | None:
        """Return the current label of this item: a reviewer's decision, else the latest label, or None.

        Labels whose class is gone do not count.
        """
        if (decided := self.verdict(key)) is not None:
            return decided
        held = reversed(self.current(key).values())
        return next((e for e in held if self.now(e) is not None), None)

    def skipped(self, key: str) -> bool:
        """Return whether the item was skipped and has no label."""
        held = self.current(key)
        return self.answer(key) is None and any(e.kind == "skip" for e in held.values())

    def notes(self, key: str) -> dict[str, LabelEvent]:
        """Return each annotator's current note on this item, oldest first."""
        held: dict[str, LabelEvent] = {}
        for event_id in self._noted.get(key, ()):
            if event_id not in self._undone:
                event = self._events[event_id]
                held.pop(event.annotator, None)
                match event.value:
                    case {"note": str() as text} if text:
                        held[event.annotator] = event
        return held

    def kept(self, key: str) -> Iterator[tuple[int, Answer, float | None]]:
        """Return the acts in effect that kept a label of this item, newest first.

        For each: its position in the log, the label that was kept, and the model's probability of it then.
        """
        for event_id in reversed(self._kept.get(key, ())):
            event = self._events[event_id]
            said = self.kind.load(event.value["kept"], self.vocabulary)
            answer = None if said is None else self.kind.now(said, self.vocabulary)
            if event_id not in self._undone and answer is not None:
                sure = event.value.get("confidence") or [None] * len(event.item_ids)
                yield self._order[event_id], answer, sure[event.item_ids.index(key)]

    @property
    def again(self) -> Iterator[tuple[str, LabelEvent, LabelEvent]]:
        """The answers in effect of people who were asked again, with their answer before, by item."""
        for event_id in self._again:
            event = self._events[event_id]
            if event_id in self._undone or len(event.item_ids) != 1:
                continue
            key = event.item_ids[0]
            said = [self._events[act] for act in self._on_item[key] if act not in self._undone]
            mine = [e for e in said if e.annotator == event.annotator and e.event_id in self._answers]
            place = next(k for k, e in enumerate(mine) if e.event_id == event_id)
            if place:
                yield key, mine[place - 1], event

    @property
    def reviewed(self) -> Iterable[str]:
        """The keys of all items whose label somebody ever kept."""
        return self._kept.keys()

    @property
    def noted(self) -> Iterable[str]:
        """The keys of all items that ever had a note, in the order of the first one."""
        return self._noted.keys()

    @property
    def slices(self) -> dict[str, str]:
        """The named queries, by name, in the order in which the names were first used."""
        found: dict[str, str | None] = {}
        for event in self._slices:
            match event.value:
                case {"name": str(name), "query": str() | None as query} if (
                    event.event_id not in self._undone
                ):
                    found[name] = query
        return {name: query for name, query in found.items() if query is not None}

    def definitions(self, of: str) -> dict[str, LabelEvent]:
        """Return the definitions in effect, by name, in the order in which the names were first used."""
        found: dict[str, LabelEvent] = {}
        for event in self.defined(of):
            found[event.value["name"]] = event
        return {name: event for name, event in found.items() if event.value["is"] is not None}

    def defined(self, of: str) -> list[LabelEvent]:
        """Return all definitions in effect, oldest first, also those that later ones replace."""
        return [event for event in self._definitions.get(of, ()) if event.event_id not in self._undone]

    def guided(self) -> list[tuple[LabelEvent, str, LabelClass]]:
        """Return the changes in effect of the guidance of classes: act, class id, the class then."""
        return [(self._schemas[act], id_, c) for act, id_, c in self.vocabulary.guided()]

    def order(self, event: LabelEvent) -> int:
        """Return the position of an act in the log, from 1."""
        return self._order[event.event_id]

    @property
    def touched(self) -> Iterable[str]:
        """The keys of all items with acts of people, in the order of the first act."""
        return self._on_item.keys()

    def acts(self, limit: int | None = None, annotator: str | None = None) -> list[tuple[LabelEvent, bool]]:
        """Return all acts but undo and redo in log order, each with whether it is in effect.

        Only the last ``limit`` acts, and only those of ``annotator`` if given.
        """
        mine = (e for e in reversed(self._events.values()) if annotator in {None, e.annotator})
        return [(e, e.event_id not in self._undone) for e in islice(mine, limit)][::-1]

    def past(self, annotator: str, n: int) -> LabelEvent | int:
        """Return the annotator's label or skip that is in effect, ``n`` acts before the last one.

        If there are fewer, return their number.
        """
        found = 0
        for act in reversed(self._done.get(annotator, ())):
            event = self._events[act]
            if event.kind not in {"label", "skip"}:
                continue
            if found == n:
                return event
            found += 1
        return found


def _take(stack: list[str], act: str) -> bool:
    """Remove an act from a stack, usually from the top; return whether it was there."""
    if not stack or (stack[-1] != act and act not in stack):
        return False
    del stack[-1 if stack[-1] == act else stack.index(act)]
    return True


def _alike(
    histories: Sequence[tuple[str, ...]], keys: Sequence[str]
) -> dict[tuple[str, ...], tuple[str, int]]:
    """Return, for each history, one of its keys and the number of keys."""
    n = Counter(histories)
    return {acts: (key, n[acts]) for acts, key in zip(histories, keys, strict=True)}


def _parts(n: int) -> Iterator[slice]:
    # Other threads can run between parts; otherwise, a large selection would be one long call into C.
    return (slice(low, low + 10_000) for low in range(0, n, 10_000))
