"""The plane of a lesson: its points, and a background grid of cells that shows the model."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from hitl_widgets.datasets.sets import check_distinct
from hitl_widgets.errors import InvalidInput, a_type, choices, nearest
from hitl_widgets.learn.learner import Affinity, FloatArray, IntArray
from hitl_widgets.lessons.measures import Measures
from hitl_widgets.questions.schema import Schema

__all__ = ["Plane", "surface_of"]

CELLS = 60
MARGIN = 0.07
FEWEST_POINTS, MOST_POINTS = 10, 2_000
MOST_CLASSES = 10
NEIGHBOURS = 8

Bytes = npt.NDArray[np.uint8]


class Plane:
    """Points with known classes, and their bounding box divided into 60 x 60 cells.

    Parameters
    ----------
    X
        Finite, of shape (n, d), d at least 2; n from 10 to 2,000.
    y
        Shape (n,): the true class of each point, two to ten different ones.
    classes
        The class names in order; None means the sorted classes in ``y``.
    test
        ``(X, y)``: held-out points, which are never asked; only for points in the plane.
    cost
        Shape (n,), above 0: what a label of each point costs; None if all cost the same.
    at
        Shape (n, 2): where points with more than two features are drawn; None means their first two principal
        components. The model is then known at the points only, and spread from them to the cells.
    space
        Shape (n, 3): where the points are drawn in 3-D; None if they are not.

    Attributes
    ----------
    X, truth
        float32 (n, d) and class codes, int16 (n,).
    xy, flat
        float32 (n, 2): where the points are drawn, and whether these are their features.
    ball
        float32 (n, 3), in the unit ball: where the points are drawn in 3-D; None if they are not.
    everything
        float32 (n + 3600 + m, 2): the points, then the centres of the cells, row by row from the top, then
        the held-out points.
    measures
        What is measured on the points and the held-out points.
    low, high
        float64 (2,): the corners of the box.

    Raises
    ------
    InvalidInput
        If the points cannot be drawn, or a class is missing.
    """

    def __init__(
        self,
        X: Any,
        y: Any,
        classes: Any = None,
        test: Any = None,
        cost: Any = None,
        at: Any = None,
        space: Any = None,
    ) -> None:
        self.X = _points(X)
        self.flat = self.X.shape[1] == 2 and at is None
        self.xy = self.X if self.flat else _positions(self.X, at)
        self.ball = None if space is None else _ball(_places(space, "space", (len(self.X), 3)))
        self.schema, self.truth = _classes(y, classes, len(self.X))
        if test is not None and not self.flat:
            raise InvalidInput(
                "test= needs points in the plane: X of two columns, without at=. Otherwise "
                "the model is known at the points only: omit test=."
            )
        held, held_truth = _held(test, self.schema)
        self.measures = Measures(self.truth, held_truth, self.schema.names)
        self.cost = None if cost is None else _cost(cost, len(self.X))
        low, high = self.xy.min(axis=0).astype(float), self.xy.max(axis=0).astype(float)
        span = np.where(high > low, high - low, 1.0)
        self.low, self.high = low - MARGIN * span, high + MARGIN * span
        step = (np.arange(CELLS) + 0.5) / CELLS
        cells = np.stack(np.meshgrid(step, 1 - step), axis=-1).reshape(-1, 2)
        self._unit = (self.xy - self.low) / (self.high - self.low)
        self._beyond = np.vstack([cells, (held - self.low) / (self.high - self.low)])
        grid = self.low + cells * (self.high - self.low)
        self.everything = np.vstack([self.xy, grid, held]).astype(np.float32)

    def __len__(self) -> int:
        return len(self.X)

    @property
    def n_classes(self) -> int:
        """The number of classes."""
        return len(self.schema.classes)

    @cached_property
    def affinity(self) -> Affinity:
        """The weights of the points' neighbour graph."""
        from hitl_widgets.data.neighbors import NeighborGraph

        return NeighborGraph.build(self.X).weights

    @property
    def unit(self) -> npt.NDArray[np.float32]:
        """Where the points are drawn: x and y in the unit square from the top left."""
        return np.stack([self._unit[:, 0], 1 - self._unit[:, 1]], axis=1).astype(np.float32)

    def spread(self, values: FloatArray, rows: IntArray | None = None) -> FloatArray:
        """Interpolate values of points to the cells and held-out points: the 8 nearest, by 1 / distance^2.

        Inverse distance weighting (Shepard 1968), in units of the box.

        Parameters
        ----------
        values
            Of shape (m,) or (m, k).
        rows
            The points that the values belong to, of shape (m,); None means all points.
        """
        points = self._unit if rows is None else self._unit[rows]
        distance, nearest = cKDTree(points).query(self._beyond, k=range(1, min(NEIGHBOURS, len(points)) + 1))
        weight = 1 / np.maximum(distance, 1e-6) ** 2
        weight /= weight.sum(axis=1, keepdims=True)
        return np.asarray(np.einsum("cm,cm...->c...", weight, values[nearest]))


def surface_of(proba: FloatArray) -> Bytes:
    """The most likely class of each row and its lead in 256 levels: probabilities (c, k) to uint8 (2, c).

    The lead is the difference between the two highest probabilities.
    """
    top = np.partition(proba, -2, axis=1)[:, -2:]
    lead = np.clip(top[:, 1] - top[:, 0], 0, 1)
    return np.stack([proba.argmax(axis=1), np.rint(255 * lead)]).astype(np.uint8)


