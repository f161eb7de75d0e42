"""BinaryRelevance: one learner for each yes-no question about an item."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, ClassVar, cast

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin

from hitl_widgets.learn.auto import Trust
from hitl_widgets.learn.beliefs import medians
from hitl_widgets.learn.learner import (
    FloatArray,
    Graph,
    IntArray,
    Learner,
    LeavingOut,
    NotYet,
    Refreshable,
    foretold,
)

__all__ = ["BinaryRelevance", "Constant", "OrdinalClassifier", "RelevanceClassifier", "level_shares"]

Answers = npt.NDArray[np.bool_]


class BinaryRelevance:
    """Several yes-no questions about each item, each with its own learner on the same rows.

    This is binary relevance (Tsoumakas and Katakis 2007). It has the methods of
    :class:`~hitl_widgets.learn.learner.Learner`, with bool answers of shape (m, k) instead of class codes,
    and probabilities of yes, (n, k), instead of class probabilities.

    Parameters
    ----------
    learner
        The learner for each question, which has two classes.
    """

    def __init__(self, learner: Learner) -> None:
        self.learner = learner

    parts: tuple[Learner, ...] = ()
    _X: Any = None

    @property
    def name(self) -> str:
        """The name of the learner."""
        return self.learner.name

    @property
    def explanation(self) -> str:
        """The mean weights of its learners' experts and the evidence, as text; empty if not available."""
        found: list[Trust] = [trust for part in self.parts if (trust := getattr(part, "trust", None))]
        if len(found) < len(self.parts) or not all(getattr(part, "explanation", "") for part in self.parts):
            return ""
        n, k = max(trust.n_labels for trust in found), len(found)
        graph, linear = sum(t.right_graph for t in found), sum(t.right_linear for t in found)
        mean = replace(
            found[0],
            neighbours=sum(trust.neighbours for trust in found) / k,
            trees=sum(trust.trees for trust in found) / k,
        )
        return (
            f"{mean.short}: in leave-one-out prediction of {n:,} labels, out of {n * k:,} yes-no answers, "
            f"neighbours got {graph:,} right, a linear model {linear:,}"
        )

    def start(self, X: Any, n_classes: int, affinity: Graph | None = None) -> BinaryRelevance:
        """Return new learners with the same settings: see :class:`~hitl_widgets.learn.learner.Learner`."""
        fresh = BinaryRelevance(self.learner)
        fresh._X = X
        # Learners on the same rows share work.
        first = (self.parts or (self.learner,))[0].start(X, 2, affinity)
        fresh.parts = (first, *(first.start(X, 2, affinity) for _ in range(n_classes - 1)))
        return fresh

    def update(self, index: IntArray, y: Answers, weight: FloatArray | None = None) -> IntArray | None:
        """See :class:`~hitl_widgets.learn.learner.Learner`; ``y`` is bool of shape (m, k)."""
        touched: list[IntArray] | None = []
        for part, column in self._columns(y):
            found = part.update(index, column, weight)
            touched = None if found is None or touched is None else [*touched, found]
        return None if touched is None else np.unique(np.concatenate(touched))

    def _columns(self, y: Answers) -> Iterator[tuple[Learner, npt.NDArray[np.int16]]]:
        return zip(self.parts, np.asarray(y, np.int16).T, strict=True)

    def proba(self, index: IntArray | None = None) -> npt.NDArray[np.float32]:
        """Return the probabilities of yes, float32 of shape (m, k)."""
        P = np.empty((len(self._X) if index is None else len(index), len(self.parts)), np.float32)
        for k, part in enumerate(self.parts):
            P[:, k] = part.proba(index)[:, 1]
        if not np.isfinite(P).all() or (P < -1e-6).any() or (P > 1 + 1e-6).any():
            raise ValueError("its probabilities are not finite numbers from 0 to 1")
        return P

    @property
    def stale(self) -> bool:
        """See :class:`~hitl_widgets.learn.learner.Refreshable`."""
        return any(isinstance(part, Refreshable) and part.stale for part in self.parts)

    def refresh(self) -> None:
        """See :class:`~hitl_widgets.learn.learner.Refreshable`."""
        for part in self.parts:
            if isinstance(part, Refreshable) and part.stale:
                part.refresh()

    def told(self, index: IntArray, y: Answers, rows: IntArray) -> npt.NDArray[np.float32]:
        """See :class:`~hitl_widgets.learn.learner.Telling`."""
        P = np.empty((len(rows), len(self.parts)), np.float32)
        for k, (part, column) in enumerate(self._columns(y)):
            told = len(np.unique(column)) > 1
            P[:, k] = foretold(part, index, column, rows)[:, 1] if told else _share(column)
        return P

    def told_left_out(
        self, index: IntArray, y: Answers, rows: IntArray
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        """See :class:`~hitl_widgets.learn.learner.LeavingOut`; requires that each learner is."""
        P, own = np.empty((len(rows), len(self.parts)), np.float32), np.empty(y.shape, np.float32)
        among = np.arange(len(y))
        for k, (part, column) in enumerate(self._columns(y)):
            if len(np.unique(column)) < 2:
                P[:, k] = own[:, k] = _share(column)
                continue
            told, among, left = cast(LeavingOut, part).told_left_out(index, column, rows)
            P[:, k], own[among, k] = told[:, 1], left[:, 1]
        return P, among, own[among]

    def export(
        self,
        index: IntArray,
        y: Answers,
        weight: FloatArray | None = None,
        names: Sequence[Any] | None = None,
    ) -> RelevanceClassifier:
        """Return a fitted classifier that predicts yes or no for each class."""
        made: list[Any] = []
        for part, column in self._columns(y):
            if len(np.unique(column)) < 2:
                made.append(Constant().fit(self._X[index], column))
                continue
            export = getattr(part, "export", None)
            if export is None:
                raise NotYet(f"{self.name} has no method export")
            made.append(export(index, column, weight))
        return RelevanceClassifier(made, names)


def _share(column: npt.NDArray[np.int16]) -> float:
    """Return the probability of yes from the labels alone: Laplace's rule of succession."""
    return float(column.sum() + 1) / (len(column) + 2)


class Constant(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Predicts the same for every item, if all labels are equal: Laplace's rule of succession.

    Attributes
    ----------
    share_
        The probability of yes.
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {}

    @property
    def classes_(self) -> npt.NDArray[np.int64]:
        """The codes of no and yes."""
        return np.arange(2)

    def fit(self, X: Any, y: npt.NDArray[Any]) -> Constant:
        """Count the labels, 0 or 1 of shape (m,)."""
        self.share_ = _share(np.asarray(y))
        return self

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """Return the probabilities of no and yes, float64 of shape (n, 2)."""
        return np.tile([1 - self.share_, self.share_], (_length(X), 1))

    def predict(self, X: Any) -> npt.NDArray[np.int64]:
        """Return 0 or 1 for each item, (n,)."""
        return np.full(_length(X), int(self.share_ > 0.5))


class RelevanceClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Fitted classifiers of yes-no questions, combined into one.

    Parameters
    ----------
    estimators
        Fitted classifiers of 0 and 1, one for each class.
    classes
        The class names.
    """

    def __init__(self, estimators: Sequence[Any], classes: Sequence[Any] | None = None) -> None:
        self.estimators = estimators
        self.classes = classes

    @property
    def classes_(self) -> npt.NDArray[Any]:
        """The classes, in the order of the columns."""
        return np.asarray(range(len(self.estimators)) if self.classes is None else self.classes)

    def fit(self, X: Any, y: Any) -> RelevanceClassifier:
        """Do nothing, because the estimators are already fitted."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """Return the probability of each class, float64 of shape (n, n_classes); rows need not sum to 1."""
        found = np.zeros((_length(X), len(self.estimators)))
        for k, estimator in enumerate(self.estimators):
            classes = list(estimator.classes_)
            if 1 not in classes:
                continue
            if hasattr(estimator, "predict_proba"):
                found[:, k] = estimator.predict_proba(X)[:, classes.index(1)]
            elif hasattr(estimator, "decision_function"):
                found[:, k] = 1 / (1 + np.exp(-np.asarray(estimator.decision_function(X), np.float64)))
            else:
                found[:, k] = np.asarray(estimator.predict(X)) == 1
        return found

    def predict(self, X: Any) -> npt.NDArray[np.bool_]:
        """Return which classes apply, bool of shape (n, n_classes)."""
        return np.asarray(self.predict_proba(X) > 0.5)


class OrdinalClassifier(RelevanceClassifier):
    """A fitted classifier of levels, by whether an item is above each (Frank and Hall 2001).

    Parameters
    ----------
    estimators
        Fitted classifiers of 0 and 1, one for each level but the last: whether an item is above it.
    classes
        The level names, from low to high.
    """

    @property
    def classes_(self) -> npt.NDArray[Any]:
        """The levels, from low to high."""
        return np.asarray(range(len(self.estimators) + 1) if self.classes is None else self.classes)

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """Return the probability of each level, float64 of shape (n, n_levels)."""
        return level_shares(super().predict_proba(X))

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return the median level of each item, (n,)."""
        return np.asarray(self.classes_[medians(self.predict_proba(X))])


def level_shares(above: FloatArray) -> npt.NDArray[np.float64]:
    """Return the probability of each level, (n, n_levels), from that of being above each but the last."""
    # The questions are learned separately, so make the probabilities monotonic.
    above = np.minimum.accumulate(np.asarray(above, np.float64), axis=1)
    one, none = np.ones((len(above), 1)), np.zeros((len(above), 1))
    return np.asarray(np.hstack([one, above]) - np.hstack([above, none]))


def _length(X: Any) -> int:
    return int(X.shape[0]) if hasattr(X, "shape") else len(X)
