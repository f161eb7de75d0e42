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
    IntArray,
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
    pick,
)
from hitl_widgets.lessons.answers import Answers
from hitl_widgets.lessons.measures import stopped_at
from hitl_widgets.lessons.plane import CELLS, Bytes, Plane, surface_of
from hitl_widgets.lessons.starts import start_rows
from hitl_widgets.lessons.words import WITHOUT_MODEL, Asked, of_batch, too_few, why

__all__ = ["Ground", "Model", "Start", "Step", "Student", "Trace", "after", "failed"]

STRATEGY = 3
N_CELLS = CELLS**2

# Strategies that never read the neighbour graph, so that it need not be built.
GRAPHLESS = {
    "random",
    "least_confident",
    "margin",
    "entropy",
    "query_by_committee",
    "vote_entropy",
    "kl_divergence",
    "expected_error_reduction",
    "information_density",
    "kmeans",
    "core_set",
    "badge",
    "margin_kmeans",
    "power_margin",
    "class_balanced",
    "most_likely_positive",
}


@dataclass(frozen=True, eq=False)
class Step:
    """One step of a lesson.

    Attributes
    ----------
    labelled, said
        The labelled points, in the order they were labelled, and the label that each was given.
    accuracy
        Share of all points that are correct: labelled points by their label, others as predicted.
    measures
        This and other measures: see :class:`~hitl_widgets.lessons.measures.Measures`.
    spent
        What the labels cost; their number if all cost the same.
    proba
        float32 (n, n_classes).
    surface
        uint8 (2, 3600): the most likely class in each cell of the plane, and its lead in 256 levels.
    utilities, heat
        The strategy's utilities of the points and the cells, uint8 (n,) and (3600,), scaled from the worst
        to the best candidate; None if all are equal or the strategy was not used.
    queries
        The points to label next, best first; none at the end.
    ranks
        int (n,): the place of each point in the strategy's order, 1 for the best and all that are as good; 0
        for labelled points. None where ``utilities`` is None.
    why
        What is to be said: about the last answer if it was wrong, and why these points are next.
    """

    labelled: tuple[int, ...]
    said: tuple[int, ...]
    measures: tuple[float, ...]
    spent: float
    proba: FloatArray
    surface: Bytes
    utilities: Bytes | None = None
    heat: Bytes | None = None
    queries: tuple[int, ...] = ()
    ranks: IntArray | None = None
    why: str = ""

    @property
    def accuracy(self) -> float:
        """Share of all points that are correct."""
        return self.measures[0]

    @property
    def query(self) -> int | None:
        """The first point to label next; None at the end."""
        return self.queries[0] if self.queries else None


@dataclass(frozen=True)
class Start:
    """Where a run begins: a name of ``STARTS`` or of chosen rows, and the seed of all randomness."""

    name: str
    seed: int
    rows: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Ground:
    """What all runs of a lesson have in common."""

    plane: Plane
    learner: Learner
    answers: Answers


