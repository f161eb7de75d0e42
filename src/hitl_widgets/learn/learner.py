"""The Learner protocol: models that learn the labels of the rows of a pool."""

from __future__ import annotations

import contextlib
import importlib
import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeGuard, runtime_checkable

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from hitl_widgets.background.turns import one_blas_thread
from hitl_widgets.errors import InvalidInput, choices, nearest
from hitl_widgets.learn.arrays import FloatArray, IntArray, softmax
from hitl_widgets.learn.reasons import Reasons

if TYPE_CHECKING:
    from hitl_widgets.learn.scoring import ClassBelief

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

__all__ = [
    "Affinity",
    "FloatArray",
    "Graph",
    "IntArray",
    "Landmarks",
    "Learner",
    "LeavingOut",
    "NotYet",
    "Refreshable",
    "Scored",
    "SklearnLearner",
    "Telling",
    "as_learner",
    "class_shares",
    "foretold",
    "leaves_out",
    "named",
    "seeded",
    "softmax",
]

Affinity = csr_array


@dataclass(frozen=True, eq=False)
class Landmarks:
    """A graph of some rows of a pool that represents all of it.

    Attributes
    ----------
    affinity
        Weights of the landmarks' neighbor graph, sparse float32 of shape (m, m).
    rows
        int64 of shape (m,): the landmarks' rows in the pool.
    X
        Their features, float32 of shape (m, d): an array, or an object that indexes like one.
    nearest
        int32 of shape (n, k): indices of each row's nearest landmarks, nearest first; a landmark's
        first is itself.
    share
        float32 of shape (n, k): the weight of each of them for the row; rows sum to 1.
    distance
        float32 of shape (n,): distance to the nearest landmark, 0 for landmarks.
    """

    affinity: csr_array
    rows: npt.NDArray[np.int64]
    X: Any
    nearest: npt.NDArray[np.int32]
    share: npt.NDArray[np.float32]
    distance: npt.NDArray[np.float32]

    @cached_property
    def near(self) -> csr_array:
        """The rows for which each landmark is among the nearest; bool of shape (m, n)."""
        n, k = self.nearest.shape
        narrow = np.int32 if n * k < np.iinfo(np.int32).max else np.int64  # half the memory
        ends = np.arange(0, n * k + 1, k, dtype=narrow)
        by_row = csr_array((np.ones(n * k, np.bool_), self.nearest.ravel(), ends), (n, len(self.rows)))
        return csr_array(by_row.T.tocsr())


Graph = Affinity | Landmarks

LEARNERS = {
    "auto": ("auto", "AutoLearner"),
    "linear": ("linear", "LinearLearner"),
    "graph": ("graph", "GraphLearner"),
}

# Rows that an estimator predicts at a time, so that its memory stays small compared to the pool.
ROWS = 200_000
# With this many labels of every class, a failing estimator is broken, not just short of labels.
ENOUGH = 10
# The smallest probability of which a logarithm is taken.
RARE = 1e-12


class NotYet(Exception):
    """There are too few labels for the estimator: there is no model yet, but this is not a failure."""


@runtime_checkable
class Learner(Protocol):
    """A model over the rows of one pool.

    Learners take row numbers, not feature vectors, so that label spreading on a graph and linear models
    satisfy the same protocol.

    A learner may also have ``export(index, y, weight=None, names=None)``, which returns a fitted classifier.
    ``simulate(test=)`` evaluates this classifier or, without it, the learner's own ``predict(X)``, class
    codes of new rows, or ``predict_proba(X)``, shape (m, n_classes).
    """

    @property
    def name(self) -> str:
        """The name of the model, for display."""

    def start(self, X: npt.NDArray[np.float32], n_classes: int, affinity: Graph | None = None) -> Learner:
        """Return a new learner with the same settings for this pool.

        Parameters
        ----------
        X
            float32 of shape (n, d).
        n_classes
            Number of classes.
        affinity
            Symmetric weights w >= 0 of the neighbor graph, float32 of shape (n, n), zero diagonal;
            :class:`Landmarks` in the largest pools; None while the graph is being built, or if there is
            none.
        """

    def update(
        self, index: IntArray, y: IntArray, weight: FloatArray | None = None
    ) -> npt.NDArray[np.int64] | None:
        """Learn from all current labels: row numbers and class codes, both of shape (m,), m >= 1.

        Returns the rows whose probabilities may have changed, or None for all rows.
        """

    def proba(self, index: IntArray | None = None) -> FloatArray:
        """Return class probabilities of rows (default all), of shape (n, n_classes).

        Later updates must not modify the array, because callers may keep it.
        """


