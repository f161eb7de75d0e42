"""Round: an immutable snapshot of what the model thinks."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from hitl_widgets.learn.learner import FloatArray

__all__ = ["Round", "Suggestion", "read_proba"]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An item to ask, and why.

    Attributes
    ----------
    index
        Row of the pool.
    reason
        One short true sentence for the annotator.
    audit
        Drawn at random to measure the model, not chosen by the strategy.
    """

    index: int
    reason: str
    audit: bool = False


@dataclass(frozen=True, eq=False)
class Round:
    """What the model thinks after some labels.

    Attributes
    ----------
    number
        Counts up from 1 in a session.
    n_labels, n_events
        Labelled items, and log events, that the model has seen.
    predicted
        int16 of shape (n_items,): class codes, -1 where there is no prediction.
    runner_up
        int16 of shape (n_items,): the second likeliest class, or -1.
    confidence
        float32 of shape (n_items,): probability of the predicted class.
    uncertainty
        float32 of shape (n_items,): one minus the margin between the two likeliest classes.
    utilities
        float64 of shape (n_items,): what the strategy makes of it; None before there is a model.
    suggestions
        What to ask next, in order.
    model
        The model in words.
    explanation
        Which of its parts the model trusts and why, in words; empty where it has none.
    settled
        Whether every part of the model has seen these labels; in large pools the slower parts follow.
    seconds
        How long the round took.
    has_features, has_graph
        Whether the items' features, and their neighbour graph, were ready.
    learned
        Whether the model has learned these labels; False where the learner failed.
    error
        What went wrong in the learner or the strategy, in words; the round goes on without them.
    """

    number: int
    n_labels: int
    n_events: int
    predicted: npt.NDArray[np.int16]
    runner_up: npt.NDArray[np.int16]
    confidence: npt.NDArray[np.float32]
    uncertainty: npt.NDArray[np.float32]
    utilities: npt.NDArray[np.float64] | None = field(default=None, repr=False)
    suggestions: tuple[Suggestion, ...] = ()
    model: str = ""
    explanation: str = ""
    settled: bool = True
    seconds: float = 0.0
    has_features: bool = False
    has_graph: bool = False
    learned: bool = True
    error: str = ""

    def __repr__(self) -> str:
        said = self.explanation.partition(": ")[0] or self.model or "no model yet"
        return f"<Round {self.number}: {self.n_labels:,} labels, {said}>"


def read_proba(
    proba: FloatArray,
) -> tuple[
    npt.NDArray[np.int16],
    npt.NDArray[np.int16],
    npt.NDArray[np.float32],
    npt.NDArray[np.float32],
]:
    """Predicted class, runner-up, confidence and uncertainty of every row of ``proba``."""
    order = np.argpartition(proba, -2, axis=1)[:, -2:]
    pair = np.take_along_axis(proba, order, axis=1)
    swap = pair[:, 0] > pair[:, 1]
    order[swap] = order[swap][:, ::-1]
    pair[swap] = pair[swap][:, ::-1]
    top, second = pair[:, 1].astype(np.float32), pair[:, 0].astype(np.float32)
    return order[:, 1].astype(np.int16), order[:, 0].astype(np.int16), top, 1 - (top - second)
