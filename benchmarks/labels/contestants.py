"""The contestants for `simulate(contestants=)`: the default, common baselines, and the strongest peers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.semi_supervised import LabelSpreading, SelfTrainingClassifier
from sklearn.svm import SVC

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

# TCM uses TypiClust for this many labels per class before it switches to margin.
TURN = 3


@dataclass(frozen=True)
class Contestant:
    """A learner and a strategy, as ``simulate`` takes them."""

    learner: Any
    strategy: Any

    @property
    def ours(self) -> bool:
        """Whether this is the default learner, so that runs depend on its code."""
        return isinstance(self.learner, str) and self.learner == "auto"


def contestant(name: str, n_classes: int) -> Contestant:
    """The contestant of this name, for a pool of ``n_classes`` classes."""
    weak, strong = LogisticRegression(max_iter=2000), LogisticRegression(C=10, max_iter=2000)
    simple = {
        OURS: ("auto", "auto"),
        MARGIN: (weak, "margin"),
        RANDOM: (weak, "random"),
        STRONG: (strong, "margin"),
        STRONG_RANDOM: (strong, "random"),
        # Softmax of the decision function: with few labels, Platt's probabilities are often inverted.
        SVM: (SVC(), "margin"),
        SPREADING: (LabelSpreading(kernel="knn", max_iter=100), "margin"),
        SELF: (SelfTrainingClassifier(strong), "margin"),
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
