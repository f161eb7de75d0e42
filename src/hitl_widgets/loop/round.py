"""Round: an immutable snapshot of what the model thinks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.learn.beliefs import Belief
from hitl_widgets.questions.schema import Schema

__all__ = ["Round", "Suggestion"]


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
    opinion
        Labelled by somebody else, and asked again of this annotator.
    """

    index: int
    reason: str
    audit: bool = False
    opinion: bool = False


@dataclass(frozen=True, eq=False)
class Round:
    """What the model thinks after some labels.

    Attributes
    ----------
    number
        Counts up from 1 in a session.
    schema
        The classes that the codes of predictions count.
    n_labels, n_events
        Labelled items, and log events, that the model has seen.
    belief
        What the model says of every item: see :class:`~hitl_widgets.learn.beliefs.Belief`, whose
        ``predicted``, ``confidence`` and ``uncertainty`` are at hand here as well.
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
    passing
        Whether better features are on their way.
    learned
        Whether the model has learned these labels; False where the learner failed.
    error
        What went wrong in the learner or the strategy, in words; the round goes on without them.
    """

    number: int
    schema: Schema
    n_labels: int
    n_events: int
    belief: Belief
    utilities: npt.NDArray[np.float64] | None = field(default=None, repr=False)
    suggestions: tuple[Suggestion, ...] = ()
    model: str = ""
    explanation: str = ""
    settled: bool = True
    seconds: float = 0.0
    has_features: bool = False
    has_graph: bool = False
    passing: bool = False
    learned: bool = True
    error: str = ""

    @property
    def predicted(self) -> npt.NDArray[Any]:
        """int16 of shape (n_items,): class codes, -1 where there is no prediction.

        Where several classes may apply, bool of shape (n_items, n_classes).
        """
        return self.belief.predicted

    @property
    def runner_up(self) -> npt.NDArray[np.int16]:
        """int16 of shape (n_items,): the second likeliest class, or -1; of a single choice alone."""
        return self.belief.runner_up  # type: ignore[attr-defined, no-any-return]

    @property
    def confidence(self) -> npt.NDArray[np.float32]:
        """float32 of shape (n_items,): the probability that the prediction is right."""
        return self.belief.confidence

    @property
    def uncertainty(self) -> npt.NDArray[np.float32]:
        """float32 of shape (n_items,), 0 to 1; of a choice, one minus the margin of the two likeliest."""
        return self.belief.uncertainty

    def under(self, schema: Schema) -> Round:
        """The same in codes of another schema; what was predicted of a class that is no more is unsaid."""
        if schema.ids == self.schema.ids:
            return self if schema is self.schema else replace(self, schema=schema)
        n = len(schema.classes)
        new = {id_: code for code, id_ in enumerate(schema.ids[:n])}
        codes = np.array([new.get(id_, -1) for id_ in self.schema.ids], dtype=np.int64)
        return replace(self, schema=schema, belief=self.belief.under(codes, n))

    def __repr__(self) -> str:
        said = self.explanation.partition(": ")[0] or self.model or "no model yet"
        return f"<Round {self.number}: {self.n_labels:,} labels, {said}>"
