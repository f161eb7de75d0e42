"""Features of lists, from those of their members."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, TransformerMixin

__all__ = ["Joined", "join"]


def join(Z: npt.NDArray[Any], lengths: Sequence[int]) -> npt.NDArray[np.float32]:
    """Return the features of lists.

    Parameters
    ----------
    Z
        Features of the members, one list after the other, (m, d).
    lengths
        The number of members of each list.

    Returns
    -------
    float32 (n, d): for pairs the difference, the first minus the second. For longer lists the features of the
    members one after the other, (n, k d), where k is the length of the longest list; zeros where a list is
    shorter.
    """
    n, counts = len(lengths), np.asarray(lengths)
    if (counts == 2).all():
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
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {}

    def __init__(self, encoder: Any) -> None:
        self.encoder = encoder

    def fit(self, X: Any, y: Any = None) -> Joined:  # noqa: ARG002
        """Do nothing, because the transformer is already fitted."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def transform(self, X: Sequence[Sequence[Any]]) -> npt.NDArray[np.float32]:
        """Return the features of lists, float32 (n, d)."""
        Z = self.encoder.transform(list(chain.from_iterable(X)))
        return join(np.asarray(Z), list(map(len, X)))
