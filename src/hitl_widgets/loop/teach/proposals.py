"""Proposals: what the model has to say to the annotator, after a pause and one thing at a time."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from hitl_widgets.background.worker import Worker
from hitl_widgets.errors import InvalidInput
from hitl_widgets.learn.calibration import AUDITED
from hitl_widgets.learn.groups import Groups, unexplained
from hitl_widgets.learn.learner import NotYet
from hitl_widgets.loop.acts import Acts
from hitl_widgets.loop.asking import BAD, Ground, Labels
from hitl_widgets.loop.log import Log
from hitl_widgets.loop.round import Round
from hitl_widgets.loop.trainer import Snapshot, Trainer
from hitl_widgets.loop.words import within
from hitl_widgets.quality.inseparable import inseparable
from hitl_widgets.quality.triage import on_average

__all__ = ["OF", "Proposal", "Proposing", "is_same_group", "some_of"]

# What the definitions of dismissed proposals define.
OF = "proposal"
# Seconds without labels, or with them, before the model looks for something to say.
PAUSE, PATIENCE = 0.7, 6.0
# A dismissed group is known by so many of its items. A group that has this share of them is the same, unless
# it is so many times as large.
KNOWN_BY, SAME, LARGER = 50, 0.1, 2
# A group is still proposed while more than this share of it has no label.
HOLDS = 0.5
# The share of errors of a proposed hand-over, the items to look at first, and the least number and share of
# all unlabeled items.
ERROR, LOOK, HANDED, SHARE = 0.05, 20, 50, 0.25

# A rule that differs from so many labels, and agrees with this share of them, is asked about.
DIFFER, AGREES = 3, 0.6

Kind = Literal["class", "merge", "rule", "hand_over"]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Proposal:
    """Something that the model proposes.

    Attributes
    ----------
    name
        The same as long as it is about the same items or classes, also after a restart.
    kind
        ``class``: these items look like one thing that no class explains. ``merge``: the model cannot tell
        two classes apart. ``rule``: a rule and these labels differ. ``hand_over``: it would label these items
        by itself.
    text
        The proposal as a sentence or two.
    rows
        int64 of shape (k,): the items. For ``merge``, the labels that it confuses.
    look
        Some or all of them, to look at first.
    classes
        The ids of the two classes, for ``merge``.
    """

    name: str
    kind: Kind
    text: str
    rows: Rows = field(repr=False)
    look: Rows = field(repr=False)
    classes: tuple[str, ...] = ()


def some_of(rows: Rows) -> Rows:
    """Return the items by which a dismissed group is known."""
    return rows[:: max(1, len(rows) // KNOWN_BY)]


def is_same_group(rows: Rows, known: Sequence[int] | Rows, n: int) -> bool:
    """Return whether a group is one of ``n`` items that was dismissed and is known by some of them."""
    return len(known) > 0 and len(rows) <= LARGER * n and bool(np.isin(known, rows).mean() >= SAME)


class Proposing:
    """Finds proposals in the newest round, in the background, and keeps those that were dismissed away.

    Parameters
    ----------
    log, trainer
        Parts of the session.
    snapshot
        Returns the labels, and the features with their graph, None before there are features.
    tell
        Called with ``proposals`` when there are others.
    on_turn
        See :class:`~hitl_widgets.background.worker.Worker`.

    Attributes
    ----------
    worker
        Looks for proposals when it is requested.
    conflicts
        Returns the name of each rule, the rows whose label differs from its vote, and how many have both.
    """

    conflicts: Callable[[], Sequence[tuple[str, Rows, int]]] = staticmethod(tuple)

    def __init__(
        self,
        log: Log,
        trainer: Trainer,
        snapshot: Snapshot,
        tell: Callable[[str], None],
        on_turn: Callable[[str, Exception | None], None],
    ) -> None:
        self._log, self._trainer, self._snapshot, self._tell = log, trainer, snapshot, tell
        self._lock = threading.Lock()
        self._groups: tuple[Any, Groups] | None = None
        self._found: tuple[Proposal, ...] = ()
        self.worker = Worker(
            self._look, "proposals", rest=PAUSE, patience=PATIENCE, last=True, on_turn=on_turn
        )

    def close(self) -> None:
        """Stop the thread."""
        self.worker.close()

    def waiting(self) -> tuple[Proposal, ...]:
        """What was found last, still holds, and nobody has dismissed; the screen shows the first."""
        if not self._found:
            return ()
        labels = self._log.labels
        with self._log.lock:
            dismissed = [(name, event.value["is"]) for name, event in self._log.definitions(OF).items()]
            return tuple(
                one
                for one in self._found
                if self._holds(one, labels) and not any(self._is_same(one, *was) for was in dismissed)
            )

    def find(self) -> tuple[Proposal, ...]:
        """Look now, and return what :meth:`waiting` then returns."""
        self._look(lambda: False)
        return self.waiting()

    def dismiss(self, acts: Acts, name: str, event_id: str | None = None) -> str:
        """Never propose it again: see :meth:`.Teach.dismiss`."""
        with self._log.writing():
            if self._log.knows(event_id):
                return event_id
            one = next((one for one in self.waiting() if one.name == name), None)
            if one is None:
                raise InvalidInput(f"{name!r} is not proposed now: see session.teach.proposals().")
            keys = self._log.ledger.pool.keys
            value: dict[str, Any] = {"kind": one.kind, "text": one.text, "classes": list(one.classes)}
            if one.kind == "class":
                value |= {"n": len(one.rows), "items": [keys[row] for row in some_of(one.rows)]}
            return acts.define(OF, name, value, event_id=event_id)

    # -- dismissed ones

    def _heir(self, id_: str) -> str:
        vocabulary = self._log.ledger.fold.vocabulary
        return vocabulary.heir(id_) or id_

    def _holds(self, one: Proposal, labels: Labels) -> bool:
        """Whether it was not taken up since."""
        if one.kind == "hand_over":
            return not labels.handed
        if one.kind == "merge":
            return {*labels.class_ids}.issuperset(one.classes)
        if one.kind == "rule":
            return any(f"rule {name}" == one.name for name in self._log.definitions("rule"))
        return bool((labels.y[one.rows] < 0).mean() > HOLDS)

    def _is_same(self, one: Proposal, name: str, was: Mapping[str, Any]) -> bool:
        """Whether it was dismissed, perhaps with slightly other items or names of the classes."""
        if one.kind != was.get("kind"):
            return False
        if one.kind == "merge":
            return {*one.classes} == {self._heir(id_) for id_ in was.get("classes", ())}
        if one.kind == "class":
            naming, items = self._log.ledger.naming, was.get("items", ())
            known = [row for key in items if (row := naming.row(key)) is not None]
            return is_same_group(one.rows, known, was.get("n", len(known)))
        return one.name == name

    # -- finding

    def _look(self, overtaken: Callable[[], bool]) -> None:
        (labels, ground), newest = self._snapshot(), self._trainer.round
        if labels.kind.name != "choice" or ground is None or ground.passing or newest is None:
            return
        # Until the next round has learned other classes, what was found before is kept.
        if not newest.learned or newest.schema.ids != labels.schema.ids:
            return
        found = tuple(self._all(labels, ground, newest, overtaken))
        if not overtaken() and not self._log.closed:
            self._publish(found)

    def _publish(self, found: tuple[Proposal, ...]) -> None:
        before, self._found = self._found, found
        if before or found:  # views compare what they show
            self._tell("proposals")

    def _all(
        self, labels: Labels, ground: Ground, newest: Round, overtaken: Callable[[], bool]
    ) -> Iterator[Proposal]:
        """Everything that there is to say, in the order in which it is said."""
        for source in (self._new_classes, self._merges, self._rules, self._hand_overs):
            if overtaken():
                return
            yield from source(labels, ground, newest)

    def _new_classes(self, labels: Labels, ground: Ground, newest: Round) -> Iterator[Proposal]:
        if ground.affinity is None:
            return
        with self._lock:
            if self._groups is None or self._groups[0] is not ground.affinity:
                self._groups = ground.affinity, Groups.of(ground.X, ground.affinity)
            groups = self._groups[1]
        n = len(labels.class_ids)
        y = np.where(labels.taught < n, labels.taught, -1)
        left_out = (labels.skipped | (labels.refused > 0)) & (labels.refused != BAD)
        keys = self._log.ledger.pool.keys
        for one in unexplained(groups, newest.uncertainty, y, left_out, n):
            rows = one.rows[(y[one.rows] < 0) & (labels.machine[one.rows] < 0)]
            if not len(rows):
                continue
            digest = hashlib.blake2b("\0".join(keys[row] for row in rows).encode(), digest_size=6).hexdigest()
            those = f"These {len(rows):,} items look like one thing that no class explains."
            if len(rows) == 1:
                those = "This item looks like one thing with others that no class explains."
            yield Proposal(f"class {digest}", "class", f"{those} Is a class missing?", rows, rows)

    def _merges(self, labels: Labels, ground: Ground, newest: Round) -> Iterator[Proposal]:
        found = self._trainer.doubted(labels, ground)
        if found is None:
            return
        rows, P = found
        left, ids = labels.y < 0, labels.class_ids
        pairs = inseparable(P, labels.taught[rows], newest.predicted[left], newest.runner_up[left])
        for pair in pairs:
            one, other = (within(labels.schema.names[code]) for code in (pair.one, pair.other))
            text = (
                f"The model cannot tell {one} from {other}: it gets {pair.right} of {pair.n} labels right "
                "between the two. Are they one class?"
            )
            wrong = np.sort(rows[pair.wrong])
            both = tuple(sorted((ids[pair.one], ids[pair.other])))
            yield Proposal(f"merge {' '.join(both)}", "merge", text, wrong, wrong, both)

    def _rules(self, *_: object) -> Iterator[Proposal]:
        for name, rows, n in self.conflicts():
            if len(rows) >= DIFFER and n - len(rows) >= AGREES * n:
                text = (
                    f"The rule {within(name)} and {len(rows):,} of {n:,} labels differ. Look at these labels?"
                )
                yield Proposal(f"rule {name}", "rule", text, rows, rows)

    def _hand_overs(self, labels: Labels, _: Ground, newest: Round) -> Iterator[Proposal]:
        if labels.handed:
            return
        try:
            told = self._trainer.held_out()[1]
        except NotYet:
            return
        rows = np.flatnonzero((labels.y < 0) & (labels.refused != BAD))
        if told is None or len(rows) < HANDED:
            return
        audited = told.answers.kind == AUDITED
        before, wrong = told.answers.P[audited].max(axis=1), ~told.answers.right[audited]
        confidence = np.asarray(newest.confidence[rows], np.float64)
        chosen = rows[on_average(confidence, before, wrong, ERROR).chosen]
        if len(chosen) < max(HANDED, SHARE * len(rows)):
            return
        text = (
            f"The model would label {len(chosen):,} of {len(rows):,} items by itself, with at most "
            f"{ERROR:.0%} wrong on average. Look at {LOOK} of them first?"
        )
        look = np.sort(np.random.default_rng(len(chosen)).permutation(chosen)[:LOOK])
        yield Proposal("hand over", "hand_over", text, chosen, look)
