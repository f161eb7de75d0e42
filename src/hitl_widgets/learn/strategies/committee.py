"""Query by committee (Seung, Opper and Sompolinsky 1992): ask about items on which members disagree."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hitl_widgets.learn.learner import FloatArray
from hitl_widgets.learn.strategies.base import Context, start_learner

__all__ = ["committee", "kl_divergence", "kl_to_mean", "vote_entropy", "vote_entropy_of"]

MEMBERS = 7


def committee(context: Context, n_classes: int, members: int = MEMBERS) -> npt.NDArray[np.float64]:
    """Return predictions of models of resampled labels (query by bagging, Abe and Mamitsuka 1998).

    Every member is a new learner like the context's (by default a ``LinearLearner``), fitted on the distinct
    items of a bootstrap sample of the labels.

    Returns
    -------
    ndarray
        float64 of shape (members, n, n_classes); (0, n, n_classes) without labels.
    """
    labelled = np.flatnonzero(context.y >= 0)
    if not len(labelled):
        return np.zeros((0, len(context.y), n_classes))
    thinks = []
    for _ in range(members):
        rows = np.unique(context.random_state.choice(labelled, len(labelled)))
        member = start_learner(context, n_classes)
        member.update(rows, context.y[rows])
        thinks.append(member.proba())
    return np.asarray(thinks, dtype=np.float64)


def vote_entropy(proba: FloatArray, context: Context) -> FloatArray:
    """Return the entropy of the committee's votes (Dagan and Engelson 1995)."""
    return vote_entropy_of(committee(context, proba.shape[1]))


def kl_divergence(proba: FloatArray, context: Context) -> FloatArray:
    """Return the mean KL divergence of the members from their mean (McCallum and Nigam 1998)."""
    return kl_to_mean(committee(context, proba.shape[1]))


def vote_entropy_of(members: FloatArray) -> FloatArray:
    """Return the entropy of the members' predicted classes, from (m, n, k) to (n,); zeros if m = 0."""
    if not len(members):
        return np.zeros(members.shape[1])
    k = members.shape[2]
    votes = (members.argmax(axis=2)[:, :, None] == np.arange(k)).mean(axis=0)
    return np.asarray(-_p_log_p(votes).sum(axis=1))


def kl_to_mean(members: FloatArray) -> FloatArray:
    """Return the mean of KL(member || mean of the members), from (m, n, k) to (n,); zeros if m = 0."""
    if not len(members):
        return np.zeros(members.shape[1])
    # The mean divergence from the mean is the entropy of the mean minus the mean entropy.
    divergence = _p_log_p(members).sum(axis=2).mean(axis=0) - _p_log_p(members.mean(axis=0)).sum(axis=1)
    return np.asarray(np.maximum(divergence, 0))


def _p_log_p(p: FloatArray) -> npt.NDArray[np.float64]:
    return np.asarray(p * np.log(np.where(p > 0, p, 1)))
