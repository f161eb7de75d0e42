"""Lesson: the Python side."""

from __future__ import annotations

import inspect
import os
import uuid
import weakref
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from hitl_widgets.errors import InvalidInput, StoreError, nearest
from hitl_widgets.lessons.classroom import Result, Results
from hitl_widgets.lessons.course import Course, digits, points_of
from hitl_widgets.lessons.exercises import EXERCISES, Attempt, check_exercise, report
from hitl_widgets.lessons.plane import CELLS
from hitl_widgets.lessons.starts import STARTS
from hitl_widgets.questions.schema import Schema
from hitl_widgets.widgets.channel import ChannelWidget
from hitl_widgets.widgets.lesson import messages as m
from hitl_widgets.widgets.lesson import telling
from hitl_widgets.widgets.lesson.picturing import Seen, still
from hitl_widgets.widgets.lesson.points import (
    DRAWN,
    course_of_drawing,
    load,
    points_of_session,
    table_of_points,
)
from hitl_widgets.widgets.lesson.saving import compared, save, table
from hitl_widgets.widgets.shared.messages import PlainClass
from hitl_widgets.widgets.still import Still
from hitl_widgets.widgets.wire import Bye, FromBrowser, Hello, words

if TYPE_CHECKING:
    import pandas as pd

    from hitl_widgets.session import Session

__all__ = ["Lesson"]


