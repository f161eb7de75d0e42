"""A classifier that knows its classes by number alone, called as the person calls them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin

from hitl_widgets.learn.learner import FloatArray

__all__ = ["Renamed"]


class Renamed(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A fitted classifier of 0 to k - 1 that predicts classes as they are called.

    Parameters
    ----------
    estimator
        The classifier.
    classes
        What its codes stand for, shape (k,).
    """

    def __init__(self, estimator: Any, classes: npt.NDArray[Any]) -> None:
        self.estimator = estimator
        self.classes = classes

    @property
    def classes_(self) -> npt.NDArray[Any]:
        """The classes, by column of :meth:`predict_proba`."""
        return self.classes

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """The class of each row."""
        return np.asarray(self.classes[np.asarray(self.estimator.predict(X), dtype=np.int64)])

    def predict_proba(self, X: Any) -> FloatArray:
        """The probability of each class, of shape (n, k)."""
        return np.asarray(self.estimator.predict_proba(X))
