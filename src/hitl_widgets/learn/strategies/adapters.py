"""Strategies of other libraries: scikit-activeml's objects and modAL-style callables."""

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
# What functions of these modules, or with these names for the model, want.
WANTED = {
    "modAL.multilabel": "several labels of each item",
    "modAL.dropout": "a network with dropout, in torch",
    "regressor": "a regressor",
    "optimizer": "a regressor",
}
MODELS = ("clf", "estimator", "ensemble", "discriminator")
# Strategies of scikit-activeml that accept no scikit-learn classifier, and the one that they are made for.
OWN_MODELS = {"FourDs": "MixtureModelClassifier", "ProbabilisticAL": "ParzenWindowClassifier"}


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
        and a seed of the round. Classes are the codes 0 to n_classes - 1, also where it takes ``classes``.
    model
        The classifier that it gets where it wants one, of scikit-activeml or scikit-learn; it is cloned.

    Notes
    -----
    It is asked for the whole batch, and its choice is kept in its order. Where it wants a
    classifier it gets ``model``; without one ``FourDs`` gets a ``MixtureModelClassifier``,
    ``ProbabilisticAL`` a ``ParzenWindowClassifier``, and all others the context's scikit-learn estimator,
    else logistic regression (seven of them, of bootstrap samples that keep one label of each class, where
    it wants an ensemble): such a strategy sees its own model, not the probabilities. Until two classes have
    a label, those draw at random. Many take memory of order n^2, so of more than 20,000 candidates a random
    20,000 are passed.

    Raises
    ------
    InvalidInput
        When it asks for what a classification pool cannot give, such as a regressor or several annotators,
        and in a round when it cannot use the classifier that it gets.
    """

    orders_batch = True

    def __init__(self, strategy: Any, model: Any = None) -> None:
        self.strategy, self.model = strategy, model
        self.__name__ = type(strategy).__name__
        self._models = self._wanted(strategy)

    def _wanted(self, strategy: Any) -> list[str]:
        inner = strategy
        while hasattr(inner, "query_strategy"):  # wrappers pass their keywords on
            inner = inner.query_strategy
        self._inner = inner
        if any(".multiannotator" in type(s).__module__ for s in (strategy, inner)):
            raise InvalidInput(
                f"strategy={self.__name__}() chooses among several annotators, and here whoever is asked "
                "answers: pass a strategy for one annotator, of skactiveml.pool."
            )
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
                f"The strategy {self.__name__}() cannot go on ({str(error).rstrip('.')}). If it needs "
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
        """What the strategy learns with, unfitted, of this round's classes."""
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
    """Rows of the labels for each member of a committee: a bootstrap sample, and one label of each class."""
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
    """Whether the parameters are those of modAL: ``(classifier, X_pool, n_instances=1, **kw)``.

    Its own functions count in any case: :func:`check_modal` says what is wrong with them.
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
    """Refuse what is not a query strategy for one class of each item.

    Raises
    ------
    InvalidInput
        For functions of modAL that want a regressor, several labels of an item or dropout, and for those
        that choose nothing, such as its measures.
    """
    home, is_function = _home(strategy)
    signature = inspect.signature(strategy)
    wants = WANTED.get(home) or WANTED.get(next(iter(signature.parameters), ""))
    if wants:
        raise InvalidInput(
            f"strategy={name_of(strategy)!r} asks for {wants}, which a question with one class for each item "
            "does not have. Pass a strategy of modAL.uncertainty, modAL.batch or modAL.disagreement."
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
            "modAL.uncertainty.uncertainty_sampling, or what make_query_strategy of modAL makes."
        )


def _home(strategy: Any) -> tuple[str, bool]:
    """The module of a callable, and whether it is a function of it by name."""
    while isinstance(strategy, partial):
        strategy = strategy.func
    return str(getattr(strategy, "__module__", "")), "." not in getattr(strategy, "__qualname__", ".")


class ModalLearner:
    """What a modAL-style strategy sees of the model, by the names of modAL's ``ActiveLearner``.

    Attributes
    ----------
    estimator
        An unfitted scikit-learn classifier: the context's, else logistic regression.
    X_training, y_training
        The labelled items: float32 of shape (m, d), int64 of shape (m,); None while there are none.
    classes_
        Codes of the classes that have a label, which the columns of ``predict_proba`` stand for;
        of all classes while nothing is labelled.
    on_transformed
        False: features are never transformed once more.
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

    def transform_without_estimating(self, X: Any) -> Any:
        """The rows as they are."""
        return X


class ModalCommittee(ModalLearner):
    """What a strategy sees whose first argument is a ``committee``, by the names of modAL's ``Committee``.

    Seven copies of ``estimator``, each fitted to a bootstrap sample that keeps one label of each class.
    ``predict_proba`` is their mean, also of the pool.

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
        """The class that each member gives each row, of shape (len(X), members)."""
        return np.column_stack([member.predict(X, **options) for member in self])

    def vote_proba(self, X: Any, **options: Any) -> npt.NDArray[np.float64]:
        """The members' probabilities, of shape (len(X), members, len(classes_))."""
        return np.stack([member.predict_proba(X, **options) for member in self], axis=1)

    def predict_proba(self, X: Any, **options: Any) -> npt.NDArray[np.float64]:
        """The mean of the members' probabilities, of shape (len(X), len(classes_))."""
        return np.asarray(self.vote_proba(X, **options).mean(axis=1))


class ModalStrategy:
    """A callable in the manner of modAL (Danka and Horvath 2018), as a strategy of ours.

    Parameters
    ----------
    strategy
        ``(classifier, X_pool, n_instances=1, **kw) -> indices`` or ``(indices, instances)``; the
        first argument it gets is a :class:`ModalLearner`, or a :class:`ModalCommittee` where it calls it
        ``committee``; the second the candidates' rows of X, in random order, so that ties fall at random.
        ``functools.partial`` sets its keywords.

    Notes
    -----
    Its choice is kept in its order. Until two classes have a label a committee draws at random. A strategy
    that draws from numpy's global generator is not
    repeated by the seed of the round.
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
