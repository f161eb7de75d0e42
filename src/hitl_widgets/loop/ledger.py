"""Ledger: the log of one task, its current state, and that state as arrays over the pool."""

from __future__ import annotations

import hashlib
import os
import warnings
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, replace
from difflib import SequenceMatcher
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from hitl_widgets.background.turns import uninterrupted
from hitl_widgets.data.pool import Pool, repeated_words
from hitl_widgets.errors import InvalidInput, choices
from hitl_widgets.labels.events import LabelEvent, is_again, is_gold, why_of
from hitl_widgets.labels.fold import Fold
from hitl_widgets.labels.machine import Withdrawal
from hitl_widgets.labels.store import START, LabelStore, LogChanged, Mark
from hitl_widgets.loop import notices
from hitl_widgets.loop.asking import BAD, GOLD, LABELLED, OPINION, REPEATED, Labels
from hitl_widgets.loop.naming import Naming
from hitl_widgets.loop.opinions import Opinions
from hitl_widgets.quality.disputes import differ
from hitl_widgets.questions.base import Answer, compares, kind_of
from hitl_widgets.questions.parts import refuse_changed
from hitl_widgets.questions.schema import LabelClass, Schema, free_color
from hitl_widgets.questions.values import KNOWN

if TYPE_CHECKING:
    from hitl_widgets.loop.opinions import Rule

__all__ = ["Ledger"]

ALIKE = 0.5  # similarity of two names by difflib: without any such pair, the classes are another question


# The certainty with which spot checks should support a promise that has none.
USUAL = 0.9

# Which of the reasons for leaving an item unanswered tell the sampler something: see ``Labels.refused``.
REFUSALS: dict[str | None, int] = {"unknown": 1, "bad": BAD}
# How an own label that was asked as such is marked: see ``Labels.mine``.
MINE: dict[str | None, int] = {"opinion": OPINION, "gold": GOLD}


