"""Alike: the items that are most like one of them."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput
from hitl_widgets.learn.graph import Spread
from hitl_widgets.learn.learner import Landmarks
from hitl_widgets.learn.scoring import blocks_of
from hitl_widgets.loop.asking import Ground

__all__ = ["Alike"]

N_ALIKE = 50


class Alike:
    """Find similar items on the neighbour graph, or by their features while there is no graph of all items.

    On the graph, similarity is the share of a random walk with restart (Tong, Faloutsos and Pan 2006) that
    starts at the item, so that it follows the shape of a cluster. Otherwise it is the Euclidean distance.

    Parameters
    ----------
    ground
        Returns the features and the graph; None before there are features.
    """

    def __init__(self, ground: Callable[[], Ground | None]) -> None:
        self._ground = ground
        self._lock = threading.Lock()
        self._walked: tuple[Ground, Spread] | None = None

    def to(self, row: int, among: npt.NDArray[np.bool_], n: int = N_ALIKE) -> npt.NDArray[np.int64]:
        """Return the items most like one of them, most similar first, starting with the item itself.

        Parameters
        ----------
        row
            A row of the pool.
        among
            bool of shape (n_items,): the items to choose from.
        n
            How many to return; fewer if there are fewer.

        Returns
        -------
        ndarray
            int64 of shape (k,), k <= n.

        Raises
        ------
        InvalidInput
            If the features of the items are still being computed.
        """
        ground = self._ground()
        if ground is None:
            raise InvalidInput("The features of the items are still being computed: try again soon.")
        rows, likeness = self._reached(ground, row)
        if int(among[rows].sum()) < min(n, int(among.sum())):
            rows, likeness = _near(ground, row)
        there = among[rows]
        rows, likeness = rows[there], likeness[there]
        if len(rows) > n:
            best = np.argpartition(-likeness, n)[:n]
            rows, likeness = rows[best], likeness[best]
        likeness = np.where(rows == row, np.inf, likeness)
        return rows[np.lexsort((rows, -likeness))].astype(np.int64)

    def _reached(self, ground: Ground, row: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        if ground.affinity is None or isinstance(ground.affinity, Landmarks):
            return _near(ground, row)
        with self._lock:
            if self._walked is None or self._walked[0] is not ground:
                self._walked = ground, Spread(ground.affinity)
            rows, amount = self._walked[1].column(row)
        return rows, amount.astype(np.float64)


def _near(ground: Ground, row: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return all rows, and minus the squared distance of each."""
    X = ground.X
    at = np.asarray(X[row : row + 1], np.float32)[0]
    likeness = np.empty(len(X))
    for part in blocks_of(X):
        block = np.asarray(X[part], np.float32)
        likeness[part] = -np.einsum("ij,ij->i", block - at, block - at)
    return np.arange(len(X)), likeness
