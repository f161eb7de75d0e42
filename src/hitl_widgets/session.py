"""Session: the main entry point of the package."""

from __future__ import annotations

import contextlib
import os
import threading
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Self

import numpy as np

from hitl_widgets import screen
from hitl_widgets.data.columns import Columns
from hitl_widgets.data.pool import CHANGED, Pool
from hitl_widgets.errors import HitlError, InvalidInput, a_type, choices
from hitl_widgets.labels.events import Selection
from hitl_widgets.labels.store import LabelStore
from hitl_widgets.learn.evaluate import Estimate
from hitl_widgets.learn.strategies import as_strategy
from hitl_widgets.loop import notices
from hitl_widgets.loop.acts import relabelled
from hitl_widgets.loop.asking import Asked, Asker
from hitl_widgets.loop.colours import Colours
from hitl_widgets.loop.covering import blur_of
from hitl_widgets.loop.ledger import Ledger
from hitl_widgets.loop.loop import Loop
from hitl_widgets.loop.modes import Mode, check_mode, check_verifiable
from hitl_widgets.loop.opinions import check_rule
from hitl_widgets.loop.resting import check_break
from hitl_widgets.loop.round import Round, Suggestion
from hitl_widgets.loop.segmenting import check_segment
from hitl_widgets.loop.settings import (
    as_list,
    as_pool,
    asked_schema,
    check_context,
    check_overlap,
    check_settings,
    costs_of,
    login,
    problem_of,
    refuse,
    seed_of,
)
from hitl_widgets.loop.slices import Slice, Slices
from hitl_widgets.loop.suggesting import (
    check_suggestions,
    check_sweep,
    source_of,
    source_of_class,
    suggested_codes,
)
from hitl_widgets.loop.teach.rules import ids_in
from hitl_widgets.loop.trainer import Evaluation
from hitl_widgets.maps.preparation import Map, Stage
from hitl_widgets.questions.classes import Classes
from hitl_widgets.questions.keys import asked_keys
from hitl_widgets.questions.schema import Schema
from hitl_widgets.suggest import File, Words

if TYPE_CHECKING:
    import pandas as pd

    from hitl_widgets.teach import Teach
    from hitl_widgets.transfer.importing import Imported
    from hitl_widgets.transfer.receiving import Answered
    from hitl_widgets.transfer.sending import Sent
    from hitl_widgets.trust import Trust

__all__ = ["Session", "loop_of"]

# Seconds for which other threads and sessions are not asked the items that query() returned.
ASKED = 300.0


