"""The exported model: plain scikit-learn, trained on the labels and on predictions of the live model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.background.turns import one_blas_thread
from hitl_widgets.learn.learner import FloatArray, IntArray, named

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline

    from hitl_widgets.learn.forest import ForestClassifier

__all__ = ["distil"]

TRUSTED = 5
ROWS = 10_000
FOLDS = 3
# The minimum gain in accuracy for a nonlinear model, which must also exceed a standard error.
BETTER = 0.01
COMPONENTS, CURVED_C = 500, 100.0
TREES = 100


def distil(
    X: npt.NDArray[np.float32],
    P: FloatArray,
    index: IntArray,
    y: IntArray,
    weight: FloatArray | None = None,
    *,
    share: float = 1.0,
    C: float = 10.0,
    trees: bool = False,
    names: Sequence[Any] | None = None,
) -> LogisticRegression | Pipeline | ForestClassifier:
    """Train a classifier of the features on the labels and the live model's predictions for other rows.

    The weight of a prediction is the square of its confidence above chance; all predictions together have at
    most five times the weight of the labels (self-training: Lee 2013). This is needed because labels chosen
    by one model alone, such as the graph, may be poor training data for another. The classifier is a logistic
    regression, or one on a Nystroem basis (Williams and Seeger 2001) of Gaussians, or a forest, if these
    predict better in three-fold cross-validation.

    Parameters
    ----------
    X, P
        float of shape (n, d) and (n, n_classes): the pool and the live model's probabilities.
    index, y, weight
        The labels, shape (m,).
    share
        Weight of the live model's predictions, 0 to 1.
    C
        Inverse strength of the plain logistic regression's penalty.
    trees
        Whether to try a :class:`~.forest.ForestClassifier`.
    names
        Class names by code, which the model then predicts; by default it predicts codes.
    """
    rows, codes, weights = _lessons(X, P, index, y, weight, share)
    target = named(codes, names)
    from sklearn.linear_model import LogisticRegression

    model: Any = LogisticRegression(C=C, max_iter=2_000)
    others: list[Any] = [_curved(X[rows])]
    if trees:
        from hitl_widgets.learn.forest import ForestClassifier

        others.append(ForestClassifier(TREES, max_samples=ROWS))
    # With equal rows, a Nystroem basis divides by very small numbers. In float32, rounding errors would
    # affect the result, depending on the number of rows predicted at once.
    lessons = np.asarray(X[rows], np.float64)
    with one_blas_thread():
        best = _foretold(model, lessons, codes, weights)
        for other in others:
            told = _foretold(other, lessons, codes, weights)
            if _better(told.astype(float) - best, weights):
                model, best = other, told
        return _fit(model, lessons, target, weights)


def _lessons(
    X: npt.NDArray[np.float32],
    P: FloatArray,
    index: IntArray,
    y: IntArray,
    weight: FloatArray | None,
    share: float,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return training rows, class codes and weights: the labels first, then predictions."""
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
    return rows[counts], codes[counts], weights[counts]


def _curved(X: npt.NDArray[np.float32]) -> Pipeline:
    from sklearn.kernel_approximation import Nystroem
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline

    width = X.shape[1] * float(X.var(dtype=np.float64))
    size = min(COMPONENTS, max(1, len(X) // 2))
    basis = Nystroem(gamma=1 / width if width > 0 else 1.0, n_components=size, random_state=0)
    return Pipeline([("basis", basis), ("model", LogisticRegression(C=CURVED_C, max_iter=2_000))])


def _fit(model: Any, X: FloatArray, y: npt.NDArray[Any], weights: FloatArray) -> Any:
    name = "model__sample_weight" if hasattr(model, "steps") else "sample_weight"
    return model.fit(X, y, **{name: weights})


def _foretold(
    model: Any, X: FloatArray, codes: npt.NDArray[np.int64], weights: FloatArray
) -> npt.NDArray[np.bool_]:
    """Return which rows are predicted correctly in cross-validation."""
    fold = np.arange(len(X)) % FOLDS
    right = np.zeros(len(X), dtype=bool)
    for k in range(FOLDS):
        held = fold == k
        if held.any() and len(np.unique(codes[~held])) > 1:
            fitted = _fit(model, X[~held], codes[~held], weights[~held])
            right[held] = fitted.predict(X[held]) == codes[held]
    return right


def _better(gain: FloatArray, weights: FloatArray) -> bool:
    mean = float(np.average(gain, weights=weights))
    error = float(np.sqrt(np.square(weights * (gain - mean)).sum()) / weights.sum())
    return mean > max(BETTER, error)
