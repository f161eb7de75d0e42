"""Round: an immutable snapshot of the model's state."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from hitl_widgets.items.strikes import Strike
from hitl_widgets.learn.beliefs import Belief, OrderBelief
from hitl_widgets.questions.schema import Schema

__all__ = ["Gains", "ItemDoubts", "Round", "Suggestion", "gains_of"]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An item to ask, and the reason.

    Attributes
    ----------
    index
        Row of the pool.
    reason
        A short phrase for the annotator.
    audit
        Whether it was drawn at random to measure the model, not chosen by the strategy.
    opinion
        Whether somebody else has labelled it, and this annotator is asked for a second opinion.
    again
        Whether this annotator has answered it before.
    spot
        Whether it was drawn at random to check the machine labels.
    doubt
        Whether the reason is what the model was uncertain about. It may have become certain since.
    """

    index: int
    reason: str
    audit: bool = False
    opinion: bool = False
    again: bool = False
    spot: bool = False
    doubt: bool = False

    @property
    def blind(self) -> bool:
        """Whether it is asked without a hint."""
        return self.audit or self.opinion or self.spot or self.again

    @property
    def selection(self) -> Literal["audit", "spot", "suggested"]:
        """How the answer is recorded to have been chosen."""
        return "audit" if self.audit else "spot" if self.spot else "suggested"


class ItemDoubts(Protocol):
    """Doubts about items that are not those of the belief."""

    @property
    def values(self) -> npt.NDArray[np.float64]:
        """float64 of shape (n_items,), 0 or more."""

    @property
    def explanation(self) -> str:
        """Text for the Monitor about how items are chosen; empty for the usual one."""

    def reason(self, row: int) -> str:
        """Return a short reason why this item is in doubt; empty if there is none."""


@dataclass(frozen=True, eq=False)
class Gains:
    """How much the model would learn from each item.

    Attributes
    ----------
    values
        float64 of shape (n_items,), 0 or more.
    """

    values: npt.NDArray[np.float64]
    explanation = ""

    def reason(self, row: int) -> str:
        """Return the same for every item."""
        return "its order would teach the model most" if self.values[row] > 0 else ""


def gains_of(belief: Belief) -> Gains | None:
    """Return what a belief says about how much there is to learn, if it does."""
    values = belief.gains if isinstance(belief, OrderBelief) else None
    return None if values is None else Gains(values)


@dataclass(frozen=True, eq=False)
class Round:
    """The state of the model after some labels.

    Attributes
    ----------
    number
        Counts up from 1 in a session.
    schema
        The classes that the codes of the predictions refer to.
    n_labels, n_events
        Numbers of labelled items and of log events that the model has seen.
    decisions
        How often decisions about disputed items had changed: see :class:`~.asking.Labels`.
    belief
        The predictions for every item: see :class:`~hitl_widgets.learn.beliefs.Belief`. Its
        ``predicted``, ``confidence`` and ``uncertainty`` are also attributes of the round.
    utilities
        float64 of shape (n_items,): the strategy's utilities; None before there is a model.
    doubts
        What the tagger of spans is unsure about, if the utilities are based on it.
    suggestions
        What to ask next, in order.
    model
        Name of the model.
    explanation
        A description of which part of the model is trusted and why; empty if it has no parts.
    settled
        Whether every part of the model has seen these labels. In large pools the slower parts follow later.
    seconds
        How long the round took.
    has_features, has_graph
        Whether the features of the items and their neighbour graph were ready.
    passing
        Whether better features are being computed.
    strikes
        What the features of the model leave out or count more.
    learned
        Whether the model has learned these labels; False if the learner failed.
    error
        Message of a failure of the learner or the strategy; the round was made without it.
    """

    number: int
    schema: Schema
    n_labels: int
    n_events: int
    belief: Belief
    utilities: npt.NDArray[np.float64] | None = field(default=None, repr=False)
    doubts: ItemDoubts | None = field(default=None, repr=False)
    suggestions: tuple[Suggestion, ...] = ()
    model: str = ""
    explanation: str = ""
    settled: bool = True
    seconds: float = 0.0
    decisions: int = 0
    has_features: bool = False
    has_graph: bool = False
    passing: bool = False
    strikes: tuple[Strike, ...] = ()
    learned: bool = True
    error: str = ""

    @property
    def predicted(self) -> npt.NDArray[Any]:
        """int16 of shape (n_items,): class codes, -1 if there is no prediction.

        If several classes may apply, bool of shape (n_items, n_classes).
        """
        return self.belief.predicted

    @property
    def runner_up(self) -> npt.NDArray[np.int16]:
        """int16 of shape (n_items,): the second most likely class, or -1; only for single choice."""
        return self.belief.runner_up  # type: ignore[attr-defined, no-any-return]

    @property
    def confidence(self) -> npt.NDArray[np.float32]:
        """float32 of shape (n_items,): the probability that the prediction is correct."""
        return self.belief.confidence

    @property
    def uncertainty(self) -> npt.NDArray[np.float32]:
        """float32 of shape (n_items,), 0 to 1: for a single choice, one minus the margin of the top two."""
        return self.belief.uncertainty

    def under(self, schema: Schema) -> Round:
        """Convert the round to the codes of another schema; predictions of removed classes are dropped."""
        if schema.ids == self.schema.ids:
            return self if schema is self.schema else replace(self, schema=schema)
        n = len(schema.classes)
        new = {id_: code for code, id_ in enumerate(schema.ids[:n])}
        codes = np.array([new.get(id_, -1) for id_ in self.schema.ids], dtype=np.int64)
        return replace(self, schema=schema, belief=self.belief.under(codes, n))

    def __repr__(self) -> str:
        said = self.explanation.partition(": ")[0] or self.model or "no model yet"
        return f"<Round {self.number}: {self.n_labels:,} labels, {said}>"
