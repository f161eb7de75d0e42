"""Strategies that use only the probabilities of each item."""

from __future__ import annotations

import numpy as np

from hitl_widgets.learn.learner import FloatArray, IntArray
from hitl_widgets.learn.strategies.base import Context, of_margin, orders_batch

__all__ = [
    "class_balanced",
    "class_counts",
    "entropy",
    "least_confident",
    "margin",
    "power_margin",
    "random",
]

TINY = 1e-12


@orders_batch
def random(proba: FloatArray, context: Context) -> FloatArray:
    """Return equal utilities, so that items are drawn at random: the baseline."""
    return np.zeros(len(proba))


def least_confident(proba: FloatArray, context: Context) -> FloatArray:
    """Return 1 minus the probability of the most likely class (Lewis and Gale 1994)."""
    return np.asarray(1 - proba.max(axis=1))


@of_margin
def margin(u: FloatArray, context: Context) -> FloatArray:
    """Return how close the two most likely classes are (Scheffer, Decomain and Wrobel 2001)."""
    return u


def entropy(proba: FloatArray, context: Context) -> FloatArray:
    """Return the Shannon entropy of the class probabilities (Settles 2009, section 3.1)."""
    safe = np.maximum(proba, TINY)
    return np.asarray(-(safe * np.log(safe)).sum(axis=1))


@orders_batch
def power_margin(proba: FloatArray, context: Context) -> FloatArray:
    """Return the log margin plus Gumbel noise, which draws a batch in proportion to the margin.

    The best n are a sample without replacement with probabilities proportional to the margin utilities, so
    that a batch does not consist of n similar items ("power" acquisition with beta = 1; Kirsch, Farquhar,
    Atighehchian, Jesson, Branchaud-Charron and Gal 2023).
    """
    noise = context.random_state.gumbel(size=len(proba))
    return np.asarray(np.log(np.maximum(margin(proba, context), TINY)) + noise)


def class_balanced(proba: FloatArray, context: Context) -> FloatArray:
    """Return the margin, weighted towards classes with few labels.

    The weight of a class is 1 / (1 + number of labels); the weight of an item is the expectation under its
    probabilities. After Aggarwal, Popescu and Hudelot 2020 (Active learning for imbalanced datasets), who
    prefer items predicted as minority classes.
    """
    weight = 1 / (1 + class_counts(context.y, proba.shape[1]))
    return np.asarray(margin(proba, context) * (proba @ (weight / weight.max())))


def class_counts(y: IntArray, n_classes: int) -> IntArray:
    """Return the number of labels of each class, of shape (n_classes,)."""
    return np.bincount(y[y >= 0], minlength=n_classes)
