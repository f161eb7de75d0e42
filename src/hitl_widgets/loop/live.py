"""Live: the log, the model and the map of one task, and who hears of them."""

from __future__ import annotations

import hashlib
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from functools import partial
from typing import Any, Literal, NoReturn, TypeGuard
from uuid import NAMESPACE_OID, uuid5

import numpy as np
import numpy.typing as npt

from hitl_widgets.background.children import Cancelled
from hitl_widgets.background.forks import Elsewhere
from hitl_widgets.background.worker import Worker, ending, weakly
from hitl_widgets.data.items import Payload
from hitl_widgets.data.landmarks import LandmarkGraph
from hitl_widgets.data.neighbors import NeighborGraph
from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import HitlError, InvalidInput, StoreError
from hitl_widgets.labels.events import ActState, LabelEvent, Selection, new_event_id, now
from hitl_widgets.labels.store import LabelStore
from hitl_widgets.labels.waiting import waiting
from hitl_widgets.learn.learner import Learner
from hitl_widgets.loop.asking import Asker, Ground, Labels, ground_of
from hitl_widgets.loop.blind import Blind
from hitl_widgets.loop.ledger import Ledger
from hitl_widgets.loop.openings import NOWHERE, Run, abandon, enter
from hitl_widgets.loop.round import Round
from hitl_widgets.loop.settings import check_act
from hitl_widgets.loop.team import KEEP, Team
from hitl_widgets.loop.trainer import Evaluation, Trainer
from hitl_widgets.loop.troubles import ASKING, MAP, Troubles
from hitl_widgets.maps.preparation import Map, Preparation, Stage
from hitl_widgets.questions.schema import Schema

__all__ = ["Live", "opaque", "relabelled", "unsaid"]

Listener = Callable[[str], None]

# So long views wait for a round that brings the labels along.
SOON = 0.1
# Up to so many items a neighbour graph takes seconds: who waits for the model waits for it too.
GRAPH_SOON = 20_000
CACHE = ".hitl-widgets"
# Questions drawn at random before there are features, of which one may be on a card already.
FIRST = 3
# So long a view's act waits for a store that is locked: the kernel has others to answer, and the browser
# sends it again. Nor does the next one try before so many seconds have passed.
BRIEF = 1.0


_late: ContextVar[int] = ContextVar("late", default=0)


