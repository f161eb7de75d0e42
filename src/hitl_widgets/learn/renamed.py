"""A wrapper that adds class names to a classifier of numbered classes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin

from hitl_widgets.learn.arrays import FloatArray

__all__ = ["Renamed"]


class Renamed(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Predicts class names with a fitted classifier of 0 to k - 1.

    Parameters
    ----------
    estimator
        The classifier.
    classes
        The class name for each code, shape (k,).
    """

    def __init__(self, estimator: Any, classes: npt.NDArray[Any]) -> None:
        self.estimator = estimator
        self.classes = classes

    @property
    def classes_(self) -> npt.NDArray[Any]:
        """The class names, by column of :meth:`predict_proba`."""
        return self.classes

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return the class of each row."""
        return np.asarray(self.classes[np.asarray(self.estimator.predict(X), dtype=np.int64)])

    def predict_proba(self, X: Any) -> FloatArray:
        """Return the probability of each class, of shape (n, k)."""
        return np.asarray(self.estimator.predict_proba(X))