class Model:
    """A learner that also predicts the cells: as rows after the points, or from nearby points.

    An estimator that cannot be fitted to fewer labels than a session's cold start is replaced by the class
    shares until then; ``failure`` is its error.
    """

    def __init__(self, plane: Plane, learner: Learner) -> None:
        self._plane = plane
        # Other learners may use the pool itself in training, which additional cells would change.
        self.sees_cells = plane.flat and isinstance(learner, LinearLearner | SklearnLearner)
        X = plane.everything if self.sees_cells else plane.X
        self.failure: Exception | None = None
        self._learner = learner.start(X, plane.n_classes, None if self.sees_cells else plane.affinity)

    def learn(self, rows: Sequence[int], y: npt.NDArray[np.int16]) -> FloatArray:
        """Class probabilities of the points, then of the cells and held-out points: (n + 3600 + m, k)."""
        labelled = np.array(rows, dtype=np.int64)
        codes, k = y[labelled], self._plane.n_classes
        self.failure = None
        if not rows:
            return np.full((len(self._plane.everything), k), 1 / k, dtype=np.float32)
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

    def __init__(self, ground: Ground, start: Start) -> None:
        self.plane, self.seed = ground.plane, start.seed
        self.learner = seeded(ground.learner, self.seed)
        self._answers = ground.answers
        self._said = ground.answers.drawn(self.seed)
        self._model = Model(self.plane, self.learner)
        plane = self.plane
        self.start = start.rows or start_rows(start.name, plane.X, plane.truth, plane.n_classes, self.seed)
        self.y = np.full(len(plane), -1, dtype=np.int16)
        self.rows: list[int] = []

    def _label(self, rows: Sequence[int]) -> FloatArray:
        # Not twice if a strategy failed after its last label and is called again.
        for row in rows:
            if self.y[row] < 0:
                self.y[row] = self._said[len(self.rows) % len(self._said), row]
                self.rows.append(row)
        return self._model.learn(self.rows, self.y)

    def _news(self) -> str:
        """What is to be said about the last answer; empty if there was none yet, or it was right."""
        last = len(self.rows) - 1
        return "" if last < len(self.start) else self._answers.words(self.rows[last], last, self._said)

    def _step(self, proba: FloatArray, **rest: Any) -> Step:
        n = len(self.plane)
        guess = proba.argmax(axis=1).astype(np.int16)
        labels = np.where(self.y >= 0, self.y, guess[:n])
        cost = self.plane.cost
        return Step(
            tuple(self.rows),
            tuple(int(code) for code in self.y[self.rows]),
            self.plane.measures.of(labels, guess[n + N_CELLS :]),
            float(len(self.rows) if cost is None else cost[self.rows].sum()),
            proba[:n],
            surface_of(proba[n : n + N_CELLS]),
            **rest,
        )


