"""Strategies of other libraries: scikit-activeml's objects and modAL-style callables."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput, choices
from hitl_widgets.learn.learner import FloatArray, IntArray, SklearnLearner
from hitl_widgets.learn.strategies.base import Context, best_first, name_of

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

__all__ = ["ModalLearner", "ModalStrategy", "SkactivemlStrategy", "is_modal", "is_skactiveml"]

SAMPLE = 20_000
MEMBERS = 7
MODELS = ("clf", "estimator", "ensemble", "discriminator")


def estimator_of(context: Context) -> BaseEstimator:
    """The context's scikit-learn classifier, unfitted; logistic regression where it has another learner."""
    from sklearn.base import clone
    from sklearn.linear_model import LogisticRegression

    if isinstance(context.learner, SklearnLearner):
        return clone(context.learner.estimator)
    return LogisticRegression(C=getattr(context.learner, "C", 1.0), max_iter=1000)


def is_skactiveml(strategy: Any) -> bool:
    """Whether this is a query strategy object of scikit-activeml."""
    return hasattr(strategy, "missing_label") and callable(getattr(strategy, "query", None))


class SkactivemlStrategy:
    """A query strategy of scikit-activeml (Kottke et al. 2021), as a strategy of ours.

    Parameters
    ----------
    strategy
        A single-annotator pool strategy. It is cloned for every round, with NaN for a missing label
        and a seed of the round. Classes are the codes 0 to n_classes - 1.

    Notes
    -----
    It is asked for the whole batch, and its choice is kept in its order. Where it wants a
    classifier it gets the context's scikit-learn estimator, else logistic regression (seven of
    them, of bootstrap samples that keep one label of each class, where it wants an ensemble): such
    a strategy sees its own model, not the probabilities. Until two classes have a label, those draw
    at random. Many take memory of order n^2, so of more than 20,000 candidates a random 20,000 are
    passed.

    Raises
    ------
    InvalidInput
        When it asks for what a classification pool cannot give, such as a regressor.
    """

    orders_batch = True

    def __init__(self, strategy: Any) -> None:
        self.strategy = strategy
        self.__name__ = type(strategy).__name__
        self._models = self._wanted(strategy)

    def _wanted(self, strategy: Any) -> list[str]:
        inner = strategy
        while hasattr(inner, "query_strategy"):  # wrappers pass their keywords on
            inner = inner.query_strategy
        parameters = inspect.signature(inner.query).parameters.values()
        required = [
            p.name
            for p in parameters
            if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD and p.name not in ("X", "y")
        ]
        if unknown := [name for name in required if name not in MODELS]:
            raise InvalidInput(
                f"strategy={self.__name__}() asks for {unknown[0]!r} in query: expected a strategy for "
                f"classification, which asks at most for {choices(MODELS)}."
            )
        return required

    def __call__(self, proba: FloatArray, context: Context) -> FloatArray:
        """See :data:`~hitl_widgets.learn.strategies.Strategy`."""
        rng, candidates = context.random_state, np.flatnonzero(context.candidates)
        labelled = np.flatnonzero(context.y >= 0)
        blind = bool(self._models) and len(np.unique(context.y[labelled])) < 2
        if not len(candidates) or blind:
            return np.zeros(len(proba))
        if len(candidates) > SAMPLE:
            candidates = np.sort(rng.choice(candidates, SAMPLE, replace=False))
        # In random order, so that ties fall at random though the strategy takes the first.
        rows = np.concatenate([labelled, rng.permutation(candidates)])
        indices, utilities = self._seeded(int(rng.integers(2**31))).query(
            context.X[rows],
            np.where(context.y[rows] >= 0, context.y[rows], np.nan),
            candidates=np.arange(len(labelled), len(rows)),
            batch_size=max(1, min(context.n, len(candidates))),
            return_utilities=True,
            **self._model(context, proba.shape[1]),
        )
        scattered = np.full(len(proba), np.nan)
        scattered[rows] = np.asarray(utilities, dtype=np.float64)[0]
        return best_first([int(i) for i in rows[indices]], _finite(scattered))

    def _seeded(self, seed: int) -> Any:
        from sklearn.base import clone

        strategy = clone(self.strategy)
        ours = {"missing_label": np.nan, "random_state": seed}
        names = [name for name in strategy.get_params() if name.rpartition("__")[2] in ours]
        return strategy.set_params(**{name: ours[name.rpartition("__")[2]] for name in names})

    def _model(self, context: Context, n_classes: int) -> dict[str, Any]:
        if not self._models:
            return {}
        wrapper = import_module("skactiveml.classifier").SklearnClassifier
        seeds = context.random_state.integers(2**31, size=MEMBERS)

        def model(i: int) -> Any:
            return wrapper(estimator_of(context), classes=np.arange(n_classes), random_state=int(seeds[i]))

        if "ensemble" not in self._models:
            return {name: model(0) for name in self._models}
        members = []
        labelled = np.flatnonzero(context.y >= 0)
        _, one_of_each = np.unique(context.y[labelled], return_index=True)
        for i in range(MEMBERS):
            rows = np.append(labelled[one_of_each], context.random_state.choice(labelled, len(labelled)))
            members.append(model(i).fit(context.X[rows], context.y[rows].astype(np.float64)))
        return {"ensemble": members, "fit_ensemble": False}


