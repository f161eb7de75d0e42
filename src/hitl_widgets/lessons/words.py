"""Explanations of why a point is next, in one sentence for students."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from hitl_widgets.learn.learner import FloatArray
from hitl_widgets.loop.words import within

__all__ = ["Asked", "too_few", "why"]

_WORDS = {
    "random": "Drawn at random: this strategy does not look at the model.",
    "least_confident": "The model is least sure of its best guess here: {first}.",
    "margin": "The two most likely classes are closest here: {first} against {second}.",
    "margin_kmeans": "The two most likely classes are closest here: {first} against {second}.",
    "entropy": "The model's probabilities are most evenly spread here: {first}, {second}.",
    "class_balanced": "A close call ({first} against {second}) that may belong to a class with few labels.",
    "power_margin": "Drawn at random, with close calls more likely: {first} against {second}.",
    "query_by_committee": "Seven models, each trained on a subset of the labels, vote most differently here.",
    "vote_entropy": "Seven models, each trained on a subset of the labels, vote most differently here.",
    "kl_divergence": "Seven models, each trained on a subset of the labels, disagree most here.",
    "expected_error_reduction": "With this label the model expects to make the fewest errors on the rest.",
    "graph_error_reduction": "Spread to its neighbours, this label leaves the fewest expected errors.",
    "information_density": "The model is uncertain here, and many points lie in the same direction.",
    "typicality": "The most typical point of the largest group with the fewest labels.",
    "typiclust": "The most typical point of the largest group with the fewest labels.",
    "prob_cover": "Has the most points near it that are not near a label.",
    "kmeans": "The middle of the largest group with the fewest labels.",
    "doubt": "The model is uncertain here and, while labels are few, also at the points around it.",
    "core_set": "The point farthest from all labelled points.",
    "badge": "Even if the model's guess is right, this label would change the model most.",
    "batch_bald": "Twenty models, each trained on a subset of the labels, are each sure here, but differ.",
    "alfa_mix": "Mixed with a few features of labelled points, this point would get another class.",
    "contrastive": "Predicted differently from the labelled points next to it.",
    "discriminative": "The point least like the labelled ones.",
    "most_likely_positive": "The best bet for the class that has the fewest labels.",
}
_TIED = {"random", "power_margin"}


class Asked(NamedTuple):
    """Facts about a question.

    The point's probabilities and utility, how many points have the same utility, and whether all do.
    """

    proba: FloatArray
    utility: float
    n_tied: int
    all_tied: bool = False


def too_few(learner: str) -> str:
    """The explanation while the learner cannot be fitted."""
    return f"{learner} cannot learn from so few labels yet: drawn at random."


def why(strategy: str, asked: Asked | None, classes: Sequence[str]) -> str:
    """Explain in one sentence why this point is next.

    Parameters
    ----------
    strategy
        Name of the strategy; for one without an explanation, the utility is shown.
    asked
        None if the strategy was not used, because all labels so far have the same class.
    classes
        Class names by code.
    """
    if asked is None:
        return "All labels so far have the same class, so the model has nothing to compare: drawn at random."
    if asked.all_tied and strategy not in _TIED:
        return f"For {strategy}, all points are equally useful now: drawn at random."
    first, second = (
        f"{within(classes[code])} {asked.proba[code]:.2f}" for code in np.argsort(-asked.proba)[:2]
    )
    known = _WORDS.get(strategy, f"{strategy} gives it the highest utility: {asked.utility:.3g}.")
    words = known.format(first=first, second=second) if strategy in _WORDS else known
    if asked.n_tied > 1 and strategy not in _TIED:
        words += f" {asked.n_tied} points are equally useful; one of them was drawn at random."
    return words
