"""The logarithmic pool: how probabilities of several experts are combined, with weights that labels prove."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from hitl_widgets.background.turns import give_way
from hitl_widgets.learn.arrays import FloatArray, IntArray

__all__ = [
    "LITTLE",
    "Labels",
    "Logs",
    "limited_logs",
    "same_labels",
    "stacked",
    "summed",
    "unsure",
    "witnesses",
]

SURE = 0.99
# The strength of the regularization, and how much weaker it is for experts besides the learner.
PULL, LIGHT = 1.0, 0.1
WITNESSES = 1_000
# An expert with a lower weight is ignored.
LITTLE = 0.01

Logs = npt.NDArray[np.float32]
Labels = tuple[IntArray, IntArray, FloatArray | None]


def same_labels(a: Labels, b: Labels) -> bool:
    """Return whether rows, classes and weights are the same."""
    if a is b:
        return True
    weights = (a[2] is None) == (b[2] is None) and (a[2] is None or np.array_equal(a[2], b[2]))  # type: ignore[arg-type]
    return weights and np.array_equal(a[0], b[0]) and np.array_equal(a[1], b[1])


def witnesses(n: int) -> npt.NDArray[np.int64]:
    """Return the labels used as evidence: all, or a sufficient number spread evenly over time."""
    return np.arange(n) if n <= WITNESSES else np.linspace(0, n - 1, WITNESSES).astype(np.int64)


def unsure(P: FloatArray) -> FloatArray:
    """Limit the certainty, so that one confident error of an expert does not rule out the others."""
    return np.asarray(SURE * P + (1 - SURE) / P.shape[1], dtype=P.dtype)


def limited_logs(P: FloatArray) -> FloatArray:
    """Return the logarithms of probabilities of limited certainty."""
    return np.asarray(np.log(unsure(P)))


def summed(weights: npt.NDArray[np.float64], logs: Sequence[FloatArray]) -> FloatArray:
    """Return the weighted sum of the experts' logarithms."""
    total = np.zeros_like(logs[0])
    for weight, log in zip(weights, logs, strict=True):
        total += log.dtype.type(weight) * log
    return total


def stacked(
    told: Sequence[FloatArray],
    y: IntArray,
    weight: FloatArray | None,
    unproven: Sequence[int] = (),
    advised: Sequence[int] = (),
    most: Mapping[int, float] | None = None,
) -> npt.NDArray[np.float64]:
    """Return weights >= 0 of the experts, float64 (E,), with minimal log-loss.

    They are regularized towards equal weights, and those of the experts ``unproven`` and ``advised`` towards
    0, the latter less strongly.

    Parameters
    ----------
    told
        Logarithms of each expert's probabilities for the labelled rows, by models without their label,
        (m, n_classes).
    y, weight
        Their class codes and weights, (m,).
    most
        Upper limits of the weights of some experts.
    """
    logs = np.stack(told).astype(np.float64)
    E, n, _ = logs.shape
    w = np.ones(n) if weight is None else np.asarray(weight, dtype=np.float64)
    # A class with a single label cannot be predicted without it, so it is no evidence.
    w = w * (np.bincount(y)[y] > 1)
    hit = logs[:, np.arange(n), y] @ w
    start, share = np.full(E, 1 / (E - len(unproven) - len(advised))), np.ones(E)
    start[[*unproven, *advised]] = 0
    share[list(advised)] = LIGHT

    def loss(a: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        give_way()
        scores = np.tensordot(a, logs, 1)
        high = scores.max(axis=1, keepdims=True)
        exp = np.exp(scores - high)
        total = exp.sum(axis=1, keepdims=True)
        norm = float(w @ (np.log(total) + high).ravel())
        gradient = np.einsum("enc,nc->e", logs, exp / total * w[:, None]) - hit
        pull = a - start
        held = share * pull
        return norm - float(a @ hit) + PULL * E * float(pull @ held), gradient + 2 * PULL * E * held

    from scipy.optimize import minimize

    bounds = [(0, (most or {}).get(k)) for k in range(E)]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 50})
    return np.asarray(found.x)
