"""Types of arrays, and the softmax."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["FloatArray", "IntArray", "softmax"]

IntArray = npt.NDArray[np.integer[Any]]
FloatArray = npt.NDArray[np.floating[Any]]

_SHORT = 50


def softmax(scores: FloatArray) -> FloatArray:
    """Convert rows of scores to rows of probabilities."""
    # By column, because NumPy's maximum along short rows takes eight times as long.
    high = functools.reduce(np.maximum, scores.T) if scores.shape[1] < _SHORT else scores.max(axis=1)
    exp = np.exp(scores - high[:, None])
    return np.asarray(exp / np.einsum("ij->i", exp)[:, None])
