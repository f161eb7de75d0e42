"""Recorded runs of a simulation, question by question, to be shown on a map."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from hitl_widgets.data.pool import Pool
from hitl_widgets.items.base import is_missing
from hitl_widgets.learn.learner import FloatArray, Graph, IntArray, Learner, Refreshable
from hitl_widgets.learn.strategies import Context, Strategy
from hitl_widgets.questions.schema import Schema

__all__ = ["Asked", "RunLog", "ShownLearner", "ShownStrategy", "Source"]


@dataclass(frozen=True, eq=False)
class Source:
    """What the runs were about.

    Attributes
    ----------
    items
        The pool; None if only features were given.
    X
        The features of its items, (n, d).
    rows
        The row of each item in the user's data, (n,).
    question
        The question; None for one of ``classes``.
    learners, strategies
        Those of each contestant.
    """

    items: Pool | None
    X: npt.NDArray[np.float32]
    rows: npt.NDArray[np.int64]
    question: Schema | None
    classes: tuple[Any, ...]
    learners: Mapping[str, Learner]
    strategies: Mapping[str, Strategy]

    @cached_property
    def index(self) -> dict[int, int]:
        """The item of each row."""
        return {row: item for item, row in enumerate(self.rows.tolist())}


class Asked(NamedTuple):
    """One answer: the item, what was answered (None: nothing), by whom, and how it was chosen."""

    item: int
    row: int
    label: Any
    annotator: str
    batch: int
    audited: bool


@dataclass(frozen=True, eq=False)
class RunLog:
    """One run.

    Attributes
    ----------
    asked
        The answers in order.
    curve
        Number of labels and value of the metric at each record.
    """

    asked: tuple[Asked, ...]
    curve: tuple[tuple[int, float], ...]

    @classmethod
    def of(cls, source: Source, queries: pd.DataFrame, frame: pd.DataFrame, metric: str) -> RunLog:
        """The run with these questions and records."""
        n = len(queries)
        people = queries["annotator"] if "annotator" in queries else [""] * n
        audited = queries["audited"] if "audited" in queries else [False] * n
        labels = [None if is_missing(label) else label for label in queries["label"].astype(object)]
        columns = (queries["row"].tolist(), labels, people, queries["batch"].tolist(), audited)
        rows = zip(*columns, strict=True)
        asked = tuple(Asked(source.index[row], row, *rest) for row, *rest in rows)
        curve = frame[["n_labels", metric]].dropna().to_numpy(float)
        return cls(asked, tuple((int(n), float(value)) for n, value in curve))

    def labels(self, step: int) -> dict[int, Any]:
        """The label of each item after so many answers; of several for an item, the last."""
        return {one.item: one.label for one in self.asked[:step] if one.label is not None}

    def value(self, n_labels: int) -> float | None:
        """The metric at the last record with at most so many labels; None before the first."""
        known = [value for n, value in self.curve if n <= n_labels]
        return known[-1] if known else None


class ShownLearner:
    """The learner of the contestant that is shown, which may change between two updates.

    Parameters
    ----------
    source
        The learners.
    contestant
        Returns the contestant that is shown.
    """

    def __init__(self, source: Source, contestant: Callable[[], str]) -> None:
        self._source, self._contestant = source, contestant
        self._given: tuple[Any, ...] = ()
        self._started: dict[str, Learner] = {}
        self._live: Learner | None = None

    @property
    def name(self) -> str:
        """The name of the learner."""
        return self._source.learners[self._contestant()].name

    def start(self, X: Any, n_classes: int, affinity: Graph | None = None) -> ShownLearner:
        """See :class:`~hitl_widgets.learn.learner.Learner`."""
        fresh = ShownLearner(self._source, self._contestant)
        fresh._given = (X, n_classes, affinity)
        return fresh

    def update(self, index: IntArray, y: IntArray, weight: FloatArray | None = None) -> None:
        """See :class:`~hitl_widgets.learn.learner.Learner`; learns with all of its parts."""
        name = self._contestant()
        if name not in self._started:
            self._started[name] = self._source.learners[name].start(*self._given)
        self._live = self._started[name]
        self._live.update(index, y, weight)
        if isinstance(self._live, Refreshable) and self._live.stale:
            self._live.refresh()

    def proba(self, index: IntArray | None = None) -> FloatArray:
        """See :class:`~hitl_widgets.learn.learner.Learner`."""
        assert self._live is not None  # noqa: S101 - updated before
        return self._live.proba(index)


class ShownStrategy:
    """The strategy of the contestant that is shown: see :class:`ShownLearner`."""

    __name__ = "shown"

    def __init__(self, source: Source, contestant: Callable[[], str]) -> None:
        self._source, self._contestant = source, contestant

    def __call__(self, proba: FloatArray, context: Context) -> FloatArray:
        """The utilities."""
        return self._source.strategies[self._contestant()](proba, context)
