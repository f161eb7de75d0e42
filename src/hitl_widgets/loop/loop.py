"""Loop: joins the log, the model, the map and the team of one task. Items are rows of the pool."""

from __future__ import annotations

import hashlib
import warnings
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, TypeVar

from hitl_widgets.background.worker import Worker, weakly
from hitl_widgets.data.columns import Columns
from hitl_widgets.data.pool import Pool
from hitl_widgets.labels.events import new_event_id
from hitl_widgets.loop.acts import Acts
from hitl_widgets.loop.asking import Asker, Labels
from hitl_widgets.loop.background import Background
from hitl_widgets.loop.blind import Blind
from hitl_widgets.loop.colours import Colours
from hitl_widgets.loop.comparing import Comparing
from hitl_widgets.loop.covering import Blur, Covering
from hitl_widgets.loop.drafting import Changes, Drafting
from hitl_widgets.loop.explaining import Explaining
from hitl_widgets.loop.finding import Finder
from hitl_widgets.loop.handing import Handing
from hitl_widgets.loop.known import name_experts
from hitl_widgets.loop.ledger import Ledger
from hitl_widgets.loop.listeners import Listener, Listeners
from hitl_widgets.loop.listing import Listing
from hitl_widgets.loop.log import Log
from hitl_widgets.loop.modes import Mode
from hitl_widgets.loop.openings import Run, abandon, enter
from hitl_widgets.loop.qualifying import Qualifying
from hitl_widgets.loop.resting import KEPT, Resting
from hitl_widgets.loop.round import Round
from hitl_widgets.loop.seen import Seen
from hitl_widgets.loop.segmenting import Segment, Segmenting
from hitl_widgets.loop.slices import Slicing
from hitl_widgets.loop.suggesting import Source, Suggesting, Sweep, source_of_model
from hitl_widgets.loop.suspecting import Suspecting
from hitl_widgets.loop.tagging import Tagging
from hitl_widgets.loop.teach.counterfactuals import Counterfactuals
from hitl_widgets.loop.teach.edits import Editing
from hitl_widgets.loop.teach.guiding import Guiding
from hitl_widgets.loop.teach.proposals import Proposing
from hitl_widgets.loop.teach.ruling import Ruling
from hitl_widgets.loop.teach.strikes import Striking
from hitl_widgets.loop.teaching import Teaching
from hitl_widgets.loop.team import KEEP, Team
from hitl_widgets.loop.trainer import Trainer
from hitl_widgets.loop.trusting import Trusting
from hitl_widgets.maps.preparation import Preparation
from hitl_widgets.questions.base import Corrected
from hitl_widgets.questions.schema import Schema

__all__ = ["Loop", "opaque"]

CACHE = ".hitl-widgets"

T = TypeVar("T")


