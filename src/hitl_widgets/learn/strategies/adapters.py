"""Adapters for strategies of other libraries: scikit-activeml objects and modAL-style callables."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput, choices
from hitl_widgets.learn.learner import FloatArray, IntArray, SklearnLearner
from hitl_widgets.learn.strategies.base import Context, best_first, name_of

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

__all__ = [
    "ModalCommittee",
    "ModalLearner",
    "ModalStrategy",
    "SkactivemlStrategy",
    "check_modal",
    "is_modal",
    "is_skactiveml",
]

SAMPLE = 20_000
MEMBERS = 7
# Requirements of functions in these modules, or with these parameter names for the model.
WANTED = {
    "modAL.multilabel": "several labels of each item",
    "modAL.dropout": "a network with dropout, in torch",
    "regressor": "a regressor",
    "optimizer": "a regressor",
}
MODELS = ("clf", "estimator", "ensemble", "discriminator")
# Strategies of scikit-activeml that do not accept scikit-learn classifiers, and the classifier they need.
OWN_MODELS = {"FourDs": "MixtureModelClassifier", "ProbabilisticAL": "ParzenWindowClassifier"}


def estimator_of(context: Context) -> BaseEstimator:
    """Return the context's scikit-learn classifier, unfitted; logistic regression for other learners."""
    from sklearn.base import clone
    from sklearn.linear_model import LogisticRegression

    if isinstance(context.learner, SklearnLearner):
        return clone(context.learner.estimator)
    return LogisticRegression(C=getattr(context.learner, "C", 1.0), max_iter=1000)


def is_skactiveml(strategy: Any) -> bool:
    """Return whether this is a query strategy object of scikit-activeml."""
    return hasattr(strategy, "missing_label") and callable(getattr(strategy, "query", None))