@runtime_checkable
class Refreshable(Protocol):
    """A learner with slower parts that :meth:`Learner.update` does not update."""

    @property
    def stale(self) -> bool:
        """Whether these parts are out of date."""

    def refresh(self) -> None:
        """Update these parts to the labels of the last update."""


@runtime_checkable
class Scored(Protocol):
    """A learner that can score the pool without the table of :meth:`Learner.proba`."""

    def scores(self, done: Callable[[slice, ClassBelief], None] | None = None) -> ClassBelief | None:
        """Return the belief for every row, computed in one pass; None if the table exists anyway.

        ``done`` is called for each block of a full pass, as by :func:`~.scoring.score`.

        While the optional attribute ``unfinished`` of the learner is true, some rows are scored by an earlier
        model, and further calls continue.
        """


@runtime_checkable
class Telling(Protocol):
    """A learner that can be evaluated without predictions for the whole pool."""

    def told(self, index: IntArray, y: IntArray, rows: IntArray) -> FloatArray:
        """Return class probabilities of some rows, (m, n_classes), by the model of these labels.

        This is only for learners used for evaluation: :meth:`Learner.proba` is not updated.
        """


@runtime_checkable
class LeavingOut(Protocol):
    """A learner that computes leave-one-out predictions of labels from one fit."""

    def told_left_out(
        self, index: IntArray, y: IntArray, rows: IntArray
    ) -> tuple[FloatArray, npt.NDArray[np.int64], FloatArray]:
        """Like :meth:`Telling.told`, for at least two classes, with leave-one-out predictions.

        Returns
        -------
        Class probabilities of the rows, (m, n_classes); the labels that were left out, int64 (k,): all, or
        a sample if there are very many; and their leave-one-out predictions, (k, n_classes).
        """


def leaves_out(learner: object) -> TypeGuard[LeavingOut]:
    """Return whether the learner and all its parts are :class:`LeavingOut`."""
    return isinstance(learner, LeavingOut) and all(map(leaves_out, getattr(learner, "parts", ())))


def foretold(learner: Learner, index: IntArray, y: IntArray, rows: IntArray) -> FloatArray:
    """Fit the learner on these labels, and return its predictions for some rows, (m, n_classes)."""
    if isinstance(learner, Telling):
        return learner.told(index, y, rows)
    learner.update(index, y)
    if isinstance(learner, Refreshable) and learner.stale:
        learner.refresh()
    return learner.proba(rows)