class Loop:
    """Owns the state of a session: takes acts, produces rounds and maps, and notifies the views.

    :class:`~hitl_widgets.session.Session` is the public interface to a loop; widgets display it.

    Parameters
    ----------
    ledger
        The folded log over the pool.
    learner, asker
        The model, and the object that chooses the questions.
    annotator
        Name of the annotator.
    embed, random_state
        See :class:`~hitl_widgets.session.Session`.
    run
        The cell that creates the session, and the run of the cell.
    columns
        The columns of the user's table.

    Attributes
    ----------
    log, acts, blind, background
        The log; the annotator's acts; the items asked blind; features, map and model.
    finder, slicing, listing
        Runs queries; keeps them under names; orders items for the list.
    ruling
        Keeps rules, and makes them experts of the model.
    context
        Columns that are shown above each item.
    colours
        The ways to color the map.
    handing
        The machine labels.
    suggesting
        The suggested answers; None if there are none.
    editing
        Keeps edited items, and guesses their class.
    suspecting
        Judges the labels.
    trusting
        Computes how good the labels and the model are.
    segmenting
        The user's segmenter; None if there is none.
    mode
        What annotators do with suggested answers.
    sweep
        Asks for one class at a time; None otherwise.
    token
        Identifies this session on a page. Every run of a cell creates another one.
    earlier
        An earlier session of this kernel whose store was deleted or replaced, if any.
    """

    def __init__(
        self,
        ledger: Ledger,
        learner: Any,
        asker: Asker,
        *,
        annotator: str,
        embed: Any = None,
        random_state: int | None = None,
        run: Run,
        columns: Columns,
        context: tuple[str, ...],
        colours: Colours,
        suggest: Source | None = None,
        segment: Segment | None = None,
        blur: Blur | None = None,
        break_after: float | None = None,
        mode: Mode = "annotate",
    ) -> None:
        self.pool: Pool = ledger.pool
        self.store, self.task, self.annotator = ledger.store, ledger.task, annotator
        self.strategy, self.audit = asker.name, asker.share
        self.sweep = asker.strategy if isinstance(asker.strategy, Sweep) else None
        self.run, self.token, self.context, self.colours = run, new_event_id(), context, colours
        self.earlier: Loop | None = None
        self._superseded = False
        self._told_schema = ledger.schema
        tell = weakly(self._tell)
        self.log = Log(ledger, annotator, tell)
        self.mode: Mode = mode
        self.segmenting = None if segment is None else Segmenting(self.pool, segment)
        self.blind = Blind(everything=mode == "demonstrate")
        self.background = Background(
            self.pool,
            self.log,
            learner,
            asker,
            embed=embed,
            random_state=random_state,
            cache=None if self.store.path is None else self.store.path.parent / CACHE,
            blind=self.blind,
            tell=tell,
        )
        self._listeners = Listeners(self.background.note_view, weakly(self._leave))
        background, log, blind = self.background, self.log, self.blind
        trainer, tagging, self.suggesting = background.trainer, background.tagging, self._suggesting(suggest)
        drafting: Drafting | None = None
        corrected = suggest is not None and isinstance(log.labels.kind, Corrected)
        if corrected and self.suggesting is not None:
            ask_anew = weakly(trainer.request)
            drafting = Drafting(log, self.suggesting, background.snapshot, ask_anew, background.note)
            trainer.doubts = partial(_doubts, weakref.ref(drafting))
            background.drafting = drafting

        def seen() -> Seen:
            return Seen.of(log.labels, background.round, blind)

        self.suspecting = Suspecting(log, trainer, lambda: background.ground)
        self.trusting = Trusting(log, trainer, blind)
        self.finder = Finder(self.pool, columns, log, seen, lambda: background.ground)
        self.covering = Covering(self.pool, blur, seen, ledger.schema)
        self.comparing = Comparing(self.pool, columns, self.log, self.covering, lambda: background.ground)
        self.listing = Listing(self.pool, columns, seen, self.covering.text)
        self._indexing = Worker(self.finder.prepare, "index", last=True)
        self.acts = Acts(self.log, self.blind, lambda: trainer.number)
        self.acts.suggesting = self.suggesting
        self.resting = self.acts.resting = Resting(
            break_after,
            [event for event, _ in log.acts(KEPT, annotator=annotator) if event.elapsed_ms is not None],
            partial(_guess, weakref.ref(background), log),
        )
        self.handing = Handing(self.log, self.acts, self.background.note)
        self.slicing = self._slicing(seen)
        self.ruling = self._ruling(columns, seen)
        self.editing = self._editing()
        # No reference cycle: an unreferenced session is deleted at once, and its connections are closed.
        learners = [background.striking, self.editing, *(one for one in (tagging, drafting) if one)]
        learning = (one.worker for one in learners)
        self.log.follow = partial(_follow, trainer, (background.news, self.handing.worker, *learning))
        # A store in memory is not shared.
        self._team: Team | None = None
        if self.store.name != "memory":
            self._team = Team(self.store, self.task, annotator, self.log.look, trainer.request)
            self.log.answered, self.log.held = self._team.done, self._team.held
        # An unreferenced session ends, so its threads must neither keep it alive nor outlive it.
        workers = (
            background.news,
            self._indexing,
            self.handing,
            background.teaching,
            background.proposing,
            *learners,
        )
        self._parts = (trainer, self.background.preparation, workers, self._team, ledger)
        self._end = weakref.finalize(self, abandon, partial(_finish, *self._parts))
        self._end.atexit = False  # see openings

    def _slicing(self, seen: Callable[[], Seen]) -> Slicing:
        made = Slicing(self.log, self.acts, self.finder, seen)
        self.background.trainer.slices = _weak(made.now, ())
        return made

    def _ruling(self, columns: Columns, seen: Callable[[], Seen]) -> Ruling:
        """The rules, as experts of the model."""
        background, again = self.background, weakly(self.background.trainer.request)
        parts = (self.pool, self.log, self.acts, self.finder, columns)
        made = Ruling(*parts, seen, lambda: background.ground, again)
        background.trainer.experts.append(_weak(made.experts, ()))
        background.proposing.conflicts = _weak(made.conflicts, [])
        return made

    @cached_property
    def explaining(self) -> Explaining:
        """Says why the model guesses what it guesses."""
        return Explaining(self.pool, self.background.trainer, self.log, self.background.preparation)

    def _editing(self) -> Editing:
        background, trainer = self.background, self.background.trainer
        made = Editing(self.pool, trainer, self.log, self.acts, background.preparation, background.note)
        background.editing = made
        trainer.experts.append(_weak(made.experts, ()))
        return made

    @cached_property
    def counterfactuals(self) -> Counterfactuals:
        """Finds small changes of an item that flip the guess."""
        trainer, hidden = self.background.trainer, self.covering.is_blurred
        return Counterfactuals(self.editing, self.pool, trainer, hidden)

    @cached_property
    def guiding(self) -> Guiding:
        """Keeps the guidelines."""
        log, background, blind = self.log, self.background, self.blind
        return Guiding(log, self.acts, lambda: Seen.of(log.labels, background.round, blind))

    def _suggesting(self, suggest: Source | None) -> Suggesting | None:
        """The user's suggestions, or the model's: of spans, or of what is verified, corrected or compared."""
        background, pool, log = self.background, self.pool, self.log
        tagging, trainer = background.tagging, background.trainer
        if suggest is not None:
            return Suggesting(pool, log, suggest)
        if tagging is not None:
            return Suggesting(pool, log, tagging.spans, lambda: tagging.generation, by_model=True)
        if self.mode != "annotate" and log.labels.kind.predicts:
            source = source_of_model(lambda: background.round)
            return Suggesting(pool, log, source, lambda: trainer.number, by_model=True)
        return None

    def suggest_words(self, typed: str, class_id: str, *, on: bool = True) -> None:
        """Suggest words or a pattern in all texts as spans of a class, or no longer."""
        assert self.suggesting is not None  # noqa: S101 - spans are always suggested
        if on:
            self.suggesting.rules.add(typed, class_id)
        else:
            self.suggesting.rules.remove(typed, class_id)
        self._tell("suggestions")

    def start(self, experts: Mapping[str, Iterable[Any]] | None = None) -> None:
        """Record who the experts are, if that is given, and start the background work."""
        if experts is not None:
            name_experts(self.log, self.acts, experts)
        self.background.start()
        enter(self, self.run)

    # -- current state

    @property
    def qualifying(self) -> Qualifying:
        """What this annotator is asked before they may label."""
        return Qualifying(self.log)

    @property
    def key(self) -> str:
        """An opaque name of this store, task and annotator, the same after a restart."""
        return opaque(self.store.store_id, self.task, self.annotator)

    @property
    def schema(self) -> Schema:
        """The current question and its classes."""
        return self.log.schema

    @property
    def labels(self) -> Labels:
        """The current labels, as arrays over the pool."""
        return self.log.labels

    @property
    def round(self) -> Round | None:
        """The newest round, in terms of the current classes; None before the first."""
        return self.background.round

    # -- other sessions

    def reserve(self, rows: Sequence[int], *, seconds: float = KEEP, at_once: bool = False) -> frozenset[int]:
        """Reserve these items, so that other sessions do not ask them.

        Parameters
        ----------
        rows
            Rows of the pool.
        seconds
            For how long.
        at_once
            Whether to write the leases before returning, even if no other session is known.

        Returns
        -------
        frozenset of int
            Those that another session has reserved, or that were just labelled.
        """
        if self._team is None:
            return frozenset()
        ledger = self.log.ledger
        keys = {ledger.naming.written(row): row for row in rows}
        self._team.hold(keys, seconds=seconds, at_once=at_once)
        held = {ledger.naming.held(key) for key in self._team.theirs}
        theirs = frozenset(row for row in keys.values() if row in held)
        if not self._team.others:
            return theirs
        # Take leases first, then read the log: a session saves its label before it releases the item. In the
        # opposite order, two of eight people were asked the same item.
        self.log.catch_up()
        with self.log.lock:
            left = ledger.labels.left | ledger.labels.waits | ledger.labels.checkable
            left[self.blind.again(ledger.labels)] = True
        return theirs.union(row for row in keys.values() if not left[row])

    def release(self, rows: Iterable[int]) -> None:
        """Release reserved items that are not asked after all."""
        if self._team is not None:
            self._team.done([self.log.ledger.naming.written(row) for row in rows])

    def ask_anew(self) -> None:
        """Choose the next items again, without those that others have reserved; returns at once."""
        self.background.trainer.request()

    @property
    def people(self) -> frozenset[str]:
        """Names of the people who are labeling this task in other sessions now."""
        return self._team.people if self._team is not None and not self.log.closed else frozenset()

    @property
    def annotators(self) -> list[tuple[str, int, bool]]:
        """Name, number of labels and whether they are active now, for all annotators; most labels first.

        Undone labels do not count, corrections do.
        """
        given, here = self.log.given(), self.people | {self.annotator}
        who = sorted({*given, *here}, key=lambda name: (-given.get(name, 0), name))
        return [(name, given.get(name, 0), name in here) for name in who]

    # -- listeners

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Subscribe to changes; returns the function that unsubscribes.

        The listener is called with ``labels``, ``schema``, ``round``, ``evaluation``, ``map``, ``stage``,
        ``store``, ``suggestions``, ``proposals``, ``error`` or ``closed``, from the thread that made the
        change.
        """
        return self._listeners.add(listener)

    def _tell(self, what: str) -> None:
        # Class codes are positions, so views need new classes before labels and rounds that use them.
        if what in {"labels", "round"} and self._told_schema is not self.schema:
            self._told_schema = self.schema
            self._listeners.tell("schema")
        self._listeners.tell(what)
        if what == "stage" and self.background.stage is None:  # nothing more urgent is left
            self._indexing.request()

    # -- closing

    def close(self) -> None:
        """Stop the background work and release the store."""
        if not self.log.close():
            return
        self._end.detach()
        _finish(*self._parts)
        self.background.forget()
        self._tell("closed")

    def supersede(self) -> None:
        """Close the session once no view shows it, because its cell was run again."""
        self._superseded = True
        self._leave()

    def _leave(self) -> None:
        if self._superseded and not self._listeners and not self.log.closed:
            abandon(self.close)

    def leave_behind(self) -> None:
        """Mark the session as belonging to the parent process, in a forked child."""
        self.log.leave_behind()
        self._end.detach()

    def is_lost_to(self, other: Loop) -> bool:
        """Whether another store has replaced this session's and lacks acts that this session knows."""
        here, there = self.store, other.store
        same_place = here.path is not None and (here.path, self.task) == (there.path, other.task)
        if not same_place or here.store_id == there.store_id:
            return False
        found = {event.event_id for event in other.log.events()}
        return any(event.event_id not in found for event, _ in self.log.acts())

    def find_earlier(self, other: Loop) -> None:
        """Warn that an earlier session of this kernel knows acts of a store that is gone."""
        self.earlier = other
        n = len(other.log.acts())
        warnings.warn(
            f"The label store {self.store.name} is not the one that an earlier session of this kernel had "
            f"open: that one was deleted or replaced. The earlier session still knows {n:,} of its acts. To "
            "import them: session.import_labels(session.earlier)",
            RuntimeWarning,
            stacklevel=5,
        )