class Session:
    """Label a pool of items while a model learns from the labels. In a notebook it displays the Workbench.

    Parameters
    ----------
    data
        A pandas, polars or Arrow table, a list of texts, images or dicts, an array, a path to one
        (``.npy``, ``.parquet``, ``.zarr``), or a :class:`~hitl_widgets.data.pool.Pool`.
    text, html, markdown, image, columns
        What to show as an item: the column with the text, the HTML or Markdown (extra ``html``) or the image,
        or several columns, shown as a table row. ``text="caption", image="photo"`` shows both side by side.
        ``text=["answer_a", "answer_b"]`` or ``image=["front", "back"]`` makes each item a list,
        to compare or rank, or to label as one; likewise the others and ``item``.
    item, kind
        The column with items of any other kind, and that kind, followed by a colon and an option if it
        takes one. Without ``kind``, it is inferred from the values.
    X
        Embeddings, array-like of shape (n_rows, n_features), finite; or a path to ``.npy``,
        ``.parquet`` or ``.zarr``, a zarr or a Dask array, which may be larger than memory. Arrays of
        more than 10 million numbers are not copied: do not change them later. Without X, features are
        computed from the items in the background.
    embed
        Instead of ``X``: a function that maps a list of items to such an array, a scikit-learn transformer,
        or the name or folder of a model of sentence-transformers (see docs/data.md).
    id
        Column with the ids. Without it, an item is identified by its content: labels survive reordering
        and adding rows, and identical items share one label.
    context
        Columns of the table that are shown above each item, such as ``["sender", "date"]``.
    colour
        What colors the map at first: a column, ``"label"`` (the default), ``"prediction"``,
        ``"uncertainty"`` or ``"group"``.
    remote_images
        Hosts, such as ``["images.example.org"]``, from which the browser may load, over https, images that
        HTML, Markdown or an image column refers to. None by default. The kernel never loads any.
    render
        A function that gets an item and returns what to show instead: a text, an image (bytes of a file, an
        array or a Pillow image), or with :class:`~hitl_widgets.items.rendered.Renderer` a dict that your own
        JavaScript shows.
    mask
        Hides personal data in the texts that are displayed and sent out: True for mail addresses, phone, card
        and IBAN numbers and IP addresses, some of ``"email"``, ``"phone"``, ``"card"``, ``"iban"`` and
        ``"ip"``, or a function that takes a text and returns the parts to hide, such as
        ``[(0, 9, "name")]``. The annotator can show an item's data, which :meth:`history` tells.
    blur
        A column, whose text is a content warning (or which is true): such items are blurred until the
        annotator wants to see them. Or a list of classes: items with such a label or prediction are.
    classes
        At least two names or :class:`~hitl_widgets.questions.schema.LabelClass`. Numbers and other plain
        values are returned unchanged; categories of pandas or polars keep their order. May be omitted if
        the store already has the task.
    question
        Instead of ``classes``, for other questions: ``Question.choices([...])`` (several classes at once),
        ``Question.rating(5)`` (a scale), or ``Question.choice([...])`` with guidance.
    schema
        Alias of ``question``.
    labels
        The column with labels that the table already has; empty for items without one. Each is imported
        once, as yours: items that anybody has answered since stay as they are. Cells that have changed since
        are counted in a warning.
    suggest
        Suggested answers: a column of the table, or a function that takes a list of items and returns a list
        of answers, None where there is none. They are shown on the card, and are not labels until they are
        accepted. ``hitl.suggest.words({"person": ["Ann"]})`` makes one from words and patterns,
        and ``hitl.suggest.file("detections.json")`` from a file of another tool.
    mode
        ``"annotate"``; ``"verify"``: the suggested answer, or without ``suggest=`` the model's, is accepted
        with Enter, rejected, or corrected; ``"correct"``: the answer starts as the suggested one, to be
        edited. In both, items that are drawn at random are asked without it, so that :meth:`verification` can
        measure how much the suggestions sway the annotators. ``"demonstrate"``: no suggestion and no
        prediction is shown for an item until you have answered it; then one line says what would have been
        suggested.
    sweep
        A class: the items that are most likely of this class are asked first, whether they are (Enter or
        ``Y``) or not (``N``). With two classes, no means the other one; otherwise the item is left for later.
    segment
        Your own segmenter, for boxes, polygons and masks: a function that takes an image, uint8 of shape
        (height, width, 3), and a box, a dict with x, y, width and height in pixels, or a point with x and y.
        It returns a mask, bool (height, width), a box, a polygon (a list of corners), or None. The key ``*``
        calls it in a thread, and shows what it returns as a suggestion. By default ``*`` snaps a box to the
        largest region inside.
    keys
        Your own keys for the classes: a dict such as ``{"spam": "j"}``, or a string with the keys of the
        classes in order, such as ``"jk"``. Letters and digits. Others keep theirs. What you change in the
        widget later counts until you change ``keys=``; ``{}`` returns to the keys of the task.
    store
        Where labels are saved: a path, a database URL, a
        :class:`~hitl_widgets.labels.store.LabelStore`, or ``":memory:"``.
    task
        Name of the question within the store.
    annotator
        Name of the annotator; the login name if None.
    learner
        ``"auto"``, ``"linear"``, ``"graph"``, a scikit-learn classifier, or a
        :class:`~hitl_widgets.learn.learner.Learner`.
    strategy
        ``"auto"`` (doubt), a name from :data:`~hitl_widgets.learn.strategies.STRATEGIES`, a function
        ``(probabilities, context) -> utilities``, a query strategy of scikit-activeml, or a modAL-style
        callable. ``"disagreement"`` asks where the column in ``suggest=`` is probably wrong.
    audit
        Share of the questions drawn at random, 0 to 1. Only these measure the model.
    cost
        Cost of labeling each row, if it varies: a column, or numbers above 0. Questions are then ranked
        by utility per cost.
    experts
        Who knows which classes best, such as ``{"ann": ["billing"]}``: see :meth:`name_experts`.
    overlap, opinions
        Share of the items, 0 to 1, that ``opinions`` people (at least 2) should label: the same items in
        every kernel. Items that were labelled in bulk are excluded. Items where the second opinion is
        expected to settle most come first.
    again
        Share of the questions on the card, 0 to below 1, that you have answered before, at least 30 acts ago:
        ``session.trust.pace()`` says how often you answered the same. They are asked without a hint, and the
        later answer counts. :meth:`query` does not return them.
    consensus
        Which answer counts, and teaches the model, where annotators differ (for questions with one class per
        item; for others the latest counts). ``"em"``: how often each annotator is right is estimated with the
        answers, together with a model that has not seen the item (see docs/trust.md); ``"majority"``;
        ``"latest"``. Every answer is kept: this decides only which one counts.
    break_after
        Minutes without a pause of five minutes after which the Monitor suggests a break; None for never. It
        also does when answers take half as long again as at first and agree less with the model.
    random_state
        Seeds all randomness. None derives a seed from the store and task, which is the same after a restart.

    Raises
    ------
    InvalidInput
        For invalid data, columns, classes, ids or settings.
    StoreError
        If the store cannot be opened or written, or the file or database is not a label store.
    """

    def __init__(
        self,
        data: Any,
        *,
        text: str | Sequence[str] | None = None,
        html: str | Sequence[str] | None = None,
        markdown: str | Sequence[str] | None = None,
        image: str | Sequence[str] | None = None,
        columns: list[str] | None = None,
        item: str | Sequence[str] | None = None,
        kind: str | None = None,
        X: Any = None,
        embed: Any = None,
        id: str | None = None,  # noqa: A002 - the field's own word
        context: str | Sequence[str] | None = None,
        colour: str | None = None,
        remote_images: Iterable[str] | None = None,
        render: Any = None,
        mask: Any = None,
        blur: Any = None,
        classes: Iterable[Any] | None = None,
        question: Schema | None = None,
        schema: Schema | None = None,
        labels: str | None = None,
        suggest: Any = None,
        mode: str = "annotate",
        sweep: Any = None,
        segment: Any = None,
        keys: Mapping[Any, str] | str | None = None,
        store: str | os.PathLike[str] | LabelStore = "labels.sqlite",
        task: str = "labels",
        annotator: str | None = None,
        learner: Any = "auto",
        strategy: Any = "auto",
        audit: float = 0.1,
        cost: Any = None,
        experts: Mapping[str, Iterable[Any]] | None = None,
        overlap: float = 0.0,
        opinions: int = 2,
        again: float = 0.0,
        break_after: float | None = 50,
        consensus: str = "em",
        random_state: int | None = None,
        **unknown: Any,
    ) -> None:
        refuse(unknown, Session.__init__.__annotations__)
        check_settings(audit, random_state, store, task, annotator)
        check_overlap(overlap, opinions, again)
        how_asked, after = check_mode(mode, sweep), check_break(break_after)
        how: dict[str, Any] = {"text": text, "html": html, "markdown": markdown, "image": image}
        how |= {"columns": columns, "item": item, "kind": kind, "X": X, "id": id}
        asked = asked_schema(classes, question, schema)
        pool = as_pool(data, embed, mask, asked, **how, remote_images=remote_images, render=render)
        table = Columns(pool)
        beside, colours = check_context(context, table), Colours(pool, table, colour)
        blurred, costs = blur_of(blur, table), costs_of(pool, cost)
        known = None if labels is None else _labels_of(pool, labels)
        suggested = None if suggest is None else source_of(suggest, pool, table)
        if isinstance(suggest, Words | File) and asked is not None:
            suggest.asked(asked)
        if sweep is not None:
            strategy = check_sweep(sweep, strategy, suggest)
        name, chosen = as_strategy(strategy)
        check_suggestions(name, suggested)
        suggests = suggested is not None or sweep is not None
        if asked is not None:  # reject invalid settings before anything is written
            _check_how(asked, how_asked, suggests, segment)
            _check_question(asked, keys, learner, name, chosen)
        who = annotator or login()
        self._asking, self._asked = threading.Lock(), Asked(ASKED)
        ledger = Ledger(store, task, pool, asked, who, float(overlap), int(opinions), check_rule(consensus))
        opened: Loop | Ledger = ledger
        try:
            _check_how(ledger.schema, how_asked, suggests, segment)
            ledger.ask_keys(asked_keys(keys, asked or ledger.schema))
            problem = problem_of(ledger.schema)
            model = _model_of(problem.learner(learner), pool)
            problem.check_strategy(name, chosen)
            seed = seed_of(ledger.store.store_id, task) if random_state is None else random_state
            if isinstance(suggest, Words | File):
                suggested = source_of(suggest.asked(ledger.schema), pool, table)
            if sweep is not None:
                suggested = source_of_class(ledger.schema, sweep)
                chosen.schema = lambda: ledger.schema  # type: ignore[attr-defined]
            asker = Asker(name, chosen, len(ledger.schema.classes), float(audit), seed, costs)
            asker.hides, asker.again = suggested is not None, float(again)
            if ledger.schema.kind == "choice":
                asker.suggested = suggested_codes(name, suggested, len(pool.items))
            self._loop = opened = Loop(
                ledger,
                model,
                asker,
                annotator=who,
                embed=embed,
                random_state=None if random_state is None else int(random_state),
                run=screen.place(),
                columns=table,
                context=beside,
                colours=colours,
                suggest=suggested,
                segment=segment,
                blur=blurred,
                break_after=after,
                mode=how_asked,
            )
            if labels is not None and known is not None:
                _import_column(self._loop, labels, known)
            self._loop.start(experts)
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

    def _display_(self) -> Any:
        return screen.workbench(self)

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
        """Label one or more items with one answer, as a single act.

        Parameters
        ----------
        ids
            One id, or a list of ids.
        value
            The class or level, in any equivalent form (1, "1" and 1.0 are the same); if several classes may
            apply, a list of them, ``[]`` for none. None removes the label.
        selection
            How the items were chosen. Items that :meth:`query` drew for the audit count towards it.
        elapsed_ms
            How long the person looked at the item, in milliseconds.
        event_id
            Id for an act that may be sent twice: if the store already has it, nothing changes.

        Returns
        -------
        str
            The event's id. The label is saved.

        Raises
        ------
        InvalidInput
            For an unknown class or id.
        StoreError
            If the label could not be written. If another program has locked the store, this takes 10 s.

        Warns
        -----
        RuntimeWarning
            While it waits for a locked store, and if the store was replaced by an older copy of itself (the
            missing events are written again).
        """
        index = self.pool.index(as_list(ids))
        if selection in {"audit", "spot"} and any(self._loop.blind.issued(i) != selection for i in index):
            raise InvalidInput(
                f"selection={selection!r} is only for items that query() drew at random, and those are "
                "recorded automatically: omit selection=."
            )
        return self._loop.acts.label(
            index, value, selection=selection, elapsed_ms=elapsed_ms, event_id=event_id
        )

    def skip(self, ids: Any, why: str | None = None, *, event_id: str | None = None) -> str:
        """Leave one or more items unanswered, so that you are not asked again. Returns the event's id.

        Your earlier labels of these items are removed; other annotators may still be asked.

        Parameters
        ----------
        ids
            One id, or a list of ids.
        why
            ``"unknown"`` if you do not know the answer, ``"bad"`` if the item cannot be answered; then nobody
            is asked again. Items that are similar to such ones are asked later.
        event_id
            Id for an act that may be sent twice.
        """
        return self._loop.acts.skip(self.pool.index(as_list(ids)), why, event_id=event_id)

    def note(self, ids: Any, text: str | None, *, event_id: str | None = None) -> str:
        """Write a note on one or more items, instead of your earlier one; None removes it.

        Returns the event's id. Like any act, it can be undone.
        """
        return self._loop.acts.note(self.pool.index(as_list(ids)), text, event_id=event_id)

    # -- several people

    def decide(
        self,
        ids: Any,
        value: Any,
        because: str | None = None,
        *,
        gold: bool = False,
        event_id: str | None = None,
    ) -> str:
        """Decide what the answer of one or more items is, as a reviewer does. Returns the event's id.

        The decision counts instead of the annotators' labels, which stay as they are, and teaches the model.
        Annotators see it on the item with its reason. Like any act, it can be undone.
        :class:`~hitl_widgets.widgets.reviewer.Reviewer` shows what is disputed.

        Parameters
        ----------
        ids
            One id, or a list of ids.
        value
            The answer, as for :meth:`label`; None withdraws a decision.
        because
            Why, in a sentence or two.
        gold
            Whether annotators are asked the item unseen: see :meth:`gold`.
        event_id
            Id for an act that may be sent twice.
        """
        index = self.pool.index(as_list(ids))
        return self._loop.acts.decide(index, value, because, gold=gold, event_id=event_id)

    def decisions(self) -> pd.DataFrame:
        """Return the reviewers' decisions, oldest first.

        Columns id, label, because, annotator, time, and gold.
        """
        self._loop.log.catch_up()
        from hitl_widgets.transfer.frames import decisions_table

        ledger = self._loop.log.ledger
        with self._loop.log.lock:
            return decisions_table(ledger.fold, self.pool, ledger.naming)

    def gold(
        self, ids: Any = None, answers: Any = None, because: Any = None, *, share: float | None = None
    ) -> pd.DataFrame:
        """Name items with known answers, which are mixed into the questions of all other annotators.

        They look like any other question: without a hint, and without a sign that the answer is known. How
        often each annotator gives it: ``session.trust.annotators()``. These answers never enter the audit.

        Parameters
        ----------
        ids
            One id, or a list of ids; None only returns what there is.
        answers
            The answer, or a list with one for each id. None takes your own labels.
        because
            Why, or a list with one text for each id: shown in practice rounds.
        share
            Share of the questions that are gold, from 0 to .5; .05 when the first items are named.

        Returns
        -------
        DataFrame
            Columns id, label, because, n (how many annotators have answered it unseen) and agree (how far
            their answers agree with it, on average).
        """
        from hitl_widgets.loop.known import USUAL_SHARE, check_share, name_gold, set_share
        from hitl_widgets.transfer.team import gold_table

        log, acts = self._loop.log, self._loop.acts
        check_share(share)
        if ids is not None:
            name_gold(log, acts, self.pool.index(as_list(ids)), answers, because)
            if share is None and not self._loop.labels.gold_share:
                share = USUAL_SHARE
        if share is not None:
            set_share(log, acts, share)
        self._loop.log.catch_up()
        return gold_table(self._loop)

    def name_experts(self, experts: Mapping[str, Iterable[Any]]) -> None:
        """Name who knows which classes best, instead of those named before; ``{}`` for nobody.

        Disputes about these classes are asked of them first. In the consensus, their confusions of these
        classes are assumed to be a fifth of everybody's, until their answers show how good they are.

        Parameters
        ----------
        experts
            The classes by annotator, such as ``{"ann": ["billing", "refund"]}``.
        """
        from hitl_widgets.loop.known import name_experts

        name_experts(self._loop.log, self._loop.acts, experts)

    @property
    def experts(self) -> dict[str, list[Any]]:
        """The classes that each expert knows best."""
        from hitl_widgets.loop.known import experts_of

        self._loop.log.catch_up()
        return experts_of(self._loop.log)

    def qualify(self, n: int | None = 10, share: float = 0.8, *, practice: int = 5, tries: int = 3) -> None:
        """Require everybody but you to answer gold questions before they label.

        The Labeler asks them: first a practice round, in which each answer is followed by the right one and
        its reason, then the qualification. Who fails practises and tries again. The answers are no labels.
        ``session.trust.qualification()`` says who has passed.

        Parameters
        ----------
        n
            The number of questions; None requires nothing any more.
        share
            The share of right answers that is needed, above 0 to 1.
        practice
            The number of questions in the practice round.
        tries
            How often people may try.

        Raises
        ------
        InvalidInput
            If there are fewer than ``n + practice`` gold items.
        """
        from hitl_widgets.loop.known import require

        require(self._loop.log, self._loop.acts, n, share, practice, tries)

    def let_in(self, annotator: str) -> None:
        """Let somebody label without the qualification."""
        from hitl_widgets.loop.known import let_in

        let_in(self._loop.log, self._loop.acts, annotator)

    def guidance(self) -> pd.DataFrame:
        """Return the guidance of the classes, and the items that show what they mean.

        Columns class, guidance, example (of the class, or an item as text), because, annotator, id and
        counter (whether the item is not of the class); because, annotator and id are empty for the guidance
        itself. The items are decisions with a reason, and those that were kept as examples: see
        ``session.teach.guidelines``. Gold questions are listed once you have answered them.
        """
        from hitl_widgets.transfer.team import guidance_table

        self._loop.log.catch_up()
        return guidance_table(self._loop)

    def confirm(self, ids: Any, *, event_id: str | None = None) -> str:
        """Confirm labels that were looked at again, such as those of ``session.trust.suspects()``.

        The labels, their time and how they were chosen stay what they were; the items leave the list of
        doubtful labels. Returns the event's id; there is one event per class. Like any act, it can be undone.

        Raises
        ------
        InvalidInput
            If one of these items has no label.
        """
        rows = self.pool.index(as_list(ids))
        return self._loop.acts.keep(rows, self._loop.suspecting.confidence, event_id=event_id)

    def verification(self) -> pd.DataFrame:
        """How often your answers were the suggested ones, when the suggestion was shown and when it was not.

        Returns
        -------
        DataFrame
            Rows ``shown`` and ``hidden``; columns n, changed (how many answers are not the suggested one),
            same (the share of the others), low and high (its 95 % interval; Wilson 1927). Much higher
            agreement when it is shown means that the suggestions sway the annotator. Demonstrations are
            hidden ones.
        """
        self._loop.log.catch_up()
        from hitl_widgets.quality.verification import verification

        return verification(self._loop.log.suggested())

    @property
    def trust(self) -> Trust:
        """How good the labels and the model are: annotators, suspect labels, groups, what to hand over."""
        from hitl_widgets.trust import Trust

        return Trust(self._loop)

    @property
    def teach(self) -> Teach:
        """What you know besides labels, told to the model."""
        from hitl_widgets.teach import Teach

        return Teach(self._loop)

    def hand_over(self, proposal: pd.DataFrame, *, event_id: str | None = None) -> str:
        """Let the model label items, as :meth:`.Trust.hand_over` proposes.

        This is one act, which :meth:`undo` or :meth:`take_back` reverts, and replaces an earlier hand-over.
        The labels are kept apart from those of people: they teach nothing, are not audited, and are only in
        :meth:`labels`, :meth:`to_frame` and :meth:`export` with ``machine=True``. A person's label always
        wins. At least 5 % of the questions are then drawn at random to check them, and if these checks show
        that the share of errors is above the accepted one, the session withdraws the labels by itself.

        Parameters
        ----------
        proposal
            The table of ``session.trust.hand_over(...)``, or some of its rows.
        event_id
            Id for an act that may be sent twice.

        Returns
        -------
        str
            The event's id.
        """
        return self._loop.handing.take(proposal, event_id)

    def take_back(self, event_id: str | None = None, *, as_event: str | None = None) -> str:
        """End the use of machine labels. Returns the new event's id; :meth:`undo` brings the labels back.

        Parameters
        ----------
        event_id
            Id of the hand-over; None means the one in use.
        as_event
            Id for an act that may be sent twice.

        Raises
        ------
        InvalidInput
            If it is not in use.
        """
        return self._loop.handing.take_back(event_id, as_event)

    def route(
        self,
        items: Any,
        error: float = 0.05,
        certainty: float | None = None,
        *,
        people: bool | Sequence[str] = False,
    ) -> pd.DataFrame:
        """Decide which new items the model may label, and which are to be asked.

        A model is fitted without the audited labels, and their items judge how far it can be trusted: see
        :meth:`.Trust.hand_over`. If the new items differ from those of this session (a classifier two-sample
        test, p < .05), no promise holds, and all are to be asked. Nothing is written.

        Parameters
        ----------
        items
            New items as :meth:`model` takes them, such as a list of texts; or their features, (n, d), by an
            encoder that was not fitted to the items of this session.
        error, certainty
            The acceptable share of wrong labels among accepted items: on average if ``certainty`` is None.
        people
            Whether to say who should be asked, of all annotators or of those listed: the one most likely
            right by their confusions.

        Returns
        -------
        Columns route (``accept`` or ``ask``), label, confidence, rule (what is promised) and newness (how
        different the item is; NaN if not tested); with ``people``, annotator and expected (how likely they
        are right). ``attrs`` has the drift's ``p`` and ``drifted``, ``audits``, ``needed`` (how many more the
        promise needs at least) and ``summary``.

        Raises
        ------
        HitlError
            If there is no model yet.

        Warns
        -----
        RuntimeWarning
            If the new items differ, or are too few (under 20) to test that.
        """
        from hitl_widgets.evidence import Evidence
        from hitl_widgets.routing import route

        return route(Evidence(self._loop), items, error, certainty, people)

    def notes(self) -> pd.DataFrame:
        """All notes, oldest first: columns id, note, annotator and time."""
        self._loop.log.catch_up()
        from hitl_widgets.transfer.frames import notes_table

        return notes_table(self._loop.log.noted(), self.pool)

    def refused(self) -> pd.DataFrame:
        """Items that somebody could not answer, and nobody has labelled: columns id and why.

        ``why`` is ``unknown`` or ``bad``, as in :meth:`skip`; if annotators differ, it is ``bad``.
        """
        self._loop.log.catch_up()
        from hitl_widgets.transfer.frames import refused_table

        return refused_table(self._loop.labels, self.pool)

    def skipped(self) -> list[Any]:
        """Ids of items that you skipped and nobody has labelled since; :meth:`query` does not return them."""
        return [self.pool.ids[i] for i in self._loop.log.skipped_rows().tolist()]

    def undo(self, *, event_id: str | None = None) -> str | None:
        """Undo your last act, bulk or single. Returns the event's id, or None if there is nothing to undo."""
        return self._loop.acts.turn("undo", event_id=event_id)

    def redo(self, *, event_id: str | None = None) -> str | None:
        """Redo what was last undone. Returns the event's id, or None if there is nothing to redo."""
        return self._loop.acts.turn("redo", event_id=event_id)

    def jump(self, event_id: str | None, *, as_event: str | None = None) -> str | None:
        """Go back or forward to the state right after one of your acts, as a single act.

        Your later acts are undone and can be redone. Other annotators' acts are not affected.

        Parameters
        ----------
        event_id
            Id of a label, skip or change of the classes of yours; None goes to before the first.
        as_event
            Id for a jump that may be sent twice: if the store already has it, nothing changes.

        Returns
        -------
        str or None
            The event's id, or None if you are already there.

        Raises
        ------
        InvalidInput
            For an act that is not yours, or that redo can no longer reach: see :meth:`restore`.
        """
        return self._loop.acts.jump(event_id, event_id=as_event)

    def restore(self, event_ids: str | Iterable[str], *, as_event: str | None = None) -> str:
        """Restore acts of yours that were undone, including those that :meth:`redo` no longer reaches.

        An act that redo no longer reaches is repeated as a new act on the same items. It replaces the answers
        you have given for them since, and can be undone.

        Parameters
        ----------
        event_ids
            Id of a label, skip or change of the classes, or several ids, which are restored in this order.
        as_event
            Id for a restore that may be sent twice: if the store already has it, nothing changes.

        Returns
        -------
        str
            The last event's id.

        Raises
        ------
        InvalidInput
            For an act that is not yours, that is in effect, or whose class no longer exists. The acts before
            it in the list are restored.

        Warns
        -----
        RuntimeWarning
            If an answer that you have given since was replaced.
        """
        one = isinstance(event_ids, str) or not isinstance(event_ids, Iterable)
        acts: Any = [event_ids] if one else event_ids
        done, replaced = self._loop.acts.restore(acts, event_id=as_event)
        if replaced and as_event is None:
            warnings.warn(relabelled(replaced), RuntimeWarning, stacklevel=2)
        return done

    @property
    def classes(self) -> Classes:
        """The current classes, with methods to change them."""
        return Classes(self.schema, self._loop.acts.change_classes)

    @property
    def keys(self) -> dict[Any, str]:
        """The keys that you press for the classes."""
        return dict(zip(self.schema.values, self._loop.log.keys, strict=True))

    def item(self, id: Any) -> Any:  # noqa: A002 - the field's own word
        """Return the item with this id as you passed it: a text, an image, or a table row as a dict.

        Warns
        -----
        RuntimeWarning
            If it was overwritten after the session was created.
        """
        [row] = self.pool.index([id])
        if self.pool.changed(row):
            warnings.warn(f"Item {id!r}: {CHANGED}", RuntimeWarning, stacklevel=2)
        found = self.pool.items[row]
        return dict(found) if isinstance(found, dict) else found

    def find(self, query: str) -> list[Any]:
        r"""Return the ids of the items that match a query, in the order of your table.

        All conditions must hold; ``-`` before a condition negates it, and ``OR`` starts an alternative. There
        are no parentheses. Case is ignored.

        ============================  ==========================================================
        ``refund``, ``"not paid"``    the item contains the text, or the word is its id
        ``/order \d{6}/``             a regular expression matches (RE2 syntax)
        ``class:spam``                the label; ``predicted:ham``: the prediction
        ``unlabelled``, ``skipped``   or ``labelled``; ``disagrees``: prediction and label differ
        ``by:ann``                    labelled by this annotator
        ``is:machine``                has a machine label, see :meth:`hand_over`
        ``doubt>0.6``                 the model's uncertainty, or its ``confidence``, from 0 to 1
        ``price>=100``                a column; ``sender:ann``: a text column contains the value
        ``id:42``                     the item with this id
        ``like:42``                   the 50 items most like that one, most similar first
        ``slice:"angry refunds"``     the items of a slice, see :attr:`slices`
        ============================  ==========================================================

        Put names with spaces in quotes: ``class:"new release"``, ``"unit price"<5``. Items that are to be
        labelled without seeing the prediction never match their prediction or the labels of others.

        Parameters
        ----------
        query
            As in the find field; a blank query matches every item.

        Raises
        ------
        InvalidInput
            If the query is invalid, names an unknown class, column, annotator or id, or needs a model that
            does not exist yet.

        Examples
        --------
        >>> session.label(session.find("refund unlabelled"), "complaint")  # doctest: +SKIP
        """
        if not isinstance(query, str):
            raise InvalidInput(f"find() takes a query as a string, not {type(query).__name__}.")
        rows = self._loop.finder.find(query).rows
        return [self.pool.ids[row] for row in rows.tolist()]

    @property
    def slices(self) -> Slices:
        """Queries kept under a name; see :class:`~hitl_widgets.loop.slices.Slices`."""
        trainer, slicing = self._loop.background.trainer, self._loop.slicing

        def measure() -> tuple[Slice, ...]:
            self._loop.log.catch_up()
            return trainer.measured(slicing.now())

        return Slices(slicing, measure)

    def query(self, n: int | None = None, *, budget: float | None = None) -> list[Any]:
        """Return the ids of the items most worth labeling now, best first, including the audit's share.

        Parameters
        ----------
        n
            Number of items, at least 1; fewer are returned if fewer are left. None means one, or with
            ``budget`` as many as it covers.
        budget
            Maximum total cost, in units of ``cost=`` (1 per item if that was not given). An item that no
            longer fits is skipped in favour of the next one that does.

        Returns
        -------
        list
            Ids. For five minutes, other threads and sessions get other items as long as there are any.

        Warns
        -----
        RuntimeWarning
            If the learner failed (items are then drawn at random) or the strategy failed (the default
            strategy is then used).
        """
        if n is not None and (not isinstance(n, int | np.integer) or n < 1):
            raise InvalidInput(f"n={n!r}: expected a whole number of at least 1.")
        if budget is not None and not (isinstance(budget, int | float | np.number) and budget > 0):
            raise InvalidInput(f"budget={budget!r}: expected a number above 0, the maximum cost.")
        self._loop.log.refuse_closed()
        self._loop.background.settle(None)
        if trouble := self._loop.background.trouble_asking:
            warnings.warn(trouble, RuntimeWarning, stacklevel=2)
        asked = len(self.pool) if n is None and budget is not None else int(n or 1)
        with self._asking:
            suggestions = self._suggest(asked, budget)
            self._asked.note([s.index for s in suggestions])
        self._loop.blind.issue(suggestions)
        return [self.pool.ids[s.index] for s in suggestions]

    def _suggest(self, n: int, budget: float | None) -> tuple[Suggestion, ...]:
        tried: set[int] = set()
        refused: set[int] = set()
        background = self._loop.background
        while True:  # another session may have been asked the same items a moment ago
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
        """Return how much each annotator has done, most labels first.

        Columns: annotator, labels (undone labels do not count, corrections do), here (whether they are active
        now), acts (all of them, with skips, notes and undone ones), hours (see :func:`.quality.hours.worked`:
        pauses of more than five minutes do not count) and seconds (the median per answer to a single item).
        """
        self._loop.log.catch_up()
        from hitl_widgets.transfer.frames import progress_table

        return progress_table(self._loop.annotators, self._loop.log.events())

    def wait(self, timeout: float | None = None) -> Round:
        """Wait until the model has seen every label, and return its round.

        Raises
        ------
        TimeoutError
            After ``timeout`` seconds.
        HitlError
            If the features could not be computed, or the learner failed.

        Warns
        -----
        RuntimeWarning
            If the strategy failed (the default is used until it works), or other background work failed,
            such as the map (:meth:`retry` tries it again).
        """
        if timeout is not None and not isinstance(timeout, int | float | np.number):
            raise InvalidInput(f"timeout={timeout!r}: expected seconds, or None to wait without a limit.")
        found = self._loop.background.settle(timeout)
        if not found.learned:
            raise HitlError(found.error)
        if trouble := self.trouble:
            warnings.warn(trouble, RuntimeWarning, stacklevel=2)
        return found

    def _say_what_changed(self) -> None:
        if how := self.pool.source_changed:
            warnings.warn(
                f"Your table changed after the session was created: {how}. The session keeps the original "
                "rows, so that each label stays with its item. To label the table as it is now, run the cell "
                "that creates the session again.",
                RuntimeWarning,
                stacklevel=3,
            )

    def labels(self, *, machine: bool = False) -> pd.DataFrame:
        """Return the current labels, one row per item and annotator, in the order they were given.

        Columns: id, label, said (the name of the class at the time), annotator, time (UTC), selection (how
        the item was chosen), elapsed_ms.

        Parameters
        ----------
        machine
            Whether to append the machine labels of :meth:`hand_over`, for items that no person has labelled.
            The column ``label_source`` is then ``person`` or ``machine``.
        """
        # Imports come after the first use of the lock, here and below: in a forked child, which that refuses,
        # an import may wait forever for one that another thread of the parent had begun.
        self._loop.log.catch_up()
        from hitl_widgets.transfer.frames import labels_table

        ledger = self._loop.log.ledger
        with self._loop.log.lock:
            return labels_table(ledger.fold, self.pool, ledger.naming, machine=machine)

    def missing(self) -> pd.DataFrame:
        """Return the labels that the store has under this task for items that are not in this table.

        The columns are those of :meth:`labels`; ``id`` is the store's own key, a content hash if no ``id=``
        was passed when the item was labelled.
        """
        self._loop.log.catch_up()
        from hitl_widgets.transfer.frames import missing_table

        ledger = self._loop.log.ledger
        with self._loop.log.lock:
            return missing_table(ledger.fold, ledger.missing())

    def changed(self) -> pd.DataFrame:
        """Return the labels of items whose content has changed since they were labelled; needs ``id=``.

        The columns are those of :meth:`labels`. Resolve them with :meth:`keep`, :meth:`drop` or new labels.
        """
        found = self.labels()
        with self._loop.log.lock:
            rows = self._loop.log.ledger.changed
            return found[[self.pool.find(one) in rows for one in found["id"]]].reset_index(drop=True)

    def keep(self, ids: Any = None) -> int:
        """Keep the labels of items that have changed since they were labelled; returns how many items.

        The labels are recorded again as yours, with one act per class. :meth:`undo` reverts these acts.

        Parameters
        ----------
        ids
            One id, or a list of ids; None means all of :meth:`changed`.
        """
        return self._loop.acts.settle(None if ids is None else self.pool.index(as_list(ids)), keep=True)

    def drop(self, ids: Any = None) -> int:
        """Remove the labels of items that have changed since they were labelled; returns how many items.

        These items are asked again. The labels still apply to the old content: a table that contains it
        gets them back.

        Parameters
        ----------
        ids
            One id, or a list of ids; None means all of :meth:`changed`.
        """
        return self._loop.acts.settle(None if ids is None else self.pool.index(as_list(ids)), keep=False)

    def history(self) -> pd.DataFrame:
        """Return every event of the task, oldest first.

        ``holds`` is False for acts that were undone; ``state`` is then ``undone`` (:meth:`redo` can restore
        it), ``left behind`` (its annotator has done something else since, so only :meth:`restore` can) or
        ``brought back``. For comparisons and rankings, ``shown`` is the order in which the page showed them,
        from left to right or from the top. If there are demonstrations (``mode="demonstrate"``), the column
        ``demonstrated`` tells which, as in :meth:`labels`.
        """
        self._loop.log.catch_up()
        from hitl_widgets.transfer.frames import history_table

        ledger = self._loop.log.ledger
        with self._loop.log.lock:
            return history_table(ledger.events, ledger.fold)

    def predictions(self) -> pd.DataFrame:
        """Return the predicted label, confidence and uncertainty (0 to 1) of every item, indexed by id.

        If several classes may apply, there is also ``p_<class>``, the probability of each; for a rating,
        ``value`` and ``sd``, the expected value and its standard deviation.
        """
        from hitl_widgets.transfer.frames import predictions_table

        self._say_what_changed()
        return predictions_table(self.round, self.pool)

    def to_frame(self, *, machine: bool = False) -> Any:
        """Return your table as it was when the session was created, with label, prediction and confidence.

        If your table already has one of these columns, all are named ``hitl_label`` and so on. A list or
        array is returned as a pandas table with the ids.

        Parameters
        ----------
        machine
            Whether machine labels fill in where no person has labelled. The column ``label_source`` then says
            ``person`` or ``machine``.

        Warns
        -----
        RuntimeWarning
            If you have sorted, cut or overwritten your table since; the original rows are returned.
        """
        self._loop.log.catch_up()
        from hitl_widgets.transfer.frames import items_table

        self._say_what_changed()
        return items_table(self.pool, self._loop.labels, self.round, machine=machine)

    def explain(
        self,
        id: Any = None,  # noqa: A002 - the field's own word
        against: Any = None,
        *,
        group: Iterable[Any] | None = None,
    ) -> pd.DataFrame:
        """Say why the model prefers its guess for an item to another class; or what a group has in common.

        The logarithm of the odds of the two classes is a sum, which is taken apart: into the words or columns
        of the item, followed back through the encoder; labels and features of neighbouring items; trees on
        single columns; and the rest. If the encoder or the learner cannot be followed back, the item is read
        once without each word or column, and the differences need not add up.

        Parameters
        ----------
        id
            The item.
        against
            The class to compare with; None means the second most likely one.
        group
            Instead of an item, the ids of several, such as ``session.find("refund")``: what tells them from
            all other items.

        Returns
        -------
        One row for each piece: columns part (``word``, ``column``, ``features``, ``neighbours``, ``trees``,
        ``rest`` or ``label``), words, start and end (the characters of a word), value (what it adds), and for
        labels that reach the item id, label and share of all such labels. ``attrs`` has guess, against, odds
        (the logarithm), exact, and missing (why there are no words or columns, if there are none).

        For a group, one row for each word, or value or range of a column, that is commoner in it, what tells
        most first (see :func:`~hitl_widgets.data.apart.apart`); then one for each class of its labels, and
        one for the edges of the neighbour graph that stay within it. Columns part (``word``, ``column``,
        ``label`` or ``neighbours``), words, n and of (how many of the group, of how many), rest and of_rest
        (of all others), ratio (of the two shares) and query (for :meth:`find`). In large groups and pools,
        samples of 5,000 and 15,000 items are read for words and columns. ``attrs["missing"]`` says so if no
        word or column tells the group from the others.

        Raises
        ------
        InvalidInput
            If the group has fewer than two items, or all of them, or ``against`` is the guess itself.
        HitlError
            If there is no model yet, the learner gives no reasons, or the question has no single class.
        """
        from hitl_widgets.transfer.frames import comparison_table, explanation_table

        if (id is None) == (group is None):
            raise InvalidInput("Expected the id of one item, or group=[ids], and not both.")
        if group is not None:
            self._loop.log.catch_up()
            self._loop.background.settle(None)
            rows = np.unique(self.pool.index(ids_in(group, "group")))
            return comparison_table(self._loop.comparing.of(rows), self.schema)
        self.wait()
        [row] = self.pool.index([id])
        other = None if against is None else self.schema.code(against)
        explaining = self._loop.explaining
        found = explaining.of(row, other=other)
        return explanation_table(found, self.pool, self.schema, explaining.wordless)

    def telling_words(self, n: int = 10) -> pd.DataFrame:
        """Return the words or columns that speak most for each class, as :meth:`explain` values them.

        Up to 100 items of each predicted class are read. A word comes first that adds much in many of them.

        Parameters
        ----------
        n
            Words of each class, at least 1.

        Returns
        -------
        Columns label, words, value (what it adds to the logarithm of the odds against the next class, in the
        mean of the items with it), items (how many have it), of (how many were read), and word and column, as
        :meth:`.Teach.strike` takes them. Words of a single item are left out.

        Raises
        ------
        InvalidInput
            If ``n`` is not a number of words.
        HitlError
            As :meth:`explain`, or if the items have no words or columns that the model reads.
        """
        from hitl_widgets.transfer.frames import telling_table

        if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
            raise InvalidInput(f"n={n!r}: expected how many words of each class, at least 1.")
        self.wait()
        table = telling_table(self._loop.explaining.telling(), self.schema, int(n))
        if without := [name for name in self.schema.values if name not in set(table["label"])]:
            it = "it" if len(without) == 1 else "each"
            warnings.warn(
                f"No words speak for {choices(without)}: the model guesses {it} for no item, or these have "
                "no word in common.",
                RuntimeWarning,
                stacklevel=2,
            )
        return table

    def influence(self, id: Any) -> pd.DataFrame:  # noqa: A002 - the field's own word
        """Return which labels the guess for an item depends on, the most influential first.

        A model is fitted without each of up to 20 labels: those that reach the item along the neighbour graph
        and those nearest to it by features. A wrong label that turns the guess is found here.

        Returns
        -------
        Columns id, label, change (of the probability of the guess, without the label) and guess (the class
        that is then predicted).
        """
        from hitl_widgets.transfer.frames import influence_table

        self.wait()
        [row] = self.pool.index([id])
        return influence_table(self._loop.explaining.influence(row), self.pool, self.schema)

    def accuracy(self) -> Estimate:
        """Estimate the current model's accuracy on the unlabelled items, with a 95 % interval.

        If several classes may apply, this is the mean Jaccard index; for a rating, the mean absolute error.

        It measures agreement with the labels that the annotators would give. Skipped items count as
        unlabelled. See :func:`~hitl_widgets.learn.evaluate.accuracy_estimate` for the method, and
        ``per_class`` of the result for the estimate of each predicted class. The value is None while
        nothing was audited (``audit=0``) or there is no model yet.
        """
        self.wait()
        return self._loop.background.trainer.estimate()

    @property
    def features(self) -> Any:
        """The features of the items, float32 of shape (n_items, d), in the order of the pool.

        An array, or the array-like object that was passed as ``X``.
        """
        self._loop.background.settle(None)
        ground = self._loop.background.ground
        assert ground is not None  # noqa: S101 - settle() waited for it
        X = ground.X
        if isinstance(X, np.ndarray):
            X = X.view()
            X.flags.writeable = False  # the model uses the same array
        return X

    def model(self) -> Any:
        """Return a fitted scikit-learn classifier that predicts classes without the session.

        Classes that are integers or booleans are predicted as such, others by name. If several classes may
        apply, ``predict`` returns bool of shape (n, n_classes), and ``predict_proba`` the probability of
        each. For a rating, ``predict`` returns levels, and ``predict_proba`` the probability of each.

        For texts, images, tables and items embedded by a scikit-learn transformer, it is a ``Pipeline`` that
        takes raw items and reads them with this package: images as bytes, paths, arrays or Pillow images;
        tables with the same columns, or lists of dicts. A transformer in ``embed=`` gets table rows as
        dicts. If ``X=`` is sparse and wider than 128, the classifier takes rows like those of ``X``.
        Otherwise it takes rows like :attr:`features`.

        With ``auto`` and ``graph`` it is a ``LogisticRegression`` (on a Nystroem basis if the classes are not
        linearly separable), or this package's ``ForestClassifier`` if single columns are decisive. It is
        trained on the labels and on confident predictions of the live model. :meth:`accuracy` refers to the
        live model, which also uses each item's neighbours.

        Raises
        ------
        HitlError
            If fewer than two classes are labelled, or the learner has no ``export``.
        """
        self.wait()
        background = self._loop.background
        found, encoder = background.trainer.export(self._loop.labels), background.encoder
        from sklearn.pipeline import make_pipeline

        from hitl_widgets.models.files import OF_LOG

        made = found if encoder is None else make_pipeline(encoder, found)
        with contextlib.suppress(AttributeError):  # a learner may return anything
            setattr(
                made, OF_LOG, self._loop.log.ledger.fold.first
            )  # so that it is not taken for a rule beside them
        return made

    def save_model(self, path: str | os.PathLike[str]) -> Path:
        """Save :meth:`model` to a ``.npz`` file of plain arrays, which ``hitl_widgets.load_model`` reads.

        Raises
        ------
        HitlError
            If fewer than two classes are labelled, or the model cannot be stored as plain arrays.
        """
        model = self.model()
        from hitl_widgets.models.files import save_model

        return save_model(model, path)

    def export(
        self,
        path: str | os.PathLike[str],
        format: str | None = None,  # noqa: A002 - pandas' own word
        *,
        names: bool = False,
        items: bool | None = None,
        machine: bool = False,
    ) -> Path:
        """Write the labels to .csv, .parquet or .xlsx, the whole history to .jsonl, or another tool's format.

        A data card, ``labels.csv.card.md``, is written next to it. It describes the labels, how many each
        annotator gave, how the items were chosen, and how good the model and the annotators are. Only you
        can read the files.

        Parameters
        ----------
        path, format
            Where to write, and ``csv``, ``parquet``, ``xlsx`` or ``jsonl`` if the file ending does not say;
            or ``label-studio``, ``coco``, ``yolo``, ``voc`` (folders), ``spacy``, ``conll``, ``prodigy``,
            ``doccano``, ``hf`` (rows for Hugging Face's datasets), ``trl`` (preferences), or ``srt``, ``vtt``
            and ``txt`` (transcripts: a folder or a zip file with a file for each recording, or one file).
        names
            Whether to write the annotators' names; by default they are ``annotator 1`` and so on.
        items
            Whether to write the text or the columns of each item next to its label. None does so if the ids
            are content hashes, which do not tell what was labelled; for rows, up to 30 columns.
        machine
            Whether a table also contains the machine labels; the column ``label_source`` tells them apart.

        Warns
        -----
        RuntimeWarning
            If the format cannot contain something, with the number of labels; if there are machine labels
            and they are left out.
        """
        self._loop.log.catch_up()
        from hitl_widgets.transfer.exporting import export_loop

        self._say_what_changed()
        n_changed = self._loop.log.n_changed
        if n_changed:
            words = notices.changed(n_changed, len(self._loop.labels))
            warnings.warn(words, RuntimeWarning, stacklevel=2)
        return export_loop(self._loop, path, format, names=names, items=items, machine=machine)

    def import_labels(
        self,
        source: Any,
        *,
        id: str = "id",  # noqa: A002 - the field's own word
        label: str = "label",
        annotator: str | None = None,
        replace: bool = False,
    ) -> Imported:
        """Import labels from another source. Invalid rows are reported, the others are written.

        Parameters
        ----------
        source
            A pandas, polars or Arrow table or Hugging Face dataset, a list of dicts, a dict of columns or of
            ids to labels; a path to ``.csv``, ``.parquet``, ``.json``, ``.jsonl`` or ``.xlsx``. Files of
            Label Studio, COCO, YOLO, Pascal VOC (folders), spaCy, CoNLL, Prodigy, doccano, Argilla and TRL
            are recognised: submitted answers are imported under their annotators' names, and if a file does
            not have your ids, items are matched by their text or file name. A history that :meth:`export`
            wrote to ``.jsonl``, or a Session whose store is lost, is imported event by event; events that
            this session already has change nothing.
        id, label
            The columns; ``label`` also selects the question if a file of another tool has several. In a
            session without ``id=``, rows are also matched by content: by the text column, or by all columns
            of a table row.
        annotator
            The column with the annotator. None means you.
        replace
            Whether to replace a different label that the same annotator already gave to an item.

        Returns
        -------
        Imported
            The number of labels that were written (``n``) or already there (``n_same``), and the refused
            rows with the reason (``refused``). The labels of one class and annotator form one act;
            :meth:`undo` reverts your own.

        Raises
        ------
        InvalidInput
            If the source cannot be read or lacks a column. Nothing is written.
        """
        self._loop.log.catch_up()
        from hitl_widgets.transfer.into import import_into

        given = loop_of(source) if isinstance(source, Session) else source
        names = [id, label, *([] if annotator is None else [annotator])]
        return import_into(self._loop, given, names, replace=replace)

    def export_tasks(
        self,
        path: str | os.PathLike[str],
        to: str = "page",
        *,
        ids: Any = None,
        n: int | None = None,
        instructions: str = "",
        examples: Any = (),
        gold: Any = None,
        overlap: int = 1,
        batch: int = 50,
        suggestions: bool = False,
    ) -> Sent:
        """Write tasks for other people into a new folder, one small task for each item.

        Parameters
        ----------
        path
            The folder, which must not exist, or be empty.
        to
            ``"page"``: HTML files, each for one person, who needs only a browser, also offline, and sends
            back a file. ``"label-studio"``: a project. ``"mturk"``: a CSV file and a template for Amazon
            Mechanical Turk.
        ids, n
            The items, or the number of items most worth labeling; by default all unlabelled items.
        instructions
            Text that is shown before the first task, besides the question and the guidance of its classes.
        examples
            Ids of labelled items that are shown with their labels.
        gold
            Ids of labelled items that are mixed in, to check people: see :meth:`import_answers`. None: those
            of :meth:`gold`, if any; ``()`` for none.
        overlap
            How many people should answer each task.
        batch
            Number of tasks in each page.
        suggestions
            Whether the model's predictions are shown in Label Studio.

        Returns
        -------
        Sent
            The files, and items that cannot be shown (``left``). README.txt in the folder says what to do.

        Raises
        ------
        InvalidInput
            If tasks of this kind cannot be sent out, or there is nothing to send.
        """
        from hitl_widgets.loop.qualifying import gold_rows
        from hitl_widgets.transfer.sending import Work, send

        loop, known = self._loop, self.pool.index
        loop.log.catch_up()
        places = known(as_list(ids)) if ids is not None else None
        if places is None and n is not None:
            places = known(self.query(n))
        if places is None:
            places = np.flatnonzero(loop.labels.y < 0).tolist()
        guesses = None
        if suggestions:
            table = self.predictions()["label"].tolist()
            guesses = {place: table[place] for place in places if table[place] is not None}
        golden, shown = (
            known(as_list(some)) if len(as_list(some)) else [] for some in (gold or (), examples)
        )
        if gold is None:
            golden = gold_rows(loop.log)
        work = Work(places, frozenset(golden), shown, instructions, overlap, batch, guesses)
        return send(loop, path, to, work, seed_of(self.store.store_id, self.task))

    def import_answers(
        self, source: str | os.PathLike[str] | Sequence[str | os.PathLike[str]], *, gold: Any = None
    ) -> Answered:
        """Import answers to tasks that :meth:`export_tasks` wrote, under the names of those who gave them.

        Importing the same answers twice changes nothing. Of several answers of one person to a task, the
        newest counts.

        Parameters
        ----------
        source
            Files that pages saved, an export of Label Studio (JSON), or results of Mechanical Turk (CSV); or
            a folder of them.
        gold
            Ids of items with known answers: how often each person gave a reviewer's decision, or else the
            label that you gave. You are this session's annotator. None: those of :meth:`gold`.

        Returns
        -------
        Answered
            The number of answers that were written (``n``) or already there (``n_same``), the refused rows
            with the reason (``refused``), and a table of the people (``people``).

        Raises
        ------
        InvalidInput
            If a file cannot be read. Nothing is written.
        """
        self._loop.log.catch_up()
        from hitl_widgets.transfer.receiving import receive

        known: list[int] | None = None if gold is None else []
        if gold is not None and len(as_list(gold)):
            known = self.pool.index(as_list(gold))
        return receive(self._loop, source, known)

    def regroup(self, scale: float) -> None:
        """Make the groups on the map finer or coarser. Returns at once; the map is updated in the background.

        Parameters
        ----------
        scale
            0.25 (finest) to 4 (coarsest); the default is 1.
        """
        self._loop.background.regroup(scale)

    def retry(self) -> None:
        """Try failed background work again; returns at once.

        The widgets show what failed: features that could not be computed, a map that remains a preview, a
        model without neighbours. Does nothing if nothing failed.
        """
        self._loop.background.retry()

    def close(self) -> None:
        """Stop the background work and release the store."""
        self._loop.close()

    def __reduce__(self) -> NoReturn:
        raise HitlError(
            "A Session cannot be copied or sent to another process: it has threads and connections. Open "
            "a new one there, on the same store."
        )

    # -- properties

    @property
    def pool(self) -> Pool:
        """The items."""
        return self._loop.pool

    @property
    def store(self) -> LabelStore:
        """The label store."""
        return self._loop.store

    @property
    def task(self) -> str:
        """Name of the question within the store."""
        return self._loop.task

    @property
    def annotator(self) -> str:
        """Name of this session's annotator."""
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
    def consensus(self) -> str:
        """The rule that decides items which annotators answer differently."""
        return self._loop.log.ledger.rule

    @property
    def schema(self) -> Schema:
        """The current question and its classes."""
        return self._loop.schema

    @property
    def n_labels(self) -> int:
        """How many items are labelled."""
        self._loop.log.catch_up()
        return self._loop.log.counts[0]

    @property
    def round(self) -> Round | None:
        """The newest round, in terms of the current classes; None before the first."""
        return self._loop.round

    @property
    def evaluation(self) -> Evaluation:
        """The latest audit estimate and learning curve."""
        return self._loop.background.evaluation

    @property
    def map(self) -> Map | None:
        """The newest map; None before the preview."""
        return self._loop.background.map

    @property
    def stage(self) -> Stage | None:
        """What is being prepared, such as the map; None when everything is ready."""
        return self._loop.background.stage

    @property
    def trouble(self) -> str:
        """Failures of background work that persist, and what to do about them; empty if there are none."""
        return self._loop.background.trouble

    @property
    def unsaved(self) -> str:
        """Why the last act is not saved or the store cannot be read; "" if everything is saved."""
        return self._loop.log.unsaved

    @property
    def closed(self) -> bool:
        """Whether :meth:`close` was called."""
        return self._loop.log.closed

    @property
    def earlier(self) -> Any:
        """An earlier session of this kernel whose store is gone, for :meth:`import_labels`; or None."""
        return self._loop.earlier