class Ledger:
    """The events of one task, folded, over the items of one pool.

    Not thread-safe: every method is called under the Session's lock.

    Parameters
    ----------
    store
        A path or database URL, which is opened here and closed by :meth:`close`; or a
        :class:`~hitl_widgets.labels.store.LabelStore`, which is left open.
    task
        Name of the question within the store.
    pool
        The items. Events on other items are kept and folded, but do not appear in ``labels``.
    asked
        The requested schema; None uses the one in the store.
    annotator
        The annotator of this session.
    overlap, opinions
        Share of the items that ``opinions`` people should label, one by one; the same items for everybody.
    consensus
        How items that annotators answer differently are decided.

    Attributes
    ----------
    schema
        The current schema.
    events
        Every event read so far, in log order.
    fold
        The state that results from the events, in the keys of the pool.
    naming
        Maps the keys of the log to items.
    changed
        Rows whose content has changed since they were labelled.
    restored
        How many events were written again to a store that had been replaced by an older copy.
    rule, decisions
        The rule of the consensus, and how often its decisions have changed.
    labels
        The current labels over the pool, updated in place; :meth:`snapshot` returns a copy.

    Raises
    ------
    InvalidInput
        If no schema is known, or the requested one does not match it. Nothing is written.
    StoreError
        If the store cannot be opened, read or written.
    """

    def __init__(
        self,
        store: str | os.PathLike[str] | LabelStore,
        task: str,
        pool: Pool,
        asked: Schema | None,
        annotator: str,
        overlap: float = 0.0,
        opinions: int = 2,
        consensus: Rule = "em",
    ) -> None:
        self.task, self.rule = task, consensus
        # For items that annotators answer differently: from which events they were decided, and the code.
        self._decided: dict[str, tuple[tuple[str, ...], int]] = {}
        self._gains: npt.NDArray[np.float64] | None = None
        self.decisions = 0
        self.events: list[LabelEvent] = []
        self.fold = Fold()
        self.naming = Naming(pool)
        self.changed: set[int] = set()
        self.restored = 0
        self._own: dict[str, Any] = {}  # the cell's classes, by name
        # Ids of used classes that the cell lacks, and names that only the cell has: possible renames.
        self._lost: tuple[str, ...] = ()
        self._new: tuple[str, ...] = ()
        self.pool = pool
        self._strangers: dict[str, None] = {}
        self._missing: int | None = None
        self._anew = False
        self._annotator, self._overlap, self._opinions = annotator, overlap, opinions
        self._snapshot: Labels | None = None
        self._mark: Mark = START  # the last event that was read; a store without it was replaced
        self._own_store = not isinstance(store, LabelStore)
        self.store = store if isinstance(store, LabelStore) else LabelStore(store)
        try:
            self._read()
            self._refuse_items(asked or self.fold.schema)
            self.schema = self._agree(asked)
            if pool.kind == "list" and pool.X is None:  # else it is joined already
                self.pool = replace(pool, compares=compares(self.schema.kind))
            self._number()
            self.labels = Labels.blank(len(pool), self.schema, self._answers)
        except BaseException:
            self.close()
            raise
        pool.find("")  # build the table of up to a million ids now, not with the first label
        self._refold(self._touched)
        self._anew = False
        for words in self.notices(loud=True):
            warnings.warn(words, RuntimeWarning, stacklevel=3)
        if pool.n_repeated:
            warnings.warn(repeated_words(pool.n_repeated, len(pool.rows)), UserWarning, stacklevel=3)

    # -- notices about the store and the table --------------------------------

    def notices(self, *, loud: bool = False) -> list[str]:
        """Messages about mismatches of the store and the table; only the important ones if ``loud``."""
        pool, naming, n, unread = self.pool, self.naming, self.n_missing, self.fold.unread
        lacking = self.fold.incomplete if loud else []  # looks at every label
        said = [
            notices.unread(unread, self.store.name, self.task) if unread else "",
            notices.incomplete(lacking) if lacking else "",
            self._risen(),
            notices.missing(n, len(self.labels), self.store.name, self.task, pool) if n else "",
            notices.changed(len(self.changed), len(self.labels)) if self.changed else "",
            notices.unlike(len(naming.unlike)) if naming.unlike else "",
            notices.carried(naming.carried, pool) if naming.carried else "",
        ]
        if not loud:
            said += [
                notices.respelled(naming.respelled) if naming.respelled else "",
                repeated_words(pool.n_repeated, len(pool.rows)) if pool.n_repeated else "",
            ]
        return [words for words in said if words]

    def _risen(self) -> str:
        """Message about machine labels that the session withdrew, until somebody hands over again."""
        machines = self.fold.machines
        ended = None if machines.withdrawal is None else Withdrawal.of(machines.withdrawal.value)
        made = machines.made
        if ended is None or made is None or not ended.risen:
            return ""
        return notices.risen(len(made.codes), ended, made.error)

    @property
    def withdrawn(self) -> str:
        """The same in one short sentence."""
        end = self.fold.machines.withdrawal
        ended = None if end is None else Withdrawal.of(end.value)
        if ended is None or not ended.risen:
            return ""
        return f"Machine labels were withdrawn: {ended.wrong} of {ended.checked} spot checks were wrong."

    @property
    def n_missing(self) -> int:
        """The number of items that are labelled in the store but are not in the pool."""
        if self._missing is None:
            self._missing = sum(1 for _ in self.missing())
        return self._missing

    def missing(self) -> Iterator[str]:
        """The keys of these items."""
        return (key for key in self._strangers if self.fold.answer(key) is not None)

    def close(self) -> None:
        """Close the store if it was opened here."""
        if self._own_store:
            self.store.close()

    # -- reading and writing --------------------------------------------------

    def sync(self) -> bool:
        """Fold new events of the log, our own and others'; returns whether there were any."""
        known = len(self.events)
        try:
            found = list(self.store.read(self.task, self._mark))
        except LogChanged as error:
            with uninterrupted():
                self._restore(error)
            return True
        with uninterrupted():  # the folded state and the arrays change together
            self._fold_in(*self._apply(found))
        return len(self.events) > known

    def append(self, event: LabelEvent, rows: npt.ArrayLike | None = None) -> None:
        """Write an event and fold it, after the events that others wrote before; known ids change nothing.

        ``rows`` are the rows of its items, if known.
        """
        try:
            found = list(self.store.record(event, self._mark))
        except LogChanged as error:
            with uninterrupted():
                self._restore(error)
            found = list(self.store.record(event, self._mark))
        with uninterrupted():
            self._fold_in(*self._apply(found, event, None if rows is None else np.asarray(rows, np.int64)))

    def named(self, rows: Sequence[int]) -> tuple[tuple[str, ...], str]:
        """The keys under which an act on these items is written, and the digests of their current content."""
        written = self.naming.written if self.naming.respelled else self.pool.keys.__getitem__
        return tuple(map(written, rows)), self.pool.digests(rows)

    def _read(self) -> tuple[tuple[str, ...], npt.NDArray[np.int64] | None]:
        """Fold new events of the log; returns the keys of the items that they may have changed."""
        return self._apply(self.store.read(self.task, self._mark))

    def _apply(
        self,
        found: Iterable[tuple[int, LabelEvent]],
        own: LabelEvent | None = None,
        rows: npt.NDArray[np.int64] | None = None,
    ) -> tuple[tuple[str, ...], npt.NDArray[np.int64] | None]:
        """Fold events. ``rows`` are those of the event ``own``, and are returned if it is the only one."""
        new = list(found)
        if not new:
            return (), None
        self._mark = (new[-1][0], new[-1][1].event_id)
        events = [event for _, event in new]
        self.events += events
        known = None if rows is None else own
        if self.naming.learn(event for event in events if event is not known):
            self.fold, events, self._anew = Fold(), self.events, True  # a key now means another item
        touched = [
            self.fold.apply(
                self.naming.meant(event)
                if rows is None or event is not known
                else self.naming.own(event, rows.tolist())
            )
            for event in events
        ]
        if len(touched) == 1:
            return touched[0], None if events[0] is not known else rows
        return tuple(dict.fromkeys(chain.from_iterable(touched))), None

    def _restore(self, error: LogChanged) -> None:
        """Recover from a store that was replaced by an older copy: write missing events and read it again.

        Nothing is written to a different store: it may belong to other people or another question.
        """
        if not error.same:
            raise error
        lacked = self.store.restore(self.events)
        self.events, self.fold, self._mark = [], Fold(), START
        if self._own:
            self.fold.vocabulary.spell(self._own)
        self.naming, self._missing = Naming(self.pool), None
        self._strangers.clear()
        self.changed.clear()
        self._read()
        self.schema = self.fold.schema or self.schema
        self._number()
        self.labels = Labels.blank(len(self.pool), self.schema, self._answers)
        self._refold(self._touched)
        if lacked:
            self.restored += lacked
            acts = "1 act" if lacked == 1 else f"{lacked:,} acts"
            warnings.warn(
                f"The label store {self.store.name} was replaced by an older copy. {acts} that this session "
                "knows were missing and have been written to it again. To go back to a copy on purpose, "
                "close the session before you replace the file.",
                RuntimeWarning,
                stacklevel=4,
            )

    def _fold_in(self, keys: Sequence[str], rows: npt.NDArray[np.int64] | None = None) -> None:
        if (schema := self.fold.schema) is not None and schema is not self.schema:
            self.schema = schema
            if self.fold.kind.closed:
                self._number()
            self.labels = replace(self.labels, schema=schema, answers=self._answers)
            self._missing = None
        if self._anew:
            self._anew, self._missing = False, None
            self._strangers.clear()
            self.changed.clear()
            self.labels = Labels.blank(len(self.pool), self.schema, self._answers)
        self._refold(keys, rows)

    def _refold(self, keys: Sequence[str], rows: npt.NDArray[np.int64] | None = None) -> None:
        self._snapshot = None
        if rows is None:
            rows = np.asarray(self._places(keys), np.int64)
            keys = tuple(map(self.pool.keys.__getitem__, rows.tolist()))
        if not keys:
            return
        # Items with the same acts have the same state: a lasso over a hundred thousand points results in
        # only a few states.
        histories = self.fold.histories(keys)
        if (older := self.naming.older) or self._decided:
            for place, row in enumerate(rows.tolist()):
                if row in older or keys[place] in self._decided:
                    histories[place] = (*histories[place], str(row))  # its state is computed separately
        one_of = dict(zip(map(id, histories), keys, strict=True))
        number = dict(zip(one_of, range(len(one_of)), strict=True))
        which = np.fromiter(map(number.__getitem__, map(id, histories)), np.intp, len(keys))
        found = [self._state(key) for key in one_of.values()]
        if older:
            self._note_changed(rows)
        labels, at = self.labels, rows
        arrays: list[npt.NDArray[Any]] = [
            labels.y, labels.order, labels.audited, labels.asked, labels.skipped, labels.refused, labels.mine,
            labels.second, labels.several, labels.differ, labels.gold, labels.disputed,
        ]  # fmt: skip
        for array, values in zip(arrays, zip(*found, strict=True), strict=True):
            array[at] = np.asarray(values, array.dtype)[which]
        self._place_machine(keys, at)
        if self._overlap and (waiting := np.flatnonzero(labels.second[at] & ~labels.disputed[at])).size:
            labels.second[at[waiting]] = [self._overlaps(keys[int(i)]) for i in waiting]

    @property
    def _touched(self) -> tuple[str, ...]:
        return tuple({**dict.fromkeys(self.fold.touched), **self.fold.machines.given})

    def _place_machine(self, keys: Sequence[str], rows: npt.NDArray[np.int64]) -> None:
        """Set the machine labels of these items; a label of a person replaces that of the machine."""
        labels, given = self.labels, self.fold.machines.given
        labels.machine[rows] = -1
        if not given:
            return
        now = {id_: self.fold.kind.now(id_, self.fold.vocabulary) for id_ in set(given.values())}
        code = {id_: -1 if answer is None else self._codes.get(answer, -1) for id_, answer in now.items()}
        codes = np.array([code.get(given.get(key, ""), -1) for key in keys], labels.machine.dtype)
        free = (labels.y[rows] < 0) & (labels.refused[rows] != BAD)
        labels.machine[rows] = np.where(free, codes, -1)

    def _of_machine(self) -> dict[str, int]:
        """The fields of ``Labels`` that tell how far the machine labels are checked."""
        act, made = self.fold.machines.act, self.fold.machines.made
        if act is None or made is None:
            return {}
        from hitl_widgets.quality.sequential import audits_needed

        checks = [wrong for _, wrong in self.checks()]
        # Each wrong one takes about as many right ones as there are in one error.
        enough = audits_needed(made.error, made.certainty or USUAL) + int(sum(checks) / made.error)
        return {"handed": self.fold.order(act), "checked": len(checks), "enough": enough}

    def checks(self) -> list[tuple[str, bool]]:
        """The spot checks of the last hand-over, in order: the item's key, and whether it was wrong."""
        return self.fold.checks()

    def _number(self) -> None:
        """Assign a code to each answer."""
        self._answers: list[Answer] = list(self.fold.kind.answers(self.schema))
        self._codes: dict[Answer, int] = {answer: code for code, answer in enumerate(self._answers)}

    def _places(self, keys: Sequence[str]) -> list[int]:
        """The rows of these items; keys that are not in the pool are noted."""
        found: dict[int, None] = {}
        for key in keys:
            if (row := self.naming.row(key)) is not None:
                found[row] = None
            else:
                self._strangers[key], self._missing = None, None
        return list(found)

    def _state(self, key: str) -> tuple[int, int, bool, bool, bool, int, int, bool, bool, bool, bool, bool]:
        """The values of the arrays of ``Labels`` from y to disputed, without machine."""
        held, verdict = self._held(key), self.verdict(key)
        given = {who: e for who, e in held.items() if self.fold.now(e) is not None}
        own = given.get(self._annotator)
        last = held.get(self._annotator)
        skipped = last is not None and last.kind == "skip"
        if not given and verdict is None:
            refused = max((REFUSALS.get(why_of(e), 0) for e in held.values()), default=0)
            return -1, 0, False, False, skipped, refused, 0, False, False, False, False, False
        event = self._deciding(key, given) if verdict is None else verdict
        single = [e for e in given.values() if len(e.item_ids) == 1]
        one_by_one = {"audit", "spot", "suggested", "api", "review", "again"}
        asked = any(e.selection in one_by_one for e in single)
        audited = any(e.selection == "audit" for e in given.values())
        by_me = verdict is not None and verdict.annotator == self._annotator
        mine = LABELLED * by_me
        if own is not None:
            mine = REPEATED if is_again(own) else MINE.get(own.selection, LABELLED)
        waits = not mine and not skipped
        gold = waits and verdict is not None and is_gold(verdict)
        disputed = waits and verdict is None and self._is_for_expert(list(given.values()))
        second = waits and verdict is None and bool(single) and len(given) < self._opinions
        second = disputed or (second and self._overlap > 0)
        order, several = self.fold.order(event), len(given) > 1
        differ = several and verdict is None and len(set(map(self.code, given.values()))) > 1
        return (
            self.code(event), order, audited, asked, False, 0, mine, second, several, differ, gold, disputed
        )  # fmt: skip

    def verdict(self, key: str) -> LabelEvent | None:
        """A reviewer's decision on this item; one on older content counts only if there is no newer act."""
        found = self.fold.verdict(key)
        if found or self.fold.current(key) or not self.naming.older or (row := self.pool.find(key)) is None:
            return found
        older = (self.fold.verdict(other) for other in self.naming.older.get(row, ()))
        return max((e for e in older if e is not None), key=self.fold.order, default=None)

    def _is_for_expert(self, given: Sequence[LabelEvent]) -> bool:
        """Whether others disagree on an item, and this annotator is an expert of one of their classes."""
        known = self.fold.crew.experts.get(self._annotator)
        if not known or len(given) < 2:
            return False
        kind, vocabulary = self.fold.kind, self.fold.vocabulary
        answers = [self.fold.now(e) for e in given]
        if not differ(answers, lambda a, b: kind.agree(a, b, self.schema)):
            return False
        said = {id_ for answer in answers if answer is not None for id_ in kind.classes(answer)}
        return not said.isdisjoint(map(vocabulary.heir, known))

    def _deciding(self, key: str, given: Mapping[str, LabelEvent]) -> LabelEvent:
        """The label that counts: the latest with the answer that the consensus or the majority decides."""
        *_, last = given.values()
        if len(given) == 1 or self.rule == "latest" or self.fold.kind.name != "choice":
            return last
        codes = {e.event_id: self.code(e) for e in given.values()}
        n = Counter(codes.values())
        if len(n) == 1:
            return last
        signed, best = self._decided.get(key, ((), -1))
        if signed != tuple(codes) or best not in n:
            most = max(n.values())
            best = next(code for code in reversed(codes.values()) if n[code] == most)
        return next(e for e in reversed(list(given.values())) if codes[e.event_id] == best)

    @property
    def n_disputed(self) -> int:
        """The number of items with one class that annotators answer differently."""
        return int(self.labels.differ.sum()) if self.fold.kind.name == "choice" else 0

    def opinions(self) -> Opinions:
        """The answers that a consensus is estimated from: those of several people, and all single ones."""
        people, said = dict[str, int](), dict[tuple[int, int], tuple[int, int]]()
        signed: dict[int, tuple[str, ...]] = {}
        n_classes, several = len(self.schema.classes), self.labels.several

        def add(row: int, event: LabelEvent) -> int:
            if 0 <= (code := self.code(event)) < n_classes:
                who = people.setdefault(event.annotator, len(people))
                said[row, who] = code, self.fold.order(event)
            return code

        for row in np.flatnonzero(several).tolist():
            held = self._held(self.pool.keys[row]).values()
            given = [event for event in held if self.fold.now(event) is not None]
            if len({add(row, event) for event in given}) > 1:
                signed[row] = tuple(event.event_id for event in given)
        # A bulk act says little about single items.
        acts = self.fold.acts() if signed or self.labels.second.any() else ()
        for event in (e for e, holds in acts if holds and e.kind == "label" and len(e.item_ids) == 1):
            found = self.naming.row(event.item_ids[0])
            if found is None or several[found]:
                continue
            if self._held(self.pool.keys[found]).get(event.annotator) is event:
                add(found, event)
        pairs = np.array(list(said), np.int64).reshape(-1, 2)
        told = np.array(list(said.values()), np.int64).reshape(-1, 2)
        me, known, experts = people.get(self._annotator), self.decided(), self.expertise(list(people))
        return Opinions(pairs[:, 0], pairs[:, 1], told[:, 0], told[:, 1], signed, me, known, experts)

    def decided(self) -> dict[int, int]:
        """The codes of the classes that reviewers have decided for, by row."""
        found = {}
        for key in self.fold.judged:
            row, verdict = self.naming.row(key), self.fold.verdict(key)
            if row is not None and verdict is not None:
                found[row] = self.code(verdict)
        return {row: code for row, code in found.items() if 0 <= code < len(self.schema.classes)}

    def expertise(self, people: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Which classes each of these annotators knows best, bool (n_people, n_classes)."""
        ids, experts = self.schema.ids[: len(self.schema.classes)], self.fold.crew.experts
        now = [set(map(self.fold.vocabulary.heir, experts.get(who, ()))) for who in people]
        return np.array([[id_ in known for id_ in ids] for known in now], np.bool_).reshape(-1, len(ids))

    def decide(
        self, made: Mapping[int, tuple[tuple[str, ...], int]], gains: npt.NDArray[np.float64] | None
    ) -> bool:
        """Take over decisions about disputed rows, each with the events that it was made from, and its code.

        ``gains`` tell where a second opinion is worth most. Returns whether the labels have changed.
        """
        new = {self.pool.keys[row]: decision for row, decision in made.items()}
        moved = [key for key in {**self._decided, **new} if self._decided.get(key) != new.get(key)]
        rows = np.array([self.pool.find(key) for key in moved], np.int64)
        before = self.labels.y[rows].copy()
        self._decided, self._gains, self._snapshot = new, gains, None
        self._refold(moved)
        changed = bool((self.labels.y[rows] != before).any())
        self.decisions += changed
        return changed

    def is_by(self, row: int, names: Collection[str]) -> bool:
        """Return whether this item has a current label by one of these annotators."""
        key = self.pool.keys[row]
        held, verdict = self._held(key), self.verdict(key)
        return (verdict is not None and verdict.annotator in names) or any(
            who in names and event.kind == "label" and self.fold.now(event) is not None
            for who, event in held.items()
        )

    def _held(self, key: str) -> dict[str, LabelEvent]:
        """Each annotator's current act; acts on older content count only if there is none on the current."""
        held = self.fold.current(key)
        if held or not self.naming.older or (row := self.pool.find(key)) is None:
            return held
        older = (e for other in self.naming.older.get(row, ()) for e in self.fold.current(other).values())
        for event in sorted(older, key=self.fold.order):
            held.pop(event.annotator, None)
            held[event.annotator] = event
        return held

    def _note_changed(self, rows: npt.NDArray[np.int64]) -> None:
        for row in rows.tolist():
            if row in self.naming.older:
                key = self.pool.keys[row]
                stands = not self.fold.current(key) and any(
                    self.fold.now(e) is not None for e in self._held(key).values()
                )
                (self.changed.add if stands else self.changed.discard)(row)

    def _overlaps(self, key: str) -> bool:
        digest = hashlib.blake2b(f"{self.task}\0{key}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") < self._overlap * 2.0**64

    def _refuse_items(self, asked: Schema | None) -> None:
        """Raise InvalidInput for a question that cannot be asked about such items."""
        can = () if asked is None else kind_of(asked.kind).items
        if asked is not None and can and self.pool.kind not in can:
            raise InvalidInput(
                f"The question asks for {kind_of(asked.kind).asks}, but the items are of kind "
                f"{self.pool.kind!r}: expected {choices(can)}. For example: Session(data, {_way(can[0])})."
            )

    def _agree(self, asked: Schema | None) -> Schema:
        """The schema to use: the requested one, or the store's."""
        stored, before = self.fold.schema, self.fold.vocabulary.asked
        if asked is None:
            if stored is None:
                raise InvalidInput(
                    f"classes= is missing, and {self.store.name} has no task {self.task!r} yet"
                    f"{self._known_tasks()}. Pass at least two, such as classes=['spam', 'ham']."
                )
            self._warn_of_types(stored)
            return stored
        kind = kind_of(asked.kind)
        if stored is not None and stored.kind != asked.kind:
            raise InvalidInput(
                f"{self.store.name} asks for {kind_of(stored.kind).asks} under task {self.task!r}, but this "
                f"session asks for {kind.asks}. For both in one file, pass task='another name'. Nothing was "
                "changed."
            )
        if kind.ordered and before is not None and _named(before) != _named(asked.to_dict()):
            raise InvalidInput(
                f"The levels of task {self.task!r} are {choices(_named(before))} and cannot be changed. To "
                "use another scale, pass task='another name'. To rename levels, open it without question= "
                "and call session.classes.rename(). Nothing was changed."
            )
        if asked.kind == "form":
            refuse_changed(before, asked.to_dict())
        # In this session, the values in the cell decide the types of the classes.
        self._own = dict(zip(asked.names, asked.values, strict=True))
        self.fold.vocabulary.spell(self._own)
        wanted: Mapping[str, Any] = asked.to_dict()
        if before is not None and _differ(before, wanted):
            wanted = self._with_lost(wanted)
        # Compare with what the cell asked before: running a cell again must not undo changes made in the
        # widget. So only a cell writes a whole question.
        if before is None or _differ(before, wanted):
            self.store.append(LabelEvent("schema", self.task, self._annotator, value=wanted))
            self._read()
        self._warn_of_lost()
        return self.fold.schema or asked

    def _warn_of_types(self, stored: Schema) -> None:
        """Warn if classes have a type that the log cannot restore, such as an enumeration."""
        told = (self.fold.vocabulary.asked or {}).get("types", {})
        if odd := sorted({str(told[name]) for name in stored.names if name in told} - KNOWN):
            warnings.warn(
                f"The classes of task {self.task!r} were of type {choices(odd)}. {self.store.name} stores "
                "only their names, so they are returned as text. Pass classes= to get your own values.",
                RuntimeWarning,
                stacklevel=5,
            )

    def _with_lost(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """The requested classes, and those that have labels but are missing from classes=."""
        vocabulary, stored = self.fold.vocabulary, self.fold.schema
        said = [e for e, holds in self.acts() if holds and e.kind == "label"]
        answers = (self.fold.said(e) for e in said)
        named = {id_ for a in answers if a is not None for id_ in self.fold.kind.classes(a)}
        used = {(id_, vocabulary.meaning(id_)) for id_ in named}
        trial = deepcopy(vocabulary)
        trial.apply(asked, "")
        lost = {name for id_, name in used if name and trial.meaning(id_) is None}
        if stored is None or not lost:
            return asked
        names = [str(c["name"]) for c in asked["classes"]]
        if not any(_likeness(a, b) >= ALIKE for a in stored.all_names for b in names):
            raise InvalidInput(
                f"{self.store.name} has labels of {choices(sorted(lost))} under task {self.task!r}, but "
                f"classes= has no similar names (it has {choices(names)}). To ask another question in the "
                "same file, pass task='another name'. To rename classes, open it without classes= and call "
                "session.classes.rename(). Nothing was changed."
            )
        colors = {str(c["color"]) for c in asked["classes"]}
        kept: list[LabelClass] = []
        for c in (c for c in stored.classes if c.name in lost):
            kept.append(replace(c, key="", color=free_color(c.color, colors)))
            colors.add(kept[-1].color)
        ids = dict(zip(stored.names, stored.ids, strict=False))
        self._lost = tuple(ids[c.name] for c in kept)
        # Not the classes that were first requested together with them: the cell may run again.
        groups = [
            {str(c["name"]) for c in e.value["classes"]}
            for e in self.events
            if e.kind == "schema" and "change" not in e.value
        ]
        beside = next((group for group in groups if lost & group), set())
        self._new = tuple(name for name in names if name not in beside)
        return {**asked, "classes": [*asked["classes"], *map(asdict, kept)]}

    def _warn_of_lost(self) -> None:
        """Warn about classes that may have been renamed; the Labeler asks on the screen."""
        for name in self._lost if self.fold.schema and self.fold.schema.kind == "pair" else ():
            warnings.warn(
                f"{self.store.name} has answers {name!r} under task {self.task!r}, so this answer is still "
                "offered. To ask without it in the same file, pass task='another name'.",
                RuntimeWarning,
                stacklevel=5,
            )
        for _, name, news in self.unanswered:
            to = news[0] if news else "another class"
            warnings.warn(
                f"{self.store.name} has labels of {name!r} under task {self.task!r}, which is missing from "
                "classes=, so it remains a class for now. If it was renamed, "
                f"session.classes.merge([{name!r}], into={to!r}) moves its labels; "
                f"session.classes.retire({name!r}) keeps them but no longer offers the class. To ask another "
                "question in the same file, pass task='another name'.",
                RuntimeWarning,
                stacklevel=5,
            )

    @property
    def unanswered(self) -> list[tuple[str, str, tuple[str, ...]]]:
        """Id, name and likely new names of each class that has labels but is missing from classes=."""
        schema = self.fold.schema
        if schema is None or schema.kind == "pair":  # whose answers are fixed
            return []
        live = dict(zip(schema.ids, schema.names, strict=False))
        news = [name for name in self._new if name in live.values()]
        return [
            (id_, live[id_], tuple(sorted(news, key=lambda new: -_likeness(live[id_], new))))
            for id_ in self._lost
            if id_ in live
        ]

    def _known_tasks(self) -> str:
        tasks = self.store.tasks()
        return f" (it has {choices(tasks)})" if tasks else ""

    # -- current state --------------------------------------------------------

    @property
    def n_events(self) -> int:
        """The number of folded events."""
        return self.fold.n_events

    def snapshot(self, held: Iterable[str] = ()) -> Labels:
        """The current labels as a read-only copy, which is shared until the next event.

        ``held`` are keys of items that are being labelled in other sessions.
        """
        if self._snapshot is None or self._snapshot.n_events != self.fold.n_events:
            more = {**self._of_machine(), "decisions": self.decisions, "gains": self._gains}
            self._snapshot = self.labels.copy(
                self.fold.n_events, gold_share=self.fold.crew.gold_share, **more
            )
        rows = tuple(row for row in map(self.naming.held, held) if row is not None)
        return replace(self._snapshot, held=rows) if rows else self._snapshot

    def acts(self) -> list[tuple[LabelEvent, bool]]:
        """All acts but undo and redo in log order, each with whether it is in effect."""
        return self.fold.acts()

    def code(self, event: LabelEvent) -> int:
        """The code of the answer that a label currently stands for, or -1."""
        answer = self.fold.now(event)
        if answer is None or answer in self._codes or self.fold.kind.closed:
            return -1 if answer is None else self._codes.get(answer, -1)
        self._answers.append(answer)
        self._codes[answer] = len(self._answers) - 1
        return len(self._answers) - 1

    def answer(self, code: int) -> Answer:
        """The answer with this code."""
        return self._answers[code]

    def find(self, event_id: str) -> LabelEvent | None:
        """The event with this id, of any kind; None if there is none."""
        return next((e for e in reversed(self.events) if e.event_id == event_id), None)

    def turned(self, event_id: str) -> LabelEvent | None:
        """The act that the undo or redo with this id refers to."""
        found = self.find(event_id)
        return self.fold.act(str(found.value)) if found else None

    def completed(self, change: Mapping[str, Any]) -> dict[str, Any]:
        """A change of the classes in the form stored in the log; raises if the change is impossible."""
        return self.fold.vocabulary.completed(change, self._annotator)

    def ask_keys(self, keys: Mapping[str, str] | None) -> None:
        """Record ``keys=``, by class name, unless this annotator asked for the same the last time."""
        vocabulary = self.fold.vocabulary
        if keys is None:
            return
        ids = {vocabulary.heir(vocabulary.understood(name)): key for name, key in keys.items()}
        found = {id_: key for id_, key in ids.items() if id_ is not None}
        if found != vocabulary.asked_keys.get(self._annotator, {}):
            value = {"change": "keys", "keys": found, "whole": True}
            self.append(LabelEvent("schema", self.task, self._annotator, value=value))

    def to_turn(self, kind: Literal["undo", "redo"], annotator: str) -> LabelEvent | None:
        """The act that the annotator's next undo or redo refers to."""
        return self.fold.to_undo(annotator) if kind == "undo" else self.fold.to_redo(annotator)

    def can_turn(self, annotator: str) -> tuple[bool, bool]:
        """Whether the annotator has something to undo, and to redo."""
        return self.to_turn("undo", annotator) is not None, self.to_turn("redo", annotator) is not None


def _named(question: Mapping[str, Any]) -> list[str]:
    return [str(c["name"]) for c in question["classes"]]


def _likeness(name: str, new: str) -> float:
    return SequenceMatcher(None, name.casefold(), new.casefold()).ratio()


def _differ(before: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    """Whether a cell asks for something else; types that it does not name are ignored."""
    return any(before.get(part) != told for part, told in asked.items())


def _way(kind: str) -> str:
    """How items of a kind are passed to a session."""
    if kind == "list":
        return "text=['answer_a', 'answer_b']"
    return f"{kind}=..." if kind in {"text", "html", "markdown", "image"} else f"item=..., kind={kind!r}"
