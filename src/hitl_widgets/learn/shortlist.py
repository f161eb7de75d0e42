"""A shortlist of rows worth scoring, where a pass over all of them takes too long."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput, missing_extra
from hitl_widgets.learn.learner import IntArray

__all__ = ["Shortlist"]

RANDOM = 0.25
PROBES = 16
ROUNDS = 10  # of k-means: cells need not be good ones
_TRAINING = 64  # rows for each cell of the index
_BLOCK = 65_536
_NEIGHBOURS = 2_048  # of one labelled row, at most


class Shortlist:
    """Neighbours of what is labelled, and a random slice.

    For tens of millions of rows. An inverted file of 8-bit vectors (Jegou, Douze and Schmid 2011; Faiss)
    is built once, at a byte a number. Below some millions of rows score them all: it is as quick, and
    the row that is worth most is never missed. A shortlist of last round's best rows is not a substitute:
    after one more label it holds between a tenth and nine tenths of the new best hundred.

    Parameters
    ----------
    X
        float32 or float16 of shape (n, d), or what gives such blocks; read once, a block at a time.
    random_state
        Seeds the choice of the rows that the cells are made from.
    """

    def __init__(self, X: Any, random_state: int = 0) -> None:
        faiss = _faiss()
        n, d = X.shape
        cells = int(np.clip(np.sqrt(n), 1, max(1, n // 39)))  # Faiss wants 39 rows for each
        rng = np.random.default_rng(random_state)
        sample = np.sort(rng.choice(n, min(n, _TRAINING * cells), replace=False))
        self._X = X
        self._index = faiss.IndexIVFScalarQuantizer(
            faiss.IndexFlatL2(d), d, cells, faiss.ScalarQuantizer.QT_8bit
        )
        self._index.cp.niter = ROUNDS
        self._index.train(_rows(X[sample]))
        for low in range(0, n, _BLOCK):
            self._index.add(_rows(X[low : low + _BLOCK]))
        self._index.nprobe = PROBES

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def rows(self, labelled: IntArray, size: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
        """At most ``size`` rows to score: three quarters near what is labelled, the others at random.

        Parameters
        ----------
        labelled
            int64 of shape (m,): the rows that have a label; they are not among those found.

        Returns
        -------
        int64 of shape (k,), ascending and distinct.
        """
        near = self._near(np.asarray(labelled, np.int64), round(size * (1 - RANDOM)))
        taken = np.concatenate([np.asarray(labelled, np.int64), near])
        left = size - len(near)
        drawn = np.setdiff1d(rng.choice(len(self), min(len(self), left + len(taken)), replace=False), taken)
        return np.sort(np.concatenate([near, rng.permutation(drawn)[:left]]))

    def _near(self, labelled: IntArray, size: int) -> npt.NDArray[np.int64]:
        """The nearest to any labelled row, each taking its turn."""
        if not len(labelled) or not size:
            return np.empty(0, np.int64)
        k = min(len(self), _NEIGHBOURS, 4 * -(-size // len(labelled)) + len(labelled))
        _, found = self._index.search(_rows(self._X[labelled]), k)
        in_turn = found.T.ravel()
        in_turn = in_turn[~np.isin(in_turn, [-1, *labelled.tolist()])]
        _, first = np.unique(in_turn, return_index=True)
        return np.asarray(in_turn[np.sort(first)[:size]], np.int64)


def _rows(X: Any) -> npt.NDArray[np.float32]:
    return np.ascontiguousarray(X, np.float32)


def _faiss() -> Any:
    try:
        import faiss
    except ImportError:
        raise InvalidInput(missing_extra("A shortlist", "Faiss", "faiss")) from None
    return faiss