def opaque(*parts: object) -> str:
    """A hash of these parts as a name that reveals nothing about them, the same after a restart."""
    return hashlib.blake2b(
        "\0".join(map(str, parts)).encode("utf-8", "surrogatepass"), digest_size=8
    ).hexdigest()


def _follow(trainer: Trainer, workers: tuple[Worker, ...]) -> None:
    """Request updates of the model and the views; returns at once."""
    trainer.request()
    for worker in workers:
        worker.request()


def _guess(background: weakref.ref[Background], log: Log, row: int) -> tuple[int, ...] | None:
    """The classes that the model predicts for a row, in the current classes."""
    found = background()
    newest = None if found is None else found.round
    belief = None if newest is None else newest.under(log.schema).belief
    return None if belief is None else belief.guess(row)


def _doubts(drafting: weakref.ref[Drafting]) -> Changes | None:
    found = drafting()
    return None if found is None else found.doubts


def _weak(method: Callable[..., T], gone: T) -> Callable[..., T]:
    """Wrap a bound method so that its owner is held weakly; returns ``gone`` once it is gone."""
    known = weakref.WeakMethod(method)

    def call(*args: Any) -> T:
        found = known()
        return gone if found is None else found(*args)

    return call


def _finish(
    trainer: Trainer,
    preparation: Preparation,
    workers: tuple[Worker | Tagging | Drafting | Handing | Teaching | Striking | Editing | Proposing, ...],
    team: Team | None,
    ledger: Ledger,
) -> None:
    """Stop the workers of a session and close its store."""
    trainer.close()
    preparation.close()
    for worker in workers:
        worker.close()
    if team is not None:
        team.close()
    ledger.close()
