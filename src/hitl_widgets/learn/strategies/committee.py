"""Query by committee (Seung, Opper and Sompolinsky 1992): ask about items on which members disagree."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from hitl_widgets.learn.learner import FloatArray, IntArray
from hitl_widgets.learn.linear import LinearLearner
from hitl_widgets.learn.strategies.base import Context, best_first, orders_batch, start_learner

__all__ = ["batch_bald", "committee", "kl_divergence", "kl_to_mean", "vote_entropy", "vote_entropy_of"]

MEMBERS = 7
# For BatchBALD: members, candidates, and joint answers to the chosen items (all of them, or a sample).
BOOTSTRAPS, SAMPLE, ANSWERS = 20, 20_000, 200
BLOCK = 500
TINY = 1e-300


def committee(
    context: Context, n_classes: int, members: int = MEMBERS, rows: IntArray | None = None
) -> npt.NDArray[np.float64]:
    """Return predictions of models of resampled labels (query by bagging, Abe and Mamitsuka 1998).

    Every member is a new learner like the context's (by default a ``LinearLearner``), fitted on the distinct
    items of a bootstrap sample of the labels.

    Returns
    -------
    ndarray
        float64 of shape (members, n, n_classes), of all items or of ``rows``; (0, n, n_classes) without
        labels.
    """
    labelled = np.flatnonzero(context.y >= 0)
    if not len(labelled):
        return np.zeros((0, len(context.y) if rows is None else len(rows), n_classes))
    thinks = []
    for _ in range(members):
        drawn = np.unique(context.random_state.choice(labelled, len(labelled)))
        member = start_learner(context, n_classes)
        member.update(drawn, context.y[drawn])
        thinks.append(member.proba(rows))
    return np.asarray(thinks, dtype=np.float64)


def vote_entropy(proba: FloatArray, context: Context) -> FloatArray:
    """Return the entropy of the committee's votes (Dagan and Engelson 1995)."""
    return vote_entropy_of(committee(context, proba.shape[1]))


def kl_divergence(proba: FloatArray, context: Context) -> FloatArray:
    """Return the mean KL divergence of the members from their mean (McCallum and Nigam 1998)."""
    return kl_to_mean(committee(context, proba.shape[1]))


@orders_batch
def batch_bald(proba: FloatArray, context: Context) -> FloatArray:
    """Choose the batch whose labels would tell most about the model.

    BatchBALD (Kirsch, van Amersfoort and Gal 2019): the batch with the greatest mutual information between
    its labels and the model, chosen greedily. For a batch of one, this is BALD (Houlsby, Huszár, Ghahramani
    and Lengyel 2011). Here, the model is a :func:`committee` of 20 logistic regressions of resampled labels
    instead of a Bayesian network. An item adds the entropy of its label, given the answers to the items
    chosen so far, minus the mean entropy of the members. The mean over the answers is exact if at most 200
    combinations are possible; otherwise it is estimated from 200. In pools with more than 20,000 candidates,
    20,000 random ones are compared.
    """
    rng, k = context.random_state, proba.shape[1]
    # In random order, so that ties are random.
    rows = rng.permutation(np.flatnonzero(context.candidates))[:SAMPLE]
    P = committee(replace(context, learner=LinearLearner()), k, BOOTSTRAPS, rows)
    utilities = np.zeros(len(proba))
    if not P.size:
        return utilities
    within = -_p_log_p(P).sum(axis=2).mean(axis=0)
    # An item never adds more than alone, so it is evaluated again only if that could make it the best.
    bound = kl_to_mean(P)
    utilities[rows] = bound
    chosen: list[int] = []
    while len(chosen) < min(context.n, len(rows)):
        belief, share = _answers(P[:, chosen], rng)
        fresh, order = np.full(len(rows), -np.inf), np.argsort(-bound, kind="stable")
        for low in range(0, len(order), BLOCK):
            some = order[low : low + BLOCK]
            if bound[some[0]] <= fresh.max():
                break
            given = np.tensordot(belief, P[:, some], 1)
            fresh[some] = share @ -_p_log_p(given).sum(axis=2) - within[some]
            fresh[chosen] = -np.inf
        bound = np.where(np.isfinite(fresh), fresh, bound)
        chosen.append(int(fresh.argmax()))
        bound[chosen] = -np.inf
    return best_first(rows[chosen].tolist(), utilities)


def _answers(P: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Return what joint answers to the chosen items would tell of the members.

    ``P`` are the members' probabilities for the chosen items, (m, b, k).

    Returns
    -------
    ndarray, ndarray
        The probability of each member given the answers, (answers, m), and the share of the answers,
        (answers,).
    """
    m, b, k = P.shape
    if exact := k**b <= ANSWERS:
        answers = np.indices((k,) * b).reshape(b, k**b)
    else:
        total = P[rng.integers(m, size=ANSWERS)].cumsum(axis=2)
        drawn = (rng.random((ANSWERS, b, 1)) * total[:, :, -1:] > total).sum(axis=2)
        answers = np.minimum(drawn, k - 1).T
    said = np.log(np.maximum(np.take_along_axis(P, answers[None], axis=2), TINY)).sum(axis=1)
    high = said.max(axis=0)
    joint = np.exp(said - high)
    share = np.exp(high) * joint.mean(axis=0) if exact else np.ones(len(high))
    return (joint / joint.sum(axis=0)).T, share / share.sum()


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