class Trace(_Run):
    """The run of a strategy: ``trace[i]`` is the step after i questions, the same in every call.

    Parameters
    ----------
    ground
        The points, the learner, of which a fresh copy is used, and the answers.
    name, strategy
        As returned by :func:`~hitl_widgets.learn.strategies.as_strategy`.
    budget
        Number of labels at the end, including the cold start.
    start
        The first labels, and the seed.
    batch
        Labels between two updates of the model: the points of the highest utilities.
    """

    def __init__(
        self, ground: Ground, name: str, strategy: Strategy, budget: int, start: Start, batch: int = 1
    ) -> None:
        super().__init__(ground, start)
        self.name, self._strategy, self.budget, self._batch = name, strategy, budget, batch
        self._pointwise = self._model.sees_cells
        self._graphless = name in GRAPHLESS and self._model.sees_cells
        self._steps: list[Step] = []
        self._predicted: list[npt.NDArray[np.int16]] = []

    def __len__(self) -> int:
        return -((len(self.start) - self.budget) // self._batch) + 1

    def __getitem__(self, i: int) -> Step:
        if not 0 <= i < len(self):
            raise IndexError(f"step {i} of {len(self)}")
        while len(self._steps) <= i:
            step = self._advance(self._steps[-1].queries if self._steps else self.start)
            self._steps.append(step)
            if self._two_classes():
                self._predicted.append(step.proba.argmax(axis=1).astype(np.int16))
        return self._steps[i]

    @property
    def failure(self) -> Exception | None:
        """The error of the last step if the estimator could not be fitted yet."""
        return self._model.failure

    def stop(self, i: int) -> int | None:
        """The step, at most ``i``, at which a rule would have stopped: see :func:`stopped_at`.

        Steps before there are labels of two classes do not count, because there is no model.
        """
        skipped = len(self._steps) - len(self._predicted)
        found = stopped_at(self._predicted, self.plane.n_classes)
        return None if found is None or found + skipped > i else found + skipped

    def _two_classes(self) -> bool:
        return not self.failure and len(np.unique(self.y[self.rows])) > 1

    def _advance(self, rows: Sequence[int]) -> Step:
        proba = self._label(rows)
        if len(self.rows) >= self.budget:
            return self._step(proba, why=self._news())
        names, n = self.plane.schema.names, len(self.plane)
        size = min(self._batch, self.budget - len(self.rows))
        if not self._two_classes() and (self.failure or self.name not in WITHOUT_MODEL):
            drawn = self._rng().choice(np.flatnonzero(self.y < 0), size, replace=False)
            words = too_few(self.learner.name) if self.failure else why(self.name, None, names)
            if not self.rows:
                words = "There are no labels yet, so there is no model: drawn at random."
            return self._step(proba, queries=tuple(map(int, drawn)), why=self._said_first(words))
        context = self._context(self.plane.X, self.y, n=size, affinity=not self._graphless)
        utilities = self._utilities(proba[:n], context)
        queries = pick(utilities, context, diverse=False)
        query = queries[0]
        best = utilities[context.candidates] >= utilities[query] - 1e-12
        asked = Asked(proba[query], float(utilities[query]), int(best.sum()), bool(best.all()))
        points, heat = self._heat(utilities, proba, context)
        words = why(self.name, asked, names)
        if context.cost is not None:
            words += f" Its utility is divided by its cost, {context.cost[query]:.3g}."
        words += of_batch(len(queries), getattr(self._strategy, "orders_batch", False))
        return self._step(
            proba,
            utilities=points,
            heat=heat,
            queries=tuple(queries),
            ranks=None if points is None else _ranks(utilities, context.candidates),
            why=self._said_first(words),
        )

    def _said_first(self, words: str) -> str:
        return f"{self._news()} {words}".strip()

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

    def _context(
        self, X: npt.NDArray[np.float32], y: npt.NDArray[np.int16], *, n: int, affinity: bool
    ) -> Context:
        graph = self.plane.affinity if affinity else None
        cost = self.plane.cost
        if cost is not None and len(y) > len(cost):
            cost = np.concatenate([cost, np.full(len(y) - len(cost), cost.mean())])
        return Context(X, y, y < 0, self._rng(), n, graph, self.learner, cost)

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
            cells = self.plane.spread(among, np.flatnonzero(context.candidates))[:N_CELLS]
            # A batch strategy gives its choice a much higher utility than all others.
            top = np.partition(among, -1 - context.n)[-1 - context.n]
        low = among.min()
        scale = 255 / (top - low if top > low else 1.0)
        points = np.where(context.candidates, (np.nan_to_num(utilities) - low) * scale, 0)
        # The colours of cells in 128 levels, which makes a saved lesson smaller.
        return _bytes(points), _bytes((cells - low) * scale) & np.uint8(0xFE)

    def _on_cells(self, utilities: FloatArray, proba: FloatArray, context: Context) -> FloatArray | None:
        """The utilities of the cells, if the strategy rates each row alone, so that points keep theirs."""
        if not self._pointwise:
            return None
        n = len(self.plane)
        y = np.full(len(self.plane.everything), -1, dtype=np.int16)
        y[:n] = self.y
        try:
            beyond = self._context(self.plane.everything, y, n=context.n, affinity=False)
            values = evaluate(self._strategy, proba, beyond)
        except Exception:  # noqa: BLE001 - a strategy may not support cells
            self._pointwise = False
            return None
        same = np.allclose(values[:n][context.candidates], utilities[context.candidates], atol=1e-6)
        self._pointwise = bool(same)
        return values[n : n + N_CELLS] if same else None


class Student(_Run):
    """The run of a student who chooses the points, from the same cold start, with the same answers."""

    def __init__(self, ground: Ground, start: Start) -> None:
        super().__init__(ground, start)
        self.picks: list[int] = []
        self.now = self._step(self._label(self.start))
        self.steps = [self.now]

    @property
    def curve(self) -> list[float]:
        """The accuracies so far."""
        return [step.accuracy for step in self.steps]

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
        self.now = self._step(self._label([row]), why=self._news())
        self.steps.append(self.now)
        return self.now


def after(ground: Ground, start: Start, rows: Sequence[int]) -> float:
    """The accuracy of a model with these labels."""
    run = _Run(ground, start)
    return run._step(run._label(rows)).accuracy  # noqa: SLF001 - of this module


def _bytes(values: FloatArray) -> Bytes:
    return np.rint(np.clip(values, 0, 255)).astype(np.uint8)


def _ranks(utilities: FloatArray, candidates: npt.NDArray[np.bool_]) -> IntArray:
    """The place of each candidate, 1 for the best; equal utilities share a place."""
    among = np.sort(utilities[candidates])
    better = len(among) - np.searchsorted(among, utilities + 1e-12, side="right")
    places = np.where(candidates, better + 1, 0)
    return np.asarray(places, dtype=np.int64)