def _points(X: Any, what: str = "X") -> npt.NDArray[np.float32]:
    try:
        values = _numbers(X)
    except (TypeError, ValueError):
        raise InvalidInput(
            f"{what} contains values that are not numbers. Expected two numeric columns, such as "
            'hitl.datasets.toy("moons")[["x1", "x2"]].'
        ) from None
    if values.ndim != 2 or values.shape[1] < 2:
        raise InvalidInput(
            f"{what} has shape {values.shape}. Expected (n, 2), points in the plane, or (n, d), which are "
            "drawn in two dimensions."
        )
    if not np.isfinite(values).all():
        raise InvalidInput(
            f"{what} contains NaN or infinity. Expected finite numbers: drop those rows first."
        )
    if not FEWEST_POINTS <= len(values) <= MOST_POINTS:
        raise InvalidInput(
            f"{what} has {len(values)} points. Expected {FEWEST_POINTS} to {MOST_POINTS:,}, so that each "
            "can be seen: pass a sample, or label larger pools in a Session."
        )
    with np.errstate(over="ignore", under="ignore"):
        points = values.astype(np.float32)
    if not np.isfinite(points).all():
        raise InvalidInput(
            f"{what} contains {np.abs(values).max():g}. Expected numbers up to 3e38, because lessons compute "
            "with 32 bits: change the unit, such as X / X.std(axis=0)."
        )
    same = (np.ptp(values, axis=0) > 0) & (points.min(axis=0) == points.max(axis=0))
    if same.sum() > values.shape[1] - 2:
        column = values[:, same.argmax()]
        raise InvalidInput(
            f"{what} has a column whose numbers from {column.min():g} to {column.max():g} are the same with "
            "32 bits, with which lessons compute. Change the unit: (X - X.mean(axis=0)) / X.std(axis=0)."
        )
    return points


def _numbers(X: Any) -> FloatArray:
    values = np.asarray(X)
    if np.iscomplexobj(values):
        raise TypeError  # instead of dropping the imaginary part
    return values.astype(np.float64)


def _positions(X: npt.NDArray[np.float32], at: Any) -> npt.NDArray[np.float32]:
    """Where points of any number of features are drawn: ``at``, or their first two principal components."""
    if at is None:
        from hitl_widgets.data.projection import pca_map

        return np.asarray(pca_map(X), dtype=np.float32)
    return _places(at, "at", (len(X), 2))


def _places(given: Any, name: str, shape: tuple[int, int]) -> npt.NDArray[np.float32]:
    places = _points(given, name)
    if places.shape != shape:
        raise InvalidInput(f"{name}= has shape {places.shape}. Expected {shape}: a place for each point.")
    return places


def _ball(places: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The places, centred and scaled so that the farthest is 1 away from the centre."""
    centred = places.astype(np.float64)
    centred -= (centred.min(axis=0) + centred.max(axis=0)) / 2
    farthest = np.sqrt((centred**2).sum(axis=1)).max()
    return np.asarray(centred / (farthest or 1.0), dtype=np.float32)


def _held(test: Any, schema: Schema) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int16]]:
    if test is None:
        return np.zeros((0, 2), dtype=np.float32), np.zeros(0, dtype=np.int16)
    if not isinstance(test, tuple | list) or len(test) != 2:
        raise InvalidInput(
            f"test= is {a_type(test)}: expected (X, y), points that are never asked and their classes."
        )
    X = _points(test[0], "test[0]")
    if X.shape[1] != 2:
        raise InvalidInput(f"test[0] has shape {X.shape}. Expected (m, 2), points in the plane.")
    _, codes = _classes(test[1], list(schema.names), len(X), "test[1]")
    return X, codes


def _cost(cost: Any, n: int) -> npt.NDArray[np.float64]:
    try:
        values = np.asarray(cost, dtype=np.float64)
    except (TypeError, ValueError):
        values = np.zeros(0)
    if values.shape != (n,) or not (np.isfinite(values).all() and (values > 0).all()):
        raise InvalidInput(f"cost= must hold one finite number above 0 for each of the {n} points.")
    return values


def _classes(y: Any, classes: Any, n: int, what: str = "y") -> tuple[Schema, npt.NDArray[np.int16]]:
    truth = np.asarray(y, dtype=object)
    check_distinct(what, truth.ravel())
    if truth.shape != (n,):
        raise InvalidInput(f"{what} has shape {truth.shape}. Expected one class for each of the {n} points.")
    if missing := [i for i, value in enumerate(truth) if value is None or value != value]:  # noqa: PLR0124
        raise InvalidInput(
            f"{what} has no class for point {missing[0]}. A lesson needs the class of every point."
        )
    names = sorted({str(value) for value in truth}) if classes is None else classes
    if classes is None and len(names) == 1:
        raise _one_class(what)
    schema = Schema(names)
    if len(schema.classes) > MOST_CLASSES:
        raise InvalidInput(
            f"{what} has {len(schema.classes)} classes. A lesson shows at most {MOST_CLASSES}, each as a "
            "shape."
        )
    if unknown := [value for value in truth if schema.find(value) is None]:
        raise InvalidInput(
            f"{what} contains {unknown[0]!r}, which is not a class of this lesson."
            f"{nearest(unknown[0], schema.names)} Expected {choices(schema.values)}."
        )
    codes = np.array([schema.code(value) for value in truth], dtype=np.int16)
    if len(np.unique(codes)) < 2:
        raise _one_class(what)
    return schema, codes


def _one_class(what: str) -> InvalidInput:
    return InvalidInput(
        f"{what} has only one class. Expected at least two, so that there is something to learn."
    )