class Lesson(ChannelWidget):
    """Active learning in the plane, for teaching: watch a strategy, or play against it.

    Parameters
    ----------
    X
        Numbers of shape (n, 2), 10 to 2,000 points; of shape (n, d), for a model of d features; or the name
        of a data set: ``"digits"`` (600 digits by their UMAP, in 2-D and 3-D, which takes half a minute), or
        a toy, such as ``"line"``, see :func:`hitl_widgets.datasets.toy`. None: the widget shows an empty
        plane, in which you draw points.
    y
        The true class of each point, shape (n,); two to ten classes. It answers all questions. None for a toy
        data set.
    learner
        ``"linear"``, a scikit-learn classifier, or a Learner, as for a Session. Until a classifier can be
        fitted to the first labels, class shares are predicted instead.
    strategy
        The strategy shown first: the name of one, or a function ``(probabilities, context) -> utilities``.
        All others can be chosen in the widget.
    compare
        Up to five strategies whose whole curves are shown beside it; they can be changed in the widget.
    classes
        The class names in order; None means the sorted classes in ``y``.
    budget
        Number of labels at the end, including the first ones; None means 30, or fewer on few points.
    random_state
        Seed of the first labels and all other randomness: every run has the same steps.
    start
        The first labels: ``"kmeans"`` (the middle of each of the largest groups, one per class),
        ``"random"``, ``"worst"`` (points next to each other, all of one class), ``"none"``, or row numbers.
        All can be chosen in the widget.
    noise
        How often an answer is wrong: a rate; a rate per class, ``{"square": 0.3}``; what a class is mistaken
        for, ``{"square": {"circle": 0.3}}``; or a table of shape (k, k), ``noise[true, said]``, whose rows
        sum to 1. Which answers are wrong depends only on the seed: all strategies get the same answers.
    annotators
        ``{name: noise}`` for 2 to 5 annotators, who answer in turn.
    batch
        Labels between two updates of the model: the points of the highest utilities. A game is played label
        by label.
    cost
        Shape (n,), above 0: what a label of each point costs. Utilities are divided by it, and curves are
        drawn over cost.
    store
        Where the results of exercises are saved, for :func:`hitl_widgets.classroom`: a file that the class
        shares, or a PostgreSQL database, as for a Session. None: nowhere.
    student
        The student's name in the store; None means the login name.
    hide_name
        Whether the store gets a code instead of the name.
    at
        Shape (n, 2): where points of more than two features are drawn, such as their UMAP; None means their
        first two principal components. The model is known at the points only, and colours spread from them.
    space
        Shape (n, 3): where the points are drawn in 3-D, which can be turned in the widget, such as their UMAP
        of three components.
    test
        ``(X, y)``: points in the plane that are never asked, on which accuracy is measured as well. For a toy
        data set, 400 other points are drawn. Not for points of more than two features.

    Raises
    ------
    InvalidInput
        For invalid arguments, or a learner or strategy that fails on the first labels.

    Notes
    -----
    Accuracy is measured on all points, whose classes are known here: labelled points by their label, which
    may be wrong, others as predicted. So all strategies are measured on the same points. This is not possible
    for real pools. Recall and F1 are those of the rarest class. A saved notebook contains a still picture
    of the lesson, with its points and their labels so far, but no names of classes. What a student did is
    kept in the browser, so that a game and an exercise go on after the page was reloaded or the kernel
    restarted.
    """

    _bundle = "lesson"
    _takes: ClassVar[Any] = m.Takes
    _tells: ClassVar[Any] = m.Tells
    _words = "hitl-widgets: a lesson on active learning. Run this cell to see it."
    _still: Still | None = None

    def __init__(
        self,
        X: Any = None,
        y: Any = None,
        *,
        learner: Any = "linear",
        strategy: Any = "margin",
        compare: Sequence[str] = (),
        classes: Any = None,
        budget: int | None = None,
        random_state: int = 0,
        start: Any = "kmeans",
        noise: Any = 0,
        annotators: Any = None,
        batch: int = 1,
        cost: Any = None,
        test: Any = None,
        at: Any = None,
        space: Any = None,
        store: Any = None,
        student: str | None = None,
        hide_name: bool = False,
    ) -> None:
        if isinstance(X, str) and X == "digits" and y is None:
            X, y, at, space = digits()
            self._title = "digits"
        else:
            self._title = X if isinstance(X, str) else "own points"
        self._settings = {
            "learner": learner,
            "strategy": strategy,
            "budget": budget,
            "random_state": random_state,
            "start": start,
            "noise": noise,
            "annotators": annotators,
            "batch": batch,
        }
        self._place = {"store": store, "student": student, "hide_name": hide_name}
        self._wanted = compare
        self._exercise = ""
        self._known: Course | None = None
        self._drawn = Schema(list(DRAWN) if classes is None else classes)
        if X is not None:
            X, y, test = points_of(X, y, test)
            about: dict[str, Any] = {"cost": cost, "test": test, "at": at, "space": space}
            self._begin(Course(X, y, classes=classes, **about, **self._settings))
        elif not all(value is None for value in (y, cost, test, at, space)) or not isinstance(start, str):
            raise InvalidInput(
                "X= is missing: pass the points that y=, cost=, test=, at=, space= and start= are about. "
                "Without all of these, hitl.Lesson() lets you draw points."
            )
        super().__init__("lesson", uuid.uuid4().hex)

    def _begin(self, course: Course) -> None:
        """Show these points from now on."""
        title = f"{self._title}, {len(course.plane)} points"
        self._compare = compared(self._wanted, course.strategies)
        self._results = Results(course.digest, title, **self._place)
        # The step in the still picture.
        self._seen = Seen(course.strategy, course.start, course.seed, 0)
        self._known = course

    @property
    def _course(self) -> Course:
        if self._known is None:
            raise InvalidInput(
                "This lesson has no points yet: draw at least ten points of two classes in it, and choose "
                "Use these points."
            )
        return self._known

    @classmethod
    def load(cls, path: str | os.PathLike[str], **options: Any) -> Lesson:
        """Read a lesson that was saved as ``.html``, with its points.

        Parameters
        ----------
        path
            The file.
        **options
            As for a Lesson, instead of those that were saved. Functions, estimators and held-out points are
            not in the file: pass them again.

        Raises
        ------
        InvalidInput
            If the file is not a saved lesson, or an option is unknown.
        """
        _check_options(options)
        return cls(**load(path, options))

    @property
    def points(self) -> pd.DataFrame:
        """The points, a row each: columns x1, x2, ... (float32) and label, the class."""
        return table_of_points(self._course.plane)

    @classmethod
    def of(cls, session: Session, **options: Any) -> Lesson:
        """A lesson on the labelled items of a session, at their places on its map.

        Parameters
        ----------
        session
            A session with one class per item and at least ten labels. Of more than 2,000 labelled items, a
            random sample is shown.
        **options
            As for a Lesson, such as ``budget=``.

        Raises
        ------
        InvalidInput
            If the session asks another kind of question, or has too few labels.
        """
        _check_options(options)
        return cls(**points_of_session(session) | options)

    def __repr__(self) -> str:
        if self._known is None:
            return "<Lesson without points>"
        plane = self._known.plane
        return f"<Lesson on {len(plane)} points, {plane.n_classes} classes>"

    def exercise(self, name: str) -> Lesson:
        """Open an exercise, and return the lesson.

        Parameters
        ----------
        name
            ``"predict"``: predict what the strategy asks next, five times. ``"beat-random"``: reach the
            accuracy of random with ten labels fewer. ``"break-margin"``: find first labels with which margin
            ends below random, as is possible on ``"trap"``, ``"circles"`` and ``"moons"``.

        Raises
        ------
        InvalidInput
            If there is no such exercise, or it makes no sense in this lesson.
        """
        attempt = Attempt(
            check_exercise(name), self._course.strategy, self._course.start, self._course.seed, ()
        )
        report(self._course, attempt)  # so that what is wrong is said in the cell
        self._exercise = name
        self._greet("")
        return self

    @property
    def score(self) -> dict[str, Result]:
        """The best attempt at each exercise so far, by the name of the exercise."""
        return self._results.best

    def save(
        self,
        path: str | os.PathLike[str],
        strategies: Sequence[str] | None = None,
        *,
        step: int | None = None,
        part: Literal["all", "points", "curves"] = "all",
        behind: Literal["model", "utilities", "nothing"] = "model",
        truth: bool = False,
    ) -> None:
        """Save the lesson as a page that works offline and without Python, or as a picture.

        Parameters
        ----------
        path
            ``.html``: the widget with every step of the strategies recorded: step, play, go back, compare.
            The game needs a model and is left out. ``.png`` or ``.svg``: a step. ``.gif``: a run.
        strategies
            Names, the first of which is shown first; pictures show the curves of the others. None means
            that of the lesson. On a page it means all that fit in 3 MB; a warning names the others.
        step
            The step of a picture, from 0; None means the last one.
        part
            What pictures show: the points, the curves, or both.
        behind, truth
            What is drawn behind the points, and whether their true classes are shown, in pictures.

        Raises
        ------
        InvalidInput
            For another ending, a strategy that is unknown or fails, or if a page would take more than 3 MB.
        """
        save(self, path, strategies, step=step, part=part, behind=behind, truth=truth)

    def curves(self, strategies: Sequence[str] | None = None) -> pd.DataFrame:
        """The learning curves as a table.

        Parameters
        ----------
        strategies
            Names; None means all, which takes some seconds.

        Returns
        -------
        DataFrame
            Columns strategy, labels (int), cost (float), and one for each measure (float), such as accuracy;
            a row for each step.
        """
        return table(self._course, strategies)

    def _picture(self) -> str:
        return "" if self._known is None else still(self._known, self._seen)

    def _displayed_as(self, name: str) -> None:
        known = weakref.ref(self)

        def make() -> dict[str, str] | None:
            widget = known()
            return None if widget is None else widget._fallback()  # noqa: SLF001

        self._still = Still(name, make)

    def close(self) -> None:
        """Close the widget; the picture in the notebook stays as it is."""
        if self._still is not None:
            self._still.stop()
        super().close()

    def _largest(self) -> int:
        # The points of a drawing are the longest message.
        return 200_000

    def _handle(self, message: FromBrowser) -> None:
        match message:
            case Hello():
                self._greet(message.view)
            case Bye():
                pass
            case m.Step() | m.Draw() | m.Committee() | m.Expect() | m.Play() | m.AttemptMessage():
                try:
                    self._show(message)
                except Exception as error:  # noqa: BLE001 - a custom strategy or learner may raise anything
                    why = (
                        str(error) if isinstance(error, InvalidInput) else f"{type(error).__name__}: {error}"
                    )
                    self._post(m.TroubleMessage(to=message.view, words=words(why)))
            case _:
                super()._handle(message)

    def _greet(self, view: str) -> None:
        self._post(*self._welcome(view))

    def _welcome(self, view: str) -> tuple[m.LessonWelcome, list[bytes]]:
        if self._known is None:
            return self._invitation(view)
        course, plane = self._course, self._course.plane
        points = plane.unit.astype("<f4")
        welcome = m.LessonWelcome(
            to=view,
            lesson=course.digest,
            classes=[PlainClass(**c) for c in plane.schema.to_dict()["classes"]],
            learner=course.learner.name + ("" if plane.flat else f" of {plane.X.shape[1]} features"),
            strategies=list(course.strategies),
            strategy=course.strategy,
            starts=[
                m.LessonStart(
                    name=name, words=STARTS.get(name, "The points of start=."), n=course.n_start(name)
                )
                for name in course.starts
            ],
            start=course.start,
            measures=[m.LessonMeasure(name=name, words=what) for name, what in plane.measures.words],
            exercises=[m.LessonExercise(name=name, words=what) for name, what in EXERCISES.items()],
            exercise=self._exercise,
            annotators=list(course.answers.names),
            mistakes=not course.answers.perfect,
            batch=course.batch,
            seed=course.seed,
            budget=course.budget,
            cells=CELLS,
            n=len(plane),
            recorded=False,
            committees=list(course.strategies),
            compare=self._compare,
            draws=self._draws(),
        )
        cost = b"" if plane.cost is None else plane.cost.astype("<f4").tobytes()
        ball = b"" if plane.ball is None else plane.ball.astype("<f4").tobytes()
        return welcome, [points.tobytes(), plane.truth.astype(np.uint8).tobytes(), cost, ball]

    def _draws(self) -> bool:
        """Whether points can be added: not if others than x and y belong to each of them."""
        course = self._known
        return course is None or (course.plane.flat and course.plane.cost is None and course.start in STARTS)

    def _invitation(self, view: str) -> tuple[m.LessonWelcome, list[bytes]]:
        """What a view of a lesson without points gets."""
        welcome = m.LessonWelcome(
            to=view,
            lesson="",
            classes=[PlainClass(**c) for c in self._drawn.to_dict()["classes"]],
            learner="",
            strategies=[],
            strategy="",
            starts=[],
            start="",
            measures=[],
            exercises=[],
            exercise="",
            annotators=[],
            mistakes=False,
            batch=1,
            seed=0,
            budget=0,
            cells=CELLS,
            n=0,
            recorded=False,
            committees=[],
            compare=[],
            draws=True,
        )
        return welcome, [b"", b"", b"", b""]

    def _draw(self, message: m.Draw) -> None:
        if not self._draws():
            raise InvalidInput(
                "Points cannot be added to this lesson: it has other features, costs or chosen first points."
            )
        plane = None if self._known is None else self._known.plane
        self._begin(course_of_drawing(message.points, plane, self._drawn, self._settings))
        self._exercise = ""
        self._greet("")

    def _show(self, message: m.Step | m.Draw | m.Committee | m.Expect | m.Play | m.AttemptMessage) -> None:
        match message:
            case m.Draw():
                self._draw(message)
            case m.Step():
                self._step(message)
            case m.Committee(view=view, strategy=name, start=start, seed=seed, index=i):
                self._post(*telling.committee(self._course, view, name, start, seed, i))
            case m.Expect():
                self._post(telling.expected(self._course, message))
            case m.Play():
                self._post(*telling.game(self._course, message))
            case m.AttemptMessage():
                self._check(message)

    def _step(self, message: m.Step) -> None:
        told, buffers = telling.moment(
            self._course, message.view, message.strategy, message.start, message.seed, message.index
        )
        self._post(told, buffers)
        self._seen = Seen(told.strategy, told.start, told.seed, told.index)
        if self._still is not None:
            self._still.note(at_once=False)

    def _check(self, message: m.AttemptMessage) -> None:
        attempt = telling.attempt_of(message)
        found = report(self._course, attempt)
        self._post(*telling.exercise(message, found))
        if found.done:
            try:
                self._results.add(attempt, found)
            except StoreError as error:
                why = f"Your result counts here, but was not saved for the class. {error}"
                self._post(m.TroubleMessage(to=message.view, words=words(why)))


def _check_options(options: Mapping[str, Any]) -> None:
    known = list(inspect.signature(Lesson).parameters)
    if unknown := [name for name in options if name not in known]:
        raise InvalidInput(
            f"{unknown[0]}= is not an option of a Lesson.{nearest(unknown[0], known)} Expected some of "
            f"{', '.join(known)}."
        )