class SklearnLearner:
    """Any scikit-learn classifier, refitted on every change.

    Parameters
    ----------
    estimator
        An unfitted classifier, which is cloned, not modified. Without ``predict_proba``, the softmax of
        ``decision_function`` is used, else only the predicted class. Classifiers of
        ``sklearn.semi_supervised`` are fitted to the whole pool, others to the labeled rows.
    """

    def __init__(self, estimator: BaseEstimator) -> None:
        self.estimator = estimator

    @property
    def name(self) -> str:
        """The name of the estimator."""
        return type(self.estimator).__name__

    def start(
        self, X: npt.NDArray[np.float32], n_classes: int, affinity: Graph | None = None
    ) -> SklearnLearner:
        """See :class:`Learner`."""
        fresh = SklearnLearner(self.estimator)
        fresh._X = X
        fresh._n_classes = n_classes
        return fresh

    _X: npt.NDArray[np.float32]
    _n_classes: int
    _only: npt.NDArray[np.float32] | None = None
    _fitted: Any = None
    _seen: npt.NDArray[Any]
    _counts: npt.NDArray[Any]

    def update(self, index: IntArray, y: IntArray, weight: FloatArray | None = None) -> None:
        """See :class:`Learner`.

        Raises
        ------
        NotYet
            If the estimator cannot be fitted, and a class has fewer than ten labels.
        """
        seen = np.unique(y)
        self._only = class_shares(y, self._n_classes) if len(seen) == 1 else None
        if self._only is not None:
            return
        # Codes of the classes seen, without gaps, which some estimators require.
        self._seen, codes = np.unique(y, return_inverse=True)
        self._fitted = None
        self._counts = np.bincount(y, minlength=self._n_classes)
        with self._waiting(), one_blas_thread():
            self._fitted = self._fit(index, codes, weight)

    def _fit(self, index: IntArray, y: npt.NDArray[Any], weight: FloatArray | None) -> Any:
        from sklearn.base import clone

        model = clone(self.estimator)
        if not _reads_unlabelled(model):
            return model.fit(self._X[index], y, **({} if weight is None else {"sample_weight": weight}))
        said = np.full(len(self._X), -1)  # scikit-learn's code for unlabeled rows
        said[index] = y
        with np.errstate(divide="ignore", invalid="ignore"):  # rows that no label reaches
            # In float32, small values of a Gaussian kernel are 0, and no label reaches the row.
            return model.fit(np.asarray(self._X[:], np.float64), said)

    @contextlib.contextmanager
    def _waiting(self) -> Iterator[None]:
        """Turn errors of the estimator into NotYet while there are few labels."""
        try:
            yield
        except Exception as failure:
            if self._counts.min() >= ENOUGH:
                raise
            lacks = int((self._counts == 0).sum())
            more = f", {lacks} of {self._n_classes} classes without any" if lacks else ""
            raise NotYet(
                f"{self.name} cannot learn from {self._counts.sum()} labels yet{more} "
                f"({type(failure).__name__}: {str(failure).rstrip('.')})"
            ) from failure

    def proba(self, index: IntArray | None = None) -> FloatArray:
        """See :class:`Learner`."""
        n = len(self._X) if index is None else len(index)
        P = np.zeros((n, self._n_classes), dtype=np.float32)
        if self._only is not None:
            P[:] = self._only
            return P
        columns = self._seen[np.asarray(self._classes(), dtype=np.int64)]
        for low in range(0, n, ROWS):
            part = slice(low, min(low + ROWS, n))
            with self._waiting():
                scores = self._scores(self._X[part] if index is None else self._X[index[part]])
            if scores.shape != (part.stop - low, len(columns)):
                raise ValueError(
                    f"predict_proba returned shape {scores.shape}, not {(part.stop - low, len(columns))}"
                )
            P[part, columns] = scores
        return P

    def proba_of(self, X: FloatArray) -> FloatArray:
        """See :class:`~hitl_widgets.learn.outside.Outside`."""
        P = np.zeros((len(X), self._n_classes), dtype=np.float32)
        if self._only is not None:
            P[:] = self._only
        else:
            P[:, self._seen[np.asarray(self._classes(), dtype=np.int64)]] = self._scores(np.asarray(X))
        return P

    def reasons(self, row: int, one: int, other: int) -> Reasons:
        """See :class:`~hitl_widgets.learn.reasons.Explaining`; exact for a logistic regression."""
        none = np.zeros(self._X.shape[1])
        if self._only is not None:
            return Reasons(none, float(np.log(self._only[one]) - np.log(self._only[other])))
        model, codes = self._fitted, self._seen[np.asarray(self._classes(), dtype=np.int64)].tolist()
        at = [codes.index(code) if code in codes else -1 for code in (one, other)]
        if type(model).__name__ == "LogisticRegression" and min(at) >= 0:
            coef, intercept = model.coef_, model.intercept_
            if len(coef) == 1:
                coef, intercept = np.vstack([-coef, coef]) / 2, np.append(-intercept, intercept) / 2
            return Reasons(coef[at[0]] - coef[at[1]], float(intercept[at[0]] - intercept[at[1]]))

        def odds(X: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
            P = np.maximum(self._scores(np.asarray(X, self._X.dtype)), RARE)
            P = np.column_stack([P, np.full(len(P), RARE)])  # the last for a class without labels
            return np.asarray(np.log(P[:, at[0]]) - np.log(P[:, at[1]]), np.float64)

        return Reasons(none, float(odds(self._X[[row]])[0]), odds=odds)

    def export(
        self,
        index: IntArray,
        y: IntArray,
        weight: FloatArray | None = None,
        names: Sequence[Any] | None = None,
    ) -> Any:
        """Return a fitted copy of the estimator that predicts class names, or codes."""
        target = named(y, names)
        classes, codes = np.unique(target, return_inverse=True)
        try:
            if not _reads_unlabelled(self.estimator):  # these reserve -1 and accept no names
                return self._fit(index, target, weight)
        except Exception:
            if np.array_equal(classes, range(len(classes))):
                raise
        # Some estimators accept only 0 to k - 1.
        from hitl_widgets.learn.renamed import Renamed

        return Renamed(self._fit(index, codes, weight), classes)

    def _scores(self, X: npt.NDArray[np.float32]) -> FloatArray:
        model = self._fitted
        if hasattr(model, "predict_proba"):
            if not _reads_unlabelled(model):
                return np.asarray(model.predict_proba(X))
            with np.errstate(divide="ignore", invalid="ignore"):
                P = np.asarray(model.predict_proba(np.asarray(X, np.float64)))
            # Label spreading divides by zero at rows that no label reaches.
            return np.where(np.isfinite(P).all(axis=1, keepdims=True), P, 1 / P.shape[1])
        if hasattr(model, "decision_function"):
            margin = np.asarray(model.decision_function(X))
            if margin.ndim == 1:
                margin = np.column_stack([-margin / 2, margin / 2])
            return softmax(margin)
        return np.asarray(np.asarray(model.predict(X))[:, None] == self._classes(), dtype=np.float32)

    def _classes(self) -> npt.NDArray[Any]:
        """The codes of the fitted estimator's classes, by column."""
        return np.asarray(getattr(self._fitted, "classes_", range(len(self._seen))))


def _reads_unlabelled(estimator: Any) -> bool:
    """Return whether it, or the last step of a pipeline, is from ``sklearn.semi_supervised``."""
    last = estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator
    return type(last).__module__.startswith("sklearn.semi_supervised")


def named(y: IntArray, names: Sequence[Any] | None) -> npt.NDArray[Any]:
    """Convert codes to class names, if these are given."""
    if names is None:
        return np.asarray(y)
    return np.asarray(names, dtype=object if isinstance(names[0], str) else None)[y]


def seeded(learner: Learner, seed: int) -> Learner:
    """Set unset random states of an estimator, so that a run is reproducible."""
    if not isinstance(learner, SklearnLearner):
        return learner
    from sklearn.base import clone

    estimator = clone(learner.estimator)
    for name, value in estimator.get_params(deep=True).items():
        if value is None and name.rpartition("__")[2] == "random_state":
            estimator.set_params(**{name: seed})
    return SklearnLearner(estimator)


def class_shares(y: IntArray, n_classes: int) -> npt.NDArray[np.float32]:
    """Return class shares from the labels alone: Laplace's rule of succession, float32 (n_classes,)."""
    counts = np.bincount(y, minlength=n_classes) + 1
    return np.asarray(counts / counts.sum(), dtype=np.float32)


def as_learner(learner: Any) -> Learner:
    """Return the learner for ``learner=``.

    Parameters
    ----------
    learner
        ``"auto"``, ``"linear"`` or ``"graph"``, a scikit-learn classifier, or an object with the
        :class:`Learner` methods.
    """
    if isinstance(learner, str):
        if learner not in LEARNERS:
            raise InvalidInput(
                f"Unknown learner={learner!r}.{nearest(learner, LEARNERS)} Expected one of "
                f"{choices(LEARNERS)}, a scikit-learn classifier, or an object with start, update and proba."
            )
        home, name = LEARNERS[learner]
        return getattr(importlib.import_module(f"hitl_widgets.learn.{home}"), name)()  # type: ignore[no-any-return]
    if isinstance(learner, type):
        raise InvalidInput(f"learner={learner.__name__} is a class: pass an instance, {learner.__name__}().")
    from sklearn.base import BaseEstimator, is_classifier

    if isinstance(learner, BaseEstimator):
        if not is_classifier(learner):
            raise InvalidInput(
                f"learner={type(learner).__name__}() is not a classifier: pass one, such as "
                "sklearn.linear_model.LogisticRegression(), or 'linear'."
            )
        return SklearnLearner(learner)
    if isinstance(learner, Learner):
        try:
            inspect.signature(learner.start).bind(None, 2, None)
        except TypeError:
            raise InvalidInput(
                f"learner={type(learner).__name__}: start must take (X, n_classes, affinity). A learner that "
                "does not use the neighbor graph can ignore affinity."
            ) from None
        return learner
    raise InvalidInput(
        f"learner={learner!r}: expected {choices(LEARNERS)}, a scikit-learn classifier, or an object "
        "with start, update and proba."
    )
