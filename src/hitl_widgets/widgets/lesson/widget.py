"""Lesson: the Python side."""

from __future__ import annotations

import os
import uuid
import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import msgspec
import numpy as np

from hitl_widgets.errors import InvalidInput
from hitl_widgets.lessons.course import Course
from hitl_widgets.lessons.lesson import Step
from hitl_widgets.lessons.plane import CELLS
from hitl_widgets.widgets.channel import ChannelWidget
from hitl_widgets.widgets.lesson import messages as m
from hitl_widgets.widgets.lesson.picturing import still
from hitl_widgets.widgets.lesson.saving import save, table
from hitl_widgets.widgets.shared.messages import PlainClass
from hitl_widgets.widgets.still import Still
from hitl_widgets.widgets.wire import Bye, FromBrowser, Hello, words

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Lesson"]


class Lesson(ChannelWidget):
    """Active learning in the plane, for teaching: watch a strategy, or play against it.

    Parameters
    ----------
    X
        Numbers of shape (n, 2), 10 to 2,000 points, such as two columns of
        :func:`hitl_widgets.datasets.toy`.
    y
        The true class of each point, shape (n,); two to six classes. It answers all questions.
    learner
        ``"linear"``, a scikit-learn classifier, or a Learner, as for a Session. Until a classifier can be
        fitted to the first labels, class shares are predicted instead.
    strategy
        The strategy shown first: the name of one, or a function ``(probabilities, context) -> utilities``.
        All others can be chosen in the widget.
    classes
        The class names in order; None means the sorted classes in ``y``.
    budget
        Number of labels at the end, including the cold start (one per class, k-means).
    random_state
        Seed of the cold start and all other randomness: every run has the same steps.

    Raises
    ------
    InvalidInput
        For invalid arguments, or a learner or strategy that fails on the first labels.

    Notes
    -----
    Accuracy is measured on all points, whose classes are known here; labelled points count as correct. This
    is not possible for real pools. A saved notebook contains a still picture of
    the lesson, with its points and their labels so far, but no names of classes.
    """

    _bundle = "lesson"
    _takes: ClassVar[Any] = m.Takes
    _tells: ClassVar[Any] = m.Tells
    _words = "hitl-widgets: a lesson on active learning. Run this cell to see it."

    def __init__(
        self,
        X: Any,
        y: Any,
        *,
        learner: Any = "linear",
        strategy: Any = "margin",
        classes: Any = None,
        budget: int = 30,
        random_state: int = 0,
    ) -> None:
        self._course = Course(X, y, learner, strategy, classes, budget, random_state)
        # The step in the still picture.
        self._seen = (self._course.strategy, 0)
        self._still: Still | None = None
        super().__init__("lesson", uuid.uuid4().hex)

    def __repr__(self) -> str:
        plane = self._course.plane
        return f"<Lesson on {len(plane)} points, {plane.n_classes} classes>"

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
            Columns strategy, labels (int) and accuracy (float), in this order, a row for each step.
        """
        return table(self._course, strategies)

    def _picture(self) -> str:
        return still(self._course, *self._seen)

    def _displayed_as(self, name: str) -> None:
        known = weakref.ref(self)

        def make() -> dict[str, str] | None:
            widget = known()
            return widget and widget._fallback()  # noqa: SLF001

        self._still = Still(name, make)

    def _handle(self, message: FromBrowser) -> None:
        match message:
            case Hello():
                self._greet(message.view)
            case Bye():
                pass
            case m.Step() | m.Play():
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
        course, plane = self._course, self._course.plane
        across = (plane.X - plane.low) / (plane.high - plane.low)
        points = np.stack([across[:, 0], 1 - across[:, 1]], axis=1).astype("<f4")
        welcome = m.LessonWelcome(
            to=view,
            classes=[PlainClass(**c) for c in plane.schema.to_dict()["classes"]],
            learner=course.learner.name,
            strategies=list(course.strategies),
            strategy=course.strategy,
            seed=course.seed,
            budget=course.budget,
            n_start=len(course.trace(course.strategy, course.seed).start),
            cells=CELLS,
            n=len(plane),
            recorded=False,
        )
        return welcome, [points.tobytes(), plane.truth.astype(np.uint8).tobytes()]

    def _moment(self, view: str, strategy: str, seed: int, index: int) -> tuple[m.MomentMessage, list[bytes]]:
        last = len(self._course.trace(strategy, seed)) - 1
        index = min(index, last)
        step, curve = self._course.step(strategy, seed, index)
        moment, buffers = _wire(step)
        told = m.MomentMessage(
            to=view,
            strategy=strategy,
            seed=seed,
            index=index,
            last=last,
            curve=_round(curve),
            **msgspec.structs.asdict(moment),
        )
        return told, buffers

    def _show(self, message: m.Step | m.Play) -> None:
        if isinstance(message, m.Step):
            told, buffers = self._moment(message.view, message.strategy, message.seed, message.index)
            self._post(told, buffers)
            self._seen = (told.strategy, told.index)
            if self._still is not None:
                self._still.note(at_once=False)
            return
        course = self._course
        student = course.play(message.seed, message.picks)
        step, theirs = course.step(message.strategy, message.seed, len(message.picks))
        you, yours = _wire(student.now)
        machine, rest = _wire(step)
        self._post(
            m.GameMessage(
                to=message.view,
                strategy=message.strategy,
                seed=message.seed,
                picks=list(student.picks),
                you=you,
                machine=machine,
                yours=_round(student.curve),
                theirs=_round(theirs),
            ),
            yours + rest,
        )


def _wire(step: Step) -> tuple[m.Moment, list[bytes]]:
    """Convert a step to a message: text and numbers, with small arrays as bytes."""
    points = np.stack([step.proba.argmax(axis=1), np.rint(255 * step.proba.max(axis=1))])
    buffers = [step.surface.tobytes(), points.astype(np.uint8).tobytes()]
    moment = m.Moment(
        labelled=list(step.labelled),
        accuracy=round(step.accuracy, 4),
        query=step.query,
        why=step.why,
        heat=step.heat is not None,
    )
    if step.heat is not None and step.utilities is not None:
        buffers += [step.heat.tobytes(), step.utilities.tobytes()]
    return moment, buffers


def _round(curve: list[float]) -> list[float]:
    return [round(value, 4) for value in curve]
