"""Features of lists, from those of their members."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, TransformerMixin

__all__ = ["Beside", "Joined", "beside", "join"]


def join(Z: npt.NDArray[Any], lengths: Sequence[int], compares: bool = True) -> npt.NDArray[np.float32]:
    """Return the features of lists.

    Parameters
    ----------
    Z
        Features of the members, one list after the other, (m, d).
    lengths
        The number of members of each list.
    compares
        Whether the members are compared, so that of pairs only the difference counts.

    Returns
    -------
    float32 (n, d): for pairs that are compared the difference, the first minus the second. Otherwise the
    features of the members one after the other, (n, k d), where k is the length of the longest list; zeros
    where a list is shorter.
    """
    n, counts = len(lengths), np.asarray(lengths)
    if compares and (counts == 2).all():
        pairs = np.asarray(Z, np.float32).reshape(n, 2, -1)
        return np.ascontiguousarray(pairs[:, 0] - pairs[:, 1])
    members = np.asarray(Z, np.float32)
    found = np.zeros((n, int(counts.max()), members.shape[1]), np.float32)
    found[np.arange(found.shape[1]) < counts[:, None]] = members
    return found.reshape(n, -1)


class Joined(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Transforms lists by a fitted transformer of their members.

    Parameters
    ----------
    encoder
        The transformer of the members.
    compares
        Whether the members are compared: see :func:`join`.
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {}

    def __init__(self, encoder: Any, compares: bool = True) -> None:
        self.encoder = encoder
        self.compares = compares

    def fit(self, X: Any, y: Any = None) -> Joined:  # noqa: ARG002
        """Do nothing, because the transformer is already fitted."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def transform(self, X: Sequence[Sequence[Any]]) -> npt.NDArray[np.float32]:
        """Return the features of lists, float32 (n, d)."""
        Z = self.encoder.transform(list(chain.from_iterable(X)))
        return join(np.asarray(Z), list(map(len, X)), self.compares)


def beside(blocks: Sequence[npt.NDArray[Any]], scales: Sequence[float]) -> npt.NDArray[np.float32]:
    """Return the features of several columns one after the other, each divided by its scale."""
    return np.concatenate(
        [np.asarray(Z, np.float32) / np.float32(scale) for Z, scale in zip(blocks, scales, strict=True)],
        axis=1,
    )


class Beside(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Transforms items of several columns by a fitted transformer for each.

    Parameters
    ----------
    encoders
        The transformers, one for each column.
    scales
        What the features of each are divided by.
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {}

    def __init__(self, encoders: Sequence[Any], scales: Sequence[float]) -> None:
        self.encoders = encoders
        self.scales = scales

    def fit(self, X: Any, y: Any = None) -> Beside:  # noqa: ARG002
        """Do nothing, because the transformers are already fitted."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def transform(self, X: Sequence[Sequence[Any]]) -> npt.NDArray[np.float32]:
        """Return the features of items, float32 (n, d)."""
        columns = [[item[k] for item in X] for k in range(len(self.encoders))]
        return beside([e.transform(c) for e, c in zip(self.encoders, columns, strict=True)], self.scales)
