"""Session: the one owner of mutable state. Everything a person does goes through it."""

from __future__ import annotations

import hashlib
import os
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import numpy.typing as npt

from hitl_widgets.data.items import Payload
from hitl_widgets.data.landmarks import LandmarkGraph
from hitl_widgets.data.neighbors import NeighborGraph
from hitl_widgets.errors import HitlError, InvalidInput, StoreError
from hitl_widgets.labels.events import LabelEvent, Selection, new_event_id
from hitl_widgets.labels.schema import LabelClass, Schema
from hitl_widgets.labels.store import LabelStore
from hitl_widgets.learn.evaluate import Estimate
from hitl_widgets.learn.learner import Learner, as_learner
from hitl_widgets.learn.strategies import as_strategy
from hitl_widgets.loop.asking import Asker, Ground, Labels, ground_of
from hitl_widgets.loop.classes import Classes
from hitl_widgets.loop.ledger import Ledger
from hitl_widgets.loop.mapping import Map, Preparation, Stage
from hitl_widgets.loop.openings import NOWHERE, Run, abandon, enter
from hitl_widgets.loop.round import Round
from hitl_widgets.loop.settings import (
    as_list,
    as_pool,
    asked_schema,
    check_act,
    check_overlap,
    check_settings,
    costs_of,
    login,
    refuse,
    seed_of,
)
from hitl_widgets.loop.team import KEEP, Team
from hitl_widgets.loop.trainer import Evaluation, Trainer
from hitl_widgets.loop.worker import Worker, ending

if TYPE_CHECKING:
    import pandas as pd

    from hitl_widgets.loop.importing import Imported

__all__ = ["Session"]

Listener = Callable[[str], None]

# How often query() asks anew where somebody else was handed the same, and how long its items are held.
TRIES, ASKED = 5, 300.0
# So long views wait for a round that brings the labels along.
SOON = 0.1
# Up to so many items a neighbour graph takes seconds: who waits for the model waits for it too.
GRAPH_SOON = 20_000
CACHE = ".hitl-widgets"


