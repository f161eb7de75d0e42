"""Who takes part in `simulate(contestants=)`: the default, the usual baselines, and the strongest peers."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.semi_supervised import LabelSpreading, SelfTrainingClassifier
from sklearn.svm import SVC

from hitl_widgets.learn.learner import softmax
from hitl_widgets.learn.strategies import SkactivemlStrategy, margin, most_likely_positive

Array = np.ndarray[Any, Any]

OURS, MARGIN, RANDOM = "ours", "LR + margin", "LR + random"
STRONG, STRONG_RANDOM, SVM = "LR (C=10) + margin", "LR (C=10) + random", "RBF SVC + margin"
RIVALS = (MARGIN, STRONG, SVM)
MAIN = (OURS, *RIVALS)
CORE = (*MAIN, RANDOM, STRONG_RANDOM)
STRATEGIES = ("TypiClust", "ProbCover", "BADGE", "TCM")
LR_PEERS = tuple(f"{name} + LR (C=10)" for name in STRATEGIES)
OUR_PEERS = tuple(f"{name} + our learner" for name in STRATEGIES)
SPREADING, SELF = "LabelSpreading + margin", "SelfTraining + margin"
PEERS = (*LR_PEERS, *OUR_PEERS, SPREADING, SELF)
HUNT, HUNT_RANDOM = "ours, most_likely_positive", "LR + random, hunting"
ALL = (*CORE, *PEERS, HUNT, HUNT_RANDOM)

# TCM asks so many times the number of classes by TypiClust before it turns to margin.
TURN = 3


@dataclass(frozen=True)
class Contestant:
    """A learner and a strategy, as ``simulate`` takes them."""

    learner: Any
    strategy: Any

    @property
    def ours(self) -> bool:
        """Whether the default learner takes part, so that its code decides."""
        return isinstance(self.learner, str) and self.learner == "auto"


def contestant(name: str, n_classes: int) -> Contestant:
    """The contestant of this name, for a pool of so many classes."""
    weak, strong = LogisticRegression(max_iter=2000), LogisticRegression(C=10, max_iter=2000)
    simple = {
        OURS: ("auto", "auto"),
        MARGIN: (weak, "margin"),
        RANDOM: (weak, "random"),
        STRONG: (strong, "margin"),
        STRONG_RANDOM: (strong, "random"),
        # Softmax of the decision function: Platt's probabilities of few labels are often the wrong way round.
        SVM: (SVC(), "margin"),
        SPREADING: (OnWholePool(LabelSpreading(kernel="knn", max_iter=100)), "margin"),
        SELF: (OnWholePool(SelfTrainingClassifier(strong)), "margin"),
        HUNT: ("auto", partial(most_likely_positive, positive=1)),
        HUNT_RANDOM: (weak, "random"),
    }
    if name in simple:
        return Contestant(*simple[name])
    strategy, _, learner = name.partition(" + ")
    return Contestant("auto" if learner == "our learner" else strong, _strategy(strategy, n_classes))


def _strategy(name: str, n_classes: int) -> Any:
    from skactiveml.pool import Badge, ProbCover, TypiClust

    if name == "TypiClust":
        return TypiClust()
    if name == "BADGE":
        return Badge()
    if name == "ProbCover":
        return ProbCover(n_classes=n_classes)
    return TypiClustThenMargin(TURN * n_classes)


class TypiClustThenMargin:
    """TCM (Doucet, Estermann, Aczel and Wattenhofer 2024), which scikit-activeml 1.0 does not have."""

    orders_batch = True
    __name__ = "TCM"

    def __init__(self, turn: int) -> None:
        from skactiveml.pool import TypiClust

        self.turn, self.first = turn, SkactivemlStrategy(TypiClust())

    def __call__(self, proba: Array, context: Any) -> Array:
        """TypiClust up to ``turn`` labels, then margin."""
        if (context.y >= 0).sum() < self.turn:
            return self.first(proba, context)
        return margin(proba, context)


class OnWholePool:
    """A Learner of the classifiers of ``sklearn.semi_supervised``: fitted to the pool, -1 where no label is.

    An estimator by itself is fitted to the labelled rows alone, of which these learn no more than others.
    """

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator
        self.name = type(estimator).__name__

    def start(self, X: Array, n_classes: int, affinity: Any = None) -> OnWholePool:  # noqa: ARG002
        """See ``Learner``."""
        fresh = OnWholePool(self.estimator)
        fresh._X, fresh._k = X, n_classes
        return fresh

    def update(self, index: Array, y: Array, weight: Any = None) -> None:  # noqa: ARG002
        """See ``Learner``."""
        from sklearn.base import clone

        self._only = int(y[0]) if len(np.unique(y)) == 1 else None
        if self._only is None:
            said = np.full(len(self._X), -1)
            said[index] = y
            with warnings.catch_warnings(action="ignore"):  # it may not converge, or divide by zero
                self._model = clone(self.estimator).fit(self._X, said)

    def proba(self, index: Array | None = None) -> Array:
        """See ``Learner``."""
        return self._told(self._X if index is None else self._X[index])

    def predict(self, X: Array) -> Array:
        """Class codes of new rows."""
        return self._told(X).argmax(axis=1)

    def _told(self, X: Array) -> Array:
        if self._only is not None:
            scores = np.zeros((len(X), self._k))
            scores[:, self._only] = 1
            return softmax(scores)
        P = np.zeros((len(X), self._k))
        with warnings.catch_warnings(action="ignore"):
            P[:, self._model.classes_] = self._model.predict_proba(X)
        # Where no label arrives, LabelSpreading divides by zero: it knows nothing.
        return np.where(np.isfinite(P).all(axis=1, keepdims=True), P, 1 / self._k)