def _finite(utilities: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    known = utilities[np.isfinite(utilities)]
    if not len(known):
        return np.zeros(len(utilities))
    low, high = float(known.min()), float(known.max())
    return np.nan_to_num(utilities, nan=low, posinf=high, neginf=low)


def is_modal(strategy: Any) -> bool:
    """Whether the parameters are those of modAL: ``(classifier, X_pool, n_instances=1, **kw)``."""
    try:
        names = [p.lower() for p in inspect.signature(strategy).parameters]
    except (TypeError, ValueError):
        return False
    models = {"classifier", "learner", "estimator", "committee", "optimizer"}
    pools = {"x", "x_pool", "unlabeled", "pool"}
    return len(names) >= 2 and (names[0] in models) and (names[1] in pools or "n_instances" in names)


class ModalLearner:
    """What a modAL-style strategy sees of the model, by the names of modAL's ``ActiveLearner``.

    Attributes
    ----------
    estimator
        An unfitted scikit-learn classifier: the context's, else logistic regression.
    X_training, y_training
        The labelled items: float32 of shape (m, d), int64 of shape (m,).
    classes_
        Codes of the classes that have a label, which the columns of ``predict_proba`` stand for;
        of all classes while nothing is labelled.
    """

    def __init__(self, proba: FloatArray, context: Context, pool: IntArray) -> None:
        labelled = np.flatnonzero(context.y >= 0)
        self.estimator = estimator_of(context)
        self.X_training = context.X[labelled]
        self.y_training = context.y[labelled].astype(np.int64)
        self.classes_ = np.unique(self.y_training) if len(labelled) else np.arange(proba.shape[1])
        self.X_pool = context.X[pool]
        self._proba = proba[pool].astype(np.float64)

    def predict_proba(self, X: Any, **options: Any) -> npt.NDArray[np.float64]:
        """Probabilities of the classes, of shape (len(X), len(classes_)).

        Of the pool they are those of the live model; of anything else those of ``estimator``.
        """
        if not np.array_equal(X, self.X_pool):
            return np.asarray(self._fitted().predict_proba(X, **options))
        P = self._proba[:, self.classes_]
        total = P.sum(axis=1, keepdims=True)
        return np.asarray(np.where(total > 0, P / np.maximum(total, 1e-300), 1 / len(self.classes_)))

    def predict(self, X: Any, **options: Any) -> IntArray:
        """The likeliest class of each row, of shape (len(X),)."""
        return np.asarray(self.classes_[self.predict_proba(X, **options).argmax(axis=1)])

    def _fitted(self) -> Any:
        from sklearn.base import clone

        return clone(self.estimator).fit(self.X_training, self.y_training)


class ModalStrategy:
    """A callable in the manner of modAL (Danka and Horvath 2018), as a strategy of ours.

    Parameters
    ----------
    strategy
        ``(classifier, X_pool, n_instances=1, **kw) -> indices`` or ``(indices, instances)``; the
        first argument it gets is a :class:`ModalLearner`, the second the candidates' rows of X, in
        random order, so that ties fall at random. ``functools.partial`` sets its keywords.

    Notes
    -----
    Its choice is kept in its order. A strategy that draws from numpy's global generator is not
    repeated by the seed of the round.
    """

    orders_batch = True

    def __init__(self, strategy: Callable[..., Any]) -> None:
        self.strategy = strategy
        self.__name__ = name_of(strategy)
        parameters = inspect.signature(strategy).parameters.values()
        self._takes_n = any(p.name == "n_instances" or p.kind is p.VAR_KEYWORD for p in parameters)

    def __call__(self, proba: FloatArray, context: Context) -> FloatArray:
        """See :data:`~hitl_widgets.learn.strategies.Strategy`."""
        pool = context.random_state.permutation(np.flatnonzero(context.candidates))
        if not len(pool):
            return np.zeros(len(proba))
        learner = ModalLearner(proba, context, pool)
        wanted = {"n_instances": max(1, min(context.n, len(pool)))} if self._takes_n else {}
        indices = self._indices(self.strategy(learner, learner.X_pool, **wanted), len(pool))
        return best_first([int(i) for i in pool[indices]], np.zeros(len(proba)))

    def _indices(self, found: Any, size: int) -> IntArray:
        if isinstance(found, tuple) and len(found) == 2 and any(np.ndim(part) > 0 for part in found):
            found = found[0]
        who = f"The strategy {self.__name__!r}"
        indices = np.atleast_1d(np.asarray(found))
        if indices.ndim != 1 or not len(indices) or not np.issubdtype(indices.dtype, np.integer):
            raise InvalidInput(
                f"{who} returned {indices.dtype} of shape {indices.shape}: expected the row numbers of "
                "X_pool that should be asked, as integers."
            )
        if indices.min() < 0 or indices.max() >= size:
            wrong = indices[(indices < 0) | (indices >= size)][0]
            raise InvalidInput(
                f"{who} returned row {wrong}: expected rows of X_pool, 0 to {size - 1}; labelled items "
                "are not among them."
            )
        if len(np.unique(indices)) < len(indices):
            raise InvalidInput(f"{who} returned a row more than once: expected each row at most once.")
        return indices
