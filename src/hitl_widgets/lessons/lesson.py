"""Lessons: a strategy step by step on points in the plane, and a student who plays against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput
from hitl_widgets.learn.learner import (
    FloatArray,
    Learner,
    Refreshable,
    SklearnLearner,
    class_shares,
    seeded,
)
from hitl_widgets.learn.linear import LinearLearner
from hitl_widgets.learn.strategies import (
    Context,
    Strategy,
    cold_start_size,
    evaluate,
    kmeans_start,
    pick,
)
from hitl_widgets.lessons.plane import Bytes, Plane, surface_of
from hitl_widgets.lessons.words import Asked, too_few, why

__all__ = ["Step", "Student", "Trace", "failed"]

COLD, STRATEGY = 1, 3


@dataclass(frozen=True, eq=False)
class Step:
    """One step of a lesson.

    Attributes
    ----------
    labelled
        The labelled points, in the order they were labelled.
    accuracy
        Share of all points that are correct: labelled points count as correct, others as predicted.
    proba
        float32 (n, n_classes).
    surface
        uint8 (2, 3600): the most likely class in each cell of the plane, and its lead in 256 levels.
    utilities, heat
        The strategy's utilities of the points and the cells, uint8 (n,) and (3600,), scaled from the worst
        to the best candidate; None if all are equal or the strategy was not used.
    query
        The point to label next; None at the end.
    why
        One sentence that explains the choice.
    """

    labelled: tuple[int, ...]
    accuracy: float
    proba: FloatArray
    surface: Bytes
    utilities: Bytes | None = None
    heat: Bytes | None = None
    query: int | None = None
    why: str = ""


class _Model:
    """A learner that also predicts the cells: as rows after the points, or from nearby points.

    An estimator that cannot be fitted to fewer labels than a session's cold start is replaced by the class
    shares until then; ``failure`` is its error.
    """

    def __init__(self, plane: Plane, learner: Learner) -> None:
        self._plane = plane
        # Other learners may use the pool itself in training, which additional cells would change.
        self.sees_cells = isinstance(learner, LinearLearner | SklearnLearner)
        X = plane.everything if self.sees_cells else plane.X
        self.failure: Exception | None = None
        self._learner = learner.start(X, plane.n_classes, None if self.sees_cells else plane.affinity)

    def learn(self, rows: Sequence[int]) -> FloatArray:
        """Class probabilities of the points, then of the cells: (n + 3600, k)."""
        labelled = np.array(rows)
        codes, k = self._plane.truth[labelled], self._plane.n_classes
        self.failure = None
        try:
            self._learner.update(labelled, codes)
            if isinstance(self._learner, Refreshable) and self._learner.stale:
                self._learner.refresh()
            proba = np.asarray(self._learner.proba())
        except Exception as error:
            if isinstance(self._learner, SklearnLearner) and len(rows) < cold_start_size(k):
                self.failure = error
                return np.tile(class_shares(codes, k), (len(self._plane.everything), 1))
            raise failed(self._learner, len(rows), error) from error
        return proba if self.sees_cells else np.vstack([proba, self._plane.spread(proba)])


def failed(learner: Learner, n: int, error: Exception) -> InvalidInput:
    """The error for a learner that failed on ``n`` labels."""
    return InvalidInput(
        f"The learner {learner.name!r} failed on {n} labels: {str(error).rstrip('.')}. Choose one that can "
        "learn from so few, such as learner='linear'."
    )


class _Run:
    """A sequence of labels after a cold start, with the model after each."""

    def __init__(self, plane: Plane, learner: Learner, seed: int) -> None:
        self.plane, self.seed = plane, seed
        self.learner = seeded(learner, seed)
        self._model = _Model(plane, self.learner)
        self.start = tuple(kmeans_start(plane.X, plane.n_classes, [seed, COLD, 1]))
        self.y = np.full(len(plane), -1, dtype=np.int16)
        self.rows: list[int] = []

    def _label(self, rows: Sequence[int]) -> FloatArray:
        # Not twice if a strategy failed after its last label and is called again.
        self.rows += [row for row in rows if self.y[row] < 0]
        self.y[list(rows)] = self.plane.truth[list(rows)]
        return self._model.learn(self.rows)

    def _step(self, proba: FloatArray, **rest: Any) -> Step:
        n = len(self.plane)
        # Measure all strategies on the same points: one that labels the hard points leaves the easy ones.
        right = (self.y >= 0) | (proba[:n].argmax(axis=1) == self.plane.truth)
        return Step(tuple(self.rows), float(right.mean()), proba[:n], surface_of(proba[n:]), **rest)


class Trace(_Run):
    """The run of a strategy: ``trace[i]`` is the step after i questions, the same in every call.

    Parameters
    ----------
    plane
        The points.
    learner
        The learner; a fresh copy is used.
    name, strategy
        As returned by :func:`~hitl_widgets.learn.strategies.as_strategy`.
    budget
        Number of labels at the end, including the cold start.
    seed
        Seed of the cold start and all other randomness.
    """

    def __init__(
        self, plane: Plane, learner: Learner, name: str, strategy: Strategy, budget: int, seed: int
    ) -> None:
        super().__init__(plane, learner, seed)
        self.name, self._strategy, self.budget = name, strategy, budget
        self._pointwise = self._model.sees_cells
        self._steps: list[Step] = []

    def __len__(self) -> int:
        return self.budget - len(self.start) + 1

    def __getitem__(self, i: int) -> Step:
        if not 0 <= i < len(self):
            raise IndexError(f"step {i} of {len(self)}")
        while len(self._steps) <= i:
            last = self._steps[-1].query if self._steps else None
            self._steps.append(self._advance(self.start if last is None else (last,)))
        return self._steps[i]

    @property
    def failure(self) -> Exception | None:
        """The error of the last step if the estimator could not be fitted yet."""
        return self._model.failure

    def curve(self, i: int) -> list[float]:
        """The accuracies up to step ``i``."""
        return [self[j].accuracy for j in range(i + 1)]

    def _advance(self, rows: Sequence[int]) -> Step:
        proba = self._label(rows)
        if len(self.rows) >= self.budget:
            return self._step(proba)
        names, n = self.plane.schema.names, len(self.plane)
        if self.failure or len(np.unique(self.y[self.rows])) < 2:
            [query] = self._rng().choice(np.flatnonzero(self.y < 0), 1)
            words = too_few(self.learner.name) if self.failure else why(self.name, None, names)
            return self._step(proba, query=int(query), why=words)
        context = self._context(self.plane.X, self.y, affinity=True)
        utilities = self._utilities(proba[:n], context)
        [query] = pick(utilities, context, diverse=False)
        best = utilities[context.candidates] >= utilities[query] - 1e-12
        asked = Asked(proba[query], float(utilities[query]), int(best.sum()), bool(best.all()))
        points, heat = self._heat(utilities, proba, context)
        words = why(self.name, asked, names)
        return self._step(proba, utilities=points, heat=heat, query=query, why=words)

    def _utilities(self, proba: FloatArray, context: Context) -> FloatArray:
        try:
            return evaluate(self._strategy, proba, context)
        except InvalidInput:
            raise
        except Exception as error:
            raise InvalidInput(
                f"The strategy {self.name!r} failed on {len(self.rows)} labels: {type(error).__name__}: "
                f"{str(error).rstrip('.')}. Fix it, or choose another one, such as strategy='margin'."
            ) from error

    def _rng(self) -> np.random.Generator:
        return np.random.default_rng([self.seed, STRATEGY, len(self.rows)])

    def _context(self, X: npt.NDArray[np.float32], y: npt.NDArray[np.int16], *, affinity: bool) -> Context:
        graph = self.plane.affinity if affinity else None
        return Context(X, y, y < 0, self._rng(), 1, graph, self.learner)

    def _heat(
        self, utilities: FloatArray, proba: FloatArray, context: Context
    ) -> tuple[Bytes | None, Bytes | None]:
        """The utilities of the points and of the cells in 256 levels."""
        among = utilities[context.candidates]
        if np.ptp(among) < 1e-12:
            return None, None
        cells = self._on_cells(utilities, proba, context)
        top = among.max()
        if cells is None:
            cells = self.plane.spread(among, np.flatnonzero(context.candidates))
            # A batch strategy gives its choice a much higher utility than all others.
            top = np.partition(among, -2)[-2]
        low = among.min()
        scale = 255 / (top - low if top > low else 1.0)
        points = np.where(context.candidates, (np.nan_to_num(utilities) - low) * scale, 0)
        return _bytes(points), _bytes((cells - low) * scale)

    def _on_cells(self, utilities: FloatArray, proba: FloatArray, context: Context) -> FloatArray | None:
        """The utilities of the cells, if the strategy rates each row alone, so that points keep theirs."""
        if not self._pointwise:
            return None
        n = len(self.plane)
        y = np.full(len(self.plane.everything), -1, dtype=np.int16)
        y[:n] = self.y
        try:
            values = evaluate(self._strategy, proba, self._context(self.plane.everything, y, affinity=False))
        except Exception:  # noqa: BLE001 - a strategy may not support cells
            self._pointwise = False
            return None
        same = np.allclose(values[:n][context.candidates], utilities[context.candidates], atol=1e-6)
        self._pointwise = bool(same)
        return values[n:] if same else None


class Student(_Run):
    """The run of a student who chooses the points, from the same cold start, with true labels."""

    def __init__(self, plane: Plane, learner: Learner, seed: int) -> None:
        super().__init__(plane, learner, seed)
        self.picks: list[int] = []
        self.now = self._step(self._label(self.start))
        self.curve = [self.now.accuracy]

    def pick(self, row: int) -> Step:
        """Label a point.

        Raises
        ------
        InvalidInput
            If the point does not exist or is already labelled.
        """
        if not 0 <= row < len(self.plane) or self.y[row] >= 0:
            raise InvalidInput(f"Point {row} cannot be labelled: expected an unlabelled point.")
        self.picks.append(row)
        self.now = self._step(self._label([row]))
        self.curve.append(self.now.accuracy)
        return self.now


def _bytes(values: FloatArray) -> Bytes:
    return np.rint(np.clip(values, 0, 255)).astype(np.uint8)
