"""The model that people take away: plain scikit-learn, taught by the labels and by the live model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from hitl_widgets.learn.learner import FloatArray, IntArray, named, one_blas_thread

__all__ = ["distil"]

TRUSTED = 5
ROWS = 20_000


def distil(
    X: npt.NDArray[np.float32],
    P: FloatArray,
    index: IntArray,
    y: IntArray,
    weight: FloatArray | None = None,
    *,
    share: float = 1.0,
    C: float = 10.0,
    names: Sequence[str] | None = None,
) -> LogisticRegression:
    """Logistic regression of the labels and of what the live model says of the rest.

    A prediction counts by the square of its confidence above chance, all together at most five times
    the labels (self-training: Lee 2013). Needed where the graph chose the questions: labels chosen by
    one model alone can teach another badly.

    Parameters
    ----------
    X, P
        float of shape (n, d) and (n, n_classes): the pool and the live model's probabilities.
    index, y, weight
        The labels, shape (m,).
    share
        0 to 1: how far the live model's predictions are trusted.
    C
        Inverse strength of the penalty.
    names
        Class names by code: what the model then predicts. Codes where None.
    """
    n_classes = P.shape[1]
    known = np.zeros(len(X), dtype=bool)
    known[index] = True
    above = (P.max(axis=1) - 1 / n_classes) / (1 - 1 / n_classes)
    trust = np.where(known, 0, np.square(np.maximum(above, 0)))
    rest = np.flatnonzero(trust > 0)
    if len(rest) > ROWS:
        rest = np.sort(np.random.default_rng(0).choice(rest, ROWS, replace=False))
    total = trust[rest].sum()
    scale = share * min(1.0, TRUSTED * len(index) / total) if total > 0 else 0.0
    own = np.ones(len(index)) if weight is None else np.asarray(weight, dtype=np.float64)
    rows = np.concatenate([index, rest])
    codes = np.concatenate([y, P[rest].argmax(axis=1)])
    weights = np.concatenate([own, scale * trust[rest]])
    counts = weights > 0
    model = LogisticRegression(C=C, max_iter=2_000)
    with one_blas_thread():
        return model.fit(X[rows[counts]], named(codes[counts], names), sample_weight=weights[counts])
