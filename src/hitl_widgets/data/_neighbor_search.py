"""Nearest neighbors among distinct rows: exact, or approximate in a child process."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import ThreadpoolController

from hitl_widgets.background.children import Cancelled, ChildJob, Progress, stopping

__all__ = ["Search"]

_BLOCK = 4_096
_WORDS = "finding neighbours"


@dataclass(frozen=True)
class Search:
    """Search for Euclidean neighbors among distinct rows."""

    k: int
    exact_rows: int
    on_progress: Progress
    cancelled: Callable[[], bool]

    def __call__(self, rows: npt.NDArray[np.float32]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        n = len(rows)
        k = min(self.k, n - 1)
        if n <= self.exact_rows or importlib.util.find_spec("pynndescent") is None:
            return self._exact(rows, np.arange(n), k)
        indices, distances, short = _others(*self._descend(rows, k), np.arange(n), k)
        if short.any():
            indices[short], distances[short] = self._exact(rows, np.flatnonzero(short), k)
        return indices, distances

    def _exact(
        self, rows: npt.NDArray[np.float32], asked: npt.NDArray[np.int64], k: int
    ) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Search by brute force, with products in float64: |a|^2 + |b|^2 - 2ab is inexact in float32."""
        from sklearn.neighbors import NearestNeighbors

        index = NearestNeighbors(n_neighbors=k + 1, algorithm="brute").fit(rows)
        indices = np.empty((len(asked), k), np.int64)
        distances = np.empty((len(asked), k))
        openmp = ThreadpoolController().select(user_api="openmp")  # a limit restores all of these on exit
        for start in range(0, len(asked), _BLOCK):
            self.on_progress(_WORDS, start / len(asked))
            if self.cancelled():
                raise Cancelled("The search for neighbors was cancelled.")
            block = slice(start, start + _BLOCK)
            with openmp.limit(limits=min(2, os.cpu_count() or 1)):
                far, near = index.kneighbors(rows[asked[block]])
            indices[block], distances[block], _ = _others(near, far, asked[block], k)
        return indices, distances

    def _descend(self, rows: npt.NDArray[np.float32], k: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        job = ChildJob(
            "hitl_widgets.data._neighbors_child",
            {"rows": rows},
            {"n_neighbors": k + 1},
            "The search for neighbors failed, so the model and the map do not use them.",
        )
        self.on_progress(_WORDS, None)
        with stopping(job, self.cancelled):
            indices, distances = job.run(self.on_progress, ["indices", "distances"])
        return indices, distances


def _others(
    indices: npt.NDArray[Any], distances: npt.NDArray[Any], rows: npt.NDArray[np.int64], k: int
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """Return the first k neighbors that are not the row itself, and which rows have fewer."""
    others = (indices != rows[:, None]) & (indices >= 0)
    order = np.argsort(~others, axis=1, kind="stable")[:, :k]
    short = others.sum(axis=1) < k
    return np.take_along_axis(indices, order, 1), np.take_along_axis(distances, order, 1), short
