"""Seen: labels and predictions at one moment, as far as the annotator may see them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hitl_widgets.learn.beliefs import Belief
from hitl_widgets.loop.asking import Labels
from hitl_widgets.loop.blind import Blind
from hitl_widgets.loop.round import Round

__all__ = ["Seen"]


@dataclass(frozen=True, eq=False)
class Seen:
    """What searches and lists may use.

    Attributes
    ----------
    labels
        The current labels.
    belief
        The latest predictions, in the current classes; None before there is a model.
    shown
        bool of shape (n_items,): False for items that are asked blind: their labels and predictions are
        hidden.
    """

    labels: Labels
    belief: Belief | None
    shown: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, labels: Labels, newest: Round | None, blind: Blind) -> Seen:
        """Combine the state of a session."""
        belief = None if newest is None else newest.under(labels.schema).belief
        return cls(labels, belief, ~blind.mask(labels))
