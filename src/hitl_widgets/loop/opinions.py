"""Opinions: the answers that a consensus is estimated from, and the rules that decide between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput, choices, nearest

__all__ = ["Opinions", "Rule", "check_rule", "rule_words"]

Rule = Literal["em", "majority", "latest"]


def check_rule(rule: Any) -> Rule:
    """Return ``consensus=``; raise InvalidInput for an unknown rule."""
    if rule not in (known := get_args(Rule)):
        raise InvalidInput(
            f"consensus={rule!r}: expected one of {choices(known)}.{nearest(str(rule), known)}"
        )
    found: Rule = rule
    return found


def rule_words(rule: Rule) -> str:
    """Describe how an item that annotators answer differently is decided."""
    return {
        "em": "by how often each annotator is right, and the model",
        "majority": "by the majority, ties by the latest answer",
        "latest": "by the latest answer",
    }[rule]


@dataclass(frozen=True, eq=False)
class Opinions:
    """The answers that a consensus is estimated from.

    Attributes
    ----------
    row, person, code, order
        int64 of shape (n,): the item, the number of the annotator, the class, and the place in the log.
    signed
        For each disputed row, the events that it is decided from.
    me
        The number of this session's annotator; None if they have answered nothing.
    known
        The codes of the rows that a reviewer has decided.
    experts
        bool of shape (n_people, n_classes): which classes each annotator knows best.
    """

    row: npt.NDArray[np.int64]
    person: npt.NDArray[np.int64]
    code: npt.NDArray[np.int64]
    order: npt.NDArray[np.int64]
    signed: dict[int, tuple[str, ...]]
    me: int | None
    known: dict[int, int]
    experts: npt.NDArray[np.bool_]
