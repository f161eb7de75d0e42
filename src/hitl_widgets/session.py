"""Session: what people call. Everything that they do goes through it."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Self

import numpy as np

from hitl_widgets import screen
from hitl_widgets.data.pool import CHANGED, Pool
from hitl_widgets.errors import HitlError, InvalidInput
from hitl_widgets.labels.events import Selection
from hitl_widgets.labels.store import LabelStore
from hitl_widgets.learn.evaluate import Estimate
from hitl_widgets.learn.strategies import as_strategy
from hitl_widgets.loop import notices
from hitl_widgets.loop.acts import relabelled
from hitl_widgets.loop.asking import Asked, Asker
from hitl_widgets.loop.ledger import Ledger
from hitl_widgets.loop.loop import Loop
from hitl_widgets.loop.round import Round, Suggestion
from hitl_widgets.loop.settings import (
    as_list,
    as_pool,
    asked_schema,
    check_overlap,
    check_settings,
    costs_of,
    login,
    problem_of,
    refuse,
    seed_of,
)
from hitl_widgets.loop.trainer import Evaluation
from hitl_widgets.maps.preparation import Map, Stage
from hitl_widgets.questions.classes import Classes
from hitl_widgets.questions.schema import Schema

if TYPE_CHECKING:
    import pandas as pd

    from hitl_widgets.transfer.importing import Imported

__all__ = ["Session", "loop_of"]

# Seconds that others are not asked what query() returned.
ASKED = 300.0


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
    item, kind
        The column of an item of any other kind, and the kind, with its option behind a colon where it
        takes one; without ``kind`` the values say what they are.
    X
        Embeddings, array-like of shape (n_rows, n_features), finite; or a path to ``.npy``,
        ``.parquet`` or ``.zarr``, a zarr or a Dask array, which may be larger than memory. Arrays of
        more than 10 million numbers are not copied: do not change them later. Without X features are
        built from the items in the background.
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
        At least two names or :class:`~hitl_widgets.questions.schema.LabelClass`. Numbers and other plain
        values come back as they are; categories of pandas or polars count in their order. May be
        left out where the store knows the task.
    question
        What to ask where it is more than one class: ``Question.choices([...])`` (several classes at once),
        ``Question.rating(5)`` (a scale), or ``Question.choice([...])`` with guidance; instead of ``classes``.
    schema
        The same as ``question``.
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

    def __init__(
        self,
        data: Any,
        *,
        text: str | None = None,
        html: str | None = None,
        markdown: str | None = None,
        image: str | None = None,
        columns: list[str] | None = None,
        item: str | None = None,
        kind: str | None = None,
        X: Any = None,
        embed: Any = None,
        id: str | None = None,  # noqa: A002 - the field's own word
        remote_images: Iterable[str] | None = None,
        classes: Iterable[Any] | None = None,
        question: Schema | None = None,
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
        how: dict[str, Any] = {"text": text, "html": html, "markdown": markdown, "image": image}
        how |= {"columns": columns, "item": item, "kind": kind}
        pool = as_pool(data, embed, **how, X=X, id=id, remote_images=remote_images)
        asked, costs = asked_schema(classes, question, schema), costs_of(pool, cost)
        name, chosen = as_strategy(strategy)
        if asked is not None:  # what cannot be is said before anything is written
            problem_of(asked).learner(learner)
            problem_of(asked).check_strategy(name, chosen)
        who = annotator or login()
        self._asking, self._asked = threading.Lock(), Asked(ASKED)
        ledger = Ledger(store, task, pool, asked, who, float(overlap), int(opinions))
        opened: Loop | Ledger = ledger
        try:
            problem = problem_of(ledger.schema)
            model = problem.learner(learner)
            problem.check_strategy(name, chosen)
            seed = seed_of(ledger.store.store_id, task) if random_state is None else random_state
            asker = Asker(name, chosen, len(ledger.schema.classes), float(audit), seed, costs)
            own_seed = None if random_state is None else int(random_state)
            place = screen.place()
            self._loop = opened = Loop(
                ledger, model, asker, annotator=who, embed=embed, random_state=own_seed, run=place
            )
            self._loop.start()
        except BaseException:  # such as an interrupt
            opened.close()
            raise

    def __repr__(self) -> str:
        return (
            f"<Session of task {self.task!r}: {self.n_labels:,} of {len(self.pool):,} "
            f"{self.pool.kind} items labelled, {len(self.schema.classes)} classes>"
        )

    def _ipython_display_(self, **options: Any) -> None:
        screen.display(self, **options)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return screen.mimebundle(self, **options)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def label(
        self,
        ids: Any,
        value: Any,
        *,
        selection: Selection = "api",
        elapsed_ms: int | None = None,
        event_id: str | None = None,
    ) -> str:
        """Label one item or many with one answer, as one act.

        Parameters
        ----------
        ids
            One id, or a list of ids.
        value
            The class or level, in any equal spelling (1, "1" and 1.0 are one); where several classes may
            apply a list of them, ``[]`` for none. None takes the label away.
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
            When it could not be written. While another program has locked the store, that is after 10 s.

        Warns
        -----
        RuntimeWarning
            When it waits for such a program; and when the store was replaced by an older copy, to which
            what it lacks was written again.
        """
        index = self.pool.index(as_list(ids))
        if selection == "audit" and not self._loop.blind.issued(index):
            raise InvalidInput(
                "selection='audit' is for items that query() drew at random, and it notes those by itself: "
                "leave selection= out."
            )
        return self._loop.acts.label(
            index, value, selection=selection, elapsed_ms=elapsed_ms, event_id=event_id
        )

    def skip(self, ids: Any, *, event_id: str | None = None) -> str:
        """Leave one item or many unanswered: they are not asked of you again. Returns the event's id.

        What you labelled before is taken away; others may still be asked.
        """
        return self._loop.acts.skip(self.pool.index(as_list(ids)), event_id=event_id)

    def skipped(self) -> list[Any]:
        """Ids of what you skipped and nobody has labelled since; :meth:`query` does not ask it again."""
        return [self.pool.ids[i] for i in self._loop.log.skipped_rows().tolist()]

    def undo(self, *, event_id: str | None = None) -> str | None:
        """Take back your last act, bulk or single; returns the event's id, None if there is none."""
        return self._loop.acts.turn("undo", event_id=event_id)

    def redo(self, *, event_id: str | None = None) -> str | None:
        """Bring back what the last undo took; returns the event's id, None if there is nothing."""
        return self._loop.acts.turn("redo", event_id=event_id)

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
        return self._loop.acts.jump(event_id, event_id=as_event)

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
        acts: Any = [event_ids] if one else event_ids
        done, replaced = self._loop.acts.restore(acts, event_id=as_event)
        if replaced and as_event is None:
            warnings.warn(relabelled(replaced), RuntimeWarning, stacklevel=2)
        return done

    @property
    def classes(self) -> Classes:
        """The classes that can be chosen, and what may be changed about them."""
        return Classes(self.schema, self._loop.acts.change_classes)

    def item(self, id: Any) -> Any:  # noqa: A002 - the field's own word
        """Your own item with this id: a text, an image, or a dict of a table row.

        Warns
        -----
        RuntimeWarning
            When it was overwritten after the session was made.
        """
        [row] = self.pool.index([id])
        if self.pool.changed(row):
            warnings.warn(f"Item {id!r}: {CHANGED}", RuntimeWarning, stacklevel=2)
        found = self.pool.items[row]
        return dict(found) if isinstance(found, dict) else found

    def find(self, query: str) -> list[Any]:
        r"""Ids of the items that a query finds, in the order of your table.

        Conditions stand side by side and must all hold; ``-`` before one negates it; ``OR`` between them
        starts an alternative. Case makes no difference.

        ============================  ==========================================================
        ``refund``, ``"not paid"``    the words occur in the item, or the word is its id
        ``/order \d{6}/``             a regular expression matches (RE2 syntax)
        ``class:spam``                labelled so; ``predicted:ham``: the model says so
        ``unlabelled``, ``skipped``   or ``labelled``; ``disagrees``: the model contradicts the label
        ``by:ann``                    labelled by this annotator
        ``doubt>0.6``                 the model's doubt, or its ``confidence``, from 0 to 1
        ``price>=100``                a column compares so; ``sender:ann``: a text column contains it
        ``id:42``                     the item with this id
        ============================  ==========================================================

        Names with spaces stand in quotes: ``class:"new release"``, ``"unit price"<5``. Of items that are to
        be labelled without the model's guess, guesses and the labels of others find nothing.

        Parameters
        ----------
        query
            As typed into the find field; a blank one finds every item.

        Raises
        ------
        InvalidInput
            For a query that cannot be read, for an unknown class, column, annotator or id, and for one that
            needs a model before there is one.

        Examples
        --------
        >>> session.label(session.find("refund unlabelled"), "complaint")  # doctest: +SKIP
        """
        rows = self._loop.finder.find(query).rows
        return [self.pool.ids[row] for row in rows.tolist()]

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

        Returns
        -------
        list
            Ids. For five minutes other threads and sessions get other items, as long as there are any.

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
        self._loop.log.refuse_closed()
        self._loop.background.settle(None)
        if trouble := self._loop.background.trouble_asking:
            warnings.warn(trouble, RuntimeWarning, stacklevel=2)
        asked = len(self.pool) if n is None and budget is not None else int(n or 1)
        with self._asking:
            suggestions = self._suggest(asked, budget)
            self._asked.note([s.index for s in suggestions])
        self._loop.blind.issue(s.index for s in suggestions if s.audit)
        return [self.pool.ids[s.index] for s in suggestions]

    def _suggest(self, n: int, budget: float | None) -> tuple[Suggestion, ...]:
        tried: set[int] = set()
        refused: set[int] = set()
        background = self._loop.background
        while True:  # somebody else may have been asked the same a moment ago
            labels, ground = background.snapshot()
            labels = replace(labels, held=(*labels.held, *self._asked.elsewhere()))
            suggestions = background.trainer.suggest(labels, ground, n, budget)
            rows = [s.index for s in suggestions]
            taken = self._loop.reserve(rows, seconds=ASKED, at_once=True)
            if taken <= refused:  # none, or nothing else is left
                break
            tried.update(rows)
            refused |= taken
        self._loop.release(tried.difference(rows))
        return suggestions

    def progress(self) -> pd.DataFrame:
        """Of every annotator the labels given and whether they are here now, most first.

        Columns: annotator, labels (what was undone does not count, a correction does), here.
        """
        import pandas as pd

        self._loop.log.catch_up()
        return pd.DataFrame(self._loop.annotators, columns=["annotator", "labels", "here"])

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
            When the strategy failed: the default chooses until it works. When other background work
            failed, such as the map: :meth:`retry` does it again.
        """
        if timeout is not None and not isinstance(timeout, int | float | np.number):
            raise InvalidInput(f"timeout={timeout!r}: expected seconds, or None to wait as long as it takes.")
        found = self._loop.background.settle(timeout)
        if not found.learned:
            raise HitlError(found.error)
        if trouble := self.trouble:
            warnings.warn(trouble, RuntimeWarning, stacklevel=2)
        return found

    def _say_what_changed(self) -> None:
        if how := self.pool.source_changed:
            warnings.warn(
                f"Your table changed after the session was made: {how}. The rows here are those of before, "
                "so that each label stays with its item. To label the table as it is now, run the cell that "
                "makes the session again.",
                RuntimeWarning,
                stacklevel=3,
            )

    def labels(self) -> pd.DataFrame:
        """The labels that hold, one row per item and annotator, in the order they were given.

        Columns: id, label, said (what the class was called then), annotator, time (UTC), selection (how
        the item was chosen), elapsed_ms.
        """
        from hitl_widgets.transfer.frames import labels_table

        self._loop.log.catch_up()
        ledger = self._loop.log.ledger
        with self._loop.log.lock:
            return labels_table(ledger.fold, self.pool, ledger.naming)

    def missing(self) -> pd.DataFrame:
        """Labels in the store, under this task, of items that this table does not have.

        Columns as of :meth:`labels`; ``id`` is the store's own key, a content hash where no ``id=`` was
        passed when the item was labelled.
        """
        from hitl_widgets.transfer.frames import missing_table

        self._loop.log.catch_up()
        ledger = self._loop.log.ledger
        with self._loop.log.lock:
            return missing_table(ledger.fold, ledger.missing())

    def changed(self) -> pd.DataFrame:
        """Labels of items that say something else now than when they were labelled; needs ``id=``.

        Columns as of :meth:`labels`. :meth:`keep` and :meth:`drop` settle them, and so does any new label.
        """
        found = self.labels()
        with self._loop.log.lock:
            rows = self._loop.log.ledger.changed
            return found[[self.pool.find(one) in rows for one in found["id"]]].reset_index(drop=True)

    def keep(self, ids: Any = None) -> int:
        """Keep the labels of items that have changed since they were labelled; returns of how many.

        You say them anew: one act for each class, which :meth:`undo` takes back.

        Parameters
        ----------
        ids
            One id, or a list of ids; all of :meth:`changed` where None.
        """
        return self._loop.acts.settle(None if ids is None else self.pool.index(as_list(ids)), keep=True)

    def drop(self, ids: Any = None) -> int:
        """Take away the labels of items that have changed since they were labelled; returns of how many.

        They are asked again. The labels stay those of the content that they were given for: a table that
        still has it finds them.

        Parameters
        ----------
        ids
            One id, or a list of ids; all of :meth:`changed` where None.
        """
        return self._loop.acts.settle(None if ids is None else self.pool.index(as_list(ids)), keep=False)

    def history(self) -> pd.DataFrame:
        """Every event of the task, oldest first.

        ``holds`` is False for what was undone, and ``state`` says what became of it: ``undone``
        (:meth:`redo` brings it back), ``left behind`` (its annotator has acted since: :meth:`restore`
        brings it back) or ``brought back``.
        """
        from hitl_widgets.transfer.frames import history_table

        self._loop.log.catch_up()
        ledger = self._loop.log.ledger
        with self._loop.log.lock:
            return history_table(ledger.events, ledger.fold)

    def predictions(self) -> pd.DataFrame:
        """The model's label, confidence and uncertainty (0 to 1) of every item, indexed by id.

        Where several classes may apply also ``p_<class>``, the probability of each; of a rating ``value`` and
        ``sd``, the expected number and its standard deviation.
        """
        from hitl_widgets.transfer.frames import predictions_table

        self._say_what_changed()
        return predictions_table(self.round, self.pool)

    def to_frame(self) -> Any:
        """Your own table, as it was when the session was made, with columns label, prediction, confidence.

        Where your table has such a column, all three are named ``hitl_label`` and so on. A list or
        array comes back as a pandas table with the ids.

        Warns
        -----
        RuntimeWarning
            When you have sorted, cut or overwritten your table since: the rows are those of before.
        """
        from hitl_widgets.transfer.frames import items_table

        self._loop.log.catch_up()
        self._say_what_changed()
        return items_table(self.pool, self._loop.labels, self.round)

    def accuracy(self) -> Estimate:
        """The share of the items without a label that the model of now gets right, with its 95 % interval.

        Where several classes may apply, the mean Jaccard index; of a rating, the mean absolute error.

        "Right" is what the annotators would say, so it measures agreement with their labels. Skipped items
        are items without a label. See :func:`~hitl_widgets.learn.evaluate.accuracy_estimate` for
        how it is estimated, and ``per_class`` of the result for the figure of each class that the model says,
        by class. Its value is None while nothing was audited (``audit=0``), or there is no model yet.
        """
        self.wait()
        return self._loop.background.trainer.estimate()

    @property
    def features(self) -> Any:
        """The items as the model sees them, float32 (n_items, d), in the order of the pool.

        An array, or what the pool was opened from and indexes like one.
        """
        self._loop.background.settle(None)
        ground = self._loop.background.ground
        assert ground is not None  # noqa: S101 - it was waited for
        X = ground.X
        if isinstance(X, np.ndarray):
            X = X.view()
            X.flags.writeable = False  # the model looks at the same numbers
        return X

    def model(self) -> Any:
        """A fitted scikit-learn classifier to take away: it predicts classes, without the session.

        Classes that are whole numbers or booleans are predicted as such, others by their names. Where several
        may apply, ``predict`` gives bool of shape (n, n_classes), and ``predict_proba`` the probability of
        each. Of a rating ``predict`` gives levels, and ``predict_proba`` the probability of each.

        Of texts, images and tables, and of items that a scikit-learn transformer embeds, it is a ``Pipeline``
        that takes new ones as they are, and reads them by this package: images as bytes, paths, arrays or
        Pillow images; tables with the same columns, or lists of dicts. A transformer in ``embed=`` gets the
        rows of a table as dicts. Where ``X=`` is sparse and wider than 128, it takes rows like those of
        ``X``. Else it takes rows like :attr:`features`.
        Under ``auto`` and ``graph`` it is a ``LogisticRegression``, on a Nystroem basis where no line
        divides the classes, or this package's ``ForestClassifier`` where single columns decide, taught by
        the labels and by what the live model is sure of. :meth:`accuracy` speaks of the live model, which
        also knows each item's neighbours.

        Raises
        ------
        HitlError
            Before two classes are labelled, or where the learner has no ``export``.
        """
        self.wait()
        background = self._loop.background
        found, encoder = background.trainer.export(self._loop.labels), background.preparation.encoder
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
        from hitl_widgets.models.files import save_model

        return save_model(self.model(), path)

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
        from hitl_widgets.transfer.exporting import export_loop

        self._loop.log.catch_up()
        self._say_what_changed()
        n_changed = self._loop.log.n_changed
        if n_changed:
            words = notices.changed(n_changed, len(self._loop.labels))
            warnings.warn(words, RuntimeWarning, stacklevel=2)
        return export_loop(self._loop, path, format, names=names, items=items)

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
            A pandas, polars or Arrow table or Hugging Face dataset, a list of dicts, a dict of columns or of
            ids to labels; a path to ``.csv``, ``.parquet``, ``.json``, ``.jsonl`` or ``.xlsx``. Exports of
            Label Studio, Prodigy, doccano and Argilla are recognised: what their annotators submitted is
            taken, each under the annotator's name, and where they know no ids of yours an item is found
            by its text. A history that :meth:`export` wrote to ``.jsonl`` is taken up act by act, and so is
            a Session whose store is lost; in a session that has these acts, that changes nothing.
        id, label
            The columns; ``label`` also names the question, where a file of another tool has several. In a
            session without ``id=`` rows are also found by what they say: by the column of the text, or by
            all columns of a table row.
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
        from hitl_widgets.transfer.into import import_into

        self._loop.log.catch_up()
        given = loop_of(source) if isinstance(source, Session) else source
        names = [id, label, *([] if annotator is None else [annotator])]
        return import_into(self._loop, given, names, replace=replace)

    def regroup(self, scale: float) -> None:
        """Make the groups on the map finer or coarser; returns at once, the map follows.

        Parameters
        ----------
        scale
            0.25 (finest) to 4 (coarsest); 1 is how it begins.
        """
        self._loop.background.regroup(scale)

    def retry(self) -> None:
        """Do again what failed in the background; returns at once.

        What failed stands in the widgets: features that could not be built, a map that stays a preview, a
        model without neighbours. Does nothing where nothing failed.
        """
        self._loop.background.retry()

    def close(self) -> None:
        """Stop the background work and release the store."""
        self._loop.close()

    def __reduce__(self) -> NoReturn:
        raise HitlError(
            "A Session cannot be copied, nor sent to another process: it has threads and connections. Open "
            "one there, on the same store."
        )

    # -- what is known

    @property
    def pool(self) -> Pool:
        """The items."""
        return self._loop.pool

    @property
    def store(self) -> LabelStore:
        """Where labels are kept."""
        return self._loop.store

    @property
    def task(self) -> str:
        """Name of the question within the store."""
        return self._loop.task

    @property
    def annotator(self) -> str:
        """Who labels here."""
        return self._loop.annotator

    @property
    def strategy(self) -> str:
        """Name of the query strategy."""
        return self._loop.strategy

    @property
    def audit(self) -> float:
        """Share of the questions drawn at random."""
        return self._loop.audit

    @property
    def schema(self) -> Schema:
        """The question that holds now."""
        return self._loop.schema

    @property
    def n_labels(self) -> int:
        """How many items are labelled."""
        self._loop.log.catch_up()
        return self._loop.log.counts[0]

    @property
    def round(self) -> Round | None:
        """The newest round, or None before the first; in classes of now."""
        return self._loop.round

    @property
    def evaluation(self) -> Evaluation:
        """The newest audit estimate and learning curve."""
        return self._loop.background.evaluation

    @property
    def map(self) -> Map | None:
        """The newest map, or None before the preview."""
        return self._loop.background.map

    @property
    def stage(self) -> Stage | None:
        """What is being prepared, such as the map; None when everything is ready."""
        return self._loop.background.stage

    @property
    def trouble(self) -> str:
        """What failed in the background and has not worked since, and what to do; empty if nothing did."""
        return self._loop.background.trouble

    @property
    def unsaved(self) -> str:
        """Why the last act is not saved, or the store cannot be read; "" where all is saved."""
        return self._loop.log.unsaved

    @property
    def closed(self) -> bool:
        """Whether :meth:`close` was called."""
        return self._loop.log.closed

    @property
    def earlier(self) -> Any:
        """A session of this kernel whose store is gone, to pass to :meth:`import_labels`; or None."""
        return self._loop.earlier


def loop_of(session: Session) -> Loop:
    """What a session is made of, for widgets."""
    if not isinstance(session, Session):
        raise TypeError(f"Expected a Session; got a {type(session).__name__}.")
    return session._loop  # noqa: SLF001