class Live:
    """The one owner of mutable state: events in, rounds and maps out, views told. It speaks of rows.

    :class:`~hitl_widgets.session.Session` is what people call: it speaks of their own ids and tables.
    """

    pool: Pool
    store: LabelStore
    task: str
    annotator: str
    token: str
    earlier: Live | None = None
    _ledger: Ledger
    _told_schema: Schema

    # The package root tells a session where it is made: the loop knows no notebook.
    place: Callable[[], Run] = staticmethod(lambda: NOWHERE)

    def _clear(self) -> None:
        """Lay out the state beside the log, before anything runs: none of it outlives the session."""
        self._lock: Any = threading.RLock()
        self._changed: Any = threading.Condition(self._lock)
        self._listeners: list[Listener] = []
        self._audit_issued: set[int] = set()
        self._blind = Blind()
        self._told_of = -1
        self._ground: Ground | None = None
        self._graph_due = self._graph_is_soon()
        self._map: Map | None = None
        self._stage: Stage | None = Stage("starting")
        self._error: Exception | None = None
        self._troubles = Troubles()
        self._closed = self._superseded = False
        self._not_written = self._not_read = self._overwritten = ""
        self._locked_until = 0.0
        self.run = self.place()
        # Names this session on a page: another run of its cell is another.
        self.token = new_event_id()

    def _graph_is_soon(self) -> bool:
        return len(self.pool) <= GRAPH_SOON

    def _start(self, model: Learner, asker: Asker, embed: Any, random_state: int | None) -> None:
        """Begin the background work: the model, the features and map, the news to the views."""
        self._trainer = Trainer(
            model,
            asker,
            len(self.pool),
            _snapshot_of(self),
            weakly(self._on_round),
            weakly(self._on_evaluation),
            self._on_turn,
        )
        self._preparation = Preparation(
            self.pool,
            embed,
            random_state,
            on_features=weakly(self._on_features),
            on_map=weakly(self._on_map),
            on_graph=weakly(self._on_graph),
            before_graph=self._trainer.wait_ready,
            on_stage=weakly(self._on_stage),
            on_error=weakly(self._on_error),
            on_turn=self._on_turn,
            cache=None if self.store.path is None else self.store.path.parent / CACHE,
        )
        # What is in memory nobody else sees.
        shared = self.store.name != "memory"
        around = (self.store, self.task, self.annotator, self._look, self._trainer.request)
        self._team = Team(*around) if shared else None
        self._news = Worker(self._tell_labels, "news", rest=SOON, patience=SOON, on_turn=self._on_turn)
        # A session that nobody holds ends: so nothing that runs for it may keep it, nor go on without it.
        parts = (self._trainer, self._preparation, self._news, self._team, self._ledger)
        self._end = weakref.finalize(self, abandon, partial(_finish, *parts))
        self._end.atexit = False  # see openings
        self._preparation.start()
        self._trainer.request()
        enter(self, self.run)

    # -- acts, by rows of the pool

    def label_items(
        self,
        index: Sequence[int] | npt.NDArray[np.int64],
        value: Any,
        *,
        selection: Selection = "api",
        elapsed_ms: int | None = None,
        event_id: str | None = None,
    ) -> str:
        """:meth:`label` by rows of the pool instead of ids."""
        if not len(index):
            raise InvalidInput("There is nothing to label: pass at least one id.")
        elapsed_ms = check_act(selection, elapsed_ms)
        if value is not None:
            value = self._class(value)
        rows = self._rows(index)
        keys, digests = self._ledger.named(rows)
        if len(index) == 1 and selection in {"api", "suggested", "audit"}:
            selection = self._selection(int(index[0]), selection)
        return self._act(
            LabelEvent(
                kind="label",
                task=self.task,
                annotator=self.annotator,
                item_ids=keys,
                value=value,
                selection=selection,
                elapsed_ms=elapsed_ms,
                model_version=self._trainer.number,
                event_id=event_id or new_event_id(),
                digests=digests,
            ),
            rows,
        )

    def skip_items(self, index: Sequence[int], *, event_id: str | None = None) -> str:
        """:meth:`skip` by rows of the pool instead of ids."""
        if not index:
            raise InvalidInput("There is nothing to skip: pass at least one id.")
        rows, event_id = self._rows(index), event_id or new_event_id()
        keys, digests = self._ledger.named(rows)
        skip = LabelEvent("skip", self.task, self.annotator, keys, event_id=event_id, digests=digests)
        return self._act(skip, rows)

    def settle(self, rows: Sequence[int] | None, *, keep: bool, event_id: str | None = None) -> int:
        """Keep the labels of items that have changed since, or take them away; of all where ``rows`` is None.

        What is kept is said anew, by this annotator, of the content of now: one act for each class.

        Returns
        -------
        int
            How many items it was about: those of ``rows`` that have changed.
        """
        with self._lock:
            if self._known(event_id):
                return 0
            found = sorted(self._ledger.changed.intersection(self._ledger.changed if rows is None else rows))
            labels = self._ledger.labels
            groups: dict[tuple[str | None, Selection], list[int]] = {}
            for row in found:
                name = self.schema.all_names[labels.y[row]] if keep else None
                groups.setdefault((name, "audit" if keep and labels.audited[row] else "api"), []).append(row)
            names = [*[new_event_id() for _ in groups][1:], event_id or new_event_id()]
            # The last act has the id: a resent message finishes what was interrupted.
            for ((name, how), part), act in zip(groups.items(), names, strict=False):
                keys, digests = self._ledger.named(part)
                said = LabelEvent("label", self.task, self.annotator, keys, name, how, event_id=act)
                self._act(replace(said, digests=digests), part)
            return len(found)

    def skipped_rows(self) -> npt.NDArray[np.int64]:
        """:meth:`skipped` by rows of the pool instead of ids."""
        self._catch_up()
        return np.flatnonzero(self.current.skipped)

    def change_classes(self, change: Mapping[str, Any], *, event_id: str | None = None) -> str:
        """Change the question: what the methods of :attr:`classes` do, in one form for log and wire."""
        with self._writing():
            if self._known(event_id):
                return event_id
            value = self._ledger.completed(change)
            event_id = event_id or new_event_id()
            return self._act(LabelEvent("schema", self.task, self.annotator, value=value, event_id=event_id))

    def undo(self, *, event_id: str | None = None) -> str | None:
        """Take back your last act, bulk or single; returns the event's id, None if there is none."""
        return self._turn("undo", event_id)

    def redo(self, *, event_id: str | None = None) -> str | None:
        """Bring back what the last undo took; returns the event's id, None if there is nothing."""
        return self._turn("redo", event_id)

    def jump(self, event_id: str | None, *, as_event: str | None = None) -> str | None:
        """Go to the moment right after one of your acts, back or forward, as one act.

        What you did later is taken back, and comes again by redo; acts of others stay.

        Parameters
        ----------
        event_id
            Of a label, skip or change of the classes that is yours; None goes before the first.
        as_event
            Of a resent jump: one that the store has already changes nothing.

        Returns
        -------
        str or None
            The event's id, None where you are there already.

        Raises
        ------
        InvalidInput
            For an act that is not yours, or that was undone before you acted anew: see :meth:`restore`.
        """
        with self._writing():
            if self._known(as_event):
                return as_event
            if event_id is not None and not isinstance(event_id, str):
                raise InvalidInput(f"{event_id!r} is no act: expected an event_id of session.history().")
            back, way = self._ledger.fold.to_jump(self.annotator, event_id)
            if not way:
                return None
            kind: Literal["undo", "redo"] = "undo" if back else "redo"
            name = as_event or new_event_id()
            return self._act(LabelEvent(kind, self.task, self.annotator, value=way, event_id=name))

    def restore(self, event_ids: str | Iterable[str], *, as_event: str | None = None) -> str:
        """Bring back acts of yours that were undone, also those that :meth:`redo` no longer reaches.

        What was left behind is done again, as a new act on the same items: it replaces what you said of
        them since, and can be undone.

        Parameters
        ----------
        event_ids
            Of one label, skip or change of the classes, or of several, which come back in this order.
        as_event
            Of a resent restore: what the store has already changes nothing.

        Returns
        -------
        str
            The last event's id.

        Raises
        ------
        InvalidInput
            For an act that is not yours, that holds, or whose class is no more. Acts before it are back.

        Warns
        -----
        RuntimeWarning
            When items that you had labelled otherwise since were labelled anew.
        """
        one = isinstance(event_ids, str) or not isinstance(event_ids, Iterable)
        acts: list[Any] = [event_ids] if one else list(event_ids)
        with self._writing():
            if self._known(as_event):
                return as_event
            if not acts:
                raise InvalidInput("There is nothing to bring back: pass an event_id of session.history().")
            name = as_event or new_event_id()
            # The last one bears the name: a restore that was cut off is done to its end when sent again.
            names = [*(str(uuid5(NAMESPACE_OID, f"{name} {act}")) for act in acts[:-1]), name]
            replaced = 0
            for act, own in zip(acts, names, strict=True):
                if self._ledger.find(own) is None:
                    again = self._again(act, own)
                    replaced += self._ledger.fold.replaces(self._ledger.naming.meant(again))
                    self._act(again)
        if replaced and as_event is None:
            warnings.warn(relabelled(replaced), RuntimeWarning, stacklevel=2)
        return name

    def replaced_by(self, event_ids: Iterable[str]) -> int:
        """How many later answers of yours a :meth:`restore` of these acts replaces."""
        with self._lock:
            fold = self._ledger.fold
            found = [fold.act(event_id) for event_id in event_ids]
            return sum(fold.replaces(act) for act in found if act and fold.state(act) == "left behind")

    def _again(self, event_id: str, name: str) -> LabelEvent:
        """The event that brings back an act."""
        fold = self._ledger.fold
        found = self._own_act(event_id)
        state = fold.state(found)
        if state == "undone":
            return LabelEvent("redo", self.task, self.annotator, value=[event_id], event_id=name)
        if state != "left behind":
            now_ = "holds" if state == "holds" else "was brought back"
            raise InvalidInput(f"The act {event_id!r} {now_} already.")
        value = found.value
        if found.kind == "schema":
            value = self._ledger.completed(value)
        elif value is not None:
            value = self._class(self.called(fold.said(found) or "", value))
        written = self._ledger.find(event_id) or found  # in the log's own keys
        return replace(written, value=value, event_id=name, time=now(), restores=event_id)

    def _turn(self, kind: Literal["undo", "redo"], event_id: str | None) -> str | None:
        with self._writing():
            if self._known(event_id):
                return event_id
            target = self._ledger.to_turn(kind, self.annotator)
            if target is None:
                return None
            act = LabelEvent(kind, self.task, self.annotator, value=target.event_id)
            before = len(self._ledger.labels) if target.kind == "schema" else 0
            done = self._act(act if event_id is None else replace(act, event_id=event_id))
            if (gone := before - len(self._ledger.labels)) > 0 and event_id is None:
                warnings.warn(unsaid(gone), RuntimeWarning, stacklevel=3)
            return done

    def _known(self, event_id: str | None) -> TypeGuard[str]:
        """Fold what is new: the last act may be another kernel's. Returns whether the log has this one."""
        self._refuse_closed()
        if self._ledger.sync():
            self._follow()
        return event_id is not None and self._ledger.find(event_id) is not None

    def _act(self, event: LabelEvent, rows: npt.ArrayLike | None = None) -> str:
        late_ms = _late.get()
        with self._writing():
            self._refuse_closed()
            if late_ms:
                event = replace(event, time=now(late_ms))
                self._refuse_overtaken(event)
            self._ledger.append(event, rows)
            self._changed.notify_all()
        self._tell_store("", "")
        if self._team is not None:
            self._team.done(event.item_ids)
        self._follow()
        return event.event_id

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """With the lock; an act that cannot be saved, or waits for the store, is told to the views."""
        try:
            with waiting(tell=self._on_wait), self._lock:
                yield
        except StoreError as error:
            self._tell_store(str(error), self._not_read)
            raise

    def _refuse_overtaken(self, event: LabelEvent) -> None:
        """An act that comes late must not replace what its annotator has said since."""
        self._ledger.sync()
        if self._ledger.find(event.event_id) is not None:
            return
        if event.kind in {"label", "skip"}:
            rows = [row for key in event.item_ids if (row := self._ledger.naming.row(key)) is not None]
            said = [self._ledger.fold.current(self.pool.keys[row]).get(self.annotator) for row in rows]
            newer = [e for e in said if e is not None and e.time > event.time]
        else:
            newer = [e for e, _ in self._ledger.fold.acts(1, self.annotator) if e.time > event.time]
        if newer:
            what = {0: "acted", 1: "answered this item"}.get(
                len(event.item_ids), "answered some of these items"
            )
            raise InvalidInput(f"It came late, and you have {what} since.")

    @contextmanager
    def from_page(self, late_ms: int = 0) -> Iterator[None]:
        """Acts in here come from a page, which sends them again: they wait for a locked store for a second.

        Parameters
        ----------
        late_ms
            How long ago they were made: they are dated so, and refused where they were overtaken.

        Raises
        ------
        StoreError
            Where the store was locked a moment ago.
        """
        if time.monotonic() < self._locked_until:
            raise StoreError(self.unsaved)
        token = _late.set(late_ms)
        try:
            with waiting(BRIEF, self._on_brief_wait):
                yield
        finally:
            _late.reset(token)

    def _on_wait(self, words: str) -> None:
        self._tell_store(words, self._not_read)
        warnings.warn(words, RuntimeWarning, stacklevel=2)

    def _on_brief_wait(self, words: str) -> None:
        self._locked_until = time.monotonic() + 2 * BRIEF
        self._tell_store(words, self._not_read)

    def _tell_store(self, not_written: str, not_read: str) -> None:
        before, self._not_written, self._not_read = self.unsaved, not_written, not_read
        if not self.unsaved:
            self._locked_until = 0.0
        if self.unsaved != before:
            self._tell("store")

    def _look(self) -> None:
        """Fold what others have added."""
        try:
            with self._lock:
                news = not self._closed and self._ledger.sync()
        except StoreError as error:
            self._tell_store(self._not_written, str(error))
            raise
        self._tell_store(self._not_written, "")
        if news:
            self._follow()

    def _catch_up(self) -> None:
        """The same, without a long wait; with the store gone, what is known here still stands."""
        try:
            with waiting(BRIEF, lambda _: None):
                self._look()
        except StoreError as error:
            warnings.warn(f"{error} What this session knows is shown.", RuntimeWarning, stacklevel=3)

    def _follow(self) -> None:
        """Have the model and the views follow the log."""
        self._trainer.request()
        self._news.request()

    def _refuse_closed(self) -> None:
        with self._lock:
            if self._closed:
                raise HitlError("The session is closed: run the cell that makes it again.")

    def _rows(self, index: Sequence[int] | npt.NDArray[np.int64]) -> list[int]:
        """The rows, each once."""
        rows, n = np.asarray(index), len(self.pool)
        if rows.dtype.kind not in "iu" or rows.min() < 0 or rows.max() >= n:
            odd = next((i for i in index if not isinstance(i, int) or not 0 <= i < n), index)
            raise InvalidInput(f"{odd!r} is no row of the pool: expected whole numbers from 0 to {n - 1}.")
        found: list[int] = rows.tolist()
        return list(dict.fromkeys(found)) if (rows[1:] <= rows[:-1]).any() else found

    def _selection(self, row: int, said: Selection) -> Selection:
        """How an item that was asked came to be: what was labelled meanwhile is no draw for the audit."""
        with self._lock:
            mine, known = self._ledger.labels.mine[row], self._ledger.labels.y[row] >= 0
        if mine:
            return said if said == "api" else "clicked"
        if known:
            return "opinion"
        return "audit" if row in self._audit_issued else said

    def _class(self, value: object) -> str:
        """What the class is called now: a name that it had before is understood as well."""
        known = self._ledger.fold.vocabulary
        now = known.meaning(known.understood(value)) if isinstance(value, str) else None
        return self.schema.names[self.schema.code(value if now is None else now)]

    def called(self, class_id: str, word: str) -> str:
        """What a class is called now, by its id; ``word`` is what it was called on the screen."""
        with self._lock:
            now = self._ledger.fold.vocabulary.meaning(class_id)
        if now is None:
            raise InvalidInput(f"{word!r} is no class any more: label it in the classes of now.")
        return now

    def _snapshot(self) -> tuple[Labels, Ground | None]:
        held = self._team.theirs if self._team is not None else ()
        with self._lock:
            return self._ledger.snapshot(held), self._ground

    # -- what is known

    @property
    def n_labels(self) -> int:
        """How many items are labelled."""
        self._catch_up()
        return len(self._ledger.labels)

    @property
    def counts(self) -> tuple[int, int]:
        """Items labelled and events folded, at one moment and as far as they were read."""
        with self._lock:
            return len(self._ledger.labels), self._ledger.n_events

    @property
    def n_events(self) -> int:
        """How many events of the log are folded."""
        return self._ledger.n_events

    @property
    def current(self) -> Labels:
        """The labels that hold, as arrays over the pool."""
        return self._snapshot()[0]

    @property
    def schema(self) -> Schema:
        """The question that holds now."""
        return self._ledger.schema

    @property
    def unanswered(self) -> list[tuple[str, str, tuple[str, ...]]]:
        """Classes that ``classes=`` lacks though there are labels of them; they may have been renamed.

        Of each its id, its name, and the new classes that it may be called now, likeliest first. Answered by
        ``session.classes.merge([old], into=new)``, or by ``session.classes.retire(old)``.
        """
        with self._lock:
            return self._ledger.unanswered

    @property
    def round(self) -> Round | None:
        """The newest round, or None before the first; in classes of now."""
        found = self._trainer.round
        return None if found is None else found.under(self.schema)

    @property
    def evaluation(self) -> Evaluation:
        """The newest audit estimate and learning curve."""
        return self._trainer.evaluation

    @property
    def map(self) -> Map | None:
        """The newest map, or None before the preview."""
        return self._map

    @property
    def stage(self) -> Stage | None:
        """What is being prepared, or None when everything is ready."""
        return self._stage

    @property
    def error(self) -> Exception | None:
        """What ended the preparation, if anything did."""
        return self._error

    @property
    def trouble(self) -> str:
        """What failed in the background and has not worked since, and what to do; empty if nothing did."""
        return self._words_of(None)

    @property
    def trouble_asking(self) -> str:
        """The same, of what concerns the item on the card."""
        return self._words_of(ASKING)

    @property
    def trouble_mapping(self) -> str:
        """The same, of what concerns the map."""
        return self._words_of(MAP)

    def _words_of(self, parts: tuple[str, ...] | None) -> str:
        found = self.round
        said = self._troubles.words() if parts is None else self._troubles.words(parts)
        if parts is not MAP and found is not None and found.error:
            said = f"{found.error} {said}".rstrip()
        return said

    @property
    def unsaved(self) -> str:
        """Why the last act is not saved, or the store cannot be read; "" where all is saved."""
        return self._not_written or self._not_read

    @property
    def overwritten(self) -> str:
        """What to say where X was overwritten after the session was made; "" where it was not."""
        return self._overwritten

    @property
    def restored(self) -> int:
        """How many events were written again to a store that had been replaced by an older copy."""
        return self._ledger.restored

    @property
    def closed(self) -> bool:
        """Whether :meth:`close` was called."""
        return self._closed

    @property
    def key(self) -> str:
        """An opaque name of this task of this store, the same after a restart."""
        return opaque(self.store.store_id, self.task, self.annotator)

    @property
    def behind(self) -> int:
        """How many acts the model has not seen yet."""
        seen = self._trainer.round
        return self._ledger.n_events - (seen.n_events if seen else 0)

    def payload(self, i: int, *, side: int = 768, most: int | None = None) -> Payload:
        """What a screen shows of row ``i`` of the pool; an image in ``most`` bytes where that can be."""
        return self.pool.payload(i, side=side, most=most)

    def acts(
        self, limit: int | None = None, *, annotator: str | None = None
    ) -> list[tuple[LabelEvent, bool]]:
        """Labels, skips and changes of the classes in log order, each with whether it holds.

        The last ``limit`` of them, and only an annotator's own where one is named.
        """
        if limit is not None and (not isinstance(limit, int | np.integer) or limit < 1):
            raise InvalidInput(f"limit={limit!r}: expected a whole number from 1, or None.")
        with self._lock:
            return self._ledger.fold.acts(limit, annotator)

    def code(self, event: LabelEvent) -> int:
        """The code of the class that a label means now; -1 where that is no more, and of other acts."""
        with self._lock:
            return self._ledger.code(event)

    def items_of(self, event_id: str) -> tuple[npt.NDArray[np.int64], int, Selection | None]:
        """Of an act of yours the rows, how many items are not in this table, and how they were chosen.

        Raises
        ------
        InvalidInput
            For what is no act of yours.
        """
        with self._lock:
            act = self._own_act(event_id)
            places = [self._ledger.naming.row(key) for key in act.item_ids]
        rows = np.unique(np.asarray([row for row in places if row is not None], np.int64))
        return rows, places.count(None), act.selection

    def _own_act(self, event_id: Any) -> LabelEvent:
        found = self._ledger.fold.act(event_id) if isinstance(event_id, str) else None
        if found is None or found.annotator != self.annotator:
            raise InvalidInput(f"{event_id!r} is no act of yours: see session.history().")
        return found

    def state(self, event: LabelEvent) -> ActState:
        """What became of an act: ``holds``, ``undone``, ``left behind`` or ``brought back``."""
        with self._lock:
            return self._ledger.fold.state(event)

    def left_behind(self, limit: int) -> list[LabelEvent]:
        """Your last acts that were undone and are out of reach of :meth:`redo`, the newest first."""
        with self._lock:
            return self._ledger.fold.left(self.annotator, limit)

    def ways(self, event_ids: Iterable[str]) -> dict[str, tuple[int, int]]:
        """How many acts and labels a :meth:`jump` to each of these undoes, or brings back, if it can."""
        with self._lock:
            return self._ledger.fold.ways(self.annotator, event_ids)

    def turned(self, event_id: str) -> LabelEvent | None:
        """The act that an undo or redo with this id was about."""
        with self._lock:
            return self._ledger.turned(event_id)

    @property
    def notices(self) -> list[str]:
        """What does not fit between the store and the table, and what rows are one item, in words."""
        with self._lock:
            return self._ledger.notices()

    @property
    def n_changed(self) -> int:
        """How many labelled items say something else now than when they were labelled."""
        return len(self._ledger.changed)

    def is_changed(self, row: int) -> bool:
        """Whether the item has a label, and says something else now than when it was labelled."""
        return row in self._ledger.changed

    def row_of(self, key: str) -> int | None:
        """The row of an item by the key of an act on it; None where the table has none."""
        return self._ledger.naming.row(key)

    def can_turn(self) -> tuple[bool, bool]:
        """Whether there is something to undo, and to redo."""
        with self._lock:
            return self._ledger.can_turn(self.annotator)

    # -- what is asked blind

    def blind(self, labels: Labels) -> npt.NDArray[np.int64]:
        """Rows of which no guess and nobody's label may be shown: they wait for an unprejudiced answer."""
        with self._lock:
            return self._blind.rows(labels, self._audit_issued)

    def hand(self, rows: Iterable[int]) -> None:
        """These may be on a card soon: what others say of them meanwhile is not shown."""
        with self._lock:
            self._blind.handed(rows)

    def draw(self, row: int) -> None:
        """Row ``row`` is asked again, as a draw for the audit."""
        with self._lock:
            self._blind.drawn(row)

    # -- others

    def reserve(self, rows: Sequence[int], *, seconds: float = KEEP, at_once: bool = False) -> frozenset[int]:
        """Say that these items are asked here, so that they are not asked elsewhere.

        Parameters
        ----------
        rows
            Rows of the pool.
        seconds
            How long.
        at_once
            Whether others are to know before this returns, though nobody else may be here.

        Returns
        -------
        frozenset of int
            Those that are in the hands of somebody else, or were labelled a moment ago.
        """
        if self._team is None:
            return frozenset()
        keys = {self._ledger.naming.written(row): row for row in rows}
        self._team.hold(keys, seconds=seconds, at_once=at_once)
        held = {self._ledger.naming.held(key) for key in self._team.theirs}
        theirs = frozenset(row for row in keys.values() if row in held)
        if not self._team.others:
            return theirs
        # What somebody gave back is free; their label was on disk before, and is read only now.
        self._catch_up()
        with self._lock:
            left = self._ledger.labels.left | self._ledger.labels.second
        return theirs.union(row for row in keys.values() if not left[row])

    def give_back(self, rows: Iterable[int]) -> None:
        """These items are not asked here after all."""
        if self._team is not None:
            self._team.done([self._ledger.naming.written(row) for row in rows])

    def ask_anew(self) -> None:
        """Choose the next items again, without those that are in the hands of others; returns at once."""
        self._trainer.request()

    @property
    def annotators(self) -> list[tuple[str, int, bool]]:
        """Everybody who labelled or is here: name, labels given, whether here now; most labels first.

        What was undone does not count, a correction does.
        """
        with self._lock:
            given = self._ledger.fold.given
        here = self.people | {self.annotator}
        who = sorted({*given, *here}, key=lambda name: (-given.get(name, 0), name))
        return [(name, given.get(name, 0), name in here) for name in who]

    @property
    def people(self) -> frozenset[str]:
        """Names of those who label this task just now, in other sessions."""
        return self._team.people if self._team is not None and not self._closed else frozenset()

    # -- and its end

    def regroup(self, scale: float) -> None:
        """Make the groups on the map finer or coarser; returns at once, the map follows.

        Parameters
        ----------
        scale
            0.25 (finest) to 4 (coarsest); 1 is how it begins.
        """
        self._refuse_closed()
        self._preparation.regroup(scale)

    def retry(self) -> None:
        """Do again what failed in the background; returns at once.

        What failed stands in the widgets: features that could not be built, a map that stays a preview, a
        model without neighbours. Does nothing where nothing failed.
        """
        with self._lock:
            self._refuse_closed()
            again = bool(self._troubles.words(("items", "map")))
            if again:
                self._error, self._stage = None, Stage("trying again")
                self._graph_due = self._graph_is_soon()
        for part in ("items", "map", "start"):
            self._troubles.note(part, None)
        if again:
            self._preparation.start()
        self._trainer.retry()
        if self._news.failure is not None:
            self._news.request()
        self._tell("error")

    def close(self) -> None:
        """Stop the background work and release the store."""
        if isinstance(self._lock, Elsewhere):
            return
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._changed.notify_all()
        self._end.detach()
        _finish(self._trainer, self._preparation, self._news, self._team, self._ledger)
        self._ground = self._map = None  # what was labelled can still be read
        self._trainer.forget()
        self._tell("closed")

    def is_lost_to(self, other: Live) -> bool:
        """Whether another store lies where this session's was, and lacks acts that this session knows."""
        here, there = self.store, other.store
        same_place = here.path is not None and (here.path, self.task) == (there.path, other.task)
        if not same_place or here.store_id == there.store_id:
            return False
        found = {event.event_id for event in other.known()}
        return any(event.event_id not in found for event, _ in self.acts())

    def find_earlier(self, other: Live) -> None:
        """Say that an earlier session of this kernel knows acts of a store that is gone."""
        self.earlier = other
        n = len(other.acts())
        warnings.warn(
            f"The label store {self.store.name} is another one than before: the one that an earlier session "
            f"of this kernel had open was deleted or replaced. That session knows {n:,} of its acts. To take "
            "them up: session.import_labels(session.earlier)",
            RuntimeWarning,
            stacklevel=5,
        )

    def known(self) -> list[LabelEvent]:
        """Every event that was read from the log, in its order."""
        with self._lock:
            return list(self._ledger.events)

    def __reduce__(self) -> NoReturn:
        raise HitlError(
            "A Session cannot be copied, nor sent to another process: it has threads and connections. Open "
            "one there, on the same store."
        )

    def _give_up(self) -> None:
        """What was begun of a session that could not be made, such as one that was interrupted, ends."""
        if hasattr(self, "_end"):
            self.close()
        elif hasattr(self, "_ledger"):
            self._ledger.close()

    def leave_behind(self) -> None:
        """In a forked child: the session is the parent's."""
        self._lock = self._changed = Elsewhere("Session")
        self._end.detach()

    def supersede(self) -> None:
        """The cell that made this session was run again: close it once no view shows it."""
        self._superseded = True
        self._leave()

    def _leave(self) -> None:
        if self._superseded and not self._listeners and not self._closed:
            abandon(self.close)

    # -- listeners

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Be told of changes; returns the function that ends it.

        The listener gets ``labels``, ``schema``, ``round``, ``evaluation``, ``map``, ``stage``, ``error`` or
        ``closed``, from whatever thread made the change.
        """
        self._listeners.append(listener)

        known = weakref.ref(self)

        def stop() -> None:
            here = known()
            if here is not None and listener in here._listeners:  # noqa: SLF001
                here._listeners.remove(listener)  # noqa: SLF001
            if here is not None:
                here._leave()  # noqa: SLF001

        return stop

    def _tell(self, what: str) -> None:
        if what in {"labels", "round"} and self._told_schema is not self.schema:
            self._told_schema = self.schema
            self._tell("schema")
        failure: Exception | None = None
        for listener in tuple(self._listeners):
            failure = self._tell_one(listener, what) or failure
        if what != "error" and self._troubles.note("view", failure):
            self._tell("error")

    def _tell_one(self, listener: Listener, what: str) -> Exception | None:
        """One broken screen must not stop the loop, and what broke it may have passed a moment later."""
        for last in (False, True):
            try:
                listener(what)
            except Exception as error:  # noqa: BLE001 - whatever it is, the others are told
                if not last:
                    time.sleep(SOON)
                    continue
                warnings.warn(f"A view of the session failed: {error!r}", RuntimeWarning, stacklevel=3)
                return error
            return None
        return None

    def _tell_labels(self, _overtaken: Callable[[], bool]) -> None:
        # In a thread of its own: the act is acknowledged before the views hear of it. A round that
        # has seen the labels brings them to the views itself.
        if self._told_of < self._ledger.n_events:
            self._tell("labels")

    def _on_features(self, X: npt.NDArray[np.float32], *, passing: bool) -> None:
        with self._lock:
            if self._ground is None or self._ground.X is not X:  # else they come once more: see retry
                self._ground = Ground(X, passing=passing)
            self._changed.notify_all()
        self._trainer.request()

    def _on_graph(self, graph: NeighborGraph | LandmarkGraph) -> None:
        assert self._ground is not None  # noqa: S101 - features come first
        found = ground_of(self._ground.X, graph)
        with self._lock:
            self._ground = found
        self._trainer.grow()

    def _on_map(self, made: Map) -> None:
        self._map = made
        self._tell("map")

    def _on_stage(self, stage: Stage | None) -> None:
        self._stage = stage
        self._tell("stage")

    def _on_error(self, error: Exception) -> None:
        if ending():
            return
        with self._lock:
            # A map that fails leaves the preview; features that fail leave nothing to learn from.
            self._error = error if self._ground is None or self._ground.passing else None
            self._stage = None
            self._graph_due = False
            self._troubles.note("map" if self._error is None else "items", error)
            self._changed.notify_all()
        if self._error is None:
            warnings.warn(self.trouble_mapping, RuntimeWarning, stacklevel=2)
        self._tell("error")

    def _on_turn(self, part: str, error: Exception | None) -> None:
        """A part of the background work failed for good, or works again."""
        if part == "start" and error is None:
            return  # what was drawn at random stays so
        news = self._troubles.note(part, error)
        if part == "graph":
            with self._lock:
                self._graph_due = self._graph_due and error is None
                self._changed.notify_all()
        if part == "start":
            self._trainer.begin_at_random()
        if news:
            self._tell("error")

    def _on_round(self, made: Round) -> None:
        self._told_of = made.n_events
        with self._lock:
            # Before there are features all are drawn at random, and no more than these reach a card.
            self._blind.asked(made.suggestions[: None if made.has_features else FIRST])
            self._changed.notify_all()
        self._tell("round")

    def _check_features(self) -> None:
        """Say once where X was overwritten: the model then learns of other items than those labelled."""
        if self._overwritten or not self.pool.features_changed:
            return
        self._overwritten = (
            "X was overwritten after the session was made: the model's features are no longer those of the "
            "items. Run the cell that makes the session again; to change X later, pass a copy: X=X.copy()."
        )
        warnings.warn(self._overwritten, RuntimeWarning, stacklevel=4)
        self._tell("error")

    def _on_evaluation(self, _: Evaluation) -> None:
        self._check_features()
        self._tell("evaluation")


def opaque(*parts: object) -> str:
    """A name for these that tells nobody what they are, the same after a restart."""
    return hashlib.blake2b(
        "\0".join(map(str, parts)).encode("utf-8", "surrogatepass"), digest_size=8
    ).hexdigest()


def _finish(
    trainer: Trainer, preparation: Preparation, news: Worker, team: Team | None, ledger: Ledger
) -> None:
    """End what works for a session."""
    trainer.close()
    preparation.close()
    news.close()
    if team is not None:
        team.close()
    ledger.close()


def _snapshot_of(session: Live) -> Callable[[], tuple[Labels, Ground | None]]:
    known = weakref.ref(session)

    def snapshot() -> tuple[Labels, Ground | None]:
        found = known()
        if found is None:
            raise Cancelled("The session is gone.")
        return found._snapshot()  # noqa: SLF001

    return snapshot


def unsaid(n: int) -> str:
    """Of items whose labels say a class that went: how they come back."""
    those = "1 item is" if n == 1 else f"{n:,} items are"
    return (
        f"{those} asked again: what was said is no class any more. Turning this back, or adding the class "
        "anew, brings the labels back."
    )


def relabelled(n: int) -> str:
    """Of items that were labelled otherwise before an act on them was brought back."""
    those = "1 item had" if n == 1 else f"{n:,} items had"
    return f"{those} another answer of yours since: it was replaced. Undo brings it back."
