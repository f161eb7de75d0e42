"""Loop: the log, the model, the map and the team of one task, joined. It speaks of rows of the pool."""

from __future__ import annotations

import hashlib
import warnings
import weakref
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from hitl_widgets.background.worker import Worker, weakly
from hitl_widgets.data.columns import Columns
from hitl_widgets.data.pool import Pool
from hitl_widgets.labels.events import new_event_id
from hitl_widgets.loop.acts import Acts
from hitl_widgets.loop.asking import Asker, Labels
from hitl_widgets.loop.background import Background
from hitl_widgets.loop.blind import Blind
from hitl_widgets.loop.finding import Finder
from hitl_widgets.loop.ledger import Ledger
from hitl_widgets.loop.listeners import Listener, Listeners
from hitl_widgets.loop.listing import Listing
from hitl_widgets.loop.log import Log
from hitl_widgets.loop.openings import Run, abandon, enter
from hitl_widgets.loop.round import Round
from hitl_widgets.loop.team import KEEP, Team
from hitl_widgets.loop.trainer import Trainer
from hitl_widgets.maps.preparation import Preparation
from hitl_widgets.questions.schema import Schema

__all__ = ["Loop", "opaque"]

CACHE = ".hitl-widgets"


class Loop:
    """The one owner of a session's state: acts in, rounds and maps out, views told.

    :class:`~hitl_widgets.session.Session` is what people call, and has one; widgets show it.

    Parameters
    ----------
    ledger
        The folded log over the pool.
    learner, asker
        The model, and what chooses the questions.
    annotator
        Who labels here.
    embed, random_state
        See :class:`~hitl_widgets.session.Session`.
    run
        The cell that makes the session and this run of it.

    Attributes
    ----------
    log, acts, blind, background
        What was said; what people do; what is asked without a hint; features, map and model.
    finder, listing
        Finds items by what people type; orders them for a table.
    token
        Names this session on a page: another run of its cell is another.
    earlier
        An earlier session of this kernel whose store was deleted or replaced, if there is one.
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
    ) -> None:
        self.pool: Pool = ledger.pool
        self.store, self.task, self.annotator = ledger.store, ledger.task, annotator
        self.strategy, self.audit = asker.name, asker.share
        self.run, self.token = run, new_event_id()
        self.earlier: Loop | None = None
        self._superseded = False
        self._told_schema = ledger.schema
        tell = weakly(self._tell)
        self.log = Log(ledger, annotator, tell)
        self.blind = Blind()
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
        background, trainer = self.background, self.background.trainer
        columns = Columns(self.pool)
        self.finder = Finder(self.pool, columns, self.log, self.blind, lambda: background.round)
        self.listing = Listing(self.pool, columns, self.log, self.blind, lambda: background.round)
        self.acts = Acts(self.log, self.blind, lambda: trainer.number)
        # Of no cycle: a session that nobody holds is gone at once, and with it its connections.
        self.log.follow = partial(_follow, trainer, self.background.news)
        # What is in memory nobody else sees.
        self._team: Team | None = None
        if self.store.name != "memory":
            self._team = Team(self.store, self.task, annotator, self.log.look, trainer.request)
            self.log.answered, self.log.held = self._team.done, self._team.held
        # A session that nobody holds ends: so nothing that runs for it may keep it, nor go on without it.
        self._parts = (trainer, self.background.preparation, self.background.news, self._team, ledger)
        self._end = weakref.finalize(self, abandon, partial(_finish, *self._parts))
        self._end.atexit = False  # see openings

    def start(self) -> None:
        """Begin the background work."""
        self.background.start()
        enter(self, self.run)

    # -- what holds

    @property
    def key(self) -> str:
        """An opaque name of this task of this store, the same after a restart."""
        return opaque(self.store.store_id, self.task, self.annotator)

    @property
    def schema(self) -> Schema:
        """The question that holds now."""
        return self.log.schema

    @property
    def labels(self) -> Labels:
        """The labels that hold, as arrays over the pool."""
        return self.log.labels

    @property
    def round(self) -> Round | None:
        """The newest round, or None before the first; in classes of now."""
        return self.background.round

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
        ledger = self.log.ledger
        keys = {ledger.naming.written(row): row for row in rows}
        self._team.hold(keys, seconds=seconds, at_once=at_once)
        held = {ledger.naming.held(key) for key in self._team.theirs}
        theirs = frozenset(row for row in keys.values() if row in held)
        if not self._team.others:
            return theirs
        # A lease is taken first and the log read after it: who gave an item back has saved its label before.
        # The other way round, two people of eight were asked the same item.
        self.log.catch_up()
        with self.log.lock:
            left = ledger.labels.left | ledger.labels.second
        return theirs.union(row for row in keys.values() if not left[row])

    def release(self, rows: Iterable[int]) -> None:
        """These items are not asked here after all."""
        if self._team is not None:
            self._team.done([self.log.ledger.naming.written(row) for row in rows])

    def ask_anew(self) -> None:
        """Choose the next items again, without those that are in the hands of others; returns at once."""
        self.background.trainer.request()

    @property
    def people(self) -> frozenset[str]:
        """Names of those who label this task just now, in other sessions."""
        return self._team.people if self._team is not None and not self.log.closed else frozenset()

    @property
    def annotators(self) -> list[tuple[str, int, bool]]:
        """Everybody who labelled or is here: name, labels given, whether here now; most labels first.

        What was undone does not count, a correction does.
        """
        given, here = self.log.given(), self.people | {self.annotator}
        who = sorted({*given, *here}, key=lambda name: (-given.get(name, 0), name))
        return [(name, given.get(name, 0), name in here) for name in who]

    # -- listeners

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Be told of changes; returns the function that ends it.

        The listener gets ``labels``, ``schema``, ``round``, ``evaluation``, ``map``, ``stage``, ``store``,
        ``error`` or ``closed``, from whatever thread made the change.
        """
        return self._listeners.add(listener)

    def _tell(self, what: str) -> None:
        # Codes of classes are positions: views hear of other classes before labels and rounds in them.
        if what in {"labels", "round"} and self._told_schema is not self.schema:
            self._told_schema = self.schema
            self._listeners.tell("schema")
        self._listeners.tell(what)

    # -- its end

    def close(self) -> None:
        """Stop the background work and release the store."""
        if not self.log.close():
            return
        self._end.detach()
        _finish(*self._parts)
        self.background.forget()
        self._tell("closed")

    def supersede(self) -> None:
        """The cell that made this session was run again: close it once no view shows it."""
        self._superseded = True
        self._leave()

    def _leave(self) -> None:
        if self._superseded and not self._listeners and not self.log.closed:
            abandon(self.close)

    def leave_behind(self) -> None:
        """In a forked child: the session is the parent's."""
        self.log.leave_behind()
        self._end.detach()

    def is_lost_to(self, other: Loop) -> bool:
        """Whether another store lies where this session's was, and lacks acts that this session knows."""
        here, there = self.store, other.store
        same_place = here.path is not None and (here.path, self.task) == (there.path, other.task)
        if not same_place or here.store_id == there.store_id:
            return False
        found = {event.event_id for event in other.log.events()}
        return any(event.event_id not in found for event, _ in self.log.acts())

    def find_earlier(self, other: Loop) -> None:
        """Say that an earlier session of this kernel knows acts of a store that is gone."""
        self.earlier = other
        n = len(other.log.acts())
        warnings.warn(
            f"The label store {self.store.name} is another one than before: the one that an earlier session "
            f"of this kernel had open was deleted or replaced. That session knows {n:,} of its acts. To take "
            "them up: session.import_labels(session.earlier)",
            RuntimeWarning,
            stacklevel=5,
        )


def opaque(*parts: object) -> str:
    """A name for these that tells nobody what they are, the same after a restart."""
    return hashlib.blake2b(
        "\0".join(map(str, parts)).encode("utf-8", "surrogatepass"), digest_size=8
    ).hexdigest()


def _follow(trainer: Trainer, news: Worker) -> None:
    """Have the model and the views follow the log; returns at once."""
    trainer.request()
    news.request()


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