class Session:
    """Label a pool of items with a model that learns along. In a notebook it shows the Workbench.

    Parameters
    ----------
    data
        A pandas, polars or Arrow table, a list of texts, images or dicts, an array, a path to one
        (``.npy``, ``.parquet``, ``.zarr``), or a :class:`~hitl_widgets.data.pool.Pool`.
    text, html, markdown, image, columns
        What an item is: the column of the text, of the HTML or Markdown (extra ``html``), of the image,
        or the columns of a table row.
    X
        Embeddings, array-like of shape (n_rows, n_features), finite; or a path to ``.npy``,
        ``.parquet`` or ``.zarr``, a zarr or a Dask array, which may be larger than memory. Without
        them features are built from the items in the background.
    embed
        Instead of ``X``: a function from a list of items to such an array, or a scikit-learn
        transformer.
    id
        Column of the ids. Without it an item is known by its content: reordering or growing the
        table keeps its labels, and equal items share one.
    remote_images
        Hosts, such as ``["images.example.org"]``, from which the browser may load, by https, what HTML
        and Markdown show and an image column names. None unless said; the kernel never loads any.
    classes
        At least two names or :class:`~hitl_widgets.labels.schema.LabelClass`. May be left out
        where the store knows the task.
    schema
        A :class:`~hitl_widgets.labels.schema.Schema` instead of ``classes``.
    store
        Where labels are kept: a path, a database URL, a
        :class:`~hitl_widgets.labels.store.LabelStore`, or ``":memory:"``.
    task
        Name of the question within the store.
    annotator
        Who labels; the login name where None.
    learner
        ``"auto"``, ``"linear"``, ``"graph"``, a scikit-learn classifier, or a
        :class:`~hitl_widgets.learn.learner.Learner`.
    strategy
        ``"auto"`` (doubt), a name of :data:`~hitl_widgets.learn.strategies.STRATEGIES`, a function
        ``(probabilities, context) -> utilities``, a query strategy of scikit-activeml, or a callable
        in the manner of modAL.
    audit
        Share of the questions drawn at random, which alone measure the model. 0 to 1.
    cost
        What a label of each row costs, where that differs: a column, or numbers above 0. Questions
        are then ranked by utility per cost.
    overlap, opinions
        Share of the items, 0 to 1, that ``opinions`` people are to label, at least 2: the same items in
        every kernel. Items that several were labelled at once are not among them.
    random_state
        Seeds every chance; None takes a seed from the store and task, the same after a restart.

    Raises
    ------
    InvalidInput
        For data, columns, classes, ids or settings that cannot be used.
    StoreError
        When the store cannot be opened, written, or belongs to something else.
    """

    # The package root tells a session where it is made: the loop knows no notebook.
    place: Callable[[], Run] = staticmethod(lambda: NOWHERE)

    def __init__(
        self,
        data: Any,
        *,
        text: str | None = None,
        html: str | None = None,
        markdown: str | None = None,
        image: str | None = None,
        columns: list[str] | None = None,
        X: Any = None,
        embed: Any = None,
        id: str | None = None,  # noqa: A002 - the field's own word
        remote_images: Iterable[str] | None = None,
        classes: Iterable[str | LabelClass] | None = None,
        schema: Schema | None = None,
        store: str | os.PathLike[str] | LabelStore = "labels.sqlite",
        task: str = "labels",
        annotator: str | None = None,
        learner: Any = "auto",
        strategy: Any = "auto",
        audit: float = 0.1,
        cost: Any = None,
        overlap: float = 0.0,
        opinions: int = 2,
        random_state: int | None = None,
        **unknown: Any,
    ) -> None:
        refuse(unknown, Session.__init__.__annotations__)
        check_settings(audit, random_state, store, task, annotator)
        check_overlap(overlap, opinions)
        kinds = {"text": text, "html": html, "markdown": markdown, "image": image, "columns": columns}
        self.pool = as_pool(data, embed, **kinds, X=X, id=id, remote_images=remote_images)
        asked, costs = asked_schema(classes, schema), costs_of(self.pool, cost)
        model = as_learner(learner)
        self.strategy, chosen = as_strategy(strategy)
        self.task = task
        self.annotator = annotator or login()
        self.audit = float(audit)
        self._clear()
        self._ledger = Ledger(store, task, self.pool, asked, self.annotator, float(overlap), int(opinions))
        self.store = self._ledger.store
        self._told_schema = self.schema
        seed = seed_of(self.store.store_id, task) if random_state is None else random_state
        asker = Asker(self.strategy, chosen, len(self.schema.classes), self.audit, seed, costs)
        self._start(model, asker, embed, None if random_state is None else int(random_state))

    def _clear(self) -> None:
        """Lay out the state beside the log, before anything runs: none of it outlives the session."""
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._listeners: list[Listener] = []
        self._audit_issued: set[int] = set()
        self._told_of = -1
        self._ground: Ground | None = None
        self._graph_due = len(self.pool) <= GRAPH_SOON
        self._map: Map | None = None
        self._stage: Stage | None = Stage("starting")
        self._error: Exception | None = None
        self._closed = self._superseded = False
        self.run = self.place()

    def _start(self, model: Learner, asker: Asker, embed: Any, random_state: int | None) -> None:
        """Begin the background work: the model, the features and map, the news to the views."""
        self._trainer = Trainer(
            model,
            asker,
            len(self.pool),
            self._snapshot,
            self._on_round,
            self._on_evaluation,
        )
        self._preparation = Preparation(
            self.pool,
            embed,
            random_state,
            on_features=self._on_features,
            on_map=self._on_map,
            on_graph=self._on_graph,
            before_graph=self._trainer.wait_ready,
            on_stage=self._on_stage,
            on_error=self._on_error,
            cache=None if self.store.path is None else self.store.path.parent / CACHE,
        )
        # What is in memory nobody else sees.
        shared = self.store.name != "memory"
        around = (self.store, self.task, self.annotator, self._look, self._trainer.request)
        self._team = Team(*around) if shared else None
        self._news = Worker(self._tell_labels, "news", rest=SOON, patience=SOON)
        self._preparation.start()
        self._trainer.request()
        enter(self, self.run)

    def __repr__(self) -> str:
        return (
            f"<Session of task {self.task!r}: {self.n_labels:,} of {len(self.pool):,} "
            f"{self.pool.kind} items labelled, {len(self.schema.classes)} classes>"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- acts -----------------------------------------------------------------

    def label(
        self,
        ids: Any,
        value: str | None,
        *,
        selection: Selection = "api",
        elapsed_ms: int | None = None,
        event_id: str | None = None,
    ) -> str:
        """Label one item or many with one class, as one act.

        Parameters
        ----------
        ids
            One id, or a list of ids.
        value
            The class; None takes the label away.
        selection
            How the items were chosen. Items that :meth:`query` drew for the audit count for it.
        elapsed_ms
            How long the person looked, in milliseconds.
        event_id
            Of a resent act: one that the store has already changes nothing.

        Returns
        -------
        str
            The event's id. The label is on disk.

        Raises
        ------
        InvalidInput
            For a class that the schema does not have, or an unknown id.
        StoreError
            When it could not be written.
        """
        index = self.pool.index(as_list(ids))
        if selection == "audit" and not self._audit_issued.issuperset(index):
            raise InvalidInput(
                "selection='audit' is for items that query() drew at random, and it notes those by itself: "
                "leave selection= out."
            )
        return self.label_items(index, value, selection=selection, elapsed_ms=elapsed_ms, event_id=event_id)

    def label_items(
        self,
        index: Sequence[int] | npt.NDArray[np.int64],
        value: str | None,
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
        keys = self._keys(index)
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
            ),
            index,
        )

    def skip(self, ids: Any, *, event_id: str | None = None) -> str:
        """Leave one item or many unanswered: they are not asked of you again. Returns the event's id.

        What you labelled before is taken away; others may still be asked.
        """
        return self.skip_items(self.pool.index(as_list(ids)), event_id=event_id)

    def skip_items(self, index: Sequence[int], *, event_id: str | None = None) -> str:
        """:meth:`skip` by rows of the pool instead of ids."""
        if not index:
            raise InvalidInput("There is nothing to skip: pass at least one id.")
        keys, event_id = self._keys(index), event_id or new_event_id()
        return self._act(LabelEvent("skip", self.task, self.annotator, keys, event_id=event_id))

    @property
    def classes(self) -> Classes:
        """The classes that can be chosen, and what may be changed about them."""
        return Classes(self.schema, self.change_classes)

    def change_classes(self, change: Mapping[str, Any], *, event_id: str | None = None) -> str:
        """Change the question: what the methods of :attr:`classes` do, in one form for log and wire."""
        with self._lock:
            self._refuse_closed()
            if self._ledger.sync():
                self._follow()
            if event_id is not None and self._ledger.find(event_id):
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
            For an act that is not yours, or that was undone before you acted anew.
        """
        with self._lock:
            self._refuse_closed()
            if self._ledger.sync():
                self._follow()
            if as_event is not None and self._ledger.find(as_event):
                return as_event
            back, way = self._ledger.fold.to_jump(self.annotator, event_id)
            if not way:
                return None
            kind: Literal["undo", "redo"] = "undo" if back else "redo"
            name = as_event or new_event_id()
            return self._act(LabelEvent(kind, self.task, self.annotator, value=way, event_id=name))

    def _turn(self, kind: Literal["undo", "redo"], event_id: str | None) -> str | None:
        with self._lock:
            self._refuse_closed()
            if self._ledger.sync():  # the last act may have come from another kernel
                self._follow()
            if event_id is not None and self._ledger.find(event_id):
                return event_id
            target = self._ledger.to_turn(kind, self.annotator)
            if target is None:
                return None
            act = LabelEvent(kind, self.task, self.annotator, value=target.event_id)
            return self._act(act if event_id is None else replace(act, event_id=event_id))

    def _act(self, event: LabelEvent, rows: npt.ArrayLike | None = None) -> str:
        with self._lock:
            self._refuse_closed()
            self._ledger.append(event, rows)
            self._changed.notify_all()
        if self._team is not None:
            self._team.done(event.item_ids)
        self._follow()
        return event.event_id

    def _look(self) -> None:
        """Fold what others have added."""
        with self._lock:
            news = not self._closed and self._ledger.sync()
        if news:
            self._follow()

    def _catch_up(self) -> None:
        """The same; with the store gone, what is known here still stands."""
        try:
            self._look()
        except StoreError as error:
            warnings.warn(f"{error} What this session knows is shown.", RuntimeWarning, stacklevel=3)

    def _follow(self) -> None:
        """Have the model and the views follow the log."""
        self._trainer.request()
        self._news.request()

    def _refuse_closed(self) -> None:
        if self._closed:
            raise HitlError("The session is closed: run the cell that makes it again.")

    def _keys(self, index: Sequence[int] | npt.NDArray[np.int64]) -> tuple[str, ...]:
        rows, n = np.asarray(index), len(self.pool)
        if rows.dtype.kind not in "iu" or rows.min() < 0 or rows.max() >= n:
            odd = next((i for i in index if not isinstance(i, int) or not 0 <= i < n), index)
            raise InvalidInput(f"{odd!r} is no row of the pool: expected whole numbers from 0 to {n - 1}.")
        if (rows[1:] <= rows[:-1]).any():  # not rising: one may be named twice
            rows = np.asarray(list(dict.fromkeys(rows.tolist())))
        return tuple(map(self.pool.keys.__getitem__, rows.tolist()))

    def _selection(self, row: int, said: Selection) -> Selection:
        """How an item that was asked came to be: what was labelled meanwhile is no draw for the audit."""
        with self._lock:
            mine, known = self._ledger.labels.mine[row], self._ledger.labels.y[row] >= 0
        if mine:
            return said if said == "api" else "clicked"
        if known:
            return "opinion"
        return "audit" if row in self._audit_issued else said

    def _class(self, word: object) -> str:
        """What the class is called now: a name that it had before is understood as well."""
        known = self._ledger.fold.question
        now = known.meaning(known.understood(str(word)))
        return self.schema.names[self.schema.code(word if now is None else now)]

    def _snapshot(self) -> tuple[Labels, Ground | None]:
        held = self._team.theirs if self._team is not None else ()
        with self._lock:
            return self._ledger.snapshot(held), self._ground

    # -- what is known --------------------------------------------------------

    @property
    def n_labels(self) -> int:
        """How many items are labelled."""
        self._catch_up()
        return len(self._ledger.labels)

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
    def closed(self) -> bool:
        """Whether :meth:`close` was called."""
        return self._closed

    @property
    def key(self) -> str:
        """An opaque name of this task of this store, the same after a restart."""
        name = f"{self.store.store_id}\0{self.task}\0{self.annotator}"
        return hashlib.blake2b(name.encode(), digest_size=8).hexdigest()

    @property
    def behind(self) -> int:
        """How many acts the model has not seen yet."""
        seen = self._trainer.round
        return self._ledger.n_events - (seen.n_events if seen else 0)

    def item(self, id: Any) -> Any:  # noqa: A002 - the field's own word
        """Your own item with this id: a text, an image, or a dict of a table row."""
        return self.pool.items[self.pool.index([id])[0]]

    def payload(self, i: int, *, side: int = 768) -> Payload:
        """What a screen shows of row ``i`` of the pool."""
        return self.pool.payload(i, side=side)

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

    def redoable(self) -> frozenset[str]:
        """Ids of your acts that :meth:`redo` or :meth:`jump` can still bring back."""
        with self._lock:
            return self._ledger.fold.redoable(self.annotator)

    def turned(self, event_id: str) -> LabelEvent | None:
        """The act that an undo or redo with this id was about."""
        with self._lock:
            return self._ledger.turned(event_id)

    def can_turn(self) -> tuple[bool, bool]:
        """Whether there is something to undo, and to redo."""
        with self._lock:
            return self._ledger.can_turn(self.annotator)

    def query(self, n: int | None = None, *, budget: float | None = None) -> list[Any]:
        """Ids of the items most worth labeling now, best first, the audit's share among them.

        Parameters
        ----------
        n
            How many, at least 1. Fewer come back when fewer are left. Where None one, or with
            ``budget`` as many as it pays for.
        budget
            What they may cost together, in units of ``cost=``, 1 each where that was not given.
            An item that no longer fits is passed over for the next one that does.

        Warns
        -----
        RuntimeWarning
            When the learner failed: then items are drawn at random; or the strategy: then the
            default chooses.
        """
        if n is not None and (not isinstance(n, int | np.integer) or n < 1):
            raise InvalidInput(f"n={n!r}: expected a whole number from 1.")
        if budget is not None and not (isinstance(budget, int | float | np.number) and budget > 0):
            raise InvalidInput(
                f"budget={budget!r}: expected a number above 0, what the items may cost together."
            )
        with self._lock:
            self._refuse_closed()
        if error := self._settle(None).error:
            warnings.warn(error, RuntimeWarning, stacklevel=2)
        asked = len(self.pool) if n is None and budget is not None else int(n or 1)
        for _ in range(TRIES):  # somebody else may have asked the same a moment ago
            suggestions = self._trainer.suggest(*self._snapshot(), asked, budget)
            if not self.reserve([s.index for s in suggestions], seconds=ASKED, at_once=True):
                break
        with self._lock:
            self._audit_issued.update(s.index for s in suggestions if s.audit)
        return [self.pool.ids[s.index] for s in suggestions]

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
        keys = {self.pool.keys[row]: row for row in rows}
        self._team.hold(keys, seconds=seconds, at_once=at_once)
        theirs = frozenset(keys[key] for key in self._team.theirs.intersection(keys))
        if not self._team.others:
            return theirs
        # What somebody gave back is free; their label was on disk before, and is read only now.
        self._catch_up()
        with self._lock:
            left = self._ledger.labels.left | self._ledger.labels.second
        return theirs.union(row for row in keys.values() if not left[row])

    def ask_anew(self) -> None:
        """Choose the next items again, without those that are in the hands of others; returns at once."""
        self._trainer.request()

    @property
    def people(self) -> frozenset[str]:
        """Names of those who label this task just now, in other sessions."""
        return self._team.people if self._team is not None else frozenset()

    def progress(self) -> pd.DataFrame:
        """Of every annotator the labels given and whether they are here now, most first.

        Columns: annotator, labels (what was undone does not count, a correction does), here.
        """
        from hitl_widgets.loop.tables import progress_table

        self._catch_up()
        with self._lock:
            return progress_table(self._ledger.fold.given, self.people | {self.annotator})

    def wait(self, timeout: float | None = None) -> Round:
        """Wait until the model has seen every label; returns its round.

        Raises
        ------
        TimeoutError
            After ``timeout`` seconds.
        HitlError
            When the features could not be built, or the learner failed.

        Warns
        -----
        RuntimeWarning
            When the strategy failed: the default chooses until it works.
        """
        if timeout is not None and not isinstance(timeout, int | float | np.number):
            raise InvalidInput(f"timeout={timeout!r}: expected seconds, or None to wait as long as it takes.")
        found = self._settle(timeout)
        if not found.learned:
            raise HitlError(found.error)
        if found.error:
            warnings.warn(found.error, RuntimeWarning, stacklevel=2)
        return found

    def _settle(self, timeout: float | None) -> Round:
        end = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            while True:
                if self._trainer.failure is not None:
                    raise HitlError(f"The model's thread failed: {self._trainer.failure}")
                if self._error is not None:
                    raise HitlError(f"The items could not be prepared: {self._error}") from self._error
                found = self._trainer.round
                fresh = found is not None and found.n_events >= self._ledger.n_events
                if found is not None and fresh and found.settled and self._is_ready(found):
                    return found
                self._refuse_closed()
                if found is not None and not found.settled:
                    self._trainer.hurry()
                left = None if end is None else end - time.monotonic()
                if left is not None and left <= 0:
                    raise TimeoutError(f"The model is still {self.behind} acts behind after {timeout} s.")
                self._changed.wait(1.0 if left is None else min(left, 1.0))

    def _is_ready(self, found: Round) -> bool:
        return self._ground is not None and found.has_features and (found.has_graph or not self._graph_due)

    def labels(self) -> pd.DataFrame:
        """The labels that hold, one row per item and annotator, in the order they were given.

        Columns: id, label, said (what the class was called then), annotator, time (UTC), selection (how
        the item was chosen), elapsed_ms.
        """
        from hitl_widgets.loop.tables import labels_table

        self._catch_up()
        with self._lock:
            return labels_table(self._ledger.fold, self.pool)

    def history(self) -> pd.DataFrame:
        """Every event of the task, oldest first; ``holds`` is False for what was undone."""
        from hitl_widgets.loop.tables import history_table

        self._catch_up()
        with self._lock:
            return history_table(self._ledger.events, self._ledger.fold)

    def predictions(self) -> pd.DataFrame:
        """The model's label, confidence and uncertainty (0 to 1) of every item, indexed by id."""
        from hitl_widgets.loop.tables import predictions_table

        return predictions_table(self.round, self.pool)

    def model(self) -> Any:
        """A fitted scikit-learn classifier to take away: it predicts class names, without this package.

        Of texts, and of items that a scikit-learn transformer embeds, it is a ``Pipeline`` that takes
        new ones as they are; else it takes rows like :attr:`features`. Under ``auto`` and ``graph`` it
        is a ``LogisticRegression``, on a Nystroem basis where no line divides the classes, taught by
        the labels and by what the live model is sure of. :meth:`accuracy` speaks of the live model,
        which also knows each item's neighbours.

        Raises
        ------
        HitlError
            Before two classes are labelled, or where the learner has no ``export``.
        """
        self.wait()
        labels, _ = self._snapshot()
        found, encoder = self._trainer.export(labels), self._preparation.encoder
        if encoder is None:
            return found
        from sklearn.pipeline import make_pipeline

        return make_pipeline(encoder, found)

    def save_model(self, path: str | os.PathLike[str]) -> Path:
        """Write :meth:`model` to a ``.npz`` file of numbers alone, which ``hitl_widgets.load_model`` reads.

        Raises
        ------
        HitlError
            Before two classes are labelled, and for learners whose models are more than numbers.
        """
        from hitl_widgets.export.models import save_model

        return save_model(self.model(), path)

    @property
    def features(self) -> Any:
        """The items as the model sees them, float32 (n_items, d), in the order of the pool.

        An array, or what the pool was opened from and indexes like one.
        """
        self._settle(None)
        assert self._ground is not None  # noqa: S101 - it was waited for
        return self._ground.X

    def to_frame(self) -> Any:
        """Your own table, in its order and kind, with columns label, prediction and confidence.

        Where your table has such a column, all three are named ``hitl_label`` and so on. A list or
        array comes back as a pandas table with the ids.
        """
        from hitl_widgets.loop.tables import items_table

        self._catch_up()
        return items_table(self.pool, self.current, self.round)

    def accuracy(self) -> Estimate:
        """How often the model of now is right on items not labelled by hand, from the audit."""
        self.wait()
        return self._trainer.estimate()

    def export(
        self,
        path: str | os.PathLike[str],
        format: str | None = None,  # noqa: A002 - pandas' own word
        *,
        names: bool = False,
        items: bool | None = None,
    ) -> Path:
        """Write the labels to .csv, .parquet or .xlsx, or the whole history to .jsonl.

        A data card, ``labels.csv.card.md``, lies beside: what the labels are, who gave how many, how the
        items were chosen, how good the model and the annotators are. Nobody but you can read the files.

        Parameters
        ----------
        path, format
            Where, and ``csv``, ``parquet``, ``xlsx`` or ``jsonl`` where the ending does not say.
        names
            Name the annotators; else they are ``annotator 1`` and so on, in table and card.
        items
            Write the text or the columns of each item beside its label. None does where ids are hashes
            of the content, which tell nobody what was labelled; of rows up to 30 columns.
        """
        from hitl_widgets.loop.exporting import export_session

        self._catch_up()
        with self._lock:
            events = list(self._ledger.events)
        return export_session(self, events, path, format, names=names, items=items)

    def import_labels(
        self,
        source: Any,
        *,
        id: str = "id",  # noqa: A002 - the field's own word
        label: str = "label",
        annotator: str | None = None,
        replace: bool = False,
    ) -> Imported:
        """Take up labels from elsewhere: each row that cannot be is told, and the others are written.

        Parameters
        ----------
        source
            A pandas, polars or Arrow table, a list of dicts, a dict of columns or of ids to labels; a path
            to ``.csv``, ``.parquet``, ``.jsonl`` or ``.xlsx``. A history that :meth:`export` wrote to
            ``.jsonl`` is taken up act by act; in a session that has it, that changes nothing.
        id, label
            The columns.
        annotator
            The column of who said so. You, where None.
        replace
            Whether the source counts where its annotator has labelled an item otherwise.

        Returns
        -------
        Imported
            How many labels were written (``n``) or were there already (``n_same``), and the rows that were
            refused, with why (``refused``). Labels of one class and annotator are one act; :meth:`undo`
            takes back your own.

        Raises
        ------
        InvalidInput
            For a source that cannot be read, or lacks a column. Nothing is written.
        """
        from hitl_widgets.export.history import History
        from hitl_widgets.export.reading import read_source
        from hitl_widgets.loop.importing import Log, import_table
        from hitl_widgets.loop.restoring import import_history

        names = [id, label, *([] if annotator is None else [annotator])]
        found = read_source(source, names)
        self._catch_up()
        with self._lock:
            self._refuse_closed()
            log = Log(self.task, self._ledger.events, self._ledger.fold, self._add)
            if isinstance(found, History):
                return import_history(found, log, self.annotator, replace=replace)
            return import_table(found, names, log, self.pool, self.schema, self.annotator, replace=replace)

    def _add(self, event: LabelEvent) -> bool:
        self._act(event)
        return self._ledger.find(event.event_id) is not None

    def regroup(self, scale: float) -> None:
        """Make the groups on the map finer or coarser; returns at once, the map follows.

        Parameters
        ----------
        scale
            0.25 (finest) to 4 (coarsest); 1 is how it begins.
        """
        self._refuse_closed()
        self._preparation.regroup(scale)

    def close(self) -> None:
        """Stop the background work and release the store."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._changed.notify_all()
        self._trainer.close()
        self._preparation.close()
        self._news.close()
        if self._team is not None:
            self._team.close()
        self._ledger.close()
        self._ground = self._map = None  # what was labelled can still be read
        self._trainer.forget()
        self._tell("closed")

    def supersede(self) -> None:
        """The cell that made this session was run again: close it once no view shows it."""
        self._superseded = True
        self._leave()

    def _leave(self) -> None:
        if self._superseded and not self._listeners and not self._closed:
            abandon(self.close)

    # -- listeners ------------------------------------------------------------

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Be told of changes; returns the function that ends it.

        The listener gets ``labels``, ``schema``, ``round``, ``evaluation``, ``map``, ``stage``, ``error`` or
        ``closed``, from whatever thread made the change.
        """
        self._listeners.append(listener)

        def stop() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)
            self._leave()

        return stop

    def _tell(self, what: str) -> None:
        if what in {"labels", "round"} and self._told_schema is not self.schema:
            self._told_schema = self.schema
            self._tell("schema")
        for listener in tuple(self._listeners):
            try:
                listener(what)
            except Exception as error:  # noqa: BLE001 - one broken screen must not stop the loop
                warnings.warn(f"A view of the session failed: {error!r}", RuntimeWarning, stacklevel=2)

    def _tell_labels(self, _overtaken: Callable[[], bool]) -> None:
        # In a thread of its own: the act is acknowledged before the views hear of it. A round that
        # has seen the labels brings them to the views itself.
        if self._told_of < self._ledger.n_events:
            self._tell("labels")

    def _on_features(self, X: npt.NDArray[np.float32]) -> None:
        with self._changed:
            self._ground = Ground(X)
            self._changed.notify_all()
        self._trainer.request()

    def _on_graph(self, graph: NeighborGraph | LandmarkGraph) -> None:
        assert self._ground is not None  # noqa: S101 - features come first
        found = ground_of(self._ground.X, graph)
        with self._changed:
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
        with self._changed:
            # A map that fails leaves the preview; features that fail leave nothing to learn from.
            self._error = error if self._ground is None else None
            self._stage = None
            self._graph_due = False
            self._changed.notify_all()
        if self._ground is not None:
            warnings.warn(f"The map stays a preview: {error}", RuntimeWarning, stacklevel=2)
        self._tell("error")

    def _on_round(self, made: Round) -> None:
        self._told_of = made.n_events
        with self._changed:
            self._changed.notify_all()
        self._tell("round")

    def _on_evaluation(self, _: Evaluation) -> None:
        self._tell("evaluation")
