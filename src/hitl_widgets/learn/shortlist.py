"""A shortlist of rows to score, for pools in which scoring all rows takes too long."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput, missing_extra
from hitl_widgets.learn.learner import IntArray

__all__ = ["Shortlist"]

RANDOM = 0.25
PROBES = 16
ROUNDS = 10  # of k-means; the cells need not be optimal
_TRAINING = 64  # rows for each cell of the index
_BLOCK = 65_536
_NEIGHBOURS = 2_048  # maximum neighbors of one labeled row


class Shortlist:
    """A shortlist of neighbors of labeled rows and random rows.

    For tens of millions of rows. An inverted file of 8-bit vectors (Jegou, Douze and Schmid 2011; Faiss) is
    built once, with one byte per number. Below several million rows, score all of them: this is as fast, and
    never misses the best row. The best rows of the last round are not a substitute: after one more label,
    they contain between a tenth and nine tenths of the new best hundred.

    Parameters
    ----------
    X
        float32 or float16 of shape (n, d), or an object with such blocks; read once, a block at a time.
    random_state
        Seed for the sample of rows that the cells are trained on.
    """

    def __init__(self, X: Any, random_state: int = 0) -> None:
        faiss = _faiss()
        n, d = X.shape
        cells = int(np.clip(np.sqrt(n), 1, max(1, n // 39)))  # Faiss requires 39 rows for each
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
        """Return at most ``size`` rows to score: three quarters near labeled rows, the others random.

        Parameters
        ----------
        labelled
            int64 of shape (m,): the labeled rows, which are excluded from the result.

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
        """Return the nearest neighbors of the labeled rows, taken from each in turn."""
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
