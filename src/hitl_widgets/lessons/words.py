"""Explanations of why a point is next, in one sentence for students."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from hitl_widgets.learn.learner import FloatArray
from hitl_widgets.loop.words import within

__all__ = ["WITHOUT_MODEL", "Asked", "looks_at", "of_batch", "too_few", "why"]

_WORDS = {
    "random": "Drawn at random: this strategy does not look at the model.",
    "least_confident": "The model is least sure of its best guess here: {first}.",
    "curriculum": "Typical of a region without labels; after 20 labels, uncertain here and around it.",
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

_LOOKS = {
    "least_confident": "it asks where the model's best guess is least sure: where the colours are palest.",
    "margin": "it asks where two classes are almost equally likely: at the border of the colours.",
    "margin_kmeans": "it asks where two classes are almost equally likely: at the border of the colours.",
    "entropy": "it asks where the probabilities are most even: where the colours are palest, or all meet.",
    "class_balanced": "it asks near the border, and prefers points of a class with few labels.",
    "query_by_committee": "it asks where models trained on subsets of the labels vote differently: far from "
    "labels, where the border could lie in many places.",
    "kl_divergence": "it asks where models trained on subsets of the labels disagree: far from labels, where "
    "the border could lie in many places.",
    "expected_error_reduction": "it asks for the label that would make the model surest about all others.",
    "graph_error_reduction": "it asks for the label that tells most about the points around it.",
    "information_density": "it asks near the border, but only where many points lie in the same direction.",
    "typicality": "it does not look at the model: it asks in the densest part of a group without labels.",
    "kmeans": "it does not look at the model: it asks in the middle of a group without labels.",
    "doubt": "it asks where the model is uncertain, and the points around it too.",
    "core_set": "it does not look at the model: it asks the point farthest from all labels.",
    "badge": "it asks far out, near the border: where a label would change the model most.",
    "most_likely_positive": "it asks where the model expects the class with the fewest labels.",
}


def looks_at(strategy: str) -> str:
    """What a strategy looks at, as a hint."""
    return _LOOKS.get(strategy, "step through a few of its questions, and look at what they have in common.")


WITHOUT_MODEL = {"random", "typicality", "kmeans", "core_set"}
"""Strategies that need no model, and so choose from the first label on."""


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


def of_batch(n: int, ordered: bool) -> str:
    """What is to be said about a batch of ``n``, chosen as a whole or point by point."""
    if n < 2:
        return ""
    how = "chosen together" if ordered else "the next best, each rated alone"
    return f" The batch has {n} points: {how}."


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
    if strategy in _WORDS:
        words = _WORDS[strategy].format(first=first, second=second)
    else:
        words = f"{strategy} gives it the highest utility: {asked.utility:.3g}."
    if asked.n_tied > 1 and strategy not in _TIED:
        words += f" {asked.n_tied} points are equally useful; one of them was drawn at random."
    return words
