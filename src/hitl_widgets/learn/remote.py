"""Scoring where the rows lie: the model goes to the blocks, and what it says of them comes back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.learn.learner import IntArray
from hitl_widgets.learn.scoring import EXACT, ClassBelief, Head, Measure, best, score

__all__ = ["score_remote"]

Arrays = list[npt.NDArray[Any]]

_STEPS = np.float32(65_535)


def score_remote(
    X: Any,
    head: Head,
    measure: Measure = "margin",
    *,
    done: Callable[[slice, ClassBelief], None] | None = None,
) -> ClassBelief:
    """:func:`~hitl_widgets.learn.scoring.score` for rows that lie elsewhere.

    Six bytes a row come back, eight with entropy, and in full precision the rows of highest utility of
    each block. So what is asked first is the same as in one process; other probabilities are right to
    1e-5.

    Parameters
    ----------
    X
        What has ``each_block(function)``: an iterator over ``(rows, function(block))`` as blocks finish,
        in any order.
    done
        Told of each block when it has come: which rows, and the scores so far. What it raises ends
        the pass, and the blocks that are left are not computed.
    """
    scores = ClassBelief.empty(len(X), entropy=measure == "entropy")
    # The model travels as an argument of each task: weights that Dask scattered are lost with their worker.
    with closing(X.each_block(partial(_scored, head, measure))) as blocks:  # what is left is given up
        for rows, (packed, top, exact) in blocks:
            for into, some, values in zip(scores.arrays, _unpacked(packed, head), exact, strict=True):
                if len(into):
                    into[rows] = some
                    into[rows][top] = values
            if done is not None:
                done(rows, scores)
    return scores


def _scored(head: Head, measure: Measure, X: npt.NDArray[Any]) -> tuple[Arrays, IntArray, Arrays]:
    """In the worker: a block's scores in few bytes; its best rows, and their scores as they are."""
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
    """The largest entropy that there can be."""
    return np.float32(np.log(max(head.n_classes, 2)))