def _check_how(schema: Schema, mode: Mode, suggests: bool, segment: Any) -> None:
    """Raise InvalidInput for ways to answer that the question does not have."""
    check_verifiable(mode, schema, suggests=suggests)
    check_segment(segment, schema)


def _model_of(learner: Any, pool: Pool) -> Any:
    """The learner; one of lists is told how long they are."""
    of_lists = getattr(learner, "of_lists", None)
    return learner if of_lists is None else of_lists([len(item) for item in pool.items])


def _import_column(loop: Loop, name: str, known: list[Any]) -> None:
    from hitl_widgets.transfer.column import import_column

    import_column(loop, name, known)


def _labels_of(pool: Pool, name: Any) -> list[Any]:
    from hitl_widgets.transfer.column import labels_of

    return labels_of(pool, name)


def _check_question(asked: Schema, keys: Any, learner: Any, strategy_name: str, strategy: Any) -> None:
    """Raise InvalidInput for settings that do not fit the question."""
    asked_keys(keys, asked)
    problem = problem_of(asked)
    problem.learner(learner)
    problem.check_strategy(strategy_name, strategy)


def loop_of(session: Session) -> Loop:
    """Return the loop of a session, for the widgets."""
    if not isinstance(session, Session):
        raise TypeError(f"Expected a Session; got {a_type(session)}.")
    return session._loop  # noqa: SLF001