class SkactivemlStrategy:
    """An adapter for a query strategy of scikit-activeml (Kottke et al. 2021).

    Parameters
    ----------
    strategy
        A single-annotator pool strategy. It is cloned for every round, with NaN for missing labels and the
        seed of the round. Classes are the codes 0 to n_classes - 1, also for its parameter ``classes``.
    model
        The classifier for the strategy, if it needs one, of scikit-activeml or scikit-learn; it is cloned.

    Notes
    -----
    The strategy chooses the whole batch, and its order is kept. If it needs a classifier, it gets ``model``.
    By default, ``FourDs`` gets a ``MixtureModelClassifier``, ``ProbabilisticAL`` a
    ``ParzenWindowClassifier``, and all others the context's scikit-learn estimator, else logistic regression.
    If it needs an ensemble, it gets seven of these, fitted on bootstrap samples that keep one label of each
    class. Such a strategy uses this model, not the probabilities, and items are drawn at random until two
    classes have labels. Many strategies need memory of order n^2, so at most 20,000 candidates are passed,
    drawn at random.

    Raises
    ------
    InvalidInput
        If it requires anything that a classification pool does not have, such as a regressor or several
        annotators, or, in a round, if it cannot use the classifier.
    """

    orders_batch = True

    def __init__(self, strategy: Any, model: Any = None) -> None:
        self.strategy, self.model = strategy, model
        self.__name__ = type(strategy).__name__
        self._models = self._wanted(strategy)

    def _wanted(self, strategy: Any) -> list[str]:
        inner = strategy
        while hasattr(inner, "query_strategy"):  # wrappers pass on their keywords
            inner = inner.query_strategy
        self._inner = inner
        if any(".multiannotator" in type(s).__module__ for s in (strategy, inner)):
            raise InvalidInput(
                f"strategy={self.__name__}() chooses among several annotators, which is not supported: pass "
                "a strategy for one annotator, from skactiveml.pool."
            )
        parameters = inspect.signature(inner.query).parameters.values()
        required = [
            p.name
            for p in parameters
            if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD and p.name not in ("X", "y")
        ]
        if unknown := [name for name in required if name not in MODELS]:
            raise InvalidInput(
                f"strategy={self.__name__}() requires {unknown[0]!r} in query: expected a strategy for "
                f"classification, which requires at most {choices(MODELS)}."
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
        # In random order, so that ties are random even if the strategy takes the first.
        rows = np.concatenate([labelled, rng.permutation(candidates)])
        k = proba.shape[1]
        try:
            indices, utilities = self._seeded(int(rng.integers(2**31)), k).query(
                context.X[rows],
                np.where(context.y[rows] >= 0, context.y[rows], np.nan),
                candidates=np.arange(len(labelled), len(rows)),
                batch_size=max(1, min(context.n, len(candidates))),
                return_utilities=True,
                **self._model(context, k),
            )
        except (TypeError, ValueError, AttributeError) as error:
            if not self._models:
                raise
            raise InvalidInput(
                f"The strategy {self.__name__}() failed ({str(error).rstrip('.')}). If it needs "
                f"another classifier, pass it: strategy=SkactivemlStrategy({self.__name__}(...), model=...), "
                "from hitl_widgets.learn.strategies."
            ) from error
        scattered = np.full(len(proba), np.nan)
        scattered[rows] = np.asarray(utilities, dtype=np.float64)[0]
        return best_first([int(i) for i in rows[indices]], _finite(scattered))

    def _seeded(self, seed: int, n_classes: int) -> Any:
        from sklearn.base import clone

        strategy = clone(self.strategy)
        ours = {"missing_label": np.nan, "random_state": seed, "classes": np.arange(n_classes)}
        names = [name for name in strategy.get_params() if name.rpartition("__")[2] in ours]
        return strategy.set_params(**{name: ours[name.rpartition("__")[2]] for name in names})

    def _model(self, context: Context, n_classes: int) -> dict[str, Any]:
        if not self._models:
            return {}
        seeds = context.random_state.integers(2**31, size=MEMBERS)

        def model(i: int) -> Any:
            return self._classifier(context, n_classes, int(seeds[i]))

        if "ensemble" not in self._models:
            return {name: model(0) for name in self._models}
        samples = enumerate(_resampled(context))
        members = [model(i).fit(context.X[rows], context.y[rows].astype(np.float64)) for i, rows in samples]
        return {"ensemble": members, "fit_ensemble": False}

    def _classifier(self, context: Context, n_classes: int, seed: int) -> Any:
        """Return the unfitted classifier for the strategy, with this round's classes."""
        from sklearn.base import clone

        home = import_module("skactiveml.classifier")
        own = OWN_MODELS.get(type(self._inner).__name__) if self.model is None else None
        if own is not None and getattr(self._inner, "metric", None) is None:
            found = getattr(home, own)()
        else:
            found = estimator_of(context) if self.model is None else clone(self.model)
        if not hasattr(found, "missing_label"):
            found = home.SklearnClassifier(found)
        ours = {"classes": np.arange(n_classes), "missing_label": np.nan, "random_state": seed}
        return found.set_params(**{name: ours[name] for name in ours if name in found.get_params(deep=False)})


def _resampled(context: Context) -> Iterator[IntArray]:
    """Yield labeled rows for each committee member: a bootstrap sample, and one label of each class."""
    labelled = np.flatnonzero(context.y >= 0)
    _, one_of_each = np.unique(context.y[labelled], return_index=True)
    for _ in range(MEMBERS):
        yield np.append(labelled[one_of_each], context.random_state.choice(labelled, len(labelled)))


def _finite(utilities: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    known = utilities[np.isfinite(utilities)]
    if not len(known):
        return np.zeros(len(utilities))
    low, high = float(known.min()), float(known.max())
    return np.nan_to_num(utilities, nan=low, posinf=high, neginf=low)


def is_modal(strategy: Any) -> bool:
    """Return whether the parameters are like modAL's: ``(classifier, X_pool, n_instances=1, **kw)``.

    Functions of modAL always count; :func:`check_modal` rejects unsuitable ones.
    """
    home, is_function = _home(strategy)
    if is_function and home.startswith("modAL."):
        return True
    try:
        names = [p.lower() for p in inspect.signature(strategy).parameters]
    except (TypeError, ValueError):
        return False
    models = {"classifier", "learner", "estimator", "committee", "regressor", "optimizer"}
    pools = {"x", "x_pool", "unlabeled", "pool"}
    return len(names) >= 2 and (names[0] in models) and (names[1] in pools or "n_instances" in names)


def check_modal(strategy: Any) -> None:
    """Reject callables that are not query strategies for one class per item.

    Raises
    ------
    InvalidInput
        If a function of modAL requires a regressor, several labels per item or dropout, or is not a
        strategy but, for example, a measure.
    """
    home, is_function = _home(strategy)
    signature = inspect.signature(strategy)
    wants = WANTED.get(home) or WANTED.get(next(iter(signature.parameters), ""))
    if wants:
        raise InvalidInput(
            f"strategy={name_of(strategy)!r} requires {wants}, which is not available for questions with one "
            "class per item. Pass a strategy of modAL.uncertainty, modAL.batch or modAL.disagreement."
        )
    needed = [
        p.name
        for p in signature.parameters.values()
        if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD
    ]
    chooses = "n_instances" in signature.parameters and "n_instances" not in needed
    if is_function and home.startswith("modAL.") and not (chooses and len(needed) == 2):
        raise InvalidInput(
            f"strategy={name_of(strategy)!r} of {home} is not a query strategy. Pass one, such as "
            "modAL.uncertainty.uncertainty_sampling, or the result of modAL's make_query_strategy."
        )


def _home(strategy: Any) -> tuple[str, bool]:
    """Return the module of a callable, and whether it is a top-level function."""
    while isinstance(strategy, partial):
        strategy = strategy.func
    return str(getattr(strategy, "__module__", "")), "." not in getattr(strategy, "__qualname__", ".")


class ModalLearner:
    """The model as seen by a modAL-style strategy, with the interface of modAL's ``ActiveLearner``.

    Attributes
    ----------
    estimator
        An unfitted scikit-learn classifier: the context's, else logistic regression.
    X_training, y_training
        The labeled items: float32 of shape (m, d), int64 of shape (m,); None if there are none.
    classes_
        Codes of the classes with labels, in the order of the columns of ``predict_proba``; of all classes
        if there are no labels.
    on_transformed
        False, because features are never transformed again.
    """

    on_transformed = False

    def __init__(self, proba: FloatArray, context: Context, pool: IntArray) -> None:
        labelled = np.flatnonzero(context.y >= 0)
        self.estimator = estimator_of(context)
        codes = context.y[labelled].astype(np.int64)
        self.X_training = context.X[labelled] if len(labelled) else None
        self.y_training = codes if len(labelled) else None
        self.classes_ = np.unique(codes) if len(labelled) else np.arange(proba.shape[1])
        self.X_pool = context.X[pool]
        self._proba = proba[pool].astype(np.float64)

    def predict_proba(self, X: Any, **options: Any) -> npt.NDArray[np.float64]:
        """Return class probabilities, of shape (len(X), len(classes_)).

        They come from the current model for the pool, and from ``estimator`` for other rows.
        """
        if not np.array_equal(X, self.X_pool):
            return np.asarray(self._fitted().predict_proba(X, **options))
        P = self._proba[:, self.classes_]
        total = P.sum(axis=1, keepdims=True)
        return np.asarray(np.where(total > 0, P / np.maximum(total, 1e-300), 1 / len(self.classes_)))

    def predict(self, X: Any, **options: Any) -> IntArray:
        """Return the most likely class of each row, of shape (len(X),)."""
        return np.asarray(self.classes_[self.predict_proba(X, **options).argmax(axis=1)])

    def _fitted(self) -> Any:
        from sklearn.base import clone

        return clone(self.estimator).fit(self.X_training, self.y_training)

    def transform_without_estimating(self, X: Any) -> Any:
        """Return the rows unchanged."""
        return X


class ModalCommittee(ModalLearner):
    """The model as seen by a strategy for a ``committee``, with the interface of modAL's ``Committee``.

    It has seven copies of ``estimator``, each fitted to a bootstrap sample that keeps one label of each
    class. ``predict_proba`` is their mean, also for the pool.

    Attributes
    ----------
    learner_list
        The members.
    """

    def __init__(self, proba: FloatArray, context: Context, pool: IntArray) -> None:
        from sklearn.base import clone

        super().__init__(proba, context, pool)
        self.learner_list = [
            clone(self.estimator).fit(context.X[rows], context.y[rows].astype(np.int64))
            for rows in _resampled(context)
        ]

    def __len__(self) -> int:
        return len(self.learner_list)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.learner_list)

    def vote(self, X: Any, **options: Any) -> IntArray:
        """Return each member's class for each row, of shape (len(X), members)."""
        return np.column_stack([member.predict(X, **options) for member in self])

    def vote_proba(self, X: Any, **options: Any) -> npt.NDArray[np.float64]:
        """Return the members' probabilities, of shape (len(X), members, len(classes_))."""
        return np.stack([member.predict_proba(X, **options) for member in self], axis=1)

    def predict_proba(self, X: Any, **options: Any) -> npt.NDArray[np.float64]:
        """Return the mean of the members' probabilities, of shape (len(X), len(classes_))."""
        return np.asarray(self.vote_proba(X, **options).mean(axis=1))


class ModalStrategy:
    """An adapter for a modAL-style callable (Danka and Horvath 2018).

    Parameters
    ----------
    strategy
        ``(classifier, X_pool, n_instances=1, **kw) -> indices`` or ``(indices, instances)``. The first
        argument is a :class:`ModalLearner`, or a :class:`ModalCommittee` if the parameter is called
        ``committee``. The second argument contains the candidates' rows of X, in random order, so that ties
        are random. Use ``functools.partial`` to set keywords.

    Notes
    -----
    The order of its choice is kept. Until two classes have labels, a committee draws at random. A strategy
    that uses NumPy's global random state is not reproducible.
    """

    orders_batch = True

    def __init__(self, strategy: Callable[..., Any]) -> None:
        self.strategy = strategy
        self.__name__ = name_of(strategy)
        check_modal(strategy)
        parameters = inspect.signature(strategy).parameters.values()
        self._sees = ModalCommittee if next(iter(parameters)).name.lower() == "committee" else ModalLearner
        self._takes_n = any(p.name == "n_instances" or p.kind is p.VAR_KEYWORD for p in parameters)

    def __call__(self, proba: FloatArray, context: Context) -> FloatArray:
        """See :data:`~hitl_widgets.learn.strategies.Strategy`."""
        pool = context.random_state.permutation(np.flatnonzero(context.candidates))
        blind = self._sees is ModalCommittee and len(np.unique(context.y[context.y >= 0])) < 2
        if not len(pool) or blind:
            return np.zeros(len(proba))
        learner = self._sees(proba, context, pool)
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
                f"{who} returned {indices.dtype} of shape {indices.shape}: expected row numbers of X_pool "
                "to ask about, as integers."
            )
        if indices.min() < 0 or indices.max() >= size:
            wrong = indices[(indices < 0) | (indices >= size)][0]
            raise InvalidInput(
                f"{who} returned row {wrong}: expected rows of X_pool, 0 to {size - 1}, which does not "
                "contain labeled items."
            )
        if len(np.unique(indices)) < len(indices):
            raise InvalidInput(f"{who} returned a row more than once: expected each row at most once.")
        return indices
