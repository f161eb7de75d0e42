"""Crew: what is set for the people of a task, and their answers in practice rounds and qualifications."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from hitl_widgets.labels.events import LabelEvent

__all__ = ["Crew", "Required", "Trial"]


@dataclass(frozen=True)
class Required:
    """What people must answer before they label: a practice round, then questions with known answers.

    Attributes
    ----------
    n, share
        The number of questions, and the share of right answers to pass.
    practice
        The number of questions before, each explained after its answer.
    tries
        How often people may try.
    by
        Who requires it, who need not qualify.
    """

    n: int
    share: float
    practice: int
    tries: int
    by: str


@dataclass(frozen=True)
class Trial:
    """One answer in a practice round or a qualification.

    ``right``: how far it agrees with the known answer, 0-1. ``passed``: whether it completes a qualification
    that is passed, or one that is failed (False); None before its end.
    """

    key: str
    attempt: int
    practice: bool
    right: float
    passed: bool | None


class Crew:
    """The settings of a task's team, each as it was last set, and everybody's trials in order.

    Attributes
    ----------
    experts
        The ids of the classes that each expert knows best, by annotator.
    gold_share
        Share of the questions that are gold.
    required
        What people must pass first; None for nothing.
    let_in
        Who need not pass.
    trials
        By annotator.
    """

    def __init__(self) -> None:
        self.experts: dict[str, tuple[str, ...]] = {}
        self.gold_share = 0.0
        self.required: Required | None = None
        self.let_in: set[str] = set()
        self.trials: dict[str, list[Trial]] = defaultdict(list)

    def apply(self, event: LabelEvent) -> None:
        """Apply a team event or a trial; what this version does not understand is ignored."""
        match event.value:
            case {"experts": Mapping() as experts}:
                self.experts = {str(who): tuple(map(str, ids)) for who, ids in experts.items() if ids}
            case {"gold_share": int() | float() as share}:
                self.gold_share = float(share)
            case {"qualify": None}:
                self.required = None
            case {"qualify": {"n": int(n), "share": int() | float() as share} as told}:
                practice, tries = (
                    int(told.get(name, usual)) for name, usual in (("practice", 0), ("tries", 3))
                )
                self.required = Required(n, float(share), practice, tries, event.annotator)
            case {"let_in": str(name)}:
                self.let_in.add(name)
            case {"attempt": int(attempt), "right": int() | float() as right, **more} if event.item_ids:
                passed = None if more.get("passed") is None else bool(more["passed"])
                self.trials[event.annotator].append(
                    Trial(event.item_ids[0], attempt, more.get("practice") is True, float(right), passed)
                )

    def may_label(self, annotator: str) -> bool:
        """Return whether this person may label: nothing is required, or it is passed, or they were let in."""
        if self.required is None or annotator in self.let_in or annotator == self.required.by:
            return True
        return any(trial.passed for trial in self.trials.get(annotator, ()))
