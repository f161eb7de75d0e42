"""Scoring of remote rows: the model is sent to the blocks, and only scores are returned."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.learn.arrays import IntArray
from hitl_widgets.learn.scoring import EXACT, ClassBelief, Head, Measure, best, score

__all__ = ["score_pool", "score_remote"]

Arrays = list[npt.NDArray[Any]]

_STEPS = np.float32(65_535)


def score_pool(
    X: Any,
    head: Head,
    measure: Measure = "margin",
    *,
    onto: tuple[ClassBelief, slice] | None = None,
    done: Callable[[slice, ClassBelief], None] | None = None,
) -> ClassBelief:
    """Score every row: with :func:`score_remote` if they are remote, else with :func:`~.scoring.score`."""
    if hasattr(X, "each_block"):
        return score_remote(X, head, measure, done=done)
    return score(X, head, measure, onto=onto, done=done)


def score_remote(
    X: Any,
    head: Head,
    measure: Measure = "margin",
    *,
    done: Callable[[slice, ClassBelief], None] | None = None,
) -> ClassBelief:
    """Like :func:`~hitl_widgets.learn.scoring.score`, for remote rows.

    Six bytes per row are returned, eight with entropy, and the rows with the highest utility in each block in
    full precision. So the same items are asked first as in one process; other probabilities are accurate to
    1e-5.

    Parameters
    ----------
    X
        An object with ``each_block(function)``, which yields ``(rows, function(block))`` as blocks finish,
        in any order.
    done
        Called for each block when it arrives, with the rows and the scores so far. An exception ends the
        pass, and the remaining blocks are not computed.
    """
    scores = ClassBelief.empty(len(X), entropy=measure == "entropy")
    # The model is an argument of each task, because scattered weights would be lost with their worker.
    with closing(X.each_block(partial(_scored, head, measure))) as blocks:  # cancels the rest
        for rows, (packed, top, exact) in blocks:
            for into, some, values in zip(scores.arrays, _unpacked(packed, head), exact, strict=True):
                if len(into):
                    into[rows] = some
                    into[rows][top] = values
            if done is not None:
                done(rows, scores)
    return scores


def _scored(head: Head, measure: Measure, X: npt.NDArray[Any]) -> tuple[Arrays, IntArray, Arrays]:
    """Return, from a worker, compressed scores of a block, and its best rows with exact scores."""
    found = score(X, head, measure)
    top = best(found.utility(measure), min(EXACT, len(X)))[: 2 * EXACT]
    return _packed(found, head), top, [a[top] if len(a) else a for a in found.arrays]


def _packed(scores: ClassBelief, head: Head) -> Arrays:
    code = np.int8 if head.n_classes < 128 else np.int16
    shares = scores.confidence, scores.uncertainty, scores.entropy / _most(head)
    return [
        *(a.astype(code) for a in (scores.predicted, scores.runner_up)),
        *(np.rint(np.clip(a, 0, 1) * _STEPS).astype(np.uint16) for a in shares),
    ]


def _unpacked(packed: Arrays, head: Head) -> Arrays:
    confidence, uncertainty, entropy = (a / _STEPS for a in packed[2:])
    return [*packed[:2], confidence, uncertainty, entropy * _most(head)]


def _most(head: Head) -> np.float32:
    """Return the maximum entropy."""
    return np.float32(np.log(max(head.n_classes, 2)))
